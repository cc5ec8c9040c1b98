//! The durable engine: one SQLite database, a file for each large body, one directory.
//!
//! Nothing acknowledged is lost, by this order: (1) a large body's file is written where it is to
//! stay, flushed, and its folder flushed; (2) the transaction that alone makes the message reachable
//! commits, and with a write-ahead log and `synchronous=FULL` its flush has returned; (3) only then
//! are watchers poked and askers answered.
//!
//! | the process or the machine dies | after the restart |
//! |---|---|
//! | before or during 1, or before 2 | a file no row names, removed; nobody was answered |
//! | during 2 | the log's checksums decide; both outcomes are legal, nobody was answered |
//! | after 2, before 3 | the message is there; the sender may repeat it: a legal duplicate |
//! | after 3 | the message is there |
//! | during a checkpoint | the log is copied again |
//! | before or during the removal of a file | no row names it; removed |
//!
//! A flush that fails ends the store: see [`crate::Store::failed`]. One process at a time may have
//! the directory; its lock dies with it.

mod accept;
mod account;
mod bodies;
mod change;
mod checkpoint;
mod fault;
mod layout;
mod logins;
mod mailbox;
mod noticed;
mod queue;
mod read;
mod readers;
mod rows;
mod schema;
mod sweep;
mod tx;
mod verify;
mod views;
mod writer;

use std::fs::File;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use mail::limits::{DISK_RESERVE_BYTES, MAILBOX_BYTES_MAX};
use mail::mailbox::{
    Changes, FlagChange, MailboxId, MailboxInfo, MailboxStatus, MessageMeta, ModSeq, Quota, Uid,
    UidSet,
};
use mail::{Address, Day, MailboxName, Timestamp};
use rusqlite::Connection;

use crate::body::{BodyWriter, Spool, blocking};
use crate::boundary::*;
use crate::disk::Disk;
use crate::watch::{Hub, Watch};
use bodies::ReadyBody;
use checkpoint::Chores;
use fault::Outcome;
use logins::Logins;
use noticed::Noticed;
use readers::Readers;
use schema::{SchemaError, set_setting, setting};
use tx::Tx;
use views::Views;
use writer::Writer;

/// Threads that read. Reads are short, and the writer needs a core, too.
const READERS: usize = 2;
/// Numbers of bodies and claims begin anew, far above the last, at every start.
const NUMBERS_PER_START_BITS: u32 = 36;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its directory; made if it is missing.
    pub dir: PathBuf,
    /// What an account may hold, in bytes, unless it has a quota of its own.
    pub quota_bytes: u64,
    /// Free disk below which new mail is refused, in bytes.
    pub disk_reserve_bytes: u64,
}

