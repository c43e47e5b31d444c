//! Forecasts of many series at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use grid_core::{
    error::excerpt,
    forecast::{
        Backtest, Error, Evidence, Fit, Fitted, Forecast, History, Model, Predict, backtest, evidence,
        quantile_name, quantiles_of_levels,
    },
    time::Calendar,
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use pyo3::{intern, prelude::*};

use crate::{
    columns::{self, Columns, Times, in_utc},
    error::{Error as BindingError, raise},
    table::{PyTable, Table},
    time,
};

/// Forecasts one or many series, with quantiles.
///
/// ``model`` is ``auto``, ``ridge``, ``seasonal_naive`` or ``seasonal_naive_week``; ``frequency`` is the length of a slot,
/// such as ``15min`` or ``1h``; ``time_zone`` is the zone whose clock people follow.
///
/// >>> import grid_py as grid, numpy as np
/// >>> hours = np.arange("2026-01-01", "2026-03-01", dtype="datetime64[h]")
/// >>> load = {"ds": hours, "y": 1.0 + np.arange(len(hours)) % 24 / 24}
/// >>> forecast = grid.Forecaster(frequency="1h").fit(load).predict(24, levels=[50, 80])
/// >>> forecast.columns
/// ['unique_id', 'ds', 'mean', 'q10', 'q25', 'q50', 'q75', 'q90']
#[pyclass(frozen, name = "Forecaster", module = "grid_py")]
#[derive(Debug)]
pub(crate) struct PyForecaster {
    model: Model,
    step_minutes: u32,
    calendar: Calendar,
    /// Behind a lock that is held only to take or to put: threads may share a forecaster.
    fitted: Mutex<Option<Arc<Learnt>>>,
}

#[derive(Debug)]
struct Learnt {
    series: Vec<(String, History, Fitted)>,
    clock: Clock,
}

/// Which times came in, and so go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    Instants,
    Local,
}

#[pymethods]
impl PyForecaster {
    #[new]
    #[pyo3(signature = (model="auto", frequency="1h", time_zone="UTC"))]
    fn new(model: &str, frequency: &str, time_zone: &str) -> PyResult<Self> {
        const DAY_SECONDS: u32 = 86_400;
        Ok(Self {
            model: model.parse().map_err(raise)?,
            // Longer slots than seconds can say are refused by the core, which names the limits.
            step_minutes: time::resolution(frequency)?.fixed_seconds().unwrap_or(DAY_SECONDS) / 60,
            calendar: time::calendar(time_zone)?,
            fitted: Mutex::new(None),
        })
    }

