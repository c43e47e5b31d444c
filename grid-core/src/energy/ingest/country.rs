//! What the rows of a country's files leave open, and the country answers: which of day and month comes first, and whose
//! clock the hours are of.

use super::{
    Fault, Options,
    stamp::{DateOrder, WrittenDate},
    written::{DecimalMark, Marks},
};
use crate::time::Calendar;

/// How a country writes.
pub(super) struct Country {
    /// The zone of its clocks.
    pub(super) zone: &'static str,
    /// What is told where dates that fit both orders are read with the day first, if anything.
    pub(super) day_first: Option<&'static str>,
}

/// What the dates so far say about their order.
#[derive(Default)]
pub(super) struct Dates {
    proved: Vec<DateOrder>,
    has_open: bool,
}

/// How all rows of a file are read.
pub(super) struct Settled {
    pub(super) mark: DecimalMark,
    pub(super) order: DateOrder,
    pub(super) calendar: Calendar,
}

impl Dates {
    pub(super) fn see(&mut self, date: WrittenDate) {
        match date.proves() {
            Some(order) if !self.proved.contains(&order) => self.proved.push(order),
            Some(_) => {}
            None => self.has_open |= date.is_open(),
        }
    }

    /// The order that the dates prove, if any does.
    fn order(&self) -> Result<Option<DateOrder>, Fault> {
        match self.proved.as_slice() {
            [] => Ok(None),
            [order] => Ok(Some(*order)),
            _ => Err(Fault {
                expected: "dates in one order in the whole file".to_owned(),
                got: "the day first and the month first".to_owned(),
                ..Fault::default()
            }),
        }
    }
}

impl Country {
    /// Decides how the rows are read: by what they show, else by what was stated, else by the country.
    pub(super) fn settle(
        &self,
        marks: &Marks,
        dates: &Dates,
        options: &Options,
        evidence: &mut Vec<String>,
    ) -> Result<Settled, Fault> {
        let (mark, why) = marks.decide(options.decimal)?;
        evidence.push(why);
        let told = dates.order()?.or(options.date_order);
        if told.is_none() && dates.has_open {
            evidence.extend(self.day_first.map(str::to_owned));
        }
        let calendar = options.calendar_or(self.zone)?;
        evidence.push(format!("the hours are those of {}", calendar.name()));
        Ok(Settled { mark, order: told.unwrap_or(DateOrder::DayFirst), calendar })
    }
}
