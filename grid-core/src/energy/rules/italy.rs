//! Italy: renewable energy communities (CACER), by hour.
//!
//! No key hands anything out: what counts is the lesser of what all members of one primary substation injected and
//! what they withdrew in the hour ([`shared`]). It earns a premium (TIP) that depends on the size and zone of the plant,
//! on the hour's zonal price and on capital grants, and a valorisation by ARERA.
//!
//! The formulas are taken from a thesis that quotes the rules paragraph by paragraph. That premiums above a threshold of
//! 55 % (45 % with a grant) go to consumers that are no enterprises or to social use is general knowledge, and is not
//! computed here.

use jiff::civil::{Date, date};

use super::{
    Article, Confidence, Error, KeyKind, Law, Rules,
    allotment::{not_negative, split, weights},
};
use crate::{
    energy::sharing::CellRounding,
    quantity::{self, Currency, Energy, Money, Power, Price, Rounding, Share, divide},
    time::Resolution,
};

const SHARED: Article = Article {
    citation: "DM MASE 7 dicembre 2023 n. 414; TIAD; Regole Operative GSE, 16 July 2025",
    says: "shared energy is, by hour and primary substation, the lesser of all injections and all withdrawals",
    confidence: Confidence::Secondary,
};
const PREMIUM: Article = Article {
    citation: "DM MASE 7 dicembre 2023 n. 414, Allegato 1; Regole Operative GSE",
    says: "TIP = (min(CAP, base + max(0, 180 - Pz)) + FC) * (1 - F) EUR/MWh with 80/120, 70/110 and 60/100 up to 200 kW, \
           600 kW and above; FC 10 in the north, 4 in the centre, for photovoltaics",
    confidence: Confidence::Secondary,
};
const BRACKET: Article = Article {
    citation: "Regole Operative GSE, 16 July 2025",
    says: "the size is that of a plant at one connection point, never the community's sum; where sizes differ, shared \
           energy goes to plants in the order in which they were commissioned",
    confidence: Confidence::Secondary,
};
const GRANT: Article = Article {
    citation: "DM MASE 7 dicembre 2023 n. 414, Allegato 1",
    says: "F = 0.50 * grant / 40 %, not for energy of exempt withdrawal points (natural persons, public bodies and others)",
    confidence: Confidence::Secondary,
};
const THRESHOLD: Article = Article {
    citation: "DM MASE 7 dicembre 2023 n. 414, art. 3",
    says: "premiums above 55 % of shared energy (45 % with a grant) go to consumers that are no enterprises or to social use",
    confidence: Confidence::GeneralKnowledge,
};

/// The rules, by the day from which they hold.
pub(super) const VERSIONS: &[Rules] = &[Rules {
    law: Law::Italy,
    valid_from: date(2024, 1, 24),
    valid_from_confidence: Confidence::GeneralKnowledge,
    resolution: Resolution::HOUR,
    keys: &[KeyKind::Sum],
    articles: &[SHARED, PREMIUM, BRACKET, GRANT, THRESHOLD],
}];

/// The energy shared in one hour under one primary substation.
///
/// ```
/// use grid_core::{energy::rules::italy::shared, quantity::Energy};
/// let hour = shared(&[3, 1].map(Energy::from_mwh), &[1, 2, 4].map(Energy::from_mwh))?;
/// assert_eq!(hour, Energy::from_mwh(4));
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NegativeEnergy`], [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// TIAD and Regole Operative GSE, as quoted by others: `E_shared,h = min(Σ injected_h, Σ withdrawn_h)` (kWh).
pub fn shared(injected: &[Energy], withdrawn: &[Energy]) -> Result<Energy, Error> {
    not_negative(injected, "injection")?;
    not_negative(withdrawn, "withdrawal")?;
    let injected = Energy::checked_sum(injected.iter().copied())?;
    Ok(injected.min(Energy::checked_sum(withdrawn.iter().copied())?))
}

/// The size of a plant, as the premium counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bracket {
    /// Up to 200 kW.
    Small,
    /// Above 200 kW and up to 600 kW.
    Medium,
    /// Above 600 kW.
    Large,
}

const KW_200: Power = Power::from_milliwatt(200_000_000);
const KW_600: Power = Power::from_milliwatt(600_000_000);
const MW_1: Power = Power::from_milliwatt(1_000_000_000);

impl Bracket {
    /// The bracket of a plant, by its power at its connection point.
    ///
    /// ```
    /// use grid_core::energy::rules::italy::Bracket;
    /// assert_eq!(Bracket::of("200 kW".parse()?)?, Bracket::Small);
    /// assert_eq!(Bracket::of("200.001 kW".parse()?)?, Bracket::Medium);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::CapacityOutOfRange`] past 1 MW, from which on there is no premium, or below zero.
    pub fn of(power: Power) -> Result<Self, Error> {
        if power < Power::default() || power > MW_1 {
            return Err(Error::CapacityOutOfRange { most: MW_1, got: power });
        }
        Ok(if power <= KW_200 {
            Self::Small
        } else if power <= KW_600 {
            Self::Medium
        } else {
            Self::Large
        })
    }

    /// `TP_base`, in euros per megawatt-hour.
    const fn base(self) -> i64 {
        match self {
            Self::Small => 80,
            Self::Medium => 70,
            Self::Large => 60,
        }
    }

    /// `CAP`, in euros per megawatt-hour.
    const fn cap(self) -> i64 {
        self.base() + 40
    }
}

