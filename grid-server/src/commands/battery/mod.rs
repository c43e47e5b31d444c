//! `grid-server battery`: what battery recordings say, from the command line, with no server and no database.
//!
//! The table needs no memory for a recording's rows; charts, exports, flags and JSON take the rows into memory.

mod charts;
mod input;
mod table;

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use grid_core::{
    battery::{Analysis, AnalysisOptions, Format, Recording, Summary, analyse, summarise},
    error::Failure,
};
use serde::Serialize;

use self::input::Input;
use super::Failed;
use crate::cli;

/// Which recordings, and what of them.
#[derive(clap::Args, Clone, Debug)]
pub struct Battery {
    /// The recordings, of any vendor, compressed or not; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print every cycle, and not a screenful.
    #[arg(long)]
    pub all: bool,
    /// Look at each row for what is wrong: voltages and temperatures out of bounds, sensors that stand still, gaps.
    #[arg(long)]
    pub flags: bool,
    /// Print what each recording says, and its analysis, as one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// A folder for the charts, as SVG and PNG: each that the recording has something for.
    #[arg(long, value_name = "FOLDER")]
    pub charts: Option<PathBuf>,
    /// A file to write the recording to: `.csv` or `.parquet` in the Battery Data Format, or `.json`.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// The layout, such as `arbin`, where it should not be found out.
    #[arg(long)]
    pub format: Option<Format>,
    /// The capacity that the maker states, in Ah; that of the first full cycle where nothing is said.
    #[arg(long, value_name = "AH")]
    pub nominal_ah: Option<f64>,
    /// The state of health at which its life ends.
    #[arg(long, value_name = "SHARE", default_value_t = grid_core::battery::DEFAULT_THRESHOLD)]
    pub end_of_life: f64,
}

/// What a recording says, as JSON.
#[derive(Serialize)]
struct Told<'a> {
    file: &'a str,
    #[serde(flatten)]
    summary: &'a Summary,
    analysis: &'a Analysis,
}

/// Tells of one recording after the other; one that cannot be read does not keep the others from being told of.
pub(crate) fn run(wanted: &Battery) -> Result<(), Failed> {
    let known = AnalysisOptions::of(wanted.nominal_ah, Some(wanted.end_of_life))?;
    let count = wanted.files.len();
    if wanted.export.is_some() && count > 1 {
        return Err(format!("expected one recording to export, got {count}").into());
    }
    let mut names = charts::Names::default();
    let mut failed = 0_usize;
    for (place, file) in wanted.files.iter().enumerate() {
        if place > 0 && !wanted.json {
            cli::print("\n")?;
        }
        match (tell(wanted, file, &known, &mut names), count) {
            (Ok(()), _) => {}
            (Err(error), 1) => return Err(error),
            (Err(error), _) => {
                cli::say(&format!("error: {}\n", cli::chain(error.as_ref())));
                failed += 1;
            }
        }
    }
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} of {count} recordings were not told of in full").into())
    }
}

fn tell(
    wanted: &Battery,
    path: &Path,
    known: &AnalysisOptions,
    names: &mut charts::Names,
) -> Result<(), Failed> {
    let input = Input::open(path)?;
    let refused = |error: grid_core::battery::Error| explained(&input.name, &error);
    if !(wanted.flags || wanted.json || wanted.charts.is_some() || wanted.export.is_some()) {
        let summary = input.summarise(wanted.format).map_err(refused)?;
        return cli::print(&table::table(&input.name, &summary, known, wanted.all, None));
    }
    let recording: Recording = input.read(wanted.format).map_err(refused)?;
    let summary = summarise(&recording);
    let analysis = analyse(&recording, &summary.cycles, known);
    if wanted.json {
        let told = Told { file: &input.name, summary: &summary, analysis: &analysis };
        cli::print(&format!("{}\n", serde_json::to_string(&told)?))?;
    } else {
        cli::print(&table::table(&input.name, &summary, known, wanted.all, Some(&analysis.flags)))?;
    }
    if let Some(folder) = &wanted.charts {
        for file in charts::write(folder, &names.of(path), &recording, &summary.cycles, known)? {
            cli::say(&format!("wrote {}\n", file.display()));
        }
    }
    if let Some(file) = &wanted.export {
        recording.write_path(file).map_err(|error| explained(&input.name, &error))?;
        cli::say(&format!("wrote {}\n", file.display()));
    }
    Ok(())
}

/// A refusal with its places, where the message has none of them, and what can be done.
fn explained(name: &str, error: &grid_core::battery::Error) -> Failed {
    let message = cli::chain(error);
    let mut text = format!("{name}: {message}");
    let places = error.places();
    for place in places.iter().filter(|place| places.len() > 1 || !named_in(&message, place.line)) {
        let line = place.line.map(|line| format!("line {line}")).unwrap_or_default();
        let column = place.column.map(|column| format!(", column {column}")).unwrap_or_default();
        let _ = write!(text, "\n  {line}{column}: expected {}, got `{}`", place.expected, place.got);
    }
    if let Some(hint) = error.hint() {
        let _ = write!(text, "\n  {hint}");
    }
    text.into()
}

/// Whether a message names a line already.
fn named_in(message: &str, line: Option<u64>) -> bool {
    line.is_none_or(|line| message.contains(&format!("line {line}")))
}
