//! Small IMAP and SMTP clients over TLS that trust any certificate, for drivers and tests.
//!
//! They expect what a good server says; anything else is an error with the line in it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A TLS client configuration that believes every certificate, with `alpn` offered if given.
pub fn any_certificate(alpn: Option<&str>) -> Arc<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Believer(provider)))
        .with_no_client_auth();
    config.alpn_protocols = alpn.map(|name| name.as_bytes().to_vec()).into_iter().collect();
    Arc::new(config)
}

/// Believes any certificate, but not a wrong signature by it.
#[derive(Debug)]
struct Believer(Arc<CryptoProvider>);

impl ServerCertVerifier for Believer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A line-wise connection.
pub struct Lines {
    stream: BufStream<TlsStream<TcpStream>>,
}

impl Lines {
    /// Connects with TLS.
    pub async fn connect(server: SocketAddr, tls: Arc<ClientConfig>) -> io::Result<Lines> {
        let tcp = TcpStream::connect(server).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let tls = TlsConnector::from(tls).connect(name, tcp).await?;
        Ok(Lines { stream: BufStream::new(tls) })
    }

    /// The next line with its CR LF.
    pub async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }

    /// Sends bytes at once.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Exactly `n` bytes.
    pub async fn exactly(&mut self, n: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; n];
        self.stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    }
}

/// An IMAP connection.
pub struct Imap {
    lines: Lines,
    tag: u32,
}

impl Imap {
    /// Connects and reads the greeting.
    pub async fn connect(server: SocketAddr, tls: Arc<ClientConfig>) -> io::Result<Imap> {
        let mut lines = Lines::connect(server, tls).await?;
        expect(&lines.line().await?, "* OK")?;
        Ok(Imap { lines, tag: 0 })
    }

    /// Sends a command and reads to its tagged `OK`; everything before that, literals included.
    pub async fn command(&mut self, command: &str) -> io::Result<Vec<u8>> {
        self.tag += 1;
        let tag = format!("a{} ", self.tag);
        self.lines.send(format!("{tag}{command}\r\n").as_bytes()).await?;
        let mut answer = Vec::new();
        loop {
            let line = self.lines.line().await?;
            if let Some(result) = line.strip_prefix(&tag) {
                expect(result, "OK")?;
                return Ok(answer);
            }
            answer.extend_from_slice(line.as_bytes());
            if let Some(n) = literal(&line) {
                answer.extend(self.lines.exactly(n).await?);
            }
        }
    }

    /// `LOGIN`.
    pub async fn login(&mut self, user: &str, password: &str) -> io::Result<()> {
        self.command(&format!("LOGIN \"{user}\" \"{password}\"")).await.map(drop)
    }

    /// Begins `IDLE`.
    pub async fn idle(&mut self) -> io::Result<()> {
        self.lines.send(b"idle IDLE\r\n").await?;
        expect(&self.lines.line().await?, "+")
    }

    /// Waits in `IDLE` until a message is announced; the number of messages.
    pub async fn announced(&mut self) -> io::Result<u32> {
        loop {
            let line = self.lines.line().await?;
            let mut words = line.split_ascii_whitespace();
            if let (Some("*"), Some(n), Some("EXISTS")) = (words.next(), words.next(), words.next())
            {
                return n.parse().map_err(io::Error::other);
            }
        }
    }

    /// Ends `IDLE`.
    pub async fn done(&mut self) -> io::Result<()> {
        self.lines.send(b"DONE\r\n").await?;
        loop {
            if let Some(result) = self.lines.line().await?.strip_prefix("idle ") {
                return expect(result, "OK");
            }
        }
    }
}

/// An SMTP submission connection.
pub struct Smtp {
    lines: Lines,
}

impl Smtp {
    /// Connects, says EHLO and logs in.
    pub async fn connect(
        server: SocketAddr,
        tls: Arc<ClientConfig>,
        user: &str,
        password: &str,
    ) -> io::Result<Smtp> {
        use base64::Engine;
        let lines = Lines::connect(server, tls).await?;
        let mut smtp = Smtp { lines };
        smtp.reply("220").await?;
        smtp.ask("EHLO [127.0.0.1]\r\n", "250").await?;
        let secret = format!("\0{user}\0{password}");
        let secret = base64::engine::general_purpose::STANDARD.encode(secret);
        smtp.ask(&format!("AUTH PLAIN {secret}\r\n"), "235").await?;
        Ok(smtp)
    }

    /// Sends one message as the real client does: the envelope in one piece, then the data. The
    /// message must need no dot-stuffing.
    pub async fn send(&mut self, from: &str, to: &[&str], message: &str) -> io::Result<String> {
        let mut envelope = format!("MAIL FROM:<{from}> BODY=8BITMIME SMTPUTF8\r\n");
        for recipient in to {
            envelope.push_str(&format!("RCPT TO:<{recipient}>\r\n"));
        }
        envelope.push_str("DATA\r\n");
        self.lines.send(envelope.as_bytes()).await?;
        for _ in 0..=to.len() {
            self.reply("250").await?;
        }
        self.reply("354").await?;
        let mut data = String::with_capacity(message.len() + 3);
        data.push_str(message);
        data.push_str(".\r\n");
        self.lines.send(data.as_bytes()).await?;
        self.reply("250").await
    }

    async fn ask(&mut self, command: &str, code: &str) -> io::Result<String> {
        self.lines.send(command.as_bytes()).await?;
        self.reply(code).await
    }

    async fn reply(&mut self, code: &str) -> io::Result<String> {
        loop {
            let line = self.lines.line().await?;
            expect(&line, code)?;
            if line.as_bytes().get(code.len()) != Some(&b'-') {
                return Ok(line);
            }
        }
    }
}

fn expect(line: &str, beginning: &str) -> io::Result<()> {
    match line.starts_with(beginning) {
        true => Ok(()),
        false => Err(io::Error::other(format!("expected {beginning}, got {}", line.trim_end()))),
    }
}

/// A message as FETCH gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its UID.
    pub uid: u32,
    /// Its size in bytes, as the server says.
    pub size: usize,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// The messages of an answer to `FETCH ... (UID RFC822.SIZE BODY.PEEK[])`, in the answer's order.
/// Other lines are skipped.
pub fn fetched(mut answer: &[u8]) -> io::Result<Vec<Fetched>> {
    let mut messages = Vec::new();
    while let Some(end) = answer.windows(2).position(|two| two == b"\r\n") {
        let line = String::from_utf8_lossy(&answer[..end + 2]).into_owned();
        answer = &answer[end + 2..];
        let Some(length) = literal(&line) else { continue };
        if answer.len() < length {
            return Err(io::Error::other(format!("cut off after {line}")));
        }
        let number = |name| number_after(&line, name).ok_or_else(|| io::Error::other(line.clone()));
        let (uid, size) = (number("UID ")?, number("RFC822.SIZE ")?);
        messages.push(Fetched { uid, size: size as usize, body: answer[..length].to_vec() });
        answer = &answer[length..];
    }
    Ok(messages)
}

/// The number that follows a word in a line.
pub fn number_after(line: &str, word: &str) -> Option<u32> {
    let (_, rest) = line.split_once(word)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The size of a literal that follows a line, if one does.
fn literal(line: &str) -> Option<usize> {
    line.strip_suffix("}\r\n")?.rsplit_once('{')?.1.parse().ok()
}
