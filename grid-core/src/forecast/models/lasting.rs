//! A regression on a few traces of what was left over.

/// How many of the samples' own squares are added to each trace's, so that a trace that says little counts for little.
const PENALTY: f64 = 0.02;
/// So many rounds bring a handful of coefficients to where they stay.
const ROUNDS: usize = 40;

/// What each trace counts for, by least squares with a small penalty and without a constant; zero for traces that never
/// were anything.
///
/// The normal equations are solved by going round the coefficients, each time the best one if the others stay
/// (Gauss and Seidel). The penalty makes them definite, so that this converges.
pub(super) fn lasting<const TRACES: usize>(samples: &[([f64; TRACES], f64)]) -> [f64; TRACES] {
    let largest = samples
        .iter()
        .flat_map(|(traces, left)| traces.iter().chain([left]))
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    let mut solved = [0.0; TRACES];
    if largest <= 0.0 {
        return solved;
    }
    let mut products = [[0.0; TRACES]; TRACES];
    let mut along = [0.0; TRACES];
    for (traces, left) in samples {
        // In parts of the largest, so that no product of huge values is infinite.
        let traces = traces.map(|trace| trace / largest);
        for ((row, along), trace) in products.iter_mut().zip(&mut along).zip(&traces) {
            for (product, other) in row.iter_mut().zip(&traces) {
                *product += trace * other;
            }
            *along += trace * left / largest;
        }
    }
    for _ in 0..ROUNDS {
        for (place, (row, along)) in products.iter().zip(&along).enumerate() {
            let own = row.get(place).copied().unwrap_or_default();
            let others: f64 =
                row.iter().zip(&solved).map(|(product, coefficient)| product * coefficient).sum();
            if let Some(coefficient) = solved.get_mut(place) {
                let alone = along - others + own * *coefficient;
                *coefficient = if own > 0.0 { alone / (own * (1.0 + PENALTY)) } else { 0.0 };
            }
        }
    }
    solved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_found_in_any_unit() {
        for unit in [1.0, 1e90, 1e-90] {
            let samples: Vec<([f64; 2], f64)> = (0..200_u32)
                .map(|number| {
                    let (first, second) = (f64::from(number % 7) - 3.0, f64::from(number % 5) - 2.0);
                    ([first * unit, second * unit], (0.5 * first - 0.25 * second) * unit)
                })
                .collect();
            let [first, second] = lasting(&samples);
            assert!((first - 0.5).abs() < 0.02 && (second + 0.25).abs() < 0.02, "{first} {second}");
        }
    }

    #[test]
    fn nothing_teaches_nothing() {
        let none = |parts: [f64; 2]| parts.iter().all(|part| part.abs() < 1e-12);
        assert!(none(lasting::<2>(&[])));
        assert!(none(lasting(&[([0.0, 0.0], 0.0), ([0.0, 0.0], 0.0)])));
        assert!(lasting(&[([0.0, 1.0], 1.0)])[0].abs() < 1e-12);
    }
}
