//! Spain: collective self-consumption by coefficients, and the simplified compensation of what is left.
//!
//! Each hour's net generation is handed out by coefficients that were agreed beforehand, constant or one for each hour
//! of the year ([`super::spain_coefficients`]). What a member does not use in the hour stays the member's own surplus;
//! it is not offered to the others. At the end of the billing period the supplier takes the surplus's value off the
//! bill, but never more than what the energy from the grid cost ([`compensate`]).

use jiff::civil::date;

use super::{
    Allotment, Article, Confidence, Error, KeyKind, Law, Rules,
    allotment::{not_negative, same_length, split, whole_share_weights},
    spain_coefficients::{Coefficients, HourOfYear},
    value::{add, less, money, product},
};
use crate::{
    energy::sharing::CellRounding,
    quantity::{Currency, Energy, Money, Power, Price, Share},
    time::Resolution,
};

const SHARING: Article = Article {
    citation: "RD 244/2019, Anexo I, points 1 and 2",
    says: "ENG_h,i = beta_h,i * ENG_h with coefficients that add up to one in each hour; self-consumption is the \
           lesser of that and the member's consumption",
    confidence: Confidence::Read,
};
const PLANTS: Article = Article {
    citation: "RD 244/2019, Anexo I, point 3",
    says: "surplus of several plants behind one meter goes by agreed coefficients, or by installed power; the printed \
           formula has ENG_h,k where only the common meter's ENG_h can be known, and is read so",
    confidence: Confidence::Read,
};
const CONSERVATION: Article = Article {
    citation: "RD 244/2019, Anexo I, point 4",
    says: "surplus plus self-consumption of all consumers is the net generation of the hour",
    confidence: Confidence::Read,
};
const COMPENSATION: Article = Article {
    citation: "RD 244/2019, art. 14.3 and 14.6",
    says: "the surplus's value is taken off before taxes, and is at most the value of the energy from the grid in a \
           billing period of at most a month",
    confidence: Confidence::Read,
};
const HOURLY: Article = Article {
    citation: "Orden TED/1247/2021, artículo único (RD 244/2019, Anexo I, point 1)",
    says: "coefficients may differ for each hour; the file, 20 years, the last year's values, four months, the day 10; \
           the day of entry into force is taken as the day after publication",
    confidence: Confidence::Read,
};
const MOVING: Article = Article {
    citation: "Real Decreto-ley 7/2026",
    says: "5 km for plants up to 5 MW, a self-consumption manager, two modes at once; changes none of these formulas \
           as far as known",
    confidence: Confidence::Secondary,
};

/// The rules, by the day from which they hold.
pub(super) const VERSIONS: &[Rules] = &[
    Rules {
        law: Law::Spain,
        valid_from: date(2019, 4, 7),
        valid_from_confidence: Confidence::Read,
        resolution: Resolution::HOUR,
        keys: &[KeyKind::Constant],
        articles: &[SHARING, PLANTS, CONSERVATION, COMPENSATION],
    },
    Rules {
        law: Law::Spain,
        valid_from: date(2021, 11, 17),
        valid_from_confidence: Confidence::GeneralKnowledge,
        resolution: Resolution::HOUR,
        keys: &[KeyKind::Constant, KeyKind::Hourly],
        articles: &[SHARING, PLANTS, CONSERVATION, COMPENSATION, HOURLY],
    },
    Rules {
        law: Law::Spain,
        valid_from: date(2026, 3, 21),
        valid_from_confidence: Confidence::Secondary,
        resolution: Resolution::HOUR,
        keys: &[KeyKind::Constant, KeyKind::Hourly],
        articles: &[SHARING, PLANTS, CONSERVATION, COMPENSATION, HOURLY, MOVING],
    },
];

/// Shares one hour's net generation by its coefficients.
///
/// `coefficients` and `consumption` stand in the order of the consumers' ids. With [`CellRounding::Exact`] the assigned
/// parts add up to `generation`, as point 4 of the annex demands; with [`CellRounding::Operator`] each is rounded half
/// up by itself.
///
/// ```
/// use grid_core::{energy::{rules::spain::share_hour, sharing::CellRounding}, quantity::Energy};
/// let betas = ["0.5".parse()?, "0.3".parse()?, "0.2".parse()?];
/// let consumption = [2_000, 5_000, 1_000].map(Energy::from_mwh);
/// let parts = share_hour(Energy::from_mwh(10_000), &betas, &consumption, CellRounding::Exact)?;
/// assert_eq!(parts[0].surplus, Energy::from_mwh(3_000));
/// assert_eq!(parts[1].residual, Energy::from_mwh(2_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::SharesDoNotFit`] unless the coefficients add up to one exactly, [`Error::UnequalLengths`],
/// [`Error::NegativeEnergy`].
///
/// # References
///
/// RD 244/2019, Anexo I: point 1, `ENG_h,i = β_h,i · ENG_h` (kWh; β without unit); point 2,
/// `Eaut_h,i = min(ENG_h,i, Econs_h,i)`; point 4, surplus and self-consumption add up to `ENG_h`.
pub fn share_hour(
    generation: Energy,
    coefficients: &[Share],
    consumption: &[Energy],
    rounding: CellRounding,
) -> Result<Vec<Allotment>, Error> {
    same_length("consumptions, one for each coefficient", coefficients.len(), consumption.len())?;
    not_negative(&[generation], "net generation")?;
    not_negative(consumption, "consumption")?;
    let weights = whole_share_weights(coefficients, "coefficients of an hour")?;
    allot(generation, &weights, consumption, rounding)
}

