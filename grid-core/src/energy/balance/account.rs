//! One member's registers, and what they say about each slot.

use uuid::Uuid;

use crate::{
    energy::{Channel, Error, Name, Reading, Terms},
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
    /// The registers; one without readings in the period is there, and empty.
    pub registers: Vec<MemberRegister>,
}

/// A register that counts for a member, for a while or always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRegister {
    /// What it counts.
    pub channel: Channel,
    /// Its readings in the period; what of them lies outside the terms is not the member's.
    pub readings: Vec<Reading>,
    /// When it counts for the member.
    pub terms: Terms,
}

impl MemberRegister {
    /// A register that always counts for the member.
    pub fn new(channel: Channel, readings: Vec<Reading>) -> Self {
        Self { channel, readings, terms: Terms::always() }
    }
}

/// What a member's registers say about one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemberSlot {
    pub(crate) consumption: Energy,
    pub(crate) generation: Energy,
    pub(crate) charge: Energy,
    pub(crate) discharge: Energy,
    pub(crate) flow: Flow,
    /// Whether any register counts for the member then. Who has none takes no part, and nothing of theirs is missing.
    pub(crate) takes_part: bool,
}

impl MemberSlot {
    const NONE: Self = Self {
        consumption: Energy::ZERO,
        generation: Energy::ZERO,
        charge: Energy::ZERO,
        discharge: Energy::ZERO,
        flow: Flow { own: Energy::ZERO, surplus: Energy::ZERO, residual: Energy::ZERO },
        takes_part: false,
    };
}

/// A member's slots: `None` where any register is missing or not whole.
pub(crate) struct MemberSlots {
    pub(crate) slots: Vec<Option<MemberSlot>>,
    pub(crate) qualities: Vec<Quality>,
    pub(crate) quality: Quality,
}

impl Account {
    /// Lays the registers onto the slots of an interval.
    pub(super) fn slots(
        &self,
        calendar: &Calendar,
        interval: Interval,
        resolution: Resolution,
    ) -> Result<MemberSlots, Error> {
        let mut registers = Vec::with_capacity(self.registers.len());
        for register in &self.registers {
            let mut grid = Grid::within(calendar, interval, resolution, register.terms.intervals())?;
            for &reading in &register.readings {
                grid.add(Piece::from(reading))?;
            }
            registers.push((register.channel, grid.finish_counted()));
        }
        let count = registers.iter().map(|(_, slots)| slots.len()).max().unwrap_or(0);
        let mut quality = if count == 0 { Quality::Missing } else { Quality::Measured };
        let mut slots = Vec::with_capacity(count);
        let mut qualities = Vec::with_capacity(count);
        for at in 0..count {
            let mut sums = Registers::default();
            let mut takes_part = false;
            for (channel, register) in &registers {
                if let Some(slot) = register.get(at).and_then(Option::as_ref) {
                    takes_part = true;
                    sums.take(*channel, slot);
                }
            }
            let slot = if takes_part { sums.slot() } else { Some(MemberSlot::NONE) };
            let now = if slot.is_some() { sums.quality } else { Quality::Missing };
            quality = quality.worst(now);
            qualities.push(now);
            slots.push(slot);
        }
        Ok(MemberSlots { slots, qualities, quality })
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
    fn take(&mut self, channel: Channel, slot: &Slot) {
        self.quality = self.quality.worst(slot.quality);
        let Some(energy) = slot.energy.filter(|_| slot.quality != Quality::Missing) else {
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

    /// What the registers say about the slot; `None` where one is missing, or where those that a member has leave it
    /// open how much crossed the connection point. A register that a member never had counts nothing only where that
    /// is a statement about the place (no plant, no battery, no load), not where another register shows otherwise.
    fn slot(&self) -> Option<MemberSlot> {
        if self.is_missing {
            return None;
        }
        let (charge, discharge) = (self.charge.unwrap_or_default(), self.discharge.unwrap_or_default());
        let makes = self.generation.is_some() || self.discharge.is_some();
        match (self.import, self.export, self.consumption) {
            // Metered both ways: what the meter counted is what crossed, and the consumption follows.
            (Some(import), Some(export), _) => self.metered(import, export, charge, discharge),
            // A load without a plant, or a plant without a load, metered in the one direction that it has.
            (Some(import), None, None) if !makes => self.metered(import, Energy::ZERO, charge, discharge),
            (None, Some(export), None) if !makes => self.metered(Energy::ZERO, export, charge, discharge),
            (Some(_), None, None) | (None, Some(_), None) => None,
            // Metered one way only beside the loads: fed in without a count of what was made, nothing adds up.
            (None, Some(_), Some(_)) if !makes => None,
            (_, _, consumption) => {
                let consumption = consumption.unwrap_or_default();
                let generation = self.generation.unwrap_or_default();
                let flow = Flow::of(consumption.checked_add(charge)?, generation.checked_add(discharge)?);
                Some(MemberSlot { consumption, generation, charge, discharge, flow, takes_part: true })
            }
        }
    }

    fn metered(
        &self,
        import: Energy,
        export: Energy,
        charge: Energy,
        discharge: Energy,
    ) -> Option<MemberSlot> {
        // What was fed in was made behind the meter, whether or not a register counted it.
        let fed = (export - discharge).max(Energy::ZERO);
        let generation = self.generation.unwrap_or_default().max(fed);
        let own = generation.checked_add(discharge)?.max(export) - export;
        let demand = own.checked_add(import)?;
        // A battery cannot take more than came in; where its register says so, the meter is believed.
        let charge = charge.min(demand);
        let flow = Flow { own, surplus: export, residual: import };
        let consumption = demand - charge;
        Some(MemberSlot { consumption, generation, charge, discharge, flow, takes_part: true })
    }
}
