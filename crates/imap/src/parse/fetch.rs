//! The arguments of FETCH and STORE after the message set (RFC 3501 sections 6.4.5 and 6.4.6).

use mail::limits;
use mail::mailbox::FlagOp;

use super::Parsed;
use super::cursor::Cursor;
use super::flags::{bare_flags, flag_list};
use crate::command::{FetchItem, FlagsArg, Numbering, Partial, Section, SectionText};

/// Data items or a macro. With UIDs, the item UID is there even if it was not named.
pub(super) fn items(cursor: &mut Cursor<'_>, numbering: Numbering) -> Parsed<Vec<FetchItem>> {
    let mut items = Vec::new();
    if cursor.peek() == Some(b'(') {
        cursor.list(|cursor| {
            if items.len() == limits::IMAP_ITEMS_MAX {
                return Err("Too many data items.");
            }
            let name = cursor.item_name();
            items.push(item(&name, cursor)?);
            Ok(())
        })?;
    } else {
        let name = cursor.item_name();
        items = match expand(&name) {
            Some(items) => items,
            None => vec![item(&name, cursor)?],
        };
    }
    if items.is_empty() {
        return Err("No data items.");
    }
    if numbering == Numbering::Uid && !items.contains(&FetchItem::Uid) {
        items.insert(0, FetchItem::Uid);
    }
    Ok(items)
}

/// The macros.
fn expand(name: &[u8]) -> Option<Vec<FetchItem>> {
    use FetchItem::{Body, Envelope, Flags, InternalDate, Rfc822Size};
    let length = match name {
        b"FAST" => 3,
        b"ALL" => 4,
        b"FULL" => 5,
        _ => return None,
    };
    let mut items = vec![Flags, InternalDate, Rfc822Size, Envelope, Body];
    items.truncate(length);
    Some(items)
}

fn item(name: &[u8], cursor: &mut Cursor<'_>) -> Parsed<FetchItem> {
    match name {
        b"BODY" if cursor.peek() == Some(b'[') => body_section(cursor, false),
        b"BODY" => Ok(FetchItem::Body),
        b"BODY.PEEK" => body_section(cursor, true),
        b"BODYSTRUCTURE" => Ok(FetchItem::BodyStructure),
        b"ENVELOPE" => Ok(FetchItem::Envelope),
        b"FLAGS" => Ok(FetchItem::Flags),
        b"INTERNALDATE" => Ok(FetchItem::InternalDate),
        b"RFC822" => Ok(FetchItem::Rfc822),
        b"RFC822.HEADER" => Ok(FetchItem::Rfc822Header),
        b"RFC822.SIZE" => Ok(FetchItem::Rfc822Size),
        b"RFC822.TEXT" => Ok(FetchItem::Rfc822Text),
        b"UID" => Ok(FetchItem::Uid),
        _ => Err("Unknown data item."),
    }
}

fn body_section(cursor: &mut Cursor<'_>, peek: bool) -> Parsed<FetchItem> {
    cursor.expect(b'[', "Expected a section.")?;
    let section = section(cursor)?;
    cursor.expect(b']', "Bad section.")?;
    let partial = if cursor.peek() == Some(b'<') { Some(partial(cursor)?) } else { None };
    Ok(FetchItem::BodySection { section, partial, peek })
}

fn partial(cursor: &mut Cursor<'_>) -> Parsed<Partial> {
    cursor.expect(b'<', "Bad range.")?;
    let offset = cursor.number()?;
    cursor.expect(b'.', "Bad range.")?;
    let count = cursor.positive()?;
    cursor.expect(b'>', "Bad range.")?;
    Ok(Partial { offset, count })
}

fn section(cursor: &mut Cursor<'_>) -> Parsed<Section> {
    let mut path = Vec::new();
    while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        if path.len() == limits::IMAP_SECTION_DEPTH_MAX {
            return Err("The section is too deep.");
        }
        path.push(cursor.positive()?);
        if !cursor.eat(b'.') {
            return Ok(Section { path, text: SectionText::Whole });
        }
    }
    let name = cursor.item_name();
    let text = match name.as_slice() {
        b"" if path.is_empty() => SectionText::Whole,
        b"HEADER" => SectionText::Header,
        b"HEADER.FIELDS" => header_fields(cursor, false)?,
        b"HEADER.FIELDS.NOT" => header_fields(cursor, true)?,
        b"TEXT" => SectionText::Text,
        b"MIME" if !path.is_empty() => SectionText::Mime,
        _ => return Err("Bad section."),
    };
    Ok(Section { path, text })
}

fn header_fields(cursor: &mut Cursor<'_>, not: bool) -> Parsed<SectionText> {
    cursor.space()?;
    let mut names = Vec::new();
    cursor.list(|cursor| {
        if names.len() == limits::IMAP_ITEMS_MAX {
            return Err("Too many field names.");
        }
        names.push(cursor.astring()?.into_owned());
        Ok(())
    })?;
    match names.is_empty() {
        true => Err("No field names."),
        false => Ok(SectionText::HeaderFields { not, names }),
    }
}

/// What STORE does with which flags: operation, `.SILENT`, flags.
pub(super) fn store(cursor: &mut Cursor<'_>) -> Parsed<(FlagOp, bool, FlagsArg)> {
    let op = if cursor.eat(b'+') {
        FlagOp::Add
    } else if cursor.eat(b'-') {
        FlagOp::Remove
    } else {
        FlagOp::Set
    };
    let silent = match cursor.word()?.as_slice() {
        b"FLAGS" => false,
        b"FLAGS.SILENT" => true,
        _ => return Err("Expected FLAGS."),
    };
    cursor.space()?;
    let flags = match cursor.peek() {
        Some(b'(') => flag_list(cursor)?,
        _ => bare_flags(cursor)?,
    };
    Ok((op, silent, flags))
}
