//! What a client can say, read into types that cannot be wrong.
//!
//! One value for each command of RFC 3501 section 6 and of the extensions spoken here: LITERAL+
//! (7888), ID (2971), IDLE (2177), NAMESPACE (2342), UNSELECT (3691), UIDPLUS (4315), SASL-IR (4959),
//! ENABLE (5161), METADATA (5464), MOVE (6851), QUOTA (9208). Arguments that are well-formed but
//! cannot be served, such as an impossible mailbox name, stay in the value as an error, since the
//! answer to them is NO and not BAD.

mod fetch;
mod search;
mod sequence;

use std::fmt;

use bytes::Bytes;
use mail::mailbox::{FlagOp, Flags, MailboxNameError};
use mail::{MailboxName, Timestamp};

pub use fetch::{FetchItem, Partial, Section, SectionText};
pub use search::{DateTest, SearchCharset, SearchFlag, SearchKey, SearchQuery, SearchStep};
pub use sequence::{Messages, NoSuchMessage, Numbering, SeqNumber, SeqRange, SeqSet};

use crate::list_pattern::ListPattern;

/// The name a client gave to a command, echoed in its tagged answer (RFC 3501 section 2.2.1).
/// Printable ASCII without the characters an atom may not have, never `+`; at most
/// [`Tag::BYTES_MAX`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(Box<str>);

impl Tag {
    /// Longest tag in bytes. A longer one is no tag.
    pub const BYTES_MAX: usize = 255;

    /// `None` if the bytes are not a tag.
    pub fn new(bytes: &[u8]) -> Option<Tag> {
        let fits = !bytes.is_empty() && bytes.len() <= Tag::BYTES_MAX;
        if !fits || !bytes.iter().copied().all(crate::parse::is_tag_char) {
            return None;
        }
        std::str::from_utf8(bytes).ok().map(|text| Tag(text.into()))
    }

    /// The tag's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One complete command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What its answer begins with.
    pub tag: Tag,
    /// What is wanted.
    pub body: CommandBody,
}

/// A mailbox argument: a good name, or why it can never name a mailbox here.
pub type MailboxArg = Result<MailboxName, BadMailbox>;

/// A mailbox argument that is well-formed as a string and impossible as a name. The answer is `NO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMailbox {
    /// Not the one form modified UTF-7 has for a text.
    #[error("Not modified UTF-7.")]
    Encoding,
    /// Too long, too deep, or with characters no name has here.
    #[error("No such name is possible.")]
    Name(#[from] MailboxNameError),
}

/// A flag list argument: flags that can be kept, or why not.
pub type FlagsArg = Result<Flags, BadFlags>;

/// A well-formed flag list that cannot be kept: more keywords than
/// [`mail::limits::KEYWORDS_PER_MESSAGE_MAX`]. The answer is `NO [LIMIT]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct BadFlags {
    /// Words for the client.
    pub text: &'static str,
}

