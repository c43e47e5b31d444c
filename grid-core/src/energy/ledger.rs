//! What a new reading means beside those that are there: new, the same, a correction, or a conflict.
//!
//! A reading's identity is its device, channel, start and end. The same identity with the same energy and quality
//! changes nothing; with another it supersedes what was there, and that stays in the history. Any other overlap is
//! refused, because no rule could say which of the two is true.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;

use super::{Error, Reading};
use crate::time::Interval;

/// A reading and when it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recorded {
    /// The reading.
    pub reading: Reading,
    /// When it was recorded.
    pub at: Timestamp,
}

/// A reading that another one has replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Superseded {
    /// The reading as it was.
    pub reading: Reading,
    /// When it was recorded.
    pub at: Timestamp,
    /// When it was replaced.
    pub until: Timestamp,
}

/// What readings do to those that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The readings that stand now, by start.
    pub current: Vec<Recorded>,
    /// Those that were replaced by this merge, by start.
    pub superseded: Vec<Superseded>,
    /// How many are new.
    pub inserted: usize,
    /// How many were there already.
    pub unchanged: usize,
}

/// Merges readings of one device and channel into those that stand, as recorded at `now`.
///
/// A reading that comes twice in `incoming` with different values supersedes itself: the later one stands.
///
/// # Errors
///
/// [`Error::Overlap`] where a reading overlaps another without being the same interval; nothing is merged then.
pub fn merge(mut stored: Vec<Recorded>, incoming: &[Reading], now: Timestamp) -> Result<Merged, Error> {
    let start = |reading: &Reading| reading.interval().start();
    // Both nearly always come by start. The sort is stable: of two of one interval the later one still comes later.
    stored.sort_by_key(|recorded| start(&recorded.reading));
    let mut incoming = Cow::Borrowed(incoming);
    if !incoming.is_sorted_by_key(start) {
        incoming.to_mut().sort_by_key(start);
    }
    let current = Vec::with_capacity(stored.len().saturating_add(incoming.len()));
    let mut merged = Merged { current, ..Merged::default() };
    let mut stored = stored.into_iter().peekable();
    for &reading in incoming.iter() {
        while let Some(there) = stored.next_if(|there| start(&there.reading) <= start(&reading)) {
            merged.stay(there)?;
        }
        merged.take(reading, now)?;
    }
    for there in stored {
        merged.stay(there)?;
    }
    Ok(merged)
}

impl Merged {
    /// Adds a reading that is stored, none of which starts before those that were added.
    fn stay(&mut self, there: Recorded) -> Result<(), Error> {
        let interval = there.reading.interval();
        // Those that stand do not overlap, so only the last one can meet this one.
        match self.current.last().map(|last| last.reading.interval()) {
            Some(last) if last.overlaps(interval) => Err(Error::Overlap { got: last, other: interval }),
            _ => {
                self.current.push(there);
                Ok(())
            }
        }
    }

    /// Adds a reading that has come, after those that are stored and start no later.
    fn take(&mut self, reading: Reading, now: Timestamp) -> Result<(), Error> {
        let interval = reading.interval();
        match self.current.last_mut() {
            Some(there) if there.reading == reading => self.unchanged += 1,
            Some(there) if there.reading.interval() == interval => {
                self.superseded.push(Superseded { reading: there.reading, at: there.at, until: now });
                *there = Recorded { reading, at: now };
            }
            Some(there) if there.reading.interval().overlaps(interval) => {
                return Err(Error::Overlap { got: interval, other: there.reading.interval() });
            }
            _ => {
                self.current.push(Recorded { reading, at: now });
                self.inserted += 1;
            }
        }
        Ok(())
    }
}

