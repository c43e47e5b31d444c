//! What looks wrong in a device's readings.

use axum::extract::State;
use grid_core::{
    energy::{Channel, validate::Finding},
    store::Store,
    time::few_slots,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Path, Query},
    page::{Listed, NamedQuery},
    period::{Period, field},
    problem::Problem,
    routes::readings,
};

/// Which readings are looked at, and what they should be like.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FindingsQuery {
    /// The channel; all where nothing is said.
    channel: Option<String>,
    /// How long a reading should be, such as `15min` or `1h`; as most of them are where nothing is said.
    #[param(example = "15min")]
    resolution: Option<String>,
}

/// Something that looks wrong in a channel's readings, for the API's description.
#[derive(Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingView {
    #[schema(value_type = String, example = "import")]
    channel: Channel,
    /// `interval` (`start` and `end`), `rule` (`gap`, `spike`, `stuck`, `zero_run`, `negative`, `duplicate`,
    /// `clock_drift`, `impossible_power`, `overlap` or `future_dated`), `severity` (`notice`, `warning` or `fault`), `rows`
    /// (how many readings it is about), `expected` and `got`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    finding: Finding,
}

/// Says what looks wrong in a device's readings: gaps, spikes, stuck registers, drifting clocks and the like.
#[utoipa::path(get, path = "/devices/{id}/findings", tag = "devices", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), Period, FindingsQuery, NamedQuery),
    responses((status = 200, description = "By channel, start and rule", body = Listed<FindingView>)))]
pub(crate) async fn findings(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(period): Query<Period>,
    Query(query): Query<FindingsQuery>,
    Query(page): Query<NamedQuery>,
) -> Result<Json<Listed<FindingView>>, Problem> {
    let device = caller.device(&app, id).await?;
    let store = app.services()?.store();
    let wanted = readings::channel(query.channel.as_deref())?;
    let (_, extent) = readings::registers(store, id, wanted).await?;
    let Some(interval) = period.interval(&device.calendar, extent)? else {
        return Ok(Json(Listed::whole(Vec::new())));
    };
    let resolution = query.resolution.as_deref().map(|text| field("resolution", text.parse())).transpose()?;
    if let Some(resolution) = resolution {
        field("resolution", few_slots(interval, resolution))?;
    }
    let now = clock::now();
    let findings =
        move |store: Store| async move { store.findings(id, wanted, interval, resolution, now).await };
    let found = app.compute(caller.id, findings).await?;
    let items = found.into_iter().map(|(channel, finding)| FindingView { channel, finding }).collect();
    let name = |FindingView { channel, finding }: &FindingView| {
        let (interval, rule) = (finding.interval, finding.rule);
        format!("{channel}/{}/{}/{}", interval.start(), interval.end(), rule.as_str())
    };
    Ok(Json(page.of(items, name)?))
}
