//! The devices of the caller, as the old system listed them.

use axum::extract::State;
use grid_core::{
    energy::{ConsumptionLevel, Device},
    store::Page,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{app::App, caller::Caller, extract::Json, problem::Problem};

/// A device, in the words of the old system.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserDevice {
    id: Uuid,
    #[schema(example = "Refrigerador")]
    name: String,
    /// `bajo consumo`, `consumo moderado` or `alto consumo`, by the power that the device was registered with: less than
    /// 1.5 kW, less than 3 kW, or more; `null` where none is known.
    #[schema(value_type = Option<String>, example = "bajo consumo")]
    level_consumption: Option<&'static str>,
}

impl From<Device> for UserDevice {
    fn from(device: Device) -> Self {
        Self {
            id: device.id,
            name: device.name.to_string(),
            level_consumption: device.rated_power.map(|power| ConsumptionLevel::of(power).spanish()),
        }
    }
}

/// Lists all of the caller's devices, in the order in which they were registered.
#[utoipa::path(get, path = "/devices/get-user-devices", tag = "compatibility", security(("bearerAuth" = [])),
    operation_id = "get_user_devices",
    responses((status = 200, description = "All of them; an empty list where there is none", body = Vec<UserDevice>)))]
pub(crate) async fn of_user(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Vec<UserDevice>>, Problem> {
    let store = app.services()?.store();
    let mut page = Page { after: None, limit: 1000 };
    let mut devices = Vec::new();
    loop {
        let listed = store.devices_of(caller.id, page).await?;
        devices.extend(listed.items.into_iter().map(UserDevice::from));
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok(Json(devices)),
        }
    }
}
