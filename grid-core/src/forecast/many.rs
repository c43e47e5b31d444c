//! The same work on many series: on all cores, seen by whoever waits, and stopped when it is no longer wanted.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;

use super::{Error, Fit, History};

/// How many models have learnt, and whether the work is still wanted; some threads work, another looks.
#[derive(Debug, Default)]
pub struct Watch {
    done: AtomicUsize,
    stopped: AtomicBool,
}

impl Watch {
    /// How many models have learnt: see [`Stoppable`].
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Asks the work to end soon, with [`Error::Cancelled`].
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Asks whether the work is still wanted.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] where it is not.
    pub fn check(&self) -> Result<(), Error> {
        if self.stopped.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Does the same work on each item, on all cores; the results come in the order of the items, whatever the number of
/// threads.
///
/// ```
/// use grid_core::forecast::{Error, Watch, for_each};
/// let watch = Watch::default();
/// let lengths = for_each(&["a", "bb"], &watch, |text| Ok(text.len()));
/// assert_eq!(lengths.expect("no error"), [1, 2]);
/// watch.stop();
/// let stopped = for_each(&["a", "bb"], &watch, |text| Ok(text.len()));
/// assert!(matches!(stopped, Err((0, Error::Cancelled))));
/// ```
///
/// # Errors
///
/// The first item that failed, counted from 0, and why; [`Error::Cancelled`] where the watch was stopped.
pub fn for_each<T: Sync, R: Send>(
    items: &[T],
    watch: &Watch,
    work: impl Fn(&T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, (usize, Error)> {
    let one = |item: &T| watch.check().and_then(|()| work(item));
    // All are done before the first failure is sought, so that it is the same in every run.
    let results: Vec<Result<R, Error>> = items.par_iter().map(one).collect();
    results.into_iter().enumerate().map(|(place, result)| result.map_err(|error| (place, error))).collect()
}

/// A model that counts how often it has learnt, and learns only as long as it is wanted: so a long backtest can be followed,
/// and stopped between two fits.
#[derive(Clone, Copy, Debug)]
pub struct Stoppable<'a, M> {
    /// The model that learns.
    pub model: &'a M,
    /// Says whether it is still wanted.
    pub watch: &'a Watch,
}

impl<M: Fit> Fit for Stoppable<'_, M> {
    type Fitted = M::Fitted;

    fn fit(&self, history: &History) -> Result<M::Fitted, Error> {
        self.watch.check()?;
        let fitted = self.model.fit(history)?;
        self.watch.done.fetch_add(1, Ordering::Relaxed);
        Ok(fitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Model, backtest};
    use jiff::{ToSpan, civil::date};

    #[test]
    fn the_first_failure_in_order_is_told_whatever_the_number_of_threads() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [1, 4] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let watch = Watch::default();
            let work = |item: &usize| if item % 10 == 7 { Err(Error::OutOfRange) } else { Ok(2 * item) };
            let failed = pool.install(|| for_each(&items, &watch, work));
            assert!(matches!(failed, Err((7, Error::OutOfRange))));
            let doubled = pool.install(|| for_each(&items, &watch, |item| Ok(2 * item))).unwrap();
            assert_eq!(doubled, (0..100).map(|item| 2 * item).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_backtest_ends_between_two_fits_once_it_is_stopped() {
        let values = (0..24 * 10).map(|hour| f64::from(hour % 24)).collect();
        let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values).unwrap();
        let origins = [history.start() + 5.days()];
        let watch = Watch::default();
        let model = Stoppable { model: &Model::SeasonalNaiveDay, watch: &watch };
        assert!(backtest(&model, &history, &origins, 24, &[0.5], 400).is_ok());
        assert_eq!(watch.done(), 1);
        watch.stop();
        assert!(matches!(backtest(&model, &history, &origins, 24, &[0.5], 400), Err(Error::Cancelled)));
    }
}
