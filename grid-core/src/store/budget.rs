//! How long one piece of work may wait for a database, over all of its calls.
//!
//! Each call of a store has limits of its own: for a connection, for a lock, for a database that says nothing. Where a
//! database is slow and not gone, none of them is met, and work that needs five answers waits five times. So whoever must
//! give an answer within some seconds gives the work a budget, and what is left of it is the limit of each call. What
//! takes long on its own account, as an import does, is [`unhurried`].

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep};

use super::fault::Fault;

tokio::task_local! {
    static CURRENT: Option<Budget>;
}

/// How often is looked whether a budget that stands still goes on.
const LOOKS: Duration = Duration::from_millis(10);

/// The time that one piece of work may wait for a database, whatever it does between its waits.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use std::time::Duration;
/// use grid_core::store::{Budget, Options, Store};
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let store = Store::connect("sqlite::memory:", Options::default()).await?;
/// let hurried = Budget::new(Duration::from_millis(2500)).limit(async { store.ping().await }).await;
/// assert!(hurried.is_ok());
/// # Ok::<(), grid_core::store::Error>(())
/// # }).unwrap();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: Duration,
    clock: Mutex<Clock>,
}

/// A clock that runs while anybody waits, but for pauses.
#[derive(Debug, Default)]
struct Clock {
    /// What was waited in stretches that are over.
    spent: Duration,
    waiting: u32,
    paused: u32,
    /// When the stretch began in which somebody waits.
    since: Option<Instant>,
}

/// The budget was spent before what was waited for had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent;

/// Somebody who waits, and for as long the clock runs.
struct Running<'a>(&'a Budget);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.clock().leave();
    }
}

/// A wait that is not counted.
#[cfg(feature = "sqlite")]
pub(super) struct Pause<'a>(&'a Budget);

#[cfg(feature = "sqlite")]
impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.0.clock().go_on();
    }
}

impl Clock {
    fn enter(&mut self) {
        self.waiting = self.waiting.saturating_add(1);
        self.look();
    }

    fn leave(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
        self.look();
    }

    /// Begins a stretch, or ends one, where it is time to.
    fn look(&mut self) {
        if self.waiting > 0 && self.paused == 0 {
            self.since.get_or_insert_with(Instant::now);
        } else if let Some(since) = self.since.take() {
            self.spent = self.spent.saturating_add(since.elapsed());
        }
    }

    fn spent(&self) -> Duration {
        self.spent.saturating_add(self.since.map_or(Duration::ZERO, |since| since.elapsed()))
    }
}

/// Writers of SQLite alone wait for others of the same process.
#[cfg(feature = "sqlite")]
impl Clock {
    fn stop(&mut self) {
        self.paused = self.paused.saturating_add(1);
        self.look();
    }

    fn go_on(&mut self) {
        self.paused = self.paused.saturating_sub(1);
        self.look();
    }
}

impl Budget {
    /// A budget of that much.
    pub fn new(most: Duration) -> Self {
        Self(Arc::new(Inner { most, clock: Mutex::default() }))
    }

    /// The budget of the work that is under way, where it has one.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok().flatten()
    }

    /// What is left of it.
    pub fn left(&self) -> Duration {
        self.0.most.saturating_sub(self.clock().spent())
    }

    /// Does some work, all of whose calls of a store wait no longer than this together; they fail with
    /// [`Error::Slow`](super::Error::Slow), or with [`Error::Uncertain`](super::Error::Uncertain) where a change may have
    /// been made all the same. What the work leaves to other tasks is theirs to limit.
    pub fn limit<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Some(self), work)
    }

    /// Waits for something that stands and falls with the database, for as long as there is something left.
    ///
    /// # Errors
    ///
    /// [`Spent`] where it did not come in time; where nothing was left, it was not begun.
    pub async fn spend<T>(&self, work: impl Future<Output = T>) -> Result<T, Spent> {
        if self.left().is_zero() {
            return Err(Spent);
        }
        self.clock().enter();
        let _running = Running(self);
        match select(pin!(work), pin!(self.over())).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right(((), _)) => Err(Spent),
        }
    }

    /// Ends when nothing is left.
    async fn over(&self) {
        loop {
            let left = self.left();
            if left.is_zero() {
                return;
            }
            sleep(left.max(LOOKS)).await;
        }
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.0.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "sqlite")]
impl Budget {
    /// Stops the clock for a wait that is no fault of the database.
    pub(super) fn pause(&self) -> Pause<'_> {
        self.clock().stop();
        Pause(self)
    }

    /// Takes off what was waited for the database in a pause.
    pub(super) fn charge(&self, waited: Duration) {
        let mut clock = self.clock();
        clock.spent = clock.spent.saturating_add(waited);
    }
}

/// Does some work that may wait for a database as long as it takes, whatever the budget of what surrounds it.
pub fn unhurried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(None, work)
}

/// Does what waits for a database, for as long as the budget of the work lets it.
pub(super) async fn within<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    match Budget::current() {
        Some(budget) => budget.spend(work).await.unwrap_or(Err(Fault::Late)),
        None => work.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn waits_are_added_up_and_what_lies_between_them_is_not() {
        let budget = Budget::new(100 * TICK);
        for _ in 0..2 {
            assert_eq!(budget.spend(sleep(TICK)).await, Ok(()));
            let left = budget.left();
            sleep(2 * TICK).await;
            assert_eq!(budget.left(), left);
        }
        assert!(budget.left() <= 98 * TICK);
    }

    #[tokio::test]
    async fn what_takes_longer_is_given_up_and_nothing_is_begun_after_that() {
        let budget = Budget::new(2 * TICK);
        let began = Instant::now();
        assert_eq!(budget.spend(std::future::pending::<()>()).await, Err(Spent));
        assert!(began.elapsed() >= 2 * TICK && budget.left().is_zero());
        let mut is_begun = false;
        assert_eq!(budget.spend(async { is_begun = true }).await, Err(Spent));
        assert!(!is_begun);
    }

    #[tokio::test]
    async fn two_who_wait_at_the_same_time_wait_once() {
        let budget = Budget::new(100 * TICK);
        let began = Instant::now();
        let both = futures_util::future::join(budget.spend(sleep(2 * TICK)), budget.spend(sleep(TICK)));
        assert_eq!(both.await, (Ok(()), Ok(())));
        let waited = (100 * TICK).saturating_sub(budget.left());
        assert!(waited >= 2 * TICK && waited <= began.elapsed(), "{waited:?}");
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn a_pause_within_a_wait_costs_nothing_however_long_it_is() {
        let budget = Budget::new(2 * TICK);
        let pausing = budget.spend(async {
            let pause = budget.pause();
            sleep(5 * TICK).await;
            drop(pause);
            sleep(TICK).await;
        });
        assert_eq!(pausing.await, Ok(()));
        // The clock goes on after it.
        assert_eq!(budget.spend(std::future::pending::<()>()).await, Err(Spent));
    }

    #[tokio::test]
    async fn what_is_unhurried_has_no_budget_and_what_surrounds_it_keeps_its_own() {
        let budget = Budget::new(TICK);
        budget
            .limit(async {
                assert!(Budget::current().is_some());
                unhurried(async { assert!(Budget::current().is_none()) }).await;
                assert!(Budget::current().is_some());
            })
            .await;
        assert!(Budget::current().is_none());
    }
}
