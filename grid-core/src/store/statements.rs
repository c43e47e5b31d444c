//! Settled periods: drafts, and what was issued.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    AuditEntry, Error, Listed, Page, Store,
    agreements::Agreements,
    audit::Trail as _,
    backend::on,
    balance::Loaded,
    events::{Audience, Happening, Tell},
    fault::{Fault, gone, not_found, raced},
    page::listed,
    proof_log::{LogSigner, ProofLog as _, grown},
    quotas::{Kept, Room as _},
    rows::{self, key},
    sql::sql,
};
use crate::{
    energy::{
        self,
        settlement::{
            self, Amount, CommunityAccount, Kind, Missing, Order, Quantities, Settlement, Statement,
        },
        sharing::Key,
    },
    proof::CanonicalJson,
    quantity::Share,
    series::Quality,
    time::Interval,
};

/// What is to be settled, and how; the readings, keys, tariffs and prices are those of the store.
#[derive(Clone, Debug)]
pub struct SettlementRequest {
    /// The community.
    pub community: Uuid,
    /// The period, of whole slots.
    pub period: Interval,
    /// Other keys to compare each member's bill with, [`MOST_COMPARED`](settlement::MOST_COMPARED) at most.
    pub compare: Vec<Key>,
    /// What to do where readings are missing.
    pub missing: Missing,
    /// Everything counts as it was recorded by then.
    pub as_of: Timestamp,
}

/// What issuing a settlement did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The id of the settlement, a UUID; `None` where all that was settled had been issued before.
    pub id: Option<Uuid>,
    /// What was issued now: statements, and corrections of those that were issued before.
    pub documents: Vec<Statement>,
    /// How many members' statements had been issued before, and stand.
    pub unchanged: usize,
}

/// A settlement that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSettlement {
    /// Its id, a UUID.
    pub id: Uuid,
    /// The community.
    pub community: Uuid,
    /// The period.
    pub period: Interval,
    /// Everything counted as it was recorded by then.
    pub as_of: Timestamp,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The community's account, as JSON.
    pub account: String,
}

/// A document that was issued, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredStatement {
    /// Its id, a UUID.
    pub id: Uuid,
    /// The settlement that it was issued with.
    pub settlement: Uuid,
    /// The community.
    pub community: Uuid,
    /// The member.
    pub member: Uuid,
    /// Its place in the log.
    pub leaf: u64,
    /// Its canonical text: what the log has the hash of.
    pub document: String,
}

impl StoredStatement {
    /// Reads the document.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`].
    pub fn statement(&self) -> Result<Statement, Error> {
        Statement::parse_json(&self.document)
            .map_err(|_| Error::Corrupt { thing: STATEMENT, reason: NO_DOCUMENT })
    }
}

const STATEMENT: &str = "statement";
const SETTLEMENT: &str = "settlement";
const NO_DOCUMENT: &str = "its document cannot be read";

type StatementRow = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, i64, String);
type SettlementRow = (Vec<u8>, Vec<u8>, i64, i64, i64, i64, String);

fn stored(
    (id, settlement, community, member, leaf, document): StatementRow,
) -> Result<StoredStatement, Error> {
    Ok(StoredStatement {
        id: rows::id(&id, STATEMENT)?,
        settlement: rows::id(&settlement, STATEMENT)?,
        community: rows::id(&community, STATEMENT)?,
        member: rows::id(&member, STATEMENT)?,
        leaf: u64::try_from(leaf)
            .map_err(|_| Error::Corrupt { thing: STATEMENT, reason: "its place is below zero" })?,
        document,
    })
}

fn stored_settlement(
    (id, community, start, end, as_of, issued_at, account): SettlementRow,
) -> Result<StoredSettlement, Error> {
    Ok(StoredSettlement {
        id: rows::id(&id, SETTLEMENT)?,
        community: rows::id(&community, SETTLEMENT)?,
        period: Interval::new(rows::instant(start, SETTLEMENT)?, rows::instant(end, SETTLEMENT)?)
            .map_err(|_| Error::Corrupt { thing: SETTLEMENT, reason: "it ends before it begins" })?,
        as_of: rows::instant(as_of, SETTLEMENT)?,
        issued_at: rows::instant(issued_at, SETTLEMENT)?,
        account,
    })
}

