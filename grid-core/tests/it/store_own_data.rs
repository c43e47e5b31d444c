//! What is told to one person of themselves, and what is left when they are forgotten.

use grid_core::{
    auth::Scopes,
    battery::Level,
    energy::{Channel, Household, Name, Occupants, Role, settlement::Contract},
    error::{Failure as _, Kind},
    quantity::{Energy, Power, Share},
    store::{
        AuditEntry, Erased, Error, NewRecording, Page, Store, StoredApiKey, StoredForecast, User, new_id,
    },
};
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use crate::{
    store::{TestDatabase, at, now},
    store_archive::{File, exported, unpacked},
    store_checks::{
        HASH, all_time, batch, is, member, new_community, new_device, new_user, quarters, reading, standing,
    },
    store_street::{Street, days, recorded, signing},
};

async fn own(store: &Store, user: Uuid) -> Vec<File> {
    let mut archive = Vec::new();
    store.export_user(user, &mut archive, now(), &mut |_| ()).await.unwrap();
    unpacked(&archive)
}

fn lines(files: &[File], name: &str) -> Vec<String> {
    let (_, content) = files.iter().find(|(file, _)| file == name).unwrap();
    String::from_utf8(content.clone()).unwrap().lines().map(str::to_owned).collect()
}

pub(crate) async fn erase(store: &Store, user: Uuid, now: Timestamp) -> Result<Erased, Error> {
    let entry = AuditEntry { target: user.to_string(), ..AuditEntry::by_program("", "user.erase", now) };
    store.erase_user(user, &entry, now, now + 1.hours()).await
}

/// Something of everything that hangs on an account alone.
async fn furnish(store: &Store, user: Uuid, now: Timestamp) {
    let household = Household { occupants: Some(Occupants::new(3).unwrap()), ..Household::default() };
    store.set_household(user, &household, now).await.unwrap();
    let level = Level {
        at: now,
        share: Share::from_ppm(500_000).unwrap(),
        capacity: Energy::from_mwh(10_000_000),
        available: Energy::from_mwh(5_000_000),
    };
    store.save_levels(user, &[level]).await.unwrap();
    let recording = NewRecording {
        id: new_id(now),
        owner: user,
        name: Name::new("celda.csv").unwrap(),
        format: Name::new("generic").unwrap(),
        summary: "{}".to_owned(),
    };
    store.save_recording(&recording, &mut std::io::Cursor::new(b"t,V\n0,3.7\n"), now).await.unwrap();
    let forecast = StoredForecast {
        id: new_id(now),
        owner: user,
        device: None,
        request: "{\"horizon\": 24}".to_owned(),
        result: "{}".to_owned(),
        created_at: now,
    };
    store.save_forecast(&forecast).await.unwrap();
    let key = StoredApiKey {
        id: new_id(now),
        owner: user,
        name: Name::new("gateway").unwrap(),
        hint: "grid_…".to_owned(),
        scopes: Scopes::READ.parse().unwrap(),
        device: None,
        created_at: now,
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    };
    store.create_api_key(&key, user.as_bytes().repeat(2).as_slice().try_into().unwrap()).await.unwrap();
    store.begin_second_factor(user, b"12345678901234567890", now).await.unwrap();
    let login = AuditEntry {
        actor: Some(user),
        address: "192.0.2.7".to_owned(),
        ..AuditEntry::by_program(&name_of(store, user).await, "login", now)
    };
    store.record(&login).await.unwrap();
}

