//! The append-only log of what was issued: its signed heads and its subtrees.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::Database;
use uuid::Uuid;

use super::{
    Error, Store,
    backend::{Driver, on, per_driver},
    fault::{Fault, not_found, raced},
    rows::{self, key},
    sql::sql,
};
use crate::proof::{
    Bundle, CanonicalJson, Digest, KeyId, LogKey, Receipt, SignedHead, TreeHead,
    merkle::{Frontier, Node, NodeId, Plan},
};

const HEAD: &str = "head of the log";
const NODE: &str = "subtree of the log";

/// With what the heads of the log are signed.
#[derive(Clone, Copy, Debug)]
pub struct LogSigner<'a> {
    /// The key. A log has one: what another signs is refused.
    pub key: &'a LogKey,
    /// The name of a log that is about to begin, such as the server's. The first head carries it and all that follow keep
    /// it, whatever is told later: a receipt of one name would not go with heads of another.
    pub origin: &'a str,
}

/// Where the log goes on: its right edge, and the newest head where there is one.
pub(super) type Edge = (Frontier, Option<SignedHead>);

/// The steps with the log within a transaction.
pub(super) trait ProofLog: Database {
    /// The right edge of the log as it stands, for whoever signs with the key `key_id`; nobody else lets the log grow until
    /// the transaction ends.
    async fn claim_edge(connection: &mut Self::Connection, key_id: KeyId) -> Result<Edge, Fault>;

    /// Adds the subtrees that leaves have completed, and a new head for it.
    async fn grow(
        connection: &mut Self::Connection,
        nodes: &[Node],
        edge: &Frontier,
        head: &SignedHead,
    ) -> Result<(), Fault>;

    /// The subtrees that a path needs.
    async fn nodes(connection: &mut Self::Connection, plan: &Plan) -> Result<HashMap<NodeId, Digest>, Fault>;

    /// The newest head.
    async fn newest_head(connection: &mut Self::Connection) -> Result<Option<SignedHead>, Fault>;
}

fn number(count: u64, thing: &'static str) -> Result<i64, Error> {
    i64::try_from(count).map_err(|_| Error::Corrupt { thing, reason: "its size is out of range" })
}

fn unwritten(source: serde_json::Error) -> Error {
    Error::Failed { action: "write a head of the log", source: source.into() }
}

fn signed_head(document: &str) -> Result<SignedHead, Error> {
    SignedHead::parse(document)
        .map_err(|_| Error::Corrupt { thing: HEAD, reason: "its document cannot be read" })
}

per_driver! {
    impl ProofLog for Db {
        async fn claim_edge(connection: &mut Self::Connection, key_id: KeyId) -> Result<Edge, Fault> {
            if <Db as Driver>::HOLDS_ROWS {
                // All writers hold the same row, the first head, and see the newest one once they do. Before there is a
                // head two of them meet at the same place, and the second begins again.
                sqlx::query::<Db>(sql!("SELECT size FROM log_heads ORDER BY size LIMIT 1 FOR UPDATE"))
                    .fetch_optional(&mut *connection)
                    .await?;
            }
            let row: Option<(Vec<u8>, String)> =
                sqlx::query_as::<Db, _>(sql!("SELECT edge, document FROM log_heads ORDER BY size DESC LIMIT 1"))
                    .fetch_optional(&mut *connection)
                    .await?;
            let edge = match row {
                None => (Frontier::default(), None),
                Some((edge, document)) => {
                    let frontier = Frontier::from_bytes(&edge)
                        .map_err(|_| Error::Corrupt { thing: HEAD, reason: "its edge cannot be read" })?;
                    (frontier, Some(signed_head(&document)?))
                }
            };
            let kept: Option<(String,)> =
                sqlx::query_as::<Db, _>(sql!("SELECT kid FROM log_keys ORDER BY place LIMIT 1"))
                    .fetch_optional(connection)
                    .await?;
            let signed = edge.1.as_ref().map(|head| head.key_id().to_string());
            // The key that is kept here is the log's even before it has signed anything.
            let expected = signed.or(kept.map(|(kid,)| kid));
            match expected.filter(|expected| *expected != key_id.to_string()) {
                None => Ok(edge),
                Some(expected) => Err(Error::OtherLogKey { expected, got: key_id.to_string() }.into()),
            }
        }

        async fn grow(
            connection: &mut Self::Connection,
            nodes: &[Node],
            edge: &Frontier,
            head: &SignedHead,
        ) -> Result<(), Fault> {
            for node in nodes {
                sqlx::query::<Db>(sql!("INSERT INTO log_nodes (height, place, hash) VALUES (?, ?, ?)"))
                    .bind(i64::from(node.id.level))
                    .bind(number(node.id.index, NODE)?)
                    .bind(node.hash.as_bytes().as_slice())
                    .execute(&mut *connection)
                    .await
                    .map_err(raced)?;
            }
            sqlx::query::<Db>(sql!("INSERT INTO log_heads (size, signed_at, edge, document) VALUES (?, ?, ?, ?)"))
                .bind(number(edge.size(), HEAD)?)
                .bind(head.unverified().timestamp().as_microsecond())
                .bind(edge.to_bytes())
                .bind(serde_json::to_string(head).map_err(unwritten)?)
                .execute(connection)
                .await
                .map_err(raced)?;
            Ok(())
        }

        async fn nodes(
            connection: &mut Self::Connection,
            plan: &Plan,
        ) -> Result<HashMap<NodeId, Digest>, Fault> {
            let mut nodes = HashMap::new();
            for id in plan.nodes() {
                let row: Option<(Vec<u8>,)> =
                    sqlx::query_as::<Db, _>(sql!("SELECT hash FROM log_nodes WHERE height = ? AND place = ?"))
                        .bind(i64::from(id.level))
                        .bind(number(id.index, NODE)?)
                        .fetch_optional(&mut *connection)
                        .await?;
                let hash = row.ok_or(Error::Corrupt { thing: NODE, reason: "it is not there" })?.0;
                nodes.insert(id, Digest::from_bytes(rows::hash(&hash, NODE)?));
            }
            Ok(nodes)
        }

        async fn newest_head(connection: &mut Self::Connection) -> Result<Option<SignedHead>, Fault> {
            let row: Option<(String,)> =
                sqlx::query_as::<Db, _>(sql!("SELECT document FROM log_heads ORDER BY size DESC LIMIT 1"))
                    .fetch_optional(connection)
                    .await?;
            Ok(row.map(|(document,)| signed_head(&document)).transpose()?)
        }
    }
}

