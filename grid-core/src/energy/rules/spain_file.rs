//! Spain's file of coefficients, read and written: `<CAU>_<YYYY>.txt`.
//!
//! Rows are `CUPS;coefficient` where the coefficients are constant, or `CUPS;hour;coefficient` with hours from 1 to
//! 8760, with `;` between fields, a decimal comma and at most eight characters in a coefficient. The sum of each hour
//! must be one exactly; a distributor refuses the file otherwise, and so does [`read`].

use std::{
    collections::HashMap,
    fmt,
    io::{self, BufRead, BufReader, Read, Write},
    str::FromStr,
};

use super::{
    Error,
    spain_coefficients::{Coefficients, HOURS, HourOfYear},
};
use crate::{
    energy::{self, ingest::Fault},
    error::excerpt,
};

/// The most consumers that a file may have; a year of their hours takes 70 MB, and twice that while it is read.
pub const MOST_CONSUMERS: usize = 2000;

/// The most faults that are named.
const MOST_FAULTS: usize = 20;

/// The longest line, in bytes; the longest that is right has 37.
const LONGEST_LINE: u64 = 256;

const COEFFICIENT: &str =
    "a coefficient from 0 to 1 of at most eight characters with a decimal comma, like `0,135464`";
const WHOLE: u64 = 1_000_000;

/// What the name of a file of coefficients says.
///
/// ```
/// use grid_core::energy::rules::spain_file::FileName;
/// let name: FileName = "ES1234000000000001JN0FA001_2026.txt".parse()?;
/// assert_eq!((name.cau(), name.year()), ("ES1234000000000001JN0FA001", 2026));
/// assert_eq!(name.to_string(), "ES1234000000000001JN0FA001_2026.txt");
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName {
    cau: String,
    year: i16,
}

impl FileName {
    /// Makes a name of a self-consumption code (CAU) and a year.
    ///
    /// That a code is a supply point's code, `A` and three digits is general knowledge; the annex does not say it.
    ///
    /// # Errors
    ///
    /// [`Error::NotAFileName`] for another form of code, or a year that has not four digits.
    pub fn new(cau: &str, year: i16) -> Result<Self, Error> {
        let plant = cau.get(cau.len().saturating_sub(4)..).unwrap_or_default();
        let point = cau.get(..cau.len().saturating_sub(4)).unwrap_or_default();
        let numbered = plant
            .strip_prefix('A')
            .is_some_and(|number| number.len() == 3 && number.bytes().all(|digit| digit.is_ascii_digit()));
        if numbered && is_supply_point(point) && (1000..=9999).contains(&year) {
            Ok(Self { cau: cau.to_owned(), year })
        } else {
            Err(Error::NotAFileName { got: excerpt(&format!("{cau}_{year}.txt")) })
        }
    }

    /// The self-consumption code.
    pub fn cau(&self) -> &str {
        &self.cau
    }

    /// The year.
    pub const fn year(&self) -> i16 {
        self.year
    }
}

impl FromStr for FileName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::NotAFileName { got: excerpt(text) };
        let (stem, extension) = text.rsplit_once('.').ok_or_else(wrong)?;
        let (cau, year) = stem.rsplit_once('_').ok_or_else(wrong)?;
        if !extension.eq_ignore_ascii_case("txt") || year.len() != 4 {
            return Err(wrong());
        }
        Self::new(cau, year.parse().map_err(|_| wrong())?).map_err(|_| wrong())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{:04}.txt", self.cau, self.year)
    }
}

/// Whether a text has the form of a supply point's code (CUPS): `ES`, sixteen digits, two letters and, for some, a
/// digit and a letter more. The two control letters are not recomputed.
pub(super) fn is_supply_point(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes.len(), 20 | 22)
        && bytes.starts_with(b"ES")
        && bytes.iter().skip(2).take(16).all(u8::is_ascii_digit)
        && bytes.iter().skip(18).take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(20).all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// Reads a file of coefficients, row by row.
