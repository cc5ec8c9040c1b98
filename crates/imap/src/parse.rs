//! From bytes to commands, in two steps.
//!
//! [`Framer`] cuts the stream into commands with their literals, and lets APPEND's message pass by
//! without holding it; [`parse`] reads one such command. Both are linear in the input, bounded by
//! [`mail::limits`], and free of recursion. Lines end in CR LF or a bare LF. Strings may hold any
//! byte but NUL, and quoted ones neither CR nor LF (RFC 3501 section 9). Where the grammar wants one
//! space, several are taken.

mod append;
mod arguments;
mod cursor;
mod fetch;
mod flags;
mod framer;
mod metadata;
mod search;
mod verb;

use cursor::Cursor;
pub use framer::{Fault, Framed, Framer, Refused};

use crate::command::{Command, Tag};

/// A command that is not understood: the answer is a tagged BAD, or an untagged one without a tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ParseError {
    /// Its tag, if it began with one.
    pub tag: Option<Tag>,
    /// Words for the client.
    pub text: &'static str,
}

/// What a rule of the grammar gives: a value, or words for the client.
type Parsed<T> = Result<T, &'static str>;

/// Reads a command as [`Framer`] gives it: all its literals included, without the line end.
///
/// # Errors
/// If the bytes are no command spoken here, hold a NUL, or meet a ceiling
/// ([`mail::limits::IMAP_ITEMS_MAX`], [`mail::limits::IMAP_NESTING_MAX`],
/// [`mail::limits::IMAP_SECTION_DEPTH_MAX`]).
pub fn parse(command: &[u8]) -> Result<Command, ParseError> {
    let (tag, mut cursor) = open(command)?;
    match verb::body(&mut cursor) {
        Ok(body) => Ok(Command { tag, body }),
        Err(text) => Err(ParseError { tag: Some(tag), text }),
    }
}

/// Takes the tag off.
fn open(command: &[u8]) -> Result<(Tag, Cursor<'_>), ParseError> {
    let Some(tag) = tag_of(command) else {
        return Err(ParseError { tag: None, text: "A command begins with a tag." });
    };
    if memchr::memchr(0, command).is_some() {
        return Err(ParseError { tag: Some(tag), text: "A command cannot hold NUL." });
    }
    let cursor = Cursor::new(&command[tag.as_str().len()..]);
    Ok((tag, cursor))
}

/// The tag a command begins with, if it does.
fn tag_of(command: &[u8]) -> Option<Tag> {
    let window = &command[..command.len().min(Tag::BYTES_MAX + 1)];
    let end = window.iter().position(|byte| matches!(byte, b' ' | b'\r' | b'\n'));
    Tag::new(&window[..end.unwrap_or(window.len())])
}

/// Characters of a tag (RFC 3501 section 9: ASTRING-CHAR without `+`).
pub(crate) fn is_tag_char(byte: u8) -> bool {
    is_astring_char(byte) && byte != b'+'
}

/// Characters of an atom (RFC 3501 section 9, ATOM-CHAR).
pub(crate) fn is_atom_char(byte: u8) -> bool {
    byte.is_ascii_graphic() && !br#"(){%*"\]"#.contains(&byte)
}

/// Characters of an unquoted string (RFC 3501 section 9, ASTRING-CHAR).
pub(crate) fn is_astring_char(byte: u8) -> bool {
    is_atom_char(byte) || byte == b']'
}

#[cfg(test)]
mod tests;
