//! METADATA with values (RFC 5464 section 4.4.1).

use bytes::Bytes;
use mail::MailboxName;

use super::put;
use super::text::{MailboxString, astring, literal};

/// `* METADATA "mailbox" (entry value ...)`, the mailbox empty for the server. Values are literals
/// always, which some clients insist on; `None` is NIL. `entries` must not be empty.
pub fn metadata(
    out: &mut Vec<u8>,
    mailbox: Option<&MailboxName>,
    entries: &[(String, Option<Bytes>)],
) {
    match mailbox {
        Some(name) => put!(out, "* METADATA {} (", MailboxString(name)),
        None => put!(out, "* METADATA \"\" ("),
    }
    for (index, (name, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        astring(out, name.as_bytes());
        out.push(b' ');
        match value {
            Some(value) => literal(out, value),
            None => out.extend_from_slice(b"NIL"),
        }
    }
    out.extend_from_slice(b")\r\n");
}