/// Merges readings like [`merge`], after those that stand for the intervals of `retired` have made place: each goes into
/// the history where the incoming readings cover it from end to end, and stays where they do not.
///
/// This is for readings that were derived, and are now derived more finely or less: from two looks at a register where a
/// third one between them has come to be known, or was withdrawn.
///
/// # Errors
///
/// [`Error::Overlap`] as for [`merge`].
pub fn replace(
    stored: Vec<Recorded>,
    retired: &BTreeSet<Interval>,
    incoming: &[Reading],
    now: Timestamp,
) -> Result<Merged, Error> {
    if retired.is_empty() {
        return merge(stored, incoming, now);
    }
    let ends: BTreeMap<Timestamp, Timestamp> =
        incoming.iter().map(|reading| (reading.interval().start(), reading.interval().end())).collect();
    let makes_place = |recorded: &Recorded| {
        let interval = recorded.reading.interval();
        // One of the same interval is corrected, which is the work of `merge`.
        if !retired.contains(&interval) || ends.get(&interval.start()) == Some(&interval.end()) {
            return false;
        }
        // A longer one that has all of it covers it, too.
        let begun = ends.range(..=interval.start()).next_back();
        if begun.is_some_and(|(_, end)| *end >= interval.end()) {
            return true;
        }
        let mut at = interval.start();
        while at < interval.end()
            && let Some(&end) = ends.get(&at)
        {
            at = end;
        }
        at == interval.end()
    };
    let (gone, staying): (Vec<Recorded>, Vec<Recorded>) = stored.into_iter().partition(makes_place);
    let mut merged = merge(staying, incoming, now)?;
    let gone = gone.into_iter().map(|old| Superseded { reading: old.reading, at: old.at, until: now });
    merged.superseded.extend(gone);
    merged.superseded.sort_unstable();
    Ok(merged)
}

