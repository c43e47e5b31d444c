//! What a step of a recording does.

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepKind {
    /// No current: none above 0.2 % of the recording's largest.
    Rest,
    /// Current within 5 % of where it settled, in nine rows of ten.
    ConstantCurrent,
    /// Voltage within 0.25 % of where it settled, in nine rows of ten.
    ConstantVoltage,
    /// Constant current first and then constant voltage, as one step of the vendor's.
    ConstantCurrentConstantVoltage,
    /// Power within 5 % of where it settled, in nine rows of ten.
    ConstantPower,
    /// Constant current (or power) for at most 60 s.
    Pulse,
    /// None of these.
    Varying,
    /// Neither current nor power was recorded.
    Unknown,
}

impl StepKind {
    /// Its name in lower case, as JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::ConstantCurrent => "constant_current",
            Self::ConstantVoltage => "constant_voltage",
            Self::ConstantCurrentConstantVoltage => "constant_current_constant_voltage",
            Self::ConstantPower => "constant_power",
            Self::Pulse => "pulse",
            Self::Varying => "varying",
            Self::Unknown => "unknown",
        }
    }
}
