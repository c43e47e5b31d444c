//! Cumulative registers, on every backend.

use grid_core::{
    energy::{
        self, Channel, Reading,
        meter::{Event, Multiplier, Read, Register},
    },
    error::Kind,
    quantity::Energy,
    series::Quality,
    store::{Error, Keep, MeterReport, Registered, Store, new_id},
    time::Interval,
};
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use crate::{
    store::{at, now},
    store_checks::{all_time, batch, checks, is, new_device, new_user, reading, standing},
};

checks! {
    a_later_report_goes_on_from_the_last_read,
    a_corrected_read_changes_both_sides_and_the_past_can_be_asked_for,
    a_late_exchange_parts_the_reading_across_it,
    an_event_is_corrected_by_its_instant,
    a_withdrawn_read_joins_what_it_parted_and_stays_in_the_past,
    a_register_is_told_once_and_stays,
    what_cannot_be_is_not_kept,
    many_reads_come_in_at_once,
    a_register_with_readings_of_the_channels_own_gives_advances,
    what_fills_a_hole_meets_nothing_that_is_known,
}

fn day(day: i8) -> Timestamp {
    at(&format!("2026-01-{day:02}T00:00:00Z"))
}

fn kwh(kwh: i64) -> Energy {
    Energy::from_mwh(kwh * 1_000_000)
}

fn report(device: Uuid, reads: &[(i8, i64)], events: &[Event]) -> MeterReport {
    MeterReport {
        device,
        channel: Channel::Import,
        reads: reads.iter().map(|&(on, counter)| Read::measured(day(on), kwh(counter))).collect(),
        events: events.to_vec(),
        withdrawn: Vec::new(),
        modulus: None,
        multiplier: None,
    }
}

async fn device(store: &Store) -> Uuid {
    new_device(store, new_user(store).await).await.id
}

async fn told(store: &Store, report: &MeterReport, hours: i64) -> Registered {
    store.record_register(report, Keep::Readings, now() + hours.hours()).await.unwrap()
}

/// The energies of a device's readings, in kilowatt-hours.
async fn energies(store: &Store, device: Uuid) -> Vec<Option<i64>> {
    let readings = standing(store, device, Channel::Import).await;
    readings.iter().map(|reading| reading.energy().map(|energy| energy.as_mwh() / 1_000_000)).collect()
}

async fn a_later_report_goes_on_from_the_last_read(store: Store) {
    let device = device(&store).await;
    let mut first = report(device, &[(1, 90), (2, 96)], &[]);
    (first.modulus, first.multiplier) = (Some(kwh(100)), Multiplier::from_whole(2));
    let done = told(&store, &first, 0).await;
    assert_eq!((done.reads.inserted, done.readings.inserted), (2, 1));
    let rollover = Event::Rollover { at: day(2) + 5.hours() };
    let second = report(device, &[(3, 1)], &[rollover]);
    told(&store, &second, 1).await;
    assert_eq!(energies(&store, device).await, [Some(12), Some(10)]);
    let again = told(&store, &second, 2).await;
    assert_eq!((again.reads.unchanged, again.reads.inserted, again.readings.superseded), (2, 0, 0));
    // What the device is not known for has no advances.
    let none = store.register_advances(device, Channel::Export, all_time()).await.unwrap();
    assert_eq!(none.readings, []);
    let nobody = report(new_id(now()), &[(1, 1)], &[]);
    for keep in [Keep::Nothing, Keep::Reads, Keep::Readings] {
        is(store.record_register(&nobody, keep, now()).await, Kind::NotFound);
    }
}

async fn a_corrected_read_changes_both_sides_and_the_past_can_be_asked_for(store: Store) {
    let device = device(&store).await;
    told(&store, &report(device, &[(1, 10), (2, 20), (3, 30)], &[]), 0).await;
    let done = told(&store, &report(device, &[(2, 24)], &[]), 1).await;
    assert_eq!((done.reads.superseded, done.readings.superseded), (1, 2));
    // Two corrections at one instant of the clock: the later one stands.
    told(&store, &report(device, &[(2, 25)], &[]), 1).await;
    assert_eq!(energies(&store, device).await, [Some(15), Some(5)]);
    let past = store.readings(device, Channel::Import, all_time(), Some(now())).await.unwrap();
    let past: Vec<_> = past.iter().map(|recorded| recorded.reading.energy()).collect();
    assert_eq!(past, [Some(kwh(10)), Some(kwh(10))]);
}

