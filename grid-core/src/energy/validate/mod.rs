//! What looks wrong in readings, by name.
//!
//! [`validate`] looks at rows as they came ([`Raw`]), before a [`Reading`](super::Reading) refuses what cannot be, and
//! names what it finds: each [`Finding`] has the [`Rule`] that it breaks, the interval, what was expected and what
//! came, and how bad that is. It changes nothing: what to leave out and what to ask again is for a person or the next
//! step to say. Every threshold stands in [`Rules`], with a default and the reason for it.
//!
//! # References
//!
//! The rules are those of meter data practice (validation, estimation and editing): *Standards for Validating, Editing,
//! and Estimating Monthly and Interval Data* (California, Direct Access, revision 2.0), section A, and the checks that
//! meter data systems offer (in Oracle Utilities Meter Data Management: consecutive interval, duplicate, negative
//! consumption, zero consumption, interval size and interval spike check). The thresholds are choices of this library.
//! The spike rule is robust instead of fixed, by the median and the median absolute deviation: F. R. Hampel, *The
//! influence curve and its role in robust estimation*, JASA 69 (1974).

mod check;
mod finding;
mod robust;
mod rules;
mod shape;
mod values;

pub use check::{Expectation, Raw, validate};
pub use finding::{Finding, Rule, Severity};
pub use rules::Rules;

#[cfg(test)]
mod tests;
