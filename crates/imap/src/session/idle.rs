//! IDLE (RFC 2177).
//!
//! The client wakes up for any line but `* OK`, so nothing is said that it knows already. What
//! arrived since its last command is said right after `+ idling`: nobody else would tell it.

use super::core::{Core, line};
use super::sync;
use super::verb::{Begin, Event, Next, Outcome, Verb, bad, ok};
use crate::ask::{Answer, Refusal};

/// IDLE
pub(super) fn idle(core: &mut Core) -> Begin {
    line(&mut core.out, format_args!("+ idling"));
    Idle { missed: false }.into()
}

struct Idle {
    /// A question failed: the next silence or the end is the time to ask again.
    missed: bool,
}

impl Verb for Idle {
    fn on(&mut self, event: Event, core: &mut Core) -> Outcome {
        match event {
            Event::Go | Event::Changed => Ok(look(core)),
            Event::Silence => {
                core.untagged(format_args!("OK Still here."));
                self.remind(core);
                Ok(look(core))
            }
            Event::Answer(answer) => Ok(self.tell(answer, core)),
            Event::Line(line) => {
                self.remind(core);
                Ok(match line.eq_ignore_ascii_case(b"DONE") {
                    true => ok("Idle completed."),
                    false => bad("Expected DONE."),
                })
            }
            _ => Ok(bad("Idle broken off.")),
        }
    }
}

impl Idle {
    fn tell(&mut self, answer: Answer, core: &mut Core) -> Next {
        match answer.changes() {
            Ok(changes) => sync::say(core, changes, true),
            Err(Refusal::NoSuchMailbox) => return Next::Bye("The mailbox was deleted.".into()),
            // Asking again at once would ask for ever.
            Err(_) => self.missed = true,
        }
        Next::Line
    }

    fn remind(&mut self, core: &mut Core) {
        core.changed |= std::mem::take(&mut self.missed);
    }
}

fn look(core: &mut Core) -> Next {
    core.ask_changes().map_or(Next::Line, Next::Ask)
}
