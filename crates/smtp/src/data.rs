//! The data codec: how a message lies between DATA and the lone dot (RFC 5321 section 4.5.2).
//!
//! Only CR LF `.` CR LF ends the data. Servers that also took LF `.` LF and its kin let one message
//! become two ("SMTP smuggling"); here a bare CR or LF is content of a message that will be refused
//! at the true end, and nothing in it is ever a command. The [`Stuffer`] in turn cannot produce a line
//! end that anybody could read in two ways.

use memchr::memchr3;

use crate::reply::Reply;

/// Why a message's data cannot be taken. The first one found is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFault {
    /// A CR that is not followed by LF.
    BareCarriageReturn,
    /// An LF that does not follow a CR.
    BareLineFeed,
    /// A NUL octet (RFC 5322 section 2.3 has none).
    Nul,
    /// More bytes than the profile allows.
    TooLarge,
}

impl DataFault {
    /// The reply that says so.
    pub const fn reply(self) -> Reply {
        match self {
            DataFault::TooLarge => Reply::message_too_large(),
            _ => Reply::invalid_data(),
        }
    }

    /// True for what honest clients never send and smugglers live on: the connection ends too.
    pub(crate) const fn breaks_lines(self) -> bool {
        matches!(self, DataFault::BareCarriageReturn | DataFault::BareLineFeed)
    }
}

/// What [`Unstuffer::push`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// This many bytes of the input were used; all of it unless `ended`.
    pub consumed: usize,
    /// The lone dot was among them. What follows is not data.
    pub ended: bool,
}

/// Undoes dot-stuffing and finds the end of data, however the bytes are split.
#[derive(Clone, Debug)]
pub struct Unstuffer {
    place: Place,
    fault: Option<DataFault>,
    size_bytes: u64,
    size_max: u64,
}

/// Where in a line the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// First byte of a line.
    Start,
    /// After a dot at the start; the dot is not content.
    Dot,
    /// After a CR that follows such a dot; neither was given out yet.
    DotCr,
    /// Within a line.
    Middle,
    /// After a CR, which was not given out yet.
    Cr,
    /// After the lone dot.
    End,
}

impl Unstuffer {
    /// A decoder for one message of at most `size_max` bytes.
    pub fn new(size_max: u64) -> Self {
        Self { place: Place::Start, fault: None, size_bytes: 0, size_max }
    }

    /// Decodes `input` and appends the content to `out`. After the first fault nothing more is
    /// appended, but the end is still looked for. After the end nothing is consumed.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Progress {
        let mut at = 0;
        while at < input.len() && self.place != Place::End {
            at += self.plain_run(&input[at..], out);
            if let Some(&byte) = input.get(at) {
                self.step(byte, out);
                at += 1;
            }
        }
        Progress { consumed: at, ended: self.place == Place::End }
    }

    /// The first fault so far.
    pub fn fault(&self) -> Option<DataFault> {
        self.fault
    }

    /// Content so far in bytes, also what was not given out.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Takes the bytes up to the next one that needs thought; gives how many.
    fn plain_run(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        if self.place != Place::Middle {
            return 0;
        }
        let run = memchr3(b'\r', b'\n', 0, input).unwrap_or(input.len());
        self.give(&input[..run], out);
        run
    }

    fn step(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.place = match (self.place, byte) {
            (Place::Start, b'.') => Place::Dot,
            (Place::Dot, b'\r') => Place::DotCr,
            (Place::DotCr, b'\n') => Place::End,
            (Place::Start | Place::Middle, b'\r') => Place::Cr,
            (Place::Cr, b'\n') => {
                self.give(b"\r\n", out);
                Place::Start
            }
            (Place::Cr | Place::DotCr, _) => {
                self.blame(DataFault::BareCarriageReturn);
                self.give(b"\r", out);
                self.within(byte, out)
            }
            _ => self.within(byte, out),
        };
    }

    /// A byte that is not at the start of a line and has no CR before it.
    fn within(&mut self, byte: u8, out: &mut Vec<u8>) -> Place {
        match byte {
            b'\r' => return Place::Cr,
            b'\n' => self.blame(DataFault::BareLineFeed),
            0 => self.blame(DataFault::Nul),
            _ => {}
        }
        self.give(&[byte], out);
        Place::Middle
    }

    fn give(&mut self, content: &[u8], out: &mut Vec<u8>) {
        let room = self.size_max.saturating_sub(self.size_bytes);
        let fitting = content.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        if self.fault.is_none() {
            out.extend_from_slice(&content[..fitting]);
        }
        if fitting < content.len() {
            self.blame(DataFault::TooLarge);
        }
        self.size_bytes = self.size_bytes.saturating_add(content.len() as u64);
    }

    fn blame(&mut self, fault: DataFault) {
        self.fault.get_or_insert(fault);
    }
}

/// Prepares a message for DATA: every line ends in CR LF, leading dots are doubled. Bare CR and bare
/// LF become line ends, so that no reader can see another end than ours.
#[derive(Clone, Debug)]
pub struct Stuffer {
    at_start: bool,
    after_cr: bool,
}

impl Default for Stuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Stuffer {
    /// An encoder for one message.
    pub fn new() -> Self {
        Self { at_start: true, after_cr: false }
    }

    /// Encodes `content` and appends it to `out`.
    pub fn push(&mut self, content: &[u8], out: &mut Vec<u8>) {
        let mut rest = content;
        while let [byte, ..] = rest {
            let plain = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            if plain > 0 {
                self.text(&rest[..plain], *byte, out);
                rest = &rest[plain..];
            } else {
                self.line_end(*byte, out);
                rest = &rest[1..];
            }
        }
    }

    /// Appends what is missing to a whole last line, and the lone dot.
    pub fn finish(self, out: &mut Vec<u8>) {
        if !self.at_start {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }

    fn text(&mut self, text: &[u8], first: u8, out: &mut Vec<u8>) {
        if self.at_start && first == b'.' {
            out.push(b'.');
        }
        out.extend_from_slice(text);
        self.at_start = false;
        self.after_cr = false;
    }

    /// CR LF is one line end, and so is each CR or LF alone.
    fn line_end(&mut self, byte: u8, out: &mut Vec<u8>) {
        if !(byte == b'\n' && self.after_cr) {
            out.extend_from_slice(b"\r\n");
        }
        self.at_start = true;
        self.after_cr = byte == b'\r';
    }
}

#[cfg(test)]
mod tests;
