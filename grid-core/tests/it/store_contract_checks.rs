//! What a community agrees, and the bill that stands by it, on every backend.

use grid_core::{
    energy::{
        Channel,
        settlement::{Amount, Contract, Settlement},
        sharing::{Cascade, Key, Priority, SharingKey},
        tariff::Tariff,
    },
    error::Kind,
    quantity::{Currency, Price, Share},
    store::{Page, SettlementRequest, Store, new_id},
    time::{Interval, Resolution},
};
use jiff::{SignedDuration, ToSpan as _};
use uuid::Uuid;

use crate::{
    store::{at, now},
    store_checks::{batch, checks, is, new_device},
    store_street::{Street, days, eur, of, tariff},
};

checks! {
    what_is_agreed_is_only_added_to,
    a_key_of_every_kind_comes_back_and_names_members_only,
    prices_replace_each_other_as_far_as_they_go,
    a_series_has_one_currency_and_a_name,
    the_bill_as_it_stood_is_not_changed_by_anything_later,
}

async fn what_is_agreed_is_only_added_to(store: Store) {
    let street = Street::new(&store).await;
    let id = street.community.id;
    let second = Contract::default().with_resolution(Resolution::QUARTER_HOUR).unwrap();
    store.set_contract(id, &second, at("2026-01-01T00:00:00Z"), days(1)).await.unwrap();
    let contracts = store.contracts(id).await.unwrap();
    let day = jiff::civil::date(2026, 1, 1);
    let seen: Vec<_> = contracts
        .iter()
        .map(|stored| (stored.contract.resolution_on(day).unwrap(), stored.created_at))
        .collect();
    assert_eq!(seen, [(Resolution::HOUR, now()), (Resolution::QUARTER_HOUR, days(1))]);

    let own = store.add_tariff(id, Some(street.ben), &tariff("0.30"), days(1)).await.unwrap();
    let tariffs = store.tariffs(id).await.unwrap();
    assert_eq!(tariffs.len(), 2);
    assert_eq!((tariffs[1].id, tariffs[1].member), (own, Some(street.ben)));
    assert_eq!(tariffs[1].tariff, tariff("0.30"));
    // A page at a time, and what one member sees.
    let page = |after, limit| Page { after, limit };
    let first = store.tariff_page(id, None, page(None, 1)).await.unwrap();
    assert_eq!((first.items.as_slice(), first.next), (&tariffs[..1], Some(tariffs[0].id)));
    let rest = store.tariff_page(id, None, page(first.next, 1)).await.unwrap();
    assert_eq!((rest.items.as_slice(), rest.next), (&tariffs[1..], None));
    let of = async |member| store.tariff_page(id, Some(member), page(None, 9)).await.unwrap().items;
    assert_eq!(of(street.ben).await, tariffs);
    assert_eq!(of(street.ana).await, tariffs[..1]);
    // By when they begin.
    let begins: Vec<_> = contracts.iter().map(|stored| stored.valid_from).collect();
    assert!(begins.is_sorted());
    for (skipped, from) in begins.iter().enumerate().filter(|(at, from)| *at == 0 || begins[at - 1] < **from)
    {
        let found = store.first_contracts(id, Some(*from), 1).await.unwrap();
        assert_eq!(found, contracts[skipped..=skipped]);
    }
    assert_eq!(store.first_contracts(id, None, 9).await.unwrap(), contracts);

    let nowhere = new_id(now());
    let stranger = Street::new(&store).await.ben;
    is(store.set_contract(nowhere, &second, now(), now()).await, Kind::NotFound);
    is(store.add_tariff(nowhere, None, &tariff("0.30"), now()).await, Kind::NotFound);
    is(store.add_tariff(id, Some(stranger), &tariff("0.30"), now()).await, Kind::NotFound);
    let hour = Interval::new(now(), now() + 1.hour()).unwrap();
    let price = Price::from_micros_per_kwh(1, Currency::EUR);
    is(store.add_prices(nowhere, "spot", &[(hour, price)], now()).await, Kind::NotFound);
    is(
        store.settle(&SettlementRequest { community: nowhere, ..street.request(now()) }, now()).await,
        Kind::NotFound,
    );
    assert!(store.contracts(nowhere).await.unwrap().is_empty());
    assert_eq!(store.contracts(id).await.unwrap().len(), 2);
}

