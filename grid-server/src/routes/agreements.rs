//! What a community agrees: its contract, its tariffs, and the prices that they follow.

use axum::{
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use bytes::Bytes;
use grid_core::{
    energy::{
        Role,
        settlement::Contract,
        tariff::{PriceBook, Tariff},
    },
    quantity::{Currency, Price},
    store::{Store, StoredContract, StoredTariff},
    time::{Calendar, Interval},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Path, Query, is_json, media_type, unreadable},
    hurry,
    page::{Listed, NamedQuery},
    period::{Period, field, instant},
    problem::Problem,
};

/// By what a community settles, from when on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewContract {
    /// The contract: `resolution` (`5min`, `15min`, `30min`, `1h`), `law` (`spain`, `colombia`, `austria`, `italy`,
    /// `france`, `germany`), `surplus` (`producer`, `member`, `credit`, `virtual`), `cells` (`exact`, `operator`),
    /// `contracted` (powers by member and name) and `participation` (the communities among which members divide their
    /// meters). All may be left out.
    #[schema(value_type = Object, example = json!({"law": "spain", "resolution": "1h"}))]
    contract: Contract,
    /// From when on, an instant or a local date; now where nothing is said.
    #[schema(example = "2026-01-01")]
    valid_from: Option<String>,
}

/// A contract.
#[derive(Serialize, ToSchema)]
#[schema(as = Contract)]
pub(crate) struct ContractView {
    /// From when on.
    #[schema(value_type = String, format = DateTime)]
    valid_from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// What was agreed.
    #[schema(value_type = Object)]
    contract: Contract,
    /// The settlement resolution that follows from it on its first day; `null` where its law has no rules yet then.
    #[schema(example = "1h")]
    resolution: Option<String>,
}

impl ContractView {
    fn of(stored: StoredContract, calendar: &Calendar) -> Self {
        let StoredContract { valid_from, created_at, contract } = stored;
        let first = contract.resolution_on(calendar.date_of(valid_from)).ok();
        Self { valid_from, created_at, resolution: first.map(|resolution| resolution.to_string()), contract }
    }
}

/// For whom a tariff is.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TariffQuery {
    /// The member; all who have none of their own where nothing is said.
    member_id: Option<Uuid>,
}

/// A tariff.
#[derive(Serialize, ToSchema)]
#[schema(as = Tariff)]
pub(crate) struct TariffView {
    id: Uuid,
    /// The member that it is for; `null` where it is for all who have none of their own.
    member_id: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The document, in the schema of tariffs.
    #[schema(value_type = Object)]
    tariff: serde_json::Value,
}

impl From<StoredTariff> for TariffView {
    fn from(stored: StoredTariff) -> Self {
        let StoredTariff { id, member, created_at, tariff } = stored;
        Self { id, member_id: member, created_at, tariff: tariff.to_json() }
    }
}

/// What was stored.
#[derive(Serialize, ToSchema)]
pub(crate) struct PricesStored {
    /// How many prices.
    prices: usize,
}

/// Which prices.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PricesQuery {
    /// The name by which tariffs call the series.
    #[param(example = "spot")]
    name: String,
    /// The currency of a file's prices: EUR where nothing is said.
    #[param(example = "EUR")]
    currency: Option<String>,
}

/// A price.
#[derive(Serialize, ToSchema)]
#[schema(as = Price)]
pub(crate) struct PriceView {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// Per kilowatt-hour, as decimal text.
    #[schema(example = "0.12")]
    price_per_kwh: String,
    #[schema(example = "EUR")]
    currency: String,
}

impl PriceView {
    fn of((interval, price): &(Interval, Price)) -> Self {
        let money = grid_core::quantity::Money::from_micros(price.as_micros_per_kwh(), price.currency());
        Self {
            start: interval.start(),
            end: interval.end(),
            price_per_kwh: money.to_amount_string(),
            currency: price.currency().to_string(),
        }
    }
}

/// Lists the contracts of a community, by when they begin.
#[utoipa::path(get, path = "/communities/{id}/contracts", tag = "settlement", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), NamedQuery),
    responses((status = 200, description = "The contracts", body = Listed<ContractView>)))]
pub(crate) async fn contracts(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(page): Query<NamedQuery>,
) -> Result<Json<Listed<ContractView>>, Problem> {
    let (community, own) = caller.community(&app, id).await?;
    let (from, most) = page.reach()?;
    let load = move |store: Store| async move { store.first_contracts(id, from, most).await };
    let contracts = app.load(caller.id, load).await?.into_iter();
    let seen = |mut stored: StoredContract| {
        // What another member has contracted is nobody's business.
        if own.role != Role::Operator {
            stored.contract = stored.contract.seen_by(own.id);
        }
        ContractView::of(stored, &community.calendar)
    };
    Ok(Json(
        page.of(contracts.map(seen).collect(), |contract: &ContractView| contract.valid_from.to_string())?,
    ))
}

/// Sets by what a community settles from an instant on. Only for operators.
#[utoipa::path(post, path = "/communities/{id}/contracts", tag = "settlement", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)), responses(
        (status = 201, description = "Set", body = ContractView),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn set_contract(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<NewContract>,
) -> Result<(StatusCode, Json<ContractView>), Problem> {
    let community = caller.operated(&app, id).await?;
    let now = clock::now();
    let valid_from = body
        .valid_from
        .as_deref()
        .map_or(Ok(now), |text| instant("/valid_from", text, &community.calendar))?;
    app.services()?.store().set_contract(id, &body.contract, valid_from, now).await?;
    let stored = StoredContract { valid_from, created_at: now, contract: body.contract };
    Ok((StatusCode::CREATED, Json(ContractView::of(stored, &community.calendar))))
}

