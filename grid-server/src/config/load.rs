//! Puts the settings together from where they may stand: flags, the environment, `.env`, a TOML file, defaults.
//!
//! What is nearest wins, and an empty value is none. Nothing is written into the environment of the process.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use clap::{
    Arg, CommandFactory, FromArgMatches,
    builder::Resettable,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use super::{
    Config, dotenv,
    origin::{self, Layer, Setting, Settings, Unknown},
};
use crate::cli::Cli;

/// The environment of a process.
pub type Environment = BTreeMap<String, OsString>;

/// Why the program cannot start as it was told to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The arguments are wrong, or ask for help.
    #[error("the arguments cannot be used")]
    Arguments(#[source] Box<clap::Error>),
    /// A value is none that the setting can have.
    #[error("{problem} ({origin})")]
    Value {
        /// What is wrong with it.
        problem: String,
        /// Where it stands.
        origin: String,
    },
    /// A file cannot be read.
    #[error("failed to read the settings in `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of `.env` cannot be read.
    #[error(transparent)]
    DotEnv(#[from] dotenv::Unreadable),
    /// The TOML file is none.
    #[error("`{}`, line {line}: {problem}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A value of the TOML file is of another type.
    #[error("`{}`: expected `{key}` to be {expected}", path.display())]
    TomlType {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What it may be.
        expected: &'static str,
    },
}

/// A value, and where it stands.
struct Found {
    value: OsString,
    layer: Layer,
    origin: String,
}

/// What can be set.
struct Known {
    id: String,
    variable: String,
    flag: String,
    is_secret: bool,
    is_hidden: bool,
}

/// Reads the command line, with the settings of the environment and of the files in `folder`.
///
/// # Errors
///
/// Where an argument, a value or a file cannot be used, or help was asked for.
pub fn load(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    folder: &Path,
) -> Result<Cli, Error> {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let refused = |error| Error::Arguments(Box::new(error));
    let known = known();
    // First what the flags say, which is nearest and may name the TOML file.
    let flags = match bare().try_get_matches_from(&arguments) {
        Ok(flags) => flags,
        // Help tells what is in the environment.
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            return Err(refused(Cli::command().try_get_matches_from(&arguments).err().unwrap_or(error)));
        }
        Err(error) => return Err(refused(error)),
    };
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for Known { id, flag, .. } in &known {
        if flags.value_source(id) == Some(ValueSource::CommandLine) {
            let value = flags.get_raw(id).map(joined).unwrap_or_default();
            found.insert(
                id.clone(),
                Found { value, layer: Layer::Flag, origin: format!("the flag `--{flag}`") },
            );
        }
    }
    let mut unknown = Vec::new();
    from_environment(environment, &known, &mut found, &mut unknown);
    from_dot_env(folder, &known, &mut found, &mut unknown)?;
    if let Some(file) = found.get("config_file") {
        let path = PathBuf::from(&file.value);
        from_toml(&path, &known, &mut found, &mut unknown)?;
    }
    // Then all of it, as if it had stood on the command line.
    let injected = known.iter().filter_map(|Known { id, flag, .. }| {
        let Found { value, .. } = found.get(id).filter(|found| found.layer != Layer::Flag)?;
        let mut argument = OsString::from(format!("--{flag}="));
        argument.push(value);
        Some(argument)
    });
    let mut all = arguments;
    let after_the_name = all.len().min(1);
    all.splice(after_the_name..after_the_name, injected);
    let matches = bare().try_get_matches_from(all).map_err(|error| with_origin(error, &known, &found))?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(refused)?;
    let settings = known.into_iter().map(|Known { id, variable, flag, is_secret, is_hidden }| {
        let value = matches.get_raw(&id).map(|values| joined(values).to_string_lossy().into_owned());
        let (layer, origin) = match found.get(&id) {
            Some(found) => (found.layer, found.origin.clone()),
            None => (Layer::Default, super::DEFAULT.to_owned()),
        };
        Setting { id, variable, flag, value, is_secret, is_hidden, layer, origin }
    });
    cli.config.settings = Settings { all: settings.collect(), unknown };
    Ok(cli)
}

/// The command without its variables: which of them is read, and when, is decided here.
fn bare() -> clap::Command {
    Cli::command().mut_args(|argument| argument.env(Resettable::Reset))
}

fn known() -> Vec<Known> {
    let command = Cli::command();
    let known = command.get_arguments().filter_map(|argument: &Arg| {
        Some(Known {
            id: argument.get_id().to_string(),
            variable: argument.get_env()?.to_string_lossy().into_owned(),
            flag: argument.get_long()?.to_owned(),
            is_secret: argument.is_hide_env_values_set(),
            is_hidden: argument.is_hide_set(),
        })
    });
    known.collect()
}

