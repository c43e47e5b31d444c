//! Battery recordings: read any vendor's file, keep it, show its cycles.

use std::io::Read;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Multipart, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::{
    battery::{self, CycleSummary, Recording, Remark, Summary},
    chart::{self, CyclePoint},
    energy::Name,
    store::{NewRecording, StoredRecording, new_id},
};
use jiff::{Timestamp, civil::DateTime};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    charts::{ChartQuery, svg},
    not_one_of,
};
use crate::{
    app::App,
    caller::{Caller, not_found},
    clock,
    extract::{Json, Path, Query, media_type, unreadable},
    page::{Listed, PageQuery},
    period::field,
    problem::Problem,
    upload::{self, Sender},
};

/// What to do with an upload.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadQuery {
    /// `false` answers without storing; that needs no login and no database.
    store: Option<bool>,
    /// What to call it; the file's name in a form, else `recording`.
    name: Option<String>,
}

/// What a file says.
#[derive(Serialize, ToSchema)]
pub(crate) struct Analysis {
    /// Its id; `null` where it was not stored.
    id: Option<Uuid>,
    #[schema(value_type = String, example = "cell 12")]
    name: Name,
    /// Why it was taken for what it is.
    evidence: Vec<String>,
    /// What was odd, and what was done about it.
    #[schema(value_type = Vec<RemarkView>)]
    remarks: Vec<Remark>,
    /// The wall clock of the first row, without a zone.
    #[schema(value_type = Option<String>)]
    started_at: Option<DateTime>,
    #[serde(flatten)]
    #[schema(value_type = SummaryView)]
    summary: Summary,
}

/// Something odd in a file, for the API's description.
#[derive(ToSchema)]
#[schema(as = Remark)]
#[expect(dead_code, reason = "describes the core's `Remark`, which knows nothing of OpenAPI")]
pub(crate) struct RemarkView {
    #[schema(example = "current_sign_turned")]
    code: String,
    message: String,
    line: Option<u64>,
}

/// A recording in numbers, for the API's description.
#[derive(ToSchema)]
#[schema(as = RecordingSummary)]
#[expect(dead_code, reason = "describes the core's `Summary`, which knows nothing of OpenAPI")]
pub(crate) struct SummaryView {
    #[schema(example = "arbin")]
    format: String,
    rows: u64,
    first_time_s: f64,
    last_time_s: f64,
    voltage_min_v: Option<f64>,
    voltage_max_v: Option<f64>,
    current_min_a: Option<f64>,
    current_max_a: Option<f64>,
    temperature_min_c: Option<f64>,
    temperature_max_c: Option<f64>,
    charge_capacity_ah: Option<f64>,
    discharge_capacity_ah: Option<f64>,
    charge_energy_wh: Option<f64>,
    discharge_energy_wh: Option<f64>,
    integral_charge_ah: Option<f64>,
    integral_discharge_ah: Option<f64>,
    integral_charge_wh: Option<f64>,
    integral_discharge_wh: Option<f64>,
    backward_times: u64,
    duplicate_times: u64,
    missing_voltages: u64,
    missing_currents: u64,
    cycles: Vec<CycleView>,
}

/// A cycle, for the API's description.
#[derive(ToSchema)]
#[schema(as = Cycle)]
#[expect(dead_code, reason = "describes the core's `CycleSummary`, which knows nothing of OpenAPI")]
pub(crate) struct CycleView {
    cycle: i64,
    charge_capacity_ah: Option<f64>,
    discharge_capacity_ah: Option<f64>,
    charge_energy_wh: Option<f64>,
    discharge_energy_wh: Option<f64>,
    coulombic_efficiency: Option<f64>,
    energy_efficiency: Option<f64>,
    first_row: u64,
    rows: u64,
    duration_s: f64,
}

/// A stored recording in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordingItem {
    id: Uuid,
    #[schema(value_type = String)]
    name: Name,
    #[schema(value_type = String, example = "arbin")]
    format: Name,
    size_bytes: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<StoredRecording> for RecordingItem {
    fn from(stored: StoredRecording) -> Self {
        Self {
            id: stored.id,
            name: stored.name,
            format: stored.format,
            size_bytes: stored.size_bytes,
            created_at: stored.created_at,
        }
    }
}

