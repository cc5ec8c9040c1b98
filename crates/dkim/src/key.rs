//! Keys as they are published (RFC 6376 section 3.6.1, RFC 8463 section 4).
//!
//! Records are read tolerantly: zone editors leave quotes, backslashes and white space where none
//! belong, and `v=` is often missing.

use std::fmt;

use mail::Domain;
use mail::limits::{
    DKIM_KEY_RECORD_BYTES_MAX, DKIM_RSA_BITS_MAX, DKIM_RSA_BITS_MIN, DOMAIN_BYTES_MAX,
};
use ring::digest::{SHA256, digest};
use ring::signature::{
    ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use crate::der;
use crate::fault::Fault;
use crate::signature::{Algorithm, Signature};
use crate::tags::{self, Tags};

/// Length of an Ed25519 public key in bytes.
const ED25519_KEY_BYTES: usize = 32;

/// Under which name a key is published. Shown as the DNS name, without a final dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyName {
    selector: Box<str>,
    domain: Domain,
}

impl KeyName {
    /// The key of a selector; `None` if the selector does not fit into a DNS name.
    pub fn new(selector: &str, domain: Domain) -> Option<KeyName> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(allowed);
        let name = KeyName { selector: selector.to_ascii_lowercase().into(), domain };
        let fits = name.to_string().len() < DOMAIN_BYTES_MAX;
        (fits && selector.split('.').all(is_label)).then_some(name)
    }

    /// The domain that signs.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}._domainkey.{}", self.selector, self.domain)
    }
}

/// What was found under a [`KeyName`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyLookup {
    /// These TXT records, the strings of each put together. Only the first
    /// [`mail::limits::DKIM_KEY_RECORDS_MAX`] are looked at.
    Records(Vec<String>),
    /// It is certain that there is nothing.
    Nothing,
    /// It could not be found out.
    Unknown,
}

/// A key.
#[derive(Debug)]
pub(crate) struct Key {
    material: Material,
    /// Not for identities in sub-domains.
    strict: bool,
}

#[derive(Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ed25519(Vec<u8>),
}

impl Key {
    /// Reads a record.
    pub(crate) fn parse(record: &str) -> Result<Key, Fault> {
        if record.len() > DKIM_KEY_RECORD_BYTES_MAX {
            return Err(Fault::KeyMalformed);
        }
        let stray = |c: &char| c.is_ascii_whitespace() || matches!(c, '"' | '\\');
        let record: String = record.chars().filter(|c| !stray(c)).collect();
        let tags = Tags::parse(&record).map_err(|_| Fault::KeyMalformed)?;
        if tags.get("v").is_some_and(|version| version != "DKIM1") {
            return Err(Fault::KeyMalformed);
        }
        let lists = |name: &str, wanted: &[&str]| {
            tags.get(name).is_none_or(|list| tags::entries(list).any(|it| wanted.contains(&it)))
        };
        if !lists("h", &["sha256"]) {
            return Err(Fault::KeyKind);
        }
        if !lists("s", &["*", "email"]) {
            return Err(Fault::KeyService);
        }
        let strict = tags.get("t").is_some_and(|flags| tags::entries(flags).any(|it| it == "s"));
        Ok(Key { material: Material::read(&tags)?, strict })
    }

    /// Whether this key made `signature` over the signed header in canonical form.
    pub(crate) fn verify(&self, signature: &Signature, header: &[u8]) -> Result<(), Fault> {
        if self.strict && signature.for_subdomain {
            return Err(Fault::KeyStrict);
        }
        let valid = match (&self.material, signature.algorithm) {
            (Material::Rsa { n, e }, Algorithm::RsaSha256) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, header, &signature.bytes),
            (Material::Ed25519(key), Algorithm::Ed25519Sha256) => {
                let hash = digest(&SHA256, header);
                UnparsedPublicKey::new(&ED25519, key).verify(hash.as_ref(), &signature.bytes)
            }
            _ => return Err(Fault::KeyKind),
        };
        valid.map_err(|_| Fault::SignatureDiffers)
    }
}

