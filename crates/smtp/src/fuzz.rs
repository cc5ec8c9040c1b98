//! A door of chance, for fuzzers and property tests.
//!
//! [`session`] lets arbitrary bytes choose the profile, the conversation, how it is cut, and what the
//! door says, and panics if the machine breaks one of its promises.

use std::mem;
use std::sync::Arc;

use crate::ask::{Answer, Ask, Step};
use crate::profile::{Kind, Profile, TlsState};
use crate::reply::Reply;
use crate::server::Server;

/// Steps that may follow one piece of input, for each of its bytes and once more for all.
const STEPS_PER_BYTE_MAX: usize = 4;
/// Output one byte of input may cause: a whole EHLO reply for seven bytes is the most.
const OUTPUT_PER_BYTE_MAX: usize = 256;
/// Output a piece of input may cause beyond that: the greeting, a last word.
const OUTPUT_EXTRA_MAX: usize = 1_024;

/// Runs one session. The first byte is the profile, the second the sizes of pieces, the third seeds
/// the door's answers; the rest is what the client says.
pub fn session(data: &[u8]) {
    let [profile, cut, seed, said @ ..] = data else {
        return;
    };
    let mut session = Session::new(profile_of(*profile), *seed);
    session.run(0);
    for piece in said.chunks(usize::from(*cut).max(1)) {
        if session.over {
            return;
        }
        session.server.feed(piece);
        session.run(piece.len());
    }
    session.end(*seed);
}

fn profile_of(byte: u8) -> Profile {
    Profile {
        hostname: Arc::from("mx.example.org"),
        kind: if byte & 1 == 0 { Kind::Submission } else { Kind::Mx },
        tls: if byte & 2 == 0 { TlsState::Established } else { TlsState::Offered },
        message_size_max: u64::from(byte),
        recipients_max: usize::from(byte >> 2 & 3),
    }
}

/// What the door believes; the machine must never surprise it.
struct Session {
    server: Server,
    kind: Kind,
    tls: TlsState,
    chance: u32,
    welcome: bool,
    transaction: Option<Transaction>,
    over: bool,
}

#[derive(Default)]
struct Transaction {
    recipients: usize,
    data: bool,
    content: Vec<u8>,
}

impl Session {
    fn new(profile: Profile, seed: u8) -> Self {
        let (kind, tls) = (profile.kind, profile.tls);
        Self {
            server: Server::new(profile),
            kind,
            tls,
            chance: u32::from(seed),
            welcome: false,
            transaction: None,
            over: false,
        }
    }

    /// Polls until input is wanted, and counts what that costs.
    fn run(&mut self, input_bytes: usize) {
        let mut output_bytes = 0;
        for _ in 0..=STEPS_PER_BYTE_MAX * (input_bytes + 2) {
            let step = self.server.poll();
            output_bytes += self.take_output();
            match step {
                Step::Ask(ask) => self.reply_to(ask),
                Step::Flush => {}
                Step::Input { .. } => return assert_bounded(output_bytes, input_bytes),
                Step::StartTls => self.start_tls(),
                Step::Close => {
                    self.over = true;
                    assert!(self.transaction.is_none(), "closed with a transaction open");
                    return assert_bounded(output_bytes, input_bytes);
                }
            }
        }
        panic!("the machine does not come to rest");
    }

    fn end(&mut self, seed: u8) {
        if seed & 1 == 0 {
            self.server.shut_down();
            self.run(0);
        }
        if !self.over {
            self.server.timed_out();
            self.run(0);
        }
        assert!(self.over, "the session goes on after its end");
    }

    fn start_tls(&mut self) {
        assert_eq!(self.tls, TlsState::Offered);
        self.tls = TlsState::Established;
        self.server.tls_established();
    }

    fn take_output(&mut self) -> usize {
        let output = mem::take(self.server.output());
        assert!(output.is_empty() || output.ends_with(b"\r\n"), "half a reply");
        let text = str::from_utf8(&output).expect("a reply is UTF-8");
        text.split_terminator("\r\n").for_each(assert_reply_line);
        output.len()
    }

