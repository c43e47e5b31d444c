//! Files that are written to be sent: whole on disk before the first byte goes, so that a slow client keeps no state of the
//! database, and counted among all files for as long as their last reader takes.

use std::{
    fs::File,
    io::{self, ErrorKind, Seek, Write},
};

use axum::body::Body;
use tokio_util::io::ReaderStream;

use crate::{
    body::holding,
    spool::{Room, Rooms},
};

/// An unnamed file, and the room that it takes.
#[derive(Debug)]
pub(crate) struct Draft {
    file: File,
    room: Room,
}

impl Draft {
    /// Begins a file that is empty.
    pub(crate) fn new(rooms: &Rooms) -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile()?, room: rooms.room(u64::MAX) })
    }

    /// The file as it is so far.
    pub(crate) const fn file(&self) -> &File {
        &self.file
    }

    /// The file as a body, which keeps its room, and `held`, until it was taken or given up.
    pub(crate) fn into_body<T: Send + Unpin + 'static>(mut self, held: T) -> io::Result<Body> {
        self.file.rewind()?;
        let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(self.file)));
        Ok(holding(body, (self.room, held)))
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        // As a disk says it that has no more for this program.
        self.room.take(written).map_err(|_| io::Error::from(ErrorKind::QuotaExceeded))?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_file_has_its_room_until_its_body_is_taken_or_given_up() {
        let rooms = Rooms::new(10);
        let mut first = Draft::new(&rooms).unwrap();
        first.write_all(b"12345678").unwrap();
        let body = first.into_body(()).unwrap();
        let mut second = Draft::new(&rooms).unwrap();
        let full = second.write_all(b"123").unwrap_err();
        assert_eq!(full.kind(), ErrorKind::QuotaExceeded);
        drop(second);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "12345678");
        let mut third = Draft::new(&rooms).unwrap();
        third.write_all(b"1234567890").unwrap();
        drop(third.into_body(()).unwrap());
        assert!(Draft::new(&rooms).unwrap().write_all(b"1234567890").is_ok());
    }
}