/// The brackets of a community's plants, in their order: sections at one connection point count together, plants at
/// different points never do.
///
/// ```
/// use grid_core::{energy::rules::italy::{Bracket, brackets}, quantity::Power};
/// let kw = |kw: i64| Power::from_watt(kw * 1000).unwrap_or_default();
/// // 276 kW in all, but at three points.
/// assert_eq!(brackets(&[("a", kw(76)), ("b", kw(100)), ("c", kw(100))])?, [Bracket::Small; 3]);
/// assert_eq!(brackets(&[("a", kw(150)), ("a", kw(100))])?, [Bracket::Medium; 2]);
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::CapacityOutOfRange`] for a point past 1 MW, or a power below zero.
///
/// # References
///
/// Regole Operative GSE, 16 July 2025, as quoted by others: power is that of the plant at one connection point. That
/// several sections at one point count together is this engine's reading.
pub fn brackets(plants: &[(&str, Power)]) -> Result<Vec<Bracket>, Error> {
    plants
        .iter()
        .map(|(point, power)| {
            Bracket::of(*power)?;
            let at_point = plants.iter().filter(|(other, _)| other == point);
            let sum = at_point.map(|(_, power)| i128::from(power.as_milliwatt())).sum::<i128>();
            Bracket::of(Power::from_milliwatt(i64::try_from(sum).unwrap_or(i64::MAX)))
        })
        .collect()
}

/// Where a plant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// The northern regions: 10 euros per megawatt-hour more.
    North,
    /// The central regions: 4 euros more.
    Centre,
    /// The south and the islands.
    South,
}

/// What a plant makes its energy of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The sun; only this has the correction by zone.
    Photovoltaic,
    /// Any other renewable source.
    Other,
}

/// A capital grant, as a share of the plant's cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant(Share);

impl Grant {
    /// No grant.
    pub const NONE: Self = Self(Share::NONE);

    /// Makes a grant.
    ///
    /// # Errors
    ///
    /// [`Error::GrantTooLarge`] past 40 %.
    pub fn new(share: Share) -> Result<Self, Error> {
        if share.as_ppm() <= 400_000 {
            Ok(Self(share))
        } else {
            let most = Share::from_ppm(400_000)?;
            Err(Error::GrantTooLarge { most, got: share })
        }
    }
}

/// The premium of one hour, per kilowatt-hour, for energy that the grant reduces; with [`Grant::NONE`] also that of
/// energy which is exempt from the reduction.
///
/// Rounded half up to a millionth of a euro per kilowatt-hour.
///
/// ```
/// use grid_core::energy::rules::italy::{Bracket, Grant, Source, Zone, premium};
/// let price = "0.16 EUR/kWh".parse()?;
/// let tip = premium(Bracket::Small, Zone::North, Source::Photovoltaic, price, Grant::NONE)?;
/// assert_eq!(tip.to_string(), "0.11 EUR/kWh");
/// let halved = premium(Bracket::Small, Zone::North, Source::Photovoltaic, price, Grant::new("40 %".parse()?)?)?;
/// assert_eq!(halved.to_string(), "0.055 EUR/kWh");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Quantity`] for a zonal price that is not in euros, or does not fit.
///
/// # References
///
/// DM MASE 7 Dec 2023 n. 414, Allegato 1, and Regole Operative GSE, as quoted by others:
/// `TIP_h = {min[CAP; TP_base + max(0; 180 − Pz_h)] + FC_zone} · (1 − F)`, `F = 0.50 · grant / 40 %` (all in euros per
/// megawatt-hour; `Pz` is the zonal price, `FC` 10, 4 or 0).
pub fn premium(
    bracket: Bracket,
    zone: Zone,
    source: Source,
    zonal_price: Price,
    grant: Grant,
) -> Result<Price, Error> {
    if zonal_price.currency() != Currency::EUR {
        let got = zonal_price.currency().to_string();
        return Err(quantity::Error::CurrencyMismatch { expected: Currency::EUR.to_string(), got }.into());
    }
    // A euro per megawatt-hour is a thousand millionths of a euro per kilowatt-hour.
    let micros = |euros: i64| i128::from(euros) * 1000;
    let correction = match (source, zone) {
        (Source::Photovoltaic, Zone::North) => 10,
        (Source::Photovoltaic, Zone::Centre) => 4,
        (Source::Photovoltaic, Zone::South) | (Source::Other, _) => 0,
    };
    let variable = (micros(180) - i128::from(zonal_price.as_micros_per_kwh())).max(0);
    let whole = (micros(bracket.base()) + variable).min(micros(bracket.cap())) + micros(correction);
    // 1 − F is 1 − 0.5 · g / 0.4, which is (800,000 − g in ppm) / 800,000.
    let kept = 800_000 - i128::from(grant.0.as_ppm());
    divide(whole * kept, 800_000, Rounding::HalfUp)
        .and_then(|micros| i64::try_from(micros).ok())
        .map(|micros| Price::from_micros_per_kwh(micros, Currency::EUR))
        .ok_or_else(|| {
            quantity::Error::OutOfRange { quantity: "price", unit: "millionths per kilowatt-hour" }.into()
        })
}

