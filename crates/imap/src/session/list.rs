//! LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9), with CHILDREN (RFC 3348) and special uses
//! (RFC 6154).

use std::collections::BTreeSet;
use std::iter::successors;

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
        let found = match subscribed_only {
            true => subscribed(&all, &pattern),
            false => existing(&all, &pattern),
        };
        for Found { name, attributes } in found {
            let name = write::MailboxString(&name);
            core.untagged(format_args!(
                "{verb} ({attributes}) \"{}\" {name}",
                MailboxName::SEPARATOR
            ));
        }
        Ok(ok(text))
    })
}

/// One line of the answer.
struct Found {
    name: MailboxName,
    attributes: String,
}

fn existing(all: &[MailboxInfo], pattern: &ListPattern) -> Vec<Found> {
    let mut found = Vec::new();
    for info in all.iter().filter(|info| pattern.matches(&info.name)) {
        let has_children = has_children(&info.name, all);
        if info.exists || has_children {
            let attributes = attributes(info, has_children);
            found.push(Found { name: info.name.clone(), attributes });
        }
    }
    found
}

/// Subscribed names; and where a `%` stops short of one, what lies above it: that cannot be
/// selected by this word alone (RFC 3501 section 6.3.9).
fn subscribed(all: &[MailboxInfo], pattern: &ListPattern) -> Vec<Found> {
    let names = all.iter().filter(|info| info.subscribed).map(|info| &info.name);
    let (found, missed): (Vec<_>, Vec<_>) = names.partition(|name| pattern.matches(name));
    let above = missed.iter().flat_map(|name| successors(name.parent(), MailboxName::parent));
    let above: BTreeSet<_> =
        above.filter(|name| pattern.matches(name) && !found.contains(&name)).collect();
    let found = found.into_iter().map(|name| Found { name: name.clone(), attributes: "".into() });
    let above = above.into_iter().map(|name| Found { name, attributes: "\\Noselect".into() });
    found.chain(above).collect()
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
