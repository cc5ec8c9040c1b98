//! SELECT, EXAMINE, CLOSE, UNSELECT (RFC 3501 sections 6.3.1, 6.3.2, 6.4.2; RFC 3691).
//!
//! Clients close and open their INBOX after every message, so both cost one question each, plus one
//! for the removal CLOSE means.

use mail::MailboxName;
use mail::mailbox::SystemFlags;

use super::core::{Core, Stage};
use super::verb::{Begin, Event, Next, Outcome, Verb, ask, no, ok};
use super::view::View;
use crate::ask::{Answer, Ask, OpenedMailbox, Refusal};
use crate::command::MailboxArg;
use crate::write;

/// SELECT and EXAMINE. Whatever comes of it, the mailbox that was open before no longer is.
pub(super) fn select(mailbox: MailboxArg, read_only: bool, core: &mut Core) -> Begin {
    let was_open = core.view().is_some();
    core.stage = Stage::Authenticated;
    if was_open {
        core.untagged(format_args!("OK [CLOSED] The mailbox that was open is closed."));
    }
    match (mailbox, was_open) {
        (Ok(name), _) => Select { name, read_only, leave: was_open }.into(),
        (Err(bad), false) => no(format!("[CANNOT] {bad}")).into(),
        (Err(bad), true) => ask(Ask::Leave, move |_, _| Ok(no(format!("[CANNOT] {bad}")))),
    }
}

struct Select {
    name: MailboxName,
    read_only: bool,
    /// Another mailbox is open and must be left first.
    leave: bool,
}

impl Verb for Select {
    fn on(&mut self, event: Event, core: &mut Core) -> Outcome {
        match event {
            Event::Go if self.leave => Ok(Next::Ask(Ask::Leave)),
            Event::Go => Ok(self.open(core)),
            Event::Answer(_) if self.leave => {
                self.leave = false;
                Ok(self.open(core))
            }
            event => {
                let opened = event.answer()?.opened()?;
                Ok(self.conclude(opened, core))
            }
        }
    }
}

impl Select {
    /// Hints that come from here on are of the mailbox that is being opened.
    fn open(&self, core: &mut Core) -> Next {
        core.changed = false;
        Next::Ask(Ask::Open { name: self.name.clone(), read_only: self.read_only })
    }

    fn conclude(&self, opened: OpenedMailbox, core: &mut Core) -> Next {
        describe(&opened, self.read_only, core);
        let view = View::new(self.name.clone(), self.read_only, opened);
        core.stage = Stage::Selected(Box::new(view));
        match self.read_only {
            true => ok("[READ-ONLY] Examine completed."),
            false => ok("[READ-WRITE] Select completed."),
        }
    }
}

fn describe(opened: &OpenedMailbox, read_only: bool, core: &mut Core) {
    let status = &opened.status;
    write::flags_line(&mut core.out, &[]);
    match read_only {
        true => core.untagged(format_args!("OK [PERMANENTFLAGS ()] Nothing can be changed.")),
        false => {
            let names: Vec<_> = SystemFlags::ALL.names().collect();
            let names = names.join(" ");
            core.untagged(format_args!("OK [PERMANENTFLAGS ({names} \\*)] These are kept."));
        }
    }
    core.untagged(format_args!("{} EXISTS", opened.uids.len()));
    core.untagged(format_args!("{} RECENT", status.recent));
    if let Some(number) = opened.first_unseen.and_then(|uid| opened.uids.position(uid)) {
        core.untagged(format_args!("OK [UNSEEN {}] The first unseen message.", number + 1));
    }
    core.untagged(format_args!("OK [UIDVALIDITY {}] UIDs are valid.", status.uid_validity));
    if let Some(next) = status.uid_next {
        core.untagged(format_args!("OK [UIDNEXT {next}] The next UID."));
    }
}

/// CLOSE: removes what is marked `\Deleted`, without a word, and leaves.
pub(super) fn close(core: &mut Core) -> Begin {
    let expunge = core.view().is_some_and(|view| !view.read_only);
    Close { expunge }.into()
}

struct Close {
    /// The removal has not been asked for yet.
    expunge: bool,
}

impl Verb for Close {
    fn on(&mut self, event: Event, core: &mut Core) -> Outcome {
        match event {
            Event::Go if self.expunge => Ok(Next::Ask(Ask::Expunge { uids: None })),
            Event::Go => Ok(Next::Ask(Ask::Leave)),
            Event::Answer(answer) if self.expunge => {
                self.expunge = false;
                spared(answer)?;
                Ok(Next::Ask(Ask::Leave))
            }
            _ => {
                core.stage = Stage::Authenticated;
                Ok(ok("Close completed."))
            }
        }
    }
}

/// A removal that a rule forbids, or that finds no mailbox, is no reason to stay.
fn spared(answer: Answer) -> Result<(), Refusal> {
    match answer.expunged() {
        Err(refusal @ Refusal::Passing(_)) => Err(refusal),
        _ => Ok(()),
    }
}

/// UNSELECT: leaves and removes nothing.
pub(super) fn unselect() -> Begin {
    ask(Ask::Leave, |_, core| {
        core.stage = Stage::Authenticated;
        Ok(ok("Unselect completed."))
    })
}
