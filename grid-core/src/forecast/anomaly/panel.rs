//! A panel that gives nothing although the sky lets it.

use std::collections::VecDeque;

use jiff::civil::DateTime;

use super::{Anomaly, AnomalyKind, rank::quantile};
use crate::forecast::{Error, History, real};

/// Slots with less sun than this are not judged: a tree or a roof may stand in the way.
const LEAST_IRRADIANCE_W_PER_M2: f64 = 100.0;
/// What a clear sky gives is read off as many days of that slot of the day.
const REFERENCE_DAYS: usize = 30;
/// With fewer days there is nothing to compare with.
const LEAST_REFERENCE_DAYS: usize = 7;
/// The clear days are those at this quantile of the reference days.
const CLEAR: f64 = 0.9;
/// No cloud takes all but this share of what a clear sky gives, for long.
const DARKEST: f64 = 0.01;
/// The neighbours have at least this share of what a clear sky gives them: the sky is no excuse.
const NEIGHBOURS_SEE: f64 = 0.6;
/// With neighbours that see the sun, a panel is silent below this share.
const SILENT: f64 = 0.1;
/// So long it must be silent while the neighbours see the sun.
const LEAST_HOURS: f64 = 3.0;
/// So long it must be silent where no neighbour tells; a storm in `citylearn_pv` left 0.4 % for three hours.
const LEAST_HOURS_ALONE: f64 = 6.0;

