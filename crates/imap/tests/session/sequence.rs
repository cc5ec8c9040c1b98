//! Sequence numbers under fire: whatever others do to the mailbox, the numbers the client was told
//! always mean the messages it thinks they mean (RFC 3501 sections 5.5 and 7.4.1).

use mail::mailbox::{FlagChange, FlagOp, SystemFlags};
use proptest::prelude::*;

use super::peer::{Peer, understood};

/// What happens next.
#[derive(Clone, Debug)]
enum Event {
    /// Others.
    Deliver,
    Expunge(u32),
    Flag(u32),
    /// The client.
    Say(&'static str),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => Just(Event::Deliver),
        2 => (1_u32..12).prop_map(Event::Expunge),
        2 => (1_u32..12).prop_map(Event::Flag),
        6 => prop::sample::select(vec![
            "NOOP",
            "FETCH 1:* (UID FLAGS)",
            "UID FETCH 1:* (FLAGS)",
            "FETCH 1:* (UID BODY[])",
            "STORE 1:* +FLAGS (\\Answered)",
            "UID STORE 1:* -FLAGS.SILENT (\\Answered)",
            "SEARCH UNSEEN",
            "UID SEARCH ALL",
            "UID STORE 2:3 +FLAGS (\\Deleted)",
            "EXPUNGE",
            "UID EXPUNGE 3:4",
            "COPY 1:* INBOX",
            "UID MOVE 5:6 Trash",
            "IDLE\r\nDONE",
            "CHECK",
        ]).prop_map(Event::Say),
    ];
    prop::collection::vec(event, 1..60)
}

/// The mailbox as a client knows it: a UID for each sequence number, where it was told one.
#[derive(Default)]
struct Client {
    uids: Vec<Option<u32>>,
}

impl Client {
    fn hear(&mut self, line: &str, command: &str) {
        let words: Vec<_> = line.split([' ', '(', ')']).collect();
        let ["*", number, what, ..] = words.as_slice() else { return };
        let Ok(number) = number.parse::<usize>() else { return };
        match *what {
            "EXISTS" => {
                assert!(number >= self.uids.len(), "{command}: {line}");
                self.uids.resize(number, None);
            }
            "EXPUNGE" => {
                let by_sequence = ["FETCH", "STORE", "SEARCH"];
                assert!(!by_sequence.iter().any(|verb| command.starts_with(verb)), "{command}");
                self.uids.remove(number - 1);
            }
            "FETCH" => {
                let uid = words.iter().skip_while(|word| **word != "UID").nth(1);
                if let Some(uid) = uid.map(|uid| uid.parse().unwrap()) {
                    let known = self.uids[number - 1].get_or_insert(uid);
                    assert_eq!(*known, uid, "{command}: {line}");
                }
            }
            _ => {}
        }
    }
}

fn say(peer: &mut Peer, client: &mut Client, command: &str) {
    let said = peer.send(format!("t {command}\r\n").as_bytes());
    assert!(understood(&said).is_empty(), "{command}");
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains("BYE") && !said.contains("t BAD The"), "{command}: {said}");
    said.lines().for_each(|line| client.hear(line, command));
}

fn happen(peer: &mut Peer, client: &mut Client, event: &Event) {
    match event {
        Event::Deliver => peer.world.deliver("INBOX", b"Subject: x\r\n\r\nText"),
        Event::Expunge(uid) => peer.world.expunge("INBOX", &uid.to_string()),
        Event::Flag(uid) => {
            let change = FlagChange { op: FlagOp::Add, flags: SystemFlags::FLAGGED.into() };
            peer.world.store("INBOX", &uid.to_string(), &change);
        }
        Event::Say(command) => return say(peer, client, command),
    }
    peer.session.mailbox_changed();
}

proptest! {
    #[test]
    fn i7_numbers_mean_what_the_client_thinks(events in events()) {
        let mut peer = Peer::selected();
        peer.world.create("Trash");
        let mut client = Client::default();
        for event in &events {
            happen(&mut peer, &mut client, event);
        }
        say(&mut peer, &mut client, "NOOP");
        say(&mut peer, &mut client, "FETCH 1:* (UID)");
        let known: Vec<_> = client.uids.iter().map(|uid| uid.unwrap()).collect();
        prop_assert_eq!(known, peer.world.uids("INBOX"));
    }
}
