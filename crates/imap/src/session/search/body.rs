//! Looking through a message's body, piece by piece.
//!
//! The bytes are looked through as they are, and once more decoded where a text part is in base64 or
//! quoted-printable. A part whose encoding is broken is decoded up to that place.

use std::ops::Range;

use mail::encoding::{Base64Decoder, QuotedPrintableDecoder};
use mail::mailbox::Uid;
use mail::skeleton::{Part, Skeleton};

use super::program::Leaf;
use super::scan::{Needle, Scanner};
use crate::ask::Ask;

/// A body that is being looked through.
pub(super) struct BodyScan {
    /// The place of each needle's leaf.
    places: Vec<usize>,
    needles: Vec<Needle>,
    /// What has not been read yet.
    rest: Range<u64>,
    raw: Scanner,
    /// Encoded text parts not yet passed, the next one last.
    parts: Vec<EncodedPart>,
    scratch: Vec<u8>,
}

struct EncodedPart {
    range: Range<u64>,
    decoder: Decoder,
    scanner: Scanner,
}

enum Decoder {
    Base64(Base64Decoder),
    Quoted(QuotedPrintableDecoder),
    Broken,
}

impl BodyScan {
    /// A scan for the given leaves, of which only the strings in bodies count.
    pub(super) fn new<'a>(
        skeleton: &Skeleton,
        wanted: impl Iterator<Item = (usize, &'a Leaf)>,
    ) -> BodyScan {
        let wanted = wanted.filter_map(|(place, leaf)| match leaf {
            Leaf::Body(text) | Leaf::Text(text) => Some((place, Needle::new(text))),
            _ => None,
        });
        let (places, needles) = wanted.unzip();
        let mut parts: Vec<_> = skeleton.parts.iter().filter_map(EncodedPart::new).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.range.start));
        BodyScan {
            places,
            needles,
            rest: skeleton.parts.first().map_or(0..0, |part| part.body.clone()),
            raw: Scanner::default(),
            parts,
            scratch: Vec::new(),
        }
    }

    /// The next question; `None` once everything is known.
    pub(super) fn ask(&self, uid: Uid) -> Option<Ask> {
        let open = !self.rest.is_empty() && self.needles.iter().any(|needle| !needle.found);
        open.then(|| Ask::Body { uid, range: self.rest.clone() })
    }

    /// Looks through the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let start = self.rest.start;
        self.raw.feed(bytes, &mut self.needles);
        self.rest.start = match bytes.len() as u64 {
            0 => self.rest.end,
            n => self.rest.end.min(start + n),
        };
        let seen = start..self.rest.start;
        while let Some(part) = self.parts.last_mut().filter(|part| part.range.start < seen.end) {
            self.scratch.clear();
            part.decode(bytes, &seen, &mut self.scratch);
            part.scanner.feed(&self.scratch, &mut self.needles);
            if part.range.end > seen.end {
                break;
            }
            self.parts.pop();
        }
    }

    /// The places of the leaves, and whether they are true.
    pub(super) fn results(&self) -> impl Iterator<Item = (usize, bool)> {
        self.places.iter().zip(&self.needles).map(|(place, needle)| (*place, needle.found))
    }
}

impl EncodedPart {
    fn new(part: &Part) -> Option<EncodedPart> {
        let decoder = match part.content.transfer_encoding.as_str() {
            _ if part.content.main_type != "text" => return None,
            "base64" => Decoder::Base64(Base64Decoder::new()),
            "quoted-printable" => Decoder::Quoted(QuotedPrintableDecoder::new()),
            _ => return None,
        };
        Some(EncodedPart { range: part.body.clone(), decoder, scanner: Scanner::default() })
    }

    /// Decodes what of `bytes`, which stand at `seen` in the message, belongs to this part.
    fn decode(&mut self, bytes: &[u8], seen: &Range<u64>, out: &mut Vec<u8>) {
        let within = |place: u64| {
            usize::try_from(place.saturating_sub(seen.start))
                .map_or(bytes.len(), |at| at.min(bytes.len()))
        };
        let piece = &bytes[within(self.range.start)..within(self.range.end)];
        let read = match &mut self.decoder {
            Decoder::Base64(decoder) => {
                // Line ends are no part of the encoding, and the decoder is strict.
                let lines = piece.split(u8::is_ascii_whitespace);
                lines.map(|line| decoder.feed(line, out)).find(Result::is_err).unwrap_or(Ok(()))
            }
            Decoder::Quoted(decoder) => decoder.feed(piece, out),
            Decoder::Broken => Ok(()),
        };
        if read.is_err() {
            self.decoder = Decoder::Broken;
        }
    }
}

#[cfg(test)]
mod tests {
    use mail::skeleton::Content;

    use super::*;

    const MESSAGE: &[u8] =
        b"H: x\r\n\r\n--b\r\n\r\nR3LDvMOfZSBhdXM\r\ngV2llbg==\r\n--b\r\n\r\nK=C3=A4se\r\n--b--";

    fn part(text: &[u8], encoding: &str) -> Part {
        let start = memchr::memmem::find(MESSAGE, text).unwrap() as u64;
        Part {
            header: start..start,
            body: start..start + text.len() as u64,
            lines: 1,
            children: Vec::new(),
            content: Content {
                main_type: "text".into(),
                transfer_encoding: encoding.into(),
                ..Content::default()
            },
            envelope: None,
        }
    }

    fn found(needle: &str, piece: usize) -> bool {
        let parts = vec![
            part(&MESSAGE[8..], "7bit"),
            part(b"R3LDvMOfZSBhdXM\r\ngV2llbg==", "base64"),
            part(b"K=C3=A4se", "quoted-printable"),
        ];
        let skeleton = Skeleton { parts, truncated: false };
        let leaf = Leaf::Body(super::super::scan::fold(needle.as_bytes()));
        let mut scan = BodyScan::new(&skeleton, [(3, &leaf)].into_iter());
        while let Some(Ask::Body { range, .. }) = scan.ask(Uid::MIN) {
            let range = range.start as usize..range.end.min(range.start + piece as u64) as usize;
            scan.take(&MESSAGE[range]);
        }
        let results: Vec<_> = scan.results().collect();
        assert_eq!(results[0].0, 3);
        results[0].1
    }

    #[test]
    fn decoded_text_is_found_however_it_is_cut() {
        for piece in 1..MESSAGE.len() {
            assert!(found("grüße aus wien", piece), "{piece}");
            assert!(found("KÄSE", piece), "{piece}");
            assert!(found("=c3=a4", piece), "{piece}");
            assert!(!found("käse wien", piece), "{piece}");
            assert!(!found("h: x", piece), "{piece}");
        }
    }
}
