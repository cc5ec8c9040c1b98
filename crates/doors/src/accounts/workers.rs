//! Bounded workers for password hashing: so many at once, so many waiting, never on an async
//! thread.

use mail::limits;
use tokio::sync::Semaphore;

/// More work waits than [`limits::PASSWORD_QUEUE_MAX`], or the process is ending.
pub(super) struct Overrun;

pub(super) struct Workers {
    /// Work that runs.
    running: Semaphore,
    /// Work that runs or waits.
    admitted: Semaphore,
}

impl Workers {
    pub(super) fn new(workers: usize) -> Self {
        let workers = workers.max(1);
        Workers {
            running: Semaphore::new(workers),
            admitted: Semaphore::new(workers + limits::PASSWORD_QUEUE_MAX),
        }
    }

    /// Runs `work` on a blocking thread when one of the workers is free.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Overrun> {
        let _admitted = self.admitted.try_acquire().map_err(|_| Overrun)?;
        let _running = self.running.acquire().await.map_err(|_| Overrun)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Overrun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker_with_queue_of(n: usize) -> Workers {
        Workers { running: Semaphore::new(1), admitted: Semaphore::new(n) }
    }

    #[tokio::test]
    async fn work_within_the_ceiling_is_done() {
        let workers = worker_with_queue_of(2);
        let (a, b) = tokio::join!(workers.run(|| 1), workers.run(|| 2));
        assert_eq!((a.ok(), b.ok()), (Some(1), Some(2)));
    }

    #[tokio::test]
    async fn o9_work_past_the_ceiling_is_refused_at_once() {
        let workers = worker_with_queue_of(2);
        let (a, b, c) =
            tokio::join!(workers.run(|| 1), workers.run(|| 2), workers.run(|| 3));
        assert_eq!((a.ok(), b.ok(), c.ok()), (Some(1), Some(2), None));
    }
}
