//! Forecasts: what a device or a series will do next, how sure that is, and how good it would have been.

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use grid_core::{
    chart::ForecastPoint,
    energy::{self, Channel, Reading},
    error::excerpt,
    forecast::{
        self, Fit, History, LEARNT_DAYS, Model, Predict, known_kwh, quantile_name, quantiles_of_levels,
    },
    store::{StoredForecast, new_id},
    time::{self, Calendar, Interval, Resolution},
};
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::App,
    caller::{Caller, not_found},
    clock,
    extract::{Json, Path, Query},
    page::{Listed, PageQuery},
    period::{field, whole_slots},
    problem::Problem,
};

/// How many of the last values go with the answer, so that it can be drawn.
const RECENT: usize = 96;

/// What to forecast: a device's channel, or a series.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
pub(crate) struct ForecastRequest {
    /// A device of the caller's ...
    device: Option<Uuid>,
    /// ... and its channel: `consumption` where nothing is said.
    #[schema(example = "consumption")]
    channel: Option<String>,
    /// The values themselves, where there is no device.
    series: Option<SeriesInput>,
    /// How far to look; 24 where nothing is said.
    #[schema(example = 24)]
    horizon_hours: Option<u16>,
    /// The intervals in percent; 50 and 80 where nothing is said.
    #[schema(example = json!([50, 80]))]
    levels: Option<Vec<u8>>,
    /// `auto`, `seasonal_naive`, `seasonal_naive_week` or `ridge`.
    #[schema(example = "auto")]
    model: Option<String>,
    /// Slots of `15min`, `30min` or `1h`; `1h` where nothing is said.
    #[schema(example = "1h")]
    resolution: Option<String>,
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
}

/// A forecast.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct ForecastView {
    pub(crate) id: Uuid,
    device: Option<Uuid>,
    channel: Option<String>,
    /// The model that made it.
    #[schema(example = "ridge")]
    model: String,
    #[schema(example = "Europe/Madrid")]
    pub(crate) time_zone: String,
    /// One point a slot, in the unit of what was learnt from (kWh a slot for devices).
    pub(crate) points: Vec<PointView>,
    /// How good the model would have been in the last days; `null` where there are too few.
    evidence: Option<Evidence>,
    /// The last values that were learnt from.
    pub(crate) recent: Vec<Value>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A value that was learnt from.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct Value {
    #[schema(value_type = String, format = DateTime)]
    pub(crate) start: Timestamp,
    pub(crate) value: Option<f64>,
}

/// A slot of a forecast. Other levels than 50 and 80 have keys of their own, such as `q05` and `q95` for 90.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct PointView {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    mean: Option<f64>,
    #[serde(flatten)]
    #[schema(value_type = Quantiles)]
    quantiles: std::collections::BTreeMap<String, Option<f64>>,
}

/// The quantiles of the usual levels, for the API's description.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the keys of a map")]
pub(crate) struct Quantiles {
    q10: Option<f64>,
    q25: Option<f64>,
    q50: Option<f64>,
    q75: Option<f64>,
    q90: Option<f64>,
}

impl PointView {
    /// The point as the chart takes it.
    pub(crate) fn drawn(&self) -> ForecastPoint {
        let quantile = |name: &str| self.quantiles.get(name).copied().flatten().unwrap_or(f64::NAN);
        ForecastPoint {
            start: self.start,
            mean: self.mean.unwrap_or(f64::NAN),
            q10: quantile("q10"),
            q25: quantile("q25"),
            q50: quantile("q50"),
            q75: quantile("q75"),
            q90: quantile("q90"),
        }
    }
}

/// What the model would have scored: a forecast from each of the last days, with nothing but what was known then.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct Evidence {
    /// Mean absolute error, in the unit of the values.
    mae: Option<f64>,
    /// That error over the one of repeating yesterday; below 1 is better than that.
    mase: Option<f64>,
    /// Weighted quantile loss.
    wql: Option<f64>,
    /// The share of the values that fell into each interval.
    coverage: Vec<Coverage>,
    /// How many forecasts were made.
    origins: usize,
    /// How many slots were scored.
    scored: usize,
}

