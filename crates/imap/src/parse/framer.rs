//! Cuts a byte stream into commands (RFC 3501 sections 2.2 and 4.3, RFC 7888 LITERAL+).
//!
//! Holds at most one unfinished command, and nothing at all between commands. A literal is
//! measured when it is announced, before any of it is read. What a split of the input never
//! changes: the commands, the continuations and the refusals that come out.

use bytes::{Bytes, BytesMut};
use mail::limits;

use super::{ParseError, append_head};
use crate::command::{AppendHead, Tag};

/// What [`Framer::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Framed {
    /// All input was taken; come back with more.
    NeedInput,
    /// Say `+`: the client waits for it before it sends a literal. Then call again.
    Continue,
    /// A whole command with its literals, without the line end. For [`super::parse`].
    Command(Vec<u8>),
    /// A line that is no command, without its end; only after [`Framer::expect_line`].
    Line(Vec<u8>),
    /// An APPEND up to its message. Answer with [`Framer::accept_append`] or
    /// [`Framer::refuse_append`] before calling again.
    Append(Box<Append>),
    /// The next bytes of an accepted message; never empty.
    AppendData(Bytes),
    /// The accepted message and its command are complete. `clean` is false if something stood
    /// between the message and the line end: then the command was BAD.
    #[allow(missing_docs)]
    AppendEnd { clean: bool },
    /// A ceiling was met.
    Refused(Refused),
}
