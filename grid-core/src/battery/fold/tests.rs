//! The laws of the fold, over recordings of all kinds of columns.

use proptest::prelude::*;

use super::super::label::{Labels, NO_LABEL};
use super::super::log::{Format, Recording};
use super::super::summary::{Summary, summarise};
use super::*;

/// Which columns a recording has, and how its counts run.
#[expect(clippy::struct_excessive_bools, reason = "each is a column that a file has or has not")]
#[derive(Clone, Copy, Debug)]
struct Columns {
    cycles: bool,
    steps: bool,
    step_time: bool,
    temperature: bool,
    power: bool,
    pair: Option<Restarts>,
    one: Option<One>,
    /// Each so many rows one cell is missing.
    missing: Option<usize>,
    format: Format,
}

#[derive(Clone, Copy, Debug)]
enum Restarts {
    Never,
    EachStep,
}

#[derive(Clone, Copy, Debug)]
enum One {
    Net,
    Unsigned(Restarts),
}

/// A step: its current in quarters of an ampere, its rows, whether a cycle starts with it, and seconds between rows.
type Stretch = (i32, usize, bool, u32);

/// What the counts say, at a row.
#[derive(Default)]
struct Counts {
    charge: f64,
    discharge: f64,
    in_step: (f64, f64),
}

fn recording(stretches: &[Stretch], columns: Columns) -> Recording {
    let mut recording = Recording {
        format: columns.format,
        evidence: Vec::new(),
        remarks: Vec::new(),
        started_at: None,
        time_s: Vec::new(),
        voltage_v: Vec::new(),
        current_a: Vec::new(),
        power_w: columns.power.then(Vec::new),
        temperature_c: columns.temperature.then(Vec::new),
        state_of_charge: None,
        charge_capacity_ah: columns.pair.map(|_| Vec::new()),
        discharge_capacity_ah: columns.pair.map(|_| Vec::new()),
        capacity_ah: columns.one.map(|_| Vec::new()),
        charge_energy_wh: columns.pair.map(|_| Vec::new()),
        discharge_energy_wh: columns.pair.map(|_| Vec::new()),
        energy_wh: columns.one.map(|_| Vec::new()),
        cycle_index: columns.cycles.then(Vec::new),
        step_index: columns.steps.then(Vec::new),
        step_time_s: columns.step_time.then(Vec::new),
        labels: None,
        channels: Vec::new(),
    };
    let mut counts = Counts::default();
    let mut labels = Vec::new();
    let (mut time, mut cycle, mut row) = (0.0, 1, 0_usize);
    for (step, (quarters, rows, starts, interval)) in (0..).zip(stretches) {
        cycle += i64::from(*starts);
        counts.in_step = (0.0, 0.0);
        for row_of_step in 0..*rows {
            let current = f64::from(*quarters) * 0.25;
            let seconds = f64::from(*interval);
            time += seconds;
            row += 1;
            labels.push([0, 1, 2, NO_LABEL][(row / 3 + row / 16) % 4]);
            let moved = current.abs() * seconds / 3600.0;
            if current > 0.0 {
                counts.charge += moved;
                counts.in_step.0 += moved;
            } else {
                counts.discharge += moved;
                counts.in_step.1 += moved;
            }
            let there = |every: usize, value: f64| {
                let gone =
                    columns.missing.is_some_and(|missing| (row + every).is_multiple_of(missing + every));
                if gone { f64::NAN } else { value }
            };
            let voltage = 3.5 + 0.05 * current + counts.charge - counts.discharge;
            recording.time_s.push(there(11, time));
            recording.voltage_v.push(there(1, voltage));
            recording.current_a.push(there(2, current));
            let push = |column: &mut Option<Vec<f64>>, value: f64| {
                if let Some(column) = column {
                    column.push(there(3, value));
                }
            };
            push(&mut recording.power_w, current * 3.6);
            push(&mut recording.temperature_c, 25.0 + current);
            push(&mut recording.step_time_s, seconds * f64::from(u32::try_from(row_of_step).unwrap()));
            let pair = match columns.pair {
                Some(Restarts::EachStep) => counts.in_step,
                _ => (counts.charge, counts.discharge),
            };
            push(&mut recording.charge_capacity_ah, pair.0);
            push(&mut recording.discharge_capacity_ah, pair.1);
            push(&mut recording.charge_energy_wh, pair.0 * 3.7);
            push(&mut recording.discharge_energy_wh, pair.1 * 3.6);
            let one = match columns.one {
                Some(One::Unsigned(Restarts::EachStep)) => counts.in_step.0 + counts.in_step.1,
                Some(One::Unsigned(Restarts::Never)) => counts.charge + counts.discharge,
                _ => counts.charge - counts.discharge,
            };
            push(&mut recording.capacity_ah, one);
            push(&mut recording.energy_wh, one * 3.6);
            if let Some(cycles) = &mut recording.cycle_index {
                cycles.push(cycle);
            }
            if let Some(steps) = &mut recording.step_index {
                steps.push(step % 5);
            }
        }
    }
    recording.labels = Labels::new(["a", "b", "c"].map(str::to_owned).to_vec(), labels);
    recording
}

