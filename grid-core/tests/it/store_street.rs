//! A street with a roof on it: the community that agreements, settlements and the log are checked with.

use grid_core::{
    energy::{
        Channel, Community, Role,
        settlement::{Amount, Contract, Missing, Settlement, Statement},
        sharing::Key,
        tariff::Tariff,
    },
    proof::LogKey,
    store::{AuditEntry, Issued, LogSigner, SettlementRequest, Store},
    time::{Interval, Resolution},
};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use uuid::Uuid;

use crate::{
    store::{at, now},
    store_checks::{batch, member, new_community, new_device, new_user, reading},
};

pub(crate) const ORIGIN: &str = "grid.example";

/// Every slot of the day has these energies: with them a bill is checked by hand.
const ANA_MAKES: i64 = 3_000_000;
const ANA_USES: i64 = 1_000_000;
pub(crate) const BEN_USES: i64 = 1_500_000;

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

/// Who issues.
pub(crate) fn by(at: Timestamp) -> AuditEntry {
    AuditEntry::by_program("olga", "settlement.issue", at)
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

    pub(crate) fn hours(&self, mwh: i64) -> Vec<grid_core::energy::Reading> {
        (0..24).map(|hour| reading(self.day.start() + hour.hours(), 60, Some(mwh))).collect()
    }

    /// Ben's energy in the first hour, told or told again.
    pub(crate) async fn ben_used(&self, store: &Store, mwh: i64, told: Timestamp) {
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
        let signer = LogSigner { key: &signing(), origin: ORIGIN };
        store.issue(&settlement, signer, by(as_of), as_of).await.unwrap()
    }

    /// What the member was told until now, oldest first.
    pub(crate) async fn told(&self, store: &Store, member: Uuid) -> Vec<Statement> {
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

pub(crate) fn eur(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) fn days(number: i64) -> Timestamp {
    recorded() + SignedDuration::from_hours(24 * number)
}
