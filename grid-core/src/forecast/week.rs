//! What a home is told of the week to come: its days, the hours of the first, and when the peaks are.

use jiff::{civil::Date, tz::TimeZone};

use super::{Error, Fit, Forecast, History, Predict};

/// An hour counts as a peak from this share of the day's highest hour on.
const PEAK: f64 = 0.9;
/// How many days the outlook has, and how many days before it the first one is compared with.
const DAYS: usize = 7;

/// What is expected of the seven days after a history, in its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct WeekOutlook {
    /// The model that made it.
    pub model: &'static str,
    /// The sum of each day, in order.
    pub days: Vec<(Date, f64)>,
    /// What is expected in each hour of the first day on the clock, from midnight on: nothing in an hour that the clock
    /// skips, and both parts of one that it repeats.
    pub hours: [f64; 24],
    /// The hours of the first day, ascending, in which at least nine tenths of its highest hour are expected.
    pub peak_hours: Vec<usize>,
    /// How much more, in percent, the first day has than the mean of the seven before it; `None` where nothing is known of
    /// those, or they had nothing.
    pub change_percent: Option<f64>,
}

impl WeekOutlook {
    /// The sum of all seven days.
    pub fn total(&self) -> f64 {
        self.days.iter().map(|(_, sum)| sum).sum()
    }
}

/// Forecasts the week after a history of amounts per slot, which ends at a local midnight.
///
/// ```
/// use grid_core::forecast::{History, Model, week_outlook};
/// use jiff::{civil::date, tz::TimeZone};
///
/// // One kilowatt-hour an hour, three at eight in the evening.
/// let kwh = (0..24 * 28).map(|hour| if hour % 24 == 20 { 3.0 } else { 1.0 }).collect();
/// let history = History::new(date(2026, 6, 1).at(0, 0, 0, 0), 60, kwh)?;
/// let week = week_outlook(&Model::SeasonalNaiveDay, &history, &TimeZone::UTC)?;
/// assert_eq!((week.days[0], week.days.len()), ((date(2026, 6, 29), 26.0), 7));
/// assert_eq!((week.peak_hours.as_slice(), week.change_percent), ([20].as_slice(), Some(0.0)));
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// What the model refuses, and [`Error::OutOfRange`] past the years -9999 to 9999.
pub fn week_outlook(model: &impl Fit, history: &History, zone: &TimeZone) -> Result<WeekOutlook, Error> {
    let forecast = model.fit(history)?.predict(DAYS * history.slots_per_day(), &[])?;
    let hours = hours_of(&forecast, history.end().date(), zone)?;
    let days = days_of(&forecast, zone)?;
    let first = days.first().map_or(0.0, |(_, sum)| *sum);
    let change_percent =
        mean_day(history).filter(|before| *before > 0.0).map(|before| 100.0 * (first - before) / before);
    Ok(WeekOutlook { model: forecast.model, days, hours, peak_hours: peak_hours(&hours), change_percent })
}

/// The sum of each local day of a forecast of amounts, in order.
fn days_of(forecast: &Forecast, zone: &TimeZone) -> Result<Vec<(Date, f64)>, Error> {
    let mut days: Vec<(Date, f64)> = Vec::new();
    for point in forecast.local_to_instants(zone)? {
        let date = zone.to_datetime(point.start).date();
        match days.last_mut() {
            Some((last, sum)) if *last == date => *sum += point.mean,
            _ => days.push((date, point.mean)),
        }
    }
    Ok(days)
}

/// The amount of each hour of a day on the clock.
fn hours_of(forecast: &Forecast, date: Date, zone: &TimeZone) -> Result<[f64; 24], Error> {
    let mut hours = [0.0; 24];
    for point in forecast.local_to_instants(zone)? {
        let at = zone.to_datetime(point.start);
        if at.date() == date
            && let Some(hour) = hours.get_mut(usize::from(at.hour().unsigned_abs()))
        {
            *hour += point.mean;
        }
    }
    Ok(hours)
}

/// The hours in which at least nine tenths of the highest are expected; none where nothing is expected at all.
fn peak_hours(hours: &[f64]) -> Vec<usize> {
    let highest = hours.iter().copied().fold(0.0, f64::max);
    let is_peak = |value: f64| highest > 0.0 && value >= PEAK * highest;
    hours.iter().enumerate().filter(|(_, value)| is_peak(**value)).map(|(hour, _)| hour).collect()
}

/// What a day came to on average in the last seven days, as far as their slots are known.
fn mean_day(history: &History) -> Option<f64> {
    let slots = history.values().len();
    let known: Vec<f64> = (slots.saturating_sub(DAYS * history.slots_per_day())..slots)
        .filter_map(|slot| history.observed_value(slot))
        .collect();
    let per_day = super::real(history.slots_per_day());
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / super::real(known.len()) * per_day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Model;
    use jiff::civil::date;

    fn weeks(start: Date, kwh: impl Fn(u32) -> f64) -> History {
        History::new(start.at(0, 0, 0, 0), 60, (0..24 * 14).map(kwh).collect()).unwrap()
    }

    fn outlook(history: &History, zone: &str) -> WeekOutlook {
        week_outlook(&Model::SeasonalNaiveDay, history, &TimeZone::get(zone).unwrap()).unwrap()
    }

    #[test]
    fn a_day_of_23_hours_has_an_hour_of_nothing_and_one_of_25_has_one_twice() {
        // Madrid changes its clock on 29 March and on 25 October 2026.
        let spring = outlook(&weeks(date(2026, 3, 15), |_| 1.0), "Europe/Madrid");
        assert_eq!(spring.days[0], (date(2026, 3, 29), 23.0));
        assert_eq!((spring.hours[1], spring.hours[2], spring.hours[3]), (1.0, 0.0, 1.0));
        let autumn = outlook(&weeks(date(2026, 10, 11), |_| 1.0), "Europe/Madrid");
        assert_eq!(autumn.days[0], (date(2026, 10, 25), 25.0));
        assert_eq!((autumn.hours[2], autumn.peak_hours.as_slice()), (2.0, [2].as_slice()));
        assert!((autumn.total() - 169.0).abs() < 1e-9);
    }

    #[test]
    fn the_first_day_is_compared_with_the_week_before_it() {
        // 24 kWh a day, then seven days of 48, repeated: no change; a last day of twice as much: 96 against (6 * 48 + 96) / 7.
        let steady = outlook(&weeks(date(2026, 6, 1), |hour| if hour < 168 { 1.0 } else { 2.0 }), "UTC");
        assert_eq!(steady.change_percent, Some(0.0));
        let last = outlook(&weeks(date(2026, 6, 1), |hour| if hour < 312 { 2.0 } else { 4.0 }), "UTC");
        let before = (6.0 * 48.0 + 96.0) / 7.0;
        assert!((last.change_percent.unwrap() - 100.0 * (96.0 / before - 1.0)).abs() < 1e-9);
    }

    #[test]
    fn where_nothing_is_used_there_is_no_peak_and_no_change() {
        let nothing = outlook(&weeks(date(2026, 6, 1), |_| 0.0), "UTC");
        assert_eq!((nothing.peak_hours.len(), nothing.change_percent, nothing.total()), (0, None, 0.0));
    }

    #[test]
    fn several_hours_can_be_peaks() {
        let evening = |hour: u32| match hour % 24 {
            19 => 2.8,
            20 => 3.0,
            21 => 2.6,
            _ => 0.5,
        };
        assert_eq!(outlook(&weeks(date(2026, 6, 1), evening), "UTC").peak_hours, [19, 20]);
    }
}
