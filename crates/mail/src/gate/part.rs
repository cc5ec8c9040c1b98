//! Reads one part of a message as what it must be: its header, its transfer encoding, its content.

use super::Direction;
use super::facts::content_type;
use crate::armor::ArmorCheck;
use crate::encoding::{Base64Decoder, DecodeError, QuotedPrintableDecoder};
use crate::header::{HeaderBlock, MediaType};
use crate::limits::{PGP_VERSION_PART_BYTES_MAX, SECURE_JOIN_BODY_BYTES_MAX};
use crate::mime::{HeaderEnd, PartHeader};

/// The whole text of the first part of PGP/MIME.
const PGP_VERSION: &str = "Version: 1";
/// The steps of secure-join that are in clear text.
pub(super) const SECURE_JOIN_STEPS: [&str; 2] = ["vc-request", "vg-request"];
/// Charsets in which ASCII text is ASCII bytes, by name or by the beginning of it.
const ASCII_CHARSETS: [&str; 2] = ["us-ascii", "utf-8"];
const ASCII_CHARSET_FAMILIES: [&str; 2] = ["iso-8859-", "windows-125"];
/// Most bytes of a transfer encoding that are decoded in one go.
const DECODE_BYTES_MAX: usize = 4_096;

/// What a part must be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
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
pub(super) enum Transfer {
    Plain,
    Base64,
    QuotedPrintable,
}

/// The one transfer encoding a header names; `None` if it is unknown or named twice.
pub(super) fn transfer(block: &HeaderBlock<'_>) -> Option<Transfer> {
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
pub(super) struct PartReader {
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
    pub(super) fn new(header: &PartHeader<'_>, wanted: Wanted) -> Option<PartReader> {
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

    pub(super) fn feed(&mut self, bytes: &[u8]) {
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

    pub(super) fn finish(self) -> bool {
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
