//! Electrical power, exact to one milliwatt.

use std::{fmt, str::FromStr, time::Duration};

use super::{Energy, Error, Rounding, decimal::format_micro_short, divide, parse_scaled};

/// An electrical power, exact to one milliwatt.
///
/// ```
/// use grid_core::quantity::{Energy, Power, Rounding};
/// use std::time::Duration;
/// let power: Power = "4.6 kW".parse()?;
/// let energy = power.over(Duration::from_mins(15), Rounding::HalfEven);
/// assert_eq!(energy, Energy::from_wh(1150));
/// # Ok::<(), grid_core::quantity::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Power {
    milliwatt: i64,
}

impl Power {
    /// Makes a power of milliwatts.
    pub const fn from_milliwatt(milliwatt: i64) -> Self {
        Self { milliwatt }
    }

    /// Makes a power of whole watts, or `None` where it does not fit.
    pub const fn from_watt(watt: i64) -> Option<Self> {
        match watt.checked_mul(1000) {
            Some(milliwatt) => Some(Self { milliwatt }),
            None => None,
        }
    }

    /// The milliwatts, exactly.
    pub const fn as_milliwatt(self) -> i64 {
        self.milliwatt
    }

    /// The energy of this power held for `time`, rounded as told; `None` where it does not fit.
    pub fn over(self, time: Duration, rounding: Rounding) -> Option<Energy> {
        const NANOSECONDS_PER_HOUR: i128 = 3_600_000_000_000;
        let nanoseconds = i128::try_from(time.as_nanos()).ok()?;
        let mwh =
            divide(i128::from(self.milliwatt).checked_mul(nanoseconds)?, NANOSECONDS_PER_HOUR, rounding)?;
        i64::try_from(mwh).ok().map(Energy::from_mwh)
    }
}

impl FromStr for Power {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const EXPECTED: &str = "a power like `4.6 kW` or `250 W`";
        let trimmed = text.trim();
        let split =
            trimmed.find(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E')).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let decimals = match unit {
            "mW" => 0,
            "W" => 3,
            "kW" => 6,
            "MW" => 9,
            _ => return Err(Error::NotAnAmount { expected: EXPECTED, got: crate::error::excerpt(text) }),
        };
        i64::try_from(parse_scaled(number.trim_end(), decimals, EXPECTED)?)
            .map(Self::from_milliwatt)
            .map_err(|_| Error::OutOfRange { quantity: "power", unit: "milliwatts" })
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} kW", format_micro_short(self.milliwatt, 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_round_trips(milliwatt in any::<i64>()) {
            let power = Power::from_milliwatt(milliwatt);
            prop_assert_eq!(power.to_string().parse(), Ok(power));
        }

        #[test]
        fn an_hour_gives_the_same_number(milliwatt in any::<i64>()) {
            let energy = Power::from_milliwatt(milliwatt).over(Duration::from_hours(1), Rounding::HalfUp);
            prop_assert_eq!(energy, Some(Energy::from_mwh(milliwatt)));
        }
    }
}
