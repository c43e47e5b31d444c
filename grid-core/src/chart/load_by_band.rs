//! The chart of load by time-of-use band: how much fell into each band, and when in the day.

use super::{
    Error, Language, Options, Svg,
    axis::{Axis, Ends, Tick, Zero, extent},
    bars::{Heads, Row, Steps, bars, rows_in},
    clock::zone_named,
    sheet::{Foot, Mark, Place, Sheet, draw},
    slot_words::dates,
    slots::{Column, in_order, not_negative, stack},
    text::cut,
    theme::Ink,
};
use crate::{
    energy::{balance::SlotBalance, tariff::Schedule},
    quantity::{Energy, largest_remainder},
    time::{Calendar, Interval},
};

/// The load of one slot, and the band that its hour lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BandSlot {
    /// When.
    pub interval: Interval,
    /// Which band, counted from 0 in the order of their names.
    pub band: usize,
    /// What was used; `None` where it is not known.
    pub energy: Option<Energy>,
}

impl BandSlot {
    /// What was used in each slot of a balance, by the bands of a schedule.
    pub fn of_slots(slots: &[SlotBalance], schedule: &Schedule, calendar: &Calendar) -> Vec<Self> {
        let band_of = |slot: &SlotBalance| {
            let band = schedule.band_at(calendar, slot.interval.start())?;
            schedule.bands().iter().position(|other| other == band)
        };
        slots
            .iter()
            .filter_map(|slot| {
                let energy = slot.sums.map(|sums| sums.consumption);
                Some(Self { interval: slot.interval, band: band_of(slot)?, energy })
            })
            .collect()
    }
}

/// What fell into one band.
struct Band<'a> {
    name: &'a str,
    ink: Ink,
    /// The sum of what is known; `None` where slots came, but nothing is known of them.
    mwh: Option<i128>,
    /// Tenths of a per cent of the whole.
    share: Option<i64>,
}

/// The average day: for each stretch of the local clock, the mean power in kW that each band has in it.
struct Profile {
    /// The stretches' length in seconds.
    step: u32,
    /// `None` where nothing is known of a stretch.
    kilowatts: Vec<Option<Vec<f64>>>,
}

/// Draws load by time-of-use band: on one side each band's energy and its share of the whole, on the other the average
/// day, as the mean power at each time of the local clock, coloured by the bands that this time lay in.
///
/// Bands take their colours in the order of their names, up to six. Where a time of day lies in one band on some days
/// and in another on others, the colours stand on each other in proportion to the energy. Slots that are not known
/// count nowhere, and the chart says how many they are. There is no average day of slots longer than an hour.
///
/// ```
/// use grid_core::{chart::{BandSlot, Options, load_by_band}, quantity::Energy, time::{Calendar, Interval}};
/// let slot = |start, end, band, wh| BandSlot {
///     interval: Interval::parse(start, end).unwrap(),
///     band,
///     energy: Energy::from_wh(wh),
/// };
/// let slots = [
///     slot("2026-03-30T03:00:00Z", "2026-03-30T04:00:00Z", 1, 250),
///     slot("2026-03-30T10:00:00Z", "2026-03-30T11:00:00Z", 0, 750),
/// ];
/// let chart = load_by_band(&slots, &["Peak", "Valley"], &Calendar::new("Europe/Madrid").unwrap(), &Options::default())?;
/// assert!(chart.svg().contains("75.0 %"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooManyBands`] past six, [`Error::UnknownBand`] for a slot whose band has no name, [`Error::Unordered`]
/// where a slot starts before the one before it ends, [`Error::Negative`] for an energy below zero, or
/// [`Error::Size`].
pub fn load_by_band(
    slots: &[BandSlot],
    bands: &[&str],
    calendar: &Calendar,
    options: &Options,
) -> Result<Svg, Error> {
    if bands.len() > Ink::SERIES.len() {
        return Err(Error::TooManyBands { most: Ink::SERIES.len(), bands: bands.len() });
    }
    for (index, slot) in slots.iter().enumerate() {
        if slot.band >= bands.len() {
            return Err(Error::UnknownBand { index, bands: bands.len(), got: slot.band });
        }
        not_negative(index, &[("energy", slot.energy)])?;
    }
    in_order(slots.iter().map(|slot| slot.interval))?;
    let language = options.language;
    let named = sums(slots, bands);
    let profile = Profile::of(slots, bands.len(), calendar);
    let name = language.pick("Load by band", "Consumo por periodo horario");
    let title = match (slots.first(), slots.last()) {
        (Some(first), Some(last)) => match Interval::new(first.interval.start(), last.interval.end()) {
            Ok(span) => format!("{name} · {}", dates(span, calendar, language)),
            Err(_) => name.to_owned(),
        },
        _ => name.to_owned(),
    };
    draw(options, &title, &describe(&named, slots, language), |sheet| {
        let unknown = slots.iter().filter(|slot| slot.energy.is_none()).count();
        let left_out = format!(
            "{}: {unknown} {} {} {}",
            language.pick("Missing, not counted", "Faltante, sin contar"),
            language.pick("of", "de"),
            slots.len(),
            language.pick("slots", "intervalos"),
        );
        let entries: &[(Mark, &str)] =
            if unknown > 0 { &[(Mark::Hatch(Ink::Missing), &left_out)] } else { &[] };
        let place = sheet.legend(entries, &[], 480)?;
        let (left, right) = sheet.edges();
        let whole = Place { left, right, ..place };
        if slots.is_empty() {
            return sheet.no_data(place, &Axis::blank(), "kWh");
        }
        // Beside each other where both can be read, else the bars alone, which also name the colours.
        let profile = profile.filter(|_| right - left >= WIDE_ENOUGH);
        let split = left + (right - left) * 2 / 5;
        let room = if profile.is_some() { Place { right: split, ..whole } } else { whole };
        if let Some(profile) = profile {
            let beside = Place { left: split + 300, ..place };
            profile.draw(sheet, beside, &named, calendar)?;
        }
        let heads = Heads {
            bars: language.pick("Energy", "Energía"),
            amounts: language.pick("kWh · share", "kWh · parte"),
            unit: "kWh",
        };
        bars(sheet, room, &rows(&named, rows_in(room), language), Steps::FromZero, &heads)
    })
}

