//! A dialogue's file, understood.

use std::iter::Peekable;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::rehearsal::{DOMAIN, PASSWORD, Props};
use crate::sample;

/// A parsed dialogue.
pub struct Script {
    pub(super) name: String,
    pub(super) props: Props,
    pub(super) steps: Vec<Step>,
}

/// One thing that happens, and the line of the file that says so.
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) action: Action,
}

pub(super) enum Action {
    /// A connection is made, perhaps by somebody who logs in at once.
    Open { party: String, door: Door, user: Option<String> },
    /// Another connection's turn.
    Turn(String),
    /// The client sends this in one go.
    Say(Vec<u8>),
    /// The server says a line like this.
    Hear(String),
    /// Something happens meanwhile.
    Event(Event),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Imap,
    Submission,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Mail { from: String, to: String, n: u64 },
    Advance { seconds: u64 },
    Vanish,
    Full(bool),
    Silence,
    Stop,
}

impl Script {
    /// Understands a file.
    ///
    /// # Panics
    /// If the file says something this language has no word for.
    pub fn parse(name: &str, text: &str) -> Script {
        let mut script =
            Script { name: name.to_owned(), props: Props::default(), steps: Vec::new() };
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line)).peekable();
        while let Some((number, line)) = lines.next() {
            match line.strip_prefix("settings: ") {
                Some(settings) => script.props = props(settings),
                None => script.steps.extend(steps(number, line, &mut lines)),
            }
        }
        script
    }

    /// How many bytes the clients say in all.
    pub(super) fn said_bytes(&self) -> usize {
        let said = self.steps.iter().map(|step| match &step.action {
            Action::Say(bytes) => bytes.len(),
            _ => 0,
        });
        said.sum()
    }

    /// Whether real sockets can play it: silence takes too long there.
    pub(super) fn needs_no_machine(&self) -> bool {
        let of_machine =
            |step: &Step| matches!(step.action, Action::Event(Event::Silence | Event::Stop));
        !self.steps.iter().any(of_machine)
    }
}

fn props(settings: &str) -> Props {
    let mut props = Props::default();
    for word in settings.split_ascii_whitespace() {
        match word.split_once('=') {
            None if word == "rate" => props.rate_limited = true,
            Some(("quota", n)) => props.quota_bytes = number(n),
            Some(("connections", n)) => props.connections_per_user = number(n),
            _ => panic!("no such setting: {word}"),
        }
    }
    props
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

fn steps<'a>(
    line: usize,
    text: &'a str,
    following: &mut Peekable<impl Iterator<Item = (usize, &'a str)>>,
) -> Vec<Step> {
    let step = |action| Step { line, action };
    match text.split_at_checked(3) {
        Some(("C: ", said)) => {
            let mut bytes = sent(said);
            while let Some((_, more)) = following.next_if(|(_, line)| line.starts_with("C: ")) {
                bytes.extend(sent(&more[3..]));
            }
            vec![step(Action::Say(bytes))]
        }
        Some(("c: ", said)) => vec![step(Action::Say(unescape(&expand(said))))],
        Some(("S: ", said)) => {
            expand(said).split("\r\n").map(|line| step(Action::Hear(line.to_owned()))).collect()
        }
        Some(("== ", party)) => vec![step(turn(party))],
        _ => event(text).map(|event| step(Action::Event(event))).into_iter().collect(),
    }
}

/// A client's line with its end.
fn sent(text: &str) -> Vec<u8> {
    let mut bytes = unescape(&expand(text));
    bytes.extend(b"\r\n");
    bytes
}

fn turn(text: &str) -> Action {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let door = |word| match word {
        "imap" => Door::Imap,
        "submission" => Door::Submission,
        other => panic!("no such door: {other}"),
    };
    match words[..] {
        [party] => Action::Turn(party.to_owned()),
        [party, at] => Action::Open { party: party.to_owned(), door: door(at), user: None },
        [party, at, "as", user] => {
            Action::Open { party: party.to_owned(), door: door(at), user: Some(user.to_owned()) }
        }
        _ => panic!("nobody: {text}"),
    }
}

fn event(text: &str) -> Option<Event> {
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let words: Vec<&str> = inner.unwrap_or_default().split_ascii_whitespace().collect();
    Some(match words[..] {
        ["mail", from, to, n] => Event::Mail { from: address(from), to: address(to), n: number(n) },
        ["advance", seconds] => Event::Advance { seconds: number(seconds) },
        ["vanish"] => Event::Vanish,
        ["full"] => Event::Full(true),
        ["free"] => Event::Full(false),
        ["silence"] => Event::Silence,
        ["stop"] => Event::Stop,
        _ => panic!("no such line: {text}"),
    })
}

pub(super) fn address(name: &str) -> String {
    format!("{name}@{DOMAIN}")
}

/// The response of AUTH PLAIN.
pub(super) fn auth(name: &str) -> String {
    STANDARD.encode(format!("\0{}\0{PASSWORD}", address(name)))
}

/// Fills in what stands in double braces, but for the wildcards.
fn expand(text: &str) -> String {
    let Some((head, after)) = text.split_once("}}") else { return text.to_owned() };
    let Some((before, inner)) = head.rsplit_once("{{") else { panic!("no beginning: {text}") };
    let words: Vec<&str> = inner.split_ascii_whitespace().collect();
    let filled = match words[..] {
        ["any" | "lines"] => format!("{{{{{inner}}}}}"),
        ["auth", name] => auth(name),
        ["x", n] => "x".repeat(number(n)),
        ["encrypted", name, n] => message(&address(name), number(n)),
        _ => panic!("nothing to fill in: {inner}"),
    };
    format!("{before}{filled}{}", expand(after))
}

/// The message without its last line end, which the line has itself.
fn message(from: &str, n: u64) -> String {
    sample::encrypted(from, 0, n).trim_end().to_owned()
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => bytes.push(escaped(&mut rest)),
            _ => bytes.push(byte),
        }
    }
    bytes
}

fn escaped(rest: &mut impl Iterator<Item = u8>) -> u8 {
    match rest.next() {
        Some(b'r') => b'\r',
        Some(b'n') => b'\n',
        Some(b'0') => 0,
        Some(b'x') => {
            let digits: String = rest.take(2).map(char::from).collect();
            u8::from_str_radix(&digits, 16).unwrap_or_else(|_| panic!("no byte: {digits}"))
        }
        Some(other) => other,
        None => panic!("a backslash escapes nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_follow_each_other_are_said_at_once() {
        let script = Script::parse("x", "== a imap\nC: one\nC: two\\x41\nS: * OK\n[advance 60]\n");
        let said: Vec<_> = script.steps.iter().map(|step| step.line).collect();
        assert_eq!(said, [1, 2, 4, 5]);
        assert!(
            matches!(&script.steps[1].action, Action::Say(bytes) if bytes == b"one\r\ntwoA\r\n")
        );
        assert_eq!(script.said_bytes(), 11);
    }

    #[test]
    fn braces_are_filled_in_and_wildcards_stay() {
        assert_eq!(expand("a{{x 3}}b{{any}}c{{x 1}}"), "axxxb{{any}}cx");
        assert!(expand("{{encrypted bob 1}}").starts_with("From: <bob@chat.test>\r\n"));
    }
}
