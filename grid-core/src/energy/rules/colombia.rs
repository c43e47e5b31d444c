//! Colombia: small-scale self-generation, alone and collectively.
//!
//! What is used behind the meter never passes it and saves the whole unit cost. What is injected is set against the
//! month's whole import: up to it, it is a credit; from the hour in which the injections reach it on, it is excess, and
//! that hour is split ([`settle_month`]). A collective (AGRC) first hands out the injections by agreed percentages (PDE)
//! and then applies the same month rule to each member's own import ([`settle_collective`]).
//!
//! The formulas are taken from texts that quote the resolutions; the resolutions themselves were seen in excerpts only.
//! Decreto 2236 de 2023 leaves how all this passes into regulated tariffs to a later resolution.

use jiff::civil::date;

use super::{
    Article, Confidence, Error, KeyKind, Law, Rules,
    allotment::{not_negative, same_length, split, whole_share_weights},
    value::{add, money, product},
};
use crate::{
    energy::sharing::CellRounding,
    flow::Flow,
    quantity::{self, Energy, Money, Power, Price, Share},
    time::Resolution,
};

const MONTH: Article = Article {
    citation: "CREG 174 de 2021, art. 25 (text of art. 28 of CREG 101 072 de 2025) and CREG 101 072 de 2025, Anexo 4",
    says: "credit up to the month's import, excess from the hour hx on in which the injections reach it, which is split",
    confidence: Confidence::Secondary,
};
const VALUES: Article = Article {
    citation: "CREG 174 de 2021, art. 25, numerals 1 and 2",
    says: "credit is worth CU - Cv up to 100 kW, CU - (T + D + Cv + PR + R) up to 1 MW; excess the hourly exchange price, \
           at most the weighted scarcity price",
    confidence: Confidence::Secondary,
};
const COLLECTIVE: Article = Article {
    citation: "CREG 101 072 de 2025, arts. 19 to 21",
    says: "PDE that add up to 100 % and may change monthly; case 1 needs FNCER, 1 MW in all, 100 kW each and every PDE \
           below 10 %; below 5 MW, in one commercial market",
    confidence: Confidence::Secondary,
};
const CONTRACTS: Article = Article {
    citation: "CREG 101 087 de 2025",
    says: "excess at the average contract price MC_m after a transition at the hourly exchange price; when the transition \
           ends was not read",
    confidence: Confidence::Secondary,
};

/// The rules, by the day from which they hold.
pub(super) const VERSIONS: &[Rules] = &[
    Rules {
        law: Law::Colombia,
        valid_from: date(2021, 10, 7),
        valid_from_confidence: Confidence::Secondary,
        resolution: Resolution::HOUR,
        keys: &[KeyKind::Constant],
        articles: &[MONTH, VALUES],
    },
    Rules {
        law: Law::Colombia,
        valid_from: date(2025, 4, 21),
        valid_from_confidence: Confidence::Secondary,
        resolution: Resolution::HOUR,
        keys: &[KeyKind::Constant],
        articles: &[MONTH, VALUES, COLLECTIVE],
    },
    Rules {
        law: Law::Colombia,
        valid_from: date(2025, 12, 10),
        valid_from_confidence: Confidence::Secondary,
        resolution: Resolution::HOUR,
        keys: &[KeyKind::Constant],
        articles: &[MONTH, VALUES, COLLECTIVE, CONTRACTS],
    },
];

