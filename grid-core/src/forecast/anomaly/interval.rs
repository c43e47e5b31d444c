//! Readings outside the interval of their forecast.

use std::collections::BTreeMap;

use super::{Anomaly, AnomalyKind};
use crate::forecast::{Error, Forecast, History, quantiles_of_levels, real};

const YEAR_MINUTES: f64 = 365.25 * 1440.0;
/// The margin is learnt for the rate over this: with the seasons, readings stray farther than they did.
const DRIFT: f64 = 2.0;
/// An interval counts as no narrower than this share of the mean width in its forecast: a panel's has no width at night,
/// and next to none in the hour in which the sun rises.
const LEAST_WIDTH: f64 = 0.3;

/// A watch over readings and the intervals that were forecast for them, which keeps to a rate of false alarms.
///
/// Of readings that are all in order, one in five lies outside an interval of 80 %. So the watch first learns, from the
/// readings and forecasts of some time in which nothing was wrong (or little), how far outside they stray, in widths of
/// the interval; an alarm is a reading farther out than all but as many as may be false. As long as the readings to come
/// stray like those, the chance of a false alarm is what was asked for, whatever the forecast's own intervals are worth.
///
/// The margin is learnt for half of the rate, since with the seasons readings stray farther than they did. On
/// `citylearn_load` (17 homes; ridge, intervals of 80 %, learnt anew every 30 days from the 61 before) twelve false alarms
/// a year were asked for and 10.8 alarms came, of 52 there came 28; on `citylearn_pv` (four plants) 11.0 and 24; what
/// really was odd is among them.
///
/// ```
/// use grid_core::forecast::{Forecast, History, IntervalWatch, Point};
/// use jiff::{ToSpan, civil::date};
///
/// let start = date(2026, 1, 1).at(0, 0, 0, 0);
/// let point = |hour: i64| Point { start: start + hour.hours(), mean: 2.0, quantiles: vec![1.0, 2.0, 3.0] };
/// let forecasts = [Forecast {
///     model: "ridge", quantile_levels: vec![0.1, 0.5, 0.9], points: (0..2000).map(point).collect(),
/// }];
/// let usual = History::new(start, 60, (0..2000).map(|hour| 1.0 + f64::from(hour % 9) / 4.0).collect())?;
/// let watch = IntervalWatch::learn(&usual, &forecasts, 80, 12.0)?;
///
/// let mut values = usual.values().to_vec();
/// values[100..103].fill(8.0);
/// let anomalies = watch.anomalies(&History::new(start, 60, values)?, &forecasts)?;
/// assert_eq!(anomalies.len(), 1);
/// assert_eq!((anomalies[0].start, anomalies[0].end), (start + 100.hours(), start + 103.hours()));
/// assert_eq!(anomalies[0].difference(), 15.0); // three times 8 where 3 is the bound
/// assert_eq!(anomalies[0].severity, 2.5); // 5 beyond a bound of an interval of width 2
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # References
///
/// Y. Romano, E. Patterson, E. Candes: "Conformalized quantile regression", `NeurIPS` 2019, for the distance from the
/// interval as the score and its corrected quantile; here in widths, so that a wild hour and a quiet one compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntervalWatch {
    level: u8,
    margin_widths: f64,
    false_alarms_per_year: f64,
}

impl IntervalWatch {
    /// Learns how far readings stray from the interval of `level` percent, for a rate of false alarms.
    ///
    /// # Errors
    ///
    /// [`Error::Level`] for a level not from 1 to 99 and [`Error::NoBounds`] for a forecast without its quantiles;
    /// [`Error::FalseAlarms`] for a rate that is not above zero, or above that of all readings outside such an interval;
    /// [`Error::TooFewReadings`] where there is not one observed reading for each that may not be alarmed for: of hours
    /// and 12 alarms a year that takes 1460, two months.
    pub fn learn(
        observed: &History,
        forecasts: &[Forecast],
        level: u8,
        false_alarms_per_year: f64,
    ) -> Result<Self, Error> {
        let readings = readings(observed, forecasts, level)?;
        let slots_per_year = YEAR_MINUTES / f64::from(observed.step_minutes());
        let most = slots_per_year * (1.0 - f64::from(level) / 100.0);
        if !(false_alarms_per_year > 0.0 && false_alarms_per_year <= most) {
            return Err(Error::FalseAlarms { most, got: false_alarms_per_year });
        }
        let mut distances: Vec<f64> = readings.values().map(Reading::distance_widths).collect();
        distances.sort_by(f64::total_cmp);
        // The next reading takes each place among all with the same chance, so the share of those above stays below
        // `share` where no more than that of the places lie above the margin.
        let share = false_alarms_per_year / slots_per_year / DRIFT;
        let above = (real(distances.len()) + 1.0) * share;
        let margin = distances.iter().enumerate().find(|(place, _)| real(distances.len() - place) <= above);
        match margin {
            Some((_, margin)) => Ok(Self { level, margin_widths: margin.max(0.0), false_alarms_per_year }),
            None => Err(Error::TooFewReadings { need: (share.recip() - 1.0).ceil(), got: distances.len() }),
        }
    }

