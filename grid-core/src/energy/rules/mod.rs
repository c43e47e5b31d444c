//! The laws by which communities share, one file each.
//!
//! A [`Law`] names its country; [`Law::rules_on`] gives the [`Rules`] that are in force on a day: in which steps energy
//! is settled, which keys may be agreed, and each article with how sure this engine is of it ([`Confidence`]). Laws
//! change, so every set of rules has a day from which it holds, and an old month is settled by the rules of its time.
//!
//! The formulas are in one module per country: [`spain`] (with its file of coefficients, [`spain_file`], and what makes a
//! key of it, [`spain_key`]), [`colombia`],
//! [`austria`], [`italy`], [`france`] and [`germany`]. They share one form: a key gives each member an [`Allotment`] of
//! an interval, and a [`Step`] says what was used and what was left of each plant. All is exact: energies are whole
//! milliwatt-hours and what rounding leaves over goes to the largest remainders, unless the operator's rounding, cell by
//! cell, is asked for.
//!
//! Members are told apart by their place. Give them in the order of their ids everywhere, so that the order in which
//! they were entered changes nothing.

mod allotment;
mod error;
mod law;
mod pack;
mod value;

pub mod austria;
pub mod colombia;
pub mod france;
pub mod germany;
pub mod italy;
pub mod spain;
pub mod spain_coefficients;
pub mod spain_file;
pub mod spain_key;

pub use allotment::{Allotment, Step};
pub use error::Error;
pub use law::Law;
pub use pack::{Article, Confidence, KeyKind, Rules};
