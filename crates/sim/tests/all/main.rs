//! All integration tests, in one binary: linking is the cost on small machines.

// A broken test may panic.
#![allow(clippy::unwrap_used)]

mod dependencies;
mod dialogues;
mod house;
mod operation;
mod strangers;
mod torture;
mod world;
