//! The engine: moves the command under way, one turn at a time, and begins the next one.
//!
//! Each method does one state's work and gives either a step for the door or nothing, when there is
//! more to do at once.

use std::time::Duration;

use bytes::BytesMut;
use mail::limits;

use super::core::line;
use super::refusal::Manner;
use super::verb::{After, Begin, Done, Event, Next, Status, Verb};
use super::{Phase, Session, answers, dispatch, sync};
use crate::ask::{Answer, Refusal, Step};
use crate::command::{Command, Tag};
use crate::parse::{self, Fault, Framed, ParseError, Refused};

/// The command under way.
pub(super) struct Job {
    tag: Tag,
    manner: Manner,
    /// `None` once its answer is known.
    verb: Option<Box<dyn Verb>>,
    pub(super) turn: Turn,
    /// The framer was told that a line comes which is no command.
    line_expected: bool,
    /// Nobody waits for the answer.
    lost: bool,
}

/// Whose turn it is.
pub(super) enum Turn {
    /// The verb's, with what happened.
    Verb(Event),
    /// The world's.
    World,
    /// The client's: a line.
    Line,
    /// The client's: APPEND's message.
    Data,
    /// Ours: the answer is known, what happened meanwhile may be said before it.
    Settle(Done),
    /// The world's, for the sake of `Settle`.
    Changes(Done),
    /// Ours: the changes are known.
    Changed(Done, Answer),
}

impl Session {
    /// One turn. `None`: there is more to do at once.
    pub(super) fn advance(&mut self) -> Option<Step> {
        match self.phase {
            Phase::Closed => return Some(Step::Close),
            Phase::Handshake => return Some(Step::StartTls),
            Phase::Open => {}
        }
        if self.core.out.len() >= limits::IMAP_OUTPUT_BYTES_HIGH {
            return Some(Step::Flush);
        }
        match self.job.take() {
            Some(job) => self.work(job),
            None => self.next_command(),
        }
    }

    // ---- between commands -----------------------------------------------------------------

    fn next_command(&mut self) -> Option<Step> {
        if self.stopping {
            self.end("[UNAVAILABLE] The server is stopping.");
            return None;
        }
        match self.framer.next(&mut self.input) {
            Framed::NeedInput if self.input_ended => {
                self.phase = Phase::Closed;
                None
            }
            Framed::NeedInput => Some(self.input_wanted()),
            Framed::Continue => self.invite(),
            Framed::Command(bytes) => self.begin_command(parse::parse(&bytes)),
            Framed::Append(command) => self.begin_command(command),
            Framed::Refused(refused) => self.refuse(&refused),
            Framed::Line(_) | Framed::AppendData(_) | Framed::AppendEnd { .. } => {
                debug_assert!(false, "the framer was not told to expect this");
                None
            }
        }
    }

    fn input_wanted(&self) -> Step {
        let seconds = match (self.core.is_authenticated(), self.framer.is_mid_command()) {
            (false, _) => limits::IMAP_PREAUTH_TIMEOUT_S,
            (true, true) => limits::IMAP_LITERAL_TIMEOUT_S,
            (true, false) => limits::IMAP_IDLE_TIMEOUT_S,
        };
        Step::Input { patience: Duration::from_secs(seconds), watching: false }
    }

    fn invite(&mut self) -> Option<Step> {
        line(&mut self.core.out, format_args!("+ OK"));
        None
    }

    fn begin_command(&mut self, command: Result<Command, ParseError>) -> Option<Step> {
        match command {
            Ok(command) => {
                let manner = Manner::of(&command.body);
                let begin = dispatch::begin(command.body, &mut self.core);
                self.begin(command.tag, manner, begin)
            }
            Err(error) => {
                self.framer.refuse_append();
                self.say(error.tag.as_ref(), Status::Bad, error.text);
                self.count(Status::Bad);
                None
            }
        }
    }

    fn begin(&mut self, tag: Tag, manner: Manner, begin: Begin) -> Option<Step> {
        let turn = Turn::Verb(Event::Go);
        let mut job =
            Box::new(Job { tag, manner, verb: None, turn, line_expected: false, lost: false });
        match begin {
            Begin::Now(next) => self.follow(job, next),
            Begin::Verb(verb) => {
                job.verb = Some(verb);
                self.work(job)
            }
        }
    }

    fn refuse(&mut self, refused: &Refused) -> Option<Step> {
        let (status, text) = match refused.fault {
            Fault::LineTooLong => (Status::Bad, "The line is too long."),
            Fault::LiteralTooBig => (Status::No, "[TOOBIG] The literal is too big."),
            Fault::CommandTooBig => (Status::Bad, "The command is too big."),
        };
        self.say(refused.tag.as_ref(), status, text);
        if refused.fatal {
            self.end("Too much.");
        } else {
            self.count(status);
        }
        None
    }

    // ---- a command under way --------------------------------------------------------------

    fn work(&mut self, mut job: Box<Job>) -> Option<Step> {
        match std::mem::replace(&mut job.turn, Turn::World) {
            Turn::Verb(event) => {
                let outcome = match &mut job.verb {
                    Some(verb) => verb.on(event, &mut self.core),
                    None => Err(answers::out_of_turn()),
                };
                let next = outcome.unwrap_or_else(|refusal| job.manner.answer(refusal));
                self.follow(job, next)
            }
            Turn::Line => self.await_line(job),
            Turn::Data => self.await_data(job),
            Turn::Settle(done) => self.settle(job, done),
            Turn::Changed(done, answer) => self.settle_with(&job, &done, answer),
            Turn::World | Turn::Changes(_) => {
                debug_assert!(false, "a question is open");
                self.phase = Phase::Closed;
                None
            }
        }
    }

