//! Files of large bodies: written once, in their place, flushed with their folder before the commit
//! that names them, removed if that commit never comes.
//!
//! A file is reachable only through a row, so there is nothing to gain from writing it elsewhere and
//! moving it: that would cost one more flush of the file system's journal.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use crate::boundary::{Result, StoreError};
use crate::disk::{Disk, disk_error};

/// Where body files live, and which number the next body gets.
#[derive(Debug)]
pub(crate) struct Spool {
    dir: PathBuf,
    next_id: AtomicU64,
    disk: Arc<Disk>,
}

/// A body file that is being written, removed when dropped.
#[derive(Debug)]
pub(crate) struct SpoolFile {
    id: u64,
    file: File,
    path: Doomed,
    len: u64,
    sums: Vec<u32>,
    disk: Arc<Disk>,
}

/// A body file that is flushed, and its folder as well; removed when dropped, unless kept.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) id: u64,
    /// One CRC-32C for each chunk of [`mail::limits::BODY_CHUNK_BYTES`].
    pub(crate) sums: Vec<u32>,
    path: Doomed,
}

impl Spool {
    /// Numbers from `next_id` on are free.
    pub(crate) fn new(dir: &Path, next_id: u64, disk: Arc<Disk>) -> Spool {
        Spool { dir: dir.to_owned(), next_id: AtomicU64::new(next_id), disk }
    }

    /// A number no other body has or had since the start.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn create(&self) -> Result<SpoolFile> {
        self.disk.check()?;
        let id = self.next_id();
        let path = body_path(&self.dir, id);
        let mut options = OpenOptions::new();
        options.write(true).read(true).create_new(true).mode(0o600);
        let file = options.open(&path).map_err(|e| disk_error(&e))?;
        let disk = self.disk.clone();
        Ok(SpoolFile { id, file, path: Doomed(Some(path)), len: 0, sums: Vec::new(), disk })
    }

    /// Flushes the name of a flushed file.
    pub(crate) fn settle(&self, file: SpoolFile) -> Result<Settled> {
        let SpoolFile { id, path, sums, .. } = file;
        let folder = File::open(path.folder()).map_err(|e| disk_error(&e))?;
        self.disk.flushed(folder.sync_all())?;
        Ok(Settled { id, sums, path })
    }
}

impl SpoolFile {
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Writes one chunk; only the last may be short.
    pub(crate) fn append(&mut self, chunk: &[u8]) -> Result<()> {
        self.disk.check()?;
        self.file.write_all(chunk).map_err(|e| disk_error(&e))?;
        self.sums.push(crc32c::crc32c(chunk));
        self.len += chunk.len() as u64;
        Ok(())
    }

    /// The bytes are on disk when this returns.
    pub(crate) fn flushed(self: Box<SpoolFile>) -> Result<Box<SpoolFile>> {
        self.disk.flushed(self.file.sync_all())?;
        Ok(self)
    }

    /// A second handle of the file, for reading.
    pub(crate) fn reader(&self) -> Result<File> {
        self.file.try_clone().map_err(|e| disk_error(&e))
    }
}

impl Settled {
    /// A row may name the file: it stays.
    pub(crate) fn keep(&mut self) {
        self.path.0 = None;
    }
}

/// A path that is removed when this is dropped.
#[derive(Debug)]
struct Doomed(Option<PathBuf>);

impl Doomed {
    fn folder(&self) -> &Path {
        self.0.as_deref().and_then(Path::parent).expect("a body's path is one of three parts")
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        let Some(path) = self.0.take() else { return };
        let remove = move || {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, "an unused body file stays until the next start");
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

/// Where the file of a body lies.
pub(crate) fn body_path(dir: &Path, id: u64) -> PathBuf {
    dir.join("bodies").join(format!("{:02x}", id & 0xff)).join(format!("{id:x}"))
}

/// Exactly `len` bytes, or `Damaged` if the file ends before.
pub(crate) fn read_exactly_at(file: &File, offset: u64, len: usize) -> Result<Bytes> {
    let mut bytes = vec![0; len];
    match file.read_exact_at(&mut bytes, offset) {
        Ok(()) => Ok(bytes.into()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(StoreError::Damaged("a body file is too short".into()))
        }
        Err(error) => Err(disk_error(&error)),
    }
}
