//! What one member is told about one period, and what is issued as proof of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Amount, Language};
use crate::{
    energy::{Error, tariff::Tariff},
    error::excerpt,
    quantity::{self, Energy, Share},
    series::Quality,
};

/// The form of the documents that this version writes; a reader refuses what it does not know.
pub const FORMAT: &str = "grid-statement/1";

/// A member's bill for a period, or what a later reading changed about one.
///
/// A statement is data: it can be written as JSON, read back, and set as a page, without the readings or the tariff that
/// it came from. Once issued it never changes; what turns out to be wrong is put right by a correction, which has the
/// same form, names the statement that it corrects, and holds the differences alone.
///
/// In JSON, energies and amounts are decimal text, and every key says its unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Always [`FORMAT`].
    pub format: String,
    /// Its id, a UUID.
    pub id: Uuid,
    /// Whether this is a bill or the difference to one.
    pub kind: Kind,
    /// The statement that this one corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Uuid>,
    /// The community.
    pub community: Party,
    /// The member.
    pub member: Party,
    /// What it is about.
    pub period: Period,
    /// When it was made.
    #[serde(with = "crate::time::rfc3339")]
    pub issued_at: Timestamp,
    /// The readings count as they were recorded by then.
    #[serde(with = "crate::time::rfc3339")]
    pub as_of: Timestamp,
    /// How the energy was shared.
    pub sharing: Sharing,
    /// The tariff that the prices come from.
    pub tariff: TariffName,
    /// The currency of all amounts, an ISO 4217 code.
    pub currency: String,
    /// What was used, made, shared and bought.
    pub energy: Quantities,
    /// The worst quality of any reading behind it.
    pub quality: Quality,
    /// The part of the period's time in which all the member's registers are known, 0 to 1.
    pub completeness: Share,
    /// What is charged (above zero) and credited (below), in the order of the tariff.
    pub lines: Vec<StatementLine>,
    /// The sum of the lines that are no taxes.
    pub net: Amount,
    /// The sum of the taxes.
    pub taxes: Amount,
    /// What the member owes; below zero, what the member is owed.
    pub total: Amount,
    /// What the member would have paid otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Comparison>,
}

impl Statement {
    /// Reads a statement from JSON.
    ///
    /// # Errors
    ///
    /// [`Error::NotAStatement`] with the line and the column of what is wrong.
    pub fn parse_json(text: &str) -> Result<Self, Error> {
        let statement: Self = serde_json::from_str(text).map_err(|error| Error::NotAStatement {
            line: error.line(),
            column: error.column(),
            reason: error.to_string(),
        })?;
        if statement.format == FORMAT {
            Ok(statement)
        } else {
            let reason = format!("expected the format `{FORMAT}`, got `{}`", excerpt(&statement.format));
            Err(Error::NotAStatement { line: 1, column: 1, reason })
        }
    }

    /// The same statement under the id that its content gives it: a UUID of version 5 (RFC 9562) in the name space of
    /// its community, so that the same readings, tariffs, keys and times give the same document everywhere.
    #[must_use]
    pub(super) fn with_id(mut self) -> Self {
        self.id = Uuid::nil();
        // Maps of text and numbers; nothing in it can fail to be written.
        let content = serde_json::to_vec(&self).unwrap_or_default();
        self.id = Uuid::new_v5(&self.community.id, &content);
        self
    }

    /// The first field by which two documents are not about the same bill; [`MEMBER`] where it is that alone.
    pub(super) fn differs(&self, other: &Self) -> Option<&'static str> {
        [
            ("format", self.format == other.format),
            ("community", self.community.id == other.community.id),
            ("period", self.period == other.period),
            ("currency", self.currency == other.currency),
            (MEMBER, self.member.id == other.member.id),
        ]
        .into_iter()
        .find_map(|(field, same)| (!same).then_some(field))
    }
}

/// Whether a document is a bill or the difference to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A bill.
    Statement,
    /// What changed since an earlier one; its energies and amounts are differences.
    Correction,
}

/// A community or a member, by id and by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Its id.
    pub id: Uuid,
    /// Its name when the statement was made.
    pub name: String,
}

/// A stretch of time on a community's calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The first instant.
    #[serde(with = "crate::time::rfc3339")]
    pub start: Timestamp,
    /// The first instant after it.
    #[serde(with = "crate::time::rfc3339")]
    pub end: Timestamp,
    /// The IANA zone whose days count.
    pub time_zone: String,
}

