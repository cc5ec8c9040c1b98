//! The doors of the house: where bytes, policy and mailboxes meet.
//!
//! Each door joins a machine of floor 1, `policy` and the store, and is driven by `net`. No door
//! keeps state that must survive.

pub mod accounts;
pub mod housekeeping;
pub mod imap;
mod line;
pub mod mx;
mod smtp_talk;
pub mod submission;
mod undelivered;
pub mod web;
