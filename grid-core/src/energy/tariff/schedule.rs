//! Which band a moment lies in, by the local clock and calendar.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::Error;
use crate::time::{Calendar, Interval};

/// The minutes of a day on the clock.
pub(super) const DAY: u16 = 24 * 60;

/// The days that a rule can name, in the order of their bits.
pub(super) const DAYS: [(&str, u8); 8] = [
    ("monday", 1),
    ("tuesday", 1 << 1),
    ("wednesday", 1 << 2),
    ("thursday", 1 << 3),
    ("friday", 1 << 4),
    ("saturday", 1 << 5),
    ("sunday", 1 << 6),
    ("holiday", HOLIDAY),
];
pub(super) const HOLIDAY: u8 = 1 << 7;
pub(super) const EVERY_DAY: u8 = u8::MAX;
pub(super) const EVERY_MONTH: u16 = 0b1_1111_1111_1110;

/// A month and a day in it.
pub(super) type MonthDay = (i8, i8);

/// A time-of-use calendar: every minute of every local day lies in exactly one band.
///
/// Rules are tried in their order, and the first that fits decides. That none is left out is checked once, when the
/// tariff is read. Days and hours are those of the clock on the wall: on the day that has 25 hours, the hour that comes
/// again is in the same band twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub(super) name: String,
    pub(super) bands: Vec<String>,
    pub(super) rules: Vec<Rule>,
    pub(super) holidays: Holidays,
}

/// One rule: where it fits, its band holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// The position of its band.
    pub(super) band: usize,
    /// Bits of [`DAYS`].
    pub(super) days: u8,
    /// Minutes of the day, half-open; none for the whole day.
    pub(super) hours: Vec<(u16, u16)>,
    /// Bit 1 is January.
    pub(super) months: u16,
    /// First and last day; none for the whole year. From a later to an earlier one goes over the new year.
    pub(super) seasons: Vec<(MonthDay, MonthDay)>,
}

/// Days that rules may treat apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holidays {
    /// Those of one year.
    pub(super) dates: BTreeSet<Date>,
    /// Those of every year.
    pub(super) yearly: BTreeSet<MonthDay>,
}

impl Holidays {
    fn contain(&self, date: Date) -> bool {
        self.dates.contains(&date) || self.yearly.contains(&(date.month(), date.day()))
    }
}

impl Rule {
    fn fits(&self, (month, day): MonthDay, days: u8) -> bool {
        let in_season = |&(first, last): &(MonthDay, MonthDay)| {
            let day = (month, day);
            if first <= last { first <= day && day <= last } else { first <= day || day <= last }
        };
        self.days & days != 0
            && u32::try_from(month)
                .is_ok_and(|month| self.months & 1_u16.checked_shl(month).unwrap_or(0) != 0)
            && (self.seasons.is_empty() || self.seasons.iter().any(in_season))
    }

    fn holds_at(&self, minute: u16) -> bool {
        self.hours.is_empty() || self.hours.iter().any(|&(start, end)| start <= minute && minute < end)
    }
}

/// A stretch of a day without a band.
pub(super) struct Hole {
    pub(super) month_day: MonthDay,
    pub(super) weekday: &'static str,
    pub(super) holiday: bool,
    pub(super) start: u16,
    pub(super) end: u16,
}

/// The stretches of a day: the minute that each ends before, and its band.
type Stretches = Vec<(u16, usize)>;

impl Schedule {
    /// The name that components use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bands' names, in the order of the bill's lines.
    pub fn bands(&self) -> &[String] {
        &self.bands
    }

