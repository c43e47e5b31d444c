//! Canonical JSON: the same statement has the same bytes, whoever writes it.

use std::fmt;

use serde::{Serialize, Serializer, ser};
use serde_json::Value;

use super::{
    Digest, Error, merkle,
    scan::{scan, survives},
};
use crate::error::excerpt;

/// The longest text that is read or made, in bytes: 4 MiB.
pub const LONGEST_TEXT: usize = 4 << 20;
/// How deep objects and lists may stand in one another.
pub const DEEPEST: usize = 64;

/// Reads JSON strictly, as something that is signed must be read.
///
/// Refuses names that stand twice in an object, also where one is written with escapes, and numbers that change when
/// they become an IEEE 754 double, as RFC 8785 makes them: `9007199254740993`, `1e400`, more digits than a double has.
/// So a text in which any number, name or text was exchanged for another one has another canonical form.
///
/// # Errors
///
/// [`Error::NotJson`], [`Error::DuplicateName`], [`Error::NumberChanges`], [`Error::TooDeep`] past [`DEEPEST`] or
/// [`Error::TooLong`] past [`LONGEST_TEXT`].
///
/// # References
///
/// RFC 7493 (I-JSON) sections 2.2 and 2.3, on which RFC 8785 section 3.1 builds.
///
/// ```
/// use grid_core::proof::{Error, parse_json};
/// assert!(parse_json(r#"{"amount": "12.34"}"#).is_ok());
/// assert!(matches!(parse_json(r#"{"a": 1, "a": 2}"#), Err(Error::DuplicateName { line: 1, column: 10, .. })));
/// assert!(matches!(parse_json("9007199254740993"), Err(Error::NumberChanges { .. })));
/// ```
pub fn parse_json(text: &str) -> Result<Value, Error> {
    fits(text)?;
    // Depth first: what parses the text goes down with it.
    let scanned = match scan(text) {
        Err(deep @ Error::TooDeep { .. }) => return Err(deep),
        other => other,
    };
    let value = serde_json::from_str(text).map_err(|fault| Error::NotJson {
        line: u64::try_from(fault.line()).unwrap_or(u64::MAX),
        column: u64::try_from(fault.column()).unwrap_or(u64::MAX),
        got: excerpt(text),
    })?;
    scanned?;
    Ok(value)
}

fn fits(text: &str) -> Result<(), Error> {
    if text.len() > LONGEST_TEXT {
        return Err(Error::TooLong { most: LONGEST_TEXT, got: text.len() });
    }
    Ok(())
}

/// A JSON value in its canonical form: names in order, no space, one spelling for each number and text.
///
/// There is no other way to get one than through the checks of [`parse_json`], so what is hashed is always canonical.
/// Space and the order of names carry no meaning and do not change it; everything else does.
///
/// # References
///
/// RFC 8785 (JSON Canonicalization Scheme).
///
/// ```
/// use grid_core::proof::CanonicalJson;
/// let one = CanonicalJson::parse(r#"{ "kwh": "1.250000", "day": 1.0 }"#)?;
/// assert_eq!(one.as_str(), r#"{"day":1,"kwh":"1.250000"}"#);
/// assert_eq!(one, CanonicalJson::from_value(&serde_json::json!({"day": 1, "kwh": "1.250000"}))?);
/// # Ok::<(), grid_core::proof::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CanonicalJson(String);

