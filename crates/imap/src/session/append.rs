//! APPEND (RFC 3501 section 6.3.11, APPENDUID of RFC 4315, LITERAL+ of RFC 7888).
//!
//! The message passes through in pieces and is never held. What is not complete is forgotten: an
//! upload ends in [`Ask::AppendEnd`] or in [`Ask::AppendAbort`], whatever the client does.

use mail::MailboxName;

use super::core::Core;
use super::verb::{Begin, Event, Next, Outcome, Verb, bad, no, ok};
use crate::ask::{Answer, Ask};
use crate::command::AppendHead;

/// APPEND, whose message was announced and not yet let in.
pub(super) fn append(head: AppendHead) -> Begin {
    let name = match &head.mailbox {
        Ok(name) => name.clone(),
        Err(bad) => return no(format!("[CANNOT] {bad}")).into(),
    };
    if let Err(bad) = &head.flags {
        return no(format!("[LIMIT] {bad}")).into();
    }
    match head.size_bytes {
        0 => no("[CANNOT] An empty message cannot be kept.").into(),
        _ => Append { head, name, stage: Stage::Asking }.into(),
    }
}

struct Append {
    head: AppendHead,
    name: MailboxName,
    stage: Stage,
}

enum Stage {
    /// Whether the message may come.
    Asking,
    /// It comes.
    Taking,
    /// It still comes, but this is what will be said.
    Dropping(Outcome),
    /// The world is forgetting it, then this is said.
    Forgetting(Outcome),
    /// It is being made durable.
    Ending,
}

impl Verb for Append {
    fn on(&mut self, event: Event, core: &mut Core) -> Outcome {
        match event {
            Event::Go => Ok(Next::Ask(Ask::AppendBegin {
                name: self.name.clone(),
                size_bytes: self.head.size_bytes,
            })),
            Event::Data(_) if matches!(self.stage, Stage::Dropping(_)) => Ok(Next::Data),
            Event::Data(bytes) => Ok(Next::Ask(Ask::AppendData(bytes))),
            Event::DataEnd { clean: true } => Ok(self.complete()),
            Event::DataEnd { clean: false } => {
                Ok(self.forget(Ok(bad("There is something behind the message."))))
            }
            Event::Lost => Ok(self.forget(Ok(bad("The message broke off.")))),
            event => {
                let answer = event.answer()?;
                self.answered(answer, core)
            }
        }
    }
}

impl Append {
    fn answered(&mut self, answer: Answer, core: &mut Core) -> Outcome {
        match std::mem::replace(&mut self.stage, Stage::Taking) {
            Stage::Asking => answer.done().map(|()| Next::Data),
            Stage::Taking => {
                if let Err(refusal) = answer.done() {
                    self.stage = Stage::Dropping(Err(refusal));
                }
                Ok(Next::Data)
            }
            Stage::Forgetting(outcome) | Stage::Dropping(outcome) => outcome,
            Stage::Ending => self.placed(answer, core),
        }
    }

    fn complete(&mut self) -> Next {
        if let Stage::Dropping(outcome) = std::mem::replace(&mut self.stage, Stage::Ending) {
            return self.forget(outcome);
        }
        Next::Ask(Ask::AppendEnd {
            flags: self.head.flags.clone().unwrap_or_default(),
            internal_date: self.head.internal_date,
        })
    }

    fn forget(&mut self, outcome: Outcome) -> Next {
        self.stage = Stage::Forgetting(outcome);
        Next::Ask(Ask::AppendAbort)
    }

    fn placed(&self, answer: Answer, core: &mut Core) -> Outcome {
        let (validity, uids) = answer.placed()?;
        core.changed |= core.view().is_some_and(|view| view.name == self.name);
        Ok(match uids.first() {
            Some((_, uid)) => ok(format!("[APPENDUID {validity} {uid}] Append completed.")),
            None => ok("Append completed."),
        })
    }
}
