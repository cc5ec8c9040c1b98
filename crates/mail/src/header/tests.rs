use super::*;
use crate::limits::{ENVELOPE_ADDRESSES_MAX, MIME_PARAMETERS_MAX};
use crate::skeleton::Mailbox;
use proptest::prelude::*;

fn shown(block: &[u8]) -> Vec<Option<(String, String)>> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = HeaderBlock::new(block).fields();
    fields
        .map(|field| field.ok().map(|field| (field.name.to_owned(), text(&field.unfolded()))))
        .collect()
}

fn parameters(value: &str) -> Vec<(String, String)> {
    media_type(value.as_bytes()).unwrap().parameters
}

fn exact(value: &str) -> bool {
    media_type(value.as_bytes()).is_some_and(|kind| kind.exact)
}

/// Address lists as `name|local|host`, groups with `-` for what is missing.
fn list(value: &str) -> Vec<String> {
    let text = |part: &Option<Vec<u8>>| {
        part.as_ref().map_or("-".into(), |part| String::from_utf8_lossy(part).into_owned())
    };
    let show = |it: &Mailbox| [&it.name, &it.mailbox, &it.host].map(text).join("|");
    addresses(value.as_bytes()).entries.iter().map(show).collect()
}

#[test]
fn fields_are_found_and_unfolded() {
    let block =
        b"A: one\r\nB:two\r\n\tand more\r\nbad line\r\n of two lines\r\na: \r\n\r\nC: body\r\n";
    let field = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
    assert_eq!(
        shown(block),
        [field("A", "one"), field("B", "two\tand more"), None, field("a", "")]
    );
    let block = HeaderBlock::new(block);
    assert_eq!(block.first("b").unwrap().range, 8..26);
    assert_eq!(block.all("A").count(), 2);
    assert!(block.first("C").is_none());
    assert_eq!(shown(b"A: x\nB: y\n z\n\nC: z"), [field("A", "x"), field("B", "y z")]);
    assert_eq!(shown(b"A: x"), [field("A", "x")]);
    assert!(shown(b"\r\n").is_empty() && shown(b"").is_empty());
}

#[test]
fn malformed_lines() {
    for line in [
        "x",
        ": y",
        "a b: y",
        "a : y",
        " a: y",
        "a: y\0",
        "a: y\rz",
        "a: y\r\n ",
        "a: y\r\n \r\n z",
        "\u{e9}: y",
    ] {
        assert_eq!(shown(line.as_bytes()), [None], "{line:?}");
    }
    assert_eq!(shown("A:\r\n x".as_bytes()), [Some(("A".into(), "x".into()))]);
}

#[test]
fn a_reader_stops_where_the_block_ends() {
    let mut reader = HeaderReader::new();
    assert_eq!(reader.feed(b"A: x\r"), HeaderProgress::More);
    assert_eq!(reader.feed(b"\n\r"), HeaderProgress::More);
    assert_eq!(reader.feed(b"\nbody\r\n\r\n"), HeaderProgress::Whole(1));
    assert_eq!(reader.feed(b"more"), HeaderProgress::Whole(0));
    assert_eq!(reader.into_bytes(), b"A: x\r\n\r\n");
    assert_eq!(HeaderReader::new().feed(b"\r\nbody"), HeaderProgress::Whole(2));
}

#[test]
fn m7_a_reader_has_a_ceiling() {
    let at_limit = format!("A: {}\r\n\r\n", "x".repeat(HEADER_BLOCK_BYTES_MAX - 7));
    assert_eq!(
        HeaderReader::new().feed(at_limit.as_bytes()),
        HeaderProgress::Whole(HEADER_BLOCK_BYTES_MAX)
    );
    let mut reader = HeaderReader::new();
    assert_eq!(reader.feed(format!("B{at_limit}").as_bytes()), HeaderProgress::TooLong);
    assert_eq!(reader.feed(b"\r\n\r\n"), HeaderProgress::TooLong);
    assert!(reader.bytes().len() <= HEADER_BLOCK_BYTES_MAX);
}

#[test]
fn address_lists() {
    for (value, entries) in [
        ("a@b", &["-|a|b"][..]),
        ("<a@b>, Foo Bar <c@d>", &["-|a|b", "Foo Bar|c|d"]),
        ("\"Foo, Bar\" <a@b>", &["Foo, Bar|a|b"]),
        ("\"F\\\"oo\" <a@b>", &["F\"oo|a|b"]),
        ("=?utf-8?q?Foo?= <a@b>", &["=?utf-8?q?Foo?=|a|b"]),
        ("a@b (Foo)", &["Foo|a|b"]),
        ("\"hidden-recipients\": ;", &["-|hidden-recipients|-", "-|-|-"]),
        ("team: a@b, <c@d>; e@f", &["-|team|-", "-|a|b", "-|c|d", "-|-|-", "-|e|f"]),
        ("team: a@b", &["-|team|-", "-|a|b", "-|-|-"]),
        ("a@[1.2.3.4]", &["-|a|[1.2.3.4]"]),
        ("\"a b\"@c", &["-|a b|c"]),
        ("<@x,@y:a@b>", &["-|a|b"]),
        ("alice", &["-|alice|"]),
        ("<>", &["-||"]),
        ("Foo <a@b, c@d", &["Foo|a|b", "-|c|d"]),
        (", ,a@b,", &["-|a|b"]),
        ("", &[]),
    ] {
        assert_eq!(list(value), entries, "{value}");
    }
}

