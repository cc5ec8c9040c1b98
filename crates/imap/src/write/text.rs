//! Strings (RFC 3501 sections 4.3 and 9).

use std::fmt::{self, Write as _};

use mail::MailboxName;

use super::put;
use crate::parse::is_astring_char;
use crate::utf7;

/// Longest string that is quoted, in bytes; a longer one is easier to read as a literal.
const QUOTED_BYTES_MAX: usize = 1_000;

/// A string: quoted if it is short and plain ASCII, else a literal. NUL, which no string may hold,
/// becomes `?`.
pub fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    let quotable = |byte: &u8| byte.is_ascii() && !matches!(byte, 0 | b'\r' | b'\n');
    if bytes.len() > QUOTED_BYTES_MAX || !bytes.iter().all(quotable) {
        return literal(out, bytes);
    }
    out.push(b'"');
    for byte in bytes {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// A string, or NIL.
pub fn nstring(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => string(out, bytes),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// A string that is bare where it can be.
pub fn astring(out: &mut Vec<u8>, bytes: &[u8]) {
    let is_bare = !bytes.is_empty() && bytes.iter().copied().all(is_astring_char);
    match is_bare && !bytes.eq_ignore_ascii_case(b"NIL") {
        true => out.extend_from_slice(bytes),
        false => string(out, bytes),
    }
}

/// A literal, whatever is in it; NUL becomes `?`.
pub fn literal(out: &mut Vec<u8>, bytes: &[u8]) {
    literal_head(out, bytes.len() as u64);
    out.extend(bytes.iter().map(|byte| if *byte == 0 { b'?' } else { *byte }));
}

/// What comes before the `bytes` bytes of a literal.
pub fn literal_head(out: &mut Vec<u8>, bytes: u64) {
    put!(out, "{{{bytes}}}\r\n");
}

/// A mailbox name as clients read it: quoted modified UTF-7.
pub struct MailboxString<'a>(pub &'a MailboxName);

impl fmt::Display for MailboxString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in utf7::encode(self.0.as_str()).chars() {
            if matches!(c, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        out.escape_ascii().to_string().replace("\\\"", "\"").replace("\\\\", "\\")
    }

    #[test]
    fn strings_are_quoted_if_they_can_be() {
        assert_eq!(said(|out| string(out, b"")), r#""""#);
        assert_eq!(said(|out| string(out, br#"a "b" \c"#)), r#""a \"b\" \\c""#);
        assert_eq!(said(|out| string(out, b"a\r\nb")), r"{4}\r\na\r\nb");
        assert_eq!(said(|out| string(out, b"\xc3\xbc")), r"{2}\r\n\xc3\xbc");
        assert_eq!(said(|out| string(out, b"a\0b")), r"{3}\r\na?b");
        assert_eq!(said(|out| nstring(out, None)), "NIL");
    }

    #[test]
    fn the_longest_quoted_string_and_one_longer() {
        let text = [b'x'; QUOTED_BYTES_MAX + 1];
        assert!(said(|out| string(out, &text[1..])).starts_with('"'));
        assert!(said(|out| string(out, &text)).starts_with("{1001}"));
    }

    #[test]
    fn astrings_are_bare_if_they_can_be() {
        assert_eq!(said(|out| astring(out, b"Message-ID")), "Message-ID");
        assert_eq!(said(|out| astring(out, b"a]")), "a]");
        assert_eq!(said(|out| astring(out, b"")), r#""""#);
        assert_eq!(said(|out| astring(out, b"nil")), r#""nil""#);
        assert_eq!(said(|out| astring(out, b"a (b")), r#""a (b""#);
    }

    #[test]
    fn mailbox_names_are_quoted_in_modified_utf_7() {
        let name = MailboxName::parse("M\u{fc}ll \"x\" & Co").unwrap();
        assert_eq!(MailboxString(&name).to_string(), r#""M&APw-ll \"x\" &- Co""#);
        assert_eq!(MailboxString(&MailboxName::inbox()).to_string(), "\"INBOX\"");
    }
}