/// How energy was shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sharing {
    /// The settlement resolution, such as `15min`.
    pub resolution: String,
    /// The law by whose rules it was shared, such as `spain`; none where the community agreed its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
    /// The kinds of the keys that counted in the period, in the order of time, such as `proportional`.
    pub keys: Vec<String>,
}

/// Which tariff.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TariffName {
    /// The tariff's id, which its author chose.
    pub id: String,
    /// What people call it, by language; empty where the tariff does not say.
    pub names: BTreeMap<String, String>,
    /// From which local date on it counts.
    pub valid_from: String,
}

impl TariffName {
    /// The tariff's name in a language, or in another one where there is none in that, or its id.
    pub fn name(&self, language: Language) -> &str {
        name_in(&self.names, language).unwrap_or(&self.id)
    }

    pub(super) fn of(tariff: &Tariff) -> Self {
        Self {
            id: tariff.id().to_owned(),
            names: tariff
                .name()
                .iter()
                .map(|(language, name)| (language.to_owned(), name.to_owned()))
                .collect(),
            valid_from: tariff.valid_from().to_string(),
        }
    }
}

/// A member's energies over the period; of a correction, their differences.
///
/// Where what nobody used is the producer's, the books balance: consumption and charging are own use, received and
/// import; generation and discharging are own use, given and export. Where the plants' production is divided first
/// ([`Surplus::Member`](super::Surplus::Member), [`Surplus::Credit`](super::Surplus::Credit)), `given` is all that was
/// divided, and what a member does not use of its part is that member's `export` too; and where sharing is only counted
/// ([`Surplus::Virtual`](super::Surplus::Virtual)), import and export have in them what was received and given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantities {
    /// What the loads used.
    pub consumption_kwh: Energy,
    /// What was generated.
    pub generation_kwh: Energy,
    /// What was put into batteries.
    pub charge_kwh: Energy,
    /// What was taken out of batteries.
    pub discharge_kwh: Energy,
    /// Supply that was used on the spot.
    pub self_consumed_kwh: Energy,
    /// Other members' surplus that this member used.
    pub received_kwh: Energy,
    /// The member's surplus that others used, or that was divided among the members.
    pub given_kwh: Energy,
    /// What came from the grid.
    pub import_kwh: Energy,
    /// What went to the grid.
    pub export_kwh: Energy,
}

