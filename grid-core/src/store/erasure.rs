//! Forgetting a person: what goes, and what has to stay and why.
//!
//! The account becomes a name that says nothing, because rows that stay refer to it. What others' accounts stand on stays
//! (`docs/decisions/0010-archive-and-erasure.md`): statements and their log, which anybody who has one can verify, and the
//! readings that they were made from, with those that wait for the next settlement of the same community.

use jiff::{SignedDuration, Timestamp};
use sqlx::Database;
use uuid::Uuid;

use super::{
    AuditEntry, Error, Store,
    audit::Trail,
    backend::{on, per_driver},
    bulk::{Bulk, DayRow},
    day,
    fault::{Fault, not_found},
    placements::Placing,
    placing,
    rows::{self, key},
    sessions::Sessions,
    shares::{Share, Shares},
    sql::sql,
};
use crate::{auth::Revocation, energy::standing, time::Interval};

/// What was done to forget a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erased {
    /// The tokens that ended with it, for those who check tokens without asking the database.
    pub revocations: Vec<Revocation>,
    /// How many devices are gone with their readings.
    pub devices: usize,
    /// How many devices stay without a name, with the readings that statements stand on or wait for.
    pub devices_kept: usize,
    /// How many devices that counted for others went to an operator of their community.
    pub devices_handed_over: usize,
    /// How many statements stay.
    pub statements_kept: usize,
}

/// A time line, and what of it is to be forgotten.
fn forgotten(kept: &[Interval]) -> Vec<Interval> {
    let mut kept: Vec<Interval> = kept.to_vec();
    kept.sort_unstable_by_key(|interval| interval.start());
    let (mut from, mut forgotten) = (Timestamp::MIN, Vec::new());
    for interval in kept {
        if let Ok(before) = Interval::new(from, interval.start()) {
            forgotten.push(before);
        }
        from = from.max(interval.end());
    }
    forgotten.extend(Interval::new(from, Timestamp::MAX));
    forgotten
}

/// What two intervals share.
fn both(one: Interval, other: Interval) -> Option<Interval> {
    Interval::new(one.start().max(other.start()), one.end().min(other.end())).ok()
}

/// The steps of forgetting a person.
trait Erase: Database {
    /// Takes a user out of their communities.
    async fn leave_communities(connection: &mut Self::Connection, user: Uuid) -> Result<usize, Fault>;

    /// When what a device counted for the user is needed by the accounts of a community.
    async fn needed(
        connection: &mut Self::Connection,
        share: &Share,
        now: Timestamp,
    ) -> Result<Vec<Interval>, Fault>;

    /// Forgets the readings of a device that begin in an interval, and what its registers showed then.
    async fn forget_readings(
        connection: &mut Self::Connection,
        device: Uuid,
        during: Interval,
    ) -> Result<(), Fault>;

    /// Lets what is said of a device's channels agree with what is left; whether anything is.
    async fn settle_channels(connection: &mut Self::Connection, device: Uuid) -> Result<bool, Fault>;

    /// Forgets a device of the user, as far as it can be.
    async fn forget_device(
        connection: &mut Self::Connection,
        user: Uuid,
        share: &Share,
        now: Timestamp,
        erased: &mut Erased,
    ) -> Result<(), Fault>;

    /// Forgets whatever belongs to a user alone.
    async fn forget_own(connection: &mut Self::Connection, user: Uuid) -> Result<(), Fault>;

    /// Takes a user's name out of the account and of the trail.
    async fn forget_name(connection: &mut Self::Connection, user: Uuid, now: Timestamp) -> Result<(), Fault>;
}

