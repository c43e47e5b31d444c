//! The regressions of the slots of a day.

use serde::{Deserialize, Serialize};

use super::{elastic_net, ridge};
use crate::forecast::{
    Error,
    features::{Days, Design, Past, Table},
    interval::Residuals,
    learnt::{ERRORS_HALF_LIFE_DAYS, faded},
    linear::{Line, Normals},
};

/// The penalties to choose from; between two of them the error hardly differs.
const PENALTIES: [f64; 5] = [2.0, 10.0, 50.0, 250.0, 1250.0];
/// One in so many slots has a say in the penalty.
const SLOTS_SCORED: usize = 6;
/// An error of so many half-lives ago weighs a sixteenth, and is not worth its leverage.
const HALF_LIVES: f64 = 4.0;
/// So many slots are learnt at a time, that their columns stay near the processor.
const SLOTS_AT_A_TIME: usize = 24;

/// How the regressions are learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    /// With squares of the coefficients as the penalty.
    Ridge,
    /// With absolute values too.
    ElasticNet,
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ridge => ridge::NAME,
            Self::ElasticNet => elastic_net::NAME,
        }
    }
}

/// The regression of one slot, in units of the usual spread.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Regression {
    pub(super) line: Line,
    pub(super) residuals: Residuals,
    /// The age in days of each of the last days, and the error that it would have had if it had been left out.
    pub(super) left_out: Vec<(f64, f64)>,
}

impl Regression {
    /// Leaves out the errors that are too old to say anything, and reads the intervals off the others.
    pub(super) fn forget(&mut self, errors_half_life: f64) {
        self.left_out.retain(|(age, error)| *age <= HALF_LIVES * errors_half_life && error.is_finite());
        let weighed = self.left_out.iter().map(|(age, error)| (*error, faded(*age, errors_half_life)));
        self.residuals = Residuals::new(weighed);
    }
}

/// Learns the regressions of the first `slots` slots of the day that lies `ahead` further days ahead.
pub(super) fn regressions(
    past: &Past,
    days: &Days,
    design: &Design<'_>,
    slots: usize,
    ahead: usize,
    method: Method,
    half_life_days: f64,
) -> Result<Vec<Regression>, Error> {
    let errors_half_life = half_life_days.min(ERRORS_HALF_LIFE_DAYS);
    let mut regressions = Vec::with_capacity(slots);
    let runs = design.dates(slots).into_iter().flat_map(|date| {
        let end = date.end;
        date.step_by(SLOTS_AT_A_TIME).map(move |start| start..end.min(start + SLOTS_AT_A_TIME))
    });
    for run in runs {
        let table = Table::new(past, days, design, run, ahead, half_life_days);
        if method == Method::ElasticNet {
            regressions.extend(elastic_net::regressions(&table, errors_half_life)?);
            continue;
        }
        regressions.extend(of_table(&table, errors_half_life)?);
    }
    Ok(regressions)
}

/// Learns the regressions of the slots of a table.
fn of_table(table: &Table, errors_half_life: f64) -> Result<Vec<Regression>, Error> {
    let unsolved = || Error::Unsolved {
        rows: table.ages.len(),
        columns: table.width(),
        source: "the covariance of the columns is not finite".into(),
    };
    let all = table.products();
    let groups: Vec<(Vec<usize>, Normals)> = table
        .alike()
        .into_iter()
        .map(|numbers| {
            let normals = Normals::new(&table.sums(&numbers, &all)).ok_or_else(unsolved)?;
            Ok((numbers, normals))
        })
        .collect::<Result<_, Error>>()?;
    let penalty = penalty(&groups);
    let mut regressions = Vec::with_capacity(table.slots());
    for (numbers, normals) in &groups {
        let mut solutions = normals.solve(penalty).ok_or_else(unsolved)?;
        let errors = table.left_out_errors(numbers, &solutions, HALF_LIVES * errors_half_life);
        for ((number, line), left_out) in numbers.iter().zip(solutions.lines.drain(..)).zip(errors) {
            let mut regression = Regression { line, residuals: Residuals::default(), left_out };
            regression.forget(errors_half_life);
            regressions.push((number, regression));
        }
    }
    regressions.sort_by_key(|(number, _)| *number);
    Ok(regressions.into_iter().map(|(_, regression)| regression).collect())
}

/// The penalty with the least error, over some of the slots.
fn penalty(groups: &[(Vec<usize>, Normals)]) -> f64 {
    let scored = |numbers: &[usize]| -> Vec<usize> {
        let places = numbers.iter().enumerate();
        places
            .filter(|(_, number)| **number % SLOTS_SCORED == SLOTS_SCORED / 2)
            .map(|(place, _)| place)
            .collect()
    };
    let scored: Vec<Normals> = groups
        .iter()
        .map(|(numbers, normals)| (scored(numbers), normals))
        .filter(|(places, _)| !places.is_empty())
        .map(|(places, normals)| normals.only(&places))
        .collect();
    let score = |penalty: &f64| -> f64 { scored.iter().map(|normals| normals.score(*penalty)).sum() };
    let scores = PENALTIES.iter().map(|penalty| (score(penalty), *penalty));
    scores.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(100.0, |best| best.1)
}
