//! Checking rows and gathering them by device and channel.

use std::{borrow::Cow, collections::HashMap, io, sync::Mutex};

use jiff::Timestamp;

use super::{
    Amount, Fault, Layout,
    sorted::{Readings, Register, Sorted, unkept},
    spill::{Entry, Kept, Merge, Spill},
};
use crate::{
    energy::{Channel, Error, Reading},
    error::excerpt,
    quantity::{Energy, Rounding},
    series::Quality,
    time::Interval,
};

/// How many faults are told before the rest is not looked at.
const MOST_FAULTS: usize = 20;
/// How long the name of a device or a member may be; whatever it is called elsewhere is shorter.
const LONGEST_NAME: usize = 1024;
/// How many channels of devices a file may have that is read in little memory.
const MOST_REGISTERS: usize = 100_000;

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
    rows: usize,
    /// How many rows there may be, and the number of the first one beyond.
    most: usize,
    beyond: Option<u64>,
    /// How many registers there may be: each takes memory, whether its readings are there or in a file.
    most_registers: usize,
    /// How many readings are in memory, and where they go when those are too many.
    held: usize,
    spill: Spill<'a>,
    failed: Option<io::Error>,
    /// Whether each reading of a register so far began no earlier than the one before it ended.
    is_in_order: bool,
}

struct Gathered {
    device: String,
    member: String,
    channel: Channel,
    /// Those that are in memory.
    readings: Vec<(Reading, u64)>,
    /// Of those that are not.
    extent: Option<Interval>,
    /// Where the last reading ends.
    end: Option<Timestamp>,
}

impl<'a> Batches<'a> {
    /// Of a file with any number of rows, all of which are held.
    pub(super) fn new(file: &'a str, layout: Layout) -> Self {
        Self::within(file, layout, usize::MAX, Spill::none())
    }

    /// Of a file with at most so many rows.
    pub(super) fn within(file: &'a str, layout: Layout, most: usize, spill: Spill<'a>) -> Self {
        Self {
            file,
            layout,
            gathered: Vec::new(),
            index: HashMap::new(),
            members: HashMap::new(),
            last: None,
            faults: Vec::new(),
            rows: 0,
            most,
            beyond: None,
            most_registers: if spill.most() == usize::MAX { usize::MAX } else { MOST_REGISTERS },
            held: 0,
            spill,
            failed: None,
            is_in_order: true,
        }
    }

    /// Checks a row and takes it, or the fault that `place` locates. `number` is its line, or its index in a list.
    pub(super) fn take(&mut self, row: Row<'_>, number: u64, place: impl Fn(Column) -> Fault) {
        if self.is_beyond(number) {
            return;
        }
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
        if self.is_beyond(number) { Ok(()) } else { self.keep(device, member, channel, reading, number) }
    }

    /// Counts a row, and says whether it is one too many.
    fn is_beyond(&mut self, number: u64) -> bool {
        self.rows += 1;
        self.is_too_long(self.rows, number)
    }

    /// Whether so many rows, of which the last has a number, are too many.
    pub(super) fn is_too_long(&mut self, rows: usize, number: u64) -> bool {
        if rows > self.most {
            self.beyond.get_or_insert(number);
        }
        self.beyond.is_some()
    }

