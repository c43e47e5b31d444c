//! A regular grid of energy.

use jiff::{Timestamp, ToSpan};

use super::{Error, Grid, Piece, Quality, resample::span};
use crate::{
    quantity::{Energy, Share},
    time::{Calendar, Interval, Resolution},
};

/// One slot of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When.
    pub interval: Interval,
    /// The sum of what is known; `None` where nothing is.
    pub energy: Option<Energy>,
    /// The worst quality of its parts; missing where any part is.
    pub quality: Quality,
    /// How much of its time is known.
    pub completeness: Share,
}

/// The sum of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The sum of what is known; `None` where nothing is.
    pub energy: Option<Energy>,
    /// The worst quality of its parts.
    pub quality: Quality,
    /// How much of its time is known.
    pub completeness: Share,
}

/// Energy on a regular grid of slots, each with a quality, on the calendar of one zone.
///
/// ```
/// use grid_core::{series::Series, time::{Calendar, Resolution}};
/// let start = "2026-01-01T00:00:00Z".parse().unwrap();
/// let series = Series::from_kwh_f64(start, Resolution::QUARTER_HOUR, Calendar::utc(), &[0.25, f64::NAN, 0.5, 0.25])?;
/// assert_eq!(series.gaps().len(), 1);
/// let total = series.sum()?;
/// assert_eq!(total.energy.unwrap().to_string(), "1 kWh");
/// assert_eq!(total.completeness.as_ppm(), 750_000);
/// # Ok::<(), grid_core::series::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    calendar: Calendar,
    resolution: Resolution,
    slots: Vec<Slot>,
}

impl Series {
    /// Makes a series of slots that follow each other from `start`.
    ///
    /// A grid of seconds runs on from `start`, whatever it is; days, months and years are those of the calendar, and
    /// `start` lies in the first.
    ///
    /// # Errors
    ///
    /// [`Error::UnequalLengths`], [`Error::QualityContradictsValue`], or [`Error::Time`].
    pub fn new(
        start: Timestamp,
        resolution: Resolution,
        calendar: Calendar,
        values: &[Option<Energy>],
        qualities: &[Quality],
    ) -> Result<Self, Error> {
        if values.len() != qualities.len() {
            return Err(Error::UnequalLengths { values: values.len(), qualities: qualities.len() });
        }
        let mut slots = Vec::with_capacity(values.len());
        let mut at = start;
        for (slot, (&energy, &quality)) in values.iter().zip(qualities).enumerate() {
            if energy.is_none() != (quality == Quality::Missing) {
                return Err(Error::QualityContradictsValue { slot, quality: quality.as_str() });
            }
            let interval = match resolution {
                Resolution::Seconds(seconds) => {
                    let end = at
                        .checked_add(i64::from(seconds.max(1)).seconds())
                        .map_err(|_| crate::time::Error::OutOfRange)?;
                    Interval::new(at, end)?
                }
                Resolution::Day | Resolution::Month | Resolution::Year => calendar.slot_of(at, resolution)?,
            };
            at = interval.end();
            let completeness = if energy.is_some() { Share::WHOLE } else { Share::NONE };
            slots.push(Slot { interval, energy, quality, completeness });
        }
        Ok(Self { calendar, resolution, slots })
    }

    /// Makes a measured series from kilowatt-hours, NaN where missing; each is rounded to the milliwatt-hour.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] for an infinite value, and those of [`Series::new`].
    pub fn from_kwh_f64(
        start: Timestamp,
        resolution: Resolution,
        calendar: Calendar,
        kwh: &[f64],
    ) -> Result<Self, Error> {
        let mut values = Vec::with_capacity(kwh.len());
        for (slot, &value) in kwh.iter().enumerate() {
            values.push(if value.is_nan() {
                None
            } else {
                Some(
                    Energy::from_kwh_f64(value)
                        .ok_or_else(|| Error::NotFinite { slot, got: value.to_string() })?,
                )
            });
        }
        let qualities: Vec<_> = values
            .iter()
            .map(|value| if value.is_some() { Quality::Measured } else { Quality::Missing })
            .collect();
        Self::new(start, resolution, calendar, &values, &qualities)
    }

