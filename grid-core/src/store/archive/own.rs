//! What a store knows of one person, for that person: the same files as in an archive of everything, without what others
//! can be harmed by, and without hashes and secrets, which say nothing about anybody.

use std::io::Write;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use sqlx::Database;
use uuid::Uuid;

use super::{
    ArchiveProgress, Archived,
    cell::{Kind, Value},
    export::readme,
    manifest::Format,
    readings::write_day,
    recordings::RecordingFiles,
    rows::PlainRows,
    tables::{Column, Shape, Sheet, both, columns, names},
    writer::Writer,
};
use crate::{
    energy::{Role, settlement::Contract},
    store::{
        Error, Store,
        backend::{Driver, on, per_driver},
        fault::{Fault, not_found},
        rows::{self, key},
        shares::{Share, Shares},
        sql::{Sql, as_text, numbered, numbered_length, sql},
    },
};

/// A table of one's own data, and the statement that reads it.
struct Own {
    sheet: Sheet,
    select: Sql,
    /// What the statement asks with.
    binds: &'static [Bind],
}

/// What a `?` stands for.
#[derive(Clone, Copy)]
enum Bind {
    /// The user's id.
    User,
    /// The user's id as a text.
    UserText,
    /// A device's id.
    Device,
}

macro_rules! own {
    ($name:ident, $about:literal, $shape:ident, $rest:literal [$($bind:ident),+], { $($columns:tt)+ }) => {
        Own {
            sheet: Sheet {
                name: stringify!($name),
                about: $about,
                shape: Shape::$shape,
                columns: columns!($($columns)+),
            },
            select: both!(concat!("SELECT ", names!($($columns)+), " FROM ", $rest)),
            binds: &[$(Bind::$bind),+],
        }
    };
}

/// What is kept of a user.
const OF_USER: &[Own] = &[
    own!(account, "your account", Lines, "users WHERE id = ?" [User], {
        id: Id, username: Text, email: Text, created_at: Instant, administrator: Flag, disabled_at: Instant or null,
    }),
    own!(household, "what you told of your household", Lines, "households WHERE owner = ?" [User], {
        energy_behavior: Text or null, occupants: Integer or null, housing: Text or null, updated_at: Instant,
    }),
    own!(second_factor, "since when a second factor is asked for", Lines, "second_factors WHERE owner = ?" [User], {
        created_at: Instant, confirmed_at: Instant or null,
    }),
    own!(sessions, "your logins", Lines, "sessions WHERE owner = ? ORDER BY id" [User], {
        id: Id, client_id: Text, scopes: Text, address: Text, user_agent: Text, created_at: Instant, used_at: Instant,
        expires_at: Instant, ended_at: Instant or null, ended_why: Text or null,
    }),
    own!(api_keys, "your API keys, without what they authenticate with", Lines,
        "api_keys WHERE owner = ? ORDER BY id" [User], {
        id: Id, name: Text, hint: Text, scopes: Text, device: Id or null, created_at: Instant,
        expires_at: Instant or null, last_used_at: Instant or null, revoked_at: Instant or null,
    }),
    own!(audit_entries, "what you did, as the audit trail has it", Lines,
        "audit_entries WHERE actor = ? ORDER BY id" [User], {
        id: Id, happened_at: Instant, actor_name: Text, action: Text, target: Text, succeeded: Flag,
        reason: Text or null, address: Text, request_id: Text,
    }),
    own!(audit_about, "what others did to your account, without who they were", Lines,
        "audit_entries WHERE target = ? AND (actor IS NULL OR actor <> ?) ORDER BY id" [UserText, User], {
        id: Id, happened_at: Instant, action: Text, succeeded: Flag, reason: Text or null,
    }),
    own!(memberships, "the communities that you are a member of, and as what", Lines,
        "members WHERE account = ? ORDER BY id" [User], {
        id: Id, community: Id, name: Text, role: Text, created_at: Instant,
    }),
    own!(communities, "what they are called", Lines,
        "communities WHERE id IN (SELECT community FROM members WHERE account = ?) ORDER BY id" [User], {
        id: Id, name: Text, zone as "time_zone": Text, created_at: Instant,
    }),
    own!(tariffs, "the tariffs that are yours", Lines,
        "community_tariffs WHERE (member IS NULL AND community IN (SELECT community FROM members WHERE account = ?)) \
         OR member IN (SELECT id FROM members WHERE account = ?) ORDER BY id" [User, User], {
        id: Id, community: Id, member: Id or null, valid_from: Text, document: Text, created_at: Instant,
    }),
    own!(statements, "the statements that were issued to you", Lines,
        "statements WHERE member IN (SELECT id FROM members WHERE account = ?) ORDER BY id" [User], {
        id: Id, settlement: Id, community: Id, member: Id, kind: Text, starts_at as "start": Instant,
        ends_at as "end": Instant, issued_at: Instant, leaf: Integer, document: Text,
    }),
    own!(battery_levels, "how full your battery was", Csv,
        "battery_levels WHERE owner = ? ORDER BY measured_at" [User], {
        measured_at: Instant, level_ppm: Integer, capacity as "capacity_kwh": Energy,
        available as "available_kwh": Energy,
    }),
    own!(forecasts, "what was forecast for you", Lines, "forecasts WHERE owner = ? ORDER BY id" [User], {
        id: Id, device: Id or null, request: Text, result: Text, created_at: Instant,
    }),
    own!(recordings, "your battery recordings; the file of each is `recordings/<id>`", Lines,
        "recordings WHERE owner = ? ORDER BY id" [User], {
        id: Id, name: Text, format: Text, size_bytes: Integer, summary: Text, created_at: Instant,
    }),
];

