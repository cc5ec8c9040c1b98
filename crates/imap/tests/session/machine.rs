//! What no dialogue can show: sizes, steps, patience, memory.

use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use imap::ask::Step;
use imap::{Config, Session, Transport};
use mail::limits;

use super::world::World;

/// A session in the fake world.
struct Peer {
    session: Session,
    world: World,
}

impl Peer {
    fn new() -> Peer {
        let session = Session::new(Arc::new(Config::default()), Transport::Tls);
        Peer { session, world: World::new() }
    }

    fn selected() -> Peer {
        let mut peer = Peer::new();
        peer.send(b"l LOGIN alice@example.org {11+}\r\npa\"ss\\w\xc3\xb6rd\r\ns SELECT INBOX\r\n");
        peer
    }

    /// The next step that is no question.
    fn step(&mut self) -> Step {
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
    fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
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

#[test]
fn i5_an_idle_session_is_small_and_holds_no_buffers() {
    assert!(size_of::<Session>() <= 600, "{} bytes", size_of::<Session>());
    let mut peer = Peer::selected();
    peer.send(b"i IDLE\r\n");
    peer.session.release();
    assert!(peer.session.is_quiet());
    assert_eq!(peer.session.output().capacity(), 0);
}

#[test]
fn patience_depends_on_what_is_under_way() {
    let patience = |peer: &mut Peer| match peer.step() {
        Step::Input { patience, watching } => (patience, watching),
        step => panic!("{step:?}"),
    };
    let seconds = Duration::from_secs;
    let mut peer = Peer::new();
    assert_eq!(patience(&mut peer), (seconds(limits::IMAP_PREAUTH_TIMEOUT_S), false));
    let mut peer = Peer::selected();
    assert_eq!(patience(&mut peer), (seconds(limits::IMAP_IDLE_TIMEOUT_S), false));
    peer.session.feed(b"a NOO");
    assert_eq!(patience(&mut peer), (seconds(limits::IMAP_LITERAL_TIMEOUT_S), false));
    peer.session.feed(b"P\r\nb IDLE\r\n");
    assert_eq!(patience(&mut peer), (seconds(limits::IMAP_KEEPALIVE_S), true));
}

#[test]
fn output_is_flushed_before_it_grows() {
    let mut peer = Peer::selected();
    let body = [b"Subject: x\r\n\r\n", vec![b'x'; 1_000_000].as_slice()].concat();
    peer.world.deliver("INBOX", &body);
    peer.session.mailbox_changed();
    peer.send(b"n NOOP\r\n");
    peer.session.feed(b"f FETCH 1 BODY.PEEK[]\r\n");
    let mut said = Vec::new();
    loop {
        let step = peer.step();
        let waiting = peer.session.output().len();
        assert!(waiting < limits::IMAP_OUTPUT_BYTES_HIGH + limits::BODY_CHUNK_BYTES);
        said.append(peer.session.output());
        if !matches!(step, Step::Flush) {
            break;
        }
    }
    let said = String::from_utf8(said).unwrap();
    let expected = format!(
        "* 1 FETCH (BODY[] {{{}}}\r\n{})\r\nf OK Fetch completed.\r\n",
        body.len(),
        String::from_utf8(body).unwrap()
    );
    assert!(said == expected);
}

#[test]
fn many_messages_are_fetched_in_batches() {
    let mut peer = Peer::selected();
    for _ in 0..1_001 {
        peer.world.deliver("INBOX", b"Subject: x\r\n\r\n");
    }
    peer.session.mailbox_changed();
    peer.send(b"n NOOP\r\n");
    peer.world.asked.clear();
    let said = peer.send(b"f UID FETCH 1:* (FLAGS)\r\n");
    assert_eq!(said.iter().filter(|byte| **byte == b'\n').count(), 1_002);
    assert_eq!(peer.world.asked, ["Messages"; 3]);
}

#[test]
fn a_quiet_command_asks_nothing() {
    let mut peer = Peer::selected();
    peer.send(b"n NOOP\r\n");
    peer.world.asked.clear();
    peer.send(b"n NOOP\r\nu UID FETCH 1:500 FLAGS\r\ns SEARCH ALL\r\n");
    assert!(peer.world.asked.is_empty(), "{:?}", peer.world.asked);
}

#[test]
fn a_small_message_is_read_once() {
    let mut peer = Peer::selected();
    peer.world.deliver("INBOX", b"Subject: x\r\n\r\nText\r\n");
    peer.session.mailbox_changed();
    peer.send(b"n NOOP\r\n");
    peer.world.asked.clear();
    peer.send(b"f FETCH 1 (BODY.PEEK[HEADER.FIELDS (Subject)] BODY.PEEK[HEADER] BODY.PEEK[])\r\n");
    assert_eq!(peer.world.asked, ["Messages", "Body"]);
}

#[test]
fn i22_logout_in_the_middle_of_a_literal_is_part_of_the_literal() {
    let mut peer = Peer::selected();
    peer.send(b"a APPEND INBOX {30}\r\n");
    peer.send(b"x LOGOUT\r\n");
    peer.session.end_of_input();
    assert!(matches!(peer.step(), Step::Close));
    assert_eq!((peer.world.aborted, peer.world.count("INBOX")), (1, 0));
}

#[test]
fn i1_a_silent_client_is_sent_away() {
    let mut peer = Peer::new();
    peer.session.output().clear();
    peer.session.timed_out();
    assert!(matches!(peer.step(), Step::Close));
    assert_eq!(peer.session.output(), b"* BYE Autologout: silent for too long.\r\n");
}

#[test]
fn i1_what_comes_before_login_is_bounded() {
    for bomb in [b"(".repeat(1_000_000), b" ".repeat(1_000_000), b"a ".repeat(65_536)] {
        let mut peer = Peer::new();
        let said = peer.send(&bomb);
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains("BYE"), "{said}");
        assert!(matches!(peer.step(), Step::Close));
    }
}
