//! Cumulative registers: what they showed, and what happened to them.

use axum::extract::State;
use grid_core::{
    energy::{
        self, Channel, Device, Reading,
        meter::{Event, Fault, Multiplier, Read, Register},
    },
    quantity::Energy,
    series::Quality,
    store::{Ingested, Keep, MeterReport, Registered},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    outcome::Taken,
    told::{at, refused},
};
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Path, Query},
    period::field,
    problem::Problem,
    routes::not_one_of,
};

/// What is kept of what a register showed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeepQuery {
    /// `true` (also where nothing is said) keeps the reads and the readings that follow; `reads` keeps only the reads, for
    /// a channel that has readings of its own; `false` keeps nothing and only computes.
    #[param(example = "true")]
    store: Option<String>,
}

/// A decimal as JSON carries it, a string or a number.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Decimal {
    Text(String),
    Number(serde_json::Number),
}

impl Decimal {
    fn multiplier(&self, pointer: &str) -> Result<Multiplier, Problem> {
        match self {
            Self::Text(text) => field(pointer, text.parse()),
            Self::Number(number) => field(pointer, number.to_string().parse()),
        }
    }
}

/// What a register showed, and what happened to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterReads {
    /// The channel that the register counts.
    #[schema(example = "import")]
    channel: String,
    /// The reads, in any order.
    #[serde(default)]
    reads: Vec<NewRead>,
    /// What happened, in any order.
    #[serde(default)]
    events: Vec<NewEvent>,
    /// The instants of reads that were sent before and are taken back, or local dates for their first ones. What was derived
    /// from a read is derived anew without it; both stay in the history.
    #[serde(default)]
    #[schema(example = json!(["2026-03-01T00:00:00+01:00"]))]
    withdrawn: Vec<String>,
    /// How many digits the register has before its decimal mark; as told before where nothing is said.
    #[schema(example = 6)]
    digits: Option<u8>,
    /// What one count stands for, such as `40` behind transformers; as told before where nothing is said, or 1.
    #[schema(value_type = Option<String>, example = "1")]
    multiplier: Option<Decimal>,
}

/// What a register showed at an instant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRead {
    /// An instant, or a local date for its first one.
    #[schema(example = "2026-03-01T00:00:00+01:00")]
    at: String,
    /// Before any multiplier.
    #[schema(value_type = String, example = "10452.300000")]
    counter_kwh: Energy,
    /// `measured` (also where nothing is said), `estimated` or `substituted`.
    #[schema(value_type = Option<String>, example = "measured")]
    quality: Option<String>,
}

/// What happened to a register.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum NewEvent {
    /// It went past its last digit and began again at zero.
    Rollover {
        /// After the last read before it, and not after the first one behind it.
        at: String,
    },
    /// Another meter took its place.
    Exchange {
        at: String,
        /// What the old meter showed last.
        #[schema(value_type = String)]
        last_kwh: Energy,
        /// What the new one showed first.
        #[schema(value_type = String)]
        first_kwh: Energy,
        /// The new one's digits. Where neither these nor its multiplier are told, it is like the old one; of the two, the
        /// one that is not told is unknown digits, or a multiplier of 1.
        digits: Option<u8>,
        /// The new one's multiplier.
        #[schema(value_type = Option<String>)]
        multiplier: Option<Decimal>,
    },
    /// It was set to a value.
    Reset {
        at: String,
        /// What it showed before; without it, the energy since the last read is missing.
        #[schema(value_type = Option<String>)]
        from_kwh: Option<Energy>,
        /// What it showed afterwards.
        #[schema(value_type = String)]
        to_kwh: Energy,
    },
}

/// The energy between two looks at a register.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdvanceView {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// `null` where nobody can say; a fault says why.
    #[schema(value_type = Option<String>, example = "31.200000")]
    energy_kwh: Option<Energy>,
    #[schema(value_type = String, example = "measured")]
    quality: Quality,
}

impl From<Reading> for AdvanceView {
    fn from(reading: Reading) -> Self {
        Self {
            start: reading.interval().start(),
            end: reading.interval().end(),
            energy_kwh: reading.energy(),
            quality: reading.quality(),
        }
    }
}

/// What the reads of a register came to.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegisterOutcome {
    /// Readings that are new.
    inserted: usize,
    /// Readings that were there already.
    unchanged: usize,
    /// Readings that were corrected, or that made place for finer ones; what they were is kept.
    superseded: usize,
    /// What became of the reads and events themselves.
    reads: Taken,
    /// The readings from the last look that was stored before to the first one after.
    readings: Vec<AdvanceView>,
    /// What does not fit, by name under `fault`, with the interval or the instant.
    #[schema(value_type = Vec<Object>)]
    faults: Vec<Fault>,
}

