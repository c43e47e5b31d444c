//! The battery service of the old system: how full a user's battery is, under its paths and with its field names.
//!
//! Its names say `kW` where kWh are meant; they stay. What is not right is refused, where the old system answered 200 with an
//! `error`, and loading the same rows again changes nothing, where it appended them.

use axum::{
    extract::{Request, State},
    http::{HeaderName, StatusCode, header},
};
use grid_core::{
    battery::{Level, read_levels},
    time::{Calendar, Interval},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use utoipa::{IntoParams, ToSchema};

use super::upload::Form;
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Query, is_json, media_type},
    hurry,
    page::LongLimit,
    period::field,
    problem::Problem,
    routes::not_one_of,
    spool::{Spooled, spool},
    upload::Sender,
};

/// How full a battery is now.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BatteryStatus)]
pub(crate) struct Status {
    /// What it holds now, in kWh.
    #[serde(rename = "energy_available_kW", deserialize_with = "number_or_text")]
    #[schema(example = 4.2)]
    energy_available: f64,
    /// What it holds when it is full, in kWh.
    #[serde(rename = "battery_capacity_kW", deserialize_with = "number_or_text")]
    #[schema(example = 10.0)]
    battery_capacity: f64,
}

/// A number, or the text of one, as a form has it and the service before took it.
fn number_or_text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Told {
        Number(f64),
        Text(String),
    }
    match Told::deserialize(from)? {
        Told::Number(number) => Ok(number),
        Told::Text(text) => text.trim().parse().map_err(serde::de::Error::custom),
    }
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatteryMessage)]
pub(crate) struct Message {
    message: String,
}

impl Message {
    fn new(message: impl Into<String>) -> Json<Self> {
        Json(Self { message: message.into() })
    }
}

/// How full a battery was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatteryLevel)]
pub(crate) struct LevelView {
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// In per cent.
    #[schema(example = 42.0)]
    battery_level: f64,
    /// In kWh.
    #[serde(rename = "battery_capacity_kW")]
    battery_capacity: f64,
    /// In kWh.
    #[serde(rename = "energy_available_kW")]
    energy_available: f64,
}

impl From<Level> for LevelView {
    fn from(level: Level) -> Self {
        Self {
            timestamp: level.at,
            battery_level: level.percent(),
            battery_capacity: level.capacity.to_kwh_f64(),
            energy_available: level.available.to_kwh_f64(),
        }
    }
}

/// The newest level, or that there is none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = CurrentBatteryLevel)]
pub(crate) enum Current {
    Level(LevelView),
    Nothing(Message),
}

/// How far back, and which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// A number and `d`, `h` or `m`, such as `12h`: 1d where nothing is said, ten years at most.
    delta: Option<String>,
    /// The instant of the last level of the page before, as in its `Link`.
    #[param(value_type = Option<String>, format = DateTime)]
    after: Option<Timestamp>,
    /// How many levels at most, 1 to 100,000: all of them where nothing is said, or 413 where they are more than 200,000.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
    limit: Option<LongLimit>,
}

impl HistoryQuery {
    fn start(&self, now: Timestamp) -> Result<Timestamp, Problem> {
        const MOST_SECONDS: i64 = 3653 * 86_400;
        let text = self.delta.as_deref().unwrap_or("1d");
        let seconds = [('d', 86_400), ('h', 3600), ('m', 60)].into_iter().find_map(|(unit, seconds)| {
            let number = text.strip_suffix(unit)?;
            let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            number.parse::<i64>().ok().filter(|_| is_plain)?.checked_mul(seconds)
        });
        seconds
            .filter(|seconds| (1..=MOST_SECONDS).contains(seconds))
            .and_then(|seconds| now.checked_sub(SignedDuration::from_secs(seconds)).ok())
            .ok_or_else(|| {
                not_one_of("delta", "a number and `d`, `h` or `m`, such as `12h`, up to ten years", text)
            })
    }

    /// The times of what is left. What is dated ahead of the server's clock is among it, too.
    fn interval(&self, now: Timestamp) -> Result<Interval, Problem> {
        let start = self.start(now)?;
        let Some(after) = self.after else { return Ok(Interval::new(start, Timestamp::MAX)?) };
        // Levels are kept to the microsecond.
        let next = after.checked_add(SignedDuration::from_micros(1)).unwrap_or(after).max(start);
        field("after", Interval::new(next, Timestamp::MAX))
    }

