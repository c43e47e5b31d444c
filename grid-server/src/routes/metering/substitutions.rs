//! What is put in where readings are missing.

use std::collections::BTreeSet;

use axum::extract::State;
use grid_core::{
    energy::{
        Channel, Device, Reading,
        substitute::{self, Fill, Remark, WithoutPattern},
    },
    error::excerpt,
    quantity::Energy,
    series::Quality,
    store::{Store, SubstitutionRequest},
    time::{Interval, Resolution, few_slots},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    outcome::Taken,
    told::{at, refused},
};
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Path},
    hurry,
    period::field,
    problem::Problem,
};

/// Which missing readings are to be filled, and by what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSubstitution {
    #[schema(example = "import")]
    channel: String,
    /// The first local date, or instant.
    #[schema(example = "2026-03-01")]
    from: String,
    /// The first local date, or instant, that is not wanted any more.
    #[schema(example = "2026-04-01")]
    to: String,
    /// The slots that are filled, such as `15min`; as long as most readings are where nothing is said.
    #[schema(example = "15min")]
    resolution: Option<String>,
    /// What a register counted, to which the slots are rescaled; what the register's reads give where nothing is said.
    advances: Option<Vec<NewAdvance>>,
    /// Local dates that count as Sundays.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["2026-03-19"]))]
    holidays: BTreeSet<String>,
    /// What to do with an advance that no pattern spreads: `leave_missing` (also where nothing is said), or
    /// `spread_evenly`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "leave_missing")]
    without_pattern: WithoutPattern,
    /// Whether the substitutes are stored; without, they are only shown.
    #[serde(default)]
    store: bool,
}

/// What a register counted over an interval.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAdvance {
    start: String,
    end: String,
    #[schema(value_type = String, example = "31.200000")]
    energy_kwh: Energy,
}

/// What was filled.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubstitutionOutcome {
    /// The slots' length.
    #[schema(example = "15min")]
    resolution: String,
    /// Slot by slot: `interval`, `energy_kwh`, `method` (`linear_interpolation`, `comparable_days` or `even_spread`), and
    /// as `advance` the interval of the register's advance that it was rescaled to.
    #[schema(value_type = Vec<Object>)]
    fills: Vec<Fill>,
    /// Where an advance could not be kept to, by name under `remark`.
    #[schema(value_type = Vec<Object>)]
    remarks: Vec<Remark>,
    /// What was stored; `null` where nothing was to be.
    stored: Option<Taken>,
}

/// The advances of the body.
fn advances(device: &Device, told: &[NewAdvance]) -> Result<Vec<Reading>, Problem> {
    let one = |(number, told): (usize, &NewAdvance)| {
        let place = |name: &str| format!("/advances/{number}/{name}");
        let start = at(device, &place("start"), &told.start)?;
        let end = at(device, &place("end"), &told.end)?;
        let interval = field(&place("end"), Interval::new(start, end))?;
        field(&place("energy_kwh"), Reading::new(interval, Some(told.energy_kwh), Quality::Measured))
    };
    told.iter().enumerate().map(one).collect()
}

/// Fills missing slots: up to two hours on the line between their neighbours, longer by comparable days, and rescaled to what
/// the register counted where that is known.
///
/// What was measured is never touched. With `store` the substitutes become readings of quality `substituted`.
#[utoipa::path(post, path = "/devices/{id}/substitutions", tag = "devices", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path)), operation_id = "substitute",
    responses(
        (status = 200, description = "What was filled", body = SubstitutionOutcome),
        (status = 409, description = "A missing reading is longer than what could be filled; nothing was stored", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn substitutions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<NewSubstitution>,
) -> Result<Json<SubstitutionOutcome>, Problem> {
    let device = caller.device(&app, id).await?;
    let store = app.services()?.store();
    let channel: Channel = field("/channel", body.channel.parse())?;
    let (from, to) = (at(&device, "/from", &body.from)?, at(&device, "/to", &body.to)?);
    let period = field("/to", Interval::new(from, to))?;
    let holidays = body.holidays.iter().map(|text| {
        let date = text.parse::<Date>();
        date.map_err(|_| refused("/holidays", "dates like `2026-03-19`", &format!("`{}`", excerpt(text))))
    });
    let rules = substitute::Rules {
        holidays: holidays.collect::<Result<_, _>>()?,
        without_pattern: body.without_pattern,
        ..substitute::Rules::default()
    };
    let resolution = body.resolution.as_deref().map(|text| field("/resolution", text.parse())).transpose()?;
    field("/to", few_slots(period, resolution.unwrap_or(Resolution::QUARTER_HOUR)))?;
    let advances = body.advances.as_deref().map(|told| advances(&device, told)).transpose()?;
    let request = SubstitutionRequest { device: id, channel, period, resolution, advances, rules };
    let substitutes = move |store: Store| async move { store.substitutes(&request).await };
    let filled = app.compute(caller.id, substitutes).await?;
    let stored = if body.store {
        let batch = filled.batch(id, channel)?;
        let filled = store.fill_missing(&batch, clock::now());
        let outcome = hurry::storing(&app, batch.readings.len(), filled).await?;
        app.metrics().ingested(outcome);
        Some(outcome.into())
    } else {
        None
    };
    Ok(Json(SubstitutionOutcome {
        resolution: filled.resolution.to_string(),
        fills: filled.fills,
        remarks: filled.remarks,
        stored,
    }))
}
