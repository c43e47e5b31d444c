//! What a user's devices consumed or generated: by day, by device, in a month, and on average.

use axum::extract::State;
use grid_core::{energy, quantity::Energy, store::Store, time::Resolution};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{channel, midnight, not_one_of, own, resolution, totals};
use crate::{
    app::App,
    caller::Caller,
    extract::{Json, Query},
    problem::Problem,
};

/// The sums that can be asked for.
const DELTAS: [(&str, Resolution); 3] =
    [("day", Resolution::Day), ("month", Resolution::Month), ("year", Resolution::Year)];

/// The averages that can be asked for.
const AVERAGES: [(&str, Resolution); 2] = [("day", Resolution::Day), ("month", Resolution::Month)];

/// Whose values, and how far they are summed up.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeltaQuery {
    /// The caller.
    pub(super) user_id: Uuid,
    /// `day`, `month` or `year`.
    #[param(example = "day")]
    pub(super) delta: String,
    /// `consumption` (also where nothing is said), or `generation`, which may be called `production`.
    #[param(example = "consumption")]
    pub(super) value_type: Option<String>,
}

/// Whose values are averaged, and over what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AverageQuery {
    /// The caller.
    pub(super) user_id: Uuid,
    /// `day` or `month`.
    #[param(example = "day")]
    pub(super) delta: String,
    /// `consumption` (also where nothing is said), or `generation`, which may be called `production`.
    #[param(example = "consumption")]
    pub(super) value_type: Option<String>,
}

/// Whose values.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserQuery {
    /// The caller.
    pub(super) user_id: Uuid,
    /// `consumption` (also where nothing is said), or `generation`, which may be called `production`.
    #[param(example = "consumption")]
    pub(super) value_type: Option<String>,
}

/// Whose month.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonthQuery {
    /// The caller.
    pub(super) user_id: Uuid,
    /// 1 to 12.
    #[param(minimum = 1, maximum = 12, example = 3)]
    pub(super) month: i8,
    /// The year; the last one with values in that month where nothing is said.
    #[param(example = 2026)]
    pub(super) year: Option<i16>,
    /// `consumption` (also where nothing is said), or `generation`, which may be called `production`.
    #[param(example = "consumption")]
    pub(super) value_type: Option<String>,
}

/// What a day, a month or a year came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeltaValue {
    /// Its first midnight on the clock of the user's first device, without an offset.
    #[schema(example = "2026-03-01T00:00:00")]
    delta: String,
    /// In kWh.
    #[schema(example = 9.42)]
    value: f64,
}

/// What a device came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceValue {
    #[schema(example = "Refrigerador")]
    name: String,
    /// In kWh, over all its readings.
    #[schema(example = 812.5)]
    total_value: f64,
}

/// What a month came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MonthValue {
    /// In kWh; `null` where nothing is known of the month.
    #[schema(example = 241.8)]
    total_month_value: Option<f64>,
}

/// What days or months came to on average.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AverageValue {
    /// In kWh, over the days or months of which anything is known; `null` where there is none.
    #[schema(example = 8.06)]
    average_value: Option<f64>,
}

