//! One signal that says "finish what you are doing and leave".
//!
//! The program holds the [`ShutdownTrigger`]; every listener and every connection holds a
//! [`Shutdown`]. A trigger that is dropped counts as pulled: nobody is left who could pull it.

use tokio::sync::watch;

/// The end that pulls.
#[derive(Debug)]
pub struct ShutdownTrigger(watch::Sender<bool>);

/// The end that listens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

/// A new signal, not yet given.
pub fn channel() -> (ShutdownTrigger, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (ShutdownTrigger(sender), Shutdown(receiver))
}

impl ShutdownTrigger {
    /// Gives the signal. Giving it twice is the same as once.
    pub fn pull(&self) {
        self.0.send_replace(true);
    }

    /// Another listening end.
    pub fn listen(&self) -> Shutdown {
        Shutdown(self.0.subscribe())
    }
}

impl Shutdown {
    /// Whether the signal has been given.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Resolves when the signal is given, at once if it has been. Cancel-safe.
    pub async fn requested(&mut self) {
        let _ = self.0.wait_for(|&pulled| pulled).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn g7_everybody_who_listens_hears_the_signal_early_or_late() {
        let (trigger, mut early) = channel();
        assert!(!early.is_requested());
        trigger.pull();
        trigger.pull();
        early.requested().await;
        trigger.listen().requested().await;
        assert!(early.is_requested());
    }

    #[tokio::test]
    async fn a_dropped_trigger_counts_as_pulled() {
        let (trigger, mut shutdown) = channel();
        drop(trigger);
        assert!(shutdown.is_requested());
        shutdown.requested().await;
    }
}
