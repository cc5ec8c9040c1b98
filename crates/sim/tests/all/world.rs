//! What the tests of the running program share.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use sim::client::{Imap, Lines, Smtp, any_certificate};
use sim::relay::{Manner, Relay};
use sim::sample;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) const PASSWORD: &str = "correct-horse-battery";
pub(crate) const ALICE: &str = "alice0001@chat.test";
pub(crate) const BOB: &str = "bob000001@chat.test";

/// A relay in a folder that goes when this does.
pub(crate) struct World {
    pub(crate) relay: Relay,
    pub(crate) dir: TempDir,
}

impl World {
    pub(crate) async fn new() -> World {
        World::with(&Manner::default()).await
    }

    pub(crate) async fn with(manner: &Manner) -> World {
        let dir = tempfile::tempdir().unwrap();
        let relay = Relay::start(&dir.path().join("data"), manner).await.unwrap();
        World { relay, dir }
    }

    pub(crate) async fn imap(&self, user: &str) -> io::Result<Imap> {
        let mut imap = Imap::connect(self.relay.at(993), any_certificate(None)).await?;
        imap.login(user, PASSWORD).await?;
        imap.command("SELECT INBOX").await?;
        Ok(imap)
    }

    pub(crate) async fn smtp(&self, user: &str) -> io::Result<Smtp> {
        Smtp::connect(self.relay.at(465), any_certificate(None), user, PASSWORD).await
    }

    /// A TLS connection on which nothing was said yet.
    pub(crate) async fn tls(&self, well_known: u16, alpn: Option<&str>) -> io::Result<Lines> {
        Lines::connect(self.relay.at(well_known), any_certificate(alpn)).await
    }

    /// Alice writes to Bob and Bob reads it; how long that took is bounded.
    pub(crate) async fn chat(&self, seed: u64) {
        let exchange = async {
            let message = sample::encrypted(ALICE, 2_000, seed);
            let mut bob = self.imap(BOB).await?;
            self.smtp(ALICE).await?.send(ALICE, &[BOB], &message).await?;
            bob.command("NOOP").await?;
            let answer = bob.command("UID FETCH 1:* (UID RFC822.SIZE BODY.PEEK[])").await?;
            let found = sim::client::fetched(&answer)?;
            assert!(found.iter().any(|it| it.body == message.as_bytes()), "message {seed}");
            io::Result::Ok(())
        };
        timeout(Duration::from_secs(5), exchange).await.expect("slow").expect("refused");
    }
}

/// Says something without TLS; everything the server says until it closes or is silent.
pub(crate) async fn plain(server: SocketAddr, said: &[u8], patience: Duration) -> (String, bool) {
    let mut tcp = TcpStream::connect(server).await.unwrap();
    let _ = tcp.write_all(said).await;
    let mut heard = Vec::new();
    let closed = loop {
        let mut buffer = [0; 4_096];
        match timeout(patience, tcp.read(&mut buffer)).await {
            Ok(Ok(n)) if n > 0 => heard.extend(&buffer[..n]),
            Ok(_) => break true,
            Err(_) => break false,
        }
    };
    (String::from_utf8_lossy(&heard).into_owned(), closed)
}
