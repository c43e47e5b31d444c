//! The chart of a day's energy: where consumption came from, stacked, and generation over it.

use jiff::Timestamp;

use super::{
    Error, Language, Options, Svg,
    axis::{Axis, Ends, Zero, extent},
    clock::seconds,
    sheet::{Mark, Place, Sheet, draw},
    slot_words,
    slots::{Slot, Slots},
    theme::Ink,
};
use crate::{
    energy::balance::SlotBalance,
    quantity::Energy,
    series::Quality,
    time::{Calendar, Interval},
};

/// What a community or a member did with energy in one slot; `None` where it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnergySlot {
    /// When.
    pub interval: Interval,
    /// Consumption met by one's own generation.
    pub own_use: Option<Energy>,
    /// Consumption met by what others in the community generated.
    pub shared: Option<Energy>,
    /// Consumption met by the grid.
    pub import: Option<Energy>,
    /// All that was generated.
    pub generation: Option<Energy>,
    /// The worst quality of these values.
    pub quality: Quality,
}

impl From<&SlotBalance> for EnergySlot {
    fn from(slot: &SlotBalance) -> Self {
        let sums = slot.sums;
        Self {
            interval: slot.interval,
            own_use: sums.map(|sums| sums.own),
            shared: sums.map(|sums| sums.received),
            import: sums.map(|sums| sums.import),
            generation: sums.map(|sums| sums.generation),
            quality: slot.quality,
        }
    }
}

impl EnergySlot {
    /// What is stacked, and then what was generated.
    const fn energies(&self) -> [Option<Energy>; 4] {
        [self.own_use, self.shared, self.import, self.generation]
    }
}

/// The inks of what is stacked.
const INKS: [Ink; 3] = [Ink::Green, Ink::Pink, Ink::Blue];

const fn names(language: Language) -> [&'static str; 4] {
    [
        language.pick("Own use", "Autoconsumo"),
        language.pick("Shared", "Compartida"),
        language.pick("Import", "De la red"),
        language.pick("Generation", "Generación"),
    ]
}

/// Draws the energy of a local day slot by slot: consumption as own use, shared and imported energy on top of each
/// other, generation as a line over them.
///
/// Slots of one local day show the whole of that day, of 23, 24 or 25 hours; others show from the first to the last.
/// Slots that are not wholly measured are hatched, and those with nothing at all are marked over their whole height.
///
/// ```
/// use grid_core::{chart::{EnergySlot, Options, energy_day}, quantity::Energy, series::Quality, time::{Calendar, Interval}};
/// let slot = EnergySlot {
///     interval: Interval::parse("2026-03-29T10:00:00Z", "2026-03-29T10:15:00Z").unwrap(),
///     own_use: Some(Energy::from_mwh(250_000)),
///     shared: Some(Energy::from_mwh(50_000)),
///     import: Some(Energy::ZERO),
///     generation: Some(Energy::from_mwh(400_000)),
///     quality: Quality::Measured,
/// };
/// let chart = energy_day(&[slot], &Calendar::new("Europe/Madrid").unwrap(), &Options::default())?;
/// assert!(chart.svg().contains("Sun 29 Mar 2026"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Unordered`] where a slot starts before the one before it ends, [`Error::TooManySlots`] past a day of
/// minutes, or [`Error::Size`].
pub fn energy_day(day: &[EnergySlot], calendar: &Calendar, options: &Options) -> Result<Svg, Error> {
    let language = options.language;
    let stacked = day.iter().map(|slot| Slot {
        interval: slot.interval,
        layers: slot
            .energies()
            .iter()
            .take(INKS.len())
            .map(|energy| energy.map(Energy::to_kwh_f64))
            .collect(),
        quality: slot.quality,
    });
    let slots = Slots::new(stacked.collect(), calendar)?;
    let of_nothing = language.pick("Energy of a day", "Energía de un día");
    let title = slots.title(language.pick("Energy", "Energía"), of_nothing, calendar, language);
    let told: Vec<_> = day.iter().map(|slot| (slot.energies(), slot.quality)).collect();
    draw(options, &title, &slot_words::day(names(language), &told, language), |sheet| {
        let generation = day.iter().filter_map(|slot| slot.generation).map(Energy::to_kwh_f64);
        let stacks = slots.heights().into_iter().flat_map(|(low, high)| [low, high]);
        let reach = extent(stacks.chain(generation));
        let y = Axis::linear(reach, Zero::Shown, Ends::OnTicks, sheet.ticks_up(), language);
        let marks = INKS.into_iter().map(Mark::Block).chain([Mark::Line(Ink::Orange)]);
        let mut entries: Vec<(Mark, &str)> = marks.zip(names(language)).collect();
        entries.extend(slots.hatches(language));
        let place = sheet.legend(&entries, &[&y], 640)?;
        let Some(span) = slots.span else {
            return sheet.no_data(place, &y, "kWh");
        };
        paint(sheet, place, (day, &slots), span, &y, calendar)
    })
}

fn paint(
    sheet: &Sheet<'_>,
    place: Place,
    (day, slots): (&[EnergySlot], &Slots),
    span: Interval,
    y: &Axis,
    calendar: &Calendar,
) -> Result<(), Error> {
    let language = sheet.language;
    let plot = sheet.local_panel(place, span, calendar, y, &slots.unit(language))?;
    let at = |instant: Timestamp| seconds(span.start(), instant);

    slots.paint(&plot, &INKS)?;
    for run in day
        .chunk_by(|left, right| left.generation.is_some() == right.generation.is_some() && touch(left, right))
    {
        let steps: Vec<(f64, f64)> = run
            .iter()
            .filter_map(|slot| Some((slot.interval, slot.generation?.to_kwh_f64())))
            .flat_map(|(interval, kwh)| [(at(interval.start()), kwh), (at(interval.end()), kwh)])
            .collect();
        plot.line(&steps, Ink::Surface, 44)?;
        plot.line(&steps, Ink::Orange, 22)?;
    }
    sheet.clock_changes(&plot, span, calendar)?;
    for slot in day {
        let (from, to) = (at(slot.interval.start()), at(slot.interval.end()));
        let (names, energies) = (names(language), slot.energies());
        let told = slot_words::slot(slot.interval, names, energies, slot.quality, calendar, language);
        sheet.tooltip(&plot, from, to, told);
    }
    Ok(())
}

fn touch(left: &EnergySlot, right: &EnergySlot) -> bool {
    left.interval.end() == right.interval.start()
}
