//! Files that come as a body: read on a blocking thread while they arrive, never held whole.

use std::{
    io::{Cursor, ErrorKind, Read},
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
        self,
        ingest::{
            self, DateOrder, DecimalMark, Format, HourLabels, Ingested, Layout, Options, Sorted,
            StampConvention,
        },
    },
    error::excerpt,
    time::Calendar,
};
use http_body_util::LengthLimitError;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::io::{StreamReader, SyncIoBridge};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    extract::{is_json, media_type},
    period::field,
    problem::Problem,
    quota::Share,
    routes::not_one_of,
    spool,
};

/// How long the next piece of a file may take ...
const PATIENCE: Duration = Duration::from_secs(30);

/// ... and how many bytes have to come in that time: a thousand a second, as of an answer that is taken.
const LEAST: usize = 30_000;

/// The largest body that is read where it arrives: some hundred readings.
const SMALL: usize = 16 << 10;

/// The largest body that is as good as there when its head is.
const AT_ONCE: usize = 1 << 16;

/// The largest file that is taken of somebody who is not logged in.
const ANONYMOUS_MOST: u64 = 32_000_000;

/// Who sends a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A user who is logged in.
    User(Uuid),
    /// Anybody at all: other places, and less time.
    Anybody,
}

impl Sender {
    /// Until when a file that begins now must have arrived.
    pub(crate) fn deadline(self, app: &App) -> Instant {
        Instant::now()
            + match self {
                Self::User(_) => app.config().upload_time(),
                Self::Anybody => app.config().anonymous_upload_time(),
            }
    }

    /// How many bytes a file may have.
    pub(crate) fn most(self, app: &App) -> u64 {
        let most = u64::try_from(app.config().max_upload()).unwrap_or(u64::MAX);
        match self {
            Self::User(_) => most,
            Self::Anybody => most.min(ANONYMOUS_MOST),
        }
    }

    /// Takes one of the user's places for what takes time to arrive.
    pub(crate) fn share(self, app: &App, length: Option<usize>) -> Result<Option<Share>, Problem> {
        match self {
            Self::User(user) if length.is_none_or(|length| length > AT_ONCE) => {
                app.user_uploads().share(user).map(Some)
            }
            Self::User(_) | Self::Anybody => Ok(None),
        }
    }
}

/// What a file of readings does not say itself.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileQuery {
    /// The channel of values whose column does not say it.
    pub(crate) channel: Option<String>,
    /// The zone of local times; that of the device or the community where nothing is said.
    #[param(example = "Europe/Madrid")]
    pub(crate) time_zone: Option<String>,
    /// The format, where it should not be found out: `long`, `csv`, `green_button`, `datadis`, `eda`, `colombia`.
    pub(crate) format: Option<String>,
    /// Which end of its interval a stamp names: `start` or `end`.
    pub(crate) stamp: Option<String>,
    /// The decimal mark: `point` or `comma`.
    pub(crate) decimal: Option<String>,
    /// The order of dates that can be read both ways: `day_first` or `month_first`.
    pub(crate) dates: Option<String>,
    /// How the hours of a Spanish file are numbered: `ordinal` (1 to 23 or 25) or `clock`.
    pub(crate) hours: Option<String>,
    /// The meter of a file that names none, for a community.
    pub(crate) meter: Option<String>,
}

impl FileQuery {
    /// The options of a file of one device or of a community, whose calendar is that of local times.
    pub(crate) fn options(&self, layout: Layout, calendar: Calendar) -> Result<Options, Problem> {
        let mut options = Options::new(layout);
        options.channel = self.channel.as_deref().map(|text| field("channel", text.parse())).transpose()?;
        if let Layout::Device { channel } = &mut options.layout {
            *channel = channel.or(options.channel);
        }
        let zone =
            self.time_zone.as_deref().map(|zone| field("time_zone", Calendar::new(zone))).transpose()?;
        options.calendar = Some(zone.unwrap_or(calendar));
        options.device.clone_from(&self.meter);
        options.format =
            chosen("format", self.format.as_deref(), &Format::ALL.map(|format| (format.as_str(), format)))?;
        options.stamp = chosen(
            "stamp",
            self.stamp.as_deref(),
            &[("start", StampConvention::Start), ("end", StampConvention::End)],
        )?;
        options.decimal = chosen(
            "decimal",
            self.decimal.as_deref(),
            &[("point", DecimalMark::Point), ("comma", DecimalMark::Comma)],
        )?;
        options.date_order = chosen(
            "dates",
            self.dates.as_deref(),
            &[("day_first", DateOrder::DayFirst), ("month_first", DateOrder::MonthFirst)],
        )?;
        options.hours = chosen(
            "hours",
            self.hours.as_deref(),
            &[("ordinal", HourLabels::Ordinal), ("clock", HourLabels::Clock)],
        )?;
        Ok(options)
    }
}

