use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    energy::{Error, Reading},
    quantity::{Energy, Power},
    series::Quality,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn kwh(text: &str) -> Energy {
    Energy::parse_kwh(text).unwrap()
}

fn read(hour: i64, counter: &str) -> Read {
    Read::measured(at(hour * 3600), kwh(counter))
}

fn energies(advances: &Advances) -> Vec<Option<i64>> {
    advances.readings.iter().map(|reading| reading.energy().map(Energy::as_mwh)).collect()
}

#[test]
fn reads_of_published_examples_give_the_published_usage() {
    // NYSEG, "Reading your meter": 9846 − 9201 = 645 kWh. Otter Tail Power, "How to read your meter":
    // 83895 − 83770 = 125 kWh. Oracle Utilities CC&B 2.9, "Subtractive register": 1000, 3000, 4500 give 2000, 1500.
    let usage = |counters: &[&str]| {
        let reads: Vec<Read> = (0..).zip(counters).map(|(hour, counter)| read(hour, counter)).collect();
        energies(&Register::new().with_digits(5).unwrap().advances(&reads, &[]))
    };
    assert_eq!(usage(&["9201", "9846"]), [Some(645_000_000)]);
    assert_eq!(usage(&["83770", "83895"]), [Some(125_000_000)]);
    assert_eq!(usage(&["1000", "3000", "4500"]), [Some(2_000_000_000), Some(1_500_000_000)]);
}

#[test]
fn a_multiplier_turns_counts_into_energy_and_rounds_the_counters_not_the_differences() {
    let forty = Register::new().with_multiplier("40".parse().unwrap());
    assert_eq!(energies(&forty.advances(&[read(0, "10"), read(1, "12.5")], &[])), [Some(100_000_000)]);
    // Thirds of a milliwatt-hour: each advance is a unit off at most, the sum is not.
    let thirds = Register::new().with_multiplier("0.333333".parse().unwrap());
    let reads: Vec<Read> =
        (0..=9).map(|hour| Read::measured(at(hour * 3600), Energy::from_mwh(hour))).collect();
    let advances = thirds.advances(&reads, &[]);
    assert_eq!(advances.sum(), Ok(Energy::from_mwh(3)));
    assert_eq!(energies(&advances).len(), 9);
}

#[test]
fn a_fall_without_an_event_is_missing_and_named_by_what_it_looks_like() {
    let five = Register::new().with_digits(5).unwrap();
    let reads = [read(0, "99998"), read(1, "1"), read(2, "2")];
    let rated = five.with_rated_power(Power::from_watt(9000).unwrap());
    let advances = rated.advances(&reads, &[]);
    assert_eq!(energies(&advances), [None, Some(1_000_000)]);
    assert_eq!(advances.readings[0].quality(), Quality::Missing);
    assert!(
        matches!(advances.faults[..], [Fault::PossibleRollover { advance, .. }] if advance == kwh("3")),
        "{:?}",
        advances.faults
    );
    // The same fall at a connection of 2 kW, which cannot have used 3 kWh in an hour, or of unknown power or digits.
    for register in [five.with_rated_power(Power::from_watt(2000).unwrap()), five, Register::new()] {
        let advances = register.advances(&reads, &[]);
        assert_eq!(energies(&advances), [None, Some(1_000_000)]);
        assert!(matches!(advances.faults[..], [Fault::UnexplainedDecrease { .. }]), "{:?}", advances.faults);
    }
}

#[test]
fn an_exchange_ends_the_old_meter_and_starts_the_new_one_with_its_own_multiplier() {
    let new = Register::new().with_multiplier("40".parse().unwrap());
    let exchange = Event::Exchange { at: at(5400), last: kwh("110"), first: kwh("0.5"), register: Some(new) };
    let advances = Register::new().advances(&[read(1, "100"), read(2, "1"), read(3, "2")], &[exchange]);
    assert_eq!(energies(&advances), [Some(10_000_000), Some(20_000_000), Some(40_000_000)]);
    assert_eq!(advances.readings[0].interval().to_string(), "1970-01-01T01:00:00Z/1970-01-01T01:30:00Z");
    assert!(advances.faults.is_empty());
}

#[test]
fn reads_that_repeat_an_exchange_are_no_contradiction() {
    let exchange = Event::Exchange { at: at(3600), last: kwh("110"), first: kwh("0"), register: None };
    let reads = [read(0, "100"), read(1, "110"), read(1, "0"), read(2, "3")];
    let advances = Register::new().advances(&reads, &[exchange, exchange]);
    assert_eq!(energies(&advances), [Some(10_000_000), Some(3_000_000)]);
    assert!(advances.faults.is_empty(), "{:?}", advances.faults);
}

