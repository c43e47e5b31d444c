//! Errors of energy accounting.

mod failure;

use uuid::Uuid;

use super::{Channel, ingest::Fault, tariff};
use crate::{
    quantity::{self, Energy},
    series,
    time::{self, Interval},
};

/// A rule of energy accounting was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is not a channel.
    #[error(
        "expected a channel `import`, `export`, `consumption`, `generation`, `charge` or `discharge`, got `{got}`"
    )]
    NotAChannel {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a kind of device.
    #[error("expected a kind `meter`, `pv`, `battery`, `load`, `ev_charger` or `other`, got `{got}`")]
    NotADeviceKind {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a role.
    #[error("expected a role `member` or `operator`, got `{got}`")]
    NotARole {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a name.
    #[error("expected a name of 1 to 200 characters without control characters, got `{got}`")]
    NotAName {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a way to use energy.
    #[error("expected `Conservador`, `Eficiente`, `Moderado` or `Intensivo`, got `{got}`")]
    NotAnEnergyBehavior {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a kind of housing.
    #[error(
        "expected `Apartamento`, `Casa Unifamiliar (1 piso)`, `Casa Unifamiliar (2 pisos)`, \
         `Casa Unifamiliar (3+ pisos)`, `Duplex`, `Casa Rural` or `Finca`, got `{got}`"
    )]
    NotAHousingType {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A number is not how many people live in a household.
    #[error("expected 1 to 4 people, got {got}")]
    NotOccupants {
        /// The number.
        got: i64,
    },
    /// A text is not a language that documents are written in.
    #[error("expected a language `en` or `es`, got `{got}`")]
    NotALanguage {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A text is not a sharing key.
    #[error("expected a key like `proportional`, or as JSON with its `kind`: {reason}")]
    NotAKey {
        /// What is wrong.
        reason: String,
    },
    /// A resolution is none in which communities settle.
    #[error("expected a settlement resolution of `5min`, `15min`, `30min` or `1h`, got `{got}`")]
    NotASettlementResolution {
        /// The resolution.
        got: String,
    },
    /// A period does not begin or end with a slot.
    #[error("expected a period of whole slots of {resolution}, got {got}")]
    NotWholeSlots {
        /// The period.
        got: Interval,
        /// The settlement resolution.
        resolution: String,
    },
    /// A settlement is to be compared with too many other keys.
    #[error("expected at most {most} keys to compare with, got {got}")]
    TooManyCompared {
        /// How many there may be.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// A key hands out what members need, where the production must be divided before that.
    #[error(
        "expected a key of fixed parts for a community whose members own what they do not use, got a key of the kind `{kind}`"
    )]
    KeyDoesNotDivide {
        /// The kind of the key.
        kind: &'static str,
    },
    /// A law does not let a community share by a key.
    #[error("by the law `{law}` a community does not share by a key of the kind `{kind}`")]
    KeyNotAllowed {
        /// The law.
        law: &'static str,
        /// The kind of the key.
        kind: &'static str,
    },
    /// A law has no rules yet on a day.
    #[error("expected a day from {first} on, when the first known rules of `{law}` begin, got {day}")]
    LawNotInForce {
        /// The law.
        law: &'static str,
        /// The first day of its rules.
        first: jiff::civil::Date,
        /// The day.
        day: jiff::civil::Date,
    },
    /// Readings that a bill would stand on are missing.
    #[error(
        "readings are missing in the period: `{first}` is known in {known} of {slots} slots{}",
        others(*members)
    )]
    IncompleteReadings {
        /// How many members.
        members: usize,
        /// The name of the first of them.
        first: String,
        /// In how many slots all its registers are known.
        known: u64,
        /// How many slots there are.
        slots: u64,
    },
    /// No tariff counts for a member on a day.
    #[error("no tariff counts for `{member}` on {day}")]
    NoTariff {
        /// The member's name.
        member: String,
        /// The local day.
        day: jiff::civil::Date,
    },
    /// A tariff begins within a period that another component counts as one.
    #[error(
        "a tariff begins on {day}, within the period, and component `{component}` of tariff `{tariff}` counts the period as one"
    )]
    PeriodCut {
        /// The tariff.
        tariff: String,
        /// Its component.
        component: String,
        /// The local day on which a tariff begins.
        day: jiff::civil::Date,
    },
    /// The tariffs of one settlement have different currencies.
    #[error("expected tariffs of one currency, got `{first}` and `{other}`")]
    SeveralCurrencies {
        /// One currency.
        first: String,
        /// Another.
        other: String,
    },
    /// There is nobody to settle with.
    #[error("no member of the community has a register with readings in the period")]
    NobodyToSettle,
    /// A text is no statement.
    #[error("line {line}, column {column}: expected a statement: {reason}")]
    NotAStatement {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// A correction was asked for where nothing was issued.
    #[error("expected a statement to correct, but none was issued to member `{member}`")]
    NothingToCorrect {
        /// The member.
        member: Uuid,
    },
    /// A correction was asked for between documents of different bills.
    #[error("document `{other}` is about another `{field}`")]
    NotTheSameBill {
        /// The field that differs.
        field: &'static str,
        /// The document.
        other: Uuid,
    },
    /// A number cannot be a weight.
    #[error("expected weights that are finite and zero or more, got {got} in position {position}")]
    NotAWeight {
        /// The number, as text.
        got: String,
        /// Its position, from 0.
        position: usize,
    },
    /// A reading counts backwards.
    #[error("expected an energy of zero or more, got {got}")]
    NegativeEnergy {
        /// The energy.
        got: Energy,
    },
    /// A reading is beyond what any meter counts.
    #[error("expected an energy of at most {most}, got {got}")]
    ImplausibleEnergy {
        /// The energy.
        got: Energy,
        /// The limit.
        most: Energy,
    },
    /// A reading lasts too long.
    #[error("expected a reading of at most {most_days} days, got {got}")]
    IntervalTooLong {
        /// The interval.
        got: Interval,
        /// The limit in days.
        most_days: u64,
    },
    /// A reading is called missing and has an energy, or has none and is not called missing.
    #[error("expected quality `missing` exactly where there is no energy, got `{quality}`")]
    QualityContradictsEnergy {
        /// The quality.
        quality: &'static str,
    },
    /// A reading overlaps another one without being the same interval.
    #[error("the reading {got} overlaps the reading {other}")]
    Overlap {
        /// The interval of the reading that came.
        got: Interval,
        /// The interval of the one that it meets.
        other: Interval,
    },
    /// A file of readings could not be read.
    #[error("{} in `{file}`: {}", count(faults), faults.first().map_or_else(String::new, Fault::to_string))]
    Rejected {
        /// The file's name, or `body`.
        file: String,
        /// What is wrong, in the order of the lines; at most twenty.
        faults: Vec<Fault>,
    },
    /// A file could not be read from the disk or the network.
    #[error("failed to read `{file}` after line {line}: {reason}")]
    Unreadable {
        /// The file's name, or `body`.
        file: String,
        /// The last line that was read whole.
        line: u64,
        /// What the system said.
        reason: std::io::ErrorKind,
    },
    /// A file has more readings than one may have.
    #[error("expected at most {most} readings in `{file}`, got more{}", from_line(*line))]
    FileTooLong {
        /// The file's name, or `body`.
        file: String,
        /// The line of the first reading beyond, where the file has lines.
        line: Option<u64>,
        /// How many readings there may be.
        most: usize,
    },
    /// The scratch file in which the readings of a long file wait could not be made, written or read.
    #[error("failed to keep the readings of `{file}` in a scratch file: {reason}")]
    Unkept {
        /// The name of the file of readings, or `body`.
        file: String,
        /// What the system said.
        reason: std::io::ErrorKind,
        /// Whether that is because there is no room for it now, as [`is_full`](crate::error::is_full) says.
        has_no_room: bool,
    },
    /// The shares do not add up to one whole.
    #[error("shares must add up to 1000000 ppm, got {total} over {members} members")]
    NotOneWhole {
        /// What they add up to.
        total: u64,
        /// Over how many members.
        members: usize,
    },
    /// The shares of a row of a table do not add up to one whole.
    #[error("row {row}: coefficients must add up to 1000000 ppm, got {total} over {members} members")]
    RowNotOneWhole {
        /// The number of the row, counted from 0.
        row: usize,
        /// What they add up to.
        total: u64,
        /// Over how many members.
        members: usize,
    },
    /// A group of a priority has nobody in it.
    #[error("expected at least one member in group {group}")]
    EmptyGroup {
        /// The number of the group, counted from 1.
        group: usize,
    },
    /// A cascade has too many keys.
    #[error("expected a cascade of at most {most} keys, got {got}")]
    TooManySteps {
        /// The limit.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// The factors by which a member takes part in communities are more than one whole.
    #[error(
        "participation factors must add up to at most 1000000 ppm, got {total} over {communities} communities"
    )]
    PastOneWhole {
        /// What they add up to.
        total: u64,
        /// Over how many communities.
        communities: usize,
    },
    /// A member takes part in too many communities.
    #[error("expected at most {most} communities, got {got}")]
    TooManyCommunities {
        /// The limit.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// A community stands twice in a participation.
    #[error("expected each community once, got `{community}` twice")]
    CommunityTwice {
        /// The community.
        community: String,
    },
    /// A member stands twice in a key.
    #[error("expected each member once, got `{member}` twice")]
    MemberTwice {
        /// The member.
        member: String,
    },
    /// A member that a key names is not there, or one that is there is not named.
    #[error("expected a share for every member and no other, got {got} shares for {members} members")]
    SharesDoNotFit {
        /// How many shares there are.
        got: usize,
        /// How many members there are.
        members: usize,
    },
    /// A plant's production or a member's demand is below zero.
    #[error("interval {interval}: expected energies of zero or more, got {got}")]
    NegativeFlow {
        /// The number of the interval, counted from 0.
        interval: usize,
        /// The energy.
        got: Energy,
    },
    /// A table of energies does not have its shape.
    #[error("expected {expected} energies ({intervals} intervals times {columns}), got {got}")]
    UnequalLengths {
        /// How many there should be.
        expected: usize,
        /// How many intervals.
        intervals: usize,
        /// How many columns.
        columns: usize,
        /// How many there are.
        got: usize,
    },
    /// A text is not a meter's multiplier.
    #[error("expected a multiplier above zero with up to six decimals, like `40` or `0.001`, got `{got}`")]
    NotAMultiplier {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A register cannot begin again there.
    #[error("expected a register of 1 to 12 digits before the decimal mark, got {got}")]
    NotAModulus {
        /// What was said of it.
        got: String,
    },
    /// A text is not a rule of validation.
    #[error("expected a rule like `gap`, `spike` or `stuck`, got `{got}`")]
    NotAValidationRule {
        /// The text, cut to a printable length.
        got: String,
    },
    /// There are no readings to answer with.
    #[error("device `{device}` has no readings of channel `{channel}`")]
    NoReadings {
        /// The device.
        device: Uuid,
        /// The channel.
        channel: Channel,
    },
    /// A quantity is wrong.
    #[error(transparent)]
    Quantity(#[from] quantity::Error),
    /// A time is wrong.
    #[error(transparent)]
    Time(#[from] time::Error),
    /// A series is wrong.
    #[error(transparent)]
    Series(#[from] series::Error),
    /// A tariff cannot be read, or not be applied.
    #[error(transparent)]
    Tariff(#[from] tariff::Error),
    /// A tariff cannot be applied to a member.
    #[error("member `{member}`: {fault}")]
    TariffOfMember {
        /// The member's name.
        member: String,
        /// What is wrong.
        fault: Box<tariff::Error>,
    },
}

fn others(members: usize) -> String {
    match members.saturating_sub(1) {
        0 => String::new(),
        1 => ", and one other member lacks some".to_owned(),
        many => format!(", and {many} other members lack some"),
    }
}

fn from_line(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(" from line {line} on"))
}

fn count(faults: &[Fault]) -> String {
    match faults.len() {
        1 => "one fault".to_owned(),
        many => format!("{many} faults"),
    }
}
