//! Own use, surplus, import and export of one interval, at one connection point or over many.
//!
//! The one rule that all sharing laws start from: what is generated and used in the same interval behind the same
//! meter never crosses it.

use crate::quantity::Energy;

/// How one interval's supply met its demand behind one connection point.
///
/// `own + surplus` is the supply and `own + residual` the demand, to the last milliwatt-hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flow {
    /// Supply that was used on the spot.
    pub own: Energy,
    /// Supply that was left over.
    pub surplus: Energy,
    /// Demand that the supply did not meet.
    pub residual: Energy,
}

impl Flow {
    /// Sets one interval's demand (load and battery charging) against its supply (generation and battery discharging).
    ///
    /// ```
    /// use grid_core::{flow::Flow, quantity::Energy};
    /// let flow = Flow::of(Energy::from_mwh(700), Energy::from_mwh(1000));
    /// assert_eq!(flow.own, Energy::from_mwh(700));
    /// assert_eq!(flow.surplus, Energy::from_mwh(300));
    /// assert_eq!(flow.residual, Energy::ZERO);
    /// ```
    ///
    /// # References
    ///
    /// RD 244/2019 (Spain), Anexo I: individual self-consumption is the lesser of generation and consumption.
    pub fn of(demand: Energy, supply: Energy) -> Self {
        let own = demand.min(supply);
        Self { own, surplus: supply - own, residual: demand - own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn supply_and_demand_are_both_accounted_for(demand in 0..1_i64 << 50, supply in 0..1_i64 << 50) {
            let (demand, supply) = (Energy::from_mwh(demand), Energy::from_mwh(supply));
            let flow = Flow::of(demand, supply);
            prop_assert_eq!(flow.own + flow.surplus, supply);
            prop_assert_eq!(flow.own + flow.residual, demand);
            prop_assert!(flow.surplus == Energy::ZERO || flow.residual == Energy::ZERO);
        }
    }
}
