//! One cell to one number: exact fixed-point for what cyclers write, the standard library for the rest.

/// What a cell of a column of numbers holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// A finite number.
    Number(f64),
    /// Nothing was measured: an empty cell, `NaN`, `N/A`, `unavailable` and the like.
    Missing,
    /// A text that is neither.
    Bad,
}

/// Which sign stands between whole and fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DecimalMark {
    /// `3.7`
    #[default]
    Point,
    /// `3,7`
    Comma,
}

/// Powers of ten that `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The largest whole number below which `f64` holds every whole number.
const EXACT: u64 = 1 << 53;

/// What cyclers and loggers write where nothing was measured, lower case.
const MISSING: [&[u8]; 24] = [
    b"nan",
    b"n/a",
    b"na",
    b"null",
    b"none",
    b"-",
    b"--",
    b"---",
    b"?",
    b"unavailable",
    b"unknown",
    b"nanstt",
    b"#n/a",
    b"#na",
    b"inf",
    b"-inf",
    b"+inf",
    b"infinity",
    b"-infinity",
    b"-nan",
    b"nan(ind)",
    b"-nan(ind)",
    b"nonemsg",
    b"#div/0!",
];

/// Cuts blanks, tabs and quotes from both ends.
#[inline]
pub(super) fn trim(cell: &[u8]) -> &[u8] {
    let mut cell = cell;
    while let [b' ' | b'\t' | b'"' | b'\r', rest @ ..] = cell {
        cell = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'"' | b'\r'] = cell {
        cell = rest;
    }
    cell
}

/// Reads a cell as a number.
///
/// A mantissa below 2^53 and a power of ten up to 22 are both exact in `f64`, and one division or product of
/// two exact numbers is correctly rounded (W. D. Clinger, "How to read floating point numbers accurately",
/// PLDI 1990); all other texts go to the standard library, which rounds correctly too.
#[inline]
pub(super) fn number(cell: &[u8], mark: DecimalMark) -> Cell {
    match plain(cell, mark) {
        Some(value) => Cell::Number(value),
        None => unusual(trim(cell), mark),
    }
}

/// The usual case: sign, digits, one decimal mark, digits, exponent, and nothing else.
#[inline]
fn plain(cell: &[u8], mark: DecimalMark) -> Option<f64> {
    let (value, rest) = leading(cell, mark)?;
    rest.is_empty().then_some(value)
}

/// The number that a text starts with, and what follows it; `None` where only the slower reading can tell.
#[inline]
pub(super) fn leading(text: &[u8], mark: DecimalMark) -> Option<(f64, &[u8])> {
    let mark = match mark {
        DecimalMark::Point => b'.',
        DecimalMark::Comma => b',',
    };
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let (mantissa, mut rest) = digits_of(0, digits);
    let mut count = digits.len() - rest.len();
    let mut mantissa = mantissa;
    let mut decimals = 0;
    if let [first, fraction @ ..] = rest
        && *first == mark
    {
        (mantissa, rest) = digits_of(mantissa, fraction);
        decimals = fraction.len() - rest.len();
        count += decimals;
    }
    // Nineteen digits always fit in 64 bits; with more the product may have wrapped.
    if count == 0 || count > 19 || mantissa >= EXACT {
        return None;
    }
    let mut power = -i32::try_from(decimals).ok()?;
    if let [b'e' | b'E', exponent @ ..] = rest {
        let length = exponent.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+')).count();
        let (exponent, after) = exponent.split_at_checked(length)?;
        power += exponent_of(exponent)?;
        rest = after;
    }
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "below 2^53, so exact")]
    let mantissa = mantissa as f64;
    let value = if power < 0 {
        mantissa / POWERS.get(usize::try_from(power.unsigned_abs()).ok()?)?
    } else {
        mantissa * POWERS.get(usize::try_from(power).ok()?)?
    };
    Some((if negative { -value } else { value }, rest))
}

/// Adds the digits that a text starts with to a mantissa.
#[inline]
fn digits_of(mut mantissa: u64, mut text: &[u8]) -> (u64, &[u8]) {
    while let [byte, rest @ ..] = text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        text = rest;
    }
    (mantissa, text)
}

