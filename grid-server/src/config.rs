//! Every setting, once: a flag, an environment variable, a default and a sentence.
//!
//! A flag wins over the environment, and that over the default. The table in README.md is made from this struct.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, ValueEnum};

/// The settings of one process.
#[derive(Args, Clone)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, env = "PORT", global = true, default_value_t = 8080)]
    pub port: u16,

    /// Address to listen on; `127.0.0.1` unless Cloud Run (`K_SERVICE`) or App Engine (`GAE_SERVICE`) runs the program: then `0.0.0.0`.
    #[arg(long, env = "GRID_HOST", global = true)]
    pub host: Option<IpAddr>,

    /// Database: `sqlite://FILE`, `mysql://...` or `postgres://...`; `DATABASE_URL` is read where this is not set. Default: `sqlite://grid-data/grid.db`.
    #[arg(long, env = "GRID_DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,

    /// File that holds the database URL, as a mounted secret does; it wins over `GRID_DATABASE_URL`.
    #[arg(long, env = "GRID_DATABASE_URL_FILE", global = true)]
    pub database_url_file: Option<PathBuf>,

    /// Most connections to the database.
    #[arg(long, env = "GRID_DATABASE_CONNECTIONS", global = true, default_value = "8")]
    pub database_connections: NonZeroU32,

    /// Issuer (`iss`) of the tokens.
    #[arg(long, env = "GRID_ISSUER", global = true, default_value = "grid")]
    pub issuer: String,

    /// Audience (`aud`) of the tokens.
    #[arg(long, env = "GRID_AUDIENCE", global = true, default_value = "grid-api")]
    pub audience: String,

    /// Minutes that an access token is good for.
    #[arg(long, env = "GRID_TOKEN_MINUTES", global = true, default_value = "60", value_parser = clap::value_parser!(u32).range(1..=1440))]
    pub token_minutes: u32,

    /// Passwords that are hashed at the same time (19 MiB each); the others wait, five seconds at most. Default: one a core.
    #[arg(long, env = "GRID_PASSWORD_WORKERS", global = true)]
    pub password_workers: Option<NonZeroUsize>,

    /// Requests that are worked on at the same time; more are answered 503.
    #[arg(long, env = "GRID_MAX_REQUESTS", global = true, default_value = "512")]
    pub max_requests: NonZeroUsize,

    /// Seconds that a request may take; ten times as long for an upload.
    #[arg(long, env = "GRID_REQUEST_SECONDS", global = true, default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub request_seconds: u64,

    /// Largest body in megabytes, except for uploads.
    #[arg(long, env = "GRID_MAX_BODY_MB", global = true, default_value = "2")]
    pub max_body_mb: NonZeroU32,

    /// Largest uploaded file in megabytes: readings and battery recordings.
    #[arg(long, env = "GRID_MAX_UPLOAD_MB", global = true, default_value = "256")]
    pub max_upload_mb: NonZeroU32,

    /// What is logged, as in `info` or `grid_server=debug,tower_http=debug`.
    #[arg(long, env = "GRID_LOG", global = true, default_value = "info")]
    pub log: String,

    /// How it is logged.
    #[arg(long, env = "GRID_LOG_FORMAT", global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// The address of the database that was not given under GRID's own name.
    #[arg(long, env = "DATABASE_URL", global = true, hide = true, hide_env_values = true)]
    pub fallback_database_url: Option<String>,

    /// Set by Cloud Run.
    #[arg(long, env = "K_SERVICE", global = true, hide = true)]
    pub cloud_run_service: Option<String>,

    /// Set by App Engine.
    #[arg(long, env = "GAE_SERVICE", global = true, hide = true)]
    pub app_engine_service: Option<String>,
}

