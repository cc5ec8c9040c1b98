//! What no dialogue can show: sizes, steps, patience, memory.

use std::mem::size_of;
use std::time::Duration;

use imap::Session;
use imap::ask::{Ask, Step};
use mail::limits;
use proptest::prelude::*;

use super::peer::Peer;

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
fn a_hint_that_comes_with_the_opened_mailbox_counts() {
    let mut peer = Peer::selected();
    peer.session.feed(b"s SELECT INBOX\r\n");
    while let Step::Ask(ask) = peer.session.poll() {
        let opens = matches!(ask, Ask::Open { .. });
        let answer = peer.world.answer(ask);
        peer.session.answer(answer);
        if opens {
            peer.world.deliver("INBOX", b"Subject: x\r\n\r\n");
            peer.session.mailbox_changed();
        }
    }
    let said = String::from_utf8(peer.session.output().clone()).unwrap();
    assert!(said.contains("* 0 EXISTS\r\n") && said.contains("* 1 EXISTS\r\n"), "{said}");
}

#[test]
fn a_hint_that_comes_with_the_answer_to_the_one_before_counts() {
    for command in ["i IDLE\r\n", "n NOOP\r\nm NOOP\r\n"] {
        let mut peer = Peer::selected();
        peer.world.deliver("INBOX", b"Subject: x\r\n\r\n");
        peer.session.mailbox_changed();
        peer.session.feed(command.as_bytes());
        let mut asked = 0;
        while let Step::Ask(ask) = peer.session.poll() {
            asked += u32::from(matches!(ask, Ask::Changes { .. }));
            let answer = peer.world.answer(ask);
            peer.session.answer(answer);
            if asked == 1 {
                asked += 1;
                peer.world.deliver("INBOX", b"Subject: x\r\n\r\n");
                peer.session.mailbox_changed();
            }
        }
        let said = String::from_utf8(peer.session.output().clone()).unwrap();
        assert!(said.contains("* 2 EXISTS\r\n"), "{said}");
    }
}

#[test]
fn the_cycle_of_a_received_message_asks_no_more_than_it_must() {
    let mut peer = Peer::selected();
    peer.world.deliver("INBOX", b"Subject: x\r\n\r\n");
    peer.session.mailbox_changed();
    peer.send(b"i IDLE\r\n");
    peer.world.asked.clear();
    peer.send(b"DONE\r\nf UID FETCH 1:500 (UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM)])\r\n");
    peer.send(b"b UID FETCH 1 (FLAGS BODY.PEEK[])\r\nd UID STORE 1 +FLAGS (\\Deleted)\r\n");
    peer.session.mailbox_changed();
    peer.send(b"c CLOSE\r\ns SELECT INBOX\r\ni IDLE\r\n");
    let expected =
        ["Messages", "Body", "Messages", "Body", "StoreFlags", "Expunge", "Leave", "Open"];
    assert_eq!(peer.world.asked, expected);
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
fn i16_the_longest_metadata_value_and_one_longer() {
    let mut peer = Peer::selected();
    let mut set = |bytes: usize| {
        let value = "x".repeat(bytes);
        let command = format!("a SETMETADATA INBOX (/private/devicetoken \"{value}\")\r\n");
        String::from_utf8(peer.send(command.as_bytes())).unwrap()
    };
    assert_eq!(set(limits::META_VALUE_BYTES_MAX), "a OK Setmetadata completed.\r\n");
    assert_eq!(
        set(limits::META_VALUE_BYTES_MAX + 1),
        "a NO [METADATA MAXSIZE 8192] The value is too long.\r\n"
    );
}

#[test]
fn i2_the_largest_message_and_one_larger() {
    let mut peer = Peer::selected();
    peer.world.quota_bytes = u64::MAX;
    let max = limits::MESSAGE_BYTES_MAX;
    let said = peer.send(format!("a APPEND INBOX {{{}}}\r\n", max + 1).as_bytes());
    assert_eq!(said, b"a NO [TOOBIG] The literal is too big.\r\n");
    assert_eq!(peer.send(format!("b APPEND INBOX {{{max}}}\r\n").as_bytes()), b"+ OK\r\n");
    for _ in 0..max / 1_048_576 {
        assert_eq!(peer.send(&[b'x'; 1_048_576]), b"");
    }
    let said = String::from_utf8(peer.send(b"\r\n")).unwrap();
    assert_eq!(said, "* 1 EXISTS\r\nb OK [APPENDUID 7 1] Append completed.\r\n");
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

proptest! {
    #[test]
    fn i4_whatever_is_said_the_session_comes_to_rest(
        words in prop::collection::vec(prop::sample::select(WORDS), 0..80),
        cut in 0_usize..400,
    ) {
        let text = words.concat();
        let cut = cut.min(text.len());
        let (mut whole, mut pieces) = (Peer::selected(), Peer::selected());
        let said = whole.send(text.as_bytes());
        let first = pieces.send(&text.as_bytes()[..cut]);
        let second = pieces.send(&text.as_bytes()[cut..]);
        prop_assert_eq!(said, [first, second].concat());
        whole.session.end_of_input();
        prop_assert!(matches!(whole.step(), Step::Close));
    }
}

/// What commands are made of, and what breaks them.
const WORDS: &[&str] = &[
    "\r\n",
    "\r\n",
    "\n",
    "a ",
    "b ",
    " ",
    "(",
    ")",
    "\"",
    "{3}\r\n",
    "{3+}\r\n",
    "{99999+}\r\n",
    "*",
    "1:*",
    "1",
    "UID ",
    "FETCH ",
    "STORE ",
    "SEARCH ",
    "COPY ",
    "MOVE ",
    "APPEND ",
    "INBOX ",
    "FLAGS ",
    "BODY[]",
    "BODY[TEXT]<0.5>",
    "+FLAGS ",
    "\\Seen",
    "ALL",
    "NOT ",
    "OR ",
    "SEEN ",
    "IDLE",
    "DONE\r\n",
    "NOOP",
    "SELECT ",
    "CLOSE",
    "LIST \"\" %",
    "STATUS ",
    "EXPUNGE",
    "a FETCH 1:* (FLAGS)\r\n",
    "a APPEND INBOX {5+}\r\nhello\r\n",
    "a IDLE\r\n",
    "a NOOP\r\n",
    "\0",
    "\u{fc}",
];
