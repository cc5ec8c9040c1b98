//! The bytes of a message from elsewhere as they arrive: through the gate and the signature check
//! for a verdict, and into the store's keeping.
//!
//! Both see the message as it was transmitted, only without dot-stuffing; the header that is kept is
//! cleaned at the end. Memory is bounded by the header block and what the store's writer holds; a
//! message that can no longer be accepted is drained without being kept.

use std::mem;

use bytes::Bytes;
use dkim::Verifier;
use mail::gate::{Direction, Findings, Gate, GateError};
use mail::header::{HeaderProgress, HeaderReader};
use policy::headers::clean_delivered;
use store::{BodyWriter, PreparedBody, StoreError};

pub(super) struct Incoming {
    gate: Gate,
    header: HeaderReader,
    /// Has the header once it is whole.
    verifier: Option<Verifier>,
    writer: Result<BodyWriter, StoreError>,
}

/// A message, once all of it was seen.
pub(super) struct Taken {
    pub(super) verifier: Verifier,
    writer: BodyWriter,
}

/// Why a message cannot be judged.
pub(super) enum Untaken {
    /// It is not a message.
    Unparsable(GateError),
    /// It could not be kept.
    Storage(StoreError),
}

impl Incoming {
    pub(super) fn new(writer: BodyWriter) -> Self {
        Incoming {
            gate: Gate::new(Direction::Incoming),
            header: HeaderReader::new(),
            verifier: None,
            writer: Ok(writer),
        }
    }

    pub(super) async fn write(&mut self, bytes: Bytes) {
        self.gate.feed(&bytes);
        let body = match &self.verifier {
            Some(_) => bytes,
            None => match self.header.feed(&bytes) {
                // An endless header is refused by the gate.
                HeaderProgress::More | HeaderProgress::TooLong => return,
                HeaderProgress::Whole(taken) => {
                    self.verifier = Some(Verifier::new(mem::take(&mut self.header).into_bytes()));
                    bytes.slice(taken..)
                }
            },
        };
        if let Some(verifier) = &mut self.verifier {
            verifier.feed(&body);
        }
        self.keep(body).await;
    }

    pub(super) fn finish(self) -> Result<(Findings, Taken), Untaken> {
        let findings = self.gate.finish().map_err(Untaken::Unparsable)?;
        // The gate has seen the end of the header, so it was seen here.
        let verifier = self.verifier.ok_or(Untaken::Unparsable(GateError::NoSeparator))?;
        let writer = self.writer.map_err(Untaken::Storage)?;
        Ok((findings, Taken { verifier, writer }))
    }

    async fn keep(&mut self, bytes: Bytes) {
        let Ok(writer) = &mut self.writer else { return };
        if let Err(error) = writer.write(bytes).await {
            self.writer = Err(error);
        }
    }
}

impl Taken {
    /// The header block as it was transmitted.
    pub(super) fn header(&self) -> &[u8] {
        self.verifier.header()
    }

    /// The message as it is to be stored, and its cleaned header block.
    pub(super) async fn prepared(self) -> Result<(PreparedBody, Bytes), StoreError> {
        let head = Bytes::from(clean_delivered(self.verifier.header()));
        let body = self.writer.finish_with_head(head.clone()).await?;
        Ok((body, head))
    }
}
