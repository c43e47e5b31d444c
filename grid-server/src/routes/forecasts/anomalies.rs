//! What is not as it should be in a device's readings, held against what would have been forecast of them.

use axum::{extract::State, http::StatusCode};
use grid_core::{
    energy::Channel,
    forecast::{Anomaly, AnomalySearch, Error, Fit, History, LEARNT_DAYS, Model, Site},
    time::{self, Interval},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    extract::{Json, Path, Query},
    forecasting::{Learnt, known, minutes},
    period::{Period, field},
    problem::Problem,
    routes::readings,
};

/// How many days are looked at where no start is told.
const LAST_DAYS: i64 = 7;
/// How many days may be looked at: each costs a forecast.
const MOST_DAYS: i64 = 92;

/// What to look for, and how closely.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AnomaliesQuery {
    /// The channel; `consumption` where nothing is said.
    channel: Option<String>,
    /// `auto`, or the name of the model that says what is usual.
    #[param(example = "auto")]
    model: Option<String>,
    /// Slots of `15min`, `30min` or `1h`; `1h` where nothing is said.
    #[param(example = "1h")]
    resolution: Option<String>,
    /// The interval that readings are held against, in percent; 80 where nothing is said.
    #[param(example = 80)]
    level: Option<u8>,
    /// How many false alarms a year are borne; 12 where nothing is said.
    #[param(example = 12.0)]
    false_alarms_per_year: Option<f64>,
    /// Where the panel is whose generation this is, in degrees north ...
    #[param(example = 40.4)]
    latitude: Option<f64>,
    /// ... and in degrees east. Without a place no silent panel is looked for.
    #[param(example = -3.7)]
    longitude: Option<f64>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnomaliesView {
    device: Uuid,
    #[schema(example = "consumption")]
    channel: String,
    /// The model that said what is usual.
    #[schema(example = "auto")]
    model: String,
    #[schema(example = "Europe/Madrid")]
    time_zone: String,
    /// The start of what was learnt from; `null` where nothing was looked at.
    #[schema(value_type = Option<String>, format = DateTime)]
    learnt_from: Option<Timestamp>,
    /// The start of what was looked at.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Its end.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// What is not as it should be, by start.
    items: Vec<AnomalyView>,
}

/// Something that is not as it should be.
#[derive(Serialize, ToSchema)]
#[schema(as = Anomaly)]
pub(crate) struct AnomalyView {
    /// `above` or `below` the interval, `standby_change`, or `panel_silent`.
    #[schema(example = "above")]
    kind: &'static str,
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// The bounds that were crossed, added up; the standby load before; or what the panel gives under a clear sky. In kWh, the
    /// standby load in kWh a slot.
    expected: f64,
    /// What was read instead.
    observed: f64,
    /// What was read beyond what was expected, negative where it was less.
    difference: f64,
    /// How bad it is: the distance in widths of the interval, the step over the nights' spread, or the share of a clear day
    /// that was lost.
    severity: f64,
}

impl AnomalyView {
    fn of(anomaly: &Anomaly, zone: &TimeZone) -> Result<Self, Error> {
        // The first of two instants, and past the gap.
        let instant = |local| {
            let at = zone.to_ambiguous_timestamp(local).compatible();
            at.map_err(|_| Error::OutOfRange)
        };
        Ok(Self {
            kind: anomaly.kind.name(),
            start: instant(anomaly.start)?,
            end: instant(anomaly.end)?,
            expected: anomaly.expected,
            observed: anomaly.observed,
            difference: anomaly.difference(),
            severity: anomaly.severity,
        })
    }
}

/// Says which of a device's readings are not as they should be: outside the interval of what would have been forecast of
/// them, a standby load that has changed, and, where the panel's place is told, a panel that gives nothing although the sky
/// lets it.
///
/// The model learns from the 400 days before `from`, and so from at least the 68 that say how far readings usually stray;
/// the last seven days are looked at where no `from` is told, 92 at most.
#[utoipa::path(get, path = "/devices/{id}/anomalies", tag = "forecasts", security(("bearerAuth" = [])),
    operation_id = "device_anomalies",
    params(("id" = Uuid, Path), Period, AnomaliesQuery),
    responses((status = 200, description = "What was found, by start", body = AnomaliesView)))]
