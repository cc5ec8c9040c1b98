//! Verdicts, as pure functions of facts that somebody else gathered: who may log in, create an
//! account and submit, what may come in, how often, what of a header goes on, what is old enough to
//! go.
//!
//! A refusal is a closed enum that says why; the reply code for it is chosen at the door. Nothing
//! here waits, reads a file, asks a clock or draws a random number.

pub mod accept;
pub mod accounts;
pub mod headers;
pub mod password;
pub mod rate;
pub mod retention;
pub mod submit;
