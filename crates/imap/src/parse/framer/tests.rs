use proptest::prelude::*;

use super::*;
use crate::command::CommandBody;

/// Everything that comes out for a stream cut at some places. Messages are accepted, and given back
/// in one piece each.
fn frames(stream: &[u8], cuts: &[usize], logged_in: bool) -> Vec<Framed> {
    let mut framer = Framer::new(mail::limits::MESSAGE_BYTES_MAX);
    if logged_in {
        framer.logged_in();
    }
    let mut found = Vec::new();
    let mut from = 0;
    for to in cuts.iter().copied().chain([stream.len()]) {
        let mut input = BytesMut::from(&stream[from..to]);
        drain(&mut framer, &mut input, &mut found);
        assert!(input.is_empty());
        from = to;
    }
    found
}

fn drain(framer: &mut Framer, input: &mut BytesMut, found: &mut Vec<Framed>) {
    loop {
        match framer.next(input) {
            Framed::NeedInput => return,
            Framed::AppendData(data) => match found.last_mut() {
                Some(Framed::AppendData(before)) => {
                    *before = [before.as_ref(), &data].concat().into();
                }
                _ => found.push(Framed::AppendData(data)),
            },
            frame => {
                match &frame {
                    Framed::Append(Ok(_)) => framer.accept_append(),
                    Framed::Append(Err(_)) => framer.refuse_append(),
                    _ => {}
                }
                found.push(frame);
            }
        }
    }
}

fn command(text: &str) -> Framed {
    Framed::Command(text.as_bytes().to_vec())
}

fn refused(tag: &str, fault: Fault, fatal: bool) -> Framed {
    Framed::Refused(Refused { tag: Tag::new(tag.as_bytes()), fault, fatal })
}

#[test]
fn lines_end_in_cr_lf_or_lf() {
    let expected = vec![command("a NOOP"), command("b NOOP"), command(""), command("c\rd")];
    assert_eq!(frames(b"a NOOP\r\nb NOOP\n\r\nc\rd\r\n", &[], false), expected);
}

#[test]
fn a_synchronising_literal_is_invited_and_the_other_is_not() {
    let expected = vec![Framed::Continue, command("a LOGIN {3}\ntim \"x\"")];
    assert_eq!(frames(b"a LOGIN {3}\r\ntim \"x\"\r\n", &[], false), expected);
    let expected = vec![command("a LOGIN {3+}\ntim {0+}\n")];
    assert_eq!(frames(b"a LOGIN {3+}\r\ntim {0+}\r\n\r\n", &[], false), expected);
}

#[test]
fn literals_may_hold_line_ends_and_what_looks_like_literals() {
    let expected = vec![command("a LOGIN {9+}\nx {99}\r\ny z")];
    assert_eq!(frames(b"a LOGIN {9+}\r\nx {99}\r\ny z\r\n", &[], false), expected);
}

#[test]
fn what_only_resembles_a_literal_is_none() {
    for line in ["a NOOP {}", "a NOOP {+}", "a NOOP 5}", "a NOOP {5++}", "a NOOP {-5}", "a {5} "] {
        let stream = format!("{line}\r\n");
        assert_eq!(frames(stream.as_bytes(), &[], true), vec![command(line)]);
    }
}

#[test]
fn i1_absurd_literals_before_login_end_the_connection_unread() {
    for literal in ["{4294967296}", "{999999999+}", "{99999999999999999999999999}", "{8193}"] {
        let stream = format!("a LOGIN {literal}\r\nb NOOP\r\n");
        let expected = vec![refused("a", Fault::CommandTooBig, true)];
        assert_eq!(frames(stream.as_bytes(), &[], false), expected);
    }
}

