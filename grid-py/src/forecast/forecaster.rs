//! A forecaster in the manner of scikit-learn.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use grid_core::{
    error::excerpt,
    forecast::{
        AnomalySearch, Error, Evidence, Fit, Fitted, Forecast, History, Predict, Protocol, Scores, Stoppable,
        Watch, evidence, for_each, judge, load_all, quantiles_of_levels, save_all,
    },
};
use jiff::civil::DateTime;
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};
use serde::{Deserialize, Serialize};

use super::{
    results::{Drawable, PyForecastTable},
    settings::{Settings, Written},
    table_in::{self, Clock, ONLY, Purpose},
    table_out::{self, Rows},
    waiting::followed,
};
use crate::{
    error::{Error as BindingError, raise},
    table::PyTable,
};

/// Forecasts one or many series, with quantiles, in the manner of scikit-learn.
///
/// ``model`` is ``auto`` (a weighted combination of the others), ``ridge``, ``trees``, ``elastic_net``, ``decomposition``, ``holt_winters``,
/// ``nearest_days``, ``weekday_mean``, ``drift``, ``profile``, ``seasonal_naive`` or ``seasonal_naive_week``; ``frequency`` is the
/// length of a slot, such as ``15min`` or ``1h``; ``time_zone`` is the zone whose clock people follow. ``holidays`` are
/// dates on which people behave as they do on holidays. ``latitude`` and ``longitude`` (in degrees, north and east positive) are those
/// of a panel: they add the generation under a clear sky to what is known ahead. ``past_regressors`` names columns
/// that are known only afterwards, as a measurement is.
///
/// It can be cloned by ``sklearn.base.clone``, pickled, and compared: two are equal where their parameters are.
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
    /// Behind a lock that is held only to take or to put: threads may share a forecaster.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The parameters as they were given: scikit-learn wants the very same objects back.
    given: Py<PyDict>,
    settings: Arc<Settings>,
    learnt: Option<Arc<Learnt>>,
}

/// What was learnt, and with which parameters.
#[derive(Debug)]
struct Learnt {
    settings: Arc<Settings>,
    clock: Clock,
    series: Vec<(String, Fitted)>,
}

/// What a file says before the models.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    settings: Written,
    instants: bool,
}

