//! What only the vendor's convention says: the direction of a power or current that nothing in the rows contradicts,
//! when a count of energy starts again, and what a local clock does when it is put forward or back.

use super::super::log::Remark;
use super::decisions::Energies;
use super::vendor::{Counter, Positive, Vendor};

/// Says whether values of which the rows do not show the direction are to be turned: where the vendor counts
/// discharging as positive.
///
/// `shown` is whether the rows themselves could tell, by states, capacities, or a balance of the house; `flows` whether
/// any value is not zero.
pub(super) fn charging_positive(vendor: &Vendor, shown: bool, flows: bool) -> Option<Remark> {
    let turned = !shown && flows && vendor.positive == Positive::Discharge;
    turned.then(|| {
        Remark::new(
            "sign_by_convention",
            format!(
                "exports of {} count discharging as positive, and nothing in the rows shows the direction; it was \
                 turned",
                vendor.format
            ),
        )
    })
}

/// How a count of energy goes up and down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// Falls to less than a tenth of what it was, and falls by less than that.
    restarts: u64,
    gentle: u64,
    /// Rows in which it stays or rises, apart from zero.
    rises: u64,
    /// The last value, and the last that was not missing.
    before: f64,
    known: f64,
}

impl Default for Course {
    fn default() -> Self {
        Self { restarts: 0, gentle: 0, rises: 0, before: f64::NAN, known: f64::NAN }
    }
}

impl Course {
    /// Takes the next values.
    pub(super) fn push(&mut self, values: &[f64]) {
        for now in values {
            self.rises += u64::from(*now >= self.before && *now > 0.0);
            self.before = *now;
            if *now < self.known {
                let count = if *now < 0.1 * self.known { &mut self.restarts } else { &mut self.gentle };
                *count += 1;
            }
            if !now.is_nan() {
                self.known = *now;
            }
        }
    }
}

/// What the counts of energy of a home log are, and what is to be said about that.
///
/// They start again at midnight by the vendor's convention, or because each fall of them goes to a small part of what
/// was, and there are few falls: energies per interval fall gently and often. Else they are per interval by the vendor's
/// convention, or because any count of the log falls (`falls`).
pub(super) fn energies(
    vendor: &Vendor,
    [charge, discharge]: [Course; 2],
    falls: bool,
) -> (Energies, Option<Remark>) {
    let restarts = charge.restarts + discharge.restarts;
    let gentle = charge.gentle + discharge.gentle;
    let rises = charge.rises + discharge.rises;
    let daily = match vendor.counter {
        Counter::Day => true,
        Counter::Interval => false,
        _ => gentle == 0 && restarts > 0 && rises >= 4 * restarts,
    };
    if daily && restarts > 0 {
        let message =
            format!("counts of energy that start again from zero ({restarts} times) were made to run on");
        return (Energies::Daily, Some(Remark::new("daily_energy_summed", message)));
    }
    if daily || !falls && vendor.counter != Counter::Interval {
        return (Energies::Running, None);
    }
    let remark =
        Remark::new("interval_energy_summed", "energies per interval were summed to a running count");
    (Energies::Interval, Some(remark))
}

/// A count of energy that starts again, or that is per interval, made to run on from block to block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Total {
    base: f64,
    before: f64,
}

impl Default for Total {
    fn default() -> Self {
        Self { base: 0.0, before: f64::NAN }
    }
}

impl Total {
    /// Makes the next values run on.
    pub(super) fn apply(&mut self, energies: Energies, values: &mut [f64]) {
        for value in values.iter_mut().filter(|value| !value.is_nan()) {
            match energies {
                Energies::Running => return,
                Energies::Daily => {
                    let own = *value;
                    if own < self.before {
                        self.base += self.before;
                    }
                    self.before = own;
                    *value = own + self.base;
                }
                Energies::Interval => {
                    self.base += *value;
                    *value = self.base;
                }
            }
        }
    }
}

const HOUR_S: f64 = 3600.0;

/// A row with its time and the interval before it.
type Step = (u64, f64, f64);

/// Intervals that may be an hour too long or too short, from which the changes of a local clock are told at the end.
#[derive(Clone, Debug)]
pub(super) struct ClockChanges {
    row: u64,
    before: f64,
    /// Such as a usual interval of up to an hour and one hour more make, or one hour less and below zero.
    odd: Vec<Step>,
    /// Such as a usual interval of about an hour and one hour less make; most intervals of other files are so.
    short: Vec<Step>,
}

impl Default for ClockChanges {
    fn default() -> Self {
        Self { row: 0, before: f64::NAN, odd: Vec::new(), short: Vec::new() }
    }
}

impl ClockChanges {
    /// So many are kept of each kind. A clock changes twice a year, and a file with more odd intervals than this before
    /// the first change has no usual interval to tell it by.
    const MOST: usize = 4096;

    /// Takes the next times.
    pub(super) fn push(&mut self, time: &[f64]) {
        /// How far an interval may be from the usual one and an hour: half of the usual one, or of half an hour.
        const BOUND_S: f64 = HOUR_S / 4.0;
        for now in time {
            let interval = now - self.before;
            let longer = interval > HOUR_S && interval <= 2.0 * HOUR_S + BOUND_S;
            let kept = if longer || (-HOUR_S..0.0).contains(&interval) {
                Some(&mut self.odd)
            } else if (0.0..=BOUND_S).contains(&interval) {
                Some(&mut self.short)
            } else {
                None
            };
            if let Some(kept) = kept.filter(|kept| kept.len() < Self::MOST) {
                kept.push((self.row, *now, interval));
            }
            self.before = *now;
            self.row += 1;
        }
    }

