//! Which member a device counts for, and when, on every backend.

use grid_core::{
    energy::{
        Channel, Reading, Role,
        ingest::{Layout, read_csv},
        settlement::{Missing, Quantities, Settlement},
    },
    error::Kind,
    quantity::{Energy, Share},
    series::Quality,
    store::{SettlementRequest, Store},
    time::{Interval, Resolution},
};
use jiff::{Timestamp, ToSpan as _, civil::date};
use uuid::Uuid;

use crate::{
    store::{at, now},
    store_checks::{batch, checks, is, member, new_community, new_device, new_user, reading},
    store_street::{Street, days, of, sum},
};

checks! {
    what_was_known_of_a_device_can_be_asked_for,
    a_device_is_moved_within_its_community_alone,
    a_device_that_moves_in_mid_month_is_billed_to_each_for_their_time,
    a_removal_changes_nothing_that_was_settled,
    a_moved_device_is_summed_and_balanced_as_one,
    a_file_means_the_device_that_counted_then,
    many_who_move_a_device_at_once_move_it_one_after_the_other,
}

/// Whose a device was, from when and until when, as it was known by an instant.
async fn whose(
    store: &Store,
    community: Uuid,
    as_of: Option<Timestamp>,
) -> Vec<(Uuid, Option<Timestamp>, Option<Timestamp>)> {
    let placed = store.community_devices(community, as_of).await.unwrap();
    placed
        .iter()
        .map(|placed| (placed.stretch.member, placed.stretch.from(), placed.stretch.until()))
        .collect()
}

async fn what_was_known_of_a_device_can_be_asked_for(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let ana = store.members(community).await.unwrap()[0].id;
    let ben = member("Ben", None, Role::Member);
    store.add_member(community, &ben, now()).await.unwrap();
    let device = new_device(&store, owner).await.id;
    let [march, april] = ["2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"].map(at);

    store.add_device(community, device, ana, None, days(1)).await.unwrap();
    store.add_device(community, device, ana, Some(march), days(2)).await.unwrap();
    is(store.add_device(community, device, ben.id, Some(april), days(2)).await, Kind::Conflict);
    store.move_device(community, device, ben.id, april, days(3)).await.unwrap();
    store.move_device(community, device, ben.id, april, days(3)).await.unwrap();
    // Two things at one instant of the clock: the later one stands.
    store.remove_device(community, device, april + 24.hours(), days(4)).await.unwrap();
    store.remove_device(community, device, april + 48.hours(), days(4)).await.unwrap();
    store.add_device(community, device, ana, None, days(40)).await.unwrap();

    let end = april + 24.hours();
    let states = [
        (days(0), vec![]),
        (days(1), vec![(ana, None, None)]),
        (days(2), vec![(ana, Some(march), None)]),
        (days(3), vec![(ana, Some(march), Some(april)), (ben.id, Some(april), None)]),
        (days(5), vec![(ana, Some(march), Some(april)), (ben.id, Some(april), Some(end))]),
    ];
    for (as_of, expected) in &states {
        assert_eq!(whose(&store, community, Some(*as_of)).await, *expected, "{as_of}");
    }
    let last = whose(&store, community, None).await;
    assert_eq!(last.len(), 3);
    assert_eq!(last[2], (ana, Some(days(40)), None));
    let said = store.placements(community, device).await.unwrap();
    assert_eq!(said.len(), 5, "what changes nothing is not said: {said:?}");
    assert!(said.windows(2).all(|pair| pair[0].recorded_at < pair[1].recorded_at));
    assert_eq!(store.communities_of_device(device).await.unwrap(), [community]);
    // Taken back as a whole it counts nowhere, and what was known stays.
    store.remove_device(community, device, Timestamp::MIN, days(50)).await.unwrap();
    assert_eq!(whose(&store, community, None).await, []);
    assert!(store.communities_of_device(device).await.unwrap().is_empty());
    assert_eq!(whose(&store, community, Some(days(3))).await, states[3].1);
}

