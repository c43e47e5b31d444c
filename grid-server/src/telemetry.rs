//! What the server tells of itself: a log, as lines for a person or as an object a line for Cloud Logging, and traces.

mod json;
pub(crate) mod traces;

use tracing_subscriber::{EnvFilter, fmt, fmt::format::JsonFields, util::SubscriberInitExt};

use crate::config::{Config, LogFormat};

/// Starts the log; a second call in one process changes nothing.
pub(crate) fn start(config: &Config) {
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    // A line that cannot be written is lost: to say so where it was to be written would fail as well, with a panic.
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .log_internal_errors(false);
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
