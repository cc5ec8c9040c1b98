//! Checks ASCII armor as it streams by (RFC 9580 section 6.2) and walks the packets inside.
//!
//! One block of type `PGP MESSAGE` and nothing else: the BEGIN line first, an empty line, strict
//! base64 in lines, perhaps a checksum line (never verified, RFC 9580 section 6.1), the END line,
//! then at most empty lines. Lines end with CR LF. No armor header is accepted, but for `Version:`
//! on mail from elsewhere, where old programs may have written it; our own users' programs do not.
//!
//! Memory: one short line and what one line of base64 decodes to.

use memchr::memchr;

use crate::encoding::{Base64Decoder, is_base64_byte};
use crate::gate::Direction;
use crate::openpgp::{NotEncrypted, PacketWalk};

const BEGIN: &[u8] = b"-----BEGIN PGP MESSAGE-----";
const END: &[u8] = b"-----END PGP MESSAGE-----";
const VERSION: &[u8] = b"Version: ";
/// Longest line that is not base64, in bytes. A longer one is refused.
const SPECIAL_LINE_BYTES_MAX: usize = 200;
/// Most base64 that is decoded in one go, in bytes: bounds the memory for its result.
const DECODE_BYTES_MAX: usize = 4_096;

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Begin,
    /// A header or the empty line that ends them.
    Header {
        version_allowed: bool,
    },
    Data,
    /// The END line, after a checksum.
    End,
    /// Empty lines only.
    Nothing,
    Refused,
}

/// What the line under way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Nothing of it came yet.
    Start,
    /// Base64, decoded as it comes.
    Data,
    /// Anything else, collected.
    Special,
    /// It is over but for the LF.
    Return,
}

/// A check under way.
#[derive(Clone, Debug)]
pub struct ArmorCheck {
    version_allowed: bool,
    expect: Expect,
    line: Line,
    special: Vec<u8>,
    base64: Base64Decoder,
    decoded: Vec<u8>,
    walk: PacketWalk,
}

impl ArmorCheck {
    /// Before the first byte. The direction decides whether a `Version:` line is accepted.
    pub fn new(direction: Direction) -> ArmorCheck {
        ArmorCheck {
            expect: Expect::Begin,
            line: Line::Start,
            special: Vec::new(),
            base64: Base64Decoder::new(),
            decoded: Vec::new(),
            walk: PacketWalk::new(),
            version_allowed: direction == Direction::Incoming,
        }
    }

    /// The next bytes of the decoded body.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && self.expect != Expect::Refused {
            let taken = self.take(rest);
            rest = &rest[taken..];
        }
    }

    /// The body is over: was it the armor of an encrypted message?
    pub fn finish(mut self) -> Result<(), NotEncrypted> {
        // The line end before a boundary belongs to the boundary, so the last line may have none.
        match self.line {
            Line::Special => self.end_special(),
            Line::Start => {}
            Line::Data | Line::Return => self.expect = Expect::Refused,
        }
        if self.expect != Expect::Nothing {
            return Err(NotEncrypted);
        }
        self.base64.finish().map_err(|_| NotEncrypted)?;
        self.walk.finish()
    }

    /// Looks at the next bytes, of which there is at least one; tells how many were used up.
    fn take(&mut self, rest: &[u8]) -> usize {
        match self.line {
            Line::Start => self.begin_line(rest[0]),
            Line::Data => {
                let length = memchr(b'\r', rest).unwrap_or(rest.len()).min(DECODE_BYTES_MAX);
                self.data(&rest[..length]);
                length + self.end_line_at(rest.get(length))
            }
            Line::Special => {
                let length = memchr(b'\r', rest).unwrap_or(rest.len());
                self.collect(&rest[..length]);
                let end = self.end_line_at(rest.get(length));
                if end > 0 {
                    self.end_special();
                }
                length + end
            }
            Line::Return => {
                self.require(rest[0] == b'\n');
                self.line = Line::Start;
                1
            }
        }
    }

    fn begin_line(&mut self, first: u8) -> usize {
        match first {
            b'\r' => {
                self.empty_line();
                self.line = Line::Return;
                1
            }
            _ if self.expect == Expect::Data && is_base64_byte(first) => {
                self.line = Line::Data;
                0
            }
            _ => {
                self.line = Line::Special;
                0
            }
        }
    }

    /// One if the line ends here with CR.
    fn end_line_at(&mut self, next: Option<&u8>) -> usize {
        if next == Some(&b'\r') {
            self.line = Line::Return;
            1
        } else {
            0
        }
    }

    fn empty_line(&mut self) {
        match self.expect {
            Expect::Begin => self.expect = Expect::Refused,
            Expect::Header { .. } => self.expect = Expect::Data,
            Expect::Data | Expect::End | Expect::Nothing | Expect::Refused => {}
        }
    }

    fn collect(&mut self, bytes: &[u8]) {
        self.require(self.special.len() + bytes.len() <= SPECIAL_LINE_BYTES_MAX);
        if self.expect != Expect::Refused {
            self.special.extend_from_slice(bytes);
        }
    }

    fn end_special(&mut self) {
        let line = std::mem::take(&mut self.special);
        self.expect = match self.expect {
            Expect::Begin if line == BEGIN => {
                Expect::Header { version_allowed: self.version_allowed }
            }
            Expect::Header { version_allowed: true } if line.starts_with(VERSION) => {
                Expect::Header { version_allowed: false }
            }
            Expect::Data if line == b"=" || line == b"==" => {
                self.data(&line);
                self.expect
            }
            Expect::Data if is_checksum(&line) => Expect::End,
            Expect::Data | Expect::End if line == END => Expect::Nothing,
            _ => Expect::Refused,
        };
    }

    fn data(&mut self, base64: &[u8]) {
        self.decoded.clear();
        let decoded = self.base64.feed(base64, &mut self.decoded);
        self.require(decoded.is_ok());
        self.walk.feed(&self.decoded);
    }

    fn require(&mut self, holds: bool) {
        if !holds {
            self.expect = Expect::Refused;
        }
    }
}

/// `=` and the 24 bits of a CRC in base64.
fn is_checksum(line: &[u8]) -> bool {
    matches!(line, [b'=', sum @ ..] if sum.len() == 4 && sum.iter().all(|&b| is_base64_byte(b)))
}

#[cfg(test)]
mod tests;
