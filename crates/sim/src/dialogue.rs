//! Golden dialogues through whole doors: text files in which several clients talk to one relay.
//!
//! ```text
//! settings: rate quota=5000 connections=2      first line; may be left out
//! == phone imap as alice                       a connection: logged in, INBOX open
//! == out submission as alice                   another one: after EHLO and AUTH
//! == web imap                                  a third, which has not said anything yet
//! == phone                                     back to the first
//! C: a NOOP          its line, sent with CR LF; neighbouring lines are sent at once
//! c: half a line     bytes without a line end; `\r`, `\n`, `\0`, `\\`, `\xNN` in both
//! S: a OK Noop completed.        the next line the server says
//! S: <close>                     ... and the end
//! [mail carol bob 3]             somebody sends three messages meanwhile
//! [advance 60]                   a minute passes
//! [vanish]                       the client drops its connection
//! [full] [free]                  the disk is full, and has room again
//! [silence] [stop]               patience ends; the server stops (not on the wire)
//! # a comment
//! ```
//! In all lines `{{encrypted alice 7}}` is a message by Alice that passes the gate, number 7, line by
//! line; `{{auth alice}}` is the response of AUTH PLAIN; `{{x 500}}` is 500 times x. In `S:` lines
//! `{{any}}` is any text, and a line `{{lines}}` is any lines up to the one that follows.
//!
//! A dialogue is told whole, byte by byte and cut in two at every byte ([`rehearse`]), and once on
//! real sockets under TLS ([`on_the_wire`]); it must end alike every time.

mod play;
mod pure;
mod script;
mod wire;

pub use play::{on_the_wire, rehearse};
pub use script::Script;
