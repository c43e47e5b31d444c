//! Seventeen homes and their sum: forecasts that add up, and homes whose meters have just been installed.

use std::collections::{BTreeMap, BTreeSet};

use grid_core::forecast::{
    Backtest, Error, Fit, Forecast, Global, Hierarchy, History, Method, Model, Predict, backtest, metrics,
    reconcile,
};
use jiff::{ToSpan, civil::DateTime};

use crate::forecast_sets::{AT_MOST_DAYS, LEVELS, Set};

const WHOLE: &str = "community";
/// The days before an origin whose errors say how far each forecast is moved.
const ERROR_DAYS: usize = 28;
/// What a new meter has told.
const COLD_DAYS: u32 = 3;
/// A home is forecast by what was learnt from the homes of the other folds.
const FOLDS: usize = 4;

/// Mean absolute errors after each way to make forecasts add up; gives those of the median of the community and of the mean
/// home, top-down.
pub(crate) fn adding_up(set: &Set) -> (f64, f64) {
    println!("\n## A community that adds up\n");
    println!(
        "The 17 homes of citylearn_load and their sum, each forecast by `auto`, then made to add up: mean absolute error in kWh of\n\
         the community and of the mean home, of the mean forecast and of the median. MinT knows the errors of the 28 days before\n\
         each origin.\n"
    );
    let homes = || set.histories.keys().filter(|id| *id != WHOLE);
    let nodes = homes().map(|id| (id.as_str(), Some(WHOLE)));
    let hierarchy = Hierarchy::new(std::iter::once((WHOLE, None)).chain(nodes)).unwrap();
    // All days from four weeks before the first origin on, since the errors of each are needed.
    let (first, last) = (set.origins[0] - 28.days(), *set.origins.last().unwrap());
    let days: Vec<DateTime> = first.series(1.day()).take_while(|day| *day <= last).collect();
    let by_node: BTreeMap<&String, Backtest> = set
        .histories
        .iter()
        .map(|(id, history)| {
            eprintln!("auto for {id}, {} days", days.len());
            (id, backtest(&Model::Auto, history, &days, set.horizon, &LEVELS, AT_MOST_DAYS).unwrap())
        })
        .collect();
    let errors = |report: &Backtest, day: usize| -> Vec<f64> {
        let means = report.forecasts[day - ERROR_DAYS..day].iter().flat_map(Forecast::means);
        let actual = report.actual[(day - ERROR_DAYS) * set.horizon..].iter();
        actual.zip(means).map(|(actual, mean)| actual - mean).collect()
    };
    println!(
        "| method | community, mean | homes, mean | community, median | homes, median |\n|---|---|---|---|---|"
    );
    let mut top_down = (f64::NAN, f64::NAN);
    for name in ["independent", "bottom-up", "MinT", "top-down"] {
        let mut sums: BTreeMap<&String, (f64, f64)> = BTreeMap::new();
        let scored = days.iter().enumerate().filter(|(_, day)| set.origins.contains(day));
        for (day, _) in scored {
            let own: BTreeMap<String, Forecast> =
                by_node.iter().map(|(id, report)| ((*id).clone(), report.forecasts[day].clone())).collect();
            let method = match name {
                "bottom-up" => Some(Method::BottomUp),
                "top-down" => Some(Method::TopDown),
                "MinT" => {
                    let of = |(id, report): (&&String, &Backtest)| ((*id).clone(), errors(report, day));
                    Some(Method::MinT { errors: by_node.iter().map(of).collect() })
                }
                _ => None,
            };
            let made = method.map_or_else(|| own.clone(), |by| reconcile(&hierarchy, &own, &by).unwrap());
            for (id, report) in &by_node {
                let actual = &report.actual[day * set.horizon..(day + 1) * set.horizon];
                let mae = |expected: &[f64]| metrics::mae(actual, expected).unwrap();
                let sum = sums.entry(id).or_default();
                *sum = (sum.0 + mae(&made[*id].means()), sum.1 + mae(&made[*id].medians()));
            }
        }
        let origins = count(set.origins.len());
        let of = |id: &String| (sums[id].0 / origins, sums[id].1 / origins);
        let community = of(&WHOLE.to_owned());
        let (means, medians): (Vec<f64>, Vec<f64>) = homes().map(of).unzip();
        let homes = (mean(&means), mean(&medians));
        println!("| {name} | {:.3} | {:.4} | {:.3} | {:.4} |", community.0, homes.0, community.1, homes.1);
        // The last way is the one that is returned.
        top_down = (community.1, homes.1);
    }
    top_down
}

