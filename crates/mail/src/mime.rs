//! One streaming MIME parser (RFC 2045, RFC 2046 section 5.1), for the gate and for skeletons.
//!
//! Bytes go in, in pieces of any size; a [`Visitor`] is told where parts begin and end, what their
//! headers say and what their bodies are. However the pieces are cut, it is told the same.
//!
//! Lenient, because everything that was stored must be shown somehow: bare LF ends a line, what is
//! missing ends with the message. Whatever readers could understand differently is reported, so
//! that the gate can refuse it. Not recursive; the open parts are a stack of bounded depth. Linear:
//! each line is compared with at most [`MIME_DEPTH_MAX`] boundaries. Memory: one header block of
//! bounded size, one short line, and the boundaries.

mod boundary;
mod skeleton;
mod visitor;

use memchr::{memchr, memchr_iter, memmem};

pub use boundary::{Delimiter, Nearness};
pub use skeleton::SkeletonBuilder;
pub use visitor::{HeaderEnd, Inside, PartBegin, PartEnd, PartHeader, Place, Visitor};

use crate::header::{HeaderBlock, MediaType, media_type};
use crate::limits::{
    HEADER_BLOCK_BYTES_MAX, MIME_BOUNDARY_BYTES_MAX, MIME_DEPTH_MAX, MIME_PART_HEADER_BYTES_MAX,
    MIME_PARTS_MAX,
};

/// Most bytes that wait until it is known whether a line is a boundary: the line end before it,
/// `--`, the boundary, `--` and some white space (RFC 2046's "transport padding").
const HELD_BYTES_MAX: usize = MIME_BOUNDARY_BYTES_MAX + 56;

/// A part that is not over.
#[derive(Debug)]
struct Open {
    part: u32,
    reading: Reading,
    /// Set while boundary lines count.
    boundary: Option<Vec<u8>>,
    /// The parts of multipart/digest are messages if they do not say otherwise.
    digest: bool,
    /// The block may be as long as a message's, not only as a part's.
    is_message: bool,
    header_start: u64,
    body_start: u64,
    newlines_before: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Header,
    Body(Place),
    /// The one message inside is open too, and gets everything.
    Inner,
}

/// Where in a line the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// At its start, or behind a beginning that may be a boundary and is held back.
    Start,
    /// Behind a CR that is held back.
    Return,
    /// Where no boundary can be.
    Within,
}

/// A message being read.
#[derive(Debug)]
pub struct Parser {
    /// Bytes taken so far, those held back included.
    offset: u64,
    /// Line ends among the bytes that are settled.
    newlines: u64,
    last_byte: u8,
    line: Line,
    /// A line end, of `line_end` bytes, and the beginning of the line after it.
    held: Vec<u8>,
    line_end: usize,
    open: Vec<Open>,
    /// How many of them have a boundary.
    boundaries: usize,
    parts: u32,
    header: Vec<u8>,
    header_cut: bool,
}

impl Default for Parser {
    fn default() -> Parser {
        Parser::new()
    }
}

impl Parser {
    /// Before the first byte of a message.
    pub fn new() -> Parser {
        Parser {
            offset: 0,
            newlines: 0,
            last_byte: b'\n',
            line: Line::Start,
            held: Vec::new(),
            line_end: 0,
            open: Vec::new(),
            boundaries: 0,
            parts: 0,
            header: Vec::new(),
            header_cut: false,
        }
    }

