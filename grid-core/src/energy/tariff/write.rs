//! A tariff as JSON.

use serde_json::{Map, Value, json};

use super::{
    Component, ComponentKind, Decimal, Names, Pricing, Schedule, Tariff, TierPeriod, Tiers,
    component::{Cap, Excess, PerTime, PowerBasis, RoundingRule, TaxRounding},
    read::{LINE_ROUNDINGS, TAX_ROUNDINGS},
    read_component::{PERIODS, TIER_MODES, TIER_PERIODS},
    schedule::{DAYS, EVERY_DAY, EVERY_MONTH, MonthDay},
};
use crate::quantity::{Money, Price, Rounding};

type Object = Map<String, Value>;

pub(super) fn tariff(tariff: &Tariff) -> Value {
    let mut object = Object::new();
    put(&mut object, "id", &tariff.id);
    put_names(&mut object, &tariff.names);
    put(&mut object, "currency", tariff.currency.code());
    put(&mut object, "valid_from", tariff.valid_from.to_string());
    let rounding = rounding(tariff.rounding);
    if !rounding.is_empty() {
        put(&mut object, "rounding", rounding);
    }
    if !tariff.schedules.is_empty() {
        let schedules: Object = tariff.schedules.iter().map(|s| (s.name.clone(), schedule(s))).collect();
        put(&mut object, "schedules", schedules);
    }
    if !tariff.components.is_empty() {
        put(&mut object, "components", tariff.components.iter().map(component).collect::<Vec<_>>());
    }
    Value::Object(object)
}

fn put(object: &mut Object, key: &str, value: impl Into<JsonValue>) {
    object.insert(key.to_owned(), value.into().0);
}

/// What can be put into an object without ceremony.
struct JsonValue(Value);

impl From<&str> for JsonValue {
    fn from(text: &str) -> Self {
        Self(Value::from(text))
    }
}

impl From<&String> for JsonValue {
    fn from(text: &String) -> Self {
        Self(Value::from(text.as_str()))
    }
}

impl From<String> for JsonValue {
    fn from(text: String) -> Self {
        Self(Value::from(text))
    }
}

impl From<Object> for JsonValue {
    fn from(object: Object) -> Self {
        Self(Value::Object(object))
    }
}

impl From<Vec<Value>> for JsonValue {
    fn from(list: Vec<Value>) -> Self {
        Self(Value::Array(list))
    }
}

impl From<Vec<String>> for JsonValue {
    fn from(list: Vec<String>) -> Self {
        Self(Value::from(list))
    }
}

fn put_names(object: &mut Object, names: &Names) {
    if !names.is_empty() {
        let names: Object = names.iter().map(|(language, name)| (language.to_owned(), json!(name))).collect();
        put(object, "name", names);
    }
}

