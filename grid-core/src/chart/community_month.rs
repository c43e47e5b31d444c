//! The chart of a community's month: where each day's consumption came from, and what was left over below.

use jiff::civil::{Date, Weekday};

use super::{
    Error, Language, Options, Svg,
    axis::{Axis, Ends, Tick, Zero, extent},
    sheet::{Foot, Mark, Place, Plot, Sheet, draw},
    slot_words::{amounts, qualities, quality, totals},
    slots::{hatches, not_negative},
    theme::Ink,
};
use crate::{energy::balance::SlotBalance, quantity::Energy, series::Quality, time::Calendar};

/// What a community did with energy on one local day; `None` where it is not known.
///
/// Nothing is below zero here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommunityDay {
    /// Which local day.
    pub date: Date,
    /// Consumption met by the members' own generation.
    pub own_use: Option<Energy>,
    /// Consumption met by what members shared with each other.
    pub shared: Option<Energy>,
    /// Consumption met by the grid.
    pub import: Option<Energy>,
    /// What was generated and nobody in the community used.
    pub export: Option<Energy>,
    /// The worst quality of these values; [`Quality::Missing`] where a part of the day is missing from them.
    pub quality: Quality,
}

impl CommunityDay {
    /// The local days of a balance's slots, each with the sum of what is known of it; a slot belongs to the day on which
    /// it begins.
    pub fn of_slots(slots: &[SlotBalance], calendar: &Calendar) -> Vec<Self> {
        let mut days: Vec<Self> = Vec::new();
        for slot in slots {
            let date = calendar.date_of(slot.interval.start());
            if days.last().is_none_or(|day| day.date != date) {
                days.push(Self {
                    date,
                    own_use: None,
                    shared: None,
                    import: None,
                    export: None,
                    quality: Quality::Measured,
                });
            }
            let Some(day) = days.last_mut() else { continue };
            day.quality = day.quality.worst(slot.quality);
            let Some(sums) = slot.sums else { continue };
            for (sum, part) in [
                (&mut day.own_use, sums.own),
                (&mut day.shared, sums.received),
                (&mut day.import, sums.import),
                (&mut day.export, sums.export),
            ] {
                // Beyond the range nothing could be drawn.
                *sum = sum.unwrap_or_default().checked_add(part);
            }
        }
        days
    }