    /// The next bytes.
    pub fn feed(&mut self, bytes: &[u8], visitor: &mut impl Visitor) {
        self.begin_message(visitor);
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = match self.top().reading {
                Reading::Header => self.header_bytes(rest, visitor),
                _ => self.body_bytes(rest, visitor),
            };
            rest = &rest[taken..];
        }
    }

    /// The message is over.
    pub fn finish(mut self, visitor: &mut impl Visitor) {
        self.begin_message(visitor);
        // The last line may be a boundary without a line end.
        match self.top().reading {
            Reading::Header if !self.held.is_empty() => self.header_line(visitor),
            Reading::Body(_) if self.line == Line::Start => self.whole_line(visitor),
            _ => {}
        }
        if self.top().reading == Reading::Header {
            self.end_header(HeaderEnd::Missing, self.offset, visitor);
        }
        self.release_held(visitor);
        self.end_parts(0, self.offset, visitor);
    }

    fn begin_message(&mut self, visitor: &mut impl Visitor) {
        if self.parts == 0 {
            self.begin_part(true, visitor);
        }
    }

    fn top(&self) -> &Open {
        self.open.last().expect("the message itself is open until it is finished")
    }

    fn begin_part(&mut self, is_message: bool, visitor: &mut impl Visitor) {
        visitor.part_begin(&PartBegin {
            part: self.parts,
            parent: self.open.last().map(|open| open.part),
            depth: self.open.len(),
            offset: self.offset,
        });
        self.open.push(Open {
            part: self.parts,
            reading: Reading::Header,
            boundary: None,
            digest: false,
            is_message,
            header_start: self.offset,
            body_start: self.offset,
            newlines_before: 0,
        });
        self.parts += 1;
        self.line = Line::Start;
    }

    // ---- Headers ------------------------------------------------------------------------------

    fn header_bytes(&mut self, rest: &[u8], visitor: &mut impl Visitor) -> usize {
        let line = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        if self.line == Line::Within {
            self.offset += line as u64;
            self.keep_header(&rest[..line]);
            if rest[..line].ends_with(b"\n") {
                self.line = Line::Start;
            }
            return line;
        }
        let taken = line.min(HELD_BYTES_MAX - self.held.len());
        self.hold(&rest[..taken]);
        if self.held.ends_with(b"\n") {
            self.header_line(visitor);
        } else if self.held.len() == HELD_BYTES_MAX {
            self.too_long(visitor);
            let held = std::mem::take(&mut self.held);
            self.keep_header(&held);
            self.line = Line::Within;
        }
        taken
    }

    /// A whole line is held back: the end of the header, or one of its lines.
    fn header_line(&mut self, visitor: &mut impl Visitor) {
        if matches!(&self.held[..], b"\r\n" | b"\n") {
            let held = std::mem::take(&mut self.held);
            self.keep_header(&held);
            self.end_header(HeaderEnd::EmptyLine, self.offset, visitor);
        } else if let Some((index, nearness)) = self.boundary_held(visitor) {
            self.end_header(HeaderEnd::Missing, self.offset - self.held.len() as u64, visitor);
            self.delimiter(index, nearness, visitor);
        } else {
            let held = std::mem::take(&mut self.held);
            self.keep_header(&held);
        }
    }

    fn keep_header(&mut self, bytes: &[u8]) {
        let is_message = self.top().is_message;
        let most = if is_message { HEADER_BLOCK_BYTES_MAX } else { MIME_PART_HEADER_BYTES_MAX };
        let kept = bytes.len().min(most - self.header.len());
        self.header.extend_from_slice(&bytes[..kept]);
        self.header_cut |= kept < bytes.len();
        self.settle(bytes);
    }

    fn end_header(&mut self, end: HeaderEnd, offset: u64, visitor: &mut impl Visitor) {
        let block = std::mem::take(&mut self.header);
        let cut = std::mem::take(&mut self.header_cut);
        let digest = self.open.iter().rev().nth(1).is_some_and(|parent| parent.digest);
        let (media_type, transfer_encoding) = content_of(&block, digest);
        let inside = match inside(&media_type, &transfer_encoding, end) {
            Inside::Leaf => Inside::Leaf,
            inside if self.open.len() < MIME_DEPTH_MAX && !self.is_full() => inside,
            _ => {
                visitor.ceiling();
                Inside::Leaf
            }
        };
        let top = self.open.last_mut().expect("a header belongs to an open part");
        visitor.part_header(&PartHeader {
            part: top.part,
            block: &block,
            range: top.header_start..offset,
            end,
            cut,
            media_type: &media_type,
            transfer_encoding: &transfer_encoding,
            inside,
        });
        top.body_start = offset;
        top.newlines_before = self.newlines;
        self.line = Line::Start;
        self.begin_body(inside, &media_type, visitor);
    }

    fn begin_body(&mut self, inside: Inside, kind: &MediaType, visitor: &mut impl Visitor) {
        let top = self.open.last_mut().expect("a body belongs to an open part");
        match inside {
            Inside::Leaf => top.reading = Reading::Body(Place::Leaf),
            Inside::Multipart => {
                top.reading = Reading::Body(Place::Preamble);
                top.boundary = boundary::of(kind);
                top.digest = kind.sub_type == "digest";
                self.boundaries += 1;
            }
            Inside::Message => {
                top.reading = Reading::Inner;
                self.begin_part(true, visitor);
            }
        }
    }

    fn is_full(&self) -> bool {
        self.parts as usize >= MIME_PARTS_MAX
    }

    // ---- Bodies -------------------------------------------------------------------------------

    /// Looks at bytes of a body, of which there is at least one; tells how many were used up.
    fn body_bytes(&mut self, rest: &[u8], visitor: &mut impl Visitor) -> usize {
        if self.boundaries == 0 {
            self.offset += rest.len() as u64;
            self.release(rest, visitor);
            return rest.len();
        }
        match self.line {
            Line::Start => self.line_start(rest, visitor),
            Line::Return => self.after_return(rest, visitor),
            Line::Within => self.line_within(rest, visitor),
        }
    }

    fn line_start(&mut self, rest: &[u8], visitor: &mut impl Visitor) -> usize {
        if self.held.len() - self.line_end < 2 {
            if rest[0] != b'-' {
                self.release_held(visitor);
                return 0;
            }
            self.hold(&rest[..1]);
            return 1;
        }
        let line = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let taken = line.min(HELD_BYTES_MAX - self.held.len());
        self.hold(&rest[..taken]);
        if self.held.ends_with(b"\n") {
            self.whole_line(visitor);
        } else if self.held.len() == HELD_BYTES_MAX {
            self.too_long(visitor);
            self.release_held(visitor);
        }
        taken
    }

    fn after_return(&mut self, rest: &[u8], visitor: &mut impl Visitor) -> usize {
        if rest[0] != b'\n' {
            self.release_held(visitor);
            return 0;
        }
        self.hold(b"\n");
        self.line_end = 2;
        self.line = Line::Start;
        1
    }

    /// Passes on everything up to a line that may be a boundary, or to a possible line end at the
    /// end of the piece.
    fn line_within(&mut self, rest: &[u8], visitor: &mut impl Visitor) -> usize {
        let tail = || [&b"\n-"[..], b"\n", b"\r"].into_iter().find(|tail| rest.ends_with(tail));
        let found = memmem::find(rest, b"\n--");
        let (from, upto) = match (found, found.is_none().then(tail).flatten()) {
            (Some(at), _) => (at, at + 1),
            (None, Some(tail)) => (rest.len() - tail.len(), rest.len()),
            (None, None) => (rest.len(), rest.len()),
        };
        let from = from
            - usize::from(rest[from..upto].starts_with(b"\n") && rest[..from].ends_with(b"\r"));
        self.offset += from as u64;
        self.release(&rest[..from], visitor);
        self.hold(&rest[from..upto]);
        self.line_end = memchr(b'\n', &self.held).map_or(self.held.len(), |at| at + 1);
        self.line = match &self.held[..] {
            b"" => Line::Within,
            b"\r" => Line::Return,
            _ => Line::Start,
        };
        upto
    }

    /// A whole line is held back, and the line end before it.
    fn whole_line(&mut self, visitor: &mut impl Visitor) {
        if let Some((index, nearness)) = self.boundary_held(visitor) {
            return self.delimiter(index, nearness, visitor);
        }
        let held = std::mem::take(&mut self.held);
        let (line, end) = held.split_at(held.len() - line_end_of(&held[self.line_end..]));
        self.release(line, visitor);
        self.held.extend_from_slice(end);
        self.line_end = end.len();
    }

    // ---- Boundaries ---------------------------------------------------------------------------

    /// The innermost open multipart whose boundary line is held back. A line that only begins like
    /// one is reported.
    fn boundary_held(&self, visitor: &mut impl Visitor) -> Option<(usize, Nearness)> {
        let line = &self.held[self.line_end..];
        if self.boundaries == 0 || !line.starts_with(b"--") {
            return None;
        }
        let line = &line[..line.len() - line_end_of(line)];
        let mut near = false;
        for (index, open) in self.open.iter().enumerate().rev() {
            let Some(boundary) = &open.boundary else { continue };
            match boundary::compare(line, boundary) {
                Some(Nearness::Prefix) => near = true,
                Some(nearness) => return Some((index, nearness)),
                None => {}
            }
        }
        if near {
            visitor.near_delimiter();
        }
        None
    }

    /// The line held back is too long for a boundary line; does it begin like one?
    fn too_long(&self, visitor: &mut impl Visitor) {
        // White space alone may have made it too long, and then some would take it for one.
        if self.boundary_held(visitor).is_some() {
            visitor.near_delimiter();
        }
    }

    /// The line held back is a boundary: parts end, perhaps another begins.
    fn delimiter(&mut self, index: usize, nearness: Nearness, visitor: &mut impl Visitor) {
        let held = std::mem::take(&mut self.held);
        let end = self.offset - held.len() as u64;
        self.end_parts(index + 1, end, visitor);
        visitor.delimiter(&Delimiter { multipart: self.open[index].part, nearness });
        if !nearness.is_close() && self.is_full() {
            visitor.ceiling();
        } else if !nearness.is_close() {
            self.settle(&held);
            self.line_end = 0;
            let digest = self.open[index].digest;
            return self.begin_part(digest, visitor);
        }
        self.open[index].boundary = None;
        self.open[index].reading = Reading::Body(Place::Epilogue);
        self.boundaries -= 1;
        let (line, line_end) = held.split_at(held.len() - line_end_of(&held[self.line_end..]));
        self.settle(line);
        self.held.extend_from_slice(line_end);
        self.line_end = line_end.len();
        self.line = Line::Start;
        if self.boundaries == 0 {
            self.release_held(visitor);
        }
    }

    /// Ends all open parts but so many.
    fn end_parts(&mut self, keep: usize, offset: u64, visitor: &mut impl Visitor) {
        while self.open.len() > keep {
            let Some(open) = self.open.pop() else { return };
            self.boundaries -= usize::from(open.boundary.is_some());
            let body = open.body_start..offset.max(open.body_start);
            let unfinished = !body.is_empty() && self.last_byte != b'\n';
            let lines = (self.newlines - open.newlines_before) + u64::from(unfinished);
            visitor.part_end(&PartEnd { part: open.part, body, lines });
        }
    }

    // ---- Bytes --------------------------------------------------------------------------------

    fn hold(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.held.extend_from_slice(bytes);
    }

    /// What was held back is ordinary, and so is the rest of the line.
    fn release_held(&mut self, visitor: &mut impl Visitor) {
        let held = std::mem::take(&mut self.held);
        self.release(&held, visitor);
        self.line_end = 0;
        self.line = Line::Within;
    }

    fn release(&mut self, bytes: &[u8], visitor: &mut impl Visitor) {
        let Reading::Body(place) = self.top().reading else { return };
        if !bytes.is_empty() {
            visitor.body(self.top().part, place, bytes);
            self.settle(bytes);
        }
    }

    fn settle(&mut self, bytes: &[u8]) {
        self.newlines += memchr_iter(b'\n', bytes).count() as u64;
        self.last_byte = bytes.last().copied().unwrap_or(self.last_byte);
    }
}

