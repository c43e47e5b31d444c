//! How often something may be tried: the generic cell rate algorithm, with one instant as its whole memory.

use std::{num::NonZeroU32, time::Duration};

use jiff::Timestamp;

/// One microsecond, the grain of the states: a database holds them as whole microseconds.
const GRAIN_NS: i128 = 1_000;

/// Lets `burst` through at once and then one per `interval`, by the generic cell rate algorithm (GCRA).
///
/// All that it remembers of the past is one instant, the theoretical arrival time: the time at which everything that
/// passed will have been paid for at one per interval. So it fits in one column, and replicas that share the row share
/// the limit. The caller keeps the instant; nothing here reads a clock.
///
/// ```
/// use std::{num::NonZeroU32, time::Duration};
/// use grid_core::auth::{Decision, Throttle};
/// let throttle = Throttle::new(NonZeroU32::new(2).unwrap(), Duration::from_secs(60));
/// let now: jiff::Timestamp = "2026-03-29T01:00:00Z".parse()?;
///
/// let Decision::Passed { state } = throttle.ask(None, now) else { unreachable!() };
/// let Decision::Passed { state } = throttle.ask(Some(state), now) else { unreachable!() };
/// let minute = Duration::from_secs(60);
/// assert_eq!(throttle.ask(Some(state), now), Decision::Refused { retry_after: minute });
/// assert!(matches!(throttle.ask(Some(state), now + minute), Decision::Passed { .. }));
/// # Ok::<(), jiff::Error>(())
/// ```
///
/// # References
///
/// ITU-T Recommendation I.371 annex A and ATM Forum Traffic Management 4.0 section 4.4.2: the virtual scheduling
/// algorithm GCRA(T, τ), here with T = `interval` and τ = (`burst` - 1) · `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    burst: NonZeroU32,
    interval: Duration,
}

/// What a [`Throttle`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be done.
    Passed {
        /// What to give to [`Throttle::ask`] the next time: the theoretical arrival time, in whole microseconds. Once
        /// it lies in the past it says nothing any more, and may be forgotten.
        state: Timestamp,
    },
    /// It may not be done yet; the state stays what it was.
    Refused {
        /// After how long it passes if nothing else does until then: not a nanosecond earlier.
        retry_after: Duration,
    },
}

impl Throttle {
    /// Makes a throttle: `burst` at once, then one per `interval` (rounded up to a whole microsecond).
    ///
    /// An interval of zero lets everything through.
    pub const fn new(burst: NonZeroU32, interval: Duration) -> Self {
        Self { burst, interval }
    }

    /// Whether one more may pass at the time `now`; `state` is what the last [`Decision::Passed`] gave, `None` where
    /// nothing is known.
    ///
    /// A state beyond the last instant that a [`Timestamp`] can hold is never given: what would need it is refused for
    /// good, with a `retry_after` of [`Duration::MAX`].
    pub fn ask(&self, state: Option<Timestamp>, now: Timestamp) -> Decision {
        let now = now.as_nanosecond();
        let interval = self.interval_ns();
        if let Some(state) = state {
            let tolerance = interval.saturating_mul(i128::from(self.burst.get()) - 1);
            let early = state.as_nanosecond().saturating_sub(tolerance).saturating_sub(now);
            if early > 0 {
                return Decision::Refused { retry_after: duration(early) };
            }
        }
        // Rounded up, so that nothing passes too early.
        let whole_now = now.saturating_add((-now).rem_euclid(GRAIN_NS));
        let arrival = state.map_or(whole_now, |state| whole_now.max(state.as_nanosecond()));
        match Timestamp::from_nanosecond(arrival.saturating_add(interval)) {
            Ok(state) => Decision::Passed { state },
            Err(_) => Decision::Refused { retry_after: Duration::MAX },
        }
    }

    /// Gives one passage back, as to a login that was right: the state without it.
    ///
    /// However often that is done, no more than `burst` pass at once, for a state in the past says nothing.
    pub fn give_back(&self, state: Timestamp) -> Timestamp {
        Timestamp::from_nanosecond(state.as_nanosecond().saturating_sub(self.interval_ns()))
            .unwrap_or(Timestamp::MIN)
    }

