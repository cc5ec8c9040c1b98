//! How often: the generic cell rate algorithm, and a bounded table of it.
//!
//! A bucket of `burst` units that refills by one unit every `interval`. Its whole state is one
//! moment, the *theoretical arrival time*: when the bucket will be full again. Time is the
//! monotonic `Duration` since the program started; wall clocks may jump and must not be used here.
//!
//! Promises: a refused attempt costs nothing; there is never a refusal within the first `burst`
//! attempts; the table never holds more than its ceiling. Used for the send rate (mail
//! specification 2.5) and for `/new`.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

/// The two numbers of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gcra {
    interval: Duration,
    tolerance: Duration,
}

/// The state of one bucket: when it will be full again. Zero is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    full_at: Duration,
}

/// The attempt came too early; it would succeed after this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSoon {
    /// How long to wait. Never zero.
    pub wait: Duration,
}

impl Gcra {
    /// `count` units every `window` in the long run, and `burst` of them at once.
    pub fn new(count: NonZeroU32, window: Duration, burst: NonZeroU32) -> Gcra {
        let interval = window / count.get();
        Gcra { interval, tolerance: interval.saturating_mul(burst.get() - 1) }
    }

    /// Takes one unit at `now`: the bucket afterwards, or how long to wait.
    pub fn take(&self, bucket: Bucket, now: Duration) -> Result<Bucket, TooSoon> {
        let earliest = bucket.full_at.saturating_sub(self.tolerance);
        if now < earliest {
            return Err(TooSoon { wait: earliest - now });
        }
        Ok(Bucket { full_at: bucket.full_at.max(now).saturating_add(self.interval) })
    }

    /// The longest an untouched bucket takes to be full again.
    pub fn refill(&self) -> Duration {
        self.tolerance.saturating_add(self.interval)
    }
}

/// Buckets by key, at most `entries_max` of them; an unknown key has a full bucket.
///
/// Two generations keep every operation at constant amortised cost: a key that is charged moves to
/// the young one; the generations turn over after one refill time, when whatever is still in the
/// old one is full and thus worth nothing. If the young one gets half of the ceiling before that,
/// they turn over early and the buckets untouched for longest are forgotten, in their owner's favour.
#[derive(Debug)]
pub struct RateTable<K> {
    rate: Gcra,
    half_max: usize,
    turned_at: Duration,
    young: HashMap<K, Bucket>,
    old: HashMap<K, Bucket>,
}

