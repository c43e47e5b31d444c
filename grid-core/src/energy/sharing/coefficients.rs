//! Shares that differ from interval to interval.

use super::{
    CellRounding, Columns, Shared,
    rows::{Room, Row, Rule, decide_all, leave, offer},
    split::sum_of,
};
use crate::{energy::Error, quantity::Share};

/// A table of shares, one row an interval and one column a member, each row adding up to one whole.
///
/// # References
///
/// RD 244/2019 (Spain), Anexo I, as changed by Orden TED/1247/2021: a coefficient for each hour and member, those of an
/// hour adding up to one. France, "dynamique simple": percentages that the organiser computes for each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coefficients {
    shares: Vec<Share>,
    members: usize,
}

impl Coefficients {
    /// Makes a table of `members` columns over `shares`, which come row by row.
    ///
    /// ```
    /// use grid_core::{energy::sharing::Coefficients, quantity::Share};
    /// let [half, all] = ["0.5".parse::<Share>()?, Share::WHOLE];
    /// let table = Coefficients::new(vec![half, half, all, Share::NONE], 2)?;
    /// assert_eq!((table.rows(), table.row(1)), (2, [all, Share::NONE].as_slice()));
    /// let refused = Coefficients::new(vec![half, half, half, Share::NONE], 2).unwrap_err();
    /// assert_eq!(refused.to_string(), "row 1: coefficients must add up to 1000000 ppm, got 500000 over 2 members");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnequalLengths`] where the shares do not fill whole rows, [`Error::RowNotOneWhole`] where a row does not
    /// add up to one.
    pub fn new(shares: Vec<Share>, members: usize) -> Result<Self, Error> {
        let width = members.max(1);
        let rows = shares.len().div_ceil(width);
        let expected = rows.saturating_mul(members);
        if expected != shares.len() {
            let got = shares.len();
            return Err(Error::UnequalLengths { expected, intervals: rows, columns: members, got });
        }
        for (row, shares) in shares.chunks(width).enumerate() {
            let total = shares.iter().map(|share| u64::from(share.as_ppm())).sum();
            if total != u64::from(Share::WHOLE.as_ppm()) {
                return Err(Error::RowNotOneWhole { row, total, members });
            }
        }
        Ok(Self { shares, members })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.shares.len().checked_div(self.members).unwrap_or(0)
    }

    /// How many members there are.
    pub const fn members(&self) -> usize {
        self.members
    }

    /// The members' shares of one row; none past the last.
    pub fn row(&self, row: usize) -> &[Share] {
        let start = row.saturating_mul(self.members);
        self.shares.get(start..start.saturating_add(self.members)).unwrap_or_default()
    }

    /// Whether the table has so many rows and columns.
    pub(super) fn check(&self, rows: usize, members: usize) -> Result<(), Error> {
        if self.members == members && self.rows() == rows {
            return Ok(());
        }
        let expected = rows.saturating_mul(members);
        let got = self.shares.len();
        Err(Error::UnequalLengths { expected, intervals: rows, columns: members, got })
    }
}

/// Shares what plants generate among members by a table of shares, one row an interval; never more to a member than they
/// need.
///
/// The columns of `demand` and of the table stand in the same order, that of the members' ids. What a member does not
/// need of their share is surplus, which is attributed to the plants in proportion to what they produced. A row in which
/// nobody needs anything needs its shares nevertheless.
///
/// ```
/// use grid_core::{energy::sharing::{CellRounding, Coefficients, Columns, share_by_coefficients}, quantity::{Energy, Share}};
/// let table = Coefficients::new(vec!["0.25".parse()?, "0.75".parse()?, Share::WHOLE, Share::NONE], 2)?;
/// let (generation, demand) = ([800, 100].map(Energy::from_mwh), [500, 500, 500, 500].map(Energy::from_mwh));
/// let (generation, demand) = (Columns::new(&generation, 1)?, Columns::new(&demand, 2)?);
/// let shared = share_by_coefficients(generation, demand, &table, CellRounding::Exact)?;
/// assert_eq!(shared.allocated, [200, 500, 100, 0].map(Energy::from_mwh));
/// assert_eq!(shared.surplus, [100, 0].map(Energy::from_mwh));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::UnequalLengths`] where the tables have different numbers of intervals or members, [`Error::Quantity`] where a
/// sum does not fit.
///
/// # References
///
/// RD 244/2019 (Spain), Anexo I: `min(β_{h,i}·ENG_h, Econs_{h,i})`.
pub fn share_by_coefficients(
    generation: Columns<'_>,
    demand: Columns<'_>,
    coefficients: &Coefficients,
    rounding: CellRounding,
) -> Result<Shared, Error> {
    coefficients.check(demand.intervals(), demand.columns())?;
    decide_all(generation, demand, rounding, coefficients)
}

impl Rule for Coefficients {
    fn decide(&self, row: Row<'_>, room: &mut Room) -> Result<(), Error> {
        let Row { number, rounding, produced, needed, allocated, surplus } = row;
        let production = sum_of(produced)?;
        let shares = (self.row(number), i64::from(Share::WHOLE.as_ppm()));
        let taken = offer(production, shares, needed, rounding, &mut room.splitter, allocated)?;
        leave(produced, production, taken, rounding, &mut room.splitter, surplus)
    }
}
