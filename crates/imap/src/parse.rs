//! From bytes to commands, in two steps.
//!
//! [`Framer`] cuts the stream into commands with their literals, and lets APPEND's message pass by
//! without holding it; [`parse`] reads one such command. Both are linear in the input, bounded by
//! [`mail::limits`], and free of recursion. Lines end in CR LF or a bare LF. Strings may hold any
//! byte but NUL, and a quoted one no CR or LF (RFC 3501 section 9).

mod framer;

pub use framer::{Fault, Framed, Framer, Refused};
