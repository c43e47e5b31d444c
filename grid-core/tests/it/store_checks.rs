//! What every database must do: each file `store_…_checks.rs` has a list of checks, which [`checks`] makes, and
//! `store.rs` runs them all on each database. Here is what the checks share.

use std::{future::Future, pin::Pin};

use grid_core::{
    energy::{Channel, Community, Device, DeviceKind, Member, Name, Reading, Role},
    error::{Failure as _, Kind},
    quantity::{Energy, Power},
    series::Quality,
    store::{DeviceBatch, Error, Store, User, new_id},
    time::{Calendar, Interval},
};
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use crate::store::{at, now};

/// What a database must do; it panics where the database does not.
pub(crate) type Check = fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lists the checks of a file, as its `all`.
macro_rules! checks {
    ($($name:ident,)*) => {
        /// The checks of this file and their names.
        pub(crate) fn all() -> Vec<(&'static str, crate::store_checks::Check)> {
            vec![$((stringify!($name), |store| Box::pin($name(store)))),*]
        }
    };
}
pub(crate) use checks;

/// What stands for the hash of a password where nobody verifies it.
pub(crate) const HASH: &str = "$argon2id$";

pub(crate) async fn new_user(store: &Store) -> Uuid {
    let id = Uuid::from_bytes(*new_id(now()).as_bytes());
    let name = format!("u{}", id.simple());
    let user = User::new(id, &name, &format!("{name}@example.org"), HASH.to_owned()).unwrap();
    store.create_user(&user, now()).await.unwrap();
    id
}

pub(crate) async fn new_device(store: &Store, owner: Uuid) -> Device {
    let device = Device {
        id: new_id(now()),
        owner,
        name: Name::new("Contador 7").unwrap(),
        kind: DeviceKind::Meter,
        calendar: Calendar::new("Europe/Madrid").unwrap(),
        rated_power: Power::from_watt(4600),
    };
    store.create_device(&device, now()).await.unwrap();
    device
}

pub(crate) fn member(name: &str, user: Option<Uuid>, role: Role) -> Member {
    Member { id: new_id(now()), name: Name::new(name).unwrap(), user, role }
}

pub(crate) async fn new_community(store: &Store, owner: Uuid) -> Community {
    let community = Community {
        id: new_id(now()),
        name: Name::new("Comunidad Sol").unwrap(),
        calendar: Calendar::new("Europe/Madrid").unwrap(),
    };
    store.create_community(&community, &member("Ana", Some(owner), Role::Operator), now()).await.unwrap();
    community
}

pub(crate) fn reading(start: Timestamp, minutes: i64, mwh: Option<i64>) -> Reading {
    let interval = Interval::new(start, start + minutes.minutes()).unwrap();
    let quality = if mwh.is_some() { Quality::Measured } else { Quality::Missing };
    Reading::new(interval, mwh.map(Energy::from_mwh), quality).unwrap()
}

pub(crate) fn quarters(start: &str, values: impl IntoIterator<Item = i64>) -> Vec<Reading> {
    let start = at(start);
    values
        .into_iter()
        .zip(0..)
        .map(|(mwh, slot)| reading(start + (15 * slot).minutes(), 15, Some(mwh)))
        .collect()
}

pub(crate) fn batch(device: Uuid, channel: Channel, readings: Vec<Reading>) -> DeviceBatch {
    DeviceBatch { device, channel, readings }
}

pub(crate) fn all_time() -> Interval {
    Interval::new(
        Timestamp::from_second(-100_000_000_000).unwrap(),
        Timestamp::from_second(100_000_000_000).unwrap(),
    )
    .unwrap()
}

pub(crate) async fn standing(store: &Store, device: Uuid, channel: Channel) -> Vec<Reading> {
    let found = store.readings(device, channel, all_time(), None).await.unwrap();
    found.iter().map(|recorded| recorded.reading).collect()
}

pub(crate) fn is<T: std::fmt::Debug>(result: Result<T, Error>, kind: Kind) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    error
}
