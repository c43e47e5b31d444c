//! A key as JSON.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Cascade, Key, Priority, SharingKey};
use crate::energy::Error;

/// The one form of a key in files, in the database and over the network.
///
/// The kinds without contents are empty structs, for serde refuses unknown fields only in structs.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Read {
    Proportional {},
    Equal {},
    Static { shares: SharingKey },
    Priority { groups: Priority },
    Cascade { first: Box<Read>, then: Box<Read> },
}

impl TryFrom<Read> for Key {
    type Error = Error;

    fn try_from(read: Read) -> Result<Self, Error> {
        Ok(match read {
            Read::Proportional {} => Self::Proportional,
            Read::Equal {} => Self::Equal,
            Read::Static { shares } => Self::Static(shares),
            Read::Priority { groups } => Self::Priority(groups),
            Read::Cascade { first, then } => {
                Self::Cascade(Cascade::new((*first).try_into()?, (*then).try_into()?)?)
            }
        })
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Read::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

/// The same form, written from steps without copying them.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Written<'a> {
    Proportional {},
    Equal {},
    Static { shares: &'a SharingKey },
    Priority { groups: &'a Priority },
    Cascade { first: Box<Written<'a>>, then: Box<Written<'a>> },
}

impl<'a> Written<'a> {
    /// What shares first, and then what is written already.
    fn of(key: &'a Key, then: Option<Self>) -> Option<Self> {
        let first = match key {
            Key::Proportional => Self::Proportional {},
            Key::Equal => Self::Equal {},
            Key::Static(shares) => Self::Static { shares },
            Key::Priority(groups) => Self::Priority { groups },
            Key::Cascade(cascade) => {
                return cascade.steps().iter().rev().fold(then, |then, step| Self::of(step, then));
            }
        };
        Some(match then {
            Some(then) => Self::Cascade { first: Box::new(first), then: Box::new(then) },
            None => first,
        })
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::of(self, None).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Key, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn each_kind_is_written_as_it_is_read() {
        for json in [
            r#"{"kind":"proportional"}"#,
            r#"{"kind":"equal"}"#,
            r#"{"kind":"static","shares":[{"member_id":"a","share":"0.250000"},{"member_id":"b","share":"0.750000"}]}"#,
            r#"{"kind":"priority","groups":[["a","b"],["c"]]}"#,
            r#"{"kind":"cascade","first":{"kind":"equal"},"then":{"kind":"proportional"}}"#,
            r#"{"kind":"cascade","first":{"kind":"priority","groups":[["a"]]},"then":{"kind":"cascade","first":{"kind":"equal"},"then":{"kind":"equal"}}}"#,
        ] {
            let key = read(json).unwrap();
            assert_eq!(serde_json::to_string(&key).unwrap(), json);
            assert!(json.contains(key.kind()));
        }
    }

    #[test]
    fn how_a_cascade_is_put_together_makes_no_difference() {
        let [equal, own, rest] =
            [r#"{"kind":"equal"}"#, r#"{"kind":"priority","groups":[["a"]]}"#, r#"{"kind":"proportional"}"#];
        let cascade =
            |first: &str, then: &str| format!(r#"{{"kind":"cascade","first":{first},"then":{then}}}"#);
        let left = read(&cascade(&cascade(equal, own), rest)).unwrap();
        assert_eq!(left, read(&cascade(equal, &cascade(own, rest))).unwrap());
        assert_eq!(left.steps().len(), 3);
    }

    #[test]
    fn what_is_no_key_is_refused_and_told() {
        let shares = |list: &str| format!(r#"{{"kind":"static","shares":{list}}}"#);
        let mut deep = r#"{"kind":"equal"}"#.to_owned();
        for _ in 0..Cascade::MOST_STEPS {
            deep = format!(r#"{{"kind":"cascade","first":{{"kind":"equal"}},"then":{deep}}}"#);
        }
        for (json, told) in [
            (r#"{"kind":"fair"}"#.to_owned(), "unknown variant `fair`"),
            ("{}".to_owned(), "missing field `kind`"),
            (r#"{"kind":"equal","shares":[]}"#.to_owned(), "unknown field `shares`"),
            (r#"{"kind":"proportional","valid_from":"2026-01-01"}"#.to_owned(), "unknown field `valid_from`"),
            (shares("[]"), "got 0 over 0 members"),
            (shares(r#"[{"member_id":"a","share":"0.5"}]"#), "got 500000 over 1 members"),
            (shares(r#"[{"member_id":"a","share":"0.5"},{"member_id":"a","share":"0.5"}]"#), "got `a` twice"),
            (shares(r#"[{"member_id":"a","share":"1","weight":2}]"#), "unknown field `weight`"),
            (shares(r#"[{"member_id":"a","share":"1.5"}]"#), "1500000"),
            (r#"{"kind":"priority","groups":[]}"#.to_owned(), "group 1"),
            (r#"{"kind":"priority","groups":[["a"],[]]}"#.to_owned(), "group 2"),
            (r#"{"kind":"priority","groups":[["a"],["b","a"]]}"#.to_owned(), "got `a` twice"),
            (r#"{"kind":"cascade","first":{"kind":"equal"}}"#.to_owned(), "missing field `then`"),
            (deep, "at most 8 keys, got 9"),
        ] {
            let error = read(&json).unwrap_err().to_string();
            assert!(error.contains(told), "{json}: {error}");
        }
    }
}
