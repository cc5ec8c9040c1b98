//! GETMETADATA and SETMETADATA (RFC 5464), as push tokens and server-wide entries need them.
//!
//! Values are said as literals always: clients and tests read them so. Entries have no children
//! here, so DEPTH makes no difference.

use bytes::Bytes;
use mail::{MailboxName, limits};

use super::core::Core;
use super::verb::{Begin, Next, ask, ask_done, no, ok};
use crate::ask::Ask;
use crate::command::{BadMailbox, MailboxArg};
use crate::write;

/// GETMETADATA
pub(super) fn get(
    mailbox: Option<MailboxArg>,
    max_size: Option<u32>,
    entries: Vec<String>,
) -> Begin {
    match mailbox.transpose() {
        Err(bad) => cannot(bad),
        Ok(mailbox) => {
            let question = Ask::GetMetadata { mailbox: mailbox.clone(), entries };
            ask(question, move |answer, core| {
                Ok(say(mailbox.as_ref(), max_size, answer.metadata()?, core))
            })
        }
    }
}

/// SETMETADATA
pub(super) fn set(mailbox: Option<MailboxArg>, entries: Vec<(String, Option<Bytes>)>) -> Begin {
    let longest = entries.iter().filter_map(|(_, value)| value.as_ref()).map(Bytes::len).max();
    match mailbox.transpose() {
        Err(bad) => cannot(bad),
        Ok(_) if longest > Some(limits::META_VALUE_BYTES_MAX) => {
            let max = limits::META_VALUE_BYTES_MAX;
            no(format!("[METADATA MAXSIZE {max}] The value is too long.")).into()
        }
        Ok(mailbox) => ask_done(Ask::SetMetadata { mailbox, entries }, "Setmetadata completed."),
    }
}

fn cannot(bad: BadMailbox) -> Begin {
    no(format!("[CANNOT] {bad}")).into()
}

fn say(
    mailbox: Option<&MailboxName>,
    max_size: Option<u32>,
    mut entries: Vec<(String, Option<Bytes>)>,
    core: &mut Core,
) -> Next {
    let max = max_size.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
    let size = |value: &Option<Bytes>| value.as_ref().map_or(0, Bytes::len);
    let longest = entries.iter().map(|(_, value)| size(value)).filter(|size| *size > max).max();
    entries.retain(|(_, value)| size(value) <= max);
    if !entries.is_empty() {
        write::metadata(&mut core.out, mailbox, &entries);
    }
    match longest {
        Some(size) => ok(format!("[METADATA LONGENTRIES {size}] Getmetadata completed.")),
        None => ok("Getmetadata completed."),
    }
}
