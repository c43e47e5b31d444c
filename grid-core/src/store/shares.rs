//! When a device counted for whom, as one user sees it: what of its readings is theirs.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    backend::per_driver,
    fault::Fault,
    placements::Placing,
    rows::{self, key},
    sql::sql,
};
use crate::{energy::standing, time::Interval};

/// What of a device's time is a user's.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub(super) device: Uuid,
    /// Whether the device is in the user's account.
    pub(super) is_owner: bool,
    /// When it counted for the user as a member, and in which community.
    pub(super) mine: Vec<(Uuid, Interval)>,
    /// When it counted for somebody else, and in which community.
    pub(super) others: Vec<(Uuid, Interval)>,
}

impl Share {
    /// Whether what began then is the user's: what counted for them, and of their own device what counted for nobody else.
    pub(super) fn has(&self, at: Timestamp) -> bool {
        let within = |stretches: &[(Uuid, Interval)]| {
            stretches.iter().any(|(_, during)| during.start() <= at && at < during.end())
        };
        within(&self.mine) || (self.is_owner && !within(&self.others))
    }
}

/// The devices whose readings are a user's, in whole or in part.
pub(super) trait Shares: Placing {
    /// Those in their account, and those that counted for them in a community, by id.
    async fn shares_of(connection: &mut Self::Connection, user: Uuid) -> Result<Vec<Share>, Fault>;
}

per_driver! {
    impl Shares for Db {
        async fn shares_of(connection: &mut Self::Connection, user: Uuid) -> Result<Vec<Share>, Fault> {
            let found: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT id, owner FROM devices WHERE owner = ? OR id IN (SELECT p.device FROM device_placements p \
                 JOIN members m ON m.id = p.member WHERE m.account = ?) ORDER BY id"
            ))
            .bind(key(&user))
            .bind(key(&user))
            .fetch_all(&mut *connection)
            .await?;
            let members: Vec<(Vec<u8>,)> =
                sqlx::query_as::<Db, _>(sql!("SELECT id FROM members WHERE account = ?"))
                    .bind(key(&user))
                    .fetch_all(&mut *connection)
                    .await?;
            let members = members.into_iter().map(|(id,)| rows::id(&id, "member")).collect::<Result<Vec<_>, _>>()?;
            let mut shares = Vec::with_capacity(found.len());
            for (device, owner) in found {
                let device = rows::id(&device, "device")?;
                let communities: Vec<(Vec<u8>,)> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT DISTINCT community FROM device_placements WHERE device = ? ORDER BY community"
                ))
                .bind(key(&device))
                .fetch_all(&mut *connection)
                .await?;
                let is_owner = rows::id(&owner, "device")? == user;
                let mut share = Share { device, is_owner, mine: Vec::new(), others: Vec::new() };
                for (community,) in communities {
                    let community = rows::id(&community, "community")?;
                    for stretch in standing(&Db::said_of(&mut *connection, community, device).await?, None) {
                        let whose = if members.contains(&stretch.member) { &mut share.mine } else { &mut share.others };
                        whose.push((community, stretch.during));
                    }
                }
                // What was only ever planned for them is not theirs.
                if is_owner || !share.mine.is_empty() {
                    shares.push(share);
                }
            }
            Ok(shares)
        }
    }
}