/// The least width, in tenths of a pixel, that two panels need beside each other.
const WIDE_ENOUGH: i32 = 6400;

fn sums<'a>(slots: &[BandSlot], names: &[&'a str]) -> Vec<Band<'a>> {
    let of = |band: usize| {
        let mine = || slots.iter().filter(move |slot| slot.band == band);
        let known = mine().filter_map(|slot| slot.energy);
        let is_known = mine().next().is_none() || known.clone().next().is_some();
        is_known.then(|| known.map(|energy| i128::from(energy.as_mwh())).sum::<i128>())
    };
    let sums: Vec<Option<i128>> = (0..names.len()).map(of).collect();
    // Shares that are rounded apart would not add up to 100 %. A sum of many years is halved until it fits.
    let whole: i128 = sums.iter().flatten().sum();
    let too_large = 128_u32.saturating_sub(whole.leading_zeros()).saturating_sub(63);
    let weights: Vec<u64> =
        sums.iter().map(|sum| u64::try_from(sum.unwrap_or(0) >> too_large).unwrap_or(0)).collect();
    let shares = largest_remainder(1000, &weights).ok();
    names
        .iter()
        .zip(Ink::SERIES)
        .zip(sums)
        .enumerate()
        .map(|(band, ((name, ink), mwh))| {
            let share = shares.as_ref().and_then(|shares| shares.get(band)).copied();
            Band { name, ink, mwh, share: share.filter(|_| mwh.is_some()) }
        })
        .collect()
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "only to draw and to round")]
fn kwh(mwh: i128) -> f64 {
    mwh as f64 / 1e6
}

