//! Stored recordings, found again for the user whose they are, and read again as they were read when they came.

use std::{fs::File, io::Seek};

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use grid_core::{
    battery::{self, Format, ReadOptions, Recording, Source, Summary},
    store::{Store, StoredRecording},
};
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::{
    app::App,
    caller::{Caller, not_found},
    conditional::is_known,
    draft::Draft,
    extract::Path,
    hurry,
    problem::Problem,
    spool::{Rooms, no_room},
};

/// A stored recording of the caller's; another's is not found.
///
/// A recording never changes, so whatever this version of the program says of it has one tag, and a client that has
/// it (`If-None-Match`) is answered 304 before anything is read.
pub(super) struct Kept {
    pub(super) app: App,
    pub(super) stored: StoredRecording,
    tag: HeaderValue,
}

/// Why there is no recording to go on with.
pub(super) enum Instead {
    /// A refusal.
    Problem(Problem),
    /// The client has the answer already.
    Unchanged(HeaderValue),
}

impl IntoResponse for Instead {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Unchanged(tag) => tagged(tag, StatusCode::NOT_MODIFIED.into_response()),
        }
    }
}

impl From<Problem> for Instead {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl FromRequestParts<App> for Kept {
    type Rejection = Instead;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Instead> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let Path(id) = Path::<Uuid>::from_request_parts(parts, app).await?;
        let stored = app.services()?.store().recording(id).await.map_err(Problem::from)?;
        if stored.owner != caller.id {
            return Err(not_found("recording", id).into());
        }
        // Weak, because the same answer may come compressed or not.
        let tag = format!("W/\"{}-{}\"", id.simple(), env!("CARGO_PKG_VERSION"));
        let header = HeaderValue::from_str(&tag).map_err(|error| Problem::internal(&error.to_string()))?;
        if [Method::GET, Method::HEAD].contains(&parts.method) && is_known(&parts.headers, &tag) {
            return Err(Instead::Unchanged(header));
        }
        Ok(Self { app: app.clone(), stored, tag: header })
    }
}

fn tagged(tag: HeaderValue, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

impl Kept {
    /// An answer with the recording's tag.
    pub(super) fn answer(self, answer: impl IntoResponse) -> Response {
        tagged(self.tag, answer.into_response())
    }

    /// Reads the recording, and gives `then` its columns, where a core may be kept busy.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        then: impl FnOnce(&Recording) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.work(|file, format| {
            let read =
                |format| battery::read_with(source(file)?, ReadOptions { format, ..ReadOptions::default() });
            as_stored(format, read, |recording: &Recording| recording.format.as_str())
                .map(|recording| then(&recording))
        })
        .await
    }

    /// Sums the recording up, in memory that does not grow with its rows.
    pub(super) async fn summary(&self) -> Result<Summary, Problem> {
        self.work(|file, format| {
            let read = |format| {
                battery::summarise_with(source(file)?, ReadOptions { format, ..ReadOptions::default() })
            };
            as_stored(format, read, |summary: &Summary| summary.format)
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&File, &str) -> Result<T, battery::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = self.app.services()?.store().clone();
        let (id, format) = (self.stored.id, self.stored.format.clone());
        let runtime = Handle::current();
        let app = self.app.clone();
        let done = self.app.analyses(self.stored.owner).run(move || {
            let fetched = fetched(&store, id, app.rooms());
            let fetched = runtime.block_on(hurry::at_length(&app, fetched))?;
            Ok::<T, Problem>(work(fetched.file(), format.as_str())?)
        });
        done.await?
    }
}

/// The file of a recording, on disk and not in memory.
async fn fetched(store: &Store, id: Uuid, rooms: &Rooms) -> Result<Draft, Problem> {
    let mut draft = Draft::new(rooms).map_err(|error| no_room(&error))?;
    store.write_recording(id, &mut draft).await?;
    Ok(draft)
}

/// A file from its start.
fn source(mut file: &File) -> Result<Source<'_>, battery::Error> {
    file.rewind().map_err(|source| battery::Error::Unreadable { source })?;
    Ok(Source::seekable(file))
}

/// Reads a file as it was read when it was stored: a format that was stated then is not recognised now, and is stated
/// again.
fn as_stored<T>(
    format: &str,
    read: impl Fn(Option<Format>) -> Result<T, battery::Error>,
    of: impl Fn(&T) -> &str,
) -> Result<T, battery::Error> {
    let recognised = read(None);
    if recognised.as_ref().is_ok_and(|recognised| of(recognised) == format) {
        return recognised;
    }
    match Format::parse(format).map(|format| read(Some(format))) {
        Some(Ok(stated)) => Ok(stated),
        _ => recognised,
    }
}
