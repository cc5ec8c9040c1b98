//! Each ceiling of the store: at it, and one past it.

use mail::limits::{
    DISK_RESERVE_BYTES, KEYWORDS_PER_MESSAGE_MAX, MAILBOXES_MAX, META_VALUE_BYTES_MAX,
    META_VALUES_MAX, SUBSCRIPTIONS_MAX,
};
use mail::mailbox::{FlagChange, FlagOp, Flags, Keyword};
use mail::{MailboxName, Timestamp};
use store::{
    LocalOutcome, MemoryStore, MetaValue, NewMessage, Options, SqliteStore, Store, StoreError,
};

use crate::support::*;

fn is_not_allowed<T: std::fmt::Debug>(result: &store::Result<T>) {
    assert!(matches!(result, Err(StoreError::NotAllowed(_))), "{result:?}");
}

#[tokio::test]
async fn quota_at_and_past() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        deliver(store, "anna", &content(1, QUOTA_BYTES as usize - 1)).await;
        deliver(store, "anna", &content(1, 1)).await;
        let quota = store.quota(anna.id).await.unwrap();
        assert_eq!(quota.used_bytes, quota.limit_bytes);
        let one_more = body(store, &content(1, 1)).await;
        let accepted = store.accept(to(one_more, &["anna"])).await.unwrap();
        assert_eq!(accepted.local, [LocalOutcome::OverQuota]);
        let body = body(store, &content(1, 1)).await;
        let message = NewMessage { body, flags: Flags::new(), internal_date: NOW };
        let appended = store.append(anna.id, MailboxName::inbox(), vec![message]).await;
        assert_eq!(appended.unwrap_err(), StoreError::OverQuota);
        let copied = store.copy(anna.id, anna.inbox, uids("2"), name("INBOX")).await;
        assert_eq!(copied.unwrap_err(), StoreError::OverQuota);
        // Moving weighs nothing, and what is deleted makes room.
        store.move_messages(anna.id, anna.inbox, uids("2"), name("INBOX")).await.unwrap();
        store.store_flags(anna.inbox, uids("3"), delete(), None).await.unwrap();
        store.expunge(anna.inbox, None).await.unwrap();
        deliver(store, "anna", &content(1, 1)).await;
    });
}

#[tokio::test]
async fn mailboxes_at_and_past() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        for n in 1..MAILBOXES_MAX - 1 {
            store.create_mailbox(anna.id, name(&format!("m{n}")), NOW).await.unwrap();
        }
        is_not_allowed(&store.create_mailbox(anna.id, name("a.b"), NOW).await);
        store.create_mailbox(anna.id, name("a"), NOW).await.unwrap();
        is_not_allowed(&store.create_mailbox(anna.id, name("c"), NOW).await);
        store.rename_mailbox(anna.id, name("a"), name("c"), NOW).await.unwrap();
        is_not_allowed(&store.rename_mailbox(anna.id, name("c"), name("d.e"), NOW).await);
        assert_eq!(store.mailboxes(anna.id).await.unwrap().len(), MAILBOXES_MAX);
    });
}

#[tokio::test]
async fn subscriptions_at_and_past() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        for n in 0..SUBSCRIPTIONS_MAX {
            store.subscribe(anna.id, name(&format!("m{n}")), true).await.unwrap();
        }
        is_not_allowed(&store.subscribe(anna.id, name("one-more"), true).await);
        store.subscribe(anna.id, name("m7"), true).await.unwrap();
        store.subscribe(anna.id, name("m7"), false).await.unwrap();
        store.subscribe(anna.id, name("one-more"), true).await.unwrap();
    });
}

#[tokio::test]
async fn keywords_at_and_past() {
    let words = |from: usize, n: usize| {
        let mut flags = Flags::new();
        for n in from..from + n {
            flags.insert_keyword(Keyword::parse(&format!("k{n}")).unwrap());
        }
        flags
    };
    on_both!(store, {
        let anna = account(store, "anna").await;
        deliver(store, "anna", &content(1, 1)).await;
        let full = FlagChange { op: FlagOp::Set, flags: words(0, KEYWORDS_PER_MESSAGE_MAX) };
        store.store_flags(anna.inbox, all(), full, None).await.unwrap();
        let more = FlagChange { op: FlagOp::Add, flags: words(100, 1) };
        is_not_allowed(&store.store_flags(anna.inbox, all(), more, None).await);
        let body = body(store, &content(1, 1)).await;
        let flags = words(0, KEYWORDS_PER_MESSAGE_MAX + 1);
        let message = NewMessage { body, flags, internal_date: NOW };
        is_not_allowed(&store.append(anna.id, MailboxName::inbox(), vec![message]).await);
    });
}

#[tokio::test]
async fn i16_metadata_values_at_and_past() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        let value = |n: usize| MetaValue {
            value: content(n as u64, 10),
            // The third expires first.
            expires: Timestamp(NOW.0 + if n == 2 { 10 } else { 100 + n as i64 }),
        };
        for n in 0..=META_VALUES_MAX {
            store.meta_put(anna.id, "token", value(n)).await.unwrap();
        }
        let kept = store.meta_get(anna.id, "token", NOW).await.unwrap();
        let expected: Vec<_> = (0..=META_VALUES_MAX).filter(|n| *n != 2).map(value).collect();
        assert_eq!(kept, expected);
        let long = |more: usize| {
            let value = content(1, META_VALUE_BYTES_MAX + more);
            MetaValue { value, expires: NOW }
        };
        store.meta_put(anna.id, "other", long(0)).await.unwrap();
        is_not_allowed(&store.meta_put(anna.id, "other", long(1)).await);
        // NOW is not later than NOW.
        assert_eq!(store.meta_get(anna.id, "other", NOW).await, Ok(Vec::new()));
    });
}

#[tokio::test]
async fn c4_below_the_reserve_mail_is_refused_and_deleting_works() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let anna = account(store.as_ref(), "anna").await;
    deliver(store.as_ref(), "anna", &content(1, 100_000)).await;
    store.close().await.unwrap();
    let reserve = Options { disk_reserve_bytes: u64::MAX, ..options(dir.path()) };
    let store = SqliteStore::open(reserve).unwrap();
    let small = body(store.as_ref(), &content(1, 10)).await;
    assert_eq!(store.accept(to(small, &["anna"])).await, Err(StoreError::Full));
    let mut writer = store.body_writer();
    assert_eq!(writer.write(content(1, 1_000_000)).await, Err(StoreError::Full));
    assert_eq!(store.create_account(new_account("berta")).await, Err(StoreError::Full));
    store.store_flags(anna.inbox, all(), delete(), None).await.unwrap();
    assert_eq!(store.expunge(anna.inbox, None).await.unwrap().uids, uids("1"));
    assert_eq!(Options::new("x".into()).disk_reserve_bytes, DISK_RESERVE_BYTES);
}

#[tokio::test]
async fn the_model_can_play_a_full_and_a_failing_disk() {
    let store = MemoryStore::new(QUOTA_BYTES);
    account(store.as_ref(), "anna").await;
    store.set_full(true);
    let small = body(store.as_ref(), &content(1, 10)).await;
    assert_eq!(store.accept(to(small, &["anna"])).await, Err(StoreError::Full));
    store.set_full(false);
    deliver(store.as_ref(), "anna", &content(1, 10)).await;
    store.fail("on purpose");
    assert_eq!(store.failed().await, "on purpose");
    let refused = store.find_account(&address("anna")).await;
    assert_eq!(refused, Err(StoreError::Unavailable("on purpose".into())));
}
