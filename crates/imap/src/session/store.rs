//! STORE and UID STORE (RFC 3501 section 6.4.6).
//!
//! Done in batches: the client sees flags change message by message anyway, and neither a question
//! nor the output grows with the mailbox.

use mail::mailbox::{FlagChange, FlagOp, MessageMeta, UidSet};

use super::core::Core;
use super::verb::{Begin, Event, Next, Outcome, Verb, bad, no, ok};
use super::{batch, sync};
use crate::ask::Ask;
use crate::command::{FlagsArg, Messages, Numbering};

/// STORE
pub(super) fn store(
    messages: &Messages,
    op: FlagOp,
    silent: bool,
    flags: FlagsArg,
    core: &mut Core,
) -> Begin {
    let Some(view) = core.view().filter(|view| !view.read_only) else {
        return no("[READ-ONLY] The mailbox is open for reading.").into();
    };
    let rest = match messages.resolve(&view.uids) {
        Ok(uids) => uids,
        Err(error) => return bad(error.to_string()).into(),
    };
    let flags = match flags {
        Ok(flags) => flags,
        Err(why) => return no(format!("[LIMIT] {why}")).into(),
    };
    Store {
        rest,
        change: FlagChange { op, flags },
        manner: match (silent, messages.numbering) {
            (true, _) => Manner::Silent,
            (false, Numbering::Uid) => Manner::WithUid,
            (false, Numbering::Sequence) => Manner::Plain,
        },
    }
    .into()
}

struct Store {
    /// What has not been asked for yet.
    rest: UidSet,
    change: FlagChange,
    manner: Manner,
}

/// How the new flags are said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Silent,
    Plain,
    WithUid,
}

impl Verb for Store {
    fn on(&mut self, event: Event, core: &mut Core) -> Outcome {
        if let Event::Answer(answer) = event {
            self.say(&answer.flags_stored()?, core);
            return Ok(Next::Again);
        }
        Ok(match batch::take(&mut self.rest) {
            uids if uids.is_empty() => ok("Store completed."),
            uids => Next::Ask(Ask::StoreFlags {
                uids,
                change: self.change.clone(),
                unchanged_since: None,
            }),
        })
    }
}

impl Store {
    fn say(&self, messages: &[MessageMeta], core: &mut Core) {
        // If others may have changed the same messages, silence could hide what they did.
        let silent = self.manner == Manner::Silent;
        let doubtful = silent && core.changed;
        if let Some(view) = core.view().filter(|_| !doubtful) {
            view.remember_told(messages);
        }
        if !silent {
            sync::say_new_keywords(core, messages);
            for meta in messages {
                sync::say_flags(core, meta, self.manner == Manner::WithUid);
            }
        }
    }
}