async fn a_late_exchange_parts_the_reading_across_it(store: Store) {
    let device = device(&store).await;
    let done = told(&store, &report(device, &[(1, 900), (21, 5), (22, 6)], &[]), 0).await;
    assert_eq!(done.advances.faults[0].name(), "unexplained_decrease");
    assert_eq!(energies(&store, device).await, [None, Some(1)]);
    let register = Register::new().with_multiplier(Multiplier::from_whole(10).unwrap());
    let exchange = Event::Exchange { at: day(11), last: kwh(940), first: kwh(2), register: Some(register) };
    let done = told(&store, &report(device, &[], &[exchange]), 1).await;
    // The reading behind the exchange is the new register's too, though its reads were there before.
    assert_eq!((done.readings.inserted, done.readings.superseded, done.advances.faults.len()), (2, 2, 0));
    assert_eq!(energies(&store, device).await, [Some(40), Some(30), Some(10)]);
    let history = store.history(device, Channel::Import, all_time()).await.unwrap();
    let replaced: Vec<_> = history.iter().map(|old| old.reading.interval()).collect();
    let across = [(1, 21), (21, 22)].map(|(from, to)| Interval::new(day(from), day(to)).unwrap());
    assert_eq!(replaced, across);
}

async fn an_event_is_corrected_by_its_instant(store: Store) {
    let device = device(&store).await;
    let exchange = |last: i64| Event::Exchange { at: day(2), last: kwh(last), first: kwh(0), register: None };
    told(&store, &report(device, &[(1, 10), (3, 4)], &[exchange(15)]), 0).await;
    assert_eq!(energies(&store, device).await, [Some(5), Some(4)]);
    let done = told(&store, &report(device, &[], &[exchange(17)]), 0).await;
    assert_eq!((done.reads.superseded, done.readings.superseded), (1, 1));
    assert_eq!(energies(&store, device).await, [Some(7), Some(4)]);
}

async fn a_register_is_told_once_and_stays(store: Store) {
    let device = device(&store).await;
    told(&store, &report(device, &[(1, 10)], &[]), 0).await;
    // How many digits it has may be told later; another number or multiplier may not.
    let mut later = report(device, &[(2, 20)], &[]);
    later.modulus = Some(kwh(1000));
    told(&store, &later, 1).await;
    let mut other = report(device, &[(3, 30)], &[]);
    other.modulus = Some(kwh(100));
    let error = is(store.record_register(&other, Keep::Readings, now()).await, Kind::Conflict);
    assert!(matches!(error, Error::OtherRegister { .. }), "{error:?}");
    (other.modulus, other.multiplier) = (None, Multiplier::from_whole(40));
    is(store.record_register(&other, Keep::Nothing, now()).await, Kind::Conflict);
    assert_eq!(energies(&store, device).await, [Some(10)]);
}

async fn what_cannot_be_is_not_kept(store: Store) {
    let device = device(&store).await;
    let mut full = report(device, &[(1, 10), (2, 100)], &[]);
    full.modulus = Some(kwh(100));
    let twice = report(device, &[(1, 10), (1, 11)], &[]);
    let reset = Event::Reset { at: day(2), from: None, to: kwh(0) };
    let exchange = Event::Exchange { at: day(2), last: kwh(12), first: kwh(0), register: None };
    let both = report(device, &[(1, 10), (3, 11)], &[reset, exchange]);
    for (wrong, name) in
        [(full, "counter_out_of_range"), (twice, "contradictory_reads"), (both, "contradictory_events")]
    {
        let error = is(store.record_register(&wrong, Keep::Readings, now()).await, Kind::Invalid);
        assert!(matches!(&error, Error::NotARegister { fault } if fault.name() == name), "{error:?}");
    }
    assert_eq!(standing(&store, device, Channel::Import).await, []);
    let nothing = store.register_advances(device, Channel::Import, all_time()).await.unwrap();
    assert_eq!(nothing.readings, []);
}

async fn many_reads_come_in_at_once(store: Store) {
    let device = device(&store).await;
    let reads = (0..3000).map(|hour: i64| Read::measured(day(1) + hour.hours(), Energy::from_mwh(hour * 7)));
    let hourly = MeterReport { reads: reads.collect(), ..report(device, &[], &[]) };
    let done = told(&store, &hourly, 0).await;
    assert_eq!((done.reads.inserted, done.readings.inserted), (3000, 2999));
    let again = told(&store, &hourly, 1).await;
    assert_eq!((again.reads.unchanged, again.readings.unchanged), (3000, 2999));
}

