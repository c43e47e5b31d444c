//! What only all rows of a file show: which of day and month comes first, and which end of its interval a stamp names.

use std::collections::BTreeMap;

use jiff::{SignedDuration, civil::Date};

use super::{
    Fault, Options,
    local_clock::StampConvention,
    rows::Rows,
    stamp::{DateOrder, Stamp},
};

impl Rows {
    /// The order of day and month, and why.
    pub(super) fn order(
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
    pub(super) fn convention(
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
}
