//! A source as decoded text, piece by piece: compressed or not, in any encoding, from its start as often as needed.

use std::fmt;
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use flate2::bufread::MultiGzDecoder;

use super::super::error::Error;
use super::text::{Encoding, FromUtf16, Tabbed};

/// What can be read from its start again.
pub(super) trait Rewind: Read + Seek {}

impl<S: Read + Seek> Rewind for S {}

/// Is told the bytes read so far, and the bytes there are where that is known; breaks to end the reading.
pub type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>) -> ControlFlow<()>;

/// How many bytes are taken from the source at a time where they are decompressed or decoded.
const PIECE: usize = 1 << 16;

/// The text of a source.
pub(super) struct Blocks<'s, 'p> {
    /// `None` only while it changes from one to the other.
    stream: Option<Stream<'s>>,
    start: u64,
    total: Option<u64>,
    encoding: Encoding,
    /// The first bytes as they stand in the source, decompressed.
    first: Vec<u8>,
    utf16: Option<FromUtf16>,
    /// Blanks made tabs, of runs of at least so many.
    tabbed: Option<Tabbed>,
    /// Decoded text that was not asked for yet, and where it goes on.
    ready: Vec<u8>,
    taken: usize,
    ended: bool,
    decoded: u64,
    most: u64,
    progress: Option<Progress<'p>>,
}

impl fmt::Debug for Blocks<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks")
            .field("encoding", &self.encoding)
            .field("decoded", &self.decoded)
            .finish_non_exhaustive()
    }
}

type Counted<'s> = std::io::BufReader<Count<'s>>;

enum Stream<'s> {
    Plain(Count<'s>),
    Gzip(Box<MultiGzDecoder<Counted<'s>>>),
}

/// A source that counts what was read of it.
struct Count<'s> {
    source: Box<dyn Rewind + 's>,
    read: u64,
}

impl Read for Count<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let length = self.source.read(out)?;
        self.read += u64::try_from(length).unwrap_or(u64::MAX);
        Ok(length)
    }
}

fn unreadable(source: std::io::Error) -> Error {
    Error::Unreadable { source }
}

impl<'s, 'p> Blocks<'s, 'p> {
    /// Looks at the first bytes: whether they are compressed, and their encoding.
    pub(super) fn new(
        mut source: Box<dyn Rewind + 's>,
        most: u64,
        progress: Option<Progress<'p>>,
    ) -> Result<Self, Error> {
        const GZIP: [u8; 2] = [0x1f, 0x8b];
        let start = source.stream_position().map_err(unreadable)?;
        // What is made while it is read, such as the text of a Parquet file, does not know its end.
        let total = source.seek(SeekFrom::End(0)).ok().and_then(|end| end.checked_sub(start));
        source.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        let mut blocks = Self {
            stream: Some(Stream::Plain(Count { source, read: 0 })),
            start,
            total,
            encoding: Encoding::AsIs { skipped: 0 },
            first: Vec::new(),
            utf16: None,
            tabbed: None,
            ready: Vec::new(),
            taken: 0,
            ended: false,
            decoded: 0,
            most,
            progress: None,
        };
        let mut first = [0; 64];
        let mut length = blocks.fill(&mut first)?;
        if first.get(..length).is_some_and(|first| first.starts_with(&GZIP)) {
            let Some(Stream::Plain(plain)) = blocks.stream.take() else { return Err(Error::Empty) };
            blocks.stream =
                Some(Stream::Gzip(Box::new(MultiGzDecoder::new(Counted::with_capacity(PIECE, plain)))));
            blocks.restart()?;
            length = blocks.fill(&mut first)?;
        }
        blocks.first = first.get(..length).unwrap_or_default().to_vec();
        blocks.encoding = Encoding::of(&blocks.first)?;
        blocks.progress = progress;
        blocks.restart()?;
        Ok(blocks)
    }

    /// The first bytes where they are a mark of the encoding, or written in one that is decoded.
    pub(super) fn marked(&self) -> Option<&[u8]> {
        Some(self.first.as_slice()).filter(|_| self.encoding != Encoding::AsIs { skipped: 0 })
    }

