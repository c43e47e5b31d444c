//! What looks wrong in a device's readings, and how complete they are.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Error, Store};
use crate::{
    energy::{
        self, Channel, Completeness, Reading,
        balance::typical_resolution,
        ledger::Recorded,
        validate::{self, Expectation, Finding, Raw},
    },
    time::{Interval, Resolution, few_slots},
};

/// The readings alone.
pub(super) fn plain(recorded: &[Recorded]) -> Vec<Reading> {
    recorded.iter().map(|recorded| recorded.reading).collect()
}

impl Store {
    /// Says what looks wrong in a device's readings, of one channel or of all; by channel, start and rule.
    ///
    /// A reading should be as long as `resolution`, or as most of them are where nothing is said, and not more than the
    /// device's rated power allows. It has [`validate::validate`]'s work in it, which keeps a core busy for years of
    /// quarter-hours.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the device is not there; [`Error::Energy`] where the slots would be more than
    /// [`MOST_ASKED`](crate::time::MOST_ASKED); or a fault of the database.
    pub async fn findings(
        &self,
        device: Uuid,
        channel: Option<Channel>,
        interval: Interval,
        resolution: Option<Resolution>,
        now: Timestamp,
    ) -> Result<Vec<(Channel, Finding)>, Error> {
        if let Some(resolution) = resolution {
            few_slots(interval, resolution).map_err(energy::Error::from)?;
        }
        let found = self.device(device).await?;
        let mut findings = Vec::new();
        for channel in self.channels_of(device, channel).await? {
            let readings = plain(&self.readings(device, channel, interval, None).await?);
            let resolution = resolution.unwrap_or_else(|| typical_resolution([readings.as_slice()]));
            few_slots(interval, resolution).map_err(energy::Error::from)?;
            let expectation = Expectation {
                calendar: &found.calendar,
                resolution,
                period: Some(interval),
                rated_power: found.rated_power,
                now,
            };
            let rows: Vec<Raw> = readings.into_iter().map(Raw::from).collect();
            let of_channel = validate::validate(&rows, &expectation, &validate::Rules::default())?;
            findings.extend(of_channel.into_iter().map(|finding| (channel, finding)));
        }
        Ok(findings)
    }

    /// Says how much of an interval a device's readings cover, one item a channel.
    ///
    /// # Errors
    ///
    /// A fault of the database; a device that is not there has no channels.
    pub async fn completeness(
        &self,
        device: Uuid,
        channel: Option<Channel>,
        interval: Interval,
    ) -> Result<Vec<(Channel, Completeness)>, Error> {
        let mut found = Vec::new();
        for channel in self.channels_of(device, channel).await? {
            let readings = plain(&self.readings(device, channel, interval, None).await?);
            found.push((channel, energy::completeness(interval, &readings)));
        }
        Ok(found)
    }

    /// The channels of a device that has readings in them, or the one that is wanted of them.
    async fn channels_of(&self, device: Uuid, wanted: Option<Channel>) -> Result<Vec<Channel>, Error> {
        let channels = self.channels(device).await?.into_iter().map(|(channel, _)| channel);
        Ok(channels.filter(|channel| wanted.is_none_or(|wanted| wanted == *channel)).collect())
    }
}
