//! A document's head, holidays and schedules, and how its components hang together.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::Date;

use super::{
    Component, ComponentKind, Names, Quantity, Tariff,
    component::{Cap, References, RoundingRule, TaxRounding},
    fields::{Spot, nearest, one_of},
    read_component,
    schedule::{DAY, DAYS, EVERY_DAY, EVERY_MONTH, Holidays, MonthDay, Rule, Schedule},
    tree::Fault,
};
use crate::quantity::{Energy, Rounding};

pub(super) const TARIFF_KEYS: &[&str] =
    &["id", "name", "currency", "valid_from", "rounding", "holidays", "schedules", "components"];
pub(super) const ROUNDING_KEYS: &[&str] = &["energy", "line", "tax"];
pub(super) const SCHEDULE_KEYS: &[&str] = &["bands", "holidays", "rules"];
pub(super) const RULE_KEYS: &[&str] = &["band", "days", "hours", "months", "seasons"];

pub(super) const LINE_ROUNDINGS: [(&str, Rounding); 2] =
    [("minor_unit_half_up", Rounding::HalfUp), ("minor_unit_half_even", Rounding::HalfEven)];
pub(super) const TAX_ROUNDINGS: [(&str, TaxRounding); 2] =
    [("per_base", TaxRounding::PerBase), ("per_line", TaxRounding::PerLine)];

/// The most components of a tariff; more than any bill has lines.
pub(super) const MOST_COMPONENTS: usize = 200;
/// The most rules of a schedule, and the most hours and seasons of a rule.
pub(super) const MOST_RULES: usize = 100;
/// The most tiers of a price.
pub(super) const MOST_TIERS: usize = 100;

type HolidayLists = BTreeMap<String, Holidays>;

pub(super) fn tariff(root: &Spot<'_>) -> Result<Tariff, Fault> {
    let fields = root.fields("a tariff")?;
    fields.only(&[TARIFF_KEYS])?;
    let currency = fields.need("currency")?.parse("an ISO 4217 code like `EUR`", str::parse)?;
    let mut lists = HolidayLists::new();
    if let Some(spot) = fields.get("holidays") {
        for (name, spot) in spot.entries("a table of lists of dates")? {
            lists.insert(name.to_owned(), holidays(&spot)?);
        }
    }
    let mut schedules = Vec::new();
    if let Some(spot) = fields.get("schedules") {
        for (name, spot) in spot.entries("a table of schedules")? {
            check_id(name, &spot)?;
            schedules.push(Arc::new(schedule(name, &spot, &lists)?));
        }
        // JSON objects have no order that others would keep.
        schedules.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let spots = match fields.get("components") {
        Some(spot) => spot.some("a list of components", MOST_COMPONENTS)?,
        None => Vec::new(),
    };
    let mut components: Vec<Component> = Vec::with_capacity(spots.len());
    for spot in &spots {
        let component = read_component::component(spot, currency, &schedules)?;
        if components.iter().any(|other| other.id == component.id) {
            return Err(spot.contradiction("each id once", format!("`{}` twice", component.id)));
        }
        components.push(component);
    }
    resolve(&mut components, &spots)?;
    Ok(Tariff {
        id: id(&fields.need("id")?)?,
        names: fields.get("name").map_or_else(|| Ok(Names::default()), |spot| names(&spot))?,
        currency,
        valid_from: date(&fields.need("valid_from")?)?,
        rounding: fields.get("rounding").map_or(
            Ok(RoundingRule { energy_step: None, line: Rounding::HalfUp, tax: TaxRounding::PerBase }),
            |spot| rounding(&spot),
        )?,
        schedules,
        tax_order: tax_order(&components, &spots)?,
        components,
    })
}

/// Text of an id: what stands in a file's name or an address without quoting.
pub(super) fn id(spot: &Spot<'_>) -> Result<String, Fault> {
    let text = spot.text(ID)?;
    check_id(text, spot)?;
    Ok(text.to_owned())
}

const ID: &str = "an id of 1 to 64 letters (a to z), digits, `-`, `_` or `.`";

fn check_id(text: &str, spot: &Spot<'_>) -> Result<(), Fault> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if plain && (1..=64).contains(&text.len()) {
        Ok(())
    } else {
        Err(spot.contradiction(ID, format!("`{}`", crate::error::excerpt(text))))
    }
}

