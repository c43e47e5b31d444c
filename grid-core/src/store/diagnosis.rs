//! Where a database is, and what keeps a program from it: one attempt, and a word of our own for why it failed.
//!
//! An operator wants to know whether the name, the port, the certificate, the password or the database is wrong. A
//! driver tells these apart in its own way and quotes what it was given; an [`Obstacle`] says it without quoting anything.

use std::{path::PathBuf, str::FromStr, time::Duration};

#[cfg(feature = "sqlite")]
use super::connect::look_at;
use super::{Error, connect::split};
use crate::error::excerpt;

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Which database it is.
    pub kind: DatabaseKind,
    /// The way to it.
    pub place: DatabasePlace,
    /// Who logs in; `None` for a file.
    pub user: Option<String>,
    /// The name of the database on its server, where one is named.
    pub database: Option<String>,
    /// What the address asks of the encryption.
    pub encryption: Encryption,
}

/// The kinds of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// SQLite.
    Sqlite,
    /// MySQL or MariaDB.
    MySql,
    /// PostgreSQL.
    Postgres,
}

impl DatabaseKind {
    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::MySql => "MySQL or MariaDB",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// The way to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabasePlace {
    /// Nowhere: it lives in memory.
    Memory,
    /// A file.
    File(PathBuf),
    /// A Unix socket.
    Socket(PathBuf),
    /// A host, by name or address, and a port.
    Host(String, u16),
}

/// What an address asks of the encryption of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// There is none: a file, a socket, or it is turned off.
    Off,
    /// Where the server offers it.
    Preferred,
    /// It must be there; whose certificate it is, is not looked at.
    Required,
    /// It must be there, and the certificate must be good.
    Verified,
}

/// What a database said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greeting {
    /// Its version.
    pub version: String,
    /// The protocol that encrypts the connection, as in `TLSv1.3`; `None` where none does.
    pub encryption: Option<String>,
    /// How many connections it takes from all its clients, where that is limited.
    pub most_connections: Option<u64>,
    /// Whether the user may make tables, where it could be asked.
    pub may_create: Option<bool>,
    /// How a SQLite file is written, `wal` once GRID has opened it.
    pub journal: Option<String>,
}

/// Why a database could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// Nothing listens there.
    Refused,
    /// There is no such socket or file.
    Missing,
    /// The file or socket may not be opened.
    Forbidden,
    /// Something listens and says nothing.
    Silent,
    /// The connection was cut.
    Cut,
    /// What listens is no such database, or the file is none.
    Stranger,
    /// The encrypted connection could not be made, or the server does not offer it.
    Encryption,
    /// The way in which the server wants the password needs an encrypted connection.
    LoginMethod,
    /// The user or the password is wrong.
    Login,
    /// The server takes no logins of this user from here.
    LoginPlace,
    /// There is no such database.
    NoDatabase,
    /// The user may not use the database.
    NoRight,
    /// The server has no connection left.
    Full,
    /// The server is starting or stopping.
    NotYet,
    /// Something else, which the log of the database tells.
    Other,
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Refused => "nothing listens there",
            Self::Missing => "there is no such socket or file",
            Self::Forbidden => "the socket or file may not be opened",
            Self::Silent => "it does not answer",
            Self::Cut => "the connection was cut",
            Self::Stranger => "what answers is no such database",
            Self::Encryption => "no encrypted connection could be made",
            Self::LoginMethod => "the way in which it wants the password needs an encrypted connection",
            Self::Login => "the user or the password is wrong",
            Self::LoginPlace => "it takes no logins of this user from here",
            Self::NoDatabase => "there is no database of this name",
            Self::NoRight => "the user may not use the database",
            Self::Full => "it has no connection left",
            Self::NotYet => "it is starting or stopping",
            Self::Other => "it cannot be used, and its log says why",
        })
    }
}

impl Location {
    /// Reads an address; nothing is connected.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownScheme`], [`Error::NotBuiltIn`] or [`Error::NotAnAddress`].
    ///
    /// ```
    /// # #[cfg(feature = "postgres")] {
    /// use grid_core::store::{DatabasePlace, Location};
    /// let location = Location::of("postgres://ana:secret@db.example.org/grid")?;
    /// assert_eq!(location.place, DatabasePlace::Host("db.example.org".to_owned(), 5432));
    /// assert_eq!(location.user.as_deref(), Some("ana"));
    /// # }
    /// # Ok::<(), grid_core::store::Error>(())
    /// ```
    pub fn of(address: &str) -> Result<Self, Error> {
        let (scheme, address) = split(address)?;
        match scheme {
            DatabaseKind::Sqlite => sqlite_location(&address),
            DatabaseKind::MySql => mysql_location(&address),
            DatabaseKind::Postgres => postgres_location(&address),
        }
    }
}

