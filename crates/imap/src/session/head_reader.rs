//! Reading a message's header block with as few bytes as it takes.

use bytes::{Bytes, BytesMut};
use mail::limits;
use mail::mailbox::{MessageMeta, Uid};

use crate::ask::Ask;

/// Bytes of the first question: nearly every header, and most chat messages whole.
const FIRST_BYTES: u64 = 16_384;

/// A header block on its way in.
pub(super) struct HeadReader {
    uid: Uid,
    size_bytes: u64,
    /// The message's bytes so far, from its beginning.
    seen: BytesMut,
}

/// What is known once the header block ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The message's first bytes, the header block and perhaps more.
    pub(super) bytes: Bytes,
    /// Where the body begins: behind the empty line.
    pub(super) body_start: usize,
}

impl HeadReader {
    pub(super) fn new(meta: &MessageMeta) -> HeadReader {
        HeadReader { uid: meta.uid, size_bytes: meta.size_bytes.into(), seen: BytesMut::new() }
    }

    /// The next question.
    pub(super) fn ask(&self) -> Ask {
        let start = self.seen.len() as u64;
        let upto = if start == 0 { FIRST_BYTES } else { limits::HEADER_BLOCK_BYTES_MAX as u64 };
        Ask::Body { uid: self.uid, range: start..self.size_bytes.min(upto.max(start)) }
    }

    /// Takes the answer. `None`: ask again. A block without an end, or with one beyond
    /// [`limits::HEADER_BLOCK_BYTES_MAX`], ends with what there is.
    pub(super) fn take(&mut self, bytes: &Bytes) -> Option<Head> {
        self.seen.extend_from_slice(bytes);
        let seen = self.seen.len();
        let all = bytes.is_empty()
            || seen as u64 >= self.size_bytes
            || seen >= limits::HEADER_BLOCK_BYTES_MAX;
        match body_start(&self.seen) {
            None if !all => None,
            found => {
                let bytes = std::mem::take(&mut self.seen).freeze();
                Some(Head { bytes, body_start: found.unwrap_or(seen) })
            }
        }
    }
}

impl Head {
    /// The header block with the empty line that ends it.
    pub(super) fn block(&self) -> Bytes {
        self.bytes.slice(..self.body_start)
    }
}

/// Where the first empty line ends.
fn body_start(bytes: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    for line_end in memchr::memchr_iter(b'\n', bytes) {
        if matches!(&bytes[line_start..line_end], b"" | b"\r") {
            return Some(line_end + 1);
        }
        line_start = line_end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use mail::Timestamp;
    use mail::mailbox::{Flags, ModSeq};

    use super::*;

    fn reader(size_bytes: u32) -> HeadReader {
        HeadReader::new(&MessageMeta {
            uid: Uid::MIN,
            modseq: ModSeq::FIRST,
            flags: Flags::new(),
            internal_date: Timestamp(0),
            size_bytes,
        })
    }

    fn range(reader: &HeadReader) -> std::ops::Range<u64> {
        match reader.ask() {
            Ask::Body { range, .. } => range,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_small_message_is_read_once() {
        let mut reader = reader(9);
        assert_eq!(range(&reader), 0..9);
        let head = reader.take(&Bytes::from_static(b"A: b\r\n\r\nx")).unwrap();
        assert_eq!((head.block().as_ref(), head.body_start), (&b"A: b\r\n\r\n"[..], 8));
    }

    #[test]
    fn an_unfinished_block_is_read_on() {
        let mut reader = reader(40_000);
        assert_eq!(range(&reader), 0..16_384);
        assert_eq!(reader.take(&Bytes::from(vec![b'a'; 16_384])), None);
        assert_eq!(range(&reader), 16_384..40_000);
        assert_eq!(reader.take(&Bytes::from_static(b"\n\n")).unwrap().body_start, 16_386);
    }

    #[test]
    fn a_block_at_the_ceiling_ends_there() {
        let max = limits::HEADER_BLOCK_BYTES_MAX;
        let mut reader = reader(1_000_000);
        assert_eq!(reader.take(&Bytes::from(vec![b'a'; max - 1])), None);
        assert_eq!(reader.take(&Bytes::from_static(b"a")).unwrap().body_start, max);
    }
}
