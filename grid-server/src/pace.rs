//! Accepting connections a few at a time.
//!
//! What is accepted is read and answered by the same threads that answer whoever is connected already. A thousand
//! connections accepted at once stand in front of the next request of each of those; a few a millisecond do not, and the
//! rest wait where they cost nothing, in the system's queue.

use std::{net::SocketAddr, time::Duration};

use axum::serve::Listener;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep_until},
};

/// How many connections are accepted before the next pause.
const BITE: u32 = 8;
/// How long such a bite lasts at least: four to eight thousand new connections a second, which is more than two cores
/// answer.
const PAUSE: Duration = Duration::from_millis(1);

/// A listener that accepts a few connections at a time.
#[derive(Debug)]
pub(crate) struct Paced {
    listener: TcpListener,
    accepted: u32,
    since: Instant,
}

impl Paced {
    /// Accepts the connections of `listener`.
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self { listener, accepted: 0, since: Instant::now() }
    }
}

impl Listener for Paced {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        if self.accepted >= BITE {
            // Passed already where connections come one by one.
            sleep_until(self.since + PAUSE).await;
            self.accepted = 0;
        }
        let connection = Listener::accept(&mut self.listener).await;
        if self.accepted == 0 {
            self.since = Instant::now();
        }
        self.accepted += 1;
        connection
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[tokio::test]
    async fn who_comes_in_a_crowd_is_accepted_all_the_same() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut paced = Paced::new(listener);
        let count = 3 * BITE + 1;
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        let began = Instant::now();
        for _ in 0..count {
            paced.accept().await;
        }
        // Three pauses lie between the four bites.
        assert!(began.elapsed() >= 3 * PAUSE);
    }
}
