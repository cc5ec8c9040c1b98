//! The stage without sockets: conversations are fed and emptied by hand.
//!
//! Everything a step causes has happened when the step is over, wake-ups of idling clients included.

use std::collections::{BTreeMap, VecDeque};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use doors::{imap, submission};
use smtp::TlsState;

use super::play::{Cut, Stage};
use super::script::{Door, Event};
use crate::rehearsal::Rehearsal;

/// Steps between two inputs that no well-behaved conversation needs.
const STEPS_MAX: usize = 100_000;

pub(super) struct Pure {
    house: Rehearsal,
    parties: BTreeMap<String, Party>,
    cut: Cut,
    said_bytes: usize,
}

struct Party {
    talk: Talk,
    watching: bool,
    closed: bool,
    said: Vec<u8>,
    lines: VecDeque<String>,
}

enum Talk {
    Imap(Box<imap::Conversation>),
    Submission(Box<submission::Conversation>),
}

impl Pure {
    pub(super) fn new(house: Rehearsal, cut: Cut) -> Pure {
        Pure { house, parties: BTreeMap::new(), cut, said_bytes: 0 }
    }

    fn party(&mut self, name: &str) -> &mut Party {
        self.parties.get_mut(name).unwrap_or_else(|| panic!("nobody here is called {name}"))
    }

    /// The pieces in which these bytes are said.
    fn pieces<'a>(&self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        match self.cut {
            Cut::Nowhere => vec![bytes],
            Cut::Everywhere => bytes.chunks(1).collect(),
            Cut::After(n) => match n.checked_sub(self.said_bytes) {
                Some(at) if at > 0 && at < bytes.len() => {
                    let (head, tail) = bytes.split_at(at);
                    vec![head, tail]
                }
                _ => vec![bytes],
            },
        }
    }

    /// Everybody who waits for mail hears of it.
    async fn wake(&mut self) {
        for party in self.parties.values_mut() {
            while party.watching && party.talk.has_changed().await {
                party.settle().await;
            }
        }
    }

    async fn send_mail(&mut self, from: &str, to: &str, n: u64) {
        let door = Arc::clone(&self.house.submission);
        let mut sender = Party::new(Talk::submission(door)).await;
        sender.hear(super::play::submission(from, to, n).as_bytes()).await;
        let accepted = sender.lines.iter().filter(|line| *line == "250 OK").count() as u64;
        assert_eq!(accepted, n, "{:#?}", sender.lines);
    }
}

impl Stage for Pure {
    async fn open(&mut self, party: &str, door: Door) {
        let talk = match door {
            Door::Imap => Talk::imap(Arc::clone(&self.house.imap)),
            Door::Submission => Talk::submission(Arc::clone(&self.house.submission)),
        };
        let before = self.parties.insert(party.to_owned(), Party::new(talk).await);
        assert!(before.is_none(), "there is a {party} already");
    }

    async fn say(&mut self, party: &str, bytes: &[u8]) {
        for piece in self.pieces(bytes) {
            self.party(party).hear(piece).await;
            self.wake().await;
        }
        self.said_bytes += bytes.len();
    }

    async fn line(&mut self, party: &str, _expected: bool) -> Option<String> {
        self.parties.get_mut(party)?.lines.pop_front()
    }

    async fn happen(&mut self, party: &str, event: &Event) {
        match event {
            Event::Mail { from, to, n } => self.send_mail(from, to, *n).await,
            Event::Advance { seconds } => self.house.clock.advance(Duration::from_secs(*seconds)),
            Event::Vanish => drop(self.parties.remove(party)),
            Event::Full(full) => self.house.store.set_full(*full),
            Event::Silence => {
                let party = self.party(party);
                party.talk.timed_out();
                party.settle().await;
            }
            Event::Stop => {
                let party = self.party(party);
                party.talk.shut_down();
                party.settle().await;
            }
        }
        self.wake().await;
    }
}

impl Party {
    async fn new(talk: Talk) -> Party {
        let mut party = Party {
            talk,
            watching: false,
            closed: false,
            said: Vec::new(),
            lines: VecDeque::new(),
        };
        party.settle().await;
        party
    }

    async fn hear(&mut self, bytes: &[u8]) {
        if !self.closed {
            self.talk.feed(bytes);
            self.settle().await;
        }
    }

    /// Runs until the conversation wants something from outside.
    async fn settle(&mut self) {
        for _ in 0..STEPS_MAX {
            let rest = self.talk.run(&mut self.said).await;
            self.cut_lines();
            match rest {
                Rest::No => {}
                Rest::Waits { watching } => {
                    self.watching = watching;
                    return;
                }
                Rest::Closed => {
                    self.watching = false;
                    if !std::mem::replace(&mut self.closed, true) {
                        self.lines.push_back("<close>".into());
                    }
                    return;
                }
            }
        }
        panic!("the conversation never comes to rest");
    }

    fn cut_lines(&mut self) {
        while let Some(end) = self.said.windows(2).position(|two| two == b"\r\n") {
            self.lines.push_back(String::from_utf8_lossy(&self.said[..end]).into_owned());
            self.said.drain(..end + 2);
        }
    }
}

/// How a run ended.
enum Rest {
    No,
    Waits { watching: bool },
    Closed,
}

impl Talk {
    fn imap(door: Arc<imap::ImapDoor>) -> Talk {
        Talk::Imap(Box::new(imap::Conversation::new(door, ::imap::Transport::Tls)))
    }

    fn submission(door: Arc<submission::SubmissionDoor>) -> Talk {
        Talk::Submission(Box::new(submission::Conversation::new(door, TlsState::Established)))
    }

    async fn run(&mut self, said: &mut Vec<u8>) -> Rest {
        match self {
            Talk::Imap(talk) => {
                let pause = talk.run().await;
                said.append(talk.output());
                match pause {
                    imap::Pause::Flush => Rest::No,
                    imap::Pause::Input { watching, .. } => Rest::Waits { watching },
                    imap::Pause::StartTls | imap::Pause::Close => Rest::Closed,
                }
            }
            Talk::Submission(talk) => {
                let pause = talk.run().await;
                said.append(talk.machine().output());
                match pause {
                    submission::Pause::Flush => Rest::No,
                    submission::Pause::Input { .. } => Rest::Waits { watching: false },
                    submission::Pause::StartTls | submission::Pause::Close => Rest::Closed,
                }
            }
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        match self {
            Talk::Imap(talk) => talk.feed(bytes),
            Talk::Submission(talk) => talk.machine().feed(bytes),
        }
    }

    fn timed_out(&mut self) {
        match self {
            Talk::Imap(talk) => talk.timed_out(),
            Talk::Submission(talk) => talk.machine().timed_out(),
        }
    }

    fn shut_down(&mut self) {
        match self {
            Talk::Imap(talk) => talk.shut_down(),
            Talk::Submission(talk) => talk.machine().shut_down(),
        }
    }

    /// Whether something happened in the open mailbox; does not wait for it.
    async fn has_changed(&mut self) -> bool {
        let Talk::Imap(talk) = self else { return false };
        tokio::select! {
            biased;
            () = talk.changed() => true,
            () = ready(()) => false,
        }
    }
}
