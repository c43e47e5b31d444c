//! What cumulative registers showed and what happened to them, and the readings that follow from it.
//!
//! A read is kept by its instant, an event by its instant and kind; told again with another value it is corrected, and
//! what it was stays in its table, and so does a read that is withdrawn. What a call tells is put between the last look before it and the first one after
//! it, and the energy between the looks is derived anew there, so that a late read or event parts a reading that had
//! been derived across it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Ingested, Store,
    backend::{on, per_driver},
    bulk::{Bulk, RegisterReadRow},
    channel_rows::ChannelRows as _,
    fault::{Fault, not_found},
    ingest::{Retired, by_channel},
    readings::Query,
    register_rows::{RegisterRows, Told, event_row},
    rows::{self, key},
    sql::sql,
    storing::Ingest as _,
};
use crate::{
    energy::{
        Channel, Reading,
        ledger::Recorded,
        meter::{self, Advances, Event, Multiplier, Read},
    },
    quantity::{Energy, Power},
    series::Quality,
    time::Interval,
};

/// What was read off a register, and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterReport {
    /// The device.
    pub device: Uuid,
    /// The channel.
    pub channel: Channel,
    /// The reads, in any order, to the microsecond.
    pub reads: Vec<Read>,
    /// The events, in any order, to the microsecond.
    pub events: Vec<Event>,
    /// The instants of reads that were told before and are taken back, to the microsecond.
    pub withdrawn: Vec<Timestamp>,
    /// At what value the register that was there at the first of them shows zero again, where that is told.
    pub modulus: Option<Energy>,
    /// What one count of it stands for, where that is told.
    pub multiplier: Option<Multiplier>,
}

/// What is kept of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keep {
    /// Nothing; it is only computed.
    Nothing,
    /// The reads and events, without the readings that follow: for a channel that has readings of its own, to which the
    /// register is a check.
    Reads,
    /// The reads, the events and the readings that follow from them.
    Readings,
}

/// What became of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// What became of the reads and events.
    pub reads: Ingested,
    /// What became of the readings that follow.
    pub readings: Ingested,
    /// The readings from the last look before the report to the first one after it, and what does not fit.
    pub advances: Advances,
}

/// What is kept of a channel's register where a report meets it, and what would be with the report.
#[derive(Debug, Default)]
struct Stretch {
    reads: Ingested,
    new_reads: Vec<RegisterReadRow>,
    new_events: Vec<Told>,
    before: Advances,
    after: Advances,
}

impl Stretch {
    /// The intervals of readings that followed before and do not any more.
    fn parted(&self) -> BTreeSet<Interval> {
        let intervals = |advances: &Advances| -> BTreeSet<Interval> {
            advances.readings.iter().map(|reading| reading.interval()).collect()
        };
        intervals(&self.before).difference(&intervals(&self.after)).copied().collect()
    }

    /// What followed from a read that is withdrawn and that no other reading has in it now: it is missing.
    fn lost(&self) -> Vec<Reading> {
        let within = |interval: Interval| {
            self.after.readings.iter().any(|reading| reading.interval().overlaps(interval))
        };
        let gone = self.before.readings.iter().map(|reading| reading.interval());
        gone.filter(|interval| !within(*interval))
            .filter_map(|interval| Reading::new(interval, None, Quality::Missing).ok())
            .collect()
    }

    /// A fault that makes what was told no use at all: it cannot be, whatever comes later.
    fn refusal(&self) -> Option<&meter::Fault> {
        self.after.faults.iter().find(|fault| {
            matches!(
                fault,
                meter::Fault::ContradictoryReads { .. }
                    | meter::Fault::ContradictoryEvents { .. }
                    | meter::Fault::CounterOutOfRange { .. }
            )
        })
    }
}

/// Whether a reading that follows is taken in beside those that stand. A missing one takes nobody's place but that of
/// what followed before: where something was put in for it, that stays.
fn adds(reading: Reading, standing: &[Recorded], parted: &BTreeSet<Interval>) -> bool {
    let known = |recorded: &Recorded| {
        let other = recorded.reading;
        other.energy().is_some()
            && other.interval().overlaps(reading.interval())
            && !parted.contains(&other.interval())
            && (other.interval() != reading.interval() || other.quality() == Quality::Substituted)
    };
    reading.energy().is_some() || !standing.iter().any(known)
}

/// From the first start to the last end.
pub(super) fn hull(readings: &[Reading]) -> Option<Interval> {
    let start = readings.iter().map(|reading| reading.interval().start()).min()?;
    let end = readings.iter().map(|reading| reading.interval().end()).max()?;
    Interval::new(start, end).ok()
}

