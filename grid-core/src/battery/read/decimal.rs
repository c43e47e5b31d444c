//! Short decimals and clock times, eight digits at a time: what nearly every cell of a cycler's file is.
//!
//! A cell is loaded as one word that ends with the cell's last byte, so that its digits stand right-aligned whatever
//! its length; what stands before the cell is overwritten by zeros, and the decimal mark is taken out by a shift.
//! There is no loop over digits, and so no branch on how many there are.

use super::number::DecimalMark;

const ZEROS: u64 = 0x3030_3030_3030_3030;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
/// The largest whole number below which `f64` holds every whole number.
const EXACT: u64 = 1 << 53;
/// Powers of ten that `f64` holds exactly, as many as a cell of sixteen bytes can need.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The cell from `start` to `stop` as a number, where it is digits with at most one decimal mark and a minus sign, at
/// most sixteen bytes long; `None` where only [`number`](super::number::number) can tell.
///
/// Gives the same bits: the mantissa and the power of ten are exact, and one division rounds correctly.
#[inline]
pub(super) fn decimal(text: &[u8], start: usize, stop: usize, mark: DecimalMark) -> Option<f64> {
    let mark = match mark {
        DecimalMark::Point => ONES * 0x2e,
        DecimalMark::Comma => ONES * 0x2c,
    };
    let negative = text.get(start).is_some_and(|byte| *byte == b'-');
    let start = start + usize::from(negative);
    let length = stop.checked_sub(start).filter(|length| *length > 0)?;
    let text = text.get(..stop)?;
    let (mantissa, decimals) = if length <= 8 {
        short(u64::from_le_bytes(*text.last_chunk()?), length, mark)?
    } else if length <= 16 {
        let (before, high) = text.split_last_chunk()?;
        long(u64::from_le_bytes(*before.last_chunk()?), u64::from_le_bytes(*high), length - 8, mark)?
    } else {
        return None;
    };
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "below 2^53, so exact")]
    let mantissa = mantissa as f64;
    let value = mantissa / POWERS.get(decimals)?;
    Some(if negative { -value } else { value })
}

/// The last `length` bytes of a word, one to eight, zeros before them.
#[inline]
fn cell(word: u64, length: usize) -> u64 {
    let blank = u64::MAX << (64 - 8 * length);
    word & blank | ZEROS & !blank
}

/// Takes out the byte at the bit `at` and moves those before it up, `first` into the lowest.
#[inline]
fn without(word: u64, at: u32, first: u64) -> u64 {
    let before = word & !(u64::MAX << at);
    let after = word >> at >> 8 << at << 8;
    after | before << 8 | first
}

/// Mantissa and number of decimals of the last `length` bytes of a word, one to eight.
#[inline]
fn short(word: u64, length: usize, mark: u64) -> Option<(u64, usize)> {
    let word = cell(word, length);
    let marks = marked(word, mark);
    if marks == 0 {
        return Some((eight(word)?, 0));
    }
    if length == 1 {
        return None;
    }
    let at = marks.trailing_zeros() & 0x38;
    Some((eight(without(word, at, 0x30))?, decimals_after(at)))
}

/// As [`short`], of the last `length` bytes of one word and all of the next.
#[inline]
fn long(low: u64, high: u64, length: usize, mark: u64) -> Option<(u64, usize)> {
    let low = cell(low, length);
    let (low_marks, high_marks) = (marked(low, mark), marked(high, mark));
    let (low, high, decimals) = if low_marks != 0 {
        let at = low_marks.trailing_zeros() & 0x38;
        (without(low, at, 0x30), high, 8 + decimals_after(at))
    } else if high_marks != 0 {
        let at = high_marks.trailing_zeros() & 0x38;
        (low << 8 | 0x30, without(high, at, low >> 56), decimals_after(at))
    } else {
        (low, high, 0)
    };
    let mantissa = eight(low)? * 100_000_000 + eight(high)?;
    (mantissa < EXACT).then_some((mantissa, decimals))
}

/// How many bytes of a word follow the one at the bit `at`.
#[inline]
#[expect(clippy::as_conversions, reason = "below eight")]
const fn decimals_after(at: u32) -> usize {
    ((56 - at) / 8) as usize
}

/// The high bit of the first byte that is the mark; bits above it say nothing, and a second mark is no digit.
#[inline]
fn marked(word: u64, mark: u64) -> u64 {
    let other = word ^ mark;
    other.wrapping_sub(ONES) & !other & HIGH_BITS
}

/// Whether all eight bytes are digits.
#[inline]
fn all_digits(word: u64) -> bool {
    const HIGH_NIBBLES: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    let carried = word.wrapping_add(0x0606_0606_0606_0606);
    (word & HIGH_NIBBLES) == ZEROS && (carried & HIGH_NIBBLES) == ZEROS
}

/// Eight digits, the first in the lowest byte.
///
/// D. Lemire, "Quickly parsing eight digits" (2018): pairs, then fours, then all eight by three products.
#[inline]
fn eight(word: u64) -> Option<u64> {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    if !all_digits(word) {
        return None;
    }
    let word = word.wrapping_sub(ZEROS);
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let low = (pairs & PAIRS).wrapping_mul(0x000f_4240_0000_0064);
    let high = (pairs >> 16 & PAIRS).wrapping_mul(0x0000_2710_0000_0001);
    Some(low.wrapping_add(high) >> 32)
}

/// Hours with minutes in seconds, and seconds, of exactly `hh:mm:ss` with any number of hours; minutes are below sixty
/// and seconds below sixty-one. `None` for all else.
#[inline]
pub(super) fn clock_time(cell: &[u8]) -> Option<(u32, u32)> {
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
