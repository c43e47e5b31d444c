//! What the vendor calls rows and cycles, and what such a name says that a cycle is for.

use std::collections::BTreeMap;

/// The place of a row without a label.
pub(super) const NO_LABEL: u8 = u8::MAX;

/// What the vendor calls each row of a recording: the texts of a column such as `Cycle_Label` or `Protocol`.
///
/// ```
/// let file = b"time_s,voltage_V,current_A,protocol\n0,3.6,1,RPT\n1,3.7,1,RPT\n2,3.8,1,\n";
/// let labels = grid_core::battery::read_bytes(file)?.labels.expect("a column of labels");
/// assert_eq!(labels.names(), ["RPT"]);
/// assert_eq!((labels.of_row(1), labels.of_row(2)), (Some("RPT"), None));
/// # Ok::<(), grid_core::battery::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    names: Vec<String>,
    places: Vec<u8>,
}

impl Labels {
    /// Labels by their places among the names, [`NO_LABEL`] for a row without; `None` where no row has one.
    pub(super) fn new(names: Vec<String>, places: Vec<u8>) -> Option<Self> {
        (!names.is_empty()).then_some(Self { names, places })
    }

    /// The different labels, at most 255, in the order in which they first come.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The label of a row, counted from 0; `None` where it has none, or is beyond the last.
    pub fn of_row(&self, row: usize) -> Option<&str> {
        let place = *self.places.get(row)?;
        self.names.get(usize::from(place)).map(String::as_str)
    }

    pub(super) fn places(&self) -> &[u8] {
        &self.places
    }
}

/// How many rows have which label.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(BTreeMap<u8, usize>);

impl Tally {
    /// Counts the labels of rows.
    pub(super) fn push(&mut self, places: &[u8]) {
        for run in places.chunk_by(|a, b| a == b) {
            if let Some(place) = run.first().filter(|place| **place != NO_LABEL) {
                *self.0.entry(*place).or_default() += run.len();
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (place, rows) in &other.0 {
            *self.0.entry(*place).or_default() += rows;
        }
    }

    /// The label of the most rows that have one; of several the one that comes first in the file.
    pub(super) fn most<'a>(&self, names: &'a [String]) -> Option<&'a str> {
        let (place, _) = self.0.iter().rev().max_by_key(|(_, rows)| **rows)?;
        names.get(usize::from(*place)).map(String::as_str)
    }
}

/// What a cycle is for, by the vendor's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CyclePurpose {
    /// To form the electrodes of a new cell.
    Formation,
    /// To measure it: capacity check, reference performance test, pulses, impedance.
    Diagnostic,
    /// To age it.
    Ageing,
}

/// Starts of words that say what a cycle is for, in English and German.
const FORMATION: [&str; 3] = ["formation", "formier", "forming"];
const DIAGNOSTIC: [&str; 16] = [
    "rpt",
    "hppc",
    "eis",
    "gitt",
    "pitt",
    "dcir",
    "ocv",
    "qocv",
    "checkup",
    "diag",
    "diagnos",
    "charact",
    "charakt",
    "impedan",
    "kapazitatstest",
    "kapazitätstest",
];
const AGEING: [&str; 6] = ["aging", "ageing", "cycling", "alterung", "zyklisier", "zyklier"];
/// Words one after the other that name a measurement.
const MEASUREMENTS: [&str; 9] = [
    "reference performance",
    "performance test",
    "capacity check",
    "capacity test",
    "capacity measurement",
    "capacity determination",
    "check up",
    "pulse test",
    "pulse power",
];
/// Up to so many letters a word has to be the whole one, as of an abbreviation.
const LONGEST_ABBREVIATION: usize = 4;

