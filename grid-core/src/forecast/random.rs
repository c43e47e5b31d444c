//! Numbers that look random and are not.

/// `SplitMix64`: one addition and three mixing steps a number. A seed gives the same numbers on every machine.
///
/// # References
///
/// G. L. Steele, D. Lea, C. H. Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// Starts the sequence of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number above 0 and below 1, one of 2^32 that lie evenly.
    pub(crate) fn unit(&mut self) -> f64 {
        let high = u32::try_from(self.bits() >> 32).unwrap_or(u32::MAX);
        (f64::from(high) + 0.5) / 4_294_967_296.0
    }

    /// Picks about that share of the places from 0 on, in order: all of them where it would pick none.
    pub(crate) fn pick(&mut self, count: usize, share: f64) -> Vec<usize> {
        if share >= 1.0 {
            return (0..count).collect();
        }
        let picked: Vec<usize> = (0..count).filter(|_| self.unit() < share).collect();
        if picked.is_empty() { (0..count).collect() } else { picked }
    }

    /// Puts `items` in an order of its own (Durstenfeld's form of the Fisher-Yates shuffle, 1964).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            // The high half of the product is below `last + 1`; the bias is below one in 2^32 for any list that fits.
            let product = u128::from(self.bits()) * (u128::try_from(last).unwrap_or(0) + 1);
            items.swap(last, usize::try_from(product >> 64).unwrap_or(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_reference() {
        // The first outputs for the seed 1234567, as the reference implementation in C (splitmix64.c) gives them.
        let mut random = Random::new(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423_u64];
        assert_eq!([random.bits(), random.bits(), random.bits()], expected);
    }

    #[test]
    fn every_order_comes_as_often_as_the_others() {
        let mut counts = std::collections::BTreeMap::new();
        let mut random = Random::new(7);
        for _ in 0..6000 {
            let mut items = [0, 1, 2];
            random.shuffle(&mut items);
            *counts.entry(items).or_insert(0_u32) += 1;
        }
        // A thousand each; the deviation of a count is below 29.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (880..=1120).contains(count)), "{counts:?}");
    }

    #[test]
    fn units_lie_evenly_between_nothing_and_one() {
        let mut random = Random::new(1);
        let units: Vec<f64> = (0..10_000).map(|_| random.unit()).collect();
        assert!(units.iter().all(|unit| *unit > 0.0 && *unit < 1.0));
        let mean = units.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.012, "{mean}"); // four deviations
    }

    #[test]
    fn a_share_of_the_places_is_picked_and_never_none() {
        let picked = Random::new(1).pick(10_000, 0.25);
        assert!((2300..2700).contains(&picked.len()), "{}", picked.len());
        assert!(picked.is_sorted() && picked.iter().all(|place| *place < 10_000));
        assert_eq!(Random::new(1).pick(3, 0.0), [0, 1, 2]);
        assert_eq!(Random::new(1).pick(3, 1.0), [0, 1, 2]);
    }
}
