//! Errors inside the engine: refusals, which are ordinary answers, and faults of SQLite itself.

use rusqlite::ErrorCode;
use rusqlite::types::FromSqlError;

use crate::boundary::StoreError;
use crate::disk::Disk;

pub(super) type Outcome<T> = std::result::Result<T, Fault>;

#[derive(Debug)]
pub(super) enum Fault {
    /// An answer of the boundary. Whatever the request has written is taken back.
    Refused(StoreError),
    /// SQLite could not do its work.
    Engine(rusqlite::Error),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Refused(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        match error {
            rusqlite::Error::QueryReturnedNoRows => Fault::Refused(StoreError::NotFound),
            other => Fault::Engine(other),
        }
    }
}

impl From<FromSqlError> for Fault {
    fn from(error: FromSqlError) -> Fault {
        Fault::Engine(error.into())
    }
}

impl Fault {
    /// What the asker is told; an unreliable disk is remembered.
    pub(super) fn told(self, disk: &Disk) -> StoreError {
        match self {
            Fault::Refused(error) => error,
            Fault::Engine(error) => engine_error(&error, disk),
        }
    }
}

/// What a fault of SQLite means, outside a COMMIT.
pub(super) fn engine_error(error: &rusqlite::Error, disk: &Disk) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            tracing::error!(%error, "the database is damaged; restore a backup");
            StoreError::Damaged(error.to_string())
        }
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            disk.fail(&format!("the database cannot be read or written: {error}"));
            StoreError::Unavailable(error.to_string())
        }
        _ => {
            tracing::error!(%error, "the mail store met an error it should not");
            StoreError::Unavailable(error.to_string())
        }
    }
}

/// What a failed COMMIT means: whether it is on disk is only known after a restart, unless the disk
/// was merely full.
pub(super) fn commit_error(error: &rusqlite::Error, disk: &Disk) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseBusy) => StoreError::Busy,
        _ => {
            disk.fail(&format!("a commit failed: {error}"));
            StoreError::Unknown
        }
    }
}
