//! What kind of SMTP server a connection meets.

use std::sync::Arc;

/// The settings of one listener, handed to [`crate::Server::new`].
#[derive(Clone, Debug)]
pub struct Profile {
    /// Our name in the greeting and in replies.
    pub hostname: Arc<str>,
    /// For whom.
    pub kind: Kind,
    /// How the connection starts.
    pub tls: TlsState,
    /// Largest message in bytes; announced with SIZE. Default `mail::limits::MESSAGE_BYTES_MAX`.
    pub message_size_max: u64,
    /// Most recipients of one message. Default `mail::limits::SMTP_RECIPIENTS_MAX`.
    pub recipients_max: usize,
}

/// For whom the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Our users (RFC 6409): AUTH is offered after TLS and demanded for mail.
    Submission,
    /// Other servers: no AUTH.
    Mx,
}

/// Whether the connection is encrypted. There is no server without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsState {
    /// From the first byte (RFC 8314), or since STARTTLS.
    Established,
    /// STARTTLS (RFC 3207) is offered, and demanded before anything that matters.
    Offered,
}
