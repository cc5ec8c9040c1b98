//! Plays a golden dialogue: a text file of what the client says, what the server must say, and
//! what happens in the world meanwhile.
//!
//! ```text
//! # a comment
//! C: a1 NOOP          the client's line, sent with CR LF; neighbouring lines are sent at once
//! c: half a line      the client's bytes, without a line end
//! S: a1 OK ...        a line the server must say now; neighbouring lines are all it says
//! S: <close>          ... before it closes (also <starttls>)
//! W: deliver INBOX Subject: x\r\n\r\nText
//! ```
//! `\r`, `\n`, `\\` and `\xNN` are read in `C:`, `c:` and `W:` lines. What stands at `W:` is in
//! [`Stage::happen`].

use std::sync::Arc;

use imap::ask::{Refusal, Step};
use imap::{Config, Session, Transport};
use mail::mailbox::{FlagChange, FlagOp, Flags, Keyword, SystemFlags};

use super::peer::understood;
use super::world::World;

/// Events of a dialogue that can follow each other without a word from the server.
const STEPS_MAX: usize = 100_000;

/// In dialogues with one of these are answers that the real client cannot read and never asks for.
const NEVER_ASKED: [&str; 3] = ["NAMESPACE", "GETMETADATA INBOX", "FETCH (BODY ("];

/// Plays a dialogue with the client's bytes in pieces of at most `piece` bytes, and fails on the
/// first difference.
pub(crate) fn play(name: &str, text: &str, piece: usize) {
    let mut stage = Stage::new(text.contains("W: plain\n"));
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let place = format!("{name}:{} in pieces of {piece}", number + 1);
        match line.split_at(line.len().min(3)) {
            ("C: ", rest) => {
                let mut bytes = [unescape(rest), b"\r\n".to_vec()].concat();
                while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with("C: ")) {
                    bytes.extend([unescape(&more[3..]), b"\r\n".to_vec()].concat());
                }
                stage.feed(&bytes, piece);
            }
            ("c: ", rest) => stage.feed(&unescape(rest), piece),
            ("S: ", rest) => {
                let mut expected = vec![rest.to_owned()];
                while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with("S: ")) {
                    expected.push(more[3..].to_owned());
                }
                stage.run();
                assert_eq!(stage.said(), expected, "{place}");
            }
            ("W: ", rest) => stage.happen(rest),
            (other, _) => assert!(other.is_empty() || other.starts_with('#'), "{place}: {line}"),
        }
    }
    stage.run();
    assert_eq!(stage.said(), Vec::<String>::new(), "{name}: at the end, in pieces of {piece}");
    if !NEVER_ASKED.iter().any(|word| text.contains(word)) {
        let rest = understood(&stage.heard);
        assert!(rest.is_empty() || stage.ended.is_some(), "{name}: {}", rest.escape_ascii());
    }
}

struct Stage {
    session: Session,
    world: World,
    /// What the server said since it was last looked at.
    said: Vec<u8>,
    /// Everything the server said.
    heard: Vec<u8>,
    /// How the connection ended, and whether that was looked at.
    ended: Option<(&'static str, bool)>,
    /// Messages to expunge once the session asks for bytes again after a flush.
    expunge_at_flush: Option<String>,
}

impl Stage {
    fn new(plain: bool) -> Stage {
        let transport = if plain { Transport::Plain { starttls: true } } else { Transport::Tls };
        let config = Config { message_bytes_max: 100_000, ..Config::default() };
        Stage {
            session: Session::new(Arc::new(config), transport),
            world: World::new(),
            said: Vec::new(),
            heard: Vec::new(),
            ended: None,
            expunge_at_flush: None,
        }
    }

    fn feed(&mut self, bytes: &[u8], piece: usize) {
        for bytes in bytes.chunks(piece) {
            self.session.feed(bytes);
            self.run();
        }
    }

    /// Runs until the session waits for the client.
    fn run(&mut self) {
        for _ in 0..STEPS_MAX {
            match self.session.poll() {
                Step::Ask(ask) => {
                    let answer = self.world.answer(ask);
                    self.session.answer(answer);
                }
                Step::Flush => {
                    self.take_output();
                    if let Some(uids) = self.expunge_at_flush.take() {
                        self.world.expunge("INBOX", &uids);
                    }
                }
                Step::Input { .. } => return self.take_output(),
                Step::StartTls => {
                    self.ended.get_or_insert(("<starttls>", false));
                    return self.take_output();
                }
                Step::Close => {
                    self.ended.get_or_insert(("<close>", false));
                    return self.take_output();
                }
            }
        }
        panic!("the session never comes to rest");
    }