fn allot(
    generation: Energy,
    weights: &[u64],
    consumption: &[Energy],
    rounding: CellRounding,
) -> Result<Vec<Allotment>, Error> {
    let assigned = split(generation, weights, 0, rounding)?;
    Ok(assigned.into_iter().zip(consumption).map(|(part, needed)| Allotment::of(part, *needed)).collect())
}

/// Shares many hours by a year's coefficients; the answer has one row an hour and one column a consumer, row by row.
///
/// `hours` says which hour of the year each row is ([`HourOfYear::of`]); `consumption` has the columns of
/// [`Coefficients::consumers`].
///
/// ```
/// use grid_core::{
///     energy::{rules::{spain::share_hours, spain_coefficients::{Coefficients, HourOfYear}}, sharing::CellRounding},
///     quantity::Energy,
/// };
/// let coefficients = Coefficients::constant(vec![("a".into(), "0.75".parse()?), ("b".into(), "0.25".parse()?)])?;
/// let hours = [HourOfYear::new(12)?, HourOfYear::new(13)?];
/// let generation = [400, 800].map(Energy::from_mwh);
/// let consumption = [500, 50, 500, 50].map(Energy::from_mwh);
/// let parts = share_hours(&coefficients, &hours, &generation, &consumption, CellRounding::Exact)?;
/// assert_eq!(parts[2].used, Energy::from_mwh(500));
/// assert_eq!(parts[3].surplus, Energy::from_mwh(150));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`] where the tables do not have their shapes, [`Error::NegativeEnergy`].
///
/// # References
///
/// As [`share_hour`].
pub fn share_hours(
    coefficients: &Coefficients,
    hours: &[HourOfYear],
    generation: &[Energy],
    consumption: &[Energy],
    rounding: CellRounding,
) -> Result<Vec<Allotment>, Error> {
    let members = coefficients.consumers().len();
    same_length("generations, one for each hour", hours.len(), generation.len())?;
    let cells = hours.len().saturating_mul(members);
    same_length("consumptions, hours times consumers", cells, consumption.len())?;
    not_negative(generation, "net generation")?;
    not_negative(consumption, "consumption")?;
    let mut parts = Vec::with_capacity(consumption.len());
    let mut weights = Vec::with_capacity(members);
    for ((&hour, &produced), needed) in hours.iter().zip(generation).zip(consumption.chunks(members.max(1))) {
        weights.clear();
        weights.extend(coefficients.of_hour(hour).map(|share| u64::from(share.as_ppm())));
        parts.extend(allot(produced, &weights, needed, rounding)?);
    }
    Ok(parts)
}

