//! Charts as SVG.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use grid_core::{
    chart::{self, EnergySlot, ForecastPoint, Options, Svg},
    energy::balance::Balance,
    error::excerpt,
    time::{self, Calendar},
};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::forecasts;
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Path, Query},
    period::field,
    problem::Problem,
};

/// How a chart looks.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChartQuery {
    /// `light`, `dark` or `auto`.
    theme: Option<String>,
    /// `en` or `es`.
    lang: Option<String>,
    /// Width in pixels.
    #[param(minimum = 240, maximum = 8192)]
    width: Option<u32>,
    /// Height in pixels.
    #[param(minimum = 160, maximum = 8192)]
    height: Option<u32>,
}

impl ChartQuery {
    pub(crate) fn options(&self) -> Result<Options, Problem> {
        let usual = Options::default();
        Ok(Options {
            width: self.width.unwrap_or(usual.width),
            height: self.height.unwrap_or(usual.height),
            theme: self.theme.as_deref().map_or(Ok(usual.theme), |text| field("theme", text.parse()))?,
            language: self.lang.as_deref().map_or(Ok(usual.language), |text| field("lang", text.parse()))?,
            ..usual
        })
    }
}

/// What a chart is of.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DayQuery {
    /// The community.
    community: Uuid,
    /// The local day; today where nothing is said.
    #[param(example = "2026-03-29")]
    date: Option<String>,
}

/// Which forecast.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ForecastQuery {
    /// The `id` that `POST /forecasts` answered.
    forecast: Uuid,
}

/// A chart as a response.
pub(crate) fn svg(chart: Svg) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml; charset=utf-8"),
        // The document carries its colours in a style element.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    (headers, chart.into_string()).into_response()
}

/// Draws where a community's energy came from in each slot of a local day.
#[utoipa::path(get, path = "/charts/energy-day.svg", tag = "charts", security(("bearerAuth" = [])),
    params(DayQuery, ChartQuery),
    responses((status = 200, description = "The chart", body = String, content_type = "image/svg+xml")))]
pub(crate) async fn energy_day(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DayQuery>,
    Query(look): Query<ChartQuery>,
) -> Result<Response, Problem> {
    let options = look.options()?;
    let (community, _) = caller.community(&app, query.community).await?;
    let calendar = community.calendar;
    let date = match query.date.as_deref() {
        None => calendar.date_of(clock::now()),
        Some(text) => {
            field("date", text.parse::<Date>().map_err(|_| time::Error::NotAnInstant { got: excerpt(text) }))?
        }
    };
    let day = field("date", calendar.day(date))?;
    let draw = move |balance: Balance| draw_day(&balance, &calendar, &options);
    Ok(svg(app.balance(community.id, day, None, None, draw).await??))
}

fn draw_day(balance: &Balance, calendar: &Calendar, options: &Options) -> Result<Svg, chart::Error> {
    let slots: Vec<EnergySlot> = balance.slots.iter().map(EnergySlot::from).collect();
    chart::energy_day(&slots, calendar, options)
}

/// Draws a forecast with its bands.
#[utoipa::path(get, path = "/charts/forecast.svg", tag = "charts", security(("bearerAuth" = [])),
    params(ForecastQuery, ChartQuery),
    responses((status = 200, description = "The chart", body = String, content_type = "image/svg+xml")))]
pub(crate) async fn forecast(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ForecastQuery>,
    Query(look): Query<ChartQuery>,
) -> Result<Response, Problem> {
    let options = look.options()?;
    let made = forecasts::own(&app, &caller, query.forecast).await?;
    let calendar = Calendar::new(&made.time_zone)?;
    let history: Vec<_> =
        made.recent.iter().map(|value| (value.start, value.value.unwrap_or(f64::NAN))).collect();
    let points: Vec<ForecastPoint> = made.points.iter().map(forecasts::PointView::drawn).collect();
    Ok(svg(chart::forecast(&history, &points, &calendar, &options)?))
}

/// What no chart is called.
pub(crate) async fn unknown(Path(file): Path<String>) -> Problem {
    Problem::new(axum::http::StatusCode::NOT_FOUND, format!("there is no chart `{}`", excerpt(&file)))
        .hint("the charts are `energy-day.svg` and `forecast.svg`")
}
