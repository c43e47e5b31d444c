//! The files of battery recordings, which stand in an archive as they were sent.

use sqlx::Database;
use uuid::Uuid;

use super::{ArchiveError, reader::Reader, tables::RECORDINGS, writer::Writer};
use crate::{
    error::excerpt,
    store::{
        Error, Store,
        backend::per_driver,
        fault::Fault,
        recordings::PART,
        rows::{self, key},
        sql::sql,
    },
};

/// How many recordings are listed at once.
const LISTED: i64 = 1000;

/// The files of recordings.
pub(super) trait RecordingFiles: Database {
    /// Writes the files of all recordings, in the order of their ids.
    async fn write_files(connection: &mut Self::Connection, writer: &mut Writer<'_>) -> Result<(), Fault>;

    /// Writes the files of a user's recordings, in the order of their ids.
    async fn write_files_of(
        connection: &mut Self::Connection,
        owner: Uuid,
        writer: &mut Writer<'_>,
    ) -> Result<(), Fault>;

    /// Writes the file of one.
    async fn write_file(
        connection: &mut Self::Connection,
        id: Uuid,
        size: i64,
        writer: &mut Writer<'_>,
    ) -> Result<(), Fault>;

    /// Inserts the file that is open in an archive, whose name is that of its recording.
    async fn insert_file(
        connection: &mut Self::Connection,
        id: Uuid,
        reader: &mut Reader<'_>,
    ) -> Result<(), Fault>;

    /// How many recordings have no file of their size.
    async fn without_file(connection: &mut Self::Connection) -> Result<bool, Fault>;
}

per_driver! {
    impl RecordingFiles for Db {
        async fn write_files(connection: &mut Self::Connection, writer: &mut Writer<'_>) -> Result<(), Fault> {
            let mut after = Uuid::nil();
            loop {
                let listed: Vec<(Vec<u8>, i64)> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT id, size_bytes FROM recordings WHERE id > ? ORDER BY id LIMIT ?"
                ))
                .bind(key(&after))
                .bind(LISTED)
                .fetch_all(&mut *connection)
                .await?;
                if listed.is_empty() {
                    return Ok(());
                }
                for (id, size) in listed {
                    after = rows::id(&id, "recording")?;
                    Db::write_file(&mut *connection, after, size, writer).await?;
                }
            }
        }

        async fn write_files_of(
            connection: &mut Self::Connection,
            owner: Uuid,
            writer: &mut Writer<'_>,
        ) -> Result<(), Fault> {
            let mut after = Uuid::nil();
            loop {
                let listed: Vec<(Vec<u8>, i64)> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT id, size_bytes FROM recordings WHERE owner = ? AND id > ? ORDER BY id LIMIT ?"
                ))
                .bind(key(&owner))
                .bind(key(&after))
                .bind(LISTED)
                .fetch_all(&mut *connection)
                .await?;
                if listed.is_empty() {
                    return Ok(());
                }
                for (id, size) in listed {
                    after = rows::id(&id, "recording")?;
                    Db::write_file(&mut *connection, after, size, writer).await?;
                }
            }
        }

        async fn write_file(
            connection: &mut Self::Connection,
            id: Uuid,
            size: i64,
            writer: &mut Writer<'_>,
        ) -> Result<(), Fault> {
            let corrupt = || Error::Corrupt { thing: "recording", reason: "a part of its file is missing" };
            writer.file(name(id), u64::try_from(size).unwrap_or(0))?;
            // A part at a time: an answer has to fit into one packet, too.
            for part in 0_i64.. {
                let content: Option<(Vec<u8>,)> = sqlx::query_as::<Db, (Vec<u8>,)>(sql!(
                    "SELECT content FROM recording_parts WHERE recording = ? AND part = ?"
                ))
                .bind(key(&id))
                .bind(part)
                .fetch_optional(&mut *connection)
                .await?;
                let Some((content,)) = content else { break };
                if !writer.more(&content)? {
                    return Err(corrupt().into());
                }
            }
            if writer.end_file()? { Ok(()) } else { Err(corrupt().into()) }
        }

        async fn insert_file(connection: &mut Self::Connection, id: Uuid, reader: &mut Reader<'_>) -> Result<(), Fault> {
            let size: Option<(i64,)> = sqlx::query_as::<Db, (i64,)>(sql!("SELECT size_bytes FROM recordings WHERE id = ?"))
                .bind(key(&id))
                .fetch_optional(&mut *connection)
                .await?;
            let got = reader.size();
            let most = u64::try_from(Store::MOST_RECORDING_BYTES).unwrap_or(u64::MAX);
            match size {
                Some((size,)) if u64::try_from(size).is_ok_and(|size| size == got && size <= most) => {}
                Some(_) if got > most => {
                    return Err(Error::from(ArchiveError::TooLong { file: name(id), most, got }).into());
                }
                Some(_) => {
                    let reason = "its size is not the one that its recording has".to_owned();
                    return Err(Error::from(ArchiveError::Damaged { file: name(id), reason }).into());
                }
                None => {
                    let expected = "the file of a recording in `recordings.ndjson`".to_owned();
                    return Err(Error::from(ArchiveError::UnexpectedFile { expected, got: name(id) }).into());
                }
            }
            let mut hash = Reader::hash();
            let length = u64::try_from(PART).unwrap_or(u64::MAX);
            for part in 0_i64.. {
                let Some(content) = reader.next_part(&mut hash, length).map_err(Error::from)? else { break };
                sqlx::query::<Db>(sql!("INSERT INTO recording_parts (recording, part, content) VALUES (?, ?, ?)"))
                    .bind(key(&id))
                    .bind(part)
                    .bind(content.as_slice())
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(reader.end_file(hash).map_err(Error::from)?)
        }

        async fn without_file(connection: &mut Self::Connection) -> Result<bool, Fault> {
            let found: Option<(Vec<u8>,)> = sqlx::query_as::<Db, (Vec<u8>,)>(sql!(
                "SELECT r.id FROM recordings r WHERE r.size_bytes > 0 \
                 AND NOT EXISTS (SELECT 1 FROM recording_parts p WHERE p.recording = r.id) LIMIT 1"
            ))
            .fetch_optional(connection)
            .await?;
            Ok(found.is_some())
        }
    }
}

fn name(id: Uuid) -> String {
    format!("{RECORDINGS}/{id}")
}

/// The recording whose file a name is.
pub(super) fn recording_of(name: &str) -> Option<Result<Uuid, ArchiveError>> {
    let id = name.strip_prefix(RECORDINGS)?.strip_prefix('/')?;
    let id = id.parse::<Uuid>().map_err(|_| ArchiveError::UnexpectedFile {
        expected: "the id of a recording after `recordings/`".to_owned(),
        got: excerpt(name),
    });
    Some(id)
}