    /// How far outside its interval a reading may lie, in widths of the interval.
    pub const fn margin_widths(&self) -> f64 {
        self.margin_widths
    }

    /// The false alarms a year that are to be expected at most, while readings stray as they did.
    pub const fn false_alarms_per_year(&self) -> f64 {
        self.false_alarms_per_year
    }

    /// The readings beyond the margin, in order of time; those that follow each other on the same side are one anomaly.
    ///
    /// A missing reading is no anomaly, and ends one. Where a slot was forecast twice, the later forecast in the list counts.
    ///
    /// # Errors
    ///
    /// [`Error::NoBounds`] for a forecast without the quantiles that bound the interval.
    pub fn anomalies(&self, observed: &History, forecasts: &[Forecast]) -> Result<Vec<Anomaly>, Error> {
        let mut anomalies: Vec<Anomaly> = Vec::new();
        let mut last = None;
        for (slot, reading) in readings(observed, forecasts, self.level)? {
            let distance = reading.distance_widths();
            if distance <= self.margin_widths {
                continue;
            }
            let is_above = reading.value > reading.high;
            let (kind, bound) =
                if is_above { (AnomalyKind::Above, reading.high) } else { (AnomalyKind::Below, reading.low) };
            let (Some(start), Some(end)) = (observed.slot_start(slot), observed.slot_start(slot + 1)) else {
                return Err(Error::OutOfRange);
            };
            match anomalies.last_mut() {
                Some(run) if run.kind == kind && last.is_some_and(|last| last + 1 == slot) => {
                    run.end = end;
                    run.expected += bound;
                    run.observed += reading.value;
                    run.severity = run.severity.max(distance);
                }
                _ => {
                    let (expected, observed) = (bound, reading.value);
                    anomalies.push(Anomaly { kind, start, end, expected, observed, severity: distance });
                }
            }
            last = Some(slot);
        }
        Ok(anomalies)
    }
}

/// A reading and the interval that was forecast for it.
struct Reading {
    value: f64,
    low: f64,
    high: f64,
    width: f64,
}

impl Reading {
    /// How far it lies outside of the interval, in widths; below zero within it.
    fn distance_widths(&self) -> f64 {
        let distance = (self.low - self.value).max(self.value - self.high);
        // Between two bounds that are one there is nothing to be measured in: on them is in order, beside them is not.
        if self.width > 0.0 {
            distance / self.width
        } else if distance > 0.0 {
            f64::MAX
        } else {
            0.0
        }
    }
}

