//! An operator's own figures against the key.

use axum::extract::{Request, State};
use grid_core::{
    energy::{
        ingest::{Layout, read_eda},
        sharing::{self, Key, Reconciliation, Strictness},
    },
    quantity::Energy,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    extract::{Json, Path, Query},
    period::field,
    problem::Problem,
    upload::{self, FileQuery, Sender},
};

/// How strict the figures are looked at.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StrictnessQuery {
    /// The key by which the operator shares: a kind such as `proportional` (also where nothing is said), or a key as JSON,
    /// whose members are metering points.
    #[param(example = "proportional")]
    key: Option<String>,
    /// How far one figure may be from its recomputation, in kWh: 0.000001 where nothing is said.
    tolerance_kwh: Option<String>,
    /// How many findings of each kind are listed: 100 where nothing is said, 10,000 at most.
    findings: Option<usize>,
}

/// What an operator's file comes to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReconciliationView {
    /// The metering points that consume, in the order in which findings count them.
    members: Vec<String>,
    /// The metering points that generate.
    plants: Vec<String>,
    /// How the file was understood.
    evidence: Vec<String>,
    /// What was found.
    #[schema(value_type = Object)]
    reconciliation: Reconciliation,
}

/// Checks a grid operator's own file against the key: where it does not add up, and how much is in nobody's account. Only
/// for operators of the community; nothing is stored.
///
/// The file is the Austrian EDA sheet as CSV, with the codes `G.01`, `G.03` and `P.01`.
#[utoipa::path(post, path = "/communities/{id}/reconcile", tag = "settlement", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), StrictnessQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "What was found", body = ReconciliationView),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn reconcile(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<StrictnessQuery>,
    request: Request,
) -> Result<Json<ReconciliationView>, Problem> {
    let community = caller.operated(&app, id).await?;
    let key = query.key.as_deref().map_or(Ok(Key::Proportional), |text| field("key", text.parse()))?;
    let usual = Strictness::default();
    let tolerance =
        query.tolerance_kwh.as_deref().map(|text| field("tolerance_kwh", Energy::parse_kwh(text)));
    let strictness = Strictness {
        tolerance: tolerance.transpose()?.unwrap_or(usual.tolerance),
        most_findings: query.findings.unwrap_or(usual.most_findings).min(10_000),
    };
    let options = FileQuery::default().options(Layout::Community, community.calendar)?;
    let work = move |source: &mut dyn std::io::Read| {
        let sheet = read_eda(source, "body", &options)?;
        let figures = sheet.figures();
        let found = sharing::reconcile(&figures.as_figures(), &key, strictness)?;
        Ok::<_, grid_core::energy::Error>((figures.members, figures.plants, sheet.evidence, found))
    };
    let (members, plants, evidence, reconciliation) =
        upload::stream(&app, request, Sender::User(caller.id), work).await??;
    Ok(Json(ReconciliationView { members, plants, evidence, reconciliation }))
}
