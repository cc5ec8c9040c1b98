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
        let (path, parameters) = match rest.strip_prefix('<') {
            Some(rest) => rest.split_once('>')?,
            None => rest.split_at(rest.find(' ').unwrap_or(rest.len())),
        };
        let separate = parameters.is_empty() || parameters.starts_with(' ');
        (separate && !rest.is_empty()).then_some(Self { path, parameters })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn path(argument: &str) -> Option<&str> {
        Argument::split(argument, "FROM:").map(|argument| argument.path)
    }

    #[test]
    fn paths_with_and_without_brackets() {
        assert_eq!(path("FROM:<a@x.org>"), Some("a@x.org"));
        assert_eq!(path("from:  a@x.org SIZE=1"), Some("a@x.org"));
        assert_eq!(path("FROM:<>"), Some(""));
    }

    #[test]
    fn what_is_no_path() {
        for bad in ["", "FROM", "FROM:", "FROM: ", "FRÖM:<>", "FROM:<a", "FROM:<>x", "TO:<a@x.org>"]
        {
            assert_eq!(path(bad), None, "{bad}");
        }
    }

    #[test]
    fn parameters_have_names_and_values() {
        let argument = Argument::split("FROM:<> SIZE=1  X A=b=c", "FROM:").unwrap();
        let all: Vec<_> = argument.parameters().collect();
        assert_eq!(all, [("SIZE", Some("1")), ("X", None), ("A", Some("b=c"))]);
    }
}
