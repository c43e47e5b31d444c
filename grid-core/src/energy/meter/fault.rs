//! What does not fit in what a register showed.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::{energy::as_json, quantity::Energy, time::Interval};

/// What does not fit in what a register showed, by name; in JSON the name stands under `fault`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// The counter fell, and a rollover would explain it: the connection can carry what would have been used. A
    /// [`Rollover`](super::Event::Rollover) within the interval confirms it; until then the reading is missing.
    PossibleRollover {
        /// Between which reads.
        #[serde(with = "as_json::interval")]
        interval: Interval,
        /// What it showed first.
        #[serde(rename = "from_kwh")]
        from: Energy,
        /// What it showed afterwards.
        #[serde(rename = "to_kwh")]
        to: Energy,
        /// What would have been used.
        #[serde(rename = "advance_kwh")]
        advance: Energy,
    },
    /// The counter fell, and nothing explains it.
    UnexplainedDecrease {
        /// Between which reads.
        #[serde(with = "as_json::interval")]
        interval: Interval,
        /// What it showed first.
        #[serde(rename = "from_kwh")]
        from: Energy,
        /// What it showed afterwards.
        #[serde(rename = "to_kwh")]
        to: Energy,
    },
    /// Nobody knows what the counter showed at one end of the interval, because of what happened there.
    UnknownCounter {
        /// From the last to the next known counter.
        #[serde(with = "as_json::interval")]
        interval: Interval,
    },
    /// A rollover is told of a register of which nobody said how many digits it has.
    RolloverWithoutModulus {
        /// Between which reads.
        #[serde(with = "as_json::interval")]
        interval: Interval,
    },
    /// The advance is more than any meter counts, or lasts longer than a reading may.
    BeyondReading {
        /// Between which reads.
        #[serde(with = "as_json::interval")]
        interval: Interval,
        /// What it showed first.
        #[serde(rename = "from_kwh")]
        from: Energy,
        /// What it showed afterwards.
        #[serde(rename = "to_kwh")]
        to: Energy,
    },
    /// Reads of one instant differ; none of them was used.
    ContradictoryReads {
        /// When.
        #[serde(with = "as_json::instant")]
        at: Timestamp,
        /// What they say, from the least.
        #[serde(rename = "counters_kwh")]
        counters: Vec<Energy>,
    },
    /// Events of one instant differ; none of them was used, and the counter is unknown there.
    ContradictoryEvents {
        /// When.
        #[serde(with = "as_json::instant")]
        at: Timestamp,
    },
    /// The register cannot show this: it is below zero or has too many digits. It was not used.
    CounterOutOfRange {
        /// When.
        #[serde(with = "as_json::instant")]
        at: Timestamp,
        /// What it is said to have shown.
        #[serde(rename = "counter_kwh")]
        counter: Energy,
    },
}

impl Fault {
    /// The name that JSON uses.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PossibleRollover { .. } => "possible_rollover",
            Self::UnexplainedDecrease { .. } => "unexplained_decrease",
            Self::UnknownCounter { .. } => "unknown_counter",
            Self::RolloverWithoutModulus { .. } => "rollover_without_modulus",
            Self::BeyondReading { .. } => "beyond_reading",
            Self::ContradictoryReads { .. } => "contradictory_reads",
            Self::ContradictoryEvents { .. } => "contradictory_events",
            Self::CounterOutOfRange { .. } => "counter_out_of_range",
        }
    }

    /// When it begins.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::PossibleRollover { interval, .. }
            | Self::UnexplainedDecrease { interval, .. }
            | Self::UnknownCounter { interval }
            | Self::RolloverWithoutModulus { interval }
            | Self::BeyondReading { interval, .. } => interval.start(),
            Self::ContradictoryReads { at, .. }
            | Self::ContradictoryEvents { at }
            | Self::CounterOutOfRange { at, .. } => *at,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PossibleRollover { interval, from, to, advance } => write!(
                f,
                "{interval}: expected a counter of at least {from}, got {to}; it may have rolled over, which would \
                 be an advance of {advance}"
            ),
            Self::UnexplainedDecrease { interval, from, to } => {
                write!(f, "{interval}: expected a counter of at least {from}, got {to}")
            }
            Self::UnknownCounter { interval } => {
                write!(f, "{interval}: expected a counter at both ends, got only one")
            }
            Self::RolloverWithoutModulus { interval } => {
                write!(f, "{interval}: expected the register's number of digits, got a rollover without it")
            }
            Self::BeyondReading { interval, from, to } => write!(
                f,
                "{interval}: expected an advance that one reading can carry, got one from {from} to {to}"
            ),
            Self::ContradictoryReads { at, counters } => {
                let counters: Vec<String> = counters.iter().map(ToString::to_string).collect();
                write!(f, "{at}: expected one counter, got {}", counters.join(" and "))
            }
            Self::ContradictoryEvents { at } => {
                write!(f, "{at}: expected one event, got several that differ")
            }
            Self::CounterOutOfRange { at, counter } => {
                write!(f, "{at}: expected a counter that the register can show, got {counter}")
            }
        }
    }
}