impl Store {
    /// Settles a period from what is stored, and keeps nothing: a draft, or a bill as it would have stood on another day.
    /// It has the settlement's work in it, which keeps a core busy: a second for some thousand members.
    ///
    /// The same request comes out the same whenever it is made again: what is written meanwhile or later is recorded after
    /// [`SettlementRequest::as_of`], as long as that is not after `issued_at`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::NotBegun`] where nothing may be missing and a register that counts in the period
    /// has its first reading after it; [`Error::Energy`] as [`settlement::settle`] has it; or a fault of the database.
    pub async fn settle(
        &self,
        request: &SettlementRequest,
        issued_at: Timestamp,
    ) -> Result<Settlement, Error> {
        settlement::few_compared(&request.compare)?;
        // What will be known cannot be settled twice alike.
        self.close_books(request.community, request.as_of.min(issued_at)).await?;
        let Loaded { community, accounts, unbegun } =
            self.load_accounts(request.community, request.period, Some(request.as_of)).await?;
        if let (Missing::Refuse, Some(first)) = (request.missing, unbegun.first()) {
            let member = accounts.iter().find(|account| account.member == first.member);
            return Err(Error::NotBegun {
                device: first.device,
                channel: first.channel,
                member: member.map(|account| account.name.to_string()).unwrap_or_default(),
                begins: first.begins,
                registers: unbegun.len(),
            });
        }
        let Agreements { contract, keys, tariffs, prices } =
            self.agreements(request.community, request.period, request.as_of).await?;
        Ok(settlement::settle(&Order {
            community: &community,
            period: request.period,
            contract: &contract,
            accounts: &accounts,
            keys: &keys,
            tariffs: &tariffs,
            prices: &prices,
            compare: &request.compare,
            missing: request.missing,
            as_of: request.as_of,
            issued_at,
        })?)
    }

