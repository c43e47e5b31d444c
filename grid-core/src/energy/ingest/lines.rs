//! A guard against input that has no lines.

use std::io::{Error, ErrorKind, Read, Result};

/// Passes a source through, and fails at a line longer than any row of readings can be, so that a hundred megabytes
/// of rubbish are refused after the first few and never gathered into one row.
pub(super) struct ShortLines<R> {
    source: R,
    since_line_break: usize,
}

/// The longest line, in bytes.
pub(super) const LONGEST_LINE: usize = 64 * 1024;

impl<R: Read> ShortLines<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, since_line_break: 0 }
    }
}

impl<R: Read> Read for ShortLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.source.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        let mut began = 0;
        for end in memchr::memchr_iter(b'\n', read).chain([count]) {
            if self.since_line_break + (end - began) > LONGEST_LINE {
                return Err(Error::from(ErrorKind::FileTooLarge));
            }
            if end == count {
                self.since_line_break += end - began;
            } else {
                self.since_line_break = 0;
                began = end + 1;
            }
        }
        Ok(count)
    }
}
