//! One member's energies, slot by slot, as the bill counts them.

use super::{Quantities, Surplus};
use crate::{
    energy::{
        Error,
        balance::{Ground, MemberSlots, Shares},
        tariff::Quantity,
    },
    quantity::Energy,
};

/// What was shared, and whose is what nobody used.
pub(super) struct Shared {
    pub(super) surplus: Surplus,
    pub(super) shares: Shares,
}

/// One member's columns: an energy a slot, zero where the slot is not known.
#[derive(Default)]
pub(super) struct MemberUsage {
    consumption: Vec<Energy>,
    generation: Vec<Energy>,
    own: Vec<Energy>,
    received: Vec<Energy>,
    given: Vec<Energy>,
    import: Vec<Energy>,
    export: Vec<Energy>,
}

impl MemberUsage {
    /// The columns of one account.
    pub(super) fn of(ground: &Ground<'_>, shared: &Shared, at: usize) -> Self {
        let width = ground.members.len();
        let cell =
            |table: &[Energy], row: usize| table.get(row * width + at).copied().unwrap_or(Energy::ZERO);
        Self::collect(ground, at, |row, surplus, residual| {
            let Shares { received, unused, left } = &shared.shares;
            let (received, left) = (cell(received, row), cell(left, row));
            match shared.surplus {
                Surplus::Producer => [received, surplus - left, residual - received, left],
                Surplus::Member => [received, surplus - left, residual - received, left + cell(unused, row)],
                // Nothing counts as used at once: what was handed out goes against the month's import.
                Surplus::Credit => {
                    [Energy::ZERO, surplus - left, residual, left + received + cell(unused, row)]
                }
                // Everybody buys and sells as before; what was shared is only counted.
                Surplus::Virtual => [received, surplus - left, residual, surplus],
            }
        })
    }

    /// The columns of one account as if there were no community.
    pub(super) fn alone(ground: &Ground<'_>, at: usize) -> Self {
        Self::collect(ground, at, |_, surplus, residual| [Energy::ZERO, Energy::ZERO, residual, surplus])
    }

    fn collect(
        ground: &Ground<'_>,
        at: usize,
        crossing: impl Fn(usize, Energy, Energy) -> [Energy; 4],
    ) -> Self {
        let slots = ground.members.get(at).map_or(&[][..], |member| member.slots.as_slice());
        let mut usage = Self::default();
        for column in usage.columns() {
            column.reserve_exact(slots.len());
        }
        for (row, slot) in slots.iter().enumerate() {
            let values = slot.map_or([Energy::ZERO; 7], |slot| {
                let [received, given, import, export] = crossing(row, slot.flow.surplus, slot.flow.residual);
                [slot.consumption, slot.generation, slot.flow.own, received, given, import, export]
            });
            for (column, value) in usage.columns().into_iter().zip(values) {
                column.push(value);
            }
        }
        usage
    }

    fn columns(&mut self) -> [&mut Vec<Energy>; 7] {
        [
            &mut self.consumption,
            &mut self.generation,
            &mut self.own,
            &mut self.received,
            &mut self.given,
            &mut self.import,
            &mut self.export,
        ]
    }

    /// A part of one column.
    pub(super) fn part(&self, quantity: Quantity, first: usize, slots: usize) -> &[Energy] {
        let column = match quantity {
            Quantity::Consumption => &self.consumption,
            Quantity::Generation => &self.generation,
            Quantity::SelfConsumed => &self.own,
            Quantity::Received => &self.received,
            Quantity::Given => &self.given,
            Quantity::Import => &self.import,
            Quantity::Export => &self.export,
        };
        column.get(first..first.saturating_add(slots)).unwrap_or_default()
    }

    /// The sums of the columns.
    pub(super) fn total(&self, member: &MemberSlots) -> Result<Quantities, Error> {
        let sum = |column: &[Energy]| Energy::checked_sum(column.iter().copied());
        let known = || member.slots.iter().flatten();
        Ok(Quantities {
            consumption_kwh: sum(&self.consumption)?,
            generation_kwh: sum(&self.generation)?,
            charge_kwh: Energy::checked_sum(known().map(|slot| slot.charge))?,
            discharge_kwh: Energy::checked_sum(known().map(|slot| slot.discharge))?,
            self_consumed_kwh: sum(&self.own)?,
            received_kwh: sum(&self.received)?,
            given_kwh: sum(&self.given)?,
            import_kwh: sum(&self.import)?,
            export_kwh: sum(&self.export)?,
        })
    }
}
