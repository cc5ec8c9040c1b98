//! The line to one client, as the mail doors use it: say everything, then listen for whatever
//! comes first.

use std::io;
use std::time::Duration;

use net::{Accepted, Shutdown, StartTls, Stream};

/// How much is read at once, in bytes.
const READ_BYTES_MAX: usize = 65_536;

/// A connection in the hands of a door.
pub(crate) struct Line {
    stream: Stream,
    starttls: Option<StartTls>,
    shutdown: Shutdown,
    /// The stop was heard; it is told once.
    stopping: bool,
}

/// What came first.
pub(crate) enum Heard {
    /// Bytes from the client.
    Bytes(Vec<u8>),
    /// The client has gone.
    End,
    /// The server stops. Told once.
    Stop,
    /// Nobody said anything for as long as was asked.
    Silence,
}

impl Line {
    pub(crate) fn new(accepted: Accepted) -> Self {
        let Accepted { stream, tls: starttls, shutdown, .. } = accepted;
        Line { stream, starttls, shutdown, stopping: false }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }

    pub(crate) fn offers_starttls(&self) -> bool {
        self.starttls.is_some()
    }

    /// Says everything and gives the buffer's memory back.
    pub(crate) async fn say(&mut self, output: &mut Vec<u8>) -> io::Result<()> {
        if !output.is_empty() {
            self.stream.write_all(output).await?;
            *output = Vec::new();
        }
        Ok(())
    }

    /// Listens for `patience` at the most. Cancel-safe.
    pub(crate) async fn listen(&mut self, patience: Duration) -> io::Result<Heard> {
        let mut input = Vec::new();
        tokio::select! {
            biased;
            read = self.stream.read_some(&mut input, READ_BYTES_MAX) => match read? {
                0 => Ok(Heard::End),
                _ => Ok(Heard::Bytes(input)),
            },
            () = self.shutdown.requested(), if !self.stopping => {
                self.stopping = true;
                Ok(Heard::Stop)
            }
            () = tokio::time::sleep(patience) => Ok(Heard::Silence),
        }
    }

    /// Brings the line under TLS; whatever was said before in the clear is not heard any more.
    pub(crate) async fn start_tls(mut self) -> io::Result<Self> {
        let with = self.starttls.take().ok_or(io::ErrorKind::Unsupported)?;
        self.stream = self.stream.start_tls(&with).await.map_err(io::Error::other)?;
        Ok(self)
    }

    /// Ends in good order.
    pub(crate) async fn close(self) {
        self.stream.shutdown().await;
    }
}
