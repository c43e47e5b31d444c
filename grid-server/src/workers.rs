//! Work that keeps a core or a thread busy, off the asynchronous threads, a few at a time.
//!
//! Argon2id takes 19 MiB and some 25 ms a password on purpose, which makes logging in the cheapest way to keep a
//! server busy; a forecast or a large file takes longer still. So only a few run at once, more may wait for a while, and
//! the rest is told to come back.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// The places for one sort of work.
#[derive(Clone, Debug)]
pub(crate) struct Workers {
    running: Arc<Semaphore>,
    all: Arc<Semaphore>,
    patience: Duration,
    what: &'static str,
}

/// A place that is held; what works in it keeps it.
#[derive(Debug)]
pub(crate) struct Place {
    _waiting: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
}

impl Workers {
    /// Makes `places` to work in, and as many as told to wait in, each for no longer than `patience`.
    pub(crate) fn new(what: &'static str, places: NonZeroUsize, waiting: usize, patience: Duration) -> Self {
        Self {
            running: Arc::new(Semaphore::new(places.get())),
            all: Arc::new(Semaphore::new(places.get().saturating_add(waiting))),
            patience,
            what,
        }
    }

    /// Waits for a place.
    pub(crate) async fn place(&self) -> Result<Place, Problem> {
        let full = || {
            Problem::unavailable(format!("all places for {} are taken", self.what), Duration::from_secs(2))
        };
        let waiting = Arc::clone(&self.all).try_acquire_owned().map_err(|_| full())?;
        let running = tokio::time::timeout(self.patience, Arc::clone(&self.running).acquire_owned());
        let running = running.await.map_err(|_| full())?.map_err(|_| full())?;
        Ok(Place { _waiting: waiting, _running: running })
    }

    /// Runs `work` on a blocking thread when a place is free.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.place().await?.run(work).await
    }
}

impl Place {
    /// Runs `work` on a blocking thread.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        tokio::task::spawn_blocking(move || {
            // Held by the work, not by the request: a client that goes away does not free a core that is busy.
            let _place = self;
            work()
        })
        .await
        .map_err(|_| Problem::internal("a task ended early"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_in_the_queue_is_refused_and_the_rest_is_done() {
        let workers = Workers::new("tests", NonZeroUsize::MIN, 2, Duration::from_mins(1));
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(std::sync::Mutex::new(gate));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (workers, gate) = (workers.clone(), Arc::clone(&gate));
            tasks.spawn(async move { workers.run(move || gate.lock().unwrap().recv().is_ok()).await });
        }
        // All have asked once the runtime's single thread has run each of them.
        tokio::task::yield_now().await;
        for _ in 0..3 {
            open.send(()).unwrap();
        }
        let results = tasks.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 5);
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_to_come_back_and_the_place_is_free_again() {
        let workers = Workers::new("tests", NonZeroUsize::MIN, 2, Duration::from_millis(1));
        let held = workers.place().await.unwrap();
        let refused = workers.run(|| ()).await.unwrap_err();
        assert_eq!(refused.status(), axum::http::StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.to_string().contains("tests"), "{refused}");
        drop(held);
        assert!(workers.run(|| true).await.unwrap());
    }
}
