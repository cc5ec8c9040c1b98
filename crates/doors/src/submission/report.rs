//! The report to a local sender that some local recipients got nothing.
//!
//! It is on disk before the sender's `250`, so that no message vanishes without a word.

use bytes::Bytes;
use mail::Address;
use smtp::Reply;
use store::{Acceptance, LocalOutcome, Result};

use super::SubmissionDoor;
use crate::undelivered::Reporter;

/// False if the sender cannot be told: its own mailbox is full, or gone.
pub(super) async fn send(
    door: &SubmissionDoor,
    sender: &Address,
    refusals: &[(Address, Reply)],
    original_head: &[u8],
) -> Result<bool> {
    let now = door.clock.now();
    let settings = &door.settings;
    let reporter = Reporter { hostname: &settings.hostname, domain: &settings.domain, now };
    let report = reporter.report(sender, refusals, original_head);
    let acceptance = Acceptance {
        dedupe: None,
        body: Bytes::from(report).into(),
        local: vec![sender.clone()],
        remote: Vec::new(),
        now,
    };
    let accepted = door.store.accept(acceptance).await?;
    Ok(matches!(accepted.local[..], [LocalOutcome::Stored { .. }]))
}