    fn take_output(&mut self) {
        self.heard.extend_from_slice(self.session.output());
        self.said.append(self.session.output());
    }

    /// The lines said since the last call.
    fn said(&mut self) -> Vec<String> {
        let said = String::from_utf8_lossy(&std::mem::take(&mut self.said)).into_owned();
        let mut lines: Vec<_> = said.split_terminator("\r\n").map(str::to_owned).collect();
        if let Some((ended, looked_at)) = &mut self.ended
            && !std::mem::replace(looked_at, true)
        {
            lines.push((*ended).into());
        }
        lines
    }

    fn happen(&mut self, event: &str) {
        let (verb, rest) = event.split_once(' ').unwrap_or((event, ""));
        let (name, argument) = rest.split_once(' ').unwrap_or((rest, ""));
        match verb {
            "plain" => {}
            "deliver" => self.world.deliver(name, &unescape(argument)),
            "deliver-large" => {
                let text = "0123456789".repeat(argument.parse::<usize>().unwrap() / 10);
                self.world.deliver(name, format!("Subject: large\r\n\r\n{text}").as_bytes());
            }
            "create" => self.world.create(name),
            "delete" => self.world.delete(name),
            "expunge" => self.world.expunge(name, argument),
            "expunge-at-flush" => self.expunge_at_flush = Some(name.to_owned()),
            "flag" => self.flag(name, argument),
            "login" => {
                self.feed(
                    b"l LOGIN alice@example.org {11+}\r\npa\"ss\\w\xc3\xb6rd\r\n",
                    usize::MAX,
                );
                self.said();
            }
            "select" => {
                self.feed(b"s SELECT INBOX\r\n", usize::MAX);
                self.said();
            }
            "run" => self.run(),
            "expect-broken-off" => {
                self.run();
                let said = self.said();
                let [_, _, _, text, end] = said.as_slice() else { panic!("{} lines", said.len()) };
                assert!(text.ends_with(char::is_numeric) && end == "<close>");
            }
            "overquota" => self.world.refusal = Some(Refusal::OverQuota),
            "passing" => self.world.refusal = Some(Refusal::Passing("The store is away.".into())),
            "unavailable" => self.world.refusal = Some(Refusal::Unavailable),
            "crowded" => {
                self.world.refusal = Some(Refusal::TooManyConnections("Too many.".into()));
            }
            "quota" => self.world.quota_bytes = name.parse().unwrap(),
            "aborted" => {
                self.run();
                assert_eq!(self.world.aborted, name.parse().unwrap(), "uploads forgotten");
            }
            "silence" => self.session.timed_out(),
            "changed" => self.session.mailbox_changed(),
            "end" => self.session.end_of_input(),
            "stop" => self.session.shut_down(),
            "tls" => {
                self.session.tls_established();
                self.ended = None;
            }
            "quiet" => assert!(self.session.is_quiet(), "the session is not quiet"),
            other => panic!("no such event: {other}"),
        }
        if matches!(verb, "deliver" | "deliver-large" | "expunge" | "flag") {
            self.session.mailbox_changed();
        }
    }

    /// `flag INBOX 2 +\Seen`
    fn flag(&mut self, name: &str, argument: &str) {
        let (uids, flag) = argument.split_once(' ').unwrap();
        let op = if flag.starts_with('+') { FlagOp::Add } else { FlagOp::Remove };
        let mut flags = Flags::new();
        match SystemFlags::parse(&flag[1..]) {
            Some(flag) => flags.insert(flag),
            None => flags.insert_keyword(Keyword::parse(&flag[1..]).unwrap()),
        }
        self.world.store(name, uids, &FlagChange { op, flags });
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let escaped = if byte == b'\\' { rest.next() } else { None };
        match escaped {
            Some(b'r') => bytes.push(b'\r'),
            Some(b'n') => bytes.push(b'\n'),
            Some(b'x') => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = std::str::from_utf8(&digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
            }
            // `\Seen` stays as it is.
            Some(b'\\') => bytes.push(b'\\'),
            Some(other) => bytes.extend([b'\\', other]),
            None => bytes.push(byte),
        }
    }
    bytes
}