#[test]
fn i1_floods_before_login_are_bounded() {
    for flood in ["(", " ", "a ", "x", "\0", "\r"] {
        let stream = format!("a LOGIN {}", flood.repeat(1_000_000));
        let mut framer = Framer::new(mail::limits::MESSAGE_BYTES_MAX);
        let mut input = BytesMut::from(stream.as_bytes());
        assert_eq!(framer.next(&mut input), refused("a", Fault::LineTooLong, true));
        assert!(framer.held.capacity() <= 2 * limits::IMAP_PREAUTH_BYTES_MAX);
        assert_eq!(framer.next(&mut input), Framed::NeedInput);
        assert!(input.is_empty());
    }
}

#[test]
fn the_longest_command_before_login_and_one_longer() {
    let line = |bytes: usize| format!("a {}\r\n", "x".repeat(bytes - 4));
    let max = limits::IMAP_PREAUTH_BYTES_MAX;
    assert_eq!(frames(line(max).as_bytes(), &[], false), vec![command(line(max).trim_end())]);
    let expected = vec![refused("a", Fault::LineTooLong, true)];
    assert_eq!(frames(line(max + 1).as_bytes(), &[], false), expected);
}

#[test]
fn the_longest_line_and_one_longer_which_is_skipped() {
    let line = |bytes: usize| format!("a {}\r\n", "x".repeat(bytes - 4));
    let max = limits::IMAP_LINE_BYTES_MAX;
    assert_eq!(frames(line(max).as_bytes(), &[], true), vec![command(line(max).trim_end())]);
    let stream = line(max + 1) + "b NOOP\r\n";
    let expected = vec![refused("a", Fault::LineTooLong, false), command("b NOOP")];
    assert_eq!(frames(stream.as_bytes(), &[], true), expected);
}

#[test]
fn the_literal_of_a_skipped_line_is_skipped_too() {
    for surplus in 0..8 {
        let padding = "x".repeat(limits::IMAP_LINE_BYTES_MAX - surplus);
        let stream = format!("a {padding}{{8+}}\r\nx NOOP\r\n\r\nb NOOP\r\n");
        let expected = vec![refused("a", Fault::LineTooLong, false), command("b NOOP")];
        assert_eq!(frames(stream.as_bytes(), &[], true), expected);
    }
}

#[test]
fn i2_the_largest_literal_and_one_larger() {
    let max = limits::IMAP_LITERAL_BYTES_MAX;
    let stream = format!("a LOGIN {{{max}}}\r\n{}\r\n", "x".repeat(max));
    let found = frames(stream.as_bytes(), &[], true);
    assert!(matches!(found.as_slice(), [Framed::Continue, Framed::Command(_)]));

    let stream = format!("a LOGIN {{{}}}\r\nb NOOP\r\n", max + 1);
    let expected = vec![refused("a", Fault::LiteralTooBig, false), command("b NOOP")];
    assert_eq!(frames(stream.as_bytes(), &[], true), expected);

    let stream = format!("a LOGIN {{{}+}}\r\n", max + 1);
    let expected = vec![refused("a", Fault::LiteralTooBig, true)];
    assert_eq!(frames(stream.as_bytes(), &[], true), expected);
}

#[test]
fn the_largest_command_and_one_larger() {
    let chunk = limits::IMAP_LITERAL_BYTES_MAX;
    let mut stream = b"a ID (".to_vec();
    for _ in 0..3 {
        stream.extend_from_slice(format!("{{{chunk}+}}\r\n{}", "x".repeat(chunk)).as_bytes());
    }
    // What is held ends literal announcements in one byte and does not hold the line's own end.
    let held = stream.len() - 3;
    let left = limits::IMAP_COMMAND_BYTES_MAX - held - "{00000+}".len();
    let with_last = |bytes: usize| {
        let tail = format!("{{{bytes}+}}\r\n{}\r\n", "x".repeat(bytes));
        [&stream, tail.as_bytes()].concat()
    };
    let found = frames(&with_last(left - 3), &[], true);
    assert!(matches!(found.as_slice(), [Framed::Command(_)]), "room for LF, CR, LF");
    let expected = vec![refused("a", Fault::CommandTooBig, true)];
    assert_eq!(frames(&with_last(left - 1), &[], true), expected);
    assert_eq!(frames(&with_last(left), &[], true), expected);
}

