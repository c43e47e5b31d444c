//! How good the forecasts are on real sets: `cargo run --release -p grid-core --example accuracy --features forecast`.
//!
//! Each set of the folder that `GRID_SHARED_DATA` names is forecast from 36 days at local midnight, 24 hours ahead, with
//! what was known then and at most 400 days of it, one setting for all sets. Hours that were not observed are not scored.
//! The tables go to standard output as Markdown, progress to standard error.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a program for the terminal"
)]

#[path = "accuracy/community.rs"]
mod community;
#[path = "../tests/it/forecast_sets.rs"]
mod forecast_sets;
#[path = "../../benches/src/machine.rs"]
#[expect(unreachable_pub, reason = "it is a module of the benches' library too")]
mod machine;
#[path = "accuracy/peers.rs"]
mod peers;

use std::{path::PathBuf, sync::Mutex, time::Instant};

use forecast_sets::{AT_MOST_DAYS, LEVELS, NAMES, Set};
use grid_core::forecast::{
    Backtest, Error, Fit, Fitted, Forecast, History, Model, Pooled, Predict, backtest,
};

fn main() {
    let Some(shared) = std::env::var_os("GRID_SHARED_DATA").map(PathBuf::from) else {
        eprintln!("skipped: GRID_SHARED_DATA names no folder of real files");
        return;
    };
    let start = Instant::now();
    let folder = shared.join("forecast");
    let sets: Vec<Set> = NAMES.iter().map(|name| Set::read(&folder, name)).collect();
    println!(
        "# Accuracy\n\nWritten by the example `accuracy`, as `make accuracy` runs it, on {}.\n",
        machine::line()
    );
    println!(
        "Day-ahead forecasts from 36 origins a set, 24 hours, at most {AT_MOST_DAYS} days of the past, one setting for all sets, no\n\
         weather; MASE / WQL / share that the interval of 80 % covers, averaged over the series of a set. Ratios are geometric means\n\
         over the sets: to seasonal naive of the day as another program measured it (first row of the second table), then to ours,\n\
         which is cut off at zero where the past never fell below it; that betters its WQL. CPU ms: processor time of one thread for\n\
         one fit with a forecast and its intervals, mean over all series and origins.\n"
    );
    println!(
        "| model | {} | MASE ratio | WQL ratio | to our naive: MASE | WQL | covers | CPU ms |",
        NAMES.join(" | ")
    );
    println!("|---|{}---|---|---|---|---|---|", "---|".repeat(NAMES.len()));
    let naive = Scored::of(&sets, Model::SeasonalNaiveDay);
    let (mut auto, mut ridge) = (None, None);
    for model in Model::all() {
        let scored = Scored::of(&sets, model);
        scored.print(model, &naive);
        match model {
            Model::Auto => auto = Some(scored),
            Model::Ridge => ridge = Some(scored),
            _ => {}
        }
    }
    println!(
        "\nOther programs, measured under the same protocol on another day and machine (two busy cores):\n"
    );
    println!("| model | {} | MASE ratio | WQL ratio | covers | CPU s |", NAMES.join(" | "));
    println!("|---|{}---|---|---|---|", "---|".repeat(NAMES.len()));
    for row in peers::ROWS {
        println!("| {row} |");
    }
    let weather = with_weather(sets.last().unwrap());
    let together = community::adding_up(&sets[0]);
    community::cold_start(&sets[0]);
    goals(&auto.unwrap(), &ridge.unwrap(), weather, together);
    eprintln!("{:.0} s, peak {:.0} MB", start.elapsed().as_secs_f64(), machine::peak_mb());
}

/// What a model reached.
struct Scored {
    /// MASE, WQL and the share covered, by set.
    by_set: Vec<(f64, f64, f64)>,
    /// Of all hours of all sets.
    covered: f64,
    cpu_s: f64,
}

impl Scored {
    fn of(sets: &[Set], model: Model) -> Self {
        let spent = Mutex::new(Vec::new());
        let timed = Timed { model, spent: &spent };
        let (mut by_set, mut all) = (Vec::new(), Vec::new());
        for (set, name) in sets.iter().zip(NAMES) {
            eprintln!("{model} on {name}");
            let reports: Vec<Backtest> =
                set.alone().iter().map(|history| report(set, &timed, history)).collect();
            let pooled = Pooled::of(&reports);
            by_set.push((pooled.mase, pooled.wql, covered(&pooled)));
            all.extend(reports);
        }
        let fits: usize = all.iter().map(|report| report.origins).sum();
        let seconds: f64 = spent.into_inner().unwrap().iter().sum();
        let cpu_s = seconds / f64::from(u32::try_from(fits).unwrap());
        Self { by_set, covered: covered(&Pooled::of(&all)), cpu_s }
    }

    /// The geometric means over the sets of MASE and WQL over those of another.
    fn ratios(&self, to: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
        let sum = |(mase, wql), ((own_mase, own_wql, _), (to_mase, to_wql)): (&(f64, f64, f64), _)| {
            let ratio = |own: &f64, to: f64| (own / to).ln() / 6.0;
            (mase + ratio(own_mase, to_mase), wql + ratio(own_wql, to_wql))
        };
        let (mase, wql) = self.by_set.iter().zip(to).fold((0.0, 0.0), sum);
        (mase.exp(), wql.exp())
    }

