//! Readings: of one device, of all the caller's devices, and how complete they are.

mod view;

use std::time::Duration;

use axum::extract::{Request, State};
use grid_core::{
    energy::{
        self, Channel, Completeness, Reading,
        ingest::{Format, Layout},
        ledger::Recorded,
    },
    error::excerpt,
    quantity::Share,
    series::{Quality, Slot},
    store::{Ingested, Of, Page, Store},
    time::{self, Calendar, Interval, Resolution},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) use self::view::{ReadingView, Readings};
use crate::{
    app::App,
    caller::{Caller, not_found},
    clock,
    extract::{Json, Path, Query},
    hurry,
    page::{Listed, LongLimit, no_such_place},
    period::{Period, field, instant},
    problem::Problem,
    upload::{self, FileQuery},
};

/// How a register's readings are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReadingsQuery {
    /// `import`, `export`, `consumption`, `generation`, `charge` or `discharge`; all where nothing is said.
    #[param(example = "import")]
    channel: Option<String>,
    /// `raw` (the readings as they came), `15min`, `1h`, `day`, `month`, `year`; raw where nothing is said.
    #[param(example = "day")]
    resolution: Option<String>,
    /// What was known at this instant, before later corrections.
    as_of: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many items at most: 10,000 where nothing is said, 100,000 at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
    limit: LongLimit,
}

/// How sums over devices are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SumQuery {
    /// `import`, `export`, `consumption`, `generation`, `charge` or `discharge`; each of them where nothing is said.
    #[param(example = "generation")]
    pub(crate) channel: Option<String>,
    /// `15min`, `1h`, `day`, `month` or `year`; `day` where nothing is said.
    #[param(example = "month")]
    pub(crate) resolution: Option<String>,
    /// IANA zone of the days; the zone of the first device where nothing is said.
    #[param(example = "Europe/Madrid")]
    pub(crate) time_zone: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many items at most: 10,000 where nothing is said, 100,000 at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
    limit: LongLimit,
}

/// Which registers are looked at.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChannelQuery {
    /// The channel; all where nothing is said.
    channel: Option<String>,
}

/// What an upload did.
#[derive(Serialize, ToSchema)]
pub(crate) struct Outcome {
    /// Readings that are new.
    inserted: usize,
    /// Readings that were there already.
    unchanged: usize,
    /// Readings that were corrected; what they replaced is kept.
    superseded: usize,
    /// The format of the file, where it is none of our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "datadis")]
    format: Option<&'static str>,
    /// How such a file was understood.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
}

impl Outcome {
    fn of(done: Ingested, format: Format, evidence: Vec<String>) -> Self {
        let Ingested { inserted, unchanged, superseded } = done;
        let (format, evidence) = upload::told(format, evidence);
        Self { inserted, unchanged, superseded, format, evidence }
    }
}

/// One register's completeness.
#[derive(Serialize, ToSchema)]
pub(crate) struct CompletenessView {
    #[schema(value_type = String, example = "import")]
    channel: Channel,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// The part of the time that readings with an energy cover, 0 to 1.
    #[schema(value_type = String, example = "0.998958")]
    completeness: Share,
    #[schema(value_type = String, example = "missing")]
    quality: Quality,
    /// How many readings there are of each quality.
    readings: Counts,
    /// The stretches without a known energy.
    gaps: Vec<Gap>,
}

/// How many readings there are of each quality.
#[derive(Serialize, ToSchema)]
pub(crate) struct Counts {
    measured: u64,
    estimated: u64,
    substituted: u64,
    missing: u64,
}

/// A stretch of time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Gap {
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
}

/// A reading to store, for the API's description; a CSV has the same names as columns.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the core reads")]
pub(crate) struct NewReading {
    #[schema(example = "import")]
    channel: Option<String>,
    #[schema(format = DateTime, example = "2026-03-29T00:00:00Z")]
    start: String,
    #[schema(format = DateTime, example = "2026-03-29T00:15:00Z")]
    end: String,
    #[schema(example = "0.250000")]
    energy_kwh: Option<String>,
    #[schema(example = "measured")]
    quality: Option<String>,
}

