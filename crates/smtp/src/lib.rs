//! SMTP as a value: bytes go in, questions and bytes come out.
//!
//! The server machine ([`Server`]) speaks RFC 5321 with PIPELINING, SIZE, STARTTLS, AUTH,
//! ENHANCEDSTATUSCODES, 8BITMIME and SMTPUTF8, for submission and for port 25. It decides what is
//! well-formed and in order; everything else it asks ([`Ask`]). The reply table ([`Reply`]) is the
//! vocabulary from which the doors choose. [`Stuffer`] and [`Unstuffer`] are the data codec, and
//! [`DeliveryReport`] writes the message that tells a sender of a failure.
//!
//! Absent on purpose: sockets, clocks, storage, chance, policy; BDAT, DSN, ETRN, EXPN.

pub mod ask;
pub mod data;
pub mod dsn;
#[doc(hidden)]
pub mod fuzz;
pub mod profile;
pub mod reply;
pub mod server;

pub use ask::{Answer, Ask, Step};
pub use data::{DataFault, Stuffer, Unstuffer};
pub use dsn::{DeliveryReport, FailedRecipient};
pub use profile::{Kind, Profile, TlsState};
pub use reply::{EnhancedCode, Reply};
pub use server::Server;
