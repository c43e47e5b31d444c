//! A document's components.

use std::sync::Arc;

use super::{
    Component, ComponentKind, Decimal, Names, Pricing, Quantity, Schedule, Tier, TierMode, TierPeriod, Tiers,
    component::{Cap, Excess, PerTime, PowerBasis, References},
    fields::{Fields, Spot, nearest, one_of},
    read::{MOST_COMPONENTS, MOST_TIERS, date, id, names},
    tree::Fault,
};
use crate::quantity::{Currency, Energy, Money, Power, Price};

pub(super) const COMMON_KEYS: &[&str] = &["id", "kind", "name", "group", "from", "to", "skip_when_zero"];
pub(super) const PRICING_KEYS: &[&str] = &[
    "price_per_kwh",
    "schedule",
    "prices_per_kwh",
    "tiers",
    "tier_mode",
    "tiers_per",
    "prorate",
    "series",
    "multiplier",
    "adder_per_kwh",
];
pub(super) const TIER_KEYS: &[&str] = &["up_to_kwh", "price_per_kwh", "fee"];

pub(super) const PERIODS: [(&str, PerTime); 4] =
    [("day", PerTime::Day), ("month", PerTime::Month), ("year", PerTime::Year), ("period", PerTime::Period)];
pub(super) const TIER_MODES: [(&str, TierMode); 2] =
    [("graduated", TierMode::Graduated), ("volume", TierMode::Volume)];
pub(super) const TIER_PERIODS: [(&str, TierPeriod); 2] =
    [("period", TierPeriod::Bill), ("month", TierPeriod::Month)];

/// A kind of component, as documents name it, and the keys that only some kinds have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KindName {
    Energy,
    Credit,
    Exchange,
    Capacity,
    Fixed,
    Tax,
}

pub(super) const KINDS: [(&str, KindName); 6] = [
    ("energy", KindName::Energy),
    ("credit", KindName::Credit),
    ("exchange", KindName::Exchange),
    ("capacity", KindName::Capacity),
    ("fixed", KindName::Fixed),
    ("tax", KindName::Tax),
];

impl KindName {
    /// The keys of a component of this kind.
    pub(super) const fn keys(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Energy => &[COMMON_KEYS, PRICING_KEYS, &["quantity"]],
            Self::Credit => &[COMMON_KEYS, PRICING_KEYS, &["quantity", "cap"]],
            Self::Exchange => &[
                COMMON_KEYS,
                &["quantity", "against", "price_per_kwh", "excess_price_per_kwh", "excess_series"],
            ],
            Self::Capacity => &[COMMON_KEYS, &["power_kw", "contracted", "peak", "price_per_kw", "per"]],
            Self::Fixed => &[COMMON_KEYS, &["price", "per"]],
            Self::Tax => &[COMMON_KEYS, &["rate_percent", "on"]],
        }
    }
}

pub(super) fn component(
    spot: &Spot<'_>,
    currency: Currency,
    schedules: &[Arc<Schedule>],
) -> Result<Component, Fault> {
    let fields = spot.fields("a component")?;
    let kind = fields.need("kind")?.choice(&KINDS)?;
    fields.only(kind.keys())?;
    let (from, to) = (
        fields.get("from").map(|spot| date(&spot)).transpose()?,
        fields.get("to").map(|spot| date(&spot)).transpose()?,
    );
    if let (Some(from), Some(to), Some(spot)) = (from, to, fields.get("to"))
        && to <= from
    {
        return Err(spot.fault(format!("a date after `from`, {from}")));
    }
    Ok(Component {
        id: id(&fields.need("id")?)?,
        names: fields.get("name").map_or_else(|| Ok(Names::default()), |spot| names(&spot))?,
        group: fields.get("group").map(|spot| id(&spot)).transpose()?,
        from,
        to,
        skip_when_zero: fields.get("skip_when_zero").map_or(Ok(false), |spot| spot.flag())?,
        kind: Reader { fields, currency, schedules }.kind(kind)?,
    })
}

struct Reader<'t, 's> {
    fields: Fields<'t>,
    currency: Currency,
    schedules: &'s [Arc<Schedule>],
}