fn inside(kind: &MediaType, encoding: &str, end: HeaderEnd) -> Inside {
    // Only these encodings are allowed where there are parts inside (RFC 2045 section 6.4).
    let plain = matches!(encoding, "7bit" | "8bit" | "binary");
    match (&*kind.main_type, &*kind.sub_type) {
        _ if end == HeaderEnd::Missing || !plain => Inside::Leaf,
        ("multipart", _) if boundary::of(kind).is_some() => Inside::Multipart,
        ("message", "rfc822" | "global") => Inside::Message,
        _ => Inside::Leaf,
    }
}

/// What a header says of the content, with the defaults filled in.
fn content_of(block: &[u8], digest: bool) -> (MediaType, String) {
    let mut kind = None;
    let mut encoding = None;
    for field in HeaderBlock::new(block).fields().filter_map(Result::ok) {
        if kind.is_none() && field.is("content-type") {
            kind = Some(media_type(&field.unfolded()));
        } else if encoding.is_none() && field.is("content-transfer-encoding") {
            let word = String::from_utf8_lossy(&field.unfolded()).to_ascii_lowercase();
            encoding = Some(word);
        }
    }
    let default = if digest { ("message", "rfc822") } else { ("text", "plain") };
    let default = || MediaType {
        main_type: default.0.to_owned(),
        sub_type: default.1.to_owned(),
        parameters: Vec::new(),
        exact: kind.is_none(),
    };
    let media_type = kind.clone().flatten().unwrap_or_else(default);
    (media_type, encoding.unwrap_or_else(|| "7bit".to_owned()))
}

/// How many bytes of line end there are at the end.
fn line_end_of(line: &[u8]) -> usize {
    match line {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
