//! Battery recordings of real cyclers against figures that pandas computed from the same files (`expected.json` and
//! `EXPECTED.md` beside them, which state the tolerances).

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    clippy::float_cmp,
    clippy::too_many_arguments,
    clippy::as_conversions,
    reason = "a test says what it checked, and may stop at what it did not expect"
)]

mod formats;
mod reference;

use std::path::{Path, PathBuf};

use grid_core::battery::{self, Recording};
use serde_json::Value;

use self::reference::{trapezoids, vendor_increments, vendor_total};
use crate::shared_data;

/// The files that must pass in full; the others are counted and shown.
const FIRST_SLICE: [&str; 8] = [
    "pyprobe/arbin/sample_data_arbin.csv",
    "diffcapanalyzer/CS2_33_8_17_10.csv",
    "battery-data-toolkit/arbin_example.csv",
    "pyprobe/maccor/sample_data_maccor.csv",
    "beep/PredictionDiagnostics_000151_paused.052",
    "cellpy/neware_uio.csv",
    "bdf/sample.bdf.csv",
    "bdf/DLR__LiGrHydra0b__20230131__POCV__25degC__Basytec_head3000.bdf.csv",
];

/// Where the expected figures take minutes for seconds: the header names no unit, the rows are a minute apart by their
/// wall clock (`5/11/2021 3:40:24 PM`, `3:41:24 PM`), and the vendor's count agrees with minutes. Times and what is
/// integrated over them are 60 times the expected figure.
const MINUTES: &str = "cellpy/maccor_002.txt";

/// Where no two figures of the file itself agree: it is a thinned extract (so says the note in `expected.json`), and
/// in the pulses of cycle 5 the range of the vendor's capacity columns, their increments, the trapezoid and the
/// throughput column beside them are four different numbers. What is right there is that the library flags the cycle.
const INCONSISTENT: (&str, &str) = ("battery-data-toolkit/batterydata/p492-13-raw.csv", "5");

/// The totals that this cycle leaves without a reference; all others have one.
const WITHOUT_REFERENCE: [(&str, &str); 2] = [(INCONSISTENT.0, "charge_Ah"), (INCONSISTENT.0, "charge_Wh")];

/// Collects what a file fails in.
struct Check<'a> {
    expected: &'a Value,
    failures: Vec<String>,
}

impl Check<'_> {
    fn close(&mut self, what: &str, got: f64, key: &str, absolute: f64, relative: f64) {
        if let Some(expected) = self.expected.pointer(key).and_then(Value::as_f64) {
            self.within(what, got, expected, absolute, relative);
        }
    }

    fn within(&mut self, what: &str, got: f64, expected: f64, absolute: f64, relative: f64) {
        if (got - expected).abs() > absolute + relative * expected.abs() || got.is_nan() {
            self.failures.push(format!("{what}: expected {expected}, got {got}"));
        }
    }

    fn count(&mut self, what: &str, got: usize, key: &str) {
        if let Some(expected) = self.expected.pointer(key).and_then(Value::as_u64)
            && usize::try_from(expected).unwrap() != got
        {
            self.failures.push(format!("{what}: expected {expected}, got {got}"));
        }
    }
}

