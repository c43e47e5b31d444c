//! Taking in readings: many channels in one transaction.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    ops::AddAssign,
};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::on,
    group,
    storing::{Ingest as _, uploads},
};
use crate::{
    energy::{
        Channel, Reading,
        ingest::{Portion, Sorted},
    },
    time::Interval,
};

/// Readings of one channel of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceBatch {
    /// The device.
    pub device: Uuid,
    /// The channel.
    pub channel: Channel,
    /// The readings, in any order.
    pub readings: Vec<Reading>,
}

/// What became of readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Ingested {
    /// How many are new.
    pub inserted: usize,
    /// How many were there already.
    pub unchanged: usize,
    /// How many stand in the place of another one now.
    pub superseded: usize,
}

impl AddAssign for Ingested {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.unchanged += other.unchanged;
        self.superseded += other.superseded;
    }
}

/// The readings of each channel, by device and channel, so that transactions lock channels in one order.
pub(super) type ByChannel<'a> = BTreeMap<(Uuid, Channel), Cow<'a, [Reading]>>;

/// The intervals of standing readings that make place for others, by channel.
pub(super) type Retired = BTreeMap<(Uuid, Channel), BTreeSet<Interval>>;

/// Brings batches into the order of their channels, and refuses what cannot be stored.
pub(super) fn by_channel<'a, R: Into<Cow<'a, [Reading]>>>(
    batches: impl IntoIterator<Item = (Uuid, Channel, R)>,
) -> Result<ByChannel<'a>, Error> {
    let mut channels = ByChannel::new();
    for (device, channel, readings) in batches {
        let readings: Cow<'a, [Reading]> = readings.into();
        for reading in readings.iter() {
            let interval = reading.interval();
            if [interval.start(), interval.end()].iter().any(|at| at.subsec_nanosecond() % 1000 != 0) {
                return Err(Error::TooFine { got: interval });
            }
        }
        match channels.entry((device, channel)) {
            _ if readings.is_empty() => {}
            Entry::Vacant(free) => _ = free.insert(readings),
            Entry::Occupied(mut there) => there.get_mut().to_mut().extend_from_slice(&readings),
        }
    }
    for readings in channels.values_mut() {
        if !readings.is_sorted_by_key(|reading| reading.interval()) {
            // Stable: of two readings of one interval the later one still comes later.
            readings.to_mut().sort_by_key(|reading| reading.interval());
        }
    }
    Ok(channels)
}

impl Store {
    /// Takes in readings, all of them or none. A reading that is there already changes nothing; one of the same
    /// interval with another value takes its place, and the old one stays in the history.
    ///
    /// A few readings of one channel are stored in one transaction with those of others who call at the same time; the
    /// outcome is that of this call alone. A call that is given up may have been stored.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a device that is not there; [`Error::Energy`] with
    /// [`energy::Error::Overlap`](crate::energy::Error::Overlap) where a reading overlaps another one of its channel
    /// without being the same interval; [`Error::TooFine`]; [`Error::TooManyReadings`]; or a fault of the database.
    pub async fn ingest(&self, batches: &[DeviceBatch], now: Timestamp) -> Result<Ingested, Error> {
        let batches = batches.iter().map(|batch| (batch.device, batch.channel, &batch.readings));
        self.ingest_for(None, by_channel(batches)?, now).await
    }

    /// Takes in readings like [`ingest`](Self::ingest), of devices of `owner`: those of others are not there.
    ///
    /// # Errors
    ///
    /// Those of [`ingest`](Self::ingest).
    pub async fn ingest_of_owner(
        &self,
        owner: Uuid,
        batches: Vec<DeviceBatch>,
        now: Timestamp,
    ) -> Result<Ingested, Error> {
        let batches = batches.into_iter().map(|batch| (batch.device, batch.channel, batch.readings));
        self.ingest_for(Some(owner), by_channel(batches)?, now).await
    }

    /// Takes in the readings of a file of one device, like [`ingest`](Self::ingest) and in one transaction however many they
    /// are; where `owner` is told, the device must be theirs. Memory holds as many readings at once as when the file was
    /// [read](crate::energy::ingest::read_sorted).
    ///
    /// # Errors
    ///
    /// Those of [`ingest`](Self::ingest), and [`energy::Error::Unkept`](crate::energy::Error::Unkept) where the scratch file
    /// cannot be read.
    pub async fn ingest_sorted(
        &self,
        device: Uuid,
        owner: Option<Uuid>,
        readings: &Sorted,
        now: Timestamp,
    ) -> Result<Ingested, Error> {
        let registers: Vec<_> =
            readings.registers().iter().map(|register| (device, register.channel)).collect();
        if readings.is_held() {
            let mut batches = Vec::with_capacity(registers.len());
            for portion in readings.portions() {
                let Portion { register, readings } = portion?;
                batches
                    .extend(registers.get(register).map(|(device, channel)| (*device, *channel, readings)));
            }
            return self.ingest_for(owner, by_channel(batches)?, now).await;
        }
        on!(self, write "store readings", |connection| {
            Db::ingest_sorted(connection, readings, &registers, owner, &self.bounds, now).await
        })
    }

    async fn ingest_for(
        &self,
        owner: Option<Uuid>,
        channels: ByChannel<'_>,
        now: Timestamp,
    ) -> Result<Ingested, Error> {
        if channels.is_empty() {
            return Ok(Ingested::default());
        }
        // Whoever was refused a moment ago may be again, and the others of the group would have to be stored once more.
        let is_alone = owner.is_some_and(|owner| self.bounds.is_full(owner));
        let channels = match group::small(channels) {
            Ok((register, readings)) if !is_alone => {
                return self.ingest_together(register, readings, owner, now).await;
            }
            Ok((register, readings)) => ByChannel::from([(register, readings.into())]),
            Err(channels) => channels,
        };
        on!(self, write "store readings", |connection| {
            Db::ingest_all(connection, &uploads(&channels, owner, now), &Retired::new(), &self.bounds).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{quantity::Energy, series::Quality};

    #[test]
    fn nanoseconds_are_refused() {
        let at = |nanosecond| Timestamp::from_nanosecond(nanosecond).unwrap();
        let interval = Interval::new(at(1), at(1000)).unwrap();
        let fine = Reading::new(interval, Some(Energy::ZERO), Quality::Measured).unwrap();
        assert!(matches!(
            by_channel([(Uuid::nil(), Channel::Import, vec![fine])]),
            Err(Error::TooFine { .. })
        ));
    }
}
