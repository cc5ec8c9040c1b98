//! The commit point of `250`.

use std::time::Duration;

use mail::mailbox::MailboxId;
use store::{Acceptance, LocalOutcome, Store, StoreError};

use crate::support::*;

#[tokio::test]
async fn s26_the_same_key_gives_the_first_result_and_changes_nothing() {
    on_both!(store, {
        account(store, "anna").await;
        let accept = async || {
            let body = body(store, &content(1, 100)).await;
            let remote = vec![remote("elsewhere.example", &["x"])];
            store.accept(Acceptance { dedupe: Some(key(7)), remote, ..to(body, &["anna"]) }).await
        };
        let first = accept().await.unwrap();
        assert_eq!(accept().await.unwrap(), first);
        assert_eq!(store.queue_len().await, Ok(1));
        let day_later = mail::Timestamp(NOW.0 + 86_400);
        assert_eq!(store.reclaim(mail::Timestamp(day_later.0 - 1), 10).await.unwrap().removed, 0);
        assert_eq!(accept().await.unwrap(), first);
        assert_eq!(store.reclaim(day_later, 10).await.unwrap().removed, 1);
        assert_ne!(accept().await.unwrap(), first);
    });
}

#[tokio::test]
async fn s26_the_key_outlives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let accept = async |store: &dyn Store| {
        let body = body(store, &content(1, 100)).await;
        let message = to(body, &["anna", "nobody", "anna"]);
        store.accept(Acceptance { dedupe: Some(key(7)), ..message }).await.unwrap()
    };
    let store = open(dir.path());
    account(store.as_ref(), "anna").await;
    let first = accept(store.as_ref()).await;
    drop(store);
    assert_eq!(accept(open(dir.path()).as_ref()).await, first);
}

#[tokio::test]
async fn every_recipient_has_an_outcome_and_one_body_serves_all() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        let berta = account(store, "berta").await;
        let big = content(2, 400_000);
        deliver(store, "berta", &big).await;
        let body = body(store, &content(3, 200_000)).await;
        let accepted = store.accept(to(body, &["anna", "nobody", "berta", "anna"])).await.unwrap();
        let LocalOutcome::Stored { mailbox, .. } = accepted.local[0] else { panic!() };
        assert_eq!(mailbox, anna.inbox);
        assert_eq!(accepted.local[1], LocalOutcome::NoSuchUser);
        assert_eq!(accepted.local[2], LocalOutcome::OverQuota);
        assert_eq!(accepted.local[3], accepted.local[0]);
        assert_eq!(store.quota(anna.id).await.unwrap().used_bytes, 200_000);
        assert_eq!(store.quota(berta.id).await.unwrap().used_bytes, 400_000);
    });
}

#[tokio::test]
async fn watchers_are_told_of_the_last_delivery_of_a_burst() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        let mut watch = store.watch(anna.inbox);
        for n in 0..20 {
            deliver(store, "anna", &content(n, 10)).await;
        }
        let modseq = store.open(anna.id, name("INBOX"), true).await.unwrap().status.highest_modseq;
        let told = tokio::time::timeout(Duration::from_secs(1), watch.changed()).await.unwrap();
        assert_eq!(told, modseq);
    });
}

#[tokio::test]
async fn c11_a_deleted_account_is_gone_at_once_and_told_to_its_sessions() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        let uid = deliver(store, "anna", &content(1, 100_000)).await;
        let old = store.open(anna.id, name("INBOX"), true).await.unwrap();
        let mut watch = store.watch(anna.inbox);
        watch.mark_seen(old.status.highest_modseq);
        store.delete_account(anna.id).await.unwrap();
        tokio::time::timeout(Duration::from_secs(1), watch.changed()).await.unwrap();
        let gone = store.changes_since(anna.inbox, old.status.highest_modseq).await;
        assert_eq!(gone.unwrap_err(), StoreError::NotFound);
        let read = store.read_body(anna.inbox, uid, 0..10).await;
        assert_eq!(read.unwrap_err(), StoreError::NotFound);
        let body = body(store, &content(2, 10)).await;
        let accepted = store.accept(to(body, &["anna"])).await.unwrap();
        assert_eq!(accepted.local, [LocalOutcome::NoSuchUser]);
        // The name taken again is another account, with a later UIDVALIDITY, in the same second.
        let again = account(store, "anna").await;
        assert_ne!((again.id, again.inbox), (anna.id, anna.inbox));
        let new = store.open(again.id, name("INBOX"), true).await.unwrap();
        assert!(new.status.uid_validity > old.status.uid_validity);
        assert_eq!(new.status.exists, 0);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s17_of_two_first_logins_at_once_one_makes_the_account() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let logins = (0..20).map(|n| {
        let store = store.clone();
        let password_hash = n.to_string();
        let new = store::NewAccount { password_hash, ..new_account("anna") };
        tokio::spawn(async move { store.create_account(new).await })
    });
    let mut made = Vec::new();
    for login in logins.collect::<Vec<_>>() {
        made.extend(login.await.unwrap().ok());
    }
    assert_eq!(made.len(), 1);
    assert_eq!(store.find_account(&address("anna")).await, Ok(made.pop()));
}

