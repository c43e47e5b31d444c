//! The readings of a file of any length, by register and start.

use std::{borrow::Cow, io, sync::Mutex};

use super::{
    Batch, Channel, Error, Reading,
    spill::{Entry, Kept, Merge},
};
use crate::time::Interval;

/// A channel of a device of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// The device as the file names it (an id or a name); `None` in a file of one device.
    pub device: Option<String>,
    /// The member that the device belongs to, where the file names one; never two for one device.
    pub member: Option<String>,
    /// The channel.
    pub channel: Channel,
    /// From its first reading to its last one; `None` where it has none.
    pub extent: Option<Interval>,
}

/// Some of the readings of a register, by start, without duplicates or overlaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion<'s> {
    /// The register, by its place in [`Sorted::registers`].
    pub register: usize,
    /// The readings.
    pub readings: Cow<'s, [Reading]>,
}

/// The readings of a file: in memory where they are few, else in the scratch file that was given to
/// [`read_sorted`](super::read_sorted).
#[derive(Debug)]
pub struct Sorted {
    pub(super) registers: Vec<Register>,
    pub(super) readings: Readings,
}

/// Where the readings are.
#[derive(Debug)]
pub(super) enum Readings {
    /// Those of each register.
    Held(Vec<Vec<Reading>>),
    /// In a scratch file, and how many of them are to be in memory at once.
    Kept { file: String, kept: Mutex<Kept>, most: usize },
}

impl Sorted {
    /// The registers, in the order in which the file first names them.
    pub fn registers(&self) -> &[Register] {
        &self.registers
    }

    /// Whether all readings are in memory.
    pub const fn is_held(&self) -> bool {
        matches!(self.readings, Readings::Held(_))
    }

    /// How many readings are in memory, where all are.
    pub fn held(&self) -> Option<usize> {
        match &self.readings {
            Readings::Held(readings) => Some(readings.iter().map(Vec::len).sum()),
            Readings::Kept { .. } => None,
        }
    }

    /// How many readings a portion has at most.
    pub const fn at_once(&self) -> usize {
        match self.readings {
            Readings::Held(_) => usize::MAX,
            Readings::Kept { most, .. } => most,
        }
    }

    /// The readings from the first one on, however often they are asked for: one register after the other, each by start and
    /// in as many portions as memory asks for.
    ///
    /// An error is [`Error::Unkept`], where the scratch file cannot be read; nothing comes after it.
    pub fn portions(&self) -> Portions<'_> {
        let readings = match &self.readings {
            Readings::Held(readings) => Source::Held(readings.iter().enumerate()),
            Readings::Kept { file, kept, most } => match Merge::of(kept) {
                Ok(merge) => Source::Kept { file, merge, most: *most, first: None },
                Err(error) => Source::Failed(Some(unkept(file, &error))),
            },
        };
        Portions(readings)
    }

    /// All readings in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Unkept`] where the scratch file cannot be read.
    pub fn into_batches(mut self) -> Result<Vec<Batch>, Error> {
        let readings = match self.readings {
            Readings::Held(readings) => readings,
            Readings::Kept { .. } => {
                let mut all = vec![Vec::new(); self.registers.len()];
                for portion in self.portions() {
                    let Portion { register, readings } = portion?;
                    if let Some(of_register) = all.get_mut(register) {
                        of_register.extend_from_slice(&readings);
                    }
                }
                all
            }
        };
        let registers = std::mem::take(&mut self.registers).into_iter().zip(readings);
        let batch = |(register, readings): (Register, _)| {
            let Register { device, member, channel, extent: _ } = register;
            Batch { device, member, channel, readings }
        };
        Ok(registers.map(batch).collect())
    }
}

impl From<Vec<Batch>> for Sorted {
    fn from(batches: Vec<Batch>) -> Self {
        let (registers, readings) = batches
            .into_iter()
            .map(|Batch { device, member, channel, readings }| {
                let extent = extent(&readings);
                (Register { device, member, channel, extent }, readings)
            })
            .unzip();
        Self { registers, readings: Readings::Held(readings) }
    }
}

/// From the first start of readings to their last end.
fn extent(readings: &[Reading]) -> Option<Interval> {
    readings.iter().map(|reading| reading.interval()).reduce(Interval::hull)
}

/// That a scratch file could not be written or read.
pub(super) fn unkept(file: &str, error: &io::Error) -> Error {
    Error::Unkept { file: file.to_owned(), reason: error.kind(), has_no_room: crate::error::is_full(error) }
}

/// The readings of a file, portion by portion.
#[derive(Debug)]
pub struct Portions<'s>(Source<'s>);

/// Where the next portion comes from.
#[derive(Debug)]
enum Source<'s> {
    Held(std::iter::Enumerate<std::slice::Iter<'s, Vec<Reading>>>),
    /// The first reading of the next portion was read with the one before it.
    Kept {
        file: &'s str,
        merge: Merge<'s>,
        most: usize,
        first: Option<Entry>,
    },
    Failed(Option<Error>),
}

impl<'s> Iterator for Portions<'s> {
    type Item = Result<Portion<'s>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Held(readings) => readings
                .next()
                .map(|(register, readings)| Ok(Portion { register, readings: Cow::Borrowed(readings) })),
            Source::Kept { file, merge, most, first } => match portion(merge, *most, first) {
                Ok(portion) => portion.map(Ok),
                Err(error) => {
                    let error = unkept(file, &error);
                    self.0 = Source::Failed(None);
                    Some(Err(error))
                }
            },
            Source::Failed(error) => error.take().map(Err),
        }
    }
}

fn portion(
    merge: &mut Merge<'_>,
    most: usize,
    first: &mut Option<Entry>,
) -> io::Result<Option<Portion<'static>>> {
    let begun = match first.take() {
        None => merge.next()?,
        begun => begun,
    };
    let Some(begun) = begun else { return Ok(None) };
    let mut readings = vec![begun.reading];
    while readings.len() < most
        && let Some(entry) = merge.next()?
    {
        if entry.register != begun.register {
            *first = Some(entry);
            break;
        }
        readings.push(entry.reading);
    }
    let register = usize::try_from(begun.register).unwrap_or(usize::MAX);
    Ok(Some(Portion { register, readings: Cow::Owned(readings) }))
}
