//! Where a battery recording comes from in Python: a path, bytes, or an open file.

use std::{io::Cursor, ops::ControlFlow, path::PathBuf};

use grid_core::battery::{self, Error, Format, ReadLimits, ReadOptions, Recording, Source, Summary};
use pyo3::{intern, prelude::*, types::PyBytes};

use crate::error::raise;

/// Bytes or a path, out of Python's hands.
enum Given<'a> {
    Bytes(&'a [u8]),
    Path(PathBuf),
    Read(Vec<u8>),
}

impl<'a> Given<'a> {
    /// Takes `bytes`, a path, or an object with `read()`.
    fn of(source: &'a Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = source.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.as_bytes()));
        }
        if source.hasattr(intern!(source.py(), "read"))? {
            return Ok(Self::Read(source.call_method0(intern!(source.py(), "read"))?.extract()?));
        }
        Ok(Self::Path(source.extract()?))
    }

    fn open(&self) -> Result<Source<'_>, Error> {
        match self {
            Self::Bytes(bytes) => Ok(Source::bytes(bytes)),
            Self::Read(bytes) => Ok(Source::seekable(Cursor::new(bytes))),
            Self::Path(path) => Source::path(path),
        }
    }
}

/// Runs `work` on a source while other Python threads run; `progress` is called with bytes done and bytes in all, and
/// Ctrl-C ends it.
fn with_source<T: Send>(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    format: Option<&str>,
    progress: Option<&Bound<'_, PyAny>>,
    limits: ReadLimits,
    work: impl FnOnce(Source<'_>, ReadOptions<'_>) -> Result<T, Error> + Send,
) -> PyResult<T> {
    /// Python is asked after so many bytes, not after each block.
    const PACE: u64 = 1 << 22;
    let given = Given::of(source)?;
    let format = format.map(str::parse::<Format>).transpose().map_err(raise)?;
    let progress = progress.map(|callable| callable.clone().unbind());
    let (result, stopped) = py.detach(|| {
        let mut stopped: Option<PyErr> = None;
        let mut told = 0;
        let mut watch = |done: u64, total: Option<u64>| {
            if done >= told && done - told < PACE && Some(done) != total {
                return ControlFlow::Continue(());
            }
            told = done;
            let asked = Python::attach(|py| {
                py.check_signals()?;
                if let Some(progress) = &progress {
                    progress.call1(py, (done, total))?;
                }
                Ok(())
            });
            match asked {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    stopped = Some(error);
                    ControlFlow::Break(())
                }
            }
        };
        let options = ReadOptions { limits, format, progress: Some(&mut watch) };
        let result = given.open().and_then(|source| work(source, options));
        (result, stopped)
    });
    if let Some(error) = stopped {
        return Err(error);
    }
    let result = match given {
        Given::Path(path) => result.map_err(|source| Error::File { path, source: Box::new(source) }),
        Given::Bytes(_) | Given::Read(_) => result,
    };
    result.map_err(raise)
}

/// Reads a whole recording.
pub(crate) fn read(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    format: Option<&str>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Recording> {
    let limits = ReadLimits { max_bytes: u64::MAX, ..ReadLimits::default() };
    with_source(py, source, format, progress, limits, battery::read_with)
}

/// Sums a recording up in constant memory.
pub(crate) fn summarise(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    format: Option<&str>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Summary> {
    with_source(py, source, format, progress, ReadLimits::UNLIMITED, battery::summarise_with)
}
