//! How many connections each account holds, so that one account cannot hold all of them (I18).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use store::AccountId;

pub(super) struct Residents {
    counts: Arc<Mutex<HashMap<AccountId, usize>>>,
    per_account_max: usize,
}

/// One logged-in connection; its place is free again when this is dropped.
pub(super) struct Place {
    counts: Arc<Mutex<HashMap<AccountId, usize>>>,
    account: AccountId,
}

impl Residents {
    pub(super) fn new(per_account_max: usize) -> Self {
        Residents { counts: Arc::default(), per_account_max }
    }

    /// A place for one more connection of this account; `None` if it has enough.
    pub(super) fn admit(&self, account: AccountId) -> Option<Place> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(account).or_default();
        if *count >= self.per_account_max {
            return None;
        }
        *count += 1;
        Some(Place { counts: Arc::clone(&self.counts), account })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i18_the_ceiling_holds_and_places_come_back() {
        let residents = Residents::new(2);
        let first = residents.admit(AccountId(1));
        let second = residents.admit(AccountId(1));
        assert!(first.is_some() && second.is_some());
        assert!(residents.admit(AccountId(1)).is_none());
        assert!(residents.admit(AccountId(2)).is_some());
        drop(first);
        assert!(residents.admit(AccountId(1)).is_some());
    }
}
