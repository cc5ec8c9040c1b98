//! Names looked up in DNS: a thin shell around a stub resolver.
//!
//! Promises: every look-up ends within [`DNS_LOOKUP_TIMEOUT_S`]; "there is nothing" is only said if a
//! server said so, everything else is temporary; the cache is bounded, keeps nothing longer than the
//! answer allows, and remembers no temporary failure. Names are taken as complete: no search list.
//!
//! [`Resolver::fake`] is the DNS of tests, as [`crate::Clock::fake`] is their clock.

mod fake;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::rdata::TXT;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};
use mail::limits::{
    DNS_CACHE_ENTRIES_MAX, DNS_LOOKUP_TIMEOUT_S, DNS_NEGATIVE_TTL_S_MAX, DNS_POSITIVE_TTL_S_MAX,
};

use fake::Fake;

/// How long one server is waited for before it is asked again, in seconds.
const ATTEMPT_TIMEOUT_S: u64 = 3;
/// How often a server is asked again.
const RETRIES: usize = 2;

/// Why a look-up gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The name does not exist, or is none.
    #[error("there is no such name")]
    NoSuchName,
    /// The name exists, and has no record of this type.
    #[error("there is no such record")]
    NoData,
    /// It could not be found out; the same may work later.
    #[error("the name could not be looked up")]
    Temporary,
}

/// Looks names up. Clones share one cache.
#[derive(Clone)]
pub struct Resolver(Arc<Source>);

enum Source {
    Dns(Box<TokioResolver>),
    Fake(Fake),
}

impl Resolver {
    /// With the name servers of the operating system.
    ///
    /// # Errors
    /// If its configuration cannot be read.
    pub fn system() -> io::Result<Resolver> {
        Resolver::built(TokioResolver::builder_tokio().map_err(io::Error::other)?)
    }

    /// With these name servers.
    ///
    /// # Errors
    /// If the operating system refuses something that always works.
    pub fn with_servers(servers: &[SocketAddr]) -> io::Result<Resolver> {
        let servers = servers.iter().copied().map(name_server).collect();
        let config = ResolverConfig::from_name_servers(servers);
        let provider = TokioRuntimeProvider::default();
        Resolver::built(TokioResolver::builder_with_config(config, provider))
    }

    fn built(mut builder: ResolverBuilder<TokioRuntimeProvider>) -> io::Result<Resolver> {
        tune(builder.options_mut());
        let resolver = builder.build().map_err(io::Error::other)?;
        Ok(Resolver(Arc::new(Source::Dns(Box::new(resolver)))))
    }

    /// The TXT records of a name, the strings of each put together; never empty. Bytes that are not
    /// UTF-8 are replaced.
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, LookupError> {
        match &*self.0 {
            Source::Dns(resolver) => txt(resolver, name).await,
            Source::Fake(fake) => fake.txt(name),
        }
    }

    /// Forgets the TXT records of a name: the next look-up asks a server. For who has reason to
    /// believe that they changed.
    pub fn forget_txt(&self, name: &str) {
        if let (Source::Dns(resolver), Ok(name)) = (&*self.0, whole_name(name)) {
            resolver.clear_lookup_cache(name, RecordType::TXT);
        }
    }
}

async fn txt(resolver: &TokioResolver, name: &str) -> Result<Vec<String>, LookupError> {
    let lookup = resolver.lookup(whole_name(name)?, RecordType::TXT);
    let patience = Duration::from_secs(DNS_LOOKUP_TIMEOUT_S);
    let answer = tokio::time::timeout(patience, lookup).await;
    let found = answer.map_err(|_| LookupError::Temporary)?.map_err(|error| reason(&error))?;
    let texts = found.answers().iter().filter_map(|record| match &record.data {
        RData::TXT(txt) => Some(text(txt)),
        _ => None,
    });
    let texts: Vec<_> = texts.collect();
    if texts.is_empty() { Err(LookupError::NoData) } else { Ok(texts) }
}

/// The name with its final dot, so that no search list is tried.
fn whole_name(name: &str) -> Result<Name, LookupError> {
    let mut name = Name::from_ascii(name).map_err(|_| LookupError::NoSuchName)?;
    name.set_fqdn(true);
    Ok(name)
}

fn text(txt: &TXT) -> String {
    String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()
}

fn reason(error: &NetError) -> LookupError {
    match error {
        _ if error.is_nx_domain() => LookupError::NoSuchName,
        NetError::Dns(DnsError::NoRecordsFound(_)) => LookupError::NoData,
        _ => LookupError::Temporary,
    }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let at = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
    // A server that was chosen is believed when it says that there is nothing.
    NameServerConfig::new(address.ip(), true, connections)
}

fn tune(options: &mut ResolverOpts) {
    options.timeout = Duration::from_secs(ATTEMPT_TIMEOUT_S);
    options.attempts = RETRIES;
    options.cache_size = DNS_CACHE_ENTRIES_MAX;
    options.negative_max_ttl = Some(Duration::from_secs(DNS_NEGATIVE_TTL_S_MAX));
    options.positive_max_ttl = Some(Duration::from_secs(DNS_POSITIVE_TTL_S_MAX));
    options.use_hosts_file = ResolveHosts::Never;
    // Key records are longer than plain DNS over UDP allows.
    options.edns0 = true;
}

#[cfg(test)]
mod tests;
