//! `grid-server forecast`: the table, CSV, JSON, the chart and the errors.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::{
    harness::{Server, folder},
    process::program,
};

/// Ten days of hours that repeat, from 1 January 2026 on the local clock.
fn table(names: &[&str]) -> String {
    let mut text = String::from(if names.is_empty() { "ds,y\n" } else { "unique_id,ds,y\n" });
    let mut rows = |prefix: &str| {
        for hour in 0..240 {
            writeln!(text, "{prefix}2026-01-{:02} {:02}:00,{}", 1 + hour / 24, hour % 24, 1 + hour % 24)
                .unwrap();
        }
    };
    if names.is_empty() {
        rows("");
    }
    for name in names {
        rows(&format!("{name},"));
    }
    text
}

fn forecast(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command: Command = program();
    let command = command.arg("forecast").args(arguments).current_dir(folder);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_file_is_forecast_as_a_table_with_its_scores() {
    let folder = folder();
    fs::write(folder.join("load.csv"), table(&[])).unwrap();
    let arguments = ["load.csv", "--model", "seasonal_naive", "--backtest", "3"];
    let text = said(&forecast(&folder, &arguments, ""));
    for part in [
        "  model     seasonal_naive\n",
        "240 slots of 60 min, 0 missing",
        "  backtest  3 forecasts, 72 slots scored: MAE 0.0000",
        "within the interval of 80 %",
        "q10          q25          q50          q75          q90",
        "  2026-01-11T05:00:00Z       6.0000       6.0000",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn standard_input_is_forecast_as_csv_on_the_clock_of_a_zone() {
    let folder = folder();
    let arguments = [
        "-",
        "--format",
        "csv",
        "--time-zone",
        "Europe/Madrid",
        "--levels",
        "90",
        "--horizon",
        "2",
        "--model",
        "seasonal_naive",
    ];
    let text = said(&forecast(&folder, &arguments, &table(&["\"home, 1\"", "b"])));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "unique_id,ds,mean,q05,q50,q95");
    assert_eq!(lines[1], "\"home, 1\",2026-01-10T23:00:00Z,1,1,1,1");
    assert_eq!((lines.len(), lines[4]), (5, "b,2026-01-11T00:00:00Z,2,2,2,2"));
}

#[test]
fn json_is_one_object_a_series() {
    let text = said(&forecast(&folder(), &["-", "--format", "json", "--backtest", "2"], &table(&["a", "b"])));
    assert_eq!(text.lines().count(), 2);
    for (line, name) in text.lines().zip(["a", "b"]) {
        let told: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&told["unique_id"], &told["model"]), (&Value::from(name), &Value::from("auto")));
        assert_eq!(told["points"].as_array().unwrap().len(), 24);
        assert!(told["points"][0]["q90"].is_f64() && told["backtest"]["mae"].is_f64(), "{told}");
    }
}

#[test]
fn a_chart_is_written_as_svg_or_png_of_one_series() {
    let folder = folder();
    for (file, start) in [("out.svg", b"<svg".as_slice()), ("out.png", b"\x89PNG".as_slice())] {
        said(&forecast(&folder, &["-", "--chart", file, "--model", "seasonal_naive"], &table(&[])));
        assert!(fs::read(folder.join(file)).unwrap().starts_with(start), "{file}");
    }
    for (arguments, input, told) in [
        (["-", "--chart", "out.svg"], table(&["a", "b"]), "expected one series to draw, got 2"),
        (["-", "--chart", "out.gif"], table(&[]), "expected a chart `.svg` or `.png`"),
    ] {
        let refused = forecast(&folder, &arguments, &input);
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&refused.stderr).contains(told), "{refused:?}");
    }
}

