//! The web door: the pages of a relay, accounts by `/new`, autoconfig, and the redirect of port 80.
//!
//! Promises: pages are rendered once from the configuration values the mail doors really keep; a
//! path is compared exactly and never becomes a file name; credentials are invented per request and
//! stored nowhere; nothing about a visitor is remembered but a rate bucket in memory. A head has a
//! size and a deadline, an idle connection has one too, and whoever leaves room for two readings of
//! one request is refused (RFC 9112 sections 6 and 11.2).
//!
//! Refuses: proxying, CONNECT, request bodies, HTTP/2, scripts.

mod answer;
mod autoconfig;
mod connection;
mod credentials;
mod facts;
mod framing;
mod link;
mod markdown;
mod pages;
mod qr;
pub mod redirect;
mod registration;
mod site;
mod wire;

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

pub use answer::{Answer, Ask};
pub use credentials::{Credentials, invent};
pub use facts::{Ports, Privacy, ShownLimits, SiteFacts};
pub use link::dclogin_url;
pub use pages::TemplateError;
pub use registration::{ClosedBecause, Random, Registration, new_rate};
pub use site::Site;

/// Serves the site on one connection (TLS done) until the visitor leaves, a deadline passes or
/// `stop` completes; a request under way is answered first. `now` is the monotonic time since the
/// program started.
pub async fn serve<S>(
    stream: S,
    site: Arc<Site>,
    peer: IpAddr,
    now: impl Fn() -> Duration + Send + Sync,
    stop: impl Future<Output = ()> + Send,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    connection::serve(stream, peer, |ask| site.respond(ask, now()), stop).await;
}

#[cfg(test)]
mod samples;
