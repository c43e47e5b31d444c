use jiff::{Timestamp, civil::date};
use proptest::prelude::*;

use super::*;
use crate::{
    energy::Reading,
    quantity::Energy,
    series::{Quality, Series},
    time::{Calendar, Interval, Resolution},
};

const QUARTERS_A_WEEK: usize = 7 * 96;

fn made(zone: &str, start: &str, mwh: &[Option<i64>]) -> Series {
    let values: Vec<_> = mwh.iter().map(|value| value.map(Energy::from_mwh)).collect();
    let qualities: Vec<_> =
        mwh.iter().map(|value| if value.is_some() { Quality::Measured } else { Quality::Missing }).collect();
    let calendar = Calendar::new(zone).unwrap();
    Series::new(start.parse().unwrap(), Resolution::QUARTER_HOUR, calendar, &values, &qualities).unwrap()
}

fn mwh(series: &Series) -> Vec<Option<i64>> {
    series.slots().iter().map(|slot| slot.energy.map(Energy::as_mwh)).collect()
}

fn all(series: &Series) -> Interval {
    series.interval().unwrap()
}

fn advance(series: &Series, from: usize, to: usize, mwh: i64) -> Reading {
    let slots = series.slots();
    let interval = Interval::new(slots[from].interval.start(), slots[to - 1].interval.end()).unwrap();
    Reading::new(interval, Some(Energy::from_mwh(mwh)), Quality::Measured).unwrap()
}

fn methods(found: &Substituted) -> Vec<Method> {
    found.fills.iter().map(|fill| fill.method).collect()
}

/// Four weeks from Monday 2 March 2026, each slot with its own value by time of day.
fn month() -> Vec<Option<i64>> {
    (0..4 * QUARTERS_A_WEEK).map(|n| Some(1000 + i64::try_from(n % 96).unwrap())).collect()
}

#[test]
fn a_gap_of_two_hours_is_interpolated_and_one_slot_more_is_not() {
    for (slots, method) in [(8, Method::LinearInterpolation), (9, Method::ComparableDays)] {
        let mut values = month();
        let first = 3 * QUARTERS_A_WEEK + 40;
        values[first..first + slots].fill(None);
        let series = made("UTC", "2026-03-02T00:00:00Z", &values);
        let found = substitute(&series, all(&series), &[], &Rules::default()).unwrap();
        assert_eq!(methods(&found), vec![method; slots]);
        // The days are alike and a line, so both come to what was there.
        assert_eq!(mwh(&found.series), month());
        assert!(found.fills.iter().all(|fill| {
            found.series.slots()[fill.slot].quality == Quality::Substituted && fill.advance.is_none()
        }));
    }
}

#[test]
fn comparable_days_are_the_last_of_the_same_kind_and_no_holidays() {
    // Every slot has the day's number; the fourth Wednesday (day 23) is missing as a whole.
    let mut values: Vec<Option<i64>> =
        (0..4 * QUARTERS_A_WEEK).map(|n| Some(i64::try_from(n / 96).unwrap() * 300)).collect();
    values[23 * 96..24 * 96].fill(None);
    let series = made("UTC", "2026-03-02T00:00:00Z", &values);
    let fill = |rules: &Rules| {
        let found = substitute(&series, all(&series), &[], rules).unwrap();
        assert_eq!(found.fills.len(), 96);
        found.fills[50].energy.as_mwh() / 300
    };
    // Tuesday, Monday and the Friday before: days 22, 21 and 18.
    assert_eq!(fill(&Rules::default()), (22 + 21 + 18) / 3);
    // With Monday a holiday: days 22, 18 and 17.
    let holidays = [date(2026, 3, 23)].into();
    assert_eq!(fill(&Rules { holidays, ..Rules::default() }), (22 + 18 + 17) / 3);
    // The day itself a holiday: the three Sundays before, days 20, 13 and 6.
    let holidays = [date(2026, 3, 25)].into();
    assert_eq!(fill(&Rules { holidays, ..Rules::default() }), (20 + 13 + 6) / 3);
    assert_eq!(fill(&Rules { comparable_days: 1, ..Rules::default() }), 22);
}

