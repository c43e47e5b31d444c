//! The same sums under names that the old system had before, with the fields that it had then.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::aggregates::{
    AverageQuery, DeltaQuery, MonthQuery, UserQuery, average_of, month_value, values_by_delta,
    values_by_device,
};
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Query},
    problem::Problem,
};

/// Whose month, of one sort of value.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OlderMonthQuery {
    /// The caller.
    user_id: Uuid,
    /// 1 to 12.
    #[param(minimum = 1, maximum = 12, example = 3)]
    month: i8,
    /// The year; the last one with values in that month where nothing is said.
    #[param(example = 2026)]
    year: Option<i16>,
}

/// What a day, a month or a year came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeltaConsumption {
    /// Its first midnight on the clock of the user's first device, without an offset.
    #[schema(example = "2026-03-01T00:00:00")]
    delta: String,
    /// In kWh.
    #[schema(example = 9.42)]
    consumption: f64,
}

/// What a device came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceConsumption {
    #[schema(example = "Refrigerador")]
    name: String,
    /// In kWh, over all its readings.
    #[schema(example = 812.5)]
    total_consumption: f64,
}

/// What a month came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotalConsumption {
    /// In kWh; `null` where nothing is known of the month.
    #[schema(example = 241.8)]
    total_consumption: Option<f64>,
}

/// What days or months came to on average.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AverageConsumption {
    /// In kWh, over the days or months of which anything is known; `null` where there is none.
    #[schema(example = 8.06)]
    consumption: Option<f64>,
}

/// Gives what the caller's devices consumed in each day, month or year: `get-value-by-delta` under an older name.
#[utoipa::path(get, path = "/consumption/get-consumption-by-delta", tag = "compatibility",
    security(("bearerAuth" = [])), params(DeltaQuery), operation_id = "get_consumption_by_delta",
    responses(
        (status = 200, description = "By time", body = Vec<DeltaConsumption>),
        (status = 404, description = "The user is another than the caller", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn by_delta(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DeltaQuery>,
) -> Result<Json<Vec<DeltaConsumption>>, Problem> {
    let by_time = values_by_delta(&app, &caller, &query).await?;
    Ok(Json(
        by_time.into_iter().map(|(delta, consumption)| DeltaConsumption { delta, consumption }).collect(),
    ))
}

/// Gives what each of the caller's devices consumed in all: `get-value-by-device` under an older name.
#[utoipa::path(get, path = "/consumption/get-consumption-by-device", tag = "compatibility",
    security(("bearerAuth" = [])), params(UserQuery), operation_id = "get_consumption_by_device",
    responses(
        (status = 200, description = "One item a device that has a value", body = Vec<DeviceConsumption>),
        (status = 404, description = "The user is another than the caller", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn by_device(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<UserQuery>,
) -> Result<Json<Vec<DeviceConsumption>>, Problem> {
    let by_name = values_by_device(&app, &caller, &query).await?;
    let item = |(name, total_consumption)| DeviceConsumption { name, total_consumption };
    Ok(Json(by_name.into_iter().map(item).collect()))
}

/// Gives what the caller's devices have consumed in the month that it is now on the clock of their first device.
#[utoipa::path(get, path = "/consumption/get-current-month-consumption", tag = "compatibility",
    security(("bearerAuth" = [])), params(UserQuery), operation_id = "get_current_month_consumption",
    responses(
        (status = 200, description = "The month", body = TotalConsumption),
        (status = 404, description = "The user is another than the caller", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn current_month(
    State(app): State<App>,
    caller: Caller,
    Query(UserQuery { user_id, value_type }): Query<UserQuery>,
) -> Result<Json<TotalConsumption>, Problem> {
    let today = app.services()?.store().calendar_of(caller.id).await?.date_of(clock::now());
    let query = MonthQuery { user_id, month: today.month(), year: Some(today.year()), value_type };
    Ok(Json(TotalConsumption { total_consumption: month_value(&app, &caller, &query).await? }))
}

/// Gives what the caller's devices consumed on average: `get-average-delta-value` under an older name.
#[utoipa::path(get, path = "/consumption/get-average-delta-consumption", tag = "compatibility",
    security(("bearerAuth" = [])), params(AverageQuery), operation_id = "get_average_delta_consumption",
    responses(
        (status = 200, description = "The average", body = AverageConsumption),
        (status = 404, description = "The user is another than the caller", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn average(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AverageQuery>,
) -> Result<Json<AverageConsumption>, Problem> {
    Ok(Json(AverageConsumption { consumption: average_of(&app, &caller, &query).await? }))
}

/// Gives what the caller's devices consumed in a month: `get-month-value` under an older name.
#[utoipa::path(get, path = "/consumption/get-month-consumption", tag = "compatibility",
    security(("bearerAuth" = [])), params(OlderMonthQuery), operation_id = "get_month_consumption",
    responses(
        (status = 200, description = "The month", body = TotalConsumption),
        (status = 404, description = "The user is another than the caller", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn month_of_consumption(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<OlderMonthQuery>,
) -> Result<Json<TotalConsumption>, Problem> {
    query.total(&app, &caller, "consumption").await
}

/// Gives what the caller's devices generated in a month: `get-month-value` under an older name.
#[utoipa::path(get, path = "/generation/get-month-consumption", tag = "compatibility",
    security(("bearerAuth" = [])), params(OlderMonthQuery), operation_id = "get_month_generation",
    responses(
        (status = 200, description = "The month", body = TotalConsumption),
        (status = 404, description = "The user is another than the caller", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn month_of_generation(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<OlderMonthQuery>,
) -> Result<Json<TotalConsumption>, Problem> {
    query.total(&app, &caller, "generation").await
}

impl OlderMonthQuery {
    async fn total(
        self,
        app: &App,
        caller: &Caller,
        value_type: &str,
    ) -> Result<Json<TotalConsumption>, Problem> {
        let Self { user_id, month, year } = self;
        let query = MonthQuery { user_id, month, year, value_type: Some(value_type.to_owned()) };
        Ok(Json(TotalConsumption { total_consumption: month_value(app, caller, &query).await? }))
    }
}
