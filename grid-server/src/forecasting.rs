//! What forecasts learn from: readings of a device, or a series that was sent.

use grid_core::{
    energy::{self, Channel, Device, Reading},
    error::excerpt,
    forecast::{self, History, Known, LEARNT_DAYS, Regressor, known_kwh},
    store::{self, Store},
    time::{self, Calendar, Interval, Resolution},
};
use jiff::{SignedDuration, Span, Timestamp, civil::Date};

use crate::problem::Problem;

/// Values on a calendar, one a slot.
#[derive(Clone, Debug)]
pub(crate) struct Learnt {
    /// The clock that people follow.
    pub(crate) calendar: Calendar,
    /// How long a slot is.
    pub(crate) minutes: u32,
    /// The slots' starts, and what is known of each.
    pub(crate) points: Vec<(Timestamp, Option<f64>)>,
    /// What else is known of the same slots, and of later ones.
    pub(crate) regressors: Vec<LearntRegressor>,
    /// The public holidays.
    pub(crate) holidays: Vec<Date>,
}

/// A second series, by which the first is explained.
#[derive(Clone, Debug)]
pub(crate) struct LearntRegressor {
    /// Its name.
    pub(crate) name: String,
    /// Up to when it is known.
    pub(crate) known: Known,
    /// Its values.
    pub(crate) points: Vec<(Timestamp, Option<f64>)>,
}

impl Learnt {
    /// The history that a model learns from.
    pub(crate) fn history(&self) -> Result<History, forecast::Error> {
        let laid = |points: &[(Timestamp, Option<f64>)]| {
            History::from_instants(points.iter().copied(), self.calendar.zone(), self.minutes)
        };
        let history = laid(&self.points)?.with_holidays(self.holidays.iter().copied());
        self.regressors.iter().try_fold(history, |history, LearntRegressor { name, known, points }| {
            let values = laid(points)?.values().to_vec();
            history.with_regressor(Regressor { name: name.clone(), values, known: *known })
        })
    }

    /// The last year of a device's channel, up to its last reading.
    pub(crate) async fn of_device(
        store: &Store,
        device: Device,
        channel: Channel,
        minutes: u32,
    ) -> Result<Self, Error> {
        let channels = store.channels(device.id).await?;
        let extent = channels.into_iter().find(|(of, _)| *of == channel).map(|(_, extent)| extent);
        let extent = extent.ok_or(energy::Error::NoReadings { device: device.id, channel })?;
        let earliest = extent.end().checked_sub(SignedDuration::from_hours(24 * i64::from(LEARNT_DAYS)));
        let from = earliest.map_or(extent.start(), |earliest| earliest.max(extent.start()));
        let interval = Interval::new(from, extent.end())?;
        let points = known(store, &device, channel, interval, minutes).await?;
        let (regressors, holidays) = (Vec::new(), Vec::new());
        Ok(Self { calendar: device.calendar, minutes, points, regressors, holidays })
    }
}

/// Values one after the other, from the start of the first slot on.
pub(crate) fn dated(
    start: Timestamp,
    minutes: u32,
    values: &[Option<f64>],
) -> Result<Vec<(Timestamp, Option<f64>)>, time::Error> {
    let mut at = start;
    let step = Span::new().minutes(i64::from(minutes));
    let mut points = Vec::with_capacity(values.len());
    for value in values {
        points.push((at, *value));
        at = at.checked_add(step).map_err(|_| time::Error::OutOfRange)?;
    }
    Ok(points)
}

/// What is known of a device's channel in each slot that an interval touches, in kWh.
pub(crate) async fn known(
    store: &Store,
    device: &Device,
    channel: Channel,
    interval: Interval,
    minutes: u32,
) -> Result<Vec<(Timestamp, Option<f64>)>, Error> {
    let resolution = Resolution::Seconds(minutes * 60);
    let interval = device.calendar.whole_slots(interval, resolution)?;
    let recorded = store.readings(device.id, channel, interval, None).await?;
    let readings: Vec<Reading> = recorded.into_iter().map(|recorded| recorded.reading).collect();
    let slots = energy::sum(&device.calendar, interval, resolution, [readings.as_slice()])?;
    Ok(slots.iter().map(|slot| (slot.interval.start(), known_kwh(slot))).collect())
}

/// The minutes of a slot that a forecast can have.
pub(crate) fn minutes(text: &str) -> Result<u32, time::Error> {
    let resolution: Resolution = text.parse()?;
    let minutes = resolution.fixed_seconds().filter(|seconds| seconds.is_multiple_of(60)).map(|s| s / 60);
    minutes.ok_or(time::Error::NotAResolution { got: excerpt(text) })
}

/// Readings that cannot be learnt from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Energy(#[from] energy::Error),
    #[error(transparent)]
    Time(#[from] time::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => error.into(),
            Error::Energy(error) => error.into(),
            Error::Time(error) => error.into(),
        }
    }
}