    fn reply_to(&mut self, ask: Ask) {
        assert_eq!(self.tls, TlsState::Established, "{ask:?} before TLS");
        let yes = !self.next_chance().is_multiple_of(4);
        match ask {
            Ask::Authenticate { .. } => self.authenticate(yes),
            Ask::Mail { .. } => self.mail(yes),
            Ask::Recipient(_) => self.recipient(yes),
            Ask::DataBegin => self.data_begin(yes),
            Ask::Content(bytes) => self.content(&bytes, yes),
            Ask::DataEnd { fault, size_bytes } => self.data_end(fault.is_some(), size_bytes),
            Ask::Reset => {
                assert!(self.transaction.take().is_some(), "nothing to forget");
                self.server.answer(Answer::Go);
            }
        }
    }

    fn authenticate(&mut self, yes: bool) {
        assert_eq!(self.kind, Kind::Submission);
        assert!(!self.welcome, "logged in twice");
        self.welcome = yes;
        let no = Answer::Refuse(Reply::login_failed());
        self.server.answer(if yes { Answer::Authenticated } else { no });
    }

    fn mail(&mut self, yes: bool) {
        assert!(self.welcome || self.kind == Kind::Mx, "mail of a stranger");
        assert!(self.transaction.is_none(), "two transactions at once");
        self.transaction = yes.then(Transaction::default);
        self.server.answer(if yes { Answer::Go } else { no() });
    }

    fn recipient(&mut self, yes: bool) {
        let transaction = self.transaction.as_mut().expect("a recipient is of a transaction");
        assert!(!transaction.data, "a recipient within data");
        transaction.recipients += usize::from(yes);
        self.server.answer(if yes { Answer::Go } else { no() });
    }

    fn data_begin(&mut self, yes: bool) {
        let transaction = self.transaction.as_mut().expect("data is of a transaction");
        assert!(transaction.recipients > 0, "data for nobody");
        transaction.data = yes;
        self.server.answer(if yes { Answer::Go } else { no() });
    }

    fn content(&mut self, bytes: &[u8], yes: bool) {
        let transaction = self.transaction.as_mut().expect("content is of a transaction");
        assert!(transaction.data && !bytes.is_empty());
        transaction.content.extend_from_slice(bytes);
        self.server.answer(if yes { Answer::Go } else { no() });
    }

    fn data_end(&mut self, fault: bool, size_bytes: u64) {
        let transaction = self.transaction.take().expect("the end is of a transaction");
        assert!(transaction.data);
        if !fault {
            assert_eq!(transaction.content.len() as u64, size_bytes);
            assert_whole_lines(&transaction.content);
        }
        self.server.answer(Answer::Reply(Reply::accepted()));
    }

    /// A linear congruential generator: chance that can be repeated.
    fn next_chance(&mut self) -> u32 {
        self.chance = self.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.chance >> 16
    }
}

fn no() -> Answer {
    Answer::Refuse(Reply::local_error())
}

fn assert_bounded(output_bytes: usize, input_bytes: usize) {
    // A whole line may have waited for its last byte.
    let caused = OUTPUT_PER_BYTE_MAX * input_bytes + OUTPUT_EXTRA_MAX;
    assert!(output_bytes <= caused, "{output_bytes} bytes of output for {input_bytes}");
}

fn assert_reply_line(line: &str) {
    let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
    assert!(code.is_some_and(|code| (200..600).contains(&code)), "no reply: {line:?}");
    assert!(matches!(line.as_bytes().get(3), Some(b' ' | b'-')), "no reply: {line:?}");
    assert!(line.len() <= 510 && !line.contains(char::is_control), "no reply: {line:?}");
}

fn assert_whole_lines(content: &[u8]) {
    let mut before = b'\n';
    for &byte in content {
        assert_eq!(byte == b'\n', before == b'\r', "a bare line end in {content:?}");
        before = if before == b'\n' && byte == b'\n' { 0 } else { byte };
    }
    assert_eq!(before, b'\n', "half a line in {content:?}");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_collected_inputs_hold() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/smtp_session");
        let mut count = 0;
        for entry in std::fs::read_dir(corpus).unwrap() {
            session(&std::fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0, "there are some");
    }
}
