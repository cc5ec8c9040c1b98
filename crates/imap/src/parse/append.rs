//! APPEND up to its message (RFC 3501 section 6.3.11).

use super::arguments::mailbox;
use super::cursor::Cursor;
use super::flags::flag_list;
use super::{ParseError, Parsed, open, tag_of};
use crate::command::{AppendHead, Command, CommandBody};
use mail::time::text::parse_imap_date_time;

/// True if the literal announced at the end of `command` is an APPEND's message rather than its
/// mailbox name or a string of another command.
pub(super) fn announces_message(command: &[u8]) -> bool {
    let Some(tag) = tag_of(command) else { return false };
    let mut cursor = Cursor::new(&command[tag.as_str().len()..]);
    cursor.skip_spaces();
    let verb = cursor.take_while(|byte| byte.is_ascii_alphabetic());
    if !verb.eq_ignore_ascii_case(b"APPEND") || !cursor.skip_spaces() {
        return false;
    }
    // A mailbox literal that is itself the one being announced has no bytes yet.
    cursor.astring().is_ok()
}

/// Reads the command whose line ends with the announcement of a message.
pub(super) fn parse_append(
    command: &[u8],
    size_bytes: u64,
    synchronising: bool,
) -> Result<Command, ParseError> {
    let (tag, mut cursor) = open(command)?;
    match head(&mut cursor, size_bytes, synchronising) {
        Ok(head) => Ok(Command { tag, body: CommandBody::Append(head) }),
        Err(text) => Err(ParseError { tag: Some(tag), text }),
    }
}

fn head(cursor: &mut Cursor<'_>, size_bytes: u64, synchronising: bool) -> Parsed<AppendHead> {
    cursor.space()?;
    cursor.atom()?;
    cursor.space()?;
    let mailbox = mailbox(cursor)?;
    cursor.space()?;
    let mut flags = Ok(Default::default());
    if cursor.peek() == Some(b'(') {
        flags = flag_list(cursor)?;
        cursor.space()?;
    }
    let mut internal_date = None;
    if cursor.peek() == Some(b'"') {
        let text = cursor.string()?;
        internal_date = Some(parse_imap_date_time(&text).ok_or("Bad date.")?);
        cursor.space()?;
    }
    // The announcement itself; the framer has read its number.
    cursor.expect(b'{', "Expected a literal.")?;
    cursor.take_while(|byte| byte.is_ascii_digit() || byte == b'+');
    cursor.expect(b'}', "Expected a literal.")?;
    cursor.end()?;
    Ok(AppendHead { mailbox, flags, internal_date, size_bytes, synchronising })
}
