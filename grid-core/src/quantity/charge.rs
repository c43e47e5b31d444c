//! Electric charge, as battery testers measure it.

use super::physical::physical;

physical! {
    /// An electric charge in ampere-hours (1 Ah is 3600 C).
    ///
    /// ```
    /// use grid_core::quantity::Charge;
    /// let charge: Charge = "2.5 Ah".parse()?;
    /// assert_eq!(charge.as_ah(), 2.5);
    /// assert_eq!(charge.as_coulomb(), 9000.0);
    /// # Ok::<(), grid_core::quantity::Error>(())
    /// ```
    Charge, "Ah", "a charge like `2.5 Ah`", from_ah, as_ah, "ampere-hours"
}

impl Charge {
    /// The amount in coulomb (ampere-seconds).
    pub fn as_coulomb(self) -> f64 {
        self.as_ah() * 3600.0
    }
}
