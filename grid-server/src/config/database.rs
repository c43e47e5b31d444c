//! Which database: the nearest of the names that say so.

use std::{fmt, path::PathBuf};

use super::{Config, DEFAULT, Error, Layer, nearest_secret};

/// Where the database is, and who said so.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseAddress {
    /// The URL, with its password.
    pub url: String,
    /// The setting that it comes from, in words.
    pub source: String,
    /// Whether nobody named one.
    pub is_default: bool,
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseAddress").field("source", &self.source).finish_non_exhaustive()
    }
}

/// The names that say where the database is, in the order in which they count at equal distance.
#[derive(Clone, Copy)]
enum Names {
    Own,
    OwnFile,
    Usual,
    UsualFile,
    MySql,
    CloudSql,
}

impl Config {
    /// The folder of the database that is used where none is named.
    pub const DEFAULT_FOLDER: &'static str = "grid-data";

    /// Where the database is: the nearest of `GRID_DATABASE_URL`, `DATABASE_URL`, `MYSQL_HOST` and `CLOUD_SQL_...`, or the
    /// embedded one, whose folder is made.
    ///
    /// # Errors
    ///
    /// [`Error::SecretUnreadable`], [`Error::Incomplete`] or [`Error::NoFolder`].
    pub fn database(&self) -> Result<DatabaseAddress, Error> {
        let address = self.database_if_there()?;
        if address.is_default {
            let path = PathBuf::from(Self::DEFAULT_FOLDER);
            std::fs::create_dir_all(&path).map_err(|source| Error::NoFolder { path, source })?;
        }
        Ok(address)
    }

    /// Where the database is, as [`Self::database`] has it, for whoever only looks: no folder is made.
    ///
    /// # Errors
    ///
    /// [`Error::SecretUnreadable`] or [`Error::Incomplete`].
    pub fn database_if_there(&self) -> Result<DatabaseAddress, Error> {
        use Names::{CloudSql, MySql, Own, OwnFile, Usual, UsualFile};

        let all = [Own, OwnFile, Usual, UsualFile, MySql, CloudSql];
        let nearest = all.into_iter().filter_map(|names| Some((self.layer_of(names)?, names)));
        let Some((_, names)) = nearest.min_by_key(|(layer, _)| *layer) else {
            return Ok(DatabaseAddress {
                url: format!("sqlite://{}/grid.db", Self::DEFAULT_FOLDER),
                source: DEFAULT.to_owned(),
                is_default: true,
            });
        };
        let (url, id, variable) = match names {
            Own => (self.database_url.clone(), "database_url", "GRID_DATABASE_URL"),
            OwnFile => {
                let url = super::read_secret(
                    self.database_url_file.as_deref(),
                    "the database address (`GRID_DATABASE_URL_FILE`)",
                )?;
                (url, "database_url_file", "GRID_DATABASE_URL_FILE")
            }
            Usual => (self.fallback_database_url.clone(), "fallback_database_url", "DATABASE_URL"),
            UsualFile => {
                let url = super::read_secret(
                    self.fallback_database_url_file.as_deref(),
                    "the database address (`DATABASE_URL_FILE`)",
                )?;
                (url, "fallback_database_url_file", "DATABASE_URL_FILE")
            }
            MySql => {
                let password = nearest_secret(
                    &self.settings,
                    ("mysql_password", self.old.mysql_password.as_deref()),
                    ("mysql_password_file", self.old.mysql_password_file.as_deref()),
                    "the password of MySQL (`MYSQL_PASSWORD_FILE`)",
                )?;
                (Some(self.old.mysql(password.as_deref())?), "mysql_host", "MYSQL_HOST")
            }
            CloudSql => {
                let password = nearest_secret(
                    &self.settings,
                    ("cloud_sql_password", self.old.cloud_sql_password.as_deref()),
                    ("cloud_sql_password_file", self.old.cloud_sql_password_file.as_deref()),
                    "the password of Cloud SQL (`CLOUD_SQL_PASSWORD_FILE`)",
                )?;
                let url = self.old.cloud_sql(password.as_deref(), self.is_on_a_platform())?;
                let by_name = self.old.cloud_sql_connection_name.is_some();
                if by_name && (self.is_on_a_platform() || self.old.cloud_sql_host.is_none()) {
                    (Some(url), "cloud_sql_connection_name", "CLOUD_SQL_CONNECTION_NAME")
                } else {
                    (Some(url), "cloud_sql_host", "CLOUD_SQL_HOST")
                }
            }
        };
        let url = url.unwrap_or_default().trim().to_owned();
        Ok(DatabaseAddress { url, source: self.settings.origin(id, variable), is_default: false })
    }

    /// How near the place is where some names say something; `None` where they say nothing.
    fn layer_of(&self, names: Names) -> Option<Layer> {
        let text = |id: &'static str, value: &Option<String>| {
            let said = value.as_ref().is_some_and(|value| !value.trim().is_empty());
            said.then(|| self.settings.layer(id))
        };
        let file = |id: &'static str, path: &Option<PathBuf>| {
            path.as_ref().filter(|path| !path.as_os_str().is_empty()).map(|_| self.settings.layer(id))
        };
        let old = &self.old;
        match names {
            Names::Own => text("database_url", &self.database_url),
            Names::OwnFile => file("database_url_file", &self.database_url_file),
            Names::Usual => text("fallback_database_url", &self.fallback_database_url),
            Names::UsualFile => file("fallback_database_url_file", &self.fallback_database_url_file),
            // A password or a port alone names no database.
            Names::MySql => [
                text("mysql_host", &old.mysql_host),
                text("mysql_user", &old.mysql_user),
                text("mysql_db", &old.mysql_db),
            ]
            .into_iter()
            .flatten()
            .min(),
            Names::CloudSql => [
                text("cloud_sql_host", &old.cloud_sql_host),
                text("cloud_sql_connection_name", &old.cloud_sql_connection_name),
                text("cloud_sql_username", &old.cloud_sql_username),
            ]
            .into_iter()
            .flatten()
            .min(),
        }
    }
}
