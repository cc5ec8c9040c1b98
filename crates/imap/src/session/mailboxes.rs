//! CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS (RFC 3501 sections 6.3.3-6.3.7, 6.3.10).

use std::fmt::Write as _;

use mail::MailboxName;
use mail::mailbox::MailboxStatus;

use super::verb::{Begin, ask, ask_done, no, ok};
use crate::ask::Ask;
use crate::command::{BadMailbox, MailboxArg, StatusItem};
use crate::write;

/// CREATE
pub(super) fn create(mailbox: MailboxArg) -> Begin {
    named(mailbox, |name| ask_done(Ask::Create { name }, "Create completed."))
}

/// DELETE
pub(super) fn delete(mailbox: MailboxArg) -> Begin {
    named(mailbox, |name| ask_done(Ask::Delete { name }, "Delete completed."))
}

/// RENAME
pub(super) fn rename(from: MailboxArg, to: MailboxArg) -> Begin {
    named(from, |from| named(to, |to| ask_done(Ask::Rename { from, to }, "Rename completed.")))
}

/// SUBSCRIBE and UNSUBSCRIBE
pub(super) fn subscribe(mailbox: MailboxArg, subscribed: bool) -> Begin {
    let text = match subscribed {
        true => "Subscribe completed.",
        false => "Unsubscribe completed.",
    };
    named(mailbox, |name| ask_done(Ask::Subscribe { name, subscribed }, text))
}

/// STATUS
pub(super) fn status(mailbox: MailboxArg, items: Vec<StatusItem>) -> Begin {
    named(mailbox, |name| {
        ask(Ask::Status { name: name.clone() }, move |answer, core| {
            let status = answer.status()?;
            let values = values(&items, &status);
            let name = write::MailboxString(&name);
            core.untagged(format_args!("STATUS {name} ({values})"));
            Ok(ok("Status completed."))
        })
    })
}

/// What to do with a good name; a bad one names nothing.
fn named(mailbox: MailboxArg, then: impl FnOnce(MailboxName) -> Begin) -> Begin {
    match mailbox {
        Ok(name) => then(name),
        Err(bad) => cannot(bad),
    }
}

fn cannot(bad: BadMailbox) -> Begin {
    no(format!("[CANNOT] {bad}")).into()
}

fn values(items: &[StatusItem], status: &MailboxStatus) -> String {
    let mut text = String::new();
    for item in items {
        let gap = if text.is_empty() { "" } else { " " };
        let (name, value) = value(*item, status);
        write!(text, "{gap}{name} {value}").expect("writing to memory does not fail");
    }
    text
}

fn value(item: StatusItem, status: &MailboxStatus) -> (&'static str, u32) {
    match item {
        StatusItem::Messages => ("MESSAGES", status.exists),
        StatusItem::Recent => ("RECENT", status.recent),
        // No UID is left: what no message will get is the closest truth.
        StatusItem::UidNext => ("UIDNEXT", status.uid_next.map_or(u32::MAX, |uid| uid.get())),
        StatusItem::UidValidity => ("UIDVALIDITY", status.uid_validity.get()),
        StatusItem::Unseen => ("UNSEEN", status.unseen),
    }
}
