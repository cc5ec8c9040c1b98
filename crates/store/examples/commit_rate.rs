//! How many messages a second become durable here, and how long one waits: `accept` with 1, 8 and
//! 64 writers at once and bodies of several sizes, each writer to its own account. Give a directory
//! on the disk that is to be measured; it is made and left behind. Optionally, as second argument,
//! the seconds of each round.
//!
//! `cargo run --release -p store --example commit_rate -- /var/tmp/rate 3`

#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mail::{Address, MailboxName, Timestamp};
use store::{Acceptance, Account, AccountId, NewAccount, Options, SqliteStore, Store, StoreError};

const NOW: Timestamp = Timestamp(1_700_000_000);
const WRITERS: [usize; 3] = [1, 8, 64];
const SIZES: [usize; 4] = [2_000, 32_000, 60_000, 100_000];
const TEN_THOUSAND: u64 = 10_000;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or("a directory is needed")?);
    let seconds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    runtime.block_on(measure(dir, Duration::from_secs(seconds)))
}

async fn measure(dir: PathBuf, round: Duration) -> Result<(), Failure> {
    let options = Options { quota_bytes: u64::MAX / 4, ..Options::new(dir) };
    let store = SqliteStore::open(options)?;
    let accounts = accounts(&store).await?;
    println!(
        "{:>8} {:>8} {:>10} {:>10} {:>10}",
        "bytes", "writers", "accepts/s", "p50 us", "p99 us"
    );
    for size in SIZES {
        for writers in WRITERS {
            let mut waits = run(&store, &accounts[..writers], size, round).await?;
            waits.sort_unstable();
            let at = |share: usize| waits[(waits.len() - 1) * share / 100].as_micros();
            let rate = waits.len() as f64 / round.as_secs_f64();
            println!("{size:>8} {writers:>8} {rate:>10.0} {:>10} {:>10}", at(50), at(99));
        }
    }
    read(&store, &accounts[0]).await?;
    Ok(store.close().await?)
}

async fn accounts(store: &SqliteStore) -> Result<Vec<Account>, Failure> {
    let mut accounts = Vec::new();
    for number in 0..64 {
        let address = Address::parse(&format!("user{number}@example.org"))?;
        let new = NewAccount {
            address: address.clone(),
            password_hash: String::new(),
            day: NOW.day(),
            now: NOW,
        };
        match store.create_account(new).await {
            Ok(account) => accounts.push(account),
            Err(StoreError::Conflict) => accounts.extend(store.find_account(&address).await?),
            Err(other) => return Err(other.into()),
        }
    }
    Ok(accounts)
}

/// One round; how long each acceptance took.
async fn run(
    store: &Arc<SqliteStore>,
    accounts: &[Account],
    size: usize,
    round: Duration,
) -> Result<Vec<Duration>, Failure> {
    let end = Instant::now() + round;
    let writers = accounts.iter().map(|account| {
        let (store, address) = (store.clone(), account.address.clone());
        tokio::spawn(async move { write(&store, address, size, end).await })
    });
    let mut waits = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        waits.extend(writer.await??);
    }
    Ok(waits)
}

async fn write(
    store: &SqliteStore,
    address: Address,
    size: usize,
    end: Instant,
) -> Result<Vec<Duration>, StoreError> {
    let bytes = Bytes::from(vec![b'x'; size]);
    let mut waits = Vec::new();
    while Instant::now() < end {
        let began = Instant::now();
        let mut body = store.body_writer();
        body.write(bytes.clone()).await?;
        let body = body.finish().await?;
        let local = vec![address.clone()];
        let acceptance = Acceptance { dedupe: None, body, local, remote: Vec::new(), now: NOW };
        store.accept(acceptance).await?;
        waits.push(began.elapsed());
    }
    Ok(waits)
}

/// What a client does after each message, in the mailbox that is now largest.
async fn read(store: &SqliteStore, account: &Account) -> Result<(), Failure> {
    let opened = open(store, account.id).await?;
    let (mailbox, since) = (opened.id, opened.status.highest_modseq);
    let before = mail::mailbox::ModSeq(since.0 - 1);
    let began = Instant::now();
    for _ in 0..100 {
        open(store, account.id).await?;
    }
    let opening = began.elapsed() / 100;
    let began = Instant::now();
    for _ in 0..TEN_THOUSAND {
        store.changes_since(mailbox, before).await?;
    }
    let changes = began.elapsed() / TEN_THOUSAND as u32;
    let messages = opened.status.exists;
    println!("{messages} messages: open {opening:?}, changes_since {changes:?}");
    let (uid, began) = (opened.uids.last().ok_or("no message")?, Instant::now());
    let mut bytes = 0;
    for _ in 0..TEN_THOUSAND {
        bytes += store.read_body(mailbox, uid, 0..262_144).await?.len();
    }
    let rate = bytes as f64 / began.elapsed().as_secs_f64() / 1e6;
    println!("read_body of {} bytes: {rate:.0} MB/s", bytes / TEN_THOUSAND as usize);
    Ok(())
}

async fn open(store: &SqliteStore, account: AccountId) -> store::Result<store::Opened> {
    store.open(account, MailboxName::inbox(), false).await
}
