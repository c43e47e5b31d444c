//! The rows of a whole file, and what only the whole file tells: the order of the dates, the hour that comes twice,
//! the length of the intervals and which end of them a stamp names.

use std::collections::BTreeMap;

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime},
};

use super::{
    Fault, Options,
    gather::{Gather, Spot},
    generic_csv::ValueColumn,
    local_clock::{self, StampConvention},
    stamp::{self, DateOrder, Stamp, WrittenDate},
    step::{self, Step, step_of},
    written::{Marks, Written},
};
use crate::{
    energy::Channel,
    series::Quality,
    time::{Calendar, Interval},
};

/// The times of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeRow {
    pub(super) line: u64,
    pub(super) register: u32,
    pub(super) start: Stamp,
    pub(super) end: Option<Stamp>,
    pub(super) column: u64,
}

/// A value of the row before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) column: u16,
    pub(super) number: Option<Written>,
    pub(super) quality: Quality,
}

/// The rows so far.
#[derive(Debug)]
pub(super) struct Rows {
    columns: Vec<ValueColumn>,
    stated: Option<StampConvention>,
    is_utc: bool,
    registers: Vec<(String, Option<Channel>)>,
    times: Vec<(TimeRow, usize)>,
    values: Vec<Value>,
    pub(super) marks: Marks,
    shares_date: bool,
    day_first: Option<u64>,
    month_first: Option<u64>,
    open: Option<TimeRow>,
}

impl Rows {
    pub(super) fn new(columns: Vec<ValueColumn>, stated: Option<StampConvention>, is_utc: bool) -> Self {
        Self {
            columns,
            stated,
            is_utc,
            registers: Vec::new(),
            times: Vec::new(),
            values: Vec::new(),
            marks: Marks::default(),
            shares_date: false,
            day_first: None,
            month_first: None,
            open: None,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.values.len().max(self.times.len())
    }

    /// A new register: a device and a channel as the rows name them.
    pub(super) fn register(&mut self, device: String, channel: Option<Channel>) -> u32 {
        self.registers.push((device, channel));
        u32::try_from(self.registers.len() - 1).unwrap_or(u32::MAX)
    }

    /// Begins a row. `shares_date` says whether its end was written as a time of the start's date.
    pub(super) fn time(&mut self, row: TimeRow, shares_date: bool) -> Result<(), Fault> {
        self.shares_date = shares_date;
        for stamp in [Some(row.start), row.end].into_iter().flatten() {
            let Stamp::Local(date, _) = stamp else { continue };
            match date.proves() {
                Some(DateOrder::DayFirst) => _ = self.day_first.get_or_insert(row.line),
                Some(DateOrder::MonthFirst) => _ = self.month_first.get_or_insert(row.line),
                None if date.is_open() => _ = self.open.get_or_insert(row),
                None => {}
            }
        }
        if let (Some(day), Some(month)) = (self.day_first, self.month_first) {
            return Err(Fault {
                line: Some(row.line),
                column: Some(row.column),
                expected: "dates in one order in the whole file".to_owned(),
                got: format!("the day first in line {day} and the month first in line {month}"),
                ..Fault::default()
            });
        }
        self.times.push((row, self.values.len()));
        Ok(())
    }

    pub(super) fn value(&mut self, value: Value) {
        self.values.push(value);
    }

    /// Decides what is open and hands the readings on.
    pub(super) fn settle(self, options: &Options, gather: &mut Gather<'_>, evidence: &mut Vec<String>) {
        let mut by_register: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, (row, _)) in self.times.iter().enumerate() {
            by_register.entry(row.register).or_default().push(at);
        }
        let decided = self
            .marks
            .decide(options.decimal)
            .and_then(|mark| self.order(options, &by_register).map(|order| (mark, order)));
        let ((mark, why_mark), (order, why_order)) = match decided {
            Ok(decided) => decided,
            Err(fault) => return gather.push(fault),
        };
        evidence.push(why_mark);
        evidence.extend(why_order);
        let is_local = |stamp: &Stamp| matches!(stamp, Stamp::Local(..));
        let first_local = self
            .times
            .iter()
            .find(|(row, _)| is_local(&row.start) || row.end.is_some_and(|end| is_local(&end)));
        let calendar = match (first_local, self.is_utc, &options.calendar) {
            (Some(_), true, _) => {
                evidence.push("the header says that the times are those of UTC".to_owned());
                Some(Calendar::utc())
            }
            (Some(_), false, Some(calendar)) => {
                evidence
                    .push(format!("the times have no offset and are read in {}, as stated", calendar.name()));
                Some(calendar.clone())
            }
            (Some((row, _)), false, None) => {
                let spot = Spot { line: row.line, column: row.column };
                let expected = "a time with `Z` or an offset, or the zone of the local times stated";
                return gather.fault(spot, "", expected, "a local time");
            }
            (None, _, calendar) => {
                evidence.push("the times carry their offsets".to_owned());
                calendar.clone()
            }
        };
        let calendar = calendar.unwrap_or_else(Calendar::utc);
        let has_ends = self.times.iter().all(|(row, _)| row.end.is_some());
        let convention = if has_ends {
            evidence.push("each row has its start and its end".to_owned());
            StampConvention::Start
        } else {
            let (convention, why) = self.convention(options, &by_register);
            evidence.push(why);
            convention
        };
        let mut lone: Vec<usize> = Vec::new();
        let mut steps: Vec<Step> = Vec::new();
        let mut intervals: Vec<Option<Interval>> = vec![None; self.times.len()];
        for rows in by_register.values() {
            let Some(instants) = self.instants(rows, order, &calendar, convention, gather, evidence) else {
                continue;
            };
            if has_ends {
                self.with_ends(rows, &instants, order, &calendar, &mut intervals, gather);
                continue;
            }
            let mut sorted = instants.clone();
            sorted.sort_unstable();
            sorted.dedup();
            if sorted.len() < 2 {
                lone.extend(rows);
                continue;
            }
            match step_of(&sorted, &calendar) {
                Ok(step) => {
                    if !steps.contains(&step) {
                        steps.push(step);
                    }
                    step::cut(rows, &instants, step, convention, &calendar, &mut intervals);
                }
                Err((instant, expected)) => {
                    let at =
                        rows.iter().zip(&instants).find(|(_, found)| **found == instant).map(|(at, _)| *at);
                    let (line, column) = at
                        .and_then(|at| self.times.get(at))
                        .map_or((0, 0), |(row, _)| (row.line, row.column));
                    gather.fault(Spot { line, column }, "", expected, format!("`{instant}`"));
                }
            }
        }
        if let (false, [step]) = (lone.is_empty(), steps.as_slice()) {
            for at in &lone {
                if let Some(instants) = self.instants(&[*at], order, &calendar, convention, gather, evidence)
                {
                    step::cut(&[*at], &instants, *step, convention, &calendar, &mut intervals);
                }
            }
        } else if let Some((row, _)) = lone.first().and_then(|at| self.times.get(*at)) {
            let expected = "at least two rows of a register, or a column with the end of the interval";
            gather.fault(Spot { line: row.line, column: row.column }, "", expected, "a single row");
        }
        for step in steps {
            evidence.push(match step {
                Step::Seconds(seconds) if seconds % 60 == 0 => {
                    format!("the rows are {} minutes apart", seconds / 60)
                }
                Step::Seconds(seconds) => format!("the rows are {seconds} seconds apart"),
                Step::Day => "the rows are local days".to_owned(),
                Step::Month => "the rows are local months".to_owned(),
            });
        }
        self.hand_on(&intervals, mark, gather);
    }

