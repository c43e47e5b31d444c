//! The time of the rows: units, restarts with the steps, and what the wall clock beside it says.

use super::super::log::Remark;
use super::time::{self, Clock, DateOrder};

/// What a time that may restart shows, as it stands in the file.
#[derive(Clone, Debug)]
pub(super) struct Restarts {
    count: usize,
    /// Restarts inside a step.
    elsewhere: usize,
    stepped: bool,
    before: (f64, Option<i64>),
}

impl Default for Restarts {
    fn default() -> Self {
        Self { count: 0, elsewhere: 0, stepped: false, before: (f64::NAN, None) }
    }
}

impl Restarts {
    /// Takes the next rows.
    pub(super) fn push(&mut self, time: &[f64], steps: Option<&[i64]>) {
        let mut before = self.before.0;
        for (row, now) in time.iter().enumerate() {
            if *now < before {
                self.count += 1;
                let step = |row: usize| steps.and_then(|steps| steps.get(row)).copied();
                let step_before = row.checked_sub(1).map_or(self.before.1, step);
                self.elsewhere += usize::from(steps.is_some() && step_before == step(row));
            }
            before = *now;
        }
        self.stepped |= steps.is_some();
        self.before = (before, steps.and_then(<[i64]>::last).copied().or(self.before.1));
    }

    /// Whether the time is to be made to run on: of a step's own time (`expected`) always, else where the restarts
    /// are at the steps.
    pub(super) fn decide(&self, expected: bool) -> Option<Remark> {
        let runs_on = self.count > 0 && (self.elsewhere * 2 <= self.count || expected);
        runs_on.then(|| {
            Remark::new(
                "step_time_accumulated",
                format!("the time restarts {} times, with the steps; it was made to run on", self.count),
            )
        })
    }
}

/// A time that restarts at each step, made to run on; the wall clock says when each step started, where there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunOn {
    base: f64,
    before: f64,
}

impl Default for RunOn {
    fn default() -> Self {
        Self { base: 0.0, before: f64::NAN }
    }
}

impl RunOn {
    /// Makes the next rows run on.
    pub(super) fn apply(&mut self, time: &mut [f64], clocks: Option<&[f64]>) {
        for (row, value) in time.iter_mut().enumerate() {
            let own = *value;
            if own < self.before {
                self.base += self.before;
                let started = clocks.and_then(|clocks| clocks.get(row)).map_or(f64::NAN, |clock| clock - own);
                // A clock of whole seconds may lag behind by one.
                if started > self.base + 1.0 {
                    self.base = started;
                }
            }
            if !own.is_nan() {
                self.before = own;
            }
            *value = own + self.base;
        }
    }
}

/// Sets the time's unit right by the wall clock: minutes without a name, or milliseconds said to be seconds.
///
/// `said` is what the time runs over from the first row to the last, `shown` what the clock does.
pub(super) fn by_clock(said: f64, shown: f64, stated: bool) -> Option<(f64, Remark)> {
    const UNITS: [(f64, &str); 5] = [
        (60.0, "minutes"),
        (3600.0, "hours"),
        (86_400.0, "days"),
        (1e-3, "milliseconds"),
        (1e-6, "microseconds"),
    ];
    const SHORTEST_S: f64 = 5.0;
    if !(shown >= SHORTEST_S && said > 0.0) {
        return None;
    }
    // A clock that shows whole seconds is off by one at most.
    let bound = 0.01 + 1.0 / shown;
    let (factor, unit) = UNITS.into_iter().find(|(factor, _)| (said * factor / shown - 1.0).abs() < bound)?;
    let message = if stated {
        format!(
            "the header states another unit, but beside the wall clock the time is in {unit}; it was taken so"
        )
    } else {
        format!("the header states no unit; beside the wall clock the time is in {unit}")
    };
    Some((factor, Remark::new("time_unit_by_clock", message)))
}

/// The start of the test where only the preamble says it.
pub(super) fn stated_start(preamble: &str) -> Option<jiff::civil::DateTime> {
    preamble.lines().find_map(|line| {
        let lower = line.to_lowercase();
        let says =
            ["start of test", "started", "acquisition started", "date of test", "start time", "testbeginn"]
                .iter()
                .any(|words| lower.contains(words));
        if !says {
            return None;
        }
        let after = line.split_once([':', '\t', ',']).map(|(_, after)| after)?;
        let value = after.trim_matches([' ', '\t', '\r', ':', ',', ';', '"']);
        let order = time::date_order(std::iter::once(value.as_bytes())).unwrap_or(DateOrder::MonthFirst);
        time::clock(value.as_bytes(), order).and_then(Clock::civil)
    })
}

/// A row, and the time of the row before it and its own.
type Leap = (u64, f64, f64);

/// Where the time of the rows stands still, runs backward or leaps.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    row: u64,
    /// Time and current of the last row.
    before: (f64, f64),
    backward: u64,
    first_backward: Option<Leap>,
    repeated: u64,
    first_repeated: Option<u64>,
    missing: u64,
    /// How many intervals there are of each size, and the shortest of them.
    intervals: Vec<(u64, f64)>,
    /// How many of them current flows through at both ends, and the first: its row and its times.
    flowing: Vec<(u64, Option<Leap>)>,
}

/// Sizes of intervals: eight to each doubling, from 2^-20 s to 2^44 s.
const SIZES: usize = 512;

