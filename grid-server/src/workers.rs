//! Work that keeps a core or a thread busy, off the asynchronous threads, a few at a time.
//!
//! Argon2id takes 19 MiB and some 25 ms a password on purpose, which makes logging in the cheapest way to keep a
//! server busy; a forecast or a large file takes longer still. So only a few run at once, more may wait for a while, and
//! the rest is told to come back.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::problem::Problem;

/// The places for one sort of work.
#[derive(Clone, Debug)]
pub(crate) struct Workers {
    running: Arc<Semaphore>,
    places: usize,
    all: Arc<Semaphore>,
    most: usize,
    patience: Duration,
    what: &'static str,
    /// The threads of this sort of work alone; those of the runtime where there are none.
    own: Option<mpsc::Sender<Job>>,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figures {
    /// How many work.
    pub(crate) running: u64,
    /// How many wait for that.
    pub(crate) waiting: u64,
}

type Job = Box<dyn FnOnce() + Send>;

/// Somebody who waits for a place, and takes one in the queue.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    workers: &'a Workers,
    waiting: OwnedSemaphorePermit,
}

/// A place that is held; what works in it keeps it.
#[derive(Debug)]
pub(crate) struct Place {
    held: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    own: Option<mpsc::Sender<Job>>,
}

impl Workers {
    /// Makes `places` to work in, and as many as told to wait in, each for no longer than `patience`.
    pub(crate) fn new(what: &'static str, places: NonZeroUsize, waiting: usize, patience: Duration) -> Self {
        let most = places.get().saturating_add(waiting);
        Self {
            running: Arc::new(Semaphore::new(places.get())),
            places: places.get(),
            all: Arc::new(Semaphore::new(most)),
            most,
            patience,
            what,
            own: None,
        }
    }

    /// Gives the work as many threads of its own as it has places, which stand back when anything else wants a core: a
    /// password may take a millisecond more, a request that only reads may not.
    #[must_use]
    pub(crate) fn on_threads_of_its_own(mut self) -> Self {
        let (sender, receiver) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(receiver));
        let mut started = 0;
        for _ in 0..self.running.available_permits() {
            let jobs = Arc::clone(&jobs);
            let thread = std::thread::Builder::new().name(self.what.to_owned());
            started += usize::from(thread.spawn(move || work(&jobs)).is_ok());
        }
        // A machine that gives no thread works as before.
        self.own = (started > 0).then_some(sender);
        self
    }

    /// How many work now, and how many wait.
    pub(crate) fn figures(&self) -> Figures {
        let running = self.places.saturating_sub(self.running.available_permits());
        let waiting = self.most.saturating_sub(self.all.available_permits()).saturating_sub(running);
        let [running, waiting] = [running, waiting].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        Figures { running, waiting }
    }

    /// Waits for a place.
    pub(crate) async fn place(&self) -> Result<Place, Problem> {
        self.queue()?.place().await
    }

    /// Takes a place in the queue, or is refused at once where it is full.
    pub(crate) fn queue(&self) -> Result<Waiting<'_>, Problem> {
        let waiting = Arc::clone(&self.all).try_acquire_owned().map_err(|_| self.full())?;
        Ok(Waiting { workers: self, waiting })
    }

    fn full(&self) -> Problem {
        Problem::unavailable(format!("all places for {} are taken", self.what), Duration::from_secs(2))
    }

    /// Runs `work` on a blocking thread when a place is free.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.place().await?.run(work).await
    }
}

impl Waiting<'_> {
    /// Waits for a place to work in.
    pub(crate) async fn place(self) -> Result<Place, Problem> {
        let Self { workers, waiting } = self;
        let running = tokio::time::timeout(workers.patience, Arc::clone(&workers.running).acquire_owned());
        let running = running.await.map_err(|_| workers.full())?.map_err(|_| workers.full())?;
        Ok(Place { held: (waiting, running), own: workers.own.clone() })
    }
}

impl Place {
    /// Runs `work` on a blocking thread.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let ended = || Problem::internal("a task ended early");
        // Held by the work, not by the request: a client that goes away does not free a core that is busy.
        let Self { held, own } = self;
        let Some(own) = own else {
            let task = tokio::task::spawn_blocking(move || {
                let _held = held;
                work()
            });
            return task.await.map_err(|_| ended());
        };
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            let _held = held;
            // Nobody waits for it any more where the client has gone away.
            let _ = answer.send(work());
        });
        own.send(job).map_err(|_| ended())?;
        answered.await.map_err(|_| ended())
    }
}

/// What a thread does that has no other work.
fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    // On Linux this is the niceness of the thread alone; elsewhere it would be that of the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(10);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // A job that panics answers nobody, and the thread goes on with the next.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
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
        assert_eq!(workers.figures(), Figures { running: 1, waiting: 2 });
        for _ in 0..3 {
            open.send(()).unwrap();
        }
        let results = tasks.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 5);
    }

    #[tokio::test]
    async fn a_job_that_panics_on_a_thread_of_its_own_frees_its_place() {
        let workers =
            Workers::new("tests", NonZeroUsize::MIN, 2, Duration::from_mins(1)).on_threads_of_its_own();
        let name = || std::thread::current().name().map(str::to_owned);
        assert_eq!(workers.run(name).await.unwrap().as_deref(), Some("tests"));
        let broken = workers.run(|| panic!("on purpose")).await.unwrap_err();
        assert_eq!(broken.status(), axum::http::StatusCode::INTERNAL_SERVER_ERROR);
        assert!(workers.run(|| true).await.unwrap());
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
