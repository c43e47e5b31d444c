//! The readings of one device, channel and UTC day, packed into a few bytes each.
//!
//! ```text
//! version   1 byte, 1
//! checksum  4 bytes, CRC-32 (IEEE) of what follows, little endian
//! count     number of readings, at most MOST
//! times     runs of: how many readings, gap, length      gap: from the end of the reading before, the first from midnight
//! quality   runs of: how many readings, code
//! recorded  runs of: how many readings, instant          as the difference from the run before
//! unit      the largest number that divides every energy
//! energy    one for each reading that is not missing     as the difference from the one before, in units
//! ```
//!
//! Numbers are LEB128, seven bits a byte, the lowest first; those that can be negative are folded ("zigzag") before.
//! Times are in microseconds, energies in milliwatt-hours. A meter's quarter-hours take about two to four bytes.

use jiff::Timestamp;

use crate::{
    energy::{Reading, ledger::Recorded},
    quantity::Energy,
    series::Quality,
    time::Interval,
};

/// The most readings that a day has: one a second.
pub(super) const MOST: usize = 86_400;

/// The microseconds of a UTC day.
pub(super) const MICROSECONDS: i64 = 86_400_000_000;

const VERSION: u8 = 1;
const HEAD: usize = 5;

/// The UTC day of an instant, counted from 1970-01-01.
pub(super) fn number(instant: Timestamp) -> i64 {
    instant.as_microsecond().div_euclid(MICROSECONDS)
}

/// The UTC days that an interval touches, the first and the last.
pub(super) fn numbers(interval: Interval) -> (i64, i64) {
    let last = interval.end().as_microsecond().saturating_sub(1).div_euclid(MICROSECONDS);
    let first = number(interval.start());
    (first, last.max(first))
}

/// The first instant of a day, at most that of the last day there is.
pub(super) fn midnight(number: i64) -> Timestamp {
    Timestamp::from_microsecond(number.saturating_mul(MICROSECONDS)).unwrap_or(Timestamp::MAX)
}

/// The date of a day's number, for people.
pub(super) fn date(number: i64) -> jiff::civil::Date {
    Timestamp::from_microsecond(number.saturating_mul(MICROSECONDS))
        .map_or(jiff::civil::Date::ZERO, |midnight| jiff::tz::TimeZone::UTC.to_datetime(midnight).date())
}

/// What the columns beside the packed readings say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) energy: Energy,
    pub(super) worst: Quality,
}

/// Sums up a day; `None` where the energy does not fit.
pub(super) fn summarise(readings: &[Recorded]) -> Option<Summary> {
    let energy =
        Energy::checked_sum(readings.iter().filter_map(|recorded| recorded.reading.energy())).ok()?;
    let worst = readings.iter().map(|recorded| recorded.reading.quality()).max().unwrap_or_default();
    Some(Summary { energy, worst })
}

/// Packs the readings that begin on day `number`; in order, without overlaps, at most [`MOST`], in whole microseconds.
pub(super) fn pack(number: i64, readings: &[Recorded]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + 16 + 3 * readings.len());
    out.extend_from_slice(&[VERSION, 0, 0, 0, 0]);
    put(&mut out, wide(readings.len()));

    let mut end = number.wrapping_mul(MICROSECONDS);
    put_runs(
        &mut out,
        readings,
        |out, (gap, length)| {
            put(out, gap);
            put(out, length);
        },
        |recorded| {
            let interval = recorded.reading.interval();
            let (start, stop) = (interval.start().as_microsecond(), interval.end().as_microsecond());
            let gap = start.abs_diff(end);
            end = stop;
            (gap, stop.abs_diff(start))
        },
    );
    put_runs(
        &mut out,
        readings,
        |out, code: u8| out.push(code),
        |recorded| recorded.reading.quality().code(),
    );
    let mut before = 0;
    put_runs(
        &mut out,
        readings,
        |out, at: i64| {
            put(out, fold(at.wrapping_sub(before)));
            before = at;
        },
        |recorded| recorded.at.as_microsecond(),
    );

    let energies = || readings.iter().filter_map(|recorded| recorded.reading.energy().map(Energy::as_mwh));
    let unit = energies().fold(0, greatest_common_divisor).max(1);
    put(&mut out, unit.unsigned_abs());
    let mut before = 0;
    for energy in energies() {
        let units = energy / unit;
        put(&mut out, fold(units - before));
        before = units;
    }

    let sum = out.get(HEAD..).map_or(0, crc32fast::hash);
    if let Some(place) = out.get_mut(1..HEAD) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
    out
}

