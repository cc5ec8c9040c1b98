use mail::gate::{Direction, Gate, HeaderFacts};

use super::*;

const STRICT: Option<Standing> = Some(Standing { enabled: true, accepts_cleartext: false });
const LENIENT: Option<Standing> = Some(Standing { enabled: true, accepts_cleartext: true });
const BLOCKED: Option<Standing> = Some(Standing { enabled: false, accepts_cleartext: false });

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn findings(class: Class, from: Result<&str, FromError>) -> Findings {
    let header = HeaderFacts {
        from: from.map(address),
        from_fields: 1,
        received_fields: 0,
        subject_is_setup_message: false,
        auto_submitted: false,
        content_type: None,
        fields: 1,
        size_bytes: 100,
    };
    Findings { class, header, size_bytes: 1_000 }
}

fn recipients(accounts: &[Option<Standing>]) -> Vec<Recipient> {
    let named = |(n, account): (usize, &Option<Standing>)| Recipient {
        address: address(&format!("u{n}@here.example")),
        account: *account,
    };
    accounts.iter().enumerate().map(named).collect()
}

fn judge(
    findings: &Findings,
    sender: Option<&str>,
    accounts: &[Option<Standing>],
) -> Result<Admission, AcceptRefusal> {
    let (sender, recipients) = (sender.map(address), recipients(accounts));
    accept(&IncomingFacts {
        sender: sender.as_ref(),
        recipients: &recipients,
        findings,
        was_here: false,
    })
}

fn of_class(class: Class, accounts: &[Option<Standing>]) -> Result<(), AcceptRefusal> {
    judge(&findings(class, Ok("a@there.example")), None, accounts).map(drop)
}

#[test]
fn what_is_encrypted_comes_in_and_handshakes_and_reports() {
    for class in [Class::Encrypted, Class::SecureJoin, Class::Report] {
        assert_eq!(of_class(class, &[STRICT, None]), Ok(()), "{class:?}");
    }
    for class in [Class::Cleartext, Class::SetupMessage] {
        assert_eq!(of_class(class, &[STRICT]), Err(AcceptRefusal::NotEncrypted), "{class:?}");
    }
}

#[test]
fn clear_text_needs_every_recipient_and_an_account_for_each() {
    assert_eq!(of_class(Class::Cleartext, &[LENIENT, LENIENT]), Ok(()));
    assert_eq!(of_class(Class::Cleartext, &[LENIENT, STRICT]), Err(AcceptRefusal::NotEncrypted));
    assert_eq!(of_class(Class::Cleartext, &[LENIENT, None]), Err(AcceptRefusal::NotEncrypted));
    assert_eq!(of_class(Class::Cleartext, &[LENIENT, BLOCKED]), Ok(()), "who gets nothing");
}

#[test]
fn an_unclear_author_is_refused_before_all_else() {
    for why in [FromError::Missing, FromError::Repeated, FromError::Unclear] {
        let mut findings = findings(Class::Cleartext, Err(why));
        findings.header.received_fields = SMTP_HOPS_MAX + 1;
        let refused = Err(AcceptRefusal::FromUnusable(why));
        assert_eq!(judge(&findings, None, &[STRICT]), refused);
    }
}

#[test]
fn s33_what_goes_in_circles_is_refused() {
    let mut findings = findings(Class::Encrypted, Ok("a@there.example"));
    findings.header.received_fields = SMTP_HOPS_MAX;
    assert!(judge(&findings, None, &[STRICT]).is_ok());
    findings.header.received_fields += 1;
    assert_eq!(judge(&findings, None, &[STRICT]), Err(AcceptRefusal::Loop));
    findings.header.received_fields = 0;
    let facts =
        IncomingFacts { sender: None, recipients: &[], findings: &findings, was_here: true };
    assert_eq!(accept(&facts), Err(AcceptRefusal::Loop));
}

#[test]
fn only_the_author_is_sent_reports() {
    let findings = findings(Class::Encrypted, Ok("a@there.example"));
    let sender = |sender| judge(&findings, sender, &[STRICT]).unwrap().sender;
    assert_eq!(sender(Some("A@There.example")), Some(address("a@there.example")));
    for other in ["srs0=x=there.example=a@forwarder.example", "a+x@there.example"] {
        assert_eq!(sender(Some(other)), None, "{other}");
    }
    assert_eq!(sender(None), None);
}

#[test]
fn blocked_recipients_get_nothing_and_nobody_is_told() {
    let findings = findings(Class::Encrypted, Ok("a@there.example"));
    let admission = judge(&findings, None, &[BLOCKED, STRICT, None]).unwrap();
    let expected = [address("u1@here.example"), address("u2@here.example")];
    assert_eq!(admission.recipients, expected);
    assert_eq!(judge(&findings, None, &[BLOCKED]).unwrap().recipients, []);
}

#[test]
fn the_author_s_domain_has_to_vouch_unless_it_is_an_ip_address() {
    let origin =
        |from| judge(&findings(Class::Encrypted, Ok(from)), None, &[STRICT]).unwrap().origin;
    let there = Domain::parse("there.example").unwrap();
    assert_eq!(origin("a@There.example"), Origin::Domain(there));
    assert_eq!(origin("a@[192.0.2.1]"), Origin::AddressLiteral);
    assert_eq!(origin("a@[IPv6:2001:db8::1]"), Origin::AddressLiteral);
}

#[test]
fn s29_mail_ends_here_or_is_not_taken() {
    let here = Domain::parse("here.example").unwrap();
    for ours in ["u@here.example", "U+tag@HERE.example", "nobody@here.example"] {
        assert!(is_ours(&address(ours), &here), "{ours}");
    }
    for other in [
        "u@there.example",
        "u@sub.here.example",
        "u@[192.0.2.1]",
        "u%there.example@here.example",
        "there.example!u@here.example",
    ] {
        assert!(!is_ours(&address(other), &here), "{other}");
    }
}

#[test]
fn reports_come_in_for_everybody_but_only_from_a_mailer_daemon() {
    let report = "From: <MAILER-DAEMON@there.example>\r\nAuto-Submitted: auto-replied\r\n\
                  Content-Type: multipart/report; boundary=x\r\n\r\nhello\r\n";
    let judged = |message: &str| {
        let mut gate = Gate::new(Direction::Incoming);
        gate.feed(message.as_bytes());
        judge(&gate.finish().unwrap(), None, &[STRICT])
    };
    assert_eq!(judged(report).unwrap().recipients, [address("u0@here.example")]);
    for other in [
        report.replace("MAILER-DAEMON", "them"),
        report.replace("Auto-Submitted: auto-replied", "Auto-Submitted:"),
        report.replace("multipart/report", "multipart/mixed"),
    ] {
        assert_eq!(judged(&other), Err(AcceptRefusal::NotEncrypted), "{other}");
    }
}