pub(super) fn channel(text: Option<&str>) -> Result<Option<Channel>, Problem> {
    text.map(|text| field("channel", text.parse())).transpose()
}

/// The registers that are asked for, with the interval of what they have.
pub(super) async fn registers(
    store: &Store,
    device: Uuid,
    wanted: Option<Channel>,
) -> Result<(Vec<Channel>, Option<Interval>), Problem> {
    let mut channels = store.channels(device).await?;
    channels.retain(|(channel, _)| wanted.is_none_or(|wanted| wanted == *channel));
    let extent = channels.iter().map(|(_, extent)| *extent).reduce(|left, right| {
        let (start, end) = (left.start().min(right.start()), left.end().max(right.end()));
        Interval::new(start, end).unwrap_or(left)
    });
    Ok((channels.into_iter().map(|(channel, _)| channel).collect(), extent))
}

/// Gives a device's readings, as they came or summed up.
#[utoipa::path(get, path = "/devices/{id}/readings", tag = "devices", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), Period, ReadingsQuery), operation_id = "device_readings",
    responses((status = 200, description = "By channel and start", body = Listed<ReadingView>)))]
pub(crate) async fn of_device(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(period): Query<Period>,
    Query(query): Query<ReadingsQuery>,
) -> Result<Readings, Problem> {
    let store = app.services()?.store();
    if let Some((channel, interval)) = plain_question(&period, &query) {
        let limit = query.limit.items();
        let most = limit.saturating_add(1);
        let readings = store.readings_of_owner(caller.id, id, channel, interval, most).await?;
        let readings = readings.ok_or_else(|| not_found("device", id))?;
        let items = readings.iter().map(|recorded| ReadingView::raw(channel, recorded)).collect();
        return Ok(Readings::cut(items, limit));
    }
    let device = caller.device(&app, id).await?;
    let resolution = match query.resolution.as_deref() {
        None | Some("raw") => None,
        Some(text) => Some(field("resolution", text.parse::<Resolution>())?),
    };
    let as_of = query.as_of.as_deref().map(|text| instant("as_of", text, &device.calendar)).transpose()?;
    let wanted = channel(query.channel.as_deref())?;
    let (channels, extent) = match wanted {
        // Nothing has to be looked up for it: a channel without readings has none in this period either.
        Some(channel) if resolution.is_none() && period.is_told() => (vec![channel], None),
        _ => registers(store, id, wanted).await?,
    };
    let Some(interval) = period.interval(&device.calendar, extent)? else {
        return Ok(Readings::none());
    };
    let items = match (resolution, as_of) {
        (None, as_of) => return raw(store, id, &channels, interval, as_of, &query).await,
        (Some(resolution), None) => {
            summed(&app, caller.id, Of::Device(id), wanted, interval, resolution, device.calendar).await?
        }
        (Some(resolution), as_of) => {
            let whole = device.calendar.whole_slots(interval, resolution)?;
            let mut items = Vec::new();
            for channel in channels {
                let readings = plain(store.readings(id, channel, whole, as_of).await?);
                let calendar = device.calendar.clone();
                let work = move || energy::sum(&calendar, whole, resolution, [readings.as_slice()]);
                let slots = app.analyses(caller.id).run(work).await??;
                items.extend(slots.iter().map(|slot| ReadingView::slot(channel, slot)));
            }
            items
        }
    };
    Readings::page(items, query.after.as_deref(), query.limit)
}

