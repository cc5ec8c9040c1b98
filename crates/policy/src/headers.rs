//! What of a message's header goes on. Of a submitted one nothing that tells where the sender sits
//! or what it is about (mail specification 2.6); of one from elsewhere no claim that could be taken
//! for ours (4.5).
//!
//! A pure function over a complete header block, top level only; the bodies and the headers inside
//! them are nobody's business. Fields are taken out whole, with their folded lines; each Subject
//! becomes `Subject: [...]`; every other field stays byte for byte and in its order. Runs before
//! signing. What a field is, `mail::header` says; a line that is none is taken out too (the gate
//! refuses such a message; nothing may slip through in the guise of a malformed line).

use mail::header::{Field, HeaderBlock};

/// Fields that are taken out. `Received` and `X-Originating-IP` show the sender's
/// address, the next two its program; blind copies must not be seen by others (RFC 5322 section
/// 3.6.3); `Return-Path` and `Content-Length` belong to the last hop; the rest would let a sender
/// put claims of ours into a message.
const REMOVED: [&str; 10] = [
    "Received",
    "X-Originating-IP",
    "X-Mailer",
    "User-Agent",
    "Bcc",
    "Resent-Bcc",
    "Return-Path",
    "Content-Length",
    "DKIM-Signature",
    "Authentication-Results",
];

/// Fields that are taken out of mail from elsewhere: the way it came, and what others claim to have
/// checked. `Return-Path` would be another server's.
const REMOVED_AT_DELIVERY: [&str; 4] =
    ["Received", "Return-Path", "DKIM-Signature", "Authentication-Results"];

/// What every Subject becomes.
const SUBJECT: &[u8] = b"Subject: [...]\r\n";

/// Cleans a submitted message's header block, with or without the empty line that ends it.
pub fn clean_submitted(block: &[u8]) -> Vec<u8> {
    cleaned(block, |field, out| {
        if field.is("Subject") {
            out.extend_from_slice(SUBJECT);
        } else if !is_one_of(field, &REMOVED) {
            out.extend_from_slice(&block[field.range.clone()]);
        }
    })
}

/// Cleans the header block of a message from elsewhere before it is put into mailboxes, after its
/// signature was checked (mail specification 4.5).
pub fn clean_delivered(block: &[u8]) -> Vec<u8> {
    cleaned(block, |field, out| {
        if !is_one_of(field, &REMOVED_AT_DELIVERY) {
            out.extend_from_slice(&block[field.range.clone()]);
        }
    })
}

/// What `pass` makes of each field, and the empty line that ends the block.
fn cleaned(block: &[u8], pass: impl Fn(&Field<'_>, &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(block.len() + SUBJECT.len());
    for field in HeaderBlock::new(block).fields().flatten() {
        pass(&field, &mut out);
    }
    out.extend_from_slice(split_end(block).1);
    out
}

fn is_one_of(field: &Field<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| field.is(name))
}

/// Values for fields that every message must have (RFC 5322 section 3.6), used if it has none.
/// Without CR and LF.
#[derive(Clone, Copy, Debug)]
pub struct Missing<'a> {
    /// A date and time (RFC 5322 section 3.3).
    pub date: &'a str,
    /// A message identifier with its angle brackets.
    pub message_id: &'a str,
}

/// Adds what a header block lacks, before the empty line that ends it; nothing if it lacks nothing.
pub fn add_missing(block: &mut Vec<u8>, missing: Missing<'_>) {
    let has = |name| HeaderBlock::new(block).first(name).is_some();
    let (has_date, has_message_id) = (has("Date"), has("Message-ID"));
    let end = block.split_off(split_end(block).0.len());
    if !has_date {
        add_field(block, "Date", missing.date);
    }
    if !has_message_id {
        add_field(block, "Message-ID", missing.message_id);
    }
    block.extend_from_slice(&end);
}

fn add_field(block: &mut Vec<u8>, name: &str, value: &str) {
    if !block.is_empty() && !block.ends_with(b"\r\n") {
        block.extend_from_slice(b"\r\n");
    }
    block.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
}

