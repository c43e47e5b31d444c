//! Numbers whose decimal mark is known only when the whole file has been seen.

use super::Fault;
use crate::{
    error::excerpt,
    quantity::{Energy, Rounding, divide},
};

/// Which sign stands between whole and fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecimalMark {
    /// `0.25`
    Point,
    /// `0,25`
    Comma,
}

impl DecimalMark {
    /// The sign itself.
    pub const fn sign(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

/// What a cell that should hold a number holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Number(Written),
    Missing,
    Bad,
}

/// The digits of a number, and how many of them are decimals if the mark is a point or a comma.
///
/// `1.234` is 1234 with three decimals, or with none where the point divides thousands. Kept this small because a
/// whole file of them waits until its mark is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    digits: u64,
    negative: bool,
    point: i8,
    comma: i8,
}

/// No number under that mark.
const NONE: i8 = i8::MIN;

/// What files write where nothing was measured, lower case.
const MISSING: [&str; 14] =
    ["", "-", "--", "---", "?", "n/a", "na", "#n/a", "nan", "null", "none", "n/d", "s/d", "k.a."];

impl Cell {
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim();
        if text.len() <= 4 && MISSING.contains(&text.to_ascii_lowercase().as_str()) {
            return Self::Missing;
        }
        Written::of(text).map_or(Self::Bad, Self::Number)
    }
}

impl Written {
    fn of(text: &str) -> Option<Self> {
        if text.len() > 60 {
            return None;
        }
        let (negative, unsigned) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (unsigned, 0),
        };
        let (digits, dropped) = digits_of(mantissa)?;
        let scale = |mark, other| {
            decimals(mantissa, mark, other)
                .and_then(|decimals| i32::try_from(decimals).ok())
                .and_then(|decimals| decimals.checked_sub(dropped)?.checked_sub(exponent))
                .and_then(|scale| i8::try_from(scale).ok())
                .filter(|scale| *scale != NONE)
                .unwrap_or(NONE)
        };
        let (point, comma) = (scale('.', ','), scale(',', '.'));
        (point != NONE || comma != NONE).then_some(Self { digits, negative, point, comma })
    }

    const fn scale(self, mark: DecimalMark) -> i8 {
        match mark {
            DecimalMark::Point => self.point,
            DecimalMark::Comma => self.comma,
        }
    }

    /// The energy, of a number of `10^exponent` milliwatt-hours, halves rounded to even; `None` where the text is no
    /// number under that mark or the energy does not fit.
    pub(super) fn energy(self, mark: DecimalMark, exponent: i8) -> Option<Energy> {
        let scale = self.scale(mark);
        if scale == NONE {
            return None;
        }
        let digits = i128::from(self.digits);
        let shift = i32::from(exponent) - i32::from(scale);
        let power = |by: u32| 10_i128.checked_pow(by);
        let mwh = match u32::try_from(shift) {
            _ if digits == 0 => 0,
            Ok(up) => digits.checked_mul(power(up)?)?,
            Err(_) => match power(shift.unsigned_abs()) {
                Some(divisor) => divide(digits, divisor, Rounding::HalfEven)?,
                // Twenty digits over more than 10^38.
                None => 0,
            },
        };
        i64::try_from(if self.negative { -mwh } else { mwh }).ok().map(Energy::from_mwh)
    }
}

/// All digits as one number, and how many at the end did not fit. What is dropped stays visible to rounding: the last
/// digit that is kept is never a 0 or a 5 by mere cutting.
fn digits_of(mantissa: &str) -> Option<(u64, i32)> {
    let (mut digits, mut dropped, mut seen) = (0_u64, 0, false);
    let mut rest = false;
    for digit in mantissa.chars().filter_map(|c| c.to_digit(10)) {
        seen = true;
        match digits.checked_mul(10).and_then(|d| d.checked_add(u64::from(digit))) {
            Some(more) if dropped == 0 => digits = more,
            _ => {
                dropped += 1;
                rest |= digit != 0;
            }
        }
    }
    if rest && digits % 5 == 0 {
        digits += 1;
    }
    seen.then_some((digits, dropped))
}

/// How many decimals a mantissa has if `mark` is its decimal mark and `other` may divide thousands.
fn decimals(mantissa: &str, mark: char, other: char) -> Option<usize> {
    let (whole, fraction) = mantissa.split_once(mark).unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if !all_digits(whole) {
        let divider = whole.chars().find(|c| !c.is_ascii_digit())?;
        if divider != other && !matches!(divider, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’') {
            return None;
        }
        let mut groups = whole.split(divider);
        let first = groups.next()?;
        if !(1..=3).contains(&first.len()) || !all_digits(first) || first.starts_with('0') {
            return None;
        }
        if !groups.all(|group| group.len() == 3 && all_digits(group)) {
            return None;
        }
    }
    Some(fraction.len())
}

/// A cell and where it stands.
#[derive(Clone, Debug)]
struct Seen {
    line: u64,
    column: u64,
    text: String,
}

/// What the numbers of a file say about its decimal mark.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    point: Option<Seen>,
    comma: Option<Seen>,
    either: Option<Seen>,
}

impl Marks {
    pub(super) fn see(&mut self, number: Written, line: u64, column: u64, text: &str) {
        let slot = match (number.point, number.comma) {
            (NONE, _) => &mut self.comma,
            (_, NONE) => &mut self.point,
            (point, comma) if point != comma => &mut self.either,
            _ => return,
        };
        if slot.is_none() {
            *slot = Some(Seen { line, column, text: excerpt(text) });
        }
    }

