//! The tables of an archive: their columns, and the statements that read and fill them.
//!
//! A table that a migration adds is listed here, or below with the reason why it is left out; a test compares both lists
//! and the columns with the tables that the migrations make. A column that is added later and may be empty can be missing
//! in an archive of an earlier schema, and a table that is added later too.

use super::cell::Kind;
use crate::store::sql::{Sql, as_text, numbered, numbered_length, repeat, repeated_length};

/// How the rows of a table stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One JSON object a line.
    Lines,
    /// CSV with a header.
    Csv,
}

impl Shape {
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Lines => "ndjson",
            Self::Csv => "csv",
        }
    }
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// As files call it.
    pub(super) told: &'static str,
    /// As databases call it.
    pub(super) stored: &'static str,
    pub(super) kind: Kind,
    /// Whether it may be empty.
    pub(super) may_be_null: bool,
}

/// The rows of one kind in an archive.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) name: &'static str,
    /// What a row is, for the README.
    pub(super) about: &'static str,
    pub(super) shape: Shape,
    pub(super) columns: &'static [Column],
}

/// A table that is read and filled as it stands.
#[derive(Debug)]
pub(super) struct Plain {
    /// All rows, in the order of their keys.
    pub(super) select: Sql,
    /// One row, if there is any.
    pub(super) look: Sql,
    /// One row.
    pub(super) insert_one: Sql,
    /// [`MANY`] rows.
    pub(super) insert_many: Sql,
}

/// How many rows one statement inserts, where there are so many.
pub(super) const MANY: usize = 64;

/// How a table comes into an archive and back.
#[derive(Debug)]
pub(super) enum Content {
    /// As it stands.
    Plain(Plain),
    /// `reading_days`, unpacked.
    Readings,
}

/// A table of the database.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) sheet: Sheet,
    pub(super) content: Content,
}

/// A text as a statement in both notations.
macro_rules! both {
    ($plain:expr) => {
        both!($plain, $plain)
    };
    ($plain:expr, $for_postgres:expr) => {{
        const PLAIN: &str = $plain;
        const TEXT: &str = $for_postgres;
        const BYTES: [u8; numbered_length(TEXT)] = numbered(TEXT);
        Sql { plain: PLAIN, numbered: as_text(&BYTES) }
    }};
}
pub(super) use both;

/// The columns of a sheet: `column as "name in files": Kind or null`.
macro_rules! columns {
    ($($column:ident $(as $told:literal)? : $kind:ident $(or $null:ident)?),+ $(,)?) => {
        &[$(Column {
            told: columns!(@told $column $($told)?),
            stored: stringify!($column),
            kind: Kind::$kind,
            may_be_null: columns!(@null $($null)?),
        }),+]
    };
    (@told $column:ident) => { stringify!($column) };
    (@told $column:ident $told:literal) => { $told };
    (@null) => { false };
    (@null null) => { true };
}
pub(super) use columns;

/// The names of columns with commas between.
macro_rules! names {
    ($first:ident $(as $first_told:literal)? : $first_kind:ident $(or $first_null:ident)?
     $(, $column:ident $(as $told:literal)? : $kind:ident $(or $null:ident)?)* $(,)?) => {
        concat!(stringify!($first) $(, ", ", stringify!($column))*)
    };
}
pub(super) use names;

/// A `?` for each column, with commas between.
macro_rules! parameters {
    ($first:ident $(as $first_told:literal)? : $first_kind:ident $(or $first_null:ident)?
     $(, $column:ident $(as $told:literal)? : $kind:ident $(or $null:ident)?)* $(,)?) => {
        concat!("(?" $(, parameters!(@one $column))*, ")")
    };
    (@one $column:ident) => { ", ?" };
}

