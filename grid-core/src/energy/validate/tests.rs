use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;
use crate::{
    quantity::{Energy, Power},
    time::{Calendar, Interval, Resolution},
};

/// Monday 2 March 2026, 00:00 UTC.
const START: i64 = 1_772_409_600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

fn row(second: i64, mwh: i64) -> Raw {
    Raw {
        interval: Interval::new(at(second), at(second + 900)).unwrap(),
        energy: Some(Energy::from_mwh(mwh)),
    }
}

fn ask(rows: &[Raw], rules: &Rules, rated_power: Option<Power>) -> Vec<Finding> {
    let calendar = Calendar::utc();
    let expectation = Expectation {
        calendar: &calendar,
        resolution: Resolution::QUARTER_HOUR,
        period: None,
        rated_power,
        now: at(100 * 86_400),
    };
    validate(rows, &expectation, rules).unwrap()
}

fn found(rows: &[Raw]) -> Vec<(Rule, usize)> {
    ask(rows, &Rules::default(), None).iter().map(|finding| (finding.rule, finding.rows)).collect()
}

/// A household: a standby that is never the same, a morning and an evening, for so many days.
fn household(days: i64) -> Vec<Raw> {
    (0..days * 96)
        .map(|n| {
            let busy = [28..34, 72..88].iter().any(|hours| hours.contains(&(n % 96)));
            let base = if busy { 400_000 } else { 40_000 };
            row(n * 900, base + n * 7919 % 13_000)
        })
        .collect()
}

/// A plant: nothing at night, a day that is never quite the same.
fn plant(days: i64) -> Vec<Raw> {
    (0..days * 96)
        .map(|n| {
            let quarter = n % 96;
            let sun = if (28..68).contains(&quarter) { (quarter - 27) * (68 - quarter) * 1000 } else { 0 };
            row(n * 900, if sun > 0 { sun + n * 7919 % 900 } else { 0 })
        })
        .collect()
}

#[test]
fn a_plain_household_and_a_plant_with_its_nights_have_no_findings() {
    assert_eq!(found(&household(14)), []);
    assert_eq!(found(&plant(14)), []);
    assert_eq!(found(&[]), []);
}

#[test]
fn a_hole_and_a_row_without_a_value_are_a_gap_and_a_second_is_none() {
    let mut rows = household(2);
    rows.drain(10..13);
    rows[10].energy = None;
    assert_eq!(found(&rows), [(Rule::Gap, 4)]);
    // Rows that are a second short leave a second between them.
    let rows = [row(0, 1), row(901, 2)];
    assert_eq!(found(&rows), []);
}

#[test]
fn a_gap_reaches_to_the_ends_of_the_period() {
    let calendar = Calendar::utc();
    let period = Some(Interval::new(at(0), at(3600)).unwrap());
    let expectation = Expectation {
        calendar: &calendar,
        resolution: Resolution::QUARTER_HOUR,
        period,
        rated_power: None,
        now: at(7200),
    };
    let findings = validate(&[row(900, 1)], &expectation, &Rules::default()).unwrap();
    let rows: Vec<usize> = findings.iter().map(|finding| finding.rows).collect();
    assert_eq!(rows, [1, 2]);
    let findings = validate(&[], &expectation, &Rules::default()).unwrap();
    assert_eq!((findings.len(), findings[0].rows), (1, 4));
}

#[test]
fn a_value_far_above_its_hour_and_the_peaks_is_a_spike_and_a_usual_evening_is_none() {
    let mut rows = household(14);
    // Three in the morning, 3 kWh in a quarter of an hour, where the evening has 0.4.
    rows[500].energy = Some(Energy::from_mwh(3_000_000));
    let findings = ask(&rows, &Rules::default(), None);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((findings[0].rule, findings[0].severity), (Rule::Spike, Severity::Warning));
    assert_eq!(findings[0].interval, rows[500].interval);
    assert_eq!(findings[0].got, "3 kWh");
    // An evening's worth at three in the morning is far above its hour and no higher than the peaks.
    rows[500].energy = Some(Energy::from_mwh(413_000));
    assert_eq!(found(&rows), []);
    // A day alone says nothing about what is usual at an hour.
    let mut day = household(1);
    day[10].energy = Some(Energy::from_mwh(3_000_000));
    assert_eq!(found(&day), []);
}

