//! The lines of a statement in words, in groups that are added up.

use std::collections::BTreeMap;

use super::{
    names,
    numbers::{Coin, Decimal, JOINED, kilowatt_hours},
    page::{Group, Row, labelled},
    words::pick,
};
use crate::energy::settlement::{Amount, Language, LineKind, Statement, StatementLine};

/// What is charged and credited, then the taxes; a group without lines is none.
pub(super) fn groups(statement: &Statement, coin: &Coin, language: Language) -> Vec<Group> {
    let (taxes, others): (Vec<_>, Vec<_>) =
        statement.lines.iter().partition(|line| line.kind == LineKind::Tax);
    // Prices of one unit have the same decimals, so that they can be compared at a glance.
    let mut decimals: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for line in &others {
        let needed = line.unit_price.as_deref().and_then(Decimal::parse).map(|price| price.decimals());
        let most = decimals.entry(line.unit.as_deref()).or_insert(2);
        *most = needed.unwrap_or_default().clamp(*most, 8);
    }
    let mut groups = Vec::new();
    if !others.is_empty() {
        groups.push(Group {
            heading: pick(language, "Charges and credits", "Cargos y abonos"),
            rows: others.iter().map(|line| row(line, statement, coin, &decimals, language)).collect(),
            sum: labelled(
                pick(language, "Total before taxes", "Total sin impuestos"),
                coin.amount(statement.net, language),
            ),
        });
    }
    if !taxes.is_empty() {
        groups.push(Group {
            heading: pick(language, "Taxes", "Impuestos"),
            rows: taxes.iter().map(|line| row(line, statement, coin, &decimals, language)).collect(),
            sum: labelled(
                pick(language, "Total of taxes", "Total de impuestos"),
                coin.amount(statement.taxes, language),
            ),
        });
    }
    groups
}

fn row(
    line: &StatementLine,
    statement: &Statement,
    coin: &Coin,
    decimals: &BTreeMap<Option<&str>, usize>,
    language: Language,
) -> Row {
    let decimals = decimals.get(&line.unit.as_deref()).copied().unwrap_or(2);
    Row {
        name: line.name(language).to_owned(),
        detail: detail(line, coin, language),
        quantity: quantity(line, coin, language),
        price: price(line, &statement.currency, coin, decimals, language),
        amount: coin.amount(line.amount, language),
    }
}

/// What tells a line from others of the same name.
fn detail(line: &StatementLine, coin: &Coin, language: Language) -> String {
    let mut parts = Vec::new();
    if let Some(band) = &line.band {
        parts.push(format!("{} {band}", pick(language, "band", "período")));
    }
    if let Some(tier) = line.tier {
        parts.push(format!("{} {tier}", pick(language, "tier", "tramo")));
    }
    if let Some(code) = &line.quantity {
        let priced = names::quantity(code, language);
        // `Energy from the grid` need not say again that it is from the grid.
        if !line.name(language).to_lowercase().contains(&priced) {
            parts.push(priced);
        }
    }
    if line.energy_kwh.is_some() && line.unit_price.is_none() {
        parts.push(pick(language, "at several prices", "a varios precios").to_owned());
    }
    if let Some(forfeited) = line.forfeited.filter(|amount| *amount != Amount::ZERO) {
        let amount = coin.amount(forfeited, language);
        parts.push(match language {
            Language::English => format!("{amount} not credited, above the cap"),
            Language::Spanish => format!("{amount} no abonados por superar el límite"),
        });
    }
    parts.join(" · ")
}

fn quantity(line: &StatementLine, coin: &Coin, language: Language) -> (String, String) {
    let days = line.days.map(|count| {
        let number = Decimal::scaled(i128::from(count), 0).text(0, language);
        (number, names::days(count, language).to_owned())
    });
    if let Some(energy) = line.energy_kwh {
        return (kilowatt_hours(energy, language), "kWh".to_owned());
    }
    if let Some(watts) = line.power_w {
        let power = Decimal::scaled(i128::from(watts), 3).text(0, language);
        let over = days.map(|(count, days)| format!(" × {count}{JOINED}{days}")).unwrap_or_default();
        return (power, format!("kW{over}"));
    }
    if let Some(days) = days {
        return days;
    }
    match (line.base, language) {
        (Some(base), Language::English) => (coin.amount(base, language), String::new()),
        (Some(base), Language::Spanish) => (
            Decimal::scaled(i128::from(base.as_micros()), 6).text(coin.decimals(), language),
            coin.sign().to_owned(),
        ),
        (None, _) => (String::new(), String::new()),
    }
}

fn price(
    line: &StatementLine,
    currency: &str,
    coin: &Coin,
    decimals: usize,
    language: Language,
) -> (String, String) {
    if let Some(rate) = &line.rate_percent {
        return match Decimal::parse(rate) {
            Some(rate) => (rate.text(0, language), "%".to_owned()),
            None => (rate.clone(), String::new()),
        };
    }
    let Some(text) = &line.unit_price else { return (String::new(), String::new()) };
    let unit = line.unit.as_deref().unwrap_or_default();
    match (Decimal::parse(text), unit.split_once('/')) {
        (Some(price), Some((coin_code, per))) if coin_code.trim() == currency => {
            coin.price(&price, decimals, &names::unit(per.trim(), language), language)
        }
        (Some(price), _) => (price.text(decimals, language), unit.to_owned()),
        (None, _) => (text.clone(), unit.to_owned()),
    }
}
