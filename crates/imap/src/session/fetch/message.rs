//! One message of a FETCH, item by item.
//!
//! What was read for one item serves the next ones too: a small message is read once, whatever is
//! asked of it. What the message's own header can answer needs no skeleton.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use mail::limits;
use mail::mailbox::MessageMeta;
use mail::skeleton::Skeleton;

use crate::ask::{Answer, Ask, Refusal};
use crate::command::{FetchItem, Partial, Section, SectionText};
use crate::section::{self, SectionBytes};
use crate::session::core::Core;
use crate::session::head_reader::{Head, HeadReader};
use crate::write::{Detail, FetchLine};

/// A message that is being sent.
pub(super) struct Message {
    meta: MessageMeta,
    recent: bool,
    /// FLAGS is to be said though nobody asked: this command set `\Seen`.
    flags_too: bool,
    line: FetchLine,
    /// The item to be written next.
    item: usize,
    /// What of the present item's literal has not been written yet.
    literal: Range<u64>,
    asked: Asked,
    head: Option<Head>,
    skeleton: Option<Arc<Skeleton>>,
    /// Bytes that were read last, and where they stand.
    piece: Piece,
}

/// Which question is open.
enum Asked {
    Nothing,
    Skeleton,
    Head(HeadReader),
    /// Bytes of the literal.
    Piece,
    /// A part's header, of which some fields are wanted.
    Block {
        rest: Range<u64>,
        seen: BytesMut,
    },
    /// That header is here.
    BlockRead(Bytes),
}

/// A stretch of a message.
#[derive(Default)]
struct Piece {
    start: u64,
    bytes: Bytes,
}

/// How far a message has come.
pub(super) enum Progress {
    /// This is to be known first.
    Ask(Ask),
    /// There is much output.
    Full,
    /// The line is complete.
    Over,
    /// The message does not exist any more.
    Gone,
}

/// What an item comes to.
enum Written {
    Done,
    Needs(Ask),
}

impl Message {
    /// Begins the message's line.
    pub(super) fn begin(
        meta: MessageMeta,
        number: u32,
        recent: bool,
        flags_too: bool,
        core: &mut Core,
    ) -> Message {
        Message {
            meta,
            recent,
            flags_too,
            line: FetchLine::begin(&mut core.out, number),
            item: 0,
            literal: 0..0,
            asked: Asked::Nothing,
            head: None,
            skeleton: None,
            piece: Piece::default(),
        }
    }

    /// Writes as much as is known.
    pub(super) fn go_on(
        &mut self,
        items: &[FetchItem],
        answer: Option<Answer>,
        core: &mut Core,
    ) -> Result<Progress, Refusal> {
        if let Some(answer) = answer
            && !self.take(answer)?
        {
            return Ok(Progress::Gone);
        }
        if let Asked::Head(reader) = &self.asked {
            return Ok(Progress::Ask(reader.ask()));
        }
        if let Asked::Block { rest, .. } = &self.asked {
            return Ok(Progress::Ask(self.body(rest.clone())));
        }
        loop {
            if !self.literal.is_empty() {
                if core.out.len() >= limits::IMAP_OUTPUT_BYTES_HIGH {
                    return Ok(Progress::Full);
                }
                if !self.write_piece(&mut core.out) {
                    self.asked = Asked::Piece;
                    return Ok(Progress::Ask(self.body(self.literal.clone())));
                }
                continue;
            }
            let Some(item) = items.get(self.item) else {
                self.end(&mut core.out);
                return Ok(Progress::Over);
            };
            match self.write_item(item, &mut core.out) {
                Written::Done => self.item += 1,
                Written::Needs(ask) => return Ok(Progress::Ask(ask)),
            }
        }
    }

    fn body(&self, range: Range<u64>) -> Ask {
        Ask::Body { uid: self.meta.uid, range }
    }

    // ---- answers ----------------------------------------------------------------------------

