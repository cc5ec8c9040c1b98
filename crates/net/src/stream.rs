//! One connection, in the clear or under TLS, that costs next to nothing while nobody speaks.
//!
//! Reading goes through a scratch buffer of the thread, used only within one poll: a connection
//! that waits holds no buffer of its own, only the part of a TLS record that has arrived, if any.
//! Writing encrypts into the same kind of scratch buffer and keeps what the socket does not take.
//!
//! Promises: [`Stream::read_some`] is cancel-safe; a peer that takes no byte for `WRITE_TIMEOUT_S`
//! is given up; memory for one connection is bounded by a few TLS records.
//! Refuses: TLS inside TLS.

mod session;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mail::limits::WRITE_TIMEOUT_S;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) use session::Session;

/// How long an orderly end waits for the peer to go, and how many bytes of it are still taken.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES_MAX: usize = 65_536;

/// A connection. Reading and writing may alternate freely; it has one owner.
#[derive(Debug)]
pub struct Stream {
    pub(crate) tcp: TcpStream,
    pub(crate) tls: Option<Box<Session>>,
}

impl Stream {
    /// A connection in the clear. Small writes go out at once.
    pub fn plain(tcp: TcpStream) -> Self {
        // Fails only on a connection that is dead already; reading will tell.
        let _ = tcp.set_nodelay(true);
        Self { tcp, tls: None }
    }

    /// Whether TLS is up.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// `TLS1.2` or `TLS1.3` when TLS is up, for trace headers.
    pub fn tls_version(&self) -> Option<&'static str> {
        self.tls.as_ref().and_then(|session| session.version())
    }

    /// Waits for bytes and appends at most `max` (more than 0) of them to `into`; 0 means that the
    /// peer has finished sending. An end without TLS `close_notify` counts as an end too: every
    /// protocol spoken here says itself where a message ends. Cancel-safe; no patience of its own.
    ///
    /// # Errors
    /// As the socket, or `InvalidData` for broken TLS. The connection is then of no further use.
    pub async fn read_some(&mut self, into: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        poll_fn(|cx| self.poll_read_some(cx, into, max)).await
    }

    /// As [`Self::read_some`], with patience.
    ///
    /// # Errors
    /// Also `TimedOut` when nothing comes for `patience`; reading may be tried again then.
    pub async fn read_some_within(
        &mut self,
        into: &mut Vec<u8>,
        max: usize,
        patience: Duration,
    ) -> io::Result<usize> {
        within(patience, self.read_some(into, max)).await
    }

    /// Writes everything and hands it to the kernel. Not cancel-safe: a part may have gone.
    ///
    /// # Errors
    /// As the socket, or `TimedOut` when the peer takes no byte for `WRITE_TIMEOUT_S`.
    pub async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() || self.has_unsent() {
            let step = poll_fn(|cx| self.poll_write_step(cx, bytes));
            let taken = within(Duration::from_secs(WRITE_TIMEOUT_S), step).await?;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Ends in good order: says goodbye, lets the last bytes reach the peer even if it has sent
    /// something unread, and waits a little for it to go.
    pub async fn shutdown(mut self) {
        let end = async {
            poll_fn(|cx| Pin::new(&mut self).poll_shutdown(cx)).await?;
            let (mut unread, mut total) = (Vec::new(), 0);
            while total < LINGER_BYTES_MAX {
                unread.clear();
                match self.read_some(&mut unread, LINGER_BYTES_MAX).await? {
                    0 => break,
                    n => total += n,
                }
            }
            Ok(())
        };
        // What fails now fails on a connection we have given up anyway.
        let _: io::Result<()> = within(LINGER, end).await;
    }

    fn poll_read_some(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Vec<u8>,
        max: usize,
    ) -> Poll<io::Result<usize>> {
        match &mut self.tls {
            Some(session) => session.poll_read(&mut self.tcp, cx, into, max),
            None => session::with_scratch(|scratch| {
                let most = max.min(scratch.len());
                let mut buffer = ReadBuf::new(&mut scratch[..most]);
                ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buffer))?;
                into.extend_from_slice(buffer.filled());
                Poll::Ready(Ok(buffer.filled().len()))
            }),
        }
    }

    /// One step forward: sends some of what waits, or takes some of `bytes`. The answer is how many
    /// of `bytes` were taken, which may be 0.
    fn poll_write_step(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.tls {
            Some(session) if session.has_unsent() => {
                session.poll_send(&mut self.tcp, cx).map_ok(|()| 0)
            }
            Some(session) => Poll::Ready(session.take(&self.tcp, bytes)),
            None => Pin::new(&mut self.tcp).poll_write(cx, bytes).map(nonzero),
        }
    }

    fn has_unsent(&self) -> bool {
        self.tls.as_ref().is_some_and(|session| session.has_unsent())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.tls.is_none() {
            return Pin::new(&mut self.tcp).poll_read(cx, buffer);
        }
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut plain = Vec::new();
        ready!(self.poll_read_some(cx, &mut plain, buffer.remaining()))?;
        buffer.put_slice(&plain);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        while self.has_unsent() {
            ready!(self.poll_write_step(cx, &[]))?;
        }
        self.poll_write_step(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.has_unsent() {
            ready!(self.poll_write_step(cx, &[]))?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(session) = &mut self.tls {
            session.say_goodbye();
        }
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// A socket that takes nothing of something will never take anything.
fn nonzero(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        other => other,
    }
}

/// `future` with a limit to its time.
pub(crate) async fn within<T>(
    patience: Duration,
    future: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    timeout(patience, future).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests;
