//! How far a long work is, told to the person in front of a terminal.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use crate::cli;

/// How long a work may take before it says how far it is.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it says so.
const EVERY: Duration = Duration::from_millis(200);

/// Shows how far a work is once it has taken a while; what it showed is gone when it ends.
#[derive(Debug)]
pub(super) struct Progress {
    next: Instant,
    is_shown: bool,
    is_seen: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { next: Instant::now() + PATIENCE, is_shown: false, is_seen: io::stderr().is_terminal() }
    }

    /// Says how far it is, where it is time to.
    pub(super) fn tell(&mut self, how_far: impl FnOnce() -> String) {
        let now = Instant::now();
        if self.is_seen && now >= self.next {
            self.next = now + EVERY;
            self.is_shown = true;
            cli::say(&format!("\r{}\u{1b}[K", how_far()));
        }
    }

    /// Takes away what is shown, before something else is written.
    pub(super) fn clear(&mut self) {
        if self.is_shown {
            self.is_shown = false;
            cli::say("\r\u{1b}[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
