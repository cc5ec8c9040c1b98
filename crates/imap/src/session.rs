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
mod engine;
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

use bytes::BytesMut;
use mail::limits;

use self::core::Core;
use self::engine::{Job, Turn};
use self::verb::Event;
use crate::ask::{Answer, Step};
use crate::parse::Framer;

/// What is the same for all sessions of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The product's name, in the greeting and in the answer to ID.
    pub name: String,
    /// The largest message APPEND takes, in bytes.
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

impl Session {
    /// A session with its greeting waiting in the output.
    pub fn new(config: Arc<Config>, transport: Transport) -> Session {
        let framer = Framer::new(config.message_bytes_max);
        let mut core = Core::new(config, transport);
        capability::greet(&mut core);
        Session {
            framer,
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
                if matches!(step, Step::Input { .. }) {
                    self.release();
                }
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
        self.core.changed = true;
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
        self.framer = Framer::new(self.core.config.message_bytes_max);
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

    /// Gives back the memory of empty buffers. Worth a call after the
    /// output was written and before a long wait.
    pub fn release(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        if self.core.out.is_empty() {
            self.core.out = Vec::new();
        }
    }
}
