//! A key that knows its columns.

use std::collections::BTreeMap;

use super::{
    CellRounding, Columns, Key, Shared,
    rows::{Room, Row, Rule, decide_all_into, follow, leave, offer},
    split::{Splitter, sum_of},
};
use crate::{energy::Error, quantity::Energy};

/// A key made ready for the members that are there, from [`Key::for_members`].
///
/// Made once, it shares any number of tables whose columns are those members.
#[derive(Clone, Debug)]
pub struct PreparedKey {
    columns: usize,
    /// A seat for each member that is there or has a share, in the order of the ids, and the column behind it; `None`
    /// where the columns are the seats.
    seats: Option<Vec<Option<usize>>>,
    steps: Vec<Step>,
}

/// How one key hands out over the seats.
#[derive(Clone, Debug)]
enum Step {
    /// In proportion to need.
    Follow,
    /// By fixed weights that add up to `sum`.
    Fixed { weights: Vec<i64>, sum: i64 },
    /// To one group of seats after the other.
    Groups(Vec<Vec<usize>>),
}

impl Key {
    /// Makes the key ready for the members that are there: the columns of the demand, in any order.
    ///
    /// A member whom a static key does not name has no share in it; one whom no group of a priority names is served
    /// last. A member who is named and is not there gets nothing: a static share of theirs is surplus, or what the next
    /// key of a cascade hands out. Equal parts are equal among those who are there.
    ///
    /// ```
    /// use grid_core::{energy::sharing::{CellRounding, Columns, Key, SharingKey}, quantity::Energy};
    /// let shares = [("ana", "0.5"), ("ben", "0.3"), ("eva", "0.2")];
    /// let shares = shares.map(|(id, share)| Ok::<_, grid_core::quantity::Error>((id.to_owned(), share.parse()?)));
    /// let key = Key::Static(SharingKey::new(shares.into_iter().collect::<Result<_, _>>()?)?);
    ///
    /// let (generation, demand) = ([1000].map(Energy::from_mwh), [900, 900, 900].map(Energy::from_mwh));
    /// let (generation, demand) = (Columns::new(&generation, 1)?, Columns::new(&demand, 3)?);
    /// let shared = key.for_members(&["dan", "ben", "ana"])?.share(generation, demand, CellRounding::Exact)?;
    /// assert_eq!(shared.allocated, [0, 300, 500].map(Energy::from_mwh));
    /// assert_eq!(shared.surplus, [200].map(Energy::from_mwh));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::MemberTwice`] where a member has two columns.
    pub fn for_members<S: AsRef<str>>(&self, ids: &[S]) -> Result<PreparedKey, Error> {
        let mut seats: BTreeMap<&str, Option<usize>> =
            self.members().into_iter().map(|id| (id, None)).collect();
        for (column, id) in ids.iter().map(AsRef::as_ref).enumerate() {
            if seats.insert(id, Some(column)).flatten().is_some() {
                return Err(Error::MemberTwice { member: id.to_owned() });
            }
        }
        let steps = self.steps().iter().map(|key| Step::of(key, &seats)).collect();
        let straight = seats.values().enumerate().all(|(seat, column)| *column == Some(seat));
        Ok(PreparedKey {
            columns: ids.len(),
            seats: (!straight).then(|| seats.into_values().collect()),
            steps,
        })
    }

    /// Makes the key ready for so many columns, which are the members that it names, in the order of their ids, or
    /// whoever is there if it names none.
    pub(super) fn for_columns(&self, columns: usize) -> Result<PreparedKey, Error> {
        let members = self.members();
        if members.is_empty() {
            let numbers: Vec<String> = (0..columns).map(|column| format!("{column:020}")).collect();
            return self.for_members(&numbers);
        }
        if members.len() != columns {
            return Err(Error::SharesDoNotFit { got: members.len(), members: columns });
        }
        self.for_members(&members)
    }
}

impl Step {
    /// The step of a key that is no cascade.
    fn of(key: &Key, seats: &BTreeMap<&str, Option<usize>>) -> Self {
        let fixed = |weights: Vec<i64>| {
            let sum = weights.iter().sum();
            Self::Fixed { weights, sum }
        };
        match key {
            Key::Proportional | Key::Cascade(_) => Self::Follow,
            Key::Equal => fixed(seats.values().map(|column| i64::from(column.is_some())).collect()),
            Key::Static(shares) => fixed(
                seats
                    .keys()
                    .map(|id| shares.share_of(id).map_or(0, |share| i64::from(share.as_ppm())))
                    .collect(),
            ),
            Key::Priority(priority) => {
                let group_of: BTreeMap<&str, usize> = (0..)
                    .zip(priority.groups())
                    .flat_map(|(group, ids)| ids.iter().map(move |id| (id.as_str(), group)))
                    .collect();
                // Those whom no group names come after the last.
                let mut groups = vec![Vec::new(); priority.groups().len().saturating_add(1)];
                for (seat, (id, column)) in seats.iter().enumerate() {
                    let group = group_of.get(id).copied().unwrap_or(priority.groups().len());
                    if column.is_some()
                        && let Some(group) = groups.get_mut(group)
                    {
                        group.push(seat);
                    }
                }
                Self::Groups(groups)
            }
        }
    }