///
/// Rows may come in any order. A byte order mark, CRLF line ends and empty lines are accepted; at most
/// [`MOST_CONSUMERS`] consumers are.
///
/// ```
/// use grid_core::energy::rules::spain_file::read;
/// let file = "ES1234000000000001JN0F;0,135464\r\nES1234000000000002JS0F;0,864536\r\n";
/// let coefficients = read(file.as_bytes(), "ES1234000000000001JN0FA001_2026.txt")?;
/// assert!(!coefficients.is_hourly());
/// let refused = read("ES1234000000000001JN0F;0.135464".as_bytes(), "f.txt").unwrap_err();
/// assert!(refused.to_string().contains("line 1, column 2"), "{refused}");
/// # Ok::<(), grid_core::energy::rules::Error>(())
/// ```
///
/// # Errors
///
/// [`energy::Error::Rejected`] with the line and column of each fault, at most twenty: a field that is wrong, a row that
/// comes twice, an hour that lacks or does not add up to one. [`energy::Error::Unreadable`] where the source fails.
///
/// # References
///
/// RD 244/2019, Anexo I, point 1, "Ficheros" (as changed by Orden TED/1247/2021).
pub fn read(source: impl Read, file: &str) -> Result<Coefficients, Error> {
    read_of(source, file, |_| None)
}

/// Reads a file whose consumers must be known: `refuse` is asked once about each, and says what was expected in its place
/// where it is not right.
pub(super) fn read_of(
    source: impl Read,
    file: &str,
    mut refuse: impl FnMut(&str) -> Option<String>,
) -> Result<Coefficients, Error> {
    let mut lines = BufReader::with_capacity(64 * 1024, source);
    let mut table = Table::default();
    let mut line = Vec::new();
    let mut number: u64 = 0;
    while table.faults.len() < MOST_FAULTS {
        line.clear();
        let count = lines
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| unreadable(file, number, &error))?;
        if count == 0 {
            break;
        }
        number += 1;
        if u64::try_from(count).is_ok_and(|count| count >= LONGEST_LINE) && !line.ends_with(b"\n") {
            table.fault(
                number,
                1,
                "a row like `CUPS;0,135464` or `CUPS;523;0,135464`",
                "a line without an end",
            );
            break;
        }
        let row = line.strip_suffix(b"\n").unwrap_or(&line);
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        let row = if number == 1 { row.strip_prefix(b"\xef\xbb\xbf").unwrap_or(row) } else { row };
        if !row.is_empty() {
            table.take(row, number, &mut refuse);
        }
    }
    table.finish(file)
}

fn unreadable(file: &str, line: u64, error: &io::Error) -> Error {
    energy::Error::Unreadable { file: file.to_owned(), line, reason: error.kind() }.into()
}

/// An hour of one consumer that no row has named yet.
const MISSING: u32 = u32::MAX;

/// What has been read so far.
#[derive(Default)]
struct Table {
    /// By consumer: parts per million from the first hour on; one value where the file is constant.
    columns: Vec<(String, Vec<u32>)>,
    places: HashMap<String, usize>,
    /// Rows of one consumer mostly follow each other.
    last: usize,
    /// How many fields a row has, as the first one showed.
    fields: Option<usize>,
    /// The last line of each hour, for its sum's place.
    lines: Vec<u64>,
    faults: Vec<Fault>,
}

