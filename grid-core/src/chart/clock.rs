//! The axis of local time: ticks where the clock on the wall strikes, whatever the day's length.

use jiff::{Timestamp, ToSpan, Unit, civil::Date};

use super::{
    Language,
    axis::{Axis, Tick},
};
use crate::time::{Calendar, Interval};

/// A change of the clock within an axis.
#[derive(Clone, Debug)]
pub(super) struct ClockChange {
    /// Seconds since the axis's start.
    pub(super) at: f64,
    /// What the clock did, such as `02:00 → 03:00`.
    pub(super) label: String,
}

/// The distance between two ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Minutes(i32),
    Days(i32),
    Months(i16),
    Years(i16),
}

const STEPS: [(Step, f64); 22] = [
    (Step::Minutes(1), 60.0),
    (Step::Minutes(5), 300.0),
    (Step::Minutes(15), 900.0),
    (Step::Minutes(30), 1800.0),
    (Step::Minutes(60), 3600.0),
    (Step::Minutes(120), 7200.0),
    (Step::Minutes(180), 10_800.0),
    (Step::Minutes(360), 21_600.0),
    (Step::Minutes(720), 43_200.0),
    (Step::Days(1), 86_400.0),
    (Step::Days(2), 2.0 * 86_400.0),
    (Step::Days(7), 7.0 * 86_400.0),
    (Step::Days(14), 14.0 * 86_400.0),
    (Step::Months(1), 30.4 * 86_400.0),
    (Step::Months(3), 91.3 * 86_400.0),
    (Step::Months(6), 182.6 * 86_400.0),
    (Step::Years(1), 365.2 * 86_400.0),
    (Step::Years(5), 5.0 * 365.2 * 86_400.0),
    (Step::Years(20), 20.0 * 365.2 * 86_400.0),
    (Step::Years(100), 100.0 * 365.2 * 86_400.0),
    (Step::Years(500), 500.0 * 365.2 * 86_400.0),
    (Step::Years(2500), 2500.0 * 365.2 * 86_400.0),
];

/// Seconds from one instant to another.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// The axis of an interval in seconds since its start, with about so many ticks on the local clock.
pub(super) fn local(interval: Interval, calendar: &Calendar, about: usize, language: Language) -> Axis {
    let span = seconds(interval.start(), interval.end());
    let about = f64::from(u32::try_from(about).unwrap_or(1).clamp(1, 200));
    let step =
        STEPS.iter().find(|(_, length)| span / length <= about).map_or(Step::Years(2500), |(step, _)| *step);
    let instants = match step {
        Step::Minutes(minutes) => within_days(interval, calendar, minutes),
        Step::Days(days) => dates(interval, calendar, days),
        Step::Months(months) => months_and_years(interval, calendar, months),
        Step::Years(years) => months_and_years(interval, calendar, years.saturating_mul(12)),
    };
    let mut ticks: Vec<Tick> = instants
        .iter()
        .enumerate()
        .map(|(place, instant)| {
            let (label, below) = words(*instant, step, place == 0, calendar, language);
            Tick { at: seconds(interval.start(), *instant), label, below }
        })
        .collect();
    // The date under the first tick gives way to that of a midnight close to it.
    let next = ticks.iter().skip(1).find(|tick| tick.below.is_some()).map(|tick| tick.at);
    if let (Some(first), Some(next)) = (ticks.first_mut(), next)
        && next - first.at < span * 0.12
    {
        first.below = None;
    }
    Axis { low: 0.0, high: span, ticks, factor: String::new() }
}

/// What stands under an axis of local time: whose clock it is.
pub(super) fn zone_named(calendar: &Calendar, language: Language) -> String {
    format!("{} · {}", language.pick("Local time", "Hora local"), calendar.name())
}

/// The changes of the clock within an interval; none in one of more than eight days, where an hour does not show.
pub(super) fn changes(interval: Interval, calendar: &Calendar) -> Vec<ClockChange> {
    const LONGEST: u64 = 8 * 86_400;
    let zone = calendar.zone();
    if interval.duration().as_secs() > LONGEST {
        return Vec::new();
    }
    zone.following(interval.start())
        .map(|change| change.timestamp())
        .take_while(|at| *at < interval.end())
        .filter_map(|at| {
            let before = zone.to_offset(at.checked_sub(1.second()).ok()?).to_datetime(at);
            let after = zone.to_offset(at).to_datetime(at);
            let clock = |time: jiff::civil::DateTime| format!("{:02}:{:02}", time.hour(), time.minute());
            (before != after).then(|| ClockChange {
                at: seconds(interval.start(), at),
                label: format!("{} → {}", clock(before), clock(after)),
            })
        })
        .collect()
}

/// A tick's label, and what stands under it.
fn words(
    instant: Timestamp,
    step: Step,
    is_first: bool,
    calendar: &Calendar,
    language: Language,
) -> (String, Option<String>) {
    let local = calendar.zone().to_datetime(instant);
    let date = local.date();
    match step {
        Step::Minutes(_) => {
            let starts_day = calendar.day(date).is_ok_and(|day| day.start() == instant);
            let below = (starts_day || is_first).then(|| language.day(date));
            (format!("{:02}:{:02}", local.hour(), local.minute()), below)
        }
        Step::Days(_) => {
            let below = (is_first || date.day_of_year() <= 14).then(|| date.year().to_string());
            (format!("{} {}", date.day(), language.month(date.month())), below)
        }
        Step::Months(_) => {
            let below = (is_first || date.month() == 1).then(|| date.year().to_string());
            (language.month(date.month()).to_owned(), below)
        }
        Step::Years(_) => (date.year().to_string(), None),
    }
}

