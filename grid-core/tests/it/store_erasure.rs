//! What is left of a person in the accounts of others, case by case; and that nothing else is left.

use grid_core::{
    energy::{
        Channel, Role,
        meter::{Multiplier, Read},
    },
    error::{Kind, excerpt},
    quantity::Energy,
    store::{AuditEntry, Erased, Keep, MeterReport, Page, Store, User, new_id},
    time::Interval,
};
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use crate::{
    store::{TestDatabase, now},
    store_archive::exported,
    store_checks::{HASH, batch, is, member, new_device, new_user, standing},
    store_own_data::erase,
    store_street::{Street, days, recorded},
};

/// Somebody of a street who has an account, and a meter in it.
struct Cora {
    user: Uuid,
    member: Uuid,
    device: Uuid,
}

impl Cora {
    /// In a street; her meter does not count there yet.
    async fn of(street: &Street, store: &Store) -> Self {
        let user = new_user(store).await;
        let cora = member("Cora", Some(user), Role::Member);
        store.add_member(street.community.id, &cora, now()).await.unwrap();
        Self { user, member: cora.id, device: new_device(store, user).await.id }
    }

    /// The same, and her meter counts for her from an instant on, or always.
    async fn in_street(street: &Street, store: &Store, from: Option<Timestamp>) -> Self {
        let cora = Self::of(street, store).await;
        store.add_device(street.community.id, cora.device, cora.member, from, now()).await.unwrap();
        cora
    }
}

/// What a register of consumption showed, in kilowatt-hours.
pub(crate) fn looks(device: Uuid, shown: &[(Timestamp, i64)]) -> MeterReport {
    let read = |&(at, kwh): &(Timestamp, i64)| Read::measured(at, Energy::from_mwh(kwh * 1_000_000));
    MeterReport {
        device,
        channel: Channel::Consumption,
        reads: shown.iter().map(read).collect(),
        events: Vec::new(),
        withdrawn: Vec::new(),
        modulus: None,
        multiplier: None,
    }
}

async fn told(store: &Store, report: &MeterReport, at: Timestamp) {
    store.record_register(report, Keep::Readings, at).await.unwrap();
}

fn between(from: Timestamp, until: Timestamp) -> Interval {
    Interval::new(from, until).unwrap()
}

