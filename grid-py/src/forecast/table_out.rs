//! The tables that a forecaster gives.

use std::collections::BTreeSet;

use grid_core::forecast::{
    Anomaly, Evidence, Explanation, Fitted, Forecast, Scores, metrics::LeadTime, quantile_name,
    slots_to_instants,
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use pyo3::prelude::*;

use super::table_in::Clock;
use crate::{
    error::raise,
    table::{PyTable, Table},
};

/// The first columns of a table of slots: which series, and when, on the clock on which the series came.
pub(crate) struct Slots<'a> {
    clock: Clock,
    zone: &'a TimeZone,
    names: Vec<String>,
    instants: Vec<Timestamp>,
    times: Vec<DateTime>,
}

impl<'a> Slots<'a> {
    pub(crate) const fn new(clock: Clock, zone: &'a TimeZone) -> Self {
        Self { clock, zone, names: Vec::new(), instants: Vec::new(), times: Vec::new() }
    }

    /// Adds the rows of some slots; gives the place of the slot of each.
    pub(crate) fn extend(
        &mut self,
        name: &str,
        starts: impl IntoIterator<Item = DateTime>,
    ) -> PyResult<Vec<usize>> {
        let places: Vec<usize> = match self.clock {
            Clock::Instants => {
                let instants = slots_to_instants(starts, self.zone).map_err(raise)?;
                self.instants.extend(instants.iter().map(|(instant, _)| *instant));
                instants.into_iter().map(|(_, place)| place).collect()
            }
            Clock::Local => {
                let before = self.times.len();
                self.times.extend(starts);
                (0..self.times.len() - before).collect()
            }
        };
        self.names.extend(places.iter().map(|_| name.to_owned()));
        Ok(places)
    }

    /// The columns, the first of a table; those that are not of slots come between.
    pub(crate) fn columns(self, between: impl FnOnce(Table) -> Table) -> Table {
        let table = between(Table::new().texts("unique_id", self.names.iter().map(Some)));
        match self.clock {
            Clock::Instants => table.instants("ds", self.instants),
            Clock::Local => table.local_times("ds", self.times),
        }
    }
}

/// The rows of a table of forecasts.
pub(crate) struct Rows<'a> {
    levels: &'a [f64],
    slots: Slots<'a>,
    origins: Vec<DateTime>,
    means: Vec<f64>,
    quantiles: Vec<Vec<f64>>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(levels: &'a [f64], clock: Clock, zone: &'a TimeZone) -> Self {
        let quantiles = vec![Vec::new(); levels.len()];
        Self { levels, slots: Slots::new(clock, zone), origins: Vec::new(), means: Vec::new(), quantiles }
    }

    pub(crate) fn extend(
        &mut self,
        name: &str,
        origin: Option<DateTime>,
        forecast: &Forecast,
    ) -> PyResult<()> {
        let places = self.slots.extend(name, forecast.points.iter().map(|point| point.start))?;
        for point in places.into_iter().filter_map(|place| forecast.points.get(place)) {
            self.origins.extend(origin);
            self.means.push(point.mean);
            for (column, value) in self.quantiles.iter_mut().zip(&point.quantiles) {
                column.push(*value);
            }
        }
        Ok(())
    }

    pub(crate) fn table(self) -> PyResult<PyTable> {
        let origins = self.origins;
        let mut table = self
            .slots
            .columns(|table| if origins.is_empty() { table } else { table.local_times("origin", origins) });
        table = table.floats("mean", self.means);
        for (level, values) in self.levels.iter().zip(self.quantiles) {
            table = table.floats(&quantile_name(*level), values);
        }
        table.finish()
    }
}

/// The paths of a series: its name, the starts of the slots, and the values of each path.
pub(crate) type Paths = (String, Vec<DateTime>, Vec<Vec<f64>>);

/// A table of paths.
pub(crate) fn paths(sampled: &[Paths], clock: Clock, zone: &TimeZone) -> PyResult<PyTable> {
    let mut slots = Slots::new(clock, zone);
    let (mut numbers, mut values) = (Vec::new(), Vec::new());
    for (name, starts, paths) in sampled {
        for (number, path) in (0_i64..).zip(paths) {
            let places = slots.extend(name, starts.iter().copied())?;
            numbers.extend(places.iter().map(|_| number));
            values.extend(places.into_iter().filter_map(|place| path.get(place).copied()));
        }
    }
    slots.columns(|table| table.integers("path", numbers)).floats("value", values).finish()
}

