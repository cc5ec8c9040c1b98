//! FETCH and UID FETCH (RFC 3501 section 6.4.5).
//!
//! Messages are asked for in batches and bodies pass through in pieces, so memory does not grow with
//! either. A message that is gone is left out. Passing trouble never becomes a `NO`, nor an answer
//! that lacks something: the client would believe that there is nothing and never ask again. The
//! connection ends instead.

mod message;

use mail::limits;
use mail::mailbox::{FlagChange, FlagOp, MessageMeta, SystemFlags, UidSet};

use self::message::{Message, Progress};
use super::core::Core;
use super::verb::{Begin, Event, Next, Outcome, Verb, bad, ok};
use super::{batch, sync};
use crate::ask::{Answer, Ask, Refusal};
use crate::command::{FetchItem, Messages};

/// FETCH
pub(super) fn fetch(messages: &Messages, items: Vec<FetchItem>, core: &mut Core) -> Begin {
    let Some(view) = core.view() else { return bad("Select a mailbox first.").into() };
    match messages.resolve(&view.uids) {
        Ok(rest) => Fetch {
            sets_seen: !view.read_only && items.iter().any(FetchItem::sets_seen),
            items,
            rest,
            stage: Stage::Batch,
        }
        .into(),
        Err(error) => bad(error.to_string()).into(),
    }
}

struct Fetch {
    items: Vec<FetchItem>,
    sets_seen: bool,
    /// Messages of which nothing was asked yet.
    rest: UidSet,
    stage: Stage,
}

enum Stage {
    /// The next batch is to be asked for.
    Batch,
    /// Its metadata was asked for.
    Looking,
    /// `\Seen` is being set; this is what is known of the batch.
    Marking(Vec<MessageMeta>),
    /// The batch is being sent.
    Sending(Sending),
}

struct Sending {
    queue: std::vec::IntoIter<MessageMeta>,
    /// Messages of the batch that were marked `\Seen` by this command.
    marked: UidSet,
    message: Option<Box<Message>>,
}

impl Verb for Fetch {
    fn on(&mut self, event: Event, core: &mut Core) -> Outcome {
        let answer = match event {
            Event::Answer(answer) => Some(answer),
            _ => None,
        };
        match (std::mem::replace(&mut self.stage, Stage::Batch), answer) {
            (Stage::Looking, Some(answer)) => self.looked(answer.messages()?, core),
            (Stage::Marking(metas), Some(answer)) => self.marked(metas, answer, core),
            (Stage::Sending(sending), answer) => self.send(sending, answer, core),
            _ => Ok(self.next_batch()),
        }
    }
}

impl Fetch {
    fn next_batch(&mut self) -> Next {
        match batch::take(&mut self.rest) {
            uids if uids.is_empty() => ok("Fetch completed."),
            uids => {
                self.stage = Stage::Looking;
                Next::Ask(Ask::Messages { uids, n: limits::IMAP_BATCH_MESSAGES_MAX as usize })
            }
        }
    }

    fn looked(&mut self, metas: Vec<MessageMeta>, core: &mut Core) -> Outcome {
        let unseen = metas.iter().filter(|meta| !meta.flags.contains(SystemFlags::SEEN));
        let unseen: UidSet = unseen.map(|meta| meta.uid).collect();
        if !self.sets_seen || unseen.is_empty() {
            return self.begin_sending(metas, UidSet::new(), core);
        }
        self.stage = Stage::Marking(metas);
        let change = FlagChange { op: FlagOp::Add, flags: SystemFlags::SEEN.into() };
        Ok(Next::Ask(Ask::StoreFlags { uids: unseen, change, unchanged_since: None }))
    }

    /// A mark that a rule forbids is no reason not to show the message.
    fn marked(&mut self, metas: Vec<MessageMeta>, answer: Answer, core: &mut Core) -> Outcome {
        let stored = match answer.flags_stored() {
            Err(refusal @ Refusal::Passing(_)) => return Err(refusal),
            stored => stored.unwrap_or_default(),
        };
        if let Some(view) = core.view() {
            view.remember_told(&stored);
        }
        let marked = stored.iter().map(|meta| meta.uid).collect();
        self.begin_sending(merge(metas, stored), marked, core)
    }

    fn begin_sending(
        &mut self,
        metas: Vec<MessageMeta>,
        marked: UidSet,
        core: &mut Core,
    ) -> Outcome {
        if !marked.is_empty() || self.items.contains(&FetchItem::Flags) {
            sync::say_new_keywords(core, &metas);
        }
        let sending = Sending { queue: metas.into_iter(), marked, message: None };
        self.send(sending, None, core)
    }

    fn send(&mut self, mut sending: Sending, answer: Option<Answer>, core: &mut Core) -> Outcome {
        let mut answer = answer;
        let next = loop {
            let Some(message) = &mut sending.message else {
                match sending.next(&self.items, core) {
                    true => continue,
                    false => return Ok(Next::Again),
                }
            };
            match message.go_on(&self.items, answer.take(), core)? {
                Progress::Over => {
                    core.end_line();
                    sending.message = None;
                }
                Progress::Ask(ask) => break Next::Ask(ask),
                Progress::Full => break Next::Again,
                Progress::Gone if core.take_back() => sending.message = None,
                Progress::Gone => {
                    return Ok(Next::Bye("[UNAVAILABLE] A message vanished in the middle.".into()));
                }
            }
            if core.out.len() >= limits::IMAP_OUTPUT_BYTES_HIGH {
                break Next::Again;
            }
        };
        self.stage = Stage::Sending(sending);
        Ok(next)
    }
}

impl Sending {
    /// Begins the next message; false if there is none.
    fn next(&mut self, items: &[FetchItem], core: &mut Core) -> bool {
        for meta in self.queue.by_ref() {
            let Some(view) = core.view() else { return false };
            // What is not in the view has no number to be called by.
            let Some(number) = view.number(meta.uid) else { continue };
            let recent = view.is_recent(meta.uid);
            let flags_too = self.marked.contains(meta.uid) && !items.contains(&FetchItem::Flags);
            core.begin_line();
            self.message = Some(Box::new(Message::begin(meta, number, recent, flags_too, core)));
            return true;
        }
        false
    }
}

/// The messages, as `newer` has them where it does; both ascending.
fn merge(metas: Vec<MessageMeta>, newer: Vec<MessageMeta>) -> Vec<MessageMeta> {
    let mut newer = newer.into_iter().peekable();
    let update = |meta: MessageMeta| {
        while newer.next_if(|other| other.uid < meta.uid).is_some() {}
        newer.next_if(|other| other.uid == meta.uid).unwrap_or(meta)
    };
    metas.into_iter().map(update).collect()
}