/// One of several words.
fn chosen<T: Copy>(name: &str, text: Option<&str>, choices: &[(&str, T)]) -> Result<Option<T>, Problem> {
    let Some(text) = text else { return Ok(None) };
    if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
        return Ok(Some(*choice));
    }
    let words: Vec<String> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
    Err(not_one_of(name, &words.join(", "), text))
}

/// The formats that `Content-Type` names; the file itself tells what sort of CSV or XML it is.
fn stated(headers: &HeaderMap) -> Result<Option<Format>, Problem> {
    match media_type(headers).as_deref() {
        None => Ok(Some(Format::Json)),
        Some(
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines",
        ) => Ok(Some(Format::Lines)),
        Some(
            "text/csv" | "application/csv" | "text/plain" | "text/tab-separated-values" | "text/xml"
            | "application/xml" | "application/atom+xml" | "application/octet-stream",
        ) => Ok(None),
        Some(kind) if is_json(kind) => Ok(Some(Format::Json)),
        Some(kind) => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "expected `application/json`, `application/x-ndjson`, `text/csv` or `application/xml`, got `{}`",
                excerpt(kind)
            ),
        )
        .hint("with curl: --header 'Content-Type: text/csv' --data-binary @readings.csv")),
    }
}

/// Reads the readings of a request, whatever file they come in. Those of a long one are in a temporary file afterwards, so
/// that none of them is stored before all are known to be good, and no lock waits for who sends them.
pub(crate) async fn readings(
    app: &App,
    caller: &Caller,
    request: Request,
    mut options: Options,
) -> Result<Ingested<Sorted>, Problem> {
    if let Some(format) = stated(request.headers())? {
        options.format = Some(format);
    }
    options.most_readings = app.config().max_upload_rows.get();
    let sender = Sender::User(caller.id);
    let is_small = told_length(request.headers()).is_some_and(|length| length <= SMALL);
    let rooms = app.rooms().clone();
    let read = move |source: &mut dyn Read| {
        ingest::read_sorted(source, "body", &options, ingest::HELD, || spool::scratch(&rooms))
    };
    let read = if is_small {
        at_once(app, request, sender, read).await?
    } else {
        stream(app, request, sender, read).await?
    };
    read.map_err(refused)
}

/// Why a file of readings is refused, in the words of who runs the server.
fn refused(error: energy::Error) -> Problem {
    match error {
        energy::Error::FileTooLong { .. } => Problem::from(error)
            .hint("nothing was stored; send it in parts; the limit is GRID_MAX_UPLOAD_ROWS"),
        energy::Error::Unkept { has_no_room: true, .. } => spool::no_room(&ErrorKind::StorageFull.into()),
        other => other.into(),
    }
}

/// Whether a body has its times as instants, which need no calendar, because it is in a format of ours that says so itself.
pub(crate) fn has_instants(headers: &HeaderMap) -> bool {
    matches!(stated(headers), Ok(Some(Format::Json | Format::Lines)))
}

/// What an answer tells of a file: of one of our own there is nothing to tell.
pub(crate) fn told(format: Format, evidence: Vec<String>) -> (Option<&'static str>, Vec<String>) {
    match format {
        Format::Long | Format::Json | Format::Lines => (None, Vec::new()),
        other => (Some(other.as_str()), evidence),
    }
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
    let length = check_length(app, request.headers())?;
    let _share = sender.share(app, length)?;
    let arriving = Arriving::of(app, request, sender);
    let frames = futures_util::stream::try_unfold(arriving, next_frame);
    // The stream polls what it waits for where it stands.
    let source = StreamReader::new(Box::pin(frames));
    app.uploads(sender).run(move || read_through(SyncIoBridge::new(source), work)).await?
}

