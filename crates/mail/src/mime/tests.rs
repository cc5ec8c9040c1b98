use std::fmt::Write as _;

use super::*;
use crate::skeleton::{Part, Skeleton};
use proptest::prelude::*;

fn skeleton(message: &[u8]) -> Skeleton {
    skeleton_in(message, message.len().max(1))
}

fn skeleton_in(message: &[u8], piece: usize) -> Skeleton {
    let mut builder = SkeletonBuilder::new();
    message.chunks(piece).for_each(|piece| builder.feed(piece));
    builder.finish()
}

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

fn text_of<'a>(message: &'a str, part: &Part) -> &'a str {
    &message[usize::try_from(part.body.start).unwrap()..usize::try_from(part.body.end).unwrap()]
}

/// Writes down everything a visitor is told, with the pieces of a body joined.
#[derive(Default)]
struct Story {
    text: String,
    body: Vec<u8>,
    place: Option<(u32, Place)>,
}

impl Story {
    fn tell(&mut self, event: impl std::fmt::Debug) {
        if let Some(place) = self.place.take() {
            let body = std::mem::take(&mut self.body);
            writeln!(self.text, "{place:?} {}", body.escape_ascii()).unwrap();
        }
        writeln!(self.text, "{event:?}").unwrap();
    }
}

impl Visitor for Story {
    fn part_begin(&mut self, begin: &PartBegin) {
        self.tell(begin);
    }

    fn part_header(&mut self, header: &PartHeader<'_>) {
        self.tell(header);
    }

    fn body(&mut self, part: u32, place: Place, bytes: &[u8]) {
        assert!(!bytes.is_empty());
        if self.place != Some((part, place)) {
            self.tell("body");
        }
        self.place = Some((part, place));
        self.body.extend_from_slice(bytes);
    }

    fn delimiter(&mut self, delimiter: &Delimiter) {
        self.tell(delimiter);
    }

    fn near_delimiter(&mut self) {
        self.tell("near");
    }

    fn ceiling(&mut self) {
        self.tell("ceiling");
    }

    fn part_end(&mut self, end: &PartEnd) {
        self.tell(end);
    }
}

fn story(message: &[u8], piece: usize) -> String {
    let (mut parser, mut story) = (Parser::new(), Story::default());
    message.chunks(piece).for_each(|piece| parser.feed(piece, &mut story));
    parser.finish(&mut story);
    story.text
}

#[test]
fn a_message_without_parts() {
    let message = "Subject: x\r\nFrom: Foo <a@b>\r\n\r\none\r\ntwo";
    let skeleton = skeleton(message.as_bytes());
    let [part] = skeleton.parts.as_slice() else { panic!("{skeleton:?}") };
    assert_eq!((part.header.clone(), text_of(message, part), part.lines), (0..31, "one\r\ntwo", 2));
    assert_eq!((&*part.content.main_type, &*part.content.sub_type), ("text", "plain"));
    assert_eq!(part.content.transfer_encoding, "7bit");
    let envelope = part.envelope.as_ref().unwrap();
    assert_eq!(envelope.subject.as_deref(), Some(&b"x"[..]));
    assert_eq!(envelope.from[0].host.as_deref(), Some(&b"b"[..]));
}

#[test]
fn nothing_and_next_to_nothing() {
    for (message, header, body, lines) in [
        ("", 0..0, 0..0, 0),
        ("\r\n", 0..2, 2..2, 0),
        ("A: b", 0..4, 4..4, 0),
        ("A: b\r\n", 0..6, 6..6, 0),
        ("A: b\r\n\r\n", 0..8, 8..8, 0),
        ("A: b\n\nx\n", 0..6, 6..8, 1),
    ] {
        let skeleton = skeleton(message.as_bytes());
        let part = &skeleton.parts[0];
        assert_eq!(
            (part.header.clone(), part.body.clone(), part.lines),
            (header, body, lines),
            "{message:?}"
        );
    }
}

