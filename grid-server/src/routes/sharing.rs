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
        ingest::{Format, Layout},
        sharing::Key,
    },
    store::{Imported, Ingested, Of, Store},
    time::{Calendar, few_slots},
};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    not_one_of,
    readings::{self, NewReading, ReadingView, Readings, SumQuery},
};
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Path, Query},
    hurry,
    page::{Listed, NamedQuery},
    period::{Period, field, instant},
    problem::Problem,
    upload::{self, FileQuery},
};

/// What an import did.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportOutcome {
    devices_created: usize,
    members_created: usize,
    inserted: usize,
    unchanged: usize,
    superseded: usize,
    /// The format of the file, where it is none of our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "eda")]
    format: Option<&'static str>,
    /// How such a file was understood.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
}

impl ImportOutcome {
    fn of(done: Imported, format: Format, evidence: Vec<String>) -> Self {
        let Imported { devices_created, members_created, inserted, unchanged, superseded } = done;
        let (format, evidence) = upload::told(format, evidence);
        Self { devices_created, members_created, inserted, unchanged, superseded, format, evidence }
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
    /// A kind such as `proportional` or `equal`, a key as JSON, `static` for the community's own fixed shares; the
    /// community's own key where nothing is said.
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

/// How a community shares, from when on: for the API's description.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the core's `Key`, which knows nothing of OpenAPI")]
pub(crate) struct NewKey {
    /// `proportional` to what each member needs in a slot, `equal` parts, `static`: fixed shares, `priority`: one group of
    /// members after another, or `cascade`: by one key first, and what that leaves over by another.
    #[schema(example = "static")]
    kind: String,
    /// The members' shares of a static key; they add up to 1.
    shares: Option<Vec<MemberShare>>,
    /// The groups of a priority, each a list of member ids.
    groups: Option<Vec<Vec<Uuid>>>,
    /// The key that a cascade begins with.
    #[schema(value_type = Option<Object>)]
    first: Option<()>,
    /// The key that shares what that one leaves over.
    #[schema(value_type = Option<Object>)]
    then: Option<()>,
    /// From when on; now where nothing is said.
    valid_from: Option<String>,
}

/// A key beside the instant from which it counts; whoever reads it is told the line of what is wrong.
#[derive(Debug)]
pub(crate) struct KeyBody {
    key: Key,
    valid_from: Option<String>,
}

impl<'de> Deserialize<'de> for KeyBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeyFields)
    }
}

/// Reads the fields while the reader still knows where it is.
struct KeyFields;

impl<'de> Visitor<'de> for KeyFields {
    type Value = KeyBody;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key: an object with its `kind`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KeyBody, A::Error> {
        let mut fields = serde_json::Map::deserialize(MapAccessDeserializer::new(map))?;
        let valid_from = fields.remove("valid_from").unwrap_or_default();
        Ok(KeyBody {
            valid_from: serde_json::from_value(valid_from).map_err(de::Error::custom)?,
            key: serde_json::from_value(fields.into()).map_err(de::Error::custom)?,
        })
    }
}

/// A member's share, for the API's description.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the core's `SharingKey`, which knows nothing of OpenAPI")]
pub(crate) struct MemberShare {
    member_id: Uuid,
    /// 0 to 1, as a decimal string of up to six places.
    #[schema(example = "0.250000")]
    share: String,
}

/// A key.
#[derive(Serialize, ToSchema)]
#[schema(as = SharingKey)]
pub(crate) struct KeyView {
    /// From when on.
    #[schema(value_type = String, format = DateTime)]
    pub(super) valid_from: Timestamp,
    /// The key: its `kind`, and what belongs to that.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(super) key: Key,
}

