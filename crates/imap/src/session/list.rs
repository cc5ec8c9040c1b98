//! LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9), with CHILDREN (RFC 3348) and special uses
//! (RFC 6154).

use mail::MailboxName;
use mail::mailbox::{MailboxInfo, SpecialUse};

use super::core::Core;
use super::verb::{Begin, ask, ok};
use crate::ask::Ask;
use crate::list_pattern::ListPattern;
use crate::write;

/// LIST, or LSUB if `subscribed_only`.
pub(super) fn list(pattern: ListPattern, subscribed_only: bool, core: &mut Core) -> Begin {
    let (verb, text) = match subscribed_only {
        true => ("LSUB", "Lsub completed."),
        false => ("LIST", "List completed."),
    };
    if pattern.asks_delimiter() {
        core.untagged(format_args!("{verb} (\\Noselect) \"{}\" \"\"", MailboxName::SEPARATOR));
        return ok(text).into();
    }
    ask(Ask::Mailboxes, move |answer, core| {
        let all = answer.mailboxes()?;
        let wanted = |info: &&MailboxInfo| match subscribed_only {
            true => info.subscribed,
            false => info.exists || has_children(&info.name, &all),
        };
        for info in all.iter().filter(wanted).filter(|info| pattern.matches(&info.name)) {
            let attributes = match subscribed_only {
                true => String::new(),
                false => attributes(info, has_children(&info.name, &all)),
            };
            let name = write::MailboxString(&info.name);
            core.untagged(format_args!(
                "{verb} ({attributes}) \"{}\" {name}",
                MailboxName::SEPARATOR
            ));
        }
        Ok(ok(text))
    })
}

/// True if a mailbox lies below this name.
fn has_children(name: &MailboxName, all: &[MailboxInfo]) -> bool {
    all.iter().any(|other| other.exists && other.name.is_child_of(name))
}

fn attributes(info: &MailboxInfo, has_children: bool) -> String {
    let mut words = Vec::new();
    if !info.exists {
        words.push("\\Noselect");
    }
    words.push(if has_children { "\\HasChildren" } else { "\\HasNoChildren" });
    words.extend(info.special_use.map(special_use));
    words.join(" ")
}

fn special_use(special: SpecialUse) -> &'static str {
    match special {
        SpecialUse::Drafts => "\\Drafts",
        SpecialUse::Junk => "\\Junk",
        SpecialUse::Sent => "\\Sent",
        SpecialUse::Trash => "\\Trash",
    }
}
