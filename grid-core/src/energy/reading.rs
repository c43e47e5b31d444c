//! Readings: the energy of one channel over one interval.

use uuid::Uuid;

use super::{Channel, Error};
use crate::{
    quantity::Energy,
    series::{Piece, Quality},
    time::Interval,
};

/// The energy that one channel of a device counted over one interval, or the knowledge that it is missing.
///
/// ```
/// use grid_core::{energy::Reading, quantity::Energy, series::Quality, time::Interval};
/// let quarter = Interval::parse("2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z")?;
/// let reading = Reading::new(quarter, Some(Energy::from_mwh(250_000)), Quality::Measured)?;
/// assert!(Reading::new(quarter, Some(Energy::from_mwh(-1)), Quality::Measured).is_err());
/// assert!(Reading::new(quarter, None, Quality::Measured).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reading {
    interval: Interval,
    energy: Option<Energy>,
    quality: Quality,
}

impl Reading {
    /// The most energy that one reading may carry, one terawatt-hour: far above any meter, and low enough that sums
    /// of years of readings fit.
    pub const MOST: Energy = Energy::from_mwh(1_000_000_000_000_000);

    /// The longest interval that one reading may cover, in seconds: 366 days.
    pub const LONGEST_SECONDS: u64 = 366 * 86_400;

    /// Makes a reading.
    ///
    /// # Errors
    ///
    /// [`Error::NegativeEnergy`], [`Error::ImplausibleEnergy`], [`Error::IntervalTooLong`], or
    /// [`Error::QualityContradictsEnergy`] where a missing reading has an energy or another one has none.
    pub fn new(interval: Interval, energy: Option<Energy>, quality: Quality) -> Result<Self, Error> {
        if energy.is_none() != (quality == Quality::Missing) {
            return Err(Error::QualityContradictsEnergy { quality: quality.as_str() });
        }
        if let Some(energy) = energy {
            if energy.is_negative() {
                return Err(Error::NegativeEnergy { got: energy });
            }
            if energy > Self::MOST {
                return Err(Error::ImplausibleEnergy { got: energy, most: Self::MOST });
            }
        }
        if interval.duration().as_secs() > Self::LONGEST_SECONDS {
            return Err(Error::IntervalTooLong { got: interval, most_days: Self::LONGEST_SECONDS / 86_400 });
        }
        Ok(Self { interval, energy, quality })
    }

    /// When.
    pub const fn interval(self) -> Interval {
        self.interval
    }

    /// How much; `None` where it is missing.
    pub const fn energy(self) -> Option<Energy> {
        self.energy
    }

    /// How far it can be trusted.
    pub const fn quality(self) -> Quality {
        self.quality
    }

    /// A name for what identifies the reading: its device, channel, start and end. The same reading has the same id
    /// wherever and whenever it is asked for, and keeps it when its energy is corrected.
    ///
    /// ```
    /// use grid_core::{energy::{Channel, Reading}, quantity::Energy, series::Quality, time::Interval};
    /// use uuid::Uuid;
    /// let hour = Interval::parse("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")?;
    /// let of = |mwh| Reading::new(hour, Some(Energy::from_mwh(mwh)), Quality::Measured);
    /// let id = of(1)?.id(Uuid::nil(), Channel::Import);
    /// assert_eq!(id, of(2)?.id(Uuid::nil(), Channel::Import));
    /// assert_ne!(id, of(1)?.id(Uuid::nil(), Channel::Export));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # References
    ///
    /// RFC 9562, section 5.5: UUID version 5, in the namespace of the device's id.
    pub fn id(self, device: Uuid, channel: Channel) -> Uuid {
        Uuid::new_v5(&device, format!("{channel}/{}", self.interval).as_bytes())
    }
}

impl From<Reading> for Piece {
    fn from(reading: Reading) -> Self {
        Self { interval: reading.interval, energy: reading.energy, quality: reading.quality }
    }
}
