//! The MIME skeleton of a message: where each part begins and ends, and what its header says, so
//! that IMAP can answer BODYSTRUCTURE, ENVELOPE and any section without parsing twice.
//!
//! Built by the streaming parser of [`crate::mime`]; offsets count bytes from the start of the
//! message. The tree is flat (an index instead of recursion) and bounded by [`crate::limits`].

use std::ops::Range;

/// A whole message as a flat tree; `parts[0]` is the message itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skeleton {
    /// All parts in the order in which they begin. Never empty.
    pub parts: Vec<Part>,
    /// True if a ceiling was met (depth, parts): what lies deeper is shown as opaque text.
    pub truncated: bool,
}

/// One part, or the message itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The header block with the empty line that ends it.
    pub header: Range<u64>,
    /// What follows the header, up to the boundary line's CRLF (exclusive).
    pub body: Range<u64>,
    /// Number of lines of `body`, as BODYSTRUCTURE counts them.
    pub lines: u64,
    /// Indices into [`Skeleton::parts`] of the direct children: the parts of a multipart, or the
    /// one enclosed message of a `message/rfc822`.
    pub children: Vec<u32>,
    /// What the header says of the content.
    pub content: Content,
    /// The header fields ENVELOPE needs, kept for the message itself and enclosed messages.
    pub envelope: Option<Box<EnvelopeFields>>,
}

/// The MIME fields of one part (RFC 2045, 2183, 3066, 2557), lower-cased where case is free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Such as `text`; lower case. Defaults per RFC 2045 section 5.2 are filled in.
    pub main_type: String,
    /// Such as `plain`; lower case.
    pub sub_type: String,
    /// Parameters of Content-Type in order, names lower case, RFC 2231 joined and decoded where
    /// that is possible in linear time.
    pub parameters: Vec<(String, String)>,
    /// Content-Transfer-Encoding, lower case; `7bit` if absent.
    pub transfer_encoding: String,
    /// Content-ID as written.
    pub id: Option<String>,
    /// Content-Description as written.
    pub description: Option<String>,
    /// Content-MD5 as written.
    pub md5: Option<String>,
    /// Content-Disposition: its word in lower case and its parameters.
    pub disposition: Option<(String, Vec<(String, String)>)>,
    /// Content-Language tags.
    pub language: Vec<String>,
    /// Content-Location as written.
    pub location: Option<String>,
}

/// The raw, unfolded values of the fields ENVELOPE shows (RFC 3501 section 7.4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct EnvelopeFields {
    pub date: Option<Vec<u8>>,
    pub subject: Option<Vec<u8>>,
    pub from: Vec<Mailbox>,
    pub sender: Vec<Mailbox>,
    pub reply_to: Vec<Mailbox>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    pub in_reply_to: Option<Vec<u8>>,
    pub message_id: Option<Vec<u8>>,
}

/// One entry of an address list as ENVELOPE shows it, groups included (RFC 3501 section 7.4.2:
/// a group begins with `mailbox = its name, host = NIL` and ends with both NIL).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Mailbox {
    pub name: Option<Vec<u8>>,
    pub mailbox: Option<Vec<u8>>,
    pub host: Option<Vec<u8>>,
}
