//! Bodies in rows and in files: whole, in pieces, damaged, abandoned.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use mail::limits::{BODY_CHUNK_BYTES, BODY_INLINE_BYTES_MAX};
use store::{Store, StoreError};

use crate::support::*;

fn files(dir: &Path) -> Vec<PathBuf> {
    let folders = dir.join("bodies").read_dir().unwrap().map(|folder| folder.unwrap().path());
    folders.flat_map(|folder| folder.read_dir().unwrap().map(|f| f.unwrap().path())).collect()
}

/// Files are removed in the background.
fn wait_for_files(dir: &Path, n: usize) {
    let tries = (0..1_000).take_while(|_| {
        std::thread::sleep(Duration::from_millis(5));
        files(dir).len() != n
    });
    assert!(tries.count() < 1_000, "{} files, not {n}", files(dir).len());
}

#[tokio::test]
async fn every_length_comes_back_as_it_was() {
    let (inline, chunk) = (BODY_INLINE_BYTES_MAX, BODY_CHUNK_BYTES);
    on_both!(store, {
        let anna = account(store, "anna").await;
        for len in [0, 1, inline - 1, inline, inline + 1, chunk - 1, chunk, chunk + 1] {
            let bytes = content(len as u64, len);
            let uid = deliver(store, "anna", &bytes).await;
            assert_eq!(read_all(store, &anna, uid).await.unwrap(), bytes, "{len}");
            let beyond = store.read_body(anna.inbox, uid, len as u64..u64::MAX).await.unwrap();
            assert!(beyond.is_empty());
            // Room for the next one.
            store.store_flags(anna.inbox, all(), delete(), None).await.unwrap();
            store.expunge(anna.inbox, None).await.unwrap();
        }
    });
}

#[tokio::test]
async fn pieces_anywhere_are_the_right_bytes() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        let bytes = content(5, 450_000);
        let uid = deliver(store, "anna", &bytes).await;
        let chunk = BODY_CHUNK_BYTES as u64;
        for (from, upto) in
            [(0, 10), (chunk - 5, chunk + 5), (chunk, chunk + 1), (449_990, 500_000)]
        {
            let piece = store.read_body(anna.inbox, uid, from..upto).await.unwrap();
            let upto = upto.min(450_000);
            assert_eq!(piece, bytes.slice(from as usize..upto as usize));
        }
        let most = store.read_body(anna.inbox, uid, 100..u64::MAX).await.unwrap();
        assert_eq!(most.len(), BODY_CHUNK_BYTES);
    });
}

#[tokio::test]
async fn a_head_given_last_comes_first() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        for len in [10, 70_000, 400_000] {
            let rest = content(1, len);
            let mut writer = store.body_writer();
            writer.write(rest.clone()).await.unwrap();
            let body = writer.finish_with_head(Bytes::from_static(b"Head: 1\r\n")).await.unwrap();
            let whole = Bytes::from([b"Head: 1\r\n", &rest[..]].concat());
            assert_eq!(body.len(), whole.len() as u64);
            assert_eq!(body.head(12).await.unwrap(), whole.slice(..12));
            assert_eq!(body.read(5..15).await.unwrap(), whole.slice(5..15));
            let accepted = store.accept(to(body, &["anna"])).await.unwrap();
            let uid = stored_uid(&accepted, 0);
            assert_eq!(read_all(store, &anna, uid).await.unwrap(), whole);
        }
    });
}

#[tokio::test]
async fn one_file_serves_all_and_goes_with_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let store = store.as_ref();
    let (anna, berta) = (account(store, "anna").await, account(store, "berta").await);
    let body = body(store, &content(1, 100_000)).await;
    let acceptance = store::Acceptance {
        remote: vec![remote("elsewhere.example", &["x"])],
        ..to(body, &["anna", "berta"])
    };
    store.accept(acceptance).await.unwrap();
    store.copy(anna.id, anna.inbox, all(), name("INBOX")).await.unwrap();
    assert_eq!(files(dir.path()).len(), 1);
    store.delete_account(anna.id).await.unwrap();
    let item = store.claim("me", NOW, 1, 60).await.unwrap().remove(0);
    assert_eq!(store.read_queued(item.id, 0..9).await.unwrap(), content(1, 9));
    store.finish(item.id, item.token, item.envelope.recipients).await.unwrap();
    assert_eq!(read_all(store, &berta, uid(1)).await.unwrap(), content(1, 100_000));
    store.store_flags(berta.inbox, all(), delete(), None).await.unwrap();
    store.expunge(berta.inbox, None).await.unwrap();
    wait_for_files(dir.path(), 0);
}

