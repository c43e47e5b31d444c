//! Settling a period, and what was issued for it.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::{
    energy::{
        Role,
        settlement::{CommunityAccount, Language, Missing, Statement, document},
        sharing::Key,
    },
    store::{LogSigner, SettlementRequest, StoredSettlement, StoredStatement},
    time::{Calendar, Interval, Resolution, few_slots},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::not_one_of;
use crate::{
    app::App,
    caller::{Caller, not_found},
    clock,
    extract::{Json, Path, Query},
    hurry,
    origin::Origin,
    page::{Limit, Listed, PageQuery},
    period::{field, instant, month},
    problem::Problem,
    trail::Deed,
};

/// What is to be settled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSettlement {
    /// A local month; or `from` and `to`.
    #[schema(example = "2026-03")]
    month: Option<String>,
    /// The first local date, or instant.
    from: Option<String>,
    /// The first local date, or instant, that is not settled any more.
    to: Option<String>,
    /// Other keys to compare each member's bill with.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    compare: Vec<Key>,
    /// What to do where readings are missing: `refuse` (also where nothing is said), or `leave_out`.
    #[schema(example = "refuse")]
    missing: Option<String>,
    /// Everything counts as it was recorded by then; now where nothing is said. Drafts only.
    as_of: Option<String>,
    /// Whether to issue it: without, it is a draft, and nothing is kept.
    #[serde(default)]
    issue: bool,
}

/// A settled period.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettlementView {
    /// Its id; `null` for a draft, and where all had been issued before.
    id: Option<Uuid>,
    /// Whether anything was issued now.
    issued: bool,
    /// How many members' statements had been issued before, and stand.
    unchanged: usize,
    /// What all members' statements come to.
    #[schema(value_type = Object)]
    account: CommunityAccount,
    /// A draft's statements; of an issue, what was issued now: statements and corrections.
    #[schema(value_type = Vec<Object>)]
    statements: Vec<Statement>,
}

/// A settlement that was issued.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedSettlementView {
    id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// What all members' statements came to; `null` for who is no operator.
    #[schema(value_type = Option<Object>)]
    account: Option<serde_json::Value>,
}

impl From<StoredSettlement> for IssuedSettlementView {
    fn from(stored: StoredSettlement) -> Self {
        Self {
            id: stored.id,
            start: stored.period.start(),
            end: stored.period.end(),
            as_of: stored.as_of,
            issued_at: stored.issued_at,
            account: serde_json::from_str(&stored.account).ok(),
        }
    }
}

/// Which statements.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementsQuery {
    /// Only those of a local month.
    #[param(example = "2026-03")]
    month: Option<String>,
    /// Only those of a member.
    member_id: Option<Uuid>,
    /// The `next` of the page before.
    after: Option<u64>,
    /// How many at most: 100 where nothing is said, 1000 at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Limit<100, 1000>,
    /// `json` (also where nothing is said), or `csv`: a row a line, for a spreadsheet.
    format: Option<String>,
}

/// In which form a statement is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormQuery {
    /// `json` (the text whose hash is in the log), `html`, `pdf` or `csv`.
    format: Option<String>,
    /// `en` or `es`, for a page.
    lang: Option<String>,
}

/// Settles a period of a community: a draft, or for good. Only for operators.
///
/// Issuing makes each statement an entry of the log, and it never changes. Issued again, members whose readings, tariff or
/// key have changed since get a correction of the difference, and nobody else anything.
#[utoipa::path(post, path = "/communities/{id}/settlements", tag = "settlement", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)), responses(
        (status = 200, description = "A draft, or nothing new", body = SettlementView),
        (status = 201, description = "Issued", body = SettlementView),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "Readings or a tariff are missing, or the period meets another that was issued", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn settle(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Path(id): Path<Uuid>,
    Json(body): Json<NewSettlement>,
) -> Result<(StatusCode, Json<SettlementView>), Problem> {
    let community = caller.operated(&app, id).await?;
    let now = clock::now();
    let period = period_of(&body, &community.calendar)?;
    few_slots(period, Resolution::QUARTER_HOUR)?;
    let as_of = body.as_of.as_deref().map(|text| instant("/as_of", text, &community.calendar)).transpose()?;
    if body.issue && as_of.is_some() {
        let detail = "expected no `as_of` beside `issue`: what is issued stands on all that is known";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let missing = match body.missing.as_deref() {
        None | Some("refuse") => Missing::Refuse,
        Some("leave_out") => Missing::LeaveOut,
        Some(other) => return Err(not_one_of("/missing", "`refuse` or `leave_out`", other)),
    };
    let as_of = as_of.unwrap_or(now);
    let request = SettlementRequest { community: id, period, compare: body.compare, missing, as_of };
    let settlement = app.settle(caller.id, request, now).await?;
    if !body.issue {
        let (account, statements) = (settlement.account, settlement.statements);
        let draft = SettlementView { id: None, issued: false, unchanged: 0, account, statements };
        return Ok((StatusCode::OK, Json(draft)));
    }
    let services = app.services()?;
    let store = services.store();
    let key = store.ensure_log_key(services.sealing_key(), now).await?;
    let signer = LogSigner { key: &key, origin: services.issuer() };
    let deed = Deed::new("settlement.issue", caller.id, &caller.username).by(&origin, now);
    let issued = hurry::at_length(&app, store.issue(&settlement, signer, deed, now)).await?;
    let status = if issued.id.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((
        status,
        Json(SettlementView {
            id: issued.id,
            issued: issued.id.is_some(),
            unchanged: issued.unchanged,
            account: settlement.account,
            statements: issued.documents,
        }),
    ))
}

fn period_of(body: &NewSettlement, calendar: &Calendar) -> Result<Interval, Problem> {
    match (body.month.as_deref(), body.from.as_deref(), body.to.as_deref()) {
        (Some(text), None, None) => month("/month", text, calendar),
        (None, Some(from), Some(to)) => {
            field("/to", Interval::new(instant("/from", from, calendar)?, instant("/to", to, calendar)?))
        }
        _ => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "expected a `month` like `2026-03`, or `from` and `to`",
        )),
    }
}

