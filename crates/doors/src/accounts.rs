//! The one answer to "may this user in?", asked alike by IMAP and submission.
//!
//! An unknown address that the rules allow comes to life at its first login (spec: create on
//! login). Creation is atomic in the store: of two first logins at once one makes the account and
//! both compare against it. Promises: a refusal tells nothing about why; unknown users and wrong
//! passwords cost one hash each; hashing never runs on the async threads and never on more workers
//! than there are cores; a password that was verified once costs no hashing again while it is
//! remembered.

mod cache;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use mail::{Address, limits};
use net::Clock;
use policy::accounts::{CreateRefusal, NameRules, SystemFacts, SystemLimits, may_create};
use policy::password;
use store::{Account, NewAccount, Store, StoreError};

use cache::LoginCache;
use workers::Workers;

/// What the machine looks like right now, for the decision whether to make new accounts.
pub type FactsSource = Arc<dyn Fn() -> SystemFacts + Send + Sync>;

/// How a login ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Come in.
    Welcome(Account),
    /// Wrong name or password, or a new address that may not be made. Say it late and say no more.
    Refused,
    /// Nobody's fault for now: too many logins wait, or the store does not answer.
    Unavailable,
}

/// Which door asks: only IMAP logins count as a sign of life (mail specification 1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// IMAP.
    Imap,
    /// Submission.
    Submission,
}

/// What decides who may in.
#[derive(Clone)]
pub struct AccountRules {
    /// Names, lengths and the domain.
    pub names: NameRules,
    /// When the machine is too strained for new accounts.
    pub system: SystemLimits,
    /// What the machine looks like.
    pub facts: FactsSource,
}

/// Authentication for all doors.
pub struct Accounts {
    store: Arc<dyn Store>,
    clock: Clock,
    rules: AccountRules,
    workers: Workers,
    cache: LoginCache,
    refusal_delay: Duration,
}

impl Accounts {
    /// `workers` is the number of passwords hashed at once, best the number of cores.
    pub fn new(store: Arc<dyn Store>, clock: Clock, rules: AccountRules, workers: usize) -> Self {
        Accounts {
            store,
            clock,
            rules,
            workers: Workers::new(workers),
            cache: LoginCache::new(limits::LOGIN_CACHE_ENTRIES_MAX),
            refusal_delay: Duration::from_millis(limits::LOGIN_FAILURE_DELAY_MS),
        }
    }

    /// For tests: refuses without making the guesser wait.
    #[must_use]
    pub fn without_delay(mut self) -> Self {
        self.refusal_delay = Duration::ZERO;
        self
    }

    /// Decides a login. Bounded work; waits at most for the store and a place among the workers. A
    /// refusal comes at a fixed time after the question, so that the moment of the answer does not
    /// tell what the comparison cost.
    pub async fn enter(&self, user: &[u8], password: &[u8], door: Door) -> Entry {
        let answer_at = self.clock.elapsed() + self.refusal_delay;
        let entry = self.try_enter(user, password, door).await.unwrap_or(Entry::Unavailable);
        if entry == Entry::Refused {
            tokio::time::sleep(answer_at.saturating_sub(self.clock.elapsed())).await;
        }
        entry
    }

    async fn try_enter(&self, user: &[u8], password: &[u8], door: Door) -> Result<Entry, Trouble> {
        let Some((address, password)) = self.readable(user, password) else {
            return self.refuse_at_full_cost(password).await;
        };
        if let Some(account) = self.store.find_account(&address).await? {
            return self.compare(account, password, door).await;
        }
        self.create(address, password, door).await
    }

