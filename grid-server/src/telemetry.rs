//! The log.

use tracing_subscriber::{EnvFilter, fmt, util::SubscriberInitExt};

use crate::config::{Config, LogFormat};

/// Starts the log; a second call in one process changes nothing.
pub(crate) fn start(config: &Config) {
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A log that is there already, as in tests, stays.
    let _ = match config.log_format {
        LogFormat::Text => lines.with_ansi(false).finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    };
}