#[test]
fn what_was_used_before_a_reset_that_nobody_watched_is_missing() {
    let reads = [read(0, "100"), read(2, "3")];
    let unseen = Event::Reset { at: at(3600), from: None, to: kwh("1") };
    let advances = Register::new().advances(&reads, &[unseen]);
    assert_eq!(energies(&advances), [None, Some(2_000_000)]);
    assert!(matches!(advances.faults[..], [Fault::UnknownCounter { .. }]));
    // A read of the same instant tells it, as does the event itself.
    let seen = Event::Reset { at: at(3600), from: Some(kwh("104")), to: kwh("1") };
    let told = Register::new().advances(&[read(1, "104"), reads[0], reads[1]], &[unseen]);
    assert_eq!(told, Register::new().advances(&reads, &[seen]));
    assert_eq!(energies(&told), [Some(4_000_000), Some(2_000_000)]);
}

#[test]
fn of_two_reads_at_one_instant_the_better_counts_and_equals_that_differ_are_left_out() {
    let estimated = Read { quality: Quality::Estimated, ..read(1, "150") };
    let advances = Register::new().advances(&[read(0, "100"), estimated, read(1, "110")], &[]);
    assert_eq!((energies(&advances), advances.faults.len()), (vec![Some(10_000_000)], 0));
    let alone = Register::new().advances(&[read(0, "100"), estimated], &[]);
    assert_eq!(alone.readings[0].quality(), Quality::Estimated);
    let torn =
        Register::new().advances(&[read(0, "100"), read(1, "110"), read(1, "111"), read(2, "120")], &[]);
    assert_eq!(energies(&torn), [Some(20_000_000)]);
    assert_eq!(torn.readings[0].interval().duration().as_secs(), 7200);
    assert_eq!(
        torn.faults[0].to_string(),
        "1970-01-01T01:00:00Z: expected one counter, got 110 kWh and 111 kWh"
    );
}

#[test]
fn what_a_register_cannot_show_is_left_out_and_named() {
    let three = Register::new().with_digits(3).unwrap();
    let advances = three.advances(&[read(0, "100"), read(1, "1000"), read(2, "-1"), read(3, "103")], &[]);
    assert_eq!(energies(&advances), [Some(3_000_000)]);
    let names: Vec<&str> = advances.faults.iter().map(Fault::name).collect();
    assert_eq!(names, ["counter_out_of_range", "counter_out_of_range"]);
}

#[test]
fn two_different_events_at_one_instant_are_not_believed() {
    let one = Event::Reset { at: at(3600), from: Some(kwh("101")), to: kwh("0") };
    let other = Event::Exchange { at: at(3600), last: kwh("102"), first: kwh("0"), register: None };
    let advances = Register::new().advances(&[read(0, "100"), read(2, "3")], &[one, other]);
    assert_eq!(energies(&advances), [None, None]);
    let names: Vec<&str> = advances.faults.iter().map(Fault::name).collect();
    assert_eq!(names, ["unknown_counter", "unknown_counter", "contradictory_events"]);
}

#[test]
fn a_rollover_of_a_register_of_unknown_size_is_named() {
    let advances =
        Register::new().advances(&[read(0, "99"), read(1, "3")], &[Event::Rollover { at: at(1800) }]);
    assert_eq!(energies(&advances), [None]);
    assert_eq!(advances.faults[0].name(), "rollover_without_modulus");
}

#[test]
fn an_advance_beyond_a_reading_is_named_and_not_cut() {
    let years = 400 * 86_400;
    let reads = [Read::measured(at(0), kwh("1")), Read::measured(at(years), kwh("2"))];
    let advances = Register::new().advances(&reads, &[]);
    assert!(advances.readings.is_empty());
    assert_eq!(advances.faults[0].name(), "beyond_reading");
}

#[test]
fn a_register_without_digits_or_with_too_many_is_refused() {
    for digits in [0, 13, 255] {
        assert!(matches!(Register::new().with_digits(digits), Err(Error::NotAModulus { .. })));
    }
    assert!(Register::new().with_modulus(Energy::ZERO).is_err());
    assert_eq!(Register::new().with_digits(12).unwrap().modulus(), Some(kwh("1000000000000")));
}

#[test]
fn a_fault_in_json_carries_its_name_and_decimal_strings() {
    let advances = Register::new().advances(&[read(0, "2"), read(1, "1")], &[]);
    assert_eq!(
        serde_json::to_string(&advances.faults).unwrap(),
        r#"[{"fault":"unexplained_decrease","interval":{"start":"1970-01-01T00:00:00Z","end":"1970-01-01T01:00:00Z"},"from_kwh":"2.000000","to_kwh":"1.000000"}]"#
    );
}

