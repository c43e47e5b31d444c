//! Prices as data.
//!
//! A [`Tariff`] is a document, TOML or JSON of one schema ([`SCHEMA`]), read once into types that cannot be wrong.
//! [`Tariff::prepare`] does what all members have in common: the band, the month and the indexed price of every slot
//! of a period. [`Prepared::price`] then makes the [`Bill`] of one member's [`Usage`], without a time zone in sight.
//!
//! Amounts are exact until a line is done, and then rounded once, in the way that the tariff names; the total is the
//! sum of the lines. A price that is not known is an error where energy flowed, never zero.
//!
//! `docs/tariffs/README.md` explains every field, and has tariffs to start from.

mod bill;
mod component;
mod document;
mod error;
mod fields;
mod fraction;
mod json;
mod lines;
mod names;
mod number;
mod prepare;
mod price;
mod price_book;
mod quantity;
mod read;
mod read_component;
mod schedule;
mod span;
mod tiers;
mod tree;
mod usage;
mod write;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub use bill::{Bill, Line, LineKind, Per};
pub use component::{
    Cap, Component, ComponentKind, Excess, PerTime, PowerBasis, Pricing, References, RoundingRule,
    TaxRounding,
};
pub use document::{SCHEMA, Tariff};
pub use error::Error;
pub use names::Names;
pub use number::Decimal;
pub use prepare::Prepared;
pub use price_book::PriceBook;
pub use quantity::Quantity;
pub use schedule::Schedule;
pub use tiers::{Tier, TierMode, TierPeriod, Tiers};
pub use usage::Usage;
