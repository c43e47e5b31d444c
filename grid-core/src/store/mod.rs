//! What GRID keeps, in SQLite, MySQL or MariaDB, or PostgreSQL; which one, the address says.
//!
//! [`Store`] is async; [`blocking::Store`] is the same for Python and the command line. Both have these calls, all of
//! which take the clock as an argument and fail with [`Error`]:
//!
//! | about | calls |
//! |---|---|
//! | the database | `connect(address, options)` `migrate()` `missing_migrations()` `ready()` `ping()` `connections()` `close()` `describe()` |
//! | users | `create_user(user, now)` `user_by_name(name)` `user(id)` `users(page)` `has_administrator()` `set_administrator(id, administrator)` `demote(id)` `disable_user(id, now, until)` `keep_out(id, now, until)` `enable_user(id)` `renew_password(id, old, renewed)` `change_password(id, hash, keep, now, until)` |
//! | signing keys | `signing_keys()` `add_signing_key(kid, pkcs8, sealed, now)` `seal_signing_key(kid, sealed)` `remove_signing_key(kid)` |
//! | sessions | `create_session(session, password)` `session(id)` `update_session(id, change)` `update_session_revoking(id, change)` `sessions_of(user, now)` `end_session(id, why, now, until)` `end_sessions_of(user, except, now, until)` |
//! | revocations | `revoke(revocation)` `revocations(now)` |
//! | second factors | `begin_second_factor(user, secret, now)` `second_factor(user)` `confirm_second_factor(user, secret, step, recovery, now)` `accept_step(user, step)` `use_recovery_code(user, hash, now)` `recovery_codes_left(user)` `remove_second_factor(user)` |
//! | API keys | `create_api_key(key, hash)` `api_key_by_hash(hash)` `api_keys_of(owner, page)` `revoke_api_key(owner, id, now)` `note_api_key_use(id, now)` |
//! | guessing | `throttle_state(key)` `pass_throttle(key, throttle, now)` `give_back(key, throttle)` |
//! | requests that may come again | `claim_request(hash, owner, expires_at, now, most)` `settle_request(hash, claim, answer)` `lose_request(hash, claim)` `give_request_back(hash, claim)` `prune_requests(now)` |
//! | setup | `keep_setup_link(hash, expires_at, now)` `use_setup_link(hash, user, now)` |
//! | audit | `record(entry)` `audit(page, actor, action)` |
//! | old things of these | `prune_auth(now)` |
//! | devices | `create_device(device, now)` `device(id)` `devices_of(owner, page)` `devices(page)` `update_device(seen, device)` `delete_device(id)` |
//! | communities | `create_community(community, creator, now)` `community(id)` `communities_of(user, page)` `communities(page)` |
//! | members | `add_member(community, member, now)` `members(community)` `member_of(community, user)` |
//! | their devices | `add_device(community, device, member, from, now)` `move_device(community, device, member, from, now)` `remove_device(community, device, until, now)` `community_devices(community, as_of)` `placements(community, device)` `communities_of_device(device)` |
//! | sharing keys | `set_key(community, key, valid_from, now)` `key(community, at)` `keys(community)` `first_keys(community, from, most)` `supply_points(community)` `coefficients(community, year)` |
//! | agreements | `set_contract(community, contract, valid_from, now)` `contracts(community)` `first_contracts(community, from, most)` `add_tariff(community, member, tariff, now)` `tariffs(community)` `tariff_page(community, member, page)` `add_prices(community, name, prices, now)` `prices(community, interval, as_of)` `first_prices(community, name, interval, as_of, most)` |
//! | settlements | `settle(request, issued_at)` `issue(settlement, signer, entry, now)` `settlements(community, page)` `statement(id)` `statements(community, member, period, page)` |
//! | the log | `statement_bundle(id)` `log_head()` `log_head_at(size)` `log_consistency(old, new)` `log_key(sealing_key)` `ensure_log_key(sealing_key, now)` `seal_log_keys(sealing_key)` `log_keys()` `add_log_key(kid, pkcs8, sealed, now)` `seal_log_key(kid, sealed)` |
//! | readings | `ingest(batches, now)` `ingest_of_owner(owner, batches, now)` `import_community(community, owner, batches, now)` `readings(device, channel, interval, as_of)` `readings_of_owner(owner, device, channel, interval, most)` `first_readings(device, channel, interval, as_of, most)` `history(device, channel, interval)` `channels(device)` `sums(of, channel, interval, resolution, calendar)` |
//! | registers | `record_register(report, keep, now)` `register_advances(device, channel, interval)` |
//! | what is wrong or missing | `findings(device, channel, interval, resolution, now)` `completeness(device, channel, interval)` `register_reports(community, interval)` `substitutes(request)` `fill_missing(batch, now)` |
//! | balance | `accounts(community, interval, as_of)` `balance(community, interval, resolution, key)` |
//! | all of a user | `calendar_of(owner)` `owner_totals(owner, channel, resolution)` `month_total(owner, channel, month, year)` `device_totals(owner, channel)` `hours_before(owner, channel, date, days)` `version_before(owner, channel, date, days)` `household(owner)` `set_household(owner, household, now)` `holdings(owner)` |
//! | batteries | `save_recording(new, file, now)` `recording(id)` `recording_bytes(id)` `write_recording(id, writer)` `recordings_of(owner, page)` `recording_heads_of(owner, page)` `delete_recording(id)` `save_levels(owner, levels)` `newest_level(owner)` `levels(owner, interval)` `delete_levels(owner, interval)` |
//! | everything | `export(writer, now, progress)` `restore(reader, progress)` |
//! | one person | `export_user(user, writer, now, progress)` `erase_user(user, entry, now, until)` |
//! | events | `number_events()` `events(reader, filter, after, limit)` `prune_events(now)` |
//! | forecasts | `save_forecast(forecast)` `forecast(id)` `forecasts_of(owner, page)` `forecast_heads_of(owner, page)` `delete_forecast(id)` |
//!
//! Ids are made by the caller, by [`new_id`]. Nothing is connected before the first call, so a server can answer while
//! its database is down; a call then fails as [`Kind::Unavailable`](crate::error::Kind::Unavailable) within three
//! seconds; several calls, where they share a [`Budget`]. Readings are kept by day, packed (`day`), and every reading that was replaced is kept beside them.
//! `docs/decisions/0003-storage.md` says why, with the speeds that were measured.

