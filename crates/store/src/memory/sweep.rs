//! Expiry, eviction and tidying.

use std::collections::BTreeMap;

use mail::limits::DEDUPE_KEPT_S;
use mail::mailbox::{MailboxId, Uid};
use mail::{Day, Timestamp};

use super::state::State;
use crate::boundary::*;

/// A message's place in the order of expiry: large ones that were noticed are class 1, large ones
/// that were not are class 2, all others class 0.
type ExpiryKey = (u8, Day, MailboxId, Uid);

impl State {
    pub(super) fn expire_due(&mut self, rule: ExpiryRule, budget: usize) -> Swept {
        let mut due = self.expiry_keys();
        due.retain(|(class, day, ..)| {
            *day < rule.before || *class == 1 && *day < rule.large_before
        });
        due.sort_unstable();
        let more = due.len() > budget;
        due.truncate(budget);
        self.remove_all(due.iter().map(|(_, _, mailbox, uid)| (*mailbox, *uid)));
        Swept { removed: due.len() as u64, more }
    }

    fn expiry_keys(&self) -> Vec<ExpiryKey> {
        let mut keys = Vec::new();
        for (id, row) in &self.mailboxes {
            for (uid, message) in &row.messages {
                let class = match (message.is_large(), uid.get() <= row.noticed) {
                    (false, _) => 0,
                    (true, true) => 1,
                    (true, false) => 2,
                };
                keys.push((class, message.day(), *id, *uid));
            }
        }
        keys
    }

    pub(super) fn evict(
        &mut self,
        account: AccountId,
        target_bytes: u64,
        before: Timestamp,
        budget: usize,
    ) -> Result<Swept> {
        self.account(account)?;
        let mut oldest = Vec::new();
        for (id, row) in self.mailboxes.iter().filter(|(_, row)| row.account == account) {
            let old = row.messages.values().filter(|m| m.meta.internal_date <= before);
            oldest.extend(old.map(|m| (m.meta.internal_date, *id, m.meta.uid, m.meta.size_bytes)));
        }
        oldest.sort_unstable();
        let mut used = self.used_bytes(account);
        let mut doomed = Vec::new();
        let mut more = false;
        for (_, mailbox, uid, size) in oldest {
            if used <= target_bytes {
                break;
            }
            if doomed.len() == budget {
                more = true;
                break;
            }
            used -= u64::from(size);
            doomed.push((mailbox, uid));
        }
        let removed = doomed.len() as u64;
        self.remove_all(doomed);
        Ok(Swept { removed, more })
    }

    /// One change counter for each mailbox concerned.
    fn remove_all(&mut self, doomed: impl IntoIterator<Item = (MailboxId, Uid)>) {
        let mut by_mailbox: BTreeMap<MailboxId, Vec<Uid>> = BTreeMap::new();
        for (mailbox, uid) in doomed {
            by_mailbox.entry(mailbox).or_default().push(uid);
        }
        for (mailbox, uids) in by_mailbox {
            self.remove(mailbox, &uids).expect("the mailbox was there just now");
        }
    }

    /// Old dedupe keys first, then expired values.
    pub(super) fn reclaim(&mut self, now: Timestamp, budget: usize) -> Swept {
        let mut left = budget;
        let mut more = false;
        let mut goes = |is_due: bool| {
            more |= is_due && left == 0;
            let goes = is_due && left > 0;
            left -= usize::from(goes);
            goes
        };
        let mut keys: Vec<_> = self.dedupe.iter().map(|(key, (at, _))| (*at, *key)).collect();
        keys.sort_unstable();
        keys.retain(|(at, _)| goes(at.0 + DEDUPE_KEPT_S <= now.0));
        for (_, key) in &keys {
            self.dedupe.remove(key);
        }
        for row in self.accounts.values_mut() {
            row.meta.retain(|(_, value)| !goes(value.expires <= now));
        }
        Swept { removed: (budget - left) as u64, more }
    }
}
