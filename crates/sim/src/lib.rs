//! The fake world: clients that trust any certificate, messages that look encrypted, relays on
//! loopback. Beside the house and never shipped.

pub mod client;
pub mod sample;