per_driver! {
    impl Erase for Db {
        async fn leave_communities(connection: &mut Self::Connection, user: Uuid) -> Result<usize, Fault> {
            type Row = (Vec<u8>, Vec<u8>, String);
            let memberships: Vec<Row> = sqlx::query_as::<Db, Row>(sql!(
                "SELECT id, community, role FROM members WHERE account = ? ORDER BY community, id"
            ))
            .bind(key(&user))
            .fetch_all(&mut *connection)
            .await?;
            let mut statements = 0;
            for (member, community, role) in memberships {
                let (member, community) = (rows::id(&member, "member")?, rows::id(&community, "community")?);
                // Two operators who leave at once must not both think that the other stays.
                Db::claim_community(&mut *connection, community).await?;
                let (others, operators): (i64, i64) = sqlx::query_as::<Db, (i64, i64)>(sql!(
                    "SELECT COUNT(*), COUNT(CASE WHEN role = 'operator' AND account IS NOT NULL THEN 1 END) \
                     FROM members WHERE community = ? AND (account IS NULL OR account <> ?)"
                ))
                .bind(key(&community))
                .bind(key(&user))
                .fetch_one(&mut *connection)
                .await?;
                if role == "operator" && others > 0 && operators == 0 {
                    return Err(Fault::Refused(Error::OnlyOperator { community }));
                }
                let (issued,): (i64,) =
                    sqlx::query_as::<Db, (i64,)>(sql!("SELECT COUNT(*) FROM statements WHERE member = ?"))
                        .bind(key(&member))
                        .fetch_one(&mut *connection)
                        .await?;
                statements += usize::try_from(issued).unwrap_or(0);
                sqlx::query::<Db>(sql!("UPDATE members SET account = NULL WHERE id = ?"))
                    .bind(key(&member))
                    .execute(&mut *connection)
                    .await?;
                if issued == 0 {
                    // Where statements bear the name, the member of the statements keeps it.
                    sqlx::query::<Db>(sql!("UPDATE members SET name = ? WHERE id = ?"))
                        .bind(format!("former member {}", member.simple()))
                        .bind(key(&member))
                        .execute(&mut *connection)
                        .await?;
                }
            }
            Ok(statements)
        }

        async fn needed(connection: &mut Self::Connection, share: &Share, now: Timestamp) -> Result<Vec<Interval>, Fault> {
            let reach: (Option<i64>,) =
                sqlx::query_as::<Db, (Option<i64>,)>(sql!("SELECT MAX(reach) FROM channels WHERE device = ?"))
                    .bind(key(&share.device))
                    .fetch_one(&mut *connection)
                    .await?;
            let reach = SignedDuration::from_hours(24 * reach.0.unwrap_or(0));
            let mut needed = Vec::new();
            for (community, during) in &share.mine {
                let settled: Vec<(i64, i64)> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT starts_at, ends_at FROM settlements WHERE community = ? ORDER BY ends_at"
                ))
                .bind(key(community))
                .fetch_all(&mut *connection)
                .await?;
                let mut last = None;
                for (start, end) in settled {
                    let (start, end) = (rows::instant(start, "settlement")?, rows::instant(end, "settlement")?);
                    // A reading may begin before the period and end in it.
                    let start = start.checked_sub(reach).unwrap_or(start);
                    needed.extend(Interval::new(start, end).ok().and_then(|settled| both(settled, *during)));
                    last = Some(end);
                }
                // Where nothing was ever settled, nobody has to account for anything.
                let waiting = last.and_then(|last| Interval::new(last, now).ok());
                needed.extend(waiting.and_then(|waiting| both(waiting, *during)));
            }
            Ok(needed)
        }

        async fn forget_readings(
            connection: &mut Self::Connection,
            device: Uuid,
            during: Interval,
        ) -> Result<(), Fault> {
            type Day = (i64, i64, Vec<u8>);

            let (from, until) = (during.start().as_microsecond(), during.end().as_microsecond());
            for text in [
                sql!("DELETE FROM superseded_readings WHERE device = ? AND starts_at >= ? AND starts_at < ?"),
                sql!("DELETE FROM register_reads WHERE device = ? AND read_at >= ? AND read_at < ?"),
                sql!("DELETE FROM register_events WHERE device = ? AND happened_at >= ? AND happened_at < ?"),
            ] {
                sqlx::query::<Db>(text)
                    .bind(key(&device))
                    .bind(from)
                    .bind(until)
                    .execute(&mut *connection)
                    .await?;
            }
            let (first, last) = day::numbers(during);
            // A day that is forgotten in part only is packed again.
            let mut edges = vec![first, last];
            edges.dedup();
            let mut kept = Vec::new();
            for number in edges {
                let days: Vec<Day> = sqlx::query_as::<Db, Day>(sql!(
                    "SELECT channel, day, packed FROM reading_days WHERE device = ? AND day = ?"
                ))
                .bind(key(&device))
                .bind(number)
                .fetch_all(&mut *connection)
                .await?;
                for (code, number, packed) in days {
                    let channel = rows::channel(code)?;
                    let mut readings = day::unpack(number, &packed)
                        .map_err(|reason| Error::CorruptDay { device, channel, day: day::date(number), reason })?;
                    readings.retain(|recorded| {
                        let start = recorded.reading.interval().start();
                        start < during.start() || start >= during.end()
                    });
                    let Some(summary) = day::summarise(&readings).filter(|_| !readings.is_empty()) else { continue };
                    kept.push(DayRow {
                        device,
                        channel: code,
                        day: number,
                        energy: summary.energy.as_mwh(),
                        readings: i64::try_from(readings.len()).unwrap_or(i64::MAX),
                        quality: i64::from(summary.worst.code()),
                        packed: day::pack(number, &readings),
                    });
                }
            }
            sqlx::query::<Db>(sql!("DELETE FROM reading_days WHERE device = ? AND day >= ? AND day <= ?"))
                .bind(key(&device))
                .bind(first)
                .bind(last)
                .execute(&mut *connection)
                .await?;
            Ok(Db::put_days(connection, &kept).await?)
        }

        async fn settle_channels(connection: &mut Self::Connection, device: Uuid) -> Result<bool, Fault> {
            let channels: Vec<(i64,)> =
                sqlx::query_as::<Db, (i64,)>(sql!("SELECT channel FROM channels WHERE device = ? ORDER BY channel"))
                    .bind(key(&device))
                    .fetch_all(&mut *connection)
                    .await?;
            let mut is_left = false;
            for (code,) in channels {
                let channel = rows::channel(code)?;
                let mut bounds = [None, None];
                for (bound, text) in bounds.iter_mut().zip([
                    sql!("SELECT day, packed FROM reading_days WHERE device = ? AND channel = ? ORDER BY day LIMIT 1"),
                    sql!("SELECT day, packed FROM reading_days WHERE device = ? AND channel = ? ORDER BY day DESC LIMIT 1"),
                ]) {
                    let found: Option<(i64, Vec<u8>)> = sqlx::query_as::<Db, _>(text)
                        .bind(key(&device))
                        .bind(code)
                        .fetch_optional(&mut *connection)
                        .await?;
                    let Some((number, packed)) = found else { continue };
                    *bound = Some(day::unpack(number, &packed).map_err(|reason| Error::CorruptDay {
                        device,
                        channel,
                        day: day::date(number),
                        reason,
                    })?);
                }
                let [first, last] = &bounds;
                let first = first.as_ref().and_then(|day| day.first()).map(|recorded| recorded.reading.interval().start());
                let last = last.as_ref().and_then(|day| day.last()).map(|recorded| recorded.reading.interval().end());
                let old: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                    "SELECT channel FROM superseded_readings WHERE device = ? AND channel = ? LIMIT 1"
                ))
                .bind(key(&device))
                .bind(code)
                .fetch_optional(&mut *connection)
                .await?;
                if first.is_none() && old.is_none() {
                    sqlx::query::<Db>(sql!("DELETE FROM channels WHERE device = ? AND channel = ?"))
                        .bind(key(&device))
                        .bind(code)
                        .execute(&mut *connection)
                        .await?;
                    continue;
                }
                is_left = true;
                sqlx::query::<Db>(sql!(
                    "UPDATE channels SET first_start = ?, last_end = ? WHERE device = ? AND channel = ?"
                ))
                .bind(first.map(Timestamp::as_microsecond))
                .bind(last.map(Timestamp::as_microsecond))
                .bind(key(&device))
                .bind(code)
                .execute(&mut *connection)
                .await?;
            }
            Ok(is_left)
        }

        async fn forget_device(
            connection: &mut Self::Connection,
            user: Uuid,
            share: &Share,
            now: Timestamp,
            erased: &mut Erased,
        ) -> Result<(), Fault> {
            let device = share.device;
            // An update that changes nothing locks the rows: who adds readings waits.
            sqlx::query::<Db>(sql!("UPDATE channels SET reach = reach WHERE device = ?"))
                .bind(key(&device))
                .execute(&mut *connection)
                .await?;
            let mut kept = Db::needed(&mut *connection, share, now).await?;
            kept.extend(share.others.iter().map(|(_, during)| *during));
            for during in forgotten(&kept) {
                Db::forget_readings(&mut *connection, device, during).await?;
            }
            let is_left = Db::settle_channels(&mut *connection, device).await?;
            let mut heir = None;
            for (community, _) in &share.others {
                let found: Option<(Vec<u8>,)> = sqlx::query_as::<Db, (Vec<u8>,)>(sql!(
                    "SELECT account FROM members WHERE community = ? AND role = 'operator' AND account IS NOT NULL \
                     AND account <> ? ORDER BY id LIMIT 1"
                ))
                .bind(key(community))
                .bind(key(&user))
                .fetch_optional(&mut *connection)
                .await?;
                heir = heir.or(found);
            }
            if let Some((heir,)) = heir {
                sqlx::query::<Db>(sql!("UPDATE devices SET owner = ? WHERE id = ?"))
                    .bind(heir)
                    .bind(key(&device))
                    .execute(connection)
                    .await?;
                erased.devices_handed_over += 1;
                return Ok(());
            }
            if is_left || !share.others.is_empty() {
                for (community, _) in &share.mine {
                    let before = Db::said_of(&mut *connection, *community, device).await?;
                    if let Some(said) = placing::removed(&standing(&before, None), now, now) {
                        Db::say(&mut *connection, *community, device, &before, said).await?;
                    }
                }
                sqlx::query::<Db>(sql!("UPDATE devices SET name = ? WHERE id = ?"))
                    .bind(format!("former device {}", device.simple()))
                    .bind(key(&device))
                    .execute(connection)
                    .await?;
                erased.devices_kept += 1;
                return Ok(());
            }
            for text in [
                sql!("DELETE FROM device_placements WHERE device = ?"),
                sql!("DELETE FROM forecasts WHERE device = ?"),
                sql!("DELETE FROM devices WHERE id = ?"),
            ] {
                sqlx::query::<Db>(text).bind(key(&device)).execute(&mut *connection).await.map_err(super::fault::gone)?;
            }
            erased.devices += 1;
            Ok(())
        }

        async fn forget_own(connection: &mut Self::Connection, user: Uuid) -> Result<(), Fault> {
            for text in [
                sql!("DELETE FROM sessions WHERE owner = ?"),
                sql!("DELETE FROM api_keys WHERE owner = ?"),
                sql!("DELETE FROM recovery_codes WHERE owner = ?"),
                sql!("DELETE FROM second_factors WHERE owner = ?"),
                sql!("DELETE FROM households WHERE owner = ?"),
                sql!("DELETE FROM forecasts WHERE owner = ?"),
                sql!("DELETE FROM battery_levels WHERE owner = ?"),
                sql!("DELETE FROM recording_parts WHERE recording IN (SELECT id FROM recordings WHERE owner = ?)"),
                sql!("DELETE FROM recordings WHERE owner = ?"),
                sql!("DELETE FROM idempotent_requests WHERE owner = ?"),
                sql!("DELETE FROM events WHERE owner = ?"),
            ] {
                sqlx::query::<Db>(text).bind(key(&user)).execute(&mut *connection).await?;
            }
            Ok(())
        }

        async fn forget_name(connection: &mut Self::Connection, user: Uuid, now: Timestamp) -> Result<(), Fault> {
            let (name, email): (String, String) =
                sqlx::query_as::<Db, _>(sql!("SELECT username_key, email FROM users WHERE id = ?"))
                    .bind(key(&user))
                    .fetch_one(&mut *connection)
                    .await?;
            sqlx::query::<Db>(sql!("UPDATE audit_entries SET actor_name = '', address = '' WHERE actor = ?"))
                .bind(key(&user))
                .execute(&mut *connection)
                .await?;
            // Whoever tried to log in by that name, and what was done to it from the command line.
            for text in [
                sql!("UPDATE audit_entries SET actor_name = '', address = '' WHERE actor IS NULL AND LOWER(actor_name) IN (?, ?)"),
                sql!("UPDATE audit_entries SET target = '' WHERE LOWER(target) IN (?, ?)"),
            ] {
                sqlx::query::<Db>(text).bind(name.as_str()).bind(email.as_str()).execute(&mut *connection).await?;
            }
            let nobody = format!("erased-{}", user.simple());
            sqlx::query::<Db>(sql!(
                "UPDATE users SET username = ?, username_key = ?, email = ?, password = '', administrator = 0, \
                 disabled_at = COALESCE(disabled_at, ?) WHERE id = ?"
            ))
            .bind(nobody.as_str())
            .bind(nobody.as_str())
            .bind(format!("{nobody}@erased.invalid"))
            .bind(now.as_microsecond())
            .bind(key(&user))
            .execute(connection)
            .await?;
            Ok(())
        }
    }
}