#[pymethods]
impl PyForecaster {
    #[new]
    #[pyo3(
        signature = (
            model=None, frequency=None, time_zone=None, *, holidays=None, latitude=None, longitude=None,
            past_regressors=None
        ),
        text_signature = "(model=\"auto\", frequency=\"1h\", time_zone=\"UTC\", *, holidays=None, latitude=None, longitude=None, past_regressors=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn new(
        py: Python<'_>,
        model: Option<Bound<'_, PyAny>>,
        frequency: Option<Bound<'_, PyAny>>,
        time_zone: Option<Bound<'_, PyAny>>,
        holidays: Option<Bound<'_, PyAny>>,
        latitude: Option<Bound<'_, PyAny>>,
        longitude: Option<Bound<'_, PyAny>>,
        past_regressors: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let given = PyDict::new(py);
        let or = |value: Option<Bound<'_, PyAny>>, default: &str| match value {
            Some(value) => Ok(value.unbind()),
            None => default.into_pyobject(py).map(|text| text.into_any().unbind()),
        };
        given.set_item("model", or(model, "auto")?)?;
        given.set_item("frequency", or(frequency, "1h")?)?;
        given.set_item("time_zone", or(time_zone, "UTC")?)?;
        given.set_item("holidays", holidays)?;
        given.set_item("latitude", latitude)?;
        given.set_item("longitude", longitude)?;
        given.set_item("past_regressors", past_regressors)?;
        Self::of(given, None)
    }

    /// The parameters by name, as they were given; ``deep`` makes no difference, since none is a forecaster itself.
    #[pyo3(signature = (deep=true))]
    fn get_params<'py>(&self, py: Python<'py>, deep: bool) -> PyResult<Bound<'py, PyDict>> {
        let _ = deep;
        self.given(py).copy()
    }

    /// Changes parameters by name. What was learnt stays as it was learnt, until the next ``fit``. Returns the forecaster.
    #[pyo3(signature = (**params))]
    fn set_params<'py>(
        slf: Bound<'py, Self>,
        params: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, Self>> {
        let given = slf.get().given(slf.py()).copy()?;
        if let Some(params) = params {
            given.update(params.as_mapping())?;
        }
        let settings = Settings::of(&given)?;
        let mut state = slf.get().lock();
        state.given = given.unbind();
        state.settings = Arc::new(settings);
        drop(state);
        Ok(slf)
    }

    /// Learns from a table with the columns ``ds`` (the start of each slot), ``y`` (NaN where missing) and, where it
    /// holds several series, ``unique_id``.
    ///
    /// Times without a zone are those of the local clock, and so are the forecast's; times with a zone are instants,
    /// and the forecast's are in UTC. A column ``observed`` (1 or 0) marks values that were filled in: they serve as
    /// yesterday's value and are never learnt from. All other columns are regressors, which must be numbers, and are known
    /// ahead unless ``past_regressors`` names them; rows behind the last ``y`` say what is known of the future. A model that
    /// takes no regressors refuses them.
    ///
    /// ``progress(done, total)`` is called from time to time, and stops the work by raising; so does Ctrl-C. Returns
    /// the forecaster.
    #[pyo3(signature = (data, progress=None))]
    fn fit<'py>(
        slf: Bound<'py, Self>,
        data: &Bound<'py, PyAny>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let settings = slf.get().settings();
        let (histories, clock) = table_in::series(data, &settings, Purpose::Learn)?;
        let learn = |watch: &Watch| {
            let model = Stoppable { model: &settings.model, watch };
            for_each(&histories, watch, |(name, history)| Ok((name.clone(), model.fit(history)?)))
        };
        let series = followed(slf.py(), progress, histories.len(), learn)?;
        let series = series.map_err(|failed| failure(&histories, failed))?;
        let learnt = Arc::new(Learnt { settings, clock, series });
        slf.get().lock().learnt = Some(learnt);
        Ok(slf)
    }

    /// Goes on from what was learnt with what came since: a table as for ``fit``, of the new rows or of all, where a
    /// value that was known already may be another now. What was learnt stays, and the forecast starts at the new end. A
    /// series that is not in the table stays as it was. Returns the forecaster.
    fn update<'py>(slf: Bound<'py, Self>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let learnt = slf.get().learnt()?;
        let later = table_in::series(data, &learnt.settings, Purpose::GoOn(learnt.clock))?.0;
        let later = learnt.named(later)?;
        let go_on = |(name, fitted): &(String, Fitted)| {
            let mut fitted = fitted.clone();
            if let Some(later) = later.get(name) {
                fitted.update(&fitted.history().extended_by(later)?)?;
            }
            Ok((name.clone(), fitted))
        };
        let series = learnt.each(slf.py(), go_on)?;
        let Learnt { settings, clock, .. } = &*learnt;
        let learnt = Arc::new(Learnt { settings: settings.clone(), clock: *clock, series });
        slf.get().lock().learnt = Some(learnt);
        Ok(slf)
    }

    /// Forecasts the ``horizon`` slots after the end of each series.
    ///
    /// ``regressors`` is a table with ``unique_id, ds`` and what is known of those slots, where the table that was
    /// learnt from did not say it. Returns a table with the columns ``unique_id, ds, mean`` and one per quantile: a level of
    /// 80 percent is bounded by ``q10`` and ``q90``, one of 95 percent by ``q025`` and ``q975``; the median ``q50`` is
    /// always there.
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
    ) -> PyResult<Py<PyForecastTable>> {
        let learnt = self.learnt()?;
        let quantiles = quantiles_of_levels(&levels).map_err(raise)?;
        let predict = |name: &str, fitted: &Fitted| {
            let forecast = fitted.predict(horizon, &quantiles)?;
            Ok((forecast.clone(), Drawable::new(name, fitted.history(), &forecast)))
        };
        let made = learnt.ahead(py, horizon, regressors, predict)?;
        let calendar = &learnt.settings.calendar;
        let mut rows = Rows::new(&quantiles, learnt.clock, calendar.zone());
        for (name, (forecast, _)) in &made {
            rows.extend(name, None, forecast)?;
        }
        let drawables = made.into_iter().map(|(_, (_, drawable))| drawable).collect();
        PyForecastTable::of(py, rows.table()?, drawables, calendar)
    }

    /// Draws ``count`` whole paths of the ``horizon`` slots after the end of each series: values that follow the
    /// forecast's quantiles, and hang together from slot to slot as past errors did, for what depends on a whole day, as a
    /// battery's plan or the day's highest hour does.
    ///
    /// Returns a table with the columns ``unique_id, path, ds, value``, since series may end at different times and a day may
    /// lack an hour; paths count from 0. The same ``seed`` gives the same paths, and paths of one number belong together
    /// over series that are known without a gap. ``regressors`` is as for ``predict``.
    ///
    /// >>> import grid_py as grid, numpy as np
    /// >>> hours = np.arange("2026-01-01", "2026-03-01", dtype="datetime64[h]")
    /// >>> load = {"ds": hours, "y": np.random.default_rng(1).random(len(hours))}
    /// >>> paths = grid.Forecaster("seasonal_naive").fit(load).sample(24, count=100, seed=7)
    /// >>> paths["value"].reshape(100, 24).sum(axis=1).shape
    /// (100,)
    #[pyo3(signature = (horizon, count=100, seed=0, regressors=None))]
    fn sample(
        &self,
        py: Python<'_>,
        horizon: usize,
        count: usize,
        seed: u64,
        regressors: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyTable> {
        let learnt = self.learnt()?;
        let sample = |_: &str, fitted: &Fitted| {
            let paths = fitted.sample(horizon, count, seed)?;
            Ok((slots(fitted, horizon), paths))
        };
        let made = learnt.ahead(py, horizon, regressors, sample)?;
        let made: Vec<_> = made.into_iter().map(|(name, (starts, paths))| (name, starts, paths)).collect();
        table_out::paths(&made, learnt.clock, learnt.settings.calendar.zone())
    }

    /// Says why the first slots are expected to be as they are, one day at most.
    ///
    /// Returns a table with the columns ``unique_id, ds, group, amount``: ``average`` is what the slot was on average,
    /// and the other groups what moves the mean away from it. The amounts of a slot add up to its mean, before it is kept
    /// from falling below zero. ``regressors`` is as for ``predict``.
    #[pyo3(signature = (horizon, regressors=None))]
    fn explain(
        &self,
        py: Python<'_>,
        horizon: usize,
        regressors: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyTable> {
        let learnt = self.learnt()?;
        let explain = |_: &str, fitted: &Fitted| {
            let why = fitted.explain(horizon)?;
            Ok((slots(fitted, horizon), why))
        };
        let made = learnt.ahead(py, horizon, regressors, explain)?;
        let made: Vec<_> = made.into_iter().map(|(name, (starts, why))| (name, starts, why)).collect();
        table_out::contributions(&made, learnt.clock, learnt.settings.calendar.zone())
    }

    /// The models that the forecast of each series is made by, with their weights, as a table with the columns
    /// ``unique_id, model, weight``.
    fn members(&self) -> PyResult<PyTable> {
        table_out::members(&self.learnt()?.series)
    }

    /// Finds what is not as it should be in readings that came after what was learnt from: a table as for ``fit``.
    ///
    /// Readings far outside of their interval of ``level`` percent (``above``, ``below``): how far is far is learnt from the last 68
    /// days before, so that about ``false_alarms_per_year`` readings a year are named that are in order; changes
    /// of the load that is always there (``standby_change``); and, where the forecaster knows its place, a panel that gives nothing although the
    /// sky lets it (``panel_silent``).
    ///
    /// Returns a table with the columns ``unique_id, kind, start, end, expected, observed, severity``.
    #[pyo3(signature = (data, level=80, false_alarms_per_year=12.0))]
    fn anomalies(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        level: u8,
        false_alarms_per_year: f64,
    ) -> PyResult<PyTable> {
        let learnt = self.learnt()?;
        let settings = &learnt.settings;
        let later = table_in::series(data, settings, Purpose::GoOn(learnt.clock))?.0;
        let later = learnt.named(later)?;
        let zone = settings.calendar.zone().clone();
        let search = AnomalySearch { level, false_alarms_per_year, panel: settings.site, zone };
        let look = |(name, fitted): &(String, Fitted)| {
            let found = match later.get(name) {
                Some(later) => search.run(&settings.model, fitted, later)?,
                None => Vec::new(),
            };
            Ok((name.clone(), found))
        };
        table_out::anomalies(&learnt.each(py, look)?, learnt.clock, settings.calendar.zone())
    }

    /// Asks how good the model would have been in the last days of what was learnt from: forecasts each of the last
    /// seven days with at most 400 days before it, as the HTTP API does beside every forecast.
    ///
    /// Returns a table with a row per series: ``unique_id, mae, mase, wql, coverage_50, coverage_80, origins, scored``. A
    /// score that says nothing is NaN, as ``mase`` is where every day was as the one before; a series that is too short
    /// has ``origins`` 0.
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
        let model = &learnt.settings.model;
        let judge = |(name, fitted): &(String, Fitted)| {
            Ok((name.clone(), evidence(model, fitted.history(), &quantiles)?))
        };
        let judged: Vec<(String, Option<Evidence>)> = learnt.each(py, judge)?;
        table_out::evidence(&judged, &levels)
    }

    /// Asks how good the forecasts would have been: forecasts ``horizon`` slots from each of ``origins`` with nothing
    /// but what was known ``issued_before`` slots before it, at most ``at_most_days`` days of that, and scores what was
    /// observed.
    ///
    /// ``data`` is as for ``fit``, ``origins`` are starts of slots, local or with a zone as ``ds`` is. Returns
    /// ``Backtest(scores, forecasts, by_lead_time)``: ``scores`` has a row per series with ``unique_id, mae`` (in the unit of ``y``),
    /// ``mase, wql, coverage_50, coverage_80`` (from 0 to 1), ``rmse, wape, crps, skill`` (against yesterday's values),
    /// ``origins, scored``; ``forecasts`` has ``unique_id, origin, ds, mean`` and the quantiles; ``by_lead_time`` has the errors
    /// of the median by how far a slot lies ahead. ``progress`` is as for ``fit``.
    #[pyo3(
        signature = (data, origins, horizon, levels=vec![50, 80], at_most_days=400, issued_before=0, progress=None),
        text_signature = "($self, data, origins, horizon, levels=(50, 80), at_most_days=400, issued_before=0, progress=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn backtest<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        origins: &Bound<'py, PyAny>,
        horizon: usize,
        levels: Vec<u8>,
        at_most_days: u32,
        issued_before: usize,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let settings = self.settings();
        let (histories, clock) = table_in::series(data, &settings, Purpose::Learn)?;
        let origins = table_in::origins(origins, &settings, clock)?;
        let quantiles = quantiles_of_levels(&levels).map_err(raise)?;
        let protocol = Protocol { horizon, issued_before, quantiles: quantiles.clone(), at_most_days };
        let work = |watch: &Watch| {
            let model = Stoppable { model: &settings.model, watch };
            for_each(&histories, watch, |(name, history)| {
                let (scores, forecasts) = judge(&model, history, &origins, &protocol)?;
                Ok((name.clone(), scores, forecasts))
            })
        };
        let reports: Vec<(String, Scores, Vec<Forecast>)> =
            followed(py, progress, histories.len() * origins.len(), work)?
                .map_err(|failed| failure(&histories, failed))?;

        let mut rows = Rows::new(&quantiles, clock, settings.calendar.zone());
        let mut drawables = Vec::new();
        for ((name, _, forecasts), (_, history)) in reports.iter().zip(&histories) {
            for (origin, forecast) in origins.iter().zip(forecasts) {
                rows.extend(name, Some(*origin), forecast)?;
            }
            drawables.extend(forecasts.last().map(|last| {
                let end = last.points.last().map_or(history.end(), |point| point.start.min(history.end()));
                Drawable::new(name, &history.before(end, u32::MAX), last)
            }));
        }
        let forecasts = PyForecastTable::of(py, rows.table()?, drawables, &settings.calendar)?;
        let judged: Vec<_> = reports.into_iter().map(|(name, scores, _)| (name, scores)).collect();
        let class = py.import(intern!(py, "grid_py.results"))?.getattr(intern!(py, "Backtest"))?;
        class.call1((table_out::scores(&judged, &levels)?, forecasts, table_out::lead_times(&judged)?))
    }

    /// Writes the forecaster and what it has learnt to a file, as lines of JSON, for this version and later ones.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let learnt = self.learnt()?;
        let file = py.detach(|| File::create(path))?;
        py.detach(|| learnt.write(BufWriter::new(file))).map_err(raise)
    }

    /// Reads a forecaster that ``save`` wrote.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let file = py.detach(|| File::open(path))?;
        let (given, learnt) = Learnt::read(py, BufReader::new(file))?;
        Self::of(given, Some(learnt))
    }

    fn __reduce__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, PyTuple>> {
        let py = slf.py();
        let learnt = slf.get().lock().learnt.clone();
        let mut saved = Vec::new();
        if let Some(learnt) = learnt {
            py.detach(|| learnt.write(&mut saved)).map_err(raise)?;
        }
        let state = (slf.get().given(py), PyBytes::new(py, &saved));
        (slf.get_type(), PyTuple::empty(py), state).into_pyobject(py)
    }

    fn __setstate__(&self, py: Python<'_>, state: (Bound<'_, PyDict>, Vec<u8>)) -> PyResult<()> {
        let (given, saved) = state;
        let settings = Arc::new(Settings::of(&given)?);
        let learnt = match saved.as_slice() {
            [] => None,
            saved => Some(Arc::new(Learnt::read(py, saved)?.1)),
        };
        *self.lock() = State { given: given.unbind(), settings, learnt };
        Ok(())
    }

    fn __eq__(&self, other: &Self) -> bool {
        *self.settings() == *other.settings()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut parameters = Vec::new();
        for (name, value) in self.given(py) {
            if !value.is_none() {
                parameters.push(format!("{name}={}", value.repr()?));
            }
        }
        Ok(format!("Forecaster({})", parameters.join(", ")))
    }
}

