//! The beginning of TLS, under one deadline for all of it.
//!
//! On a shared port the ClientHello decides which service and with it which configuration is used,
//! so it is read with rustls' acceptor first; the same bytes then begin the real session.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use mail::limits::TLS_HANDSHAKE_TIMEOUT_S;
use rustls::ServerConfig;
use rustls::server::{Acceptor, ClientHello};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::stream::{Session, Stream};
use crate::tls::{Routing, Service, StartTls, Tls};

/// Largest ClientHello on a shared port, in bytes, record headers included. Beyond: closed.
const CLIENT_HELLO_BYTES_MAX: usize = 16_384;

/// Why a connection did not come under TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Not done within `TLS_HANDSHAKE_TIMEOUT_S`.
    #[error("TLS handshake took too long")]
    TooSlow,
    /// The peer went away.
    #[error("peer left during the TLS handshake")]
    Left,
    /// The peer says something that is no acceptable TLS; it has got an alert.
    #[error("TLS handshake failed: {0}")]
    Tls(#[source] io::Error),
    /// The socket failed.
    #[error("connection failed during the TLS handshake: {0}")]
    Io(#[source] io::Error),
    /// There is TLS on this connection already.
    #[error("TLS is already up")]
    AlreadyTls,
}

impl Stream {
    /// Goes over to TLS after `STARTTLS` was answered (RFC 3207, RFC 3501 section 6.2.1). What the
    /// caller has read beyond the command line must be thrown away or refused: it came in the clear.
    ///
    /// # Errors
    /// The connection is then of no further use.
    pub async fn start_tls(self, with: &StartTls) -> Result<Self, HandshakeError> {
        if self.is_tls() {
            return Err(HandshakeError::AlreadyTls);
        }
        let (stream, _) = accept(self.tcp, &with.tls, Routing::Fixed(with.service)).await?;
        Ok(stream)
    }
}

/// Brings a fresh connection under TLS and says for which service it is.
pub(crate) async fn accept(
    tcp: TcpStream,
    tls: &Tls,
    routing: Routing,
) -> Result<(Stream, Service), HandshakeError> {
    // On the heap: it is large and soon over, and the connection's task lives long.
    let handshake = Box::pin(negotiate(tcp, tls, routing));
    match timeout(Duration::from_secs(TLS_HANDSHAKE_TIMEOUT_S), handshake).await {
        Ok(outcome) => outcome.map_err(HandshakeError::from),
        Err(_) => Err(HandshakeError::TooSlow),
    }
}

async fn negotiate(
    mut tcp: TcpStream,
    tls: &Tls,
    routing: Routing,
) -> io::Result<(Stream, Service)> {
    let mut hello = Vec::new();
    let (service, config) = match routing {
        Routing::Fixed(_) => tls.choose(routing, &[]),
        Routing::Mux => read_hello(&mut tcp, &mut hello, tls).await?,
    };
    let mut session = Session::new(config).map_err(io::Error::other)?;
    let outcome = converse(&mut session, &mut tcp, &mut hello).await;
    // Also after a failure: the peer should learn why, if it still listens.
    while session.has_unsent() {
        poll_fn(|cx| session.poll_send(&mut tcp, cx)).await?;
    }
    outcome?;
    Ok((Stream { tcp, tls: Some(Box::new(session)) }, service))
}

/// Goes through the handshake, beginning with the sealed bytes that have come already.
async fn converse(session: &mut Session, tcp: &mut TcpStream, hello: &mut [u8]) -> io::Result<()> {
    let mut early = Vec::new();
    session.open(hello, &mut early)?;
    while session.is_handshaking() {
        while session.has_unsent() {
            poll_fn(|cx| session.poll_send(tcp, cx)).await?;
        }
        if session.is_ended() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        poll_fn(|cx| session.poll_receive(tcp, cx, &mut early, 0)).await?;
    }
    session.put_back(early);
    Ok(())
}

/// Reads a whole ClientHello into `hello` and chooses by what it offers.
async fn read_hello(
    tcp: &mut TcpStream,
    hello: &mut Vec<u8>,
    tls: &Tls,
) -> io::Result<(Service, Arc<ServerConfig>)> {
    let mut acceptor = Acceptor::default();
    loop {
        let begin = hello.len();
        if begin >= CLIENT_HELLO_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        // At most as much as is still allowed, so that the limit is exact.
        let allowed = (CLIENT_HELLO_BYTES_MAX - begin) as u64;
        if tcp.take(allowed).read_buf(hello).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut fresh = &hello[begin..];
        while !fresh.is_empty() {
            acceptor.read_tls(&mut fresh)?;
            match acceptor.accept() {
                Ok(None) => {}
                Ok(Some(accepted)) => return Ok(choose(&accepted.client_hello(), tls)),
                Err((error, mut alert)) => {
                    let mut bytes = Vec::new();
                    alert.write_all(&mut bytes)?;
                    tcp.write_all(&bytes).await?;
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            }
        }
    }
}

fn choose(hello: &ClientHello<'_>, tls: &Tls) -> (Service, Arc<ServerConfig>) {
    let offered: Vec<&[u8]> = hello.alpn().into_iter().flatten().collect();
    tls.choose(Routing::Mux, &offered)
}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe => Self::Left,
            io::ErrorKind::InvalidData => Self::Tls(error),
            _ => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TLS_1_3, client, connect, live_identity, pair};

    /// The ClientHello of a client whose ALPN names fill it up by `filling` bytes, 2 at least.
    async fn hello(filling: usize) -> Vec<u8> {
        let mut names: Vec<Vec<u8>> = vec![b"http/1.1".to_vec()];
        let mut left = filling;
        while left > 0 {
            // One byte is the name's length; no single byte may be left over.
            let name = if left > 256 { 200 } else { left };
            names.push(vec![b'x'; name - 1]);
            left -= name;
        }
        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let config = client(TLS_1_3, &names);
        let (theirs, mut ours) = pair().await;
        let attempt = tokio::spawn(async move { connect(theirs, &config).await.is_ok() });
        let mut bytes = vec![0; 5];
        ours.read_exact(&mut bytes).await.unwrap();
        bytes.resize(5 + usize::from(bytes[3]) * 256 + usize::from(bytes[4]), 0);
        ours.read_exact(&mut bytes[5..]).await.unwrap();
        drop(ours);
        assert!(!attempt.await.unwrap());
        bytes
    }

    async fn read(hello: Vec<u8>) -> io::Result<Service> {
        let (mut theirs, mut ours) = pair().await;
        theirs.write_all(&hello).await.unwrap();
        let tls = live_identity().tls().unwrap();
        read_hello(&mut ours, &mut Vec::new(), &tls).await.map(|(service, _)| service)
    }

    #[tokio::test]
    async fn a_client_hello_may_be_as_long_as_the_limit_and_no_longer() {
        let filling = CLIENT_HELLO_BYTES_MAX - hello(1_000).await.len() + 1_000;
        let (longest, too_long) = (hello(filling).await, hello(filling + 1).await);
        assert_eq!(longest.len(), CLIENT_HELLO_BYTES_MAX);
        assert_eq!(too_long.len(), CLIENT_HELLO_BYTES_MAX + 1);
        assert_eq!(read(longest).await.unwrap(), Service::Web);
        assert_eq!(read(too_long).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn what_is_no_tls_gets_an_alert() {
        let (mut theirs, ours) = pair().await;
        theirs.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let error = accept(ours, &live_identity().tls().unwrap(), Routing::Mux).await.unwrap_err();
        assert!(matches!(error, HandshakeError::Tls(_)), "{error}");
        let mut alert = [0; 7];
        theirs.read_exact(&mut alert).await.unwrap();
        assert_eq!(alert[0], 21);
    }
}
