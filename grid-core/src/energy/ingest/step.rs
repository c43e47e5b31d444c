//! How far apart the rows of a register are, and the intervals that follow from it.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan, civil::Time};

use super::local_clock::StampConvention;
use crate::time::{Calendar, Interval};

/// How the steps of a register's rows are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Seconds(i64),
    Day,
    Month,
}

/// Intervals of one step each.
pub(super) fn cut(
    rows: &[usize],
    instants: &[Timestamp],
    step: Step,
    convention: StampConvention,
    calendar: &Calendar,
    intervals: &mut [Option<Interval>],
) {
    for (at, instant) in rows.iter().zip(instants) {
        let interval = match (step, convention) {
            (Step::Seconds(step), StampConvention::Start) => {
                instant.checked_add(step.seconds()).ok().and_then(|end| Interval::new(*instant, end).ok())
            }
            (Step::Seconds(step), StampConvention::End) => {
                instant.checked_sub(step.seconds()).ok().and_then(|start| Interval::new(start, *instant).ok())
            }
            (Step::Day | Step::Month, convention) => {
                let within = match convention {
                    StampConvention::Start => Some(*instant),
                    StampConvention::End => instant.checked_sub(1.nanosecond()).ok(),
                };
                within.map(|within| calendar.date_of(within)).and_then(|date| match step {
                    Step::Month => calendar.month(date.year(), date.month()).ok(),
                    Step::Day | Step::Seconds(_) => calendar.day(date).ok(),
                })
            }
        };
        if let Some(slot) = intervals.get_mut(*at) {
            *slot = interval;
        }
    }
}

/// The step that most rows are apart, if all of them are whole steps apart; else the instant that is not, and what was
/// expected of it.
pub(super) fn step_of(sorted: &[Timestamp], calendar: &Calendar) -> Result<Step, (Timestamp, String)> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for pair in sorted.windows(2) {
        if let [a, b] = pair {
            *counts.entry(b.as_second() - a.as_second()).or_default() += 1;
        }
    }
    let usual = counts.into_iter().max_by_key(|(step, count)| (*count, -step)).map_or(0, |(step, _)| step);
    let is_midnight = |at: &Timestamp| calendar.zone().to_datetime(*at).time() == Time::midnight();
    if usual >= 23 * 3600 && sorted.iter().all(is_midnight) {
        let is_first = |at: &Timestamp| calendar.date_of(*at).day() == 1;
        return Ok(if usual >= 28 * 86_400 - 3600 && sorted.iter().all(is_first) {
            Step::Month
        } else {
            Step::Day
        });
    }
    let expected = |what: String| format!("rows that are evenly apart, {what}");
    if usual <= 0 || usual > 86_400 {
        let first = sorted.first().copied().unwrap_or_default();
        return Err((first, expected("at most a day".to_owned())));
    }
    for pair in sorted.windows(2) {
        if let [a, b] = pair
            && (b.as_second() - a.as_second()) % usual != 0
        {
            return Err((*b, expected(format!("by {usual} seconds, as most are"))));
        }
    }
    Ok(Step::Seconds(usual))
}
