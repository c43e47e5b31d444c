//! What is asked for.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use grid_core::{
    energy::Channel,
    forecast::{Known, Model, quantiles_of_levels},
    time::Calendar,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    forecasting::{Learnt, LearntRegressor, dated, minutes},
    period::{field, instant},
    problem::Problem,
    routes::not_one_of,
};

/// What to do with a forecast.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StoreQuery {
    /// `false` answers without storing; of a `series` that needs no database.
    pub(super) store: Option<bool>,
}

/// What to forecast: a device's channel, or a series.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
pub(crate) struct ForecastRequest {
    /// A device of the caller's ...
    pub(super) device: Option<Uuid>,
    /// ... and its channel: `consumption` where nothing is said.
    #[schema(example = "consumption")]
    pub(super) channel: Option<String>,
    /// The values themselves, where there is no device.
    pub(super) series: Option<SeriesInput>,
    /// How far to look; 24 where nothing is said.
    #[schema(example = 24)]
    pub(super) horizon_hours: Option<u16>,
    /// The intervals in percent; 50 and 80 where nothing is said.
    #[schema(example = json!([50, 80]))]
    pub(super) levels: Option<Vec<u8>>,
    /// Public holidays, past and to come, as local dates.
    #[schema(example = json!(["2026-01-01", "2026-01-06"]))]
    pub(super) holidays: Option<Vec<String>>,
    /// Whether to say what moves each slot of the first day away from its average.
    pub(super) explain: Option<bool>,
    /// `auto`, or the name of a model; an unknown one is answered with the names of all.
    #[schema(example = "auto")]
    pub(super) model: Option<String>,
    /// Slots of `15min`, `30min` or `1h`; `1h` where nothing is said.
    #[schema(example = "1h")]
    pub(super) resolution: Option<String>,
}

/// Values on a regular grid.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
pub(crate) struct SeriesInput {
    /// The first slot's start.
    #[schema(example = "2026-01-01T00:00:00Z")]
    start: String,
    /// IANA zone of the calendar that people follow; `UTC` where nothing is said.
    #[schema(example = "Europe/Madrid")]
    time_zone: Option<String>,
    /// One value a slot; `null` where it is missing.
    values: Vec<Option<f64>>,
    /// Other series on the same slots, by which this one is explained, by name.
    regressors: Option<BTreeMap<String, RegressorInput>>,
}

/// A second series, such as the temperature.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegressorInput {
    /// `ahead` where it is known for the slots that are forecast too, as a tariff or a weather forecast is; `observed` where it is
    /// measured.
    #[schema(value_type = String, example = "ahead")]
    known: Known,
    /// One value a slot from the first of the series on, and further where it is known ahead; `null` where it is missing.
    values: Vec<Option<f64>>,
}

impl SeriesInput {
    pub(super) fn learnt(&self, minutes: u32) -> Result<Learnt, Problem> {
        let zone = self.time_zone.as_deref().unwrap_or("UTC");
        let calendar = field("/series/time_zone", Calendar::new(zone))?;
        let start = instant("/series/start", &self.start, &calendar)?;
        let points = field("/series/start", dated(start, minutes, &self.values))?;
        let mut regressors = Vec::new();
        for (name, RegressorInput { known, values }) in self.regressors.iter().flatten() {
            let points = field("/series/start", dated(start, minutes, values))?;
            regressors.push(LearntRegressor { name: name.clone(), known: *known, points });
        }
        Ok(Learnt { calendar, minutes, points, regressors, holidays: Vec::new() })
    }
}

/// A request whose words were understood.
pub(super) struct Asked {
    pub(super) subject: Subject,
    pub(super) model: Model,
    pub(super) quantiles: Vec<f64>,
    pub(super) levels: Vec<u8>,
    pub(super) minutes: u32,
    pub(super) horizon_hours: u16,
    /// How many slots are forecast.
    pub(super) horizon: usize,
    pub(super) holidays: Vec<Date>,
    pub(super) explain: bool,
}

/// What is forecast.
pub(super) enum Subject {
    Device(Uuid, Channel),
    Series(SeriesInput),
}

impl ForecastRequest {
    pub(super) fn asked(&self) -> Result<Asked, Problem> {
        let subject = match (self.device, &self.series) {
            (Some(device), None) => Subject::Device(device, self.channel()?),
            (None, Some(series)) => Subject::Series(series.clone()),
            _ => {
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "expected either `device` or `series`, got both or none",
                ));
            }
        };
        let levels = self.levels.clone().unwrap_or_else(|| vec![50, 80]);
        let minutes = self.minutes()?;
        let horizon_hours = self.horizon_hours.unwrap_or(24);
        Ok(Asked {
            subject,
            model: field("/model", self.model.as_deref().unwrap_or("auto").parse())?,
            quantiles: field("/levels", quantiles_of_levels(&levels))?,
            levels,
            minutes,
            horizon_hours,
            horizon: usize::from(horizon_hours) * 60 / usize::try_from(minutes).unwrap_or(60),
            holidays: dates(self.holidays.as_deref().unwrap_or_default())?,
            explain: self.explain.unwrap_or_default(),
        })
    }

    pub(super) fn channel(&self) -> Result<Channel, Problem> {
        field("/channel", self.channel.as_deref().unwrap_or("consumption").parse())
    }

    pub(super) fn minutes(&self) -> Result<u32, Problem> {
        field("/resolution", minutes(self.resolution.as_deref().unwrap_or("1h")))
    }
}

/// Local dates.
pub(super) fn dates(texts: &[String]) -> Result<Vec<Date>, Problem> {
    let date =
        |text: &String| text.parse().map_err(|_| not_one_of("/holidays", "dates like `2026-01-06`", text));
    texts.iter().map(date).collect()
}
