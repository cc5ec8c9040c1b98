//! Sequence sets (RFC 3501 section 9, `sequence-set`), with `*` kept as a word.
//!
//! What `*` means is known only to whoever knows the mailbox; [`Messages::resolve`] puts the two
//! together.

use mail::mailbox::{Uid, UidSet};

/// One end of a range. Ordered so that `Star`, the largest number in use, comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeqNumber {
    /// A number from 1.
    Number(u32),
    /// `*`
    Star,
}

/// `a:b`, in the order the client wrote; a single number has both ends equal. The order of the
/// ends does not matter (`5:3` is `3:5`, and `*:5` may be either).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SeqRange {
    pub from: SeqNumber,
    pub to: SeqNumber,
}

/// A sequence set as written. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeqSet(pub Vec<SeqRange>);

/// What the numbers of a set count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// Positions in the mailbox, from 1.
    Sequence,
    /// Unique identifiers.
    Uid,
}

/// The messages a command speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Messages {
    pub numbering: Numbering,
    pub set: SeqSet,
}
