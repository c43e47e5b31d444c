//! A standby load that has changed: the fridge that no longer stops, the pump that was left on.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};

use super::{
    Anomaly, AnomalyKind,
    rank::{distance_from_level, drift, quantile, rank_sum_score, shift, spread},
};
use crate::forecast::{Error, History, real};

/// The night is from midnight to this hour of the local clock.
const NIGHT_HOURS: i8 = 6;
/// The level of a night is this quantile of its readings: near the lowest, and not at the mercy of one of them.
const LOW: f64 = 0.1;
/// How many nights are compared on either side of a change, at most twice as many days apart.
const WINDOW: usize = 14;
/// The least standard score of the rank sum: by chance once in 16,000 comparisons.
const LEAST_SCORE: f64 = 4.0;
/// The least step, in spreads of the nights about their level.
const LEAST_SPREADS: f64 = 3.0;
/// The least step, as a share of the higher level.
const LEAST_SHARE: f64 = 0.1;
/// The least spread that is believed, as a share of the higher level.
const LEAST_SPREAD: f64 = 0.01;
/// Two levels leave at most this share of what a straight line leaves.
const LEAST_BETTER: f64 = 0.9;

/// Finds the nights from which on a home's lowest load is another, in order of time.
///
/// The level of a night is the 10 % quantile of its readings from midnight to six; nights with a reading in less than
/// two thirds of their slots are left out. Fourteen nights before and after are compared by Wilcoxon's rank sum; it must
/// be 4 deviations off (that is, nearly all nights after lie above nearly all before, or below). The step is the median
/// of all differences; it must be three times the spread of the nights and a tenth of the level, and two levels must fit
/// the nights better than a straight line does, since a drift with the season is no change. Changes are at least fourteen
/// nights apart.
///
/// Of nights that differ by chance alone this finds none in the 100 years of a test. A real home has its own reasons: in
/// `citylearn_load`, 17 homes for a year without a known fault, 15 changes are found, 0.9 a home and year; what they were
/// is not known. So expect about one a year that needs no repair.
///
/// ```
/// use grid_core::forecast::{AnomalyKind, History, standby_changes};
/// use jiff::civil::date;
///
/// // From 1 February on, 0.1 kWh more in every hour.
/// let kwh = |hour: i32| 0.2 + 0.01 * f64::from(hour * 7 % 5) + if hour >= 24 * 31 { 0.1 } else { 0.0 };
/// let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, (0..24 * 60).map(kwh).collect())?;
/// let changes = standby_changes(&history)?;
/// assert_eq!((changes.len(), changes[0].kind), (1, AnomalyKind::StandbyChange));
/// assert_eq!(changes[0].start, date(2026, 2, 1).at(0, 0, 0, 0));
/// assert!((changes[0].difference() - 0.1).abs() < 0.01);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooFewNights`] for less than 28 nights, or for slots longer than two hours, of which no night has enough.
///
/// # References
///
/// Wilcoxon (1945) and Hodges and Lehmann (1963) for the test and the step; A. N. Pettitt: "A non-parametric approach to
/// the change-point problem", Applied Statistics 28(2), 1979, for the rank sum as a search for the time of a change.
pub fn standby_changes(history: &History) -> Result<Vec<Anomaly>, Error> {
    let nights = nights(history);
    if nights.len() < 2 * WINDOW {
        return Err(Error::TooFewNights { need: 2 * WINDOW, got: nights.len() });
    }
    let mut candidates: Vec<Candidate> = nights
        .windows(2 * WINDOW)
        .enumerate()
        .filter_map(|(place, nights)| candidate(place, nights))
        .collect();
    // The clearest first, ties to the larger step; what lies within a window of it shows the same change.
    candidates.sort_by(|a, b| {
        let clearer = b.score.total_cmp(&a.score);
        clearer.then(b.anomaly.severity.total_cmp(&a.anomaly.severity)).then(a.place.cmp(&b.place))
    });
    let mut changes: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if changes.iter().all(|change| change.place.abs_diff(candidate.place) >= WINDOW) {
            changes.push(candidate);
        }
    }
    changes.sort_by_key(|change| change.place);
    Ok(changes.into_iter().map(|change| change.anomaly).collect())
}

struct Candidate {
    place: usize,
    score: f64,
    anomaly: Anomaly,
}

/// The level of each night that has one.
fn nights(history: &History) -> Vec<(Date, f64)> {
    let mut readings: BTreeMap<Date, Vec<f64>> = BTreeMap::new();
    for slot in 0..history.values().len() {
        if let (Some(start), Some(value)) = (history.slot_start(slot), history.observed_value(slot))
            && start.hour() < NIGHT_HOURS
        {
            readings.entry(start.date()).or_default().push(value);
        }
    }
    let slots = f64::from(NIGHT_HOURS) * 60.0 / f64::from(history.step_minutes());
    readings
        .into_iter()
        .filter(|(_, values)| slots >= 3.0 && real(values.len()) >= slots * 2.0 / 3.0)
        .map(|(night, values)| (night, quantile(values, LOW)))
        .collect()
}