async fn a_device_is_moved_within_its_community_alone(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let ana = store.members(community).await.unwrap()[0].id;
    let ben = member("Ben", None, Role::Member);
    store.add_member(community, &ben, now()).await.unwrap();
    let device = new_device(&store, owner).await.id;
    is(store.move_device(community, device, ben.id, now(), now()).await, Kind::NotFound);
    store.add_device(community, device, ana, None, now()).await.unwrap();
    let elsewhere = new_community(&store, owner).await.id;
    let stranger = store.members(elsewhere).await.unwrap()[0].id;
    is(store.move_device(community, device, stranger, now(), now()).await, Kind::NotFound);
    is(store.move_device(elsewhere, device, stranger, now(), now()).await, Kind::NotFound);
    store.remove_device(community, device, days(2), now()).await.unwrap();
    is(store.move_device(community, device, ben.id, days(2), now()).await, Kind::NotFound);
    // One that is not there is removed without a word.
    store.remove_device(elsewhere, device, now(), now()).await.unwrap();
    assert_eq!(whose(&store, community, None).await, [(ana, None, Some(days(2)))]);
}

/// A settlement as a program that verifies it would get it.
fn bytes(settlement: &Settlement) -> (String, String) {
    (
        serde_json::to_string(&settlement.statements).unwrap(),
        serde_json::to_string(&settlement.account).unwrap(),
    )
}

fn total(statements: &[grid_core::energy::settlement::Statement]) -> Quantities {
    statements.iter().fold(Quantities::default(), |sum, one| sum.checked_add(&one.energy).unwrap())
}

/// Hours of one energy, from an instant to another.
fn hours(month: Interval, mwh: i64) -> Vec<Reading> {
    let hours = i64::try_from(month.duration().as_secs() / 3600).unwrap();
    (0..hours).map(|hour| reading(month.start() + hour.hours(), 60, Some(mwh + hour))).collect()
}

async fn a_device_that_moves_in_mid_month_is_billed_to_each_for_their_time(store: Store) {
    let street = Street::new(&store).await;
    let id = street.community.id;
    let month = |month| street.community.calendar.month(2026, month).unwrap();
    let (may, june) = (month(5), month(6));
    let ana_uses = new_device(&store, street.owner).await.id;
    store.add_device(id, ana_uses, street.ana, None, now()).await.unwrap();
    for period in [may, june] {
        let batches = [
            batch(ana_uses, Channel::Generation, hours(period, 2_000_000)),
            batch(street.of_ben, Channel::Consumption, hours(period, 1_500_000)),
        ];
        store.ingest(&batches, days(100)).await.unwrap();
    }
    // The other meter of Ana's has nothing of these months.
    let first = store.community_devices(id, None).await.unwrap();
    let idle = first.iter().find(|placed| ![ana_uses, street.of_ben].contains(&placed.device.id)).unwrap();
    store.remove_device(id, idle.device.id, street.day.end(), days(101)).await.unwrap();
    let settle = async |period, as_of: Timestamp| {
        let request = SettlementRequest { period, ..street.request(as_of) };
        // Issued before what is said below, so that all of it is known as it is said.
        store.settle(&request, days(110)).await.unwrap()
    };
    // The future counts as it is known: these days are after all that is said below.
    let before = [settle(may, days(130)).await, settle(june, days(130)).await];

    // Eva takes the flat over on 10 June at 10:20, within an hour; that is told only in July.
    let eva = member("Eva", None, Role::Member);
    store.add_member(id, &eva, days(120)).await.unwrap();
    let moved = street.community.calendar.day(date(2026, 6, 10)).unwrap().start() + 620.minutes();
    store.move_device(id, street.of_ben, eva.id, moved, days(121)).await.unwrap();

    assert_eq!(bytes(&settle(may, days(130)).await), bytes(&before[0]));
    assert_eq!(settle(june, days(120)).await.statements.len(), 2, "before anybody knew");
    let after = settle(june, days(130)).await;
    assert_eq!(after.statements.len(), 3);
    let [old, new] = [&before[1].statements, &after.statements];
    assert!(new.iter().all(|one| (one.completeness, one.quality) == (Share::WHOLE, Quality::Measured)));
    assert_eq!(total(new).consumption_kwh, total(old).consumption_kwh);
    assert_eq!(total(new).received_kwh, total(new).given_kwh);
    assert_eq!(total(new).received_kwh, total(old).received_kwh);
    assert_eq!(of(new, street.ana).energy, of(old, street.ana).energy);
    let (ben, eva) = (of(new, street.ben).energy, of(new, eva.id).energy);
    let stayed = of(old, street.ben).energy;
    assert_eq!(
        Energy::checked_sum([ben.consumption_kwh, eva.consumption_kwh]).unwrap(),
        stayed.consumption_kwh
    );
    assert_eq!(Energy::checked_sum([ben.received_kwh, eva.received_kwh]).unwrap(), stayed.received_kwh);
    // Whole hours until 10 June 10:00 and 20 minutes of the next, by hand: hour n has 1.5 kWh and n mWh.
    let whole = 9 * 24 + 10;
    let expected = (0..whole).map(|hour| 1_500_000 + hour).sum::<i64>() + (1_500_000 + whole) / 3;
    assert_eq!(ben.consumption_kwh.as_mwh(), expected);
    assert_eq!(after.account.total, sum(new));
    assert_eq!(after.account.energy, total(new));
}