/// Finds the times at which a plant gave nothing although there was sun, in order of time.
///
/// What a clear sky gives is learnt from the plant itself: for each slot of the day, the 90 % quantile of its generation
/// over the clear-sky irradiance ([`clear_sky`](crate::forecast::clear_sky), one value per slot of `generation`) of the
/// last thirty days on which it gave anything much, at least seven. So the plant's size, its slope and its shadows need
/// not be known, and without a week of generation nothing is said.
///
/// A slot is silent below a hundredth of that, or below a tenth while half of the neighbours have 60 % of what a clear
/// sky gives them. Silent slots with nothing but the night between them are reported when they make six hours, or three
/// hours in which the neighbours saw the sun: no cloud is as dark for so long. Snow is reported, since the plant does give
/// nothing. A missing reading is not silence, and ends one.
///
/// On the four plants of `citylearn_pv`, a year without a known fault, nothing is reported, alone or with the other three
/// as neighbours; expect no false alarm at all but from snow and from switching off.
///
/// ```
/// use grid_core::forecast::{History, Site, clear_sky, silent_panel};
/// use jiff::{ToSpan, civil::date, tz::TimeZone};
///
/// let start = date(2026, 6, 1).at(0, 0, 0, 0);
/// let sun = clear_sky(Site::new(40.4, -3.7)?, &TimeZone::UTC, start, 60, 24 * 20)?;
/// let mut kwh: Vec<f64> = sun.iter().map(|irradiance| 0.004 * irradiance).collect();
/// kwh[24 * 15..24 * 16].fill(0.0); // the breaker fell
/// let found = silent_panel(&History::new(start, 60, kwh)?, &sun, &[])?;
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].start.date(), date(2026, 6, 16));
/// assert!(found[0].severity > 0.95); // a whole clear day was lost
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Lengths`] where there is not one irradiance per slot, [`Error::NeighbourStep`] for a neighbour in slots of
/// another length.
///
/// # References
///
/// The rule is this project's own; `citylearn_pv` and the tests say what it is worth. That even an overcast sky lets
/// through some of the light: F. Kasten and G. Czeplak: "Solar and terrestrial radiation dependent on the amount and type
/// of cloud", Solar Energy 24(2), 1980 (a quarter on average under full cover).
pub fn silent_panel(
    generation: &History,
    clear_sky_w_per_m2: &[f64],
    neighbours: &[History],
) -> Result<Vec<Anomaly>, Error> {
    let slots = generation.values().len();
    if clear_sky_w_per_m2.len() != slots {
        return Err(Error::Lengths { values: slots, forecasts: clear_sky_w_per_m2.len() });
    }
    let step_minutes = generation.step_minutes();
    if let Some(other) = neighbours.iter().find(|neighbour| neighbour.step_minutes() != step_minutes) {
        return Err(Error::NeighbourStep { step_minutes, got: other.step_minutes() });
    }
    let starts: Vec<DateTime> = (0..slots)
        .map(|slot| generation.slot_start(slot).ok_or(Error::OutOfRange))
        .collect::<Result<_, _>>()?;
    let own = against_clear_days(generation, &starts, clear_sky_w_per_m2);
    let others: Vec<Vec<Judged>> = neighbours
        .iter()
        .map(|neighbour| against_clear_days(neighbour, &starts, clear_sky_w_per_m2))
        .collect();
    let mut found = Vec::new();
    let mut run: Option<Run> = None;
    for (slot, (judged, &start)) in own.iter().zip(&starts).enumerate() {
        let sees_sun = || {
            let shares: Vec<f64> = others.iter().filter_map(|other| other.get(slot)?.share()).collect();
            !shares.is_empty() && quantile(shares, 0.5) >= NEIGHBOURS_SEE
        };
        let mut in_sun = false;
        let is_silent = match judged {
            Judged::Dark => continue,
            Judged::Unknown => false,
            Judged::Sunny { .. } => {
                in_sun = sees_sun();
                judged.share().is_some_and(|share| share < DARKEST || share < SILENT && in_sun)
            }
        };
        if let (true, Judged::Sunny { observed, expected }) = (is_silent, *judged) {
            let run = run.get_or_insert(Run {
                first: slot,
                last: slot,
                slots: 0,
                slots_in_sun: 0,
                start,
                expected: 0.0,
                observed: 0.0,
            });
            run.last = slot;
            run.slots += 1;
            run.slots_in_sun += usize::from(in_sun);
            run.expected += expected;
            run.observed += observed;
        } else if let Some(run) = run.take() {
            found.extend(run.anomaly(generation, &own));
        }
    }
    found.extend(run.and_then(|run| run.anomaly(generation, &own)));
    Ok(found)
}

/// What a slot tells.
#[derive(Clone, Copy, Debug)]
enum Judged {
    /// There is too little sun to tell anything.
    Dark,
    /// There is no reading, or no clear day to compare with.
    Unknown,
    /// There is sun.
    Sunny { observed: f64, expected: f64 },
}

impl Judged {
    /// The share of what a clear sky gives.
    fn share(self) -> Option<f64> {
        match self {
            Self::Sunny { observed, expected } => Some(observed / expected),
            Self::Dark | Self::Unknown => None,
        }
    }
}

/// Silent slots that follow each other.
struct Run {
    first: usize,
    last: usize,
    slots: usize,
    /// Those in which the neighbours saw the sun.
    slots_in_sun: usize,
    start: DateTime,
    expected: f64,
    observed: f64,
}

impl Run {
    fn anomaly(self, generation: &History, own: &[Judged]) -> Option<Anomaly> {
        let hours = |slots: usize| real(slots) * f64::from(generation.step_minutes()) / 60.0;
        let is_proven = hours(self.slots_in_sun) >= LEAST_HOURS || hours(self.slots) >= LEAST_HOURS_ALONE;
        let end = generation.slot_start(self.last + 1)?;
        // What a clear day gives, around the first silent slot.
        let day = generation.slots_per_day() / 2;
        let around = own.iter().take(self.first + day).skip(self.first.saturating_sub(day));
        let whole: f64 = around
            .map(|judged| if let Judged::Sunny { expected, .. } = judged { *expected } else { 0.0 })
            .sum();
        (is_proven && whole > 0.0).then(|| Anomaly {
            kind: AnomalyKind::PanelSilent,
            start: self.start,
            end,
            expected: self.expected,
            observed: self.observed,
            severity: (self.expected - self.observed) / whole,
        })
    }
}

/// Each slot's generation beside what its own clear days before let expect.
fn against_clear_days(history: &History, starts: &[DateTime], clear_sky: &[f64]) -> Vec<Judged> {
    let mut references: Vec<VecDeque<f64>> = vec![VecDeque::new(); history.slots_per_day().max(1)];
    let judge = |(start, &irradiance): (&DateTime, &f64)| {
        if irradiance.is_nan() || irradiance < LEAST_IRRADIANCE_W_PER_M2 {
            return Judged::Dark;
        }
        let observed = history.slot_of(*start).and_then(|slot| history.observed_value(slot));
        let (Some(observed), Some(reference)) = (observed, references.get_mut(slot_of_day(*start, history)))
        else {
            return Judged::Unknown;
        };
        let usual = quantile(reference.iter().copied().collect(), CLEAR);
        let known = reference.len() >= LEAST_REFERENCE_DAYS;
        // Silence is not learnt from, so that it does not become what is usual.
        let ratio = observed / irradiance;
        if ratio > 0.0 && (!known || ratio >= SILENT * usual) {
            reference.push_back(ratio);
            if reference.len() > REFERENCE_DAYS {
                reference.pop_front();
            }
        }
        if known { Judged::Sunny { observed, expected: usual * irradiance } } else { Judged::Unknown }
    };
    starts.iter().zip(clear_sky).map(judge).collect()
}

fn slot_of_day(start: DateTime, history: &History) -> usize {
    let minute = u32::from(start.hour().unsigned_abs()) * 60 + u32::from(start.minute().unsigned_abs());
    usize::try_from(minute / history.step_minutes()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{homes, hours};
    use super::*;
    use crate::forecast::{Site, clear_sky, random::Random};
    use jiff::{ToSpan, civil::date, tz::TimeZone};
    use proptest::prelude::*;

    fn start() -> DateTime {
        date(2026, 3, 1).at(0, 0, 0, 0)
    }

    fn sun(days: usize) -> Vec<f64> {
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        clear_sky(Site::new(40.4168, -3.7038).unwrap(), &zone, start(), 60, days * 24).unwrap()
    }

    /// The sky of each day, from black cloud (4 %) to clear.
    fn sky(days: usize, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..days).map(|day| if day % 3 == 0 { 1.0 } else { 0.04 + 0.96 * random.unit() }).collect()
    }

    /// A plant of its own size, with a shadow in the afternoon, under a sky.
    fn plant(size: f64, sky: &[f64]) -> Vec<f64> {
        let shadow = |hour: usize| if hour % 24 >= 16 { 0.2 } else { 1.0 };
        sun(sky.len())
            .into_iter()
            .enumerate()
            .map(|(hour, sun)| size * sun * shadow(hour) * sky[hour / 24])
            .collect()
    }

    #[test]
    fn a_fallen_breaker_is_found_from_its_hour_on() {
        let mut values = plant(0.004, &sky(60, 1));
        let (broken, mended) = (40 * 24 + 12, 43 * 24 + 10);
        values[broken..mended].fill(0.0);
        let found = silent_panel(&hours(start(), values), &sun(60), &[]).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].kind, found[0].start),
            (AnomalyKind::PanelSilent, start() + 40.days() + 12.hours())
        );
        assert_eq!(found[0].end, start() + 43.days() + 10.hours());
        assert!((2.3..3.0).contains(&found[0].severity), "{found:?}");
        assert!(found[0].observed.abs() < 1e-12 && found[0].difference() < 0.0);
    }

    #[test]
    fn a_black_cloud_raises_no_alarm() {
        for seed in 0..20 {
            let sky = sky(90, seed);
            let neighbours = [hours(start(), plant(0.003, &sky)), hours(start(), plant(0.01, &sky))];
            let plant = hours(start(), plant(0.004, &sky));
            assert_eq!(silent_panel(&plant, &sun(90), &[]).unwrap(), []);
            assert_eq!(silent_panel(&plant, &sun(90), &neighbours).unwrap(), []);
        }
    }

    #[test]
    fn neighbours_in_the_sun_tell_a_fault_from_a_cloud() {
        // One string of twenty still gives: 5 % may be a cloud, unless the neighbours see the sun.
        let mut sky = sky(60, 1);
        sky[50] = 1.0;
        let mut values = plant(0.004, &sky);
        values[50 * 24..51 * 24].iter_mut().for_each(|value| *value *= 0.05);
        let plant_of = |sky: &[f64]| [hours(start(), plant(0.01, sky)), hours(start(), plant(0.002, sky))];
        let broken = hours(start(), values);
        assert_eq!(silent_panel(&broken, &sun(60), &[]).unwrap(), []);
        let found = silent_panel(&broken, &sun(60), &plant_of(&sky)).unwrap();
        assert_eq!((found.len(), found[0].start.date()), (1, (start() + 50.days()).date()));
        sky[50] = 0.05;
        assert_eq!(silent_panel(&broken, &sun(60), &plant_of(&sky)).unwrap(), []);
    }

    #[test]
    fn without_evidence_nothing_is_said() {
        // Never a kilowatt-hour, less than a week, or a meter that is silent itself.
        let clear = vec![1.0; 60];
        assert_eq!(silent_panel(&hours(start(), vec![0.0; 60 * 24]), &sun(60), &[]).unwrap(), []);
        let mut values = plant(0.004, &clear);
        values[50 * 24..51 * 24].fill(f64::NAN);
        assert_eq!(silent_panel(&hours(start(), values.clone()), &sun(60), &[]).unwrap(), []);
        values.truncate(6 * 24);
        values[5 * 24..].fill(0.0);
        assert_eq!(silent_panel(&hours(start(), values.clone()), &sun(6), &[]).unwrap(), []);
        let lengths = silent_panel(&hours(start(), values.clone()), &sun(5), &[]);
        assert!(matches!(lengths, Err(Error::Lengths { .. })));
        let quarter = History::new(start(), 15, vec![]).unwrap();
        let steps = silent_panel(&hours(start(), values), &sun(6), &[quarter]);
        assert!(matches!(steps, Err(Error::NeighbourStep { step_minutes: 60, got: 15 })));
    }

    #[test]
    fn real_plants_without_a_known_fault_raise_no_alarm_and_with_one_they_do() {
        let Some(plants) = homes("citylearn_pv") else { return };
        let plants: Vec<History> = plants.into_values().collect();
        let zone = TimeZone::fixed(jiff::tz::offset(-8));
        let site = Site::new(34.1, -117.3).unwrap(); // Southern California; the homes' own places are not told
        for (place, plant) in plants.iter().enumerate() {
            let sun = clear_sky(site, &zone, plant.start(), 60, plant.values().len()).unwrap();
            let mut others = plants.clone();
            others.remove(place);
            assert_eq!(silent_panel(plant, &sun, &[]).unwrap(), []);
            assert_eq!(silent_panel(plant, &sun, &others).unwrap(), []);
            let mut values = plant.values().to_vec();
            values[200 * 24..201 * 24].fill(0.0);
            let broken = History::new(plant.start(), 60, values).unwrap();
            assert_eq!(silent_panel(&broken, &sun, &others).unwrap().len(), 1);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_day_without_a_kilowatt_hour_is_found_whatever_the_plant(
            size in 1e-4..1e3_f64, seed: u64, day in 25..58_usize,
        ) {
            let mut values = plant(size, &sky(60, seed));
            values[day * 24..(day + 1) * 24].fill(0.0);
            let found = silent_panel(&hours(start(), values), &sun(60), &[]).unwrap();
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].start.date(), (start() + i64::try_from(day).unwrap().days()).date());
            prop_assert!((found[0].severity - 1.0).abs() < 0.2);
        }
    }
}