#[test]
fn where_nothing_comparable_is_known_the_slots_stay_missing() {
    let mut values = vec![Some(5_i64); 96];
    values[20..40].fill(None);
    let series = made("UTC", "2026-03-02T00:00:00Z", &values);
    let found = substitute(&series, all(&series), &[], &Rules::default()).unwrap();
    assert_eq!((found.fills.len(), &found.series), (0, &series));
    // The register knows how much, but not when; spreading it is for the caller to ask.
    let told = [advance(&series, 0, 96, 76 * 5 + 43)];
    let left = substitute(&series, all(&series), &told, &Rules::default()).unwrap();
    assert_eq!(left.series, series);
    assert!(matches!(left.remarks[..], [Remark::NotAllFilled { missing: 20, .. }]), "{:?}", left.remarks);
    let rules = Rules { without_pattern: WithoutPattern::SpreadEvenly, ..Rules::default() };
    let spread = substitute(&series, all(&series), &told, &rules).unwrap();
    assert_eq!(methods(&spread), [Method::EvenSpread; 20]);
    assert_eq!(spread.series.sum().unwrap().energy, Some(Energy::from_mwh(76 * 5 + 43)));
    assert!(spread.remarks.is_empty());
}

#[test]
fn a_plant_at_night_stays_at_zero_when_the_day_is_rescaled() {
    // Sun from 07:00 to 17:00 with the same value each day; the last day is missing, and was twice as sunny.
    let sun = |n: usize| if (28..68).contains(&(n % 96)) { 1000 } else { 0 };
    let mut values: Vec<Option<i64>> = (0..5 * 96).map(|n| Some(sun(n))).collect();
    values[4 * 96..].fill(None);
    let series = made("UTC", "2026-03-02T00:00:00Z", &values);
    let told = [advance(&series, 4 * 96, 5 * 96, 80_001)];
    let found = substitute(&series, all(&series), &told, &Rules::default()).unwrap();
    assert_eq!(found.fills.len(), 96);
    assert_eq!(found.fills.iter().map(|fill| fill.energy).sum::<Energy>(), Energy::from_mwh(80_001));
    for fill in &found.fills {
        assert_eq!(fill.energy == Energy::ZERO, sun(fill.slot) == 0, "{fill:?}");
        assert_eq!(fill.advance, Some(told[0].interval()));
    }
    // A night alone, of which the register says that nothing came: zeros. That something came: nobody knows when.
    let mut values: Vec<Option<i64>> = (0..5 * 96).map(|n| Some(sun(n))).collect();
    values[4 * 96..4 * 96 + 20].fill(None);
    let series = made("UTC", "2026-03-02T00:00:00Z", &values);
    let night = |mwh| {
        let told = [advance(&series, 4 * 96, 4 * 96 + 20, mwh)];
        substitute(&series, all(&series), &told, &Rules::default()).unwrap()
    };
    assert!(night(0).fills.iter().all(|fill| fill.energy == Energy::ZERO));
    assert_eq!((night(0).fills.len(), night(7).fills.len()), (20, 0));
}

#[test]
fn an_advance_below_what_was_measured_fills_nothing_and_is_named() {
    let series = made("UTC", "2026-03-02T00:00:00Z", &[Some(10), None, Some(30), Some(1)]);
    let found = substitute(&series, all(&series), &[advance(&series, 0, 3, 39)], &Rules::default()).unwrap();
    assert_eq!(found.series, series);
    assert_eq!(
        found.remarks[0].to_string(),
        "2026-03-02T00:00:00Z/2026-03-02T00:45:00Z: expected at most the register's 0.000039 kWh, got 0.00004 kWh in \
         the known slots"
    );
    let known = substitute(&series, all(&series), &[advance(&series, 2, 4, 30)], &Rules::default()).unwrap();
    assert!(matches!(known.remarks[..], [Remark::MoreThanAdvance { .. }]));
    let less = substitute(&series, all(&series), &[advance(&series, 2, 4, 32)], &Rules::default()).unwrap();
    assert!(matches!(less.remarks[..], [Remark::NotTheAdvance { .. }]));
    assert_eq!(mwh(&less.series)[1], Some(20));
}