/// Lists the tariffs of a community, in the order in which they were added.
#[utoipa::path(get, path = "/communities/{id}/tariffs", tag = "settlement", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), NamedQuery),
    responses((status = 200, description = "The tariffs", body = Listed<TariffView>)))]
pub(crate) async fn tariffs(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(page): Query<NamedQuery>,
) -> Result<Json<Listed<TariffView>>, Problem> {
    let (_, own) = caller.community(&app, id).await?;
    // A member sees what is for all, and its own.
    let of = (own.role != Role::Operator).then_some(own.id);
    let page = page.page()?;
    let load = move |store: Store| async move {
        Ok(Listed::of(store.tariff_page(id, of, page).await?, TariffView::from))
    };
    Ok(Json(app.load(caller.id, load).await?))
}

/// Adds a tariff, in JSON or TOML. Only for operators.
///
/// It counts from the local day on that it says itself (`valid_from`); of two of one day the one that was added later
/// counts.
#[utoipa::path(post, path = "/communities/{id}/tariffs", tag = "settlement", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), TariffQuery),
    request_body(content(
        (Object = "application/json"),
        (String = "application/toml", example = "id = \"flat\"\ncurrency = \"EUR\"\nvalid_from = 2026-01-01\n\n[[components]]\nid = \"energy\"\nkind = \"energy\"\nquantity = \"import\"\nprice_per_kwh = 0.15\n"),
    )),
    responses(
        (status = 201, description = "Added", body = TariffView),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "The document is no tariff; the line and the column are told", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn add_tariff(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<TariffQuery>,
    request: Request,
) -> Result<(StatusCode, Json<TariffView>), Problem> {
    caller.operated(&app, id).await?;
    let kind = media_type(request.headers());
    let body = Bytes::from_request(request, &()).await.map_err(|rejection| unreadable(&rejection))?;
    let text = std::str::from_utf8(&body).map_err(|_| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "expected a tariff in UTF-8, got other bytes")
    })?;
    let tariff = match kind.as_deref() {
        Some("application/toml" | "text/toml" | "text/plain") => Tariff::parse_toml(text)?,
        Some(kind) if !is_json(kind) => {
            let detail = format!("expected `application/json` or `application/toml`, got `{kind}`");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        _ => Tariff::parse_json(text)?,
    };
    let now = clock::now();
    let tariff_id = app.services()?.store().add_tariff(id, query.member_id, &tariff, now).await?;
    let stored = StoredTariff { id: tariff_id, member: query.member_id, created_at: now, tariff };
    Ok((StatusCode::CREATED, Json(stored.into())))
}

/// Lists the prices of a series in a period.
#[utoipa::path(get, path = "/communities/{id}/prices", tag = "settlement", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), Period, PricesQuery, NamedQuery),
    responses((status = 200, description = "By start", body = Listed<PriceView>)))]
pub(crate) async fn prices(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(period): Query<Period>,
    Query(query): Query<PricesQuery>,
    Query(page): Query<NamedQuery>,
) -> Result<Json<Listed<PriceView>>, Problem> {
    let (community, _) = caller.community(&app, id).await?;
    let mut interval = period.whole(&community.calendar)?;
    let (after, most) = page.reach()?;
    if let Some(after) = after.filter(|after| interval.contains(*after)) {
        interval = Interval::new(after, interval.end())?;
    }
    // One more, for one that reaches into the period.
    let most = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(1);
    let now = clock::now();
    let load =
        move |store: Store| async move { store.first_prices(id, &query.name, interval, now, most).await };
    let mut prices = app.load(caller.id, load).await?;
    // A page before ended with a price that begins where a shorter one had cut it, and that one is not seen from here.
    for (of, _) in &mut prices {
        if let Some(after) = after.filter(|after| of.contains(*after)) {
            *of = Interval::new(after, of.end())?;
        }
    }
    let prices = prices.iter().map(PriceView::of).collect();
    Ok(Json(page.of(prices, |price: &PriceView| price.start.to_string())?))
}

/// Adds prices to a series from comma-separated rows `start,end,price`. Only for operators.
#[utoipa::path(post, path = "/communities/{id}/prices", tag = "settlement", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), PricesQuery),
    request_body(content = String, content_type = "text/csv",
        example = "start,end,price\n2026-03-29T00:00:00Z,2026-03-29T01:00:00Z,0.0812\n"),
    responses(
        (status = 200, description = "What was stored", body = PricesStored),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn add_prices(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<PricesQuery>,
    request: Request,
) -> Result<Json<PricesStored>, Problem> {
    caller.operated(&app, id).await?;
    let currency = query
        .currency
        .as_deref()
        .map_or(Ok(Currency::EUR), |text| field("currency", text.parse::<Currency>()))?;
    let body = Bytes::from_request(request, &()).await.map_err(|rejection| unreadable(&rejection))?;
    let mut book = PriceBook::new();
    book.read_csv(&query.name, body.as_ref(), currency)?;
    let prices = book.series(&query.name).unwrap_or_default();
    let store = app.services()?.store();
    hurry::storing(&app, prices.len(), store.add_prices(id, &query.name, prices, clock::now())).await?;
    Ok(Json(PricesStored { prices: prices.len() }))
}
