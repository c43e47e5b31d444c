//! Instants as RFC 3339 text in UTC, for `#[serde(with = "...")]`.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serializer, de};

use crate::error::excerpt;

pub(crate) fn serialize<S: Serializer>(instant: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(instant)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        let got = excerpt(&text);
        de::Error::custom(format_args!("expected an instant like `2026-03-01T00:00:00Z`, got `{got}`"))
    })
}
