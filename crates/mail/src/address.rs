//! Mail addresses and domains that cannot be wrong.
//!
//! Both are kept as one normalised text, so that comparing texts is comparing addresses: ASCII
//! letters are lower case, names are A-labels (RFC 5890), literals are printed in one way, a
//! quoted local part that needs no quotes has none.
//!
//! Promises: no control character, white space, `<`, `>` or second `@` is ever inside, so that an
//! address can be printed into any protocol line. Refuses what RFC 5321 section 4.1.2 refuses, and
//! of what it allows: quoted strings with white space, angle brackets or `@`, and source routes.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use crate::limits::{DOMAIN_BYTES_MAX, LOCAL_PART_BYTES_MAX};

/// Longest label of a name in bytes (RFC 1035 section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// Why a text is not an address or a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@`, or more than one.
    #[error("an address has exactly one @")]
    NotOneAt,
    /// Nothing before the `@`.
    #[error("the local part is empty")]
    EmptyLocalPart,
    /// More than [`LOCAL_PART_BYTES_MAX`] bytes before the `@`.
    #[error("the local part is too long")]
    LocalPartTooLong,
    /// A character, dot or quote where none may be before the `@`.
    #[error("the local part is malformed")]
    MalformedLocalPart,
    /// More than [`DOMAIN_BYTES_MAX`] bytes after the `@`.
    #[error("the domain is too long")]
    DomainTooLong,
    /// Neither a host name nor an address literal after the `@`.
    #[error("the domain is malformed")]
    MalformedDomain,
}

/// The part after the `@`: a lower-case A-label name such as `xn--bcher-kva.example`, or an
/// address literal such as `[192.0.2.1]` or `[ipv6:2001:db8::1]` (RFC 5321 section 4.1.3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Arc<str>);

impl Domain {
    /// Takes a name in any case, U-labels included, or an address literal with its brackets.
    /// Names may have labels that begin with `_` (test relays do); a trailing dot, an empty label
    /// and a bare IP address are refused.
    pub fn parse(text: &str) -> Result<Domain, AddressError> {
        if text.len() > DOMAIN_BYTES_MAX {
            return Err(AddressError::DomainTooLong);
        }
        match text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => normal_literal(inner),
            None => normal_name(text),
        }
        .map(|text| Domain(text.into()))
    }

    /// The literal of an IP address.
    pub fn from_ip(ip: IpAddr) -> Domain {
        Domain(literal_text(ip).into())
    }

    /// The normalised text, brackets of a literal included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for `[192.0.2.1]` and `[ipv6:2001:db8::1]`.
    pub fn is_literal(&self) -> bool {
        self.0.starts_with('[')
    }

    /// True for names that begin with `_`: relays for tests, whose certificates nobody signed.
    pub fn is_underscore(&self) -> bool {
        self.0.starts_with('_')
    }

    /// The text without the brackets and the `ipv6:` of a literal: what a resolver or a TLS name
    /// check wants.
    pub fn bare(&self) -> &str {
        let inner = self.0.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let inner = inner.unwrap_or(&self.0);
        inner.strip_prefix("ipv6:").unwrap_or(inner)
    }

    /// The IP address of a literal; `None` for a name.
    pub fn ip(&self) -> Option<IpAddr> {
        if self.is_literal() { self.bare().parse().ok() } else { None }
    }
}

/// A mailbox address: local part, `@`, domain (RFC 5321 section 4.1.2, RFC 6531 section 3.3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    text: Arc<str>,
    domain: Domain,
}

impl Address {
    /// Takes `local@domain` without angle brackets. The local part is a dot-string, in UTF-8 if
    /// need be, or a quoted string.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        let (local, domain) = text.split_once('@').ok_or(AddressError::NotOneAt)?;
        if domain.contains('@') {
            return Err(AddressError::NotOneAt);
        }
        let local = normal_local_part(local)?;
        Ok(Address::joined(&local, Domain::parse(domain)?))
    }

    /// An address at a known domain.
    pub fn new(local: &str, domain: &Domain) -> Result<Address, AddressError> {
        Ok(Address::joined(&normal_local_part(local)?, domain.clone()))
    }

    fn joined(local: &str, domain: Domain) -> Address {
        Address { text: format!("{local}@{domain}").into(), domain }
    }

    /// The normalised part before the `@`, with its quotes if it needs them.
    pub fn local(&self) -> &str {
        &self.text[..self.text.len() - self.domain.0.len() - 1]
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The whole normalised text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address without its `+tag` (RFC 5233): `user+x@d` is delivered to `user@d`. Quoted local
    /// parts and those that begin with `+` stay as they are.
    #[must_use]
    pub fn without_tag(&self) -> Address {
        match self.local().split_once('+') {
            Some((user, _)) if is_dot_string(user) => Address::joined(user, self.domain.clone()),
            _ => self.clone(),
        }
    }
}