/// The page of readings as they came that is asked for; no more of them are loaded than it has.
async fn raw(
    store: &Store,
    device: Uuid,
    channels: &[Channel],
    interval: Interval,
    as_of: Option<Timestamp>,
    query: &ReadingsQuery,
) -> Result<Readings, Problem> {
    let limit = query.limit.items();
    let mut items = Vec::new();
    let mut rest = channels;
    if let Some(after) = query.after.as_deref() {
        let (channel, start) = after
            .split_once('@')
            .and_then(|(channel, start)| Some((channel.parse().ok()?, start.parse::<Timestamp>().ok()?)))
            .ok_or_else(|| no_such_place(after))?;
        let at = channels.iter().position(|one| *one == channel).ok_or_else(|| no_such_place(after))?;
        rest = channels.get(at.saturating_add(1)..).unwrap_or_default();
        let left = Interval::new(start.max(interval.start()), interval.end());
        let left = left.map_err(|_| no_such_place(after))?;
        // Of the page before, the last one comes again.
        let most = limit.saturating_add(2);
        let mut readings = store.first_readings(device, channel, left, as_of, most).await?.into_iter();
        if readings.next().is_none_or(|last| last.reading.interval().start() != start) {
            return Err(no_such_place(after));
        }
        items.extend(readings.map(|recorded| ReadingView::raw(channel, &recorded)));
    }
    for &channel in rest {
        if items.len() > limit {
            break;
        }
        let most = limit.saturating_add(1).saturating_sub(items.len());
        let readings = store.first_readings(device, channel, interval, as_of, most).await?;
        items.extend(readings.iter().map(|recorded| ReadingView::raw(channel, recorded)));
    }
    Ok(Readings::cut(items, limit))
}

/// The channel and the period of those who want the first page of readings as they came, and leave nothing to be looked up.
fn plain_question(period: &Period, query: &ReadingsQuery) -> Option<(Channel, Interval)> {
    let is_plain = query.resolution.as_deref().is_none_or(|text| text == "raw")
        && query.as_of.is_none()
        && query.after.is_none();
    let wanted = channel(query.channel.as_deref()).ok().flatten();
    wanted.filter(|_| is_plain).zip(period.of_instants())
}

fn plain(recorded: Vec<Recorded>) -> Vec<Reading> {
    recorded.into_iter().map(|recorded| recorded.reading).collect()
}

/// Stores readings: one, a list, a line each, or a file. The same again changes nothing.
///
/// A file may be a CSV of ours (`channel,start,end,energy_kwh,quality`), any other CSV with a header, Green Button XML, an
/// hourly file of Datadis or of a Spanish distributor, the Austrian EDA sheet as CSV, or Colombian rows of 24 hours: the
/// answer says how it was understood.
///
/// Everything is stored or nothing. A reading with the same start and end and another value corrects the one that is
/// there, which stays in the history; any other overlap is a conflict.
#[utoipa::path(post, path = "/devices/{id}/readings", tag = "devices", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), FileQuery),
    request_body(content(
        (Vec<NewReading> = "application/json"),
        (NewReading = "application/x-ndjson"),
        (String = "application/xml"),
        (String = "text/csv", example = "channel,start,end,energy_kwh,quality\nimport,2026-03-29T00:00:00Z,2026-03-29T00:15:00Z,0.25,measured\n"),
    )),
    responses(
        (status = 200, description = "What it did", body = Outcome),
        (status = 409, description = "A reading overlaps another; nothing was stored", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn store(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<FileQuery>,
    request: Request,
) -> Result<Json<Outcome>, Problem> {
    let layout = Layout::Device { channel: None };
    let read = if upload::has_instants(request.headers()) {
        let options = query.options(layout, Calendar::utc());
        let read = match options {
            Ok(options) => upload::readings(&app, &caller, request, options).await,
            Err(problem) => Err(problem),
        };
        // Whose the device is, is looked at where readings are stored. Whoever names a device of somebody else is not told
        // what is wrong with a body either, nor that there is nothing in it.
        if read
            .as_ref()
            .map_or(true, |read| read.batches.registers().iter().all(|register| register.extent.is_none()))
        {
            caller.device(&app, id).await?;
        }
        read?
    } else {
        let device = caller.device(&app, id).await?;
        upload::readings(&app, &caller, request, query.options(layout, device.calendar)?).await?
    };
    let store = app.services()?.store();
    let stored = store.ingest_sorted(id, Some(caller.id), &read.batches, clock::now());
    let outcome = hurry::storing(&app, read.batches.held(), stored).await?;
    app.metrics().ingested(outcome);
    Ok(Json(Outcome::of(outcome, read.format, read.evidence)))
}

/// Says how complete a device's readings are, and where the gaps are.
#[utoipa::path(get, path = "/devices/{id}/completeness", tag = "devices", operation_id = "devices_completeness", security(("bearerAuth" = [])),
    params(("id" = Uuid, Path), Period, ChannelQuery),
    responses((status = 200, description = "One item a channel", body = Listed<CompletenessView>)))]