async fn intervals(store: &Store, device: Uuid) -> Vec<Interval> {
    standing(store, device, Channel::Consumption).await.iter().map(|reading| reading.interval()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_was_looked_at_once_goes_with_its_device() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let street = Street::new(store).await;
        let cora = Cora::in_street(&street, store, Some(street.day.end())).await;
        street.issued(store, recorded()).await;
        // It waits for the next settlement, and no reading follows from it.
        told(store, &looks(cora.device, &[(street.day.end() + 1.hours(), 7)]), recorded()).await;
        let erased = erase(store, cora.user, days(10)).await.unwrap();
        assert_eq!((erased.devices, erased.devices_kept), (1, 0), "{kind}");
        is(store.device(cora.device).await, Kind::NotFound);
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_began_before_the_device_counted_for_another_stays_with_the_device_without_a_name() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let street = Street::new(store).await;
        let (start, end) = (street.day.start(), street.day.end());
        // Her own meter counts for Ben on the settled day, and for herself in the street since then.
        let cora = Cora::of(&street, store).await;
        let (community, device) = (street.community.id, cora.device);
        store.add_device(community, device, street.ben, Some(start), now()).await.unwrap();
        store.move_device(community, device, cora.member, end, now() + 1.seconds()).await.unwrap();
        let shown = [(start - 30.hours(), 0), (start - 4.hours(), 1), (end + 2.hours(), 16)];
        let mut report = looks(device, &shown);
        report.multiplier = Multiplier::from_whole(2);
        told(store, &report, recorded()).await;
        let issued = street.issued(store, days(1)).await;
        assert_eq!(issued.documents.len(), 2, "{kind}");

        let gone = days(10);
        let erased = erase(store, cora.user, gone).await.unwrap();
        assert_eq!((erased.devices, erased.devices_kept, erased.devices_handed_over), (0, 0, 1), "{kind}");
        // What she used before is gone; what has an hour of Ben's in it is not.
        assert_eq!(intervals(store, device).await, [between(shown[1].0, shown[2].0)], "{kind}");
        assert_eq!(street.settled(store, days(1)).await.statements, issued.documents, "{kind}");
        assert!(street.issued(store, days(11)).await.documents.is_empty(), "{kind}");
        // The one who runs the street has it now, it says nothing of her, and counts for her no more.
        let there = store.device(device).await.unwrap();
        assert_eq!(
            (there.owner, there.name.as_str().starts_with("former device ")),
            (street.owner, true),
            "{kind}"
        );
        let placed = store.community_devices(community, None).await.unwrap().into_iter();
        let of_device = placed.filter(|placed| placed.device.id == device);
        let stretches: Vec<_> =
            of_device.map(|placed| (placed.stretch.member, placed.stretch.during)).collect();
        assert_eq!(
            stretches,
            [(street.ben, between(start, end)), (cora.member, between(end, gone))],
            "{kind}"
        );
        // Its register goes on, by what is known of it; and a look that comes late parts what stayed.
        told(store, &looks(device, &[(end + 5.hours(), 17)]), days(12)).await;
        told(store, &looks(device, &[(start + 6.hours(), 6)]), days(13)).await;
        let energies: Vec<_> = standing(store, device, Channel::Consumption)
            .await
            .iter()
            .map(|reading| reading.energy().unwrap().as_mwh() / 1_000_000)
            .collect();
        assert_eq!(energies, [10, 20, 2], "{kind}");
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bill_was_made_from_stays_although_the_device_was_taken_out_since() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let street = Street::new(store).await;
        let cora = Cora::in_street(&street, store, None).await;
        store
            .ingest(&[batch(cora.device, Channel::Generation, street.hours(700_000))], recorded())
            .await
            .unwrap();
        let issued = street.issued(store, days(1)).await;
        // Taken back as if it had never counted, and nobody has issued the correction yet.
        store.remove_device(street.community.id, cora.device, street.day.start(), days(2)).await.unwrap();
        let corrected = street.settled(store, days(3)).await.statements;
        erase(store, cora.user, days(4)).await.unwrap();
        let others = |statements: &[grid_core::energy::settlement::Statement]| -> Vec<_> {
            statements.iter().filter(|statement| statement.member.id != cora.member).cloned().collect()
        };
        let again = street.settled(store, days(1)).await.statements;
        assert_eq!(others(&again), others(&issued.documents), "{kind}");
        assert_eq!(street.settled(store, days(3)).await.statements, corrected, "{kind}");
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_was_emptied_is_no_end_of_a_register() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let street = Street::new(store).await;
        let (start, end) = (street.day.start(), street.day.end());
        let cora = Cora::in_street(&street, store, None).await;
        let shown = [(start, 0), (end, 24), (end + 25.hours(), 30), (end + 49.hours(), 40)];
        told(store, &looks(cora.device, &shown), recorded()).await;
        let back = MeterReport { withdrawn: vec![shown[2].0], ..looks(cora.device, &[]) };
        told(store, &back, recorded() + 1.hours()).await;
        street.issued(store, days(1)).await;
        let erased = erase(store, cora.user, days(10)).await.unwrap();
        assert_eq!(erased.devices_kept, 1, "{kind}");
        let whole = between(start, shown[3].0);
        assert_eq!(store.channels(cora.device).await.unwrap(), [(Channel::Consumption, whole)], "{kind}");
        // Who adds to it adds to what is there.
        let next = looks(cora.device, &[(shown[3].0 + 1.hours(), 41)]);
        told(store, &next, days(11)).await;
        assert_eq!(intervals(store, cora.device).await.len(), 3, "{kind}");
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_somebody_typed_leaves_the_trail() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let email = format!("{}@example.org", "å".repeat(50));
        let asa = User::new(new_id(now()), "ÅSA", &email, HASH.to_owned()).unwrap();
        store.create_user(&asa, now()).await.unwrap();
        let tried = async |name: &str, target: &str| {
            let entry = AuditEntry {
                succeeded: false,
                target: target.to_owned(),
                address: "192.0.2.7".to_owned(),
                ..AuditEntry::by_program(&excerpt(name), "login", now())
            };
            store.record(&entry).await.unwrap();
        };
        let hers = ["ÅSA", "åsa", "  Åsa ", "ÅSA\n", &email, &email.to_uppercase(), &format!("  {email}")];
        for name in hers {
            tried(name, "").await;
        }
        for target in ["ÅSA", "åsa", &email] {
            tried("command line", target).await;
        }
        let others = ["Åsala", "asa", "å…"];
        for name in others {
            tried(name, "").await;
        }
        erase(store, asa.id(), days(10)).await.unwrap();
        let trail = store.audit(Page::FIRST, None, Some("login")).await.unwrap().items;
        let mut left: Vec<_> = trail.iter().map(|entry| entry.actor_name.as_str()).collect();
        left.retain(|name| !name.is_empty());
        left.sort_unstable();
        let mut expected = [&["command line"; 3][..], &others].concat();
        expected.sort_unstable();
        assert_eq!(left, expected, "{kind}");
        assert!(trail.iter().all(|entry| entry.target.is_empty()), "{kind}: {trail:?}");
        let known = trail.iter().filter(|entry| !entry.address.is_empty());
        assert_eq!((known.count(), trail.len()), (6, 13), "{kind}");
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_forgotten_is_not_forgotten_again() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let street = Street::new(store).await;
        let cora = Cora::in_street(&street, store, None).await;
        store.ingest(&[batch(cora.device, Channel::Consumption, street.hours(7))], recorded()).await.unwrap();
        street.issued(store, days(1)).await;
        let erased = erase(store, cora.user, days(10)).await.unwrap();
        assert_eq!((erased.devices_kept, erased.statements_kept), (1, 1), "{kind}");
        let before = exported(store).await.0;
        // What was kept of hers would else count for somebody else, and be handed over.
        assert_eq!(erase(store, cora.user, days(11)).await.unwrap(), Erased::default(), "{kind}");
        assert!(exported(store).await.0 == before, "{kind}");
        // Twice at once is once, too.
        let twice = new_user(store).await;
        new_device(store, twice).await;
        let at_once = [0, 1].map(|_| {
            let store = store.clone();
            tokio::spawn(async move { erase(&store, twice, days(12)).await.unwrap().devices })
        });
        let mut devices = 0;
        for task in at_once {
            devices += task.await.unwrap();
        }
        assert_eq!(devices, 1, "{kind}");
        database.remove().await;
    }
}

