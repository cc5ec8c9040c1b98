//! What can only be provoked from inside: a writer that is held up, a database that may not grow.

use std::sync::mpsc::channel;

use mail::limits::{COMMIT_BATCH_REQUESTS_MAX, STORE_QUEUE_REQUESTS_MAX};

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn store(dir: &std::path::Path) -> Arc<SqliteStore> {
    SqliteStore::open(Options::new(dir.to_owned())).unwrap()
}

async fn account(store: &SqliteStore) -> Account {
    let address = Address::parse("anna@example.org").unwrap();
    let new = NewAccount { address, password_hash: String::new(), day: NOW.day(), now: NOW };
    store.create_account(new).await.unwrap()
}

fn message(to: &Account, size: usize) -> Acceptance {
    Acceptance {
        dedupe: None,
        body: Bytes::from(vec![b'm'; size]).into(),
        local: vec![to.address.clone()],
        remote: Vec::new(),
        now: NOW,
    }
}

/// Holds the writer up until the sender is dropped.
async fn hold_up(store: &Arc<SqliteStore>) -> std::sync::mpsc::Sender<()> {
    let (release, released) = channel::<()>();
    let (began, begin) = tokio::sync::oneshot::channel();
    let held = store.clone();
    tokio::spawn(async move {
        held.write(move |_| {
            let _ = began.send(());
            let _ = released.recv();
            Ok(())
        })
        .await
    });
    begin.await.unwrap();
    release
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o5_what_waits_together_shares_one_flush() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let anna = account(&store).await;
    let release = hold_up(&store).await;
    let before = store.commits();
    let mut waiting = Vec::new();
    for _ in 0..COMMIT_BATCH_REQUESTS_MAX {
        waiting.push(store.accept(message(&anna, 2_000)));
        assert!(poll_once(waiting.last_mut().unwrap()).await.is_none());
    }
    drop(release);
    for accept in waiting {
        accept.await.unwrap();
    }
    // The one that held it up, and one for all the others.
    assert_eq!(store.commits() - before, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o7_a_slow_disk_meets_a_bounded_queue() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let anna = account(&store).await;
    let release = hold_up(&store).await;
    let before = store.commits();
    let mut waiting = Vec::new();
    for _ in 0..STORE_QUEUE_REQUESTS_MAX {
        waiting.push(store.set_enabled(anna.id, true));
        assert!(poll_once(waiting.last_mut().unwrap()).await.is_none());
    }
    assert_eq!(store.set_enabled(anna.id, true).await, Err(StoreError::Busy));
    drop(release);
    for change in waiting {
        change.await.unwrap();
    }
    let batches = (STORE_QUEUE_REQUESTS_MAX / COMMIT_BATCH_REQUESTS_MAX) as u64;
    assert_eq!(store.commits() - before, 1 + batches);
}

#[tokio::test]
async fn a_refusal_takes_back_itself_and_not_its_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let anna = account(&store).await;
    let half = store.write(move |tx| {
        account::set_password(tx, anna.id, "half")?;
        Err::<(), _>(StoreError::Conflict.into())
    });
    let whole = store.touch_login(anna.id, Day(NOW.day().0 + 1));
    assert_eq!(tokio::join!(half, whole), (Err(StoreError::Conflict), Ok(())));
    let found = store.find_account(&anna.address).await.unwrap().unwrap();
    assert_eq!((found.password_hash.as_str(), found.last_login.0), ("", NOW.day().0 + 1));
}

#[tokio::test]
async fn p6_a_panic_in_one_request_harms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let anna = account(&store).await;
    let bad = store.write(move |tx| -> Outcome<()> {
        account::set_password(tx, anna.id, "half")?;
        panic!("on purpose");
    });
    let good = store.accept(message(&anna, 10));
    let (bad, good) = tokio::join!(bad, good);
    assert!(matches!(bad, Err(StoreError::Unavailable(_))));
    assert!(good.is_ok());
    let bad = store.read(|_, _| -> Outcome<()> { panic!("on purpose") }).await;
    assert!(matches!(bad, Err(StoreError::Unavailable(_))));
    assert_eq!(store.find_account(&anna.address).await.unwrap().unwrap().password_hash, "");
}

