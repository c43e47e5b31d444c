//! `grid-server battery`: the table, the charts, the exports and the errors.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::{harness::folder, process::program};

/// Three cycles of an hour each way at 1 A between rests, the last a tenth shorter.
fn recording() -> String {
    let mut text = String::from("time_s,voltage_V,current_A,cycle_index\n");
    for cycle in 0..3 {
        let (start, length) = (cycle * 8000, if cycle == 2 { 3240 } else { 3600 });
        for (time, volt, current) in [
            (0, 3.0, 0),
            (1, 3.1, 1),
            (length / 2, 3.8, 1),
            (length, 4.2, 1),
            (length + 1, 4.1, -1),
            (2 * length, 3.0, -1),
            (2 * length + 1, 3.1, 0),
        ] {
            writeln!(text, "{},{volt},{current},{}", start + time, cycle + 1).unwrap();
        }
    }
    text
}

fn written(folder: &Path, name: &str, content: &str) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, content).unwrap();
    file
}

fn battery(folder: &Path, arguments: &[&str]) -> Output {
    run(program().arg("battery").args(arguments).current_dir(folder), "")
}

fn run(command: &mut Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_recording_is_told_of_as_a_table() {
    let folder = folder();
    written(&folder, "cell.csv", &recording());
    let table = said(&battery(&folder, &["cell.csv"]));
    for word in [
        "cell.csv\n",
        "format       generic",
        "header: line 1",
        "rows         21 over",
        "voltage      3.0000 to 4.2000 V",
        "current      -1.0000 to 1.0000 A",
        "coulombic %",
        "health       90.0",
        "knee         not known: expected at least 20 full cycles",
    ] {
        assert!(table.contains(word), "{word} in\n{table}");
    }
    // The rows are not looked at one by one unless that is asked for.
    assert!(!table.contains("  flags"), "{table}");
    assert!(said(&battery(&folder, &["cell.csv", "--flags"])).contains("  flags"));
    let nominal = said(&battery(&folder, &["cell.csv", "--nominal-ah", "2"]));
    assert!(nominal.contains("health       45.0") && nominal.contains("(nominal)"), "{nominal}");
}

#[test]
fn standard_input_and_several_files_are_told_of_one_after_the_other() {
    let folder = folder();
    written(&folder, "cell.csv", &recording());
    written(&folder, "bad.csv", "a,b\n1,2\n");
    let piped = said(&run(program().args(["battery", "-"]), &recording()));
    assert!(piped.starts_with("standard input\n") && piped.contains("rows         21"), "{piped}");
    let both = battery(&folder, &["cell.csv", "bad.csv", "none.csv", "cell.csv"]);
    let told = refused(&both);
    assert!(told.contains("bad.csv") && told.contains("none.csv"), "{told}");
    assert!(told.ends_with("error: 2 of 4 recordings were not told of in full\n"), "{told}");
    let table = String::from_utf8(both.stdout).unwrap();
    assert_eq!(table.matches("cell.csv\n").count(), 2, "{table}");
}

#[test]
fn json_has_the_summary_and_the_analysis_one_line_a_recording() {
    let folder = folder();
    written(&folder, "cell.csv", &recording());
    let text = said(&battery(&folder, &["--json", "cell.csv", "cell.csv"]));
    assert_eq!(text.lines().count(), 2);
    for line in text.lines() {
        let told: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&told["file"], &told["rows"]), (&Value::from("cell.csv"), &Value::from(21)));
        assert_eq!(told["cycles"].as_array().unwrap().len(), 3);
        let health = told["analysis"]["health"]["state_of_health"].as_f64().unwrap();
        assert!((health - 0.9).abs() < 1e-3, "{told}");
        assert!(told["analysis"]["knee"]["not_known"].is_string(), "{told}");
    }
}

#[test]
fn charts_and_exports_are_written_where_there_is_something() {
    let folder = folder();
    written(&folder, "cell.csv", &recording());
    written(&folder, "bare.csv", "time_s,voltage_V\n0,3.6\n60,3.7\n");
    said(&battery(&folder, &["cell.csv", "bare.csv", "--charts", "drawn"]));
    let mut names: Vec<String> = fs::read_dir(folder.join("drawn"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let of = |stem: &str| names.iter().filter(|name| name.starts_with(stem)).cloned().collect::<Vec<_>>();
    assert_eq!(of("bare"), ["bare-voltage.png", "bare-voltage.svg"]);
    for kind in ["voltage", "capacity", "state_of_charge", "depth_of_discharge", "health"] {
        assert!(of("cell").contains(&format!("cell-{kind}.svg")), "{kind}: {names:?}");
        let png = fs::read(folder.join(format!("drawn/cell-{kind}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG"), "{kind}");
    }
    for ending in ["csv", "parquet", "json"] {
        let name = format!("out.{ending}");
        said(&battery(&folder, &["cell.csv", "--export", &name]));
        if ending != "json" {
            let again = said(&battery(&folder, &[&name]));
            assert!(again.contains("format       bdf") && again.contains("rows         21"), "{again}");
        }
    }
    assert!(refused(&battery(&folder, &["cell.csv", "--export", "out.xlsx"])).contains(".parquet"));
    let two = refused(&battery(&folder, &["cell.csv", "bare.csv", "--export", "out.csv"]));
    assert!(two.contains("expected one recording to export, got 2"), "{two}");
}

#[test]
fn an_error_names_its_place_and_what_to_do() {
    let folder = folder();
    written(&folder, "cell.csv", &recording());
    written(&folder, "empty.csv", "");
    written(&folder, "words.csv", "time_s,voltage_V,current_A\n0,3.7,1\n1,high,1\n2,low,1\n3,3.7,1\n");
    written(&folder, "other.csv", "name,colour\nana,red\n");
    for (file, words) in [
        ("none.csv", &["failed to read `none.csv`"][..]),
        (".", &["folder"]),
        ("empty.csv", &["empty.csv: expected a battery recording, got an empty file"]),
        ("words.csv", &["line 3, column 2", "expected a number", "`high`", "correct the cell"]),
        ("other.csv", &["line 1", "name the columns with their units"]),
    ] {
        let told = refused(&battery(&folder, &[file]));
        for word in words {
            assert!(told.contains(word), "{file}: {word} in {told}");
        }
    }
    let format = battery(&folder, &["cell.csv", "--format", "zebra"]);
    assert_eq!(format.status.code(), Some(2), "{format:?}");
    assert!(String::from_utf8(format.stderr).unwrap().contains("`arbin`"));
    let nominal = refused(&battery(&folder, &["cell.csv", "--nominal-ah", "0"]));
    assert!(nominal.contains("expected a nominal capacity above 0 Ah, got `0`"), "{nominal}");
    assert!(said(&battery(&folder, &["cell.csv", "--format", "maccor"])).contains("format       maccor"));
    // A recording and nothing else is needed: no database is made.
    assert!(!folder.join("grid.db").exists());
}
