//! The chart of a day's energy: where consumption came from, stacked, and generation over it.

use jiff::Timestamp;

use super::{
    Error, Language, Options, Svg,
    axis::{Axis, Ends, Zero, extent},
    clock::{changes, local, seconds},
    sheet::{Foot, Mark, Place, Sheet, draw},
    slots::{Slot, Slots, amount, clock, dates, qualities, quality, total},
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

/// A layer of the stack.
struct Layer {
    ink: Ink,
    name: &'static str,
    of: fn(&EnergySlot) -> Option<Energy>,
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
    let layers = layers(language);
    let slots = day
        .iter()
        .map(|slot| Slot {
            interval: slot.interval,
            layers: layers.iter().map(|layer| (layer.of)(slot).map(Energy::to_kwh_f64)).collect(),
            quality: slot.quality,
        })
        .collect();
    let slots = Slots::new(slots, calendar)?;
    let title = match slots.span {
        Some(span) => {
            format!("{} · {}", language.pick("Energy", "Energía"), dates(span, calendar, language))
        }
        None => language.pick("Energy of a day", "Energía de un día").to_owned(),
    };
    draw(options, &title, &describe(day, &layers, language), |sheet| {
        let about = usize::try_from(options.height / 70).unwrap_or(5).clamp(2, 8);
        let generation = day.iter().filter_map(|slot| slot.generation).map(Energy::to_kwh_f64);
        let stacks = slots.heights().into_iter().flat_map(|(low, high)| [low, high]);
        let y = Axis::linear(extent(stacks.chain(generation)), Zero::Shown, Ends::OnTicks, about, language);
        let mut entries: Vec<(Mark, &str)> =
            layers.iter().map(|layer| (Mark::Block(layer.ink), layer.name)).collect();
        entries.push((Mark::Line(Ink::Orange), language.pick("Generation", "Generación")));
        entries.extend(slots.hatches(language));
        let place = sheet.legend(&entries, &[&y], 640)?;
        let Some(span) = slots.span else {
            sheet.panel(place, &Axis::blank(), &y, "kWh", Foot::Bare)?;
            return sheet.message(place, language.pick("No data", "Sin datos"));
        };
        paint(sheet, place, (day, &slots), &layers, span, &y, calendar)
    })
}

fn layers(language: Language) -> [Layer; 3] {
    [
        Layer { ink: Ink::Green, name: language.pick("Own use", "Autoconsumo"), of: |slot| slot.own_use },
        Layer { ink: Ink::Pink, name: language.pick("Shared", "Compartida"), of: |slot| slot.shared },
        Layer { ink: Ink::Blue, name: language.pick("Import", "De la red"), of: |slot| slot.import },
    ]
}

fn paint(
    sheet: &Sheet<'_>,
    place: Place,
    (day, slots): (&[EnergySlot], &Slots),
    layers: &[Layer],
    span: Interval,
    y: &Axis,
    calendar: &Calendar,
) -> Result<(), Error> {
    let language = sheet.language;
    let x = local(span, calendar, sheet.ticks_across(), language);
    let zone = format!("{} · {}", language.pick("Local time", "Hora local"), calendar.name());
    let plot = sheet.panel(place, &x, y, &slots.unit(language), Foot::Labels(&zone))?;
    let at = |instant: Timestamp| seconds(span.start(), instant);

    let inks: Vec<Ink> = layers.iter().map(|layer| layer.ink).collect();
    slots.paint(&plot, &inks)?;
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
    for change in changes(span, calendar) {
        sheet.clock_change(&plot, &change)?;
    }
    for slot in day {
        let (from, to) = (at(slot.interval.start()), at(slot.interval.end()));
        sheet.tooltip(&plot, from, to, tell(slot, layers, calendar, language));
    }
    Ok(())
}

fn touch(left: &EnergySlot, right: &EnergySlot) -> bool {
    left.interval.end() == right.interval.start()
}

/// A slot in words.
fn tell(slot: &EnergySlot, layers: &[Layer], calendar: &Calendar, language: Language) -> String {
    let generation = language.pick("Generation", "Generación");
    let parts: Vec<String> = layers
        .iter()
        .map(|layer| format!("{} {}", layer.name, amount((layer.of)(slot), 3, language)))
        .chain([format!("{generation} {}", amount(slot.generation, 3, language))])
        .collect();
    let clock = clock(slot.interval, calendar);
    format!("{clock} · {} · {}", parts.join(" · "), quality(slot.quality, language))
}

/// The day in words, for those who do not see it.
fn describe(day: &[EnergySlot], layers: &[Layer], language: Language) -> String {
    if day.is_empty() {
        return language.pick("There is no data for this day.", "No hay datos de este día.").to_owned();
    }
    let mut parts: Vec<String> = layers
        .iter()
        .map(|layer| format!("{} {}", layer.name, total(day.iter().map(layer.of), language)))
        .collect();
    let generation = total(day.iter().map(|slot| slot.generation), language);
    parts.push(format!("{} {generation}", language.pick("Generation", "Generación")));
    let of: Vec<Quality> = day.iter().map(|slot| slot.quality).collect();
    let slots = language.pick("slots", "intervalos");
    format!("{}. {} {slots}: {}.", parts.join(", "), day.len(), qualities(&of, language))
}
