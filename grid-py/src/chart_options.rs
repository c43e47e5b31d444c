//! What every chart takes beside what it draws: its size, theme, language and title.

use grid_core::chart::{Error, Options, Svg};
use pyo3::prelude::*;

use crate::{chart::PyChart, error::raise};

/// Defines a function of Python that draws a chart.
///
/// The parameters of its own come with their part of Python's signature; those of every chart, which follow as keyword
/// arguments, reach it as the [`Options`] after `with`.
macro_rules! chart_function {
    (
        $(#[doc = $documentation:tt])*
        #[signature($($signature:tt)*)]
        fn $name:ident($($parameters:tt)*) with $options:ident $draw:block
    ) => {
        $(#[doc = $documentation])*
        #[pyo3::pyfunction]
        #[pyo3(signature = (
            $($signature)* width=960, height=480, theme="auto", language="en", title=None
        ))]
        #[allow(clippy::too_many_arguments, reason = "Python's keyword arguments")]
        pub(crate) fn $name(
            $($parameters)*
            width: u32,
            height: u32,
            theme: &str,
            language: &str,
            title: Option<String>,
        ) -> pyo3::PyResult<$crate::chart::PyChart> {
            let $options = $crate::chart_options::options(width, height, theme, language, title)?;
            $draw
        }
    };
}

pub(crate) use chart_function;

pub(crate) fn options(
    width: u32,
    height: u32,
    theme: &str,
    language: &str,
    title: Option<String>,
) -> PyResult<Options> {
    let (theme, language) = (theme.parse().map_err(raise)?, language.parse().map_err(raise)?);
    Ok(Options { width, height, theme, language, title, unit: None })
}

/// Draws while other threads run.
pub(crate) fn drawn(py: Python<'_>, draw: impl FnOnce() -> Result<Svg, Error> + Send) -> PyResult<PyChart> {
    py.detach(draw).map(PyChart).map_err(raise)
}
