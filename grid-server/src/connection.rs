//! Connections, accepted a few at a time and cut where they keep a place and send or take nothing.
//!
//! What is accepted is read and answered by the same threads that answer whoever is connected already. A thousand
//! connections accepted at once stand in front of the next request of each of those; a few a millisecond do not, and the
//! rest wait where they cost nothing, in the system's queue.
//!
//! A client that sends its request's head letter by letter, or takes its answer so, holds a connection and what stands
//! behind it. How long a body may take is the matter of the routes; here it is the head, the answer, and the time between
//! requests.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, Request},
    response::Response,
    serve::Listener,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Instant, Sleep, sleep_until},
};

use crate::body::holding;

/// How many connections are accepted before the next pause.
const BITE: u32 = 8;
/// How long such a bite lasts at least: four to eight thousand new connections a second, which is more than two cores
/// answer.
const PAUSE: Duration = Duration::from_millis(1);

/// What a client that takes its answer slowly has to take of it in the time that it may take nothing: a thousand bytes a
/// second.
const LEAST: usize = 30_000;

/// How long a client is waited for.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// From the connection to the first byte.
    first: Duration,
    /// From a head's first byte to its last.
    head: Duration,
    /// From one request to the next.
    idle: Duration,
    /// While it takes nothing of an answer.
    untaken: Duration,
}

/// Google's load balancers keep a connection for ten minutes, and take it amiss when the other side closes it first.
const PATIENCE: Patience = Patience {
    first: Duration::from_secs(30),
    head: Duration::from_secs(10),
    idle: Duration::from_secs(620),
    untaken: Duration::from_secs(30),
};

/// A listener that accepts a few connections at a time and watches them.
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

    /// The next connection, and who is at its other end.
    pub(crate) async fn accept(&mut self) -> (Watched<TcpStream>, Peer) {
        if self.accepted >= BITE {
            // Passed already where connections come one by one.
            sleep_until(self.since + PAUSE).await;
            self.accepted = 0;
        }
        // Waits where there are too many open files, and goes on.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        if self.accepted == 0 {
            self.since = Instant::now();
        }
        self.accepted += 1;
        // Small answers must not wait for more.
        let _ = stream.set_nodelay(true);
        let stream = Watched::new(stream, PATIENCE);
        let peer = Peer { address, stage: stream.stage.clone() };
        (stream, peer)
    }
}

/// Who is at the other end of a request's connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Where it comes from.
    pub(crate) address: SocketAddr,
    stage: Stage,
}

/// What a connection is at, as its two ends know it: the stream sees bytes, [`follow`] sees requests.
#[derive(Clone, Debug, Default)]
struct Stage(Arc<AtomicU8>);

impl Stage {
    /// Nothing was asked yet.
    const NEW: u8 = 0;
    /// A head has begun to arrive.
    const HEAD: u8 = 1;
    /// A request is worked on.
    const ANSWERING: u8 = 2;
    /// All was answered.
    const BETWEEN: u8 = 3;

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, stage: u8) {
        self.0.store(stage, Ordering::Relaxed);
    }
}

/// Tells a connection when a request begins and when its answer has been taken.
pub(crate) async fn follow<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    let Some(stage) = peer.map(|ConnectInfo(peer)| peer.stage.clone()) else {
        return next(request).await;
    };
    stage.set(Stage::ANSWERING);
    // Also where the request is given up in the middle.
    let answering = Answering(stage);
    next(request).await.map(|body| holding(body, answering))
}

#[derive(Debug)]
struct Answering(Stage);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.set(Stage::BETWEEN);
    }
}

/// A stream that ends where its client takes too long.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    stage: Stage,
    patience: Patience,
    reading: Alarm,
    /// The stage for which `reading` is set.
    waits_in: Option<u8>,
    writing: Alarm,
    /// When the client was last waited for to take something, and how much it took since `writing` was set.
    waited_at: Option<Instant>,
    taken: usize,
}

