//! What a community has agreed: its contract, its tariffs and the prices that they follow.
//!
//! All of it is only added to, with the instant at which it was recorded, so that a bill can be made again as it would
//! have been made on any day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Listed, Page, Store,
    backend::on,
    books::Books as _,
    bulk::{Bulk as _, PriceRow},
    communities::{load_community, load_members},
    fault::{Fault, not_found, raced},
    quotas::{Kept, Room as _},
    rows::{self, key},
    sql::sql,
};
use crate::{
    energy::{
        self, Name,
        settlement::Contract,
        sharing::Key,
        tariff::{self, PriceBook, Tariff},
    },
    quantity::Price,
    time::{self, Interval},
};

/// A contract and since when it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredContract {
    /// From when on.
    pub valid_from: Timestamp,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// What was agreed.
    pub contract: Contract,
}

/// A tariff and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTariff {
    /// Its id in the store, a UUID.
    pub id: Uuid,
    /// The member that it is for; all who have none of their own where there is none.
    pub member: Option<Uuid>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// The tariff.
    pub tariff: Tariff,
}

/// All that a community has agreed, as it was recorded by an instant.
#[derive(Clone, Debug)]
pub(super) struct Agreements {
    pub(super) contract: Contract,
    pub(super) keys: Vec<(Timestamp, Key)>,
    pub(super) tariffs: Vec<(Option<Uuid>, Tariff)>,
    pub(super) prices: PriceBook,
}

type TariffRow = (Vec<u8>, Option<Vec<u8>>, String, i64);
type ContractRow = (i64, i64, String);
type FoundPrice = (String, i64, i64, i64, String);

/// A price of one series, with when it was recorded first.
type RecordedPrice = (i64, i64, i64, i64, String);

const TARIFF: &str = "tariff";
const CONTRACT: &str = "contract";
const PRICE: &str = "price";

fn stored_tariff((id, member, document, created_at): TariffRow) -> Result<StoredTariff, Error> {
    Ok(StoredTariff {
        id: rows::id(&id, TARIFF)?,
        member: member.map(|member| rows::id(&member, TARIFF)).transpose()?,
        created_at: rows::instant(created_at, TARIFF)?,
        tariff: Tariff::parse_json(&document)
            .map_err(|_| Error::Corrupt { thing: TARIFF, reason: "its document cannot be read" })?,
    })
}

fn stored_contract((valid_from, created_at, document): ContractRow) -> Result<StoredContract, Error> {
    Ok(StoredContract {
        valid_from: rows::instant(valid_from, CONTRACT)?,
        created_at: rows::instant(created_at, CONTRACT)?,
        contract: serde_json::from_str(&document)
            .map_err(|_| Error::Corrupt { thing: CONTRACT, reason: "its document cannot be read" })?,
    })
}

/// The prices of rows that come by name and time of recording: each replaces what was recorded before it, as far as it
/// goes.
fn price_book(found: Vec<FoundPrice>) -> Result<PriceBook, Error> {
    let corrupt = |reason| Error::Corrupt { thing: PRICE, reason };
    let mut series: BTreeMap<String, BTreeMap<Timestamp, (Timestamp, Price)>> = BTreeMap::new();
    for (name, start, end, micros, currency) in found {
        let interval = Interval::new(rows::instant(start, PRICE)?, rows::instant(end, PRICE)?)
            .map_err(|_| corrupt("it ends before it begins"))?;
        let currency = currency.parse().map_err(|_| corrupt("its currency is none"))?;
        put(series.entry(name).or_default(), interval, Price::from_micros_per_kwh(micros, currency));
    }
    let mut book = PriceBook::new();
    for (name, prices) in series {
        let prices = prices
            .into_iter()
            .map(|(start, (end, price))| Ok((Interval::new(start, end)?, price)))
            .collect::<Result<Vec<_>, time::Error>>()
            .map_err(energy::Error::from)?;
        book.insert(&name, prices).map_err(energy::Error::from)?;
    }
    Ok(book)
}

/// Lays a price over those of a series, and cuts what it covers.
fn put(prices: &mut BTreeMap<Timestamp, (Timestamp, Price)>, interval: Interval, price: Price) {
    let (start, end) = (interval.start(), interval.end());
    // The last that begins before the end may reach past it: what is past stays.
    if let Some((_, &(until, over))) = prices.range(..end).next_back()
        && until > end
    {
        prices.insert(end, (until, over));
    }
    if let Some((_, (until, _))) = prices.range_mut(..start).next_back() {
        *until = start.min(*until);
    }
    let covered: Vec<Timestamp> = prices.range(start..end).map(|(start, _)| *start).collect();
    for start in covered {
        prices.remove(&start);
    }
    prices.insert(start, (end, price));
}