    const fn columns(&self) -> [(&'static str, Option<Energy>); 4] {
        [("own_use", self.own_use), ("shared", self.shared), ("import", self.import), ("export", self.export)]
    }

    fn energies(&self) -> [Option<Energy>; 4] {
        self.columns().map(|(_, energy)| energy)
    }

    fn is_empty(&self) -> bool {
        self.columns().iter().all(|(_, energy)| energy.is_none())
    }

    fn is_partly(&self) -> bool {
        let all = self.columns().iter().all(|(_, energy)| energy.is_some());
        !self.is_empty() && (self.quality != Quality::Measured || !all)
    }

    /// How far the stack reaches above zero, and how far below.
    fn heights(&self) -> (f64, f64) {
        let kwh = |energy: Option<Energy>| energy.map_or(0.0, Energy::to_kwh_f64);
        (kwh(self.own_use) + kwh(self.shared) + kwh(self.import), kwh(self.export))
    }
}

const INKS: [Ink; 4] = [Ink::Green, Ink::Pink, Ink::Blue, Ink::Orange];

const fn names(language: Language) -> [&'static str; 4] {
    [
        language.pick("Own use", "Autoconsumo"),
        language.pick("Shared", "Compartida"),
        language.pick("From the grid", "De la red"),
        language.pick("Exported", "Vertida"),
    ]
}

/// How wide a day's bar is, of 1.
const BAR: f64 = 0.76;

/// Draws the local month that `month` lies in, a bar a day. Above zero stands the community's consumption by source:
/// own use, shared, from the grid. Below zero stands what was exported. The axis counts away from zero in both
/// directions.
///
/// Days of which nothing is known, also those that did not come at all, are marked over their whole height; those that
/// are not wholly measured, or of which a part is not known, are hatched.
///
/// ```
/// use grid_core::{chart::{CommunityDay, Options, community_month}, quantity::Energy, series::Quality};
/// let day = CommunityDay {
///     date: jiff::civil::date(2026, 3, 29),
///     own_use: Some(Energy::from_mwh(41_250_000)),
///     shared: Some(Energy::from_mwh(12_500_000)),
///     import: Some(Energy::from_mwh(80_000_000)),
///     export: Some(Energy::from_mwh(3_000_000)),
///     quality: Quality::Measured,
/// };
/// let chart = community_month(jiff::civil::date(2026, 3, 1), &[day], &Options::default())?;
/// assert!(chart.svg().contains("Mar 2026") && chart.svg().contains("Missing"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::WrongDate`] for a day outside the month or not after the one before it, [`Error::Negative`] for an energy
/// below zero, or [`Error::Size`].
pub fn community_month(month: Date, days: &[CommunityDay], options: &Options) -> Result<Svg, Error> {
    let (first, last) = (month.first_of_month(), month.last_of_month());
    let mut before: Option<Date> = None;
    for (index, day) in days.iter().enumerate() {
        let is_next = before.is_none_or(|before| day.date > before);
        if !is_next || !(first..=last).contains(&day.date) {
            return Err(Error::WrongDate { index, earliest: first, last, got: day.date });
        }
        not_negative(index, &day.columns())?;
        before = Some(day.date);
    }
    let language = options.language;
    let name = format!("{} {}", language.month(first.month()), first.year());
    let title = format!(
        "{} · {name}",
        language.pick("The community's energy by source", "Energía de la comunidad por origen")
    );
    draw(options, &title, &describe(days, last, language), |sheet| {
        let known = || days.iter().filter(|day| !day.is_empty());
        let reach = extent(known().map(CommunityDay::heights).flat_map(|(up, down)| [up, -down]));
        let y = Axis::linear(reach, Zero::Shown, Ends::OnTicks, sheet.ticks_up(), language).without_signs();
        let mut entries: Vec<(Mark, &str)> = INKS.into_iter().map(Mark::Block).zip(names(language)).collect();
        let length = usize::try_from(last.day()).unwrap_or(0);
        let partly = days.iter().any(CommunityDay::is_partly);
        entries.extend(hatches(partly, known().count() < length, language));
        let place = sheet.legend(&entries, &[&y], 640)?;
        let x = dates(last, place, language);
        let foot = format!("{} · {name}", language.pick("Day of the month", "Día del mes"));
        let unit = format!(
            "{} · {}",
            language.pick("kWh per day", "kWh por día"),
            language.pick("used above zero, exported below", "consumo arriba, vertido abajo")
        );
        let plot = sheet.panel(place, &x, &y, &unit, Foot::Labels(&foot))?;
        if days.is_empty() {
            return sheet.message(place, language.pick("No data", "Sin datos"));
        }
        paint(sheet, &plot, days, last, language)?;
        plot.line(&[(x.low, 0.0), (x.high, 0.0)], Ink::Text, 10)
    })
}

/// An axis with a tick at every so many days, whatever there is room for, and the Mondays under it.
fn dates(last: Date, place: Place, language: Language) -> Axis {
    let room = f64::from(place.right - place.left) / f64::from(last.day());
    let step = [1, 2, 5, 10].into_iter().find(|step| room * f64::from(*step) >= 220.0).unwrap_or(10);
    let ticks = (1..=last.day())
        .filter_map(|day| Date::new(last.year(), last.month(), day).ok())
        .filter(|date| (date.day() - 1) % step == 0)
        .map(|date| Tick {
            at: f64::from(date.day()),
            label: date.day().to_string(),
            below: (date.weekday() == Weekday::Monday).then(|| language.weekday(date.weekday()).to_owned()),
        })
        .collect();
    Axis { low: 0.5, high: f64::from(last.day()) + 0.5, ticks, factor: String::new() }
}

fn paint<'a>(
    sheet: &Sheet<'a>,
    plot: &Plot<'a>,
    days: &[CommunityDay],
    last: Date,
    language: Language,
) -> Result<(), Error> {
    let found = |number: i8| days.iter().find(|day| day.date.day() == number);
    let missing: Vec<(i8, bool)> =
        (1..=last.day()).map(|number| (number, found(number).is_none_or(CommunityDay::is_empty))).collect();
    // Days missing in a row are one stretch, so that no seams show.
    for run in missing.chunk_by(|left, right| left.1 == right.1) {
        if let (Some((from, true)), Some((to, _))) = (run.first(), run.last()) {
            plot.column(f64::from(*from) - 0.5, f64::from(*to) + 0.5, Ink::Missing, 1.0)?;
        }
    }
    for day in days {
        let middle = f64::from(day.date.day());
        let across = (middle - BAR / 2.0, middle + BAR / 2.0);
        let mut top = 0.0;
        for ((name, energy), ink) in day.columns().into_iter().zip(INKS) {
            let kwh = energy.map_or(0.0, Energy::to_kwh_f64);
            if kwh > 0.0 && name == "export" {
                plot.block(across, (-kwh, 0.0), ink)?;
            } else if kwh > 0.0 {
                plot.block(across, (top, top + kwh), ink)?;
                top += kwh;
            }
        }
        let (up, down) = day.heights();
        if day.is_partly() && up + down > 0.0 {
            plot.block(across, (-down, up), Ink::Estimated)?;
        }
        sheet.tooltip(plot, middle - 0.5, middle + 0.5, tell(day, language));
    }
    Ok(())
}

/// A day in words.
fn tell(day: &CommunityDay, language: Language) -> String {
    let energies = amounts(names(language), day.energies(), 2, language);
    format!("{} · {energies} · {}", language.day(day.date), quality(day.quality, language))
}

/// The month in words, for those who do not see it.
fn describe(days: &[CommunityDay], last: Date, language: Language) -> String {
    if days.is_empty() {
        return language.pick("There is no data for this month.", "No hay datos de este mes.").to_owned();
    }
    let rows: Vec<_> = days.iter().map(CommunityDay::energies).collect();
    let of: Vec<Quality> = days.iter().map(|day| day.quality).collect();
    format!(
        "{}. {} {} {} {}: {}.",
        totals(names(language), &rows, language),
        days.len(),
        language.pick("of", "de"),
        last.day(),
        language.pick("days", "días"),
        qualities(&of, language)
    )
}
