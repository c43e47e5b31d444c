//! The demo community's readings: nine members, two PV plants, two batteries, ninety days of quarter-hours over the
//! change of the clocks in March 2026. Made from a seed, so that every database has the same.

use grid_core::{
    energy::{Channel, Error, Reading, ingest::Batch},
    quantity::Energy,
    series::Quality,
    time::{Calendar, Interval, Resolution},
};
use jiff::{Timestamp, civil::Weekday};

use super::random::Random;

/// Where the community is.
pub(super) const ZONE: &str = "Europe/Madrid";
/// The month that the printed example balances.
pub(super) const SHOWN_FROM: &str = "2026-03-01";
/// The first day after it.
pub(super) const SHOWN_TO: &str = "2026-04-01";
/// The day that the printed example draws: the one of 23 hours.
pub(super) const SHOWN_DAY: &str = "2026-03-29";

const SEED: u64 = 2026;
/// Local midnight of 12 January and 12 April 2026, ninety days apart.
const PERIOD: (&str, &str) = ("2026-01-11T23:00:00Z", "2026-04-11T22:00:00Z");
const LATITUDE: f64 = 40.4;
const LONGITUDE: f64 = -3.7;

/// How a member uses electricity.
struct Household {
    member: &'static str,
    /// What is always on, in kW.
    base_kw: f64,
    /// Height in kW and local hour of the morning's and the evening's peak.
    peaks: [(f64, f64); 2],
    /// The part that is used at weekends, against working days.
    weekend: f64,
    /// The PV plant's peak power in kW, and the battery's capacity in kWh.
    plant: Option<(f64, f64)>,
}

const HOUSEHOLDS: [Household; 9] = [
    Household {
        member: "Casa Alba",
        base_kw: 0.16,
        peaks: [(0.6, 7.6), (1.3, 21.0)],
        weekend: 1.2,
        plant: Some((5.0, 10.0)),
    },
    Household {
        member: "Casa Bruno",
        base_kw: 0.11,
        peaks: [(0.4, 8.2), (0.9, 20.4)],
        weekend: 1.1,
        plant: None,
    },
    Household {
        member: "Casa Celia",
        base_kw: 0.20,
        peaks: [(0.8, 7.1), (1.6, 21.6)],
        weekend: 1.3,
        plant: None,
    },
    Household {
        member: "Casa Dario",
        base_kw: 0.09,
        peaks: [(0.3, 9.0), (0.7, 22.1)],
        weekend: 0.9,
        plant: None,
    },
    Household {
        member: "Casa Elena",
        base_kw: 0.14,
        peaks: [(0.9, 13.8), (0.8, 20.9)],
        weekend: 1.0,
        plant: None,
    },
    Household {
        member: "Casa Fermin",
        base_kw: 0.18,
        peaks: [(0.5, 7.9), (1.1, 19.8)],
        weekend: 1.2,
        plant: None,
    },
    Household {
        member: "Casa Gala",
        base_kw: 0.12,
        peaks: [(0.7, 14.2), (1.0, 21.3)],
        weekend: 1.1,
        plant: None,
    },
    Household {
        member: "Casa Hugo",
        base_kw: 0.25,
        peaks: [(0.6, 6.8), (2.1, 23.4)],
        weekend: 1.0,
        plant: None,
    },
    Household {
        member: "Cooperativa",
        base_kw: 0.45,
        peaks: [(2.2, 10.5), (1.6, 16.5)],
        weekend: 0.3,
        plant: Some((20.0, 20.0)),
    },
];

/// What happens in one quarter-hour, in kWh.
#[derive(Clone, Copy, Default)]
struct Quarter {
    load: f64,
    generation: f64,
    charge: f64,
    discharge: f64,
}