/// The instants of an interval at which the local clock shows a multiple of so many minutes.
fn within_days(interval: Interval, calendar: &Calendar, minutes: i32) -> Vec<Timestamp> {
    // Zones shift by whole half-hours, so that half-hours from the day's start never miss an hour.
    let grain = i64::from(minutes.min(30)) * 60;
    let mut instants = Vec::new();
    let mut date = calendar.date_of(interval.start());
    let last = calendar.date_of(interval.end());
    while date <= last {
        if let Ok(day) = calendar.day(date) {
            let mut at = day.start();
            while at < day.end() && at <= interval.end() {
                let clock = calendar.zone().to_datetime(at);
                let minute = i32::from(clock.hour()) * 60 + i32::from(clock.minute());
                if at >= interval.start() && minute % minutes == 0 {
                    instants.push(at);
                }
                let Ok(next) = at.checked_add(grain.seconds()) else { break };
                at = next;
            }
        }
        let Ok(tomorrow) = date.tomorrow() else { break };
        date = tomorrow;
    }
    instants
}

/// The starts of every so many local days, counted from a Monday.
fn dates(interval: Interval, calendar: &Calendar, days: i32) -> Vec<Timestamp> {
    const MONDAY: Date = Date::constant(1970, 1, 5);
    let mut instants = Vec::new();
    let mut date = calendar.date_of(interval.start());
    let last = calendar.date_of(interval.end());
    while date <= last {
        let since = date.since((Unit::Day, MONDAY)).map_or(0, |span| span.get_days());
        if since.rem_euclid(days) == 0 {
            push_start(&mut instants, date, interval, calendar);
        }
        let Ok(tomorrow) = date.tomorrow() else { break };
        date = tomorrow;
    }
    instants
}

/// The starts of every so many local months, counted from January of year zero.
fn months_and_years(interval: Interval, calendar: &Calendar, months: i16) -> Vec<Timestamp> {
    let first = calendar.date_of(interval.start());
    let last = calendar.date_of(interval.end());
    let count = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
    let months = i32::from(months.max(1));
    let mut instants = Vec::new();
    let mut at = count(first).div_euclid(months) * months;
    while at <= count(last) {
        let year = i16::try_from(at.div_euclid(12));
        let month = i8::try_from(at.rem_euclid(12) + 1);
        if let (Ok(year), Ok(month)) = (year, month)
            && let Ok(date) = Date::new(year, month, 1)
        {
            push_start(&mut instants, date, interval, calendar);
        }
        at += months;
    }
    instants
}

fn push_start(instants: &mut Vec<Timestamp>, date: Date, interval: Interval, calendar: &Calendar) {
    if let Ok(day) = calendar.day(date)
        && day.start() >= interval.start()
        && day.start() <= interval.end()
    {
        instants.push(day.start());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn day(zone: &str, date: Date) -> (Interval, Calendar) {
        let calendar = Calendar::new(zone).unwrap();
        (calendar.day(date).unwrap(), calendar)
    }

    fn hours(zone: &str, date: Date, about: usize) -> Vec<(String, f64)> {
        let (interval, calendar) = day(zone, date);
        let axis = local(interval, &calendar, about, Language::En);
        axis.ticks.into_iter().map(|tick| (tick.label, tick.at / 3600.0)).collect()
    }

    #[test]
    fn the_skipped_hour_has_no_tick_and_the_repeated_one_has_two() {
        let spring = hours("Europe/Madrid", date(2026, 3, 29), 25);
        assert_eq!(spring[1..4], [("01:00".into(), 1.0), ("03:00".into(), 2.0), ("04:00".into(), 3.0)]);
        assert_eq!(spring.len(), 24);
        let autumn = hours("Europe/Madrid", date(2026, 10, 25), 25);
        assert_eq!(autumn[2..5], [("02:00".into(), 2.0), ("02:00".into(), 3.0), ("03:00".into(), 4.0)]);
        assert_eq!(autumn.len(), 26);
    }

    #[test]
    fn a_shift_of_half_an_hour_leaves_the_ticks_on_the_hour() {
        let spring = hours("Australia/Lord_Howe", date(2026, 10, 4), 12);
        assert_eq!(spring[..3], [("00:00".into(), 0.0), ("04:00".into(), 3.5), ("06:00".into(), 5.5)]);
    }

    #[test]
    fn a_change_of_the_clock_is_told() {
        let (interval, calendar) = day("Europe/Madrid", date(2026, 3, 29));
        let told: Vec<_> = changes(interval, &calendar).into_iter().map(|c| (c.label, c.at)).collect();
        assert_eq!(told, [("02:00 → 03:00".to_owned(), 7200.0)]);
        let (interval, calendar) = day("Europe/Madrid", date(2026, 3, 30));
        assert!(changes(interval, &calendar).is_empty());
    }

    proptest! {
        #[test]
        fn any_span_has_a_few_ticks_in_order(start in 0..1_800_000_000_i64, length in 60..3_000_000_000_i64, zone in prop::sample::select(vec!["Europe/Madrid", "Australia/Lord_Howe", "America/Bogota", "Pacific/Apia"])) {
            let at = |second| Timestamp::from_second(second).unwrap();
            let interval = Interval::new(at(start), at(start + length)).unwrap();
            let axis = local(interval, &Calendar::new(zone).unwrap(), 10, Language::En);
            prop_assert!(axis.ticks.len() <= 13, "{}", axis.ticks.len());
            prop_assert!(axis.ticks.windows(2).all(|pair| pair[0].at < pair[1].at));
            prop_assert!(axis.ticks.iter().all(|tick| (0.0..=axis.high).contains(&tick.at)));
        }
    }
}
