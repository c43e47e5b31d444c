//! What a forecaster is told when it is made.

use grid_core::{
    forecast::{Model, Site},
    time::Calendar,
};
use jiff::civil::Date;
use pyo3::{intern, prelude::*, types::PyDict};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, no_choice, raise, shown},
    time,
};

/// The parameters of a forecaster, as Python gave them: scikit-learn wants the very same objects back.
const PARAMETERS: [&str; 7] =
    ["model", "frequency", "time_zone", "holidays", "latitude", "longitude", "past_regressors"];

/// The same, understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) model: Model,
    pub(crate) step_minutes: u32,
    pub(crate) calendar: Calendar,
    pub(crate) holidays: Vec<Date>,
    pub(crate) site: Option<Site>,
    pub(crate) past_regressors: Vec<String>,
}

/// The same, as a file keeps them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Written {
    model: String,
    frequency: String,
    time_zone: String,
    holidays: Vec<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    past_regressors: Vec<String>,
}

impl Settings {
    /// Understands the parameters of a forecaster.
    pub(crate) fn of(given: &Bound<'_, PyDict>) -> PyResult<Self> {
        for name in given.keys() {
            let name: String = name.extract()?;
            if !PARAMETERS.contains(&name.as_str()) {
                let expected = "`model`, `frequency`, `time_zone`, `holidays`, `latitude`, `longitude` or `past_regressors`";
                return Err(no_choice("the parameter", expected, &name));
            }
        }
        let text = |name: &str, default: &str| match get(given, name)? {
            Some(value) => value.extract(),
            None => Ok(default.to_owned()),
        };
        let number = |name: &str| get(given, name)?.map(|value| value.extract::<f64>()).transpose();
        let site = match (number("latitude")?, number("longitude")?) {
            (Some(latitude), Some(longitude)) => Some(Site::new(latitude, longitude).map_err(raise)?),
            (None, None) => None,
            (Some(_), None) => return Err(needed("`longitude`", "`latitude` is given")),
            (None, Some(_)) => return Err(needed("`latitude`", "`longitude` is given")),
        };
        Ok(Self {
            model: text("model", "auto")?.parse().map_err(raise)?,
            step_minutes: step_minutes(&text("frequency", "1h")?)?,
            calendar: time::calendar(&text("time_zone", "UTC")?)?,
            holidays: match get(given, "holidays")? {
                Some(dates) => dates.try_iter()?.map(|date| self::date(&date?)).collect::<PyResult<_>>()?,
                None => Vec::new(),
            },
            site,
            past_regressors: match get(given, "past_regressors")? {
                Some(names) => names.extract()?,
                None => Vec::new(),
            },
        })
    }

    /// What a file keeps of them.
    pub(crate) fn written(&self) -> Written {
        Written {
            model: self.model.to_string(),
            frequency: format!("{}min", self.step_minutes),
            time_zone: self.calendar.name().to_owned(),
            holidays: self.holidays.iter().map(ToString::to_string).collect(),
            latitude: self.site.map(Site::latitude_deg),
            longitude: self.site.map(Site::longitude_deg),
            past_regressors: self.past_regressors.clone(),
        }
    }
}

impl Written {
    /// The parameters as Python would have given them.
    pub(crate) fn given(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let given = PyDict::new(py);
        given.set_item("model", self.model)?;
        given.set_item("frequency", self.frequency)?;
        given.set_item("time_zone", self.time_zone)?;
        given.set_item("holidays", Some(self.holidays).filter(|dates| !dates.is_empty()))?;
        given.set_item("latitude", self.latitude)?;
        given.set_item("longitude", self.longitude)?;
        given.set_item("past_regressors", Some(self.past_regressors).filter(|names| !names.is_empty()))?;
        Ok(given)
    }
}

/// A parameter that is given and not `None`.
fn get<'py>(given: &Bound<'py, PyDict>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(given.get_item(name)?.filter(|value| !value.is_none()))
}

fn needed(what: &'static str, when: &'static str) -> PyErr {
    raise(Error::Needed { what, when })
}

/// Longer slots than seconds can say are refused by the core, which names the limits.
fn step_minutes(frequency: &str) -> PyResult<u32> {
    const DAY_SECONDS: u32 = 86_400;
    Ok(time::resolution(frequency)?.fixed_seconds().unwrap_or(DAY_SECONDS) / 60)
}

/// A date as text or as anything that writes itself as one: a `date`, a `datetime`, a `numpy.datetime64`.
fn date(value: &Bound<'_, PyAny>) -> PyResult<Date> {
    let text: String = match value.getattr_opt(intern!(value.py(), "isoformat"))? {
        Some(isoformat) => isoformat.call0()?.extract()?,
        None => value.str()?.extract()?,
    };
    let wrong = |_| Error::WrongColumn {
        name: "holidays".to_owned(),
        expected: "dates like `2026-01-06`",
        got: shown(value),
    };
    // A time of day, if there is one, says nothing more.
    text.get(..10).unwrap_or(&text).parse().map_err(|error: jiff::Error| raise(wrong(error)))
}
