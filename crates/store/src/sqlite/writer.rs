//! The one thread that writes, and its group commit.
//!
//! It takes whatever waits (up to a number of requests and of bytes), runs each request within a
//! savepoint of its own, so that a refusal takes back nothing but itself, and makes them durable
//! together with one COMMIT. Only then are watchers poked and askers answered, in that order. There
//! is no artificial delay: a request that comes alone is committed alone, those that come meanwhile
//! form the next batch, so batches grow by themselves when the disk is slow.
//!
//! A request whose asker is gone runs all the same: a dropped future leaves the whole change, or
//! none if it had not begun.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use mail::limits::{
    COMMIT_BATCH_BYTES_MAX, COMMIT_BATCH_REQUESTS_MAX, NOTICED_WAITING_MAX,
    STORE_QUEUE_REQUESTS_MAX,
};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::Chores;
use super::fault::{Fault, Outcome, commit_error, engine_error};
use super::tx::{Mark, Tx};
use super::{Shared, unavailable};
use crate::boundary::{Result, StoreError};
use crate::disk::Disk;

/// How long nothing happens before small things are tidied up.
const IDLE: Duration = Duration::from_secs(1);

/// The door to the writer thread.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: SyncSender<Message>,
}

enum Message {
    Run(Job),
    Close(oneshot::Sender<()>),
}

/// One request: its share of the batch, and what is to be done, unless there is no transaction.
struct Job {
    bytes: usize,
    step: Box<Step>,
}

type Step = dyn FnOnce(Result<&mut Tx<'_>>) -> Done + Send;
type Answer = Box<dyn FnOnce(Result<()>) + Send>;

/// A request that has run and waits for the commit.
struct Done {
    verdict: Verdict,
    answer: Answer,
}

enum Verdict {
    Kept,
    Refused,
    /// SQLite failed; the error is told to this asker.
    Faulty(StoreError),
}

impl Writer {
    /// Starts the thread. The sender may be cloned no further: the thread ends with it.
    pub(super) fn start(
        db: Connection,
        shared: Arc<Shared>,
        chores: Chores,
    ) -> std::io::Result<(Writer, std::thread::JoinHandle<()>)> {
        let (jobs, waiting) = sync_channel(STORE_QUEUE_REQUESTS_MAX);
        let committer = Committer { db, shared, chores, waiting };
        let thread = std::thread::Builder::new().name("store-writer".into());
        let thread = thread.spawn(move || committer.run())?;
        Ok((Writer { jobs }, thread))
    }

    /// Has a request done and committed. `bytes` is its share of a batch. `Busy` if too many wait.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        request: impl FnOnce(&mut Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let step = Box::new(move |tx: Result<&mut Tx<'_>>| match tx {
            Ok(tx) => done(request(tx), &tx.shared.disk, answer),
            Err(error) => refused(error, answer),
        });
        self.send(Message::Run(Job { bytes, step }))?;
        answered.await.unwrap_or_else(|_| Err(unavailable("the request was lost")))
    }

    /// Commits what waits and ends the thread.
    pub(super) async fn close(&self) -> Result<()> {
        let (done, closed) = oneshot::channel();
        self.send(Message::Close(done))?;
        closed.await.map_err(|_| unavailable("the store is closed"))
    }

    /// Ends the thread after what waits, without waiting for it.
    pub(super) fn stop(&self) {
        // If it has ended already there is nobody to tell.
        let _ = self.jobs.send(Message::Close(oneshot::channel().0));
    }

    fn send(&self, message: Message) -> Result<()> {
        self.jobs.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => unavailable("the store is closed"),
        })
    }
}

impl Job {
    /// There is no transaction for it.
    fn refuse(self, error: &StoreError) {
        ((self.step)(Err(error.clone())).answer)(Ok(()));
    }
}

/// Turns a request's outcome into an answer that waits for the commit.
fn done<T: Send + 'static>(
    outcome: Outcome<T>,
    disk: &Disk,
    asker: oneshot::Sender<Result<T>>,
) -> Done {
    match outcome {
        Ok(value) => {
            // Nobody may be listening any more.
            let answer = |commit: Result<()>| drop(asker.send(commit.map(|()| value)));
            Done { verdict: Verdict::Kept, answer: Box::new(answer) }
        }
        Err(Fault::Refused(error)) => refused(error, asker),
        Err(fault) => {
            let error = fault.told(disk);
            Done { verdict: Verdict::Faulty(error.clone()), ..refused(error, asker) }
        }
    }
}

/// A refusal is told whatever becomes of the neighbours.
fn refused<T: Send + 'static>(error: StoreError, asker: oneshot::Sender<Result<T>>) -> Done {
    let answer = |_commit: Result<()>| drop(asker.send(Err(error)));
    Done { verdict: Verdict::Refused, answer: Box::new(answer) }
}

/// What runs on the thread.
struct Committer {
    db: Connection,
    shared: Arc<Shared>,
    chores: Chores,
    waiting: Receiver<Message>,
}

