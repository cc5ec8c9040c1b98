//! Address lists (RFC 5322 section 3.4), read leniently and marked when they had to be.
//!
//! For ENVELOPE any reading will do; where a verdict hangs on an address, only an [`AddressList`]
//! that is `exact` counts. One pass over the tokens, at most [`ENVELOPE_ADDRESSES_MAX`] entries.

use super::lexer::{Grammar, Kind, Lexer, Token};
use crate::limits::ENVELOPE_ADDRESSES_MAX;
use crate::skeleton::Mailbox;

/// What an address list holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressList {
    /// The addresses and the marks of groups, in order, as ENVELOPE shows them. Names keep their
    /// encoded words; local parts are without quotes.
    pub entries: Vec<Mailbox>,
    /// The value follows today's grammar to the letter, and nothing in it reads differently to
    /// different programs. Routes, empty entries, escapes, white space or comments inside an
    /// address, and what looks like an address inside a comment, or inside quotes where there are
    /// escapes, make it false.
    pub exact: bool,
}

/// Reads the value of a From, To or similar field.
pub fn addresses(value: &[u8]) -> AddressList {
    let mut reader = Reader {
        list: AddressList { entries: Vec::new(), exact: !value.iter().any(|&b| is_control(b)) },
        words: Vec::new(),
        angle: None,
        comment: None,
        after_comment: false,
        after_comma: false,
        in_group: false,
        escapes: false,
        hides: false,
    };
    for token in Lexer::new(value, Grammar::Address) {
        reader.take(token);
    }
    reader.finish()
}

fn is_control(b: u8) -> bool {
    b.is_ascii_control() && !matches!(b, b'\t' | b'\r' | b'\n')
}

/// Who takes this text for what it is not sees an address in it.
fn looks_like_address(text: &[u8]) -> bool {
    text.iter().any(|b| b"<>@".contains(b))
}

struct Reader {
    list: AddressList,
    /// A display name, or an address without angle brackets.
    words: Vec<Token>,
    /// What stands in angle brackets, and whether they were closed.
    angle: Option<(Vec<Token>, bool)>,
    comment: Option<Vec<u8>>,
    /// The token before was a comment, which divides like white space.
    after_comment: bool,
    /// The last token was a comma, which needs something after it.
    after_comma: bool,
    in_group: bool,
    /// There are escapes or folds within a token: not everybody sees its end in the same place.
    escapes: bool,
    /// What looks like an address stands in a quoted string.
    hides: bool,
}

impl Reader {
    fn take(&mut self, mut token: Token) {
        self.list.exact &= !token.open;
        self.escapes |= token.doubtful;
        self.hides |= token.kind == Kind::Quoted && looks_like_address(&token.text);
        token.spaced |= self.after_comment;
        self.after_comma = token.is(b',');
        self.after_comment = token.kind == Kind::Comment;
        let open = matches!(self.angle, Some((_, false)));
        match token.kind {
            Kind::Comment => {
                // What looks like an address in a comment is taken for one by careless readers.
                self.list.exact &= !looks_like_address(&token.text);
                self.comment = Some(token.text);
            }
            Kind::Special(b'>') if open => self.close_angle(),
            Kind::Special(b',') if self.in_route() => {}
            Kind::Special(b',' | b';') if open => {
                self.list.exact = false;
                self.end_entry();
                self.end_group(&token);
            }
            _ if open => self.angle_token(token),
            Kind::Special(b'<') if self.angle.is_none() => self.angle = Some((Vec::new(), false)),
            Kind::Special(b',') => {
                self.list.exact &= !self.words.is_empty() || self.angle.is_some();
                self.end_entry();
            }
            Kind::Special(b';') => {
                self.end_entry();
                self.end_group(&token);
            }
            Kind::Special(b':') => self.begin_group(),
            Kind::Special(b'>' | b')' | b']' | b'<') => self.list.exact = false,
            _ => {
                // Words after an address in angle brackets.
                self.list.exact &= self.angle.is_none();
                self.words.push(token);
            }
        }
    }

