//! What a file of readings does not say itself, and what is known after reading it.

use std::fmt;

use super::{Batch, Fault, Layout, local_clock::StampConvention, stamp::DateOrder, written::DecimalMark};
use crate::{energy::Channel, time::Calendar};

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The own long CSV, see [`super::read_csv`].
    Long,
    /// One JSON object or a list of them, see [`super::read_json`].
    Json,
    /// One JSON object a line, see [`super::read_ndjson`].
    Lines,
    /// Any delimited text with a header and a row for each interval.
    GenericCsv,
    /// Green Button "Download My Data": ESPI XML in an Atom feed.
    GreenButton,
    /// Hourly rows of Datadis and of Spanish distributors, with the hours numbered from 1.
    Datadis,
    /// The energy data sheet of the Austrian EDA portal, saved as CSV.
    Eda,
    /// Daily rows with 24 columns of hours, as Colombian metering files have.
    Colombia,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 8] = [
        Self::Long,
        Self::Json,
        Self::Lines,
        Self::GenericCsv,
        Self::GreenButton,
        Self::Datadis,
        Self::Eda,
        Self::Colombia,
    ];

    /// The name that settings and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Json => "json",
            Self::Lines => "ndjson",
            Self::GenericCsv => "csv",
            Self::GreenButton => "green_button",
            Self::Datadis => "datadis",
            Self::Eda => "eda",
            Self::Colombia => "colombia",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How the hours of a Spanish file are numbered on the two days when the clocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HourLabels {
    /// Hour `h` is the `h`-th hour of the day, up to 23 or 25.
    Ordinal,
    /// Hour `h` ends when the clock shows `h`: in spring one number is left out, in autumn one comes twice.
    Clock,
}

/// What may be stated about a file; what the file says itself counts for more, except the format and the marks.
///
/// ```
/// use grid_core::{energy::ingest::{Layout, Options}, time::Calendar};
/// let mut options = Options::new(Layout::Community);
/// options.calendar = Some(Calendar::new("Europe/Berlin")?);
/// # Ok::<(), grid_core::time::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether the file is of one device, whose name is then not looked at, or of a community.
    pub layout: Layout,
    /// The format; found out where it is not stated.
    pub format: Option<Format>,
    /// The meter of a file that names none.
    pub device: Option<String>,
    /// What values count whose column does not say it.
    pub channel: Option<Channel>,
    /// The zone of local times. Datadis is read in Europe/Madrid, EDA in Europe/Vienna and Colombian files in
    /// America/Bogota without it.
    pub calendar: Option<Calendar>,
    /// Which end of its interval a stamp names, where neither the header nor the rows prove it; the start without it.
    pub stamp: Option<StampConvention>,
    /// The decimal mark.
    pub decimal: Option<DecimalMark>,
    /// The order of day and month in dates that fit both.
    pub date_order: Option<DateOrder>,
    /// How the hours are numbered on days that do not show it.
    pub hours: Option<HourLabels>,
    /// The most readings of a file: eight million without it, a month of quarter-hours of 2,600 meters.
    pub most_readings: usize,
}

impl Options {
    /// Nothing but the layout.
    pub const fn new(layout: Layout) -> Self {
        Self {
            layout,
            format: None,
            device: None,
            channel: None,
            calendar: None,
            stamp: None,
            decimal: None,
            date_order: None,
            hours: None,
            most_readings: 8_000_000,
        }
    }

    /// The calendar that was stated, or that of a zone.
    pub(super) fn calendar_or(&self, zone: &str) -> Result<Calendar, Fault> {
        if let Some(calendar) = &self.calendar {
            return Ok(calendar.clone());
        }
        Calendar::new(zone).map_err(|error| Fault {
            expected: format!("the zone {zone}"),
            got: error.to_string(),
            ..Fault::default()
        })
    }

    /// The channel that was stated, here or in the layout.
    pub(super) const fn channel(&self) -> Option<Channel> {
        match (self.channel, self.layout) {
            (Some(channel), _) | (None, Layout::Device { channel: Some(channel) }) => Some(channel),
            (None, Layout::Device { channel: None } | Layout::Community) => None,
        }
    }
}

/// The readings of a file, and how it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingested<R = Vec<Batch>> {
    /// The format that it was read as.
    pub format: Format,
    /// How it was understood and why, what was assumed and what was left out; a sentence each.
    pub evidence: Vec<String>,
    /// The readings, by device and channel: in memory, or a [`Sorted`](super::Sorted).
    pub batches: R,
}
