//! From a command's name to its arguments.

use mail::limits;

use super::arguments::{authentication, mailbox, messages, new_mailbox, sequence_set, text};
use super::cursor::Cursor;
use super::{Parsed, fetch, metadata, search};
use crate::command::{CommandBody, Numbering, StatusItem};
use crate::list_pattern::ListPattern;

/// Everything after the tag.
pub(super) fn body(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space().map_err(|_| "Expected a command.")?;
    let mut verb = cursor.word().map_err(|_| "Expected a command.")?;
    let mut numbering = Numbering::Sequence;
    if verb == b"UID" {
        cursor.space()?;
        verb = cursor.word()?;
        numbering = Numbering::Uid;
        if !UID_VERBS.contains(&verb.as_slice()) {
            return Err("Unknown UID command.");
        }
    }
    let body = match without_arguments(&verb, numbering) {
        Some(body) => body,
        None => {
            let spaced = cursor.skip_spaces();
            let body = with_arguments(&verb, numbering, cursor)?;
            if !spaced {
                return Err("Expected a space.");
            }
            body
        }
    };
    cursor.end()?;
    Ok(body)
}

const UID_VERBS: [&[u8]; 6] = [b"COPY", b"EXPUNGE", b"FETCH", b"MOVE", b"SEARCH", b"STORE"];

fn without_arguments(verb: &[u8], numbering: Numbering) -> Option<CommandBody> {
    Some(match verb {
        b"CAPABILITY" => CommandBody::Capability,
        b"NOOP" => CommandBody::Noop,
        b"LOGOUT" => CommandBody::Logout,
        b"STARTTLS" => CommandBody::StartTls,
        b"CHECK" => CommandBody::Check,
        b"CLOSE" => CommandBody::Close,
        b"UNSELECT" => CommandBody::Unselect,
        b"EXPUNGE" if numbering == Numbering::Sequence => CommandBody::Expunge { uids: None },
        b"IDLE" => CommandBody::Idle,
        b"NAMESPACE" => CommandBody::Namespace,
        _ => return None,
    })
}

fn with_arguments(
    verb: &[u8],
    numbering: Numbering,
    cursor: &mut Cursor<'_>,
) -> Parsed<CommandBody> {
    Ok(match verb {
        b"AUTHENTICATE" => {
            let (mechanism, initial) = authentication(cursor)?;
            CommandBody::Authenticate { mechanism, initial }
        }
        b"LOGIN" => login(cursor)?,
        b"SELECT" => CommandBody::Select { mailbox: mailbox(cursor)?, read_only: false },
        b"EXAMINE" => CommandBody::Select { mailbox: mailbox(cursor)?, read_only: true },
        b"CREATE" => CommandBody::Create { mailbox: new_mailbox(cursor)? },
        b"DELETE" => CommandBody::Delete { mailbox: mailbox(cursor)? },
        b"RENAME" => rename(cursor)?,
        b"SUBSCRIBE" => CommandBody::Subscribe { mailbox: mailbox(cursor)?, subscribed: true },
        b"UNSUBSCRIBE" => CommandBody::Subscribe { mailbox: mailbox(cursor)?, subscribed: false },
        b"LIST" => list(cursor, false)?,
        b"LSUB" => list(cursor, true)?,
        b"STATUS" => status(cursor)?,
        b"EXPUNGE" => CommandBody::Expunge { uids: Some(sequence_set(cursor)?) },
        b"SEARCH" => CommandBody::Search { numbering, query: search::query(cursor)? },
        b"FETCH" => {
            let messages = messages(cursor, numbering)?;
            cursor.space()?;
            CommandBody::Fetch { messages, items: fetch::items(cursor, numbering)? }
        }
        b"STORE" => {
            let messages = messages(cursor, numbering)?;
            cursor.space()?;
            let (op, silent, flags) = fetch::store(cursor)?;
            CommandBody::Store { messages, op, silent, flags }
        }
        b"COPY" => copy(cursor, numbering, false)?,
        b"MOVE" => copy(cursor, numbering, true)?,
        b"ID" => id(cursor)?,
        b"ENABLE" => enable(cursor)?,
        b"GETQUOTA" => CommandBody::GetQuota { root: cursor.astring()?.into_owned() },
        b"GETQUOTAROOT" => CommandBody::GetQuotaRoot { mailbox: mailbox(cursor)? },
        b"SETQUOTA" => set_quota(cursor)?,
        b"GETMETADATA" => metadata::get(cursor)?,
        b"SETMETADATA" => metadata::set(cursor)?,
        b"APPEND" => return Err("APPEND ends with a literal."),
        _ => return Err("Unknown command."),
    })
}

