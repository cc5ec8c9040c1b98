use mail::skeleton::Content;
use proptest::prelude::*;

use super::*;

fn part(kind: &str, header: Range<u64>, body: Range<u64>, children: &[u32]) -> Part {
    let (main_type, sub_type) = kind.split_once('/').unwrap();
    let content =
        Content { main_type: main_type.into(), sub_type: sub_type.into(), ..Content::default() };
    Part { header, body, lines: 0, children: children.to_vec(), content, envelope: None }
}

/// A multipart of a text, an enclosed multipart message of two texts, and an enclosed text message.
fn nested() -> Skeleton {
    let parts = vec![
        part("multipart/mixed", 0..10, 10..100, &[1, 2, 6]),
        part("text/plain", 12..14, 14..20, &[]),
        part("message/rfc822", 22..24, 24..60, &[3]),
        part("multipart/alternative", 24..30, 30..60, &[4, 5]),
        part("text/plain", 32..34, 34..40, &[]),
        part("text/html", 42..44, 44..50, &[]),
        part("message/rfc822", 62..64, 64..90, &[7]),
        part("text/plain", 64..70, 70..90, &[]),
    ];
    Skeleton { parts, truncated: false }
}

fn found(skeleton: &Skeleton, path: &[u32], text: SectionText) -> SectionBytes {
    locate(skeleton, &Section { path: path.to_vec(), text })
}

