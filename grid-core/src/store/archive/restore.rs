//! Filling a database from an archive.

use std::io::Read;

use super::{
    ArchiveError, ArchiveProgress, Archived,
    manifest::MANIFEST,
    reader::Reader,
    readings::{AllReadings, Filling},
    recordings::{RecordingFiles, recording_of},
    rows::PlainRows,
    tables::{Content, RECORDINGS, TABLES, Table},
    writer::{Tell, part_name},
};
use crate::{
    error::excerpt,
    store::{
        Error, Store,
        backend::{Driver, on, per_driver},
        fault::Fault,
        sql::sql,
    },
};

/// An empty database that is filled.
trait Filled: Driver {
    /// Keeps every other restore out until the transaction ends: what it inserts, this one does not see.
    async fn claim(connection: &mut Self::Connection) -> Result<(), Fault>;

    /// Refuses a database that has rows.
    async fn expect_no_rows(connection: &mut Self::Connection) -> Result<(), Fault>;

    /// Inserts all that comes before the manifest, which is opened then.
    async fn fill(
        connection: &mut Self::Connection,
        reader: &mut Reader<'_>,
        tell: &mut Tell<'_>,
    ) -> Result<Archived, Fault>;
}

per_driver! {
    impl Filled for Db {
        async fn claim(connection: &mut Self::Connection) -> Result<(), Fault> {
            // An update that changes nothing locks the row, the one that a database without rows has.
            let claimed = sqlx::query::<Db>(sql!("UPDATE _sqlx_migrations SET version = version WHERE version = 1"))
                .execute(connection)
                .await
                .map_err(Fault::Statement);
            match claimed {
                Err(fault) if fault.is_transient::<Db>() => Err(Error::from(ArchiveError::BeingRestored).into()),
                claimed => claimed.map(|_| ()),
            }
        }

        async fn expect_no_rows(connection: &mut Self::Connection) -> Result<(), Fault> {
            for table in TABLES {
                let (name, found) = match &table.content {
                    Content::Plain(plain) => (table.sheet.name, Db::has_rows(&mut *connection, plain).await?),
                    Content::Readings => {
                        let look = sql!("SELECT 1 FROM reading_days LIMIT 1");
                        let found = sqlx::query::<Db>(look).fetch_optional(&mut *connection).await?;
                        ("reading_days", found.is_some())
                    }
                };
                if found {
                    return Err(Error::from(ArchiveError::NotEmpty { table: name }).into());
                }
            }
            Ok(())
        }

        async fn fill(
            connection: &mut Self::Connection,
            reader: &mut Reader<'_>,
            tell: &mut Tell<'_>,
        ) -> Result<Archived, Fault> {
            let mut order = Order::default();
            let mut filling = Filling::default();
            let mut total = 0_u64;
            loop {
                let Some(name) = reader.next().map_err(Error::from)? else {
                    return Err(Error::from(ArchiveError::CutOff { file: MANIFEST.to_owned() }).into());
                };
                if name == MANIFEST {
                    break;
                }
                if let Some(id) = recording_of(&name) {
                    order.files(reader.schema()).map_err(Error::from)?;
                    Db::insert_file(&mut *connection, id.map_err(Error::from)?, reader).await?;
                    continue;
                }
                let table = order.table(&name, reader.schema()).map_err(Error::from)?;
                let mut rows = reader.rows(&table.sheet).map_err(Error::from)?;
                let mut read = 0_u64;
                let mut each = |rows: u64| {
                    read += rows;
                    tell(ArchiveProgress { table: table.sheet.name, rows: total + read });
                };
                match &table.content {
                    Content::Plain(plain) => {
                        Db::insert_rows(&mut *connection, &table.sheet, plain, &mut rows, &mut each).await?;
                    }
                    Content::Readings => {
                        Db::insert_readings(&mut *connection, &mut filling, &mut rows, &mut each).await?;
                    }
                }
                total += read;
                order.read(read);
            }
            order.files(reader.schema()).map_err(Error::from)?;
            Db::insert_last_readings(&mut *connection, &mut filling).await?;
            if Db::without_file(connection).await? {
                let (expected, got) = ("a file for each recording".to_owned(), MANIFEST.to_owned());
                return Err(Error::from(ArchiveError::UnexpectedFile { expected, got }).into());
            }
            Ok(Archived { tables: order.archived })
        }
    }
}

/// Where in the order of the tables the archive is.
#[derive(Default)]
struct Order {
    /// The place of the table that comes next, and the part that comes next of the one before it.
    next: usize,
    part: u32,
    archived: Vec<(&'static str, u64)>,
}

impl Order {
    /// The table of a file: the next part of the one before, or the first part of the next one. Where the archive is of an
    /// earlier schema, tables may be missing.
    fn table(&mut self, name: &str, schema: usize) -> Result<&'static Table, ArchiveError> {
        let before = self.next.checked_sub(1).and_then(|before| TABLES.get(before));
        if let Some(table) = before.filter(|table| part_name(&table.sheet, self.part) == name) {
            self.part += 1;
            return Ok(table);
        }
        let is_earlier = schema < crate::store::migrations::NUMBER;
        let rest = TABLES.get(self.next..).unwrap_or_default();
        for (skipped, table) in rest.iter().enumerate() {
            if part_name(&table.sheet, 1) == name {
                self.next += skipped + 1;
                self.part = 2;
                self.archived.push((table.sheet.name, 0));
                return Ok(table);
            }
            if !is_earlier {
                break;
            }
        }
        let expected = rest.first().map_or_else(
            || format!("`{RECORDINGS}/` or `{MANIFEST}`"),
            |table| format!("`{}`", part_name(&table.sheet, 1)),
        );
        Err(ArchiveError::UnexpectedFile { expected, got: excerpt(name) })
    }

    /// Sees that all tables have come.
    fn files(&self, schema: usize) -> Result<(), ArchiveError> {
        match TABLES.get(self.next) {
            Some(table) if schema >= crate::store::migrations::NUMBER => Err(ArchiveError::UnexpectedFile {
                expected: format!("`{}`", part_name(&table.sheet, 1)),
                got: MANIFEST.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Counts rows of the table that is being read.
    fn read(&mut self, rows: u64) {
        if let Some((_, sum)) = self.archived.last_mut() {
            *sum += rows;
        }
    }
}

impl Store {
    /// Fills the store from an archive that [`Store::export`] wrote, from a database of whatever kind. All of it comes, or
    /// nothing: the archive is read once, in one transaction, and compared with its manifest before that ends. `progress` is
    /// told from time to time how far it is.
    ///
    /// The store has to be migrated and without rows. An archive of a program with fewer migrations is taken, where only
    /// tables and columns that may be empty were added since.
    ///
    /// The reader blocks while it is read: give a file from a thread that may wait.
    ///
    /// # Errors
    ///
    /// [`Error::Archive`] where the archive is cut off, changed, newer than this program or none, where the store has
    /// rows, or another restore fills it now; [`Error::NotMigrated`] or [`Error::ForeignMigration`]; or a fault of the
    /// database.
    pub async fn restore(
        &self,
        reader: &mut (dyn Read + Send),
        progress: &mut (dyn FnMut(ArchiveProgress) + Send),
    ) -> Result<Archived, Error> {
        self.of_this_schema().await?;
        let mut archive = Reader::open(reader)?;
        on!(self, once "restore an archive", |connection| {
            Db::claim(&mut *connection).await?;
            Db::expect_no_rows(&mut *connection).await?;
            let archived = Db::fill(&mut *connection, &mut archive, progress).await?;
            archive.finish().map_err(Error::from)?;
            Ok(archived)
        })
    }
}