impl<K: Eq + Hash> RateTable<K> {
    /// An empty table for at most `entries_max` keys (at least two).
    pub fn new(rate: Gcra, entries_max: usize) -> RateTable<K> {
        RateTable {
            rate,
            half_max: (entries_max / 2).max(1),
            turned_at: Duration::ZERO,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    /// Takes one unit from the key's bucket at `now`.
    pub fn take(&mut self, key: K, now: Duration) -> Result<(), TooSoon> {
        if now.saturating_sub(self.turned_at) >= self.rate.refill() {
            self.turn_over(now);
        }
        let before = self.young.get(&key).or_else(|| self.old.get(&key)).copied();
        let after = self.rate.take(before.unwrap_or_default(), now)?;
        if self.young.len() >= self.half_max && !self.young.contains_key(&key) {
            self.turn_over(now);
        }
        self.old.remove(&key);
        self.young.insert(key, after);
        Ok(())
    }

    /// Number of keys remembered.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// True if no key is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn turn_over(&mut self, now: Duration) {
        self.old = std::mem::take(&mut self.young);
        self.turned_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn units(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).unwrap()
    }

    fn sending() -> Gcra {
        Gcra::new(units(60), Duration::from_secs(60), units(10))
    }

    #[test]
    fn s44_ten_at_once_then_one_a_second() {
        let mut table = RateTable::new(sending(), 100);
        for _ in 0..10 {
            assert_eq!(table.take("a", SECOND), Ok(()));
        }
        assert_eq!(table.take("a", SECOND), Err(TooSoon { wait: SECOND }));
        assert!(table.take("a", SECOND * 2 - Duration::from_millis(1)).is_err());
        assert_eq!(table.take("a", SECOND * 2), Ok(()));
        assert_eq!(table.take("a", SECOND * 2), Err(TooSoon { wait: SECOND }));
    }

    #[test]
    fn a_refused_attempt_costs_nothing() {
        let mut table = RateTable::new(sending(), 100);
        for _ in 0..10 {
            table.take("a", Duration::ZERO).unwrap();
        }
        for _ in 0..1_000 {
            assert!(table.take("a", Duration::ZERO).is_err());
        }
        assert_eq!(table.take("a", SECOND), Ok(()));
    }

    #[test]
    fn keys_do_not_share_a_bucket() {
        let mut table = RateTable::new(Gcra::new(units(1), SECOND, units(1)), 100);
        assert_eq!(table.take("a", Duration::ZERO), Ok(()));
        assert_eq!(table.take("b", Duration::ZERO), Ok(()));
        assert!(table.take("a", Duration::ZERO).is_err());
    }

    #[test]
    fn a_turn_over_forgets_no_bucket_that_is_not_full() {
        let mut table = RateTable::new(sending(), 100);
        table.take("other", Duration::ZERO).unwrap();
        let late = Duration::from_millis(9_900);
        for _ in 0..10 {
            table.take("a", late).unwrap();
        }
        assert!(table.take("a", SECOND * 10).is_err(), "turned over after one refill time");
        assert_eq!(table.take("a", late + SECOND), Ok(()));
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let mut table = RateTable::new(sending(), 1_000);
        for key in 0..500 {
            table.take(key, Duration::ZERO).unwrap();
        }
        table.take(1_000, SECOND * 10).unwrap();
        table.take(1_000, SECOND * 20).unwrap();
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn the_table_never_exceeds_its_ceiling() {
        let mut table = RateTable::new(sending(), 8);
        for key in 0..8 {
            table.take(key, Duration::ZERO).unwrap();
        }
        assert_eq!(table.len(), 8, "at the ceiling nothing is forgotten");
        table.take(8, Duration::ZERO).unwrap();
        assert!(table.len() <= 8, "one past it the oldest half goes");
    }

    #[test]
    fn the_greatest_numbers_do_not_overflow() {
        let rate = Gcra::new(units(1), Duration::MAX, units(u32::MAX));
        let bucket = rate.take(Bucket::default(), Duration::MAX).unwrap();
        assert!(rate.take(bucket, Duration::MAX).is_ok());
    }

    proptest! {
        /// In any window the number of successes is at most burst + window/interval + 1.
        #[test]
        fn never_more_than_the_rate_allows(
            steps in proptest::collection::vec(0u64..3_000, 1..300),
            burst in 1u32..20,
        ) {
            let rate = Gcra::new(units(1), SECOND, units(burst));
            let (mut now, mut taken, mut bucket) = (Duration::ZERO, 0u64, Bucket::default());
            for step in steps {
                now += Duration::from_millis(step);
                if let Ok(after) = rate.take(bucket, now) {
                    bucket = after;
                    taken += 1;
                }
                prop_assert!(taken <= u64::from(burst) + now.as_secs());
            }
        }

        /// Waiting as long as told is always enough, and one instant less never is.
        #[test]
        fn the_wait_is_exact(steps in proptest::collection::vec(0u64..900, 1..100)) {
            let rate = Gcra::new(units(1), SECOND, units(3));
            let (mut now, mut bucket) = (Duration::ZERO, Bucket::default());
            for step in steps {
                now += Duration::from_millis(step);
                match rate.take(bucket, now) {
                    Ok(after) => bucket = after,
                    Err(TooSoon { wait }) => {
                        prop_assert!(rate.take(bucket, now + wait).is_ok());
                        let early = now + wait - Duration::from_nanos(1);
                        prop_assert!(rate.take(bucket, early).is_err());
                    }
                }
            }
        }
    }
}