#![cfg_attr(
    not(any(feature = "sqlite", feature = "mysql", feature = "postgres")),
    allow(unused, reason = "without a database there is nothing to do")
)]

mod administrators;
mod agreements;
mod api_keys;
mod archive;
mod audit;
mod backend;
mod balance;
pub mod blocking;
mod books;
mod budget;
mod bulk;
mod change;
mod channel_rows;
mod coefficient_keys;
mod communities;
mod connect;
mod day;
mod day_reads;
mod devices;
mod diagnosis;
mod erasure;
mod error;
mod events;
mod fault;
mod findings;
mod forecasts;
mod group;
mod held;
mod histories;
mod holdings;
mod households;
mod idempotency;
mod import;
mod ingest;
mod levels;
mod lock;
mod log_keys;
mod migrations;
mod one_write;
mod page;
mod placements;
mod placing;
mod proof_log;
mod quotas;
mod readings;
mod recordings;
mod register_rows;
mod registers;
mod revocations;
mod rows;
mod second_factors;
mod sessions;
mod setup_links;
mod shares;
mod sharing_keys;
mod signing_keys;
mod sql;
mod statements;
mod storing;
mod substitutes;
mod sums;
mod throttles;
mod together;
mod totals;
#[cfg(feature = "sqlite")]
mod turn;
mod users;
#[cfg(feature = "postgres")]
mod working;

pub use agreements::{StoredContract, StoredTariff};
pub use api_keys::StoredApiKey;
pub use archive::{ArchiveError, ArchiveProgress, Archived};
pub use audit::AuditEntry;
pub use backend::Store;
pub use budget::{Budget, Spent, unhurried};
pub use connect::{Connections, Options};
pub use diagnosis::{DatabaseKind, DatabasePlace, Encryption, Greeting, Location, Obstacle, greet};
pub use erasure::Erased;
pub use error::{Error, Source};
pub use events::{Event, EventFilter, Happening};
pub use forecasts::StoredForecast;
pub use histories::CommunitySlots;
pub use holdings::Holdings;
pub use idempotency::{Claim, KeptAnswer};
pub use import::Imported;
pub use ingest::{DeviceBatch, Ingested};
pub use page::{Listed, Page};
pub use placements::PlacedDevice;
pub use proof_log::LogSigner;
pub use quotas::{Kept, Quotas};
pub use recordings::{NewRecording, ReadSeek, StoredRecording};
pub use registers::{Keep, MeterReport, Registered};
pub use rows::new_id;
pub use second_factors::StoredSecondFactor;
pub use signing_keys::StoredKey;
pub use statements::{Issued, SettlementRequest, StoredSettlement, StoredStatement};
pub use substitutes::{Substitutes, SubstitutionRequest};
pub use sums::Of;
pub use users::User;
