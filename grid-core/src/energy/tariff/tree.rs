//! A document as a tree that remembers where everything stood, whether it was TOML or JSON.
//!
//! Numbers keep their text, so that `0.1` is one tenth exactly and never was a float.

use toml::de::{DeTable, DeValue};

use super::{Error, json};
use crate::error::excerpt_of;

/// A value and the byte that it starts at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Flag(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) at: usize,
    pub(super) key: String,
    pub(super) node: Node,
}

/// What is wrong in a document, and the byte that it starts at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) pointer: String,
    pub(super) expected: String,
    pub(super) got: String,
}

impl Fault {
    /// Finds the line and the column of the fault in the document that it is about.
    pub(super) fn within(self, text: &str) -> Error {
        let before = text.get(..self.at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Error::Document {
            line: u64::try_from(line).unwrap_or(u64::MAX),
            column: u64::try_from(column).unwrap_or(u64::MAX),
            pointer: self.pointer,
            expected: self.expected,
            got: self.got,
        }
    }
}

pub(super) fn of_toml(text: &str) -> Result<Node, Fault> {
    let table = DeTable::parse(text).map_err(|error| Fault {
        at: error.span().map_or(0, |span| span.start),
        pointer: String::new(),
        expected: "TOML".to_owned(),
        got: format!("something else ({})", excerpt_of(error.message(), 200)),
    })?;
    Ok(Node { at: table.span().start, value: of_table(table.get_ref()) })
}

fn of_table(table: &DeTable<'_>) -> Value {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            at: key.span().start,
            key: key.get_ref().to_string(),
            node: Node { at: value.span().start, value: of_value(value.get_ref()) },
        })
        .collect();
    entries.sort_by_key(|entry| entry.at);
    Value::Table(entries)
}

fn of_value(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Number(number.to_string()),
        DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(moment) => Value::Text(moment.to_string()),
        DeValue::Array(list) => Value::List(
            list.iter().map(|item| Node { at: item.span().start, value: of_value(item.get_ref()) }).collect(),
        ),
        DeValue::Table(table) => of_table(table),
    }
}

pub(super) fn of_json(text: &str) -> Result<Node, Fault> {
    json::read(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_counts_characters_and_not_bytes() {
        let text = "a = \"ñ\" \nb = \"ñññ\"; c";
        let error = of_toml(text).unwrap_err().within(text);
        assert!(matches!(error, Error::Document { line: 2, column: 10, .. }), "{error}");
    }

    #[test]
    fn numbers_keep_their_digits() {
        let json = of_json("[0.10, 1e-3, -7]").unwrap();
        let numbers = ["0.10", "1e-3", "-7"].map(|text| Value::Number(text.to_owned()));
        let Value::List(nodes) = json.value else { panic!("no list") };
        assert_eq!(nodes.into_iter().map(|node| node.value).collect::<Vec<_>>(), numbers);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = of_toml(&text).map_err(|fault| fault.within(&text));
            let _ = of_json(&text).map_err(|fault| fault.within(&text));
        }

        #[test]
        fn any_text_between_brackets_is_read_or_refused(text in r#"[\[\]{}":,a-c0-9.\\ \n-]{0,30}"#) {
            let parsed = serde_json::from_str::<serde_json::Value>(&text);
            let twice = matches!(&of_json(&text), Err(fault) if fault.expected.contains("once"));
            prop_assert!(twice || parsed.is_ok() == of_json(&text).is_ok());
        }
    }
}
