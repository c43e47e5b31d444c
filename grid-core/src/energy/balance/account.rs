//! One member's registers, and what they say about each slot.

use uuid::Uuid;

use crate::{
    energy::{Channel, Error, Name, Reading},
    flow::Flow,
    quantity::Energy,
    series::{Grid, Piece, Quality, Slot},
    time::{Calendar, Interval, Resolution},
};

/// A member of a community and the readings of all their registers in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The member's id.
    pub member: Uuid,
    /// What people call the member.
    pub name: Name,
    /// One entry a register; a register without readings in the period is there, and empty.
    pub readings: Vec<(Channel, Vec<Reading>)>,
}

/// What a member's registers say about one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MemberSlot {
    pub(super) consumption: Energy,
    pub(super) generation: Energy,
    pub(super) charge: Energy,
    pub(super) discharge: Energy,
    pub(super) flow: Flow,
}

/// A member's slots: `None` where any register is missing or not whole.
pub(super) struct MemberSlots {
    pub(super) slots: Vec<Option<MemberSlot>>,
    pub(super) quality: Quality,
}

impl Account {
    /// Lays the registers onto the slots of an interval.
    pub(super) fn slots(
        &self,
        calendar: &Calendar,
        interval: Interval,
        resolution: Resolution,
    ) -> Result<MemberSlots, Error> {
        let mut registers = Vec::with_capacity(self.readings.len());
        for (channel, readings) in &self.readings {
            let mut grid = Grid::new(calendar, interval, resolution)?;
            for &reading in readings {
                grid.add(Piece::from(reading))?;
            }
            registers.push((*channel, grid.finish()));
        }
        let count = registers.iter().map(|(_, slots)| slots.len()).max().unwrap_or(0);
        let mut quality = if count == 0 { Quality::Missing } else { Quality::Measured };
        let mut slots = Vec::with_capacity(count);
        for at in 0..count {
            let mut sums = Registers::default();
            for (channel, register) in &registers {
                sums.take(*channel, register.get(at));
            }
            quality = quality.worst(sums.quality);
            slots.push(sums.slot());
        }
        Ok(MemberSlots { slots, quality })
    }
}

/// The sums of one slot's registers by channel; `None` where a member has no register of that channel.
#[derive(Default)]
struct Registers {
    import: Option<Energy>,
    export: Option<Energy>,
    consumption: Option<Energy>,
    generation: Option<Energy>,
    charge: Option<Energy>,
    discharge: Option<Energy>,
    quality: Quality,
    is_missing: bool,
}

impl Registers {
    fn take(&mut self, channel: Channel, slot: Option<&Slot>) {
        let quality = slot.map_or(Quality::Missing, |slot| slot.quality);
        self.quality = self.quality.worst(quality);
        let Some(energy) = slot.and_then(|slot| slot.energy).filter(|_| quality != Quality::Missing) else {
            self.is_missing = true;
            return;
        };
        let sum = match channel {
            Channel::Import => &mut self.import,
            Channel::Export => &mut self.export,
            Channel::Consumption => &mut self.consumption,
            Channel::Generation => &mut self.generation,
            Channel::Charge => &mut self.charge,
            Channel::Discharge => &mut self.discharge,
        };
        match sum.unwrap_or_default().checked_add(energy) {
            Some(total) => *sum = Some(total),
            None => self.is_missing = true,
        }
    }

    /// Where the connection point is metered, what it counted is what crossed it, and the consumption follows;
    /// elsewhere demand and supply of the slot are set against each other.
    fn slot(&self) -> Option<MemberSlot> {
        if self.is_missing {
            return None;
        }
        let generation = self.generation.unwrap_or_default();
        let (charge, discharge) = (self.charge.unwrap_or_default(), self.discharge.unwrap_or_default());
        let supply = generation.checked_add(discharge)?;
        let (consumption, flow) = if self.import.is_some() || self.export.is_some() {
            let surplus = self.export.unwrap_or_default().min(supply);
            let residual = self.import.unwrap_or_default();
            let own = supply - surplus;
            let demand = own.checked_add(residual)?;
            // More charged than came in is a fault of the meters; the books still balance.
            let consumption = (demand - charge).max(Energy::ZERO);
            (consumption, Flow { own, surplus, residual })
        } else {
            let consumption = self.consumption.unwrap_or_default();
            (consumption, Flow::of(consumption.checked_add(charge)?, supply))
        };
        Some(MemberSlot { consumption, generation, charge, discharge, flow })
    }
}
