//! Writes every chart, from small made-up data, in every theme and both languages; with the feature `chart-png` as
//! pictures of pixels too.
//!
//! ```sh
//! cargo run -p grid-core --features chart --example charts -- charts/
//! ```

use std::{error::Error, fs, path::PathBuf};

use grid_core::{
    chart::{
        self, BandSlot, BillPart, ChargeLevels, CommunityDay, CyclePoint, DepthBin, EnergySlot,
        ForecastPoint, HealthForecast, HealthPoint, IncrementalCurve, Language, MemberSlot, Options,
        PartKind, Recorded, Svg, Theme,
    },
    quantity::{Currency, Energy, Money},
    series::Quality,
    time::{Calendar, Resolution},
};
use jiff::{ToSpan, civil::date};

/// The same numbers on every run (Knuth's linear congruential generator of MMIX).
struct Dice(u64);

impl Dice {
    /// A number from 0 up to 1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap_or(0)) / 4_294_967_296.0
    }
}

fn bell(x: f64, middle: f64, width: f64) -> f64 {
    (-((x - middle) / width).powi(2)).exp()
}

fn energy_day(calendar: &Calendar, day: jiff::civil::Date, options: &Options) -> Result<Svg, Box<dyn Error>> {
    let mut dice = Dice(1);
    let slots = calendar.slots(calendar.day(day)?, Resolution::QUARTER_HOUR)?;
    let mut rows = Vec::new();
    for (place, interval) in slots.into_iter().enumerate() {
        let clock = calendar.zone().to_datetime(interval.start());
        let hour = f64::from(clock.hour()) + f64::from(clock.minute()) / 60.0;
        let use_kwh = 0.9 + 1.6 * bell(hour, 8.0, 1.5) + 2.6 * bell(hour, 20.5, 2.2) + 0.4 * dice.roll();
        let sun_kwh = (4.6 * bell(hour, 13.5, 3.0) * (0.85 + 0.3 * dice.roll()) - 0.05).max(0.0);
        let own = use_kwh.min(sun_kwh * 0.6);
        let shared = (use_kwh - own).min(sun_kwh * 0.25);
        let energy = |kwh: f64| Energy::from_kwh_f64(kwh);
        let quality = match place {
            44..=46 => Quality::Missing,
            66..=71 => Quality::Estimated,
            _ => Quality::Measured,
        };
        let known = quality != Quality::Missing;
        rows.push(EnergySlot {
            interval,
            own_use: energy(own).filter(|_| known),
            shared: energy(shared).filter(|_| known),
            import: energy(use_kwh - own - shared).filter(|_| known),
            generation: energy(sun_kwh).filter(|_| known),
            quality,
        });
    }
    Ok(chart::energy_day(&rows, calendar, options)?)
}

fn member_day(calendar: &Calendar, day: jiff::civil::Date, options: &Options) -> Result<Svg, Box<dyn Error>> {
    let mut dice = Dice(5);
    let slots = calendar.slots(calendar.day(day)?, Resolution::QUARTER_HOUR)?;
    let mut rows = Vec::new();
    for (place, interval) in slots.into_iter().enumerate() {
        let clock = calendar.zone().to_datetime(interval.start());
        let hour = f64::from(clock.hour()) + f64::from(clock.minute()) / 60.0;
        let use_kwh = 0.06 + 0.22 * bell(hour, 8.0, 1.2) + 0.38 * bell(hour, 20.5, 2.0) + 0.05 * dice.roll();
        let sun_kwh = (0.75 * bell(hour, 13.5, 2.6) * (0.8 + 0.3 * dice.roll()) - 0.02).max(0.0);
        let own = use_kwh.min(sun_kwh);
        let received = (use_kwh - own).min(0.16 * bell(hour, 16.5, 3.0));
        let surplus = sun_kwh - own;
        let given = surplus.min(0.25 * bell(hour, 13.0, 3.0));
        let quality = match place {
            30..=33 => Quality::Missing,
            76..=81 => Quality::Estimated,
            _ => Quality::Measured,
        };
        let energy = |kwh: f64| Energy::from_kwh_f64(kwh).filter(|_| quality != Quality::Missing);
        rows.push(MemberSlot {
            interval,
            own_use: energy(own),
            received: energy(received),
            import: energy(use_kwh - own - received),
            given: energy(given),
            export: energy(surplus - given),
            quality,
        });
    }
    Ok(chart::member_day(&rows, calendar, options)?)
}

