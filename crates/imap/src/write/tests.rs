//! What is written, and that the parser inside the real client takes it.

use bytes::Bytes;
use imap_proto::{AttributeValue, BodyStructure, MailboxDatum, Response, parser::parse_response};
use mail::mailbox::{Flags, Keyword, SystemFlags, Uid};
use mail::skeleton::{Content, EnvelopeFields, Mailbox, Part, Skeleton};
use mail::{MailboxName, Timestamp, limits};
use proptest::prelude::*;

use super::*;
use crate::command::{FetchItem, Partial, Section, SectionText};

fn said(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

/// Reads one response the way the client does; nothing may be left over.
fn understood(line: &[u8]) -> Response<'_> {
    match parse_response(line) {
        Ok((b"", response)) => response,
        other => panic!("{}: {other:?}", line.escape_ascii()),
    }
}

fn fetched(write: impl FnOnce(&mut FetchLine, &mut Vec<u8>)) -> String {
    said(|out| {
        let mut line = FetchLine::begin(out, 7);
        write(&mut line, out);
        line.end(out);
    })
}

fn attributes(line: &str) -> Vec<AttributeValue<'_>> {
    match understood(line.as_bytes()) {
        Response::Fetch(7, attributes) => attributes,
        other => panic!("{line}: {other:?}"),
    }
}

fn flags() -> Flags {
    let mut flags = Flags::from(SystemFlags::SEEN);
    flags.insert_keyword(Keyword::parse("$Forwarded").unwrap());
    flags
}

#[test]
fn small_items() {
    let line = fetched(|line, out| {
        line.uid(out, Uid::new(42).unwrap());
        line.flags(out, &flags(), true);
        line.internal_date(out, Timestamp(837_596_665));
        line.size(out, 4_286);
    });
    let expected = "* 7 FETCH (UID 42 FLAGS (\\Seen \\Recent $Forwarded) \
                    INTERNALDATE \"17-Jul-1996 09:44:25 +0000\" RFC822.SIZE 4286)\r\n";
    assert_eq!(line, expected);
    assert_eq!(attributes(&line).len(), 4);
}

#[test]
fn no_flags_at_all() {
    let line = fetched(|line, out| line.flags(out, &Flags::new(), false));
    assert_eq!(line, "* 7 FETCH (FLAGS ())\r\n");
    attributes(&line);
}

#[test]
fn the_flags_line() {
    let line = said(|out| flags_line(out, flags().keywords()));
    assert_eq!(line, "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded)\r\n");
    understood(line.as_bytes());
}

fn item(path: &[u32], text: SectionText, partial: Option<Partial>) -> FetchItem {
    let section = Section { path: path.to_vec(), text };
    FetchItem::BodySection { section, partial, peek: true }
}

fn fields(not: bool, names: &[&str]) -> SectionText {
    let names = names.iter().map(|name| name.as_bytes().to_vec()).collect();
    SectionText::HeaderFields { not, names }
}

#[test]
fn labels_echo_the_request() {
    let partial = Some(Partial { offset: 3, count: 9 });
    let table = [
        (FetchItem::Rfc822, "RFC822"),
        (FetchItem::Rfc822Header, "RFC822.HEADER"),
        (FetchItem::Rfc822Text, "RFC822.TEXT"),
        (item(&[], SectionText::Whole, None), "BODY[]"),
        (item(&[], SectionText::Whole, partial), "BODY[]<3>"),
        (item(&[], SectionText::Header, None), "BODY[HEADER]"),
        (item(&[1, 2], SectionText::Whole, None), "BODY[1.2]"),
        (item(&[1, 2], SectionText::Mime, None), "BODY[1.2.MIME]"),
        (item(&[3], SectionText::Text, partial), "BODY[3.TEXT]<3>"),
        (
            item(&[], fields(false, &["MESSAGE-ID", "Date", "a b"]), None),
            "BODY[HEADER.FIELDS (MESSAGE-ID Date \"a b\")]",
        ),
        (item(&[4], fields(true, &["To"]), None), "BODY[4.HEADER.FIELDS.NOT (To)]"),
    ];
    for (item, label) in table {
        let nil = fetched(|line, out| line.no_content(out, &item));
        assert_eq!(nil, format!("* 7 FETCH ({label} NIL)\r\n"));
        attributes(&nil);
        let line = fetched(|line, out| {
            line.content(out, &item, 3);
            out.extend_from_slice(b"x)(");
            line.size(out, 1);
        });
        assert_eq!(line, format!("* 7 FETCH ({label} {{3}}\r\nx)( RFC822.SIZE 1)\r\n"));
        assert_eq!(attributes(&line).len(), 2);
    }
}

