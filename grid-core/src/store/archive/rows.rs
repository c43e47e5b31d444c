//! Rows of a table, out of a database and into it.

use futures_util::TryStreamExt;
use sqlx::{Database, Row as _};

use super::{
    ArchiveError,
    cell::{Stored, Value},
    reader::Rows,
    tables::{Column, MANY, Plain, Sheet},
    writer::Writer,
};
use crate::store::{
    Error,
    backend::{Driver, per_driver},
    fault::Fault,
};

/// About how many bytes one statement inserts at most, where it has more than one row: far below what MySQL takes in a
/// packet.
const MOST_BYTES: usize = 1 << 20;

/// The rows of a table as they stand.
pub(super) trait PlainRows: Database {
    /// Whether a table has a row.
    async fn has_rows(connection: &mut Self::Connection, plain: &Plain) -> Result<bool, Fault>;

    /// The values of a row, in the order of the columns.
    fn values(row: &Self::Row, columns: &[Column]) -> Result<Vec<Value>, sqlx::Error>;

    /// Writes all rows of a table.
    async fn write_rows(
        connection: &mut Self::Connection,
        sheet: &'static Sheet,
        plain: &'static Plain,
        writer: &mut Writer<'_>,
    ) -> Result<(), Fault>;

    /// Inserts the rows of a file, and says after each statement how many there were.
    async fn insert_rows(
        connection: &mut Self::Connection,
        sheet: &'static Sheet,
        plain: &'static Plain,
        rows: &mut Rows,
        each: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), Fault>;
}

per_driver! {
    impl PlainRows for Db {
        fn values(row: &Self::Row, columns: &[Column]) -> Result<Vec<Value>, sqlx::Error> {
            let mut values = Vec::with_capacity(columns.len());
            for (at, column) in columns.iter().enumerate() {
                let value = match column.kind.stored() {
                    Stored::Integer => row.try_get::<Option<i64>, _>(at)?.map(Value::Integer),
                    Stored::Text => row.try_get::<Option<String>, _>(at)?.map(Value::Text),
                    Stored::Bytes => row.try_get::<Option<Vec<u8>>, _>(at)?.map(Value::Bytes),
                };
                values.push(value.unwrap_or(Value::Null));
            }
            Ok(values)
        }

        async fn has_rows(connection: &mut Self::Connection, plain: &Plain) -> Result<bool, Fault> {
            Ok(sqlx::query::<Db>(plain.look.text(Db::NOTATION)).fetch_optional(connection).await?.is_some())
        }

        async fn write_rows(
            connection: &mut Self::Connection,
            sheet: &'static Sheet,
            plain: &'static Plain,
            writer: &mut Writer<'_>,
        ) -> Result<(), Fault> {
            let mut rows = sqlx::query::<Db>(plain.select.text(Db::NOTATION)).fetch(connection);
            while let Some(row) = rows.try_next().await? {
                writer.row(&Db::values(&row, sheet.columns)?)?;
            }
            Ok(())
        }

        async fn insert_rows(
            connection: &mut Self::Connection,
            sheet: &'static Sheet,
            plain: &'static Plain,
            rows: &mut Rows,
            each: &mut (dyn FnMut(u64) + Send),
        ) -> Result<(), Fault> {
            let mut kept: Option<Vec<Value>> = None;
            loop {
                let line = rows.line();
                let (mut batch, mut bytes) = (Vec::with_capacity(MANY), 0_usize);
                while batch.len() < MANY {
                    let next = match kept.take() {
                        Some(kept) => Some(kept),
                        None => rows.next().map_err(Error::from)?,
                    };
                    let Some(row) = next else { break };
                    bytes = bytes.saturating_add(row.iter().map(Value::size).sum());
                    if bytes > MOST_BYTES && !batch.is_empty() {
                        kept = Some(row);
                        break;
                    }
                    batch.push(row);
                }
                if batch.is_empty() {
                    return Ok(());
                }
                let whole = batch.len() == MANY;
                let size = if whole { MANY } else { 1 };
                let text = if whole { plain.insert_many } else { plain.insert_one };
                for group in batch.chunks(size) {
                    let mut query = sqlx::query::<Db>(text.text(Db::NOTATION));
                    for (column, value) in group.iter().flat_map(|row| sheet.columns.iter().zip(row)) {
                        query = match (column.kind.stored(), value) {
                            (Stored::Integer, Value::Integer(number)) => query.bind(*number),
                            (Stored::Integer, _) => query.bind(None::<i64>),
                            (Stored::Text, Value::Text(text)) => query.bind(text.as_str()),
                            (Stored::Text, _) => query.bind(None::<&str>),
                            (Stored::Bytes, Value::Bytes(bytes)) => query.bind(bytes.as_slice()),
                            (Stored::Bytes, _) => query.bind(None::<&[u8]>),
                        };
                    }
                    query.execute(&mut *connection).await.map_err(|error| refused(error, rows, line))?;
                }
                each(u64::try_from(batch.len()).unwrap_or(u64::MAX));
            }
        }
    }
}

/// Names what the rows of an archive broke, and leaves every other complaint to the driver.
pub(super) fn refused(error: sqlx::Error, rows: &Rows, line: u64) -> Fault {
    let breaks = error.as_database_error().is_some_and(|database| {
        database.is_unique_violation()
            || database.is_foreign_key_violation()
            || database.is_check_violation()
            || database.kind() == sqlx::error::ErrorKind::NotNullViolation
    });
    if breaks {
        let file = rows.file().to_owned();
        Fault::Refused(ArchiveError::Refused { file, line, source: error.into() }.into())
    } else {
        Fault::Statement(error)
    }
}
