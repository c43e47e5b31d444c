//! Files that are too large for memory: kept in an unnamed file on disk while they arrive, and gone with their last reader.

use std::{
    fs::File,
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    RequestExt,
    extract::{FromRequest, Multipart, Request, multipart::MultipartError},
    http::StatusCode,
};
use futures_util::TryStreamExt;
use grid_core::{energy::ingest::Scratch, error::is_full};
use tokio::io::AsyncWriteExt;

use crate::{
    app::App,
    extract::media_type,
    form::metered,
    problem::Problem,
    upload::{self, Pace, Sender},
    workers::Place,
};

/// A file that has arrived, at its start.
#[derive(Debug)]
pub(crate) struct Spooled {
    /// What a form calls it.
    pub(crate) name: Option<String>,
    /// The file.
    pub(crate) file: File,
    /// The place that it took while it arrived; what is done with it next may keep it.
    pub(crate) place: Place,
    /// Its part of the room for all files, for as long as the file is there.
    pub(crate) room: Room,
}

/// The room for the files of all users together, those that come and those that are written to be sent. They lie where the system keeps temporary files, which is memory on Cloud
/// Run, and elsewhere often the disk of the database.
#[derive(Clone, Debug)]
pub(crate) struct Rooms {
    taken: Arc<AtomicU64>,
    most: u64,
}

/// What one file takes of it.
#[derive(Debug)]
pub(crate) struct Room {
    rooms: Rooms,
    taken: u64,
    /// How many bytes this file may have.
    most: u64,
}

impl Rooms {
    pub(crate) fn new(most: u64) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// Room for one more file, of `most` bytes.
    pub(crate) fn room(&self, most: u64) -> Room {
        Room { rooms: self.clone(), taken: 0, most }
    }
}

impl Room {
    /// Takes some more.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Problem> {
        let more = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.taken = self.taken.saturating_add(more);
        let all = self.rooms.taken.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        if self.taken > self.most {
            return Err(upload::too_large());
        }
        if all > self.rooms.most {
            let text = "there is no room for more files at the moment";
            return Err(Problem::unavailable(text, Duration::from_secs(5)));
        }
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.rooms.taken.fetch_sub(self.taken, Ordering::Relaxed);
    }
}

/// Keeps the body of a request, or the first file of its form, within the limits of its sender.
pub(crate) async fn spool(app: &App, request: Request, sender: Sender) -> Result<Spooled, Problem> {
    let length = upload::check_length(app, request.headers())?;
    let _share = sender.share(app, length)?;
    let mut pace = Pace::until(sender.deadline(app));
    let place = app.uploads(sender).place().await?;
    let mut room = app.rooms().room(sender.most(app));
    let unnamed = tokio::task::spawn_blocking(tempfile::tempfile).await;
    let unnamed = unnamed.map_err(|_| Problem::internal("a task ended early"))?;
    let mut file = tokio::fs::File::from_std(unnamed.map_err(|error| no_room(&error))?);
    let name = if is_form(&request) {
        form(request, &mut pace, &mut file, &mut room).await?
    } else {
        body(request, &mut pace, &mut file, &mut room).await?;
        None
    };
    file.flush().await.map_err(|error| no_room(&error))?;
    let mut file = file.into_std().await;
    file.rewind().map_err(|error| no_room(&error))?;
    Ok(Spooled { name, file, place, room })
}

fn is_form(request: &Request) -> bool {
    media_type(request.headers()).as_deref() == Some("multipart/form-data")
}

async fn body(
    request: Request,
    pace: &mut Pace,
    file: &mut tokio::fs::File,
    room: &mut Room,
) -> Result<(), Problem> {
    let mut frames = request.into_limited_body().into_data_stream();
    while let Some(frame) = pace.wait(frames.try_next()).await?.map_err(|error| upload::broken_off(&error))? {
        pace.came(frame.len());
        room.take(frame.len())?;
        file.write_all(&frame).await.map_err(|error| no_room(&error))?;
    }
    Ok(())
}

