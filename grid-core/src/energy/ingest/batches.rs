//! Checking rows and gathering them by device and channel.

use std::{borrow::Cow, collections::HashMap};

use jiff::Timestamp;

use super::{Amount, Batch, Fault, Layout};
use crate::{
    energy::{Channel, Error, Reading},
    error::excerpt,
    quantity::{Energy, Rounding},
    series::Quality,
    time::Interval,
};

/// How many faults are told before the rest is not looked at.
const MOST_FAULTS: usize = 20;

/// One row; an empty text is no text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) device: &'a str,
    pub(super) member: &'a str,
    pub(super) channel: &'a str,
    pub(super) start: Moment<'a>,
    pub(super) end: Moment<'a>,
    pub(super) energy_kwh: Amount<'a>,
    pub(super) quality: &'a str,
}

/// An instant as text, or one that is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment<'a> {
    Text(&'a str),
    At(Timestamp),
}

impl Moment<'_> {
    fn show(self) -> Cow<'static, str> {
        match self {
            Self::Text(text) => shown(text),
            Self::At(at) => format!("`{at}`").into(),
        }
    }
}

impl Amount<'_> {
    fn show(self) -> Cow<'static, str> {
        match self {
            Self::Text(text) => shown(text),
            Self::Kwh(kwh) => format!("`{kwh}`").into(),
            Self::Missing => "nothing".into(),
        }
    }
}

/// A cell for a message.
fn shown(text: &str) -> Cow<'static, str> {
    if text.is_empty() { "nothing".into() } else { format!("`{}`", excerpt(text)).into() }
}

/// The columns of a row, for pointing at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Device,
    Member,
    Channel,
    Start,
    End,
    Energy,
    Quality,
}

impl Column {
    pub(super) const ALL: [Self; 7] =
        [Self::Device, Self::Member, Self::Channel, Self::Start, Self::End, Self::Energy, Self::Quality];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Member => "member",
            Self::Channel => "channel",
            Self::Start => "start",
            Self::End => "end",
            Self::Energy => "energy_kwh",
            Self::Quality => "quality",
        }
    }
}

/// Rows so far, by device and channel.
pub(super) struct Batches<'a> {
    file: &'a str,
    layout: Layout,
    gathered: Vec<Gathered>,
    index: HashMap<(String, Channel), usize>,
    /// The member of each device that has one.
    members: HashMap<String, String>,
    /// The batch of the row before: rows of one device mostly follow each other.
    last: Option<usize>,
    faults: Vec<Fault>,
    rows: u64,
}

struct Gathered {
    device: String,
    member: String,
    channel: Channel,
    readings: Vec<(Reading, u64)>,
}

impl<'a> Batches<'a> {
    pub(super) fn new(file: &'a str, layout: Layout) -> Self {
        let (gathered, index, members) = (Vec::new(), HashMap::new(), HashMap::new());
        Self { file, layout, gathered, index, members, last: None, faults: Vec::new(), rows: 0 }
    }

    /// Checks a row and takes it, or the fault that `place` locates. `number` is its line, or its index in a list.
    pub(super) fn take(&mut self, row: Row<'_>, number: u64, place: impl Fn(Column) -> Fault) {
        self.rows += 1;
        let kept = self
            .read(row)
            .and_then(|(channel, reading)| self.keep(row.device, row.member, channel, reading, number));
        if let Err((column, expected, got)) = kept {
            self.fault(Fault { expected, got, ..place(column) });
        }
    }

    /// Takes a reading that was checked already, of a file with a layout of its own.
    pub(super) fn add(
        &mut self,
        device: &str,
        member: &str,
        channel: Channel,
        reading: Reading,
        number: u64,
    ) -> Result<(), (Column, String, String)> {
        self.rows += 1;
        self.keep(device, member, channel, reading, number)
    }

    pub(super) const fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Whether so much is wrong that reading on helps nobody.
    pub(super) fn is_hopeless(&self) -> bool {
        self.faults.len() >= MOST_FAULTS
    }

    /// The batches, if every row was good. `at` says where the row of a number stands.
    pub(super) fn finish(mut self, at: impl Fn(u64) -> Fault) -> Result<Vec<Batch>, Error> {
        if self.rows == 0 && self.faults.is_empty() {
            let expected = "at least one reading".to_owned();
            self.fault(Fault { expected, got: "none".to_owned(), ..Fault::default() });
        }
        let mut found = Vec::new();
        for batch in &mut self.gathered {
            // Stable, so that of two equal readings the earlier line comes first.
            batch.readings.sort_by_key(|(reading, _)| reading.interval());
            batch.readings.dedup_by(|later, first| later.0 == first.0);
            for pair in batch.readings.windows(2) {
                if let [(first, first_at), (second, second_at)] = pair
                    && first.interval().overlaps(second.interval())
                {
                    let same = first.interval() == second.interval();
                    let expected =
                        if same { "one value for a reading" } else { "readings that do not overlap" };
                    let other = at(*first_at);
                    let other = match (other.line, other.row) {
                        (Some(line), _) => format!("line {line}"),
                        (None, Some(row)) => format!("row {row}"),
                        (None, None) => format!("`{}`", other.header.unwrap_or_default()),
                    };
                    let got = format!("{} and, at {other}, {}", show(*second), show(*first));
                    found.push(Fault { expected: expected.to_owned(), got, ..at(*second_at) });
                }
            }
        }
        self.faults.extend(found);
        if !self.faults.is_empty() {
            self.faults.truncate(MOST_FAULTS);
            return Err(Error::Rejected { file: self.file.to_owned(), faults: self.faults });
        }
        let given = |text: String| if text.is_empty() { None } else { Some(text) };
        Ok(self
            .gathered
            .into_iter()
            .map(|batch| Batch {
                device: given(batch.device),
                member: given(batch.member),
                channel: batch.channel,
                readings: batch.readings.into_iter().map(|(reading, _)| reading).collect(),
            })
            .collect())
    }