/// How the surplus of several plants behind one meter is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantWeights<'a> {
    /// By installed power, where nothing else was agreed.
    InstalledPower(&'a [Power]),
    /// By agreed coefficients that add up to one.
    Agreed(&'a [Share]),
}

/// Attributes the surplus of an hour to the plants that stand behind one meter of net generation.
///
/// The annex prints `V_h,k = α_k · (ENG_h,k − Σ_i Eaut_h,i)`. Where plants have one meter there is no measured `ENG_h,k`,
/// and with each plant's own generation the parts would not add up to the surplus, which point 4 demands. So
/// `ENG_h,k` is read as what the common meter counted. This reading is not settled by any text known here.
///
/// ```
/// use grid_core::{energy::rules::spain::{PlantWeights, surplus_by_plant}, quantity::{Energy, Power}};
/// let powers = [30, 10].map(|kw| Power::from_watt(kw * 1000).unwrap_or_default());
/// let surplus = surplus_by_plant(Energy::from_mwh(1000), Energy::from_mwh(600), PlantWeights::InstalledPower(&powers))?;
/// assert_eq!(surplus, [300, 100].map(Energy::from_mwh));
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NegativeEnergy`] where more is used than metered, [`Error::NoCapacity`] or [`Error::CapacityOutOfRange`]
/// for powers, [`Error::SharesDoNotFit`] for agreed coefficients.
///
/// # References
///
/// RD 244/2019, Anexo I, point 3: `α_k = PI_k / Σ_j PI_j` (kW) unless agreed otherwise.
pub fn surplus_by_plant(
    metered: Energy,
    self_consumed: Energy,
    by: PlantWeights<'_>,
) -> Result<Vec<Energy>, Error> {
    not_negative(&[metered, self_consumed], "energy")?;
    let surplus = metered - self_consumed;
    not_negative(&[surplus], "surplus")?;
    let weights = match by {
        PlantWeights::Agreed(shares) => whole_share_weights(shares, "coefficients of the plants")?,
        PlantWeights::InstalledPower(powers) => {
            let weights = powers
                .iter()
                .map(|power| u64::try_from(power.as_milliwatt()))
                .collect::<Result<Vec<u64>, _>>()
                .map_err(|_| Error::CapacityOutOfRange {
                    most: Power::from_milliwatt(i64::MAX),
                    got: powers.iter().copied().min().unwrap_or_default(),
                })?;
            if weights.iter().all(|&weight| weight == 0) {
                return Err(Error::NoCapacity { plants: powers.len() });
            }
            weights
        }
    };
    split(surplus, &weights, 0, CellRounding::Exact)
}

/// One hour of a consumer's billing period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedHour {
    /// What came from the grid.
    pub grid: Energy,
    /// What was left of the consumer's part.
    pub surplus: Energy,
    /// What the energy from the grid costs: the price agreed with a free supplier, or `TCU_h` of the regulated tariff.
    pub grid_price: Price,
    /// What the surplus is worth: the price agreed with a free supplier, or `Pm_h − CDSV_h` of the regulated tariff.
    pub surplus_price: Price,
}

/// The simplified compensation of one billing period, before taxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compensation {
    /// The value of the energy from the grid.
    pub grid_value: Money,
    /// The value of the surplus.
    pub surplus_value: Money,
    /// What is taken off: the lesser of the two.
    pub compensated: Money,
    /// What is left to pay for energy.
    pub energy_term: Money,
    /// The surplus's value that is lost. Suppliers that keep it for a later bill do so by contract, not by this law.
    pub forfeited: Money,
}

/// Compensates two values that were already summed over a billing period of at most a month.
///
/// ```
/// use grid_core::energy::rules::spain::compensate;
/// let bill = compensate("12.34 EUR".parse()?, "15.00 EUR".parse()?)?;
/// assert_eq!(bill.energy_term.to_string(), "0.00 EUR");
/// assert_eq!(bill.forfeited.to_string(), "2.66 EUR");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Quantity`] for two currencies or an amount that does not fit.
///
/// # References
///
/// RD 244/2019, art. 14.3: in no case may the surplus be worth more than the energy from the grid; art. 14.6: taken off
/// before taxes.
pub fn compensate(grid_value: Money, surplus_value: Money) -> Result<Compensation, Error> {
    let compensated =
        if surplus_value.as_micros() <= grid_value.as_micros() { surplus_value } else { grid_value };
    Ok(Compensation {
        grid_value,
        surplus_value,
        compensated,
        energy_term: less(grid_value, compensated)?,
        forfeited: less(surplus_value, compensated)?,
    })
}

/// Compensates the hours of one billing period of at most a month.
///
/// Each value is summed exactly over the hours and divided once, half up to a millionth of the currency's unit; rounding
/// to cents is the bill's.
///
/// ```
/// use grid_core::{energy::rules::spain::{PricedHour, compensate_hours}, quantity::{Currency, Energy}};
/// let hour = |grid: &str, surplus: &str| -> Result<PricedHour, grid_core::quantity::Error> {
///     Ok(PricedHour {
///         grid: Energy::parse_kwh(grid)?,
///         surplus: Energy::parse_kwh(surplus)?,
///         grid_price: "0.15 EUR/kWh".parse()?,
///         surplus_price: "0.06 EUR/kWh".parse()?,
///     })
/// };
/// let bill = compensate_hours(&[hour("0", "10")?, hour("8", "0")?], Currency::EUR)?;
/// assert_eq!(bill.compensated.to_string(), "0.60 EUR");
/// assert_eq!(bill.energy_term.to_string(), "0.60 EUR");
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Quantity`] for two currencies or an amount that does not fit, [`Error::NegativeEnergy`].
///
/// # References
///
/// RD 244/2019, art. 14.3: `min(Σ surplus_h · p_h, Σ grid_h · price_h)`, energies in kWh, prices per kWh.
pub fn compensate_hours(hours: &[PricedHour], currency: Currency) -> Result<Compensation, Error> {
    let (mut grid, mut surplus) = (0_i128, 0_i128);
    for hour in hours {
        not_negative(&[hour.grid], "energy from the grid")?;
        not_negative(&[hour.surplus], "surplus")?;
        grid = add(grid, product(hour.grid, hour.grid_price, currency)?)?;
        surplus = add(surplus, product(hour.surplus, hour.surplus_price, currency)?)?;
    }
    compensate(money(grid, currency)?, money(surplus, currency)?)
}

#[cfg(test)]
#[path = "spain_tests.rs"]
mod tests;
