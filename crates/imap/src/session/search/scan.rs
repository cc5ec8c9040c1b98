//! Looking for strings in a stream, whatever the pieces it comes in, without regard to case.
//!
//! Case is folded as Unicode's simple lower case where the bytes are UTF-8; other bytes stand for
//! themselves. Memory is the longest needle and one piece.

use memchr::memmem;

/// Longest UTF-8 sequence less one: how much of an unfinished character can be pending.
const PENDING_BYTES_MAX: usize = 3;

/// A text with its case folded.
pub(super) fn fold(bytes: &[u8]) -> Vec<u8> {
    let mut folder = Folder::default();
    let mut folded = Vec::with_capacity(bytes.len());
    folder.fold(bytes, &mut folded);
    folder.finish(&mut folded);
    folded
}

/// Folds case piece by piece.
#[derive(Default)]
struct Folder {
    /// The beginning of a character whose rest is in the next piece.
    pending: Vec<u8>,
}

impl Folder {
    fn fold(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.pending.is_empty() && bytes.is_ascii() {
            out.extend(bytes.iter().map(u8::to_ascii_lowercase));
            return;
        }
        let mut joined = std::mem::take(&mut self.pending);
        joined.extend_from_slice(bytes);
        let mut chunks = joined.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            out.extend(
                chunk.valid().chars().flat_map(char::to_lowercase).collect::<String>().bytes(),
            );
            let invalid = chunk.invalid();
            if chunks.peek().is_none() && is_unfinished(invalid) {
                self.pending = invalid.to_vec();
            } else {
                out.extend_from_slice(invalid);
            }
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.pending);
    }
}

fn is_unfinished(bytes: &[u8]) -> bool {
    let wanted = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 0,
    };
    bytes.len() < wanted && bytes.len() <= PENDING_BYTES_MAX
}

/// A string that is looked for, folded, and whether it was seen.
pub(super) struct Needle {
    finder: memmem::Finder<'static>,
    pub(super) found: bool,
}

impl Needle {
    pub(super) fn new(folded: &[u8]) -> Needle {
        Needle { finder: memmem::Finder::new(folded).into_owned(), found: false }
    }

    fn len(&self) -> usize {
        self.finder.needle().len()
    }
}

/// One stream that is looked through.
#[derive(Default)]
pub(super) struct Scanner {
    folder: Folder,
    /// The end of what was seen, folded: a needle may begin in it.
    window: Vec<u8>,
}

impl Scanner {
    /// Looks through the next piece.
    pub(super) fn feed(&mut self, bytes: &[u8], needles: &mut [Needle]) {
        self.folder.fold(bytes, &mut self.window);
        let longest = needles.iter().map(Needle::len).max().unwrap_or(0);
        for needle in needles.iter_mut().filter(|needle| !needle.found) {
            needle.found = needle.finder.find(&self.window).is_some();
        }
        let surplus = self.window.len().saturating_sub(longest.saturating_sub(1));
        self.window.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(pieces: &[&[u8]], needle: &str) -> bool {
        let mut needles = [Needle::new(&fold(needle.as_bytes()))];
        let mut scanner = Scanner::default();
        for piece in pieces {
            scanner.feed(piece, &mut needles);
        }
        needles[0].found
    }

    #[test]
    fn case_is_folded_beyond_ascii() {
        assert!(found(&["GRÜSSE AUS ŁÓDŹ".as_bytes()], "grüsse aus łódź"));
        assert!(!found(&[b"gruesse"], "grüsse"));
    }

    #[test]
    fn bytes_that_are_no_utf8_stand_for_themselves() {
        assert!(found(&[b"a\xffB"], "b"));
        assert_eq!(fold(b"\xc3"), b"\xc3");
    }

    proptest! {
        #[test]
        fn i4_pieces_never_matter(text in "[aÄß€x ]{0,20}", needle in "[aäß€X]{1,4}", cut in 0usize..40) {
            let bytes = text.as_bytes();
            let (left, right) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(found(&[left, right], &needle), found(&[bytes], &needle));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(found(&single, &needle), found(&[bytes], &needle));
        }
    }
}