/// Sets generation against demand behind one meter, hour by hour: own use, injection and import.
///
/// ```
/// use grid_core::{energy::rules::colombia::meter, quantity::Energy};
/// let hours = meter(&[Energy::from_mwh(6)], &[Energy::from_mwh(5)])?;
/// assert_eq!((hours[0].own, hours[0].surplus), (Energy::from_mwh(5), Energy::from_mwh(1)));
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`], [`Error::NegativeEnergy`].
///
/// # References
///
/// CREG 174 de 2021, art. 25, as quoted by others: `auto_h = min(G_h, D_h)`, `inj_h = max(G_h − D_h, 0)`,
/// `imp_h = max(D_h − G_h, 0)` (kWh).
pub fn meter(generation: &[Energy], demand: &[Energy]) -> Result<Vec<Flow>, Error> {
    same_length("demands, one for each hour", generation.len(), demand.len())?;
    not_negative(generation, "generation")?;
    not_negative(demand, "demand")?;
    Ok(generation.iter().zip(demand).map(|(made, needed)| Flow::of(*needed, *made)).collect())
}

/// A month's injections, as credit and as excess.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// All that was injected, or assigned to the member.
    pub injected: Energy,
    /// All that was imported: the most that can become credit.
    pub imported: Energy,
    /// What is exchanged against imports.
    pub credit: Energy,
    /// What is sold.
    pub excess: Energy,
    /// `hx`, the first hour in which the injections reach the month's import, counted from 0.
    pub first_excess_hour: Option<usize>,
    /// The credit of each hour.
    pub credit_by_hour: Vec<Energy>,
    /// The excess of each hour.
    pub excess_by_hour: Vec<Energy>,
}

/// Splits a month's hourly injections into credit and excess.
///
/// The quota is what the whole month imports, not what it has imported so far: a night that comes after a sunny day
/// still turns that day's injection into credit.
///
/// ```
/// use grid_core::{energy::rules::colombia::settle_month, quantity::Energy};
/// let hours = |kwh: [i64; 3]| kwh.map(Energy::from_mwh);
/// let month = settle_month(&hours([2, 2, 3]), &hours([0, 0, 5]))?;
/// assert_eq!((month.credit, month.excess), (Energy::from_mwh(5), Energy::from_mwh(2)));
/// assert_eq!(month.first_excess_hour, Some(2));
/// assert_eq!(month.credit_by_hour, hours([2, 2, 1]));
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`], [`Error::NegativeEnergy`], [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// CREG 101 072 de 2025, Anexo 4, as quoted by others: `Imp = Σ imp_h`; `hx` the first hour with
/// `Σ_{k≤h} inj_k ≥ Imp`; excess of that hour `Σ_{k≤hx} inj_k − Imp`, and all injection after it; credit
/// `min(Σ inj, Imp)` (kWh).
pub fn settle_month(injected: &[Energy], imported: &[Energy]) -> Result<Month, Error> {
    same_length("imports, one for each hour", injected.len(), imported.len())?;
    not_negative(injected, "injection")?;
    not_negative(imported, "import")?;
    let mut month = Month {
        injected: Energy::checked_sum(injected.iter().copied())?,
        imported: Energy::checked_sum(imported.iter().copied())?,
        credit_by_hour: Vec::with_capacity(injected.len()),
        excess_by_hour: Vec::with_capacity(injected.len()),
        ..Month::default()
    };
    let mut quota = month.imported;
    for (hour, &injection) in injected.iter().enumerate() {
        let credit = injection.min(quota);
        quota -= credit;
        if quota == Energy::ZERO && month.first_excess_hour.is_none() {
            month.first_excess_hour = Some(hour);
        }
        month.credit_by_hour.push(credit);
        month.excess_by_hour.push(injection - credit);
    }
    month.credit = month.injected.min(month.imported);
    month.excess = month.injected - month.credit;
    Ok(month)
}

/// Hands out a collective's injections by its percentages, and settles each member's month against its own import.
///
/// `injected` is the sum of all plants' injections by hour; `imported` has one row an hour and one column a member, row
/// by row, in the order of `pde`. In each hour the assigned parts add up to what was injected, exactly.
///
/// ```
/// use grid_core::{energy::rules::colombia::settle_collective, quantity::Energy};
/// let pde = ["0.75".parse()?, "0.25".parse()?];
/// let months = settle_collective(&[Energy::from_mwh(8)], &[4, 4].map(Energy::from_mwh), &pde)?;
/// assert_eq!((months[0].credit, months[0].excess), (Energy::from_mwh(4), Energy::from_mwh(2)));
/// assert_eq!((months[1].credit, months[1].excess), (Energy::from_mwh(2), Energy::ZERO));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::SharesDoNotFit`] unless the percentages add up to one, [`Error::UnequalLengths`],
/// [`Error::NegativeEnergy`], [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// CREG 101 072 de 2025, arts. 19 to 21, as quoted by others: `a_{i,h} = PDE_i · Σ_n inj_{n,h}`, then the month rule
/// against the member's import.
pub fn settle_collective(
    injected: &[Energy],
    imported: &[Energy],
    pde: &[Share],
) -> Result<Vec<Month>, Error> {
    let cells = injected.len().saturating_mul(pde.len());
    same_length("imports, hours times members", cells, imported.len())?;
    not_negative(injected, "injection")?;
    let weights = whole_share_weights(pde, "percentages of distribution (PDE)")?;
    let mut assigned = vec![Vec::with_capacity(injected.len()); pde.len()];
    for &hour in injected {
        for (column, part) in assigned.iter_mut().zip(split(hour, &weights, 0, CellRounding::Exact)?) {
            column.push(part);
        }
    }
    assigned
        .iter()
        .enumerate()
        .map(|(member, assigned)| {
            let own: Vec<Energy> = imported.iter().skip(member).step_by(pde.len().max(1)).copied().collect();
            settle_month(assigned, &own)
        })
        .collect()
}

