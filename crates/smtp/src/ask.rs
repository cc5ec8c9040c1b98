//! What the server machine asks of the world, and what it is told.
//!
//! The machine never touches a store, a clock or a socket. [`crate::Server::poll`] hands out one
//! [`Step`]; for [`Step::Ask`] the door finds the [`Answer`] and gives it to
//! [`crate::Server::answer`]. At most one question is open at a time.
//!
//! A transaction begins when the door answers [`Ask::Mail`] with [`Answer::Go`] and ends with exactly
//! one of [`Ask::DataEnd`] and [`Ask::Reset`], or with the connection. After either the door knows
//! nothing of it any more.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use mail::Address;

use crate::data::DataFault;
use crate::reply::Reply;

/// What the machine wants next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A question; poll again after [`crate::Server::answer`].
    Ask(Ask),
    /// Write the output out before anything else happens, then poll again.
    Flush,
    /// Write the output out and give input ([`crate::Server::feed`]), then poll again.
    Input {
        /// How long to wait. When it passes, call [`crate::Server::timed_out`].
        patience: Duration,
        /// True if the clock starts anew: since the last `Input` a command was completed, or a fair
        /// amount of message data came; where a login is needed, only the login counts. While false, the old deadline stays, so that dripping bytes
        /// buys no time.
        progress: bool,
    },
    /// Write the output out, do the TLS handshake, call [`crate::Server::tls_established`].
    StartTls,
    /// Write the output out and close the connection.
    Close,
}

/// A question to the door.
#[derive(PartialEq, Eq)]
pub enum Ask {
    /// May this user in? Answer: `Authenticated` or a refusal. The door takes its time before a
    /// refusal; the machine counts them and closes after the third 5xx.
    Authenticate {
        /// User name, raw bytes as given.
        user: Vec<u8>,
        /// Password, raw bytes as given.
        password: Vec<u8>,
    },
    /// A transaction begins. Answer: `Go` or a refusal. A door that delays its refusals to RCPT
    /// says `Go` and remembers.
    Mail {
        /// The envelope sender; `None` for `<>`.
        sender: Option<Address>,
        /// The size in bytes the client announced, never above the profile's limit.
        size: Option<u64>,
    },
    /// One more recipient, within the profile's limit. Answer: `Go` or a refusal of this one.
    Recipient(Address),
    /// Message data is about to begin; there is at least one accepted recipient. Answer: `Go` or a
    /// refusal, after which the transaction is forgotten.
    DataBegin,
    /// The next bytes of the message, dot-stuffing undone, in order, never empty. Answer: `Go`, or a
    /// refusal which is told at the true end of the data (the transaction is forgotten at once).
    Content(Bytes),
    /// The data has ended. Answer: `Reply` with success or refusal; nothing else is success.
    DataEnd {
        /// Why the data cannot be taken, if so; the bytes after the fault were not given. A
        /// success is then turned into the fault's own refusal.
        fault: Option<DataFault>,
        /// All of the message's bytes, also those not given.
        size_bytes: u64,
    },
    /// The transaction is forgotten: by RSET, EHLO, QUIT, a refused DATA, a timeout. Answer: `Go`.
    Reset,
}

/// The world's answer to an [`Ask`]. One that does not fit the question refuses with 451.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Go,
    /// To `Authenticate`: the user is in.
    Authenticated,
    /// No, for this reason.
    Refuse(Reply),
    /// No, and the connection ends.
    RefuseAndClose(Reply),
    /// To `DataEnd`: what to say about the message.
    Reply(Reply),
}

/// Passwords and message content never reach a log.
impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ask::Authenticate { .. } => f.write_str("Authenticate"),
            Ask::Mail { sender, size } => {
                f.debug_struct("Mail").field("sender", sender).field("size", size).finish()
            }
            Ask::Recipient(address) => f.debug_tuple("Recipient").field(address).finish(),
            Ask::DataBegin => f.write_str("DataBegin"),
            Ask::Content(bytes) => f.debug_tuple("Content").field(&bytes.len()).finish(),
            Ask::DataEnd { fault, size_bytes } => f
                .debug_struct("DataEnd")
                .field("fault", fault)
                .field("size_bytes", size_bytes)
                .finish(),
            Ask::Reset => f.write_str("Reset"),
        }
    }
}