fn check(name: &str, expected: &Value, recording: &Recording) -> Vec<String> {
    let summary = battery::summarise(recording);
    let seconds = if name == MINUTES { 60.0 } else { 1.0 };
    let mut check = Check { expected, failures: Vec::new() };
    check.count("rows", summary.rows, "/rows");
    check.close("first time", summary.first_time_s / seconds, "/t_first_s", 1e-3, 0.0);
    check.close("last time", summary.last_time_s / seconds, "/t_last_s", 1e-3, 0.0);
    let ends = |values: &[f64]| (values[0], values[values.len() - 1]);
    let (first, last) = ends(&recording.voltage_v);
    check.close("first voltage", first, "/v_first", 0.0, 1e-9);
    check.close("last voltage", last, "/v_last", 0.0, 1e-9);
    let (first, last) = ends(&recording.current_a);
    check.close("first current", first, "/i_first", 1e-15, 1e-9);
    check.close("last current", last, "/i_last", 1e-15, 1e-9);
    check.close("lowest voltage", summary.voltage_min_v.unwrap_or(f64::NAN), "/v_min", 0.0, 1e-9);
    check.close("highest voltage", summary.voltage_max_v.unwrap_or(f64::NAN), "/v_max", 0.0, 1e-9);
    check.close("lowest current", summary.current_min_a.unwrap_or(f64::NAN), "/i_min", 1e-15, 1e-9);
    check.close("highest current", summary.current_max_a.unwrap_or(f64::NAN), "/i_max", 1e-15, 1e-9);
    check.count("backward times", summary.backward_times, "/time_backward_steps");
    check.count("duplicate times", summary.duplicate_times, "/time_duplicate_steps");
    check.count("missing voltages", summary.missing_voltages, "/nan_v");
    check.count("missing currents", summary.missing_currents, "/nan_i");
    check.count("cycles", summary.cycles.len(), "/cycles");
    if let Some(steps) = &recording.step_index {
        let mut distinct = steps.clone();
        distinct.sort_unstable();
        distinct.dedup();
        check.count("distinct steps", distinct.len(), "/distinct_step_ids");
        check.count(
            "step changes",
            steps.windows(2).filter(|pair| pair[0] != pair[1]).count(),
            "/step_changes",
        );
    } else if expected.get("distinct_step_ids").is_some() {
        check.failures.push("no steps".to_owned());
    }
    totals(name, &mut check, recording, &summary, seconds);
    for (number, cycle) in expected.get("per_cycle").and_then(Value::as_object).into_iter().flatten() {
        per_cycle(name, &mut check, number, cycle, recording, &summary, seconds);
    }
    for (number, cycle) in
        expected.get("per_cycle_sum_of_step_max").and_then(Value::as_object).into_iter().flatten()
    {
        let Some(got) = summary.cycles.iter().find(|got| got.cycle.to_string() == *number) else { continue };
        for (what, got) in [
            ("charge_Ah", got.charge_capacity_ah),
            ("discharge_Ah", got.discharge_capacity_ah),
            ("charge_Wh", got.charge_energy_wh),
            ("discharge_Wh", got.discharge_energy_wh),
        ] {
            check.within(
                &format!("cycle {number} {what} by steps"),
                got,
                cycle[what].as_f64().unwrap(),
                6e-9,
                1e-6,
            );
        }
    }
    check.failures
}

/// Totals, in three steps that leave no room between them: the trapezoid over the columns as they were read is the
/// stated figure; the integral by steps is within 0.1 % of it; and where step changes cost the trapezoid more than
/// that, the vendor's increments are the reference, to a millionth.
fn totals(
    name: &str,
    check: &mut Check<'_>,
    recording: &Recording,
    summary: &battery::Summary,
    seconds: f64,
) {
    let Some(expected) = check.expected.get("trapezoid_total") else { return };
    let plain = trapezoids(recording);
    let count = vendor_increments(recording, 0..recording.time_s.len());
    for (index, (what, integral, counted)) in [
        ("charge_Ah", summary.integral_charge_ah, summary.charge_capacity_ah),
        ("discharge_Ah", summary.integral_discharge_ah, summary.discharge_capacity_ah),
        ("charge_Wh", summary.integral_charge_wh, summary.charge_energy_wh),
        ("discharge_Wh", summary.integral_discharge_wh, summary.discharge_energy_wh),
    ]
    .into_iter()
    .enumerate()
    {
        let stated = expected[what].as_f64().unwrap() * seconds;
        if (plain[index] - stated).abs() > 1e-12 + 1e-9 * stated.abs() {
            check.failures.push(format!("trapezoid {what}: expected {stated}, got {}", plain[index]));
        }
        let near = (integral - stated).abs() <= 1e-9 + 1e-3 * stated.abs();
        // `expected.json` rounds to 1e-8 Ah.
        let listed = vendor_total(check.expected, what).map(|total| (total, 6e-9));
        // Of a count with few digits the library gives the charge beside its integral, and no energy.
        let by_count = |cycle: &battery::CycleSummary| match (index, cycle.agreement) {
            (0, Some(agreement)) => agreement.vendor_charge_ah,
            (1, Some(agreement)) => agreement.vendor_discharge_ah,
            (0, None) => cycle.charge_capacity_ah,
            (1, None) => cycle.discharge_capacity_ah,
            _ => f64::NAN,
        };
        let charges = what.ends_with("Ah");
        let as_vendor = listed.is_some_and(|vendor| as_counted(counted, vendor))
            || count[index].is_some_and(|(vendor, rounding)| {
                let by_count: f64 = summary.cycles.iter().map(by_count).sum();
                if charges {
                    as_counted(by_count, (vendor, 6e-9))
                } else {
                    as_counted(counted, (vendor, rounding))
                }
            });
        if !near && !as_vendor && !WITHOUT_REFERENCE.contains(&(name, what)) {
            check.failures.push(format!(
                "total {what}: expected {stated}, integral {integral}, counted {counted}, vendor {listed:?} {:?}",
                count[index]
            ));
        }
    }
}

