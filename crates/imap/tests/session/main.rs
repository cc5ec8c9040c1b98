//! The session machine from outside: golden dialogues against a tiny world, whole and in pieces.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod dialogue;
mod dialogues;
mod machine;
mod peer;
mod sequence;
mod world;