#[test]
fn the_clients_body_answer() {
    let line = fetched(|line, out| {
        line.uid(out, Uid::MIN);
        line.content(out, &item(&[], SectionText::Whole, None), 0);
    });
    let found = attributes(&line);
    let [AttributeValue::Uid(1), AttributeValue::BodySection { section, data, .. }] =
        found.as_slice()
    else {
        panic!("{line}");
    };
    assert!(section.is_none());
    assert_eq!(data.as_deref(), Some(&b""[..]));
}

fn mailbox(name: Option<&str>, mailbox: Option<&str>, host: Option<&str>) -> Mailbox {
    let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
    Mailbox { name: bytes(name), mailbox: bytes(mailbox), host: bytes(host) }
}

/// The envelope of the sample session in RFC 3501 section 8.
fn sample_envelope() -> EnvelopeFields {
    let terry = mailbox(Some("Terry Gray"), Some("gray"), Some("cac.washington.edu"));
    EnvelopeFields {
        date: Some(b"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)".to_vec()),
        subject: Some(b"IMAP4rev1 WG mtg summary and minutes".to_vec()),
        from: vec![terry],
        to: vec![mailbox(None, Some("imap"), Some("cac.washington.edu"))],
        cc: vec![
            mailbox(None, Some("minutes"), Some("CNRI.Reston.VA.US")),
            mailbox(Some("John Klensin"), Some("KLENSIN"), Some("MIT.EDU")),
        ],
        message_id: Some(b"<B27397-0100000@cac.washington.edu>".to_vec()),
        ..EnvelopeFields::default()
    }
}

const SAMPLE_ENVELOPE: &str = concat!(
    "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" ",
    "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ",
    "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ",
    "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ",
    "((NIL NIL \"imap\" \"cac.washington.edu\")) ",
    "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")",
    "(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) ",
    "NIL NIL \"<B27397-0100000@cac.washington.edu>\")"
);

#[test]
fn the_sample_envelope() {
    assert_eq!(said(|out| envelope(out, Some(&sample_envelope()))), SAMPLE_ENVELOPE);
    let skeleton = Skeleton { parts: vec![message()], truncated: false };
    let line = fetched(|line, out| line.envelope(out, &skeleton));
    assert!(matches!(attributes(&line).as_slice(), [AttributeValue::Envelope(_)]));
}

#[test]
fn an_envelope_without_anything_is_all_nil() {
    let nothing = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
    assert_eq!(said(|out| envelope(out, None)), nothing);
    assert_eq!(said(|out| envelope(out, Some(&EnvelopeFields::default()))), nothing);
}

#[test]
fn groups_and_odd_bytes_in_an_envelope() {
    let fields = EnvelopeFields {
        subject: Some(b"a\0b\r\n* 1 EXPUNGE".to_vec()),
        to: vec![mailbox(None, Some("friends"), None), mailbox(None, None, None)],
        ..EnvelopeFields::default()
    };
    let skeleton = Skeleton {
        parts: vec![Part { envelope: Some(Box::new(fields)), ..message() }],
        truncated: false,
    };
    let line = fetched(|line, out| line.envelope(out, &skeleton));
    assert!(line.contains("{16}\r\na?b\r\n* 1 EXPUNGE"), "{line}");
    assert!(line.contains("((NIL NIL \"friends\" NIL)(NIL NIL NIL NIL))"), "{line}");
    attributes(&line);
}

fn content(kind: &str) -> Content {
    let (main_type, sub_type) = kind.split_once('/').unwrap();
    Content {
        main_type: main_type.into(),
        sub_type: sub_type.into(),
        transfer_encoding: "7bit".into(),
        ..Content::default()
    }
}

fn part(kind: &str, bytes: u64, lines: u64, children: &[u32]) -> Part {
    Part {
        header: 0..0,
        body: 0..bytes,
        lines,
        children: children.to_vec(),
        content: content(kind),
        envelope: None,
    }
}

/// The message of the sample session in RFC 3501 section 8.
fn message() -> Part {
    let mut part = part("text/plain", 3_028, 92, &[]);
    part.content.parameters = vec![("charset".into(), "us-ascii".into())];
    part.envelope = Some(Box::new(sample_envelope()));
    part
}

