//! `grid-server export` and `grid-server restore`: everything in one file, and back, into a database of any kind.

use std::{
    fmt,
    fs::File,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use grid_core::store::{ArchiveProgress, Archived, DatabasePlace, Error, Location};
use tokio_util::sync::CancellationToken;

use super::{
    Failed,
    file::{NewFile, Replace},
    progress::Progress,
    record,
    source::Source,
};
use crate::{cli, clock, config::Config, serve, telemetry};

/// Where everything goes.
#[derive(clap::Args, Clone, Debug)]
pub struct Export {
    /// The archive that is written, a `.tar.gz` for its owner alone; `-` is standard output.
    #[arg(required_unless_present = "out")]
    pub file: Option<PathBuf>,
    /// The same as FILE.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// Where everything comes from.
#[derive(clap::Args, Clone, Debug)]
pub struct Restore {
    /// The archive that `export` wrote; `-` is standard input.
    pub file: PathBuf,
}

/// Somebody asked the program to stop.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped on request; nothing was left behind")
    }
}

impl std::error::Error for Interrupted {}

/// Writes everything that the database keeps into one file.
pub(crate) fn export(config: &Config, wanted: Export) -> Result<(), Failed> {
    telemetry::start(config);
    let place = wanted.file.or(wanted.out).ok_or("expected a file to write to")?;
    let url = config.database_if_there()?.url;
    // The file of SQLite would be made by looking at it.
    if let DatabasePlace::File(path) = Location::of(&url)?.place
        && !path.exists()
    {
        return Err(format!("there is no database `{}` to export", path.display()).into());
    }
    let mut output = Output::begin(&place, if wanted.force { Replace::Allowed } else { Replace::Never })?;
    serve::with_database(config, &url, |store| async move {
        let now = clock::now();
        let work = async {
            let mut progress = Progress::new();
            store.export(output.writer(), now, &mut |far| tell(&mut progress, "exported", far)).await
        };
        let archived = or_stopped(work).await?;
        if let Err(error) = record(&store, "archive.export", "everything").await {
            // A database that cannot be written to is one that somebody wants to have a copy of.
            cli::say(&format!("warning: the export was not written down in the audit trail: {error}\n"));
        }
        output.end()?;
        told(&place, "wrote", &archived)
    })
}

/// Fills the database from an archive.
pub(crate) fn restore(config: &Config, wanted: &Restore) -> Result<(), Failed> {
    telemetry::start(config);
    let place = wanted.file.clone();
    // Before a database is made for what is not there.
    let input: Box<dyn Read + Send> = if is_pipe(&place) {
        Box::new(io::stdin())
    } else {
        let file = File::open(&place);
        Box::new(file.map_err(|error| format!("failed to open `{}`: {error}", place.display()))?)
    };
    serve::with_store(config, |store| async move {
        let stop = stopped();
        let mut source = Source::of(input, stop.clone())?;
        let end = source.end();
        let archived = {
            let mut progress = Progress::new();
            let mut tell = |far| tell(&mut progress, "restored", far);
            let mut work = std::pin::pin!(store.restore(&mut source, &mut tell));
            let done = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                done = &mut work => Some(done),
            };
            match done {
                // All was read and compared, and is being committed: whether it was is to be known.
                None if end.load(Ordering::Relaxed) => work.await,
                None => return Err(Interrupted.into()),
                Some(Err(_)) if stop.is_cancelled() && !end.load(Ordering::Relaxed) => {
                    return Err(Interrupted.into());
                }
                Some(done) => done,
            }
        };
        let archived = archived.map_err(hinted)?;
        record(&store, "archive.restore", "everything").await?;
        told(Path::new(store.describe()), "filled", &archived)
    })
}

/// Is cancelled when somebody asks the program to stop.
fn stopped() -> CancellationToken {
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        serve::stop_signal().await;
        asked.cancel();
    });
    stop
}

/// Waits for the work, or for the request to stop, which ends its transaction.
async fn or_stopped<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Failed> {
    tokio::select! {
        biased;
        () = serve::stop_signal() => Err(Interrupted.into()),
        done = work => Ok(done.map_err(hinted)?),
    }
}

/// An error with what to do about it, which the command line does not say by itself.
fn hinted(error: Error) -> Failed {
    use grid_core::error::Failure as _;
    match error.hint() {
        Some(hint) => format!("{}; {hint}", cli::chain(&error)).into(),
        None => error.into(),
    }
}

fn tell(progress: &mut Progress, done: &str, far: ArchiveProgress) {
    progress.tell(|| format!("{done} {} rows, now of {}", far.rows, far.table));
}

/// Says what was done, beside an archive that goes to standard output.
fn told(place: &Path, done: &str, archived: &Archived) -> Result<(), Failed> {
    let tables = archived.tables.iter().filter(|(_, rows)| *rows > 0);
    let tables: Vec<String> = tables.map(|(name, rows)| format!("{name} {rows}")).collect();
    let tables = if tables.is_empty() { "nothing".to_owned() } else { tables.join(", ") };
    if is_pipe(place) {
        cli::say(&format!("{done} {} rows: {tables}\n", archived.rows()));
        return Ok(());
    }
    cli::print(&format!("{done} {}: {} rows: {tables}\n", place.display(), archived.rows()))
}

fn is_pipe(place: &Path) -> bool {
    place.as_os_str() == "-"
}

/// Where an archive goes.
enum Output {
    File(NewFile),
    Pipe(io::Stdout),
}

impl Output {
    fn begin(place: &Path, replace: Replace) -> Result<Self, Failed> {
        if !is_pipe(place) {
            return Ok(Self::File(NewFile::begin_secret(place, replace)?));
        }
        if io::stdout().is_terminal() {
            return Err("an archive is not for the eye: name a file, or pipe it on".into());
        }
        Ok(Self::Pipe(io::stdout()))
    }

    fn writer(&mut self) -> &mut (dyn Write + Send) {
        match self {
            Self::File(file) => file,
            Self::Pipe(pipe) => pipe,
        }
    }

    fn end(self) -> Result<(), Failed> {
        match self {
            Self::File(file) => file.end(),
            Self::Pipe(mut pipe) => Ok(pipe.flush()?),
        }
    }
}
