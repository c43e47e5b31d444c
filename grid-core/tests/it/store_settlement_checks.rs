//! Settlements and the log, on every backend.

use std::sync::Arc;

use grid_core::{
    energy::{
        Channel, Role,
        settlement::{Amount, Contract, Kind as DocumentKind, MOST_COMPARED, Missing, Settlement, Statement},
        sharing::Key,
    },
    error::{Failure as _, Kind},
    proof::{LogKey, verify_consistency},
    quantity::Share,
    store::{Error, Issued, LogSigner, Page, SettlementRequest, Store, new_id},
    time::{Interval, Resolution},
};
use jiff::ToSpan as _;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    store::now,
    store_checks::{batch, checks, is, member, new_device, reading},
    store_street::{BEN_USES, ORIGIN, Street, by, days, eur, of, signing, sum, tariff},
};

checks! {
    whoever_joins_later_is_not_missing_before,
    a_statement_is_issued_once_and_verified_by_the_key_alone,
    a_late_reading_is_corrected_by_the_difference,
    periods_that_meet_are_refused,
    a_stale_settlement_is_refused,
    whose_devices_are_gone_gets_everything_back,
    what_was_issued_is_listed_in_the_order_of_the_log,
    the_log_is_consistent_between_all_its_heads,
    the_first_key_of_the_log_stays_the_first,
    a_bill_is_compared_with_a_few_keys_only,
    what_is_written_after_a_settlement_is_recorded_after_it,
    settlements_among_writers_come_out_the_same_again,
    two_corrections_in_the_wrong_order_of_their_clocks_never_stand_together,
}

async fn whoever_joins_later_is_not_missing_before(store: Store) {
    let street = Street::new(&store).await;
    let id = street.community.id;
    let eva = member("Eva", None, Role::Member);
    store.add_member(id, &eva, days(10)).await.unwrap();
    let device = new_device(&store, street.owner).await.id;
    store.add_device(id, device, eva.id, Some(street.day.end()), days(10)).await.unwrap();
    let next = reading(street.day.end(), 60, Some(1_000_000));
    store.ingest(&[batch(device, Channel::Consumption, vec![next])], days(11)).await.unwrap();
    let settlement = street.settled(&store, days(12)).await;
    assert_eq!(settlement.statements.len(), 2);
    // Who was there and has no readings is missing, also where the first one comes later.
    store.add_device(id, device, eva.id, Some(street.day.start()), days(12)).await.unwrap();
    let error = is(store.settle(&street.request(days(13)), days(13)).await, Kind::Conflict);
    let begins = street.day.end();
    assert!(
        matches!(&error, Error::NotBegun { device: of, channel: Channel::Consumption, member, begins: at, registers: 1 }
            if (*of, member.as_str(), *at) == (device, "Eva", begins)),
        "{error:?}"
    );
    assert!(error.hint().is_some());
    let request = SettlementRequest { missing: Missing::LeaveOut, ..street.request(days(13)) };
    let incomplete = store.settle(&request, days(13)).await.unwrap().statements;
    assert_eq!(of(&incomplete, eva.id).completeness, Share::NONE);
    let reports = store.register_reports(id, street.day).await.unwrap();
    let of_eva = reports.iter().find(|report| report.device == device).unwrap();
    assert_eq!((of_eva.expected, of_eva.known, of_eva.ask_again.len()), (24, 0, 1));
    // What was not known of her then changes no bill that stood.
    assert_eq!(street.settled(&store, days(12) - 1.second()).await.statements.len(), 2);
    assert_eq!(street.settled(&store, days(9)).await.statements.len(), 2);
    let first = reading(street.day.start(), 60, Some(1_000_000));
    store.ingest(&[batch(device, Channel::Consumption, vec![first])], days(13)).await.unwrap();
    let error = is(store.settle(&street.request(days(14)), days(14)).await, Kind::Conflict);
    assert!(error.to_string().contains("Eva"), "{error}");
    let request = SettlementRequest { missing: Missing::LeaveOut, ..street.request(days(14)) };
    assert_eq!(store.settle(&request, days(14)).await.unwrap().statements.len(), 3);
}

