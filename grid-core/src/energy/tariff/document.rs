//! A tariff: what it is called, how it rounds, and its components.

use std::sync::Arc;

use jiff::civil::Date;

use super::{
    Component, Error, Names, Schedule,
    component::RoundingRule,
    fields::Spot,
    read,
    tree::{self, Fault, Node},
    write,
};
use crate::quantity::Currency;

/// The JSON Schema (draft 2020-12) of a tariff; a TOML document has the same keys.
pub const SCHEMA: &str = include_str!("tariff.schema.json");

/// Prices as data: read once, and afterwards it cannot be wrong.
///
/// ```
/// use grid_core::energy::tariff::{PriceBook, Quantity, Tariff, Usage};
/// use grid_core::quantity::Energy;
/// use grid_core::time::{Calendar, Resolution};
///
/// let tariff = Tariff::parse_toml(r#"
///     id = "flat"
///     currency = "EUR"
///     valid_from = 2026-01-01
///
///     [[components]]
///     id = "energy"
///     kind = "energy"
///     quantity = "import"
///     price_per_kwh = 0.1234
///
///     [[components]]
///     id = "vat"
///     kind = "tax"
///     rate_percent = 21
///     on = ["energy"]
/// "#)?;
/// let madrid = Calendar::new("Europe/Madrid")?;
/// let day = madrid.day(jiff::civil::date(2026, 3, 29))?;
/// let slots = madrid.slots(day, Resolution::HOUR)?;
/// let import = vec![Energy::parse_kwh("1")?; slots.len()];
///
/// let prepared = tariff.prepare(&madrid, day, &slots, &PriceBook::new())?;
/// let bill = prepared.price(&Usage::new(slots.len()).with(Quantity::Import, &import)?)?;
/// assert_eq!(bill.net.to_string(), "2.84 EUR"); // 23 hours
/// assert_eq!(bill.total.to_string(), "3.44 EUR");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tariff {
    pub(super) id: String,
    pub(super) names: Names,
    pub(super) currency: Currency,
    pub(super) valid_from: Date,
    pub(super) rounding: RoundingRule,
    pub(super) schedules: Vec<Arc<Schedule>>,
    pub(super) components: Vec<Component>,
    /// The positions of the taxes, each after those that it is raised on.
    pub(super) tax_order: Vec<usize>,
}

impl Tariff {
    /// Reads a tariff from TOML.
    ///
    /// # Errors
    ///
    /// [`Error::Document`] at the first fault, with its line and column.
    pub fn parse_toml(text: &str) -> Result<Self, Error> {
        Self::parse(text, tree::of_toml)
    }

    /// Reads a tariff from JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Document`] at the first fault, with its line and column.
    pub fn parse_json(text: &str) -> Result<Self, Error> {
        Self::parse(text, tree::of_json)
    }

    fn parse(text: &str, grow: fn(&str) -> Result<Node, Fault>) -> Result<Self, Error> {
        grow(text).and_then(|root| read::tariff(&Spot::root(&root))).map_err(|fault| fault.within(text))
    }

    /// The tariff as JSON, with every default left out and every number a text; [`Tariff::parse_json`] reads the same
    /// tariff from it.
    pub fn to_json(&self) -> serde_json::Value {
        write::tariff(self)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What people call it; empty where the document does not say.
    pub const fn name(&self) -> &Names {
        &self.names
    }

    /// The currency of every price.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The first local day on which it is valid.
    pub const fn valid_from(&self) -> Date {
        self.valid_from
    }

    /// How it rounds.
    pub const fn rounding(&self) -> RoundingRule {
        self.rounding
    }

    /// Its components, in the order of the bill.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// Its time-of-use calendars.
    pub fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.schedules.iter().map(AsRef::as_ref)
    }
}