/// Gives `work` a body that says itself that it is small, once it has arrived and on the thread on which it did: to go to
/// another one takes longer than to read a few readings.
async fn at_once<T>(
    app: &App,
    request: Request,
    sender: Sender,
    work: impl FnOnce(&mut dyn Read) -> T,
) -> Result<T, Problem> {
    check_length(app, request.headers())?;
    let mut arriving = Arriving::of(app, request, sender);
    let mut held = Vec::new();
    let failed = loop {
        match next_frame(arriving).await {
            Ok(Some((frame, rest))) => {
                held.extend_from_slice(&frame);
                arriving = rest;
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    read_through(Cursor::new(held).chain(End(failed)), work)
}

/// The end of a body, where it says once how it failed.
struct End(Option<std::io::Error>);

impl Read for End {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Lets `work` read a body, then reads what it left, and says what was wrong with the body itself.
fn read_through<T>(source: impl Read, work: impl FnOnce(&mut dyn Read) -> T) -> Result<T, Problem> {
    let mut source = Watched { source, failed: None };
    let result = work(&mut source);
    if source.failed == Some(ErrorKind::TimedOut) {
        return Err(too_late());
    }
    if source.failed.is_none() {
        let _ = std::io::copy(&mut source, &mut std::io::sink());
    }
    if source.failed == Some(ErrorKind::FileTooLarge) { Err(too_large()) } else { Ok(result) }
}

/// How many bytes a body says that it has; one that is larger than the limit is refused before any of it is read.
pub(crate) fn check_length(app: &App, headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let length = told_length(headers);
    if length.is_some_and(|length| length > app.config().max_upload()) {
        return Err(too_large());
    }
    Ok(length)
}

/// How many bytes a body says that it has.
fn told_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

pub(crate) fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the limit")
        .hint("send it in parts; the limit is GRID_MAX_UPLOAD_MB")
}

/// A body that failed before its end.
pub(crate) fn broken_off(error: &(dyn std::error::Error + 'static)) -> Problem {
    if is_too_large(error) {
        return too_large();
    }
    Problem::new(StatusCode::BAD_REQUEST, "the body broke off before its end")
}

/// A body that was given up before its end.
pub(crate) fn too_late() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")
        .hint("send it over a faster connection, in parts, or after logging in")
}

/// How fast a body comes: one that comes little by little holds a place that is worth more than that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// When all of it must be there.
    until: Instant,
    /// When the next [`LEAST`] bytes must be.
    next: Instant,
    /// How many of those are.
    came: usize,
}

impl Pace {
    /// A body that begins now and must be there at an instant.
    pub(crate) fn until(until: Instant) -> Self {
        Self { until, next: Instant::now() + PATIENCE, came: 0 }
    }

    /// Waits for the next piece, so that nobody holds a place by sending nothing, or next to nothing.
    pub(crate) async fn wait<T>(&self, next: impl Future<Output = T>) -> Result<T, Problem> {
        tokio::time::timeout_at(self.until.min(self.next), next).await.map_err(|_| too_late())
    }

    /// A piece has come.
    pub(crate) fn came(&mut self, bytes: usize) {
        self.came_at(bytes, Instant::now());
    }

    fn came_at(&mut self, bytes: usize, now: Instant) {
        self.came = self.came.saturating_add(bytes);
        // A piece that was there, and was not fetched in time, is not its sender's fault.
        if self.came >= LEAST || now > self.next {
            (self.next, self.came) = (now + PATIENCE, 0);
        }
    }
}

/// A body that arrives, and how fast it has to.
struct Arriving {
    body: BodyDataStream,
    pace: Pace,
}

impl Arriving {
    /// The body of a request, within the limits of its sender.
    fn of(app: &App, request: Request, sender: Sender) -> Self {
        Self { body: request.into_limited_body().into_data_stream(), pace: Pace::until(sender.deadline(app)) }
    }
}

/// The next piece of a body; one that does not come in time ends it, so that nobody holds a thread by sending nothing,
/// or next to nothing.
async fn next_frame(mut arriving: Arriving) -> std::io::Result<Option<(Bytes, Arriving)>> {
    match arriving.pace.wait(arriving.body.try_next()).await {
        Err(_) => Err(ErrorKind::TimedOut.into()),
        Ok(Ok(frame)) => {
            arriving.pace.came(frame.as_ref().map_or(0, Bytes::len));
            Ok(frame.map(|frame| (frame, arriving)))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_to_come_at_a_thousand_bytes_a_second() {
        let begin = Instant::now();
        let mut pace = Pace::until(begin + Duration::from_hours(1));
        let after = |seconds| begin + Duration::from_secs(seconds);
        let first = pace.next;
        // A byte now and then moves nothing.
        for second in 1..29 {
            pace.came_at(1, after(second));
            assert_eq!(pace.next, first);
        }
        pace.came_at(LEAST, after(29));
        assert_eq!(pace.next, after(29) + PATIENCE);
        // Fetched late, because the server was busy with what came before.
        pace.came_at(1, after(100));
        assert_eq!(pace.next, after(100) + PATIENCE);
    }

    #[tokio::test]
    async fn what_does_not_come_in_time_is_given_up_and_what_is_there_is_taken() {
        let mut pace = Pace::until(Instant::now() + Duration::from_hours(1));
        pace.next = Instant::now() + Duration::from_millis(10);
        let refused = pace.wait(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(pace.wait(std::future::ready(7)).await.unwrap(), 7);
    }
}
