//! What the parser tells, and to whom.

use std::ops::Range;

use super::boundary::Delimiter;
use crate::header::MediaType;

/// Is told what the parser finds. Parts are numbered in the order in which they begin; the message
/// itself is part 0. `part_end` comes for each part, children first.
pub trait Visitor {
    /// A part begins; its header comes next.
    fn part_begin(&mut self, _begin: &PartBegin) {}
    /// A header is whole.
    fn part_header(&mut self, _header: &PartHeader<'_>) {}
    /// Bytes of a body, not of its parts. The line end before a boundary is not among them.
    fn body(&mut self, _part: u32, _place: Place, _bytes: &[u8]) {}
    /// A boundary line of an open multipart.
    fn delimiter(&mut self, _delimiter: &Delimiter) {}
    /// A line that is no boundary line but begins like one.
    fn near_delimiter(&mut self) {}
    /// A ceiling was met: what lies deeper is not looked into.
    fn ceiling(&mut self) {}
    /// A part is over.
    fn part_end(&mut self, _end: &PartEnd) {}
}

/// Where a part begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartBegin {
    /// Its number.
    pub part: u32,
    /// The multipart or message it is in; `None` for the message itself.
    pub parent: Option<u32>,
    /// How many parts it is inside of: 0 for the message itself.
    pub depth: usize,
    /// Where its header begins, in bytes from the start of the message.
    pub offset: u64,
}

/// How a header came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderEnd {
    /// With an empty line.
    EmptyLine,
    /// With a boundary line, or the end of the message: there is no body.
    Missing,
}

/// What is inside a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// Bytes.
    Leaf,
    /// Parts between boundaries.
    Multipart,
    /// One message, which is the next part.
    Message,
}

/// The header of a part.
#[derive(Clone, Debug)]
pub struct PartHeader<'a> {
    /// Its part.
    pub part: u32,
    /// Its bytes, with the empty line.
    pub block: &'a [u8],
    /// Where it is in the message.
    pub range: Range<u64>,
    /// How it ended.
    pub end: HeaderEnd,
    /// It is longer than what is kept: `block` has only its first bytes.
    pub cut: bool,
    /// The first Content-Type, or what RFC 2045 section 5.2 and RFC 2046 section 5.1.5 put in its
    /// place.
    pub media_type: &'a MediaType,
    /// The first Content-Transfer-Encoding in lower case; `7bit` if there is none.
    pub transfer_encoding: &'a str,
    /// How the body is read.
    pub inside: Inside,
}

/// Whose bytes a body's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The content of a part without parts.
    Leaf,
    /// Before the first boundary of a multipart.
    Preamble,
    /// After the last boundary of a multipart, the end of that line included.
    Epilogue,
}

/// The end of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartEnd {
    /// Its number.
    pub part: u32,
    /// Where its body is in the message.
    pub body: Range<u64>,
    /// How many lines the body has; the last one counts even without a line end.
    pub lines: u64,
}