/// The unit cost of supply and the components that may be deducted from it, per kilowatt-hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitCost {
    /// `CU`, the whole unit cost.
    pub cu: Price,
    /// `T`, transmission.
    pub transmission: Price,
    /// `D`, distribution.
    pub distribution: Price,
    /// `Cv`, commercialisation.
    pub commercialisation: Price,
    /// `PR`, losses.
    pub losses: Price,
    /// `R`, restrictions.
    pub restrictions: Price,
}

/// Where a plant's energy comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A non-conventional renewable source (FNCER), such as the sun.
    NonConventionalRenewable,
    /// Any other.
    Other,
}

/// One member of a collective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Participant {
    /// The installed capacity that counts for this member.
    pub capacity: Power,
    /// The member's percentage of distribution.
    pub pde: Share,
}

/// What is deducted from the unit cost before it values a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deduction {
    /// Only `Cv`: numeral 1 of a plant, case 1 of a collective.
    Commercialisation,
    /// `T + D + Cv + PR + R`: numeral 2 of a plant, case 2 of a collective.
    Network,
}

const KW_100: Power = Power::from_milliwatt(100_000_000);
const MW_1: Power = Power::from_milliwatt(1_000_000_000);
const MW_5: Power = Power::from_milliwatt(5_000_000_000);

impl Deduction {
    /// That of a plant by its capacity.
    ///
    /// ```
    /// use grid_core::energy::rules::colombia::Deduction;
    /// assert_eq!(Deduction::of_plant("98.3 kW".parse()?)?, Deduction::Commercialisation);
    /// assert_eq!(Deduction::of_plant("122.9 kW".parse()?)?, Deduction::Network);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::CapacityOutOfRange`] past 1 MW, or below zero.
    ///
    /// # References
    ///
    /// CREG 174 de 2021, art. 25, as quoted by others: numeral 1 up to 100 kW, numeral 2 above it and up to 1 MW.
    pub fn of_plant(capacity: Power) -> Result<Self, Error> {
        if capacity < Power::default() || capacity > MW_1 {
            return Err(Error::CapacityOutOfRange { most: MW_1, got: capacity });
        }
        Ok(if capacity <= KW_100 { Self::Commercialisation } else { Self::Network })
    }

    /// That of a collective: case 1 only where its source is non-conventional and renewable, it has at most 1 MW, each
    /// member at most 100 kW and every percentage is below 10 %, so that there are at least eleven members.
    ///
    /// ```
    /// use grid_core::energy::rules::colombia::{Deduction, Participant, Source};
    /// let five = [Participant { capacity: "20 kW".parse()?, pde: "0.2".parse()? }; 5];
    /// assert_eq!(Deduction::of_collective(Source::NonConventionalRenewable, &five)?.number(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::SharesDoNotFit`] unless the percentages add up to one, [`Error::CapacityOutOfRange`] from 5 MW on, or
    /// for a capacity below zero.
    ///
    /// # References
    ///
    /// CREG 101 072 de 2025, art. 20, as quoted by others.
    pub fn of_collective(source: Source, participants: &[Participant]) -> Result<Self, Error> {
        let shares: Vec<Share> = participants.iter().map(|participant| participant.pde).collect();
        whole_share_weights(&shares, "percentages of distribution (PDE)")?;
        if let Some(wrong) = participants.iter().find(|participant| participant.capacity < Power::default()) {
            return Err(Error::CapacityOutOfRange { most: MW_5, got: wrong.capacity });
        }
        let total = participants
            .iter()
            .try_fold(0_i64, |sum, participant| sum.checked_add(participant.capacity.as_milliwatt()))
            .map_or(Power::from_milliwatt(i64::MAX), Power::from_milliwatt);
        if total >= MW_5 {
            return Err(Error::CapacityOutOfRange { most: MW_5, got: total });
        }
        let small =
            |participant: &Participant| participant.capacity <= KW_100 && participant.pde.as_ppm() < 100_000;
        let first =
            source == Source::NonConventionalRenewable && total <= MW_1 && participants.iter().all(small);
        Ok(if first { Self::Commercialisation } else { Self::Network })
    }

    /// The numeral of a plant or the case of a collective: 1 or 2.
    pub const fn number(self) -> u8 {
        match self {
            Self::Commercialisation => 1,
            Self::Network => 2,
        }
    }

    /// What is deducted per kilowatt-hour.
    ///
    /// # Errors
    ///
    /// [`Error::Quantity`] for two currencies or a sum that does not fit.
    pub fn of_cost(self, cost: &UnitCost) -> Result<Price, Error> {
        match self {
            Self::Commercialisation => Ok(cost.commercialisation),
            Self::Network => [cost.distribution, cost.commercialisation, cost.losses, cost.restrictions]
                .into_iter()
                .try_fold(cost.transmission, |sum, part| combine(sum, part, i64::checked_add)),
        }
    }
}

