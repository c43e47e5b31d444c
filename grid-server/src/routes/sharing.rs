//! What a community makes of its readings: import, sums, sharing keys and the balance.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use grid_core::{
    energy::{
        Role,
        balance::Balance,
        ingest::Layout,
        sharing::{Key, SharingKey},
    },
    error::excerpt,
    quantity::Share,
    store::{Imported, Of},
    time::Calendar,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::readings::{self, NewReading, ReadingView, SumQuery};
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Path, Query},
    page::Listed,
    period::{Period, few_slots, field, instant},
    problem::Problem,
    upload,
};

/// What an import did.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportOutcome {
    devices_created: usize,
    members_created: usize,
    inserted: usize,
    unchanged: usize,
    superseded: usize,
}

impl From<Imported> for ImportOutcome {
    fn from(imported: Imported) -> Self {
        Self {
            devices_created: imported.devices_created,
            members_created: imported.members_created,
            inserted: imported.inserted,
            unchanged: imported.unchanged,
            superseded: imported.superseded,
        }
    }
}

/// How a balance is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BalanceQuery {
    /// The slots in which generation is set against consumption, such as `15min` or `1h`; the readings' own where
    /// nothing is said.
    #[param(example = "1h")]
    resolution: Option<String>,
    /// `proportional`, `static`, or the community's own key where nothing is said.
    #[param(example = "proportional")]
    key: Option<String>,
    /// `member` for the members' parts as well (also where nothing is said), `total` without them.
    by: Option<String>,
}

/// The balance of a community, for the API's description.
#[derive(ToSchema)]
#[schema(as = Balance)]
#[expect(dead_code, reason = "describes the core's `Balance`, which knows nothing of OpenAPI")]
pub(crate) struct BalanceView {
    #[schema(format = DateTime)]
    start: String,
    #[schema(format = DateTime)]
    end: String,
    /// The slots in which generation was set against consumption.
    #[schema(example = "15min")]
    resolution: String,
    #[schema(example = "812.500000")]
    consumption_kwh: Option<String>,
    generation_kwh: Option<String>,
    charge_kwh: Option<String>,
    discharge_kwh: Option<String>,
    /// Used on the spot, each member behind their own connection point.
    self_consumed_kwh: Option<String>,
    /// Surplus of some members that others used in the same slot.
    shared_kwh: Option<String>,
    import_kwh: Option<String>,
    export_kwh: Option<String>,
    /// The part of the generation that stayed in the community, 0 to 1.
    #[schema(example = "0.731204")]
    self_consumption: Option<String>,
    /// The part of the consumption that the community met itself, 0 to 1.
    self_sufficiency: Option<String>,
    /// The part of the members' slots in which all registers are known, 0 to 1.
    completeness: String,
    quality: String,
    members: Vec<MemberBalanceView>,
}

/// A member's part of a balance, for the API's description.
#[derive(ToSchema)]
#[schema(as = MemberBalance)]
#[expect(dead_code, reason = "describes the core's `MemberBalance`, which knows nothing of OpenAPI")]
pub(crate) struct MemberBalanceView {
    member_id: Uuid,
    name: String,
    consumption_kwh: Option<String>,
    generation_kwh: Option<String>,
    charge_kwh: Option<String>,
    discharge_kwh: Option<String>,
    self_consumed_kwh: Option<String>,
    /// Other members' surplus that this member used.
    received_kwh: Option<String>,
    /// The member's surplus that others used.
    given_kwh: Option<String>,
    import_kwh: Option<String>,
    export_kwh: Option<String>,
    completeness: String,
    quality: String,
}

/// How a community shares, from when on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// `proportional` to what each member needs in a slot, or `static`: fixed shares.
    #[schema(example = "static")]
    kind: String,
    /// The members' shares of a static key; they add up to 1.
    #[serde(default)]
    shares: Vec<MemberShare>,
    /// From when on; now where nothing is said.
    valid_from: Option<String>,
}

/// A member's share.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberShare {
    member_id: Uuid,
    /// 0 to 1, as a decimal string of up to six places.
    #[schema(value_type = String, example = "0.250000")]
    share: Share,
}

/// A key.
#[derive(Serialize, ToSchema)]
#[schema(as = SharingKey)]
pub(crate) struct KeyView {
    /// From when on.
    #[schema(value_type = String, format = DateTime)]
    valid_from: Timestamp,
    #[schema(example = "static")]
    kind: &'static str,
    shares: Vec<MemberShare>,
}

impl KeyView {
    fn of(valid_from: Timestamp, key: &Key) -> Self {
        match key {
            Key::Proportional => Self { valid_from, kind: "proportional", shares: Vec::new() },
            Key::Static(key) => Self {
                valid_from,
                kind: "static",
                shares: key
                    .shares()
                    .iter()
                    .filter_map(|(member, share)| {
                        Some(MemberShare { member_id: member.parse().ok()?, share: *share })
                    })
                    .collect(),
            },
        }
    }
}

