//! The predictions of the old system, under its paths and with its field names.
//!
//! What they say is forecast from the readings that are stored, for the user who asks. `porcentaje_val` is how much more
//! (in percent) the day has than the mean of the seven days before it, and `horas_p` what each hour of the day has, from
//! midnight on; the peak hours, which the old pages took to be the first and the tenth, are computed from those.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, http::StatusCode};
use grid_core::{
    energy::Channel,
    forecast::{self, Fit, History, LEARNT_DAYS, Model, Predict, WeekOutlook, known_kwh, week_outlook},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::not_one_of;
use crate::{
    app::App,
    caller::{Bearer, Caller, not_found},
    extract::{Json, Path},
    problem::Problem,
};

/// How many half hours the old model took, and how many it gave.
const TAKEN: usize = 47;
const GIVEN: usize = 48;

/// What stands at the root, where the old system had it.
pub(super) fn root() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(consumption)).routes(routes!(week)).routes(routes!(half_hours))
}

/// Whose day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredictionRequest {
    /// The caller.
    user_id: Uuid,
    /// The day, on the clock of the user's first device.
    #[schema(example = "2026-03-08")]
    date: String,
}

/// What is expected of a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Prediction {
    user_id: Uuid,
    #[schema(example = "2026-03-08")]
    date: String,
    /// In kWh.
    #[schema(example = 9.42)]
    predicted_consumption: f64,
}

/// What is expected of a week, in kWh.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WeekPrediction {
    /// The day that was asked about.
    #[schema(example = 9.42)]
    predicted_consumption: f64,
    /// The seven days from that one on.
    #[schema(example = 64.1)]
    total_week_consumption: f64,
    /// How much more, in percent, the day has than the mean of the seven days before it; `null` where those are not known.
    #[schema(example = -3.2)]
    porcentaje_val: Option<f64>,
    /// Each hour of the day on the local clock, from midnight on; 24 values.
    horas_p: [f64; 24],
    /// The hours of the day with at least nine tenths of its highest hour, ascending.
    #[schema(example = json!([20, 21]))]
    horas_pico: Vec<usize>,
    /// Each of the seven days, by its date.
    #[serde(rename = "week_prediction")]
    days: BTreeMap<String, f64>,
}

/// What is expected of the next day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HalfHours {
    /// `com`, the name that the old system had for it.
    #[schema(example = "com")]
    model: &'static str,
    /// 48 half hours in kWh, after the last one that was sent.
    prediction: Vec<f64>,
}

/// Predicts what the caller's devices consume on a day, from the readings before it.
#[utoipa::path(post, path = "/predict_consumption", tag = "forecasts", security(("bearerAuth" = [])),
    operation_id = "predict_consumption",
    responses(
        (status = 200, description = "The day's consumption", body = Prediction),
        (status = 404, description = "It is not the caller's own id", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn consumption(
    State(app): State<App>,
    caller: Caller,
    Json(PredictionRequest { user_id, date }): Json<PredictionRequest>,
) -> Result<Json<Prediction>, Problem> {
    let outlook = outlook(&app, &caller, user_id, day(&date)?, Channel::Consumption).await?;
    Ok(Json(Prediction { user_id, date, predicted_consumption: first(&outlook) }))
}

/// Predicts the caller's day and week from the readings before it: 1 is consumption, 2 is generation.
#[utoipa::path(post, path = "/predict_consumption/{user_id}/{date}/{kind}", tag = "forecasts", security(("bearerAuth" = [])),
    operation_id = "predict_week",
    params(
        ("user_id" = Uuid, Path),
        ("date" = String, Path, example = "2026-03-08"),
        ("kind" = String, Path, description = "`1` for consumption, `2` for generation", example = "1"),
    ),
    responses(
        (status = 200, description = "The day, its hours and its week", body = WeekPrediction),
        (status = 422, description = "There are no readings before the day", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn week(
    State(app): State<App>,
    caller: Caller,
    Path((user_id, date, kind)): Path<(Uuid, String, String)>,
) -> Result<Json<WeekPrediction>, Problem> {
    let channel = match kind.as_str() {
        "1" => Channel::Consumption,
        "2" => Channel::Generation,
        other => return Err(not_one_of("kind", "`1` (consumption) or `2` (generation)", other)),
    };
    let outlook = outlook(&app, &caller, user_id, day(&date)?, channel).await?;
    Ok(Json(WeekPrediction {
        predicted_consumption: first(&outlook),
        total_week_consumption: outlook.total(),
        porcentaje_val: outlook.change_percent,
        horas_p: outlook.hours,
        horas_pico: outlook.peak_hours.clone(),
        days: outlook.days.iter().map(|(date, sum)| (date.to_string(), *sum)).collect(),
    }))
}

/// Predicts the 48 half hours after the 47 that are sent, in kWh; `null` is a missing one.
#[utoipa::path(post, path = "/predict/com", tag = "forecasts", security(("bearerAuth" = [])),
    operation_id = "predict_half_hours",
    request_body = Vec<f64>,
    responses((status = 200, description = "The next day", body = HalfHours)))]
pub(crate) async fn half_hours(
    State(app): State<App>,
    bearer: Bearer,
    Json(values): Json<Vec<Option<f64>>>,
) -> Result<Json<HalfHours>, Problem> {
    if values.len() != TAKEN {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "Se requieren 47 datos iniciales.")
            .hint(format!("send {TAKEN} half hours in kWh, got {}", values.len())));
    }
    let values = values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
    let work = move || {
        // Which day it is does not matter: nothing but the time of day can be learnt from one.
        let start = Date::constant(2026, 1, 1).at(0, 0, 0, 0);
        let history = History::new(start, 30, values)?;
        Ok::<_, forecast::Error>(Model::Auto.fit(&history)?.predict(GIVEN, &[])?.means())
    };
    Ok(Json(HalfHours { model: "com", prediction: app.forecast(bearer.user, work).await?? }))
}

fn day(text: &str) -> Result<Date, Problem> {
    text.parse().map_err(|_| not_one_of("date", "a date like `2026-03-08`", text))
}

fn first(outlook: &WeekOutlook) -> f64 {
    outlook.days.first().map_or(0.0, |(_, sum)| *sum)
}

/// The week of a user from a day on; another's than the caller's is not found. What was made of the same readings is not
/// made again.
async fn outlook(
    app: &App,
    caller: &Caller,
    user: Uuid,
    date: Date,
    channel: Channel,
) -> Result<Arc<WeekOutlook>, Problem> {
    if user != caller.id {
        return Err(not_found("user", user));
    }
    let store = app.services()?.store();
    // Before the readings are read: what comes in meanwhile makes the next request learn anew.
    let version = store.version_before(user, channel, date, LEARNT_DAYS).await?;
    let asked = (user, channel, date);
    if let Some(kept) = app.outlooks().get(&asked, version) {
        return Ok(kept);
    }
    let (calendar, slots) = store.hours_before(user, channel, date, LEARNT_DAYS).await?;
    let work = move || {
        let points = slots.iter().map(|slot| (slot.interval.start(), known_kwh(slot)));
        let history = History::from_instants(points, calendar.zone(), 60)?;
        let before = history.before(date.at(0, 0, 0, 0), LEARNT_DAYS).since_first_value();
        week_outlook(&Model::Auto, &before, calendar.zone())
    };
    let outlook = Arc::new(app.forecast(user, work).await??);
    app.outlooks().keep(asked, version, &outlook);
    Ok(outlook)
}
