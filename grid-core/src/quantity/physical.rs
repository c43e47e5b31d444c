//! The one shape of a measured quantity: a finite float with its unit in the type.

/// Defines a measured quantity over `f64`, which `FromStr` and `Display` carry as a number and a unit.
macro_rules! physical {
    ($(#[$doc:meta])* $name:ident, $unit:literal, $expected:literal, $from:ident, $as:ident, $unit_doc:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
        pub struct $name {
            value: f64,
        }

        impl $name {
            #[doc = concat!("Makes an amount of ", $unit_doc, ", or `None` where the number is not finite.")]
            pub fn $from(value: f64) -> Option<Self> {
                value.is_finite().then_some(Self { value })
            }

            #[doc = concat!("The amount in ", $unit_doc, ", a finite number.")]
            pub const fn $as(self) -> f64 {
                self.value
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::quantity::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.trim()
                    .strip_suffix($unit)
                    .and_then(|number| number.trim_end().parse().ok())
                    .and_then(Self::$from)
                    .ok_or_else(|| $crate::quantity::Error::NotAnAmount {
                        expected: $expected,
                        got: $crate::error::excerpt(text),
                    })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&format!("{} {}", self.value, $unit))
            }
        }
    };
}

pub(super) use physical;
