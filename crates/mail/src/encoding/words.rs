//! Text from header fields, for showing: encoded words (RFC 2047) and charsets.
//!
//! Lenient: whatever cannot be decoded is shown as it stands, wrong bytes become U+FFFD. Never
//! used where a verdict hangs on the text. Linear in the input.

use std::borrow::Cow;

use super::{Base64Decoder, is_base64_byte};

/// Decodes every encoded word of an unfolded field value. White space between two encoded words is
/// left out (RFC 2047 section 6.2).
pub fn decode_words(value: &[u8]) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    let mut after_word = false;
    while let Some(start) = find(rest, b"=?") {
        let (before, tail) = rest.split_at(start);
        let Some((word, after)) = encoded_word(tail) else {
            // Not a word: go on behind its `=?`, which is text.
            push_lossy(&mut text, &rest[..start + 2]);
            rest = &rest[start + 2..];
            after_word = false;
            continue;
        };
        if !(after_word && before.iter().all(u8::is_ascii_whitespace)) {
            push_lossy(&mut text, before);
        }
        text.push_str(&word);
        rest = after;
        after_word = true;
    }
    push_lossy(&mut text, rest);
    text
}

/// Text in a charset of which we know UTF-8, US-ASCII and ISO-8859-1; any other is taken for UTF-8,
/// with U+FFFD for what is not.
pub fn decode_charset<'a>(charset: &[u8], bytes: &'a [u8]) -> Cow<'a, str> {
    if charset.eq_ignore_ascii_case(b"iso-8859-1") || charset.eq_ignore_ascii_case(b"latin1") {
        bytes.iter().map(|&b| char::from(b)).collect()
    } else {
        String::from_utf8_lossy(bytes)
    }
}

/// The decoded word at the start of `text`, which begins with `=?`, and what follows it.
fn encoded_word(text: &[u8]) -> Option<(String, &[u8])> {
    // A word is at most 75 characters (RFC 2047 section 2); some writers exceed that. The bound
    // keeps a header full of `=?` linear.
    const WORD_BYTES_MAX: usize = 1_000;
    let text_head = &text[2..text.len().min(WORD_BYTES_MAX)];
    let mut pieces = text_head.splitn(3, |&b| b == b'?');
    let (charset, encoding, content) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let content = &content[..find(content, b"?=")?];
    // Charset, language tag (RFC 2231 section 5) and content have no white space.
    let all = [charset, encoding, content];
    if charset.is_empty() || all.iter().any(|piece| piece.iter().any(u8::is_ascii_whitespace)) {
        return None;
    }
    let bytes = match encoding {
        b"B" | b"b" => lenient_base64(content),
        b"Q" | b"q" => lenient_quoted(content),
        _ => return None,
    };
    let charset = charset.split(|&b| b == b'*').next().unwrap_or_default();
    let length = 2 + pieces_length(all) + 2;
    Some((decode_charset(charset, &bytes).into_owned(), &text[length..]))
}

/// The three pieces of a word with the two `?` between them.
fn pieces_length(pieces: [&[u8]; 3]) -> usize {
    pieces.iter().map(|piece| piece.len()).sum::<usize>() + 2
}

/// Decodes up to the first thing that is wrong.
fn lenient_base64(content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = Base64Decoder::new();
    let end = content.iter().position(|&b| !is_base64_byte(b)).unwrap_or(content.len());
    let padded =
        content[..end].iter().copied().chain(std::iter::repeat_n(b'=', end.wrapping_neg() % 4));
    for b in padded {
        if decoder.feed(&[b], &mut bytes).is_err() {
            break;
        }
    }
    bytes
}

/// `=41` and `_` (RFC 2047 section 4.2).
fn lenient_quoted(content: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = content.iter().map(|&b| if b == b'_' { b' ' } else { b }).collect();
    decode_escapes(b'=', &spaced)
}

/// `%41` (RFC 2231 section 4).
pub(crate) fn decode_percent(content: &[u8]) -> Vec<u8> {
    decode_escapes(b'%', content)
}

/// A mark without two digits after it stays as it is.
fn decode_escapes(mark: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some((&b, after)) = rest.split_first() {
        let digits = after.split_first_chunk().filter(|_| b == mark);
        let escaped = digits.and_then(|([high, low], after)| Some((hex_pair(*high, *low)?, after)));
        let (b, after) = escaped.unwrap_or((b, after));
        bytes.push(b);
        rest = after;
    }
    bytes
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let value = |b: u8| char::from(b).to_digit(16);
    u8::try_from(value(high)? << 4 | value(low)?).ok()
}

fn push_lossy(text: &mut String, bytes: &[u8]) {
    text.push_str(&String::from_utf8_lossy(bytes));
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}
