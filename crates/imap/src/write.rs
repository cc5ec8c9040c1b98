//! Saying things in IMAP's words, onto the end of a buffer.
//!
//! Everything here is safe on the wire whatever its input: a string becomes quoted if it can be and
//! a literal if not, and no line can be broken by what a stranger wrote into a header. The forms are
//! those the parser of the real client takes.

mod envelope;
mod fetch;
mod flags;
mod metadata;
mod structure;
mod text;

pub use envelope::envelope;
pub use fetch::FetchLine;
pub use flags::{FlagList, flags_line};
pub use metadata::metadata;
pub use structure::{Detail, body_structure};
pub use text::{MailboxString, astring, literal, literal_head, nstring, string};

/// Appends formatted text.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {
        std::io::Write::write_fmt($out, format_args!($($arg)*))
            .expect("writing to memory does not fail")
    };
}
use put;

#[cfg(test)]
mod tests;
