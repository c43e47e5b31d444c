//! Communities and their members.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Listed, Page, Store,
    backend::on,
    fault::{taken, unknown},
    page::listed,
    placements::Placing as _,
    quotas::{Kept, Room as _},
    rows::{self, key},
    sql::sql,
};
use crate::energy::{Community, Member};

type CommunityRow = (Vec<u8>, String, String);
type MemberRow = (Vec<u8>, String, Option<Vec<u8>>, String);

pub(super) fn community((id, name, zone): CommunityRow) -> Result<Community, Error> {
    Ok(Community {
        id: rows::id(&id, "community")?,
        name: rows::name(&name, "community")?,
        calendar: rows::calendar(&zone, "community")?,
    })
}

pub(super) fn member((id, name, user, role): MemberRow) -> Result<Member, Error> {
    Ok(Member {
        id: rows::id(&id, "member")?,
        name: rows::name(&name, "member")?,
        user: user.map(|user| rows::id(&user, "member")).transpose()?,
        role: role
            .parse()
            .map_err(|_| Error::Corrupt { thing: "member", reason: "its role is not known" })?,
    })
}

pub(super) const INSERT_MEMBER: &str =
    "INSERT INTO members (id, community, name, account, role, created_at) VALUES (?, ?, ?, ?, ?, ?)";

/// Inserts a member: `$connection` is that of an [`on!`] body.
macro_rules! insert_member {
    ($connection:expr, $community:expr, $member:expr, $now:expr) => {
        sqlx::query::<Db>($crate::store::sql::sql!($crate::store::communities::INSERT_MEMBER))
            .bind($crate::store::rows::key(&$member.id))
            .bind($crate::store::rows::key(&$community))
            .bind($member.name.as_str())
            .bind($member.user.as_ref().map($crate::store::rows::key))
            .bind($member.role.as_str())
            .bind($now.as_microsecond())
            .execute($connection)
            .await
    };
}
pub(super) use insert_member;

/// The row of a community, or [`Error::NotFound`]; in a transaction that adds to it.
macro_rules! load_community {
    ($connection:expr, $id:expr) => {{
        let row: Option<(Vec<u8>, String, String)> = sqlx::query_as::<Db, (Vec<u8>, String, String)>(
            $crate::store::sql::sql!("SELECT id, name, zone FROM communities WHERE id = ?"),
        )
        .bind($crate::store::rows::key(&$id))
        .fetch_optional($connection)
        .await?;
        $crate::store::communities::community(
            row.ok_or_else(|| $crate::store::fault::not_found("community", &$id))?,
        )?
    }};
}
pub(super) use load_community;

/// The members of a community, by id.
macro_rules! load_members {
    ($connection:expr, $community:expr) => {{
        let found: Vec<(Vec<u8>, String, Option<Vec<u8>>, String)> =
            sqlx::query_as::<Db, (Vec<u8>, String, Option<Vec<u8>>, String)>($crate::store::sql::sql!(
                "SELECT id, name, account, role FROM members WHERE community = ? ORDER BY id"
            ))
            .bind($crate::store::rows::key(&$community))
            .fetch_all($connection)
            .await?;
        found.into_iter().map($crate::store::communities::member).collect::<Result<Vec<_>, Error>>()?
    }};
}
pub(super) use load_members;

impl Store {
    /// Keeps a new community and the member who runs it.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where there is one of that id, [`Error::NotFound`] where the member's user is not there,
    /// [`Error::Full`], or a fault of the database.
    pub async fn create_community(
        &self,
        community: &Community,
        creator: &Member,
        now: Timestamp,
    ) -> Result<(), Error> {
        on!(self, write "create a community", |connection| {
            sqlx::query::<Db>(sql!("INSERT INTO communities (id, name, zone, created_at) VALUES (?, ?, ?, ?)"))
                .bind(key(&community.id))
                .bind(community.name.as_str())
                .bind(community.calendar.name())
                .bind(now.as_microsecond())
                .execute(&mut *connection)
                .await
                .map_err(|error| taken(error, "community id", &community.id.to_string()))?;
            insert_member!(&mut *connection, community.id, creator, now)
                .map_err(|error| taken(error, "member id", &creator.id.to_string()))
                .map_err(|fault| unknown(fault, "user", &creator.user.unwrap_or_default()))?;
            match creator.user {
                Some(user) => Db::keeps(connection, &self.bounds, Kept::Communities, user, 1).await,
                None => Ok(()),
            }
        })
    }

    /// A community.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn community(&self, id: Uuid) -> Result<Community, Error> {
        on!(self, read "load a community", |connection| { Ok(load_community!(connection, id)) })
    }

    /// The communities in which a user has a member.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn communities_of(&self, user: Uuid, page: Page) -> Result<Listed<Community>, Error> {
        on!(self, read "list a user's communities", |connection| {
            listed!(
                connection,
                page,
                CommunityRow => community,
                "SELECT DISTINCT c.id, c.name, c.zone FROM communities c JOIN members m ON m.community = c.id \
                 WHERE m.account = ? AND c.id > ? ORDER BY c.id LIMIT ?",
                &user,
            )
        })
    }

    /// All communities of the store, for whoever runs it.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn communities(&self, page: Page) -> Result<Listed<Community>, Error> {
        on!(self, read "list all communities", |connection| {
            listed!(
                connection,
                page,
                CommunityRow => community,
                "SELECT id, name, zone FROM communities WHERE id > ? ORDER BY id LIMIT ?",
            )
        })
    }

    /// Adds a member to a community.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where the community has a member of that name, [`Error::NotFound`] where the community or
    /// the member's user is not there, [`Error::Full`], or a fault of the database.
    pub async fn add_member(&self, community: Uuid, member: &Member, now: Timestamp) -> Result<(), Error> {
        on!(self, write "add a member", |connection| {
            Db::claim_community(&mut *connection, community).await?;
            load_community!(&mut *connection, community);
            insert_member!(&mut *connection, community, member, now)
                .map_err(|error| taken(error, "member name", member.name.as_str()))
                .map_err(|fault| unknown(fault, "user", &member.user.unwrap_or_default()))?;
            Db::keeps(connection, &self.bounds, Kept::Members, community, 1).await
        })
    }

    /// The members of a community, by id.
    ///
    /// # Errors
    ///
    /// A fault of the database; a community that is not there has no members.
    pub async fn members(&self, community: Uuid) -> Result<Vec<Member>, Error> {
        on!(self, read "list the members", |connection| { Ok(load_members!(connection, community)) })
    }

    /// The member that a user is in a community; where there are several, one that runs it.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn member_of(&self, community: Uuid, user: Uuid) -> Result<Option<Member>, Error> {
        on!(self, read "look for a member", |connection| {
            // `operator` comes after `member` in the alphabet.
            let row: Option<MemberRow> = sqlx::query_as::<Db, MemberRow>(sql!(
                "SELECT id, name, account, role FROM members WHERE account = ? AND community = ? \
                 ORDER BY role DESC, id LIMIT 1"
            ))
            .bind(key(&user))
            .bind(key(&community))
            .fetch_optional(connection)
            .await?;
            Ok(row.map(member).transpose()?)
        })
    }
}
