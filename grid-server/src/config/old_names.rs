//! The names by which the systems before GRID named their database.

use clap::Args;

use super::Error;

/// The variables of the MySQL and the PostgreSQL deployment, as they are in the environment; their flags are not shown.
#[derive(Args, Clone, Default)]
pub struct OldNames {
    /// User in MySQL.
    #[arg(long, env = "MYSQL_USER", global = true, hide = true)]
    pub mysql_user: Option<String>,
    /// Password in MySQL.
    #[arg(long, env = "MYSQL_PASSWORD", global = true, hide = true, hide_env_values = true)]
    pub mysql_password: Option<String>,
    /// File that holds the password in MySQL.
    #[arg(long, env = "MYSQL_PASSWORD_FILE", global = true, hide = true)]
    pub mysql_password_file: Option<std::path::PathBuf>,
    /// Host of MySQL, by name or address, with a port or without; a path is that of a socket.
    #[arg(long, env = "MYSQL_HOST", global = true, hide = true)]
    pub mysql_host: Option<String>,
    /// Port of MySQL.
    #[arg(long, env = "MYSQL_PORT", global = true, hide = true)]
    pub mysql_port: Option<u16>,
    /// Name of the database in MySQL.
    #[arg(long, env = "MYSQL_DB", global = true, hide = true)]
    pub mysql_db: Option<String>,
    /// User in Cloud SQL.
    #[arg(long, env = "CLOUD_SQL_USERNAME", global = true, hide = true)]
    pub cloud_sql_username: Option<String>,
    /// Password in Cloud SQL.
    #[arg(long, env = "CLOUD_SQL_PASSWORD", global = true, hide = true, hide_env_values = true)]
    pub cloud_sql_password: Option<String>,
    /// File that holds the password in Cloud SQL.
    #[arg(long, env = "CLOUD_SQL_PASSWORD_FILE", global = true, hide = true)]
    pub cloud_sql_password_file: Option<std::path::PathBuf>,
    /// Host of Cloud SQL, with a port or without.
    #[arg(long, env = "CLOUD_SQL_HOST", global = true, hide = true)]
    pub cloud_sql_host: Option<String>,
    /// Name of the database in Cloud SQL.
    #[arg(long, env = "CLOUD_SQL_DATABASE_NAME", global = true, hide = true)]
    pub cloud_sql_database_name: Option<String>,
    /// Instance of Cloud SQL, as `project:region:instance`: its socket is in `/cloudsql/`.
    #[arg(long, env = "CLOUD_SQL_CONNECTION_NAME", global = true, hide = true)]
    pub cloud_sql_connection_name: Option<String>,
}

/// Without the passwords.
impl std::fmt::Debug for OldNames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OldNames").finish_non_exhaustive()
    }
}

/// The parts of an address, before they are one.
struct Parts<'a> {
    scheme: &'static str,
    user: &'a str,
    password: Option<&'a str>,
    /// `host`, `host:port`, `[::1]:port` or an IPv6 address.
    host: &'a str,
    port: Option<u16>,
    database: &'a str,
    /// The option of the address that names a socket, and its path.
    socket: Option<(&'static str, String)>,
}

impl OldNames {
    /// The address that the five names of the MySQL deployment come to.
    pub(super) fn mysql(&self, password: Option<&str>) -> Result<String, Error> {
        let host = needed(self.mysql_host.as_deref(), "MYSQL_HOST")?;
        let is_socket = host.starts_with('/');
        Ok(Parts {
            scheme: "mysql",
            user: needed(self.mysql_user.as_deref(), "MYSQL_USER")?,
            password,
            host: if is_socket { "localhost" } else { host },
            port: self.mysql_port,
            database: said(self.mysql_db.as_deref()).unwrap_or("GRID"),
            socket: is_socket.then(|| ("socket", host.to_owned())),
        }
        .address())
    }

    /// The address that the names of the App Engine deployment come to: by the socket where the platform has one, or no
    /// host is named.
    pub(super) fn cloud_sql(&self, password: Option<&str>, on_a_platform: bool) -> Result<String, Error> {
        let host = said(self.cloud_sql_host.as_deref());
        let instance = said(self.cloud_sql_connection_name.as_deref());
        let instance = instance.filter(|_| on_a_platform || host.is_none());
        let host = match (host, instance) {
            (_, Some(_)) => "localhost",
            (Some(host), None) => host,
            (None, None) => needed(None, "CLOUD_SQL_HOST")?,
        };
        Ok(Parts {
            scheme: "postgres",
            user: needed(self.cloud_sql_username.as_deref(), "CLOUD_SQL_USERNAME")?,
            password,
            host,
            port: None,
            database: needed(self.cloud_sql_database_name.as_deref(), "CLOUD_SQL_DATABASE_NAME")?,
            socket: instance.map(|instance| ("host", format!("/cloudsql/{instance}"))),
        }
        .address())
    }
}

impl Parts<'_> {
    fn address(self) -> String {
        let Self { scheme, user, password, host, port, database, socket } = self;
        let password = password.map(|password| format!(":{}", encoded(password))).unwrap_or_default();
        let mut host = host.to_owned();
        if host.matches(':').count() > 1 && !host.starts_with('[') {
            host = format!("[{host}]");
        }
        // A port in the host's own name is the nearer one.
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if let (Some(port), false) = (port, has_port) {
            host = format!("{host}:{port}");
        }
        let socket = socket.map(|(option, path)| format!("?{option}={}", encoded(&path))).unwrap_or_default();
        format!("{scheme}://{}{password}@{host}/{}{socket}", encoded(user), encoded(database))
    }
}

/// A text as a part of an address (RFC 3986, 2.1).
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A value, unless it is empty.
fn said(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

fn needed<'a>(value: Option<&'a str>, variable: &'static str) -> Result<&'a str, Error> {
    said(value).ok_or(Error::Incomplete { variable })
}
