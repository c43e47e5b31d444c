//! Charts as SVG, and as PNG under the same paths with that ending.

use axum::{
    extract::{FromRequestParts, State},
    http::{header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use grid_core::{
    chart::{self, BandSlot, BillPart, CommunityDay, EnergySlot, ForecastPoint, MemberSlot, Options, Svg},
    energy::{
        Member, Role,
        balance::{Balance, SlotBalance},
        tariff::Schedule,
    },
    error::excerpt,
    store::{Store, StoredTariff},
    time::{self, Calendar, Interval},
};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{forecasts, settlements};
use crate::{
    app::App,
    caller::{Caller, not_found},
    clock,
    extract::{Path, Query},
    period::{field, month},
    problem::Problem,
};

/// The charts; [`openapi::complete`](crate::openapi::complete) describes the pictures beside the documents.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(energy_day))
        .route("/charts/energy-day.png", get(energy_day))
        .routes(routes!(member_day))
        .route("/charts/member-day.png", get(member_day))
        .routes(routes!(community_month))
        .route("/charts/community-month.png", get(community_month))
        .routes(routes!(bill))
        .route("/charts/bill.png", get(bill))
        .routes(routes!(load_by_band))
        .route("/charts/load-by-band.png", get(load_by_band))
        .routes(routes!(forecast))
        .route("/charts/forecast.png", get(forecast))
        .route("/charts/{file}", get(unknown))
}

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
    /// Of a PNG: how many times as many pixels a side; 2 where nothing is said.
    #[param(minimum = 1, maximum = 4)]
    scale: Option<u32>,
}

impl ChartQuery {
    fn options(&self) -> Result<Options, Problem> {
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

/// How a chart looks, and what it is drawn as: the ending of the path says it.
#[derive(Debug)]
pub(crate) struct Look {
    /// Size, colours and language.
    pub(crate) options: Options,
    /// How many times as many pixels a PNG has; an SVG has none.
    scale: Option<u32>,
}

impl<S: Send + Sync> FromRequestParts<S> for Look {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        const USUAL_SCALE: u32 = 2;
        let Query(query) = Query::<ChartQuery>::from_request_parts(parts, state).await?;
        let is_picture = parts.uri.path().rsplit('.').next() == Some("png");
        Ok(Self { options: query.options()?, scale: is_picture.then(|| query.scale.unwrap_or(USUAL_SCALE)) })
    }
}

impl Look {
    /// A chart as a response; pixels are drawn where a core may be kept busy.
    pub(crate) async fn answer(&self, app: &App, user: Uuid, chart: Svg) -> Result<Response, Problem> {
        let private = (header::CACHE_CONTROL, "private, no-cache");
        let Some(scale) = self.scale else {
            let headers = [
                (header::CONTENT_TYPE, "image/svg+xml; charset=utf-8"),
                // The document carries its colours in a style element.
                (
                    header::CONTENT_SECURITY_POLICY,
                    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
                ),
                private,
            ];
            return Ok((headers, chart.into_string()).into_response());
        };
        let pixels = field("scale", app.analyses(user).run(move || chart.png(scale)).await?)?;
        Ok(([(header::CONTENT_TYPE, "image/png"), private], pixels).into_response())
    }
}

/// Draws where a community's energy came from in each slot of a local day.
#[utoipa::path(get, path = "/charts/energy-day.svg", tag = "charts", security(("bearerAuth" = [])),
    params(DayQuery, ChartQuery),
    responses((status = 200, description = "The chart", body = String, content_type = "image/svg+xml")))]
pub(crate) async fn energy_day(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DayQuery>,
    look: Look,
) -> Result<Response, Problem> {
    let options = look.options.clone();
    let (community, _) = caller.community(&app, query.community).await?;
    let calendar = community.calendar;
    let day = day_of(&calendar, query.date.as_deref())?;
    let draw = move |balance: Balance| draw_day(&balance, &calendar, &options);
    look.answer(&app, caller.id, app.balance(caller.id, community.id, day, None, None, draw).await??).await
}

