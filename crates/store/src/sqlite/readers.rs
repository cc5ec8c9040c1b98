//! A few threads that read, each with its own read-only connection.
//!
//! A request sees one snapshot and ends it before its answer leaves the thread, so that no slow
//! client ever holds one open: a long snapshot would keep the write-ahead log from being reused.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use mail::limits::STORE_QUEUE_REQUESTS_MAX;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::fault::Outcome;
use super::{Shared, unavailable};
use crate::boundary::{Result, StoreError};

type Request = Box<dyn FnOnce(&Connection) + Send>;

/// The door to the reading threads.
#[derive(Debug)]
pub(super) struct Readers {
    desk: Arc<Desk>,
    shared: Arc<Shared>,
}

/// Where requests wait.
#[derive(Default)]
struct Desk {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Request>,
    closed: bool,
}

impl Readers {
    /// Starts one thread for each connection.
    pub(super) fn start(
        connections: Vec<Connection>,
        shared: Arc<Shared>,
    ) -> std::io::Result<(Readers, Vec<JoinHandle<()>>)> {
        let readers = Readers { desk: Arc::default(), shared };
        let threads = connections.into_iter().map(|db| {
            let desk = readers.desk.clone();
            let thread = std::thread::Builder::new().name("store-reader".into());
            thread.spawn(move || desk.serve(&db))
        });
        let threads = threads.collect::<std::io::Result<Vec<_>>>();
        Ok((readers, threads?))
    }

    /// Has a request read from one snapshot. `Busy` if too many wait.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        request: impl FnOnce(&Connection, &Shared) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.shared.disk.check_trust()?;
        let (answer, answered) = oneshot::channel();
        let shared = self.shared.clone();
        let request = move |db: &Connection| {
            let result = in_snapshot(db, |db| request(db, &shared));
            // Nobody may be listening any more.
            let _ = answer.send(result.map_err(|fault| fault.told(&shared.disk)));
        };
        self.desk.put(Box::new(request))?;
        answered.await.unwrap_or_else(|_| Err(unavailable("the request was lost")))
    }

    /// Ends the threads after what waits.
    pub(super) fn close(&self) {
        self.desk.lock().closed = true;
        self.desk.came.notify_all();
    }
}

fn in_snapshot<T>(db: &Connection, read: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    let snapshot = Snapshot::begin(db)?;
    let result = read(db);
    drop(snapshot);
    result
}

/// A read transaction, ended even by a panic.
struct Snapshot<'a>(&'a Connection);

impl Snapshot<'_> {
    fn begin(db: &Connection) -> Outcome<Snapshot<'_>> {
        db.prepare_cached("BEGIN")?.execute([])?;
        Ok(Snapshot(db))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // It has written nothing: there is nothing to fail.
        let _ = self.0.prepare_cached("COMMIT").and_then(|mut end| end.execute([]));
    }
}

impl Desk {
    fn put(&self, request: Request) -> Result<()> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(unavailable("the store is closed"));
        }
        if waiting.requests.len() >= STORE_QUEUE_REQUESTS_MAX {
            return Err(StoreError::Busy);
        }
        waiting.requests.push_back(request);
        drop(waiting);
        self.came.notify_one();
        Ok(())
    }

    fn serve(&self, db: &Connection) {
        while let Some(request) = self.take() {
            // A panic is a bug in one request; its asker learns that the request was lost.
            let _ = catch_unwind(AssertUnwindSafe(|| request(db)));
        }
    }

    fn take(&self) -> Option<Request> {
        let mut waiting = self.lock();
        loop {
            match waiting.requests.pop_front() {
                Some(request) => return Some(request),
                None if waiting.closed => return None,
                None => {}
            }
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({} waiting)", self.lock().requests.len())
    }
}
