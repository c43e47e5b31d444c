//! Every setting, once: a flag, an environment variable, a default and a sentence.
//!
//! A flag wins over the environment, that over `.env`, that over a TOML file, and that over the default: [`load()`]. The table
//! in README.md is made from this struct.

mod database;
mod dotenv;
mod load;
mod old_names;
mod origin;

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueEnum};
use grid_core::auth::{self, PasswordHasher, SealingKey, SessionLimits, SharedSecret, Throttle};

pub use self::{
    database::DatabaseAddress,
    dotenv::Unreadable,
    load::{Environment, Error as LoadError, load},
    old_names::OldNames,
    origin::{Layer, Setting, Settings, Unknown},
};

/// The settings of one process.
#[derive(Args, Clone)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// TOML file with settings, under the names of the flags with underscores, as in `database_url = "..."`; flags, the environment and `.env` win over it.
    #[arg(long = "config", env = "GRID_CONFIG", global = true, value_name = "FILE")]
    pub config_file: Option<PathBuf>,

    /// Port to listen on; 0 takes a free one.
    #[arg(long, env = "PORT", global = true, default_value_t = 8080)]
    pub port: u16,

    /// Address to listen on; `127.0.0.1` unless Cloud Run (`K_SERVICE`) or App Engine (`GAE_SERVICE`) runs the program: then `0.0.0.0`.
    #[arg(long, env = "GRID_HOST", global = true)]
    pub host: Option<IpAddr>,

    /// Database: `sqlite://FILE`, `mysql://...` or `postgres://...`. Where it is not set: `DATABASE_URL`, or the names of the old system, `MYSQL_USER`, `MYSQL_PASSWORD`, `MYSQL_HOST`, `MYSQL_PORT`, `MYSQL_DB` or `CLOUD_SQL_USERNAME`, `CLOUD_SQL_PASSWORD`, `CLOUD_SQL_HOST`, `CLOUD_SQL_DATABASE_NAME`, `CLOUD_SQL_CONNECTION_NAME`. Default: `sqlite://grid-data/grid.db`.
    #[arg(long, env = "GRID_DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,

    /// File that holds the database URL, as a mounted secret does; for where `GRID_DATABASE_URL` is not set as near.
    #[arg(long, env = "GRID_DATABASE_URL_FILE", global = true)]
    pub database_url_file: Option<PathBuf>,

    /// Most connections to the database.
    #[arg(long, env = "GRID_DATABASE_CONNECTIONS", global = true, default_value = "8")]
    pub database_connections: NonZeroU32,

    /// Most servers that run on the database at the same time; `doctor` compares their connections with what the database takes.
    #[arg(long, env = "GRID_INSTANCES", global = true, default_value = "1")]
    pub instances: NonZeroU32,

    /// Issuer (`iss`) of the tokens; also the name of the log of statements, which keeps the one that its first head had.
    #[arg(long, env = "GRID_ISSUER", global = true, default_value = "grid")]
    pub issuer: String,

    /// Audience (`aud`) of the tokens.
    #[arg(long, env = "GRID_AUDIENCE", global = true, default_value = "grid-api")]
    pub audience: String,

    /// Minutes that an access token is good for.
    #[arg(long, env = "GRID_TOKEN_MINUTES", global = true, default_value = "15", value_parser = clap::value_parser!(u32).range(1..=1440))]
    pub token_minutes: u32,

    /// Days after which a login ends that is not refreshed.
    #[arg(long, env = "GRID_SESSION_IDLE_DAYS", global = true, default_value = "30", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub session_idle_days: u32,

    /// Days after which a login ends, however often it is refreshed.
    #[arg(long, env = "GRID_SESSION_DAYS", global = true, default_value = "180", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub session_days: u32,

    /// Days after which another key signs the tokens.
    #[arg(long, env = "GRID_KEY_DAYS", global = true, default_value = "90", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub key_days: u32,

    /// Text of at least 32 bytes with which signing keys and second factors are encrypted in the database; without it they are stored as they are.
    #[arg(long, env = "GRID_SEALING_KEY", global = true, hide_env_values = true)]
    pub sealing_key: Option<String>,

    /// File that holds the sealing key; for where `GRID_SEALING_KEY` is not set as near.
    #[arg(long, env = "GRID_SEALING_KEY_FILE", global = true)]
    pub sealing_key_file: Option<PathBuf>,

    /// Secret of at least 32 bytes that services of the old system share: where it is set, logins give HS256 tokens under it, and such tokens are taken.
    #[arg(long, env = "GRID_JWT_HS256_SECRET", global = true, hide_env_values = true)]
    pub jwt_hs256_secret: Option<String>,

    /// File that holds that secret; for where `GRID_JWT_HS256_SECRET` is not set as near.
    #[arg(long, env = "GRID_JWT_HS256_SECRET_FILE", global = true)]
    pub jwt_hs256_secret_file: Option<PathBuf>,

    /// Who may register: anybody, or nobody but those whom an administrator makes users.
    #[arg(long, env = "GRID_REGISTRATION", global = true, value_enum, default_value_t = Registration::Open)]
    pub registration: Registration,

    /// Wrong passwords for one account at once; then one each 30 seconds.
    #[arg(long, env = "GRID_ACCOUNT_TRIES", global = true, default_value = "10")]
    pub account_tries: NonZeroU32,

    /// Wrong passwords and new accounts from one address at once; then one each 3 seconds.
    #[arg(long, env = "GRID_ADDRESS_TRIES", global = true, default_value = "100")]
    pub address_tries: NonZeroU32,

    /// Proxies in front of the server that add the client's address to `X-Forwarded-For`. Default: 1 on Cloud Run and App Engine, else 0.
    #[arg(long, env = "GRID_PROXIES", global = true)]
    pub proxies: Option<usize>,

    /// Origins whose pages may call the API from a browser, separated by commas, as in `https://grid.example`; none where it is empty.
    #[arg(long, env = "GRID_CORS_ORIGINS", global = true, value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<String>,

    /// Passwords that are hashed at the same time (19 MiB each); the others wait, five seconds at most. Default: the cores but one, and one at least.
    #[arg(long, env = "GRID_PASSWORD_WORKERS", global = true)]
    pub password_workers: Option<NonZeroUsize>,

    /// Memory that hashing a password takes, in KiB (Argon2id's `m`); stored hashes of another cost are renewed at the next login.
    #[arg(long, env = "GRID_PASSWORD_MEMORY_KIB", global = true, default_value_t = 19_456)]
    pub password_memory_kib: u32,

    /// Passes over that memory (Argon2id's `t`).
    #[arg(long, env = "GRID_PASSWORD_PASSES", global = true, default_value_t = 2)]
    pub password_passes: u32,

    /// Lanes of that memory (Argon2id's `p`).
    #[arg(long, env = "GRID_PASSWORD_LANES", global = true, default_value_t = 1)]
    pub password_lanes: u32,

    /// Requests that are worked on at the same time, half of them logins that wait at most; more are answered 503.
    #[arg(long, env = "GRID_MAX_REQUESTS", global = true, default_value = "512")]
    pub max_requests: NonZeroUsize,

    /// Megabytes of uploaded files that may lie in the folder for temporary files (`TMPDIR`) at the same time; more are answered 503.
    #[arg(long, env = "GRID_SPOOL_MB", global = true, default_value = "4000")]
    pub spool_mb: NonZeroU32,

    /// Requests of one user that are worked on at the same time; more are answered 429.
    #[arg(long, env = "GRID_USER_REQUESTS", global = true, default_value = "128")]
    pub user_requests: NonZeroUsize,

    /// Files of one user that may arrive at the same time; more are answered 429.
    #[arg(long, env = "GRID_USER_UPLOADS", global = true, default_value = "8")]
    pub user_uploads: NonZeroUsize,

    /// Devices that one user may keep.
    #[arg(long, env = "GRID_USER_DEVICES", global = true, default_value = "10000")]
    pub user_devices: NonZeroU32,

    /// Megabytes of battery recordings that one user may keep.
    #[arg(long, env = "GRID_USER_STORAGE_MB", global = true, default_value = "10000")]
    pub user_storage_mb: NonZeroU32,

    /// Communities that one user may make.
    #[arg(long, env = "GRID_USER_COMMUNITIES", global = true, default_value = "1000")]
    pub user_communities: NonZeroU32,

    /// Days of readings that one user may keep, over all channels of all devices, each from its first reading to its last; and as many readings that others have replaced.
    #[arg(long, env = "GRID_USER_READING_DAYS", global = true, default_value = "100000000")]
    pub user_reading_days: NonZeroU32,

    /// Members that one community may have.
    #[arg(long, env = "GRID_COMMUNITY_MEMBERS", global = true, default_value = "10000")]
    pub community_members: NonZeroU32,

    /// Megabytes of contracts, sharing keys and tariffs that one community may keep.
    #[arg(long, env = "GRID_COMMUNITY_STORAGE_MB", global = true, default_value = "20")]
    pub community_storage_mb: NonZeroU32,

    /// Seconds that a request may take; ten times as long for an upload.
    #[arg(long, env = "GRID_REQUEST_SECONDS", global = true, default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub request_seconds: u64,

    /// Largest body in megabytes, except for uploads.
    #[arg(long, env = "GRID_MAX_BODY_MB", global = true, default_value = "2")]
    pub max_body_mb: NonZeroU32,

    /// Largest uploaded file in megabytes: readings and battery recordings.
    #[arg(long, env = "GRID_MAX_UPLOAD_MB", global = true, default_value = "256")]
    pub max_upload_mb: NonZeroU32,

    /// Most readings of one uploaded or imported file; more are answered 413.
    #[arg(long, env = "GRID_MAX_UPLOAD_ROWS", global = true, default_value = "8000000")]
    pub max_upload_rows: NonZeroUsize,

    /// Hours that the answer to a request with an `Idempotency-Key` is kept.
    #[arg(long, env = "GRID_IDEMPOTENCY_HOURS", global = true, default_value = "24", value_parser = clap::value_parser!(u32).range(1..=720))]
    pub idempotency_hours: u32,

    /// Who may read `/metrics`: this machine alone (and nobody through a proxy), everybody, whoever has a token, or nobody.
    #[arg(long, env = "GRID_METRICS", global = true, value_enum, default_value_t = Metrics::Local)]
    pub metrics: Metrics,

    /// Token for `/metrics` with `GRID_METRICS=token`, sent as `Authorization: Bearer`.
    #[arg(long, env = "GRID_METRICS_TOKEN", global = true, hide_env_values = true)]
    pub metrics_token: Option<String>,

    /// File that holds that token; for where `GRID_METRICS_TOKEN` is not set as near.
    #[arg(long, env = "GRID_METRICS_TOKEN_FILE", global = true)]
    pub metrics_token_file: Option<PathBuf>,

    /// Collector of OpenTelemetry that traces are sent to, as in `http://127.0.0.1:4318`; none where it is not set.
    #[arg(long, env = "GRID_OTLP_ENDPOINT", global = true, value_parser = collector)]
    pub otlp_endpoint: Option<String>,

    /// Part of the requests that are traced, from 0 to 1, where their sender does not decide it.
    #[arg(long, env = "GRID_TRACE_RATIO", global = true, default_value = "1", value_parser = ratio)]
    pub trace_ratio: f64,

    /// What is logged, as in `info` or `grid_server=debug,sqlx=warn`.
    #[arg(long, env = "GRID_LOG", global = true, default_value = "info")]
    pub log: String,

    /// How it is logged.
    #[arg(long, env = "GRID_LOG_FORMAT", global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// The address of the database that was not given under GRID's own name.
    #[arg(long, env = "DATABASE_URL", global = true, hide = true, hide_env_values = true)]
    pub fallback_database_url: Option<String>,

    /// The file that holds it.
    #[arg(long, env = "DATABASE_URL_FILE", global = true, hide = true)]
    pub fallback_database_url_file: Option<PathBuf>,

    /// The names of the systems before GRID.
    #[command(flatten)]
    pub old: OldNames,

    /// Set by Cloud Run.
    #[arg(long, env = "K_SERVICE", global = true, hide = true)]
    pub cloud_run_service: Option<String>,

    /// The project on Google Cloud, which the names of traces in the log begin with.
    #[arg(long, env = "GOOGLE_CLOUD_PROJECT", global = true, hide = true)]
    pub google_cloud_project: Option<String>,

    /// Set by App Engine.
    #[arg(long, env = "GAE_SERVICE", global = true, hide = true)]
    pub app_engine_service: Option<String>,

    /// Where each setting comes from.
    #[arg(skip)]
    pub settings: Settings,
}

