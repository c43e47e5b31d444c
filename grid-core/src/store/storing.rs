//! The steps in which a transaction takes in readings: the registers are locked in one order, then their days are merged step by
//! step, and at the end their rows and those who listen are told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error,
    backend::per_driver,
    bulk::{Bulk, DayRow},
    change::{change, spans},
    channel_rows::{ChannelRows, ChannelState, Register, Wanted},
    events::{Audience, EventRow, Happening},
    fault::{Fault, not_found},
    ingest::{ByChannel, Ingested, Retired, by_channel},
    quotas::{Bounds, Kept, Room},
};
use crate::{
    energy::{
        Channel, Reading,
        ingest::{Portion, Sorted},
    },
    time::Interval,
};

/// What is stored of one register at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upload<'a> {
    pub(super) register: (Uuid, Channel),
    /// By start.
    pub(super) readings: &'a [Reading],
    /// Whose the device must be; whose it is does not matter where this is `None`.
    pub(super) owner: Option<Uuid>,
    pub(super) now: Timestamp,
}

impl Upload<'_> {
    /// From the first start of its readings to their last end.
    fn extent(&self) -> Option<Interval> {
        self.readings.iter().map(|reading| reading.interval()).reduce(Interval::hull)
    }
}

/// A register as it is stored.
fn row((device, channel): (Uuid, Channel)) -> Register {
    (device, i64::from(channel.code()))
}

/// What becomes of the others where one upload is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// They are part of the same thing, and it is refused.
    OfAll,
    /// They are stored.
    OfOne,
}

/// The uploads of channels.
pub(super) fn uploads<'c>(
    channels: &'c ByChannel<'_>,
    owner: Option<Uuid>,
    now: Timestamp,
) -> Vec<Upload<'c>> {
    channels.iter().map(|(&register, readings)| Upload { register, readings, owner, now }).collect()
}