#[test]
fn an_advance_off_the_grid_is_named_and_not_used() {
    let series = made("UTC", "2026-03-02T00:00:00Z", &[Some(10), None, Some(30)]);
    let interval = Interval::parse("2026-03-02T00:05:00Z", "2026-03-02T00:45:00Z").unwrap();
    let off = Reading::new(interval, Some(Energy::from_mwh(1000)), Quality::Measured).unwrap();
    let found = substitute(&series, all(&series), &[off], &Rules::default()).unwrap();
    assert_eq!(mwh(&found.series)[1], Some(20));
    assert!(matches!(found.remarks[..], [Remark::OffTheGrid { .. }]));
}

#[test]
fn a_days_advance_is_kept_to_within_the_one_around_it() {
    let values = [Some(10), None, Some(10), Some(10), None, Some(10)];
    let series = made("UTC", "2026-03-02T00:00:00Z", &values);
    let told = [advance(&series, 0, 6, 100), advance(&series, 0, 3, 25)];
    let found = substitute(&series, all(&series), &told, &Rules::default()).unwrap();
    assert_eq!(mwh(&found.series), [Some(10), Some(5), Some(10), Some(10), Some(55), Some(10)]);
}

#[test]
fn where_one_gap_has_no_pattern_the_others_are_filled_by_no_more_than_is_left() {
    // A short gap on a line, and a long one without comparable days.
    let mut values = vec![Some(100_i64); 40];
    values[3] = None;
    values[10..30].fill(None);
    let series = made("UTC", "2026-03-02T00:00:00Z", &values);
    let fill =
        |mwh| substitute(&series, all(&series), &[advance(&series, 0, 40, mwh)], &Rules::default()).unwrap();
    let found = fill(1900 + 2000);
    assert_eq!(
        (found.fills.len(), found.fills[0].energy, found.fills[0].advance),
        (1, Energy::from_mwh(100), None)
    );
    assert!(matches!(found.remarks[..], [Remark::NotAllFilled { missing: 20, .. }]));
    assert_eq!(fill(1900 + 60).fills[0].energy, Energy::from_mwh(60));
}

#[test]
fn with_an_even_spread_gaps_without_a_pattern_take_what_the_others_leave() {
    let mut values = vec![Some(100_i64); 40];
    values[3] = None;
    values[10..30].fill(None);
    let series = made("UTC", "2026-03-02T00:00:00Z", &values);
    let rules = Rules { without_pattern: WithoutPattern::SpreadEvenly, ..Rules::default() };
    let told = [advance(&series, 0, 40, 1900 + 100 + 41)];
    let found = substitute(&series, all(&series), &told, &rules).unwrap();
    let energies: Vec<i64> = found.fills.iter().map(|fill| fill.energy.as_mwh()).collect();
    assert_eq!((energies[0], energies[1], energies[2]), (100, 3, 2));
    assert_eq!(energies.iter().sum::<i64>(), 141);
    assert!(found.fills.iter().all(|fill| fill.advance.is_some()) && found.remarks.is_empty());
}