async fn a_statement_is_issued_once_and_verified_by_the_key_alone(store: Store) {
    let street = Street::new(&store).await;
    let settlement = street.settled(&store, days(1)).await;
    let issued = street.issued(&store, days(1)).await;
    assert_eq!(issued.documents, settlement.statements);
    // 1.5 kWh of Ana's surplus of 2 kWh, 24 times, at 0.10.
    assert_eq!(of(&issued.documents, street.ben).total, eur("3.60"));
    assert_eq!(of(&issued.documents, street.ana).total, eur("-3.60"));
    let public = signing().public_key();
    for document in &issued.documents {
        let stored = store.statement(document.id).await.unwrap();
        assert_eq!((&stored.statement().unwrap(), Some(stored.settlement)), (document, issued.id));
        let text = store.statement_bundle(document.id).await.unwrap().to_string();
        let verified = grid_core::proof::Bundle::parse(&text).unwrap().verify(&public).unwrap();
        assert_eq!((verified.origin(), verified.leaf_index()), (ORIGIN, stored.leaf));
        let other = LogKey::from_seed(&[8; 32]).unwrap().public_key();
        assert!(grid_core::proof::Bundle::parse(&text).unwrap().verify(&other).is_err());
        let changed = text.replace("3.60", "3.61").replace("3.600000", "3.610000");
        assert!(grid_core::proof::Bundle::parse(&changed).unwrap().verify(&public).is_err());
    }
    let head = store.log_head().await.unwrap().unwrap();
    let again = street.issued(&store, days(2)).await;
    assert_eq!(again, Issued { id: None, documents: Vec::new(), unchanged: 2 });
    assert_eq!(store.log_head().await.unwrap().unwrap(), head);
    assert_eq!(store.settlements(street.community.id, Page::FIRST).await.unwrap().items.len(), 1);
    is(store.statement(new_id(now())).await, Kind::NotFound);
    is(store.statement_bundle(new_id(now())).await, Kind::NotFound);
}

async fn a_late_reading_is_corrected_by_the_difference(store: Store) {
    let street = Street::new(&store).await;
    let first = street.issued(&store, days(1)).await;
    let texts: Vec<String> = texts(&store, &first.documents).await;
    // Ben used nothing in the first hour: 0.15 less for him, 0.15 less for Ana.
    street.ben_used(&store, 0, days(2)).await;
    let second = street.issued(&store, days(3)).await;
    assert_eq!((second.documents.len(), second.unchanged), (2, 0));
    for (document, before) in second.documents.iter().zip(&first.documents) {
        assert_eq!((document.kind, document.corrects), (DocumentKind::Correction, Some(before.id)));
    }
    assert_eq!(of(&second.documents, street.ben).total, eur("-0.15"));
    assert_eq!(of(&second.documents, street.ana).total, eur("0.15"));
    assert_eq!(self::texts(&store, &first.documents).await, texts);
    // What was told adds up to what would be told today.
    for member in [street.ana, street.ben] {
        let today = street.settled(&store, days(3)).await;
        assert_eq!(sum(&street.told(&store, member).await), of(&today.statements, member).total);
    }
    // A correction of the correction names it; taken back, all of it comes to what was told first.
    street.ben_used(&store, 4_000_000, days(4)).await;
    let third = street.issued(&store, days(5)).await;
    let ben = of(&third.documents, street.ben);
    assert_eq!(ben.corrects, Some(of(&second.documents, street.ben).id));
    // Of 4 kWh he had 2 of Ana's, and 2 from the grid at 0.20.
    assert_eq!(ben.total, eur("0.60"));
    street.ben_used(&store, BEN_USES, days(6)).await;
    let fourth = street.issued(&store, days(7)).await;
    assert_eq!(fourth.documents.len(), 2);
    for member in [street.ana, street.ben] {
        let told = street.told(&store, member).await;
        assert_eq!(told.len(), 4);
        assert_eq!(sum(&told[1..]), Amount::ZERO);
        assert_eq!(sum(&told), of(&first.documents, member).total);
    }
    for document in [first, second, third, fourth].iter().flat_map(|issued| &issued.documents) {
        let bundle = store.statement_bundle(document.id).await.unwrap();
        bundle.verify(&signing().public_key()).unwrap();
    }
    assert_eq!(street.issued(&store, days(8)).await.id, None);
}

