//! VRFY (RFC 5321 section 3.5): answered alike for every argument, so that it tells nothing.

use super::{Outcome, Server};
use crate::reply::Reply;

impl Server {
    pub(super) fn vrfy(&mut self, argument: &str) -> Outcome {
        if argument.is_empty() {
            return Err(Reply::syntax("VRFY address"));
        }
        self.say(&Reply::cannot_verify(argument));
        Ok(None)
    }
}
