//! What is old enough to go, what makes room in a full mailbox, and whether the clock that says so
//! can be believed.
//!
//! Days are whole UTC days: a message goes when it is *certainly* older than the operator's number,
//! never earlier (mail specification 1.7, 6.9). Deleting cannot be undone, so a wall clock that
//! jumped is doubted first ([`believe`]); refusing to delete for a day harms nobody.

use std::time::Duration;

use mail::limits::{
    INACTIVE_USER_DAYS, LARGE_MAIL_DAYS, MAIL_DAYS, TRIM_ABOVE_PERCENT, TRIM_SPARES_S,
    TRIM_TO_PERCENT,
};
use mail::{Day, Timestamp};

/// 2025-01-01, before this program existed: a clock that shows less has not been set.
const EARLIEST_BELIEVABLE: Timestamp = Timestamp(1_735_689_600);
/// How far wall and monotonic clock may drift apart while the program runs, in seconds.
const DRIFT_S_MAX: i64 = 86_400;
/// How long the last sweep may lie back before the gap needs an explanation, in seconds.
const GAP_S_MAX: i64 = 7 * 86_400;
/// How long an unexplained gap must stand, with the program running, before it is believed: time
/// for a time server or a person to correct the clock.
const PATIENCE: Duration = Duration::from_secs(86_400);

/// The operator's numbers, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Every message older than this goes.
    pub mail_days: u32,
    /// Large messages older than this go if a client noticed them.
    pub large_mail_days: u32,
    /// Accounts without a login for longer than this go.
    pub inactive_user_days: u32,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention {
            mail_days: MAIL_DAYS,
            large_mail_days: LARGE_MAIL_DAYS,
            inactive_user_days: INACTIVE_USER_DAYS,
        }
    }
}

/// What is due on some day: everything that arrived, or was last used, *before* these days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Messages.
    pub mail_before: Day,
    /// Large messages.
    pub large_mail_before: Day,
    /// Last logins.
    pub login_before: Day,
}

impl Retention {
    /// What is due today.
    pub fn due(&self, today: Day) -> Due {
        let back = |days: u32| Day(today.0.saturating_sub(days));
        Due {
            mail_before: back(self.mail_days),
            large_mail_before: back(self.large_mail_days),
            login_before: back(self.inactive_user_days),
        }
    }
}

/// A reading of both clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The wall clock.
    pub wall: Timestamp,
    /// The monotonic clock, since the program started.
    pub monotonic: Duration,
}

/// Why nothing is deleted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockDoubt {
    /// The clock shows a time before this program existed.
    #[error("the clock is not set")]
    NotSet,
    /// The wall clock moved, and time did not. Take a new anchor; the gap then has to stand.
    #[error("the clock jumped by {seconds} s while the program ran")]
    Jumped {
        /// How far, in seconds; negative is into the past.
        seconds: i64,
    },
    /// The last sweep is too long ago, or in the future, and the program has not run for long
    /// enough to rule out a wrong clock.
    #[error("the last clean-up is {seconds} s ago by the clock; waiting a day before believing it")]
    Gap {
        /// Seconds since the last sweep; negative if it lies in the future.
        seconds: i64,
    },
}

/// Whether the wall clock can be believed enough to delete by it.
///
/// `last_sweep` is when the previous sweep ran, by the wall clock, from the store; `anchor` is a
/// reading taken when the program started, and again after [`ClockDoubt::Jumped`].
pub fn believe(
    last_sweep: Option<Timestamp>,
    anchor: Clocks,
    now: Clocks,
) -> Result<(), ClockDoubt> {
    if now.wall < EARLIEST_BELIEVABLE {
        return Err(ClockDoubt::NotSet);
    }
    let running = now.monotonic.saturating_sub(anchor.monotonic);
    let running_s = i64::try_from(running.as_secs()).unwrap_or(i64::MAX);
    let drift = now.wall.0.saturating_sub(anchor.wall.0).saturating_sub(running_s);
    if !(-DRIFT_S_MAX..=DRIFT_S_MAX).contains(&drift) {
        return Err(ClockDoubt::Jumped { seconds: drift });
    }
    let gap = last_sweep.map_or(0, |last| now.wall.0.saturating_sub(last.0));
    if !(-DRIFT_S_MAX..=GAP_S_MAX).contains(&gap) && running < PATIENCE {
        return Err(ClockDoubt::Gap { seconds: gap });
    }
    Ok(())
}

/// What a mailbox that got too full is brought down to, in bytes; `None` if it is not too full.
/// Asked after each delivery.
pub fn trim_when_full(used_bytes: u64, quota_bytes: u64) -> Option<u64> {
    let too_full = used_bytes > percent(quota_bytes, TRIM_ABOVE_PERCENT);
    too_full.then(|| percent(quota_bytes, TRIM_TO_PERCENT))
}