impl CanonicalJson {
    /// Reads a JSON text and brings it into its canonical form.
    ///
    /// # Errors
    ///
    /// As [`parse_json`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        // The numbers are as they were written, or the text was refused; what is left is depth, which holds as well.
        Self::write(&parse_json(text)?)
    }

    /// Writes a value in its canonical form.
    ///
    /// # Errors
    ///
    /// [`Error::NumberChanges`] for an integer that no IEEE 754 double holds, [`Error::TooDeep`] or [`Error::TooLong`].
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        check(value, DEEPEST)?;
        Self::write(value)
    }

    /// Writes what can be serialised in its canonical form.
    ///
    /// # Errors
    ///
    /// [`Error::NotSerialisable`] where it has no form in JSON, such as a number that is not finite, and as
    /// [`Self::from_value`].
    pub fn from_serialize<T: Serialize>(source: &T) -> Result<Self, Error> {
        // A `Value` would hold null where a number is not finite; the canonical writer refuses.
        serde_json_canonicalizer::to_writer(source, &mut std::io::sink())
            .map_err(|_| Error::NotSerialisable)?;
        Self::from_value(&serde_json::to_value(source).map_err(|_| Error::NotSerialisable)?)
    }

    fn write(value: &Value) -> Result<Self, Error> {
        let text = serde_json_canonicalizer::to_string(value).map_err(|_| Error::NotSerialisable)?;
        fits(&text)?;
        Ok(Self(text))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes that are hashed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The hash of this value as a leaf of a log (RFC 9162 section 2.1.1).
    pub fn leaf_hash(&self) -> Digest {
        merkle::leaf_hash(self.as_bytes())
    }
}

impl fmt::Display for CanonicalJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for CanonicalJson {
    /// Writes the value itself, not its text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<Value>(&self.0).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl TryFrom<&str> for CanonicalJson {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl TryFrom<&String> for CanonicalJson {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl TryFrom<&Value> for CanonicalJson {
    type Error = Error;

    fn try_from(value: &Value) -> Result<Self, Error> {
        Self::from_value(value)
    }
}

impl From<&CanonicalJson> for CanonicalJson {
    fn from(canonical: &CanonicalJson) -> Self {
        canonical.clone()
    }
}

