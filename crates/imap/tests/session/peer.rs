//! A session with a world to answer it, for tests that talk to it directly.

use std::sync::Arc;

use imap::ask::Step;
use imap::{Config, Session, Transport};

use super::world::World;

/// Reads what was said with the parser of the real client, which ends the connection over the first
/// word it does not know. What is left is an unfinished response.
pub(crate) fn understood(said: &[u8]) -> &[u8] {
    let mut rest = said;
    while !rest.is_empty() {
        match imap_proto::parser::parse_response(rest) {
            Ok((more, _)) => rest = more,
            Err(error) if error.is_incomplete() => break,
            Err(_) => panic!("the real client does not understand {}", rest.escape_ascii()),
        }
    }
    rest
}

/// A session in the fake world.
pub(crate) struct Peer {
    pub(crate) session: Session,
    pub(crate) world: World,
}

impl Peer {
    /// Before login.
    pub(crate) fn new() -> Peer {
        let session = Session::new(Arc::new(Config::default()), Transport::Tls);
        Peer { session, world: World::new() }
    }

    /// Logged in, INBOX open.
    pub(crate) fn selected() -> Peer {
        let mut peer = Peer::new();
        peer.send(b"l LOGIN alice@example.org {11+}\r\npa\"ss\\w\xc3\xb6rd\r\ns SELECT INBOX\r\n");
        peer
    }

    /// The next step that is no question.
    pub(crate) fn step(&mut self) -> Step {
        loop {
            match self.session.poll() {
                Step::Ask(ask) => {
                    let answer = self.world.answer(ask);
                    self.session.answer(answer);
                }
                step => return step,
            }
        }
    }

    /// What the server says until it waits.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.session.feed(bytes);
        let mut said = Vec::new();
        loop {
            let step = self.step();
            said.append(self.session.output());
            if !matches!(step, Step::Flush) {
                return said;
            }
        }
    }
}