/// Which chart of a recording.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct KindQuery {
    /// `voltage` (voltage and current over time, also where nothing is said) or `capacity` (over cycles).
    kind: Option<String>,
}

fn analysis(id: Option<Uuid>, name: Name, recording: Recording) -> Analysis {
    Analysis {
        id,
        name,
        summary: battery::summarise(&recording),
        evidence: recording.evidence,
        remarks: recording.remarks,
        started_at: recording.started_at,
    }
}

/// Reads a recording of any layout, and keeps it unless `store=false`.
#[utoipa::path(post, path = "/battery/recordings", tag = "battery", security(("bearerAuth" = []), ()),
    params(UploadQuery),
    request_body(content((String = "text/csv"), (String = "application/octet-stream"), (Form = "multipart/form-data"))),
    responses(
        (status = 200, description = "What it says; not stored", body = Analysis),
        (status = 201, description = "Stored; `Location` is its path", body = Analysis),
    ))]
pub(crate) async fn upload(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let Query(query) = Query::<UploadQuery>::from_request_parts(&mut parts, &app).await?;
    let keep = query.store.unwrap_or(true);
    let caller = if keep { Some(Caller::from_request_parts(&mut parts, &app).await?) } else { None };
    let is_form = media_type(&parts.headers).as_deref() == Some("multipart/form-data");
    let named = query.name.as_deref().map(|name| field("name", Name::new(name))).transpose()?;
    let request = Request::from_parts(parts, body);
    upload::check_length(&app, request.headers())?;
    let Some(caller) = caller else {
        let (name, recording) = read_only(&app, request, is_form, named).await?;
        return Ok(Json(analysis(None, name, recording)).into_response());
    };
    let (file_name, bytes) = if is_form { form(request).await? } else { (None, whole(request).await?) };
    let name = called(named, file_name)?;
    let (recording, bytes) = app.analyses().run(move || (battery::read_bytes(&bytes), bytes)).await?;
    let recording = recording?;
    let now = clock::now();
    let id = new_id(now);
    let format = Name::new(recording.format.as_str())?;
    let analysis = analysis(Some(id), name.clone(), recording);
    let summary = serde_json::to_string(&analysis).map_err(|error| Problem::internal(&error.to_string()))?;
    let new = NewRecording { id, owner: caller.id, name, format, summary, file: &bytes };
    app.services()?.store().save_recording(&new, now).await?;
    let location = format!("/api/v1/battery/recordings/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(analysis)).into_response())
}

/// Reads the file of somebody who need not be logged in, in a place for such people and within a time.
async fn read_only(
    app: &App,
    request: Request,
    is_form: bool,
    named: Option<Name>,
) -> Result<(Name, Recording), Problem> {
    if !is_form {
        // Read while it arrives, never held whole.
        let read = |source: &mut dyn Read| battery::read(source);
        let recording = upload::stream(app, request, Sender::Anybody, read).await??;
        return Ok((called(named, None)?, recording));
    }
    let until = Sender::Anybody.deadline(app);
    let place = app.uploads(Sender::Anybody).place().await?;
    let arrived = tokio::time::timeout_at(until, form(request)).await;
    let (file_name, bytes) = arrived.map_err(|_| upload::too_late())??;
    Ok((called(named, file_name)?, place.run(move || battery::read_bytes(&bytes)).await??))
}

/// What a recording is called: as was said, else as its file, else `recording`.
fn called(named: Option<Name>, file_name: Option<String>) -> Result<Name, Problem> {
    match named.or_else(|| file_name.and_then(|name| Name::new(&name).ok())) {
        Some(name) => Ok(name),
        None => Ok(Name::new("recording")?),
    }
}

/// A form with a file, for the API's description.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what a form holds")]
pub(crate) struct Form {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

async fn whole(request: Request) -> Result<Bytes, Problem> {
    Bytes::from_request(request, &()).await.map_err(|rejection| unreadable(&rejection))
}

/// The first file of a form.
async fn form(request: Request) -> Result<(Option<String>, Bytes), Problem> {
    let refused = |status, text: String| Problem::new(status, text);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| refused(rejection.status(), rejection.body_text()))?;
    let broken = |error: axum::extract::multipart::MultipartError| refused(error.status(), error.body_text());
    while let Some(part) = form.next_field().await.map_err(broken)? {
        if part.file_name().is_some() || part.name() == Some("file") {
            let name = part.file_name().map(str::to_owned);
            return Ok((name, part.bytes().await.map_err(broken)?));
        }
    }
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "expected a form with a part `file`, got none")
        .hint("with curl: --form file=@recording.csv"))
}