#[test]
fn between_two_zeros_the_register_asks_the_comparable_days() {
    // A line between zeros is zero; the days before had something in both slots, and the register says there was.
    let mut values: Vec<Option<i64>> = (0..3 * 96)
        .map(|n| {
            Some(if n % 96 == 40 {
                20
            } else if n % 96 == 41 {
                10
            } else {
                0
            })
        })
        .collect();
    values[2 * 96 + 40..2 * 96 + 42].fill(None);
    let series = made("UTC", "2026-03-02T00:00:00Z", &values);
    let fill = |advances: &[Reading]| {
        let found = substitute(&series, all(&series), advances, &Rules::default()).unwrap();
        found.fills.iter().map(|fill| (fill.energy.as_mwh(), fill.method)).collect::<Vec<_>>()
    };
    assert_eq!(fill(&[]), [(0, Method::LinearInterpolation); 2]);
    let told = |mwh| [advance(&series, 2 * 96, 3 * 96, mwh)];
    assert_eq!(fill(&told(0)), [(0, Method::LinearInterpolation); 2]);
    assert_eq!(fill(&told(60)), [(40, Method::ComparableDays), (20, Method::ComparableDays)]);
}

#[test]
fn where_the_register_leaves_no_choice_no_pattern_is_needed() {
    // One slot at the start, without a neighbour before it or another day.
    let series = made("UTC", "2026-03-02T00:00:00Z", &[None, Some(30), Some(1)]);
    let told = [advance(&series, 0, 3, 42)];
    let found = substitute(&series, all(&series), &told, &Rules::default()).unwrap();
    assert_eq!((mwh(&found.series)[0], methods(&found)), (Some(11), vec![Method::EvenSpread]));
    // Three hours in which the register did not move.
    let mut values = vec![Some(7_i64); 20];
    values[3..15].fill(None);
    let series = made("UTC", "2026-03-02T00:00:00Z", &values);
    let found = substitute(&series, all(&series), &[advance(&series, 0, 20, 56)], &Rules::default()).unwrap();
    assert_eq!(mwh(&found.series)[3..15], [Some(0); 12]);
}

#[test]
fn days_of_92_and_100_quarter_hours_are_filled_by_the_local_clock() {
    // Madrid: 29 March 2026 has no 02:00 to 03:00, 25 October 2026 has it twice. Each slot has its local hour.
    for (day, count, twice) in [(date(2026, 3, 29), 92, 0), (date(2026, 10, 25), 100, 8)] {
        let madrid = Calendar::new("Europe/Madrid").unwrap();
        let from = madrid.day(day.checked_sub(jiff::ToSpan::days(21)).unwrap()).unwrap().start();
        let day = madrid.day(day).unwrap();
        let slots = madrid.slots(Interval::new(from, day.end()).unwrap(), Resolution::QUARTER_HOUR).unwrap();
        let hour = |at: Timestamp| i64::from(madrid.zone().to_datetime(at).time().hour());
        let values: Vec<_> =
            slots.iter().map(|slot| (!day.contains(slot.start())).then(|| 10 + hour(slot.start()))).collect();
        let series = made("Europe/Madrid", &from.to_string(), &values);
        let found = substitute(&series, day, &[], &Rules::default()).unwrap();
        assert_eq!(found.fills.len(), count);
        for fill in &found.fills {
            assert_eq!(fill.energy.as_mwh(), 10 + hour(fill.interval.start()), "{fill:?}");
        }
        assert_eq!(found.fills.iter().filter(|fill| fill.energy == Energy::from_mwh(12)).count(), twice);
    }
}

#[test]
fn only_slots_of_the_period_are_filled() {
    let series = made("UTC", "2026-03-02T00:00:00Z", &[Some(1), None, Some(3), None, Some(5)]);
    let period = series.slots()[3].interval;
    let found = substitute(&series, period, &[], &Rules::default()).unwrap();
    assert_eq!(mwh(&found.series), [Some(1), None, Some(3), Some(4), Some(5)]);
}

#[test]
fn a_substitute_is_no_basis_for_another() {
    let energies = [Some(1), Some(9), None, Some(3)].map(|value| value.map(Energy::from_mwh));
    let qualities = [Quality::Measured, Quality::Substituted, Quality::Missing, Quality::Measured];
    let start = Timestamp::UNIX_EPOCH;
    let series =
        Series::new(start, Resolution::QUARTER_HOUR, Calendar::utc(), &energies, &qualities).unwrap();
    assert!(substitute(&series, all(&series), &[], &Rules::default()).unwrap().fills.is_empty());
}

