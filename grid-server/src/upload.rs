//! Files that come as a body: read on a blocking thread while they arrive, never held whole.

use std::{
    io::{ErrorKind, Read},
    time::Duration,
};

use axum::{
    RequestExt,
    body::{BodyDataStream, Bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header},
};
use futures_util::TryStreamExt;
use grid_core::{
    energy::{
        self, Channel,
        ingest::{self, Batch, Layout},
    },
    error::excerpt,
};
use http_body_util::LengthLimitError;
use tokio::time::Instant;
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::{
    app::App,
    extract::{is_json, media_type},
    problem::Problem,
};

/// How long the next piece of a file may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who sends a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A user who is logged in.
    User,
    /// Anybody at all: other places, and less time.
    Anybody,
}

impl Sender {
    /// Until when a file that begins now must have arrived.
    pub(crate) fn deadline(self, app: &App) -> Instant {
        Instant::now()
            + match self {
                Self::User => app.config().upload_time(),
                Self::Anybody => app.config().anonymous_upload_time(),
            }
    }
}

/// A file of readings and its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Lines,
    Csv,
}

impl Format {
    /// The format that `Content-Type` names; JSON where it is absent.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        match media_type(headers).as_deref() {
            None => Ok(Self::Json),
            Some(
                "application/x-ndjson"
                | "application/ndjson"
                | "application/jsonl"
                | "application/x-jsonlines",
            ) => Ok(Self::Lines),
            Some("text/csv" | "application/csv") => Ok(Self::Csv),
            Some(kind) if is_json(kind) => Ok(Self::Json),
            Some(kind) => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!(
                    "expected `application/json`, `application/x-ndjson` or `text/csv`, got `{}`",
                    excerpt(kind)
                ),
            )
            .hint("with curl: --header 'Content-Type: text/csv' --data-binary @readings.csv")),
        }
    }

    /// Reads the file.
    pub(crate) fn read(
        self,
        source: impl Read,
        name: &str,
        layout: Layout,
    ) -> Result<Vec<Batch>, energy::Error> {
        match self {
            Self::Json => ingest::read_json(source, name, layout),
            Self::Lines => ingest::read_ndjson(source, name, layout),
            Self::Csv => ingest::read_csv(source, name, layout),
        }
    }
}

/// The layout of one device's file, whose rows may leave out the channel.
pub(crate) const fn of_device(channel: Option<Channel>) -> Layout {
    Layout::Device { channel }
}

/// Reads the readings of a request.
pub(crate) async fn batches(app: &App, request: Request, layout: Layout) -> Result<Vec<Batch>, Problem> {
    let format = Format::of(request.headers())?;
    Ok(stream(app, request, Sender::User, move |source| format.read(source, "body", layout)).await??)
}

/// Gives `work` the body as a blocking reader, on a thread where blocking is allowed.
///
/// A body that is larger than the limit is refused as such, whatever `work` made of its beginning. What `work` leaves
/// is read as well, because a client that is still sending would not see the answer.
pub(crate) async fn stream<T: Send + 'static>(
    app: &App,
    request: Request,
    sender: Sender,
    work: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
) -> Result<T, Problem> {
    check_length(app, request.headers())?;
    let body = request.into_limited_body().into_data_stream();
    let arriving = Arriving { body, until: sender.deadline(app) };
    let frames = futures_util::stream::try_unfold(arriving, next_frame);
    // The stream polls what it waits for where it stands.
    let source = StreamReader::new(Box::pin(frames));
    app.uploads(sender)
        .run(move || {
            let mut source = Watched { source: SyncIoBridge::new(source), failed: None };
            let result = work(&mut source);
            if source.failed == Some(ErrorKind::TimedOut) {
                return Err(too_late());
            }
            if source.failed.is_none() {
                let _ = std::io::copy(&mut source, &mut std::io::sink());
            }
            if source.failed == Some(ErrorKind::FileTooLarge) { Err(too_large()) } else { Ok(result) }
        })
        .await?
}

/// Refuses a body that says itself that it is larger than the limit, before any of it is read.
pub(crate) fn check_length(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > app.config().max_upload()) {
        return Err(too_large());
    }
    Ok(())
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the limit")
        .hint("send it in parts; the limit is GRID_MAX_UPLOAD_MB")
}

/// A body that was given up before its end.
pub(crate) fn too_late() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")
        .hint("send it over a faster connection, in parts, or after logging in")
}

/// A body that arrives, and until when it may.
struct Arriving {
    body: BodyDataStream,
    until: Instant,
}

/// The next piece of a body; one that does not come in time ends it, so that nobody holds a thread by sending nothing,
/// or next to nothing.
async fn next_frame(mut arriving: Arriving) -> std::io::Result<Option<(Bytes, Arriving)>> {
    let until = arriving.until.min(Instant::now() + PATIENCE);
    match tokio::time::timeout_at(until, arriving.body.try_next()).await {
        Err(_) => Err(ErrorKind::TimedOut.into()),
        Ok(Ok(frame)) => Ok(frame.map(|frame| (frame, arriving))),
        Ok(Err(error)) if is_too_large(&error) => Err(ErrorKind::FileTooLarge.into()),
        Ok(Err(error)) => Err(std::io::Error::new(ErrorKind::UnexpectedEof, error)),
    }
}

/// Remembers how the body failed, since a reader's error does not always come through whole.
struct Watched<R> {
    source: R,
    failed: Option<ErrorKind>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let result = self.source.read(buffer);
        if let Err(error) = &result {
            self.failed = Some(error.kind());
        }
        result
    }
}

fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut at = Some(error);
    while let Some(error) = at {
        if error.is::<LengthLimitError>() {
            return true;
        }
        at = error.source();
    }
    false
}