/// True if a text may be the local part of one of our own accounts: `[a-z0-9._-]+`. Its length is
/// the operator's choice and not looked at.
pub fn is_account_local_part(text: &str) -> bool {
    let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    !text.is_empty() && text.bytes().all(allowed)
}

fn normal_literal(inner: &str) -> Result<String, AddressError> {
    let ip = match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => {
            inner[5..].parse::<Ipv6Addr>().map(IpAddr::V6)
        }
        _ => inner.parse::<Ipv4Addr>().map(IpAddr::V4),
    };
    ip.map(literal_text).map_err(|_| AddressError::MalformedDomain)
}

fn literal_text(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[ipv6:{ip}]"),
    }
}

fn normal_name(text: &str) -> Result<String, AddressError> {
    let name = if needs_idna(text) {
        idna::domain_to_ascii(text).map_err(|_| AddressError::MalformedDomain)?
    } else {
        text.to_ascii_lowercase()
    };
    if name.len() > DOMAIN_BYTES_MAX {
        return Err(AddressError::DomainTooLong);
    }
    // A last label of digits alone would be an IP address in somebody's eyes.
    let last = name.rsplit('.').next().unwrap_or_default();
    if !name.split('.').all(is_label) || last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AddressError::MalformedDomain);
    }
    Ok(name)
}

fn needs_idna(text: &str) -> bool {
    !text.is_ascii() || text.split('.').any(|label| label.get(..4).is_some_and(is_ace_prefix))
}

fn is_ace_prefix(text: &str) -> bool {
    text.eq_ignore_ascii_case("xn--")
}

fn is_label(label: &str) -> bool {
    let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn normal_local_part(text: &str) -> Result<String, AddressError> {
    if text.is_empty() {
        return Err(AddressError::EmptyLocalPart);
    }
    if text.len() > LOCAL_PART_BYTES_MAX {
        return Err(AddressError::LocalPartTooLong);
    }
    let normal = match text.strip_prefix('"') {
        Some(rest) => normal_quoted(rest)?,
        None if is_dot_string(text) => text.to_owned(),
        None => return Err(AddressError::MalformedLocalPart),
    };
    Ok(normal.to_ascii_lowercase())
}

/// Takes what follows the opening quote; gives the shortest text that means the same.
fn normal_quoted(rest: &str) -> Result<String, AddressError> {
    let content = unquoted(rest).ok_or(AddressError::MalformedLocalPart)?;
    if content.is_empty() {
        return Err(AddressError::EmptyLocalPart);
    }
    if is_dot_string(&content) {
        return Ok(content);
    }
    let escaped = content.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(format!("\"{escaped}\""))
}

fn unquoted(rest: &str) -> Option<String> {
    let mut content = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    loop {
        let c = match chars.next()? {
            '"' => return chars.next().is_none().then_some(content),
            '\\' => chars.next().filter(char::is_ascii)?,
            c => c,
        };
        if !is_printable(c) {
            return None;
        }
        content.push(c);
    }
}

/// What may stand in a quoted local part. Stricter than RFC 5321 for the sake of whoever prints
/// or splits an address.
fn is_printable(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | '@')
}

fn is_dot_string(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_char))
}

/// `atext` of RFC 5322 section 3.2.3 with RFC 6531's UTF-8.
fn is_atom_char(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        is_printable(c)
    }
}

macro_rules! shown_as_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl FromStr for $name {
            type Err = AddressError;

            fn from_str(text: &str) -> Result<$name, AddressError> {
                $name::parse(text)
            }
        }
    };
}

shown_as_text!(Address);
shown_as_text!(Domain);

#[cfg(test)]
mod tests;
