//! Forecasts of the next day: what each model costs a series, beside the crate `augurs`; a community of a thousand members;
//! and ten thousand series with the memory of a few.
//!
//! The series are made homes and, where `GRID_SHARED_DATA` is, one of each real set before its last origin, at most 400 days
//! of hours. They are written for `peers/forecast.py`, which forecasts the same. CPU seconds are those of one thread.
#![allow(clippy::unwrap_used, reason = "a bench may stop at what it did not expect")]
#![allow(clippy::indexing_slicing, reason = "a bench may stop at what is not there")]
#![allow(clippy::print_stdout, reason = "a bench says what it measured")]

#[path = "../grid-core/tests/it/forecast_sets.rs"]
mod forecast_sets;

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufWriter, Write},
    ops::ControlFlow,
    path::Path,
    process::Command,
    time::Instant,
};

use augurs::{
    Fit as _, Predict as _,
    ets::AutoETS,
    mstl::{MSTLModel, NaiveTrend, TrendModel},
};
use forecast_sets::{AT_MOST_DAYS, LEVELS, NAMES, Set};
use grid_benches::{
    homes::home,
    machine::{self, cpu_seconds},
};
use grid_core::{
    forecast::{Fit, Global, History, Model, Predict, Reconciling, forecast_each, forecast_together},
    quantity::Energy,
};
use jiff::civil::date;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Of so many runs the one with the least time counts.
const RUNS: usize = 5;
const HORIZON: usize = 24;
const MADE: u64 = 6;
const MEMBERS: u64 = 1_000;
/// Days of a member, and of each of many series.
const DAYS: u32 = 90;
const CORES: usize = 2;

/// Says how many series this process forecasts.
const SERIES: &str = "GRID_BENCH_SERIES";

fn main() {
    if let Some(count) = env::var_os(SERIES) {
        return many(count.to_str().unwrap().parse().unwrap());
    }
    // `cargo test --benches` builds this and runs it for a moment; to measure it must be asked for by `cargo bench`.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("{}", machine::line());
    let made = (0..MADE).map(|seed| (format!("made/{seed}"), made(seed, AT_MOST_DAYS)));
    let (made, real): (Vec<_>, Vec<_>) = (made.collect(), real());
    write(&made, &real);
    println!(
        "\nCPU ms a series, least of {RUNS} runs, mean of {} made and {} real series",
        made.len(),
        real.len()
    );
    println!(
        "{:<22}{:>20}{:>10}{:>10}{:>20}{:>10}{:>10}",
        "", "made: fit + day", "day", "update", "real: fit + day", "day", "update"
    );
    for model in Model::all() {
        let of = |series: &[(String, History)]| mean(series.iter().map(|(_, history)| cost(model, history)));
        println!("{:<22}{}{}", model.to_string(), columns(of(&made)), columns(of(&real)));
    }
    println!("{:<22}{}{}", "global, all at once", columns(global(&made)), columns(global(&real)));
    let ets = AutoETS::non_seasonal().into_trend_model();
    let of = |series: &[(String, History)]| mean(series.iter().map(|(_, history)| augurs(history, &ets)));
    println!("{:<22}{}{}", "augurs MSTL, AutoETS", columns(of(&made)), columns(of(&real)));
    let of = |series: &[(String, History)]| {
        mean(series.iter().map(|(_, history)| augurs(history, &NaiveTrend::new())))
    };
    println!("{:<22}{}{}", "augurs MSTL, naive", columns(of(&made)), columns(of(&real)));
    community();
    println!("\nSeries of {DAYS} days in batches by `auto`, each count in a process of its own");
    for count in [1_000, 10_000] {
        let output =
            Command::new(env::current_exe().unwrap()).env(SERIES, count.to_string()).output().unwrap();
        print!("{}", String::from_utf8_lossy(&output.stdout));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    println!("{}", machine::line());
}

fn made(seed: u64, days: u32) -> History {
    History::new(date(2025, 1, 6).at(0, 0, 0, 0), 60, home(seed, days)).unwrap()
}

/// The first scored series of each real set, before the last origin.
fn real() -> Vec<(String, History)> {
    let Some(shared) = env::var_os("GRID_SHARED_DATA") else {
        println!("skipped: real series (GRID_SHARED_DATA names no folder)");
        return vec![];
    };
    let folder = Path::new(&shared).join("forecast");
    let series = |name: &str| {
        let set = Set::read(&folder, name);
        assert_eq!(set.horizon, HORIZON);
        let history = set.alone()[0].before(*set.origins.last().unwrap(), AT_MOST_DAYS);
        (format!("{name}/{}", set.scored[0]), history)
    };
    NAMES.into_iter().map(series).collect()
}

/// What the peers read; where a value was not observed they get what it was filled with, since they take no gaps.
fn write(made: &[(String, History)], real: &[(String, History)]) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("forecast_series.csv");
    let mut out = BufWriter::new(fs::File::create(path).unwrap());
    writeln!(out, "unique_id,ds,y").unwrap();
    for (name, history) in made.iter().chain(real) {
        for (slot, value) in history.values().iter().enumerate() {
            writeln!(out, "{name},{},{value}", history.slot_start(slot).unwrap()).unwrap();
        }
    }
    out.flush().unwrap();
}

/// CPU seconds of a fit with a forecast, of that forecast, and of an update with a day of new readings.
type Cost = [f64; 3];

fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = cpu_seconds();
    let done = work();
    (cpu_seconds() - start, done)
}

