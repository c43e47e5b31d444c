//! Making substitutes and measured slots add up to what a register counted.

use super::{Method, Remark, Rules, WithoutPattern, pattern::Missing};
use crate::{
    energy::{Error, Reading},
    quantity::{self, Energy, largest_remainder},
    series::Slot,
    time::Interval,
};

const OUT_OF_RANGE: quantity::Error =
    quantity::Error::OutOfRange { quantity: "energy", unit: "milliwatt-hours" };

/// A value for a slot: how it came about, and the advance that it was rescaled to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) energy: Energy,
    pub(super) method: Method,
    pub(super) advance: Option<Interval>,
}

/// What becomes of a missing slot.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Open,
    Filled(Value),
    Left,
}

/// Gives each missing slot a value or none, and keeps to the advances where it can.
///
/// Short advances come before long ones, so that a day's read is kept to within a month's.
pub(super) fn rescale(
    slots: &[Slot],
    missing: &[Missing],
    advances: &[Reading],
    rules: &Rules,
) -> Result<(Vec<Option<Value>>, Vec<Remark>), Error> {
    let mut fates = vec![Fate::Open; missing.len()];
    let mut remarks = Vec::new();
    let mut told: Vec<(Interval, Energy)> = advances
        .iter()
        .filter_map(|reading| reading.energy().map(|energy| (reading.interval(), energy)))
        .collect();
    told.sort_by_key(|&(interval, energy)| (interval.microseconds(), interval, energy));
    told.dedup();
    for (interval, advance) in told {
        let Some(inside) = slots_of(slots, interval) else {
            remarks.push(Remark::OffTheGrid { interval });
            continue;
        };
        let first = missing.partition_point(|slot| slot.interval.start() < interval.start());
        let last = missing.partition_point(|slot| slot.interval.start() < interval.end());
        let (Some(here), Some(fates)) = (missing.get(first..last), fates.get_mut(first..last)) else {
            continue;
        };
        remarks.extend(keep_to(interval, advance, inside, here, fates, rules)?);
    }
    let values = fates.into_iter().zip(missing).map(|(fate, slot)| match fate {
        Fate::Filled(value) => Some(value),
        Fate::Left => None,
        Fate::Open => slot.pattern.map(|(energy, method)| Value { energy, method, advance: None }),
    });
    Ok((values.collect(), remarks))
}

/// The slots of an interval, where it begins and ends with slots.
fn slots_of(slots: &[Slot], interval: Interval) -> Option<&[Slot]> {
    let first = slots.binary_search_by_key(&interval.start(), |slot| slot.interval.start()).ok()?;
    let last = slots.binary_search_by_key(&interval.end(), |slot| slot.interval.end()).ok()?;
    slots.get(first..=last)
}

/// Fills the open slots of one advance.
fn keep_to(
    interval: Interval,
    advance: Energy,
    inside: &[Slot],
    missing: &[Missing],
    fates: &mut [Fate],
    rules: &Rules,
) -> Result<Option<Remark>, Error> {
    let filled = fates.iter().filter_map(|fate| match fate {
        Fate::Filled(value) => Some(value.energy),
        Fate::Open | Fate::Left => None,
    });
    let known = Energy::checked_sum(inside.iter().filter_map(|slot| slot.energy).chain(filled))?;
    let rest = advance.as_mwh().checked_sub(known.as_mwh()).map(Energy::from_mwh).ok_or(OUT_OF_RANGE)?;
    // Slots that are known in part, lie outside the period or that a shorter advance had to leave take an unknown
    // part of the rest.
    let unknown = inside.iter().filter(|slot| slot.completeness.as_ppm() < 1_000_000).count();
    let filled = fates.iter().filter(|fate| matches!(fate, Fate::Filled(_))).count();
    let open: Vec<usize> =
        fates.iter().enumerate().filter(|(_, fate)| matches!(fate, Fate::Open)).map(|(n, _)| n).collect();
    if rest.is_negative() {
        for fate in fates.iter_mut().filter(|fate| matches!(fate, Fate::Open)) {
            *fate = Fate::Left;
        }
        return Ok(Some(Remark::MoreThanAdvance { interval, advance, known }));
    }
    let others_unknown = unknown.saturating_sub(filled + open.len());
    if open.is_empty() {
        let differs = others_unknown == 0 && rest != Energy::ZERO;
        return Ok(differs.then_some(Remark::NotTheAdvance { interval, advance, known }));
    }
    let of_open = |pattern: fn(&Missing) -> Option<(Energy, Method)>| -> Vec<Option<(Energy, Method)>> {
        open.iter().map(|&n| missing.get(n).and_then(pattern)).collect()
    };
    let mut patterns = of_open(|slot| slot.pattern);
    let mut sum = total(&patterns)?;
    if sum == Energy::ZERO && rest > Energy::ZERO {
        patterns = of_open(|slot| slot.second.or(slot.pattern));
        sum = total(&patterns)?;
    }
    let without = patterns.iter().filter(|pattern| pattern.is_none()).count();
    let complete = without == 0 && others_unknown == 0;
    // A pattern of zeros has no shape: if the register counted something, nobody knows when.
    let shapeless = complete && sum <= Energy::ZERO && rest > Energy::ZERO;
    // One slot, or nothing to give: then there is nothing to choose.
    let forced = open.len() == 1 || rest == Energy::ZERO;
    let evenly = others_unknown == 0 && (forced || rules.without_pattern == WithoutPattern::SpreadEvenly);
    let by_pattern = match (complete, shapeless) {
        (_, true) => Energy::ZERO,
        (true, false) => rest,
        (false, false) => sum.min(rest),
    };
    let by_time = if evenly { rest.as_mwh() - by_pattern.as_mwh() } else { 0 };
    let follows = |pattern: &Option<(Energy, Method)>| pattern.filter(|_| !shapeless);
    let weights: Vec<u64> = patterns.iter().map(|pattern| follows(pattern).map_or(0, weight)).collect();
    let shares = largest_remainder(by_pattern.as_mwh(), &weights)?;
    let lengths = open.iter().map(|&n| missing.get(n).map_or(0, |slot| slot.interval.microseconds()));
    let lengths: Vec<u64> = lengths
        .zip(&patterns)
        .map(|(length, pattern)| if follows(pattern).is_some() { 0 } else { length })
        .collect();
    let spread = largest_remainder(by_time, &lengths)?;
    let kept_to = (evenly || (complete && !shapeless) || by_pattern < sum).then_some(interval);
    let mut left = others_unknown;
    for (((&n, share), even), pattern) in open.iter().zip(shares).zip(spread).zip(&patterns) {
        let Some(fate) = fates.get_mut(n) else { continue };
        let value =
            |mwh: i64, method: Method| Value { energy: Energy::from_mwh(mwh), method, advance: kept_to };
        *fate = match follows(pattern) {
            Some((_, method)) => Fate::Filled(value(share, method)),
            None if evenly => Fate::Filled(value(even, Method::EvenSpread)),
            None => {
                left += 1;
                Fate::Left
            }
        };
    }
    Ok((left > 0).then_some(Remark::NotAllFilled { interval, missing: left }))
}

fn total(patterns: &[Option<(Energy, Method)>]) -> Result<Energy, Error> {
    Ok(Energy::checked_sum(patterns.iter().flatten().map(|&(energy, _)| energy))?)
}

/// The weight of a pattern in a split.
fn weight((energy, _): (Energy, Method)) -> u64 {
    u64::try_from(energy.as_mwh()).unwrap_or(0)
}