    /// Where the page after a level is, by RFC 8288; the address is relative to that of the request.
    fn link_after(&self, last: Timestamp, limit: LongLimit) -> String {
        let delta = self.delta.as_ref().map_or(String::new(), |delta| format!("delta={delta}&"));
        format!("<?{delta}limit={}&after={last}>; rel=\"next\"", limit.get())
    }
}

/// How the times of a table are meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ZoneQuery {
    /// The zone of times without an offset: UTC where nothing is said.
    #[param(example = "America/Bogota")]
    time_zone: Option<String>,
}

/// Keeps how full the caller's battery is now; `kW` stands for kWh, as in the old system.
#[utoipa::path(post, path = "/battery/status", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "battery_status", responses(
        (status = 200, description = "Kept", body = Message),
        (status = 409, description = "No more levels may be kept", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    Json(status): Json<Status>,
) -> Result<Json<Message>, Problem> {
    let now = clock::now();
    let capacity = status.battery_capacity;
    // The capacity alone, so that a refusal names the field that it is about.
    field("/battery_capacity_kW", Level::of_energy(now, 0.0, capacity))?;
    let level = field("/energy_available_kW", Level::of_energy(now, status.energy_available, capacity))?;
    app.services()?.store().save_levels(caller.id, &[level]).await?;
    Ok(Message::new("Battery status updated"))
}

/// Keeps how full the caller's battery is now, under the path of the old system.
#[utoipa::path(post, path = "/battery/status", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "battery_status_at_root", responses(
        (status = 200, description = "Kept", body = Message),
        (status = 409, description = "No more levels may be kept", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn set_at_root(
    state: State<App>,
    caller: Caller,
    status: Json<Status>,
) -> Result<Json<Message>, Problem> {
    set(state, caller, status).await
}

/// Gives the newest level of the caller's battery, or a message that there is none.
#[utoipa::path(get, path = "/battery/current", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "battery_current", responses((status = 200, description = "The level", body = Current)))]
pub(crate) async fn current(State(app): State<App>, caller: Caller) -> Result<Json<Current>, Problem> {
    let newest = app.services()?.store().newest_level(caller.id).await?;
    Ok(Json(newest.map_or_else(
        || Current::Nothing(Message { message: "No data available".to_owned() }),
        |level| Current::Level(level.into()),
    )))
}

/// Gives the newest level of the caller's battery, under the path of the old system.
#[utoipa::path(get, path = "/battery/current", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "battery_current_at_root", responses((status = 200, description = "The level", body = Current)))]
pub(crate) async fn current_at_root(state: State<App>, caller: Caller) -> Result<Json<Current>, Problem> {
    current(state, caller).await
}

/// Gives the levels of the caller's battery since a while ago, by time.
#[utoipa::path(get, path = "/battery/history", tag = "battery", security(("bearerAuth" = [])), params(HistoryQuery),
    operation_id = "battery_history", responses((status = 200, description = "The levels", body = Vec<LevelView>,
    headers(("Link" = String, description = "The address of the next page, where a `limit` was given and there is one")))))]
pub(crate) async fn history(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<HistoryQuery>,
) -> Result<Levels, Problem> {
    let services = app.services()?;
    let interval = query.interval(clock::now())?;
    let Some(limit) = query.limit else {
        return Ok((None, shown(services.store().levels(caller.id, interval).await?)));
    };
    let most = limit.items().saturating_add(1);
    let mut levels = services.store().first_levels(caller.id, interval, most).await?;
    let is_more = levels.len() > limit.items();
    levels.truncate(limit.items());
    let link =
        levels.last().filter(|_| is_more).map(|last| [(header::LINK, query.link_after(last.at, limit))]);
    Ok((link, shown(levels)))
}

/// Levels, and the address of those after them.
type Levels = (Option<[(HeaderName, String); 1]>, Json<Vec<LevelView>>);

fn shown(levels: Vec<Level>) -> Json<Vec<LevelView>> {
    Json(levels.into_iter().map(LevelView::from).collect())
}

/// Until when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BeforeQuery {
    /// An instant, such as `2026-01-01T00:00:00Z`: the levels before it go, and all of them where nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Timestamp>,
}

/// Removes levels of the caller's battery.
#[utoipa::path(delete, path = "/battery/history", tag = "battery", security(("bearerAuth" = [])), params(BeforeQuery),
    operation_id = "battery_forget", responses((status = 204, description = "They are gone")))]
