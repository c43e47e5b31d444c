//! Sharing a whole period, interval by interval.

use super::{CellRounding, Columns, Key, Shared};
use crate::energy::Error;

/// Shares what plants generate among members, interval by interval, never more to a member than they need.
///
/// The columns of `demand` stand in the order of the members' ids; where the key names members they are those. For other
/// columns there is [`Key::for_members`]. What is left over is attributed to the plants in proportion to what they
/// produced.
///
/// With [`CellRounding::Exact`], what is allocated plus the surplus is what was generated, in each interval; a key that
/// [follows demand](Key::follows_demand) allocates exactly the lesser of generation and demand. Intervals are decided on
/// all cores of the current thread pool, each for itself: the number of threads changes nothing.
///
/// ```
/// use grid_core::{energy::sharing::{CellRounding, Columns, Key, share}, quantity::Energy};
/// let generation = [10_000].map(Energy::from_mwh);
/// let demand = [2_000, 5_000, 8_000].map(Energy::from_mwh);
/// let shared = share(Columns::new(&generation, 1)?, Columns::new(&demand, 3)?, &Key::Proportional, CellRounding::Exact)?;
/// assert_eq!(shared.allocated, [1_333, 3_333, 5_334].map(Energy::from_mwh));
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`] where the tables have different numbers of intervals, [`Error::SharesDoNotFit`] where the
/// key names another number of members than there are columns, [`Error::Quantity`] where a sum does not fit.
///
/// # References
///
/// `ElWOG` (Austria) §16e and the distribution models of the Austrian energy data exchange: static
/// `min(C_i, s_i·P)`, dynamic `C_i·P/ΣC` capped at `C_i`, rest of plant j `P_j − shared·P_j/ΣP`, cells rounded half up
/// to six decimals. Code de l'énergie (France) D.315: the default key is in proportion to consumption. `EnWG` (Germany)
/// §42b (5): by an agreed key, "im Zweifel" in equal parts of what was generated, capped at the consumption; that no more
/// is shared than the lesser of the two sums, as it also says, follows from the cap.
pub fn share(
    generation: Columns<'_>,
    demand: Columns<'_>,
    key: &Key,
    rounding: CellRounding,
) -> Result<Shared, Error> {
    key.for_columns(demand.columns())?.share(generation, demand, rounding)
}
