//! What is not a dialogue: ceilings, memory, time, chance. The dialogues are in `tests/dialogues`.

use std::sync::Arc;

use ::mail::limits::{
    SMTP_DRAIN_BYTES_MAX, SMTP_INPUT_BYTES_MAX, SMTP_LINE_SKIP_BYTES_MAX, SMTP_RECIPIENTS_MAX,
};
use proptest::prelude::*;

use super::*;
use crate::fuzz;

fn server(kind: Kind) -> Server {
    Server::new(Profile {
        hostname: Arc::from("mx.example.org"),
        kind,
        tls: TlsState::Established,
        message_size_max: 1 << 20,
        recipients_max: SMTP_RECIPIENTS_MAX,
    })
}

/// A server that said hello to somebody.
fn greeted(kind: Kind) -> Server {
    let mut server = server(kind);
    assert_eq!(codes(&mut server, b"HELO there.example\r\n"), [220, 250]);
    server
}

/// A server on port 25 that is waiting for message data.
fn receiving() -> Server {
    let mut server = greeted(Kind::Mx);
    let said = b"MAIL FROM:<>\r\nRCPT TO:<b@x.org>\r\nDATA\r\n";
    assert_eq!(codes(&mut server, said), [250, 250, 354]);
    server
}

fn usual(ask: &Ask) -> Answer {
    match ask {
        Ask::Authenticate { .. } => Answer::Authenticated,
        Ask::DataEnd { .. } => Answer::Reply(Reply::accepted()),
        _ => Answer::Go,
    }
}

/// Polls with the usual answers until the machine waits; gives the step it waits in.
fn settle(server: &mut Server) -> Step {
    loop {
        match server.poll() {
            Step::Ask(ask) => server.answer(usual(&ask)),
            step => return step,
        }
    }
}

/// The reply codes to what is said.
fn codes(server: &mut Server, said: &[u8]) -> Vec<u16> {
    let mut output = Vec::new();
    settle(server);
    for piece in said.chunks(16 * 1024) {
        server.feed(piece);
        while settle(server) == Step::Flush {
            output.append(server.output());
        }
    }
    output.append(server.output());
    let text = String::from_utf8(std::mem::take(&mut output)).unwrap();
    text.lines().map(|line| line[..3].parse().unwrap()).collect()
}

#[test]
fn a_machine_is_small_and_holds_nothing_when_idle() {
    assert!(size_of::<Server>() <= 512, "{} bytes", size_of::<Server>());
    let mut server = receiving();
    assert_eq!(codes(&mut server, b"text\r\n.\r\n"), [250]);
    *server.output() = Vec::new();
    assert!(server.is_idle());
    assert_eq!(server.input.capacity(), 0);
}

#[test]
fn a_machine_with_something_under_way_is_not_idle() {
    let mut server = server(Kind::Mx);
    assert!(!server.is_idle());
    codes(&mut server, b"HELO x\r\n");
    assert!(server.is_idle());
    codes(&mut server, b"NO");
    assert!(!server.is_idle());
    codes(&mut server, b"OP\r\nMAIL FROM:<>\r\n");
    assert!(!server.is_idle());
    codes(&mut server, b"RSET\r\n");
    assert!(server.is_idle());
}

#[test]
fn s10_who_talks_before_the_greeting_is_refused_on_port_25() {
    let mut mx = server(Kind::Mx);
    mx.feed(b"EHLO x\r\n");
    assert_eq!(settle(&mut mx), Step::Close);
    assert!(mx.output().starts_with(b"554 "));
    let mut submission = server(Kind::Submission);
    submission.feed(b"NOOP\r\n");
    assert_eq!(codes(&mut submission, b""), [220, 250]);
}

#[test]
fn s23_recipients_at_the_ceiling_and_one_past_it() {
    let mut server = greeted(Kind::Mx);
    let mut said = b"MAIL FROM:<>\r\n".to_vec();
    (0..=SMTP_RECIPIENTS_MAX)
        .for_each(|n| said.extend(format!("RCPT TO:<u{n}@x.org>\r\n").bytes()));
    let replies = codes(&mut server, &said);
    assert_eq!(replies.iter().filter(|&&code| code == 250).count(), SMTP_RECIPIENTS_MAX + 1);
    assert_eq!(replies.last(), Some(&452));
    assert_eq!(codes(&mut server, b"DATA\r\n.\r\n"), [354, 250]);
}