impl Table {
    fn fault(&mut self, line: u64, column: u64, expected: &str, got: &str) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault {
                line: Some(line),
                column: Some(column),
                expected: expected.to_owned(),
                got: excerpt(got),
                ..Fault::default()
            });
        }
    }

    fn take(&mut self, row: &[u8], line: u64, refuse: &mut impl FnMut(&str) -> Option<String>) {
        let Ok(row) = std::str::from_utf8(row) else {
            self.fault(line, 1, "text in UTF-8", "bytes of another encoding");
            return;
        };
        let fields: Vec<&str> = row.split(';').collect();
        let expected = self.fields.unwrap_or_else(|| fields.len().clamp(2, 3));
        if fields.len() != expected {
            let text = if expected == 2 {
                "two fields, CUPS and coefficient"
            } else {
                "three fields, CUPS, hour and coefficient"
            };
            self.fault(line, 1, text, &format!("{} fields", fields.len()));
            return;
        }
        self.fields = Some(expected);
        let (point, hour, coefficient) = match fields.as_slice() {
            [point, hour, coefficient] => (*point, Some(*hour), *coefficient),
            [point, coefficient] => (*point, None, *coefficient),
            _ => return,
        };
        if !is_supply_point(point) {
            self.fault(line, 1, "a supply point's code (CUPS) like `ES1234000000000001JN0F`", point);
            return;
        }
        let index = match hour.map(|text| (text, parse_hour(text))) {
            None => 0,
            Some((_, Some(hour))) => usize::from(hour.number() - 1),
            Some((text, None)) => {
                self.fault(line, 2, "an hour from 1 to 8760", text);
                return;
            }
        };
        let Some(ppm) = parse_coefficient(coefficient) else {
            self.fault(line, if hour.is_some() { 3 } else { 2 }, COEFFICIENT, coefficient);
            return;
        };
        if !self.find(point, line, refuse) {
            return;
        }
        self.keep(point, index, ppm, line);
    }

    /// Goes to the column of a consumer, which is made where there is none; `false` where there is no place for it.
    fn find(&mut self, point: &str, line: u64, refuse: &mut impl FnMut(&str) -> Option<String>) -> bool {
        if self.columns.get(self.last).is_none_or(|(known, _)| known != point) {
            if let Some(&at) = self.places.get(point) {
                self.last = at;
            } else if self.columns.len() < MOST_CONSUMERS {
                self.last = self.columns.len();
                self.places.insert(point.to_owned(), self.last);
                self.columns.push((point.to_owned(), Vec::new()));
                if let Some(expected) = refuse(point) {
                    self.fault(line, 1, &expected, point);
                }
            } else {
                self.fault(line, 1, "at most 2000 consumers", point);
                return false;
            }
        }
        true
    }

    fn keep(&mut self, point: &str, index: usize, ppm: u32, line: u64) {
        let Some((_, column)) = self.columns.get_mut(self.last) else { return };
        if column.len() <= index {
            column.resize(index + 1, MISSING);
        }
        let Some(cell) = column.get_mut(index) else { return };
        if *cell != MISSING {
            self.fault(line, 1, "each consumer and hour once", &format!("`{point}` twice"));
            return;
        }
        *cell = ppm;
        if self.lines.len() <= index {
            self.lines.resize(index + 1, 0);
        }
        if let Some(last) = self.lines.get_mut(index) {
            *last = line;
        }
    }

    fn finish(mut self, file: &str) -> Result<Coefficients, Error> {
        let hourly = self.fields == Some(3);
        let hours = if hourly { usize::from(HOURS) } else { 1 };
        if self.faults.is_empty() {
            self.check(hours, hourly);
        }
        if !self.faults.is_empty() {
            return Err(energy::Error::Rejected { file: file.to_owned(), faults: self.faults }.into());
        }
        Coefficients::of_columns(self.columns, hours)
    }

    /// Whether every consumer has every hour, and every hour one whole.
    fn check(&mut self, hours: usize, hourly: bool) {
        let mut faults = Vec::new();
        if self.columns.is_empty() {
            faults.push(Fault {
                line: Some(1),
                expected: "a row like `CUPS;0,135464` or `CUPS;523;0,135464`".to_owned(),
                got: "an empty file".to_owned(),
                ..Fault::default()
            });
        }
        for (point, column) in &self.columns {
            let lacking = (0..hours).filter(|&hour| column.get(hour).is_none_or(|&ppm| ppm == MISSING));
            let mut lacking = lacking.map(|hour| hour + 1);
            if let Some(first) = lacking.next() {
                faults.push(Fault {
                    header: Some(point.clone()),
                    expected: "a coefficient for each hour from 1 to 8760".to_owned(),
                    got: format!("none for hour {first} and {} more", lacking.count()),
                    ..Fault::default()
                });
            }
        }
        if faults.is_empty() {
            for hour in 0..hours {
                let sum: u64 = self
                    .columns
                    .iter()
                    .filter_map(|(_, column)| column.get(hour))
                    .map(|&ppm| u64::from(ppm))
                    .sum();
                if sum != WHOLE {
                    faults.push(Fault {
                        line: self.lines.get(hour).copied(),
                        column: Some(if hourly { 3 } else { 2 }),
                        header: hourly.then(|| format!("hour {}", hour + 1)),
                        expected: "coefficients that add up to 1,000000".to_owned(),
                        got: format!("{},{:06}", sum / WHOLE, sum % WHOLE),
                        ..Fault::default()
                    });
                }
            }
        }
        faults.truncate(MOST_FAULTS);
        self.faults = faults;
    }
}