/// Every command, with its arguments. Section numbers are of RFC 3501 unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandBody {
    /// 6.1.1
    Capability,
    /// 6.1.2
    Noop,
    /// 6.1.3
    Logout,
    /// 6.2.1
    StartTls,
    /// 6.2.2
    Authenticate {
        /// Which way.
        mechanism: Mechanism,
        /// The decoded initial response (RFC 4959); `Some` and empty for `=`.
        initial: Option<Vec<u8>>,
    },
    /// 6.2.3; both raw bytes as given.
    #[allow(missing_docs)]
    Login { user: Vec<u8>, password: Vec<u8> },
    /// 6.3.1 and 6.3.2
    Select {
        /// Which.
        mailbox: MailboxArg,
        /// EXAMINE instead of SELECT.
        read_only: bool,
    },
    /// 6.3.3
    #[allow(missing_docs)]
    Create { mailbox: MailboxArg },
    /// 6.3.4
    #[allow(missing_docs)]
    Delete { mailbox: MailboxArg },
    /// 6.3.5
    #[allow(missing_docs)]
    Rename { from: MailboxArg, to: MailboxArg },
    /// 6.3.6 and 6.3.7
    Subscribe {
        /// Which.
        mailbox: MailboxArg,
        /// False for UNSUBSCRIBE.
        subscribed: bool,
    },
    /// 6.3.8 and 6.3.9
    List {
        /// Reference and pattern in one.
        pattern: ListPattern,
        /// LSUB instead of LIST.
        subscribed_only: bool,
    },
    /// 6.3.10
    Status {
        /// Which.
        mailbox: MailboxArg,
        /// What; never empty, in the client's order, without repetition.
        items: Vec<StatusItem>,
    },
    /// 6.3.11, without its message: that passes by as [`crate::parse::Framed::AppendData`].
    Append(AppendHead),
    /// 6.4.1
    Check,
    /// 6.4.2
    Close,
    /// RFC 3691
    Unselect,
    /// 6.4.3, and RFC 4315 with a UID set.
    Expunge {
        /// Only these; a UID set.
        uids: Option<SeqSet>,
    },
    /// 6.4.4
    Search {
        /// Whether the answer has sequence numbers or UIDs.
        numbering: Numbering,
        /// What to look for.
        query: SearchQuery,
    },
    /// 6.4.5
    Fetch {
        /// Which.
        messages: Messages,
        /// What; never empty, macros resolved, in the client's order. `UID FETCH` always holds
        /// [`FetchItem::Uid`] (6.4.8).
        items: Vec<FetchItem>,
    },
    /// 6.4.6
    Store {
        /// Which.
        messages: Messages,
        /// Replace, add or remove.
        op: FlagOp,
        /// `.SILENT`
        silent: bool,
        /// What.
        flags: FlagsArg,
    },
    /// 6.4.7, and MOVE of RFC 6851.
    Copy {
        /// Which.
        messages: Messages,
        /// Where to.
        mailbox: MailboxArg,
        /// MOVE instead of COPY.
        remove: bool,
    },
    /// RFC 2177. Ends with a line `DONE`.
    Idle,
    /// RFC 2971; what the client says of itself is not kept.
    Id,
    /// RFC 5161: names in capitals.
    #[allow(missing_docs)]
    Enable { extensions: Vec<String> },
    /// RFC 2342
    Namespace,
    /// RFC 9208: the root as given.
    #[allow(missing_docs)]
    GetQuota { root: Vec<u8> },
    /// RFC 9208
    #[allow(missing_docs)]
    GetQuotaRoot { mailbox: MailboxArg },
    /// RFC 9208
    #[allow(missing_docs)]
    SetQuota { root: Vec<u8>, resources: Vec<(String, u64)> },
    /// RFC 5464
    GetMetadata {
        /// `None` is the server (`""`).
        mailbox: Option<MailboxArg>,
        /// How far below the entries.
        depth: MetadataDepth,
        /// Leave out values longer than this, in bytes.
        max_size: Option<u32>,
        /// Entry names in lower case, never empty, without repetition.
        entries: Vec<String>,
    },
    /// RFC 5464
    SetMetadata {
        /// `None` is the server (`""`).
        mailbox: Option<MailboxArg>,
        /// Entry names in lower case and their new values (`None` for NIL).
        entries: Vec<(String, Option<Bytes>)>,
    },
}

/// A SASL mechanism (RFC 4422).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616
    Plain,
    /// Any other: not offered, the answer is `NO`.
    Other,
}

/// What STATUS can ask for (RFC 3501 section 6.3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StatusItem {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
}

/// Everything an APPEND says before the message itself (RFC 3501 section 6.3.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendHead {
    /// Where to.
    pub mailbox: MailboxArg,
    /// First flags; empty if none were given.
    pub flags: FlagsArg,
    /// INTERNALDATE, if the client cares.
    pub internal_date: Option<Timestamp>,
    /// The announced size of the message in bytes.
    pub size_bytes: u64,
    /// True if the client waits for `+` before it sends the message.
    pub synchronising: bool,
}

/// How far below an entry GETMETADATA looks (RFC 5464 section 4.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MetadataDepth {
    #[default]
    Zero,
    One,
    Infinity,
}
