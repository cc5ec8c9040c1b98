//! The header block of a message or part (RFC 5322 section 2.2), read without copying.
//!
//! [`HeaderReader`] collects a block of bounded size from pieces; [`HeaderBlock`] looks at one that
//! is there. Values of single fields are taken apart by [`addresses()`] and [`media_type`]. A line
//! that no rule covers is reported as such, never guessed at: whoever judges a message refuses it,
//! whoever only shows it passes over it. Everything is linear.

mod addresses;
mod lexer;
mod parameters;

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr3};

pub use addresses::{AddressList, addresses};
pub use parameters::{MediaType, disposition, media_type};

use crate::limits::HEADER_BLOCK_BYTES_MAX;

/// A line inside a header block is no field: no colon, white space or a strange character in the
/// name, a continuation of nothing or of white space alone, NUL, bare CR or LF in the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed header line")]
pub struct MalformedLine;

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as written; ASCII without white space.
    pub name: &'a str,
    /// What follows the colon, folded as written, without the last line end.
    pub value: &'a [u8],
    /// The whole field in the block, name and last line end included.
    pub range: Range<usize>,
}

impl<'a> Field<'a> {
    /// True if the name is this one, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value in one line: line ends taken out, white space at both ends too.
    pub fn unfolded(&self) -> Cow<'a, [u8]> {
        let value = self.value.trim_ascii();
        if memchr(b'\n', value).is_none() {
            return Cow::Borrowed(value);
        }
        Cow::Owned(value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect())
    }
}

/// A header block, with or without the empty line that ends it.
#[derive(Clone, Copy, Debug)]
pub struct HeaderBlock<'a> {
    bytes: &'a [u8],
}

impl<'a> HeaderBlock<'a> {
    /// Looks at a block.
    pub fn new(bytes: &'a [u8]) -> HeaderBlock<'a> {
        HeaderBlock { bytes }
    }

    /// Every field in order, up to the empty line or the end. A malformed line takes the lines that
    /// continue it along.
    pub fn fields(&self) -> impl Iterator<Item = Result<Field<'a>, MalformedLine>> + use<'a> {
        let bytes = self.bytes;
        let mut start = 0;
        std::iter::from_fn(move || {
            let end = field_end(bytes, start)?;
            let range = start..end;
            start = end;
            Some(field(bytes, range).ok_or(MalformedLine))
        })
    }

    /// The first field of a name, in any case.
    pub fn first(&self, name: &str) -> Option<Field<'a>> {
        self.all(name).next()
    }

    /// All fields of a name, in any case.
    pub fn all(&self, name: &str) -> impl Iterator<Item = Field<'a>> {
        self.fields().filter_map(Result::ok).filter(move |field| field.is(name))
    }
}

/// Where the field that begins at `start` ends; `None` at the empty line and at the end.
fn field_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = &bytes[start..];
    if rest.is_empty() || rest.starts_with(b"\r\n") || rest.starts_with(b"\n") {
        return None;
    }
    let mut end = start;
    loop {
        end = memchr(b'\n', &bytes[end..]).map_or(bytes.len(), |at| end + at + 1);
        if !matches!(bytes.get(end), Some(b' ' | b'\t')) {
            return Some(end);
        }
    }
}

fn field(bytes: &[u8], range: Range<usize>) -> Option<Field<'_>> {
    let whole = &bytes[range.clone()];
    let (name, value) = whole.split_at(memchr(b':', whole)?);
    let name_fits = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    let value = without_line_end(&value[1..]);
    if !name_fits || !is_clean(value) {
        return None;
    }
    Some(Field { name: std::str::from_utf8(name).ok()?, value, range })
}

/// True if CR and LF only fold the value, with something on every line after the first, and no NUL
/// is in it.
fn is_clean(value: &[u8]) -> bool {
    let mut rest = value;
    while let Some(at) = memchr3(b'\r', b'\n', b'\0', rest) {
        // A bare LF folds too where lines end with bare LF: in mail that came by other ways than
        // SMTP. The gate refuses those before it looks here.
        let fold = match rest[at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            _ => return false,
        };
        rest = &rest[at + fold..];
        let line = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
        if line.trim_ascii().is_empty() {
            return false;
        }
    }
    true
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// How far a [`HeaderReader`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderProgress {
    /// All bytes were taken; the block goes on.
    More,
    /// The block is whole; so many of the bytes given last belong to it.
    Whole(usize),
    /// The block is longer than [`HEADER_BLOCK_BYTES_MAX`]. It stays so.
    TooLong,
}

/// Collects a header block up to and with its empty line.
#[derive(Clone, Debug, Default)]
pub struct HeaderReader {
    bytes: Vec<u8>,
    /// Where the line under way began.
    line_start: usize,
    whole: bool,
    too_long: bool,
}

impl HeaderReader {
    /// Nothing collected yet.
    pub fn new() -> HeaderReader {
        HeaderReader::default()
    }

    /// The next bytes. After `Whole` and `TooLong` nothing more is taken.
    pub fn feed(&mut self, bytes: &[u8]) -> HeaderProgress {
        let mut taken = 0;
        while !self.whole && !self.too_long && taken < bytes.len() {
            let rest = &bytes[taken..];
            let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            self.line(&rest[..length]);
            taken += length;
        }
        match (self.whole, self.too_long) {
            (true, _) => HeaderProgress::Whole(taken),
            (_, true) => HeaderProgress::TooLong,
            _ => HeaderProgress::More,
        }
    }

    /// What was collected so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the collected bytes away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A line or a piece of one.
    fn line(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > HEADER_BLOCK_BYTES_MAX {
            self.too_long = true;
            return;
        }
        self.bytes.extend_from_slice(bytes);
        if bytes.ends_with(b"\n") {
            self.whole = matches!(&self.bytes[self.line_start..], b"\r\n" | b"\n");
            self.line_start = self.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests;
