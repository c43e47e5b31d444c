//! Logs of home batteries: Powerwall, Victron VRM, E3DC, Enphase and what resembles them.

use super::column_map::Role;
use super::detect::Layout;

/// A house around the battery: solar, load or grid beside it, or a state of charge and no current.
pub(super) fn recognise(layout: &Layout) -> Option<&'static str> {
    let has =
        |role: Role| layout.columns.iter().any(|column| column.role.is_some_and(|(found, _)| found == role));
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
    if house.into_iter().any(has) {
        return Some("solar, load or grid stand beside the battery");
    }
    let charged_only = has(Role::StateOfCharge) && !has(Role::Voltage) && !has(Role::Current);
    charged_only.then_some("a state of charge without voltage and current is a home battery's")
}