/// Connects once, and asks the database what it is; nothing is changed, and no SQLite file is made.
///
/// # Errors
///
/// The [`Obstacle`]; [`Obstacle::Other`] for an address that [`Location::of`] refuses.
pub async fn greet(address: &str, patience: Duration) -> Result<Greeting, Obstacle> {
    let Ok((kind, address)) = split(address) else { return Err(Obstacle::Other) };
    let greeting = async {
        match kind {
            DatabaseKind::Sqlite => greet_sqlite(&address, patience).await,
            DatabaseKind::MySql => greet_mysql(&address).await,
            DatabaseKind::Postgres => greet_postgres(&address).await,
        }
    };
    tokio::time::timeout(patience, greeting).await.unwrap_or(Err(Obstacle::Silent))
}

fn not_an_address(source: sqlx::Error) -> Error {
    Error::NotAnAddress { source: source.into() }
}

#[cfg(feature = "sqlite")]
fn sqlite_location(address: &str) -> Result<Location, Error> {
    let file = sqlx::sqlite::SqliteConnectOptions::from_str(address).map_err(not_an_address)?;
    let in_memory = address.contains(":memory:") || address.contains("mode=memory");
    let place =
        if in_memory { DatabasePlace::Memory } else { DatabasePlace::File(file.get_filename().to_owned()) };
    let kind = DatabaseKind::Sqlite;
    Ok(Location { kind, place, user: None, database: None, encryption: Encryption::Off })
}

#[cfg(not(feature = "sqlite"))]
fn sqlite_location(_: &str) -> Result<Location, Error> {
    Err(Error::NotBuiltIn { feature: "sqlite" })
}

#[cfg(feature = "mysql")]
fn mysql_location(address: &str) -> Result<Location, Error> {
    use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

    let server = MySqlConnectOptions::from_str(address).map_err(not_an_address)?;
    let socket = server.get_socket().cloned();
    let encryption = match server.get_ssl_mode() {
        _ if socket.is_some() => Encryption::Off,
        MySqlSslMode::Disabled => Encryption::Off,
        MySqlSslMode::Preferred => Encryption::Preferred,
        MySqlSslMode::Required => Encryption::Required,
        MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity => Encryption::Verified,
    };
    Ok(Location {
        kind: DatabaseKind::MySql,
        place: socket.map_or_else(
            || DatabasePlace::Host(server.get_host().to_owned(), server.get_port()),
            DatabasePlace::Socket,
        ),
        user: Some(server.get_username().to_owned()),
        database: server.get_database().map(str::to_owned),
        encryption,
    })
}

#[cfg(not(feature = "mysql"))]
fn mysql_location(_: &str) -> Result<Location, Error> {
    Err(Error::NotBuiltIn { feature: "mysql" })
}

#[cfg(feature = "postgres")]
fn postgres_location(address: &str) -> Result<Location, Error> {
    use sqlx::postgres::{PgConnectOptions, PgSslMode};

    let server = PgConnectOptions::from_str(address).map_err(not_an_address)?;
    let port = server.get_port();
    let folder = server.get_socket().cloned();
    let encryption = match server.get_ssl_mode() {
        _ if folder.is_some() => Encryption::Off,
        PgSslMode::Disable => Encryption::Off,
        PgSslMode::Allow | PgSslMode::Prefer => Encryption::Preferred,
        PgSslMode::Require => Encryption::Required,
        PgSslMode::VerifyCa | PgSslMode::VerifyFull => Encryption::Verified,
    };
    Ok(Location {
        kind: DatabaseKind::Postgres,
        place: folder.map_or_else(
            || DatabasePlace::Host(server.get_host().to_owned(), port),
            |folder| DatabasePlace::Socket(folder.join(format!(".s.PGSQL.{port}"))),
        ),
        user: Some(server.get_username().to_owned()),
        database: server.get_database().map(str::to_owned),
        encryption,
    })
}

#[cfg(not(feature = "postgres"))]
fn postgres_location(_: &str) -> Result<Location, Error> {
    Err(Error::NotBuiltIn { feature: "postgres" })
}

#[cfg(feature = "sqlite")]
async fn greet_sqlite(address: &str, patience: Duration) -> Result<Greeting, Obstacle> {
    use sqlx::{ConnectOptions, Connection};

    let file = look_at(address, patience).map_err(|_| Obstacle::Other)?;
    let mut file = file.connect().await.map_err(|error| sqlite_obstacle(&error))?;
    let read = async {
        let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut file).await?;
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut file).await?;
        Ok(Greeting { version, journal: Some(journal), ..Greeting::default() })
    };
    let greeting = read.await.map_err(|error| sqlite_obstacle(&error));
    let _ = file.close().await;
    greeting
}

