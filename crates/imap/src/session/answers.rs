//! Taking an [`Answer`] apart: the expected kind, or why the verb cannot go on.
//!
//! An answer of another kind than the question's is a fault of the door. It is treated as passing
//! trouble, so that no client draws a conclusion from it.

use std::sync::Arc;

use bytes::Bytes;
use mail::mailbox::{
    Changes, MailboxInfo, MailboxStatus, MessageMeta, ModSeq, Quota, Uid, UidSet, UidValidity,
};
use mail::skeleton::Skeleton;

use super::verb::Event;
use crate::ask::{Answer, OpenedMailbox, Refusal};

/// The trouble of an event nobody waited for.
pub(super) fn out_of_turn() -> Refusal {
    Refusal::Passing("Internal error.".into())
}

macro_rules! takers {
    ($($(#[$doc:meta])* $name:ident: $pattern:pat => $value:expr, $type:ty;)*) => {
        impl Answer {
            $(
                $(#[$doc])*
                pub(super) fn $name(self) -> Result<$type, Refusal> {
                    match self {
                        $pattern => Ok($value),
                        other => Err(other.into_refusal()),
                    }
                }
            )*
        }
    };
}

takers! {
    /// It happened.
    done: Answer::Done => (), ();
    /// The login succeeded.
    logged_in: Answer::LoggedIn => (), ();
    /// The mailbox list.
    mailboxes: Answer::Mailboxes(list) => list, Vec<MailboxInfo>;
    /// The opened mailbox.
    opened: Answer::Opened(opened) => *opened, OpenedMailbox;
    /// The counters.
    status: Answer::Status(status) => status, MailboxStatus;
    /// Where messages went.
    placed: Answer::Placed { uid_validity, uids } => (uid_validity, uids),
        (UidValidity, Vec<(Uid, Uid)>);
    /// Message data.
    messages: Answer::Messages(messages) => messages, Vec<MessageMeta>;
    /// What changed.
    changes: Answer::Changes(changes) => changes, Changes;
    /// Messages as they are after a flag change.
    flags_stored: Answer::FlagsStored { messages, .. } => messages, Vec<MessageMeta>;
    /// What was removed.
    expunged: Answer::Expunged { uids, modseq } => (uids, modseq), (UidSet, ModSeq);
    /// How full it is.
    quota: Answer::Quota(quota) => quota, Quota;
    /// Entries and values.
    metadata: Answer::Metadata(entries) => entries, Vec<(String, Option<Bytes>)>;
}

impl Answer {
    /// Bytes of a message; `None` if it is gone.
    pub(super) fn body(self) -> Result<Option<Bytes>, Refusal> {
        match self {
            Answer::Bytes(bytes) => Ok(Some(bytes)),
            Answer::Gone => Ok(None),
            other => Err(other.into_refusal()),
        }
    }

    /// The skeleton of a message; `None` if it is gone.
    pub(super) fn skeleton(self) -> Result<Option<Arc<Skeleton>>, Refusal> {
        match self {
            Answer::Skeleton(skeleton) => Ok(Some(skeleton)),
            Answer::Gone => Ok(None),
            other => Err(other.into_refusal()),
        }
    }

    fn into_refusal(self) -> Refusal {
        match self {
            Answer::Refused(refusal) => refusal,
            _ => out_of_turn(),
        }
    }
}

impl Event {
    /// The answer, where only an answer can come.
    pub(super) fn answer(self) -> Result<Answer, Refusal> {
        match self {
            Event::Answer(answer) => Ok(answer),
            _ => Err(out_of_turn()),
        }
    }
}
