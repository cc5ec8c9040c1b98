//! A message's bytes on their way in: in memory while they are few, in a temporary file beyond.
//!
//! Memory use of a writer is bounded by [`BODY_INLINE_BYTES_MAX`] and one [`BODY_CHUNK_BYTES`],
//! however long the message. Files are written and flushed by plain blocking calls on a blocking
//! thread, so that no write error can be hidden; what a [`PreparedBody`] holds is on disk already,
//! though not reachable. Whatever is dropped before it is accepted vanishes.

mod spool;

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use mail::limits::{BODY_CHUNK_BYTES, BODY_INLINE_BYTES_MAX};

use crate::boundary::{Result, StoreError};
use crate::refusal::TOO_LONG;
pub(crate) use spool::{Settled, Spool, SpoolFile, body_path, read_exactly_at};

/// Takes a message's bytes in order. See [`crate::Store::body_writer`].
#[derive(Debug)]
pub struct BodyWriter {
    stage: Stage,
    /// Where bytes go that are too many for memory; the model has no such place.
    spool: Option<Arc<Spool>>,
    len: u64,
}

#[derive(Debug)]
enum Stage {
    Memory(BytesMut),
    /// A whole number of chunks is in the file, the rest waits here.
    File(Box<SpoolFile>, BytesMut),
    /// A write failed or was abandoned half-way; the file is gone.
    Broken,
}

/// A complete message that nobody can reach yet.
#[derive(Debug)]
pub struct PreparedBody {
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Memory(Bytes),
    /// The beginning, which is kept beside the file, and the flushed file with the rest.
    File(Bytes, Box<SpoolFile>),
}

impl BodyWriter {
    pub(crate) fn in_memory() -> BodyWriter {
        BodyWriter { stage: Stage::Memory(BytesMut::new()), spool: None, len: 0 }
    }

    pub(crate) fn spooled(spool: Arc<Spool>) -> BodyWriter {
        BodyWriter { spool: Some(spool), ..BodyWriter::in_memory() }
    }

    /// How many bytes were written.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True if nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the next bytes. After an error, or if the future was dropped before its end, the
    /// writer is useless. `Full` if the disk is.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.len += bytes.len() as u64;
        if u32::try_from(self.len).is_err() {
            self.stage = Stage::Broken;
            return Err(TOO_LONG);
        }
        if let Some(waiting) = self.waiting() {
            waiting.extend_from_slice(&bytes);
        }
        self.spill(BODY_CHUNK_BYTES).await
    }

    /// Ends the message.
    pub async fn finish(self) -> Result<PreparedBody> {
        self.finish_with_head(Bytes::new()).await
    }

    /// Ends the message and puts `head` (trace fields, signatures: what is known only after the
    /// last byte) before all that was written.
    pub async fn finish_with_head(mut self, head: Bytes) -> Result<PreparedBody> {
        if u32::try_from(self.len + head.len() as u64).is_err() {
            return Err(TOO_LONG);
        }
        self.spill(1).await?;
        match std::mem::replace(&mut self.stage, Stage::Broken) {
            Stage::Memory(rest) => Ok(PreparedBody::from(joined(&head, rest))),
            Stage::File(file, _) => {
                let file = blocking(move || file.flushed()).await?;
                Ok(PreparedBody { content: Content::File(head, file) })
            }
            Stage::Broken => Err(broken()),
        }
    }

    fn waiting(&mut self) -> Option<&mut BytesMut> {
        match &mut self.stage {
            Stage::Memory(waiting) | Stage::File(_, waiting) => Some(waiting),
            Stage::Broken => None,
        }
    }

    /// Moves what waits to the file once it is at least `least` bytes: all of it, or whole chunks
    /// only while more may come (`least` is a chunk).
    async fn spill(&mut self, least: usize) -> Result<()> {
        let ready = match &self.stage {
            Stage::Memory(bytes) => self.spool.is_some() && bytes.len() > BODY_INLINE_BYTES_MAX,
            Stage::File(_, bytes) => bytes.len() >= least,
            Stage::Broken => return Err(broken()),
        };
        if !ready {
            return Ok(());
        }
        let spool = self.spool.clone();
        // The file travels to the blocking thread and back; if nobody waits for it, it is removed.
        let stage = std::mem::replace(&mut self.stage, Stage::Broken);
        self.stage = blocking(move || stage.spilled(spool.as_deref(), least)).await?;
        Ok(())
    }
}

