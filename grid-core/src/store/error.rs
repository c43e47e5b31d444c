//! Errors of the store.

use std::time::Duration;

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::{ArchiveError, Kept};
use crate::{
    auth,
    energy::{self, Channel, meter, rules},
    error::{Failure, Kind, Place, is_full},
    proof,
    time::Interval,
};

/// What a database driver said, kept for the log; a message of [`Error`] never repeats it.
pub type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The store could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address names no kind of database.
    #[error(
        "expected a database address that starts with `sqlite:`, `mysql:`, `mariadb:` or `postgres:`, got `{got}`"
    )]
    UnknownScheme {
        /// What stood before the first colon, cut to a printable length.
        got: String,
    },
    /// An address names a database that this program was built without.
    #[error("this program was built without `{feature}`")]
    NotBuiltIn {
        /// The feature of the crate that opens the database.
        feature: &'static str,
    },
    /// An address cannot be read.
    #[error("the address of the database cannot be read")]
    NotAnAddress {
        /// What is wrong with it.
        source: Source,
    },
    /// The store was opened, or its blocking face used, on the wrong side of an async runtime.
    #[error("{problem}")]
    WrongRuntime {
        /// Which side it was.
        problem: &'static str,
    },
    /// The database does not answer.
    #[error("the database cannot be reached")]
    Unreachable {
        /// What the driver said.
        source: Source,
    },
    /// The database went away while it was asked to make a change last: the change may have been made, or not.
    #[error("the connection to the database was lost at the end: whether it did {action} is not known")]
    Uncertain {
        /// What was being done.
        action: &'static str,
        /// What the driver said.
        source: Source,
    },
    /// The database answers, and not within the time that there was.
    #[error("the database is too slow: failed to {action} in time")]
    Slow {
        /// What was being done.
        action: &'static str,
    },
    /// Others kept the database busy for too long.
    #[error("the database is busy: failed to {action}")]
    Busy {
        /// What was being done.
        action: &'static str,
        /// What the driver said.
        source: Source,
    },
    /// The tables are not there, or not all of them.
    #[error("the database is not migrated: {missing} migrations are missing")]
    NotMigrated {
        /// How many migrations have to run.
        missing: usize,
    },
    /// A migration began and did not end.
    #[error("migration {version} of the database was interrupted")]
    DirtyMigration {
        /// The migration.
        version: i64,
    },
    /// A migration of the database is not the one that this program knows.
    #[error("migration {version} of the database is not the one that this program has")]
    ForeignMigration {
        /// The migration.
        version: i64,
    },
    /// Another process held the lock of the migrations for too long.
    #[error("waited {seconds} s for another process to migrate the database")]
    MigrationWait {
        /// How long.
        seconds: u64,
    },
    /// A statement failed in a way that nobody foresaw.
    #[error("failed to {action}")]
    Failed {
        /// What was being done.
        action: &'static str,
        /// What the driver said.
        source: Source,
    },
    /// What is stored cannot be read.
    #[error("a stored {thing} is damaged: {reason}")]
    Corrupt {
        /// What it is.
        thing: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A day of stored readings cannot be read.
    #[error("the stored readings of device `{device}`, channel `{channel}`, on {day} are damaged: {reason}")]
    CorruptDay {
        /// The device.
        device: Uuid,
        /// The channel.
        channel: Channel,
        /// The UTC day.
        day: Date,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Somebody else has changed it since the caller looked.
    #[error("the {thing} `{id}` has been changed since it was read")]
    Changed {
        /// What it is.
        thing: &'static str,
        /// Its id.
        id: Uuid,
    },
    /// There is no such thing.
    #[error("there is no {thing} `{id}`")]
    NotFound {
        /// What it would be.
        thing: &'static str,
        /// Its id or name, cut to a printable length.
        id: String,
    },
    /// Something else has that name or id already.
    #[error("the {thing} `{value}` is taken")]
    Taken {
        /// What it is.
        thing: &'static str,
        /// The name or id.
        value: String,
    },
    /// A name stands for more than one thing.
    #[error("expected a {thing} id, got the name `{name}`, which {count} of them have")]
    Ambiguous {
        /// What they are.
        thing: &'static str,
        /// The name.
        name: String,
        /// How many have it.
        count: usize,
    },
    /// A file gives a device to another member than the one for whom it counts.
    #[error("expected the member `{expected}` for the device `{device}`, got `{got}`")]
    OtherMember {
        /// The device as the file names it, cut to a printable length.
        device: String,
        /// The member for whom it counts.
        expected: String,
        /// The member whom the file names, cut to a printable length.
        got: String,
    },
    /// A device has readings, and these are kept.
    #[error("device `{device}` has readings, which are kept")]
    HasReadings {
        /// The device.
        device: Uuid,
    },
    /// A user may not log in any more.
    #[error("user `{user}` is disabled")]
    UserDisabled {
        /// The user.
        user: Uuid,
    },
    /// A user got another password meanwhile.
    #[error("user `{user}` has another password by now")]
    PasswordChanged {
        /// The user.
        user: Uuid,
    },
    /// A user is to be forgotten, kept out or no administrator any more, and nobody else administers the server.
    #[error("expected another administrator, before the only one goes")]
    OnlyAdministrator,
    /// A user is to be forgotten, and nobody else runs a community that has other members.
    #[error("expected another operator of the community `{community}`, before the only one is forgotten")]
    OnlyOperator {
        /// The community.
        community: Uuid,
    },
    /// A user has a second factor that is in force.
    #[error("user `{user}` has a second factor already")]
    HasSecondFactor {
        /// The user.
        user: Uuid,
    },
    /// A text is not a username.
    #[error("expected a username of 1 to 64 characters without white space or `@`, got `{got}`")]
    NotAUsername {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not an e-mail address.
    #[error("expected an e-mail address like `ana@example.org`, got `{got}`")]
    NotAnEmail {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A reading's start or end is finer than what is stored.
    #[error("expected a start and an end in whole microseconds, got {got}")]
    TooFine {
        /// The interval.
        got: Interval,
    },
    /// A day has more readings of one channel than are stored.
    #[error("expected at most {most} readings of one channel a day, got {got} on {day}")]
    TooManyReadings {
        /// The UTC day.
        day: Date,
        /// How many there are.
        got: usize,
        /// How many fit.
        most: usize,
    },
    /// A file or an answer is larger than what is stored.
    #[error("expected a {thing} of at most {most} bytes, got {got}")]
    TooLarge {
        /// What it is.
        thing: &'static str,
        /// How many bytes it has.
        got: usize,
        /// How many fit.
        most: usize,
    },
    /// A file that is to be stored cannot be read, or one that is asked for cannot be written.
    #[error("failed to read or write a file that is stored")]
    File {
        /// What the file said.
        source: std::io::Error,
    },
    /// More levels of a battery were asked for than are given at once.
    #[error("expected at most {most} levels of a battery, got more")]
    TooManyLevels {
        /// How many are given at most.
        most: usize,
    },
    /// Sums over too many slots of too many registers were asked for.
    #[error("expected at most {most} slots over all registers, got {slots} slots of {registers} registers")]
    TooManySums {
        /// How many slots the interval has.
        slots: usize,
        /// How many registers are summed.
        registers: usize,
        /// How many slots of registers are summed at most.
        most: usize,
    },
    /// A user or a community keeps as much as one may.
    #[error(
        "the {} keeps {there} {}, and with {new} more they are over the {most} that one {} may",
        kept.whose(), kept.words(), kept.whose()
    )]
    Full {
        /// What there would be too much of.
        kept: Kept,
        /// How much is there.
        there: u64,
        /// How much would be added.
        new: u64,
        /// How much there may be.
        most: u64,
    },
    /// A batch of readings that is for several devices does not say for which.
    #[error("expected a device for each reading, got {count} without one")]
    NoDevice {
        /// How many readings have none.
        count: usize,
    },
    /// What is told of a register cannot be, so that nothing could be derived from it.
    #[error("{fault}")]
    NotARegister {
        /// What does not fit.
        fault: meter::Fault,
    },
    /// A register is told of with another modulus or multiplier than before.
    #[error(
        "expected the digits and the multiplier of the register `{channel}` of device `{device}` as told before, got others"
    )]
    OtherRegister {
        /// The device.
        device: Uuid,
        /// The channel.
        channel: Channel,
    },
    /// A period was settled that meets one that was issued before, and is another.
    #[error("the period {got} meets {other}, for which statements were issued")]
    PeriodsOverlap {
        /// The period that was settled.
        got: Interval,
        /// The one that was issued.
        other: Interval,
    },
    /// A settlement stands on less than what was issued meanwhile.
    #[error(
        "expected a settlement of what was recorded by {issued}, as was issued meanwhile, got one of {got}"
    )]
    IssuedSince {
        /// By when what was settled had been recorded.
        got: Timestamp,
        /// By when what was issued had been recorded.
        issued: Timestamp,
    },
    /// The log of what was issued is signed with another key.
    #[error("expected the key `{expected}`, which is that of the log, got `{got}`")]
    OtherLogKey {
        /// The id of the log's key.
        expected: String,
        /// The id of the one that was to sign.
        got: String,
    },
    /// The key of the log is not among those that are stored.
    #[error("the log is signed with the key `{key_id}`, which is not kept in the database")]
    LogKeyElsewhere {
        /// The id of the key.
        key_id: String,
    },
    /// The key of the log is sealed, and there is nothing to open it with.
    #[error("the key `{key_id}` of the log is sealed, and there is no sealing key")]
    LogKeySealed {
        /// The id of the key.
        key_id: String,
    },
    /// An archive cannot be written, read or restored.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A key cannot be sealed or opened.
    #[error(transparent)]
    Auth(#[from] auth::Error),
    /// A rule of a country's law was broken.
    #[error(transparent)]
    Rules(#[from] rules::Error),
    /// A register that counts in a period has its first reading after it.
    #[error(
        "expected registers that begin before the period ends, got {registers} that begin later: first `{channel}` of \
         device `{device}` of `{member}`, whose first reading begins at {begins}"
    )]
    NotBegun {
        /// The first of their devices.
        device: Uuid,
        /// Its channel.
        channel: Channel,
        /// The name of the member for whom it counts.
        member: String,
        /// The start of its first reading.
        begins: Timestamp,
        /// How many such registers there are.
        registers: usize,
    },
    /// The log of what was issued cannot do what it was asked to.
    #[error(transparent)]
    Proof(#[from] proof::Error),
    /// A rule of energy accounting was broken.
    #[error(transparent)]
    Energy(#[from] energy::Error),
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::UnknownScheme { .. }
            | Self::NotBuiltIn { .. }
            | Self::NotAnAddress { .. }
            | Self::Ambiguous { .. }
            | Self::NotAUsername { .. }
            | Self::NotAnEmail { .. }
            | Self::NoDevice { .. }
            | Self::NotARegister { .. }
            | Self::TooFine { .. } => Kind::Invalid,
            Self::Unreachable { .. }
            | Self::Uncertain { .. }
            | Self::Slow { .. }
            | Self::Busy { .. }
            | Self::NotMigrated { .. }
            | Self::DirtyMigration { .. }
            | Self::ForeignMigration { .. }
            | Self::MigrationWait { .. } => Kind::Unavailable,
            Self::File { source } if is_full(source) => Kind::Unavailable,
            Self::WrongRuntime { .. }
            | Self::File { .. }
            | Self::Failed { .. }
            | Self::Corrupt { .. }
            | Self::CorruptDay { .. }
            | Self::LogKeySealed { .. } => Kind::Internal,
            Self::Changed { .. } => Kind::Stale,
            Self::NotFound { .. } => Kind::NotFound,
            Self::Taken { .. }
            | Self::OtherMember { .. }
            | Self::HasReadings { .. }
            | Self::Full { .. }
            | Self::UserDisabled { .. }
            | Self::PasswordChanged { .. }
            | Self::HasSecondFactor { .. }
            | Self::OnlyAdministrator
            | Self::OnlyOperator { .. }
            | Self::OtherRegister { .. }
            | Self::PeriodsOverlap { .. }
            | Self::NotBegun { .. }
            | Self::IssuedSince { .. }
            | Self::OtherLogKey { .. }
            | Self::LogKeyElsewhere { .. } => Kind::Conflict,
            Self::TooManyReadings { .. }
            | Self::TooManySums { .. }
            | Self::TooManyLevels { .. }
            | Self::TooLarge { .. } => Kind::TooLarge,
            Self::Archive(error) => error.kind(),
            Self::Auth(error) => error.kind(),
            Self::Rules(error) => error.kind(),
            Self::Proof(error) => error.kind(),
            Self::Energy(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownScheme { .. } | Self::NotAnAddress { .. } => {
                "write it like `sqlite:grid.db`, `mysql://user:password@host/grid` or `postgres://user:password@host/grid`"
            }
            Self::NotBuiltIn { feature } => {
                return Some(format!("build it with `--features {feature}`"));
            }
            Self::Unreachable { .. } => {
                "check that the database runs, that the address, user and password are right, and that a SQLite file's folder exists"
            }
            Self::Uncertain { .. } => "look whether it was done before doing it again",
            Self::NotMigrated { .. } => {
                "run the migrations, or wait until the server that started has run them"
            }
            Self::DirtyMigration { .. } => {
                "look at what the migration did, complete or undo it, and delete its row in `_sqlx_migrations`"
            }
            Self::ForeignMigration { .. } => "start a program that is at least as new as the database",
            Self::MigrationWait { .. } => "look for a process that hangs in its migration",
            Self::Changed { .. } => "read it again, and make the change to what is there now",
            Self::Ambiguous { .. } => "name the device by its id",
            Self::OtherMember { .. } => "correct the member in the file, or leave it out",
            Self::Full { kept, .. } => kept.hint(),
            Self::HasReadings { .. } => "remove it from the community instead",
            Self::Taken { thing: "device", .. } => {
                "it counts for another member of the community then or later: move it, or say until when it counted there"
            }
            Self::UserDisabled { .. } => "enable the user first",
            Self::PasswordChanged { .. } => "log in again",
            Self::HasSecondFactor { .. } => "remove the second factor first",
            Self::OnlyAdministrator => "make somebody else an administrator first",
            Self::OnlyOperator { .. } => {
                "add another member with an account to the community as its operator first"
            }
            Self::TooManySums { .. } => "ask for a shorter period, longer slots or one channel",
            Self::TooManyLevels { .. } => "ask for a shorter time, or for a page at a time with `limit`",
            Self::TooManyReadings { .. } => "send the sums of longer intervals",
            Self::NotARegister { .. } => {
                "nothing was stored; correct the read or the event that is named, also one that was sent before"
            }
            Self::OtherRegister { .. } => {
                "leave both out; a meter with others takes the old one's place by an event `exchange`"
            }
            Self::PeriodsOverlap { .. } => {
                "settle the same period again: what has changed since is issued as corrections"
            }
            Self::NotBegun { .. } => {
                "say since when the device counts in the community, send what it counted before, or allow an incomplete \
                 settlement"
            }
            Self::IssuedSince { .. } => "settle the period again",
            Self::OtherLogKey { .. } => {
                "a log has one key for as long as it lives: issue with that key, or with the one that the database keeps, which the server uses"
            }
            Self::LogKeyElsewhere { .. } => "issue from where that key is kept, as the first time",
            Self::LogKeySealed { .. } => {
                "give the text that it was sealed with: the server's GRID_SEALING_KEY"
            }
            Self::Archive(error) => return error.hint(),
            Self::Auth(error) => return error.hint(),
            Self::Rules(error) => return error.hint(),
            Self::Proof(error) => return error.hint(),
            Self::Energy(error) => return error.hint(),
            Self::WrongRuntime { .. }
            | Self::File { .. }
            | Self::Slow { .. }
            | Self::Busy { .. }
            | Self::Failed { .. }
            | Self::Corrupt { .. }
            | Self::CorruptDay { .. }
            | Self::NotFound { .. }
            | Self::Taken { .. }
            | Self::NotAUsername { .. }
            | Self::NotAnEmail { .. }
            | Self::TooFine { .. }
            | Self::NoDevice { .. }
            | Self::TooLarge { .. } => return None,
        };
        Some(hint.to_owned())
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable { .. }
            | Self::Uncertain { .. }
            | Self::Slow { .. }
            | Self::NotMigrated { .. } => Some(Duration::from_secs(5)),
            Self::Busy { .. } => Some(Duration::from_secs(1)),
            Self::MigrationWait { .. } => Some(Duration::from_secs(30)),
            Self::Energy(error) => error.retry_after(),
            Self::File { .. } | Self::Archive(_) if self.kind() == Kind::Unavailable => {
                Some(Duration::from_secs(5))
            }
            _ => None,
        }
    }

    fn may_have_happened(&self) -> bool {
        matches!(self, Self::Uncertain { .. })
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Energy(error) => error.places(),
            Self::Rules(error) => error.places(),
            _ => Vec::new(),
        }
    }
}
