//! The tables that a forecaster takes.

use grid_core::{
    error::excerpt,
    forecast::{Error, History, Known, LongTable, Regressor},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use pyo3::prelude::*;

use super::settings::Settings;
use crate::{
    columns::{self, Amounts, Columns, Times, in_utc},
    error::{Error as BindingError, raise},
};

/// Which times came in, and so go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    Instants,
    Local,
}

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To learn from: there must be values.
    Learn,
    /// To go on from what was learnt: on its clock, and there may be values.
    GoOn(Clock),
    /// To know of the future, on that clock: values are not looked at.
    Foresee(Clock),
}

/// The name of the series of a table without names.
pub(crate) const ONLY: &str = "series";

/// The columns that are no regressors.
const KNOWN: [&str; 4] = ["unique_id", "ds", "y", "observed"];

fn is_regressor(name: &str) -> bool {
    !KNOWN.contains(&name)
}

/// Series by name, and the clock that they are on.
pub(crate) type Series = (Vec<(String, History)>, Clock);

/// Reads a table in long format.
pub(crate) fn series(data: &Bound<'_, PyAny>, settings: &Settings, purpose: Purpose) -> PyResult<Series> {
    let columns = Columns::of(data)?;
    let (instants, clock) = instants(columns.times("ds")?, purpose)?;
    if instants.is_empty() {
        return Err(raise(BindingError::NoRows));
    }
    let has_values = match purpose {
        Purpose::Learn => true,
        // Without values there must be something else that goes on.
        Purpose::GoOn(_) => columns.has("y") || !columns.names().iter().any(|name| is_regressor(name)),
        Purpose::Foresee(_) => false,
    };
    let values = if has_values { columns.floats("y")? } else { Vec::new() };
    if has_values {
        columns::same_length("y", instants.len(), values.len())?;
    }
    let observed = if has_values && columns.has("observed") {
        let marks = columns.floats("observed")?;
        columns::same_length("observed", instants.len(), marks.len())?;
        Some(marks.into_iter().map(|mark| mark >= 1.0).collect())
    } else {
        None
    };
    let names = if columns.has("unique_id") {
        columns.texts("unique_id")?.into_iter().map(Option::unwrap_or_default).collect()
    } else {
        vec![ONLY.to_owned(); instants.len()]
    };
    columns::same_length("unique_id", instants.len(), names.len())?;
    let regressors = regressors(&columns, settings, purpose, instants.len())?;
    let table = LongTable { names, instants, values, observed, regressors };
    let zone = if clock == Clock::Instants { settings.calendar.zone().clone() } else { TimeZone::UTC };
    let whole = |(name, history): (String, History)| {
        let history = history.with_holidays(settings.holidays.iter().copied());
        match settings.site.filter(|_| settings.model.takes_regressors()) {
            Some(site) => Ok((name, history.with_clear_sky(site, settings.calendar.zone())?)),
            None => Ok((name, history)),
        }
    };
    let histories = data.py().detach(|| {
        let histories = table.histories(&zone, settings.step_minutes)?;
        histories.into_iter().map(whole).collect::<Result<_, Error>>()
    });
    Ok((histories.map_err(raise)?, clock))
}

/// The columns that stand beside the values.
fn regressors(
    columns: &Columns<'_>,
    settings: &Settings,
    purpose: Purpose,
    rows: usize,
) -> PyResult<Vec<Regressor>> {
    if purpose == Purpose::Learn
        && let Some(name) = settings.past_regressors.iter().find(|name| !columns.has(name))
    {
        columns.floats(name)?;
    }
    let beside = columns.names().iter().filter(|name| is_regressor(name));
    let regressor = |name: &String| {
        if !settings.model.takes_regressors() {
            let model = settings.model.to_string();
            return Err(raise(BindingError::NoRegressors { name: excerpt(name), model }));
        }
        let Amounts::Numbers(values) = columns.amounts(name)? else {
            let (expected, got) = ("numbers, as every column beside `unique_id` and `ds`", "text".to_owned());
            return Err(raise(BindingError::WrongColumn { name: excerpt(name), expected, got }));
        };
        columns::same_length(name, rows, values.len())?;
        let known = if settings.past_regressors.contains(name) { Known::Observed } else { Known::Ahead };
        Ok(Regressor { name: name.clone(), values, known })
    };
    beside.map(regressor).collect()
}

/// The instants of a column of times, and which clock they are on.
fn instants(times: Times, purpose: Purpose) -> PyResult<(Vec<Timestamp>, Clock)> {
    let expected = match purpose {
        Purpose::Learn => None,
        Purpose::GoOn(clock) | Purpose::Foresee(clock) => Some(clock),
    };
    // On a clock that is never changed, local times are as good as instants.
    let as_instants = |times: Vec<DateTime>| {
        times.into_iter().map(|at| Ok(in_utc(at)?.timestamp())).collect::<PyResult<Vec<_>>>()
    };
    match (times, expected) {
        (Times::Instants(instants), None | Some(Clock::Instants)) => Ok((instants, Clock::Instants)),
        // NumPy's times cannot have a zone; beside instants they are those of UTC.
        (Times::Numpy(times), Some(Clock::Instants)) => Ok((as_instants(times)?, Clock::Instants)),
        (Times::Local(times) | Times::Numpy(times), None | Some(Clock::Local)) => {
            Ok((as_instants(times)?, Clock::Local))
        }
        _ => Err(raise(BindingError::MixedClocks { what: "`ds`" })),
    }
}

/// Origins on the local clock.
pub(crate) fn origins(
    origins: &Bound<'_, PyAny>,
    settings: &Settings,
    clock: Clock,
) -> PyResult<Vec<DateTime>> {
    let zone = settings.calendar.zone();
    match (columns::times(origins)?, clock) {
        (Times::Instants(instants), Clock::Instants) => {
            Ok(instants.into_iter().map(|at| zone.to_datetime(at)).collect())
        }
        (Times::Local(times) | Times::Numpy(times), Clock::Local) => Ok(times),
        (Times::Numpy(times), Clock::Instants) => {
            times.into_iter().map(|at| Ok(zone.to_datetime(in_utc(at)?.timestamp()))).collect()
        }
        _ => Err(raise(BindingError::MixedClocks { what: "origins" })),
    }
}
