//! The bytes of a submitted message as they arrive: through the gate for a verdict, and with a
//! cleaned header into the store's keeping.
//!
//! Memory is bounded by the header block and what the store's writer holds; a message that can no
//! longer be accepted is drained without being kept.

use bytes::Bytes;
use mail::gate::{Direction, Findings, Gate, GateError};
use mail::limits;
use memchr::memmem;
use policy::headers::{self, Missing};
use store::{BodyWriter, PreparedBody, StoreError};

pub(super) struct Incoming {
    gate: Gate,
    stamp: Stamp,
    head: Head,
    writer: Option<BodyWriter>,
    trouble: Option<StoreError>,
}

/// What a message gets that lacks it (RFC 5322 section 3.6).
pub(super) struct Stamp {
    date: String,
    message_id: String,
}

impl Stamp {
    pub(super) fn new(door: &super::SubmissionDoor) -> Self {
        let domain = &door.settings.domain;
        Stamp {
            date: door.clock.now().to_rfc5322(),
            message_id: format!("<{}@{domain}>", net::random::alphanumeric(24)),
        }
    }
}

/// The header block: collected until it is whole, then cleaned and passed on.
enum Head {
    Collecting(Vec<u8>),
    Passed(Vec<u8>),
}

/// What a message was, once all of it was seen.
pub(super) struct Taken {
    pub(super) findings: Result<Findings, GateError>,
    pub(super) body: Result<PreparedBody, StoreError>,
    /// The cleaned header block.
    pub(super) head: Vec<u8>,
}

impl Incoming {
    pub(super) fn new(writer: BodyWriter, stamp: Stamp) -> Self {
        Incoming {
            stamp,
            gate: Gate::new(Direction::Outgoing),
            head: Head::Collecting(Vec::new()),
            writer: Some(writer),
            trouble: None,
        }
    }

    pub(super) async fn write(&mut self, bytes: Bytes) {
        self.gate.feed(&bytes);
        match &mut self.head {
            Head::Passed(_) => self.keep(bytes).await,
            Head::Collecting(head) => {
                // An endless header is refused by the gate; here it only must not grow.
                if head.len() <= limits::HEADER_BLOCK_BYTES_MAX {
                    let searched = head.len().saturating_sub(3);
                    head.extend_from_slice(&bytes);
                    self.pass_header(searched).await;
                }
            }
        }
    }

    pub(super) async fn finish(mut self) -> Taken {
        let findings = self.gate.finish();
        let body = match (self.trouble, self.writer.take()) {
            (None, Some(writer)) => writer.finish().await,
            (Some(error), _) => Err(error),
            (None, None) => Err(StoreError::Unknown),
        };
        let head = match self.head {
            Head::Collecting(_) => Vec::new(),
            Head::Passed(head) => head,
        };
        Taken { findings, body, head }
    }

    /// Passes the header on once its end is there. `searched` bytes were looked at before.
    async fn pass_header(&mut self, searched: usize) {
        let Head::Collecting(head) = &mut self.head else { return };
        let Some(at) = memmem::find(&head[searched..], b"\r\n\r\n") else { return };
        let rest = head.split_off(searched + at + 4);
        let missing = Missing { date: &self.stamp.date, message_id: &self.stamp.message_id };
        let mut cleaned = headers::clean_submitted(head);
        headers::add_missing(&mut cleaned, missing);
        self.head = Head::Passed(cleaned.clone());
        self.keep(Bytes::from(cleaned)).await;
        self.keep(Bytes::from(rest)).await;
    }

    async fn keep(&mut self, bytes: Bytes) {
        let Some(writer) = &mut self.writer else { return };
        if let Err(error) = writer.write(bytes).await {
            self.trouble = Some(error);
            self.writer = None;
        }
    }
}
