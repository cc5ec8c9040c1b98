//! The model: the whole store in one structure behind one lock, written to be obviously right.
//!
//! Randomized tests compare every engine with it, and tests of other rooms use it as their store.
//! It promises everything the boundary promises but durability; nothing in it is fast, counters are
//! counted. A body never leaves memory.

mod account;
mod change;
mod deliver;
mod mailbox;
mod queue;
mod read;
mod state;
mod sweep;

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use mail::mailbox::{
    Changes, FlagChange, MailboxId, MailboxInfo, MailboxStatus, MessageMeta, ModSeq, Quota, Uid,
    UidSet,
};
use mail::{Address, Day, MailboxName, Timestamp};
use tokio::sync::watch;

use crate::body::{BodyWriter, Content, PreparedBody, blocking};
use crate::boundary::*;
use crate::watch::{Hub, Watch};
use state::State;

/// A store that forgets everything when dropped.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    hub: Arc<Hub>,
    health: watch::Sender<Health>,
}

/// What a test may make of the store.
#[derive(Clone, Debug, Default)]
struct Health {
    full: bool,
    failed: Option<String>,
    closed: bool,
}

impl MemoryStore {
    /// An empty store whose accounts may hold `quota_bytes` each.
    pub fn new(quota_bytes: u64) -> Arc<MemoryStore> {
        let (state, hub) = (Mutex::new(State::new(quota_bytes)), Hub::new());
        Arc::new(MemoryStore { state, hub, health: watch::Sender::default() })
    }

    /// From now on behaves as with a full disk, or no longer: new mail is refused with `Full`.
    pub fn set_full(&self, full: bool) {
        self.health.send_modify(|health| health.full = full);
    }

    /// From now on behaves as after a failed flush.
    pub fn fail(&self, reason: &str) {
        self.health.send_modify(|health| health.failed = Some(reason.to_owned()));
    }

    fn run<'a, T: 'a>(
        &'a self,
        operation: impl FnOnce(&mut State) -> Result<T> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move { self.now(operation) })
    }

    /// As `run`, for what needs room on the disk.
    fn run_if_room<'a, T: 'a>(
        &'a self,
        operation: impl FnOnce(&mut State) -> Result<T> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            if self.health.borrow().full { Err(StoreError::Full) } else { self.now(operation) }
        })
    }

    fn now<T>(&self, operation: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        self.health.borrow().check()?;
        let (result, changed) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (operation(&mut state), std::mem::take(&mut state.changed))
        };
        changed.into_iter().for_each(|(mailbox, modseq)| self.hub.raise(mailbox, modseq));
        result
    }
}

impl Health {
    fn check(&self) -> Result<()> {
        match &self.failed {
            Some(reason) => Err(StoreError::Unavailable(reason.clone())),
            None if self.closed => Err(StoreError::Unavailable("the store is closed".into())),
            None => Ok(()),
        }
    }
}

/// The bytes of a body, wherever it was prepared.
async fn bytes_of(body: PreparedBody) -> Result<Bytes> {
    match body.content {
        Content::Memory(bytes) => Ok(bytes),
        Content::File(head, file) => {
            let (reader, len) = (file.reader()?, file.len());
            let read = move || crate::body::read_exactly_at(&reader, 0, len as usize);
            Ok([head, blocking(read).await?].concat().into())
        }
    }
}

