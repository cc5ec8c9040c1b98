//! The directory of a store: who may use it, what lies in it, and tidying up after a crash.
//!
//! ```text
//! DIR/lock          held while a server runs; the kernel lets go of it with the process
//! DIR/mail.db       the database, with mail.db-wal and mail.db-shm beside it
//! DIR/bodies/xx/ID  large bodies, by the last two digits of their number
//! ```

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::OpenError;
use crate::body::body_path;

/// How many folders body files are spread over.
const SHARDS: u64 = 256;

pub(super) fn database(dir: &Path) -> PathBuf {
    dir.join("mail.db")
}

pub(super) fn write_ahead_log(dir: &Path) -> PathBuf {
    dir.join("mail.db-wal")
}

/// Makes what is missing and takes the lock. The lock ends with the returned file.
pub(super) fn prepare(dir: &Path) -> Result<File, OpenError> {
    make_dir(dir)?;
    let lock = locked(dir)?;
    make_dir(&dir.join("bodies"))?;
    for shard in 0..SHARDS {
        make_dir(body_path(dir, shard).parent().unwrap_or(dir))?;
    }
    // SQLite gives its other files the mode of this one.
    private_file(&database(dir))?;
    for dir in [&dir.join("bodies"), dir] {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(|e| disk(dir, e))?;
    }
    Ok(lock)
}

fn make_dir(dir: &Path) -> Result<(), OpenError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| disk(dir, error))
}

fn locked(dir: &Path) -> Result<File, OpenError> {
    let lock = private_file(&dir.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(disk(dir, error)),
    }
}

/// A file only we may read, made if it is missing, otherwise as it is.
fn private_file(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|error| disk(path, error))
}

fn disk(path: &Path, source: io::Error) -> OpenError {
    OpenError::Disk { path: path.to_owned(), source }
}
