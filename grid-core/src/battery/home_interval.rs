//! The intervals between the rows of a home log, with the energies that moved in each and how far they can be trusted.

use super::charge_count::usual_interval;
use super::log::Recording;
use super::numeric::{at, known, range};
use super::refusal::Refusal;
use crate::series::Quality;

/// One interval of a home log, named by its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HomeInterval {
    pub(super) start_s: f64,
    pub(super) hours: f64,
    /// Into and out of the battery in Wh; zero where the interval is missing.
    pub(super) charge_wh: f64,
    pub(super) discharge_wh: f64,
    /// Around it in Wh; `None` where it is not recorded.
    pub(super) solar_wh: Option<f64>,
    pub(super) load_wh: Option<f64>,
    pub(super) import_wh: Option<f64>,
    pub(super) export_wh: Option<f64>,
    /// State of charge at the start and at the end; `None` where it is not known.
    pub(super) from_soc: Option<f64>,
    pub(super) to_soc: Option<f64>,
    pub(super) quality: Quality,
}

/// How many usual intervals are a gap, in which nothing is known.
const GAP_TIMES: f64 = 6.0;
/// Up to how many usual intervals an interval counts as measured: more than one row is missing beyond.
const MEASURED_TIMES: f64 = 1.5;

/// Where a column's energy comes from.
enum Source<'a> {
    /// Power at each row in W.
    Power(Vec<f64>),
    /// A count in Wh that grows.
    Counter(&'a [f64]),
    /// Energy of each row's own interval in Wh.
    Each(&'a [f64]),
}

impl Source<'_> {
    /// Energy between two rows: what is above zero and what is below, in Wh.
    fn between(&self, before: Option<usize>, row: usize, hours: f64) -> Option<(f64, f64)> {
        match (self, before) {
            (Self::Power(watts), Some(before)) => {
                let (from, to) = (known(at(watts, before))?, known(at(watts, row))?);
                let half = 0.5 * hours;
                Some(((from.max(0.0) + to.max(0.0)) * half, -(from.min(0.0) + to.min(0.0)) * half))
            }
            (Self::Counter(count), Some(before)) => {
                let (from, to) = (known(at(count, before))?, known(at(count, row))?);
                // A count that falls has started again from zero.
                Some((if to < from { to } else { to - from }, 0.0))
            }
            (Self::Each(energy), _) => Some((known(at(energy, row))?.max(0.0), 0.0)),
            (Self::Power(_) | Self::Counter(_), None) => None,
        }
    }

    fn is_known(&self, row: usize) -> bool {
        match self {
            Self::Power(values) => at(values, row).is_finite(),
            Self::Counter(values) | Self::Each(values) => at(values, row).is_finite(),
        }
    }
}

/// The columns of a home log.
struct Sources<'a> {
    battery: Vec<Source<'a>>,
    solar: Option<Source<'a>>,
    load: Option<Source<'a>>,
    /// One signed power, importing above zero; or imports and exports of their own.
    grid: Option<Source<'a>>,
    import: Option<Source<'a>>,
    export: Option<Source<'a>>,
    /// Whether energies are those of each row's own interval.
    each: bool,
}

impl<'a> Sources<'a> {
    fn of(recording: &'a Recording) -> Result<Self, Refusal> {
        let each = recording.has_remark("interval_energy_summed");
        let channel = |power: &str, energy: &str| {
            let named = |name: &str| recording.channels.iter().find(|channel| channel.name == name);
            named(power).map(|channel| Source::Power(channel.values.clone())).or_else(|| {
                named(energy).map(|channel| {
                    if each { Source::Each(&channel.values) } else { Source::Counter(&channel.values) }
                })
            })
        };
        let battery = match (&recording.power_w, power(recording)) {
            (Some(power), _) if range(power).is_some() => vec![Source::Power(power.clone())],
            (_, Some(power)) => vec![Source::Power(power)],
            _ => match (&recording.charge_energy_wh, &recording.discharge_energy_wh) {
                (Some(charge), Some(discharge)) => {
                    vec![Source::Counter(charge), Source::Counter(discharge)]
                }
                _ => {
                    return Err(Refusal::NotRecorded {
                        what: "a battery power, a voltage with a current, or two counts of energy",
                    });
                }
            },
        };
        Ok(Self {
            battery,
            solar: channel("solar_power_w", "solar_energy_wh"),
            load: channel("load_power_w", "load_energy_wh"),
            grid: channel("grid_power_w", ""),
            import: channel("import_power_w", "import_energy_wh"),
            export: channel("export_power_w", "export_energy_wh"),
            each,
        })
    }

    /// Charged and discharged Wh between two rows.
    fn battery(&self, before: usize, row: usize, hours: f64) -> Option<(f64, f64)> {
        match self.battery.as_slice() {
            [one] => one.between(Some(before), row, hours),
            [charge, discharge] => {
                let between = |count: &Source<'_>| Some(count.between(Some(before), row, hours)?.0);
                Some((between(charge)?, between(discharge)?))
            }
            _ => None,
        }
    }
}

