//! What of a submitted message's header goes on: nothing that tells where the sender sits or what
//! the message is about (mail specification 2.6).
//!
//! A pure function over a complete header block, top level only; the bodies and the headers inside
//! them are nobody's business. Fields are taken out whole, with their folded lines; each Subject
//! becomes `Subject: [...]`; everything else stays byte for byte and in its order. Runs before
//! signing. Fields end at CR LF followed by neither space nor tab (RFC 5322 section 2.2.3); a lone CR
//! or LF does not end one, and a line that is no field at all stays as it is.

/// Fields that are taken out, in lower case. `Received` and `X-Originating-IP` show the sender's
/// address, the next two its program; blind copies must not be seen by others (RFC 5322 section
/// 3.6.3); `Return-Path` and `Content-Length` belong to the last hop; the rest would let a sender
/// put claims of ours into a message.
const REMOVED: [&[u8]; 10] = [
    b"received",
    b"x-originating-ip",
    b"x-mailer",
    b"user-agent",
    b"bcc",
    b"resent-bcc",
    b"return-path",
    b"content-length",
    b"dkim-signature",
    b"authentication-results",
];

/// What every Subject becomes.
const SUBJECT: &[u8] = b"Subject: [...]\r\n";

/// Cleans a submitted message's header block, with or without the empty line that ends it.
pub fn clean_submitted(block: &[u8]) -> Vec<u8> {
    let (fields, end) = split_end(block);
    let mut out = Vec::with_capacity(block.len() + SUBJECT.len());
    for field in Fields(fields) {
        let name = name(field);
        if is(name, b"subject") {
            out.extend_from_slice(SUBJECT);
        } else if !REMOVED.iter().any(|removed| is(name, removed)) {
            out.extend_from_slice(field);
        }
    }
    out.extend_from_slice(end);
    out
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
    let (fields, end) = split_end(block);
    let (end, has) = (end.len(), |field| Fields(fields).any(|it| is(name(it), field)));
    let (has_date, has_message_id) = (has(b"date"), has(b"message-id"));
    let tail = block.split_off(block.len() - end);
    if !has_date {
        add_field(block, "Date", missing.date);
    }
    if !has_message_id {
        add_field(block, "Message-ID", missing.message_id);
    }
    block.extend_from_slice(&tail);
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

/// The fields of a block, each with its folded lines and its last CR LF.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let (field, rest) = self.0.split_at(field_len(self.0));
        self.0 = rest;
        Some(field)
    }
}

fn field_len(block: &[u8]) -> usize {
    let ends = |w: &[u8]| w[0] == b'\r' && w[1] == b'\n' && w[2] != b' ' && w[2] != b'\t';
    block.windows(3).position(ends).map_or(block.len(), |at| at + 2)
}

/// What stands before the colon, without the white space old software put there; empty if there
/// is no colon.
fn name(field: &[u8]) -> &[u8] {
    let colon = field.iter().position(|b| *b == b':').unwrap_or(0);
    field[..colon].trim_ascii()
}

fn is(name: &[u8], lower: &[u8]) -> bool {
    name.eq_ignore_ascii_case(lower)
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
                     X-Originating-IP: 192.0.2.7\r\nUSER-AGENT: x\r\nx-mailer : y\r\n\
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
    fn every_subject_says_the_same() {
        let block = "SUBJECT: secret\r\n folded\r\nTo: x\r\nSubject:\r\nsubject : b\r\n\r\n";
        assert_eq!(
            clean(block),
            "Subject: [...]\r\nTo: x\r\nSubject: [...]\r\nSubject: [...]\r\n\r\n"
        );
        assert_eq!(clean("To: x\r\n\r\n"), "To: x\r\n\r\n", "none is added");
    }

    #[test]
    fn the_rest_stays_byte_for_byte() {
        let block = "Autocrypt: addr=a;\r\n\tkeydata=\r\n  AAAA\r\nX-Subject: y\r\nSubjects: z\r\n\
                     no colon here\r\nX-A:\u{e4}\rb\nReceived: c\r\n\r\n";
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
        fn fields_are_the_whole_block(block in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b' '), Just(b':'), any::<u8>()], 0..200)) {
            let joined: Vec<u8> = Fields(&block).flatten().copied().collect();
            prop_assert_eq!(joined, block);
        }
    }
}
