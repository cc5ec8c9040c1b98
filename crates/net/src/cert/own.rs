//! A certificate we sign ourselves: for underscore domains, bare addresses and development.
//!
//! Clients do not check the chain of such hosts but do check the name, so the names must be right.
//! The pair is made once and kept: a new key at each start would look like another server.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use mail::Timestamp;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use super::files::named;
use super::{CertError, Files, Identity, Reason};

/// How long a certificate of our own lasts, in days: longer than the machine.
const LIFETIME_DAYS: u32 = 36_500;
/// How far its beginning lies back: clients' clocks may be behind.
const DAY: Duration = Duration::from_secs(86_400);

/// A certificate of our own, to be found or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfSigned {
    /// Where it is kept.
    pub files: Files,
    /// Host names and IP addresses, without brackets. The first is the subject.
    pub names: Vec<String>,
}

impl SelfSigned {
    /// For a relay at `host`, a domain or an IP address without brackets: `tls.pem` and `tls.key`
    /// in `folder`, named for the host and, if it is a domain, its `www.` and `mta-sts.`; with
    /// `local` also for this machine (`localhost`, `127.0.0.1`, `::1`).
    pub fn of_relay(host: &str, folder: &Path, local: bool) -> Self {
        let mut names = vec![host.to_owned()];
        if host.parse::<IpAddr>().is_err() {
            names.extend([format!("www.{host}"), format!("mta-sts.{host}")]);
        }
        if local {
            names.extend(["localhost", "127.0.0.1", "::1"].map(String::from));
        }
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        let files = Files { certificate: folder.join("tls.pem"), key: folder.join("tls.key") };
        Self { files, names }
    }

    /// The pair of an earlier start, or a new one if there is none.
    ///
    /// # Errors
    /// If a pair is there and unusable (it is never overwritten), or none can be written.
    pub fn load_or_make(&self, now: Timestamp) -> Result<Identity, CertError> {
        let Files { certificate, key } = &self.files;
        if !certificate.exists() {
            let (certificate_pem, key_pem) = named(certificate, make(&self.names, now))?;
            // The certificate comes last: where it stands, its key stands too.
            named(key, write_private(key, &key_pem).map_err(Reason::from))?;
            named(certificate, write_private(certificate, &certificate_pem).map_err(Reason::from))?;
        }
        self.files.load(now)
    }
}

/// A new pair as PEM: certificate, key.
fn make(names: &[String], now: Timestamp) -> Result<(String, String), Reason> {
    let cannot = |error: rcgen::Error| Reason::CannotMake(error.to_string());
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(cannot)?;
    let certificate = parameters(names, now).and_then(|p| p.self_signed(&key)).map_err(cannot)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn parameters(names: &[String], now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    // Names that are IP addresses become iPAddress entries (RFC 5280 section 4.2.1.6).
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name = DistinguishedName::new();
    if let Some(subject) = names.first() {
        parameters.distinguished_name.push(DnType::CommonName, subject.as_str());
    }
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let now = Duration::from_secs(u64::try_from(now.0).unwrap_or(0));
    let begin = rcgen::date_time_ymd(1970, 1, 1) + now.saturating_sub(DAY);
    parameters.not_before = begin;
    parameters.not_after = begin + DAY * LIFETIME_DAYS;
    Ok(parameters)
}

/// Written beside its place and moved there: at no moment is there half a file, and at no moment
/// can anybody but the owner read it.
fn write_private(file: &Path, content: &str) -> io::Result<()> {
    let beside = file.with_extension("new");
    if let Err(error) = fs::remove_file(&beside)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut handle = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    handle.write_all(content.as_bytes())?;
    handle.sync_all()?;
    fs::rename(&beside, file)?;
    fs::File::open(file.parent().unwrap_or(Path::new(".")))?.sync_all()
}

impl Identity {
    /// A self-signed pair for `names` that lives in memory only: for tests and rehearsals.
    ///
    /// # Errors
    /// If the names cannot be put into a certificate.
    pub fn ephemeral(names: &[String], now: Timestamp) -> Result<Self, CertError> {
        let file = Path::new("(in memory)");
        let (certificate, key) = named(file, make(names, now))?;
        Self::from_pem(file, certificate.as_bytes(), file, key.as_bytes(), now)
    }
}
