//! Laying pieces of energy onto the slots of a calendar.

use jiff::Timestamp;

use super::{Error, Quality, Slot};
use crate::{
    quantity::{Energy, Share, largest_remainder},
    time::{Calendar, Interval, Resolution},
};

/// An energy over some interval, or the knowledge that it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// When.
    pub interval: Interval,
    /// How much; `None` where it is not known.
    pub energy: Option<Energy>,
    /// How far it can be trusted.
    pub quality: Quality,
}

impl Piece {
    /// The part of a piece that lies in `term`, in proportion to time; `None` where they share no instant. The parts of
    /// terms that meet add up to the piece exactly.
    fn within(self, term: Interval) -> Option<Self> {
        let interval = self.interval.intersection(term)?;
        if interval == self.interval {
            return Some(self);
        }
        let (start, end) = (self.interval.start().as_nanosecond(), self.interval.end().as_nanosecond());
        // 2^63 mWh over the longest reading stay far below 2^127.
        let up_to = |mwh: i64, at: Timestamp| {
            (i128::from(mwh) * (at.as_nanosecond() - start)).div_euclid((end - start).max(1))
        };
        let energy = self.energy.map(Energy::as_mwh).map(|mwh| {
            let part = up_to(mwh, interval.end()) - up_to(mwh, interval.start());
            Energy::from_mwh(i64::try_from(part).unwrap_or(mwh))
        });
        Some(Self { interval, energy, ..self })
    }
}

/// Sums per slot, gathered piece by piece.
///
/// A piece that reaches over several slots is spread over them in proportion to time, by the largest remainder, so
/// that the slots add up to the piece exactly. What of a slot no piece covers is missing.
///
/// ```
/// use grid_core::{quantity::Energy, series::{Grid, Piece, Quality}, time::{Calendar, Interval, Resolution}};
/// let bogota = Calendar::new("America/Bogota")?;
/// let evening = Interval::parse("2026-05-01T22:00:00-05:00", "2026-05-02T04:00:00-05:00")?;
/// let mut grid = Grid::new(&bogota, evening, Resolution::Day)?;
/// grid.add(Piece { interval: evening, energy: Some(Energy::from_mwh(6_000_001)), quality: Quality::Measured })?;
/// let days = grid.finish();
/// assert_eq!(days[0].energy, Some(Energy::from_mwh(2_000_000)));
/// assert_eq!(days[1].energy, Some(Energy::from_mwh(4_000_001)));
/// # Ok::<(), grid_core::series::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Grid {
    slots: Vec<Interval>,
    sums: Vec<Sum>,
    /// Where the last piece began: pieces mostly come in order, and the search starts there.
    near: usize,
    /// What counts, by start and without overlaps; `None` where all does.
    terms: Option<Vec<Interval>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    mwh: i128,
    any: bool,
    quality: Option<Quality>,
    known_microseconds: u64,
    told_microseconds: u64,
}

impl Grid {
    /// Makes an empty grid over the slots that `interval` touches.
    ///
    /// # Errors
    ///
    /// [`Error::Time`] where the slots would be too many or leave the calendar.
    pub fn new(calendar: &Calendar, interval: Interval, resolution: Resolution) -> Result<Self, Error> {
        let slots = calendar.slots(interval, resolution)?;
        Ok(Self { sums: vec![Sum::default(); slots.len()], slots, near: 0, terms: None })
    }

