//! Files of a whole community, and what is computed over its readings, on every backend.

use grid_core::{
    energy::{
        self, Channel, Device, DeviceKind, Name,
        ingest::{Layout, read_csv},
        sharing::{Key, SharingKey},
    },
    error::Kind,
    quantity::{Energy, Share},
    series::{Quality, Slot},
    store::{Of, Store, new_id},
    time::{Calendar, Interval, Resolution},
};
use jiff::ToSpan as _;
use uuid::Uuid;

use crate::{
    store::{at, now},
    store_checks::{all_time, batch, checks, is, new_community, new_device, new_user, reading},
};

checks! {
    a_community_file_makes_its_devices_and_members,
    one_community_file_sent_twice_at_once_makes_its_devices_once,
    a_refused_community_file_leaves_nothing,
    a_community_file_that_names_another_member_for_a_device_is_refused,
    a_balance_is_that_of_the_readings,
    accounts_can_be_asked_for_as_they_stood,
    sums_are_those_of_a_device_a_user_or_a_community,
}

const FILE: &str = "device,member,channel,start,end,energy_kwh,quality
roof,,generation,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,3.0,measured
roof,,generation,2026-01-01T11:00:00Z,2026-01-01T12:00:00Z,1.0,measured
casa,Familia Gil,consumption,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,1.25,measured
casa,Familia Gil,consumption,2026-01-01T11:00:00Z,2026-01-01T12:00:00Z,2.5,estimated
";

fn file(text: &str) -> Vec<energy::ingest::Batch> {
    read_csv(text.as_bytes(), "file.csv", Layout::Community).unwrap()
}

async fn a_community_file_makes_its_devices_and_members(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let done = store.import_community(community, owner, file(FILE), now()).await.unwrap();
    assert_eq!((done.devices_created, done.members_created, done.inserted), (2, 2, 4));
    let devices = store.community_devices(community, None).await.unwrap();
    let members = store.members(community).await.unwrap();
    let roof = devices.iter().find(|placed| placed.device.name.as_str() == "roof").unwrap();
    assert_eq!(
        (roof.device.kind, roof.device.owner, roof.device.calendar.name()),
        (DeviceKind::Pv, owner, "Europe/Madrid")
    );
    let name_of = |id: Uuid| members.iter().find(|member| member.id == id).unwrap().name.to_string();
    assert_eq!(name_of(roof.stretch.member), "roof");
    let casa = devices.iter().find(|placed| placed.device.name.as_str() == "casa").unwrap();
    assert_eq!(
        (casa.device.kind, name_of(casa.stretch.member)),
        (DeviceKind::Load, "Familia Gil".to_owned())
    );
    // The same file again, and one that names a device by its id.
    let again = store.import_community(community, owner, file(FILE), now()).await.unwrap();
    assert_eq!((again.devices_created, again.members_created, again.unchanged), (0, 0, 4));
    let by_id = FILE.replace("casa", &casa.device.id.to_string()).replace("2.5,", "2.6,");
    let done = store.import_community(community, owner, file(&by_id), now() + 1.hour()).await.unwrap();
    assert_eq!((done.devices_created, done.unchanged, done.superseded), (0, 3, 1));
}

async fn one_community_file_sent_twice_at_once_makes_its_devices_once(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let mut imports = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = store.clone();
        imports
            .spawn(async move { store.import_community(community, owner, file(FILE), now()).await.unwrap() });
    }
    let done = imports.join_all().await;
    assert_eq!(done.iter().map(|done| done.devices_created).sum::<usize>(), 2);
    assert_eq!(done.iter().map(|done| done.inserted).sum::<usize>(), 4);
    assert_eq!(store.community_devices(community, None).await.unwrap().len(), 2);
}

