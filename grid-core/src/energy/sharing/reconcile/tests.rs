use super::*;
use crate::{
    energy::sharing::SharingKey,
    quantity::{Share, largest_remainder},
};
use proptest::prelude::*;

type Cells = Vec<Option<Energy>>;

fn mwh(values: &[i64]) -> Cells {
    values.iter().map(|&mwh| Some(Energy::from_mwh(mwh))).collect()
}

struct Table {
    members: usize,
    plants: usize,
    generation: Cells,
    demand: Cells,
    allocated: Cells,
    surplus: Cells,
}

impl Table {
    fn reconcile(&self, key: &Key, strictness: Strictness) -> Reconciliation {
        reconcile(&self.figures(), key, strictness).unwrap()
    }

    fn figures(&self) -> Figures<'_> {
        Figures {
            intervals: &[],
            members: self.members,
            plants: self.plants,
            generation: &self.generation,
            demand: &self.demand,
            allocated: &self.allocated,
            surplus: &self.surplus,
        }
    }
}

/// An interval of 10 kWh for two members who need 2 and 5: 3 are left.
fn one() -> Table {
    Table {
        members: 2,
        plants: 1,
        generation: mwh(&[10_000_000]),
        demand: mwh(&[2_000_000, 5_000_000]),
        allocated: mwh(&[2_000_000, 5_000_000]),
        surplus: mwh(&[3_000_000]),
    }
}

#[test]
fn figures_that_fit_are_clean() {
    let found = one().reconcile(&Key::Proportional, Strictness::default());
    assert!(found.is_clean());
    assert_eq!((found.complete, found.generating, found.quality), (1, 1, Quality::Measured));
    assert_eq!(found.members[1].exact_kwh, Energy::from_mwh(5_000_000));
}

#[test]
fn what_is_in_nobodys_account_is_told_in_both_directions() {
    let mut table = one();
    table.surplus = mwh(&[2_999_000]);
    let found = table.reconcile(&Key::Proportional, Strictness::default());
    assert_eq!(found.unaccounted_kwh, Energy::from_mwh(1_000));
    assert_eq!(found.does_not_add_up, Tally { intervals: 1, cells: 1, off_by_kwh: Energy::from_mwh(1_000) });
    assert_eq!(found.surplus_differs.cells, 1);
    assert_eq!(found.findings.len(), 2);
    table.surplus = mwh(&[3_001_000]);
    let found = table.reconcile(&Key::Proportional, Strictness::default());
    assert_eq!((found.unaccounted_kwh, found.overaccounted_kwh), (Energy::ZERO, Energy::from_mwh(1_000)));
}

#[test]
fn a_member_who_was_given_more_than_it_used_is_named() {
    let mut table = one();
    table.allocated = mwh(&[3_000_000, 5_000_000]);
    table.surplus = mwh(&[2_000_000]);
    let found = table.reconcile(&Key::Proportional, Strictness::default());
    assert_eq!(found.does_not_add_up.intervals, 0);
    assert!(matches!(found.findings[0], Finding::AboveDemand { member: 0, .. }));
    assert_eq!(found.members[0].above_demand_kwh, Energy::from_mwh(1_000_000));
    assert_eq!((found.allocation_differs.cells, found.surplus_differs.cells), (1, 1));
}

#[test]
fn a_missing_figure_is_not_zero() {
    let mut table = one();
    table.surplus = vec![None];
    let found = table.reconcile(&Key::Proportional, Strictness::default());
    assert!(found.findings.is_empty() && !found.is_clean());
    assert_eq!((found.complete, found.quality), (0, Quality::Missing));
    assert_eq!(found.completeness.as_ppm(), 833_333);
    assert_eq!((found.generation_kwh, found.allocated_kwh), (None, None));
    // What is known is still asked: nobody may be given more than they used.
    table.allocated = mwh(&[2_000_000, 6_000_000]);
    let found = table.reconcile(&Key::Proportional, Strictness::default());
    assert_eq!((found.above_demand.cells, found.allocation_differs.cells), (1, 1));
    // Without the generation, nothing can be recomputed.
    table.generation = vec![None];
    let found = table.reconcile(&Key::Proportional, Strictness::default());
    assert_eq!((found.above_demand.cells, found.allocation_differs.cells), (1, 0));
}

#[test]
fn another_key_is_told_apart() {
    let half = Share::from_ppm(500_000).unwrap();
    let key = Key::Static(SharingKey::new(vec![("a".into(), half), ("b".into(), half)]).unwrap());
    assert!(one().reconcile(&key, Strictness::default()).is_clean());
    let mut table = one();
    table.generation = mwh(&[6_000_000]);
    table.allocated = mwh(&[2_000_000, 4_000_000]);
    table.surplus = mwh(&[0]);
    let found = table.reconcile(&key, Strictness::default());
    assert!(matches!(found.findings[0], Finding::AllocationDiffers { member: 1, .. }));
    assert_eq!(found.members[1].recomputed_kwh, Energy::from_mwh(3_000_000));
}

