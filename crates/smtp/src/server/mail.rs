//! MAIL (RFC 5321 section 4.1.1.2): a transaction begins.
//!
//! Parameters understood: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531). Those of DSN and
//! AUTH are taken and ignored. Others were not offered and are refused.

use ::mail::Address;

use super::envelope::Argument;
use super::{Outcome, Question, Server, Transaction};
use crate::ask::{Answer, Ask};
use crate::profile::Kind;
use crate::reply::Reply;

const FORM: &str = "MAIL FROM:<address>";

/// What MAIL's parameters said.
#[derive(Debug, Default)]
struct Parameters {
    size: Option<u64>,
    utf8: bool,
}

impl Server {
    pub(super) fn mail(&mut self, argument: &str) -> Outcome {
        self.may_begin()?;
        let argument = Argument::split(argument, "FROM:").ok_or_else(|| Reply::syntax(FORM))?;
        let parameters = Parameters::read(&argument)?;
        let sender = sender(&argument, parameters.utf8)?;
        if parameters.size > Some(self.profile.message_size_max) {
            return Err(Reply::size_too_large());
        }
        let ask = Ask::Mail { sender, size: parameters.size };
        Ok(Some(self.ask(Question::Mail { utf8: parameters.utf8 }, ask)))
    }

    pub(super) fn mail_answered(&mut self, answer: Answer, utf8: bool) {
        match answer {
            Answer::Go => {
                self.transaction = Some(Transaction { recipients: 0, utf8 });
                self.say(&Reply::sender_ok());
            }
            other => self.refused(other),
        }
    }

    fn may_begin(&self) -> Result<(), Reply> {
        if !self.greeted {
            return Err(Reply::hello_first());
        }
        if self.profile.kind == Kind::Submission && !self.authenticated {
            return Err(Reply::login_first());
        }
        if self.transaction.is_some() {
            return Err(Reply::transaction_open());
        }
        Ok(())
    }
}

/// `None` for `<>`.
fn sender(argument: &Argument<'_>, utf8: bool) -> Result<Option<Address>, Reply> {
    if argument.path.is_empty() {
        return Ok(None);
    }
    argument.address(utf8, Reply::bad_sender_syntax()).map(Some)
}

impl Parameters {
    fn read(argument: &Argument<'_>) -> Result<Self, Reply> {
        let mut parameters = Self::default();
        for (name, value) in argument.parameters() {
            parameters.take(name, value)?;
        }
        Ok(parameters)
    }

    fn take(&mut self, name: &str, value: Option<&str>) -> Result<(), Reply> {
        match (name.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(value)) => self.size = Some(size(value)?),
            ("BODY", Some(value)) => check_body(value)?,
            ("SMTPUTF8", None) => self.utf8 = true,
            ("SIZE" | "BODY", None) | ("SMTPUTF8", Some(_)) => return Err(Reply::bad_parameter()),
            ("AUTH" | "RET" | "ENVID", _) => {}
            _ => return Err(Reply::unsupported_parameter(name)),
        }
        Ok(())
    }
}

/// Digits; more than fit are more than we take.
fn size(value: &str) -> Result<u64, Reply> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Reply::bad_parameter());
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}

fn check_body(value: &str) -> Result<(), Reply> {
    let known = ["7BIT", "8BITMIME"].iter().any(|name| name.eq_ignore_ascii_case(value));
    if known { Ok(()) } else { Err(Reply::bad_parameter()) }
}