/// All readings, as a file in the long format would give them.
pub(super) fn readings() -> Result<Vec<Batch>, Error> {
    let calendar = Calendar::new(ZONE)?;
    let slots = calendar.slots(Interval::parse(PERIOD.0, PERIOD.1)?, Resolution::QUARTER_HOUR)?;
    let clouds = clouds(&calendar, &slots);
    let mut batches = Vec::new();
    for (number, household) in (1_u64..).zip(&HOUSEHOLDS) {
        let mut random = Random::new(SEED.wrapping_mul(1000).wrapping_add(number));
        let quarters = live(household, &calendar, &slots, &clouds, &mut random);
        let mut add = |device: String, channel, of: fn(&Quarter) -> f64, random: &mut Random| {
            let readings = metered(&slots, &quarters, of, random)?;
            let member = Some(household.member.to_owned());
            batches.push(Batch { device: Some(device), member, channel, readings });
            Ok::<_, Error>(())
        };
        let name = household.member;
        add(format!("Contador {name}"), Channel::Consumption, |q| q.load, &mut random)?;
        if household.plant.is_some() {
            add(format!("Placas {name}"), Channel::Generation, |q| q.generation, &mut random)?;
            add(format!("Batería {name}"), Channel::Charge, |q| q.charge, &mut random)?;
            add(format!("Batería {name}"), Channel::Discharge, |q| q.discharge, &mut random)?;
        }
    }
    Ok(batches)
}

/// How much of the clear sky's light comes through in each slot, the same over the whole village.
fn clouds(calendar: &Calendar, slots: &[Interval]) -> Vec<f64> {
    let mut random = Random::new(SEED);
    let (mut date, mut today, mut now) = (None, 0.8_f64, 0.8_f64);
    slots
        .iter()
        .map(|slot| {
            let local = calendar.date_of(slot.start());
            if date != Some(local) {
                date = Some(local);
                // Weather lasts: a day is like the one before it, and now and then quite another.
                today = (0.65 * today + 0.35 * random.unit() + 0.12 * random.normal()).clamp(0.15, 1.0);
            }
            now = (0.85 * now + 0.15 * today + 0.04 * random.normal()).clamp(0.08, 1.0);
            now
        })
        .collect()
}

/// Lives through the slots: load, sun, and a battery that takes the surplus and gives it back.
fn live(
    household: &Household,
    calendar: &Calendar,
    slots: &[Interval],
    clouds: &[f64],
    random: &mut Random,
) -> Vec<Quarter> {
    /// What is left of the energy that goes in or out.
    const EFFICIENCY: f64 = 0.95;
    /// The part of its capacity that a battery charges or discharges in a quarter-hour at most.
    const RATE: f64 = 0.125;
    let mut stored = 0.0;
    let mut mood = 1.0;
    slots
        .iter()
        .zip(clouds)
        .map(|(slot, clear)| {
            mood = 0.9 * mood + 0.1 + 0.12 * random.normal();
            let load = load_kw(household, calendar, slot.start()) * mood.clamp(0.35, 2.5) / 4.0;
            let Some((peak_kw, capacity)) = household.plant else {
                return Quarter { load, ..Quarter::default() };
            };
            let generation = peak_kw * 0.85 * sun(slot.start()) * clear / 4.0;
            let (load, generation) = (watt_hours(load), watt_hours(generation));
            let surplus = generation - load;
            let most = capacity * RATE;
            let charge = watt_hours(surplus.max(0.0).min(most).min((capacity - stored) / EFFICIENCY));
            let discharge = watt_hours((-surplus).max(0.0).min(most).min(stored * EFFICIENCY));
            stored = (stored + charge * EFFICIENCY - discharge / EFFICIENCY).clamp(0.0, capacity);
            Quarter { load, generation, charge, discharge }
        })
        .collect()
}

fn load_kw(household: &Household, calendar: &Calendar, at: Timestamp) -> f64 {
    let local = calendar.zone().to_datetime(at);
    let hour = f64::from(local.hour()) + f64::from(local.minute()) / 60.0;
    let is_weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
    let peaks: f64 = household
        .peaks
        .iter()
        .map(|(height, centre)| {
            // Hours go round: a peak at 23:24 reaches over midnight.
            let away = (hour - centre + 36.0).rem_euclid(24.0) - 12.0;
            height * (-(away / 1.4).powi(2) / 2.0).exp()
        })
        .sum();
    // Winter is heated and lit.
    let season = 1.0 + 0.2 * (f64::from(local.date().day_of_year()) * std::f64::consts::TAU / 365.0).cos();
    let day = if is_weekend { household.weekend } else { 1.0 };
    household.base_kw + peaks * season * day
}

