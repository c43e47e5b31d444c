//! What a recording says, for people.

use std::fmt::Write as _;

use grid_core::battery::{
    AnalysisOptions, CycleSummary, Flag, Health, OrReason, Reference, Refusal, Summary, health, knee,
    remaining_life,
};

/// How many cycles are shown where not all are asked for: with the rest of the table, a screenful.
const SCREENFUL: usize = 20;
/// How many of a list of remarks or flags are shown.
const MOST_FLAGS: usize = 20;

/// A recording as a table; flags are shown where they were looked for.
pub(super) fn table(
    name: &str,
    summary: &Summary,
    known: &AnalysisOptions,
    all: bool,
    flags: Option<&OrReason<Vec<Flag>>>,
) -> String {
    let mut text = format!("{name}\n");
    row(&mut text, "format", summary.format);
    rows(&mut text, "evidence", summary.evidence.iter().map(ToString::to_string));
    if let Some(start) = summary.started_at {
        row(&mut text, "started", &start.to_string());
    }
    let seconds = summary.last_time_s - summary.first_time_s;
    row(&mut text, "rows", &format!("{} over {}", grouped(summary.rows), duration(seconds)));
    range(&mut text, "voltage", summary.voltage_min_v, summary.voltage_max_v, "V");
    range(&mut text, "current", summary.current_min_a, summary.current_max_a, "A");
    range(&mut text, "temperature", summary.temperature_min_c, summary.temperature_max_c, "°C");
    moved(&mut text, "charged", summary.charge_capacity_ah, summary.charge_energy_wh);
    moved(&mut text, "discharged", summary.discharge_capacity_ah, summary.discharge_energy_wh);
    cycles(&mut text, &summary.cycles, all);
    ageing(&mut text, &summary.cycles, known);
    rows(
        &mut text,
        "remarks",
        summary.remarks.iter().map(|remark| {
            let line = remark.line.map(|line| format!(" (line {line})")).unwrap_or_default();
            format!("{}: {}{line}", remark.code, remark.message)
        }),
    );
    disagreements(&mut text, &summary.cycles);
    match flags.map(|flags| &flags.0) {
        None => {}
        Some(Ok(flags)) if flags.is_empty() => row(&mut text, "flags", "none"),
        Some(Ok(flags)) => {
            let more = flags.len().saturating_sub(MOST_FLAGS);
            let told = flags.iter().take(MOST_FLAGS).map(flag);
            let rest = (more > 0).then(|| format!("and {more} more; --json has them all"));
            rows(&mut text, "flags", told.chain(rest));
        }
        Some(Err(reason)) => row(&mut text, "flags", &unknown(reason)),
    }
    text
}

fn row(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "  {name:<12} {value}");
}

/// A name and its values, one a line.
fn rows(text: &mut String, name: &str, values: impl Iterator<Item = String>) {
    for (place, value) in values.enumerate() {
        row(text, if place == 0 { name } else { "" }, &value);
    }
}

fn range(text: &mut String, name: &str, low: Option<f64>, high: Option<f64>, unit: &str) {
    if let (Some(low), Some(high)) = (low, high) {
        row(text, name, &format!("{low:.4} to {high:.4} {unit}"));
    }
}

fn moved(text: &mut String, name: &str, ampere_hours: f64, watt_hours: f64) {
    let amounts: Vec<String> = [(ampere_hours, "Ah"), (watt_hours, "Wh")]
        .into_iter()
        .filter(|(amount, _)| amount.is_finite())
        .map(|(amount, unit)| format!("{amount:.4} {unit}"))
        .collect();
    if !amounts.is_empty() {
        row(text, name, &amounts.join(", "));
    }
}

fn cycles(text: &mut String, cycles: &[CycleSummary], all: bool) {
    if cycles.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n  {:>7} {:>12} {:>12} {:>12} {:>12} {:>12} {:>9} {:>9}",
        "cycle", "charge Ah", "discharge Ah", "charge Wh", "discharge Wh", "coulombic %", "energy %", "hours"
    );
    let cut = if all || cycles.len() <= SCREENFUL { cycles.len() } else { SCREENFUL / 2 };
    let (first, rest) = cycles.split_at(cut);
    let (left_out, last) = rest.split_at(rest.len().saturating_sub(SCREENFUL / 2));
    for one in first {
        cycle(text, one);
    }
    if !left_out.is_empty() {
        let _ = writeln!(text, "  {:>7} {} more cycles; --all shows them", "...", left_out.len());
    }
    for one in last {
        cycle(text, one);
    }
    text.push('\n');
}

fn cycle(text: &mut String, cycle: &CycleSummary) {
    let amount = |amount: f64| if amount.is_finite() { format!("{amount:.4}") } else { "-".to_owned() };
    let share =
        |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{:.2}", share * 100.0));
    let _ = writeln!(
        text,
        "  {:>7} {:>12} {:>12} {:>12} {:>12} {:>12} {:>9} {:>9.2}",
        cycle.cycle,
        amount(cycle.charge_capacity_ah),
        amount(cycle.discharge_capacity_ah),
        amount(cycle.charge_energy_wh),
        amount(cycle.discharge_energy_wh),
        share(cycle.coulombic_efficiency),
        share(cycle.energy_efficiency),
        cycle.duration_s / 3600.0,
    );
}