/// The share of the values that fell into an interval.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct Coverage {
    /// The interval's level in percent.
    level: u8,
    /// The share, 0 to 1; close to the level is good.
    share: Option<f64>,
}

impl From<forecast::Evidence> for Evidence {
    fn from(evidence: forecast::Evidence) -> Self {
        let coverage = evidence
            .coverage
            .into_iter()
            .map(|forecast::Coverage { level, share }| Coverage { level, share });
        Self {
            mae: evidence.mae,
            mase: evidence.mase,
            wql: evidence.wql,
            coverage: coverage.collect(),
            origins: evidence.origins,
            scored: evidence.scored,
        }
    }
}

/// A forecast in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastItem {
    id: Uuid,
    device: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What a model learns from, on the local clock.
struct Learnt {
    calendar: Calendar,
    points: Vec<(Timestamp, Option<f64>)>,
}

/// Forecasts a device's channel or a series, and keeps the forecast.
#[utoipa::path(post, path = "/forecasts", tag = "forecasts", security(("bearerAuth" = [])), responses(
    (status = 201, description = "The forecast; `Location` is its path", body = ForecastView),
))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ForecastRequest>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ForecastView>), Problem> {
    let store = app.services()?.store();
    let model: Model = field("/model", body.model.as_deref().unwrap_or("auto").parse())?;
    let quantiles = field("/levels", quantiles_of_levels(body.levels.as_deref().unwrap_or(&[50, 80])))?;
    let minutes = step(body.resolution.as_deref())?;
    let horizon = usize::from(body.horizon_hours.unwrap_or(24)) * 60 / usize::try_from(minutes).unwrap_or(60);
    let learnt = match (&body.device, &body.series) {
        (Some(device), None) => of_device(&app, &caller, *device, body.channel.as_deref(), minutes).await?,
        (None, Some(series)) => of_series(series, minutes)?,
        _ => {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "expected either `device` or `series`, got both or none",
            ));
        }
    };
    let zone = learnt.calendar.zone().clone();
    let time_zone = learnt.calendar.name().to_owned();
    let work = move || compute(&learnt, model, minutes, horizon, &quantiles).map(|made| (made, learnt));
    let ((forecast, evidence), learnt) = app.analyses().run(work).await??;
    let now = clock::now();
    let names: Vec<String> = forecast.quantile_levels.iter().map(|level| quantile_name(*level)).collect();
    let points = forecast
        .local_to_instants(&zone)?
        .into_iter()
        .map(|point| PointView {
            start: point.start,
            mean: finite(point.mean),
            quantiles: names.iter().cloned().zip(point.quantiles.into_iter().map(finite)).collect(),
        })
        .collect();
    let skip = learnt.points.len().saturating_sub(RECENT);
    let view = ForecastView {
        id: new_id(now),
        device: body.device,
        channel: body.device.map(|_| body.channel.clone().unwrap_or_else(|| "consumption".to_owned())),
        model: forecast.model.to_owned(),
        time_zone,
        points,
        evidence,
        recent: learnt
            .points
            .into_iter()
            .skip(skip)
            .map(|(start, value)| Value { start, value: value.and_then(finite) })
            .collect(),
        created_at: now,
    };
    let text = |json: serde_json::Result<String>| json.map_err(|error| Problem::internal(&error.to_string()));
    let stored = StoredForecast {
        id: view.id,
        owner: caller.id,
        device: body.device,
        // The values of an inline series are the client's own; only the question is kept.
        request: text(serde_json::to_string(&ForecastRequest { series: None, ..body }))?,
        result: text(serde_json::to_string(&view))?,
        created_at: now,
    };
    store.save_forecast(&stored).await?;
    let location = format!("/api/v1/forecasts/{}", view.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)))
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn step(resolution: Option<&str>) -> Result<u32, Problem> {
    let text = resolution.unwrap_or("1h");
    let resolution: Resolution = field("/resolution", text.parse())?;
    let minutes = resolution.fixed_seconds().filter(|seconds| seconds.is_multiple_of(60)).map(|s| s / 60);
    field("/resolution", minutes.ok_or(time::Error::NotAResolution { got: excerpt(text) }))
}

