//! A block of text to the places of its cells: sixty-four bytes at a time, without looking into the cells.
//!
//! Delimiters and line ends become bits of a word, and their places a list; a cell is what stands between two places.
//! So a column that nobody wants costs nothing but its places, and a wanted one is read down its whole length at once.

use wide::u8x16;

/// How many delimiters and line ends sixty-four bytes usually have at most.
const USUAL: usize = 8;

/// A line (or, with quotes, a record) of a block: where its first cell stands in the list of places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    first: u32,
    /// The number of its cells, at least one.
    pub(super) cells: u32,
}

/// The cells of a block.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// Places of the delimiters and line ends, after the place before the block's first byte.
    stops: Vec<u32>,
    pub(super) rows: Vec<Row>,
}

/// A place as it stands in the list; a block has less than 4 GiB.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "blocks are below 4 GiB")]
const fn place(at: usize) -> u32 {
    at as u32
}

/// An entry of the list as an index.
#[expect(clippy::as_conversions, reason = "a u32 fits")]
#[inline]
const fn index(place: u32) -> usize {
    place as usize
}

impl Split {
    /// Splits whole lines, of which none has a quote that would hide a delimiter.
    ///
    /// `lines` is the number of line ends in the text, which ends with one.
    #[expect(
        clippy::indexing_slicing,
        reason = "the list is made longer than a word's bits before each word"
    )]
    pub(super) fn plain(&mut self, text: &[u8], delimiter: u8, end: u8, lines: usize) {
        let (delimiters, ends) = (u8x16::splat(delimiter), u8x16::splat(end));
        let (words, rest) = text.as_chunks::<64>();
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        if self.stops.is_empty() {
            self.stops.push(u32::MAX);
        }
        let mut count = 1;
        let mut base = 0;
        for word in words.iter().chain(std::iter::once(&last)) {
            let mut bits = marks(word, delimiters, ends);
            let found = index(bits.count_ones());
            if self.stops.len() < count + 64 {
                self.stops.resize((count + 64) * 2, 0);
            }
            let mut write = |stop: &mut u32| {
                *stop = base + bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
            };
            // A loop without an end to guess: the usual number is always written, and where there are fewer, written over.
            let (usual, more) = self.stops[count..count + 64].split_at_mut(USUAL);
            usual.iter_mut().for_each(&mut write);
            more.iter_mut().take(found.saturating_sub(USUAL)).for_each(write);
            count += found;
            base += 64;
        }
        self.rows_of(text, end, count, lines);
    }

    /// Finds the rows among the places: all as long as the first, or each for itself.
    #[expect(clippy::indexing_slicing, reason = "places below `count` are of this text")]
    fn rows_of(&mut self, text: &[u8], end: u8, count: usize, lines: usize) {
        self.rows.clear();
        let stops = &self.stops[..count];
        let ends_line = |stop: &u32| text[index(*stop)] == end;
        let Some(width) = stops[1..].iter().position(ends_line).map(|at| at + 1) else { return };
        // With as many rows of one width as there are lines, every line has that width.
        let regular =
            width * lines + 1 == count && stops[1..].iter().skip(width - 1).step_by(width).all(ends_line);
        if regular {
            let cells = place(width);
            self.rows.extend((0..lines).map(|row| Row { first: place(row * width), cells }));
            return;
        }
        let mut first = 0;
        for (at, stop) in stops.iter().enumerate().skip(1) {
            if ends_line(stop) {
                self.rows.push(Row { first: place(first), cells: place(at - first) });
                first = at;
            }
        }
    }

    /// Splits records in which a cell between quotes may hold delimiters, line ends and doubled quotes (RFC 4180);
    /// returns the place after the last whole record. The `last` text ends one, whether its quotes are closed or not.
    pub(super) fn quoted(&mut self, text: &[u8], delimiter: u8, end: u8, last: bool) -> usize {
        self.rows.clear();
        self.stops.clear();
        self.stops.push(u32::MAX);
        let (mut first, mut consumed) = (0, 0);
        let mut quoted = false;
        let mut at_start = true;
        for (at, byte) in text.iter().enumerate() {
            if *byte == b'"' && (at_start || quoted) {
                quoted = !quoted;
                // A doubled quote closes and opens again.
                at_start = !quoted;
                continue;
            }
            at_start = false;
            quoted &= !(last && at + 1 == text.len());
            if quoted || (*byte != delimiter && *byte != end) {
                continue;
            }
            at_start = true;
            self.stops.push(place(at));
            if *byte == end {
                let stop = self.stops.len() - 1;
                self.rows.push(Row { first: place(first), cells: place(stop - first) });
                (first, consumed) = (stop, at + 1);
            }
        }
        consumed
    }

    /// Where a cell starts and stops; `None` beyond the row's last.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a row's cells are in the list")]
    pub(super) fn cell(&self, row: Row, field: usize) -> Option<(usize, usize)> {
        if field >= index(row.cells) {
            return None;
        }
        let at = index(row.first) + field;
        Some((index(self.stops[at].wrapping_add(1)), index(self.stops[at + 1])))
    }

    /// The text of a cell, empty beyond the row's last.
    #[inline]
    pub(super) fn text<'a>(&self, text: &'a [u8], row: Row, field: usize) -> &'a [u8] {
        self.cell(row, field).and_then(|(start, stop)| text.get(start..stop)).unwrap_or_default()
    }

    /// Where a row starts and stops, without its line end.
    #[expect(clippy::indexing_slicing, reason = "a row's cells are in the list")]
    pub(super) fn line(&self, row: Row) -> (usize, usize) {
        let first = index(row.first);
        (index(self.stops[first].wrapping_add(1)), index(self.stops[first + index(row.cells)]))
    }
}