/// Whether a figure is the vendor's, to a millionth beside the rounding of the figure that it is compared with.
fn as_counted(got: f64, (vendor, rounding): (f64, f64)) -> bool {
    (got - vendor).abs() <= rounding + 1e-6 * vendor.abs()
}

fn per_cycle(
    name: &str,
    check: &mut Check<'_>,
    number: &str,
    cycle: &Value,
    recording: &Recording,
    summary: &battery::Summary,
    seconds: f64,
) {
    let Some(got) = summary.cycles.iter().find(|got| got.cycle.to_string() == number) else {
        check.failures.push(format!("no cycle {number}"));
        return;
    };
    if cycle["rows"].as_u64().unwrap() != got.rows as u64 {
        check.failures.push(format!("cycle {number} rows: expected {}, got {}", cycle["rows"], got.rows));
    }
    let rows = got.first_row..got.first_row + got.rows;
    let start = recording.time_s[got.first_row];
    check.within(
        &format!("cycle {number} start"),
        start / seconds,
        cycle["t_start_s"].as_f64().unwrap(),
        1e-3,
        0.0,
    );
    let stop = (start + got.duration_s) / seconds;
    check.within(&format!("cycle {number} end"), stop, cycle["t_end_s"].as_f64().unwrap(), 1e-3, 0.0);
    let voltages = &recording.voltage_v[rows.clone()];
    let lowest = voltages.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = voltages.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    check.within(
        &format!("cycle {number} lowest voltage"),
        lowest,
        cycle["v_min"].as_f64().unwrap(),
        0.0,
        1e-9,
    );
    check.within(
        &format!("cycle {number} highest voltage"),
        highest,
        cycle["v_max"].as_f64().unwrap(),
        0.0,
        1e-9,
    );
    if let (Some(expected), Some(values)) =
        (cycle.get("t_max_degC").and_then(Value::as_f64), &recording.temperature_c)
    {
        let highest = values[rows.clone()].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        check.within(&format!("cycle {number} highest temperature"), highest, expected, 1e-9, 1e-9);
    }
    let by_steps = check.expected.get("per_cycle_sum_of_step_max").is_some();
    let known = (name, number) == INCONSISTENT && got.agreement.is_some_and(|agreement| !agreement.agrees);
    for (index, (what, counted, integral)) in [
        ("charge", got.charge_capacity_ah, got.agreement.map(|agreement| agreement.integral_charge_ah)),
        (
            "discharge",
            got.discharge_capacity_ah,
            got.agreement.map(|agreement| agreement.integral_discharge_ah),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let vendor = |end: &str| cycle.get(format!("vendor_{what}_column_{end}_Ah")).and_then(Value::as_f64);
        let trapezoid = cycle[format!("trapezoid_{what}_Ah")].as_f64().unwrap();
        // A count that restarts within the cycle moved more than its range; its increments are those of the file.
        let count = vendor_increments(recording, rows.clone())[index];
        let restarted =
            |range: f64| trapezoid > 1.05 * range && count.is_some_and(|count| count.0 > 1.05 * range);
        if let (Some(most), Some(least), false) = (vendor("max"), vendor("min"), by_steps)
            && !restarted(most - least)
        {
            if !as_counted(counted, (most - least, 6e-9)) && !known {
                check.failures.push(format!(
                    "cycle {number} {what}: by the vendor {}, counted {counted}",
                    most - least
                ));
            }
            continue;
        }
        let stated = trapezoid * seconds;
        // The expected figures are rounded to 1e-8 Ah.
        let near = (integral.unwrap_or(counted) - stated).abs() <= 6e-9 * seconds + 1e-3 * stated.abs();
        // Where the count has too few digits, the library gives the integral, and the count beside it.
        let by_count = got.agreement.map_or(counted, |agreement| {
            if index == 0 { agreement.vendor_charge_ah } else { agreement.vendor_discharge_ah }
        });
        if !near && !count.is_some_and(|(count, _)| as_counted(by_count, (count, 6e-9))) && !known {
            check.failures.push(format!(
                "cycle {number} {what}: expected {stated}, integral {integral:?}, counted {counted}, vendor {count:?}"
            ));
        }
    }
}

fn expected(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    // Python writes NaN for a temperature that no cell has.
    serde_json::from_str::<Value>(&text.replace(": NaN", ": null")).unwrap()["files"].take()
}

#[test]
fn every_file_gives_what_pandas_gave() {
    let Some(folder) = shared_data::folder("battery") else { return };
    let expected = expected(&folder);
    let files = expected.as_object().unwrap();
    let mut passed = 0;
    let mut first_slice = Vec::new();
    for (name, expected) in files {
        let failures = match battery::read_path(folder.join(name)) {
            Ok(recording) => {
                let failures = check(name, expected, &recording);
                println!(
                    "{} {:<9} {name}",
                    if failures.is_empty() { "pass" } else { "FAIL" },
                    recording.format
                );
                failures
            }
            Err(error) => {
                println!("FAIL unread    {name}");
                vec![format!("{error}: {}", std::error::Error::source(&error).unwrap())]
            }
        };
        for failure in failures.iter().take(6) {
            println!("     {failure}");
        }
        passed += usize::from(failures.is_empty());
        if !failures.is_empty() && FIRST_SLICE.contains(&name.as_str()) {
            first_slice.push((name, failures));
        }
    }
    println!("{passed} of {} files of expected.json pass in full", files.len());
    assert!(first_slice.is_empty(), "{first_slice:#?}");
    assert_eq!(passed, files.len(), "see the lines above");
}

#[test]
fn every_other_recording_is_read_and_what_is_none_is_refused() {
    let Some(folder) = shared_data::folder("battery") else { return };
    let known = expected(&folder);
    let refused =
        ["beep/unsupported_test.csv", "_Metadata.csv", "_metadata.csv", "-summary.csv", "_cycle_data.csv"];
    let mut unread = Vec::new();
    let mut folders = vec![folder.clone()];
    let (mut read, mut all) = (0, 0);
    while let Some(next) = folders.pop() {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/");
            let other = ["md", "jsonl", "json", "parquet"];
            let is_other = path.extension().is_some_and(|end| other.iter().any(|other| end == *other));
            if is_other || name.contains("LICENSE") || known.get(&name).is_some() {
                continue;
            }
            let result = battery::read_path(&path);
            if refused.iter().any(|end| name.ends_with(end)) {
                assert!(result.is_err(), "{name} is not a recording");
                continue;
            }
            all += 1;
            match result {
                Ok(recording) => {
                    read += 1;
                    let mut summary = battery::summarise(&recording);
                    summary.cycles.truncate(1);
                    println!("read {:<9} {name}: {summary:?}", recording.format);
                    for remark in &recording.remarks {
                        println!("        {}: {}", remark.code, remark.message);
                    }
                }
                Err(error) => {
                    println!("UNREAD         {name}: {}", std::error::Error::source(&error).unwrap());
                    unread.push(name);
                }
            }
        }
    }
    println!("{read} of {all} other recordings are read");
    assert!(unread.is_empty(), "{unread:#?}");
}