/// The exponent after an `e`: sign and up to four digits.
fn exponent_of(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    let mut value = 0_i32;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i32::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// Blanks, long mantissas, the other decimal mark, thousands, units behind the number, and missing values.
#[cold]
fn unusual(cell: &[u8], mark: DecimalMark) -> Cell {
    if cell.is_empty() || (cell.len() <= 11 && MISSING.contains(&cell.to_ascii_lowercase().as_slice())) {
        return Cell::Missing;
    }
    if cell.len() > 60 {
        return Cell::Bad;
    }
    let text = String::from_utf8_lossy(cell).replace('\u{2212}', "-");
    let text = without_unit(&text);
    let joined = without_groups(text);
    let text = joined.as_deref().unwrap_or(text);
    if !text.bytes().any(|byte| byte.is_ascii_digit())
        || !text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.,eE".contains(&byte))
    {
        return Cell::Bad;
    }
    match with_point(text, mark).parse::<f64>() {
        Ok(value) if value.is_finite() => Cell::Number(value),
        _ => Cell::Bad,
    }
}

/// Joins groups of three digits that a blank or an apostrophe sets apart: `1 234,5`, `1'234.5`; `None` where there are
/// none, or the groups are of other lengths.
fn without_groups(text: &str) -> Option<String> {
    // A one-byte no-break blank shows as U+FFFD.
    let is_mark =
        |c: char| matches!(c, ' ' | '\'' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2019}' | '\u{fffd}');
    if !text.contains(is_mark) {
        return None;
    }
    let mut groups = text.split(is_mark);
    let first = groups.next()?.trim_start_matches(['-', '+']);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let rest: Vec<&str> = groups.collect();
    let (last, middle) = rest.split_last()?;
    let whole = (1..=3).contains(&digits(first)) && digits(first) == first.len();
    let full = middle.iter().all(|group| group.len() == 3 && digits(group) == 3);
    let ends = digits(last) == 3 && !last.get(3..)?.starts_with(is_mark);
    (whole && full && ends).then(|| text.chars().filter(|c| !is_mark(*c)).collect())
}

/// Cuts a unit behind the number: `3.7 V`, `85%`.
fn without_unit(text: &str) -> &str {
    if let Some(number) = text.strip_suffix('%') {
        return number.trim_end();
    }
    match text.split_once(' ') {
        Some((number, unit)) if unit.len() <= 4 && !unit.bytes().any(|byte| byte.is_ascii_digit()) => number,
        _ => text,
    }
}

/// Puts a point where the decimal mark is and drops the marks of thousands.
fn with_point(text: &str, mark: DecimalMark) -> String {
    let commas = text.matches(',').count();
    let points = text.matches('.').count();
    // `1.250` beside decimal commas, and `1,250` beside decimal points, are 1250.
    let thousands = |own: char| {
        text.trim_start_matches(['-', '+']).rsplit_once(own).is_some_and(|(whole, fraction)| {
            fraction.len() == 3 && !whole.starts_with('0') && (1..=3).contains(&whole.len())
        })
    };
    match (points, commas) {
        (1, 0) if mark == DecimalMark::Comma && thousands('.') => text.replace('.', ""),
        (0, 1) if mark == DecimalMark::Point && thousands(',') => text.replace(',', ""),
        (0 | 1, 0) => text.to_owned(),
        (0, 1) => text.replace(',', "."),
        (0, _) => text.replace(',', ""),
        (_, 0) => text.replace('.', ""),
        _ if text.rfind(',') > text.rfind('.') => text.replace('.', "").replace(',', "."),
        _ => text.replace(',', ""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(text: &str) -> Cell {
        number(text.as_bytes(), DecimalMark::Point)
    }

    #[test]
    fn a_number_is_the_one_that_the_standard_library_reads() {
        for text in
            ["0", "3.7", "-0.001", "2.254282122508101E+005", "9.63E-05", "123456789012345678901", "1e300"]
        {
            assert_eq!(point(text), Cell::Number(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_was_not_measured_is_missing_and_not_zero() {
        for text in ["", "  ", "NaN", "n/a", "NaNStt", "unavailable", "-", "inf", "\t"] {
            assert_eq!(point(text), Cell::Missing, "{text:?}");
        }
    }

    #[test]
    fn a_word_is_not_a_number() {
        for text in ["abc", "3.7.1x", "e5", "--5", "1 000 V x"] {
            assert_eq!(point(text), Cell::Bad, "{text:?}");
        }
    }

    #[test]
    fn both_decimal_marks_and_thousands_are_read() {
        assert_eq!(number(b"1,5", DecimalMark::Comma), Cell::Number(1.5));
        assert_eq!(number(b"3.500", DecimalMark::Point), Cell::Number(3.5));
        assert_eq!(number(b"1.250,75", DecimalMark::Comma), Cell::Number(1250.75));
        assert_eq!(number(b"1,250.75", DecimalMark::Point), Cell::Number(1250.75));
        assert_eq!(number(b"1,5", DecimalMark::Point), Cell::Number(1.5));
        assert_eq!(number(b"1,250", DecimalMark::Point), Cell::Number(1250.0));
        assert_eq!(number(b"0,250", DecimalMark::Point), Cell::Number(0.25));
        assert_eq!(number(b"-1.250", DecimalMark::Comma), Cell::Number(-1250.0));
        for text in ["1 234,5", "1\u{a0}234,5", "1\u{202f}234,5", "1'234.5", "1\u{2019}234.5"] {
            let mark = if text.contains(',') { DecimalMark::Comma } else { DecimalMark::Point };
            assert_eq!(number(text.as_bytes(), mark), Cell::Number(1234.5), "{text}");
        }
        assert_eq!(number(b"-12 345 678", DecimalMark::Point), Cell::Number(-12_345_678.0));
        assert_eq!(number(b"1\xA0234,5", DecimalMark::Comma), Cell::Number(1234.5));
        assert_eq!(number(b"12 34", DecimalMark::Point), Cell::Bad);
        assert_eq!(number("\u{2212}3.2 V".as_bytes(), DecimalMark::Point), Cell::Number(-3.2));
    }

    proptest! {
        #[test]
        fn every_float_that_is_written_is_read_back(value in proptest::num::f64::NORMAL) {
            prop_assert_eq!(point(&format!("{value}")), if format!("{value}").len() > 60 { Cell::Bad } else { Cell::Number(value) });
            prop_assert_eq!(point(&format!("{value:e}")), Cell::Number(value));
        }

        #[test]
        fn every_fixed_point_number_is_exact(whole in -1_000_000_i64..1_000_000, decimals in 0_usize..12, part in 0_u64..1_000_000) {
            let text = format!("{whole}.{part:0decimals$}");
            prop_assert_eq!(point(&text), Cell::Number(text.parse().unwrap()));
        }
    }
}
