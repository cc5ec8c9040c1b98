//! From a line to a verb and its argument.

use crate::reply::Reply;

/// What a line begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Ehlo,
    Helo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
    /// A verb of SMTP we know of and do not have.
    NotOffered,
    /// A line of another protocol, or of a message.
    Foreign,
    /// None of these.
    Unknown,
}

const VERBS: [(&str, Verb); 17] = [
    ("EHLO", Verb::Ehlo),
    ("HELO", Verb::Helo),
    ("STARTTLS", Verb::StartTls),
    ("AUTH", Verb::Auth),
    ("MAIL", Verb::Mail),
    ("RCPT", Verb::Rcpt),
    ("DATA", Verb::Data),
    ("RSET", Verb::Rset),
    ("NOOP", Verb::Noop),
    ("VRFY", Verb::Vrfy),
    ("HELP", Verb::Help),
    ("QUIT", Verb::Quit),
    ("BDAT", Verb::NotOffered),
    ("BURL", Verb::NotOffered),
    ("ETRN", Verb::NotOffered),
    ("EXPN", Verb::NotOffered),
    ("TURN", Verb::NotOffered),
];

/// The methods of HTTP (RFC 9110 section 9) and the preface of its second version.
const HTTP: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"];

impl Verb {
    fn named(word: &str) -> Self {
        let is = |name: &str| name.eq_ignore_ascii_case(word);
        if let Some((_, verb)) = VERBS.iter().find(|(name, _)| is(name)) {
            *verb
        } else if HTTP.into_iter().any(is) || is_field_name(word) {
            Verb::Foreign
        } else {
            Verb::Unknown
        }
    }

    /// RFC 3207 section 4 names these, and QUIT.
    pub(super) fn is_allowed_before_tls(self) -> bool {
        use Verb::{Ehlo, Foreign, Helo, Noop, Quit, StartTls};
        matches!(self, Ehlo | Helo | Noop | Quit | StartTls | Foreign)
    }
}

/// `Subject:` is the beginning of a message whose sender did not wait for 354.
fn is_field_name(word: &str) -> bool {
    word.len() > 1 && word.ends_with(':')
}

/// Splits a line at its first space. Refuses control characters, what is not UTF-8, and non-ASCII
/// anywhere but in MAIL and RCPT (RFC 6531 section 3.5).
pub(super) fn parse(line: &[u8]) -> Result<(Verb, &str), Reply> {
    let line = str::from_utf8(line).map_err(|_| Reply::bad_characters())?;
    let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
    let verb = Verb::named(word);
    let may_be_utf8 = matches!(verb, Verb::Mail | Verb::Rcpt);
    if line.chars().any(char::is_control) || !(line.is_ascii() || may_be_utf8) {
        return Err(Reply::bad_characters());
    }
    Ok((verb, argument.trim_matches(' ')))
}

/// True if a line begins with AUTH, whose lines may be longer (RFC 4954 section 4).
pub(super) fn is_auth(line: &[u8]) -> bool {
    line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"AUTH "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_have_no_case() {
        assert_eq!(parse(b"mAiL FROM:<>").unwrap(), (Verb::Mail, "FROM:<>"));
        assert_eq!(parse(b"quit").unwrap(), (Verb::Quit, ""));
        assert_eq!(parse(b"NOOP  x  ").unwrap(), (Verb::Noop, "x"));
    }

    #[test]
    fn other_protocols_are_known() {
        assert_eq!(parse(b"GET / HTTP/1.1").unwrap().0, Verb::Foreign);
        assert_eq!(parse(b"PRI * HTTP/2.0").unwrap().0, Verb::Foreign);
        assert_eq!(parse(b"Host: example.org").unwrap().0, Verb::Foreign);
        assert_eq!(parse(b"").unwrap().0, Verb::Unknown);
        assert_eq!(parse(b": x").unwrap().0, Verb::Unknown);
    }

    #[test]
    fn bad_characters_are_refused() {
        for bad in [&b"NOOP \0"[..], b"NOOP\t", b"VRFY \xc3\xbc", b"MAIL \xc3", b"NOOP \x7f"] {
            assert_eq!(parse(bad).unwrap_err().code(), 500, "{bad:?}");
        }
        assert_eq!(parse("MAIL FROM:<ü@x.org>".as_bytes()).unwrap().0, Verb::Mail);
        assert!(parse("MAIL FROM:<\u{85}@x.org>".as_bytes()).is_err());
    }
}
