//! Playing a dialogue: the steps in order, and whether each line is the expected one.

use std::future::Future;

use super::pure::Pure;
use super::script::{Action, Door, Event, Script, auth};
use super::wire::Wire;
use crate::rehearsal::{DOMAIN, PASSWORD, Rehearsal};
use crate::sample;

/// Where a dialogue can be played.
pub(super) trait Stage {
    /// A connection is made. It is a panic to make two of one name.
    fn open(&mut self, party: &str, door: Door) -> impl Future<Output = ()>;
    /// The client says something.
    fn say(&mut self, party: &str, bytes: &[u8]) -> impl Future<Output = ()>;
    /// The next line for this client, without its end; `<close>` at the end; `None` if there is
    /// nothing. If one is `expected`, it may take a while.
    fn line(&mut self, party: &str, expected: bool) -> impl Future<Output = Option<String>>;
    /// Something happens to this client or to the world.
    fn happen(&mut self, party: &str, event: &Event) -> impl Future<Output = ()>;
}

/// Where the clients' bytes are cut.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    /// Only where the script does.
    Nowhere,
    /// After every byte.
    Everywhere,
    /// After so many bytes of all that is said.
    After(usize),
}

/// Tells a dialogue without sockets: whole, byte by byte, and cut in two at every byte.
///
/// # Panics
/// At the first line that is not as written, with the file's line and the cut in the message.
pub async fn rehearse(script: &Script) {
    let cuts = (1..script.said_bytes()).map(Cut::After);
    for cut in [Cut::Nowhere, Cut::Everywhere].into_iter().chain(cuts) {
        let house = Rehearsal::new(&script.props).await;
        play(script, Pure::new(house, cut), &format!("cut {cut:?}")).await;
    }
}

/// Tells a dialogue over TLS on loopback, if it needs nothing that only a machine can do.
///
/// # Panics
/// As [`rehearse`].
pub async fn on_the_wire(script: &Script) {
    if script.needs_no_machine() {
        let house = Rehearsal::new(&script.props).await;
        play(script, Wire::new(house), "on the wire").await;
    }
}

async fn play(script: &Script, mut stage: impl Stage, how: &str) {
    let mut turn = String::new();
    let mut parties = Vec::new();
    let mut steps = script.steps.iter().peekable();
    while let Some(step) = steps.next() {
        let place = format!("{}:{} {how}", script.name, step.line);
        match &step.action {
            Action::Open { party, door, user } => {
                stage.open(party, *door).await;
                if let Some(user) = user {
                    enter(&mut stage, party, *door, user).await;
                }
                turn.clone_from(party);
                parties.push(party);
            }
            Action::Turn(party) => turn.clone_from(party),
            Action::Say(bytes) => stage.say(&turn, bytes).await,
            Action::Hear(pattern) if pattern == "{{lines}}" => {
                let Some(Action::Hear(until)) = steps.peek().map(|step| &step.action) else {
                    panic!("{place}: up to what?");
                };
                skip(&mut stage, &turn, until, &place).await;
                steps.next();
            }
            Action::Hear(pattern) => {
                let line = stage.line(&turn, true).await.unwrap_or("(nothing)".into());
                assert!(matches(pattern, &line), "{place}\nwanted {pattern}\nbut    {line}");
            }
            Action::Event(event) => stage.happen(&turn, event).await,
        }
    }
    for party in parties {
        let more = stage.line(party, false).await;
        assert!(matches!(more.as_deref(), None | Some("<close>")), "{}: {more:?}", script.name);
    }
}

/// Hears lines up to one like `until`.
async fn skip(stage: &mut impl Stage, party: &str, until: &str, place: &str) {
    let mut skipped = Vec::new();
    while let Some(line) = stage.line(party, true).await {
        if matches(until, &line) {
            return;
        }
        assert_ne!(line, "<close>", "{place}: wanted {until} after {skipped:#?}");
        skipped.push(line);
    }
    panic!("{place}: wanted {until} after {skipped:#?}");
}

/// The usual beginning of a connection.
async fn enter(stage: &mut impl Stage, party: &str, door: Door, user: &str) {
    let (said, end) = match door {
        Door::Imap => {
            (format!("l LOGIN {user}@{DOMAIN} {PASSWORD}\r\ns SELECT INBOX\r\n"), "s OK {{any}}")
        }
        Door::Submission => {
            (format!("EHLO [127.0.0.1]\r\nAUTH PLAIN {}\r\n", auth(user)), "235 {{any}}")
        }
    };
    stage.say(party, said.as_bytes()).await;
    skip(stage, party, end, party).await;
}

/// What a sender says who is not part of the dialogue. The messages have high numbers.
pub(super) fn submission(from: &str, to: &str, n: u64) -> String {
    let name = from.split('@').next().unwrap_or_default();
    let mut said = format!("EHLO [127.0.0.1]\r\nAUTH PLAIN {}\r\n", auth(name));
    for n in 0..n {
        let message = sample::encrypted(from, 0, 1_000_000 + n);
        said.push_str(&format!("MAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\nDATA\r\n{message}.\r\n"));
    }
    said
}

/// Whether a line is like a pattern, in which `{{any}}` is any text.
fn matches(pattern: &str, line: &str) -> bool {
    let Some((first, following)) = pattern.split_once("{{any}}") else { return pattern == line };
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let (middle, last) = following.rsplit_once("{{any}}").unwrap_or(("", following));
    for part in middle.split("{{any}}") {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_is_any_text_and_the_rest_is_itself() {
        assert!(matches("a {{any}} c {{any}}", "a b c d"));
        assert!(matches("abc", "abc") && matches("{{any}}", ""));
        for (pattern, line) in [("abc", "abcd"), ("a{{any}}d", "abc"), ("{{any}}x{{any}}", "abc")] {
            assert!(!matches(pattern, line), "{pattern} {line}");
        }
    }
}