impl Options {
    /// The usual ceilings for the store in `dir`.
    pub fn new(dir: PathBuf) -> Options {
        Options { dir, quota_bytes: MAILBOX_BYTES_MAX, disk_reserve_bytes: DISK_RESERVE_BYTES }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by another server", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// It was written by a newer version.
    #[error("{0}")]
    Newer(String),
    /// The file system refuses.
    #[error("{}: {source}", path.display())]
    Disk {
        /// What could not be made, read or locked.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database refuses.
    #[error("{}: {reason}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There are no threads to be had.
    #[error("no thread could be started: {0}")]
    Threads(io::Error),
}

/// The mail store of one machine. See the module's words on what it promises.
#[derive(Debug)]
pub struct SqliteStore {
    shared: Arc<Shared>,
    writer: Writer,
    readers: Readers,
    logins: Logins,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What the threads of a store have in common.
#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    quota_bytes: u64,
    disk: Arc<Disk>,
    spool: Arc<Spool>,
    hub: Arc<Hub>,
    noticed: Noticed,
    views: Views,
    next_token: AtomicU64,
    commits: AtomicU64,
    lock: Mutex<Option<File>>,
}

impl Shared {
    fn next_token(&self) -> u64 {
        self.next_token.fetch_add(1, Ordering::Relaxed)
    }
}

impl SqliteStore {
    /// Opens the store, or makes it. Blocks for the time it takes to read the log of a crash.
    pub fn open(options: Options) -> std::result::Result<Arc<SqliteStore>, OpenError> {
        let Options { dir, quota_bytes, disk_reserve_bytes } = options;
        let lock = layout::prepare(&dir)?;
        let path = layout::database(&dir);
        let failure = |error: SchemaError| match error {
            SchemaError::Newer { .. } => OpenError::Newer(error.to_string()),
            SchemaError::Engine(e) => database_error(path.clone(), &e),
        };
        let db = schema::open_writer(&path).map_err(failure)?;
        let first_number = begin_numbers(&db).map_err(|e| database_error(path.clone(), &e))?;
        let connections: std::result::Result<Vec<_>, _> =
            (0..READERS).map(|_| schema::open_reader(&path)).collect();
        let connections = connections.map_err(|e| database_error(path.clone(), &e))?;
        let helper = schema::open_helper(&path).map_err(|e| database_error(path.clone(), &e))?;
        let disk = Arc::new(Disk::new(&dir, disk_reserve_bytes));
        let shared = Arc::new(Shared {
            spool: Arc::new(Spool::new(&dir, first_number, disk.clone())),
            dir,
            quota_bytes,
            disk,
            hub: Hub::new(),
            noticed: Noticed::default(),
            views: Views::default(),
            next_token: AtomicU64::new(first_number),
            commits: AtomicU64::new(0),
            lock: Mutex::new(Some(lock)),
        });
        SqliteStore::start(shared, db, helper, connections, first_number)
            .map_err(OpenError::Threads)
    }

    fn start(
        shared: Arc<Shared>,
        db: Connection,
        helper: Connection,
        readers: Vec<Connection>,
        first_number: u64,
    ) -> io::Result<Arc<SqliteStore>> {
        let log = layout::write_ahead_log(&shared.dir);
        let (chores, helper) = Chores::start(&shared, log, helper, first_number)?;
        let (writer, committer) = Writer::start(db, shared.clone(), chores)?;
        let (readers, mut threads) = Readers::start(readers, shared.clone())?;
        threads.extend([committer, helper]);
        let threads = Mutex::new(threads);
        Ok(Arc::new(SqliteStore { shared, writer, readers, logins: Logins::default(), threads }))
    }

    fn write<'a, T: Send + 'static>(
        &'a self,
        request: impl FnOnce(&mut Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Pending<'a, T> {
        Box::pin(self.writer.run(0, request))
    }

    /// As `write`, for what needs room on the disk.
    fn write_if_room<'a, T: Send + 'static>(
        &'a self,
        bytes: usize,
        request: impl FnOnce(&mut Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Pending<'a, T> {
        Box::pin(self.writer.run(bytes, move |tx| {
            tx.shared.disk.check()?;
            request(tx)
        }))
    }

    fn read<'a, T: Send + 'static>(
        &'a self,
        request: impl FnOnce(&Connection, &Shared) -> Outcome<T> + Send + 'static,
    ) -> Pending<'a, T> {
        Box::pin(self.readers.run(request))
    }

    /// Waits for all threads and lets go of the directory.
    fn join(threads: Vec<JoinHandle<()>>, shared: &Shared) {
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the mail store panicked");
            }
        }
        shared.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn take_threads(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many commits there were since the start. Requests that came together share one.
    pub fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::Relaxed)
    }

    /// Recomputes every counter, reference and quota from the rows, and looks for every body's file.
    /// Returns what does not agree, in words; nothing is changed. Cost follows what is stored.
    pub fn verify(&self) -> Pending<'_, Vec<String>> {
        self.read(verify::verify)
    }
}

/// Numbers that no earlier run has used begin here.
fn begin_numbers(db: &Connection) -> rusqlite::Result<u64> {
    let start = setting(db, "starts")?.unwrap_or(0) + 1;
    set_setting(db, "starts", start)?;
    Ok((start as u64) << NUMBERS_PER_START_BITS)
}

fn database_error(path: PathBuf, error: &rusqlite::Error) -> OpenError {
    OpenError::Database { path, reason: error.to_string() }
}

fn unavailable(reason: &str) -> StoreError {
    StoreError::Unavailable(reason.into())
}

/// Waits for what is under way; what was accepted is durable anyway.
impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.readers.close();
        self.writer.stop();
        SqliteStore::join(self.take_threads(), &self.shared);
    }
}

