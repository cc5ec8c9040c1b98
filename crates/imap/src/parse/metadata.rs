//! GETMETADATA and SETMETADATA (RFC 5464 section 4).

use bytes::Bytes;
use mail::limits;

use super::Parsed;
use super::arguments::{mailbox_or_server, text};
use super::cursor::Cursor;
use crate::command::{CommandBody, MetadataDepth};

/// `[options] mailbox entries`. The options may also come after the mailbox, as in the examples of
/// RFC 5464 section 4.2.
pub(super) fn get(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let mut options = Options::default();
    if cursor.peek() == Some(b'(') {
        cursor.list(|cursor| options.option(cursor))?;
        cursor.space()?;
    }
    let mailbox = mailbox_or_server(cursor)?;
    cursor.space()?;
    let mut entries = Vec::new();
    if cursor.peek() == Some(b'(') {
        read_list(cursor, &mut options, &mut entries)?;
    } else {
        entries.push(entry_name(cursor)?);
    }
    let Options { depth, max_size } = options;
    Ok(CommandBody::GetMetadata { mailbox, depth, max_size, entries })
}

/// A list of entries; or one of options, and then entries. The first word tells.
fn read_list(
    cursor: &mut Cursor<'_>,
    options: &mut Options,
    entries: &mut Vec<String>,
) -> Parsed<()> {
    let mut are_options = None;
    cursor.list(|cursor| {
        let begins_option = cursor.peek().is_some_and(|byte| byte.is_ascii_alphabetic());
        match *are_options.get_or_insert(begins_option) {
            true => options.option(cursor),
            false => add_entry(cursor, entries),
        }
    })?;
    if are_options == Some(true) {
        cursor.space()?;
        match cursor.peek() {
            Some(b'(') => cursor.list(|cursor| add_entry(cursor, entries))?,
            _ => add_entry(cursor, entries)?,
        }
    }
    if entries.is_empty() { Err("No entries.") } else { Ok(()) }
}

fn add_entry(cursor: &mut Cursor<'_>, entries: &mut Vec<String>) -> Parsed<()> {
    let name = entry_name(cursor)?;
    if !entries.contains(&name) {
        if entries.len() == ENTRIES_MAX {
            return Err(TOO_MANY_ENTRIES);
        }
        entries.push(name);
    }
    Ok(())
}

const TOO_MANY_ENTRIES: &str = "Too many entries.";
/// Most different entries of one command.
const ENTRIES_MAX: usize = limits::IMAP_METADATA_ENTRIES_MAX;

#[derive(Default)]
struct Options {
    depth: MetadataDepth,
    max_size: Option<u32>,
}

impl Options {
    fn option(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let name = cursor.word()?;
        cursor.space()?;
        match name.as_slice() {
            b"MAXSIZE" => self.max_size = Some(cursor.number()?),
            b"DEPTH" => self.depth = depth(&cursor.word()?)?,
            _ => return Err("Unknown option."),
        }
        Ok(())
    }
}

fn depth(word: &[u8]) -> Parsed<MetadataDepth> {
    match word {
        b"0" => Ok(MetadataDepth::Zero),
        b"1" => Ok(MetadataDepth::One),
        b"INFINITY" => Ok(MetadataDepth::Infinity),
        _ => Err("DEPTH is 0, 1 or infinity."),
    }
}

/// `mailbox (entry value ...)`
pub(super) fn set(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let mailbox = mailbox_or_server(cursor)?;
    cursor.space()?;
    let mut entries = Vec::new();
    cursor.list(|cursor| {
        if entries.len() == ENTRIES_MAX {
            return Err(TOO_MANY_ENTRIES);
        }
        let name = entry_name(cursor)?;
        cursor.space()?;
        let value = cursor.nstring8()?;
        entries.push((name, value.map(|value| Bytes::from(value.into_owned()))));
        Ok(())
    })?;
    match entries.is_empty() {
        true => Err("No entries."),
        false => Ok(CommandBody::SetMetadata { mailbox, entries }),
    }
}

/// An entry name in lower case (RFC 5464 section 3.1).
fn entry_name(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let name = cursor.astring()?.to_ascii_lowercase();
    let rooted = name.starts_with(b"/private/") || name.starts_with(b"/shared/");
    let printable = name.iter().all(|byte| matches!(byte, b' '..=b'~') && !b"*%".contains(byte));
    let has_empty_level = name.ends_with(b"/") || name.windows(2).any(|pair| pair == b"//");
    if !rooted || !printable || has_empty_level {
        return Err("Bad entry name.");
    }
    text(&name)
}