/// The change in the middle of twice [`WINDOW`] nights, if it is one.
fn candidate(place: usize, nights: &[(Date, f64)]) -> Option<Candidate> {
    let (before, after) = nights.split_at_checked(WINDOW)?;
    let (first, last) = (nights.first()?.0, nights.last()?.0);
    let most_days = i32::try_from(2 * WINDOW).ok()?;
    let change = after.first()?.0;
    if first.until(change).ok()?.get_days() > most_days || change.until(last).ok()?.get_days() > most_days {
        return None;
    }
    let levels = |nights: &[(Date, f64)]| -> Vec<f64> { nights.iter().map(|night| night.1).collect() };
    let (before, after) = (levels(before), levels(after));
    let score = rank_sum_score(&before, &after).abs();
    if score < LEAST_SCORE {
        return None;
    }
    let step = shift(&before, &after);
    let (old, new) = (quantile(before.clone(), 0.5), quantile(after.clone(), 0.5));
    let about =
        |values: &[f64], level: f64| -> Vec<f64> { values.iter().map(|value| value - level).collect() };
    let level = old.abs().max(new.abs());
    let noise = spread(&[about(&before, old), about(&after, new)].concat()).max(LEAST_SPREAD * level);
    if step.abs() < LEAST_SPREADS * noise || step.abs() < LEAST_SHARE * level || !is_step(&before, &after) {
        return None;
    }
    let anomaly = Anomaly {
        kind: AnomalyKind::StandbyChange,
        start: change.at(0, 0, 0, 0),
        end: last.at(0, 0, 0, 0).checked_add(i64::from(NIGHT_HOURS).hours()).ok()?,
        expected: old,
        observed: old + step,
        severity: step.abs() / noise,
    };
    Some(Candidate { place, score, anomaly })
}

/// Whether two levels describe the nights better than a drift through all of them.
fn is_step(before: &[f64], after: &[f64]) -> bool {
    let all = [before, after].concat();
    let slope = drift(&all);
    let without_drift: Vec<f64> =
        all.iter().enumerate().map(|(night, value)| value - slope * real(night)).collect();
    let left_by_levels = f64::midpoint(distance_from_level(before), distance_from_level(after));
    left_by_levels <= LEAST_BETTER * distance_from_level(&without_drift)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{homes, hours};
    use super::*;
    use crate::forecast::random::Random;
    use jiff::civil::{DateTime, date};
    use proptest::prelude::*;

    fn start() -> DateTime {
        date(2026, 1, 1).at(0, 0, 0, 0)
    }

    /// A home with a standby load of 0.1 that comes and goes a little, and a day of its own.
    fn home(days: usize, seed: u64, standby: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..days * 24)
            .map(|hour| {
                let busy = if hour % 24 >= 6 { 0.8 * random.unit() } else { 0.04 * random.unit() };
                standby(hour / 24) + busy
            })
            .collect()
    }

    #[test]
    fn a_step_is_found_in_its_night_and_with_its_size() {
        for (seed, step) in [(1, 0.1), (2, 0.05), (3, -0.06)] {
            let values = home(120, seed, |day| 0.1 + if day >= 70 { step } else { 0.0 });
            let changes = standby_changes(&hours(start(), values)).unwrap();
            assert_eq!(changes.len(), 1, "{changes:?}");
            assert_eq!(changes[0].start, start() + 70.days());
            assert!((changes[0].difference() - step).abs() < 0.01, "{changes:?}");
        }
    }

    #[test]
    fn chance_and_drift_and_a_holiday_raise_no_alarm() {
        let hundred_years: usize = (0..100)
            .map(|seed| standby_changes(&hours(start(), home(365, seed, |_| 0.1))).unwrap().len())
            .sum();
        assert_eq!(hundred_years, 0);
        // The heating's pump, from nothing in summer to 0.3 in winter, over half a year.
        let drift = home(182, 1, |day| 0.1 + 0.3 * real(day) / 182.0);
        assert_eq!(standby_changes(&hours(start(), drift)).unwrap(), []);
        // A week away from home.
        let holiday = home(120, 1, |day| if (60..67).contains(&day) { 0.02 } else { 0.1 });
        assert_eq!(standby_changes(&hours(start(), holiday)).unwrap(), []);
    }

    #[test]
    fn a_gap_is_no_change_and_no_level_of_zero() {
        let mut values = home(120, 1, |_| 0.1);
        values[60 * 24..80 * 24].fill(f64::NAN);
        assert_eq!(standby_changes(&hours(start(), values.clone())).unwrap(), []);
        // Fourteen nights that lie too far apart are not compared.
        for day in (0..120).filter(|day| day % 3 > 0) {
            values[day * 24..day * 24 + 6].fill(f64::NAN);
        }
        values[80 * 24..].iter_mut().for_each(|value| *value += 1.0);
        assert_eq!(standby_changes(&hours(start(), values)).unwrap(), []);
        let few = standby_changes(&hours(start(), home(27, 1, |_| 0.1)));
        assert!(matches!(few, Err(Error::TooFewNights { need: 28, got: 27 })));
        let coarse = History::new(start(), 240, vec![1.0; 6 * 60]).unwrap();
        assert!(matches!(standby_changes(&coarse), Err(Error::TooFewNights { got: 0, .. })));
    }

    #[test]
    fn real_homes_show_no_more_changes_than_is_stated() {
        let Some(homes) = homes("citylearn_load") else { return };
        let homes: Vec<_> = homes.into_iter().filter(|(name, _)| name != "community").collect();
        let changes: usize = homes.iter().map(|(_, home)| standby_changes(home).unwrap().len()).sum();
        assert!(homes.len() == 17 && (1..=homes.len()).contains(&changes), "{changes}");
    }

    proptest! {
        #[test]
        fn a_change_of_unit_changes_nothing_else(seed: u64, factor in 0.001..1e6_f64, step in 0.05..1.0_f64) {
            let values = home(60, seed, |day| 0.1 + if day >= 30 { step } else { 0.0 });
            let scaled = values.iter().map(|value| value * factor).collect();
            let changes = standby_changes(&hours(start(), values)).unwrap();
            let again = standby_changes(&hours(start(), scaled)).unwrap();
            prop_assert_eq!(changes.len(), 1);
            prop_assert_eq!(again.len(), 1);
            prop_assert_eq!(changes[0].start, again[0].start);
            prop_assert!((changes[0].severity - again[0].severity).abs() < 1e-6);
        }
    }
}