/// Without the addresses of databases, which may hold passwords.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Anybody.
    Open,
    /// Nobody: an administrator makes the users.
    Closed,
}

/// Who may read the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Metrics {
    /// This machine alone.
    Local,
    /// Everybody.
    Open,
    /// Whoever has the token.
    Token,
    /// Nobody.
    Off,
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
    /// The file of a secret cannot be read.
    #[error("failed to read {what} from `{}`", path.display())]
    SecretUnreadable {
        /// Which secret.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file of a secret is empty.
    #[error("expected {what} in `{}`, which is empty", path.display())]
    SecretEmpty {
        /// Which secret.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The figures are for whoever has a token, and there is none.
    #[error(
        "expected a token in `GRID_METRICS_TOKEN` or `GRID_METRICS_TOKEN_FILE`: `GRID_METRICS` is `token`"
    )]
    NoMetricsToken,
    /// Of the old names for the database some are there, and one is not.
    #[error("expected `{variable}` as well: without it the other names of its kind lead to no database")]
    Incomplete {
        /// The name.
        variable: &'static str,
    },
    /// A setting of the logins cannot be used.
    #[error("`{setting}` cannot be used")]
    Secret {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        source: auth::Error,
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

/// The source of an address that nobody named.
const DEFAULT: &str = "the default";

impl Config {
    /// Where to listen.
    ///
    /// ```
    /// # use clap::Parser;
    /// let local = grid_server::cli::Cli::try_parse_from(["grid-server", "--port", "9000"])?;
    /// assert_eq!(local.config.address().to_string(), "127.0.0.1:9000");
    /// # Ok::<(), clap::Error>(())
    /// ```
    pub fn address(&self) -> SocketAddr {
        let default = if self.is_on_a_platform() { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        SocketAddr::new(self.host.unwrap_or(IpAddr::V4(default)), self.port)
    }

    /// Whether Cloud Run or App Engine runs the program.
    pub fn is_on_a_platform(&self) -> bool {
        self.cloud_run_service.is_some() || self.app_engine_service.is_some()
    }

    /// The key that seals the secrets of the database, where there is one.
    ///
    /// # Errors
    ///
    /// [`Error::SecretUnreadable`] or [`Error::Secret`].
    pub fn sealing_key(&self) -> Result<Option<SealingKey>, Error> {
        let text = nearest_secret(
            &self.settings,
            ("sealing_key", self.sealing_key.as_deref()),
            ("sealing_key_file", self.sealing_key_file.as_deref()),
            "the sealing key (`GRID_SEALING_KEY_FILE`)",
        )?;
        let named = |source| Error::Secret { setting: "GRID_SEALING_KEY", source };
        text.map(|text| SealingKey::new(&text).map_err(named)).transpose()
    }

    /// The secret of the HS256 mode, where there is one.
    ///
    /// # Errors
    ///
    /// [`Error::SecretUnreadable`] or [`Error::Secret`].
    pub fn shared_secret(&self) -> Result<Option<SharedSecret>, Error> {
        let text = nearest_secret(
            &self.settings,
            ("jwt_hs256_secret", self.jwt_hs256_secret.as_deref()),
            ("jwt_hs256_secret_file", self.jwt_hs256_secret_file.as_deref()),
            "the HS256 secret (`GRID_JWT_HS256_SECRET_FILE`)",
        )?;
        let named = |source| Error::Secret { setting: "GRID_JWT_HS256_SECRET", source };
        text.map(|text| SharedSecret::new(text.as_bytes()).map_err(named)).transpose()
    }

    /// The token for the figures, where there is one.
    ///
    /// # Errors
    ///
    /// [`Error::SecretUnreadable`] or [`Error::SecretEmpty`], and [`Error::NoMetricsToken`] where one is asked for and there is
    /// none.
    pub fn metrics_token(&self) -> Result<Option<String>, Error> {
        let token = nearest_secret(
            &self.settings,
            ("metrics_token", self.metrics_token.as_deref()),
            ("metrics_token_file", self.metrics_token_file.as_deref()),
            "the token for the figures (`GRID_METRICS_TOKEN_FILE`)",
        )?;
        // As the one that is sent is read.
        let token = token.map(|token| token.trim().to_owned());
        if token.is_none() && self.metrics == Metrics::Token {
            return Err(Error::NoMetricsToken);
        }
        Ok(token)
    }

    /// Checks what is read where it is needed: with a secret that cannot be used no server would ever be ready.
    ///
    /// # Errors
    ///
    /// Those of [`metrics_token`](Self::metrics_token), [`sealing_key`](Self::sealing_key),
    /// [`shared_secret`](Self::shared_secret) and [`password_hasher`](Self::password_hasher).
    pub fn check(&self) -> Result<(), Error> {
        self.metrics_token()?;
        self.sealing_key()?;
        self.shared_secret()?;
        self.password_hasher()?;
        Ok(())
    }

    /// How passwords are hashed.
    ///
    /// # Errors
    ///
    /// [`Error::Secret`] when the cost is out of range.
    pub fn password_hasher(&self) -> Result<PasswordHasher, Error> {
        PasswordHasher::new(self.password_memory_kib, self.password_passes, self.password_lanes)
            .map_err(|source| Error::Secret { setting: "GRID_PASSWORD_MEMORY_KIB", source })
    }

    /// How long sessions live.
    pub const fn session_limits(&self) -> SessionLimits {
        SessionLimits { idle: days(self.session_idle_days), total: days(self.session_days) }
    }

    /// The age at which a key is followed by another.
    pub const fn key_age(&self) -> Duration {
        days(self.key_days)
    }

    /// How many proxies stand in front of the server.
    pub fn proxies(&self) -> usize {
        self.proxies.unwrap_or(usize::from(self.is_on_a_platform()))
    }

    /// How often a password may be guessed for one account.
    pub const fn account_throttle(&self) -> Throttle {
        Throttle::new(self.account_tries, Duration::from_secs(30))
    }

    /// How often passwords may be guessed, and accounts be made, from one address.
    pub const fn address_throttle(&self) -> Throttle {
        Throttle::new(self.address_tries, Duration::from_secs(3))
    }

    /// How long a request may take.
    pub const fn request_time(&self) -> Duration {
        Duration::from_secs(self.request_seconds)
    }

    /// How many bytes of uploaded files may be kept at the same time.
    pub fn spool_bytes(&self) -> u64 {
        u64::from(self.spool_mb.get()).saturating_mul(1_000_000)
    }

    /// How long the answer to a request is kept that may come again.
    pub fn idempotency_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.idempotency_hours) * 3600)
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

/// A secret from its own setting or from the file that another one names, whichever is nearer; its own at equal distance,
/// and where it is empty, none.
fn nearest_secret(
    settings: &Settings,
    (id, text): (&str, Option<&str>),
    (file_id, file): (&str, Option<&Path>),
    what: &'static str,
) -> Result<Option<String>, Error> {
    let text = text.filter(|text| !text.trim().is_empty());
    match text {
        Some(text) if file.is_none() || settings.layer(id) <= settings.layer(file_id) => {
            Ok(Some(text.to_owned()))
        }
        _ => read_secret(file, what),
    }
}

/// The text of a secret's file, without the end of its line.
fn read_secret(path: Option<&Path>, what: &'static str) -> Result<Option<String>, Error> {
    let Some(path) = path.filter(|path| !path.as_os_str().is_empty()) else { return Ok(None) };
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| Error::SecretUnreadable { what, path: path.to_owned(), source })?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        // Who named a file wants what is in it: without, secrets would be stored as they are, and nobody would know.
        return Err(Error::SecretEmpty { what, path: path.to_owned() });
    }
    Ok(Some(text.to_owned()))
}

/// An origin as a browser sends it: scheme and host, and a port where it is not the scheme's own.
fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    match host {
        Some(host) if !host.is_empty() && host.bytes().all(plain) => Ok(text.to_ascii_lowercase()),
        _ if text.is_empty() => Ok(String::new()),
        _ => Err("expected an origin like `https://grid.example`, without a path".to_owned()),
    }
}

fn collector(text: &str) -> Result<String, String> {
    let text = text.trim();
    // One beside the server or in its network: what lies between is not encrypted.
    let is_one =
        text.strip_prefix("http://").is_some_and(|rest| !rest.is_empty()) && !text.contains(['?', '#', ' ']);
    if is_one {
        Ok(text.to_owned())
    } else {
        Err("expected an address like `http://127.0.0.1:4318`".to_owned())
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.trim().parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

const fn days(count: u32) -> Duration {
    #[expect(clippy::as_conversions, reason = "widening, which `u64::from` cannot do in a constant")]
    Duration::from_hours(count as u64 * 24)
}

fn megabytes(count: NonZeroU32) -> usize {
    usize::try_from(count.get()).unwrap_or(usize::MAX).saturating_mul(1 << 20)
}

#[cfg(test)]
mod tests;
