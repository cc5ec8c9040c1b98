//! The three signals an operator sends.

use std::io;

use tokio::signal::unix::{self, SignalKind};

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// SIGTERM or SIGINT: finish and leave. A second one while stopping means "now".
    Stop,
    /// SIGHUP: read configuration and certificates anew.
    Reload,
}

/// The operator's wishes, in the order they come.
#[derive(Debug)]
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hang_up: unix::Signal,
}

impl Signals {
    /// Starts listening; from here on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// If the handlers cannot be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            hang_up: unix::signal(SignalKind::hangup())?,
        })
    }

    /// The next wish. Cancel-safe.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hang_up.recv() => Wish::Reload,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(signal: &str) {
        let pid = std::process::id().to_string();
        assert!(
            std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success()
        );
    }

    #[tokio::test]
    async fn g7_signals_become_wishes() {
        let mut signals = Signals::listen().unwrap();
        for (signal, wish) in [("-HUP", Wish::Reload), ("-TERM", Wish::Stop), ("-INT", Wish::Stop)]
        {
            send(signal);
            assert_eq!(signals.next().await, wish);
        }
    }
}