/// A table that is read and filled as it stands. `by` is the order of its keys; PostgreSQL has an order of its own where
/// a text is among them, and is told which one.
macro_rules! plain {
    ($name:ident, $about:literal, $shape:ident, by $order:literal, { $($columns:tt)+ }) => {
        plain!($name, $about, $shape, by $order or $order, { $($columns)+ })
    };
    ($name:ident, $about:literal, $shape:ident, by $order:literal or $order_of_postgres:literal, { $($columns:tt)+ }) => {
        Table {
            sheet: Sheet {
                name: stringify!($name),
                about: $about,
                shape: Shape::$shape,
                columns: columns!($($columns)+),
            },
            content: Content::Plain({
                const SELECT: &str = concat!("SELECT ", names!($($columns)+), " FROM ", stringify!($name), " ORDER BY ");
                const HEAD: &str = concat!("INSERT INTO ", stringify!($name), " (", names!($($columns)+), ") VALUES ");
                const GROUP: &str = parameters!($($columns)+);
                const MANY_BYTES: [u8; repeated_length(HEAD, GROUP, ",", MANY, "")] = repeat(HEAD, GROUP, ",", MANY, "");
                const ONE_BYTES: [u8; repeated_length(HEAD, GROUP, ",", 1, "")] = repeat(HEAD, GROUP, ",", 1, "");
                const SELECT_BYTES: [u8; repeated_length(SELECT, $order, "", 1, "")] = repeat(SELECT, $order, "", 1, "");
                const POSTGRES_BYTES: [u8; repeated_length(SELECT, $order_of_postgres, "", 1, "")] =
                    repeat(SELECT, $order_of_postgres, "", 1, "");
                Plain {
                    select: both!(as_text(&SELECT_BYTES), as_text(&POSTGRES_BYTES)),
                    look: both!(concat!("SELECT 1 FROM ", stringify!($name), " LIMIT 1")),
                    insert_one: both!(as_text(&ONE_BYTES)),
                    insert_many: both!(as_text(&MANY_BYTES)),
                }
            }),
        }
    };
}

