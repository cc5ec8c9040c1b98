//! Whether a logged-in user may send this message.
//!
//! Two moments: the sender is judged before the first recipient is taken ([`may_send_as`]), the
//! message after its last byte ([`submit`]). A user sends under its own name only, in the envelope
//! as in the header, and only what is encrypted; exceptions are the cleartext first step of
//! secure-join and an Autocrypt Setup Message to oneself (mail specification 2.4, 3.5).

use mail::Address;
use mail::gate::{Class, Findings, FromError};
use mail::limits::SMTP_HOPS_MAX;

/// What is known of a message when its last byte is in.
#[derive(Clone, Copy, Debug)]
pub struct SubmissionFacts<'a> {
    /// MAIL FROM, which passed [`may_send_as`]; `None` for `<>`.
    pub sender: Option<&'a Address>,
    /// Every RCPT TO that was taken.
    pub recipients: &'a [Address],
    /// What the gate saw.
    pub findings: &'a Findings,
}

/// The envelope sender is not the user who is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sender is not the user who is logged in")]
pub struct SenderNotOwned;

/// Why a message may not be sent, in the order in which it is looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitRefusal {
    /// The From field does not name exactly one author.
    #[error(transparent)]
    FromUnusable(FromError),
    /// The author, given here, is not the envelope sender.
    #[error("the author {0} is not the sender")]
    FromDiffers(Address),
    /// It was handed on more than [`SMTP_HOPS_MAX`] times: it goes in circles.
    #[error("the message was handed on too often")]
    TooManyHops,
    /// Neither encrypted nor one of the exceptions.
    #[error("the message is not encrypted")]
    NotEncrypted,
}

/// Whether this login may use this envelope sender. Sub-addresses (`user+x`) are not one's own.
/// The null sender passes here, and no message of its passes [`submit`].
pub fn may_send_as(login: &Address, sender: Option<&Address>) -> Result<(), SenderNotOwned> {
    match sender {
        Some(sender) if sender != login => Err(SenderNotOwned),
        _ => Ok(()),
    }
}