async fn name_of(store: &Store, user: Uuid) -> String {
    store.user(user).await.unwrap().unwrap().username().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_gets_what_is_about_them_and_nothing_else() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let (olga, cora) = (new_user(store).await, new_user(store).await);
        let community = new_community(store, olga).await;
        let as_member = member("Cora", Some(cora), Role::Member);
        let other = member("Ben", None, Role::Member);
        for new in [&as_member, &other] {
            store.add_member(community.id, new, now()).await.unwrap();
        }
        let contract = [as_member.id, other.id].into_iter().fold(Contract::default(), |contract, member| {
            contract.with_contracted(member, "punta", Power::from_watt(3450).unwrap())
        });
        store.set_contract(community.id, &contract, now(), now()).await.unwrap();
        furnish(store, cora, now()).await;
        let private = new_device(store, cora).await.id;
        store
            .ingest(&[batch(private, Channel::Import, quarters("2025-05-01T00:00:00Z", [7, 8]))], now())
            .await
            .unwrap();
        // A device in the operator's account, which counted for Cora until Ben moved in.
        let flat = new_device(store, olga).await.id;
        let (came, went) = (at("2026-01-10T00:00:00Z"), at("2026-01-10T00:30:00Z"));
        store.add_device(community.id, flat, as_member.id, Some(came), now()).await.unwrap();
        store.move_device(community.id, flat, other.id, went, now() + 1.seconds()).await.unwrap();
        let all = quarters("2026-01-09T23:45:00Z", [1, 2, 3, 4]);
        store.ingest(&[batch(flat, Channel::Import, all)], now()).await.unwrap();

        let files = own(store, cora).await;
        let energies = |lines: &[String]| -> Vec<String> {
            lines[1..].iter().map(|line| line.split(',').nth(4).unwrap().to_owned()).collect()
        };
        let mut told = energies(&lines(&files, "readings.csv"));
        told.sort();
        assert_eq!(told, ["0.000002", "0.000003", "0.000007", "0.000008"], "{kind}");
        for (file, count) in [
            ("account.ndjson", 1),
            ("household.ndjson", 1),
            ("second_factor.ndjson", 1),
            ("api_keys.ndjson", 1),
            ("audit_entries.ndjson", 1),
            ("memberships.ndjson", 1),
            ("communities.ndjson", 1),
            ("contracts.ndjson", 1),
            ("forecasts.ndjson", 1),
            ("recordings.ndjson", 1),
            ("devices.ndjson", 2),
            ("device_placements.ndjson", 1),
        ] {
            assert_eq!(lines(&files, file).len(), count, "{kind}: {file}");
        }
        assert_eq!(lines(&files, "battery_levels.csv").len(), 2, "{kind}");
        // Of the contract she sees what is hers, and the operator all.
        let contracted = |files: &[File]| {
            let row: serde_json::Value = serde_json::from_str(&lines(files, "contracts.ndjson")[0]).unwrap();
            serde_json::from_str::<Contract>(row["document"].as_str().unwrap()).unwrap()
        };
        assert_eq!(contracted(&files), contract.clone().seen_by(as_member.id), "{kind}");
        assert_ne!(contracted(&files), contract, "{kind}");
        assert_eq!(contracted(&own(store, olga).await), contract, "{kind}");
        let recording = files.iter().find(|(name, _)| name.starts_with("recordings/")).unwrap();
        assert_eq!(recording.1, b"t,V\n0,3.7\n", "{kind}");
        let text: Vec<u8> = files.into_iter().flat_map(|(_, content)| content).collect();
        let text = String::from_utf8_lossy(&text);
        let olgas = name_of(store, olga).await;
        let bens = other.id.to_string();
        for secret in [HASH, "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA", olgas.as_str(), bens.as_str()] {
            assert!(!text.contains(secret), "{kind}: {secret}");
        }

        // The operator has the device in their account, and what it counts is not about them.
        let olgas = own(store, olga).await;
        assert_eq!(energies(&lines(&olgas, "readings.csv")), ["0.000001"], "{kind}");
        is(store.export_user(new_id(now()), &mut Vec::new(), now(), &mut |_| ()).await, Kind::NotFound);
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_accounts_stand_on_stays_without_a_name_and_nothing_else_does() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let street = Street::new(store).await;
        let (owner, gone) = (street.owner, days(10));
        let name = name_of(store, owner).await;
        furnish(store, owner, now()).await;
        let private = new_device(store, owner).await.id;
        let of_ana = store
            .community_devices(street.community.id, None)
            .await
            .unwrap()
            .into_iter()
            .find(|placed| placed.stretch.member == street.ana)
            .unwrap()
            .device
            .id;
        // Before anything was settled, in part on a day that is settled in part, and after it.
        let before = [batch(private, Channel::Import, quarters("2026-01-01T00:00:00Z", 0..200))];
        store.ingest(&before, now()).await.unwrap();
        let early = vec![
            reading(at("2026-02-01T00:00:00Z"), 60, Some(9)),
            reading(street.day.start() - 1.hours(), 60, Some(9)),
        ];
        let late = vec![reading(at("2026-03-05T00:00:00Z"), 60, Some(9))];
        store
            .ingest(&[batch(of_ana, Channel::Generation, [early, late.clone()].concat())], recorded())
            .await
            .unwrap();
        street.ben_used(store, 1_400_000, recorded() + 1.hours()).await;
        street.ben_used(store, 1_500_000, recorded() + 2.hours()).await;
        street.issued(store, recorded() + 3.hours()).await;
        let told = street.told(store, street.ana).await;

        // Ben would be without anybody who runs the community.
        let error = is(erase(store, owner, gone).await, Kind::Conflict);
        assert!(
            matches!(error, Error::OnlyOperator { community } if community == street.community.id),
            "{error:?}"
        );
        assert!(error.hint().unwrap().contains("operator"), "{kind}");
        assert!(store.user_by_name(&name).await.unwrap().is_some(), "{kind}");

        let olga = new_user(store).await;
        store
            .add_member(street.community.id, &member("Olga", Some(olga), Role::Operator), now())
            .await
            .unwrap();
        let erased = erase(store, owner, gone).await.unwrap();
        assert_eq!(
            (erased.devices, erased.devices_kept, erased.devices_handed_over, erased.statements_kept),
            (1, 1, 1, 1),
            "{kind}"
        );
        assert!(!erased.revocations.is_empty(), "{kind}");

        // The readings of the settled day, those that wait for the next settlement, and all of Ben's.
        let kept = standing(store, of_ana, Channel::Generation).await;
        assert_eq!(kept, [street.hours(3_000_000), late].concat(), "{kind}");
        assert_eq!(standing(store, street.of_ben, Channel::Consumption).await.len(), 24, "{kind}");
        assert_eq!(
            store.history(street.of_ben, Channel::Consumption, all_time()).await.unwrap().len(),
            2,
            "{kind}"
        );
        let (_, extent) = store
            .channels(of_ana)
            .await
            .unwrap()
            .into_iter()
            .find(|(channel, _)| *channel == Channel::Generation)
            .unwrap();
        assert_eq!(extent.start(), street.day.start(), "{kind}");
        assert_eq!(store.device(street.of_ben).await.unwrap().owner, olga, "{kind}");
        is(store.device(private).await, Kind::NotFound);
        // The same period again comes to the same: nothing is issued.
        let again = street.issued(store, gone).await;
        assert_eq!((again.documents.len(), again.unchanged), (0, 2), "{kind}");
        assert_eq!(street.told(store, street.ana).await, told, "{kind}");
        for stored in store.statements(street.community.id, None, None, (None, 10)).await.unwrap() {
            store.statement_bundle(stored.id).await.unwrap().verify(&signing().public_key()).unwrap();
        }

        // Nobody is left behind the id.
        assert!(store.user_by_name(&name).await.unwrap().is_none(), "{kind}");
        let nobody = store.user(owner).await.unwrap().unwrap();
        assert!(nobody.disabled_at().is_some() && nobody.password().is_empty(), "{kind}");
        assert!(store.api_keys_of(owner, Page::FIRST).await.unwrap().items.is_empty(), "{kind}");
        assert!(store.sessions_of(owner, now()).await.unwrap().is_empty(), "{kind}");
        assert_eq!(store.household(owner).await.unwrap(), Household::default(), "{kind}");
        assert!(store.recordings_of(owner, Page::FIRST).await.unwrap().items.is_empty(), "{kind}");
        for (file, content) in unpacked(&exported(store).await.0) {
            let text = String::from_utf8_lossy(&content);
            assert!(!text.contains(&name) && !text.contains("192.0.2.7"), "{kind}: {file}");
        }
        let trail = store.audit(Page::FIRST, None, Some("user.erase")).await.unwrap().items;
        assert_eq!(trail[0].target, owner.to_string(), "{kind}");
        // Forgotten once more changes nothing, and is no fault.
        assert_eq!(erase(store, owner, gone).await.unwrap().devices, 0, "{kind}");
        is(erase(store, new_id(now()), gone).await, Kind::NotFound);
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_administrator_stays_and_of_two_operators_who_go_at_once_one_does() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let root =
            User::new(new_id(now()), "root", "root@example.org", HASH.to_owned()).unwrap().administrator();
        store.create_user(&root, now()).await.unwrap();
        let error = is(erase(store, root.id(), now()).await, Kind::Conflict);
        assert!(matches!(error, Error::OnlyAdministrator) && error.hint().is_some(), "{kind}: {error:?}");
        let second = User::new(new_id(now()), "second", "second@example.org", HASH.to_owned())
            .unwrap()
            .administrator();
        store.create_user(&second, now()).await.unwrap();
        erase(store, root.id(), now()).await.unwrap();
        is(erase(store, second.id(), now()).await, Kind::Conflict);

        let (one, two) = (new_user(store).await, new_user(store).await);
        let community = new_community(store, one).await;
        for new in [member("Two", Some(two), Role::Operator), member("Ben", None, Role::Member)] {
            store.add_member(community.id, &new, now()).await.unwrap();
        }
        let at_once = [one, two].map(|user| {
            let store = store.clone();
            tokio::spawn(async move { erase(&store, user, now()).await })
        });
        let mut done = 0;
        for task in at_once {
            match task.await.unwrap() {
                Ok(_) => done += 1,
                Err(error) => assert!(matches!(error, Error::OnlyOperator { .. }), "{kind}: {error:?}"),
            }
        }
        assert_eq!(done, 1, "{kind}");
        // Whoever is alone in a community may go.
        let alone = new_user(store).await;
        let empty = new_community(store, alone).await;
        erase(store, alone, now()).await.unwrap();
        let left = store.members(empty.id).await.unwrap();
        assert!(
            left[0].user.is_none() && left[0].name.as_str().starts_with("former member "),
            "{kind}: {left:?}"
        );
        database.remove().await;
    }
}
