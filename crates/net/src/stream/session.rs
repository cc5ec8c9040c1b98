//! The TLS layer of one connection, without buffers of its own. RFC 8446, RFC 5246.
//!
//! rustls' unbuffered interface works on memory that we lend it. What we lend is a scratch buffer
//! of the thread: sealed bytes are read into it, opened, and only an incomplete record at its end
//! is kept for the connection.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::server::ServerConnectionData;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus, WriteTraffic,
};
use rustls::{ProtocolVersion, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Scratch memory of a thread, in bytes: four whole records with their overhead.
const SCRATCH_BYTES: usize = 4 * (16_384 + 256);
/// A TLS record with every overhead, in bytes (RFC 5246 section 6.2.3).
const RECORD_BYTES_MAX: usize = 5 + 16_384 + 2_048;
/// Plaintext sealed in one step, in bytes: what fits the scratch memory with every overhead.
const SEAL_BYTES_MAX: usize = 3 * 16_384;
/// Bytes waiting to be sent beyond which nothing more is read: a peer that makes us answer (key
/// updates) must also listen.
const UNSENT_BYTES_MAX: usize = 16_384;
/// Room for one handshake flight or alert that rustls wants to send, in bytes, to begin with.
const FLIGHT_BYTES: usize = 4_096;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into());
}

/// Lends the thread's scratch memory. Must not be nested.
pub(super) fn with_scratch<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    SCRATCH.with_borrow_mut(|scratch| work(scratch))
}

/// TLS on the server's side.
pub(crate) struct Session {
    tls: UnbufferedServerConnection,
    /// Sealed bytes that came and are not yet a whole record.
    sealed: Vec<u8>,
    /// Opened bytes nobody has asked for yet.
    opened: Vec<u8>,
    /// Sealed bytes the socket has not taken yet.
    unsent: Vec<u8>,
    /// The peer has finished sending.
    ended: bool,
    /// Our close_notify is sealed.
    goodbye_said: bool,
}

