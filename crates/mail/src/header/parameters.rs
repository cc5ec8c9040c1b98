//! Content-Type and Content-Disposition values (RFC 2045 section 5.1, RFC 2183, RFC 2231).
//!
//! Read leniently and marked when they had to be; the gate goes by exact values alone. At most
//! [`MIME_PARAMETERS_MAX`] parameters (pieces of split ones counted singly) are kept.

use super::lexer::{Grammar, Kind, Lexer, Token};
use crate::encoding::words::{decode_charset, decode_percent};
use crate::limits::MIME_PARAMETERS_MAX;

/// A media type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaType {
    /// Such as `text`; lower case.
    pub main_type: String,
    /// Such as `plain`; lower case.
    pub sub_type: String,
    /// In order, names in lower case, split and encoded values (RFC 2231) put together.
    pub parameters: Vec<(String, String)>,
    /// The value follows the grammar, no parameter comes twice, and neither comments nor escapes
    /// nor a split `boundary` or `charset` could make readers differ.
    pub exact: bool,
}

impl MediaType {
    /// True if it is this type, given in lower case.
    pub fn is(&self, main_type: &str, sub_type: &str) -> bool {
        self.main_type == main_type && self.sub_type == sub_type
    }

    /// The value of the first parameter of a name, given in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads the value of a Content-Type field; `None` if there is no `type/subtype` in it.
pub fn media_type(value: &[u8]) -> Option<MediaType> {
    let mut tokens = Tokens::new(value);
    let main_type = tokens.word()?;
    let slash = tokens.next().filter(|token| token.is(b'/'))?;
    tokens.exact &= !slash.spaced;
    let sub_type = tokens.word()?;
    let parameters = tokens.parameters();
    Some(MediaType { main_type, sub_type, parameters, exact: tokens.exact })
}

/// Reads the value of a Content-Disposition field: its word in lower case and its parameters.
pub fn disposition(value: &[u8]) -> Option<(String, Vec<(String, String)>)> {
    let mut tokens = Tokens::new(value);
    let word = tokens.word()?;
    Some((word, tokens.parameters()))
}

/// A parameter or a piece of one.
struct Piece {
    name: String,
    /// `*0`, `*1` and so on.
    index: Option<u32>,
    /// `*` at the end: percent-encoded, the first piece begins with charset and language.
    encoded: bool,
    value: Vec<u8>,
}

impl Piece {
    fn is_plain(&self) -> bool {
        self.index.is_none() && !self.encoded
    }
}

struct Tokens<'a> {
    lexer: Lexer<'a>,
    exact: bool,
    /// A word was seen: white space before the next one is not of the grammar.
    begun: bool,
}

