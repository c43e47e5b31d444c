//! The energy between one look at a register and the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use jiff::Timestamp;

use super::{Event, Fault, Read, Register};
use crate::{
    energy::{Error, Reading},
    quantity::{Energy, Rounding},
    series::Quality,
    time::Interval,
};

/// What a register counted from look to look, and what did not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advances {
    /// One reading for each two looks that follow each other, by start; missing where a fault says so, and none at all
    /// for an interval that is longer than a reading may be.
    pub readings: Vec<Reading>,
    /// What did not fit, by instant.
    pub faults: Vec<Fault>,
}

impl Advances {
    /// The sum of what is known.
    ///
    /// # Errors
    ///
    /// [`Error::Quantity`] where the sum does not fit.
    pub fn sum(&self) -> Result<Energy, Error> {
        Ok(Energy::checked_sum(self.readings.iter().filter_map(|reading| reading.energy()))?)
    }
}

impl Register {
    /// Says what the register counted between one look and the next.
    ///
    /// Reads and events may come in any order. An exchange and a reset are looks too, so an interval ends there. With
    /// the multiplier `m`, a counter `c` and the value `M` at which it begins again, the energy from one look to the
    /// next is `(c₂ + M·rollovers − c₁)·m`. Each counter is multiplied and rounded to the milliwatt-hour (halves up)
    /// before the difference is taken, so that the advances add up to the last counter less the first, exactly,
    /// however many looks lie between.
    ///
    /// A counter that fell is never guessed at: the reading is missing, and a [`Fault`] says what it looks like. With a
    /// known modulus and rated power a fall is called a possible rollover if the connection, loaded by a tenth more
    /// than rated, could have used that much.
    ///
    /// ```
    /// use grid_core::{energy::meter::{Event, Read, Register}, quantity::Energy};
    /// let at = |day: i8| format!("2026-03-{day:02}T00:00:00Z").parse().unwrap();
    /// let reads = [Read::measured(at(1), Energy::from_mwh(700)), Read::measured(at(3), Energy::from_mwh(40))];
    /// let (last, first) = (Energy::from_mwh(900), Energy::from_mwh(10));
    /// let exchange = Event::Exchange { at: at(2), last, first, register: None };
    /// let advances = Register::new().advances(&reads, &[exchange]);
    /// assert_eq!(advances.sum()?, Energy::from_mwh(200 + 30));
    /// // Without the event the fall is named, and nothing is invented.
    /// let advances = Register::new().advances(&reads, &[]);
    /// assert_eq!(advances.readings[0].energy(), None);
    /// assert_eq!(advances.faults[0].name(), "unexplained_decrease");
    /// # Ok::<(), grid_core::energy::Error>(())
    /// ```
    #[must_use]
    pub fn advances(self, reads: &[Read], events: &[Event]) -> Advances {
        let mut walk = Walk::new(self, events);
        for look in looks(reads, events, &mut walk.found.faults) {
            walk.go_to(look);
        }
        walk.found.faults.sort_by(|left, right| left.at().cmp(&right.at()).then_with(|| left.cmp(right)));
        walk.found
    }
}

/// What is known of the counter at one instant, just before and just after it.
#[derive(Clone, Copy, Debug)]
struct Look {
    at: Timestamp,
    before: Option<Energy>,
    after: Option<Energy>,
    quality: Quality,
    /// Set where something happened, and the counter before says nothing about the counter after.
    new: Option<Break>,
}

/// How the register went on after something happened to it.
#[derive(Clone, Copy, Debug)]
enum Break {
    SameRegister,
    Other(Register),
}

/// What was read at one instant: the values of the best quality.
#[derive(Clone, Debug)]
struct Shown {
    quality: Quality,
    counters: BTreeSet<Energy>,
}

