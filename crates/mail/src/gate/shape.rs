//! Watches the parts of a message for the two shapes that may pass in spite of, or thanks to,
//! their content: PGP/MIME and the first step of secure-join.

use super::facts::{self, HeaderFacts, content_type, only};
use super::part::{PartReader, SECURE_JOIN_STEPS, Transfer, Wanted, transfer};
use super::{Class, Direction, GateError};
use crate::header::HeaderBlock;
use crate::mime::{Delimiter, PartBegin, PartEnd, PartHeader, Place, Visitor};

/// A visitor that comes to a verdict.
#[derive(Debug)]
pub(super) struct Inspector {
    direction: Direction,
    facts: Option<Result<HeaderFacts, GateError>>,
    /// The shape the header announces, as long as nothing has spoken against it.
    hope: Option<Class>,
    parts_begun: usize,
    /// Parts that were what they must be.
    parts_right: usize,
    closed: bool,
    reader: Option<PartReader>,
}

impl Inspector {
    pub(super) fn new(direction: Direction) -> Inspector {
        Inspector {
            direction,
            facts: None,
            hope: None,
            parts_begun: 0,
            parts_right: 0,
            closed: false,
            reader: None,
        }
    }

    /// True once the header turned out to be unreadable or the body to be cleartext: nothing that
    /// follows can change the findings.
    pub(super) fn is_hopeless(&self) -> bool {
        self.facts.is_some() && self.hope.is_none()
    }

    /// The header, and the shape if there is one.
    pub(super) fn finish(self) -> Result<(HeaderFacts, Option<Class>), GateError> {
        let facts = self.facts.unwrap_or(Err(GateError::NoSeparator))?;
        let right = self.closed
            && self.parts_begun == self.parts_right
            && Some(self.parts_right) == self.hope.map(parts_wanted);
        Ok((facts, self.hope.filter(|_| right)))
    }

    fn require(&mut self, holds: bool) {
        if !holds {
            self.hope = None;
            self.reader = None;
        }
    }

    fn part_of_message(&mut self, header: &PartHeader<'_>) {
        let reader = self.hope.and_then(|hope| {
            PartReader::new(header, wanted(hope, self.parts_begun, self.direction)?)
        });
        self.require(reader.is_some());
        self.reader = reader;
    }
}

impl Visitor for Inspector {
    fn part_begin(&mut self, begin: &PartBegin) {
        self.parts_begun += usize::from(begin.depth == 1);
        self.require(begin.depth <= 1);
    }

    fn part_header(&mut self, header: &PartHeader<'_>) {
        if header.part > 0 {
            return self.part_of_message(header);
        }
        let facts = facts::read(header);
        self.hope = facts.is_ok().then(|| announced(&HeaderBlock::new(header.block))).flatten();
        self.facts = Some(facts);
    }

    fn body(&mut self, _part: u32, place: Place, bytes: &[u8]) {
        match (place, &mut self.reader) {
            (Place::Leaf, Some(reader)) => reader.feed(bytes),
            (Place::Leaf, None) => self.require(false),
            // A note for those whose program cannot decrypt.
            (Place::Preamble, _) => {}
            (Place::Epilogue, _) => self.require(bytes.iter().all(u8::is_ascii_whitespace)),
        }
    }

    fn delimiter(&mut self, delimiter: &Delimiter) {
        self.require(delimiter.nearness.is_exact());
        self.closed |= delimiter.nearness.is_close();
    }

    fn near_delimiter(&mut self) {
        self.require(false);
    }

    fn ceiling(&mut self) {
        self.require(false);
    }

    fn part_end(&mut self, end: &PartEnd) {
        if end.part > 0 {
            let right = self.reader.take().is_some_and(PartReader::finish);
            self.parts_right += usize::from(right);
            self.require(right);
        }
    }
}

/// The shape a header announces.
fn announced(block: &HeaderBlock<'_>) -> Option<Class> {
    let kind = content_type(block)?;
    let boundary_fits = kind.parameter("boundary").is_some_and(is_plain_boundary);
    if kind.main_type != "multipart" || !boundary_fits || transfer(block)? != Transfer::Plain {
        return None;
    }
    if kind.is("multipart", "encrypted") {
        let protocol = kind.parameter("protocol").unwrap_or("application/pgp-encrypted");
        return protocol
            .eq_ignore_ascii_case("application/pgp-encrypted")
            .then_some(Class::Encrypted);
    }
    let step = only(block, "secure-join")?;
    let known = SECURE_JOIN_STEPS.iter().any(|step_name| *step.unfolded() == *step_name.as_bytes());
    known.then_some(Class::SecureJoin)
}

/// `boundary` of RFC 2046 section 5.1.1, and not one that looks like the end of another.
fn is_plain_boundary(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b);
    text.bytes().all(allowed) && text.trim() == text && !text.ends_with("--")
}

fn parts_wanted(hope: Class) -> usize {
    if hope == Class::Encrypted { 2 } else { 1 }
}

/// What the n-th part (counted from one) must be.
fn wanted(hope: Class, number: usize, direction: Direction) -> Option<Wanted> {
    match (hope, number) {
        (Class::Encrypted, 1) => Some(Wanted::PgpVersion),
        (Class::Encrypted, 2) => Some(Wanted::Armor(direction)),
        (Class::SecureJoin, 1) => Some(Wanted::SecureJoinStep),
        _ => None,
    }
}
