//! Rules about when rows are: gaps, what comes twice, overlaps, the clock, the future.

use jiff::{SignedDuration, Timestamp};

use super::{Expectation, Finding, Raw, Rule, Rules, Severity, check::about};
use crate::{energy::Error, time::Interval};

/// Time within the period that no row with a value covers. The rows come by start.
pub(super) fn gaps(rows: &[Raw], expectation: &Expectation<'_>, rules: &Rules, found: &mut Vec<Finding>) {
    let whole = || {
        let start = rows.first()?.interval.start();
        Interval::new(start, rows.iter().map(|row| row.interval.end()).max()?).ok()
    };
    let Some(period) = expectation.period.or_else(whole) else { return };
    let mut known_until = period.start();
    let mut gap = |from: Timestamp, to: Timestamp| {
        let Ok(interval) = Interval::new(from, to) else { return };
        if interval.duration() <= rules.clock_tolerance {
            return;
        }
        let resolution = expectation.resolution;
        let missing = resolution.fixed_seconds().map_or(1, |seconds| {
            let slot = (u64::from(seconds).max(1)) * 1_000_000;
            usize::try_from(interval.microseconds().div_ceil(slot)).unwrap_or(usize::MAX)
        });
        let plural = if missing == 1 { "" } else { "s" };
        found.push(Finding {
            interval,
            rule: Rule::Gap,
            severity: Severity::Warning,
            rows: missing,
            expected: format!("{missing} reading{plural} of {resolution}"),
            got: "none".to_owned(),
        });
    };
    for row in rows.iter().filter(|row| row.energy.is_some()) {
        let Some(part) = row.interval.intersection(period) else { continue };
        gap(known_until, part.start());
        known_until = known_until.max(part.end());
    }
    gap(known_until, period.end());
}

/// Intervals that come more than once: with one value that is odd, with several nobody knows which is true.
pub(super) fn duplicates(rows: &[Raw], found: &mut Vec<Finding>) {
    for same in rows.chunk_by(|left, right| left.interval == right.interval).filter(|same| same.len() > 1) {
        let mut values: Vec<String> = same
            .iter()
            .map(|row| row.energy.map_or_else(|| "none".to_owned(), |energy| energy.to_string()))
            .collect();
        values.dedup();
        let (severity, got) = match values.as_slice() {
            [one] => (Severity::Notice, format!("{one} {} times", same.len())),
            several => (Severity::Fault, several.join(" and ")),
        };
        found.extend(about(same, Rule::Duplicate, severity, ("one row".to_owned(), got)));
    }
}

/// Rows that share time with another one. The rows come by start, each interval once.
pub(super) fn overlaps(rows: &[Raw], found: &mut Vec<Finding>) {
    let mut furthest: Option<Interval> = None;
    for row in rows {
        if let Some(other) = furthest
            && other.overlaps(row.interval)
        {
            let words = (format!("a start at or after {}", other.end()), format!("an overlap with {other}"));
            found.extend(about(std::slice::from_ref(row), Rule::Overlap, Severity::Fault, words));
        }
        if furthest.is_none_or(|other| other.end() < row.interval.end()) {
            furthest = Some(row.interval);
        }
    }
}

/// Rows that end after the present, each stretch once.
pub(super) fn future(rows: &[Raw], expectation: &Expectation<'_>, rules: &Rules, found: &mut Vec<Finding>) {
    let tolerance = SignedDuration::try_from(rules.clock_tolerance).unwrap_or(SignedDuration::ZERO);
    let late = |row: &Raw| row.interval.end().duration_since(expectation.now) > tolerance;
    for run in rows.chunk_by(|left, right| late(left) == late(right)) {
        if let (true, Some(end)) =
            (run.first().is_some_and(late), run.iter().map(|row| row.interval.end()).max())
        {
            let words = (format!("an end by {}", expectation.now), format!("one at {end}"));
            found.extend(about(run, Rule::FutureDated, Severity::Fault, words));
        }
    }
}

/// Stretches of rows that start off the grid. The rows come by start, each interval once.
pub(super) fn drift(
    rows: &[Raw],
    expectation: &Expectation<'_>,
    rules: &Rules,
    found: &mut Vec<Finding>,
) -> Result<(), Error> {
    let tolerance = SignedDuration::try_from(rules.clock_tolerance).unwrap_or(SignedDuration::MAX);
    let mut offsets = Vec::with_capacity(rows.len());
    for row in rows {
        let start = row.interval.start();
        let slot = expectation.calendar.slot_of(start, expectation.resolution)?;
        let (since, until) = (start.duration_since(slot.start()), slot.end().duration_since(start));
        offsets.push((*row, if since <= until { since } else { -until }));
    }
    let is_off = |offset: SignedDuration| offset.abs() > tolerance;
    for run in offsets.chunk_by(|left, right| is_off(left.1) == is_off(right.1)) {
        let (Some(&(first_row, first)), Some(&(last_row, last))) = (run.first(), run.last()) else {
            continue;
        };
        if !is_off(first) || run.len() < rules.clock_intervals.max(1) {
            continue;
        }
        let least = run.iter().map(|&(_, offset)| offset).min().unwrap_or(first);
        let most = run.iter().map(|&(_, offset)| offset).max().unwrap_or(first);
        let grows = run.is_sorted_by_key(|&(_, offset)| offset)
            || run.is_sorted_by_key(|&(_, offset)| std::cmp::Reverse(offset));
        let got = if most.as_micros() - least.as_micros() <= tolerance.as_micros() {
            format!("a constant offset of {} s", first.as_secs())
        } else if grows {
            let time =
                last_row.interval.start().duration_since(first_row.interval.start()).as_millis().max(1);
            let a_day = (last.as_millis() - first.as_millis()) * 86_400 / time;
            format!(
                "an offset that goes from {} s to {} s, by {a_day} s a day",
                first.as_secs(),
                last.as_secs()
            )
        } else {
            format!("offsets from {} s to {} s", least.as_secs(), most.as_secs())
        };
        let of_run: Vec<Raw> = run.iter().map(|&(row, _)| row).collect();
        let words = (format!("starts on the grid of {}", expectation.resolution), got);
        found.extend(about(&of_run, Rule::ClockDrift, Severity::Warning, words));
    }
    Ok(())
}