    fn print(&self, model: Model, naive: &Self) {
        print!("| `{model}` |");
        for (mase, wql, covered) in &self.by_set {
            print!(" {mase:.3} / {wql:.3} / {covered:.2} |");
        }
        let (mase, wql) = self.ratios(peers::NAIVE.into_iter());
        let own = self.ratios(naive.by_set.iter().map(|(mase, wql, _)| (*mase, *wql)));
        println!(
            " {mase:.3} | {wql:.3} | {:.3} | {:.3} | {:.3} | {:.2} |",
            own.0,
            own.1,
            self.covered,
            self.cpu_s * 1e3
        );
    }
}

fn report(set: &Set, model: &(impl Fit + Sync), history: &History) -> Backtest {
    backtest(model, history, &set.origins, set.horizon, &LEVELS, AT_MOST_DAYS).unwrap()
}

fn covered(pooled: &Pooled) -> f64 {
    pooled.coverage.iter().find(|(level, _)| *level == 80).map_or(f64::NAN, |(_, share)| *share)
}

/// A model whose processor time is counted, on whatever thread it works.
struct Timed<'a> {
    model: Model,
    spent: &'a Mutex<Vec<f64>>,
}

struct TimedFitted<'a> {
    fitted: Fitted,
    spent: &'a Mutex<Vec<f64>>,
}

fn timed<T>(spent: &Mutex<Vec<f64>>, work: impl FnOnce() -> T) -> T {
    let start = machine::cpu_seconds();
    let done = work();
    spent.lock().unwrap().push(machine::cpu_seconds() - start);
    done
}

impl<'a> Fit for Timed<'a> {
    type Fitted = TimedFitted<'a>;

    fn fit(&self, history: &History) -> Result<TimedFitted<'a>, Error> {
        let fitted = timed(self.spent, || self.model.fit(history))?;
        Ok(TimedFitted { fitted, spent: self.spent })
    }
}

impl Predict for TimedFitted<'_> {
    fn predict(&self, horizon: usize, quantiles: &[f64]) -> Result<Forecast, Error> {
        timed(self.spent, || self.fitted.predict(horizon, quantiles))
    }

    fn name(&self) -> &'static str {
        self.fitted.name()
    }
}

/// Grid load with the weather that was forecast for it; gives the MASE of `auto`.
fn with_weather(set: &Set) -> f64 {
    println!("\n## With weather\n");
    println!("openstef_sub with temperature, radiation and wind speed as they were forecast, known ahead.\n");
    println!("| model | MASE | WQL | covers |\n|---|---|---|---|");
    let mut mase = f64::NAN;
    for model in [Model::Ridge, Model::Auto] {
        eprintln!("{model} with weather");
        let reports: Vec<Backtest> =
            set.scored.iter().map(|id| report(set, &model, &set.histories[id])).collect();
        let pooled = Pooled::of(&reports);
        println!("| `{model}` | {:.3} | {:.3} | {:.2} |", pooled.mase, pooled.wql, covered(&pooled));
        mase = pooled.mase;
    }
    mase
}

/// What was to be reached, and what is.
fn goals(auto: &Scored, ridge: &Scored, weather: f64, (community, homes): (f64, f64)) {
    println!("\n## Goals\n");
    println!("Figures of `auto` where none other is named; the median is scored.\n");
    println!("| what | here | goal | stretch |\n|---|---|---|---|");
    let (mase, wql) = auto.ratios(peers::NAIVE.into_iter());
    println!("| MASE over that of seasonal naive, six sets | {mase:.3} | at most 0.76 | 0.73 |");
    println!("| WQL over that of seasonal naive, six sets | {wql:.3} | at most 0.66 | 0.635 |");
    let worst = |own: fn(&(f64, f64, f64)) -> f64, naive: fn(&(f64, f64)) -> f64| {
        let ratios = auto.by_set.iter().zip(&peers::NAIVE).map(|(by_set, to)| own(by_set) / naive(to));
        ratios.fold(0.0, f64::max)
    };
    println!("| the same of the worst set, MASE | {:.3} | at most 1.02 | - |", worst(|own| own.0, |to| to.0));
    println!("| the same of the worst set, WQL | {:.3} | at most 1.02 | - |", worst(|own| own.1, |to| to.1));
    println!("| share of all hours in the interval of 80 % | {:.3} | 0.76 to 0.84 | - |", auto.covered);
    println!("| MASE of openstef_sub with weather | {weather:.3} | at most 0.64 | - |");
    println!("| kWh, community after top-down | {community:.3} | at most 3.19 | - |");
    println!("| kWh, mean home after top-down | {homes:.4} | at most 0.515 | - |");
    println!("| CPU s a series and origin | {:.4} | at most 0.02 | 0.005 |", auto.cpu_s);
    println!("| CPU s a series and origin, `ridge` | {:.4} | at most 0.002 | - |", ridge.cpu_s);
}
