//! How a community shares, and since when.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::on,
    books::Books as _,
    communities::{load_community, load_members},
    fault::{Fault, not_found},
    quotas::{Kept, Room as _},
    rows::{self, key},
    sql::sql,
};
use crate::{
    energy::sharing::{Key, SharingKey},
    quantity::Share,
};

/// A key as text.
fn written(key: &Key) -> Result<String, Error> {
    serde_json::to_string(key)
        .map_err(|source| Error::Failed { action: "write a sharing key", source: source.into() })
}

/// A key from its columns. Before keys had a form of their own, the kind stood beside a list of shares.
fn read(kind: &str, text: &str) -> Result<Key, Error> {
    let corrupt = |reason| Error::Corrupt { thing: "sharing key", reason };
    if !text.starts_with('[') {
        return serde_json::from_str(text).map_err(|_| corrupt("it cannot be read"));
    }
    if kind == Key::Proportional.kind() {
        return Ok(Key::Proportional);
    }
    let parts: Vec<(String, u32)> =
        serde_json::from_str(text).map_err(|_| corrupt("its shares are no list"))?;
    let parts = parts
        .into_iter()
        .map(|(member, ppm)| Ok((member, Share::from_ppm(ppm)?)))
        .collect::<Result<_, crate::quantity::Error>>()
        .map_err(|_| corrupt("a share is out of range"))?;
    Ok(Key::Static(SharingKey::new(parts).map_err(|_| corrupt("its shares are not one whole"))?))
}

type KeyRow = (i64, String, String);

fn dated((valid_from, kind, text): KeyRow) -> Result<(Timestamp, Key), Error> {
    Ok((rows::instant(valid_from, "sharing key")?, read(&kind, &text)?))
}

impl Store {
    /// Lets a community share by a key from an instant on. Keys are only added: one that is set again for the same
    /// instant counts from now on, and the older one stays in the table.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the community, or a member whom the key names by id, is not there; [`Error::Full`]; or a
    /// fault of the database.
    pub async fn set_key(
        &self,
        community: Uuid,
        sharing: &Key,
        valid_from: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (kind, text) = (sharing.kind(), written(sharing)?);
        let id = rows::new_id(now);
        on!(self, write "set a sharing key", |connection| {
            let recorded_at = Db::recorded_of_community(&mut *connection, community, now).await?;
            load_community!(&mut *connection, community);
            let named = sharing.members();
            if !named.is_empty() {
                let members = load_members!(&mut *connection, community);
                let is_member = |id: &&&str| members.iter().any(|member| member.id.to_string() == **id);
                if let Some(stranger) = named.iter().find(|id| !is_member(id)) {
                    return Err(Fault::Refused(not_found("member", stranger)));
                }
            }
            sqlx::query::<Db>(sql!(
                "INSERT INTO community_keys (id, community, kind, shares, valid_from, created_at) VALUES (?, ?, ?, ?, ?, ?)"
            ))
            .bind(key(&id))
            .bind(key(&community))
            .bind(kind)
            .bind(text.as_str())
            .bind(valid_from.as_microsecond())
            .bind(recorded_at)
            .execute(&mut *connection)
            .await?;
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            Db::keeps(connection, &self.bounds, Kept::AgreementBytes, community, length).await
        })
    }

    /// The key by which a community shares at an instant; `None` where none has been set for it.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn key(&self, community: Uuid, at: Timestamp) -> Result<Option<Key>, Error> {
        on!(self, read "load a sharing key", |connection| {
            let row: Option<(String, String)> = sqlx::query_as::<Db, (String, String)>(sql!(
                "SELECT kind, shares FROM community_keys WHERE community = ? AND valid_from <= ? \
                 ORDER BY valid_from DESC, created_at DESC, id DESC LIMIT 1"
            ))
            .bind(key(&community))
            .bind(at.as_microsecond())
            .fetch_optional(connection)
            .await?;
            Ok(row.map(|(kind, shares)| read(&kind, &shares)).transpose()?)
        })
    }

    /// All keys of a community, each with the instant from which it counts; the last of one instant is the one that does.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn keys(&self, community: Uuid) -> Result<Vec<(Timestamp, Key)>, Error> {
        self.keys_as_of(community, Timestamp::MAX).await
    }

    /// The first `most` keys of a community that begin at `from` or later, by when they begin.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn first_keys(
        &self,
        community: Uuid,
        from: Option<Timestamp>,
        most: u32,
    ) -> Result<Vec<(Timestamp, Key)>, Error> {
        on!(self, read "list the sharing keys", |connection| {
            let found: Vec<KeyRow> = sqlx::query_as::<Db, KeyRow>(sql!(
                "SELECT valid_from, kind, shares FROM community_keys WHERE community = ? AND valid_from >= ? \
                 ORDER BY valid_from, created_at, id LIMIT ?"
            ))
            .bind(key(&community))
            .bind(from.map_or(i64::MIN, Timestamp::as_microsecond))
            .bind(i64::from(most))
            .fetch_all(connection)
            .await?;
            Ok(found.into_iter().map(dated).collect::<Result<_, Error>>()?)
        })
    }

    /// The same as it was recorded by an instant.
    pub(super) async fn keys_as_of(
        &self,
        community: Uuid,
        as_of: Timestamp,
    ) -> Result<Vec<(Timestamp, Key)>, Error> {
        on!(self, read "list the sharing keys", |connection| {
            let found: Vec<KeyRow> = sqlx::query_as::<Db, KeyRow>(sql!(
                "SELECT valid_from, kind, shares FROM community_keys WHERE community = ? AND created_at <= ? \
                 ORDER BY valid_from, created_at, id"
            ))
            .bind(key(&community))
            .bind(as_of.as_microsecond())
            .fetch_all(connection)
            .await?;
            Ok(found.into_iter().map(dated).collect::<Result<_, Error>>()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_round_trips() {
        let shares =
            [("a", 600_000), ("b", 400_000)].map(|(id, ppm)| (id.to_owned(), Share::from_ppm(ppm).unwrap()));
        for key in [Key::Proportional, Key::Equal, Key::Static(SharingKey::new(shares.to_vec()).unwrap())] {
            assert_eq!(read(key.kind(), &written(&key).unwrap()).unwrap(), key);
        }
    }

    #[test]
    fn a_key_of_the_first_form_is_read() {
        assert_eq!(read("proportional", "[]").unwrap(), Key::Proportional);
        let key = read("static", r#"[["a", 600000], ["b", 400000]]"#).unwrap();
        assert_eq!(key.members(), ["a", "b"]);
        assert!(matches!(read("static", r#"[["a", 1]]"#), Err(Error::Corrupt { .. })));
        assert!(matches!(read("static", r#"{"kind": "static"}"#), Err(Error::Corrupt { .. })));
    }
}