/// What is kept of each device, apart from readings; `Some` is the column whose instant says whose the row is.
const OF_DEVICE: &[(Own, Option<usize>)] = &[
    (
        own!(devices, "your devices, and those that counted for you in a community", Lines, "devices WHERE id = ?" [Device], {
            id: Id, name: Text, kind: Text, zone as "time_zone": Text,
            rated_power as "rated_power_milliwatts": Integer or null, created_at: Instant,
        }),
        None,
    ),
    (
        own!(device_placements, "when they counted for you in a community", Lines,
            "device_placements WHERE device = ? AND member IN (SELECT id FROM members WHERE account = ?) \
             ORDER BY community, recorded_at" [Device, User], {
            community: Id, device: Id, recorded_at: Instant, member: Id or null, valid_from: Instant or null,
            valid_until: Instant or null,
        }),
        None,
    ),
    (
        own!(superseded_readings, "readings that others have replaced, and when", Csv,
            "superseded_readings WHERE device = ? ORDER BY channel, starts_at, id" [Device], {
            device: Id, channel: Channel, starts_at as "start": Instant, ends_at as "end": Instant,
            energy as "energy_kwh": Energy or null, quality: Quality, recorded_at: Instant, superseded_at: Instant,
        }),
        Some(2),
    ),
    (
        own!(register_reads, "what cumulative registers showed", Csv,
            "register_reads WHERE device = ? ORDER BY channel, read_at, recorded_at" [Device], {
            device: Id, channel: Channel, read_at: Instant, recorded_at: Instant, counter: Integer, quality: Quality,
        }),
        Some(2),
    ),
    (
        own!(register_events, "what happened to cumulative registers", Lines,
            "register_events WHERE device = ? ORDER BY channel, happened_at, recorded_at" [Device], {
            device: Id, channel: Channel, happened_at: Instant, kind: Text, recorded_at: Instant,
            shown_before: Integer or null, shown_after: Integer or null, modulus: Integer or null,
            multiplier: Text or null,
        }),
        Some(2),
    ),
];

