//! What one or many registers come to per hour, local day, month or year, and how complete they are.

use super::{Error, Reading, Terms};
use crate::{
    quantity::{Energy, Rounding, Share},
    series::{Grid, Piece, Quality, Slot},
    time::{Calendar, Interval, Resolution},
};

/// Sums the readings of registers per slot of a calendar; every register is one of the `registers`.
///
/// A reading that lasts over a slot's end is spread over both in proportion to time. A slot's energy is the sum of
/// what is known, its quality the worst of its parts, and its completeness the mean of the registers'.
///
/// ```
/// use grid_core::{energy::{Reading, sum}, quantity::Energy, series::Quality, time::{Calendar, Interval, Resolution}};
/// let night = Interval::parse("2026-05-01T22:00:00-05:00", "2026-05-02T04:00:00-05:00")?;
/// let reading = Reading::new(night, Some(Energy::from_mwh(6_000_000)), Quality::Measured)?;
/// let days = sum(&Calendar::new("America/Bogota")?, night, Resolution::Day, [[reading].as_slice()])?;
/// assert_eq!(days[0].energy, Some(Energy::from_mwh(2_000_000)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Time`] where the slots would be too many, [`Error::Quantity`] where a sum does not fit.
pub fn sum<'a>(
    calendar: &Calendar,
    interval: Interval,
    resolution: Resolution,
    registers: impl IntoIterator<Item = &'a [Reading]>,
) -> Result<Vec<Slot>, Error> {
    let always = Terms::always();
    let registers: Vec<_> = registers.into_iter().map(|readings| (readings, &always)).collect();
    sum_within(calendar, interval, resolution, registers)
}

/// Sums like [`sum`] registers that count within terms: what lies outside of a register's is not asked of it, and a slot
/// in which none counts has no energy.
///
/// # Errors
///
/// Those of [`sum`].
pub fn sum_within<'a>(
    calendar: &Calendar,
    interval: Interval,
    resolution: Resolution,
    registers: impl IntoIterator<Item = (&'a [Reading], &'a Terms)>,
) -> Result<Vec<Slot>, Error> {
    // A grid without pieces: what no register counts in.
    let mut total = Grid::new(calendar, interval, resolution)?.finish();
    // Of each slot the parts per million that are known, and how many registers count.
    let mut known = vec![(0_u64, 0_u64); total.len()];
    for (readings, terms) in registers {
        let mut grid = Grid::within(calendar, interval, resolution, terms.intervals())?;
        for &reading in readings {
            grid.add(Piece::from(reading))?;
        }
        let slots = grid.finish_counted();
        for ((sum, (ppm, count)), slot) in total.iter_mut().zip(&mut known).zip(slots) {
            let Some(slot) = slot else { continue };
            let first = *count == 0;
            *count += 1;
            *ppm += u64::from(slot.completeness.as_ppm());
            if first {
                *sum = slot;
                continue;
            }
            sum.quality = sum.quality.worst(slot.quality);
            sum.energy = match (sum.energy, slot.energy) {
                (Some(left), Some(right)) => Some(Energy::checked_sum([left, right])?),
                (one, None) | (None, one) => one,
            };
        }
    }
    for (slot, (ppm, count)) in total.iter_mut().zip(known) {
        if count > 0 {
            slot.completeness = Share::of(ppm, count * 1_000_000);
        }
    }
    Ok(total)
}

/// The mean of the slots of which anything is known, to the milliwatt-hour; `None` where nothing is.
///
/// ```
/// use grid_core::{energy::{Reading, mean, sum}, quantity::Energy, series::Quality, time::{Calendar, Interval, Resolution}};
/// let days = Interval::parse("2026-05-01T00:00:00Z", "2026-05-04T00:00:00Z")?;
/// let week = Interval::parse("2026-05-01T00:00:00Z", "2026-05-08T00:00:00Z")?;
/// let reading = Reading::new(days, Some(Energy::from_mwh(6_000_002)), Quality::Measured)?;
/// let slots = sum(&Calendar::utc(), week, Resolution::Day, [[reading].as_slice()])?;
/// assert_eq!(mean(&slots)?, Some(Energy::from_mwh(2_000_001))); // of three days, not of seven
/// assert_eq!(mean(&slots[3..])?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Quantity`] where the sum does not fit.
pub fn mean(slots: &[Slot]) -> Result<Option<Energy>, Error> {
    let known: Vec<Energy> = slots.iter().filter_map(|slot| slot.energy).collect();
    let count = i64::try_from(known.len()).unwrap_or(i64::MAX);
    Ok(Energy::checked_sum(known)?.scale(1, count, Rounding::HalfEven))
}

/// How much of a register is known in an interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completeness {
    /// The part of the interval's time that readings with an energy cover.
    pub completeness: Share,
    /// The worst quality in the interval; missing where any time is not covered.
    pub quality: Quality,
    /// How many readings there are of each quality, from measured to missing.
    pub readings: [u64; 4],
    /// The stretches without a known energy, in order.
    pub gaps: Vec<Interval>,
}

