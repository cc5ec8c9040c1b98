//! Which bytes of a message a section means (RFC 3501 section 6.4.5), found in its skeleton.

use std::ops::Range;

use mail::skeleton::{Part, Skeleton};

use crate::command::{Section, SectionText};

/// Where a section's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SectionBytes {
    /// These bytes of the message, as they are.
    Range(Range<u64>),
    /// Some fields of this header block: read it and give it to [`filter_header`].
    Fields(Range<u64>),
    /// There is no such part: NIL.
    Nil,
}

/// Finds a section. Costs one step for each number of its path.
pub fn locate(skeleton: &Skeleton, section: &Section) -> SectionBytes {
    find(skeleton, section).unwrap_or(SectionBytes::Nil)
}

fn find(skeleton: &Skeleton, section: &Section) -> Option<SectionBytes> {
    let mut place = Place::Message(skeleton.parts.first()?);
    for number in &section.path {
        place = descend(skeleton, place, *number)?;
    }
    match &section.text {
        SectionText::Whole => Some(SectionBytes::Range(place.whole())),
        SectionText::Mime => Some(SectionBytes::Range(place.part().header.clone())),
        SectionText::Header => {
            Some(SectionBytes::Range(message_at(skeleton, place)?.header.clone()))
        }
        SectionText::Text => Some(SectionBytes::Range(message_at(skeleton, place)?.body.clone())),
        SectionText::HeaderFields { .. } => {
            Some(SectionBytes::Fields(message_at(skeleton, place)?.header.clone()))
        }
    }
}

/// The same part can be seen as a message, with a header of its own, or as a body part.
#[derive(Clone, Copy)]
enum Place<'a> {
    Message(&'a Part),
    Body(&'a Part),
}

impl<'a> Place<'a> {
    fn part(self) -> &'a Part {
        match self {
            Place::Message(part) | Place::Body(part) => part,
        }
    }

    fn whole(self) -> Range<u64> {
        match self {
            Place::Message(part) => part.header.start..part.body.end,
            Place::Body(part) => part.body.clone(),
        }
    }
}

/// One number further down. The parts of an enclosed message are counted as if they were its
/// part's own; a message that is not a multipart has its body as part 1.
fn descend<'a>(skeleton: &'a Skeleton, place: Place<'a>, number: u32) -> Option<Place<'a>> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let part = match place {
        Place::Body(part) if is_message(part) => child(skeleton, part, 0)?,
        _ => place.part(),
    };
    if part.content.main_type == "multipart" {
        return child(skeleton, part, index).map(Place::Body);
    }
    let is_body_itself = matches!(place, Place::Body(leaf) if !is_message(leaf));
    (index == 0 && !is_body_itself).then_some(Place::Body(part))
}

/// The message whose header and text are meant.
fn message_at<'a>(skeleton: &'a Skeleton, place: Place<'a>) -> Option<&'a Part> {
    match place {
        Place::Message(part) => Some(part),
        Place::Body(part) if is_message(part) => child(skeleton, part, 0),
        Place::Body(_) => None,
    }
}

fn is_message(part: &Part) -> bool {
    part.content.main_type == "message" && part.content.sub_type == "rfc822"
}

fn child<'a>(skeleton: &'a Skeleton, part: &Part, index: usize) -> Option<&'a Part> {
    let child = usize::try_from(*part.children.get(index)?).ok()?;
    skeleton.parts.get(child)
}

/// The fields of a header block with one of these names, or with none of them, as they are written,
/// and the empty line that ends every header. Linear in the block.
pub fn filter_header(header: &[u8], not: bool, names: &[Vec<u8>]) -> Vec<u8> {
    let mut wanted: Vec<Vec<u8>> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    wanted.sort_unstable();
    let mut out = Vec::new();
    let mut keep = false;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            keep = field_name(line).is_some_and(|name| wanted.binary_search(&name).is_ok() != not);
        }
        if keep {
            out.extend_from_slice(line);
        }
    }
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// In lower case; `None` for a line that is no field.
fn field_name(line: &[u8]) -> Option<Vec<u8>> {
    let colon = memchr::memchr(b':', line)?;
    Some(line[..colon].trim_ascii_end().to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