impl Committer {
    fn run(self) {
        let mut closing = None;
        while closing.is_none() {
            match self.waiting.recv_timeout(IDLE) {
                Ok(first) => {
                    let jobs = self.drain(first, &mut closing);
                    self.commit(jobs);
                    self.chores.mind_log(&self.db);
                }
                Err(RecvTimeoutError::Timeout) => self.tidy(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.tidy();
        self.chores.finish(&self.db);
        drop(self.db);
        if let Some(closed) = closing {
            let _ = closed.send(());
        }
    }

    fn tidy(&self) {
        if !self.shared.noticed.is_empty() {
            self.commit(Vec::new());
        }
        self.chores.mind_log(&self.db);
    }

    /// What waits, with its first, as far as one commit takes it.
    fn drain(&self, first: Message, closing: &mut Option<oneshot::Sender<()>>) -> Vec<Job> {
        let (mut jobs, mut bytes) = (Vec::new(), 0);
        let mut next = Some(first);
        while let Some(message) = next.take() {
            match message {
                Message::Run(job) => {
                    bytes += job.bytes;
                    jobs.push(job);
                }
                Message::Close(closed) => {
                    *closing = Some(closed);
                    break;
                }
            }
            if jobs.len() < COMMIT_BATCH_REQUESTS_MAX && bytes < COMMIT_BATCH_BYTES_MAX {
                next = self.waiting.try_recv().ok();
            }
        }
        jobs
    }

    /// Runs a batch, makes it durable, lets it be seen, and answers everybody.
    fn commit(&self, jobs: Vec<Job>) {
        let mut answers = Vec::with_capacity(jobs.len());
        let mut tx = Tx::new(&self.db, &self.shared);
        let mut jobs = jobs.into_iter();
        let result = self.try_commit(&mut jobs, &mut tx, &mut answers);
        match &result {
            Ok(()) => self.publish(tx),
            Err(error) => {
                tracing::error!(%error, requests = answers.len(), "a commit did not happen");
                if *error == StoreError::Unknown {
                    // Nobody knows what is on disk: the files stay until a restart has looked.
                    tx.keep_files();
                }
            }
        }
        answers.into_iter().for_each(|answer| answer(result.clone()));
        if let Err(error) = result {
            jobs.for_each(|job| job.refuse(&error));
        }
    }

    fn try_commit(
        &self,
        jobs: &mut impl Iterator<Item = Job>,
        tx: &mut Tx<'_>,
        answers: &mut Vec<Answer>,
    ) -> Result<()> {
        self.shared.disk.check_trust()?;
        let result = self.run_all(jobs, tx, answers).and_then(|()| self.end());
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        if result.is_err() && !self.db.is_autocommit() {
            // What fails here has failed before.
            let _ = self.db.execute_batch("ROLLBACK");
        }
        result
    }

    fn run_all(
        &self,
        jobs: &mut impl Iterator<Item = Job>,
        tx: &mut Tx<'_>,
        answers: &mut Vec<Answer>,
    ) -> Result<()> {
        self.execute("BEGIN IMMEDIATE")?;
        jobs.try_for_each(|job| self.run_one(job, tx, answers))?;
        if answers.is_empty() || self.shared.noticed.len() >= NOTICED_WAITING_MAX {
            tx.flush_noticed().map_err(|fault| fault.told(&self.shared.disk))?;
        }
        Ok(())
    }

    fn end(&self) -> Result<()> {
        let commit = self.db.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        commit.map(drop).map_err(|error| commit_error(&error, &self.shared.disk))
    }

    /// Runs one request. An error ends the whole batch.
    fn run_one(&self, job: Job, tx: &mut Tx<'_>, answers: &mut Vec<Answer>) -> Result<()> {
        let mark = tx.mark();
        if let Err(error) = self.execute("SAVEPOINT request") {
            job.refuse(&error);
            return Err(error);
        }
        // A panic is a bug in one request; its asker learns that the request was lost.
        let Ok(done) = catch_unwind(AssertUnwindSafe(|| (job.step)(Ok(tx)))) else {
            return self.take_back(tx, &mark);
        };
        answers.push(done.answer);
        match done.verdict {
            Verdict::Kept => self.execute("RELEASE request"),
            // SQLite has given up the whole transaction: the neighbours may try again.
            Verdict::Faulty(error) if self.db.is_autocommit() => Err(match error {
                StoreError::Full => StoreError::Full,
                _ => StoreError::Busy,
            }),
            Verdict::Refused | Verdict::Faulty(_) => self.take_back(tx, &mark),
        }
    }

    fn take_back(&self, tx: &mut Tx<'_>, mark: &Mark) -> Result<()> {
        tx.rewind(mark);
        self.execute("ROLLBACK TO request")?;
        self.execute("RELEASE request")
    }

    fn execute(&self, sql: &'static str) -> Result<()> {
        let done = self.db.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        done.map(drop).map_err(|error| engine_error(&error, &self.shared.disk))
    }

    /// The change is durable: let it be seen.
    fn publish(&self, tx: Tx<'_>) {
        let published = tx.committed();
        self.shared.noticed.forget(&published.noticed);
        for (mailbox, modseq) in published.changed {
            self.shared.hub.raise(mailbox, modseq);
        }
        self.chores.remove_files(published.unreachable);
    }
}
