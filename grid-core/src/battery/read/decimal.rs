//! Short decimals and clock times without a loop over digits: what nearly every cell of a cycler's file is.
//!
//! A number is loaded as the sixteen bytes that end with its last one, so that its digits stand right-aligned whatever
//! its length. What stands before its decimal mark is taken from one byte earlier, which takes the mark out, and what
//! stands before the number becomes zeros. So there is no branch on how many digits there are or where the mark stands.
//!
//! Finding the digits and reading them are two loops over some rows ([`decimals`]): each is short enough for a processor
//! to work at several cells at once, which one loop of both is not.

use wide::{i16x8, i32x8, u8x16};

use super::number::DecimalMark;

/// How many bytes a number may have, its decimal mark among them.
const LANES: usize = 16;
/// How many cells go through both loops at a time.
const AT_ONCE: usize = 64;
/// Powers of ten by the place of the decimal mark among sixteen bytes, or after them where there is none; all exact.
const POWERS: [f64; LANES + 1] =
    [1e15, 1e14, 1e13, 1e12, 1e11, 1e10, 1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1e0, 1e0];
/// Ones in the last so many bytes, zeros before them.
#[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which would refuse a place outside")]
const LAST: [[u8; LANES]; LANES + 1] = {
    let mut masks = [[0; LANES]; LANES + 1];
    let mut count = 1;
    while count <= LANES {
        masks[count] = masks[count - 1];
        masks[count][LANES - count] = 0xff;
        count += 1;
    }
    masks
};
/// Ones in the bytes after the decimal mark, by its place; everywhere where there is none.
#[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which would refuse a place outside")]
const AFTER: [[u8; LANES]; LANES + 1] = {
    let mut masks = [[0xff; LANES]; LANES + 1];
    let mut place = 0;
    while place < LANES {
        masks[place] = LAST[LANES - 1 - place];
        place += 1;
    }
    masks
};

/// The digits of a cell, right-aligned, and what the number that they make is divided by: a power of ten, negative for
/// a negative number.
#[derive(Clone, Copy, Debug)]
struct Digits {
    lanes: u8x16,
    divisor: f64,
}

impl Digits {
    /// What is no plain decimal.
    const NONE: Self = Self { lanes: u8x16::splat(0xff), divisor: 1.0 };

    /// Looks for the digits of the cell from `start` to `stop`; what they are is for [`value`](Self::value) to see.
    #[inline]
    fn of(text: &[u8], start: usize, stop: usize, mark: u8) -> Option<Self> {
        let negative = *text.get(start)? == b'-';
        let length = stop.checked_sub(start + usize::from(negative))?;
        let bytes: &[u8; LANES + 1] = text.get(..stop)?.last_chunk()?;
        let (earlier, bytes) = (u8x16::new(*bytes.first_chunk()?), u8x16::new(*bytes.last_chunk()?));
        let cell = bytes & u8x16::new(*LAST.get(length)?);
        let marks = cell.simd_eq(u8x16::splat(mark)).to_bitmask();
        let place = place(marks);
        let after = u8x16::new(*AFTER.get(place)?);
        let count = length - usize::from(marks != 0);
        // Fifteen digits are below 2^53, and so exact.
        if count == 0 || count == LANES {
            return None;
        }
        let digits = (after & cell | !after & earlier) - u8x16::splat(b'0');
        let power = *POWERS.get(place)?;
        Some(Self {
            lanes: digits & u8x16::new(*LAST.get(count)?),
            divisor: if negative { -power } else { power },
        })
    }

