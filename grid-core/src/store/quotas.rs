//! How much one user, and one community, may keep: counted in the transaction that adds, where nobody gets past it.
//!
//! Whoever adds has added when it is counted, and is alone from then until the transaction ends: for a user under a row of
//! its own among the throttles, which nothing else waits for, so that a large file keeps nobody from logging in while it is
//! stored; for a community under the lock that whoever writes what its bills are made from holds anyway.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::{
    Error, Store,
    backend::{Driver, per_driver},
    fault::Fault,
    rows::key,
    sql::sql,
    throttles::Claim,
};
use crate::auth::sha256;

/// What there may be only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kept {
    /// Devices of a user.
    Devices,
    /// Bytes of battery recordings of a user.
    RecordingBytes,
    /// Communities that a user has made.
    Communities,
    /// Days of readings of a user: of each channel those from its first reading to its last.
    ReadingDays,
    /// Readings of a user that others have replaced.
    ReplacedReadings,
    /// Battery levels of a user.
    Levels,
    /// Forecasts of a user.
    Forecasts,
    /// API keys of a user; those that are no longer good make room.
    ApiKeys,
    /// Members of a community.
    Members,
    /// Bytes of a community's contracts, sharing keys and tariffs.
    AgreementBytes,
    /// Prices of a community.
    Prices,
    /// Settlements that a community has issued.
    Settlements,
}

/// How much of each one user, or one community, may keep. What is stored past the API, as by an import on the command line,
/// has no limits unless it is given some.
///
/// As a document it has a number for each field that is said; what is not said has no limit.
///
/// ```
/// use grid_core::store::Quotas;
/// let quotas: Quotas = serde_json::from_str(r#"{"devices": 100}"#)?;
/// assert_eq!(quotas, Quotas { devices: 100, ..Quotas::NONE });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// The most of [`Kept::Devices`].
    pub devices: u64,
    /// The most of [`Kept::RecordingBytes`].
    pub recording_bytes: u64,
    /// The most of [`Kept::Communities`].
    pub communities: u64,
    /// The most of [`Kept::ReadingDays`].
    pub reading_days: u64,
    /// The most of [`Kept::ReplacedReadings`].
    pub replaced_readings: u64,
    /// The most of [`Kept::Levels`].
    pub levels: u64,
    /// The most of [`Kept::Forecasts`].
    pub forecasts: u64,
    /// The most of [`Kept::ApiKeys`].
    pub api_keys: u64,
    /// The most sessions of a user. Whoever logs in once more loses the one that was not used for longest.
    pub sessions: u64,
    /// The most of [`Kept::Members`].
    pub members: u64,
    /// The most of [`Kept::AgreementBytes`].
    pub agreement_bytes: u64,
    /// The most of [`Kept::Prices`].
    pub prices: u64,
    /// The most of [`Kept::Settlements`].
    pub settlements: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self::NONE
    }
}

impl Quotas {
    /// As much as there is room for.
    pub const NONE: Self = Self {
        devices: u64::MAX,
        recording_bytes: u64::MAX,
        communities: u64::MAX,
        reading_days: u64::MAX,
        replaced_readings: u64::MAX,
        levels: u64::MAX,
        forecasts: u64::MAX,
        api_keys: u64::MAX,
        sessions: u64::MAX,
        members: u64::MAX,
        agreement_bytes: u64::MAX,
        prices: u64::MAX,
        settlements: u64::MAX,
    };

    /// The most of one thing; `None` where it is not counted.
    fn most(&self, kept: Kept) -> Option<u64> {
        let most = match kept {
            Kept::Devices => self.devices,
            Kept::RecordingBytes => self.recording_bytes,
            Kept::Communities => self.communities,
            Kept::ReadingDays => self.reading_days,
            Kept::ReplacedReadings => self.replaced_readings,
            Kept::Levels => self.levels,
            Kept::Forecasts => self.forecasts,
            Kept::ApiKeys => self.api_keys,
            Kept::Members => self.members,
            Kept::AgreementBytes => self.agreement_bytes,
            Kept::Prices => self.prices,
            Kept::Settlements => self.settlements,
        };
        (most < u64::MAX).then_some(most)
    }
}

