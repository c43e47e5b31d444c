//! Battery recordings: what was read from a file, and the file.

use std::io::{Read, Seek, SeekFrom, Write};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Listed, Page, Store,
    backend::on,
    events::{Audience, Happening, Tell},
    fault::{Fault, not_found, taken, unknown},
    page::{listed, one},
    quotas::{Kept, Room as _},
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

/// A battery recording that is to be stored; its file comes beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecording {
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
}

/// A file that is read from its start as often as it takes: a file on disk, a `Cursor` over bytes.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// Below the smallest `max_allowed_packet` that MySQL and MariaDB come with.
pub(super) const PART: usize = 1 << 20;
const PART_LENGTH: u64 = 1 << 20;

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

/// Reads exactly so many bytes.
fn read_part(file: &mut (dyn ReadSeek + Send), length: u64, content: &mut Vec<u8>) -> std::io::Result<()> {
    content.clear();
    file.take(length).read_to_end(content)?;
    if u64::try_from(content.len()).is_ok_and(|read| read == length) {
        Ok(())
    } else {
        Err(std::io::Error::new(
            std::io::ErrorKind::UnexpectedEof,
            "the file became shorter while it was read",
        ))
    }
}

impl Store {
    /// The largest file that is stored, in bytes.
    pub const MOST_RECORDING_BYTES: usize = 512 << 20;

    /// Keeps a battery recording and its file, which is read in parts of a megabyte and so need not be in memory.
    ///
    /// The file blocks while it is read: give one on disk from a thread that may wait.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], [`Error::File`] where the file cannot be read, [`Error::Taken`] where there is one of that
    /// id, [`Error::NotFound`] where its owner is not there, [`Error::Full`], or a fault of the database.
    pub async fn save_recording(
        &self,
        new: &NewRecording,
        file: &mut (dyn ReadSeek + Send),
        now: Timestamp,
    ) -> Result<(), Error> {
        let size = file.seek(SeekFrom::End(0)).map_err(|source| Error::File { source })?;
        let got = usize::try_from(size).unwrap_or(usize::MAX);
        if got > Self::MOST_RECORDING_BYTES {
            return Err(Error::TooLarge { thing: "recording", got, most: Self::MOST_RECORDING_BYTES });
        }
        let mut content = Vec::with_capacity(got.min(PART));
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
            .bind(i64::try_from(size).unwrap_or(i64::MAX))
            .bind(now.as_microsecond())
            .execute(&mut *connection)
            .await
            .map_err(|error| taken(error, "recording id", &new.id.to_string()))
            .map_err(|fault| unknown(fault, "user", &new.owner))?;
            // A transaction that is tried again begins with the first part again.
            file.rewind().map_err(|source| Error::File { source })?;
            let mut left = size;
            for part in 0_i64.. {
                let length = left.min(PART_LENGTH);
                if length == 0 {
                    break;
                }
                read_part(file, length, &mut content).map_err(|source| Error::File { source })?;
                left -= length;
                sqlx::query::<Db>(sql!("INSERT INTO recording_parts (recording, part, content) VALUES (?, ?, ?)"))
                    .bind(key(&new.id))
                    .bind(part)
                    .bind(content.as_slice())
                    .execute(&mut *connection)
                    .await?;
            }
            let what = Happening::Recording { recording: new.id };
            Db::tell(&mut *connection, Audience::Owner(new.owner), &what, now).await?;
            Db::keeps(connection, &self.bounds, Kept::RecordingBytes, new.owner, size).await
        })
    }

    /// A battery recording, without its file.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn recording(&self, id: Uuid) -> Result<StoredRecording, Error> {
        on!(self, read "load a recording", |connection| {
            one!(
                connection,
                Row => recording,
                "recording",
                &id,
                "SELECT id, owner, name, format, summary, size_bytes, created_at FROM recordings WHERE id = ?",
            )
        })
    }

    /// The file of a battery recording, in memory; [`Store::write_recording`] needs none for it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Corrupt`] where a part of it is not there, or a fault of the database.
    pub async fn recording_bytes(&self, id: Uuid) -> Result<Vec<u8>, Error> {
        let mut file = Vec::new();
        self.write_recording(id, &mut file).await?;
        Ok(file)
    }

    /// Writes the file of a battery recording, a part at a time, and says how many bytes it has.
    ///
    /// The writer blocks while it is written to: give one on disk from a thread that may wait.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::File`] where the writer refuses, [`Error::Corrupt`] where a part of it is not there,
    /// or a fault of the database.
    pub async fn write_recording(&self, id: Uuid, writer: &mut (dyn Write + Send)) -> Result<u64, Error> {
        on!(self, snapshot "load a recording's file", |connection| {
            let size: Option<(i64,)> =
                sqlx::query_as::<Db, (i64,)>(sql!("SELECT size_bytes FROM recordings WHERE id = ?"))
                    .bind(key(&id))
                    .fetch_optional(&mut *connection)
                    .await?;
            let (size,) = size.ok_or_else(|| not_found("recording", &id))?;
            let mut left = u64::try_from(size).unwrap_or(0);
            // A part at a time: an answer has to fit into one packet, too.
            for part in 0_i64.. {
                if left == 0 {
                    break;
                }
                let content: Option<(Vec<u8>,)> = sqlx::query_as::<Db, (Vec<u8>,)>(sql!(
                    "SELECT content FROM recording_parts WHERE recording = ? AND part = ?"
                ))
                .bind(key(&id))
                .bind(part)
                .fetch_optional(&mut *connection)
                .await?;
                let content = content.map(|(content,)| content).unwrap_or_default();
                let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
                if length == 0 || length > left {
                    let reason = "a part of its file is missing";
                    return Err(Fault::Refused(Error::Corrupt { thing: "recording", reason }));
                }
                writer.write_all(&content).map_err(|source| Error::File { source })?;
                left -= length;
            }
            Ok(u64::try_from(size).unwrap_or(0))
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

    /// The same without their summaries, which may be long: each is empty.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn recording_heads_of(
        &self,
        owner: Uuid,
        page: Page,
    ) -> Result<Listed<StoredRecording>, Error> {
        on!(self, read "list a user's recordings", |connection| {
            listed!(
                connection,
                page,
                Row => recording,
                "SELECT id, owner, name, format, '' AS summary, size_bytes, created_at FROM recordings \
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
