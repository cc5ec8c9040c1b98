//! What the relay does by itself: old mail goes, abandoned accounts go, leftovers are reclaimed.
//!
//! Each step is bounded, so that deliveries are never kept waiting; the cost of a round follows
//! what is due, not what exists. Nothing is deleted by a clock that cannot be believed
//! (`policy::retention::believe`).

mod waiting;

use std::sync::Arc;
use std::time::Duration;

use mail::Domain;
use net::{Clock, Shutdown};
use policy::retention::{ClockDoubt, Clocks, Retention, believe};
use store::{ExpiryRule, Result, Store, Swept};

/// Pause between two rounds.
const PAUSE: Duration = Duration::from_secs(600);
/// Messages or rows one step removes at most.
const STEP_BUDGET: usize = 500;
/// Accounts one step looks at.
const STEP_ACCOUNTS: usize = 50;
/// Pause between two steps, so that deliveries come in between.
const BREATH: Duration = Duration::from_millis(20);

/// The keeper of the house.
pub struct Housekeeping {
    store: Arc<dyn Store>,
    clock: Clock,
    retention: Retention,
    postmaster: Postmaster,
    anchor: Clocks,
}

/// Who reports to senders.
#[derive(Clone, Debug)]
pub struct Postmaster {
    /// How the server calls itself.
    pub hostname: Arc<str>,
    /// Whose mail lives here, and where MAILER-DAEMON does.
    pub domain: Domain,
}

impl Housekeeping {
    /// Will keep `store` according to `retention`.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        retention: Retention,
        postmaster: Postmaster,
    ) -> Self {
        let anchor = Clocks { wall: clock.now(), monotonic: clock.elapsed() };
        Housekeeping { store, clock, retention, postmaster, anchor }
    }

    /// Runs a round now and then until the program stops. A round that fails is tried again later.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.requested() => return,
                round = self.round() => {
                    if let Err(error) = round {
                        tracing::warn!(%error, "housekeeping did not finish; trying again later");
                    }
                }
            }
            tokio::select! {
                () = shutdown.requested() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// One round. Deletes nothing by age if the clock is in doubt.
    pub async fn round(&mut self) -> Result<()> {
        if self.trusts_the_clock().await? {
            self.expire().await?;
            self.remove_inactive_accounts().await?;
            self.look_after_waiting_mail().await?;
            self.store.set_last_sweep(self.clock.now()).await?;
        }
        self.reclaim().await
    }

    async fn trusts_the_clock(&mut self) -> Result<bool> {
        let now = Clocks { wall: self.clock.now(), monotonic: self.clock.elapsed() };
        let last_sweep = self.store.last_sweep().await?;
        let Err(doubt) = believe(last_sweep, self.anchor, now) else { return Ok(true) };
        if matches!(doubt, ClockDoubt::Jumped { .. }) {
            self.anchor = now;
        }
        tracing::warn!(%doubt, "nothing is deleted by age for now; check this machine's clock");
        Ok(false)
    }

    async fn expire(&self) -> Result<()> {
        let due = self.retention.due(self.clock.now().day());
        let rule = ExpiryRule { before: due.mail_before, large_before: due.large_mail_before };
        let mut removed = 0;
        loop {
            let swept = self.store.expire_due(rule, STEP_BUDGET).await?;
            removed += swept.removed;
            if !swept.more {
                break;
            }
            tokio::time::sleep(BREATH).await;
        }
        if removed > 0 {
            tracing::info!(removed, "expired messages were removed");
        }
        Ok(())
    }

    async fn remove_inactive_accounts(&self) -> Result<()> {
        let before = self.retention.due(self.clock.now().day()).login_before;
        let mut cursor = None;
        loop {
            let accounts = self.store.inactive_accounts(before, cursor, STEP_ACCOUNTS).await?;
            let Some(last) = accounts.last() else { return Ok(()) };
            cursor = Some(last.id);
            for account in &accounts {
                self.store.delete_account(account.id).await?;
            }
            tracing::info!(removed = accounts.len(), "inactive accounts were removed");
            tokio::time::sleep(BREATH).await;
        }
    }

    async fn look_after_waiting_mail(&self) -> Result<()> {
        let store = self.store.as_ref();
        while !waiting::step(store, &self.postmaster, self.clock.now()).await? {
            tokio::time::sleep(BREATH).await;
        }
        Ok(())
    }

    async fn reclaim(&self) -> Result<()> {
        while let Swept { more: true, .. } =
            self.store.reclaim(self.clock.now(), STEP_BUDGET).await?
        {
            tokio::time::sleep(BREATH).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