/// Imports readings of many devices. Only for operators.
///
/// The file may be the long format, or any that a device's readings may come in, with a meter in each row or column; the
/// answer says how it was understood.
///
/// A device is named by its id or by its name in the community; one that is not known yet is made, with a member of
/// the name in the `member` column, or of its own. Everything is stored or nothing.
#[utoipa::path(post, path = "/communities/{id}/readings", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "community_import",
    params(("id" = Uuid, Path), FileQuery),
    request_body(content(
        (String = "text/csv", example = "device,channel,start,end,energy_kwh,quality\nCasa 7,import,2026-03-29T00:00:00Z,2026-03-29T00:15:00Z,0.25,measured\n"),
        (Vec<NewReading> = "application/json"),
        (NewReading = "application/x-ndjson"),
        (String = "application/xml"),
    )),
    responses(
        (status = 200, description = "What it did", body = ImportOutcome),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "A reading overlaps another, or the file makes more devices than one user may have; nothing was stored", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn import(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<FileQuery>,
    request: Request,
) -> Result<Json<ImportOutcome>, Problem> {
    let community = caller.operated(&app, id).await?;
    let options = query.options(Layout::Community, community.calendar.clone())?;
    let read = upload::readings(&app, &caller, request, options).await?;
    let store = app.services()?.store();
    let imported = store.import_community_sorted(community.id, caller.id, &read.batches, clock::now());
    let imported = hurry::storing(&app, read.batches.held(), imported).await?;
    let Imported { inserted, unchanged, superseded, .. } = imported;
    app.metrics().ingested(Ingested { inserted, unchanged, superseded });
    Ok(Json(ImportOutcome::of(imported, read.format, read.evidence)))
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
) -> Result<Readings, Problem> {
    let (community, _) = caller.community(&app, id).await?;
    let zone = query.time_zone.as_deref().map(|zone| field("time_zone", Calendar::new(zone))).transpose()?;
    let calendar = zone.unwrap_or(community.calendar);
    readings::sums(&app, caller.id, Of::Community(id), calendar, &period, &query).await
}

/// Balances a community over a period: own use, sharing, import, export.
#[utoipa::path(get, path = "/communities/{id}/balance", tag = "communities", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), Period, BalanceQuery),
    responses(
        (status = 200, description = "The balance", body = BalanceView),
        (status = 409, description = "A static key was asked for, and the community has none then", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
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
        Some("static") => {
            let stored = store.key(id, interval.start()).await?;
            Some(stored.filter(|key| matches!(key, Key::Static(_))).ok_or_else(|| {
                let text = format!("the community has no static key at {}", interval.start());
                Problem::new(StatusCode::CONFLICT, text)
                    .hint("set one with POST /api/v1/communities/{id}/keys")
            })?)
        }
        Some(text) => Some(field("key", text.parse())?),
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
    app.balance(caller.id, id, interval, resolution, key, shown).await
}

/// Lists the keys by which a community shares, by when they begin; where there is none, it shares in proportion.
#[utoipa::path(get, path = "/communities/{id}/keys", tag = "communities", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), NamedQuery),
    responses((status = 200, description = "The keys", body = Listed<KeyView>)))]
pub(crate) async fn keys(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(page): Query<NamedQuery>,
) -> Result<Json<Listed<KeyView>>, Problem> {
    caller.community(&app, id).await?;
    let (from, most) = page.reach()?;
    let load = move |store: Store| async move { store.first_keys(id, from, most).await };
    let keys = app.load(caller.id, load).await?;
    let keys = keys.into_iter().map(|(valid_from, key)| KeyView { valid_from, key }).collect();
    Ok(Json(page.of(keys, |key: &KeyView| key.valid_from.to_string())?))
}

/// Sets the key by which a community shares from an instant on. Only for operators.
#[utoipa::path(post, path = "/communities/{id}/keys", tag = "communities", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)), request_body = NewKey, responses(
        (status = 201, description = "Set", body = KeyView),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn set_key(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(KeyBody { key, valid_from }): Json<KeyBody>,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    let community = caller.operated(&app, id).await?;
    let now = clock::now();
    let valid_from =
        valid_from.as_deref().map_or(Ok(now), |text| instant("/valid_from", text, &community.calendar))?;
    app.services()?.store().set_key(id, &key, valid_from, now).await?;
    Ok((StatusCode::CREATED, Json(KeyView { valid_from, key })))
}
