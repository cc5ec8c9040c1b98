//! What FETCH can ask for (RFC 3501 section 6.4.5).

use std::ops::Range;

/// One data item. The macros ALL, FAST and FULL are resolved by the parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchItem {
    /// `BODY` without a section: BODYSTRUCTURE without extension data.
    Body,
    /// `BODY[section]<partial>`
    BodySection {
        /// Which part.
        section: Section,
        /// Only some of its bytes.
        partial: Option<Partial>,
        /// `BODY.PEEK`: do not set `\Seen`.
        peek: bool,
    },
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `ENVELOPE`
    Envelope,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822`: `BODY[]` by another name.
    Rfc822,
    /// `RFC822.HEADER`: `BODY.PEEK[HEADER]` by another name.
    Rfc822Header,
    /// `RFC822.SIZE`
    Rfc822Size,
    /// `RFC822.TEXT`: `BODY[TEXT]` by another name.
    Rfc822Text,
    /// `UID`
    Uid,
}

impl FetchItem {
    /// True if fetching this sets `\Seen`.
    pub fn sets_seen(&self) -> bool {
        matches!(
            self,
            FetchItem::BodySection { peek: false, .. } | FetchItem::Rfc822 | FetchItem::Rfc822Text
        )
    }
}

impl FetchItem {
    /// The message bytes this item shows; `None` if it shows something else.
    pub fn content(&self) -> Option<(Section, Option<Partial>)> {
        let text = match self {
            FetchItem::BodySection { section, partial, .. } => {
                return Some((section.clone(), *partial));
            }
            FetchItem::Rfc822 => SectionText::Whole,
            FetchItem::Rfc822Header => SectionText::Header,
            FetchItem::Rfc822Text => SectionText::Text,
            _ => return None,
        };
        Some((Section { path: Vec::new(), text }, None))
    }
}

/// `<offset.count>` in bytes; `count` is never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Partial {
    pub offset: u32,
    pub count: u32,
}

impl Partial {
    /// These bytes of `whole`; empty if they lie beyond its end.
    pub fn of(self, whole: Range<u64>) -> Range<u64> {
        let start = whole.start.saturating_add(u64::from(self.offset)).min(whole.end);
        start..start.saturating_add(u64::from(self.count)).min(whole.end)
    }

    /// These bytes of a string; empty if they lie beyond its end.
    pub fn of_bytes(self, whole: &[u8]) -> &[u8] {
        let range = self.of(0..whole.len() as u64);
        let index = |at: u64| usize::try_from(at).expect("not beyond the end of a slice");
        &whole[index(range.start)..index(range.end)]
    }
}

/// What stands between the brackets of `BODY[...]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Part numbers, each from 1; at most [`mail::limits::IMAP_SECTION_DEPTH_MAX`]. Empty for the
    /// message itself.
    pub path: Vec<u32>,
    /// What of that part.
    pub text: SectionText,
}

/// What of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SectionText {
    /// The whole message, or the body of the part.
    #[default]
    Whole,
    /// The header of the message, or of the message in a `message/rfc822` part.
    Header,
    /// Some header fields.
    HeaderFields {
        /// All but these (`HEADER.FIELDS.NOT`).
        not: bool,
        /// Field names as the client wrote them, for the echo. Never empty.
        names: Vec<Vec<u8>>,
    },
    /// What follows that header.
    Text,
    /// The MIME header of the part; only with a path.
    Mime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i13_a_range_beyond_the_end_is_empty() {
        let of = |offset, count| Partial { offset, count }.of(10..20);
        assert_eq!(of(0, 5), 10..15);
        assert_eq!(of(0, 10), 10..20);
        assert_eq!(of(4, 100), 14..20);
        assert_eq!(of(10, 1), 20..20);
        assert_eq!(of(11, 1), 20..20);
        assert_eq!(of(u32::MAX, u32::MAX), 20..20);
        let whole = Partial { offset: 1, count: u32::MAX };
        assert_eq!(whole.of(0..u64::MAX), 1..1 + u64::from(u32::MAX));
        assert_eq!(whole.of_bytes(b"abc"), b"bc");
        assert_eq!(whole.of_bytes(b""), b"");
    }

    #[test]
    fn the_old_items_are_sections_by_another_name() {
        let text = |item: FetchItem| item.content().map(|(section, _)| section.text);
        assert_eq!(text(FetchItem::Rfc822), Some(SectionText::Whole));
        assert_eq!(text(FetchItem::Rfc822Header), Some(SectionText::Header));
        assert_eq!(text(FetchItem::Rfc822Text), Some(SectionText::Text));
        assert_eq!(text(FetchItem::Rfc822Size), None);
    }
}
