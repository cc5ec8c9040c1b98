//! Short words for the tests.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use mail::limits::BODY_CHUNK_BYTES;
use mail::mailbox::{FlagChange, FlagOp, Flags, SystemFlags, Uid, UidSet};
use mail::{Address, Day, Domain, MailboxName, Timestamp};
use store::{
    Acceptance, Accepted, Account, AccountId, DedupeKey, LocalOutcome, NewAccount, Options,
    PreparedBody, RemoteEnvelope, SqliteStore, Store,
};

pub const NOW: Timestamp = Timestamp(1_700_000_000);
pub const QUOTA_BYTES: u64 = 500_000;

pub fn options(dir: &Path) -> Options {
    Options { quota_bytes: QUOTA_BYTES, ..Options::new(dir.to_owned()) }
}

pub fn open(dir: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(options(dir)).unwrap()
}

pub fn address(local: &str) -> Address {
    Address::parse(&format!("{local}@example.org")).unwrap()
}

pub fn name(text: &str) -> MailboxName {
    MailboxName::parse(text).unwrap()
}

pub fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

pub fn uids(text: &str) -> UidSet {
    text.parse().unwrap()
}

pub fn all() -> UidSet {
    UidSet::from_range(Uid::MIN, Uid::MAX)
}

pub fn change(op: FlagOp, flags: SystemFlags) -> FlagChange {
    FlagChange { op, flags: Flags::from(flags) }
}

pub fn delete() -> FlagChange {
    change(FlagOp::Add, SystemFlags::DELETED)
}

/// Reproducible bytes, different for each seed.
pub fn content(seed: u64, len: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    next.flatten().take(len).collect::<Vec<u8>>().into()
}

pub fn new_account(local: &str) -> NewAccount {
    NewAccount { address: address(local), password_hash: "{X}y".into(), day: NOW.day(), now: NOW }
}

pub async fn account(store: &dyn Store, local: &str) -> Account {
    store.create_account(new_account(local)).await.unwrap()
}

pub async fn body(store: &dyn Store, bytes: &Bytes) -> PreparedBody {
    let mut writer = store.body_writer();
    for chunk in bytes.chunks(10_000) {
        writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    writer.finish().await.unwrap()
}

pub fn to(body: PreparedBody, local: &[&str]) -> Acceptance {
    let local = local.iter().map(|local| address(local)).collect();
    Acceptance { dedupe: None, body, local, remote: Vec::new(), now: NOW }
}

pub fn remote(domain: &str, recipients: &[&str]) -> RemoteEnvelope {
    let domain = Domain::parse(domain).unwrap();
    let recipients = recipients.iter().map(|local| Address::new(local, &domain).unwrap());
    RemoteEnvelope {
        sender: Some(address("sender")),
        recipients: recipients.collect(),
        domain: domain.clone(),
    }
}

/// Delivers to one account; returns its UID.
pub async fn deliver(store: &dyn Store, local: &str, bytes: &Bytes) -> Uid {
    let body = body(store, bytes).await;
    stored_uid(&store.accept(to(body, &[local])).await.unwrap(), 0)
}

pub fn stored_uid(accepted: &Accepted, place: usize) -> Uid {
    match accepted.local[place] {
        LocalOutcome::Stored { uid, .. } => uid,
        other => panic!("not stored: {other:?}"),
    }
}

pub fn key(number: u64) -> DedupeKey {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&number.to_le_bytes());
    DedupeKey(key)
}

pub async fn inbox_uids(store: &dyn Store, account: AccountId) -> UidSet {
    store.open(account, MailboxName::inbox(), true).await.unwrap().uids
}

/// A whole message, read chunk by chunk.
pub async fn read_all(store: &dyn Store, account: &Account, uid: Uid) -> store::Result<Bytes> {
    let mut all = Vec::new();
    loop {
        let from = all.len() as u64;
        let range = from..from + BODY_CHUNK_BYTES as u64;
        let bytes = store.read_body(account.inbox, uid, range).await?;
        if bytes.is_empty() {
            return Ok(all.into());
        }
        all.extend_from_slice(&bytes);
    }
}

pub fn day(offset: u32) -> Day {
    Day(NOW.day().0 + offset)
}

/// Runs a test on both engines.
macro_rules! on_both {
    ($store:ident, $test:block) => {{
        let dir = tempfile::tempdir().unwrap();
        let stores: [std::sync::Arc<dyn Store>; 2] =
            [::store::MemoryStore::new(QUOTA_BYTES), open(dir.path())];
        for $store in stores {
            let $store = $store.as_ref();
            $test
        }
    }};
}
pub(crate) use on_both;