#[test]
fn a_fill_in_json_says_how_it_came_about() {
    let series = made("UTC", "2026-03-02T00:00:00Z", &[Some(1), None, Some(3)]);
    let found = substitute(&series, all(&series), &[], &Rules::default()).unwrap();
    assert_eq!(
        serde_json::to_string(&found.fills[0]).unwrap(),
        r#"{"slot":1,"interval":{"start":"2026-03-02T00:15:00Z","end":"2026-03-02T00:30:00Z"},"energy_kwh":"0.000002","method":"linear_interpolation","advance":null}"#
    );
    for method in Method::ALL {
        assert_eq!(serde_json::to_string(&method).unwrap(), format!("\"{method}\""));
    }
}

proptest! {
    #[test]
    fn interpolation_on_a_line_gives_the_line(
        start in 0..1000_i64,
        slope in 0..50_i64,
        falls in any::<bool>(),
        first in 1..20_usize,
        length in 1..=8_usize,
    ) {
        let mut line: Vec<Option<i64>> = (0..30).map(|n| Some(start + slope * n)).collect();
        if falls {
            line.reverse();
        }
        let mut values = line.clone();
        values[first..first + length].fill(None);
        let series = made("UTC", "2026-03-02T00:00:00Z", &values);
        let found = substitute(&series, all(&series), &[], &Rules::default()).unwrap();
        prop_assert_eq!(mwh(&found.series), line);
        prop_assert_eq!(methods(&found), vec![Method::LinearInterpolation; length]);
    }

    #[test]
    fn measured_values_stay_and_substitutes_are_what_the_advance_leaves(
        values in prop::collection::vec(prop::option::weighted(0.8, 0..2000_i64), 6 * 96),
        days in prop::collection::vec(0..3_000_000_i64, 6),
        told in any::<bool>(),
        evenly in any::<bool>(),
    ) {
        let series = made("Europe/Madrid", "2026-03-02T23:00:00Z", &values);
        let advances: Vec<Reading> = if told {
            (0..6).map(|day| advance(&series, day * 96, (day + 1) * 96, days[day])).collect()
        } else {
            Vec::new()
        };
        let without_pattern =
            if evenly { WithoutPattern::SpreadEvenly } else { WithoutPattern::LeaveMissing };
        let rules = Rules { without_pattern, ..Rules::default() };
        let found = substitute(&series, all(&series), &advances, &rules).unwrap();
        prop_assert_eq!(&substitute(&series, all(&series), &advances, &rules).unwrap(), &found);
        for (before, after) in series.slots().iter().zip(found.series.slots()) {
            if before.energy.is_some() {
                prop_assert_eq!(before, after);
            } else {
                prop_assert!(after.energy.is_none_or(|energy| !energy.is_negative()));
                prop_assert_eq!(after.quality == Quality::Substituted, after.energy.is_some());
            }
        }
        for reading in &advances {
            let inside = |slot: &&crate::series::Slot| reading.interval().contains(slot.interval.start());
            let measured: i64 = series.slots().iter().filter(inside).filter_map(|slot| slot.energy).map(Energy::as_mwh).sum();
            let whole = found.series.slots().iter().filter(inside).all(|slot| slot.energy.is_some());
            let fills: Vec<_> = found.fills.iter().filter(|fill| reading.interval().contains(fill.interval.start())).collect();
            let filled: i64 = fills.iter().map(|fill| fill.energy.as_mwh()).sum();
            let total = reading.energy().unwrap().as_mwh();
            if total < measured {
                prop_assert!(fills.is_empty());
            } else if whole && !fills.is_empty() {
                prop_assert_eq!(filled, total - measured);
            } else {
                prop_assert!(filled <= total - measured);
            }
        }
    }
}