    /// Makes an empty grid of which only `terms` count, which come by start and do not overlap: of a piece that reaches
    /// over their ends the part within is taken, in proportion to time, and a slot is whole where its part within is.
    ///
    /// What one grid leaves out of a piece, a grid of the other terms has: the parts add up to the piece exactly.
    ///
    /// ```
    /// use grid_core::{quantity::Energy, series::{Grid, Piece, Quality}, time::{Calendar, Interval, Resolution}};
    /// let day = Interval::parse("2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z")?;
    /// let evening = Interval::parse("2026-05-01T18:00:00Z", "2026-05-02T00:00:00Z")?;
    /// let mut grid = Grid::within(&Calendar::utc(), day, Resolution::Day, &[evening])?;
    /// grid.add(Piece { interval: day, energy: Some(Energy::from_mwh(4_000)), quality: Quality::Measured })?;
    /// let slot = grid.finish().remove(0);
    /// assert_eq!((slot.energy, slot.quality), (Some(Energy::from_mwh(1_000)), Quality::Measured));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Grid::new`].
    pub fn within(
        calendar: &Calendar,
        interval: Interval,
        resolution: Resolution,
        terms: &[Interval],
    ) -> Result<Self, Error> {
        let mut grid = Self::new(calendar, interval, resolution)?;
        let first = grid.slots.first().map_or(interval.start(), |slot| slot.start());
        let last = grid.slots.last().map_or(interval.end(), |slot| slot.end());
        let all = terms.iter().any(|term| term.start() <= first && last <= term.end());
        grid.terms = (!all).then(|| terms.to_vec());
        Ok(grid)
    }

    /// The slots, in order and without holes.
    pub fn slots(&self) -> &[Interval] {
        &self.slots
    }

    /// Adds a piece; what of it lies outside the grid is left out, in proportion.
    ///
    /// # Errors
    ///
    /// [`Error::Quantity`] where a split is impossible (it is not, for a piece that an [`Interval`] describes).
    pub fn add(&mut self, piece: Piece) -> Result<(), Error> {
        let Some(terms) = &self.terms else { return self.add_part(piece, Share::WHOLE) };
        let first = terms.partition_point(|term| term.end() <= piece.interval.start());
        let parts: Vec<Piece> = terms.iter().skip(first).map_while(|term| piece.within(*term)).collect();
        parts.into_iter().try_for_each(|part| self.add_part(part, Share::WHOLE))
    }

    /// Adds a piece of whose time only a part is known.
    pub(super) fn add_part(&mut self, piece: Piece, known: Share) -> Result<(), Error> {
        let Some(first) = self.find(piece.interval) else { return Ok(()) };
        // The common case, a reading that fits its slot: no split.
        if let (Some(slot), Some(sum)) = (self.slots.get(first), self.sums.get_mut(first))
            && slot.start() <= piece.interval.start()
            && piece.interval.end() <= slot.end()
        {
            sum.take(piece.energy.map(Energy::as_mwh), piece.quality, piece.interval.microseconds(), known);
            return Ok(());
        }
        let mut lengths = Vec::new();
        let mut inside = 0_u64;
        for slot in self.slots.iter().skip(first) {
            let Some(part) = slot.intersection(piece.interval) else { break };
            lengths.push(part.microseconds());
            inside = inside.saturating_add(part.microseconds());
        }
        let slots = lengths.len();
        lengths.push(piece.interval.microseconds().saturating_sub(inside));
        let parts = match piece.energy {
            Some(energy) => largest_remainder(energy.as_mwh(), &lengths)?.into_iter().map(Some).collect(),
            None => vec![None; lengths.len()],
        };
        let shares = parts.into_iter().zip(lengths).take(slots);
        for (sum, (mwh, microseconds)) in self.sums.iter_mut().skip(first).zip(shares) {
            sum.take(mwh, piece.quality, microseconds, known);
        }
        Ok(())
    }

    /// The sums, one per slot; a slot of which nothing counts is missing.
    ///
    /// # Panics
    ///
    /// Never: a sum past 64 bits is held at the limit and called missing.
    pub fn finish(self) -> Vec<Slot> {
        let lengths = self.lengths();
        let sums = self.slots.into_iter().zip(self.sums).zip(lengths);
        sums.map(|((interval, sum), length)| sum.slot(interval, length)).collect()
    }

    /// The sums, one per slot; `None` for a slot of which nothing counts.
    pub(crate) fn finish_counted(self) -> Vec<Option<Slot>> {
        let lengths = self.lengths();
        self.finish().into_iter().zip(lengths).map(|(slot, length)| (length > 0).then_some(slot)).collect()
    }

