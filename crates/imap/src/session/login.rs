//! LOGIN and AUTHENTICATE PLAIN (RFC 3501 sections 6.2.2 and 6.2.3, RFC 4616, 4959).
//!
//! Both lead to the same question with the same bytes. A wrong password is answered with words the
//! client knows; passing trouble never is, since the client would ask its user for a new password.

use mail::limits;

use super::core::{Core, Stage, line};
use super::verb::{After, Begin, Done, Event, Next, Outcome, Status, Verb, ask, bad, no, ok};
use super::{Transport, capability};
use crate::ask::{Answer, Ask, Refusal};
use crate::command::Mechanism;
use crate::sasl;

/// LOGIN
pub(super) fn login(user: Vec<u8>, password: Vec<u8>, core: &Core) -> Begin {
    match core.transport {
        Transport::Tls => ask(Ask::Login { user, password }, conclude),
        Transport::Plain { .. } => needs_tls(),
    }
}

/// AUTHENTICATE
pub(super) fn authenticate(mechanism: Mechanism, initial: Option<Vec<u8>>, core: &Core) -> Begin {
    match (core.transport, mechanism) {
        (Transport::Plain { .. }, _) => needs_tls(),
        (Transport::Tls, Mechanism::Other) => no("[CANNOT] This mechanism is not offered.").into(),
        (Transport::Tls, Mechanism::Plain) => Plain { initial }.into(),
    }
}

fn needs_tls() -> Begin {
    no("[PRIVACYREQUIRED] Begin TLS first.").into()
}

/// AUTHENTICATE PLAIN, perhaps before its response.
struct Plain {
    initial: Option<Vec<u8>>,
}

impl Verb for Plain {
    fn on(&mut self, event: Event, core: &mut Core) -> Outcome {
        match event {
            Event::Go => match self.initial.take() {
                Some(response) => Ok(ask_login(&response)),
                None => {
                    line(&mut core.out, format_args!("+ "));
                    Ok(Next::Line)
                }
            },
            Event::Line(line) => Ok(match line.trim_ascii() {
                b"*" => bad("Authentication cancelled."),
                line => match sasl::decode_response(line) {
                    Some(response) => ask_login(&response),
                    None => bad("That is no base64."),
                },
            }),
            Event::Lost => Ok(bad("Authentication broken off.")),
            event => conclude(event.answer()?, core),
        }
    }
}

fn ask_login(response: &[u8]) -> Next {
    let Some(sasl::Plain { authorize_as, user, password }) = sasl::parse_plain(response) else {
        return bad("That is no PLAIN response.");
    };
    if !authorize_as.is_empty() && authorize_as != user {
        return no("[AUTHORIZATIONFAILED] Nobody acts for another here.");
    }
    Next::Ask(Ask::Login { user, password })
}

fn conclude(answer: Answer, core: &mut Core) -> Outcome {
    match answer.logged_in() {
        Ok(()) => {
            core.stage = Stage::Authenticated;
            Ok(ok(format!("[CAPABILITY {}] Logged in.", capability::list(core))))
        }
        Err(Refusal::AuthenticationFailed) => Ok(failed(core)),
        Err(refusal) => Err(refusal),
    }
}

fn failed(core: &mut Core) -> Next {
    core.auth_failures += 1;
    let after = match core.auth_failures {
        limits::IMAP_AUTH_FAILURES_MAX.. => After::Close(Some("Too many failed logins.")),
        _ => After::Command,
    };
    let text = "[AUTHENTICATIONFAILED] Authentication failed.".into();
    Next::Done(Done { status: Status::No, text, after })
}
