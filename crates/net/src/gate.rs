//! Taking connections: room first, then accept, then the neighbourhood's share.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mail::limits::ACCEPT_BACKOFF_MS;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::Clock;
use crate::budget::{Budget, Guard};
use crate::listener::Accept;
use crate::server::Counters;

/// Pause between two log lines about the same trouble.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(60);

/// A connection that has its place.
pub(crate) struct Arrival {
    pub(crate) tcp: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) guard: Guard,
}

/// One listener with its budget.
pub(crate) struct Gate<A> {
    listener: A,
    budget: Arc<Budget>,
    counters: Arc<Counters>,
    clock: Clock,
    /// Until when (of `Clock::elapsed`) trouble is not mentioned again.
    quiet_until: Duration,
}

impl<A: Accept> Gate<A> {
    pub(crate) fn new(
        listener: A,
        budget: Arc<Budget>,
        counters: Arc<Counters>,
        clock: Clock,
    ) -> Self {
        Self { listener, budget, counters, clock, quiet_until: Duration::ZERO }
    }

    /// The next connection that may come in. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Arrival {
        loop {
            let room = self.budget.room().await;
            match self.listener.accept().await {
                Ok((tcp, peer)) => {
                    if let Ok(guard) = self.budget.admit(room, peer.ip()) {
                        self.counters.accepted.fetch_add(1, Ordering::Relaxed);
                        return Arrival { tcp, peer, guard };
                    }
                    self.counters.refused_by_share.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    self.complain(&error);
                    sleep(Duration::from_millis(ACCEPT_BACKOFF_MS)).await;
                }
            }
        }
    }

    fn complain(&mut self, error: &io::Error) {
        self.counters.accept_errors.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.elapsed();
        if now >= self.quiet_until {
            self.quiet_until = now + COMPLAINT_PAUSE;
            tracing::error!(%error, "cannot accept connections, pausing");
        }
    }
}

/// Errors of a connection that died in the backlog; the next one may be well. All others (no
/// descriptors: EMFILE, ENFILE; no memory: ENOBUFS, ENOMEM) last, and repeating accept would spin.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
