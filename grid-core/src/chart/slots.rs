//! Energy over slots of time: the days that slots span, their layers on top of each other, and what is missing.

use jiff::Timestamp;

use super::{
    Error, Language,
    axis::extent,
    clock::seconds,
    sheet::{Mark, Plot},
    slot_words::dates,
    theme::Ink,
};
use crate::{
    quantity::Energy,
    series::Quality,
    time::{Calendar, Interval},
};

/// The most slots that one chart shows: a day of minutes.
const MOST_SLOTS: usize = 1500;

/// One slot with its layers in kWh, in the order in which they are stacked; `None` where one is not known.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) interval: Interval,
    pub(super) layers: Vec<Option<f64>>,
    pub(super) quality: Quality,
}

impl Slot {
    /// Whether nothing at all is known.
    pub(super) fn is_empty(&self) -> bool {
        self.layers.iter().all(Option::is_none)
    }

    /// Whether something is known, but not wholly measured.
    fn is_partly(&self) -> bool {
        self.quality != Quality::Measured && !self.is_empty()
    }

    /// From where to where the stack reaches; what is negative goes below zero.
    fn reach(&self) -> (f64, f64) {
        self.layers
            .iter()
            .map(|layer| layer.unwrap_or(0.0))
            .fold((0.0, 0.0), |(low, high), value| (low + value.min(0.0), high + value.max(0.0)))
    }
}

/// Slots in the order of time, and the stretch that their chart shows.
pub(super) struct Slots {
    slots: Vec<Slot>,
    /// The local day that all slots lie in, or from the first slot's start to the last one's end; `None` without slots.
    pub(super) span: Option<Interval>,
}

impl Slots {
    /// Refuses slots that overlap, are out of order or too many.
    pub(super) fn new(slots: Vec<Slot>, calendar: &Calendar) -> Result<Self, Error> {
        if slots.len() > MOST_SLOTS {
            return Err(Error::TooManySlots { most: MOST_SLOTS, slots: slots.len() });
        }
        in_order(slots.iter().map(|slot| slot.interval))?;
        let span = match (slots.first(), slots.last()) {
            (Some(first), Some(last)) => {
                let (first, last) = (first.interval, last.interval);
                let local = calendar.day(calendar.date_of(first.start())).ok();
                local
                    .filter(|local| last.end() <= local.end())
                    .or_else(|| Interval::new(first.start(), last.end()).ok())
            }
            _ => None,
        };
        Ok(Self { slots, span })
    }

    /// A title with the days that are shown, or the one of a chart of nothing.
    pub(super) fn title(
        &self,
        name: &str,
        of_nothing: &str,
        calendar: &Calendar,
        language: Language,
    ) -> String {
        match self.span {
            Some(span) => format!("{name} · {}", dates(span, calendar, language)),
            None => of_nothing.to_owned(),
        }
    }

    /// The lowest and the highest point of the stacks.
    pub(super) fn heights(&self) -> Option<(f64, f64)> {
        let known = self.slots.iter().filter(|slot| !slot.is_empty());
        extent(known.map(Slot::reach).flat_map(|(low, high)| [low, high]))
    }

    /// The unit, with the slots' length where they all have the same.
    pub(super) fn unit(&self, language: Language) -> String {
        let length = |slot: &Slot| slot.interval.duration().as_secs();
        match self.slots.first().map(length) {
            Some(3600) if self.slots.iter().all(|slot| length(slot) == 3600) => {
                language.pick("kWh per hour", "kWh por hora").to_owned()
            }
            Some(first) if first > 0 && self.slots.iter().all(|slot| length(slot) == first) => {
                let per = crate::time::Resolution::Seconds(u32::try_from(first).unwrap_or(0)).to_string();
                let split = per.find(|c: char| !c.is_ascii_digit()).unwrap_or(per.len());
                let (count, name) = per.split_at(split);
                format!("kWh {} {count} {name}", language.pick("per", "por"))
            }
            _ => "kWh".to_owned(),
        }
    }

    /// What the legend says about slots that are not wholly measured, and about those that are missing.
    pub(super) fn hatches(&self, language: Language) -> Vec<(Mark, &'static str)> {
        let whole = self.slots.first().map(|slot| slot.interval.start()) == self.span.map(Interval::start)
            && self.slots.last().map(|slot| slot.interval.end()) == self.span.map(Interval::end);
        let missing = !whole
            || self.slots.iter().any(Slot::is_empty)
            || self.slots.windows(2).any(|pair| matches!(pair, [left, right] if !touch(left, right)));
        hatches(self.slots.iter().any(Slot::is_partly), missing, language)
    }

