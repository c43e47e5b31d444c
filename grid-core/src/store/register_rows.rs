//! The rows of `register_reads` and `register_events`, and what they say together.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    Error, Ingested,
    backend::per_driver,
    fault::Fault,
    registers::MeterReport,
    rows::{self, key},
    sql::sql,
};
use crate::{
    energy::{
        Channel,
        meter::{Advances, Event, Multiplier, Read, Register},
    },
    quantity::{Energy, Power},
    series::Quality,
};

const READ: &str = "register read";
const EVENT: &str = "register event";

/// What is said of the first register of a channel stands in the table as an event of this kind.
const DESCRIPTION: &str = "register";

/// When something happened, in microseconds, and its kind.
pub(super) type EventKey = (i64, &'static str);

/// The reads that stand, by their instants in microseconds, each with when it was recorded; `None` for one that was
/// withdrawn. A row of quality [`Quality::Missing`] withdraws.
pub(super) type StoredReads = BTreeMap<i64, (Option<Read>, i64)>;

type ReadRow = (i64, i64, i64, i64);
type EventRow = (i64, String, i64, Option<i64>, Option<i64>, Option<i64>, Option<String>);

/// An event or a description, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) happened_at: i64,
    pub(super) kind: &'static str,
    pub(super) recorded_at: i64,
    /// `None` for a description.
    event: Option<Event>,
    /// What is known of the register from then on; `None` where that is nothing new.
    register: Option<Register>,
}

impl Told {
    /// Whether another meter came.
    pub(super) const fn is_exchange(&self) -> bool {
        matches!(self.event, Some(Event::Exchange { .. }))
    }
}

const fn kind(event: Event) -> &'static str {
    match event {
        Event::Rollover { .. } => "rollover",
        Event::Exchange { .. } => "exchange",
        Event::Reset { .. } => "reset",
    }
}

fn rated(register: Register, rated_power: Option<Power>) -> Register {
    rated_power.map_or(register, |power| register.with_rated_power(power))
}

/// A register with a modulus and a multiplier.
fn register_of(
    modulus: Option<Energy>,
    multiplier: Option<Multiplier>,
) -> Result<Register, crate::energy::Error> {
    let register = Register::new().with_multiplier(multiplier.unwrap_or_default());
    modulus.map_or(Ok(register), |modulus| register.with_modulus(modulus))
}

/// An event as it is to be stored: to the microsecond, and with the device's rated power.
pub(super) fn event_row(event: Event, rated_power: Option<Power>, recorded_at: i64) -> Result<Told, Error> {
    let at = rows::instant(event.at().as_microsecond(), EVENT)?;
    let event = match event {
        Event::Rollover { .. } => Event::Rollover { at },
        Event::Reset { from, to, .. } => Event::Reset { at, from, to },
        Event::Exchange { last, first, register, .. } => {
            let register = register.map(|register| rated(register, rated_power));
            Event::Exchange { at, last, first, register }
        }
    };
    let register = match event {
        Event::Exchange { register, .. } => register,
        Event::Rollover { .. } | Event::Reset { .. } => None,
    };
    Ok(Told {
        happened_at: at.as_microsecond(),
        kind: kind(event),
        recorded_at,
        event: Some(event),
        register,
    })
}

fn told(
    (happened_at, kind, recorded_at, before, after, modulus, multiplier): EventRow,
    rated_power: Option<Power>,
) -> Result<Told, Error> {
    let corrupt = |reason| Error::Corrupt { thing: EVENT, reason };
    let at = rows::instant(happened_at, EVENT)?;
    let multiplier: Option<Multiplier> =
        multiplier.map(|text| text.parse().map_err(|_| corrupt("its multiplier is not one"))).transpose()?;
    let register = match multiplier {
        None => None,
        Some(multiplier) => {
            let register = register_of(modulus.map(Energy::from_mwh), Some(multiplier))
                .map_err(|_| corrupt("its modulus is not one"))?;
            Some(rated(register, rated_power))
        }
    };
    let shown = |counter: Option<i64>| {
        counter.map(Energy::from_mwh).ok_or_else(|| corrupt("what the register showed is not there"))
    };
    let event = match kind.as_str() {
        "rollover" => Some(Event::Rollover { at }),
        "exchange" => Some(Event::Exchange { at, last: shown(before)?, first: shown(after)?, register }),
        "reset" => Some(Event::Reset { at, from: before.map(Energy::from_mwh), to: shown(after)? }),
        DESCRIPTION => None,
        _ => return Err(corrupt("its kind is not known")),
    };
    Ok(Told { happened_at, kind: event.map_or(DESCRIPTION, self::kind), recorded_at, event, register })
}