#[test]
fn s24_a_command_line_at_the_ceiling_and_one_past_it() {
    let mut server = greeted(Kind::Mx);
    let fill = "x".repeat(SMTP_COMMAND_BYTES_MAX - "NOOP \r\n".len());
    assert_eq!(codes(&mut server, format!("NOOP {fill}\r\n").as_bytes()), [250]);
    assert_eq!(codes(&mut server, format!("NOOP {fill}x\r\nNOOP\r\n").as_bytes()), [500, 250]);
}

#[test]
fn s24_a_long_line_is_one_error_and_no_memory_and_an_endless_one_the_end() {
    let mut server = greeted(Kind::Mx);
    assert_eq!(codes(&mut server, &vec![b'x'; SMTP_LINE_SKIP_BYTES_MAX]), [500]);
    assert_eq!(server.input.capacity(), 0);
    assert_eq!(codes(&mut server, b"\r\nNOOP\r\n"), [250]);
    assert_eq!(codes(&mut server, &vec![b'x'; 1 << 20]), [500, 421]);
    assert_eq!(server.poll(), Step::Close);
}

#[test]
fn s14_an_auth_line_at_the_ceiling_and_one_past_it() {
    let mut server = greeted(Kind::Submission);
    let fill = "A".repeat(SMTP_AUTH_LINE_BYTES_MAX - 2);
    assert_eq!(codes(&mut server, format!("AUTH PLAIN\r\n{fill}\r\n").as_bytes()), [334, 501]);
    let said = format!("AUTH PLAIN\r\n{fill}A\r\nNOOP\r\n");
    assert_eq!(codes(&mut server, said.as_bytes()), [334, 500, 250]);
    let initial = "A".repeat(SMTP_AUTH_LINE_BYTES_MAX);
    let said = format!("AUTH PLAIN {initial}\r\nNOOP\r\n");
    assert_eq!(codes(&mut server, said.as_bytes()), [500, 250]);
}

#[test]
fn what_waits_is_bounded() {
    let mut server = greeted(Kind::Mx);
    server.feed(&vec![b'x'; SMTP_INPUT_BYTES_MAX + 1]);
    assert_eq!(settle(&mut server), Step::Close);
}

#[test]
fn an_accepted_message_wipes_the_errors() {
    let mut server = greeted(Kind::Mx);
    for _ in 0..3 {
        let errors = b"X\r\n".repeat(SMTP_ERRORS_MAX as usize - 1);
        codes(&mut server, &errors);
        let message = b"MAIL FROM:<>\r\nRCPT TO:<b@x.org>\r\nDATA\r\n.\r\n";
        assert_eq!(codes(&mut server, message), [250, 250, 354, 250]);
    }
}

#[test]
fn s6_a_message_refused_midway_is_drained_to_its_end() {
    let mut server = receiving();
    server.feed(b"one\r\n");
    assert_eq!(server.poll(), Step::Ask(Ask::Content("one\r\n".into())));
    server.answer(Answer::Refuse(Reply::insufficient_storage()));
    assert_eq!(server.poll(), Step::Ask(Ask::Reset));
    server.answer(Answer::Go);
    assert_eq!(codes(&mut server, b"two\r\nQUIT\r\n"), []);
    assert_eq!(codes(&mut server, b".\r\nRCPT TO:<b@x.org>\r\n"), [452, 503]);
}

#[test]
fn draining_has_an_end() {
    let mut server = receiving();
    let piece = vec![b'x'; SMTP_INPUT_BYTES_MAX];
    let pieces = ((1 << 20) + SMTP_DRAIN_BYTES_MAX) / piece.len() as u64;
    for _ in 0..pieces {
        server.feed(&piece);
        assert!(matches!(settle(&mut server), Step::Input { .. }));
    }
    for _ in 0..3 {
        server.feed(&piece);
        settle(&mut server);
    }
    assert_eq!(settle(&mut server), Step::Close);
    assert!(server.output().starts_with(b"552 "));
}

#[test]
fn s28_before_the_login_no_command_buys_time() {
    let mut server = greeted(Kind::Submission);
    let is_progress = |server: &mut Server, said: &[u8]| {
        server.feed(said);
        let Step::Input { progress, patience } = settle(server) else { panic!("input is next") };
        (progress, patience.as_secs())
    };
    assert!(matches!(settle(&mut server), Step::Input { .. }));
    for said in [&b"NOOP\r\n"[..], b"EHLO x\r\n", b"AUTH PLAIN\r\n", b"*\r\n"] {
        assert_eq!(is_progress(&mut server, said), (false, SMTP_PREAUTH_TIMEOUT_S));
    }
    let login = b"AUTH PLAIN AG1lAHB3\r\n";
    assert_eq!(is_progress(&mut server, login), (true, SMTP_COMMAND_TIMEOUT_S));
    assert_eq!(is_progress(&mut server, b"NOOP\r\n"), (true, SMTP_COMMAND_TIMEOUT_S));
}