pub(super) fn names(spot: &Spot<'_>) -> Result<Names, Fault> {
    const EXPECTED: &str =
        "a name, or a table of names by language such as `{ en = \"Energy\", es = \"Energía\" }`";
    const NAME: &str = "a name of 1 to 200 characters without control characters";
    let sound = |text: &str| (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if let Ok(text) = spot.text(EXPECTED) {
        return if sound(text) { Ok(Names::new([("en", text)])) } else { Err(spot.fault(NAME)) };
    }
    let mut names = Vec::new();
    for (language, spot) in spot.entries(EXPECTED)? {
        if !(2..=3).contains(&language.len()) || !language.bytes().all(|b| b.is_ascii_lowercase()) {
            return Err(spot.contradiction(
                "a language like `en` or `es`",
                format!("`{}`", crate::error::excerpt(language)),
            ));
        }
        let text = spot.text(NAME)?;
        if !sound(text) {
            return Err(spot.fault(NAME));
        }
        names.push((language, text));
    }
    Ok(Names::new(names))
}

pub(super) fn date(spot: &Spot<'_>) -> Result<Date, Fault> {
    spot.parse("a date like `2026-01-31`", parse_date)
}

/// Only the long form: jiff would take others, and a schema could not say which.
fn parse_date(text: &str) -> Result<Date, ()> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(
            |(at, b)| {
                if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() }
            },
        );
    if shape { text.parse().map_err(|_| ()) } else { Err(()) }
}

fn rounding(spot: &Spot<'_>) -> Result<RoundingRule, Fault> {
    let fields = spot.fields("a table of roundings")?;
    fields.only(&[ROUNDING_KEYS])?;
    let energy_step = match fields.get("energy") {
        None => None,
        Some(spot) => spot.parse("`none` or a step like `0.01 kWh`", |text| match text {
            "none" => Ok(None),
            step => step.parse::<Energy>().ok().filter(|step| *step > Energy::ZERO).map(Some).ok_or(()),
        })?,
    };
    Ok(RoundingRule {
        energy_step,
        line: fields.get("line").map_or(Ok(Rounding::HalfUp), |spot| spot.choice(&LINE_ROUNDINGS))?,
        tax: fields.get("tax").map_or(Ok(TaxRounding::PerBase), |spot| spot.choice(&TAX_ROUNDINGS))?,
    })
}

fn holidays(spot: &Spot<'_>) -> Result<Holidays, Fault> {
    const EXPECTED: &str = "a list of dates like `2026-04-03`, or `12-25` for every year";
    let mut holidays = Holidays::default();
    for spot in spot.list(EXPECTED)? {
        let text = spot.text(EXPECTED)?;
        if let Some(every_year) = month_day(text) {
            holidays.yearly.insert(every_year);
        } else {
            holidays.dates.insert(parse_date(text).map_err(|()| spot.fault(EXPECTED))?);
        }
    }
    Ok(holidays)
}

