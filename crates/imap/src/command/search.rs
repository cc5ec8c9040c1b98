//! What SEARCH looks for (RFC 3501 section 6.4.4), as a flat program in reverse Polish order.
//!
//! `OR FROM a NOT SEEN` is `[From a, Seen, Not, Or]`: evaluation needs a small stack and no
//! recursion, however the client nested its keys. Negative keys (UNSEEN, OLD, UNKEYWORD) and NEW
//! are written out with the operators, so there are few leaves to know.

use mail::Day;
use mail::mailbox::Keyword;

use super::SeqSet;

/// A whole query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// The charset of the strings.
    pub charset: SearchCharset,
    /// The program; leaves exactly one truth value on the stack.
    pub steps: Vec<SearchStep>,
}

/// The charset of a query's strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchCharset {
    /// `US-ASCII` or `UTF-8`, or none given.
    Utf8,
    /// Any other: the answer is `NO [BADCHARSET (US-ASCII UTF-8)]`.
    Other,
}

/// One step of a query's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchStep {
    /// Push whether the message has this.
    Key(SearchKey),
    /// Pop one, push its opposite.
    Not,
    /// Pop two, push whether one is true.
    Or,
    /// Pop this many (never zero), push whether all are true.
    And(usize),
}

/// A leaf: something a message is or is not. Strings are compared without regard to case, as
/// substrings; an empty one is in everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchKey {
    /// `ALL`
    All,
    /// Has this flag.
    Flag(SearchFlag),
    /// Has this keyword (`KEYWORD`).
    Keyword(Keyword),
    /// The internal date's day (`BEFORE`, `ON`, `SINCE`).
    InternalDate(DateTest),
    /// The `Date:` field's day (`SENTBEFORE`, `SENTON`, `SENTSINCE`).
    SentDate(DateTest),
    /// Size above this many bytes.
    Larger(u32),
    /// Size below this many bytes.
    Smaller(u32),
    /// A header field of this name (lower case) holds the string; also `FROM`, `TO`, `CC`, `BCC`,
    /// `SUBJECT`.
    #[allow(missing_docs)]
    Header { name: String, value: Vec<u8> },
    /// The body holds the string.
    Body(Vec<u8>),
    /// Header or body hold the string.
    Text(Vec<u8>),
    /// Among these sequence numbers.
    Sequence(SeqSet),
    /// Among these UIDs.
    Uid(SeqSet),
}

/// Flags with keys of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SearchFlag {
    Answered,
    Deleted,
    Draft,
    Flagged,
    Recent,
    Seen,
}

/// A test of a day; time of day and zone are disregarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DateTest {
    Before(Day),
    On(Day),
    Since(Day),
}
