//! What the session machine asks of the world, and what it is told.
//!
//! The machine never touches a store, a clock or a socket. [`crate::Session::poll`] hands out one
//! [`Step`]; for [`Step::Ask`] the door finds the [`Answer`] and gives it to
//! [`crate::Session::answer`]. At most one question is open at a time.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mail::mailbox::{
    Changes, FlagChange, Flags, MailboxId, MailboxInfo, MailboxStatus, MessageMeta, ModSeq, Quota,
    Uid, UidSet, UidValidity,
};
use mail::skeleton::Skeleton;
use mail::{MailboxName, Timestamp};

/// What the machine wants next.
#[derive(Debug)]
pub enum Step {
    /// A question; poll again after [`crate::Session::answer`].
    Ask(Ask),
    /// Write the output out before anything else happens, then poll again.
    Flush,
    /// Write the output out and give input. When `patience` passes without any input, call
    /// [`crate::Session::timed_out`]. While `watching`, a change hint of the open mailbox (given by
    /// [`crate::Session::mailbox_changed`]) is worth waking up for as well.
    Input {
        /// How long to wait for bytes.
        patience: Duration,
        /// True in IDLE.
        watching: bool,
    },
    /// Write the output out, do the TLS handshake, call [`crate::Session::tls_established`].
    StartTls,
    /// Write the output out and close the connection.
    Close,
}

/// A question to the door. Account and open mailbox are the door's to remember: the machine names
/// mailboxes by name until one is open, then means that one.
#[derive(Debug, PartialEq, Eq)]
pub enum Ask {
    /// May this user in? The name is as typed. Answer: `LoggedIn` or a refusal.
    Login {
        /// User name, raw bytes as given.
        user: Vec<u8>,
        /// Password, raw bytes as given.
        password: Vec<u8>,
    },
    /// Answer: `Mailboxes`.
    Mailboxes,
    /// Open a mailbox and watch it. Any open one was left before. Answer: `Opened`.
    Open {
        /// Which.
        name: MailboxName,
        /// EXAMINE instead of SELECT.
        read_only: bool,
    },
    /// The mailbox is left; stop watching. Answer: `Done`.
    Leave,
    /// Answer: `Status`.
    Status {
        /// Which.
        name: MailboxName,
    },
    /// Answer: `Done`.
    Create {
        /// Which.
        name: MailboxName,
    },
    /// Answer: `Done`.
    Delete {
        /// Which.
        name: MailboxName,
    },
    /// Answer: `Done`.
    Rename {
        /// Old name.
        from: MailboxName,
        /// New name.
        to: MailboxName,
    },
    /// Answer: `Done`.
    Subscribe {
        /// Which.
        name: MailboxName,
        /// False to unsubscribe.
        subscribed: bool,
    },
    /// A message of `size_bytes` is about to be uploaded: is there such a mailbox, and room?
    /// Answer: `Done` or a refusal.
    AppendBegin {
        /// Where to.
        name: MailboxName,
        /// The literal's announced size.
        size_bytes: u64,
    },
    /// The next bytes of it. Answer: `Done`.
    AppendData(Bytes),
    /// All bytes were given: make it durable. Answer: `Placed`.
    AppendEnd {
        /// First flags.
        flags: Flags,
        /// The date the client gave; the door's clock otherwise.
        internal_date: Option<Timestamp>,
    },
    /// The upload broke off; forget it. Answer: `Done`.
    AppendAbort,
    /// Up to `n` of the open mailbox's messages, ascending. Answer: `Messages`.
    Messages {
        /// Which.
        uids: UidSet,
        /// At most this many.
        n: usize,
    },
    /// What happened in the open mailbox. Answer: `Changes`.
    Changes {
        /// After this.
        since: ModSeq,
    },
    /// The MIME skeleton of a message of the open mailbox. Answer: `Skeleton`, or `Gone`.
    Skeleton {
        /// Which.
        uid: Uid,
    },
    /// Bytes of a message of the open mailbox; fewer than asked only at its end or at the door's
    /// chunk size (never zero before the end). Answer: `Bytes`, or `Gone`.
    Body {
        /// Which.
        uid: Uid,
        /// Which bytes.
        range: Range<u64>,
    },
    /// Answer: `FlagsStored`.
    StoreFlags {
        /// Which.
        uids: UidSet,
        /// What.
        change: FlagChange,
        /// Only messages that did not change after this (RFC 7162).
        unchanged_since: Option<ModSeq>,
    },
    /// Remove messages with `\Deleted`. Answer: `Expunged`.
    Expunge {
        /// Of these; of all if `None`.
        uids: Option<UidSet>,
    },
    /// Answer: `Placed`.
    Copy {
        /// Which.
        uids: UidSet,
        /// Where to.
        to: MailboxName,
        /// MOVE instead of COPY.
        remove: bool,
    },
    /// Answer: `Quota`.
    Quota,
    /// Values of METADATA entries (RFC 5464), of the server if `mailbox` is `None`. Answer: `Metadata`.
    GetMetadata {
        /// Which mailbox.
        mailbox: Option<MailboxName>,
        /// Entry names in lower case.
        entries: Vec<String>,
    },
    /// Answer: `Done` or a refusal.
    SetMetadata {
        /// Which mailbox.
        mailbox: Option<MailboxName>,
        /// Entry names in lower case and their new values.
        entries: Vec<(String, Option<Bytes>)>,
    },
}

