//! The chart of a day's energy: where consumption came from, stacked, and generation over it.

use jiff::Timestamp;

use super::{
    Error, Language, Options, Svg,
    axis::{Axis, Ends, Zero, extent},
    clock::{changes, local, seconds},
    sheet::{Foot, Mark, Place, Plot, Sheet, draw},
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

const MOST_SLOTS: usize = 1500;

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
    if day.len() > MOST_SLOTS {
        return Err(Error::TooManySlots { most: MOST_SLOTS, slots: day.len() });
    }
    for (index, pair) in day.windows(2).enumerate() {
        if let [before, after] = pair
            && after.interval.start() < before.interval.end()
        {
            let (earliest, got) = (before.interval.end(), after.interval.start());
            return Err(Error::Unordered { index: index + 1, earliest, got });
        }
    }
    let language = options.language;
    let layers = layers(language);
    let span = whole(day, calendar);
    let title = match span {
        Some(span) => {
            let first = calendar.date_of(span.start());
            let last = calendar
                .date_of(span.end().checked_sub(jiff::Span::new().nanoseconds(1)).unwrap_or(span.start()));
            let name = language.pick("Energy", "Energía");
            if first == last {
                format!("{name} · {}", language.date(first))
            } else {
                format!("{name} · {} – {}", language.date(first), language.date(last))
            }
        }
        None => language.pick("Energy of a day", "Energía de un día").to_owned(),
    };
    draw(options, &title, &describe(day, &layers, language), |sheet| {
        let about = usize::try_from(options.height / 70).unwrap_or(5).clamp(2, 8);
        let y = Axis::linear(heights(day, &layers), Zero::Shown, Ends::OnTicks, about, language);
        let place = sheet.legend(&legend(day, &layers, span, language), &[&y], 640)?;
        let Some(span) = span else {
            sheet.panel(place, &Axis::blank(), &y, "kWh", Foot::Bare)?;
            return sheet.message(place, language.pick("No data", "Sin datos"));
        };
        paint(sheet, place, day, &layers, span, &y, calendar)
    })
}

fn layers(language: Language) -> [Layer; 3] {
    [
        Layer { ink: Ink::Green, name: language.pick("Own use", "Autoconsumo"), of: |slot| slot.own_use },
        Layer { ink: Ink::Pink, name: language.pick("Shared", "Compartida"), of: |slot| slot.shared },
        Layer { ink: Ink::Blue, name: language.pick("Import", "De la red"), of: |slot| slot.import },
    ]
}

/// The local day that all slots lie in, or from the first slot's start to the last one's end.
fn whole(day: &[EnergySlot], calendar: &Calendar) -> Option<Interval> {
    let (first, last) = (day.first()?.interval, day.last()?.interval);
    let local = calendar.day(calendar.date_of(first.start())).ok();
    local.filter(|local| last.end() <= local.end()).or_else(|| Interval::new(first.start(), last.end()).ok())
}

