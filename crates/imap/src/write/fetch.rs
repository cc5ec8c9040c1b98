//! FETCH answers, item by item (RFC 3501 section 7.4.2).

use mail::Timestamp;
use mail::mailbox::{Flags, Uid};
use mail::skeleton::Skeleton;

use super::envelope::envelope;
use super::flags::FlagList;
use super::put;
use super::structure::{Detail, body_structure};
use super::text::{astring, literal_head};
use crate::command::{FetchItem, Section, SectionText};

/// One `* n FETCH (...)` line under way. It does not hold the buffer, so that the bytes of a message
/// can be put there, and be written out, between two items.
#[derive(Debug)]
pub struct FetchLine {
    has_items: bool,
}

impl FetchLine {
    /// Begins the line of the message with this sequence number.
    pub fn begin(out: &mut Vec<u8>, number: u32) -> FetchLine {
        put!(out, "* {number} FETCH (");
        FetchLine { has_items: false }
    }

    /// Ends the line.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b")\r\n");
    }

    /// `UID`
    pub fn uid(&mut self, out: &mut Vec<u8>, uid: Uid) {
        self.gap(out);
        put!(out, "UID {uid}");
    }

    /// `FLAGS`, with `\Recent` if this session says so.
    pub fn flags(&mut self, out: &mut Vec<u8>, flags: &Flags, recent: bool) {
        self.gap(out);
        put!(out, "FLAGS {}", FlagList { flags, recent });
    }

    /// `INTERNALDATE`
    pub fn internal_date(&mut self, out: &mut Vec<u8>, date: Timestamp) {
        self.gap(out);
        put!(out, "INTERNALDATE \"{}\"", date.to_imap_date_time());
    }

    /// `RFC822.SIZE`
    pub fn size(&mut self, out: &mut Vec<u8>, bytes: u32) {
        self.gap(out);
        put!(out, "RFC822.SIZE {bytes}");
    }

    /// `ENVELOPE`
    pub fn envelope(&mut self, out: &mut Vec<u8>, skeleton: &Skeleton) {
        self.gap(out);
        out.extend_from_slice(b"ENVELOPE ");
        envelope(out, skeleton.parts.first().and_then(|part| part.envelope.as_deref()));
    }

    /// `BODY` or `BODYSTRUCTURE`
    pub fn structure(&mut self, out: &mut Vec<u8>, skeleton: &Skeleton, detail: Detail) {
        self.gap(out);
        out.extend_from_slice(match detail {
            Detail::Basic => b"BODY ",
            Detail::Full => b"BODYSTRUCTURE ",
        });
        body_structure(out, skeleton, detail);
    }

    /// The beginning of an item that shows bytes of the message ([`FetchItem::content`]). Exactly
    /// `bytes` bytes must follow in the stream before anything else.
    pub fn content(&mut self, out: &mut Vec<u8>, item: &FetchItem, bytes: u64) {
        self.gap(out);
        label(out, item);
        out.push(b' ');
        literal_head(out, bytes);
    }

    /// Such an item where the message has no such part.
    pub fn no_content(&mut self, out: &mut Vec<u8>, item: &FetchItem) {
        self.gap(out);
        label(out, item);
        out.extend_from_slice(b" NIL");
    }

    fn gap(&mut self, out: &mut Vec<u8>) {
        if self.has_items {
            out.push(b' ');
        }
        self.has_items = true;
    }
}

/// The item's name as the answer has it: without PEEK, and with the first byte only of a range.
fn label(out: &mut Vec<u8>, item: &FetchItem) {
    match item {
        FetchItem::BodySection { section, partial, .. } => {
            section_label(out, section);
            if let Some(partial) = partial {
                put!(out, "<{}>", partial.offset);
            }
        }
        FetchItem::Rfc822Header => out.extend_from_slice(b"RFC822.HEADER"),
        FetchItem::Rfc822Text => out.extend_from_slice(b"RFC822.TEXT"),
        _ => out.extend_from_slice(b"RFC822"),
    }
}

fn section_label(out: &mut Vec<u8>, section: &Section) {
    out.extend_from_slice(b"BODY[");
    for (index, number) in section.path.iter().enumerate() {
        put!(out, "{}{number}", if index == 0 { "" } else { "." });
    }
    if !section.path.is_empty() && section.text != SectionText::Whole {
        out.push(b'.');
    }
    match &section.text {
        SectionText::Whole => {}
        SectionText::Header => out.extend_from_slice(b"HEADER"),
        SectionText::Text => out.extend_from_slice(b"TEXT"),
        SectionText::Mime => out.extend_from_slice(b"MIME"),
        SectionText::HeaderFields { not, names } => {
            out.extend_from_slice(if *not { b"HEADER.FIELDS.NOT (" } else { b"HEADER.FIELDS (" });
            for (index, name) in names.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                astring(out, name);
            }
            out.push(b')');
        }
    }
    out.push(b']');
}