fn ageing(text: &mut String, cycles: &[CycleSummary], known: &AnalysisOptions) {
    let of_cycles = match health(cycles, known.nominal_ah) {
        Ok(of_cycles) => of_cycles,
        Err(reason) => return row(text, "health", &unknown(&reason)),
    };
    let reference = match of_cycles.reference {
        Reference::Nominal => "nominal".to_owned(),
        Reference::FirstFullCycle { cycle } => format!("of cycle {cycle}"),
    };
    let health = format!(
        "{:.2} % of {:.4} Ah ({reference}), {:.1} equivalent full cycles",
        of_cycles.state_of_health * 100.0,
        of_cycles.reference_ah,
        of_cycles.equivalent_full_cycles
    );
    row(text, "health", &health);
    let (x, y) = Health::series(&of_cycles);
    let bend = knee(&x, &y).map_or_else(
        |reason| unknown(&reason),
        |knee| format!("at cycle {:.0} ({:.0} to {:.0})", knee.at, knee.low, knee.high),
    );
    row(text, "knee", &bend);
    let life = remaining_life(&x, &y, known.end_of_life).map_or_else(
        |reason| unknown(&reason),
        |life| {
            let high = life.remaining_high.map_or_else(|| "unknown".to_owned(), |high| format!("{high:.0}"));
            format!(
                "{:.0} cycles ({:.0} to {high}) to {:.0} %",
                life.remaining,
                life.remaining_low,
                life.threshold * 100.0
            )
        },
    );
    row(text, "life left", &life);
}

/// The cycles whose count and whose integral of the current do not fit each other.
fn disagreements(text: &mut String, cycles: &[CycleSummary]) {
    let apart =
        cycles.iter().filter_map(|cycle| Some((cycle.cycle, cycle.agreement.filter(|both| !both.agrees)?)));
    let told: Vec<String> = apart
        .map(|(cycle, both)| {
            let percent = both.difference * 100.0;
            format!("cycle {cycle}: the recorded capacity and the current differ by {percent:.1} %")
        })
        .collect();
    let more = told.len().saturating_sub(MOST_FLAGS);
    let rest = (more > 0).then(|| format!("and {more} more; --json has them all"));
    rows(text, "doubts", told.into_iter().take(MOST_FLAGS).chain(rest));
}

fn flag(flag: &Flag) -> String {
    let kind = serde_json::to_value(flag.kind).ok();
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or("flag").to_owned();
    format!(
        "{kind} from {} to {} s (rows {} to {}): {:.4}, bound {:.4}",
        flag.start_s, flag.end_s, flag.first_row, flag.last_row, flag.value, flag.bound
    )
}

fn unknown(reason: &Refusal) -> String {
    format!("not known: {reason}")
}

/// A count with its thousands apart.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A time in the unit that suits it.
fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "an unknown time".to_owned();
    }
    match seconds.abs() {
        ..120.0 => format!("{seconds:.1} s"),
        ..7200.0 => format!("{:.1} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} d", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_times_are_written_for_people() {
        assert_eq!([7, 1000, 20_000_000].map(grouped), ["7", "1 000", "20 000 000"]);
        assert_eq!(
            [0.5, 600.0, 86_400.0, 864_000.0, f64::NAN].map(duration),
            ["0.5 s", "10.0 min", "24.0 h", "10.0 d", "an unknown time"]
        );
    }

    #[test]
    fn many_cycles_are_cut_to_a_screenful_unless_all_are_asked_for() {
        let mut file = String::from("time_s,voltage_V,current_A,cycle_index\n");
        for cycle in 0..50 {
            for (time, current) in [(0, 0), (1, 1), (3600, 1), (3601, -1), (7200, -1), (7201, 0)] {
                let _ = writeln!(file, "{},3.7,{current},{}", cycle * 8000 + time, cycle + 1);
            }
        }
        let summary = grid_core::battery::summarise_bytes(file.as_bytes()).unwrap();
        let known = AnalysisOptions::default();
        let cut = table("cell.csv", &summary, &known, false, None);
        assert!(cut.contains("... 30 more cycles; --all shows them"), "{cut}");
        assert!(cut.lines().count() < 60, "{cut}");
        let all = table("cell.csv", &summary, &known, true, None);
        let shown = |text: &str| {
            let number = |line: &str| line.split_whitespace().next()?.parse::<i64>().ok();
            text.lines().filter_map(number).collect::<Vec<_>>()
        };
        assert_eq!(shown(&all), (1..=50).collect::<Vec<_>>());
        assert_eq!(shown(&cut), (1..=10).chain(41..=50).collect::<Vec<_>>());
        assert!(all.contains("health       100.00 % of 1.0"), "{all}");
    }
}