/// What the daily sweep brings a mailbox down to, in bytes; `None` if it is below that already.
pub fn trim_daily(used_bytes: u64, quota_bytes: u64) -> Option<u64> {
    let target = percent(quota_bytes, TRIM_TO_PERCENT);
    (used_bytes > target).then_some(target)
}

/// Only messages that arrived before this moment may be removed to make room.
pub fn trim_before(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(TRIM_SPARES_S))
}

fn percent(of: u64, percent: u64) -> u64 {
    // The percentages are below 100, so the quotient fits where the quota did.
    u64::try_from(u128::from(of) * u128::from(percent) / 100).unwrap_or(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: i64 = 86_400;
    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn reading(wall: i64, monotonic_s: u64) -> Clocks {
        Clocks { wall: Timestamp(wall), monotonic: Duration::from_secs(monotonic_s) }
    }

    #[test]
    fn a_message_is_due_once_it_is_certainly_too_old() {
        let due = Retention::default().due(Day(1_000));
        assert_eq!(due.mail_before, Day(980));
        assert_eq!(due.large_mail_before, Day(993));
        assert_eq!(due.login_before, Day(910));
        // The last second of day 979 is 20 days and one second before day 1000 begins.
        let last_due = Timestamp(980 * DAY_S - 1);
        assert!(last_due.day() < due.mail_before);
        assert!(1_000 * DAY_S - last_due.0 > 20 * DAY_S);
    }

    #[test]
    fn nothing_is_due_before_the_first_day() {
        assert_eq!(Retention::default().due(Day(3)).mail_before, Day(0));
    }

    #[test]
    fn c8_an_ordinary_clock_is_believed() {
        let anchor = reading(NOW.0, 10);
        assert_eq!(believe(None, anchor, anchor), Ok(()));
        let tomorrow = reading(NOW.0 + DAY_S, 10 + 86_400);
        assert_eq!(believe(Some(NOW), anchor, tomorrow), Ok(()));
        for hour in [-3_600, 3_600] {
            assert_eq!(believe(Some(NOW), anchor, reading(NOW.0 + hour, 10)), Ok(()));
        }
    }

    #[test]
    fn c8_a_jump_while_running_stops_deletion() {
        let anchor = reading(NOW.0, 0);
        for years in [-10, 10] {
            let jumped = reading(NOW.0 + years * 365 * DAY_S, 60);
            let doubt = believe(Some(NOW), anchor, jumped).unwrap_err();
            assert!(matches!(doubt, ClockDoubt::Jumped { .. } | ClockDoubt::NotSet), "{doubt}");
            if years > 0 {
                assert!(matches!(
                    believe(Some(NOW), jumped, jumped),
                    Err(ClockDoubt::Gap { seconds }) if seconds == 10 * 365 * DAY_S
                ));
            }
        }
    }

    #[test]
    fn c8_a_jump_while_stopped_has_to_stand_for_a_day() {
        let last = Some(Timestamp(NOW.0 - GAP_S_MAX - 1));
        let anchor = reading(NOW.0, 0);
        assert!(matches!(believe(last, anchor, anchor), Err(ClockDoubt::Gap { .. })));
        let almost = reading(NOW.0 + DAY_S - 1, 86_399);
        assert!(matches!(believe(last, anchor, almost), Err(ClockDoubt::Gap { .. })));
        assert_eq!(believe(last, anchor, reading(NOW.0 + DAY_S, 86_400)), Ok(()));
        let at_the_limit = Some(Timestamp(NOW.0 - GAP_S_MAX));
        assert_eq!(believe(at_the_limit, anchor, anchor), Ok(()));
    }

    #[test]
    fn c8_a_sweep_in_the_future_and_a_clock_that_is_not_set_are_doubted() {
        let anchor = reading(NOW.0, 0);
        let future = Some(Timestamp(NOW.0 + 2 * DAY_S));
        assert!(matches!(believe(future, anchor, anchor), Err(ClockDoubt::Gap { .. })));
        for wall in [i64::MIN, -1, 0, EARLIEST_BELIEVABLE.0 - 1] {
            let unset = reading(wall, 0);
            assert_eq!(believe(None, unset, unset), Err(ClockDoubt::NotSet));
        }
        let set = reading(EARLIEST_BELIEVABLE.0, 0);
        assert_eq!(believe(None, set, set), Ok(()));
    }

    #[test]
    fn a_mailbox_is_trimmed_above_75_percent_down_to_70() {
        assert_eq!(trim_when_full(75, 100), None);
        assert_eq!(trim_when_full(76, 100), Some(70));
        assert_eq!(trim_daily(70, 100), None);
        assert_eq!(trim_daily(71, 100), Some(70));
        assert_eq!(trim_daily(u64::MAX, u64::MAX), Some(percent(u64::MAX, 70)));
        assert_eq!(trim_before(NOW), Timestamp(NOW.0 - DAY_S));
    }
}