fn month_day(text: &str) -> Option<MonthDay> {
    let (month, day) = text.split_once('-')?;
    if month.len() != 2 || day.len() != 2 {
        return None;
    }
    // A leap year, so that 29 February is a day.
    let date = Date::new(2024, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some((date.month(), date.day()))
}

fn schedule(name: &str, spot: &Spot<'_>, lists: &HolidayLists) -> Result<Schedule, Fault> {
    let fields = spot.fields("a schedule")?;
    fields.only(&[SCHEDULE_KEYS])?;
    let holidays = match fields.get("holidays") {
        None => Holidays::default(),
        Some(spot) => match spot.text("") {
            Ok(list) => lists.get(list).cloned().ok_or_else(|| {
                let known: Vec<&str> = lists.keys().map(String::as_str).collect();
                spot.fault(format!("a list under `holidays`: {}", one_of(&known)))
            })?,
            Err(_) => self::holidays(&spot)?,
        },
    };
    let mut bands: Vec<String> = Vec::new();
    let mut fixed = false;
    if let Some(spot) = fields.get("bands") {
        fixed = true;
        for spot in spot.list("a list of bands")? {
            let band = id(&spot)?;
            if bands.contains(&band) {
                return Err(spot.contradiction("each band once", format!("`{band}` twice")));
            }
            bands.push(band);
        }
    }
    let rules_spot = fields.need("rules")?;
    let mut rules = Vec::new();
    for spot in rules_spot.some("a list of rules", MOST_RULES)? {
        let fields = spot.fields("a rule")?;
        fields.only(&[RULE_KEYS])?;
        let band_spot = fields.need("band")?;
        let band = id(&band_spot)?;
        let position = match bands.iter().position(|known| *known == band) {
            Some(position) => position,
            None if fixed => {
                let known: Vec<&str> = bands.iter().map(String::as_str).collect();
                return Err(band_spot.fault(format!("a band of the schedule: {}", one_of(&known))));
            }
            None => {
                bands.push(band);
                bands.len() - 1
            }
        };
        rules.push(Rule {
            band: position,
            days: fields.get("days").map_or(Ok(EVERY_DAY), |spot| days(&spot))?,
            hours: fields.get("hours").map_or_else(|| Ok(Vec::new()), |spot| hours(&spot))?,
            months: fields.get("months").map_or(Ok(EVERY_MONTH), |spot| months(&spot))?,
            seasons: fields.get("seasons").map_or_else(|| Ok(Vec::new()), |spot| seasons(&spot))?,
        });
    }
    if let Some(unused) = (0..bands.len()).find(|band| rules.iter().all(|rule| rule.band != *band)) {
        let band = bands.get(unused).map(String::as_str).unwrap_or_default();
        return Err(rules_spot.contradiction("a rule for every band", format!("none for `{band}`")));
    }
    let schedule = Schedule { name: name.to_owned(), bands, rules, holidays };
    match schedule.hole() {
        None => Ok(schedule),
        Some(hole) => {
            let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
            Err(rules_spot.contradiction(
                "rules that give every minute of every day a band",
                format!(
                    "none for a {}{} on {:02}-{:02} from {} to {}",
                    hole.weekday,
                    if hole.holiday { " that is a holiday" } else { "" },
                    hole.month_day.0,
                    hole.month_day.1,
                    clock(hole.start),
                    clock(hole.end),
                ),
            ))
        }
    }
}

fn days(spot: &Spot<'_>) -> Result<u8, Fault> {
    const WEEKDAYS: u8 = 0b001_1111;
    let choices: Vec<(&str, u8)> =
        DAYS.into_iter().chain([("weekdays", WEEKDAYS), ("weekends", 0b110_0000)]).collect();
    let mut days = 0;
    for spot in spot.some("a list of days", choices.len())? {
        days |= spot.choice(&choices)?;
    }
    Ok(days)
}

fn hours(spot: &Spot<'_>) -> Result<Vec<(u16, u16)>, Fault> {
    const EXPECTED: &str = "hours like `08:00-14:00`, or `22:00-06:00` over midnight";
    let mut hours = Vec::new();
    for spot in spot.some("a list of hours", MOST_RULES)? {
        let text = spot.text(EXPECTED)?;
        let (start, end) = text
            .split_once('-')
            .and_then(|(start, end)| Some((minute(start)?, minute(end)?)))
            .filter(|&(start, end)| start < DAY && start != end)
            .ok_or_else(|| spot.fault(EXPECTED))?;
        if start < end {
            hours.push((start, end));
        } else {
            hours.push((start, DAY));
            if end > 0 {
                hours.push((0, end));
            }
        }
    }
    Ok(hours)
}

/// The minute of the day that `HH:MM` is, up to `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= DAY).then_some(total)
}

fn months(spot: &Spot<'_>) -> Result<u16, Fault> {
    let mut months = 0;
    for spot in spot.some("a list of months", 12)? {
        months |= spot.parse("a month from 1 to 12", |text| match text.parse::<u32>() {
            Ok(month @ 1..=12) => 1_u16.checked_shl(month).ok_or(()),
            _ => Err(()),
        })?;
    }
    Ok(months)
}

fn seasons(spot: &Spot<'_>) -> Result<Vec<(MonthDay, MonthDay)>, Fault> {
    const EXPECTED: &str = "a first and a last day like `06-15..09-15`";
    spot.some("a list of seasons", MOST_RULES)?
        .iter()
        .map(|spot| {
            let (first, last) = spot.text(EXPECTED)?.split_once("..").ok_or_else(|| spot.fault(EXPECTED))?;
            month_day(first).zip(month_day(last)).ok_or_else(|| spot.fault(EXPECTED))
        })
        .collect()
}

