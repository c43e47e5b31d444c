//! The turn of those who write into one file of SQLite, who queue in this process and not at the file's lock.
//!
//! Two things can hold a writer up. Another one of this process may be at work, importing a file perhaps, which is no
//! fault of the database; and another program may hold the file's lock. The second alone counts against the
//! [budget](super::Budget) of whoever waits, also of those who wait behind the one who asks for the lock.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::{
    sync::MutexGuard,
    time::{Instant, sleep, timeout},
};

use super::{
    budget::{Budget, Spent},
    fault::Fault,
};

/// How long a writer waits for the others of this process.
pub(super) const WAITS: Duration = Duration::from_secs(30);
/// How often whoever waits looks at what it has cost.
const LOOKS: Duration = Duration::from_millis(20);

/// Whose turn it is to ask for the file's lock.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// When one last waited for the file's lock in vain.
    refused: tokio::sync::Mutex<Option<Instant>>,
    asked: Mutex<Asked>,
}

/// How long the file's lock was waited for.
#[derive(Debug, Default)]
struct Asked {
    total: Duration,
    since: Option<Instant>,
}

/// Somebody who asks for the file's lock.
pub(super) struct Asking<'a>(&'a Turn);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.with(|asked| {
            let last = asked.since.take().map_or(Duration::ZERO, |since| since.elapsed());
            asked.total = asked.total.saturating_add(last);
        });
    }
}

impl Turn {
    /// Waits for one's turn, which lasts as long as what is given is held.
    pub(super) async fn wait(&self) -> Result<MutexGuard<'_, Option<Instant>>, Fault> {
        let turn = self.beside_writers(timeout(WAITS, self.0.refused.lock())).await;
        turn.map_err(|Spent| Fault::Late)?.map_err(|_| Fault::Connection(sqlx::Error::PoolTimedOut))
    }

    /// Says that the file's lock is asked for, as long as what is given is held.
    pub(super) fn ask(&self) -> Asking<'_> {
        self.with(|asked| asked.since = Some(Instant::now()));
        Asking(self)
    }

    /// Waits for what other writers of this process have to do first, at no cost but that of the file's lock.
    pub(super) async fn beside_writers<T>(&self, work: impl Future<Output = T>) -> Result<T, Spent> {
        match Budget::current() {
            Some(budget) => self.spend(&budget, work).await,
            None => Ok(work.await),
        }
    }

    /// The same, with a budget.
    pub(super) async fn spend<T>(&self, budget: &Budget, work: impl Future<Output = T>) -> Result<T, Spent> {
        let _pause = budget.pause();
        let mut work = pin!(work);
        let mut paid = self.asked();
        loop {
            let look = pin!(sleep(LOOKS));
            let done = select(work.as_mut(), look).await;
            let asked = self.asked();
            budget.charge(asked.saturating_sub(paid));
            paid = asked;
            match done {
                Either::Left((done, _)) => return Ok(done),
                Either::Right(_) if budget.left().is_zero() => return Err(Spent),
                Either::Right(_) => {}
            }
        }
    }

    /// How long the file's lock was waited for until now.
    fn asked(&self) -> Duration {
        self.with(|asked| {
            asked.total.saturating_add(asked.since.map_or(Duration::ZERO, |since| since.elapsed()))
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut Asked) -> T) -> T {
        look(&mut self.0.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn whoever_stands_behind_a_writer_pays_nothing_and_behind_one_who_asks_for_the_lock_all() {
        let turn = Turn::default();
        let budget = Budget::new(4 * TICK);
        let behind =
            |turn: Turn, work| budget.clone().limit(async move { turn.beside_writers(sleep(work)).await });
        assert_eq!(behind(turn.clone(), 8 * TICK).await, Ok(()));
        assert_eq!(budget.left(), 4 * TICK);
        let asking = turn.ask();
        assert_eq!(behind(turn.clone(), 200 * TICK).await, Err(Spent));
        assert!(budget.left().is_zero());
        drop(asking);
        // Nobody pays for what was before.
        let budget = Budget::new(4 * TICK);
        assert_eq!(budget.clone().limit(turn.beside_writers(sleep(TICK))).await, Ok(()));
        assert_eq!(budget.left(), 4 * TICK);
    }

    #[tokio::test]
    async fn a_turn_is_given_to_one_at_a_time() {
        let turn = Turn::default();
        let held = turn.wait().await.unwrap();
        let budget = Budget::new(2 * TICK);
        let _asking = turn.ask();
        assert!(matches!(budget.limit(turn.wait()).await, Err(Fault::Late)));
        drop(held);
        assert!(turn.wait().await.is_ok());
    }
}