/// Without the addresses of databases, which may hold passwords.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for a person.
    Text,
    /// One JSON object a line, for a collector.
    Json,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file with the database's address cannot be read.
    #[error("failed to read the database address from `{}`", path.display())]
    SecretUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder of the default database cannot be made.
    #[error("failed to make the folder `{}` for the database", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Where the database is, and who said so.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseAddress {
    /// The URL, with its password.
    pub url: String,
    /// The setting that it comes from.
    pub source: &'static str,
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseAddress").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Config {
    /// The folder of the database that is used where none is named.
    pub const DEFAULT_FOLDER: &'static str = "grid-data";

    /// Where to listen.
    ///
    /// ```
    /// # use clap::Parser;
    /// let local = grid_server::cli::Cli::try_parse_from(["grid-server", "--port", "9000"])?;
    /// assert_eq!(local.config.address().to_string(), "127.0.0.1:9000");
    /// # Ok::<(), clap::Error>(())
    /// ```
    pub fn address(&self) -> SocketAddr {
        let on_a_platform = self.cloud_run_service.is_some() || self.app_engine_service.is_some();
        let default = if on_a_platform { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        SocketAddr::new(self.host.unwrap_or(IpAddr::V4(default)), self.port)
    }

    /// Where the database is: the file, `GRID_DATABASE_URL`, `DATABASE_URL`, or the embedded one, whose folder is made.
    ///
    /// # Errors
    ///
    /// [`Error::SecretUnreadable`] or [`Error::NoFolder`].
    pub fn database(&self) -> Result<DatabaseAddress, Error> {
        if let Some(path) = &self.database_url_file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| Error::SecretUnreadable { path: path.clone(), source })?;
            return Ok(DatabaseAddress { url: text.trim().to_owned(), source: "GRID_DATABASE_URL_FILE" });
        }
        let named = |url: &Option<String>, source| {
            url.as_ref()
                .filter(|url| !url.trim().is_empty())
                .map(|url| DatabaseAddress { url: url.trim().to_owned(), source })
        };
        if let Some(address) = named(&self.database_url, "GRID_DATABASE_URL")
            .or_else(|| named(&self.fallback_database_url, "DATABASE_URL"))
        {
            return Ok(address);
        }
        let path = PathBuf::from(Self::DEFAULT_FOLDER);
        std::fs::create_dir_all(&path).map_err(|source| Error::NoFolder { path, source })?;
        Ok(DatabaseAddress {
            url: format!("sqlite://{}/grid.db", Self::DEFAULT_FOLDER),
            source: "the default",
        })
    }

    /// How long a request may take.
    pub const fn request_time(&self) -> Duration {
        Duration::from_secs(self.request_seconds)
    }

    /// How long an upload may take.
    pub const fn upload_time(&self) -> Duration {
        Duration::from_secs(self.request_seconds.saturating_mul(10))
    }

    /// How long an upload may take whose sender is not logged in.
    pub const fn anonymous_upload_time(&self) -> Duration {
        Duration::from_secs(self.request_seconds.saturating_mul(2))
    }

    /// How long an access token is good for.
    pub fn token_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.token_minutes) * 60)
    }

    /// The largest body in bytes, except for uploads.
    pub fn max_body(&self) -> usize {
        megabytes(self.max_body_mb)
    }

    /// The largest upload in bytes.
    pub fn max_upload(&self) -> usize {
        megabytes(self.max_upload_mb)
    }
}

fn megabytes(count: NonZeroU32) -> usize {
    usize::try_from(count.get()).unwrap_or(usize::MAX).saturating_mul(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn config(arguments: &[&str]) -> Config {
        Cli::try_parse_from(["grid-server"].iter().chain(arguments)).unwrap().config
    }

    #[test]
    fn on_a_platform_the_server_listens_to_everybody_elsewhere_only_to_this_machine() {
        let host = |arguments: &[&str]| config(arguments).address().ip().to_string();
        assert_eq!(host(&["--cloud-run-service", "grid"]), "0.0.0.0");
        assert_eq!(host(&["--app-engine-service", "grid"]), "0.0.0.0");
        assert_eq!(host(&["--cloud-run-service", "grid", "--host", "10.0.0.1"]), "10.0.0.1");
        assert_eq!(host(&[]), "127.0.0.1");
    }

    #[test]
    fn the_database_is_where_the_nearest_setting_says() {
        let both = ["--database-url", "mysql://a/grid", "--fallback-database-url", "mysql://b/grid"];
        let named = config(&both).database().unwrap();
        assert_eq!((named.url.as_str(), named.source), ("mysql://a/grid", "GRID_DATABASE_URL"));
        let other = config(&both[2..]).database().unwrap();
        assert_eq!((other.url.as_str(), other.source), ("mysql://b/grid", "DATABASE_URL"));
        assert!(!format!("{named:?}").contains("mysql"), "the address may hold a password");
        let missing = config(&["--database-url-file", "/nowhere/secret"]).database();
        assert!(matches!(missing, Err(Error::SecretUnreadable { .. })));
    }
}