    /// Draws what is missing, the stacks, and the hatch over those that are not wholly measured.
    pub(super) fn paint(&self, plot: &Plot<'_>, inks: &[Ink]) -> Result<(), Error> {
        let Some(span) = self.span else { return Ok(()) };
        let at = |instant: Timestamp| seconds(span.start(), instant);
        // Where nothing came at all is as missing as a slot that says so.
        let mut known_to = span.start();
        for slot in &self.slots {
            if slot.interval.start() > known_to {
                plot.column(at(known_to), at(slot.interval.start()), Ink::Missing, 1.0)?;
            }
            known_to = slot.interval.end();
        }
        if known_to < span.end() {
            plot.column(at(known_to), at(span.end()), Ink::Missing, 1.0)?;
        }
        let both_empty =
            |left: &Slot, right: &Slot| left.is_empty() && right.is_empty() && touch(left, right);
        for run in self.slots.chunk_by(both_empty) {
            if let (Some(first), Some(last)) = (run.first(), run.last())
                && first.is_empty()
            {
                plot.column(at(first.interval.start()), at(last.interval.end()), Ink::Missing, 1.0)?;
            }
        }
        for run in self.slots.chunk_by(touch) {
            let columns: Vec<Column> = run
                .iter()
                .map(|slot| Column {
                    from: at(slot.interval.start()),
                    to: at(slot.interval.end()),
                    layers: slot.layers.iter().map(|layer| layer.unwrap_or(0.0)).collect(),
                })
                .collect();
            stack(plot, &columns, inks)?;
        }
        for slot in self.slots.iter().filter(|slot| slot.is_partly()) {
            let (low, high) = slot.reach();
            if low < high {
                let across = (at(slot.interval.start()), at(slot.interval.end()));
                plot.block(across, (low, high), Ink::Estimated)?;
            }
        }
        Ok(())
    }
}

/// Refuses intervals of which one starts before the one before it ends.
pub(super) fn in_order(intervals: impl Iterator<Item = Interval>) -> Result<(), Error> {
    let mut earliest: Option<Timestamp> = None;
    for (index, interval) in intervals.enumerate() {
        if let Some(earliest) = earliest.filter(|earliest| interval.start() < *earliest) {
            return Err(Error::Unordered { index, earliest, got: interval.start() });
        }
        earliest = Some(interval.end());
    }
    Ok(())
}

/// Refuses an energy below zero, on a chart where the side of zero says which way the energy went.
pub(super) fn not_negative(index: usize, columns: &[(&'static str, Option<Energy>)]) -> Result<(), Error> {
    let below = columns
        .iter()
        .find_map(|(column, energy)| energy.filter(|energy| energy.is_negative()).map(|got| (*column, got)));
    below.map_or(Ok(()), |(column, got)| Err(Error::Negative { index, column, got }))
}

/// The legend's entries for what is partly known and what is missing.
pub(super) fn hatches(partly: bool, missing: bool, language: Language) -> Vec<(Mark, &'static str)> {
    let partly = partly.then(|| {
        let name =
            language.pick("Estimated, substituted or partly missing", "Estimada, sustituida o incompleta");
        (Mark::Hatch(Ink::Estimated), name)
    });
    let missing = missing.then(|| (Mark::Hatch(Ink::Missing), language.pick("Missing", "Faltante")));
    partly.into_iter().chain(missing).collect()
}

fn touch(left: &Slot, right: &Slot) -> bool {
    left.interval.end() == right.interval.start()
}

/// A stretch of the x axis, and the heights of its layers.
pub(super) struct Column {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) layers: Vec<f64>,
}

/// Draws the stack of columns that follow each other, each layer as one polygon, so that no seams show.
pub(super) fn stack(plot: &Plot<'_>, run: &[Column], inks: &[Ink]) -> Result<(), Error> {
    let mut below = vec![(0.0, 0.0); run.len()];
    for (layer, ink) in inks.iter().enumerate() {
        let sides: [fn(f64, f64) -> f64; 2] = [f64::max, f64::min];
        for side in sides {
            let mut edge = Vec::with_capacity(run.len() * 4);
            let mut back = Vec::with_capacity(run.len() * 2);
            for (column, (low, high)) in run.iter().zip(&mut below) {
                let value = side(column.layers.get(layer).copied().unwrap_or(0.0), 0.0);
                let base = if value < 0.0 { low } else { high };
                back.extend([(column.from, *base), (column.to, *base)]);
                *base += value;
                edge.extend([(column.from, *base), (column.to, *base)]);
            }
            if edge != back {
                edge.extend(back.into_iter().rev());
                plot.polygon(edge, *ink, 1.0)?;
            }
        }
    }
    Ok(())
}