async fn form(
    request: Request,
    pace: &mut Pace,
    file: &mut tokio::fs::File,
    room: &mut Room,
) -> Result<Option<String>, Problem> {
    let (parts, body) = request.into_parts();
    let (body, meter) = metered(body, room.most);
    let mut form = Multipart::from_request(Request::from_parts(parts, body), &())
        .await
        .map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
    let broken = |error: MultipartError| meter.refusal().unwrap_or_else(|| broken(&error));
    let mut name = None;
    let mut is_there = false;
    while let Some(mut part) = pace.wait(form.next_field()).await?.map_err(broken)? {
        meter.passed();
        is_there = part.file_name().is_some() || part.name() == Some("file");
        name = part.file_name().map(str::to_owned);
        while let Some(piece) = pace.wait(part.chunk()).await?.map_err(broken)? {
            meter.passed();
            pace.came(piece.len());
            // What stands before the file is passed over.
            if is_there {
                room.take(piece.len())?;
                file.write_all(&piece).await.map_err(|error| no_room(&error))?;
            }
        }
        if is_there {
            break;
        }
    }
    // A client that is still sending would not see the answer.
    while is_there && let Ok(Ok(Some(mut part))) = pace.wait(form.next_field()).await {
        meter.passed();
        while let Ok(Ok(Some(piece))) = pace.wait(part.chunk()).await {
            meter.passed();
            pace.came(piece.len());
        }
    }
    if is_there {
        return Ok(name);
    }
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "expected a form with a part `file`, got none")
        .hint("with curl: --form file=@recording.csv"))
}

fn broken(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        upload::too_large()
    } else {
        Problem::new(error.status(), error.body_text())
    }
}

/// A file that what is read of a long one waits in, and that takes its part of the room as it grows.
struct Kept {
    file: File,
    room: Room,
}

/// Makes such a file; the limit of the file that it comes from is its own.
pub(crate) fn scratch(rooms: &Rooms) -> io::Result<Box<dyn Scratch>> {
    Ok(Box::new(Kept { file: tempfile::tempfile()?, room: rooms.room(u64::MAX) }))
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room.take(bytes.len()).map_err(|_| ErrorKind::StorageFull)?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Read for Kept {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for Kept {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// A temporary file that cannot be kept. A disk that is full is no fault of the program's, and may have room again.
pub(crate) fn no_room(error: &io::Error) -> Problem {
    if is_full(error) {
        tracing::warn!(%error, "no room for a temporary file");
        return Problem::unavailable("there is no room for more files at the moment", Duration::from_secs(5));
    }
    Problem::internal(&format!("failed to keep a temporary file: {error}"))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn files_share_one_room_and_each_has_a_limit_of_its_own() {
        let rooms = Rooms::new(100);
        let mut first = rooms.room(80);
        first.take(60).unwrap();
        assert_eq!(first.take(21).unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
        drop(first);
        let (mut one, mut two) = (rooms.room(80), rooms.room(80));
        one.take(60).unwrap();
        assert_eq!(two.take(41).unwrap_err().status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(one);
        // What was refused is counted until it is gone.
        two.take(30).unwrap();
        drop(two);
        assert_eq!(rooms.taken.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_disk_without_room_is_no_fault_and_another_error_is_one() {
        use std::io::{Error, ErrorKind};

        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::ReadOnlyFilesystem] {
            // As it comes, and as what writes a file wraps it.
            for error in [Error::from(kind), Error::other(Error::from(kind))] {
                assert_eq!(no_room(&error).status(), StatusCode::SERVICE_UNAVAILABLE, "{kind}");
            }
        }
        let other = no_room(&ErrorKind::PermissionDenied.into());
        assert_eq!(other.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    /// What becomes of a form that goes on for as long as it is read after `begins`, and how much of it was read.
    async fn endless(begins: &'static str, most: u64) -> (StatusCode, usize) {
        let taken = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let rest = std::iter::repeat_with(move || {
            counted.fetch_add(1 << 14, Ordering::Relaxed);
            Ok::<_, std::io::Error>(axum::body::Bytes::from_static(&[b'a'; 1 << 14]))
        });
        let first = std::iter::once(Ok(axum::body::Bytes::from_static(begins.as_bytes())));
        // More than any of these is to be read of it.
        let all = futures_util::stream::iter(first.chain(rest).take(1000));
        let request = Request::post("/")
            .header("content-type", "multipart/form-data; boundary=x")
            .body(axum::body::Body::from_stream(all))
            .unwrap();
        let mut room = Rooms::new(u64::MAX).room(most);
        let mut file = tokio::fs::File::from_std(tempfile::tempfile().unwrap());
        let mut pace = Pace::until(Instant::now() + Duration::from_mins(1));
        let refused = form(request, &mut pace, &mut file, &mut room).await.unwrap_err();
        (refused.status(), taken.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn of_a_form_in_which_nothing_ends_no_more_is_held_than_a_piece() {
        for begins in ["", "--x\r\nContent-Disposition: form-data; name=\"", "--x\r\nA: b\r\nB: "] {
            let (status, read) = endless(begins, u64::MAX).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{begins}");
            assert!(read <= 128 << 10, "{read} bytes of {begins}");
        }
        // What does not belong to the file counts as well.
        let (status, read) =
            endless("--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n", 1 << 20).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(read <= 2 << 20, "{read}");
    }
}
