//! Errors of forecasting.

use jiff::civil::DateTime;

/// A forecast could not be made or scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A day cannot be cut into slots of that length.
    #[error("expected a step of 5 to 720 minutes that divides a day, got {got} minutes")]
    Step {
        /// The minutes that were given.
        got: u32,
    },
    /// A value is infinite, or too large to be squared.
    #[error("expected values from -1e100 to 1e100, or NaN where one is missing, got {got} in slot {slot}")]
    NotFinite {
        /// The value that was given.
        got: f64,
        /// Its position in the history, from 0.
        slot: usize,
    },
    /// A mask does not fit its history.
    #[error("expected one mark per value, got {marks} marks for {values} values")]
    Mask {
        /// How many marks were given.
        marks: usize,
        /// How many values the history has.
        values: usize,
    },
    /// A value of a regressor is infinite, or too large to be squared.
    #[error(
        "expected values of `{name}` from -1e100 to 1e100, or NaN where one is missing, got {got} in slot {slot}"
    )]
    RegressorNotFinite {
        /// The regressor's name.
        name: String,
        /// The value that was given.
        got: f64,
        /// Its position in the regressor, from 0.
        slot: usize,
    },
    /// Two regressors have one name.
    #[error("expected regressors of different names, got two of `{name}`")]
    RegressorTwice {
        /// The name.
        name: String,
    },
    /// A regressor that is known ahead is not known as far as the forecast goes.
    #[error("expected `{name}` up to slot {need} from the start of the history, got {got} slots of it")]
    RegressorEnds {
        /// The regressor's name.
        name: String,
        /// How many slots are needed, counted from the start of the history.
        need: usize,
        /// How many there are.
        got: usize,
    },
    /// A regressor that is known ahead has no value in some of the slots to come.
    #[error(
        "expected `{name}` for the {horizon} slots from {start} on, got none for {slots} of them, from {first} to {last}"
    )]
    RegressorMissing {
        /// The regressor's name.
        name: String,
        /// How many slots are to be forecast.
        horizon: usize,
        /// The first of them.
        start: DateTime,
        /// How many of them it is missing for.
        slots: usize,
        /// The first of those.
        first: DateTime,
        /// The last of those.
        last: DateTime,
    },
    /// What came later has a regressor that was not there when the model learnt.
    #[error("expected the regressors that were learnt from, got `{name}`")]
    UnknownRegressor {
        /// The regressor's name.
        name: String,
    },
    /// An instant does not lie on the grid of the history.
    #[error("expected instants on a grid of {step_minutes} minutes of the local clock, got {local}")]
    OffGrid {
        /// The grid's step in minutes.
        step_minutes: u32,
        /// The local time that does not lie on it.
        local: DateTime,
    },
    /// A history would be longer than is sensible.
    #[error("expected a history of at most {most} slots, got one of {slots}")]
    TooLong {
        /// The limit.
        most: usize,
        /// How many slots there would be.
        slots: usize,
    },
    /// A half-life is too short to learn anything.
    #[error("expected a half-life of at least one day, got {got}")]
    HalfLife {
        /// The days that were given.
        got: f64,
    },
    /// There is too little history for the model.
    #[error("{model} needs {need} days with values, got {got:.1}")]
    TooShort {
        /// The model's name.
        model: &'static str,
        /// How many days it needs.
        need: u32,
        /// How many days there are.
        got: f64,
    },
    /// There is no value at all to learn from.
    #[error("expected at least one value in the history of {slots} slots, got none")]
    AllMissing {
        /// How many slots the history has.
        slots: usize,
    },
    /// Meters that are learnt from together, or forecast by what was learnt, differ in their step.
    #[error("expected a history in steps of {need} minutes, got one in steps of {got}")]
    OtherStep {
        /// The step of the first history.
        need: u32,
        /// The step of the one that differs.
        got: u32,
    },
    /// What a model is to go on from is not the history that it has learnt from, longer.
    #[error(
        "expected the history from {start} on, up to {end} or later, got one from {got_start} to {got_end}"
    )]
    NotLonger {
        /// Where the history that was learnt from starts.
        start: DateTime,
        /// Where it ends.
        end: DateTime,
        /// Where the one that was given starts.
        got_start: DateTime,
        /// Where it ends.
        got_end: DateTime,
    },
    /// A model could not be written.
    #[error("failed to write the model")]
    Unsaved {
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was to be loaded is no saved model.
    #[error("expected a model that was saved by this library")]
    NotSaved {
        /// Where reading it failed, if it was there.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A saved model is of a later version than this library reads.
    #[error(
        "expected a model saved in version {newest} of the format or an older one, got version {got}; read it with a newer \
         release"
    )]
    SavedLater {
        /// The newest version that is read.
        newest: u32,
        /// The one that was given.
        got: u32,
    },
    /// A forecast of no slot was asked for.
    #[error("expected a horizon of 1 to {most} slots, got {got}")]
    Horizon {
        /// The longest horizon.
        most: usize,
        /// The horizon that was asked for.
        got: usize,
    },
    /// Quantile levels are not levels, or not in order.
    #[error("expected quantile levels between 0 and 1 in ascending order, got {got} in place {place}")]
    Quantile {
        /// The faulty level.
        got: f64,
        /// Its place in the list, from 0.
        place: usize,
    },
    /// The level of an interval is not one.
    #[error("expected an interval of 1 to 99 percent, got {got}")]
    Level {
        /// The percentage that was asked for.
        got: u8,
    },
    /// A name is not one of a model.
    #[error("expected a model: {}, got `{got}`", super::models::names())]
    UnknownModel {
        /// The name, cut to a printable length.
        got: String,
    },
    /// A name is not one of a way to make forecasts add up.
    #[error("expected a method `top_down`, `bottom_up` or `min_trace`, got `{got}`")]
    UnknownMethod {
        /// The name, cut to a printable length.
        got: String,
    },
    /// Columns that belong together differ in length.
    #[error("expected as many forecasts as values, got {forecasts} for {values}")]
    Lengths {
        /// How many values were given.
        values: usize,
        /// How many forecasts were given.
        forecasts: usize,
    },
    /// There is nothing to score.
    #[error("expected at least one observed value to score, got none among {slots}")]
    NothingToScore {
        /// How many slots were looked at.
        slots: usize,
    },
    /// The work was ended before it was done.
    #[error("cancelled")]
    Cancelled,
    /// A backtest has no origin.
    #[error("expected at least one origin for a backtest, got none")]
    NoOrigin,
    /// An origin has no history before it, or no slot behind it.
    #[error("expected origins after {start} and before {end}, got {origin}")]
    OriginOutside {
        /// The start of the history.
        start: DateTime,
        /// The end of the history.
        end: DateTime,
        /// The origin that was given.
        origin: DateTime,
    },
    /// Quantile levels are not an even grid.
    #[error("expected quantile levels in even steps, as far from 0 as from 1, got {got} in place {place}")]
    UnevenLevels {
        /// The first level out of step.
        got: f64,
        /// Its place in the list, from 0.
        place: usize,
    },
    /// There is nothing to compare a loss with.
    #[error("expected a loss of the reference above zero, got {got}")]
    NoReference {
        /// The loss of the reference.
        got: f64,
    },
    /// Columns are not made of whole forecasts.
    #[error("expected forecasts of {horizon} slots each, got {slots} slots")]
    WholeForecasts {
        /// How many slots a forecast has.
        horizon: usize,
        /// How many slots were given.
        slots: usize,
    },
    /// A place lies outside the earth.
    #[error(
        "expected a latitude from -90 to 90 and a longitude from -180 to 180 degrees, got {latitude_deg} and {longitude_deg}"
    )]
    Coordinates {
        /// The latitude that was given.
        latitude_deg: f64,
        /// The longitude that was given.
        longitude_deg: f64,
    },
    /// A node of a hierarchy comes twice.
    #[error("expected every node once, got `{node}` twice")]
    NodeTwice {
        /// Its name, cut to a printable length.
        node: String,
    },
    /// A node is a part of one that is not there.
    #[error("expected every whole among the nodes, got `{node}` as a part of `{parent}`")]
    UnknownParent {
        /// The part.
        node: String,
        /// The whole that is not there.
        parent: String,
    },
    /// A hierarchy has no whole, or several.
    #[error("expected one node that is no part of another, got {got}")]
    Wholes {
        /// How many there are.
        got: usize,
    },
    /// Nodes are parts of each other.
    #[error("expected every node to lead up to the whole, got a cycle above `{node}`")]
    Cycle {
        /// A node of the cycle, or below it.
        node: String,
    },
    /// A node has no forecast, or no errors.
    #[error("expected a forecast and errors of every node, got none of `{node}`")]
    MissingNode {
        /// The node.
        node: String,
    },
    /// There is a forecast of a node that the hierarchy does not have.
    #[error("expected forecasts of the nodes of the hierarchy, got one of `{node}`")]
    UnknownNode {
        /// The node.
        node: String,
    },
    /// A forecast has a value that is not finite.
    #[error("expected a finite value in every slot of `{node}`, got none at {start}")]
    MissingValue {
        /// The node.
        node: String,
        /// The start of the slot.
        start: DateTime,
    },
    /// The forecasts of two nodes do not lie side by side.
    #[error("expected the slots and quantile levels of the whole, got others of `{node}`")]
    NodeSlots {
        /// The node whose forecast differs.
        node: String,
    },
    /// The errors of two nodes do not lie side by side.
    #[error("expected {rows} errors of every node, got {got} of `{node}`")]
    ErrorColumn {
        /// The node.
        node: String,
        /// How many the first node has.
        rows: usize,
        /// How many this one has.
        got: usize,
    },
    /// Too few times have an error of every node.
    #[error("expected at least {need} times at which the error of every node is known, got {got}")]
    TooFewErrors {
        /// How many are needed.
        need: usize,
        /// How many there are.
        got: usize,
    },
    /// Nothing says which of a node and its parts was wrong.
    #[error("expected errors that vary, got none at `{node}` and its parts")]
    FlatErrors {
        /// The node.
        node: String,
    },
    /// An amount does not fit.
    #[error("expected less than 9.2 million gigawatt-hours at `{node}`, got {got} kWh")]
    EnergyRange {
        /// The node at which it was met.
        node: String,
        /// Its kilowatt-hours.
        got: f64,
    },
    /// No path was asked for, or more than is sensible.
    #[error("expected 1 to {most} paths, got {got}")]
    Paths {
        /// The most that can be asked for.
        most: usize,
        /// How many were asked for.
        got: usize,
    },
    /// A forecast has too few quantiles.
    #[error("expected at least {need} quantile levels, got {got}")]
    TooFewLevels {
        /// How many are needed.
        need: usize,
        /// How many it has.
        got: usize,
    },
    /// The quantiles of a point are not sound.
    #[error("expected {levels} finite quantiles that never fall, got others at {start}")]
    PointQuantiles {
        /// How many levels the forecast has.
        levels: usize,
        /// The start of the slot.
        start: DateTime,
    },
    /// A row of errors does not fit its forecast.
    #[error("expected {slots} errors a row, as many as the forecast has slots, got {got} in row {row}")]
    ErrorRow {
        /// The row, from 0.
        row: usize,
        /// How many slots the forecast has.
        slots: usize,
        /// How many errors the row has.
        got: usize,
    },
    /// Too few days have all of their errors.
    #[error("expected at least {need} days with an error in every slot, got {got}")]
    TooFewErrorDays {
        /// How many are needed.
        need: usize,
        /// How many there are.
        got: usize,
    },
    /// A forecast does not have the bounds of an interval.
    #[error("expected forecasts with the quantiles that bound {level} %, got none at {start}")]
    NoBounds {
        /// The interval's level in percent.
        level: u8,
        /// The start of the slot.
        start: DateTime,
    },
    /// A rate of false alarms cannot be held.
    #[error("expected more than 0 and at most {most} false alarms a year, got {got}")]
    FalseAlarms {
        /// The most that can be told apart from the rule.
        most: f64,
        /// The rate that was asked for.
        got: f64,
    },
    /// Too few readings have a forecast to know how far they stray.
    #[error("expected at least {need:.0} observed readings with a forecast, got {got}")]
    TooFewReadings {
        /// How many are needed.
        need: f64,
        /// How many there are.
        got: usize,
    },
    /// Too few nights were observed to compare.
    #[error("expected at least {need} nights with a reading in two thirds of their slots, got {got}")]
    TooFewNights {
        /// How many are needed.
        need: usize,
        /// How many there are.
        got: usize,
    },
    /// Two series do not lie on the same slots.
    #[error("expected a neighbour in slots of {step_minutes} minutes, got one of {got} minutes")]
    NeighbourStep {
        /// The length of the plant's slots in minutes.
        step_minutes: u32,
        /// That of the neighbour's.
        got: u32,
    },
    /// A time lies outside the years that the calendar covers.
    #[error("the time is outside the years -9999 to 9999")]
    OutOfRange,
    /// The numbers could not be solved.
    #[error("failed to solve the regression of {rows} rows and {columns} columns")]
    Unsolved {
        /// How many rows it has.
        rows: usize,
        /// How many columns it has.
        columns: usize,
        /// What the solver said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
