//! Golden dialogues: each file of `tests/dialogues/` is one conversation, told whole, line by line,
//! byte by byte, and split in two at every point. The replies must be the same, in the same order.
//!
//! Lines of such a file:
//!
//! - `profile: submission|mx tls|starttls [size=N] [recipients=N]`, once, first
//! - `C: text` sends a line; `\r`, `\n`, `\0`, `\xNN` and `\\` are escapes; `C| text` sends no CR LF
//! - `S: text` expects a reply line
//! - `[ask ...]` expects a question; looked at only in files that have some
//! - `[answer NAME go|authenticated|refuse R|close R|reply R]` is how the door will answer the next
//!   question of that name; without it says yes to everything
//! - `[tls]` the handshake is done; what the client had sent before is lost
//! - `[timeout]`, `[shutdown]` happen while the server waits for input
//! - `[close]` expects the server to close; a file without it ends with the server waiting
//! - `#` begins a comment

// A broken script may panic: it is a test.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::Arc;

use smtp::{Answer, Ask, Kind, Profile, Reply, Server, Step, TlsState};

macro_rules! dialogues {
    ($($name:ident)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            Script::parse(include_str!(concat!("dialogues/", stringify!($name), ".txt"))).check();
        })*
    };
}

dialogues! {
    a_session_of_the_client
    a_session_on_port_25
    a_pipelined_session
    auth_login
    bounce_sender_is_null
    errors_have_a_ceiling
    parameters_of_mail_and_rcpt
    s2_bare_lf_is_refused
    s2_bare_cr_is_refused
    s3_smuggled_commands_are_content
    s5_dots
    s6_after_each_rejection
    s6_refused_data_closes
    s7_out_of_order
    s8_bdat_is_not_offered
    s10_data_behind_data_is_data
    s10_data_behind_refused_data_is_not_run
    s11_injection_before_tls
    s12_after_starttls
    s13_auth_before_tls
    s13_auth_on_mx
    s14_auth_trouble
    s16_third_failed_login
    s19_sender_mismatch_at_rcpt
    s23_recipients
    s25_size
    s29_open_relay
    s30_vrfy_tells_nothing
    s31_http
    s31_http_after_ehlo
    s32_hello
    s41_smtputf8
    s44_rate
    shut_down_between_transactions
    shut_down_within_a_transaction
    timed_out
    timed_out_within_data
    bare_lf_in_commands
}

#[test]
fn every_file_is_told() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dialogues");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.strip_suffix(".txt").unwrap();
        assert!(NAMES.contains(&stem), "{name} has no test");
    }
}

/// One file, understood.
struct Script {
    profile: Profile,
    segments: Vec<Segment>,
    answers: Vec<(String, Answer)>,
    expected: Vec<String>,
}

/// What the client sends in one go, then what happens.
#[derive(Default)]
struct Segment {
    /// Each with the number of expected reply lines and closes that follow it.
    lines: Vec<(Vec<u8>, usize)>,
    then: Option<Event>,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Tls,
    Timeout,
    Shutdown,
}

impl Script {
    fn parse(text: &str) -> Self {
        let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let profile = profile(lines.next().unwrap());
        let mut script = Script {
            profile,
            segments: vec![Segment::default()],
            answers: vec![],
            expected: vec![],
        };
        for line in lines {
            script.take(line);
        }
        script
    }

    fn take(&mut self, line: &str) {
        let segment = self.segments.last_mut().unwrap();
        if let Some(sent) = line.strip_prefix("C: ") {
            segment.lines.push(([unescape(sent), b"\r\n".to_vec()].concat(), 0));
        } else if let Some(sent) = line.strip_prefix("C| ") {
            segment.lines.push((unescape(sent), 0));
        } else if let Some(answer) = line.strip_prefix("[answer ") {
            self.answers.push(parse_answer(answer.strip_suffix(']').unwrap()));
        } else if let Some(event) = parse_event(line) {
            segment.then = Some(event);
            self.segments.push(Segment::default());
        } else {
            assert!(
                line.starts_with("S: ") || line.starts_with("[ask ") || line == "[close]",
                "{line}"
            );
            self.expected.push(line.to_owned());
            if let Some((_, replies)) = segment.lines.last_mut() {
                *replies += usize::from(!line.starts_with("[ask "));
            }
        }
    }

