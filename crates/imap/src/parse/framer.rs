//! Cuts a byte stream into commands (RFC 3501 sections 2.2 and 4.3, RFC 7888 LITERAL+).
//!
//! Holds at most one unfinished command, and nothing at all between commands. A literal is
//! measured when it is announced, before any of it is read. How the input is split never changes
//! which commands, continuations and refusals come out.

use bytes::{Bytes, BytesMut};
use mail::limits;

use super::{ParseError, append};
use crate::command::{Command, Tag};

/// What [`Framer::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Framed {
    /// All input was taken; come back with more.
    NeedInput,
    /// Say `+` and call again: the client waits for it before it sends a literal.
    Continue,
    /// A whole command with its literals, without the line end. For [`super::parse`].
    Command(Vec<u8>),
    /// A line that is no command, without its end; only after [`Framer::expect_line`].
    Line(Vec<u8>),
    /// An APPEND up to its message: a command whose body is
    /// [`crate::command::CommandBody::Append`]. Answer with [`Framer::accept_append`] or
    /// [`Framer::refuse_append`] before calling again; an error can only be refused.
    Append(Result<Command, ParseError>),
    /// The next bytes of an accepted message; never empty.
    AppendData(Bytes),
    /// The accepted message and its command are complete. `clean` is false if something stood
    /// between the message and the line end: then the command was BAD.
    #[allow(missing_docs)]
    AppendEnd { clean: bool },
    /// A ceiling was met.
    Refused(Refused),
}

/// A command that is not taken in.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its tag, if it began with one.
    pub tag: Option<Tag>,
    /// Which ceiling.
    pub fault: Fault,
    /// True if the stream cannot go on: say BYE and close. No more will come out.
    pub fatal: bool,
}

/// The ceiling a command met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// [`limits::IMAP_LINE_BYTES_MAX`]: `BAD`.
    LineTooLong,
    /// [`limits::IMAP_LITERAL_BYTES_MAX`] or, for APPEND, the message ceiling:
    /// `NO [TOOBIG]`.
    LiteralTooBig,
    /// [`limits::IMAP_COMMAND_BYTES_MAX`] or, before login, [`limits::IMAP_PREAUTH_BYTES_MAX`]:
    /// `BAD`.
    CommandTooBig,
}

/// The cutting machine. Begins with the ceilings before login.
#[derive(Debug)]
pub struct Framer {
    /// The unfinished command; in skipping states only the last bytes of the line.
    held: Vec<u8>,
    /// Where the line being read begins in `held`.
    line_start: usize,
    /// Bytes of `held` that are lines, not literals.
    line_bytes: usize,
    state: State,
    logged_in: bool,
    message_bytes_max: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// In a line of a command.
    #[default]
    Line,
    /// In a line that is no command.
    FreeLine,
    /// In a literal that is part of the command.
    Literal { missing: usize },
    /// Waiting for the verdict on an APPEND.
    Verdict { size_bytes: u64, synchronising: bool },
    /// A message was accepted whose sender waits to hear so.
    Invite { size_bytes: u64 },
    /// In an accepted message.
    Message { missing: u64 },
    /// After an accepted message.
    MessageTail { clean: bool },
    /// In a literal nobody wants.
    SkipLiteral { missing: u64 },
    /// In a line nobody wants.
    SkipLine,
    /// A ceiling was met that ends the connection.
    Dead,
}

/// How much of a skipped line is kept to see whether it announces a literal.
const LINE_TAIL_BYTES: usize = 64;

impl Framer {
    /// A framer at the beginning of a connection. A message for APPEND has at most
    /// `message_bytes_max` bytes; the default is [`limits::MESSAGE_BYTES_MAX`].
    pub fn new(message_bytes_max: u64) -> Framer {
        Framer {
            held: Vec::new(),
            line_start: 0,
            line_bytes: 0,
            state: State::Line,
            logged_in: false,
            message_bytes_max,
        }
    }

    /// The client logged in: the higher ceilings hold from the next command on.
    pub fn logged_in(&mut self) {
        self.logged_in = true;
    }

    /// The next line is no command (an answer to AUTHENTICATE, or DONE). Call between commands.
    pub fn expect_line(&mut self) {
        debug_assert!(self.state == State::Line && self.held.is_empty());
        self.state = State::FreeLine;
    }

    /// Take the announced message.
    pub fn accept_append(&mut self) {
        if let State::Verdict { size_bytes, synchronising } = self.state {
            self.state = match synchronising {
                true => State::Invite { size_bytes },
                false => State::Message { missing: size_bytes },
            };
        }
    }

    /// Do not take the announced message. If it comes unasked it is read and forgotten.
    pub fn refuse_append(&mut self) {
        if let State::Verdict { size_bytes, synchronising } = self.state {
            self.state = match synchronising {
                true => State::Line,
                false => State::SkipLiteral { missing: size_bytes },
            };
        }
    }