/// Puts reads and events together, by instant.
fn looks(reads: &[Read], events: &[Event], faults: &mut Vec<Fault>) -> Vec<Look> {
    let mut shown: BTreeMap<Timestamp, Shown> = BTreeMap::new();
    for read in reads.iter().filter(|read| read.quality != Quality::Missing) {
        let there = shown
            .entry(read.at)
            .or_insert_with(|| Shown { quality: read.quality, counters: BTreeSet::new() });
        if read.quality < there.quality {
            *there = Shown { quality: read.quality, counters: BTreeSet::new() };
        }
        if read.quality == there.quality {
            there.counters.insert(read.counter);
        }
    }
    let mut breaks: BTreeMap<Timestamp, BTreeSet<Event>> = BTreeMap::new();
    for &event in events.iter().filter(|event| !matches!(event, Event::Rollover { .. })) {
        breaks.entry(event.at()).or_default().insert(event);
    }
    let mut looks: Vec<Look> = Vec::with_capacity(shown.len() + breaks.len());
    for (at, events) in breaks {
        looks.push(look_at_break(at, &events, shown.remove(&at), faults));
    }
    for (at, Shown { quality, counters }) in shown {
        let mut values = counters.iter();
        match (values.next(), values.next()) {
            (Some(&counter), None) => {
                looks.push(Look { at, before: Some(counter), after: Some(counter), quality, new: None });
            }
            _ => faults.push(Fault::ContradictoryReads { at, counters: counters.into_iter().collect() }),
        }
    }
    looks.sort_by_key(|look| look.at);
    looks
}

/// The look that an event is. A read of the same instant may be the one from before or the one from after.
fn look_at_break(
    at: Timestamp,
    events: &BTreeSet<Event>,
    shown: Option<Shown>,
    faults: &mut Vec<Fault>,
) -> Look {
    let (read_quality, mut counters) =
        shown.map_or((Quality::Measured, BTreeSet::new()), |shown| (shown.quality, shown.counters));
    let mut quality = Quality::Measured;
    let mut several = events.iter();
    let (mut before, after, new) = match (several.next(), several.next()) {
        (Some(&Event::Exchange { last, first, register, .. }), None) => {
            (Some(last), Some(first), register.map_or(Break::SameRegister, Break::Other))
        }
        (Some(&Event::Reset { from, to, .. }), None) => (from, Some(to), Break::SameRegister),
        _ => {
            faults.push(Fault::ContradictoryEvents { at });
            counters.clear();
            (None, None, Break::SameRegister)
        }
    };
    let said = counters.clone();
    counters.retain(|&counter| Some(counter) != before && Some(counter) != after);
    if before.is_none() && after.is_some() && counters.len() == 1 {
        before = counters.pop_first();
        quality = read_quality;
    }
    if !counters.is_empty() {
        faults.push(Fault::ContradictoryReads { at, counters: said.into_iter().collect() });
    }
    Look { at, before, after, quality, new: Some(new) }
}

/// Goes from look to look.
#[derive(Debug)]
struct Walk {
    register: Register,
    rollovers: BTreeSet<Timestamp>,
    last: Option<Look>,
    /// What the rollovers since the last break come to, in counts: with it, the counter is one that never begins again.
    turned_mwh: i128,
    found: Advances,
}

impl Walk {
    fn new(register: Register, events: &[Event]) -> Self {
        let rollovers =
            events.iter().filter(|event| matches!(event, Event::Rollover { .. })).map(|event| event.at());
        Self {
            register,
            rollovers: rollovers.collect(),
            last: None,
            turned_mwh: 0,
            found: Advances::default(),
        }
    }

