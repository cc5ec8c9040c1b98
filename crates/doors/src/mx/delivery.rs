//! One message from elsewhere: envelope, bytes, verdict, commit, reply.

use bytes::Bytes;
use mail::Address;
use mail::gate::{Class, Findings};
use mail::header::HeaderBlock;
use policy::accept::{
    AcceptRefusal, Admission, IncomingFacts, Origin, Recipient, Standing, accept, is_ours,
};
use smtp::Reply;
use store::{Acceptance, Account, DedupeKey, RemoteEnvelope};

use super::MxDoor;
use super::message::{Incoming, Taken, Untaken};
use super::origin;
use crate::undelivered::{Reporter, refusals, storage};

/// One message, whatever brings it. Refusals are replies; nothing is kept of a refused message.
pub(crate) struct Delivery {
    sender: Option<Address>,
    /// Without tags, each once.
    recipients: Vec<Address>,
    incoming: Option<Incoming>,
}

impl Delivery {
    /// A message from this envelope sender; `None` is the null sender.
    pub(crate) fn new(sender: Option<Address>) -> Self {
        Delivery { sender, recipients: Vec::new(), incoming: None }
    }

    /// One more recipient. Whether there is such a user is not said here.
    pub(crate) fn add(&mut self, door: &MxDoor, recipient: &Address) -> Result<(), Reply> {
        if !is_ours(recipient, &door.settings.domain) {
            return Err(Reply::relay_denied(recipient));
        }
        let resolved = recipient.without_tag();
        if !self.recipients.contains(&resolved) {
            self.recipients.push(resolved);
        }
        Ok(())
    }

    /// The content begins.
    pub(crate) fn begin(&mut self, door: &MxDoor) {
        self.incoming = Some(Incoming::new(door.store.body_writer()));
    }

    /// The next bytes, without dot-stuffing.
    pub(crate) async fn content(&mut self, bytes: Bytes) {
        if let Some(incoming) = &mut self.incoming {
            incoming.write(bytes).await;
        }
    }

    /// The content is complete and without fault: decides, commits, answers.
    pub(crate) async fn end(self, door: &MxDoor) -> Reply {
        match self.try_end(door).await {
            Ok(()) => Reply::accepted(),
            Err(reply) => reply,
        }
    }

    async fn try_end(mut self, door: &MxDoor) -> Result<(), Reply> {
        let incoming = self.incoming.take().ok_or_else(Reply::local_error)?;
        let (findings, taken) = incoming.finish().map_err(untaken)?;
        let admission = self.judge(door, &findings, &taken).await?;
        if std::str::from_utf8(taken.header()).is_err() {
            return Err(Reply::not_utf8());
        }
        let proven = match &admission.origin {
            Origin::Domain(domain) if door.settings.check_origin => {
                origin::check(door, &taken.verifier, domain).await?;
                true
            }
            Origin::Domain(_) | Origin::AddressLiteral => false,
        };
        if admission.recipients.is_empty() {
            return Ok(());
        }
        // No report goes to who may be forged, none about a report.
        let informed = proven && findings.class != Class::Report;
        commit(door, taken, admission.recipients, admission.sender.filter(|_| informed)).await
    }

    async fn judge(
        &self,
        door: &MxDoor,
        findings: &Findings,
        taken: &Taken,
    ) -> Result<Admission, Reply> {
        let mut recipients = Vec::with_capacity(self.recipients.len());
        for address in &self.recipients {
            let account = door.store.find_account(address).await.map_err(storage)?;
            recipients.push(Recipient {
                address: address.clone(),
                account: account.as_ref().map(standing),
            });
        }
        let facts = IncomingFacts {
            sender: self.sender.as_ref(),
            recipients: &recipients,
            findings,
            was_here: was_delivered(taken.header(), &self.recipients),
        };
        accept(&facts).map_err(refused)
    }
}

/// No account here was made before encryption was demanded, so none takes clear text.
fn standing(account: &Account) -> Standing {
    Standing { enabled: account.enabled, accepts_cleartext: false }
}

fn was_delivered(header: &[u8], recipients: &[Address]) -> bool {
    let to = |value: &[u8]| Address::parse(std::str::from_utf8(value).ok()?).ok();
    let traces = HeaderBlock::new(header);
    traces
        .all("Delivered-To")
        .filter_map(|field| to(&field.unfolded()))
        .any(|address| recipients.contains(&address.without_tag()))
}

/// Puts the message into every mailbox. Who got nothing is told to `informed` by a report; without
/// somebody to inform, a message that nobody got is refused.
async fn commit(
    door: &MxDoor,
    taken: Taken,
    local: Vec<Address>,
    informed: Option<Address>,
) -> Result<(), Reply> {
    let (body, head) = taken.prepared().await.map_err(storage)?;
    let acceptance = Acceptance {
        dedupe: Some(DedupeKey(net::random::bytes())),
        body,
        local: local.clone(),
        remote: Vec::new(),
        now: door.clock.now(),
    };
    let accepted = door.store.accept(acceptance).await.map_err(storage)?;
    let refusals = refusals(&local, &accepted);
    match (informed, refusals.first()) {
        (_, None) => Ok(()),
        (Some(sender), Some(_)) => report(door, sender, &refusals, &head).await,
        (None, Some((_, reply))) if refusals.len() == local.len() => Err(reply.clone()),
        (None, Some(_)) => {
            tracing::info!(missed = refusals.len(), "recipients missed, and nobody to tell");
            Ok(())
        }
    }
}

/// The report is on disk before the sender's `250`, so that no message vanishes without a word.
async fn report(
    door: &MxDoor,
    sender: Address,
    refusals: &[(Address, Reply)],
    head: &[u8],
) -> Result<(), Reply> {
    let now = door.clock.now();
    let settings = &door.settings;
    let reporter = Reporter { hostname: &settings.hostname, domain: &settings.domain, now };
    let body = Bytes::from(reporter.report(&sender, refusals, head)).into();
    let (local, remote) = match sender.domain() == &settings.domain {
        true => (vec![sender], Vec::new()),
        false => (Vec::new(), vec![to_remote(sender)]),
    };
    let acceptance = Acceptance { dedupe: None, body, local, remote, now };
    door.store.accept(acceptance).await.map_err(storage)?;
    Ok(())
}

/// Reports have no sender, so that none is ever answered by another.
fn to_remote(sender: Address) -> RemoteEnvelope {
    let domain = sender.domain().clone();
    RemoteEnvelope { sender: None, domain, recipients: vec![sender] }
}

fn untaken(why: Untaken) -> Reply {
    match why {
        Untaken::Unparsable(error) => Reply::unparsable(error),
        Untaken::Storage(error) => storage(error),
    }
}

fn refused(refusal: AcceptRefusal) -> Reply {
    match refusal {
        AcceptRefusal::FromUnusable(why) => Reply::invalid_from_header(why),
        AcceptRefusal::Loop => Reply::too_many_hops(),
        AcceptRefusal::NotEncrypted => {
            tracing::info!("rejected unencrypted mail from elsewhere");
            Reply::encryption_needed()
        }
    }
}
