//! Watches the parts of a message for the two shapes that may pass in spite of, or thanks to,
//! their content: PGP/MIME and the first step of secure-join.

use super::facts::{self, HeaderFacts, content_type, only};
use super::{Class, Direction, GateError};
use crate::armor::ArmorCheck;
use crate::encoding::{Base64Decoder, DecodeError, QuotedPrintableDecoder};
use crate::header::{HeaderBlock, MediaType};
use crate::limits::{PGP_VERSION_PART_BYTES_MAX, SECURE_JOIN_BODY_BYTES_MAX};
use crate::mime::{Delimiter, HeaderEnd, PartBegin, PartEnd, PartHeader, Place, Visitor};

/// The whole text of the first part of PGP/MIME.
const PGP_VERSION: &str = "Version: 1";
/// The steps of secure-join that are in clear text.
const SECURE_JOIN_STEPS: [&str; 2] = ["vc-request", "vg-request"];
/// Charsets in which ASCII text is ASCII bytes, by name or by the beginning of it.
const ASCII_CHARSETS: [&str; 2] = ["us-ascii", "utf-8"];
const ASCII_CHARSET_FAMILIES: [&str; 2] = ["iso-8859-", "windows-125"];
/// Most bytes of a transfer encoding that are decoded in one go.
const DECODE_BYTES_MAX: usize = 4_096;

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
    text.bytes().all(allowed) && !text.ends_with(' ') && !text.ends_with("--")
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

/// What a part must be.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    PgpVersion,
    Armor(Direction),
    SecureJoinStep,
}

impl Wanted {
    fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Wanted::PgpVersion => ("application", "pgp-encrypted"),
            Wanted::Armor(_) => ("application", "octet-stream"),
            Wanted::SecureJoinStep => ("text", "plain"),
        }
    }

    fn content(self) -> Content {
        match self {
            Wanted::PgpVersion => Content::text(PGP_VERSION_PART_BYTES_MAX, is_pgp_version),
            Wanted::Armor(direction) => Content::Armor(Box::new(ArmorCheck::new(direction))),
            Wanted::SecureJoinStep => Content::text(SECURE_JOIN_BODY_BYTES_MAX, is_secure_join),
        }
    }
}

fn is_pgp_version(text: &str) -> bool {
    text.trim() == PGP_VERSION
}

fn is_secure_join(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let step = text.strip_prefix("secure-join: ");
    step.is_some_and(|step| SECURE_JOIN_STEPS.contains(&step))
}

/// The transfer encodings that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transfer {
    Plain,
    Base64,
    QuotedPrintable,
}

/// The one transfer encoding a header names; `None` if it is unknown or named twice.
fn transfer(block: &HeaderBlock<'_>) -> Option<Transfer> {
    let mut all = block.all("content-transfer-encoding");
    let Some(field) = all.next() else { return Some(Transfer::Plain) };
    if all.next().is_some() {
        return None;
    }
    match field.unfolded().to_ascii_lowercase().as_slice() {
        b"7bit" | b"8bit" | b"binary" => Some(Transfer::Plain),
        b"base64" => Some(Transfer::Base64),
        b"quoted-printable" => Some(Transfer::QuotedPrintable),
        _ => None,
    }
}

/// Reads the body of a part as what it must be.
#[derive(Debug)]
struct PartReader {
    decoder: Decoder,
    decoded: Vec<u8>,
    content: Content,
    broken: bool,
}

#[derive(Debug)]
enum Decoder {
    Plain,
    Base64(Base64Decoder),
    QuotedPrintable(QuotedPrintableDecoder),
}

#[derive(Debug)]
enum Content {
    Armor(Box<ArmorCheck>),
    Text { text: Vec<u8>, bytes_max: usize, is_right: fn(&str) -> bool },
}

impl Content {
    fn text(bytes_max: usize, is_right: fn(&str) -> bool) -> Content {
        Content::Text { text: Vec::new(), bytes_max, is_right }
    }

    fn feed(&mut self, bytes: &[u8]) {
        match self {
            Content::Armor(check) => check.feed(bytes),
            Content::Text { text, bytes_max, .. } => {
                // One byte more than allowed is enough to be refused.
                let room = *bytes_max + 1 - text.len();
                text.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
        }
    }

    fn finish(self) -> bool {
        match self {
            Content::Armor(check) => check.finish().is_ok(),
            Content::Text { text, bytes_max, is_right } => {
                text.len() <= bytes_max
                    && text.is_ascii()
                    && std::str::from_utf8(&text).is_ok_and(is_right)
            }
        }
    }
}

impl PartReader {
    /// `None` if the header already says that it is something else, or says it unclearly.
    fn new(header: &PartHeader<'_>, wanted: Wanted) -> Option<PartReader> {
        let block = HeaderBlock::new(header.block);
        let clear = header.end == HeaderEnd::EmptyLine && !header.cut;
        if !clear || block.fields().any(|field| field.is_err()) {
            return None;
        }
        let kind = content_type(&block)?;
        let (main_type, sub_type) = wanted.media_type();
        if !kind.is(main_type, sub_type) || !is_ascii_at_heart(&kind) {
            return None;
        }
        let decoder = match transfer(&block)? {
            Transfer::Plain => Decoder::Plain,
            Transfer::Base64 => Decoder::Base64(Base64Decoder::new()),
            Transfer::QuotedPrintable => Decoder::QuotedPrintable(QuotedPrintableDecoder::new()),
        };
        Some(PartReader { decoder, decoded: Vec::new(), content: wanted.content(), broken: false })
    }

    fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(DECODE_BYTES_MAX) {
            if !self.broken {
                self.broken = self.feed_piece(piece).is_err();
            }
        }
    }

    fn feed_piece(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        self.decoded.clear();
        match &mut self.decoder {
            Decoder::Plain => {
                self.content.feed(piece);
                return Ok(());
            }
            Decoder::Base64(decoder) => {
                for line in piece.split(|b| matches!(b, b'\r' | b'\n')) {
                    decoder.feed(line, &mut self.decoded)?;
                }
            }
            Decoder::QuotedPrintable(decoder) => decoder.feed(piece, &mut self.decoded)?,
        }
        self.content.feed(&self.decoded);
        Ok(())
    }

    fn finish(self) -> bool {
        let whole = match &self.decoder {
            Decoder::Plain => Ok(()),
            Decoder::Base64(decoder) => decoder.finish(),
            Decoder::QuotedPrintable(decoder) => decoder.finish(),
        };
        !self.broken && whole.is_ok() && self.content.finish()
    }
}

fn is_ascii_at_heart(kind: &MediaType) -> bool {
    let charset = kind.parameter("charset").unwrap_or("us-ascii").to_ascii_lowercase();
    ASCII_CHARSETS.contains(&&*charset)
        || ASCII_CHARSET_FAMILIES.iter().any(|family| charset.starts_with(family))
}
