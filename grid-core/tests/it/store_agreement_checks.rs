//! What comes in as a file and is kept as it is: a year of prices, a year's coefficients; on every backend.

use grid_core::{
    energy::{
        Device, Name, Role,
        rules::spain_file,
        sharing::{Key, SharingKey},
    },
    error::Kind,
    quantity::{Currency, Price, Share},
    store::{Error, Store, new_id},
    time::{Interval, Resolution},
};
use uuid::Uuid;

use crate::{
    store::{at, now},
    store_checks::{checks, is, member, new_community, new_device, new_user},
};

checks! {
    a_year_of_prices_comes_back_whole,
    a_price_that_is_there_leaves_nothing_of_its_file,
    a_file_of_coefficients_becomes_a_key_and_a_key_the_file,
    the_coefficients_of_a_year_are_those_of_its_last_key,
}

const ANA: &str = "ES1234000000000001JN0F";
const BEN: &str = "ES1234000000000002JS0F";

async fn a_year_of_prices_comes_back_whole(store: Store) {
    let community = new_community(&store, new_user(&store).await).await;
    let year = Interval::parse("2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z").unwrap();
    let slots = community.calendar.slots(year, Resolution::HOUR).unwrap();
    let prices: Vec<(Interval, Price)> = slots
        .into_iter()
        .zip(-4_000_i64..)
        .map(|(hour, micros)| (hour, Price::from_micros_per_kwh(micros, Currency::EUR)))
        .collect();
    // 8759 is no multiple of any number of rows that go in at once.
    for count in [prices.len() - 1, prices.len()] {
        let name = format!("spot {count}");
        store.add_prices(community.id, &name, &prices[..count], now()).await.unwrap();
        let book = store.prices(community.id, year, now()).await.unwrap();
        assert_eq!(book.series(&name).unwrap(), &prices[..count]);
    }
    assert_eq!(prices.len(), 8760);
    store.add_prices(community.id, "none", &[], now()).await.unwrap();
    assert!(store.prices(community.id, year, now()).await.unwrap().series("none").is_none());
}

async fn a_price_that_is_there_leaves_nothing_of_its_file(store: Store) {
    let community = new_community(&store, new_user(&store).await).await.id;
    let hour = |hour: i64| {
        let start = at("2026-03-01T00:00:00Z") + jiff::SignedDuration::from_hours(hour);
        let interval = Interval::new(start, start + jiff::SignedDuration::from_hours(1)).unwrap();
        (interval, Price::from_micros_per_kwh(hour, Currency::EUR))
    };
    store.add_prices(community, "spot", &[hour(400)], now()).await.unwrap();
    // The same hour, recorded at the same instant, far behind in the file.
    let file: Vec<_> = (0..=400).map(hour).collect();
    is(store.add_prices(community, "spot", &file, now()).await, Kind::Unavailable);
    let all = Interval::parse("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z").unwrap();
    assert_eq!(store.prices(community, all, now()).await.unwrap().series("spot").unwrap(), [hour(400)]);
}

/// A community whose Ben is called by his supply point and whose Ana has a meter that is.
async fn street(store: &Store) -> (Uuid, Uuid, Uuid) {
    let owner = new_user(store).await;
    let community = new_community(store, owner).await.id;
    let ana = store.members(community).await.unwrap()[0].id;
    let ben = member(BEN, None, Role::Member);
    store.add_member(community, &ben, now()).await.unwrap();
    let meter = new_device(store, owner).await;
    let named = Device { name: Name::new(ANA).unwrap(), ..meter.clone() };
    store.update_device(&meter, &named).await.unwrap();
    store.add_device(community, meter.id, ana, None, now()).await.unwrap();
    (community, ana, ben.id)
}

fn fixed(shares: [(Uuid, u32); 2]) -> Key {
    let shares = shares.map(|(id, ppm)| (id.to_string(), Share::from_ppm(ppm).unwrap()));
    Key::Static(SharingKey::new(shares.to_vec()).unwrap())
}

async fn written(store: &Store, community: Uuid, year: i16) -> String {
    let mut file = Vec::new();
    spain_file::write(&store.coefficients(community, year).await.unwrap(), &mut file).unwrap();
    String::from_utf8(file).unwrap()
}

async fn a_file_of_coefficients_becomes_a_key_and_a_key_the_file(store: Store) {
    let (community, ana, ben) = street(&store).await;
    let file = format!("{ANA};0,135464\r\n{BEN};0,864536\r\n");
    let points = store.supply_points(community).await.unwrap();
    let key = points.read(file.as_bytes(), "f.txt").unwrap();
    assert_eq!(key, fixed([(ana, 135_464), (ben, 864_536)]));
    store.set_key(community, &key, at("2025-12-31T23:00:00Z"), now()).await.unwrap();
    assert_eq!(written(&store, community, 2026).await, file);
    let nowhere = new_id(now());
    is(store.supply_points(nowhere).await, Kind::NotFound);
    is(store.coefficients(nowhere, 2026).await, Kind::NotFound);
    is(store.coefficients(community, 9999).await, Kind::Invalid);
}

async fn the_coefficients_of_a_year_are_those_of_its_last_key(store: Store) {
    let (community, ana, ben) = street(&store).await;
    let error = is(store.coefficients(community, 2026).await, Kind::Conflict);
    assert!(matches!(error, Error::Rules(_)) && error.to_string().contains("`proportional`"), "{error}");
    for (from, ana_has) in [
        ("2026-01-01T00:00:00+01:00", 100_000),
        ("2026-05-01T00:00:00+02:00", 200_000),
        ("2027-01-01T00:00:00+01:00", 300_000),
    ] {
        let key = fixed([(ana, ana_has), (ben, 1_000_000 - ana_has)]);
        store.set_key(community, &key, at(from), now()).await.unwrap();
    }
    for (year, told) in [(2026, "0,200000"), (2027, "0,300000"), (2031, "0,300000")] {
        assert!(written(&store, community, year).await.starts_with(&format!("{ANA};{told}\r\n")), "{year}");
    }
    is(store.coefficients(community, 2025).await, Kind::Conflict);
    store.set_key(community, &Key::Equal, at("2027-06-01T00:00:00Z"), now()).await.unwrap();
    is(store.coefficients(community, 2027).await, Kind::Conflict);
}