    fn check(&self) {
        let whole: Vec<Vec<Vec<u8>>> = self.segments.iter().map(|s| vec![s.bytes()]).collect();
        self.run("whole", &whole);
        let lines = self.segments.iter().map(Segment::by_line).collect::<Vec<_>>();
        self.run("line by line", &lines);
        self.check_moments();
        let bytes: Vec<Vec<Vec<u8>>> =
            self.segments.iter().map(|s| s.bytes().iter().map(|&b| vec![b]).collect()).collect();
        self.run("byte by byte", &bytes);
        for (at, segment) in whole.iter().enumerate() {
            for split in 1..segment[0].len() {
                let mut pieces = whole.clone();
                let (head, tail) = segment[0].split_at(split);
                pieces[at] = vec![head.to_vec(), tail.to_vec()];
                self.run(&format!("segment {at} split at {split}"), &pieces);
            }
        }
    }

    /// The whole transcript is as told, whatever the pieces.
    fn run(&self, how: &str, segments: &[Vec<Vec<u8>>]) {
        let mut told = Conversation::new(self);
        told.settle();
        for (pieces, segment) in segments.iter().zip(&self.segments) {
            for piece in pieces {
                told.hear(piece);
            }
            told.happen(segment.then);
        }
        let with_asks = self.expected.iter().any(|line| line.starts_with("[ask "));
        let heard: Vec<_> =
            told.heard.into_iter().filter(|line| with_asks || !line.starts_with("[ask ")).collect();
        assert_eq!(heard.join("\n"), self.expected.join("\n"), "told {how}");
    }

    /// Each reply comes after its line and before the next.
    fn check_moments(&self) {
        let mut told = Conversation::new(self);
        told.settle();
        for segment in &self.segments {
            for (line, replies) in &segment.lines {
                let before = told.replies();
                told.hear(line);
                if segment.lines.last().map(|l| l.0.as_ptr()) != Some(line.as_ptr()) {
                    let text = String::from_utf8_lossy(line);
                    assert_eq!(told.replies() - before, *replies, "replies to {text}");
                }
            }
            told.happen(segment.then);
        }
    }
}

impl Segment {
    fn bytes(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|(line, _)| line.clone()).collect()
    }

    fn by_line(&self) -> Vec<Vec<u8>> {
        self.lines.iter().map(|(line, _)| line.clone()).collect()
    }
}

/// The machine and its fake door.
struct Conversation {
    server: Server,
    answers: VecDeque<(String, Answer)>,
    heard: Vec<String>,
    /// The machine waits for this, if not for input.
    paused: Option<Step>,
}

impl Conversation {
    fn new(script: &Script) -> Self {
        Self {
            server: Server::new(script.profile.clone()),
            answers: script.answers.clone().into(),
            heard: Vec::new(),
            paused: None,
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        if self.paused.is_none() {
            self.server.feed(bytes);
            self.settle();
        }
    }

    fn happen(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Tls) => {
                assert_eq!(self.paused.take(), Some(Step::StartTls));
                self.server.tls_established();
            }
            Some(Event::Timeout) => self.server.timed_out(),
            Some(Event::Shutdown) => self.server.shut_down(),
            None => {}
        }
        self.settle();
    }

    /// Runs until bytes or an event are needed.
    fn settle(&mut self) {
        while self.paused.is_none() {
            let step = self.server.poll();
            self.collect_output();
            match step {
                Step::Ask(ask) => self.answer(ask),
                Step::Flush => {}
                Step::Input { .. } => return,
                Step::StartTls => self.paused = Some(Step::StartTls),
                Step::Close => {
                    self.heard.push("[close]".to_owned());
                    self.paused = Some(Step::Close);
                }
            }
        }
    }

    fn collect_output(&mut self) {
        let output = std::mem::take(self.server.output());
        let text = String::from_utf8(output).unwrap();
        let lines = text.split_terminator("\r\n").map(|line| format!("S: {line}"));
        self.heard.extend(lines);
    }

    fn answer(&mut self, ask: Ask) {
        let (name, told, usual) = describe(ask);
        self.note(told);
        let scripted = self.answers.iter().position(|(asked, _)| asked == name);
        let answer = scripted.and_then(|at| self.answers.remove(at)).map_or(usual, |(_, a)| a);
        self.server.answer(answer);
    }

    /// Pieces of content are one, however they were cut.
    fn note(&mut self, told: String) {
        let content = "[ask content ";
        match (self.heard.last_mut(), told.strip_prefix(content)) {
            (Some(last), Some(more)) if last.starts_with(content) => {
                last.truncate(last.len() - 1);
                last.push_str(more);
            }
            _ => self.heard.push(told),
        }
    }

    fn replies(&self) -> usize {
        self.heard.iter().filter(|line| !line.starts_with("[ask ")).count()
    }
}

