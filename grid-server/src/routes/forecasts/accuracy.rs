//! A stored forecast beside what came.

use axum::{extract::State, http::StatusCode};
use grid_core::{
    forecast::{self, PointInTime},
    time::{self, Interval},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    stored::both,
    view::{Coverage, PointView},
};
use crate::{
    app::App,
    caller::Caller,
    extract::{Json, Path},
    forecasting::known,
    problem::Problem,
};

/// How good a forecast was, as far as it is known what came.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccuracyView {
    /// The forecast.
    id: Uuid,
    device: Uuid,
    #[schema(example = "consumption")]
    channel: String,
    /// The model that made it.
    #[schema(example = "auto")]
    model: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Mean absolute error in kWh a slot; `null` where nothing has come yet.
    mae: Option<f64>,
    /// Weighted quantile loss; `null` where all that came is zero, too.
    wql: Option<f64>,
    /// Mean pinball loss over all quantiles, in kWh a slot.
    pinball: Option<f64>,
    /// 1 for a perfect forecast, 0 for one as good as repeating the last day before it, less for a worse one.
    skill: Option<f64>,
    /// The share of what came that fell into each interval.
    coverage: Vec<Coverage>,
    /// How many slots were scored.
    scored: usize,
    /// Of how many slots it is not known what came; they are not scored.
    missing: usize,
    points: Vec<OutcomeView>,
}

/// What was forecast of a slot, and what came.
#[derive(Serialize, ToSchema)]
pub(crate) struct OutcomeView {
    #[serde(flatten)]
    point: PointView,
    /// What came, in kWh; `null` where it is not known.
    actual: Option<f64>,
}

/// Compares a forecast of a device with the readings that came.
#[utoipa::path(get, path = "/forecasts/{id}/accuracy", tag = "forecasts", security(("bearerAuth" = [])),
    operation_id = "forecasts_accuracy",
    params(("id" = Uuid, Path)), responses(
        (status = 200, description = "What came, and how good the forecast was", body = AccuracyView),
        (status = 409, description = "The forecast is of a series, of which nothing more is known here", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn accuracy(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<AccuracyView>, Problem> {
    let (request, view) = both(&app, &caller, id).await?;
    let Some(device) = view.device else {
        let detail = "the forecast is of a series that was sent, and what came of it is not known here";
        return Err(Problem::new(StatusCode::CONFLICT, detail)
            .hint("send the whole series to POST /api/v1/forecasts/backtest"));
    };
    let device = caller.device(&app, device).await?;
    let (channel, minutes) = (request.channel()?, request.minutes()?);
    let (points, levels): (Vec<PointInTime>, Vec<Vec<f64>>) =
        view.points.iter().map(PointView::known).unzip();
    let levels = levels.into_iter().next().unwrap_or_default();
    let slots = match extent(&points, minutes)? {
        Some(interval) => known(app.services()?.store(), &device, channel, interval, minutes).await?,
        None => Vec::new(),
    };
    let accuracy = forecast::accuracy(&points, &levels, &slots)?;
    let outcomes = view.points.into_iter().zip(accuracy.actual);
    Ok(Json(AccuracyView {
        id,
        device: device.id,
        channel: channel.to_string(),
        model: view.model,
        created_at: view.created_at,
        mae: accuracy.mae,
        wql: accuracy.wql,
        pinball: accuracy.pinball,
        skill: accuracy.skill,
        coverage: accuracy.coverage.into_iter().map(Coverage::from).collect(),
        scored: accuracy.scored,
        missing: accuracy.missing,
        points: outcomes.map(|(point, actual)| OutcomeView { point, actual }).collect(),
    }))
}

/// From a day before the forecast to its end.
fn extent(points: &[PointInTime], minutes: u32) -> Result<Option<Interval>, time::Error> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(None) };
    let out_of_range = |_| time::Error::OutOfRange;
    let start = first.start.checked_sub(SignedDuration::from_hours(24)).map_err(out_of_range)?;
    let end = last.start.checked_add(SignedDuration::from_mins(i64::from(minutes))).map_err(out_of_range)?;
    Interval::new(start, end).map(Some)
}
