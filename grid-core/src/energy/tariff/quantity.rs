//! What of a member's energy a component prices.

use std::{fmt, str::FromStr};

use super::Error;
use crate::error::excerpt;

/// One of the energies that a member's bill can price, slot by slot.
///
/// ```
/// use grid_core::energy::tariff::Quantity;
/// assert_eq!("self_consumed".parse(), Ok(Quantity::SelfConsumed));
/// assert_eq!(Quantity::ALL.len(), 7);
/// # Ok::<(), grid_core::energy::tariff::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// What the member used, from whatever source.
    Consumption,
    /// What the member's plants, or its part of a shared one, produced.
    Generation,
    /// What the member used of its own generation, in the same slot.
    SelfConsumed,
    /// What the member got from the community.
    Received,
    /// The member's own surplus that others of the community used.
    Given,
    /// What the member took from the grid outside, after sharing.
    Import,
    /// What the member fed into the grid outside, after sharing.
    Export,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Consumption,
        Self::Generation,
        Self::SelfConsumed,
        Self::Received,
        Self::Given,
        Self::Import,
        Self::Export,
    ];

    /// The name that documents use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consumption => "consumption",
            Self::Generation => "generation",
            Self::SelfConsumed => "self_consumed",
            Self::Received => "received",
            Self::Given => "given",
            Self::Import => "import",
            Self::Export => "export",
        }
    }
}

impl FromStr for Quantity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        Self::ALL
            .into_iter()
            .find(|quantity| quantity.as_str() == trimmed)
            .ok_or_else(|| Error::NotAQuantity { got: excerpt(text) })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl serde::Serialize for Quantity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
