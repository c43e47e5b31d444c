//! Readings that are too many for memory, in a scratch file: segments that are each in order, and are read side by side.
//!
//! A segment has its registers one after the other, and of each the readings by start. Numbers are little endian:
//!
//! ```text
//! register  4 bytes       of each register that the segment has: its number, and how many of its readings follow
//! count     4 bytes
//! start     8 + 4 bytes   of each reading: seconds since 1970 and the nanoseconds beside them
//! end       8 + 4 bytes
//! energy    8 bytes       milliwatt-hours; 0 where it is missing
//! quality   1 byte
//! place     8 bytes       where in the file it stood
//! ```

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, binary_heap::PeekMut},
    fmt,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use crate::{energy::Reading, quantity::Energy, series::Quality, time::Interval};

/// A file that is written from its start to its end, then read from wherever it has to be: a [`std::fs::File`], or a
/// [`std::io::Cursor`] over bytes.
pub trait Scratch: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Scratch for T {}

/// What makes the scratch file, when there is need of one.
type Make<'a> = Box<dyn FnOnce() -> io::Result<Box<dyn Scratch>> + 'a>;

const HEAD: usize = 8;
const RECORD: usize = 41;

/// How much of a file is written or read at once.
const PIECE: usize = 1 << 16;
/// How much all segments that are read side by side have together; many have shorter pieces.
const PIECES: usize = 1 << 22;

/// How many readings of a file are held, and where the others go.
pub(super) struct Spill<'a> {
    most: usize,
    make: Option<Make<'a>>,
    kept: Option<Kept>,
}

impl<'a> Spill<'a> {
    /// All readings are held.
    pub(super) fn none() -> Self {
        Self { most: usize::MAX, make: None, kept: None }
    }

    /// At most so many are held.
    pub(super) fn above(most: usize, make: impl FnOnce() -> io::Result<Box<dyn Scratch>> + 'a) -> Self {
        Self { most: most.max(1), make: Some(Box::new(make)), kept: None }
    }

    /// How many readings are held at most.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Whether a segment was written.
    pub(super) const fn is_used(&self) -> bool {
        self.kept.is_some()
    }

    /// Writes a segment: registers by number, and of each its readings in order.
    pub(super) fn write<'r>(
        &mut self,
        registers: impl Iterator<Item = (u32, &'r [(Reading, u64)])>,
    ) -> io::Result<()> {
        if let Some(make) = self.make.take() {
            self.kept = Some(Kept { scratch: make()?, segments: Vec::new() });
        }
        self.kept.as_mut().map_or(Ok(()), |kept| kept.write(registers))
    }

    /// What was written, to be read.
    pub(super) fn finish(self) -> Option<Kept> {
        self.kept
    }
}

/// A scratch file and the segments in it.
pub(super) struct Kept {
    scratch: Box<dyn Scratch>,
    /// Where each segment ends; it begins where the one before it does.
    segments: Vec<u64>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("segments", &self.segments).finish_non_exhaustive()
    }
}

impl Kept {
    fn write<'r>(&mut self, registers: impl Iterator<Item = (u32, &'r [(Reading, u64)])>) -> io::Result<()> {
        let mut end = self.segments.last().copied().unwrap_or(0);
        let mut piece = Vec::with_capacity(PIECE + RECORD);
        let mut put = |piece: &mut Vec<u8>, least: usize| {
            if piece.len() > least {
                self.scratch.write_all(piece)?;
                end += wide(piece.len());
                piece.clear();
            }
            io::Result::Ok(())
        };
        for (register, readings) in registers {
            let too_many = |_| io::Error::from(io::ErrorKind::FileTooLarge);
            let count = u32::try_from(readings.len()).map_err(too_many)?;
            piece.extend_from_slice(&register.to_le_bytes());
            piece.extend_from_slice(&count.to_le_bytes());
            for (reading, place) in readings {
                encode(&mut piece, *reading, *place);
                put(&mut piece, PIECE)?;
            }
        }
        put(&mut piece, 0)?;
        self.segments.push(end);
        Ok(())
    }
}

fn encode(out: &mut Vec<u8>, reading: Reading, place: u64) {
    let interval = reading.interval();
    for at in [interval.start(), interval.end()] {
        out.extend_from_slice(&at.as_second().to_le_bytes());
        out.extend_from_slice(&at.subsec_nanosecond().to_le_bytes());
    }
    out.extend_from_slice(&reading.energy().map_or(0, Energy::as_mwh).to_le_bytes());
    out.push(reading.quality().code());
    out.extend_from_slice(&place.to_le_bytes());
}