#[cfg(not(feature = "sqlite"))]
#[expect(clippy::unused_async, reason = "stands in for one that asks a database")]
async fn greet_sqlite(_: &str, _: Duration) -> Result<Greeting, Obstacle> {
    Err(Obstacle::Other)
}

/// The result codes are those of <https://sqlite.org/rescode.html>.
#[cfg(feature = "sqlite")]
fn sqlite_obstacle(error: &sqlx::Error) -> Obstacle {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match code.and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff) {
        Some(14) => Obstacle::Missing,
        Some(3 | 8 | 23) => Obstacle::Forbidden,
        Some(26 | 11) => Obstacle::Stranger,
        Some(5 | 6) => Obstacle::Silent,
        _ => obstacle(error),
    }
}

#[cfg(feature = "mysql")]
async fn greet_mysql(address: &str) -> Result<Greeting, Obstacle> {
    use sqlx::{ConnectOptions, Connection, mysql::MySqlConnectOptions};

    let server = MySqlConnectOptions::from_str(address).map_err(|_| Obstacle::Other)?;
    let mut server = server.connect().await.map_err(|error| mysql_obstacle(&error))?;
    let read = async {
        let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut server).await?;
        let most: i64 =
            sqlx::query_scalar("SELECT CAST(@@max_connections AS SIGNED)").fetch_one(&mut server).await?;
        let encryption: Option<(String, String)> =
            sqlx::query_as("SHOW SESSION STATUS LIKE 'Ssl_version'").fetch_optional(&mut server).await?;
        // The host is what follows the last `@`. What a role gives is not listed. A server that does not tell is no worse for it.
        let granted: Result<(i64, Option<String>), _> = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM information_schema.user_privileges \
             WHERE privilege_type = 'CREATE' AND (grantee = account.name OR grantee LIKE '%PUBLIC%')) \
             + (SELECT COUNT(*) FROM information_schema.schema_privileges \
             WHERE privilege_type = 'CREATE' AND (grantee = account.name OR grantee LIKE '%PUBLIC%') \
             AND DATABASE() LIKE table_schema), \
             CAST(CURRENT_ROLE() AS CHAR) \
             FROM (SELECT CONCAT('''', LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) \
             - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1), '''@''', \
             SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''') AS name) AS account",
        )
        .fetch_one(&mut server)
        .await;
        let may_create = granted.ok().and_then(|(grants, role)| {
            let is_in_a_role = role.is_some_and(|role| role != "NONE");
            (grants > 0 || !is_in_a_role).then_some(grants > 0)
        });
        Ok(Greeting {
            version,
            encryption: encryption.map(|(_, protocol)| protocol).filter(|protocol| !protocol.is_empty()),
            most_connections: u64::try_from(most).ok(),
            may_create,
            journal: None,
        })
    };
    let greeting = read.await.map_err(|error| mysql_obstacle(&error));
    let _ = server.close().await;
    greeting
}

#[cfg(not(feature = "mysql"))]
#[expect(clippy::unused_async, reason = "stands in for one that asks a database")]
async fn greet_mysql(_: &str) -> Result<Greeting, Obstacle> {
    Err(Obstacle::Other)
}

/// The numbers are those of <https://mariadb.com/kb/en/mariadb-error-codes/>.
#[cfg(feature = "mysql")]
fn mysql_obstacle(error: &sqlx::Error) -> Obstacle {
    let number = error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>())
        .map(sqlx::mysql::MySqlDatabaseError::number);
    match number {
        Some(1045 | 1698) => Obstacle::Login,
        Some(1130) => Obstacle::LoginPlace,
        Some(1044 | 1142) => Obstacle::NoRight,
        Some(1049) => Obstacle::NoDatabase,
        Some(1040 | 1203 | 1226) => Obstacle::Full,
        Some(1053 | 1927) => Obstacle::NotYet,
        Some(1251 | 1275) => Obstacle::LoginMethod,
        Some(3159 | 4151) => Obstacle::Encryption,
        // The driver has no other way to say that the password would have to be sent by RSA.
        None if matches!(error, sqlx::Error::Configuration(why) if why.to_string().starts_with("RSA")) => {
            Obstacle::LoginMethod
        }
        _ => obstacle(error),
    }
}

