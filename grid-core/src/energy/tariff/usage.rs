//! One member's energies in a period.

use super::{Error, Quantity};
use crate::quantity::{self, Energy, Power};

/// One member's energies in each slot of a period, and what else its bill depends on.
///
/// A column that is not given is not zero: to price a component that needs it is an error.
///
/// ```
/// use grid_core::energy::tariff::{Quantity, Usage};
/// use grid_core::quantity::Energy;
/// let import = [Energy::from_mwh(250_000), Energy::from_mwh(0)];
/// let usage = Usage::new(2).with(Quantity::Import, &import)?.with_contracted("p1", "4.6 kW".parse()?);
/// assert!(usage.with(Quantity::Export, &import[..1]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Usage<'a> {
    slots: usize,
    columns: [Option<&'a [Energy]>; Quantity::ALL.len()],
    contracted: Vec<(&'a str, Power)>,
    starts: Vec<(&'a str, Energy)>,
}

impl<'a> Usage<'a> {
    /// Starts a usage of that many slots, without any column.
    pub const fn new(slots: usize) -> Self {
        Self { slots, columns: [None; Quantity::ALL.len()], contracted: Vec::new(), starts: Vec::new() }
    }

    /// Adds the energies of one quantity, one for each slot.
    ///
    /// # Errors
    ///
    /// [`Error::UnequalLength`], [`Error::NegativeEnergy`], or [`Error::Quantity`] where the sum of the energies
    /// might not fit.
    pub fn with(mut self, quantity: Quantity, energies: &'a [Energy]) -> Result<Self, Error> {
        if energies.len() != self.slots {
            return Err(Error::UnequalLength { quantity, expected: self.slots, got: energies.len() });
        }
        // So that sums need no check for each slot: no energy is larger than the range divided by their number.
        let most = i64::MAX / i64::try_from(self.slots.max(1)).unwrap_or(i64::MAX);
        let (least, largest) =
            energies.iter().fold((0, 0), |(low, high), e| (e.as_mwh().min(low), e.as_mwh().max(high)));
        if least < 0 {
            let (slot, got) = energies
                .iter()
                .enumerate()
                .find(|(_, energy)| energy.is_negative())
                .map_or((0, Energy::ZERO), |(slot, energy)| (slot, *energy));
            return Err(Error::NegativeEnergy { quantity, slot, got });
        }
        if largest > most {
            return Err(quantity::Error::OutOfRange {
                quantity: "a sum of energies",
                unit: "milliwatt-hours",
            }
            .into());
        }
        for (known, column) in Quantity::ALL.iter().zip(&mut self.columns) {
            if *known == quantity {
                *column = Some(energies);
            }
        }
        Ok(self)
    }

    /// Adds a power that the member has contracted, under the name that the tariff gives it.
    #[must_use]
    pub fn with_contracted(mut self, name: &'a str, power: Power) -> Self {
        self.contracted.push((name, power));
        self
    }

    /// Says what a component with tiers has counted before this period, in the same tiers: a bill in the middle of a
    /// month.
    #[must_use]
    pub fn starting_at(mut self, component: &'a str, energy: Energy) -> Self {
        self.starts.push((component, energy));
        self
    }

    /// The number of slots.
    pub const fn slots(&self) -> usize {
        self.slots
    }

    /// The energies of one quantity.
    pub fn column(&self, quantity: Quantity) -> Option<&'a [Energy]> {
        Quantity::ALL.iter().zip(self.columns).find(|(known, _)| **known == quantity).and_then(|(_, c)| c)
    }

    pub(super) fn needed(&self, component: &str, quantity: Quantity) -> Result<&'a [Energy], Error> {
        self.column(quantity).ok_or_else(|| Error::NoColumn { component: component.to_owned(), quantity })
    }

    /// The contracted power of a name; of two with one name the later.
    pub(super) fn contracted(&self, name: &str) -> Option<Power> {
        self.contracted.iter().rev().find(|(known, _)| *known == name).map(|(_, power)| *power)
    }

    pub(super) fn start_of(&self, component: &str) -> Energy {
        self.starts
            .iter()
            .rev()
            .find(|(known, _)| *known == component)
            .map_or(Energy::ZERO, |(_, energy)| *energy)
    }

    pub(super) fn starts(&self) -> impl Iterator<Item = (&'a str, Energy)> + '_ {
        self.starts.iter().copied()
    }
}
