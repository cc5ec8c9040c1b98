//! Kill -9 in a loop under load, with a ledger of what was acknowledged (cases G8, C1, I8).
//!
//! Each receiver has a sender that writes to it without pause, and a device that expunges some of
//! what it finds. The relay is killed at a random moment and started again; then every mailbox must
//! be what the ledger says: nothing acknowledged is lost, what was not acknowledged is there at most
//! once, no UID means another message than before, nothing expunged comes back, every byte is right.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{Imap, Smtp, any_certificate, fetched, number_after};
use crate::relay::Relay;
use crate::sample;

/// Small messages in bytes; every tenth is large and has a file of its own.
const SMALL_BYTES: usize = 2_000;
const LARGE_BYTES: usize = 100_000;
/// The shortest and the longest life of a relay.
const LIFE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
const PASSWORD: &str = "correct-horse-battery";

/// What was found to be true so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Lives that ended in a kill.
    pub rounds: usize,
    /// Messages acknowledged with 250, and found again.
    pub acknowledged: usize,
    /// Messages sent without an answer that were there all the same: allowed, once.
    pub unanswered: usize,
    /// Expunges that were acknowledged, and stayed.
    pub expunged: usize,
}

/// One receiver's mailbox as it must be.
#[derive(Debug)]
struct Ledger {
    receiver: String,
    sender: String,
    uid_validity: Option<u32>,
    /// Every message ever begun to be sent.
    sent: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    /// What each UID was when it was first seen.
    known: BTreeMap<u32, u64>,
    /// Expunged, and the expunge was acknowledged.
    gone: BTreeSet<u32>,
    /// Asked to be expunged, without an answer.
    in_doubt: BTreeSet<u32>,
}

/// The loop and its ledgers.
pub struct Torture {
    relay: Relay,
    tls: Arc<ClientConfig>,
    ledgers: Vec<Ledger>,
    tally: Tally,
    seed: u64,
}

impl Torture {
    /// Will torture `relay` with this many pairs of sender and receiver. The same seed kills at the
    /// same moments.
    pub fn new(relay: Relay, pairs: usize, seed: u64) -> Torture {
        let ledgers = (0..pairs).map(Ledger::new).collect();
        Torture { relay, tls: any_certificate(None), ledgers, tally: Tally::default(), seed }
    }

    /// One life under load, a kill, a start, and the look whether everything is as it must be.
    ///
    /// # Errors
    /// What is not as it must be, with the mailbox and the message.
    pub async fn round(&mut self) -> io::Result<Tally> {
        let (end, ended) = watch::channel(false);
        let mut workers = JoinSet::new();
        for ledger in self.ledgers.drain(..) {
            let load = Load { tls: Arc::clone(&self.tls), ended: ended.clone() };
            workers.spawn(load.work(ledger, self.relay.at(465), self.relay.at(993)));
        }
        tokio::time::sleep(self.life()).await;
        self.relay.kill().await?;
        let _ = end.send(true);
        while let Some(ledger) = workers.join_next().await {
            self.ledgers.push(ledger.map_err(io::Error::other)?);
        }
        self.relay.restart().await?;
        self.tally.rounds += 1;
        self.look().await?;
        Ok(self.tally)
    }

    /// The relay, when all is done.
    pub fn into_relay(self) -> Relay {
        self.relay
    }

    /// How long this life lasts (xorshift64*).
    fn life(&mut self) -> Duration {
        self.seed = (self.seed | 1) ^ (self.seed << 13);
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        let span = (LIFE.1 - LIFE.0).as_millis() as u64;
        LIFE.0 + Duration::from_millis(self.seed % span)
    }

    async fn look(&mut self) -> io::Result<()> {
        let mut tally = Tally { rounds: self.tally.rounds, ..Tally::default() };
        for ledger in &mut self.ledgers {
            let mut imap = Imap::connect(self.relay.at(993), Arc::clone(&self.tls)).await?;
            imap.login(&ledger.receiver, PASSWORD).await?;
            let why = ledger.check(&mut imap).await.err();
            if let Some(why) = why {
                return Err(io::Error::other(format!("{}: {why}", ledger.receiver)));
            }
            tally.acknowledged += ledger.acknowledged.len();
            tally.expunged += ledger.gone.len();
            let found = ledger.known.values().collect::<BTreeSet<_>>();
            tally.unanswered +=
                found.iter().filter(|seed| !ledger.acknowledged.contains(seed)).count();
        }
        self.tally = tally;
        Ok(())
    }
}

impl Ledger {
    fn new(n: usize) -> Ledger {
        Ledger {
            receiver: format!("bob{n:06}@chat.test"),
            sender: format!("alice{n:04}@chat.test"),
            uid_validity: None,
            sent: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            known: BTreeMap::new(),
            gone: BTreeSet::new(),
            in_doubt: BTreeSet::new(),
        }
    }

