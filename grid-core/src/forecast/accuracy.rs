//! How good a forecast was, once it is known what came.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Coverage, Error, PointInTime, backtest::coverage_by_level, metrics};

/// How good a forecast was: nothing where a score says nothing, never NaN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// The mean absolute error of the median (of the mean, where there is no median), in the unit of the values.
    pub mae: Option<f64>,
    /// The weighted quantile loss; `None` where every value that came is zero.
    pub wql: Option<f64>,
    /// The mean pinball loss over all levels and slots, in the unit of the values.
    pub pinball: Option<f64>,
    /// How much smaller the error is than that of repeating the last day before the forecast: 1 for a perfect forecast, 0
    /// for one that is as good, below zero for a worse one; over the slots for which that day is known.
    pub skill: Option<f64>,
    /// The share of the values that fell into each interval, by ascending level.
    pub coverage: Vec<Coverage>,
    /// How many slots were scored.
    pub scored: usize,
    /// Of how many slots it is not known what came.
    pub missing: usize,
    /// What came in each slot, in the order of the forecast; `None` where it is not known.
    pub actual: Vec<Option<f64>>,
}

/// Scores a forecast by what is `known` by now, from a day before its first slot on; what is missing is not scored.
///
/// ```
/// use grid_core::forecast::{PointInTime, accuracy};
/// let at = |hour: i64| jiff::Timestamp::from_second(hour * 3600).expect("an instant");
/// let points: Vec<_> = (24..26).map(|hour| PointInTime { start: at(hour), mean: 2.0, quantiles: vec![1.0, 2.0, 3.0] }).collect();
/// let known = [(at(0), Some(3.0)), (at(1), Some(3.0)), (at(24), Some(2.5)), (at(25), None)];
/// let accuracy = accuracy(&points, &[0.1, 0.5, 0.9], &known)?;
/// assert_eq!((accuracy.mae, accuracy.scored, accuracy.missing), (Some(0.5), 1, 1));
/// assert_eq!(accuracy.skill, Some(0.0)); // yesterday's 3 was as far from 2.5
/// assert_eq!(accuracy.coverage[0].share, Some(1.0));
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Lengths`] where a point has not one quantile per level.
pub fn accuracy(
    points: &[PointInTime],
    levels: &[f64],
    known: &[(Timestamp, Option<f64>)],
) -> Result<Accuracy, Error> {
    let known: BTreeMap<Timestamp, f64> = known
        .iter()
        .filter_map(|(start, value)| Some((*start, value.filter(|value| value.is_finite())?)))
        .collect();
    let origin = points.first().map_or(Timestamp::MIN, |point| point.start);
    let mut columns = vec![Vec::with_capacity(points.len()); levels.len()];
    let (mut actual, mut yesterday) = (Vec::new(), Vec::new());
    for point in points {
        if point.quantiles.len() != levels.len() {
            return Err(Error::Lengths { values: levels.len(), forecasts: point.quantiles.len() });
        }
        for (column, quantile) in columns.iter_mut().zip(&point.quantiles) {
            column.push(*quantile);
        }
        let of = |start: Timestamp| known.get(&start).copied().unwrap_or(f64::NAN);
        actual.push(of(point.start));
        yesterday.push(last_day(point.start, origin).map_or(f64::NAN, of));
    }
    let median = levels.iter().zip(&columns).find(|(level, _)| (**level - 0.5).abs() < 1e-9);
    let means: Vec<f64> = points.iter().map(|point| point.mean).collect();
    let middle = median.map_or(&means, |(_, column)| column);
    let coverage = coverage_by_level(&actual, &columns, levels)?
        .into_iter()
        .map(|(level, share)| Coverage { level, share: Some(share).filter(|share| share.is_finite()) });
    let scored = actual.iter().filter(|value| !value.is_nan()).count();
    Ok(Accuracy {
        mae: metrics::mae(&actual, middle).ok(),
        wql: metrics::wql(&actual, &columns, levels).ok(),
        pinball: metrics::mean_pinball(&actual, &columns, levels).ok(),
        skill: skill(&actual, middle, &yesterday),
        coverage: coverage.collect(),
        scored,
        missing: actual.len() - scored,
        actual: actual.into_iter().map(|value| (!value.is_nan()).then_some(value)).collect(),
    })
}

/// The same time on the last day before `origin`, counted in days of 24 hours.
fn last_day(start: Timestamp, origin: Timestamp) -> Option<Timestamp> {
    let ahead = start.duration_since(origin).as_hours();
    start.checked_sub(SignedDuration::from_hours(24 * (ahead.max(0) / 24 + 1))).ok()
}

fn skill(actual: &[f64], forecast: &[f64], yesterday: &[f64]) -> Option<f64> {
    let both: Vec<f64> = actual
        .iter()
        .zip(yesterday)
        .map(|(actual, yesterday)| if yesterday.is_nan() { f64::NAN } else { *actual })
        .collect();
    let (own, other) = (metrics::mae(&both, forecast).ok()?, metrics::mae(&both, yesterday).ok()?);
    (other > 0.0).then(|| 1.0 - own / other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn points(hours: std::ops::Range<i64>, mean: f64) -> Vec<PointInTime> {
        hours
            .map(|hour| PointInTime { start: at(hour), mean, quantiles: vec![mean - 1.0, mean, mean + 1.0] })
            .collect()
    }

    const LEVELS: [f64; 3] = [0.1, 0.5, 0.9];

    #[test]
    fn the_scores_are_those_of_the_definitions() {
        // Worked out by hand: errors 1, 2 and 0 beside yesterday's 3, 3 and 1; of the intervals 9..11 two hold 11 and 10.
        let known = [(0, 8.0), (1, 9.0), (2, 9.0), (24, 11.0), (25, 12.0), (26, 10.0)];
        let known: Vec<_> = known.into_iter().map(|(hour, value)| (at(hour), Some(value))).collect();
        let found = accuracy(&points(24..27, 10.0), &LEVELS, &known).unwrap();
        assert_eq!(found.mae, Some(1.0));
        assert!((found.skill.unwrap() - (1.0 - 3.0 / 7.0)).abs() < 1e-12);
        assert_eq!((found.coverage[0].level, found.coverage.len()), (80, 1));
        assert!((found.coverage[0].share.unwrap() - 2.0 / 3.0).abs() < 1e-12);
        // Level 0.1 of 9: 0.1 * (2 + 3 + 1); 0.5 of 10: 0.5 * 3; 0.9 of 11: 0.9 * 1 + 0.1 * 1; over nine.
        let pinball = (0.6 + 1.5 + 1.0) / 9.0;
        assert!((found.pinball.unwrap() - pinball).abs() < 1e-12);
        assert!((found.wql.unwrap() - 2.0 * pinball / 11.0).abs() < 1e-12);
    }

    #[test]
    fn what_has_not_come_yet_is_not_scored_and_no_number_is_made_of_nothing() {
        let found = accuracy(&points(24..26, 1.0), &LEVELS, &[(at(24), None)]).unwrap();
        assert_eq!((found.scored, found.missing, found.mae), (0, 2, None));
        assert_eq!((found.wql, found.pinball, found.skill), (None, None, None));
        assert_eq!(found.coverage[0].share, None);
        assert_eq!(found.actual, [None, None]);
        assert_eq!(accuracy(&[], &[], &[]).unwrap().scored, 0);
    }

    #[test]
    fn the_second_day_is_compared_with_the_last_one_that_was_known() {
        let known = [(at(0), Some(4.0)), (at(24), Some(9.0)), (at(48), Some(5.0))];
        // Of 48 h only what was known at 24 h counts, the 4 of 0 h.
        let second = PointInTime { start: at(48), mean: 4.5, quantiles: vec![] };
        let first = PointInTime { start: at(24), mean: 9.0, quantiles: vec![] };
        let found = accuracy(&[first, second], &[], &known).unwrap();
        assert!((found.skill.unwrap() - (1.0 - 0.5 / 6.0)).abs() < 1e-12);
    }

    #[test]
    fn a_point_without_its_quantiles_is_refused() {
        let refused = accuracy(&points(0..1, 1.0), &[0.5], &[]);
        assert!(matches!(refused, Err(Error::Lengths { values: 1, forecasts: 3 })));
    }
}
