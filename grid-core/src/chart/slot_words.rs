//! Energy over slots of time in words: in titles, tooltips and the descriptions for those who do not see a chart.

use jiff::Timestamp;

use super::Language;
use crate::{
    quantity::Energy,
    series::Quality,
    time::{Calendar, Interval},
};

/// The local date of an interval, or its first and its last.
pub(super) fn dates(interval: Interval, calendar: &Calendar, language: Language) -> String {
    let first = calendar.date_of(interval.start());
    let inside = interval.end().checked_sub(jiff::Span::new().nanoseconds(1)).unwrap_or(interval.start());
    let last = calendar.date_of(inside);
    if first == last {
        language.date(first)
    } else {
        format!("{} – {}", language.date(first), language.date(last))
    }
}

/// What the clock on the wall shows from the start to the end of an interval, such as `02:45–03:00`.
fn clock(interval: Interval, calendar: &Calendar) -> String {
    let clock = |instant: Timestamp| {
        let local = calendar.zone().to_datetime(instant);
        format!("{:02}:{:02}", local.hour(), local.minute())
    };
    format!("{}–{}", clock(interval.start()), clock(interval.end()))
}

/// An energy in words; a dash where it is not known.
fn amount(energy: Option<Energy>, decimals: usize, language: Language) -> String {
    match energy {
        Some(energy) => format!("{} kWh", language.number(energy.to_kwh_f64(), decimals)),
        None => "–".to_owned(),
    }
}

/// Energies with their names, such as `Own use 0.250 kWh · Shared –`.
pub(super) fn amounts<const N: usize>(
    names: [&str; N],
    energies: [Option<Energy>; N],
    decimals: usize,
    language: Language,
) -> String {
    let told = names.into_iter().zip(energies);
    let told: Vec<String> =
        told.map(|(name, energy)| format!("{name} {}", amount(energy, decimals, language))).collect();
    told.join(" · ")
}

/// What rows of energies come to, such as `Own use 12.50 kWh, Shared 3.00 kWh`.
pub(super) fn totals<const N: usize>(
    names: [&str; N],
    rows: &[[Option<Energy>; N]],
    language: Language,
) -> String {
    let column = |place: usize| rows.iter().map(move |row| row.get(place).copied().flatten());
    let told = names.into_iter().enumerate();
    let told: Vec<String> =
        told.map(|(place, name)| format!("{name} {}", total(column(place), language))).collect();
    told.join(", ")
}

/// A slot in words: when, how much of what, and how sure that is.
pub(super) fn slot<const N: usize>(
    interval: Interval,
    names: [&str; N],
    energies: [Option<Energy>; N],
    of: Quality,
    calendar: &Calendar,
    language: Language,
) -> String {
    let energies = amounts(names, energies, 3, language);
    format!("{} · {energies} · {}", clock(interval, calendar), quality(of, language))
}

/// A day of slots in words, for those who do not see them.
pub(super) fn day<const N: usize>(
    names: [&str; N],
    slots: &[([Option<Energy>; N], Quality)],
    language: Language,
) -> String {
    if slots.is_empty() {
        return language.pick("There is no data for this day.", "No hay datos de este día.").to_owned();
    }
    let (rows, of): (Vec<_>, Vec<_>) = slots.iter().copied().unzip();
    let (sums, of) = (totals(names, &rows, language), qualities(&of, language));
    format!("{sums}. {} {}: {of}.", slots.len(), language.pick("slots", "intervalos"))
}

/// The sum of what is known, in words.
fn total(energies: impl Iterator<Item = Option<Energy>>, language: Language) -> String {
    let kwh: f64 = energies.flatten().map(Energy::to_kwh_f64).sum();
    format!("{} kWh", language.number(kwh, 2))
}

/// A quality in words.
pub(super) const fn quality(quality: Quality, language: Language) -> &'static str {
    match quality {
        Quality::Measured => language.pick("measured", "medida"),
        Quality::Estimated => language.pick("estimated", "estimada"),
        Quality::Substituted => language.pick("substituted", "sustituida"),
        Quality::Missing => language.pick("missing", "faltante"),
    }
}

/// How many of so many qualities there are of each, in words, such as `90 measured, 6 estimated`.
pub(super) fn qualities(of: &[Quality], language: Language) -> String {
    let count = |wanted: Quality| of.iter().filter(|quality| **quality == wanted).count();
    let told: Vec<String> = Quality::ALL
        .into_iter()
        .filter(|quality| count(*quality) > 0)
        .map(|wanted| format!("{} {}", count(wanted), quality(wanted, language)))
        .collect();
    told.join(", ")
}