    fn in_route(&self) -> bool {
        let tokens = self.angle.as_ref().filter(|(_, closed)| !closed).map(|(tokens, _)| tokens);
        tokens.and_then(|tokens| tokens.first()).is_some_and(|token| token.is(b'@'))
    }

    fn close_angle(&mut self) {
        if let Some((_, closed)) = &mut self.angle {
            *closed = true;
        }
    }

    /// Routes (`<@a,@b:c@d>`, RFC 5322 section 4.4) are dropped as far as the colon.
    fn angle_token(&mut self, token: Token) {
        let Some((tokens, _)) = &mut self.angle else { return };
        if token.is(b':') {
            self.list.exact = false;
            tokens.clear();
        } else {
            tokens.push(token);
        }
    }

    fn begin_group(&mut self) {
        self.list.exact &= !self.in_group && self.angle.is_none() && !self.words.is_empty();
        let name = phrase(&std::mem::take(&mut self.words));
        self.angle = None;
        self.in_group = true;
        self.push(Mailbox { mailbox: Some(name), ..Mailbox::default() });
    }

    fn end_group(&mut self, token: &Token) {
        if !token.is(b';') {
            return;
        }
        self.list.exact &= self.in_group;
        if self.in_group {
            self.push(Mailbox::default());
        }
        self.in_group = false;
    }

    fn end_entry(&mut self) {
        let words = std::mem::take(&mut self.words);
        let comment = self.comment.take();
        let (spec, name) = match self.angle.take() {
            Some((tokens, closed)) => {
                self.list.exact &= closed && !words.iter().any(|word| word.is(b'@'));
                (tokens, Some(phrase(&words)).filter(|name| !name.is_empty()))
            }
            None if words.is_empty() => return,
            None => (words, comment),
        };
        let (entry, exact) = address(&spec, name);
        self.list.exact &= exact;
        self.push(entry);
    }

    fn push(&mut self, entry: Mailbox) {
        if self.list.entries.len() < ENVELOPE_ADDRESSES_MAX {
            self.list.entries.push(entry);
        } else {
            self.list.exact = false;
        }
    }

    fn finish(mut self) -> AddressList {
        self.end_entry();
        self.list.exact &= !self.after_comma;
        self.list.exact &= !(self.escapes && self.hides);
        if self.in_group {
            self.list.exact = false;
            self.push(Mailbox::default());
        }
        self.list
    }
}

/// `local@domain`; the last `@` divides. Without one, the domain is empty rather than missing,
/// for a missing one would mean a group.
fn address(spec: &[Token], name: Option<Vec<u8>>) -> (Mailbox, bool) {
    let at = spec.iter().rposition(|token| token.is(b'@'));
    let (local, domain) = match at {
        Some(at) => (&spec[..at], &spec[at + 1..]),
        None => (spec, &[][..]),
    };
    // White space inside an address is of the old grammar, which not everybody reads.
    let exact = local.len() == 1
        && domain.len() == 1
        && !spec[1..].iter().any(|token| token.spaced)
        && !spec.iter().any(|token| token.doubtful)
        && matches!(local[0].kind, Kind::Word | Kind::Quoted)
        && matches!(domain[0].kind, Kind::Word | Kind::Literal);
    let entry = Mailbox { name, mailbox: Some(joined(local)), host: Some(joined(domain)) };
    (entry, exact)
}

fn joined(tokens: &[Token]) -> Vec<u8> {
    tokens.iter().flat_map(|token| token.text.iter().copied()).collect()
}

/// Words with single spaces where there was white space.
fn phrase(words: &[Token]) -> Vec<u8> {
    let mut text = Vec::new();
    for word in words {
        if word.spaced && !text.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(&word.text);
    }
    text
}
