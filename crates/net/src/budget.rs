//! How many connections we take, in all and from one neighbourhood.
//!
//! The total is taken *before* accept: connections beyond it wait in the kernel's backlog and cost
//! us nothing. The share of a neighbourhood (an IPv4 address; an IPv6 /64, and twice as much for a
//! /48) is counted after accept, when the address is known. Both are given back when the guard is
//! dropped, however the connection ended.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mail::limits::CONNECTIONS_PER_ADDRESS_SHARE;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections of one listener or of several that share a ceiling.
#[derive(Debug)]
pub struct Budget {
    total: usize,
    free: Arc<Semaphore>,
    share: Option<usize>,
    held: Mutex<HashMap<Prefix, usize>>,
}

/// Room for one connection, not yet accepted.
#[derive(Debug)]
pub struct Room(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// A connection's place; dropping it frees the place.
#[derive(Debug)]
pub struct Guard {
    budget: Arc<Budget>,
    prefixes: [Option<Prefix>; 2],
    _room: Room,
}

/// The neighbourhood holds its whole share already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many connections from this address")]
pub struct ShareExceeded;

/// The leading bits of an address and how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Prefix(u128, u8);

impl Budget {
    /// `total` connections in all (at least one for each listener that shares the budget), of which
    /// one neighbourhood may hold one in [`CONNECTIONS_PER_ADDRESS_SHARE`], at least one.
    pub fn new(total: usize) -> Arc<Self> {
        Self::with_share(total, Some((total / CONNECTIONS_PER_ADDRESS_SHARE).max(1)))
    }

    /// `total` connections from wherever they come: for rehearsals where all clients share an
    /// address.
    pub fn unlimited_share(total: usize) -> Arc<Self> {
        Self::with_share(total, None)
    }

    /// `total` connections in all, `share` of them from one neighbourhood.
    pub fn with_share(total: usize, share: Option<usize>) -> Arc<Self> {
        let total = total.clamp(1, Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(total));
        Arc::new(Self { total, free, share, held: Mutex::default() })
    }

    /// Waits until there is room for one more connection. Cancel-safe.
    pub async fn room(&self) -> Room {
        let permit = Arc::clone(&self.free).acquire_owned().await;
        Room(permit.expect("the semaphore is never closed"))
    }

    /// Gives a connection from `peer` its place.
    ///
    /// # Errors
    /// If the neighbourhood's share is used up; the room is free again then.
    pub fn admit(self: &Arc<Self>, room: Room, peer: IpAddr) -> Result<Guard, ShareExceeded> {
        let prefixes = match self.share {
            Some(share) => self.count(share, peer)?,
            None => [None, None],
        };
        Ok(Guard { budget: Arc::clone(self), prefixes, _room: room })
    }

    /// Places taken, those waiting for a connection included.
    pub fn in_use(&self) -> usize {
        self.total - self.free.available_permits()
    }

    fn count(&self, share: usize, peer: IpAddr) -> Result<[Option<Prefix>; 2], ShareExceeded> {
        let prefixes = prefixes(peer);
        let mut held = self.held();
        let full = |(prefix, limit)| held.get(&prefix).copied().unwrap_or(0) >= limit;
        let limits = [share, share.saturating_mul(2)];
        if prefixes.into_iter().zip(limits).any(|(p, limit)| p.is_some_and(|p| full((p, limit)))) {
            return Err(ShareExceeded);
        }
        prefixes.into_iter().flatten().for_each(|prefix| *held.entry(prefix).or_insert(0) += 1);
        Ok(prefixes)
    }

    /// Nothing panics while the counts are held.
    fn held(&self) -> MutexGuard<'_, HashMap<Prefix, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.prefixes == [None, None] {
            return;
        }
        let mut held = self.budget.held();
        for prefix in self.prefixes.into_iter().flatten() {
            // An entry whose last connection goes is removed: the map never outgrows the budget.
            if let Some(count) = held.get_mut(&prefix) {
                *count -= 1;
                if *count == 0 {
                    held.remove(&prefix);
                }
            }
        }
    }
}

/// The neighbourhoods an address belongs to, narrow one first. An IPv4 address in IPv6 clothes is
/// the IPv4 address.
fn prefixes(peer: IpAddr) -> [Option<Prefix>; 2] {
    match peer.to_canonical() {
        IpAddr::V4(v4) => [Some(Prefix(u128::from(v4.to_bits()), 32)), None],
        IpAddr::V6(v6) => {
            [64, 48].map(|bits| Some(Prefix(v6.to_bits() >> (128 - u32::from(bits)), bits)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn admit(budget: &Arc<Budget>, peer: &str) -> Result<Guard, ShareExceeded> {
        let room = budget.room().await;
        budget.admit(room, peer.parse().unwrap())
    }

    #[tokio::test]
    async fn o4_the_total_is_a_ceiling_and_a_place_given_back_is_taken_again() {
        let budget = Budget::unlimited_share(2);
        let first = admit(&budget, "127.0.0.1").await.unwrap();
        let _second = admit(&budget, "127.0.0.1").await.unwrap();
        assert_eq!(budget.in_use(), 2);
        let third = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { admit(&budget, "127.0.0.1").await.is_ok() }
        });
        tokio::task::yield_now().await;
        assert!(!third.is_finished());
        drop(first);
        assert!(third.await.unwrap());
    }

    #[tokio::test]
    async fn t4_one_address_holds_its_share_and_not_one_more() {
        let budget = Budget::new(10);
        let held = [admit(&budget, "192.0.2.1").await, admit(&budget, "192.0.2.1").await];
        assert!(held.iter().all(Result::is_ok));
        assert!(admit(&budget, "192.0.2.1").await.is_err());
        assert!(admit(&budget, "::ffff:192.0.2.1").await.is_err());
        assert!(admit(&budget, "192.0.2.2").await.is_ok());
        assert_eq!(budget.in_use(), 2, "what was refused or dropped gave its room back");
        drop(held);
        assert!(admit(&budget, "192.0.2.1").await.is_ok());
        assert!(budget.held().is_empty());
    }

    #[tokio::test]
    async fn o10_rotating_within_a_64_or_a_48_gains_nothing() {
        let budget = Budget::with_share(100, Some(2));
        let mut held = Vec::new();
        for peer in ["2001:db8::1", "2001:db8::2"] {
            held.push(admit(&budget, peer).await.unwrap());
        }
        assert!(admit(&budget, "2001:db8::3").await.is_err());
        for peer in ["2001:db8:0:1::1", "2001:db8:0:2::1"] {
            held.push(admit(&budget, peer).await.unwrap());
        }
        assert!(admit(&budget, "2001:db8:0:3::1").await.is_err(), "the /48 is used up");
        assert!(admit(&budget, "2001:db8:1::1").await.is_ok());
        drop(held);
        assert!(budget.held().is_empty());
    }

    #[tokio::test]
    async fn a_small_budget_still_admits_somebody() {
        assert!(admit(&Budget::new(1), "127.0.0.1").await.is_ok());
        assert!(admit(&Budget::unlimited_share(0), "127.0.0.1").await.is_ok());
    }
}