fn structure(parts: Vec<Part>, detail: Detail) -> String {
    let skeleton = Skeleton { parts, truncated: false };
    let text = said(|out| body_structure(out, &skeleton, detail));
    let line = format!("* 7 FETCH (BODYSTRUCTURE {text})\r\n");
    assert!(matches!(attributes(&line).as_slice(), [AttributeValue::BodyStructure(_)]));
    text
}

#[test]
fn the_sample_structure() {
    let basic = structure(vec![message()], Detail::Basic);
    let expected = "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3028 92)";
    assert_eq!(basic, expected);
    let full = structure(vec![message()], Detail::Full);
    assert_eq!(full, expected.replace("92)", "92 NIL NIL NIL NIL)"));
}

#[test]
fn an_encrypted_message() {
    let mut top = part("multipart/encrypted", 900, 30, &[1, 2]);
    top.content.parameters = vec![("protocol".into(), "application/pgp-encrypted".into())];
    let mut version = part("application/pgp-encrypted", 13, 1, &[]);
    version.content.description = Some("PGP/MIME version identification".into());
    let mut data = part("application/octet-stream", 700, 20, &[]);
    data.content.id = Some("<1@x>".into());
    data.content.md5 = Some("Q2hlY2s=".into());
    data.content.disposition =
        Some(("inline".into(), vec![("filename".into(), "encrypted.asc".into())]));
    data.content.language = vec!["en".into(), "de".into()];
    data.content.location = Some("http://x/".into());
    let expected = concat!(
        "((\"application\" \"pgp-encrypted\" NIL NIL \"PGP/MIME version identification\" \"7bit\" 13",
        " NIL NIL NIL NIL)",
        "(\"application\" \"octet-stream\" NIL \"<1@x>\" NIL \"7bit\" 700",
        " \"Q2hlY2s=\" (\"inline\" (\"filename\" \"encrypted.asc\")) (\"en\" \"de\") \"http://x/\")",
        " \"encrypted\" (\"protocol\" \"application/pgp-encrypted\") NIL NIL NIL)"
    );
    assert_eq!(structure(vec![top, version, data], Detail::Full), expected);
}

#[test]
fn an_enclosed_message() {
    let outer = part("message/rfc822", 4_000, 99, &[1]);
    let expected = format!(
        "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 4000 {SAMPLE_ENVELOPE} (\"text\" \"plain\" \
         (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3028 92) 99)"
    );
    assert_eq!(structure(vec![outer, message()], Detail::Basic), expected);
}

#[test]
fn i14_what_was_cut_off_is_shown_as_empty_text() {
    let nothing = "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)";
    let multipart = structure(vec![part("multipart/mixed", 9, 1, &[])], Detail::Basic);
    assert_eq!(multipart, format!("({nothing} \"mixed\")"));
    let enclosed = structure(vec![part("message/rfc822", 9, 1, &[])], Detail::Basic);
    let all_nil = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
    let head = "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 9";
    assert_eq!(enclosed, format!("{head} {all_nil} {nothing} 1)"));
}

#[test]
fn i14_the_deepest_structure_needs_no_recursion() {
    let depth = 100_000;
    let mut parts: Vec<Part> = (1..depth).map(|next| part("multipart/x", 1, 1, &[next])).collect();
    parts.push(part("text/plain", 1, 1, &[]));
    let skeleton = Skeleton { parts, truncated: false };
    let text = said(|out| body_structure(out, &skeleton, Detail::Full));
    assert_eq!(text.matches('(').count(), text.matches(')').count());
}

#[test]
fn i14_a_structure_is_bounded() {
    let mut wide = part("text/plain", 1, 1, &[]);
    let long = "v".repeat(10_000);
    wide.content.parameters = vec![("p".into(), long.clone())];
    wide.content.description = Some(long.clone());
    wide.content.disposition = Some((long.clone(), vec![("p".into(), long.clone())]));
    wide.content.language = vec![long];
    let children: Vec<u32> = (1..=1_000).collect();
    let mut parts = vec![part("multipart/mixed", 1, 1, &children)];
    parts.extend(vec![wide; 1_000]);
    let text = structure(parts, Detail::Full);
    assert!(text.len() > limits::IMAP_STRUCTURE_BYTES_MAX);
    assert!(text.len() < limits::IMAP_STRUCTURE_BYTES_MAX + 200_000);
    assert!(text.ends_with(
        "\"plain\" NIL NIL NIL \"7bit\" 1 1 NIL NIL NIL NIL) \"mixed\" NIL NIL NIL NIL)"
    ));
}