/// Imports readings of many devices in the long format. Only for operators.
///
/// A device is named by its id or by its name in the community; one that is not known yet is made, with a member of
/// the name in the `member` column, or of its own. Everything is stored or nothing.
#[utoipa::path(post, path = "/communities/{id}/readings", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "community_import",
    params(("id" = Uuid, Path)),
    request_body(content(
        (String = "text/csv", example = "device,channel,start,end,energy_kwh,quality\nCasa 7,import,2026-03-29T00:00:00Z,2026-03-29T00:15:00Z,0.25,measured\n"),
        (Vec<NewReading> = "application/json"),
        (NewReading = "application/x-ndjson"),
    )),
    responses(
        (status = 200, description = "What it did", body = ImportOutcome),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "A reading overlaps another; nothing was stored", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn import(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    request: Request,
) -> Result<Json<ImportOutcome>, Problem> {
    let community = caller.operated(&app, id).await?;
    let batches = upload::batches(&app, request, Layout::Community).await?;
    let store = app.services()?.store();
    Ok(Json(store.import_community(community.id, caller.id, batches, clock::now()).await?.into()))
}

/// Sums the readings of a community's devices per hour, local day, month or year.
#[utoipa::path(get, path = "/communities/{id}/readings", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "community_readings",
    params(("id" = Uuid, Path), Period, SumQuery),
    responses((status = 200, description = "By channel and start", body = Listed<ReadingView>)))]
pub(crate) async fn sums(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(period): Query<Period>,
    Query(query): Query<SumQuery>,
) -> Result<Json<Listed<ReadingView>>, Problem> {
    let (community, _) = caller.community(&app, id).await?;
    let zone = query.time_zone.as_deref().map(|zone| field("time_zone", Calendar::new(zone))).transpose()?;
    let calendar = zone.unwrap_or(community.calendar);
    readings::sums(&app, Of::Community(id), calendar, &period, &query).await
}

/// Balances a community over a period: own use, sharing, import, export.
#[utoipa::path(get, path = "/communities/{id}/balance", tag = "communities", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), Period, BalanceQuery),
    responses((status = 200, description = "The balance", body = BalanceView)))]
pub(crate) async fn balance(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(period): Query<Period>,
    Query(query): Query<BalanceQuery>,
) -> Result<Response, Problem> {
    let (community, own) = caller.community(&app, id).await?;
    let interval = period.whole(&community.calendar)?;
    let resolution = query.resolution.as_deref().map(|text| field("resolution", text.parse())).transpose()?;
    if let Some(resolution) = resolution {
        field("resolution", few_slots(interval, resolution))?;
    }
    let store = app.services()?.store();
    let key = match query.key.as_deref() {
        None => None,
        Some("proportional") => Some(Key::Proportional),
        Some("static") => {
            let stored = store.key(id, interval.start()).await?;
            Some(stored.filter(|key| matches!(key, Key::Static(_))).ok_or_else(|| {
                let text = format!("the community has no static key at {}", interval.start());
                Problem::new(StatusCode::CONFLICT, text)
                    .hint("set one with POST /api/v1/communities/{id}/keys")
            })?)
        }
        Some(other) => return Err(not_one_of("key", "`proportional` or `static`", other)),
    };
    let by_member = match query.by.as_deref() {
        None | Some("member") => true,
        Some("total") => false,
        Some(other) => return Err(not_one_of("by", "`member` or `total`", other)),
    };
    let shown = move |mut balance: Balance| {
        // A member sees the community's balance and what is theirs, an operator sees all.
        let is_shown = |member: Uuid| by_member && (own.role == Role::Operator || member == own.id);
        balance.members.retain(|member| is_shown(member.member_id));
        axum::Json(balance).into_response()
    };
    app.balance(id, interval, resolution, key, shown).await
}

/// A value that is none of those that a parameter may have.
pub(super) fn not_one_of(name: &str, expected: &str, got: &str) -> Problem {
    let got = excerpt(got);
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("expected {name} {expected}, got `{got}`")).place(
        grid_core::error::Place {
            pointer: Some(name.to_owned()),
            expected: expected.to_owned(),
            got,
            ..grid_core::error::Place::default()
        },
    )
}

/// Lists the keys by which a community shares, by when they begin; where there is none, it shares in proportion.
#[utoipa::path(get, path = "/communities/{id}/keys", tag = "communities", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The keys", body = Listed<KeyView>)))]
pub(crate) async fn keys(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Listed<KeyView>>, Problem> {
    caller.community(&app, id).await?;
    let keys = app.services()?.store().keys(id).await?;
    Ok(Json(Listed::whole(keys.iter().map(|(from, key)| KeyView::of(*from, key)).collect())))
}

/// Sets the key by which a community shares from an instant on. Only for operators.
#[utoipa::path(post, path = "/communities/{id}/keys", tag = "communities", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)), responses(
        (status = 201, description = "Set", body = KeyView),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn set_key(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<NewKey>,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    let community = caller.operated(&app, id).await?;
    let key = match body.kind.as_str() {
        "proportional" => Key::Proportional,
        "static" => {
            let shares = body.shares.into_iter().map(|of| (of.member_id.to_string(), of.share)).collect();
            Key::Static(field("/shares", SharingKey::new(shares))?)
        }
        other => return Err(not_one_of("/kind", "`proportional` or `static`", other)),
    };
    let now = clock::now();
    let valid_from = body
        .valid_from
        .as_deref()
        .map_or(Ok(now), |text| instant("/valid_from", text, &community.calendar))?;
    app.services()?.store().set_key(id, &key, valid_from, now).await?;
    Ok((StatusCode::CREATED, Json(KeyView::of(valid_from, &key))))
}
