//! STARTTLS (RFC 3207).

use super::{Outcome, Phase, Server};
use crate::profile::TlsState;
use crate::reply::Reply;

impl Server {
    /// Whatever was sent behind the command in the clear is dropped in
    /// [`Server::tls_established`] and never read.
    pub(super) fn starttls(&mut self, argument: &str) -> Outcome {
        if self.profile.tls == TlsState::Established {
            return Err(Reply::tls_already_active());
        }
        if !argument.is_empty() {
            return Err(Reply::syntax("STARTTLS"));
        }
        self.say(&Reply::ready_for_tls());
        self.phase = Phase::StartingTls;
        Ok(None)
    }
}