async fn texts(store: &Store, documents: &[Statement]) -> Vec<String> {
    let mut texts = Vec::new();
    for document in documents {
        texts.push(store.statement(document.id).await.unwrap().document);
    }
    texts
}

async fn periods_that_meet_are_refused(store: Store) {
    let street = Street::new(&store).await;
    street.issued(&store, days(1)).await;
    let signer = LogSigner { key: &signing(), origin: ORIGIN };
    let (start, end) = (street.day.start(), street.day.end());
    for (from, to) in [(start, end - 1.hour()), (start + 1.hour(), end), (start + 1.hour(), end - 1.hour())] {
        let period = Interval::new(from, to).unwrap();
        let request = SettlementRequest { period, ..street.request(days(2)) };
        let settlement = store.settle(&request, days(2)).await.unwrap();
        let error = is(store.issue(&settlement, signer, by(days(2)), days(2)).await, Kind::Conflict);
        assert!(
            matches!(error, Error::PeriodsOverlap { got, other } if (got, other) == (period, street.day))
        );
        assert!(error.hint().is_some());
    }
    assert_eq!(store.settlements(street.community.id, Page::FIRST).await.unwrap().items.len(), 1);
}

async fn a_stale_settlement_is_refused(store: Store) {
    let street = Street::new(&store).await;
    let stale = street.settled(&store, days(1)).await;
    street.ben_used(&store, 0, days(2)).await;
    let issued = street.issued(&store, days(3)).await;
    assert_eq!(issued.documents.len(), 2);
    // It would take back what was learnt meanwhile.
    let signer = LogSigner { key: &signing(), origin: ORIGIN };
    let error = is(store.issue(&stale, signer, by(days(4)), days(4)).await, Kind::Conflict);
    assert!(
        matches!(error, Error::IssuedSince { got, issued } if (got, issued) == (days(1), days(3))),
        "{error:?}"
    );
    assert_eq!(street.told(&store, street.ben).await.len(), 1);
}

async fn whose_devices_are_gone_gets_everything_back(store: Store) {
    let street = Street::new(&store).await;
    let first = street.issued(&store, days(1)).await;
    let id = street.community.id;
    store.remove_device(id, street.of_ben, street.day.end(), days(2) - 1.hour()).await.unwrap();
    // Gone after the day is not gone in it.
    assert_eq!(street.issued(&store, days(2) - 1.minute()).await.documents, []);
    store.remove_device(id, street.of_ben, street.day.start(), days(2)).await.unwrap();
    let second = street.issued(&store, days(2)).await;
    assert_eq!(second.documents.len(), 2);
    let back = of(&second.documents, street.ben);
    assert_eq!(back.corrects, Some(of(&first.documents, street.ben).id));
    assert_eq!((back.total, back.kind), (eur("-3.60"), DocumentKind::Correction));
    for member in [street.ana, street.ben] {
        assert_eq!(sum(&street.told(&store, member).await), Amount::ZERO);
    }
    let energies = back.energy.checked_add(&of(&first.documents, street.ben).energy).unwrap();
    assert_eq!(energies, grid_core::energy::settlement::Quantities::default());
    // Once is enough, and whoever comes back is told again.
    assert_eq!(
        street.issued(&store, days(3)).await,
        Issued { id: None, documents: Vec::new(), unchanged: 2 }
    );
    store.add_device(id, street.of_ben, street.ben, Some(street.day.start()), days(4)).await.unwrap();
    street.issued(&store, days(5)).await;
    assert_eq!(sum(&street.told(&store, street.ben).await), eur("3.60"));
}

