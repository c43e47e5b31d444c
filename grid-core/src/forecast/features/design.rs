//! The columns of the regressions.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Days, Past, Scaling, weather::Scaled};
use crate::forecast::{Error, history::DayKind, real};

/// Days back of the same time of day.
const LAGS: [usize; 8] = [1, 2, 3, 4, 5, 6, 7, 14];
/// Same weekdays of the past, over which the time of day is averaged.
const WEEKS: usize = 4;

/// What some columns of a regression say something about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Group {
    /// The same time of the last days.
    SameTime,
    /// The same time of the same weekdays.
    SameWeekday,
    /// How the last day went.
    LastDay,
    /// How much the last days came to.
    Level,
    /// The weekday, and whether it is a holiday.
    Calendar,
    /// The time of the year.
    Season,
    /// The regressor of that name.
    Regressor(String),
    /// Another member of a combination, by its model's name.
    Member(String),
}

/// The columns of the regressions as seen from the origins of some days. Column follows column; a row is an origin.
///
/// Some columns are the same for all slots of a date (the shared ones), so they are made once.
#[derive(Debug)]
pub(crate) struct Design<'a> {
    past: &'a Past,
    days: &'a Days,
    seasonal: bool,
    regressors: Vec<(String, Scaled)>,
    /// Whether any holiday is known.
    holidays: bool,
}

impl<'a> Design<'a> {
    /// Makes columns of `days` for the `slots` slots after their end.
    ///
    /// # Errors
    ///
    /// [`Error::RegressorEnds`] where a regressor is not known as far.
    pub(crate) fn new(
        past: &'a Past,
        days: &'a Days,
        seasonal: bool,
        scalings: &[Scaling],
        slots: usize,
    ) -> Result<Self, Error> {
        let until = days.place(days.count(), slots);
        let scaled = |scaling: &Scaling| Ok((scaling.name.clone(), scaling.apply(past, days, until)?));
        let regressors = scalings.iter().map(scaled).collect::<Result<_, Error>>()?;
        let holidays = !past.history().holidays().is_empty();
        Ok(Self { past, days, seasonal, regressors, holidays })
    }