/// Unpacks the readings of day `number`, in order.
///
/// # Errors
///
/// What is wrong with the bytes.
pub(super) fn unpack(number: i64, bytes: &[u8]) -> Result<Vec<Recorded>, &'static str> {
    let (head, body) = bytes.split_at_checked(HEAD).ok_or("it is cut off")?;
    let [version, sum @ ..] = head else { return Err("it is cut off") };
    if *version != VERSION {
        return Err("its version is not known");
    }
    if sum != crc32fast::hash(body).to_le_bytes() {
        return Err("its checksum is wrong");
    }
    unpack_body(number, body)
}

fn unpack_body(number: i64, mut body: &[u8]) -> Result<Vec<Recorded>, &'static str> {
    let bytes = &mut body;
    let count = usize::try_from(take(bytes)?)
        .ok()
        .filter(|&count| count <= MOST)
        .ok_or("it has too many readings")?;
    let midnight = number.checked_mul(MICROSECONDS).ok_or("its day is out of range")?;
    let midnight =
        Timestamp::from_microsecond(midnight).map_err(|_| "its day is out of range")?.as_microsecond();

    let mut intervals = Vec::with_capacity(count);
    let mut end = midnight;
    take_runs(
        bytes,
        count,
        |bytes| Ok((signed(take(bytes)?)?, signed(take(bytes)?)?)),
        |(gap, length)| {
            let start = end.checked_add(gap).ok_or("a time is out of range")?;
            if !(midnight..midnight.saturating_add(MICROSECONDS)).contains(&start) {
                return Err("a reading is of another day");
            }
            end = start.checked_add(length).ok_or("a time is out of range")?;
            let [start, stop] = [start, end].map(Timestamp::from_microsecond);
            let (start, stop) =
                (start.map_err(|_| "a time is out of range")?, stop.map_err(|_| "a time is out of range")?);
            intervals.push(Interval::new(start, stop).map_err(|_| "an interval is empty")?);
            Ok(())
        },
    )?;

    let mut qualities = Vec::with_capacity(count);
    let code = |bytes: &mut &[u8]| {
        let code = take_byte(bytes)?;
        Quality::from_code(code).ok_or("a quality is not known")
    };
    take_runs(bytes, count, code, |quality| {
        qualities.push(quality);
        Ok(())
    })?;

    let mut recorded = Vec::with_capacity(count);
    let mut before = 0_i64;
    let instant = |bytes: &mut &[u8]| {
        before = before.wrapping_add(unfold(take(bytes)?));
        Timestamp::from_microsecond(before).map_err(|_| "an instant is out of range")
    };
    take_runs(bytes, count, instant, |at| {
        recorded.push(at);
        Ok(())
    })?;

    let unit = signed(take(bytes)?)?;
    let mut before = 0_i64;
    let mut readings = Vec::with_capacity(count);
    for ((interval, quality), at) in intervals.into_iter().zip(qualities).zip(recorded) {
        let energy = if quality == Quality::Missing {
            None
        } else {
            before = before.checked_add(unfold(take(bytes)?)).ok_or("an energy is out of range")?;
            Some(Energy::from_mwh(before.checked_mul(unit).ok_or("an energy is out of range")?))
        };
        let reading = Reading::new(interval, energy, quality).map_err(|_| "a reading breaks a rule")?;
        readings.push(Recorded { reading, at });
    }
    if bytes.is_empty() { Ok(readings) } else { Err("it does not end where it should") }
}

/// Writes a column as runs of equal values.
fn put_runs<T: PartialEq + Copy>(
    out: &mut Vec<u8>,
    readings: &[Recorded],
    mut write: impl FnMut(&mut Vec<u8>, T),
    mut value: impl FnMut(&Recorded) -> T,
) {
    let mut run: Option<(T, usize)> = None;
    for recorded in readings {
        let next = value(recorded);
        run = match run {
            Some((same, length)) if same == next => Some((same, length + 1)),
            Some((other, length)) => {
                put(out, wide(length));
                write(out, other);
                Some((next, 1))
            }
            None => Some((next, 1)),
        };
    }
    if let Some((last, length)) = run {
        put(out, wide(length));
        write(out, last);
    }
}

/// Reads a column of runs until it has `count` values.
fn take_runs<T: Copy>(
    bytes: &mut &[u8],
    count: usize,
    mut read: impl FnMut(&mut &[u8]) -> Result<T, &'static str>,
    mut each: impl FnMut(T) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    let mut left = count;
    while left > 0 {
        let length = usize::try_from(take(bytes)?).unwrap_or(usize::MAX);
        left = left.checked_sub(length).filter(|_| length > 0).ok_or("a run is too long or empty")?;
        let value = read(bytes)?;
        for _ in 0..length {
            each(value)?;
        }
    }
    Ok(())
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn signed(number: u64) -> Result<i64, &'static str> {
    i64::try_from(number).map_err(|_| "a number is out of range")
}