    /// How many microseconds of each slot count.
    fn lengths(&self) -> Vec<u64> {
        let counted = |slot: &Interval| match &self.terms {
            None => slot.microseconds(),
            Some(terms) => {
                let first = terms.partition_point(|term| term.end() <= slot.start());
                let parts = terms.iter().skip(first).map_while(|term| term.intersection(*slot));
                parts.map(Interval::microseconds).sum()
            }
        };
        self.slots.iter().map(counted).collect()
    }

    fn find(&mut self, interval: Interval) -> Option<usize> {
        let starts_in =
            |index: usize| self.slots.get(index).is_some_and(|slot| slot.contains(interval.start()));
        let index = if starts_in(self.near) {
            self.near
        } else if starts_in(self.near + 1) {
            self.near + 1
        } else {
            self.slots.partition_point(|slot: &Interval| slot.end() <= interval.start())
        };
        self.near = index;
        self.slots.get(index).filter(|slot| slot.overlaps(interval)).map(|_| index)
    }
}

impl Sum {
    fn take(&mut self, mwh: Option<i64>, quality: Quality, microseconds: u64, known: Share) {
        self.told_microseconds = self.told_microseconds.saturating_add(microseconds);
        self.quality = Some(self.quality.map_or(quality, |worst| worst.worst(quality)));
        match mwh {
            Some(mwh) => {
                self.mwh += i128::from(mwh);
                self.any = true;
                let part = u128::from(microseconds) * u128::from(known.as_ppm()) / 1_000_000;
                let part = u64::try_from(part).unwrap_or(microseconds);
                self.known_microseconds = self.known_microseconds.saturating_add(part);
            }
            None => self.quality = Some(Quality::Missing),
        }
    }

    /// The slot, of which so many microseconds count.
    fn slot(self, interval: Interval, length: u64) -> Slot {
        let whole = self.told_microseconds >= length;
        let quality = if whole { self.quality.unwrap_or(Quality::Missing) } else { Quality::Missing };
        match (self.any, i64::try_from(self.mwh)) {
            (true, Ok(mwh)) => Slot {
                interval,
                energy: Some(Energy::from_mwh(mwh)),
                quality,
                completeness: Share::of(self.known_microseconds, length),
            },
            _ => Slot { interval, energy: None, quality: Quality::Missing, completeness: Share::NONE },
        }
    }
}

