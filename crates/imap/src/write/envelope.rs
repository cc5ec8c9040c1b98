//! ENVELOPE (RFC 3501 section 7.4.2).

use mail::skeleton::{EnvelopeFields, Mailbox};

use super::text::nstring;

/// The envelope in parentheses; all NIL without fields. A message without `Sender` or `Reply-To` is
/// shown with its `From` in their place.
pub fn envelope<'a>(out: &mut Vec<u8>, fields: Option<&'a EnvelopeFields>) {
    let Some(fields) = fields else {
        return out.extend_from_slice(b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    };
    let or_from = |list: &'a Vec<Mailbox>| if list.is_empty() { &fields.from } else { list };
    out.push(b'(');
    nstring(out, fields.date.as_deref());
    out.push(b' ');
    nstring(out, fields.subject.as_deref());
    let senders = [&fields.from, or_from(&fields.sender), or_from(&fields.reply_to)];
    for list in senders.into_iter().chain([&fields.to, &fields.cc, &fields.bcc]) {
        out.push(b' ');
        addresses(out, list);
    }
    out.push(b' ');
    nstring(out, fields.in_reply_to.as_deref());
    out.push(b' ');
    nstring(out, fields.message_id.as_deref());
    out.push(b')');
}

fn addresses(out: &mut Vec<u8>, list: &[Mailbox]) {
    if list.is_empty() {
        return nstring(out, None);
    }
    out.push(b'(');
    for Mailbox { name, mailbox, host } in list {
        out.push(b'(');
        nstring(out, name.as_deref());
        // The source route, which no mail has had for decades.
        out.extend_from_slice(b" NIL ");
        nstring(out, mailbox.as_deref());
        out.push(b' ');
        nstring(out, host.as_deref());
        out.push(b')');
    }
    out.push(b')');
}