fn community_month(options: &Options) -> Result<Svg, Box<dyn Error>> {
    let mut dice = Dice(6);
    let mut days = Vec::new();
    let month = date(2026, 3, 1);
    for number in 0..31_i64 {
        let sun = 40.0 + 90.0 * dice.roll();
        let load = 150.0 + 40.0 * dice.roll();
        let quality = match number {
            // Two days never came, one has no readings.
            11 | 12 => continue,
            20 => Quality::Missing,
            5 | 25 => Quality::Estimated,
            _ => Quality::Measured,
        };
        let energy = |kwh: f64| Energy::from_kwh_f64(kwh).filter(|_| quality != Quality::Missing);
        days.push(CommunityDay {
            date: month.checked_add(number.days())?,
            own_use: energy(sun * 0.4),
            shared: energy(sun * 0.35),
            import: energy(load - sun * 0.75),
            export: energy(sun * 0.25),
            quality,
        });
    }
    Ok(chart::community_month(month, &days, options)?)
}

fn bill_parts(options: &Options) -> Result<Svg, Box<dyn Error>> {
    let spanish = options.language == Language::Es;
    let part = |kind, english, spanish_name, amount: &str| -> Result<BillPart<'_>, Box<dyn Error>> {
        Ok(BillPart { name: if spanish { spanish_name } else { english }, kind, amount: amount.parse()? })
    };
    let parts = [
        part(PartKind::Energy, "Peak energy", "Energía punta", "18.42 EUR")?,
        part(PartKind::Energy, "Flat energy", "Energía llano", "12.07 EUR")?,
        part(PartKind::Energy, "Valley energy", "Energía valle", "9.85 EUR")?,
        part(PartKind::Energy, "Energy from the community", "Energía de la comunidad", "4.10 EUR")?,
        part(PartKind::Fixed, "Contracted power, peak", "Potencia contratada, punta", "8.36 EUR")?,
        part(PartKind::Fixed, "Contracted power, valley", "Potencia contratada, valle", "1.02 EUR")?,
        part(PartKind::Fixed, "Meter rent", "Alquiler del contador", "0.81 EUR")?,
        part(PartKind::Tax, "Electricity tax", "Impuesto sobre la electricidad", "2.79 EUR")?,
        part(PartKind::Tax, "VAT", "IVA", "12.06 EUR")?,
        part(PartKind::Credit, "Surplus", "Compensación de excedentes", "-11.30 EUR")?,
    ];
    Ok(chart::bill_parts(&parts, options)?)
}

fn bill_of_many_parts(options: &Options) -> Result<Svg, Box<dyn Error>> {
    let mut dice = Dice(7);
    let mut parts = Vec::new();
    let names: Vec<String> = (1..=40)
        .map(|number| format!("A line of the tariff with a very long name, number {number}"))
        .collect();
    for (place, name) in names.iter().enumerate() {
        let kind = match place % 4 {
            0 => PartKind::Energy,
            1 => PartKind::Fixed,
            2 => PartKind::Tax,
            _ => PartKind::Credit,
        };
        let sign = if kind == PartKind::Credit { -1.0 } else { 1.0 };
        let amount: Money = format!("{:.2} COP", sign * 90_000.0 * dice.roll().powi(3)).parse()?;
        parts.push(BillPart { name, kind, amount });
    }
    parts.push(BillPart { name: "", kind: PartKind::Fixed, amount: Money::zero(Currency::COP) });
    Ok(chart::bill_parts(&parts, options)?)
}

/// The periods of Spain's access tariff 2.0TD on a day that is no holiday (CNMC, Circular 3/2020, article 7).
fn load_by_band(calendar: &Calendar, options: &Options) -> Result<Svg, Box<dyn Error>> {
    let mut dice = Dice(8);
    let mut rows = Vec::new();
    for interval in calendar.slots(calendar.month(2026, 3)?, Resolution::HOUR)? {
        let clock = calendar.zone().to_datetime(interval.start());
        let weekend = clock.date().weekday().to_monday_zero_offset() >= 5;
        let band = match clock.hour() {
            _ if weekend => 2,
            0..=7 => 2,
            10..=13 | 18..=21 => 0,
            _ => 1,
        };
        let hour = f64::from(clock.hour());
        let kwh = 0.2 + 0.5 * bell(hour, 9.0, 2.0) + 0.9 * bell(hour, 20.5, 2.5) + 0.3 * dice.roll();
        let lost = clock.date().day() == 17;
        rows.push(BandSlot { interval, band, energy: Energy::from_kwh_f64(kwh).filter(|_| !lost) });
    }
    let names = match options.language {
        Language::Es => ["Punta", "Llano", "Valle"],
        Language::En => ["Peak", "Flat", "Valley"],
    };
    Ok(chart::load_by_band(&rows, &names, calendar, options)?)
}