    /// Writes what each seat gets of `total`, and tells what that adds up to.
    fn hand_out(
        &self,
        total: i64,
        needed: &[Energy],
        rounding: CellRounding,
        splitter: &mut Splitter,
        (group_needs, group_parts): (&mut Vec<Energy>, &mut Vec<i64>),
        parts: &mut [i64],
    ) -> Result<i64, Error> {
        match self {
            Self::Follow => follow(total, needed, rounding, splitter, parts),
            Self::Fixed { weights, sum } => offer(total, (weights, *sum), needed, rounding, splitter, parts),
            Self::Groups(groups) => {
                parts.fill(0);
                let mut left = total;
                for group in groups {
                    if left <= 0 {
                        break;
                    }
                    group_needs.clear();
                    group_needs.extend(group.iter().filter_map(|&seat| needed.get(seat).copied()));
                    group_parts.clear();
                    group_parts.resize(group_needs.len(), 0);
                    left -= follow(left, group_needs, rounding, splitter, group_parts)?;
                    for (&seat, &got) in group.iter().zip(&*group_parts) {
                        if let Some(part) = parts.get_mut(seat) {
                            *part = got;
                        }
                    }
                }
                // Rounded cell by cell, the last group may have got a few milliwatt-hours more than there were.
                Ok(total.saturating_sub(left))
            }
        }
    }
}

impl PreparedKey {
    /// How many columns of demand it is for.
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Shares what plants generate among the members, interval by interval, as [`share`](super::share) does.
    ///
    /// # Errors
    ///
    /// [`Error::UnequalLengths`] where the tables have different numbers of intervals, [`Error::SharesDoNotFit`] where
    /// the demand has another number of columns than the key, [`Error::Quantity`] where a sum does not fit.
    pub fn share(
        &self,
        generation: Columns<'_>,
        demand: Columns<'_>,
        rounding: CellRounding,
    ) -> Result<Shared, Error> {
        let mut shared = Shared::default();
        self.share_into(generation, demand, rounding, &mut shared)?;
        Ok(shared)
    }

    /// Shares as [`PreparedKey::share`] does, and writes over an earlier answer.
    ///
    /// Whoever shares period after period saves the system's work of handing out the room for each answer, which for a
    /// large table is more than that of sharing it. What `shared` held before changes nothing.
    ///
    /// ```
    /// use grid_core::{energy::sharing::{CellRounding, Columns, Key, Shared}, quantity::Energy};
    /// let key = Key::Proportional.for_members(&["ana", "ben"])?;
    /// let mut shared = Shared::default();
    /// for (produced, allocated) in [(300, [100, 200]), (150, [50, 100])] {
    ///     let (generation, demand) = ([produced].map(Energy::from_mwh), [200, 400].map(Energy::from_mwh));
    ///     let (generation, demand) = (Columns::new(&generation, 1)?, Columns::new(&demand, 2)?);
    ///     key.share_into(generation, demand, CellRounding::Exact, &mut shared)?;
    ///     assert_eq!(shared.allocated, allocated.map(Energy::from_mwh));
    /// }
    /// # Ok::<(), grid_core::energy::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`PreparedKey::share`]; `shared` is empty then.
    pub fn share_into(
        &self,
        generation: Columns<'_>,
        demand: Columns<'_>,
        rounding: CellRounding,
        shared: &mut Shared,
    ) -> Result<(), Error> {
        if demand.columns() != self.columns {
            *shared = Shared::default();
            return Err(Error::SharesDoNotFit { got: self.columns, members: demand.columns() });
        }
        decide_all_into(generation, demand, rounding, self, shared)
    }

    /// Writes what each seat gets of `total`, and tells what that adds up to.
    fn hand_out(
        &self,
        total: i64,
        needed: &[Energy],
        rounding: CellRounding,
        room: &mut Room,
        allocated: &mut [i64],
    ) -> Result<i64, Error> {
        let Room { splitter, needs, parts, group_needs, group_parts, .. } = room;
        if let [step] = self.steps.as_slice() {
            return step.hand_out(total, needed, rounding, splitter, (group_needs, group_parts), allocated);
        }
        needs.clear();
        needs.extend_from_slice(needed);
        parts.clear();
        parts.resize(needed.len(), 0);
        allocated.fill(0);
        let mut left = total;
        for step in &self.steps {
            if left <= 0 {
                break;
            }
            left -= step.hand_out(left, needs, rounding, splitter, (group_needs, group_parts), parts)?;
            for ((got, need), part) in allocated.iter_mut().zip(&mut *needs).zip(&*parts) {
                *got += part;
                *need -= Energy::from_mwh(*part);
            }
        }
        Ok(total.saturating_sub(left))
    }
}

impl Rule for PreparedKey {
    fn decide(&self, row: Row<'_>, room: &mut Room) -> Result<(), Error> {
        let Row { rounding, produced, needed, allocated, surplus, .. } = row;
        let production = sum_of(produced)?;
        let taken = match &self.seats {
            None => self.hand_out(production, needed, rounding, room, allocated)?,
            Some(columns) => {
                let mut needs = std::mem::take(&mut room.energies);
                let mut parts = std::mem::take(&mut room.seats);
                needs.clear();
                let need = |column: &Option<usize>| column.and_then(|column| needed.get(column).copied());
                needs.extend(columns.iter().map(|column| need(column).unwrap_or_default()));
                parts.clear();
                parts.resize(columns.len(), 0);
                let taken = self.hand_out(production, &needs, rounding, room, &mut parts)?;
                for (column, part) in columns.iter().zip(&parts) {
                    if let Some(got) = column.and_then(|column| allocated.get_mut(column)) {
                        *got = *part;
                    }
                }
                (room.energies, room.seats) = (needs, parts);
                taken
            }
        };
        leave(produced, production, taken, rounding, &mut room.splitter, surplus)
    }
}
