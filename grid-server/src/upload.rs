//! Files that come as a body: read on a blocking thread while they arrive, never held whole.

use std::io::Read;

use axum::{
    RequestExt,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode},
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
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::{
    app::App,
    extract::{is_json, media_type},
    problem::Problem,
};

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
    let place = app.analysis().await?;
    let read = stream(request.into_limited_body(), move |source| format.read(source, "body", layout)).await?;
    drop(place);
    Ok(read?)
}

/// Gives `work` the body as a blocking reader, on a thread where blocking is allowed.
///
/// A body that is larger than the limit is refused as such, whatever `work` made of its beginning.
pub(crate) async fn stream<T: Send + 'static>(
    body: Body,
    work: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
) -> Result<T, Problem> {
    let frames = body.into_data_stream().map_err(|error| {
        let too_large = is_too_large(&error);
        std::io::Error::new(
            if too_large { std::io::ErrorKind::FileTooLarge } else { std::io::ErrorKind::UnexpectedEof },
            error,
        )
    });
    let source = StreamReader::new(frames);
    tokio::task::spawn_blocking(move || {
        let mut source = Watched { source: SyncIoBridge::new(source), too_large: false };
        let result = work(&mut source);
        if source.too_large {
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the limit"))
        } else {
            Ok(result)
        }
    })
    .await
    .map_err(|_| Problem::internal("reading an upload ended early"))?
}

/// Remembers that the limit was met, since a reader's error does not always come through whole.
struct Watched<R> {
    source: R,
    too_large: bool,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let result = self.source.read(buffer);
        if let Err(error) = &result {
            self.too_large |= error.kind() == std::io::ErrorKind::FileTooLarge;
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