    /// What the columns of a slot say something about: the shared ones, and then its own.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let mut groups = vec![Group::LastDay; 2 + self.days.blocks().count()];
        groups.extend(vec![Group::Level; 5]);
        groups.extend(vec![Group::Calendar; if self.holidays { 9 } else { 7 }]);
        groups.extend(vec![Group::Season; if self.seasonal { 4 } else { 0 }]);
        groups.extend(vec![Group::SameTime; LAGS.len() + 1]);
        groups.push(Group::SameWeekday);
        groups.extend(vec![Group::SameTime; 2]);
        groups.extend(vec![Group::SameWeekday; 2]);
        groups.extend(vec![Group::Calendar; 2]);
        for (name, scaled) in &self.regressors {
            groups.extend(vec![Group::Regressor(name.clone()); scaled.count()]);
        }
        groups
    }

    /// The first slots after the origin in two runs: up to local midnight, and from there on.
    pub(crate) fn dates(&self, slots: usize) -> [Range<usize>; 2] {
        let length = self.days.length();
        let midnight = (length - self.past.clock_slot(self.days.place(0, 0))).min(slots);
        [0..midnight, midnight..slots]
    }

    /// Appends the columns that are the same for every slot of the date of `slot`, `ahead` further days ahead, as seen from
    /// the start of each of the days `origins`.
    pub(crate) fn shared(&self, slot: usize, ahead: usize, origins: Range<usize>, columns: &mut Vec<f64>) {
        let days = self.days;
        // How the last day went.
        for last in 1..=2 {
            lagged(days.slot(days.length() - last), &origins, 1, columns);
        }
        for block in days.blocks() {
            lagged(&block, &origins, 1, columns);
        }
        // The level of the last days.
        let whole = days.whole();
        for back in [1, 2, 3, 7] {
            lagged(&whole, &origins, back, columns);
        }
        lagged(&of_last_days(&whole), &origins, 1, columns);
        // The calendar.
        let history = self.past.history();
        let dates: Vec<DayKind> =
            origins.clone().map(|origin| history.day_kind_of(days.place(origin + ahead, slot))).collect();
        for number in 0..7 {
            columns.extend(dates.iter().map(|kind| flag(kind.weekday == number)));
        }
        if self.holidays {
            columns.extend(dates.iter().map(|kind| flag(kind.holiday)));
            columns.extend(dates.iter().map(|kind| flag(kind.bridge)));
        }
        if self.seasonal {
            let angle = |origin| history.season_of(days.place(origin + ahead, slot)) * std::f64::consts::TAU;
            let angles: Vec<f64> = origins.map(angle).collect();
            columns.extend(angles.iter().map(|angle| angle.sin()));
            columns.extend(angles.iter().map(|angle| angle.cos()));
            columns.extend(angles.iter().map(|angle| (2.0 * angle).sin()));
            columns.extend(angles.iter().map(|angle| (2.0 * angle).cos()));
        }
    }

    /// Appends the columns of the slot `slot` slots after the origin, a further `ahead` days ahead.
    pub(crate) fn own(&self, slot: usize, ahead: usize, origins: Range<usize>, columns: &mut Vec<f64>) {
        let days = self.days;
        let same = days.slot(slot);
        let (before, after) = (days.hour_before(slot), days.hour_after(slot));
        // The last week of the target's weekday that had ended.
        let week = (ahead / 7 + 1) * 7 - ahead;
        for back in LAGS {
            lagged(same, &origins, back, columns);
        }
        lagged(&of_last_days(same), &origins, 1, columns);
        lagged(&of_last_weeks(same), &origins, week, columns);
        lagged(&before, &origins, 1, columns);
        lagged(&after, &origins, 1, columns);
        lagged(&of_last_weeks(&before), &origins, week, columns);
        lagged(&of_last_weeks(&after), &origins, week, columns);
        let day_off = |origin| self.past.history().day_kind_of(days.place(origin + ahead, slot)).is_day_off();
        let weekend: Vec<f64> = origins.clone().map(|origin| flag(day_off(origin))).collect();
        for back in [1, 7] {
            let start = columns.len();
            lagged(same, &origins, back, columns);
            let fresh = columns.iter_mut().skip(start);
            fresh.zip(&weekend).for_each(|(value, weekend)| *value *= weekend);
        }
        for (_, regressor) in &self.regressors {
            regressor.columns(slot, ahead, &origins, columns);
        }
    }
}

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

/// Appends, for each origin, the value of the day that lies `back` days before it; where the past does not go back as far,
/// the one whole weeks later that had ended by then, else the usual.
fn lagged(by_day: &[f64], origins: &Range<usize>, back: usize, column: &mut Vec<f64>) {
    let back = back.max(1);
    let whole = origins.start.max(back).min(origins.end);
    column.extend((origins.start..whole).map(|origin| {
        // The first whole weeks after which it lies in the past, if it had ended by then.
        let day = (origin + 7 * (back - origin).div_ceil(7)).checked_sub(back).filter(|day| *day < origin);
        day.and_then(|day| by_day.get(day)).copied().unwrap_or_default()
    }));
    if whole < origins.end {
        column.extend_from_slice(by_day.get(whole - back..origins.end - back).unwrap_or_default());
    }
}

/// The mean of each day and the six before it.
fn of_last_days(by_day: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut means = Vec::with_capacity(by_day.len());
    for (day, value) in by_day.iter().enumerate() {
        sum += value;
        if let Some(gone) = day.checked_sub(7).and_then(|gone| by_day.get(gone)) {
            sum -= gone;
        }
        means.push(sum / real((day + 1).min(7)));
    }
    means
}

/// The mean of each day and the same weekdays of the three weeks before it.
fn of_last_weeks(by_day: &[f64]) -> Vec<f64> {
    let mut means = Vec::with_capacity(by_day.len());
    for day in 0..by_day.len() {
        let weeks = (0..WEEKS).map_while(|week| day.checked_sub(7 * week));
        let (sum, count) = weeks
            .filter_map(|day| by_day.get(day))
            .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        means.push(if count > 0.0 { sum / count } else { 0.0 });
    }
    means
}
