//! What GRID keeps, in SQLite, MySQL or MariaDB, or PostgreSQL.

mod backend;
mod bulk;
mod communities;
mod connect;
mod day;
mod devices;
mod error;
mod fault;
mod ingest;
mod lock;
mod migrations;
mod page;
mod readings;
mod rows;
mod sharing_keys;
mod signing_keys;
mod sql;
mod users;

pub use backend::Store;
pub use connect::Options;
pub use error::{Error, Source};
pub use ingest::{DeviceBatch, Ingested};
pub use page::{Listed, Page};
pub use rows::new_id;
pub use signing_keys::StoredKey;
pub use users::User;