    /// True in the middle of something the client has begun: patience for it is
    /// [`limits::IMAP_LITERAL_TIMEOUT_S`].
    pub fn is_mid_command(&self) -> bool {
        !self.held.is_empty() || !matches!(self.state, State::Line | State::FreeLine | State::Dead)
    }

    /// Takes from the front of `input` and says what it found. Only [`Framed::NeedInput`] means
    /// that `input` is used up.
    pub fn next(&mut self, input: &mut BytesMut) -> Framed {
        loop {
            if let Some(found) = self.step(input) {
                return found;
            }
        }
    }

    /// One state's work: either something is found, or the state changed.
    fn step(&mut self, input: &mut BytesMut) -> Option<Framed> {
        match self.state {
            State::Line => self.read_line(input),
            State::FreeLine => self.read_free_line(input),
            State::Literal { missing } => self.read_literal(missing, input),
            State::Verdict { .. } => Some(Framed::NeedInput),
            State::Invite { size_bytes } => {
                self.state = State::Message { missing: size_bytes };
                Some(Framed::Continue)
            }
            State::Message { missing } => self.pass_message(missing, input),
            State::MessageTail { clean } => self.read_message_tail(clean, input),
            State::SkipLiteral { missing } => self.skip_literal(missing, input),
            State::SkipLine => self.skip_line(input),
            State::Dead => {
                input.clear();
                Some(Framed::NeedInput)
            }
        }
    }

    fn read_line(&mut self, input: &mut BytesMut) -> Option<Framed> {
        match self.take_line(input) {
            LineRead::Unfinished => Some(Framed::NeedInput),
            LineRead::TooLong => Some(self.refuse_line()),
            LineRead::Whole => match announced_literal(&self.held[self.line_start..]) {
                None => Some(Framed::Command(self.take_held())),
                Some(literal) => self.weigh_literal(literal),
            },
        }
    }

    fn read_free_line(&mut self, input: &mut BytesMut) -> Option<Framed> {
        match self.take_line(input) {
            LineRead::Unfinished => Some(Framed::NeedInput),
            LineRead::TooLong => Some(self.refuse_line()),
            LineRead::Whole => {
                self.state = State::Line;
                Some(Framed::Line(self.take_held()))
            }
        }
    }

    /// Moves input into `held` up to a line end, which is not kept.
    fn take_line(&mut self, input: &mut BytesMut) -> LineRead {
        let room = self.line_room();
        let window = &input[..room.min(input.len())];
        let Some(at) = memchr::memchr(b'\n', window) else {
            self.line_bytes += window.len();
            self.held.extend_from_slice(&input.split_to(window.len()));
            return if self.line_room() == 0 { LineRead::TooLong } else { LineRead::Unfinished };
        };
        self.line_bytes += at + 1;
        self.held.extend_from_slice(&input.split_to(at + 1)[..at]);
        if self.held.len() > self.line_start && self.held.ends_with(b"\r") {
            self.held.pop();
        }
        LineRead::Whole
    }

    /// How many more bytes, the line end included, this line may have.
    fn line_room(&self) -> usize {
        let line = limits::IMAP_LINE_BYTES_MAX.saturating_sub(self.line_bytes);
        line.min(self.command_bytes_max().saturating_sub(self.held.len()))
    }

    fn command_bytes_max(&self) -> usize {
        match self.logged_in {
            true => limits::IMAP_COMMAND_BYTES_MAX,
            false => limits::IMAP_PREAUTH_BYTES_MAX,
        }
    }

    fn refuse_line(&mut self) -> Framed {
        let whole_is_too_big = self.held.len() >= self.command_bytes_max();
        let fault = match whole_is_too_big && self.logged_in {
            true => Fault::CommandTooBig,
            false => Fault::LineTooLong,
        };
        self.refuse(fault, whole_is_too_big, State::SkipLine)
    }

    fn weigh_literal(&mut self, literal: Announced) -> Option<Framed> {
        if self.logged_in && append::announces_message(&self.held) {
            return Some(self.weigh_message(literal));
        }
        if self.logged_in && literal.bytes > limits::IMAP_LITERAL_BYTES_MAX as u64 {
            let fatal = !literal.synchronising;
            return Some(self.refuse(Fault::LiteralTooBig, fatal, State::Line));
        }
        let room = self.command_bytes_max() - self.held.len();
        match usize::try_from(literal.bytes) {
            Ok(missing) if missing.saturating_add(LITERAL_LINE_END.len()) < room => {
                self.held.extend_from_slice(LITERAL_LINE_END);
                self.state = State::Literal { missing };
                literal.synchronising.then_some(Framed::Continue)
            }
            _ => Some(self.refuse(Fault::CommandTooBig, true, State::Dead)),
        }
    }

    fn weigh_message(&mut self, literal: Announced) -> Framed {
        if literal.bytes > self.message_bytes_max {
            let fatal = !literal.synchronising;
            return self.refuse(Fault::LiteralTooBig, fatal, State::Line);
        }
        let Announced { bytes: size_bytes, synchronising } = literal;
        self.state = State::Verdict { size_bytes, synchronising };
        Framed::Append(append::parse_append(&self.take_held(), size_bytes, synchronising))
    }