/// Those who have reached a quota: when that was counted last, and how much there was.
type Full = HashMap<(Kept, Uuid), (Instant, u64)>;

/// How long somebody who keeps too much of what cannot be removed is refused without counting again.
const SETTLED: Duration = Duration::from_secs(30);

/// The quotas of a store, and those who have reached one.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds {
    pub(super) quotas: Quotas,
    full: Arc<Mutex<Full>>,
}

impl Bounds {
    /// The most of one thing; `None` where it is not counted.
    pub(super) fn most(&self, kept: Kept) -> Option<u64> {
        self.quotas.most(kept)
    }

    /// Whether it is time to count what comes in small pieces all day, where `added` more of it come.
    ///
    /// A meter sends one reading after the other, and to count at each would cost more than to store it. So what comes is
    /// counted each time where it is a thousandth of the limit or more, and else with the chance that it is of such a
    /// thousandth; and each time once it was too much, until it is not. A user goes over by about a thousandth, however
    /// small the pieces are in which it comes.
    pub(super) fn is_due(&self, kept: Kept, whose: Uuid, added: u64) -> bool {
        let Some(most) = self.most(kept).filter(|_| added > 0) else { return false };
        let window = (most / 1000).max(1);
        // The standard library seeds its hasher from the operating system.
        added >= window
            || RandomState::new().hash_one(added) % window < added
            || self.full().contains_key(&(kept, whose))
    }

    /// Whether a user has been refused readings a moment ago.
    pub(super) fn is_full(&self, user: Uuid) -> bool {
        let full = self.full();
        let is_recent = |kept| full.get(&(kept, user)).is_some_and(|(at, _)| at.elapsed() < SETTLED);
        [Kept::ReadingDays, Kept::ReplacedReadings].into_iter().any(is_recent)
    }

    /// Refuses where there is more than there may be, `new` of which have just been added.
    fn check(&self, kept: Kept, whose: Uuid, there: u64, new: u64, most: u64) -> Result<(), Fault> {
        if there <= most {
            self.full().remove(&(kept, whose));
            return Ok(());
        }
        let there = there.saturating_sub(new);
        self.full().insert((kept, whose), (Instant::now(), there));
        Err(Fault::Refused(Error::Full { kept, there, new, most }))
    }

    /// Refuses who was refused a moment ago: to count millions of rows at each of their uploads would keep others waiting.
    /// What can be removed is counted each time.
    fn remember(&self, kept: Kept, whose: Uuid, new: u64, most: u64) -> Result<(), Fault> {
        match self.full().get(&(kept, whose)) {
            Some(&(at, there))
                if matches!(kept, Kept::ReadingDays | Kept::ReplacedReadings)
                    && there.saturating_add(new) > most
                    && at.elapsed() < SETTLED =>
            {
                Err(Fault::Refused(Error::Full { kept, there, new, most }))
            }
            _ => Ok(()),
        }
    }