async fn a_refused_community_file_leaves_nothing(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let overlapping = "device,channel,start,end,energy_kwh\n\
        roof,generation,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,3\n";
    store.import_community(community, owner, file(overlapping), now()).await.unwrap();
    let wrong = "device,channel,start,end,energy_kwh\n\
        casa,consumption,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,3\n\
        roof,generation,2026-01-01T10:30:00Z,2026-01-01T11:30:00Z,3\n";
    is(store.import_community(community, owner, file(wrong), now()).await, Kind::Conflict);
    let stranger = wrong.replace("roof", &new_id(now()).to_string());
    is(store.import_community(community, owner, file(&stranger), now()).await, Kind::NotFound);
    is(store.import_community(new_id(now()), owner, file(overlapping), now()).await, Kind::NotFound);
    assert_eq!(store.community_devices(community, None).await.unwrap().len(), 1);
    assert_eq!(store.members(community).await.unwrap().len(), 2);
    let mut nameless = file(overlapping);
    nameless[0].device = None;
    is(store.import_community(community, owner, nameless, now()).await, Kind::Invalid);
    // Two devices of one name.
    let holder = store.members(community).await.unwrap()[0].id;
    let twin =
        Device { id: new_id(now()), name: Name::new("roof").unwrap(), ..new_device(&store, owner).await };
    store.create_device(&twin, now()).await.unwrap();
    store.add_device(community, twin.id, holder, None, now()).await.unwrap();
    is(store.import_community(community, owner, file(overlapping), now()).await, Kind::Invalid);
}

async fn a_community_file_that_names_another_member_for_a_device_is_refused(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    store.import_community(community, owner, file(FILE), now()).await.unwrap();
    let other = FILE.replace("Familia Gil", "Familia Sol").replace("2.5,", "2.6,");
    let error = is(store.import_community(community, owner, file(&other), now()).await, Kind::Conflict);
    assert_eq!(
        error.to_string(),
        "expected the member `Familia Gil` for the device `casa`, got `Familia Sol`"
    );
    assert_eq!(store.members(community).await.unwrap().len(), 3);
    // Nothing has changed, and a file that names no member is as good as one that names the right one.
    let nobody = FILE.replace("Familia Gil", "");
    for same in [FILE, &nobody] {
        let done = store.import_community(community, owner, file(same), now()).await.unwrap();
        assert_eq!((done.unchanged, done.members_created), (4, 0));
    }
}

async fn a_balance_is_that_of_the_readings(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    store.import_community(community, owner, file(FILE), now()).await.unwrap();
    let morning = Interval::parse("2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z").unwrap();
    let balance = store.balance(community, morning, None, None).await.unwrap();
    let kwh = |text: &str| Some(Energy::parse_kwh(text).unwrap());
    // By hand: of 3 kWh the home uses 1.25, of 1 kWh all.
    assert_eq!(balance.resolution, Resolution::HOUR);
    assert_eq!(balance.shared_kwh, kwh("2.25"));
    assert_eq!(balance.export_kwh, kwh("1.75"));
    assert_eq!(balance.import_kwh, kwh("1.5"));
    assert_eq!(balance.quality, Quality::Estimated);
    // A day of Madrid begins at 23:00 UTC and is known in two of its 24 hours.
    let noon = Interval::parse("2026-01-01T11:59:00Z", "2026-01-01T12:00:00Z").unwrap();
    let day = store.balance(community, noon, Some(Resolution::Day), Some(&Key::Proportional)).await.unwrap();
    assert_eq!(day.start, at("2025-12-31T23:00:00Z"));
    is(store.balance(new_id(now()), morning, None, None).await, Kind::NotFound);
    // A static key of the community counts where none is given.
    let roof =
        store.members(community).await.unwrap().into_iter().find(|m| m.name.as_str() == "roof").unwrap();
    let gil = store
        .members(community)
        .await
        .unwrap()
        .into_iter()
        .find(|m| m.name.as_str() != "roof" && m.user.is_none())
        .unwrap();
    let half = Share::from_ppm(500_000).unwrap();
    let shares = SharingKey::new(vec![(roof.id.to_string(), half), (gil.id.to_string(), half)]).unwrap();
    store.set_key(community, &Key::Static(shares), morning.start(), now()).await.unwrap();
    let halved = store.balance(community, morning, None, None).await.unwrap();
    assert_eq!(halved.shared_kwh, kwh("1.75"), "1.25 of half of 3, and half of 1");
}

