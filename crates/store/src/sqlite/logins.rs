//! Which accounts have logged in today, so that a login is written once a day and asked once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use mail::Day;

use crate::boundary::AccountId;

/// Accounts remembered. Beyond: all are forgotten, which costs one look-up each.
const ACCOUNTS_MAX: usize = 200_000;

#[derive(Debug, Default)]
pub(super) struct Logins {
    seen: Mutex<(Day, HashSet<AccountId>)>,
}

impl Logins {
    /// True if this login was written already.
    pub(super) fn is_known(&self, account: AccountId, day: Day) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.0 == day && seen.1.contains(&account)
    }

    /// This login is written.
    pub(super) fn remember(&self, account: AccountId, day: Day) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != day || seen.1.len() >= ACCOUNTS_MAX {
            *seen = (day, HashSet::new());
        }
        seen.1.insert(account);
    }
}