/// The instants of a report, as stored.
fn instants(report: &MeterReport) -> Option<(i64, i64)> {
    let reads = report.reads.iter().map(|read| read.at);
    let events = report.events.iter().map(|event| event.at());
    let all: Vec<i64> =
        reads.chain(events).chain(report.withdrawn.iter().copied()).map(Timestamp::as_microsecond).collect();
    all.iter().min().copied().zip(all.iter().max().copied())
}

/// The steps of a report within a transaction.
trait Registers: RegisterRows {
    /// What the report meets and makes; nothing is written.
    async fn stretch(
        connection: &mut Self::Connection,
        report: &MeterReport,
        now: Timestamp,
    ) -> Result<Stretch, Fault>;
}

per_driver! {
    impl Registers for Db {
        async fn stretch(
            connection: &mut Self::Connection,
            report: &MeterReport,
            now: Timestamp,
        ) -> Result<Stretch, Fault> {
            let register = (report.device, report.channel);
            let device: Option<(Option<i64>,)> =
                sqlx::query_as::<Db, (Option<i64>,)>(sql!("SELECT rated_power FROM devices WHERE id = ?"))
                    .bind(key(&report.device))
                    .fetch_optional(&mut *connection)
                    .await?;
            let (rated_power,) = device.ok_or_else(|| not_found("device", &report.device))?;
            let rated_power = rated_power.map(Power::from_milliwatt);
            let Some((first, last)) = instants(report) else { return Ok(Stretch::default()) };
            let old = Db::history_of(&mut *connection, register, rated_power).await?;
            let mut new = old.clone();
            let mut stretch = Stretch::default();
            let recorded_at = now.as_microsecond();
            new.describe(report, first, rated_power, recorded_at, &mut stretch.new_events)?;
            for &event in &report.events {
                let told = event_row(event, rated_power, recorded_at)?;
                new.tell(told, &mut stretch.reads, &mut stretch.new_events);
            }
            let (from, to) = Db::looks_around(&mut *connection, register, &old, first, last).await?;
            // Another meter may count otherwise, so all that follows an exchange is derived anew.
            let exchanged = stretch.new_events.iter().any(Told::is_exchange);
            let to = if exchanged { i64::MAX } else { to };
            let stored = Db::reads_of(&mut *connection, register, from, to).await?;
            let mut reads = stored.clone();
            let mut said = BTreeMap::new();
            for &read in &report.reads {
                let at = read.at.as_microsecond();
                if let Some(earlier) = said.insert(at, read)
                    && (earlier.counter, earlier.quality) != (read.counter, read.quality)
                {
                    let counters = BTreeSet::from([earlier.counter, read.counter]).into_iter().collect();
                    let fault = meter::Fault::ContradictoryReads { at: read.at, counters };
                    return Err(Fault::Refused(Error::NotARegister { fault }));
                }
            }
            for &at in &report.withdrawn {
                let at = at.as_microsecond();
                // What is told anew is not taken back.
                let missing = || not_found("register read", &rows::instant(at, "register read").unwrap_or_default());
                let (there, recorded) = *reads.get(&at).filter(|_| !said.contains_key(&at)).ok_or_else(missing)?;
                let Some(read) = there else {
                    stretch.reads.unchanged += 1;
                    continue;
                };
                stretch.reads.superseded += 1;
                let recorded_at = recorded_at.max(recorded.saturating_add(1));
                reads.insert(at, (None, recorded_at));
                stretch.new_reads.push(RegisterReadRow {
                    device: report.device,
                    channel: i64::from(report.channel.code()),
                    read_at: at,
                    recorded_at,
                    counter: read.counter.as_mwh(),
                    quality: i64::from(Quality::Missing.code()),
                });
            }
            for (at, read) in said {
                let read = Read { at: rows::instant(at, "register read")?, ..read };
                let recorded_at = match reads.get(&at) {
                    Some((Some(there), _)) if *there == read => {
                        stretch.reads.unchanged += 1;
                        continue;
                    }
                    Some((there, recorded)) => {
                        // One that was withdrawn is told as if it never had been.
                        let count = if there.is_some() {
                            &mut stretch.reads.superseded
                        } else {
                            &mut stretch.reads.inserted
                        };
                        *count += 1;
                        recorded_at.max(recorded.saturating_add(1))
                    }
                    None => {
                        stretch.reads.inserted += 1;
                        recorded_at
                    }
                };
                reads.insert(at, (Some(read), recorded_at));
                stretch.new_reads.push(RegisterReadRow {
                    device: report.device,
                    channel: i64::from(report.channel.code()),
                    read_at: at,
                    recorded_at,
                    counter: read.counter.as_mwh(),
                    quality: i64::from(read.quality.code()),
                });
            }
            stretch.before = old.advances(&stored, from, to, rated_power);
            stretch.after = new.advances(&reads, from, to, rated_power);
            Ok(stretch)
        }
    }
}