    fn hand_on(&self, intervals: &[Option<Interval>], mark: super::DecimalMark, gather: &mut Gather<'_>) {
        for (at, (row, first)) in self.times.iter().enumerate() {
            let Some(interval) = intervals.get(at).copied().flatten() else {
                let spot = Spot { line: row.line, column: row.column };
                if !gather.has_faults() {
                    gather.fault(spot, "", "a time within the years that the calendar covers", "another one");
                }
                continue;
            };
            let last = self.times.get(at + 1).map_or(self.values.len(), |(_, next)| *next);
            let register =
                usize::try_from(row.register).ok().and_then(|register| self.registers.get(register));
            let Some((row_device, row_channel)) = register else { continue };
            for value in self.values.get(*first..last).unwrap_or_default() {
                if gather.is_hopeless() {
                    return;
                }
                let Some(column) = self.columns.get(usize::from(value.column)) else { continue };
                let spot = Spot { line: row.line, column: super::generic_csv::column(column.field) };
                let Some(channel) = gather.channel(row_channel.or(column.channel), spot, &column.header)
                else {
                    return;
                };
                let energy = match value.number.map(|number| number.energy(mark, column.exponent)) {
                    Some(None) => {
                        gather.fault(
                            spot,
                            &column.header,
                            "an energy that a meter can count",
                            "a larger number",
                        );
                        continue;
                    }
                    Some(Some(energy)) => Some(energy),
                    None => None,
                };
                // A meter's name of the row and one of the column are parts of one name.
                let both;
                let device = match (row_device.as_str(), column.device.as_str()) {
                    (device, "") | ("", device) => device,
                    (row, column) => {
                        both = format!("{row} {column}");
                        &both
                    }
                };
                gather.take(spot, &column.header, device, channel, interval, energy, value.quality);
            }
        }
    }