    /// Lays pieces onto the slots of `interval`.
    ///
    /// # Errors
    ///
    /// [`Error::Overlap`] where two pieces share an instant, for their energy would count twice; [`Error::Time`] where
    /// the slots would be too many or leave the calendar.
    pub fn from_pieces(
        calendar: Calendar,
        interval: Interval,
        resolution: Resolution,
        pieces: impl IntoIterator<Item = Piece>,
    ) -> Result<Self, Error> {
        let mut pieces: Vec<Piece> = pieces.into_iter().collect();
        pieces.sort_by_key(|piece| piece.interval);
        for pair in pieces.windows(2) {
            if let [first, second] = pair
                && first.interval.overlaps(second.interval)
            {
                return Err(Error::Overlap { first: first.interval, second: second.interval });
            }
        }
        let mut grid = Grid::new(&calendar, interval, resolution)?;
        for piece in pieces {
            grid.add(piece)?;
        }
        Ok(Self { calendar, resolution, slots: grid.finish() })
    }

    /// The calendar.
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The slots' length.
    pub const fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// The slots, in order and without holes.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// How many slots there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no slot.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// From the first slot's start to the last one's end; `None` where there is no slot.
    pub fn interval(&self) -> Option<Interval> {
        span(self.slots.iter().map(|slot| slot.interval))
    }

    /// Puts an energy into slots that have none, by their numbers, and marks them as substituted; a slot that has an
    /// energy keeps it.
    ///
    /// ```
    /// use grid_core::{quantity::Energy, series::{Quality, Series}, time::{Calendar, Resolution}};
    /// let start = "2026-01-01T00:00:00Z".parse().unwrap();
    /// let series = Series::from_kwh_f64(start, Resolution::HOUR, Calendar::utc(), &[1.0, f64::NAN])?;
    /// let filled = series.fill([(0, Energy::ZERO), (1, Energy::from_mwh(5))]);
    /// assert_eq!(filled.to_kwh_f64(), [1.0, 0.000_005]);
    /// assert_eq!(filled.slots()[1].quality, Quality::Substituted);
    /// # Ok::<(), grid_core::series::Error>(())
    /// ```
    #[must_use]
    pub fn fill(mut self, energies: impl IntoIterator<Item = (usize, Energy)>) -> Self {
        for (number, energy) in energies {
            if let Some(slot) = self.slots.get_mut(number)
                && slot.energy.is_none()
            {
                slot.energy = Some(energy);
                slot.quality = Quality::Substituted;
                slot.completeness = Share::WHOLE;
            }
        }
        self
    }

    /// The values in kilowatt-hours as the nearest floats, NaN where missing.
    pub fn to_kwh_f64(&self) -> Vec<f64> {
        self.slots.iter().map(|slot| slot.energy.map_or(f64::NAN, Energy::to_kwh_f64)).collect()
    }

    /// The sum of what is known, with the worst quality and how complete it is.
    ///
    /// # Errors
    ///
    /// [`Error::Quantity`] where the sum does not fit.
    pub fn sum(&self) -> Result<Total, Error> {
        let mut known = 0_u128;
        let mut whole = 0_u128;
        let mut quality = if self.slots.is_empty() { Quality::Missing } else { Quality::Measured };
        for slot in &self.slots {
            let length = u128::from(slot.interval.microseconds());
            whole += length;
            known += length * u128::from(slot.completeness.as_ppm());
            quality = quality.worst(slot.quality);
        }
        let energies = self.slots.iter().filter_map(|slot| slot.energy);
        let any = energies.clone().next().is_some();
        let completeness = known.checked_div(whole).unwrap_or(0);
        Ok(Total {
            energy: if any { Some(Energy::checked_sum(energies)?) } else { None },
            quality,
            completeness: Share::of(u64::try_from(completeness).unwrap_or(0), 1_000_000),
        })
    }