#[test]
fn known_answers_of_other_programs_come_out() {
    let Some(folder) = shared_data::folder("battery") else { return };
    let read = |name: &str| battery::read_path(folder.join(name)).unwrap();
    let near =
        |got: f64, expected: f64, within: f64| assert!((got - expected).abs() <= within, "{got} {expected}");
    // All figures below stand in EXPECTED.md.
    let cycles = read("cellpy/neware_uio.csv").cycles();
    near(cycles[2].charge_capacity_ah, 7.835e-3, 5e-7);
    near(cycles[2].discharge_capacity_ah, 7.974e-3, 5e-7);
    // The vendor's own energy over its own charge; the mean voltages are those of the integrals.
    near(cycles[2].charge_voltage_mean_v.unwrap(), 3.345_32 / 7.834_77, 1e-4);
    near(cycles[2].discharge_voltage_mean_v.unwrap(), 1.597_58 / 7.974_23, 1e-4);
    assert!(cycles.iter().all(|cycle| cycle.energy_agreement.is_some_and(|energy| energy.agrees)));
    let cycles = read("diffcapanalyzer/CS2_33_2_2_11.csv").cycles();
    near(cycles[0].charge_capacity_ah, 0.16934, 5e-6);
    near(cycles[0].discharge_capacity_ah, 0.15606, 5e-6);
    let recording = read("pyprobe/basytec/sample_data_basytec.txt");
    assert_eq!(recording.started_at.unwrap().to_string(), "2023-06-19T17:56:53");
    assert_eq!(recording.step_index.as_ref().and_then(|steps| steps.last()), Some(&4));
    near(recording.current_a[73], 0.449_602, 5e-7);
    near(recording.voltage_v[73], 3.53285, 5e-6);
    near(battery::summarise(&recording).charge_capacity_ah, 0.001_248_917, 5e-10);
    let recording = read("pyprobe/novonix/sample_data_novonix.csv");
    near(*recording.time_s.last().unwrap(), 12_287.480_04, 1e-3);
    near(*recording.voltage_v.last().unwrap(), 4.128_645_81, 1e-9);
    near(battery::summarise(&recording).charge_capacity_ah, 1.706_529_76, 1e-8);
    let recording = read("pyprobe/biologic/Sample_data_biologic_CA1.txt");
    assert_eq!(recording.started_at.unwrap().to_string(), "2024-05-13T11:19:51.602");
    near(*recording.current_a.last().unwrap(), -0.899_826, 5e-7);
    near(*recording.time_s.last().unwrap(), 139.524_007, 1e-6);
    let last = read("pyprobe/biologic/Sample_data_biologic_03_MB_CA1.txt");
    near(*last.time_s.last().unwrap(), 256_016.113_44, 1e-4);
}

