//! The lines of one component, for one member.

use super::{
    Component, ComponentKind, Decimal, Error, Line, LineKind, Per, Prepared, Pricing, Quantity, Tiers, Usage,
    component::{Excess, PerTime, PowerBasis},
    error::TOO_MUCH_MONEY,
    fraction::Fraction,
    prepare::{Buckets, Month, Plan, SlotPrices},
    span::Span,
};
use crate::quantity::{Energy, Money, Power, Price, Rounding, divide};

/// The sum of the energies of each bucket; a usage holds that no sum overflows.
fn sums(buckets: &Buckets, energies: &[Energy]) -> Vec<i64> {
    let mut sums = vec![0_i64; buckets.count + 1];
    match &buckets.of_slot {
        None => {
            if let Some(first) = sums.first_mut() {
                *first = energies.iter().map(|energy| energy.as_mwh()).sum();
            }
        }
        Some(of_slot) => {
            for (energy, bucket) in energies.iter().zip(of_slot) {
                if let Some(sum) = usize::try_from(*bucket).ok().and_then(|bucket| sums.get_mut(bucket)) {
                    *sum += energy.as_mwh();
                }
            }
        }
    }
    sums.truncate(buckets.count);
    sums
}

/// One component, for one member.
pub(super) struct Pricer<'p> {
    pub(super) prepared: &'p Prepared,
    pub(super) usage: &'p Usage<'p>,
    pub(super) component: &'p Component,
}

