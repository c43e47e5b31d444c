//! Where a recording comes from, and how far its reading is.

use std::{
    fs::File,
    io::{self, IsTerminal, Seek},
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use grid_core::battery::{self, Format, ReadLimits, ReadOptions, Recording, Source, Summary};

use super::super::Failed;
use crate::cli;

/// How long a reading may take before it says how far it is.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it says so.
const EVERY: Duration = Duration::from_millis(200);

/// An open recording.
#[derive(Debug)]
pub(super) struct Input {
    /// What it is called.
    pub(super) name: String,
    file: File,
}

impl Input {
    /// Opens a file, or standard input for `-`; what cannot be read twice (a pipe) is kept in an unnamed file.
    pub(super) fn open(path: &Path) -> Result<Self, Failed> {
        if path.as_os_str() == "-" {
            let name = "standard input".to_owned();
            let file = spooled(io::stdin().lock()).map_err(|error| failed(&name, &error))?;
            return Ok(Self { name, file });
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| failed(&name, &error))?;
        let about = file.metadata().map_err(|error| failed(&name, &error))?;
        if about.is_dir() {
            return Err(format!("expected a file, got the folder `{name}`").into());
        }
        let file =
            if about.is_file() { file } else { spooled(file).map_err(|error| failed(&name, &error))? };
        Ok(Self { name, file })
    }

    /// Sums it up, in memory that does not grow with its rows.
    pub(super) fn summarise(&self, format: Option<Format>) -> Result<Summary, battery::Error> {
        self.with(format, battery::summarise_with)
    }

    /// Reads all its rows into memory.
    pub(super) fn read(&self, format: Option<Format>) -> Result<Recording, battery::Error> {
        self.with(format, battery::read_with)
    }

    fn with<T>(
        &self,
        format: Option<Format>,
        read: impl FnOnce(Source<'_>, ReadOptions<'_>) -> Result<T, battery::Error>,
    ) -> Result<T, battery::Error> {
        let mut meter = Meter::new(&self.name);
        let mut progress = |done: u64, total: Option<u64>| {
            meter.tell(done, total);
            ControlFlow::Continue(())
        };
        let options = ReadOptions { limits: ReadLimits::UNLIMITED, format, progress: Some(&mut progress) };
        read(Source::seekable(&self.file), options)
    }
}

fn spooled(mut source: impl io::Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut source, &mut file)?;
    file.rewind()?;
    Ok(file)
}

fn failed(name: &str, error: &io::Error) -> Failed {
    format!("failed to read `{name}`: {error}").into()
}

/// Shows how far a long reading is, on a terminal.
struct Meter<'a> {
    name: &'a str,
    next: Instant,
    is_shown: bool,
    is_seen: bool,
}

impl<'a> Meter<'a> {
    fn new(name: &'a str) -> Self {
        Self { name, next: Instant::now() + PATIENCE, is_shown: false, is_seen: io::stderr().is_terminal() }
    }

    fn tell(&mut self, done: u64, total: Option<u64>) {
        let now = Instant::now();
        if self.is_seen && now >= self.next {
            self.next = now + EVERY;
            self.is_shown = true;
            cli::say(&format!("\r{}: {}\u{1b}[K", self.name, how_far(done, total)));
        }
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        if self.is_shown {
            cli::say("\r\u{1b}[K");
        }
    }
}

/// How much of a source was read.
fn how_far(done: u64, total: Option<u64>) -> String {
    const MEGABYTE: u64 = 1_000_000;
    match total.filter(|total| *total > 0) {
        Some(total) => {
            let percent = u128::from(done.min(total)) * 100 / u128::from(total);
            format!("{percent} % of {} MB", total / MEGABYTE)
        }
        None => format!("{} MB", done / MEGABYTE),
    }
}

#[cfg(test)]
mod tests {
    use super::how_far;

    #[test]
    fn how_far_it_is_never_passes_the_whole() {
        assert_eq!(how_far(109_000_000, Some(218_000_000)), "50 % of 218 MB");
        assert_eq!(how_far(3, Some(2)), "100 % of 0 MB");
        assert_eq!(how_far(7_500_000, None), "7 MB");
        assert_eq!(how_far(1, Some(0)), "0 MB");
    }
}
