//! RSET, NOOP, HELP and QUIT (RFC 5321 sections 4.1.1.5 to 4.1.1.10), and those who came to the wrong
//! door.

use super::{Outcome, Server};
use crate::reply::Reply;

impl Server {
    pub(super) fn rset(&mut self, argument: &str) -> Outcome {
        if !argument.is_empty() {
            return Err(Reply::syntax("RSET"));
        }
        self.forget();
        self.say(&Reply::ok());
        Ok(None)
    }

    pub(super) fn noop(&mut self) -> Outcome {
        self.say(&Reply::ok());
        Ok(None)
    }

    pub(super) fn help(&mut self) -> Outcome {
        self.say(&Reply::help());
        Ok(None)
    }

    pub(super) fn quit(&mut self) -> Outcome {
        self.close_with(&Reply::bye());
        Ok(None)
    }

    /// A browser that was made to talk to us, or a message whose DATA was refused: nothing that
    /// follows may be read as commands, and nobody is there to read a reply.
    pub(super) fn foreign(&mut self) -> Outcome {
        self.close();
        Ok(None)
    }
}