    /// The number: pairs of digits, then fours, then eights.
    ///
    /// Mantissa and divisor are exact, and one division rounds correctly.
    #[inline]
    #[expect(clippy::many_single_char_names, reason = "eight lanes, in their order")]
    fn value(self) -> Option<f64> {
        let nine = u8x16::splat(9);
        if self.lanes.max(nine) != nine {
            return None;
        }
        let weights = |of: i16| i16x8::new([of, 1, of, 1, of, 1, of, 1]);
        let [a, b, c, d] = i16x8::from_u8x16_low(self.lanes).dot(weights(10)).to_array();
        let [e, f, g, h] = i16x8::from_u8x16_high(self.lanes).dot(weights(10)).to_array();
        let pairs = i16x8::from_i32x8_saturate(i32x8::new([a, b, c, d, e, f, g, h]));
        let [a, b, c, d] = pairs.dot(weights(100)).to_array();
        let fours = i16x8::from_i32x8_saturate(i32x8::new([a, b, c, d, a, b, c, d]));
        let [high, low, ..] = fours.dot(weights(10_000)).to_array();
        Some((f64::from(high) * 1e8 + f64::from(low)) / self.divisor)
    }
}

/// The first bit that is set, or sixteen; the byte of a second one is no digit.
#[inline]
#[expect(clippy::as_conversions, reason = "at most sixteen")]
const fn place(marks: u32) -> usize {
    (marks | 1 << LANES).trailing_zeros() as usize
}

const fn byte(mark: DecimalMark) -> u8 {
    match mark {
        DecimalMark::Point => b'.',
        DecimalMark::Comma => b',',
    }
}

/// The cell from `start` to `stop` as a number, where it is at most fifteen digits with at most one decimal mark and a
/// minus sign; `None` where only [`number`](super::number::number) can tell. Gives the same bits.
#[inline]
pub(super) fn decimal(text: &[u8], start: usize, stop: usize, mark: DecimalMark) -> Option<f64> {
    Digits::of(text, start, stop, byte(mark))?.value()
}

/// Reads the cells of `items`, whose places `cell` gives, as [`decimal`] does, and by `unusual` what it does not.
pub(super) fn decimals<T>(
    text: &[u8],
    items: &[T],
    mark: DecimalMark,
    values: &mut Vec<f64>,
    cell: impl Fn(&T) -> Option<(usize, usize)>,
    mut unusual: impl FnMut(usize) -> f64,
) {
    let mark = byte(mark);
    let mut all = [Digits::NONE; AT_ONCE];
    for items in items.chunks(AT_ONCE) {
        for (item, digits) in items.iter().zip(&mut all) {
            let found = cell(item).and_then(|(start, stop)| Digits::of(text, start, stop, mark));
            *digits = found.unwrap_or(Digits::NONE);
        }
        let first = values.len();
        let read = all.iter().zip(0..items.len());
        values.extend(read.map(|(digits, at)| digits.value().unwrap_or_else(|| unusual(first + at))));
    }
}

/// Whether all eight bytes are digits.
#[inline]
fn all_digits(word: u64) -> bool {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGH_NIBBLES: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    let carried = word.wrapping_add(0x0606_0606_0606_0606);
    (word & HIGH_NIBBLES) == ZEROS && (carried & HIGH_NIBBLES) == ZEROS
}

