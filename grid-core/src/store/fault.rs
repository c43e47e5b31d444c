//! What goes wrong inside a method of the store, before it has a name.

use super::{Error, backend::Driver};
use crate::energy;

/// A refusal of the store's own, or a driver's complaint that [`Fault::into_error`] gives a name to.
#[derive(Debug)]
pub(super) enum Fault {
    /// The store refuses.
    Refused(Error),
    /// The driver failed in a statement.
    Statement(sqlx::Error),
    /// A row that was there a moment ago is gone, or one that was not there is; the same transaction again sees which.
    Gone(sqlx::Error),
    /// The driver failed before the first statement.
    Connection(sqlx::Error),
    /// The database gave no sign of life while it was waited for.
    Silent,
    /// The time that the work may wait for the database was over.
    Late,
    /// The driver failed while the transaction was being committed.
    Commit(sqlx::Error),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Statement(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<energy::Error> for Fault {
    fn from(error: energy::Error) -> Self {
        Self::Refused(Error::Energy(error))
    }
}

impl Fault {
    /// Whether the same transaction may succeed when it is tried again.
    pub(super) fn is_transient<D: Driver>(&self) -> bool {
        match self {
            Self::Statement(sqlx::Error::Database(error))
            | Self::Connection(sqlx::Error::Database(error))
            | Self::Commit(sqlx::Error::Database(error)) => D::is_transient(error.as_ref()),
            Self::Gone(_) => true,
            Self::Refused(_)
            | Self::Statement(_)
            | Self::Connection(_)
            | Self::Commit(_)
            | Self::Silent
            | Self::Late => false,
        }
    }

    /// Whether the database went away, or does not do what it is there for.
    pub(super) fn is_lost<D: Driver>(&self) -> bool {
        match self {
            Self::Statement(error) | Self::Connection(error) | Self::Commit(error) => is_lost::<D>(error),
            Self::Silent => true,
            Self::Refused(_) | Self::Gone(_) | Self::Late => false,
        }
    }

    /// The error that the caller sees.
    pub(super) fn into_error<D: Driver>(self, action: &'static str) -> Error {
        let transient = self.is_transient::<D>();
        match self {
            Self::Refused(error) => error,
            Self::Gone(source) => Error::Busy { action, source: source.into() },
            Self::Statement(source) | Self::Connection(source) | Self::Commit(source) if transient => {
                Error::Busy { action, source: source.into() }
            }
            Self::Late => Error::Slow { action },
            Self::Silent => {
                Error::Unreachable { source: "the database fell silent while it was waited for".into() }
            }
            // The database may have done it, and not come to say so.
            Self::Commit(source)
                if is_lost::<D>(&source)
                    || is_broken_off::<D>(&source)
                    || source.as_database_error().is_none() =>
            {
                Error::Uncertain { action, source: source.into() }
            }
            Self::Connection(source) => Error::Unreachable { source: source.into() },
            Self::Statement(source) if is_lost::<D>(&source) => Error::Unreachable { source: source.into() },
            Self::Statement(source) if is_broken_off::<D>(&source) => {
                Error::Busy { action, source: source.into() }
            }
            Self::Statement(source) | Self::Commit(source) => Error::Failed { action, source: source.into() },
        }
    }
}

/// Whether a statement failed because the database went away.
fn is_lost<D: Driver>(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => D::is_lost(error.as_ref()),
        _ => false,
    }
}

/// Whether somebody else stopped a statement that was under way.
fn is_broken_off<D: Driver>(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(D::is_broken_off)
}

/// Names a broken rule of uniqueness, and leaves every other complaint to the driver.
pub(super) fn taken(error: sqlx::Error, thing: &'static str, value: &str) -> Fault {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => {
            Fault::Refused(Error::Taken { thing, value: value.to_owned() })
        }
        _ => Fault::Statement(error),
    }
}

/// Names a broken reference to another table, and leaves every other complaint to the driver.
pub(super) fn unknown(fault: Fault, thing: &'static str, id: &impl std::fmt::Display) -> Fault {
    match fault {
        Fault::Statement(error)
            if error
                .as_database_error()
                .is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation) =>
        {
            Fault::Refused(not_found(thing, id))
        }
        other => other,
    }
}

/// Marks a broken reference to a row that this transaction has seen, and leaves every other complaint to the driver.
pub(super) fn gone(error: sqlx::Error) -> Fault {
    match error.as_database_error() {
        Some(database) if database.is_foreign_key_violation() => Fault::Gone(error),
        _ => Fault::Statement(error),
    }
}

/// Marks a row that another transaction has made since this one looked, and leaves every other complaint to the driver:
/// the same transaction again sees it.
pub(super) fn raced(error: sqlx::Error) -> Fault {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => Fault::Gone(error),
        _ => Fault::Statement(error),
    }
}

/// There is no such thing.
pub(super) fn not_found(thing: &'static str, id: &impl std::fmt::Display) -> Error {
    Error::NotFound { thing, id: crate::error::excerpt(&id.to_string()) }
}
