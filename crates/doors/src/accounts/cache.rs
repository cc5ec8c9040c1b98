//! Logins that were verified before, so that a reconnecting client costs no password hash.
//!
//! An entry is a digest over a secret of this process, the account, its stored hash and the
//! password: nothing in it helps anybody who reads this memory later, and a changed password
//! forgets itself. Two generations bound the size: when the young one is full it becomes the old
//! one, and what was not used meanwhile is forgotten.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use store::{Account, AccountId};

type Fingerprint = [u8; 32];

pub(super) struct LoginCache {
    secret: [u8; 32],
    generations: Mutex<Generations>,
}

struct Generations {
    young: HashMap<AccountId, Fingerprint>,
    old: HashMap<AccountId, Fingerprint>,
    entries_max: usize,
}

impl LoginCache {
    /// Remembers at most `entries_max` logins.
    pub(super) fn new(entries_max: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new(), entries_max };
        LoginCache { secret: net::random::bytes(), generations: Mutex::new(generations) }
    }

    pub(super) fn knows(&self, account: &Account, password: &str) -> bool {
        let fingerprint = self.fingerprint(account, password);
        let mut generations = self.lock();
        let Some(known) = generations.take(account.id) else { return false };
        generations.put(account.id, known);
        known == fingerprint
    }

    pub(super) fn remember(&self, account: &Account, password: &str) {
        let fingerprint = self.fingerprint(account, password);
        self.lock().put(account.id, fingerprint);
    }

    fn fingerprint(&self, account: &Account, password: &str) -> Fingerprint {
        let mut digest = Sha256::new();
        digest.update(self.secret);
        for field in [account.address.as_str(), &account.password_hash, password] {
            digest.update((field.len() as u64).to_le_bytes());
            digest.update(field);
        }
        digest.finalize().into()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        // A cache has no half-done state worth refusing service for.
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn take(&mut self, id: AccountId) -> Option<Fingerprint> {
        self.young.get(&id).copied().or_else(|| self.old.remove(&id))
    }

    fn put(&mut self, id: AccountId, fingerprint: Fingerprint) {
        if self.young.len() >= self.entries_max / 2 && !self.young.contains_key(&id) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, fingerprint);
    }
}
