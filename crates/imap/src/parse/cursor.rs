//! The smallest pieces of the grammar (RFC 3501 section 9): words, numbers, strings.
//!
//! Every function takes what it reads off the front. After an error the rest has no meaning.

use std::borrow::Cow;

use super::{Parsed, is_astring_char, is_atom_char};

/// What is left to read.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

const EXPECTED_SPACE: &str = "Expected a space.";
const EXPECTED_STRING: &str = "Expected a string.";
const BAD_LITERAL: &str = "Bad literal.";

impl<'a> Cursor<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Cursor<'a> {
        Cursor { rest }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes this byte if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    pub(super) fn expect(&mut self, byte: u8, error: &'static str) -> Parsed<()> {
        if self.eat(byte) { Ok(()) } else { Err(error) }
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !wanted(*byte)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Spaces, if there are any.
    pub(super) fn skip_spaces(&mut self) -> bool {
        !self.take_while(|byte| byte == b' ').is_empty()
    }

    /// At least one space.
    pub(super) fn space(&mut self) -> Parsed<()> {
        if self.skip_spaces() { Ok(()) } else { Err(EXPECTED_SPACE) }
    }

    /// Nothing more but spaces.
    pub(super) fn end(&mut self) -> Parsed<()> {
        self.skip_spaces();
        if self.rest.is_empty() { Ok(()) } else { Err("Too many arguments.") }
    }

    /// True at the end, or with nothing left but spaces (which are taken).
    pub(super) fn at_end(&mut self) -> bool {
        self.end().is_ok()
    }

    pub(super) fn atom(&mut self) -> Parsed<&'a [u8]> {
        match self.take_while(is_atom_char) {
            b"" => Err("Expected a word."),
            atom => Ok(atom),
        }
    }

    /// An atom in capitals.
    pub(super) fn word(&mut self) -> Parsed<Vec<u8>> {
        self.atom().map(<[u8]>::to_ascii_uppercase)
    }

    /// The name of a data item, in capitals; may be empty.
    pub(super) fn item_name(&mut self) -> Vec<u8> {
        let is_item_char = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        self.take_while(is_item_char).to_ascii_uppercase()
    }

    pub(super) fn number64(&mut self) -> Parsed<u64> {
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        number.ok_or("Expected a number.")
    }

    pub(super) fn number(&mut self) -> Parsed<u32> {
        u32::try_from(self.number64()?).map_err(|_| "The number is too large.")
    }

    /// A number from 1.
    pub(super) fn positive(&mut self) -> Parsed<u32> {
        match self.number()? {
            0 => Err("Zero is not allowed here."),
            number => Ok(number),
        }
    }

    /// An atom, a quoted string or a literal.
    pub(super) fn astring(&mut self) -> Parsed<Cow<'a, [u8]>> {
        self.string_or(is_astring_char)
    }

    /// The pattern of LIST: an astring in which `%` and `*` need no quotes.
    pub(super) fn list_mailbox(&mut self) -> Parsed<Cow<'a, [u8]>> {
        self.string_or(|byte| is_astring_char(byte) || matches!(byte, b'%' | b'*'))
    }

    fn string_or(&mut self, bare: impl Fn(u8) -> bool) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => match self.take_while(bare) {
                b"" => Err(EXPECTED_STRING),
                bytes => Ok(Cow::Borrowed(bytes)),
            },
        }
    }

    /// A quoted string or a literal.
    pub(super) fn string(&mut self) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal().map(Cow::Borrowed),
            _ => Err(EXPECTED_STRING),
        }
    }

    /// A string, or NIL.
    pub(super) fn nstring(&mut self) -> Parsed<Option<Cow<'a, [u8]>>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string().map(Some),
            _ if self.atom()?.eq_ignore_ascii_case(b"NIL") => Ok(None),
            _ => Err(EXPECTED_STRING),
        }
    }

    /// A string that may say it holds binary data (`literal8`, RFC 3516), or NIL.
    pub(super) fn nstring8(&mut self) -> Parsed<Option<Cow<'a, [u8]>>> {
        if self.eat(b'~') { self.literal().map(|bytes| Some(bytes.into())) } else { self.nstring() }
    }

    fn quoted(&mut self) -> Parsed<Cow<'a, [u8]>> {
        self.expect(b'"', EXPECTED_STRING)?;
        let plain = self.take_while(is_quotable);
        if self.eat(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_vec();
        while self.eat(b'\\') {
            match self.peek() {
                Some(byte @ (b'"' | b'\\')) => text.push(byte),
                _ => return Err("Only \\\" and \\\\ may be written with a backslash."),
            }
            self.take(1);
            text.extend_from_slice(self.take_while(is_quotable));
        }
        self.expect(b'"', "A quoted string does not end.")?;
        Ok(Cow::Owned(text))
    }

    fn literal(&mut self) -> Parsed<&'a [u8]> {
        self.expect(b'{', EXPECTED_STRING)?;
        let length = usize::try_from(self.number64()?).map_err(|_| BAD_LITERAL)?;
        self.eat(b'+');
        self.expect(b'}', BAD_LITERAL)?;
        self.eat(b'\r');
        self.expect(b'\n', BAD_LITERAL)?;
        if self.rest.len() < length { Err(BAD_LITERAL) } else { Ok(self.take(length)) }
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        taken
    }

    /// `(`, then as many elements as there are, separated by spaces, then `)`.
    pub(super) fn list(&mut self, mut element: impl FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        self.expect(b'(', "Expected a list in parentheses.")?;
        self.skip_spaces();
        while !self.eat(b')') {
            element(self)?;
            if !self.skip_spaces() && self.peek() != Some(b')') {
                return Err("A list does not end.");
            }
        }
        Ok(())
    }
}

fn is_quotable(byte: u8) -> bool {
    !matches!(byte, b'"' | b'\\' | b'\r' | b'\n')
}
