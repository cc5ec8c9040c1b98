//! Peers for the tests of this room: a loopback pair, an identity, a client that accepts it.

mod anybody;

use std::sync::Arc;

use mail::Timestamp;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) use anybody::client;

use crate::cert::{Identity, LiveIdentity};

pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000);
pub(crate) const TLS_1_2: &[&SupportedProtocolVersion] = &[&TLS12];
pub(crate) const TLS_1_3: &[&SupportedProtocolVersion] = &[&TLS13];

pub(crate) fn identity() -> Identity {
    Identity::ephemeral(&["localhost".into()], NOW).unwrap()
}

pub(crate) fn live_identity() -> LiveIdentity {
    LiveIdentity::new(identity())
}

/// Two ends of a loopback connection.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let (client, server) = tokio::join!(client, listener.accept());
    (client.unwrap(), server.unwrap().0)
}

pub(crate) async fn connect(
    tcp: TcpStream,
    config: &Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::clone(config)).connect(name, tcp).await
}