impl Material {
    fn read(tags: &Tags<'_>) -> Result<Material, Fault> {
        let bytes = tags::bytes(tags.get("p").ok_or(Fault::KeyMalformed)?);
        let bytes = bytes.ok_or(Fault::KeyMalformed)?;
        if bytes.is_empty() {
            return Err(Fault::KeyRevoked);
        }
        match tags.get("k").unwrap_or("rsa") {
            "rsa" => Material::rsa(&bytes),
            "ed25519" if bytes.len() == ED25519_KEY_BYTES => Ok(Material::Ed25519(bytes)),
            "ed25519" => Err(Fault::KeyMalformed),
            _ => Err(Fault::KeyKind),
        }
    }

    fn rsa(der: &[u8]) -> Result<Material, Fault> {
        let (n, e) = der::rsa_public_key(der).ok_or(Fault::KeyMalformed)?;
        let unused = n.first().map_or(0, |first| first.leading_zeros() as usize);
        let bits = n.len() * 8 - unused;
        if !(DKIM_RSA_BITS_MIN..=DKIM_RSA_BITS_MAX).contains(&bits) {
            return Err(Fault::KeySize);
        }
        Ok(Material::Rsa { n: n.to_vec(), e: e.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Ed25519 key of RFC 8463 appendix A.
    const P: &str = "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn read(record: &str) -> Result<Key, Fault> {
        Key::parse(record)
    }

    fn name(selector: &str) -> Option<String> {
        let domain = Domain::parse("Example.org").unwrap();
        KeyName::new(selector, domain).map(|name| name.to_string())
    }

    #[test]
    fn names_are_dns_names() {
        assert_eq!(name("Mail.2024").unwrap(), "mail.2024._domainkey.example.org");
        let long = ["a"; 130].join(".");
        for bad in ["", ".", "a..b", "a b", "a/b", "é", &"a".repeat(64), &long] {
            assert_eq!(name(bad), None, "{bad}");
        }
    }

    #[test]
    fn records_are_read_tolerantly() {
        for record in [
            format!("v=DKIM1; k=ed25519; {P}"),
            format!("k=ed25519; {P};"),
            format!("\"v=DKIM1; k=ed25519;\" \"{P}\""),
            format!("v=DKIM1\\; k = ed25519 ; s=email : x; t=s; n=a note; {P}"),
            format!("k=ed25519; {}\\\" \\\"{}", &P[..20], &P[20..]),
        ] {
            assert!(read(&record).is_ok(), "{record}");
        }
    }

    #[test]
    fn k6_keys_that_do_not_count() {
        for (record, why) in [
            ("k=ed25519; p=", Fault::KeyRevoked),
            ("k=ed25519", Fault::KeyMalformed),
            ("", Fault::KeyMalformed),
            ("v=spf1 -all", Fault::KeyMalformed),
            ("k=ed25519; p=AAAA", Fault::KeyMalformed),
            ("k=ed25519; p=!!", Fault::KeyMalformed),
            ("p=AAAA", Fault::KeyMalformed),
            ("k=dsa; p=AAAA", Fault::KeyKind),
            ("h=sha1; k=ed25519; p=AAAA", Fault::KeyKind),
            ("s=other; k=ed25519; p=AAAA", Fault::KeyService),
            ("v=DKIM2; k=ed25519; p=AAAA", Fault::KeyMalformed),
            ("p=AAAA; p=AAAA", Fault::KeyMalformed),
        ] {
            assert_eq!(read(record).unwrap_err(), why, "{record}");
        }
    }

    #[test]
    fn a_record_has_a_largest_size() {
        let record = |n: usize| {
            let start = format!("k=ed25519; {P}; n=");
            format!("{start}{}", "x".repeat(n - start.len()))
        };
        assert!(read(&record(DKIM_KEY_RECORD_BYTES_MAX)).is_ok());
        assert_eq!(read(&record(DKIM_KEY_RECORD_BYTES_MAX + 1)).unwrap_err(), Fault::KeyMalformed);
    }
}
