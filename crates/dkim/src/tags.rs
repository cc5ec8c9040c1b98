//! Lists of `tag=value`, as signatures and key records are written (RFC 6376 section 3.2).

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mail::limits::DKIM_TAGS_MAX;

use crate::fault::Fault;

/// Signers differ about padding; nothing hangs on it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Tags in order, each at most once; names as written, values without white space at both ends.
#[derive(Debug)]
pub(crate) struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// Reads a list. A semicolon at its end is fine, an empty entry elsewhere is not.
    pub(crate) fn parse(text: &'a str) -> Result<Tags<'a>, Fault> {
        let text = text.trim_ascii();
        let text = text.strip_suffix(';').unwrap_or(text);
        let mut tags = Tags(Vec::new());
        for entry in text.split(';') {
            let (name, value) = entry.split_once('=').ok_or(Fault::Malformed)?;
            tags.add(name.trim_ascii(), value.trim_ascii())?;
        }
        Ok(tags)
    }

    /// The value of a tag.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The value of a tag that must be there.
    pub(crate) fn need(&self, name: &'static str) -> Result<&'a str, Fault> {
        self.get(name).ok_or(Fault::MissingTag(name))
    }

    /// A number of seconds or bytes; RFC 6376 section 3.5 allows 76 digits, nobody needs 18.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<i64>, Fault> {
        let digits = |text: &&str| text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
        let Some(text) = self.get(name) else { return Ok(None) };
        let number = Some(text).filter(digits).and_then(|text| text.parse().ok());
        number.map(Some).ok_or(Fault::BadTag(name))
    }

    fn add(&mut self, name: &'a str, value: &'a str) -> Result<(), Fault> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.bytes().all(fits) {
            return Err(Fault::Malformed);
        }
        if self.get(name).is_some() {
            return Err(Fault::RepeatedTag);
        }
        if self.0.len() == DKIM_TAGS_MAX {
            return Err(Fault::Malformed);
        }
        self.0.push((name, value));
        Ok(())
    }
}

/// The entries of a value such as `from : to`.
pub(crate) fn entries(value: &str) -> impl Iterator<Item = &str> {
    value.split(':').map(str::trim_ascii)
}

/// The bytes a value stands for; white space in it means nothing.
pub(crate) fn bytes(value: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = value.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        Tags::parse(text).unwrap_err()
    }

    #[test]
    fn tags_are_found_whatever_the_white_space() {
        let tags = Tags::parse(" v = 1;\r\n\th=from :\r\n to;b= ; ").unwrap();
        assert_eq!((tags.get("v"), tags.get("b"), tags.get("x")), (Some("1"), Some(""), None));
        let names: Vec<_> = entries(tags.get("h").unwrap()).collect();
        assert_eq!(names, ["from", "to"]);
        assert_eq!(tags.need("d").unwrap_err(), Fault::MissingTag("d"));
    }

    #[test]
    fn k5_bad_and_duplicate_tags() {
        assert_eq!(fault("v=1; v=1"), Fault::RepeatedTag);
        for text in ["", "v", "=1", "v=1;;d=x", "1v=1", "v v=1", "v=1; ;d=x", "ä=1"] {
            assert_eq!(fault(text), Fault::Malformed, "{text:?}");
        }
        assert!(Tags::parse("v=1; V=1").is_ok(), "names differ by case");
    }

    #[test]
    fn so_many_tags_and_no_more() {
        let list = |n: usize| (0..n).map(|i| format!("t{i}=;")).collect::<String>();
        assert!(Tags::parse(&list(DKIM_TAGS_MAX)).is_ok());
        assert_eq!(fault(&list(DKIM_TAGS_MAX + 1)), Fault::Malformed);
    }

    #[test]
    fn numbers_are_digits() {
        let tags = Tags::parse("a=12; b=-1; c=; d=1234567890123456789; e=+1").unwrap();
        assert_eq!(tags.number("a"), Ok(Some(12)));
        assert_eq!(tags.number("z"), Ok(None));
        for name in ["b", "d", "e"] {
            assert_eq!(tags.number(name), Err(Fault::BadTag(name)));
        }
        assert_eq!(tags.number("c"), Err(Fault::BadTag("c")));
    }

    #[test]
    fn base64_may_be_folded_and_unpadded() {
        assert_eq!(bytes("aGVs\r\n\tbG8="), Some(b"hello".to_vec()));
        assert_eq!(bytes("aGVsbG8"), Some(b"hello".to_vec()));
        assert_eq!(bytes("aGVsbG8*"), None);
    }
}