    fn read_literal(&mut self, missing: usize, input: &mut BytesMut) -> Option<Framed> {
        let taken = missing.min(input.len());
        self.held.extend_from_slice(&input.split_to(taken));
        if taken < missing {
            self.state = State::Literal { missing: missing - taken };
            return Some(Framed::NeedInput);
        }
        self.line_start = self.held.len();
        self.state = State::Line;
        None
    }

    fn pass_message(&mut self, missing: u64, input: &mut BytesMut) -> Option<Framed> {
        if missing == 0 {
            self.state = State::MessageTail { clean: true };
            return None;
        }
        if input.is_empty() {
            return Some(Framed::NeedInput);
        }
        let data = input.split_to(shorter(missing, input.len())).freeze();
        self.state = State::Message { missing: missing - data.len() as u64 };
        Some(Framed::AppendData(data))
    }

    fn read_message_tail(&mut self, clean: bool, input: &mut BytesMut) -> Option<Framed> {
        let ended = self.take_tail(input);
        let clean = clean && matches!(self.held.as_slice(), b"" | b"\r");
        self.state = State::MessageTail { clean };
        if !ended {
            return Some(Framed::NeedInput);
        }
        self.after_dropped_line();
        Some(Framed::AppendEnd { clean })
    }

    fn skip_literal(&mut self, missing: u64, input: &mut BytesMut) -> Option<Framed> {
        if missing > self.message_bytes_max {
            return Some(self.refuse(Fault::LiteralTooBig, true, State::Dead));
        }
        let taken = shorter(missing, input.len());
        let _ = input.split_to(taken);
        let missing = missing - taken as u64;
        self.state = match missing {
            0 => State::SkipLine,
            _ => State::SkipLiteral { missing },
        };
        (missing > 0).then_some(Framed::NeedInput)
    }

    fn skip_line(&mut self, input: &mut BytesMut) -> Option<Framed> {
        if !self.take_tail(input) {
            return Some(Framed::NeedInput);
        }
        self.after_dropped_line();
        None
    }

    /// Drops input up to a line end, but for the line's last bytes. True at the end.
    fn take_tail(&mut self, input: &mut BytesMut) -> bool {
        let end = memchr::memchr(b'\n', input);
        let line = input.split_to(end.map_or(input.len(), |at| at + 1));
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        self.held.extend_from_slice(&line[line.len().saturating_sub(LINE_TAIL_BYTES)..]);
        let surplus = self.held.len().saturating_sub(LINE_TAIL_BYTES);
        self.held.drain(..surplus);
        end.is_some()
    }

    /// A dropped line may announce a literal that comes unasked: that goes the same way, lest a
    /// piece of mail be taken for commands.
    fn after_dropped_line(&mut self) {
        let tail = self.take_held();
        let tail = tail.strip_suffix(b"\r").unwrap_or(&tail);
        self.state = match announced_literal(tail) {
            Some(Announced { bytes, synchronising: false }) => {
                State::SkipLiteral { missing: bytes }
            }
            _ => State::Line,
        };
    }

    fn refuse(&mut self, fault: Fault, fatal: bool, next: State) -> Framed {
        let free_line = self.state == State::FreeLine;
        let held = self.take_held();
        let tag = if free_line { None } else { super::tag_of(&held) };
        self.state = if fatal { State::Dead } else { next };
        if self.state == State::SkipLine {
            self.held.extend_from_slice(&held[held.len().saturating_sub(LINE_TAIL_BYTES)..]);
        }
        Framed::Refused(Refused { tag, fault, fatal })
    }

    fn take_held(&mut self) -> Vec<u8> {
        self.line_start = 0;
        self.line_bytes = 0;
        std::mem::take(&mut self.held)
    }
}

enum LineRead {
    Unfinished,
    Whole,
    TooLong,
}

/// What stands between a literal's announcement and its bytes, in `held`.
const LITERAL_LINE_END: &[u8] = b"\n";

/// `{bytes}` or `{bytes+}` at the end of a line.
#[derive(Clone, Copy)]
struct Announced {
    /// Saturates, far beyond any ceiling.
    bytes: u64,
    synchronising: bool,
}

fn announced_literal(line: &[u8]) -> Option<Announced> {
    let inner = line.strip_suffix(b"}")?;
    let (inner, synchronising) = match inner.strip_suffix(b"+") {
        Some(inner) => (inner, false),
        None => (inner, true),
    };
    let digits = inner.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, digits) = inner.split_at(inner.len() - digits);
    if digits.is_empty() || !before.ends_with(b"{") {
        return None;
    }
    let bytes = digits
        .iter()
        .fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(Announced { bytes, synchronising })
}

fn shorter(missing: u64, available: usize) -> usize {
    usize::try_from(missing).map_or(available, |missing| missing.min(available))
}

#[cfg(test)]
mod tests;
