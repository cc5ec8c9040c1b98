//! One IMAP connection as a value (RFC 3501).
//!
//! Bytes go in by [`Session::feed`], bytes come out by [`Session::output`], and what the session
//! needs to know it asks for through [`Session::poll`]. It holds no socket and knows no time. While
//! it is quiet it holds no buffers either, so ten thousand of them in IDLE are cheap.
//!
//! Commands are served one after the other, in the order in which they came. Each is a value of its
//! own in a file named after its verb; this file is the engine that moves them.

mod answers;
mod append;
mod batch;
mod capability;
mod copy;
mod core;
mod dispatch;
mod expunge;
mod fetch;
mod head_reader;
mod idle;
mod list;
mod login;
mod mailboxes;
mod metadata;
mod quota;
mod refusal;
mod search;
mod select;
mod store;
mod sync;
mod verb;
mod view;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use mail::limits;

use self::core::{Core, line};
use self::refusal::Manner;
use self::verb::{After, Begin, Done, Event, Next, Status, Verb};
use crate::ask::{Answer, Ask, Refusal, Step};
use crate::command::{Command, Tag};
use crate::parse::{self, Fault, Framed, Framer, ParseError, Refused};

/// What is the same for all sessions of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The product's name, in the greeting and in the answer to ID.
    pub name: String,
    /// The largest message APPEND takes, in bytes; at most [`limits::MESSAGE_BYTES_MAX`].
    pub message_bytes_max: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config { name: "Martlet".into(), message_bytes_max: limits::MESSAGE_BYTES_MAX }
    }
}

/// What a connection's bytes travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Nothing protects them: no login here.
    Plain {
        /// TLS may be begun.
        starttls: bool,
    },
    /// TLS.
    Tls,
}

/// One connection.
pub struct Session {
    framer: Framer,
    input: BytesMut,
    core: Core,
    job: Option<Box<Job>>,
    /// BAD commands in a row.
    errors: u32,
    phase: Phase,
    /// The client will send no more.
    input_ended: bool,
    /// The server wants to stop.
    stopping: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Handshake,
    Closed,
}

/// The command under way.
struct Job {
    tag: Tag,
    manner: Manner,
    /// `None` once its answer is known.
    verb: Option<Box<dyn Verb>>,
    turn: Turn,
    /// The framer was told that a line comes which is no command.
    line_expected: bool,
    /// Nobody waits for the answer.
    lost: bool,
}

/// Whose turn it is.
enum Turn {
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
    /// A session with its greeting waiting in the output.
    pub fn new(config: Arc<Config>, transport: Transport) -> Session {
        let mut core = Core::new(config, transport);
        capability::greet(&mut core);
        Session {
            framer: Framer::new(),
            input: BytesMut::new(),
            core,
            job: None,
            errors: 0,
            phase: Phase::Open,
            input_ended: false,
            stopping: false,
        }
    }

