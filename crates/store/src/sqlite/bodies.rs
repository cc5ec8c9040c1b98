//! Bodies: one row for each acceptance, counted references, small ones in the row, large ones in a
//! file beside it.
//!
//! Every byte that is read was compared with its checksum, chunk by chunk; what does not agree is
//! `Damaged`, for that one message.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use mail::limits::BODY_CHUNK_BYTES;
use rusqlite::{Connection, OptionalExtension};

use super::fault::Outcome;
use super::rows::number;
use super::tx::Tx;
use crate::body::{
    Content, PreparedBody, Settled, Spool, blocking, body_path, clipped, read_exactly_at,
};
use crate::boundary::{Result, StoreError};
use crate::disk::disk_error;

const CHUNK: u64 = BODY_CHUNK_BYTES as u64;

/// A body that is as durable as it can be before the commit that names it.
pub(super) struct ReadyBody {
    pub(super) size: u32,
    kind: Kind,
}

enum Kind {
    Inline(Bytes),
    File(Bytes, Settled),
}

impl ReadyBody {
    /// Moves a large body's file to its place, durably.
    pub(super) async fn new(body: PreparedBody, spool: std::sync::Arc<Spool>) -> Result<ReadyBody> {
        let size = body.size();
        let kind = match body.content {
            Content::Memory(bytes) => Kind::Inline(bytes),
            Content::File(head, file) => {
                Kind::File(head, blocking(move || spool.settle(*file)).await?)
            }
        };
        Ok(ReadyBody { size, kind })
    }

    /// Its share of a commit, in bytes.
    pub(super) fn weight(&self) -> usize {
        match &self.kind {
            Kind::Inline(bytes) => bytes.len(),
            Kind::File(head, _) => head.len(),
        }
    }

    /// Writes the row, with as many references as will be made to it.
    pub(super) fn insert(self, tx: &mut Tx<'_>, refs: usize) -> Outcome<u64> {
        let sql = "INSERT INTO body VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut statement = tx.db.prepare_cached(sql)?;
        let none = None::<&[u8]>;
        match self.kind {
            Kind::Inline(bytes) => {
                let id = tx.shared.spool.next_id();
                let sums = crc32c::crc32c(&bytes).to_le_bytes();
                let row = (id as i64, refs as i64, self.size, &sums[..], none, Some(&bytes[..]));
                statement.execute(row)?;
                Ok(id)
            }
            Kind::File(head, file) => {
                let (id, mut sums) = (file.id, crc32c::crc32c(&head).to_le_bytes().to_vec());
                sums.extend(file.sums.iter().flat_map(|sum| sum.to_le_bytes()));
                let row = (id as i64, refs as i64, self.size, sums, Some(&head[..]), none);
                statement.execute(row)?;
                drop(statement);
                tx.name_file(file);
                Ok(id)
            }
        }
    }
}

/// One more message refers to the body.
pub(super) fn add_ref(tx: &Tx<'_>, body: u64) -> Outcome<()> {
    let mut statement = tx.db.prepare_cached("UPDATE body SET refs = refs + 1 WHERE id = ?1")?;
    statement.execute([body as i64])?;
    Ok(())
}

/// One fewer refers to it; the last takes the body along.
pub(super) fn drop_ref(tx: &mut Tx<'_>, body: u64) -> Outcome<()> {
    let id = body as i64;
    let sql = "SELECT refs, bytes IS NULL FROM body WHERE id = ?1";
    let known: Option<(i64, bool)> = tx
        .db
        .prepare_cached(sql)?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((refs, in_file)) = known else {
        tracing::error!(body, "a message's body is missing; run `martlet verify`");
        return Ok(());
    };
    if refs > 1 {
        tx.db.prepare_cached("UPDATE body SET refs = refs - 1 WHERE id = ?1")?.execute([id])?;
        return Ok(());
    }
    tx.db.prepare_cached("DELETE FROM body WHERE id = ?1")?.execute([id])?;
    if in_file {
        tx.abandon_file(body);
    }
    Ok(())
}

/// Bytes of a body; `sql` finds its row by one or two numbers.
pub(super) fn read(
    db: &Connection,
    dir: &Path,
    sql: &'static str,
    key: impl rusqlite::Params,
    range: Range<u64>,
) -> Outcome<Bytes> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(key)?;
    let row = rows.next()?.ok_or(StoreError::NotFound)?;
    let (id, size, sums) = (number(row, 0)?, number(row, 1)?, row.get_ref(2)?.as_blob()?);
    let range = clipped(range, size);
    let body = Reading { dir, id, sums };
    match (row.get_ref(4)?.as_blob_or_null()?, row.get_ref(3)?.as_blob_or_null()?) {
        (Some(bytes), _) => Ok(body.inline(bytes, size, range)?),
        (None, head) => Ok(body.file(head.unwrap_or_default(), size, range)?),
    }
}