    fn keep(&mut self, mut job: Box<Job>, turn: Turn) -> Option<Step> {
        job.turn = turn;
        self.job = Some(job);
        None
    }

    fn follow(&mut self, mut job: Box<Job>, next: Next) -> Option<Step> {
        match next {
            Next::Ask(ask) => {
                self.keep(job, Turn::World);
                Some(Step::Ask(ask))
            }
            Next::Again => self.keep(job, Turn::Verb(Event::Go)),
            Next::Line => {
                if !std::mem::replace(&mut job.line_expected, true) {
                    self.framer.expect_line();
                }
                self.keep(job, Turn::Line)
            }
            Next::Data => {
                self.framer.accept_append();
                self.keep(job, Turn::Data)
            }
            Next::Done(done) => {
                self.framer.refuse_append();
                job.verb = None;
                self.keep(job, Turn::Settle(done))
            }
            Next::Bye(text) => {
                self.end(&text);
                None
            }
        }
    }

    fn await_line(&mut self, mut job: Box<Job>) -> Option<Step> {
        match self.framer.next(&mut self.input) {
            Framed::Line(line) => {
                job.line_expected = false;
                self.keep(job, Turn::Verb(Event::Line(line)))
            }
            Framed::Refused(refused) => {
                let tag = Some(job.tag.clone());
                self.refuse(&Refused { tag, ..refused })
            }
            _ if self.input_ended => self.lose(job),
            _ if self.stopping => {
                self.end("[UNAVAILABLE] The server is stopping.");
                None
            }
            _ if self.core.may_have_news() => self.keep(job, Turn::Verb(Event::Changed)),
            _ => {
                self.keep(job, Turn::Line);
                Some(self.line_wanted())
            }
        }
    }

    fn line_wanted(&mut self) -> Step {
        let seconds = match self.core.is_authenticated() {
            true => limits::IMAP_KEEPALIVE_S,
            false => limits::IMAP_PREAUTH_TIMEOUT_S,
        };
        let watching = self.core.view().is_some();
        Step::Input { patience: Duration::from_secs(seconds), watching }
    }

    fn await_data(&mut self, job: Box<Job>) -> Option<Step> {
        match self.framer.next(&mut self.input) {
            Framed::AppendData(bytes) => self.keep(job, Turn::Verb(Event::Data(bytes))),
            Framed::AppendEnd { clean } => self.keep(job, Turn::Verb(Event::DataEnd { clean })),
            Framed::Continue => {
                self.invite();
                self.keep(job, Turn::Data)
            }
            _ if self.input_ended => self.lose(job),
            _ => {
                self.keep(job, Turn::Data);
                let patience = Duration::from_secs(limits::IMAP_LITERAL_TIMEOUT_S);
                Some(Step::Input { patience, watching: false })
            }
        }
    }

    fn lose(&mut self, mut job: Box<Job>) -> Option<Step> {
        job.give_up();
        self.job = Some(job);
        None
    }

    /// Says what happened in the mailbox meanwhile, if the command lets it.
    fn settle(&mut self, job: Box<Job>, done: Done) -> Option<Step> {
        if done.after != After::Command {
            return self.finish(&job, &done);
        }
        if let Some(ask) = self.core.ask_changes() {
            self.keep(job, Turn::Changes(done));
            return Some(Step::Ask(ask));
        }
        if job.manner.may_expunge {
            sync::say_expunged(&mut self.core);
        }
        self.finish(&job, &done)
    }

    fn settle_with(&mut self, job: &Job, done: &Done, answer: Answer) -> Option<Step> {
        match answer.changes() {
            Ok(changes) => sync::say(&mut self.core, changes, job.manner.may_expunge),
            Err(Refusal::NoSuchMailbox) => {
                self.end("The mailbox was deleted.");
                return None;
            }
            // The next command tries again.
            Err(_) => self.core.changed = true,
        }
        self.finish(job, done)
    }

    fn finish(&mut self, job: &Job, done: &Done) -> Option<Step> {
        if job.lost {
            self.phase = Phase::Closed;
            return None;
        }
        self.say(Some(&job.tag), done.status, &done.text);
        if self.core.is_authenticated() {
            self.framer.logged_in();
        }
        match done.after {
            After::Command => self.count(done.status),
            After::StartTls => {
                self.input = BytesMut::new();
                self.phase = Phase::Handshake;
            }
            After::Close(None) => self.phase = Phase::Closed,
            After::Close(Some(text)) => self.end(text),
        }
        None
    }

    fn say(&mut self, tag: Option<&Tag>, status: Status, text: &str) {
        let tag = tag.map_or("*", Tag::as_str);
        line(&mut self.core.out, format_args!("{tag} {} {text}", status.word()));
    }

    /// Ends a connection that only makes mistakes.
    fn count(&mut self, status: Status) {
        self.errors = if status == Status::Bad { self.errors + 1 } else { 0 };
        if self.errors >= limits::IMAP_ERRORS_MAX {
            self.end("Too many mistakes.");
        }
    }

    /// Ends the connection with a word, if one can be said.
    pub(super) fn end(&mut self, text: &str) {
        self.core.bye(text);
        self.phase = Phase::Closed;
    }
}

impl Job {
    /// What the verb waits for will not come, and nobody hears its answer.
    pub(super) fn give_up(&mut self) {
        self.turn = Turn::Verb(Event::Lost);
        self.lost = true;
    }
}
