//! What a register of a device counts.

use std::{fmt, str::FromStr};

use super::Error;
use crate::error::excerpt;

/// What a register counts; every channel counts upwards, none has a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Taken from the grid, at the connection point.
    Import,
    /// Fed into the grid, at the connection point.
    Export,
    /// Used by the loads.
    Consumption,
    /// Produced.
    Generation,
    /// Put into a battery.
    Charge,
    /// Taken out of a battery.
    Discharge,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 6] =
        [Self::Import, Self::Export, Self::Consumption, Self::Generation, Self::Charge, Self::Discharge];

    /// The name that files and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Export => "export",
            Self::Consumption => "consumption",
            Self::Generation => "generation",
            Self::Charge => "charge",
            Self::Discharge => "discharge",
        }
    }

    /// The number that stores keep.
    pub const fn code(self) -> u8 {
        match self {
            Self::Import => 0,
            Self::Export => 1,
            Self::Consumption => 2,
            Self::Generation => 3,
            Self::Charge => 4,
            Self::Discharge => 5,
        }
    }

    /// The channel of a stored number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }
}

impl FromStr for Channel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim() {
            // What the clients of the old system say.
            "production" => Ok(Self::Generation),
            name => Self::ALL
                .into_iter()
                .find(|channel| channel.as_str() == name)
                .ok_or_else(|| Error::NotAChannel { got: excerpt(text) }),
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_round_trip() {
        for channel in Channel::ALL {
            assert_eq!(channel.as_str().parse(), Ok(channel));
            assert_eq!(Channel::from_code(channel.code()), Some(channel));
            assert_eq!(serde_json::to_string(&channel).unwrap(), format!("\"{channel}\""));
        }
        assert_eq!("production".parse(), Ok(Channel::Generation));
        assert_eq!(Channel::from_code(6), None);
    }
}