    /// The stretches without any value, each as long as it can be.
    pub fn gaps(&self) -> Vec<Interval> {
        self.slots
            .chunk_by(|left, right| left.energy.is_none() == right.energy.is_none())
            .filter(|run| run.first().is_some_and(|slot| slot.energy.is_none()))
            .filter_map(|run| span(run.iter().map(|slot| slot.interval)))
            .collect()
    }

    /// Sums the series up to coarser slots of its own calendar.
    ///
    /// # Errors
    ///
    /// [`Error::NotCoarser`] for a finer resolution: energy within a slot is not known.
    pub fn resample(&self, resolution: Resolution) -> Result<Self, Error> {
        if resolution < self.resolution {
            return Err(Error::NotCoarser { from: self.resolution.to_string(), to: resolution.to_string() });
        }
        let Some(interval) = self.interval() else {
            return Ok(Self { calendar: self.calendar.clone(), resolution, slots: Vec::new() });
        };
        let mut grid = Grid::new(&self.calendar, interval, resolution)?;
        for slot in &self.slots {
            let piece = Piece { interval: slot.interval, energy: slot.energy, quality: slot.quality };
            grid.add_part(piece, slot.completeness)?;
        }
        Ok(Self { calendar: self.calendar.clone(), resolution, slots: grid.finish() })
    }

    /// Adds another series on the same slots, slot by slot; a slot is missing where either is.
    ///
    /// # Errors
    ///
    /// [`Error::DifferentGrids`], or [`Error::Quantity`] where a sum does not fit.
    pub fn checked_add(&self, other: &Self) -> Result<Self, Error> {
        let same = self.slots.len() == other.slots.len()
            && self.slots.iter().zip(&other.slots).all(|(left, right)| left.interval == right.interval);
        if !same {
            return Err(Error::DifferentGrids { left: self.describe(), right: other.describe() });
        }
        let mut slots = Vec::with_capacity(self.slots.len());
        for (left, right) in self.slots.iter().zip(&other.slots) {
            let energy = match (left.energy, right.energy) {
                (Some(left), Some(right)) => Some(Energy::checked_sum([left, right])?),
                _ => None,
            };
            slots.push(Slot {
                interval: left.interval,
                energy,
                quality: left.quality.worst(right.quality),
                completeness: if energy.is_some() {
                    left.completeness.min(right.completeness)
                } else {
                    Share::NONE
                },
            });
        }
        Ok(Self { calendar: self.calendar.clone(), resolution: self.resolution, slots })
    }