fn joined<'a>(values: impl Iterator<Item = &'a OsStr>) -> OsString {
    let mut text = OsString::new();
    for (value, is_first) in values.zip(std::iter::once(true).chain(std::iter::repeat(false))) {
        if !is_first {
            text.push(",");
        }
        text.push(value);
    }
    text
}

fn from_environment(
    environment: &Environment,
    known: &[Known],
    found: &mut BTreeMap<String, Found>,
    unknown: &mut Vec<Unknown>,
) {
    for Known { id, variable, .. } in known {
        if let Some(value) = environment.get(variable).filter(|value| !value.is_empty()) {
            if origin::is_of_kubernetes(&value.to_string_lossy()) {
                let place = "the environment, as Kubernetes sets it for a Service".to_owned();
                unknown.push(Unknown { name: variable.clone(), place, nearest: None });
                continue;
            }
            found.entry(id.clone()).or_insert_with(|| Found {
                value: value.clone(),
                layer: Layer::Environment,
                origin: format!("`{variable}` in the environment"),
            });
        }
    }
    for (name, value) in environment {
        if !origin::is_of_others(name, &value.to_string_lossy()) {
            note_if_unknown(name, "the environment", known, unknown);
        }
    }
}

fn from_dot_env(
    folder: &Path,
    known: &[Known],
    found: &mut BTreeMap<String, Found>,
    unknown: &mut Vec<Unknown>,
) -> Result<(), Error> {
    let path = folder.join(".env");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::File { path, source }),
    };
    let lines = dotenv::read(&text).map_err(|(line, expected)| dotenv::Unreadable {
        path: path.clone(),
        line,
        expected,
    })?;
    for dotenv::Line { number, name, value } in lines {
        match known.iter().find(|known| known.variable == name) {
            Some(known) if !value.is_empty() => {
                found.entry(known.id.clone()).or_insert_with(|| Found {
                    value: value.into(),
                    layer: Layer::DotEnv,
                    origin: format!("`{name}` in `.env`, line {number}"),
                });
            }
            Some(_) => {}
            None => note_if_unknown(&name, &format!("`.env`, line {number}"), known, unknown),
        }
    }
    Ok(())
}

fn from_toml(
    path: &Path,
    known: &[Known],
    found: &mut BTreeMap<String, Found>,
    unknown: &mut Vec<Unknown>,
) -> Result<(), Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| Error::Toml {
        path: path.to_owned(),
        line: 1 + error
            .span()
            .map_or(0, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()),
        problem: error.message().to_owned(),
    })?;
    for (key, value) in table {
        let Some(known) = known.iter().find(|known| known.id == key || known.variable == key) else {
            let nearest = origin::nearest(&key, known.iter().map(|known| known.id.as_str()));
            unknown.push(Unknown { name: key, place: format!("`{}`", path.display()), nearest });
            continue;
        };
        let value = plain(&value).ok_or_else(|| Error::TomlType {
            path: path.to_owned(),
            key: key.clone(),
            expected: "a text, a number, `true`, `false` or a list of texts",
        })?;
        if !value.is_empty() {
            found.entry(known.id.clone()).or_insert_with(|| Found {
                value: value.into(),
                layer: Layer::File,
                origin: format!("`{key}` in `{}`", path.display()),
            });
        }
    }
    Ok(())
}

/// A value of TOML as it would stand behind a flag.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(said) => Some(said.to_string()),
        toml::Value::Array(values) => {
            let texts: Option<Vec<_>> = values.iter().map(toml::Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

fn note_if_unknown(name: &str, place: &str, known: &[Known], unknown: &mut Vec<Unknown>) {
    let variables: BTreeSet<_> = known.iter().map(|known| known.variable.as_str()).collect();
    if name.starts_with("GRID_") && !variables.contains(name) {
        let nearest = origin::nearest(name, variables.into_iter());
        unknown.push(Unknown { name: name.to_owned(), place: place.to_owned(), nearest });
    }
}

/// The complaint about a value, with where it stands, unless that is the command line.
fn with_origin(error: clap::Error, known: &[Known], found: &BTreeMap<String, Found>) -> Error {
    let named = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(named)) => named.as_str(),
        _ => "",
    };
    let flag = named.split([' ', '=']).next().unwrap_or_default().trim_start_matches('-');
    let id = known.iter().find(|known| known.flag == flag).map(|known| &known.id);
    match id.and_then(|id| found.get(id)).filter(|found| found.layer != Layer::Flag) {
        Some(Found { origin, .. }) => {
            let problem = crate::cli::one_line(&error.to_string());
            let problem = problem.strip_prefix("error: ").unwrap_or(&problem).to_owned();
            Error::Value { problem, origin: origin.clone() }
        }
        None => Error::Arguments(Box::new(error)),
    }
}

impl Config {
    /// The settings of this process, with those of its environment and of the files where it was started.
    ///
    /// # Errors
    ///
    /// Those of [`load`].
    pub(crate) fn of_this_process(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Error> {
        let environment =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect();
        load(arguments, &environment, Path::new(""))
    }
}
