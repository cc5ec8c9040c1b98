//! The disk under a store: is there room, and can its flushes be trusted?
//!
//! New mail is refused while less than a reserve is free, because deleting needs room too. After
//! one failed flush nobody knows what the disk holds: nothing is retried, the store stops for good
//! and the process is to end.

use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::watch;

use crate::boundary::{Result, StoreError};

#[derive(Debug)]
pub(crate) struct Disk {
    dir: PathBuf,
    reserve_bytes: u64,
    failed: watch::Sender<Option<String>>,
}

impl Disk {
    pub(crate) fn new(dir: &Path, reserve_bytes: u64) -> Disk {
        Disk { dir: dir.to_owned(), reserve_bytes, failed: watch::Sender::default() }
    }

    /// `Full` if the reserve would be touched, `Unavailable` after a failed flush.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_trust()?;
        let stat = rustix::fs::statvfs(&self.dir).map_err(|e| disk_error(&e.into()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < self.reserve_bytes { Err(StoreError::Full) } else { Ok(()) }
    }

    /// `Unavailable` after a failed flush.
    pub(crate) fn check_trust(&self) -> Result<()> {
        match &*self.failed.borrow() {
            Some(reason) => Err(StoreError::Unavailable(reason.clone())),
            None => Ok(()),
        }
    }

    /// A flush failed. The first reason stays.
    pub(crate) fn fail(&self, reason: &str) {
        self.failed.send_if_modified(|failed| {
            let is_first = failed.is_none();
            failed.get_or_insert_with(|| reason.to_owned());
            is_first
        });
    }

    /// Waits for a failed flush.
    pub(crate) async fn failed(&self) -> String {
        let mut failed = self.failed.subscribe();
        let reason = failed.wait_for(Option::is_some).await;
        reason.ok().and_then(|reason| reason.clone()).unwrap_or_default()
    }

    /// As the flush of a file nobody can reach yet, remembering that it failed. A full disk is no
    /// such failure: the file is given up, and nothing else was in doubt.
    pub(crate) fn flushed(&self, flush: io::Result<()>) -> Result<()> {
        flush.map_err(|error| {
            if disk_error(&error) == StoreError::Full {
                return StoreError::Full;
            }
            self.fail(&format!("a flush failed: {error}"));
            StoreError::Unknown
        })
    }
}

/// What an error of the file system means for a message.
pub(crate) fn disk_error(error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_less_than_the_reserve_is_full() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Disk::new(dir.path(), 0).check(), Ok(()));
        assert_eq!(Disk::new(dir.path(), u64::MAX).check(), Err(StoreError::Full));
    }

    #[tokio::test]
    async fn c3_a_failed_flush_is_for_good() {
        let disk = Disk::new(Path::new("/"), 0);
        let error = disk.flushed(Err(io::Error::other("first"))).unwrap_err();
        assert_eq!(error, StoreError::Unknown);
        disk.fail("second");
        assert!(matches!(disk.check(), Err(StoreError::Unavailable(_))));
        assert!(disk.failed().await.contains("first"));
    }
}