    /// Takes the answer to the open question; false if the message is gone.
    fn take(&mut self, answer: Answer) -> Result<bool, Refusal> {
        let asked = std::mem::replace(&mut self.asked, Asked::Nothing);
        if let Asked::Skeleton = asked {
            self.skeleton = answer.skeleton()?;
            return Ok(self.skeleton.is_some());
        }
        let Some(bytes) = answer.body()? else { return Ok(false) };
        match asked {
            Asked::Head(reader) => self.take_head(reader, &bytes),
            Asked::Block { rest, seen } => self.take_block(rest, seen, &bytes),
            _ => {
                // Nothing before the end: the bytes the literal promised do not exist.
                let there = !bytes.is_empty();
                self.piece = Piece { start: self.literal.start, bytes };
                return Ok(there);
            }
        }
        Ok(true)
    }

    fn take_head(&mut self, mut reader: HeadReader, bytes: &Bytes) {
        match reader.take(bytes) {
            Some(head) => {
                self.piece = Piece { start: 0, bytes: head.bytes.clone() };
                self.head = Some(head);
            }
            None => self.asked = Asked::Head(reader),
        }
    }

    fn take_block(&mut self, rest: Range<u64>, mut seen: BytesMut, bytes: &Bytes) {
        seen.extend_from_slice(bytes);
        let start = rest.end.min(rest.start + bytes.len() as u64);
        self.asked = match bytes.is_empty() || start >= rest.end {
            true => Asked::BlockRead(seen.freeze()),
            false => Asked::Block { rest: start..rest.end, seen },
        };
    }

    // ---- writing ----------------------------------------------------------------------------

    /// Writes what of the literal is at hand; false if nothing is.
    fn write_piece(&mut self, out: &mut Vec<u8>) -> bool {
        let bytes = self.piece.within(&self.literal);
        out.extend_from_slice(bytes);
        self.literal.start += bytes.len() as u64;
        !bytes.is_empty()
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.flags_too {
            self.line.flags(out, &self.meta.flags, self.recent);
        }
        self.line.end(out);
    }

    fn write_item(&mut self, item: &FetchItem, out: &mut Vec<u8>) -> Written {
        match item {
            FetchItem::Uid => self.line.uid(out, self.meta.uid),
            FetchItem::Flags => self.line.flags(out, &self.meta.flags, self.recent),
            FetchItem::InternalDate => self.line.internal_date(out, self.meta.internal_date),
            FetchItem::Rfc822Size => self.line.size(out, self.meta.size_bytes),
            FetchItem::Envelope | FetchItem::Body | FetchItem::BodyStructure => {
                return self.write_structure(item, out);
            }
            item => return self.write_content(item, out),
        }
        Written::Done
    }

    fn write_structure(&mut self, item: &FetchItem, out: &mut Vec<u8>) -> Written {
        let Some(skeleton) = &self.skeleton else { return self.need_skeleton() };
        match item {
            FetchItem::Envelope => self.line.envelope(out, skeleton),
            FetchItem::Body => self.line.structure(out, skeleton, Detail::Basic),
            _ => self.line.structure(out, skeleton, Detail::Full),
        }
        Written::Done
    }

    fn write_content(&mut self, item: &FetchItem, out: &mut Vec<u8>) -> Written {
        let Some((section, partial)) = item.content() else { return Written::Done };
        let located = match self.locate(&section) {
            Ok(located) => located,
            Err(needs) => return needs,
        };
        match (located, &section.text) {
            (SectionBytes::Range(range), _) => {
                let range = cut(range, partial);
                self.line.content(out, item, range.end - range.start);
                self.literal = range;
            }
            (SectionBytes::Fields(range), SectionText::HeaderFields { not, names }) => {
                let Some(block) = self.block(&range) else {
                    return self.need_block(range);
                };
                let fields = section::filter_header(&block, *not, names);
                let range = cut(0..fields.len() as u64, partial);
                self.line.content(out, item, range.end - range.start);
                let piece = Piece { start: 0, bytes: fields.into() };
                out.extend_from_slice(piece.within(&range));
            }
            _ => self.line.no_content(out, item),
        }
        Written::Done
    }