async fn a_register_with_readings_of_the_channels_own_gives_advances(store: Store) {
    let device = device(&store).await;
    let own = reading(day(1) + 6.hours(), 60, Some(5));
    store.ingest(&[batch(device, Channel::Import, vec![own])], now()).await.unwrap();
    let monthly = report(device, &[(1, 10), (11, 40), (21, 60)], &[]);
    let error = is(store.record_register(&monthly, Keep::Readings, now()).await, Kind::Conflict);
    assert!(matches!(error, Error::Energy(energy::Error::Overlap { .. })), "{error:?}");
    let advances = async |from: i8, to: i8| {
        let interval = Interval::new(day(from), day(to)).unwrap();
        let found = store.register_advances(device, Channel::Import, interval).await.unwrap().readings;
        found.iter().map(|reading| reading.energy()).collect::<Vec<_>>()
    };
    assert_eq!(advances(1, 21).await, [], "nothing of a refused report is kept");
    store.record_register(&monthly, Keep::Reads, now()).await.unwrap();
    assert_eq!(standing(&store, device, Channel::Import).await, [own]);
    assert_eq!(advances(1, 11).await, [Some(kwh(30))]);
    assert_eq!(advances(10, 12).await, [Some(kwh(30)), Some(kwh(20))]);
    assert_eq!(advances(22, 23).await, []);
    // A device of which a register is known is not removed.
    let other = self::device(&store).await;
    store.record_register(&report(other, &[(1, 1)], &[]), Keep::Reads, now()).await.unwrap();
    is(store.delete_device(other).await, Kind::Conflict);
}

async fn what_fills_a_hole_meets_nothing_that_is_known(store: Store) {
    let device = device(&store).await;
    let there = [reading(day(1), 60, Some(5)), reading(day(1) + 1.hour(), 120, None)];
    store.ingest(&[batch(device, Channel::Import, there.to_vec())], now()).await.unwrap();
    let fill = |hour: i64, mwh: i64| {
        let start = day(1) + hour.hours();
        let interval = Interval::new(start, start + 1.hour()).unwrap();
        Reading::new(interval, Some(Energy::from_mwh(mwh)), Quality::Substituted).unwrap()
    };
    // One of the two hours is not enough for the missing reading to go.
    let half = batch(device, Channel::Import, vec![fill(1, 6)]);
    is(store.fill_missing(&half, now() + 1.hour()).await, Kind::Conflict);
    let fills = batch(device, Channel::Import, (0..4).map(|hour| fill(hour, 6 + hour)).collect());
    let done = store.fill_missing(&fills, now() + 1.hour()).await.unwrap();
    assert_eq!((done.inserted, done.superseded), (3, 1));
    let expected = [there[0], fill(1, 7), fill(2, 8), fill(3, 9)];
    assert_eq!(standing(&store, device, Channel::Import).await, expected);
    let past = store.readings(device, Channel::Import, all_time(), Some(now())).await.unwrap();
    assert_eq!(past.iter().map(|recorded| recorded.reading).collect::<Vec<_>>(), there);
}

async fn a_withdrawn_read_joins_what_it_parted_and_stays_in_the_past(store: Store) {
    let device = device(&store).await;
    let withdrawn = |on: i8| MeterReport { withdrawn: vec![day(on)], ..report(device, &[], &[]) };
    told(&store, &report(device, &[(1, 10), (2, 20), (3, 30), (4, 33)], &[]), 0).await;
    let done = told(&store, &withdrawn(2), 1).await;
    assert_eq!((done.reads.superseded, done.readings.inserted, done.readings.superseded), (1, 1, 2));
    assert_eq!(energies(&store, device).await, [Some(20), Some(3)]);
    let again = told(&store, &withdrawn(2), 1).await;
    assert_eq!((again.reads.unchanged, again.reads.superseded, again.readings.superseded), (1, 0, 0));
    let past = store.readings(device, Channel::Import, all_time(), Some(now())).await.unwrap();
    assert_eq!(past.len(), 3);
    // At an end there is nothing to join: what followed is missing, until another read tells it.
    told(&store, &withdrawn(4), 2).await;
    told(&store, &withdrawn(1), 2).await;
    assert_eq!(energies(&store, device).await, [None, None]);
    told(&store, &report(device, &[(6, 90), (1, 12)], &[]), 3).await;
    assert_eq!(energies(&store, device).await, [Some(18), Some(60)]);
    // Told again, even at the same instant of the clock, a read stands again.
    told(&store, &withdrawn(3), 4).await;
    assert_eq!(energies(&store, device).await, [Some(78)]);
    let back = told(&store, &report(device, &[(3, 31)], &[]), 4).await;
    assert_eq!((back.reads.inserted, back.readings.inserted), (1, 2));
    assert_eq!(energies(&store, device).await, [Some(19), Some(59)]);
    let advances = store.register_advances(device, Channel::Import, all_time()).await.unwrap();
    assert_eq!(advances.readings.len(), 2);
    // What nobody told is not there to be withdrawn, and nothing is told and taken back at once.
    is(store.record_register(&withdrawn(5), Keep::Readings, now()).await, Kind::NotFound);
    let both = MeterReport { withdrawn: vec![day(3)], ..report(device, &[(3, 40)], &[]) };
    is(store.record_register(&both, Keep::Readings, now()).await, Kind::NotFound);
    assert_eq!(energies(&store, device).await, [Some(19), Some(59)]);
}
