//! How a refusal is said: the one table from [`Refusal`] to response codes (RFC 5530, 3501, 9208).

use super::verb::{After, Done, Next, Status, no};
use crate::ask::Refusal;
use crate::command::{CommandBody, Numbering};

/// What a command's kind decides of its answer, beside the verb itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    /// EXPUNGE may be said at its end (RFC 3501 section 7.4.1: not where sequence numbers are
    /// being used).
    pub(super) may_expunge: bool,
    /// A missing mailbox is one the client could make: `TRYCREATE`.
    target: bool,
    /// A `NO` would be believed to mean "nothing there": passing trouble is a `BYE`.
    believes_no: bool,
}

impl Manner {
    /// The manner of a command.
    pub(super) fn of(body: &CommandBody) -> Manner {
        use CommandBody as C;
        let by_sequence = match body {
            C::Fetch { messages, .. } | C::Store { messages, .. } => {
                messages.numbering == Numbering::Sequence
            }
            C::Search { numbering, .. } => *numbering == Numbering::Sequence,
            _ => false,
        };
        Manner {
            may_expunge: !by_sequence,
            target: matches!(body, C::Copy { .. } | C::Append(_)),
            believes_no: matches!(
                body,
                C::Select { .. }
                    | C::Close
                    | C::Copy { .. }
                    | C::Expunge { .. }
                    | C::Fetch { .. }
                    | C::Search { .. }
                    | C::Store { .. }
            ),
        }
    }

    /// What to say to a refusal.
    pub(super) fn answer(self, refusal: Refusal) -> Next {
        match refusal {
            Refusal::AuthenticationFailed => no("[AUTHENTICATIONFAILED] Authentication failed."),
            Refusal::Unavailable => no("[UNAVAILABLE] Try again later."),
            Refusal::NoSuchMailbox if self.target => no("[TRYCREATE] No such mailbox."),
            Refusal::NoSuchMailbox => no("[NONEXISTENT] No such mailbox."),
            Refusal::AlreadyExists => no("[ALREADYEXISTS] There is such a mailbox already."),
            Refusal::OverQuota => no("[OVERQUOTA] The account is full."),
            Refusal::Limit(text) => no(format!("[LIMIT] {}", one_line(&text))),
            Refusal::Cannot(text) => no(format!("[CANNOT] {}", one_line(&text))),
            Refusal::TooManyConnections(text) => no(format!("[UNAVAILABLE] {}", one_line(&text))),
            Refusal::Passing(text) if self.believes_no => {
                Next::Bye(format!("[UNAVAILABLE] {}", one_line(&text)).into())
            }
            Refusal::Passing(text) => Next::Done(Done {
                status: Status::No,
                text: format!("[UNAVAILABLE] {}", one_line(&text)).into(),
                after: After::Command,
            }),
        }
    }
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
    fn fetch_is_never_answered_no_for_passing_trouble() {
        let passing = Refusal::Passing("Disk\r\ntrouble.".into());
        assert_eq!(said(&fetch(Numbering::Uid), passing), "BYE [UNAVAILABLE] Disk  trouble.");
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