fn voltage_current(options: &Options) -> Result<Svg, Box<dyn Error>> {
    let mut dice = Dice(2);
    let (mut time_s, mut voltage_v, mut current_a) = (Vec::new(), Vec::new(), Vec::new());
    let mut temperature_c = Vec::new();
    for row in 0..60_000_u32 {
        let time = f64::from(row) * 2.0;
        let phase = time % 20_000.0 / 20_000.0;
        let (current, charge) = match phase {
            p if p < 0.40 => (1.25, p / 0.40 * 0.9),
            p if p < 0.50 => (1.25 * (-(p - 0.40) * 40.0).exp(), 0.9 + (p - 0.40)),
            p if p < 0.55 => (0.0, 1.0),
            p if p < 0.95 => (-1.25, 1.0 - (p - 0.55) / 0.40),
            _ => (0.0, 0.0),
        };
        let open = 3.0 + 0.75 * charge + 0.25 * (charge - 0.5).powi(3) + 0.3 * charge.powi(8)
            - 0.4 * (-charge * 20.0).exp();
        let lost = (52_000.0..57_000.0).contains(&time);
        time_s.push(time);
        voltage_v.push(if lost { f64::NAN } else { open + 0.08 * current + 0.004 * dice.roll() });
        current_a.push(if lost { f64::NAN } else { current + 0.01 * dice.roll() });
        temperature_c.push(25.0 + 6.0 * bell(phase, 0.9, 0.12) + 0.1 * dice.roll());
    }
    let recording = Recorded {
        time_s: &time_s,
        voltage_v: &voltage_v,
        current_a: &current_a,
        temperature_c: Some(&temperature_c),
    };
    Ok(chart::voltage_current(recording, options)?)
}

fn incremental_capacity(options: &Options) -> Result<Svg, Box<dyn Error>> {
    let voltage_v: Vec<f64> = (0..300).map(|row| 3.0 + f64::from(row) * 0.004).collect();
    let slopes: Vec<Vec<f64>> = (0..24_u32)
        .map(|step| {
            let age = f64::from(step) / 23.0;
            let slope = |v: &f64| {
                (4.0 - 2.4 * age) * bell(*v, 3.45 + 0.05 * age, 0.05)
                    + 2.2 * bell(*v, 3.68 + 0.02 * age, 0.09)
                    + 1.1 * bell(*v, 4.05, 0.12)
            };
            voltage_v.iter().map(slope).collect()
        })
        .collect();
    let curves: Vec<IncrementalCurve<'_>> = slopes
        .iter()
        .zip((1..).step_by(40))
        .map(|(slope, cycle)| IncrementalCurve { cycle, voltage_v: &voltage_v, dq_dv_ah_per_v: slope })
        .collect();
    Ok(chart::incremental_capacity(&curves, options)?)
}

fn state_of_charge(options: &Options) -> Result<Svg, Box<dyn Error>> {
    let time_s: Vec<f64> = (0..5 * 288).map(|row| f64::from(row) * 300.0).collect();
    let level = |time: &f64| {
        let hour = time / 3600.0 % 24.0;
        let lost = (60.0..66.0).contains(&(time / 3600.0));
        if lost { f64::NAN } else { 0.15 + 0.8 * bell(hour, 17.0, 4.5) }
    };
    let state_of_charge: Vec<f64> = time_s.iter().map(level).collect();
    let started_at = Some(date(2026, 3, 30).at(0, 0, 0, 0));
    let levels = ChargeLevels { time_s: &time_s, state_of_charge: &state_of_charge, started_at };
    Ok(chart::state_of_charge(levels, options)?)
}

fn depth_of_discharge(options: &Options) -> Result<Svg, Box<dyn Error>> {
    let bins: Vec<DepthBin> = (0..10_u32)
        .map(|bin| {
            let from = f64::from(bin) / 10.0;
            let cycles = (120.0 * bell(from, 0.05, 0.12) + 40.0 * bell(from, 0.7, 0.12)).round() / 2.0;
            DepthBin { from, to: from + 0.1, cycles }
        })
        .collect();
    Ok(chart::depth_of_discharge(&bins, options)?)
}

fn battery_health(options: &Options) -> Result<Svg, Box<dyn Error>> {
    let mut dice = Dice(5);
    let health =
        |cycle: f64| 1.0 - 0.004 * cycle.sqrt() - if cycle > 500.0 { 2e-4 * (cycle - 500.0) } else { 0.0 };
    let past: Vec<HealthPoint> = (1..=600_u32)
        .map(|cycle| HealthPoint {
            cycle: f64::from(cycle),
            state_of_health: health(f64::from(cycle)) + 0.002 * (dice.roll() - 0.5),
        })
        .collect();
    let next: Vec<HealthForecast> = (600..=1000_u32)
        .step_by(20)
        .map(|cycle| {
            let (middle, wide) = (health(f64::from(cycle)), f64::from(cycle - 600) * 1.2e-4);
            HealthForecast {
                cycle: f64::from(cycle),
                state_of_health: middle,
                low: middle - wide,
                high: middle + wide,
            }
        })
        .collect();
    Ok(chart::battery_health(&past, &next, Some(0.8), 0.8, options)?)
}

