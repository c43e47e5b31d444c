//! How many requests are worked on at the same time, and what may take such a place.
//!
//! A place is worth having, so it is not given for nothing: a small body has to be there first, bodies that arrive while
//! they are read take half of the places at most, and a place is free again when the answer has been taken, not when it
//! has been made.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::Request,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{body::holding, problem::Problem, quota::Held};

/// The largest body that is read before its request takes a place.
const SMALL: usize = 1 << 14;

/// How long such a body may take.
const ARRIVES_WITHIN: Duration = Duration::from_secs(10);

/// The places for requests.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    /// Those of requests whose body arrives while it is read.
    arriving: Arc<Semaphore>,
}

/// A place among the requests that are worked on, held for as long as a clone of it is there.
#[derive(Clone, Debug)]
pub(crate) struct Place(
    #[expect(dead_code, reason = "held, not used")] Arc<(OwnedSemaphorePermit, Option<OwnedSemaphorePermit>)>,
);

impl Places {
    pub(crate) fn new(most: usize) -> Self {
        let arriving = most.div_ceil(2);
        Self { all: Arc::new(Semaphore::new(most)), arriving: Arc::new(Semaphore::new(arriving)) }
    }

    /// Takes the places that a request needs; nothing where one of them is not there.
    fn take(&self, arrives: bool) -> Option<Place> {
        let arriving = arrives.then(|| Arc::clone(&self.arriving).try_acquire_owned());
        let place = (Arc::clone(&self.all).try_acquire_owned().ok()?, arriving.transpose().ok()?);
        Some(Place(Arc::new(place)))
    }
}

/// How many bytes the body of a request says that it has; nothing where it comes in pieces. The body is asked and not the
/// headers, which say what they mean only together with the protocol.
fn length(body: &Body) -> Option<usize> {
    if body.is_end_stream() {
        return Some(0);
    }
    body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX))
}

/// Waits for a small body before its request takes a place. Of a GET nobody reads one.
pub(crate) async fn gather<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let has_none = [Method::GET, Method::HEAD].contains(request.method());
    if has_none || !length(request.body()).is_some_and(|length| (1..=SMALL).contains(&length)) {
        return next(request).await;
    }
    let (parts, body) = request.into_parts();
    let refusal = match tokio::time::timeout(ARRIVES_WITHIN, to_bytes(body, SMALL)).await {
        Ok(Ok(bytes)) => return next(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(_)) => Problem::new(StatusCode::BAD_REQUEST, "the body broke off before its end"),
        Err(_) => {
            let text = format!("the body did not arrive within {} seconds", ARRIVES_WITHIN.as_secs());
            Problem::new(StatusCode::REQUEST_TIMEOUT, text)
        }
    };
    refusal.into_response()
}

/// Refuses at once what is more than the server can work on.
pub(crate) async fn admit<F>(
    places: &Places,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    // Health must be answered also by a server that is full.
    let exempt = matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics");
    let arrives = length(request.body()).is_none_or(|length| length > SMALL);
    let place = places.take(arrives);
    if place.is_none() && !exempt {
        return Problem::unavailable("the server is full", Duration::from_secs(1)).into_response();
    }
    // Whose place it is of that user's own is found out further in.
    let held = Held::default();
    request.extensions_mut().insert(held.clone());
    if let Some(place) = &place {
        request.extensions_mut().insert(place.clone());
    }
    let response = next(request).await;
    // A stream of events lasts, costs next to nothing, and is counted where it is made.
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
        held.give_back();
        return response;
    }
    response.map(|body| holding(body, (place, held)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_places_are_for_bodies_that_are_there() {
        let places = Places::new(3);
        let arriving: Vec<_> = std::iter::from_fn(|| places.take(true)).collect();
        assert_eq!(arriving.len(), 2);
        let small = places.take(false);
        assert!(small.is_some() && places.take(false).is_none());
        drop(arriving);
        assert!(places.take(true).is_some());
    }

    #[test]
    fn a_body_is_as_long_as_it_says_and_one_in_pieces_says_nothing() {
        assert_eq!(length(&Body::empty()), Some(0));
        assert_eq!(length(&Body::from("twelve bytes")), Some(12));
        let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("twelve bytes")]);
        assert_eq!(length(&Body::from_stream(pieces)), None);
    }
}
