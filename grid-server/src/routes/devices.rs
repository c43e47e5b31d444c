//! Devices.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
};
use grid_core::{
    energy::{Device, DeviceKind, Name},
    quantity::{self, Power},
    store::{self, new_id},
    time::Calendar,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    clock, conditional,
    extract::{Json, Path, Query},
    page::{Listed, PageQuery},
    period::field,
    problem::Problem,
};

/// A device to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDevice {
    #[schema(example = "Casa 7, contador")]
    name: String,
    /// `meter`, `pv`, `battery`, `load`, `ev_charger` or `other`.
    #[schema(example = "meter")]
    kind: String,
    /// IANA zone of the place where it stands; `UTC` where nothing is said.
    #[schema(example = "Europe/Madrid")]
    time_zone: Option<String>,
    /// What it can do at most, in whole watts.
    #[schema(example = 4600)]
    rated_power_w: Option<i64>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceChange {
    name: Option<String>,
    kind: Option<String>,
    time_zone: Option<String>,
    rated_power_w: Option<i64>,
}

/// A device.
#[derive(Serialize, ToSchema)]
#[schema(as = Device)]
pub(crate) struct DeviceView {
    pub(crate) id: Uuid,
    #[schema(value_type = String, example = "Casa 7, contador")]
    pub(crate) name: Name,
    #[schema(value_type = String, example = "meter")]
    pub(crate) kind: DeviceKind,
    #[schema(example = "Europe/Madrid")]
    pub(crate) time_zone: String,
    #[schema(example = 4600)]
    pub(crate) rated_power_w: Option<i64>,
}

impl DeviceChange {
    /// The device with the change made.
    fn made_of(&self, seen: &Device) -> Result<Device, Problem> {
        let mut device = seen.clone();
        if let Some(name) = &self.name {
            device.name = field("/name", Name::new(name))?;
        }
        if let Some(kind) = &self.kind {
            device.kind = field("/kind", kind.parse())?;
        }
        if let Some(zone) = &self.time_zone {
            device.calendar = field("/time_zone", Calendar::new(zone))?;
        }
        if let Some(watts) = self.rated_power_w {
            device.rated_power = Some(rated(watts)?);
        }
        Ok(device)
    }
}

impl From<Device> for DeviceView {
    fn from(device: Device) -> Self {
        Self {
            id: device.id,
            name: device.name,
            kind: device.kind,
            time_zone: device.calendar.name().to_owned(),
            rated_power_w: device.rated_power.map(|power| power.as_milliwatt() / 1000),
        }
    }
}

fn rated(watts: i64) -> Result<Power, Problem> {
    let power = Power::from_watt(watts).filter(|_| watts >= 0);
    field("/rated_power_w", power.ok_or(quantity::Error::OutOfRange { quantity: "power", unit: "watts" }))
}

/// Lists the caller's devices, in the order in which they were registered.
#[utoipa::path(get, path = "/devices", tag = "devices", operation_id = "devices_list", security(("bearerAuth" = [])), params(PageQuery), responses(
    (status = 200, description = "A page of devices", body = Listed<DeviceView>),
))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listed<DeviceView>>, Problem> {
    let devices = app.services()?.store().devices_of(caller.id, page.into()).await?;
    Ok(Json(Listed::of(devices, DeviceView::from)))
}

/// Registers a device.
#[utoipa::path(post, path = "/devices", tag = "devices", operation_id = "devices_create", security(("bearerAuth" = [])), responses(
    (status = 201, description = "Registered; `Location` is its path", body = DeviceView),
    (status = 409, description = "The caller has as many devices as one user may", body = crate::problem::Body, content_type = "application/problem+json"),
))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewDevice>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<DeviceView>), Problem> {
    let now = clock::now();
    let device = Device {
        id: new_id(now),
        owner: caller.id,
        name: field("/name", Name::new(&body.name))?,
        kind: field("/kind", body.kind.parse())?,
        calendar: field("/time_zone", Calendar::new(body.time_zone.as_deref().unwrap_or("UTC")))?,
        rated_power: body.rated_power_w.map(rated).transpose()?,
    };
    app.services()?.store().create_device(&device, now).await?;
    let location = format!("/api/v1/devices/{}", device.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(device.into())))
}

/// Gives a device.
#[utoipa::path(get, path = "/devices/{id}", tag = "devices", operation_id = "devices_show", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)), responses((status = 200, description = "The device", body = DeviceView)))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<DeviceView>, Problem> {
    Ok(Json(caller.device(&app, id).await?.into()))
}

/// Changes a device.
#[utoipa::path(patch, path = "/devices/{id}", tag = "devices", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)), responses((status = 200, description = "The device as it is now", body = DeviceView)))]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(body): Json<DeviceChange>,
) -> Result<Json<DeviceView>, Problem> {
    loop {
        let seen = caller.device(&app, id).await?;
        conditional::require(&headers, &DeviceView::from(seen.clone()))?;
        let device = body.made_of(&seen)?;
        match app.services()?.store().update_device(&seen, &device).await {
            // Two change different things of it at once: each is made of what the other left.
            Err(store::Error::Changed { .. }) => {}
            Err(other) => return Err(other.into()),
            Ok(()) => return Ok(Json(device.into())),
        }
    }
}

/// Deletes a device that has no readings.
#[utoipa::path(delete, path = "/devices/{id}", tag = "devices", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)), responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "It has readings, and these are kept", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let device = caller.device(&app, id).await?;
    app.services()?.store().delete_device(device.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
