//! Agreements, settlements and the log, on every backend.

use grid_core::{
    energy::{
        Channel, Community, Role,
        settlement::{Amount, Contract, Kind as DocumentKind, Missing, Settlement, Statement},
        sharing::{Cascade, Key, Priority, SharingKey},
        tariff::Tariff,
    },
    error::{Failure as _, Kind},
    proof::{LogKey, verify_consistency},
    quantity::{Currency, Price, Share},
    store::{Error, Issued, LogSigner, Page, SettlementRequest, Store, new_id},
    time::{Interval, Resolution},
};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use uuid::Uuid;

use crate::{
    store::{at, now},
    store_checks::{batch, checks, is, member, new_community, new_device, new_user, reading},
};

checks! {
    what_is_agreed_is_only_added_to,
    a_key_of_every_kind_comes_back_and_names_members_only,
    prices_replace_each_other_as_far_as_they_go,
    a_series_has_one_currency_and_a_name,
    the_bill_as_it_stood_is_not_changed_by_anything_later,
    whoever_joins_later_is_not_missing_before,
    a_statement_is_issued_once_and_verified_by_the_key_alone,
    a_late_reading_is_corrected_by_the_difference,
    periods_that_meet_are_refused,
    a_stale_settlement_is_refused,
    whose_devices_are_gone_gets_everything_back,
    what_was_issued_is_listed_in_the_order_of_the_log,
    the_log_is_consistent_between_all_its_heads,
    the_first_key_of_the_log_stays_the_first,
}

const ORIGIN: &str = "grid.example";

/// Every slot of the day has these energies: with them a bill is checked by hand.
const ANA_MAKES: i64 = 3_000_000;
const ANA_USES: i64 = 1_000_000;
const BEN_USES: i64 = 1_500_000;

/// A community with Ana, who has a roof, and Ben, and their hours of 1 March 2026.
pub(crate) struct Street {
    pub(crate) community: Community,
    pub(crate) ana: Uuid,
    pub(crate) ben: Uuid,
    pub(crate) owner: Uuid,
    pub(crate) of_ben: Uuid,
    pub(crate) day: Interval,
}

/// When the readings of the day were recorded.
pub(crate) fn recorded() -> Timestamp {
    at("2026-03-02T06:00:00Z")
}

pub(crate) fn signing() -> LogKey {
    LogKey::from_seed(&[7; 32]).unwrap()
}

pub(crate) fn tariff(price: &str) -> Tariff {
    Tariff::parse_toml(&format!(
        "id = \"street\"\ncurrency = \"EUR\"\nvalid_from = 2026-01-01\n\n\
         [[components]]\nid = \"grid\"\nkind = \"energy\"\nquantity = \"import\"\nprice_per_kwh = {price}\n\n\
         [[components]]\nid = \"local\"\nkind = \"energy\"\nquantity = \"received\"\nprice_per_kwh = 0.10\n\n\
         [[components]]\nid = \"sold\"\nkind = \"credit\"\nquantity = \"given\"\nprice_per_kwh = 0.10\n"
    ))
    .unwrap()
}

impl Street {
    pub(crate) async fn new(store: &Store) -> Self {
        let owner = new_user(store).await;
        let community = new_community(store, owner).await;
        let ana = store.members(community.id).await.unwrap()[0].id;
        let ben = member("Ben", None, Role::Member);
        store.add_member(community.id, &ben, now()).await.unwrap();
        let [of_ana, of_ben] = [new_device(store, owner).await.id, new_device(store, owner).await.id];
        store.add_device(community.id, of_ana, ana, None, now()).await.unwrap();
        store.add_device(community.id, of_ben, ben.id, None, now()).await.unwrap();
        let day = community.calendar.day(jiff::civil::date(2026, 3, 1)).unwrap();
        let street = Self { community, ana, ben: ben.id, owner, of_ben, day };
        let batches = [
            batch(of_ana, Channel::Generation, street.hours(ANA_MAKES)),
            batch(of_ana, Channel::Consumption, street.hours(ANA_USES)),
            batch(of_ben, Channel::Consumption, street.hours(BEN_USES)),
        ];
        store.ingest(&batches, recorded()).await.unwrap();
        let contract = Contract::default().with_resolution(Resolution::HOUR).unwrap();
        store.set_contract(street.community.id, &contract, at("2026-01-01T00:00:00Z"), now()).await.unwrap();
        store.add_tariff(street.community.id, None, &tariff("0.20"), now()).await.unwrap();
        street
    }

    fn hours(&self, mwh: i64) -> Vec<grid_core::energy::Reading> {
        (0..24).map(|hour| reading(self.day.start() + hour.hours(), 60, Some(mwh))).collect()
    }

    /// Ben's energy in the first hour, told or told again.
    async fn ben_used(&self, store: &Store, mwh: i64, told: Timestamp) {
        let first = reading(self.day.start(), 60, Some(mwh));
        store.ingest(&[batch(self.of_ben, Channel::Consumption, vec![first])], told).await.unwrap();
    }

    pub(crate) fn request(&self, as_of: Timestamp) -> SettlementRequest {
        let (community, period) = (self.community.id, self.day);
        SettlementRequest { community, period, compare: vec![Key::Equal], missing: Missing::Refuse, as_of }
    }

    pub(crate) async fn settled(&self, store: &Store, as_of: Timestamp) -> Settlement {
        store.settle(&self.request(as_of), as_of).await.unwrap()
    }

    pub(crate) async fn issued(&self, store: &Store, as_of: Timestamp) -> Issued {
        let settlement = self.settled(store, as_of).await;
        store.issue(&settlement, LogSigner { key: &signing(), origin: ORIGIN }, as_of).await.unwrap()
    }

    /// What the member was told until now, oldest first.
    async fn told(&self, store: &Store, member: Uuid) -> Vec<Statement> {
        let found = store.statements(self.community.id, Some(member), None, (None, 100)).await.unwrap();
        found.iter().map(|stored| stored.statement().unwrap()).collect()
    }
}

pub(crate) fn of(statements: &[Statement], member: Uuid) -> &Statement {
    statements.iter().find(|statement| statement.member.id == member).unwrap()
}

pub(crate) fn sum(statements: &[Statement]) -> Amount {
    Amount::from_micros(statements.iter().map(|statement| statement.total.as_micros()).sum())
}

fn eur(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) fn days(number: i64) -> Timestamp {
    recorded() + SignedDuration::from_hours(24 * number)
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
        let error = is(store.issue(&settlement, signer, days(2)).await, Kind::Conflict);
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
    let error = is(store.issue(&stale, signer, days(4)).await, Kind::Conflict);
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
