//! A guard for XML: counts lines, and fails where markup or text is longer than any feed of readings has it.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

/// The longest piece between two angle brackets, in bytes.
pub(super) const LONGEST_PIECE: usize = 64 * 1024;

/// Passes a buffered source through.
pub(super) struct Markup<R> {
    source: R,
    /// The line that the reader is in.
    pub(super) line: u64,
    since_bracket: usize,
}

impl<R: BufRead> Markup<R> {
    pub(super) const fn new(source: R) -> Self {
        Self { source, line: 1, since_bracket: 0 }
    }
}

impl<R: BufRead> Read for Markup<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Markup<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.since_bracket > LONGEST_PIECE {
            return Err(Error::from(ErrorKind::FileTooLarge));
        }
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is in the buffer already is not read again.
        if let Ok(buffer) = self.source.fill_buf() {
            for byte in buffer.iter().take(count) {
                self.line += u64::from(*byte == b'\n');
                self.since_bracket = if matches!(byte, b'<' | b'>') { 0 } else { self.since_bracket + 1 };
            }
        }
        self.source.consume(count);
    }
}