impl Reader<'_, '_> {
    fn kind(&self, kind: KindName) -> Result<ComponentKind, Fault> {
        let fields = &self.fields;
        Ok(match kind {
            KindName::Energy => {
                ComponentKind::Energy { quantity: self.quantity("quantity")?, pricing: self.pricing()? }
            }
            KindName::Credit => ComponentKind::Credit {
                quantity: self.quantity("quantity")?,
                pricing: self.pricing()?,
                cap: fields.get("cap").map(|spot| cap(&spot)).transpose()?,
            },
            KindName::Exchange => ComponentKind::Exchange {
                quantity: self.quantity("quantity")?,
                against: self.quantity("against")?,
                price: self.price(&fields.need("price_per_kwh")?)?,
                excess: match self.only_one(&["excess_price_per_kwh", "excess_series"])? {
                    ("excess_series", spot) => Excess::Indexed { series: id(&spot)? },
                    (_, spot) => Excess::Flat(self.price(&spot)?),
                },
            },
            KindName::Capacity => ComponentKind::Capacity {
                power: match self.only_one(&["power_kw", "contracted", "peak"])? {
                    ("power_kw", spot) => PowerBasis::Fixed(power(&spot)?),
                    ("contracted", spot) => PowerBasis::Contracted(id(&spot)?),
                    (_, spot) => PowerBasis::Peak(quantity(&spot)?),
                },
                price_per_kw: self.money(&fields.need("price_per_kw")?)?,
                per: fields.need("per")?.choice(&PERIODS)?,
            },
            KindName::Fixed => ComponentKind::Fixed {
                price: self.money(&fields.need("price")?)?,
                per: fields.need("per")?.choice(&PERIODS)?,
            },
            KindName::Tax => ComponentKind::Tax {
                rate: decimal(&fields.need("rate_percent")?)?,
                on: references(&fields.need("on")?)?,
            },
        })
    }

    /// The one of these keys that is there.
    fn only_one<'k>(&self, keys: &[&'k str]) -> Result<(&'k str, Spot<'_>), Fault> {
        let mut found = keys.iter().filter_map(|key| Some((*key, self.fields.get(key)?)));
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (Some((first, _)), Some((second, spot))) => Err(spot
                .contradiction(format!("only one of {}", one_of(keys)), format!("`{first}` and `{second}`"))),
            (None, _) => Err(self
                .fields
                .spot()
                .contradiction(format!("a key {}", one_of(keys)), "a component without any of them")),
        }
    }

    fn quantity(&self, key: &str) -> Result<Quantity, Fault> {
        quantity(&self.fields.need(key)?)
    }

    fn price(&self, spot: &Spot<'_>) -> Result<Price, Fault> {
        let micros = number(spot, "a price per kWh with up to six decimals, like `0.152300`")?;
        Ok(Price::from_micros_per_kwh(micros.as_micros(), self.currency))
    }

    fn money(&self, spot: &Spot<'_>) -> Result<Money, Fault> {
        let micros = number(spot, "an amount with up to six decimals, like `12.34`")?;
        Ok(Money::from_micros(micros.as_micros(), self.currency))
    }

    fn pricing(&self) -> Result<Pricing, Fault> {
        let (key, spot) = self.only_one(&["price_per_kwh", "prices_per_kwh", "tiers", "series"])?;
        let companions: &[&str] = match key {
            "prices_per_kwh" => &["schedule"],
            "tiers" => &["tier_mode", "tiers_per", "prorate"],
            "series" => &["multiplier", "adder_per_kwh"],
            _ => &[],
        };
        let stranger = ["schedule", "tier_mode", "tiers_per", "prorate", "multiplier", "adder_per_kwh"]
            .into_iter()
            .filter(|other| !companions.contains(other))
            .find_map(|other| Some((other, self.fields.get(other)?)));
        if let Some((stranger, spot)) = stranger {
            return Err(
                spot.contradiction(format!("nothing that `{key}` does not need"), format!("`{stranger}`"))
            );
        }
        match key {
            "prices_per_kwh" => self.time_of_use(&spot),
            "tiers" => self.tiers(&spot).map(Pricing::Tiered),
            "series" => Ok(Pricing::Indexed {
                series: id(&spot)?,
                multiplier: self
                    .fields
                    .get("multiplier")
                    .map_or(Ok(Decimal::ONE), |spot| number(&spot, "a factor like `1.02`"))?,
                adder: self
                    .fields
                    .get("adder_per_kwh")
                    .map_or(Ok(Price::from_micros_per_kwh(0, self.currency)), |spot| self.price(&spot))?,
            }),
            _ => Ok(Pricing::Flat(self.price(&spot)?)),
        }
    }

    fn time_of_use(&self, spot: &Spot<'_>) -> Result<Pricing, Fault> {
        let named = self.fields.need("schedule")?;
        let name = named.text("the name of a schedule")?;
        let Some(schedule) = self.schedules.iter().find(|schedule| schedule.name() == name) else {
            let known: Vec<&str> = self.schedules.iter().map(|schedule| schedule.name()).collect();
            return Err(named.fault(format!("a schedule of the tariff: {}", one_of(&known))));
        };
        let entries = spot.entries("a table of prices by band")?;
        let bands: Vec<&str> = schedule.bands().iter().map(String::as_str).collect();
        if let Some((band, spot)) = entries.iter().find(|(band, _)| !bands.contains(band)) {
            let near = nearest(band, &bands).map_or_else(|| one_of(&bands), |near| format!("`{near}`"));
            return Err(spot.contradiction(
                format!("a band of `{name}`, such as {near}"),
                format!("`{}`", crate::error::excerpt(band)),
            ));
        }
        let prices = bands
            .iter()
            .map(|band| match entries.iter().find(|(known, _)| known == band) {
                Some((_, spot)) => self.price(spot),
                None => Err(spot.contradiction("a price for every band", format!("none for `{band}`"))),
            })
            .collect::<Result<_, _>>()?;
        Ok(Pricing::TimeOfUse { schedule: Arc::clone(schedule), prices })
    }

    fn tiers(&self, spot: &Spot<'_>) -> Result<Tiers, Fault> {
        let spots = spot.some("a list of tiers", MOST_TIERS)?;
        let mut tiers: Vec<Tier> = Vec::with_capacity(spots.len());
        for (index, spot) in spots.iter().enumerate() {
            let fields = spot.fields("a tier")?;
            fields.only(&[TIER_KEYS])?;
            let last = index + 1 == spots.len();
            let up_to = match fields.get("up_to_kwh") {
                Some(spot) if last => {
                    return Err(spot.contradiction("a last tier without an end", "one that ends"));
                }
                None if !last => {
                    return Err(spot
                        .contradiction("a key `up_to_kwh` in every tier but the last", "a tier without it"));
                }
                found => found
                    .map(|spot| {
                        let before = tiers.last().and_then(|tier| tier.up_to).unwrap_or(Energy::ZERO);
                        let expected = "an energy in kWh above the tier before";
                        spot.parse(expected, |text| {
                            Energy::parse_kwh(text).ok().filter(|e| *e > before).ok_or(())
                        })
                    })
                    .transpose()?,
            };
            let (price, fee) = (fields.get("price_per_kwh"), fields.get("fee"));
            if price.is_none() && fee.is_none() {
                return Err(spot.contradiction("a key `price_per_kwh` or `fee`", "a tier without either"));
            }
            tiers.push(Tier {
                up_to,
                price: price
                    .map_or(Ok(Price::from_micros_per_kwh(0, self.currency)), |spot| self.price(&spot))?,
                fee: fee.map_or(Ok(Money::zero(self.currency)), |spot| self.money(&spot))?,
            });
        }
        let mode = self.fields.need("tier_mode")?.choice(&TIER_MODES)?;
        let per =
            self.fields.get("tiers_per").map_or(Ok(TierPeriod::Bill), |spot| spot.choice(&TIER_PERIODS))?;
        let prorate = self.fields.get("prorate").map_or(Ok(false), |spot| match spot.flag() {
            Ok(true) if per != TierPeriod::Month => {
                Err(spot.contradiction("`prorate` only where `tiers_per` is `month`", "it without"))
            }
            flag => flag,
        })?;
        Ok(Tiers { mode, steps: tiers, per, prorate })
    }
}

