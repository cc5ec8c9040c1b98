//! Whether a message from elsewhere may come in, as far as its structure and its envelope say.
//!
//! This is the decision before the signature check (mail specification 3.6): the encryption rule
//! comes first, so that an unsigned message in clear text is refused for being in clear text. What
//! passes still has to prove its origin as [`Admitted::origin`] says (4.2).

use mail::gate::{Class, Findings, FromError};
use mail::limits::SMTP_HOPS_MAX;
use mail::{Address, Domain};

/// What is known of a message when its last byte is in.
#[derive(Clone, Copy, Debug)]
pub struct IncomingFacts<'a> {
    /// MAIL FROM; `None` for `<>`.
    pub sender: Option<&'a Address>,
    /// Every recipient is an account of ours that takes messages in clear text. False as soon as
    /// one is unknown, and false if there is none.
    pub all_take_cleartext: bool,
    /// What the gate saw.
    pub findings: &'a Findings,
}

/// A message that may come in once its origin is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The sender from here on. It is `None` if the author is somebody else (forwarded mail): a
    /// report must not go to an address that may be forged.
    pub sender: Option<Address>,
    /// What proves where it comes from.
    pub origin: Origin,
}

/// What a message has to bring as proof of its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A valid DKIM signature of exactly this domain.
    Signed(Domain),
    /// Nothing: the author's domain is an address literal, for which there are no keys.
    Unproven,
}

/// Why a message may not come in, in the order in which it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptRefusal {
    /// The From field does not name exactly one author.
    #[error(transparent)]
    FromUnusable(FromError),
    /// It was handed on more than [`SMTP_HOPS_MAX`] times: it goes in circles.
    #[error("the message was handed on too often")]
    TooManyHops,
    /// Neither encrypted nor one of the exceptions, and a recipient takes no clear text.
    #[error("the message is not encrypted")]
    NotEncrypted,
}

/// Whether the message may come in.
pub fn accept(facts: &IncomingFacts<'_>) -> Result<Admitted, AcceptRefusal> {
    let header = &facts.findings.header;
    let from = header.from.as_ref().map_err(|why| AcceptRefusal::FromUnusable(*why))?;
    if header.received_fields > SMTP_HOPS_MAX {
        return Err(AcceptRefusal::TooManyHops);
    }
    match facts.findings.class {
        Class::Encrypted | Class::SecureJoin | Class::Report => {}
        Class::SetupMessage | Class::Cleartext if facts.all_take_cleartext => {}
        Class::SetupMessage | Class::Cleartext => return Err(AcceptRefusal::NotEncrypted),
    }
    Ok(Admitted { sender: facts.sender.filter(|it| *it == from).cloned(), origin: origin(from) })
}

fn origin(author: &Address) -> Origin {
    match author.domain().is_literal() {
        true => Origin::Unproven,
        false => Origin::Signed(author.domain().clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::gate::{Direction, Gate};

    const AUTHOR: &str = "From: Foo <Them@Else.Example>\r\n";
    const REPORT: &str = "From: <MAILER-DAEMON@else.example>\r\nAuto-Submitted: auto-replied\r\n\
                          Content-Type: multipart/report; boundary=x\r\n";

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    /// The gate's findings for a header and a short text.
    fn findings(header: &str) -> Findings {
        let mut gate = Gate::new(Direction::Incoming);
        gate.feed(format!("{header}\r\nhello\r\n").as_bytes());
        gate.finish().unwrap()
    }

    fn of_class(class: Class) -> Findings {
        Findings { class, ..findings(AUTHOR) }
    }

    fn verdict(
        findings: &Findings,
        sender: Option<&str>,
        all_take_cleartext: bool,
    ) -> Result<Admitted, AcceptRefusal> {
        let sender = sender.map(address);
        accept(&IncomingFacts { sender: sender.as_ref(), all_take_cleartext, findings })
    }

    #[test]
    fn encrypted_mail_and_handshakes_have_to_be_signed_by_their_author() {
        for class in [Class::Encrypted, Class::SecureJoin] {
            let admitted = verdict(&of_class(class), Some("them@else.example"), false).unwrap();
            assert_eq!(admitted.sender, Some(address("them@else.example")));
            assert_eq!(admitted.origin, Origin::Signed(Domain::parse("else.example").unwrap()));
        }
    }

    #[test]
    fn clear_text_needs_recipients_who_all_take_it() {
        for class in [Class::Cleartext, Class::SetupMessage] {
            let findings = of_class(class);
            let sender = Some("them@else.example");
            assert_eq!(verdict(&findings, sender, false), Err(AcceptRefusal::NotEncrypted));
            assert!(verdict(&findings, sender, true).is_ok());
        }
    }

    #[test]
    fn reports_come_in_for_everybody_but_only_from_a_mailer_daemon() {
        let admitted = verdict(&findings(REPORT), None, false).unwrap();
        assert_eq!(admitted.sender, None);
        assert_eq!(admitted.origin, Origin::Signed(Domain::parse("else.example").unwrap()));
        for other in [
            REPORT.replace("MAILER-DAEMON", "them"),
            REPORT.replace("Auto-Submitted: auto-replied", "Auto-Submitted:"),
            REPORT.replace("multipart/report", "multipart/mixed"),
        ] {
            let refusal = Err(AcceptRefusal::NotEncrypted);
            assert_eq!(verdict(&findings(&other), None, false), refusal, "{other}");
        }
    }

    #[test]
    fn a_sender_who_is_not_the_author_gets_no_reports() {
        let admitted = verdict(&of_class(Class::Encrypted), Some("srs@forwarder.example"), false);
        assert_eq!(admitted.unwrap().sender, None);
    }

    #[test]
    fn an_author_at_an_address_literal_cannot_sign() {
        let findings =
            Findings { class: Class::Encrypted, ..findings("From: <them@[192.0.2.1]>\r\n") };
        let admitted = verdict(&findings, Some("them@[192.0.2.1]"), false).unwrap();
        assert_eq!(admitted.origin, Origin::Unproven);
        assert_eq!(admitted.sender, Some(address("them@[192.0.2.1]")));
    }

    #[test]
    fn s20_an_unclear_author_is_refused_before_all_else() {
        let refused = |header: &str| verdict(&findings(header), None, true).unwrap_err();
        let missing = AcceptRefusal::FromUnusable(FromError::Missing);
        assert_eq!(refused("To: <x@y.example>\r\n"), missing);
        let repeated = AcceptRefusal::FromUnusable(FromError::Repeated);
        assert_eq!(refused(&format!("{AUTHOR}{AUTHOR}")), repeated);
    }

    #[test]
    fn a_message_at_the_hop_ceiling_comes_in_and_one_past_it_does_not() {
        let hops = |n: usize| {
            let header = format!("{AUTHOR}{}", "Received: by x\r\n".repeat(n));
            let findings = Findings { class: Class::Encrypted, ..findings(&header) };
            verdict(&findings, Some("them@else.example"), false).map(|_| ())
        };
        assert_eq!(hops(SMTP_HOPS_MAX), Ok(()));
        assert_eq!(hops(SMTP_HOPS_MAX + 1), Err(AcceptRefusal::TooManyHops));
    }
}