pub(crate) async fn forget(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<BeforeQuery>,
) -> Result<StatusCode, Problem> {
    let interval = Interval::new(Timestamp::MIN, query.before.unwrap_or(Timestamp::MAX))?;
    // A million of them take longer than the time of a request.
    let store = app.services()?.store();
    hurry::at_length(&app, store.delete_levels(caller.id, interval)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives the levels of the caller's battery since a while ago, under the path of the old system.
#[utoipa::path(get, path = "/battery/history", tag = "battery", security(("bearerAuth" = [])), params(HistoryQuery),
    operation_id = "battery_history_at_root", responses((status = 200, description = "The levels", body = Vec<LevelView>,
    headers(("Link" = String, description = "The address of the next page, where a `limit` was given and there is one")))))]
pub(crate) async fn history_at_root(
    state: State<App>,
    caller: Caller,
    query: Query<HistoryQuery>,
) -> Result<Levels, Problem> {
    history(state, caller, query).await
}

/// Loads levels from a table `Timestamp, Battery_Level, Battery_Capacity_kW[, Energy_Available_kW]`; the same again changes nothing.
#[utoipa::path(post, path = "/battery/load", tag = "battery", security(("bearerAuth" = [])), params(ZoneQuery),
    operation_id = "battery_load",
    request_body(content((Option<String> = "text/csv"), (Option<Form> = "multipart/form-data"))),
    responses(
        (status = 200, description = "How many rows were read, and how many are new", body = Message),
        (status = 409, description = "No more levels may be kept", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn load(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ZoneQuery>,
    request: Request,
) -> Result<Json<Message>, Problem> {
    let zone = query.time_zone.as_deref();
    let calendar = zone.map_or(Ok(Calendar::utc()), |zone| field("time_zone", Calendar::new(zone)))?;
    let says_nothing = media_type(request.headers()).is_none_or(|kind| is_json(&kind));
    let Spooled { file, place, room: _room, .. } = spool(&app, request, Sender::User(caller.id)).await?;
    let store = app.services()?.store().clone();
    let runtime = Handle::current();
    let loaded = place.run(move || {
        // Clients of the old system ask, without a file, for the one that lay on its server.
        if says_nothing && is_nothing(&file) {
            return Ok(None);
        }
        let levels = read_levels(&file, &calendar)?;
        let saved = store.save_levels(caller.id, &levels);
        let new = runtime.block_on(hurry::at_length(&app, saved))?;
        Ok::<_, Problem>(Some((levels.len(), new)))
    });
    Ok(match loaded.await?? {
        None => Message::new("No file was sent, so nothing was loaded"),
        Some((rows, new)) => Message::new(format!("Battery data loaded: {rows} rows, {new} of them new")),
    })
}

/// Whether a body has nothing in it, as a page has nothing that calls with no body, or with an empty object.
fn is_nothing(mut file: &std::fs::File) -> bool {
    use std::io::{Read as _, Seek as _};

    let mut start = String::new();
    let read = file.take(16).read_to_string(&mut start).is_ok() && file.rewind().is_ok();
    read && matches!(start.trim(), "" | "{}" | "null")
}

/// Loads levels from a table, under the path of the old system.
#[utoipa::path(post, path = "/battery/load", tag = "battery", security(("bearerAuth" = [])), params(ZoneQuery),
    operation_id = "battery_load_at_root",
    request_body(content((Option<String> = "text/csv"), (Option<Form> = "multipart/form-data"))),
    responses(
        (status = 200, description = "How many rows were read, and how many are new", body = Message),
        (status = 409, description = "No more levels may be kept", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn load_at_root(
    state: State<App>,
    caller: Caller,
    query: Query<ZoneQuery>,
    request: Request,
) -> Result<Json<Message>, Problem> {
    load(state, caller, query, request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_is_a_number_and_a_unit() {
        let now: Timestamp = "2026-03-08T00:00:00Z".parse().unwrap();
        let start =
            |text: &str| HistoryQuery { delta: Some(text.to_owned()), ..HistoryQuery::default() }.start(now);
        for (text, then) in [
            ("1h", "2026-03-07T23:00:00Z"),
            ("12h", "2026-03-07T12:00:00Z"),
            ("90m", "2026-03-07T22:30:00Z"),
            ("7d", "2026-03-01T00:00:00Z"),
        ] {
            assert_eq!(start(text).unwrap(), then.parse().unwrap());
        }
        for text in ["", "h", "0h", "-1h", "+1h", "1", "1w", "1.5h", "3654d", "99999999999999999999d", "1 h"]
        {
            assert_eq!(start(text).unwrap_err().status().as_u16(), 422, "{text}");
        }
        assert_eq!(HistoryQuery::default().start(now).unwrap(), start("24h").unwrap());
    }
}