#[tokio::test]
async fn i9_a_mailbox_made_again_has_a_later_uidvalidity() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        let mut last = None;
        for _ in 0..3 {
            store.create_mailbox(anna.id, name("A"), NOW).await.unwrap();
            let validity = store.status(anna.id, name("A")).await.unwrap().uid_validity;
            assert!(Some(validity) > last);
            last = Some(validity);
            store.delete_mailbox(anna.id, name("A")).await.unwrap();
        }
        store.create_mailbox(anna.id, name("B"), NOW).await.unwrap();
        store.rename_mailbox(anna.id, name("B"), name("A"), NOW).await.unwrap();
        assert!(Some(store.status(anna.id, name("A")).await.unwrap().uid_validity) > last);
    });
}

#[tokio::test]
async fn renaming_inbox_moves_its_messages_and_leaves_it() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        for n in 0..3 {
            deliver(store, "anna", &content(n, 10)).await;
        }
        store.rename_mailbox(anna.id, name("INBOX"), name("Old"), NOW).await.unwrap();
        assert_eq!(inbox_uids(store, anna.id).await.len(), 0);
        let old = store.open(anna.id, name("Old"), true).await.unwrap();
        assert_eq!(old.uids, uids("1:3"));
        assert_eq!(store.quota(anna.id).await.unwrap().used_bytes, 30);
        assert_eq!(stored_next(store).await, uid(4));
    });
}

async fn stored_next(store: &dyn Store) -> mail::mailbox::Uid {
    deliver(store, "anna", &content(9, 10)).await
}

#[tokio::test]
async fn history_beyond_its_length_is_told_as_everything_that_is_gone() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        let mut since = mail::mailbox::ModSeq::ZERO;
        for n in 0..=(mail::limits::HISTORY_MODSEQS / 3) {
            let uid = deliver(store, "anna", &content(n, 1)).await;
            let one: mail::mailbox::UidSet = [uid].into_iter().collect();
            store.store_flags(anna.inbox, one.clone(), delete(), None).await.unwrap();
            let gone = store.expunge(anna.inbox, None).await.unwrap();
            assert_eq!(gone.uids, one);
            if n == 1 {
                since = gone.modseq;
            }
        }
        deliver(store, "anna", &content(0, 1)).await;
        let recent = store.changes_since(anna.inbox, since).await.unwrap();
        assert_eq!(recent.vanished, uids("3:167"));
        let all = store.changes_since(anna.inbox, mail::mailbox::ModSeq::FIRST).await.unwrap();
        assert_eq!((all.vanished, all.changed.len()), (uids("1:167"), 1));
    });
}

#[tokio::test]
async fn c8_only_noticed_large_messages_expire_early() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        let large = content(1, mail::limits::LARGE_MESSAGE_BYTES as usize);
        let seen = deliver(store, "anna", &large).await;
        store.open(anna.id, name("INBOX"), false).await.unwrap();
        let unseen = deliver(store, "anna", &large).await;
        let small = deliver(store, "anna", &large.slice(..90_000)).await;
        let rule = store::ExpiryRule { before: day(0), large_before: day(1) };
        let swept = store.expire_due(rule, 10).await.unwrap();
        assert_eq!((swept.removed, swept.more), (1, false));
        let left = inbox_uids(store, anna.id).await;
        assert!(!left.contains(seen) && left.contains(unseen) && left.contains(small));
        let rule = store::ExpiryRule { before: day(1), large_before: day(0) };
        let swept = store.expire_due(rule, 1).await.unwrap();
        assert_eq!((swept.removed, swept.more), (1, true));
        assert_eq!(store.expire_due(rule, 1).await.unwrap().removed, 1);
        assert_eq!(store.quota(anna.id).await.unwrap().used_bytes, 0);
    });
}

#[tokio::test]
async fn a_stale_claim_changes_nothing() {
    on_both!(store, {
        let body = body(store, &content(1, 100)).await;
        let remote = vec![remote("elsewhere.example", &["x", "y"])];
        store.accept(Acceptance { remote, ..to(body, &[]) }).await.unwrap();
        let first = store.claim("one", NOW, 9, 60).await.unwrap().remove(0);
        assert_eq!(store.claim("two", NOW, 9, 60).await, Ok(Vec::new()));
        let later = mail::Timestamp(NOW.0 + 60);
        let second = store.claim("two", later, 9, 60).await.unwrap().remove(0);
        let everybody = first.envelope.recipients.clone();
        assert_eq!(store.finish(first.id, first.token, everybody.clone()).await, Ok(false));
        assert_eq!(store.defer(first.id, first.token, later, "x".into()).await, Ok(false));
        assert_eq!(store.renew(first.id, first.token, later).await, Ok(false));
        assert_eq!(store.release(first.id, first.token).await, Ok(false));
        assert_eq!(store.finish(second.id, second.token, everybody).await, Ok(true));
        assert_eq!(store.queue_len().await, Ok(0));
        assert_eq!(store.read_queued(second.id, 0..9).await, Err(StoreError::NotFound));
    });
}

#[tokio::test]
async fn an_unknown_mailbox_is_not_found() {
    on_both!(store, {
        let nowhere = MailboxId(77);
        let changes = store.changes_since(nowhere, mail::mailbox::ModSeq::ZERO).await;
        assert_eq!(changes.unwrap_err(), StoreError::NotFound);
        assert_eq!(store.expunge(nowhere, None).await.unwrap_err(), StoreError::NotFound);
    });
}
