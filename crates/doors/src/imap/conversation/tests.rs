//! Several clients and deliveries in random order, also in the middle of answers: whoever waits in
//! the end knows the mailbox as it is.

use std::collections::BTreeSet;

use mail::mailbox::{FlagChange, FlagOp, Flags, SystemFlags, UidSet};
use mail::{Address, Domain, Timestamp};
use policy::accounts::{NameRules, SystemFacts, SystemLimits};
use store::{Account, MemoryStore, NewAccount, NewMessage, Store};

use super::super::{ImapSettings, ServerMetadata};
use super::*;
use crate::accounts::{AccountRules, Accounts};

const NOW: Timestamp = Timestamp(1_795_248_000);
const LOGIN: &str = "LOGIN alice@chat.test \"a long password\"";
const SEEDS: u64 = 3_000;
/// Most events of one play. Short plays end in odd moments more often.
const EVENTS_MAX: u64 = 20;

/// Enough to make a choice (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// The mailbox and everybody without a connection.
struct World {
    store: Arc<MemoryStore>,
    account: Account,
    dice: Dice,
    /// Nothing happens by itself any more.
    calm: bool,
}

impl World {
    async fn new(seed: u64) -> World {
        let store = MemoryStore::new(u64::MAX);
        let account = store.create_account(NewAccount {
            address: Address::parse("alice@chat.test").unwrap(),
            password_hash: "{PLAIN}a long password".into(),
            day: NOW.day(),
            now: NOW,
        });
        let account = account.await.unwrap();
        let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        World { store, account, dice, calm: false }
    }

    fn door(&self) -> Arc<ImapDoor> {
        let store: Arc<dyn Store> = Arc::clone(&self.store) as _;
        let clock = Clock::fake(NOW);
        let rules = AccountRules {
            names: NameRules {
                username_min: 9,
                username_max: 9,
                password_min: 9,
                domain: Domain::parse("chat.test").unwrap(),
            },
            system: SystemLimits {
                load_1m_max: f64::MAX,
                available_memory_bytes_min: 0,
                free_disk_bytes_min: 0,
            },
            facts: Arc::new(SystemFacts::default),
        };
        let accounts = Accounts::new(Arc::clone(&store), clock.clone(), rules, 1).without_delay();
        let settings = ImapSettings {
            machine: ::imap::Config::default(),
            metadata: ServerMetadata::default(),
            connections_per_user: 10,
        };
        Arc::new(ImapDoor::new(store, Arc::new(accounts), clock, settings))
    }

    async fn perhaps(&mut self, one_in: u64) {
        if !self.calm && self.dice.below(one_in) == 0 {
            self.happen().await;
        }
    }

    async fn happen(&mut self) {
        match self.dice.below(4) {
            0 | 1 => self.deliver().await,
            2 => self.flag(SystemFlags::FLAGGED.union(SystemFlags::ANSWERED)).await,
            _ => {
                self.flag(SystemFlags::DELETED).await;
                self.store.expunge(self.account.inbox, None).await.unwrap();
            }
        }
    }

    async fn deliver(&self) {
        let mut writer = self.store.body_writer();
        writer.write(Bytes::from_static(b"Subject: x\r\n\r\n")).await.unwrap();
        let body = writer.finish().await.unwrap();
        let message = NewMessage { body, flags: Flags::new(), internal_date: NOW };
        let inbox = MailboxName::inbox();
        self.store.append(self.account.id, inbox, vec![message]).await.unwrap();
    }

    async fn flag(&mut self, flag: SystemFlags) {
        let uid = Uid::new(1 + self.dice.below(9) as u32).unwrap();
        let op = if self.dice.below(2) == 0 { FlagOp::Add } else { FlagOp::Remove };
        let change = FlagChange { op, flags: flag.into() };
        let uids = UidSet::from_range(uid, uid);
        self.store.store_flags(self.account.inbox, uids, change, None).await.unwrap();
    }