pub(crate) async fn anomalies(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(period): Query<Period>,
    Query(query): Query<AnomaliesQuery>,
) -> Result<Json<AnomaliesView>, Problem> {
    let device = caller.device(&app, id).await?;
    let channel: Channel = field("channel", query.channel.as_deref().unwrap_or("consumption").parse())?;
    let model: Model = field("model", query.model.as_deref().unwrap_or("auto").parse())?;
    let minutes = field("resolution", minutes(query.resolution.as_deref().unwrap_or("1h")))?;
    let site = query.site()?;
    let store = app.services()?.store();
    let extent = readings::registers(store, id, Some(channel)).await?.1;
    let mut view = AnomaliesView {
        device: id,
        channel: channel.to_string(),
        model: model.to_string(),
        time_zone: device.calendar.name().to_owned(),
        learnt_from: None,
        from: None,
        to: None,
        items: Vec::new(),
    };
    let latest = extent.map(last_days).transpose()?;
    let Some((interval, extent)) = period.interval(&device.calendar, latest)?.zip(extent) else {
        return Ok(Json(view));
    };
    let Some(interval) = interval.intersection(extent) else { return Ok(Json(view)) };
    few_days(interval)?;
    let before = interval.start().checked_sub(SignedDuration::from_hours(24 * i64::from(LEARNT_DAYS)));
    let before = before.map_or(extent.start(), |earliest| earliest.max(extent.start()));
    let later = known(store, &device, channel, interval, minutes).await?;
    let since = later.first().map_or(interval.start(), |(start, _)| *start);
    let past = match Interval::new(before, since) {
        Ok(past) => known(store, &device, channel, past, minutes).await?,
        // What is looked at begins with the first reading of all.
        Err(_) => Vec::new(),
    };
    view.learnt_from = past.first().map(|(start, _)| *start);
    view.from = Some(since);
    view.to = Some(interval.end());
    let search = AnomalySearch {
        level: query.level.unwrap_or(80),
        false_alarms_per_year: query.false_alarms_per_year.unwrap_or(12.0),
        panel: site,
        zone: device.calendar.zone().clone(),
    };
    let work = move || {
        let laid = |points: Vec<(Timestamp, Option<f64>)>| -> Result<History, Error> {
            let (regressors, holidays) = (Vec::new(), Vec::new());
            let calendar = device.calendar.clone();
            let history = Learnt { calendar, minutes, points, regressors, holidays }.history()?;
            match site.filter(|_| model.takes_regressors()) {
                Some(site) => history.with_clear_sky(site, &search.zone),
                None => Ok(history),
            }
        };
        let fitted = model.fit(&laid(past)?)?;
        let found = search.run(&model, &fitted, &laid(later)?)?;
        found.iter().map(|anomaly| AnomalyView::of(anomaly, &search.zone)).collect::<Result<_, Error>>()
    };
    view.items = app.analyses(caller.id).run(work).await??;
    Ok(Json(view))
}

impl AnomaliesQuery {
    fn site(&self) -> Result<Option<Site>, Problem> {
        let missing = |name: &str, other: &str| {
            let detail = format!("expected `{name}` too where `{other}` is told");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
        };
        match (self.latitude, self.longitude) {
            (Some(latitude), Some(longitude)) => field("latitude", Site::new(latitude, longitude)).map(Some),
            (Some(_), None) => missing("longitude", "latitude"),
            (None, Some(_)) => missing("latitude", "longitude"),
            (None, None) => Ok(None),
        }
    }
}

/// The last days of an interval.
fn last_days(extent: Interval) -> Result<Interval, time::Error> {
    let from = extent.end().checked_sub(SignedDuration::from_hours(24 * LAST_DAYS));
    Interval::new(from.map_or(extent.start(), |from| from.max(extent.start())), extent.end())
}

fn few_days(interval: Interval) -> Result<(), Problem> {
    let days = interval.end().duration_since(interval.start()).as_hours() / 24;
    if days <= MOST_DAYS {
        return Ok(());
    }
    let detail = format!("expected at most {MOST_DAYS} days to look at, got {days}");
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).hint("ask for a quarter of a year at a time"))
}
