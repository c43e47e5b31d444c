//! Decimal text to and from scaled integers, without a float in between.

use std::fmt::Write as _;

use super::{Error, Rounding, divide};
use crate::error::excerpt;

/// Reads decimal text such as `-1.25` or `3e-4` as an integer count of `10^-decimals`.
///
/// Trailing zeros beyond the scale are fine (`1.2500000` fits two decimals); a digit that would be lost is not.
pub(crate) fn parse_scaled(text: &str, decimals: u32, expected: &'static str) -> Result<i128, Error> {
    match parse_exact(text, decimals, expected)? {
        Scaled { count, remainder: 0, .. } => Ok(count),
        Scaled { .. } => Err(Error::TooFine { most: decimals, got: excerpt(text) }),
    }
}

/// Reads decimal text like [`parse_scaled`], and rounds what the scale cannot hold.
pub(crate) fn parse_scaled_rounded(
    text: &str,
    decimals: u32,
    rounding: Rounding,
    expected: &'static str,
) -> Result<i128, Error> {
    let Scaled { count, remainder, divisor } = parse_exact(text, decimals, expected)?;
    if remainder == 0 {
        return Ok(count);
    }
    // Put together again, so that the one rounding function decides; a remainder is there only if both fit.
    count
        .checked_mul(divisor)
        .and_then(|whole| whole.checked_add(remainder))
        .and_then(|dividend| divide(dividend, divisor, rounding))
        .ok_or(OUT_OF_RANGE)
}

/// A number without a sign, an exponent or more than six decimals, in millionths, as most files have nothing else; `None`
/// where it is another, or none.
pub(crate) fn parse_plain_micro(text: &str) -> Option<i64> {
    // Twelve digits before the point and six after it fit in any case.
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || whole.len() > 12 || fraction.len() > 6 {
        return None;
    }
    let mut micro = 0_i64;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        micro = 10 * micro + i64::from(byte - b'0');
    }
    Some((fraction.len()..6).fold(micro, |micro, _| 10 * micro))
}

const OUT_OF_RANGE: Error = Error::OutOfRange { quantity: "the amount", unit: "its smallest unit" };

/// A decimal number as `count + remainder / divisor`, all with its sign but the divisor.
struct Scaled {
    count: i128,
    remainder: i128,
    divisor: i128,
}

fn parse_exact(text: &str, decimals: u32, expected: &'static str) -> Result<Scaled, Error> {
    let wrong = || Error::NotAnAmount { expected, got: excerpt(text) };
    let (sign, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (-1, text.get(1..).unwrap_or_default()),
        Some(b'+') => (1, text.get(1..).unwrap_or_default()),
        _ => (1, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(wrong());
    }
    let mut digits: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return Err(wrong());
        }
        digits = digits
            .checked_mul(10)
            .and_then(|d| d.checked_add(i128::from(byte - b'0')))
            .ok_or(OUT_OF_RANGE)?;
    }
    // digits · 10^(exponent − fraction.len()) is the value; the count wanted is that · 10^decimals.
    let shift = i64::from(exponent) + i64::from(decimals) - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let power = |by: i64| u32::try_from(by).ok().and_then(|by| 10_i128.checked_pow(by));
    if digits == 0 {
        return Ok(Scaled { count: 0, remainder: 0, divisor: 1 });
    }
    if shift >= 0 {
        let count = power(shift).and_then(|power| digits.checked_mul(power)).ok_or(OUT_OF_RANGE)?;
        return Ok(Scaled { count: sign * count, remainder: 0, divisor: 1 });
    }
    Ok(match power(-shift) {
        Some(divisor) => {
            Scaled { count: sign * (digits / divisor), remainder: sign * (digits % divisor), divisor }
        }
        // Digits below 10^39 over 10^39 or more: under a fifth of a unit, whatever they are.
        None => Scaled { count: 0, remainder: sign, divisor: i128::MAX },
    })
}

/// Writes a count of `10^-6` with exactly six decimals.
pub(crate) fn format_micro(count: i64) -> String {
    // Answers and archives are full of them, and padding by `format!` takes twice as long.
    let magnitude = count.unsigned_abs();
    let mut text = String::with_capacity(24);
    if count < 0 {
        text.push('-');
    }
    // Writing to a string cannot fail.
    let _ = write!(text, "{}.", magnitude / 1_000_000);
    let mut fraction = magnitude % 1_000_000;
    for _ in 0..6 {
        fraction *= 10;
        text.push(char::from(b'0' + u8::try_from(fraction / 1_000_000).unwrap_or(0)));
        fraction %= 1_000_000;
    }
    text
}

