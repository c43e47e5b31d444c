//! What a register showed, and what happened to it.

use jiff::Timestamp;

use super::Register;
use crate::{quantity::Energy, series::Quality};

/// What a register showed at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Read {
    /// When.
    pub at: Timestamp,
    /// What it showed, before any multiplier.
    pub counter: Energy,
    /// How it came about. Of two reads at one instant the better one counts; a missing one says nothing.
    pub quality: Quality,
}

impl Read {
    /// Makes a read that somebody or something took from the meter.
    pub const fn measured(at: Timestamp, counter: Energy) -> Self {
        Self { at, counter, quality: Quality::Measured }
    }
}

/// What happened to a register between or at reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The counter went past its last digit and began again at zero; a read at the same instant was taken after it.
    Rollover {
        /// When, or any instant after the last read before it and not after the first read behind it.
        at: Timestamp,
    },
    /// One meter took another's place.
    Exchange {
        /// When.
        at: Timestamp,
        /// What the old meter showed last.
        last: Energy,
        /// What the new meter showed first.
        first: Energy,
        /// The new meter's register; `None` where it is like the old one's.
        register: Option<Register>,
    },
    /// The counter was set to a value.
    Reset {
        /// When.
        at: Timestamp,
        /// What it showed before; `None` where nobody looked, which leaves the energy since the last read unknown.
        from: Option<Energy>,
        /// What it showed afterwards.
        to: Energy,
    },
}

impl Event {
    /// When it happened.
    pub const fn at(self) -> Timestamp {
        match self {
            Self::Rollover { at } | Self::Exchange { at, .. } | Self::Reset { at, .. } => at,
        }
    }
}
