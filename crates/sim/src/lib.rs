//! The fake world: clients that trust any certificate, messages that look encrypted, the doors
//! without sockets, and the real program on loopback. Beside the house and never shipped.

pub mod client;
pub mod dialogue;
pub mod process;
pub mod rehearsal;
pub mod relay;
pub mod sample;
pub mod torture;
