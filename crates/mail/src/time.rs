//! Times as values. Nobody in this room asks what time it is; it is always handed in.
//!
//! The texts of RFC 5322 and RFC 3501 are in [`text`]. Everything here works on the proleptic
//! Gregorian calendar, without leap seconds, and never panics, whatever the number.

pub mod text;

const DAY_S: i64 = 86_400;
/// 0000-01-01 00:00:00: nothing earlier can be written with a year of four digits.
const FIRST_S: i64 = -62_167_219_200;
/// 9999-12-31 23:59:59: nothing later can be written with a year of four digits.
const LAST_S: i64 = 253_402_300_799;
/// Days from 0000-03-01, where the reckoning by eras begins, to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days of the 400 years after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;

/// Seconds since 1970-01-01 00:00:00 UTC, without leap seconds. May be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Whole UTC days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u32);

/// A moment as a calendar and a clock show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Civil {
    /// 0 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59; 60 is taken too and means the second after.
    pub second: u8,
}

/// A moment together with the offset of the clock it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZonedTime {
    /// The moment.
    pub utc: Timestamp,
    /// How far the clock was ahead of UTC, in seconds.
    pub offset_s: i32,
}

impl Timestamp {
    /// The UTC day this moment falls on; the first day for anything earlier than 1970.
    pub fn day(self) -> Day {
        let days = self.0.div_euclid(DAY_S);
        Day(u32::try_from(days).unwrap_or(if days < 0 { 0 } else { u32::MAX }))
    }

    /// The moment at which the UTC day of this moment began.
    #[must_use]
    pub fn start_of_day(self) -> Timestamp {
        Timestamp(self.0.saturating_sub(self.0.rem_euclid(DAY_S)))
    }

    /// This many seconds later (or earlier), without overflow.
    #[must_use]
    pub fn plus_s(self, seconds: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(seconds))
    }

    /// In UTC. What lies outside the years 0 to 9999 is shown as their first or last second.
    pub fn civil(self) -> Civil {
        let seconds = self.0.clamp(FIRST_S, LAST_S);
        let (year, month, day) = date_of(seconds.div_euclid(DAY_S));
        let of_day = seconds.rem_euclid(DAY_S);
        Civil {
            year: u16::try_from(year).expect("clamped to 0..=9999"),
            month,
            day,
            hour: small(of_day / 3_600),
            minute: small(of_day / 60 % 60),
            second: small(of_day % 60),
        }
    }

    /// From UTC; `None` if there is no such day or time.
    pub fn from_civil(civil: Civil) -> Option<Timestamp> {
        let Civil { year, month, day, hour, minute, second } = civil;
        let valid = year <= 9_999
            && (1..=12).contains(&month)
            && day >= 1
            && day <= days_in(year, month)
            && hour < 24
            && minute < 60
            && second <= 60;
        let of_day = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
        valid.then(|| Timestamp(days_of(year, month, day) * DAY_S + of_day))
    }

    /// 0 for Sunday to 6 for Saturday, in UTC.
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        small((self.0.div_euclid(DAY_S) + 4).rem_euclid(7))
    }
}

impl Day {
    /// The moment at which it begins.
    pub fn start(self) -> Timestamp {
        Timestamp(i64::from(self.0) * DAY_S)
    }
}

impl ZonedTime {
    /// Midnight of the date the clock itself showed, as if that clock had been in UTC: what IMAP's
    /// SENTON and its like compare (RFC 3501 section 6.4.4, "disregarding time and timezone").
    pub fn local_date(self) -> Timestamp {
        self.utc.plus_s(i64::from(self.offset_s)).start_of_day()
    }
}

/// Year, month and day of a day counted from 1970-01-01. Years are reckoned from March, so that
/// the leap day is the last of its year.
fn date_of(days: i64) -> (i64, u8, u8) {
    let days = days + EPOCH_DAYS;
    let (era, of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, small(month), small(day))
}

fn days_of(year: u16, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (i64::from(month) + 9) % 12;
    let of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - EPOCH_DAYS
}

fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn small(value: i64) -> u8 {
    u8::try_from(value).expect("a remainder of calendar arithmetic")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments() {
        let cases =
            [(0, (1970, 1, 1), 4), (951_782_400, (2000, 2, 29), 2), (-1, (1969, 12, 31), 3)];
        for (seconds, date, weekday) in cases {
            let moment = Timestamp(seconds);
            let civil = moment.civil();
            assert_eq!((civil.year, civil.month, civil.day), date);
            assert_eq!(moment.weekday(), weekday);
        }
    }

    #[test]
    fn impossible_dates_are_refused() {
        let base = Timestamp(0).civil();
        for civil in [
            Civil { month: 13, ..base },
            Civil { month: 0, ..base },
            Civil { day: 0, ..base },
            Civil { month: 2, day: 29, year: 1900, ..base },
            Civil { hour: 24, ..base },
            Civil { second: 61, ..base },
            Civil { year: 10_000, ..base },
        ] {
            assert_eq!(Timestamp::from_civil(civil), None, "{civil:?}");
        }
    }

    #[test]
    fn days_are_clamped_to_their_range() {
        assert_eq!(Timestamp(-5).day(), Day(0));
        assert_eq!(Timestamp(86_399).day(), Day(0));
        assert_eq!(Timestamp(86_400).day(), Day(1));
        assert_eq!(Timestamp(i64::MAX).day(), Day(u32::MAX));
        assert_eq!(Timestamp(i64::MIN).day(), Day(0));
        assert_eq!(Day(1).start(), Timestamp(86_400));
    }

    proptest! {
        #[test]
        fn civil_and_back(seconds in FIRST_S..=LAST_S) {
            prop_assert_eq!(Timestamp::from_civil(Timestamp(seconds).civil()), Some(Timestamp(seconds)));
        }

        #[test]
        fn no_number_panics(seconds: i64) {
            let moment = Timestamp(seconds);
            let _ = (moment.civil(), moment.weekday(), moment.day(), moment.start_of_day());
        }
    }
}