#[tokio::test]
async fn s27_what_is_never_accepted_vanishes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut writer = store.body_writer();
    writer.write(content(1, 1_000_000)).await.unwrap();
    assert_eq!(files(dir.path()).len(), 1);
    drop(writer);
    let unaccepted = body(store.as_ref(), &content(1, 1_000_000)).await;
    drop(unaccepted);
    let refused = body(store.as_ref(), &content(1, 100_000)).await;
    store.accept(to(refused, &["nobody"])).await.unwrap();
    wait_for_files(dir.path(), 0);
}

#[tokio::test]
async fn s27_what_a_crash_left_is_removed_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    account(store.as_ref(), "anna").await;
    deliver(store.as_ref(), "anna", &content(1, 100_000)).await;
    drop(store);
    let kept = files(dir.path());
    std::fs::write(dir.path().join("bodies/07/7"), b"left over").unwrap();
    std::fs::write(kept[0].with_file_name("not-a-number"), b"not ours").unwrap();
    let _store = open(dir.path());
    wait_for_files(dir.path(), 2);
    assert!(kept[0].exists());
}

#[tokio::test]
async fn c6_a_damaged_file_concerns_one_message() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let store = store.as_ref();
    let anna = account(store, "anna").await;
    let bytes = content(1, 300_000);
    let damaged = deliver(store, "anna", &bytes).await;
    let path = files(dir.path()).remove(0);
    let whole = deliver(store, "anna", &content(2, 100_000)).await;
    let is_damaged = |result: store::Result<Bytes>| {
        assert!(matches!(result, Err(StoreError::Damaged(_))), "{result:?}");
    };
    let mut flipped = bytes.to_vec();
    flipped[290_000] ^= 1;
    std::fs::write(&path, &flipped).unwrap();
    // The first chunk is as it was.
    assert_eq!(store.read_body(anna.inbox, damaged, 0..10).await.unwrap(), bytes.slice(..10));
    is_damaged(read_all(store, &anna, damaged).await);
    std::fs::write(&path, &bytes[..200_000]).unwrap();
    is_damaged(store.read_body(anna.inbox, damaged, 0..10).await);
    std::fs::remove_file(&path).unwrap();
    is_damaged(store.read_body(anna.inbox, damaged, 0..10).await);
    assert_eq!(read_all(store, &anna, whole).await.unwrap(), content(2, 100_000));
    deliver(store, "anna", &content(3, 10)).await;
}

#[tokio::test]
async fn c6_a_damaged_row_is_told_and_verify_finds_missing_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let anna = account(store.as_ref(), "anna").await;
    let small = deliver(store.as_ref(), "anna", &content(1, 500)).await;
    deliver(store.as_ref(), "anna", &content(1, 100_000)).await;
    store.close().await.unwrap();
    let db = rusqlite::Connection::open(dir.path().join("mail.db")).unwrap();
    db.execute("UPDATE body SET bytes = randomblob(500) WHERE size = 500", []).unwrap();
    db.execute("UPDATE account SET used = 7", []).unwrap();
    drop(db);
    std::fs::remove_file(files(dir.path()).remove(0)).unwrap();
    let store = open(dir.path());
    let read = store.read_body(anna.inbox, small, 0..10).await;
    assert!(matches!(read, Err(StoreError::Damaged(_))));
    let complaints = store.verify().await.unwrap();
    assert_eq!(complaints.len(), 2, "{complaints:?}");
}
