//! Battery recordings: one reading a second, an hour of charging and an hour of discharging a cycle.

use std::fmt::Write as _;
use std::io;

const HALF_CYCLE: u32 = 3600;

/// What one row says.
struct Row {
    second: u32,
    volt: f64,
    milliampere: i32,
    charge_mah: f64,
    discharge_mah: f64,
}

fn rows(count: u32) -> impl Iterator<Item = Row> {
    let noise = crate::draws(7).map(|draw| f64::from(u16::try_from(draw % 1000).unwrap_or(0)) * 1e-5);
    (0..count).zip(noise).map(|(second, noise)| {
        let into = second % HALF_CYCLE;
        let full = f64::from(into) / f64::from(HALF_CYCLE);
        if (second / HALF_CYCLE).is_multiple_of(2) {
            Row {
                second,
                volt: 3.0 + 1.2 * full + noise,
                milliampere: 2500,
                charge_mah: 2500.0 * full,
                discharge_mah: 0.0,
            }
        } else {
            Row {
                second,
                volt: 4.2 - 1.2 * full - noise,
                milliampere: -2500,
                charge_mah: 0.0,
                discharge_mah: 2500.0 * full,
            }
        }
    })
}

/// Plain columns with their units in the header.
pub fn plain(count: u32) -> String {
    let mut text = String::from("time_s,voltage_v,current_a\n");
    for row in rows(count) {
        let ampere = f64::from(row.milliampere) / 1000.0;
        let _ = writeln!(text, "{},{:.4},{ampere:.3}", row.second, row.volt);
    }
    text
}

/// The flat layout of a Neware export: a date and time, step and record numbers, mA and mAh.
pub fn neware(count: u32) -> String {
    let mut text = String::from(
        "DateTime,Cycle ID,Step ID,Record ID,Time(h:min:s.ms),Voltage(V),Current(mA),Capacitance_Chg(mAh),Capacitance_DChg(mAh),Status\n",
    );
    for row in rows(count) {
        let step = row.second / HALF_CYCLE;
        let into = row.second % HALF_CYCLE;
        let (day, clock) = (row.second / 86_400, row.second % 86_400);
        let _ = writeln!(
            text,
            "2026-01-{:02} {:02}:{:02}:{:02},{},{},{},{}:{:02}:{:02}.0,{:.4},{},{:.3},{:.3},{}",
            day + 1,
            clock / 3600,
            clock / 60 % 60,
            clock % 60,
            step / 2 + 1,
            step + 1,
            row.second + 1,
            into / 3600,
            into / 60 % 60,
            into % 60,
            row.volt,
            row.milliampere,
            row.charge_mah,
            row.discharge_mah,
            if row.milliampere > 0 { "C" } else { "D" },
        );
    }
    text
}

/// Writes so many rows of the flat Neware layout, its 26 columns as in `template`, a real export that is repeated with
/// running numbers of records, cycles and steps, and a time that runs on.
///
/// # Errors
///
/// As the writer's; a template that is not in that layout is invalid data.
pub fn repeat_neware(template: &str, count: usize, out: &mut impl io::Write) -> io::Result<()> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "expected a flat Neware export");
    let mut lines = template.lines();
    let header = lines.next().ok_or_else(invalid)?;
    let rows = lines.map(Template::of).collect::<Option<Vec<Template<'_>>>>().ok_or_else(invalid)?;
    let most = |of: fn(&Template<'_>) -> u64| rows.iter().map(of).max().unwrap_or(0);
    let (cycles, steps, seconds) =
        (most(|row| row.cycle), most(|row| row.step), most(|row| row.seconds) + 60);
    writeln!(out, "{header}")?;
    let rounds = (0_u64..).flat_map(|round| rows.iter().map(move |row| (round, row)));
    for ((round, row), number) in rounds.zip(1..=count) {
        let time = row.seconds + round * seconds;
        writeln!(
            out,
            "{number},{},{},{},{},{:02}:{:02}:{:02},{}",
            row.cycle + round * cycles,
            row.step + round * steps,
            row.kind,
            row.step_time,
            time / 3600,
            time / 60 % 60,
            time % 60,
            row.rest,
        )?;
    }
    Ok(())
}

/// A row of a flat Neware export in the parts that are counted on and the rest.
struct Template<'a> {
    cycle: u64,
    step: u64,
    kind: &'a str,
    step_time: &'a str,
    seconds: u64,
    rest: &'a str,
}

impl<'a> Template<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let mut cells = line.splitn(7, ',').skip(1);
        let mut cell = || cells.next();
        let (cycle, step) = (cell()?.parse().ok()?, cell()?.parse().ok()?);
        let (kind, step_time, time, rest) = (cell()?, cell()?, cell()?, cell()?);
        let seconds = time.split(':').try_fold(0, |sum, part| Some(sum * 60 + part.parse::<u64>().ok()?))?;
        Some(Self { cycle, step, kind, step_time, seconds, rest })
    }
}

/// Writes plain columns of a time, a voltage, a current and three more.
///
/// # Errors
///
/// As the writer's.
pub fn six(count: u32, out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "time_s,voltage_v,current_a,temperature_c,soc,capacity_ah")?;
    for row in rows(count) {
        let charged = row.charge_mah - row.discharge_mah;
        writeln!(
            out,
            "{},{:.5},{:.4},{:.3},{:.4},{:.6}",
            row.second,
            row.volt,
            f64::from(row.milliampere) / 1000.0,
            25.0 + row.volt / 10.0,
            charged.rem_euclid(2500.0) / 25.0,
            charged / 1000.0,
        )?;
    }
    Ok(())
}