impl Store {
    /// Lets a contract count from an instant on. Contracts are only added: one that is set again for the same instant
    /// counts from now on.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the community is not there, [`Error::Full`], or a fault of the database.
    pub async fn set_contract(
        &self,
        community: Uuid,
        contract: &Contract,
        valid_from: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let document = written(contract, "write a contract")?;
        let id = rows::new_id(now);
        on!(self, write "set a contract", |connection| {
            let recorded_at = Db::recorded_of_community(&mut *connection, community, now).await?;
            load_community!(&mut *connection, community);
            sqlx::query::<Db>(sql!(
                "INSERT INTO community_contracts (id, community, document, valid_from, created_at) VALUES (?, ?, ?, ?, ?)"
            ))
            .bind(key(&id))
            .bind(key(&community))
            .bind(document.as_str())
            .bind(valid_from.as_microsecond())
            .bind(recorded_at)
            .execute(&mut *connection)
            .await?;
            let length = u64::try_from(document.len()).unwrap_or(u64::MAX);
            Db::keeps(connection, &self.bounds, Kept::AgreementBytes, community, length).await
        })
    }

    /// All contracts of a community, by when they begin; the last of one instant is the one that counts.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn contracts(&self, community: Uuid) -> Result<Vec<StoredContract>, Error> {
        self.first_contracts(community, None, u32::MAX).await
    }

    /// The first `most` contracts of a community that begin at `from` or later, by when they begin.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn first_contracts(
        &self,
        community: Uuid,
        from: Option<Timestamp>,
        most: u32,
    ) -> Result<Vec<StoredContract>, Error> {
        on!(self, read "list the contracts", |connection| {
            let found: Vec<ContractRow> = sqlx::query_as::<Db, _>(sql!(
                "SELECT valid_from, created_at, document FROM community_contracts \
                 WHERE community = ? AND valid_from >= ? ORDER BY valid_from, created_at, id LIMIT ?"
            ))
            .bind(key(&community))
            .bind(from.map_or(i64::MIN, Timestamp::as_microsecond))
            .bind(i64::from(most))
            .fetch_all(connection)
            .await?;
            Ok(found.into_iter().map(stored_contract).collect::<Result<_, Error>>()?)
        })
    }

    /// The contract that counts at an instant, as it was recorded by `as_of`; `None` where none does.
    pub(super) async fn contract(
        &self,
        community: Uuid,
        at: Timestamp,
        as_of: Timestamp,
    ) -> Result<Option<StoredContract>, Error> {
        on!(self, read "load a contract", |connection| {
            let found: Option<ContractRow> = sqlx::query_as::<Db, _>(sql!(
                "SELECT valid_from, created_at, document FROM community_contracts \
                 WHERE community = ? AND valid_from <= ? AND created_at <= ? \
                 ORDER BY valid_from DESC, created_at DESC, id DESC LIMIT 1"
            ))
            .bind(key(&community))
            .bind(at.as_microsecond())
            .bind(as_of.as_microsecond())
            .fetch_optional(connection)
            .await?;
            Ok(found.map(stored_contract).transpose()?)
        })
    }

    /// Adds a tariff, for one member or for all who have none of their own, and gives its id.
    ///
    /// It counts from the local day on that it says itself; of two that begin on one day the one that was added later
    /// counts.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the community or the member is not there, [`Error::Full`], or a fault of the database.
    pub async fn add_tariff(
        &self,
        community: Uuid,
        member: Option<Uuid>,
        tariff: &Tariff,
        now: Timestamp,
    ) -> Result<Uuid, Error> {
        let document = tariff.to_json().to_string();
        let valid_from = tariff.valid_from().to_string();
        let id = rows::new_id(now);
        on!(self, write "add a tariff", |connection| {
            let recorded_at = Db::recorded_of_community(&mut *connection, community, now).await?;
            load_community!(&mut *connection, community);
            if let Some(member) = member {
                let members = load_members!(&mut *connection, community);
                if !members.iter().any(|other| other.id == member) {
                    return Err(Fault::Refused(not_found("member", &member)));
                }
            }
            sqlx::query::<Db>(sql!(
                "INSERT INTO community_tariffs (id, community, member, valid_from, document, created_at) VALUES (?, ?, ?, ?, ?, ?)"
            ))
            .bind(key(&id))
            .bind(key(&community))
            .bind(member.as_ref().map(key))
            .bind(valid_from.as_str())
            .bind(document.as_str())
            .bind(recorded_at)
            .execute(&mut *connection)
            .await?;
            let length = u64::try_from(document.len()).unwrap_or(u64::MAX);
            Db::keeps(connection, &self.bounds, Kept::AgreementBytes, community, length).await?;
            Ok(id)
        })
    }

    /// All tariffs of a community, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn tariffs(&self, community: Uuid) -> Result<Vec<StoredTariff>, Error> {
        self.tariffs_as_of(community, Timestamp::MAX).await
    }

    /// The same as it was recorded by an instant.
    async fn tariffs_as_of(&self, community: Uuid, as_of: Timestamp) -> Result<Vec<StoredTariff>, Error> {
        on!(self, read "list the tariffs", |connection| {
            let found: Vec<TariffRow> = sqlx::query_as::<Db, _>(sql!(
                "SELECT id, member, document, created_at FROM community_tariffs \
                 WHERE community = ? AND created_at <= ? ORDER BY created_at, id"
            ))
            .bind(key(&community))
            .bind(as_of.as_microsecond())
            .fetch_all(connection)
            .await?;
            Ok(found.into_iter().map(stored_tariff).collect::<Result<_, Error>>()?)
        })
    }

    /// A page of a community's tariffs: all of them, or those that are for everybody or for `member`.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn tariff_page(
        &self,
        community: Uuid,
        member: Option<Uuid>,
        page: Page,
    ) -> Result<Listed<StoredTariff>, Error> {
        on!(self, read "list the tariffs", |connection| {
            let text = if member.is_some() {
                sql!(
                    "SELECT id, member, document, created_at FROM community_tariffs \
                     WHERE community = ? AND (member IS NULL OR member = ?) AND id > ? ORDER BY id LIMIT ?"
                )
            } else {
                sql!(
                    "SELECT id, member, document, created_at FROM community_tariffs \
                     WHERE community = ? AND id > ? ORDER BY id LIMIT ?"
                )
            };
            let mut query = sqlx::query_as::<Db, TariffRow>(text).bind(key(&community));
            if let Some(member) = &member {
                query = query.bind(key(member));
            }
            let found =
                query.bind(page.after_key()).bind(page.limit_and_one()).fetch_all(connection).await?;
            // The one that shows that there are more is not read.
            let Listed { items, next } = Listed::of(found, page, |(id, ..)| Uuid::from_slice(id).unwrap_or_default());
            Ok(Listed { items: items.into_iter().map(stored_tariff).collect::<Result<_, Error>>()?, next })
        })
    }

    /// Adds prices to a series of a community; each replaces, from now on and as far as it goes, what was there.
    ///
    /// # Errors
    ///
    /// [`Error::Energy`] where the name is none, or the series has another currency; [`Error::NotFound`] where the
    /// community is not there, [`Error::Full`], or a fault of the database.
    pub async fn add_prices(
        &self,
        community: Uuid,
        name: &str,
        prices: &[(Interval, Price)],
        now: Timestamp,
    ) -> Result<(), Error> {
        let name = Name::new(name)?;
        on!(self, write "add prices", |connection| {
            let recorded_at = Db::recorded_of_community(&mut *connection, community, now).await?;
            load_community!(&mut *connection, community);
            let there: Option<(String,)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT currency FROM prices WHERE community = ? AND name = ? LIMIT 1"
            ))
            .bind(key(&community))
            .bind(name.as_str())
            .fetch_optional(&mut *connection)
            .await?;
            for (_, price) in prices {
                let got = price.currency();
                if let Some((expected,)) = there.as_ref().filter(|(there,)| there != got.code()) {
                    let (series, expected, got) = (name.to_string(), expected.clone(), got.to_string());
                    let other = tariff::Error::OtherCurrency { series, expected, got };
                    return Err(energy::Error::from(other).into());
                }
            }
            let rows: Vec<PriceRow<'_>> = prices
                .iter()
                .map(|(interval, price)| PriceRow {
                    community,
                    name: name.as_str(),
                    starts_at: interval.start().as_microsecond(),
                    ends_at: interval.end().as_microsecond(),
                    price: price.as_micros_per_kwh(),
                    currency: price.currency(),
                    created_at: recorded_at,
                })
                .collect();
            Db::put_prices(&mut *connection, &rows).await.map_err(raced)?;
            let new = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            Db::keeps(connection, &self.bounds, Kept::Prices, community, new).await
        })
    }

    /// The prices of a community that share an instant with `interval`, as they were recorded by `as_of`.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn prices(
        &self,
        community: Uuid,
        interval: Interval,
        as_of: Timestamp,
    ) -> Result<PriceBook, Error> {
        on!(self, read "load prices", |connection| {
            let found: Vec<FoundPrice> = sqlx::query_as::<Db, _>(sql!(
                "SELECT name, starts_at, ends_at, price, currency FROM prices \
                 WHERE community = ? AND starts_at < ? AND ends_at > ? AND created_at <= ? \
                 ORDER BY name, created_at, starts_at"
            ))
            .bind(key(&community))
            .bind(interval.end().as_microsecond())
            .bind(interval.start().as_microsecond())
            .bind(as_of.as_microsecond())
            .fetch_all(connection)
            .await?;
            Ok(price_book(found)?)
        })
    }

    /// The first `most` prices of one series that share an instant with `interval`, by time, as they were recorded by `as_of`;
    /// those that begin before it reach into it.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn first_prices(
        &self,
        community: Uuid,
        name: &str,
        interval: Interval,
        as_of: Timestamp,
        most: usize,
    ) -> Result<Vec<(Interval, Price)>, Error> {
        let mut rows = most.saturating_add(1);
        loop {
            let limit = i64::try_from(rows).unwrap_or(i64::MAX);
            let mut found = on!(self, read "load prices", |connection| {
                let found: Vec<RecordedPrice> = sqlx::query_as::<Db, _>(sql!(
                    "SELECT created_at, starts_at, ends_at, price, currency FROM prices \
                     WHERE community = ? AND name = ? AND starts_at < ? AND ends_at > ? AND created_at <= ? \
                     ORDER BY starts_at, created_at LIMIT ?"
                ))
                .bind(key(&community))
                .bind(name)
                .bind(interval.end().as_microsecond())
                .bind(interval.start().as_microsecond())
                .bind(as_of.as_microsecond())
                .bind(limit)
                .fetch_all(connection)
                .await?;
                Ok(found)
            })?;
            // Those that begin later may lie over what reaches beyond the start of the last.
            let known = (found.len() == rows).then(|| found.last().map(|last| last.1)).flatten();
            found.retain(|price| known.is_none_or(|known| price.1 < known));
            found.sort_unstable_by_key(|price| (price.0, price.1));
            let named = |(_, start, end, price, currency): RecordedPrice| {
                (name.to_owned(), start, end, price, currency)
            };
            let book = price_book(found.into_iter().map(named).collect())?;
            let mut prices = book.series(name).unwrap_or_default().to_vec();
            // What was cut may end before the interval now.
            prices.retain(|(of, _)| {
                of.overlaps(interval) && known.is_none_or(|known| of.end().as_microsecond() <= known)
            });
            if known.is_none() || prices.len() >= most {
                prices.truncate(most);
                return Ok(prices);
            }
            rows = rows.saturating_mul(2);
        }
    }

    /// All that a community has agreed for a period, as it was recorded by `as_of`; the contract is the one that counts at
    /// the period's start.
    pub(super) async fn agreements(
        &self,
        community: Uuid,
        interval: Interval,
        as_of: Timestamp,
    ) -> Result<Agreements, Error> {
        let contract = self
            .contract(community, interval.start(), as_of)
            .await?
            .map_or_else(Contract::default, |stored| stored.contract);
        let tariffs = self.tariffs_as_of(community, as_of).await?.into_iter();
        Ok(Agreements {
            contract,
            keys: self.keys_as_of(community, as_of).await?,
            tariffs: tariffs.map(|stored| (stored.member, stored.tariff)).collect(),
            prices: self.prices(community, interval, as_of).await?,
        })
    }
}

fn written<T: serde::Serialize>(document: &T, action: &'static str) -> Result<String, Error> {
    serde_json::to_string(document).map_err(|source| Error::Failed { action, source: source.into() })
}
