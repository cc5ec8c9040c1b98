//! A certificate that somebody else keeps in two PEM files.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use mail::Timestamp;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::validity::not_after;
use super::{CertError, Identity, Reason};

/// Largest PEM file in bytes; real chains have less than 16 KiB. Beyond: an error.
pub(super) const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// Where the pair lies. Both may be the same file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The full chain, leaf first.
    pub certificate: PathBuf,
    /// The leaf's private key, not encrypted.
    pub key: PathBuf,
}

/// What shows cheaply that a file was replaced: time of change and length, `None` if it is gone.
pub(super) type Stamp = [Option<(SystemTime, u64)>; 2];

impl Files {
    /// Reads and checks the pair.
    ///
    /// # Errors
    /// Names the file to look at and what is wrong with it. An expired certificate is an error.
    pub fn load(&self, now: Timestamp) -> Result<Identity, CertError> {
        let certificate = named(&self.certificate, read(&self.certificate))?;
        let key = named(&self.key, read(&self.key))?;
        Identity::from_pem(&self.certificate, &certificate, &self.key, &key, now)
    }

    pub(super) fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|file| {
            let data = fs::metadata(file).ok()?;
            Some((data.modified().ok()?, data.len()))
        })
    }
}

impl Identity {
    /// Checks a pair; the file names are for the error texts only.
    pub(super) fn from_pem(
        certificate: &Path,
        certificate_pem: &[u8],
        key: &Path,
        key_pem: &[u8],
        now: Timestamp,
    ) -> Result<Self, CertError> {
        let chain = named(certificate, parse_chain(certificate_pem))?;
        let private = named(key, parse_key(key_pem))?;
        let not_after = named(certificate, lifetime(&chain, now))?;
        let certified = CertifiedKey::from_der(chain, private, &ring::default_provider())
            .map_err(|error| explain(&error, certificate));
        Ok(Self { certified: Arc::new(named(key, certified)?), not_after })
    }
}

fn explain(error: &rustls::Error, certificate: &Path) -> Reason {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            Reason::KeyMismatch { certificate: certificate.to_path_buf() }
        }
        rustls::Error::InvalidCertificate(_) => Reason::BadCertificate,
        other => Reason::BadKey(other.to_string()),
    }
}

pub(super) fn named<T>(file: &Path, result: Result<T, Reason>) -> Result<T, CertError> {
    result.map_err(|reason| CertError { file: file.to_path_buf(), reason })
}

fn read(file: &Path) -> Result<Vec<u8>, Reason> {
    let mut pem = Vec::new();
    fs::File::open(file)?.take(PEM_BYTES_MAX + 1).read_to_end(&mut pem)?;
    if pem.len() as u64 > PEM_BYTES_MAX { Err(Reason::TooLarge(PEM_BYTES_MAX)) } else { Ok(pem) }
}

fn parse_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Reason> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|e| damaged(&e))?;
    if chain.is_empty() { Err(Reason::NoCertificate) } else { Ok(chain) }
}

fn parse_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Reason> {
    if is_encrypted(pem) {
        return Err(Reason::EncryptedKey);
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => Reason::NoKey,
        other => damaged(&other),
    })
}

/// PKCS #8 names it in the label, the older form in a header (RFC 1421 section 4.6.1.1).
fn is_encrypted(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
}

fn damaged(error: &pem::Error) -> Reason {
    Reason::Damaged(error.to_string())
}

fn lifetime(chain: &[CertificateDer<'_>], now: Timestamp) -> Result<Timestamp, Reason> {
    let leaf = chain.first().ok_or(Reason::NoCertificate)?;
    match not_after(leaf).ok_or(Reason::BadCertificate)? {
        not_after if not_after < now => Err(Reason::Expired { not_after, now }),
        not_after => Ok(not_after),
    }
}
