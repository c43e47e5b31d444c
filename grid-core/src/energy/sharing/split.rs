//! Splitting one amount exactly, and fast.
//!
//! [`Splitter::exact`] gives the same parts as [`largest_remainder`], in a few nanoseconds each. A part's quotient comes
//! from a multiplication by the ratio in floating point; that is off by less than a half, and the exact integer
//! remainder sets it right. The remainders are ordered by keys of thirty bits: the key from which on a unit is due is
//! found by counting, so that nothing is sorted, and only parts whose keys are alike are compared by the remainders
//! themselves. Nothing is allocated for a row.

use crate::{
    energy::Error,
    quantity::{Energy, Rounding, Share, divide, largest_remainder},
};

/// Totals below this have quotients that the ratio finds to an eighth: four roundings of 2^-53 each, of 2^48.
const TOTAL_LIMIT: i64 = 1 << 48;

/// Sums of weights below this, and so all weights and remainders, are whole numbers in a float.
const SUM_LIMIT: i64 = 1 << 52;

/// Below this, both factors of a product fit into 32 bits, and a processor multiplies several at a time.
const NARROW_LIMIT: i64 = 1 << 31;

/// The largest key.
const KEYS: i32 = 1 << 30;

/// After so many looks as if the keys lay evenly, the ends are drawn in and looks go to the middle.
const EVEN_LOOKS: u32 = 6;

/// Keys are counted in blocks of so many, and filled up with what is below every key to whole blocks: a row of fifty
/// spends more on the rest of a loop and its ways out than on the counting.
const BLOCK: usize = 8;

/// Below every key.
const NO_KEY: i32 = -1;

/// A weight, zero or more.
pub(super) trait Weight: Copy {
    fn amount(self) -> i64;
}

impl Weight for Energy {
    fn amount(self) -> i64 {
        self.as_mwh()
    }
}

impl Weight for Share {
    fn amount(self) -> i64 {
        i64::from(self.as_ppm())
    }
}

impl Weight for i64 {
    fn amount(self) -> i64 {
        self
    }
}

/// The sum of weights of zero or more.
///
/// # Errors
///
/// [`Error::Quantity`] where it does not fit.
pub(super) fn sum_of<W: Weight>(weights: &[W]) -> Result<i64, Error> {
    let (mut sum, mut bits) = (0_i64, 0_i64);
    for weight in weights {
        let amount = weight.amount();
        sum = sum.wrapping_add(amount);
        bits |= amount;
    }
    // All are below 2^(63 − room); of fewer than 2^room such numbers the sum has not run over.
    let room = bits.leading_zeros().saturating_sub(1);
    if weights.len().checked_ilog2().is_none_or(|log| log < room) {
        return Ok(sum);
    }
    Ok(Energy::checked_sum(weights.iter().map(|weight| Energy::from_mwh(weight.amount())))?.as_mwh())
}

/// Splits amounts, and keeps its room from one to the next.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// For each part, its remainder on a scale of thirty bits; then [`NO_KEY`] to the end of the block.
    keys: Vec<i32>,
    /// Remainder, weight and position of parts whose keys are alike.
    alike: Vec<(i64, i64, usize)>,
}

impl Splitter {
    /// Splits `total` in proportion to `weights`, which add up to `sum`, as [`largest_remainder`] does; by no weights
    /// at all nobody gets anything.
    pub(super) fn exact<W: Weight>(
        &mut self,
        total: i64,
        weights: &[W],
        sum: i64,
        parts: &mut [i64],
    ) -> Result<(), Error> {
        if total == 0 || sum == 0 {
            parts.fill(0);
            return Ok(());
        }
        let Some(division) = Division::new(total, sum) else {
            let weights: Vec<u64> = weights.iter().map(|weight| weight.amount().unsigned_abs()).collect();
            for (part, exact) in parts.iter_mut().zip(largest_remainder(total, &weights)?) {
                *part = exact;
            }
            return Ok(());
        };
        self.make_room(weights.len());
        let given = division.round_down(weights, parts, &mut self.keys);
        let left = usize::try_from(total - given).unwrap_or(0);
        if left > 0 {
            self.give(left, &division, weights, parts);
        }
        Ok(())
    }

