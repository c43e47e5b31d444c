//! How good the forecasts are on real sets: `cargo run --release -p grid-core --example accuracy --features forecast`.
//!
//! Each set of the folder that `GRID_SHARED_DATA` names is forecast from 36 days at local midnight, 24 hours ahead, with
//! what was known then and at most 400 days of it, one setting for all sets. Hours that were not observed are not scored.
//! The table goes to standard output as Markdown, progress to standard error.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a program for the terminal"
)]

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
    time::Instant,
};

use grid_core::forecast::{
    Backtest, Fit, Forecast, Hierarchy, History, Known, Method, Model, Pooled, Predict, Regressor, backtest,
    metrics, reconcile,
};
use jiff::civil::DateTime;

const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];
const AT_MOST_DAYS: u32 = 400;
const SETS: [&str; 6] =
    ["citylearn_load", "citylearn_pv", "uci_home", "pjm_aep", "emhass_home", "openstef_sub"];
/// Seasonal naive of the day, MASE and WQL by set, as another program measured them (NumPy, the same protocol).
const NAIVE: [(f64, f64); 6] =
    [(1.014, 0.393), (2.221, 0.278), (0.955, 0.456), (1.091, 0.050), (1.283, 0.401), (0.894, 0.275)];
/// What other programs reached under the same protocol: MASE and WQL over those of seasonal naive, over all six sets, the share
/// that the interval of 80 % covers, and CPU seconds a series and origin on two busy cores.
const PEERS: [(&str, &str, &str, &str, &str); 7] = [
    ("seasonal naive of the day (NumPy)", "1.000", "1.000", "0.83", "0.005"),
    ("mean of the last 4 same weekday-hours (NumPy)", "1.009", "0.876", "0.74", "0.005"),
    ("statsforecast MSTL (part of the origins)", "about 0.95", "about 0.90", "-", "0.33 to 0.52"),
    ("mlforecast with LightGBM, global", "0.870", "0.760", "0.73", "0.16 to 0.9"),
    ("quantile LightGBM, direct", "0.783", "0.673", "0.75", "0.12 to 0.41"),
    ("ridge per hour of the day (NumPy)", "0.761", "0.665", "0.77", "0.02 to 0.03"),
    ("ridge, MSTL, 4-week mean and quantile trees by recent loss", "0.744", "0.649", "0.82", "0.25 to 0.6"),
];

struct Set {
    origins: Vec<DateTime>,
    scored: Vec<String>,
    histories: BTreeMap<String, History>,
}

fn read(folder: &Path, name: &str) -> Set {
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).expect("the manifest of the sets");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let texts = |key: &str| -> Vec<String> {
        let list = manifest[name][key].as_array().unwrap();
        list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let file = std::fs::File::open(folder.join(format!("{name}.csv.gz"))).expect("a set");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let weather = texts("exog");
    let places: Vec<usize> = ["unique_id", "ds", "y", "obs"]
        .into_iter()
        .chain(weather.iter().map(String::as_str))
        .map(column)
        .collect();
    let mut series: BTreeMap<String, (DateTime, Vec<Vec<f64>>)> = BTreeMap::new();
    for record in reader.records() {
        let record = record.unwrap();
        let start = || record[places[1]].parse().unwrap();
        let (_, columns) = series
            .entry(record[places[0]].to_owned())
            .or_insert_with(|| (start(), vec![Vec::new(); places.len() - 2]));
        for (column, place) in columns.iter_mut().zip(&places[2..]) {
            column.push(record[*place].parse().unwrap_or(f64::NAN));
        }
    }
    let history = |(id, (start, columns)): (String, (DateTime, Vec<Vec<f64>>))| {
        let mut columns = columns.into_iter();
        let values = columns.next().unwrap();
        let observed = columns.next().unwrap().into_iter().map(|mark| mark > 0.5).collect();
        let mut history = History::new(start, 60, values).unwrap().with_observed(observed).unwrap();
        for (name, values) in weather.iter().zip(columns) {
            let regressor = Regressor { name: name.clone(), values, known: Known::Ahead };
            history = history.with_regressor(regressor).unwrap();
        }
        (id, history)
    };
    Set {
        origins: texts("origins").iter().map(|text| text.parse().unwrap()).collect(),
        scored: texts("scored"),
        histories: series.into_iter().map(history).collect(),
    }
}

/// The same values and marks without what explains them.
fn alone(history: &History) -> History {
    let bare = History::new(history.start(), history.step_minutes(), history.values().to_vec()).unwrap();
    bare.with_observed(history.observed().to_vec()).unwrap()
}

fn reports(set: &Set, model: Model, of: impl Fn(&History) -> History) -> Vec<Backtest> {
    let report = |id: &String| {
        backtest(&model, &of(&set.histories[id]), &set.origins, 24, &LEVELS, AT_MOST_DAYS).unwrap()
    };
    set.scored.iter().map(report).collect()
}

fn covered(pooled: &Pooled) -> f64 {
    pooled.coverage.iter().find(|(level, _)| *level == 80).map_or(f64::NAN, |(_, share)| *share)
}

/// Milliseconds of one fit with a forecast of 24 hours and its intervals, on one thread: the mean over three origins of each
/// scored series.
fn milliseconds(sets: &[Set], model: Model) -> f64 {
    let (mut spent, mut count) = (0.0, 0.0);
    for set in sets {
        for id in &set.scored {
            let history = alone(&set.histories[id]);
            for origin in set.origins.iter().rev().step_by(12) {
                let past = history.before(*origin, AT_MOST_DAYS);
                let start = Instant::now();
                model.fit(&past).unwrap().predict(24, &LEVELS).unwrap();
                spent += start.elapsed().as_secs_f64() * 1e3;
                count += 1.0;
            }
        }
    }
    spent / count
}

