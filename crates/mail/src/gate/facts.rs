//! What the header of a message says, as far as policy asks.

use super::{Class, GateError};
use crate::address::Address;
use crate::header::{Field, HeaderBlock, MediaType, addresses, media_type};
use crate::limits::HEADER_FIELDS_MAX;
use crate::mime::{HeaderEnd, PartHeader};
use crate::skeleton::Mailbox;

/// The subject of Autocrypt Setup Messages (Autocrypt level 1, section "Setup Message").
const SETUP_SUBJECT: &[u8] = b"Autocrypt Setup Message";
/// Who reports on deliveries.
const MAILER_DAEMON: &str = "mailer-daemon";

/// Why a message has no certain author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FromError {
    /// There is no From field.
    #[error("there is no From header")]
    Missing,
    /// There is more than one From field.
    #[error("there is more than one From header")]
    Repeated,
    /// The one From field does not hold exactly one address, plainly written.
    #[error("the From header does not hold exactly one plain address")]
    Unclear,
}

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderFacts {
    /// The one author.
    pub from: Result<Address, FromError>,
    /// Number of From fields.
    pub from_fields: usize,
    /// Number of Received fields: how often the message was handed on.
    pub received_fields: usize,
    /// The only Subject is exactly that of an Autocrypt Setup Message.
    pub subject_is_setup_message: bool,
    /// There is a non-empty Auto-Submitted field (RFC 3834).
    pub auto_submitted: bool,
    /// Type and subtype of the one, exact Content-Type field, in lower case.
    pub content_type: Option<(String, String)>,
    /// Number of fields.
    pub fields: usize,
    /// Size of the header block in bytes, with its empty line.
    pub size_bytes: u64,
}

impl HeaderFacts {
    /// The class a message has by its own word.
    pub(super) fn declared_class(&self) -> Class {
        if self.is("multipart", "report") && self.auto_submitted && self.is_from_mailer_daemon() {
            Class::Report
        } else if self.is("multipart", "mixed") && self.subject_is_setup_message {
            Class::SetupMessage
        } else {
            Class::Cleartext
        }
    }

    fn is(&self, main_type: &str, sub_type: &str) -> bool {
        self.content_type.as_ref().is_some_and(|(main, sub)| main == main_type && sub == sub_type)
    }

    fn is_from_mailer_daemon(&self) -> bool {
        self.from.as_ref().is_ok_and(|from| from.local() == MAILER_DAEMON)
    }
}

/// Reads the header of the message itself.
pub(super) fn read(header: &PartHeader<'_>) -> Result<HeaderFacts, GateError> {
    if header.cut {
        return Err(GateError::HeaderTooLong);
    }
    let block = HeaderBlock::new(header.block);
    let fields = block.fields().take(HEADER_FIELDS_MAX + 1).count();
    if fields > HEADER_FIELDS_MAX {
        return Err(GateError::TooManyFields);
    }
    if block.fields().any(|field| field.is_err()) {
        return Err(GateError::MalformedHeader);
    }
    if header.end == HeaderEnd::Missing {
        return Err(GateError::NoSeparator);
    }
    let subject = only(&block, "subject");
    Ok(HeaderFacts {
        from: author(&block),
        from_fields: block.all("from").count(),
        received_fields: block.all("received").count(),
        subject_is_setup_message: subject.is_some_and(|it| &*it.unfolded() == SETUP_SUBJECT),
        auto_submitted: block.all("auto-submitted").any(|it| !it.unfolded().is_empty()),
        content_type: content_type(&block).map(|kind| (kind.main_type, kind.sub_type)),
        fields,
        size_bytes: header.range.end - header.range.start,
    })
}

/// The field of a name, if there is exactly one.
pub(super) fn only<'a>(block: &HeaderBlock<'a>, name: &str) -> Option<Field<'a>> {
    let mut all = block.all(name);
    all.next().filter(|_| all.next().is_none())
}

/// The Content-Type that reads the same to everybody.
pub(super) fn content_type(block: &HeaderBlock<'_>) -> Option<MediaType> {
    // Folded and not unfolded, so that a line end inside a quoted string is noticed.
    media_type(only(block, "content-type")?.value).filter(|kind| kind.exact)
}

fn author(block: &HeaderBlock<'_>) -> Result<Address, FromError> {
    let mut all = block.all("from");
    let first = all.next().ok_or(FromError::Missing)?;
    if all.next().is_some() {
        return Err(FromError::Repeated);
    }
    let list = addresses(first.value);
    match list.entries.as_slice() {
        [Mailbox { mailbox: Some(local), host: Some(host), .. }] if list.exact => {
            plain_address(local, host).ok_or(FromError::Unclear)
        }
        _ => Err(FromError::Unclear),
    }
}

/// Local parts that need quotes, or that look like encoded words, are not plain.
fn plain_address(local: &[u8], host: &[u8]) -> Option<Address> {
    let (local, host) = (std::str::from_utf8(local).ok()?, std::str::from_utf8(host).ok()?);
    if local.contains("=?") || local.contains('"') {
        return None;
    }
    Address::parse(&format!("{local}@{host}")).ok()
}
