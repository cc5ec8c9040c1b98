//! When a full account makes room: deliveries that cross a mark push the oldest messages out, so that
//! users who never delete are not locked out of their own mailbox (mail specification 6.9).

use mail::Timestamp;
use mail::limits::{TRIM_ABOVE_PERCENT, TRIM_SPARES_S, TRIM_TO_PERCENT};

/// Messages one delivery pushes out at most; the next one goes on.
pub(crate) const PUSHED_OUT_MAX: usize = 500;

/// What an account that uses `used` of `limit` bytes should be brought down to before a message of
/// `size` bytes is put in; `None` if it is not worth it. Only crossing the mark counts: an account
/// that is above it with nothing but fresh mail is not looked through at every delivery.
pub(crate) fn target(used: u64, size: u64, limit: u64) -> Option<u64> {
    let mark = percent(limit, TRIM_ABOVE_PERCENT);
    let after = used.saturating_add(size);
    let crosses = used <= mark && after > mark;
    (crosses || after > limit).then(|| percent(limit, TRIM_TO_PERCENT).saturating_sub(size))
}

/// Only messages that arrived before this moment are pushed out.
pub(crate) fn before(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(TRIM_SPARES_S))
}

fn percent(of: u64, percent: u64) -> u64 {
    of / 100 * percent + of % 100 * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_mark_nothing_happens_and_one_byte_past_it_room_is_made() {
        assert_eq!(target(700, 50, 1_000), None);
        assert_eq!(target(700, 51, 1_000), Some(649));
    }

    #[test]
    fn an_account_above_the_mark_is_left_alone_until_it_is_full() {
        assert_eq!(target(800, 200, 1_000), None);
        assert_eq!(target(800, 201, 1_000), Some(499));
    }

    #[test]
    fn percentages_hold_for_the_largest_numbers() {
        assert_eq!(percent(u64::MAX, 100), u64::MAX);
        assert_eq!(percent(199, 75), 149);
    }
}