/// Neither keys nor content.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("version", &self.version()).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(config: Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        let tls = UnbufferedServerConnection::new(config)?;
        let (sealed, opened, unsent) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { tls, sealed, opened, unsent, ended: false, goodbye_said: false })
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    pub(super) fn version(&self) -> Option<&'static str> {
        match self.tls.protocol_version()? {
            ProtocolVersion::TLSv1_2 => Some("TLS1.2"),
            ProtocolVersion::TLSv1_3 => Some("TLS1.3"),
            _ => None,
        }
    }

    /// Whether the peer has finished sending.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Plaintext that came with the end of the handshake, to be read first.
    pub(crate) fn put_back(&mut self, early: Vec<u8>) {
        self.opened = early;
    }

    /// Bytes of buffers held.
    #[cfg(test)]
    pub(super) fn buffered_capacity(&self) -> usize {
        self.sealed.capacity() + self.opened.capacity() + self.unsent.capacity()
    }

    pub(crate) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// As `Stream::read_some`.
    pub(super) fn poll_read(
        &mut self,
        tcp: &mut TcpStream,
        cx: &mut Context<'_>,
        into: &mut Vec<u8>,
        max: usize,
    ) -> Poll<io::Result<usize>> {
        let before = into.len();
        if self.opened.is_empty() {
            while into.len() == before && !self.ended {
                ready!(self.poll_receive(tcp, cx, into, max))?;
            }
            self.opened = into.split_off(into.len().min(before.saturating_add(max)));
        } else {
            let n = self.opened.len().min(max);
            into.extend(self.opened.drain(..n));
            give_back(&mut self.opened);
        }
        Poll::Ready(Ok(into.len() - before))
    }

    /// Receives once, about as much as gives `max` bytes, and appends what could be opened to
    /// `into`. What rustls wants to answer is sent, or waits in `unsent` if it cannot go now.
    pub(crate) fn poll_receive(
        &mut self,
        tcp: &mut TcpStream,
        cx: &mut Context<'_>,
        into: &mut Vec<u8>,
        max: usize,
    ) -> Poll<io::Result<()>> {
        while self.has_unsent() {
            match self.poll_send(tcp, cx)? {
                Poll::Ready(()) => {}
                Poll::Pending if self.unsent.len() > UNSENT_BYTES_MAX => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        let opened = with_scratch(|scratch| {
            let kept = self.sealed.len();
            let Some((sealed, room)) = scratch.split_at_mut_checked(kept) else {
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            };
            sealed.copy_from_slice(&self.sealed);
            let wanted = room.len().min(max.max(RECORD_BYTES_MAX));
            let mut buffer = ReadBuf::new(&mut room[..wanted]);
            ready!(Pin::new(&mut *tcp).poll_read(cx, &mut buffer))?;
            let received = buffer.filled().len();
            self.ended |= received == 0;
            Poll::Ready(self.open(&mut scratch[..kept + received], into))
        });
        if self.has_unsent() && !opened.is_pending() {
            // Pending is fine: the next read or write goes on with it.
            let _ = self.poll_send(tcp, cx)?;
        }
        opened
    }

    /// Sends some of what waits.
    pub(crate) fn poll_send(
        &mut self,
        tcp: &mut TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let sent = ready!(Pin::new(tcp).poll_write(cx, &self.unsent).map(super::nonzero))?;
        self.unsent.drain(..sent);
        give_back(&mut self.unsent);
        Poll::Ready(Ok(()))
    }

    /// Seals some of `bytes` and sends what the socket takes at once. The answer is how many of
    /// `bytes` are sealed; they will not be taken again.
    pub(super) fn take(&mut self, tcp: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(SEAL_BYTES_MAX)];
        if bytes.is_empty() {
            return Ok(0);
        }
        with_scratch(|scratch| {
            let sealed = self.seal(|traffic| traffic.encrypt(bytes, scratch))?;
            let sent = if self.has_unsent() { 0 } else { send_now(tcp, &scratch[..sealed])? };
            self.unsent.extend_from_slice(&scratch[sent..sealed]);
            Ok(bytes.len())
        })
    }

    /// Seals a close_notify, once. After a broken handshake there is nothing to say.
    pub(super) fn say_goodbye(&mut self) {
        if mem::replace(&mut self.goodbye_said, true) {
            return;
        }
        let mut alert = [0; 256];
        if let Ok(n) = self.seal(|traffic| traffic.queue_close_notify(&mut alert)) {
            self.unsent.extend_from_slice(&alert[..n]);
        }
    }

    /// Opens the records in `bytes`: plaintext goes to `into`, answers to `unsent`, an incomplete
    /// rest is kept. Afterwards nothing is left for rustls to do until something new comes.
    pub(crate) fn open(&mut self, bytes: &mut [u8], into: &mut Vec<u8>) -> io::Result<()> {
        let mut used = 0;
        loop {
            let UnbufferedStatus { discard, state } =
                self.tls.process_tls_records(&mut bytes[used..]);
            match state.and_then(|s| settle(s, into, &mut self.unsent, &mut self.ended)) {
                Ok(Progress::More { discarded }) => used += discard + discarded,
                Ok(Progress::Rest) => {
                    self.keep(&bytes[used + discard..]);
                    return Ok(());
                }
                Err(error) => {
                    self.queue_alert();
                    return Err(invalid(error));
                }
            }
        }
    }

    fn keep(&mut self, rest: &[u8]) {
        self.sealed.clear();
        self.sealed.extend_from_slice(rest);
        give_back(&mut self.sealed);
    }

    /// Lets `write` seal something as soon as rustls is ready for it.
    fn seal(
        &mut self,
        write: impl FnOnce(&mut WriteTraffic<'_, ServerConnectionData>) -> Result<usize, EncryptError>,
    ) -> io::Result<usize> {
        loop {
            match self.tls.process_tls_records(&mut self.sealed).state.map_err(invalid)? {
                ConnectionState::WriteTraffic(mut traffic) => {
                    return write(&mut traffic).map_err(io::Error::other);
                }
                ConnectionState::EncodeTlsData(mut flight) => encode(&mut flight, &mut self.unsent),
                ConnectionState::TransmitTlsData(flight) => flight.done(),
                _ => return Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
    }

    /// After an error rustls has an alert for the peer.
    fn queue_alert(&mut self) {
        while let Ok(ConnectionState::EncodeTlsData(mut alert)) =
            self.tls.process_tls_records(&mut []).state
        {
            encode(&mut alert, &mut self.unsent);
        }
    }
}

/// What one step of rustls left to do.
enum Progress {
    /// Another step; so many bytes more are used up.
    More { discarded: usize },
    /// Nothing but to wait for the peer or to write.
    Rest,
}

/// Does what rustls asks for in `state`.
fn settle(
    state: ConnectionState<'_, '_, ServerConnectionData>,
    into: &mut Vec<u8>,
    unsent: &mut Vec<u8>,
    ended: &mut bool,
) -> Result<Progress, rustls::Error> {
    let mut discarded = 0;
    match state {
        ConnectionState::ReadTraffic(mut traffic) => {
            while let Some(record) = traffic.next_record() {
                let record = record?;
                into.extend_from_slice(record.payload);
                discarded += record.discard;
            }
        }
        ConnectionState::EncodeTlsData(mut flight) => encode(&mut flight, unsent),
        // What is in `unsent` will be sent, in order.
        ConnectionState::TransmitTlsData(flight) => flight.done(),
        ConnectionState::PeerClosed => *ended = true,
        // Early data is never accepted.
        _ => return Ok(Progress::Rest),
    }
    Ok(Progress::More { discarded })
}

/// Appends what rustls wants to send to `unsent`.
fn encode(flight: &mut EncodeTlsData<'_, ServerConnectionData>, unsent: &mut Vec<u8>) {
    let begin = unsent.len();
    unsent.resize(begin + FLIGHT_BYTES, 0);
    let mut written = flight.encode(&mut unsent[begin..]);
    if let Err(EncodeError::InsufficientSize(needed)) = &written {
        unsent.resize(begin + needed.required_size, 0);
        written = flight.encode(&mut unsent[begin..]);
    }
    unsent.truncate(begin + written.unwrap_or(0));
}

/// Sends what the socket takes without waiting.
fn send_now(tcp: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match tcp.try_write(bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}

/// An empty buffer gives its memory back.
fn give_back(buffer: &mut Vec<u8>) {
    if buffer.is_empty() {
        *buffer = Vec::new();
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
