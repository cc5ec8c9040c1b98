//! Local recipients that got nothing: who, why, and the report that says so (RFC 3464).

use mail::{Address, Domain, Timestamp};
use smtp::Reply;
use smtp::dsn::{DeliveryReport, FailedRecipient};
use store::{Accepted, LocalOutcome, StoreError};

/// The local recipients that got nothing, with the reply each of them means.
pub(crate) fn refusals(local: &[Address], accepted: &Accepted) -> Vec<(Address, Reply)> {
    let outcomes = local.iter().zip(&accepted.local);
    let refusals = outcomes.filter_map(|(recipient, outcome)| match outcome {
        LocalOutcome::Stored { .. } => None,
        LocalOutcome::NoSuchUser => Some((recipient.clone(), Reply::no_such_user(recipient))),
        LocalOutcome::OverQuota => Some((recipient.clone(), Reply::over_quota(recipient))),
    });
    refusals.collect()
}

/// Who reports, and when.
pub(crate) struct Reporter<'a> {
    /// How the server calls itself.
    pub(crate) hostname: &'a str,
    /// Where MAILER-DAEMON lives.
    pub(crate) domain: &'a Domain,
    /// Now.
    pub(crate) now: Timestamp,
}

impl Reporter<'_> {
    /// The report to `sender` about a message with the header block `head`.
    pub(crate) fn report(
        &self,
        sender: &Address,
        refusals: &[(Address, Reply)],
        head: &[u8],
    ) -> Vec<u8> {
        let failures: Vec<_> = refusals.iter().map(failed).collect();
        let report = DeliveryReport {
            reporting_mta: self.hostname,
            from_domain: self.domain,
            to: sender,
            failures: &failures,
            original: head,
            original_is_whole: false,
            date: &self.now.to_rfc5322(),
            token: &net::random::alphanumeric(24),
        };
        report.render()
    }
}

fn failed((recipient, reply): &(Address, Reply)) -> FailedRecipient {
    FailedRecipient {
        recipient: recipient.clone(),
        status: reply.enhanced().unwrap_or((5, 0, 0)),
        diagnostic: reply.to_string(),
        remote_mta: None,
    }
}

/// How a store error sounds to a sender: always "later", because it is never the sender's fault.
#[expect(clippy::needless_pass_by_value, reason = "it is made for map_err")]
pub(crate) fn storage(error: StoreError) -> Reply {
    tracing::warn!(%error, "a message could not be stored");
    match error {
        StoreError::Full => Reply::insufficient_storage(),
        _ => Reply::local_error(),
    }
}
