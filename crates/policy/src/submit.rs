//! Whether a logged-in user may send this message.
//!
//! Two moments: the sender is judged before the first recipient is taken ([`may_send_as`]), the
//! message after its last byte ([`submit`]). A user sends under its own name only, in the envelope
//! as in the header, and only what is encrypted; exceptions are the cleartext first step of
//! secure-join and an Autocrypt Setup Message to oneself (mail specification 2.4, 3.5).

use mail::Address;

/// What is known of a message when its last byte is in.
#[derive(Clone, Copy, Debug)]
pub struct SubmissionFacts<'a> {
    /// Who is logged in.
    pub login: &'a Address,
    /// MAIL FROM; `None` for `<>`.
    pub sender: Option<&'a Address>,
    /// Every RCPT TO that was taken.
    pub recipients: &'a [Address],
}

/// Why it may not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitRefusal {
    /// MAIL FROM is not the login name.
    #[error("the sender is not the user who is logged in")]
    SenderNotOwned,
}

/// Whether this login may use this envelope sender. Sub-addresses (`user+x`) are not one's own.
/// The null sender passes here, and no message of its passes [`submit`].
pub fn may_send_as(login: &Address, sender: Option<&Address>) -> Result<(), SubmitRefusal> {
    match sender {
        Some(sender) if sender != login => Err(SubmitRefusal::SenderNotOwned),
        _ => Ok(()),
    }
}