fn combine(left: Price, right: Price, with: fn(i64, i64) -> Option<i64>) -> Result<Price, Error> {
    if left.currency() != right.currency() {
        let (expected, got) = (left.currency().to_string(), right.currency().to_string());
        return Err(quantity::Error::CurrencyMismatch { expected, got }.into());
    }
    with(left.as_micros_per_kwh(), right.as_micros_per_kwh())
        .map(|micros| Price::from_micros_per_kwh(micros, left.currency()))
        .ok_or_else(|| {
            quantity::Error::OutOfRange { quantity: "price", unit: "millionths per kilowatt-hour" }.into()
        })
}

/// What a kilowatt-hour of excess is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExcessPrice<'a> {
    /// The exchange price of each hour, at most the weighted scarcity price where that is given; under the transition.
    Exchange {
        /// `PB_h`, one an hour.
        hourly: &'a [Price],
        /// The weighted scarcity price.
        scarcity: Option<Price>,
    },
    /// `MC_m`, the month's average contract price, once it applies.
    ContractAverage(Price),
}

/// What a month is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthValue {
    /// What own use saved: the whole unit cost.
    pub own_use: Money,
    /// What the credit is worth.
    pub credit: Money,
    /// What the excess is worth.
    pub excess: Money,
    /// All of it.
    pub total: Money,
}

/// Values a month: own use at the unit cost, credit at the unit cost less its deduction, excess at its price.
///
/// Each of the three is summed exactly and divided once, half up to a millionth of the currency's unit.
///
/// ```
/// use grid_core::{
///     energy::rules::colombia::{Deduction, ExcessPrice, UnitCost, settle_month, value_month},
///     quantity::Energy,
/// };
/// let month = settle_month(&[Energy::parse_kwh("5")?], &[Energy::parse_kwh("3")?])?;
/// let cost = UnitCost {
///     cu: "800 COP/kWh".parse()?,
///     transmission: "50 COP/kWh".parse()?,
///     distribution: "200 COP/kWh".parse()?,
///     commercialisation: "40 COP/kWh".parse()?,
///     losses: "30 COP/kWh".parse()?,
///     restrictions: "20 COP/kWh".parse()?,
/// };
/// let excess = ExcessPrice::ContractAverage("300 COP/kWh".parse()?);
/// let value = value_month(&month, Energy::ZERO, &cost, Deduction::Network, excess)?;
/// assert_eq!(value.credit.to_string(), "1380.00 COP");
/// assert_eq!(value.excess.to_string(), "600.00 COP");
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`] unless there is one exchange price an hour, [`Error::NegativeEnergy`] for own use below
/// zero, [`Error::Quantity`] for two currencies or an amount that does not fit.
///
/// # References
///
/// CREG 174 de 2021, art. 25, as quoted by others: credit `CU − Cv` or `CU − (T + D + Cv + PR + R)` (COP per kWh);
/// excess hour by hour at the exchange price, capped by the weighted scarcity price. CREG 101 087 de 2025: `MC_m`.
pub fn value_month(
    month: &Month,
    own_use: Energy,
    cost: &UnitCost,
    deduction: Deduction,
    excess: ExcessPrice<'_>,
) -> Result<MonthValue, Error> {
    not_negative(&[own_use], "own use")?;
    let currency = cost.cu.currency();
    let credit_price = combine(cost.cu, deduction.of_cost(cost)?, i64::checked_sub)?;
    let sold = match excess {
        ExcessPrice::ContractAverage(price) => product(month.excess, price, currency)?,
        ExcessPrice::Exchange { hourly, scarcity } => {
            same_length("exchange prices, one for each hour", month.excess_by_hour.len(), hourly.len())?;
            let mut sum = 0;
            for (&energy, &price) in month.excess_by_hour.iter().zip(hourly) {
                let capped = match scarcity {
                    Some(cap) => combine(price, cap, |price, cap| Some(price.min(cap)))?,
                    None => price,
                };
                sum = add(sum, product(energy, capped, currency)?)?;
            }
            sum
        }
    };
    let own_use = money(product(own_use, cost.cu, currency)?, currency)?;
    let credit = money(product(month.credit, credit_price, currency)?, currency)?;
    let excess = money(sold, currency)?;
    let total = own_use.checked_add(credit)?.checked_add(excess)?;
    Ok(MonthValue { own_use, credit, excess, total })
}

#[cfg(test)]
#[path = "colombia_tests.rs"]
mod tests;
