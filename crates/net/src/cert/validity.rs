//! How long a certificate is valid: one field of X.509, found without reading the rest.
//! RFC 5280 section 4.1.2.5.

use mail::Timestamp;

const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The last second at which the certificate (DER) is valid; `None` if it is no certificate.
pub(super) fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(certificate, &[SEQUENCE])?;
    let (_, mut rest, _) = element(certificate, &[SEQUENCE])?;
    if rest.first() == Some(&CONTEXT_0) {
        rest = element(rest, &[CONTEXT_0])?.2; // version
    }
    rest = any(rest)?.2; // serialNumber
    rest = any(rest)?.2; // signature
    rest = any(rest)?.2; // issuer
    let (_, validity, _) = element(rest, &[SEQUENCE])?;
    let (_, _, rest) = element(validity, &[UTC_TIME, GENERALIZED_TIME])?; // notBefore
    let (tag, text, _) = element(rest, &[UTC_TIME, GENERALIZED_TIME])?;
    moment(tag, text)
}

/// A DER element: its tag, its content, what follows it.
type Element<'a> = (u8, &'a [u8], &'a [u8]);

fn element<'a>(der: &'a [u8], tags: &[u8]) -> Option<Element<'a>> {
    any(der).filter(|(tag, ..)| tags.contains(tag))
}

fn any(der: &[u8]) -> Option<Element<'_>> {
    let [tag, first, rest @ ..] = der else { return None };
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long - 0x80))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// `YYMMDDHHMMSSZ` (1950 to 2049) or `YYYYMMDDHHMMSSZ`.
fn moment(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let pair = |at: usize| i64::from(digits[at] - b'0') * 10 + i64::from(digits[at + 1] - b'0');
    let (year, at) = match (tag, digits.len()) {
        (UTC_TIME, 12) if pair(0) < 50 => (2000 + pair(0), 2),
        (UTC_TIME, 12) => (1900 + pair(0), 2),
        (GENERALIZED_TIME, 14) => (pair(0) * 100 + pair(2), 4),
        _ => return None,
    };
    let [month, day, hour, minute, second] = [0, 2, 4, 6, 8].map(|offset| pair(at + offset));
    let possible = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let days = days_since_epoch(year, month, day);
    possible.then(|| Timestamp(((days * 24 + hour) * 60 + minute) * 60 + second))
}

/// Days of the Gregorian calendar, counted in years that begin in March so that the leap day comes
/// last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    // 719468 days lie between 1 March of the year 0 and 1 January 1970.
    year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_both_forms() {
        assert_eq!(moment(UTC_TIME, b"700101000000Z"), Some(Timestamp(0)));
        assert_eq!(moment(UTC_TIME, b"491231235959Z"), Some(Timestamp(2_524_607_999)));
        assert_eq!(moment(UTC_TIME, b"500101000000Z"), Some(Timestamp(-631_152_000)));
        assert_eq!(moment(GENERALIZED_TIME, b"20240229120000Z"), Some(Timestamp(1_709_208_000)));
        assert_eq!(moment(GENERALIZED_TIME, b"99991231235959Z"), Some(Timestamp(253_402_300_799)));
    }

    #[test]
    fn impossible_moments_are_none() {
        for text in [&b"20241301000000Z"[..], b"20240101240000Z", b"2024010100000Z", b"", b"Z"] {
            assert_eq!(moment(GENERALIZED_TIME, text), None);
        }
        assert_eq!(moment(UTC_TIME, b"7001010000ZZZ"), None);
    }

    #[test]
    fn every_truncation_of_a_certificate_is_none() {
        let identity =
            crate::cert::Identity::ephemeral(&["a.example".into()], Timestamp(0)).unwrap();
        let der = identity.chain().next().unwrap().to_vec();
        assert_eq!(not_after(&der), Some(identity.not_after()));
        for end in 0..der.len() {
            assert_eq!(not_after(&der[..end]), None);
        }
    }

    #[test]
    fn no_single_changed_byte_makes_it_panic() {
        let identity =
            crate::cert::Identity::ephemeral(&["a.example".into()], Timestamp(0)).unwrap();
        let mut der = identity.chain().next().unwrap().to_vec();
        for at in 0..der.len() {
            let good = der[at];
            for bad in [0, 0x30, 0x7f, 0x80, 0x81, 0x84, 0x85, 0xff] {
                der[at] = bad;
                let _ = not_after(&der);
            }
            der[at] = good;
        }
    }
}
