//! SEARCH and UID SEARCH (RFC 3501 section 6.4.4).
//!
//! Cheap knowledge first: sets of UIDs, then metadata in batches, then a message's header, then its
//! body, and each only as far as the query needs it. Nested queries cost no recursion.

mod body;
mod header;
mod program;
mod scan;

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use mail::limits;
use mail::mailbox::{MessageMeta, UidSet};
use mail::skeleton::Skeleton;

use self::body::BodyScan;
use self::program::{Program, Truths};
use super::batch;
use super::core::Core;
use super::head_reader::HeadReader;
use super::verb::{Begin, Event, Next, Outcome, Verb, bad, no, ok};
use crate::ask::{Answer, Ask, Refusal};
use crate::command::{Numbering, SearchCharset, SearchQuery};

/// SEARCH
pub(super) fn search(numbering: Numbering, query: SearchQuery, core: &mut Core) -> Begin {
    let Some(view) = core.view() else { return bad("Select a mailbox first.").into() };
    if query.charset == SearchCharset::Other {
        return no("[BADCHARSET (US-ASCII UTF-8)] This charset is not known.").into();
    }
    let program = match Program::new(query.steps, view) {
        Ok(program) => program,
        Err(error) => return bad(error.to_string()).into(),
    };
    let bounds = program.bounds(&view.uids);
    Search {
        numbering,
        rest: bounds.possible.difference(&bounds.certain),
        found: bounds.certain,
        program,
        queue: Vec::new().into_iter(),
        candidate: None,
    }
    .into()
}

struct Search {
    numbering: Numbering,
    program: Program,
    found: UidSet,
    /// Messages of which nothing was asked yet.
    rest: UidSet,
    /// Messages whose metadata is known.
    queue: std::vec::IntoIter<MessageMeta>,
    /// The message that is being read.
    candidate: Option<Candidate>,
}

struct Candidate {
    meta: MessageMeta,
    truths: Truths,
    reading: Reading,
}

enum Reading {
    Header(HeadReader),
    Skeleton,
    Body(Box<BodyScan>),
}

impl Verb for Search {
    fn on(&mut self, event: Event, core: &mut Core) -> Outcome {
        if let Event::Answer(answer) = event {
            let next = match self.candidate.take() {
                Some(candidate) => self.read(candidate, answer)?,
                None => {
                    self.queue = answer.messages()?.into_iter();
                    None
                }
            };
            if let Some(ask) = next {
                return Ok(Next::Ask(ask));
            }
        }
        Ok(match self.go_on() {
            Some(ask) => Next::Ask(ask),
            None => self.conclude(core),
        })
    }
}

impl Search {
    /// Works through what is known up to the next question. `None`: everything is known.
    fn go_on(&mut self) -> Option<Ask> {
        while let Some(meta) = self.queue.next() {
            let truths = self.program.truths(&meta);
            let reading = match self.program.needs_header(&truths) {
                true => Reading::Header(HeadReader::new(&meta)),
                false => Reading::Skeleton,
            };
            if let Some(ask) = self.weigh(Candidate { meta, truths, reading }) {
                return Some(ask);
            }
        }
        match batch::take(&mut self.rest) {
            uids if uids.is_empty() => None,
            uids => Some(Ask::Messages { uids, n: limits::IMAP_BATCH_MESSAGES_MAX as usize }),
        }
    }

    /// Notes the verdict on a message, or asks what is missing for one.
    fn weigh(&mut self, candidate: Candidate) -> Option<Ask> {
        match self.program.decide(&candidate.truths) {
            Some(true) => {
                self.found.insert(candidate.meta.uid);
                None
            }
            Some(false) => None,
            None => {
                let ask = candidate.ask()?;
                self.candidate = Some(candidate);
                Some(ask)
            }
        }
    }

    fn read(&mut self, mut candidate: Candidate, answer: Answer) -> Result<Option<Ask>, Refusal> {
        let program = &self.program;
        let there = match &candidate.reading {
            Reading::Skeleton => answer.skeleton()?.map(|it| candidate.take_skeleton(&it, program)),
            _ => answer.body()?.map(|bytes| candidate.take_bytes(&bytes, program)),
        };
        Ok(there.and_then(|()| self.weigh(candidate)))
    }

    fn conclude(&mut self, core: &mut Core) -> Next {
        let mut line = String::from("SEARCH");
        if let Some(view) = core.view() {
            for uid in self.found.iter() {
                let number = match self.numbering {
                    Numbering::Uid => Some(uid.get()),
                    Numbering::Sequence => view.number(uid),
                };
                if let Some(number) = number {
                    write!(line, " {number}").expect("writing to memory does not fail");
                }
            }
        }
        core.untagged(format_args!("{line}"));
        ok("Search completed.")
    }
}

impl Candidate {
    /// What is to be read next.
    fn ask(&self) -> Option<Ask> {
        let uid = self.meta.uid;
        match &self.reading {
            Reading::Header(reader) => Some(reader.ask()),
            Reading::Skeleton => Some(Ask::Skeleton { uid }),
            Reading::Body(scan) => scan.ask(uid),
        }
    }

    fn take_bytes(&mut self, bytes: &Bytes, program: &Program) {
        match &mut self.reading {
            Reading::Header(reader) => {
                if let Some(head) = reader.take(bytes) {
                    let block = head.block();
                    let unknown: Vec<_> = program.unknown(&self.truths).collect();
                    let known: Vec<_> = unknown
                        .into_iter()
                        .map(|(place, leaf)| (place, header::truth(leaf, &block)))
                        .collect();
                    known.into_iter().for_each(|(place, truth)| self.truths[place] = truth);
                    self.reading = Reading::Skeleton;
                }
            }
            Reading::Body(scan) => {
                scan.take(bytes);
                if scan.ask(self.meta.uid).is_none() {
                    scan.results().for_each(|(place, found)| self.truths[place] = Some(found));
                }
            }
            Reading::Skeleton => {}
        }
    }

    fn take_skeleton(&mut self, skeleton: &Arc<Skeleton>, program: &Program) {
        let scan = BodyScan::new(skeleton, program.unknown(&self.truths));
        if scan.ask(self.meta.uid).is_none() {
            scan.results().for_each(|(place, found)| self.truths[place] = Some(found));
        }
        self.reading = Reading::Body(Box::new(scan));
    }
}
