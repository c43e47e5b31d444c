//! From the times that rows are written with to instants and intervals.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan, civil::DateTime};

use super::{
    gather::{Gather, Spot},
    local_clock::{self, StampConvention},
    rows::{Rows, TimeRow},
    stamp::{self, DateOrder, Stamp, WrittenDate},
};
use crate::time::{Calendar, Interval};

impl Rows {
    /// The instants of a register's rows, in the order of the rows; `None` after a fault.
    pub(super) fn instants(
        &self,
        rows: &[usize],
        order: DateOrder,
        calendar: &Calendar,
        convention: StampConvention,
        gather: &mut Gather<'_>,
        evidence: &mut Vec<String>,
    ) -> Option<Vec<Timestamp>> {
        let mut civils = Vec::new();
        let mut places = Vec::new();
        let mut instants = vec![None; rows.len()];
        for (position, at) in rows.iter().enumerate() {
            match self.times.get(*at)?.0.start {
                Stamp::At(instant, _) => *instants.get_mut(position)? = Some(instant),
                Stamp::Local(date, seconds) => match civil(date, seconds, order) {
                    Some(civil) => {
                        civils.push(civil);
                        places.push(position);
                    }
                    None => self.no_date(*at, gather),
                },
            }
        }
        let resolved = local_clock::resolve(calendar.zone(), &civils, convention);
        if let Some(civil) = local_clock::once(calendar.zone(), &civils, &resolved, convention) {
            evidence.push(local_clock::told_once(civil));
        }
        for (position, instant) in places.iter().zip(resolved) {
            *instants.get_mut(*position)? = instant;
        }
        for (at, instant) in rows.iter().zip(&instants) {
            if instant.is_none() && !gather.is_hopeless() {
                let (row, _) = self.times.get(*at)?;
                let shown = match row.start {
                    Stamp::Local(date, seconds) => {
                        civil(date, seconds, order).map_or_else(String::new, |civil| civil.to_string())
                    }
                    Stamp::At(at, _) => at.to_string(),
                };
                let expected = format!("a time that there was in {}", calendar.name());
                let got = format!("`{shown}`, which the clock skipped");
                gather.fault(Spot { line: row.line, column: row.column }, "", expected, got);
            }
        }
        instants.into_iter().collect()
    }

    fn no_date(&self, at: usize, gather: &mut Gather<'_>) {
        if let Some((row, _)) = self.times.get(at) {
            gather.fault(
                Spot { line: row.line, column: row.column },
                "",
                "a date of the calendar",
                "one that is not",
            );
        }
    }

    /// Intervals with their own ends.
    pub(super) fn with_ends(
        &self,
        rows: &[usize],
        starts: &[Timestamp],
        order: DateOrder,
        calendar: &Calendar,
        intervals: &mut [Option<Interval>],
        gather: &mut Gather<'_>,
    ) {
        let ends = |row: &TimeRow, start: Timestamp| -> Vec<Timestamp> {
            match row.end {
                None => Vec::new(),
                // An end that is the last second of the interval is the next second.
                Some(Stamp::At(end, seconds)) => {
                    let inclusive = i64::from(seconds % 60 == 59);
                    end.checked_add(inclusive.seconds()).into_iter().collect()
                }
                Some(Stamp::Local(date, seconds)) => {
                    let Some(mut end) = civil(date, seconds, order) else { return Vec::new() };
                    if seconds % 60 == 59 {
                        end = end.saturating_add(1.second());
                    }
                    let mut found = local_clock::candidates(calendar.zone(), end, StampConvention::End);
                    if self.shares_date
                        && let Ok(next) = end.checked_add(1.day())
                    {
                        found.extend(local_clock::candidates(calendar.zone(), next, StampConvention::End));
                    }
                    found.retain(|end| *end > start);
                    found
                }
            }
        };
        // The length that most rows have decides between two ends.
        let mut lengths: BTreeMap<i64, usize> = BTreeMap::new();
        for (at, start) in rows.iter().zip(starts) {
            if let Some(end) = self.times.get(*at).and_then(|(row, _)| ends(row, *start).first().copied()) {
                *lengths.entry(end.as_second() - start.as_second()).or_default() += 1;
            }
        }
        let usual =
            lengths.into_iter().max_by_key(|(length, count)| (*count, -length)).map(|(length, _)| length);
        for (at, start) in rows.iter().zip(starts) {
            let Some((row, _)) = self.times.get(*at) else { continue };
            let ends = ends(row, *start);
            let usual = ends.iter().find(|end| Some(end.as_second() - start.as_second()) == usual);
            let interval = usual.or(ends.first()).and_then(|end| Interval::new(*start, *end).ok());
            match (interval, intervals.get_mut(*at)) {
                (Some(interval), Some(slot)) => *slot = Some(interval),
                _ => gather.fault(
                    Spot::line(row.line),
                    "",
                    format!("an end after the start {start}"),
                    "another one",
                ),
            }
        }
    }
}

fn civil(date: WrittenDate, seconds: u32, order: DateOrder) -> Option<DateTime> {
    stamp::civil(date.date(order)?, seconds)
}
