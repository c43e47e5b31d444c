//! Which member a device counts for, and when: said, corrected, and never forgotten.
//!
//! A [`Placement`] says of one interval whom a device counts for, or that it counts for nobody. Placements are only added
//! to: of two that meet, the one that was recorded later counts where they do, and the other stays, so that what was
//! known on any day can be asked for. What they say together are [`Stretch`]es.

use jiff::Timestamp;
use uuid::Uuid;

use crate::time::Interval;

/// When something counts: intervals in order that do not meet.
///
/// ```
/// use grid_core::{energy::Terms, time::Interval};
/// let march = Interval::parse("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")?;
/// let april = Interval::parse("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z")?;
/// assert_eq!(Terms::new([april, march]).intervals().len(), 1);
/// assert!(Terms::always().overlaps(march) && !Terms::new([april]).overlaps(march));
/// # Ok::<(), grid_core::time::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    intervals: Vec<Interval>,
}

impl Terms {
    /// Makes terms of intervals in any order; those that meet are joined.
    pub fn new(intervals: impl IntoIterator<Item = Interval>) -> Self {
        let mut sorted: Vec<Interval> = intervals.into_iter().collect();
        sorted.sort_unstable();
        let mut joined: Vec<Interval> = Vec::with_capacity(sorted.len());
        for next in sorted {
            if let Some(last) = joined.last_mut()
                && last.end() >= next.start()
                && let Ok(both) = Interval::new(last.start(), last.end().max(next.end()))
            {
                *last = both;
            } else {
                joined.push(next);
            }
        }
        Self { intervals: joined }
    }

    /// From the beginning, without an end.
    pub fn always() -> Self {
        Self::new(between(Timestamp::MIN, Timestamp::MAX))
    }

    /// The intervals, by start.
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// Whether any of `interval` counts.
    pub fn overlaps(&self, interval: Interval) -> bool {
        let after = self.intervals.partition_point(|term| term.end() <= interval.start());
        self.intervals.get(after).is_some_and(|term| term.overlaps(interval))
    }

    /// Whether all of `interval` counts.
    pub fn cover(&self, interval: Interval) -> bool {
        let after = self.intervals.partition_point(|term| term.end() <= interval.start());
        self.intervals
            .get(after)
            .is_some_and(|term| term.start() <= interval.start() && interval.end() <= term.end())
    }
}

/// What was said of a device in a community.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The member whom the device counts for; `None` where it counts for nobody.
    pub member: Option<Uuid>,
    /// The first instant; `None` for the beginning of time.
    pub from: Option<Timestamp>,
    /// The first instant that is not meant any more; `None` where there is no end.
    pub until: Option<Timestamp>,
    /// When it was said.
    pub recorded_at: Timestamp,
}

/// For how long, and when, a device counts for one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The member.
    pub member: Uuid,
    /// When it counts.
    pub during: Interval,
    /// When the last of what says so was said.
    pub recorded_at: Timestamp,
}

impl Stretch {
    /// The first instant; `None` for the beginning of time.
    pub fn from(&self) -> Option<Timestamp> {
        Some(self.during.start()).filter(|start| *start > Timestamp::MIN)
    }

    /// The first instant at which it does not count any more; `None` where no end is known.
    pub fn until(&self) -> Option<Timestamp> {
        Some(self.during.end()).filter(|end| *end < Timestamp::MAX)
    }
}

impl Placement {
    /// What is meant; `None` where that is nothing at all.
    fn interval(&self) -> Option<Interval> {
        between(self.from.unwrap_or(Timestamp::MIN), self.until.unwrap_or(Timestamp::MAX))
    }
}

fn between(start: Timestamp, end: Timestamp) -> Option<Interval> {
    Interval::new(start, end).ok()
}

