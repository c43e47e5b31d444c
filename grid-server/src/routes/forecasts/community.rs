//! Forecasts of a community and its members that add up.

use std::collections::BTreeMap;

use axum::extract::State;
use grid_core::{
    energy::{Channel, Role},
    forecast::{
        self, History, LEARNT_DAYS, Model, Part, Reconciling, Together, forecast_together, known_kwh,
        quantile_name, quantiles_of_levels,
    },
    quantity::Energy,
    series::Slot,
    store::CommunitySlots,
    time::Resolution,
};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{Quantiles, finite};
use crate::{
    app::App,
    caller::Caller,
    extract::{Json, Path},
    forecasting::minutes,
    hurry,
    period::field,
    problem::Problem,
};

/// How to forecast a community.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommunityForecastRequest {
    /// How far to look; 24 where nothing is said.
    #[schema(example = 24)]
    horizon_hours: Option<u16>,
    /// The intervals in percent; 50 and 80 where nothing is said.
    #[schema(example = json!([50, 80]))]
    levels: Option<Vec<u8>>,
    /// `top_down` (the community's own forecast, divided among its members; also where nothing is said), `bottom_up` (the
    /// members' forecasts, added up) or `min_trace` (all moved, as far as their past errors say).
    #[schema(example = "top_down")]
    method: Option<String>,
    /// The channel; `consumption` where nothing is said.
    #[schema(example = "consumption")]
    channel: Option<String>,
    /// `auto`, or the name of a model.
    #[schema(example = "auto")]
    model: Option<String>,
    /// Slots of `5min`, `15min`, `30min` or `1h`; those in which the community settles where nothing is said, and hours where
    /// it has no contract.
    #[schema(example = "15min")]
    resolution: Option<String>,
}

/// What a community and its members are expected to use or give.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommunityForecast {
    community_id: Uuid,
    #[schema(example = "consumption")]
    channel: String,
    /// The model.
    #[schema(example = "auto")]
    model: &'static str,
    /// How the forecasts were made to add up.
    #[schema(example = "top_down")]
    method: &'static str,
    #[schema(example = "Europe/Madrid")]
    time_zone: String,
    /// How long a slot is.
    #[schema(example = "1h")]
    resolution: String,
    /// The community, by slot.
    points: Vec<EnergyPoint>,
    /// The members: all of them for an operator, the caller's own for a member. In each slot those of all members add up to
    /// the community, to the last milliwatt-hour.
    members: Vec<MemberForecast>,
    /// The members of whom too little is known.
    left_out: Vec<String>,
}

/// What a member is expected to use or give.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberForecast {
    member_id: Uuid,
    name: String,
    points: Vec<EnergyPoint>,
}

/// What is expected of a slot.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnergyPoint {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// The mean.
    #[schema(value_type = String, example = "1.250000")]
    energy_kwh: Energy,
    /// The quantiles in kWh; other levels than 50 and 80 have keys of their own. Unlike the means, they do not add up.
    #[serde(flatten)]
    #[schema(value_type = Quantiles)]
    quantiles: BTreeMap<String, Option<f64>>,
}

/// Forecasts a community and its members, so that the members add up to the community exactly.
#[utoipa::path(post, path = "/communities/{id}/forecasts", tag = "forecasts", security(("bearerAuth" = [])),
    operation_id = "community_forecast",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The slots after the last reading; nothing is stored", body = CommunityForecast)))]
pub(crate) async fn forecast(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<CommunityForecastRequest>,
) -> Result<Json<CommunityForecast>, Problem> {
    let (_, own) = caller.community(&app, id).await?;
    let channel: Channel = field("/channel", body.channel.as_deref().unwrap_or("consumption").parse())?;
    let model: Model = field("/model", body.model.as_deref().unwrap_or("auto").parse())?;
    let method: Reconciling =
        body.method.as_deref().map_or(Ok(Reconciling::default()), |text| field("/method", text.parse()))?;
    let levels = body.levels.as_deref().unwrap_or(&[50, 80]);
    let quantiles = field("/levels", quantiles_of_levels(levels))?;
    let horizon_hours = usize::from(body.horizon_hours.unwrap_or(24));
    let wanted = body.resolution.as_deref().map(|text| field("/resolution", minutes(text))).transpose()?;
    let wanted = wanted.map(|minutes| Resolution::Seconds(minutes * 60));
    let store = app.services()?.store();
    let slots = hurry::at_length(&app, store.community_slots(id, channel, LEARNT_DAYS, wanted)).await?;
    let Some(slots) = slots else {
        return Err(forecast::Error::AllMissing { slots: 0 }.into());
    };
    let work = move || {
        let CommunitySlots { calendar, resolution, whole, members } = slots;
        let zone = calendar.zone();
        let step_minutes = resolution.fixed_seconds().unwrap_or_default() / 60;
        let whole = history(&whole, zone, step_minutes)?;
        let horizon = horizon_hours * whole.slots_per_day() / 24;
        let parts = members
            .iter()
            .map(|(id, _, slots)| Ok((id.to_string(), history(slots, zone, step_minutes)?)))
            .collect::<Result<_, forecast::Error>>()?;
        let Together { whole, parts, left_out } =
            forecast_together(&model, &whole, &parts, horizon, &quantiles, method)?;
        // A member sees the community and what is theirs, an operator sees all.
        let is_shown = |member: &str| own.role == Role::Operator || member == own.id.to_string();
        let mut shown = Vec::new();
        for (member_id, name, _) in members {
            let part = parts.get(&member_id.to_string()).filter(|_| is_shown(&member_id.to_string()));
            if let Some(part) = part {
                let points = points(part, zone)?;
                shown.push(MemberForecast { member_id, name: name.to_string(), points });
            }
        }
        Ok::<_, forecast::Error>(CommunityForecast {
            community_id: id,
            channel: channel.to_string(),
            model: whole.forecast.model,
            method: method.as_str(),
            time_zone: calendar.name().to_owned(),
            resolution: resolution.to_string(),
            points: points(&whole, zone)?,
            members: shown,
            left_out: left_out.into_iter().filter(|member| is_shown(member)).collect(),
        })
    };
    Ok(Json(app.forecast(caller.id, work).await??))
}

fn history(slots: &[Slot], zone: &TimeZone, step_minutes: u32) -> Result<History, forecast::Error> {
    let points = slots.iter().map(|slot| (slot.interval.start(), known_kwh(slot)));
    Ok(History::from_instants(points, zone, step_minutes)?.since_first_value())
}

fn points(part: &Part, zone: &TimeZone) -> Result<Vec<EnergyPoint>, forecast::Error> {
    let names: Vec<String> = part.forecast.quantile_levels.iter().copied().map(quantile_name).collect();
    let points = part.instants(zone)?.into_iter().map(|point| EnergyPoint {
        start: point.start,
        energy_kwh: point.energy,
        quantiles: names.iter().cloned().zip(point.quantiles.into_iter().map(finite)).collect(),
    });
    Ok(points.collect())
}
