//! Neware's nested exports: cycle rows, step rows under them, and record rows under those.

use super::column_map::Role;
use super::number::trim;
use super::slot::{Block, Slot};
use super::split::Row;
use super::table::Plan;
use super::text::Line;

/// The rows of cycles and steps of a nested export, which hold for the record rows under them.
#[derive(Debug, Default)]
pub(super) struct Nested {
    cycle: Vec<u8>,
    step: Vec<u8>,
    state: Vec<u8>,
}

impl Nested {
    /// Keeps the record rows, and gives them the numbers of the cycle rows and step rows above them.
    pub(super) fn read(&mut self, plan: &Plan, block: Block<'_>, rows: &mut Vec<Row>, slots: &mut [Slot]) {
        let Some(nesting) = plan.layout.nesting else { return };
        let mut above: Vec<[f64; 3]> = Vec::with_capacity(rows.len());
        let value = |slots: &[Slot], role: Role, cell: &[u8]| {
            slots.iter().find(|slot| slot.role == role).map_or(f64::NAN, |slot| slot.value(cell))
        };
        let mut now = [
            value(slots, Role::Cycle, &self.cycle),
            value(slots, Role::Step, &self.step),
            value(slots, Role::State, &self.state),
        ];
        rows.retain(|row| {
            let (start, stop) = block.split.line(*row);
            let line = Line { number: 0, start, bytes: block.text.get(start..stop).unwrap_or_default() };
            if line.is_blank() {
                return false;
            }
            let get = |field: usize| block.split.text(block.text, *row, field);
            let filled = |field: usize| !trim(get(field)).is_empty();
            if filled(0) {
                self.cycle = get(0).to_vec();
                // The first step row of a cycle may stand on the cycle's own line, without its empty first field.
                if usize::try_from(row.cells).is_ok_and(|cells| cells > nesting.cycle_fields) {
                    self.step = get(nesting.cycle_fields + nesting.step - 1).to_vec();
                    self.state = nesting
                        .state
                        .map_or_else(Vec::new, |field| get(nesting.cycle_fields + field - 1).to_vec());
                }
            } else if filled(1) {
                self.step = get(nesting.step).to_vec();
                self.state = nesting.state.map_or_else(Vec::new, |field| get(field).to_vec());
            } else {
                above.push(now);
                return true;
            }
            now = [
                value(slots, Role::Cycle, &self.cycle),
                value(slots, Role::Step, &self.step),
                value(slots, Role::State, &self.state),
            ];
            false
        });
        for slot in slots {
            let place = match slot.role {
                Role::Cycle => 0,
                Role::Step => 1,
                Role::State => 2,
                _ => {
                    slot.read(block, rows);
                    continue;
                }
            };
            slot.bad.clear();
            slot.values.clear();
            slot.values.extend(above.iter().map(|above| above.get(place).copied().unwrap_or(f64::NAN)));
        }
    }
}