    fn full(&self) -> MutexGuard<'_, Full> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// What it is, in a sentence.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::RecordingBytes => "bytes of recordings",
            Self::Communities => "communities",
            Self::ReadingDays => "days of readings",
            Self::ReplacedReadings => "replaced readings",
            Self::Levels => "battery levels",
            Self::Forecasts => "forecasts",
            Self::ApiKeys => "API keys",
            Self::Members => "members",
            Self::AgreementBytes => "bytes of contracts, sharing keys and tariffs",
            Self::Prices => "prices",
            Self::Settlements => "settlements",
        }
    }

    /// Who keeps it.
    pub(super) const fn whose(self) -> &'static str {
        match self {
            Self::Members | Self::AgreementBytes | Self::Prices | Self::Settlements => "community",
            Self::Devices
            | Self::RecordingBytes
            | Self::Communities
            | Self::ReadingDays
            | Self::ReplacedReadings
            | Self::Levels
            | Self::Forecasts
            | Self::ApiKeys => "user",
        }
    }

    /// What can be done where there is no more room.
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::Devices => {
                "nothing was stored; remove devices that are not needed, or ask whoever runs the server for more (GRID_USER_DEVICES)"
            }
            Self::RecordingBytes => {
                "nothing was stored; remove recordings that are not needed, or ask whoever runs the server for more (GRID_USER_STORAGE_MB)"
            }
            Self::Communities => "ask whoever runs the server for more (GRID_USER_COMMUNITIES)",
            Self::ReadingDays | Self::ReplacedReadings => {
                "nothing was stored; ask whoever runs the server for more (GRID_USER_READING_DAYS)"
            }
            Self::Members => {
                "nothing was stored; ask whoever runs the server for more (GRID_COMMUNITY_MEMBERS)"
            }
            Self::AgreementBytes => {
                "nothing was stored; ask whoever runs the server for more (GRID_COMMUNITY_STORAGE_MB)"
            }
            Self::Levels | Self::Forecasts => "nothing was stored; remove what is not needed",
            Self::ApiKeys => "revoke those that are not needed",
            Self::Prices => "nothing was stored; send the prices of longer intervals",
            Self::Settlements => "settle longer periods",
        }
    }
}

/// What is counted for each thing of a few bytes beside what it holds, so that many empty ones are not nothing.
const OVERHEAD: u64 = 1024;

/// The row that stands for what a user keeps: a hash, like those beside it.
fn share(user: Uuid) -> [u8; 32] {
    sha256(&[b"what a user keeps ", user.as_bytes().as_slice()].concat())
}

/// The step of counting within a transaction.
pub(super) trait Room: Driver + Claim {
    /// Keeps others from counting what a user keeps until the transaction ends.
    async fn claim_share(connection: &mut Self::Connection, user: Uuid) -> Result<(), Fault>;

    /// Refuses what has just been added, `new` of it, where its user or community keeps too much now. It is the last step
    /// of a transaction, or nearly: others of that user wait from here. A community is locked by the caller, who has added
    /// rows that refer to it and could not lock it any more.
    async fn keeps(
        connection: &mut Self::Connection,
        bounds: &Bounds,
        kept: Kept,
        whose: Uuid,
        new: u64,
    ) -> Result<(), Fault>;

    /// Refuses what is to be added where there is no room for it, before the work of adding it is done. What others add
    /// meanwhile only [`keeps`](Self::keeps) sees.
    async fn has_room(
        connection: &mut Self::Connection,
        bounds: &Bounds,
        kept: Kept,
        whose: Uuid,
        new: u64,
    ) -> Result<(), Fault>;

    /// How much of something there is.
    async fn kept(connection: &mut Self::Connection, kept: Kept, whose: Uuid) -> Result<u64, Fault>;
}

