//! How a refusal is said: the one table from [`Refusal`] to response codes (RFC 5530, 3501, 9208).

use std::borrow::Cow;

use super::verb::{Next, no};
use crate::ask::Refusal;
use crate::command::{CommandBody, Numbering};

/// What a command's kind decides of its answer, beside the verb itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    /// EXPUNGE may be said at its end (RFC 3501 section 7.4.1: not where sequence numbers are
    /// being used).
    pub(super) may_expunge: bool,
    /// A missing mailbox is one the client could make: `TRYCREATE`.
    has_target: bool,
    no: No,
}

/// What a client makes of a `NO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum No {
    /// That the thing was not done.
    Understood,
    /// When it cannot be helped, that there is nothing: passing trouble is a `BYE`.
    Misunderstood,
    /// Always that there is nothing, and it never asks again.
    Believed,
}

impl Manner {
    /// The manner of a command.
    pub(super) fn of(body: &CommandBody) -> Manner {
        use CommandBody as C;
        let by_sequence = match body {
            C::Fetch { messages, .. } | C::Store { messages, .. } => messages.is_by_sequence(),
            C::Search { numbering, .. } => *numbering == Numbering::Sequence,
            _ => false,
        };
        Manner {
            may_expunge: !by_sequence,
            has_target: matches!(body, C::Copy { .. } | C::Append(_)),
            no: match body {
                C::Fetch { .. } => No::Believed,
                C::Close | C::Copy { .. } | C::Expunge { .. } => No::Misunderstood,
                C::Search { .. } | C::Select { .. } | C::Store { .. } => No::Misunderstood,
                _ => No::Understood,
            },
        }
    }

    /// What to say to a refusal.
    pub(super) fn answer(self, refusal: Refusal) -> Next {
        let passing = matches!(refusal, Refusal::Passing(_) | Refusal::Unavailable);
        let text = self.text(refusal);
        match self.no {
            No::Believed => Next::Bye(text),
            No::Misunderstood if passing => Next::Bye(text),
            _ => no(text),
        }
    }

    fn text(self, refusal: Refusal) -> Cow<'static, str> {
        match refusal {
            Refusal::AuthenticationFailed => "[AUTHENTICATIONFAILED] Authentication failed.".into(),
            Refusal::Unavailable => "[UNAVAILABLE] Try again later.".into(),
            Refusal::NoSuchMailbox if self.has_target => "[TRYCREATE] No such mailbox.".into(),
            Refusal::NoSuchMailbox => "[NONEXISTENT] No such mailbox.".into(),
            Refusal::AlreadyExists => "[ALREADYEXISTS] There is such a mailbox already.".into(),
            Refusal::OverQuota => "[OVERQUOTA] The account is full.".into(),
            Refusal::Limit(text) => coded("LIMIT", &text),
            Refusal::Cannot(text) => coded("CANNOT", &text),
            Refusal::TooManyConnections(text) | Refusal::Passing(text) => {
                coded("UNAVAILABLE", &text)
            }
        }
    }
}

fn coded(code: &str, text: &str) -> Cow<'static, str> {
    format!("[{code}] {}", one_line(text)).into()
}

/// Words of the door, made safe for a response line. Never empty.
fn one_line(text: &str) -> String {
    match text.trim() {
        "" => "Try again later.".into(),
        text => text.replace(|c: char| c.is_control(), " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Messages, SeqNumber, SeqRange, SeqSet};

    fn said(body: &CommandBody, refusal: Refusal) -> String {
        match Manner::of(body).answer(refusal) {
            Next::Done(done) => format!("{} {}", done.status.word(), done.text),
            Next::Bye(text) => format!("BYE {text}"),
            _ => panic!("a refusal ends the command"),
        }
    }

    fn fetch(numbering: Numbering) -> CommandBody {
        let one = SeqRange { from: SeqNumber::Number(1), to: SeqNumber::Number(1) };
        CommandBody::Fetch {
            messages: Messages { numbering, set: SeqSet(vec![one]) },
            items: Vec::new(),
        }
    }

    #[test]
    fn fetch_is_never_answered_no_for_trouble() {
        let passing = Refusal::Passing("Disk\r\ntrouble.".into());
        assert_eq!(said(&fetch(Numbering::Uid), passing), "BYE [UNAVAILABLE] Disk  trouble.");
        for refusal in [Refusal::NoSuchMailbox, Refusal::Unavailable, Refusal::OverQuota] {
            assert!(said(&fetch(Numbering::Sequence), refusal).starts_with("BYE "));
        }
    }

    #[test]
    fn passing_trouble_with_login_does_not_speak_of_authentication() {
        let login = CommandBody::Login { user: Vec::new(), password: Vec::new() };
        for refusal in [Refusal::Unavailable, Refusal::Passing(String::new())] {
            let said = said(&login, refusal);
            assert!(said.starts_with("NO [UNAVAILABLE]"), "{said}");
            assert!(!said.to_lowercase().contains("authentication"), "{said}");
        }
    }

    #[test]
    fn i7_expunge_is_held_back_where_sequence_numbers_are_used() {
        assert!(!Manner::of(&fetch(Numbering::Sequence)).may_expunge);
        assert!(Manner::of(&fetch(Numbering::Uid)).may_expunge);
        assert!(Manner::of(&CommandBody::Noop).may_expunge);
    }
}
