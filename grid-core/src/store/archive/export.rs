//! Writing everything into one file.

use std::{fmt::Write as _, io::Write};

use jiff::Timestamp;
use sqlx::Database;

use super::{
    ArchiveProgress, Archived,
    manifest::{EVERYTHING, Format},
    readings::AllReadings,
    recordings::RecordingFiles,
    rows::PlainRows,
    tables::{Content, Shape, Sheet, TABLES},
    writer::Writer,
};
use crate::store::{
    Error, Store,
    backend::{on, per_driver},
    fault::Fault,
};

/// Everything that a database keeps.
trait Everything: Database {
    async fn write_everything(
        connection: &mut Self::Connection,
        writer: &mut Writer<'_>,
    ) -> Result<(), Fault>;
}

per_driver! {
    impl Everything for Db {
        async fn write_everything(connection: &mut Self::Connection, writer: &mut Writer<'_>) -> Result<(), Fault> {
            for table in TABLES {
                writer.table(&table.sheet);
                match &table.content {
                    Content::Plain(plain) => {
                        Db::write_rows(&mut *connection, &table.sheet, plain, writer).await?;
                    }
                    Content::Readings => Db::write_readings(&mut *connection, writer).await?,
                }
                writer.end_table()?;
            }
            Db::write_files(connection, writer).await
        }
    }
}

impl Store {
    /// Checks that the database has the tables that this program knows, and no others: of those it would say nothing.
    pub(in crate::store) async fn of_this_schema(&self) -> Result<(), Error> {
        match self.missing_migrations().await?.len() {
            0 => Ok(()),
            missing => Err(Error::NotMigrated { missing }),
        }
    }

    /// Writes everything that the store keeps into one archive (`tar.gz`), as of one instant; [`Store::restore`] reads it,
    /// into a database of any kind. `progress` is told from time to time how far it is.
    ///
    /// It holds what people log in with and what tokens are signed with: keep it as you keep the database. What it leaves
    /// out are logins (people log in again) and counters of the last minutes.
    ///
    /// The writer blocks while it is written to: give a file from a thread that may wait.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")] {
    /// use grid_core::store::{Options, User, blocking::Store, new_id};
    /// let open = || {
    ///     let store = Store::connect("sqlite::memory:", Options::default())?;
    ///     store.migrate()?;
    ///     Ok::<_, grid_core::store::Error>(store)
    /// };
    /// let (old, new) = (open()?, open()?);
    /// let now = "2026-01-01T00:00:00Z".parse().unwrap();
    /// old.create_user(&User::new(new_id(now), "ana", "ana@example.org", "$argon2id$…".to_owned())?, now)?;
    ///
    /// let mut archive = Vec::new();
    /// old.export(&mut archive, now, &mut |_| ())?;
    /// new.restore(&mut archive.as_slice(), &mut |_| ())?;
    /// assert_eq!(new.user_by_name("ana")?, old.user_by_name("ana")?);
    /// # }
    /// # Ok::<(), grid_core::store::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Archive`] where the writer refuses; [`Error::NotMigrated`], or [`Error::ForeignMigration`] where the
    /// database is newer than this program, which would leave out what it does not know; [`Error::Corrupt`] or
    /// [`Error::CorruptDay`] where something stored cannot be read, or a fault of the database.
    pub async fn export(
        &self,
        writer: &mut (dyn Write + Send),
        now: Timestamp,
        progress: &mut (dyn FnMut(ArchiveProgress) + Send),
    ) -> Result<Archived, Error> {
        self.of_this_schema().await?;
        let format = Format::of_this_program(EVERYTHING);
        let readme = readme(ABOUT, TABLES.iter().map(|table| &table.sheet));
        let mut writer = Writer::begin(writer, format, &readme, now, progress)?;
        on!(self, snapshot "export everything", |connection| {
            Db::write_everything(connection, &mut writer).await
        })?;
        writer.end()
    }
}

const ABOUT: &str = "\
Everything that a GRID database kept at one instant: `grid-server restore FILE` fills another one with it.

KEEP IT AS YOU KEEP THE DATABASE. It has people's data, the hashes of their passwords and the keys that tokens and
statements are signed with.
";

/// What a person reads first.
pub(super) fn readme(about: &str, sheets: impl Iterator<Item = &'static Sheet>) -> String {
    let mut text = format!(
        "{about}
manifest.json names every file with its rows, bytes and SHA-256. A table is one file, or several from 8 MiB on
(`readings.csv`, `readings.2.csv`, ...), each with a header of its own where it is CSV. In `.ndjson` files each line is
a JSON object. Ids are UUIDs, instants are UTC, energies are kWh with six decimals, bytes are base64; an empty cell or
`null` is what is not known. `recordings/<id>` is the file of a battery recording, byte for byte.
"
    );
    for sheet in sheets {
        let extension = match sheet.shape {
            Shape::Lines => "ndjson",
            Shape::Csv => "csv",
        };
        let columns: Vec<&str> = sheet.columns.iter().map(|column| column.told).collect();
        // Writing into a text cannot fail.
        let _ = write!(text, "\n{}.{extension}: {}\n    {}\n", sheet.name, sheet.about, columns.join(", "));
    }
    text
}
