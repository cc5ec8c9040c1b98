//! IMAP4rev1 (RFC 3501) as a value: bytes in, questions and bytes out.
//!
//! [`parse`] cuts what a client sends into commands and reads them into [`command`]; [`mod@write`]
//! says the answers; the session machine asks what it needs to know through [`ask`]. No socket, no
//! clock, no store, no recursion on what a stranger sent, nothing without a ceiling.

pub mod ask;
pub mod command;
pub mod fuzz;
pub mod list_pattern;
pub mod parse;
pub mod sasl;
pub mod section;
mod session;
pub mod utf7;
pub mod write;

pub use session::*;
