//! Gradient boosting of small regression trees on binned columns.
//!
//! linfa's trees classify only, so these are our own. Every column is cut into at most 127 [`bins`], so that a split is
//! sought among a few sums and not among all values; each [`tree`] grows leaf by leaf where the loss falls most, on
//! a random share of the rows and of the columns; and the [`booster`] adds up trees, each of which learns what the
//! ones before it left over. Every random choice follows from a stated seed and nothing runs in parallel, so the same
//! rows give the same trees on any machine.
//!
//! # References
//!
//! Friedman: "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29(5), 2001, and
//! "Stochastic gradient boosting", Computational Statistics and Data Analysis 38(4), 2002. Chen and Guestrin:
//! "`XGBoost`: a scalable tree boosting system", KDD 2016, for the penalty on leaves and the gain of a split. Ke et al.:
//! "`LightGBM`: a highly efficient gradient boosting decision tree", NIPS 2017, for histograms, leaf-wise growth and
//! a sibling's histogram by subtraction.

mod bins;
mod booster;
mod loss;
mod tree;

pub(crate) use bins::Table;
pub(crate) use booster::{Booster, Boosting, Crossed};
pub(crate) use tree::Growth;