/// A reading as it was written; `None` where the bytes are none.
fn decode(mut bytes: &[u8]) -> Option<(Reading, u64)> {
    let bytes = &mut bytes;
    let [start, end] = [instant(bytes)?, instant(bytes)?];
    let energy = i64::from_le_bytes(take(bytes)?);
    let [quality] = take(bytes)?;
    let quality = Quality::from_code(quality)?;
    let energy = (quality != Quality::Missing).then_some(Energy::from_mwh(energy));
    let reading = Reading::new(Interval::new(start, end).ok()?, energy, quality).ok()?;
    Some((reading, u64::from_le_bytes(take(bytes)?)))
}

fn instant(bytes: &mut &[u8]) -> Option<Timestamp> {
    let second = i64::from_le_bytes(take(bytes)?);
    Timestamp::new(second, i32::from_le_bytes(take(bytes)?)).ok()
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Bytes that are not those which were written.
fn damaged() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// A reading of a register, and where in the file it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) register: u32,
    pub(super) reading: Reading,
    pub(super) place: u64,
}

/// The next reading of a segment; the greatest is the one that comes first.
#[derive(Debug, PartialEq, Eq)]
struct Next {
    entry: Entry,
    segment: usize,
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        // Of two readings of one interval the one of the earlier segment stood earlier.
        let key = |next: &Self| (next.entry.register, next.entry.reading.interval(), next.segment);
        key(other).cmp(&key(self))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The readings of all segments, by register and interval and then as they stood in the file; of equal ones the first.
#[derive(Debug)]
pub(super) struct Merge<'k> {
    kept: &'k Mutex<Kept>,
    cursors: Vec<Cursor>,
    next: BinaryHeap<Next>,
    last: Option<Entry>,
}

impl<'k> Merge<'k> {
    pub(super) fn of(kept: &'k Mutex<Kept>) -> io::Result<Self> {
        let mut from = 0;
        let ends = lock(kept).segments.clone();
        let piece = (PIECES / ends.len().max(1)).clamp(HEAD + RECORD, PIECE);
        let mut cursors: Vec<Cursor> = Vec::with_capacity(ends.len());
        for end in ends {
            cursors.push(Cursor { at: from, end, piece, bytes: Vec::new(), read: 0, register: 0, left: 0 });
            from = end;
        }
        let mut next = BinaryHeap::with_capacity(cursors.len());
        for (cursor, segment) in cursors.iter_mut().zip(0..) {
            next.extend(cursor.next(kept)?.map(|entry| Next { entry, segment }));
        }
        Ok(Self { kept, cursors, next, last: None })
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        while let Some(mut first) = self.next.peek_mut() {
            let entry = first.entry;
            let cursor = self.cursors.get_mut(first.segment).ok_or_else(damaged)?;
            match cursor.next(self.kept)? {
                Some(entry) => first.entry = entry,
                None => {
                    PeekMut::pop(first);
                }
            }
            let is_again = |last: Entry| (last.register, last.reading) == (entry.register, entry.reading);
            if !self.last.is_some_and(is_again) {
                self.last = Some(entry);
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place in a segment.
#[derive(Debug)]
struct Cursor {
    /// What was not fetched yet, in the scratch file.
    at: u64,
    end: u64,
    piece: usize,
    bytes: Vec<u8>,
    /// How many of the bytes were read.
    read: usize,
    register: u32,
    /// How many readings of the register are left.
    left: u32,
}

impl Cursor {
    fn next(&mut self, kept: &Mutex<Kept>) -> io::Result<Option<Entry>> {
        while self.left == 0 {
            if self.at == self.end && self.read == self.bytes.len() {
                return Ok(None);
            }
            let mut head = self.take(HEAD, kept)?;
            let [register, count] =
                [take(&mut head), take(&mut head)].map(|four| four.map(u32::from_le_bytes));
            (self.register, self.left) = (register.ok_or_else(damaged)?, count.ok_or_else(damaged)?);
        }
        let (reading, place) = decode(self.take(RECORD, kept)?).ok_or_else(damaged)?;
        self.left -= 1;
        Ok(Some(Entry { register: self.register, reading, place }))
    }

    /// The next bytes, fetched where they are not there.
    fn take(&mut self, count: usize, kept: &Mutex<Kept>) -> io::Result<&[u8]> {
        if self.bytes.len() - self.read < count {
            self.bytes.drain(..self.read);
            self.read = 0;
            let more = self.piece.min(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
            let before = self.bytes.len();
            self.bytes.resize(before + more, 0);
            let mut kept = lock(kept);
            kept.scratch.seek(SeekFrom::Start(self.at))?;
            kept.scratch.read_exact(self.bytes.get_mut(before..).unwrap_or_default())?;
            self.at += wide(more);
        }
        let from = self.read;
        self.read += count;
        self.bytes.get(from..self.read).ok_or_else(damaged)
    }
}