impl Pricer<'_> {
    /// The component's lines; those of a credit are what it would pay without its cap, and a tax has none yet.
    pub(super) fn lines(&self, plan: &Plan) -> Result<Vec<Line>, Error> {
        match (&self.component.kind, plan) {
            (ComponentKind::Energy { quantity, pricing }, Plan::Energy { buckets, prices, months }) => {
                self.energy(LineKind::Energy, *quantity, pricing, (buckets, prices, months))
            }
            (ComponentKind::Credit { quantity, pricing, .. }, Plan::Energy { buckets, prices, months }) => {
                self.energy(LineKind::Credit, *quantity, pricing, (buckets, prices, months))
            }
            (
                ComponentKind::Exchange { quantity, against, price, excess },
                Plan::Energy { buckets, prices, months },
            ) => self.exchange((*quantity, *against), *price, excess, (buckets, prices, months)),
            (ComponentKind::Capacity { power, price_per_kw, per }, Plan::Time(span)) => {
                let power = match power {
                    PowerBasis::Fixed(power) => *power,
                    PowerBasis::Contracted(name) => self.usage.contracted(name).ok_or_else(|| {
                        Error::NoPower { component: self.component.id.clone(), name: name.clone() }
                    })?,
                    PowerBasis::Peak(_) => return Ok(Vec::new()),
                };
                Ok(vec![self.capacity(power, *price_per_kw, *per, *span)?])
            }
            (
                ComponentKind::Capacity { power: PowerBasis::Peak(quantity), price_per_kw, per },
                Plan::Peak { buckets, months },
            ) => self
                .peaks(*quantity, buckets, months)?
                .into_iter()
                .zip(months)
                .map(|(power, month)| {
                    Ok(Line {
                        quantity: Some(*quantity),
                        month: Some(label(month)),
                        ..self.capacity(power, *price_per_kw, *per, month.span)?
                    })
                })
                .collect(),
            (ComponentKind::Fixed { price, per }, Plan::Time(span)) => {
                let micros = Fraction::whole(price.as_micros()).times(span.times(*per));
                Ok(vec![Line {
                    days: Some(span.days),
                    months: months_of(*per, *span),
                    unit_price: Some(*price),
                    per: Some(match per {
                        PerTime::Day => Per::Day,
                        PerTime::Month => Per::Month,
                        PerTime::Year => Per::Year,
                        PerTime::Period => Per::Period,
                    }),
                    ..self.line(LineKind::Fixed, micros)?
                }])
            }
            _ => Ok(Vec::new()),
        }
    }

    fn line(&self, kind: LineKind, micros: Option<Fraction>) -> Result<Line, Error> {
        Ok(Line::new(self.component, kind, self.prepared.coin().of(micros)?))
    }

    /// An energy as the tariff counts it.
    fn counted(&self, mwh: i64) -> Result<Energy, Error> {
        let Some(step) = self.prepared.tariff.rounding.energy_step else { return Ok(Energy::from_mwh(mwh)) };
        divide(i128::from(mwh), i128::from(step.as_mwh()), Rounding::HalfUp)
            .and_then(|steps| i64::try_from(steps * i128::from(step.as_mwh())).ok())
            .map(Energy::from_mwh)
            .ok_or(TOO_MUCH_MONEY)
    }

    /// A line of one price for a sum of energies.
    fn at_price(&self, kind: LineKind, quantity: Quantity, mwh: i64, price: Price) -> Result<Line, Error> {
        let energy = self.counted(mwh)?;
        let micros = cost(price, energy);
        Ok(Line {
            quantity: Some(quantity),
            energy: Some(energy),
            unit_price: Some(per_kwh(price)),
            per: Some(Per::KilowattHour),
            ..self.line(kind, micros)?
        })
    }

    fn energy(
        &self,
        kind: LineKind,
        quantity: Quantity,
        pricing: &Pricing,
        (buckets, prices, months): (&Buckets, &SlotPrices, &[Month]),
    ) -> Result<Vec<Line>, Error> {
        let energies = self.usage.needed(&self.component.id, quantity)?;
        let sums = sums(buckets, energies);
        match pricing {
            Pricing::Flat(price) => {
                sums.into_iter().map(|sum| self.at_price(kind, quantity, sum, *price)).collect()
            }
            Pricing::TimeOfUse { schedule, prices } => sums
                .into_iter()
                .zip(schedule.bands().iter().zip(prices))
                .map(|(sum, (band, price))| {
                    let line = self.at_price(kind, quantity, sum, *price)?;
                    Ok(Line { band: Some(band.clone()), ..line })
                })
                .collect(),
            Pricing::Tiered(tiers) => self.tiered(kind, quantity, tiers, &sums, months),
            Pricing::Indexed { series, .. } => {
                self.refuse_missing(series, prices, energies.iter().map(|energy| energy.as_mwh()))?;
                let value: i128 = energies
                    .iter()
                    .zip(&prices.prices)
                    .map(|(energy, price)| i128::from(energy.as_mwh()) * i128::from(*price))
                    .sum();
                let energy = Energy::from_mwh(sums.into_iter().sum());
                Ok(vec![Line {
                    quantity: Some(quantity),
                    energy: Some(energy),
                    ..self.line(kind, indexed(value))?
                }])
            }
        }
    }

    fn tiered(
        &self,
        kind: LineKind,
        quantity: Quantity,
        tiers: &Tiers,
        sums: &[i64],
        months: &[Month],
    ) -> Result<Vec<Line>, Error> {
        let mut lines = Vec::new();
        let mut start = self.usage.start_of(&self.component.id);
        for (index, sum) in sums.iter().enumerate() {
            let month = months.get(index);
            let scale = match month {
                Some(month) if tiers.prorate => month.span.part_of_month(),
                _ => Fraction::ONE,
            };
            // What was used before the period belongs to its first month.
            let before = std::mem::take(&mut start);
            let parts = tiers.parts(scale, before, self.counted(*sum)?).ok_or(TOO_MUCH_MONEY)?;
            for part in parts {
                let fee = part
                    .fee
                    .and_then(|fee| fee.rounded(1, Rounding::HalfUp))
                    .filter(|fee| *fee != 0)
                    .map(|fee| Money::from_micros(fee, self.prepared.tariff.currency));
                lines.push(Line {
                    quantity: Some(quantity),
                    tier: Some(part.tier),
                    month: month.map(label),
                    energy: Some(part.energy),
                    unit_price: part.price.map(per_kwh),
                    per: part.price.map(|_| Per::KilowattHour),
                    fee,
                    ..self.line(kind, Some(part.amount))?
                });
            }
        }
        Ok(lines)
    }

    /// An energy that flowed at a price that nobody knows has no cost, not even zero.
    fn refuse_missing(
        &self,
        series: &str,
        prices: &SlotPrices,
        energies: impl Iterator<Item = i64>,
    ) -> Result<(), Error> {
        if prices.missing.is_empty() {
            return Ok(());
        }
        for (slot, mwh) in energies.enumerate() {
            if mwh != 0 && prices.missing.binary_search(&slot).is_ok() {
                let at = self.prepared.start_of(slot)?;
                return Err(Error::NoPrice { series: series.to_owned(), at, energy: Energy::from_mwh(mwh) });
            }
        }
        Ok(())
    }

    fn exchange(
        &self,
        (quantity, against): (Quantity, Quantity),
        price: Price,
        excess: &Excess,
        (buckets, prices, months): (&Buckets, &SlotPrices, &[Month]),
    ) -> Result<Vec<Line>, Error> {
        let given = self.usage.needed(&self.component.id, quantity)?;
        let taken = self.usage.needed(&self.component.id, against)?;
        let mut swaps: Vec<Swap> =
            sums(buckets, taken).into_iter().map(|left| Swap { left, ..Swap::default() }).collect();
        let mut beyond = vec![0_i64; given.len()];
        let of_slot = buckets.of_slot.as_deref().unwrap_or_default();
        for (slot, ((energy, bucket), beyond)) in given.iter().zip(of_slot).zip(&mut beyond).enumerate() {
            let Some(swap) = usize::try_from(*bucket).ok().and_then(|bucket| swaps.get_mut(bucket)) else {
                continue;
            };
            let credited = energy.as_mwh().min(swap.left);
            swap.left -= credited;
            swap.credited += credited;
            *beyond = energy.as_mwh() - credited;
            if *beyond > 0 {
                swap.excess += *beyond;
                swap.since.get_or_insert(slot);
                let price = prices.prices.get(slot).copied().unwrap_or_default();
                swap.value += i128::from(*beyond) * i128::from(price);
            }
        }
        if let Excess::Indexed { series } = excess {
            self.refuse_missing(series, prices, beyond.into_iter())?;
        }
        let mut lines = Vec::with_capacity(2 * swaps.len());
        for (swap, month) in swaps.into_iter().zip(months) {
            let credit = self.at_price(LineKind::Credit, quantity, swap.credited, price)?;
            let rest = match excess {
                Excess::Flat(price) => self.at_price(LineKind::Excess, quantity, swap.excess, *price)?,
                Excess::Indexed { .. } => Line {
                    quantity: Some(quantity),
                    energy: Some(Energy::from_mwh(swap.excess)),
                    ..self.line(LineKind::Excess, indexed(swap.value))?
                },
            };
            let since = swap.since.map(|slot| self.prepared.start_of(slot)).transpose()?;
            for line in [credit, Line { since, ..rest }] {
                let paid = line.amount.as_micros().checked_neg().ok_or(TOO_MUCH_MONEY)?;
                let amount = Money::from_micros(paid, line.amount.currency());
                lines.push(Line { month: Some(label(month)), amount, ..line });
            }
        }
        Ok(lines)
    }

    fn capacity(&self, power: Power, price: Money, per: PerTime, span: Span) -> Result<Line, Error> {
        let product = i128::from(price.as_micros()) * i128::from(power.as_milliwatt());
        let micros = Fraction::new(product, 1_000_000).and_then(|micros| micros.times(span.times(per)));
        Ok(Line {
            power: Some(power),
            days: Some(span.days),
            months: months_of(per, span),
            unit_price: Some(price),
            per: Some(match per {
                PerTime::Day => Per::KilowattDay,
                PerTime::Month => Per::KilowattMonth,
                PerTime::Year => Per::KilowattYear,
                PerTime::Period => Per::KilowattPeriod,
            }),
            ..self.line(LineKind::Capacity, micros)?
        })
    }

    /// The highest mean power of a slot in each month: its energy divided by its length.
    fn peaks(&self, quantity: Quantity, buckets: &Buckets, months: &[Month]) -> Result<Vec<Power>, Error> {
        const MICROSECONDS_PER_HOUR: i128 = 3_600_000_000;
        let energies = self.usage.needed(&self.component.id, quantity)?;
        // Milliwatt-hours and microseconds; the one that is more in less time is found without dividing.
        let mut highest: Vec<(i64, u64)> = vec![(0, 1); months.len()];
        let of_slot = buckets.of_slot.as_deref().unwrap_or_default();
        for ((energy, slot), bucket) in energies.iter().zip(&self.prepared.slots).zip(of_slot) {
            let Some(peak) = usize::try_from(*bucket).ok().and_then(|bucket| highest.get_mut(bucket)) else {
                continue;
            };
            let (mwh, time) = (energy.as_mwh(), slot.microseconds().max(1));
            if i128::from(mwh) * i128::from(peak.1) > i128::from(peak.0) * i128::from(time) {
                *peak = (mwh, time);
            }
        }
        highest
            .into_iter()
            .map(|(mwh, time)| {
                divide(i128::from(mwh) * MICROSECONDS_PER_HOUR, i128::from(time), Rounding::HalfUp)
                    .and_then(|milliwatt| i64::try_from(milliwatt).ok())
                    .map(Power::from_milliwatt)
                    .ok_or(TOO_MUCH_MONEY)
            })
            .collect()
    }
}

/// A month's exchange, in milliwatt-hours.
#[derive(Clone, Copy, Debug, Default)]
struct Swap {
    /// What can still be credited.
    left: i64,
    credited: i64,
    excess: i64,
    /// The value of the excess, in milliwatt-hours times 10^-12 units per kilowatt-hour.
    value: i128,
    /// The first slot with an excess.
    since: Option<usize>,
}

fn cost(price: Price, energy: Energy) -> Option<Fraction> {
    Fraction::new(i128::from(price.as_micros_per_kwh()) * i128::from(energy.as_mwh()), 1_000_000)
}

/// Millionths of a unit out of milliwatt-hours times 10^-12 units per kilowatt-hour.
fn indexed(value: i128) -> Option<Fraction> {
    Fraction::new(value, 1_000_000_000_000)
}

const fn per_kwh(price: Price) -> Money {
    Money::from_micros(price.as_micros_per_kwh(), price.currency())
}

fn months_of(per: PerTime, span: Span) -> Option<Decimal> {
    if per == PerTime::Month { span.months() } else { None }
}

fn label(month: &Month) -> String {
    format!("{:04}-{:02}", month.date.0, month.date.1)
}
