//! Arguments that several commands have in common: mailboxes, sequence sets, mechanisms.

use mail::MailboxName;

use super::Parsed;
use super::cursor::Cursor;
use crate::command::{
    BadMailbox, MailboxArg, Mechanism, Messages, Numbering, SeqNumber, SeqRange, SeqSet,
};
use crate::{sasl, utf7};

/// A mailbox name.
pub(super) fn mailbox(cursor: &mut Cursor<'_>) -> Parsed<MailboxArg> {
    cursor.astring().map(|bytes| mailbox_name(&bytes))
}

/// The name of a mailbox to be made. A separator at its end only says that others will be made
/// below (RFC 3501 section 6.3.3).
pub(super) fn new_mailbox(cursor: &mut Cursor<'_>) -> Parsed<MailboxArg> {
    let bytes = cursor.astring()?;
    Ok(mailbox_name(bytes.strip_suffix(b".").unwrap_or(&bytes)))
}

/// A mailbox name, or the empty string, which means the server (RFC 5464).
pub(super) fn mailbox_or_server(cursor: &mut Cursor<'_>) -> Parsed<Option<MailboxArg>> {
    let bytes = cursor.astring()?;
    Ok((!bytes.is_empty()).then(|| mailbox_name(&bytes)))
}

fn mailbox_name(bytes: &[u8]) -> MailboxArg {
    let text = utf7::decode(bytes).ok_or(BadMailbox::Encoding)?;
    Ok(MailboxName::parse(&text)?)
}

/// A set and what it speaks of.
pub(super) fn messages(cursor: &mut Cursor<'_>, numbering: Numbering) -> Parsed<Messages> {
    sequence_set(cursor).map(|set| Messages { numbering, set })
}

/// `1:4,7,9:*`
pub(super) fn sequence_set(cursor: &mut Cursor<'_>) -> Parsed<SeqSet> {
    let mut ranges = vec![range(cursor)?];
    while cursor.eat(b',') {
        ranges.push(range(cursor)?);
    }
    Ok(SeqSet(ranges))
}

fn range(cursor: &mut Cursor<'_>) -> Parsed<SeqRange> {
    let from = seq_number(cursor)?;
    let to = if cursor.eat(b':') { seq_number(cursor)? } else { from };
    Ok(SeqRange { from, to })
}

fn seq_number(cursor: &mut Cursor<'_>) -> Parsed<SeqNumber> {
    if cursor.eat(b'*') {
        return Ok(SeqNumber::Star);
    }
    cursor.positive().map(SeqNumber::Number).map_err(|_| "Bad message set.")
}

/// AUTHENTICATE's mechanism and, if given, its initial response (RFC 4959).
pub(super) fn authentication(cursor: &mut Cursor<'_>) -> Parsed<(Mechanism, Option<Vec<u8>>)> {
    let mechanism = match cursor.word()?.as_slice() {
        b"PLAIN" => Mechanism::Plain,
        _ => Mechanism::Other,
    };
    if cursor.at_end() {
        return Ok((mechanism, None));
    }
    let response = cursor.take_while(|byte| byte != b' ');
    let decoded = match response {
        b"=" => Vec::new(),
        _ => sasl::decode_response(response).ok_or("Bad base64.")?,
    };
    Ok((mechanism, Some(decoded)))
}

/// A string that must be text.
pub(super) fn text(bytes: &[u8]) -> Parsed<String> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "Not UTF-8.")
}
