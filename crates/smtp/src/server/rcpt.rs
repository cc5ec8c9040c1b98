//! RCPT (RFC 5321 section 4.1.1.3): one more recipient.

use super::envelope::Argument;
use super::{Outcome, Question, Server};
use crate::ask::{Answer, Ask};
use crate::reply::Reply;

const FORM: &str = "RCPT TO:<address>";

impl Server {
    /// The ceiling is looked at after the syntax, so that a wrong address is always called wrong.
    pub(super) fn rcpt(&mut self, argument: &str) -> Outcome {
        let transaction = self.transaction.as_ref().ok_or(Reply::mail_first())?;
        let argument = Argument::split(argument, "TO:").ok_or_else(|| Reply::syntax(FORM))?;
        check_parameters(&argument)?;
        let recipient = argument.address(transaction.utf8, Reply::bad_recipient_syntax())?;
        if transaction.recipients >= self.profile.recipients_max {
            return Err(Reply::too_many_recipients());
        }
        Ok(Some(self.ask(Question::Recipient, Ask::Recipient(recipient))))
    }

    pub(super) fn recipient_answered(&mut self, answer: Answer) {
        match (answer, &mut self.transaction) {
            (Answer::Go, Some(transaction)) => {
                transaction.recipients += 1;
                self.say(&Reply::recipient_ok());
            }
            (other, _) => self.refused(other),
        }
    }
}

/// Those of DSN (RFC 3461) are taken and ignored.
fn check_parameters(argument: &Argument<'_>) -> Result<(), Reply> {
    let known = |name: &str| ["NOTIFY", "ORCPT"].iter().any(|k| k.eq_ignore_ascii_case(name));
    match argument.parameters().find(|(name, _)| !known(name)) {
        Some((name, _)) => Err(Reply::unsupported_parameter(name)),
        None => Ok(()),
    }
}