/// Power from voltage and current.
fn power(recording: &Recording) -> Option<Vec<f64>> {
    let watts: Vec<f64> = recording.voltage_v.iter().zip(&recording.current_a).map(|(v, a)| v * a).collect();
    range(&watts).map(|_| watts)
}

/// The intervals of a home log.
///
/// Power and counts give one between each two rows at which the battery's flow is known, power as straight between
/// them. One of up to 1.5 times the usual length with nothing missing inside is measured, a longer one of up to six
/// times is estimated, and beyond that missing: nothing is said to have moved. Where rows have the energy of their own
/// interval, that is of the usual length from the row's time on, and what lies between two such is missing.
pub(super) fn home_intervals(recording: &Recording) -> Result<Vec<HomeInterval>, Refusal> {
    let sources = Sources::of(recording)?;
    let usual_s = usual_interval(&recording.time_s).ok_or(Refusal::TooFew {
        what: "rows of different times",
        least: 2,
        got: recording.len().min(1),
    })?;
    let charge = recording.state_of_charge.as_deref();
    let mut intervals = Vec::new();
    let mut before: Option<(usize, f64)> = None;
    let mut last_soc: Option<f64> = None;
    // A log that stores changes only leaves its state of charge standing.
    let mut standing: Option<f64> = None;
    for row in 0..recording.len() {
        let time = at(&recording.time_s, row);
        standing = charge.and_then(|charge| known(at(charge, row))).or(standing);
        if time.is_nan() || !sources.battery.iter().all(|source| source.is_known(row)) {
            continue;
        }
        let since = before.map(|(_, before)| time - before);
        let last = before.map(|(row, _)| row);
        if since.is_none_or(|since| since > 0.0) {
            if sources.of_rows() {
                if let Some((between, from)) = since.map(|since| since - usual_s).zip(before)
                    && between > (MEASURED_TIMES - 1.0) * usual_s
                {
                    intervals.push(HomeInterval::missing(from.1 + usual_s, between));
                }
                let moved = last.map_or_else(
                    || sources.counted(row),
                    |last| sources.battery(last, row, usual_s / 3600.0),
                );
                let quality = if moved.is_some() { Quality::Measured } else { Quality::Missing };
                let soc = (standing, standing);
                intervals.push(sources.interval((time, usual_s), (last, row), moved, soc, quality));
            } else if let Some((last, since)) = last.zip(since) {
                let moved = sources.battery(last, row, since / 3600.0);
                let start = time - since;
                intervals.push(if since > GAP_TIMES * usual_s || moved.is_none() {
                    HomeInterval::missing(start, since)
                } else {
                    let whole = since <= MEASURED_TIMES * usual_s && last + 1 == row;
                    let quality = if whole { Quality::Measured } else { Quality::Estimated };
                    let soc = (last_soc, standing);
                    sources.interval((start, since), (Some(last), row), moved, soc, quality)
                });
            }
        }
        before = Some((row, time));
        last_soc = standing;
    }
    Ok(intervals)
}

impl HomeInterval {
    /// An interval in which nothing is known.
    fn missing(start_s: f64, seconds: f64) -> Self {
        Self {
            start_s,
            hours: seconds / 3600.0,
            charge_wh: 0.0,
            discharge_wh: 0.0,
            solar_wh: None,
            load_wh: None,
            import_wh: None,
            export_wh: None,
            from_soc: None,
            to_soc: None,
            quality: Quality::Missing,
        }
    }
}

impl Sources<'_> {
    /// Whether rows have the energy of their own interval.
    fn of_rows(&self) -> bool {
        self.each && !self.battery.iter().any(|source| matches!(source, Source::Power(_)))
    }

    /// What two running counts have at the first row, before which they started from zero.
    fn counted(&self, row: usize) -> Option<(f64, f64)> {
        match self.battery.as_slice() {
            [Source::Counter(charge), Source::Counter(discharge)] => {
                Some((known(at(charge, row))?, known(at(discharge, row))?))
            }
            _ => None,
        }
    }

    /// The interval of a start and a length in s, which ends (or stands) at the second of two rows.
    fn interval(
        &self,
        (start_s, seconds): (f64, f64),
        (before, row): (Option<usize>, usize),
        moved: Option<(f64, f64)>,
        (from_soc, to_soc): (Option<f64>, Option<f64>),
        quality: Quality,
    ) -> HomeInterval {
        let hours = seconds / 3600.0;
        let own = |source: &Option<Source<'_>>| {
            source.as_ref().and_then(|source| source.between(before, row, hours))
        };
        let grid = own(&self.grid);
        let (charge_wh, discharge_wh) = moved.unwrap_or_default();
        HomeInterval {
            start_s,
            hours,
            charge_wh,
            discharge_wh,
            solar_wh: own(&self.solar).map(|(up, _)| up),
            load_wh: own(&self.load).map(|(up, _)| up),
            import_wh: grid.map(|(up, _)| up).or_else(|| own(&self.import).map(|(up, _)| up)),
            export_wh: grid.map(|(_, down)| down).or_else(|| own(&self.export).map(|(up, _)| up)),
            from_soc,
            to_soc,
            quality,
        }
    }
}
