//! Inputs of the benches: made from a seed, the same on every machine and in every run.
//!
//! What the Python peers read is written to the target folder first, so that both sides work on the same bytes.

pub mod homes;
pub mod load;
pub mod machine;
pub mod recordings;
pub mod served;

use grid_core::quantity::Energy;

/// Numbers that look random and are not: `SplitMix64` from a seed.
///
/// # References
///
/// G. Steele, D. Lea and C. Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014.
pub fn draws(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// Energies from zero to below `most_mwh`.
pub fn energies(seed: u64, count: usize, most_mwh: u64) -> Vec<Energy> {
    let below = draws(seed).map(|draw| i64::try_from(draw % most_mwh.max(1)).unwrap_or(0));
    below.take(count).map(Energy::from_mwh).collect()
}

/// The Rust blocks of README.md, run as doctests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs of SplitMix64 for seed 1234567, from the reference implementation's test values.
        let first: Vec<u64> = draws(1_234_567).take(3).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