    /// Learns from a table with the columns ``ds`` (the start of each slot), ``y`` (NaN where missing) and, where it
    /// holds several series, ``unique_id``.
    ///
    /// Times without a zone are those of the local clock, and so are the forecast's; times with a zone are instants,
    /// and the forecast's are in UTC. A column ``observed`` (1 or 0) marks values that were filled in: they serve as
    /// yesterday's value and are never learnt from. Other columns are refused: regressors are not taken yet. Returns
    /// the forecaster.
    fn fit<'py>(slf: Bound<'py, Self>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let this = slf.get();
        let (histories, clock) = this.histories(data)?;
        let learn = |(name, history): (String, History)| {
            let fitted = this.model.fit(&history)?;
            Ok((name, history, fitted))
        };
        let series = slf
            .py()
            .detach(|| histories.into_iter().map(learn).collect::<Result<_, Error>>())
            .map_err(raise)?;
        *this.fitted.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Arc::new(Learnt { series, clock }));
        Ok(slf)
    }

    /// Forecasts the ``horizon`` slots after the end of each series.
    ///
    /// Returns a table with the columns ``unique_id, ds, mean`` and one per quantile: a level of 80 percent is bounded
    /// by ``q10`` and ``q90``, one of 95 percent by ``q025`` and ``q975``; the median ``q50`` is always there.
    #[pyo3(
        signature = (horizon, levels=vec![50, 80], regressors=None),
        text_signature = "($self, horizon, levels=(50, 80), regressors=None)"
    )]
    fn predict(
        &self,
        py: Python<'_>,
        horizon: usize,
        levels: Vec<u8>,
        regressors: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyTable> {
        if regressors.is_some() {
            return Err(raise(BindingError::NoRegressors { name: "regressors".to_owned() }));
        }
        let learnt = self.learnt()?;
        let quantiles = quantiles_of_levels(&levels).map_err(raise)?;
        let predict = |(name, _, fitted): &(String, _, Fitted)| {
            Ok((name.clone(), fitted.predict(horizon, &quantiles)?))
        };
        let forecasts: Vec<(String, Forecast)> =
            py.detach(|| learnt.series.iter().map(predict).collect::<Result<_, Error>>()).map_err(raise)?;
        let mut rows = Rows::new(&quantiles);
        for (name, forecast) in &forecasts {
            rows.extend(name, None, forecast, learnt.clock, self.calendar.zone())?;
        }
        rows.table(learnt.clock)
    }

    /// Asks how good the model would have been in the last days of what was learnt from: forecasts each of the last
    /// seven days with at most 400 days before it, as the HTTP API does beside every forecast.
    ///
    /// Returns a table with a row per series, as the ``scores`` of ``backtest``. A score that says nothing is NaN, as
    /// ``mase`` is where every day was as the one before; a series that is too short has ``origins`` 0.
    ///
    /// >>> import grid_py as grid, numpy as np
    /// >>> hours = np.arange("2026-01-01", "2026-01-11", dtype="datetime64[h]")
    /// >>> grows = {"ds": hours, "y": np.arange(len(hours)) // 24 * 1.0}
    /// >>> evidence = grid.Forecaster("seasonal_naive").fit(grows).evidence()
    /// >>> evidence["mase"].tolist(), evidence["origins"].tolist()
    /// ([1.0], [7])
    #[pyo3(signature = (levels=vec![50, 80]), text_signature = "($self, levels=(50, 80))")]
    fn evidence(&self, py: Python<'_>, levels: Vec<u8>) -> PyResult<PyTable> {
        let learnt = self.learnt()?;
        let quantiles = quantiles_of_levels(&levels).map_err(raise)?;
        let judge = |(name, history, _): &(String, History, _)| {
            Ok((name.clone(), evidence(&self.model, history, &quantiles)?))
        };
        let judged: Vec<(String, Option<Evidence>)> =
            py.detach(|| learnt.series.iter().map(judge).collect::<Result<_, Error>>()).map_err(raise)?;
        scores(&judged, &levels)
    }

    /// Asks how good the forecasts would have been: forecasts ``horizon`` slots from each of ``origins`` with nothing
    /// but what was known then, at most ``at_most_days`` days of it, and scores what was observed.
    ///
    /// ``origins`` are starts of slots, local or with a zone as ``ds`` is. Returns ``Backtest(scores, forecasts)``:
    /// ``scores`` has a row per series with ``unique_id, mae`` (in the unit of ``y``), ``mase, wql, coverage_50,
    /// coverage_80`` (from 0 to 1), ``origins, scored``; ``forecasts`` has ``unique_id, origin, ds, mean`` and the
    /// quantiles.
    #[pyo3(
        signature = (data, origins, horizon, levels=vec![50, 80], at_most_days=400),
        text_signature = "($self, data, origins, horizon, levels=(50, 80), at_most_days=400)"
    )]
    fn backtest<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        origins: &Bound<'py, PyAny>,
        horizon: usize,
        levels: Vec<u8>,
        at_most_days: u32,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (histories, clock) = self.histories(data)?;
        let origins = self.origins(origins, clock)?;
        let quantiles = quantiles_of_levels(&levels).map_err(raise)?;
        let judge = |(name, history): (String, History)| {
            Ok((name, backtest(&self.model, &history, &origins, horizon, &quantiles, at_most_days)?))
        };
        let reports: Vec<(String, Backtest)> =
            py.detach(|| histories.into_iter().map(judge).collect::<Result<_, Error>>()).map_err(raise)?;
        let mut rows = Rows::new(&quantiles);
        for (name, report) in &reports {
            for (origin, forecast) in origins.iter().zip(&report.forecasts) {
                rows.extend(name, Some(*origin), forecast, clock, self.calendar.zone())?;
            }
        }
        let class = py.import(intern!(py, "grid_py.results"))?.getattr(intern!(py, "Backtest"))?;
        let judged: Vec<_> =
            reports.iter().map(|(name, report)| (name.clone(), Some(Evidence::from(report)))).collect();
        class.call1((scores(&judged, &levels)?, rows.table(clock)?))
    }

    fn __repr__(&self) -> String {
        let zone = self.calendar.name();
        format!(
            "Forecaster(model=\"{}\", frequency=\"{}min\", time_zone=\"{zone}\")",
            self.model, self.step_minutes
        )
    }
}

