//! Touching the world: sockets, TLS, certificates, the clock, chance, signals.
//!
//! This room takes connections from a budget, brings them through their TLS handshake under a
//! deadline, fences their tasks against each other and sees them off at the end. It also hands
//! time and randomness to rooms that must not ask for them. It does not know what mail means: a
//! [`tls::Service`] is a name that decides TLS versions and ALPN, nothing more.

pub mod budget;
pub mod cert;
pub mod clock;
mod gate;
pub mod handshake;
mod holder;
pub mod listener;
pub mod random;
pub mod resolver;
pub mod server;
pub mod shutdown;
pub mod signals;
pub mod stream;
pub mod system;
pub mod systemd;
#[cfg(test)]
mod testing;
pub mod tls;

pub use budget::Budget;
pub use clock::Clock;
pub use listener::{Listener, bind_all};
pub use resolver::{LookupError, Resolver};
pub use server::{Accepted, Counters, Opening, Port, serve};
pub use shutdown::{Shutdown, ShutdownTrigger};
pub use stream::Stream;
pub use tls::{Service, StartTls, Tls};
