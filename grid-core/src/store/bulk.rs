//! Many rows at once, which each database takes fastest in its own way.
pub(super) trait Bulk: sqlx::Database {}
#[cfg(feature = "sqlite")]
impl Bulk for sqlx::Sqlite {}
#[cfg(feature = "mysql")]
impl Bulk for sqlx::MySql {}
#[cfg(feature = "postgres")]
impl Bulk for sqlx::Postgres {}