/// What stands beside a band's bar, such as `12.5 · 31.0 %`.
fn words(bands: &[Band<'_>], band: &Band<'_>, language: Language) -> String {
    let Some(mwh) = band.mwh else { return "–".to_owned() };
    // As many decimals as the largest needs, so that they stand under each other.
    let largest = bands.iter().filter_map(|band| band.mwh).max().map_or(0.0, kwh);
    let decimals = match largest {
        0.0 => 0,
        large if large >= 1000.0 => 0,
        large if large >= 10.0 => 1,
        large if large >= 0.1 => 3,
        _ => 6,
    };
    let energy = language.number(kwh(mwh), decimals);
    match band.share {
        Some(share) => {
            let share = language.decimal(&format!("{}.{}", share / 10, share % 10));
            format!("{energy} · {share} %")
        }
        None => energy,
    }
}

/// A row for each band; where there is no room for all, the last row is what the rest come to.
fn rows(bands: &[Band<'_>], room: usize, language: Language) -> Vec<Row> {
    let alone = if bands.len() <= room { bands.len() } else { room.saturating_sub(1) };
    let (alone, rest) = bands.split_at_checked(alone).unwrap_or((bands, &[]));
    let name = match language {
        Language::En => format!("{} other bands", rest.len()),
        Language::Es => format!("Otros {} periodos", rest.len()),
    };
    let gathered = (!rest.is_empty()).then(|| Band {
        name: &name,
        ink: Ink::Axis,
        mwh: rest.iter().filter_map(|band| band.mwh).reduce(i128::saturating_add),
        share: rest.iter().filter_map(|band| band.share).reduce(i64::saturating_add),
    });
    let row = |band: &Band<'_>| {
        let amount = words(bands, band, language);
        let name = cut(band.name, 100, 20_000);
        let told = match amount.split_once(" · ") {
            Some((energy, share)) => format!("{name} · {energy} kWh · {share}"),
            None if band.mwh.is_some() => format!("{name} · {amount} kWh"),
            None => format!("{name} · {}", language.pick("missing", "faltante")),
        };
        Row { told, name, amount, reach: band.mwh.map(|mwh| (0.0, kwh(mwh))), ink: band.ink }
    };
    alone.iter().chain(&gathered).map(row).collect()
}

impl Profile {
    /// The average day of slots of at most an hour; a slot counts where its start lies on the clock.
    fn of(slots: &[BandSlot], bands: usize, calendar: &Calendar) -> Option<Self> {
        const STEPS: [u32; 6] = [300, 600, 900, 1200, 1800, 3600];
        const DAY: u32 = 86_400;
        let longest = slots.iter().map(|slot| slot.interval.duration().as_secs()).max()?;
        let step = STEPS.into_iter().find(|step| u64::from(*step) >= longest)?;
        let count = usize::try_from(DAY / step).ok()?;
        let mut sums = vec![(0.0_f64, vec![0.0_f64; bands]); count];
        for slot in slots {
            let Some(energy) = slot.energy else { continue };
            let clock = calendar.zone().to_datetime(slot.interval.start()).time();
            let second =
                i32::from(clock.hour()) * 3600 + i32::from(clock.minute()) * 60 + i32::from(clock.second());
            let at = usize::try_from(u32::try_from(second).unwrap_or(0) / step).unwrap_or(0);
            if let Some((hours, kwh)) = sums.get_mut(at)
                && let Some(kwh) = kwh.get_mut(slot.band)
            {
                *hours += slot.interval.duration().as_secs_f64() / 3600.0;
                *kwh += energy.to_kwh_f64();
            }
        }
        let kilowatts = sums
            .into_iter()
            .map(|(hours, kwh)| (hours > 0.0).then(|| kwh.iter().map(|kwh| kwh / hours).collect()))
            .collect();
        Some(Self { step, kilowatts })
    }

    fn draw(
        &self,
        sheet: &Sheet<'_>,
        place: Place,
        bands: &[Band<'_>],
        calendar: &Calendar,
    ) -> Result<(), Error> {
        let language = sheet.language;
        let tops = self.kilowatts.iter().flatten().map(|bands| bands.iter().sum::<f64>());
        let about = usize::try_from((place.bottom - place.top) / 700).unwrap_or(0).clamp(2, 8);
        let y = Axis::linear(extent(tops), Zero::Shown, Ends::OnTicks, about, language);
        let place = Place { left: place.left + sheet.labels(&y), ..place };
        let x = hours(place);
        let unit = format!("kW · {}", language.pick("average day", "día medio"));
        let foot = zone_named(calendar, language);
        let plot = sheet.panel(place, &x, &y, &unit, Foot::Labels(&foot))?;
        let step = f64::from(self.step);
        let columns: Vec<(f64, Option<&Vec<f64>>)> =
            (0_u32..).map(|at| f64::from(at) * step).zip(self.kilowatts.iter().map(Option::as_ref)).collect();
        let inks: Vec<Ink> = bands.iter().map(|band| band.ink).collect();
        for run in columns.chunk_by(|left, right| left.1.is_some() == right.1.is_some()) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            if first.1.is_none() {
                plot.column(first.0, last.0 + step, Ink::Missing, 1.0)?;
                continue;
            }
            let run: Vec<Column> = run
                .iter()
                .filter_map(|(from, layers)| {
                    Some(Column { from: *from, to: from + step, layers: layers.cloned()? })
                })
                .collect();
            stack(&plot, &run, &inks)?;
        }
        for (from, layers) in &columns {
            sheet.tooltip(&plot, *from, from + step, tell(*from, step, *layers, bands, language));
        }
        Ok(())
    }
}

/// The axis of a day on the clock, which has 24 hours also where the days that are averaged had not.
fn hours(place: Place) -> Axis {
    let hours = if place.right - place.left >= 4000 { 3 } else { 6 };
    let ticks = (0..=24_u32)
        .filter(|hour| hour % hours == 0)
        .map(|hour| Tick { at: f64::from(hour * 3600), label: format!("{hour:02}:00"), below: None })
        .collect();
    Axis { low: 0.0, high: 86_400.0, ticks, factor: String::new() }
}

/// A stretch of the average day in words.
fn tell(from: f64, step: f64, layers: Option<&Vec<f64>>, bands: &[Band<'_>], language: Language) -> String {
    let clock = |seconds: f64| {
        format!("{:02.0}:{:02.0}", (seconds / 3600.0).floor(), (seconds % 3600.0 / 60.0).floor())
    };
    let told: Vec<String> = match layers {
        Some(layers) => bands
            .iter()
            .zip(layers)
            .filter(|(_, kilowatts)| **kilowatts > 0.0)
            .map(|(band, kilowatts)| {
                format!("{} {} kW", cut(band.name, 100, 4000), language.number(*kilowatts, 3))
            })
            .collect(),
        None => vec![language.pick("missing", "faltante").to_owned()],
    };
    format!("{}–{} · {}", clock(from), clock(from + step), told.join(" · "))
}

/// The bands in words, for those who do not see them.
fn describe(bands: &[Band<'_>], slots: &[BandSlot], language: Language) -> String {
    if slots.is_empty() {
        return language.pick("There is no load to show.", "No hay consumo que mostrar.").to_owned();
    }
    let told: Vec<String> = rows(bands, bands.len(), language).into_iter().map(|row| row.told).collect();
    let unknown = slots.iter().filter(|slot| slot.energy.is_none()).count();
    format!(
        "{}. {} {}, {unknown} {}.",
        told.join(", "),
        slots.len(),
        language.pick("slots", "intervalos"),
        language.pick("of them missing and not counted", "de ellos faltantes y sin contar"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{Timestamp, ToSpan, civil::date};
    use proptest::prelude::*;

    fn slots_of(day: jiff::civil::Date, wh: i64) -> (Vec<BandSlot>, Calendar) {
        let calendar = Calendar::new("Europe/Madrid").unwrap();
        let hours = calendar.slots(calendar.day(day).unwrap(), crate::time::Resolution::HOUR).unwrap();
        let slot = |interval| BandSlot { interval, band: 0, energy: Energy::from_wh(wh) };
        (hours.into_iter().map(slot).collect(), calendar)
    }

    #[test]
    fn a_constant_load_has_a_flat_average_day_whatever_its_length() {
        for (day, hours, known) in
            [(date(2026, 3, 29), 23, 23), (date(2026, 3, 30), 24, 24), (date(2026, 10, 25), 25, 24)]
        {
            let (slots, calendar) = slots_of(day, 500);
            assert_eq!(slots.len(), hours);
            let profile = Profile::of(&slots, 1, &calendar).unwrap();
            let told: Vec<_> = profile.kilowatts.iter().flatten().collect();
            // The hour that the clock skips is not there, and the one that it shows twice is averaged.
            assert_eq!(told.len(), known);
            assert!(told.iter().all(|kilowatts| (kilowatts[0] - 0.5).abs() < 1e-12));
        }
    }

    #[test]
    fn slots_longer_than_an_hour_have_no_average_day() {
        let at = |hour: i64| Timestamp::UNIX_EPOCH.checked_add(hour.hours()).unwrap();
        let interval = Interval::new(at(0), at(2)).unwrap();
        let slot = BandSlot { interval, band: 0, energy: Some(Energy::ZERO) };
        assert!(Profile::of(&[slot], 1, &Calendar::utc()).is_none());
    }

    #[test]
    fn a_band_without_slots_is_empty_and_one_of_which_nothing_is_known_is_not() {
        let (mut slots, _) = slots_of(date(2026, 3, 30), 500);
        slots[0] = BandSlot { band: 1, energy: None, ..slots[0] };
        let sums = sums(&slots, &["a", "b", "c"]);
        assert_eq!((sums[1].mwh, sums[2].mwh), (None, Some(0)));
        assert_eq!((sums[0].share, sums[1].share, sums[2].share), (Some(1000), None, Some(0)));
    }

    proptest! {
        #[test]
        fn shares_add_up_to_the_whole(
            energies in prop::collection::vec((0..=i64::MAX, 0..6_usize), 1..50),
            small in 0..63_u32,
        ) {
            let at = |hour: usize| Timestamp::UNIX_EPOCH.checked_add(i64::try_from(hour).unwrap().hours()).unwrap();
            let slots: Vec<_> = energies
                .iter()
                .enumerate()
                .map(|(place, (mwh, band))| BandSlot {
                    interval: Interval::new(at(place), at(place + 1)).unwrap(),
                    band: *band,
                    energy: Some(Energy::from_mwh(*mwh >> small)),
                })
                .collect();
            let bands = sums(&slots, &["a", "b", "c", "d", "e", "f"]);
            let whole: i128 = bands.iter().filter_map(|band| band.mwh).sum();
            prop_assert_eq!(whole, slots.iter().filter_map(|slot| slot.energy).map(|energy| i128::from(energy.as_mwh())).sum::<i128>());
            let shares: Vec<i64> = bands.iter().filter_map(|band| band.share).collect();
            if whole > 0 {
                prop_assert_eq!(shares.iter().sum::<i64>(), 1000);
            } else {
                prop_assert!(shares.is_empty());
            }
        }
    }
}
