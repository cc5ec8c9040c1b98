//! Port 80: everyone is sent to HTTPS, under one of our own names and no other.
//!
//! Two things are answered here, because whoever asks cannot follow: `/generate_204`, by which
//! clients find out whether somebody stands between them and the network, and the certificate
//! authority's HTTP-01 challenges (RFC 8555 section 8.3).

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::Method;
use hyper::StatusCode;
use mail::Domain;
use tokio::io::{AsyncRead, AsyncWrite};

use super::answer::{self, Answer, Ask};
use super::connection;

const CHALLENGE_PREFIX: &str = "/.well-known/acme-challenge/";

/// Gives the key authorisation of a challenge token that is known, `None` for all others.
pub type Challenges = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What port 80 needs to know.
#[derive(Clone)]
pub struct Redirect {
    /// Our domain; `www.` and `mta-sts.` before it are ours too.
    pub domain: Domain,
    /// The port of the HTTPS door.
    pub https_port: u16,
    /// The challenges of a certificate authority that are under way.
    pub challenge: Challenges,
}

impl std::fmt::Debug for Redirect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Redirect { domain, https_port, challenge: _ } = self;
        f.debug_struct("Redirect")
            .field("domain", &domain.as_str())
            .field("https_port", https_port)
            .finish_non_exhaustive()
    }
}

/// Serves one connection of port 80, like [`super::serve`].
pub async fn serve<S>(
    stream: S,
    redirect: Arc<Redirect>,
    peer: IpAddr,
    stop: impl Future<Output = ()> + Send,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    connection::serve(stream, peer, |ask| redirect.respond(ask), stop).await;
}

impl Redirect {
    /// Answers one request.
    pub fn respond(&self, ask: &Ask<'_>) -> Answer {
        if ask.method == Method::CONNECT {
            return answer::wrong_method("GET, HEAD");
        }
        if ask.path == "/generate_204" {
            return answer::no_content();
        }
        match ask.path.strip_prefix(CHALLENGE_PREFIX) {
            Some(token) => self.challenge(token),
            None => answer::moved(location(&self.web_host(ask), ask)),
        }
    }

    fn challenge(&self, token: &str) -> Answer {
        match (self.challenge)(token) {
            Some(key) => {
                answer::whole(StatusCode::OK, "application/octet-stream", key, answer::Keep::Never)
            }
            None => answer::not_found(),
        }
    }

    /// The host asked for if it is ours, else our domain; with the port if it is unusual.
    fn web_host(&self, ask: &Ask<'_>) -> String {
        let asked = without_port(ask.host.unwrap_or_default()).to_ascii_lowercase();
        let host = if self.is_ours(&asked) { asked } else { self.domain_for_urls() };
        match self.https_port {
            443 => host,
            port => format!("{host}:{port}"),
        }
    }

    fn is_ours(&self, name: &str) -> bool {
        let below = name.strip_prefix("www.").or(name.strip_prefix("mta-sts."));
        below.unwrap_or(name) == self.domain.bare()
    }

    fn domain_for_urls(&self) -> String {
        match self.domain.ip() {
            Some(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => self.domain.bare().to_owned(),
        }
    }
}

/// `https://`, the host, and the path and query of the request.
pub(super) fn location(host: &str, ask: &Ask<'_>) -> String {
    // `OPTIONS *` has no path to speak of.
    let path = if ask.path.starts_with('/') { ask.path } else { "/" };
    match ask.query {
        Some(query) => format!("https://{host}{path}?{query}"),
        None => format!("https://{host}{path}"),
    }
}

/// The name in a Host header (RFC 9110 section 7.2); brackets of IPv6 stay.
pub(super) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use hyper::header;

    use super::*;

    fn ask(method: &Method, host: &'static str, path: &'static str) -> Answer {
        let redirect = Redirect {
            domain: Domain::parse("chat.example").unwrap(),
            https_port: 443,
            challenge: Arc::new(|token| (token == "known").then(|| "known.key".to_owned())),
        };
        respond(&redirect, method, host, path)
    }

    fn respond(redirect: &Redirect, method: &Method, host: &str, target: &str) -> Answer {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let peer = "192.0.2.1".parse().unwrap();
        redirect.respond(&Ask { method, path, query, host: Some(host), peer })
    }

    fn location_of(answer: &Answer) -> &str {
        answer.headers()[header::LOCATION].to_str().unwrap()
    }

    #[test]
    fn our_names_keep_path_and_query() {
        for (host, location) in [
            ("chat.example", "https://chat.example/info?x=1"),
            ("Chat.Example:80", "https://chat.example/info?x=1"),
            ("www.chat.example", "https://www.chat.example/info?x=1"),
            ("mta-sts.chat.example", "https://mta-sts.chat.example/info?x=1"),
        ] {
            let answer = ask(&Method::GET, host, "/info?x=1");
            assert_eq!(answer.status(), StatusCode::MOVED_PERMANENTLY);
            assert_eq!(location_of(&answer), location);
        }
    }

    #[test]
    fn h6_a_lying_host_is_sent_to_our_domain() {
        for host in ["evil.example", "chat.example.evil.example", "", "chat.example@evil", "[::1]"]
        {
            let answer = ask(&Method::POST, host, "/");
            assert_eq!(location_of(&answer), "https://chat.example/", "{host}");
        }
    }

    #[test]
    fn h6_connect_is_no_proxy() {
        assert_eq!(ask(&Method::CONNECT, "x:443", "").status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[test]
    fn h7_only_known_challenges_are_answered() {
        let known = ask(&Method::GET, "chat.example", "/.well-known/acme-challenge/known");
        assert_eq!(known.status(), StatusCode::OK);
        let other = ask(&Method::GET, "chat.example", "/.well-known/acme-challenge/other");
        assert_eq!(other.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn probes_and_odd_targets() {
        assert_eq!(ask(&Method::GET, "x", "/generate_204").status(), StatusCode::NO_CONTENT);
        let star = ask(&Method::OPTIONS, "chat.example", "*");
        assert_eq!(location_of(&star), "https://chat.example/");
    }

    #[test]
    fn an_unusual_port_is_named() {
        let redirect = Redirect {
            domain: Domain::from_ip("2001:db8::1".parse().unwrap()),
            https_port: 8443,
            challenge: Arc::new(|_| None),
        };
        let answer = respond(&redirect, &Method::GET, "[2001:db8::1]:80", "/");
        assert_eq!(location_of(&answer), "https://[2001:db8::1]:8443/");
    }
}
