//! The only place that asks what time it is.
//!
//! Everybody else takes a [`Clock`], a `Timestamp` or a duration as an argument, so that tests can
//! stand at any moment they like, let the wall clock jump, or stop it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mail::Timestamp;

/// A source of wall time and monotonic time. Clones share the same time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    Real { start: Instant },
    Fake(Mutex<Fake>),
}

#[derive(Clone, Copy, Debug)]
struct Fake {
    /// Wall time when nothing had elapsed.
    origin: Timestamp,
    elapsed: Duration,
}

impl Fake {
    fn elapsed_s(&self) -> i64 {
        i64::try_from(self.elapsed.as_secs()).unwrap_or(i64::MAX)
    }
}

impl Clock {
    /// The machine's clock. `elapsed` counts from this call.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn real() -> Self {
        Self(Arc::new(Source::Real { start: Instant::now() }))
    }

    /// A clock that stands still at `wall` until it is moved.
    pub fn fake(wall: Timestamp) -> Self {
        Self(Arc::new(Source::Fake(Mutex::new(Fake { origin: wall, elapsed: Duration::ZERO }))))
    }

    /// Wall time in whole seconds. It may jump in both directions: never measure patience with it.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Source::Real { .. } => timestamp(SystemTime::now()),
            Source::Fake(fake) => {
                let fake = lock(fake);
                Timestamp(fake.origin.0.saturating_add(fake.elapsed_s()))
            }
        }
    }

    /// Time since the clock was made; never goes back.
    pub fn elapsed(&self) -> Duration {
        match &*self.0 {
            Source::Real { start } => start.elapsed(),
            Source::Fake(fake) => lock(fake).elapsed,
        }
    }

    /// Lets time pass on a fake clock, wall and monotonic alike. The real clock ignores it.
    pub fn advance(&self, by: Duration) {
        if let Source::Fake(fake) = &*self.0 {
            let mut fake = lock(fake);
            fake.elapsed = fake.elapsed.saturating_add(by);
        }
    }

    /// Makes the wall clock of a fake clock jump; monotonic time goes on. The real clock ignores it.
    pub fn set_wall(&self, wall: Timestamp) {
        if let Source::Fake(fake) = &*self.0 {
            let mut fake = lock(fake);
            fake.origin = Timestamp(wall.0.saturating_sub(fake.elapsed_s()));
        }
    }
}

/// Whole seconds since the epoch, rounded down; negative for a clock set before 1970.
fn timestamp(time: SystemTime) -> Timestamp {
    let seconds = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => {
            let before = before.duration();
            let whole = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
            -whole - i64::from(before.subsec_nanos() > 0)
        }
    };
    Timestamp(seconds)
}

/// The value is plain data that is whole at every moment, so a poisoned lock is harmless.
fn lock(fake: &Mutex<Fake>) -> MutexGuard<'_, Fake> {
    fake.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_clock_moves_forward_only() {
        let clock = Clock::real();
        let first = clock.elapsed();
        assert!(clock.elapsed() >= first);
        assert!(clock.now() > Timestamp(1_700_000_000));
    }

    #[test]
    fn a_fake_clock_stands_still_until_moved_and_is_shared_by_its_clones() {
        let clock = Clock::fake(Timestamp(1_000));
        let other = clock.clone();
        assert_eq!(other.now(), Timestamp(1_000));
        clock.advance(Duration::from_millis(600));
        assert_eq!(other.now(), Timestamp(1_000));
        clock.advance(Duration::from_millis(600));
        assert_eq!(
            (other.now(), other.elapsed()),
            (Timestamp(1_001), Duration::from_millis(1_200))
        );
    }

    #[test]
    fn c8_the_wall_clock_may_jump_while_monotonic_time_goes_on() {
        let clock = Clock::fake(Timestamp(1_000));
        clock.advance(Duration::from_secs(5));
        clock.set_wall(Timestamp(-3_600));
        assert_eq!((clock.now(), clock.elapsed()), (Timestamp(-3_600), Duration::from_secs(5)));
    }

    #[test]
    fn moments_before_the_epoch_round_down() {
        assert_eq!(timestamp(UNIX_EPOCH - Duration::from_millis(1)), Timestamp(-1));
        assert_eq!(timestamp(UNIX_EPOCH - Duration::from_secs(1)), Timestamp(-1));
        assert_eq!(timestamp(UNIX_EPOCH + Duration::from_millis(1_999)), Timestamp(1));
    }
}
