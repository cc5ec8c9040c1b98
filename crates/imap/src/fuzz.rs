//! A client of chance, for the fuzzer and for tests with its collected inputs.

use std::ops::ControlFlow;

use bytes::BytesMut;
use mail::MailboxName;
use mail::mailbox::{Uid, UidSet};

use crate::command::{Command, CommandBody};
use crate::parse::{Framed, Framer, parse};

/// Frames and reads what a client says, and panics if a promise is broken. The first byte holds
/// whether somebody has logged in and whether messages are let in, the second the size of the
/// pieces in which the rest comes.
pub fn command(data: &[u8]) {
    let [choices, cut, said @ ..] = data else { return };
    let mut whole = Listener::new(*choices);
    whole.hear(said);
    let mut pieces = Listener::new(*choices);
    for piece in said.chunks(usize::from(*cut).max(1)) {
        pieces.hear(piece);
    }
    assert_eq!(whole.heard, pieces.heard, "how the input is cut makes no difference");
}

struct Listener {
    framer: Framer,
    accepts: bool,
    /// Everything but the cuts between pieces of a message.
    heard: Vec<Framed>,
    message_bytes: usize,
}

impl Listener {
    fn new(choices: u8) -> Listener {
        let mut framer = Framer::new(mail::limits::MESSAGE_BYTES_MAX);
        if choices & 1 != 0 {
            framer.logged_in();
        }
        Listener { framer, accepts: choices & 2 != 0, heard: Vec::new(), message_bytes: 0 }
    }

    fn hear(&mut self, piece: &[u8]) {
        let mut input = BytesMut::from(piece);
        loop {
            let found = self.framer.next(&mut input);
            if self.take(found).is_break() {
                break;
            }
        }
        assert!(input.is_empty(), "all input is taken");
    }

    fn take(&mut self, found: Framed) -> ControlFlow<()> {
        match &found {
            Framed::NeedInput => return ControlFlow::Break(()),
            Framed::AppendData(data) => {
                assert!(!data.is_empty(), "data is some data");
                self.message_bytes += data.len();
                return ControlFlow::Continue(());
            }
            Framed::Command(command) => read(command),
            Framed::Append(Ok(_)) if self.accepts => {
                self.message_bytes = 0;
                self.framer.accept_append();
            }
            Framed::Append(_) => self.framer.refuse_append(),
            Framed::AppendEnd { .. } => {
                assert_eq!(Some(self.message_bytes as u64), self.announced(), "the whole message");
            }
            Framed::Continue | Framed::Line(_) | Framed::Refused(_) => {}
        }
        self.heard.push(found);
        ControlFlow::Continue(())
    }

    /// The size of the last message that was announced.
    fn announced(&self) -> Option<u64> {
        self.heard.iter().rev().find_map(|found| match found {
            Framed::Append(Ok(Command { body: CommandBody::Append(head), .. })) => {
                Some(head.size_bytes)
            }
            _ => None,
        })
    }
}

/// Reads a command and uses what has a meaning of its own.
fn read(command: &[u8]) {
    let mailbox = UidSet::from_range(Uid::MIN, Uid::MAX);
    match parse(command) {
        Err(error) => assert!(!error.text.is_empty()),
        Ok(Command { body, .. }) => match body {
            CommandBody::List { pattern, .. } => {
                let _ = pattern.matches(&MailboxName::inbox());
            }
            CommandBody::Fetch { messages, items } => {
                assert!(!items.is_empty());
                assert_ne!(messages.resolve(&mailbox), Ok(UidSet::new()), "all UIDs are there");
            }
            _ => {}
        },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_collected_inputs_hold() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/imap_command");
        let mut count = 0;
        for entry in std::fs::read_dir(corpus).unwrap() {
            command(&std::fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0, "there are some");
    }

    proptest! {
        #[test]
        fn any_input_holds(data: Vec<u8>) {
            command(&data);
        }
    }
}