fn columns() -> impl Strategy<Value = Columns> {
    let restarts = || prop_oneof![Just(Restarts::Never), Just(Restarts::EachStep)];
    let one = prop_oneof![Just(One::Net), restarts().prop_map(One::Unsigned)];
    (
        any::<[bool; 5]>(),
        prop::option::of(restarts()),
        prop::option::of(one),
        prop::option::of(2..9_usize),
        prop_oneof![Just(Format::Neware), Just(Format::Home)],
    )
        .prop_map(|([cycles, steps, step_time, temperature, power], pair, one, missing, format)| {
            Columns { cycles, steps, step_time, temperature, power, pair, one, missing, format }
        })
}

fn stretches() -> impl Strategy<Value = Vec<Stretch>> {
    let interval = prop_oneof![8 => Just(60_u32), 1 => Just(30), 1 => Just(900), 1 => Just(0)];
    prop::collection::vec((-6..7_i32, 1..12_usize, prop::bool::weighted(0.3), interval), 1..30)
}

/// The summary of a recording that comes in batches of these sizes, over and over.
fn in_batches(recording: &Recording, sizes: &[usize]) -> Summary {
    let rows = recording.rows();
    let mut fold = Fold::new(recording.format);
    for again in [true, false] {
        let mut start = 0;
        for size in sizes.iter().cycle() {
            let stop = (start + size).min(recording.len());
            fold.push(&rows.part(start, stop));
            start = stop;
            if start == recording.len() {
                break;
            }
        }
        match fold.finish() {
            Outcome::Summary(summary) => return *summary,
            Outcome::Again(assumptions) => {
                assert!(again, "the assumptions of a whole file hold for it");
                fold = Fold::with(assumptions);
            }
        }
    }
    unreachable!("the second pass gives a summary");
}

