//! Why a recording was read as it was: what was judged, what was found, by what sign, and how surely.

use std::fmt;

/// One judgement about a file, with its reason and how sure it is.
///
/// Its `Display` is a sentence.
///
/// ```
/// let file = b"Zeit [min];Spannung [V];Strom [mA]\n0;3,70;100\n1;3,71;100\n";
/// let recording = grid_core::battery::read_bytes(file)?;
/// let delimiter = recording.evidence.iter().find(|evidence| evidence.what == "delimiter").unwrap();
/// assert_eq!(delimiter.found, "semicolon");
/// assert!(delimiter.confidence > 0.9);
/// assert!(delimiter.to_string().starts_with("delimiter: semicolon"));
/// # Ok::<(), grid_core::battery::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Evidence {
    /// What was judged, a stable name for programs: `format`, `header`, `delimiter`, `encoding`, `decimal_mark`,
    /// `thousands_mark`, `date_order`, `zone`, `column`, `counter` (when counts of Ah and Wh start again), `sign`
    /// (of current and power), `unit` (one that the header states wrongly), `ignored` (columns without use).
    pub what: &'static str,
    /// What it was taken for.
    pub found: String,
    /// By what sign in the file.
    pub why: String,
    /// How sure that is: 1 where the file says it, 0 for a mere assumption.
    pub confidence: f64,
}

impl Evidence {
    pub(super) fn new(
        what: &'static str,
        found: impl Into<String>,
        why: impl Into<String>,
        confidence: f64,
    ) -> Self {
        Self { what, found: found.into(), why: why.into(), confidence: confidence.clamp(0.0, 1.0) }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, found, why, confidence } = self;
        write!(f, "{}: {found}, because {why} (confidence {confidence:.2})", what.replace('_', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judgement_reads_as_a_sentence() {
        let evidence = Evidence::new("decimal_mark", "comma", "cells such as `3,70` have one", 0.95);
        assert_eq!(
            evidence.to_string(),
            "decimal mark: comma, because cells such as `3,70` have one (confidence 0.95)"
        );
    }

    #[test]
    fn confidence_stays_between_nothing_and_certain() {
        assert!((Evidence::new("zone", "UTC", "so", 1.5).confidence - 1.0).abs() < 1e-12);
        assert!(Evidence::new("zone", "UTC", "so", -0.5).confidence.abs() < 1e-12);
    }
}
