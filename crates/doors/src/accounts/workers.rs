//! Bounded workers for password hashing: so many at once, so many waiting, never on an async
//! thread.

use std::sync::{Arc, Mutex, PoisonError};

use mail::limits;
use policy::password::Scratch;
use tokio::sync::Semaphore;

/// More work waits than [`limits::PASSWORD_QUEUE_MAX`], or the process is ending.
pub(super) struct Overrun;

pub(super) struct Workers {
    /// Work that runs.
    running: Arc<Semaphore>,
    /// Work that runs or waits.
    admitted: Arc<Semaphore>,
    /// Memory to work in, of workers that rest. Never more than there are workers.
    resting: Arc<Mutex<Vec<Scratch>>>,
}

impl Workers {
    pub(super) fn new(workers: usize) -> Self {
        let workers = workers.max(1);
        Workers {
            running: Arc::new(Semaphore::new(workers)),
            admitted: Arc::new(Semaphore::new(workers + limits::PASSWORD_QUEUE_MAX)),
            resting: Arc::default(),
        }
    }

    /// Runs `work` on a blocking thread when one of the workers is free. Who stops waiting gives its
    /// place away, but work that has begun keeps it to its end: no more runs than was allowed.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Scratch) -> T + Send + 'static,
    ) -> Result<T, Overrun> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| Overrun)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Overrun)?;
        let resting = Arc::clone(&self.resting);
        let in_its_place = move || {
            let _place = (admitted, running);
            let scratches = || resting.lock().unwrap_or_else(PoisonError::into_inner);
            let mut scratch = scratches().pop().unwrap_or_default();
            let done = work(&mut scratch);
            scratches().push(scratch);
            done
        };
        tokio::task::spawn_blocking(in_its_place).await.map_err(|_| Overrun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker_with_queue_of(n: usize) -> Workers {
        Workers {
            running: Arc::new(Semaphore::new(1)),
            admitted: Arc::new(Semaphore::new(n)),
            resting: Arc::default(),
        }
    }

    #[tokio::test]
    async fn work_within_the_ceiling_is_done() {
        let workers = worker_with_queue_of(2);
        let (a, b) = tokio::join!(workers.run(|_| 1), workers.run(|_| 2));
        assert_eq!((a.ok(), b.ok()), (Some(1), Some(2)));
    }

    #[tokio::test]
    async fn o9_work_past_the_ceiling_is_refused_at_once() {
        let workers = worker_with_queue_of(2);
        let (a, b, c) = tokio::join!(workers.run(|_| 1), workers.run(|_| 2), workers.run(|_| 3));
        assert_eq!((a.ok(), b.ok(), c.ok()), (Some(1), Some(2), None));
    }

    #[tokio::test]
    async fn o9_who_leaves_the_queue_frees_a_place_and_work_under_way_keeps_its_own() {
        let workers = worker_with_queue_of(2);
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let mut begun = Box::pin(workers.run(move |_| wait.recv()));
        let mut queued = Box::pin(workers.run(|_| ()));
        for _ in 0..3 {
            tokio::select! {
                biased;
                _ = &mut begun => panic!("it waits"),
                _ = &mut queued => panic!("it is behind"),
                () = tokio::task::yield_now() => {}
            }
        }
        drop((begun, queued));
        assert_eq!(workers.admitted.available_permits(), 1, "only the work under way");
        assert_eq!(workers.running.available_permits(), 0);
        release.send(()).unwrap();
        assert_eq!(workers.run(|_| 5).await.ok(), Some(5));
    }
}