fn least(run: impl Fn() -> Cost) -> Cost {
    let runs = (0..RUNS).map(|_| run());
    // Of a number and none `min` takes the number, and of none and none, none.
    runs.fold([f64::NAN; 3], |least, run| [0, 1, 2].map(|place| least[place].min(run[place])))
}

fn mean(costs: impl ExactSizeIterator<Item = Cost>) -> Cost {
    let count = f64::from(u32::try_from(costs.len()).unwrap());
    costs.fold([0.0; 3], |sum, cost| [0, 1, 2].map(|place| sum[place] + cost[place] / count))
}

fn columns(cost: Cost) -> String {
    let cell = |seconds: f64| if seconds.is_nan() { "-".to_owned() } else { format!("{:.3}", seconds * 1e3) };
    let [whole, day, update] = cost.map(cell);
    format!("{whole:>20}{day:>10}{update:>10}")
}

fn cost(model: Model, history: &History) -> Cost {
    let yesterday = history.before(history.end() - jiff::Span::new().days(1), AT_MOST_DAYS);
    let known = model.fit(&yesterday).unwrap();
    least(|| {
        let (fit, fitted) = seconds(|| model.fit(history).unwrap());
        let (day, forecast) = seconds(|| fitted.predict(HORIZON, &LEVELS).unwrap());
        assert_eq!(forecast.points.len(), HORIZON);
        let mut fitted = known.clone();
        let (update, ()) = seconds(|| fitted.update(history).unwrap());
        [fit + day, day, update]
    })
}

/// One model over all series; a forecast needs no more than the last days of its own.
fn global(series: &[(String, History)]) -> Cost {
    let histories: Vec<History> = series.iter().map(|(_, history)| history.clone()).collect();
    let count = f64::from(u32::try_from(histories.len()).unwrap());
    least(|| {
        let (fit, learnt) = seconds(|| Global::default().fit(&histories).unwrap());
        let day = || histories.iter().map(|history| learnt.forecast_for(history, HORIZON, &LEVELS)).collect();
        let (day, forecasts) = seconds(day);
        let forecasts: Result<Vec<_>, _> = forecasts;
        assert_eq!(forecasts.unwrap().len(), histories.len());
        [(fit + day) / count, day / count, f64::NAN]
    })
}

/// The seasons of the day and of the week by `augurs`, and what is left of them by a model of the trend. It cannot be updated.
fn augurs(history: &History, trend: &(impl TrendModel + Clone)) -> Cost {
    least(|| {
        let model = MSTLModel::new(vec![24, 168], trend.clone());
        let (fit, fitted) = seconds(|| model.fit(history.values()).unwrap());
        let (day, forecasts) = seconds(|| [0.5, 0.8].map(|level| fitted.predict(HORIZON, level).unwrap()));
        assert_eq!(forecasts[0].point.len(), HORIZON);
        [fit + day, day, f64::NAN]
    })
}

fn pool() -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(CORES).build().unwrap()
}

/// CPU seconds of all threads of the pool.
fn of_all(pool: &ThreadPool) -> f64 {
    pool.broadcast(|_| cpu_seconds()).into_iter().sum()
}

/// A thousand members and their sum, with intervals, made to add up.
fn community() {
    let members: BTreeMap<String, History> =
        (0..MEMBERS).map(|seed| (format!("m{seed:04}"), made(seed, DAYS))).collect();
    let mut sums = vec![0.0; usize::try_from(DAYS).unwrap() * 24];
    for (slot, value) in members.values().flat_map(|member| member.values().iter().enumerate()) {
        sums[slot] += value;
    }
    let whole = History::new(date(2025, 1, 6).at(0, 0, 0, 0), 60, sums).unwrap();
    let pool = pool();
    println!(
        "\nA community of {MEMBERS} members with {DAYS} days by `auto`, intervals, top-down, {CORES} threads"
    );
    for _ in 0..3 {
        let (before, start) = (of_all(&pool), Instant::now());
        let together = pool.install(|| {
            forecast_together(&Model::Auto, &whole, &members, HORIZON, &LEVELS, Reconciling::TopDown).unwrap()
        });
        println!("{:.2} s, {:.2} CPU s", start.elapsed().as_secs_f64(), of_all(&pool) - before);
        assert_eq!((together.parts.len(), together.left_out.len()), (members.len(), 0));
        for (slot, whole) in together.whole.energy.iter().enumerate() {
            let parts = Energy::checked_sum(together.parts.values().map(|part| part.energy[slot])).unwrap();
            assert_eq!(parts, *whole);
        }
    }
}

/// Forecasts so many series, each made when it is asked for, and says what that took of the machine.
fn many(count: u64) {
    let pool = pool();
    let start = Instant::now();
    let mut done = 0_u32;
    let ended = pool.install(|| {
        let series = (0..count).map(|seed| (seed, made(seed, DAYS)));
        forecast_each(&Model::Auto, series, HORIZON, &LEVELS, |_, forecast| {
            assert_eq!(forecast.unwrap().points.len(), HORIZON);
            done += 1;
            ControlFlow::Continue(())
        })
    });
    assert!(ended.is_continue() && u64::from(done) == count);
    let (wall, cpu) = (start.elapsed().as_secs_f64(), of_all(&pool));
    println!("{done:>6} series: {wall:.2} s, {cpu:.2} CPU s, peak {:.1} MB", machine::peak_mb());
}
