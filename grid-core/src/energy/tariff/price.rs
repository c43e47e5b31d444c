//! From one member's energies to its bill.

use super::{
    Bill, Component, ComponentKind, Error, Line, LineKind, Prepared, Pricing, Quantity, Usage,
    component::{Cap, TaxRounding},
    error::TOO_MUCH_MONEY,
    fraction::{Coin, Fraction},
    lines::Pricer,
    prepare::Plan,
};
use crate::quantity::Money;

impl Prepared {
    /// Prices one member's energies.
    ///
    /// Charges come first, then credits with their caps, then taxes, each after those that it is raised on; the lines
    /// stand in the order of the tariff's components all the same. Credits that share a cap use it up in the order of
    /// their ids, so that the order of the components changes no amount.
    ///
    /// # Errors
    ///
    /// [`Error::OtherSlots`], [`Error::NoColumn`], [`Error::NoPower`], [`Error::NoTiers`], [`Error::NoPrice`] where
    /// energy flowed at a price that is not known, and [`Error::Quantity`] where an amount does not fit.
    pub fn price(&self, usage: &Usage<'_>) -> Result<Bill, Error> {
        if usage.slots() != self.slots.len() {
            return Err(Error::OtherSlots { expected: self.slots.len(), got: usage.slots() });
        }
        let components = &self.tariff.components;
        for (named, start) in usage.starts() {
            if !components.iter().any(|component| component.id == named && has_tiers(component)) {
                return Err(Error::NoTiers { component: crate::error::excerpt(named) });
            }
            if start.is_negative() {
                return Err(Error::NegativeStart { component: named.to_owned(), got: start });
            }
        }
        let mut lines = Vec::with_capacity(components.len());
        for (component, plan) in components.iter().zip(&self.plans) {
            lines.push(Pricer { prepared: self, usage, component }.lines(plan)?);
        }
        self.cap(&mut lines)?;
        self.skip(&mut lines);
        self.tax(&mut lines)?;
        self.skip(&mut lines);
        let lines: Vec<Line> = lines.into_iter().flatten().collect();
        let currency = self.tariff.currency;
        let (mut net, mut taxes) = (Money::zero(currency), Money::zero(currency));
        for line in &lines {
            let sum = if line.kind == LineKind::Tax { &mut taxes } else { &mut net };
            *sum = sum.checked_add(line.amount)?;
        }
        Ok(Bill { currency, lines, net, taxes, total: net.checked_add(taxes)? })
    }

    /// Drops the lines that say nothing, where the tariff wants that; before the taxes, so that none is raised on them.
    fn skip(&self, lines: &mut [Vec<Line>]) {
        for (component, lines) in self.tariff.components.iter().zip(lines) {
            if component.skip_when_zero {
                lines.retain(|line| !line.is_zero());
            }
        }
    }

    pub(super) fn coin(&self) -> Coin {
        Coin { currency: self.tariff.currency, rounding: self.tariff.rounding.line }
    }

    /// Cuts the credits down to their caps, and gives them their sign.
    fn cap(&self, lines: &mut [Vec<Line>]) -> Result<(), Error> {
        let mut credits: Vec<(&Component, usize, Vec<usize>)> = Vec::new();
        for (index, component) in self.tariff.components.iter().enumerate() {
            if let ComponentKind::Credit { cap, .. } = &component.kind {
                let capping = match cap {
                    None => Vec::new(),
                    Some(Cap::Components(references)) => references.indexes.clone(),
                    Some(Cap::ImportEnergy) => self.import_components(),
                };
                credits.push((component, index, capping));
            }
        }
        credits.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        let mut given: Vec<(&[usize], i128)> = Vec::with_capacity(credits.len());
        for (component, index, capping) in &credits {
            let capped = matches!(component.kind, ComponentKind::Credit { cap: Some(_), .. });
            let limit = if capped {
                let before = given
                    .iter()
                    .filter(|(other, _)| other.iter().any(|index| capping.contains(index)))
                    .map(|(_, amount)| amount)
                    .sum::<i128>();
                Some((sum_of(lines, capping) - before).max(0))
            } else {
                None
            };
            let Some(own) = lines.get_mut(*index) else { continue };
            given.push((capping, pay_out(own, limit)?));
        }
        Ok(())
    }

