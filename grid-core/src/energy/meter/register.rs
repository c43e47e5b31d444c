//! What is known about a register itself.

use super::Multiplier;
use crate::{
    energy::Error,
    quantity::{Energy, Power},
};

/// A cumulative register: where it begins again at zero, and what its counts stand for.
///
/// ```
/// use grid_core::{energy::meter::{Event, Read, Register}, quantity::Energy};
/// let five_digits = Register::new().with_digits(5)?;
/// let at = |hour: i8| format!("2026-03-01T{hour:02}:00:00Z").parse().unwrap();
/// let reads = [
///     Read::measured(at(0), "99998.5 kWh".parse()?),
///     Read::measured(at(1), "99999.5 kWh".parse()?),
///     Read::measured(at(2), "0.25 kWh".parse()?),
/// ];
/// let advances = five_digits.advances(&reads, &[Event::Rollover { at: at(2) }]);
/// assert_eq!(advances.readings[0].energy(), Energy::from_wh(1000));
/// assert_eq!(advances.readings[1].energy(), Energy::from_wh(750));
/// assert!(advances.faults.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Register {
    modulus: Option<Energy>,
    multiplier: Multiplier,
    rated_power: Option<Power>,
}

impl Register {
    /// The most digits before the decimal mark: a counter of a trillion kilowatt-hours fits in 64 bits.
    pub const MOST_DIGITS: u8 = 12;

    /// A register of which nothing is known: it is never full, and shows the energy itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says how many digits the register has before its decimal mark, counted in kilowatt-hours: with five it goes
    /// from 99999 to 0.
    ///
    /// # Errors
    ///
    /// [`Error::NotAModulus`] for no digit or more than [`Register::MOST_DIGITS`].
    pub fn with_digits(self, digits: u8) -> Result<Self, Error> {
        let wrong = || Error::NotAModulus { got: format!("{digits} digits") };
        if digits == 0 || digits > Self::MOST_DIGITS {
            return Err(wrong());
        }
        let mwh = 10_i64.checked_pow(u32::from(digits) + 6).ok_or_else(wrong)?;
        self.with_modulus(Energy::from_mwh(mwh))
    }

    /// Says at what value the register shows zero again.
    ///
    /// # Errors
    ///
    /// [`Error::NotAModulus`] unless it is above zero.
    pub fn with_modulus(self, modulus: Energy) -> Result<Self, Error> {
        if modulus > Energy::ZERO {
            Ok(Self { modulus: Some(modulus), ..self })
        } else {
            Err(Error::NotAModulus { got: modulus.to_string() })
        }
    }

    /// Says what one count stands for.
    #[must_use]
    pub const fn with_multiplier(self, multiplier: Multiplier) -> Self {
        Self { multiplier, ..self }
    }

    /// Says what the connection can carry, by which a fall can be told to be a likely rollover.
    #[must_use]
    pub const fn with_rated_power(self, rated_power: Power) -> Self {
        Self { rated_power: Some(rated_power), ..self }
    }

    /// At what value it shows zero again, where that is known.
    pub const fn modulus(self) -> Option<Energy> {
        self.modulus
    }

    /// What one count stands for.
    pub const fn multiplier(self) -> Multiplier {
        self.multiplier
    }

    /// What the connection can carry, where that is known.
    pub const fn rated_power(self) -> Option<Power> {
        self.rated_power
    }

    /// Whether the register can show a value at all.
    pub(super) fn can_show(self, counter: Energy) -> bool {
        !counter.is_negative() && self.modulus.is_none_or(|modulus| counter < modulus)
    }
}
