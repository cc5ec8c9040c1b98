//! What every verb works on: the output, the connection's stage, the open mailbox.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use super::view::View;
use super::{Config, Transport};

/// How far a connection has come (RFC 3501 section 3).
pub(super) enum Stage {
    /// Nobody has logged in.
    NotAuthenticated,
    /// Logged in, no mailbox open.
    Authenticated,
    /// A mailbox is open.
    Selected(Box<View>),
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
    /// Where in `out` the answer begins that may still be taken back. `None` as soon as the door
    /// has had a chance to write it out.
    pub(super) mark: Option<usize>,
    /// Failed logins so far.
    pub(super) auth_failures: u32,
}

impl Core {
    pub(super) fn new(config: Arc<Config>, transport: Transport) -> Core {
        let stage = Stage::NotAuthenticated;
        Core { config, out: Vec::new(), transport, stage, mark: None, auth_failures: 0 }
    }

    /// The open mailbox.
    pub(super) fn view(&mut self) -> Option<&mut View> {
        match &mut self.stage {
            Stage::Selected(view) => Some(view),
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

    /// Says that the connection ends.
    pub(super) fn bye(&mut self, text: &str) {
        self.untagged(format_args!("BYE {text}"));
    }

    /// From here on the answer may be taken back with [`Core::take_back`].
    pub(super) fn set_mark(&mut self) {
        self.mark = Some(self.out.len());
    }

    /// Removes what was written since [`Core::set_mark`]; false if some of it may be on the wire.
    pub(super) fn take_back(&mut self) -> bool {
        match self.mark.take() {
            Some(mark) => {
                self.out.truncate(mark);
                true
            }
            None => false,
        }
    }
}

/// Writes a line with its end.
pub(super) fn line(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    write!(out, "{text}\r\n").expect("writing to memory does not fail");
}
