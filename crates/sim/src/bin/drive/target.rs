//! The server that is measured.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::ClientConfig;
use sim::client::{Imap, Smtp, any_certificate};

const PASSWORD: &str = "correct-horse-battery";

/// What all measurements share.
#[derive(Clone, clap::Args)]
pub(crate) struct Options {
    /// Where the server is
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Port of IMAP over TLS
    #[arg(long, default_value_t = 10_993)]
    imaps: u16,
    /// Port of submission over TLS
    #[arg(long, default_value_t = 10_465)]
    submissions: u16,
    /// The mail domain
    #[arg(long, default_value = "chat.test")]
    domain: String,
    /// Process id of the server, if it runs here
    #[arg(long)]
    pub(crate) pid: Option<u32>,
    /// Clients at once
    #[arg(long, default_value_t = 8)]
    pub(crate) clients: usize,
    /// How often something is done, in all
    #[arg(long, default_value_t = 2_000)]
    pub(crate) count: usize,
    /// Size of a message in bytes
    #[arg(long, default_value_t = 2_000)]
    pub(crate) size: usize,
    /// Connections in IDLE, or recipients of a fan-out
    #[arg(long, default_value_t = 50)]
    pub(crate) idlers: usize,
}

/// The server, as the driver sees it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) options: Options,
    tls: Arc<ClientConfig>,
    run: u32,
}

impl Target {
    pub(crate) fn new(options: Options) -> Target {
        Target { options, tls: any_certificate(None), run: std::process::id() }
    }

    /// An address of nine characters, new for each run, so that runs do not meet each other's mail.
    /// `role` is a letter: measurements do not meet either.
    pub(crate) fn user(&self, role: char, n: usize) -> String {
        format!("{role}{:04x}{n:04}@{}", self.run & 0xffff, self.options.domain)
    }

    /// A device that has logged in.
    pub(crate) async fn login(&self, user: &str) -> io::Result<Imap> {
        let server = SocketAddr::from((self.options.host, self.options.imaps));
        let mut imap = Imap::connect(server, Arc::clone(&self.tls)).await?;
        imap.login(user, PASSWORD).await?;
        Ok(imap)
    }

    /// A device with its INBOX open.
    pub(crate) async fn imap(&self, user: &str) -> io::Result<Imap> {
        let mut imap = self.login(user).await?;
        imap.command("SELECT INBOX").await?;
        Ok(imap)
    }

    /// A sender that has logged in.
    pub(crate) async fn smtp(&self, user: &str) -> io::Result<Smtp> {
        let server = SocketAddr::from((self.options.host, self.options.submissions));
        Smtp::connect(server, Arc::clone(&self.tls), user, PASSWORD).await
    }
}