    /// The band that an instant lies in.
    ///
    /// ```
    /// use grid_core::{energy::tariff::Tariff, time::Calendar};
    /// let tariff = Tariff::parse_toml(r#"
    ///     id = "night"
    ///     currency = "EUR"
    ///     valid_from = 2026-01-01
    ///     [[schedules.night.rules]]
    ///     band = "night"
    ///     hours = ["22:00-06:00"]
    ///     [[schedules.night.rules]]
    ///     band = "day"
    /// "#)?;
    /// let schedule = tariff.schedules().next().unwrap();
    /// let madrid = Calendar::new("Europe/Madrid")?;
    /// assert_eq!(schedule.band_at(&madrid, "2026-03-29T05:00:00+02:00".parse()?), Some("night"));
    /// assert_eq!(schedule.band_at(&madrid, "2026-03-29T06:00:00+02:00".parse()?), Some("day"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn band_at(&self, calendar: &Calendar, instant: Timestamp) -> Option<&str> {
        let band = Finder::new(self, calendar).at(instant)?.2;
        self.bands.get(band).map(String::as_str)
    }

    /// The position of each slot's band.
    pub(super) fn bands_of(&self, calendar: &Calendar, slots: &[Interval]) -> Result<Vec<usize>, Error> {
        let mut finder = Finder::new(self, calendar);
        slots.iter().map(|slot| finder.of(*slot)).collect()
    }

    /// The first stretch of any day of any year that no rule fits.
    pub(super) fn hole(&self) -> Option<Hole> {
        let mut seen = BTreeSet::new();
        let mut date = Date::new(2024, 1, 1).ok()?; // a leap year, so that 29 February is tried
        while date.year() == 2024 {
            let month_day = (date.month(), date.day());
            for (weekday, bit) in DAYS.iter().take(7) {
                for holiday in [false, true] {
                    let days = if holiday { bit | HOLIDAY } else { *bit };
                    let fitting: Vec<usize> = self
                        .rules
                        .iter()
                        .enumerate()
                        .filter(|(_, rule)| rule.fits(month_day, days))
                        .map(|(index, _)| index)
                        .collect();
                    if seen.insert(fitting)
                        && let Err((start, end)) = self.stretches(month_day, days)
                    {
                        return Some(Hole { month_day, weekday, holiday, start, end });
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The stretches of a day, or the first minutes without a band.
    fn stretches(&self, month_day: MonthDay, days: u8) -> Result<Stretches, (u16, u16)> {
        let fitting: Vec<&Rule> = self.rules.iter().filter(|rule| rule.fits(month_day, days)).collect();
        let borders: BTreeSet<u16> = fitting
            .iter()
            .flat_map(|rule| rule.hours.iter().flat_map(|&(start, end)| [start, end]))
            .chain([0, DAY])
            .collect();
        let mut stretches: Stretches = Vec::new();
        for (&start, &end) in borders.iter().zip(borders.iter().skip(1)) {
            let rule = fitting.iter().find(|rule| rule.holds_at(start)).ok_or((start, end))?;
            match stretches.last_mut() {
                Some(last) if last.1 == rule.band => last.0 = end,
                _ => stretches.push((end, rule.band)),
            }
        }
        Ok(stretches)
    }
}

/// Finds bands, and remembers the last day.
struct Finder<'s> {
    schedule: &'s Schedule,
    calendar: &'s Calendar,
    day: Option<(Date, Stretches)>,
}

impl<'s> Finder<'s> {
    const fn new(schedule: &'s Schedule, calendar: &'s Calendar) -> Self {
        Self { schedule, calendar, day: None }
    }

    /// The second of the local day, the second before which the band ends on the clock, and the band.
    fn at(&mut self, instant: Timestamp) -> Option<(i64, i64, usize)> {
        let local = self.calendar.zone().to_datetime(instant);
        let date = local.date();
        if self.day.as_ref().is_none_or(|(known, _)| *known != date) {
            let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).ok()?;
            let bit = DAYS.get(weekday)?.1;
            let days = if self.schedule.holidays.contain(date) { bit | HOLIDAY } else { bit };
            let stretches = self.schedule.stretches((date.month(), date.day()), days).ok()?;
            self.day = Some((date, stretches));
        }
        let second =
            i64::from(local.hour()) * 3600 + i64::from(local.minute()) * 60 + i64::from(local.second());
        let (end, band) =
            self.day.as_ref()?.1.iter().find(|(end, _)| second < i64::from(*end) * 60).copied()?;
        Some((second, i64::from(end) * 60, band))
    }

    /// The one band of a slot.
    fn of(&mut self, slot: Interval) -> Result<usize, Error> {
        let missing = || Error::Time(crate::time::Error::OutOfRange);
        let (second, end, band) = self.at(slot.start()).ok_or_else(missing)?;
        let last = slot.end().checked_sub(SignedDuration::from_nanos(1)).map_err(|_| missing())?;
        let zone = self.calendar.zone();
        let length = slot.end().duration_since(slot.start());
        // As long as the clock is not moved, what it shows at the end follows from its start.
        if zone.to_offset(slot.start()) == zone.to_offset(last)
            && slot.start().subsec_nanosecond() == 0
            && length <= SignedDuration::from_secs(end - second)
        {
            return Ok(band);
        }
        // Bands begin at whole minutes of the clock, and clocks are moved by whole minutes.
        let mut minute = slot.start().as_second().div_euclid(60).saturating_add(1);
        loop {
            let instant = Timestamp::from_second(minute.saturating_mul(60)).map_err(|_| missing())?;
            if instant >= slot.end() {
                return Ok(band);
            }
            let other = self.at(instant).ok_or_else(missing)?.2;
            if other != band {
                let name = |band: usize| self.schedule.bands.get(band).cloned().unwrap_or_default();
                return Err(Error::SlotAcrossBands {
                    schedule: self.schedule.name.clone(),
                    slot,
                    first: name(band),
                    second: name(other),
                });
            }
            minute += 1;
        }
    }
}
