//! The report to a local sender that some local recipients got nothing.
//!
//! It is on disk before the sender's `250`, so that no message vanishes without a word.

use bytes::Bytes;
use mail::Address;
use smtp::Reply;
use store::{Acceptance, Result};

use super::SubmissionDoor;
use crate::undelivered::Reporter;

pub(super) async fn send(
    door: &SubmissionDoor,
    sender: Address,
    refusals: &[(Address, Reply)],
    original_head: &[u8],
) -> Result<()> {
    let now = door.clock.now();
    let settings = &door.settings;
    let reporter = Reporter { hostname: &settings.hostname, domain: &settings.domain, now };
    let report = reporter.report(&sender, refusals, original_head);
    let acceptance = Acceptance {
        dedupe: None,
        body: Bytes::from(report).into(),
        local: vec![sender],
        remote: Vec::new(),
        now,
    };
    // A sender whose own mailbox is full or gone gets no report; there is nobody else to tell.
    door.store.accept(acceptance).await.map(|_| ())
}