/// Lets small negative numbers be small numbers: 0, -1, 1, -2 become 0, 1, 2, 3.
const fn fold(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

const fn unfold(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Appends a number as LEB128.
fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

fn take_byte(bytes: &mut &[u8]) -> Result<u8, &'static str> {
    let (&first, rest) = bytes.split_first().ok_or("it is cut off")?;
    *bytes = rest;
    Ok(first)
}

/// Reads a number in LEB128.
fn take(bytes: &mut &[u8]) -> Result<u64, &'static str> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take_byte(bytes)?;
        let part = u64::from(byte & 0x7f);
        if shift == 63 && part > 1 {
            break;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err("a number is too long")
}

fn greatest_common_divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(microsecond: i64) -> Timestamp {
        Timestamp::from_microsecond(microsecond).unwrap()
    }

    fn recorded(start: i64, length: i64, mwh: Option<i64>, quality: Quality, when: i64) -> Recorded {
        let interval = Interval::new(at(start), at(start + length)).unwrap();
        let quality = if mwh.is_none() { Quality::Missing } else { quality };
        let reading = Reading::new(interval, mwh.map(Energy::from_mwh), quality).unwrap();
        Recorded { reading, at: at(when) }
    }

    fn day() -> impl Strategy<Value = (i64, Vec<Recorded>)> {
        let quality = prop::sample::select(vec![Quality::Measured, Quality::Estimated, Quality::Substituted]);
        let value = prop_oneof![
            8 => (0..5_000_000_i64).prop_map(Some),
            1 => Just(None),
            1 => (0..=Reading::MOST.as_mwh()).prop_map(Some),
        ];
        let gap = prop_oneof![4 => Just(0_i64), 1 => 0..1_000_000_000_i64];
        let length = prop_oneof![4 => Just(900_000_000_i64), 1 => 1..2_000_000_000_i64];
        let when = prop_oneof![4 => Just(1_700_000_000_000_000_i64), 1 => 0..2_000_000_000_000_000_i64];
        (-30_000..80_000_i64, prop::collection::vec((gap, length, value, quality, when), 0..100)).prop_map(
            |(number, steps)| {
                let mut readings = Vec::new();
                let mut start = number * MICROSECONDS;
                for (gap, length, mwh, quality, when) in steps {
                    start += gap;
                    if start >= (number + 1) * MICROSECONDS {
                        break;
                    }
                    readings.push(recorded(start, length, mwh, quality, when));
                    start += length;
                }
                (number, readings)
            },
        )
    }

    #[test]
    fn quarter_hours_of_whole_watt_hours_take_about_two_bytes() {
        let readings: Vec<Recorded> = (0..96)
            .map(|slot| {
                let wh = (slot * 37) % 251;
                recorded(slot * 900_000_000, 900_000_000, Some(wh * 1000), Quality::Measured, 5)
            })
            .collect();
        assert!(pack(0, &readings).len() <= 96 * 2 + 32, "{}", pack(0, &readings).len());
    }

    #[test]
    fn a_flipped_bit_is_seen() {
        let bytes = pack(3, &[recorded(3 * MICROSECONDS, 900_000_000, Some(7), Quality::Measured, 5)]);
        for bit in 0..bytes.len() * 8 {
            let mut wrong = bytes.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(unpack(3, &wrong).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn days_before_1970_count_backwards() {
        assert_eq!(number(at(-1)), -1);
        assert_eq!(number(at(0)), 0);
        let over = Interval::new(at(-1), at(MICROSECONDS + 1)).unwrap();
        assert_eq!(numbers(over), (-1, 1));
        let whole = Interval::new(at(0), at(MICROSECONDS)).unwrap();
        assert_eq!(numbers(whole), (0, 0));
        assert_eq!(date(-1), jiff::civil::date(1969, 12, 31));
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked((number, readings) in day()) {
            prop_assert_eq!(unpack(number, &pack(number, &readings)), Ok(readings));
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(number in any::<i64>(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(number, &bytes);
            let _ = unpack_body(number, &bytes);
        }

        #[test]
        fn damaged_days_are_read_or_refused((number, readings) in day(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = pack(number, &readings);
            let place = at.index(bytes.len());
            bytes[place] = byte;
            let _ = unpack_body(number, &bytes[HEAD..]);
        }

        #[test]
        fn numbers_round_trip(number in any::<u64>(), difference in any::<i64>()) {
            let mut out = Vec::new();
            put(&mut out, number);
            prop_assert_eq!(take(&mut out.as_slice()), Ok(number));
            prop_assert_eq!(unfold(fold(difference)), difference);
        }
    }
}
