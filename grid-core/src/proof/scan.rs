//! What a JSON parser passes over and a signature must not: names given twice, numbers that change, depth.
//!
//! RFC 8785 builds on I-JSON (RFC 7493), which forbids names given twice and numbers beyond an IEEE 754 double. A common
//! parser takes the last of two names and the nearest of two numbers in silence, so that one signature would cover two
//! texts that people read differently.

use std::{borrow::Cow, collections::HashSet};

use super::{Error, canonical::DEEPEST};
use crate::error::excerpt;

/// Looks through a JSON text. What is no JSON is not complained about here, and never a reason to panic.
pub(super) fn scan(text: &str) -> Result<(), Error> {
    let bytes = text.as_bytes();
    // The objects and lists that are open; the names of each object so far.
    let mut open: Vec<Option<HashSet<Cow<'_, str>>>> = Vec::new();
    let mut name_next = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'"' => end_of_string(bytes, at),
            b'-' | b'0'..=b'9' => end_of_number(bytes, at),
            _ => at + 1,
        };
        // Both ends stand beside an ASCII character, so the piece is there.
        let token = text.get(at..end).unwrap_or_default();
        match byte {
            b'{' | b'[' => {
                if open.len() >= DEEPEST {
                    return Err(Error::TooDeep { most: DEEPEST });
                }
                name_next = *byte == b'{';
                open.push(name_next.then(HashSet::new));
            }
            b'}' | b']' => {
                open.pop();
                name_next = false;
            }
            b',' => name_next = matches!(open.last(), Some(Some(_))),
            b'"' if name_next => {
                name_next = false;
                if let (Some(name), Some(Some(names))) = (name_of(token), open.last_mut())
                    && !names.insert(name)
                {
                    let (line, column) = place(text, at);
                    return Err(Error::DuplicateName { name: excerpt(token), line, column });
                }
            }
            b'-' | b'0'..=b'9' if !survives(token) => {
                let (line, column) = place(text, at);
                return Err(Error::NumberChanges {
                    got: excerpt(token),
                    line: Some(line),
                    column: Some(column),
                });
            }
            _ => {}
        }
        at = end;
    }
    Ok(())
}

/// Where the string ends that starts at `at`: behind its closing quote, or with the text.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'"' => return end + 1,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    bytes.len()
}

fn end_of_number(bytes: &[u8], at: usize) -> usize {
    let more = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    at + bytes.iter().skip(at).take_while(more).count()
}

/// The name that a token stands for, its escapes undone: `"a"` and `"\u0061"` are the same.
fn name_of(token: &str) -> Option<Cow<'_, str>> {
    if token.contains('\\') {
        return serde_json::from_str::<String>(token).ok().map(Cow::Owned);
    }
    token.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
}

/// Line and column of a byte, both counted from 1, the column in characters.
fn place(text: &str, at: usize) -> (u64, u64) {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count();
    let column = before.chars().rev().take_while(|c| *c != '\n').count();
    let from_one = |count: usize| u64::try_from(count).unwrap_or(u64::MAX).saturating_add(1);
    (from_one(line), from_one(column))
}

/// Whether a number's text still says the same once it has been an IEEE 754 double and is written as RFC 8785 writes it.
///
/// `9007199254740993`, `1e400` and `0.1000000000000000000001` do not. Nor does `333333333.33333329`, which stands in an
/// example of RFC 8785 and becomes `333333333.3333333`: whoever exchanged one for the other would not be found out.
pub(super) fn survives(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let (Some(written), Ok(double)) = (Decimal::parse(text), text.parse::<f64>()) else { return false };
    // RFC 8785 section 3.2.2.3. Rust's own shortest text has the same value but in a tie, such as 1424953923781206.25.
    double.is_finite()
        && serde_json_canonicalizer::to_string(&double)
            .is_ok_and(|canonical| Decimal::parse(&canonical).is_some_and(|read| read == written))
}

