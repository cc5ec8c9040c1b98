use proptest::prelude::*;

use super::*;

/// Content, fault and the bytes left over, decoded in pieces of `cut` bytes.
fn decode(data: &[u8], cut: usize) -> (Vec<u8>, Option<DataFault>, usize, bool) {
    let mut unstuffer = Unstuffer::new(1 << 20);
    let mut out = Vec::new();
    let mut used = 0;
    for piece in data.chunks(cut) {
        let progress = unstuffer.push(piece, &mut out);
        used += progress.consumed;
        if progress.ended {
            return (out, unstuffer.fault(), data.len() - used, true);
        }
    }
    (out, unstuffer.fault(), data.len() - used, false)
}

fn encode(content: &[u8], cut: usize) -> Vec<u8> {
    let mut stuffer = Stuffer::new();
    let mut out = Vec::new();
    content.chunks(cut).for_each(|piece| stuffer.push(piece, &mut out));
    stuffer.finish(&mut out);
    out
}

#[test]
fn s1_only_crlf_dot_crlf_ends_data() {
    let variants = [
        "\n.\n",
        "\n.\r\n",
        "\r.\r",
        "\r\n.\n",
        "\r\n.\r",
        "\r.\n",
        "\n.\r",
        "\r.\r\n",
        "\r\n.\r\r\n",
        "\0.\r\n",
        "\r\n.\0\r\n",
        "\r\n\0.\r\n",
        "\r\0\n.\r\n",
        "\r\r\n.\n",
        "\n\r\n.\n",
    ];
    for variant in variants {
        let data = format!("text{variant}QUIT\r\n.\r\nrest");
        for cut in 1..=data.len() {
            let (_, fault, left, ended) = decode(data.as_bytes(), cut);
            assert!(fault.is_some(), "{variant:?}");
            assert_eq!((left, ended), (4, true), "{variant:?}");
        }
    }
}

#[test]
fn s2_the_first_fault_is_the_one_reported() {
    assert_eq!(decode(b"a\nb\rc\0\r\n.\r\n", 99).1, Some(DataFault::BareLineFeed));
    assert_eq!(decode(b"a\rb\nc\0\r\n.\r\n", 99).1, Some(DataFault::BareCarriageReturn));
    assert_eq!(decode(b"a\0b\nc\r\n.\r\n", 99).1, Some(DataFault::Nul));
    assert_eq!(decode(b"\n\r\n.\r\n", 99).1, Some(DataFault::BareLineFeed));
    assert_eq!(decode(b".\n\r\n.\r\n", 99).1, Some(DataFault::BareLineFeed));
    assert_eq!(decode(b".\rx\r\n.\r\n", 99).1, Some(DataFault::BareCarriageReturn));
}

#[test]
fn s5_dots() {
    for content in ["", ".\r\n", "..\r\n", "...\r\n.\r\n", "a.\r\n.b\r\n", "\r\n.\r\n\r\n"] {
        let data = encode(content.as_bytes(), 99);
        assert_eq!(decode(&data, 1), (content.into(), None, 0, true), "{content:?}");
    }
}

#[test]
fn s4_bare_line_ends_are_made_whole() {
    for (content, data) in [
        ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"),
        ("a\r.\rb\r", "a\r\n..\r\nb\r\n.\r\n"),
        ("a\n\r\nb\r\r\n", "a\r\n\r\nb\r\n\r\n.\r\n"),
        ("", ".\r\n"),
    ] {
        for cut in 1..=content.len().max(1) {
            assert_eq!(encode(content.as_bytes(), cut), data.as_bytes(), "{content:?} by {cut}");
        }
    }
}

#[test]
fn s25_at_the_ceiling_and_one_past_it() {
    for (size_max, fault) in [(6, None), (5, Some(DataFault::TooLarge))] {
        let mut unstuffer = Unstuffer::new(size_max);
        let mut out = Vec::new();
        let progress = unstuffer.push(b"..bcd\r\n.\r\n", &mut out);
        assert!(progress.ended);
        assert_eq!((unstuffer.fault(), unstuffer.size_bytes()), (fault, 6));
        assert!(out.len() as u64 <= size_max);
    }
}

#[test]
fn s24_lines_have_any_length() {
    let line = vec![b'x'; 1 << 19];
    let data = [&line, &b"\r\n.\r\n"[..]].concat();
    let (content, fault, left, ended) = decode(&data, 4096);
    assert_eq!((content.len(), fault, left, ended), (line.len() + 2, None, 0, true));
}

#[test]
fn nothing_is_consumed_after_the_end() {
    let mut unstuffer = Unstuffer::new(100);
    let progress = unstuffer.push(b".\r\nMAIL", &mut Vec::new());
    assert_eq!(progress, Progress { consumed: 3, ended: true });
    let progress = unstuffer.push(b"MAIL", &mut Vec::new());
    assert_eq!(progress, Progress { consumed: 0, ended: true });
}

/// Bytes rich in what matters.
fn rich() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'x'), Just(0), any::<u8>()];
    prop::collection::vec(byte, 0..200)
}

proptest! {
    #[test]
    fn s9_any_split_decodes_alike(data in rich(), cut in 1_usize..50) {
        let whole = decode(&data, data.len().max(1));
        prop_assert_eq!(decode(&data, cut), whole);
    }

    #[test]
    fn s4_what_we_send_is_one_message(content in rich(), cut in 1_usize..50) {
        let content: Vec<u8> = content.into_iter().filter(|&byte| byte != 0).collect();
        let data = encode(&content, cut);
        prop_assert_eq!(&data, &encode(&content, content.len().max(1)));
        let (decoded, fault, left, ended) = decode(&data, cut);
        prop_assert_eq!((fault, left, ended), (None, 0, true));
        // Whole lines come back as they were.
        prop_assert_eq!(decode(&encode(&decoded, cut), cut).0, decoded);
    }

    #[test]
    fn s5_whole_lines_come_back(lines in prop::collection::vec("[.x]{0,4}", 0..20)) {
        let content: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        prop_assert_eq!(decode(&encode(content.as_bytes(), 3), 5).0, content.as_bytes());
    }
}
