//! DATA (RFC 5321 section 4.1.1.4): the message itself.
//!
//! The message streams through: what was fed is unstuffed and handed on at once. Data that cannot be
//! taken is drained to its true end before the refusal, so that none of it is read as commands.

use ::mail::limits::{SMTP_DATA_PROGRESS_BYTES, SMTP_DRAIN_BYTES_MAX};

use super::{Outcome, Phase, Question, Server, never_success};
use crate::ask::{Answer, Ask, Step};
use crate::data::{DataFault, Unstuffer};
use crate::reply::Reply;

/// A message on its way in.
#[derive(Debug)]
pub(super) struct Reception {
    unstuffer: Unstuffer,
    ended: bool,
    /// The door wants no more of it, for this reason.
    refusal: Option<Reply>,
    /// Bytes that came since nothing of the message was wanted any more.
    drained_bytes: u64,
    /// Bytes that came since the clock last started anew.
    unclocked_bytes: u64,
}

impl Reception {
    fn new(size_max: u64) -> Self {
        Self {
            unstuffer: Unstuffer::new(size_max),
            ended: false,
            refusal: None,
            drained_bytes: 0,
            unclocked_bytes: 0,
        }
    }

    /// Takes what it can; gives the content in it and how many bytes were used.
    fn take(&mut self, input: &[u8]) -> (Vec<u8>, usize) {
        let mut content = Vec::with_capacity(input.len());
        let progress = self.unstuffer.push(input, &mut content);
        self.ended = progress.ended;
        self.unclocked_bytes += progress.consumed as u64;
        if self.is_draining() {
            self.drained_bytes += progress.consumed as u64;
        }
        (content, progress.consumed)
    }

    fn is_draining(&self) -> bool {
        self.refusal.is_some() || self.unstuffer.fault().is_some()
    }

    /// True once for each fair amount of data: who drips bytes gains no time.
    fn made_progress(&mut self) -> bool {
        let made = self.unclocked_bytes >= SMTP_DATA_PROGRESS_BYTES;
        if made {
            self.unclocked_bytes = 0;
        }
        made
    }
}

impl Server {
    pub(super) fn data(&mut self, argument: &str) -> Outcome {
        if !argument.is_empty() {
            return Err(Reply::syntax("DATA"));
        }
        let transaction = self.transaction.as_ref().ok_or(Reply::mail_first())?;
        if transaction.recipients == 0 {
            self.forget();
            return Err(Reply::no_valid_recipients());
        }
        Ok(Some(self.ask(Question::DataBegin, Ask::DataBegin)))
    }

    pub(super) fn data_begin_answered(&mut self, answer: Answer) {
        if answer == Answer::Go {
            self.say(&Reply::start_data());
            self.phase = Phase::Data(Box::new(Reception::new(self.profile.message_size_max)));
        } else {
            self.forget();
            self.refused(answer);
        }
    }

    /// Decodes what waits: content for the door, or the end, or a wish for more.
    pub(super) fn next_content(&mut self) -> Option<Step> {
        let Phase::Data(reception) = &mut self.phase else {
            return None;
        };
        if reception.ended {
            return self.data_ended();
        }
        if self.input.is_empty() {
            return Some(self.want_input());
        }
        let (content, used) = reception.take(self.input.unread());
        self.input.consume(used);
        self.progress |= reception.made_progress();
        if reception.drained_bytes > SMTP_DRAIN_BYTES_MAX {
            self.close_with(&Reply::message_too_large());
            return None;
        }
        let wanted = reception.refusal.is_none() && !content.is_empty();
        wanted.then(|| self.ask(Question::Content, Ask::Content(content.into())))
    }

    pub(super) fn content_answered(&mut self, answer: Answer) {
        let refusal = match answer {
            Answer::Go => return,
            Answer::Refuse(reply) => never_success(reply),
            Answer::RefuseAndClose(_) => return self.refused(answer),
            Answer::Authenticated | Answer::Reply(_) => Reply::local_error(),
        };
        self.forget();
        if let Phase::Data(reception) = &mut self.phase {
            reception.refusal = Some(refusal);
        }
    }

    /// The transaction ends here, whatever the answer will be.
    fn data_ended(&mut self) -> Option<Step> {
        let Phase::Data(reception) = std::mem::replace(&mut self.phase, Phase::Command) else {
            return None;
        };
        self.progress = true;
        if let Some(refusal) = reception.refusal {
            self.refuse(&refusal);
            return None;
        }
        self.transaction = None;
        let fault = reception.unstuffer.fault();
        let size_bytes = reception.unstuffer.size_bytes();
        Some(self.ask(Question::DataEnd { fault }, Ask::DataEnd { fault, size_bytes }))
    }

    /// Only `Reply` with a success, of data without fault, is success.
    pub(super) fn data_end_answered(&mut self, answer: Answer, fault: Option<DataFault>) {
        match (answer, fault) {
            (Answer::Reply(reply), None) if reply.is_success() => {
                self.errors = 0;
                self.say(&reply);
            }
            (Answer::Reply(reply), Some(fault)) if reply.is_success() => {
                self.refuse(&fault.reply());
            }
            (Answer::Reply(reply), _) => self.refuse(&never_success(reply)),
            (other, _) => self.refused(other),
        }
        if fault.is_some_and(DataFault::breaks_lines) {
            self.close();
        }
    }
}
