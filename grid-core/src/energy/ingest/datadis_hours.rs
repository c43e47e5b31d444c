//! Which hour of the day a label of a Spanish file means.

use std::collections::BTreeMap;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
};

use super::{
    Options,
    datadis::Row,
    gather::{Gather, Spot},
    local_clock::{self, StampConvention},
    options::HourLabels,
    stamp::DateOrder,
    written::Written,
};
use crate::time::Calendar;

/// The rows of a file, for finding when their hours were.
pub(super) struct Hours<'a> {
    pub(super) rows: &'a [Row],
    pub(super) order: DateOrder,
    pub(super) calendar: &'a Calendar,
    pub(super) options: &'a Options,
}

impl Hours<'_> {
    /// The start of each row's hour; `None` where it is told as a fault, or where a skipped hour is rightly empty.
    pub(super) fn starts(
        &self,
        values: &[Option<Written>],
        width: usize,
        gather: &mut Gather<'_>,
        evidence: &mut Vec<String>,
    ) -> Vec<Option<Timestamp>> {
        let mut starts = vec![None; self.rows.len()];
        let has = |hours: &[u8]| self.rows.iter().find(|row| hours.contains(&row.hour));
        let from_zero = match (has(&[0]), has(&[24, 25])) {
            (Some(zero), Some(late)) => {
                let got = format!("hour 0, and hour {} in line {}", late.hour, late.line);
                gather.fault(Spot::line(zero.line), "", "hours from 1 to 25, or from 0 to 23", got);
                return starts;
            }
            (Some(_), None) => {
                evidence.push("the hours are numbered from 0: a label is the start of its hour".to_owned());
                true
            }
            (None, Some(_)) => false,
            (None, None) => {
                evidence.push(
                    "the hours are taken as numbered from 1: a label is the end of its hour".to_owned(),
                );
                false
            }
        };
        let mut days: BTreeMap<(u32, Date), Vec<usize>> = BTreeMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            match row.date.date(self.order) {
                Some(date) => days.entry((row.cups, date)).or_default().push(at),
                None => gather.fault(Spot::line(row.line), "", "a date of the calendar", "one that is not"),
            }
        }
        let first_label = u8::from(!from_zero);
        let shown: BTreeMap<(u32, Date), Labels> =
            days.iter().map(|(key, rows)| (*key, self.labels(key.1, rows, from_zero))).collect();
        let says = |labels: HourLabels| {
            shown.iter().find(|(_, shown)| **shown == Labels::Are(labels)).map(|(key, _)| key.1)
        };
        let whole_file = match (says(HourLabels::Ordinal), says(HourLabels::Clock)) {
            (Some(ordinal), Some(clock)) => {
                let got = format!("{ordinal} numbered through, and {clock} as the clock shows");
                gather.fault(Spot::line(1), "", "hours that are numbered in one way", got);
                return starts;
            }
            (Some(day), None) => {
                evidence.push(format!("the hours are numbered through, as {day} shows"));
                Some(HourLabels::Ordinal)
            }
            (None, Some(day)) => {
                evidence.push(format!("the hours are those that the clock shows, as {day} shows"));
                Some(HourLabels::Clock)
            }
            (None, None) => self.options.hours,
        };
        for ((cups, date), rows) in &days {
            let labels = match (shown.get(&(*cups, *date)), whole_file) {
                (Some(Labels::Same) | None, _) => HourLabels::Clock,
                (Some(Labels::Are(labels)), _) => *labels,
                (Some(Labels::Unclear), Some(labels)) => labels,
                (Some(Labels::Unclear), None) => {
                    let line = rows.first().and_then(|at| self.rows.get(*at)).map_or(1, |row| row.line);
                    let expected =
                        "a day that shows how its hours are numbered when the clocks change, or that stated";
                    let got = format!(
                        "{date}, whose hours can be numbered through (1 to 23 or 25) or be what the clock shows"
                    );
                    gather.fault(Spot::line(line), "", expected, got);
                    continue;
                }
            };
            self.place(*date, rows, labels, first_label, &mut starts);
        }
        for (row, start) in self.rows.iter().zip(&starts) {
            let is_empty =
                values.get(row.first..row.first + width).unwrap_or_default().iter().all(Option::is_none);
            if start.is_none() && !is_empty && !gather.is_hopeless() {
                let got = format!(
                    "hour {} of {}",
                    row.hour,
                    row.date.date(self.order).map_or_else(String::new, |date| date.to_string())
                );
                let expected = format!("an hour that the day had in {}", self.calendar.name());
                gather.fault(Spot::line(row.line), "", expected, got);
            }
        }
        starts
    }

    /// The hours of a day.
    fn length(&self, date: Date) -> u64 {
        self.calendar.day(date).map_or(0, |day| day.duration().as_secs() / 3600)
    }

    /// What the labels of a day show.
    fn labels(&self, date: Date, rows: &[usize], from_zero: bool) -> Labels {
        let length = self.length(date);
        if from_zero || length == 24 {
            return Labels::Same;
        }
        let mut counts = [0_usize; 26];
        for hour in rows.iter().filter_map(|at| self.rows.get(*at)).map(|row| usize::from(row.hour)) {
            if let Some(count) = counts.get_mut(hour) {
                *count += 1;
            }
        }
        // The label of the hour that comes twice, or never.
        let odd = (0..24_i8).find(|hour| {
            let civil = Time::new(*hour, 0, 0, 0).map(|time| date.to_datetime(time));
            civil.is_ok_and(|civil| {
                local_clock::candidates(self.calendar.zone(), civil, StampConvention::Start).len() != 1
            })
        });
        let Some(odd) = odd.and_then(|hour| usize::try_from(hour + 1).ok()) else { return Labels::Unclear };
        let count = |hour: usize| counts.get(hour).copied().unwrap_or(0);
        let others = (1..=24).filter(|hour| *hour != odd).map(count).max().unwrap_or(0);
        let reaches = (odd..26).any(|hour| count(hour) > 0);
        match length {
            25 if count(25) > 0 => Labels::Are(HourLabels::Ordinal),
            25 if count(odd) > others.max(1) => Labels::Are(HourLabels::Clock),
            23 if count(24) > 0 => Labels::Are(HourLabels::Clock),
            23 if count(odd) > 0 => Labels::Are(HourLabels::Ordinal),
            23 | 25 if !reaches => Labels::Same,
            _ => Labels::Unclear,
        }
    }

    fn place(
        &self,
        date: Date,
        rows: &[usize],
        labels: HourLabels,
        first_label: u8,
        starts: &mut [Option<Timestamp>],
    ) {
        let hours: Vec<(usize, i64)> = rows
            .iter()
            .filter_map(|at| Some((*at, i64::from(self.rows.get(*at)?.hour) - i64::from(first_label))))
            .collect();
        match labels {
            HourLabels::Ordinal => {
                let Ok(day) = self.calendar.day(date) else { return };
                for (at, hour) in hours {
                    let start =
                        day.start().checked_add(hour.hours()).ok().filter(|start| day.contains(*start));
                    if let Some(slot) = starts.get_mut(at) {
                        *slot = start;
                    }
                }
            }
            HourLabels::Clock => {
                let on_the_clock: Vec<(usize, DateTime)> = hours
                    .into_iter()
                    .filter_map(|(at, hour)| {
                        let time = Time::new(i8::try_from(hour).ok()?, 0, 0, 0).ok()?;
                        Some((at, date.to_datetime(time)))
                    })
                    .collect();
                let civils: Vec<_> = on_the_clock.iter().map(|(_, civil)| *civil).collect();
                let found = local_clock::resolve(self.calendar.zone(), &civils, StampConvention::Start);
                for ((at, _), start) in on_the_clock.iter().zip(found) {
                    if let Some(slot) = starts.get_mut(*at) {
                        *slot = start;
                    }
                }
            }
        }
    }
}

/// What the labels of one day show about their numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Labels {
    /// It makes no difference.
    Same,
    Are(HourLabels),
    Unclear,
}
