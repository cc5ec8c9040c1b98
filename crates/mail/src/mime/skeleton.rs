//! Builds the [`Skeleton`] of a message while its bytes go by.

use super::{Inside, Parser, PartBegin, PartEnd, PartHeader, Visitor};
use crate::header::{Field, HeaderBlock, addresses, disposition};
use crate::limits::SKELETON_ADDRESSES_MAX;
use crate::skeleton::{Content, EnvelopeFields, Mailbox, Part, Skeleton};

/// Takes the bytes of a message in pieces of any size. Memory is bounded by the header fields that
/// are kept and the ceilings of [`crate::limits`], never by the size of the message.
#[derive(Debug, Default)]
pub struct SkeletonBuilder {
    parser: Parser,
    parts: Parts,
}

impl SkeletonBuilder {
    /// Before the first byte.
    pub fn new() -> SkeletonBuilder {
        SkeletonBuilder::default()
    }

    /// The next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.parser.feed(bytes, &mut self.parts);
    }

    /// The message is over.
    pub fn finish(mut self) -> Skeleton {
        self.parser.finish(&mut self.parts);
        Skeleton { parts: self.parts.list, truncated: self.parts.truncated }
    }
}

#[derive(Debug)]
struct Parts {
    list: Vec<Part>,
    /// The next header is that of a message, not of a part.
    message_next: bool,
    /// How many addresses may still be kept.
    addresses_left: usize,
    truncated: bool,
}

impl Default for Parts {
    fn default() -> Parts {
        let addresses_left = SKELETON_ADDRESSES_MAX;
        Parts { list: Vec::new(), message_next: true, addresses_left, truncated: false }
    }
}

impl Visitor for Parts {
    fn part_begin(&mut self, begin: &PartBegin) {
        let parent = begin.parent.and_then(|parent| self.list.get_mut(parent as usize));
        if let Some(parent) = parent {
            parent.children.push(begin.part);
        }
        self.list.push(Part {
            header: begin.offset..begin.offset,
            body: begin.offset..begin.offset,
            lines: 0,
            children: Vec::new(),
            content: Content::default(),
            envelope: None,
        });
    }

    fn part_header(&mut self, header: &PartHeader<'_>) {
        let is_message =
            std::mem::replace(&mut self.message_next, header.inside == Inside::Message);
        let envelope = is_message.then(|| Box::new(self.envelope(header.block)));
        let part = &mut self.list[header.part as usize];
        part.header = header.range.clone();
        part.content = content(header);
        part.envelope = envelope;
    }

    fn part_end(&mut self, end: &PartEnd) {
        let part = &mut self.list[end.part as usize];
        part.body = end.body.clone();
        part.lines = end.lines;
    }

    fn ceiling(&mut self) {
        self.truncated = true;
    }
}

impl Parts {
    fn envelope(&mut self, block: &[u8]) -> EnvelopeFields {
        let mut envelope = EnvelopeFields::default();
        for field in HeaderBlock::new(block).fields().filter_map(Result::ok) {
            self.note(&mut envelope, &field);
        }
        envelope
    }

    /// The first field of each name counts.
    fn note(&mut self, envelope: &mut EnvelopeFields, field: &Field<'_>) {
        match field.name.to_ascii_lowercase().as_str() {
            "date" => keep(&mut envelope.date, field),
            "subject" => keep(&mut envelope.subject, field),
            "in-reply-to" => keep(&mut envelope.in_reply_to, field),
            "message-id" => keep(&mut envelope.message_id, field),
            "from" => self.keep_addresses(&mut envelope.from, field),
            "sender" => self.keep_addresses(&mut envelope.sender, field),
            "reply-to" => self.keep_addresses(&mut envelope.reply_to, field),
            "to" => self.keep_addresses(&mut envelope.to, field),
            "cc" => self.keep_addresses(&mut envelope.cc, field),
            "bcc" => self.keep_addresses(&mut envelope.bcc, field),
            _ => {}
        }
    }

    fn keep_addresses(&mut self, place: &mut Vec<Mailbox>, field: &Field<'_>) {
        if place.is_empty() && self.addresses_left > 0 {
            *place = addresses(&field.unfolded()).entries;
            place.truncate(self.addresses_left);
            self.addresses_left -= place.len();
        }
    }
}

fn keep(place: &mut Option<Vec<u8>>, field: &Field<'_>) {
    place.get_or_insert_with(|| field.unfolded().into_owned());
}

fn content(header: &PartHeader<'_>) -> Content {
    let mut content = Content {
        main_type: header.media_type.main_type.clone(),
        sub_type: header.media_type.sub_type.clone(),
        parameters: header.media_type.parameters.clone(),
        transfer_encoding: header.transfer_encoding.to_owned(),
        ..Content::default()
    };
    for field in HeaderBlock::new(header.block).fields().filter_map(Result::ok) {
        note_content(&mut content, &field);
    }
    content
}

fn note_content(content: &mut Content, field: &Field<'_>) {
    let text = || Some(String::from_utf8_lossy(&field.unfolded()).into_owned());
    match field.name.to_ascii_lowercase().as_str() {
        "content-id" if content.id.is_none() => content.id = text(),
        "content-description" if content.description.is_none() => content.description = text(),
        "content-md5" if content.md5.is_none() => content.md5 = text(),
        "content-location" if content.location.is_none() => content.location = text(),
        "content-disposition" if content.disposition.is_none() => {
            content.disposition = disposition(&field.unfolded());
        }
        "content-language" if content.language.is_empty() => {
            content.language = languages(&field.unfolded());
        }
        _ => {}
    }
}

/// Tags divided by commas (RFC 3282).
fn languages(value: &[u8]) -> Vec<String> {
    let tags = value.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|tag| !tag.is_empty());
    tags.map(|tag| String::from_utf8_lossy(tag).into_owned()).collect()
}
