//! Samples, imitations and what may never happen.

mod checker;
mod imitations;
mod mutations;
mod samples;

use super::*;
use crate::Address;
use crate::limits::{HEADER_BLOCK_BYTES_MAX, HEADER_FIELDS_MAX};
use samples::{PACKETS, encrypted};

/// Judges a message given in pieces of one size.
fn judged_in(message: &[u8], direction: Direction, piece: usize) -> Result<Findings, GateError> {
    let mut gate = Gate::new(direction);
    message.chunks(piece.max(1)).for_each(|piece| gate.feed(piece));
    gate.finish()
}

fn judged(message: &[u8], direction: Direction) -> Result<Findings, GateError> {
    judged_in(message, direction, message.len())
}

/// Judges a message for both directions, which must agree.
fn class(message: impl AsRef<[u8]>) -> Result<Class, GateError> {
    let [out, into] = [Direction::Outgoing, Direction::Incoming]
        .map(|way| judged(message.as_ref(), way).map(|findings| findings.class));
    assert_eq!(out, into);
    out
}

fn facts(header: &str) -> HeaderFacts {
    judged(format!("{header}\r\n\r\n").as_bytes(), Direction::Outgoing).unwrap().header
}

#[test]
fn the_sample_table() {
    for (name, message, expected) in samples::TABLE {
        assert_eq!(class(samples::crlf(message)), Ok(*expected), "{name}");
    }
}

#[test]
fn a_version_line_passes_on_the_way_in_only() {
    let message = encrypted(PACKETS).replace(
        "BEGIN PGP MESSAGE-----\r\n\r\n",
        "BEGIN PGP MESSAGE-----\r\nVersion: GnuPG v2\r\n\r\n",
    );
    let classes = [Direction::Outgoing, Direction::Incoming]
        .map(|way| judged(message.as_bytes(), way).unwrap().class);
    assert_eq!(classes, [Class::Cleartext, Class::Encrypted]);
}

#[test]
fn s20_authors_that_are_not_one_plain_address() {
    for from in [
        "",
        "<>",
        "Foo",
        "a@example.org, b@example.org",
        "undisclosed: a@example.org;",
        "a@example.org,",
        "a@example.org b@example.org",
        "a@example.org <b@example.org>",
        "<a@example.org> b@example.org",
        "<a@example.org> <b@example.org>",
        "<a@example.org",
        "a@example.org>",
        "a b@example.org",
        "a @example.org",
        "a@ example.org",
        "a(x)@example.org",
        "a@example.org (<b@example.org>)",
        "<@x.org:a@example.org>",
        "\"a@evil.org\"@example.org",
        "\"a b\"@example.org",
        "\"a@example.org",
        "a\\@example.org",
        "a@example.org@example.com",
        "=?utf-8?q?a?=@example.org",
        "=?utf-8?q?a=40example.org?=",
        "a@example..org",
        "a@-example.org",
        "a@[1.2.3.4.5]",
        "a@[1.2.3.4",
        "Foo: <a@example.org>",
        "a@example.org;",
        "(a@example.org)",
        "\"Foo\\\" <b@example.org>\" <a@example.org>",
        "\"\\\"\" \"b@example.org\" <a@example.org>",
        "\"\\a\"@example.org",
    ] {
        let from_facts = facts(&format!("From: {from}")).from;
        assert_eq!(from_facts, Err(FromError::Unclear), "{from}");
    }
    assert_eq!(facts("To: x@y").from, Err(FromError::Missing));
    let twice = facts("From: a@example.org\r\nX: y\r\nfrom: a@example.org");
    assert_eq!((twice.from, twice.from_fields), (Err(FromError::Repeated), 2));
}

#[test]
fn authors_that_are_one_plain_address() {
    for from in [
        "a@example.org",
        "<A@Example.ORG>",
        "Foo Bar <a@example.org>",
        "\"Foo, Bar <x>\" <a@example.org>",
        "\"Foo \\\"Bar\\\" Baz\" <a@example.org>",
        "\"Foo\r\n Bar\" <a@example.org>",
        "=?utf-8?q?Foo?= <a@example.org>",
        "a@example.org (Mail Delivery System)",
        "Foo\r\n\t<a@example.org>",
        "F. Bar <a@example.org>",
        "\u{dc}ber <a@example.org>",
        "\"a\"@example.org",
    ] {
        let author = facts(&format!("From: {from}")).from;
        assert_eq!(author.as_ref().map(Address::as_str), Ok("a@example.org"), "{from}");
    }
    for literal in ["[1.2.3.4]", "[ipv6:2001:db8::1]"] {
        let author = facts(&format!("From: <a@{literal}>")).from.unwrap();
        assert_eq!(author.domain().as_str(), literal);
    }
}

