//! One signature as it is written in a DKIM-Signature field (RFC 6376 section 3.5).

use mail::limits::{DKIM_CLOCK_SKEW_S, DKIM_SIGNED_NAMES_MAX};
use mail::{Domain, Timestamp};

use crate::canonical::Form;
use crate::fault::Fault;
use crate::key::KeyName;
use crate::tags::{self, Tags};

/// How it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSA with SHA-256.
    RsaSha256,
    /// Ed25519 over SHA-256 (RFC 8463).
    Ed25519Sha256,
}

/// A signature that says all it must say.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) algorithm: Algorithm,
    pub(crate) header_form: Form,
    pub(crate) body_form: Form,
    /// Whose key to ask for.
    pub(crate) key: KeyName,
    /// `i=` names a true sub-domain of `d=`.
    pub(crate) for_subdomain: bool,
    /// Names of the signed fields, in order; a name comes once for each instance.
    pub(crate) signed: Vec<String>,
    pub(crate) body_hash: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
    /// `l=`: so many bytes of the canonical body are signed.
    body_len: Option<i64>,
    created: Option<i64>,
    expires: Option<i64>,
}

impl Signature {
    /// Reads a field's value.
    pub(crate) fn parse(value: &[u8]) -> Result<Signature, Fault> {
        let text = std::str::from_utf8(value).map_err(|_| Fault::Malformed)?;
        let tags = Tags::parse(text)?;
        if tags.need("v")? != "1" {
            return Err(Fault::BadTag("v"));
        }
        let (header_form, body_form) = forms(tags.get("c"))?;
        let domain = signing_domain(tags.need("d")?)?;
        let for_subdomain = identity(tags.get("i"), &domain)?;
        query(tags.get("q"))?;
        let (created, expires) = times(&tags)?;
        Ok(Signature {
            algorithm: algorithm(tags.need("a")?)?,
            header_form,
            body_form,
            for_subdomain,
            signed: signed(tags.need("h")?)?,
            body_hash: base64("bh", &tags)?,
            bytes: base64("b", &tags)?,
            body_len: tags.number("l")?,
            created,
            expires,
            key: KeyName::new(tags.need("s")?, domain).ok_or(Fault::BadTag("s"))?,
        })
    }

    /// Whether it counts now; clocks may differ by [`DKIM_CLOCK_SKEW_S`].
    pub(crate) fn check_time(&self, now: Timestamp) -> Result<(), Fault> {
        let (latest, earliest) =
            (now.0.saturating_add(DKIM_CLOCK_SKEW_S), now.0.saturating_sub(DKIM_CLOCK_SKEW_S));
        if self.created.is_some_and(|created| created > latest) {
            return Err(Fault::NotYetValid);
        }
        match self.expires {
            Some(expires) if expires < earliest => Err(Fault::Expired),
            _ => Ok(()),
        }
    }

    /// Whether it was made for a body with this hash and canonical length. Content that was
    /// appended after the signed part would be read as signed by everybody who looks.
    pub(crate) fn check_body(&self, hash: &[u8], len: u64) -> Result<(), Fault> {
        if self.body_len.is_some_and(|signed| u64::try_from(signed) != Ok(len)) {
            return Err(Fault::BodyPartlySigned);
        }
        if self.body_hash == hash { Ok(()) } else { Err(Fault::BodyChanged) }
    }

    /// Whether it covers each of so many From fields (RFC 6376 section 8.15).
    pub(crate) fn check_from(&self, from_fields: usize) -> Result<(), Fault> {
        let signed = self.signed.iter().filter(|name| name.eq_ignore_ascii_case("from")).count();
        if signed == 0 || signed < from_fields { Err(Fault::FromUnsigned) } else { Ok(()) }
    }
}

fn algorithm(name: &str) -> Result<Algorithm, Fault> {
    match name {
        "rsa-sha256" => Ok(Algorithm::RsaSha256),
        "ed25519-sha256" => Ok(Algorithm::Ed25519Sha256),
        _ => Err(Fault::Algorithm),
    }
}

/// `header/body`; what is not said is simple.
fn forms(value: Option<&str>) -> Result<(Form, Form), Fault> {
    let value = value.unwrap_or("simple");
    let (header, body) = value.split_once('/').unwrap_or((value, "simple"));
    let forms = Form::of(header).zip(Form::of(body));
    forms.ok_or(Fault::BadTag("c"))
}

fn signing_domain(text: &str) -> Result<Domain, Fault> {
    let domain = Domain::parse(text).ok().filter(|domain| !domain.is_literal());
    domain.ok_or(Fault::BadTag("d"))
}

/// Whether `i=` names a true sub-domain; an error if it is outside `d=`.
fn identity(value: Option<&str>, domain: &Domain) -> Result<bool, Fault> {
    let Some(value) = value else { return Ok(false) };
    let (_, of) = value.rsplit_once('@').ok_or(Fault::BadTag("i"))?;
    let of = Domain::parse(of).map_err(|_| Fault::BadTag("i"))?;
    if of == *domain {
        return Ok(false);
    }
    let parent = of.as_str().strip_suffix(domain.as_str());
    if parent.is_some_and(|rest| rest.ends_with('.')) { Ok(true) } else { Err(Fault::Identity) }
}

fn query(value: Option<&str>) -> Result<(), Fault> {
    let by_dns = value.is_none_or(|methods| tags::entries(methods).any(|it| it == "dns/txt"));
    if by_dns { Ok(()) } else { Err(Fault::Query) }
}

fn times(tags: &Tags<'_>) -> Result<(Option<i64>, Option<i64>), Fault> {
    let (created, expires) = (tags.number("t")?, tags.number("x")?);
    match (created, expires) {
        (Some(created), Some(expires)) if expires <= created => Err(Fault::BadTag("x")),
        times => Ok(times),
    }
}