impl From<Registered> for RegisterOutcome {
    fn from(Registered { reads, readings, advances }: Registered) -> Self {
        let Ingested { inserted, unchanged, superseded } = readings;
        Self {
            inserted,
            unchanged,
            superseded,
            reads: reads.into(),
            readings: advances.readings.into_iter().map(AdvanceView::from).collect(),
            faults: advances.faults,
        }
    }
}

fn read(device: &Device, (number, told): (usize, &NewRead)) -> Result<Read, Problem> {
    let quality = match told.quality.as_deref() {
        None => Quality::Measured,
        Some(text) => match field(&format!("/reads/{number}/quality"), text.parse())? {
            Quality::Missing => {
                let expected = "a quality `measured`, `estimated` or `substituted` of a read";
                return Err(refused(&format!("/reads/{number}/quality"), expected, "`missing`"));
            }
            quality => quality,
        },
    };
    let at = at(device, &format!("/reads/{number}/at"), &told.at)?;
    Ok(Read { at, counter: told.counter_kwh, quality })
}

fn event(device: &Device, (number, told): (usize, &NewEvent)) -> Result<Event, Problem> {
    let place = |name: &str| format!("/events/{number}/{name}");
    Ok(match told {
        NewEvent::Rollover { at: text } => Event::Rollover { at: at(device, &place("at"), text)? },
        NewEvent::Exchange { at: text, last_kwh, first_kwh, digits, multiplier } => {
            let mut register = None;
            if let Some(multiplier) = multiplier {
                register =
                    Some(Register::new().with_multiplier(multiplier.multiplier(&place("multiplier"))?));
            }
            if let Some(digits) = digits {
                let known = register.unwrap_or_default();
                register = Some(field(&place("digits"), known.with_digits(*digits))?);
            }
            Event::Exchange {
                at: at(device, &place("at"), text)?,
                last: *last_kwh,
                first: *first_kwh,
                register,
            }
        }
        NewEvent::Reset { at: text, from_kwh, to_kwh } => {
            Event::Reset { at: at(device, &place("at"), text)?, from: *from_kwh, to: *to_kwh }
        }
    })
}

/// Takes in what a cumulative register showed, and stores what was used between the looks.
///
/// A call goes on from the last read that is stored. A read of the same instant corrects; a read or an exchange between two
/// that are stored parts the reading that had been derived across it. A counter that falls without an event is never
/// guessed at: the reading is missing, and a fault says what it looks like. A read that was wrong is told again, or taken
/// back by its instant in `withdrawn`. Everything is stored or nothing.
#[utoipa::path(post, path = "/devices/{id}/registers", tag = "devices", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), KeepQuery), operation_id = "record_register",
    responses(
        (status = 200, description = "What it did", body = RegisterOutcome),
        (status = 404, description = "There is no such device, or no such read to withdraw", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "The channel has readings of other intervals, or the register is told to be another; nothing was stored", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn registers(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<KeepQuery>,
    Json(body): Json<RegisterReads>,
) -> Result<Json<RegisterOutcome>, Problem> {
    let device = caller.device(&app, id).await?;
    let keep = match query.store.as_deref() {
        None | Some("true") => Keep::Readings,
        Some("reads") => Keep::Reads,
        Some("false") => Keep::Nothing,
        Some(other) => return Err(not_one_of("store", "`true`, `reads` or `false`", other)),
    };
    let channel: Channel = field("/channel", body.channel.parse())?;
    if body.reads.is_empty() && body.events.is_empty() && body.withdrawn.is_empty() {
        return Err(refused("/reads", "at least one read, event or withdrawal", "none"));
    }
    let modulus = match body.digits {
        None => None,
        Some(digits) => field("/digits", Register::new().with_digits(digits))?.modulus(),
    };
    let multiplier = body.multiplier.as_ref().map(|told| told.multiplier("/multiplier")).transpose()?;
    let reads = body.reads.iter().enumerate().map(|told| read(&device, told)).collect::<Result<_, _>>()?;
    let events = body.events.iter().enumerate().map(|told| event(&device, told)).collect::<Result<_, _>>()?;
    let withdrawn = body
        .withdrawn
        .iter()
        .enumerate()
        .map(|(number, text)| at(&device, &format!("/withdrawn/{number}"), text))
        .collect::<Result<_, _>>()?;
    let report = MeterReport { device: id, channel, reads, events, withdrawn, modulus, multiplier };
    let recorded = app.services()?.store().record_register(&report, keep, clock::now()).await;
    if let Ok(registered) = &recorded {
        app.metrics().ingested(registered.readings);
    }
    recorded.map(|registered| Json(registered.into())).map_err(|error| {
        let overlaps = matches!(
            error,
            grid_core::store::Error::Energy(energy::Error::Overlap { .. })
        );
        let problem = Problem::from(error);
        if overlaps {
            problem.hint(
                "the channel has readings of its own intervals: send this with `store=reads`, and the register checks them",
            )
        } else {
            problem
        }
    })
}