/// The slots of a calendar that some pieces fill, from the first start to the last end.
pub(crate) fn span(pieces: impl IntoIterator<Item = Interval>) -> Option<Interval> {
    let (start, end) = pieces.into_iter().fold((Timestamp::MAX, Timestamp::MIN), |(start, end), piece| {
        (start.min(piece.start()), end.max(piece.end()))
    });
    Interval::new(start, end).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_piece_over_the_spring_midnight_follows_elapsed_time() {
        // 22:00 to 05:00 Madrid time on 28/29 March 2026 is six hours, two of them on the 28th.
        let madrid = Calendar::new("Europe/Madrid").unwrap();
        let night = Interval::parse("2026-03-28T22:00:00+01:00", "2026-03-29T05:00:00+02:00").unwrap();
        let mut grid = Grid::new(&madrid, night, Resolution::Day).unwrap();
        let energy = Some(Energy::from_mwh(6_000_000));
        grid.add(Piece { interval: night, energy, quality: Quality::Measured }).unwrap();
        let days = grid.finish();
        assert_eq!(days[0].energy, Some(Energy::from_mwh(2_000_000)));
        assert_eq!(days[1].energy, Some(Energy::from_mwh(4_000_000)));
        assert_eq!(days[1].quality, Quality::Missing);
        assert_eq!(days[1].completeness.as_ppm(), 173_913); // 4 of 23 hours
    }

    #[test]
    fn a_missing_reading_is_not_a_zero() {
        let day = Calendar::utc().day(jiff::civil::date(2026, 1, 1)).unwrap();
        let mut grid = Grid::new(&Calendar::utc(), day, Resolution::Day).unwrap();
        grid.add(Piece { interval: day, energy: None, quality: Quality::Missing }).unwrap();
        let days = grid.finish();
        assert_eq!((days[0].energy, days[0].quality), (None, Quality::Missing));
    }

    #[test]
    fn a_slot_is_whole_where_its_part_within_the_terms_is() {
        let interval = |from: i64, to: i64| Interval::new(at(from), at(to)).unwrap();
        let terms = [interval(1500, 2700), interval(3600, 4000)];
        let mut grid =
            Grid::within(&Calendar::utc(), interval(0, 4500), Resolution::QUARTER_HOUR, &terms).unwrap();
        let add = |grid: &mut Grid, interval, mwh: Option<i64>| {
            let quality = if mwh.is_some() { Quality::Estimated } else { Quality::Missing };
            grid.add(Piece { interval, energy: mwh.map(Energy::from_mwh), quality }).unwrap();
        };
        add(&mut grid, interval(900, 1800), Some(9));
        add(&mut grid, interval(3600, 4500), None);
        let slots: Vec<_> = grid
            .finish_counted()
            .into_iter()
            .map(|slot| {
                slot.map(|slot| (slot.energy.map(Energy::as_mwh), slot.quality, slot.completeness.as_ppm()))
            })
            .collect();
        let missing = Some((None, Quality::Missing, 0));
        assert_eq!(slots, [None, Some((Some(3), Quality::Estimated, 1_000_000)), missing, None, missing]);
    }

    proptest! {
        #[test]
        fn spreading_loses_and_makes_nothing(
            start in 1_500_000_000_i64..1_800_000_000,
            length in 1..1_000_000_i64,
            mwh in 0..1_i64 << 50,
            resolution in prop::sample::select(vec![Resolution::QUARTER_HOUR, Resolution::HOUR, Resolution::Day, Resolution::Month]),
        ) {
            let interval = Interval::new(at(start), at(start + length)).unwrap();
            let mut grid = Grid::new(&Calendar::new("Europe/Madrid").unwrap(), interval, resolution).unwrap();
            grid.add(Piece { interval, energy: Some(Energy::from_mwh(mwh)), quality: Quality::Measured }).unwrap();
            let sum: Energy = grid.finish().iter().filter_map(|slot| slot.energy).sum();
            prop_assert_eq!(sum, Energy::from_mwh(mwh));
        }

        #[test]
        fn what_one_grid_leaves_out_the_grid_of_the_other_terms_has(
            start in 0..5_000_i64,
            length in 1..20_000_i64,
            mwh in 0..1_i64 << 50,
            cut in 0..25_000_i64,
        ) {
            let all = Interval::new(at(-1), at(30_000)).unwrap();
            let interval = Interval::new(at(start), at(start + length)).unwrap();
            let piece = Piece { interval, energy: Some(Energy::from_mwh(mwh)), quality: Quality::Measured };
            let sum = |from: i64, to: i64| -> Energy {
                let term = Interval::new(at(from), at(to)).unwrap();
                let mut grid = Grid::within(&Calendar::utc(), all, Resolution::QUARTER_HOUR, &[term]).unwrap();
                grid.add(piece).unwrap();
                grid.finish_counted().iter().flatten().filter_map(|slot| slot.energy).sum()
            };
            prop_assert_eq!(sum(-5_000, cut) + sum(cut, 40_000), Energy::from_mwh(mwh));
        }

        #[test]
        fn the_order_of_the_pieces_changes_nothing(
            mut pieces in prop::collection::vec((0..100_i64, 1..30_i64, prop::option::of(0..1000_i64)), 1..20),
        ) {
            let day = Interval::new(at(0), at(100)).unwrap();
            let sum = |pieces: &[(i64, i64, Option<i64>)]| {
                let mut grid = Grid::new(&Calendar::utc(), day, Resolution::Seconds(10)).unwrap();
                for &(start, length, mwh) in pieces {
                    let interval = Interval::new(at(start), at(start + length)).unwrap();
                    let quality = if mwh.is_some() { Quality::Estimated } else { Quality::Missing };
                    grid.add(Piece { interval, energy: mwh.map(Energy::from_mwh), quality }).unwrap();
                }
                grid.finish()
            };
            let forward = sum(&pieces);
            pieces.reverse();
            prop_assert_eq!(forward, sum(&pieces));
        }
    }
}
