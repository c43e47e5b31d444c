//! Asking every rule.

use jiff::Timestamp;

use super::{Finding, Rule, Rules, shape, values};
use crate::{
    energy::{Error, Reading},
    quantity::{Energy, Power},
    time::{Calendar, Interval, Resolution},
};

/// A row as it came: an energy that may be below zero, or a row that says that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Raw {
    /// When.
    pub interval: Interval,
    /// How much; `None` where the row says that it is missing.
    pub energy: Option<Energy>,
}

impl From<Reading> for Raw {
    fn from(reading: Reading) -> Self {
        Self { interval: reading.interval(), energy: reading.energy() }
    }
}

/// What the rows of one channel of a device should be like.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The calendar of the place where the device stands.
    pub calendar: &'a Calendar,
    /// How long an interval is.
    pub resolution: Resolution,
    /// What the rows should cover; `None` for from the first start to the last end.
    pub period: Option<Interval>,
    /// What the device can do at most, where that is known.
    pub rated_power: Option<Power>,
    /// The present.
    pub now: Timestamp,
}

/// Says what looks wrong in the rows of one channel, by start, rule and severity.
///
/// The rows may come in any order. Rules about values ([`Rule::Spike`], [`Rule::Stuck`], [`Rule::ZeroRun`]) look at
/// rows of the expected length, and only where that is a fixed time; the more days there are, the more they can tell.
///
/// ```
/// use grid_core::{
///     energy::validate::{Expectation, Raw, Rule, Rules, validate},
///     quantity::Energy, time::{Calendar, Interval, Resolution},
/// };
/// let calendar = Calendar::new("Europe/Madrid")?;
/// let expectation = Expectation {
///     calendar: &calendar,
///     resolution: Resolution::QUARTER_HOUR,
///     period: Some(Interval::parse("2026-03-01T00:00:00Z", "2026-03-01T00:30:00Z")?),
///     rated_power: None,
///     now: "2026-03-02T00:00:00Z".parse()?,
/// };
/// let rows = [Raw {
///     interval: Interval::parse("2026-03-01T00:00:00Z", "2026-03-01T00:15:00Z")?,
///     energy: Some(Energy::from_mwh(-250_000)),
/// }];
/// let found = validate(&rows, &expectation, &Rules::default())?;
/// assert_eq!(found[0].rule, Rule::Negative);
/// assert_eq!(
///     found[1].to_string(),
///     "warning `gap` 2026-03-01T00:15:00Z/2026-03-01T00:30:00Z: expected 1 reading of 15min, got none"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Time`] where a row lies at the ends of the calendar.
pub fn validate(rows: &[Raw], expectation: &Expectation<'_>, rules: &Rules) -> Result<Vec<Finding>, Error> {
    let mut sorted = rows.to_vec();
    sorted.sort_unstable();
    let mut found = Vec::new();
    shape::gaps(&sorted, expectation, rules, &mut found);
    shape::duplicates(&sorted, &mut found);
    shape::future(&sorted, expectation, rules, &mut found);
    values::negative(&sorted, &mut found);
    values::impossible(&sorted, expectation, rules, &mut found);
    // From here on one row an interval is enough; what comes twice has been named.
    sorted.dedup_by_key(|row| row.interval);
    shape::overlaps(&sorted, &mut found);
    shape::drift(&sorted, expectation, rules, &mut found)?;
    values::spikes(&sorted, expectation, rules, &mut found);
    values::stuck(&sorted, expectation, rules, &mut found);
    values::zeros(&sorted, expectation, rules, &mut found);
    found.retain(|finding| !rules.off.contains(&finding.rule));
    found.sort();
    Ok(found)
}

impl Expectation<'_> {
    /// Whether a row has the expected length.
    pub(super) fn fits(&self, row: &Raw) -> bool {
        self.resolution
            .fixed_seconds()
            .is_some_and(|seconds| row.interval.duration().as_micros() == u128::from(seconds) * 1_000_000)
    }
}

/// A finding about the rows from the first to the last of `rows`.
pub(super) fn about(
    rows: &[Raw],
    rule: Rule,
    severity: super::Severity,
    words: (String, String),
) -> Option<Finding> {
    let (start, end) = (rows.first()?.interval.start(), rows.iter().map(|row| row.interval.end()).max()?);
    let (expected, got) = words;
    Some(Finding {
        interval: Interval::new(start, end).ok()?,
        rule,
        severity,
        rows: rows.len(),
        expected,
        got,
    })
}