    /// Issues a settlement: each statement becomes an entry of the log, and never changes.
    ///
    /// A member to whom a statement was issued for this period gets a correction of what changed since, or nothing where
    /// nothing did; one whose registers no longer count in the community, a correction to nothing. `entry` says who does it,
    /// and is written down with it: its target becomes the settlement's id. All is issued and written down, or nothing;
    /// where nothing was due nothing is written down.
    ///
    /// # Errors
    ///
    /// [`Error::PeriodsOverlap`] where a period that was issued shares an instant with this one and is another;
    /// [`Error::IssuedSince`] where the period was issued meanwhile with what was recorded later;
    /// [`Error::OtherLogKey`] where the log has another key;
    /// [`Error::Energy`] where a correction does not fit; [`Error::Proof`] where the log cannot grow; those of
    /// [`Store::record`]; or a fault of the database.
    pub async fn issue(
        &self,
        settlement: &Settlement,
        signer: LogSigner<'_>,
        entry: AuditEntry,
        now: Timestamp,
    ) -> Result<Issued, Error> {
        let account = &settlement.account;
        let community = account.community.id;
        let period = Interval::new(account.period.start, account.period.end).map_err(energy::Error::from)?;
        let id = rows::new_id(now);
        let entry = AuditEntry { target: id.to_string(), ..entry };
        let text = serde_json::to_string(account)
            .map_err(|source| Error::Failed { action: "write an account", source: source.into() })?;
        on!(self, write "issue a settlement", |connection| {
            // First of all: what was issued is then seen to the last of it.
            let edge = Db::claim_edge(&mut *connection, signer.key.key_id()).await?;
            let found: Vec<(Vec<u8>, i64, i64, String)> = sqlx::query_as::<Db, _>(sql!(
                "SELECT member, starts_at, ends_at, document FROM statements \
                 WHERE community = ? AND starts_at < ? AND ends_at > ? ORDER BY leaf"
            ))
            .bind(key(&community))
            .bind(period.end().as_microsecond())
            .bind(period.start().as_microsecond())
            .fetch_all(&mut *connection)
            .await?;
            let mut before: BTreeMap<Uuid, Vec<Statement>> = BTreeMap::new();
            for (member, start, end, document) in found {
                let other = Interval::new(rows::instant(start, STATEMENT)?, rows::instant(end, STATEMENT)?)
                    .map_err(energy::Error::from)?;
                if other != period {
                    return Err(Fault::Refused(Error::PeriodsOverlap { got: period, other }));
                }
                let document = Statement::parse_json(&document)
                    .map_err(|_| Error::Corrupt { thing: STATEMENT, reason: NO_DOCUMENT })?;
                before.entry(rows::id(&member, STATEMENT)?).or_default().push(document);
            }
            let (documents, unchanged) = due(settlement, &before)?;
            if documents.is_empty() {
                return Ok(Issued { id: None, documents, unchanged });
            }
            let newest = before.values().flatten().map(|document| document.as_of).max();
            if let Some(issued) = newest.filter(|newest| *newest > account.as_of) {
                return Err(Fault::Refused(Error::IssuedSince { got: account.as_of, issued }));
            }
            let entries = documents
                .iter()
                .map(CanonicalJson::from_serialize)
                .collect::<Result<Vec<_>, _>>()
                .map_err(Error::Proof)?;
            let grown = grown(edge, &entries, signer, now).map_err(Error::Proof)?;
            sqlx::query::<Db>(sql!(
                "INSERT INTO settlements (id, community, starts_at, ends_at, as_of, issued_at, account) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)"
            ))
            .bind(key(&id))
            .bind(key(&community))
            .bind(period.start().as_microsecond())
            .bind(period.end().as_microsecond())
            .bind(account.as_of.as_microsecond())
            .bind(account.issued_at.as_microsecond())
            .bind(text.as_str())
            .execute(&mut *connection)
            .await
            .map_err(gone)?;
            for ((document, entry), place) in documents.iter().zip(&entries).zip(grown.first..) {
                let place = i64::try_from(place)
                    .map_err(|_| Error::Corrupt { thing: STATEMENT, reason: "its place is out of range" })?;
                sqlx::query::<Db>(sql!(
                    "INSERT INTO statements (id, settlement, community, member, kind, starts_at, ends_at, issued_at, leaf, document) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                ))
                .bind(key(&document.id))
                .bind(key(&id))
                .bind(key(&community))
                .bind(key(&document.member.id))
                .bind(match document.kind {
                    Kind::Statement => "statement",
                    Kind::Correction => "correction",
                })
                .bind(period.start().as_microsecond())
                .bind(period.end().as_microsecond())
                .bind(document.issued_at.as_microsecond())
                .bind(place)
                .bind(entry.as_str())
                .execute(&mut *connection)
                .await
                .map_err(raced)?;
            }
            Db::grow(&mut *connection, &grown.nodes, &grown.edge, &grown.head).await?;
            Db::put_entry(&mut *connection, &entry).await?;
            let (from, to, count) = (period.start(), period.end(), documents.len());
            let what = Happening::Statements { community, settlement: id, from, to, count };
            Db::tell(&mut *connection, Audience::Community(community), &what, now).await?;
            // Whoever issues is alone with the edge of the log.
            Db::keeps(connection, &self.bounds, Kept::Settlements, community, 1).await?;
            Ok(Issued { id: Some(id), documents, unchanged })
        })
    }

    /// The settlements of a community that were issued, in the order of their ids.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn settlements(&self, community: Uuid, page: Page) -> Result<Listed<StoredSettlement>, Error> {
        on!(self, read "list the settlements", |connection| {
            listed!(
                connection,
                page,
                SettlementRow => stored_settlement,
                "SELECT id, community, starts_at, ends_at, as_of, issued_at, account FROM settlements \
                 WHERE community = ? AND id > ? ORDER BY id LIMIT ?",
                &community,
            )
        })
    }

    /// A document that was issued.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn statement(&self, id: Uuid) -> Result<StoredStatement, Error> {
        on!(self, read "load a statement", |connection| {
            let row: Option<StatementRow> = sqlx::query_as::<Db, StatementRow>(sql!(
                "SELECT id, settlement, community, member, leaf, document FROM statements WHERE id = ?"
            ))
            .bind(key(&id))
            .fetch_optional(connection)
            .await?;
            Ok(stored(row.ok_or_else(|| not_found(STATEMENT, &id))?)?)
        })
    }