fn capacity_over_cycles(count: u32, options: &Options) -> Result<Svg, Box<dyn Error>> {
    let mut dice = Dice(3);
    let mut cycles = Vec::new();
    for cycle in 1..=count {
        let age = f64::from(cycle) / f64::from(count);
        let discharge = 2.5 - 0.35 * age - 0.25 * age.powi(6) + 0.006 * dice.roll();
        let efficiency = match cycle {
            1 => 0.87,
            40 => 0.31,
            _ => 0.9985 - 0.002 * age - 0.0008 * dice.roll(),
        };
        let lost = (60..66).contains(&cycle);
        cycles.push(CyclePoint {
            cycle: f64::from(cycle),
            charge_capacity_ah: if lost { f64::NAN } else { discharge / efficiency.max(0.86) },
            discharge_capacity_ah: if lost { f64::NAN } else { discharge },
            coulombic_efficiency: if lost { f64::NAN } else { efficiency },
        });
    }
    Ok(chart::capacity_over_cycles(&cycles, options)?)
}

fn forecast(calendar: &Calendar, options: &Options) -> Result<Svg, Box<dyn Error>> {
    let mut dice = Dice(4);
    let start = calendar.day(date(2026, 3, 27))?.start();
    let (mut history, mut points) = (Vec::new(), Vec::new());
    for hour in 0..96_i64 {
        let at = start.checked_add(hour.hours())?;
        let clock = f64::from(calendar.zone().to_datetime(at).hour());
        let mean = 1.4 + 1.2 * bell(clock, 8.0, 2.0) + 2.4 * bell(clock, 20.0, 2.5);
        if hour < 60 {
            let lost = (30..34).contains(&hour);
            history.push((at, if lost { f64::NAN } else { mean + 0.8 * (dice.roll() - 0.5) }));
        } else {
            let spread = 0.25 + f64::from(u32::try_from(hour - 60)?) * 0.012;
            let quantile = |z: f64| (mean + z * spread).max(0.0);
            let (q10, q25, q50, q75, q90) =
                (quantile(-1.28), quantile(-0.67), mean, quantile(0.67), quantile(1.28));
            points.push(ForecastPoint { start: at, mean, q10, q25, q50, q75, q90 });
        }
    }
    Ok(chart::forecast(&history, &points, calendar, options)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "charts".to_owned()));
    fs::create_dir_all(&folder)?;
    let madrid = Calendar::new("Europe/Madrid")?;
    for theme in [Theme::Light, Theme::Dark, Theme::Auto] {
        for language in [Language::En, Language::Es] {
            let options = Options { theme, language, ..Options::default() };
            let charts = [
                ("energy-day", energy_day(&madrid, date(2026, 3, 30), &options)?),
                ("energy-day-23-hours", energy_day(&madrid, date(2026, 3, 29), &options)?),
                ("energy-day-25-hours", energy_day(&madrid, date(2026, 10, 25), &options)?),
                ("member-day", member_day(&madrid, date(2026, 3, 30), &options)?),
                ("member-day-23-hours", member_day(&madrid, date(2026, 3, 29), &options)?),
                ("member-day-25-hours", member_day(&madrid, date(2026, 10, 25), &options)?),
                ("community-month", community_month(&options)?),
                ("bill-parts", bill_parts(&options)?),
                ("bill-parts-41", bill_of_many_parts(&options)?),
                ("load-by-band", load_by_band(&madrid, &options)?),
                ("voltage-current", voltage_current(&options)?),
                ("capacity", capacity_over_cycles(120, &options)?),
                ("capacity-1000", capacity_over_cycles(1000, &options)?),
                ("incremental-capacity", incremental_capacity(&options)?),
                ("state-of-charge", state_of_charge(&options)?),
                ("depth-of-discharge", depth_of_discharge(&options)?),
                ("health", battery_health(&options)?),
                ("forecast", forecast(&madrid, &options)?),
                ("empty", chart::forecast(&[], &[], &madrid, &options)?),
            ];
            for (name, chart) in charts {
                fs::write(folder.join(format!("{name}.{language}.{theme}.svg")), chart.svg())?;
                #[cfg(feature = "chart-png")]
                fs::write(folder.join(format!("{name}.{language}.{theme}.png")), chart.png(1)?)?;
            }
        }
    }
    Ok(())
}