#[test]
fn jumps_of_time_are_remarked_and_what_is_no_recording_is_refused() {
    let Some(folder) = shared_data::folder("battery") else { return };
    let jumping = "bdf/SINTEF__SLPBA842124HV__2024-10-23__Rate_25degC__Neware__Time_Bug_head3000.bdf.csv";
    assert!(battery::read_path(folder.join(jumping)).unwrap().has_remark("time_backward"));
    let error = battery::read_path(folder.join("beep/unsupported_test.csv")).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("expected a header line with a time and a voltage"), "{source}");
    assert!(source.contains("`cutoff_voltage`"), "{source}");
    let generic = battery::read_path(folder.join("home-synthetic/student_generic.csv")).unwrap();
    assert_eq!(generic.format, battery::Format::Generic);
    assert_eq!(generic.time_s, [0.0, 60.0, 120.0]);
    assert_eq!(generic.voltage_v, [4.18, 4.15, 4.13]);
    assert_eq!(generic.current_a, [-1.25; 3]);
    assert_eq!(generic.temperature_c, Some(vec![25.0, 25.1, 25.2]));
    let charge: Vec<String> =
        generic.state_of_charge.unwrap().iter().map(|part| format!("{part:.3}")).collect();
    assert_eq!(charge, ["1.000", "0.992", "0.983"]);
}