    /// Splits `total` in proportion to `weights`, each part rounded half up by itself.
    pub(super) fn each_half_up<W: Weight>(&mut self, total: i64, weights: &[W], sum: i64, parts: &mut [i64]) {
        if total == 0 || sum == 0 {
            parts.fill(0);
            return;
        }
        if let Some(division) = Division::new(total, sum) {
            self.make_room(weights.len());
            division.round_down(weights, parts, &mut self.keys);
            for (part, weight) in parts.iter_mut().zip(weights) {
                *part += i64::from(2 * division.remainder(weight.amount(), *part) >= sum);
            }
            return;
        }
        for (part, weight) in parts.iter_mut().zip(weights) {
            let product = i128::from(total) * i128::from(weight.amount());
            // A part is at most the total, and so fits.
            *part = divide(product, i128::from(sum), Rounding::HalfUp)
                .and_then(|part| i64::try_from(part).ok())
                .unwrap_or(total);
        }
    }

    /// Makes room for the keys of so many parts.
    fn make_room(&mut self, parts: usize) {
        let filled = parts.next_multiple_of(BLOCK);
        if self.keys.len() != filled {
            self.keys.resize(filled, NO_KEY);
        }
        // Of another number of parts before, some keys may be left.
        self.keys.iter_mut().skip(parts).for_each(|key| *key = NO_KEY);
    }

    /// Gives one unit each to the parts with the `left` largest remainders; there are more remainders above zero.
    fn give<W: Weight>(&mut self, left: usize, division: &Division, weights: &[W], parts: &mut [i64]) {
        // From `low` on there are too many keys, from `high` on too few.
        let (mut low, mut high) = (0, KEYS + 1);
        let mut from_high = 0;
        // How far apart keys are that lie evenly. The next look is as many such steps away as this one was parts off:
        // a multiplication, where to look between the ends by what is between them takes a division, which the row
        // would wait for.
        let apart = i64::from(KEYS) / signed(weights.len()).max(1);
        let mut next = apart * (signed(weights.len()) - signed(left));
        let mut looks = 0;
        while high - low > 1 {
            if looks == EVEN_LOOKS {
                // Members alike have keys alike, and then there is nothing between the ends.
                (low, high) = ends(&self.keys, low, high);
                looks += 1;
                continue;
            }
            let even = i32::try_from(next).ok().filter(|key| looks < EVEN_LOOKS && *key > low && *key < high);
            let key = even.unwrap_or(low + (high - low) / 2);
            looks += 1;
            let from_key = count_from(&self.keys, key);
            if from_key > left {
                low = key;
            } else {
                (high, from_high) = (key, from_key);
            }
            if from_key == left {
                break;
            }
            next = i64::from(key) + apart * (signed(from_key) - signed(left));
        }
        for (part, &key) in parts.iter_mut().zip(&self.keys) {
            *part += i64::from(key >= high);
        }
        let left = left - from_high;
        if left > 0 {
            self.give_alike(left, low, division, weights, parts);
        }
    }

    /// Gives one unit each to `left` of the parts with this key, which does not tell them apart: the remainder itself
    /// does, then the weight, then the position.
    fn give_alike<W: Weight>(
        &mut self,
        left: usize,
        alike: i32,
        division: &Division,
        weights: &[W],
        parts: &mut [i64],
    ) {
        self.alike.clear();
        for (position, ((&key, weight), &part)) in self.keys.iter().zip(weights).zip(&*parts).enumerate() {
            if key == alike {
                self.alike.push((division.remainder(weight.amount(), part), weight.amount(), position));
            }
        }
        // Where all are alike they stand in their order already.
        let first = self.alike.first().map(|&(remainder, weight, _)| (remainder, weight));
        let differ = self.alike.iter().any(|&(remainder, weight, _)| first != Some((remainder, weight)));
        if differ && left < self.alike.len() {
            self.alike.select_nth_unstable_by(left - 1, |a, b| {
                b.0.cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2))
            });
        }
        for &(_, _, position) in self.alike.iter().take(left) {
            if let Some(part) = parts.get_mut(position) {
                *part += 1;
            }
        }
    }
}