    /// The whole mailbox against the ledger.
    async fn check(&mut self, imap: &mut Imap) -> io::Result<()> {
        let selected = imap.command("SELECT INBOX").await?;
        let selected = String::from_utf8_lossy(&selected).into_owned();
        let validity = number_after(&selected, "[UIDVALIDITY ");
        require(self.uid_validity.is_none() || self.uid_validity == validity, || {
            format!("UIDVALIDITY was {:?} and is {validity:?}", self.uid_validity)
        })?;
        self.uid_validity = validity;
        let answer = imap.command("UID FETCH 1:* (UID RFC822.SIZE BODY.PEEK[])").await?;
        let mut before = 0;
        let mut present = BTreeSet::new();
        for message in fetched(&answer)? {
            let uid = message.uid;
            require(uid > before, || format!("UID {uid} follows {before}"))?;
            before = uid;
            let seed = self.recognise(uid, &message.body)?;
            require(message.size == message.body.len(), || format!("UID {uid} has another size"))?;
            require(present.insert(uid), || format!("UID {uid} twice"))?;
            self.known.insert(uid, seed);
        }
        self.account_for(&present)
    }

    /// Which message this is; it must be what was sent, and the one this UID always was.
    fn recognise(&self, uid: u32, body: &[u8]) -> io::Result<u64> {
        let text = String::from_utf8_lossy(body);
        let seed = text.split_once("Message-ID: <").and_then(|(_, rest)| rest.get(..16));
        let seed = seed.and_then(|hex| u64::from_str_radix(hex, 16).ok());
        let seed = seed.ok_or_else(|| io::Error::other(format!("UID {uid} is no mail of ours")))?;
        require(self.sent.contains(&seed), || format!("UID {uid} was never sent"))?;
        require(message(&self.sender, seed).as_bytes() == body, || {
            format!("UID {uid}, message {seed}: its bytes are not those that were sent")
        })?;
        let first = self.known.get(&uid).copied().unwrap_or(seed);
        require(first == seed, || format!("UID {uid} was message {first} and is {seed}"))?;
        require(!self.gone.contains(&uid), || format!("UID {uid} was expunged and is back"))?;
        Ok(seed)
    }

    /// Everything that is not there must be known to be gone.
    fn account_for(&mut self, present: &BTreeSet<u32>) -> io::Result<()> {
        for uid in std::mem::take(&mut self.in_doubt) {
            if !present.contains(&uid) {
                self.gone.insert(uid);
            }
        }
        let lost: Vec<_> = self
            .known
            .keys()
            .filter(|uid| !present.contains(uid) && !self.gone.contains(uid))
            .collect();
        require(lost.is_empty(), || format!("UIDs {lost:?} were there and are lost"))?;
        let seen: BTreeSet<u64> = self.known.values().copied().collect();
        require(seen.len() == self.known.len(), || "a message is there twice".to_owned())?;
        let lost: Vec<_> = self.acknowledged.difference(&seen).collect();
        require(lost.is_empty(), || format!("acknowledged messages {lost:?} are lost"))
    }
}

/// What goes on at one pair until the relay dies.
struct Load {
    tls: Arc<ClientConfig>,
    ended: watch::Receiver<bool>,
}

impl Load {
    /// Works until the relay is gone; errors are what a killed relay looks like from outside.
    async fn work(
        mut self,
        mut ledger: Ledger,
        submissions: std::net::SocketAddr,
        imaps: std::net::SocketAddr,
    ) -> Ledger {
        let mut ended = self.ended.clone();
        let work = async {
            let mut smtp =
                Smtp::connect(submissions, Arc::clone(&self.tls), &ledger.sender, PASSWORD).await?;
            let mut imap = Imap::connect(imaps, Arc::clone(&self.tls)).await?;
            imap.login(&ledger.receiver, PASSWORD).await?;
            imap.command("SELECT INBOX").await?;
            loop {
                self.send(&mut smtp, &mut ledger).await?;
                if ledger.sent.len().is_multiple_of(5) {
                    self.expunge(&mut imap, &mut ledger).await?;
                }
            }
        };
        let died: io::Result<()> = tokio::select! {
            died = work => died,
            _ = ended.wait_for(|ended| *ended) => Ok(()),
        };
        drop(died);
        ledger
    }

    async fn send(&mut self, smtp: &mut Smtp, ledger: &mut Ledger) -> io::Result<()> {
        let seed = ledger.sent.len() as u64 + 1;
        ledger.sent.insert(seed);
        let to = [ledger.receiver.as_str()];
        smtp.send(&ledger.sender, &to, &message(&ledger.sender, seed)).await?;
        ledger.acknowledged.insert(seed);
        Ok(())
    }

    /// Expunges two of the messages that were seen at the last look, if there are any.
    async fn expunge(&mut self, imap: &mut Imap, ledger: &mut Ledger) -> io::Result<()> {
        let left = ledger.known.keys().filter(|uid| !ledger.gone.contains(uid)).copied();
        let two: Vec<u32> = left.take(2).collect();
        let [first, second] = two[..] else { return Ok(()) };
        ledger.in_doubt.extend([first, second]);
        let uids = format!("{first},{second}");
        imap.command(&format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)")).await?;
        imap.command(&format!("UID EXPUNGE {uids}")).await?;
        for uid in two {
            ledger.in_doubt.remove(&uid);
            ledger.gone.insert(uid);
        }
        Ok(())
    }
}

/// Message number `seed` of a sender.
fn message(sender: &str, seed: u64) -> String {
    let size = if seed.is_multiple_of(10) { LARGE_BYTES } else { SMALL_BYTES };
    sample::encrypted(sender, size, seed)
}

fn require(holds: bool, otherwise: impl FnOnce() -> String) -> io::Result<()> {
    if holds { Ok(()) } else { Err(io::Error::other(otherwise())) }
}