impl Stage {
    fn spilled(self, spool: Option<&Spool>, least: usize) -> Result<Stage> {
        let (mut file, mut waiting) = match (self, spool) {
            (Stage::Memory(bytes), Some(spool)) => (Box::new(spool.create()?), bytes),
            (Stage::File(file, bytes), _) => (file, bytes),
            _ => return Err(broken()),
        };
        while waiting.len() >= least.min(BODY_CHUNK_BYTES) {
            let chunk = waiting.split_to(waiting.len().min(BODY_CHUNK_BYTES));
            file.append(&chunk)?;
        }
        Ok(Stage::File(file, waiting))
    }
}

impl PreparedBody {
    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        match &self.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::File(head, file) => head.len() as u64 + file.len(),
        }
    }

    /// True for a message without a byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `n` bytes, or all if they are fewer; at most [`BODY_CHUNK_BYTES`].
    pub async fn head(&self, n: usize) -> Result<Bytes> {
        self.read(0..n as u64).await
    }

    /// Some bytes; fewer than asked only at the end, at most [`BODY_CHUNK_BYTES`].
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let range = clipped(range, self.len());
        match &self.content {
            Content::Memory(bytes) => Ok(bytes.slice(range.start as usize..range.end as usize)),
            Content::File(head, file) => {
                let (head, file) = (head.clone(), file.reader()?);
                blocking(move || read_joined(&head, &file, range)).await
            }
        }
    }

    /// The size as rows and quotas count it.
    pub(crate) fn size(&self) -> u32 {
        u32::try_from(self.len()).expect("writers refuse longer messages")
    }
}

/// Bytes that are in memory already, such as a report we wrote ourselves.
impl From<Bytes> for PreparedBody {
    fn from(bytes: Bytes) -> PreparedBody {
        PreparedBody { content: Content::Memory(bytes) }
    }
}

/// The part of `range` that lies within `len` bytes and within one read.
pub(crate) fn clipped(range: Range<u64>, len: u64) -> Range<u64> {
    let start = range.start.min(len);
    let end = range.end.clamp(start, len).min(start + BODY_CHUNK_BYTES as u64);
    start..end
}

/// Bytes of `head` followed by the file.
fn read_joined(head: &[u8], file: &std::fs::File, range: Range<u64>) -> Result<Bytes> {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(head.len());
    let mut bytes = BytesMut::from(&head[at(range.start)..at(range.end)]);
    let begin = range.start.max(head.len() as u64);
    if begin < range.end {
        let from = begin - head.len() as u64;
        bytes.extend_from_slice(&read_exactly_at(file, from, (range.end - begin) as usize)?);
    }
    Ok(bytes.freeze())
}

fn joined(head: &Bytes, mut rest: BytesMut) -> Bytes {
    if head.is_empty() {
        return rest.split().freeze();
    }
    let mut all = BytesMut::with_capacity(head.len() + rest.len());
    all.extend_from_slice(head);
    all.extend_from_slice(&rest);
    all.freeze()
}

fn broken() -> StoreError {
    StoreError::Unavailable("an earlier write of this message failed".into())
}

/// Runs a blocking call where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let stopped = |_| Err(StoreError::Unavailable("the server is stopping".into()));
    tokio::task::spawn_blocking(call).await.unwrap_or_else(stopped)
}

#[cfg(test)]
mod tests;