    /// The interval in nanoseconds, a whole number of microseconds.
    fn interval_ns(&self) -> i128 {
        let interval = i128::try_from(self.interval.as_nanos()).unwrap_or(i128::MAX);
        interval.saturating_add((-interval).rem_euclid(GRAIN_NS))
    }
}

/// A number of nanoseconds above zero as a duration.
fn duration(nanoseconds: i128) -> Duration {
    u128::try_from(nanoseconds).map_or(Duration::ZERO, Duration::from_nanos_u128)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: i64 = 1_774_746_000;

    fn throttle(burst: u32, interval: Duration) -> Throttle {
        Throttle::new(NonZeroU32::new(burst).unwrap(), interval)
    }

    fn at(nanoseconds: u64) -> Timestamp {
        Timestamp::from_second(START).unwrap() + Duration::from_nanos(nanoseconds)
    }

    /// A bucket that fills continuously and is counted out plainly: the other face of the algorithm (the "continuous
    /// state leaky bucket" of the same standards), in microseconds of credit.
    struct Bucket {
        credit: u64,
        most: u64,
        price: u64,
        seen: u64,
    }

    impl Bucket {
        fn new(burst: u32, price: u64) -> Self {
            let most = u64::from(burst) * price;
            Self { credit: most, most, price, seen: 0 }
        }

        fn take(&mut self, now: u64) -> bool {
            self.credit = self.most.min(self.credit + (now - self.seen));
            self.seen = now;
            let enough = self.credit >= self.price;
            if enough {
                self.credit -= self.price;
            }
            enough
        }

        fn put_back(&mut self, now: u64) {
            self.credit = self.most.min(self.credit + (now - self.seen) + self.price);
            self.seen = now;
        }
    }

    #[test]
    fn the_first_burst_passes_and_then_one_an_interval() {
        let throttle = throttle(3, Duration::from_secs(10));
        let mut state = None;
        let mut passed = Vec::new();
        for second in 0..60 {
            while let Decision::Passed { state: next } = throttle.ask(state, at(second * 1_000_000_000)) {
                state = Some(next);
                passed.push(second);
            }
        }
        assert_eq!(passed, [0, 0, 0, 10, 20, 30, 40, 50]);
    }

    #[test]
    fn a_fraction_of_a_microsecond_is_never_given_away() {
        let throttle = throttle(1, Duration::from_nanos(1_500));
        let Decision::Passed { state } = throttle.ask(None, at(1)) else { panic!("the first passes") };
        assert_eq!(state, at(3_000), "in whole microseconds, and late rather than early");
        assert_eq!(
            throttle.ask(Some(state), at(2_999)),
            Decision::Refused { retry_after: Duration::from_nanos(1) }
        );
        assert!(matches!(throttle.ask(Some(state), at(3_000)), Decision::Passed { .. }));
    }

    #[test]
    fn an_interval_of_zero_lets_everything_through() {
        let throttle = throttle(1, Duration::ZERO);
        let state = at(0);
        assert_eq!(throttle.ask(Some(state), at(0)), Decision::Passed { state });
    }

    #[test]
    fn the_ends_of_time_are_no_way_round_the_limit() {
        let forever = throttle(u32::MAX, Duration::MAX);
        for now in [Timestamp::MIN, at(0), Timestamp::MAX] {
            let refused = Decision::Refused { retry_after: Duration::MAX };
            assert_eq!(forever.ask(None, now), refused);
            assert_eq!(forever.ask(Some(Timestamp::MAX), now), refused);
            assert_eq!(forever.give_back(now), Timestamp::MIN);
        }
        let short = throttle(1, Duration::from_secs(1));
        assert!(matches!(short.ask(Some(Timestamp::MAX), Timestamp::MIN), Decision::Refused { .. }));
        assert!(matches!(short.ask(Some(Timestamp::MIN), at(0)), Decision::Passed { .. }));
    }

    proptest! {
        #[test]
        fn it_decides_as_a_bucket_that_fills_continuously(
            burst in 1..6_u32,
            interval in 1..5_000_u64,
            steps in prop::collection::vec((0..6_000_u64, prop::bool::weighted(0.2)), 1..120),
        ) {
            let throttle = throttle(burst, Duration::from_micros(interval));
            let mut bucket = Bucket::new(burst, interval);
            let (mut state, mut now) = (None, 0);
            for (wait, back) in steps {
                now += wait;
                if back {
                    state = state.map(|state| throttle.give_back(state));
                    bucket.put_back(now);
                    continue;
                }
                let decision = throttle.ask(state, at(now * 1_000));
                prop_assert_eq!(matches!(decision, Decision::Passed { .. }), bucket.take(now));
                if let Decision::Passed { state: next } = decision {
                    state = Some(next);
                }
            }
        }

        #[test]
        fn no_window_has_more_than_the_burst_and_one_an_interval(
            burst in 1..6_u32,
            interval in 1..5_000_000_u64,
            waits in prop::collection::vec(0..6_000_000_u64, 1..120),
        ) {
            let throttle = throttle(burst, Duration::from_nanos(interval));
            let (mut state, mut now, mut passed) = (None, 0, Vec::new());
            for wait in waits {
                now += wait;
                if let Decision::Passed { state: next } = throttle.ask(state, at(now)) {
                    state = Some(next);
                    passed.push(now);
                }
            }
            for (first, from) in passed.iter().enumerate() {
                for (last, to) in passed.iter().enumerate().skip(first) {
                    let most = u64::from(burst) + (to - from) / interval;
                    prop_assert!(u64::try_from(last - first + 1).unwrap() <= most, "from {} to {}", from, to);
                }
            }
        }

        #[test]
        fn retry_after_is_exact(
            burst in 1..6_u32,
            interval in 1..5_000_000_u64,
            waits in prop::collection::vec(0..2_000_000_u64, 1..60),
        ) {
            let throttle = throttle(burst, Duration::from_nanos(interval));
            let (mut state, mut now) = (None, 0);
            for wait in waits {
                now += wait;
                match throttle.ask(state, at(now)) {
                    Decision::Passed { state: next } => state = Some(next),
                    Decision::Refused { retry_after } => {
                        let then = at(now) + retry_after;
                        let moment = Duration::from_nanos(1);
                        prop_assert_eq!(
                            throttle.ask(state, then - moment),
                            Decision::Refused { retry_after: moment }
                        );
                        let passes = matches!(throttle.ask(state, then), Decision::Passed { .. });
                        prop_assert!(passes);
                    }
                }
            }
        }

        #[test]
        fn what_is_given_back_never_allows_more_than_the_burst_at_once(
            burst in 1..6_u32,
            interval in 1..5_000_u64,
            steps in prop::collection::vec((0..6_000_u64, any::<bool>()), 0..60),
        ) {
            let throttle = throttle(burst, Duration::from_micros(interval));
            let (mut state, mut now) = (None, 0);
            for (wait, back) in steps {
                now += wait;
                if let (true, Some(known)) = (back, state) {
                    state = Some(throttle.give_back(known));
                } else if let Decision::Passed { state: next } = throttle.ask(state, at(now * 1_000)) {
                    state = Some(next);
                }
            }
            let mut at_once = 0;
            while let Decision::Passed { state: next } = throttle.ask(state, at(now * 1_000)) {
                state = Some(next);
                at_once += 1;
            }
            prop_assert!(at_once <= burst);
        }

        #[test]
        fn what_passed_and_was_given_back_never_happened(burst in 1..6_u32, interval in 1..5_000_u64, ahead in 0..20_000_u64) {
            let throttle = throttle(burst, Duration::from_micros(interval));
            let before = at(ahead * 1_000);
            if let Decision::Passed { state } = throttle.ask(Some(before), at(0)) {
                prop_assert_eq!(throttle.give_back(state), before);
            }
        }
    }
}
