//! The refusals every engine words alike, and the ceilings that lead to them.

use mail::Timestamp;
use mail::limits::META_VALUE_BYTES_MAX;
use mail::mailbox::{Flags, UidValidity};

use crate::boundary::{Result, StoreError};

pub(crate) const TOO_MANY_MAILBOXES: StoreError = StoreError::NotAllowed("too many mailboxes");
pub(crate) const TOO_MANY_SUBSCRIPTIONS: StoreError =
    StoreError::NotAllowed("too many subscriptions");
pub(crate) const TOO_MANY_KEYWORDS: StoreError =
    StoreError::NotAllowed("too many keywords on one message");
pub(crate) const VALUE_TOO_LONG: StoreError = StoreError::NotAllowed("the value is too long");
pub(crate) const INBOX_STAYS: StoreError = StoreError::NotAllowed("INBOX cannot be deleted");
pub(crate) const INTO_ITSELF: StoreError =
    StoreError::NotAllowed("a mailbox cannot move below itself");
pub(crate) const BAD_NEW_NAME: StoreError =
    StoreError::NotAllowed("a mailbox below it would get an impossible name");
pub(crate) const UIDS_EXHAUSTED: StoreError =
    StoreError::NotAllowed("the mailbox has no UIDs left");
pub(crate) const VALIDITY_EXHAUSTED: StoreError =
    StoreError::NotAllowed("there is no later UIDVALIDITY");
pub(crate) const TOO_LONG: StoreError = StoreError::NotAllowed("the message is too long");

/// Refuses more keywords than a message may have.
pub(crate) fn check_flags(flags: &Flags) -> Result<()> {
    if flags.has_too_many_keywords() { Err(TOO_MANY_KEYWORDS) } else { Ok(()) }
}

/// Refuses a metadata value that is too long.
pub(crate) fn check_value(value: &[u8]) -> Result<()> {
    if value.len() > META_VALUE_BYTES_MAX { Err(VALUE_TOO_LONG) } else { Ok(()) }
}

/// The UIDVALIDITY of a mailbox made at `now`, later than every one up to `last`.
pub(crate) fn next_validity(now: Timestamp, last: u32) -> Result<UidValidity> {
    let now = u32::try_from(now.0.max(0)).unwrap_or(u32::MAX);
    let next = last.checked_add(1).ok_or(VALIDITY_EXHAUSTED)?;
    UidValidity::new(next.max(now)).ok_or(VALIDITY_EXHAUSTED)
}
