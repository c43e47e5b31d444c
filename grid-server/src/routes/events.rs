//! What happens, as it happens: a stream for who stays, pages for who comes again.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use grid_core::store::{Event, EventFilter, Store};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    app::App,
    caller::{self, Caller},
    extract::{Json, Query},
    listeners::Seat,
    page::{Limit, Listed},
    problem::Problem,
};

/// The media type of a stream of events.
const STREAM: &str = "text/event-stream";
/// How often a stream says something, so that nothing between takes it for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often it is looked at whether who listens still may.
const LOGIN: Duration = Duration::from_secs(3);
/// How long a reader may take for what it was sent before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many events are loaded at once.
const AT_ONCE: u32 = 100;

/// Which events are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// The id of the last event that is known; a stream begins now where nothing is said, a page with the oldest that is kept.
    #[param(minimum = 0)]
    after: Option<u64>,
    /// How many events a page has at most: 100 where nothing is said, 1000 at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Limit<100, 1000>,
    /// Of one device alone.
    device: Option<Uuid>,
    /// Of one community alone.
    community: Option<Uuid>,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventView {
    /// What to ask with for what happened later, as `after` or `Last-Event-ID`.
    #[schema(example = 4711)]
    id: i64,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What happened: `readings` with `device`, `channel`, `from`, `to` and `count`; `recording`; `forecast` with `device`;
    /// `statements` with `community`, `settlement`, `from`, `to` and `count`; `import` with `community`, `inserted`,
    /// `superseded` and `devices_created`.
    #[schema(example = "readings")]
    kind: String,
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    rest: serde_json::Map<String, serde_json::Value>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self { id: event.number, at: event.at, kind: event.kind, rest: event.payload }
    }
}

/// Says what happens: new readings, recordings, forecasts, statements and imports.
///
/// With `Accept: text/event-stream`, as they happen (server-sent events); otherwise a page of those of the last 24 hours.
#[utoipa::path(get, path = "/events", tag = "service", operation_id = "list_events",
    security(("bearerAuth" = [])),
    params(EventsQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The same as `after`, as a browser sends it; it wins over that")),
    responses(
        (status = 200, description = "A page of events, the oldest first, or a stream of them", content(
            (Listed<EventView> = "application/json"), (String = "text/event-stream"))),
        (status = 400, description = "`Last-Event-ID` is none", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "The caller has as many streams open as one may have", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn events(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    if let Some(device) = query.device {
        caller.device(&app, device).await?;
    }
    if let Some(community) = query.community {
        caller.community(&app, community).await?;
    }
    let filter = EventFilter { device: query.device, community: query.community };
    let after = last_event(&headers)?.or(query.after).map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    let store = app.services()?.store();
    let newest = store.number_events().await?;
    if wants_a_stream(&headers) {
        let seat = Seat::take(&app, caller.id)?;
        let listening = Listening {
            reader: caller.id,
            filter,
            // Of another database there is nothing to wait for.
            after: after.unwrap_or(newest).min(newest),
            token: caller::token(&headers)?,
            newest: app.listeners().newest(),
            stopping: app.stopping(),
            store: store.clone(),
            app,
            _seat: seat,
        };
        return Ok(listening.answer());
    }
    // A number of another database, as after a restore, would hide what comes until that number is reached again.
    let after = after.unwrap_or(0).min(newest);
    let found = store.events(caller.id, filter, after, query.limit.get()).await?;
    let more = found.len() >= query.limit.items();
    let next = found.last().filter(|_| more).map(|event| event.number.to_string());
    Ok(Json(Listed { items: found.into_iter().map(EventView::from).collect(), next }).into_response())
}

/// The number that a client that comes back has seen last.
fn last_event(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    number.map(Some).ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, "expected the number of an event in `Last-Event-ID`")
            .hint("send the `id` of the last event, or no such header")
    })
}

fn wants_a_stream(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(STREAM)))
}

/// One stream.
struct Listening {
    app: App,
    store: Store,
    reader: Uuid,
    filter: EventFilter,
    after: i64,
    token: String,
    newest: watch::Receiver<i64>,
    stopping: watch::Receiver<bool>,
    _seat: Seat,
}

impl Listening {
    /// The answer, which a task writes for as long as it is read.
    fn answer(self) -> Response {
        // Little is on its way; what a reader has not taken waits in the database.
        let (pieces, mut written) = mpsc::channel::<Bytes>(4);
        tokio::spawn(self.run(pieces));
        let body = stream::poll_fn(move |context| {
            written.poll_recv(context).map(|piece| piece.map(Ok::<_, Infallible>))
        });
        let mut response = Response::new(Body::from_stream(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(STREAM));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // Some proxies hold answers back until they are whole.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }

    /// Says what happens until the reader goes, or may not listen any more, or the server stops.
    async fn run(mut self, pieces: mpsc::Sender<Bytes>) {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = self.tell(&pieces) => {}
            () = pieces.closed() => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    async fn tell(&mut self, pieces: &mpsc::Sender<Bytes>) {
        // Something at once, so that the client knows that it is heard.
        let mut said = Instant::now();
        let hello = format!(": listening\nid: {}\n\n", self.after);
        if pieces.send_timeout(hello.into(), PATIENCE).await.is_err() {
            return;
        }
        loop {
            {
                let _turn = self.app.listeners().turn().await;
                if caller::is_good(&self.app, &self.token).await.is_err() {
                    return;
                }
            }
            let newest = *self.newest.borrow_and_update();
            while self.after < newest {
                let found = {
                    let _turn = self.app.listeners().turn().await;
                    self.store.events(self.reader, self.filter, self.after, AT_ONCE).await
                };
                // The client comes back, and goes on where this ends.
                let Ok(found) = found else { return };
                // All up to the newest number were there before they were looked for.
                let whole = found.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
                let last = found.last().map_or(self.after, |event| event.number);
                self.after = if whole { newest.max(last) } else { last };
                if !found.is_empty() {
                    said = Instant::now();
                    if pieces
                        .send_timeout(found.iter().map(written).collect::<String>().into(), PATIENCE)
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
            }
            if said.elapsed() >= KEEP_ALIVE {
                said = Instant::now();
                // Who comes back need not look again at what was not for them.
                let alive = format!(": still here\nid: {}\n\n", self.after);
                if pieces.send_timeout(alive.into(), PATIENCE).await.is_err() {
                    return;
                }
            }
            let until = LOGIN.min(KEEP_ALIVE.saturating_sub(said.elapsed()));
            if let Ok(Err(_)) = tokio::time::timeout(until, self.newest.changed()).await {
                return;
            }
        }
    }
}

/// An event as it stands in a stream.
fn written(event: &Event) -> String {
    // Without an end of a line in it.
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("id: {}\nevent: {}\ndata: {data}\n\n", event.number, event.kind)
}
