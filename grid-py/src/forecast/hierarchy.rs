//! Forecasts that add up.

use std::collections::BTreeMap;

use grid_core::forecast::{Hierarchy, LongForecasts, Method, quantile_name, quantile_of_name, reconcile};
use pyo3::{prelude::*, types::PyDict};

use crate::{
    columns::{self, Columns, Times, in_utc},
    error::{Error, no_choice, raise},
    table::{PyTable, Table},
};

/// Moves the forecasts of devices, members and their community so that in each slot the parts add up to the whole.
///
/// ``forecasts`` is a table as ``Forecaster.predict`` gives it, with a series for every node; ``parents`` says of each node
/// which one it is a part of, the whole being a part of ``None`` or left out. ``method`` is ``top_down`` (the whole stands, and is divided in
/// proportion to the forecasts of the parts), ``bottom_up`` (the parts stand) or ``min_t`` (all move, as far as their past
/// ``errors`` say: a table with a column for each node, actual minus forecast, the same times in the same rows).
///
/// Returns a table with the columns ``unique_id, ds, mean`` and the quantiles, which follow their mean.
///
/// >>> import grid_py as grid
/// >>> own = {"unique_id": ["all", "ana", "ben"], "ds": ["2026-01-01"] * 3, "mean": [12.0, 2.0, 6.0]}
/// >>> grid.reconcile_forecasts(own, {"ana": "all", "ben": "all"})["mean"].tolist()
/// [12.0, 3.0, 9.0]
#[pyfunction]
#[pyo3(signature = (forecasts, parents, method="top_down", *, errors=None))]
pub(crate) fn reconcile_forecasts(
    py: Python<'_>,
    forecasts: &Bound<'_, PyAny>,
    parents: &Bound<'_, PyDict>,
    method: &str,
    errors: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyTable> {
    let method = match (method, errors) {
        ("top_down", None) => Method::TopDown,
        ("bottom_up", None) => Method::BottomUp,
        ("min_t", Some(errors)) => Method::MinT { errors: by_node(errors)? },
        ("min_t", None) => {
            return Err(raise(Error::Needed { what: "`errors`", when: "the method is `min_t`" }));
        }
        ("top_down" | "bottom_up", Some(_)) => {
            return Err(raise(Error::Unwanted { what: "`errors`", when: "the method is not `min_t`" }));
        }
        (other, _) => return Err(no_choice("the method", "`top_down`, `bottom_up` or `min_t`", other)),
    };
    let hierarchy = Hierarchy::new(nodes(parents)?).map_err(raise)?;
    let (table, are_instants) = read(forecasts)?;
    let reconciled = py.detach(|| reconcile(&hierarchy, &table.forecasts(), &method)).map_err(raise)?;

    let rows = || reconciled.values().flat_map(|forecast| &forecast.points);
    let names =
        reconciled.iter().flat_map(|(name, forecast)| forecast.points.iter().map(move |_| Some(name)));
    let starts = rows().map(|point| point.start);
    let mut made = Table::new().texts("unique_id", names);
    made = if are_instants {
        let instants = starts.map(|at| Ok(in_utc(at)?.timestamp())).collect::<PyResult<Vec<_>>>()?;
        made.instants("ds", instants)
    } else {
        made.local_times("ds", starts)
    };
    made = made.floats("mean", rows().map(|point| point.mean));
    for (place, (level, _)) in table.quantiles.iter().enumerate() {
        let column = rows().map(|point| point.quantiles.get(place).copied().unwrap_or(f64::NAN));
        made = made.floats(&quantile_name(*level), column);
    }
    made.finish()
}

/// Each node and what it is a part of; a whole that is only named as such is a node too.
fn nodes(parents: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Option<String>)>> {
    let mut nodes: Vec<(String, Option<String>)> = Vec::with_capacity(parents.len() + 1);
    for (node, whole) in parents {
        nodes.push((node.str()?.extract()?, whole.extract()?));
    }
    let unnamed = nodes
        .iter()
        .filter_map(|(_, whole)| whole.clone())
        .find(|whole| nodes.iter().all(|(node, _)| node != whole));
    nodes.extend(unnamed.map(|whole| (whole, None)));
    Ok(nodes)
}

/// A table of forecasts, and whether its times are instants. In between, instants are written as times of UTC.
fn read(forecasts: &Bound<'_, PyAny>) -> PyResult<(LongForecasts, bool)> {
    let columns = Columns::of(forecasts)?;
    let means = columns.floats("mean")?;
    let (starts, are_instants) = match columns.times("ds")? {
        Times::Instants(instants) => {
            let utc = jiff::tz::TimeZone::UTC;
            (instants.into_iter().map(|at| utc.to_datetime(at)).collect(), true)
        }
        Times::Local(times) | Times::Numpy(times) => (times, false),
    };
    let names: Vec<String> = columns.texts("unique_id")?.into_iter().map(Option::unwrap_or_default).collect();
    let mut quantiles = Vec::new();
    for name in columns.names() {
        if let Some(level) = quantile_of_name(name) {
            let values = columns.floats(name)?;
            columns::same_length(name, means.len(), values.len())?;
            quantiles.push((level, values));
        }
    }
    quantiles.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    columns::same_length("ds", means.len(), starts.len())?;
    columns::same_length("unique_id", means.len(), names.len())?;
    Ok((LongForecasts { names, starts, means, quantiles }, are_instants))
}

/// A column of errors for each node.
fn by_node(errors: &Bound<'_, PyAny>) -> PyResult<BTreeMap<String, Vec<f64>>> {
    let columns = Columns::of(errors)?;
    columns.names().iter().map(|name| Ok((name.clone(), columns.floats(name)?))).collect()
}
