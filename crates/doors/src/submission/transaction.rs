//! One message on its way in: envelope, bytes, verdict, commit, reply.

use bytes::Bytes;
use mail::gate::Findings;
use mail::{Address, Domain};
use policy::submit::{SubmissionFacts, SubmitRefusal, may_send_as, submit};
use smtp::Reply;
use smtp::ask::Answer;
use smtp::data::DataFault;
use store::{Acceptance, DedupeKey, RemoteEnvelope};

use super::SubmissionDoor;
use super::message::{Incoming, Stamp, Taken};
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
            door.charge(sender)
                .map_err(|it| Reply::too_much_mail(sender, it.wait.as_secs() + 1))?;
        }
        self.admitted = true;
        Ok(())
    }

    pub(super) fn add(&mut self, recipient: Address) {
        self.recipients.push(recipient);
    }

    pub(super) fn begin(&mut self, door: &SubmissionDoor) -> Answer {
        self.incoming = Some(Incoming::new(door.store.body_writer(), Stamp::new(door)));
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
        let taken = incoming.finish().await;
        let findings = taken.findings.as_ref().map_err(Reply::unparsable)?;
        self.judge(findings)?;
        self.commit(door, taken).await
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

    async fn commit(self, door: &SubmissionDoor, taken: Taken) -> Result<(), Reply> {
        let body = taken.body.map_err(storage)?;
        let head = taken.head;
        let Routes { local, remote } = route(&door.settings.domain, self.recipients, &self.sender);
        let acceptance = Acceptance {
            dedupe: Some(DedupeKey(net::random::bytes())),
            body,
            local: local.clone(),
            remote,
            now: door.clock.now(),
        };
        let accepted = door.store.accept(acceptance).await.map_err(storage)?;
        let refusals = refusals(&local, &accepted);
        match self.sender {
            Some(sender) if !refusals.is_empty() => {
                report::send(door, sender, &refusals, &head).await.map_err(storage)
            }
            _ => Ok(()),
        }
    }
}

/// "Which recipients are ours" has its one place here.
fn route(domain: &Domain, recipients: Vec<Address>, sender: &Option<Address>) -> Routes {
    let mut routes = Routes { local: Vec::new(), remote: Vec::new() };
    for recipient in recipients {
        if recipient.domain() == domain {
            let resolved = recipient.without_tag();
            if !routes.local.contains(&resolved) {
                routes.local.push(resolved);
            }
            continue;
        }
        match routes.remote.iter_mut().find(|it| it.domain == *recipient.domain()) {
            Some(envelope) if envelope.recipients.contains(&recipient) => {}
            Some(envelope) => envelope.recipients.push(recipient),
            None => routes.remote.push(RemoteEnvelope {
                sender: sender.clone(),
                domain: recipient.domain().clone(),
                recipients: vec![recipient],
            }),
        }
    }
    routes
}
