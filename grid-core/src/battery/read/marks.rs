//! How numbers and dates are written, judged over the first rows of a file: marks of decimals and thousands, the order of
//! dates, zones, encodings.

use super::super::evidence::Evidence;
use super::column_map::{Column, Role};
use super::number::{DecimalMark, trim};
use super::text::shown;
use super::time;

/// What the first rows show.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// Cells that show a decimal point, and one of them.
    points: (usize, Option<String>),
    /// Cells that show a decimal comma, and one of them.
    commas: (usize, Option<String>),
    /// A cell with a mark of thousands, and the mark's name.
    thousands: Option<(String, &'static str)>,
    /// Whether a point surely is a mark of thousands, so that `1.250` is 1250.
    pub(super) points_group: bool,
    /// The same of a comma.
    commas_group: bool,
    /// A cell with a date or a clock.
    date: Option<String>,
    /// Rows of which the number of fields is that of the header, or one more, of how many.
    even: (usize, usize),
}

impl Marks {
    /// Looks at rows.
    pub(super) fn of(sample: &[Vec<&[u8]>], columns: &[Column]) -> Self {
        let mut marks = Self::default();
        for row in sample {
            let full = row.len() == columns.len() || row.len() == columns.len() + 1;
            marks.even = (marks.even.0 + usize::from(full), marks.even.1 + 1);
            for (column, cell) in columns.iter().zip(row) {
                let cell = trim(cell);
                match column.role {
                    Some((Role::Clock | Role::TestTime, _)) if says_a_date(cell) => {
                        marks.date.get_or_insert_with(|| shown(cell));
                    }
                    Some((Role::Clock | Role::State | Role::Label, _)) | None => {}
                    Some(_) => marks.number(cell),
                }
            }
        }
        marks
    }

    /// Looks at one number.
    fn number(&mut self, cell: &[u8]) {
        let count = |mark: u8| memchr::memchr_iter(mark, cell).count();
        let (points, commas) = (count(b'.'), count(b','));
        let comma_last = memchr::memrchr(b',', cell) > memchr::memrchr(b'.', cell);
        let add = |sum: &mut (usize, Option<String>)| {
            sum.0 += 1;
            sum.1.get_or_insert_with(|| shown(cell));
        };
        match (points, commas) {
            (1, 0) if !is_grouped(cell, b'.') => add(&mut self.points),
            // `3.700` is 3.7, unless another cell shows that points set thousands apart.
            (0 | 1, 0) => {}
            // `3,700` is 3.7 as long as no cell shows that commas set thousands apart.
            (0, 1) => add(&mut self.commas),
            (0, _) => {
                self.commas_group = true;
                self.group(cell, "comma");
            }
            (_, 0) => {
                self.points_group = true;
                self.group(cell, "point");
            }
            _ if comma_last => {
                add(&mut self.commas);
                self.points_group = true;
                self.group(cell, "point");
            }
            _ => {
                add(&mut self.points);
                self.commas_group = true;
                self.group(cell, "comma");
            }
        }
        let digits_around = |mark: u8| {
            cell.windows(3).any(|three| {
                matches!(three, [before, middle, after] if before.is_ascii_digit() && *middle == mark && after.is_ascii_digit())
            })
        };
        if digits_around(b'\'') {
            self.group(cell, "apostrophe");
        } else if digits_around(b' ') {
            self.group(cell, "blank");
        } else if !cell.is_ascii() && shown(cell).contains(['\u{a0}', '\u{202f}', '\u{2009}', '\u{2019}']) {
            self.group(cell, "narrow blank or apostrophe");
        }
    }

    fn group(&mut self, cell: &[u8], mark: &'static str) {
        self.thousands.get_or_insert_with(|| (shown(cell), mark));
    }

    /// The share of rows that have as many fields as the header.
    pub(super) fn evenness(&self) -> f64 {
        let count = |number: usize| u32::try_from(number).map_or(f64::from(u32::MAX), f64::from);
        if self.even.1 == 0 { 0.5 } else { count(self.even.0) / count(self.even.1) }
    }

    /// A cell with a date.
    pub(super) fn date(&self) -> Option<&str> {
        self.date.as_deref()
    }

