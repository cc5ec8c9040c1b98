//! The report to a local sender that some local recipients got nothing (RFC 3464).
//!
//! It is on disk before the sender's `250`, so that no message vanishes without a word.

use mail::Address;
use smtp::dsn::{DeliveryReport, FailedRecipient};
use store::{Acceptance, LocalOutcome, Result};

use super::SubmissionDoor;

pub(super) async fn send(
    door: &SubmissionDoor,
    sender: &Address,
    failures: &[(Address, LocalOutcome)],
    original_head: &[u8],
) -> Result<()> {
    let now = door.clock.now();
    let failed: Vec<_> = failures.iter().map(describe).collect();
    let token = net::random::alphanumeric(24);
    let report = DeliveryReport {
        reporting_mta: &door.settings.hostname,
        from_domain: &door.settings.domain,
        to: sender,
        failures: &failed,
        original: original_head,
        original_is_whole: false,
        date: &now.to_rfc5322(),
        token: &token,
    };
    let mut writer = door.store.body_writer();
    writer.write(report.render().into()).await?;
    let acceptance = Acceptance {
        dedupe: None,
        body: writer.finish().await?,
        local: vec![sender.clone()],
        remote: Vec::new(),
        now,
    };
    // A sender whose own mailbox is full or gone gets no report; there is nobody else to tell.
    door.store.accept(acceptance).await.map(|_| ())
}

fn describe((recipient, outcome): &(Address, LocalOutcome)) -> FailedRecipient {
    let (status, diagnostic) = match outcome {
        LocalOutcome::OverQuota => {
            ((5, 2, 2), format!("552 5.2.2 <{recipient}> Quota exceeded (mailbox for user is full)"))
        }
        _ => (
            (5, 1, 1),
            format!("550 5.1.1 <{recipient}> User doesn't exist: {recipient}"),
        ),
    };
    FailedRecipient { recipient: recipient.clone(), status, diagnostic, remote_mta: None }
}
