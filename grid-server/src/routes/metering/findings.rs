//! What looks wrong in a device's readings.

use axum::extract::State;
use grid_core::energy::{
    Channel,
    ledger::Recorded,
    validate::{self, Expectation, Finding, Raw},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::told::{plain, resolution};
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Path, Query},
    page::Listed,
    period::{Period, few_slots, field},
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

fn raw(recorded: &[Recorded]) -> Vec<Raw> {
    recorded.iter().map(|recorded| Raw::from(recorded.reading)).collect()
}

/// Says what looks wrong in a device's readings: gaps, spikes, stuck registers, drifting clocks and the like.
#[utoipa::path(get, path = "/devices/{id}/findings", tag = "devices", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), Period, FindingsQuery),
    responses((status = 200, description = "By channel, start and rule", body = Listed<FindingView>)))]
pub(crate) async fn findings(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(period): Query<Period>,
    Query(query): Query<FindingsQuery>,
) -> Result<Json<Listed<FindingView>>, Problem> {
    let device = caller.device(&app, id).await?;
    let store = app.services()?.store();
    let wanted = readings::channel(query.channel.as_deref())?;
    let (channels, extent) = readings::registers(store, id, wanted).await?;
    let mut items = Vec::new();
    let Some(interval) = period.interval(&device.calendar, extent)? else {
        return Ok(Json(Listed::whole(items)));
    };
    for channel in channels {
        let recorded = store.readings(id, channel, interval, None).await?;
        let resolution = resolution("resolution", query.resolution.as_deref(), &plain(&recorded))?;
        field("resolution", few_slots(interval, resolution))?;
        let (calendar, rated_power, now) = (device.calendar.clone(), device.rated_power, clock::now());
        let work = move || {
            let expectation =
                Expectation { calendar: &calendar, resolution, period: Some(interval), rated_power, now };
            validate::validate(&raw(&recorded), &expectation, &validate::Rules::default())
        };
        let found = app.analyses().run(work).await??;
        items.extend(found.into_iter().map(|finding| FindingView { channel, finding }));
    }
    Ok(Json(Listed::whole(items)))
}
