//! Mailbox names as the house knows them: UTF-8, levels separated by `.`.
//!
//! The wire form (modified UTF-7, RFC 3501 section 5.1.3) is the IMAP room's business. A name never
//! holds what LIST uses as wildcards, a control character, or anything a file system might
//! misread; INBOX is spelled in capitals whatever was typed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::limits::{MAILBOX_LEVELS_MAX, MAILBOX_NAME_BYTES_MAX};
use crate::mailbox::SpecialUse;

/// Where mail arrives.
const INBOX: &str = "INBOX";

/// Why a text cannot name a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailboxNameError {
    /// Nothing at all.
    #[error("a mailbox name is needed")]
    Empty,
    /// More than [`MAILBOX_NAME_BYTES_MAX`] bytes.
    #[error("the mailbox name is too long")]
    TooLong,
    /// More than [`MAILBOX_LEVELS_MAX`] levels.
    #[error("the mailbox name has too many levels")]
    TooDeep,
    /// A separator at an end, or two in a row.
    #[error("the mailbox name has an empty level")]
    EmptyLevel,
    /// `/`, `%`, `*`, `\` or a control character.
    #[error("the mailbox name has a character that is not allowed")]
    BadCharacter,
}

/// The name of a mailbox.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxName(Arc<str>);

impl MailboxName {
    /// What separates the levels of a name.
    pub const SEPARATOR: char = '.';

    /// Takes a name in UTF-8. A first level that is `inbox` in any case becomes `INBOX`.
    pub fn parse(text: &str) -> Result<MailboxName, MailboxNameError> {
        check(text)?;
        let (first, rest) = text.split_at(text.find(MailboxName::SEPARATOR).unwrap_or(text.len()));
        if first.eq_ignore_ascii_case(INBOX) {
            return Ok(MailboxName(format!("{INBOX}{rest}").into()));
        }
        Ok(MailboxName(text.into()))
    }

    /// The mailbox every account has.
    pub fn inbox() -> MailboxName {
        MailboxName(INBOX.into())
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the mailbox every account has.
    pub fn is_inbox(&self) -> bool {
        &*self.0 == INBOX
    }

    /// The name one level up; `None` at the top.
    pub fn parent(&self) -> Option<MailboxName> {
        let (parent, _) = self.0.rsplit_once(MailboxName::SEPARATOR)?;
        Some(MailboxName(parent.into()))
    }

    /// True if this name lies below the other one, at any depth.
    pub fn is_child_of(&self, ancestor: &MailboxName) -> bool {
        let below = self.0.strip_prefix(ancestor.as_str());
        below.is_some_and(|rest| rest.starts_with(MailboxName::SEPARATOR))
    }

    /// This name with the part that is `from` replaced by `to`, for RENAME: `None` unless it is
    /// `from` or lies below it, or if the result would be no valid name.
    pub fn moved(&self, from: &MailboxName, to: &MailboxName) -> Option<MailboxName> {
        let rest = self.0.strip_prefix(from.as_str())?;
        if !rest.is_empty() && !rest.starts_with(MailboxName::SEPARATOR) {
            return None;
        }
        MailboxName::parse(&format!("{to}{rest}")).ok()
    }

    /// What the mailbox is for, by its name (RFC 6154), as chatmail relays have it.
    pub fn special_use(&self) -> Option<SpecialUse> {
        match &*self.0 {
            "Drafts" => Some(SpecialUse::Drafts),
            "Junk" => Some(SpecialUse::Junk),
            "Trash" => Some(SpecialUse::Trash),
            "Sent" | "Sent Messages" => Some(SpecialUse::Sent),
            _ => None,
        }
    }
}

fn check(text: &str) -> Result<(), MailboxNameError> {
    if text.is_empty() {
        return Err(MailboxNameError::Empty);
    }
    if text.len() > MAILBOX_NAME_BYTES_MAX {
        return Err(MailboxNameError::TooLong);
    }
    if text.chars().any(|c| c.is_control() || matches!(c, '/' | '%' | '*' | '\\')) {
        return Err(MailboxNameError::BadCharacter);
    }
    if text.split(MailboxName::SEPARATOR).any(str::is_empty) {
        return Err(MailboxNameError::EmptyLevel);
    }
    if text.split(MailboxName::SEPARATOR).count() > MAILBOX_LEVELS_MAX {
        return Err(MailboxNameError::TooDeep);
    }
    Ok(())
}

impl fmt::Display for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MailboxName {
    type Err = MailboxNameError;

    fn from_str(text: &str) -> Result<MailboxName, MailboxNameError> {
        MailboxName::parse(text)
    }
}

#[cfg(test)]
mod tests;
