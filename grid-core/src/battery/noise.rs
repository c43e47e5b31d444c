//! Reproducible noise for tests.

/// A generator that other programs can repeat: a linear congruence (Knuth's MMIX), its upper 24 bits.
pub(super) struct Noise {
    state: u64,
}

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Evenly from 0 to 1.
    pub(super) fn uniform(&mut self) -> f64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.state >> 40).unwrap()) / f64::from(1_u32 << 24)
    }

    /// Nearly normal, mean 0 and deviation 1: the sum of twelve even ones, less six.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}