/// Lists the settlements of a community that were issued.
#[utoipa::path(get, path = "/communities/{id}/settlements", tag = "settlement", operation_id = "settlements_list", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), PageQuery),
    responses((status = 200, description = "In the order in which they were issued", body = Listed<IssuedSettlementView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listed<IssuedSettlementView>>, Problem> {
    let (_, own) = caller.community(&app, id).await?;
    let settlements = app.services()?.store().settlements(id, page.into()).await?;
    let seen = |stored: StoredSettlement| {
        let mut view = IssuedSettlementView::from(stored);
        // In a community of two the account and one's own statement would give away the other's.
        view.account = view.account.filter(|_| own.role == Role::Operator);
        view
    };
    Ok(Json(Listed::of(settlements, seen)))
}

/// Lists what was issued to the members of a community, in the order of the log; a member sees their own.
#[utoipa::path(get, path = "/communities/{id}/statements", tag = "settlement", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), StatementsQuery),
    responses((status = 200, description = "Statements and corrections", content(
        (Listed<Object> = "application/json"),
        (String = "text/csv"),
    ))))]
pub(crate) async fn statements(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<StatementsQuery>,
) -> Result<Response, Problem> {
    let (community, own) = caller.community(&app, id).await?;
    let member = if own.role == Role::Operator { query.member_id } else { Some(own.id) };
    if member != query.member_id && query.member_id.is_some() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "there are no statements here of that member"));
    }
    let period = query.month.as_deref().map(|text| month("month", text, &community.calendar)).transpose()?;
    let store = app.services()?.store();
    let mut found = store.statements(id, member, period, (query.after, query.limit.get() + 1)).await?;
    let more = found.len() > query.limit.items();
    found.truncate(query.limit.items());
    let next = found.last().filter(|_| more).map(|last| last.leaf.to_string());
    let documents = found.iter().map(StoredStatement::statement).collect::<Result<Vec<_>, _>>()?;
    match query.format.as_deref() {
        None | Some("json") => Ok(Json(Listed { items: documents, next }).into_response()),
        Some("csv") => Ok(csv(document::statements_csv(&documents))),
        Some(other) => Err(not_one_of("format", "`json` or `csv`", other)),
    }
}

/// A statement that was issued: the text whose hash is in the log, or a page to read and print.
#[utoipa::path(get, path = "/statements/{id}", tag = "settlement", operation_id = "statements_show", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), FormQuery),
    responses((status = 200, description = "The statement", content(
        (Object = "application/json"),
        (String = "text/html"),
        (Vec<u8> = "application/pdf"),
        (String = "text/csv"),
    ))))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<FormQuery>,
) -> Result<Response, Problem> {
    let stored = visible(&app, &caller, id).await?;
    let language = query.lang.as_deref().map_or(Ok(Language::English), |text| field("lang", text.parse()))?;
    match query.format.as_deref() {
        None | Some("json") => {
            Ok(([(header::CONTENT_TYPE, "application/json")], stored.document).into_response())
        }
        Some("html") => {
            let page = document::html(&stored.statement()?, language);
            // The page has its style in it, and nothing else.
            let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, policy),
            ];
            Ok((headers, page).into_response())
        }
        Some("pdf") => {
            let pdf = document::pdf(&stored.statement()?, language);
            let name = format!("inline; filename=\"{id}.pdf\"");
            let headers =
                [(header::CONTENT_TYPE, "application/pdf".to_owned()), (header::CONTENT_DISPOSITION, name)];
            Ok((headers, pdf).into_response())
        }
        Some("csv") => Ok(csv(document::statements_csv(&[stored.statement()?]))),
        Some(other) => Err(not_one_of("format", "`json`, `html`, `pdf` or `csv`", other)),
    }
}

fn csv(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response()
}

/// A statement with the proof that it is in the log: what `grid-server verify` and `grid_py.verify_statement` take.
#[utoipa::path(get, path = "/statements/{id}/proof", tag = "settlement", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The statement and its proof", body = Object)))]
pub(crate) async fn proof(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    visible(&app, &caller, id).await?;
    let bundle = app.services()?.store().statement_bundle(id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bundle.to_string()).into_response())
}

/// A statement that the caller may see: an operator all of the community, a member their own.
pub(super) async fn visible(app: &App, caller: &Caller, id: Uuid) -> Result<StoredStatement, Problem> {
    let hidden = || not_found("statement", id);
    let stored = app.services()?.store().statement(id).await?;
    // Whoever does not belong to the community is not told that it is there.
    match caller.community(app, stored.community).await {
        Ok((_, own)) if own.role == Role::Operator || own.id == stored.member => Ok(stored),
        Err(problem) if problem.status() != StatusCode::NOT_FOUND => Err(problem),
        Ok(_) | Err(_) => Err(hidden()),
    }
}
