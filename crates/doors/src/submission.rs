//! The submission door: mail from our own users, on 587, 465 and 443.
//!
//! Joins the SMTP machine with accounts, the rate limit, the encryption gate, header clean-up and
//! the store. `250` is said after [`store::Store::accept`] returned, which is after the flush.

mod message;
mod report;
mod transaction;

use std::sync::{Arc, Mutex, PoisonError};

use mail::{Address, Domain, limits};
use net::{Accepted, Clock};
use policy::rate::{Gcra, RateTable, TooSoon};
use smtp::ask::{Answer, Ask};
use smtp::{Kind, Profile, Reply, Server, TlsState};
use store::Store;

use crate::accounts::{Accounts, Door, Entry};
use crate::line::Line;
pub use crate::smtp_talk::Pause;
use crate::smtp_talk::{self, Dialogue};
use transaction::Transaction;

/// What all submission connections share.
pub struct SubmissionDoor {
    store: Arc<dyn Store>,
    accounts: Arc<Accounts>,
    clock: Clock,
    settings: SubmissionSettings,
    rates: Option<Mutex<RateTable<Address>>>,
}

/// What an operator decides about submission.
#[derive(Clone, Debug)]
pub struct SubmissionSettings {
    /// How the server calls itself.
    pub hostname: Arc<str>,
    /// Whose mail is delivered here.
    pub domain: Domain,
    /// Largest message, in bytes.
    pub message_size_max: u64,
    /// Most recipients of one message.
    pub recipients_max: usize,
    /// Messages a user may send; `None` lifts the limit.
    pub rate: Option<Gcra>,
}

impl SubmissionDoor {
    /// A door to `store`.
    pub fn new(
        store: Arc<dyn Store>,
        accounts: Arc<Accounts>,
        clock: Clock,
        settings: SubmissionSettings,
    ) -> Self {
        let rates = settings.rate.map(|rate| RateTable::new(rate, limits::RATE_ENTRIES_MAX));
        SubmissionDoor { store, accounts, clock, rates: rates.map(Mutex::new), settings }
    }

    /// One message more of this sender.
    fn charge(&self, sender: &Address) -> Result<(), TooSoon> {
        let Some(rates) = &self.rates else { return Ok(()) };
        let mut rates = rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.take(sender.clone(), self.clock.elapsed())
    }

    fn profile(&self, tls: TlsState) -> Profile {
        Profile {
            hostname: Arc::clone(&self.settings.hostname),
            kind: Kind::Submission,
            tls,
            message_size_max: self.settings.message_size_max,
            recipients_max: self.settings.recipients_max,
        }
    }
}

/// One client's conversation, without a socket.
pub struct Conversation {
    door: Arc<SubmissionDoor>,
    machine: Server,
    login: Option<Address>,
    transaction: Option<Box<Transaction>>,
}

impl Conversation {
    /// A conversation that begins; the banner is in the output after the first run.
    pub fn new(door: Arc<SubmissionDoor>, tls: TlsState) -> Self {
        let machine = Server::new(door.profile(tls));
        Conversation { door, machine, login: None, transaction: None }
    }

    /// Runs until something is needed from outside.
    pub async fn run(&mut self) -> Pause {
        smtp_talk::run(self).await
    }

    /// The machine: bytes in and out, time and TLS.
    pub fn machine(&mut self) -> &mut Server {
        &mut self.machine
    }

    fn with_transaction(
        &mut self,
        act: impl FnOnce(&SubmissionDoor, &mut Transaction) -> Answer,
    ) -> Answer {
        match &mut self.transaction {
            Some(transaction) => act(&self.door, transaction),
            None => Answer::RefuseAndClose(Reply::local_error()),
        }
    }

    async fn authenticate(&mut self, user: &[u8], password: &[u8]) -> Answer {
        match self.door.accounts.enter(user, password, Door::Submission).await {
            Entry::Welcome(account) => {
                self.login = Some(account.address);
                Answer::Authenticated
            }
            Entry::Refused => Answer::Refuse(Reply::login_failed()),
            Entry::Unavailable => Answer::Refuse(Reply::login_unavailable()),
        }
    }

    /// The sender's refusals are given here, where client libraries look for them (mail specification
    /// 2.4). The rate is charged once for each message, at its first good recipient.
    fn recipient(&mut self, recipient: Address) -> Answer {
        let Some(login) = self.login.clone() else {
            return Answer::Refuse(Reply::login_first());
        };
        self.with_transaction(|door, transaction| match transaction.admit(door, &login) {
            Ok(()) => {
                transaction.add(recipient);
                Answer::Go
            }
            Err(reply) => Answer::Refuse(reply),
        })
    }
}

impl Dialogue for Conversation {
    fn machine(&mut self) -> &mut Server {
        &mut self.machine
    }

    async fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Authenticate { user, password } => self.authenticate(&user, &password).await,
            Ask::Mail { sender, .. } => {
                self.transaction = Some(Box::new(Transaction::new(sender)));
                Answer::Go
            }
            Ask::Recipient(recipient) => self.recipient(recipient),
            Ask::DataBegin => self.with_transaction(|door, transaction| transaction.begin(door)),
            Ask::Content(bytes) => match &mut self.transaction {
                Some(transaction) => {
                    transaction.content(bytes).await;
                    Answer::Go
                }
                None => Answer::RefuseAndClose(Reply::local_error()),
            },
            Ask::DataEnd { fault, .. } => match self.transaction.take() {
                Some(transaction) => Answer::Reply(transaction.end(&self.door, fault).await),
                None => Answer::RefuseAndClose(Reply::local_error()),
            },
            Ask::Reset => {
                self.transaction = None;
                Answer::Go
            }
        }
    }
}

/// Serves one connection to its end.
pub async fn serve(door: Arc<SubmissionDoor>, connection: Accepted) {
    let line = Line::new(connection);
    let tls = if line.is_tls() { TlsState::Established } else { TlsState::Offered };
    let clock = door.clock.clone();
    smtp_talk::serve(Conversation::new(door, tls), line, clock).await;
}

#[cfg(test)]
mod tests;