fn main() {
    let Some(shared) = std::env::var_os("GRID_SHARED_DATA").map(PathBuf::from) else {
        eprintln!("skipped: GRID_SHARED_DATA names no folder of real files");
        return;
    };
    let folder = shared.join("forecast");
    let sets: Vec<Set> = SETS.iter().map(|name| read(&folder, name)).collect();
    println!("# Accuracy\n");
    println!(
        "Written by `make accuracy`. Day-ahead forecasts from 36 origins a set, 24 hours, at most 400 days of the past, one"
    );
    println!(
        "setting for all sets, no weather; MASE / WQL / share that the interval of 80 % covers, averaged over the series of a"
    );
    println!(
        "set; ratios are geometric means over the sets, to seasonal naive of the day. Time: one fit with a forecast, on one thread.\n"
    );
    println!("| model | {} | MASE ratio | WQL ratio | covers | ms |", SETS.join(" | "));
    println!("|---|{}---|---|---|---|", "---|".repeat(SETS.len()));
    for model in Model::all() {
        let (mut mase, mut wql) = (0.0, 0.0);
        let mut all = Vec::new();
        print!("| `{model}` |");
        for (number, set) in sets.iter().enumerate() {
            eprintln!("{model} on {}", SETS[number]);
            let reports = reports(set, model, alone);
            let pooled = Pooled::of(&reports);
            mase += (pooled.mase / NAIVE[number].0).ln() / 6.0;
            wql += (pooled.wql / NAIVE[number].1).ln() / 6.0;
            print!(" {:.3} / {:.3} / {:.2} |", pooled.mase, pooled.wql, covered(&pooled));
            all.extend(reports);
        }
        let pooled = covered(&Pooled::of(&all));
        println!(" {:.3} | {:.3} | {pooled:.3} | {:.1} |", mase.exp(), wql.exp(), milliseconds(&sets, model));
    }
    println!(
        "\nThe seasonal naive forecasts here are cut off at zero where the past never fell below it, which betters their WQL; the"
    );
    println!("ratios are to those of another program that does not.\n");
    println!(
        "Other programs, measured under the same protocol on another day and machine (two busy cores):\n"
    );
    println!("| model | MASE ratio | WQL ratio | covers | CPU s |\n|---|---|---|---|---|");
    for (name, mase, wql, covered, seconds) in PEERS {
        println!("| {name} | {mase} | {wql} | {covered} | {seconds} |");
    }
    with_weather(sets.last().unwrap());
    community(&sets[0]);
}

/// Grid load with the weather that was forecast for it.
fn with_weather(set: &Set) {
    println!("\n## With weather\n");
    println!("openstef_sub with temperature, radiation and wind speed as they were forecast, known ahead.\n");
    println!("| model | MASE | WQL | covers |\n|---|---|---|---|");
    for model in [Model::Ridge, Model::Auto] {
        eprintln!("{model} with weather");
        let pooled = Pooled::of(&reports(set, model, History::clone));
        println!("| `{model}` | {:.3} | {:.3} | {:.2} |", pooled.mase, pooled.wql, covered(&pooled));
    }
}

/// Seventeen homes and their sum.
fn community(set: &Set) {
    println!("\n## A community that adds up\n");
    println!(
        "The 17 homes of citylearn_load and their sum, each forecast by `auto`, then made to add up: mean absolute error in kWh of"
    );
    println!("the community and of the mean home, of the mean forecast and of the median.\n");
    let whole = "community".to_owned();
    let homes: Vec<&String> = set.histories.keys().filter(|id| **id != whole).collect();
    let hierarchy = Hierarchy::new(
        std::iter::once((whole.clone(), None))
            .chain(homes.iter().map(|id| ((*id).clone(), Some(whole.clone())))),
    )
    .expect("homes and their community");
    let forecasts: BTreeMap<&String, Backtest> = set
        .histories
        .iter()
        .map(|(id, history)| {
            eprintln!("auto for {id}");
            (id, backtest(&Model::Auto, history, &set.origins, 24, &LEVELS, AT_MOST_DAYS).unwrap())
        })
        .collect();
    println!(
        "| method | community, mean | homes, mean | community, median | homes, median |\n|---|---|---|---|---|"
    );
    for (name, method) in
        [("independent", None), ("bottom-up", Some(Method::BottomUp)), ("top-down", Some(Method::TopDown))]
    {
        let mut errors: BTreeMap<&String, (f64, f64)> = BTreeMap::new();
        for number in 0..set.origins.len() {
            let own: BTreeMap<String, Forecast> = forecasts
                .iter()
                .map(|(id, report)| ((*id).clone(), report.forecasts[number].clone()))
                .collect();
            let coherent = match &method {
                Some(method) => reconcile(&hierarchy, &own, method).unwrap(),
                None => own,
            };
            for (id, report) in &forecasts {
                let actual = &report.actual[number * 24..(number + 1) * 24];
                let forecast = &coherent[*id];
                let mae = |expected: &[f64]| metrics::mae(actual, expected).unwrap() / 36.0;
                let sums = errors.entry(id).or_default();
                *sums = (sums.0 + mae(&forecast.means()), sums.1 + mae(&forecast.medians()));
            }
        }
        let community = errors[&whole];
        let of_homes =
            |part: fn(&(f64, f64)) -> f64| homes.iter().map(|id| part(&errors[*id])).sum::<f64>() / 17.0;
        println!(
            "| {name} | {:.3} | {:.4} | {:.3} | {:.4} |",
            community.0,
            of_homes(|error| error.0),
            community.1,
            of_homes(|error| error.1)
        );
    }
}