impl Store for MemoryStore {
    fn create_account(&self, new: NewAccount) -> Pending<'_, Account> {
        self.run_if_room(move |state| state.create_account(new))
    }
    fn find_account<'a>(&'a self, address: &'a Address) -> Pending<'a, Option<Account>> {
        self.run(move |state| Ok(state.find_account(address)))
    }
    fn set_password(&self, account: AccountId, hash: String) -> Pending<'_, ()> {
        self.run(move |state| state.set_password(account, hash))
    }
    fn touch_login(&self, account: AccountId, day: Day) -> Pending<'_, ()> {
        self.run(move |state| state.touch_login(account, day))
    }
    fn set_enabled(&self, account: AccountId, enabled: bool) -> Pending<'_, ()> {
        self.run(move |state| state.set_enabled(account, enabled))
    }
    fn delete_account(&self, account: AccountId) -> Pending<'_, ()> {
        self.run(move |state| state.delete_account(account))
    }
    fn inactive_accounts(
        &self,
        day: Day,
        cursor: Option<AccountId>,
        n: usize,
    ) -> Pending<'_, Vec<Account>> {
        self.run(move |state| Ok(state.inactive_accounts(day, cursor, n)))
    }
    fn meta_get<'a>(
        &'a self,
        account: AccountId,
        key: &'a str,
        now: Timestamp,
    ) -> Pending<'a, Vec<MetaValue>> {
        self.run(move |state| state.meta_get(account, key, now))
    }
    fn meta_put<'a>(
        &'a self,
        account: AccountId,
        key: &'a str,
        value: MetaValue,
    ) -> Pending<'a, ()> {
        self.run(move |state| state.meta_put(account, key, value))
    }
    fn meta_remove<'a>(
        &'a self,
        account: AccountId,
        key: &'a str,
        value: &'a [u8],
    ) -> Pending<'a, ()> {
        self.run(move |state| state.meta_remove(account, key, value))
    }

    fn body_writer(&self) -> BodyWriter {
        BodyWriter::in_memory()
    }
    fn accept(&self, acceptance: Acceptance) -> Pending<'_, Accepted> {
        Box::pin(async move {
            let Acceptance { dedupe, body, local, remote, now } = acceptance;
            let body = bytes_of(body).await?;
            self.run_if_room(move |s| s.accept(dedupe, &body, &local, remote, now)).await
        })
    }

    fn mailboxes(&self, account: AccountId) -> Pending<'_, Vec<MailboxInfo>> {
        self.run(move |state| state.mailboxes(account))
    }
    fn create_mailbox(
        &self,
        account: AccountId,
        name: MailboxName,
        now: Timestamp,
    ) -> Pending<'_, ()> {
        self.run(move |state| state.create_mailbox(account, &name, now))
    }
    fn delete_mailbox(&self, account: AccountId, name: MailboxName) -> Pending<'_, ()> {
        self.run(move |state| state.delete_mailbox(account, &name))
    }
    fn rename_mailbox(
        &self,
        account: AccountId,
        from: MailboxName,
        to: MailboxName,
        now: Timestamp,
    ) -> Pending<'_, ()> {
        self.run(move |state| state.rename_mailbox(account, &from, &to, now))
    }
    fn subscribe(
        &self,
        account: AccountId,
        name: MailboxName,
        subscribed: bool,
    ) -> Pending<'_, ()> {
        self.run(move |state| state.subscribe(account, name, subscribed))
    }
    fn status(&self, account: AccountId, name: MailboxName) -> Pending<'_, MailboxStatus> {
        self.run(move |state| state.status(account, &name))
    }
    fn open(&self, account: AccountId, name: MailboxName, read_only: bool) -> Pending<'_, Opened> {
        self.run(move |state| state.open(account, &name, read_only))
    }
    fn quota(&self, account: AccountId) -> Pending<'_, Quota> {
        self.run(move |state| state.quota(account))
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
                let body = bytes_of(message.body).await?;
                ready.push((body, message.flags, message.internal_date));
            }
            self.run_if_room(move |state| state.append(account, &name, ready)).await
        })
    }
    fn copy(
        &self,
        account: AccountId,
        from: MailboxId,
        uids: UidSet,
        to: MailboxName,
    ) -> Pending<'_, Placed> {
        self.run_if_room(move |state| state.copy(account, from, &uids, &to))
    }
    fn move_messages(
        &self,
        account: AccountId,
        from: MailboxId,
        uids: UidSet,
        to: MailboxName,
    ) -> Pending<'_, Placed> {
        self.run(move |state| state.move_messages(account, from, &uids, &to))
    }

    fn messages(
        &self,
        mailbox: MailboxId,
        uids: UidSet,
        n: usize,
    ) -> Pending<'_, Vec<MessageMeta>> {
        self.run(move |state| state.messages(mailbox, &uids, n))
    }
    fn changes_since(&self, mailbox: MailboxId, since: ModSeq) -> Pending<'_, Changes> {
        self.run(move |state| state.changes_since(mailbox, since))
    }
    fn read_body(&self, mailbox: MailboxId, uid: Uid, range: Range<u64>) -> Pending<'_, Bytes> {
        self.run(move |state| state.read_body(mailbox, uid, range))
    }

    fn store_flags(
        &self,
        mailbox: MailboxId,
        uids: UidSet,
        change: FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> Pending<'_, FlagsStored> {
        self.run(move |state| state.store_flags(mailbox, &uids, &change, unchanged_since))
    }
    fn expunge(&self, mailbox: MailboxId, uids: Option<UidSet>) -> Pending<'_, Expunged> {
        self.run(move |state| state.expunge(mailbox, uids.as_ref()))
    }

    fn claim<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
        n: usize,
        lease_s: u32,
    ) -> Pending<'a, Vec<QueueItem>> {
        self.run(move |state| Ok(state.claim(owner, now, n, lease_s)))
    }
    fn read_queued(&self, id: QueueId, range: Range<u64>) -> Pending<'_, Bytes> {
        self.run(move |state| state.read_queued(id, range))
    }
    fn renew(&self, id: QueueId, token: ClaimToken, until: Timestamp) -> Pending<'_, bool> {
        self.run(move |state| Ok(state.renew(id, token, until)))
    }
    fn finish(&self, id: QueueId, token: ClaimToken, done: Vec<Address>) -> Pending<'_, bool> {
        self.run(move |state| Ok(state.finish(id, token, &done)))
    }
    fn defer(
        &self,
        id: QueueId,
        token: ClaimToken,
        until: Timestamp,
        reason: String,
    ) -> Pending<'_, bool> {
        self.run(move |state| Ok(state.defer(id, token, until, reason)))
    }
    fn release(&self, id: QueueId, token: ClaimToken) -> Pending<'_, bool> {
        self.run(move |state| Ok(state.release(id, token)))
    }
    fn queue_len(&self) -> Pending<'_, u64> {
        self.run(|state| Ok(state.queue.len() as u64))
    }

    fn acquire_lease<'a>(
        &'a self,
        name: &'a str,
        owner: &'a str,
        now: Timestamp,
        ttl_s: u32,
    ) -> Pending<'a, Option<Lease>> {
        self.run(move |state| Ok(state.acquire_lease(name, owner, now, ttl_s)))
    }
    fn release_lease<'a>(&'a self, name: &'a str, owner: &'a str) -> Pending<'a, ()> {
        self.run(move |state| {
            state.release_lease(name, owner);
            Ok(())
        })
    }

    fn expire_due(&self, rule: ExpiryRule, budget: usize) -> Pending<'_, Swept> {
        self.run(move |state| Ok(state.expire_due(rule, budget)))
    }
    fn evict(
        &self,
        account: AccountId,
        target_bytes: u64,
        before: Timestamp,
        budget: usize,
    ) -> Pending<'_, Swept> {
        self.run(move |state| state.evict(account, target_bytes, before, budget))
    }
    fn reclaim(&self, now: Timestamp, budget: usize) -> Pending<'_, Swept> {
        self.run(move |state| Ok(state.reclaim(now, budget)))
    }

    fn last_sweep(&self) -> Pending<'_, Option<Timestamp>> {
        self.run(|state| Ok(state.last_sweep))
    }
    fn set_last_sweep(&self, now: Timestamp) -> Pending<'_, ()> {
        self.run(move |state| {
            state.last_sweep = Some(now);
            Ok(())
        })
    }

    fn watch(&self, mailbox: MailboxId) -> Watch {
        self.hub.watch(mailbox)
    }
    fn failed(&self) -> Pin<Box<dyn Future<Output = String> + Send + '_>> {
        Box::pin(async move {
            let mut health = self.health.subscribe();
            let failed = health.wait_for(|health| health.failed.is_some()).await;
            failed.ok().and_then(|health| health.failed.clone()).unwrap_or_default()
        })
    }
    fn close(&self) -> Pending<'_, ()> {
        self.health.send_modify(|health| health.closed = true);
        Box::pin(std::future::ready(Ok(())))
    }
}
