//! What looks wrong in readings, how complete they are, and what is put in where they are missing, on every backend.

use grid_core::{
    energy::{
        Channel, Reading,
        meter::Read,
        substitute::{Method, Rules},
        validate::Rule,
    },
    error::Kind,
    quantity::{Energy, Share},
    series::Quality,
    store::{Keep, MeterReport, Store, SubstitutionRequest, new_id},
    time::{Interval, Resolution},
};
use jiff::{Timestamp, ToSpan as _};

use crate::{
    store::{at, now},
    store_checks::{all_time, batch, checks, is, new_device, new_user, reading, standing},
};

checks! {
    findings_are_by_channel_and_go_by_the_device,
    completeness_is_by_channel_and_names_the_gaps,
    substitutes_come_to_what_the_register_counted,
}

fn hour(hour: i64) -> Timestamp {
    at("2026-01-01T00:00:00Z") + hour.hours()
}

fn hours(first: i64, last: i64) -> Interval {
    Interval::new(hour(first), hour(last)).unwrap()
}

/// Readings of an hour each, in kilowatt-hours.
fn readings(kwh: &[Option<i64>]) -> Vec<Reading> {
    let known = (0..).zip(kwh).filter_map(|(at, kwh)| kwh.map(|kwh| (at, kwh)));
    known.map(|(at, kwh)| reading(hour(at), 60, Some(kwh * 1_000_000))).collect()
}

async fn findings_are_by_channel_and_go_by_the_device(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    // The device can do 4.6 kW.
    let batches = [
        batch(device, Channel::Import, readings(&[Some(1), Some(2), None, Some(9)])),
        batch(device, Channel::Export, readings(&[Some(1), None, Some(1), Some(2)])),
    ];
    store.ingest(&batches, now()).await.unwrap();
    let found = async |channel, resolution| {
        let found = store.findings(device, channel, hours(0, 4), resolution, now()).await.unwrap();
        found
            .into_iter()
            .map(|(channel, finding)| (channel, finding.rule, finding.interval))
            .collect::<Vec<_>>()
    };
    let of_import =
        [(Channel::Import, Rule::Gap, hours(2, 3)), (Channel::Import, Rule::ImpossiblePower, hours(3, 4))];
    let of_export = [(Channel::Export, Rule::Gap, hours(1, 2))];
    assert_eq!(found(None, None).await, [&of_import[..], &of_export].concat());
    assert_eq!(found(Some(Channel::Export), Some(Resolution::HOUR)).await, of_export);
    assert_eq!(found(Some(Channel::Charge), None).await, []);
    is(store.findings(new_id(now()), None, hours(0, 4), None, now()).await, Kind::NotFound);
    for resolution in [None, Some(Resolution::QUARTER_HOUR)] {
        is(store.findings(device, None, all_time(), resolution, now()).await, Kind::TooLarge);
    }
}

async fn completeness_is_by_channel_and_names_the_gaps(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let batches = [
        batch(device, Channel::Import, readings(&[Some(1), Some(2), None, Some(0)])),
        batch(device, Channel::Export, readings(&[Some(1), Some(1), Some(1), Some(1)])),
    ];
    store.ingest(&batches, now()).await.unwrap();
    let all = store.completeness(device, None, hours(0, 4)).await.unwrap();
    let seen: Vec<_> =
        all.iter().map(|(channel, found)| (*channel, found.completeness, found.readings[0])).collect();
    let most = Share::from_ppm(750_000).unwrap();
    assert_eq!(seen, [(Channel::Import, most, 3), (Channel::Export, Share::WHOLE, 4)]);
    assert_eq!((&all[0].1.gaps[..], &all[1].1.gaps[..]), (&[hours(2, 3)][..], &[][..]));
    let one = store.completeness(device, Some(Channel::Export), hours(0, 4)).await.unwrap();
    assert_eq!(one, all[1..]);
    assert_eq!(store.completeness(new_id(now()), None, hours(0, 4)).await.unwrap(), []);
}

async fn substitutes_come_to_what_the_register_counted(store: Store) {
    let device = new_device(&store, new_user(&store).await).await.id;
    let known = readings(&[Some(1), Some(1), None, None, Some(2), Some(2)]);
    store.ingest(&[batch(device, Channel::Import, known.clone())], now()).await.unwrap();
    let counted = |at: i64, kwh: i64| Read::measured(hour(at), Energy::from_mwh(kwh * 1_000_000));
    let report = MeterReport {
        device,
        channel: Channel::Import,
        reads: vec![counted(0, 1000), counted(6, 1013)],
        events: Vec::new(),
        withdrawn: Vec::new(),
        modulus: None,
        multiplier: None,
    };
    store.record_register(&report, Keep::Reads, now()).await.unwrap();
    let request = SubstitutionRequest {
        device,
        channel: Channel::Import,
        period: hours(0, 6),
        resolution: None,
        advances: None,
        rules: Rules::default(),
    };
    let found = store.substitutes(&request).await.unwrap();
    assert_eq!((found.resolution, &found.remarks[..]), (Resolution::HOUR, &[][..]));
    let filled: Vec<_> = found.fills.iter().map(|fill| (fill.interval, fill.method)).collect();
    let line = Method::LinearInterpolation;
    assert_eq!(filled, [(hours(2, 3), line), (hours(3, 4), line)]);
    // Of 13 kWh 6 are known. The line has 1.333333 and 1.666667, so that the 7 are parted into 3111110.33 and 3888889.67.
    let energies: Vec<_> = found.fills.iter().map(|fill| fill.energy.as_mwh()).collect();
    assert_eq!(energies, [3_111_110, 3_888_890]);
    assert_eq!(standing(&store, device, Channel::Import).await, known);
    // What somebody tells goes before the register: 4 kWh are left of 10.
    let told = Reading::new(hours(0, 6), Some(Energy::from_mwh(10_000_000)), Quality::Measured).unwrap();
    let other = SubstitutionRequest { advances: Some(vec![told]), ..request.clone() };
    let sum: i64 =
        store.substitutes(&other).await.unwrap().fills.iter().map(|fill| fill.energy.as_mwh()).sum();
    assert_eq!(sum, 4_000_000);

    let filling = found.batch(device, Channel::Import).unwrap();
    assert_eq!(store.fill_missing(&filling, now()).await.unwrap().inserted, 2);
    let after = standing(&store, device, Channel::Import).await;
    let qualities: Vec<_> = after.iter().map(|reading| reading.quality()).collect();
    let (measured, put_in) = (Quality::Measured, Quality::Substituted);
    assert_eq!(qualities, [measured, measured, put_in, put_in, measured, measured]);
    assert_eq!(store.substitutes(&request).await.unwrap().fills, []);
    is(
        store.substitutes(&SubstitutionRequest { device: new_id(now()), ..request.clone() }).await,
        Kind::NotFound,
    );
    is(store.substitutes(&SubstitutionRequest { period: all_time(), ..request }).await, Kind::TooLarge);
}