async fn what_was_issued_is_listed_in_the_order_of_the_log(store: Store) {
    let street = Street::new(&store).await;
    let id = street.community.id;
    let mut issued = vec![street.issued(&store, days(1)).await];
    for (mwh, day) in [(0, 2), (1_000_000, 3), (2_000_000, 4)] {
        street.ben_used(&store, mwh, days(day)).await;
        issued.push(street.issued(&store, days(day)).await);
    }
    let expected: Vec<Uuid> =
        issued.iter().flat_map(|issued| issued.documents.iter().map(|document| document.id)).collect();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.statements(id, None, None, (after, 3)).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.leaf);
        found.extend(page.iter().map(|stored| stored.id));
    }
    assert_eq!((found.len(), &found), (8, &expected));
    let of_ben = store.statements(id, Some(street.ben), Some(street.day), (None, 100)).await.unwrap();
    assert!(of_ben.len() == 4 && of_ben.iter().all(|stored| stored.member == street.ben));
    let next = Interval::new(street.day.end(), street.day.end() + 24.hours()).unwrap();
    assert!(store.statements(id, None, Some(next), (None, 100)).await.unwrap().is_empty());
    assert!(store.statements(id, None, None, (Some(u64::MAX), 100)).await.unwrap().is_empty());

    let first = store.settlements(id, Page { after: None, limit: 3 }).await.unwrap();
    let rest = store.settlements(id, Page { after: first.next, limit: 3 }).await.unwrap();
    let settlements: Vec<_> = first.items.into_iter().chain(rest.items).collect();
    assert_eq!(
        settlements.iter().map(|stored| Some(stored.id)).collect::<Vec<_>>(),
        issued.iter().map(|issued| issued.id).collect::<Vec<_>>()
    );
    for (stored, day) in settlements.iter().zip(1..) {
        assert_eq!((stored.period, stored.as_of, stored.issued_at), (street.day, days(day), days(day)));
        assert_eq!(stored.community, id);
        assert!(stored.account.contains("\"statements\":2"), "{}", stored.account);
    }
}

async fn the_log_is_consistent_between_all_its_heads(store: Store) {
    let street = Street::new(&store).await;
    let mut heads = Vec::new();
    for (mwh, day) in [(BEN_USES, 1), (0, 2), (1_000_000, 3), (2_000_000, 4), (10, 5)] {
        street.ben_used(&store, mwh, days(day)).await;
        street.issued(&store, days(day)).await;
        heads.push(store.log_head().await.unwrap().unwrap());
    }
    let public = signing().public_key();
    for (at, old) in heads.iter().enumerate() {
        assert_eq!(store.log_head_at(old.unverified().tree_size()).await.unwrap(), *old);
        for new in &heads[at..] {
            let [from, to] = [old, new].map(|head| head.unverified().tree_size());
            let path = store.log_consistency(from, to).await.unwrap();
            verify_consistency(old, new, &path, &public).unwrap();
            if from < to {
                is(store.log_consistency(to, from).await, Kind::Invalid);
            }
        }
    }
    let size = heads[4].unverified().tree_size();
    assert!(store.log_consistency(0, size).await.unwrap().is_empty());
    for too_large in [size + 1, u64::MAX] {
        is(store.log_consistency(size, too_large).await, Kind::NotFound);
        is(store.log_head_at(too_large).await, Kind::NotFound);
    }
    // No head was signed between two statements of one settlement.
    is(store.log_head_at(size - 1).await, Kind::NotFound);
}

async fn the_first_key_of_the_log_stays_the_first(store: Store) {
    assert!(store.log_keys().await.unwrap().is_empty());
    store.add_log_key("b", b"first", false, days(2)).await.unwrap();
    // Its clock goes after.
    store.add_log_key("a", b"second", true, days(1)).await.unwrap();
    is(store.add_log_key("b", b"third", false, days(3)).await, Kind::Conflict);
    let keys = store.log_keys().await.unwrap();
    let seen: Vec<_> = keys.iter().map(|key| (key.kid.as_str(), key.sealed, key.created_at)).collect();
    assert_eq!(seen, [("b", false, days(2)), ("a", true, days(1))]);
    store.seal_log_key("b", b"shut").await.unwrap();
    is(store.seal_log_key("c", b"shut").await, Kind::NotFound);
    let first = store.log_keys().await.unwrap().remove(0);
    assert_eq!((first.kid.as_str(), first.sealed, &first.pkcs8[..]), ("b", true, &b"shut"[..]));
}

