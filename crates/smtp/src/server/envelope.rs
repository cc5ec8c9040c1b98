//! The arguments of MAIL and RCPT: a path and its parameters (RFC 5321 section 4.1.2).
//!
//! Taken leniently: a space after the colon, no angle brackets. Refused: source routes, which say
//! where a message should pass, and which nobody needs.

use ::mail::Address;

use crate::reply::Reply;

/// A path and its parameters, as given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Argument<'a> {
    /// Between the brackets.
    pub(super) path: &'a str,
    parameters: &'a str,
}

impl<'a> Argument<'a> {
    /// Splits `FROM:<path> parameters`, where `keyword` is `FROM:` or `TO:`.
    pub(super) fn split(argument: &'a str, keyword: &str) -> Option<Self> {
        let (start, rest) = argument.split_at_checked(keyword.len())?;
        if !start.eq_ignore_ascii_case(keyword) {
            return None;
        }
        let rest = rest.trim_start_matches(' ');
        match rest.strip_prefix('<') {
            Some(rest) => rest.split_once('>').and_then(|(path, rest)| Self::new(path, rest)),
            None if rest.is_empty() => None,
            None => Self::new(rest.split(' ').next()?, rest.split_once(' ').map_or("", |(_, r)| r)),
        }
    }

    fn new(path: &'a str, parameters: &'a str) -> Option<Self> {
        let separate = path.is_empty() || parameters.is_empty() || parameters.starts_with(' ');
        separate.then_some(Self { path, parameters })
    }

    /// Each parameter's name and value.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        self.parameters.split(' ').filter(|word| !word.is_empty()).map(|word| {
            match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            }
        })
    }

    /// The path as an address. Non-ASCII needs `utf8` (RFC 6531 section 3.3); what is no address is
    /// refused with `otherwise`.
    pub(super) fn address(&self, utf8: bool, otherwise: Reply) -> Result<Address, Reply> {
        if !utf8 && !self.path.is_ascii() {
            return Err(Reply::needs_smtputf8());
        }
        Address::parse(self.path).map_err(|_| otherwise)
    }
}