/// Finds out which components each tax and each cap means.
fn resolve(components: &mut [Component], spots: &[Spot<'_>]) -> Result<(), Fault> {
    let known: Vec<(String, Option<String>, bool)> = components
        .iter()
        .map(|component| {
            let chargeable = matches!(
                component.kind,
                ComponentKind::Energy { .. } | ComponentKind::Capacity { .. } | ComponentKind::Fixed { .. }
            );
            (component.id.clone(), component.group.clone(), chargeable)
        })
        .collect();
    for (index, (_, group, _)) in known.iter().enumerate() {
        if let (Some(group), Some(spot)) = (group, spots.get(index))
            && known.iter().any(|(id, ..)| id == group)
        {
            let place = spot.fields("")?.need("group")?;
            return Err(place.fault("a group whose name is no component's id"));
        }
    }
    let imports = components
        .iter()
        .any(|component| matches!(component.kind, ComponentKind::Energy { quantity: Quantity::Import, .. }));
    for (component, spot) in components.iter_mut().zip(spots) {
        if !imports && matches!(component.kind, ComponentKind::Credit { cap: Some(Cap::ImportEnergy), .. }) {
            let cap = spot.fields("")?.need("cap")?;
            return Err(cap.contradiction("a component `energy` that prices `import`", "none"));
        }
        let (references, key, only_charges) = match &mut component.kind {
            ComponentKind::Tax { on, .. } => (on, "on", false),
            ComponentKind::Credit { cap: Some(Cap::Components(cap)), .. } => (cap, "cap", true),
            _ => continue,
        };
        let list = spot.fields("")?.need(key)?;
        references.indexes = indexes(&references.names, &known, &list, only_charges)?;
    }
    Ok(())
}

fn indexes(
    names: &[String],
    known: &[(String, Option<String>, bool)],
    list: &Spot<'_>,
    only_charges: bool,
) -> Result<Vec<usize>, Fault> {
    let spots = list.list("a list of components")?;
    let mut found = Vec::new();
    for (name, spot) in names.iter().zip(&spots) {
        let before = found.len();
        for (index, (id, group, chargeable)) in known.iter().enumerate() {
            if id != name && group.as_ref() != Some(name) {
                continue;
            }
            if only_charges && !chargeable {
                return Err(spot.contradiction(
                    "components that charge for energy, power or time",
                    format!("`{id}`, which does not"),
                ));
            }
            found.push(index);
        }
        if found.len() == before {
            let all: Vec<&str> = known
                .iter()
                .flat_map(|(id, group, _)| std::iter::once(id.as_str()).chain(group.as_deref()))
                .collect();
            let near = nearest(name, &all).map(|near| format!(", such as `{near}`")).unwrap_or_default();
            return Err(spot.fault(format!("the id or the group of a component{near}")));
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Puts the taxes into an order in which each comes after those that it is raised on.
fn tax_order(components: &[Component], spots: &[Spot<'_>]) -> Result<Vec<usize>, Fault> {
    let mut waiting: Vec<(usize, &References)> = components
        .iter()
        .enumerate()
        .filter_map(|(index, component)| match &component.kind {
            ComponentKind::Tax { on, .. } => Some((index, on)),
            _ => None,
        })
        .collect();
    let mut order = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let still: Vec<usize> = waiting.iter().map(|(index, _)| *index).collect();
        let (ready, blocked): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, on)| on.indexes.iter().all(|base| !still.contains(base)));
        if ready.is_empty() {
            let circle: Vec<&str> = blocked
                .iter()
                .filter_map(|(index, _)| components.get(*index).map(|tax| tax.id.as_str()))
                .collect();
            let first = blocked.first().and_then(|(index, _)| spots.get(*index));
            let at = first.or(spots.first()).map_or(0, |spot| spot.contradiction("", "").at);
            return Err(Fault {
                at,
                pointer: first.map(|spot| spot.contradiction("", "").pointer).unwrap_or_default(),
                expected: "taxes that are not raised on themselves".to_owned(),
                got: format!("a circle in {}", one_of(&circle).replace(" or ", " and ")),
            });
        }
        order.extend(ready.into_iter().map(|(index, _)| index));
        waiting = blocked;
    }
    Ok(order)
}
