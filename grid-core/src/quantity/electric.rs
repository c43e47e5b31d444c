//! Voltage, current, resistance and temperature, as battery testers measure them.

use super::physical::physical;

physical! {
    /// A voltage in volt.
    Voltage, "V", "a voltage like `3.7 V`", from_volt, as_volt, "volt"
}

physical! {
    /// A current in ampere; into the battery (charging) is positive.
    Current, "A", "a current like `-1.5 A`", from_ampere, as_ampere, "ampere"
}

physical! {
    /// A resistance in ohm.
    Resistance, "ohm", "a resistance like `0.025 ohm`", from_ohm, as_ohm, "ohm"
}

physical! {
    /// A temperature in degrees Celsius.
    Temperature, "degC", "a temperature like `21.5 degC`", from_degc, as_degc, "degrees Celsius"
}

impl Voltage {
    /// The current through a resistance at this voltage (Ohm's law), or `None` where the resistance is zero.
    pub fn across(self, resistance: Resistance) -> Option<Current> {
        Current::from_ampere(self.as_volt() / resistance.as_ohm())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_without_its_unit_or_not_finite_is_refused() {
        assert!("3.7".parse::<Voltage>().is_err());
        assert!("3.7 A".parse::<Voltage>().is_err());
        assert!("NaN V".parse::<Voltage>().is_err());
        assert!("inf V".parse::<Voltage>().is_err());
    }

    #[test]
    fn ohms_law_has_no_answer_without_resistance() {
        let volts = Voltage::from_volt(10.0).unwrap();
        assert_eq!(volts.across(Resistance::from_ohm(5.0).unwrap()), Current::from_ampere(2.0));
        assert_eq!(volts.across(Resistance::default()), None);
    }

    proptest! {
        #[test]
        fn text_round_trips(value in prop::num::f64::NORMAL | prop::num::f64::ZERO) {
            let volts = Voltage::from_volt(value).unwrap();
            prop_assert_eq!(volts.to_string().parse(), Ok(volts));
            let degrees = Temperature::from_degc(value).unwrap();
            prop_assert_eq!(degrees.to_string().parse(), Ok(degrees));
        }
    }
}