const READINGS: Sheet = Sheet {
    name: "readings",
    about: "how much energy each channel counted; `missing` has no energy",
    shape: Shape::Csv,
    columns: columns!(
        device: Id, channel: Channel, starts_at as "start": Instant, ends_at as "end": Instant,
        energy as "energy_kwh": Energy or null, quality: Quality, recorded_at: Instant,
    ),
};
const READINGS_SHEET: &Sheet = &READINGS;

const CONTRACTS: Sheet = Sheet {
    name: "contracts",
    about: "what your communities have agreed, as each of your memberships may see it",
    shape: Shape::Lines,
    columns: columns!(id: Id, community: Id, member: Id, document: Text, valid_from: Instant, created_at: Instant),
};
const CONTRACTS_SHEET: &Sheet = &CONTRACTS;

/// A contract as a member may see it: who runs the community sees all of it, everybody else what was agreed by all and
/// what is theirs.
fn seen(document: String, member: Uuid, role: &str) -> Result<String, Error> {
    const THING: &str = "contract";
    if role == Role::Operator.as_str() {
        return Ok(document);
    }
    let corrupt = |_| Error::Corrupt { thing: THING, reason: "its document cannot be read" };
    let contract: Contract = serde_json::from_str(&document).map_err(corrupt)?;
    serde_json::to_string(&contract.seen_by(member))
        .map_err(|source| Error::Failed { action: "write a contract", source: source.into() })
}

/// What a database keeps of one person.
trait OwnData: Database {
    async fn write_own(
        connection: &mut Self::Connection,
        own: &'static Own,
        user: Uuid,
        share: Option<(&Share, Option<usize>)>,
        writer: &mut Writer<'_>,
    ) -> Result<(), Fault>;

    async fn write_own_contracts(
        connection: &mut Self::Connection,
        user: Uuid,
        writer: &mut Writer<'_>,
    ) -> Result<(), Fault>;

    async fn write_own_readings(
        connection: &mut Self::Connection,
        share: &Share,
        writer: &mut Writer<'_>,
    ) -> Result<(), Fault>;

    async fn write_all_own(
        connection: &mut Self::Connection,
        user: Uuid,
        writer: &mut Writer<'_>,
    ) -> Result<(), Fault>;
}

