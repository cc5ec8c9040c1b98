//! EHLO and HELO (RFC 5321 section 4.1.1.1).
//!
//! What the client calls itself is used for nothing, so that anything printable will do: the clients
//! here all say `[127.0.0.1]`.

use ::mail::limits::DOMAIN_BYTES_MAX;

use super::{Outcome, Server};
use crate::profile::{Kind, TlsState};
use crate::reply::Reply;

impl Server {
    pub(super) fn ehlo(&mut self, argument: &str) -> Outcome {
        check_name(argument, "EHLO hostname")?;
        self.hello();
        let size = format!("SIZE {}", self.profile.message_size_max);
        let lines = [
            Some(&*self.profile.hostname),
            Some("PIPELINING"),
            Some(&size),
            Some("VRFY"),
            (self.profile.tls == TlsState::Offered).then_some("STARTTLS"),
            self.offers_auth().then_some("AUTH PLAIN LOGIN"),
            Some("ENHANCEDSTATUSCODES"),
            Some("8BITMIME"),
            Some("SMTPUTF8"),
        ];
        let reply = Reply::of_lines(250, None, lines.into_iter().flatten());
        self.say(&reply);
        Ok(None)
    }

    pub(super) fn helo(&mut self, argument: &str) -> Outcome {
        check_name(argument, "HELO hostname")?;
        self.hello();
        self.say(&Reply::hello(&self.profile.hostname));
        Ok(None)
    }

    /// A second hello is also a RSET.
    fn hello(&mut self) {
        self.forget();
        self.greeted = true;
    }

    fn offers_auth(&self) -> bool {
        self.profile.kind == Kind::Submission
            && self.profile.tls == TlsState::Established
            && !self.authenticated
    }
}

fn check_name(name: &str, form: &str) -> Result<(), Reply> {
    let good = !name.is_empty() && name.len() <= DOMAIN_BYTES_MAX;
    if good { Ok(()) } else { Err(Reply::syntax(form)) }
}