/// Splits off the empty line that ends a complete block.
fn split_end(block: &[u8]) -> (&[u8], &[u8]) {
    let has_end = block == b"\r\n" || block.ends_with(b"\r\n\r\n");
    block.split_at(if has_end { block.len() - 2 } else { block.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clean(block: &str) -> String {
        String::from_utf8(clean_submitted(block.as_bytes())).unwrap()
    }

    #[test]
    fn s43_what_tells_of_the_sender_goes() {
        let block = "Received: from [192.0.2.7]\r\n\tby x; now\r\nFrom: <a@b>\r\n\
                     X-Originating-IP: 192.0.2.7\r\nUSER-AGENT: x\r\nx-mailer: y\r\n\
                     Bcc: c@d,\r\n e@f\r\nResent-Bcc: g@h\r\nReturn-Path: <i@j>\r\n\
                     Content-Length: 5\r\nTo: \"hidden-recipients\": ;\r\n\r\n";
        assert_eq!(clean(block), "From: <a@b>\r\nTo: \"hidden-recipients\": ;\r\n\r\n");
    }

    #[test]
    fn k13_claims_of_ours_are_taken_out() {
        let block = "Authentication-Results: us; dkim=pass\r\nDKIM-Signature: v=1;\r\n b=x\r\n\
                     From: a\r\n\r\n";
        assert_eq!(clean(block), "From: a\r\n\r\n");
    }

    #[test]
    fn k13_mail_from_elsewhere_loses_its_signatures_and_trace_and_keeps_its_subject() {
        let block = "Return-Path: <a@b>\r\nReceived: c\r\n d\r\ndkim-signature: e\r\n\
                     AUTHENTICATION-RESULTS: f\r\nSubject: g\r\nX-Mailer: h\r\n\r\n";
        let cleaned = clean_delivered(block.as_bytes());
        assert_eq!(cleaned, b"Subject: g\r\nX-Mailer: h\r\n\r\n");
    }

    #[test]
    fn every_subject_says_the_same() {
        let block = "SUBJECT: secret\r\n folded\r\nTo: x\r\nSubject:\r\nsubject: b\r\n\r\n";
        assert_eq!(
            clean(block),
            "Subject: [...]\r\nTo: x\r\nSubject: [...]\r\nSubject: [...]\r\n\r\n"
        );
        assert_eq!(clean("To: x\r\n\r\n"), "To: x\r\n\r\n", "none is added");
    }

    #[test]
    fn the_rest_stays_byte_for_byte() {
        let block = "Autocrypt: addr=a;\r\n\tkeydata=\r\n  AAAA\r\nX-Subject: y\r\nSubjects: z\r\n\
                     X-A:\u{e4}:: \t\r\n\r\n";
        assert_eq!(clean(block), block);
    }

    #[test]
    fn a_folded_line_never_hides_a_field_and_a_field_never_hides_in_one() {
        assert_eq!(
            clean("X: a\r\n Received: b\r\nReceived: c\r\n d\r\n\r\n"),
            "X: a\r\n Received: b\r\n\r\n"
        );
    }

    #[test]
    fn a_line_that_is_no_field_is_not_passed_on() {
        let block = "Received : from 192.0.2.7\r\nno colon\r\nTo: x\r\nSubject : b\r\n c\r\n\r\n";
        assert_eq!(clean(block), "To: x\r\n\r\n");
        assert_eq!(clean(" Received: b\r\nTo: x\r\n\r\n"), "To: x\r\n\r\n");
    }

    #[test]
    fn missing_fields_are_added_before_the_end_and_only_if_missing() {
        let completed = |block: &str| {
            let mut block = block.as_bytes().to_vec();
            add_missing(&mut block, Missing { date: "D", message_id: "<m@x>" });
            String::from_utf8(block).unwrap()
        };
        assert_eq!(completed("To: x\r\n\r\n"), "To: x\r\nDate: D\r\nMessage-ID: <m@x>\r\n\r\n");
        let complete = "date: then\r\nmessage-id: <n@y>\r\n\r\n";
        assert_eq!(completed(complete), complete);
        assert_eq!(completed("\r\n"), "Date: D\r\nMessage-ID: <m@x>\r\n\r\n");
        assert_eq!(completed("To: x"), "To: x\r\nDate: D\r\nMessage-ID: <m@x>\r\n");
    }

    #[test]
    fn a_block_without_its_empty_line_and_an_empty_one_are_fine() {
        assert_eq!(clean("Received: a\r\nTo: x\r\n"), "To: x\r\n");
        assert_eq!(clean("\r\n"), "\r\n");
        assert_eq!(clean(""), "");
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(
            lines in proptest::collection::vec("(Received|Subject|To|X-A|Bcc|Date|[ \t])?:? ?[a-z:]{0,4}(\r\n|\r|\n)?", 0..12),
        ) {
            let block = lines.concat();
            let once = clean(&block);
            prop_assert_eq!(clean(&once), once);
        }

        #[test]
        fn nothing_but_whole_fields_is_left(block in "((Received|Subject|To|X|:|[a-z ])(: )?(\r\n|\r|\n|\t)?){0,40}") {
            let cleaned = clean(&block);
            let lower = cleaned.to_lowercase();
            prop_assert!(!lower.starts_with("received:") && !lower.contains("\nreceived:"));
            for (at, _) in lower.match_indices("\nsubject:") {
                prop_assert!(lower[at + 1..].starts_with("subject: [...]\r\n"));
            }
        }
    }
}
