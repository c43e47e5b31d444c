//! The rows of a whole file, as numbers until what only the whole file tells is decided: the decimal mark, the order of
//! the dates, the hour that comes twice, the length of the intervals and which end of them a stamp names.

use std::collections::BTreeMap;

use super::{
    Fault, Options,
    gather::{Gather, Spot, Subject},
    generic_csv::ValueColumn,
    local_clock::StampConvention,
    stamp::{DateOrder, Stamp},
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
    pub(super) stated: Option<StampConvention>,
    is_utc: bool,
    registers: Vec<(String, Option<Channel>)>,
    pub(super) times: Vec<(TimeRow, usize)>,
    values: Vec<Value>,
    pub(super) marks: Marks,
    pub(super) shares_date: bool,
    pub(super) day_first: Option<u64>,
    pub(super) month_first: Option<u64>,
    pub(super) open: Option<TimeRow>,
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
                // A meter's name of the row and one of the column are parts of one name.
                let both;
                let device = match (row_device.as_str(), column.device.as_str()) {
                    (device, "") | ("", device) => device,
                    (row, column) => {
                        both = format!("{row} {column}");
                        &both
                    }
                };
                let of = Subject { spot, header: &column.header, device, channel, interval };
                let energy = |number: Written| number.energy(mark, column.exponent);
                gather.take_written(of, value.number, energy, value.quality);
            }
        }
    }
}
