//! Readings: out of the days that they are packed in, and into such days.

use futures_util::TryStreamExt;
use jiff::Timestamp;
use sqlx::Database;
use uuid::Uuid;

use super::{ArchiveError, cell::Value, reader::Rows, rows::refused, writer::Writer};
use crate::{
    energy::{Channel, Reading, ledger::Recorded},
    quantity::Energy,
    series::Quality,
    store::{
        Error,
        backend::per_driver,
        bulk::{Bulk, DayRow},
        day,
        fault::Fault,
        rows,
        sql::sql,
    },
    time::Interval,
};

/// How many days are inserted together.
const DAYS: usize = 256;

/// What the readings of an archive have in common, part after part: a day may go on in the next one.
#[derive(Default)]
pub(super) struct Filling {
    day: Option<(Uuid, Channel, i64)>,
    readings: Vec<Recorded>,
    days: Vec<DayRow>,
}

/// The readings of all devices.
pub(super) trait AllReadings: Database {
    /// Writes all of them, by device, channel and start.
    async fn write_readings(connection: &mut Self::Connection, writer: &mut Writer<'_>) -> Result<(), Fault>;

    /// Packs and inserts the readings of a file.
    async fn insert_readings(
        connection: &mut Self::Connection,
        filling: &mut Filling,
        rows: &mut Rows,
        each: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), Fault>;

    /// Inserts what is left after the last file.
    async fn insert_last_readings(
        connection: &mut Self::Connection,
        filling: &mut Filling,
    ) -> Result<(), Fault>;
}

per_driver! {
    impl AllReadings for Db {
        async fn write_readings(connection: &mut Self::Connection, writer: &mut Writer<'_>) -> Result<(), Fault> {
            type Day = (Vec<u8>, i64, i64, Vec<u8>);
            let mut found = sqlx::query_as::<Db, Day>(sql!(
                "SELECT device, channel, day, packed FROM reading_days ORDER BY device, channel, day"
            ))
            .fetch(connection);
            while let Some((device, code, number, packed)) = found.try_next().await? {
                write_day(&device, code, number, &packed, |_| true, writer)?;
            }
            Ok(())
        }

        async fn insert_readings(
            connection: &mut Self::Connection,
            filling: &mut Filling,
            rows: &mut Rows,
            each: &mut (dyn FnMut(u64) + Send),
        ) -> Result<(), Fault> {
            let mut begun = rows.line();
            let mut before = rows.line();
            loop {
                let line = rows.line();
                let Some(values) = rows.next().map_err(Error::from)? else { break };
                filling.add(&values, rows, line).map_err(Error::from)?;
                if filling.days.len() >= DAYS {
                    Db::put_days(&mut *connection, &filling.days).await.map_err(|error| refused(error, rows, begun))?;
                    filling.days.clear();
                    each(line - before);
                    (begun, before) = (line, line);
                }
            }
            each(rows.line() - before);
            Ok(())
        }

        async fn insert_last_readings(connection: &mut Self::Connection, filling: &mut Filling) -> Result<(), Fault> {
            filling.end_day()?;
            Db::put_days(&mut *connection, &filling.days).await?;
            filling.days.clear();
            Ok(())
        }
    }
}

/// Writes the readings of one day whose starts are wanted.
pub(super) fn write_day(
    device: &[u8],
    code: i64,
    number: i64,
    packed: &[u8],
    wanted: impl Fn(Timestamp) -> bool,
    writer: &mut Writer<'_>,
) -> Result<(), Error> {
    let channel = rows::channel(code)?;
    let readings = day::unpack(number, packed).map_err(|reason| match rows::id(device, "device") {
        Ok(device) => Error::CorruptDay { device, channel, day: day::date(number), reason },
        Err(other) => other,
    })?;
    for Recorded { reading, at } in readings {
        if !wanted(reading.interval().start()) {
            continue;
        }
        let (interval, energy) = (reading.interval(), reading.energy().map(Energy::as_mwh));
        writer.row(&[
            Value::Bytes(device.to_vec()),
            Value::Integer(code),
            Value::Integer(interval.start().as_microsecond()),
            Value::Integer(interval.end().as_microsecond()),
            energy.map_or(Value::Null, Value::Integer),
            Value::Integer(i64::from(reading.quality().code())),
            Value::Integer(at.as_microsecond()),
        ])?;
    }
    Ok(())
}

impl Filling {
    /// Takes in a reading, which comes after all others of its channel.
    fn add(&mut self, values: &[Value], rows: &Rows, line: u64) -> Result<(), ArchiveError> {
        let damaged = |what: &str| ArchiveError::Damaged {
            file: rows.file().to_owned(),
            reason: format!("line {line} {what}"),
        };
        let (device, channel, recorded) =
            reading(values).ok_or_else(|| damaged("is no reading that can be"))?;
        let number = day::number(recorded.reading.interval().start());
        if let Some((device_before, channel_before, number_before)) = self.day {
            let last = self.readings.last().map(|last| last.reading.interval().end());
            let follows = (device_before, channel_before.code()) < (device, channel.code())
                || ((device_before, channel_before) == (device, channel)
                    && last.is_none_or(|end| end <= recorded.reading.interval().start()));
            if !follows {
                return Err(damaged("is not after the reading before it"));
            }
            if (device_before, channel_before, number_before) != (device, channel, number) {
                self.end_day().map_err(|_| damaged("follows a day whose energy is out of range"))?;
            }
        }
        self.day = Some((device, channel, number));
        self.readings.push(recorded);
        if self.readings.len() > day::MOST {
            return Err(damaged("is of a day with more readings than are kept"));
        }
        Ok(())
    }

    /// Packs the day that has come.
    fn end_day(&mut self) -> Result<(), Error> {
        let Some((device, channel, number)) = self.day.take() else { return Ok(()) };
        let summary = day::summarise(&self.readings)
            .ok_or(Error::Corrupt { thing: "day of readings", reason: "its energy is out of range" })?;
        self.days.push(DayRow {
            device,
            channel: i64::from(channel.code()),
            day: number,
            energy: summary.energy.as_mwh(),
            readings: i64::try_from(self.readings.len()).unwrap_or(i64::MAX),
            quality: i64::from(summary.worst.code()),
            packed: day::pack(number, &self.readings),
        });
        self.readings.clear();
        Ok(())
    }
}

/// A reading from the values of its row.
fn reading(values: &[Value]) -> Option<(Uuid, Channel, Recorded)> {
    let [
        Value::Bytes(device),
        Value::Integer(channel),
        Value::Integer(start),
        Value::Integer(end),
        energy,
        Value::Integer(quality),
        Value::Integer(at),
    ] = values
    else {
        return None;
    };
    let instant = |microsecond: &i64| Timestamp::from_microsecond(*microsecond).ok();
    let interval = Interval::new(instant(start)?, instant(end)?).ok()?;
    let energy = match energy {
        Value::Integer(mwh) => Some(Energy::from_mwh(*mwh)),
        _ => None,
    };
    let quality = Quality::from_code(u8::try_from(*quality).ok()?)?;
    let reading = Reading::new(interval, energy, quality).ok()?;
    Some((
        Uuid::from_slice(device).ok()?,
        Channel::from_code(u8::try_from(*channel).ok()?)?,
        Recorded { reading, at: instant(at)? },
    ))
}