    /// UID and flags of each message.
    async fn truth(&self) -> Vec<(u32, String)> {
        let opened = self.store.open(self.account.id, MailboxName::inbox(), true).await.unwrap();
        let all = self.store.messages(opened.id, opened.uids, usize::MAX).await.unwrap();
        let flags = |flags: &Flags| flags.system.names().collect::<BTreeSet<_>>();
        all.iter().map(|meta| (meta.uid.get(), format!("{:?}", flags(&meta.flags)))).collect()
    }
}

/// What a client was told of a message.
#[derive(Default)]
struct Told {
    uid: Option<u32>,
    flags: Option<BTreeSet<String>>,
}

struct Client {
    talk: Conversation,
    told: Vec<Told>,
    idling: bool,
}

impl Client {
    async fn new(world: &mut World) -> Client {
        let talk = Conversation::new(world.door(), Transport::Tls);
        let mut client = Client { talk, told: Vec::new(), idling: false };
        client.say(LOGIN, world).await;
        client.say("SELECT INBOX", world).await;
        client
    }

    async fn say(&mut self, command: &str, world: &mut World) {
        if self.idling {
            self.idling = false;
            self.talk.feed(b"DONE\r\n");
            self.run(world).await;
        }
        if command == "CLOSE" {
            self.told.clear();
        }
        self.idling = command == "IDLE";
        self.talk.feed(format!("t {command}\r\n").as_bytes());
        let said = self.run(world).await;
        assert!(self.idling || said.contains("t OK"), "{command}: {said}");
    }

    /// As [`Conversation::run`], with things happening before and after each answer.
    async fn run(&mut self, world: &mut World) -> String {
        let mut said = Vec::new();
        loop {
            match self.talk.session.poll() {
                Step::Ask(ask) => {
                    world.perhaps(6).await;
                    let answer = self.talk.answer(ask).await;
                    world.perhaps(6).await;
                    self.talk.session.answer(answer);
                    self.talk.note_changes();
                }
                Step::Flush => said.append(self.talk.output()),
                Step::Input { .. } => break,
                step => panic!("{step:?}"),
            }
        }
        said.append(self.talk.output());
        let said = String::from_utf8(said).unwrap().replace("{0}\r\n", "");
        said.lines().for_each(|line| self.hear(line));
        said
    }

    fn hear(&mut self, line: &str) {
        let words: Vec<_> = line.split([' ', '(', ')']).collect();
        let ["*", number, what, ..] = words.as_slice() else { return };
        let Ok(number) = number.parse::<usize>() else { return };
        match *what {
            "EXISTS" => {
                assert!(number >= self.told.len(), "{line}");
                self.told.resize_with(number, Told::default);
            }
            "EXPUNGE" => drop(self.told.remove(number - 1)),
            "FETCH" => {
                let told = &mut self.told[number - 1];
                if let Some(uid) = words.iter().skip_while(|word| **word != "UID").nth(1) {
                    told.uid = Some(uid.parse().unwrap());
                }
                if let Some((_, flags)) = line.split_once("FLAGS (") {
                    let (flags, _) = flags.split_once(')').unwrap();
                    let flags = flags.split_whitespace().filter(|flag| *flag != "\\Recent");
                    told.flags = Some(flags.map(str::to_owned).collect());
                }
            }
            _ => {}
        }
    }

    /// Hears of what happened if it waits.
    async fn wake(&mut self, world: &mut World) {
        while self.idling && self.talk.watch.as_ref().is_some_and(|(_, watch)| watch.has_changed())
        {
            self.talk.changed().await;
            self.run(world).await;
        }
    }

    /// The client believes that a silent change was made.
    fn believe(&mut self, uid: u32, add: bool, flag: &str) {
        let told = self.told.iter_mut().find(|told| told.uid == Some(uid));
        let Some(flags) = told.and_then(|told| told.flags.as_mut()) else { return };
        match add {
            true => flags.insert(flag.to_owned()),
            false => flags.remove(flag),
        };
    }

