//! Rules about what rows say: below zero, beyond the device, spikes, stuck registers, zeros.

use std::collections::HashMap;

use jiff::civil::Time;

use super::{
    Expectation, Finding, Raw, Rule, Rules, Severity,
    check::about,
    robust::{median, median_absolute_deviation},
};
use crate::quantity::{Energy, Power, Rounding, divide};

/// Values below zero.
pub(super) fn negative(rows: &[Raw], found: &mut Vec<Finding>) {
    for row in rows {
        if let Some(energy) = row.energy.filter(|energy| energy.is_negative()) {
            let words = ("an energy of zero or more".to_owned(), energy.to_string());
            found.extend(about(std::slice::from_ref(row), Rule::Negative, Severity::Fault, words));
        }
    }
}

/// Values that the device's rated power could not have made in their time.
pub(super) fn impossible(
    rows: &[Raw],
    expectation: &Expectation<'_>,
    rules: &Rules,
    found: &mut Vec<Finding>,
) {
    let Some(rated) = expectation.rated_power else { return };
    let tolerated = 1_000_000 + i64::from(rules.power_tolerance.as_ppm());
    for row in rows {
        let most = rated
            .over(row.interval.duration(), Rounding::Up)
            .and_then(|energy| energy.scale(tolerated, 1_000_000, Rounding::Up));
        if let (Some(energy), Some(most)) = (row.energy, most)
            && energy > most
        {
            let words = (most_of(most, rated), energy.to_string());
            found.extend(about(std::slice::from_ref(row), Rule::ImpossiblePower, Severity::Fault, words));
        }
    }
}

fn most_of(most: Energy, rated: Power) -> String {
    format!("at most {most} from {rated}")
}

/// Values far above their hour of day and above the channel's peaks.
pub(super) fn spikes(rows: &[Raw], expectation: &Expectation<'_>, rules: &Rules, found: &mut Vec<Finding>) {
    let hour = |row: &Raw| expectation.calendar.zone().to_datetime(row.interval.start()).time().hour();
    let usable: Vec<(&Raw, i64, i8)> = rows
        .iter()
        .filter(|row| expectation.fits(row))
        .filter_map(|row| Some((row, row.energy.filter(|energy| !energy.is_negative())?.as_mwh(), hour(row))))
        .collect();
    let mut by_hour: HashMap<i8, Vec<i64>> = HashMap::new();
    for &(_, mwh, hour) in &usable {
        by_hour.entry(hour).or_default().push(mwh);
    }
    let mut all: Vec<i64> = usable.iter().map(|&(_, mwh, _)| mwh).collect();
    all.sort_unstable_by(|left, right| right.cmp(left));
    let Some(&peak) = all.get((all.len() / 100).max(3) - 1) else { return };
    let over_peak = i128::from(peak) * (100 + i128::from(rules.spike_over_peak_percent));
    let limits: HashMap<i8, (i64, i128)> = by_hour
        .into_iter()
        .filter(|(_, values)| values.len() >= rules.spike_samples)
        .filter_map(|(hour, mut values)| {
            let middle = median(&mut values)?;
            let deviation = median_absolute_deviation(&values, middle)?;
            let factor = i128::from(rules.spike_deviations) * 14_826;
            let above = divide(i128::from(deviation).checked_mul(factor)?, 10_000, Rounding::Up)?;
            Some((hour, (middle, i128::from(middle) + above.max(i128::from(rules.spike_least.as_mwh())))))
        })
        .collect();
    for (row, mwh, hour) in usable {
        if let Some(&(middle, limit)) = limits.get(&hour)
            && i128::from(mwh) > limit
            && i128::from(mwh) * 100 > over_peak
        {
            let limit = limit.max(over_peak / 100);
            let limit = i64::try_from(limit)
                .map_or_else(|_| limit.to_string(), |mwh| Energy::from_mwh(mwh).to_string());
            let middle = Energy::from_mwh(middle);
            let words =
                (format!("at most {limit} (usual at {hour} h: {middle})"), Energy::from_mwh(mwh).to_string());
            found.extend(about(std::slice::from_ref(row), Rule::Spike, Severity::Warning, words));
        }
    }
}

/// Stretches of rows that follow each other and have one value. The rows come by start, each interval once.
fn runs<'a>(rows: &'a [Raw], expectation: &'a Expectation<'_>) -> impl Iterator<Item = &'a [Raw]> {
    rows.chunk_by(|left, right| {
        left.energy == right.energy
            && left.interval.end() == right.interval.start()
            && expectation.fits(left) == expectation.fits(right)
    })
    .filter(|run| run.first().is_some_and(|row| expectation.fits(row)))
}

/// The same value, not zero, again and again.
pub(super) fn stuck(rows: &[Raw], expectation: &Expectation<'_>, rules: &Rules, found: &mut Vec<Finding>) {
    for run in runs(rows, expectation).filter(|run| run.len() >= rules.stuck_intervals.max(2)) {
        if let Some(energy) = run.first().and_then(|row| row.energy).filter(|&energy| energy != Energy::ZERO)
        {
            let words = (
                format!("fewer than {} equal values in a row", rules.stuck_intervals),
                format!("{energy} {} times", run.len()),
            );
            found.extend(about(run, Rule::Stuck, Severity::Warning, words));
        }
    }
}

/// Zeros at times of day that are hardly ever zero on other days, so that a night without sun is none.
pub(super) fn zeros(rows: &[Raw], expectation: &Expectation<'_>, rules: &Rules, found: &mut Vec<Finding>) {
    let time = |row: &Raw| expectation.calendar.zone().to_datetime(row.interval.start()).time();
    // Of each time of day, how many values there are and how many of them are zero.
    let mut seen: HashMap<Time, (usize, usize)> = HashMap::new();
    for row in rows.iter().filter(|row| expectation.fits(row)) {
        if let Some(energy) = row.energy {
            let (values, zeros) = seen.entry(time(row)).or_default();
            *values += 1;
            *zeros += usize::from(energy == Energy::ZERO);
        }
    }
    let long_enough = |run: &&[Raw]| {
        run.len() >= rules.zero_intervals.max(1)
            && run.first().is_some_and(|row| row.energy == Some(Energy::ZERO))
    };
    for run in runs(rows, expectation).filter(long_enough) {
        let mut here: HashMap<Time, usize> = HashMap::new();
        for row in run {
            *here.entry(time(row)).or_default() += 1;
        }
        let unusual = run
            .iter()
            .filter(|row| {
                let time = time(row);
                let inside = here.get(&time).copied().unwrap_or(0);
                let (values, zeros) = seen.get(&time).copied().unwrap_or((0, 0));
                let (values, zeros) = (values.saturating_sub(inside), zeros.saturating_sub(inside));
                let (part, whole) = (u64::try_from(zeros).unwrap_or(0), u64::try_from(values).unwrap_or(0));
                values >= rules.zero_samples.max(1)
                    && u128::from(part) * 1_000_000
                        <= u128::from(whole) * u128::from(rules.zero_share.as_ppm())
            })
            .count();
        if unusual >= rules.zero_intervals.max(1) {
            let words = (
                format!("fewer than {} zeros at times that are not zero on other days", rules.zero_intervals),
                format!("{unusual} of {} in a row", run.len()),
            );
            found.extend(about(run, Rule::ZeroRun, Severity::Warning, words));
        }
    }
}