/// What a register with `modulus` shows of a counter that never begins again, and its rollovers.
fn shown(steps: &[i64], start: i64, modulus: i64) -> (Vec<Read>, Vec<Read>, Vec<Event>) {
    let mut whole = start % modulus;
    let (mut endless, mut short, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for (hour, step) in (0..).zip(steps) {
        let before = whole / modulus;
        whole += if hour > 0 { *step } else { 0 };
        let rollovers = whole / modulus - before;
        // Each at another second of the hour, the last at the read itself.
        events.extend((0..rollovers).map(|n| Event::Rollover { at: at(hour * 3600 - n) }));
        endless.push(Read::measured(at(hour * 3600), Energy::from_mwh(whole)));
        short.push(Read::measured(at(hour * 3600), Energy::from_mwh(whole % modulus)));
    }
    (endless, short, events)
}

fn any_read() -> impl Strategy<Value = Read> {
    (0..12_i64, -5..1000_i64, prop::sample::select(Quality::ALL.to_vec())).prop_map(|(hour, mwh, quality)| {
        Read { at: at(hour * 3600), counter: Energy::from_mwh(mwh), quality }
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let counter = || (0..1000_i64).prop_map(Energy::from_mwh);
    let when = || (0..24_i64).prop_map(|half| at(half * 1800));
    prop_oneof![
        when().prop_map(|at| Event::Rollover { at }),
        (when(), counter(), counter()).prop_map(|(at, last, first)| Event::Exchange {
            at,
            last,
            first,
            register: None
        }),
        (when(), prop::option::of(counter()), counter()).prop_map(|(at, from, to)| Event::Reset {
            at,
            from,
            to
        }),
    ]
}

proptest! {
    #[test]
    fn a_rollover_at_any_point_gives_the_advances_of_a_counter_that_never_rolls_over(
        steps in prop::collection::vec(0..3000_i64, 1..30),
        start in 0..5000_i64,
        modulus in 500..4000_i64,
        multiplier in prop::sample::select(vec!["1", "40", "0.333333", "1.5"]),
    ) {
        let (endless, short, events) = shown(&steps, start, modulus);
        let register = Register::new().with_multiplier(multiplier.parse().unwrap());
        let expected = register.advances(&endless, &[]);
        let found = register.with_modulus(Energy::from_mwh(modulus)).unwrap().advances(&short, &events);
        prop_assert_eq!(found.faults.len(), 0);
        prop_assert_eq!(found.readings, expected.readings);
    }

    #[test]
    fn advances_add_up_to_the_last_less_the_first_counter_plus_the_events(
        stretches in prop::collection::vec((0..1000_i64, prop::collection::vec(0..500_i64, 1..8)), 1..6),
        exchanged in any::<bool>(),
    ) {
        // Each stretch is a meter of its own: it shows `first`, goes up step by step, and is exchanged or reset.
        let (mut reads, mut events, mut used, mut hour) = (Vec::new(), Vec::new(), 0, 0);
        let mut last = None;
        for (first, steps) in stretches {
            if let Some(last) = last {
                let (at, first) = (at(hour * 3600 - 900), Energy::from_mwh(first));
                events.push(if exchanged {
                    Event::Exchange { at, last, first, register: None }
                } else {
                    Event::Reset { at, from: Some(last), to: first }
                });
            }
            let mut counter = first;
            for (n, step) in steps.into_iter().enumerate() {
                // Before the very first read nothing is known, so its step is not in the sum.
                if n > 0 || last.is_some() {
                    counter += step;
                    used += step;
                }
                reads.push(Read::measured(at(hour * 3600), Energy::from_mwh(counter)));
                hour += 1;
            }
            last = Some(Energy::from_mwh(counter));
        }
        let advances = Register::new().advances(&reads, &events);
        prop_assert_eq!(&advances.faults, &Vec::new());
        prop_assert_eq!(advances.sum().unwrap(), Energy::from_mwh(used));
        // last − first plus what the events say, by the numbers alone.
        let ends = reads[reads.len() - 1].counter - reads[0].counter;
        let said: Energy = events.iter().map(|event| match *event {
            Event::Exchange { last, first, .. } => last - first,
            Event::Reset { from, to, .. } => from.unwrap() - to,
            Event::Rollover { .. } => Energy::ZERO,
        }).sum();
        prop_assert_eq!(advances.sum().unwrap(), ends + said);
    }

    #[test]
    fn the_order_changes_nothing_and_nothing_is_negative_or_overlaps(
        reads in prop::collection::vec(any_read(), 0..20),
        events in prop::collection::vec(any_event(), 0..6),
        turn in 0..20_usize,
        modulus in prop::option::of(1..1200_i64),
    ) {
        let register = match modulus {
            Some(mwh) => Register::new().with_modulus(Energy::from_mwh(mwh)).unwrap(),
            None => Register::new(),
        };
        let found = register.advances(&reads, &events);
        let (mut other_reads, mut other_events) = (reads.clone(), events.clone());
        other_reads.rotate_left(turn.min(reads.len()));
        other_reads.extend(reads.iter().rev());
        other_events.reverse();
        prop_assert_eq!(&register.advances(&other_reads, &other_events), &found);
        for reading in &found.readings {
            prop_assert!(reading.energy().is_none_or(|energy| !energy.is_negative()));
        }
        for pair in found.readings.windows(2) {
            prop_assert_eq!(pair[0].interval().end(), pair[1].interval().start());
        }
        let missing = found.readings.iter().filter(|reading: &&Reading| reading.energy().is_none()).count();
        prop_assert!(found.faults.len() >= missing);
    }
}
