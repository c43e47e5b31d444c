//! What a home battery did: energy in and out, efficiency, self-discharge, days full and empty, and what it changed at
//! the meter.

use super::home_day::{Day, HomeDay, QualityHours, days};
use super::home_interval::{HomeInterval, home_intervals};
use super::log::Recording;
use super::refusal::Refusal;
use super::self_consumption::{SelfConsumption, self_consumption};
use super::state_of_charge::BoundSource;
use crate::series::Quality;

/// What the caller knows of a home battery.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HomeStorageOptions {
    /// Wh that a full battery gives; else what it gave per state of charge.
    pub usable_wh: Option<f64>,
    /// The state of charge from which on it counts as full.
    pub full_at: f64,
    /// The state of charge up to which it counts as empty.
    pub empty_at: f64,
}

impl Default for HomeStorageOptions {
    /// Full from 98 % on, empty up to 5 %.
    fn default() -> Self {
        Self { usable_wh: None, full_at: 0.98, empty_at: 0.05 }
    }
}

/// A figure that could not be given, and why.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct NotKnown {
    /// The figure's name.
    pub what: &'static str,
    /// What it would have needed.
    pub why: Refusal,
}

/// A home battery in numbers.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct HomeStorage {
    /// Charged, in Wh.
    pub charge_wh: f64,
    /// Discharged, in Wh.
    pub discharge_wh: f64,
    /// Wh between empty and full on the way out; `None` where neither given nor to be seen.
    pub usable_wh: Option<f64>,
    /// Where that comes from.
    pub usable_source: Option<BoundSource>,
    /// How much more is stored at the end than at the start, in Wh on the way out.
    pub stored_change_wh: Option<f64>,
    /// Discharged and stored, over charged, from 0 to 1.
    pub round_trip_efficiency: Option<f64>,
    /// State of charge lost per idle day, from 0 to 1.
    pub self_discharge_per_day: Option<f64>,
    /// Hours in idle stretches of three hours or more.
    pub idle_h: f64,
    /// Charge and discharge over twice the usable energy.
    pub equivalent_full_cycles: Option<f64>,
    /// The share of the known hours in which the battery was full.
    pub full_share: Option<f64>,
    /// The share in which it was empty.
    pub empty_share: Option<f64>,
    /// What it changed at the meter; `None` without solar and load.
    pub self_consumption: Option<SelfConsumption>,
    /// Each day.
    pub days: Vec<HomeDay>,
    /// How far the hours can be trusted.
    pub quality: QualityHours,
    /// What could not be given, and why.
    pub not_known: Vec<NotKnown>,
}