#[test]
fn the_list_is_bounded_and_the_rest_is_counted() {
    let rows = 5_000;
    let table = Table {
        members: 1,
        plants: 1,
        generation: mwh(&vec![10; rows]),
        demand: mwh(&vec![5; rows]),
        allocated: mwh(&vec![5; rows]),
        surplus: mwh(&vec![1; rows]),
    };
    let found = table.reconcile(&Key::Proportional, Strictness { most_findings: 7, ..Strictness::default() });
    assert_eq!((found.findings.len(), found.findings_left_out), (14, 2 * rows - 14));
    assert_eq!(found.does_not_add_up.intervals, rows);
    assert_eq!(found.unaccounted_kwh, Energy::from_mwh(4 * i64::try_from(rows).unwrap()));
    // Nine milliwatt-hours a cell would be allowed, so this much is no finding then.
    assert!(
        table
            .reconcile(&Key::Proportional, Strictness { tolerance: Energy::from_mwh(9), most_findings: 7 })
            .is_clean()
    );
}

#[test]
fn tables_that_do_not_fit_are_refused() {
    let mut table = one();
    table.allocated.pop();
    assert!(matches!(
        reconcile(&table.figures(), &Key::Proportional, Strictness::default()),
        Err(Error::UnequalLengths { .. })
    ));
    let mut table = one();
    table.demand[1] = Some(Energy::from_mwh(-1));
    assert!(matches!(
        reconcile(&table.figures(), &Key::Proportional, Strictness::default()),
        Err(Error::NegativeFlow { .. })
    ));
    let quarter = Interval::parse("2024-04-01T07:00:00Z", "2024-04-01T07:15:00Z").unwrap();
    let table = one();
    let figures = Figures { intervals: &[quarter, quarter], ..table.figures() };
    assert!(reconcile(&figures, &Key::Proportional, Strictness::default()).is_err());
    assert!(reconcile(&Figures::default(), &Key::Proportional, Strictness::default()).unwrap().is_clean());
}

#[test]
fn json_has_energies_as_decimal_strings_and_instants_as_text() {
    let mut table = one();
    table.surplus = mwh(&[2_000_000]);
    let quarter = Interval::parse("2024-04-01T07:00:00Z", "2024-04-01T07:15:00Z").unwrap();
    let figures = Figures { intervals: &[quarter], ..table.figures() };
    let found = reconcile(&figures, &Key::Proportional, Strictness::default()).unwrap();
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["unaccounted_kwh"], "1.000000");
    assert_eq!(json["quality"], "measured");
    assert_eq!(json["findings"][0]["kind"], "does_not_add_up");
    assert_eq!(json["findings"][0]["start"], "2024-04-01T07:00:00Z");
    assert_eq!(json["members"][0]["allocated_kwh"], "2.000000");
}

fn keys(members: usize) -> impl Strategy<Value = Key> {
    let shares = prop::collection::vec(1..100_u64, members).prop_map(|weights| {
        let parts = largest_remainder(1_000_000, &weights).unwrap();
        let named = parts
            .iter()
            .enumerate()
            .map(|(n, &ppm)| (format!("m{n}"), Share::from_ppm(u32::try_from(ppm).unwrap()).unwrap()));
        Key::Static(SharingKey::new(named.collect()).unwrap())
    });
    prop_oneof![Just(Key::Proportional), shares]
}

proptest! {
    // Figures of either rounding are within one unit a cell, and a figure that lacks is found to the last unit.
    #[test]
    fn shared_figures_are_clean_and_a_lacking_amount_is_found(
        rows in prop::collection::vec((prop::collection::vec(0..1_i64 << 36, 2), prop::collection::vec(0..1_i64 << 36, 3)), 1..12),
        key in keys(3), operator in any::<bool>(), at in 0..12_usize, lacking in 10..1_i64 << 20,
    ) {
        let plants: Vec<Energy> = rows.iter().flat_map(|(made, _)| made.iter().copied().map(Energy::from_mwh)).collect();
        let needs: Vec<Energy> = rows.iter().flat_map(|(_, need)| need.iter().copied().map(Energy::from_mwh)).collect();
        let rounding = if operator { CellRounding::Operator } else { CellRounding::Exact };
        let shared = share(Columns::new(&plants, 2).unwrap(), Columns::new(&needs, 3).unwrap(), &key, rounding).unwrap();
        let some = |values: &[Energy]| values.iter().copied().map(Some).collect::<Cells>();
        let mut table = Table {
            members: 3,
            plants: 2,
            generation: some(&plants),
            demand: some(&needs),
            allocated: some(&shared.allocated),
            surplus: some(&shared.surplus),
        };
        // A plant's rest may be off by a unit for each member, for it is what the rounded cells leave.
        let strictness = Strictness { tolerance: Energy::from_mwh(3), ..Strictness::default() };
        let found = table.reconcile(&key, strictness);
        prop_assert!(found.is_clean(), "{:?}", found.findings);
        prop_assert_eq!(found.allocated_kwh, Some(shared.allocated.iter().copied().sum()));
        let at = at % (rows.len() * 2);
        let lacking = lacking + 100;
        table.surplus[at] = table.surplus[at].map(|left| left - Energy::from_mwh(lacking));
        let found = table.reconcile(&key, strictness);
        prop_assert_eq!(found.does_not_add_up.intervals, 1);
        prop_assert!((found.unaccounted_kwh.as_mwh() - lacking).abs() <= 5);
        prop_assert_eq!(found.surplus_differs.cells, 1);
    }
}