/// A table of what moves the mean of each slot.
pub(crate) fn contributions(
    explained: &[(String, Vec<DateTime>, Vec<Explanation>)],
    clock: Clock,
    zone: &TimeZone,
) -> PyResult<PyTable> {
    let mut slots = Slots::new(clock, zone);
    let (mut groups, mut amounts) = (Vec::new(), Vec::new());
    for (name, starts, explanations) in explained {
        for (start, explanation) in starts.iter().zip(explanations) {
            let parts = explanation.contributions.iter().map(|part| (part.group.to_string(), part.amount));
            for (group, amount) in std::iter::once(("average".to_owned(), explanation.average)).chain(parts) {
                for _ in slots.extend(name, [*start])? {
                    groups.push(group.clone());
                    amounts.push(amount);
                }
            }
        }
    }
    slots.columns(|table| table).texts("group", groups.iter().map(Some)).floats("amount", amounts).finish()
}

/// A table of the models behind each series.
pub(crate) fn members(series: &[(String, Fitted)]) -> PyResult<PyTable> {
    let members: Vec<_> = series
        .iter()
        .flat_map(|(name, fitted)| fitted.members().into_iter().map(move |member| (name, member)))
        .collect();
    Table::new()
        .texts("unique_id", members.iter().map(|(name, _)| Some(name)))
        .texts("model", members.iter().map(|(_, member)| Some(member.model)))
        .floats("weight", members.iter().map(|(_, member)| member.weight))
        .finish()
}

/// A table of what is not as it should be.
pub(crate) fn anomalies(
    found: &[(String, Vec<Anomaly>)],
    clock: Clock,
    zone: &TimeZone,
) -> PyResult<PyTable> {
    let all: Vec<(&String, &Anomaly)> = found
        .iter()
        .flat_map(|(name, anomalies)| anomalies.iter().map(move |anomaly| (name, anomaly)))
        .collect();
    let times = |table: Table, name: &str, of: fn(&Anomaly) -> DateTime| {
        let local = all.iter().map(|(_, anomaly)| of(anomaly));
        match clock {
            Clock::Local => table.local_times(name, local),
            // The first of two instants, and past the gap.
            Clock::Instants => table
                .optional_instants(name, local.map(|at| zone.to_ambiguous_timestamp(at).compatible().ok())),
        }
    };
    let mut table = Table::new()
        .texts("unique_id", all.iter().map(|(name, _)| Some(name)))
        .texts("kind", all.iter().map(|(_, anomaly)| Some(anomaly.kind.name())));
    table = times(table, "start", |anomaly| anomaly.start);
    table = times(table, "end", |anomaly| anomaly.end);
    table
        .floats("expected", all.iter().map(|(_, anomaly)| anomaly.expected))
        .floats("observed", all.iter().map(|(_, anomaly)| anomaly.observed))
        .floats("severity", all.iter().map(|(_, anomaly)| anomaly.severity))
        .finish()
}

/// A table with the scores that go with every forecast, a row per series.
pub(crate) fn evidence(judged: &[(String, Option<Evidence>)], levels: &[u8]) -> PyResult<PyTable> {
    scored(judged, levels, |table| table)
}

/// A table with all scores, a row per series.
pub(crate) fn scores(judged: &[(String, Scores)], levels: &[u8]) -> PyResult<PyTable> {
    let basic: Vec<_> =
        judged.iter().map(|(name, scores)| (name.clone(), Some(scores.evidence.clone()))).collect();
    let score =
        |of: fn(&Scores) -> Option<f64>| judged.iter().map(move |(_, scores)| of(scores).unwrap_or(f64::NAN));
    scored(&basic, levels, |table| {
        table
            .floats("rmse", score(|scores| scores.rmse))
            .floats("wape", score(|scores| scores.wape))
            .floats("crps", score(|scores| scores.crps))
            .floats("skill", score(|scores| scores.skill))
    })
}

fn scored(
    judged: &[(String, Option<Evidence>)],
    levels: &[u8],
    more: impl FnOnce(Table) -> Table,
) -> PyResult<PyTable> {
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
    more(table)
        .integers("origins", count(|evidence| evidence.origins))
        .integers("scored", count(|evidence| evidence.scored))
        .finish()
}

/// A table of the errors by how far a slot lies ahead.
pub(crate) fn lead_times(judged: &[(String, Scores)]) -> PyResult<PyTable> {
    let rows: Vec<(&String, &LeadTime)> = judged
        .iter()
        .flat_map(|(name, scores)| scores.by_lead_time.iter().map(move |lead| (name, lead)))
        .collect();
    let whole = |of: fn(&LeadTime) -> usize| {
        rows.iter().map(move |(_, lead)| i64::try_from(of(lead)).unwrap_or(i64::MAX))
    };
    Table::new()
        .texts("unique_id", rows.iter().map(|(name, _)| Some(name)))
        .integers("slots_ahead", whole(|lead| lead.slots_ahead))
        .optional_floats("mae", rows.iter().map(|(_, lead)| lead.mae))
        .optional_floats("rmse", rows.iter().map(|(_, lead)| lead.rmse))
        .optional_floats("bias", rows.iter().map(|(_, lead)| lead.bias))
        .integers("scored", whole(|lead| lead.scored))
        .finish()
}