/// Lists the caller's recordings.
#[utoipa::path(get, path = "/battery/recordings", tag = "battery", security(("bearerAuth" = [])), params(PageQuery),
    operation_id = "recordings_list",
    responses((status = 200, description = "A page of recordings", body = Listed<RecordingItem>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listed<RecordingItem>>, Problem> {
    let recordings = app.services()?.store().recordings_of(caller.id, page.into()).await?;
    Ok(Json(Listed::of(recordings, RecordingItem::from)))
}

/// A recording of the caller's; another's is not found.
async fn own(app: &App, caller: &Caller, id: Uuid) -> Result<StoredRecording, Problem> {
    let stored = app.services()?.store().recording(id).await?;
    if stored.owner == caller.id { Ok(stored) } else { Err(not_found("recording", id)) }
}

/// Gives what a stored recording says.
#[utoipa::path(get, path = "/battery/recordings/{id}", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "recordings_show",
    params(("id" = Uuid, Path)), responses((status = 200, description = "As the upload answered it", body = Analysis)))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<([(HeaderName, HeaderValue); 1], String), Problem> {
    let stored = own(&app, &caller, id).await?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], stored.summary))
}

async fn read_again(app: &App, caller: &Caller, id: Uuid) -> Result<Recording, Problem> {
    let stored = own(app, caller, id).await?;
    let bytes = app.services()?.store().recording_bytes(stored.id).await?;
    Ok(app.analyses().run(move || battery::read_bytes(&bytes)).await??)
}

/// Gives capacity, energy and efficiency of each cycle.
#[utoipa::path(get, path = "/battery/recordings/{id}/cycles", tag = "battery", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)), responses((status = 200, description = "The cycles", body = Listed<CycleView>)))]
pub(crate) async fn cycles(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let recording = read_again(&app, &caller, id).await?;
    let items: Vec<CycleSummary> = app.analyses().run(move || recording.cycles()).await?;
    Ok(axum::Json(Listed::whole(items)).into_response())
}

/// Draws voltage and current over time, or capacity over cycles.
#[utoipa::path(get, path = "/battery/recordings/{id}/chart.svg", tag = "battery", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), KindQuery, ChartQuery),
    responses((status = 200, description = "The chart", body = String, content_type = "image/svg+xml")))]
pub(crate) async fn chart(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<KindQuery>,
    Query(look): Query<ChartQuery>,
) -> Result<Response, Problem> {
    let options = look.options()?;
    let over_cycles = match query.kind.as_deref() {
        None | Some("voltage") => false,
        Some("capacity") => true,
        Some(other) => return Err(not_one_of("kind", "`voltage` or `capacity`", other)),
    };
    let recording = read_again(&app, &caller, id).await?;
    let drawn = app.analyses().run(move || {
        if over_cycles {
            let cycles: Vec<CyclePoint> = recording.cycles().iter().map(point).collect();
            chart::capacity_over_cycles(&cycles, &options)
        } else {
            let columns = chart::Recorded {
                time_s: &recording.time_s,
                voltage_v: &recording.voltage_v,
                current_a: &recording.current_a,
            };
            chart::voltage_current(columns, &options)
        }
    });
    Ok(svg(drawn.await??))
}

fn point(cycle: &CycleSummary) -> CyclePoint {
    CyclePoint {
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            reason = "a cycle's number, for an axis"
        )]
        cycle: cycle.cycle as f64,
        charge_capacity_ah: cycle.charge_capacity_ah,
        discharge_capacity_ah: cycle.discharge_capacity_ah,
        coulombic_efficiency: cycle.coulombic_efficiency.unwrap_or(f64::NAN),
    }
}