    /// The documents that were issued to a community's members for a period, or all where none is named, in the order of
    /// the log; one member's where it is named. `after` is the place in the log after which the page begins.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn statements(
        &self,
        community: Uuid,
        member: Option<Uuid>,
        period: Option<Interval>,
        (after, limit): (Option<u64>, u32),
    ) -> Result<Vec<StoredStatement>, Error> {
        let (start, end) = period.map_or((i64::MIN, i64::MAX), |period| {
            (period.start().as_microsecond(), period.end().as_microsecond())
        });
        let after = after.map_or(-1, |after| i64::try_from(after).unwrap_or(i64::MAX));
        let member = member.map(|member| member.as_bytes().to_vec());
        on!(self, read "list the statements", |connection| {
            let found: Vec<StatementRow> = match &member {
                Some(member) => {
                    sqlx::query_as::<Db, StatementRow>(sql!(
                        "SELECT id, settlement, community, member, leaf, document FROM statements \
                         WHERE community = ? AND starts_at >= ? AND ends_at <= ? AND leaf > ? AND member = ? \
                         ORDER BY leaf LIMIT ?"
                    ))
                    .bind(key(&community))
                    .bind(start)
                    .bind(end)
                    .bind(after)
                    .bind(member.as_slice())
                    .bind(i64::from(limit))
                    .fetch_all(connection)
                    .await?
                }
                None => {
                    sqlx::query_as::<Db, StatementRow>(sql!(
                        "SELECT id, settlement, community, member, leaf, document FROM statements \
                         WHERE community = ? AND starts_at >= ? AND ends_at <= ? AND leaf > ? ORDER BY leaf LIMIT ?"
                    ))
                    .bind(key(&community))
                    .bind(start)
                    .bind(end)
                    .bind(after)
                    .bind(i64::from(limit))
                    .fetch_all(connection)
                    .await?
                }
            };
            Ok(found.into_iter().map(stored).collect::<Result<_, Error>>()?)
        })
    }
}

/// What is to be issued: statements to those who have none, corrections to those whose statement is another now; and how
/// many stand.
fn due(
    settlement: &Settlement,
    before: &BTreeMap<Uuid, Vec<Statement>>,
) -> Result<(Vec<Statement>, usize), energy::Error> {
    let mut documents = Vec::new();
    let mut unchanged = 0;
    let mut left: BTreeMap<&Uuid, &Vec<Statement>> = before.iter().collect();
    let mut correct = |issued: &[Statement], statement: &Statement| {
        match settlement::correct(issued, statement)? {
            Some(correction) => documents.push(correction),
            None => unchanged += 1,
        }
        Ok::<_, energy::Error>(())
    };
    let mut new = Vec::new();
    for statement in &settlement.statements {
        match left.remove(&statement.member.id) {
            None => new.push(statement.clone()),
            Some(issued) => correct(issued, statement)?,
        }
    }
    for issued in left.into_values() {
        if let Some(last) = issued.last() {
            correct(issued, &nothing(last, &settlement.account))?;
        }
    }
    documents.extend(new);
    documents.sort_by_key(|document| document.member.id);
    Ok((documents, unchanged))
}

/// The statement of a member who has no registers in the community any more.
fn nothing(last: &Statement, account: &CommunityAccount) -> Statement {
    Statement {
        kind: Kind::Statement,
        corrects: None,
        issued_at: account.issued_at,
        as_of: account.as_of,
        sharing: account.sharing.clone(),
        energy: Quantities::default(),
        quality: Quality::Missing,
        completeness: Share::NONE,
        lines: Vec::new(),
        net: Amount::ZERO,
        taxes: Amount::ZERO,
        total: Amount::ZERO,
        comparisons: Vec::new(),
        ..last.clone()
    }
}
