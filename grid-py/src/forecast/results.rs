//! A table of forecasts that can draw itself.

use grid_core::{
    chart::{self, ForecastPoint},
    error::excerpt,
    forecast::{Forecast, History, slots_to_instants},
    time::Calendar,
};
use pyo3::prelude::*;

use crate::{
    chart::PyChart,
    chart_options::{drawn, options},
    error::{Error, raise},
    table::PyTable,
};

/// How many days of the past a chart shows.
const DAYS: u32 = 7;
/// How many series a notebook shows.
const SHOWN: usize = 3;

/// Forecasts as a table, which a notebook draws: the first three series, each with the week before it.
///
/// >>> import grid_py as grid, numpy as np
/// >>> hours = np.arange("2026-01-01", "2026-02-01", dtype="datetime64[h]")
/// >>> load = {"ds": hours, "y": 1.0 + np.arange(len(hours)) % 24 / 24}
/// >>> forecast = grid.Forecaster().fit(load).predict(24)
/// >>> len(forecast), forecast.chart(unit="kW").svg()[:4]
/// (24, '<svg')
#[pyclass(frozen, extends = PyTable, name = "ForecastTable", module = "grid_py")]
#[derive(Debug)]
pub(crate) struct PyForecastTable {
    series: Vec<Drawable>,
    calendar: Calendar,
}

/// What a chart of one series shows.
#[derive(Debug)]
pub(crate) struct Drawable {
    name: String,
    past: History,
    forecast: Forecast,
}

impl Drawable {
    /// A forecast, and the last days of the history before its end.
    pub(crate) fn new(name: &str, history: &History, forecast: &Forecast) -> Self {
        let past = history.before(history.end(), DAYS);
        Self { name: name.to_owned(), past, forecast: forecast.clone() }
    }
}

impl PyForecastTable {
    pub(crate) fn of(
        py: Python<'_>,
        table: PyTable,
        series: Vec<Drawable>,
        calendar: &Calendar,
    ) -> PyResult<Py<Self>> {
        let calendar = calendar.clone();
        Py::new(py, PyClassInitializer::from(table).add_subclass(Self { series, calendar }))
    }

    fn draw(&self, py: Python<'_>, drawable: &Drawable, options: &chart::Options) -> PyResult<PyChart> {
        let Drawable { past, forecast, .. } = drawable;
        let starts = (0..past.values().len()).filter_map(|slot| past.slot_start(slot));
        let history: Vec<_> = slots_to_instants(starts, self.calendar.zone())
            .map_err(raise)?
            .into_iter()
            .filter_map(|(at, slot)| Some((at, *past.values().get(slot)?)))
            .collect();
        let points = ForecastPoint::of_forecast(forecast, &self.calendar).map_err(raise)?;
        drawn(py, || chart::forecast(&history, &points, &self.calendar, options))
    }
}

#[pymethods]
impl PyForecastTable {
    /// Draws the forecast of one series (the first, where none is named) with its bands of 50 and 80 percent, after the last
    /// week that is known. Of a backtest it is the forecast from the last origin, over what came.
    #[pyo3(signature = (
        unique_id=None, *, unit="kWh", width=960, height=480, theme="auto", language="en", title=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn chart(
        &self,
        py: Python<'_>,
        unique_id: Option<&str>,
        unit: &str,
        width: u32,
        height: u32,
        theme: &str,
        language: &str,
        title: Option<String>,
    ) -> PyResult<PyChart> {
        let found = match unique_id {
            Some(name) => self.series.iter().find(|drawable| drawable.name == name),
            None => self.series.first(),
        };
        let unknown = || Error::UnknownSeries { name: excerpt(unique_id.unwrap_or_default()) };
        let drawable = found.ok_or_else(|| raise(unknown()))?;
        let title = title.or_else(|| (self.series.len() > 1).then(|| drawable.name.clone()));
        let mut options = options(width, height, theme, language, title)?;
        options.unit = Some(unit.to_owned());
        self.draw(py, drawable, &options)
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let mut html = String::new();
        for drawable in self.series.iter().take(SHOWN) {
            // Nobody said what the values are in.
            let options = chart::Options {
                title: Some(drawable.name.clone()),
                unit: Some(String::new()),
                ..chart::Options::default()
            };
            html.push_str("<figure>");
            html.push_str(self.draw(py, drawable, &options)?.0.svg());
            html.push_str("</figure>");
        }
        if let Some(more @ 1..) = self.series.len().checked_sub(SHOWN) {
            html.extend(["<p>and ", &more.to_string(), " more: <code>.chart(unique_id)</code></p>"]);
        }
        Ok(html)
    }
}
