//! What one member is told about one period, and what is issued as proof of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Amount, Language};
use crate::{
    quantity::{Energy, Share},
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TariffName {
    /// The tariff's id, which its author chose.
    pub id: String,
    /// Its name.
    pub name: String,
    /// From which local date on it counts.
    pub valid_from: String,
}

/// A member's energies over the period; of a correction, their differences.
///
/// The books balance: consumption and charging are own use, received and import; generation and discharging are own
/// use, given and export. Under a law that gives each member a part of the plants' production, whether used or not, the
/// part that is not used is `export` too, and the second line holds for the community as a whole.
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
    /// The member's surplus that others used.
    pub given_kwh: Energy,
    /// What came from the grid.
    pub import_kwh: Energy,
    /// What went to the grid.
    pub export_kwh: Energy,
}

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
    /// How much energy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_kwh: Option<Energy>,
    /// How much power, in watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_w: Option<i64>,
    /// For how many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    /// The price of one unit, as decimal text; none where several prices were at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<String>,
    /// The unit of that price, such as `EUR/kWh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What a tax is taken of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Amount>,
    /// The rate of a tax, as a decimal fraction of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// What a cap took away from a credit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forfeited: Option<Amount>,
    /// What is charged; below zero, what is credited.
    pub amount: Amount,
}

impl StatementLine {
    /// The line's name in a language, or in another one where there is none in that, or the component's id.
    pub fn name(&self, language: Language) -> &str {
        self.names
            .get(language.code())
            .or_else(|| self.names.values().next())
            .map_or(self.component.as_str(), String::as_str)
    }
}

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