    /// Makes tabs of runs of at least `least` blanks from the start on.
    pub(super) fn between_blanks(&mut self, least: usize) -> Result<(), Error> {
        self.tabbed = Some(Tabbed::new(least));
        self.restart()
    }

    /// Goes back to the start.
    pub(super) fn restart(&mut self) -> Result<(), Error> {
        let mut plain = match self.stream.take() {
            Some(Stream::Plain(plain)) => {
                self.stream = None;
                (plain, false)
            }
            Some(Stream::Gzip(decoder)) => (decoder.into_inner().into_inner(), true),
            None => return Err(Error::Empty),
        };
        plain.0.source.seek(SeekFrom::Start(self.start)).map_err(unreadable)?;
        plain.0.read = 0;
        self.stream = Some(if plain.1 {
            Stream::Gzip(Box::new(MultiGzDecoder::new(Counted::with_capacity(PIECE, plain.0))))
        } else {
            Stream::Plain(plain.0)
        });
        self.utf16 = None;
        if let Some(tabbed) = &mut self.tabbed {
            *tabbed = Tabbed::new(tabbed.least());
        }
        (self.taken, self.ended, self.decoded) = (0, false, 0);
        self.ready.clear();
        let skipped = match self.encoding {
            Encoding::AsIs { skipped } => skipped,
            Encoding::Utf16 { little, skipped } => {
                self.utf16 = Some(FromUtf16::new(little));
                skipped
            }
        };
        let mut mark = [0; 4];
        if let Some(mark) = mark.get_mut(..skipped) {
            self.fill(mark)?;
        }
        Ok(())
    }

    /// Fills `out` with text as far as there is any; less than its length only at the end.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        let length =
            if self.utf16.is_none() && self.tabbed.is_none() { self.fill(out)? } else { self.decode(out)? };
        self.decoded = self.decoded.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if self.decoded > self.most {
            return Err(Error::TooLarge { limit: self.most });
        }
        let read = match &self.stream {
            Some(Stream::Plain(plain)) => plain.read,
            Some(Stream::Gzip(decoder)) => decoder.get_ref().get_ref().read,
            None => 0,
        };
        if let Some(progress) = &mut self.progress
            && progress(read, self.total).is_break()
        {
            return Err(Error::Cancelled);
        }
        Ok(length)
    }

    /// Fills `out` with bytes as they stand in the source, decompressed.
    fn fill(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        let mut length = 0;
        while let Some(rest) = out.get_mut(length..).filter(|rest| !rest.is_empty()) {
            let read = match &mut self.stream {
                Some(Stream::Plain(plain)) => plain.read(rest),
                Some(Stream::Gzip(decoder)) => decoder.read(rest),
                None => Ok(0),
            };
            match read {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
        Ok(length)
    }

    /// As [`fill`](Self::fill), decoded.
    fn decode(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        let mut length = 0;
        while let Some(rest) = out.get_mut(length..).filter(|rest| !rest.is_empty()) {
            let ready = self.ready.get(self.taken..).unwrap_or_default();
            let some = ready.len().min(rest.len());
            if some > 0 {
                if let (Some(rest), Some(ready)) = (rest.get_mut(..some), ready.get(..some)) {
                    rest.copy_from_slice(ready);
                }
                (length, self.taken) = (length + some, self.taken + some);
                continue;
            }
            if self.ended {
                break;
            }
            self.ready.clear();
            self.taken = 0;
            let mut piece = vec![0; PIECE];
            let read = self.fill(&mut piece)?;
            self.ended = read < piece.len();
            piece.truncate(read);
            if let Some(utf16) = &mut self.utf16 {
                let mut text = Vec::with_capacity(piece.len());
                utf16.push(&piece, self.ended, &mut text);
                piece = text;
            }
            match &mut self.tabbed {
                Some(tabbed) => tabbed.push(&piece, &mut self.ready),
                None => self.ready = piece,
            }
        }
        Ok(length)
    }
}
