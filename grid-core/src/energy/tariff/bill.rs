//! What a tariff makes of one member's energies.

use jiff::Timestamp;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Decimal, Names, Quantity};
use crate::quantity::{Currency, Energy, Money, Power};

/// A member's bill: lines that are rounded, and their sums.
///
/// As JSON, amounts are decimal text, and the currency stands once at the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The currency of every amount.
    pub currency: Currency,
    /// The lines, in the order of the tariff's components.
    pub lines: Vec<Line>,
    /// The sum of the lines that are no taxes.
    pub net: Money,
    /// The sum of the taxes.
    pub taxes: Money,
    /// The sum of all lines.
    pub total: Money,
}

/// One line of a bill. What does not apply to it is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The component's id.
    pub component: String,
    /// What sort of line it is.
    pub kind: LineKind,
    /// What people call it, by language.
    pub names: Names,
    /// The energy that is priced.
    pub quantity: Option<Quantity>,
    /// The band of the day.
    pub band: Option<String>,
    /// The tier, counted from 1.
    pub tier: Option<u32>,
    /// The local month, such as `2026-03`, where the component counts by months.
    pub month: Option<String>,
    /// How much energy, after the tariff's rounding.
    pub energy: Option<Energy>,
    /// How much power.
    pub power: Option<Power>,
    /// How many local days.
    pub days: Option<u32>,
    /// How many months, to six decimals.
    pub months: Option<Decimal>,
    /// The price, where one price explains the amount.
    pub unit_price: Option<Money>,
    /// What that price is for.
    pub per: Option<Per>,
    /// What is due once for reaching a tier.
    pub fee: Option<Money>,
    /// What a tax is raised on.
    pub base: Option<Money>,
    /// A tax's percentage.
    pub rate_percent: Option<Decimal>,
    /// The component of the line that a tax is raised on, where taxes are rounded line by line.
    pub taxed: Option<String>,
    /// The start of the first slot with an excess.
    pub since: Option<Timestamp>,
    /// What a credit loses to its cap.
    pub forfeited: Option<Money>,
    /// What is due, rounded; below zero for what the member gets.
    pub amount: Money,
}

/// What sort of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LineKind {
    /// Energy that is charged.
    Energy,
    /// Power that is charged.
    Capacity,
    /// Time that is charged.
    Fixed,
    /// Energy that is paid for.
    Credit,
    /// Energy that is paid for beyond what a month's exchange takes.
    Excess,
    /// A percentage of other lines.
    Tax,
}

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Per {
    /// A kilowatt-hour.
    KilowattHour,
    /// A kilowatt for a day.
    KilowattDay,
    /// A kilowatt for a month.
    KilowattMonth,
    /// A kilowatt for a year.
    KilowattYear,
    /// A kilowatt for the period of the bill.
    KilowattPeriod,
    /// A day.
    Day,
    /// A month.
    Month,
    /// A year.
    Year,
    /// The period of the bill.
    Period,
}

impl Per {
    /// The unit, as it stands below the line of a price.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KilowattHour => "kWh",
            Self::KilowattDay => "kW day",
            Self::KilowattMonth => "kW month",
            Self::KilowattYear => "kW year",
            Self::KilowattPeriod => "kW period",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
            Self::Period => "period",
        }
    }
}

impl Serialize for Per {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Line {
    pub(super) fn new(component: &super::Component, kind: LineKind, amount: Money) -> Self {
        Self {
            component: component.id.clone(),
            kind,
            names: component.names.clone(),
            quantity: None,
            band: None,
            tier: None,
            month: None,
            energy: None,
            power: None,
            days: None,
            months: None,
            unit_price: None,
            per: None,
            fee: None,
            base: None,
            rate_percent: None,
            taxed: None,
            since: None,
            forfeited: None,
            amount,
        }
    }

    /// Whether the line says nothing: no amount, and no quantity that would explain why.
    pub(super) fn is_zero(&self) -> bool {
        let nothing = |money: Option<Money>| money.is_none_or(|money| money.as_micros() == 0);
        self.amount.as_micros() == 0
            && self.energy.is_none_or(|energy| energy == Energy::ZERO)
            && nothing(self.base)
            && nothing(self.forfeited)
    }
}

impl Serialize for Bill {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bill = serializer.serialize_struct("Bill", 5)?;
        bill.serialize_field("currency", self.currency.code())?;
        bill.serialize_field("lines", &self.lines)?;
        bill.serialize_field("net", &self.net.to_amount_string())?;
        bill.serialize_field("taxes", &self.taxes.to_amount_string())?;
        bill.serialize_field("total", &self.total.to_amount_string())?;
        bill.end()
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A copy for the page: what is `None` is left out, and units stand in the keys.
        #[derive(Serialize)]
        struct Page<'l> {
            component: &'l str,
            kind: LineKind,
            #[serde(skip_serializing_if = "Names::is_empty")]
            names: &'l Names,
            #[serde(skip_serializing_if = "Option::is_none")]
            quantity: Option<Quantity>,
            #[serde(skip_serializing_if = "Option::is_none")]
            band: Option<&'l str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            tier: Option<u32>,
            #[serde(skip_serializing_if = "Option::is_none")]
            month: Option<&'l str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            energy_kwh: Option<Energy>,
            #[serde(skip_serializing_if = "Option::is_none")]
            power_kw: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            days: Option<u32>,
            #[serde(skip_serializing_if = "Option::is_none")]
            months: Option<Decimal>,
            #[serde(skip_serializing_if = "Option::is_none")]
            unit_price: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            per: Option<Per>,
            #[serde(skip_serializing_if = "Option::is_none")]
            fee: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            base: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            rate_percent: Option<Decimal>,
            #[serde(skip_serializing_if = "Option::is_none")]
            taxed: Option<&'l str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            since: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            forfeited: Option<String>,
            amount: String,
        }
        Page {
            component: &self.component,
            kind: self.kind,
            names: &self.names,
            quantity: self.quantity,
            band: self.band.as_deref(),
            tier: self.tier,
            month: self.month.as_deref(),
            energy_kwh: self.energy,
            power_kw: self.power.map(|power| Energy::from_mwh(power.as_milliwatt()).to_kwh_string()),
            days: self.days,
            months: self.months,
            unit_price: self.unit_price.map(Money::to_amount_string),
            per: self.per,
            fee: self.fee.map(Money::to_amount_string),
            base: self.base.map(Money::to_amount_string),
            rate_percent: self.rate_percent,
            taxed: self.taxed.as_deref(),
            since: self.since.map(|since| since.to_string()),
            forfeited: self.forfeited.map(Money::to_amount_string),
            amount: self.amount.to_amount_string(),
        }
        .serialize(serializer)
    }
}