impl CyclePurpose {
    /// Its name, as JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Formation => "formation",
            Self::Diagnostic => "diagnostic",
            Self::Ageing => "ageing",
        }
    }

    /// What a label says by its words; `None` where it says none of these.
    ///
    /// Words are runs of letters, in any case; numbers and signs between them do not count.
    ///
    /// * Formation: words that start with `formation`, `formier` or `forming`, but not after `post` or `after`.
    /// * Diagnostic: the words `RPT`, `HPPC`, `EIS`, `GITT`, `PITT`, `DCIR`, `OCV`, `qOCV`, `diag`, words that start with
    ///   `diagnos`, `charact`, `charakt`, `impedan`, `checkup` or `Kapazitätstest`, and `reference performance`, `performance test`, `capacity check`
    ///   (`test`, `measurement`, `determination`), `check up`, `pulse test`, `pulse power`.
    /// * Ageing: words that start with `aging`, `ageing`, `cycling`, `Alterung`, `Zyklisier` or `Zyklier`.
    ///
    /// A label that says several is the first of them in this order.
    ///
    /// ```
    /// use grid_core::battery::CyclePurpose;
    /// assert_eq!(CyclePurpose::of("Capacity check"), Some(CyclePurpose::Diagnostic));
    /// assert_eq!(CyclePurpose::of("C/10 Formation #2"), Some(CyclePurpose::Formation));
    /// assert_eq!(CyclePurpose::of("RPT_03 after formation"), Some(CyclePurpose::Diagnostic));
    /// assert_eq!(CyclePurpose::of("Aging cycle"), Some(CyclePurpose::Ageing));
    /// assert_eq!(CyclePurpose::of("Vehicle information"), None);
    /// ```
    pub fn of(label: &str) -> Option<Self> {
        let lower = label.to_lowercase();
        let words: Vec<&str> =
            lower.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty()).collect();
        let says = |word: &str, starts: &[&str]| {
            starts.iter().any(|start| {
                if start.len() <= LONGEST_ABBREVIATION && start.is_ascii() {
                    word == *start
                } else {
                    word.starts_with(start)
                }
            })
        };
        let before = std::iter::once("").chain(words.iter().copied());
        let forms = before
            .zip(&words)
            .any(|(before, word)| says(word, &FORMATION) && !["post", "after"].contains(&before));
        let joined = words.join(" ");
        if forms {
            Some(Self::Formation)
        } else if words.iter().any(|word| says(word, &DIAGNOSTIC))
            || MEASUREMENTS.iter().any(|measurement| joined.contains(measurement))
        {
            Some(Self::Diagnostic)
        } else if words.iter().any(|word| says(word, &AGEING)) {
            Some(Self::Ageing)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_a_cycle_is_for() {
        use CyclePurpose::{Ageing, Diagnostic, Formation};
        for (label, expected) in [
            ("Formation", Some(Formation)),
            ("XC_Formation_Entree_Test.pro1", Some(Formation)),
            ("Formierung 2", Some(Formation)),
            ("formation cycling", Some(Formation)),
            ("post-formation cycling", Some(Ageing)),
            ("RPT12", Some(Diagnostic)),
            ("Reference Performance Test", Some(Diagnostic)),
            ("capacity_check", Some(Diagnostic)),
            ("HPPC", Some(Diagnostic)),
            ("EIS", Some(Diagnostic)),
            ("diagnostic", Some(Diagnostic)),
            ("Characterisation", Some(Diagnostic)),
            ("characterization", Some(Diagnostic)),
            ("Pulse test 50 %", Some(Diagnostic)),
            ("OCV", Some(Diagnostic)),
            ("check-up before cycling", Some(Diagnostic)),
            ("Kapazitätstest", Some(Diagnostic)),
            ("Aging cycle", Some(Ageing)),
            ("calendar ageing", Some(Ageing)),
            ("Cycling 1C", Some(Ageing)),
            // Neither `EIS` nor `formation` is a word of these.
            ("Eisenbahn", None),
            ("Transformation information", None),
            ("performance", None),
            ("recycling", None),
            ("CCCV charge", None),
            ("", None),
        ] {
            assert_eq!(CyclePurpose::of(label), expected, "{label}");
        }
        assert_eq!(serde_json::to_string(&Diagnostic).unwrap(), "\"diagnostic\"");
    }

    #[test]
    fn the_label_of_most_rows_is_that_of_the_first_where_two_have_as_many() {
        let names: Vec<String> = ["a", "b"].map(str::to_owned).to_vec();
        let mut tally = Tally::default();
        tally.push(&[NO_LABEL; 9]);
        assert_eq!(tally.most(&names), None);
        tally.push(&[1, 1, 0, NO_LABEL, 0]);
        assert_eq!(tally.most(&names), Some("a"));
        let mut more = Tally::default();
        more.push(&[1]);
        tally.merge(&more);
        assert_eq!(tally.most(&names), Some("b"));
    }
}
