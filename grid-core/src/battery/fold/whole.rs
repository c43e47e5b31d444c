//! What is counted over all rows, whatever their cycle and step.

use std::collections::BTreeMap;

use super::super::log::Format;
use super::super::rows::Rows;
use super::resolution::Resolution;

/// Counts and ends over all rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    pub(crate) rows: usize,
    pub(crate) first_time_s: Option<f64>,
    pub(crate) last_time_s: Option<f64>,
    pub(crate) backward_times: usize,
    pub(crate) duplicate_times: usize,
    pub(crate) missing_voltages: usize,
    pub(crate) missing_currents: usize,
    pub(crate) has_power: bool,
    pub(crate) current_resolution: Resolution,
}

impl Whole {
    pub(crate) fn push(&mut self, rows: &Rows<'_>) {
        self.first_time_s = self.first_time_s.or(rows.time_s.first().copied());
        let missing = |values: &[f64]| values.iter().map(|value| usize::from(value.is_nan())).sum::<usize>();
        self.missing_voltages += missing(rows.voltage_v);
        self.missing_currents += missing(rows.current_a);
        self.has_power |= rows.power_w.is_some_and(|power| power.iter().any(|value| !value.is_nan()));
        self.current_resolution.push(rows.current_a);
        let mut pairs = |before: f64, now: f64| {
            self.backward_times += usize::from(now < before);
            #[expect(clippy::float_cmp, reason = "one and the same time, not nearly so")]
            let same = now == before;
            self.duplicate_times += usize::from(same);
        };
        if let (Some(last), Some(first)) = (self.last_time_s, rows.time_s.first()) {
            pairs(last, *first);
        }
        for [before, now] in rows.time_s.array_windows() {
            pairs(*before, *now);
        }
        self.last_time_s = rows.time_s.last().copied().or(self.last_time_s);
        self.rows += rows.time_s.len();
    }

    pub(crate) fn has_current(&self) -> bool {
        self.missing_currents < self.rows
    }
}

/// How long the intervals between rows are, in classes of 0.4 % width, so that their number is bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Intervals {
    last_s: Option<f64>,
    total: usize,
    /// Of each class, how many intervals and the shortest of them.
    classes: BTreeMap<u64, (usize, f64)>,
}

impl Intervals {
    pub(crate) fn push(&mut self, time_s: &[f64]) {
        /// Leaves eight bits of a positive number's fraction.
        const CLASS: u32 = 44;
        for now in time_s {
            let interval = self.last_s.map_or(f64::NAN, |last| now - last);
            if interval > 0.0 {
                let class = self.classes.entry(interval.to_bits() >> CLASS).or_insert((0, interval));
                *class = (class.0 + 1, class.1.min(interval));
                self.total += 1;
            }
            self.last_s = Some(*now);
        }
    }

    /// The longest interval that is no gap, in s: of a home log, six times its usual interval; a cycler has no gaps.
    pub(crate) fn longest(&self, format: Format) -> f64 {
        const USUAL_TIMES: f64 = 6.0;
        if !format.is_home() {
            return f64::INFINITY;
        }
        self.usual().map_or(f64::INFINITY, |usual| usual * USUAL_TIMES)
    }

    /// The usual interval, which is the median, in s; `None` without any.
    pub(crate) fn usual(&self) -> Option<f64> {
        let mut below = 0;
        self.classes.values().find_map(|(count, shortest)| {
            below += count;
            (below > self.total / 2).then_some(*shortest)
        })
    }
}