/// The size of a decimal number, in one way only: `0.digits` times ten to the power of `exponent`, the first and the last
/// digit not zero. Zero has no digits.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, power) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let without_leading = all.trim_start_matches('0');
        let digits = without_leading.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { digits, exponent: 0 });
        }
        let leading = i64::try_from(all.len() - without_leading.len()).ok()?;
        let exponent = i64::try_from(whole.len()).ok()?.checked_sub(leading)?;
        Some(Self { digits, exponent: exponent.checked_add(power.parse().ok()?)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_that_a_double_holds_survive() {
        for text in [
            "0",
            "-0",
            "0.0",
            "-0e99999999999999999999",
            "1",
            "-1.50",
            "1E30",
            "1e+30",
            "2e-3",
            "4.50",
            "0.000000000000000000000000001",
            "9007199254740992",
            "-9007199254740994",
            "1e23",
            "5e-324",
            "1.7976931348623157e308",
            "123456.789",
            "0.1",
            "100000000000000000000000000",
            "333333333.3333333",
            // Halfway between two texts of 17 digits: RFC 8785 appendix B takes the even one.
            "1424953923781206.2",
            // 2 to the power of 68 as RFC 8785 appendix B writes it.
            "295147905179352830000",
        ] {
            assert!(survives(text), "{text}");
        }
    }

    #[test]
    fn numbers_that_become_others_do_not() {
        for text in [
            "9007199254740993",
            "-9007199254740993",
            "18446744073709551615",
            "1e400",
            "-1e400",
            "1e-400",
            "0.1000000000000000000001",
            "3.14159265358979323846",
            "333333333.33333329",
            "1424953923781206.3",
            // A power of two, but not as its shortest text.
            "295147905179352825856",
            "1e99999999999999999999",
            "-",
            "1e",
            "1-2",
        ] {
            assert!(!survives(text), "{text}");
        }
    }

    #[test]
    fn a_fault_has_its_place() {
        let text = "{\"a\": 1,\n \"é\": {\"x\": 1, \"b\": 2,\n\"\\u0078\": 3}}";
        assert_eq!(
            scan(text),
            Err(Error::DuplicateName { name: "\"\\u0078\"".to_owned(), line: 3, column: 1 })
        );
        let text = "[1, \"9007199254740993 \\\" {\",\n \"é\", 9007199254740993]";
        let got = "9007199254740993".to_owned();
        assert_eq!(scan(text), Err(Error::NumberChanges { got, line: Some(2), column: Some(7) }));
    }

    #[test]
    fn a_name_counts_in_its_own_object_only() {
        let text = r#"{"a": {"a": [{"a": 1}, {"a": "a"}]}, "b": ["a", "a"], "c": "a"}"#;
        assert_eq!(scan(text), Ok(()));
    }

    proptest! {
        #[test]
        fn the_canonical_text_of_a_double_survives(bits in any::<u64>()) {
            let double = f64::from_bits(bits);
            prop_assume!(double.is_finite());
            let short = serde_json_canonicalizer::to_string(&double).unwrap();
            prop_assert!(survives(&short));
        }

        #[test]
        fn an_integer_survives_exactly_where_its_shortest_text_is_itself(number in any::<i64>()) {
            // RFC 8785 writes integers below 1e21 without exponent, as `f64` does here.
            #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "the loss is what is tested")]
            let double = number as f64;
            prop_assert_eq!(survives(&number.to_string()), format!("{double}") == number.to_string());
        }

        #[test]
        fn another_digit_is_another_number_or_none(digits in "[1-9][0-9]{0,24}", point in 0..25_usize, at in any::<usize>(), digit in 0..10_u8) {
            let written = |digits: &str| {
                let (whole, fraction) = digits.split_at(point.min(digits.len()));
                format!("{whole:0>1}.{fraction:0<1}")
            };
            let mut other = digits.clone().into_bytes();
            let at = at % other.len();
            other[at] = b'0' + digit;
            let other = String::from_utf8(other).unwrap();
            prop_assume!(digits != other);
            let (one, other) = (written(&digits), written(&other));
            if survives(&one) && survives(&other) {
                prop_assert_ne!(one.parse::<f64>(), other.parse::<f64>());
            }
        }

        #[test]
        fn no_text_is_too_strange(text in "[-0-9eE+.\"\\\\{}\\[\\],:a é\n]{0,60}") {
            let _said = scan(&text);
        }
    }
}
