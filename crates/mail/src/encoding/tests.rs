use super::words::{decode_charset, decode_words};
use super::*;
use proptest::prelude::*;

/// A plain encoder, so that the decoder is not measured by itself.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, &b| bits << 8 | u32::from(b))
            << (8 * (3 - group.len()));
        for index in 0..4 {
            let value = (bits >> (18 - 6 * index) & 63) as usize;
            text.push(if index > group.len() { '=' } else { char::from(alphabet[value]) });
        }
    }
    text
}

fn decoded(pieces: &[&[u8]]) -> Result<Vec<u8>, DecodeError> {
    let (mut decoder, mut output) = (Base64Decoder::new(), Vec::new());
    pieces.iter().try_for_each(|piece| decoder.feed(piece, &mut output))?;
    decoder.finish().map(|()| output)
}

fn unquoted(text: &str) -> Result<Vec<u8>, DecodeError> {
    let (mut decoder, mut output) = (QuotedPrintableDecoder::new(), Vec::new());
    decoder.feed(text.as_bytes(), &mut output)?;
    decoder.finish().map(|()| output)
}

#[test]
fn base64_is_read_strictly() {
    assert_eq!(decoded(&[b"aGVsbG8="]).unwrap(), b"hello");
    assert_eq!(decoded(&[b""]).unwrap(), b"");
    for text in [
        "a",
        "aG",
        "aGV",
        "aG=",
        "a===",
        "=",
        "====",
        "aGVsbG9=",
        "aGVsbG8=aGVs",
        "aGVs bG8=",
        "aGVs\r\nbG8=",
        "aGVsbG8",
        "aGVsbG8==",
        "aGVsbG-_",
        "aG=s",
        "aGVsbG8=\0",
    ] {
        assert_eq!(decoded(&[text.as_bytes()]), Err(DecodeError), "{text}");
    }
}

#[test]
fn quoted_printable_is_read_strictly() {
    assert_eq!(unquoted("a=3D=\r\nb c\td\r\n").unwrap(), b"a=b c\td\r\n");
    for text in [
        "a=3d", "a=", "a=3", "a=\n", "a \r\n", "a ", "a\n", "a\rb", "a\0", "\u{e9}", "a= \r\n",
        "a=XY",
    ] {
        assert_eq!(unquoted(text), Err(DecodeError), "{text:?}");
    }
}

#[test]
fn encoded_words() {
    let cases = [
        ("plain", "plain"),
        ("=?utf-8?Q?caf=C3=A9_au?= lait", "caf\u{e9} au lait"),
        ("=?UTF-8?B?aGVsbG8=?=", "hello"),
        ("=?iso-8859-1?q?caf=E9?=", "caf\u{e9}"),
        ("=?utf-8*en?q?a?=\t =?utf-8?q?b?= c", "ab c"),
        ("a =?utf-8?q?b?= c", "a b c"),
        ("=?utf-8?x?b?=", "=?utf-8?x?b?="),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("=??q?a?=", "=??q?a?="),
        ("=?utf-8?q?a b?=", "=?utf-8?q?a b?="),
        ("=?utf-8?q?=ZZ=?=", "=ZZ="),
        ("=?utf-8?b?aGVsbG8?=", "hello"),
        ("=?=?=?", "=?=?=?"),
    ];
    for (written, shown) in cases {
        assert_eq!(decode_words(written.as_bytes()), shown, "{written}");
    }
}

#[test]
fn m9_wrong_bytes_are_shown_as_such() {
    assert_eq!(decode_words(b"a\xff"), "a\u{fffd}");
    assert_eq!(decode_charset(b"klingon", b"\xc3\xa9"), "\u{e9}");
}

proptest! {
    #[test]
    fn base64_and_back_in_any_pieces(bytes: Vec<u8>, cut in 0_usize..200, again in 0_usize..200) {
        let text = base64(&bytes);
        let (head, tail) = text.as_bytes().split_at(cut.min(text.len()));
        let (middle, tail) = tail.split_at(again.min(tail.len()));
        prop_assert_eq!(decoded(&[head, middle, tail]), Ok(bytes));
    }

    #[test]
    fn only_what_an_encoder_writes_is_read(text in "[A-Za-z0-9+/=]{0,12}") {
        if let Ok(bytes) = decoded(&[text.as_bytes()]) {
            prop_assert_eq!(base64(&bytes), text);
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = (decode_words(&bytes), decoded(&[&bytes]));
        let _ = QuotedPrintableDecoder::new().feed(&bytes, &mut Vec::new());
    }
}
