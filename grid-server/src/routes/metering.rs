//! What a device's meter says of itself: cumulative registers, what looks wrong in its readings, and what is put in where
//! they are missing.

use std::collections::BTreeSet;

use axum::{extract::State, http::StatusCode};
use grid_core::{
    energy::{
        self, Channel, Device, Reading,
        balance::typical_resolution,
        ledger::Recorded,
        meter::{Event, Fault, Multiplier, Read, Register},
        substitute::{self, Fill, Remark, WithoutPattern},
        validate::{self, Expectation, Finding, Raw},
    },
    error::{Place, excerpt},
    quantity::Energy,
    series::{Piece, Quality, Series},
    store::{DeviceBatch, Ingested, Keep, MeterReport, Registered},
    time::{Interval, Resolution},
};
use jiff::{Timestamp, ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{not_one_of, readings};
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Path, Query},
    page::Listed,
    period::{Period, few_slots, field, instant, whole_slots},
    problem::Problem,
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

/// What became of reads and events, or of readings.
#[derive(Serialize, ToSchema)]
pub(crate) struct Taken {
    /// New.
    inserted: usize,
    /// There already.
    unchanged: usize,
    /// Corrected; what they were is kept.
    superseded: usize,
}

impl From<Ingested> for Taken {
    fn from(Ingested { inserted, unchanged, superseded }: Ingested) -> Self {
        Self { inserted, unchanged, superseded }
    }
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

/// Names a place in the body where the text of an instant is wrong.
fn at(device: &Device, pointer: &str, text: &str) -> Result<Timestamp, Problem> {
    instant(pointer, text, &device.calendar)
}

/// A refusal of a body that is right in form.
fn refused(pointer: &str, expected: &str, got: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("expected {expected}, got {got}")).place(Place {
        pointer: Some(pointer.to_owned()),
        expected: expected.to_owned(),
        got: got.to_owned(),
        ..Place::default()
    })
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
/// guessed at: the reading is missing, and a fault says what it looks like. Everything is stored or nothing.
#[utoipa::path(post, path = "/devices/{id}/registers", tag = "devices", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), KeepQuery), operation_id = "record_register",
    responses(
        (status = 200, description = "What it did", body = RegisterOutcome),
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
    if body.reads.is_empty() && body.events.is_empty() {
        return Err(refused("/reads", "at least one read or event", "none"));
    }
    let modulus = match body.digits {
        None => None,
        Some(digits) => field("/digits", Register::new().with_digits(digits))?.modulus(),
    };
    let multiplier = body.multiplier.as_ref().map(|told| told.multiplier("/multiplier")).transpose()?;
    let reads = body.reads.iter().enumerate().map(|told| read(&device, told)).collect::<Result<_, _>>()?;
    let events = body.events.iter().enumerate().map(|told| event(&device, told)).collect::<Result<_, _>>()?;
    let report = MeterReport { device: id, channel, reads, events, modulus, multiplier };
    let recorded = app.services()?.store().record_register(&report, keep, clock::now()).await;
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

fn raw(recorded: &[Recorded]) -> Vec<Raw> {
    recorded.iter().map(|recorded| Raw::from(recorded.reading)).collect()
}

fn plain(recorded: &[Recorded]) -> Vec<Reading> {
    recorded.iter().map(|recorded| recorded.reading).collect()
}

fn resolution(pointer: &str, text: Option<&str>, readings: &[Reading]) -> Result<Resolution, Problem> {
    match text {
        Some(text) => field(pointer, text.parse()),
        None => Ok(typical_resolution([readings])),
    }
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

/// From the first start to the last end.
fn hull(first: Interval, others: &[Reading]) -> Interval {
    others.iter().fold(first, |hull, reading| {
        let (start, end) =
            (reading.interval().start().min(hull.start()), reading.interval().end().max(hull.end()));
        Interval::new(start, end).unwrap_or(hull)
    })
}

/// The interval with so many days more at both ends, where the calendar has them.
fn widened(interval: Interval, days: u16) -> Interval {
    let hours = (i64::from(days) * 24).hours();
    let start = interval.start().checked_sub(hours).unwrap_or(interval.start());
    let end = interval.end().checked_add(hours).unwrap_or(interval.end());
    Interval::new(start, end).unwrap_or(interval)
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
    let advances = match &body.advances {
        Some(told) => advances(&device, told)?,
        None => store.register_advances(id, channel, period).await?.readings,
    };
    let around = widened(hull(period, &advances), rules.look_around_days.saturating_add(1));
    // Before anything is loaded; quarter-hours are the finest that are common.
    let told = body.resolution.as_deref().map(|text| field("/resolution", text.parse())).transpose()?;
    field("/to", few_slots(around, told.unwrap_or(Resolution::QUARTER_HOUR)))?;
    let readings = plain(&store.readings(id, channel, around, None).await?);
    let resolution = resolution("/resolution", body.resolution.as_deref(), &readings)?;
    field("/resolution", few_slots(around, resolution))?;
    let calendar = device.calendar.clone();
    let work = move || -> Result<_, energy::Error> {
        let whole = whole_slots(&calendar, around, resolution)?;
        let pieces = readings.iter().copied().map(Piece::from);
        let series = Series::from_pieces(calendar, whole, resolution, pieces)?;
        substitute::substitute(&series, period, &advances, &rules)
    };
    let filled = app.analyses().run(work).await??;
    let stored = if body.store {
        let fills = filled.fills.iter();
        let readings = fills
            .map(|fill| Reading::new(fill.interval, Some(fill.energy), Quality::Substituted))
            .collect::<Result<_, _>>()?;
        let batch = DeviceBatch { device: id, channel, readings };
        Some(store.fill_missing(&batch, clock::now()).await?.into())
    } else {
        None
    };
    Ok(Json(SubstitutionOutcome {
        resolution: resolution.to_string(),
        fills: filled.fills,
        remarks: filled.remarks,
        stored,
    }))
}
