//! How full a battery was at an instant, as the system before GRID kept it: its level, its capacity, and what is left.
//!
//! That system wrote `kW` for energies (`battery_capacity_kW`, `energy_available_kW`); they are kWh. Its names stay, so
//! that its clients and its files work, and everything else here says what it is.

use std::io::Read;

use csv::ByteRecord;
use jiff::{Timestamp, civil::DateTime};

use super::error::Error;
use super::refusal::Refusal;
use crate::{
    error::excerpt,
    quantity::{Energy, Rounding, Share},
    time::Calendar,
};

/// How full a battery was at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// When.
    pub at: Timestamp,
    /// The state of charge.
    pub share: Share,
    /// What it holds when it is full.
    pub capacity: Energy,
    /// What it held then.
    pub available: Energy,
}

/// The most rows that [`read_levels`] reads: almost two years of minutes.
const MOST_ROWS: usize = 1_000_000;
const TIMESTAMP: &str = "Timestamp";
const LEVEL: &str = "Battery_Level";
const CAPACITY: &str = "Battery_Capacity_kW";
const AVAILABLE: &str = "Energy_Available_kW";

impl Level {
    /// The level of a battery of so many kWh that holds so many.
    ///
    /// ```
    /// use grid_core::battery::Level;
    /// let now = "2026-03-01T12:00:00Z".parse().unwrap();
    /// assert_eq!(Level::of_energy(now, 4.2, 10.0)?.percent(), 42.0);
    /// assert!(Level::of_energy(now, 11.0, 10.0).is_err());
    /// # Ok::<(), grid_core::battery::Refusal>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refusal::OutOfRange`] for a capacity that is not above zero, and for an energy below zero or above the capacity.
    pub fn of_energy(at: Timestamp, available_kwh: f64, capacity_kwh: f64) -> Result<Self, Refusal> {
        let capacity = capacity(capacity_kwh)?;
        let refused = Refusal::OutOfRange {
            what: "an available energy",
            expected: "from 0 kWh to the battery's capacity",
            got: available_kwh,
        };
        let Some(available) = Energy::from_kwh_f64(available_kwh) else { return Err(refused) };
        match (u64::try_from(available.as_mwh()), u64::try_from(capacity.as_mwh())) {
            (Ok(part), Ok(whole)) if part <= whole => {
                Ok(Self { at, share: Share::of(part, whole), capacity, available })
            }
            _ => Err(refused),
        }
    }

    /// The level in per cent.
    pub fn percent(&self) -> f64 {
        f64::from(self.share.as_ppm()) / 1e4
    }
}

fn capacity(kwh: f64) -> Result<Energy, Refusal> {
    Energy::from_kwh_f64(kwh).filter(|capacity| capacity.as_mwh() > 0).ok_or(Refusal::OutOfRange {
        what: "a capacity",
        expected: "above 0 kWh",
        got: kwh,
    })
}

/// Reads a table `Timestamp, Battery_Level, Battery_Capacity_kW[, Energy_Available_kW]`, as the system before GRID had it:
/// per cent, kWh, kWh. Where the energy is missing it is that share of the capacity.
///
/// A time without an offset is one of the calendar's zone. Columns may come in any order, and others are left alone.
///
/// ```
/// use grid_core::{battery::read_levels, quantity::Energy, time::Calendar};
/// let file = b"Timestamp,Battery_Level,Battery_Capacity_kW\n2024-05-01 08:00:00,42.5,10\n";
/// let levels = read_levels(file.as_slice(), &Calendar::utc())?;
/// assert_eq!(levels[0].at, "2024-05-01T08:00:00Z".parse().unwrap());
/// assert_eq!(levels[0].available, Energy::from_mwh(4_250_000));
/// # Ok::<(), grid_core::battery::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Empty`], [`Error::MissingColumn`], [`Error::NoRows`], [`Error::NotANumber`] for any cell that is not what its
/// column holds, with its line and column, [`Error::TooManyRows`], or [`Error::Unreadable`].
pub fn read_levels(source: impl Read, calendar: &Calendar) -> Result<Vec<Level>, Error> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(source);
    let mut record = ByteRecord::new();
    if !next(&mut reader, &mut record)? {
        return Err(Error::Empty);
    }
    let columns = Columns::of(&record)?;
    let mut levels = Vec::new();
    while next(&mut reader, &mut record)? {
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        if levels.len() == MOST_ROWS {
            return Err(Error::TooManyRows { limit: MOST_ROWS });
        }
        levels.push(columns.level(&record, calendar)?);
    }
    if levels.is_empty() { Err(Error::NoRows { line: 1 }) } else { Ok(levels) }
}

fn next(reader: &mut csv::Reader<impl Read>, record: &mut ByteRecord) -> Result<bool, Error> {
    reader.read_byte_record(record).map_err(|error| Error::Unreadable { source: error.into() })
}

