//! How long a request may wait for the database in all: whoever asks is answered, or told to come back, within three
//! seconds, however slow the database is.
//!
//! Only what waits for the database is counted, over all that a request asks of it. What takes long on its own account, as
//! an import, a settlement or the end of an account does, goes on for as long as the time limit of its route lets it; and
//! so does what is computed beside the requests, among [`Workers`](crate::workers::Workers), but for pages of documents. It
//! begins only where the database answers [at once](prompt): a slow one would keep it for longer than anybody waits. One that
//! goes in the middle ends it: the store looks whether it is there.

use std::{
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::{extract::Request, response::Response};
use futures_util::future::{Either, select};
use grid_core::store::{Budget, Spent, Store, unhurried};
use tokio::time::sleep;

use crate::{app::App, problem::Problem, workers::Workers};

/// What a request may wait; the rest of the three seconds is for all else.
const MOST: Duration = Duration::from_secs(2);

/// The most rows that are stored within that time: some days of a meter.
const FEW: usize = 1000;

/// Gives a request its time.
pub(crate) async fn hurry<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    Budget::new(MOST).limit(next(request)).await
}

/// How soon a database answers that is asked for what takes long.
const AT_ONCE: Duration = Duration::from_millis(700);

/// Stores so many rows, where they were counted: a few in the time of the request, more than that as long as it takes.
///
/// # Errors
///
/// Those of the work, or 503 where the database is too slow for it.
pub(crate) async fn storing<T, E>(
    app: &App,
    rows: impl Into<Option<usize>>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Problem>
where
    Problem: From<E>,
{
    if rows.into().is_some_and(|rows| rows <= FEW) { Ok(work.await?) } else { at_length(app, work).await }
}

/// Does what takes long on its own account, where the database answers at once.
///
/// # Errors
///
/// Those of the work, or 503 where the database is too slow for it.
pub(crate) async fn at_length<T, E>(app: &App, work: impl Future<Output = Result<T, E>>) -> Result<T, Problem>
where
    Problem: From<E>,
{
    prompt(app.services()?.store()).await?;
    Ok(unhurried(work).await?)
}

/// Asks whether the database answers at once.
///
/// # Errors
///
/// 503 where it does not.
pub(crate) async fn prompt(store: &Store) -> Result<(), Problem> {
    let late =
        |_| Problem::unavailable("the database takes too long to answer for what is asked of it", SOON);
    Ok(tokio::time::timeout(AT_ONCE, store.ping()).await.map_err(late)??)
}

/// How often whoever waits for a place looks at what keeps it.
const LOOKS: Duration = Duration::from_millis(20);
/// How long whoever waits for a core does so for nothing, and what is left of their time however long they wait.
const FREE: Duration = Duration::from_millis(300);
const ENOUGH: Duration = Duration::from_millis(700);
/// When whoever was told so asks again.
const SOON: Duration = Duration::from_secs(2);

/// Those who hold a place that others wait for, while they wait for the database themselves.
#[derive(Debug, Default)]
pub(crate) struct Asking(AtomicUsize);

/// One of them.
pub(crate) struct Asks<'a>(&'a Asking);

impl Drop for Asks<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Asking {
    /// Says that a place is held by somebody who waits for the database, as long as what is given is held.
    pub(crate) fn begin(&self) -> Asks<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Asks(self)
    }

    /// Waits for a place among workers: at the cost of the request's time while the database keeps all who hold one, and
    /// else at that of what it may do without, so that what is left for the database then is over in time, too.
    ///
    /// # Errors
    ///
    /// 503 where that time is over.
    pub(crate) async fn behind<T>(
        &self,
        workers: &Workers,
        place: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let Some(budget) = Budget::current() else { return place.await };
        let mut place = pin!(place);
        let mut free = Duration::ZERO;
        loop {
            let look = pin!(sleep(LOOKS));
            let waiting = select(place.as_mut(), look);
            let asking = u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(u64::MAX);
            let is_kept = asking > 0 && asking >= workers.figures().running;
            let looked = if is_kept || free > FREE && budget.left() > ENOUGH {
                let busy = |Spent| Problem::unavailable("the database keeps those who are before", SOON);
                budget.spend(waiting).await.map_err(busy)?
            } else {
                free = free.saturating_add(LOOKS);
                waiting.await
            };
            if let Either::Left((place, _)) = looked {
                return place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use axum::http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn who_waits_behind_the_database_pays_and_who_waits_for_a_core_does_not() {
        let workers = Workers::new("tests", NonZeroUsize::MIN, 8, Duration::from_secs(5));
        let asking = Asking::default();
        let held = workers.place().await.unwrap();
        let (workers_of, asking_of) = (&workers, &asking);
        let wait = |budget: Budget, most: Duration| async move {
            let place = async {
                tokio::time::timeout(most, workers_of.place()).await.unwrap_or_else(|_| Err(late()))
            };
            budget.limit(asking_of.behind(workers_of, place)).await
        };
        // Who waits longer has less time for the database, but enough of it.
        let long = Budget::new(Duration::from_millis(900));
        wait(long.clone(), Duration::from_millis(1200)).await.unwrap_err();
        assert!(long.left() > Duration::from_millis(600) && long.left() < Duration::from_millis(900));
        let budget = Budget::new(Duration::from_millis(200));
        assert_eq!(
            wait(budget.clone(), Duration::from_millis(400)).await.unwrap_err().status(),
            late().status()
        );
        assert_eq!(budget.left(), Duration::from_millis(200));
        let asks = asking.begin();
        let refused = wait(budget.clone(), Duration::from_mins(1)).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(budget.left().is_zero());
        drop((asks, held));
        assert!(wait(Budget::new(Duration::from_millis(200)), Duration::from_secs(5)).await.is_ok());
    }

    fn late() -> Problem {
        Problem::new(StatusCode::GATEWAY_TIMEOUT, "late")
    }
}
