//! A mailbox that gets full makes room by itself.

use mail::limits::TRIM_SPARES_S;
use mail::{Address, Timestamp};
use store::{Acceptance, Accepted, LocalOutcome, Store};

use crate::support::*;

/// A tenth of the quota.
const TENTH: usize = QUOTA_BYTES as usize / 10;

async fn deliver_at(store: &dyn Store, to: &Address, size: usize, now: Timestamp) -> Accepted {
    let body = body(store, &content(now.0.unsigned_abs(), size)).await;
    let (dedupe, local, remote) = (None, vec![to.clone()], Vec::new());
    store.accept(Acceptance { dedupe, body, local, remote, now }).await.unwrap()
}

#[tokio::test]
async fn a_delivery_that_crosses_the_mark_pushes_out_the_oldest() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        for _ in 0..7 {
            deliver_at(store, &anna.address, TENTH, NOW).await;
        }
        let later = Timestamp(NOW.0 + TRIM_SPARES_S);
        let crossing = deliver_at(store, &anna.address, TENTH, later).await;
        assert!(matches!(crossing.local[0], LocalOutcome::Stored { .. }));
        assert_eq!(inbox_uids(store, anna.id).await, uids("2:8"));
    });
}

#[tokio::test]
async fn i11_fresh_mail_is_spared_and_a_mailbox_full_of_it_refuses() {
    on_both!(store, {
        let anna = account(store, "anna").await;
        for _ in 0..10 {
            deliver_at(store, &anna.address, TENTH, NOW).await;
        }
        let soon = Timestamp(NOW.0 + TRIM_SPARES_S - 1);
        let refused = deliver_at(store, &anna.address, TENTH, soon).await;
        assert_eq!(refused.local[0], LocalOutcome::OverQuota);
        let later = Timestamp(NOW.0 + TRIM_SPARES_S);
        let taken = deliver_at(store, &anna.address, TENTH, later).await;
        assert!(matches!(taken.local[0], LocalOutcome::Stored { .. }));
        assert!(store.quota(anna.id).await.unwrap().used_bytes <= 7 * TENTH as u64);
    });
}