impl PyForecaster {
    fn of(given: Bound<'_, PyDict>, learnt: Option<Learnt>) -> PyResult<Self> {
        let settings = Arc::new(Settings::of(&given)?);
        let state = State { given: given.unbind(), settings, learnt: learnt.map(Arc::new) };
        Ok(Self { state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn given<'py>(&self, py: Python<'py>) -> Bound<'py, PyDict> {
        self.lock().given.bind(py).clone()
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.lock().settings)
    }

    /// What was learnt, if anything was.
    fn learnt(&self) -> PyResult<Arc<Learnt>> {
        self.lock().learnt.clone().ok_or_else(|| raise(BindingError::NotFitted))
    }
}

impl Learnt {
    /// Does the same with each series, on all cores.
    fn each<R: Send>(
        &self,
        py: Python<'_>,
        work: impl Fn(&(String, Fitted)) -> Result<R, Error> + Send + Sync,
    ) -> PyResult<Vec<R>> {
        let series = &self.series;
        let done = followed(py, None, series.len(), |watch| for_each(series, watch, work))?;
        done.map_err(|failed| failure(series, failed))
    }

    /// The same as [`Learnt::each`] where all that is known ahead is known for `horizon` slots, with what a table says of them.
    fn ahead<R: Send>(
        &self,
        py: Python<'_>,
        horizon: usize,
        regressors: Option<&Bound<'_, PyAny>>,
        work: impl Fn(&str, &Fitted) -> Result<R, Error> + Send + Sync,
    ) -> PyResult<Vec<(String, R)>> {
        let later = match regressors {
            Some(table) => {
                self.named(table_in::series(table, &self.settings, Purpose::Foresee(self.clock))?.0)?
            }
            None => BTreeMap::new(),
        };
        let zone = self.settings.calendar.zone();
        self.each(py, |(name, fitted)| {
            let result = match fitted.knowing(later.get(name), horizon, zone)? {
                Some(fitted) => work(name, &fitted)?,
                None => work(name, fitted)?,
            };
            Ok((name.clone(), result))
        })
    }

