//! The battery service of the old system: how full a user's battery is, under its paths and with its field names.
//!
//! Its names say `kW` where kWh are meant; they stay. What is not right is refused, where the old system answered 200 with an
//! `error`, and loading the same rows again changes nothing, where it appended them.

use axum::extract::{Request, State};
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

/// How far back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeltaQuery {
    /// A number and `d`, `h` or `m`, such as `12h`: 1d where nothing is said, ten years at most.
    delta: Option<String>,
}

impl DeltaQuery {
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
    operation_id = "battery_status", responses((status = 200, description = "Kept", body = Message)))]
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
    operation_id = "battery_status_at_root", responses((status = 200, description = "Kept", body = Message)))]
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
#[utoipa::path(get, path = "/battery/history", tag = "battery", security(("bearerAuth" = [])), params(DeltaQuery),
    operation_id = "battery_history", responses((status = 200, description = "The levels", body = Vec<LevelView>)))]
pub(crate) async fn history(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DeltaQuery>,
) -> Result<Json<Vec<LevelView>>, Problem> {
    // What is dated ahead of the server's clock is shown, too.
    let interval = Interval::new(query.start(clock::now())?, Timestamp::MAX)?;
    let levels = app.services()?.store().levels(caller.id, interval).await?;
    Ok(Json(levels.into_iter().map(LevelView::from).collect()))
}

/// Gives the levels of the caller's battery since a while ago, under the path of the old system.
#[utoipa::path(get, path = "/battery/history", tag = "battery", security(("bearerAuth" = [])), params(DeltaQuery),
    operation_id = "battery_history_at_root",
    responses((status = 200, description = "The levels", body = Vec<LevelView>)))]
pub(crate) async fn history_at_root(
    state: State<App>,
    caller: Caller,
    query: Query<DeltaQuery>,
) -> Result<Json<Vec<LevelView>>, Problem> {
    history(state, caller, query).await
}

/// Loads levels from a table `Timestamp, Battery_Level, Battery_Capacity_kW[, Energy_Available_kW]`; the same again changes nothing.
#[utoipa::path(post, path = "/battery/load", tag = "battery", security(("bearerAuth" = [])), params(ZoneQuery),
    operation_id = "battery_load",
    request_body(content((Option<String> = "text/csv"), (Option<Form> = "multipart/form-data"))),
    responses((status = 200, description = "How many rows were read, and how many are new", body = Message)))]
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
        let new = runtime.block_on(store.save_levels(caller.id, &levels))?;
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
    responses((status = 200, description = "How many rows were read, and how many are new", body = Message)))]
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
        let start = |text: &str| DeltaQuery { delta: Some(text.to_owned()) }.start(now);
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
        assert_eq!(DeltaQuery { delta: None }.start(now).unwrap(), start("24h").unwrap());
    }
}
