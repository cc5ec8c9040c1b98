//! What SEARCH looks for (RFC 3501 section 6.4.4), as a flat program in reverse Polish order.
//!
//! `OR FROM a NOT SEEN` is `[From a, Seen, Not, Or]`: evaluation needs a small stack and no
//! recursion, however the client nested its keys. Negative keys (UNSEEN, OLD, UNKEYWORD) and NEW
//! are written out with the operators, so there are few leaves to know.

use mail::Day;
use mail::mailbox::{Keyword, UidSet};

use super::SeqSet;

/// A whole query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// The charset of the strings.
    pub charset: SearchCharset,
    /// The program; leaves exactly one truth value on the stack.
    pub steps: Vec<SearchStep>,
}

impl SearchQuery {
    /// Puts the meaning of the message sets into the query: after this there are
    /// [`SearchKey::Among`] in place of [`SearchKey::Sequence`] and [`SearchKey::Uid`]. `mailbox`
    /// holds every UID of the mailbox as the client knows it. Numbers nobody has match nothing.
    pub fn bind(&mut self, mailbox: &UidSet) {
        for step in &mut self.steps {
            let uids = match step {
                SearchStep::Key(SearchKey::Sequence(set)) => set.resolve_sequence(mailbox),
                SearchStep::Key(SearchKey::Uid(set)) => set.resolve_uids(mailbox),
                _ => continue,
            };
            *step = SearchStep::Key(SearchKey::Among(uids));
        }
    }

    /// True if a message matches, given what is known of it: `leaf` says whether a key holds, or
    /// `None` if that is not known yet. The result is `None` if it depends on what is not known;
    /// so flags can be tried first and the body read only where it decides.
    pub fn evaluate(&self, mut leaf: impl FnMut(&SearchKey) -> Option<bool>) -> Option<bool> {
        let mut stack: Vec<Option<bool>> = Vec::new();
        for step in &self.steps {
            let value = match step {
                SearchStep::Key(key) => leaf(key),
                SearchStep::Not => pop(&mut stack).map(|value| !value),
                SearchStep::Or => {
                    let (a, b) = (pop(&mut stack), pop(&mut stack));
                    either(a, b)
                }
                SearchStep::And(count) => all(stack.split_off(stack.len().saturating_sub(*count))),
            };
            stack.push(value);
        }
        pop(&mut stack)
    }
}

fn pop(stack: &mut Vec<Option<bool>>) -> Option<bool> {
    stack.pop().flatten()
}

fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn all(values: Vec<Option<bool>>) -> Option<bool> {
    values.into_iter().fold(Some(true), |sum, value| match (sum, value) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    })
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
    /// One of the two above after [`SearchQuery::bind`].
    Among(UidSet),
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
