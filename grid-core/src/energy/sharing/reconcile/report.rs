//! What a reconciliation says.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{
    quantity::{Energy, Share},
    series::Quality,
};

/// One place where an operator's figures do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// What was given and what was left is not what was generated.
    DoesNotAddUp {
        /// The row, from 0.
        interval: usize,
        /// When it starts.
        #[serde(serialize_with = "instant")]
        start: Option<Timestamp>,
        /// What all plants generated.
        generation_kwh: Energy,
        /// What all members were given.
        allocated_kwh: Energy,
        /// What was left of all plants.
        surplus_kwh: Energy,
        /// What is in nobody's account; below zero where more was accounted for than there was.
        unaccounted_kwh: Energy,
    },
    /// A member was given more than it used.
    AboveDemand {
        /// The row, from 0.
        interval: usize,
        /// When it starts.
        #[serde(serialize_with = "instant")]
        start: Option<Timestamp>,
        /// The member's column, from 0.
        member: usize,
        /// What it used.
        demand_kwh: Energy,
        /// What it was given.
        allocated_kwh: Energy,
    },
    /// A member's part is not what the key gives.
    AllocationDiffers {
        /// The row, from 0.
        interval: usize,
        /// When it starts.
        #[serde(serialize_with = "instant")]
        start: Option<Timestamp>,
        /// The member's column, from 0.
        member: usize,
        /// The operator's figure.
        published_kwh: Energy,
        /// The figure of the key, in the operator's rounding.
        recomputed_kwh: Energy,
    },
    /// What is left of a plant is not what the key leaves.
    SurplusDiffers {
        /// The row, from 0.
        interval: usize,
        /// When it starts.
        #[serde(serialize_with = "instant")]
        start: Option<Timestamp>,
        /// The plant's column, from 0.
        plant: usize,
        /// The operator's figure.
        published_kwh: Energy,
        /// The figure of the key, in the operator's rounding.
        recomputed_kwh: Energy,
    },
}

/// How often one kind of finding was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// In how many intervals.
    pub intervals: usize,
    /// In how many cells; for whole intervals the same.
    pub cells: usize,
    /// How far they were off together, each without its sign.
    pub off_by_kwh: Energy,
}

/// One member's figures, over the intervals in which nothing is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReconciledMember {
    /// What the operator says.
    pub allocated_kwh: Energy,
    /// What the key gives, in the operator's rounding.
    pub recomputed_kwh: Energy,
    /// What the key gives when every interval adds up.
    pub exact_kwh: Energy,
    /// How much of the operator's figure is above what the member used.
    pub above_demand_kwh: Energy,
}

/// What [`reconcile`](super::reconcile) found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// How many intervals there are.
    pub intervals: usize,
    /// In how many of them nothing is missing; the sums below are over these.
    pub complete: usize,
    /// In how many of those something was generated.
    pub generating: usize,
    /// The part of all figures that is known.
    pub completeness: Share,
    /// Missing where any figure is.
    pub quality: Quality,
    /// What was generated; `None` (JSON `null`), like the next ones, where no interval is complete.
    pub generation_kwh: Option<Energy>,
    /// What was used.
    pub demand_kwh: Option<Energy>,
    /// What the operator says was given.
    pub allocated_kwh: Option<Energy>,
    /// What the operator says was left.
    pub surplus_kwh: Option<Energy>,
    /// What the key gives, in the operator's rounding.
    pub recomputed_allocated_kwh: Option<Energy>,
    /// What the key gives when every interval adds up.
    pub exact_allocated_kwh: Option<Energy>,
    /// What was generated and is in nobody's account, in the intervals that do not add up.
    pub unaccounted_kwh: Energy,
    /// What is in somebody's account and was not generated, in the intervals that do not add up.
    pub overaccounted_kwh: Energy,
    /// Intervals in which what was given and what was left is not what was generated.
    pub does_not_add_up: Tally,
    /// Members who were given more than they used.
    pub above_demand: Tally,
    /// Members whose part is not what the key gives.
    pub allocation_differs: Tally,
    /// Plants whose rest is not what the key leaves.
    pub surplus_differs: Tally,
    /// By member, in the order of the columns.
    pub members: Vec<ReconciledMember>,
    /// The first findings of each kind, in the order of the intervals.
    pub findings: Vec<Finding>,
    /// How many findings are only counted.
    pub findings_left_out: usize,
}

impl Reconciliation {
    /// Whether nothing is missing and nothing was found.
    pub fn is_clean(&self) -> bool {
        self.complete == self.intervals && self.findings.is_empty() && self.findings_left_out == 0
    }
}

#[expect(clippy::ref_option, reason = "serde hands a field over like this")]
fn instant<S: Serializer>(start: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match start {
        Some(start) => serializer.collect_str(start),
        None => serializer.serialize_none(),
    }
}
