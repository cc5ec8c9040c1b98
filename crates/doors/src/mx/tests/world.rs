//! A small world: two accounts, a domain with a key, the door between them.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dkim::canonical::{self, BodyHash, Form};
use mail::header::HeaderBlock;
use mail::mailbox::UidSet;
use mail::{Address, Domain, MailboxName, Timestamp};
use net::{Clock, Resolver};
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};
use smtp::TlsState;
use store::{MemoryStore, NewAccount, RemoteEnvelope, Store};

use crate::mx::{Conversation, MxDoor, MxSettings, Pause};

const NOW: Timestamp = Timestamp(1_800_000_000);
/// Where the key of `there.example` is published.
pub(super) const KEY: &str = "sel._domainkey.there.example";

pub(super) struct World {
    pub(super) store: Arc<MemoryStore>,
    pub(super) resolver: Resolver,
    door: Arc<MxDoor>,
}

impl World {
    pub(super) async fn new() -> World {
        World::with_quota(1_000_000).await
    }

    pub(super) async fn with_quota(quota_bytes: u64) -> World {
        let (store, resolver) = (MemoryStore::new(quota_bytes), Resolver::fake());
        let settings = MxSettings {
            hostname: "here.example".into(),
            domain: Domain::parse("here.example").unwrap(),
            message_size_max: mail::limits::MESSAGE_BYTES_MAX,
            recipients_max: 100,
            check_origin: true,
        };
        let door = MxDoor::new(store.clone(), resolver.clone(), Clock::fake(NOW), settings);
        let world = World { store, resolver, door: Arc::new(door) };
        world.publish_key();
        for user in ["me", "you"] {
            world.add(user).await;
        }
        world
    }

    pub(super) fn publish_key(&self) {
        let key = STANDARD.encode(key_pair().public_key().as_ref());
        self.resolver.set_txt(KEY, Ok(vec![format!("v=DKIM1; k=ed25519; p={key}")]));
    }

    async fn add(&self, user: &str) {
        let new = NewAccount {
            address: address(user),
            password_hash: String::new(),
            day: NOW.day(),
            now: NOW,
        };
        self.store.create_account(new).await.unwrap();
    }

    pub(super) async fn block(&self, user: &str) {
        let account = self.store.find_account(&address(user)).await.unwrap().unwrap();
        self.store.set_enabled(account.id, false).await.unwrap();
    }

    /// Every message in a user's inbox.
    pub(super) async fn inbox(&self, user: &str) -> Vec<String> {
        let account = self.store.find_account(&address(user)).await.unwrap().unwrap();
        let opened = self.store.open(account.id, MailboxName::inbox(), true).await.unwrap();
        let all: UidSet = opened.uids;
        let mut messages = Vec::new();
        for message in self.store.messages(opened.id, all, 100).await.unwrap() {
            let body = self.store.read_body(opened.id, message.uid, 0..1_000_000).await.unwrap();
            messages.push(String::from_utf8(body.to_vec()).unwrap());
        }
        messages
    }

    /// The one message that waits to go out.
    pub(super) async fn queued(&self) -> (RemoteEnvelope, String) {
        let mut items = self.store.claim("test", NOW, 10, 60).await.unwrap();
        assert_eq!(items.len(), 1);
        let item = items.remove(0);
        let body = self.store.read_queued(item.id, 0..1_000_000).await.unwrap();
        (item.envelope, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Everything the door says to a client that says all this at once.
    pub(super) async fn said(&self, input: &str, tls: TlsState) -> String {
        self.said_to_bytes(input.as_bytes(), tls).await
    }

    async fn said_to_bytes(&self, input: &[u8], tls: TlsState) -> String {
        let mut conversation = Conversation::new(Arc::clone(&self.door), tls);
        let (mut said, mut pieces) = (Vec::new(), input.chunks(1_000));
        loop {
            let pause = conversation.run().await;
            said.append(conversation.machine().output());
            match pause {
                Pause::Flush => {}
                Pause::Input { .. } => match pieces.next() {
                    Some(piece) => conversation.machine().feed(piece),
                    None => break,
                },
                Pause::StartTls | Pause::Close => break,
            }
        }
        String::from_utf8(said).unwrap()
    }

    /// The last reply to a whole transaction; the message is dot-stuffed on the way.
    pub(super) async fn deliver(&self, sender: &str, to: &[&str], message: &str) -> String {
        self.deliver_bytes(sender, to, message.replace("\r\n.", "\r\n..").as_bytes()).await
    }

    pub(super) async fn deliver_bytes(
        &self,
        sender: &str,
        recipients: &[&str],
        message: &[u8],
    ) -> String {
        let recipients: String =
            recipients.iter().map(|it| format!("RCPT TO:<{it}>\r\n")).collect();
        let mut input =
            format!("EHLO x\r\nMAIL FROM:<{sender}>\r\n{recipients}DATA\r\n").into_bytes();
        input.extend_from_slice(message);
        input.extend_from_slice(b".\r\n");
        let said = self.said_to_bytes(&input, TlsState::Established).await;
        said.lines().last().unwrap().to_owned()
    }
}

fn address(user: &str) -> Address {
    Address::parse(&format!("{user}@here.example")).unwrap()
}

fn key_pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

/// Signs for a domain.
pub(super) struct Signer(&'static str);

impl Signer {
    pub(super) fn of(domain: &'static str) -> Signer {
        Signer(domain)
    }

    /// The message with a signature of its From and Subject before it.
    pub(super) fn sign(&self, message: &str) -> String {
        let (header, body) = message.split_once("\r\n\r\n").unwrap();
        let mut hash = BodyHash::new(Form::Relaxed);
        hash.feed(body.as_bytes());
        let start = format!(
            "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d={}; s=sel;\r\n \
             h=from:subject; bh={}; b=",
            self.0,
            STANDARD.encode(hash.finish().0.as_ref()),
        );
        let mut data = Vec::new();
        let block = format!("{header}\r\n");
        for name in ["from", "subject"] {
            let field = HeaderBlock::new(block.as_bytes()).all(name).last().unwrap();
            canonical::field(Form::Relaxed, &field, &mut data);
        }
        let own = HeaderBlock::new(start.as_bytes()).fields().next().unwrap().unwrap();
        canonical::field_without_signature(Form::Relaxed, &own, &mut data);
        let signature = key_pair().sign(digest(&SHA256, &data).as_ref());
        format!("{start}{}\r\n{message}", STANDARD.encode(signature.as_ref()))
    }
}

/// PGP/MIME around one encrypted packet of noise.
pub(super) fn encrypted(from: &str) -> String {
    let packet = [&[0xc0 | 18, 9][..], &[1; 9]].concat();
    format!(
        "From: <{from}>\r\nSubject: [...]\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\
         \r\n\
         --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n\
         --b\r\nContent-Type: application/octet-stream\r\n\r\n\
         -----BEGIN PGP MESSAGE-----\r\n\r\n{}\r\n-----END PGP MESSAGE-----\r\n\r\n--b--\r\n",
        STANDARD.encode(packet)
    )
}

/// A delivery report in clear text.
pub(super) fn report(from: &str) -> String {
    format!(
        "From: <{from}>\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n\
         Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nsorry\r\n--b--\r\n"
    )
}