/// The readings that stood at an instant, from those that stand now and those that were replaced.
pub fn as_of(current: &[Recorded], superseded: &[Superseded], instant: Timestamp) -> Vec<Recorded> {
    let mut standing: Vec<Recorded> =
        current.iter().copied().filter(|recorded| recorded.at <= instant).collect();
    standing.extend(
        superseded
            .iter()
            .filter(|old| old.at <= instant && instant < old.until)
            .map(|old| Recorded { reading: old.reading, at: old.at }),
    );
    standing.sort_unstable();
    standing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{quantity::Energy, series::Quality, time::Interval};
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn reading(start: i64, length: i64, mwh: i64) -> Reading {
        let interval = Interval::new(at(start), at(start + length)).unwrap();
        Reading::new(interval, Some(Energy::from_mwh(mwh)), Quality::Measured).unwrap()
    }

    #[test]
    fn an_overlap_that_is_no_correction_is_refused() {
        let stored = merge(Vec::new(), &[reading(0, 10, 1), reading(10, 10, 2)], at(100)).unwrap().current;
        for wrong in
            [reading(0, 5, 1), reading(5, 10, 1), reading(-5, 6, 1), reading(0, 20, 3), reading(19, 2, 1)]
        {
            assert!(
                matches!(merge(stored.clone(), &[wrong], at(101)), Err(Error::Overlap { .. })),
                "{wrong:?}"
            );
        }
        assert!(merge(stored, &[reading(20, 2, 1), reading(-5, 5, 1)], at(101)).is_ok());
    }

    #[test]
    fn a_change_of_quality_alone_is_a_correction() {
        let estimated =
            Reading::new(reading(0, 10, 5).interval(), Some(Energy::from_mwh(5)), Quality::Estimated);
        let stored = merge(Vec::new(), &[estimated.unwrap()], at(1)).unwrap().current;
        let merged = merge(stored, &[reading(0, 10, 5)], at(2)).unwrap();
        assert_eq!((merged.inserted, merged.unchanged, merged.superseded.len()), (0, 0, 1));
    }

    #[test]
    fn a_reading_makes_place_only_for_such_as_cover_it() {
        let stored = merge(Vec::new(), &[reading(0, 30, 9), reading(30, 30, 4)], at(1)).unwrap().current;
        let whole: BTreeSet<Interval> = [reading(0, 30, 0).interval()].into();
        let merged =
            replace(stored.clone(), &whole, &[reading(0, 10, 3), reading(10, 20, 6)], at(2)).unwrap();
        let standing: Vec<Reading> = merged.current.iter().map(|recorded| recorded.reading).collect();
        assert_eq!(standing, [reading(0, 10, 3), reading(10, 20, 6), reading(30, 30, 4)]);
        assert_eq!(merged.superseded, [Superseded { reading: reading(0, 30, 9), at: at(1), until: at(2) }]);
        assert_eq!(as_of(&merged.current, &merged.superseded, at(1)), stored);
        // With a hole it stays, and is in the way; and so is one that nobody said may go.
        for wrong in [&[reading(0, 10, 3)][..], &[reading(0, 10, 3), reading(20, 10, 6)]] {
            assert!(matches!(replace(stored.clone(), &whole, wrong, at(2)), Err(Error::Overlap { .. })));
        }
        // A longer one takes the place of all that it has in it, where these may go.
        let both: BTreeSet<Interval> = stored.iter().map(|recorded| recorded.reading.interval()).collect();
        let joined = replace(stored.clone(), &both, &[reading(0, 60, 13)], at(2)).unwrap();
        assert_eq!((joined.current.len(), joined.superseded.len()), (1, 2));
        assert_eq!(as_of(&joined.current, &joined.superseded, at(1)), stored);
        assert!(matches!(
            replace(stored.clone(), &whole, &[reading(0, 60, 13)], at(2)),
            Err(Error::Overlap { .. })
        ));
        let halves = [reading(30, 15, 1), reading(45, 15, 3)];
        assert!(matches!(replace(stored, &whole, &halves, at(2)), Err(Error::Overlap { .. })));
    }

    proptest! {
        #[test]
        fn the_same_again_changes_nothing(values in prop::collection::vec(0..1000_i64, 1..50)) {
            let readings: Vec<_> = values.iter().zip(0..).map(|(&mwh, n)| reading(n * 900, 900, mwh)).collect();
            let once = merge(Vec::new(), &readings, at(1)).unwrap();
            let twice = merge(once.current.clone(), &readings, at(2)).unwrap();
            prop_assert_eq!(&twice.current, &once.current);
            prop_assert_eq!((twice.inserted, twice.unchanged, twice.superseded.len()), (0, readings.len(), 0));
        }

        #[test]
        fn in_whatever_order_readings_come_the_same_stand(
            stored in prop::collection::btree_map(0..20_i64, 0..3_i64, 0..10),
            incoming in prop::collection::btree_map(0..20_i64, 0..3_i64, 0..10),
            seed in any::<u64>(),
        ) {
            let readings = |of: BTreeMap<i64, i64>| of.into_iter().map(|(slot, mwh)| reading(slot * 900, 900, mwh)).collect::<Vec<_>>();
            let (stored, incoming) = (readings(stored), readings(incoming));
            let there = merge(Vec::new(), &stored, at(1)).unwrap().current;
            let merged = merge(there.clone(), &incoming, at(2)).unwrap();
            // What stands is what came last for each slot, by start.
            let wanted: BTreeMap<Timestamp, Reading> =
                stored.iter().chain(&incoming).map(|reading| (reading.interval().start(), *reading)).collect();
            let standing: Vec<Reading> = merged.current.iter().map(|recorded| recorded.reading).collect();
            prop_assert_eq!(standing, wanted.into_values().collect::<Vec<_>>());
            prop_assert_eq!(merged.inserted + merged.unchanged + merged.superseded.len(), incoming.len());
            let mut shuffled = incoming;
            let turn = usize::try_from(seed % 10).unwrap().min(shuffled.len());
            shuffled.rotate_left(turn);
            shuffled.reverse();
            prop_assert_eq!(merge(there, &shuffled, at(2)).unwrap(), merged);
        }

        #[test]
        fn every_past_state_can_be_asked_for(rounds in prop::collection::vec(prop::collection::btree_map(0..10_i64, 0..3_i64, 0..6), 1..8)) {
            let mut current = Vec::new();
            let mut superseded = Vec::new();
            let mut states = Vec::new();
            for (round, changes) in rounds.into_iter().enumerate() {
                let now = at(i64::try_from(round).unwrap());
                let incoming: Vec<_> = changes.into_iter().map(|(slot, mwh)| reading(slot * 900, 900, mwh)).collect();
                let merged = merge(current, &incoming, now).unwrap();
                current = merged.current;
                superseded.extend(merged.superseded);
                states.push((now, current.clone()));
            }
            for (now, state) in states {
                prop_assert_eq!(as_of(&current, &superseded, now), state);
            }
        }
    }
}
