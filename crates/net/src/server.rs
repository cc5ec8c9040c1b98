//! The life of connections: taken within a budget, each in a task of its own, all gone at the end.
//!
//! Promises: a panic in one connection ends that connection and is counted; a lack of descriptors
//! or memory makes accept pause, not spin; [`serve`] returns only when every connection is gone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mail::limits::STOP_GRACE_S;
use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use crate::budget::Budget;
use crate::gate::{Arrival, Gate};
use crate::handshake::{self, HandshakeError};
use crate::listener::Accept;
use crate::tls::Routing;
use crate::{Clock, Service, Shutdown, StartTls, Stream, Tls};

/// How a connection begins.
#[derive(Clone, Debug)]
pub enum Opening {
    /// In the clear, and it stays so.
    Plain(Service),
    /// In the clear, with TLS on demand.
    StartTls(Service, Tls),
    /// With TLS.
    Tls(Service, Tls),
    /// With TLS, and ALPN says which service it is (443).
    Mux(Tls),
}

/// A connection that is ready to be spoken with.
#[derive(Debug)]
pub struct Accepted {
    /// The bytes. TLS is up if the port begins with it.
    pub stream: Stream,
    /// Who it is.
    pub peer: SocketAddr,
    /// What is spoken.
    pub service: Service,
    /// For `STARTTLS`; `None` where TLS is up already or not to be had.
    pub tls: Option<StartTls>,
    /// When to finish.
    pub shutdown: Shutdown,
}

/// One port and its rules.
#[derive(Debug)]
pub struct Port<A> {
    /// Where connections come from.
    pub listener: A,
    /// How they begin.
    pub opening: Opening,
    /// How many there may be. May be shared with other ports.
    pub budget: Arc<Budget>,
    /// What has happened. May be shared with other ports.
    pub counters: Arc<Counters>,
    /// For the pace of complaints.
    pub clock: Clock,
}

/// What has happened at a port since the start.
#[derive(Debug, Default)]
pub struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) refused_by_share: AtomicU64,
    handshakes_failed: AtomicU64,
    pub(crate) accept_errors: AtomicU64,
    panics: AtomicU64,
    cut: AtomicU64,
}

/// A reading of [`Counters`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were given a place.
    pub accepted: u64,
    /// Connections closed at once because their neighbourhood's share was used up.
    pub refused_by_share: u64,
    /// Connections that did not come under TLS.
    pub handshakes_failed: u64,
    /// Times that accept failed for lack of descriptors or memory.
    pub accept_errors: u64,
    /// Connections that ended in a panic.
    pub panics: u64,
    /// Connections cut at the end of a stop's grace.
    pub cut: u64,
}

impl Counters {
    /// All counters now.
    pub fn read(&self) -> Counts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            accepted: get(&self.accepted),
            refused_by_share: get(&self.refused_by_share),
            handshakes_failed: get(&self.handshakes_failed),
            accept_errors: get(&self.accept_errors),
            panics: get(&self.panics),
            cut: get(&self.cut),
        }
    }
}

/// Serves connections with `handler` until `shutdown`; then takes no more, gives those that exist
/// `STOP_GRACE_S` seconds to finish, and cuts the rest. Returns when all are gone.
pub async fn serve<A, H, F>(port: Port<A>, mut shutdown: Shutdown, handler: H)
where
    A: Accept,
    H: Fn(Accepted) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let Port { listener, opening, budget, counters, clock } = port;
    let (opening, handler) = (Arc::new(opening), Arc::new(handler));
    let mut gate = Gate::new(listener, budget, Arc::clone(&counters), clock);
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.requested() => break,
            Some(end) = tasks.join_next() => note(end, &counters),
            arrival = gate.next() => {
                let life = Life {
                    opening: Arc::clone(&opening),
                    shutdown: shutdown.clone(),
                    counters: Arc::clone(&counters),
                    handler: Arc::clone(&handler),
                };
                tasks.spawn(life.live(arrival));
            }
        }
    }
    drop(gate);
    finish(tasks, &counters).await;
}

/// What a connection's task begins with.
struct Life<H> {
    opening: Arc<Opening>,
    shutdown: Shutdown,
    counters: Arc<Counters>,
    handler: Arc<H>,
}

impl<H, F> Life<H>
where
    H: Fn(Accepted) -> F,
    F: Future<Output = ()>,
{
    async fn live(self, arrival: Arrival) {
        let Arrival { tcp, peer, guard } = arrival;
        match open(tcp, &self.opening).await {
            Ok((stream, service, tls)) => {
                let Self { shutdown, handler, .. } = self;
                handler(Accepted { stream, peer, service, tls, shutdown }).await;
            }
            Err(error) => {
                self.counters.handshakes_failed.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(%error, "connection ended before it began");
            }
        }
        drop(guard);
    }
}

async fn open(
    tcp: TcpStream,
    opening: &Opening,
) -> Result<(Stream, Service, Option<StartTls>), HandshakeError> {
    let stream = Stream::plain(tcp);
    let (tls, routing) = match opening {
        Opening::Plain(service) => return Ok((stream, *service, None)),
        Opening::StartTls(service, tls) => {
            return Ok((stream, *service, Some(tls.start_tls(*service))));
        }
        Opening::Tls(service, tls) => (tls, Routing::Fixed(*service)),
        Opening::Mux(tls) => (tls, Routing::Mux),
    };
    let (stream, service) = handshake::accept(stream.tcp, tls, routing).await?;
    Ok((stream, service, None))
}

/// The fence: a panic ends here, as a number and a line in the log.
fn note(end: Result<(), JoinError>, counters: &Counters) {
    if end.is_err_and(|error| error.is_panic()) {
        counters.panics.fetch_add(1, Ordering::Relaxed);
        tracing::error!("a connection ended in a panic; the others go on");
    }
}

async fn finish(mut tasks: JoinSet<()>, counters: &Counters) {
    let leave = async {
        while let Some(end) = tasks.join_next().await {
            note(end, counters);
        }
    };
    if timeout(Duration::from_secs(STOP_GRACE_S), leave).await.is_ok() {
        return;
    }
    counters.cut.fetch_add(tasks.len() as u64, Ordering::Relaxed);
    tracing::warn!(connections = tasks.len(), "cut connections that did not finish in time");
    tasks.abort_all();
    while let Some(end) = tasks.join_next().await {
        note(end, counters);
    }
}

#[cfg(test)]
mod tests;
