//! C-rates: currents as multiples of a capacity, and which capacity that is.

use super::cycle::CycleSummary;

/// The capacity that currents are divided by for C-rates.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct CapacityReference {
    /// The capacity in Ah.
    pub capacity_ah: f64,
    /// Where it comes from.
    pub source: CapacitySource,
}

/// Where a reference capacity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CapacitySource {
    /// It was stated: see [`Summary::with_nominal_capacity`](super::Summary::with_nominal_capacity).
    Nominal,
    /// The discharge of the first full cycle: one whose charge and discharge are within 20 % of each other, and whose
    /// discharge is at least half of the recording's largest.
    FirstFullCycle,
}

impl CapacityReference {
    /// The discharge of the first full cycle, where there is one.
    pub(super) fn of(cycles: &[CycleSummary]) -> Option<Self> {
        const BALANCED: f64 = 0.8;
        const FULL: f64 = 0.5;
        let largest = cycles.iter().map(|cycle| cycle.discharge_capacity_ah).fold(0.0, f64::max);
        let full = |cycle: &&CycleSummary| {
            let (charge, discharge) = (cycle.charge_capacity_ah, cycle.discharge_capacity_ah);
            discharge > 0.0
                && charge.min(discharge) >= BALANCED * charge.max(discharge)
                && discharge >= FULL * largest
        };
        let capacity_ah = cycles.iter().find(full)?.discharge_capacity_ah;
        Some(Self { capacity_ah, source: CapacitySource::FirstFullCycle })
    }

    /// Fills in the C-rates.
    pub(super) fn apply(self, cycles: &mut [CycleSummary]) {
        let rate = |current_a: Option<f64>| current_a.map(|current_a| current_a / self.capacity_ah);
        for cycle in cycles {
            cycle.charge_c_rate = rate(cycle.charge_current_mean_a);
            cycle.discharge_c_rate = rate(cycle.discharge_current_mean_a);
        }
    }
}
