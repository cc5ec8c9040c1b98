//! The submission door: mail from our own users, on 587, 465 and 443.
//!
//! Joins the SMTP machine with accounts, the rate limit, the encryption gate, header clean-up and
//! the store. `250` is said after [`store::Store::accept`] returned, which is after the flush.

mod message;
mod report;
mod transaction;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mail::{Address, Domain, limits};
use net::{Accepted, Clock};
use policy::rate::{Gcra, RateTable, TooSoon};
use smtp::ask::{Answer, Ask, Step};
use smtp::{Kind, Profile, Reply, Server, TlsState};
use store::Store;

use crate::accounts::{Accounts, Door, Entry};
use crate::line::{Heard, Line};
use transaction::Transaction;

/// What all submission connections share.
pub struct SubmissionDoor {
    store: Arc<dyn Store>,
    accounts: Arc<Accounts>,
    clock: Clock,
    settings: SubmissionSettings,
    rates: Option<Mutex<RateTable<Address>>>,
    login_failure_delay: Duration,
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
        SubmissionDoor {
            store,
            accounts,
            clock,
            rates: rates.map(Mutex::new),
            settings,
            login_failure_delay: Duration::from_millis(limits::LOGIN_FAILURE_DELAY_MS),
        }
    }

    /// For tests: refuses logins without making the guesser wait.
    #[must_use]
    pub fn without_login_delay(mut self) -> Self {
        self.login_failure_delay = Duration::ZERO;
        self
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

/// What the conversation needs from outside before it can go on. Output first, always.
#[derive(Debug, PartialEq, Eq)]
pub enum Pause {
    /// Only that the output is written.
    Flush,
    /// Input, or the end of `patience`.
    Input {
        /// How long to wait.
        patience: Duration,
        /// Whether waiting begins anew; otherwise an earlier deadline stays, so that dripping bytes
        /// buys no time.
        progress: bool,
    },
    /// A TLS handshake.
    StartTls,
    /// The end.
    Close,
}

impl Conversation {
    /// A conversation that begins; the banner is in the output after the first run.
    pub fn new(door: Arc<SubmissionDoor>, tls: TlsState) -> Self {
        let machine = Server::new(door.profile(tls));
        Conversation { door, machine, login: None, transaction: None }
    }

    /// Runs until something is needed from outside.
    pub async fn run(&mut self) -> Pause {
        loop {
            match self.machine.poll() {
                Step::Ask(ask) => {
                    // Boxed, so that a connection that waits does not carry the room for this.
                    let answer = Box::pin(self.answer(ask)).await;
                    self.machine.answer(answer);
                }
                Step::Flush => return Pause::Flush,
                Step::Input { patience, progress } => return Pause::Input { patience, progress },
                Step::StartTls => return Pause::StartTls,
                Step::Close => return Pause::Close,
            }
        }
    }

    /// The machine: bytes in and out, time and TLS.
    pub fn machine(&mut self) -> &mut Server {
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
            Entry::Refused => {
                tokio::time::sleep(self.door.login_failure_delay).await;
                Answer::Refuse(Reply::login_failed())
            }
            Entry::Unavailable => Answer::Refuse(Reply::login_unavailable()),
        }
    }

    /// The sender's refusals are given here, where client libraries look for them (spec/mail.md
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

/// Serves one connection to its end.
pub async fn serve(door: Arc<SubmissionDoor>, connection: Accepted) {
    let line = Line::new(connection);
    let tls = match line.is_tls() {
        true => TlsState::Established,
        false => TlsState::Offered,
    };
    // An I/O error is the client's way of leaving; there is nobody to tell.
    if let Ok(line) = talk(Conversation::new(door, tls), line).await {
        line.close().await;
    }
}

async fn talk(mut conversation: Conversation, mut line: Line) -> io::Result<Line> {
    let clock = conversation.door.clock.clone();
    let mut deadline = Duration::MAX;
    loop {
        let pause = conversation.run().await;
        line.say(conversation.machine.output()).await?;
        match pause {
            Pause::Flush => {}
            Pause::Input { patience, progress } => {
                let fresh = clock.elapsed() + patience;
                deadline = if progress { fresh } else { deadline.min(fresh) };
                match line.listen(deadline.saturating_sub(clock.elapsed())).await? {
                    Heard::Bytes(bytes) => conversation.machine.feed(&bytes),
                    Heard::End => return Ok(line),
                    Heard::Stop => conversation.machine.shut_down(),
                    Heard::Silence => conversation.machine.timed_out(),
                }
            }
            Pause::StartTls => {
                line = line.start_tls().await?;
                conversation.machine.tls_established();
            }
            Pause::Close => return Ok(line),
        }
    }
}