pub(crate) async fn completeness(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(period): Query<Period>,
    Query(query): Query<ChannelQuery>,
) -> Result<Json<Listed<CompletenessView>>, Problem> {
    let device = caller.device(&app, id).await?;
    let store = app.services()?.store();
    let wanted = channel(query.channel.as_deref())?;
    let (_, extent) = registers(store, id, wanted).await?;
    let Some(interval) = period.interval(&device.calendar, extent)? else {
        return Ok(Json(Listed::whole(Vec::new())));
    };
    let found = store.completeness(id, wanted, interval).await?;
    let view = |(channel, found): (Channel, Completeness)| {
        let [measured, estimated, substituted, missing] = found.readings;
        let gap = |gap: Interval| Gap { start: gap.start(), end: gap.end() };
        CompletenessView {
            channel,
            from: interval.start(),
            to: interval.end(),
            completeness: found.completeness,
            quality: found.quality,
            readings: Counts { measured, estimated, substituted, missing },
            gaps: found.gaps.into_iter().map(gap).collect(),
        }
    };
    Ok(Json(Listed::whole(found.into_iter().map(view).collect())))
}

/// Sums the readings of all the caller's devices per hour, local day, month or year.
#[utoipa::path(get, path = "/readings", tag = "devices", security(("bearerAuth" = [])),
    params(Period, SumQuery), operation_id = "user_readings",
    responses((status = 200, description = "By channel and start", body = Listed<ReadingView>)))]
pub(crate) async fn of_user(
    State(app): State<App>,
    caller: Caller,
    Query(period): Query<Period>,
    Query(query): Query<SumQuery>,
) -> Result<Readings, Problem> {
    let zone = query.time_zone.as_deref().map(|zone| field("time_zone", Calendar::new(zone))).transpose()?;
    let calendar = if let Some(zone) = zone {
        zone
    } else {
        let first = Page { after: None, limit: 1 };
        let listed = app.services()?.store().devices_of(caller.id, first).await?;
        listed.items.into_iter().next().map_or_else(Calendar::utc, |device| device.calendar)
    };
    sums(&app, caller.id, Of::Owner(caller.id), calendar, &period, &query).await
}

/// The sums of the registers of a user's devices or of a community, channel by channel.
pub(super) async fn sums(
    app: &App,
    user: Uuid,
    of: Of,
    calendar: Calendar,
    period: &Period,
    query: &SumQuery,
) -> Result<Readings, Problem> {
    let channel = channel(query.channel.as_deref())?;
    let interval = period.whole(&calendar)?;
    let resolution = match query.resolution.as_deref() {
        None => Resolution::Day,
        // Readings of several devices have no common slots but those that are asked for.
        Some("raw") => field("resolution", Err(time::Error::NotAResolution { got: excerpt("raw") }))?,
        Some(text) => field("resolution", text.parse())?,
    };
    let items = summed(app, user, of, channel, interval, resolution, calendar).await?;
    Readings::page(items, query.after.as_deref(), query.limit)
}

/// The longest time whose sums over one device are few readings for sure, and a matter of the request's own time: a year, and
/// what a chart shows beside it.
const SOON: Duration = Duration::from_hours(24 * 400);

/// The sums of registers; years of many keep a core busy for longer than other requests may wait.
async fn summed(
    app: &App,
    user: Uuid,
    of: Of,
    channel: Option<Channel>,
    interval: Interval,
    resolution: Resolution,
    calendar: Calendar,
) -> Result<Vec<ReadingView>, Problem> {
    let sums = move |store: Store| async move {
        store.sums(of, channel, interval, resolution, Some(&calendar)).await
    };
    let is_little = interval.duration() <= SOON && matches!(of, Of::Device(_));
    let sums = if is_little { app.load(user, sums).await? } else { app.compute(user, sums).await? };
    let view = |(channel, slots): &(Channel, Vec<Slot>)| -> Vec<_> {
        slots.iter().map(|slot| ReadingView::slot(*channel, slot)).collect()
    };
    Ok(sums.iter().flat_map(view).collect())
}