/// The shared energy of one hour and plant, by who withdrew it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Withdrawn {
    /// By points that a grant does not reduce: natural persons, public bodies and others.
    pub exempt: Energy,
    /// By all others.
    pub other: Energy,
}

/// What shared energy earns in one hour: the premium, reduced only for points that are not exempt, and the valorisation.
///
/// `valorisation` is ARERA's unit value, some 8 to 10 euros per megawatt-hour, and changes every year. Each amount is
/// rounded half up to a millionth of a euro.
///
/// ```
/// use grid_core::{
///     energy::rules::italy::{Bracket, Grant, Source, Withdrawn, Zone, incentive},
///     quantity::Energy,
/// };
/// let energy = Withdrawn { exempt: Energy::parse_kwh("10")?, other: Energy::parse_kwh("10")? };
/// let (price, grant) = ("0.2 EUR/kWh".parse()?, Grant::new("40 %".parse()?)?);
/// let arera = "0.0085 EUR/kWh".parse()?;
/// let paid = incentive(energy, Bracket::Small, Zone::South, Source::Other, price, grant, arera)?;
/// assert_eq!(paid.premium.to_string(), "1.20 EUR");
/// assert_eq!(paid.valorisation.to_string(), "0.17 EUR");
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`premium`], and [`Error::NegativeEnergy`].
///
/// # References
///
/// As [`premium`]; the reduction does not apply to energy of exempt withdrawal points.
pub fn incentive(
    energy: Withdrawn,
    bracket: Bracket,
    zone: Zone,
    source: Source,
    zonal_price: Price,
    grant: Grant,
    valorisation: Price,
) -> Result<Incentive, Error> {
    not_negative(&[energy.exempt, energy.other], "shared energy")?;
    let full = premium(bracket, zone, source, zonal_price, Grant::NONE)?;
    let reduced = premium(bracket, zone, source, zonal_price, grant)?;
    let exempt = full.of(energy.exempt, Rounding::HalfUp)?;
    let other = reduced.of(energy.other, Rounding::HalfUp)?;
    let all = Energy::checked_sum([energy.exempt, energy.other])?;
    Ok(Incentive {
        premium: exempt.checked_add(other)?,
        valorisation: valorisation.of(all, Rounding::HalfUp)?,
    })
}

/// What shared energy earns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incentive {
    /// The premium (TIP).
    pub premium: Money,
    /// ARERA's valorisation of what the network is spared.
    pub valorisation: Money,
}

/// A plant in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlantHour {
    /// When it was commissioned.
    pub commissioned: Date,
    /// What it injected.
    pub injected: Energy,
}

/// Attributes an hour's shared energy to plants, in the order in which they were commissioned; the answer is in the
/// order of `plants`.
///
/// Plants of the same day take part in proportion to what they injected, so that their order changes nothing; the rules
/// that are known here do not say how such ties are broken.
///
/// ```
/// use grid_core::{energy::rules::italy::{PlantHour, attribute}, quantity::Energy};
/// use jiff::civil::date;
/// let plant = |year, mwh| PlantHour { commissioned: date(year, 5, 1), injected: Energy::from_mwh(mwh) };
/// let parts = attribute(Energy::from_mwh(70), &[plant(2026, 50), plant(2024, 60)])?;
/// assert_eq!(parts, [10, 60].map(Energy::from_mwh));
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NegativeEnergy`], also where more is shared than was injected; [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// Regole Operative GSE, 16 July 2025, as quoted by others.
pub fn attribute(shared: Energy, plants: &[PlantHour]) -> Result<Vec<Energy>, Error> {
    let injected: Vec<Energy> = plants.iter().map(|plant| plant.injected).collect();
    not_negative(&injected, "injection")?;
    not_negative(&[shared], "shared energy")?;
    let unshared = Energy::checked_sum(injected.iter().copied().chain([-shared]))?;
    not_negative(&[unshared], "injection that is not shared")?;
    let mut dates: Vec<Date> = plants.iter().map(|plant| plant.commissioned).collect();
    dates.sort_unstable();
    dates.dedup();
    let mut parts = vec![Energy::ZERO; plants.len()];
    let mut left = shared;
    for day in dates {
        let of_day =
            |plant: &PlantHour| if plant.commissioned == day { plant.injected } else { Energy::ZERO };
        let injected: Vec<Energy> = plants.iter().map(of_day).collect();
        let taken = left.min(Energy::checked_sum(injected.iter().copied())?);
        for (part, more) in parts.iter_mut().zip(split(taken, &weights(&injected), 0, CellRounding::Exact)?) {
            *part += more;
        }
        left -= taken;
    }
    Ok(parts)
}

#[cfg(test)]
#[path = "italy_tests.rs"]
mod tests;