    /// Takes bytes of the client's. Give them when [`Step::Input`] asks for some: what is given
    /// earlier waits in memory.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.phase == Phase::Open {
            self.input.extend_from_slice(bytes);
        }
    }

    /// The client will send no more. What it sent before is still served.
    pub fn end_of_input(&mut self) {
        self.input_ended = true;
    }

    /// Bytes for the client. Take them from the front, or all.
    pub fn output(&mut self) -> &mut Vec<u8> {
        self.core.give_output()
    }

    /// What comes next. Not while a question is open.
    pub fn poll(&mut self) -> Step {
        loop {
            if let Some(step) = self.advance() {
                self.release();
                return step;
            }
        }
    }

    /// The answer to the open question. An answer nobody asked for is dropped.
    pub fn answer(&mut self, answer: Answer) {
        if let Some(job) = &mut self.job {
            job.turn = match std::mem::replace(&mut job.turn, Turn::World) {
                Turn::World => Turn::Verb(Event::Answer(answer)),
                Turn::Changes(done) => Turn::Changed(done, answer),
                other => other,
            };
        }
    }

    /// A hint that the open mailbox may have changed. Never wrong to give.
    pub fn mailbox_changed(&mut self) {
        if let Some(view) = self.core.view() {
            view.changed = true;
        }
    }

    /// The patience of [`Step::Input`] has passed. Ends the session, but for IDLE, which says that
    /// the connection is still there.
    pub fn timed_out(&mut self) {
        let idle = self.core.is_authenticated();
        match &mut self.job {
            None => self.end("Autologout: silent for too long."),
            Some(job) => match job.turn {
                Turn::Line if idle => job.turn = Turn::Verb(Event::Silence),
                Turn::Line | Turn::Data => {
                    self.core.bye("Autologout: silent for too long.");
                    job.give_up();
                }
                _ => {}
            },
        }
    }

    /// TLS stands. Everything that came before is forgotten (RFC 3501 section 6.2.1).
    pub fn tls_established(&mut self) {
        self.core.transport = Transport::Tls;
        self.framer = Framer::new();
        self.input = BytesMut::new();
        if self.phase == Phase::Handshake {
            self.phase = Phase::Open;
        }
    }

    /// The server wants to stop: the session says BYE as soon as no command is under way.
    pub fn shut_down(&mut self) {
        self.stopping = true;
    }

    /// True if nothing is under way: no command, or IDLE; and nothing waits to be read or written.
    pub fn is_quiet(&self) -> bool {
        let waiting = self.job.as_ref().is_none_or(|job| matches!(job.turn, Turn::Line));
        waiting
            && self.input.is_empty()
            && self.core.out.is_empty()
            && !self.framer.is_mid_command()
    }

    /// Gives back the memory of empty buffers. [`Session::poll`] does it too; worth a call after the
    /// output was written and before a long wait.
    pub fn release(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        if self.core.out.is_empty() {
            self.core.out = Vec::new();
        }
    }

    fn advance(&mut self) -> Option<Step> {
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
            Framed::Refused(refused) => self.refuse(refused),
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

    fn refuse(&mut self, refused: Refused) -> Option<Step> {
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
            Turn::Changed(done, answer) => self.settle_with(job, done, answer),
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
                self.refuse(Refused { tag, ..refused })
            }
            _ if self.input_ended => self.lose(job),
            _ if self.stopping => {
                self.end("[UNAVAILABLE] The server is stopping.");
                None
            }
            _ if self.core.view().is_some_and(|view| view.changed) => {
                self.keep(job, Turn::Verb(Event::Changed))
            }
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
        let Some(view) = self.core.view().filter(|_| done.after == After::Command) else {
            return self.finish(*job, done);
        };
        if view.changed {
            let since = view.since;
            self.keep(job, Turn::Changes(done));
            return Some(Step::Ask(Ask::Changes { since }));
        }
        if job.manner.may_expunge {
            sync::say_expunged(&mut self.core);
        }
        self.finish(*job, done)
    }

    fn settle_with(&mut self, job: Box<Job>, done: Done, answer: Answer) -> Option<Step> {
        match answer.changes() {
            Ok(changes) => sync::say(&mut self.core, changes, job.manner.may_expunge),
            Err(Refusal::NoSuchMailbox) => {
                self.end("The mailbox was deleted.");
                return None;
            }
            // The hint stays, and the next command tries again.
            Err(_) => {}
        }
        self.finish(*job, done)
    }

    fn finish(&mut self, job: Job, done: Done) -> Option<Step> {
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

    fn end(&mut self, text: &str) {
        self.core.bye(text);
        self.phase = Phase::Closed;
    }
}

impl Job {
    /// What the verb waits for will not come, and nobody hears its answer.
    fn give_up(&mut self) {
        self.turn = Turn::Verb(Event::Lost);
        self.lost = true;
    }
}