/// A number of parts, to be subtracted from.
fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The smallest and the largest key from `low` to below `high`, the largest as what comes after it.
fn ends(keys: &[i32], low: i32, high: i32) -> (i32, i32) {
    keys.iter()
        .filter(|key| (low..high).contains(key))
        .fold((high - 1, low + 1), |(least, after), &key| (least.min(key), after.max(key + 1)))
}

/// How many keys are `least` or more, of whole blocks of keys.
fn count_from(keys: &[i32], least: i32) -> usize {
    // Counted in 32 bits, which a processor does for several keys at a time; each lane counts one key a block.
    let mut counts = [0_u32; BLOCK];
    for block in keys.as_chunks::<BLOCK>().0 {
        for (count, &key) in counts.iter_mut().zip(block) {
            *count += u32::from(key >= least);
        }
    }
    counts.into_iter().map(|count| usize::try_from(count).unwrap_or(usize::MAX)).sum()
}

/// A multiplication by `total / sum`, both so small that floats find the quotients.
struct Division {
    total: i64,
    sum: i64,
    ratio: f64,
    /// From remainders to keys.
    scale: f64,
}

impl Division {
    fn new(total: i64, sum: i64) -> Option<Self> {
        (total < TOTAL_LIMIT && sum < SUM_LIMIT).then(|| Self {
            total,
            sum,
            ratio: to_f64(total) / to_f64(sum),
            scale: f64::from(KEYS) / to_f64(sum),
        })
    }

    /// Rounds all parts down, writes a key for each remainder, and tells what the parts add up to.
    fn round_down<W: Weight>(&self, weights: &[W], parts: &mut [i64], keys: &mut [i32]) -> i64 {
        if self.total < NARROW_LIMIT && self.sum < NARROW_LIMIT {
            self.round_down_by(narrow_product, weights, parts, keys)
        } else {
            self.round_down_by(i64::wrapping_mul, weights, parts, keys)
        }
    }

    #[inline]
    fn round_down_by<W: Weight>(
        &self,
        product: impl Fn(i64, i64) -> i64,
        weights: &[W],
        parts: &mut [i64],
        keys: &mut [i32],
    ) -> i64 {
        let mut given = 0;
        for ((weight, part), key) in weights.iter().zip(parts).zip(keys) {
            let amount = weight.amount();
            // Before rounding it is off by an eighth at most, so this is the quotient or one more.
            let near = nearest(to_f64(amount) * self.ratio);
            // The products may run over, their difference does not: it is the remainder, or that less one sum.
            let over = product(self.total, amount).wrapping_sub(product(near, self.sum));
            let borrow = over >> 63;
            *part = near + borrow;
            given += *part;
            *key = low_half(nearest(to_f64(over + (self.sum & borrow)) * self.scale));
        }
        given
    }

    fn remainder(&self, amount: i64, quotient: i64) -> i64 {
        self.total.wrapping_mul(amount).wrapping_sub(quotient.wrapping_mul(self.sum))
    }
}

/// The product of two numbers from zero to below 2^32.
#[inline]
fn narrow_product(a: i64, b: i64) -> i64 {
    (a & 0xffff_ffff).wrapping_mul(b & 0xffff_ffff)
}

/// 2^52: floats from here to twice that are whole numbers, and their last 52 bits are what they have above it.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// A number from zero to below 2^52 as a float, exactly.
#[inline]
fn to_f64(number: i64) -> f64 {
    f64::from_bits(WHOLE.to_bits() | number.cast_unsigned()) - WHOLE
}

/// The whole number nearest to a float from zero to below 2^52.
#[inline]
fn nearest(number: f64) -> i64 {
    (number + WHOLE).to_bits().wrapping_sub(WHOLE.to_bits()).cast_signed()
}

