//! How much a device uses while it runs, in the words of the system before this one.

use std::fmt;

use crate::quantity::Power;

/// How much a device uses in an hour in which it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsumptionLevel {
    /// `bajo consumo`: less than 1.5 kWh.
    Low,
    /// `consumo moderado`: 1.5 kWh or more, and less than 3 kWh.
    Moderate,
    /// `alto consumo`: 3 kWh or more.
    High,
}

impl ConsumptionLevel {
    /// The level of a device that runs at that power.
    ///
    /// ```
    /// use grid_core::{energy::ConsumptionLevel, quantity::Power};
    /// let level = |watts| Power::from_watt(watts).map(|power| ConsumptionLevel::of(power).to_string());
    /// assert_eq!(level(1_499).as_deref(), Some("bajo consumo"));
    /// assert_eq!(level(1_500).as_deref(), Some("consumo moderado"));
    /// assert_eq!(level(3_000).as_deref(), Some("alto consumo"));
    /// ```
    pub fn of(power: Power) -> Self {
        match power.as_milliwatt() {
            ..1_500_000 => Self::Low,
            1_500_000..3_000_000 => Self::Moderate,
            3_000_000.. => Self::High,
        }
    }

    /// The words of the old system.
    pub const fn spanish(self) -> &'static str {
        match self {
            Self::Low => "bajo consumo",
            Self::Moderate => "consumo moderado",
            Self::High => "alto consumo",
        }
    }
}

impl fmt::Display for ConsumptionLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.spanish())
    }
}
