//! How far each mailbox was seen by a read-write opening: what lies beyond is `\Recent`.
//!
//! Kept in memory first, because opening a mailbox must not wait for a commit; written down with a
//! later one. Lost at a crash: some messages are `\Recent` a second time, which RFC 3501 section
//! 2.3.2 allows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mail::mailbox::MailboxId;

#[derive(Debug, Default)]
pub(super) struct Noticed {
    ahead: Mutex<HashMap<MailboxId, u32>>,
}

impl Noticed {
    /// Raises the mark of a mailbox from `stored` or what is known to be later; returns the mark
    /// before, so that of two openings at once only one sees a message as recent.
    pub(super) fn raise(&self, mailbox: MailboxId, stored: u32, upto: u32) -> u32 {
        let mut ahead = self.locked();
        let before = ahead.get(&mailbox).map_or(stored, |mark| stored.max(*mark));
        if before < upto {
            ahead.insert(mailbox, upto);
        }
        before
    }

    /// The mark of a mailbox.
    pub(super) fn get(&self, mailbox: MailboxId, stored: u32) -> u32 {
        self.locked().get(&mailbox).map_or(stored, |mark| stored.max(*mark))
    }

    pub(super) fn len(&self) -> usize {
        self.locked().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.locked().is_empty()
    }

    /// Everything that waits to be written down.
    pub(super) fn all(&self) -> Vec<(MailboxId, u32)> {
        self.locked().iter().map(|(mailbox, upto)| (*mailbox, *upto)).collect()
    }

    /// These are written down.
    pub(super) fn forget(&self, written: &[(MailboxId, u32)]) {
        let mut ahead = self.locked();
        for (mailbox, upto) in written {
            if ahead.get(mailbox) == Some(upto) {
                ahead.remove(mailbox);
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<MailboxId, u32>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: MailboxId = MailboxId(3);

    #[test]
    fn only_the_first_opening_sees_messages_as_recent() {
        let noticed = Noticed::default();
        assert_eq!(noticed.raise(BOX, 2, 5), 2);
        assert_eq!(noticed.raise(BOX, 2, 5), 5);
    }

    #[test]
    fn what_was_raised_again_meanwhile_is_not_forgotten() {
        let noticed = Noticed::default();
        noticed.raise(BOX, 0, 5);
        let written = noticed.all();
        noticed.raise(BOX, 0, 6);
        noticed.forget(&written);
        assert_eq!(noticed.get(BOX, 5), 6);
        noticed.forget(&noticed.all());
        assert!(noticed.is_empty());
    }
}