/// The world's answer to an [`Ask`].
#[derive(Debug)]
pub enum Answer {
    /// It happened.
    Done,
    /// To `Login`.
    LoggedIn,
    /// To `Mailboxes`.
    Mailboxes(Vec<MailboxInfo>),
    /// To `Open`.
    Opened(Box<OpenedMailbox>),
    /// To `Status`.
    Status(MailboxStatus),
    /// To `AppendEnd` and `Copy`.
    Placed {
        /// The target's UIDVALIDITY.
        uid_validity: UidValidity,
        /// (UID at the source, UID at the target), ascending.
        uids: Vec<(Uid, Uid)>,
    },
    /// To `Messages`.
    Messages(Vec<MessageMeta>),
    /// To `Changes`.
    Changes(Changes),
    /// To `Skeleton`.
    Skeleton(Arc<Skeleton>),
    /// To `Body`.
    Bytes(Bytes),
    /// To `StoreFlags`: the messages as they are now, and those left alone.
    FlagsStored {
        /// As they are now.
        messages: Vec<MessageMeta>,
        /// Left alone because of `unchanged_since`.
        rejected: UidSet,
    },
    /// To `Expunge`.
    Expunged {
        /// The UIDs that are gone.
        uids: UidSet,
        /// The removal's change counter.
        modseq: ModSeq,
    },
    /// To `Quota`.
    Quota(Quota),
    /// To `GetMetadata`: the entries asked for, in order; `None` where there is no value.
    Metadata(Vec<(String, Option<Bytes>)>),
    /// The message does not exist (any more): leave it out.
    Gone,
    /// It did not happen.
    Refused(Refusal),
}

/// What `Open` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedMailbox {
    /// Its handle, for the door's later use.
    pub id: MailboxId,
    /// Its counters.
    pub status: MailboxStatus,
    /// Every UID in it.
    pub uids: UidSet,
    /// The first UID that is `\Recent` for this session.
    pub first_recent: Option<Uid>,
    /// The lowest UID without `\Seen`.
    pub first_unseen: Option<Uid>,
}

/// Why something did not happen, and thereby how the machine says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Wrong name or password: `NO [AUTHENTICATIONFAILED]`. The door has taken its time already.
    AuthenticationFailed,
    /// Passing trouble with login: `NO [UNAVAILABLE]`, without the word the client takes for a
    /// wrong password.
    Unavailable,
    /// No such mailbox: `NO [NONEXISTENT]`, or `NO [TRYCREATE]` for APPEND, COPY and MOVE.
    NoSuchMailbox,
    /// `NO [ALREADYEXISTS]`.
    AlreadyExists,
    /// `NO [OVERQUOTA]`.
    OverQuota,
    /// A ceiling was met: `NO [LIMIT]` with the text.
    Limit(String),
    /// Against a rule: `NO [CANNOT]` with the text.
    Cannot(String),
    /// Too many connections of this user: `NO [UNAVAILABLE]` with the text, then the connection
    /// may try another user.
    TooManyConnections(String),
    /// Mail cannot be read or changed for the moment. Never a `NO` to FETCH, which makes clients
    /// lose mail: the machine says `BYE` and closes.
    Passing(String),
}
