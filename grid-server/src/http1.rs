//! HTTP/1 over the connections of a listener, and nothing else.
//!
//! A connection here has one request at a time: whose turn it is ([`connection`]), and how much it may send and hold
//! ([`admission`]), stands on that. HTTP/2 without TLS would break it with a hundred requests at once, and whether a
//! library speaks it is decided by what any other crate asks of that library, so that it is not left to one that could.
//!
//! [`connection`]: crate::connection
//! [`admission`]: crate::admission

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::watch};
use tower::ServiceExt;

use crate::connection::{Paced, Peer, Watched};

/// The largest head of a request, with its path: a token, a cookie and what proxies add are a few thousand bytes.
const HEAD: usize = 32 << 10;
/// How much of a request is held that has arrived and was not read: the beginning of a head that is larger still, too.
const HELD: usize = 64 << 10;
/// How many headers it may have.
const HEADERS: usize = 100;

/// Answers what comes by a listener until it is time to stop, and then until all that has begun is answered.
pub(crate) async fn serve(mut listener: Paced, router: Router, mut stopping: watch::Receiver<bool>) {
    let (all, one) = watch::channel(());
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        let (router, stopping, one) = (router.clone(), stopping.clone(), one.clone());
        tokio::spawn(async move {
            answer(stream, peer, router, stopping).await;
            drop(one);
        });
    }
    drop((listener, one));
    all.closed().await;
}

/// Answers the requests of one connection, one after the other.
async fn answer(stream: Watched<TcpStream>, peer: Peer, router: Router, mut stopping: watch::Receiver<bool>) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .max_header_size(HEAD)
        .max_buf_size(HELD)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopping.wait_for(|stopping| *stopping) => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        connection.as_mut().graceful_shutdown();
        connection.await
    };
    if let Err(error) = ended {
        // Whoever goes away in the middle, or speaks something else, is no news.
        tracing::trace!("a connection ended: {error}");
    }
}