#[test]
fn envelopes_hold_so_many_addresses_and_no_more() {
    let many = |count: usize| addresses("a@b,".repeat(count).trim_end_matches(',').as_bytes());
    let full = many(ENVELOPE_ADDRESSES_MAX);
    assert!(full.exact && full.entries.len() == ENVELOPE_ADDRESSES_MAX);
    let more = many(ENVELOPE_ADDRESSES_MAX + 1);
    assert!(!more.exact && more.entries.len() == ENVELOPE_ADDRESSES_MAX);
}

#[test]
fn media_types() {
    let kind = media_type(b"Text/Plain; Charset=UTF-8; format=\"flowed\"").unwrap();
    assert!(kind.is("text", "plain") && kind.exact);
    assert_eq!(
        (kind.parameter("charset"), kind.parameter("format")),
        (Some("UTF-8"), Some("flowed"))
    );
    for value in ["", "text", "text/", "/plain", "text plain", "; charset=x", "\"text\"/plain"] {
        assert_eq!(media_type(value.as_bytes()), None, "{value}");
    }
    assert!(exact("a/b;c=d;"));
    assert!(exact("a/b; name=x; name*=utf-8''y"));
    for value in [
        "a/b c",
        "a/b (x)",
        "a /b",
        "a/ b",
        "a/b; c",
        "a/b; c=",
        "a/b; c=d e",
        "a/b; c = d",
        "a/b c=d",
        "a/b; c=d=e",
        "a/b; c=\"d",
        "a/b; c=\"\\d\"",
        "a/b; c=\"d\r\n e\"",
        "a/b; c=d; c=e",
        "a/b; boundary*=''x",
        "a/b; boundary*x=y",
        "a/b; boundary*0*1=y",
        "a/b; charset*0=x",
        "a/b, c/d",
        "a@/b",
    ] {
        assert!(!exact(value), "{value}");
    }
}

#[test]
fn split_and_encoded_parameters() {
    let name = |value: &str| parameters(&format!("a/b; {value}"))[0].clone().1;
    assert_eq!(name("n*=utf-8''caf%C3%A9"), "caf\u{e9}");
    assert_eq!(name("n*=iso-8859-1'en'caf%E9"), "caf\u{e9}");
    assert_eq!(name("n*0=a; n*1=b; n*2=c"), "abc");
    assert_eq!(name("n*1=b; n*0=a"), "ab");
    assert_eq!(name("n*0*=utf-8''%41; n*1=%42; n*2*=%43"), "A%42C");
    assert_eq!(name("n*0=a; n*2=c"), "a");
    assert_eq!(name("n=x; n*=utf-8''y"), "y");
    assert_eq!(name("n*1=b"), "");
    assert_eq!(name("n=foo bar.pdf"), "foobar.pdf");
    assert_eq!(name("n*=utf-8''%"), "%");
    assert_eq!(
        disposition(b"Attachment; filename=x"),
        Some(("attachment".into(), vec![("filename".into(), "x".into())]))
    );
    assert_eq!(disposition(b""), None);
}

#[test]
fn m8_thousands_of_parameters_and_comments() {
    let many = |count: usize| (0..count).map(|n| format!("; n*{n}=x")).collect::<String>();
    let kind = media_type(format!("a/b{}", many(10_000)).as_bytes()).unwrap();
    assert_eq!(kind.parameters[0].1.len(), MIME_PARAMETERS_MAX);
    assert!(!kind.exact);
    assert!(exact(&format!("a/b{}", many(MIME_PARAMETERS_MAX))));
    assert!(!exact(&format!("a/b{}", many(MIME_PARAMETERS_MAX + 1))));
    let nested = format!("a/b{}\\", "(".repeat(100_000));
    assert!(media_type(nested.as_bytes()).is_some_and(|kind| !kind.exact));
    assert!(!addresses(format!("a@b {}\\", "(".repeat(100_000)).as_bytes()).exact);
    assert!(!addresses("<".repeat(100_000).as_bytes()).exact);
}

proptest! {
    #[test]
    fn m9_no_bytes_panic(bytes: Vec<u8>) {
        let _ = (addresses(&bytes), media_type(&bytes), disposition(&bytes), shown(&bytes));
    }

    #[test]
    fn m9_no_syntax_panics(text in "[a-c\"\\\\()<>@,;:.\\[\\]=*'%/ \r\n0-2]{0,40}") {
        let _ = (addresses(text.as_bytes()), media_type(text.as_bytes()), disposition(text.as_bytes()));
        let _ = shown(text.as_bytes());
    }

    #[test]
    fn fields_cover_the_block(text in "[a:\r\n \u{0}]{0,40}") {
        let mut end = 0;
        for field in HeaderBlock::new(text.as_bytes()).fields().filter_map(Result::ok) {
            prop_assert!(field.range.start >= end);
            end = field.range.end;
        }
        prop_assert!(end <= text.len());
    }

    #[test]
    fn a_reader_takes_any_pieces(text in "[a:\r\n]{0,30}", piece in 1_usize..9) {
        let mut whole = HeaderReader::new();
        let progress = whole.feed(text.as_bytes());
        let mut pieces = HeaderReader::new();
        let mut taken = 0;
        for piece in text.as_bytes().chunks(piece) {
            match pieces.feed(piece) {
                HeaderProgress::Whole(some) => taken += some,
                _ => taken += piece.len(),
            }
        }
        prop_assert_eq!(pieces.bytes(), whole.bytes());
        if let HeaderProgress::Whole(all) = progress {
            prop_assert_eq!(taken, all);
        }
    }
}
