//! Whether a message from elsewhere may come in (mail specification 3.6 and 4.1).
//!
//! Two moments: a recipient is judged when it is named ([`is_ours`]), the message after its last
//! byte ([`accept`]), in this order: an author that is certain, no loop, encryption. What passes is
//! only admitted: who vouches for its origin is said by [`Origin`] and checked at the door, after
//! all that can be known without asking anybody.
//!
//! Stricter than other relays: recipients are judged by their account, not by the text of their
//! address, so that `user+tag` and unknown users are no way around encryption.

use mail::gate::{Class, Findings, FromError};
use mail::limits::SMTP_HOPS_MAX;
use mail::{Address, Domain};

/// A recipient, as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Its address without `+tag`.
    pub address: Address,
    /// What is known of its account; `None` if there is none.
    pub account: Option<Standing>,
}

/// What an account is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// False if the operator blocked it.
    pub enabled: bool,
    /// The account takes mail in clear text. Only very old ones do.
    pub accepts_cleartext: bool,
}

/// What is known of a message when its last byte is in.
#[derive(Clone, Copy, Debug)]
pub struct IncomingFacts<'a> {
    /// MAIL FROM; `None` for `<>`.
    pub sender: Option<&'a Address>,
    /// Every RCPT TO that was taken.
    pub recipients: &'a [Recipient],
    /// What the gate saw.
    pub findings: &'a Findings,
    /// A trace field says that it was delivered to one of the recipients before.
    pub was_here: bool,
}

/// A message that may come in, if its origin is what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// What has to be checked yet.
    pub origin: Origin,
    /// The envelope sender to go on with. It is the author or nobody: whoever else handed the
    /// message on must not be sent reports about somebody else's mail, nor the author about mail it
    /// may never have sent.
    pub sender: Option<Address>,
    /// To whom it goes. If this is empty the message is accepted and forgotten.
    pub recipients: Vec<Address>,
}

/// Who has to vouch for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The author's domain, by a DKIM signature of exactly this domain.
    Domain(Domain),
    /// Nobody: the author's domain is an IP address, which cannot publish a key.
    AddressLiteral,
}

/// Why a message may not come in, in the order in which it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptRefusal {
    /// The From field does not name exactly one author.
    #[error(transparent)]
    FromUnusable(FromError),
    /// It was handed on more than [`SMTP_HOPS_MAX`] times, or was here before.
    #[error("the message goes in circles")]
    Loop,
    /// It is not encrypted, no exception, and somebody does not take clear text.
    #[error("the message is not encrypted")]
    NotEncrypted,
}

/// Whether mail to this address ends here. It does if the domain is ours, unless the local part
/// asks to pass it on in one of the ways of old (`user%remote`, `remote!user`). Whether there is
/// such a user is not looked at: strangers must not learn that.
pub fn is_ours(recipient: &Address, domain: &Domain) -> bool {
    recipient.domain() == domain && !recipient.local().contains(['%', '!'])
}

/// Whether the message may come in.
pub fn accept(facts: &IncomingFacts<'_>) -> Result<Admission, AcceptRefusal> {
    let header = &facts.findings.header;
    let from = header.from.as_ref().map_err(|why| AcceptRefusal::FromUnusable(*why))?;
    if header.received_fields > SMTP_HOPS_MAX || facts.was_here {
        return Err(AcceptRefusal::Loop);
    }
    let recipients: Vec<_> = facts.recipients.iter().filter(|it| !it.is_blocked()).collect();
    let passes = match facts.findings.class {
        Class::Encrypted | Class::SecureJoin | Class::Report => true,
        Class::SetupMessage | Class::Cleartext => {
            recipients.iter().all(|it| it.accepts_cleartext())
        }
    };
    if !passes {
        return Err(AcceptRefusal::NotEncrypted);
    }
    Ok(Admission {
        origin: match from.domain().is_literal() {
            true => Origin::AddressLiteral,
            false => Origin::Domain(from.domain().clone()),
        },
        sender: facts.sender.filter(|sender| *sender == from).cloned(),
        recipients: recipients.into_iter().map(|it| it.address.clone()).collect(),
    })
}

impl Recipient {
    fn is_blocked(&self) -> bool {
        self.account.is_some_and(|account| !account.enabled)
    }

    fn accepts_cleartext(&self) -> bool {
        self.account.is_some_and(|account| account.accepts_cleartext)
    }
}

#[cfg(test)]
mod tests;
