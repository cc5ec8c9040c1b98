//! The words of a mailbox, shared by the IMAP machine and the store: UIDs, flags, change counters.
//!
//! Nothing here does anything; these are the values both sides speak in, so that neither room
//! needs to know the other (RFC 3501 section 2.3, RFC 7162 section 3.1.1).

use std::fmt;
use std::num::NonZeroU32;

pub use crate::flags::{FlagChange, FlagOp, Flags, Keyword, SystemFlags};
pub use crate::mailbox_name::{MailboxName, MailboxNameError};
use crate::time::Timestamp;
pub use crate::uid_set::UidSet;

/// A message's unique identifier within one mailbox and one UIDVALIDITY (RFC 3501 section 2.3.1.1).
/// Strictly ascending in commit order, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(NonZeroU32);

impl Uid {
    /// The smallest UID.
    pub const MIN: Uid = Uid(NonZeroU32::MIN);
    /// The largest UID.
    pub const MAX: Uid = Uid(NonZeroU32::MAX);

    /// `None` for zero, which is never a UID.
    pub const fn new(value: u32) -> Option<Uid> {
        match NonZeroU32::new(value) {
            Some(value) => Some(Uid(value)),
            None => None,
        }
    }

    /// The plain number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Tells one incarnation of a mailbox's UIDs from another (RFC 3501 section 2.3.1.1). Never zero;
/// greater than every earlier value for the same account and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UidValidity(NonZeroU32);

impl UidValidity {
    /// `None` for zero, which RFC 3501 forbids.
    pub const fn new(value: u32) -> Option<UidValidity> {
        match NonZeroU32::new(value) {
            Some(value) => Some(UidValidity(value)),
            None => None,
        }
    }

    /// The plain number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for UidValidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A mailbox's change counter (RFC 7162): raised by every change, never lowered. A new mailbox
/// begins at [`ModSeq::FIRST`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModSeq(pub u64);

impl ModSeq {
    /// Before any change: `changes_since(ModSeq::ZERO)` is everything.
    pub const ZERO: ModSeq = ModSeq(0);
    /// The counter of a mailbox in which nothing has happened yet.
    pub const FIRST: ModSeq = ModSeq(1);

    /// The next value.
    #[must_use]
    pub const fn next(self) -> ModSeq {
        ModSeq(self.0 + 1)
    }
}

impl fmt::Display for ModSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names one mailbox to the store, for as long as the process lives or longer. Opaque elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxId(pub u64);

/// What SELECT, EXAMINE and STATUS report of a mailbox, all from one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxStatus {
    /// The incarnation of its UIDs.
    pub uid_validity: UidValidity,
    /// A UID greater than every one assigned so far; the next message gets this or a greater one.
    /// `None` once the last UID has been given away.
    pub uid_next: Option<Uid>,
    /// The newest change.
    pub highest_modseq: ModSeq,
    /// Number of messages.
    pub exists: u32,
    /// Number of messages without `\Seen`.
    pub unseen: u32,
    /// Number of messages with `\Deleted`.
    pub deleted: u32,
    /// Number of messages that no read-write SELECT has seen yet (RFC 3501 `\Recent`).
    pub recent: u32,
    /// Sum of the sizes of all messages, in bytes.
    pub size_bytes: u64,
}

/// What is known of a message without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageMeta {
    /// Its identifier.
    pub uid: Uid,
    /// When it last changed, in the mailbox's own counting.
    pub modseq: ModSeq,
    /// Its flags (never `\Recent`, which belongs to a session).
    pub flags: Flags,
    /// When it arrived (RFC 3501 section 2.3.3).
    pub internal_date: Timestamp,
    /// Its size in bytes, as RFC822.SIZE counts (RFC 3501 section 2.3.4).
    pub size_bytes: u32,
}

/// Everything that happened in a mailbox after some [`ModSeq`], up to and including `upto`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// New messages and messages whose flags changed, ascending by UID.
    pub changed: Vec<MessageMeta>,
    /// UIDs that were expunged. May name UIDs the asker never knew.
    pub vanished: UidSet,
    /// The counter these changes lead to; ask again from here.
    pub upto: ModSeq,
    /// Number of messages in the mailbox at `upto`.
    pub exists: u32,
}

/// A mailbox as LIST shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxInfo {
    /// Its name; `INBOX` in capitals.
    pub name: MailboxName,
    /// False for a name that only exists because it has children or is subscribed.
    pub exists: bool,
    /// Listed by LSUB.
    pub subscribed: bool,
    /// `\Drafts`, `\Sent` ... (RFC 6154), by its name.
    pub special_use: Option<SpecialUse>,
}

/// The special uses a mailbox may have (RFC 6154 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialUse {
    /// `\Drafts`
    Drafts,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

/// How full an account is (RFC 9208).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Sum of all message sizes, in bytes.
    pub used_bytes: u64,
    /// The most it may hold, in bytes.
    pub limit_bytes: u64,
}
