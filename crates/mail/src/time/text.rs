//! How times are written: `Date` fields (RFC 5322 section 3.3) and IMAP dates (RFC 3501 section 9).
//!
//! Written strictly, always in UTC. `Date` fields are read tolerantly, for they come from anybody:
//! comments, missing seconds or zones, short years and named zones are taken. IMAP's own forms are
//! read exactly. Linear, without allocation beyond the result.

use super::{Civil, Timestamp, ZonedTime};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
/// The zones RFC 5322 section 4.3 gives a meaning, with their offsets in hours.
const ZONES: [(&str, i32); 8] = [
    ("EDT", -4),
    ("EST", -5),
    ("CDT", -5),
    ("CST", -6),
    ("MDT", -6),
    ("MST", -7),
    ("PDT", -7),
    ("PST", -8),
];

impl Timestamp {
    /// `Tue, 1 Jul 2003 10:52:37 +0000`
    pub fn to_rfc5322(self) -> String {
        let Civil { year, month, day, hour, minute, second } = self.civil();
        let weekday = WEEKDAYS[usize::from(self.weekday())];
        let month = month_name(month);
        format!("{weekday}, {day} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
    }

    /// `17-Jul-1996 02:44:25 +0000`, without the quotes; the day is padded with a space.
    pub fn to_imap_date_time(self) -> String {
        let Civil { year, month, day, hour, minute, second } = self.civil();
        let month = month_name(month);
        format!("{day:>2}-{month}-{year:04} {hour:02}:{minute:02}:{second:02} +0000")
    }

    /// `2003-07-01T10:52:37Z` (RFC 3339).
    pub fn to_rfc3339(self) -> String {
        let Civil { year, month, day, hour, minute, second } = self.civil();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Reads the value of a `Date` field. `None` if there is no date in it.
pub fn parse_rfc5322(value: &[u8]) -> Option<ZonedTime> {
    let text = without_comments(value);
    let mut words = text
        .split(|&b| b == b',' || b.is_ascii_whitespace())
        .filter(|word| !word.is_empty())
        .peekable();
    words.next_if(|word| word[0].is_ascii_alphabetic());
    let day = number(words.next()?, 1, 2)?;
    let month = month_number(words.next()?)?;
    let year = full_year(words.next()?)?;
    let (hour, minute, second) = clock(words.next()?)?;
    let offset_s = words.next().and_then(zone_offset).unwrap_or(0);
    zoned(Civil { year, month, day: byte(day)?, hour, minute, second }, offset_s)
}

/// Reads `17-Jul-1996 02:44:25 -0700`, without the quotes; a day below 10 has a space or a zero
/// before it.
pub fn parse_imap_date_time(text: &[u8]) -> Option<Timestamp> {
    let text = <&[u8; 26]>::try_from(text).ok()?;
    let separators = [(2, b'-'), (6, b'-'), (11, b' '), (14, b':'), (17, b':'), (20, b' ')];
    if separators.iter().any(|&(place, byte)| text[place] != byte) {
        return None;
    }
    let day = if text[0] == b' ' { &text[1..2] } else { &text[..2] };
    let (hour, minute, second) = clock(&text[12..20])?;
    let civil = Civil {
        year: number(&text[7..11], 4, 4)?,
        month: month_number(&text[3..6])?,
        day: byte(number(day, 1, 2)?)?,
        hour,
        minute,
        second,
    };
    zoned(civil, numeric_zone(&text[21..])?).map(|time| time.utc)
}

/// Reads the `1-Feb-1994` of SEARCH, without quotes: midnight UTC at the beginning of that day.
pub fn parse_imap_date(text: &[u8]) -> Option<Timestamp> {
    let mut words = text.split(|&b| b == b'-');
    let day = byte(number(words.next()?, 1, 2)?)?;
    let month = words.next().filter(|word| word.len() == 3).and_then(month_number)?;
    let year = number(words.next()?, 4, 4)?;
    let civil = Civil { year, month, day, hour: 0, minute: 0, second: 0 };
    if words.next().is_some() { None } else { Timestamp::from_civil(civil) }
}

fn zoned(civil: Civil, offset_s: i32) -> Option<ZonedTime> {
    let local = Timestamp::from_civil(civil)?;
    Some(ZonedTime { utc: local.plus_s(-i64::from(offset_s)), offset_s })
}

fn month_name(month: u8) -> &'static str {
    MONTHS[usize::from(month) - 1]
}

/// The first three letters count, so that `July` is a month too.
fn month_number(word: &[u8]) -> Option<u8> {
    let word = word.get(..3)?;
    let index = MONTHS.iter().position(|name| name.as_bytes().eq_ignore_ascii_case(word))?;
    u8::try_from(index + 1).ok()
}

/// A number of so many digits and nothing else.
fn number(word: &[u8], digits_min: usize, digits_max: usize) -> Option<u16> {
    let right = (digits_min..=digits_max).contains(&word.len());
    let digits = right && word.iter().all(u8::is_ascii_digit);
    digits.then(|| word.iter().fold(0, |sum, b| sum * 10 + u16::from(b - b'0')))
}

fn byte(number: u16) -> Option<u8> {
    u8::try_from(number).ok()
}

/// Two and three digits as RFC 5322 section 4.3 reads them.
fn full_year(word: &[u8]) -> Option<u16> {
    let year = number(word, 2, 4)?;
    Some(match word.len() {
        2 if year < 50 => year + 2_000,
        2 | 3 => year + 1_900,
        _ => year,
    })
}

/// `hh:mm` or `hh:mm:ss`
fn clock(word: &[u8]) -> Option<(u8, u8, u8)> {
    let mut numbers = word.split(|&b| b == b':');
    let hour = byte(number(numbers.next()?, 1, 2)?)?;
    let minute = byte(number(numbers.next()?, 2, 2)?)?;
    let second = numbers.next().map_or(Some(0), |word| byte(number(word, 2, 2)?))?;
    if numbers.next().is_some() { None } else { Some((hour, minute, second)) }
}

fn zone_offset(word: &[u8]) -> Option<i32> {
    let named = || ZONES.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word));
    numeric_zone(word).or_else(|| named().map(|(_, hours)| hours * 3_600))
}