#[test]
fn several_spikes_do_not_hide_each_other() {
    let mut rows = household(28);
    for n in [300, 700, 1100, 1500, 1900] {
        rows[n].energy = Some(Energy::from_mwh(5_000_000));
    }
    assert_eq!(found(&rows), [(Rule::Spike, 1); 5]);
}

#[test]
fn equal_values_in_a_row_are_a_stuck_register_and_one_fewer_is_not() {
    let mut rows = household(7);
    for row in &mut rows[100..124] {
        row.energy = Some(Energy::from_mwh(50_000));
    }
    assert_eq!(found(&rows), [(Rule::Stuck, 24)]);
    rows[123].energy = Some(Energy::from_mwh(50_001));
    assert_eq!(found(&rows), []);
}

#[test]
fn zeros_where_it_is_never_zero_are_an_outage_and_a_plants_night_is_none() {
    let mut rows = household(14);
    for row in &mut rows[500..530] {
        row.energy = Some(Energy::ZERO);
    }
    assert_eq!(found(&rows), [(Rule::ZeroRun, 30)]);
    // A plant that stands still on one day: the run has two nights in it, and 40 quarter-hours of day.
    let mut rows = plant(14);
    for row in &mut rows[5 * 96..6 * 96] {
        row.energy = Some(Energy::ZERO);
    }
    let findings = ask(&rows, &Rules::default(), None);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].got.starts_with("40 of "), "{}", findings[0]);
    // Its own zeros say nothing about what is usual, however many days it lasts.
    for row in &mut rows[5 * 96..8 * 96] {
        row.energy = Some(Energy::ZERO);
    }
    assert_eq!(found(&rows), [(Rule::ZeroRun, 28 + 3 * 96 + 28)]);
    // Always zero, as an export without a plant, is nothing special.
    let rows: Vec<Raw> = (0..14 * 96).map(|n| row(n * 900, 0)).collect();
    assert_eq!(found(&rows), []);
}

#[test]
fn a_value_below_zero_is_negative_and_zero_is_not() {
    let mut rows = household(1);
    rows[3].energy = Some(Energy::from_mwh(-1));
    rows[4].energy = Some(Energy::ZERO);
    let findings = ask(&rows, &Rules::default(), None);
    assert_eq!(found(&rows), [(Rule::Negative, 1)]);
    assert_eq!(findings[0].severity, Severity::Fault);
}

#[test]
fn an_interval_twice_is_a_notice_with_one_value_and_a_fault_with_two() {
    let same = ask(&[row(0, 5), row(0, 5), row(900, 6)], &Rules::default(), None);
    assert_eq!((same.len(), same[0].rule, same[0].severity), (1, Rule::Duplicate, Severity::Notice));
    let other = ask(&[row(0, 5), row(0, 7), row(900, 6)], &Rules::default(), None);
    assert_eq!((other.len(), other[0].rule, other[0].severity), (1, Rule::Duplicate, Severity::Fault));
    assert_eq!(other[0].got, "0.000005 kWh and 0.000007 kWh");
}

#[test]
fn rows_that_share_time_overlap_and_rows_that_touch_do_not() {
    let long = Raw { interval: Interval::new(at(0), at(3600)).unwrap(), energy: Some(Energy::ZERO) };
    assert_eq!(found(&[long, row(900, 1), row(2700, 1), row(3600, 1)]), [(Rule::Overlap, 1); 2]);
    assert_eq!(found(&[row(0, 1), row(900, 2)]), []);
}

#[test]
fn starts_off_the_grid_are_the_clock_by_a_constant_or_a_growing_offset() {
    let shifted: Vec<Raw> = (0..20).map(|n| row(n * 900 - 120, 1000 + n)).collect();
    let findings = ask(&shifted, &Rules::default(), None);
    assert_eq!((findings.len(), findings[0].rule, findings[0].rows), (1, Rule::ClockDrift, 20));
    assert_eq!(findings[0].got, "a constant offset of -120 s");
    // A clock that loses three seconds in every quarter of an hour, 288 s a day; the first nine are within tolerance.
    let growing: Vec<Raw> = (0..40)
        .map(|n| Raw {
            interval: Interval::new(at(n * 903), at((n + 1) * 903)).unwrap(),
            energy: Some(Energy::from_mwh(1000 + n)),
        })
        .collect();
    let findings = ask(&growing, &Rules::default(), None);
    assert_eq!((findings.len(), findings[0].rule, findings[0].rows), (1, Rule::ClockDrift, 30));
    assert_eq!(findings[0].got, "an offset that goes from 30 s to 117 s, by 287 s a day");
    // One row that starts off the grid, as after an exchange, and offsets within the tolerance.
    let mut rows = household(1);
    rows[5].interval =
        Interval::new(rows[5].interval.start() + 300.seconds(), rows[5].interval.end()).unwrap();
    assert_eq!(found(&rows), [(Rule::Gap, 1)]);
    let near: Vec<Raw> = (0..20).map(|n| row(n * 900 + 20, 1000 + n)).collect();
    assert_eq!(found(&near), []);
}

