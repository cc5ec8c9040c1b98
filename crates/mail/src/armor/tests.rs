use super::*;
use crate::encoding::tests::base64;
use proptest::prelude::*;

fn passes_as(direction: Direction, text: &[u8]) -> bool {
    let mut check = ArmorCheck::new(direction);
    check.feed(text);
    check.finish().is_ok()
}

fn passes(text: &str) -> bool {
    let verdicts =
        [Direction::Outgoing, Direction::Incoming].map(|way| passes_as(way, text.as_bytes()));
    assert_eq!(verdicts[0], verdicts[1], "{text}");
    verdicts[0]
}

/// A session key and an encrypted packet with `size` bytes.
fn packets(size: u8) -> Vec<u8> {
    let mut bytes = vec![0xc1, 4, 3, 1, 2, 3, 0xd2, size];
    bytes.extend((0..size).map(|b| b.wrapping_mul(37)));
    bytes
}

fn lines(packets: &[u8]) -> String {
    let text = base64(packets);
    text.as_bytes()
        .chunks(64)
        .map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap()))
        .collect()
}

fn armored(between: &str, data: &str, after: &str) -> String {
    format!("-----BEGIN PGP MESSAGE-----\r\n{between}{data}-----END PGP MESSAGE-----{after}")
}

#[test]
fn plain_armor_passes_with_every_padding() {
    for size in 40..46 {
        let data = lines(&packets(size));
        assert!(passes(&armored("\r\n", &data, "\r\n")), "{size}");
        assert!(
            passes(&armored("\r\n", &format!("{data}=AbCd\r\n"), "\r\n")),
            "{size} with checksum"
        );
        assert!(passes(&armored("\r\n\r\n", &data, "")), "{size} without last line end");
    }
}

#[test]
fn padding_may_stand_on_a_line_of_its_own() {
    let data = base64(&packets(41)).replace('=', "");
    let padding = "=".repeat(data.len().wrapping_neg() % 4);
    assert!(!padding.is_empty());
    assert!(passes(&armored("\r\n", &format!("{data}\r\n{padding}\r\n"), "\r\n")));
    assert!(!passes(&armored("\r\n", &format!("{data}\r\n"), "\r\n")), "padding left out");
}

#[test]
fn a_version_line_passes_on_the_way_in_only() {
    let text = armored("Version: GnuPG v2\r\n\r\n", &lines(&packets(40)), "\r\n");
    assert!(passes_as(Direction::Incoming, text.as_bytes()));
    assert!(!passes_as(Direction::Outgoing, text.as_bytes()));
    for header in [
        "Version: 1\r\nVersion: 2\r\n\r\n",
        "Version: 1\r\n",
        "Version:1\r\n\r\n",
        "version: 1\r\n\r\n",
    ] {
        assert!(!passes(&armored(header, &lines(&packets(40)), "\r\n")), "{header}");
    }
    let long = format!("Version: {}\r\n\r\n", "x".repeat(SPECIAL_LINE_BYTES_MAX));
    assert!(!passes(&armored(&long, &lines(&packets(40)), "\r\n")));
}

#[test]
fn m5_everything_else_is_refused() {
    let data = &lines(&packets(40));
    let good = armored("\r\n", data, "\r\n");
    let refused = [
        String::new(),
        "\r\n".into(),
        good.replace("BEGIN PGP MESSAGE", "BEGIN PGP SIGNED MESSAGE"),
        good.replace("BEGIN PGP MESSAGE", "BEGIN PGP PUBLIC KEY BLOCK"),
        good.replace("-----BEGIN", "----BEGIN"),
        good.replace("MESSAGE-----\r\n\r\n", "MESSAGE----- \r\n\r\n"),
        good.replace("END PGP MESSAGE-----", "END PGP MESSAGE----- "),
        good.replace("-----END PGP MESSAGE-----\r\n", ""),
        good.replace("\r\n", "\n"),
        good.replace("\r\n", "\r"),
        format!("\r\n{good}"),
        format!(" {good}"),
        format!("text\r\n{good}"),
        format!("{good}text\r\n"),
        format!("{good}{good}"),
        format!("{good} "),
        format!("{good}\0"),
        armored("", data, "\r\n"),
        armored(" \r\n", data, "\r\n"),
        armored("Comment: hello\r\n\r\n", data, "\r\n"),
        armored("Charset: utf-8\r\n\r\n", data, "\r\n"),
        armored("Hash: SHA256\r\n\r\n", data, "\r\n"),
        armored("MessageID: x\r\n\r\n", data, "\r\n"),
        armored("\r\n", "", "\r\n"),
        armored("\r\n", "=AbCd\r\n", "\r\n"),
        armored("\r\n", &lines(b"hello, this is text and no packet"), "\r\n"),
        armored("\r\n", "this is no base64 at all\r\n", "\r\n"),
        armored("\r\n", &format!(" {data}"), "\r\n"),
        armored("\r\n", &data.replace("\r\n", " \r\n"), "\r\n"),
        armored("\r\n", &data.replacen('A', "-", 1), "\r\n"),
        armored("\r\n", &format!("{data}{data}"), "\r\n"),
        armored("\r\n", &format!("{data}=AbCd\r\n=AbCd\r\n"), "\r\n"),
        armored("\r\n", &format!("{data}=AbCd\r\nAAAA\r\n"), "\r\n"),
        armored("\r\n", &format!("{data}=AbC\r\n"), "\r\n"),
        armored("\r\n", &format!("{data}=AbCde\r\n"), "\r\n"),
        armored("\r\n", &format!("=AbCd\r\n{data}"), "\r\n"),
        armored("\r\n", &format!("{data}Comment: x\r\n"), "\r\n"),
        armored("\r\n", &format!("{data}=\r\n="), "\r\n"),
    ];
    assert!(passes(&good));
    for text in &refused {
        assert!(!passes(text), "{text}");
    }
}

#[test]
fn m5_lines_of_any_length_take_no_memory() {
    let mut check = ArmorCheck::new(Direction::Outgoing);
    check.feed(b"-----BEGIN PGP MESSAGE-----\r\n\r\n0v9AAAAA");
    for _ in 0..100 {
        check.feed(&[b'A'; 100_000]);
        assert!(check.decoded.capacity() <= 3 * DECODE_BYTES_MAX);
    }
    assert!(check.finish().is_err());
}

proptest! {
    #[test]
    fn any_split_gives_the_same_verdict(size in 0_u8..190, cut: usize, damage: Option<(usize, u8)>) {
        let mut text = armored("\r\n", &lines(&packets(size)), "\r\n").into_bytes();
        if let Some((place, byte)) = damage {
            let place = place % text.len();
            text[place] = byte;
        }
        let mut check = ArmorCheck::new(Direction::Incoming);
        let (head, tail) = text.split_at(cut % text.len());
        check.feed(head);
        check.feed(tail);
        let whole = passes_as(Direction::Incoming, &text);
        prop_assert_eq!(check.finish().is_ok(), whole);
        prop_assert!(whole || damage.is_some());
    }
}
