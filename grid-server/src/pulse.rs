//! Whether the database can still be reached, for whoever waits for it at length: what takes minutes must not wait as long for
//! a database that has gone.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use grid_core::store::{DatabaseKind, Location, Obstacle, greet};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use crate::config::Config;

/// How often it is looked, and how long an answer may take. With what is left for all else that is the three seconds within
/// which whoever asks is answered.
const BETWEEN: Duration = Duration::from_millis(500);
const SILENCE: Duration = Duration::from_secs(2);

/// What was last found at the other end, by a connection of its own: those of the pool may all be at work.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// Where the database is; nothing for a file, which is as near as the program.
    url: Option<String>,
    last: Mutex<Option<(Instant, Option<Obstacle>)>>,
}

/// The database that somebody waited for cannot be reached any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lost(pub(crate) Obstacle);

impl Pulse {
    pub(crate) fn new(config: &Config) -> Self {
        let url = config.database_if_there().ok().map(|database| database.url);
        let is_elsewhere =
            |url: &String| Location::of(url).is_ok_and(|found| found.kind != DatabaseKind::Sqlite);
        Self { url: url.filter(is_elsewhere), last: Mutex::default() }
    }

    /// Waits for work at the database as long as that can be reached.
    ///
    /// # Errors
    ///
    /// [`Lost`] where it cannot be any more; the work is given up then, and whether its end was done is not known.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> Result<T, Lost> {
        let Some(url) = &self.url else { return Ok(work.await) };
        match select(pin!(work), pin!(self.lost(url))).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right((lost, _)) => Err(lost),
        }
    }

    async fn lost(&self, url: &str) -> Lost {
        let mut before = None;
        loop {
            sleep(BETWEEN).await;
            let found = self.look(url).await;
            match found {
                Some(Obstacle::Silent) => return Lost(Obstacle::Silent),
                // A server that has too much to do refuses one connection and takes the next.
                Some(obstacle) if before.is_some() => return Lost(obstacle),
                _ => before = found,
            }
        }
    }

    /// What keeps a connection from being made, unless it is that there are enough of them. Whoever looks at the same time sees
    /// the same.
    async fn look(&self, url: &str) -> Option<Obstacle> {
        let mut last = self.last.lock().await;
        if let Some((at, found)) = *last
            && at.elapsed() < BETWEEN / 2
        {
            return found;
        }
        let found = match greet(url, SILENCE).await {
            Ok(_) | Err(Obstacle::Full | Obstacle::Other) => None,
            Err(obstacle) => Some(obstacle),
        };
        *last = Some((Instant::now(), found));
        found
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    fn pulse(url: &str) -> Pulse {
        let arguments = ["grid-server", "--database-url", url];
        Pulse::new(&Cli::try_parse_from(arguments).unwrap().config)
    }

    #[tokio::test]
    async fn who_waits_for_a_database_that_is_gone_is_told_and_who_is_done_is_not() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent_at = silent.local_addr().unwrap();
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody_at = free.local_addr().unwrap();
        drop(free);
        for scheme in ["postgres", "mysql"] {
            for (place, obstacle) in [(silent_at, Obstacle::Silent), (nobody_at, Obstacle::Refused)] {
                let pulse = pulse(&format!("{scheme}://grid:s3cret@{place}/grid"));
                let began = Instant::now();
                let Lost(found) = pulse.during(pending::<()>()).await.unwrap_err();
                assert_eq!(found, obstacle, "{scheme}");
                assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
                assert_eq!(pulse.during(async { 7 }).await.unwrap(), 7);
            }
        }
        let file = pulse("sqlite:grid.db");
        let longer = async {
            sleep(BETWEEN + SILENCE).await;
            7
        };
        assert_eq!(file.during(longer).await.unwrap(), 7);
    }
}
