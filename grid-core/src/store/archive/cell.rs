//! What a column holds, and how a value stands in a file.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{energy::Channel, quantity::Energy, series::Quality};

/// What a column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 16 bytes, told as a UUID.
    Id,
    /// An integer.
    Integer,
    /// 0 or 1, told as `false` or `true`.
    Flag,
    /// Microseconds since 1970, told as an instant of RFC 3339.
    Instant,
    /// Milliwatt-hours, told as kWh with six decimals.
    Energy,
    /// The number of a channel, told as its word.
    Channel,
    /// The number of a quality, told as its word.
    Quality,
    /// A text.
    Text,
    /// Bytes, told in base64.
    Bytes,
}

/// How a database keeps a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Integer,
    Text,
    Bytes,
}

/// A value as a database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    /// About how many bytes it takes in a statement.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// A value as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Null,
    Number(i64),
    Flag(bool),
    Text(Cow<'a, str>),
}

impl Kind {
    /// How a database keeps such a column.
    pub(super) const fn stored(self) -> Stored {
        match self {
            Self::Id | Self::Bytes => Stored::Bytes,
            Self::Integer | Self::Flag | Self::Instant | Self::Energy | Self::Channel | Self::Quality => {
                Stored::Integer
            }
            Self::Text => Stored::Text,
        }
    }

    /// What a file has to have in such a column.
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Id => "a UUID",
            Self::Integer => "an integer",
            Self::Flag => "`true` or `false`",
            Self::Instant => "an instant like `2026-01-01T00:00:00Z`, in whole microseconds",
            Self::Energy => "an energy in kWh like `1.250000`",
            Self::Channel => "a channel like `import`",
            Self::Quality => "a quality like `measured`",
            Self::Text => "a text",
            Self::Bytes => "bytes in base64",
        }
    }

    /// A value as a file has it; `None` where it is none of this kind.
    pub(super) fn show(self, value: &Value) -> Option<Cell<'_>> {
        let cell = match (self, value) {
            (_, Value::Null) => Cell::Null,
            (Self::Id, Value::Bytes(bytes)) => {
                Cell::Text(Uuid::from_slice(bytes).ok()?.hyphenated().to_string().into())
            }
            (Self::Bytes, Value::Bytes(bytes)) => Cell::Text(STANDARD.encode(bytes).into()),
            (Self::Integer, &Value::Integer(number)) => Cell::Number(number),
            (Self::Flag, Value::Integer(0)) => Cell::Flag(false),
            (Self::Flag, Value::Integer(1)) => Cell::Flag(true),
            (Self::Instant, &Value::Integer(microsecond)) => {
                Cell::Text(Timestamp::from_microsecond(microsecond).ok()?.to_string().into())
            }
            (Self::Energy, &Value::Integer(mwh)) => Cell::Text(Energy::from_mwh(mwh).to_kwh_string().into()),
            (Self::Channel, &Value::Integer(code)) => {
                Cell::Text(Channel::from_code(u8::try_from(code).ok()?)?.as_str().into())
            }
            (Self::Quality, &Value::Integer(code)) => {
                Cell::Text(Quality::from_code(u8::try_from(code).ok()?)?.as_str().into())
            }
            (Self::Text, Value::Text(text)) => Cell::Text(text.as_str().into()),
            _ => return None,
        };
        Some(cell)
    }

    /// The value of what a file has; `None` where it is none of this kind. Whether `Null` may stand there, the column says.
    pub(super) fn read(self, cell: &Cell<'_>) -> Option<Value> {
        let value = match (self, cell) {
            (_, Cell::Null) => Value::Null,
            (Self::Integer, &Cell::Number(number)) => Value::Integer(number),
            (Self::Flag, &Cell::Flag(flag)) => Value::Integer(i64::from(flag)),
            (Self::Id, Cell::Text(text)) => Value::Bytes(uuid(text)?.as_bytes().to_vec()),
            (Self::Bytes, Cell::Text(text)) => Value::Bytes(STANDARD.decode(text.as_bytes()).ok()?),
            (Self::Instant, Cell::Text(text)) => Value::Integer(instant(text)?.as_microsecond()),
            (Self::Energy, Cell::Text(text)) => Value::Integer(Energy::parse_kwh(text).ok()?.as_mwh()),
            (Self::Channel, Cell::Text(text)) => {
                let channel = Channel::ALL.into_iter().find(|channel| channel.as_str() == text.as_ref())?;
                Value::Integer(i64::from(channel.code()))
            }
            (Self::Quality, Cell::Text(text)) => {
                Value::Integer(i64::from(text.parse::<Quality>().ok()?.code()))
            }
            (Self::Text, Cell::Text(text)) => Value::Text(text.clone().into_owned()),
            _ => return None,
        };
        Some(value)
    }
}

