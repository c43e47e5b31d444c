//! The thresholds of validation.

use std::{collections::BTreeSet, time::Duration};

use super::Rule;
use crate::quantity::{Energy, Share};

/// From where on something looks wrong.
///
/// ```
/// use grid_core::energy::validate::{Rule, Rules};
/// let mut rules = Rules { stuck_intervals: 48, ..Rules::default() };
/// rules.off.insert(Rule::Spike);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Rules that are not asked; none.
    pub off: BTreeSet<Rule>,
    /// By how many deviations a spike is above the median of its hour of day: 10. A deviation is 1.4826 times the
    /// median absolute deviation, which is the standard deviation where values are normal. Loads are not normal (an
    /// oven is far above a standby), so this is more than the 3 to 4 that the literature takes for laboratory data.
    pub spike_deviations: u32,
    /// By how many hundredths a spike is above the channel's peaks besides: 180, so it is 2.8 times as high. The peak
    /// is the third highest value, or the one that a hundredth of the values reach where there are more than 300, so
    /// that spikes do not hide each other.
    pub spike_over_peak_percent: u32,
    /// What a spike is above the median at least: 10 Wh, for a step of the display is no spike.
    pub spike_least: Energy,
    /// How many values an hour of day has at least before it says anything: 5.
    pub spike_samples: usize,
    /// How many equal values in a row, not zero, are a stuck register: 24, six hours of quarter-hours.
    pub stuck_intervals: usize,
    /// How many zeros in a row, at times of day that are never zero on other days, are an outage: 24.
    pub zero_intervals: usize,
    /// How many other days a time of day needs before it says anything about zeros: 3.
    pub zero_samples: usize,
    /// What part of those may be zero before a zero there is nothing special: a tenth.
    pub zero_share: Share,
    /// How far a start may lie off the grid, a hole between rows be long and an end lie in the future without being
    /// named: 27 s, three hundredths of a quarter of an hour.
    pub clock_tolerance: Duration,
    /// How many starts in a row must lie off the grid before it is called the clock: 4. A single one is more likely an
    /// exchange of the meter.
    pub clock_intervals: usize,
    /// By what part a value may be above the rated power held for its whole time: a tenth.
    pub power_tolerance: Share,
}

impl Default for Rules {
    fn default() -> Self {
        let tenth = Share::of(1, 10);
        Self {
            off: BTreeSet::new(),
            spike_deviations: 10,
            spike_over_peak_percent: 180,
            spike_least: Energy::from_mwh(10_000),
            spike_samples: 5,
            stuck_intervals: 24,
            zero_intervals: 24,
            zero_samples: 3,
            zero_share: tenth,
            clock_tolerance: Duration::from_secs(27),
            clock_intervals: 4,
            power_tolerance: tenth,
        }
    }
}