    pub(super) const fn file(&self) -> &'a str {
        self.file
    }

    pub(super) const fn layout(&self) -> Layout {
        self.layout
    }

    pub(super) const fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Whether so much is wrong that reading on helps nobody.
    pub(super) fn is_hopeless(&self) -> bool {
        self.faults.len() >= MOST_FAULTS || self.beyond.is_some() || self.failed.is_some()
    }

    /// The readings, if every row was good. `at` says where the row of a number stands.
    pub(super) fn finish(mut self, at: impl Fn(u64) -> Fault) -> Result<Sorted, Error> {
        if let Some(number) = self.beyond {
            let line = at(number).line;
            return Err(Error::FileTooLong { file: self.file.to_owned(), line, most: self.most });
        }
        if self.rows == 0 && self.faults.is_empty() {
            let expected = "at least one reading".to_owned();
            self.fault(Fault { expected, got: "none".to_owned(), ..Fault::default() });
        }
        if self.spill.is_used() && self.held > 0 {
            self.write_segment();
        } else {
            self.gathered.iter_mut().for_each(Gathered::sort);
        }
        if let Some(error) = self.failed {
            return Err(unkept(self.file, &error));
        }
        let most = self.spill.most();
        let kept = self.spill.finish().map(Mutex::new);
        let mut overlaps = Overlaps { found: Vec::new(), last: None, at };
        if let Some(kept) = &kept {
            // Where all came in order, none can overlap another, and the file need not be looked through for that.
            if !self.is_in_order && self.faults.len() < MOST_FAULTS {
                overlaps.look_through(kept).map_err(|error| unkept(self.file, &error))?;
            }
        } else {
            for (batch, register) in self.gathered.iter().zip(0..) {
                batch.readings.iter().for_each(|(reading, place)| overlaps.see(register, *reading, *place));
            }
        }
        self.faults.append(&mut overlaps.found);
        if !self.faults.is_empty() {
            self.faults.truncate(MOST_FAULTS);
            return Err(Error::Rejected { file: self.file.to_owned(), faults: self.faults });
        }
        let given = |text: String| if text.is_empty() { None } else { Some(text) };
        let (mut registers, mut readings) = (Vec::new(), Vec::new());
        for batch in self.gathered {
            registers.push(Register {
                device: given(batch.device),
                member: given(batch.member),
                channel: batch.channel,
                extent: batch
                    .readings
                    .iter()
                    .map(|(reading, _)| reading.interval())
                    .chain(batch.extent)
                    .reduce(Interval::hull),
            });
            if kept.is_none() {
                readings.push(batch.readings.into_iter().map(|(reading, _)| reading).collect());
            }
        }
        let readings = match kept {
            Some(kept) => Readings::Kept { file: self.file.to_owned(), kept, most },
            None => Readings::Held(readings),
        };
        Ok(Sorted { registers, readings })
    }

    /// Puts what is in memory into the scratch file.
    fn write_segment(&mut self) {
        let filled = |batch: &&mut Gathered| !batch.readings.is_empty();
        for batch in self.gathered.iter_mut().filter(filled) {
            batch.sort();
            let extent = batch.readings.iter().map(|(reading, _)| reading.interval()).reduce(Interval::hull);
            batch.extent = batch.extent.into_iter().chain(extent).reduce(Interval::hull);
        }
        let registers = (0..).zip(self.gathered.iter().map(|batch| batch.readings.as_slice()));
        if let Err(error) = self.spill.write(registers.filter(|(_, readings)| !readings.is_empty())) {
            self.failed = Some(error);
        }
        // With their room: of a file that has one register after the other each would keep it.
        self.gathered.iter_mut().for_each(|batch| batch.readings = Vec::new());
        self.held = 0;
    }

    /// Adds a register that no row has named before, and gives its place.
    fn register(&mut self, device: &str, channel: Channel) -> usize {
        let at = self.gathered.len();
        self.index.insert((device.to_owned(), channel), at);
        self.gathered.push(Gathered {
            device: device.to_owned(),
            member: String::new(),
            channel,
            readings: Vec::new(),
            extent: None,
            end: None,
        });
        at
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
        let at = match known {
            Some(at) => at,
            None if self.gathered.len() >= self.most_registers => {
                let expected = format!(
                    "at most {} channels of devices in a file (send it in parts)",
                    self.most_registers
                );
                return Err((Column::Device, expected, format!("one more, of {}", shown(device))));
            }
            None => {
                for (column, name) in [(Column::Device, device), (Column::Member, member)] {
                    if name.len() > LONGEST_NAME {
                        let expected = format!("an id or a name of at most {LONGEST_NAME} bytes");
                        return Err((column, expected, format!("one of {}", name.len())));
                    }
                }
                self.register(device, channel)
            }
        };
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
            let interval = reading.interval();
            self.is_in_order &= batch.end.is_none_or(|end| end <= interval.start());
            batch.end = Some(interval.end());
            batch.readings.push((reading, number));
            self.held += 1;
            if self.held > self.spill.most() {
                self.write_segment();
            }
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

impl Gathered {
    fn sort(&mut self) {
        // Stable, so that of two equal readings the earlier line comes first.
        self.readings.sort_by_key(|(reading, _)| reading.interval());
        self.readings.dedup_by(|later, first| later.0 == first.0);
    }
}

/// Readings that overlap, found among those of a file by register and start.
struct Overlaps<A> {
    found: Vec<Fault>,
    last: Option<(u32, Reading, u64)>,
    /// Where a row of a number stands.
    at: A,
}

impl<A: Fn(u64) -> Fault> Overlaps<A> {
    fn look_through(&mut self, kept: &Mutex<Kept>) -> io::Result<()> {
        let mut merge = Merge::of(kept)?;
        while self.found.len() < MOST_FAULTS
            && let Some(Entry { register, reading, place }) = merge.next()?
        {
            self.see(register, reading, place);
        }
        Ok(())
    }

    fn see(&mut self, register: u32, second: Reading, second_at: u64) {
        if let Some((_, first, first_at)) = self.last.filter(|(before, ..)| *before == register)
            && first.interval().overlaps(second.interval())
        {
            let same = first.interval() == second.interval();
            let expected = if same { "one value for a reading" } else { "readings that do not overlap" };
            let other = (self.at)(first_at);
            let other = match (other.line, other.row) {
                (Some(line), _) => format!("line {line}"),
                (None, Some(row)) => format!("row {row}"),
                (None, None) => format!("`{}`", other.header.unwrap_or_default()),
            };
            let got = format!("{} and, at {other}, {}", show(second), show(first));
            self.found.push(Fault { expected: expected.to_owned(), got, ..(self.at)(second_at) });
        }
        self.last = Some((register, second, second_at));
    }
}

fn show(reading: Reading) -> String {
    let energy = reading.energy().map_or_else(|| "missing".to_owned(), |energy| energy.to_string());
    format!("{energy} over {}", reading.interval())
}