/// What entries make of the log: their places, the subtrees that they complete, and the signed head behind the last.
pub(super) struct Grown {
    pub(super) first: u64,
    pub(super) nodes: Vec<Node>,
    pub(super) edge: Frontier,
    pub(super) head: SignedHead,
}

/// Appends entries to the log, on paper. The log keeps its name, and a clock that went back since the last head does not let
/// the new one be older.
pub(super) fn grown(
    (mut edge, newest): Edge,
    entries: &[CanonicalJson],
    signer: LogSigner<'_>,
    now: Timestamp,
) -> Result<Grown, crate::proof::Error> {
    let first = edge.size();
    let mut nodes = Vec::with_capacity(entries.len().saturating_mul(2));
    for entry in entries {
        nodes.extend(edge.append(entry.leaf_hash())?);
    }
    let newest = newest.as_ref().map(SignedHead::unverified);
    let origin = newest.map_or(signer.origin, TreeHead::origin);
    let at = newest.map_or(now, |newest| now.max(newest.timestamp()));
    let head = TreeHead::new(origin, edge.size(), edge.root(), at)?.sign(signer.key)?;
    Ok(Grown { first, nodes, edge, head })
}

impl Store {
    /// The newest signed head of the log; `None` while nothing has been issued.
    ///
    /// # Errors
    ///
    /// A fault of the database.
    pub async fn log_head(&self) -> Result<Option<SignedHead>, Error> {
        on!(self, read "load the head of the log", |connection| { Db::newest_head(connection).await })
    }

    /// The signed head that the log had at a size.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where no head was signed at that size, or a fault of the database.
    pub async fn log_head_at(&self, size: u64) -> Result<SignedHead, Error> {
        on!(self, read "load a head of the log", |connection| {
            // No log is larger than the largest number of the database.
            let row: Option<(String,)> = sqlx::query_as::<Db, _>(sql!("SELECT document FROM log_heads WHERE size = ?"))
                .bind(i64::try_from(size).unwrap_or(i64::MAX))
                .fetch_optional(connection)
                .await?;
            Ok(signed_head(&row.ok_or_else(|| not_found(HEAD, &size))?.0)?)
        })
    }

    /// The path that shows that the log of `old` entries is the beginning of that of `new` ones. RFC 9162 section 2.1.4.
    ///
    /// # Errors
    ///
    /// [`Error::Proof`] where the log was never that large or `old` is past `new`, or a fault of the database.
    pub async fn log_consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, Error> {
        on!(self, snapshot "load a path of the log", |connection| {
            let size = Db::newest_head(&mut *connection).await?.map_or(0, |head| head.unverified().tree_size());
            if new > size {
                return Err(Fault::Refused(not_found("head of the log of size", &new)));
            }
            let plan = Plan::consistency(old, new).map_err(Error::Proof)?;
            let nodes = Db::nodes(connection, &plan).await?;
            Ok(plan.path(|id| nodes.get(&id).copied()).map_err(Error::Proof)?)
        })
    }

    /// A statement with the proof that it is in the log, under the newest head; what a stranger verifies.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or a fault of the database.
    pub async fn statement_bundle(&self, id: Uuid) -> Result<Bundle, Error> {
        on!(self, snapshot "load a statement's proof", |connection| {
            let row: Option<(i64, String)> =
                sqlx::query_as::<Db, _>(sql!("SELECT leaf, document FROM statements WHERE id = ?"))
                    .bind(key(&id))
                    .fetch_optional(&mut *connection)
                    .await?;
            let (leaf, document) = row.ok_or_else(|| not_found("statement", &id))?;
            let corrupt = |reason| Error::Corrupt { thing: "statement", reason };
            let leaf = u64::try_from(leaf).map_err(|_| corrupt("its place is below zero"))?;
            let statement = CanonicalJson::parse(&document).map_err(|_| corrupt("its document cannot be read"))?;
            let head = Db::newest_head(&mut *connection).await?.ok_or(corrupt("the log has no head"))?;
            let plan = Plan::inclusion(leaf, head.unverified().tree_size()).map_err(Error::Proof)?;
            let nodes = Db::nodes(connection, &plan).await?;
            let path = plan.path(|id| nodes.get(&id).copied()).map_err(Error::Proof)?;
            let receipt = Receipt::new(leaf, statement.leaf_hash(), path, head);
            Ok(Bundle::new(statement, receipt))
        })
    }
}