impl Store {
    /// Forgets a person, all of it or nothing: their name, address and password, logins, tokens, API keys, second factor,
    /// household, battery levels, recordings, forecasts, and their devices with the readings.
    ///
    /// What others' accounts stand on stays, without their name where it can be without: statements and their log; the
    /// readings of settled periods, and those that came after the last one of a community that settles; and what a device
    /// counted for others, which goes to another operator of the community. The account itself stays as
    /// `erased-<id>`, which nobody can log in to.
    ///
    /// `entry` says who does it, and is kept in the same transaction; give it no name. Revocations are forgotten at `until`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::OnlyAdministrator`] where nobody else could administer the server;
    /// [`Error::OnlyOperator`] where a community with other members would have no operator; or a fault of the database.
    pub async fn erase_user(
        &self,
        user: Uuid,
        entry: &AuditEntry,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Erased, Error> {
        let now = rows::instant(now.as_microsecond(), "clock")?;
        self.of_this_schema().await?;
        on!(self, write "forget a user", |connection| {
            // An update that changes nothing locks the rows of the administrators, so that one of two who go stays.
            sqlx::query::<Db>(sql!("UPDATE users SET administrator = administrator WHERE administrator = 1 OR id = ?"))
                .bind(key(&user))
                .execute(&mut *connection)
                .await?;
            let there: Option<(i64,)> =
                sqlx::query_as::<Db, (i64,)>(sql!("SELECT administrator FROM users WHERE id = ?"))
                    .bind(key(&user))
                    .fetch_optional(&mut *connection)
                    .await?;
            let (administrator,) = there.ok_or_else(|| not_found("user", &user))?;
            let other: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!(
                "SELECT created_at FROM users WHERE administrator = 1 AND disabled_at IS NULL AND id <> ? LIMIT 1"
            ))
            .bind(key(&user))
            .fetch_optional(&mut *connection)
            .await?;
            if administrator != 0 && other.is_none() {
                return Err(Fault::Refused(Error::OnlyAdministrator));
            }
            let shares = Db::shares_of(&mut *connection, user).await?;
            let mut erased = Erased { statements_kept: Db::leave_communities(&mut *connection, user).await?, ..Erased::default() };
            erased.revocations = Db::revoke_user(&mut *connection, user, None, now, until).await?;
            for share in shares.iter().filter(|share| share.is_owner) {
                Db::forget_device(&mut *connection, user, share, now, &mut erased).await?;
            }
            Db::forget_own(&mut *connection, user).await?;
            Db::forget_name(&mut *connection, user, now).await?;
            Db::put_entry(connection, entry).await?;
            Ok(erased)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn between(from: i64, until: i64) -> Interval {
        Interval::new(at(from), at(until)).unwrap()
    }

    #[test]
    fn what_is_not_kept_is_forgotten() {
        let ends = |forgotten: Vec<Interval>| -> Vec<_> {
            forgotten.iter().map(|interval| (interval.start(), interval.end())).collect()
        };
        assert_eq!(ends(forgotten(&[])), [(Timestamp::MIN, Timestamp::MAX)]);
        assert_eq!(
            ends(forgotten(&[between(50, 60), between(10, 20), between(15, 30)])),
            [(Timestamp::MIN, at(10)), (at(30), at(50)), (at(60), Timestamp::MAX)]
        );
        let all = Interval::new(Timestamp::MIN, Timestamp::MAX).unwrap();
        assert_eq!(ends(forgotten(&[all])), []);
    }

    /// What becomes of each table when a person is forgotten. Whoever adds a table says so here.
    const FATE: &[(&str, &str)] = &[
        ("_sqlx_migrations", "holds nobody"),
        ("api_keys", "deleted"),
        ("audit_entries", "the name and the address are taken out"),
        ("battery_levels", "deleted"),
        ("channels", "deleted where no reading is left"),
        ("communities", "the community's"),
        ("community_contracts", "the community's"),
        ("community_keys", "the community's"),
        ("community_tariffs", "the community's"),
        ("device_placements", "deleted with the device, ended otherwise"),
        ("devices", "deleted, or handed over, or without a name"),
        ("event_numbers", "holds nobody"),
        ("events", "deleted; those of devices are ids, and forgotten within a day"),
        ("forecasts", "deleted"),
        ("households", "deleted"),
        ("idempotent_requests", "deleted"),
        ("log_heads", "the log's"),
        ("log_keys", "the log's"),
        ("log_nodes", "the log's"),
        ("members", "without an account, and without a name where no statement bears it"),
        ("prices", "the community's"),
        ("reading_days", "deleted, but for what statements stand on or wait for"),
        ("recording_parts", "deleted"),
        ("recordings", "deleted"),
        ("recovery_codes", "deleted"),
        ("register_events", "as the readings"),
        ("register_reads", "as the readings"),
        ("revocations", "an id, and forgotten within the hour"),
        ("second_factors", "deleted"),
        ("sessions", "deleted"),
        ("settlements", "the community's"),
        ("setup_links", "holds nobody"),
        ("signing_keys", "holds nobody"),
        ("statements", "the community's, and verified by others"),
        ("superseded_readings", "as the readings"),
        ("throttles", "hashes, and forgotten within minutes"),
        ("users", "a tombstone"),
    ];

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn every_table_has_a_fate_when_a_person_is_forgotten() {
        let pool = sqlx::sqlite::SqlitePoolOptions::new()
            .max_connections(1)
            .connect("sqlite::memory:")
            .await
            .unwrap();
        super::super::migrations::sqlite().run(&pool).await.unwrap();
        let names: Vec<(String,)> =
            sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
                .fetch_all(&pool)
                .await
                .unwrap();
        let names: Vec<&str> = names.iter().map(|(name,)| name.as_str()).collect();
        let known: Vec<&str> = FATE.iter().map(|(name, _)| *name).collect();
        assert_eq!(known, names, "say in `FATE` what becomes of each table, and do it");
    }
}
