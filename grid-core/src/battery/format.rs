//! The layouts that are told apart, and their names.

use std::fmt;
use std::str::FromStr;

use crate::error::{Failure, Kind};

/// Which layout a recording came in.
///
/// ```
/// use grid_core::battery::Format;
///
/// assert_eq!("maccor".parse(), Ok(Format::Maccor));
/// assert_eq!(Format::VictronVrm.as_str(), "victron_vrm");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Arbin (MITS Pro, and the tables that BEEP and CALCE publish).
    Arbin,
    /// Maccor (MIMS and text exports, Faraday style, re-saved by Excel).
    Maccor,
    /// Neware (BTS, flat and nested).
    Neware,
    /// Battery Data Format of the Linux Foundation, by label or by machine name.
    Bdf,
    /// BioLogic (EC-Lab, BT-Lab).
    Biologic,
    /// Basytec.
    Basytec,
    /// Novonix.
    Novonix,
    /// PEC.
    Pec,
    /// Landt.
    Landt,
    /// Digatron.
    Digatron,
    /// Repower.
    Repower,
    /// The tables of NASA's Prognostics Center of Excellence.
    NasaPcoe,
    /// Time series of Battery Archive.
    BatteryArchive,
    /// NREL's batterydata.energy.gov.
    Nrel,
    /// The raw tables that cellpy's custom loader takes.
    Cellpy,
    /// Exports of `PyBaMM`.
    Pybamm,
    /// Exports of `BattMo`, labelled as Battery Data Format.
    Battmo,
    /// Victron VRM, the log of an installation.
    VictronVrm,
    /// The history of Home Assistant.
    HomeAssistant,
    /// Tesla: the app, netzero, Powerwall-Dashboard.
    Tesla,
    /// E3/DC.
    E3dc,
    /// SMA.
    Sma,
    /// Enphase.
    Enphase,
    /// Solarman and `GivEnergy`.
    Solarman,
    /// sonnen.
    Sonnen,
    /// batmon-ha.
    Batmon,
    /// GRID's own earlier service: `Timestamp, Battery_Level, Battery_Capacity_kW`.
    GridLevel,
    /// Another log of a home battery.
    Home,
    /// None of the above: columns by their names and units alone.
    Generic,
}

/// Every format, in the order of [`Format`].
const ALL: [Format; 29] = [
    Format::Arbin,
    Format::Maccor,
    Format::Neware,
    Format::Bdf,
    Format::Biologic,
    Format::Basytec,
    Format::Novonix,
    Format::Pec,
    Format::Landt,
    Format::Digatron,
    Format::Repower,
    Format::NasaPcoe,
    Format::BatteryArchive,
    Format::Nrel,
    Format::Cellpy,
    Format::Pybamm,
    Format::Battmo,
    Format::VictronVrm,
    Format::HomeAssistant,
    Format::Tesla,
    Format::E3dc,
    Format::Sma,
    Format::Enphase,
    Format::Solarman,
    Format::Sonnen,
    Format::Batmon,
    Format::GridLevel,
    Format::Home,
    Format::Generic,
];

impl Format {
    /// Every format that there is.
    pub const fn all() -> &'static [Self] {
        &ALL
    }

    /// The format's name in lower case, as the server and Python show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arbin => "arbin",
            Self::Maccor => "maccor",
            Self::Neware => "neware",
            Self::Bdf => "bdf",
            Self::Biologic => "biologic",
            Self::Basytec => "basytec",
            Self::Novonix => "novonix",
            Self::Pec => "pec",
            Self::Landt => "landt",
            Self::Digatron => "digatron",
            Self::Repower => "repower",
            Self::NasaPcoe => "nasa_pcoe",
            Self::BatteryArchive => "battery_archive",
            Self::Nrel => "nrel",
            Self::Cellpy => "cellpy",
            Self::Pybamm => "pybamm",
            Self::Battmo => "battmo",
            Self::VictronVrm => "victron_vrm",
            Self::HomeAssistant => "home_assistant",
            Self::Tesla => "tesla",
            Self::E3dc => "e3dc",
            Self::Sma => "sma",
            Self::Enphase => "enphase",
            Self::Solarman => "solarman",
            Self::Sonnen => "sonnen",
            Self::Batmon => "batmon",
            Self::GridLevel => "grid_level",
            Self::Home => "home",
            Self::Generic => "generic",
        }
    }

    /// The format of a name such as [`as_str`](Self::as_str) gives, in any case and with `-` for `_`.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase().replace(['-', ' '], "_");
        ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// Whether it is the log of a house with a battery rather than of a cell on a cycler.
    ///
    /// Such a log has power and energy meters beside the battery, rows that are minutes apart, and no cycle numbers.
    pub const fn is_home(self) -> bool {
        matches!(
            self,
            Self::VictronVrm
                | Self::HomeAssistant
                | Self::Tesla
                | Self::E3dc
                | Self::Sma
                | Self::Enphase
                | Self::Solarman
                | Self::Sonnen
                | Self::Batmon
                | Self::GridLevel
                | Self::Home
        )
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no format's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of the formats {}, got `{got}`", names())]
pub struct UnknownFormat {
    /// The name, cut to a printable length.
    got: String,
}

impl Failure for UnknownFormat {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some("leave the format out: it is found in the file".to_owned())
    }
}

fn names() -> String {
    ALL.map(|format| format!("`{format}`")).join(", ")
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::parse(name).ok_or_else(|| UnknownFormat { got: crate::error::excerpt(name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_found_by_the_name_that_it_shows() {
        for format in Format::all() {
            assert_eq!(format.as_str().parse(), Ok(*format));
            assert_eq!(Format::parse(&format.to_string().to_uppercase().replace('_', "-")), Some(*format));
        }
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_those_that_are() {
        let error = "zebra".parse::<Format>().unwrap_err().to_string();
        assert!(error.starts_with("expected one of the formats `arbin`, `maccor`"), "{error}");
        assert!(error.ends_with("got `zebra`"), "{error}");
    }
}