    /// The series of a table by the names that were learnt; a table without names is of the only one.
    fn named(&self, later: Vec<(String, History)>) -> PyResult<BTreeMap<String, History>> {
        let only = match self.series.as_slice() {
            [(name, _)] => Some(name),
            _ => None,
        };
        let known: BTreeSet<&str> = self.series.iter().map(|(name, _)| name.as_str()).collect();
        let named = |(name, history): (String, History)| match only {
            _ if known.contains(name.as_str()) => Ok((name, history)),
            Some(only) if name == ONLY => Ok((only.clone(), history)),
            _ => Err(raise(BindingError::UnknownSeries { name: excerpt(&name) })),
        };
        later.into_iter().map(named).collect()
    }

    fn write(&self, into: impl Write) -> Result<(), Error> {
        let description =
            Description { settings: self.settings.written(), instants: self.clock == Clock::Instants };
        save_all(&description, &self.series, into)
    }

    /// What was learnt, and the parameters as Python would have given them.
    fn read(py: Python<'_>, from: impl BufRead + Send) -> PyResult<(Bound<'_, PyDict>, Self)> {
        let (Description { settings, instants }, series) = py.detach(|| load_all(from)).map_err(raise)?;
        let given = settings.given(py)?;
        let settings = Arc::new(Settings::of(&given)?);
        let clock = if instants { Clock::Instants } else { Clock::Local };
        Ok((given, Self { settings, clock, series }))
    }
}

/// The starts of the slots that a forecast is of.
fn slots(fitted: &Fitted, horizon: usize) -> Vec<DateTime> {
    let history = fitted.history();
    let end = history.values().len();
    (end..end + horizon).filter_map(|slot| history.slot_start(slot)).collect()
}

/// What is raised where the work on one of several series failed.
fn failure<T>(series: &[(String, T)], (place, source): (usize, Error)) -> PyErr {
    match series.get(place) {
        Some((name, _)) if name != ONLY => raise(BindingError::Series { name: excerpt(name), source }),
        _ => raise(source),
    }
}