/// A UUID as archives write it.
pub(super) fn uuid(text: &str) -> Option<Uuid> {
    text.parse().ok()
}

/// An instant in whole microseconds.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let instant: Timestamp = text.parse().ok()?;
    (instant.subsec_nanosecond() % 1000 == 0).then_some(instant)
}

impl<'a> Cell<'a> {
    /// A cell of a CSV file: what is empty is nothing.
    pub(super) fn of_csv(text: &'a str, kind: Kind) -> Option<Self> {
        Some(match (kind, text) {
            (_, "") => Self::Null,
            (Kind::Integer, number) => Self::Number(number.parse().ok()?),
            (Kind::Flag, "true") => Self::Flag(true),
            (Kind::Flag, "false") => Self::Flag(false),
            (Kind::Flag, _) => return None,
            (_, text) => Self::Text(text.into()),
        })
    }

    /// A member of a JSON object.
    pub(super) fn of_json(value: &'a Json) -> Option<Self> {
        Some(match value {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Flag(*flag),
            Json::Number(number) => Self::Number(number.as_i64()?),
            Json::String(text) => Self::Text(text.as_str().into()),
            Json::Array(_) | Json::Object(_) => return None,
        })
    }

    /// Writes it as a cell of a CSV file. No text that somebody chose stands in one, so none needs quotes.
    pub(super) fn put_csv(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Self::Flag(flag) => out.extend_from_slice(flag.to_string().as_bytes()),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// Writes it as a value of JSON.
    pub(super) fn put_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Self::Flag(flag) => out.extend_from_slice(flag.to_string().as_bytes()),
            Self::Text(text) => out.extend_from_slice(Json::from(text.as_ref()).to_string().as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind_and_value() -> impl Strategy<Value = (Kind, super::Value)> {
        use super::Value as V;
        let number = || any::<i64>().prop_map(V::Integer);
        let instants = -377_705_023_201_000_000_i64..=253_402_207_200_999_999;
        prop_oneof![
            any::<[u8; 16]>().prop_map(|id| (Kind::Id, V::Bytes(id.to_vec()))),
            number().prop_map(|value| (Kind::Integer, value)),
            (0..2_i64).prop_map(|flag| (Kind::Flag, V::Integer(flag))),
            instants.prop_map(|at| (Kind::Instant, V::Integer(at))),
            number().prop_map(|value| (Kind::Energy, value)),
            (0..6_i64).prop_map(|code| (Kind::Channel, V::Integer(code))),
            (0..4_i64).prop_map(|code| (Kind::Quality, V::Integer(code))),
            any::<String>().prop_map(|text| (Kind::Text, V::Text(text))),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| (Kind::Bytes, V::Bytes(bytes))),
            Just((Kind::Text, V::Null)),
        ]
    }

    proptest! {
        #[test]
        fn every_value_comes_back_from_json((kind, value) in kind_and_value()) {
            let mut text = Vec::new();
            kind.show(&value).unwrap().put_json(&mut text);
            let json: Json = serde_json::from_slice(&text).unwrap();
            prop_assert_eq!(kind.read(&Cell::of_json(&json).unwrap()), Some(value));
        }

        #[test]
        fn every_value_but_a_text_comes_back_from_csv((kind, value) in kind_and_value()) {
            prop_assume!(!matches!(kind, Kind::Text | Kind::Bytes));
            let mut text = Vec::new();
            kind.show(&value).unwrap().put_csv(&mut text);
            text.extend_from_slice(b",end\n");
            // Another program's eyes.
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_slice());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(&record[1], "end");
            prop_assert_eq!(kind.read(&Cell::of_csv(&record[0], kind).unwrap()), Some(value));
        }
    }

    #[test]
    fn what_is_of_another_kind_is_refused() {
        assert_eq!(Kind::Flag.show(&Value::Integer(2)), None);
        assert_eq!(Kind::Id.show(&Value::Bytes(vec![1])), None);
        assert_eq!(Kind::Instant.read(&Cell::Text("2026-01-01T00:00:00.0000001Z".into())), None);
        assert_eq!(Kind::Channel.read(&Cell::Text("production".into())), None);
        assert_eq!(Kind::Integer.read(&Cell::Text("1".into())), None);
        assert_eq!(Cell::of_json(&serde_json::json!(1.5)), None);
    }
}