fn signed(value: &str) -> Result<Vec<String>, Fault> {
    let names: Vec<_> = tags::entries(value).take(DKIM_SIGNED_NAMES_MAX + 1).collect();
    let is_name = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
    if names.len() > DKIM_SIGNED_NAMES_MAX || !names.iter().all(is_name) {
        return Err(Fault::BadTag("h"));
    }
    if !names.iter().any(|name| name.eq_ignore_ascii_case("from")) {
        return Err(Fault::FromUnsigned);
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn base64(name: &'static str, tags: &Tags<'_>) -> Result<Vec<u8>, Fault> {
    let bytes = tags::bytes(tags.need(name)?).filter(|bytes| !bytes.is_empty());
    bytes.ok_or(Fault::BadTag(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "v=1; a=rsa-sha256; d=example.org; s=sel; h=From:To; bh=AAAA; b=AAAA";

    fn fault(text: &str) -> Fault {
        Signature::parse(text.as_bytes()).unwrap_err()
    }

    fn with(extra: &str) -> Result<Signature, Fault> {
        Signature::parse(format!("{GOOD}; {extra}").as_bytes())
    }

    #[test]
    fn what_is_not_said_has_a_meaning() {
        let plain = with("").unwrap();
        assert_eq!((plain.header_form, plain.body_form), (Form::Simple, Form::Simple));
        assert_eq!(plain.key.to_string(), "sel._domainkey.example.org");
        let relaxed = with("c=relaxed").unwrap();
        assert_eq!((relaxed.header_form, relaxed.body_form), (Form::Relaxed, Form::Simple));
        assert_eq!(with("c=nofws").unwrap_err(), Fault::BadTag("c"));
    }

    #[test]
    fn k5_each_tag_is_looked_at() {
        for (from, to, why) in [
            ("v=1; ", "", Fault::MissingTag("v")),
            ("v=1", "v=2", Fault::BadTag("v")),
            ("rsa-sha256", "rsa-sha1", Fault::Algorithm),
            ("rsa-sha256", "dsa", Fault::Algorithm),
            ("d=example.org", "d=[192.0.2.1]", Fault::BadTag("d")),
            ("d=example.org", "d=.", Fault::BadTag("d")),
            ("s=sel", "s=a b", Fault::BadTag("s")),
            ("s=sel", "s=", Fault::BadTag("s")),
            ("s=sel; ", "", Fault::MissingTag("s")),
            ("h=From:To", "h=To", Fault::FromUnsigned),
            ("h=From:To", "h=From::To", Fault::BadTag("h")),
            ("bh=AAAA; ", "", Fault::MissingTag("bh")),
            ("b=AAAA", "b=", Fault::BadTag("b")),
            ("bh=AAAA", "bh=A*", Fault::BadTag("bh")),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_eq!(fault(&text), why, "{text}");
        }
        assert_eq!(with("q=dns/other").unwrap_err(), Fault::Query);
        assert!(with("q=x : dns/txt").is_ok());
        assert_eq!(with("v=1").unwrap_err(), Fault::RepeatedTag);
        assert_eq!(with("t=5; x=5").unwrap_err(), Fault::BadTag("x"));
        assert_eq!(Signature::parse(b"v=1; n=\xff").unwrap_err(), Fault::Malformed);
    }

    #[test]
    fn k5_times_with_five_minutes_of_grace() {
        let late = with("t=10000").unwrap();
        assert_eq!(late.check_time(Timestamp(9_700)), Ok(()));
        assert_eq!(late.check_time(Timestamp(9_699)), Err(Fault::NotYetValid));
        let early = with("x=10000").unwrap();
        assert_eq!(early.check_time(Timestamp(10_300)), Ok(()));
        assert_eq!(early.check_time(Timestamp(10_301)), Err(Fault::Expired));
    }

    #[test]
    fn k3_a_length_must_be_that_of_the_whole_body() {
        let hash = [0; 3];
        assert_eq!(with("l=7").unwrap().check_body(&hash, 7), Ok(()));
        for length in ["l=6", "l=0", "l=8"] {
            let partial = with(length).unwrap();
            assert_eq!(partial.check_body(&hash, 7), Err(Fault::BodyPartlySigned), "{length}");
        }
        assert_eq!(with("").unwrap().check_body(&[1; 3], 7), Err(Fault::BodyChanged));
    }

    #[test]
    fn k4_every_from_field_must_be_signed() {
        let once = with("").unwrap();
        assert_eq!(once.check_from(1), Ok(()));
        assert_eq!(once.check_from(2), Err(Fault::FromUnsigned));
    }

    #[test]
    fn k6_the_identity_lies_within_the_domain() {
        assert!(!with("i=@example.org").unwrap().for_subdomain);
        assert!(!with("i=a@EXAMPLE.org").unwrap().for_subdomain);
        assert!(with("i=a@b.example.org").unwrap().for_subdomain);
        assert_eq!(with("i=a@badexample.org").unwrap_err(), Fault::Identity);
        assert_eq!(with("i=a@org").unwrap_err(), Fault::Identity);
        assert_eq!(with("i=a").unwrap_err(), Fault::BadTag("i"));
    }

    #[test]
    fn so_many_names_and_no_more() {
        let text = |n: usize| GOOD.replace("h=From:To", &format!("h=From{}", ":x".repeat(n - 1)));
        assert!(Signature::parse(text(DKIM_SIGNED_NAMES_MAX).as_bytes()).is_ok());
        assert_eq!(fault(&text(DKIM_SIGNED_NAMES_MAX + 1)), Fault::BadTag("h"));
    }
}