fn paint(
    sheet: &Sheet<'_>,
    place: Place,
    day: &[EnergySlot],
    layers: &[Layer],
    span: Interval,
    y: &Axis,
    calendar: &Calendar,
) -> Result<(), Error> {
    let language = sheet.language;
    let x = local(span, calendar, sheet.ticks_across(), language);
    let zone = format!("{} · {}", language.pick("Local time", "Hora local"), calendar.name());
    let plot = sheet.panel(place, &x, y, &unit(day, language), Foot::Labels(&zone))?;
    let at = |instant: Timestamp| seconds(span.start(), instant);

    // Where nothing came at all is as missing as a slot that says so.
    let mut known_to = span.start();
    for slot in day {
        if slot.interval.start() > known_to {
            plot.column(at(known_to), at(slot.interval.start()), Ink::Missing, 1.0)?;
        }
        known_to = slot.interval.end();
    }
    if known_to < span.end() {
        plot.column(at(known_to), at(span.end()), Ink::Missing, 1.0)?;
    }
    for run in day.chunk_by(|left, right| is_empty(left) && is_empty(right) && touch(left, right)) {
        if let (Some(first), Some(last)) = (run.first(), run.last())
            && is_empty(first)
        {
            plot.column(at(first.interval.start()), at(last.interval.end()), Ink::Missing, 1.0)?;
        }
    }

    for run in day.chunk_by(touch) {
        stack(&plot, run, layers, &at)?;
    }
    for slot in day.iter().filter(|slot| slot.quality != Quality::Measured && !is_empty(slot)) {
        let (low, high) = stacked(slot, layers);
        if low < high {
            plot.block((at(slot.interval.start()), at(slot.interval.end())), (low, high), Ink::Estimated)?;
        }
    }
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

fn is_empty(slot: &EnergySlot) -> bool {
    [slot.own_use, slot.shared, slot.import].iter().all(Option::is_none)
}

fn kwh(value: Option<Energy>) -> f64 {
    value.map_or(0.0, Energy::to_kwh_f64)
}

/// From where to where a slot's stack reaches; what is negative goes below zero.
fn stacked(slot: &EnergySlot, layers: &[Layer]) -> (f64, f64) {
    layers
        .iter()
        .map(|layer| kwh((layer.of)(slot)))
        .fold((0.0, 0.0), |(low, high), value| (low + value.min(0.0), high + value.max(0.0)))
}

/// Draws the stack of slots that follow each other, each layer as one polygon, so that no seams show.
fn stack(
    plot: &Plot<'_>,
    run: &[EnergySlot],
    layers: &[Layer],
    at: &dyn Fn(Timestamp) -> f64,
) -> Result<(), Error> {
    let mut below = vec![(0.0, 0.0); run.len()];
    for layer in layers {
        let sides: [fn(f64, f64) -> f64; 2] = [f64::max, f64::min];
        for side in sides {
            let mut edge = Vec::with_capacity(run.len() * 4);
            let mut back = Vec::with_capacity(run.len() * 2);
            for (slot, (low, high)) in run.iter().zip(&mut below) {
                let value = side(kwh((layer.of)(slot)), 0.0);
                let base = if value < 0.0 { low } else { high };
                let (from, to) = (at(slot.interval.start()), at(slot.interval.end()));
                back.extend([(from, *base), (to, *base)]);
                *base += value;
                edge.extend([(from, *base), (to, *base)]);
            }
            if edge != back {
                edge.extend(back.into_iter().rev());
                plot.polygon(edge, layer.ink, 1.0)?;
            }
        }
    }
    Ok(())
}

fn heights(day: &[EnergySlot], layers: &[Layer]) -> Option<(f64, f64)> {
    let stacks = day.iter().filter(|slot| !is_empty(slot)).map(|slot| stacked(slot, layers));
    let generation = day.iter().filter_map(|slot| slot.generation).map(Energy::to_kwh_f64);
    extent(stacks.flat_map(|(low, high)| [low, high]).chain(generation))
}

/// The unit, with the slots' length where they all have the same.
fn unit(day: &[EnergySlot], language: Language) -> String {
    let length = |slot: &EnergySlot| slot.interval.duration().as_secs();
    match day.first().map(length) {
        Some(3600) if day.iter().all(|slot| length(slot) == 3600) => {
            language.pick("kWh per hour", "kWh por hora").to_owned()
        }
        Some(first) if first > 0 && day.iter().all(|slot| length(slot) == first) => {
            let per = crate::time::Resolution::Seconds(u32::try_from(first).unwrap_or(0)).to_string();
            let split = per.find(|c: char| !c.is_ascii_digit()).unwrap_or(per.len());
            let (count, name) = per.split_at(split);
            format!("kWh {} {count} {name}", language.pick("per", "por"))
        }
        _ => "kWh".to_owned(),
    }
}

fn legend<'a>(
    day: &[EnergySlot],
    layers: &'a [Layer],
    span: Option<Interval>,
    language: Language,
) -> Vec<(Mark, &'a str)> {
    let mut entries: Vec<(Mark, &str)> =
        layers.iter().map(|layer| (Mark::Block(layer.ink), layer.name)).collect();
    entries.push((Mark::Line(Ink::Orange), language.pick("Generation", "Generación")));
    let partly = |slot: &EnergySlot| slot.quality != Quality::Measured && !is_empty(slot);
    if day.iter().any(partly) {
        let name =
            language.pick("Estimated, substituted or partly missing", "Estimada, sustituida o incompleta");
        entries.push((Mark::Hatch(Ink::Estimated), name));
    }
    let whole = day.first().map(|slot| slot.interval.start()) == span.map(Interval::start)
        && day.last().map(|slot| slot.interval.end()) == span.map(Interval::end);
    let missing = !whole
        || day.iter().any(is_empty)
        || day.windows(2).any(|pair| matches!(pair, [left, right] if !touch(left, right)));
    if missing {
        entries.push((Mark::Hatch(Ink::Missing), language.pick("Missing", "Faltante")));
    }
    entries
}

fn quality(quality: Quality, language: Language) -> &'static str {
    match quality {
        Quality::Measured => language.pick("measured", "medida"),
        Quality::Estimated => language.pick("estimated", "estimada"),
        Quality::Substituted => language.pick("substituted", "sustituida"),
        Quality::Missing => language.pick("missing", "faltante"),
    }
}

/// A slot in words.
fn tell(slot: &EnergySlot, layers: &[Layer], calendar: &Calendar, language: Language) -> String {
    let clock = |instant: Timestamp| {
        let local = calendar.zone().to_datetime(instant);
        format!("{:02}:{:02}", local.hour(), local.minute())
    };
    let amount = |energy: Option<Energy>| match energy {
        Some(energy) => format!("{} kWh", language.number(energy.to_kwh_f64(), 3)),
        None => "–".to_owned(),
    };
    let generation = language.pick("Generation", "Generación");
    let parts: Vec<String> = layers
        .iter()
        .map(|layer| format!("{} {}", layer.name, amount((layer.of)(slot))))
        .chain([format!("{generation} {}", amount(slot.generation))])
        .collect();
    let (start, end) = (clock(slot.interval.start()), clock(slot.interval.end()));
    format!("{start}–{end} · {} · {}", parts.join(" · "), quality(slot.quality, language))
}

/// The day in words, for those who do not see it.
fn describe(day: &[EnergySlot], layers: &[Layer], language: Language) -> String {
    if day.is_empty() {
        return language.pick("There is no data for this day.", "No hay datos de este día.").to_owned();
    }
    let total = |of: &dyn Fn(&EnergySlot) -> Option<Energy>| -> String {
        let kwh: f64 = day.iter().filter_map(of).map(Energy::to_kwh_f64).sum();
        format!("{} kWh", language.number(kwh, 2))
    };
    let mut parts: Vec<String> =
        layers.iter().map(|layer| format!("{} {}", layer.name, total(&layer.of))).collect();
    parts.push(format!("{} {}", language.pick("Generation", "Generación"), total(&|slot| slot.generation)));
    let count = |wanted: Quality| day.iter().filter(|slot| slot.quality == wanted).count();
    let qualities: Vec<String> = Quality::ALL
        .into_iter()
        .filter(|quality| count(*quality) > 0)
        .map(|wanted| format!("{} {}", count(wanted), quality(wanted, language)))
        .collect();
    let slots = language.pick("slots", "intervalos");
    format!("{}. {} {slots}: {}.", parts.join(", "), day.len(), qualities.join(", "))
}