per_driver! {
    impl Room for Db {
        async fn claim_share(connection: &mut Self::Connection, user: Uuid) -> Result<(), Fault> {
            // In SQLite a writer is alone anyway.
            if <Db as Driver>::HOLDS_ROWS {
                sqlx::query::<Db>(Db::CLAIM).bind(share(user).as_slice()).execute(connection).await?;
            }
            Ok(())
        }

        async fn keeps(
            connection: &mut Self::Connection,
            bounds: &Bounds,
            kept: Kept,
            whose: Uuid,
            new: u64,
        ) -> Result<(), Fault> {
            let Some(most) = bounds.most(kept) else { return Ok(()) };
            bounds.remember(kept, whose, new, most)?;
            if kept.whose() == "user" {
                Db::claim_share(&mut *connection, whose).await?;
            }
            let there = Db::kept(connection, kept, whose).await?;
            let new = if matches!(kept, Kept::RecordingBytes | Kept::AgreementBytes) { new.max(OVERHEAD) } else { new };
            bounds.check(kept, whose, there, new, most)
        }

        async fn has_room(
            connection: &mut Self::Connection,
            bounds: &Bounds,
            kept: Kept,
            whose: Uuid,
            new: u64,
        ) -> Result<(), Fault> {
            let Some(most) = bounds.most(kept).filter(|_| new > 0) else { return Ok(()) };
            let there = Db::kept(connection, kept, whose).await?;
            if there.saturating_add(new) > most {
                return Err(Fault::Refused(Error::Full { kept, there, new, most }));
            }
            Ok(())
        }

        async fn kept(connection: &mut Self::Connection, kept: Kept, whose: Uuid) -> Result<u64, Fault> {
            let count = match kept {
                Kept::Devices => sql!("SELECT COUNT(*) FROM devices WHERE owner = ?"),
                // Made by the user and not only run: nobody is kept from making one by others who let them run theirs.
                Kept::Communities => sql!(
                    "SELECT COUNT(*) FROM members m JOIN communities c ON c.id = m.community \
                     WHERE m.account = ? AND m.created_at = c.created_at"
                ),
                Kept::ReplacedReadings => sql!(
                    "SELECT COUNT(*) FROM devices d JOIN superseded_readings s ON s.device = d.id WHERE d.owner = ?"
                ),
                Kept::Levels => sql!("SELECT COUNT(*) FROM battery_levels WHERE owner = ?"),
                Kept::Forecasts => sql!("SELECT COUNT(*) FROM forecasts WHERE owner = ?"),
                Kept::ApiKeys => sql!("SELECT COUNT(*) FROM api_keys WHERE owner = ?"),
                Kept::Members => sql!("SELECT COUNT(*) FROM members WHERE community = ?"),
                Kept::Prices => sql!("SELECT COUNT(*) FROM prices WHERE community = ?"),
                Kept::Settlements => sql!("SELECT COUNT(*) FROM settlements WHERE community = ?"),
                // Added up here: a sum of integers is a decimal number in two of three databases.
                Kept::RecordingBytes => {
                    let sizes: Vec<(i64,)> =
                        sqlx::query_as::<Db, _>(sql!("SELECT size_bytes FROM recordings WHERE owner = ?"))
                            .bind(key(&whose))
                            .fetch_all(connection)
                            .await?;
                    let sizes = sizes.iter().map(|(size,)| u64::try_from(*size).unwrap_or(0).max(OVERHEAD));
                    return Ok(sizes.fold(0, u64::saturating_add));
                }
                // What the rows of channels say is enough: a day between the first reading and the last has one row at
                // most, and to count the rows themselves would read all that is stored.
                Kept::ReadingDays => {
                    let extents: Vec<(i64, i64)> = sqlx::query_as::<Db, _>(sql!(
                        "SELECT c.first_start, c.last_end FROM devices d JOIN channels c ON c.device = d.id \
                         WHERE d.owner = ? AND c.first_start IS NOT NULL AND c.last_end IS NOT NULL"
                    ))
                    .bind(key(&whose))
                    .fetch_all(connection)
                    .await?;
                    return Ok(extents.iter().map(|(start, end)| days(*start, *end)).fold(0, u64::saturating_add));
                }
                // The lengths alone, which no database reads the texts for.
                Kept::AgreementBytes => {
                    let mut sum = 0_u64;
                    for lengths in [
                        sql!("SELECT OCTET_LENGTH(document) FROM community_contracts WHERE community = ?"),
                        sql!("SELECT OCTET_LENGTH(shares) FROM community_keys WHERE community = ?"),
                        sql!("SELECT OCTET_LENGTH(document) FROM community_tariffs WHERE community = ?"),
                    ] {
                        let lengths: Vec<(i32,)> = sqlx::query_as::<Db, _>(lengths)
                            .bind(key(&whose))
                            .fetch_all(&mut *connection)
                            .await?;
                        let lengths = lengths.iter().map(|(length,)| u64::try_from(*length).unwrap_or(0));
                        sum = lengths.fold(sum, |sum, length| sum.saturating_add(length.max(OVERHEAD)));
                    }
                    return Ok(sum);
                }
            };
            let (count,): (i64,) =
                sqlx::query_as::<Db, _>(count).bind(key(&whose)).fetch_one(connection).await?;
            Ok(u64::try_from(count).unwrap_or(0))
        }
    }
}

