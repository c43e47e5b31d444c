//! The command line.

use std::{ffi::OsString, io::Write, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use grid_core::energy::Channel;
use uuid::Uuid;

use crate::{
    commands,
    config::{self, Config, LoadError},
    import, openapi, readme, serve,
};

/// The GRID server: energy communities, from the meter to the bill.
#[derive(Debug, Parser)]
#[command(name = "grid-server", version, max_term_width = 100)]
pub struct Cli {
    /// The settings.
    #[command(flatten)]
    pub config: Config,
    /// What to do; `serve` where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Serve the API (what happens when no command is given).
    Serve,
    /// Serve, with a demo community loaded where the database is empty.
    Demo,
    /// Load a file of readings into the database, as a POST of the same file does.
    Import(Import),
    /// Write everything that the database keeps into one archive, as of now.
    Export(commands::archive::Export),
    /// Fill an empty database, of whatever kind, from an archive that `export` wrote.
    Restore(commands::archive::Restore),
    /// Tell what battery recordings of any vendor say, with charts and exports; needs no database.
    Battery(commands::battery::Battery),
    /// Forecast the series of a CSV file, or a device's readings, with intervals and a chart; a file needs no database.
    Forecast(commands::forecast::Forecast),
    /// Settle a community's month: drafts of all statements, or statements for good.
    Settle(commands::settle::Settle),
    /// Read or write a community's key as the file of Spain's distributors, `<CAU>_<YYYY>.txt`.
    #[command(subcommand)]
    Coefficients(commands::coefficients::Command),
    /// Check offline that a statement is unchanged and in the log.
    Verify(commands::verify::Verify),
    /// Bring the database's tables up to date and stop.
    Migrate(Migrate),
    /// Print every setting with its value and where it comes from, then try the database: name, port, TLS, login, tables.
    Doctor,
    /// Make users, keep them out, set their passwords.
    #[command(subcommand)]
    User(commands::user::Command),
    /// Explain an access token.
    #[command(subcommand)]
    Token(commands::token::Command),
    /// List, rotate or remove the keys that sign access tokens.
    #[command(subcommand)]
    Keys(commands::keys::Command),
    /// Print the OpenAPI description.
    Openapi,
    /// Ask the server on this machine whether it is ready; exit code 0 if it is.
    Healthcheck,
    /// Print README.md, read from standard input, with its generated tables renewed.
    #[command(hide = true)]
    Readme,
}

/// How to migrate.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Migrate {
    /// Change nothing: list the migrations that have not run, and end with 1 where there are any.
    #[arg(long)]
    pub check: bool,
}

/// Where a file of readings goes.
#[derive(clap::Args, Clone, Debug)]
#[group(id = "target", required = true, multiple = false)]
pub struct Target {
    /// The device whose readings the file holds.
    #[arg(long, value_name = "ID")]
    pub device: Option<Uuid>,
    /// The community whose readings the file holds.
    #[arg(long, value_name = "ID")]
    pub community: Option<Uuid>,
}

/// What to import, and where to.
#[derive(clap::Args, Clone, Debug)]
pub struct Import {
    /// The target.
    #[command(flatten)]
    pub target: Target,
    /// The channel of values whose column does not say it.
    #[arg(long)]
    pub channel: Option<Channel>,
    /// The zone of local times; that of the device or the community where nothing is said.
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// The format, where it should not be found out: `long`, `csv`, `green_button`, `datadis`, `eda`, `colombia`.
    #[arg(long)]
    pub format: Option<String>,
    /// Which end of its interval a stamp names: `start` or `end`.
    #[arg(long)]
    pub stamp: Option<String>,
    /// The decimal mark: `point` or `comma`.
    #[arg(long)]
    pub decimal: Option<String>,
    /// The order of dates that can be read both ways: `day_first` or `month_first`.
    #[arg(long)]
    pub dates: Option<String>,
    /// How the hours of a Spanish file are numbered: `ordinal` (1 to 23 or 25) or `clock`.
    #[arg(long)]
    pub hours: Option<String>,
    /// The meter of a file that names none, for a community.
    #[arg(long, requires = "community")]
    pub meter: Option<String>,
    /// The file: our own CSV, any other CSV with a header, Green Button XML, or what operators of several countries give.
    pub file: PathBuf,
}