/// Whether the message may go out.
pub fn submit(facts: &SubmissionFacts<'_>) -> Result<(), SubmitRefusal> {
    let header = &facts.findings.header;
    let from = header.from.as_ref().map_err(|why| SubmitRefusal::FromUnusable(*why))?;
    if facts.sender != Some(from) {
        return Err(SubmitRefusal::FromDiffers(from.clone()));
    }
    if header.received_fields > SMTP_HOPS_MAX {
        return Err(SubmitRefusal::TooManyHops);
    }
    match facts.findings.class {
        Class::Encrypted | Class::SecureJoin => Ok(()),
        Class::SetupMessage if facts.recipients == std::slice::from_ref(from) => Ok(()),
        Class::SetupMessage | Class::Report | Class::Cleartext => Err(SubmitRefusal::NotEncrypted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::gate::{Direction, Gate, HeaderFacts};

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn findings(class: Class, from: Result<&str, FromError>) -> Findings {
        let header = HeaderFacts {
            from: from.map(address),
            from_fields: 1,
            received_fields: 0,
            subject_is_setup_message: class == Class::SetupMessage,
            auto_submitted: class == Class::Report,
            content_type: None,
            fields: 1,
            size_bytes: 100,
        };
        Findings { class, header, size_bytes: 1_000 }
    }

    fn verdict(
        findings: &Findings,
        sender: Option<&str>,
        recipients: &[&str],
    ) -> Result<(), SubmitRefusal> {
        let sender = sender.map(address);
        let recipients: Vec<Address> = recipients.iter().copied().map(address).collect();
        submit(&SubmissionFacts { sender: sender.as_ref(), recipients: &recipients, findings })
    }

    fn of_class(class: Class, recipients: &[&str]) -> Result<(), SubmitRefusal> {
        verdict(&findings(class, Ok("me@chat.example")), Some("me@chat.example"), recipients)
    }

    #[test]
    fn s19_one_sends_under_ones_own_name_only() {
        let me = address("Me@Chat.Example");
        assert_eq!(may_send_as(&me, Some(&address("me@chat.example"))), Ok(()));
        assert_eq!(may_send_as(&me, None), Ok(()));
        for other in ["me+x@chat.example", "you@chat.example", "me@other.example"] {
            assert_eq!(may_send_as(&me, Some(&address(other))), Err(SenderNotOwned), "{other}");
        }
    }

    #[test]
    fn s19_the_author_is_the_sender() {
        let forged = findings(Class::Encrypted, Ok("you@chat.example"));
        let differs = Err(SubmitRefusal::FromDiffers(address("you@chat.example")));
        assert_eq!(verdict(&forged, Some("me@chat.example"), &["a@b.example"]), differs);
        assert_eq!(
            verdict(&forged, None, &["a@b.example"]),
            differs,
            "nobody is not the null sender"
        );
        assert_eq!(verdict(&forged, Some("YOU@chat.example"), &["a@b.example"]), Ok(()));
    }

    #[test]
    fn s20_an_unclear_author_is_refused_before_all_else() {
        for why in [FromError::Missing, FromError::Repeated, FromError::Unclear] {
            let findings = findings(Class::Cleartext, Err(why));
            assert_eq!(
                verdict(&findings, Some("me@chat.example"), &["a@b.example"]),
                Err(SubmitRefusal::FromUnusable(why))
            );
        }
    }

    #[test]
    fn s21_only_what_is_encrypted_goes_out_and_the_first_step_of_secure_join() {
        for recipients in [&["a@b.example"][..], &["a@b.example", "me@chat.example"], &[]] {
            assert_eq!(of_class(Class::Encrypted, recipients), Ok(()));
            assert_eq!(of_class(Class::SecureJoin, recipients), Ok(()));
            for class in [Class::SetupMessage, Class::Report, Class::Cleartext] {
                assert_eq!(of_class(class, recipients), Err(SubmitRefusal::NotEncrypted));
            }
        }
    }

    #[test]
    fn s21_clear_text_to_oneself_is_for_setup_messages_only() {
        let me = &["me@chat.example"][..];
        assert_eq!(of_class(Class::SetupMessage, me), Ok(()));
        assert_eq!(of_class(Class::Report, me), Err(SubmitRefusal::NotEncrypted));
        assert_eq!(of_class(Class::Cleartext, me), Err(SubmitRefusal::NotEncrypted));
        let twice = &["me@chat.example", "me@chat.example"][..];
        assert_eq!(of_class(Class::SetupMessage, twice), Err(SubmitRefusal::NotEncrypted));
    }

    #[test]
    fn a_message_at_the_hop_ceiling_goes_and_one_past_it_does_not() {
        let mut findings = findings(Class::Encrypted, Ok("me@chat.example"));
        findings.header.received_fields = SMTP_HOPS_MAX;
        assert_eq!(verdict(&findings, Some("me@chat.example"), &["a@b.example"]), Ok(()));
        findings.header.received_fields += 1;
        assert_eq!(
            verdict(&findings, Some("me@chat.example"), &["a@b.example"]),
            Err(SubmitRefusal::TooManyHops)
        );
    }

    #[test]
    fn s22_what_the_gate_finds_in_real_bytes_is_judged() {
        let judged = |message: &str| {
            let mut gate = Gate::new(Direction::Outgoing);
            gate.feed(message.as_bytes());
            verdict(&gate.finish().unwrap(), Some("me@chat.example"), &["a@b.example"])
        };
        let imitation = "From: <me@chat.example>\r\nContent-Type: text/plain\r\n\r\n\
                         -----BEGIN PGP MESSAGE-----\r\n\r\nwU4D\r\n-----END PGP MESSAGE-----\r\n";
        assert_eq!(judged(imitation), Err(SubmitRefusal::NotEncrypted));
        let handshake = "From: <me@chat.example>\r\nSecure-Join: vc-request\r\n\
                         Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\n\
                         --x\r\nContent-Type: text/plain\r\n\r\nSecure-Join: vc-request\r\n\
                         --x--\r\n";
        assert_eq!(judged(handshake), Ok(()));
        let two = format!("From: <me@chat.example>\r\n{handshake}");
        assert_eq!(judged(&two), Err(SubmitRefusal::FromUnusable(FromError::Repeated)));
    }
}
