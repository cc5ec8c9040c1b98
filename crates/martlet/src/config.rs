//! The configuration: `martlet.toml`, one schema for all of its faces.
//!
//! `schema` lists every key once, with type, default, meaning and what happens at the limit. From
//! it come parsing, `config show`, `config describe`, the commented sample and
//! `docs/configuration.md`; none of them can forget a key. One key is needed: `domain`.
//!
//! Promises: every fault of a file is reported at once, with its place, the reason in plain words
//! and what to write instead; an unknown key is a fault, with the nearest known one; nothing is
//! ever unlimited by writing zero; what [`Config::show`] prints parses back to the same values.
//! Refuses to touch the world: files and ports named here are looked at by whoever opens them.

mod check;
mod fault;
mod network;
mod print;
mod read;
mod schema;
mod section;
mod unknown;
mod value;
mod word;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mail::Domain;
use mail::size::ByteSize;

pub use fault::Fault;
pub use schema::{
    AccountsConfig, LimitsConfig, ListenConfig, LogConfig, PrivacyConfig, RetentionConfig,
    TlsConfig,
};
pub use word::{LogFormat, LogLevel, TlsMode};

use fault::Faults;
use read::Reader;
use section::{Entry, Section};

/// Where mail, certificates and keys live if nobody says otherwise.
const DATA_DIR: &str = "/var/lib/martlet";

/// All settings of one relay.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The mail domain.
    pub domain: Domain,
    /// The folder of everything that is kept.
    pub data_dir: PathBuf,
    /// `[listen]`
    pub listen: ListenConfig,
    /// `[tls]`
    pub tls: TlsConfig,
    /// `[limits]`
    pub limits: LimitsConfig,
    /// `[accounts]`
    pub accounts: AccountsConfig,
    /// `[retention]`
    pub retention: RetentionConfig,
    /// `[privacy]`
    pub privacy: PrivacyConfig,
    /// `[log]`
    pub log: LogConfig,
    /// Limits on sending per user and on connections per address are lifted. No file can say this;
    /// only [`Config::dev`] does, for load tests.
    pub unlimited: bool,
}

impl Config {
    /// All defaults, for this domain.
    pub fn new(domain: Domain) -> Config {
        Config {
            domain,
            data_dir: DATA_DIR.into(),
            listen: ListenConfig::default(),
            tls: TlsConfig::default(),
            limits: LimitsConfig::default(),
            accounts: AccountsConfig::default(),
            retention: RetentionConfig::default(),
            privacy: PrivacyConfig::default(),
            log: LogConfig::default(),
            unlimited: false,
        }
    }

    /// Reads a `martlet.toml`, or says everything that is wrong with it, in the order of the file.
    pub fn parse(text: &str) -> Result<Config, Vec<Fault>> {
        let mut faults = Faults::new(text);
        let config = read::config(text, &mut faults);
        match (config, faults.into_list()) {
            (Some(config), faults) if faults.is_empty() => Ok(config),
            (_, faults) => Err(faults),
        }
    }

    /// A relay on this machine's loopback, with everything in one folder; service by service the
    /// port is `port_base` plus the well-known one. Sending and connections are unlimited if asked.
    pub fn dev(domain: &Domain, dir: &Path, port_base: u16, unlimited: bool) -> Config {
        let local = |port: u16| {
            vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port_base.saturating_add(port)))]
        };
        let mut config = Config::new(domain.clone());
        config.data_dir = dir.to_path_buf();
        config.listen = ListenConfig {
            smtp: local(25),
            submission: local(587),
            submissions: local(465),
            imap: local(143),
            imaps: local(993),
            https: local(443),
            http: local(80),
        };
        // A busy machine must not stop a developer from making accounts.
        config.accounts.max_load_1m = f64::from(u16::MAX);
        let least = ByteSize::new(1).expect("one is not zero");
        config.accounts.min_available_memory = least;
        config.accounts.min_free_disk = least;
        config.unlimited = unlimited;
        config
    }

    /// Whether the relay is only for this machine: whatever listens, listens on loopback.
    pub fn is_local(&self) -> bool {
        let listen = &self.listen;
        let mail =
            [&listen.smtp, &listen.submission, &listen.submissions, &listen.imap, &listen.imaps];
        let mut all = mail.into_iter().chain([&listen.https, &listen.http]).flatten();
        all.all(|address| address.ip().is_loopback())
    }

    /// The file whose existence closes registration.
    pub fn no_create_file(&self) -> PathBuf {
        self.data_dir.join(&self.accounts.no_create_file)
    }

    /// Every key in the order of the sample, with its present value.
    fn entries(&self) -> Vec<Entry> {
        let mut entries = schema::root(&self.domain, &self.data_dir);
        entries.extend(self.listen.entries());
        entries.extend(self.tls.entries());
        entries.extend(self.limits.entries());
        entries.extend(self.accounts.entries());
        entries.extend(self.retention.entries());
        entries.extend(self.privacy.entries());
        entries.extend(self.log.entries());
        entries
    }

    /// Takes every section from a parsed file; the defaults where it says nothing or nonsense.
    fn read(domain: Domain, reader: &mut Reader<'_, '_>) -> Config {
        Config {
            domain,
            data_dir: reader.value("", "data_dir", DATA_DIR.into()),
            listen: ListenConfig::read(reader),
            tls: TlsConfig::read(reader),
            limits: LimitsConfig::read(reader),
            accounts: AccountsConfig::read(reader),
            retention: RetentionConfig::read(reader),
            privacy: PrivacyConfig::read(reader),
            log: LogConfig::read(reader),
            unlimited: false,
        }
    }
}

#[cfg(test)]
mod tests;