fn login(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let user = cursor.astring()?.into_owned();
    cursor.space()?;
    Ok(CommandBody::Login { user, password: cursor.astring()?.into_owned() })
}

fn rename(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let from = mailbox(cursor)?;
    cursor.space()?;
    Ok(CommandBody::Rename { from, to: mailbox(cursor)? })
}

fn list(cursor: &mut Cursor<'_>, subscribed_only: bool) -> Parsed<CommandBody> {
    let reference = cursor.astring()?;
    cursor.space()?;
    let pattern = ListPattern::new(&reference, &cursor.list_mailbox()?);
    Ok(CommandBody::List { pattern, subscribed_only })
}

fn status(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let mailbox = mailbox(cursor)?;
    cursor.space()?;
    let mut items = Vec::new();
    cursor.list(|cursor| {
        let item = status_item(&cursor.word()?)?;
        if !items.contains(&item) {
            items.push(item);
        }
        Ok(())
    })?;
    if items.is_empty() {
        Err("No status items.")
    } else {
        Ok(CommandBody::Status { mailbox, items })
    }
}

fn status_item(name: &[u8]) -> Parsed<StatusItem> {
    match name {
        b"MESSAGES" => Ok(StatusItem::Messages),
        b"RECENT" => Ok(StatusItem::Recent),
        b"UIDNEXT" => Ok(StatusItem::UidNext),
        b"UIDVALIDITY" => Ok(StatusItem::UidValidity),
        b"UNSEEN" => Ok(StatusItem::Unseen),
        _ => Err("Unknown status item."),
    }
}

fn copy(cursor: &mut Cursor<'_>, numbering: Numbering, remove: bool) -> Parsed<CommandBody> {
    let messages = messages(cursor, numbering)?;
    cursor.space()?;
    Ok(CommandBody::Copy { messages, mailbox: mailbox(cursor)?, remove })
}

/// What a client says of itself is read, for its grammar, and forgotten.
fn id(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    if cursor.peek() != Some(b'(') {
        return match cursor.nstring()? {
            None => Ok(CommandBody::Id),
            Some(_) => Err("Expected a list or NIL."),
        };
    }
    cursor.list(|cursor| {
        cursor.string()?;
        cursor.space()?;
        cursor.nstring().map(drop)
    })?;
    Ok(CommandBody::Id)
}

fn enable(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let mut extensions = vec![text(&cursor.word()?)?];
    while !cursor.at_end() {
        if extensions.len() == limits::IMAP_ITEMS_MAX {
            return Err("Too many extensions.");
        }
        extensions.push(text(&cursor.word()?)?);
    }
    Ok(CommandBody::Enable { extensions })
}

fn set_quota(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let root = cursor.astring()?.into_owned();
    cursor.space()?;
    let mut resources = Vec::new();
    cursor.list(|cursor| {
        if resources.len() == limits::IMAP_ITEMS_MAX {
            return Err("Too many resources.");
        }
        let name = text(&cursor.word()?)?;
        cursor.space()?;
        resources.push((name, cursor.number64()?));
        Ok(())
    })?;
    Ok(CommandBody::SetQuota { root, resources })
}
