//! The mail store: one boundary in mail terms ([`Store`]), and the engines behind it.
//!
//! [`SqliteStore`] keeps mail durably in one directory; [`MemoryStore`] is the model it is compared
//! with, and the store of tests. Neither knows a protocol. The crash argument is written in
//! `sqlite.rs`, beside the code that keeps it.

pub mod body;
pub mod boundary;
mod disk;
mod listing;
mod memory;
mod refusal;
mod room;
mod sqlite;
pub mod watch;

pub use body::{BodyWriter, PreparedBody};
pub use boundary::*;
pub use memory::MemoryStore;
pub use sqlite::{OpenError, Options, SqliteStore};
pub use watch::{Hub, Watch};