/// A local day of a query; today where nothing is said.
fn day_of(calendar: &Calendar, date: Option<&str>) -> Result<Interval, Problem> {
    let date = match date {
        None => calendar.date_of(clock::now()),
        Some(text) => {
            field("date", text.parse::<Date>().map_err(|_| time::Error::NotAnInstant { got: excerpt(text) }))?
        }
    };
    field("date", calendar.day(date))
}

fn draw_day(balance: &Balance, calendar: &Calendar, options: &Options) -> Result<Svg, chart::Error> {
    let slots: Vec<EnergySlot> = balance.slots.iter().map(EnergySlot::from).collect();
    chart::energy_day(&slots, calendar, options)
}

/// Whose day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MemberDayQuery {
    /// The community.
    community: Uuid,
    /// The member; the caller's own where nothing is said.
    member: Option<Uuid>,
    /// The local day; today where nothing is said.
    #[param(example = "2026-03-29")]
    date: Option<String>,
}

/// Which month.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonthQuery {
    /// The community.
    community: Uuid,
    /// The local month.
    #[param(example = "2026-03")]
    month: String,
}

/// Which statement.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BillQuery {
    /// The statement.
    statement: Uuid,
}

/// Whose load, and by which bands.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LoadQuery {
    /// The community.
    community: Uuid,
    /// The member; the caller's own where nothing is said.
    member: Option<Uuid>,
    /// The local month.
    #[param(example = "2026-03")]
    month: String,
    /// The tariff, by its id among the community's; the newest that has bands where nothing is said.
    tariff: Option<Uuid>,
    /// The name of its calendar of bands; the first where nothing is said.
    schedule: Option<String>,
}

/// The member whose chart is drawn: an operator may see everybody's, a member their own.
fn whose(own: &Member, wanted: Option<Uuid>) -> Result<Uuid, Problem> {
    match wanted {
        Some(member) if member != own.id && own.role != Role::Operator => Err(not_found("member", member)),
        wanted => Ok(wanted.unwrap_or(own.id)),
    }
}

/// The slots of a member, computed where a core may be kept busy.
async fn member_slots(
    app: &App,
    user: Uuid,
    community: Uuid,
    member: Uuid,
    interval: Interval,
) -> Result<Vec<SlotBalance>, Problem> {
    let slots =
        move |store: Store| async move { store.member_slots(community, member, interval, None).await };
    app.compute(user, slots).await
}

/// Draws a member's local day: what was used, from where, and what was given.
#[utoipa::path(get, path = "/charts/member-day.svg", tag = "charts", security(("bearerAuth" = [])),
    params(MemberDayQuery, ChartQuery),
    responses((status = 200, description = "The chart", body = String, content_type = "image/svg+xml")))]
pub(crate) async fn member_day(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<MemberDayQuery>,
    look: Look,
) -> Result<Response, Problem> {
    let options = look.options.clone();
    let (community, own) = caller.community(&app, query.community).await?;
    let member = whose(&own, query.member)?;
    let day = day_of(&community.calendar, query.date.as_deref())?;
    let slots = member_slots(&app, caller.id, community.id, member, day).await?;
    let slots: Vec<MemberSlot> = slots.iter().map(MemberSlot::from).collect();
    look.answer(&app, caller.id, chart::member_day(&slots, &community.calendar, &options)?).await
}

/// Draws a community's month by source, a bar a day.
#[utoipa::path(get, path = "/charts/community-month.svg", tag = "charts", security(("bearerAuth" = [])),
    params(MonthQuery, ChartQuery),
    responses((status = 200, description = "The chart", body = String, content_type = "image/svg+xml")))]
pub(crate) async fn community_month(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<MonthQuery>,
    look: Look,
) -> Result<Response, Problem> {
    let options = look.options.clone();
    let (community, _) = caller.community(&app, query.community).await?;
    let calendar = community.calendar;
    let month = month("month", &query.month, &calendar)?;
    let draw = move |balance: Balance| {
        let days = CommunityDay::of_slots(&balance.slots, &calendar);
        chart::community_month(calendar.date_of(month.start()), &days, &options)
    };
    look.answer(&app, caller.id, app.balance(caller.id, community.id, month, None, None, draw).await??).await
}