impl<'a> Tokens<'a> {
    fn new(value: &'a [u8]) -> Tokens<'a> {
        Tokens { lexer: Lexer::new(value, Grammar::Parameter), exact: true, begun: false }
    }

    /// The next token that is no comment.
    fn next(&mut self) -> Option<Token> {
        loop {
            let token = self.lexer.next()?;
            self.exact &= !token.doubtful && !token.open && token.kind != Kind::Comment;
            if token.kind != Kind::Comment {
                return Some(token);
            }
        }
    }

    fn word(&mut self) -> Option<String> {
        let token = self.next().filter(|token| token.kind == Kind::Word)?;
        self.exact &= !(token.spaced && self.begun);
        self.begun = true;
        self.exact &= token.text.iter().all(|&b| is_token_byte(b));
        Some(lower(&token.text))
    }

    fn parameters(&mut self) -> Vec<(String, String)> {
        let mut pieces = Vec::new();
        let mut group = Vec::new();
        let mut first = true;
        loop {
            let over = match self.next() {
                Some(token) if !token.is(b';') => {
                    group.push(token);
                    continue;
                }
                end => end.is_none(),
            };
            self.parameter(&group, first, &mut pieces);
            if over {
                break;
            }
            group.clear();
            first = false;
        }
        let (parameters, exact) = joined(&pieces);
        self.exact &= exact;
        parameters
    }

    /// What stands between two semicolons; nothing, before the first. A semicolon at the end is
    /// common and harmless.
    fn parameter(&mut self, group: &[Token], first: bool, pieces: &mut Vec<Piece>) {
        let [name, equals, value @ ..] = group else {
            self.exact &= group.is_empty();
            return;
        };
        self.exact &= !first && is_exact(name, equals, value);
        let named = name.kind == Kind::Word && equals.is(b'=') && !value.is_empty();
        if !named || pieces.len() >= MIME_PARAMETERS_MAX {
            self.exact = false;
            return;
        }
        pieces.push(piece(&lower(&name.text), value.iter().flat_map(|token| &token.text).copied()));
    }
}

fn is_exact(name: &Token, equals: &Token, value: &[Token]) -> bool {
    let [value] = value else { return false };
    let is_token = |token: &Token| token.text.iter().all(|&b| is_token_byte(b));
    let plain = value.kind == Kind::Quoted || (value.kind == Kind::Word && is_token(value));
    is_token(name) && !equals.spaced && !value.spaced && plain
}

/// `token` of RFC 2045 section 5.1.
fn is_token_byte(b: u8) -> bool {
    b.is_ascii_graphic() && !br#"()<>@,;:\"/[]?="#.contains(&b)
}

fn lower(text: &[u8]) -> String {
    String::from_utf8_lossy(text).to_ascii_lowercase()
}

/// Reads `name`, `name*`, `name*0` and `name*0*`.
fn piece(name: &str, value: impl Iterator<Item = u8>) -> Piece {
    let (stem, encoded) = name.strip_suffix('*').map_or((name, false), |stem| (stem, true));
    let indexed = stem.split_once('*').and_then(|(stem, index)| Some((stem, index.parse().ok()?)));
    let (stem, index) = indexed.map_or((stem, None), |(stem, index)| (stem, Some(index)));
    Piece { name: stem.to_owned(), index, encoded, value: value.collect() }
}

/// Puts split values together. The number of pieces is small and bounded, so looking through them
/// again and again is fine.
fn joined(pieces: &[Piece]) -> (Vec<(String, String)>, bool) {
    let mut parameters: Vec<(String, String)> = Vec::new();
    let mut exact = true;
    for piece in pieces {
        let twins = pieces.iter().filter(|other| other.name == piece.name && other.is_plain());
        exact &= twins.count() <= 1;
        exact &= (piece.is_plain() && !piece.name.contains('*')) || !is_vital(&piece.name);
        if !parameters.iter().any(|(name, _)| *name == piece.name) {
            parameters.push((piece.name.clone(), value_of(&piece.name, pieces)));
        }
    }
    (parameters, exact)
}

/// Decides how a message is read. Some take even `boundary*x`, which is nothing, for it.
fn is_vital(name: &str) -> bool {
    let stem = name.split('*').next().unwrap_or_default();
    matches!(stem, "boundary" | "charset" | "protocol")
}

/// The value of a name: an encoded one is preferred to a split one, that to a plain one.
fn value_of(name: &str, pieces: &[Piece]) -> String {
    let named = || pieces.iter().filter(|piece| piece.name == name);
    if let Some(whole) = named().find(|piece| piece.index.is_none() && piece.encoded) {
        return decoded(&[whole]);
    }
    let mut run = Vec::new();
    while let Some(next) = named().find(|piece| piece.index == u32::try_from(run.len()).ok()) {
        run.push(next);
    }
    let plain = || named().find(|piece| piece.is_plain());
    match (run.is_empty(), plain()) {
        (true, Some(plain)) => String::from_utf8_lossy(&plain.value).into_owned(),
        _ => decoded(&run),
    }
}

fn decoded(run: &[&Piece]) -> String {
    let mut charset = Vec::new();
    let mut bytes = Vec::new();
    for (index, piece) in run.iter().enumerate() {
        let mut value = piece.value.as_slice();
        if index == 0 && piece.encoded {
            let mut parts = value.splitn(3, |&b| b == b'\'');
            if let (Some(name), Some(_), Some(rest)) = (parts.next(), parts.next(), parts.next()) {
                charset = name.to_vec();
                value = rest;
            }
        }
        if piece.encoded {
            bytes.extend(decode_percent(value));
        } else {
            bytes.extend_from_slice(value);
        }
    }
    decode_charset(&charset, &bytes).into_owned()
}