/// The word of a value; each table of words has them all.
fn word<T: PartialEq>(choices: &[(&'static str, T)], value: &T) -> &'static str {
    choices.iter().find(|(_, known)| known == value).map_or("", |(word, _)| word)
}

fn rounding(rule: RoundingRule) -> Object {
    let mut object = Object::new();
    if let Some(step) = rule.energy_step {
        put(&mut object, "energy", step.to_string());
    }
    if rule.line != Rounding::HalfUp {
        put(&mut object, "line", word(&LINE_ROUNDINGS, &rule.line));
    }
    if rule.tax != TaxRounding::PerBase {
        put(&mut object, "tax", word(&TAX_ROUNDINGS, &rule.tax));
    }
    object
}

fn schedule(schedule: &Schedule) -> Value {
    let mut object = Object::new();
    put(&mut object, "bands", schedule.bands.clone());
    let day = |(month, day): MonthDay| format!("{month:02}-{day:02}");
    let holidays: Vec<String> = schedule
        .holidays
        .yearly
        .iter()
        .map(|&every_year| day(every_year))
        .chain(schedule.holidays.dates.iter().map(ToString::to_string))
        .collect();
    if !holidays.is_empty() {
        put(&mut object, "holidays", holidays);
    }
    let rules = schedule.rules.iter().map(|rule| {
        let mut object = Object::new();
        put(&mut object, "band", schedule.bands.get(rule.band).map(String::as_str).unwrap_or_default());
        if rule.days != EVERY_DAY {
            let days = DAYS.iter().filter(|(_, bit)| rule.days & bit != 0);
            put(&mut object, "days", days.map(|(name, _)| json!(name)).collect::<Vec<_>>());
        }
        if !rule.hours.is_empty() {
            let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
            let hours = rule.hours.iter().map(|&(start, end)| format!("{}-{}", clock(start), clock(end)));
            put(&mut object, "hours", hours.collect::<Vec<_>>());
        }
        if rule.months != EVERY_MONTH {
            let months = (1..=12_u32).filter(|month| rule.months & (1 << month) != 0);
            put(&mut object, "months", months.map(Value::from).collect::<Vec<_>>());
        }
        if !rule.seasons.is_empty() {
            let seasons = rule.seasons.iter().map(|&(first, last)| format!("{}..{}", day(first), day(last)));
            put(&mut object, "seasons", seasons.collect::<Vec<_>>());
        }
        Value::Object(object)
    });
    put(&mut object, "rules", rules.collect::<Vec<_>>());
    Value::Object(object)
}

fn component(component: &Component) -> Value {
    let mut object = Object::new();
    put(&mut object, "id", &component.id);
    put_names(&mut object, &component.names);
    if let Some(group) = &component.group {
        put(&mut object, "group", group);
    }
    if let Some(from) = component.from {
        put(&mut object, "from", from.to_string());
    }
    if let Some(to) = component.to {
        put(&mut object, "to", to.to_string());
    }
    if component.skip_when_zero {
        object.insert("skip_when_zero".to_owned(), Value::Bool(true));
    }
    kind(&mut object, &component.kind);
    Value::Object(object)
}

fn kind(object: &mut Object, kind: &ComponentKind) {
    match kind {
        ComponentKind::Energy { quantity, pricing: how } => {
            put(object, "kind", "energy");
            put(object, "quantity", quantity.as_str());
            pricing(object, how);
        }
        ComponentKind::Credit { quantity, pricing: how, cap } => {
            put(object, "kind", "credit");
            put(object, "quantity", quantity.as_str());
            pricing(object, how);
            match cap {
                None => {}
                Some(Cap::ImportEnergy) => put(object, "cap", "import_energy"),
                Some(Cap::Components(cap)) => put(object, "cap", cap.names.clone()),
            }
        }
        ComponentKind::Exchange { quantity, against, price, excess } => {
            put(object, "kind", "exchange");
            put(object, "quantity", quantity.as_str());
            put(object, "against", against.as_str());
            put(object, "price_per_kwh", price_text(*price));
            match excess {
                Excess::Flat(price) => put(object, "excess_price_per_kwh", price_text(*price)),
                Excess::Indexed { series } => put(object, "excess_series", series),
            }
        }
        ComponentKind::Capacity { power, price_per_kw, per } => {
            put(object, "kind", "capacity");
            match power {
                PowerBasis::Fixed(power) => {
                    put(object, "power_kw", Decimal::from_micros(power.as_milliwatt()).to_string());
                }
                PowerBasis::Contracted(name) => put(object, "contracted", name),
                PowerBasis::Peak(quantity) => put(object, "peak", quantity.as_str()),
            }
            put(object, "price_per_kw", money_text(*price_per_kw));
            put(object, "per", word::<PerTime>(&PERIODS, per));
        }
        ComponentKind::Fixed { price, per } => {
            put(object, "kind", "fixed");
            put(object, "price", money_text(*price));
            put(object, "per", word::<PerTime>(&PERIODS, per));
        }
        ComponentKind::Tax { rate, on } => {
            put(object, "kind", "tax");
            put(object, "rate_percent", rate.to_string());
            put(object, "on", on.names.clone());
        }
    }
}

fn price_text(price: Price) -> String {
    Decimal::from_micros(price.as_micros_per_kwh()).to_string()
}

fn money_text(money: Money) -> String {
    Decimal::from_micros(money.as_micros()).to_string()
}

fn pricing(object: &mut Object, pricing: &Pricing) {
    match pricing {
        Pricing::Flat(price) => put(object, "price_per_kwh", price_text(*price)),
        Pricing::TimeOfUse { schedule, prices } => {
            put(object, "schedule", schedule.name());
            let prices: Object = schedule
                .bands
                .iter()
                .zip(prices)
                .map(|(band, price)| (band.clone(), Value::from(price_text(*price))))
                .collect();
            put(object, "prices_per_kwh", prices);
        }
        Pricing::Tiered(tiers) => self::tiers(object, tiers),
        Pricing::Indexed { series, multiplier, adder } => {
            put(object, "series", series);
            if *multiplier != Decimal::ONE {
                put(object, "multiplier", multiplier.to_string());
            }
            if adder.as_micros_per_kwh() != 0 {
                put(object, "adder_per_kwh", price_text(*adder));
            }
        }
    }
}

fn tiers(object: &mut Object, tiers: &Tiers) {
    put(object, "tier_mode", word(&TIER_MODES, &tiers.mode));
    if tiers.per != TierPeriod::Bill {
        put(object, "tiers_per", word(&TIER_PERIODS, &tiers.per));
    }
    if tiers.prorate {
        object.insert("prorate".to_owned(), Value::Bool(true));
    }
    let list = tiers.steps.iter().map(|tier| {
        let mut object = Object::new();
        if let Some(up_to) = tier.up_to {
            put(&mut object, "up_to_kwh", Decimal::from_micros(up_to.as_mwh()).to_string());
        }
        put(&mut object, "price_per_kwh", price_text(tier.price));
        if tier.fee.as_micros() != 0 {
            put(&mut object, "fee", money_text(tier.fee));
        }
        Value::Object(object)
    });
    put(object, "tiers", list.collect::<Vec<_>>());
}