/// The observed readings that have a forecast, by their slots.
fn readings(
    observed: &History,
    forecasts: &[Forecast],
    level: u8,
) -> Result<BTreeMap<usize, Reading>, Error> {
    let levels = quantiles_of_levels(&[level])?;
    let (Some(&low), Some(&high)) = (levels.first(), levels.last()) else {
        return Err(Error::Level { got: level });
    };
    let mut readings = BTreeMap::new();
    for forecast in forecasts {
        let Some(first) = forecast.points.first() else { continue };
        let (Some(lows), Some(highs)) = (forecast.quantile(low), forecast.quantile(high)) else {
            return Err(Error::NoBounds { level, start: first.start });
        };
        let widths = lows.iter().zip(&highs).map(|(low, high)| high - low);
        let least = LEAST_WIDTH * widths.sum::<f64>() / real(lows.len());
        for (point, (low, high)) in forecast.points.iter().zip(lows.into_iter().zip(highs)) {
            let known =
                observed.slot_of(point.start).and_then(|slot| Some((slot, observed.observed_value(slot)?)));
            if let Some((slot, value)) = known {
                readings.insert(slot, Reading { value, low, high, width: (high - low).max(least) });
            }
        }
    }
    Ok(readings)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{homes, hours};
    use super::*;
    use crate::forecast::{Model, Point, backtest, random::Random};
    use jiff::{
        ToSpan,
        civil::{DateTime, date},
    };
    use proptest::prelude::*;

    fn start() -> DateTime {
        date(2026, 1, 1).at(0, 0, 0, 0)
    }

    /// Forecasts of a day each, all with an interval of 80 % from 1 to 3.
    fn forecasts(days: usize) -> Vec<Forecast> {
        let point = |day: usize, hour: usize| Point {
            start: start() + i64::try_from(day * 24 + hour).unwrap().hours(),
            mean: 2.0,
            quantiles: vec![1.0, 2.0, 3.0],
        };
        (0..days)
            .map(|day| Forecast {
                model: "ridge",
                quantile_levels: vec![0.1, 0.5, 0.9],
                points: (0..24).map(|hour| point(day, hour)).collect(),
            })
            .collect()
    }

    /// Readings that stray from 2 by the sum of three chances: outside of 1 to 3 now and then.
    fn usual(days: usize, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..days * 24).map(|_| 0.5 + random.unit() + random.unit() + random.unit()).collect()
    }

    #[test]
    fn alarms_come_as_seldom_as_was_asked_for() {
        let watch = IntervalWatch::learn(&hours(start(), usual(365, 1)), &forecasts(365), 80, 24.0).unwrap();
        let years = 10;
        let later = hours(start(), usual(years * 365, 2));
        let alarms = watch.anomalies(&later, &forecasts(years * 365)).unwrap().len();
        // No more than 240 were asked for; the margin is for 120, and what is learnt from the 12 farthest readings of a
        // year is off by a third.
        assert!((50..=240).contains(&alarms), "{alarms}");
    }

    #[test]
    fn a_fault_is_one_anomaly_with_its_energy() {
        let watch = IntervalWatch::learn(&hours(start(), usual(800, 1)), &forecasts(800), 80, 1.0).unwrap();
        let mut values = usual(30, 3);
        values[100..105].fill(0.0);
        values[103] = f64::NAN;
        values[200] = 7.0;
        let anomalies = watch.anomalies(&hours(start(), values), &forecasts(30)).unwrap();
        let found: Vec<_> = anomalies.iter().map(|found| (found.kind, found.start, found.end)).collect();
        let at = |hour: i64| start() + hour.hours();
        let below = AnomalyKind::Below;
        let expected =
            [(below, at(100), at(103)), (below, at(104), at(105)), (AnomalyKind::Above, at(200), at(201))];
        assert_eq!(found, expected);
        assert!((anomalies[0].difference() + 3.0).abs() < 1e-12);
        assert!((anomalies[2].severity - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_watch_that_cannot_keep_its_rate_is_refused() {
        let learn = |days: usize, level, rate| {
            IntervalWatch::learn(&hours(start(), usual(days, 1)), &forecasts(days), level, rate)
        };
        assert!(matches!(learn(60, 80, 12.0), Err(Error::TooFewReadings { got: 1440, .. })));
        assert!(learn(61, 80, 12.0).is_ok());
        for rate in [0.0, -1.0, f64::NAN, 8766.0] {
            assert!(matches!(learn(61, 80, rate), Err(Error::FalseAlarms { .. })), "{rate}");
        }
        assert!(matches!(learn(61, 90, 12.0), Err(Error::NoBounds { level: 90, .. })));
        assert!(matches!(learn(61, 0, 12.0), Err(Error::Level { got: 0 })));
    }

    #[test]
    fn real_homes_raise_no_more_alarms_than_were_asked_for() {
        let Some(homes) = homes("citylearn_load") else { return };
        let (mut alarms, mut days) = (0, 0.0);
        for (_, home) in homes.into_iter().filter(|(name, _)| name != "community") {
            let first = home.start().date().tomorrow().unwrap().at(0, 0, 0, 0);
            let origins: Vec<DateTime> = (30..360).map(|day| first + day.days()).collect();
            let report =
                backtest(&Model::SeasonalNaiveDay, &home, &origins, 24, &[0.1, 0.5, 0.9], 28).unwrap();
            for window in (0..240).step_by(30) {
                let past = &report.forecasts[window..window + 61];
                let watch = IntervalWatch::learn(&home, past, 80, 12.0).unwrap();
                alarms += watch.anomalies(&home, &report.forecasts[window + 61..window + 91]).unwrap().len();
                days += 30.0;
            }
        }
        let per_year = f64::from(u32::try_from(alarms).unwrap()) / days * 365.25;
        assert!(per_year > 1.0 && per_year <= 12.0, "{per_year}");
    }

    proptest! {
        #[test]
        fn the_readings_learnt_from_hold_the_rate_themselves(
            seed: u64, days in 61..90_usize, rate in 12.0..500.0_f64,
        ) {
            let observed = hours(start(), usual(days, seed));
            let watch = IntervalWatch::learn(&observed, &forecasts(days), 80, rate).unwrap();
            let alarms = watch.anomalies(&observed, &forecasts(days)).unwrap().len();
            prop_assert!(real(alarms) <= rate * real(days) / 365.25 + 1.0);
        }
    }
}
