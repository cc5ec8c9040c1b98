//! What every engine of the store must do, and what the durable one must survive.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::print_stdout)]

mod acceptance;
mod bodies;
mod conformance;
mod crash;
mod limits;
mod opening;
mod room;
mod support;