impl Store for SqliteStore {
    fn create_account(&self, new: NewAccount) -> Pending<'_, Account> {
        self.write_if_room(0, move |tx| account::create(tx, new))
    }
    fn find_account<'a>(&'a self, address: &'a Address) -> Pending<'a, Option<Account>> {
        let address = address.clone();
        self.read(move |db, _| account::find(db, &address))
    }
    fn set_password(&self, account: AccountId, hash: String) -> Pending<'_, ()> {
        self.write(move |tx| account::set_password(tx, account, &hash))
    }
    fn touch_login(&self, account: AccountId, day: Day) -> Pending<'_, ()> {
        Box::pin(async move {
            if self.logins.is_known(account, day) {
                return Ok(());
            }
            self.write(move |tx| account::touch_login(tx, account, day)).await?;
            self.logins.remember(account, day);
            Ok(())
        })
    }
    fn set_enabled(&self, account: AccountId, enabled: bool) -> Pending<'_, ()> {
        self.write(move |tx| account::set_enabled(tx, account, enabled))
    }
    fn delete_account(&self, account: AccountId) -> Pending<'_, ()> {
        self.write(move |tx| account::delete(tx, account))
    }
    fn inactive_accounts(
        &self,
        day: Day,
        cursor: Option<AccountId>,
        n: usize,
    ) -> Pending<'_, Vec<Account>> {
        self.read(move |db, _| account::inactive(db, day, cursor, n))
    }
    fn meta_get<'a>(
        &'a self,
        account: AccountId,
        key: &'a str,
        now: Timestamp,
    ) -> Pending<'a, Vec<MetaValue>> {
        let key = key.to_owned();
        self.read(move |db, _| account::meta_get(db, account, &key, now))
    }
    fn meta_put<'a>(
        &'a self,
        account: AccountId,
        key: &'a str,
        value: MetaValue,
    ) -> Pending<'a, ()> {
        let key = key.to_owned();
        self.write(move |tx| account::meta_put(tx, account, &key, &value))
    }
    fn meta_remove<'a>(
        &'a self,
        account: AccountId,
        key: &'a str,
        value: &'a [u8],
    ) -> Pending<'a, ()> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.write(move |tx| account::meta_remove(tx, account, &key, &value))
    }

    fn body_writer(&self) -> BodyWriter {
        BodyWriter::spooled(self.shared.spool.clone())
    }
    fn accept(&self, acceptance: Acceptance) -> Pending<'_, Accepted> {
        Box::pin(async move {
            let Acceptance { dedupe, body, local, remote, now } = acceptance;
            let body = ReadyBody::new(body, self.shared.spool.clone()).await?;
            self.write_if_room(body.weight(), move |tx| {
                accept::accept(tx, dedupe, body, &local, &remote, now)
            })
            .await
        })
    }

    fn mailboxes(&self, account: AccountId) -> Pending<'_, Vec<MailboxInfo>> {
        self.read(move |db, _| mailbox::list(db, account))
    }
    fn create_mailbox(
        &self,
        account: AccountId,
        name: MailboxName,
        now: Timestamp,
    ) -> Pending<'_, ()> {
        self.write(move |tx| mailbox::create(tx, account, &name, now))
    }
    fn delete_mailbox(&self, account: AccountId, name: MailboxName) -> Pending<'_, ()> {
        self.write(move |tx| mailbox::delete(tx, account, &name))
    }
    fn rename_mailbox(
        &self,
        account: AccountId,
        from: MailboxName,
        to: MailboxName,
        now: Timestamp,
    ) -> Pending<'_, ()> {
        self.write(move |tx| mailbox::rename(tx, account, &from, &to, now))
    }
    fn subscribe(
        &self,
        account: AccountId,
        name: MailboxName,
        subscribed: bool,
    ) -> Pending<'_, ()> {
        self.write(move |tx| mailbox::subscribe(tx, account, &name, subscribed))
    }
    fn status(&self, account: AccountId, name: MailboxName) -> Pending<'_, MailboxStatus> {
        self.read(move |db, shared| read::status(db, shared, account, &name))
    }
    fn open(&self, account: AccountId, name: MailboxName, read_only: bool) -> Pending<'_, Opened> {
        self.read(move |db, shared| read::open(db, shared, account, &name, read_only))
    }
    fn quota(&self, account: AccountId) -> Pending<'_, Quota> {
        self.read(move |db, shared| account::quota(db, shared, account))
    }
    fn append(
        &self,
        account: AccountId,
        name: MailboxName,
        messages: Vec<NewMessage>,
    ) -> Pending<'_, Placed> {
        Box::pin(async move {
            let mut ready = Vec::with_capacity(messages.len());
            for message in messages {
                let body = ReadyBody::new(message.body, self.shared.spool.clone()).await?;
                ready.push((body, message.flags, message.internal_date));
            }
            let bytes = ready.iter().map(|(body, ..)| body.weight()).sum();
            self.write_if_room(bytes, move |tx| accept::append(tx, account, &name, ready)).await
        })
    }
    fn copy(
        &self,
        account: AccountId,
        from: MailboxId,
        uids: UidSet,
        to: MailboxName,
    ) -> Pending<'_, Placed> {
        self.write_if_room(0, move |tx| accept::copy(tx, account, from, &uids, &to))
    }
    fn move_messages(
        &self,
        account: AccountId,
        from: MailboxId,
        uids: UidSet,
        to: MailboxName,
    ) -> Pending<'_, Placed> {
        self.write(move |tx| accept::move_messages(tx, account, from, &uids, &to))
    }

    fn messages(
        &self,
        mailbox: MailboxId,
        uids: UidSet,
        n: usize,
    ) -> Pending<'_, Vec<MessageMeta>> {
        self.read(move |db, _| read::messages(db, mailbox, &uids, n))
    }
    fn changes_since(&self, mailbox: MailboxId, since: ModSeq) -> Pending<'_, Changes> {
        self.read(move |db, _| read::changes_since(db, mailbox, since))
    }
    fn read_body(&self, mailbox: MailboxId, uid: Uid, range: Range<u64>) -> Pending<'_, Bytes> {
        self.read(move |db, shared| read::read_body(db, shared, mailbox, uid, range))
    }

    fn store_flags(
        &self,
        mailbox: MailboxId,
        uids: UidSet,
        change: FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> Pending<'_, FlagsStored> {
        self.write(move |tx| change::store_flags(tx, mailbox, &uids, &change, unchanged_since))
    }
    fn expunge(&self, mailbox: MailboxId, uids: Option<UidSet>) -> Pending<'_, Expunged> {
        self.write(move |tx| change::expunge(tx, mailbox, uids.as_ref()))
    }

    fn claim<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
        n: usize,
        lease_s: u32,
    ) -> Pending<'a, Vec<QueueItem>> {
        let owner = owner.to_owned();
        self.write(move |tx| queue::claim(tx, &owner, now, n, lease_s))
    }
    fn read_queued(&self, id: QueueId, range: Range<u64>) -> Pending<'_, Bytes> {
        self.read(move |db, shared| queue::read(db, shared, id, range))
    }
    fn renew(&self, id: QueueId, token: ClaimToken, until: Timestamp) -> Pending<'_, bool> {
        self.write(move |tx| queue::renew(tx, id, token, until))
    }
    fn finish(&self, id: QueueId, token: ClaimToken, done: Vec<Address>) -> Pending<'_, bool> {
        self.write(move |tx| queue::finish(tx, id, token, &done))
    }
    fn defer(
        &self,
        id: QueueId,
        token: ClaimToken,
        until: Timestamp,
        reason: String,
    ) -> Pending<'_, bool> {
        self.write(move |tx| queue::defer(tx, id, token, until, &reason))
    }
    fn release(&self, id: QueueId, token: ClaimToken) -> Pending<'_, bool> {
        self.write(move |tx| queue::release(tx, id, token))
    }
    fn queue_len(&self) -> Pending<'_, u64> {
        self.read(|db, _| queue::len(db))
    }

    fn acquire_lease<'a>(
        &'a self,
        name: &'a str,
        owner: &'a str,
        now: Timestamp,
        ttl_s: u32,
    ) -> Pending<'a, Option<Lease>> {
        let (name, owner) = (name.to_owned(), owner.to_owned());
        self.write(move |tx| queue::acquire(tx, &name, &owner, now, ttl_s))
    }
    fn release_lease<'a>(&'a self, name: &'a str, owner: &'a str) -> Pending<'a, ()> {
        let (name, owner) = (name.to_owned(), owner.to_owned());
        self.write(move |tx| queue::release_lease(tx, &name, &owner))
    }

    fn expire_due(&self, rule: ExpiryRule, budget: usize) -> Pending<'_, Swept> {
        self.write(move |tx| sweep::expire_due(tx, rule, budget))
    }
    fn evict(
        &self,
        account: AccountId,
        target_bytes: u64,
        before: Timestamp,
        budget: usize,
    ) -> Pending<'_, Swept> {
        self.write(move |tx| sweep::evict(tx, account, target_bytes, before, budget))
    }
    fn reclaim(&self, now: Timestamp, budget: usize) -> Pending<'_, Swept> {
        self.write(move |tx| sweep::reclaim(tx, now, budget))
    }
    fn last_sweep(&self) -> Pending<'_, Option<Timestamp>> {
        self.read(|db, _| Ok(setting(db, "last_sweep")?.map(Timestamp)))
    }
    fn set_last_sweep(&self, now: Timestamp) -> Pending<'_, ()> {
        self.write(move |tx| Ok(set_setting(tx.db, "last_sweep", now.0)?))
    }

    fn watch(&self, mailbox: MailboxId) -> Watch {
        self.shared.hub.watch(mailbox)
    }
    fn failed(&self) -> Pin<Box<dyn Future<Output = String> + Send + '_>> {
        Box::pin(self.shared.disk.failed())
    }
    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            self.writer.close().await?;
            self.readers.close();
            let (threads, shared) = (self.take_threads(), self.shared.clone());
            blocking(move || {
                SqliteStore::join(threads, &shared);
                Ok(())
            })
            .await
        })
    }
}

#[cfg(test)]
mod tests;
