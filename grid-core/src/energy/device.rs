//! Devices: whatever has a register.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use super::Error;
use crate::{error::excerpt, quantity::Power, time::Calendar};

/// A name that a person gave: 1 to 200 characters, none of them control characters, no white space around it.
///
/// ```
/// use grid_core::energy::Name;
/// assert_eq!(Name::new("  Casa 7 ")?.as_str(), "Casa 7");
/// assert!(Name::new("").is_err());
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Trims and checks a name.
    ///
    /// # Errors
    ///
    /// [`Error::NotAName`].
    pub fn new(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.chars().count() > 200 || trimmed.chars().any(char::is_control) {
            return Err(Error::NotAName { got: excerpt(text) });
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A meter at a connection point.
    Meter,
    /// A photovoltaic plant.
    Pv,
    /// A battery.
    Battery,
    /// A load.
    Load,
    /// A charger of electric vehicles.
    EvCharger,
    /// Anything else.
    Other,
}

impl DeviceKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Meter, Self::Pv, Self::Battery, Self::Load, Self::EvCharger, Self::Other];

    /// The name that files and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Meter => "meter",
            Self::Pv => "pv",
            Self::Battery => "battery",
            Self::Load => "load",
            Self::EvCharger => "ev_charger",
            Self::Other => "other",
        }
    }
}

impl FromStr for DeviceKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text.trim())
            .ok_or_else(|| Error::NotADeviceKind { got: excerpt(text) })
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A device and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id, a UUID.
    pub id: Uuid,
    /// The user who registered it.
    pub owner: Uuid,
    /// What people call it.
    pub name: Name,
    /// What it is.
    pub kind: DeviceKind,
    /// The calendar of the place where it stands.
    pub calendar: Calendar,
    /// What it can do at most, where that is known.
    pub rated_power: Option<Power>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_round_trip() {
        for kind in DeviceKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
    }

    #[test]
    fn a_name_with_a_line_break_or_too_long_is_refused() {
        assert!(Name::new("a\nb").is_err());
        assert!(Name::new(&"ñ".repeat(200)).is_ok());
        assert!(Name::new(&"ñ".repeat(201)).is_err());
    }
}