/// Where the columns stand.
struct Columns {
    at: usize,
    level: usize,
    capacity: usize,
    available: Option<usize>,
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Self, Error> {
        let names: Vec<String> = header.iter().map(text).collect();
        let place = |wanted: &str| {
            names.iter().position(|name| name.trim_start_matches('\u{feff}').eq_ignore_ascii_case(wanted))
        };
        let needed = |wanted: &'static str| {
            place(wanted).ok_or_else(|| Error::MissingColumn {
                line: 1,
                header: wanted,
                got: excerpt(&names.join(",")),
            })
        };
        Ok(Self {
            at: needed(TIMESTAMP)?,
            level: needed(LEVEL)?,
            capacity: needed(CAPACITY)?,
            available: place(AVAILABLE),
        })
    }

    fn level(&self, row: &ByteRecord, calendar: &Calendar) -> Result<Level, Error> {
        let line = row.position().map_or(0, csv::Position::line);
        let refused = |place: usize, header: &str, expected: &'static str| Error::NotANumber {
            line,
            column: u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1),
            header: header.to_owned(),
            expected,
            got: excerpt(&cell(row, place)),
        };
        let number = |place: usize| cell(row, place).parse::<f64>().ok().filter(|number| number.is_finite());
        let at = instant(&cell(row, self.at), calendar).ok_or_else(|| {
            refused(self.at, TIMESTAMP, "a time like `2024-05-01 08:00:00` or `2024-05-01T08:00:00Z`")
        })?;
        let share = number(self.level)
            .and_then(share_of)
            .ok_or_else(|| refused(self.level, LEVEL, "a level from 0 to 100 per cent"))?;
        let capacity = number(self.capacity)
            .and_then(|kwh| capacity(kwh).ok())
            .ok_or_else(|| refused(self.capacity, CAPACITY, "a capacity above 0 kWh"))?;
        let stated = self.available.filter(|place| !cell(row, *place).is_empty());
        let available = match stated {
            None => capacity.scale(i64::from(share.as_ppm()), 1_000_000, Rounding::HalfUp),
            Some(place) => number(place)
                .and_then(Energy::from_kwh_f64)
                .filter(|energy| !energy.is_negative() && *energy <= capacity),
        };
        let available = available.ok_or_else(|| {
            refused(stated.unwrap_or(self.capacity), AVAILABLE, "an energy from 0 kWh to the capacity")
        })?;
        Ok(Level { at, share, capacity, available })
    }
}

/// A share of per cent, to the ten-thousandth of one.
fn share_of(percent: f64) -> Option<Share> {
    if !(0.0..=100.0).contains(&percent) {
        return None;
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to a million"
    )]
    let ppm = (percent * 1e4).round() as u32;
    Share::from_ppm(ppm).ok()
}

fn instant(text: &str, calendar: &Calendar) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        local.to_zoned(calendar.zone().clone()).ok().map(|zoned| zoned.timestamp())
    })
}

fn cell(row: &ByteRecord, place: usize) -> String {
    row.get(place).map(text).unwrap_or_default()
}

fn text(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Failure as _;

    const HEADER: &str = "Timestamp,Battery_Level,Battery_Capacity_kW,Energy_Available_kW\n";

    fn read(text: &str) -> Result<Vec<Level>, Error> {
        read_levels(text.as_bytes(), &Calendar::new("America/Bogota").unwrap())
    }

    #[test]
    fn a_time_without_an_offset_is_of_the_zone_and_an_empty_energy_is_the_levels_share() {
        let file = "\u{feff}battery_level, Timestamp ,note,Battery_Capacity_kW,Energy_Available_kW\r\n\
             33.33339,2024-05-01 08:00,x,10,\r\n\r\n100,2024-05-01T08:01:00-03:00,,10,9.5\r\n";
        let levels = read(file).unwrap();
        assert_eq!(levels[0].at, "2024-05-01T13:00:00Z".parse().unwrap());
        assert_eq!(levels[0].share.as_ppm(), 333_334);
        assert_eq!(levels[0].available, Energy::from_mwh(3_333_340));
        assert_eq!(levels[1].at, "2024-05-01T11:01:00Z".parse().unwrap());
        // What the file says stands, also where level and energy do not fit each other.
        assert_eq!((levels[1].percent(), levels[1].available), (100.0, Energy::from_mwh(9_500_000)));
    }

    #[test]
    fn each_wrong_cell_is_named_with_its_place() {
        for (row, column, header) in [
            ("yesterday,50,10,5", 1, TIMESTAMP),
            ("2024-05-01,101,10,5", 2, LEVEL),
            ("2024-05-01,-1,10,5", 2, LEVEL),
            ("2024-05-01,,10,5", 2, LEVEL),
            ("2024-05-01,NaN,10,5", 2, LEVEL),
            ("2024-05-01,50,0,5", 3, CAPACITY),
            ("2024-05-01,50", 3, CAPACITY),
            ("2024-05-01,50,10,11", 4, AVAILABLE),
            ("2024-05-01,50,10,five", 4, AVAILABLE),
        ] {
            let error = read(&format!("{HEADER}2024-04-30,50,10,5\n{row}\n")).unwrap_err();
            let place = error.places().remove(0);
            assert_eq!((place.line, place.column), (Some(3), Some(column)), "{row}: {error}");
            assert_eq!(place.pointer.as_deref(), Some(header), "{row}: {error}");
        }
    }

    #[test]
    fn a_table_without_a_column_or_without_rows_is_refused() {
        assert!(matches!(read(""), Err(Error::Empty)));
        assert!(matches!(read(HEADER), Err(Error::NoRows { line: 1 })));
        let error = read("Timestamp,Battery_Level\n2024-05-01,50\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 1: expected a column \"Battery_Capacity_kW\", got `Timestamp,Battery_Level`"
        );
    }

    proptest! {
        #[test]
        fn a_level_is_the_energys_share_of_the_capacity(capacity in 1..1_000_000_i64, ppm in 0..=1_000_000_i64) {
            let kwh = |mwh: i64| Energy::from_mwh(mwh).to_kwh_f64();
            // In Wh, so that each part per million is a whole number of mWh.
            let (capacity, available) = (capacity * 1_000_000, capacity * ppm);
            let level = Level::of_energy(Timestamp::UNIX_EPOCH, kwh(available), kwh(capacity)).unwrap();
            prop_assert_eq!(i64::from(level.share.as_ppm()), ppm);
            prop_assert_eq!(level.available.as_mwh(), available);
        }
    }
}