async fn accounts_can_be_asked_for_as_they_stood(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    store.import_community(community, owner, file(FILE), now()).await.unwrap();
    let corrected = FILE.replace("2.5,", "2.6,");
    store.import_community(community, owner, file(&corrected), now() + 1.hour()).await.unwrap();
    let sum = async |as_of| {
        let accounts = store.accounts(community, all_time(), as_of).await.unwrap();
        assert_eq!(accounts.len(), 3, "all members, also those without a register");
        let registers = accounts.iter().flat_map(|account| &account.registers);
        let energies = registers.flat_map(|register| &register.readings);
        energies.filter_map(|reading| reading.energy()).sum::<Energy>()
    };
    assert_eq!(sum(None).await, Energy::parse_kwh("7.85").unwrap());
    assert_eq!(sum(Some(now())).await, Energy::parse_kwh("7.75").unwrap());
    assert_eq!(sum(Some(now() - 1.second())).await, Energy::ZERO);
}

async fn sums_are_those_of_a_device_a_user_or_a_community(store: Store) {
    let owner = new_user(&store).await;
    let community = new_community(&store, owner).await.id;
    let (first, second) = (new_device(&store, owner).await, new_device(&store, owner).await);
    let operator = store.members(community).await.unwrap()[0].id;
    store.add_device(community, first.id, operator, None, now()).await.unwrap();
    // One hour over the midnight of Madrid, a third of it before; and a quarter at noon of the second day.
    let night = reading(at("2026-01-01T22:40:00Z"), 60, Some(600));
    let noon = reading(at("2026-01-02T12:00:00Z"), 15, Some(50));
    let batches = [
        batch(first.id, Channel::Import, vec![night]),
        batch(second.id, Channel::Import, vec![noon]),
        batch(second.id, Channel::Export, vec![noon]),
    ];
    store.ingest(&batches, now()).await.unwrap();
    let madrid = Calendar::new("Europe/Madrid").unwrap();
    let interval = Interval::parse("2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z").unwrap();
    let sums = async |of, channel| {
        let sums = store.sums(of, channel, interval, Resolution::Day, Some(&madrid)).await.unwrap();
        let energies = |slots: Vec<Slot>| -> Vec<_> {
            slots.into_iter().map(|slot| slot.energy.map(Energy::as_mwh)).collect()
        };
        sums.into_iter().map(|(channel, slots)| (channel, energies(slots))).collect::<Vec<_>>()
    };
    let alone = [(Channel::Import, vec![Some(200), Some(400)])];
    assert_eq!(sums(Of::Device(first.id), None).await, alone);
    assert_eq!(sums(Of::Community(community), None).await, alone);
    assert_eq!(
        sums(Of::Owner(owner), None).await,
        [(Channel::Import, vec![Some(200), Some(450)]), (Channel::Export, vec![None, Some(50)])]
    );
    assert_eq!(
        sums(Of::Owner(owner), Some(Channel::Export)).await,
        [(Channel::Export, vec![None, Some(50)])]
    );
    assert_eq!(sums(Of::Owner(new_user(&store).await), None).await, []);
    let years = Interval::parse("2000-01-01T00:00:00Z", "2019-01-01T00:00:00Z").unwrap();
    let quarters = Resolution::QUARTER_HOUR;
    for channel in [Channel::Consumption, Channel::Generation, Channel::Charge, Channel::Discharge] {
        store
            .ingest(&[batch(first.id, channel, vec![noon]), batch(second.id, channel, vec![noon])], now())
            .await
            .unwrap();
    }
    is(store.sums(Of::Owner(owner), None, years, quarters, None).await, Kind::TooLarge);
    for of in [Of::Device, Of::Owner, Of::Community] {
        is(store.sums(of(new_id(now())), None, interval, Resolution::Day, None).await, Kind::NotFound);
    }
}
