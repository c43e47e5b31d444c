//! Reading a tree into types: what was expected and what came, at its place.

use std::fmt::Display;

use super::tree::{Entry, Fault, Node, Value};
use crate::error::excerpt;

/// A value of the document, with the way to it.
#[derive(Clone, Debug)]
pub(super) struct Spot<'t> {
    node: &'t Node,
    pointer: String,
}

impl<'t> Spot<'t> {
    pub(super) const fn root(node: &'t Node) -> Self {
        Self { node, pointer: String::new() }
    }

    fn child(&self, key: impl Display, node: &'t Node) -> Self {
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        Self { node, pointer: format!("{}/{key}", self.pointer) }
    }

    /// What stands here is not what was expected.
    pub(super) fn fault(&self, expected: impl Into<String>) -> Fault {
        let got = match &self.node.value {
            Value::Null => "null".to_owned(),
            Value::Flag(flag) => format!("`{flag}`"),
            Value::Number(text) | Value::Text(text) => format!("`{}`", excerpt(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Table(_) => "a table".to_owned(),
        };
        self.contradiction(expected, got)
    }

    /// What stands here contradicts something else.
    pub(super) fn contradiction(&self, expected: impl Into<String>, got: impl Into<String>) -> Fault {
        Fault { at: self.node.at, pointer: self.pointer.clone(), expected: expected.into(), got: got.into() }
    }

    pub(super) fn text(&self, expected: &str) -> Result<&'t str, Fault> {
        match &self.node.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.fault(expected)),
        }
    }

    /// Reads a text or a number.
    pub(super) fn parse<T, E>(
        &self,
        expected: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Fault> {
        match &self.node.value {
            Value::Text(text) | Value::Number(text) => parse(text).map_err(|_| self.fault(expected)),
            _ => Err(self.fault(expected)),
        }
    }

    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, Fault> {
        let found = match &self.node.value {
            Value::Text(text) => choices.iter().find(|(name, _)| name == text),
            _ => None,
        };
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let nearest = match &self.node.value {
                Value::Text(text) => nearest(text, &names).map(|near| format!(" (`{near}`?)")),
                _ => None,
            };
            self.fault(format!("{}{}", one_of(&names), nearest.unwrap_or_default()))
        })
    }

    pub(super) fn flag(&self) -> Result<bool, Fault> {
        match self.node.value {
            Value::Flag(flag) => Ok(flag),
            _ => Err(self.fault("`true` or `false`")),
        }
    }

    pub(super) fn list(&self, expected: &str) -> Result<Vec<Self>, Fault> {
        match &self.node.value {
            Value::List(nodes) => {
                Ok(nodes.iter().enumerate().map(|(index, node)| self.child(index, node)).collect())
            }
            _ => Err(self.fault(expected)),
        }
    }

    /// A list that has something in it, and not more than a tariff can need.
    pub(super) fn some(&self, expected: &str, most: usize) -> Result<Vec<Self>, Fault> {
        let list = self.list(expected)?;
        if (1..=most).contains(&list.len()) {
            Ok(list)
        } else {
            Err(self.contradiction(format!("{expected}, from 1 to {most}"), format!("{}", list.len())))
        }
    }

    /// The entries of a table whose keys are free.
    pub(super) fn entries(&self, expected: &str) -> Result<Vec<(&'t str, Self)>, Fault> {
        match &self.node.value {
            Value::Table(entries) => Ok(entries
                .iter()
                .map(|entry| (entry.key.as_str(), self.child(&entry.key, &entry.node)))
                .collect()),
            _ => Err(self.fault(expected)),
        }
    }

    /// The entries of a table whose keys are known.
    pub(super) fn fields(&self, expected: &str) -> Result<Fields<'t>, Fault> {
        match &self.node.value {
            Value::Table(entries) => Ok(Fields { spot: self.clone(), entries }),
            _ => Err(self.fault(expected)),
        }
    }
}

/// A table whose keys are known.
#[derive(Clone, Debug)]
pub(super) struct Fields<'t> {
    spot: Spot<'t>,
    entries: &'t [Entry],
}

impl<'t> Fields<'t> {
    /// The table itself.
    pub(super) const fn spot(&self) -> &Spot<'t> {
        &self.spot
    }

    /// Refuses every key that is not known, and names the nearest that is.
    pub(super) fn only(&self, known: &[&[&str]]) -> Result<(), Fault> {
        let known = known.concat();
        match self.entries.iter().find(|entry| !known.contains(&entry.key.as_str())) {
            None => Ok(()),
            Some(entry) => {
                let expected = match nearest(&entry.key, &known) {
                    Some(near) => format!("a known key, such as `{near}`"),
                    None => one_of(&known),
                };
                Err(Fault {
                    at: entry.at,
                    ..self
                        .spot
                        .child(&entry.key, &entry.node)
                        .contradiction(expected, format!("the key `{}`", excerpt(&entry.key)))
                })
            }
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Spot<'t>> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| self.spot.child(key, &entry.node))
    }

    pub(super) fn need(&self, key: &str) -> Result<Spot<'t>, Fault> {
        self.get(key)
            .ok_or_else(|| self.spot.contradiction(format!("a key `{key}`"), "a table without it".to_owned()))
    }
}

/// A list for people: `` `a`, `b` or `c` ``.
pub(super) fn one_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => format!("`{only}`"),
        [first @ .., last] => format!("`{}` or `{last}`", first.join("`, `")),
    }
}

/// The name that is least different, if it is alike at all.
pub(super) fn nearest<'n>(got: &str, names: &[&'n str]) -> Option<&'n str> {
    let limit = (got.chars().take(60).count() / 2).clamp(1, 4);
    names
        .iter()
        .map(|name| (distance(got, name), *name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be added, dropped or changed (Levenshtein's distance), over the first sixty.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(60).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().take(60).enumerate() {
        let mut next = vec![index + 1];
        let mut before = index + 1;
        for ((other, diagonal), above) in right.iter().zip(&row).zip(row.iter().skip(1)) {
            before = (diagonal + usize::from(*other != letter)).min(above + 1).min(before + 1);
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        // Levenshtein's usual examples.
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("saturday", "sunday"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn only_what_is_alike_is_named() {
        assert_eq!(nearest("prise", &["price", "period"]), Some("price"));
        assert_eq!(nearest("colour", &["price", "period"]), None);
    }
}