/// Every table that is exported, each after those that its rows refer to.
pub(super) const TABLES: &[Table] = &[
    plain!(users, "who may log in; `password` is a hash", Lines, by "id", {
        id: Id, username: Text, username_key: Text, email: Text, password: Text, created_at: Instant,
        administrator: Flag, disabled_at: Instant or null,
    }),
    plain!(signing_keys, "what access tokens are signed with; sealed ones need the server's GRID_SEALING_KEY", Lines,
        by "created_at, kid" or "created_at, kid COLLATE \"C\"", {
        kid: Text, pkcs8: Bytes, created_at: Instant, sealed: Flag,
    }),
    plain!(revocations, "tokens that ended before their time: 1 of a session, 2 one token, 3 of a user", Lines,
        by "kind, id", {
        kind: Integer, id: Id, said_at: Instant, forgotten_at: Instant,
    }),
    plain!(api_keys, "the hashes of the keys that devices and programs authenticate with", Lines, by "id", {
        id: Id, hash: Bytes, owner: Id, name: Text, hint: Text, scopes: Text, device: Id or null,
        created_at: Instant, expires_at: Instant or null, last_used_at: Instant or null, revoked_at: Instant or null,
    }),
    plain!(second_factors, "what users' one-time codes come from", Lines, by "owner", {
        owner: Id, secret: Bytes, created_at: Instant, confirmed_at: Instant or null, last_step: Integer or null,
    }),
    plain!(recovery_codes, "the hashes of what stands in for a one-time code", Lines, by "owner, hash", {
        owner: Id, hash: Bytes, used_at: Instant or null,
    }),
    plain!(audit_entries, "who did what", Lines, by "id", {
        id: Id, happened_at: Instant, actor: Id or null, actor_name: Text, action: Text, target: Text,
        succeeded: Flag, reason: Text or null, address: Text, token_hash: Bytes or null, request_id: Text,
    }),
    plain!(households, "what users tell of their households", Lines, by "owner", {
        owner: Id, energy_behavior: Text or null, occupants: Integer or null, housing: Text or null,
        updated_at: Instant,
    }),
    plain!(devices, "whatever has a register", Lines, by "id", {
        id: Id, owner: Id, name: Text, kind: Text, zone as "time_zone": Text,
        rated_power as "rated_power_milliwatts": Integer or null, created_at: Instant,
        settled_as_of: Instant or null,
    }),
    plain!(communities, "neighbours who share what they generate", Lines, by "id", {
        id: Id, name: Text, zone as "time_zone": Text, created_at: Instant, settled_as_of: Instant or null,
    }),
    plain!(members, "the parties to a community", Lines, by "id", {
        id: Id, community: Id, name: Text, account: Id or null, role: Text, created_at: Instant,
    }),
    plain!(device_placements, "which member a device counts for, and when; the row recorded later counts", Lines,
        by "community, device, recorded_at", {
        community: Id, device: Id, recorded_at: Instant, member: Id or null, valid_from: Instant or null,
        valid_until: Instant or null,
    }),
    plain!(community_keys, "how a community shares, from when on", Lines, by "id", {
        id: Id, community: Id, kind: Text, shares: Text, valid_from: Instant, created_at: Instant,
    }),
    plain!(community_contracts, "what a community has agreed beside its keys and tariffs", Lines, by "id", {
        id: Id, community: Id, document: Text, valid_from: Instant, created_at: Instant,
    }),
    plain!(community_tariffs, "the tariffs of a community, for one member or for all", Lines, by "id", {
        id: Id, community: Id, member: Id or null, valid_from: Text, document: Text, created_at: Instant,
    }),
    plain!(prices, "prices of energy by the hour, in millionths of the currency per kWh", Lines,
        by "community, name, starts_at, created_at" or "community, name COLLATE \"C\", starts_at, created_at", {
        community: Id, name: Text, starts_at as "start": Instant, ends_at as "end": Instant,
        price as "price_millionths": Integer, currency: Text, created_at: Instant,
    }),
    plain!(channels, "what devices count, and from when to when; `reach` is in UTC days", Lines, by "device, channel", {
        device: Id, channel: Channel, reach: Integer, first_start: Instant or null, last_end: Instant or null,
    }),
    Table {
        sheet: Sheet {
            name: "readings",
            about: "how much energy each channel counted, and when that was recorded; `missing` has no energy",
            shape: Shape::Csv,
            columns: columns!(
                device: Id, channel: Channel, starts_at as "start": Instant, ends_at as "end": Instant,
                energy as "energy_kwh": Energy or null, quality: Quality, recorded_at: Instant,
            ),
        },
        content: Content::Readings,
    },
    plain!(superseded_readings, "readings that others have replaced, and when", Csv, by "id", {
        id: Id, device: Id, channel: Channel, starts_at as "start": Instant, ends_at as "end": Instant,
        energy as "energy_kwh": Energy or null, quality: Quality, recorded_at: Instant, superseded_at: Instant,
    }),
    plain!(register_reads, "what cumulative registers showed", Csv, by "device, channel, read_at, recorded_at", {
        device: Id, channel: Channel, read_at: Instant, recorded_at: Instant, counter: Integer, quality: Quality,
    }),
    plain!(register_events, "what happened to cumulative registers", Lines,
        by "device, channel, happened_at, recorded_at, kind" or "device, channel, happened_at, recorded_at, kind COLLATE \"C\"", {
        device: Id, channel: Channel, happened_at: Instant, kind: Text, recorded_at: Instant,
        shown_before: Integer or null, shown_after: Integer or null, modulus: Integer or null,
        multiplier: Text or null,
    }),
    plain!(settlements, "settled periods", Lines, by "id", {
        id: Id, community: Id, starts_at as "start": Instant, ends_at as "end": Instant, as_of: Instant,
        issued_at: Instant, account: Text,
    }),
    plain!(statements, "what was issued to members, and its place in the log", Lines, by "id", {
        id: Id, settlement: Id, community: Id, member: Id, kind: Text, starts_at as "start": Instant,
        ends_at as "end": Instant, issued_at: Instant, leaf: Integer, document: Text,
    }),
    plain!(log_nodes, "the complete subtrees of the log of statements (RFC 9162)", Lines, by "height, place", {
        height: Integer, place: Integer, hash: Bytes,
    }),
    plain!(log_heads, "the signed heads of the log", Lines, by "size", {
        size: Integer, signed_at: Instant, edge: Bytes, document: Text,
    }),
    plain!(log_keys, "what heads of the log are signed with; sealed ones need the server's GRID_SEALING_KEY", Lines,
        by "place", {
        place: Integer, kid: Text, pkcs8: Bytes, sealed: Flag, created_at: Instant,
    }),
    plain!(battery_levels, "how full users' batteries were", Csv, by "owner, measured_at", {
        owner: Id, measured_at: Instant, level_ppm: Integer, capacity as "capacity_kwh": Energy,
        available as "available_kwh": Energy,
    }),
    plain!(forecasts, "what was forecast, and from what", Lines, by "id", {
        id: Id, owner: Id, device: Id or null, request: Text, result: Text, created_at: Instant,
    }),
    plain!(recordings, "battery recordings; the file of each is `recordings/<id>`", Lines, by "id", {
        id: Id, owner: Id, name: Text, format: Text, size_bytes: Integer, summary: Text, created_at: Instant,
    }),
];

