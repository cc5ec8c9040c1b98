//! Who gets credentials from `/new`, and how fast.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mail::limits;
use policy::rate::{Gcra, RateTable, TooSoon};

/// Fills its slice from a cryptographic generator.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;
/// Why no accounts are made at the moment, in words for the visitor; `None` while they are.
pub type ClosedBecause = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// What `/new` needs from the world.
#[derive(Clone)]
pub struct Registration {
    /// Where credentials come from.
    pub random: Random,
    /// Whether there are any to be had.
    pub closed: ClosedBecause,
    /// How often one address (or one /64) may ask; `None` is a relay on a developer's machine.
    pub limit: Option<Gcra>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// The rate of a public relay: [`limits::NEW_PER_SECOND`], [`limits::NEW_BURST`] at once.
pub fn new_rate() -> Gcra {
    let at_least_one = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    Gcra::new(
        at_least_one(limits::NEW_PER_SECOND),
        Duration::from_secs(1),
        at_least_one(limits::NEW_BURST),
    )
}

/// What one customer of an internet provider has: an IPv4 address or an IPv6 /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4(u32),
    V6(u64),
}

impl Network {
    fn of(peer: IpAddr) -> Network {
        match peer.to_canonical() {
            IpAddr::V4(ip) => Network::V4(ip.to_bits()),
            IpAddr::V6(ip) => Network::V6((ip.to_bits() >> 64) as u64),
        }
    }
}

/// Counts the requests of each network.
#[derive(Debug)]
pub(super) struct Turnstile {
    buckets: Option<Mutex<RateTable<Network>>>,
}

impl Turnstile {
    pub(super) fn new(limit: Option<Gcra>) -> Turnstile {
        let table = |rate| Mutex::new(RateTable::new(rate, limits::NEW_RATE_ENTRIES_MAX));
        Turnstile { buckets: limit.map(table) }
    }

    pub(super) fn pass(&self, peer: IpAddr, now: Duration) -> Result<(), TooSoon> {
        match &self.buckets {
            // A bucket is one moment in time: whoever panicked has not left half of one.
            Some(buckets) => {
                buckets.lock().unwrap_or_else(PoisonError::into_inner).take(Network::of(peer), now)
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(turnstile: &Turnstile, peer: &str, times: u32, now: Duration) -> u32 {
        let peer = peer.parse().unwrap();
        (0..times).map(|_| u32::from(turnstile.pass(peer, now).is_ok())).sum()
    }

    #[test]
    fn h3_one_network_gets_a_burst_and_then_two_a_second() {
        let turnstile = Turnstile::new(Some(new_rate()));
        let start = Duration::from_secs(100);
        assert_eq!(passes(&turnstile, "192.0.2.1", 1_000, start), 5);
        assert_eq!(passes(&turnstile, "192.0.2.1", 1_000, start + Duration::from_secs(1)), 2);
        assert_eq!(passes(&turnstile, "192.0.2.2", 1_000, start), 5);
    }

    #[test]
    fn h3_addresses_of_one_64_share_a_bucket_and_mapped_ones_are_ipv4() {
        let turnstile = Turnstile::new(Some(new_rate()));
        let now = Duration::ZERO;
        assert_eq!(passes(&turnstile, "2001:db8::1", 3, now), 3);
        assert_eq!(passes(&turnstile, "2001:db8::ffff:2", 3, now), 2);
        assert_eq!(passes(&turnstile, "2001:db8:0:1::1", 3, now), 3);
        assert_eq!(passes(&turnstile, "192.0.2.9", 3, now), 3);
        assert_eq!(passes(&turnstile, "::ffff:192.0.2.9", 3, now), 2);
    }

    #[test]
    fn without_a_limit_everyone_passes() {
        assert_eq!(passes(&Turnstile::new(None), "192.0.2.1", 100, Duration::ZERO), 100);
    }
}
