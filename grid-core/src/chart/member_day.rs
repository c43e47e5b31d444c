//! The chart of a member's day: where its consumption came from above zero, where its surplus went below.

use super::{
    Error, Language, Options, Svg,
    axis::{Axis, Ends, Zero},
    clock::seconds,
    sheet::{Mark, draw},
    slot_words,
    slots::{Slot, Slots, not_negative},
    theme::Ink,
};
use crate::{
    energy::balance::SlotBalance,
    quantity::Energy,
    series::Quality,
    time::{Calendar, Interval},
};

/// What a member did with energy in one slot; `None` where it is not known.
///
/// Nothing is below zero here. A member without a plant has zeros where it has nothing to use itself or to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberSlot {
    /// When.
    pub interval: Interval,
    /// Consumption met by its own generation.
    pub own_use: Option<Energy>,
    /// Consumption met by what the community shared with it.
    pub received: Option<Energy>,
    /// Consumption met by the grid.
    pub import: Option<Energy>,
    /// Surplus that others in the community used.
    pub given: Option<Energy>,
    /// Surplus that nobody in the community used.
    pub export: Option<Energy>,
    /// The worst quality of these values.
    pub quality: Quality,
}

impl From<&SlotBalance> for MemberSlot {
    fn from(slot: &SlotBalance) -> Self {
        let sums = slot.sums;
        Self {
            interval: slot.interval,
            own_use: sums.map(|sums| sums.own),
            received: sums.map(|sums| sums.received),
            import: sums.map(|sums| sums.import),
            given: sums.map(|sums| sums.given),
            export: sums.map(|sums| sums.export),
            quality: slot.quality,
        }
    }
}

impl MemberSlot {
    /// What is used, then what is given, each with the name of its field.
    const fn columns(&self) -> [(&'static str, Option<Energy>); 5] {
        [
            ("own_use", self.own_use),
            ("received", self.received),
            ("import", self.import),
            ("given", self.given),
            ("export", self.export),
        ]
    }

    fn energies(&self) -> [Option<Energy>; 5] {
        self.columns().map(|(_, energy)| energy)
    }
}

/// How many of a slot's columns are used; the rest is surplus.
const USED: usize = 3;

/// One ink for each counterpart, on both sides of zero; what leaves for the grid is the exception, as it earns least.
const INKS: [Ink; 5] = [Ink::Green, Ink::Pink, Ink::Blue, Ink::Pink, Ink::Orange];

const fn names(language: Language) -> [&'static str; 5] {
    [
        language.pick("Own use", "Autoconsumo"),
        language.pick("Received", "Recibida"),
        language.pick("From the grid", "De la red"),
        language.pick("Given", "Cedida"),
        language.pick("Exported", "Vertida"),
    ]
}

/// Draws the energy of a member's local day slot by slot. Above zero stands its consumption: own use, what it received
/// from the community, and what came from the grid. Below zero stands its surplus: what it gave to the community, and
/// what it exported. The axis counts away from zero in both directions.
///
/// Slots of one local day show the whole of that day, of 23, 24 or 25 hours; others show from the first to the last.
/// Slots that are not wholly measured, or of which a part is not known, are hatched, and those with nothing at all are
/// marked over their whole height.
///
/// ```
/// use grid_core::{chart::{MemberSlot, Options, member_day}, quantity::Energy, series::Quality, time::{Calendar, Interval}};
/// let slot = MemberSlot {
///     interval: Interval::parse("2026-10-25T10:00:00Z", "2026-10-25T10:15:00Z").unwrap(),
///     own_use: Some(Energy::from_mwh(250_000)),
///     received: Some(Energy::ZERO),
///     import: Some(Energy::ZERO),
///     given: Some(Energy::from_mwh(120_000)),
///     export: Some(Energy::from_mwh(30_000)),
///     quality: Quality::Measured,
/// };
/// let chart = member_day(&[slot], &Calendar::new("Europe/Madrid").unwrap(), &Options::default())?;
/// assert!(chart.svg().contains("Sun 25 Oct 2026") && chart.svg().contains("03:00 → 02:00"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Unordered`] where a slot starts before the one before it ends, [`Error::Negative`] for an energy below
/// zero, [`Error::TooManySlots`] past a day of minutes, or [`Error::Size`].
pub fn member_day(day: &[MemberSlot], calendar: &Calendar, options: &Options) -> Result<Svg, Error> {
    for (index, slot) in day.iter().enumerate() {
        not_negative(index, &slot.columns())?;
    }
    let slots = Slots::new(day.iter().map(signed).collect(), calendar)?;
    let language = options.language;
    let name = language.pick("A member's energy", "Energía de un miembro");
    let of_nothing = language.pick("A member's day", "El día de un miembro");
    let title = slots.title(name, of_nothing, calendar, language);
    let told: Vec<_> = day.iter().map(|slot| (slot.energies(), slot.quality)).collect();
    let description = slot_words::day(names(language), &told, language);
    draw(options, &title, &description, |sheet| {
        let y = Axis::linear(slots.heights(), Zero::Shown, Ends::OnTicks, sheet.ticks_up(), language);
        let y = y.without_signs();
        let [own, _, grid, _, exported] = names(language);
        let mut entries = vec![
            (Mark::Block(Ink::Green), own),
            (
                Mark::Block(Ink::Pink),
                language.pick("Shared, received or given", "Compartida, recibida o cedida"),
            ),
            (Mark::Block(Ink::Blue), grid),
            (Mark::Block(Ink::Orange), exported),
        ];
        entries.extend(slots.hatches(language));
        let place = sheet.legend(&entries, &[&y], 640)?;
        let Some(span) = slots.span else {
            return sheet.no_data(place, &y, "kWh");
        };
        let plot = sheet.local_panel(place, span, calendar, &y, &slots.unit(language))?;
        slots.paint(&plot, &INKS)?;
        plot.line(&[(0.0, 0.0), (seconds(span.start(), span.end()), 0.0)], Ink::Text, 10)?;
        sheet.clock_changes(&plot, span, calendar)?;
        for slot in day {
            let from = seconds(span.start(), slot.interval.start());
            let to = seconds(span.start(), slot.interval.end());
            let (names, energies) = (names(language), slot.energies());
            let told = slot_words::slot(slot.interval, names, energies, slot.quality, calendar, language);
            sheet.tooltip(&plot, from, to, told);
        }
        Ok(())
    })
}

/// A slot as it is stacked, with the surplus below zero.
fn signed(slot: &MemberSlot) -> Slot {
    let side = |place: usize| if place < USED { 1.0 } else { -1.0 };
    let columns = slot.columns();
    let layers: Vec<Option<f64>> = columns
        .iter()
        .enumerate()
        .map(|(place, (_, energy))| energy.map(|energy| energy.to_kwh_f64() * side(place)))
        .collect();
    let incomplete = layers.iter().any(Option::is_none);
    let quality = if incomplete { slot.quality.worst(Quality::Missing) } else { slot.quality };
    Slot { interval: slot.interval, layers, quality }
}