impl PyForecaster {
    /// What was learnt, if anything was.
    fn learnt(&self) -> PyResult<Arc<Learnt>> {
        let fitted = self.fitted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        fitted.ok_or_else(|| raise(BindingError::NotFitted))
    }

    /// The histories of a table, by the name of the series.
    fn histories(&self, data: &Bound<'_, PyAny>) -> PyResult<(Vec<(String, History)>, Clock)> {
        let columns = Columns::of(data)?;
        if let Some(name) = columns.names().iter().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(raise(BindingError::NoRegressors { name: excerpt(name) }));
        }
        let values = columns.floats("y")?;
        if values.is_empty() {
            return Err(raise(BindingError::NoRows));
        }
        let (instants, clock) = match columns.times("ds")? {
            Times::Instants(instants) => (instants, Clock::Instants),
            // On a clock that is never changed, local times are as good as instants.
            Times::Local(times) | Times::Numpy(times) => (
                times.into_iter().map(|at| Ok(in_utc(at)?.timestamp())).collect::<PyResult<_>>()?,
                Clock::Local,
            ),
        };
        let names = if columns.has("unique_id") {
            columns.texts("unique_id")?.into_iter().map(Option::unwrap_or_default).collect()
        } else {
            vec![ONLY.to_owned(); values.len()]
        };
        let observed = columns.has("observed").then(|| columns.floats("observed")).transpose()?;
        columns::same_length("ds", values.len(), instants.len())?;
        columns::same_length("unique_id", values.len(), names.len())?;
        columns::same_length("observed", values.len(), observed.as_ref().map_or(values.len(), Vec::len))?;

        let mut series: BTreeMap<String, Points> = BTreeMap::new();
        let marks = observed.unwrap_or_else(|| vec![1.0; values.len()]);
        for (((name, at), value), mark) in names.into_iter().zip(instants).zip(values).zip(marks) {
            series.entry(name).or_default().push((at, value, mark));
        }
        let zone = if clock == Clock::Instants { self.calendar.zone().clone() } else { TimeZone::UTC };
        let history = |(name, points): (String, Points)| {
            let of = |part: fn(&(Timestamp, f64, f64)) -> f64| {
                History::from_instants(
                    points.iter().map(|point| (point.0, Some(part(point)))),
                    &zone,
                    self.step_minutes,
                )
            };
            let marks = of(|point| point.2)?;
            let observed = marks.values().iter().map(|&mark| mark >= 1.0).collect();
            Ok((name, of(|point| point.1)?.with_observed(observed)?))
        };
        let histories = series.into_iter().map(history).collect::<Result<_, Error>>().map_err(raise)?;
        Ok((histories, clock))
    }

    /// The origins on the local clock.
    fn origins(&self, origins: &Bound<'_, PyAny>, clock: Clock) -> PyResult<Vec<DateTime>> {
        match (columns::times(origins)?, clock) {
            (Times::Instants(instants), Clock::Instants) => {
                Ok(instants.into_iter().map(|at| self.calendar.zone().to_datetime(at)).collect())
            }
            (Times::Local(times) | Times::Numpy(times), Clock::Local) => Ok(times),
            (Times::Numpy(times), Clock::Instants) => times
                .into_iter()
                .map(|at| Ok(self.calendar.zone().to_datetime(in_utc(at)?.timestamp())))
                .collect(),
            _ => Err(raise(BindingError::MixedClocks)),
        }
    }
}

