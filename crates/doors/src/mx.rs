//! The door for other servers: mail from elsewhere, on port 25.
//!
//! Joins the SMTP machine with the encryption gate, the decision on what may come in, DKIM, header
//! clean-up and the store. TLS is demanded, recipients elsewhere are refused, and who exists here is
//! not told at RCPT. `250` is said after [`store::Store::accept`] returned, which is after the
//! flush.
//!
//! A [`Delivery`] is one message whatever brought it, so that other ways in have the same rules.

mod delivery;
mod message;
mod origin;

use std::sync::Arc;

use mail::Domain;
use net::{Accepted, Clock, Resolver};
use smtp::ask::{Answer, Ask};
use smtp::{Kind, Profile, Reply, Server, TlsState};
use store::Store;

use crate::line::Line;
pub use crate::smtp_talk::Pause;
use crate::smtp_talk::{self, Dialogue};
pub(crate) use delivery::Delivery;

/// What all connections from other servers share.
pub struct MxDoor {
    store: Arc<dyn Store>,
    resolver: Resolver,
    clock: Clock,
    settings: MxSettings,
}

/// What an operator decides about mail from elsewhere.
#[derive(Clone, Debug)]
pub struct MxSettings {
    /// How the server calls itself.
    pub hostname: Arc<str>,
    /// Whose mail is delivered here.
    pub domain: Domain,
    /// Largest message, in bytes.
    pub message_size_max: u64,
    /// Most recipients of one message.
    pub recipients_max: usize,
    /// Whether the author's domain has to vouch for a message. Only test rigs do without.
    pub check_origin: bool,
}

impl MxDoor {
    /// A door to `store`.
    pub fn new(
        store: Arc<dyn Store>,
        resolver: Resolver,
        clock: Clock,
        settings: MxSettings,
    ) -> Self {
        if !settings.check_origin {
            tracing::warn!("mail from elsewhere is taken without DKIM: anybody can forge it");
        }
        MxDoor { store, resolver, clock, settings }
    }

    fn profile(&self, tls: TlsState) -> Profile {
        Profile {
            hostname: Arc::clone(&self.settings.hostname),
            kind: Kind::Mx,
            tls,
            message_size_max: self.settings.message_size_max,
            recipients_max: self.settings.recipients_max,
        }
    }
}

/// One server's conversation, without a socket.
pub struct Conversation {
    door: Arc<MxDoor>,
    machine: Server,
    delivery: Option<Box<Delivery>>,
}

impl Conversation {
    /// A conversation that begins; the banner is in the output after the first run.
    pub fn new(door: Arc<MxDoor>, tls: TlsState) -> Self {
        let machine = Server::new(door.profile(tls));
        Conversation { door, machine, delivery: None }
    }

    /// Runs until something is needed from outside.
    pub async fn run(&mut self) -> Pause {
        smtp_talk::run(self).await
    }

    /// The machine: bytes in and out, time and TLS.
    pub fn machine(&mut self) -> &mut Server {
        &mut self.machine
    }

    /// What a question within a transaction is answered with if there is none.
    fn lost() -> Answer {
        Answer::RefuseAndClose(Reply::local_error())
    }
}

impl Dialogue for Conversation {
    fn machine(&mut self) -> &mut Server {
        &mut self.machine
    }

    async fn answer(&mut self, ask: Ask) -> Answer {
        match (ask, &mut self.delivery) {
            // Other servers are not offered AUTH.
            (Ask::Authenticate { .. }, _) => Answer::Refuse(Reply::auth_not_offered()),
            (Ask::Mail { sender, .. }, delivery) => {
                *delivery = Some(Box::new(Delivery::new(sender)));
                Answer::Go
            }
            (Ask::Recipient(recipient), Some(delivery)) => {
                delivery.add(&self.door, &recipient).map_or_else(Answer::Refuse, |()| Answer::Go)
            }
            (Ask::DataBegin, Some(delivery)) => {
                delivery.begin(&self.door);
                Answer::Go
            }
            (Ask::Content(bytes), Some(delivery)) => {
                delivery.content(bytes).await;
                Answer::Go
            }
            (Ask::DataEnd { fault, .. }, delivery) => match (delivery.take(), fault) {
                (None, _) => Self::lost(),
                (Some(_), Some(fault)) => Answer::Reply(fault.reply()),
                (Some(delivery), None) => Answer::Reply(delivery.end(&self.door).await),
            },
            (Ask::Reset, delivery) => {
                *delivery = None;
                Answer::Go
            }
            (_, None) => Self::lost(),
        }
    }
}

/// Serves one connection to its end.
pub async fn serve(door: Arc<MxDoor>, connection: Accepted) {
    let line = Line::new(connection);
    let tls = if line.is_tls() { TlsState::Established } else { TlsState::Offered };
    let clock = door.clock.clone();
    smtp_talk::serve(Conversation::new(door, tls), line, clock).await;
}

#[cfg(test)]
mod tests;
