//! JSON with the place of every value.
//!
//! `serde_json` decides what is JSON, and how deep it may go; what is walked here has passed it, and only the places
//! are new.

use std::collections::BTreeSet;

use super::tree::{Entry, Fault, Node, Value};
use crate::error::{excerpt, excerpt_of};

pub(super) fn read(text: &str) -> Result<Node, Fault> {
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| {
        let message = error.to_string();
        let reason = message.split(" at line ").next().unwrap_or_default();
        fault(
            offset_of(text, error.line(), error.column()),
            "JSON".to_owned(),
            format!("something else ({})", excerpt_of(reason, 200)),
        )
    })?;
    Walk { text, at: 0 }.value()
}

/// The byte of a line and a column (in bytes), both counted from 1.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn fault(at: usize, expected: String, got: String) -> Fault {
    Fault { at, pointer: String::new(), expected, got }
}

struct Walk<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Walk<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    /// Takes a byte if it comes next, after blanks.
    fn take(&mut self, byte: char) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Result<Node, Fault> {
        self.skip_blanks();
        let at = self.at;
        let value = match self.rest().bytes().next() {
            Some(b'{') => self.table()?,
            Some(b'[') => self.list()?,
            Some(b'"') => Value::Text(self.string()?),
            _ => {
                let rest = self.rest();
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'))
                    .unwrap_or(rest.len());
                let word = rest.get(..end).unwrap_or_default();
                self.at += end;
                match word {
                    "" => return Err(self.lost()),
                    "null" => Value::Null,
                    "true" => Value::Flag(true),
                    "false" => Value::Flag(false),
                    number => Value::Number(number.to_owned()),
                }
            }
        };
        Ok(Node { at, value })
    }

    fn list(&mut self) -> Result<Value, Fault> {
        let mut nodes = Vec::new();
        self.take('[');
        if self.take(']') {
            return Ok(Value::List(nodes));
        }
        loop {
            nodes.push(self.value()?);
            if self.take(']') {
                return Ok(Value::List(nodes));
            }
            if !self.take(',') {
                return Err(self.lost());
            }
        }
    }

    fn table(&mut self) -> Result<Value, Fault> {
        let mut entries = Vec::new();
        let mut seen = BTreeSet::new();
        self.take('{');
        if self.take('}') {
            return Ok(Value::Table(entries));
        }
        loop {
            self.skip_blanks();
            let at = self.at;
            let key = self.string()?;
            if !seen.insert(key.clone()) {
                return Err(fault(at, "each key once".to_owned(), format!("`{}` twice", excerpt(&key))));
            }
            if !self.take(':') {
                return Err(self.lost());
            }
            entries.push(Entry { at, key, node: self.value()? });
            if self.take('}') {
                return Ok(Value::Table(entries));
            }
            if !self.take(',') {
                return Err(self.lost());
            }
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let mut escaped = false;
        let end = self.rest().bytes().enumerate().skip(1).find_map(|(index, byte)| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes.then_some(index + 1)
        });
        let quoted = end.and_then(|end| self.rest().get(..end)).ok_or_else(|| self.lost())?;
        let text = serde_json::from_str(quoted).map_err(|_| self.lost())?;
        self.at += quoted.len();
        Ok(text)
    }

    /// What cannot happen after `serde_json` has read the text, and is no panic if it does.
    fn lost(&self) -> Fault {
        fault(self.at, "JSON".to_owned(), format!("`{}`", excerpt(self.rest())))
    }
}