/// How many uploads the next look at stored days is for, so that a large import holds those of one register at a time.
fn next_look(uploads: &[&Upload<'_>]) -> usize {
    const MOST: usize = 4096;
    let mut total = 0_usize;
    let fit = uploads.iter().take_while(|upload| {
        total = total.saturating_add(upload.readings.len());
        total <= MOST
    });
    fit.count().max(1)
}

/// How many days of readings, and how many replaced ones, come to what each user keeps.
type Grown = BTreeMap<Uuid, [u64; 2]>;

/// The registers that a transaction has locked, and what it has done to them so far.
#[derive(Debug, Default)]
pub(super) struct Entered {
    states: BTreeMap<Register, ChannelState>,
    /// Those that are not as their rows say any more.
    moved: BTreeSet<Register>,
    /// Days that have changed and are not written yet.
    days: Vec<DayRow>,
    grown: Grown,
    told: BTreeMap<(Uuid, Channel), Told>,
}

/// What those who listen are told of a register.
#[derive(Clone, Copy, Debug)]
struct Told {
    extent: Interval,
    changed: usize,
    now: Timestamp,
}

impl Entered {
    /// Whether a register's device is there, and its owner's where one was told.
    fn has(&self, register: (Uuid, Channel)) -> bool {
        self.states.contains_key(&row(register))
    }

    fn state(&self, register: (Uuid, Channel)) -> Result<ChannelState, Fault> {
        self.states.get(&row(register)).copied().ok_or(Fault::Gone(sqlx::Error::RowNotFound))
    }

    /// Notes what an upload did, which replaced so many readings.
    fn note(&mut self, upload: &Upload<'_>, ingested: Ingested, replaced: usize) {
        if let Some(state) = self.states.get_mut(&row(upload.register)) {
            let after = state.with(upload.readings);
            let [days, old] = self.grown.entry(state.owner).or_default();
            *days = days.saturating_add(after.days().saturating_sub(state.days()));
            *old = old.saturating_add(u64::try_from(replaced).unwrap_or(u64::MAX));
            if after != *state {
                *state = after;
                self.moved.insert(row(upload.register));
            }
        }
        let Some(extent) = upload.extent() else { return };
        let told = self.told.entry(upload.register).or_insert(Told { extent, changed: 0, now: upload.now });
        told.extent = told.extent.hull(extent);
        told.changed = told.changed.saturating_add(ingested.inserted).saturating_add(ingested.superseded);
    }

    /// What those who listen are told, of each register that was changed.
    fn events(&self) -> Result<Vec<EventRow>, Error> {
        let changed = self.told.iter().filter(|(_, told)| told.changed > 0);
        let event = |(&(device, channel), told): (&(Uuid, Channel), &Told)| {
            let what = Happening::Readings {
                device,
                channel,
                from: told.extent.start(),
                to: told.extent.end(),
                count: told.changed,
            };
            EventRow::new(Audience::Device(device), &what, told.now)
        };
        changed.map(event).collect()
    }
}

/// What became of each upload.
type Outcomes = BTreeMap<(Uuid, Channel), Result<Ingested, Error>>;

/// The steps of an ingest within a transaction.
pub(super) trait Ingest: ChannelRows + Room {
    /// Merges readings into those that stand; those of `retired` make place, as [`ledger::replace`] says.
    ///
    /// [`ledger::replace`]: crate::energy::ledger::replace
    async fn ingest(
        connection: &mut Self::Connection,
        channels: &ByChannel<'_>,
        retired: &Retired,
        bounds: &Bounds,
        now: Timestamp,
    ) -> Result<Ingested, Fault>;

    /// Merges uploads of registers, each named once and in order: all of them or none.
    async fn ingest_all(
        connection: &mut Self::Connection,
        uploads: &[Upload<'_>],
        retired: &Retired,
        bounds: &Bounds,
    ) -> Result<Ingested, Fault>;

    /// Merges the readings of several registers, each named once and in order, and says what became of each. One that is
    /// refused changes nothing, but that its channel may have a row which says that it is empty.
    async fn ingest_each(
        connection: &mut Self::Connection,
        uploads: &[Upload<'_>],
        retired: &Retired,
        refusal: Refusal,
        bounds: &Bounds,
    ) -> Result<Vec<Result<Ingested, Error>>, Fault>;

    /// Merges the readings of a file, whose registers are those of `registers`: all of them, with no more of them in memory than
    /// the file has there, or none.
    async fn ingest_sorted(
        connection: &mut Self::Connection,
        readings: &Sorted,
        registers: &[(Uuid, Channel)],
        owner: Option<Uuid>,
        bounds: &Bounds,
        now: Timestamp,
    ) -> Result<Ingested, Fault>;

    /// Locks registers, in order, and looks at what their rows say; without those whose device is not there, or is not its
    /// owner's where one is told.
    async fn enter(
        connection: &mut Self::Connection,
        registers: impl Iterator<Item = ((Uuid, Channel), Option<Uuid>)>,
    ) -> Result<Entered, Fault>;

    /// Merges uploads of registers that were entered, each named once, after writing the days that were not written yet.
    async fn merge(
        connection: &mut Self::Connection,
        entered: &mut Entered,
        uploads: &[&Upload<'_>],
        retired: &Retired,
        refusal: Refusal,
    ) -> Result<Outcomes, Fault>;

    /// Writes what the rows of the registers say now, the days that were not written yet, and what happened; refuses what is more than a user may keep.
    async fn leave(
        connection: &mut Self::Connection,
        entered: &Entered,
        bounds: &Bounds,
    ) -> Result<(), Fault>;
}

per_driver! {
    impl Ingest for Db {
        async fn ingest(
            connection: &mut Self::Connection,
            channels: &ByChannel<'_>,
            retired: &Retired,
            bounds: &Bounds,
            now: Timestamp,
        ) -> Result<Ingested, Fault> {
            let uploads = uploads(channels, None, now);
            Db::ingest_all(connection, &uploads, retired, bounds).await
        }

        async fn ingest_all(
            connection: &mut Self::Connection,
            uploads: &[Upload<'_>],
            retired: &Retired,
            bounds: &Bounds,
        ) -> Result<Ingested, Fault> {
            let mut ingested = Ingested::default();
            for outcome in Db::ingest_each(connection, uploads, retired, Refusal::OfAll, bounds).await? {
                ingested += outcome?;
            }
            Ok(ingested)
        }

        async fn ingest_each(
            connection: &mut Self::Connection,
            uploads: &[Upload<'_>],
            retired: &Retired,
            refusal: Refusal,
            bounds: &Bounds,
        ) -> Result<Vec<Result<Ingested, Error>>, Fault> {
            let wanted = uploads.iter().map(|upload| (upload.register, upload.owner));
            let mut entered = Db::enter(&mut *connection, wanted).await?;
            if refusal == Refusal::OfAll
                && let Some(unknown) = uploads.iter().find(|upload| !entered.has(upload.register))
            {
                return Err(not_found("device", &unknown.register.0).into());
            }
            let there: Vec<&Upload<'_>> =
                uploads.iter().filter(|upload| entered.has(upload.register)).collect();
            let mut outcomes = Db::merge(&mut *connection, &mut entered, &there, retired, refusal).await?;
            Db::leave(connection, &entered, bounds).await?;
            let outcome = |upload: &Upload<'_>| {
                outcomes
                    .remove(&upload.register)
                    .unwrap_or_else(|| Err(not_found("device", &upload.register.0)))
            };
            Ok(uploads.iter().map(outcome).collect())
        }

        async fn ingest_sorted(
            connection: &mut Self::Connection,
            readings: &Sorted,
            registers: &[(Uuid, Channel)],
            owner: Option<Uuid>,
            bounds: &Bounds,
            now: Timestamp,
        ) -> Result<Ingested, Fault> {
            let filled = readings.registers().iter().zip(registers).filter(|(told, _)| told.extent.is_some());
            // In one order in all transactions, whatever the file's is.
            let locked: BTreeSet<(Uuid, Channel)> = filled.map(|(_, register)| *register).collect();
            let wanted = locked.iter().map(|register| (*register, owner));
            let mut entered = Db::enter(&mut *connection, wanted).await?;
            if let Some((unknown, _)) = locked.iter().find(|register| !entered.has(**register)) {
                return Err(not_found("device", unknown).into());
            }
            let mut ingested = Ingested::default();
            let mut portions = readings.portions();
            loop {
                let (mut step, mut count) = (Vec::new(), 0);
                while count < readings.at_once()
                    && let Some(portion) = portions.next()
                {
                    let Portion { register, readings } = portion.map_err(Error::from)?;
                    count += readings.len();
                    step.extend(registers.get(register).map(|(device, channel)| (*device, *channel, readings)));
                }
                if step.is_empty() {
                    break;
                }
                let channels = by_channel(step)?;
                let uploads = uploads(&channels, owner, now);
                let uploads: Vec<&Upload<'_>> = uploads.iter().collect();
                let none = Retired::new();
                let outcomes =
                    Db::merge(&mut *connection, &mut entered, &uploads, &none, Refusal::OfAll).await?;
                for outcome in outcomes.into_values() {
                    ingested += outcome?;
                }
            }
            Db::leave(connection, &entered, bounds).await?;
            Ok(ingested)
        }

        async fn enter(
            connection: &mut Self::Connection,
            registers: impl Iterator<Item = ((Uuid, Channel), Option<Uuid>)>,
        ) -> Result<Entered, Fault> {
            let wanted: Vec<Wanted> = registers.map(|(register, owner)| (row(register), owner)).collect();
            let claimed: Vec<Register> = Db::claim(&mut *connection, &wanted).await?.into_iter().collect();
            let mut states = Db::states(connection, &claimed).await?;
            // While a row was waited for its device may have come to somebody else.
            for (register, owner) in &wanted {
                if states.get(register).is_some_and(|state| owner.is_some_and(|owner| owner != state.owner)) {
                    states.remove(register);
                }
            }
            Ok(Entered { states, ..Entered::default() })
        }

        async fn merge(
            connection: &mut Self::Connection,
            entered: &mut Entered,
            uploads: &[&Upload<'_>],
            retired: &Retired,
            refusal: Refusal,
        ) -> Result<Outcomes, Fault> {
            let none = BTreeSet::new();
            let mut outcomes = Outcomes::new();
            Db::put_days(&mut *connection, &std::mem::take(&mut entered.days)).await?;
            let mut old = Vec::new();
            let mut rest = uploads;
            while let Some((look, later)) = rest.split_at_checked(next_look(rest)) {
                rest = later;
                let mut asked = Vec::new();
                for upload in look {
                    let state = entered.state(upload.register)?;
                    if state.first_start.is_some() {
                        asked.extend(spans(row(upload.register), upload.readings, state.reach));
                    }
                }
                let stored = Db::packed_days(&mut *connection, &asked).await?;
                for upload in look {
                    let state = entered.state(upload.register)?;
                    let retired = retired.get(&upload.register).unwrap_or(&none);
                    let outcome = change(upload, &state, &stored, retired).map(|mut change| {
                        entered.note(upload, change.ingested, change.old.len());
                        entered.days.append(&mut change.days);
                        old.append(&mut change.old);
                        change.ingested
                    });
                    if refusal == Refusal::OfAll {
                        outcomes.insert(upload.register, Ok(outcome?));
                    } else {
                        outcomes.insert(upload.register, outcome);
                    }
                }
            }
            Db::put_superseded(connection, &old).await?;
            Ok(outcomes)
        }

        async fn leave(
            connection: &mut Self::Connection,
            entered: &Entered,
            bounds: &Bounds,
        ) -> Result<(), Fault> {
            let moved = entered.moved.iter();
            let states: Vec<_> =
                moved.filter_map(|register| Some((*register, *entered.states.get(register)?))).collect();
            Db::put(&mut *connection, &states, &entered.days, &entered.events()?).await?;
            for (owner, grown) in &entered.grown {
                for (kept, added) in [Kept::ReadingDays, Kept::ReplacedReadings].into_iter().zip(*grown) {
                    if bounds.is_due(kept, *owner, added) {
                        Db::keeps(&mut *connection, bounds, kept, *owner, added).await?;
                    }
                }
            }
            Ok(())
        }
    }
}
