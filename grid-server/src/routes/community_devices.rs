//! Which devices count in a community, for whom, and since when.

use axum::{extract::State, http::StatusCode};
use grid_core::{
    energy::{Placement, Role},
    store::PlacedDevice,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::devices::DeviceView;
use crate::{
    app::App,
    caller::{Caller, not_found},
    clock,
    extract::{Json, Path, Query},
    page::{Listed, NamedQuery},
    period::instant,
    problem::Problem,
};

/// A device of the community's and the member that it counts for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCommunityDevice {
    device_id: Uuid,
    member_id: Uuid,
    /// From when on: an instant, or a local date for its first one. From the beginning where nothing is said; from now on
    /// where the device counted here before and was removed.
    #[schema(example = "2026-03-01")]
    from: Option<String>,
}

/// The member that a device counts for from now on, or from an instant on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommunityDeviceMove {
    member_id: Uuid,
    /// From when on: an instant, or a local date for its first one; now where nothing is said.
    #[schema(example = "2026-03-15")]
    from: Option<String>,
}

/// A device of a community, for as long as it counts for one member.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommunityDevice {
    #[serde(flatten)]
    device: DeviceView,
    /// The member that it counts for.
    member_id: Uuid,
    /// From when on; `null` for the beginning.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// The first instant at which it does not any more; `null` where no end is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl From<PlacedDevice> for CommunityDevice {
    fn from(PlacedDevice { device, stretch }: PlacedDevice) -> Self {
        let (from, until) = (stretch.from(), stretch.until());
        Self { device: device.into(), member_id: stretch.member, from, until }
    }
}

/// What was said of a device: of two that meet, the one that was recorded later counts where they do.
#[derive(Serialize, ToSchema)]
#[schema(as = Placement)]
pub(crate) struct PlacementView {
    /// The member that it counts for; `null` where it counts for nobody.
    member_id: Option<Uuid>,
    /// From when on; `null` for the beginning.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until when; `null` where there is no end.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// When it was said.
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
}

impl From<Placement> for PlacementView {
    fn from(Placement { member, from, until, recorded_at }: Placement) -> Self {
        Self { member_id: member, from, until, recorded_at }
    }
}

/// Which of a community's devices are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CommunityDevicesQuery {
    /// `true` lists also for whom each device counted before; without, only those that count now or later.
    #[serde(default)]
    ended: bool,
    /// As it was known at an instant; now where nothing is said.
    #[param(example = "2026-04-01")]
    as_of: Option<String>,
}

/// Until when a device counts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UntilQuery {
    /// An instant, or a local date for its first one; now where nothing is said. One before the device came takes all of it
    /// back.
    #[param(example = "2026-03-15")]
    until: Option<String>,
}

