//! What GRID keeps, in SQLite, MySQL or MariaDB, or PostgreSQL; which one, the address says.
//!
//! [`Store`] is async; [`blocking::Store`] is the same for Python and the command line. Both have these calls, all of
//! which take the clock as an argument and fail with [`Error`]:
//!
//! | about | calls |
//! |---|---|
//! | the database | `connect(address, options)` `migrate()` `ready()` `ping()` `close()` `describe()` |
//! | users | `create_user(user, now)` `user_by_name(name)` `user(id)` `set_password(id, hash)` |
//! | signing keys | `signing_keys()` `add_signing_key(kid, pkcs8, now)` |
//! | devices | `create_device(device, now)` `device(id)` `devices_of(owner, page)` `devices(page)` `update_device(device)` `delete_device(id)` |
//! | communities | `create_community(community, creator, now)` `community(id)` `communities_of(user, page)` `communities(page)` |
//! | members | `add_member(community, member, now)` `members(community)` `member_of(community, user)` |
//! | their devices | `add_device(community, device, member, now)` `remove_device(community, device)` `community_devices(community)` `communities_of_device(device)` |
//! | sharing keys | `set_key(community, key, valid_from, now)` `key(community, at)` `keys(community)` |
//! | readings | `ingest(batches, now)` `import_community(community, owner, batches, now)` `readings(device, channel, interval, as_of)` `history(device, channel, interval)` `channels(device)` `sums(of, channel, interval, resolution, calendar)` |
//! | balance | `accounts(community, interval, as_of)` `balance(community, interval, resolution, key)` |
//! | batteries | `save_recording(new, now)` `recording(id)` `recording_bytes(id)` `recordings_of(owner, page)` `delete_recording(id)` |
//! | forecasts | `save_forecast(forecast)` `forecast(id)` `forecasts_of(owner, page)` |
//!
//! Ids are made by the caller, by [`new_id`]. Nothing is connected before the first call, so a server can answer while
//! its database is down; a call then fails as [`Kind::Unavailable`](crate::error::Kind::Unavailable) within three
//! seconds. Readings are kept by day, packed (`day`), and every reading that was replaced is kept beside them.
//! `docs/decisions/0003-storage.md` says why, with the speeds that were measured.

#![cfg_attr(
    not(any(feature = "sqlite", feature = "mysql", feature = "postgres")),
    allow(unused, reason = "without a database there is nothing to do")
)]

mod backend;
mod balance;
pub mod blocking;
mod bulk;
mod communities;
mod connect;
mod day;
mod devices;
mod error;
mod fault;
mod forecasts;
mod import;
mod ingest;
mod lock;
mod migrations;
mod page;
mod readings;
mod recordings;
mod rows;
mod sharing_keys;
mod signing_keys;
mod sql;
mod sums;
mod users;

pub use backend::Store;
pub use connect::Options;
pub use error::{Error, Source};
pub use forecasts::StoredForecast;
pub use import::Imported;
pub use ingest::{DeviceBatch, Ingested};
pub use page::{Listed, Page};
pub use recordings::{NewRecording, StoredRecording};
pub use rows::new_id;
pub use signing_keys::StoredKey;
pub use sums::Of;
pub use users::User;
