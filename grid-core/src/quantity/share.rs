//! A part of a whole, exact to one part per million.

use std::{fmt, str::FromStr};

use super::{Error, decimal::format_micro, parse_scaled};

/// A part of a whole, from nothing to all of it, exact to one part per million (the six decimals of the sharing
/// coefficients that grid operators exchange).
///
/// ```
/// use grid_core::quantity::Share;
/// let share: Share = "0.135464".parse()?;
/// assert_eq!(share.as_ppm(), 135_464);
/// assert_eq!("13.5464 %".parse::<Share>()?, share);
/// # Ok::<(), grid_core::quantity::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share {
    ppm: u32,
}

impl Share {
    /// Nothing of it.
    pub const NONE: Self = Self { ppm: 0 };
    /// All of it.
    pub const WHOLE: Self = Self { ppm: 1_000_000 };

    /// Makes a share of parts per million.
    ///
    /// # Errors
    ///
    /// [`Error::NotAShare`] past one million.
    pub const fn from_ppm(ppm: u32) -> Result<Self, Error> {
        if ppm <= 1_000_000 { Ok(Self { ppm }) } else { Err(Error::NotAShare { got: ppm }) }
    }

    /// The share that `part` is of `whole`, rounded down so that only all of it is the whole; nothing where there is
    /// no whole, all of it where the part is more.
    ///
    /// ```
    /// use grid_core::quantity::Share;
    /// assert_eq!(Share::of(999_999_999, 1_000_000_000).as_ppm(), 999_999);
    /// assert_eq!(Share::of(0, 0), Share::NONE);
    /// ```
    pub fn of(part: u64, whole: u64) -> Self {
        if whole == 0 {
            return Self::NONE;
        }
        let ppm = u128::from(part) * 1_000_000 / u128::from(whole);
        u32::try_from(ppm.min(1_000_000)).map_or(Self::WHOLE, |ppm| Self { ppm })
    }

    /// The parts per million, exactly.
    pub const fn as_ppm(self) -> u32 {
        self.ppm
    }

    /// The share as a float from 0 to 1, the nearest one.
    pub fn to_f64(self) -> f64 {
        f64::from(self.ppm) / 1e6
    }
}

impl FromStr for Share {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const EXPECTED: &str = "a share like `0.135464` or `13.5464 %`";
        let trimmed = text.trim();
        let (number, decimals) = match trimmed.strip_suffix('%') {
            Some(percent) => (percent.trim_end(), 4),
            None => (trimmed, 6),
        };
        let ppm = parse_scaled(number, decimals, EXPECTED)?;
        match u32::try_from(ppm) {
            Ok(ppm) => Self::from_ppm(ppm),
            Err(_) => Err(Error::NotAnAmount { expected: EXPECTED, got: crate::error::excerpt(text) }),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_micro(i64::from(self.ppm)))
    }
}

impl serde::Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Share {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::decimal::deserialize_text(
            deserializer,
            "a share as a decimal string, like \"0.135464\"",
            str::parse,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_share_outside_the_whole_is_refused() {
        assert!(Share::from_ppm(1_000_001).is_err());
        for text in ["1.000001", "-0.1", "101 %", "0.1234567", "", "half"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(ppm in 0..=1_000_000_u32) {
            let share = Share::from_ppm(ppm).unwrap();
            prop_assert_eq!(share.to_string().parse(), Ok(share));
        }

        #[test]
        fn only_all_of_it_is_the_whole(whole in 1..u64::MAX, missing in 1..u64::MAX) {
            prop_assume!(missing <= whole);
            prop_assert!(Share::of(whole - missing, whole) < Share::WHOLE);
        }
    }
}