/// Lists the devices of a community and the members that they count for, and since when.
#[utoipa::path(get, path = "/communities/{id}/devices", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "community_devices",
    params(("id" = Uuid, Path), CommunityDevicesQuery, NamedQuery),
    responses((status = 200, description = "By device and start: one item for each member", body = Listed<CommunityDevice>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<CommunityDevicesQuery>,
    Query(page): Query<NamedQuery>,
) -> Result<Json<Listed<CommunityDevice>>, Problem> {
    let (community, own) = caller.community(&app, id).await?;
    let as_of = query.as_of.as_deref().map(|text| instant("as_of", text, &community.calendar)).transpose()?;
    let devices = app.services()?.store().community_devices(id, as_of).await?;
    let now = as_of.unwrap_or_else(clock::now);
    // A member sees what is theirs, an operator sees all.
    let visible = |placed: &PlacedDevice| {
        (own.role == Role::Operator || placed.stretch.member == own.id)
            && (query.ended || placed.stretch.during.end() > now)
    };
    let devices = devices.into_iter().filter(visible).map(CommunityDevice::from).collect();
    let name = |placed: &CommunityDevice| match placed.from {
        Some(from) => format!("{}/{from}", placed.device.id),
        None => placed.device.id.to_string(),
    };
    Ok(Json(page.of(devices, name)?))
}

/// Puts a device of the caller's into a community, for one of its members. Only for operators.
///
/// Said again with another `from`, since when it counts is corrected. What was settled before can be asked for as it stood.
#[utoipa::path(post, path = "/communities/{id}/devices", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "community_add_device",
    params(("id" = Uuid, Path)), responses(
        (status = 201, description = "It counts", body = CommunityDevice),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "It counts for another member then or later", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn add(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<NewCommunityDevice>,
) -> Result<(StatusCode, Json<CommunityDevice>), Problem> {
    let community = caller.operated(&app, id).await?;
    let device = caller.device(&app, body.device_id).await?;
    let store = app.services()?.store();
    if !store.members(id).await?.iter().any(|member| member.id == body.member_id) {
        return Err(not_found("member", body.member_id));
    }
    let from = body.from.as_deref().map(|text| instant("/from", text, &community.calendar)).transpose()?;
    store.add_device(id, device.id, body.member_id, from, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(last(&app, id, device.id).await?)))
}

/// Says all that was ever said of whom a device counts for in a community. Only for operators.
#[utoipa::path(get, path = "/communities/{id}/devices/{device}", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "community_device_placements",
    params(("id" = Uuid, Path), ("device" = Uuid, Path), NamedQuery), responses(
        (status = 200, description = "In the order in which it was recorded", body = Listed<PlacementView>),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn placements(
    State(app): State<App>,
    caller: Caller,
    Path((id, device)): Path<(Uuid, Uuid)>,
    Query(page): Query<NamedQuery>,
) -> Result<Json<Listed<PlacementView>>, Problem> {
    caller.operated(&app, id).await?;
    let said = app.services()?.store().placements(id, device).await?;
    if said.is_empty() {
        return Err(not_found(OF_COMMUNITY, device));
    }
    let name = |said: &PlacementView| {
        let from = said.from.map_or_else(String::new, |from| from.to_string());
        format!("{}/{from}", said.recorded_at)
    };
    Ok(Json(page.of(said.into_iter().map(PlacementView::from).collect(), name)?))
}

/// Lets a device count for another member of its community from an instant on. Only for operators.
///
/// Until then it counts as before, and in a period in which it moves each member has what it counted in their time.
#[utoipa::path(patch, path = "/communities/{id}/devices/{device}", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "community_move_device",
    params(("id" = Uuid, Path), ("device" = Uuid, Path)), responses(
        (status = 200, description = "For whom it counts, and from when on", body = CommunityDevice),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((id, device)): Path<(Uuid, Uuid)>,
    Json(body): Json<CommunityDeviceMove>,
) -> Result<Json<CommunityDevice>, Problem> {
    let community = caller.operated(&app, id).await?;
    let now = clock::now();
    let from = body.from.as_deref().map_or(Ok(now), |text| instant("/from", text, &community.calendar))?;
    app.services()?.store().move_device(id, device, body.member_id, from, now).await?;
    Ok(Json(last(&app, id, device).await?))
}

/// Lets a device no longer count in a community, from now on or from an instant on. Only for operators.
///
/// What it counted until then stays, and so does what was settled.
#[utoipa::path(delete, path = "/communities/{id}/devices/{device}", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "community_remove_device",
    params(("id" = Uuid, Path), ("device" = Uuid, Path), UntilQuery), responses(
        (status = 204, description = "It does not count any more from then on"),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((id, device)): Path<(Uuid, Uuid)>,
    Query(query): Query<UntilQuery>,
) -> Result<StatusCode, Problem> {
    let community = caller.operated(&app, id).await?;
    let now = clock::now();
    let until = query.until.as_deref().map_or(Ok(now), |text| instant("until", text, &community.calendar))?;
    let store = app.services()?.store();
    if store.placements(id, device).await?.is_empty() {
        return Err(not_found(OF_COMMUNITY, device));
    }
    store.remove_device(id, device, until, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

const OF_COMMUNITY: &str = "device of this community";

/// The last stretch of a device in a community.
async fn last(app: &App, community: Uuid, device: Uuid) -> Result<CommunityDevice, Problem> {
    let placed = app.services()?.store().community_devices(community, None).await?;
    let last = placed.into_iter().rfind(|placed| placed.device.id == device);
    last.map(CommunityDevice::from).ok_or_else(|| not_found(OF_COMMUNITY, device))
}