fn parse_hour(text: &str) -> Option<HourOfYear> {
    let number =
        if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok()? } else { return None };
    HourOfYear::new(number).ok()
}

/// Parts per million of a text like `0,135464`; a fixed length is not asked for, so `1` and `0,5` are right too.
fn parse_coefficient(text: &str) -> Option<u32> {
    if text.len() > 8 {
        return None;
    }
    let (whole, fraction) = text.split_once(',').unwrap_or((text, "0"));
    let whole = match whole {
        "0" => 0,
        "1" => 1_000_000,
        _ => return None,
    };
    if fraction.is_empty() || fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let scale = 10_u32.pow(u32::try_from(6 - fraction.len()).ok()?);
    let ppm = whole + fraction.parse::<u32>().ok()? * scale;
    (ppm <= 1_000_000).then_some(ppm)
}

/// Writes coefficients as the distributor reads them: six decimals, consumers by their code, lines ended by CRLF.
///
/// ```
/// use grid_core::energy::rules::{spain_coefficients::Coefficients, spain_file::write};
/// let coefficients = Coefficients::constant(vec![("ES1234000000000001JN0F".into(), "1".parse()?)])?;
/// let mut file = Vec::new();
/// write(&coefficients, &mut file)?;
/// assert_eq!(file, b"ES1234000000000001JN0F;1,000000\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::NotASupplyPoint`] for a consumer whose id is no code of a supply point, [`Error::Unwritable`] where the
/// target fails.
///
/// # References
///
/// RD 244/2019, Anexo I, point 1, "Ficheros". The annex does not say how lines end.
pub fn write(coefficients: &Coefficients, target: impl Write) -> Result<(), Error> {
    if let Some(wrong) = coefficients.consumers().iter().find(|consumer| !is_supply_point(consumer)) {
        return Err(Error::NotASupplyPoint { got: excerpt(wrong) });
    }
    let mut target = io::BufWriter::new(target);
    write_rows(coefficients, &mut target)
        .and_then(|()| target.flush())
        .map_err(|error| Error::Unwritable { reason: error.kind() })
}

fn write_rows(coefficients: &Coefficients, target: &mut impl Write) -> io::Result<()> {
    for (column, consumer) in coefficients.consumers().iter().enumerate() {
        for hour in HourOfYear::all() {
            let ppm = u64::from(coefficients.ppm(hour, column));
            let (whole, fraction) = (ppm / WHOLE, ppm % WHOLE);
            if !coefficients.is_hourly() {
                write!(target, "{consumer};{whole},{fraction:06}\r\n")?;
                break;
            }
            write!(target, "{consumer};{};{whole},{fraction:06}\r\n", hour.number())?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "spain_file_tests.rs"]
mod tests;
