//! Just enough DER to find the numbers of an RSA public key (RFC 8017 appendix A.1.1, RFC 5280
//! section 4.1.2.7). Definite lengths only, no recursion, nothing left over.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
/// 1.2.840.113549.1.1.1, with its tag and length.
const RSA_ENCRYPTION: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

/// Modulus and exponent, big-endian without leading zeros. Takes a SubjectPublicKeyInfo, which is
/// what everybody publishes, and a bare RSAPublicKey, which RFC 6376 section 3.6.1 asks for.
pub(crate) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let outer = only(der, SEQUENCE)?;
    let key = match outer.first()? {
        &SEQUENCE => only(wrapped_key(outer)?, SEQUENCE)?,
        _ => outer,
    };
    let (n, rest) = element(key, INTEGER)?;
    Some((positive(n)?, positive(only(rest, INTEGER)?)?))
}

/// What the bit string of a SubjectPublicKeyInfo for RSA holds.
fn wrapped_key(info: &[u8]) -> Option<&[u8]> {
    let (algorithm, rest) = element(info, SEQUENCE)?;
    if !algorithm.starts_with(RSA_ENCRYPTION) {
        return None;
    }
    only(rest, BIT_STRING)?.strip_prefix(b"\0")
}

fn positive(integer: &[u8]) -> Option<&[u8]> {
    if integer.first()? & 0x80 != 0 {
        return None;
    }
    let start = integer.iter().position(|&b| b != 0)?;
    Some(&integer[start..])
}

/// The content of the one element there is.
fn only(der: &[u8], tag: u8) -> Option<&[u8]> {
    element(der, tag).filter(|(_, rest)| rest.is_empty()).map(|(content, _)| content)
}

/// The content of the first element, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    (found == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key with n = 0x80ff and e = 3.
    const BARE: &[u8] = b"\x30\x08\x02\x03\x00\x80\xff\x02\x01\x03";

    fn wrapped(key: &[u8]) -> Vec<u8> {
        let algorithm = [&b"\x30\x0d"[..], RSA_ENCRYPTION, b"\x05\x00"].concat();
        let bits = [&[BIT_STRING, key.len() as u8 + 1, 0], key].concat();
        let length = (algorithm.len() + bits.len()) as u8;
        [&[SEQUENCE, length][..], &algorithm, &bits].concat()
    }

    #[test]
    fn both_ways_to_write_a_key() {
        let numbers = Some((&b"\x80\xff"[..], &b"\x03"[..]));
        assert_eq!(rsa_public_key(BARE), numbers);
        assert_eq!(rsa_public_key(&wrapped(BARE)), numbers);
    }

    #[test]
    fn whatever_is_cut_or_changed_is_no_other_key() {
        let whole = wrapped(BARE);
        for end in 0..whole.len() {
            assert_eq!(rsa_public_key(&whole[..end]), None, "{end}");
        }
        assert_eq!(rsa_public_key(&[&whole[..], b"\0"].concat()), None);
        assert_eq!(rsa_public_key(b"\x30\x06\x02\x01\x80\x02\x01\x03"), None, "negative");
        assert_eq!(rsa_public_key(b"\x30\x06\x02\x01\x00\x02\x01\x03"), None, "zero");
        assert_eq!(rsa_public_key(b"\x30\x80\x02\x01\x05\x02\x01\x03\0\0"), None, "indefinite");
    }
}