/// Runs the program with its arguments, the program's name first; the exit code says how it ended.
///
/// 0 is success, 1 a failure, 2 a wrong argument or setting, which is told in one line, 130 a forecast, an export or a restore that was stopped.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Config::of_this_process(arguments) {
        Ok(cli) => cli,
        Err(LoadError::Arguments(error))
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) =>
        {
            return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Err(LoadError::Arguments(error)) => {
            say(&format!("{}\n", one_line(&error.to_string())));
            return ExitCode::from(2);
        }
        Err(error) => {
            say(&format!("error: {}\n", chain(&error)));
            return ExitCode::from(2);
        }
    };
    match perform(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {}\n", chain(error.as_ref())));
            // What a shell gives a program that Ctrl-C ended: 128 and the number of the signal.
            if error.is::<commands::forecast::Interrupted>() || error.is::<commands::archive::Interrupted>() {
                ExitCode::from(130)
            } else if error.is::<config::Error>() {
                // As for a value that is refused where it is read.
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

impl Command {
    /// Whether it opens the database of the settings and has no other way to say what is wrong with these.
    fn works_on_a_database(&self) -> bool {
        match self {
            // The log of the first two and the report of the third say it; the others open none.
            Self::Serve
            | Self::Demo
            | Self::Doctor
            | Self::Battery(_)
            | Self::Verify(_)
            | Self::Openapi
            | Self::Healthcheck
            | Self::Readme => false,
            Self::Forecast(wanted) => wanted.device.is_some(),
            Self::Import(_)
            | Self::Export(_)
            | Self::Restore(_)
            | Self::Settle(_)
            | Self::Coefficients(_)
            | Self::Migrate(_)
            | Self::User(_)
            | Self::Token(_)
            | Self::Keys(_) => true,
        }
    }
}

fn perform(cli: Cli) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let command = cli.command.unwrap_or(Command::Serve);
    if command.works_on_a_database()
        && let Some(complaint) = cli.config.settings.complaint()
    {
        say(&format!("warning: {complaint}\n"));
    }
    match command {
        Command::Serve => serve::blocking(cli.config, serve::Content::AsItIs),
        Command::Demo => serve::blocking(cli.config, serve::Content::Demo),
        Command::Import(wanted) => import::run(&cli.config, &wanted),
        Command::Export(wanted) => commands::archive::export(&cli.config, wanted),
        Command::Restore(wanted) => commands::archive::restore(&cli.config, &wanted),
        Command::Battery(wanted) => commands::battery::run(&wanted),
        Command::Forecast(wanted) => commands::forecast::run(&cli.config, &wanted),
        Command::Settle(wanted) => commands::settle::run(&cli.config, wanted),
        Command::Coefficients(command) => commands::coefficients::run(&cli.config, command),
        Command::Verify(wanted) => commands::verify::run(&wanted),
        Command::Migrate(Migrate { check: false }) => serve::migrate(&cli.config),
        Command::Migrate(Migrate { check: true }) => serve::check_migrations(&cli.config),
        Command::Doctor => commands::doctor::run(&cli.config),
        Command::User(command) => commands::user::run(&cli.config, command),
        Command::Token(command) => commands::token::run(&cli.config, command),
        Command::Keys(command) => commands::keys::run(&cli.config, command),
        Command::Openapi => print(&openapi::text()?),
        Command::Healthcheck => serve::healthcheck(&cli.config),
        Command::Readme => print(&readme::renew(&std::io::read_to_string(std::io::stdin())?)?),
    }
}

pub(crate) fn print(text: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

/// Says something to the person in front, beside what is printed.
pub(crate) fn say(text: &str) {
    // Nobody hears where standard error is closed, and that is no failure.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// The command as clap knows it, for the tables that are made from it.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// The message of a wrong argument without clap's explanations below it.
pub(crate) fn one_line(message: &str) -> String {
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("error: wrong arguments").to_owned();
    // "the following required arguments were not provided:" is told on the lines that follow.
    if first.ends_with(':') {
        let missing: Vec<_> = lines.take_while(|line| !line.starts_with("Usage")).collect();
        format!("{first} {}", missing.join(", "))
    } else {
        first
    }
}

/// An error and all that caused it, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn a_bad_port_is_told_in_one_line() {
        let error = Cli::try_parse_from(["grid-server", "--port", "http"]).unwrap_err();
        let line = one_line(&error.to_string());
        assert!(line.contains("'http'") && line.contains("--port") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn settings_may_stand_after_the_command() {
        let cli = Cli::try_parse_from(["grid-server", "demo", "--port", "9000"]).unwrap();
        assert_eq!(cli.config.port, 9000);
    }

    #[test]
    fn an_import_goes_to_a_device_or_a_community() {
        let id = Uuid::nil().to_string();
        let parse =
            |arguments: &[&str]| Cli::try_parse_from(["grid-server", "import"].iter().chain(arguments));
        assert!(parse(&["--device", &id, "a.csv"]).is_ok());
        assert!(parse(&["--device", &id, "a.csv", "--channel", "import"]).is_ok());
        assert!(parse(&["--community", &id, "a.csv"]).is_ok());
        assert!(parse(&["a.csv"]).is_err());
        assert!(parse(&["--community", &id, "--device", &id, "a.csv"]).is_err());
    }
}
