//! cellpy: the raw tables of its custom loader, named in lower case and without units.

use super::super::log::Format;
use super::detect::Layout;
use super::vendor::{Counter, Name, Positive, Signature, Vendor};

/// See [`Vendor`].
pub(super) static VENDOR: Vendor = Vendor {
    format: Format::Cellpy,
    recognise,
    names: &NAMES,
    positive: Positive::Charge,
    counter: Counter::Unstated,
};

/// The vendor's own names.
const NAMES: [Name; 1] = [Name::unused("index")];

/// `index`, `test_time`, `step_time`, `date_stamp`, `step`, `cycle`.
fn recognise(layout: &Layout) -> Option<Signature> {
    let own = ["datestamp", "testtime", "steptime", "step", "cycle"].iter().all(|name| layout.has(name));
    if own {
        Signature::usual("`date_stamp` beside `test_time` and `step_time` are cellpy's custom names")
    } else {
        None
    }
}
