//! What is put in where a device's readings are missing.

use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use super::{
    DeviceBatch, Error, Ingested, Store,
    backend::on,
    channel_rows::ChannelRows as _,
    fault::not_found,
    findings::plain,
    ingest::{Retired, by_channel},
    readings::Query as _,
    registers::hull,
    storing::Ingest as _,
};
use crate::{
    energy::{
        self, Channel, Reading,
        balance::typical_resolution,
        ledger::Recorded,
        substitute::{self, Fill, Remark, Rules},
    },
    series::{Piece, Quality, Series},
    time::{Interval, Resolution, few_slots},
};

/// Which missing readings are to be filled, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubstitutionRequest {
    /// The device.
    pub device: Uuid,
    /// The channel.
    pub channel: Channel,
    /// The slots that begin in it are filled.
    pub period: Interval,
    /// How long a slot is; as most readings are where nothing is said.
    pub resolution: Option<Resolution>,
    /// What a register counted, to which the slots are rescaled; what the channel's register tells where nothing is said.
    pub advances: Option<Vec<Reading>>,
    /// How.
    pub rules: Rules,
}

/// What is to be put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitutes {
    /// How long a slot is.
    pub resolution: Resolution,
    /// The slots that were filled, in order.
    pub fills: Vec<Fill>,
    /// Where an advance of the register could not be kept to.
    pub remarks: Vec<Remark>,
}

impl Substitutes {
    /// The fills as readings of a register, which [`Store::fill_missing`] takes.
    ///
    /// # Errors
    ///
    /// [`energy::Error`] where a fill is no reading; none that was computed here is.
    pub fn batch(&self, device: Uuid, channel: Channel) -> Result<DeviceBatch, energy::Error> {
        let readings = self
            .fills
            .iter()
            .map(|fill| Reading::new(fill.interval, Some(fill.energy), Quality::Substituted))
            .collect::<Result<_, _>>()?;
        Ok(DeviceBatch { device, channel, readings })
    }
}

impl Store {
    /// Computes what to put in where readings are missing, and keeps nothing: on the line between their neighbours up to
    /// two hours, longer by comparable days, and rescaled to what the register counted; see [`substitute::substitute`].
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the device is not there; [`Error::Energy`] where the slots would be more than
    /// [`MOST_ASKED`](crate::time::MOST_ASKED) or a sum does not fit; or a fault of the database.
    pub async fn substitutes(&self, request: &SubstitutionRequest) -> Result<Substitutes, Error> {
        let SubstitutionRequest { device, channel, period, resolution, ref advances, ref rules } = *request;
        let calendar = self.device(device).await?.calendar;
        let advances = match advances {
            Some(told) => told.clone(),
            None => self.register_advances(device, channel, period).await?.readings,
        };
        let around = widened(covering(period, &advances), rules.look_around_days.saturating_add(1));
        // Before anything is loaded; quarter-hours are the finest that are common.
        few_slots(around, resolution.unwrap_or(Resolution::QUARTER_HOUR)).map_err(energy::Error::from)?;
        let readings = plain(&self.readings(device, channel, around, None).await?);
        let resolution = resolution.unwrap_or_else(|| typical_resolution([readings.as_slice()]));
        few_slots(around, resolution).map_err(energy::Error::from)?;
        let whole = calendar.whole_slots(around, resolution).map_err(energy::Error::from)?;
        let pieces = readings.into_iter().map(Piece::from);
        let series = Series::from_pieces(calendar, whole, resolution, pieces).map_err(energy::Error::from)?;
        let filled = substitute::substitute(&series, period, &advances, rules)?;
        Ok(Substitutes { resolution, fills: filled.fills, remarks: filled.remarks })
    }

    /// Takes in substitutes where nothing is known: one that meets a reading with an energy is left out, and a missing
    /// reading that they cover makes place.
    ///
    /// # Errors
    ///
    /// Those of [`Store::ingest`]; [`energy::Error::Overlap`](crate::energy::Error::Overlap) where substitutes meet a
    /// missing reading and do not cover it.
    pub async fn fill_missing(&self, batch: &DeviceBatch, now: Timestamp) -> Result<Ingested, Error> {
        let DeviceBatch { device, channel, ref readings } = *batch;
        let register = (device, channel);
        let Some(extent) = hull(readings) else { return Ok(Ingested::default()) };
        on!(self, write "store substitutes", |connection| {
            if Db::claim(&mut *connection, &[((device, i64::from(channel.code())), None)]).await?.is_empty() {
                return Err(not_found("device", &device).into());
            }
            let standing = Db::standing(&mut *connection, register, extent).await?;
            let (known, missing): (Vec<Recorded>, Vec<Recorded>) =
                standing.into_iter().partition(|recorded| recorded.reading.energy().is_some());
            let free = unmet(readings, &known);
            let channels = by_channel([(device, channel, free)])?;
            let retired = missing.iter().map(|recorded| recorded.reading.interval()).collect();
            Db::ingest(connection, &channels, &Retired::from([(register, retired)]), &self.bounds, now).await
        })
    }
}

/// The interval, and all of the readings that reach out of it.
fn covering(interval: Interval, readings: &[Reading]) -> Interval {
    let Some(hull) = hull(readings) else { return interval };
    let (start, end) = (hull.start().min(interval.start()), hull.end().max(interval.end()));
    Interval::new(start, end).unwrap_or(interval)
}

/// The interval with so many days more at both ends, where the calendar has them.
fn widened(interval: Interval, days: u16) -> Interval {
    let hours = (i64::from(days) * 24).hours();
    let start = interval.start().checked_sub(hours).unwrap_or(interval.start());
    let end = interval.end().checked_add(hours).unwrap_or(interval.end());
    Interval::new(start, end).unwrap_or(interval)
}

/// The readings that share no instant with those that stand, which are by start and do not overlap.
fn unmet(readings: &[Reading], standing: &[Recorded]) -> Vec<Reading> {
    let meets = |reading: &Reading| {
        let before =
            standing.partition_point(|other| other.reading.interval().start() < reading.interval().end());
        before
            .checked_sub(1)
            .and_then(|last| standing.get(last))
            .is_some_and(|other| other.reading.interval().overlaps(reading.interval()))
    };
    readings.iter().copied().filter(|reading| !meets(reading)).collect()
}