/// Checks depth and numbers of a value that did not come from a text of ours.
fn check(value: &Value, deeper: usize) -> Result<(), Error> {
    let inside = || deeper.checked_sub(1).ok_or(Error::TooDeep { most: DEEPEST });
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Number(number) => {
            let text = number.to_string();
            // What is a double already is written as that double.
            if number.is_f64() || survives(&text) {
                Ok(())
            } else {
                Err(Error::NumberChanges { got: excerpt(&text), line: None, column: None })
            }
        }
        Value::Array(values) => {
            let deeper = inside()?;
            values.iter().try_for_each(|value| check(value, deeper))
        }
        Value::Object(members) => {
            let deeper = inside()?;
            members.values().try_for_each(|value| check(value, deeper))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn canonical(text: &str) -> String {
        CanonicalJson::parse(text).unwrap().to_string()
    }

    /// RFC 8785 sections 3.2.2 and 3.2.3, sample and result.
    #[test]
    fn the_example_of_rfc_8785_holds() {
        let sample = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        let value: Value = serde_json::from_str(sample).unwrap();
        assert_eq!(CanonicalJson::from_value(&value).unwrap().as_str(), expected);
        // Read strictly, its first number is refused: it would become another one.
        assert!(matches!(
            parse_json(sample),
            Err(Error::NumberChanges { line: Some(2), column: Some(25), .. })
        ));
        assert_eq!(canonical(&sample.replace("333333333.33333329", "333333333.3333333")), expected);
        // Section 3.2.4 has the bytes; the first and the last of them.
        let bytes = crate::proof::hash::to_hex(expected.as_bytes());
        assert!(bytes.starts_with("7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c"), "{bytes}");
        assert!(bytes.ends_with("e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d"), "{bytes}");
    }

    /// RFC 8785 section 3.2.3: names are sorted by UTF-16 code units.
    #[test]
    fn the_order_of_names_is_that_of_rfc_8785() {
        let sample = r#"{
            "\u20ac": "Euro Sign",
            "\r": "Carriage Return",
            "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One",
            "\ud83d\ude00": "Emoji: Grinning Face",
            "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#;
        let text = canonical(sample);
        let at = |name: &str| text.find(name).unwrap();
        let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"].map(at);
        assert!(order.is_sorted(), "{text}");
    }

    /// RFC 8785 appendix B: bits of a double, and its text.
    #[test]
    fn the_numbers_of_rfc_8785_appendix_b_hold() {
        for (bits, text) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let double = f64::from_bits(bits);
            assert_eq!(CanonicalJson::from_value(&json!(double)).unwrap().as_str(), text);
            assert_eq!(CanonicalJson::from_serialize(&double).unwrap().as_str(), text);
            // What was written is read again, and written the same.
            assert_eq!(canonical(text), text);
        }
        for double in [f64::NAN, f64::INFINITY] {
            assert_eq!(CanonicalJson::from_serialize(&double), Err(Error::NotSerialisable));
        }
    }

    #[test]
    fn what_two_readers_would_read_differently_is_refused() {
        let twice = parse_json("{\"a\": 1,\n\"b\": {}, \"\\u0061\": 2}").unwrap_err();
        assert!(matches!(twice, Error::DuplicateName { line: 2, column: 10, .. }), "{twice}");
        let number = parse_json("[\n9007199254740993]").unwrap_err();
        assert!(matches!(number, Error::NumberChanges { line: Some(2), column: Some(1), .. }), "{number}");
        assert!(matches!(
            CanonicalJson::from_value(&json!([9_007_199_254_740_993_u64])),
            Err(Error::NumberChanges { line: None, .. })
        ));
        assert!(CanonicalJson::from_serialize(&9_007_199_254_740_993_i64).is_err());
        assert!(CanonicalJson::from_serialize(&9_007_199_254_740_992_i64).is_ok());
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        for text in [
            "",
            " ",
            "{",
            "{\"a\":}",
            "[1,]",
            "01",
            "1.",
            "'a'",
            "{a:1}",
            "\"\u{1}\"",
            "\"\\ud800\"",
            "NaN",
            "1 2",
            "-",
        ] {
            assert!(matches!(parse_json(text), Err(Error::NotJson { .. })), "{text:?}");
        }
        assert!(matches!(parse_json("{\n  1}"), Err(Error::NotJson { line: 2, column: 3, .. })));
    }

    #[test]
    fn depth_and_length_have_limits() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(CanonicalJson::parse(&nested(DEEPEST)).is_ok());
        for depth in [DEEPEST + 1, 200, 100_000] {
            assert_eq!(CanonicalJson::parse(&nested(depth)), Err(Error::TooDeep { most: DEEPEST }));
        }
        let mut value = json!({});
        for _ in 1..DEEPEST {
            value = json!([value]);
        }
        assert!(CanonicalJson::from_value(&value).is_ok());
        assert_eq!(CanonicalJson::from_value(&json!([value])), Err(Error::TooDeep { most: DEEPEST }));

        let long = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        assert!(CanonicalJson::parse(&long(LONGEST_TEXT)).is_ok());
        let got = LONGEST_TEXT + 1;
        assert_eq!(CanonicalJson::parse(&long(got)), Err(Error::TooLong { most: LONGEST_TEXT, got }));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |double| double.is_finite()).prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(".{0,4}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own_and_says_the_same(value in values()) {
            let once = CanonicalJson::from_value(&value).unwrap();
            prop_assert_eq!(&CanonicalJson::parse(once.as_str()).unwrap(), &once);
            prop_assert_eq!(&CanonicalJson::parse(&serde_json::to_string_pretty(&value).unwrap()).unwrap(), &once);
            prop_assert_eq!(&CanonicalJson::from_serialize(&value).unwrap(), &once);
            prop_assert_eq!(&CanonicalJson::from_serialize(&once).unwrap(), &once);
        }

        #[test]
        fn no_text_is_too_strange(text in "[-0-9eE.\"\\\\{}\\[\\],:atu \\PC\n]{0,60}") {
            if let Ok(read) = CanonicalJson::parse(&text) {
                prop_assert_eq!(&CanonicalJson::parse(read.as_str()).unwrap(), &read);
            }
        }
    }
}
