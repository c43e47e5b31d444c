//! A bill's line as a statement has it.

use std::collections::BTreeMap;

use super::{Amount, LineKind, StatementLine};
use crate::{
    energy::tariff::{self, Line},
    quantity::Money,
};

/// Writes a line of a bill down for good: what the tariff computed with, as plain text and numbers.
pub(super) fn statement_line(line: &Line) -> StatementLine {
    let amount = |money: Money| Amount::from(money);
    let currency = line.amount.currency();
    StatementLine {
        component: line.component.clone(),
        kind: kind(line.kind),
        names: line
            .names
            .iter()
            .map(|(language, name)| (language.to_owned(), name.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        quantity: line.quantity.map(|quantity| quantity.as_str().to_owned()),
        band: line.band.clone(),
        tier: line.tier,
        month: line.month.clone(),
        energy_kwh: line.energy,
        power_w: line.power.map(|power| power.as_milliwatt() / 1000),
        days: line.days.map(i64::from),
        months: line.months.map(|months| months.to_string()),
        unit_price: line.unit_price.map(Money::to_amount_string),
        unit: line.per.map(|per| format!("{currency}/{}", per.as_str())),
        fee: line.fee.map(amount),
        base: line.base.map(amount),
        rate_percent: line.rate_percent.map(|rate| rate.to_string()),
        taxed: line.taxed.clone(),
        since: line.since.map(|since| since.to_string()),
        forfeited: line.forfeited.map(amount),
        amount: line.amount.into(),
    }
}

const fn kind(kind: tariff::LineKind) -> LineKind {
    match kind {
        tariff::LineKind::Energy => LineKind::Energy,
        tariff::LineKind::Capacity => LineKind::Capacity,
        tariff::LineKind::Fixed => LineKind::Fixed,
        tariff::LineKind::Credit => LineKind::Credit,
        tariff::LineKind::Excess => LineKind::Excess,
        tariff::LineKind::Tax => LineKind::Tax,
    }
}