/// `+hhmm` or `-hhmm`, in seconds.
fn numeric_zone(word: &[u8]) -> Option<i32> {
    let (sign, digits) = word.split_first()?;
    let digits = i32::from(number(digits, 4, 4)?);
    let (hours, minutes) = (digits / 100, digits % 100);
    let seconds = hours * 3_600 + minutes * 60;
    match sign {
        _ if minutes > 59 => None,
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// Comments become spaces; nested ones are counted, not recursed into.
fn without_comments(value: &[u8]) -> Vec<u8> {
    let mut depth = 0_usize;
    let mut escaped = false;
    let visible = value.iter().map(|&b| {
        let inside = depth > 0;
        match b {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ if !inside => return b,
            _ => {}
        }
        b' '
    });
    visible.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utc(text: &str) -> Option<i64> {
        parse_rfc5322(text.as_bytes()).map(|time| time.utc.0)
    }

    #[test]
    fn date_fields_as_people_write_them() {
        let right = Some(1_057_053_157);
        for text in [
            "Tue, 1 Jul 2003 09:52:37 +0000",
            "Tue, 1 Jul 2003 10:52:37 +0100",
            "1 Jul 2003 04:52:37 -0500",
            "1 jul 03 05:52:37 EDT",
            "Tue,1 July 103 09:52:37",
            " Tue (day (of the \\) week)),\r\n 01 Jul 2003 09:52:37 GMT (UTC)",
            "Tue, 1 Jul 2003 09:52:37 nonsense",
        ] {
            assert_eq!(utc(text), right, "{text}");
        }
        assert_eq!(utc("1 Jul 2003 09:52"), Some(1_057_053_120));
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "yesterday",
            "Tue, 32 Jul 2003 09:52:37 +0000",
            "1 Foo 2003 1:00",
            "(((",
            "1 Jul 2003",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn the_local_date_disregards_the_zone() {
        let time = parse_rfc5322(b"1 Jul 2003 23:30:00 -0700").unwrap();
        assert_eq!(time.utc.to_rfc3339(), "2003-07-02T06:30:00Z");
        assert_eq!(time.local_date().to_rfc3339(), "2003-07-01T00:00:00Z");
    }

    #[test]
    fn imap_forms_are_exact() {
        let parsed = parse_imap_date_time(b"17-Jul-1996 02:44:25 -0700").unwrap();
        assert_eq!(parsed.to_imap_date_time(), "17-Jul-1996 09:44:25 +0000");
        assert!(parse_imap_date_time(b" 7-jul-1996 02:44:25 +0000").is_some());
        assert!(parse_imap_date_time(b"07-Jul-1996 02:44:25 +0000").is_some());
        for text in [
            "7-Jul-1996 02:44:25 +0000",
            "17-Jul-1996 02:44:25 +00000",
            "17-Jul-1996 02:44:25 0000 ",
            "17-Jul-1996 02:44:25 +0060",
            "17 Jul 1996 02:44:25 +0000",
            "31-Feb-1996 02:44:25 +0000",
            "17-Jul-1996 24:44:25 +0000",
            "",
        ] {
            assert_eq!(parse_imap_date_time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn imap_dates() {
        assert_eq!(parse_imap_date(b"1-Jan-1970"), Some(Timestamp(0)));
        assert_eq!(parse_imap_date(b"02-jan-1970"), Some(Timestamp(86_400)));
        for text in [
            "1-Jan-70",
            "1-January-1970",
            "0-Jan-1970",
            "1-Jan-1970-",
            "1-Jan",
            "1 Jan 1970",
            "30-Feb-2000",
        ] {
            assert_eq!(parse_imap_date(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(seconds in -62_000_000_000_i64..250_000_000_000) {
            let moment = Timestamp(seconds);
            prop_assert_eq!(parse_imap_date_time(moment.to_imap_date_time().as_bytes()), Some(moment));
            let read = parse_rfc5322(moment.to_rfc5322().as_bytes()).map(|time| time.utc);
            prop_assert_eq!(read, Some(moment));
        }

        #[test]
        fn m9_no_bytes_panic(bytes: Vec<u8>) {
            let _ = (parse_rfc5322(&bytes), parse_imap_date_time(&bytes), parse_imap_date(&bytes));
        }
    }
}
