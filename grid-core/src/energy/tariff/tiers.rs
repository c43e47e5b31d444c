//! Prices that depend on how much was used.

use super::fraction::Fraction;
use crate::quantity::{Energy, Money, Price, Rounding};

/// A step of a tiered price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// How far it reaches, its end included; the last tier has no end.
    pub up_to: Option<Energy>,
    /// The price of each kilowatt-hour in it.
    pub price: Price,
    /// What is due once when it is reached.
    pub fee: Money,
}

/// What the tiers are applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TierMode {
    /// Each part of the energy has the price of the tier that it lies in.
    Graduated,
    /// All of the energy has the price of the tier that its whole lies in.
    Volume,
}

/// After what time the tiers begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TierPeriod {
    /// With each bill.
    Bill,
    /// With each local month, also within one bill.
    Month,
}

/// A tiered price.
///
/// What is due for a part of a period is what is due for all of it until now, less what was due for what came before;
/// so that two bills of half a month come to the same as one of a whole month. The fee of the first tier is due also
/// where nothing was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers {
    pub(super) mode: TierMode,
    pub(super) steps: Vec<Tier>,
    pub(super) per: TierPeriod,
    pub(super) prorate: bool,
}

/// What one tier adds to a bill.
pub(super) struct TierPart {
    /// The tier, counted from 1.
    pub(super) tier: u32,
    pub(super) energy: Energy,
    pub(super) price: Option<Price>,
    /// The fee in millionths, if it is due now.
    pub(super) fee: Option<Fraction>,
    /// The amount in millionths.
    pub(super) amount: Fraction,
}

/// A tier of the month or the bill at hand, in milliwatt-hours.
struct Bounds {
    number: u32,
    lower: i64,
    upper: i64,
    price: Price,
    fee: Fraction,
}

impl Bounds {
    fn within(&self, energy: i64) -> i64 {
        energy.clamp(self.lower, self.upper) - self.lower
    }

    fn cost(&self, energy: i64) -> Option<Fraction> {
        Fraction::new(i128::from(self.price.as_micros_per_kwh()) * i128::from(energy), 1_000_000)
    }
}

impl Tiers {
    /// What the tiers are applied to.
    pub const fn mode(&self) -> TierMode {
        self.mode
    }

    /// The tiers, from the lowest on.
    pub fn tiers(&self) -> &[Tier] {
        &self.steps
    }

    /// After what time they begin anew.
    pub const fn per(&self) -> TierPeriod {
        self.per
    }

    /// Whether bounds and fees shrink with the part of the month that is billed.
    pub const fn prorate(&self) -> bool {
        self.prorate
    }

    /// Prices `energy` after `start`, with bounds and fees times `scale`; `None` where it does not fit.
    pub(super) fn parts(&self, scale: Fraction, start: Energy, energy: Energy) -> Option<Vec<TierPart>> {
        let bounds = self.bounds(scale)?;
        let start = start.as_mwh();
        let end = start.checked_add(energy.as_mwh())?;
        match self.mode {
            TierMode::Graduated => graduated(&bounds, start, end),
            TierMode::Volume => volume(&bounds, start, end).map(|part| vec![part]),
        }
    }

    fn bounds(&self, scale: Fraction) -> Option<Vec<Bounds>> {
        let mut lower = 0;
        let mut bounds = Vec::with_capacity(self.steps.len());
        for (number, tier) in (1..).zip(&self.steps) {
            let upper = match tier.up_to {
                Some(up_to) => Fraction::whole(up_to.as_mwh()).times(scale)?.rounded(1, Rounding::HalfUp)?,
                None => i64::MAX,
            };
            let fee = Fraction::whole(tier.fee.as_micros()).times(scale)?;
            bounds.push(Bounds { number, lower, upper: upper.max(lower), price: tier.price, fee });
            lower = upper.max(lower);
        }
        Some(bounds)
    }
}

fn graduated(bounds: &[Bounds], start: i64, end: i64) -> Option<Vec<TierPart>> {
    let mut parts = Vec::new();
    for tier in bounds {
        let energy = tier.within(end) - tier.within(start);
        let first = tier.number == 1;
        let reached = if first { start == 0 } else { end > tier.lower && start <= tier.lower };
        // A tier that was entered before and where nothing is added says nothing, unless it is the only one to say so.
        let current = start > 0 && start == end && tier.lower < end && end <= tier.upper;
        if energy == 0 && !reached && !current {
            continue;
        }
        let cost = tier.cost(energy)?;
        parts.push(TierPart {
            tier: tier.number,
            energy: Energy::from_mwh(energy),
            price: Some(tier.price),
            fee: reached.then_some(tier.fee),
            amount: if reached { cost.plus(tier.fee)? } else { cost },
        });
    }
    Some(parts)
}

fn volume(bounds: &[Bounds], start: i64, end: i64) -> Option<TierPart> {
    let of = |energy: i64| bounds.iter().find(|tier| energy <= tier.upper);
    let cost = |tier: &Bounds, energy: i64| tier.cost(energy)?.plus(tier.fee);
    let tier = of(end)?;
    let all = cost(tier, end)?;
    let energy = Energy::from_mwh(end - start);
    if start == 0 {
        let (price, fee) = (Some(tier.price), Some(tier.fee));
        return Some(TierPart { tier: tier.number, energy, price, fee, amount: all });
    }
    let before = of(start)?;
    let amount = all.plus(cost(before, start)?.times(Fraction::whole(-1))?)?;
    // What was priced before is priced anew where the tier changes, and then no one price explains the amount.
    let price = (before.number == tier.number).then_some(tier.price);
    Some(TierPart { tier: tier.number, energy, price, fee: None, amount })
}