async fn a_bill_is_compared_with_a_few_keys_only(store: Store) {
    let street = Street::new(&store).await;
    let compared = |count| SettlementRequest { compare: vec![Key::Equal; count], ..street.request(days(1)) };
    let settled = store.settle(&compared(MOST_COMPARED), days(1)).await.unwrap();
    // One more is the bill without the community.
    assert_eq!(of(&settled.statements, street.ben).comparisons.len(), MOST_COMPARED + 1);
    let error = is(store.settle(&compared(MOST_COMPARED + 1), days(1)).await, Kind::Invalid);
    assert_eq!(error.to_string(), "expected at most 8 keys to compare with, got 9");
    // Nothing is loaded for it.
    let nowhere = SettlementRequest { community: new_id(now()), ..compared(MOST_COMPARED + 1) };
    is(store.settle(&nowhere, days(1)).await, Kind::Invalid);
}

async fn what_is_written_after_a_settlement_is_recorded_after_it(store: Store) {
    let street = Street::new(&store).await;
    let (id, start) = (street.community.id, street.day.start());
    let before = street.settled(&store, days(1)).await;
    // Whoever writes now looked at the clock before, or has one that is behind.
    let then = days(0);
    let known = |settlement: &Settlement| settlement.statements.clone();
    let mut last = known(&before);
    for change in 0..4 {
        match change {
            0 => street.ben_used(&store, 2 * BEN_USES, then).await,
            1 => store.set_key(id, &Key::Equal, start, then).await.unwrap(),
            2 => drop(store.add_tariff(id, Some(street.ben), &tariff("0.90"), then).await.unwrap()),
            _ => store.remove_device(id, street.of_ben, start, then).await.unwrap(),
        }
        assert_eq!(known(&street.settled(&store, days(1)).await), known(&before), "after change {change}");
        // It is there, though, and counts as soon as somebody looks again.
        let now = known(&street.settled(&store, days(2 + change)).await);
        assert_ne!(amounts(&now), amounts(&last), "after change {change}");
        last = now;
    }
    let contract = Contract::default().with_resolution(Resolution::QUARTER_HOUR).unwrap();
    store.set_contract(id, &contract, start, then).await.unwrap();
    assert_eq!(known(&street.settled(&store, days(1)).await), known(&before));
    let contracts = store.contracts(id).await.unwrap();
    assert!(contracts.last().unwrap().created_at > days(5), "{contracts:?}");
}

fn amounts(statements: &[Statement]) -> Vec<(Uuid, Amount)> {
    statements.iter().map(|statement| (statement.member.id, statement.total)).collect()
}

async fn settlements_among_writers_come_out_the_same_again(store: Store) {
    let street = Arc::new(Street::new(&store).await);
    let mut writing = JoinSet::new();
    for writer in 0..4_i64 {
        let (store, street) = (store.clone(), Arc::clone(&street));
        writing.spawn(async move {
            for turn in 0..10 {
                street.ben_used(&store, BEN_USES + 10 * turn + writer, days(1) + turn.seconds()).await;
            }
        });
    }
    let mut settled = Vec::new();
    while settled.len() < 10 || !writing.is_empty() {
        let turn = i64::try_from(settled.len()).unwrap();
        let as_of = days(1) + turn.seconds();
        settled.push((as_of, street.settled(&store, as_of).await));
        while let Some(written) = writing.try_join_next() {
            written.unwrap();
        }
    }
    for (as_of, before) in settled {
        assert_eq!(street.settled(&store, as_of).await.statements, before.statements, "{as_of}");
    }
}

async fn two_corrections_in_the_wrong_order_of_their_clocks_never_stand_together(store: Store) {
    let street = Street::new(&store).await;
    street.ben_used(&store, BEN_USES + 1, days(3)).await;
    street.ben_used(&store, BEN_USES + 2, days(1)).await;
    let first = Interval::new(street.day.start(), street.day.start() + 1.hour()).unwrap();
    for day in 0..5 {
        let stood =
            store.readings(street.of_ben, Channel::Consumption, first, Some(days(day))).await.unwrap();
        assert_eq!(stood.len(), 1, "on day {day}: {stood:?}");
    }
    let now = store.readings(street.of_ben, Channel::Consumption, first, None).await.unwrap();
    assert_eq!(now[0].reading.energy().unwrap().as_mwh(), BEN_USES + 2, "the one that was written last");
}
