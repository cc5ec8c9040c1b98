//! What LIST and LSUB look for (RFC 3501 section 6.3.8): `*` for anything, `%` for anything within
//! one level.
//!
//! Matching walks the pattern once for each character of the name and never goes back, so its cost
//! is at most their product whatever the wildcards.

use mail::MailboxName;
use mail::limits::MAILBOX_NAME_BYTES_MAX;

use crate::utf7;

/// Reference and pattern of a LIST, joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPattern {
    /// Empty if nothing can match.
    tokens: Vec<Token>,
    asks_delimiter: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `%`
    Level,
    /// `*`
    Any,
}

impl ListPattern {
    /// Takes both arguments as they come, in modified UTF-7. What is not modified UTF-7, or longer
    /// than any name, is a pattern that matches nothing.
    pub fn new(reference: &[u8], pattern: &[u8]) -> ListPattern {
        let wire = [reference, pattern].concat();
        let text = utf7::decode(&wire).unwrap_or_default();
        ListPattern {
            tokens: tokens(&text).unwrap_or_default(),
            asks_delimiter: pattern.is_empty(),
        }
    }

    /// True for `LIST "" ""`, which asks for the separator and lists nothing.
    pub fn asks_delimiter(&self) -> bool {
        self.asks_delimiter
    }

    /// True if the name is one of those looked for. `INBOX` is compared without regard to case.
    pub fn matches(&self, name: &MailboxName) -> bool {
        self.matches_text(name.as_str())
    }

    fn matches_text(&self, name: &str) -> bool {
        if self.asks_delimiter {
            return false;
        }
        let caseless = if is_below_inbox(name) { INBOX.len() } else { 0 };
        let mut reached = self.start();
        for (index, c) in name.chars().enumerate() {
            reached = self.advance(&reached, c, index < caseless);
        }
        reached[self.tokens.len()]
    }

    /// `reached[i]`: what was read so far may be the first `i` tokens.
    fn start(&self) -> Vec<bool> {
        let mut reached = vec![false; self.tokens.len() + 1];
        reached[0] = !self.tokens.is_empty();
        self.skip_wildcards(&mut reached);
        reached
    }

    fn advance(&self, reached: &[bool], c: char, caseless: bool) -> Vec<bool> {
        let mut next = vec![false; reached.len()];
        for (index, token) in self.tokens.iter().enumerate().filter(|(index, _)| reached[*index]) {
            match token {
                Token::Any => next[index] = true,
                Token::Level => next[index] |= c != MailboxName::SEPARATOR,
                Token::Char(wanted) => next[index + 1] |= same(*wanted, c, caseless),
            }
        }
        self.skip_wildcards(&mut next);
        next
    }

    /// A wildcard may stand for nothing.
    fn skip_wildcards(&self, reached: &mut [bool]) {
        for (index, token) in self.tokens.iter().enumerate() {
            reached[index + 1] |= reached[index] && !matches!(token, Token::Char(_));
        }
    }
}

const INBOX: &str = "INBOX";

fn is_below_inbox(name: &str) -> bool {
    let first = name.split(MailboxName::SEPARATOR).next();
    first.is_some_and(|first| first.eq_ignore_ascii_case(INBOX))
}

fn same(a: char, b: char, caseless: bool) -> bool {
    if caseless { a.eq_ignore_ascii_case(&b) } else { a == b }
}

/// Neighbouring wildcards are one; `None` if there is more than a name can hold.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut chars = 0;
    for c in text.chars() {
        let token = match c {
            '*' => Token::Any,
            '%' => Token::Level,
            c => Token::Char(c),
        };
        match (tokens.last_mut(), token) {
            (Some(Token::Any), Token::Any | Token::Level) | (Some(Token::Level), Token::Level) => {}
            (Some(last @ Token::Level), Token::Any) => *last = Token::Any,
            _ => tokens.push(token),
        }
        chars += usize::from(matches!(token, Token::Char(_)));
        if chars > MAILBOX_NAME_BYTES_MAX {
            return None;
        }
    }
    Some(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, name: &str) -> bool {
        ListPattern::new(b"", pattern.as_bytes()).matches_text(name)
    }

    #[test]
    fn a_table_of_patterns() {
        let table = [
            ("*", "a.b.c", true),
            ("%", "a", true),
            ("%", "a.b", false),
            ("%.%", "a.b", true),
            ("%.%", "a.b.c", false),
            ("a*c", "a.b.c", true),
            ("a%c", "a.b.c", false),
            ("a.%", "a.", true),
            ("Sent", "Sent", true),
            ("sent", "Sent", false),
            ("inbox", "INBOX", true),
            ("InB*", "INBOX.Sub", true),
            ("inbox.sub", "INBOX.Sub", false),
            ("*box", "INBOX", true),
            ("%*%", "a.b", true),
            ("*%", "a.b", true),
            ("M&APw-ll", "Müll", true),
            ("M*ll", "Müll", true),
            ("", "INBOX", false),
            ("x", "", false),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_reference_comes_first() {
        let pattern = ListPattern::new(b"Archive.", b"%");
        assert!(pattern.matches_text("Archive.2024"));
        assert!(!pattern.matches_text("2024"));
    }

    #[test]
    fn i12_a_bad_name_matches_nothing() {
        for pattern in [&b"&*"[..], b"\xff*", b"*&Jj-", b"../*"] {
            let pattern = ListPattern::new(b"", pattern);
            assert!(!pattern.asks_delimiter());
            assert!(!pattern.matches_text("INBOX"));
        }
    }

    #[test]
    fn an_empty_pattern_asks_for_the_delimiter() {
        assert!(ListPattern::new(b"", b"").asks_delimiter());
        assert!(ListPattern::new(b"x", b"").asks_delimiter());
        assert!(!ListPattern::new(b"", b"%").asks_delimiter());
    }

    #[test]
    fn a_pattern_as_long_as_a_name_and_one_longer() {
        let name = "a".repeat(MAILBOX_NAME_BYTES_MAX);
        assert!(matches(&format!("{name}*"), &name));
        assert!(!matches(&format!("{name}a*"), &name));
        assert!(ListPattern::new(b"", "a".repeat(9_999).as_bytes()).tokens.is_empty());
    }

    #[test]
    fn many_wildcards_cost_no_more_than_their_number() {
        let pattern = "*a".repeat(MAILBOX_NAME_BYTES_MAX);
        let name = "a".repeat(MAILBOX_NAME_BYTES_MAX - 1) + "b";
        assert!(!matches(&pattern, &name));
        assert!(matches(&"*%".repeat(30_000), &name));
    }

    proptest! {
        #[test]
        fn agrees_with_the_obvious_way(pattern in "[ab.*%]{1,7}", name in "[ab.]{0,7}") {
            prop_assert_eq!(matches(&pattern, &name), obvious(pattern.as_bytes(), name.as_bytes()));
        }
    }

    /// Exponential, and plainly right.
    fn obvious(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern, name) {
            ([], _) => name.is_empty(),
            ([b'*', rest @ ..], [_, more @ ..]) => obvious(rest, name) || obvious(pattern, more),
            ([b'%', rest @ ..], [c, more @ ..]) => {
                obvious(rest, name) || (*c != b'.' && obvious(pattern, more))
            }
            ([b'*' | b'%', rest @ ..], []) => obvious(rest, name),
            ([p, rest @ ..], [c, more @ ..]) => p == c && obvious(rest, more),
            _ => false,
        }
    }
}