async fn a_removal_changes_nothing_that_was_settled(store: Store) {
    let street = Street::new(&store).await;
    let id = street.community.id;
    let settled = async |as_of: Timestamp| store.settle(&street.request(as_of), days(1)).await.unwrap();
    let (stood, later) = (settled(days(1)).await, settled(days(9)).await);
    let issued = street.issued(&store, days(1)).await;
    assert_eq!(issued.documents.len(), 2);
    store.remove_device(id, street.of_ben, days(3), days(3)).await.unwrap();
    for (as_of, before) in [(days(1), &stood), (days(9), &later)] {
        assert_eq!(bytes(&settled(as_of).await), bytes(before));
    }
    assert_eq!(street.issued(&store, days(9)).await.documents, []);
    // Nor does somebody who takes it over afterwards, or comes with a device of their own.
    store.add_device(id, street.of_ben, street.ana, None, days(4)).await.unwrap();
    let device = new_device(&store, street.owner).await.id;
    store.add_device(id, device, street.ben, Some(days(4)), days(4)).await.unwrap();
    let next = vec![reading(days(5), 60, Some(7))];
    store.ingest(&[batch(device, Channel::Import, next)], days(5)).await.unwrap();
    assert_eq!(bytes(&settled(days(9)).await), bytes(&later));
    // A register that nobody knew of is not missing in what stood, whatever is told of it later.
    let late = new_device(&store, street.owner).await.id;
    store.add_device(id, late, street.ben, None, now()).await.unwrap();
    store.ingest(&[batch(late, Channel::Consumption, hours(street.day, 5))], days(10)).await.unwrap();
    assert_eq!(bytes(&settled(days(9)).await), bytes(&later));
    assert_ne!(settled(days(10)).await.account.energy, later.account.energy);
}