#[test]
fn other_facts() {
    let header = "From: a@b\r\nReceived: x\r\nRECEIVED: y\r\nAuto-Submitted: auto-replied\r\nContent-Type: Multipart/Report; boundary=x\r\nSubject: Autocrypt Setup\r\n Message";
    let found = facts(header);
    assert_eq!(found.received_fields, 2);
    assert!(found.auto_submitted && found.subject_is_setup_message);
    assert_eq!(found.content_type, Some(("multipart".into(), "report".into())));
    assert_eq!((found.fields, found.size_bytes), (6, header.len() as u64 + 4));
    assert!(!facts("Auto-Submitted:").auto_submitted);
    assert!(!facts("Subject: Re: Autocrypt Setup Message").subject_is_setup_message);
    assert_eq!(facts("Content-Type: text/plain\r\nContent-Type: text/plain").content_type, None);
}

#[test]
fn unreadable_headers() {
    let refused = [
        ("", GateError::NoSeparator),
        ("From: a@b\r\n", GateError::NoSeparator),
        ("From: a@b", GateError::NoSeparator),
        ("From a@b\r\n\r\n", GateError::MalformedHeader),
        (" From: a@b\r\n\r\n", GateError::MalformedHeader),
        ("From : a@b\r\n\r\n", GateError::MalformedHeader),
        ("From: a@b\r\n \r\nX: y\r\n\r\n", GateError::MalformedHeader),
        (": a@b\r\n\r\n", GateError::MalformedHeader),
        ("Fr\u{f6}m: a@b\r\n\r\n", GateError::MalformedHeader),
        ("From: a@b\0\r\n\r\n", GateError::MalformedHeader),
        ("From: a@b\nX: y\r\n\r\n", GateError::MalformedHeader),
        ("From: a@b\rX: y\r\n\r\n", GateError::MalformedHeader),
        ("From: a@b\r\n\nX: y\r\n\r\n", GateError::MalformedHeader),
        ("text\r\n\r\n", GateError::MalformedHeader),
    ];
    for (message, error) in refused {
        assert_eq!(class(message), Err(error), "{message:?}");
    }
    assert_eq!(class("\r\ntext\r\n"), Ok(Class::Cleartext));
}

#[test]
fn m7_headers_at_their_ceilings() {
    let long = |size: usize| format!("From: a@b\r\nX: {}\r\n\r\n", "x".repeat(size - 18));
    assert_eq!(class(long(HEADER_BLOCK_BYTES_MAX)), Ok(Class::Cleartext));
    assert_eq!(class(long(HEADER_BLOCK_BYTES_MAX + 1)), Err(GateError::HeaderTooLong));
    let many = |count: usize| format!("{}\r\n", "X: y\r\n".repeat(count));
    assert_eq!(class(many(HEADER_FIELDS_MAX)), Ok(Class::Cleartext));
    assert_eq!(class(many(HEADER_FIELDS_MAX + 1)), Err(GateError::TooManyFields));
    let folded = format!("X: y\r\n{}\r\n", " z\r\n".repeat(100_000));
    assert_eq!(class(folded), Err(GateError::HeaderTooLong));
    assert_eq!(class("x".repeat(1 << 20)), Err(GateError::HeaderTooLong));
}

#[test]
fn a_large_message_takes_no_memory() {
    let mut gate = Gate::new(Direction::Outgoing);
    let message = encrypted(PACKETS);
    let (head, tail) = message.split_at(message.find("\r\n\r\n-----BEGIN").unwrap() + 4);
    gate.feed(head.as_bytes());
    // One packet of 30 MB: its armor is a gigantic run of equal lines.
    gate.feed(b"-----BEGIN PGP MESSAGE-----\r\n\r\n");
    let size: u32 = 48 * 650_000 - 6;
    let mut packet = vec![0xd2, 255];
    packet.extend(size.to_be_bytes());
    packet.extend([0; 42]);
    gate.feed(format!("{}\r\n", crate::encoding::tests::base64(&packet)).as_bytes());
    let line = format!("{}\r\n", "A".repeat(64));
    for _ in 1..650_000 {
        gate.feed(line.as_bytes());
    }
    gate.feed(&tail.as_bytes()[tail.find("-----END").unwrap()..]);
    assert_eq!(gate.finish().unwrap().class, Class::Encrypted);
}