    /// What the rows say of decimals and thousands.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let cell = |cell: &Option<String>| cell.clone().unwrap_or_default();
        let mut evidence = Vec::new();
        evidence.push(match (self.points.0, self.commas.0) {
            (0, 0) => Evidence::new("decimal_mark", "point", "no cell of the first rows has a mark", 0.5),
            (_, 0) => Evidence::new(
                "decimal_mark",
                "point",
                format!("cells such as `{}` have one and none has a comma", cell(&self.points.1)),
                0.99,
            ),
            (0, _) => Evidence::new(
                "decimal_mark",
                "comma",
                format!("cells such as `{}` have one and none has a decimal point", cell(&self.commas.1)),
                0.97,
            ),
            (_, _) => Evidence::new(
                "decimal_mark",
                "point or comma, column by column",
                format!("there are cells such as `{}` and `{}`", cell(&self.points.1), cell(&self.commas.1)),
                0.7,
            ),
        });
        if let Some((cell, mark)) = &self.thousands {
            evidence.push(Evidence::new(
                "thousands_mark",
                *mark,
                format!("cells such as `{cell}` have it between groups of three digits"),
                0.95,
            ));
        }
        evidence
    }

    /// The decimal mark of the cells of a column: what they show, else what the other columns show, else a point.
    pub(super) fn decimal_mark<'a>(&self, cells: impl Iterator<Item = &'a [u8]>) -> DecimalMark {
        // Cells such as `1,250`, cells such as `1.250`, and whole numbers of three and of more digits.
        let (mut comma_groups, mut point_groups, mut hundreds, mut thousands) = (0, 0, 0, 0);
        for cell in cells {
            let cell = trim(cell);
            let comma = memchr::memrchr(b',', cell);
            let point = memchr::memrchr(b'.', cell);
            match (comma, point) {
                (Some(comma), Some(point)) => {
                    return if comma > point { DecimalMark::Comma } else { DecimalMark::Point };
                }
                (Some(_), None) if is_grouped(cell, b',') => comma_groups += 1,
                (Some(_), None) => return DecimalMark::Comma,
                (None, Some(_)) if !is_grouped(cell, b'.') => return DecimalMark::Point,
                (None, Some(_)) if self.points_group => return DecimalMark::Comma,
                (None, Some(_)) => point_groups += 1,
                (None, None) => match cell.iter().filter(|byte| byte.is_ascii_digit()).count() {
                    3 => hundreds += 1,
                    4.. => thousands += 1,
                    _ => {}
                },
            }
        }
        if comma_groups > 0 {
            // Beside `412`, and without a `1250`, `1,250` is a whole number with its thousands set apart.
            let whole = hundreds > 0 && thousands == 0;
            return if whole || self.commas_group { DecimalMark::Point } else { DecimalMark::Comma };
        }
        let by_others = point_groups == 0 && self.commas.0 > 0 && self.points.0 == 0;
        if by_others { DecimalMark::Comma } else { DecimalMark::Point }
    }
}

/// Whether one to three digits, not starting with zero, and three behind the last mark stand there, so that the mark may
/// set thousands apart.
fn is_grouped(cell: &[u8], mark: u8) -> bool {
    let cell = cell.strip_prefix(b"-").unwrap_or(cell);
    let whole = |at: usize| (1..=3).contains(&at) && cell.first() != Some(&b'0');
    memchr::memrchr(mark, cell).is_some_and(|at| cell.len() - at == 4 && whole(at))
}

/// Whether a cell is a date or a clock rather than a number or a duration.
fn says_a_date(cell: &[u8]) -> bool {
    use time::DateOrder::{DayFirst, MonthFirst};
    [DayFirst, MonthFirst].into_iter().any(|order| time::clock(cell, order).is_some_and(|at| at.dated))
}

/// The encoding of a file, from its bytes as they were.
pub(super) fn encoding(bytes: &[u8]) -> Evidence {
    const LOOKED_AT: usize = 1 << 20;
    let said = |found: &'static str, why: &'static str, confidence: f64| {
        Evidence::new("encoding", found, why, confidence)
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => return said("UTF-8", "it starts with UTF-8's byte order mark", 1.0),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
            return said("UTF-16", "it starts with UTF-16's byte order mark", 1.0);
        }
        [first, 0, third, 0, ..] if *first != 0 && *third != 0 => {
            return said("UTF-16", "every second byte is zero", 0.95);
        }
        _ => {}
    }
    let head = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    if head.is_ascii() {
        return said("ASCII", "no byte is above 127", 0.99);
    }
    match std::str::from_utf8(head) {
        Ok(_) => said("UTF-8", "the bytes above 127 are well-formed UTF-8", 0.99),
        // The end of what is looked at may cut a character.
        Err(error) if error.error_len().is_none() => {
            said("UTF-8", "the bytes above 127 are well-formed UTF-8", 0.99)
        }
        Err(_) => said("Latin-1", "the bytes above 127 are not UTF-8", 0.8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(other: &[&[u8]], cells: &[&[u8]]) -> DecimalMark {
        let columns = [Column::new("Current (mA)")];
        let sample: Vec<Vec<&[u8]>> = other.iter().map(|cell| vec![*cell]).collect();
        Marks::of(&sample, &columns).decimal_mark(cells.iter().copied())
    }

    #[test]
    fn a_mark_is_told_by_the_column_then_by_the_others() {
        use DecimalMark::{Comma, Point};
        assert_eq!(mark(&[], &[b"3,70"]), Comma);
        assert_eq!(mark(&[], &[b"3,700", b"3,710"]), Comma);
        assert_eq!(mark(&[], &[b"3.700", b"3.710"]), Point);
        assert_eq!(mark(&[b"0,5"], &[b"0", b"1"]), Comma);
        // A file that mixes both: a column goes by itself.
        assert_eq!(mark(&[b"1,5"], &[b"3.500", b"3.490"]), Point);
        assert_eq!(mark(&[b"1.250,75"], &[b"3.500"]), Comma);
        assert_eq!(mark(&[b"1,250.75"], &[b"3,500"]), Point);
        assert_eq!(mark(&[], &[b"412", b"1,250", b"-3"]), Point);
        assert_eq!(mark(&[], &[b"0,412", b"1,250"]), Comma);
    }

    #[test]
    fn an_encoding_is_told_by_its_bytes() {
        let found = |bytes: &[u8]| encoding(bytes).found;
        assert_eq!(found(b"a,b"), "ASCII");
        assert_eq!(found("T/°C".as_bytes()), "UTF-8");
        assert_eq!(found(b"I/\xB5A"), "Latin-1");
        assert_eq!(found(b"\xFF\xFEa\0"), "UTF-16");
        assert_eq!(found(b"a\0b\0"), "UTF-16");
    }
}
