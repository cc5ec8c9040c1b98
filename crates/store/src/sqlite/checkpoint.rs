//! Chores beside the writer, on a thread of their own: copying the write-ahead log into the
//! database, and removing the files of bodies that are gone.
//!
//! A checkpoint inside the committing thread would make everybody wait for two more flushes of much
//! data. So the thread copies what there is, while commits go on; the writer then copies the little
//! that came meanwhile, between two commits, which lets the log start over in the space it has (a
//! log that need not grow is faster to flush). Only if the log grows past a second, far higher mark
//! does the writer do all of it itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use mail::limits::{WAL_BYTES_MAX, WAL_CHECKPOINT_BYTES};
use rusqlite::{Connection, ErrorCode};

use super::Shared;
use super::bodies::remove_file;
use crate::disk::Disk;

/// A margin, because the log is cut back to exactly the first mark when it starts over.
const WAL_SLACK_BYTES: u64 = 1024 * 1024;

/// The writer's side.
pub(super) struct Chores {
    wal: PathBuf,
    disk: Arc<Disk>,
    tasks: Sender<Task>,
    /// A background copy is wanted or under way.
    copying: Arc<AtomicBool>,
    /// A background copy is done: the writer may finish it.
    copied: Arc<AtomicBool>,
}

enum Task {
    Checkpoint,
    Remove(Vec<u64>),
}

impl Chores {
    /// Starts the thread with a connection of its own; it ends when `Chores` is dropped.
    pub(super) fn start(
        shared: &Shared,
        wal: PathBuf,
        db: Connection,
        first_id: u64,
    ) -> std::io::Result<(Chores, JoinHandle<()>)> {
        let (tasks, wanted) = channel();
        let (copying, copied) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let helper = Helper {
            dir: shared.dir.clone(),
            disk: shared.disk.clone(),
            db,
            copied: copied.clone(),
        };
        let thread = std::thread::Builder::new().name("store-chores".into());
        let thread = thread.spawn(move || helper.run(&wanted, first_id))?;
        let disk = shared.disk.clone();
        Ok((Chores { wal, disk, tasks, copying, copied }, thread))
    }

    /// Keeps the log from growing. Called between commits.
    pub(super) fn mind_log(&self, db: &Connection) {
        let bytes = std::fs::metadata(&self.wal).map_or(0, |meta| meta.len());
        if self.copied.swap(false, Ordering::AcqRel) || bytes > WAL_BYTES_MAX {
            checkpoint(db, "PASSIVE", &self.disk);
            self.copying.store(false, Ordering::Release);
        } else if bytes > WAL_CHECKPOINT_BYTES + WAL_SLACK_BYTES {
            self.want_copy();
        }
    }

    /// Leaves an empty log behind.
    pub(super) fn finish(&self, db: &Connection) {
        checkpoint(db, "TRUNCATE", &self.disk);
    }

    /// The commit is durable that made these bodies' files unreachable.
    pub(super) fn remove_files(&self, bodies: Vec<u64>) {
        if !bodies.is_empty() {
            // If the thread is gone, the next start removes them.
            let _ = self.tasks.send(Task::Remove(bodies));
        }
    }

    fn want_copy(&self) {
        if !self.copying.swap(true, Ordering::AcqRel) {
            let _ = self.tasks.send(Task::Checkpoint);
        }
    }
}

/// What runs on the thread.
struct Helper {
    dir: PathBuf,
    disk: Arc<Disk>,
    db: Connection,
    copied: Arc<AtomicBool>,
}

impl Helper {
    fn run(self, wanted: &Receiver<Task>, first_id: u64) {
        super::bodies::remove_unnamed(&self.dir, &self.db, first_id);
        while let Ok(task) = wanted.recv() {
            match task {
                Task::Remove(bodies) => bodies.iter().for_each(|id| remove_file(&self.dir, *id)),
                Task::Checkpoint => {
                    checkpoint(&self.db, "PASSIVE", &self.disk);
                    self.copied.store(true, Ordering::Release);
                }
            }
        }
    }
}

/// Copies committed pages into the database. Pages that cannot be copied stay in the log; but if a
/// flush failed, the kernel may believe that it has written what it has not, and the log must never
/// be given up: the store stops.
fn checkpoint(db: &Connection, mode: &str, disk: &Disk) {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    if disk.check_trust().is_err() {
        return;
    }
    if let Err(error) = db.query_row(&sql, [], |_| Ok(())) {
        tracing::warn!(%error, "the write-ahead log could not be copied");
        if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) {
            disk.fail(&format!("a checkpoint failed: {error}"));
        }
    }
}
