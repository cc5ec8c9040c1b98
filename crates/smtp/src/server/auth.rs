//! AUTH with PLAIN and LOGIN (RFC 4954, RFC 4616, draft-murchison-sasl-login).
//!
//! Only within TLS and only on submission. A user acts as nobody but himself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Outcome, Phase, Question, Server};
use crate::ask::{Answer, Ask};
use crate::profile::Kind;
use crate::reply::Reply;

/// `Username:` in base64; clients compare it.
const USERNAME: &str = "VXNlcm5hbWU6";
/// `Password:` in base64; clients compare it.
const PASSWORD: &str = "UGFzc3dvcmQ6";

/// What the next response of the client is.
#[derive(Debug)]
pub(super) enum Exchange {
    /// PLAIN's only one.
    Plain,
    /// LOGIN's first.
    LoginUser,
    /// LOGIN's second.
    LoginPassword { user: Vec<u8> },
}

impl Server {
    pub(super) fn auth(&mut self, argument: &str) -> Outcome {
        if self.profile.kind == Kind::Mx {
            return Err(Reply::auth_not_offered());
        }
        if !self.greeted {
            return Err(Reply::hello_first());
        }
        if self.authenticated {
            return Err(Reply::already_authenticated());
        }
        let mut words = argument.split(' ').filter(|word| !word.is_empty());
        let exchange = mechanism(words.next().unwrap_or_default())?;
        match (words.next(), words.next()) {
            (None, _) => self.challenge(exchange),
            (Some("="), None) => self.auth_progress(exchange, Vec::new()),
            (Some(initial), None) => self.auth_response(exchange, initial.as_bytes()),
            (Some(_), Some(_)) => Err(Reply::syntax("AUTH mechanism [initial-response]")),
        }
    }

    /// One response of the client, in base64, or `*` to give up.
    pub(super) fn auth_response(&mut self, exchange: Exchange, line: &[u8]) -> Outcome {
        if line == b"*" {
            return Err(Reply::auth_cancelled());
        }
        let response = STANDARD.decode(line).map_err(|_| Reply::bad_auth_response())?;
        self.auth_progress(exchange, response)
    }

    pub(super) fn auth_line_too_long(&mut self) -> Outcome {
        self.phase = Phase::Command;
        Err(Reply::auth_line_too_long())
    }

    pub(super) fn authenticate_answered(&mut self, answer: Answer) {
        match answer {
            Answer::Authenticated => {
                self.authenticated = true;
                self.progress = true;
                self.say(&Reply::authenticated());
            }
            Answer::Refuse(reply) => self.refuse_login(&super::never_success(reply)),
            other => self.refused(other),
        }
    }

    fn auth_progress(&mut self, exchange: Exchange, response: Vec<u8>) -> Outcome {
        match exchange {
            Exchange::Plain => self.plain(&response),
            Exchange::LoginUser => self.challenge(Exchange::LoginPassword { user: response }),
            Exchange::LoginPassword { user } => self.authenticate(user, response),
        }
    }

    fn challenge(&mut self, exchange: Exchange) -> Outcome {
        let text = match exchange {
            Exchange::Plain => "",
            Exchange::LoginUser => USERNAME,
            Exchange::LoginPassword { .. } => PASSWORD,
        };
        self.say(&Reply::challenge(text));
        self.phase = Phase::Auth(exchange);
        Ok(None)
    }

    /// `[as whom] NUL user NUL password`
    fn plain(&mut self, response: &[u8]) -> Outcome {
        let mut parts = response.split(|&byte| byte == 0);
        let (Some(as_whom), Some(user), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Reply::bad_auth_response());
        };
        if !as_whom.is_empty() && as_whom != user {
            self.refuse_login(&Reply::login_failed());
            return Ok(None);
        }
        self.authenticate(user.to_vec(), password.to_vec())
    }

    fn authenticate(&mut self, user: Vec<u8>, password: Vec<u8>) -> Outcome {
        Ok(Some(self.ask(Question::Authenticate, Ask::Authenticate { user, password })))
    }
}

fn mechanism(name: &str) -> Result<Exchange, Reply> {
    if name.eq_ignore_ascii_case("PLAIN") {
        Ok(Exchange::Plain)
    } else if name.eq_ignore_ascii_case("LOGIN") {
        Ok(Exchange::LoginUser)
    } else if name.is_empty() {
        Err(Reply::syntax("AUTH mechanism [initial-response]"))
    } else {
        Err(Reply::unknown_mechanism())
    }
}