    /// Says where a local clock was put back or forward by an hour.
    ///
    /// The times must come from a clock without a distance from UTC that showed `started_at` in the first row; `usual` is
    /// the median of the intervals.
    pub(super) fn remarks(
        &self,
        usual: Option<f64>,
        started_at: Option<jiff::civil::DateTime>,
        remarks: &mut Vec<Remark>,
    ) {
        /// The hours of the night in which clocks are changed.
        const LAST_HOUR: i8 = 4;
        let (Some(usual), Some(start)) = (usual.filter(|usual| *usual <= HOUR_S), started_at) else { return };
        let mut steps: Vec<Step> = self.odd.iter().chain(&self.short).copied().collect();
        steps.sort_unstable_by_key(|(row, ..)| *row);
        let changes = steps.into_iter().filter_map(|(row, time, interval)| {
            let shift = interval - usual;
            if (shift.abs() - HOUR_S).abs() > usual.min(HOUR_S / 2.0) * 0.5 {
                return None;
            }
            let at = start.checked_add(jiff::SignedDuration::try_from_secs_f64(time).ok()?).ok()?;
            let night = at.date().weekday() == jiff::civil::Weekday::Sunday && at.hour() <= LAST_HOUR;
            night.then_some((row, at, shift))
        });
        for (row, at, shift) in changes {
            let (code, what) = if shift < 0.0 {
                (
                    "clock_put_back",
                    "put back: an hour is there twice, and times after it are an hour too early",
                )
            } else {
                (
                    "clock_put_forward",
                    "put forward: an hour is missing, and times after it are an hour too late",
                )
            };
            remarks.push(Remark::new(
                code,
                format!(
                    "at row {row} ({at}) the local clock was {what}; the file states no distance from UTC"
                ),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::battery::read::{generic, solarman, tesla};

    #[test]
    fn a_convention_counts_only_where_the_rows_say_nothing() {
        let code =
            |vendor: &Vendor, shown, flows| charging_positive(vendor, shown, flows).map(|remark| remark.code);
        assert_eq!(code(&tesla::VENDOR, true, true), None);
        assert_eq!(code(&tesla::VENDOR, false, true), Some("sign_by_convention"));
        assert_eq!(code(&tesla::VENDOR, false, false), None);
        assert_eq!(code(&generic::VENDOR, false, true), None);
    }

    /// What a count of charge is, and what becomes of it in one piece and value by value.
    fn run_on(vendor: &Vendor, values: &[f64]) -> (Energies, Vec<f64>) {
        let (mut whole, mut parts) = (Course::default(), Course::default());
        whole.push(values);
        for value in values {
            parts.push(&[*value]);
        }
        let falls = values.array_windows().any(|[before, now]| now < before);
        let (energies, remark) = super::energies(vendor, [whole, Course::default()], falls);
        assert_eq!(super::energies(vendor, [Course::default(), parts], falls), (energies, remark));
        let mut all = values.to_vec();
        Total::default().apply(energies, &mut all);
        let (mut total, mut one_by_one) = (Total::default(), values.to_vec());
        for value in &mut one_by_one {
            total.apply(energies, std::slice::from_mut(value));
        }
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
        assert_eq!(bits(&one_by_one), bits(&all));
        (energies, all)
    }

    #[test]
    fn a_count_of_the_day_runs_on_and_energies_per_interval_are_summed() {
        let (energies, charge) = run_on(&solarman::VENDOR, &[0.0, 1.0, 2.0, 0.0, 1.0, f64::NAN, 3.0]);
        assert_eq!(energies, Energies::Daily);
        assert_eq!(charge[..5], [0.0, 1.0, 2.0, 2.0, 3.0]);
        assert!(charge[5].is_nan());
        assert_eq!(charge[6..], [5.0]);
        let interval = run_on(&generic::VENDOR, &[1.0, 0.5, 0.25, 0.75, 0.0, 0.5]);
        assert_eq!(interval, (Energies::Interval, vec![1.0, 1.5, 1.75, 2.5, 2.5, 3.0]));
        let running = [0.0, 1.0, 1.0, 5.0];
        assert_eq!(run_on(&generic::VENDOR, &running), (Energies::Running, running.to_vec()));
    }

    /// Where a clock that showed `started` at first changed.
    fn changes(started: jiff::civil::DateTime, usual: f64, time: &[f64]) -> Vec<&'static str> {
        let mut changes = ClockChanges::default();
        for time in time {
            changes.push(&[*time]);
        }
        let mut remarks = Vec::new();
        changes.remarks(Some(usual), Some(started), &mut remarks);
        remarks.into_iter().map(|remark| remark.code).collect()
    }

    #[test]
    fn an_hour_that_is_there_twice_or_not_at_all_is_said() {
        let spring = jiff::civil::date(2024, 3, 31).at(1, 30, 0, 0);
        assert_eq!(changes(spring, 900.0, &[0.0, 900.0, 5400.0, 6300.0]), ["clock_put_forward"]);
        let autumn = jiff::civil::date(2024, 10, 27).at(2, 30, 0, 0);
        assert_eq!(changes(autumn, 900.0, &[0.0, 900.0, -1800.0, -900.0]), ["clock_put_back"]);
        assert!(changes(autumn, 900.0, &[0.0, 900.0, 1800.0, 9900.0]).is_empty());
        // Hourly rows: the hour that is there twice has no interval at all.
        let midnight = jiff::civil::date(2024, 10, 27).at(1, 0, 0, 0);
        assert_eq!(changes(midnight, 3600.0, &[0.0, 3600.0, 3600.0, 7200.0]), ["clock_put_back"]);
        // On a Monday no clock is changed.
        assert!(changes(midnight, 3600.0, &[86_400.0, 90_000.0, 90_000.0]).is_empty());
    }
}
