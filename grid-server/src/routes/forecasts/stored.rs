//! Stored forecasts: listed and shown.

use axum::{extract::State, http::StatusCode};
use grid_core::store::StoredForecast;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{request::ForecastRequest, view::ForecastView};
use crate::{
    app::App,
    caller::{Caller, not_found},
    extract::{Json, Path, Query},
    page::{Listed, PageQuery},
    problem::Problem,
};

/// A forecast in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastItem {
    id: Uuid,
    device: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
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
    let forecasts = app.services()?.store().forecast_heads_of(caller.id, page.into()).await?;
    Ok(Json(Listed::of(forecasts, |stored| ForecastItem {
        id: stored.id,
        device: stored.device,
        created_at: stored.created_at,
    })))
}

/// What was asked and answered, by the caller; another's is not found.
pub(super) async fn both(
    app: &App,
    caller: &Caller,
    id: Uuid,
) -> Result<(ForecastRequest, ForecastView), Problem> {
    let StoredForecast { owner, request, result, .. } = app.services()?.store().forecast(id).await?;
    if owner != caller.id {
        return Err(not_found("forecast", id));
    }
    let broken = |error: serde_json::Error| Problem::internal(&error.to_string());
    Ok((serde_json::from_str(&request).map_err(broken)?, serde_json::from_str(&result).map_err(broken)?))
}

/// A forecast of the caller's; another's is not found.
pub(crate) async fn own(app: &App, caller: &Caller, id: Uuid) -> Result<ForecastView, Problem> {
    Ok(both(app, caller, id).await?.1)
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

/// Removes a forecast.
#[utoipa::path(delete, path = "/forecasts/{id}", tag = "forecasts", security(("bearerAuth" = [])),
    operation_id = "forecasts_delete",
    params(("id" = Uuid, Path)), responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let store = app.services()?.store();
    if store.forecast(id).await?.owner != caller.id {
        return Err(not_found("forecast", id));
    }
    store.delete_forecast(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