    /// The address and password if they are well-formed at all.
    fn readable<'a>(&self, user: &[u8], password: &'a [u8]) -> Option<(Address, &'a str)> {
        if user.len() > limits::LOGIN_NAME_BYTES_MAX || password.len() > limits::PASSWORD_BYTES_MAX
        {
            return None;
        }
        let user = std::str::from_utf8(user).ok()?;
        let address = self.rules.names.login_name(user).ok()?;
        Some((address, std::str::from_utf8(password).ok()?))
    }

    async fn compare(
        &self,
        account: Account,
        password: &str,
        door: Door,
    ) -> Result<Entry, Trouble> {
        if !self.verified(&account, password).await? || !account.enabled {
            return Ok(Entry::Refused);
        }
        if door == Door::Imap {
            self.touch(&account).await;
        }
        Ok(Entry::Welcome(account))
    }

    async fn verified(&self, account: &Account, password: &str) -> Result<bool, Trouble> {
        if self.cache.knows(account, password) {
            return Ok(true);
        }
        let matches = self.hash_and_compare(&account.password_hash, password).await?;
        if matches {
            self.cache.remember(account, password);
        }
        Ok(matches)
    }

    async fn hash_and_compare(&self, stored: &str, password: &str) -> Result<bool, Trouble> {
        let (stored, password) = (stored.to_owned(), password.to_owned());
        let verdict =
            self.workers.run(move |scratch| password::verify(&stored, &password, scratch)).await?;
        Ok(verdict.unwrap_or_else(|unknown| {
            tracing::error!(%unknown, "an account's password hash cannot be read");
            false
        }))
    }

    /// An ill-formed login costs what a wrong password costs.
    async fn refuse_at_full_cost(&self, password: &[u8]) -> Result<Entry, Trouble> {
        let end = password.len().min(limits::PASSWORD_BYTES_MAX);
        let password = String::from_utf8_lossy(&password[..end]);
        self.hash_and_compare(password::dummy_hash(), &password).await?;
        Ok(Entry::Refused)
    }

    async fn create(&self, address: Address, password: &str, door: Door) -> Result<Entry, Trouble> {
        let facts = (self.rules.facts)();
        let names = &self.rules.names;
        if let Err(refusal) = may_create(names, &address, password, &facts, &self.rules.system) {
            note(&refusal);
            return self.refuse_at_full_cost(password.as_bytes()).await;
        }
        let (secret, salt) = (password.to_owned(), net::random::bytes());
        let password_hash =
            self.workers.run(move |scratch| password::hash(&secret, salt, scratch)).await?;
        self.insert(address, password, password_hash, door).await
    }

    async fn insert(
        &self,
        address: Address,
        password: &str,
        password_hash: String,
        door: Door,
    ) -> Result<Entry, Trouble> {
        let now = self.clock.now();
        let new = NewAccount { address: address.clone(), password_hash, day: now.day(), now };
        match self.store.create_account(new).await {
            Ok(account) => {
                tracing::info!("account created");
                self.cache.remember(&account, password);
                Ok(Entry::Welcome(account))
            }
            // Somebody was faster: theirs counts.
            Err(StoreError::Conflict) => match self.store.find_account(&address).await? {
                Some(account) => self.compare(account, password, door).await,
                None => Err(Trouble),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The next login of the day makes up for one that could not be written down: on a full disk
    /// people must get in to delete.
    async fn touch(&self, account: &Account) {
        let today = self.clock.now().day();
        if account.last_login == today {
            return;
        }
        if let Err(error) = self.store.touch_login(account.id, today).await {
            tracing::warn!(%error, "a login was not written down");
        }
    }
}

/// The operator learns of what only the operator can change.
fn note(refusal: &CreateRefusal) {
    if refusal.is_system() {
        tracing::warn!("{refusal}");
    }
}

/// The store or the workers could not answer; it was logged where it happened.
struct Trouble;

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "a login could not be decided");
        Trouble
    }
}

impl From<workers::Overrun> for Trouble {
    fn from(_: workers::Overrun) -> Self {
        tracing::warn!("too many logins wait for a password check");
        Trouble
    }
}

#[cfg(test)]
mod tests;