    /// Where a section is. The message's own parts are found without a skeleton.
    fn locate(&mut self, section: &Section) -> Result<SectionBytes, Written> {
        let size = u64::from(self.meta.size_bytes);
        if !section.path.is_empty() {
            return match &self.skeleton {
                Some(skeleton) => Ok(section::locate(skeleton, section)),
                None => Err(self.need_skeleton()),
            };
        }
        if section.text == SectionText::Whole {
            return Ok(SectionBytes::Range(0..size));
        }
        let Some(head) = &self.head else { return Err(self.need_head()) };
        let body_start = head.body_start as u64;
        Ok(match section.text {
            SectionText::Header => SectionBytes::Range(0..body_start),
            SectionText::HeaderFields { .. } => SectionBytes::Fields(0..body_start),
            SectionText::Text => SectionBytes::Range(body_start..size.max(body_start)),
            SectionText::Whole | SectionText::Mime => SectionBytes::Nil,
        })
    }

    /// A header block, if it is at hand.
    fn block(&mut self, range: &Range<u64>) -> Option<Bytes> {
        if let Asked::BlockRead(block) = &mut self.asked {
            let block = std::mem::take(block);
            self.asked = Asked::Nothing;
            return Some(block);
        }
        let head = self.head.as_ref().filter(|head| *range == (0..head.body_start as u64))?;
        Some(head.block())
    }

    fn need_skeleton(&mut self) -> Written {
        self.asked = Asked::Skeleton;
        Written::Needs(Ask::Skeleton { uid: self.meta.uid })
    }

    fn need_head(&mut self) -> Written {
        let reader = HeadReader::new(&self.meta);
        let ask = reader.ask();
        self.asked = Asked::Head(reader);
        Written::Needs(ask)
    }

    fn need_block(&mut self, range: Range<u64>) -> Written {
        let upto = range.end.min(range.start + limits::HEADER_BLOCK_BYTES_MAX as u64);
        let rest = range.start..upto;
        let ask = self.body(rest.clone());
        self.asked = Asked::Block { rest, seen: BytesMut::new() };
        Written::Needs(ask)
    }
}

impl Piece {
    /// What of a range this has, from the range's beginning on.
    fn within(&self, range: &Range<u64>) -> &[u8] {
        let place = |at: u64| usize::try_from(at.checked_sub(self.start)?).ok();
        let Some(from) = place(range.start).filter(|from| *from < self.bytes.len()) else {
            return &[];
        };
        let upto = place(range.end).map_or(self.bytes.len(), |upto| upto.min(self.bytes.len()));
        &self.bytes[from..upto.max(from)]
    }
}

/// The part of a range a client asked for; empty if it lies beyond the end.
fn cut(range: Range<u64>, partial: Option<Partial>) -> Range<u64> {
    partial.map_or(range.clone(), |partial| partial.of(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i13_a_range_beyond_the_end_is_empty() {
        let partial = |offset, count| Some(Partial { offset, count });
        assert_eq!(cut(10..20, None), 10..20);
        assert_eq!(cut(10..20, partial(0, 4)), 10..14);
        assert_eq!(cut(10..20, partial(8, 100)), 18..20);
        assert_eq!(cut(10..20, partial(10, 1)), 20..20);
        assert_eq!(cut(10..20, partial(u32::MAX, u32::MAX)), 20..20);
    }

    #[test]
    fn a_piece_gives_what_it_has() {
        let piece = Piece { start: 10, bytes: Bytes::from_static(b"abcdef") };
        assert_eq!(piece.within(&(12..14)), b"cd");
        assert_eq!(piece.within(&(15..99)), b"f");
        assert_eq!(piece.within(&(16..99)), b"");
        assert_eq!(piece.within(&(9..12)), b"");
        assert_eq!(Piece::default().within(&(0..5)), b"");
    }
}