    fn describe(&self) -> String {
        let from = self.interval().map_or_else(|| "nowhere".to_owned(), |interval| interval.to_string());
        format!("{} slots of {} over {from}", self.slots.len(), self.resolution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quarter_hours(start: &str, zone: &str, kwh: &[f64]) -> Series {
        let calendar = Calendar::new(zone).unwrap();
        Series::from_kwh_f64(start.parse().unwrap(), Resolution::QUARTER_HOUR, calendar, kwh).unwrap()
    }

    #[test]
    fn a_value_that_is_called_missing_is_refused() {
        let start = Timestamp::UNIX_EPOCH;
        for (value, quality) in [(Some(Energy::ZERO), Quality::Missing), (None, Quality::Measured)] {
            let made = Series::new(start, Resolution::HOUR, Calendar::utc(), &[value], &[quality]);
            assert!(matches!(made, Err(Error::QualityContradictsValue { slot: 0, .. })));
        }
    }

    #[test]
    fn infinity_is_refused_and_the_slot_named() {
        let made = Series::from_kwh_f64(
            Timestamp::UNIX_EPOCH,
            Resolution::HOUR,
            Calendar::utc(),
            &[0.0, f64::INFINITY],
        );
        assert!(matches!(made, Err(Error::NotFinite { slot: 1, .. })));
    }

    #[test]
    fn a_day_of_92_quarter_hours_is_whole() {
        let series = quarter_hours("2026-03-28T23:00:00Z", "Europe/Madrid", &[0.1; 92]);
        let days = series.resample(Resolution::Day).unwrap();
        assert_eq!(days.len(), 1);
        assert_eq!(days.slots()[0].energy.unwrap().to_string(), "9.2 kWh");
        assert_eq!(days.slots()[0].completeness, Share::WHOLE);
    }

    #[test]
    fn a_gap_shows_in_every_sum_above_it() {
        let series =
            quarter_hours("2026-01-01T00:00:00Z", "UTC", &[1.0, f64::NAN, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let hours = series.resample(Resolution::HOUR).unwrap();
        assert_eq!(hours.slots()[0].quality, Quality::Missing);
        assert_eq!(hours.slots()[0].energy, Some(Energy::from_mwh(3_000_000)));
        assert_eq!(hours.slots()[0].completeness.as_ppm(), 750_000);
        assert_eq!(hours.slots()[1].quality, Quality::Measured);
        assert_eq!(series.gaps().len(), 1);
        assert_eq!(series.gaps()[0].to_string(), "2026-01-01T00:15:00Z/2026-01-01T00:30:00Z");
    }

    #[test]
    fn resampling_in_steps_is_as_complete_as_at_once() {
        let mut kwh = [0.25; 192];
        kwh[5] = f64::NAN;
        kwh[100] = f64::NAN;
        let series = quarter_hours("2026-01-01T00:00:00Z", "UTC", &kwh);
        let hours = series.resample(Resolution::HOUR).unwrap();
        assert_eq!(hours.resample(Resolution::HOUR).unwrap(), hours);
        assert_eq!(hours.resample(Resolution::Day).unwrap(), series.resample(Resolution::Day).unwrap());
    }

    #[test]
    fn pieces_that_overlap_are_refused() {
        let interval = Interval::parse("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z").unwrap();
        let piece = Piece { interval, energy: Some(Energy::ZERO), quality: Quality::Measured };
        let made = Series::from_pieces(Calendar::utc(), interval, Resolution::HOUR, [piece, piece]);
        assert!(matches!(made, Err(Error::Overlap { .. })));
    }

    #[test]
    fn a_finer_grid_is_refused() {
        let series = quarter_hours("2026-01-01T00:00:00Z", "UTC", &[1.0]);
        assert!(matches!(series.resample(Resolution::Seconds(60)), Err(Error::NotCoarser { .. })));
    }

    proptest! {
        #[test]
        fn a_coarser_grid_keeps_the_sum(
            start in 1_700_000_000_i64..1_800_000_000,
            values in prop::collection::vec(prop::option::weighted(0.9, 0..1_000_000_i64), 1..300),
            resolution in prop::sample::select(vec![Resolution::HOUR, Resolution::Day, Resolution::Month]),
        ) {
            let values: Vec<_> = values.into_iter().map(|v| v.map(Energy::from_mwh)).collect();
            let qualities: Vec<_> = values.iter().map(|v| if v.is_some() { Quality::Measured } else { Quality::Missing }).collect();
            let series = Series::new(Timestamp::from_second(start).unwrap(), Resolution::QUARTER_HOUR, Calendar::new("Europe/Madrid").unwrap(), &values, &qualities).unwrap();
            let coarse = series.resample(resolution).unwrap();
            prop_assert_eq!(coarse.sum().unwrap().energy, series.sum().unwrap().energy);
            // A grid that starts in the middle of a slot cannot be more complete than the series was.
            prop_assert!(coarse.sum().unwrap().completeness <= series.sum().unwrap().completeness);
        }

        #[test]
        fn adding_does_not_depend_on_the_order(left in prop::collection::vec(prop::option::of(0..1000_i64), 10), right in prop::collection::vec(prop::option::of(0..1000_i64), 10)) {
            let series = |values: Vec<Option<i64>>| {
                let kwh: Vec<f64> = values.into_iter().map(|v| v.map_or(f64::NAN, |mwh| Energy::from_mwh(mwh).to_kwh_f64())).collect();
                quarter_hours("2026-01-01T00:00:00Z", "UTC", &kwh)
            };
            let (left, right) = (series(left), series(right));
            prop_assert_eq!(left.checked_add(&right), right.checked_add(&left));
        }
    }
}