/// What three days of a meter are enough for.
pub(crate) fn cold_start(set: &Set) {
    println!("\n## A meter with three days of readings\n");
    println!(
        "The 17 homes of citylearn_load, each as if its meter had been installed three days before the origin. `global` has learnt\n\
         from all that the homes of the other three folds had told by then, at most {AT_MOST_DAYS} days; the others know the three days. Every\n\
         third origin; mean absolute error of the median in kWh, quantile loss and share covered, averaged over the homes.\n"
    );
    println!("| model | MAE | MAE to naive | WQL | covers |\n|---|---|---|---|---|");
    let origins: BTreeSet<DateTime> = set.origins.iter().step_by(3).copied().collect();
    let homes: Vec<(usize, &History)> =
        set.histories.iter().filter(|(id, _)| *id != WHOLE).map(|(_, history)| history).enumerate().collect();
    // Learnt once a fold and origin, and kept: (origin, fold).
    let mut learnt = BTreeMap::new();
    for origin in &origins {
        eprintln!("global before {origin}");
        for fold in 0..FOLDS {
            let others = homes.iter().filter(|(home, _)| home % FOLDS != fold);
            let known: Vec<History> =
                others.map(|(_, history)| history.before(*origin, AT_MOST_DAYS)).collect();
            learnt.insert((*origin, fold), Global::default().fit(&known).unwrap());
        }
    }
    let by_model =
        |model: Model| move |_: DateTime, _: usize, short: &History| model.fit(short)?.predict(24, &LEVELS);
    let by_global = |origin: DateTime, home: usize, short: &History| {
        learnt[&(origin, home % FOLDS)].forecast_for(short, 24, &LEVELS)
    };
    let mut naive = f64::NAN;
    for (name, model) in
        [("seasonal_naive", Some(Model::SeasonalNaiveDay)), ("profile", Some(Model::Profile))]
            .into_iter()
            .chain([("auto", Some(Model::Auto)), ("global", None)])
    {
        let scores: Vec<[f64; 3]> = homes
            .iter()
            .map(|(home, history)| match model {
                Some(model) => scores(history, *home, &origins, by_model(model)),
                None => scores(history, *home, &origins, by_global),
            })
            .collect();
        let of = |place: usize| mean(&scores.iter().map(|scores| scores[place]).collect::<Vec<_>>());
        if naive.is_nan() {
            naive = of(0);
        }
        println!("| `{name}` | {:.4} | {:.3} | {:.3} | {:.2} |", of(0), of(0) / naive, of(1), of(2));
    }
}

/// Mean absolute error, quantile loss and share covered of one home.
fn scores(
    history: &History,
    home: usize,
    origins: &BTreeSet<DateTime>,
    forecast: impl Fn(DateTime, usize, &History) -> Result<Forecast, Error>,
) -> [f64; 3] {
    let (mut actual, mut medians) = (Vec::new(), Vec::new());
    let mut columns = vec![Vec::new(); LEVELS.len()];
    for origin in origins {
        let made = forecast(*origin, home, &history.before(*origin, COLD_DAYS)).unwrap();
        let known = |at| history.slot_of(at).and_then(|slot| history.observed_value(slot));
        actual.extend(made.points.iter().map(|point| known(point.start).unwrap_or(f64::NAN)));
        medians.extend(made.medians());
        for (column, level) in columns.iter_mut().zip(LEVELS) {
            column.extend(made.quantile(level).unwrap());
        }
    }
    [
        metrics::mae(&actual, &medians).unwrap(),
        metrics::wql(&actual, &columns, &LEVELS).unwrap(),
        metrics::coverage(&actual, &columns[0], &columns[4]).unwrap(),
    ]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}