    /// The mark, and why; a fault where the file contradicts itself or does not say.
    pub(super) fn decide(&self, stated: Option<DecimalMark>) -> Result<(DecimalMark, String), Fault> {
        let fault = |seen: &Seen, expected: String, got: String| Fault {
            line: Some(seen.line),
            column: Some(seen.column),
            expected,
            got,
            ..Fault::default()
        };
        match (stated, &self.point, &self.comma, &self.either) {
            (Some(DecimalMark::Point), _, Some(seen), _) | (Some(DecimalMark::Comma), Some(seen), _, _) => {
                let mark = stated.map_or('.', DecimalMark::sign);
                Err(fault(
                    seen,
                    format!("a number with the decimal mark `{mark}`, as stated"),
                    format!("`{}`", seen.text),
                ))
            }
            (Some(mark), ..) => Ok((mark, format!("the decimal mark is `{}`, as stated", mark.sign()))),
            (None, Some(point), Some(comma), _) => {
                let (first, later) = if (point.line, point.column) < (comma.line, comma.column) {
                    (point, comma)
                } else {
                    (comma, point)
                };
                let got = format!("`{}`, and `{}` in line {}", later.text, first.text, first.line);
                Err(fault(later, "one decimal mark in the whole file".to_owned(), got))
            }
            (None, Some(seen), None, _) => Ok((
                DecimalMark::Point,
                format!("the decimal mark is a point (line {}: `{}`)", seen.line, seen.text),
            )),
            (None, None, Some(seen), _) => Ok((
                DecimalMark::Comma,
                format!("the decimal mark is a comma (line {}: `{}`)", seen.line, seen.text),
            )),
            (None, None, None, Some(seen)) => Err(fault(
                seen,
                "at least one number that shows which mark is the decimal one, or the mark stated".to_owned(),
                format!("`{}`, which is a thousand times more if its mark divides thousands", seen.text),
            )),
            (None, None, None, None) => Ok((DecimalMark::Point, "all numbers are whole".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mwh(text: &str, mark: DecimalMark) -> Option<i64> {
        match Cell::of(text) {
            Cell::Number(number) => number.energy(mark, 6).map(Energy::as_mwh),
            _ => None,
        }
    }

    #[test]
    fn both_marks_and_thousands_are_read() {
        assert_eq!(mwh("0,25", DecimalMark::Comma), Some(250_000));
        assert_eq!(mwh("1.234,5", DecimalMark::Comma), Some(1_234_500_000));
        assert_eq!(mwh("1 234,5", DecimalMark::Comma), Some(1_234_500_000));
        assert_eq!(mwh("1.234", DecimalMark::Comma), Some(1_234_000_000));
        assert_eq!(mwh("1.234", DecimalMark::Point), Some(1_234_000));
        assert_eq!(mwh("0.063", DecimalMark::Comma), None);
        assert_eq!(mwh("1e-1", DecimalMark::Comma), Some(100_000));
        assert_eq!(mwh("-.5", DecimalMark::Point), Some(-500_000));
        assert_eq!(mwh("0.1234565", DecimalMark::Point), Some(123_456));
        assert_eq!(mwh("0.12345650000000000000001", DecimalMark::Point), Some(123_457));
    }

    #[test]
    fn words_are_bad_and_blanks_are_missing() {
        for bad in ["five", "1.2.3", "0x1", "1e", "1,2,3", "--1", "0,25 kWh", "inf"] {
            assert_eq!(Cell::of(bad), Cell::Bad, "{bad}");
        }
        for missing in ["", " ", "-", "NaN", "n/a", "NULL"] {
            assert_eq!(Cell::of(missing), Cell::Missing, "{missing}");
        }
    }

    #[test]
    fn the_file_says_its_mark_or_is_refused() {
        let decide = |cells: &[&str], stated| {
            let mut marks = Marks::default();
            for (cell, line) in cells.iter().zip(1..) {
                if let Cell::Number(number) = Cell::of(cell) {
                    marks.see(number, line, 2, cell);
                }
            }
            marks.decide(stated).map(|(mark, _)| mark)
        };
        assert_eq!(decide(&["1.234", "0.5"], None), Ok(DecimalMark::Point));
        assert_eq!(decide(&["1.234", "0,5"], None), Ok(DecimalMark::Comma));
        assert_eq!(decide(&["1", "2"], None), Ok(DecimalMark::Point));
        assert_eq!(decide(&["1.234", "2"], Some(DecimalMark::Comma)), Ok(DecimalMark::Comma));
        assert!(decide(&["1.234", "2"], None).unwrap_err().got.contains("a thousand times"));
        let fault = decide(&["0.5", "0,5"], None).unwrap_err();
        assert_eq!((fault.line, fault.column), (Some(2), Some(2)));
        assert!(decide(&["0.5"], Some(DecimalMark::Comma)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(mwh_in in 0..1_000_000_000_000_i64) {
            let text = Energy::from_mwh(mwh_in).to_kwh_string();
            prop_assert_eq!(mwh(&text, DecimalMark::Point), Some(mwh_in));
            prop_assert_eq!(mwh(&text.replace('.', ","), DecimalMark::Comma), Some(mwh_in));
        }

        #[test]
        fn any_text_is_read_or_not(text in "\\PC{0,70}") {
            let _ = Cell::of(&text);
        }
    }
}