    /// The components whose lines charge for imported energy.
    fn import_components(&self) -> Vec<usize> {
        let components = self.tariff.components.iter().enumerate();
        components
            .filter(|(_, component)| {
                matches!(component.kind, ComponentKind::Energy { quantity: Quantity::Import, .. })
            })
            .map(|(index, _)| index)
            .collect()
    }

    fn tax(&self, lines: &mut [Vec<Line>]) -> Result<(), Error> {
        let currency = self.tariff.currency;
        for &index in &self.tariff.tax_order {
            let (Some(component), Some(Plan::Tax)) =
                (self.tariff.components.get(index), self.plans.get(index))
            else {
                continue;
            };
            let ComponentKind::Tax { rate, on } = &component.kind else { continue };
            // A percentage in millionths, of an amount in millionths.
            let levy = |base: i64| -> Result<Line, Error> {
                let micros = Fraction::new(i128::from(base) * i128::from(rate.as_micros()), 100 * 1_000_000);
                Ok(Line {
                    base: Some(Money::from_micros(base, currency)),
                    rate_percent: Some(*rate),
                    ..Line::new(component, LineKind::Tax, self.coin().of(micros)?)
                })
            };
            let own = match self.tariff.rounding.tax {
                TaxRounding::PerBase => {
                    let base = i64::try_from(sum_of(lines, &on.indexes)).map_err(|_| TOO_MUCH_MONEY)?;
                    vec![levy(base)?]
                }
                TaxRounding::PerLine => on
                    .indexes
                    .iter()
                    .filter_map(|base| lines.get(*base))
                    .flatten()
                    .map(|line| {
                        Ok(Line {
                            taxed: Some(line.component.clone()),
                            band: line.band.clone(),
                            tier: line.tier,
                            month: line.month.clone(),
                            ..levy(line.amount.as_micros())?
                        })
                    })
                    .collect::<Result<_, Error>>()?,
            };
            if let Some(lines) = lines.get_mut(index) {
                *lines = own;
            }
        }
        Ok(())
    }
}

fn has_tiers(component: &Component) -> bool {
    matches!(
        component.kind,
        ComponentKind::Energy { pricing: Pricing::Tiered(_), .. }
            | ComponentKind::Credit { pricing: Pricing::Tiered(_), .. }
    )
}

fn sum_of(lines: &[Vec<Line>], components: &[usize]) -> i128 {
    components
        .iter()
        .filter_map(|index| lines.get(*index))
        .flatten()
        .map(|line| i128::from(line.amount.as_micros()))
        .sum()
}

/// Cuts what is more than the limit from the last lines on, turns what is left into what the member gets, and tells
/// how much that is.
fn pay_out(lines: &mut [Line], limit: Option<i128>) -> Result<i128, Error> {
    let total: i128 = lines.iter().map(|line| i128::from(line.amount.as_micros())).sum();
    let mut over = limit.map_or(0, |limit| (total - limit).max(0));
    let given = total - over;
    for line in lines.iter_mut().rev() {
        let currency = line.amount.currency();
        let raw = line.amount.as_micros();
        let cut = i64::try_from(over.min(i128::from(raw.max(0)))).map_err(|_| TOO_MUCH_MONEY)?;
        over -= i128::from(cut);
        line.amount = Money::from_micros(cut.checked_sub(raw).ok_or(TOO_MUCH_MONEY)?, currency);
        line.forfeited = limit.map(|_| Money::from_micros(cut, currency));
    }
    Ok(given)
}
