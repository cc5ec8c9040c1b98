//! One message on its way in: envelope, bytes, verdict, commit, reply.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use mail::gate::Findings;
use mail::{Address, Domain};
use policy::rate::TooSoon;
use policy::submit::{SubmissionFacts, SubmitRefusal, may_send_as, submit};
use smtp::Reply;
use smtp::ask::Answer;
use smtp::data::DataFault;
use store::{Acceptance, DedupeKey, RemoteEnvelope};

use super::SubmissionDoor;
use super::message::{Incoming, Taken};
use super::report;
use crate::undelivered::{refusals, storage};

pub(super) struct Transaction {
    sender: Option<Address>,
    recipients: Vec<Address>,
    /// The sender is who is logged in, and the rate was charged.
    admitted: bool,
    incoming: Option<Incoming>,
}

/// Where a message goes: to our own mailboxes, and to each other domain.
struct Routes {
    local: Vec<Address>,
    remote: Vec<RemoteEnvelope>,
}

impl Transaction {
    pub(super) fn new(sender: Option<Address>) -> Self {
        Transaction { sender, recipients: Vec::new(), admitted: false, incoming: None }
    }

    /// Whether this user may send this message at all; asked before each recipient, charged once.
    pub(super) fn admit(&mut self, door: &SubmissionDoor, login: &Address) -> Result<(), Reply> {
        if self.admitted {
            return Ok(());
        }
        if let Some(sender) = &self.sender {
            may_send_as(login, Some(sender)).map_err(|_| Reply::sender_not_owned(sender, login))?;
            door.charge(sender).map_err(|it| Reply::too_much_mail(sender, whole_seconds(it)))?;
        }
        self.admitted = true;
        Ok(())
    }

    pub(super) fn add(&mut self, recipient: Address) {
        self.recipients.push(recipient);
    }

    pub(super) fn begin(&mut self, door: &SubmissionDoor) -> Answer {
        self.incoming = Some(Incoming::new(door.store.body_writer()));
        Answer::Go
    }

    pub(super) async fn content(&mut self, bytes: Bytes) {
        if let Some(incoming) = &mut self.incoming {
            incoming.write(bytes).await;
        }
    }

    /// The final dot: decides, commits, answers.
    pub(super) async fn end(self, door: &SubmissionDoor, fault: Option<DataFault>) -> Reply {
        match self.try_end(door, fault).await {
            Ok(()) => Reply::accepted(),
            Err(reply) => reply,
        }
    }

    async fn try_end(
        mut self,
        door: &SubmissionDoor,
        fault: Option<DataFault>,
    ) -> Result<(), Reply> {
        if let Some(fault) = fault {
            return Err(fault.reply());
        }
        let incoming = self.incoming.take().ok_or_else(Reply::local_error)?;
        let (findings, taken) = incoming.finish().map_err(Reply::unparsable)?;
        self.judge(&findings)?;
        // The null sender is nobody's From, so that nothing of it gets here.
        let sender = self.sender.ok_or_else(Reply::local_error)?;
        if is_blocked(door, &sender).await? {
            // A blocked user is not told (mail specification 1.5).
            return Ok(());
        }
        let routes = route(&door.settings.domain, self.recipients, &sender);
        commit(door, &sender, routes.without_blocked(door).await?, taken).await
    }

    fn judge(&self, findings: &Findings) -> Result<(), Reply> {
        let facts = SubmissionFacts {
            sender: self.sender.as_ref(),
            recipients: &self.recipients,
            findings,
        };
        submit(&facts).map_err(|refusal| self.refused(&refusal))
    }

    fn refused(&self, refusal: &SubmitRefusal) -> Reply {
        let sender = self.sender.as_ref().map_or("", Address::as_str);
        match refusal {
            SubmitRefusal::FromUnusable(why) => Reply::invalid_from_header(why),
            SubmitRefusal::FromDiffers(from) => Reply::invalid_from(from.as_str(), sender),
            SubmitRefusal::NotEncrypted => {
                tracing::info!("rejected unencrypted mail");
                Reply::encryption_needed()
            }
            SubmitRefusal::TooManyHops => Reply::too_many_hops(),
        }
    }
}

/// Puts the message into every mailbox and every queue, or nowhere. Who got nothing is told to the
/// sender by a report; if that is not possible, by the reply, although others got the message.
///
/// When the report meets trouble after the message was stored, the sender is asked to try again:
/// whoever got the message gets it twice then, but nobody misses it without a word.
async fn commit(
    door: &SubmissionDoor,
    sender: &Address,
    routes: Routes,
    taken: Taken,
) -> Result<(), Reply> {
    let Routes { local, remote } = routes;
    if local.is_empty() && remote.is_empty() {
        return Ok(());
    }
    let (body, head) = taken.prepared(door).await.map_err(storage)?;
    let acceptance = Acceptance {
        dedupe: Some(DedupeKey(net::random::bytes())),
        body,
        local: local.clone(),
        remote,
        now: door.clock.now(),
    };
    let accepted = door.store.accept(acceptance).await.map_err(storage)?;
    let refusals = refusals(&local, &accepted);
    if refusals.is_empty() || report::send(door, sender, &refusals, &head).await.map_err(storage)? {
        return Ok(());
    }
    // The copy to oneself that one's own full mailbox has no room for is no failure.
    match refusals.into_iter().find(|(recipient, _)| recipient != sender) {
        Some((_, reply)) => Err(reply),
        None => Ok(()),
    }
}

/// Whether the operator blocked a user since it logged in.
async fn is_blocked(door: &SubmissionDoor, sender: &Address) -> Result<bool, Reply> {
    let account = door.store.find_account(sender).await.map_err(storage)?;
    account.map(|account| !account.enabled).ok_or_else(Reply::login_first)
}

impl Routes {
    /// Blocked users get nothing, and nobody is told (mail specification 1.5).
    async fn without_blocked(mut self, door: &SubmissionDoor) -> Result<Routes, Reply> {
        let mut local = Vec::with_capacity(self.local.len());
        for recipient in self.local {
            let account = door.store.find_account(&recipient).await.map_err(storage)?;
            if account.is_none_or(|account| account.enabled) {
                local.push(recipient);
            }
        }
        self.local = local;
        Ok(self)
    }
}

/// "Which recipients are ours" has its one place here. Each gets the message once.
fn route(domain: &Domain, recipients: Vec<Address>, sender: &Address) -> Routes {
    let (mut seen, mut local) = (HashSet::new(), Vec::new());
    let mut elsewhere: BTreeMap<Domain, Vec<Address>> = BTreeMap::new();
    for recipient in recipients {
        let is_ours = recipient.domain() == domain;
        let recipient = if is_ours { recipient.without_tag() } else { recipient };
        if !seen.insert(recipient.clone()) {
            continue;
        }
        if is_ours {
            local.push(recipient);
        } else {
            elsewhere.entry(recipient.domain().clone()).or_default().push(recipient);
        }
    }
    let to =
        |(domain, recipients)| RemoteEnvelope { sender: Some(sender.clone()), domain, recipients };
    Routes { local, remote: elsewhere.into_iter().map(to).collect() }
}

/// Rounded up: who waits this long is let in.
fn whole_seconds(too_soon: TooSoon) -> u64 {
    u64::try_from(too_soon.wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
}
