//! `doctor`: what the server would run with, where each of it comes from, and whether its database can be used.

mod database;
mod warnings;

use std::fmt::Write as _;

use grid_core::{
    error::Failure as _,
    store::{DatabaseKind, DatabasePlace, Greeting, Location, Options, Store},
};

use super::Failed;
use crate::{
    cli,
    config::{Config, DatabaseAddress, Layer, Setting},
};

/// What keeps the server from its work, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {problem}; {to_do}")]
struct Obstruction {
    step: &'static str,
    problem: String,
    to_do: String,
}

/// What has been looked at, as it is printed in the end.
#[derive(Default)]
struct Report(String);

impl Report {
    fn heading(&mut self, text: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.0, "{gap}{text}");
    }

    fn line(&mut self, step: &str, outcome: &str) {
        let _ = writeln!(self.0, "  {step:<10} {outcome}");
    }

    fn ok(&mut self, step: &str, what: &str) {
        self.line(step, &format!("ok: {what}"));
    }
}

/// Prints the settings, and tries the database step by step, up to the first that fails.
///
/// # Errors
///
/// The first step that fails, with what to do.
pub fn run(config: &Config) -> Result<(), Failed> {
    let mut report = Report::default();
    let outcome = examine(config, &mut report);
    if let Err(Obstruction { step, problem, .. }) = &outcome {
        report.line(step, &format!("FAILED: {problem}"));
    }
    let greeting = outcome.as_ref().ok();
    let warnings = warnings::of(config, greeting);
    if !warnings.is_empty() {
        report.heading("Warnings");
        for warning in &warnings {
            let _ = writeln!(report.0, "  - {warning}");
        }
    }
    if outcome.is_ok() {
        report.heading("Everything that was tried works.");
    }
    cli::print(&report.0)?;
    outcome.map(|_| ()).map_err(Into::into)
}

fn examine(config: &Config, report: &mut Report) -> Result<(Location, Greeting), Obstruction> {
    report.heading("Settings");
    list(&config.settings.all, &mut report.0);
    report.line("listens on", &config.address().to_string());
    usable(config)?;
    let address = config.database_if_there().map_err(|error| setting(&error))?;
    let location = Location::of(&address.url).map_err(|error| Obstruction {
        step: "address",
        problem: format!("{error}, from {}", address.source),
        to_do: error.hint().unwrap_or_default(),
    })?;
    let user = location.user.as_deref().map(|user| format!(", as `{user}`")).unwrap_or_default();
    let name = location.database.as_deref().map(|name| format!(", database `{name}`")).unwrap_or_default();
    let (kind, place) = (location.kind.name(), &location.place);
    report.heading(&format!("Database: {kind} at {place}{user}{name} (from {})", address.source));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| Obstruction {
        step: "start",
        problem: "the system gives no resources for a network connection".to_owned(),
        to_do: "look at the limits of open files and processes".to_owned(),
    })?;
    let outcome = runtime.block_on(async {
        let greeting = database::reach(config, &address, &location, report).await?;
        schema(&address, &location, &greeting, report).await?;
        Ok(greeting)
    });
    // A name server that does not answer must not keep the program.
    runtime.shutdown_background();
    outcome.map(|greeting| (location, greeting))
}

/// The settings, one a line: name, value, where it comes from.
fn list(settings: &[Setting], text: &mut String) {
    let listed = |setting: &&Setting| !setting.is_hidden || setting.layer != Layer::Default;
    let settings: Vec<_> = settings.iter().filter(listed).collect();
    let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
    let name = widest(&mut settings.iter().map(|setting| setting.variable.chars().count()));
    let value = widest(&mut settings.iter().map(|setting| setting.shown().chars().count())).min(40);
    for setting in settings {
        let _ =
            writeln!(text, "  {:<name$}  {:<value$}  {}", setting.variable, setting.shown(), setting.origin);
    }
}

/// Checks what only fails when it is used.
fn usable(config: &Config) -> Result<(), Obstruction> {
    config.check().map_err(|error| setting(&error))
}

fn setting(error: &crate::config::Error) -> Obstruction {
    Obstruction {
        step: "settings",
        problem: cli::chain(error),
        to_do: "correct the setting where the list says that it stands".to_owned(),
    }
}

/// Whether the tables are those of this program.
async fn schema(
    address: &DatabaseAddress,
    location: &Location,
    greeting: &Greeting,
    report: &mut Report,
) -> Result<(), Obstruction> {
    let wrong = |error: grid_core::store::Error| Obstruction {
        step: "schema",
        problem: error.to_string(),
        to_do: error.hint().unwrap_or_else(|| "look into the log of the database".to_owned()),
    };
    let looks = Options { only_looks: true, connections: 1, ..Options::default() };
    let store = Store::connect(&address.url, looks).await.map_err(wrong)?;
    let all = store.known_migrations().count();
    let missing = if is_to_be_made(location) {
        store.known_migrations().collect()
    } else {
        let missing = store.missing_migrations().await;
        store.close().await;
        missing.map_err(wrong)?
    };
    if missing.is_empty() {
        report.ok("schema", &format!("all {all} migrations have run"));
        return Ok(());
    }
    if greeting.may_create == Some(false) {
        return Err(Obstruction {
            step: "schema",
            problem: format!(
                "{} of {all} migrations have to run, and the user may not make tables",
                missing.len()
            ),
            to_do: format!(
                "let it, as with `{}` the user, or run `grid-server migrate` as another user",
                right(location)
            ),
        });
    }
    let (first, count) = (missing.first().copied().unwrap_or_default(), missing.len());
    report.ok(
        "schema",
        &format!(
            "{count} of {all} migrations have to run, from {first} on; the server runs them when it starts"
        ),
    );
    Ok(())
}

/// How a user is let make tables.
fn right(location: &Location) -> String {
    match location.kind {
        DatabaseKind::MySql => {
            let database = location.database.as_deref().unwrap_or("GRID");
            // These stand for any letters there.
            let database = database.replace('_', "\\_").replace('%', "\\%");
            format!("GRANT CREATE, ALTER, DROP, INDEX, REFERENCES ON `{database}`.* TO the user")
        }
        DatabaseKind::Sqlite | DatabaseKind::Postgres => {
            "GRANT CREATE ON SCHEMA public TO the user".to_owned()
        }
    }
}

/// Whether the database is a file that is not there yet.
fn is_to_be_made(location: &Location) -> bool {
    match &location.place {
        DatabasePlace::File(path) => !path.exists(),
        DatabasePlace::Memory => true,
        DatabasePlace::Socket(_) | DatabasePlace::Host(..) => false,
    }
}