async fn a_key_of_every_kind_comes_back_and_names_members_only(store: Store) {
    let street = Street::new(&store).await;
    let (id, ana, ben) = (street.community.id, street.ana.to_string(), street.ben.to_string());
    let shares = |first: &str, second: &str| {
        let [part, rest] = [250_000, 750_000].map(|ppm| Share::from_ppm(ppm).unwrap());
        Key::Static(SharingKey::new(vec![(first.to_owned(), part), (second.to_owned(), rest)]).unwrap())
    };
    let groups = |first: &str, second: &str| {
        Key::Priority(Priority::new(vec![vec![first.to_owned()], vec![second.to_owned()]]).unwrap())
    };
    let cascade = |first: Key, then: Key| Key::Cascade(Cascade::new(first, then).unwrap());
    let stranger = Street::new(&store).await.ben.to_string();
    let all = [
        Key::Proportional,
        Key::Equal,
        shares(&ana, &ben),
        groups(&ben, &ana),
        cascade(groups(&ana, &ben), cascade(shares(&ana, &ben), Key::Proportional)),
    ];
    for (key, day) in all.iter().zip(1..) {
        store.set_key(id, key, days(day), days(day)).await.unwrap();
        assert_eq!(store.key(id, days(day)).await.unwrap().as_ref(), Some(key));
    }
    let kept: Vec<Key> = store.keys(id).await.unwrap().into_iter().map(|(_, key)| key).collect();
    assert_eq!(kept, all);
    let some = store.first_keys(id, Some(days(2)), 2).await.unwrap();
    assert_eq!(some.into_iter().map(|(_, key)| key).collect::<Vec<_>>(), all[1..3]);
    for key in [shares(&ana, &stranger), groups(&stranger, &ben), cascade(Key::Equal, groups("nobody", &ben))]
    {
        is(store.set_key(id, &key, days(9), days(9)).await, Kind::NotFound);
    }
    assert_eq!(store.keys(id).await.unwrap().len(), all.len());
}

fn price(interval: (&str, &str), micros: i64) -> (Interval, Price) {
    (Interval::parse(interval.0, interval.1).unwrap(), Price::from_micros_per_kwh(micros, Currency::EUR))
}

async fn prices_replace_each_other_as_far_as_they_go(store: Store) {
    let id = Street::new(&store).await.community.id;
    let t = |hour: u32, minute: u32| format!("2026-03-01T{hour:02}:{minute:02}:00Z");
    let slot = |from: (u32, u32), to: (u32, u32), micros| price((&t(from.0, from.1), &t(to.0, to.1)), micros);
    let hours = [slot((0, 0), (1, 0), 10), slot((1, 0), (2, 0), 20), slot((2, 0), (3, 0), 30)];
    store.add_prices(id, "spot", &hours, days(0)).await.unwrap();
    store.add_prices(id, "other", &hours[..1], days(0)).await.unwrap();
    // A part of an hour, then what reaches over the end of two.
    store.add_prices(id, "spot", &[slot((0, 15), (0, 30), 11)], days(1)).await.unwrap();
    store.add_prices(id, "spot", &[slot((1, 30), (2, 30), 25)], days(2)).await.unwrap();
    store.add_prices(id, "spot", &[slot((2, 0), (3, 0), 31)], days(3)).await.unwrap();
    let day = Interval::parse(&t(0, 0), &t(23, 0)).unwrap();
    let known = async |as_of| store.prices(id, day, as_of).await.unwrap().series("spot").unwrap().to_vec();
    assert_eq!(known(days(0)).await, hours);
    let first = [slot((0, 0), (0, 15), 10), slot((0, 15), (0, 30), 11), slot((0, 30), (1, 0), 10)];
    assert_eq!(known(days(1)).await, [&first[..], &hours[1..]].concat());
    let second = [slot((1, 0), (1, 30), 20), slot((1, 30), (2, 30), 25), slot((2, 30), (3, 0), 30)];
    assert_eq!(known(days(2)).await, [&first[..], &second[..]].concat());
    let third = [slot((1, 0), (1, 30), 20), slot((1, 30), (2, 0), 25), slot((2, 0), (3, 0), 31)];
    assert_eq!(known(days(3)).await, [&first[..], &third[..]].concat());
    // The first of them are the same, however many are wanted and wherever they begin.
    for (known, as_of) in [(hours.to_vec(), days(0)), ([&first[..], &third[..]].concat(), days(3))] {
        for (skipped, (from, _)) in known.iter().enumerate() {
            let rest = Interval::new(from.start(), day.end()).unwrap();
            for most in 0..=known.len() + 1 {
                let found = store.first_prices(id, "spot", rest, as_of, most).await.unwrap();
                // One that was cut by a shorter one before is told whole.
                let within = |(of, price): (Interval, Price)| (of.intersection(rest).unwrap(), price);
                let found: Vec<_> = found.into_iter().map(within).collect();
                let wanted: Vec<_> = known.iter().skip(skipped).take(most).copied().collect();
                assert_eq!(found, wanted, "{most} from {from}");
            }
        }
    }
    assert_eq!(store.first_prices(id, "nowhere", day, days(3), 9).await.unwrap(), []);
    let book = store.prices(id, day, days(3)).await.unwrap();
    assert_eq!(book.names().collect::<Vec<_>>(), ["other", "spot"]);
    let before = Interval::parse("2026-02-01T00:00:00Z", &t(0, 0)).unwrap();
    assert_eq!(store.prices(id, before, days(3)).await.unwrap().names().count(), 0);
}

