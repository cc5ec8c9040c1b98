//! The program: verbs, one configuration schema, wiring, supervision, signals.
//!
//! No protocol logic lives here. [`cli`] reads the command line, [`config`] the configuration,
//! [`house`] puts the rooms together and lets them go again.

pub mod cli;
pub mod config;
pub mod dev;
pub mod facts;
pub mod house;
mod log;
mod pages;
mod terminal;

/// The version, as the pages and `martlet --version` say it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