/// Sums up what a home battery did, in a few passes over the rows.
///
/// The round trip is `(discharge + change of the stored energy) / charge`: without the change, a log that ends full
/// would show a bad battery. It takes at least one full charge, since the state of charge is known to a percent.
///
/// ```
/// use grid_core::battery::{HomeStorageOptions, home_storage, read_bytes};
/// // 1 kW of sun for an hour into the battery, and 0.9 kW for an hour out of it.
/// let file = b"timestamp,solar_power,battery_power,grid_power,load_power\n\
///     2024-06-01 12:00:00,1000,-1000,0,0\n2024-06-01 13:00:00,1000,-1000,0,0\n\
///     2024-06-01 13:00:01,0,900,0,900\n2024-06-01 14:00:01,0,900,0,900\n";
/// let recording = read_bytes(file)?;
/// let home = home_storage(&recording, HomeStorageOptions::default())?;
/// assert!((home.charge_wh - 1000.0).abs() < 1.0);
/// assert!((home.self_consumption.unwrap().avoided_import_wh - 900.0).abs() < 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns [`Refusal::NotRecorded`] where neither power nor energy of the battery is known, [`Refusal::TooFew`] for
/// fewer than two rows, and [`Refusal::OutOfRange`] for an option that cannot be. What single figures lack is in
/// [`HomeStorage::not_known`].
///
/// # References
///
/// IEC 62933-2-1:2017: round-trip efficiency and self-discharge of electrical energy storage systems.
/// [`Flow`](crate::flow::Flow): what stays behind the meter.
pub fn home_storage(recording: &Recording, options: HomeStorageOptions) -> Result<HomeStorage, Refusal> {
    check(options)?;
    let intervals = home_intervals(recording)?;
    let mut not_known = Vec::new();
    let mut or_why = |what: &'static str, figure: Result<f64, Refusal>| {
        figure.map_err(|why| not_known.push(NotKnown { what, why })).ok()
    };
    let charge_wh: f64 = intervals.iter().map(|interval| interval.charge_wh).sum();
    let discharge_wh: f64 = intervals.iter().map(|interval| interval.discharge_wh).sum();
    let usable_wh = or_why("usable_wh", options.usable_wh.map_or_else(|| usable(&intervals), Ok));
    let stored_change_wh = or_why(
        "stored_change_wh",
        usable_wh.ok_or(Refusal::NotRecorded { what: "a usable energy" }).and_then(|usable| {
            let first = intervals.iter().find_map(|interval| interval.from_soc.or(interval.to_soc));
            let last = intervals.iter().rev().find_map(|interval| interval.to_soc);
            let change = first.zip(last).map(|(first, last)| (last - first) * usable);
            change.ok_or(Refusal::NotRecorded { what: "a state of charge" })
        }),
    );
    let round_trip_efficiency = or_why(
        "round_trip_efficiency",
        usable_wh
            .zip(stored_change_wh)
            .ok_or(Refusal::NotRecorded { what: "a state of charge with a usable energy" })
            .and_then(|(usable, change)| {
                if charge_wh < usable {
                    return Err(Refusal::OutOfRange {
                        what: "a charge in Wh",
                        expected: "of at least one full battery",
                        got: charge_wh,
                    });
                }
                Ok((discharge_wh + change) / charge_wh)
            }),
    );
    let (self_discharge, idle_h) = self_discharge(&intervals);
    let self_discharge_per_day = or_why("self_discharge_per_day", self_discharge);
    let self_consumption = self_consumption(&intervals)
        .map_err(|why| not_known.push(NotKnown { what: "self_consumption", why }))
        .ok();
    let mut all = Day::default();
    for interval in &intervals {
        all.add(interval, options);
    }
    if all.soc_h <= 0.0 {
        not_known
            .push(NotKnown { what: "full_share", why: Refusal::NotRecorded { what: "a state of charge" } });
    }
    Ok(HomeStorage {
        charge_wh,
        discharge_wh,
        usable_wh,
        usable_source: usable_wh
            .map(|_| if options.usable_wh.is_some() { BoundSource::Given } else { BoundSource::Detected }),
        stored_change_wh,
        round_trip_efficiency,
        self_discharge_per_day,
        idle_h,
        equivalent_full_cycles: usable_wh.map(|usable| (charge_wh + discharge_wh) / (2.0 * usable)),
        full_share: all.share(all.full_h),
        empty_share: all.share(all.empty_h),
        self_consumption,
        days: days(recording, &intervals, options),
        quality: all.quality,
        not_known,
    })
}

fn check(options: HomeStorageOptions) -> Result<(), Refusal> {
    if let Some(got) = options.usable_wh
        && (!got.is_finite() || got <= 0.0)
    {
        return Err(Refusal::OutOfRange { what: "a usable energy in Wh", expected: "above 0", got });
    }
    for (what, got) in [("a full state of charge", options.full_at), ("an empty one", options.empty_at)] {
        if !(0.0..=1.0).contains(&got) {
            return Err(Refusal::OutOfRange { what, expected: "from 0 to 1", got });
        }
    }
    Ok(())
}

/// Wh per whole state of charge, over the intervals in which the battery only discharges.
fn usable(intervals: &[HomeInterval]) -> Result<f64, Refusal> {
    const LEAST_FALL: f64 = 0.5;
    let (mut energy, mut fall, mut seen) = (0.0, 0.0, false);
    for interval in intervals {
        if let (Some(from), Some(to)) = (interval.from_soc, interval.to_soc) {
            seen = true;
            if interval.charge_wh <= 0.0 && interval.discharge_wh > 0.0 {
                energy += interval.discharge_wh;
                fall += from - to;
            }
        }
    }
    if !seen {
        return Err(Refusal::NotRecorded { what: "a state of charge" });
    }
    if fall < LEAST_FALL || energy <= 0.0 {
        return Err(Refusal::OutOfRange {
            what: "discharges that lower the state of charge by 0.5 in all",
            expected: "of 0.5 or more",
            got: fall,
        });
    }
    Ok(energy / fall)
}

