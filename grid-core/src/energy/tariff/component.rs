//! What a tariff is made of.

use std::sync::Arc;

use jiff::civil::Date;

use super::{Decimal, Names, Quantity, Schedule, Tiers};
use crate::quantity::{Energy, Money, Power, Price, Rounding};

/// One part of a tariff; its lines stand together on the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    pub(super) id: String,
    pub(super) names: Names,
    pub(super) group: Option<String>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
    pub(super) skip_when_zero: bool,
    pub(super) kind: ComponentKind,
}

impl Component {
    /// Its id, unique in the tariff.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What people call it; empty where the tariff does not say.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The group by which taxes and caps can name it.
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// The first local day on which it holds, if it does not hold from the tariff's start.
    pub const fn from(&self) -> Option<Date> {
        self.from
    }

    /// The first local day on which it no longer holds.
    pub const fn to(&self) -> Option<Date> {
        self.to
    }

    /// Whether a line of no quantity and no amount is left out.
    pub const fn skip_when_zero(&self) -> bool {
        self.skip_when_zero
    }

    /// Whether a period may be cut in two for it: the lines of both parts together say what one bill of the whole would,
    /// but for the rounding of each line. Tiers, caps, an exchange over the month, a peak and a price for the period count
    /// the period as one.
    pub fn adds_up_in_parts(&self) -> bool {
        match &self.kind {
            ComponentKind::Energy { pricing, .. } | ComponentKind::Credit { pricing, cap: None, .. } => {
                !matches!(pricing, Pricing::Tiered(_))
            }
            ComponentKind::Credit { .. } | ComponentKind::Exchange { .. } => false,
            ComponentKind::Capacity { power, per, .. } => {
                !matches!(power, PowerBasis::Peak { .. }) && !matches!(per, PerTime::Period)
            }
            ComponentKind::Fixed { per, .. } => !matches!(per, PerTime::Period),
            ComponentKind::Tax { .. } => true,
        }
    }

    /// What it does.
    pub const fn kind(&self) -> &ComponentKind {
        &self.kind
    }
}

/// What a component does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComponentKind {
    /// Charges for an energy.
    Energy {
        /// What is priced.
        quantity: Quantity,
        /// How.
        pricing: Pricing,
    },
    /// Pays for an energy, up to a cap.
    Credit {
        /// What is paid for.
        quantity: Quantity,
        /// How.
        pricing: Pricing,
        /// What it cannot exceed; the rest is lost.
        cap: Option<Cap>,
    },
    /// Pays one price for an energy up to what was taken in the same month, and another for what is more.
    Exchange {
        /// What is paid for.
        quantity: Quantity,
        /// What it is set against, summed over the local month.
        against: Quantity,
        /// The price up to that sum.
        price: Price,
        /// The price of the rest, from the slot on in which the sum is reached.
        excess: Excess,
    },
    /// Charges for power.
    Capacity {
        /// Which power.
        power: PowerBasis,
        /// The price of a kilowatt.
        price_per_kw: Money,
        /// For how long that price is.
        per: PerTime,
    },
    /// Charges for time.
    Fixed {
        /// The price.
        price: Money,
        /// For how long that price is.
        per: PerTime,
    },
    /// Charges a percentage of other lines.
    Tax {
        /// The percentage.
        rate: Decimal,
        /// The components, or groups, whose lines are its base.
        on: References,
    },
}

/// How an energy is priced.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pricing {
    /// One price.
    Flat(Price),
    /// A price for each band of a schedule.
    TimeOfUse {
        /// The schedule.
        schedule: Arc<Schedule>,
        /// The prices, in the order of the schedule's bands.
        prices: Vec<Price>,
    },
    /// A price by how much it is.
    Tiered(Tiers),
    /// The price of a series at that time, times a factor, plus an amount.
    Indexed {
        /// The series' name in the price book.
        series: String,
        /// The factor.
        multiplier: Decimal,
        /// What is added.
        adder: Price,
    },
}

/// How the excess of an exchange is priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excess {
    /// One price.
    Flat(Price),
    /// The price of a series at that time.
    Indexed {
        /// The series' name in the price book.
        series: String,
    },
}

/// What a credit cannot exceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cap {
    /// The sum of all energy lines that price `import`.
    ImportEnergy,
    /// The sum of these components' lines.
    Components(References),
}

/// Components that another one names, by id or by group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct References {
    pub(super) names: Vec<String>,
    pub(super) indexes: Vec<usize>,
}

impl References {
    /// The ids and groups, as the document has them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The positions in the tariff of the components that are meant, in order, each once.
    pub fn indexes(&self) -> &[usize] {
        &self.indexes
    }
}

/// Which power is priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PowerBasis {
    /// The same for every member.
    Fixed(Power),
    /// What the member has contracted under a name.
    Contracted(String),
    /// The highest mean power of a slot, in each local month.
    Peak(Quantity),
}

/// The time that a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PerTime {
    /// A local day that begins in the period.
    Day,
    /// A local month; a part of one counts by its days.
    Month,
    /// A local year; a part of one counts by its days, of 365 or 366.
    Year,
    /// The period of the bill, however long.
    Period,
}

/// How a tariff rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundingRule {
    /// The step that an energy is rounded to, halves up, before it is priced; `None` for not at all.
    ///
    /// Only an energy that has one price is rounded: indexed prices are applied slot by slot.
    pub energy_step: Option<Energy>,
    /// How each line reaches the currency's minor unit.
    pub line: Rounding,
    /// What a tax is rounded over.
    pub tax: TaxRounding,
}

/// What a tax is rounded over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaxRounding {
    /// One tax line for the whole base.
    PerBase,
    /// A tax line for each line of the base.
    PerLine,
}