    fn keep(
        &mut self,
        device: &str,
        member: &str,
        channel: Channel,
        reading: Reading,
        number: u64,
    ) -> Result<(), (Column, String, String)> {
        let is_same = |batch: &Gathered| batch.device == device && batch.channel == channel;
        let known = self
            .last
            .filter(|&at| self.gathered.get(at).is_some_and(is_same))
            .or_else(|| self.index.get(&(device.to_owned(), channel)).copied());
        let at = known.unwrap_or_else(|| {
            self.index.insert((device.to_owned(), channel), self.gathered.len());
            self.gathered.push(Gathered {
                device: device.to_owned(),
                member: String::new(),
                channel,
                readings: Vec::new(),
            });
            self.gathered.len() - 1
        });
        self.last = Some(at);
        if let Some(batch) = self.gathered.get_mut(at) {
            // Rows of one register mostly name the member of the row before, which was looked at.
            if !member.is_empty() && batch.member != member {
                match self.members.get(device) {
                    Some(other) if other != member => {
                        let expected =
                            format!("the member `{}`, whom another row gives this device", excerpt(other));
                        return Err((Column::Member, expected, format!("`{}`", excerpt(member))));
                    }
                    Some(_) => {}
                    None => {
                        self.members.insert(device.to_owned(), member.to_owned());
                    }
                }
                member.clone_into(&mut batch.member);
            }
            batch.readings.push((reading, number));
        }
        Ok(())
    }

    fn read(&self, row: Row<'_>) -> Result<(Channel, Reading), (Column, String, String)> {
        let wrong =
            |column, expected: &str, got: Cow<'_, str>| (column, expected.to_owned(), got.into_owned());
        match self.layout {
            Layout::Community if row.device.is_empty() => {
                return Err(wrong(Column::Device, "the id or the name of a device", shown("")));
            }
            Layout::Device { .. } if !row.device.is_empty() => {
                let expected = "no device here, for this input is of one device (send it to its community)";
                return Err(wrong(Column::Device, expected, shown(row.device)));
            }
            Layout::Community | Layout::Device { .. } => {}
        }
        let channel = match (row.channel, self.layout) {
            ("", Layout::Device { channel: Some(channel) }) => channel,
            (text, _) => text.parse().map_err(|_| {
                let names = Channel::ALL.map(Channel::as_str).join("`, `");
                wrong(Column::Channel, &format!("a channel (`{names}`)"), shown(text))
            })?,
        };
        let instant = |column, moment: Moment<'_>| match moment {
            Moment::At(at) => Ok(at),
            Moment::Text(text) => crate::time::parse_instant(text).map_err(|_| {
                wrong(column, "an instant with `Z` or an offset, like `2026-03-29T01:00:00Z`", shown(text))
            }),
        };
        let (start, end) = (instant(Column::Start, row.start)?, instant(Column::End, row.end)?);
        let interval = Interval::new(start, end)
            .map_err(|_| wrong(Column::End, &format!("an end after the start {start}"), row.end.show()))?;
        let quality = match (row.quality, row.energy_kwh) {
            ("", Amount::Text("")) => {
                return Err(wrong(Column::Energy, "an energy, or the quality `missing`", shown("")));
            }
            ("", Amount::Missing) => Quality::Missing,
            ("", _) => Quality::Measured,
            (text, _) => text.parse().map_err(|_| {
                let names = Quality::ALL.map(Quality::as_str).join("`, `");
                wrong(Column::Quality, &format!("a quality (`{names}`)"), shown(text))
            })?,
        };
        let energy = match row.energy_kwh {
            Amount::Text("") | Amount::Missing => None,
            Amount::Text(text) => Some(Energy::parse_kwh_rounded(text, Rounding::HalfEven)),
            // The shortest digits that make the number are those that a file would have.
            Amount::Kwh(kwh) => Some(Energy::parse_kwh_rounded(&kwh.to_string(), Rounding::HalfEven)),
        };
        let energy = energy.transpose().map_err(|_| {
            wrong(
                Column::Energy,
                "a decimal number of kilowatt-hours with a point, like `0.250000`",
                row.energy_kwh.show(),
            )
        })?;
        let reading = Reading::new(interval, energy, quality).map_err(|error| match error {
            Error::NegativeEnergy { .. } => {
                wrong(Column::Energy, "an energy of zero or more", row.energy_kwh.show())
            }
            Error::IntervalTooLong { most_days, .. } => wrong(
                Column::End,
                &format!("an end at most {most_days} days after the start"),
                row.end.show(),
            ),
            Error::QualityContradictsEnergy { .. } => wrong(
                Column::Energy,
                "no energy exactly where the quality is `missing`",
                row.energy_kwh.show(),
            ),
            _ => wrong(Column::Energy, &format!("at most {}", Reading::MOST), row.energy_kwh.show()),
        })?;
        Ok((channel, reading))
    }
}

fn show(reading: Reading) -> String {
    let energy = reading.energy().map_or_else(|| "missing".to_owned(), |energy| energy.to_string());
    format!("{energy} over {}", reading.interval())
}