/// Equal to the last bit, NaN too.
fn bits(summary: &Summary) -> String {
    format!("{summary:?}")
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) + 1e-12 || (a.is_nan() && b.is_nan())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn figures_do_not_depend_on_the_batches(
        stretches in stretches(),
        columns in columns(),
        sizes in prop::collection::vec(1..20_usize, 1..6),
    ) {
        let recording = recording(&stretches, columns);
        let whole = bits(&summarise(&recording));
        prop_assert_eq!(&bits(&in_batches(&recording, &sizes)), &whole);
        prop_assert_eq!(&bits(&in_batches(&recording, &[1])), &whole);
    }

    #[test]
    fn a_cycle_is_the_sum_of_its_steps(stretches in stretches(), columns in columns()) {
        let summary = summarise(&recording(&stretches, columns));
        prop_assert_eq!(summary.steps.iter().map(|step| step.rows).sum::<usize>(), summary.rows);
        for cycle in &summary.cycles {
            let steps = || summary.steps.iter().filter(|step| step.cycle == cycle.cycle);
            for (of_cycle, of_steps) in [
                (cycle.charge_capacity_ah, steps().map(|step| step.charge_capacity_ah).sum::<f64>()),
                (cycle.discharge_capacity_ah, steps().map(|step| step.discharge_capacity_ah).sum()),
                (cycle.charge_energy_wh, steps().map(|step| step.charge_energy_wh).sum()),
                (cycle.discharge_energy_wh, steps().map(|step| step.discharge_energy_wh).sum()),
            ] {
                prop_assert!(close(of_cycle, of_steps), "{of_cycle} {of_steps} {cycle:?}");
            }
        }
    }

    #[test]
    fn a_stronger_current_moves_more_in_proportion(stretches in stretches(), factor in 1..9_i32) {
        let columns = Columns {
            cycles: true, steps: true, step_time: false, temperature: false, power: false,
            pair: None, one: None, missing: None, format: Format::Neware,
        };
        let times = |factor: i32| {
            let stretches: Vec<Stretch> = stretches.iter().map(|s| (s.0 * factor, s.1, s.2, s.3)).collect();
            summarise(&recording(&stretches, columns))
        };
        let (once, more) = (times(1), times(factor));
        prop_assert_eq!(once.cycles.len(), more.cycles.len());
        for (once, more) in once.cycles.iter().zip(&more.cycles) {
            prop_assert!(close(once.charge_capacity_ah * f64::from(factor), more.charge_capacity_ah));
            prop_assert!(close(once.discharge_capacity_ah * f64::from(factor), more.discharge_capacity_ah));
        }
    }

    #[test]
    fn two_halves_move_what_the_whole_does(stretches in stretches(), columns in columns(), at in 0.0..1.0_f64) {
        let columns = Columns { missing: None, pair: None, one: None, format: Format::Neware, ..columns };
        let recording = recording(&stretches, columns);
        #[expect(
            clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_precision_loss,
            clippy::cast_sign_loss, reason = "few rows"
        )]
        let middle = (at * recording.len() as f64) as usize;
        let rows = recording.rows();
        let sum = |from: usize, to: usize| {
            let mut fold = Fold::new(recording.format);
            fold.push(&rows.part(from, to));
            match fold.finish() {
                Outcome::Summary(summary) => summary.integral_charge_ah + summary.integral_discharge_ah,
                Outcome::Again(_) => panic!("a cycler's file needs one pass"),
            }
        };
        // Both halves have the row in the middle, and the interval between two rows is in one of them.
        let whole = sum(0, recording.len());
        prop_assert!(close(whole, sum(0, middle + 1) + sum(middle, recording.len())));
    }

    #[test]
    fn the_vendors_count_agrees_with_the_current_however_it_restarts(
        stretches in stretches(),
        columns in columns(),
        restarts in prop_oneof![Just(Restarts::Never), Just(Restarts::EachStep)],
    ) {
        // With its own step time the integral knows that the interval before a step's first row is of the old step;
        // the counts here move in it already, so there is none.
        let columns = Columns {
            missing: None, format: Format::Neware, steps: true, step_time: false, power: false,
            pair: Some(restarts), one: None, ..columns
        };
        // One strength and three rows at least, or a restart cannot be told from a count that runs on.
        let stretches: Vec<Stretch> =
            stretches.into_iter().map(|(current, rows, starts, _)| (current.signum() * 2, rows + 2, starts, 60)).collect();
        let summary = summarise(&recording(&stretches, columns));
        let first = stretches.first().map_or(0.0, |s| f64::from(s.0.abs()) * 0.25 * f64::from(s.3) / 3600.0);
        let by_count: f64 =
            summary.cycles.iter().map(|cycle| cycle.charge_capacity_ah + cycle.discharge_capacity_ah).sum();
        let by_current = summary.integral_charge_ah + summary.integral_discharge_ah;
        prop_assert!((by_count - by_current).abs() <= 1e-9 + first, "{by_count} {by_current}");
    }
}
