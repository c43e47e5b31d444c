//! What the system before this one asked about a household, in its words.

use std::{fmt, str::FromStr};

use super::Error;
use crate::error::excerpt;

/// What somebody tells of their household; what they do not tell is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Household {
    /// How they use energy.
    pub behavior: Option<EnergyBehavior>,
    /// How many people live there.
    pub occupants: Option<Occupants>,
    /// What they live in.
    pub housing: Option<HousingType>,
}

/// How a household uses energy, by its own judgement.
///
/// ```
/// use grid_core::energy::EnergyBehavior;
/// assert_eq!("Moderado".parse(), Ok(EnergyBehavior::Moderate));
/// assert_eq!("moderate".parse(), Ok(EnergyBehavior::Moderate));
/// assert_eq!(EnergyBehavior::Moderate.to_string(), "Moderado");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnergyBehavior {
    /// `Conservador`.
    Conservative,
    /// `Eficiente`.
    Efficient,
    /// `Moderado`.
    Moderate,
    /// `Intensivo`.
    Intensive,
}

impl EnergyBehavior {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Conservative, Self::Efficient, Self::Moderate, Self::Intensive];

    /// The name that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conservative => "conservative",
            Self::Efficient => "efficient",
            Self::Moderate => "moderate",
            Self::Intensive => "intensive",
        }
    }

    /// The word of the old system.
    pub const fn spanish(self) -> &'static str {
        match self {
            Self::Conservative => "Conservador",
            Self::Efficient => "Eficiente",
            Self::Moderate => "Moderado",
            Self::Intensive => "Intensivo",
        }
    }
}

impl FromStr for EnergyBehavior {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let asked = text.trim().to_lowercase();
        Self::ALL
            .into_iter()
            .find(|one| asked == one.as_str() || asked == one.spanish().to_lowercase())
            .ok_or_else(|| Error::NotAnEnergyBehavior { got: excerpt(text) })
    }
}

impl fmt::Display for EnergyBehavior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.spanish())
    }
}

/// What a household lives in.
///
/// ```
/// use grid_core::energy::HousingType;
/// assert_eq!("Casa Unifamiliar (2 pisos)".parse(), Ok(HousingType::HouseOfTwoFloors));
/// assert_eq!("finca".parse(), Ok(HousingType::Farm));
/// assert!("Castillo".parse::<HousingType>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HousingType {
    /// `Apartamento`.
    Apartment,
    /// `Casa Unifamiliar`, of how many floors is not told.
    House,
    /// `Casa Unifamiliar (1 piso)`.
    HouseOfOneFloor,
    /// `Casa Unifamiliar (2 pisos)`.
    HouseOfTwoFloors,
    /// `Casa Unifamiliar (3+ pisos)`.
    HouseOfThreeFloors,
    /// `Duplex`.
    Duplex,
    /// `Casa Rural`.
    CountryHouse,
    /// `Finca`.
    Farm,
}

impl HousingType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Apartment,
        Self::House,
        Self::HouseOfOneFloor,
        Self::HouseOfTwoFloors,
        Self::HouseOfThreeFloors,
        Self::Duplex,
        Self::CountryHouse,
        Self::Farm,
    ];

    /// The name that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apartment => "apartment",
            Self::House => "house",
            Self::HouseOfOneFloor => "house_1",
            Self::HouseOfTwoFloors => "house_2",
            Self::HouseOfThreeFloors => "house_3",
            Self::Duplex => "duplex",
            Self::CountryHouse => "country_house",
            Self::Farm => "farm",
        }
    }

    /// The words of the old system.
    pub const fn spanish(self) -> &'static str {
        match self {
            Self::Apartment => "Apartamento",
            Self::House => "Casa Unifamiliar",
            Self::HouseOfOneFloor => "Casa Unifamiliar (1 piso)",
            Self::HouseOfTwoFloors => "Casa Unifamiliar (2 pisos)",
            Self::HouseOfThreeFloors => "Casa Unifamiliar (3+ pisos)",
            Self::Duplex => "Duplex",
            Self::CountryHouse => "Casa Rural",
            Self::Farm => "Finca",
        }
    }
}

impl FromStr for HousingType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = |text: &str| text.trim().to_lowercase().replace("pisos", "piso").replace('ú', "u");
        let asked = plain(text);
        if asked == "casa unifamiliar (1/2/3+ piso)" {
            return Ok(Self::House);
        }
        Self::ALL
            .into_iter()
            .find(|one| asked == one.as_str() || asked == plain(one.spanish()))
            .ok_or_else(|| Error::NotAHousingType { got: excerpt(text) })
    }
}

impl fmt::Display for HousingType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.spanish())
    }
}

/// How many people live in a household: one to four, as the old system asked; four stands for more, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Occupants(u8);

impl Occupants {
    /// Checks a number of people.
    ///
    /// ```
    /// use grid_core::energy::Occupants;
    /// assert_eq!(Occupants::new(3)?.get(), 3);
    /// assert!(Occupants::new(0).is_err() && Occupants::new(5).is_err());
    /// # Ok::<(), grid_core::energy::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotOccupants`] outside one to four.
    pub fn new(count: i64) -> Result<Self, Error> {
        match u8::try_from(count) {
            Ok(count @ 1..=4) => Ok(Self(count)),
            _ => Err(Error::NotOccupants { got: count }),
        }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_old_system_comes_back_as_it_was() {
        for one in EnergyBehavior::ALL {
            assert_eq!((one.spanish().parse(), one.as_str().parse()), (Ok(one), Ok(one)));
        }
        for one in HousingType::ALL {
            assert_eq!((one.spanish().parse(), one.as_str().parse()), (Ok(one), Ok(one)));
        }
    }

    #[test]
    fn a_word_is_understood_whatever_its_case_and_its_grammar() {
        for (text, meant) in [
            (" casa unifamiliar (1 pisos) ", HousingType::HouseOfOneFloor),
            ("Casa Unifamiliar (1/2/3+ pisos)", HousingType::House),
            ("Dúplex", HousingType::Duplex),
        ] {
            assert_eq!(text.parse(), Ok(meant));
        }
        assert_eq!("EFICIENTE".parse(), Ok(EnergyBehavior::Efficient));
        assert!("".parse::<EnergyBehavior>().is_err() && "".parse::<HousingType>().is_err());
    }
}
