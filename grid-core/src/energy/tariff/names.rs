//! What people read, in their language.

use std::collections::BTreeMap;

/// A name in one or more languages, by the two or three letters of ISO 639.
///
/// ```
/// use grid_core::energy::tariff::Names;
/// let names = Names::new([("en", "Energy"), ("es", "Energía")]);
/// assert_eq!(names.get("es"), Some("Energía"));
/// assert_eq!(names.get("de"), Some("Energy"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Names {
    entries: BTreeMap<String, String>,
}

impl Names {
    /// Collects names by language.
    pub fn new<L: Into<String>, N: Into<String>>(names: impl IntoIterator<Item = (L, N)>) -> Self {
        Self { entries: names.into_iter().map(|(language, name)| (language.into(), name.into())).collect() }
    }

    /// The name in a language; without one, the English name, or else any.
    pub fn get(&self, language: &str) -> Option<&str> {
        self.entries
            .get(language)
            .or_else(|| self.entries.get("en"))
            .or_else(|| self.entries.values().next())
            .map(String::as_str)
    }

    /// The languages and names, in the order of the languages.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(language, name)| (language.as_str(), name.as_str()))
    }

    /// Whether there is no name at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
