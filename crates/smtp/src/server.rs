//! The server machine: one SMTP connection as a value (RFC 5321).
//!
//! Bytes go in by [`Server::feed`], what to do comes out of [`Server::poll`], replies wait in
//! [`Server::output`]. Any number of commands may come in one piece, and any command in any
//! number of pieces, with the same replies in the same order (RFC 2920).
//!
//! Promises: a reply follows its command and nothing else; the envelope has one owner
//! ([`Transaction`]) and one way to be forgotten ([`Server::forget`]); bytes that were not ended by
//! CR LF are never run; what was buffered before TLS is gone after it; memory is bounded by
//! `mail::limits`, and an idle machine holds none beyond itself.
//!
//! One file per verb; this one holds what they share.

mod auth;
mod command;
mod data;
mod envelope;
mod hello;
mod input;
mod mail;
mod rcpt;
mod session;
mod starttls;
mod vrfy;

use std::mem;
use std::time::Duration;

use ::mail::limits::{
    SMTP_AUTH_FAILURES_MAX, SMTP_AUTH_LINE_BYTES_MAX, SMTP_COMMAND_BYTES_MAX,
    SMTP_COMMAND_TIMEOUT_S, SMTP_DATA_TIMEOUT_S, SMTP_ERRORS_MAX, SMTP_OUTPUT_BYTES_HIGH,
    SMTP_PREAUTH_TIMEOUT_S,
};

use crate::ask::{Answer, Ask, Step};
use crate::data::DataFault;
use crate::profile::{Kind, Profile, TlsState};
use crate::reply::Reply;
use command::Verb;
use input::{Input, Line};

/// One connection.
#[derive(Debug)]
pub struct Server {
    profile: Profile,
    input: Input,
    output: Vec<u8>,
    phase: Phase,
    asked: Option<Question>,
    /// EHLO or HELO was said since the connection, or TLS, began.
    greeted: bool,
    authenticated: bool,
    transaction: Option<Transaction>,
    /// The door must be told that its transaction is forgotten.
    reset_owed: bool,
    stopping: bool,
    /// Something was completed since the last `Step::Input`.
    progress: bool,
    errors: u32,
    auth_failures: u32,
}

/// What the next bytes are.
#[derive(Debug)]
enum Phase {
    /// Nothing yet: we speak first.
    Greeting,
    /// A command.
    Command,
    /// A response within AUTH.
    Auth(auth::Exchange),
    /// Message data.
    Data(Box<data::Reception>),
    /// Nothing: the TLS handshake is next.
    StartingTls,
    /// Nothing ever again.
    Closing,
}

/// The question that is open.
#[derive(Debug)]
enum Question {
    Authenticate,
    Mail { utf8: bool },
    Recipient,
    DataBegin,
    Content,
    DataEnd { fault: Option<DataFault> },
    Reset,
}

/// The envelope as far as the machine must know it; the door has the addresses.
#[derive(Debug)]
struct Transaction {
    recipients: usize,
    /// SMTPUTF8 was given at MAIL (RFC 6531 section 3.4).
    utf8: bool,
}

/// What a verb did: asked something, or said something (`None`), or refused (`Err`), which counts
/// as an error of the client.
type Outcome = Result<Option<Step>, Reply>;

