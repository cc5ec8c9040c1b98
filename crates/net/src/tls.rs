//! Which TLS a service speaks: versions, ALPN names, tickets. RFC 8446, RFC 7301.
//!
//! One certificate serves all services and is looked up at each handshake, so that a replaced one
//! counts at once and old sessions go on undisturbed. Each service has its own ticket keys: a
//! ticket from one is noise to another. There is no session cache, no early data, no renegotiation.
//!
//! | service | versions | ALPN |
//! |---|---|---|
//! | IMAP, submission | 1.3 | own name, or none |
//! | port 25 | 1.2, 1.3 | `smtp`, or none |
//! | web | 1.2, 1.3 | `http/1.1`, or none |
//!
//! On 443 the three share a port: a name with the word `smtp` means submission, else one with the
//! word `imap` means IMAP, all others the web. A client that offers only names the chosen service
//! does not know gets the alert `no_application_protocol`.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

/// What is spoken inside a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Mail access: 143, 993, 443.
    Imap,
    /// Mail from users: 587, 465, 443.
    Submission,
    /// Mail from other servers: 25.
    Mx,
    /// HTTP and HTTPS: 80, 443.
    Web,
}

impl Service {
    /// All services, in the order of their configurations.
    const ALL: [Self; 4] = [Self::Imap, Self::Submission, Self::Mx, Self::Web];

    /// The ALPN name (IANA registry) that is accepted and echoed.
    fn alpn(self) -> &'static [u8] {
        match self {
            Self::Imap => b"imap",
            Self::Submission | Self::Mx => b"smtp",
            Self::Web => b"http/1.1",
        }
    }

    fn versions(self) -> &'static [&'static SupportedProtocolVersion] {
        static MODERN: [&SupportedProtocolVersion; 1] = [&TLS13];
        static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match self {
            Self::Imap | Self::Submission => &MODERN,
            Self::Mx | Self::Web => &ALL,
        }
    }
}

/// The TLS configurations of all services over one certificate. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tls(Arc<[Configs; 4]>);

#[derive(Debug)]
struct Configs {
    named: Arc<ServerConfig>,
    /// For clients whose offer only resembles the name (`smtp-x` on 443): ALPN goes unanswered.
    unnamed: Arc<ServerConfig>,
}

/// What a connection needs to begin TLS later, after `STARTTLS`. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StartTls {
    pub(crate) tls: Tls,
    pub(crate) service: Service,
}

/// How a TLS connection learns which service it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    /// The port says it.
    Fixed(Service),
    /// ALPN says it.
    Mux,
}

impl Tls {
    /// Configurations whose certificate is whatever `certificate` resolves at each handshake.
    ///
    /// # Errors
    /// If the crypto provider cannot make ticket keys (no randomness).
    pub fn new(certificate: &Arc<dyn ResolvesServerCert>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let [imap, submission, mx, web] =
            Service::ALL.map(|service| configs(service, &provider, certificate));
        Ok(Self(Arc::new([imap?, submission?, mx?, web?])))
    }

    /// For a connection on a cleartext port of `service`.
    pub fn start_tls(&self, service: Service) -> StartTls {
        StartTls { tls: self.clone(), service }
    }

    /// Chooses by the ALPN names that the ClientHello offers.
    pub(crate) fn choose(
        &self,
        routing: Routing,
        offered: &[&[u8]],
    ) -> (Service, Arc<ServerConfig>) {
        let offers = |word| offered.iter().any(|name| has_word(name, word));
        let service = match routing {
            Routing::Fixed(service) => service,
            Routing::Mux if offers(b"smtp") => Service::Submission,
            Routing::Mux if offers(b"imap") => Service::Imap,
            Routing::Mux => Service::Web,
        };
        let configs = &self.0[service as usize];
        let only_resembles = routing == Routing::Mux
            && service != Service::Web
            && !offered.contains(&service.alpn());
        let chosen = if only_resembles { &configs.unnamed } else { &configs.named };
        (service, Arc::clone(chosen))
    }
}

fn configs(
    service: Service,
    provider: &Arc<CryptoProvider>,
    certificate: &Arc<dyn ResolvesServerCert>,
) -> Result<Configs, rustls::Error> {
    let mut named = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(service.versions())?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(certificate));
    named.alpn_protocols = vec![service.alpn().to_vec()];
    named.ticketer = ring::Ticketer::new()?;
    named.session_storage = Arc::new(NoServerSessionStorage {});
    // A client keeps one connection of a kind; each resumption brings it a fresh ticket.
    named.send_tls13_tickets = 1;
    let mut unnamed = named.clone();
    unnamed.alpn_protocols.clear();
    Ok(Configs { named: Arc::new(named), unnamed: Arc::new(unnamed) })
}

/// Whether `word` stands in `name` as a whole: `smtp` in `smtp-x`, but not in `smtp2`.
fn has_word(name: &[u8], word: &[u8]) -> bool {
    name.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::Timestamp;

    use crate::cert::{Identity, LiveIdentity};

    fn tls() -> Tls {
        let identity = Identity::ephemeral(&["localhost".into()], Timestamp(0)).unwrap();
        LiveIdentity::new(identity).tls().unwrap()
    }

    fn routed(names: &[&[u8]]) -> (Service, bool) {
        let (service, config) = tls().choose(Routing::Mux, names);
        (service, !config.alpn_protocols.is_empty())
    }

    #[test]
    fn t3_alpn_decides_on_the_shared_port_and_smtp_is_tested_first() {
        assert_eq!(routed(&[]), (Service::Web, true));
        assert_eq!(routed(&[b"imap"]), (Service::Imap, true));
        assert_eq!(routed(&[b"imap", b"smtp"]), (Service::Submission, true));
        assert_eq!(routed(&[b"h2", b"http/1.1"]), (Service::Web, true));
        assert_eq!(routed(&[b"imap4", b"xsmtp", b""]), (Service::Web, true));
        assert_eq!(routed(&[b"imap4", b"smtp-x"]), (Service::Submission, false));
        assert_eq!(routed(&[b"imap/2"]), (Service::Imap, false));
    }

    #[test]
    fn t3_a_fixed_port_is_never_rerouted() {
        let (service, _) = tls().choose(Routing::Fixed(Service::Imap), &[b"smtp"]);
        assert_eq!(service, Service::Imap);
    }

    #[test]
    fn t1_client_facing_mail_speaks_1_3_only() {
        let tls = tls();
        for (service, old) in Service::ALL.into_iter().zip([false, false, true, true]) {
            let config = &tls.0[service as usize].named;
            let has_1_2 =
                config.crypto_provider().cipher_suites.iter().any(|s| s.tls13().is_none())
                    && service.versions().contains(&&TLS12);
            assert_eq!(has_1_2, old, "{service:?}");
        }
    }

    #[test]
    fn t10_each_service_has_its_own_ticket_keys() {
        let tls = tls();
        let ticket = tls.0[0].named.ticketer.encrypt(b"session").unwrap();
        assert!(tls.0[0].unnamed.ticketer.decrypt(&ticket).is_some());
        for other in &tls.0[1..] {
            assert_eq!(other.named.ticketer.decrypt(&ticket), None);
        }
    }
}
