//! What a model sees of the past when it forecasts one slot of the day.
//!
//! A [`Past`] has its gaps filled. [`Days`] lays it out day by day as seen from one time of day, and [`Design`] makes the columns
//! of a regression of it. A column reads nothing but whole days that had ended at the origin of its row, so that
//! no forecast can see what came later.

mod days;
mod design;
mod past;
mod table;
mod weather;

pub(crate) use days::{Days, Usual};
pub(crate) use design::Design;
pub use design::Group;
pub(crate) use past::Past;
pub(crate) use table::{LEAST_ROWS, Table};
pub(crate) use weather::Scaling;
