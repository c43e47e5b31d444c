//! Entries: an energy that a device consumed or generated between two times.

use axum::{extract::State, http::StatusCode};
use grid_core::{
    energy::{Device, Reading},
    error::excerpt,
    quantity::Energy,
    series::Quality,
    store::DeviceBatch,
    time::Interval,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{channel, not_one_of, own};
use crate::{app::App, caller::Caller, clock, extract::Json, hurry, period::field, problem::Problem};

/// How many entries one request may have.
const MOST: usize = 9_000;

/// An entry to store. Fields that are not known are passed over.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Entry {
    /// The caller; also where nothing is said.
    user_id: Option<Uuid>,
    /// A device of the caller's.
    device_id: Uuid,
    /// In kWh, as a number or as decimal text.
    #[schema(value_type = f64, example = 1.25)]
    value: Amount,
    /// RFC 3339, or without an offset on the clock of the device's place.
    #[schema(example = "2026-03-01T22:00:00")]
    start_time: String,
    /// The first instant after it, up to 366 days later.
    #[schema(example = "2026-03-02T04:00:00")]
    end_time: String,
    /// `consumption` (also where nothing is said), or `generation`, which may be called `production`.
    #[schema(example = "consumption")]
    value_type: Option<String>,
}

/// A number, or the text of one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(f64),
    Text(String),
}

/// An entry that is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StoredEntry {
    /// The same for an entry of the same device, times and sort, also after a correction.
    id: Uuid,
    user_id: Uuid,
    device_id: Uuid,
    /// In kWh.
    #[schema(example = 1.25)]
    value: f64,
    /// As it was sent.
    #[schema(example = "2026-03-01T22:00:00")]
    start_time: String,
    /// As it was sent.
    #[schema(example = "2026-03-02T04:00:00")]
    end_time: String,
    #[schema(example = "consumption")]
    value_type: String,
}

/// Stores an entry; the same again changes nothing, and another value for the same times corrects it.
///
/// An entry that lasts over midnight counts on each of its days, in proportion to time.
#[utoipa::path(post, path = "/consumption_generation/register-entry", tag = "compatibility",
    security(("bearerAuth" = [])), operation_id = "register_entry",
    responses(
        (status = 200, description = "Stored", body = StoredEntry),
        (status = 404, description = "The user or the device is another's", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "It overlaps another entry of the device", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn register(
    State(app): State<App>,
    caller: Caller,
    Json(entry): Json<Entry>,
) -> Result<Json<StoredEntry>, Problem> {
    let mut stored = store(&app, &caller, &[entry], |_| String::new()).await?;
    stored.pop().map(Json).ok_or_else(|| Problem::internal("an entry was stored and is not there"))
}

/// Stores an entry, under the path of the old system.
#[utoipa::path(post, path = "/register-entry", tag = "compatibility",
    security(("bearerAuth" = [])), operation_id = "register_entry_at_root",
    responses(
        (status = 200, description = "Stored", body = StoredEntry),
        (status = 404, description = "The user or the device is another's", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "It overlaps another entry of the device", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn register_at_root(
    state: State<App>,
    caller: Caller,
    entry: Json<Entry>,
) -> Result<Json<StoredEntry>, Problem> {
    register(state, caller, entry).await
}

/// Stores a list of entries, all of them or none; 9,000 at most.
#[utoipa::path(post, path = "/consumption_generation/register-entries", tag = "compatibility",
    security(("bearerAuth" = [])), operation_id = "register_entries",
    responses(
        (status = 200, description = "Stored, in the order in which they were sent", body = Vec<StoredEntry>),
        (status = 404, description = "A user or a device is another's", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "One overlaps another entry of its device", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn register_many(
    State(app): State<App>,
    caller: Caller,
    Json(entries): Json<Vec<Entry>>,
) -> Result<Json<Vec<StoredEntry>>, Problem> {
    if entries.len() > MOST {
        let detail = format!("expected at most {MOST} entries, got {}", entries.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).hint("send them in several requests"));
    }
    Ok(Json(store(&app, &caller, &entries, |place| format!("/{place}")).await?))
}

/// Stores entries, all of them or none; `pointer` is where in the body the one of a place is.
async fn store(
    app: &App,
    caller: &Caller,
    entries: &[Entry],
    pointer: impl Fn(usize) -> String,
) -> Result<Vec<StoredEntry>, Problem> {
    // Each device is looked up besides, so there may be as many questions as entries.
    hurry::storing(app, entries.len(), look_up_and_store(app, caller, entries, pointer)).await
}

async fn look_up_and_store(
    app: &App,
    caller: &Caller,
    entries: &[Entry],
    pointer: impl Fn(usize) -> String,
) -> Result<Vec<StoredEntry>, Problem> {
    let mut devices: Vec<Device> = Vec::new();
    let mut batches: Vec<DeviceBatch> = Vec::new();
    let mut stored = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let pointer = pointer(place);
        let user_id = own(caller, entry.user_id.unwrap_or(caller.id))?;
        let known = devices.iter().find(|device| device.id == entry.device_id).cloned();
        let device = if let Some(device) = known {
            device
        } else {
            let device = caller.device(app, entry.device_id).await?;
            devices.push(device.clone());
            device
        };
        let channel = channel(entry.value_type.as_deref())?;
        let reading = entry.reading(&device, &pointer)?;
        match batches.iter_mut().find(|batch| batch.device == device.id && batch.channel == channel) {
            Some(batch) => batch.readings.push(reading),
            None => batches.push(DeviceBatch { device: device.id, channel, readings: vec![reading] }),
        }
        stored.push(StoredEntry {
            id: reading.id(device.id, channel),
            user_id,
            device_id: device.id,
            value: reading.energy().map_or(f64::NAN, Energy::to_kwh_f64),
            start_time: entry.start_time.clone(),
            end_time: entry.end_time.clone(),
            value_type: channel.to_string(),
        });
    }
    let outcome = app.services()?.store().ingest(&batches, clock::now()).await?;
    app.metrics().ingested(outcome);
    Ok(stored)
}

impl Entry {
    fn reading(&self, device: &Device, pointer: &str) -> Result<Reading, Problem> {
        let at = |name: &str| format!("{pointer}/{name}");
        let start = field(&at("start_time"), device.calendar.instant(&self.start_time))?;
        let end = field(&at("end_time"), device.calendar.instant(&self.end_time))?;
        let interval = field(&at("end_time"), Interval::new(start, end))?;
        let energy = self
            .value
            .energy()
            .ok_or_else(|| not_one_of(&at("value"), "an energy in kWh like `1.25`", &self.value.shown()))?;
        field(&at("value"), Reading::new(interval, Some(energy), Quality::Measured))
    }
}

impl Amount {
    fn energy(&self) -> Option<Energy> {
        let kwh = match self {
            Self::Number(kwh) => *kwh,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        Energy::from_kwh_f64(kwh)
    }

    fn shown(&self) -> String {
        match self {
            Self::Number(kwh) => kwh.to_string(),
            Self::Text(text) => excerpt(text),
        }
    }
}