/// Hours with minutes in seconds, and seconds, of exactly `hh:mm:ss` with any number of hours; minutes are below sixty
/// and seconds below sixty-one. `None` for all else.
#[inline]
pub(super) fn clock_time(cell: &[u8]) -> Option<(u32, u32)> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const COLONS: u64 = 0x0000_3a00_003a_0000;
    const COLON_BYTES: u64 = 0x0000_ff00_00ff_0000;
    let (more, word) = if let Some((more, word)) = cell.split_last_chunk() {
        (more, *word)
    } else {
        let mut word = [b'0'; 8];
        word.last_chunk_mut::<7>()?.copy_from_slice(cell.as_array::<7>()?);
        (cell.get(..0)?, word)
    };
    let word = u64::from_le_bytes(word);
    if word & COLON_BYTES != COLONS || more.len() > 5 {
        return None;
    }
    let digits = word & !COLON_BYTES | ZEROS & COLON_BYTES;
    if !all_digits(digits) {
        return None;
    }
    let digits = digits.wrapping_sub(ZEROS);
    // Tens and ones: bytes 0 and 1, 3 and 4, 6 and 7; the pair stands in the byte of its ones.
    let pairs = (digits << 8).wrapping_mul(10).wrapping_add(digits);
    let [_, hours, _, _, minutes, _, _, seconds] = pairs.to_le_bytes();
    let mut hundreds = 0;
    for digit in more {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        hundreds = hundreds * 10 + u32::from(digit);
    }
    let hours = hundreds * 100 + u32::from(hours);
    (minutes < 60 && seconds < 61 && hours < 1_000_000)
        .then(|| (hours * 3600 + u32::from(minutes) * 60, u32::from(seconds)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::number::{Cell, number};
    use super::super::time;
    use super::*;

    /// The cell as it stands in a file, with other digits around it.
    fn read(cell: &str, mark: DecimalMark) -> Option<f64> {
        let text = format!("17,2938,38.2219,90001,{cell},99");
        decimal(text.as_bytes(), 22, 22 + cell.len(), mark)
    }

    #[test]
    fn what_is_no_plain_decimal_is_left_to_the_slower_reading() {
        for cell in
            ["", "-", ".", "-.", "--1", "1.2.3", "1e5", " 1", "1 ", "1,5", "nan", "12345678901234567", "9.9a"]
        {
            assert_eq!(read(cell, DecimalMark::Point), None, "{cell}");
        }
    }

    #[test]
    fn plain_decimals_are_read() {
        for cell in
            ["0", "-0", "7.", ".5", "3.7", "-0.00024859", "0.2567", "12345678", "123456789.123456", "-450.14"]
        {
            let value: f64 = cell.parse().unwrap();
            assert_eq!(read(cell, DecimalMark::Point).map(f64::to_bits), Some(value.to_bits()), "{cell}");
        }
        assert_eq!(read("3,75", DecimalMark::Comma), Some(3.75));
    }

    #[test]
    fn a_clock_time_is_hours_minutes_and_seconds() {
        assert_eq!(clock_time(b"79:12:56"), Some((79 * 3600 + 12 * 60, 56)));
        assert_eq!(clock_time(b"1:02:03"), Some((3720, 3)));
        assert_eq!(clock_time(b"12345:02:03"), Some((12_345 * 3600 + 120, 3)));
        for cell in [
            b"1:02:03.".as_slice(),
            b"12:60:00",
            b"12:00:61",
            b"12-00-00",
            b"120:00:0",
            b"00:00:1:",
            b"",
            b":00:00",
        ] {
            assert_eq!(clock_time(cell), None);
        }
    }

    proptest! {
        #[test]
        fn a_cell_is_what_the_slower_reading_reads(cell in "-?[0-9]{0,9}[.,]?[0-9]{0,9}|[-0-9.,e:]{0,17}") {
            for mark in [DecimalMark::Point, DecimalMark::Comma] {
                if let Some(value) = read(&cell, mark) {
                    let Cell::Number(expected) = number(cell.as_bytes(), mark) else { panic!("{cell}") };
                    prop_assert_eq!(value.to_bits(), expected.to_bits());
                }
            }
        }

        #[test]
        fn usual_cells_need_no_slower_reading(whole in 0_u32..100_000, decimals in 1_usize..9, part in any::<u32>()) {
            let part = part % 10_u32.pow(u32::try_from(decimals).unwrap());
            let cell = format!("{whole}.{part:0decimals$}");
            prop_assert_eq!(read(&cell, DecimalMark::Point), Some(cell.parse().unwrap()));
        }

        #[test]
        fn a_clock_time_is_the_duration_that_it_says(cell in "[0-9]{1,6}:[0-9]{2}:[0-9]{2}") {
            let seconds = clock_time(cell.as_bytes()).map(|(before, seconds)| f64::from(before + seconds));
            prop_assert_eq!(seconds, time::duration(cell.as_bytes()));
        }
    }
}