/// The table whose files stand in `recordings/` after its rows.
pub(super) const RECORDINGS: &str = "recordings";

/// The tables that are left out, each with the reason.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "read by people, and by the test that compares them with the tables")
)]
pub(super) const LEFT_OUT: &[(&str, &str)] = &[
    ("reading_days", "`readings` has what is packed in it"),
    ("recording_parts", "the files in `recordings/` have it"),
    (
        "sessions",
        "a refresh token of a copy would be good in two places, and one that was used since the export counts as \
         stolen: people log in again",
    ),
    ("events", "what happened in the last day, for who listened there"),
    ("event_numbers", "the numbers of these"),
    (
        "idempotent_requests",
        "answers to requests that may be sent again within a day, to where they were sent",
    ),
    ("throttles", "how often somebody tried in the last minutes"),
    ("setup_links", "a link that makes an administrator is good for a day, where it was made"),
    ("_sqlx_migrations", "the database that is restored into has its own; `format.json` has their number"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn listed() -> BTreeMap<&'static str, BTreeSet<(&'static str, bool)>> {
        TABLES
            .iter()
            .filter(|table| matches!(table.content, Content::Plain(_)))
            .map(|table| {
                let columns = table.sheet.columns.iter();
                (table.sheet.name, columns.map(|column| (column.stored, column.may_be_null)).collect())
            })
            .collect()
    }

    #[test]
    fn no_name_is_there_twice() {
        let names: BTreeSet<_> = TABLES.iter().map(|table| table.sheet.name).collect();
        assert_eq!(names.len(), TABLES.len());
        for table in TABLES {
            let told: BTreeSet<_> = table.sheet.columns.iter().map(|column| column.told).collect();
            assert_eq!(told.len(), table.sheet.columns.len(), "{}", table.sheet.name);
        }
    }

    /// A text could have a comma or a line's end in it, and an empty one could not be told from none.
    #[test]
    fn no_csv_file_has_a_text() {
        for table in TABLES.iter().filter(|table| table.sheet.shape == Shape::Csv) {
            let mut columns = table.sheet.columns.iter();
            assert!(
                columns.all(|column| !matches!(column.kind, Kind::Text | Kind::Bytes)),
                "{}",
                table.sheet.name
            );
        }
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn every_table_and_column_of_the_database_is_exported_or_left_out_with_a_reason() {
        use sqlx::{AssertSqlSafe, Row as _, sqlite::SqlitePoolOptions};

        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
        crate::store::migrations::sqlite().run(&pool).await.unwrap();
        let names: Vec<(String,)> =
            sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
                .fetch_all(&pool)
                .await
                .unwrap();
        let (mut listed, mut left_out) =
            (listed(), LEFT_OUT.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>());
        for (name,) in &names {
            if left_out.remove(name.as_str()) {
                continue;
            }
            let columns = listed.remove(name.as_str()).unwrap_or_else(|| {
                panic!("the table `{name}` is new: list it in `TABLES`, or in `LEFT_OUT` with the reason")
            });
            let rows = sqlx::query(AssertSqlSafe(format!("PRAGMA table_info({name})")))
                .fetch_all(&pool)
                .await
                .unwrap();
            let there: Vec<(String, bool)> =
                rows.iter().map(|row| (row.get("name"), row.get::<i64, _>("notnull") == 0)).collect();
            let there: BTreeSet<(&str, bool)> =
                there.iter().map(|(name, null)| (name.as_str(), *null)).collect();
            assert_eq!(columns, there, "the columns of `{name}`");
        }
        assert!(listed.is_empty() && left_out.is_empty(), "no such tables: {listed:?} {left_out:?}");
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn every_table_stands_after_those_that_its_rows_refer_to() {
        use sqlx::{AssertSqlSafe, Row as _, sqlite::SqlitePoolOptions};

        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
        crate::store::migrations::sqlite().run(&pool).await.unwrap();
        let place = |name: &str| TABLES.iter().position(|table| table.sheet.name == name);
        for (at, table) in TABLES.iter().enumerate() {
            let name = if table.sheet.name == "readings" { "reading_days" } else { table.sheet.name };
            let text = format!("PRAGMA foreign_key_list({name})");
            for row in sqlx::query(AssertSqlSafe(text)).fetch_all(&pool).await.unwrap() {
                let other: String = row.get("table");
                assert!(place(&other).is_some_and(|place| place < at), "{name} refers to {other}");
            }
        }
    }
}
