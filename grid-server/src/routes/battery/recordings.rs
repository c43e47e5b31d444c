//! Stored recordings: listed, shown, analysed and removed.

use axum::{
    Json as Written,
    extract::State,
    http::{StatusCode, header},
    response::Response,
};
use grid_core::battery::{AnalysisOptions, CycleSummary, StepSummary, analyse};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    kept::Kept,
    view::{AnalysisView, CycleView, RecordingItem, RecordingView, StepView},
};
use crate::{
    app::App,
    caller::Caller,
    extract::{Json, Query},
    hurry,
    page::{Listed, LongLimit, PageQuery},
    period::field,
    problem::Problem,
};

/// What is known of a battery.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct KnownQuery {
    /// The capacity that the maker states, in Ah; read off the recording where nothing is said.
    nominal_ah: Option<f64>,
    /// The state of health at which its life ends: 0.8 where nothing is said.
    end_of_life: Option<f64>,
}

impl KnownQuery {
    pub(super) fn options(&self) -> Result<AnalysisOptions, Problem> {
        let known = field("nominal_ah", AnalysisOptions::of(self.nominal_ah, None))?;
        field("end_of_life", AnalysisOptions::of(known.nominal_ah, self.end_of_life))
    }
}

/// Which part of a long list of numbered items is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NumberedQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many items at most: 10000 where nothing is said, 100000 at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
    limit: LongLimit,
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
    let recordings = app.services()?.store().recording_heads_of(caller.id, page.into()).await?;
    Ok(Json(Listed::of(recordings, RecordingItem::from)))
}

/// Gives what a stored recording says.
#[utoipa::path(get, path = "/battery/recordings/{id}", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "recordings_show",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "As the upload answered it", body = RecordingView),
        (status = 304, description = "The client has it already"),
    ))]
pub(crate) async fn show(mut kept: Kept) -> Response {
    let summary = std::mem::take(&mut kept.stored.summary);
    kept.answer(([(header::CONTENT_TYPE, "application/json")], summary))
}

/// Removes a recording and its file.
#[utoipa::path(delete, path = "/battery/recordings/{id}", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "recordings_delete",
    params(("id" = Uuid, Path)), responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(kept: Kept) -> Result<StatusCode, Problem> {
    let store = kept.app.services()?.store();
    hurry::at_length(&kept.app, store.delete_recording(kept.stored.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives capacity, energy and efficiency of each cycle.
#[utoipa::path(get, path = "/battery/recordings/{id}/cycles", tag = "battery", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), NumberedQuery),
    responses(
        (status = 200, description = "A page of cycles, named by their first rows", body = Listed<CycleView>),
        (status = 304, description = "The client has them already"),
    ))]
pub(crate) async fn cycles(kept: Kept, Query(page): Query<NumberedQuery>) -> Result<Response, Problem> {
    let cycles = kept.summary().await?.cycles;
    // A vendor's numbers may come twice.
    let name = |cycle: &CycleSummary| cycle.first_row.to_string();
    let listed = Listed::cut(cycles, page.after.as_deref(), page.limit.items(), name)?;
    Ok(kept.answer(Written(listed)))
}

/// Parts a recording into steps: rest, constant current, voltage or power, pulse.
#[utoipa::path(get, path = "/battery/recordings/{id}/steps", tag = "battery", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), NumberedQuery),
    responses(
        (status = 200, description = "A page of steps, named by their first rows", body = Listed<StepView>),
        (status = 304, description = "The client has it already"),
    ))]
pub(crate) async fn steps(kept: Kept, Query(page): Query<NumberedQuery>) -> Result<Response, Problem> {
    let steps = kept.summary().await?.steps;
    let name = |step: &StepSummary| step.first_row.to_string();
    let listed = Listed::cut(steps, page.after.as_deref(), page.limit.items(), name)?;
    Ok(kept.answer(Written(listed)))
}

/// Analyses a recording: health, knee, remaining life, resistances, dQ/dV, state of charge, swings, flags.
#[utoipa::path(get, path = "/battery/recordings/{id}/analysis", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "recordings_analysis",
    params(("id" = Uuid, Path), KnownQuery),
    responses(
        (status = 200, description = "Each result, or the reason why there is none", body = AnalysisView),
        (status = 304, description = "The client has it already"),
    ))]
pub(crate) async fn analysis(kept: Kept, Query(known): Query<KnownQuery>) -> Result<Response, Problem> {
    let known = known.options()?;
    let analysis = kept.read(move |recording| analyse(recording, &recording.cycles(), &known)).await?;
    Ok(kept.answer(Written(analysis)))
}