/// Draws the parts of a statement, from energy over taxes and credits to the total.
#[utoipa::path(get, path = "/charts/bill.svg", tag = "charts", security(("bearerAuth" = [])),
    params(BillQuery, ChartQuery),
    responses((status = 200, description = "The chart", body = String, content_type = "image/svg+xml")))]
pub(crate) async fn bill(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<BillQuery>,
    look: Look,
) -> Result<Response, Problem> {
    let options = look.options.clone();
    let statement = settlements::visible(&app, &caller, query.statement).await?.statement()?;
    let parts = BillPart::of_statement(&statement, options.language)?;
    look.answer(&app, caller.id, chart::bill_parts(&parts, &options)?).await
}

/// Draws a member's load of a month by the bands of a tariff.
#[utoipa::path(get, path = "/charts/load-by-band.svg", tag = "charts", security(("bearerAuth" = [])),
    params(LoadQuery, ChartQuery),
    responses((status = 200, description = "The chart", body = String, content_type = "image/svg+xml")))]
pub(crate) async fn load_by_band(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<LoadQuery>,
    look: Look,
) -> Result<Response, Problem> {
    let options = look.options.clone();
    let (community, own) = caller.community(&app, query.community).await?;
    let member = whose(&own, query.member)?;
    let month = month("month", &query.month, &community.calendar)?;
    let load = move |store: Store| async move { store.tariffs(community.id).await };
    let tariffs = app.load(caller.id, load).await?;
    let is_wanted = |stored: &&StoredTariff| {
        // A member sees what is for all, and its own.
        let is_visible = own.role == Role::Operator || stored.member.is_none_or(|member| member == own.id);
        is_visible && query.tariff.is_none_or(|id| id == stored.id)
    };
    let named = |schedule: &&Schedule| query.schedule.as_deref().is_none_or(|name| name == schedule.name());
    let schedule =
        tariffs.iter().rev().filter(is_wanted).find_map(|stored| stored.tariff.schedules().find(named));
    let schedule = schedule.ok_or_else(|| {
        Problem::new(axum::http::StatusCode::NOT_FOUND, "there is no such calendar of bands in a tariff here")
            .hint("add a tariff with `schedules` by POST /api/v1/communities/{id}/tariffs")
    })?;
    let slots = member_slots(&app, caller.id, community.id, member, month).await?;
    let slots = BandSlot::of_slots(&slots, schedule, &community.calendar);
    let bands: Vec<&str> = schedule.bands().iter().map(String::as_str).collect();
    look.answer(&app, caller.id, chart::load_by_band(&slots, &bands, &community.calendar, &options)?).await
}

/// Draws a forecast with its bands.
#[utoipa::path(get, path = "/charts/forecast.svg", tag = "charts", security(("bearerAuth" = [])),
    params(ForecastQuery, ChartQuery),
    responses((status = 200, description = "The chart", body = String, content_type = "image/svg+xml")))]
pub(crate) async fn forecast(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ForecastQuery>,
    look: Look,
) -> Result<Response, Problem> {
    let options = look.options.clone();
    let made = forecasts::own(&app, &caller, query.forecast).await?;
    let calendar = Calendar::new(&made.time_zone)?;
    let history: Vec<_> =
        made.recent.iter().map(|value| (value.start, value.value.unwrap_or(f64::NAN))).collect();
    let points: Vec<ForecastPoint> = made.points.iter().map(forecasts::PointView::drawn).collect();
    look.answer(&app, caller.id, chart::forecast(&history, &points, &calendar, &options)?).await
}

/// What no chart is called.
pub(crate) async fn unknown(Path(file): Path<String>) -> Problem {
    Problem::new(axum::http::StatusCode::NOT_FOUND, format!("there is no chart `{}`", excerpt(&file)))
        .hint("the charts are `energy-day.svg`, `member-day.svg`, `community-month.svg`, `bill.svg`, `load-by-band.svg` and `forecast.svg`, and the same as `.png`")
}
