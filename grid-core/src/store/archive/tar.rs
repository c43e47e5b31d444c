//! The headers of a tape archive: regular files with short names, which is all that an archive of GRID has.
//!
//! # References
//!
//! POSIX.1-2017, `pax`, "ustar Interchange Format".

use super::ArchiveError;

/// The bytes of a header, and of what each file is filled up to.
pub(super) const BLOCK: usize = 512;
const BLOCK_LENGTH: u64 = 512;

/// The longest name that a header holds without a prefix.
const LONGEST_NAME: usize = 100;

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) size: u64,
}

/// The header of a file that its owner alone may read. `second` is when it was made, counted from 1970.
pub(super) fn header(entry: &Entry, second: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    put(&mut block, 0, entry.name.as_bytes().get(..LONGEST_NAME).unwrap_or(entry.name.as_bytes()));
    put(&mut block, 100, b"0000600\0");
    put(&mut block, 108, b"0000000\0");
    put(&mut block, 116, b"0000000\0");
    put(&mut block, 124, format!("{:011o}\0", entry.size).as_bytes());
    put(&mut block, 136, format!("{second:011o}\0").as_bytes());
    put(&mut block, 148, b"        ");
    put(&mut block, 156, b"0");
    put(&mut block, 257, b"ustar\x0000");
    let sum = format!("{:06o}\0 ", checksum(&block));
    put(&mut block, 148, sum.as_bytes());
    block
}

/// The file of a header; `None` where the archive ends.
pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Option<Entry>, ArchiveError> {
    let not = |reason| ArchiveError::NotAnArchive { reason };
    if block.iter().all(|&byte| byte == 0) {
        return Ok(None);
    }
    if block.get(257..262).is_none_or(|magic| magic != b"ustar") {
        return Err(not("it is no tape archive"));
    }
    if octal(block, 148, 8) != Some(checksum(block)) {
        return Err(not("the checksum of a header is wrong"));
    }
    if !matches!(block.get(156), Some(b'0' | 0)) || block.get(345) != Some(&0) {
        return Err(not("it holds something else than files with short names"));
    }
    let name = block.get(..LONGEST_NAME).unwrap_or_default();
    let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
    let name = std::str::from_utf8(name).map_err(|_| not("the name of a file is no text"))?;
    let size = octal(block, 124, 12).ok_or_else(|| not("the size of a file is no number"))?;
    Ok(Some(Entry { name: name.to_owned(), size }))
}

/// How many zeros follow a file of so many bytes.
pub(super) fn filling(size: u64) -> usize {
    usize::try_from((BLOCK_LENGTH - size % BLOCK_LENGTH) % BLOCK_LENGTH).unwrap_or(0)
}

fn put(block: &mut [u8; BLOCK], at: usize, field: &[u8]) {
    for (to, from) in block.iter_mut().skip(at).zip(field) {
        *to = *from;
    }
}

fn octal(block: &[u8; BLOCK], at: usize, length: usize) -> Option<u64> {
    let text = std::str::from_utf8(block.get(at..at + length)?).ok()?;
    u64::from_str_radix(text.trim_matches([' ', '\0']), 8).ok()
}

/// The sum of the header's bytes, with spaces in the place of the sum.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    let place = 148..156;
    block.iter().enumerate().map(|(at, &byte)| if place.contains(&at) { 32 } else { u64::from(byte) }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry { name: "grid-archive/users.ndjson".to_owned(), size: 1234 }
    }

    #[test]
    fn a_header_says_what_it_was_made_of() {
        assert_eq!(parse(&header(&entry(), 1_700_000_000)).unwrap(), Some(entry()));
        assert_eq!(parse(&[0; BLOCK]).unwrap(), None);
    }

    /// From Python's `tarfile`: `TarInfo` with this name, this size, mode 0o600 and mtime 1700000000,
    /// `tobuf(tarfile.USTAR_FORMAT)`, then `hashlib.sha256`.
    #[test]
    fn a_header_is_that_of_another_program() {
        let hash = crate::auth::sha256(&header(&entry(), 1_700_000_000));
        let hex = hash.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert_eq!(hex, "0b30f97666718ac028a5e22781f0727206ead460546a14ed6c6390fdad04d731");
    }

    #[test]
    fn a_changed_header_is_seen() {
        let good = header(&entry(), 0);
        for at in 0..BLOCK {
            let mut wrong = good;
            wrong[at] ^= 1;
            let parsed = parse(&wrong);
            assert!(parsed.is_err() || parsed.is_ok_and(|same| same == Some(entry())), "byte {at}");
        }
    }

    #[test]
    fn files_are_filled_to_whole_blocks() {
        assert_eq!([0, 1, 511, 512, 513].map(filling), [0, 511, 1, 0, 511]);
    }
}