    async fn act(&mut self, world: &mut World) {
        let uid = 1 + world.dice.below(9) as u32;
        let add = world.dice.below(2) == 0;
        let sign = if add { '+' } else { '-' };
        match world.dice.below(12) {
            0 => self.say("NOOP", world).await,
            1 => self.say("UID FETCH 1:* (FLAGS)", world).await,
            2 => self.say(&format!("UID STORE {uid} {sign}FLAGS (\\Seen)"), world).await,
            3 => self.say("UID STORE 1:9 +FLAGS (\\Flagged)", world).await,
            4 => self.say("EXPUNGE", world).await,
            5 => self.say(&format!("UID FETCH {uid} (UID RFC822.TEXT)"), world).await,
            6 => self.say(&format!("UID MOVE {uid} INBOX"), world).await,
            7 => self.say(&format!("UID COPY {uid} INBOX"), world).await,
            8 => {
                self.say("CLOSE", world).await;
                self.say("SELECT INBOX", world).await;
            }
            9 => {
                self.say("NOOP", world).await;
                self.believe(uid, add, "\\Answered");
                self.say(&format!("UID STORE {uid} {sign}FLAGS.SILENT (\\Answered)"), world).await;
            }
            _ => self.say("IDLE", world).await,
        }
    }
}

async fn play(seed: u64) {
    let mut world = World::new(seed).await;
    let mut clients = Vec::new();
    for _ in 0..2 + seed % 2 {
        clients.push(Client::new(&mut world).await);
    }
    for _ in 0..seed % EVENTS_MAX {
        match world.dice.below(3) {
            0 => world.happen().await,
            _ => {
                let who = world.dice.below(clients.len() as u64) as usize;
                clients[who].act(&mut world).await;
            }
        }
        for client in &mut clients {
            client.wake(&mut world).await;
        }
    }
    while clients.iter().any(|client| !client.idling) {
        for client in clients.iter_mut().filter(|client| !client.idling) {
            client.say("IDLE", &mut world).await;
        }
    }
    world.perhaps(2).await;
    world.calm = true;
    for client in &mut clients {
        client.wake(&mut world).await;
    }
    let truth = world.truth().await;
    for client in &clients {
        assert_eq!(client.told.len(), truth.len(), "seed {seed}");
        for (told, (uid, flags)) in client.told.iter().zip(&truth) {
            assert!(told.uid.is_none_or(|told| told == *uid), "seed {seed}");
            let known = told.flags.as_ref().map(|known| format!("{known:?}"));
            assert!(known.as_ref().is_none_or(|known| known == flags), "seed {seed}: {known:?}");
        }
    }
}

#[tokio::test]
async fn a_change_that_others_made_first_is_told_even_to_the_silent() {
    let mut world = World::new(1).await;
    world.calm = true;
    world.deliver().await;
    let mut client = Client::new(&mut world).await;
    client.talk.feed(b"t UID STORE 1 +FLAGS.SILENT (\\Answered)\r\n");
    let Step::Ask(ask) = client.talk.session.poll() else { panic!("STORE asks") };
    let flags = SystemFlags::ANSWERED.union(SystemFlags::FLAGGED).into();
    let change = FlagChange { op: FlagOp::Add, flags };
    let one = UidSet::from_range(Uid::MIN, Uid::MIN);
    world.store.store_flags(world.account.inbox, one, change, None).await.unwrap();
    let answer = client.talk.answer(ask).await;
    client.talk.session.answer(answer);
    client.talk.note_changes();
    let said = client.run(&mut world).await;
    assert!(said.contains("* 1 FETCH (UID 1 FLAGS (\\Answered \\Flagged"), "{said}");
}

#[tokio::test]
async fn i6_no_announcement_is_lost_whatever_the_order() {
    for seed in 0..SEEDS {
        play(seed).await;
    }
}