#[test]
fn metadata_values_are_literals() {
    let token = "/private/devicetoken".to_owned();
    let inbox = MailboxName::inbox();
    let line = said(|out| {
        metadata(out, Some(&inbox), &[(token, Some(Bytes::from_static(b"1111 2222")))]);
    });
    assert_eq!(line, "* METADATA \"INBOX\" (/private/devicetoken {9}\r\n1111 2222)\r\n");

    let entries = [
        ("/shared/comment".to_owned(), None),
        ("/shared/admin".to_owned(), Some(Bytes::from_static(b"mailto:x"))),
        ("/shared/vendor/deltachat/turn".to_owned(), Some(Bytes::new())),
    ];
    let line = said(|out| metadata(out, None, &entries));
    let expected = "* METADATA \"\" (/shared/comment NIL /shared/admin {8}\r\nmailto:x \
                    /shared/vendor/deltachat/turn {0}\r\n)\r\n";
    assert_eq!(line, expected);
    let Response::MailboxData(MailboxDatum::MetadataSolicited { mailbox, values }) =
        understood(line.as_bytes())
    else {
        panic!("{line}");
    };
    assert_eq!((mailbox.as_ref(), values.len()), ("", 3));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z\"\\\\() {}]{0,8}", any::<String>()]
}

fn any_content() -> impl Strategy<Value = Content> {
    let parameters = || prop::collection::vec((text(), text()), 0..3);
    let optional = || prop::option::of(text());
    (
        prop::sample::select(vec!["text/plain", "multipart/mixed", "message/rfc822", "image/x"]),
        (parameters(), parameters()),
        (optional(), optional(), optional(), optional(), optional()),
        prop::collection::vec(text(), 0..3),
    )
        .prop_map(
            |(kind, (parameters, more), (id, description, md5, word, location), language)| {
                let disposition = word.map(|word| (word, more));
                Content {
                    parameters,
                    id,
                    description,
                    md5,
                    disposition,
                    language,
                    location,
                    ..content(kind)
                }
            },
        )
}

/// A tree in which the parent of each part is any earlier one that can have children.
fn any_skeleton() -> impl Strategy<Value = Skeleton> {
    prop::collection::vec((any_content(), any::<prop::sample::Index>()), 1..9).prop_map(|drawn| {
        let mut parts: Vec<Part> = Vec::new();
        for (content, parent) in drawn {
            if !parts.is_empty() {
                let parent = parent.index(parts.len());
                let index = u32::try_from(parts.len()).unwrap();
                parts[parent].children.push(index);
            }
            parts.push(Part { content, ..part("text/plain", 1, 1, &[]) });
        }
        Skeleton { parts, truncated: false }
    })
}

proptest! {
    #[test]
    fn any_structure_is_understood(skeleton in any_skeleton()) {
        let line = fetched(|line, out| line.structure(out, &skeleton, Detail::Full));
        let found = attributes(&line);
        let is_multipart = skeleton.parts[0].content.main_type == "multipart";
        let [AttributeValue::BodyStructure(structure)] = found.as_slice() else {
            panic!("{line}");
        };
        prop_assert_eq!(matches!(structure, BodyStructure::Multipart { .. }), is_multipart);
    }

    #[test]
    fn any_string_is_understood(bytes: Vec<u8>) {
        let fields = EnvelopeFields { subject: Some(bytes.clone()), ..EnvelopeFields::default() };
        let mut line = b"* 7 FETCH (ENVELOPE ".to_vec();
        envelope(&mut line, Some(&fields));
        line.extend_from_slice(b")\r\n");
        let Response::Fetch(_, found) = understood(&line) else { panic!("a FETCH") };
        let [AttributeValue::Envelope(found)] = found.as_slice() else { panic!("an ENVELOPE") };
        let unquoted = found.subject.as_deref().map(|subject| match bytes.iter().any(needs_literal) {
            true => subject.to_vec(),
            false => unescape(subject),
        });
        let without_nul = bytes.iter().map(|byte| if *byte == 0 { b'?' } else { *byte });
        prop_assert_eq!(unquoted, Some(without_nul.collect()));
    }
}

fn needs_literal(byte: &u8) -> bool {
    !byte.is_ascii() || matches!(byte, 0 | b'\r' | b'\n')
}

/// The client's parser leaves the backslashes in quoted strings.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut escaped = false;
    for byte in text {
        escaped = *byte == b'\\' && !escaped;
        if !escaped {
            out.push(*byte);
        }
    }
    out
}