impl Store {
    /// Takes in what a register showed and what happened to it, and says what was used between the looks.
    ///
    /// What is derived goes on from the last look that is stored. A read of an instant that is there already corrects
    /// it; a read or an exchange between two looks parts the reading that had been derived across it, which stays in
    /// the history; a read that is withdrawn joins the readings at its sides, or leaves one of them missing. Where nobody
    /// can say what was used the reading is missing, and a fault says why.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a device, or a read to withdraw, that is not there or is told in the same report;
    /// [`Error::NotARegister`] where what is told cannot be, so that it is no use (of [`Keep::Nothing`] only where one
    /// report gives two values to one read); [`Error::OtherRegister`] where another modulus or multiplier is told than
    /// before; [`Error::Energy`] with [`energy::Error::Overlap`](crate::energy::Error::Overlap) where the channel has
    /// readings of other intervals; or a fault of the database. Nothing is kept then.
    pub async fn record_register(
        &self,
        report: &MeterReport,
        keep: Keep,
        now: Timestamp,
    ) -> Result<Registered, Error> {
        if keep == Keep::Nothing {
            return on!(self, snapshot "look at a register", |connection| {
                let stretch = Db::stretch(connection, report, now).await?;
                Ok(Registered { advances: stretch.after, ..Registered::default() })
            });
        }
        let (register, code) = ((report.device, report.channel), i64::from(report.channel.code()));
        on!(self, write "record a register", |connection| {
            // The channel's row is the lock of its register, too.
            if Db::claim(&mut *connection, &[((report.device, code), None)]).await?.is_empty() {
                return Err(not_found("device", &report.device).into());
            }
            let stretch = Db::stretch(&mut *connection, report, now).await?;
            if let Some(fault) = stretch.refusal() {
                return Err(Fault::Refused(Error::NotARegister { fault: fault.clone() }));
            }
            Db::put_register_reads(&mut *connection, &stretch.new_reads).await?;
            for told in &stretch.new_events {
                Db::put_event(&mut *connection, register, told).await?;
            }
            let mut registered =
                Registered { reads: stretch.reads, advances: stretch.after.clone(), ..Registered::default() };
            let lost = stretch.lost();
            let all: Vec<Reading> = stretch.after.readings.iter().chain(&lost).copied().collect();
            if let (Keep::Readings, Some(extent)) = (keep, hull(&all)) {
                let parted = stretch.parted();
                let standing = Db::standing(&mut *connection, register, extent).await?;
                let stood = |reading: Reading| {
                    standing.iter().any(|other| {
                        let (other, interval) = (other.reading, reading.interval());
                        other.interval() == interval && other.quality() != Quality::Substituted
                    })
                };
                let is_new = |reading: &Reading| adds(*reading, &standing, &parted);
                let readings: Vec<Reading> = stretch
                    .after
                    .readings
                    .iter()
                    .filter(|reading| is_new(reading))
                    .chain(lost.iter().filter(|reading| stood(**reading)))
                    .copied()
                    .collect();
                // What was only known to be missing makes place for what is known.
                let missing = standing.iter().filter(|recorded| recorded.reading.energy().is_none());
                let retired = parted.into_iter().chain(missing.map(|recorded| recorded.reading.interval()));
                let channels = by_channel([(report.device, report.channel, readings)])?;
                let retired = Retired::from([(register, retired.collect())]);
                registered.readings = Db::ingest(connection, &channels, &retired, &self.bounds, now).await?;
            }
            Ok(registered)
        })
    }

    /// What a register counted between its looks, as far as that shares an instant with `interval`.
    ///
    /// # Errors
    ///
    /// A fault of the database; a register of which nothing was told has no advances.
    pub async fn register_advances(
        &self,
        device: Uuid,
        channel: Channel,
        interval: Interval,
    ) -> Result<Advances, Error> {
        let register = (device, channel);
        // The looks at the ends count as around it.
        let first = interval.start().as_microsecond().saturating_add(1);
        let last = interval.end().as_microsecond().saturating_sub(1);
        let advances = on!(self, snapshot "load the advances of a register", |connection| {
            let history = Db::history_of(&mut *connection, register, None).await?;
            let (from, to) = Db::looks_around(&mut *connection, register, &history, first, last).await?;
            let reads = Db::reads_of(connection, register, from, to).await?;
            Ok(history.advances(&reads, from, to, None))
        });
        advances.map(|mut advances: Advances| {
            advances.readings.retain(|reading| reading.interval().overlaps(interval));
            advances
        })
    }
}