fn read((at, recorded_at, counter, quality): ReadRow) -> Result<(i64, (Option<Read>, i64)), Error> {
    let quality = u8::try_from(quality)
        .ok()
        .and_then(Quality::from_code)
        .ok_or(Error::Corrupt { thing: READ, reason: "its quality is not known" })?;
    let read = Read { at: rows::instant(at, READ)?, counter: Energy::from_mwh(counter), quality };
    Ok((at, (Some(read).filter(|read| read.quality != Quality::Missing), recorded_at)))
}

/// All that happened to the registers of a channel, as it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    events: BTreeMap<EventKey, Told>,
    description: Option<Told>,
}

impl History {
    /// The instants at which something happened that is a look at the register.
    pub(super) fn breaks(&self) -> impl Iterator<Item = i64> {
        let is_break =
            |told: &&Told| told.event.is_some_and(|event| !matches!(event, Event::Rollover { .. }));
        self.events.values().filter(is_break).map(|told| told.happened_at)
    }

    /// The register that was there just before an instant, and whether an exchange brought it.
    fn register_before(&self, at: i64) -> (Register, bool) {
        let brought = self.events.range(..(at, "")).rev().find_map(|(_, told)| told.register);
        let first = || self.description.and_then(|told| told.register).unwrap_or_default();
        (brought.unwrap_or_else(first), brought.is_some())
    }

    /// Takes in what a report says of the register itself.
    pub(super) fn describe(
        &mut self,
        report: &MeterReport,
        first: i64,
        rated_power: Option<Power>,
        now: i64,
        new: &mut Vec<Told>,
    ) -> Result<(), Error> {
        let (there, brought) = self.register_before(first);
        let other = || Error::OtherRegister { device: report.device, channel: report.channel };
        let multiplier = match (self.description, report.multiplier) {
            (Some(_), Some(told)) if told != there.multiplier() => return Err(other()),
            (None, Some(told)) => told,
            _ => there.multiplier(),
        };
        let modulus = match (there.modulus(), report.modulus) {
            (Some(known), Some(told)) if known != told => return Err(other()),
            // What an exchange brought is corrected by the exchange.
            (None, Some(_)) if brought => return Err(other()),
            (known, told) => told.or(known),
        };
        if brought || (self.description.is_some() && modulus == there.modulus()) {
            return Ok(());
        }
        let earlier = self.description.map(|told| (told.happened_at, told.recorded_at.saturating_add(1)));
        let (happened_at, least) = earlier.unwrap_or((first, now));
        let register = rated(register_of(modulus, Some(multiplier))?, rated_power);
        let told = Told {
            happened_at,
            kind: DESCRIPTION,
            recorded_at: now.max(least),
            event: None,
            register: Some(register),
        };
        self.description = Some(told);
        new.push(told);
        Ok(())
    }

    /// Takes in an event: a new one, the same again, or a correction.
    pub(super) fn tell(&mut self, told: Told, count: &mut Ingested, new: &mut Vec<Told>) {
        let place = (told.happened_at, told.kind);
        let recorded_at = match self.events.get(&place) {
            Some(there) if there.event == told.event => {
                count.unchanged += 1;
                return;
            }
            Some(there) => {
                count.superseded += 1;
                told.recorded_at.max(there.recorded_at.saturating_add(1))
            }
            None => {
                count.inserted += 1;
                told.recorded_at
            }
        };
        let told = Told { recorded_at, ..told };
        self.events.insert(place, told);
        new.push(told);
    }

    /// What the register counted between the looks of a stretch.
    pub(super) fn advances(
        &self,
        reads: &StoredReads,
        from: i64,
        to: i64,
        rated_power: Option<Power>,
    ) -> Advances {
        let reads: Vec<Read> = reads.values().filter_map(|(read, _)| *read).collect();
        let told = self.events.values().filter(|told| (from..=to).contains(&told.happened_at));
        let events: Vec<Event> = told.filter_map(|told| told.event).collect();
        let (register, _) = self.register_before(from);
        rated(register, rated_power).advances(&reads, &events)
    }
}

/// What is loaded and inserted.
pub(super) trait RegisterRows: sqlx::Database {
    /// All events of a channel, as they stand.
    async fn history_of(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        rated_power: Option<Power>,
    ) -> Result<History, Fault>;

    /// The last look before `first` and the first one after `last`, of those that were not withdrawn; these themselves
    /// where there is none.
    async fn looks_around(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        history: &History,
        first: i64,
        last: i64,
    ) -> Result<(i64, i64), Fault>;

    /// The reads from one instant to another, both included, as they stand.
    async fn reads_of(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        from: i64,
        to: i64,
    ) -> Result<StoredReads, Fault>;

    /// Inserts an event or a description.
    async fn put_event(
        connection: &mut Self::Connection,
        register: (Uuid, Channel),
        told: &Told,
    ) -> Result<(), Fault>;
}