    fn go_to(&mut self, look: Look) {
        let next = match look.new {
            Some(Break::Other(register)) => register,
            Some(Break::SameRegister) | None => self.register,
        };
        let before = self.showable(self.register, look.at, look.before);
        let after = match look.new {
            Some(_) => self.showable(next, look.at, look.after),
            // A read that the register cannot show is no look at all; the interval goes on to the next.
            None if before.is_none() => return,
            None => before,
        };
        let look = Look { before, after, ..look };
        if let Some(last) = self.last
            && let Ok(interval) = Interval::new(last.at, look.at)
        {
            let quality = last.quality.worst(look.quality);
            let energy = self.advance(interval, last.after, look.before);
            self.push(interval, energy, quality);
        }
        if look.new.is_some() {
            self.turned_mwh = 0;
        }
        self.register = next;
        // After a break the counter is the event's own, whatever the quality of the one before.
        let quality = if look.new.is_some() { Quality::Measured } else { look.quality };
        self.last = Some(Look { quality, ..look });
    }

    fn showable(&mut self, register: Register, at: Timestamp, counter: Option<Energy>) -> Option<Energy> {
        let counter = counter?;
        if register.can_show(counter) {
            return Some(counter);
        }
        self.found.faults.push(Fault::CounterOutOfRange { at, counter });
        None
    }

    /// The energy between two counters, or a fault.
    fn advance(&mut self, interval: Interval, from: Option<Energy>, to: Option<Energy>) -> Option<Energy> {
        let (Some(from), Some(to)) = (from, to) else {
            return self.fault(Fault::UnknownCounter { interval });
        };
        let within = (Bound::Excluded(interval.start()), Bound::Included(interval.end()));
        let rollovers = i128::try_from(self.rollovers.range(within).count()).unwrap_or(i128::MAX);
        let modulus = self.register.modulus();
        if rollovers > 0 && modulus.is_none() {
            return self.fault(Fault::RolloverWithoutModulus { interval });
        }
        let turns = rollovers.saturating_mul(modulus.map_or(0, mwh));
        let start = self.turned_mwh.saturating_add(mwh(from));
        let end = self.turned_mwh.saturating_add(turns).saturating_add(mwh(to));
        if end < start {
            let fall = match self.likely_rollover(interval, from, to) {
                Some(advance) => Fault::PossibleRollover { interval, from, to, advance },
                None => Fault::UnexplainedDecrease { interval, from, to },
            };
            return self.fault(fall);
        }
        self.turned_mwh = self.turned_mwh.saturating_add(turns);
        let energy = self.energy(start, end).filter(|&energy| {
            energy <= Reading::MOST && interval.duration().as_secs() <= Reading::LONGEST_SECONDS
        });
        if energy.is_none() {
            self.found.faults.push(Fault::BeyondReading { interval, from, to });
        }
        energy
    }

    /// Keeps a fault after which the counter starts afresh.
    fn fault(&mut self, fault: Fault) -> Option<Energy> {
        self.found.faults.push(fault);
        self.turned_mwh = 0;
        None
    }

    fn energy(&self, start_mwh: i128, end_mwh: i128) -> Option<Energy> {
        let multiplier = self.register.multiplier();
        let energy = multiplier.times(end_mwh)?.checked_sub(multiplier.times(start_mwh)?)?;
        i64::try_from(energy).ok().map(Energy::from_mwh)
    }

    /// What one rollover would come to, where the connection could have carried it.
    fn likely_rollover(&self, interval: Interval, from: Energy, to: Energy) -> Option<Energy> {
        let modulus = self.register.modulus()?;
        let advance = self.energy(mwh(from), mwh(modulus) + mwh(to))?;
        let most = self.register.rated_power()?.over(interval.duration(), Rounding::Up)?;
        (advance <= most.scale(11, 10, Rounding::Up)?).then_some(advance)
    }

    fn push(&mut self, interval: Interval, energy: Option<Energy>, quality: Quality) {
        let quality = if energy.is_some() { quality } else { Quality::Missing };
        // Only an interval that is too long is refused, and a fault has said so or said why it is missing.
        self.found.readings.extend(Reading::new(interval, energy, quality));
    }
}

fn mwh(energy: Energy) -> i128 {
    i128::from(energy.as_mwh())
}