#[tokio::test]
async fn a_dropped_future_leaves_the_whole_change() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let anna = account(&store).await;
    let release = hold_up(&store).await;
    let mut accept = store.accept(message(&anna, 10));
    assert!(poll_once(&mut accept).await.is_none());
    drop(accept);
    drop(release);
    store.set_enabled(anna.id, true).await.unwrap();
    let status = store.status(anna.id, MailboxName::inbox()).await.unwrap();
    assert_eq!((status.exists, status.size_bytes), (1, 10));
}

/// The result, if there is one at once.
async fn poll_once<T>(future: &mut Pending<'_, T>) -> Option<Result<T>> {
    std::future::poll_fn(|context| {
        let poll = future.as_mut().poll(context);
        std::task::Poll::Ready(match poll {
            std::task::Poll::Ready(result) => Some(result),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

/// The engine itself says that the disk is full, by a ceiling on its pages.
#[tokio::test]
async fn c4_on_a_full_disk_reading_and_deleting_still_work() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let anna = account(&store).await;
    for _ in 0..50 {
        store.accept(message(&anna, 4_000)).await.unwrap();
    }
    set_page_ceiling(&store, 1).await;
    let full = store.accept(message(&anna, 60_000)).await;
    assert_eq!(full, Err(StoreError::Full));
    let read = store.read_body(anna.inbox, Uid::MIN, 0..10).await.unwrap();
    assert_eq!(&read[..], b"mmmmmmmmmm");
    let mut deleted = mail::mailbox::Flags::new();
    deleted.insert(mail::mailbox::SystemFlags::DELETED);
    let all = UidSet::from_range(Uid::MIN, Uid::MAX);
    let change = FlagChange { op: mail::mailbox::FlagOp::Add, flags: deleted };
    store.store_flags(anna.inbox, all, change, None).await.unwrap();
    let gone = store.expunge(anna.inbox, None).await.unwrap();
    assert_eq!(gone.uids.len(), 50);
    set_page_ceiling(&store, 1_000_000).await;
    store.accept(message(&anna, 60_000)).await.unwrap();
    assert_eq!(store.verify().await, Ok(Vec::new()));
}

/// Not below what is used already.
async fn set_page_ceiling(store: &SqliteStore, pages: i64) {
    let set = move |tx: &mut Tx<'_>| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        Ok(tx.db.query_row(&sql, [], |_| Ok(()))?)
    };
    store.write(set).await.unwrap();
}

#[tokio::test]
async fn c3_after_a_failed_flush_nothing_is_promised_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let anna = account(&store).await;
    store.shared.disk.fail("on purpose");
    assert_eq!(store.failed().await, "on purpose");
    let refused = store.accept(message(&anna, 10)).await;
    assert_eq!(refused, Err(StoreError::Unavailable("on purpose".into())));
    let refused = store.find_account(&anna.address).await;
    assert_eq!(refused, Err(StoreError::Unavailable("on purpose".into())));
}

/// Half the pages become free, and the file shrinks step by step.
#[tokio::test]
async fn reclaim_gives_unused_pages_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let anna = account(&store).await;
    for _ in 0..400 {
        store.accept(message(&anna, 60_000)).await.unwrap();
    }
    let before = pages(&store).await;
    let rule = ExpiryRule { before: Day(u32::MAX), large_before: Day(0) };
    store.expire_due(rule, 1_000).await.unwrap();
    store.reclaim(NOW, 10).await.unwrap();
    // One step, and the map page that went with it.
    assert!((1_024..1_030).contains(&(before - pages(&store).await)));
}

async fn pages(store: &SqliteStore) -> i64 {
    let sql = "PRAGMA page_count";
    store.read(move |db, _| Ok(db.query_row(sql, [], |row| row.get(0))?)).await.unwrap()
}