per_driver! {
    impl RegisterRows for Db {
        async fn history_of(
            connection: &mut Self::Connection,
            register: (Uuid, Channel),
            rated_power: Option<Power>,
        ) -> Result<History, Fault> {
            let found: Vec<EventRow> = sqlx::query_as::<Db, EventRow>(sql!(
                "SELECT happened_at, kind, recorded_at, shown_before, shown_after, modulus, multiplier \
                 FROM register_events WHERE device = ? AND channel = ? ORDER BY recorded_at"
            ))
            .bind(key(&register.0))
            .bind(i64::from(register.1.code()))
            .fetch_all(connection)
            .await?;
            let mut history = History::default();
            // Of one place the last one stands.
            for row in found {
                let told = told(row, rated_power)?;
                if told.event.is_none() {
                    history.description = Some(told);
                } else {
                    history.events.insert((told.happened_at, told.kind), told);
                }
            }
            Ok(history)
        }

        async fn looks_around(
            connection: &mut Self::Connection,
            register: (Uuid, Channel),
            history: &History,
            first: i64,
            last: i64,
        ) -> Result<(i64, i64), Fault> {
            let (before,): (Option<i64>,) = sqlx::query_as::<Db, (Option<i64>,)>(sql!(
                "SELECT MAX(r.read_at) FROM register_reads r \
                 WHERE r.device = ? AND r.channel = ? AND r.read_at < ? AND r.quality <> 3 AND NOT EXISTS \
                 (SELECT 1 FROM register_reads w WHERE w.device = r.device AND w.channel = r.channel \
                 AND w.read_at = r.read_at AND w.recorded_at > r.recorded_at AND w.quality = 3)"
            ))
            .bind(key(&register.0))
            .bind(i64::from(register.1.code()))
            .bind(first)
            .fetch_one(&mut *connection)
            .await?;
            let (after,): (Option<i64>,) = sqlx::query_as::<Db, (Option<i64>,)>(sql!(
                "SELECT MIN(r.read_at) FROM register_reads r \
                 WHERE r.device = ? AND r.channel = ? AND r.read_at > ? AND r.quality <> 3 AND NOT EXISTS \
                 (SELECT 1 FROM register_reads w WHERE w.device = r.device AND w.channel = r.channel \
                 AND w.read_at = r.read_at AND w.recorded_at > r.recorded_at AND w.quality = 3)"
            ))
            .bind(key(&register.0))
            .bind(i64::from(register.1.code()))
            .bind(last)
            .fetch_one(&mut *connection)
            .await?;
            let before = history.breaks().filter(|&at| at < first).chain(before).max();
            let after = history.breaks().filter(|&at| at > last).chain(after).min();
            Ok((before.unwrap_or(first), after.unwrap_or(last)))
        }

        async fn reads_of(
            connection: &mut Self::Connection,
            register: (Uuid, Channel),
            from: i64,
            to: i64,
        ) -> Result<StoredReads, Fault> {
            let found: Vec<ReadRow> = sqlx::query_as::<Db, ReadRow>(sql!(
                "SELECT read_at, recorded_at, counter, quality FROM register_reads \
                 WHERE device = ? AND channel = ? AND read_at >= ? AND read_at <= ? ORDER BY read_at, recorded_at"
            ))
            .bind(key(&register.0))
            .bind(i64::from(register.1.code()))
            .bind(from)
            .bind(to)
            .fetch_all(connection)
            .await?;
            // Of one instant the last one stands.
            Ok(found.into_iter().map(read).collect::<Result<_, _>>()?)
        }

        async fn put_event(
            connection: &mut Self::Connection,
            register: (Uuid, Channel),
            told: &Told,
        ) -> Result<(), Fault> {
            let (before, after) = match told.event {
                Some(Event::Exchange { last, first, .. }) => (Some(last), Some(first)),
                Some(Event::Reset { from, to, .. }) => (from, Some(to)),
                Some(Event::Rollover { .. }) | None => (None, None),
            };
            sqlx::query::<Db>(sql!(
                "INSERT INTO register_events (device, channel, happened_at, kind, recorded_at, shown_before, \
                 shown_after, modulus, multiplier) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            ))
            .bind(key(&register.0))
            .bind(i64::from(register.1.code()))
            .bind(told.happened_at)
            .bind(told.kind)
            .bind(told.recorded_at)
            .bind(before.map(Energy::as_mwh))
            .bind(after.map(Energy::as_mwh))
            .bind(told.register.and_then(Register::modulus).map(Energy::as_mwh))
            .bind(told.register.map(|register| register.multiplier().to_string()))
            .execute(connection)
            .await?;
            Ok(())
        }
    }
}