#[test]
fn a_message_passes_by_in_a_stream() {
    let stream = b"a APPEND INBOX (\\Seen) {9}\r\nmes\r\nsage\r\nb NOOP\r\n";
    let found = frames(stream, &[], true);
    let [Framed::Append(Ok(append)), rest @ ..] = found.as_slice() else {
        panic!("an APPEND, not {found:?}");
    };
    let CommandBody::Append(head) = &append.body else { panic!("an APPEND, not {append:?}") };
    assert_eq!((head.size_bytes, head.synchronising), (9, true));
    let expected = [
        Framed::Continue,
        Framed::AppendData(Bytes::from_static(b"mes\r\nsage")),
        Framed::AppendEnd { clean: true },
        command("b NOOP"),
    ];
    assert_eq!(rest, expected);
}

#[test]
fn an_append_may_have_its_mailbox_in_a_literal() {
    let found = frames(b"a APPEND {5}\r\nINBOX {1+}\r\nx\r\n", &[], true);
    assert!(matches!(
        found.as_slice(),
        [
            Framed::Continue,
            Framed::Append(Ok(_)),
            Framed::AppendData(_),
            Framed::AppendEnd { clean: true }
        ]
    ));
}

#[test]
fn an_empty_message_has_no_data() {
    let found = frames(b"a APPEND INBOX {0+}\r\n\r\n", &[], true);
    assert!(matches!(found.as_slice(), [Framed::Append(Ok(_)), Framed::AppendEnd { clean: true }]));
}

#[test]
fn what_follows_a_message_is_noticed() {
    for tail in ["x", " {3+}\r\nabc", " {3}", " ", " (\\Seen) {3+}\r\na\nb"] {
        let stream = format!("a APPEND INBOX {{1+}}\r\nm{tail}\r\nb NOOP\r\n");
        let found = frames(stream.as_bytes(), &[], true);
        assert_eq!(found[2..], [Framed::AppendEnd { clean: false }, command("b NOOP")], "{tail}");
    }
}

#[test]
fn i2_the_largest_message_and_one_larger() {
    let announce = |bytes: u64, plus: &str| {
        frames(format!("a APPEND INBOX {{{bytes}{plus}}}\r\n").as_bytes(), &[], true)
    };
    let max = limits::MESSAGE_BYTES_MAX;
    assert!(matches!(announce(max, "").as_slice(), [Framed::Append(Ok(_)), Framed::Continue]));
    assert_eq!(announce(max + 1, ""), vec![refused("a", Fault::LiteralTooBig, false)]);
    assert_eq!(announce(max + 1, "+"), vec![refused("a", Fault::LiteralTooBig, true)]);
}

#[test]
fn a_refused_message_is_skipped_if_it_comes_unasked() {
    for (literal, expected) in
        [("{8+}\r\nx NOOP\r\n\r\n", vec![command("b NOOP")]), ("{8}\r\n", vec![command("b NOOP")])]
    {
        let mut framer = Framer::new(mail::limits::MESSAGE_BYTES_MAX);
        framer.logged_in();
        let mut input = BytesMut::from(format!("a APPEND x {literal}b NOOP\r\n").as_str());
        assert!(matches!(framer.next(&mut input), Framed::Append(Ok(_))));
        assert_eq!(framer.next(&mut input), Framed::NeedInput, "a verdict comes first");
        framer.refuse_append();
        let mut found = Vec::new();
        drain(&mut framer, &mut input, &mut found);
        assert_eq!(found, expected);
    }
}

#[test]
fn an_append_that_is_not_understood_gives_its_tag() {
    let found = frames(b"a APPEND INBOX (\\Foo) {3+}\r\nabc\r\nb NOOP\r\n", &[], true);
    let [Framed::Append(Err(error)), rest @ ..] = found.as_slice() else {
        panic!("an error, not {found:?}");
    };
    assert_eq!(error.tag, Tag::new(b"a"));
    assert_eq!(rest, [command("b NOOP")]);
}

