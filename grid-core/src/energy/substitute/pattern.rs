//! What a missing slot would have had, by what is known around it.

use std::collections::HashMap;

use jiff::{
    ToSpan,
    civil::{Date, Time},
};

use super::{DayKind, Method, Rules};
use crate::{
    quantity::{Energy, Rounding, divide},
    series::{Quality, Series, Slot},
    time::{Calendar, Interval},
};

/// A slot without an energy, and what it would have had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing {
    pub(super) slot: usize,
    pub(super) interval: Interval,
    pub(super) pattern: Option<(Energy, Method)>,
    /// Another pattern, for when the first says that nothing was used and a register that something was: between two
    /// zeros there is a line, and it says little.
    pub(super) second: Option<(Energy, Method)>,
}

/// The slots of `series` that start within `period` and have no energy, with the pattern of each.
pub(super) fn missing(series: &Series, period: Interval, rules: &Rules) -> Vec<Missing> {
    let mut days: Option<Days<'_>> = None;
    let mut found = Vec::new();
    let slots = series.slots();
    let mut number = 0;
    for run in slots.chunk_by(|left, right| left.energy.is_none() == right.energy.is_none()) {
        let first = number;
        number += run.len();
        if run.first().is_none_or(|slot| slot.energy.is_some()) {
            continue;
        }
        let before = first.checked_sub(1).and_then(|number| slots.get(number));
        let line = Line::across(run, before, slots.get(number), rules);
        for (step, slot) in (1_i64..).zip(run) {
            if !period.contains(slot.interval.start()) {
                continue;
            }
            let slot_number = first + usize::try_from(step - 1).unwrap_or(0);
            let on_line = line.as_ref().map(|line| (line.at(step), Method::LinearInterpolation));
            let mut by_days = || {
                let days = days.get_or_insert_with(|| Days::new(series, rules));
                days.average(slot.interval).map(|energy| (energy, Method::ComparableDays))
            };
            let (pattern, second) = match on_line {
                Some((Energy::ZERO, _)) => (on_line, by_days()),
                Some(_) => (on_line, None),
                None => (by_days(), None),
            };
            found.push(Missing { slot: slot_number, interval: slot.interval, pattern, second });
        }
    }
    found
}

/// Whether a slot's energy is what a meter or its operator said of the whole slot.
fn is_basis(slot: &Slot) -> bool {
    slot.energy.is_some() && slot.quality <= Quality::Estimated
}

/// The line from the slot before a gap to the one behind it.
struct Line {
    before: i128,
    after: i128,
    steps: i64,
}

impl Line {
    fn across(gap: &[Slot], before: Option<&Slot>, after: Option<&Slot>, rules: &Rules) -> Option<Self> {
        let (before, after) = (before?, after?);
        let (first, last) = (gap.first()?, gap.last()?);
        let length = Interval::new(first.interval.start(), last.interval.end()).ok()?.duration();
        // Slots of unequal length lie on no line.
        let step = first.interval.duration();
        let equal = gap.iter().chain([before, after]).all(|slot| slot.interval.duration() == step);
        if length > rules.longest_interpolation || !equal || !is_basis(before) || !is_basis(after) {
            return None;
        }
        Some(Self {
            before: i128::from(before.energy?.as_mwh()),
            after: i128::from(after.energy?.as_mwh()),
            steps: i64::try_from(gap.len()).ok()?.checked_add(1)?,
        })
    }

    /// `(before·(n − k) + after·k) / n` for the `k`th of `n − 1` slots.
    fn at(&self, step: i64) -> Energy {
        let (step, steps) = (i128::from(step), i128::from(self.steps));
        let weighted = self.before * (steps - step) + self.after * step;
        let mwh = divide(weighted, steps, Rounding::HalfUp).and_then(|mwh| i64::try_from(mwh).ok());
        // A mean of two energies lies between them, so it always fits.
        mwh.map_or(Energy::ZERO, Energy::from_mwh)
    }
}

/// The known slots by local date and time of day.
struct Days<'a> {
    calendar: &'a Calendar,
    rules: &'a Rules,
    known: HashMap<(Date, Time), (Energy, std::time::Duration)>,
}

impl<'a> Days<'a> {
    fn new(series: &'a Series, rules: &'a Rules) -> Self {
        let calendar = series.calendar();
        let mut known = HashMap::new();
        for slot in series.slots().iter().filter(|slot| is_basis(slot)) {
            let local = calendar.zone().to_datetime(slot.interval.start());
            if let Some(energy) = slot.energy {
                // Of an hour that the clock shows twice, the first stands for both.
                known.entry((local.date(), local.time())).or_insert((energy, slot.interval.duration()));
            }
        }
        Self { calendar, rules, known }
    }

    /// The average of the same local slot on the last days of the same kind, and on the next ones where there are not
    /// enough before.
    fn average(&self, slot: Interval) -> Option<Energy> {
        let local = self.calendar.zone().to_datetime(slot.start());
        let (date, time) = (local.date(), local.time());
        let kind = DayKind::of(date, &self.rules.holidays);
        let around = i32::from(self.rules.look_around_days);
        let alike = (1..=around)
            .map(|days| -days)
            .chain(1..=around)
            .filter_map(|days| date.checked_add(days.days()).ok())
            .filter(|&other| DayKind::of(other, &self.rules.holidays) == kind)
            .filter_map(|other| self.known.get(&(other, time)))
            .filter(|&&(_, length)| length == slot.duration())
            .take(self.rules.comparable_days);
        let (sum, count) = alike.fold((0_i128, 0_i128), |(sum, count), (energy, _)| {
            (sum + i128::from(energy.as_mwh()), count + 1)
        });
        let mean = divide(sum, count, Rounding::HalfUp)?;
        i64::try_from(mean).ok().map(Energy::from_mwh)
    }
}