impl Server {
    /// A connection that was just accepted, after the TLS handshake if `profile.tls` says so.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            input: Input::default(),
            output: Vec::new(),
            phase: Phase::Greeting,
            asked: None,
            greeted: false,
            authenticated: false,
            transaction: None,
            reset_owed: false,
            stopping: false,
            progress: true,
            errors: 0,
            auth_failures: 0,
        }
    }

    /// Takes what one read gave. To be called after [`Step::Input`] only; on port 25 also before the
    /// first poll, with what came before the greeting, which is refused. More than
    /// `SMTP_INPUT_BYTES_MAX` waiting bytes end the connection.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !matches!(self.phase, Phase::Closing) && !self.input.push(bytes) {
            self.close_with(&Reply::local_error());
        }
    }

    /// What to do next. After `Ask` comes [`Server::answer`]; after `StartTls`,
    /// [`Server::tls_established`]; after `Close`, nothing.
    pub fn poll(&mut self) -> Step {
        debug_assert!(self.asked.is_none(), "a question is open");
        loop {
            if let Some(step) = self.advance() {
                return step;
            }
        }
    }

    /// The replies to write out. Who writes takes them away: what stays is written again. A buffer
    /// left with capacity keeps its memory; `mem::take` gives it back.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// The answer to the open question. An answer nobody asked for is ignored.
    pub fn answer(&mut self, answer: Answer) {
        let Some(question) = self.asked.take() else {
            debug_assert!(false, "no question is open");
            return;
        };
        match question {
            Question::Authenticate => self.authenticate_answered(answer),
            Question::Mail { utf8 } => self.mail_answered(answer, utf8),
            Question::Recipient => self.recipient_answered(answer),
            Question::DataBegin => self.data_begin_answered(answer),
            Question::Content => self.content_answered(answer),
            Question::DataEnd { fault } => self.data_end_answered(answer, fault),
            Question::Reset => {}
        }
    }

    /// The patience of the last [`Step::Input`] has passed.
    pub fn timed_out(&mut self) {
        self.close_with(&Reply::timed_out(&self.profile.hostname));
    }

    /// The handshake after [`Step::StartTls`] is done. Everything said before is forgotten and
    /// everything buffered is dropped (RFC 3207 section 4.2).
    pub fn tls_established(&mut self) {
        self.forget();
        self.input = Input::default();
        self.output = Vec::new();
        self.greeted = false;
        self.authenticated = false;
        self.progress = true;
        self.profile.tls = TlsState::Established;
        self.phase = Phase::Command;
    }

    /// The server is stopping: between transactions the connection ends with 421, a transaction
    /// under way may finish. To be followed by a poll if the door waits for input.
    pub fn shut_down(&mut self) {
        self.stopping = true;
    }

    /// True if nothing is under way: no transaction, nothing buffered, nothing asked.
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Command)
            && self.transaction.is_none()
            && self.asked.is_none()
            && !self.reset_owed
            && self.input.is_empty()
            && self.output.is_empty()
    }

    fn advance(&mut self) -> Option<Step> {
        if mem::take(&mut self.reset_owed) {
            return Some(self.ask(Question::Reset, Ask::Reset));
        }
        if self.output.len() >= SMTP_OUTPUT_BYTES_HIGH {
            return Some(Step::Flush);
        }
        match self.phase {
            Phase::Greeting => self.greet(),
            Phase::Command | Phase::Auth(_) => self.next_line(),
            Phase::Data(_) => self.next_content(),
            Phase::StartingTls => Some(Step::StartTls),
            Phase::Closing => Some(Step::Close),
        }
    }

    /// Other servers wait for the greeting (RFC 5321 section 3.1); those that do not are programs
    /// that write without reading.
    fn greet(&mut self) -> Option<Step> {
        if self.profile.kind == Kind::Mx && !self.input.is_empty() {
            self.close_with(&Reply::talked_too_early());
            return None;
        }
        self.phase = Phase::Command;
        self.say(&Reply::greeting(&self.profile.hostname));
        None
    }

    fn next_line(&mut self) -> Option<Step> {
        if self.stopping && self.transaction.is_none() {
            self.close_with(&Reply::shutting_down(&self.profile.hostname));
            return None;
        }
        let in_auth = self.expects_auth_line();
        let bytes_max = if in_auth { SMTP_AUTH_LINE_BYTES_MAX } else { SMTP_COMMAND_BYTES_MAX };
        let outcome = match self.input.line(bytes_max) {
            Line::Incomplete => return Some(self.want_input()),
            Line::Broken => {
                self.close_with(&Reply::bad_line_end());
                return None;
            }
            Line::Endless => {
                self.close_with(&Reply::too_many_errors(&self.profile.hostname));
                return None;
            }
            Line::TooLong if in_auth => self.auth_line_too_long(),
            Line::TooLong => Err(Reply::line_too_long()),
            Line::Whole(line) => self.take_line(&line),
        };
        self.progress |= !self.is_stranger();
        outcome.unwrap_or_else(|reply| {
            self.refuse(&reply);
            None
        })
    }

    fn expects_auth_line(&self) -> bool {
        matches!(self.phase, Phase::Auth(_)) || command::is_auth(self.input.unread())
    }

    fn take_line(&mut self, line: &[u8]) -> Outcome {
        match mem::replace(&mut self.phase, Phase::Command) {
            Phase::Auth(exchange) => self.auth_response(exchange, line),
            _ => self.run(line),
        }
    }

    fn run(&mut self, line: &[u8]) -> Outcome {
        let (verb, argument) = command::parse(line)?;
        if self.profile.tls == TlsState::Offered && !verb.is_allowed_before_tls() {
            return Err(Reply::starttls_first());
        }
        match verb {
            Verb::Ehlo => self.ehlo(argument),
            Verb::Helo => self.helo(argument),
            Verb::StartTls => self.starttls(argument),
            Verb::Auth => self.auth(argument),
            Verb::Mail => self.mail(argument),
            Verb::Rcpt => self.rcpt(argument),
            Verb::Data => self.data(argument),
            Verb::Rset => self.rset(argument),
            Verb::Noop => self.noop(),
            Verb::Vrfy => self.vrfy(argument),
            Verb::Help => self.help(),
            Verb::Quit => self.quit(),
            Verb::NotOffered => Err(Reply::not_implemented()),
            Verb::Foreign => self.foreign(),
            Verb::Unknown => Err(Reply::unknown_command()),
        }
    }

    /// Nothing is held while waiting but what waits to be completed.
    fn want_input(&mut self) -> Step {
        self.input.release();
        let patience = match self.phase {
            Phase::Data(_) => SMTP_DATA_TIMEOUT_S,
            _ if self.is_stranger() => SMTP_PREAUTH_TIMEOUT_S,
            _ => SMTP_COMMAND_TIMEOUT_S,
        };
        let progress = mem::take(&mut self.progress);
        Step::Input { patience: Duration::from_secs(patience), progress }
    }

    /// Somebody who has yet to log in, and for whom nothing but that is progress.
    fn is_stranger(&self) -> bool {
        self.profile.kind == Kind::Submission && !self.authenticated
    }

    fn ask(&mut self, question: Question, ask: Ask) -> Step {
        self.asked = Some(question);
        Step::Ask(ask)
    }

    /// The one way a transaction is forgotten before its data ended.
    fn forget(&mut self) {
        self.reset_owed |= self.transaction.take().is_some();
    }

    fn say(&mut self, reply: &Reply) {
        reply.write_to(&mut self.output);
    }

    /// Says no. Permanent refusals count, and too many of them end the connection.
    fn refuse(&mut self, reply: &Reply) {
        self.say(reply);
        if reply.is_permanent() {
            self.errors += 1;
        }
        if self.errors >= SMTP_ERRORS_MAX {
            self.close_with(&Reply::too_many_errors(&self.profile.hostname));
        }
    }

    fn refuse_login(&mut self, reply: &Reply) {
        self.auth_failures += u32::from(reply.is_permanent());
        self.refuse(reply);
        if self.auth_failures >= SMTP_AUTH_FAILURES_MAX {
            self.close_with(&Reply::too_many_logins(&self.profile.hostname));
        }
    }

    /// The last reply. The first to close has the last word.
    fn close_with(&mut self, reply: &Reply) {
        if !matches!(self.phase, Phase::Closing) {
            self.say(reply);
        }
        self.close();
    }

    fn close(&mut self) {
        self.forget();
        self.asked = None;
        self.input = Input::default();
        self.phase = Phase::Closing;
    }

    /// The door said no, or something that was no answer to the question.
    fn refused(&mut self, answer: Answer) {
        match answer {
            Answer::Refuse(reply) => self.refuse(&never_success(reply)),
            Answer::RefuseAndClose(reply) => self.close_with(&never_success(reply)),
            Answer::Go | Answer::Authenticated | Answer::Reply(_) => {
                debug_assert!(false, "the answer does not fit the question");
                self.refuse(&Reply::local_error());
            }
        }
    }
}

/// A refusal that reads like success would lose mail.
fn never_success(reply: Reply) -> Reply {
    if reply.is_transient() || reply.is_permanent() { reply } else { Reply::local_error() }
}

#[cfg(test)]
mod tests;
