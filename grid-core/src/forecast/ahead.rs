//! A history that goes on, and what is known past its end.

use jiff::{
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use super::{
    Error, Fitted, History, Known, Model, Regressor, Site, clear_sky,
    history::MOST_SLOTS,
    model::{MOST_DAYS, check},
};

/// The regressor that [`History::with_clear_sky`] adds.
pub(super) const CLEAR_SKY: &str = "clear_sky";

impl History {
    /// The same history with what has come since: values, and regressors of the same names.
    ///
    /// Where both have a value, that of `later` counts; slots between the two are missing. A `later` without values, whose
    /// regressors alone go on, says what is known of the future. The holidays of `later` are left out.
    ///
    /// ```
    /// use grid_core::forecast::History;
    /// use jiff::civil::date;
    ///
    /// let hour = |hour: i8| date(2026, 1, 1).at(hour, 0, 0, 0);
    /// let history = History::new(hour(0), 60, vec![1.0, f64::NAN])?;
    /// let longer = history.extended_by(&History::new(hour(1), 60, vec![2.0, 3.0])?)?;
    /// assert_eq!(longer.values(), [1.0, 2.0, 3.0]);
    /// # Ok::<(), grid_core::forecast::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotLonger`] where `later` has another step or starts before this history, [`Error::OffGrid`] where it
    /// starts between two slots; [`Error::UnknownRegressor`] for a regressor that this history does not have;
    /// [`Error::TooLong`] past 3.2 million slots.
    pub fn extended_by(&self, later: &Self) -> Result<Self, Error> {
        let not_longer = || Error::NotLonger {
            start: self.start(),
            end: self.end(),
            got_start: later.start(),
            got_end: later.end(),
        };
        if later.step_minutes() != self.step_minutes() {
            return Err(not_longer());
        }
        let offset = self.slot_of(later.start()).ok_or_else(not_longer)?;
        if self.slot_start(offset) != Some(later.start()) {
            return Err(Error::OffGrid { step_minutes: self.step_minutes(), local: later.start() });
        }
        let columns = later.regressors().iter().map(|regressor| regressor.values.len());
        let slots = offset.saturating_add(columns.max().unwrap_or(0).max(later.values().len()));
        if slots > MOST_SLOTS {
            return Err(Error::TooLong { most: MOST_SLOTS, slots });
        }
        let has = |name: &str| self.regressors().iter().any(|regressor| regressor.name == name);
        if let Some(unknown) = later.regressors().iter().find(|regressor| !has(&regressor.name)) {
            return Err(Error::UnknownRegressor { name: unknown.name.clone() });
        }

        let mut values = self.values().to_vec();
        lay_over(&mut values, offset, later.values());
        let mut observed = self.observed().to_vec();
        observed.resize(values.len(), false);
        for ((known, mark), value) in
            observed.iter_mut().skip(offset).zip(later.observed()).zip(later.values())
        {
            if !value.is_nan() {
                *known = *mark;
            }
        }
        let longer = Self::new(self.start(), self.step_minutes(), values)?
            .with_observed(observed)?
            .with_holidays(self.holidays().iter().copied());
        self.regressors().iter().try_fold(longer, |longer, regressor| {
            let mut regressor = regressor.clone();
            if let Some(more) = later.regressors().iter().find(|more| more.name == regressor.name) {
                lay_over(&mut regressor.values, offset, &more.values);
            }
            longer.with_regressor(regressor)
        })
    }

    /// Adds the shape of the generation under a clear sky as a regressor that is known ahead, `clear_sky`: its irradiance at
    /// `site` in W/m², from the first slot to the farthest that can be forecast. `zone` is that of the local clock.
    ///
    /// Where the values were never negative, and next to nothing at night, every forecast is zero while the sun is down.
    ///
    /// # Errors
    ///
    /// [`Error::RegressorTwice`] where there is such a regressor already; those of [`clear_sky`].
    pub fn with_clear_sky(self, site: Site, zone: &TimeZone) -> Result<Self, Error> {
        let slots = (self.values().len() + MOST_DAYS * self.slots_per_day()).min(MOST_SLOTS);
        let values = clear_sky(site, zone, self.start(), self.step_minutes(), slots)?;
        self.with_regressor(Regressor { name: CLEAR_SKY.to_owned(), values, known: Known::Ahead })
    }

    /// Checks that all that is known ahead is known for the next `horizon` slots, on the clock of `zone`.
    ///
    /// A slot that the clock skips never comes, so nobody knows it: it gets what is known of the slot before.
    ///
    /// # Errors
    ///
    /// [`Error::RegressorMissing`], which names the regressor and the slots; [`Error::Horizon`] for no slot or for more than
    /// any model can see.
    pub fn with_all_ahead(&self, horizon: usize, zone: &TimeZone) -> Result<Self, Error> {
        check(horizon, MOST_DAYS * self.slots_per_day(), &[])?;
        let origin = self.values().len();
        let mut whole = Self::new(self.start(), self.step_minutes(), self.values().to_vec())?
            .with_observed(self.observed().to_vec())?
            .with_holidays(self.holidays().iter().copied());
        for regressor in self.regressors() {
            let mut regressor = regressor.clone();
            if regressor.known == Known::Ahead {
                let missing = self.fill_skipped(&mut regressor.values, horizon, zone)?;
                if let (Some(&first), Some(&last)) = (missing.first(), missing.last()) {
                    let (name, slots) = (regressor.name, missing.len());
                    let start = self.slot_start(origin).ok_or(Error::OutOfRange)?;
                    return Err(Error::RegressorMissing { name, horizon, start, slots, first, last });
                }
            }
            whole = whole.with_regressor(regressor)?;
        }
        Ok(whole)
    }

    /// Fills the slots to come that the clock skips, and names those that are missing otherwise.
    fn fill_skipped(
        &self,
        values: &mut Vec<f64>,
        horizon: usize,
        zone: &TimeZone,
    ) -> Result<Vec<DateTime>, Error> {
        let origin = self.values().len();
        let mut missing = Vec::new();
        for slot in origin..origin.saturating_add(horizon) {
            if values.get(slot).is_some_and(|value| !value.is_nan()) {
                continue;
            }
            let start = self.slot_start(slot).ok_or(Error::OutOfRange)?;
            if matches!(zone.to_ambiguous_timestamp(start).offset(), AmbiguousOffset::Gap { .. }) {
                let before = slot.checked_sub(1).and_then(|before| values.get(before).copied());
                lay_over(values, slot, &[before.unwrap_or(f64::NAN)]);
            } else {
                missing.push(start);
            }
        }
        Ok(missing)
    }
}

impl Fitted {
    /// The same model where all that is known ahead is known for the next `horizon` slots, with what `later` says of them;
    /// nothing where it has learnt without anything that is known ahead.
    ///
    /// # Errors
    ///
    /// Those of [`History::extended_by`], [`History::with_all_ahead`] and [`Fitted::update`].
    pub fn knowing(
        &self,
        later: Option<&History>,
        horizon: usize,
        zone: &TimeZone,
    ) -> Result<Option<Self>, Error> {
        let extended = later.map(|later| self.history().extended_by(later)).transpose()?;
        let history = extended.as_ref().unwrap_or(self.history());
        if !history.regressors().iter().any(|regressor| regressor.known == Known::Ahead) {
            return Ok(None);
        }
        let mut fitted = self.clone();
        fitted.update(&history.with_all_ahead(horizon, zone)?)?;
        Ok(Some(fitted))
    }
}

impl Model {
    /// Whether the model learns from regressors; the others do not look at them.
    pub const fn takes_regressors(self) -> bool {
        matches!(self, Self::Auto | Self::Ridge | Self::ElasticNet)
    }
}

/// Puts what is known `later` over a column from the place `offset` on; what is missing later leaves what was known.
fn lay_over(known: &mut Vec<f64>, offset: usize, later: &[f64]) {
    if later.is_empty() {
        return;
    }
    known.resize(known.len().max(offset + later.len()), f64::NAN);
    for (known, later) in known.iter_mut().skip(offset).zip(later) {
        if !later.is_nan() {
            *known = *later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;

    fn start() -> DateTime {
        date(2026, 3, 28).at(0, 0, 0, 0)
    }

    fn regressor(values: Vec<f64>) -> Regressor {
        Regressor { name: "sky".into(), values, known: Known::Ahead }
    }

    fn hours(values: &[f64]) -> History {
        History::new(start(), 60, values.to_vec()).unwrap()
    }

    fn same(got: &[f64], expected: &[f64]) {
        let equal = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        assert!(got.len() == expected.len() && got.iter().zip(expected).all(equal), "{got:?} {expected:?}");
    }

    #[test]
    fn what_comes_later_counts_and_what_is_missing_then_does_not() {
        let known = hours(&[1.0, 2.0, 3.0]).with_observed(vec![true, false, true]).unwrap();
        let later = History::new(start() + 2.hours(), 60, vec![f64::NAN, 5.0, 6.0]).unwrap();
        let later = later.with_observed(vec![true, true, false]).unwrap();
        let longer = known.extended_by(&later).unwrap();
        same(longer.values(), &[1.0, 2.0, 3.0, 5.0, 6.0]);
        assert_eq!(longer.observed(), [true, false, true, true, false]);
        let apart = known.extended_by(&History::new(start() + 4.hours(), 60, vec![9.0]).unwrap()).unwrap();
        same(apart.values(), &[1.0, 2.0, 3.0, f64::NAN, 9.0]);
    }

    #[test]
    fn a_later_history_without_values_says_what_is_known_of_the_future() {
        let known = hours(&[1.0, 2.0]).with_regressor(regressor(vec![0.1, 0.2])).unwrap();
        let known = known.with_holidays([date(2026, 4, 3)]);
        let future = History::new(start() + 2.hours(), 60, vec![]).unwrap();
        let longer = known.extended_by(&future.with_regressor(regressor(vec![0.3])).unwrap()).unwrap();
        assert_eq!((longer.values(), longer.end()), (known.values(), known.end()));
        same(&longer.regressors()[0].values, &[0.1, 0.2, 0.3]);
        assert_eq!(longer.holidays(), known.holidays());
    }

    #[test]
    fn what_does_not_go_on_from_the_history_is_refused() {
        let known = hours(&[1.0, 2.0]);
        let other = |at: DateTime, step| History::new(at, step, vec![1.0]).unwrap();
        let refused = |later: &History| known.extended_by(later).unwrap_err();
        assert!(matches!(refused(&other(start(), 30)), Error::NotLonger { .. }));
        assert!(matches!(refused(&other(start() - 1.hour(), 60)), Error::NotLonger { .. }));
        assert!(matches!(refused(&other(start() + 30.minutes(), 60)), Error::OffGrid { .. }));
        assert!(matches!(refused(&other(start() + 400.years(), 60)), Error::TooLong { .. }));
        let unknown = other(start(), 60).with_regressor(regressor(vec![1.0])).unwrap();
        assert!(matches!(refused(&unknown), Error::UnknownRegressor { name } if name == "sky"));
    }

    #[test]
    fn slots_of_which_nothing_is_known_are_named() {
        let known = hours(&[1.0; 2]).with_regressor(regressor(vec![0.0, f64::NAN, 5.0, f64::NAN])).unwrap();
        assert!(known.with_all_ahead(1, &TimeZone::UTC).is_ok());
        for horizon in [0, 24 * 14 + 1, usize::MAX] {
            assert!(matches!(known.with_all_ahead(horizon, &TimeZone::UTC), Err(Error::Horizon { .. })));
        }
        let message = known.with_all_ahead(4, &TimeZone::UTC).unwrap_err().to_string();
        assert_eq!(
            message,
            "expected `sky` for the 4 slots from 2026-03-28T02:00:00 on, got none for 3 of them, from \
             2026-03-28T03:00:00 to 2026-03-28T05:00:00"
        );
    }

    #[test]
    fn a_slot_that_the_clock_skips_is_not_missing() {
        // In Madrid 29 March 2026 goes from 01:59 to 03:00.
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        let mut values = vec![7.0; 27];
        values[26] = f64::NAN;
        let known = hours(&[1.0; 24]).with_regressor(regressor(values)).unwrap();
        let whole = known.with_all_ahead(3, &zone).unwrap();
        same(&whole.regressors()[0].values, &[7.0; 27]);
        assert!(matches!(
            known.with_all_ahead(3, &TimeZone::UTC),
            Err(Error::RegressorMissing { slots: 1, .. })
        ));
        assert!(matches!(known.with_all_ahead(4, &zone), Err(Error::RegressorMissing { slots: 1, .. })));
    }

    #[test]
    fn the_clear_sky_is_known_as_far_as_can_be_forecast() {
        let madrid = Site::new(40.4, -3.7).unwrap();
        let sunny = hours(&[1.0; 24]).with_clear_sky(madrid, &TimeZone::UTC).unwrap();
        assert_eq!(sunny.regressors()[0].values.len(), 24 * 15);
        assert!(sunny.with_all_ahead(24 * 14, &TimeZone::UTC).is_ok());
        assert!(matches!(sunny.with_clear_sky(madrid, &TimeZone::UTC), Err(Error::RegressorTwice { .. })));
    }

    proptest! {
        #[test]
        fn a_history_cut_in_two_is_put_together_again(
            values in prop::collection::vec(prop_oneof![4 => 0.0..9.0_f64, 1 => Just(f64::NAN)], 1..99),
            cut in 0..99_usize,
        ) {
            let whole = hours(&values);
            let cut = cut.min(values.len() - 1);
            let later = History::new(whole.slot_start(cut).unwrap(), 60, values[cut..].to_vec()).unwrap();
            let again = hours(&values[..cut]).extended_by(&later).unwrap();
            same(again.values(), &values);
            prop_assert_eq!(again.observed(), whole.observed());
        }
    }
}