/// Says how much of `interval` the readings of one register cover, which come by start and do not overlap.
pub fn completeness(interval: Interval, readings: &[Reading]) -> Completeness {
    let mut counts = [0_u64; 4];
    let mut quality = Quality::Measured;
    let mut gaps = Vec::new();
    let mut covered = 0_u64;
    let mut known_until = interval.start();
    for reading in readings {
        let Some(part) = reading.interval().intersection(interval) else { continue };
        if let Some(count) = counts.get_mut(usize::from(reading.quality().code())) {
            *count += 1;
        }
        quality = quality.worst(reading.quality());
        if reading.energy().is_some() {
            gaps.extend(Interval::new(known_until, part.start()));
            covered = covered.saturating_add(part.microseconds());
            known_until = known_until.max(part.end());
        }
    }
    gaps.extend(Interval::new(known_until, interval.end()));
    if !gaps.is_empty() {
        quality = Quality::Missing;
    }
    let completeness = Share::of(covered, interval.microseconds());
    Completeness { completeness, quality, readings: counts, gaps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn reading(hour: i64, mwh: Option<i64>) -> Reading {
        let at = |hour: i64| Timestamp::from_second(hour * 3600).unwrap();
        let quality = if mwh.is_some() { Quality::Measured } else { Quality::Missing };
        let interval = Interval::new(at(hour), at(hour + 1)).unwrap();
        Reading::new(interval, mwh.map(Energy::from_mwh), quality).unwrap()
    }

    fn first_hours(hours: i64) -> Interval {
        Interval::new(Timestamp::UNIX_EPOCH, Timestamp::from_second(hours * 3600).unwrap()).unwrap()
    }

    #[test]
    fn of_two_registers_one_may_be_missing_and_the_sum_says_so() {
        let (one, two) = ([reading(0, Some(5))], [reading(0, None)]);
        let registers = [one.as_slice(), two.as_slice()];
        let slots = sum(&Calendar::utc(), first_hours(1), Resolution::HOUR, registers).unwrap();
        assert_eq!(slots[0].energy, Some(Energy::from_mwh(5)));
        assert_eq!((slots[0].quality, slots[0].completeness.as_ppm()), (Quality::Missing, 500_000));
    }

    #[test]
    fn no_register_has_no_energy() {
        let slots = sum(&Calendar::utc(), first_hours(2), Resolution::HOUR, []).unwrap();
        assert_eq!(slots.len(), 2);
        assert!(slots.iter().all(|slot| slot.energy.is_none()));
    }

    #[test]
    fn a_register_is_asked_for_nothing_outside_its_terms() {
        let (one, two) =
            ([reading(0, Some(5)), reading(1, Some(6))], [reading(0, Some(7)), reading(1, Some(8))]);
        let first = Terms::new([first_hours(1)]);
        let registers = [(one.as_slice(), &first), (two.as_slice(), &first)];
        let slots = sum_within(&Calendar::utc(), first_hours(2), Resolution::HOUR, registers).unwrap();
        let seen: Vec<_> = slots.iter().map(|slot| (slot.energy.map(Energy::as_mwh), slot.quality)).collect();
        assert_eq!(seen, [(Some(12), Quality::Measured), (None, Quality::Missing)]);
        let day = sum_within(&Calendar::utc(), first_hours(2), Resolution::Day, registers).unwrap();
        assert_eq!((day[0].energy, day[0].completeness), (Some(Energy::from_mwh(12)), Share::WHOLE));
    }

    #[test]
    fn gaps_are_what_no_known_reading_covers() {
        let found =
            completeness(first_hours(6), &[reading(1, Some(1)), reading(2, None), reading(4, Some(1))]);
        let gaps: Vec<String> = found.gaps.iter().map(ToString::to_string).collect();
        assert_eq!(
            gaps,
            [
                "1970-01-01T00:00:00Z/1970-01-01T01:00:00Z",
                "1970-01-01T02:00:00Z/1970-01-01T04:00:00Z",
                "1970-01-01T05:00:00Z/1970-01-01T06:00:00Z"
            ]
        );
        assert_eq!((found.completeness.as_ppm(), found.readings), (333_333, [2, 0, 0, 1]));
        let whole = completeness(first_hours(1), &[reading(0, Some(0))]);
        assert_eq!(
            (whole.completeness, whole.quality, whole.gaps.len()),
            (Share::WHOLE, Quality::Measured, 0)
        );
    }

    proptest! {
        #[test]
        fn registers_together_come_to_the_sum_of_each(
            left in prop::collection::vec(prop::option::of(0..1000_i64), 1..60),
            right in prop::collection::vec(prop::option::of(0..1000_i64), 1..60),
        ) {
            let register = |values: &[Option<i64>]| -> Vec<Reading> {
                values.iter().zip(0..).map(|(mwh, hour)| reading(hour, *mwh)).collect()
            };
            let (left, right) = (register(&left), register(&right));
            let total = |registers: Vec<&[Reading]>| -> Energy {
                let slots = sum(&Calendar::utc(), first_hours(60), Resolution::Day, registers).unwrap();
                slots.iter().filter_map(|slot| slot.energy).sum()
            };
            prop_assert_eq!(total(vec![&left, &right]), total(vec![&left]) + total(vec![&right]));
        }
    }
}