/// A moment that may be set, and waited for.
#[derive(Debug, Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    fn set(&mut self, after: Duration) {
        let at = Instant::now() + after;
        match &mut self.0 {
            Some(sleep) => sleep.as_mut().reset(at),
            None => self.0 = Some(Box::pin(sleep_until(at))),
        }
    }

    fn clear(&mut self) {
        self.0 = None;
    }

    /// Ready when the moment has come; never where none is set.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(sleep) => sleep.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<S> Watched<S> {
    fn new(stream: S, patience: Patience) -> Self {
        Self {
            stream,
            stage: Stage::default(),
            patience,
            reading: Alarm::default(),
            waits_in: None,
            writing: Alarm::default(),
            waited_at: None,
            taken: 0,
        }
    }

    /// Waits for the next byte as long as the stage of the connection allows.
    fn wait_to_read(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let stage = self.stage.get();
        if self.waits_in != Some(stage) {
            self.waits_in = Some(stage);
            match stage {
                Stage::NEW => self.reading.set(self.patience.first),
                Stage::BETWEEN => self.reading.set(self.patience.idle),
                Stage::HEAD => self.reading.set(self.patience.head),
                _ => self.reading.clear(),
            }
        }
        self.reading.poll(context)
    }

    /// Waits until the client takes some of what is written: little by little, but not too little.
    fn wait_to_write(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = written {
            self.taken = self.taken.saturating_add(*result.as_ref().unwrap_or(&0));
            return Poll::Ready(result);
        }
        let now = Instant::now();
        // Who has not waited for a while takes what there is.
        let is_new = self.waited_at.is_none_or(|at| now.duration_since(at) > self.patience.untaken / 2);
        self.waited_at = Some(now);
        if is_new {
            self.taken = 0;
            self.writing.set(self.patience.untaken);
        }
        while self.writing.poll(context).is_ready() {
            if self.taken < LEAST {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.taken = 0;
            self.writing.set(self.patience.untaken);
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            if buffer.filled().len() > before && matches!(self.stage.get(), Stage::NEW | Stage::BETWEEN) {
                self.stage.set(Stage::HEAD);
            }
            return Poll::Ready(read);
        }
        // To whoever reads it is as if the client had gone.
        self.wait_to_read(context).map(Ok)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wait_to_write(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wait_to_write(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.wait_to_write(flushed.map_ok(|()| 0), context).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.wait_to_write(shut.map_ok(|()| 0), context).map_ok(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

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

    /// Patience in milliseconds for what a test is about, and for ever for all else.
    fn patience(head: u64, idle: u64, untaken: u64) -> Patience {
        let of = |wait| if wait == 0 { Duration::from_hours(1) } else { Duration::from_millis(wait) };
        Patience { first: of(idle), head: of(head), idle: of(idle), untaken: of(untaken) }
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_is_given_up_however_often_a_byte_of_it_comes() {
        let (mut client, server) = duplex(64);
        let mut stream = Watched::new(server, patience(50, 0, 0));
        let letters = tokio::spawn(async move {
            let mut sent = 0;
            while client.write_u8(b'G').await.is_ok() {
                sent += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            sent
        });
        let began = Instant::now();
        let mut seen = Vec::new();
        // The client goes on for as long as anybody listens.
        stream.read_to_end(&mut seen).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(50));
        drop(stream);
        assert!(letters.await.unwrap() > 0 && !seen.is_empty());
    }

    #[tokio::test]
    async fn between_requests_a_client_is_waited_for_and_while_it_is_answered_there_is_no_limit() {
        let (mut client, server) = duplex(64);
        let mut stream = Watched::new(server, patience(0, 20, 0));
        stream.stage.set(Stage::ANSWERING);
        let read = tokio::time::timeout(Duration::from_millis(60), stream.read_u8());
        assert!(read.await.is_err(), "a request that is worked on was cut off");
        client.write_u8(1).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 1);
        stream.stage.set(Stage::BETWEEN);
        let end = stream.read_u8().await.unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn an_answer_that_is_hardly_taken_is_given_up_and_one_that_is_taken_slowly_is_not() {
        let (mut client, server) = duplex(LEAST);
        let mut stream = Watched::new(server, patience(0, 0, 200));
        let slowly = tokio::spawn(async move {
            let mut piece = vec![0; LEAST];
            // Longer in all than the patience for nothing at all.
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                client.read_exact(&mut piece).await.unwrap();
            }
            for _ in 0..100 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if client.read_exact(&mut piece[..10]).await.is_err() {
                    break;
                }
            }
        });
        stream.write_all(&vec![0; 10 * LEAST]).await.unwrap();
        let error = stream.write_all(&vec![0; 2 * LEAST]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(stream);
        slowly.await.unwrap();
    }
}