/// How many UTC days readings reach over, from the start of the first to the end of the last, in microseconds.
pub(super) fn days(first_start: i64, last_end: i64) -> u64 {
    const DAY: i64 = 86_400_000_000;
    let last = last_end.saturating_sub(1).max(first_start);
    u64::try_from(last.div_euclid(DAY) - first_start.div_euclid(DAY) + 1).unwrap_or(0)
}

impl Store {
    /// The same store for callers who may keep only so much.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use grid_core::store::{Options, Quotas, Store};
    /// let store = Store::connect("sqlite::memory:", Options::default()).await.unwrap();
    /// let store = store.with_quotas(Quotas { devices: 10_000, ..Quotas::NONE });
    /// # });
    /// ```
    #[must_use]
    pub fn with_quotas(mut self, quotas: Quotas) -> Self {
        self.bounds = Bounds { quotas, ..Bounds::default() };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_from_the_first_start_to_the_last_end() {
        const DAY: i64 = 86_400_000_000;
        for (start, end, wanted) in [
            (0, 1, 1),
            (0, DAY, 1),
            (DAY - 1, DAY + 1, 2),
            (-1, 1, 2),
            (0, 0, 1),
            (10 * DAY, 12 * DAY + 5, 3),
        ] {
            assert_eq!(days(start, end), wanted, "{start} to {end}");
        }
    }

    #[test]
    fn what_comes_in_bulk_is_counted_each_time_and_what_comes_in_pieces_once_in_a_while() {
        let bounds = Bounds { quotas: Quotas { reading_days: 100_000, ..Quotas::NONE }, ..Bounds::default() };
        let (kept, kat) = (Kept::ReadingDays, Uuid::from_u128(1));
        let due = |added| (0..10_000).filter(|_| bounds.is_due(kept, kat, added)).count();
        assert_eq!(due(100), 10_000);
        // One in a hundred: of ten thousand, a hundred.
        let once = due(1);
        assert!((1..1000).contains(&once), "{once}");
        assert_eq!(due(0), 0);
        assert!(!bounds.is_due(Kept::ReplacedReadings, kat, u64::MAX));
    }

    #[test]
    fn whoever_keeps_too_much_is_counted_each_time_until_there_is_room_again() {
        let bounds = Bounds { quotas: Quotas { reading_days: 100_000, ..Quotas::NONE }, ..Bounds::default() };
        let (kept, kat) = (Kept::ReadingDays, Uuid::from_u128(1));
        assert!(!bounds.is_full(kat));
        assert!(bounds.check(kept, kat, 100_001, 1, 100_000).is_err());
        assert!(bounds.is_full(kat) && !bounds.is_full(Uuid::from_u128(2)));
        assert!((0..1000).all(|_| bounds.is_due(kept, kat, 1)));
        // A count of what cannot be removed is believed for a while.
        assert!(bounds.remember(kept, kat, 1, 100_000).is_err());
        assert!(bounds.check(kept, kat, 100_007, 8, 100_000).is_err());
        assert!(bounds.remember(kept, kat, 1, 100_000).is_ok(), "there is room for one");
        assert!(bounds.check(kept, kat, 100_000, 1, 100_000).is_ok());
        assert!(bounds.remember(kept, kat, 1, 100_000).is_ok());
        assert!(bounds.check(Kept::Devices, kat, 9, 1, 8).is_err());
        assert!(bounds.remember(Kept::Devices, kat, 1, 8).is_ok(), "one of them may be gone");
        assert!(!(0..1000).all(|_| bounds.is_due(kept, kat, 1)));
    }

    #[test]
    fn a_share_is_a_users_own() {
        assert_ne!(share(Uuid::from_u128(1)), share(Uuid::from_u128(2)));
    }
}