#[test]
fn more_than_the_rated_power_can_do_is_impossible_and_a_tenth_more_is_tolerated() {
    // 4.6 kW give 1.15 kWh in a quarter of an hour, and a tenth more 1.265.
    let rated: Power = "4.6 kW".parse().unwrap();
    let findings = ask(&[row(0, 1_265_000), row(900, 1_265_001)], &Rules::default(), Some(rated));
    assert_eq!(findings.len(), 1);
    assert_eq!(
        findings[0].to_string(),
        "fault `impossible_power` 2026-03-02T00:15:00Z/2026-03-02T00:30:00Z: expected at most 1.265 kWh from 4.6 kW, \
         got 1.265001 kWh"
    );
    assert_eq!(found(&[row(0, 1_265_000), row(900, 1_265_001)]), []);
}

#[test]
fn a_reading_of_tomorrow_is_future_dated_and_one_that_ends_now_is_not() {
    let now = 100 * 86_400;
    let rows = [row(now - 900, 1), row(now, 2), row(now + 900, 3)];
    let findings = ask(&rows, &Rules::default(), None);
    assert_eq!((findings.len(), findings[0].rule, findings[0].rows), (1, Rule::FutureDated, 2));
}

#[test]
fn a_rule_that_is_off_finds_nothing() {
    let rules = Rules { off: [Rule::Negative].into(), ..Rules::default() };
    assert_eq!(ask(&[row(0, -1)], &rules, None), []);
}

#[test]
fn names_and_json_round_trip() {
    for rule in Rule::ALL {
        assert_eq!(rule.as_str().parse(), Ok(rule));
        assert_eq!(serde_json::to_string(&rule).unwrap(), format!("\"{rule}\""));
    }
    let finding = &ask(&[row(0, -1)], &Rules::default(), None)[0];
    let json = serde_json::to_string(finding).unwrap();
    assert_eq!(
        json,
        r#"{"interval":{"start":"2026-03-02T00:00:00Z","end":"2026-03-02T00:15:00Z"},"rule":"negative","severity":"fault","rows":1,"expected":"an energy of zero or more","got":"-0.000001 kWh"}"#
    );
    assert_eq!(&serde_json::from_str::<Finding>(&json).unwrap(), finding);
}

#[test]
fn the_hour_of_day_is_local() {
    // A plant in Bogota has its noon at 17:00 UTC; three days around the change of Madrid's clocks make no difference.
    let calendar = Calendar::new("America/Bogota").unwrap();
    let expectation = Expectation {
        calendar: &calendar,
        resolution: Resolution::QUARTER_HOUR,
        period: None,
        rated_power: None,
        now: at(100 * 86_400),
    };
    assert_eq!(validate(&plant(14), &expectation, &Rules::default()).unwrap(), []);
}

proptest! {
    #[test]
    fn the_order_of_the_rows_changes_nothing(
        rows in prop::collection::vec((0..60_i64, prop::option::of(-5..50_i64), 1..4_i64), 0..60),
        turn in 0..60_usize,
    ) {
        let rows: Vec<Raw> = rows
            .into_iter()
            .map(|(slot, mwh, slots)| Raw {
                interval: Interval::new(at(slot * 450), at((slot + slots) * 450)).unwrap(),
                energy: mwh.map(Energy::from_mwh),
            })
            .collect();
        let mut other = rows.clone();
        other.rotate_left(turn.min(rows.len()));
        other.reverse();
        prop_assert_eq!(ask(&rows, &Rules::default(), None), ask(&other, &Rules::default(), None));
    }

    #[test]
    fn every_row_below_zero_is_named_once(values in prop::collection::vec(-3..3_i64, 1..100)) {
        let rows: Vec<Raw> = (0..).zip(&values).map(|(n, &mwh)| row(n * 900, mwh)).collect();
        let negative = ask(&rows, &Rules::default(), None).iter().filter(|f| f.rule == Rule::Negative).count();
        prop_assert_eq!(negative, values.iter().filter(|&&mwh| mwh < 0).count());
    }
}
