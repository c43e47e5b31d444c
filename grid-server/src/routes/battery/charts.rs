//! Charts of a stored recording, drawn or as numbers.

use axum::{Json as Written, response::Response};
use grid_core::chart::{self, BatteryChart};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{kept::Kept, recordings::KnownQuery, view::ChartDataView};
use crate::{
    extract::Query,
    period::field,
    problem::Problem,
    routes::charts::{ChartQuery, Look},
};

/// Which chart of a recording.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct KindQuery {
    /// `voltage` (over time, also where nothing is said), `capacity`, `incremental_capacity`, `state_of_charge`,
    /// `depth_of_discharge` or `health`.
    kind: Option<String>,
}

impl KindQuery {
    fn kind(&self) -> Result<BatteryChart, Problem> {
        self.kind.as_deref().map_or(Ok(BatteryChart::default()), |text| field("kind", text.parse()))
    }
}

/// How many numbers a chart gives.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PointsQuery {
    /// About how many points a curve has at most: 1000 where nothing is said, 100000 at most.
    #[param(minimum = 2, maximum = 100_000)]
    points: Option<usize>,
}

/// Draws a chart of a recording; one that the recording has nothing for says so.
#[utoipa::path(get, path = "/battery/recordings/{id}/chart.svg", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "recordings_chart",
    params(("id" = Uuid, Path), KindQuery, KnownQuery, ChartQuery),
    responses(
        (status = 200, description = "The chart", body = String, content_type = "image/svg+xml"),
        (status = 304, description = "The client has it already"),
    ))]
pub(crate) async fn chart(
    kept: Kept,
    Query(kind): Query<KindQuery>,
    Query(known): Query<KnownQuery>,
    look: Look,
) -> Result<Response, Problem> {
    let (kind, known, options) = (kind.kind()?, known.options()?, look.options.clone());
    let drawn = kept
        .read(move |recording| chart::battery(kind, recording, &recording.cycles(), &known, &options))
        .await??;
    let picture = look.answer(&kept.app, kept.stored.owner, drawn).await?;
    Ok(kept.answer(picture))
}

/// Gives the curves of a chart as numbers, for those who draw it themselves; no spike is lost.
#[utoipa::path(get, path = "/battery/recordings/{id}/chart.json", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "recordings_chart_json",
    params(("id" = Uuid, Path), KindQuery, KnownQuery, PointsQuery),
    responses(
        (status = 200, description = "The curves", body = ChartDataView),
        (status = 304, description = "The client has it already"),
    ))]
pub(crate) async fn data(
    kept: Kept,
    Query(kind): Query<KindQuery>,
    Query(known): Query<KnownQuery>,
    Query(points): Query<PointsQuery>,
) -> Result<Response, Problem> {
    let (kind, known) = (kind.kind()?, known.options()?);
    let points = points.points.unwrap_or(1000).clamp(2, 100_000);
    let data = kept
        .read(move |recording| chart::battery_data(kind, recording, &recording.cycles(), &known, points))
        .await?;
    Ok(kept.answer(Written(data)))
}
