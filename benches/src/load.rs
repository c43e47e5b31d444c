//! Asking a server over HTTP/1.1 on connections that are kept: one thread, so that the cores are the server's.
//!
//! As much of the protocol as the measured servers speak: an answer without `Content-Length` is an error.

use std::{
    cell::RefCell,
    io::{Error, ErrorKind, Result},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::LocalSet,
};

/// A connection that is kept.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// The answer that is being read: its head, then its body.
    answer: Vec<u8>,
}

/// What a server said.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

/// The bytes of a request; `headers` are whole lines.
pub fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Where nobody listens.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(1 << 15) })
    }

    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    ///
    /// Where the server goes away, or says what this does not read.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let (head, length, status) = loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if let Some(end) = self.answer.windows(4).position(|four| four == b"\r\n\r\n") {
                let (status, length) = read_head(self.answer.get(..end).unwrap_or_default())?;
                break (end + 4, length, status);
            }
        };
        while self.answer.len() < head + length {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Answer { status, body: self.answer.get(head..head + length).unwrap_or_default() })
    }
}

/// The status and the length of the body.
fn read_head(head: &[u8]) -> Result<(u16, usize)> {
    let unread = || Error::new(ErrorKind::InvalidData, String::from_utf8_lossy(head).into_owned());
    let text = str::from_utf8(head).map_err(|_| unread())?;
    let status = text.get(9..12).and_then(|status| status.parse().ok()).ok_or_else(unread)?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Ok((status, length.ok_or_else(unread)?))
}

/// One thread's work with connections, until it is done.
///
/// # Errors
///
/// Where no runtime can be had, and those of `work`.
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// What a load was answered.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// How long it lasted.
    pub took: Duration,
    /// What each request waited, the shortest first.
    pub times: Vec<Duration>,
    /// How many answers were not what was expected.
    pub wrong: usize,
    /// The first of those.
    pub told: Option<String>,
}

impl Load {
    /// Good answers a second.
    pub fn rate(&self) -> f64 {
        number(self.times.len() - self.wrong) / self.took.as_secs_f64()
    }

    /// What so many of a hundred waited at most.
    pub fn percentile(&self, percent: usize) -> Duration {
        percentile(&self.times, percent)
    }
}

/// What so many of a hundred are at most; the shortest must come first.
pub fn percentile(times: &[Duration], percent: usize) -> Duration {
    let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(place).copied().unwrap_or_default()
}

/// A count, where it is divided.
pub fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Lets so many clients, a connection each, ask one thing after the other for so long. `make` gives the request of a client
/// and a turn, from `first` on; `check` looks at what it was answered. Gives the turn with which each client would go on.
///
/// # Errors
///
/// Where the server goes away.
pub fn run(
    address: SocketAddr,
    clients: usize,
    first: &[usize],
    lasts: Duration,
    make: impl Fn(usize, usize) -> Vec<u8> + 'static,
    check: impl Fn(usize, usize, Answer<'_>) -> bool + 'static,
) -> Result<(Load, Vec<usize>)> {
    let (make, check) = (Rc::new(make), Rc::new(check));
    let all = Rc::new(RefCell::new(Load::default()));
    let local = LocalSet::new();
    let work = local.run_until(async {
        let mut connections = Vec::with_capacity(clients);
        for _ in 0..clients {
            connections.push(Connection::open(address).await?);
        }
        let began = Instant::now();
        let mut tasks = Vec::with_capacity(clients);
        for (client, mut connection) in connections.into_iter().enumerate() {
            let (make, check, all) = (Rc::clone(&make), Rc::clone(&check), Rc::clone(&all));
            let mut turn = first.get(client).copied().unwrap_or_default();
            tasks.push(tokio::task::spawn_local(async move {
                while began.elapsed() < lasts {
                    let request = make(client, turn);
                    let sent = Instant::now();
                    let answer = connection.ask(&request).await?;
                    let waited = sent.elapsed();
                    let good = check(client, turn, answer);
                    let mut all = all.borrow_mut();
                    all.times.push(waited);
                    if !good {
                        all.wrong += 1;
                        let said = || format!("{}: {}", answer.status, String::from_utf8_lossy(answer.body));
                        all.told.get_or_insert_with(said);
                    }
                    turn += 1;
                }
                Ok::<_, Error>(turn)
            }));
        }
        let mut turns = Vec::with_capacity(clients);
        for task in tasks {
            turns.push(task.await.map_err(Error::other)??);
        }
        Ok((began.elapsed(), turns))
    });
    let (took, turns) = block_on(work)?;
    let mut load = all.take();
    load.took = took;
    load.times.sort_unstable();
    Ok((load, turns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_time_that_so_many_waited_at_most() {
        // By the nearest rank: of 5 times, half of them are the third at most, and 99 % the last.
        let times: Vec<Duration> = [15, 20, 35, 40, 50].map(Duration::from_millis).to_vec();
        let found = [5, 30, 50, 99, 100].map(|percent| percentile(&times, percent).as_millis());
        assert_eq!(found, [15, 20, 35, 50, 50]);
    }

    #[test]
    fn a_head_without_a_length_is_refused() {
        assert_eq!(read_head(b"HTTP/1.1 201 Created\r\ncontent-length: 17").unwrap(), (201, 17));
        assert!(read_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked").is_err());
    }
}