#[test]
fn parts_are_counted_as_rfc_3501_says() {
    use SectionText::{Header, Mime, Text, Whole};
    type Case = (&'static [u32], SectionText, Option<Range<u64>>);
    let table: [Case; 25] = [
        (&[], Whole, Some(0..100)),
        (&[], Header, Some(0..10)),
        (&[], Text, Some(10..100)),
        (&[1], Whole, Some(14..20)),
        (&[1], Mime, Some(12..14)),
        (&[1], Header, None),
        (&[1], Text, None),
        (&[1, 1], Whole, None),
        (&[2], Whole, Some(24..60)),
        (&[2], Mime, Some(22..24)),
        (&[2], Header, Some(24..30)),
        (&[2], Text, Some(30..60)),
        (&[2, 1], Whole, Some(34..40)),
        (&[2, 2], Whole, Some(44..50)),
        (&[2, 2], Mime, Some(42..44)),
        (&[2, 3], Whole, None),
        (&[2, 1, 1], Whole, None),
        (&[3], Whole, Some(64..90)),
        (&[3, 1], Whole, Some(70..90)),
        (&[3, 1], Mime, Some(64..70)),
        (&[3, 2], Whole, None),
        (&[3, 1, 1], Whole, None),
        (&[4], Whole, None),
        (&[4_294_967_295], Whole, None),
        (&[0], Whole, None),
    ];
    let skeleton = nested();
    for (path, text, expected) in table {
        let expected = expected.map_or(SectionBytes::Nil, SectionBytes::Range);
        assert_eq!(found(&skeleton, path, text.clone()), expected, "{path:?} {text:?}");
    }
}

#[test]
fn a_plain_message_is_its_own_first_part() {
    let skeleton =
        Skeleton { parts: vec![part("text/plain", 0..10, 10..50, &[])], truncated: false };
    let whole = |path: &[u32]| found(&skeleton, path, SectionText::Whole);
    assert_eq!(whole(&[1]), SectionBytes::Range(10..50));
    assert_eq!(whole(&[1, 1]), SectionBytes::Nil);
    assert_eq!(whole(&[2]), SectionBytes::Nil);
}

#[test]
fn a_message_that_is_an_enclosed_message() {
    let parts =
        vec![part("message/rfc822", 0..10, 10..50, &[1]), part("text/plain", 10..20, 20..50, &[])];
    let skeleton = Skeleton { parts, truncated: false };
    let whole = |path: &[u32]| found(&skeleton, path, SectionText::Whole);
    assert_eq!(whole(&[1]), SectionBytes::Range(10..50));
    assert_eq!(whole(&[1, 1]), SectionBytes::Range(20..50));
    assert_eq!(found(&skeleton, &[1], SectionText::Header), SectionBytes::Range(10..20));
    assert_eq!(found(&skeleton, &[], SectionText::Header), SectionBytes::Range(0..10));
}

#[test]
fn i13_parts_of_what_was_cut_off_are_nil() {
    for kind in ["multipart/mixed", "message/rfc822"] {
        let parts = vec![part("multipart/mixed", 0..1, 1..9, &[1]), part(kind, 1..2, 2..9, &[])];
        let skeleton = Skeleton { parts, truncated: true };
        assert_eq!(found(&skeleton, &[1], SectionText::Whole), SectionBytes::Range(2..9));
        let deep = vec![1; 500];
        assert_eq!(found(&skeleton, &deep, SectionText::Whole), SectionBytes::Nil, "{kind}");
        assert_eq!(found(&skeleton, &[1], SectionText::Text), SectionBytes::Nil, "{kind}");
    }
}

#[test]
fn header_fields_are_looked_for_where_the_header_is() {
    let fields = |path: &[u32]| {
        found(&nested(), path, SectionText::HeaderFields { not: false, names: Vec::new() })
    };
    assert_eq!(fields(&[]), SectionBytes::Fields(0..10));
    assert_eq!(fields(&[2]), SectionBytes::Fields(24..30));
    assert_eq!(fields(&[1]), SectionBytes::Nil);
}

fn filtered(header: &str, not: bool, names: &[&str]) -> String {
    let names: Vec<Vec<u8>> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
    String::from_utf8(filter_header(header.as_bytes(), not, &names)).unwrap()
}

const HEADER: &str = "Received: a\r\n b\r\nFrom : x\r\nTo: y\r\n\tz\r\nreceived: c\r\n\r\n";

#[test]
fn fields_come_with_their_folded_lines_and_an_empty_one() {
    assert_eq!(filtered(HEADER, false, &["FROM", "to"]), "From : x\r\nTo: y\r\n\tz\r\n\r\n");
    assert_eq!(filtered(HEADER, true, &["FROM", "to"]), "Received: a\r\n b\r\nreceived: c\r\n\r\n");
    assert_eq!(filtered(HEADER, false, &["Subject"]), "\r\n");
    assert_eq!(filtered(HEADER, true, &["Subject"]), HEADER);
    assert_eq!(filtered("", false, &["a"]), "\r\n");
}

#[test]
fn odd_headers_still_end_with_an_empty_line() {
    assert_eq!(filtered("A: b", false, &["a"]), "A: b\r\n\r\n");
    assert_eq!(filtered("A: b\nC: d\n\nno: field", true, &["c"]), "A: b\n\r\n");
    assert_eq!(filtered(" x\r\njunk\r\n y\r\nA: b\r\n\r\n", true, &["x"]), "A: b\r\n\r\n");
}

proptest! {
    #[test]
    fn both_filters_together_give_every_field(
        fields in prop::collection::vec(("[abc]", "[ -~]{0,5}(\r\n [ -~]{0,5})?"), 0..9),
    ) {
        let lines: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}:{value}\r\n")).collect();
        let header = lines.concat() + "\r\n";
        let with = filtered(&header, false, &["A", "b"]);
        let without = filtered(&header, true, &["A", "b"]);
        prop_assert_eq!(with.len() + without.len(), header.len() + 2);
        for (line, (name, _)) in lines.iter().zip(&fields) {
            let place = if name == "c" { &without } else { &with };
            prop_assert!(place.contains(line.as_str()));
        }
    }

    #[test]
    fn any_bytes_can_be_filtered(header: Vec<u8>, not: bool) {
        prop_assert!(filter_header(&header, not, &[b"a".to_vec()]).ends_with(b"\r\n"));
    }
}