#[test]
fn parts_within_parts() {
    let message = crlf(
        "Content-Type: multipart/mixed; boundary=out\n\npreamble\n--out\nContent-Type: multipart/alternative; boundary=in\n\n--in\n\
         Content-Type: text/html; charset=utf-8\nContent-ID: <1>\n\n<b>\n\n--in\n\nplain\n--in--\nepilogue\n--out\n\
         Content-Type: message/rfc822\n\nSubject: inner\n\nhello\nyou\n--out--\nend\n",
    );
    let skeleton = skeleton(message.as_bytes());
    let bodies: Vec<_> =
        skeleton.parts.iter().skip(2).map(|part| (text_of(&message, part), part.lines)).collect();
    assert_eq!(
        bodies,
        [
            ("<b>\r\n", 1),
            ("plain", 1),
            ("Subject: inner\r\n\r\nhello\r\nyou", 4),
            ("hello\r\nyou", 2)
        ]
    );
    let children: Vec<_> = skeleton.parts.iter().map(|part| part.children.clone()).collect();
    assert_eq!(children, [vec![1, 4], vec![2, 3], vec![], vec![], vec![5], vec![]]);
    assert_eq!(skeleton.parts[2].content.id.as_deref(), Some("<1>"));
    let envelopes: Vec<_> = skeleton.parts.iter().map(|part| part.envelope.is_some()).collect();
    assert_eq!(envelopes, [true, false, false, false, false, true]);
    assert!(!skeleton.truncated);
}

#[test]
fn fields_of_a_part() {
    let message = crlf(
        "Content-Type: image/png\nContent-Transfer-Encoding: BASE64\nContent-Description: a\n picture\nContent-MD5: m\n\
         Content-Disposition: Attachment; filename=x.png\nContent-Language: de, en\nContent-Location: here\n\n",
    );
    let content = skeleton(message.as_bytes()).parts[0].content.clone();
    assert_eq!(content.transfer_encoding, "base64");
    assert_eq!(content.description.as_deref(), Some("a picture"));
    assert_eq!((content.md5.as_deref(), content.location.as_deref()), (Some("m"), Some("here")));
    assert_eq!(content.disposition.unwrap().0, "attachment");
    assert_eq!(content.language, ["de", "en"]);
}

#[test]
fn an_outer_boundary_ends_inner_parts() {
    let message = crlf(
        "Content-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: multipart/mixed; boundary=in\n\n--in\n\na\n--out\n\nb\n--in\nc\n--out--\n",
    );
    let skeleton = skeleton(message.as_bytes());
    let bodies: Vec<_> =
        skeleton.parts.iter().skip(2).map(|part| text_of(&message, part)).collect();
    assert_eq!(bodies, ["a", "b\r\n--in\r\nc"]);
}

