//! The normal distribution, as far as a naive forecast needs it.

/// The standard normal quantile of a level between 0 and 1, to nine digits.
///
/// # References
///
/// Acklam's rational approximation of the inverse normal distribution function (2003), relative error below 1.15e-9.
pub(crate) fn normal_quantile(level: f64) -> f64 {
    const NUMERATOR: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const DENOMINATOR: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const TAIL_NUMERATOR: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const TAIL_DENOMINATOR: [f64; 5] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
    const TAIL: f64 = 0.02425;
    if level > 0.5 {
        return -normal_quantile(1.0 - level);
    }
    if level < TAIL {
        let far = (-2.0 * level.ln()).sqrt();
        polynomial(&TAIL_NUMERATOR, far) / polynomial(&TAIL_DENOMINATOR, far)
    } else {
        let off = level - 0.5;
        off * polynomial(&NUMERATOR, off * off) / polynomial(&DENOMINATOR, off * off)
    }
}

/// The value of a polynomial whose coefficients come from the highest power down.
fn polynomial(coefficients: &[f64], at: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * at + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_pythons_normal_distribution() {
        // statistics.NormalDist().inv_cdf of Python 3.11.
        let known = [
            (0.001, -3.090_232_306_168),
            (0.01, -2.326_347_874_041),
            (0.0242, -1.973_839_463_313),
            (0.1, -1.281_551_565_545),
            (0.25, -0.674_489_750_196),
            (0.4, -0.253_347_103_136),
            (0.9, 1.281_551_565_545),
            (0.995, 2.575_829_303_549),
        ];
        for (level, value) in known {
            assert!((normal_quantile(level) - value).abs() < 1e-8, "{level}");
        }
    }

    #[test]
    fn the_median_is_zero_and_the_two_sides_mirror_each_other() {
        assert!(normal_quantile(0.5).abs() < f64::EPSILON);
        assert!((normal_quantile(0.75) + normal_quantile(0.25)).abs() < f64::EPSILON);
    }
}
