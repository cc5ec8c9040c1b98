//! The encryption gate: what kind of message is this, judged by its structure alone.
//!
//! The bytes of a message stream by once, in constant memory; at the end there are [`Findings`]: a
//! [`Class`] and the header facts policy needs. Nothing is accepted or refused here, except that a
//! message without a readable header has no findings.
//!
//! [`Class::Encrypted`] and [`Class::SecureJoin`] are exact: whatever two mail programs could read
//! differently is neither (a repeated or escaped Content-Type, a line that is nearly a boundary,
//! bare CR or LF anywhere, charsets that are not ASCII at heart, loose base64). PGP/MIME is
//! RFC 3156 section 4; the armor and the packets inside are read by [`crate::armor`] and
//! [`crate::openpgp`]. A note before the first boundary is tolerated, text after the last is not.

mod facts;
mod lines;
mod part;
mod shape;

pub use facts::{FromError, HeaderFacts};

use self::lines::LineCheck;
use self::shape::Inspector;
use crate::mime::Parser;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From one of our users.
    Outgoing,
    /// From elsewhere.
    Incoming,
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// PGP/MIME with nothing but an encrypted OpenPGP message in it.
    Encrypted,
    /// The first step of secure-join, which has to be in clear text, and nothing else in it.
    SecureJoin,
    /// It says it is an Autocrypt Setup Message: by its Subject and `multipart/mixed`. Policy decides
    /// by the envelope whether it is one.
    SetupMessage,
    /// It says it is a delivery report: `Auto-Submitted`, `multipart/report`, from a mailer-daemon.
    Report,
    /// Anything else.
    Cleartext,
}

/// What is known of a message after its last byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// What kind of message it is.
    pub class: Class,
    /// What its header says.
    pub header: HeaderFacts,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// Why a message has no findings: its header cannot be read with certainty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The header block exceeds [`crate::limits::HEADER_BLOCK_BYTES_MAX`].
    #[error("the header is too long")]
    HeaderTooLong,
    /// There are more than [`crate::limits::HEADER_FIELDS_MAX`] fields.
    #[error("the header has too many fields")]
    TooManyFields,
    /// A line is no field and continues none, or has NUL, bare CR or bare LF.
    #[error("the header has a malformed line")]
    MalformedHeader,
    /// No empty line ends the header.
    #[error("the header does not end")]
    NoSeparator,
}

/// A message being judged.
#[derive(Debug)]
pub struct Gate {
    parser: Parser,
    inspector: Inspector,
    lines: LineCheck,
    size_bytes: u64,
}

impl Gate {
    /// Before the first byte.
    pub fn new(direction: Direction) -> Gate {
        Gate {
            parser: Parser::new(),
            inspector: Inspector::new(direction),
            lines: LineCheck::new(),
            size_bytes: 0,
        }
    }

    /// The next bytes, as they are in the message: without dot-stuffing.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.size_bytes += bytes.len() as u64;
        self.lines.feed(bytes);
        // A header nobody can read decides everything: the rest needs no looking at.
        if !self.inspector.is_hopeless() {
            self.parser.feed(bytes, &mut self.inspector);
        }
    }

    /// The message is over.
    pub fn finish(mut self) -> Result<Findings, GateError> {
        self.parser.finish(&mut self.inspector);
        let oddity = self.lines.finish();
        let (header, shape) = self.inspector.finish()?;
        if oddity.is_some_and(|offset| offset < header.size_bytes) {
            return Err(GateError::MalformedHeader);
        }
        let class = match shape {
            Some(class) if oddity.is_none() => class,
            _ => header.declared_class(),
        };
        Ok(Findings { class, header, size_bytes: self.size_bytes })
    }
}

#[cfg(test)]
mod tests;