async fn a_moved_device_is_summed_and_balanced_as_one(store: Store) {
    let street = Street::new(&store).await;
    let id = street.community.id;
    let before = store.balance(id, street.day, Some(Resolution::HOUR), None).await.unwrap();
    let noon = street.day.start() + 12.hours() + 10.minutes();
    store.move_device(id, street.of_ben, street.ana, noon, days(1)).await.unwrap();
    let after = store.balance(id, street.day, Some(Resolution::HOUR), None).await.unwrap();
    assert_eq!(
        (after.consumption_kwh, after.generation_kwh),
        (before.consumption_kwh, before.generation_kwh)
    );
    assert_eq!((after.completeness, after.import_kwh), (Share::WHOLE, before.import_kwh));
    // 12 hours and a sixth of 1.5 kWh.
    let ben = after.members.iter().find(|one| one.member_id == street.ben).unwrap();
    assert_eq!(ben.consumption_kwh.unwrap().as_mwh(), 12 * 1_500_000 + 250_000);

    let sums = async || {
        let of = grid_core::store::Of::Community(id);
        let sums =
            store.sums(of, Some(Channel::Consumption), street.day, Resolution::Day, None).await.unwrap();
        let slot = &sums[0].1[0];
        (slot.energy.map(Energy::as_mwh), slot.quality, slot.completeness)
    };
    assert_eq!(sums().await, (Some(24 * 2_500_000), Quality::Measured, Share::WHOLE));
    // What it counts when it has left is not the community's, and nothing of it is missing.
    store.remove_device(id, street.of_ben, noon, days(2)).await.unwrap();
    let left = 24 * 1_000_000 + 12 * 1_500_000 + 250_000;
    assert_eq!(sums().await, (Some(left), Quality::Measured, Share::WHOLE));
    let reports = store.register_reports(id, street.day).await.unwrap();
    let of_ben = reports.iter().find(|report| report.device == street.of_ben).unwrap();
    assert_eq!((of_ben.expected, of_ben.known, of_ben.completeness), (13, 13, Share::WHOLE));
    let request = SettlementRequest { missing: Missing::Refuse, ..street.request(days(3)) };
    let settled = store.settle(&request, days(3)).await.unwrap();
    assert_eq!(of(&settled.statements, street.ben).energy.consumption_kwh.as_mwh(), 12 * 1_500_000 + 250_000);
    assert_ne!(settled.account.energy.consumption_kwh, Energy::ZERO);
    assert_eq!(settled.account.total, sum(&settled.statements));
}

async fn a_file_means_the_device_that_counted_then(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let file = |day: u8, kwh: &str| {
        let text = format!(
            "device,member,channel,start,end,energy_kwh\n\
             meter,Ana 2,import,2026-01-{day:02}T10:00:00Z,2026-01-{day:02}T11:00:00Z,{kwh}\n"
        );
        read_csv(text.as_bytes(), "file.csv", Layout::Community).unwrap()
    };
    store.import_community(community, owner, file(1, "1"), days(0)).await.unwrap();
    let old = store.community_devices(community, None).await.unwrap().remove(0);
    let exchange = at("2026-01-05T12:00:00Z");
    store.remove_device(community, old.device.id, exchange, days(1)).await.unwrap();
    let unnamed = new_device(&store, owner).await;
    let mut new = unnamed.clone();
    new.name = old.device.name.clone();
    store.update_device(&unnamed, &new).await.unwrap();
    store.add_device(community, new.id, old.stretch.member, Some(exchange), days(1)).await.unwrap();
    // The old one's past, and the new one's present, by one name.
    for (day, device) in [(2, old.device.id), (8, new.id)] {
        let done = store.import_community(community, owner, file(day, "2"), days(2)).await.unwrap();
        assert_eq!((done.devices_created, done.members_created, done.inserted), (0, 0, 1));
        let start = at(&format!("2026-01-{day:02}T10:00:00Z"));
        let hour = Interval::new(start, start + 1.hour()).unwrap();
        assert_eq!(store.readings(device, Channel::Import, hour, None).await.unwrap().len(), 1);
    }
}

async fn many_who_move_a_device_at_once_move_it_one_after_the_other(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let ana = store.members(community).await.unwrap()[0].id;
    let device = new_device(&store, owner).await.id;
    store.add_device(community, device, ana, None, now()).await.unwrap();
    let mut members = Vec::new();
    for number in 0..4 {
        let other = member(&format!("Casa {number}"), None, Role::Member);
        store.add_member(community, &other, now()).await.unwrap();
        members.push(other.id);
    }
    let mut moves = tokio::task::JoinSet::new();
    for &member in &members {
        let store = store.clone();
        moves.spawn(
            async move { store.move_device(community, device, member, days(1), now()).await.unwrap() },
        );
    }
    moves.join_all().await;
    let stands = whose(&store, community, None).await;
    assert_eq!((stands.len(), stands[0]), (2, (ana, None, Some(days(1)))));
    assert!(members.contains(&stands[1].0));
    assert_eq!(store.placements(community, device).await.unwrap().len(), 5);
}