/// State of charge lost per day over idle stretches of three hours or more, and their hours.
fn self_discharge(intervals: &[HomeInterval]) -> (Result<f64, Refusal>, f64) {
    const IDLE_SHARE: f64 = 0.01;
    const STRETCH_H: f64 = 3.0;
    const LEAST_H: f64 = 24.0;
    let watts = |interval: &HomeInterval| interval.charge_wh.max(interval.discharge_wh) / interval.hours;
    let strongest = intervals.iter().map(watts).fold(0.0, f64::max);
    let (mut lost, mut hours) = (0.0, 0.0);
    let mut stretch: Option<(f64, f64, f64)> = None;
    let mut close = |stretch: Option<(f64, f64, f64)>| {
        if let Some((from, to, long)) = stretch
            && long >= STRETCH_H
        {
            lost += from - to;
            hours += long;
        }
    };
    for interval in intervals {
        let idle = watts(interval) <= IDLE_SHARE * strongest && interval.quality != Quality::Missing;
        match (interval.from_soc, interval.to_soc) {
            (Some(from), Some(to)) if idle => {
                let (first, _, long) = stretch.unwrap_or((from, to, 0.0));
                stretch = Some((first, to, long + interval.hours));
            }
            _ => close(stretch.take()),
        }
    }
    close(stretch.take());
    let rate = if hours >= LEAST_H {
        Ok(lost / hours * 24.0)
    } else {
        Err(Refusal::OutOfRange {
            what: "idle stretches with a state of charge, in h",
            expected: "of 24 or more in all",
            got: hours,
        })
    };
    (rate, hours)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::super::read_bytes;
    use super::*;

    /// Two days of a house: sun from 10 to 14 h at 3 kW, a load of 1 kW, and a 4 kWh battery that takes in with 90 %
    /// and stands still from midnight; it loses `leak` of its capacity an hour.
    fn house(leak: f64) -> String {
        let mut file = String::from("timestamp,solar_power,battery_power,grid_power,load_power,soc\n");
        let mut stored = 0.0_f64;
        for quarter in 0..192 {
            let hour = f64::from(quarter % 96) / 4.0;
            let solar = if (10.0..14.0).contains(&hour) { 3000.0 } else { 0.0 };
            let load = if hour < 6.0 { 0.0 } else { 1000.0 };
            let surplus: f64 = solar - load;
            let room = (4000.0 - stored) / 0.9 * 4.0;
            let battery = if surplus > 0.0 { surplus.min(room) } else { surplus.max(-stored * 4.0) };
            let day = 1 + quarter / 96;
            writeln!(
                file,
                "2024-06-{day:02} {:02}:{:02}:00,{solar},{:.3},{:.3},{load},{:.6}",
                quarter % 96 / 4,
                quarter % 4 * 15,
                -battery,
                load + battery - solar,
                100.0 * stored / 4000.0
            )
            .unwrap();
            stored += if battery > 0.0 { 0.9 * battery / 4.0 } else { battery / 4.0 };
            stored *= 1.0 - leak / 4.0;
        }
        file
    }

    #[test]
    fn a_simulated_house_is_found_again() {
        let recording = read_bytes(house(0.0).as_bytes()).unwrap();
        let home = home_storage(&recording, HomeStorageOptions::default()).unwrap();
        // 4 kWh in at 90 % on both days and out again, but for the edges of the quarter-hours.
        assert!((home.charge_wh / 8889.0 - 1.0).abs() < 0.06, "{home:?}");
        assert!((home.usable_wh.unwrap() / 4000.0 - 1.0).abs() < 0.05, "{home:?}");
        assert!((home.round_trip_efficiency.unwrap() - 0.9).abs() < 0.05, "{home:?}");
        let house = home.self_consumption.unwrap();
        assert!((house.import_wh - house.recorded_import_wh.unwrap()).abs() < 300.0, "{house:?}");
        assert!((house.avoided_import_wh / house.added_self_consumption_wh - 0.9).abs() < 0.05, "{house:?}");
        assert!(house.self_consumption > house.self_consumption_without);
        assert_eq!(
            home.days.iter().map(|day| day.date.as_deref()).collect::<Vec<_>>(),
            [Some("2024-06-01"), Some("2024-06-02")]
        );
        assert_eq!(home.quality.worst(), Quality::Measured);
        // From 0 to 10 h and after 18 h the battery is empty.
        assert!((home.empty_share.unwrap() - 15.9 / 24.0).abs() < 0.05, "{home:?}");
    }

    #[test]
    fn a_gap_moves_nothing_and_is_said_to_be_missing() {
        let file = house(0.0);
        let whole =
            home_storage(&read_bytes(file.as_bytes()).unwrap(), HomeStorageOptions::default()).unwrap();
        let kept: Vec<&str> =
            file.lines().enumerate().filter(|(n, _)| !(45..53).contains(n)).map(|(_, l)| l).collect();
        let home =
            home_storage(&read_bytes(kept.join("\n").as_bytes()).unwrap(), HomeStorageOptions::default())
                .unwrap();
        assert!((home.quality.missing_h - 2.25).abs() < 1e-9);
        assert_eq!(home.quality.worst(), Quality::Missing);
        assert!(home.charge_wh < whole.charge_wh - 2500.0);
        assert!((home.quality.completeness() - (47.75 - 2.25) / 47.75).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_known_is_not_given_and_says_why() {
        let file = b"timestamp,solar_power,battery_power,grid_power,load_power\n\
            2024-06-01 12:00:00,1000,-1000,0,0\n2024-06-01 12:15:00,1000,-1000,0,0\n";
        let home = home_storage(&read_bytes(file).unwrap(), HomeStorageOptions::default()).unwrap();
        assert_eq!((home.round_trip_efficiency, home.full_share, home.usable_wh), (None, None, None));
        let reasons: Vec<_> = home.not_known.iter().map(|missing| missing.what).collect();
        assert!(reasons.contains(&"round_trip_efficiency") && reasons.contains(&"usable_wh"), "{reasons:?}");
        let wrong = HomeStorageOptions { usable_wh: Some(-1.0), ..HomeStorageOptions::default() };
        assert!(matches!(home_storage(&read_bytes(file).unwrap(), wrong), Err(Refusal::OutOfRange { .. })));
    }

    #[test]
    fn daily_sums_belong_to_their_own_day_and_say_nothing_of_what_crossed_the_meter() {
        // The header is that of Tesla's daily energies; one day is left out.
        let file =
            b"timestamp,solar_energy_exported,battery_energy_exported,battery_energy_imported_from_solar,\
            consumer_energy_imported_from_solar\n2023-07-01 01:00:00,20000,4000,5000,9000\n\
            2023-07-02 01:00:00,21000,4500,4800,9000\n2023-07-03 01:00:00,15000,4100,5100,9000\n\
            2023-07-05 01:00:00,18000,4200,5200,9000\n";
        let home = home_storage(&read_bytes(file).unwrap(), HomeStorageOptions::default()).unwrap();
        let days: Vec<_> = home
            .days
            .iter()
            .map(|day| (day.date.as_deref().unwrap(), day.charge_wh, day.discharge_wh))
            .collect();
        assert_eq!(
            days,
            [
                ("2023-07-01", 5000.0, 4000.0),
                ("2023-07-02", 4800.0, 4500.0),
                ("2023-07-03", 5100.0, 4100.0),
                ("2023-07-04", 0.0, 0.0),
                ("2023-07-05", 5200.0, 4200.0),
            ]
        );
        assert!(
            (home.quality.missing_h - 24.0).abs() < 1e-9 && (home.quality.measured_h - 96.0).abs() < 1e-9
        );
        assert_eq!(home.self_consumption, None);
    }

    #[test]
    fn self_discharge_is_what_idle_stretches_lose() {
        let mut file = String::from("timestamp,battery_power,soc\n");
        for hour in 0..96 {
            // 1 kW for an hour at the beginning, then four days of standing at half a percent a day.
            let power = if hour == 0 { 1000 } else { 0 };
            writeln!(
                file,
                "2024-06-{:02} {:02}:00:00,{power},{:.5}",
                1 + hour / 24,
                hour % 24,
                80.0 - 0.5 * f64::from(hour) / 24.0
            )
            .unwrap();
        }
        let home =
            home_storage(&read_bytes(file.as_bytes()).unwrap(), HomeStorageOptions::default()).unwrap();
        assert!((home.self_discharge_per_day.unwrap() - 0.005).abs() < 1e-6, "{home:?}");
        assert!((home.idle_h - 94.0).abs() < 1e-6);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_comes_in_goes_out_or_is_lost_in_the_battery(
            watts in prop::collection::vec((0_i32..5000, -3000_i32..3000, 0_i32..4000), 2..60),
        ) {
            let mut file = String::from("timestamp,solar_power,battery_power,grid_power,load_power\n");
            for (row, (solar, battery, load)) in watts.iter().enumerate() {
                let grid = load - solar - battery;
                writeln!(file, "2024-06-01 {:02}:{:02}:00,{solar},{battery},{grid},{load}", row / 4, row % 4 * 15).unwrap();
            }
            let home = home_storage(&read_bytes(file.as_bytes()).unwrap(), HomeStorageOptions::default()).unwrap();
            let house = home.self_consumption.unwrap();
            let into = house.solar_wh + house.import_wh + home.discharge_wh;
            let out = house.load_wh + house.export_wh + home.charge_wh;
            prop_assert!((into - out).abs() < 0.5);
            prop_assert!((house.import_without_wh - house.avoided_import_wh - house.import_wh).abs() < 1e-6);
        }
    }
}
