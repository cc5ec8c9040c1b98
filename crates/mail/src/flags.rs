//! Message flags and keywords (RFC 3501 section 2.3.2).
//!
//! A message without keywords, which is nearly every one, costs no allocation. `\Recent` is not
//! here: it belongs to a session, not to a message.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::limits::{KEYWORD_BYTES_MAX, KEYWORDS_PER_MESSAGE_MAX};

/// A set of system flags, one bit each. The bits are a storage format: never renumber them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SystemFlags(u8);

/// Every system flag with its name on the wire, in the order in which they are shown.
const WIRE_NAMES: [(SystemFlags, &str); 5] = [
    (SystemFlags::ANSWERED, "\\Answered"),
    (SystemFlags::FLAGGED, "\\Flagged"),
    (SystemFlags::DELETED, "\\Deleted"),
    (SystemFlags::SEEN, "\\Seen"),
    (SystemFlags::DRAFT, "\\Draft"),
];

impl SystemFlags {
    /// No flag.
    pub const NONE: SystemFlags = SystemFlags(0);
    /// `\Seen`
    pub const SEEN: SystemFlags = SystemFlags(1);
    /// `\Answered`
    pub const ANSWERED: SystemFlags = SystemFlags(2);
    /// `\Flagged`
    pub const FLAGGED: SystemFlags = SystemFlags(4);
    /// `\Deleted`
    pub const DELETED: SystemFlags = SystemFlags(8);
    /// `\Draft`
    pub const DRAFT: SystemFlags = SystemFlags(16);
    /// All of them.
    pub const ALL: SystemFlags = SystemFlags(31);

    /// The set as stored.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The stored set; bits without a meaning are dropped.
    pub const fn from_bits(bits: u8) -> SystemFlags {
        SystemFlags(bits & SystemFlags::ALL.0)
    }

    /// The flag of a wire name such as `\Seen`, in any case.
    pub fn parse(name: &str) -> Option<SystemFlags> {
        let found = WIRE_NAMES.iter().find(|(_, wire)| wire.eq_ignore_ascii_case(name));
        found.map(|(flag, _)| *flag)
    }

    /// True if there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True if every one of `other` is here.
    pub const fn contains(self, other: SystemFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds all of `other`.
    pub const fn insert(&mut self, other: SystemFlags) {
        self.0 |= other.0;
    }

    /// Takes all of `other` away.
    pub const fn remove(&mut self, other: SystemFlags) {
        self.0 &= !other.0;
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: SystemFlags) -> SystemFlags {
        SystemFlags(self.0 | other.0)
    }

    /// What is here and not in `other`.
    #[must_use]
    pub const fn difference(self, other: SystemFlags) -> SystemFlags {
        SystemFlags(self.0 & !other.0)
    }

    /// The wire names of the flags in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        WIRE_NAMES.iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| *name)
    }
}

/// A client's own flag, such as `$Forwarded`: an IMAP atom of at most [`KEYWORD_BYTES_MAX`] bytes.
/// Compared without regard to case, shown as first written.
#[derive(Clone)]
pub struct Keyword(Arc<str>);

impl Keyword {
    /// `None` if the text is not an atom (RFC 3501 section 9) or is too long. Names that begin with
    /// a backslash are system flags and never keywords.
    pub fn parse(text: &str) -> Option<Keyword> {
        let valid = (1..=KEYWORD_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_atom_byte);
        valid.then(|| Keyword(text.into()))
    }

    /// As first written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|b| b.to_ascii_lowercase())
    }
}

fn is_atom_byte(b: u8) -> bool {
    b.is_ascii_graphic() && !br#"(){%*"\]"#.contains(&b)
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Keyword) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Keyword {}

impl PartialOrd for Keyword {
    fn partial_cmp(&self, other: &Keyword) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Keyword {
    fn cmp(&self, other: &Keyword) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for Keyword {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|b| state.write_u8(b));
        state.write_u8(0xff);
    }
}

impl fmt::Debug for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All flags of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// The system flags.
    pub system: SystemFlags,
    /// Ascending, no two equal.
    keywords: Vec<Keyword>,
}

impl Flags {
    /// No flag at all.
    pub const fn new() -> Flags {
        Flags { system: SystemFlags::NONE, keywords: Vec::new() }
    }

    /// The keywords, ascending without regard to case.
    pub fn keywords(&self) -> &[Keyword] {
        &self.keywords
    }

    /// True if there is neither flag nor keyword.
    pub fn is_empty(&self) -> bool {
        self.system.is_empty() && self.keywords.is_empty()
    }

    /// True if every one of the system flags is set.
    pub fn contains(&self, flags: SystemFlags) -> bool {
        self.system.contains(flags)
    }

    /// True if the keyword is set, in any case.
    pub fn contains_keyword(&self, keyword: &Keyword) -> bool {
        self.keywords.binary_search(keyword).is_ok()
    }

    /// Sets system flags.
    pub fn insert(&mut self, flags: SystemFlags) {
        self.system.insert(flags);
    }

    /// Sets a keyword; one that differs only in case stays as it was first written.
    pub fn insert_keyword(&mut self, keyword: Keyword) {
        if let Err(place) = self.keywords.binary_search(&keyword) {
            self.keywords.insert(place, keyword);
        }
    }

    /// Clears a keyword.
    pub fn remove_keyword(&mut self, keyword: &Keyword) {
        if let Ok(place) = self.keywords.binary_search(keyword) {
            self.keywords.remove(place);
        }
    }

    /// True if there are more keywords than a message may have ([`KEYWORDS_PER_MESSAGE_MAX`]): the
    /// store refuses such a change.
    pub fn has_too_many_keywords(&self) -> bool {
        self.keywords.len() > KEYWORDS_PER_MESSAGE_MAX
    }
}

impl From<SystemFlags> for Flags {
    fn from(system: SystemFlags) -> Flags {
        Flags { system, keywords: Vec::new() }
    }
}

/// How STORE changes flags (RFC 3501 section 6.4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagOp {
    /// `FLAGS`: these and no others.
    Set,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

/// A change of flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagChange {
    /// What is done with them.
    pub op: FlagOp,
    /// With which.
    pub flags: Flags,
}

impl FlagChange {
    /// The flags of a message after the change.
    pub fn apply(&self, before: &Flags) -> Flags {
        let mut after = before.clone();
        match self.op {
            FlagOp::Set => {
                after.system = self.flags.system;
                after.keywords.retain(|keyword| self.flags.contains_keyword(keyword));
                self.flags
                    .keywords
                    .iter()
                    .for_each(|keyword| after.insert_keyword(keyword.clone()));
            }
            FlagOp::Add => {
                after.system.insert(self.flags.system);
                self.flags
                    .keywords
                    .iter()
                    .for_each(|keyword| after.insert_keyword(keyword.clone()));
            }
            FlagOp::Remove => {
                after.system.remove(self.flags.system);
                after.keywords.retain(|keyword| !self.flags.contains_keyword(keyword));
            }
        }
        after
    }
}

#[cfg(test)]
mod tests;