/// What placements say together, as they were recorded by `as_of`; by start.
///
/// Of two that were recorded at one instant, the one that comes later counts.
///
/// ```
/// use grid_core::energy::{Placement, standing};
/// let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
/// let [ana, ben] = [1, 2].map(uuid::Uuid::from_u128);
/// let first = Placement { member: Some(ana), from: None, until: None, recorded_at: at("2026-01-01T00:00:00Z") };
/// let moved = Placement { member: Some(ben), from: Some(at("2026-03-15T00:00:00Z")), recorded_at: at("2026-04-02T00:00:00Z"), ..first };
/// let now = standing(&[first, moved], None);
/// assert_eq!(now.iter().map(|stretch| stretch.member).collect::<Vec<_>>(), [ana, ben]);
/// assert_eq!(now[0].until(), now[1].from());
/// // In March nobody knew.
/// assert_eq!(standing(&[first, moved], Some(at("2026-03-31T00:00:00Z"))).len(), 1);
/// ```
pub fn standing(placements: &[Placement], as_of: Option<Timestamp>) -> Vec<Stretch> {
    let mut known: Vec<&Placement> =
        placements.iter().filter(|said| as_of.is_none_or(|instant| said.recorded_at <= instant)).collect();
    known.sort_by_key(|said| said.recorded_at);
    let mut stretches: Vec<Stretch> = Vec::new();
    for said in known {
        let Some(during) = said.interval() else { continue };
        let left = stretches.iter().flat_map(|stretch| {
            let before = between(stretch.during.start(), stretch.during.end().min(during.start()));
            let after = between(stretch.during.start().max(during.end()), stretch.during.end());
            [before, after].into_iter().flatten().map(|during| Stretch { during, ..*stretch })
        });
        stretches = left.collect();
        if let Some(member) = said.member {
            stretches.push(Stretch { member, during, recorded_at: said.recorded_at });
        }
    }
    stretches.sort_by_key(|stretch| stretch.during);
    let mut joined: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for next in stretches {
        if let Some(last) = joined.last_mut()
            && last.member == next.member
            && last.during.end() == next.during.start()
            && let Some(during) = between(last.during.start(), next.during.end())
        {
            *last =
                Stretch { during, recorded_at: last.recorded_at.max(next.recorded_at), member: next.member };
        } else {
            joined.push(next);
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn who(number: u8) -> Uuid {
        Uuid::from_u128(number.into())
    }

    fn said(member: Option<u8>, from: Option<i64>, until: Option<i64>, recorded: i64) -> Placement {
        let [from, until] = [from, until].map(|second| second.map(at));
        Placement { member: member.map(who), from, until, recorded_at: at(recorded) }
    }

    /// Whose a device is at an instant.
    fn whose(stretches: &[Stretch], instant: Timestamp) -> Option<Uuid> {
        stretches.iter().find(|stretch| stretch.during.contains(instant)).map(|stretch| stretch.member)
    }

    fn placements() -> impl Strategy<Value = Vec<Placement>> {
        let end = || prop::option::of(0..20_i64);
        let one = (prop::option::of(1..4_u8), end(), end());
        prop::collection::vec(one, 0..12).prop_map(|rows| {
            rows.iter().zip(0..).map(|(&(member, from, until), now)| said(member, from, until, now)).collect()
        })
    }

    proptest! {
        #[test]
        fn what_was_said_last_of_an_instant_counts(all in placements(), instant in -5..25_i64, known in 0..12_i64) {
            let is_meant = |said: &&Placement| {
                said.recorded_at <= at(known) && said.interval().is_some_and(|during| during.contains(at(instant)))
            };
            let expected = all.iter().rev().find(is_meant).and_then(|said| said.member);
            let stretches = standing(&all, Some(at(known)));
            prop_assert_eq!(whose(&stretches, at(instant)), expected);
            for pair in stretches.windows(2) {
                prop_assert!(pair[0].during.end() <= pair[1].during.start());
            }
        }

        #[test]
        fn what_is_said_later_changes_no_past_state(all in placements(), more in placements(), known in 0..12_i64) {
            let later = more.into_iter().map(|said| Placement { recorded_at: at(100), ..said });
            let both: Vec<Placement> = all.iter().copied().chain(later).collect();
            prop_assert_eq!(standing(&both, Some(at(known))), standing(&all, Some(at(known))));
        }
    }
}