/// An interval's place among the sizes, by the bits of its exponent and the first three of its mantissa.
#[inline]
fn size(interval: f64) -> usize {
    const SMALLEST: u64 = (1023 - 20) << 3;
    let place = (interval.to_bits() >> 49).saturating_sub(SMALLEST);
    usize::try_from(place).unwrap_or(SIZES).min(SIZES - 1)
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            row: 0,
            before: (f64::NAN, f64::NAN),
            backward: 0,
            first_backward: None,
            repeated: 0,
            first_repeated: None,
            missing: 0,
            intervals: vec![(0, f64::INFINITY); SIZES],
            flowing: vec![(0, None); SIZES],
        }
    }
}

impl Pace {
    /// A gap is longer than this.
    const SHORTEST_GAP_S: f64 = 60.0;
    /// A gap is longer than so many usual intervals.
    const USUAL_TIMES: f64 = 10.0;

    /// Takes the next rows.
    pub(super) fn push(&mut self, time: &[f64], current: &[f64]) {
        for (now, flow) in time.iter().zip(current) {
            let (before, flow_before) = self.before;
            let interval = now - before;
            if interval > 0.0 {
                if let Some((count, shortest)) = self.intervals.get_mut(size(interval)) {
                    *count += 1;
                    *shortest = shortest.min(interval);
                }
                if interval > Self::SHORTEST_GAP_S
                    && flow.abs() > 0.0
                    && flow_before.abs() > 0.0
                    && let Some((count, first)) = self.flowing.get_mut(size(interval))
                {
                    *count += 1;
                    first.get_or_insert((self.row, before, *now));
                }
            } else {
                self.odd(*now, interval);
            }
            self.before = (*now, *flow);
            self.row += 1;
        }
    }

    #[cold]
    fn odd(&mut self, now: f64, interval: f64) {
        if now.is_nan() {
            self.missing += 1;
        } else if interval < 0.0 {
            self.backward += 1;
            self.first_backward.get_or_insert((self.row, self.before.0, now));
        } else if interval == 0.0 {
            self.repeated += 1;
            self.first_repeated.get_or_insert(self.row);
        }
    }

    /// The median interval, which is the shortest of its size, in s.
    pub(super) fn median(&self) -> Option<f64> {
        let all = self.intervals.iter().map(|(count, _)| count).sum::<u64>();
        let mut below = 0;
        self.intervals.iter().find_map(|(count, shortest)| {
            below += count;
            (below > all / 2).then_some(*shortest)
        })
    }

    /// Says where time runs backward and is missing, and, for a cycler, where it stands still or leaps.
    pub(super) fn remarks(&self, is_home: bool, remarks: &mut Vec<Remark>) {
        if let Some((row, before, now)) = self.first_backward {
            remarks.push(Remark::new(
                "time_backward",
                format!(
                    "the time jumps back {} times, first at row {row} from {before} s to {now} s",
                    self.backward
                ),
            ));
        }
        if self.missing > 0 {
            remarks.push(Remark::new("time_missing", format!("{} rows have no time", self.missing)));
        }
        if let Some(row) = self.first_repeated {
            remarks.push(Remark::new(
                "time_repeated",
                format!("{} rows have the time of the row before them, first row {row}", self.repeated),
            ));
        }
        if is_home {
            return;
        }
        // Usual is what nineteen intervals in twenty do not exceed: cyclers that write a row at each change of voltage
        // have long and short intervals, of which the longer are no gaps.
        let all = self.intervals.iter().map(|(count, _)| count).sum::<u64>();
        let most = all - all / 20;
        let mut passed = 0;
        let usual = self.intervals.iter().position(|(count, _)| {
            passed += count;
            passed >= most
        });
        // Ten times are three doublings and a quarter of the sizes' way to the fourth: 8 x 3 + 2 sizes, one more to be
        // sure that all of a size is beyond.
        let beyond = usual.map_or(SIZES, |usual| usual + 8 * 3 + 3);
        let gaps = self.flowing.get(beyond..).unwrap_or_default();
        let count: u64 = gaps.iter().map(|(count, _)| count).sum();
        if let Some((row, before, now)) =
            gaps.iter().filter_map(|(_, first)| *first).min_by_key(|first| first.0)
        {
            remarks.push(Remark::new(
                "time_gap",
                format!(
                    "the time leaps {count} times by more than {} usual intervals while current flows, first at row \
                     {row} from {before} s to {now} s",
                    Self::USUAL_TIMES
                ),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(time: &[f64], current: &[f64]) -> Vec<&'static str> {
        let mut pace = Pace::default();
        for (time, current) in time.iter().zip(current) {
            pace.push(&[*time], &[*current]);
        }
        let mut remarks = Vec::new();
        pace.remarks(false, &mut remarks);
        remarks.into_iter().map(|remark| remark.code).collect()
    }

    #[test]
    fn a_leap_under_current_is_a_gap_and_one_at_rest_is_none() {
        let mut time: Vec<f64> = (0..50).map(|row| f64::from(row) * 10.0).collect();
        time.extend((0..50).map(|row| 700.0 + f64::from(row) * 10.0));
        assert_eq!(codes(&time, &[1.0; 100]), ["time_gap"]);
        assert!(codes(&time, &[0.0; 100]).is_empty());
        let usual: Vec<f64> = (0..100).map(|row| f64::from(row) * 10.0).collect();
        assert!(codes(&usual, &[1.0; 100]).is_empty());
    }

    #[test]
    fn time_that_stands_still_or_runs_backward_is_named() {
        assert_eq!(codes(&[0.0, 1.0, 1.0, 0.5], &[1.0; 4]), ["time_backward", "time_repeated"]);
        assert_eq!(codes(&[0.0, f64::NAN, 1.0], &[1.0; 3]), ["time_missing"]);
    }
}
