//! Who we are in TLS: one certificate chain with its key, replaceable while we run.
//!
//! An [`Identity`] is a pair that has been checked; a [`LiveIdentity`] is the place where handshakes
//! find the current one. Replacing it is one atomic step: a handshake sees the old pair or the new
//! one, never a mixture, and sessions that exist are not touched.

mod error;
mod files;
mod own;
mod validity;
mod watch;

use std::sync::{Arc, PoisonError, RwLock};

use mail::Timestamp;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

pub use error::{CertError, Reason};
pub use files::Files;
pub use own::SelfSigned;
pub use watch::watch;

use crate::tls::Tls;

/// A certificate chain, leaf first, and the key that belongs to its leaf.
#[derive(Clone, Debug)]
pub struct Identity {
    certified: Arc<CertifiedKey>,
    not_after: Timestamp,
}

impl Identity {
    /// The leaf's last second. Alarms before it are the caller's.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The chain as DER, leaf first.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        self.certified.cert.iter().map(AsRef::as_ref)
    }
}

/// The identity new handshakes use. Clones share it.
#[derive(Clone, Debug)]
pub struct LiveIdentity(Arc<Cell>);

#[derive(Debug)]
struct Cell(RwLock<Identity>);

impl LiveIdentity {
    /// Starts with `identity`.
    pub fn new(identity: Identity) -> Self {
        Self(Arc::new(Cell(RwLock::new(identity))))
    }

    /// From now on new handshakes use `identity`.
    pub fn replace(&self, identity: Identity) {
        *self.0.0.write().unwrap_or_else(PoisonError::into_inner) = identity;
    }

    /// What new handshakes use now.
    pub fn current(&self) -> Identity {
        self.0.current()
    }

    /// The TLS configurations of all services over this identity.
    ///
    /// # Errors
    /// As [`Tls::new`].
    pub fn tls(&self) -> Result<Tls, rustls::Error> {
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&self.0) as _;
        Tls::new(&resolver)
    }
}

impl Cell {
    /// Nothing panics while the lock is held, and an identity is whole at every moment.
    fn current(&self) -> Identity {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The same certificate whatever name the client asks for: strangers learn nothing by asking.
impl ResolvesServerCert for Cell {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current().certified)
    }
}

#[cfg(test)]
mod tests;
