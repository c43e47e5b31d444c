//! Shares of each plant for itself.

use super::{
    CellRounding, Coefficients, Columns, Shared,
    rows::{Room, Row, Rule, decide_all, split},
    split::sum_of,
};
use crate::{energy::Error, quantity::Share};

/// Shares what plants generate among members by shares of each plant: a matrix of members and plants, the same in all
/// intervals or one for each.
///
/// The table has a row for each plant, or for each plant of each interval, in which case the plants of an interval stand
/// together. A member is offered their share of every plant. One who is offered more than they need takes of each plant in
/// proportion to what it offers them; what is left of a plant is its own surplus.
///
/// Each plant's parts add up to what it produced. Splitting a plant in two may move a milliwatt-hour, for each is divided
/// for itself.
///
/// ```
/// use grid_core::{energy::sharing::{CellRounding, Coefficients, Columns, share_by_plant}, quantity::{Energy, Share}};
/// // Ana owns the first plant, and both own the second.
/// let table = Coefficients::new(vec![Share::WHOLE, Share::NONE, "0.5".parse()?, "0.5".parse()?], 2)?;
/// let (generation, demand) = ([600, 400].map(Energy::from_mwh), [400, 500].map(Energy::from_mwh));
/// let (generation, demand) = (Columns::new(&generation, 2)?, Columns::new(&demand, 2)?);
/// let shared = share_by_plant(generation, demand, &table, CellRounding::Exact)?;
/// assert_eq!(shared.allocated, [400, 200].map(Energy::from_mwh));
/// assert_eq!(shared.surplus, [300, 100].map(Energy::from_mwh));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`] where the tables do not fit one another, [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// France, Enedis, "full dynamique": the organiser sends a coefficient for each consumer, producer and step (as
/// summarised by Enogrid; the text of the code de l'énergie, D.315, was not at hand). How a member's surplus goes back to the
/// plants is this crate's choice.
pub fn share_by_plant(
    generation: Columns<'_>,
    demand: Columns<'_>,
    shares: &Coefficients,
    rounding: CellRounding,
) -> Result<Shared, Error> {
    let plants = generation.columns();
    let of_each_interval = shares.rows() != plants;
    let rows = if of_each_interval { plants.saturating_mul(demand.intervals()) } else { plants };
    shares.check(rows, demand.columns())?;
    decide_all(generation, demand, rounding, &ByPlant { shares, of_each_interval })
}

struct ByPlant<'a> {
    shares: &'a Coefficients,
    of_each_interval: bool,
}

impl Rule for ByPlant<'_> {
    fn decide(&self, row: Row<'_>, room: &mut Room) -> Result<(), Error> {
        let Row { number, rounding, produced, needed, allocated, surplus } = row;
        let Room { splitter, seats: offers, parts: of_plants, group_parts: taken, .. } = room;
        let (plants, members) = (produced.len(), needed.len());
        let first = if self.of_each_interval { number.saturating_mul(plants) } else { 0 };
        // Plant by plant, what each member is offered.
        offers.clear();
        offers.resize(plants.saturating_mul(members), 0);
        for ((plant, made), offers) in (first..).zip(produced).zip(offers.chunks_mut(members)) {
            let whole = i64::from(Share::WHOLE.as_ppm());
            split(made.as_mwh(), self.shares.row(plant), whole, rounding, splitter, offers)?;
        }
        for (left, made) in surplus.iter_mut().zip(produced) {
            *left = made.as_mwh();
        }
        taken.clear();
        taken.resize(plants, 0);
        for (member, (got, need)) in allocated.iter_mut().zip(needed).enumerate() {
            of_plants.clear();
            of_plants.extend(offers.iter().skip(member).step_by(members));
            let offered = sum_of(of_plants)?;
            *got = offered.min(need.as_mwh());
            let taken = if offered > need.as_mwh() {
                split(*got, of_plants, offered, CellRounding::Exact, splitter, taken)?;
                &*taken
            } else {
                &*of_plants
            };
            for (left, taken) in surplus.iter_mut().zip(taken) {
                *left -= taken;
            }
        }
        // Rounded cell by cell, a plant's parts may be a few milliwatt-hours more than it produced.
        for left in surplus {
            *left = (*left).max(0);
        }
        Ok(())
    }
}
