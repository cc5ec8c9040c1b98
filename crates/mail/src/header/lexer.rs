//! Words, quoted strings, literals and comments: what structured field values are made of
//! (RFC 5322 section 3.2, RFC 2045 section 5.1).
//!
//! One pass, comments counted instead of recursed into. Never fails: what is left open ends with
//! the value, and is marked.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An atom or token; encoded words are left alone.
    Word,
    /// The content of a quoted string.
    Quoted,
    /// A domain literal with its brackets.
    Literal,
    /// One special character.
    Special(u8),
    /// The content of an outermost comment.
    Comment,
}

/// One token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The text; without quotes, backslashes of pairs, and line ends.
    pub(super) text: Vec<u8>,
    /// White space stood before it.
    pub(super) spaced: bool,
    /// Backslash pairs or line ends were taken out, about which readers differ.
    pub(super) doubtful: bool,
    /// The end of the value came before that of the token.
    pub(super) open: bool,
}

impl Token {
    fn plain(kind: Kind, text: Vec<u8>, spaced: bool) -> Token {
        Token { kind, text, spaced, doubtful: false, open: false }
    }

    pub(super) fn is(&self, special: u8) -> bool {
        self.kind == Kind::Special(special)
    }
}

/// Which characters are tokens of their own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grammar {
    /// `specials` of RFC 5322 section 3.2.3, the dot left out: it belongs to dot-atoms.
    Address,
    /// `tspecials` of RFC 2045 section 5.1, but for those that only matter to addresses and are
    /// often written without quotes.
    Parameter,
}

impl Grammar {
    fn is_special(self, b: u8) -> bool {
        match self {
            Grammar::Address => b"<>:;@,)]".contains(&b),
            Grammar::Parameter => b"/;=,".contains(&b),
        }
    }

    fn opens(self, b: u8) -> bool {
        matches!(b, b'"' | b'(') || (b == b'[' && matches!(self, Grammar::Address))
    }
}

/// Takes a value apart.
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
    grammar: Grammar,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(value: &'a [u8], grammar: Grammar) -> Lexer<'a> {
        Lexer { rest: value, grammar }
    }

    fn word(&mut self) -> Vec<u8> {
        let ends = |&b: &u8| is_space(b) || self.grammar.is_special(b) || self.grammar.opens(b);
        let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_vec()
    }

    /// Takes up to the closing character; `rest` is behind the opening one.
    fn delimited(&mut self, kind: Kind, (open, close): (u8, u8), spaced: bool) -> Token {
        let mut text = Vec::new();
        let mut depth = 1_usize;
        let mut doubtful = false;
        while let Some((&b, after)) = self.rest.split_first() {
            self.rest = after;
            match b {
                b'\\' => {
                    doubtful = true;
                    let Some((&escaped, after)) = after.split_first() else { break };
                    text.push(escaped);
                    self.rest = after;
                    continue;
                }
                b'\r' | b'\n' => {
                    doubtful = true;
                    continue;
                }
                _ if b == close => depth -= 1,
                _ if b == open => depth += 1,
                _ => {}
            }
            if depth == 0 {
                return Token { kind, text, spaced, doubtful, open: false };
            }
            text.push(b);
        }
        Token { kind, text, spaced, doubtful, open: true }
    }

    fn token(&mut self, spaced: bool) -> Option<Token> {
        let &first = self.rest.first()?;
        let (kind, marks) = match first {
            b'"' => (Kind::Quoted, (b'"', b'"')),
            b'(' => (Kind::Comment, (b'(', b')')),
            b'[' if self.grammar.opens(b'[') => (Kind::Literal, (b'[', b']')),
            _ if self.grammar.is_special(first) => {
                self.rest = &self.rest[1..];
                return Some(Token::plain(Kind::Special(first), vec![first], spaced));
            }
            _ => {
                return Some(Token::plain(Kind::Word, self.word(), spaced));
            }
        };
        self.rest = &self.rest[1..];
        let mut token = self.delimited(kind, marks, spaced);
        if kind == Kind::Literal {
            token.text.insert(0, b'[');
            token.text.push(b']');
        }
        Some(token)
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.rest.iter().position(|&b| !is_space(b)).unwrap_or(self.rest.len());
        self.rest = &self.rest[start..];
        self.token(start > 0)
    }
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}
