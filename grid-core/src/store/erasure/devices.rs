//! What becomes of the devices of a person who is forgotten.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    person::Erased,
    readings::{ForgetReadings, Needed},
};
use crate::{
    energy::{Placement, Terms, standing},
    store::{
        backend::per_driver,
        fault::{Fault, gone},
        placements::Placing,
        rows::{self, key},
        shares::Share,
        sql::sql,
    },
    time::Interval,
};

/// What two intervals share.
fn both(one: Interval, other: Interval) -> Option<Interval> {
    Interval::new(one.start().max(other.start()), one.end().min(other.end())).ok()
}

/// The steps of forgetting a device.
pub(super) trait ForgetDevice: ForgetReadings + Placing {
    /// When what a device counts is needed by others' accounts, and by those that were settled.
    async fn needed(
        connection: &mut Self::Connection,
        share: &Share,
        now: Timestamp,
    ) -> Result<Needed, Fault>;

    /// An operator of a community in which a device counted for others.
    async fn heir(
        connection: &mut Self::Connection,
        user: Uuid,
        share: &Share,
    ) -> Result<Option<Vec<u8>>, Fault>;

    /// Lets a device no longer count for the user; for others it counts as before.
    async fn end_placements(
        connection: &mut Self::Connection,
        share: &Share,
        now: Timestamp,
    ) -> Result<(), Fault>;

    /// Forgets a device of the user, as far as it can be.
    async fn forget_device(
        connection: &mut Self::Connection,
        user: Uuid,
        share: &Share,
        now: Timestamp,
        erased: &mut Erased,
    ) -> Result<(), Fault>;
}

per_driver! {
    impl ForgetDevice for Db {
        async fn needed(
            connection: &mut Self::Connection,
            share: &Share,
            now: Timestamp,
        ) -> Result<Needed, Fault> {
            let mut bills = Vec::new();
            let mut needed: Vec<Interval> = share.others.iter().map(|(_, during)| *during).collect();
            let communities: Vec<(Vec<u8>,)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT DISTINCT community FROM device_placements WHERE device = ?"
            ))
            .bind(key(&share.device))
            .fetch_all(&mut *connection)
            .await?;
            for (community,) in communities {
                let community = rows::id(&community, "community")?;
                let said = Db::said_of(&mut *connection, community, share.device).await?;
                let settled: Vec<(i64, i64, i64)> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT starts_at, ends_at, as_of FROM settlements WHERE community = ?"
                ))
                .bind(key(&community))
                .fetch_all(&mut *connection)
                .await?;
                let mut last = None;
                for (start, end, as_of) in settled {
                    let instant = |at| rows::instant(at, "settlement");
                    let (start, end, as_of) = (instant(start)?, instant(end)?, instant(as_of)?);
                    // A bill is made again by what was known then, and a correction of it by what is known now.
                    for known in [Some(as_of), None] {
                        let stretches = standing(&said, known);
                        let settled = Interval::new(start, end).ok();
                        let before = needed.len();
                        needed.extend(
                            stretches.iter().filter_map(|stretch| settled.and_then(|settled| both(settled, stretch.during))),
                        );
                        if needed.len() > before {
                            bills.push(as_of);
                        }
                    }
                    last = last.max(Some(end));
                }
                // Where nothing was ever settled, nobody has to account for anything.
                let Some(waiting) = last.and_then(|last| Interval::new(last, now).ok()) else { continue };
                let mine = share.mine.iter().filter(|(of, _)| *of == community);
                needed.extend(mine.filter_map(|(_, during)| both(waiting, *during)));
            }
            Ok(Needed { kept: Terms::new(needed), bills })
        }

        async fn heir(
            connection: &mut Self::Connection,
            user: Uuid,
            share: &Share,
        ) -> Result<Option<Vec<u8>>, Fault> {
            for (community, _) in &share.others {
                let found: Option<(Vec<u8>,)> = sqlx::query_as::<Db, (Vec<u8>,)>(sql!(
                    "SELECT account FROM members WHERE community = ? AND role = 'operator' AND account IS NOT NULL \
                     AND account <> ? ORDER BY id LIMIT 1"
                ))
                .bind(key(community))
                .bind(key(&user))
                .fetch_optional(&mut *connection)
                .await?;
                if let Some((heir,)) = found {
                    return Ok(Some(heir));
                }
            }
            Ok(None)
        }

        async fn end_placements(
            connection: &mut Self::Connection,
            share: &Share,
            now: Timestamp,
        ) -> Result<(), Fault> {
            for (community, during) in share.mine.iter().filter(|(_, during)| during.end() > now) {
                let before = Db::said_of(&mut *connection, *community, share.device).await?;
                let said = Placement {
                    member: None,
                    from: Some(during.start().max(now)),
                    until: Some(during.end()).filter(|end| *end < Timestamp::MAX),
                    recorded_at: now,
                };
                Db::say(&mut *connection, *community, share.device, &before, said).await?;
            }
            Ok(())
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
            let needed = Db::needed(&mut *connection, share, now).await?;
            let is_left = Db::forget_readings(&mut *connection, device, &needed).await?;
            if !is_left && share.others.is_empty() {
                for text in [
                    // Looks that wait for a settlement, and from which no reading follows.
                    sql!("DELETE FROM register_reads WHERE device = ?"),
                    sql!("DELETE FROM register_events WHERE device = ?"),
                    sql!("DELETE FROM device_placements WHERE device = ?"),
                    sql!("DELETE FROM forecasts WHERE device = ?"),
                    sql!("DELETE FROM devices WHERE id = ?"),
                ] {
                    sqlx::query::<Db>(text).bind(key(&device)).execute(&mut *connection).await.map_err(gone)?;
                }
                erased.devices += 1;
                return Ok(());
            }
            Db::end_placements(&mut *connection, share, now).await?;
            sqlx::query::<Db>(sql!("UPDATE devices SET name = ? WHERE id = ?"))
                .bind(format!("former device {}", device.simple()))
                .bind(key(&device))
                .execute(&mut *connection)
                .await?;
            let Some(heir) = Db::heir(&mut *connection, user, share).await? else {
                erased.devices_kept += 1;
                return Ok(());
            };
            sqlx::query::<Db>(sql!("UPDATE devices SET owner = ? WHERE id = ?"))
                .bind(heir)
                .bind(key(&device))
                .execute(connection)
                .await?;
            erased.devices_handed_over += 1;
            Ok(())
        }
    }
}
