//! Recordings that come: spooled while they arrive, summed up in constant memory, stored in parts.

use std::{fs::File, ops::ControlFlow};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::{
    battery::{self, AnalysisOptions, Format, OrReason, ReadOptions, Source, Summary, health},
    energy::Name,
    store::{NewRecording, new_id},
};
use serde::Deserialize;
use tokio::{runtime::Handle, time::Instant};
use utoipa::{IntoParams, ToSchema};

use super::view::RecordingView;
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Query},
    hurry,
    period::field,
    problem::Problem,
    quota,
    routes::not_one_of,
    spool::{Spooled, spool},
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
    /// The layout, such as `arbin`, where it should not be found out; one that the file clearly is not is refused.
    format: Option<String>,
    /// The capacity that the maker states, in Ah, for the state of health; the first full cycle's where nothing is said.
    nominal_ah: Option<f64>,
}

/// What is asked of the file, checked.
struct Asked {
    name: Option<Name>,
    format: Option<Format>,
    known: AnalysisOptions,
}

impl UploadQuery {
    fn asked(&self) -> Result<Asked, Problem> {
        Ok(Asked {
            name: self.name.as_deref().map(|name| field("name", Name::new(name))).transpose()?,
            format: self.format.as_deref().map(format_named).transpose()?,
            known: field("nominal_ah", AnalysisOptions::of(self.nominal_ah, None))?,
        })
    }
}

fn format_named(text: &str) -> Result<Format, Problem> {
    Format::parse(text).ok_or_else(|| {
        let names: Vec<String> = Format::all().iter().map(|format| format!("`{format}`")).collect();
        not_one_of("format", &names.join(", "), text)
    })
}

/// A form with a file, for the API's description.
#[derive(ToSchema)]
#[schema(as = FileForm)]
#[expect(dead_code, reason = "describes what a form holds")]
pub(crate) struct Form {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Reads a recording of any layout, and keeps it unless `store=false`.
#[utoipa::path(post, path = "/battery/recordings", tag = "battery", security(("bearerAuth" = []), ()),
    params(UploadQuery),
    request_body(content((String = "text/csv"), (String = "application/octet-stream"), (Form = "multipart/form-data"))),
    responses(
        (status = 200, description = "What it says; not stored", body = RecordingView),
        (status = 201, description = "Stored; `Location` is its path", body = RecordingView),
        (status = 409, description = "The caller keeps as much as one user may", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn upload(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let Query(query) = Query::<UploadQuery>::from_request_parts(&mut parts, &app).await?;
    let keep = query.store.unwrap_or(true);
    let caller = if keep { Some(Caller::from_request_parts(&mut parts, &app).await?) } else { None };
    let asked = query.asked()?;
    let sender = caller.as_ref().map_or(Sender::Anybody, |caller| Sender::User(caller.id));
    let until = sender.deadline(&app);
    let Spooled { name, file, place, room: _room } =
        spool(&app, Request::from_parts(parts, body), sender).await?;
    let name = called(asked.name, name)?;
    let (format, known) = (asked.format, asked.known);
    let Some(caller) = caller else {
        // In the place where it arrived: who is not logged in takes no core from a user.
        let summary = place.run(move || summed_up(&file, format, until)).await??;
        return Ok(Json(view(summary, name, known)).into_response());
    };
    let bytes = file.metadata().map_err(|error| Problem::internal(&error.to_string()))?.len();
    quota::room_for_recording(app.services()?, app.config(), caller.id, bytes).await?;
    let work = move || summed_up(&file, format, until).map(|summary| (summary, file));
    let (summary, mut file) = app.analyses(caller.id).run(work).await??;
    let now = clock::now();
    let id = new_id(now);
    let format = Name::new(summary.format)?;
    let view = RecordingView { id: Some(id), ..view(summary, name.clone(), known) };
    let summary = serde_json::to_string(&view).map_err(|error| Problem::internal(&error.to_string()))?;
    let new = NewRecording { id, owner: caller.id, name, format, summary };
    let (store, runtime) = (app.services()?.store().clone(), Handle::current());
    let saved = move || {
        let saved = store.save_recording(&new, &mut file, now);
        runtime.block_on(hurry::at_length(&app, saved))
    };
    place.run(saved).await??;
    let location = format!("/api/v1/battery/recordings/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

fn view(mut summary: Summary, name: Name, known: AnalysisOptions) -> RecordingView {
    // There may be a hundred thousand of them: they have pages of their own.
    summary.steps.clear();
    let health = OrReason(health(&summary.cycles, known.nominal_ah));
    RecordingView { id: None, name, health, summary }
}

/// Sums a file up in memory that does not grow with its rows, and gives up when the time is over.
fn summed_up(file: &File, format: Option<Format>, until: Instant) -> Result<Summary, Problem> {
    let mut progress = |_done: u64, _total: Option<u64>| {
        if Instant::now() > until { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ReadOptions { format, progress: Some(&mut progress), ..ReadOptions::default() };
    battery::summarise_with(Source::seekable(file), options).map_err(|error| match error {
        battery::Error::Cancelled => upload::too_late(),
        other => other.into(),
    })
}

/// What a recording is called: as was said, else as its file, else `recording`.
fn called(named: Option<Name>, file_name: Option<String>) -> Result<Name, Problem> {
    match named.or_else(|| file_name.and_then(|name| Name::new(&name).ok())) {
        Some(name) => Ok(name),
        None => Ok(Name::new("recording")?),
    }
}