impl Quantities {
    fn each(
        &self,
        other: &Self,
        combine: impl Fn(Energy, Energy) -> Option<Energy>,
    ) -> Result<Self, quantity::Error> {
        let out_of_range =
            quantity::Error::OutOfRange { quantity: "a sum of energies", unit: "milliwatt-hours" };
        let each = |left, right| combine(left, right).ok_or_else(|| out_of_range.clone());
        Ok(Self {
            consumption_kwh: each(self.consumption_kwh, other.consumption_kwh)?,
            generation_kwh: each(self.generation_kwh, other.generation_kwh)?,
            charge_kwh: each(self.charge_kwh, other.charge_kwh)?,
            discharge_kwh: each(self.discharge_kwh, other.discharge_kwh)?,
            self_consumed_kwh: each(self.self_consumed_kwh, other.self_consumed_kwh)?,
            received_kwh: each(self.received_kwh, other.received_kwh)?,
            given_kwh: each(self.given_kwh, other.given_kwh)?,
            import_kwh: each(self.import_kwh, other.import_kwh)?,
            export_kwh: each(self.export_kwh, other.export_kwh)?,
        })
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// [`quantity::Error::OutOfRange`].
    pub fn checked_add(&self, other: &Self) -> Result<Self, quantity::Error> {
        self.each(other, Energy::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    ///
    /// [`quantity::Error::OutOfRange`].
    pub fn checked_sub(&self, other: &Self) -> Result<Self, quantity::Error> {
        self.each(other, |left, right| left.as_mwh().checked_sub(right.as_mwh()).map(Energy::from_mwh))
    }
}

/// The field by which the bills of two members differ.
pub(super) const MEMBER: &str = "member";

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A price for energy.
    Energy,
    /// A price for power.
    Capacity,
    /// A price for time.
    Fixed,
    /// A tax.
    Tax,
    /// A credit for energy that was fed in or given.
    Credit,
    /// A credit for what was fed in beyond a month's exchange.
    Excess,
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementLine {
    /// The tariff's component, by its id.
    pub component: String,
    /// What it is about.
    pub kind: LineKind,
    /// What people call it, by language (`en`, `es`).
    pub names: BTreeMap<String, String>,
    /// The energy that is priced, by its name in the tariff, such as `import`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// The band of a time-of-use price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<String>,
    /// The tier of a tiered price, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<u32>,
    /// The local month, such as `2026-03`, where the component counts by months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// How much energy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_kwh: Option<Energy>,
    /// How much power, in watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_w: Option<i64>,
    /// For how many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    /// For how many months, as decimal text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub months: Option<String>,
    /// The price of one unit, as decimal text; none where several prices were at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<String>,
    /// The unit of that price, such as `EUR/kWh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What is due once for reaching a tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Amount>,
    /// What a tax is taken of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Amount>,
    /// The rate of a tax in percent, as decimal text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_percent: Option<String>,
    /// The component that a tax is taken of, where taxes are rounded line by line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxed: Option<String>,
    /// The start of the first slot with an excess.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What a cap took away from a credit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forfeited: Option<Amount>,
    /// What is charged; below zero, what is credited.
    pub amount: Amount,
}

impl StatementLine {
    /// The line's name in a language, or in another one where there is none in that, or the component's id.
    pub fn name(&self, language: Language) -> &str {
        name_in(&self.names, language).unwrap_or(&self.component)
    }
}

/// A name in a language, or else any.
fn name_in(names: &BTreeMap<String, String>, language: Language) -> Option<&str> {
    names.get(language.code()).or_else(|| names.values().next()).map(String::as_str)
}

/// What tells one line of a bill from another: only lines that are alike in all of it are set against each other.
pub(super) type LineKey = (String, LineKind, [Option<String>; 6], Option<u32>);

impl StatementLine {
    pub(super) fn key(&self) -> LineKey {
        let Self { component, kind, quantity, band, tier, month, unit_price, rate_percent, taxed, .. } =
            self.clone();
        (component, kind, [quantity, band, month, unit_price, rate_percent, taxed], tier)
    }

    /// The same line about nothing.
    pub(super) fn zero(&self) -> Self {
        Self {
            energy_kwh: None,
            power_w: None,
            days: None,
            months: None,
            fee: None,
            since: None,
            base: None,
            forfeited: None,
            amount: Amount::ZERO,
            ..self.clone()
        }
    }

    /// Adds what another line of the same bill says.
    pub(super) fn add(&mut self, other: &Self) -> Result<(), Error> {
        let mut nothing_less_other = other.zero();
        nothing_less_other.subtract(other)?;
        self.subtract(&nothing_less_other)
    }

    pub(super) fn subtract(&mut self, other: &Self) -> Result<(), Error> {
        self.energy_kwh = less(self.energy_kwh.map(Energy::as_mwh), other.energy_kwh.map(Energy::as_mwh))?
            .map(Energy::from_mwh);
        self.power_w = less(self.power_w, other.power_w)?;
        self.days = less(self.days, other.days)?;
        let micros = |amount: Option<Amount>| amount.map(Amount::as_micros);
        self.fee = less(micros(self.fee), micros(other.fee))?.map(Amount::from_micros);
        self.base = less(micros(self.base), micros(other.base))?.map(Amount::from_micros);
        self.forfeited = less(micros(self.forfeited), micros(other.forfeited))?.map(Amount::from_micros);
        self.amount = difference(self.amount, other.amount)?;
        Ok(())
    }

    /// Whether the line says nothing, as the difference of two equal lines does.
    pub(super) fn is_nothing(&self) -> bool {
        self.amount == Amount::ZERO
            && self.energy_kwh.is_none_or(|energy| energy == Energy::ZERO)
            && self.power_w.is_none_or(|power| power == 0)
            && self.days.is_none_or(|days| days == 0)
            && self.fee.is_none_or(|fee| fee == Amount::ZERO)
            && self.base.is_none_or(|base| base == Amount::ZERO)
            && self.forfeited.is_none_or(|forfeited| forfeited == Amount::ZERO)
    }
}

/// A difference in which what is not said counts as nothing; nothing where neither is said.
fn less(left: Option<i64>, right: Option<i64>) -> Result<Option<i64>, quantity::Error> {
    match (left, right) {
        (None, None) => Ok(None),
        (left, right) => left.unwrap_or(0).checked_sub(right.unwrap_or(0)).map(Some).ok_or(OUT_OF_RANGE),
    }
}

pub(super) fn difference(left: Amount, right: Amount) -> Result<Amount, quantity::Error> {
    left.checked_sub(right).ok_or(OUT_OF_RANGE)
}

const OUT_OF_RANGE: quantity::Error =
    quantity::Error::OutOfRange { quantity: "a difference", unit: "millionths" };

/// What the member would have paid otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// `without_community`, or the kind of another key.
    pub with: String,
    /// What the total would have been.
    pub total: Amount,
    /// That total less the one of this statement: above zero, the member saved so much.
    pub saved: Amount,
}