async fn a_series_has_one_currency_and_a_name(store: Store) {
    let id = Street::new(&store).await.community.id;
    let hour = price(("2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z"), -120);
    store.add_prices(id, "spot", &[hour], days(0)).await.unwrap();
    let pesos = Price::from_micros_per_kwh(1, "COP".parse().unwrap());
    let error = is(store.add_prices(id, "spot", &[(hour.0, pesos)], days(1)).await, Kind::Invalid);
    assert!(error.to_string().contains("COP") && error.to_string().contains("EUR"), "{error}");
    for name in ["", " ", "a\0b", &"ñ".repeat(201)] {
        is(store.add_prices(id, name, &[hour], days(1)).await, Kind::Invalid);
    }
    let longest = "ñ".repeat(200);
    store.add_prices(id, &longest, &[hour], days(1)).await.unwrap();
    let book = store.prices(id, hour.0, days(2)).await.unwrap();
    assert_eq!(book.series("spot").unwrap(), [hour]);
    assert_eq!(book.series(&longest).unwrap(), [hour]);
}

async fn the_bill_as_it_stood_is_not_changed_by_anything_later(store: Store) {
    let street = Street::new(&store).await;
    let id = street.community.id;
    let indexed = Tariff::parse_toml(
        "id = \"indexed\"\ncurrency = \"EUR\"\nvalid_from = 2026-01-01\n\n\
         [[components]]\nid = \"grid\"\nkind = \"energy\"\nquantity = \"consumption\"\nseries = \"spot\"\n",
    )
    .unwrap();
    store.add_tariff(id, Some(street.ben), &indexed, now()).await.unwrap();
    store
        .add_prices(id, "spot", &[(street.day, Price::from_micros_per_kwh(100_000, Currency::EUR))], now())
        .await
        .unwrap();
    let stood = street.settled(&store, days(1)).await;
    // Ben pays 0.10 for 1.5 kWh an hour; Ana sells him what he used.
    assert_eq!(of(&stood.statements, street.ben).total, eur("3.60"));
    assert_eq!(of(&stood.statements, street.ana).total, eur("-3.60"));

    let mut before = stood.clone();
    for later in 0..6 {
        let when = days(2 + later);
        match later {
            0 => street.ben_used(&store, 0, when).await,
            1 => {
                let double = Price::from_micros_per_kwh(200_000, Currency::EUR);
                store.add_prices(id, "spot", &[(street.day, double)], when).await.unwrap();
            }
            2 => drop(store.add_tariff(id, Some(street.ben), &tariff("0.40"), when).await.unwrap()),
            3 => store.set_key(id, &Key::Equal, at("2026-01-01T00:00:00Z"), when).await.unwrap(),
            4 => {
                let contract = Contract::default().with_resolution(Resolution::HOUR).unwrap();
                let contract = contract.with_surplus(grid_core::energy::settlement::Surplus::Virtual);
                store.set_contract(id, &contract, at("2026-01-01T00:00:00Z"), when).await.unwrap();
            }
            _ => {
                let late = new_device(&store, street.owner).await.id;
                store.add_device(id, late, street.ben, None, when).await.unwrap();
                // Its readings were known before it counted here.
                let hours = street.hours(500_000);
                store.ingest(&[batch(late, Channel::Consumption, hours)], days(0)).await.unwrap();
            }
        }
        let after = street.settled(&store, when).await;
        assert_ne!(numbers(&after), numbers(&before), "change {later} did nothing");
        before = after;
        assert_eq!(street.settled(&store, days(1)).await, stood, "after change {later}");
        let just_before = when - SignedDuration::from_micros(1);
        assert_ne!(numbers(&street.settled(&store, just_before).await), numbers(&before));
    }
}

/// What a settlement says beside its times.
fn numbers(settlement: &Settlement) -> Vec<(Uuid, Amount, String, String)> {
    let statements = settlement.statements.iter();
    statements
        .map(|one| {
            (
                one.member.id,
                one.total,
                one.tariff.id.clone() + &format!("{:?}", one.energy),
                format!("{:?}", one.sharing),
            )
        })
        .collect()
}