per_driver! {
    impl OwnData for Db {
        async fn write_own(
            connection: &mut Self::Connection,
            own: &'static Own,
            user: Uuid,
            share: Option<(&Share, Option<usize>)>,
            writer: &mut Writer<'_>,
        ) -> Result<(), Fault> {
            let device = share.map_or(Uuid::nil(), |(share, _)| share.device);
            let mut query = sqlx::query::<Db>(own.select.text(Db::NOTATION));
            for bind in own.binds {
                query = match bind {
                    Bind::User => query.bind(key(&user).to_vec()),
                    Bind::UserText => query.bind(user.to_string()),
                    Bind::Device => query.bind(key(&device).to_vec()),
                };
            }
            let mut rows = query.fetch(connection);
            while let Some(row) = rows.try_next().await? {
                let values = Db::values(&row, own.sheet.columns)?;
                let is_theirs = match share {
                    Some((share, Some(at))) => match values.get(at) {
                        Some(Value::Integer(at)) => share.has(rows::instant(*at, "reading")?),
                        _ => false,
                    },
                    _ => true,
                };
                if is_theirs {
                    writer.row(&values)?;
                }
            }
            Ok(())
        }

        async fn write_own_contracts(
            connection: &mut Self::Connection,
            user: Uuid,
            writer: &mut Writer<'_>,
        ) -> Result<(), Fault> {
            type Row = (Vec<u8>, Vec<u8>, Vec<u8>, String, String, i64, i64);
            let mut found = sqlx::query_as::<Db, Row>(sql!(
                "SELECT c.id, c.community, m.id, m.role, c.document, c.valid_from, c.created_at \
                 FROM community_contracts c JOIN members m ON m.community = c.community \
                 WHERE m.account = ? ORDER BY c.id, m.id"
            ))
            .bind(key(&user).to_vec())
            .fetch(connection);
            while let Some((id, community, member, role, document, valid_from, created_at)) = found.try_next().await? {
                let document = seen(document, rows::id(&member, "member")?, &role)?;
                writer.row(&[
                    Value::Bytes(id),
                    Value::Bytes(community),
                    Value::Bytes(member),
                    Value::Text(document),
                    Value::Integer(valid_from),
                    Value::Integer(created_at),
                ])?;
            }
            Ok(())
        }

        async fn write_own_readings(
            connection: &mut Self::Connection,
            share: &Share,
            writer: &mut Writer<'_>,
        ) -> Result<(), Fault> {
            type Day = (Vec<u8>, i64, i64, Vec<u8>);
            let mut found = sqlx::query_as::<Db, Day>(sql!(
                "SELECT device, channel, day, packed FROM reading_days WHERE device = ? ORDER BY channel, day"
            ))
            .bind(key(&share.device).to_vec())
            .fetch(connection);
            while let Some((device, code, number, packed)) = found.try_next().await? {
                write_day(&device, code, number, &packed, |start| share.has(start), writer)?;
            }
            Ok(())
        }

        async fn write_all_own(
            connection: &mut Self::Connection,
            user: Uuid,
            writer: &mut Writer<'_>,
        ) -> Result<(), Fault> {
            let there = sqlx::query::<Db>(sql!("SELECT created_at FROM users WHERE id = ?"))
                .bind(key(&user))
                .fetch_optional(&mut *connection)
                .await?;
            there.ok_or_else(|| not_found("user", &user))?;
            for own in OF_USER {
                writer.table(&own.sheet);
                Db::write_own(&mut *connection, own, user, None, writer).await?;
                writer.end_table()?;
            }
            writer.table(CONTRACTS_SHEET);
            Db::write_own_contracts(&mut *connection, user, writer).await?;
            writer.end_table()?;
            let shares = Db::shares_of(&mut *connection, user).await?;
            for (own, at) in OF_DEVICE {
                writer.table(&own.sheet);
                for share in &shares {
                    Db::write_own(&mut *connection, own, user, Some((share, *at)), writer).await?;
                }
                writer.end_table()?;
            }
            writer.table(READINGS_SHEET);
            for share in &shares {
                Db::write_own_readings(&mut *connection, share, writer).await?;
            }
            writer.end_table()?;
            Db::write_files_of(connection, user, writer).await
        }
    }
}

impl Store {
    /// Writes all that the store knows of one user into one archive (`tar.gz`) for that user, as of one instant: account,
    /// household, logins, API keys, the audit trail, memberships, contracts, tariffs, statements, devices with their
    /// readings and registers, battery levels, forecasts and recordings with their files.
    ///
    /// Of a device that counted for others at some time, what it counted then is theirs. Hashes and secrets are left out.
    /// It fills no database.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Archive`] where the writer refuses, [`Error::ForeignMigration`] where the database is
    /// newer than this program, which would leave out what it does not know, [`Error::Corrupt`] or [`Error::CorruptDay`]
    /// where something stored cannot be read, or a fault of the database.
    pub async fn export_user(
        &self,
        user: Uuid,
        writer: &mut (dyn Write + Send),
        now: Timestamp,
        progress: &mut (dyn FnMut(ArchiveProgress) + Send),
    ) -> Result<Archived, Error> {
        self.of_this_schema().await?;
        let sheets = OF_USER.iter().chain(OF_DEVICE.iter().map(|(own, _)| own)).map(|own| &own.sheet);
        let readme = readme(ABOUT, sheets.chain([CONTRACTS_SHEET, READINGS_SHEET]));
        let mut writer = Writer::begin(writer, Format::of_this_program("own data"), &readme, now, progress)?;
        on!(self, snapshot "export a user's data", |connection| {
            Db::write_all_own(connection, user, &mut writer).await
        })?;
        writer.end()
    }
}

const ABOUT: &str = "\
What a GRID server knows of you.

Hashes of passwords and keys are left out, as they say nothing about you. Readings of a device that counted for somebody
else at some time are left out for that time.
";