/// The sine of the sun's height over the horizon, the part of the full light that falls on the ground.
///
/// Cooper (1969) for the declination; the equation of time is left out.
fn sun(at: Timestamp) -> f64 {
    let utc = jiff::tz::TimeZone::UTC.to_datetime(at);
    let day = f64::from(utc.date().day_of_year());
    let declination = 23.45_f64.to_radians() * ((284.0 + day) * std::f64::consts::TAU / 365.0).sin();
    let hour = f64::from(utc.hour()) + f64::from(utc.minute()) / 60.0 + 0.125 + LONGITUDE / 15.0;
    let angle = (hour - 12.0) * std::f64::consts::TAU / 24.0;
    let latitude = LATITUDE.to_radians();
    let height = latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * angle.cos();
    height.max(0.0).powf(1.15)
}

/// Meters count whole watt-hours.
fn watt_hours(kwh: f64) -> f64 {
    (kwh * 1000.0).floor() / 1000.0
}

/// What the meter tells: most of it measured, some estimated, now and then hours that are missing.
fn metered(
    slots: &[Interval],
    quarters: &[Quarter],
    of: fn(&Quarter) -> f64,
    random: &mut Random,
) -> Result<Vec<Reading>, Error> {
    let mut outage = 0_u32;
    let mut readings = Vec::with_capacity(slots.len());
    for (slot, quarter) in slots.iter().zip(quarters) {
        if outage == 0 && random.unit() < 0.000_35 {
            outage = 4 + u32::try_from(random.bits() % 20).unwrap_or(0);
        }
        let energy = Energy::from_kwh_f64(watt_hours(of(quarter)));
        let (energy, quality) = if outage > 0 {
            outage -= 1;
            // The operator estimates the ends of an outage; its middle stays unknown.
            if outage < 2 { (energy, Quality::Estimated) } else { (None, Quality::Missing) }
        } else if random.unit() < 0.004 {
            (energy, Quality::Estimated)
        } else {
            (energy, Quality::Measured)
        };
        readings.push(Reading::new(*slot, energy, quality)?);
    }
    Ok(readings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_every_time_and_has_what_a_demo_needs() {
        let batches = readings().unwrap();
        assert_eq!(batches, readings().unwrap());
        let members: std::collections::BTreeSet<_> =
            batches.iter().filter_map(|b| b.member.clone()).collect();
        assert!(members.len() >= 8);
        let count = |channel| batches.iter().filter(|batch| batch.channel == channel).count();
        assert_eq!(
            (count(Channel::Generation), count(Channel::Charge), count(Channel::Discharge)),
            (2, 2, 2)
        );
        for batch in &batches {
            // Ninety days, one of them an hour short.
            assert_eq!(batch.readings.len(), 90 * 96 - 4);
        }
        let has = |quality| batches.iter().any(|b| b.readings.iter().any(|r| r.quality() == quality));
        assert!(has(Quality::Missing) && has(Quality::Estimated) && has(Quality::Measured));
    }

    #[test]
    fn homes_use_what_homes_use_and_nothing_shines_at_night() {
        let calendar = Calendar::new(ZONE).unwrap();
        for batch in readings().unwrap() {
            let total: f64 =
                batch.readings.iter().filter_map(|reading| reading.energy()).map(Energy::to_kwh_f64).sum();
            if batch.channel == Channel::Consumption {
                // Spanish homes use some 3 to 20 kWh a day, a small office up to 60.
                assert!((3.0..60.0).contains(&(total / 90.0)), "{:?} {}", batch.device, total / 90.0);
            }
            if batch.channel == Channel::Generation {
                for reading in &batch.readings {
                    let hour = calendar.zone().to_datetime(reading.interval().start()).hour();
                    let dark = !(6..22).contains(&hour);
                    assert!(!dark || reading.energy().is_none_or(|energy| energy == Energy::ZERO));
                }
            }
        }
    }

    #[test]
    fn a_battery_gives_back_less_than_it_took() {
        let batches = readings().unwrap();
        let total = |channel| -> Energy {
            let of: Vec<_> = batches.iter().filter(|batch| batch.channel == channel).collect();
            of.iter().flat_map(|batch| &batch.readings).filter_map(|reading| reading.energy()).sum()
        };
        assert!(total(Channel::Discharge) > Energy::ZERO);
        assert!(total(Channel::Discharge) < total(Channel::Charge));
    }
}
