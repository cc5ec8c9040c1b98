//! What can be wrong with a certificate or its key, in words an operator can act on.

use std::io;
use std::path::PathBuf;

use mail::Timestamp;

/// A file and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct CertError {
    /// The file to look at.
    pub file: PathBuf,
    /// What is wrong with it.
    #[source]
    pub reason: Reason,
}

/// What is wrong with a certificate or key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// It is not there.
    #[error("no such file")]
    Missing,
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[source] io::Error),
    /// It is no file of certificates: there is far too much in it.
    #[error("larger than {0} bytes, so no certificate or key")]
    TooLarge(u64),
    /// It has no PEM block `CERTIFICATE`.
    #[error("no certificate in this file (a PEM block CERTIFICATE is expected)")]
    NoCertificate,
    /// It has no PEM block with a private key.
    #[error("no private key in this file (a PEM block PRIVATE KEY is expected)")]
    NoKey,
    /// The key is protected with a password.
    #[error("the private key is encrypted; decrypt it first (openssl pkey -in OLD -out NEW)")]
    EncryptedKey,
    /// A PEM block is cut short or not Base64.
    #[error("damaged PEM: {0}")]
    Damaged(String),
    /// The leaf is no certificate.
    #[error("the first certificate cannot be understood")]
    BadCertificate,
    /// The key's kind is not supported or its content is broken.
    #[error("the private key cannot be used: {0}")]
    BadKey(String),
    /// Key and certificate are not a pair.
    #[error("this key does not belong to the certificate in {}", certificate.display())]
    KeyMismatch {
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// The leaf's time is over.
    #[error("the certificate expired {} day(s) ago", (now.0 - not_after.0) / 86_400)]
    Expired {
        /// The leaf's last second.
        not_after: Timestamp,
        /// When this was found.
        now: Timestamp,
    },
    /// No certificate can be made for these names.
    #[error("no certificate can be made: {0}")]
    CannotMake(String),
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}
