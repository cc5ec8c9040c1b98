//! A connection with patience limits: what `hyper` reads from and writes to.
//!
//! Three clocks: a whole request head must come within [`limits::HTTP_HEAD_TIMEOUT_S`] of its first
//! byte, however many bytes trickle in; the pause before the next request may last
//! [`limits::HTTP_IDLE_TIMEOUT_S`]; a write must move within [`limits::WRITE_TIMEOUT_S`]. Requests
//! that [`Framing`] refuses reach `hyper` with a NUL in place of the offending byte, which no head
//! may hold: so it answers 400 in its turn, after everything before, and closes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mail::limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::framing::{Framing, RefusedAt};

const HEAD_PATIENCE: Duration = Duration::from_secs(limits::HTTP_HEAD_TIMEOUT_S);
const IDLE_PATIENCE: Duration = Duration::from_secs(limits::HTTP_IDLE_TIMEOUT_S);
const WRITE_PATIENCE: Duration = Duration::from_secs(limits::WRITE_TIMEOUT_S);

/// The answer to a head that never ended.
const TOO_SLOW: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// A stream that loses patience.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    framing: Framing,
    /// Nothing more is read: the visitor erred or was too slow. `hyper` sees an end.
    is_over: bool,
    read_by: Pin<Box<Sleep>>,
    /// Set while a write waits.
    write_by: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Wire<S> {
        Wire {
            stream,
            framing: Framing::default(),
            is_over: false,
            read_by: Box::pin(sleep(HEAD_PATIENCE)),
            write_by: None,
        }
    }

    /// Looks at what was read into `buf` after its first `seen` bytes.
    fn inspect(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>, seen: usize) {
        let (was_in_head, heads_before) = (self.framing.is_in_head(), self.framing.heads_done());
        if let Err(RefusedAt(at)) = self.framing.feed(&buf.filled()[seen..]) {
            buf.filled_mut()[seen + at] = 0;
            buf.set_filled(seen + at + 1);
            self.is_over = true;
        }
        let is_same_head = was_in_head && heads_before == self.framing.heads_done();
        if !self.framing.is_in_head() {
            self.allow_reading(cx, IDLE_PATIENCE);
        } else if !is_same_head {
            self.allow_reading(cx, HEAD_PATIENCE);
        }
    }

    /// Starts the reading clock anew. It is polled at once, because `hyper` may already be waiting
    /// for a read and would not come back to set the alarm.
    fn allow_reading(&mut self, cx: &mut Context<'_>, patience: Duration) {
        self.read_by.set(sleep(patience));
        let _ = self.read_by.as_mut().poll(cx);
    }

    /// The visitor took too long. If nothing was answered yet, and so nothing can be torn apart,
    /// he is told; whether that still fits into the socket does not matter.
    fn give_up_reading(&mut self, cx: &mut Context<'_>) {
        self.is_over = true;
        if self.framing.is_in_head() && self.framing.heads_done() == 0 {
            let _ = Pin::new(&mut self.stream).poll_write(cx, TOO_SLOW);
        }
    }

    /// Passes on how a write went, unless it has waited too long.
    fn write_outcome<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.write_by = None;
            return outcome;
        }
        let write_by = self.write_by.get_or_insert_with(|| Box::pin(sleep(WRITE_PATIENCE)));
        ready!(write_by.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(Ok(()));
        }
        let seen = buf.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buf)? {
            Poll::Ready(()) => this.inspect(cx, buf, seen),
            // While an answer waits to be read, the writing clock alone counts.
            Poll::Pending if this.write_by.is_some() => return Poll::Pending,
            Poll::Pending => {
                ready!(this.read_by.as_mut().poll(cx));
                this.give_up_reading(cx);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, buf);
        if outcome.is_ready() && !this.framing.is_in_head() {
            this.allow_reading(cx, IDLE_PATIENCE);
        }
        this.write_outcome(cx, outcome)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_flush(cx);
        this.write_outcome(cx, outcome)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.write_outcome(cx, outcome)
    }
}