/// One bit for each byte that is one of two.
#[inline]
fn marks(word: &[u8; 64], one: u8x16, other: u8x16) -> u64 {
    let (parts, _) = word.as_chunks::<16>();
    parts.iter().rev().fold(0, |bits, part| {
        let part = u8x16::new(*part);
        bits << 16 | u64::from((part.simd_eq(one) | part.simd_eq(other)).to_bitmask())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(split: &Split, text: &[u8]) -> Vec<Vec<String>> {
        let cell =
            |row: Row, field: u32| String::from_utf8_lossy(split.text(text, row, index(field))).into_owned();
        split.rows.iter().map(|row| (0..row.cells).map(|field| cell(*row, field)).collect()).collect()
    }

    fn plain(text: &[u8]) -> Vec<Vec<String>> {
        let mut split = Split::default();
        split.plain(text, b',', b'\n', memchr::memchr_iter(b'\n', text).count());
        cells(&split, text)
    }

    #[test]
    fn quotes_hide_delimiters_and_line_ends() {
        let text = b"1,\"a,\"\"b\n\",2\n3,x\"y,4\n5,\"open";
        let mut split = Split::default();
        assert_eq!(split.quoted(text, b',', b'\n', false), 21);
        assert_eq!(cells(&split, text), [vec!["1", "\"a,\"\"b\n\"", "2"], vec!["3", "x\"y", "4"]]);
    }

    #[test]
    fn rows_of_two_widths_that_add_up_are_told_apart() {
        assert_eq!(plain(b"1,2\n3\n4,5,6\n"), [vec!["1", "2"], vec!["3"], vec!["4", "5", "6"]]);
    }

    proptest! {
        #[test]
        fn cells_are_what_stands_between_delimiters(lines in proptest::collection::vec("[a-z.,]{0,90}", 1..20)) {
            let text = lines.join("\n") + "\n";
            let expected: Vec<Vec<&str>> = lines.iter().map(|line| line.split(',').collect()).collect();
            prop_assert_eq!(plain(text.as_bytes()), expected.clone());
            let mut split = Split::default();
            prop_assert_eq!(split.quoted(text.as_bytes(), b',', b'\n', false), text.len());
            prop_assert_eq!(cells(&split, text.as_bytes()), expected);
        }
    }
}
