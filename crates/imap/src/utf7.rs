//! Modified UTF-7, the wire form of mailbox names (RFC 3501 section 5.1.3).
//!
//! Each text has exactly one form. [`decode`] takes that one only, so that no two spellings name one
//! mailbox: no superfluous shift, no encoded ASCII, no stray bits, no lone surrogate.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// The wire form of a text. ASCII throughout.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let direct = rest.find(|c| !is_direct(c)).unwrap_or(rest.len());
        out.push_str(&rest[..direct].replace('&', "&-"));
        rest = &rest[direct..];
        let shifted = rest.find(is_direct).unwrap_or(rest.len());
        if shifted > 0 {
            let units: Vec<u8> =
                rest[..shifted].encode_utf16().flat_map(u16::to_be_bytes).collect();
            out.push('&');
            BASE64.encode_string(units, &mut out);
            out.push('-');
        }
        rest = &rest[shifted..];
    }
    out
}

/// Printable ASCII stands for itself.
fn is_direct(c: char) -> bool {
    matches!(c, ' '..='~')
}

/// The text of a wire form; `None` if it is not the one [`encode`] gives.
pub fn decode(wire: &[u8]) -> Option<String> {
    let wire = std::str::from_utf8(wire).ok().filter(|wire| wire.is_ascii())?;
    let mut out = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((direct, after)) = rest.split_once('&') {
        out.push_str(direct);
        let (shifted, after) = after.split_once('-')?;
        match shifted {
            "" => out.push('&'),
            _ => out.push_str(&decode_shifted(shifted)?),
        }
        rest = after;
    }
    out.push_str(rest);
    (encode(&out) == wire).then_some(out)
}

fn decode_shifted(shifted: &str) -> Option<String> {
    let bytes = BASE64.decode(shifted).ok()?;
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_rfc_3501_and_others() {
        let table = [
            ("INBOX", "INBOX"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("☺!", "&Jjo-!"),
            ("Entwürfe & Müll", "Entw&APw-rfe &- M&APw-ll"),
            ("😀", "&2D3eAA-"),
            ("&&", "&-&-"),
            ("", ""),
        ];
        for (text, wire) in table {
            assert_eq!(encode(text), wire);
            assert_eq!(decode(wire.as_bytes()).as_deref(), Some(text));
        }
    }

    #[test]
    fn i12_any_other_form_is_refused() {
        let bad: [&[u8]; 11] = [
            b"&",
            b"&Jjo",
            b"&Jjo!-",
            b"&U,BTFw-&ZeVnLIqe-",
            b"&AGE-",
            b"&2D0-",
            b"&3gA-",
            b"&Jj-",
            b"&Jjp-",
            b"\xc3\xbc",
            b"a\x01b",
        ];
        for wire in bad {
            assert_eq!(decode(wire), None, "{}", wire.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn every_text_has_one_form(text in any::<String>()) {
            let wire = encode(&text);
            prop_assert!(wire.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(decode(wire.as_bytes()), Some(text));
        }

        #[test]
        fn what_decodes_encodes_to_the_same(wire in "[&A-Za-z,+-]{0,20}") {
            if let Some(text) = decode(wire.as_bytes()) {
                prop_assert_eq!(encode(&text), wire);
            }
        }
    }
}
