//! Level-triggered hints that a mailbox changed.
//!
//! The newest MODSEQ is stored before anybody is woken, and a watcher compares it with what it saw
//! last before it sleeps: no wake-up can be lost, however a burst ends. Hints may be spurious.
//! Nothing is kept for a mailbox nobody watches.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use mail::mailbox::{MailboxId, ModSeq};
use tokio::sync::Notify;

/// A power of two: a mailbox's shard is the low bits of its id.
const SHARDS: usize = 64;

type Shard = HashMap<MailboxId, Watched>;

/// All mailboxes that are watched at present.
pub struct Hub {
    shards: [Mutex<Shard>; SHARDS],
}

/// One watched mailbox, with the number of its watchers.
struct Watched {
    channel: Arc<Channel>,
    watchers: usize,
}

/// What its watchers share.
struct Channel {
    newest: AtomicU64,
    wake: Notify,
}

/// Watches one mailbox; dropping it ends that. About 150 bytes with its share of the hub.
pub struct Watch {
    hub: Arc<Hub>,
    mailbox: MailboxId,
    channel: Arc<Channel>,
    seen: ModSeq,
}

impl Hub {
    /// Nobody watches anything yet.
    pub fn new() -> Arc<Hub> {
        Arc::new(Hub { shards: std::array::from_fn(|_| Mutex::default()) })
    }

    /// Watches a mailbox from now on. Watch first, read the mailbox then, and nothing is missed.
    pub fn watch(self: &Arc<Hub>, mailbox: MailboxId) -> Watch {
        let mut shard = self.shard(mailbox);
        let watched = shard.entry(mailbox).or_insert_with(Watched::new);
        watched.watchers += 1;
        let channel = watched.channel.clone();
        Watch { hub: self.clone(), mailbox, channel, seen: ModSeq::ZERO }
    }

    /// Tells the watchers that the mailbox is at `modseq` now. Call after the commit.
    pub fn raise(&self, mailbox: MailboxId, modseq: ModSeq) {
        if let Some(Watched { channel, .. }) = self.shard(mailbox).get(&mailbox) {
            channel.newest.fetch_max(modseq.0, Ordering::AcqRel);
            channel.wake.notify_waiters();
        }
    }

    /// Number of mailboxes that are watched.
    pub fn watched(&self) -> usize {
        self.shards.iter().map(|shard| locked(shard).len()).sum()
    }

    fn shard(&self, mailbox: MailboxId) -> MutexGuard<'_, Shard> {
        locked(&self.shards[mailbox.0 as usize % SHARDS])
    }
}

impl Watched {
    fn new() -> Watched {
        let channel = Channel { newest: AtomicU64::new(0), wake: Notify::new() };
        Watched { channel: Arc::new(channel), watchers: 0 }
    }
}

impl Watch {
    /// Waits until the mailbox is further than this watch has seen; returns how far. Cancel-safe.
    pub async fn changed(&mut self) -> ModSeq {
        loop {
            // Registered before the comparison: a hint between the two wakes this sleeper.
            let mut woken = std::pin::pin!(self.channel.wake.notified());
            woken.as_mut().enable();
            let newest = self.current();
            if newest > self.seen {
                self.seen = newest;
                return newest;
            }
            woken.await;
        }
    }

    /// True if [`Watch::changed`] would return at once.
    pub fn has_changed(&self) -> bool {
        self.current() > self.seen
    }

    /// Hints up to here are no news: the watcher has read the mailbox that far.
    pub fn mark_seen(&mut self, upto: ModSeq) {
        self.seen = self.seen.max(upto);
    }

    /// The watcher itself made the change that led to `own`: no news, unless there was another
    /// change before it that it has not been told of.
    pub fn mark_own(&mut self, own: ModSeq) {
        if self.seen.next() == own {
            self.seen = own;
        }
    }

    /// The newest hint, seen or not; `ModSeq::ZERO` before the first.
    pub fn current(&self) -> ModSeq {
        ModSeq(self.channel.newest.load(Ordering::Acquire))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut shard = self.hub.shard(self.mailbox);
        let Some(watched) = shard.get_mut(&self.mailbox) else { return };
        watched.watchers -= 1;
        if watched.watchers == 0 {
            shard.remove(&self.mailbox);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({:?} at {})", self.mailbox, self.current())
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({} watched)", self.watched())
    }
}

/// A shard is consistent between any two statements, so a panic elsewhere does not spoil it.
fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BOX: MailboxId = MailboxId(7);

    #[tokio::test]
    async fn a_hint_before_the_wait_is_not_lost() {
        let hub = Hub::new();
        let mut watch = hub.watch(BOX);
        hub.raise(BOX, ModSeq(5));
        assert_eq!(watch.changed().await, ModSeq(5));
        let quiet = tokio::time::timeout(Duration::from_millis(20), watch.changed()).await;
        assert!(quiet.is_err());
    }

    #[tokio::test]
    async fn the_last_hint_of_a_burst_arrives_at_every_watcher() {
        let hub = Hub::new();
        let waiters: Vec<_> = (0..20)
            .map(|_| {
                let mut watch = hub.watch(BOX);
                tokio::spawn(async move { while watch.changed().await < ModSeq(1_000) {} })
            })
            .collect();
        for modseq in 1..=1_000 {
            hub.raise(BOX, ModSeq(modseq));
            if modseq % 50 == 0 {
                tokio::task::yield_now().await;
            }
        }
        for waiter in waiters {
            tokio::time::timeout(Duration::from_secs(5), waiter).await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn what_was_read_already_is_no_news() {
        let hub = Hub::new();
        let mut watch = hub.watch(BOX);
        hub.raise(BOX, ModSeq(5));
        watch.mark_seen(ModSeq(5));
        let quiet = tokio::time::timeout(Duration::from_millis(20), watch.changed()).await;
        assert!(quiet.is_err());
    }

    #[tokio::test]
    async fn nothing_is_kept_for_unwatched_mailboxes() {
        let hub = Hub::new();
        hub.raise(BOX, ModSeq(1));
        assert_eq!(hub.watched(), 0);
        let (first, second) = (hub.watch(BOX), hub.watch(BOX));
        drop(first);
        assert_eq!(hub.watched(), 1);
        drop(second);
        assert_eq!(hub.watched(), 0);
    }

    #[test]
    fn older_hints_do_not_lower_the_value() {
        let hub = Hub::new();
        let watch = hub.watch(BOX);
        hub.raise(BOX, ModSeq(9));
        hub.raise(BOX, ModSeq(3));
        assert_eq!(watch.current(), ModSeq(9));
    }
}