    /// The order of day and month, and why.
    fn order(
        &self,
        options: &Options,
        by_register: &BTreeMap<u32, Vec<usize>>,
    ) -> Result<(DateOrder, Option<String>), Fault> {
        if let Some(line) = self.day_first {
            return Ok((DateOrder::DayFirst, Some(format!("the day comes before the month (line {line})"))));
        }
        if let Some(line) = self.month_first {
            return Ok((
                DateOrder::MonthFirst,
                Some(format!("the month comes before the day (line {line})")),
            ));
        }
        let Some(open) = self.open else { return Ok((DateOrder::DayFirst, None)) };
        if let Some(order) = options.date_order {
            return Ok((order, Some("the order of day and month is the one that was stated".to_owned())));
        }
        // In one order the rows may follow each other day by day, and in the other jump over months.
        let runs_on = |order| by_register.values().all(|rows| self.runs_on(rows, order));
        let why =
            |first| Some(format!("the {first} comes first in dates, for only so the rows follow each other"));
        match (runs_on(DateOrder::DayFirst), runs_on(DateOrder::MonthFirst)) {
            (true, false) => Ok((DateOrder::DayFirst, why("day"))),
            (false, true) => Ok((DateOrder::MonthFirst, why("month"))),
            _ => {
                let read = |order| match open.start {
                    Stamp::Local(date, _) => {
                        date.date(order).map_or_else(String::new, |date| date.to_string())
                    }
                    Stamp::At(at, _) => at.to_string(),
                };
                Err(Fault {
                    line: Some(open.line),
                    column: Some(open.column),
                    expected: "a date that shows whether day or month comes first, or their order stated"
                        .to_owned(),
                    got: format!(
                        "one that is {} or {}",
                        read(DateOrder::DayFirst),
                        read(DateOrder::MonthFirst)
                    ),
                    ..Fault::default()
                })
            }
        }
    }

    fn runs_on(&self, rows: &[usize], order: DateOrder) -> bool {
        let dates: Vec<Date> = rows
            .iter()
            .filter_map(|at| match self.times.get(*at)?.0.start {
                Stamp::Local(date, _) => date.date(order),
                Stamp::At(..) => None,
            })
            .collect();
        dates.windows(2).all(|pair| match pair {
            [a, b] => a.duration_until(*b).abs() <= SignedDuration::from_hours(24),
            _ => true,
        })
    }

    /// Which end of its interval a stamp names, and why.
    fn convention(
        &self,
        options: &Options,
        by_register: &BTreeMap<u32, Vec<usize>>,
    ) -> (StampConvention, String) {
        let named = |convention| match convention {
            StampConvention::Start => "start",
            StampConvention::End => "end",
        };
        if let Some(convention) = self.stated {
            return (
                convention,
                format!("a stamp is the {} of its interval, as the header says", named(convention)),
            );
        }
        let mut proofs = by_register.values().map(|rows| self.proof(rows));
        let first = proofs.next().flatten();
        if let Some(convention) =
            first.filter(|first| proofs.all(|other| other.is_none_or(|other| other == *first)))
        {
            let text = format!(
                "a stamp is the {} of its interval, for only so the rows fill whole days",
                named(convention)
            );
            return (convention, text);
        }
        match options.stamp {
            Some(convention) => {
                (convention, format!("a stamp is the {} of its interval, as stated", named(convention)))
            }
            None => (
                StampConvention::Start,
                "nothing proves which end of its interval a stamp names; taken as the start".to_owned(),
            ),
        }
    }

    /// What the first and the last row of a register prove: from 00:15 to 00:00 they are ends, from 00:00 to 23:45
    /// starts.
    fn proof(&self, rows: &[usize]) -> Option<StampConvention> {
        const DAY: i64 = 86_400;
        let seconds: Vec<i64> = rows
            .iter()
            .filter_map(|at| self.times.get(*at))
            .map(|(row, _)| i64::from(row.start.seconds()))
            .collect();
        if seconds.contains(&DAY) {
            return Some(StampConvention::End);
        }
        let mut counts: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
        for pair in seconds.windows(2) {
            if let [a, b] = pair {
                let (step, forward) = if b > a { (b - a, 1) } else { (a - b, 0) };
                let count = counts.entry(step).or_default();
                *count = (count.0 + 1, count.1 + forward);
            }
        }
        counts.remove(&0);
        let (step, (count, forward)) = counts.into_iter().max_by_key(|(step, (count, _))| (*count, -step))?;
        let (mut first, mut last) = (*seconds.first()?, *seconds.last()?);
        if forward * 2 < count {
            std::mem::swap(&mut first, &mut last);
        }
        if first == step && last == 0 {
            Some(StampConvention::End)
        } else if first == 0 && last == DAY - step {
            Some(StampConvention::Start)
        } else {
            None
        }
    }

    /// The instants of a register's rows, in the order of the rows; `None` after a fault.
    fn instants(
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
    fn with_ends(
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