/// The columns [`read`] wants.
macro_rules! body_columns {
    () => {
        "body.id, body.size, body.sums, body.head, body.bytes"
    };
}
pub(super) use body_columns;

struct Reading<'a> {
    dir: &'a Path,
    id: u64,
    sums: &'a [u8],
}

impl Reading<'_> {
    fn inline(&self, bytes: &[u8], size: u64, range: Range<u64>) -> Result<Bytes> {
        if bytes.len() as u64 != size {
            return Err(self.damaged("it has another length"));
        }
        self.check(0, bytes)?;
        Ok(Bytes::copy_from_slice(&bytes[range.start as usize..range.end as usize]))
    }

    fn file(&self, head: &[u8], size: u64, range: Range<u64>) -> Result<Bytes> {
        self.check(0, head)?;
        let cut = head.len() as u64;
        let mut bytes = BytesMut::with_capacity((range.end - range.start) as usize);
        bytes.extend_from_slice(&head[range.start.min(cut) as usize..range.end.min(cut) as usize]);
        if range.end > cut {
            let from = range.start.saturating_sub(cut);
            self.chunks(size - cut, from..range.end - cut, &mut bytes)?;
        }
        Ok(bytes.freeze())
    }

    /// Appends bytes of the file, having compared the chunks they lie in.
    fn chunks(&self, len: u64, range: Range<u64>, bytes: &mut BytesMut) -> Result<()> {
        let file = self.open()?;
        for chunk in range.start / CHUNK..range.end.div_ceil(CHUNK) {
            let begin = chunk * CHUNK;
            let end = len.min(begin + CHUNK);
            let all = read_exactly_at(&file, begin, (end - begin) as usize)?;
            self.check(chunk as usize + 1, &all)?;
            let (from, upto) = (range.start.max(begin) - begin, range.end.min(end) - begin);
            bytes.extend_from_slice(&all[from as usize..upto as usize]);
        }
        Ok(())
    }

    fn open(&self) -> Result<File> {
        File::open(body_path(self.dir, self.id)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.damaged("its file is missing"),
            _ => disk_error(&error),
        })
    }

    /// Compares bytes with the checksum at `place`.
    fn check(&self, place: usize, bytes: &[u8]) -> Result<()> {
        let sum = self.sums.chunks_exact(4).nth(place);
        if sum == Some(&crc32c::crc32c(bytes).to_le_bytes()[..]) {
            return Ok(());
        }
        Err(self.damaged("its checksum does not agree"))
    }

    fn damaged(&self, how: &str) -> StoreError {
        tracing::error!(body = self.id, how, "a stored message is damaged");
        StoreError::Damaged(format!("body {:x}: {how}", self.id))
    }
}

/// Removes the file of a body that is gone.
pub(super) fn remove_file(dir: &Path, body: u64) {
    match std::fs::remove_file(body_path(dir, body)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, body, "an unused body file stays until the next start");
        }
        _ => {}
    }
}

/// Removes the files no row names: what a crash left between a file's flush and its commit, or
/// between a commit and the removal. Files of bodies from `first_id` on are of this run.
pub(super) fn remove_unnamed(dir: &Path, db: &Connection, first_id: u64) {
    for shard in 0..=0xff_u64 {
        let folder = body_path(dir, shard);
        let Some(files) = folder.parent().and_then(|folder| folder.read_dir().ok()) else {
            continue;
        };
        for file in files.flatten() {
            let id = file.file_name().to_str().and_then(|name| u64::from_str_radix(name, 16).ok());
            match id {
                Some(id) if id < first_id && is_unnamed(db, id) => remove_file(dir, id),
                _ => {}
            }
        }
    }
}

/// In doubt a file stays.
fn is_unnamed(db: &Connection, body: u64) -> bool {
    let sql = "SELECT 1 FROM body WHERE id = ?1 AND bytes IS NULL";
    let statement = db.prepare_cached(sql);
    let named = statement.and_then(|mut s| s.query_row([body as i64], |_| Ok(())).optional());
    matches!(named, Ok(None))
}