#[cfg(feature = "postgres")]
async fn greet_postgres(address: &str) -> Result<Greeting, Obstacle> {
    use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};

    let server = PgConnectOptions::from_str(address).map_err(|_| Obstacle::Other)?.application_name("grid");
    let mut server = server.connect().await.map_err(|error| postgres_obstacle(&error))?;
    let read = async {
        let (version, most, may_create): (String, i64, Option<bool>) = sqlx::query_as(
            "SELECT current_setting('server_version'), \
             current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8, \
             has_schema_privilege(current_schema(), 'CREATE')",
        )
        .fetch_one(&mut server)
        .await?;
        let encryption: Option<Option<String>> =
            sqlx::query_scalar("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                .fetch_optional(&mut server)
                .await?;
        Ok(Greeting {
            version,
            encryption: encryption.flatten(),
            most_connections: u64::try_from(most).ok(),
            // Without a schema there is nowhere to make a table.
            may_create: Some(may_create.unwrap_or(false)),
            journal: None,
        })
    };
    let greeting = read.await.map_err(|error| postgres_obstacle(&error));
    let _ = server.close().await;
    greeting
}

#[cfg(not(feature = "postgres"))]
#[expect(clippy::unused_async, reason = "stands in for one that asks a database")]
async fn greet_postgres(_: &str) -> Result<Greeting, Obstacle> {
    Err(Obstacle::Other)
}

/// The codes are those of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
#[cfg(feature = "postgres")]
fn postgres_obstacle(error: &sqlx::Error) -> Obstacle {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        Some("28P01") => Obstacle::Login,
        Some("28000") => Obstacle::LoginPlace,
        Some("3D000") => Obstacle::NoDatabase,
        Some("42501") => Obstacle::NoRight,
        Some("53300") => Obstacle::Full,
        Some("57P01" | "57P02" | "57P03") => Obstacle::NotYet,
        _ => obstacle(error),
    }
}

/// What went wrong below the words that databases have for it.
fn obstacle(error: &sqlx::Error) -> Obstacle {
    use std::io::ErrorKind;

    match error {
        sqlx::Error::Tls(_) => Obstacle::Encryption,
        sqlx::Error::Protocol(_) => Obstacle::Stranger,
        sqlx::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => Obstacle::Refused,
            ErrorKind::NotFound => Obstacle::Missing,
            ErrorKind::PermissionDenied => Obstacle::Forbidden,
            ErrorKind::TimedOut => Obstacle::Silent,
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Obstacle::Cut,
            // What rustls says of a handshake comes as an error of reading.
            ErrorKind::InvalidData => Obstacle::Encryption,
            _ => Obstacle::Other,
        },
        _ => Obstacle::Other,
    }
}

impl std::fmt::Display for DatabasePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::File(path) | Self::Socket(path) => f.write_str(&excerpt(&path.display().to_string())),
            Self::Host(name, port) if name.contains(':') && !name.starts_with('[') => {
                write!(f, "[{}]:{port}", excerpt(name))
            }
            Self::Host(name, port) => write!(f, "{}:{port}", excerpt(name)),
        }
    }
}

#[cfg(all(test, feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod tests {
    use super::*;

    #[test]
    fn s3_s107_an_address_says_where_it_leads_and_as_whom() {
        for (address, kind, place, user, database, encryption) in [
            ("sqlite:data/grid.db", "SQLite", "data/grid.db", None, None, Encryption::Off),
            ("sqlite::memory:", "SQLite", "memory", None, None, Encryption::Off),
            (
                "mariadb://ana:p%40ss@db/GRID",
                "MySQL or MariaDB",
                "db:3306",
                Some("ana"),
                Some("GRID"),
                Encryption::Preferred,
            ),
            (
                "mysql://ana@localhost/GRID?socket=%2Frun%2Fmysqld.sock",
                "MySQL or MariaDB",
                "/run/mysqld.sock",
                Some("ana"),
                Some("GRID"),
                Encryption::Off,
            ),
            (
                "postgresql://ana@localhost/grid?host=/cloudsql/a:b:c",
                "PostgreSQL",
                "/cloudsql/a:b:c/.s.PGSQL.5432",
                Some("ana"),
                Some("grid"),
                Encryption::Off,
            ),
            (
                "postgres://ana@[::1]:5433/grid?sslmode=verify-full",
                "PostgreSQL",
                "[::1]:5433",
                Some("ana"),
                Some("grid"),
                Encryption::Verified,
            ),
        ] {
            let location = Location::of(address).unwrap();
            assert_eq!(location.kind.name(), kind);
            assert_eq!(location.place.to_string(), place);
            assert_eq!(location.user.as_deref(), user);
            assert_eq!(location.database.as_deref(), database);
            assert_eq!(location.encryption, encryption, "{address}");
        }
    }
}