type Points = Vec<(Timestamp, f64, f64)>;

/// The columns that a table of series may have.
const KNOWN: [&str; 4] = ["unique_id", "ds", "y", "observed"];

/// The name of the series of a table without names.
const ONLY: &str = "series";

fn scores(judged: &[(String, Option<Evidence>)], levels: &[u8]) -> PyResult<PyTable> {
    let score = |of: fn(&Evidence) -> Option<f64>| {
        judged.iter().map(move |(_, evidence)| evidence.as_ref().and_then(of).unwrap_or(f64::NAN))
    };
    let count = |of: fn(&Evidence) -> usize| {
        let count = move |evidence: &Option<Evidence>| evidence.as_ref().map_or(0, of);
        judged.iter().map(move |(_, evidence)| i64::try_from(count(evidence)).unwrap_or(i64::MAX))
    };
    let mut table = Table::new()
        .texts("unique_id", judged.iter().map(|(name, _)| Some(name)))
        .floats("mae", score(|evidence| evidence.mae))
        .floats("mase", score(|evidence| evidence.mase))
        .floats("wql", score(|evidence| evidence.wql));
    for level in levels.iter().copied().collect::<BTreeSet<u8>>() {
        let covered = |(_, evidence): &(String, Option<Evidence>)| {
            evidence.as_ref()?.coverage.iter().find(|covered| covered.level == level)?.share
        };
        table = table.optional_floats(&format!("coverage_{level}"), judged.iter().map(covered));
    }
    table
        .integers("origins", count(|evidence| evidence.origins))
        .integers("scored", count(|evidence| evidence.scored))
        .finish()
}

/// The rows of a table of forecasts.
struct Rows<'a> {
    levels: &'a [f64],
    names: Vec<String>,
    origins: Vec<DateTime>,
    instants: Vec<Timestamp>,
    times: Vec<DateTime>,
    means: Vec<f64>,
    quantiles: Vec<Vec<f64>>,
}

impl<'a> Rows<'a> {
    fn new(levels: &'a [f64]) -> Self {
        Self {
            levels,
            names: Vec::new(),
            origins: Vec::new(),
            instants: Vec::new(),
            times: Vec::new(),
            means: Vec::new(),
            quantiles: vec![Vec::new(); levels.len()],
        }
    }

    fn extend(
        &mut self,
        name: &str,
        origin: Option<DateTime>,
        forecast: &Forecast,
        clock: Clock,
        zone: &TimeZone,
    ) -> PyResult<()> {
        match clock {
            Clock::Instants => {
                for point in forecast.local_to_instants(zone).map_err(raise)? {
                    self.instants.push(point.start);
                    self.push(name, origin, point.mean, &point.quantiles);
                }
            }
            Clock::Local => {
                for point in &forecast.points {
                    self.times.push(point.start);
                    self.push(name, origin, point.mean, &point.quantiles);
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, name: &str, origin: Option<DateTime>, mean: f64, quantiles: &[f64]) {
        self.names.push(name.to_owned());
        self.origins.extend(origin);
        self.means.push(mean);
        for (column, value) in self.quantiles.iter_mut().zip(quantiles) {
            column.push(*value);
        }
    }

    fn table(self, clock: Clock) -> PyResult<PyTable> {
        let mut table = Table::new().texts("unique_id", self.names.iter().map(Some));
        if !self.origins.is_empty() {
            table = table.local_times("origin", self.origins);
        }
        table = match clock {
            Clock::Instants => table.instants("ds", self.instants),
            Clock::Local => table.local_times("ds", self.times),
        };
        table = table.floats("mean", self.means);
        for (level, values) in self.levels.iter().zip(self.quantiles) {
            table = table.floats(&quantile_name(*level), values);
        }
        table.finish()
    }
}