/// Does some work while another connection has executed statements in a transaction, which it commits meanwhile.
#[cfg(any(feature = "mysql", feature = "postgres"))]
async fn beside<C, T>(address: &str, statements: String, work: impl Future<Output = T>) -> T
where
    C: sqlx::Connection,
    for<'c> &'c mut C: sqlx::Executor<'c, Database = C::Database>,
{
    let mut other = C::connect(address).await.unwrap();
    let begun = format!("START TRANSACTION; {statements}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(begun)).execute(&mut other).await.unwrap();
    let commits = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    };
    let (done, ()) = tokio::join!(work, commits);
    other.close().await.unwrap();
    done
}

/// Whose a device is was looked at before its lock was waited for, and is looked at again.
#[cfg(any(feature = "mysql", feature = "postgres"))]
#[tokio::test]
async fn a_device_that_comes_to_another_while_it_is_waited_for_takes_nothing_from_the_one_before() {
    use crate::store_checks::quarters;

    for kind in ["MySQL", "PostgreSQL"] {
        let Some(database) = TestDatabase::create(kind).await else { continue };
        let store = &database.store;
        store.migrate().await.unwrap();
        let (kat, tom) = (new_user(store).await, new_user(store).await);
        let device = new_device(store, kat).await.id;
        let first = batch(device, Channel::Import, quarters("2026-01-01T00:00:00Z", [1]));
        store.ingest_of_owner(kat, vec![first.clone()], now()).await.unwrap();
        let id = |id: Uuid| match kind {
            "MySQL" => format!("x'{}'", id.simple()),
            _ => format!("decode('{}', 'hex')", id.simple()),
        };
        let statements = format!(
            "UPDATE channels SET reach = reach WHERE device = {device}; \
             UPDATE devices SET owner = {tom} WHERE id = {device}",
            device = id(device),
            tom = id(tom),
        );
        let next = batch(device, Channel::Import, quarters("2026-01-02T00:00:00Z", [2]));
        let work = store.ingest_of_owner(kat, vec![next.clone()], now());
        let outcome = match kind {
            #[cfg(feature = "mysql")]
            "MySQL" => beside::<sqlx::MySqlConnection, _>(&database.address, statements, work).await,
            #[cfg(feature = "postgres")]
            "PostgreSQL" => beside::<sqlx::PgConnection, _>(&database.address, statements, work).await,
            _ => unreachable!("{kind}"),
        };
        is(outcome, Kind::NotFound);
        assert_eq!(standing(store, device, Channel::Import).await, first.readings, "{kind}");
        store.ingest_of_owner(tom, vec![next], now()).await.unwrap();
        database.remove().await;
    }
}
