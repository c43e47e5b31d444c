//! Where each setting comes from, and which names are none.

use std::{borrow::Cow, fmt};

/// The places that a setting may come from, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// The command line.
    Flag,
    /// The environment of the process.
    Environment,
    /// The file `.env` in the working directory.
    DotEnv,
    /// The TOML file of `--config` or `GRID_CONFIG`.
    File,
    /// Nobody said anything.
    Default,
}

/// One setting as it is in force.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name in a TOML file.
    pub id: String,
    /// Its name in the environment.
    pub variable: String,
    /// Its name on the command line, without the hyphens.
    pub flag: String,
    /// What is in force; `None` where nothing was said and there is no default.
    pub value: Option<String>,
    /// Whether the value is not to be shown.
    pub is_secret: bool,
    /// Whether it is not listed where nobody set it: names of the old system and of platforms.
    pub is_hidden: bool,
    /// Where it comes from.
    pub layer: Layer,
    /// The same in words, as in `` `PORT` in `.env`, line 3 ``.
    pub origin: String,
}

impl Setting {
    /// The value for people: a secret is `***`, and so is who logs in at an address.
    pub fn shown(&self) -> Cow<'_, str> {
        match &self.value {
            None => Cow::Borrowed("-"),
            Some(_) if self.is_secret => Cow::Borrowed("***"),
            Some(value) => without_login(value),
        }
    }
}

/// An address without the name and the password that stand before its host.
fn without_login(value: &str) -> Cow<'_, str> {
    let address = value.split_once("://").and_then(|(scheme, rest)| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let (login, _) = host.rsplit_once('@')?;
        Some((scheme, rest.get(login.len()..)?))
    });
    match address {
        Some((scheme, rest)) => Cow::Owned(format!("{scheme}://***{rest}")),
        None => Cow::Borrowed(value),
    }
}

/// Without the value of a secret.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.id, self.shown(), self.origin)
    }
}

/// A name that looks like a setting's, and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub place: String,
    /// The setting that it is nearest to, where one is near.
    pub nearest: Option<String>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {}", grid_core::error::excerpt(&self.name), self.place)?;
        match &self.nearest {
            Some(nearest) => write!(f, " (`{nearest}` is one)"),
            None => Ok(()),
        }
    }
}

/// What is in force and where it comes from; empty where the settings were read from the command line alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Every setting.
    pub all: Vec<Setting>,
    /// The names that are none.
    pub unknown: Vec<Unknown>,
}

impl Settings {
    /// How near the place is that a setting comes from.
    pub(super) fn layer(&self, id: &str) -> Layer {
        self.get(id).map_or(Layer::Flag, |setting| setting.layer)
    }

    /// Where a setting comes from, in words.
    pub(super) fn origin(&self, id: &str, variable: &str) -> String {
        self.get(id).map_or_else(|| variable.to_owned(), |setting| setting.origin.clone())
    }

    fn get(&self, id: &str) -> Option<&Setting> {
        self.all.iter().find(|setting| setting.id == id)
    }

    /// The names that are none, in one sentence.
    pub fn complaint(&self) -> Option<String> {
        let names: Vec<_> = self.unknown.iter().map(ToString::to_string).collect();
        (!names.is_empty()).then(|| format!("no settings, and not used: {}", names.join(", ")))
    }
}

/// Of some names, the one that a wrong one is nearest to, where it is so near that it may have been meant.
pub(super) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let bare = |name: &str| name.strip_prefix("GRID_").unwrap_or(name).to_ascii_lowercase();
    let wrong = bare(wrong);
    names
        .map(|name| (strsim::damerau_levenshtein(&wrong, &bare(name)), name))
        .min()
        .filter(|(distance, _)| *distance <= wrong.chars().count() / 3)
        .map(|(_, name)| name.to_owned())
}

/// Whether a name of the environment is not meant for the program although it begins with `GRID_`: what Kubernetes sets
/// for a service that is called `grid`, and what this repository's own tests and measurements read.
pub(super) fn is_of_others(name: &str, value: &str) -> bool {
    ["GRID_SERVICE_", "GRID_PORT_", "GRID_TEST_", "GRID_BENCH_", "GRID_SHARED_DATA"]
        .iter()
        .any(|start| name.starts_with(start))
        || is_of_kubernetes(value)
}

/// Whether a value is what Kubernetes puts into the environment of each container beside a Service: `MYSQL_PORT`, for one that
/// is called `mysql`, is then no port.
pub(super) fn is_of_kubernetes(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_has_a_neighbour_or_none() {
        let names = ["PORT", "GRID_SEALING_KEY", "GRID_SEALING_KEY_FILE", "GRID_LOG"];
        let near = |wrong| nearest(wrong, names.iter().copied());
        assert_eq!(near("GRID_SEALNG_KEY").as_deref(), Some("GRID_SEALING_KEY"));
        assert_eq!(near("GRID_SEALING_KEYFILE").as_deref(), Some("GRID_SEALING_KEY_FILE"));
        assert_eq!(near("GRID_PORT").as_deref(), Some("PORT"));
        assert_eq!(near("GRID_UNHEARD_OF"), None);
    }
}