/// Writes a count of `10^-6` with as few decimals as say the same, but at least `least`.
pub(crate) fn format_micro_short(count: i64, least: usize) -> String {
    let full = format_micro(count);
    let Some((whole, fraction)) = full.split_once('.') else { return full };
    let significant = fraction.trim_end_matches('0').len().max(least);
    match fraction.get(..significant) {
        None | Some("") => whole.to_owned(),
        Some(kept) => format!("{whole}.{kept}"),
    }
}

/// Reads a decimal that JSON carries as a string or as a plain number; a number goes through its shortest decimal
/// text, so that `0.1` is one tenth exactly.
pub(crate) fn deserialize_text<'de, D, T>(
    deserializer: D,
    expected: &'static str,
    parse: fn(&str) -> Result<T, Error>,
) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
{
    struct Visitor<T> {
        expected: &'static str,
        parse: fn(&str) -> Result<T, Error>,
    }

    impl<T> serde::de::Visitor<'_> for Visitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.expected)
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            (self.parse)(text).map_err(E::custom)
        }

        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }
    }

    deserializer.deserialize_any(Visitor { expected, parse })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exponents_and_signs_are_read() {
        assert_eq!(parse_scaled("-1.25", 6, "a number"), Ok(-1_250_000));
        assert_eq!(parse_scaled("+3e-4", 6, "a number"), Ok(300));
        assert_eq!(parse_scaled("1.2500000", 6, "a number"), Ok(1_250_000));
        assert_eq!(parse_scaled(".5", 6, "a number"), Ok(500_000));
        assert_eq!(parse_scaled("0e999999", 6, "a number"), Ok(0));
    }

    #[test]
    fn plain_numbers_are_read_as_all_others() {
        for text in ["0", "007", "1.", "1.25", "0.000001", "999999999999.999999"] {
            let micro = parse_plain_micro(text).map(i128::from);
            assert_eq!(micro, parse_scaled(text, 6, "a number").ok(), "{text}");
            assert!(micro.is_some(), "{text}");
        }
        for other in ["", ".5", "-1", "+1", "1e3", "1.2500000", "1000000000000", "1.2.3", "1 ", "٣"] {
            assert_eq!(parse_plain_micro(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_too_fine_is_rounded_only_on_request() {
        let rounded = |text, rounding| parse_scaled_rounded(text, 0, rounding, "a number");
        assert_eq!(rounded("2.5", Rounding::HalfEven), Ok(2));
        assert_eq!(rounded("-2.5", Rounding::HalfUp), Ok(-3));
        assert_eq!(rounded("2.5000000000000000000001", Rounding::HalfEven), Ok(3));
        assert_eq!(rounded("160000000000000000000000000000000000000e-39", Rounding::HalfUp), Ok(0));
        assert_eq!(rounded("1e-999999", Rounding::Up), Ok(1));
    }

    #[test]
    fn rubbish_is_refused_and_never_panics() {
        for text in ["", ".", "-", "1,5", "NaN", "inf", "1e", "1e999999999999", "٣", "1.2.3", "0x10"] {
            assert!(parse_scaled(text, 6, "a number").is_err(), "{text}");
        }
        assert!(matches!(parse_scaled("0.0000001", 6, "a number"), Err(Error::TooFine { most: 6, .. })));
    }

    proptest! {
        #[test]
        fn six_decimals_round_trip(count in any::<i64>()) {
            let (sign, magnitude) = (if count < 0 { "-" } else { "" }, count.unsigned_abs());
            let padded = format!("{sign}{}.{:06}", magnitude / 1_000_000, magnitude % 1_000_000);
            prop_assert_eq!(&format_micro(count), &padded);
            prop_assert_eq!(parse_scaled(&padded, 6, "a number"), Ok(i128::from(count)));
            prop_assert_eq!(parse_scaled(&format_micro_short(count, 0), 6, "a number"), Ok(i128::from(count)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = parse_scaled(&text, 6, "a number");
        }
    }
}
