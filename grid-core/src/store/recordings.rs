//! Battery recordings: what was read from a file, and the file.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Listed, Page, Store,
    backend::on,
    fault::{Fault, not_found, taken, unknown},
    page::listed,
    rows::{self, key},
    sql::sql,
};
use crate::energy::Name;

/// A battery recording as it is stored; its file is asked for apart, by [`Store::recording_bytes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecording {
    /// Its id.
    pub id: Uuid,
    /// The user who sent it.
    pub owner: Uuid,
    /// The file's name.
    pub name: Name,
    /// The format that was recognised.
    pub format: Name,
    /// The summary of the recording, as JSON text; given back byte for byte.
    pub summary: String,
    /// How many bytes the file has.
    pub size_bytes: u64,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// A battery recording that is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecording<'a> {
    /// Its id, from [`new_id`](super::new_id).
    pub id: Uuid,
    /// The user who sent it.
    pub owner: Uuid,
    /// The file's name.
    pub name: Name,
    /// The format that was recognised.
    pub format: Name,
    /// The summary of the recording, as JSON text.
    pub summary: String,
    /// The file.
    pub file: &'a [u8],
}

/// Below the smallest `max_allowed_packet` that MySQL and MariaDB come with.
const PART: usize = 1 << 20;

type Row = (Vec<u8>, Vec<u8>, String, String, String, i64, i64);

fn recording(
    (id, owner, name, format, summary, size_bytes, created_at): Row,
) -> Result<StoredRecording, Error> {
    const THING: &str = "recording";
    Ok(StoredRecording {
        id: rows::id(&id, THING)?,
        owner: rows::id(&owner, THING)?,
        name: rows::name(&name, THING)?,
        format: rows::name(&format, THING)?,
        summary,
        size_bytes: u64::try_from(size_bytes)
            .map_err(|_| Error::Corrupt { thing: THING, reason: "its size is negative" })?,
        created_at: rows::instant(created_at, THING)?,
    })
}

impl Store {
    /// The largest file that is stored, in bytes.
    pub const MOST_RECORDING_BYTES: usize = 512 << 20;

    /// Keeps a battery recording and its file.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], [`Error::Taken`] where there is one of that id, [`Error::NotFound`] where its owner is not
    /// there, or a fault of the database.
    pub async fn save_recording(&self, new: &NewRecording<'_>, now: Timestamp) -> Result<(), Error> {
        if new.file.len() > Self::MOST_RECORDING_BYTES {
            return Err(Error::TooLarge {
                thing: "recording",
                got: new.file.len(),
                most: Self::MOST_RECORDING_BYTES,
            });
        }
        on!(self, write "store a recording", |connection| {
            sqlx::query::<Db>(sql!(
                "INSERT INTO recordings (id, owner, name, format, summary, size_bytes, created_at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)"
            ))
            .bind(key(&new.id))
            .bind(key(&new.owner))
            .bind(new.name.as_str())
            .bind(new.format.as_str())
            .bind(new.summary.as_str())
            .bind(i64::try_from(new.file.len()).unwrap_or(i64::MAX))
            .bind(now.as_microsecond())
            .execute(&mut *connection)
            .await
            .map_err(|error| taken(error, "recording id", &new.id.to_string()))
            .map_err(|fault| unknown(fault, "user", &new.owner))?;
            for (content, part) in new.file.chunks(PART).zip(0_i64..) {
                sqlx::query::<Db>(sql!("INSERT INTO recording_parts (recording, part, content) VALUES (?, ?, ?)"))
                    .bind(key(&new.id))
                    .bind(part)
                    .bind(content)
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(())
        })
    }

    /// A battery recording, without its file.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn recording(&self, id: Uuid) -> Result<StoredRecording, Error> {
        on!(self, read "load a recording", |connection| {
            let row: Option<Row> = sqlx::query_as::<Db, Row>(sql!(
                "SELECT id, owner, name, format, summary, size_bytes, created_at FROM recordings WHERE id = ?"
            ))
            .bind(key(&id))
            .fetch_optional(connection)
            .await?;
            Ok(recording(row.ok_or_else(|| not_found("recording", &id))?)?)
        })
    }

    /// The file of a battery recording.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Corrupt`] where a part of it is not there, or a fault of the database.
    pub async fn recording_bytes(&self, id: Uuid) -> Result<Vec<u8>, Error> {
        on!(self, snapshot "load a recording's file", |connection| {
            let size: Option<(i64,)> =
                sqlx::query_as::<Db, (i64,)>(sql!("SELECT size_bytes FROM recordings WHERE id = ?"))
                    .bind(key(&id))
                    .fetch_optional(&mut *connection)
                    .await?;
            let (size,) = size.ok_or_else(|| not_found("recording", &id))?;
            let size = usize::try_from(size).unwrap_or(0);
            let mut file = Vec::with_capacity(size.min(Self::MOST_RECORDING_BYTES));
            // A part at a time: an answer has to fit into one packet, too.
            for part in 0_i64.. {
                if file.len() >= size {
                    break;
                }
                let content: Option<(Vec<u8>,)> = sqlx::query_as::<Db, (Vec<u8>,)>(sql!(
                    "SELECT content FROM recording_parts WHERE recording = ? AND part = ?"
                ))
                .bind(key(&id))
                .bind(part)
                .fetch_optional(&mut *connection)
                .await?;
                match content {
                    Some((content,)) if !content.is_empty() => file.extend_from_slice(&content),
                    _ => break,
                }
            }
            if file.len() == size {
                Ok(file)
            } else {
                Err(Fault::Refused(Error::Corrupt { thing: "recording", reason: "a part of its file is missing" }))
            }
        })
    }

    /// The battery recordings that a user sent.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn recordings_of(&self, owner: Uuid, page: Page) -> Result<Listed<StoredRecording>, Error> {
        on!(self, read "list a user's recordings", |connection| {
            listed!(
                connection,
                page,
                Row => recording,
                "SELECT id, owner, name, format, summary, size_bytes, created_at FROM recordings \
                 WHERE owner = ? AND id > ? ORDER BY id LIMIT ?",
                &owner,
            )
        })
    }

    /// Removes a battery recording and its file.
    ///
    /// # Errors
    ///
    /// A fault of the database; a recording that is not there is no error.
    pub async fn delete_recording(&self, id: Uuid) -> Result<(), Error> {
        on!(self, write "delete a recording", |connection| {
            for text in [
                sql!("DELETE FROM recording_parts WHERE recording = ?"),
                sql!("DELETE FROM recordings WHERE id = ?"),
            ] {
                sqlx::query::<Db>(text).bind(key(&id)).execute(&mut *connection).await?;
            }
            Ok(())
        })
    }
}
