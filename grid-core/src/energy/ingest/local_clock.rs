//! Local clock times to instants: the hour that comes twice, the hour that never comes.
//!
//! What a local time stands for is decided by the order of the rows. In the hour that the clock shows twice, the rows
//! of the first pass come before those of the second. A stamp that ends an interval has one more freedom: files write
//! the end of the last quarter before the clock goes back both as the new time (`02:00`) and as the old one (`03:00`),
//! and in spring both `02:00` and `03:00` end the last quarter before the gap.

use std::collections::HashSet;

use jiff::{
    Timestamp, ToSpan,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset, TimeZone},
};

/// Which end of its interval a stamp names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StampConvention {
    /// The first instant of the interval.
    Start,
    /// The first instant after the interval.
    End,
}

/// The instants that a local time can stand for, in order; none in the gap.
pub(super) fn candidates(zone: &TimeZone, civil: DateTime, convention: StampConvention) -> Vec<Timestamp> {
    let mut found = instants(zone, civil);
    if convention == StampConvention::End
        && let Ok(before) = civil.checked_sub(1.nanosecond())
    {
        let ends = instants(zone, before);
        found.extend(ends.into_iter().filter_map(|last| last.checked_add(1.nanosecond()).ok()));
        found.sort_unstable();
        found.dedup();
    }
    found
}

fn instants(zone: &TimeZone, civil: DateTime) -> Vec<Timestamp> {
    let of = |offset: Offset| offset.to_timestamp(civil).ok();
    match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => of(offset).into_iter().collect(),
        AmbiguousOffset::Gap { .. } => Vec::new(),
        AmbiguousOffset::Fold { before, after } => of(before).into_iter().chain(of(after)).collect(),
    }
}

/// The instants of the rows of one register, in the order of its rows; `None` for a time that the clock skipped.
pub(super) fn resolve(
    zone: &TimeZone,
    civils: &[DateTime],
    convention: StampConvention,
) -> Vec<Option<Timestamp>> {
    let (forward, backward) =
        civils.windows(2).fold((0_usize, 0_usize), |(forward, backward), pair| match pair {
            [a, b] if a < b => (forward + 1, backward),
            [a, b] if a > b => (forward, backward + 1),
            _ => (forward, backward),
        });
    let newest_first = backward > forward;
    let mut found: Vec<Vec<Timestamp>> =
        civils.iter().map(|civil| candidates(zone, *civil, convention)).collect();
    let mut times = civils.to_vec();
    if newest_first {
        found.reverse();
        times.reverse();
    }
    let mut resolved = Vec::with_capacity(found.len());
    let mut previous: Option<Timestamp> = None;
    while let Some(candidates) = found.get(resolved.len()) {
        let at = resolved.len();
        if candidates.len() < 2 {
            let instant = candidates.first().copied();
            previous = instant.or(previous);
            resolved.push(instant);
            continue;
        }
        let rest = found.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|candidates| candidates.len() > 1).count();
        let run = rest.get(..length).unwrap_or_default();
        let shown = times.get(at..at + length).unwrap_or_default();
        let in_pairs = are_pairs(shown);
        for (position, candidates) in run.iter().enumerate() {
            let instant = if in_pairs {
                if position % 2 == 0 { candidates.first() } else { candidates.last() }
            } else {
                next(candidates, previous)
            };
            previous = instant.copied().or(previous);
            resolved.push(instant.copied());
        }
    }
    if newest_first {
        resolved.reverse();
    }
    resolved
}

/// A local time that was there twice and of which the rows hold one only, which was then taken as the first.
pub(super) fn once(
    zone: &TimeZone,
    civils: &[DateTime],
    resolved: &[Option<Timestamp>],
    convention: StampConvention,
) -> Option<DateTime> {
    let there: HashSet<Timestamp> = resolved.iter().flatten().copied().collect();
    civils.iter().copied().find(|civil| {
        let candidates = candidates(zone, *civil, convention);
        candidates.len() > 1 && candidates.iter().any(|candidate| !there.contains(candidate))
    })
}

/// What the evidence says of it.
pub(super) fn told_once(civil: DateTime) -> String {
    format!("{civil} was there twice and has one row; taken as the first, and the second is not there")
}

