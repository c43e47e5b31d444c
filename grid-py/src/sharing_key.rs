//! Keys, from the words, lists and dictionaries in which Python says them.

use grid_core::{
    energy::sharing::{Cascade, Key, Priority, SharingKey},
    error::excerpt,
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyMapping, PyString, PyTuple},
};
use serde_json::Value;

use crate::{
    energy::share_of,
    error::{Error, no_choice, raise},
    json,
};

/// The words that stand for a key.
const WORDS: &str =
    "`proportional`, `equal`, `static`, `priority`, a list of these, or a key as a dictionary";

/// How a member that Python names is called by the core.
pub(crate) type Naming<'a> = dyn Fn(&str) -> PyResult<String> + 'a;

/// What an argument `key` asks for, with what goes beside its words.
pub(crate) struct Asked<'a, 'py> {
    /// A word, a list of steps, or a dictionary in the core's form.
    pub(crate) key: &'a Bound<'py, PyAny>,
    /// The shares of the word `static`.
    pub(crate) shares: Option<&'a Bound<'py, PyAny>>,
    /// The groups of the word `priority`.
    pub(crate) groups: Option<&'a Bound<'py, PyAny>>,
}

impl Asked<'_, '_> {
    /// The key, its members called as the core calls them.
    pub(crate) fn key(&self, naming: &Naming<'_>) -> PyResult<Key> {
        self.step(self.key, naming)
    }

    fn step(&self, step: &Bound<'_, PyAny>, naming: &Naming<'_>) -> PyResult<Key> {
        if step.cast::<PyList>().is_ok() || step.cast::<PyTuple>().is_ok() {
            return self.cascade(step, naming);
        }
        if step.cast::<PyDict>().is_ok() {
            let mut value = json::value(step)?;
            rename(&mut value, naming)?;
            return serde_json::from_value(value)
                .map_err(|error| raise(Error::NotAKey { reason: error.to_string() }));
        }
        let Ok(word) = step.extract::<String>() else {
            return Err(no_choice("the key", WORDS, &step.repr()?.to_string_lossy()));
        };
        match (word.as_str(), self.shares, self.groups) {
            ("proportional", _, _) => Ok(Key::Proportional),
            ("equal", _, _) => Ok(Key::Equal),
            ("static", Some(shares), _) => {
                SharingKey::new(pairs(shares, naming)?).map(Key::Static).map_err(raise)
            }
            ("static", None, _) => Err(raise(Error::Needed { what: "shares", when: "the key is static" })),
            ("priority", _, Some(groups)) => {
                Priority::new(listed(groups, naming)?).map(Key::Priority).map_err(raise)
            }
            ("priority", _, None) => {
                Err(raise(Error::Needed { what: "groups", when: "the key is a priority" }))
            }
            ("cascade", _, _) => {
                let what = "a list of steps, such as `[\"equal\", \"proportional\"]`,";
                Err(raise(Error::Needed { what, when: "one key follows another" }))
            }
            _ => Err(no_choice("the key", WORDS, &word)),
        }
    }

    fn cascade(&self, steps: &Bound<'_, PyAny>, naming: &Naming<'_>) -> PyResult<Key> {
        let mut whole: Option<Key> = None;
        for step in steps.try_iter()? {
            let step = self.step(&step?, naming)?;
            whole = Some(match whole {
                None => step,
                Some(first) => Key::Cascade(Cascade::new(first, step).map_err(raise)?),
            });
        }
        whole.ok_or_else(|| raise(Error::Needed { what: "at least one step", when: "the key is a list" }))
    }
}

/// Keys of a list, each a word or a dictionary.
pub(crate) fn keys(asked: &Bound<'_, PyAny>, naming: &Naming<'_>) -> PyResult<Vec<Key>> {
    let one = |key: PyResult<Bound<'_, PyAny>>| Asked { key: &key?, shares: None, groups: None }.key(naming);
    if asked.cast::<PyString>().is_ok() || asked.cast::<PyDict>().is_ok() {
        return Ok(vec![one(Ok(asked.clone()))?]);
    }
    asked.try_iter()?.map(one).collect()
}

/// Members and their shares: a mapping, or shares in the order of the members.
fn pairs(
    shares: &Bound<'_, PyAny>,
    naming: &Naming<'_>,
) -> PyResult<Vec<(String, grid_core::quantity::Share)>> {
    if let Ok(mapping) = shares.cast::<PyMapping>() {
        let pair = |item: Bound<'_, PyAny>| {
            let (member, share): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
            Ok((named(&member, naming)?, share_of(&share)?))
        };
        return mapping.items()?.iter().map(pair).collect();
    }
    let pair = |(place, share): (usize, PyResult<Bound<'_, PyAny>>)| {
        Ok((naming(&place.to_string())?, share_of(&share?)?))
    };
    shares.try_iter()?.enumerate().map(pair).collect()
}

/// Groups of members.
fn listed(groups: &Bound<'_, PyAny>, naming: &Naming<'_>) -> PyResult<Vec<Vec<String>>> {
    let group = |group: PyResult<Bound<'_, PyAny>>| {
        group?.try_iter()?.map(|member| named(&member?, naming)).collect::<PyResult<Vec<_>>>()
    };
    groups.try_iter()?.map(group).collect()
}

/// A member as the core calls it, from its text, number or UUID.
fn named(member: &Bound<'_, PyAny>, naming: &Naming<'_>) -> PyResult<String> {
    naming(&member.str()?.to_string_lossy())
}

/// Calls the members of a key in the core's form as the core calls them.
fn rename(key: &mut Value, naming: &Naming<'_>) -> PyResult<()> {
    let Value::Object(key) = key else { return Ok(()) };
    for (field, value) in key.iter_mut() {
        match (field.as_str(), value) {
            ("first" | "then", step) => rename(step, naming)?,
            ("shares", Value::Array(shares)) => {
                for entry in shares {
                    if let Some(member) = entry.get_mut("member_id") {
                        renamed(member, naming)?;
                    }
                    // A share is decimal text; Python's numbers are written as their shortest.
                    if let Some(share @ Value::Number(_)) = entry.get_mut("share") {
                        *share = Value::String(share.to_string());
                    }
                }
            }
            ("groups", Value::Array(groups)) => {
                for member in groups.iter_mut().filter_map(Value::as_array_mut).flatten() {
                    renamed(member, naming)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn renamed(member: &mut Value, naming: &Naming<'_>) -> PyResult<()> {
    let called = match member {
        Value::String(text) => naming(text)?,
        Value::Number(number) => naming(&number.to_string())?,
        _ => return Ok(()),
    };
    *member = Value::String(called);
    Ok(())
}

/// The core's name for a column of an array: its number, as wide as all others, which keeps the order of the columns.
pub(crate) fn column(columns: usize) -> impl Fn(&str) -> PyResult<String> {
    move |text| match text.parse::<usize>() {
        Ok(number) if number < columns => Ok(format!("{number:020}")),
        _ => Err(raise(Error::NotAColumn { columns, got: excerpt(text) })),
    }
}
