//! What every verb works on: the output, the connection's stage, the open mailbox.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use super::view::View;
use super::{Config, Transport};
use crate::ask::Ask;

/// How far a connection has come (RFC 3501 section 3).
pub(super) enum Stage {
    /// Nobody has logged in.
    NotAuthenticated,
    /// Logged in, no mailbox open.
    Authenticated,
    /// A mailbox is open.
    Selected(Box<View>),
}

/// A line that waits for more of a message.
enum Unfinished {
    /// It begins here in the output and can be taken back.
    Here(usize),
    /// The door may have written some of it.
    Sent,
}

/// The part of a session its verbs may touch.
pub(super) struct Core {
    /// What is the same for all sessions.
    pub(super) config: Arc<Config>,
    /// Bytes on their way to the client.
    pub(super) out: Vec<u8>,
    /// What the bytes travel in.
    pub(super) transport: Transport,
    /// How far the connection has come.
    pub(super) stage: Stage,
    /// Something may have happened in the open mailbox that the client does not know.
    pub(super) changed: bool,
    /// The line under way, of which more is to come.
    unfinished: Option<Unfinished>,
    /// Failed logins so far.
    pub(super) auth_failures: u32,
}

impl Core {
    pub(super) fn new(config: Arc<Config>, transport: Transport) -> Core {
        let stage = Stage::NotAuthenticated;
        Core {
            config,
            out: Vec::new(),
            transport,
            stage,
            changed: false,
            unfinished: None,
            auth_failures: 0,
        }
    }

    /// The open mailbox.
    pub(super) fn view(&mut self) -> Option<&mut View> {
        match &mut self.stage {
            Stage::Selected(view) => Some(view),
            _ => None,
        }
    }

    /// True if there is reason to ask what happened in the open mailbox.
    pub(super) fn may_have_news(&self) -> bool {
        self.changed && matches!(self.stage, Stage::Selected(_))
    }

    /// The question what happened, if there is reason to ask it. The reason is gone then; a hint
    /// that comes while the question is open is a new one, since the answer may not know of it.
    pub(super) fn ask_changes(&mut self) -> Option<Ask> {
        match &self.stage {
            Stage::Selected(view) if std::mem::take(&mut self.changed) => {
                Some(Ask::Changes { since: view.since })
            }
            _ => None,
        }
    }

    /// The open mailbox and the output.
    pub(super) fn view_and_out(&mut self) -> Option<(&mut View, &mut Vec<u8>)> {
        match &mut self.stage {
            Stage::Selected(view) => Some((view, &mut self.out)),
            _ => None,
        }
    }

    /// True once somebody has logged in.
    pub(super) fn is_authenticated(&self) -> bool {
        !matches!(self.stage, Stage::NotAuthenticated)
    }

    /// Writes one untagged line.
    pub(super) fn untagged(&mut self, text: fmt::Arguments<'_>) {
        line(&mut self.out, format_args!("* {text}"));
    }

    /// Says that the connection ends. In the middle of a line that has been sent nothing can be
    /// said: it would be taken for part of a message.
    pub(super) fn bye(&mut self, text: &str) {
        if self.unfinished.is_none() || self.take_back() {
            self.untagged(format_args!("BYE {text}"));
        }
    }

    /// A line begins that may have to wait for more of a message.
    pub(super) fn begin_line(&mut self) {
        self.unfinished = Some(Unfinished::Here(self.out.len()));
    }

    /// That line is complete.
    pub(super) fn end_line(&mut self) {
        self.unfinished = None;
    }

    /// Removes the unfinished line; false if some of it may be on the wire.
    pub(super) fn take_back(&mut self) -> bool {
        let Some(Unfinished::Here(start)) = self.unfinished else { return false };
        self.out.truncate(start);
        self.unfinished = None;
        true
    }

    /// The output, for the door to take from.
    pub(super) fn give_output(&mut self) -> &mut Vec<u8> {
        if self.unfinished.is_some() {
            self.unfinished = Some(Unfinished::Sent);
        }
        &mut self.out
    }
}

/// Writes a line with its end.
pub(super) fn line(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    write!(out, "{text}\r\n").expect("writing to memory does not fail");
}
