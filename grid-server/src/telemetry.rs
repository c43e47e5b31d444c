//! The log: lines for a person, or an object a line as Cloud Logging takes them.

mod json;

use tracing_subscriber::{EnvFilter, fmt, fmt::format::JsonFields, util::SubscriberInitExt};

use crate::config::{Config, LogFormat};

/// Starts the log; a second call in one process changes nothing.
pub(crate) fn start(config: &Config) {
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A log that is there already, as in tests, stays.
    let _ = match config.log_format {
        LogFormat::Text => lines.with_ansi(false).finish().try_init(),
        LogFormat::Json => lines
            .fmt_fields(JsonFields::new())
            .event_format(json::Entries::of_project(config.google_cloud_project.clone()))
            .finish()
            .try_init(),
    };
}