fn describe(ask: Ask) -> (&'static str, String, Answer) {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    match ask {
        Ask::Authenticate { user, password } => (
            "authenticate",
            format!("[ask authenticate {} {}]", text(&user), text(&password)),
            Answer::Authenticated,
        ),
        Ask::Mail { sender, size } => {
            let sender = sender.map_or(String::new(), |s| s.to_string());
            let size = size.map_or(String::new(), |s| format!(" size={s}"));
            ("mail", format!("[ask mail <{sender}>{size}]"), Answer::Go)
        }
        Ask::Recipient(to) => ("recipient", format!("[ask recipient <{to}>]"), Answer::Go),
        Ask::DataBegin => ("data-begin", "[ask data-begin]".to_owned(), Answer::Go),
        Ask::Content(bytes) => ("content", format!("[ask content {}]", text(&bytes)), Answer::Go),
        Ask::DataEnd { fault, size_bytes } => {
            let fault = fault.map_or(String::new(), |f| format!(" {f:?}"));
            let told = format!("[ask data-end {size_bytes}{fault}]");
            ("data-end", told, Answer::Reply(Reply::accepted()))
        }
        Ask::Reset => ("reset", "[ask reset]".to_owned(), Answer::Go),
    }
}

fn profile(line: &str) -> Profile {
    let mut profile = Profile {
        hostname: Arc::from("mx.example.org"),
        kind: Kind::Submission,
        tls: TlsState::Established,
        message_size_max: 1_000,
        recipients_max: 10,
    };
    for word in line.strip_prefix("profile: ").unwrap().split(' ') {
        match word.split_once('=') {
            None if word == "submission" => profile.kind = Kind::Submission,
            None if word == "mx" => profile.kind = Kind::Mx,
            None if word == "tls" => profile.tls = TlsState::Established,
            None if word == "starttls" => profile.tls = TlsState::Offered,
            Some(("size", n)) => profile.message_size_max = n.parse().unwrap(),
            Some(("recipients", n)) => profile.recipients_max = n.parse().unwrap(),
            _ => panic!("unknown in profile: {word}"),
        }
    }
    profile
}

fn parse_answer(text: &str) -> (String, Answer) {
    let (name, rest) = text.split_once(' ').unwrap();
    let (kind, reply) = rest.split_once(' ').unwrap_or((rest, "450 none"));
    let (code, text) = reply.split_once(' ').unwrap();
    let reply = Reply::new(code.parse().unwrap(), None, text);
    let answer = match kind {
        "go" => Answer::Go,
        "authenticated" => Answer::Authenticated,
        "refuse" => Answer::Refuse(reply),
        "close" => Answer::RefuseAndClose(reply),
        "reply" => Answer::Reply(reply),
        _ => panic!("unknown answer: {kind}"),
    };
    (name.to_owned(), answer)
}

fn parse_event(line: &str) -> Option<Event> {
    match line {
        "[tls]" => Some(Event::Tls),
        "[timeout]" => Some(Event::Timeout),
        "[shutdown]" => Some(Event::Shutdown),
        _ => None,
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next().unwrap() {
            b'r' => b'\r',
            b'n' => b'\n',
            b'0' => 0,
            b'x' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    out
}