async fn of_device(
    app: &App,
    caller: &Caller,
    id: Uuid,
    channel: Option<&str>,
    minutes: u32,
) -> Result<Learnt, Problem> {
    let device = caller.device(app, id).await?;
    let channel: Channel = field("/channel", channel.unwrap_or("consumption").parse())?;
    let store = app.services()?.store();
    let extent =
        store.channels(id).await?.into_iter().find(|(of, _)| *of == channel).map(|(_, extent)| extent);
    let extent = extent.ok_or(energy::Error::NoReadings { device: id, channel })?;
    let earliest = extent.end().checked_sub(SignedDuration::from_hours(24 * i64::from(LEARNT_DAYS)));
    let from = earliest.map_or(extent.start(), |earliest| earliest.max(extent.start()));
    let resolution = Resolution::Seconds(minutes * 60);
    let interval = whole_slots(&device.calendar, Interval::new(from, extent.end())?, resolution)?;
    let recorded = store.readings(id, channel, interval, None).await?;
    let readings: Vec<Reading> = recorded.into_iter().map(|recorded| recorded.reading).collect();
    let slots = energy::sum(&device.calendar, interval, resolution, [readings.as_slice()])?;
    let points = slots.iter().map(|slot| (slot.interval.start(), known_kwh(slot))).collect();
    Ok(Learnt { calendar: device.calendar, points })
}

fn of_series(series: &SeriesInput, minutes: u32) -> Result<Learnt, Problem> {
    let calendar = field("/series/time_zone", Calendar::new(series.time_zone.as_deref().unwrap_or("UTC")))?;
    let mut at = crate::period::instant("/series/start", &series.start, &calendar)?;
    let step = Span::new().minutes(i64::from(minutes));
    let mut points = Vec::with_capacity(series.values.len());
    for value in &series.values {
        points.push((at, *value));
        at = field("/series/start", at.checked_add(step).map_err(|_| time::Error::OutOfRange))?;
    }
    Ok(Learnt { calendar, points })
}

fn compute(
    learnt: &Learnt,
    model: Model,
    minutes: u32,
    horizon: usize,
    quantiles: &[f64],
) -> Result<(forecast::Forecast, Option<Evidence>), forecast::Error> {
    let history = History::from_instants(learnt.points.iter().copied(), learnt.calendar.zone(), minutes)?;
    let forecast = model.fit(&history)?.predict(horizon, quantiles)?;
    let evidence = forecast::evidence(&model, &history, quantiles)?;
    Ok((forecast, evidence.map(Evidence::from)))
}

/// Lists the caller's forecasts.
#[utoipa::path(get, path = "/forecasts", tag = "forecasts", security(("bearerAuth" = [])), params(PageQuery),
    operation_id = "forecasts_list",
    responses((status = 200, description = "A page of forecasts", body = Listed<ForecastItem>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listed<ForecastItem>>, Problem> {
    let forecasts = app.services()?.store().forecasts_of(caller.id, page.into()).await?;
    Ok(Json(Listed::of(forecasts, |stored| ForecastItem {
        id: stored.id,
        device: stored.device,
        created_at: stored.created_at,
    })))
}

/// A forecast of the caller's; another's is not found.
pub(super) async fn own(app: &App, caller: &Caller, id: Uuid) -> Result<ForecastView, Problem> {
    let stored = app.services()?.store().forecast(id).await?;
    if stored.owner != caller.id {
        return Err(not_found("forecast", id));
    }
    serde_json::from_str(&stored.result).map_err(|error| Problem::internal(&error.to_string()))
}

/// Gives a forecast.
#[utoipa::path(get, path = "/forecasts/{id}", tag = "forecasts", security(("bearerAuth" = [])),
    operation_id = "forecasts_show",
    params(("id" = Uuid, Path)), responses((status = 200, description = "The forecast", body = ForecastView)))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<ForecastView>, Problem> {
    Ok(Json(own(&app, &caller, id).await?))
}