/// A number from zero to below 2^31 in half the bits.
#[inline]
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "keys are at most 2^30")]
fn low_half(number: i64) -> i32 {
    number as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(total: i64, weights: &[i64]) -> Vec<i64> {
        let mut parts = vec![-1; weights.len()];
        let sum = sum_of(weights).unwrap();
        Splitter::default().exact(total, weights, sum, &mut parts).unwrap();
        parts
    }

    fn reference(total: i64, weights: &[i64]) -> Vec<i64> {
        let weights: Vec<u64> = weights.iter().map(|weight| weight.unsigned_abs()).collect();
        largest_remainder(total, &weights).unwrap()
    }

    #[test]
    fn the_edges_of_the_fast_path_are_exact() {
        for total in [1, 2, NARROW_LIMIT - 1, NARROW_LIMIT, TOTAL_LIMIT - 1, TOTAL_LIMIT, i64::MAX] {
            for sum in [2, 3, 1_000_000, NARROW_LIMIT - 1, NARROW_LIMIT, SUM_LIMIT - 1, SUM_LIMIT, i64::MAX] {
                for first in [0, 1, sum / 2, sum - 1, sum] {
                    let weights = [first, sum - first];
                    assert_eq!(exact(total, &weights), reference(total, &weights), "{total} by {weights:?}");
                }
            }
        }
    }

    #[test]
    fn sums_that_do_not_fit_are_refused() {
        assert_eq!(sum_of::<i64>(&[]).unwrap(), 0);
        assert_eq!(sum_of(&[i64::MAX, 0]).unwrap(), i64::MAX);
        assert_eq!(sum_of(&[i64::MAX / 2, i64::MAX / 2, 1]).unwrap(), i64::MAX);
        assert!(sum_of(&[i64::MAX, 1]).is_err());
        assert!(sum_of(&[i64::MAX; 5]).is_err());
    }

    /// A number of any size, small ones as often as large ones.
    fn number(most_bits: u32) -> impl Strategy<Value = i64> {
        (0..=most_bits).prop_flat_map(|bits| 0..=(1_i64 << bits) - 1)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn parts_are_those_of_the_largest_remainder(total in number(62), weights in prop::collection::vec(number(56), 1..60)) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            prop_assert_eq!(exact(total, &weights), reference(total, &weights));
        }

        #[test]
        fn ties_are_those_of_the_largest_remainder(total in 0..400_i64, weights in prop::collection::vec(0..4_i64, 1..200)) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            prop_assert_eq!(exact(total, &weights), reference(total, &weights));
        }

        #[test]
        fn a_row_of_another_length_changes_nothing_in_the_next(
            rows in prop::collection::vec((number(40), prop::collection::vec(number(20), 1..40)), 2..6),
        ) {
            let mut splitter = Splitter::default();
            for (total, weights) in rows {
                prop_assume!(weights.iter().any(|&weight| weight > 0));
                let mut parts = vec![-1; weights.len()];
                splitter.exact(total, &weights, sum_of(&weights).unwrap(), &mut parts).unwrap();
                prop_assert_eq!(parts, reference(total, &weights));
            }
        }

        #[test]
        fn crowded_remainders_are_those_of_the_largest_remainder(
            total in number(40), (around, apart) in (number(30), 1..4_i64), steps in prop::collection::vec(0..30_i64, 1..300),
        ) {
            let weights: Vec<i64> = steps.into_iter().map(|step| around + step * apart + 1).collect();
            prop_assert_eq!(exact(total, &weights), reference(total, &weights));
        }

        #[test]
        fn each_part_is_rounded_half_up_by_itself(total in number(62), weights in prop::collection::vec(number(56), 1..20)) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            let sum = sum_of(&weights).unwrap();
            let mut parts = vec![-1; weights.len()];
            Splitter::default().each_half_up(total, &weights, sum, &mut parts);
            for (part, weight) in parts.into_iter().zip(weights) {
                let exact = divide(i128::from(total) * i128::from(weight), i128::from(sum), Rounding::HalfUp);
                prop_assert_eq!(Some(i128::from(part)), exact);
            }
        }
    }
}