#[test]
fn series_in_a_file_are_forecast_each_as_if_it_were_alone() {
    let folder = folder();
    fs::write(folder.join("both.csv"), table(&["a", "b"])).unwrap();
    fs::write(folder.join("old.csv"), "what was there").unwrap();
    let arguments = ["both.csv", "--format", "csv", "--out", "old.csv"];
    assert_eq!(said(&forecast(&folder, &arguments, "")), "");
    let text = fs::read_to_string(folder.join("old.csv")).unwrap();
    let alone = said(&forecast(&folder, &["-", "--format", "csv"], &table(&[])));
    let mut expected = alone.lines().next().map(|head| format!("unique_id,{head}\n")).unwrap();
    for name in ["a", "b"] {
        for line in alone.lines().skip(1) {
            writeln!(expected, "{name},{line}").unwrap();
        }
    }
    assert_eq!(text, expected);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing else is left behind");

    let missing = forecast(&folder, &["both.csv", "--out", "no/where.csv"], "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("failed to write `no/where.csv`"));
    let folder_in_its_place = forecast(&folder, &["both.csv", "--out", "."], "");
    assert!(String::from_utf8_lossy(&folder_in_its_place.stderr).contains("expected the place of a file"));
}

#[cfg(unix)]
#[test]
fn a_forecast_that_is_stopped_leaves_what_was_there_and_nothing_half() {
    let folder = folder();
    fs::write(folder.join("old.csv"), "what was there").unwrap();
    // A backtest of so many days is not over before it is stopped.
    let mut rows = String::from("unique_id,ds,y\n");
    for name in ["a", "b"] {
        for hour in 0..24 * 300 {
            let at = jiff::civil::date(2025, 1, 1).at(0, 0, 0, 0) + jiff::Span::new().hours(hour);
            writeln!(rows, "{name},{at},{}", hour * 7 % 31).unwrap();
        }
    }
    fs::write(folder.join("both.csv"), rows).unwrap();
    let arguments = ["forecast", "both.csv", "--out", "old.csv", "--backtest", "290"];
    let child = program()
        .args(arguments)
        .current_dir(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The new file is begun beside the old one when the work begins.
    while fs::read_dir(&folder).unwrap().count() < 3 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signal.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "error: stopped on request after 0 of 2 series\n");
    assert_eq!(fs::read_to_string(folder.join("old.csv")).unwrap(), "what was there");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_column() {
    let folder = folder();
    fs::write(folder.join("bad.csv"), "ds,y\n2026-01-01 00:00,1\n2026-01-01 01:00,a lot\n").unwrap();
    for (arguments, input, code, told) in [
        (vec!["bad.csv"], "", 1, "bad.csv: line 3, column `y`: expected a number"),
        (vec!["none.csv"], "", 1, "failed to open `none.csv`"),
        (vec!["-"], "time,value\n1,2\n", 1, "standard input: line 1: expected one column `ds`"),
        (vec!["-", "--time-zone", "Mars"], "ds,y\n", 1, "Mars"),
        (vec!["-", "--model", "oracle"], "", 2, "`auto`, `seasonal_naive`"),
        (vec!["-", "--frequency", "1y"], "", 2, "1y"),
        (vec!["-", "--levels", "100"], "ds,y\n", 1, "expected an interval of 1 to 99 percent, got 100"),
        (
            vec!["-", "--model", "ridge"],
            "unique_id,ds,y\nh,2026-01-01 00:00,1\nh,2026-01-01 01:00,1\n",
            1,
            "series `h`: ridge needs",
        ),
        (vec![], "", 2, "<FILE>"),
    ] {
        let refused = forecast(&folder, &arguments, input);
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(code), "{arguments:?} {text}");
        assert!(text.contains(told), "{told} in {text}");
    }
}

/// The third face has the same test beside it in `grid-py/tests/test_faces.py`.
#[tokio::test]
async fn http_and_the_command_line_forecast_with_a_regressor_the_same_to_the_last_digit() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    // Thirty days that follow a warmth which is known a day further.
    let warmth: Vec<f64> = (0..24 * 31_u32).map(|hour| 10.0 + f64::from(hour * 13 % 37) / 7.0).collect();
    let values: Vec<f64> = warmth.iter().take(24 * 30).map(|degrees| 6.0 - degrees / 5.0).collect();
    let series = json!({"start": "2026-03-10T00:00:00Z", "time_zone": "Europe/Madrid", "values": values,
                        "regressors": {"warmth": {"known": "ahead", "values": warmth}}});
    let asked = json!({"series": series, "model": "ridge"});
    let by_http = ana.post("/api/v1/forecasts?store=false", &asked).await.good();
    let mut table = String::from("ds,y,warmth\n");
    for (hour, degrees) in warmth.iter().enumerate() {
        let at = jiff::Timestamp::from_second(1_773_100_800 + i64::try_from(hour).unwrap() * 3600).unwrap();
        let y = values.get(hour).map(ToString::to_string).unwrap_or_default();
        writeln!(table, "{at},{y},{degrees}").unwrap();
    }
    let run = move || {
        let arguments = ["-", "--model", "ridge", "--time-zone", "Europe/Madrid", "--format", "json"];
        said(&forecast(&folder(), &arguments, &table))
    };
    let by_command = tokio::task::spawn_blocking(run).await.unwrap();
    let by_command: Value = serde_json::from_str(&by_command).unwrap();
    assert_eq!(by_http["points"].as_array().unwrap().len(), 24);
    assert_eq!(by_http["points"], by_command["points"]);
}

#[tokio::test]
async fn a_device_of_the_database_is_forecast() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let device = ana.device("load", "Europe/Madrid").await;
    let mut table = String::from("channel,start,end,energy_kwh\n");
    for hour in 0..240 {
        let at = |hour: i64| jiff::Timestamp::from_second(1_767_222_000 + hour * 3600).unwrap();
        writeln!(table, "consumption,{},{},0.500", at(hour), at(hour + 1)).unwrap();
    }
    ana.csv(&format!("{device}/readings"), table).await.good();
    let (url, id) = (server.database_url(), device.rsplit('/').next().unwrap().to_owned());
    let arguments = move || {
        let arguments = ["--device", &id, "--database-url", &url, "--format", "csv", "--horizon", "3"];
        forecast(&folder(), &arguments, "")
    };
    let text = said(&tokio::task::spawn_blocking(arguments).await.unwrap());
    assert_eq!(text.lines().count(), 4, "{text}");
    let mut cells = text.lines().nth(1).unwrap().split(',');
    assert_eq!(cells.next(), Some("2026-01-10T23:00:00Z"), "the local midnight after the last reading");
    let mean: f64 = cells.next().unwrap().parse().unwrap();
    assert!((mean - 0.5).abs() < 1e-9, "{text}");
}
