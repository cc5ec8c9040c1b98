use proptest::prelude::*;

use super::*;

const ORIGINAL: &[u8] = b"Message-ID: <1@localhost>\r\nSubject: [...]\r\n\r\nsecret body\r\n";

fn failure(diagnostic: &str) -> FailedRecipient {
    FailedRecipient {
        recipient: Address::parse("b@y.org").unwrap(),
        status: (5, 1, 1),
        diagnostic: diagnostic.to_owned(),
        remote_mta: Some("mx.y.org".to_owned()),
    }
}

fn render(failures: &[FailedRecipient], original: &[u8], original_is_whole: bool) -> String {
    let report = DeliveryReport {
        reporting_mta: "mx.x.org",
        from_domain: &Domain::parse("x.org").unwrap(),
        to: &Address::parse("a@x.org").unwrap(),
        failures,
        original,
        original_is_whole,
        date: "Thu, 01 Jan 1970 00:00:00 +0000",
        token: "T0ken",
    };
    String::from_utf8_lossy(&report.render()).into_owned()
}

#[test]
fn the_whole_report() {
    let report = render(&[failure("550 5.1.1 no such user")], ORIGINAL, true);
    let expected = "\
Date: Thu, 01 Jan 1970 00:00:00 +0000
From: MAILER-DAEMON@x.org (Mail Delivery System)
To: a@x.org
Subject: Undelivered Mail Returned to Sender
Message-ID: <T0ken@x.org>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary=\"=_T0ken\"

--=_T0ken
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

This is the mail delivery system at mx.x.org.

Your message could not be delivered to:

<b@y.org>: 550 5.1.1 no such user

The undelivered message, or its header, is attached.

--=_T0ken
Content-Type: message/delivery-status
Content-Transfer-Encoding: 8bit

Reporting-MTA: dns; mx.x.org

Final-Recipient: rfc822; b@y.org
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.y.org
Diagnostic-Code: smtp; 550 5.1.1 no such user

--=_T0ken
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Message-ID: <1@localhost>
Subject: [...]

secret body

--=_T0ken--
";
    assert_eq!(report, expected.replace('\n', "\r\n"));
}

#[test]
fn each_failure_has_its_fields() {
    let report = render(&[failure("550 one"), failure("550 two")], ORIGINAL, true);
    assert_eq!(report.matches("\r\n\r\nFinal-Recipient: ").count(), 2);
    assert_eq!(report.matches("\r\nAction: failed\r\n").count(), 2);
}

#[test]
fn only_the_header_of_a_large_or_partial_original() {
    let at = [ORIGINAL, &vec![b'x'; REPORT_ORIGINAL_BYTES_MAX - ORIGINAL.len()]].concat();
    assert!(render(&[failure("550 x")], &at, true).contains("secret body"));
    let past = [&at, &b"x"[..]].concat();
    for (original, whole) in [(&past[..], true), (ORIGINAL, false)] {
        let report = render(&[failure("550 x")], original, whole);
        assert!(report.contains("Content-Type: text/rfc822-headers\r\n"));
        assert!(report.contains("\r\nMessage-ID: <1@localhost>\r\nSubject: [...]\r\n"));
        assert!(!report.contains("secret body"));
    }
}

#[test]
fn a_header_without_end_is_bounded() {
    let original = b"X: y\r\n".repeat(REPORT_ORIGINAL_BYTES_MAX);
    assert!(
        render(&[failure("550 x")], &original, false).len() < REPORT_ORIGINAL_BYTES_MAX + 2_000
    );
}

#[test]
fn s42_texts_of_others_add_no_fields() {
    let mut evil = failure("550 x\r\nAction: delivered\r\n\r\n--=_T0ken--");
    evil.remote_mta = Some("mx\nBcc: c@x.org".to_owned());
    let report = render(&[evil], ORIGINAL, true);
    assert!(!report.contains("\nAction: delivered") && !report.contains("\nBcc"));
    assert_eq!(report.matches("\r\n--=_T0ken").count(), 4);
}

#[test]
fn utf8_addresses_say_so() {
    let mut failure = failure("550 x");
    failure.recipient = Address::parse("ü@y.org").unwrap();
    assert!(render(&[failure], ORIGINAL, true).contains("Final-Recipient: utf-8; ü@y.org\r\n"));
}

proptest! {
    #[test]
    fn s42_every_line_ends_in_crlf(
        diagnostic: String,
        original in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), any::<u8>()], 0..99),
        whole: bool,
    ) {
        let report = render(&[failure(&diagnostic)], &original, whole);
        let rest = report.replace("\r\n", "");
        prop_assert!(!rest.contains(['\r', '\n']));
        prop_assert!(report.ends_with("--=_T0ken--\r\n"));
    }
}
