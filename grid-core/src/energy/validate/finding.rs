//! One thing that looks wrong.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{energy::Error, energy::as_json, error::excerpt, time::Interval};

/// A rule that readings can break; the names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// Time without a reading.
    Gap,
    /// A value far above what the same hour of other days has, and above the channel's peaks.
    Spike,
    /// The same value, not zero, again and again.
    Stuck,
    /// Zeros where the channel is hardly ever zero at that time of day. A channel that mostly stands still has none for
    /// there zeros are usual.
    ZeroRun,
    /// A value below zero.
    Negative,
    /// One interval more than once.
    Duplicate,
    /// Starts that lie off the grid, by a constant or a growing offset.
    ClockDrift,
    /// More than the device can do in that time.
    ImpossiblePower,
    /// Intervals that share an instant and are not the same.
    Overlap,
    /// A reading of a time that has not come yet.
    FutureDated,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 10] = [
        Self::Gap,
        Self::Spike,
        Self::Stuck,
        Self::ZeroRun,
        Self::Negative,
        Self::Duplicate,
        Self::ClockDrift,
        Self::ImpossiblePower,
        Self::Overlap,
        Self::FutureDated,
    ];

    /// The name that files and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Spike => "spike",
            Self::Stuck => "stuck",
            Self::ZeroRun => "zero_run",
            Self::Negative => "negative",
            Self::Duplicate => "duplicate",
            Self::ClockDrift => "clock_drift",
            Self::ImpossiblePower => "impossible_power",
            Self::Overlap => "overlap",
            Self::FutureDated => "future_dated",
        }
    }
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|rule| rule.as_str() == text.trim())
            .ok_or_else(|| Error::NotAValidationRule { got: excerpt(text) })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How bad a finding is, from the mildest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Odd, and without consequence: a row that came twice.
    Notice,
    /// Possible, and worth a look or a question to whoever reads the meter.
    Warning,
    /// Cannot be: the values must not be used as they are.
    Fault,
}

impl Severity {
    /// The name that files and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that looks wrong: where, what was expected, and what came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// From the first row's start to the last one's end, or the time without rows.
    #[serde(with = "as_json::interval")]
    pub interval: Interval,
    /// The rule that is broken.
    pub rule: Rule,
    /// How bad that is.
    pub severity: Severity,
    /// How many rows it is about; for a gap, how many are missing.
    pub rows: usize,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interval, rule, severity, expected, got, .. } = self;
        write!(f, "{severity} `{rule}` {interval}: expected {expected}, got {got}")
    }
}
