//! The bytes of a submitted message as they arrive: through the gate for a verdict, and with a
//! cleaned header into the store's keeping.
//!
//! Memory is bounded by the header block and what the store's writer holds; a message that can no
//! longer be stored is drained without being kept.

use bytes::Bytes;
use mail::gate::{Direction, Findings, Gate, GateError};
use mail::header::{HeaderProgress, HeaderReader};
use policy::headers::{Missing, add_missing, clean_submitted};
use store::{BodyWriter, PreparedBody, StoreError};

use super::SubmissionDoor;

pub(super) struct Incoming {
    gate: Gate,
    header: HeaderReader,
    writer: Result<BodyWriter, StoreError>,
}

/// A message that was seen to its end and not stored yet.
pub(super) struct Taken {
    header: Vec<u8>,
    writer: Result<BodyWriter, StoreError>,
}

impl Incoming {
    pub(super) fn new(writer: BodyWriter) -> Self {
        Incoming {
            gate: Gate::new(Direction::Outgoing),
            header: HeaderReader::new(),
            writer: Ok(writer),
        }
    }

    pub(super) async fn write(&mut self, bytes: Bytes) {
        self.gate.feed(&bytes);
        match self.header.feed(&bytes) {
            HeaderProgress::Whole(taken) => self.keep(bytes.slice(taken..)).await,
            // An endless header is refused by the gate.
            HeaderProgress::More | HeaderProgress::TooLong => {}
        }
    }

    /// The verdict comes before anything is flushed: what is refused costs no disk write.
    pub(super) fn finish(self) -> Result<(Findings, Taken), GateError> {
        let findings = self.gate.finish()?;
        Ok((findings, Taken { header: self.header.into_bytes(), writer: self.writer }))
    }

    async fn keep(&mut self, bytes: Bytes) {
        let Ok(writer) = &mut self.writer else { return };
        if let Err(error) = writer.write(bytes).await {
            self.writer = Err(error);
        }
    }
}

impl Taken {
    /// The message as it is to be stored, and its cleaned header block.
    pub(super) async fn prepared(
        self,
        door: &SubmissionDoor,
    ) -> Result<(PreparedBody, Bytes), StoreError> {
        let mut head = clean_submitted(&self.header);
        let missing = Missing {
            date: &door.clock.now().to_rfc5322(),
            message_id: &format!("<{}@{}>", net::random::alphanumeric(24), door.settings.domain),
        };
        add_missing(&mut head, missing);
        let head = Bytes::from(head);
        let body = self.writer?.finish_with_head(head.clone()).await?;
        Ok((body, head))
    }
}
