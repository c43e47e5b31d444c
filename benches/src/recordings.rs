//! Battery recordings: one reading a second, an hour of charging and an hour of discharging a cycle.

use std::fmt::Write;

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