#[test]
fn an_append_before_login_is_a_command_like_others() {
    let found = frames(b"a APPEND INBOX {3+}\r\nabc\r\n", &[], false);
    assert_eq!(found, vec![command("a APPEND INBOX {3+}\nabc")]);
}

#[test]
fn endless_literals_of_skipped_lines_end_the_connection() {
    let stream = b"a APPEND x {1+}\r\nm {99999999999+}\r\n";
    let found = frames(stream, &[], true);
    assert_eq!(found.last(), Some(&refused("", Fault::LiteralTooBig, true)));
}

#[test]
fn a_free_line_is_no_command_and_comes_once() {
    let mut framer = Framer::new(mail::limits::MESSAGE_BYTES_MAX);
    framer.expect_line();
    let mut input = BytesMut::from(&b"done {5}\r\na NOOP\r\n"[..]);
    assert_eq!(framer.next(&mut input), Framed::Line(b"done {5}".to_vec()));
    assert_eq!(framer.next(&mut input), command("a NOOP"));
}

#[test]
fn a_free_line_that_is_too_long_has_no_tag() {
    let mut framer = Framer::new(mail::limits::MESSAGE_BYTES_MAX);
    framer.expect_line();
    let mut input = BytesMut::from("a ".repeat(limits::IMAP_PREAUTH_BYTES_MAX).as_str());
    assert_eq!(framer.next(&mut input), refused("", Fault::LineTooLong, true));
}

#[test]
fn nothing_is_held_between_commands() {
    let mut framer = Framer::new(mail::limits::MESSAGE_BYTES_MAX);
    let mut input = BytesMut::from(&b"a NOOP\r\nb NO"[..]);
    assert_eq!(framer.next(&mut input), command("a NOOP"));
    assert!(!framer.is_mid_command());
    assert_eq!(framer.held.capacity(), 0);
    assert_eq!(framer.next(&mut input), Framed::NeedInput);
    assert!(framer.is_mid_command());
}

/// Pieces of streams in which everything the framer knows can happen.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let table: [&[u8]; 12] = [
        b"a NOOP\r\n",
        b"a APPEND INBOX {5+}\r\nhello\r\n",
        b"a APPEND {3}\r\nfoo (\\Seen) {2}\r\n\n\n x\r\n",
        b"a APPEND \"\" {4+}\r\n",
        b"b LOGIN {3}\r\na\nb {2+}\r\n\r\n\n",
        b"{70000}\r\n",
        b"{70000+}\n",
        b"\r",
        b"\n",
        b"c",
        b"{2+}\r\n",
        b"}",
    ];
    let padding = prop::sample::select(vec![1_usize, 8_190, 65_530, 65_536])
        .prop_map(|bytes| vec![b'x'; bytes]);
    prop_oneof![
        8 => prop::sample::select(table.to_vec()).prop_map(<[u8]>::to_vec),
        1 => padding,
        2 => prop::collection::vec(any::<u8>(), 0..8),
    ]
}

proptest! {
    #[test]
    fn i4_any_split_gives_the_same(
        pieces in prop::collection::vec(piece(), 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        logged_in: bool,
    ) {
        let stream = pieces.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(frames(&stream, &cuts, logged_in), frames(&stream, &[], logged_in));
    }
}

#[test]
fn i4_a_dialogue_split_at_each_byte_gives_the_same() {
    let stream =
        b"a LOGIN {3}\r\ntim {3+}\r\ntan\r\nb SELECT INBOX\nc APPEND x {4}\r\n\r\n\r\n\r\nd X";
    let whole = frames(stream, &[], true);
    let every: Vec<usize> = (0..stream.len()).collect();
    assert_eq!(frames(stream, &every, true), whole);
    for cut in every {
        assert_eq!(frames(stream, &[cut], true), whole);
    }
}
