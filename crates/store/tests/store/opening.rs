//! Opening a store: the lock, modes, versions, closing, restarts.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mail::mailbox::{FlagOp, SystemFlags};
use store::{OpenError, SqliteStore, Store, StoreError};

use crate::support::*;

#[tokio::test]
async fn c7_a_second_server_on_one_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let refused = SqliteStore::open(options(dir.path())).unwrap_err();
    assert!(matches!(refused, OpenError::InUse { .. }));
    assert!(refused.to_string().contains("in use by another server"));
    account(store.as_ref(), "anna").await;
    store.close().await.unwrap();
    let next = open(dir.path());
    assert!(next.find_account(&address("anna")).await.unwrap().is_some());
}

#[tokio::test]
async fn closing_keeps_all_and_ends_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let anna = account(store.as_ref(), "anna").await;
    deliver(store.as_ref(), "anna", &content(1, 10)).await;
    store.open(anna.id, name("INBOX"), false).await.unwrap();
    store.close().await.unwrap();
    let unavailable = |error| assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    unavailable(store.find_account(&anna.address).await.unwrap_err());
    unavailable(store.set_enabled(anna.id, true).await.unwrap_err());
    unavailable(store.close().await.unwrap_err());
    assert_eq!(std::fs::metadata(dir.path().join("mail.db-wal")).map_or(0, |m| m.len()), 0);
    // What was noticed was written down.
    let store = open(dir.path());
    assert_eq!(store.status(anna.id, name("INBOX")).await.unwrap().recent, 0);
}

#[tokio::test]
async fn only_the_owner_may_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("made");
    let store = open(&root);
    account(store.as_ref(), "anna").await;
    deliver(store.as_ref(), "anna", &content(1, 100_000)).await;
    check_modes(&root, 0);
}

fn check_modes(dir: &Path, depth: u32) {
    assert!(depth < 4);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir), 0o700, "{}", dir.display());
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_modes(&path, depth + 1);
        } else {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}

#[test]
fn c14_a_newer_layout_is_refused_with_words() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let db = rusqlite::Connection::open(dir.path().join("mail.db")).unwrap();
    db.execute("UPDATE setting SET value = 99 WHERE key = 'version'", []).unwrap();
    drop(db);
    let refused = SqliteStore::open(options(dir.path())).unwrap_err();
    assert!(matches!(refused, OpenError::Newer(_)));
    assert!(refused.to_string().contains("newer version"), "{refused}");
}

#[test]
fn what_is_no_database_is_refused_with_words() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mail.db"), content(1, 10_000)).unwrap();
    let refused = SqliteStore::open(options(dir.path())).unwrap_err();
    assert!(matches!(refused, OpenError::Database { .. }), "{refused}");
}

#[tokio::test]
async fn a_login_is_written_once_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let anna = account(store.as_ref(), "anna").await;
    store.touch_login(anna.id, day(3)).await.unwrap();
    let before = store.commits();
    for _ in 0..10 {
        store.touch_login(anna.id, day(3)).await.unwrap();
    }
    assert_eq!(store.commits(), before);
    store.touch_login(anna.id, day(4)).await.unwrap();
    let found = store.find_account(&anna.address).await.unwrap().unwrap();
    assert_eq!(found.last_login, day(4));
    let inactive = store.inactive_accounts(day(5), None, 9).await.unwrap();
    assert_eq!(inactive.len(), 1);
    assert_eq!(store.inactive_accounts(day(4), None, 9).await.unwrap().len(), 0);
    assert_eq!(store.inactive_accounts(day(5), Some(anna.id), 9).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_large_mailbox_opened_again_is_shown_as_it_is_now() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        for n in 0..40 {
            deliver(store, "anna", &content(n, 10)).await;
        }
        let look = async || {
            let opened = store.open(anna.id, name("INBOX"), true).await.unwrap();
            (opened.uids, opened.first_unseen)
        };
        let flag = async |set: &str, op| {
            let change = change(op, SystemFlags::SEEN);
            store.store_flags(anna.inbox, uids(set), change, None).await.unwrap();
        };
        assert_eq!(look().await, (uids("1:40"), Some(uid(1))));
        flag("1:40", FlagOp::Add).await;
        assert_eq!(look().await, (uids("1:40"), None));
        flag("7,30", FlagOp::Remove).await;
        assert_eq!(look().await, (uids("1:40"), Some(uid(7))));
        flag("7", FlagOp::Add).await;
        assert_eq!(look().await, (uids("1:40"), Some(uid(30))));
        store.store_flags(anna.inbox, uids("2,30"), delete(), None).await.unwrap();
        store.expunge(anna.inbox, None).await.unwrap();
        assert_eq!(look().await, (uids("1,3:29,31:40"), None));
        deliver(store, "anna", &content(1, 10)).await;
        assert_eq!(look().await, (uids("1,3:29,31:41"), Some(uid(41))));
    });
}
