//! From what a vendor's file says to readings by meter and channel, with the place of every fault.

use super::{Fault, Layout, Options, batches::Batches, sorted::Sorted, spill::Spill, table::shown};
use crate::{
    energy::{Channel, Error, Reading},
    quantity::Energy,
    series::Quality,
    time::Interval,
};

/// Where a value stands, counted from 1; column 0 is a whole line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) line: u64,
    pub(super) column: u64,
}

/// Columns that fit beside the line in one number; a line has fewer bytes than that.
const COLUMNS: u64 = 1 << 17;

impl Spot {
    pub(super) const fn line(line: u64) -> Self {
        Self { line, column: 0 }
    }

    const fn number(self) -> u64 {
        self.line.saturating_mul(COLUMNS).saturating_add(self.column)
    }

    fn fault(self, header: &str) -> Fault {
        Fault {
            line: Some(self.line),
            column: (self.column > 0).then_some(self.column),
            header: (!header.is_empty()).then(|| header.to_owned()),
            ..Fault::default()
        }
    }
}

/// What a value is of, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) spot: Spot,
    /// The header that it stands under.
    pub(super) header: &'a str,
    pub(super) device: &'a str,
    pub(super) channel: Channel,
    pub(super) interval: Interval,
}

/// The readings so far.
pub(super) struct Gather<'a> {
    batches: Batches<'a>,
    options: &'a Options,
    only: Option<String>,
}

impl<'a> Gather<'a> {
    pub(super) fn new(file: &'a str, options: &'a Options, spill: Spill<'a>) -> Self {
        let batches = Batches::within(file, Layout::Community, options.most_readings, spill);
        Self { batches, options, only: None }
    }

    pub(super) fn fault(
        &mut self,
        spot: Spot,
        header: &str,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) {
        self.push(Fault { expected: expected.into(), got: got.into(), ..spot.fault(header) });
    }

    pub(super) fn push(&mut self, fault: Fault) {
        self.batches.fault(fault);
    }

    pub(super) fn is_hopeless(&self) -> bool {
        self.batches.is_hopeless()
    }

    pub(super) fn has_faults(&self) -> bool {
        self.batches.has_faults()
    }

    /// Whether a file has more readings than it may.
    pub(super) fn is_too_long(&mut self, count: usize, line: u64) -> bool {
        self.batches.is_too_long(count, Spot::line(line).number())
    }

    /// The channel of a value: that of its column or row, else the one that was stated.
    pub(super) fn channel(&mut self, said: Option<Channel>, spot: Spot, header: &str) -> Option<Channel> {
        let channel = said.or_else(|| self.options.channel());
        if channel.is_none() {
            let names = Channel::ALL.map(Channel::as_str).join("`, `");
            let expected = format!("a column that says what it counts, or the channel stated (`{names}`)");
            self.fault(spot, header, expected, shown(header));
        }
        channel
    }

    /// Takes one value as the file writes it; what no meter can count is refused.
    pub(super) fn take_written<W>(
        &mut self,
        of: Subject<'_>,
        written: Option<W>,
        energy: impl FnOnce(W) -> Option<Energy>,
        quality: Quality,
    ) {
        match written.map(energy) {
            Some(None) => {
                self.fault(of.spot, of.header, "an energy that a meter can count", "a larger number");
            }
            Some(energy) => self.take(of, energy, quality),
            None => self.take(of, None, Quality::Missing),
        }
    }

    /// Takes one value.
    pub(super) fn take(&mut self, of: Subject<'_>, energy: Option<Energy>, quality: Quality) {
        let Subject { spot, header, device, channel, interval } = of;
        let device =
            if device.is_empty() { self.options.device.as_deref().unwrap_or_default() } else { device };
        match (self.options.layout, &self.only) {
            (Layout::Community, _) if device.is_empty() => {
                let expected = "a column with the meter, or the meter stated";
                return self.fault(spot, header, expected, "a value of a meter without a name");
            }
            (Layout::Device { .. }, Some(only)) if only != device => {
                let expected = format!("readings of one meter (the file began with {})", shown(only));
                return self.fault(spot, header, expected, format!("readings of {}", shown(device)));
            }
            (Layout::Device { .. }, None) => self.only = Some(device.to_owned()),
            (Layout::Community | Layout::Device { .. }, _) => {}
        }
        // A missing reading has no energy whatever was written beside it.
        let quality = if energy.is_none() { Quality::Missing } else { quality };
        let reading = match Reading::new(interval, energy, quality) {
            Ok(reading) => reading,
            Err(error) => {
                let got = energy.map_or_else(|| "nothing".to_owned(), |energy| format!("`{energy}`"));
                let expected = match error {
                    Error::NegativeEnergy { .. } => "an energy of zero or more".to_owned(),
                    Error::ImplausibleEnergy { most, .. } => format!("an energy of at most {most}"),
                    Error::IntervalTooLong { most_days, .. } => {
                        return self.fault(
                            spot,
                            header,
                            format!("an interval of at most {most_days} days"),
                            format!("`{interval}`"),
                        );
                    }
                    _ => "an energy exactly where the quality is not `missing`".to_owned(),
                };
                return self.fault(spot, header, expected, got);
            }
        };
        if let Err((_, expected, got)) = self.batches.add(device, "", channel, reading, spot.number()) {
            self.fault(spot, header, expected, got);
        }
    }

    /// The readings, if every value was good.
    pub(super) fn finish(self) -> Result<Sorted, Error> {
        let is_of_one = matches!(self.options.layout, Layout::Device { .. });
        let mut sorted = self
            .batches
            .finish(|number| Spot { line: number / COLUMNS, column: number % COLUMNS }.fault(""))?;
        if is_of_one {
            for register in &mut sorted.registers {
                register.device = None;
            }
        }
        Ok(sorted)
    }
}