/// Gives what the caller's devices consumed or generated in each day, month or year, by time; one without a value is left out.
#[utoipa::path(get, path = "/consumption_generation/get-value-by-delta", tag = "compatibility",
    security(("bearerAuth" = [])), params(DeltaQuery), operation_id = "get_value_by_delta",
    responses(
        (status = 200, description = "By time; an empty list where there is nothing", body = Vec<DeltaValue>),
        (status = 404, description = "The user is another than the caller", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn by_delta(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DeltaQuery>,
) -> Result<Json<Vec<DeltaValue>>, Problem> {
    let by_time = values_by_delta(&app, &caller, &query).await?;
    Ok(Json(by_time.into_iter().map(|(delta, value)| DeltaValue { delta, value }).collect()))
}

/// Gives what each of the caller's devices consumed or generated in all, in the order in which they were registered.
#[utoipa::path(get, path = "/consumption_generation/get-value-by-device", tag = "compatibility",
    security(("bearerAuth" = [])), params(UserQuery), operation_id = "get_value_by_device",
    responses(
        (status = 200, description = "One item a device that has a value", body = Vec<DeviceValue>),
        (status = 404, description = "The user is another than the caller", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn by_device(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<UserQuery>,
) -> Result<Json<Vec<DeviceValue>>, Problem> {
    let by_name = values_by_device(&app, &caller, &query).await?;
    Ok(Json(by_name.into_iter().map(|(name, total_value)| DeviceValue { name, total_value }).collect()))
}

/// Gives what the caller's devices consumed or generated in a month: of a year, or of the last one with values in that month.
#[utoipa::path(get, path = "/consumption_generation/get-month-value", tag = "compatibility",
    security(("bearerAuth" = [])), params(MonthQuery), operation_id = "get_month_value",
    responses(
        (status = 200, description = "The month", body = MonthValue),
        (status = 404, description = "The user is another than the caller", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn month(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<MonthQuery>,
) -> Result<Json<MonthValue>, Problem> {
    Ok(Json(MonthValue { total_month_value: month_value(&app, &caller, &query).await? }))
}

/// Gives what the caller's devices consumed or generated on average in a day or a month of which anything is known.
#[utoipa::path(get, path = "/consumption_generation/get-average-delta-value", tag = "compatibility",
    security(("bearerAuth" = [])), params(AverageQuery), operation_id = "get_average_delta_value",
    responses(
        (status = 200, description = "The average", body = AverageValue),
        (status = 404, description = "The user is another than the caller", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn average(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AverageQuery>,
) -> Result<Json<AverageValue>, Problem> {
    Ok(Json(AverageValue { average_value: average_of(&app, &caller, &query).await? }))
}

pub(super) async fn values_by_delta(
    app: &App,
    caller: &Caller,
    query: &DeltaQuery,
) -> Result<Vec<(String, f64)>, Problem> {
    let user = own(caller, query.user_id)?;
    let channel = channel(query.value_type.as_deref())?;
    let resolution = resolution(&query.delta, &DELTAS, "`day`, `month` or `year`")?;
    let (calendar, slots) = totals(app, user, channel, resolution).await?;
    let known = slots.iter().filter_map(|slot| Some((midnight(&calendar, slot), slot.energy?.to_kwh_f64())));
    Ok(known.collect())
}

pub(super) async fn values_by_device(
    app: &App,
    caller: &Caller,
    query: &UserQuery,
) -> Result<Vec<(String, f64)>, Problem> {
    let user = own(caller, query.user_id)?;
    let channel = channel(query.value_type.as_deref())?;
    let totals = move |store: Store| async move { store.device_totals(user, channel).await };
    let totals = app.compute(user, totals).await?;
    Ok(totals.into_iter().map(|(device, energy)| (device.name.to_string(), energy.to_kwh_f64())).collect())
}

pub(super) async fn month_value(
    app: &App,
    caller: &Caller,
    query: &MonthQuery,
) -> Result<Option<f64>, Problem> {
    let user = own(caller, query.user_id)?;
    let channel = channel(query.value_type.as_deref())?;
    let (month, year) = (query.month, query.year);
    if !(1..=12).contains(&month) {
        return Err(not_one_of("month", "1 to 12", &month.to_string()));
    }
    if let Some(year) = year.filter(|year| !(1..=9998).contains(year)) {
        return Err(not_one_of("year", "1 to 9998", &year.to_string()));
    }
    let total = move |store: Store| async move { store.month_total(user, channel, month, year).await };
    let total = app.compute(user, total).await?;
    Ok(total.map(Energy::to_kwh_f64))
}

pub(super) async fn average_of(
    app: &App,
    caller: &Caller,
    query: &AverageQuery,
) -> Result<Option<f64>, Problem> {
    let user = own(caller, query.user_id)?;
    let channel = channel(query.value_type.as_deref())?;
    let resolution = resolution(&query.delta, &AVERAGES, "`day` or `month`")?;
    let (_, slots) = totals(app, user, channel, resolution).await?;
    Ok(energy::mean(&slots)?.map(Energy::to_kwh_f64))
}
