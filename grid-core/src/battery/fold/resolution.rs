//! The step that a column's figures are rounded to.

/// Columns with more decimals than this show no rounding.
const MOST_DECIMALS: u32 = 9;

/// Adding and subtracting it rounds a number below 2^51 to a whole one.
const ROUNDS: f64 = 6_755_399_441_055_744.0;

/// How many decimals a column needs, as far as it was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolution {
    decimals: u32,
    scale: f64,
    nonzero: bool,
}

impl Default for Resolution {
    fn default() -> Self {
        Self { decimals: 0, scale: 1.0, nonzero: false }
    }
}

/// Whether a value has further decimals than `scale` shows; NaN has none.
#[inline]
fn finer(value: f64, scale: f64) -> bool {
    let scaled = value * scale;
    let whole = (scaled + ROUNDS) - ROUNDS;
    (scaled - whole).abs() > 1e-6 + 1e-12 * scaled.abs()
}

impl Resolution {
    pub(crate) fn push(&mut self, values: &[f64]) {
        const CHUNK: usize = 128;
        for chunk in values.chunks(CHUNK) {
            if self.decimals == MOST_DECIMALS {
                return;
            }
            self.nonzero = self.nonzero || chunk.iter().any(|value| !value.is_nan() && *value != 0.0);
            // Without a branch a value, for this is nearly always false.
            if !chunk.iter().fold(false, |any, value| any | finer(*value, self.scale)) {
                continue;
            }
            for value in chunk {
                while self.decimals < MOST_DECIMALS && finer(*value, self.scale) {
                    self.decimals += 1;
                    self.scale *= 10.0;
                }
            }
        }
    }

    /// The step (0.001 for three decimals), or zero when there are nine decimals or more, or nothing but zeros, which
    /// show no rounding.
    pub(crate) fn step(self) -> f64 {
        if self.decimals == MOST_DECIMALS || !self.nonzero { 0.0 } else { 1.0 / self.scale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rounding_of_a_column_is_seen() {
        let step = |values: &[f64]| {
            let mut resolution = Resolution::default();
            resolution.push(values);
            resolution.step()
        };
        assert!((step(&[0.016, 0.024, f64::NAN, 1.0]) - 0.001).abs() < 1e-12);
        assert!((step(&[0.0, 3.0]) - 1.0).abs() < 1e-12);
        assert!(step(&[0.123_456_789_123]).abs() < 1e-12);
        assert!(step(&[0.0, 0.0]).abs() < 1e-12);
    }
}
