//! A small world: two accounts and the door between them. One of the two speaks.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail::{Address, Domain, MailboxName, Timestamp, limits};
use net::Clock;
use policy::accounts::{NameRules, SystemFacts, SystemLimits};
use policy::rate::Gcra;
use smtp::TlsState;
use store::{MemoryStore, NewAccount, Store};

use crate::accounts::{AccountRules, Accounts};
use crate::submission::{Conversation, Pause, SubmissionDoor, SubmissionSettings};

const NOW: Timestamp = Timestamp(1_800_000_000);

pub(super) struct World {
    pub(super) store: Arc<MemoryStore>,
    pub(super) clock: Clock,
    door: Arc<SubmissionDoor>,
}

impl World {
    pub(super) async fn new() -> World {
        World::with_quota(1_000_000).await
    }

    pub(super) async fn with_quota(quota_bytes: u64) -> World {
        let (store, clock) = (MemoryStore::new(quota_bytes), Clock::fake(NOW));
        let domain = Domain::parse("here.example").unwrap();
        let rules = AccountRules {
            names: NameRules {
                username_min: 9,
                username_max: 9,
                password_min: 9,
                domain: domain.clone(),
            },
            system: SystemLimits {
                load_1m_max: 5.0,
                available_memory_bytes_min: 0,
                free_disk_bytes_min: 0,
            },
            facts: Arc::new(SystemFacts::default),
        };
        let accounts =
            Arc::new(Accounts::new(store.clone(), clock.clone(), rules, 1).without_delay());
        let units = |n| NonZeroU32::new(n).unwrap();
        let settings = SubmissionSettings {
            hostname: "here.example".into(),
            domain,
            message_size_max: limits::MESSAGE_BYTES_MAX,
            recipients_max: 100,
            rate: Some(Gcra::new(units(60), Duration::from_secs(60), units(10))),
        };
        let door = SubmissionDoor::new(store.clone(), accounts, clock.clone(), settings);
        let world = World { store, clock, door: Arc::new(door) };
        for user in ["me", "you"] {
            let address = address(user);
            let password_hash = "{PLAIN}password".to_owned();
            let new = NewAccount { address, password_hash, day: NOW.day(), now: NOW };
            world.store.create_account(new).await.unwrap();
        }
        world
    }

    pub(super) async fn block(&self, user: &str) {
        let account = self.store.find_account(&address(user)).await.unwrap().unwrap();
        self.store.set_enabled(account.id, false).await.unwrap();
    }

    /// Every message in a user's inbox.
    pub(super) async fn inbox(&self, user: &str) -> Vec<String> {
        let account = self.store.find_account(&address(user)).await.unwrap().unwrap();
        let opened = self.store.open(account.id, MailboxName::inbox(), true).await.unwrap();
        let mut messages = Vec::new();
        for message in self.store.messages(opened.id, opened.uids, 100).await.unwrap() {
            let body = self.store.read_body(opened.id, message.uid, 0..1_000_000).await.unwrap();
            messages.push(String::from_utf8(body.to_vec()).unwrap());
        }
        messages
    }

    /// The envelopes that wait to go out.
    pub(super) async fn queued(&self) -> Vec<String> {
        let items = self.store.claim("test", NOW, 10, 60).await.unwrap();
        let shown = items.into_iter().map(|item| {
            let recipients: Vec<_> = item.envelope.recipients.iter().map(Address::as_str).collect();
            format!("{} > {}", item.envelope.sender.unwrap(), recipients.join(" "))
        });
        shown.collect()
    }

    /// Everything the door says to a client that logs in and says all this at once.
    pub(super) async fn said(&self, input: &str) -> String {
        self.login().await.said(input.as_bytes()).await
    }

    /// The last reply to a whole transaction.
    pub(super) async fn send(&self, sender: &str, recipients: &[&str], message: &str) -> String {
        self.send_after(async || {}, sender, recipients, message).await
    }

    /// As `send`, when something happened since the login.
    pub(super) async fn send_after(
        &self,
        happens: impl AsyncFn(),
        sender: &str,
        recipients: &[&str],
        message: &str,
    ) -> String {
        let mut client = self.login().await;
        happens().await;
        let recipients: String =
            recipients.iter().map(|it| format!("RCPT TO:<{it}>\r\n")).collect();
        let input = format!("MAIL FROM:<{sender}>\r\n{recipients}DATA\r\n{message}.\r\n");
        client.said(input.as_bytes()).await.lines().last().unwrap().to_owned()
    }

    async fn login(&self) -> Client {
        let conversation = Conversation::new(Arc::clone(&self.door), TlsState::Established);
        let mut client = Client(conversation);
        let login = STANDARD.encode("\0me@here.example\0password");
        let said = client.said(format!("EHLO x\r\nAUTH PLAIN {login}\r\n").as_bytes()).await;
        assert!(said.ends_with("235 2.7.0 Authentication successful\r\n"), "{said}");
        client
    }
}

struct Client(Conversation);

impl Client {
    async fn said(&mut self, input: &[u8]) -> String {
        let (mut said, mut pieces) = (Vec::new(), input.chunks(1_000));
        loop {
            let pause = self.0.run().await;
            said.append(self.0.machine().output());
            match pause {
                Pause::Flush => {}
                Pause::Input { .. } => match pieces.next() {
                    Some(piece) => self.0.machine().feed(piece),
                    None => break,
                },
                Pause::StartTls | Pause::Close => break,
            }
        }
        String::from_utf8(said).unwrap()
    }
}

fn address(user: &str) -> Address {
    Address::parse(&format!("{user}@here.example")).unwrap()
}

/// PGP/MIME around one encrypted packet of noise.
pub(super) fn encrypted(from: &str) -> String {
    let packet = [&[0xc0 | 18, 9][..], &[1; 9]].concat();
    format!(
        "From: <{from}>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\
         \r\n\
         --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n\
         --b\r\nContent-Type: application/octet-stream\r\n\r\n\
         -----BEGIN PGP MESSAGE-----\r\n\r\n{}\r\n-----END PGP MESSAGE-----\r\n\r\n--b--\r\n",
        STANDARD.encode(packet)
    )
}
