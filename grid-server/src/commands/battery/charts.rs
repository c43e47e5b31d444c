//! A recording's charts, written into a folder.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use grid_core::{
    battery::{AnalysisOptions, CycleSummary, Recording},
    chart::{self, BatteryChart, Options, battery_data},
};

use super::super::Failed;

/// How many times as many pixels a side a PNG has.
const SCALE: u32 = 2;

/// The names that a run has given to files, so that two recordings of one name do not overwrite each other's charts.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// The name of a file without its ending, with a number where it is taken.
    pub(super) fn of(&mut self, path: &Path) -> String {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let stem = stem.filter(|stem| stem != "-").unwrap_or_else(|| "recording".to_owned());
        let mut name = stem.clone();
        for number in 2.. {
            if self.0.insert(name.clone()) {
                break;
            }
            name = format!("{stem}-{number}");
        }
        name
    }
}

/// Writes each chart that the recording has something for, as SVG and PNG, and gives the files.
pub(super) fn write(
    folder: &Path,
    name: &str,
    recording: &Recording,
    cycles: &[CycleSummary],
    known: &AnalysisOptions,
) -> Result<Vec<PathBuf>, Failed> {
    let unwritable =
        |file: &Path, error: std::io::Error| format!("failed to write `{}`: {error}", file.display());
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
    let mut written = Vec::new();
    for kind in BatteryChart::ALL {
        let data = battery_data(kind, recording, cycles, known, 2);
        if data.series.iter().all(|series| series.lines.iter().all(Vec::is_empty)) {
            continue;
        }
        let drawn = chart::battery(kind, recording, cycles, known, &Options::default())?;
        let pixels = drawn.png(SCALE)?;
        for (ending, content) in [("svg", drawn.svg().as_bytes()), ("png", pixels.as_slice())] {
            let file = folder.join(format!("{name}-{kind}.{ending}"));
            fs::write(&file, content).map_err(|error| unwritable(&file, error))?;
            written.push(file);
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_recordings_of_one_name_get_two() {
        let mut names = Names::default();
        let mut of = |path: &str| names.of(Path::new(path));
        assert_eq!(of("a/cell.csv"), "cell");
        assert_eq!(of("b/cell.csv"), "cell-2");
        assert_eq!(of("b/cell.txt"), "cell-3");
        assert_eq!(of("-"), "recording");
    }
}
