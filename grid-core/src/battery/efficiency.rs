//! Efficiencies of a cycle, each definition under its own name.
//!
//! Published figures of one recording differ by which charge is set against which discharge: cycle 2 of one Neware
//! recording is 97.2 % as charge over discharge and 102.8 % as its inverse. So there is no `efficiency` here without
//! saying of what over what.

use super::cycle::CycleSummary;

/// Discharge over charge of the same cycle: the usual coulombic efficiency of a full cell, which is charged first.
///
/// `None` where nothing was charged, or where either was not measured. The first cycle of a recording that starts
/// with a half-full battery can be far above or below 1, and an incomplete last cycle too.
///
/// ```
/// use grid_core::battery::discharge_over_charge;
/// assert_eq!(discharge_over_charge(2.0, 1.99), Some(0.995));
/// assert_eq!(discharge_over_charge(0.0, 1.99), None);
/// ```
pub fn discharge_over_charge(charge: f64, discharge: f64) -> Option<f64> {
    (charge > 0.0 && discharge > 0.0).then(|| discharge / charge)
}

/// Charge over discharge of the same cycle: the coulombic efficiency of a half cell whose cycles start with the
/// discharge, as for a working electrode against lithium.
pub fn charge_over_discharge(charge: f64, discharge: f64) -> Option<f64> {
    discharge_over_charge(discharge, charge)
}

/// Discharge of each cycle over the charge of the cycle before, for recordings whose cycles start with the discharge.
///
/// One value a cycle; the first has none.
pub fn discharge_over_previous_charge(cycles: &[CycleSummary]) -> Vec<Option<f64>> {
    let before = std::iter::once(None).chain(cycles.iter().map(|cycle| Some(cycle.charge_capacity_ah)));
    cycles
        .iter()
        .zip(before)
        .map(|(cycle, before)| discharge_over_charge(before?, cycle.discharge_capacity_ah))
        .collect()
}
