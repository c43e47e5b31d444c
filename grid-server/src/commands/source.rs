//! What is read while somebody may ask the program to stop.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::sync::CancellationToken;

use super::Failed;

/// How many bytes are read at once.
const PART: usize = 1 << 16;

/// A file or a pipe. A thread of its own reads it, because nobody can give up a read that waits for whoever writes: where
/// the program is to stop, this gives up the thread, and an error to whoever reads here.
///
/// It is for a runtime with several threads, which blocks where it is read.
pub(super) struct Source {
    parts: mpsc::Receiver<io::Result<Vec<u8>>>,
    part: io::Cursor<Vec<u8>>,
    stop: CancellationToken,
    has_ended: Arc<AtomicBool>,
}

impl Source {
    /// Begins to read.
    pub(super) fn of(mut input: impl Read + Send + 'static, stop: CancellationToken) -> Result<Self, Failed> {
        let (sender, parts) = mpsc::channel(1);
        std::thread::Builder::new().name("source".to_owned()).spawn(move || {
            loop {
                let mut part = vec![0; PART];
                let read = match input.read(&mut part) {
                    Ok(0) => return,
                    Ok(length) => {
                        part.truncate(length);
                        Ok(part)
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let is_last = read.is_err();
                if sender.blocking_send(read).is_err() || is_last {
                    return;
                }
            }
        })?;
        Ok(Self { parts, part: io::Cursor::default(), stop, has_ended: Arc::default() })
    }

    /// Whether the end was reached, for whoever asks later.
    pub(super) fn end(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.has_ended)
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.part.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let (stop, parts) = (&self.stop, &mut self.parts);
            let next = tokio::task::block_in_place(|| {
                Handle::current().block_on(async {
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => Some(Err(io::Error::other("stopped on request"))),
                        part = parts.recv() => part,
                    }
                })
            });
            let Some(part) = next else {
                self.has_ended.store(true, Ordering::Relaxed);
                return Ok(0);
            };
            self.part = io::Cursor::new(part?);
        }
    }
}
