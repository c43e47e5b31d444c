//! Logs of home batteries that no vendor's file claims.

use super::super::log::Format;
use super::column_map::Role;
use super::detect::Layout;
use super::vendor::{Counter, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Home,
    recognise,
    names: &[],
    positive: Positive::Unstated,
    counter: Counter::Unstated,
};

/// A house around the battery: solar, load or grid beside it, or a state of charge and no current.
fn recognise(layout: &Layout) -> Option<Signature> {
    let has = |role: Role| layout.names_a(&[role]);
    // A house keeps a wall clock; a cycler that names a load counts seconds.
    if !has(Role::Clock) {
        return None;
    }
    let house = [
        Role::SolarPower,
        Role::LoadPower,
        Role::GridPower,
        Role::ImportPower,
        Role::ExportPower,
        Role::SolarEnergy,
        Role::LoadEnergy,
        Role::ImportEnergy,
        Role::ExportEnergy,
    ];
    if layout.names_a(&house) {
        return Signature::usual("solar, load or grid stand beside the battery");
    }
    let cell = has(Role::Voltage) || has(Role::Current);
    let stored = layout.names_a(&[Role::StateOfCharge, Role::Power, Role::ChargePower, Role::DischargePower]);
    if stored && !cell {
        return Signature::usual(
            "a state of charge or a power without voltage and current is a home battery's",
        );
    }
    None
}