#[test]
fn s28_dripping_bytes_buys_no_time() {
    let progress = |server: &mut Server, said: &[u8]| {
        server.feed(said);
        match settle(server) {
            Step::Input { progress, .. } => progress,
            step => panic!("{step:?}"),
        }
    };
    let mut server = greeted(Kind::Mx);
    assert!(!progress(&mut server, b"NO"));
    assert!(!progress(&mut server, b"OP"));
    assert!(progress(&mut server, b"\r\n"));
    let mut server = receiving();
    assert!(!progress(&mut server, b"x"));
    assert!(progress(&mut server, &[b'x'; 32_768]));
    assert!(!progress(&mut server, b"x"));
    assert!(progress(&mut server, b"\r\n.\r\n"));
}

#[test]
fn patience_depends_on_what_is_awaited() {
    let patience = |server: &mut Server| match settle(server) {
        Step::Input { patience, .. } => patience.as_secs(),
        step => panic!("{step:?}"),
    };
    assert_eq!(patience(&mut greeted(Kind::Submission)), SMTP_PREAUTH_TIMEOUT_S);
    assert_eq!(patience(&mut greeted(Kind::Mx)), SMTP_COMMAND_TIMEOUT_S);
    assert_eq!(patience(&mut receiving()), SMTP_DATA_TIMEOUT_S);
}

#[test]
fn replies_are_flushed_when_there_are_many() {
    let mut server = greeted(Kind::Mx);
    server.feed(&b"NOOP\r\n".repeat(SMTP_OUTPUT_BYTES_HIGH / 6));
    assert_eq!(server.poll(), Step::Flush);
    assert!(server.output().len() < SMTP_OUTPUT_BYTES_HIGH + 1_024);
}

#[test]
fn a_refusal_that_reads_like_success_is_none() {
    let mut server = receiving();
    server.feed(b".\r\n");
    assert!(matches!(server.poll(), Step::Ask(Ask::DataEnd { .. })));
    server.answer(Answer::Refuse(Reply::accepted()));
    assert!(server.output().starts_with(b"451 "));
}

#[test]
fn shutting_down_waits_for_an_answer_and_cuts_auth_short() {
    let mut server = greeted(Kind::Submission);
    assert_eq!(codes(&mut server, b"AUTH LOGIN\r\n"), [334]);
    server.shut_down();
    assert_eq!(settle(&mut server), Step::Close);
    assert!(server.output().starts_with(b"421 4.3.2 "));
}

/// Words of the language, and some that are not.
const WORDS: &[&[u8]] = &[
    b"EHLO x\r\n",
    b"HELO x\r\n",
    b"STARTTLS\r\n",
    b"AUTH PLAIN AGFAeC5vcmcAc2VjcmV0\r\n",
    b"AUTH LOGIN\r\n",
    b"YUB4Lm9yZw==\r\n",
    b"*\r\n",
    b"MAIL FROM:<>\r\n",
    b"MAIL FROM:<a@x.org> SIZE=5 SMTPUTF8\r\n",
    b"RCPT TO:<b@x.org>\r\n",
    b"DATA\r\n",
    b"text\r\n",
    b"..\r\n",
    b".\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"VRFY x\r\n",
    b"HELP\r\n",
    b"QUIT\r\n",
    b"GET / HTTP/1.1\r\n",
    b"\r",
    b"\n",
    b".",
    b"\0",
    b"\xc3\xbc",
];

fn word() -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(WORDS)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_break_no_promise(data in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::session(&data);
    }

    #[test]
    fn random_words_break_no_promise(
        head in prop::array::uniform3(any::<u8>()),
        words in prop::collection::vec(word(), 0..60),
    ) {
        fuzz::session(&[&head[..], &words.concat()].concat());
    }

    #[test]
    fn s9_random_words_split_anywhere_are_answered_alike(
        words in prop::collection::vec(word(), 0..40),
        cut in 1_usize..40,
    ) {
        let said = words.concat();
        let whole = codes(&mut greeted(Kind::Mx), &said);
        let mut server = greeted(Kind::Mx);
        let pieces: Vec<_> = said.chunks(cut).flat_map(|piece| codes(&mut server, piece)).collect();
        prop_assert_eq!(whole, pieces);
    }
}