/// The first candidate after the instant of the row before; the last one where the row repeats what was there.
fn next(candidates: &[Timestamp], previous: Option<Timestamp>) -> Option<&Timestamp> {
    let Some(previous) = previous else { return candidates.first() };
    candidates.iter().find(|candidate| **candidate > previous).or_else(|| {
        let is_near = candidates.last().is_some_and(|last| previous.duration_since(*last).as_hours() < 3);
        if is_near { candidates.last() } else { candidates.first() }
    })
}

/// Whether the rows were sorted by what the clock showed: each time twice, one beside the other.
fn are_pairs(shown: &[DateTime]) -> bool {
    let (pairs, []) = shown.as_chunks::<2>() else { return false };
    pairs.len() > 1
        && pairs.iter().all(|[first, second]| first == second)
        && pairs.windows(2).all(|both| matches!(both, [[a, _], [b, _]] if a < b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Calendar, Resolution};
    use jiff::civil::date;
    use proptest::prelude::*;

    fn resolved(times: &[&str], convention: StampConvention) -> Vec<String> {
        let calendar = Calendar::new("Europe/Madrid").unwrap();
        let civils: Vec<DateTime> = times.iter().map(|time| time.parse().unwrap()).collect();
        resolve(calendar.zone(), &civils, convention)
            .into_iter()
            .map(|at| at.map_or("-".to_owned(), |at| at.to_string()))
            .collect()
    }

    #[test]
    fn the_repeated_hour_is_first_and_then_second() {
        let times = ["2026-10-25T01:00", "2026-10-25T02:00", "2026-10-25T02:00", "2026-10-25T03:00"];
        let expected =
            ["2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"];
        assert_eq!(resolved(&times, StampConvention::Start), expected);
        let mut newest_first = times;
        newest_first.reverse();
        let mut back = expected;
        back.reverse();
        assert_eq!(resolved(&newest_first, StampConvention::Start), back);
    }

    #[test]
    fn both_ways_to_name_the_end_of_the_repeated_hour_are_read() {
        let new_time = ["2026-10-25T01:00", "2026-10-25T02:00", "2026-10-25T02:00", "2026-10-25T03:00"];
        let old_time = ["2026-10-25T01:00", "2026-10-25T02:00", "2026-10-25T03:00", "2026-10-25T03:00"];
        assert_eq!(resolved(&new_time, StampConvention::End), resolved(&old_time, StampConvention::End));
    }

    #[test]
    fn pairs_side_by_side_are_first_and_second() {
        let times = ["2026-10-25T02:00", "2026-10-25T02:00", "2026-10-25T02:30", "2026-10-25T02:30"];
        let expected =
            ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"];
        assert_eq!(resolved(&times, StampConvention::Start), expected);
    }

    #[test]
    fn a_time_in_the_gap_is_no_time() {
        let times = ["2026-03-29T01:45", "2026-03-29T02:15", "2026-03-29T03:00"];
        assert_eq!(resolved(&times, StampConvention::Start)[1], "-");
        // As ends, 02:00 and 03:00 are the same instant, and what lies between is none.
        assert_eq!(resolved(&["2026-03-29T02:00"], StampConvention::End), ["2026-03-29T01:00:00Z"]);
        assert_eq!(resolved(&["2026-03-29T03:00"], StampConvention::End), ["2026-03-29T01:00:00Z"]);
        assert_eq!(resolved(&["2026-03-29T02:15"], StampConvention::End), ["-"]);
    }

    proptest! {
        #[test]
        fn every_quarter_of_every_day_is_found_again(
            day in prop::sample::select(vec![date(2026, 3, 29), date(2026, 10, 25), date(2026, 7, 1)]),
            zone in prop::sample::select(vec!["Europe/Madrid", "Europe/Vienna", "America/Bogota", "Australia/Lord_Howe"]),
            ends: bool,
        ) {
            let calendar = Calendar::new(zone).unwrap();
            let slots = calendar.slots(calendar.day(day).unwrap(), Resolution::QUARTER_HOUR).unwrap();
            let instants: Vec<Timestamp> = slots.iter().map(|slot| if ends { slot.end() } else { slot.start() }).collect();
            let civils: Vec<DateTime> = instants.iter().map(|at| calendar.zone().to_datetime(*at)).collect();
            let convention = if ends { StampConvention::End } else { StampConvention::Start };
            let expected: Vec<_> = instants.into_iter().map(Some).collect();
            prop_assert_eq!(resolve(calendar.zone(), &civils, convention), expected);
        }
    }
}