fn quantity(spot: &Spot<'_>) -> Result<Quantity, Fault> {
    spot.choice(&Quantity::ALL.map(|quantity| (quantity.as_str(), quantity)))
}

fn number(spot: &Spot<'_>, expected: &str) -> Result<Decimal, Fault> {
    spot.parse(expected, str::parse)
}

fn decimal(spot: &Spot<'_>) -> Result<Decimal, Fault> {
    number(spot, "a percentage with up to six decimals, like `5.11269`")
}

fn power(spot: &Spot<'_>) -> Result<Power, Fault> {
    let kilowatts = spot.parse("a power in kW of zero or more, like `4.6`", |text| {
        text.parse::<Decimal>().ok().filter(|power| power.as_micros() >= 0).ok_or(())
    })?;
    Ok(Power::from_milliwatt(kilowatts.as_micros()))
}

fn cap(spot: &Spot<'_>) -> Result<Cap, Fault> {
    match spot.text("") {
        Ok("import_energy") => Ok(Cap::ImportEnergy),
        Ok(_) => Err(spot.fault("`import_energy` or a list of components")),
        Err(_) => references(spot).map(Cap::Components),
    }
}

/// Names of components; which ones they are is found out when all are known.
fn references(spot: &Spot<'_>) -> Result<References, Fault> {
    let list = spot.some("a list of components", MOST_COMPONENTS)?;
    let names = list
        .iter()
        .map(|spot| spot.text("the id or the group of a component").map(str::to_owned))
        .collect::<Result<_, _>>()?;
    Ok(References { names, indexes: Vec::new() })
}