#[test]
fn m2_lines_that_are_no_boundary() {
    let body = |boundary: &str, body: &str| {
        let message =
            crlf(&format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\n\n{body}"));
        skeleton(message.as_bytes()).parts.len()
    };
    assert_eq!(body("x", "--x\n\na\n--x--\n"), 2);
    assert_eq!(body("x", "--x  \n\na\n--x--\t\n--x\n"), 2);
    assert_eq!(body("x", "--xy\n\n--X\n -- x\n--x-\n"), 1);
    assert_eq!(body("", "--\n\na\n----\n"), 1);
    assert_eq!(body("x", "a--x\n\n"), 1);
    assert_eq!(body("x", "--x"), 2);
    assert_eq!(body("x--", "--x--\n\na\n--x----\n--x--\n"), 2);
    let longest = "b".repeat(MIME_BOUNDARY_BYTES_MAX);
    assert_eq!(body(&longest, &format!("--{longest}\n\na\n--{longest}--\n")), 2);
    assert_eq!(body(&format!("{longest}b"), &format!("--{longest}b\n\na\n")), 1);
}

#[test]
fn encoded_containers_are_not_looked_into() {
    for kind in ["multipart/mixed; boundary=x", "message/rfc822"] {
        let message =
            crlf(&format!("Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n--x\n\na\n"));
        assert_eq!(skeleton(message.as_bytes()).parts.len(), 1, "{kind}");
    }
}

#[test]
fn digests_hold_messages() {
    let message =
        crlf("Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: a\n\nhello\n--x--\n");
    let skeleton = skeleton(message.as_bytes());
    assert_eq!(skeleton.parts[1].content.main_type, "message");
    assert_eq!(text_of(&message, &skeleton.parts[2]), "hello");
}

/// A message with so many parts, each within the one before.
fn nested(parts: usize) -> String {
    (0..parts)
        .map(|level| {
            format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n")
        })
        .collect()
}

#[test]
fn m1_depth_has_a_ceiling() {
    let whole = skeleton(nested(MIME_DEPTH_MAX - 1).as_bytes());
    assert_eq!((whole.parts.len(), whole.truncated), (MIME_DEPTH_MAX, false));
    for levels in [MIME_DEPTH_MAX, MIME_DEPTH_MAX + 1, 1_000, 100_000] {
        let cut = skeleton(nested(levels).as_bytes());
        assert_eq!((cut.parts.len(), cut.truncated), (MIME_DEPTH_MAX, true), "{levels}");
    }
    let messages = "Content-Type: message/rfc822\r\n\r\n".repeat(10_000);
    assert_eq!(skeleton(messages.as_bytes()).parts.len(), MIME_DEPTH_MAX);
}

#[test]
fn m1_the_number_of_parts_has_a_ceiling() {
    let many = |parts: usize| {
        let message = format!(
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n{}",
            "--x\r\n\r\na\r\n".repeat(parts)
        );
        skeleton(message.as_bytes())
    };
    let whole = many(MIME_PARTS_MAX - 1);
    assert_eq!((whole.parts.len(), whole.truncated), (MIME_PARTS_MAX, false));
    let cut = many(MIME_PARTS_MAX);
    assert_eq!((cut.parts.len(), cut.truncated), (MIME_PARTS_MAX, true));
    assert_eq!(many(100_000).parts.len(), MIME_PARTS_MAX);
}

#[test]
fn m7_headers_of_parts_are_cut() {
    let with = |size: usize| {
        let filler = "x".repeat(size);
        let message = format!(
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nA: {filler}\r\nContent-ID: <1>\r\n\r\nb"
        );
        skeleton(message.as_bytes()).parts[1].content.id.clone()
    };
    let rest = "A: \r\nContent-ID: <1>\r\n\r\n".len();
    assert!(with(MIME_PART_HEADER_BYTES_MAX - rest).is_some());
    assert!(with(MIME_PART_HEADER_BYTES_MAX).is_none());
}

#[test]
fn addresses_of_all_envelopes_together_have_a_ceiling() {
    let list = "a@b,".repeat(900);
    let part = format!("--x\r\nContent-Type: message/rfc822\r\n\r\nTo: {list}\r\n\r\n");
    let message = format!("Content-Type: multipart/mixed; boundary=x\r\n\r\n{}", part.repeat(20));
    let kept = |part: &Part| part.envelope.as_ref().map_or(0, |envelope| envelope.to.len());
    let total: usize = skeleton(message.as_bytes()).parts.iter().map(kept).sum();
    assert_eq!(total, crate::limits::SKELETON_ADDRESSES_MAX);
}

fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let fragment = proptest::sample::select(vec![
        "Content-Type: multipart/mixed; boundary=x\r\n",
        "Content-Type: multipart/digest; boundary=xy\n",
        "Content-Type: message/rfc822\r\n",
        "\r\n",
        "\n",
        "\r",
        "--",
        "--x",
        "--x\r\n",
        "--xy\r\n",
        "--x--\r\n",
        "--xy--",
        "-",
        " ",
        "x",
        "y",
        "A: b\r\n",
        "\0",
        "\u{e9}",
        "--x--------------------------------------------------------------------------------------------------------------------------------\
         -------------------------------------------------------------------------------------------------------------------------------------------",
    ]);
    proptest::collection::vec(fragment, 0..30).prop_map(|fragments| fragments.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_split_tells_the_same_story(message in fragments(), piece in 1_usize..12) {
        prop_assert_eq!(story(&message, piece), story(&message, message.len().max(1)));
    }

    #[test]
    fn parts_lie_within_their_parents(message in fragments(), piece in 1_usize..12) {
        let skeleton = skeleton_in(&message, piece);
        prop_assert_eq!(skeleton.parts[0].body.end, message.len() as u64);
        for part in &skeleton.parts {
            prop_assert!(part.header.start <= part.header.end && part.header.end <= part.body.start);
            prop_assert!(part.body.start <= part.body.end);
            let body = &message[usize::try_from(part.body.start).unwrap()..usize::try_from(part.body.end).unwrap()];
            let newlines = body.iter().filter(|&&b| b == b'\n').count() as u64;
            let unfinished = u64::from(body.last().is_some_and(|&b| b != b'\n'));
            prop_assert_eq!(part.lines, newlines + unfinished);
            let mut end = part.body.start;
            for child in &part.children {
                let child = &skeleton.parts[*child as usize];
                prop_assert!(end <= child.header.start && child.body.end <= part.body.end);
                end = child.body.end;
            }
        }
    }

    #[test]
    fn m9_no_bytes_panic(bytes: Vec<u8>, piece in 1_usize..9) {
        prop_assert_eq!(skeleton_in(&bytes, piece), skeleton(&bytes));
    }
}
