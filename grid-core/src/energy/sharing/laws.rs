//! What every key must hold to.

use super::*;
use crate::{
    energy::Error,
    quantity::{Energy, Share, largest_remainder},
};
use proptest::prelude::*;

const MOST: i64 = 1 << 40;

fn energies(mwh: &[i64]) -> Vec<Energy> {
    mwh.iter().copied().map(Energy::from_mwh).collect()
}

fn mwh(energies: &[Energy]) -> Vec<i64> {
    energies.iter().map(|energy| energy.as_mwh()).collect()
}

fn name(member: usize) -> String {
    format!("m{member}")
}

fn names(members: usize) -> Vec<String> {
    (0..members).map(name).collect()
}

/// Shares one interval among `m0`, `m1` and so on.
fn once(generation: &[i64], demand: &[i64], key: &Key, rounding: CellRounding) -> (Vec<i64>, Vec<i64>) {
    once_of(generation, demand, key, rounding, &names(demand.len()))
}

fn once_of(
    generation: &[i64],
    demand: &[i64],
    key: &Key,
    rounding: CellRounding,
    ids: &[String],
) -> (Vec<i64>, Vec<i64>) {
    let (generation, demand) = (energies(generation), energies(demand));
    let plants = Columns::with_rows(&generation, 1, generation.len()).unwrap();
    let members = Columns::with_rows(&demand, 1, demand.len()).unwrap();
    let shared = key.for_members(ids).unwrap().share(plants, members, rounding).unwrap();
    (mwh(&shared.allocated), mwh(&shared.surplus))
}

fn ppm_of(weights: &[u64]) -> Vec<u32> {
    let weights = if weights.iter().all(|&w| w == 0) { vec![1; weights.len()] } else { weights.to_vec() };
    largest_remainder(1_000_000, &weights)
        .unwrap()
        .into_iter()
        .map(|ppm| u32::try_from(ppm).unwrap())
        .collect()
}

fn static_key(ppm: &[u32]) -> Key {
    let shares = ppm.iter().enumerate().map(|(n, &ppm)| (name(n), Share::from_ppm(ppm).unwrap()));
    Key::Static(SharingKey::new(shares.collect()).unwrap())
}

/// Groups of some of the members, from the number of the group of each; those in group 0 are not named.
fn priority(groups: &[usize]) -> Key {
    let group = |wanted: usize| {
        let members = groups.iter().enumerate().filter(|(_, group)| **group == wanted);
        members.map(|(member, _)| name(member)).collect::<Vec<_>>()
    };
    let groups: Vec<_> = (1..4).map(group).filter(|group| !group.is_empty()).collect();
    Priority::new(groups).map_or(Key::Proportional, Key::Priority)
}

fn cascade(first: Key, then: Key) -> Key {
    Key::Cascade(Cascade::new(first, then).unwrap())
}

/// Keys over up to one more member than are there.
fn single_keys(members: usize) -> BoxedStrategy<Key> {
    let shares = prop::collection::vec(0..100_u64, members..=members + 1);
    let groups = prop::collection::vec(0..4_usize, members..=members + 1);
    prop_oneof![
        Just(Key::Proportional),
        Just(Key::Equal),
        shares.prop_map(|weights| static_key(&ppm_of(&weights))),
        groups.prop_map(|groups| priority(&groups)),
    ]
    .boxed()
}

fn keys(members: usize) -> BoxedStrategy<Key> {
    let single = || single_keys(members);
    prop_oneof![
        3 => single(),
        1 => (single(), single()).prop_map(|(first, then)| cascade(first, then)),
        1 => (single(), single(), single()).prop_map(|(first, then, last)| cascade(cascade(first, then), last)),
    ]
    .boxed()
}

/// Numbers that are often small and sometimes zero.
fn number() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), 0..10_i64, 0..1_000_000_i64, 0..MOST]
}

/// Demand of several intervals, row by row, of so many members, and a key over them.
fn demand_and_key(intervals: usize) -> impl Strategy<Value = (usize, Vec<i64>, Key)> {
    (1..7_usize).prop_flat_map(move |n| (Just(n), prop::collection::vec(number(), n * intervals), keys(n)))
}

#[test]
fn a_static_key_leaves_what_a_member_does_not_need() {
    // RD 244/2019, Anexo I: beta 0.5, 0.3, 0.2 of 10 kWh against 2, 5 and 1 kWh.
    let key = static_key(&[500_000, 300_000, 200_000]);
    let shared = once(&[10_000_000], &[2_000_000, 5_000_000, 1_000_000], &key, CellRounding::Exact);
    assert_eq!(shared, (vec![2_000_000, 3_000_000, 1_000_000], vec![4_000_000]));
}

#[test]
fn equal_parts_are_offered_once_and_again_only_by_a_cascade() {
    // EnWG §42b: 12 by three is 4 each, capped at the consumption of 1, 5 and 9.
    let demand = [1, 5, 9];
    assert_eq!(once(&[12], &demand, &Key::Equal, CellRounding::Exact), (vec![1, 4, 4], vec![3]));
    let again = cascade(Key::Equal, Key::Equal);
    assert_eq!(once(&[12], &demand, &again, CellRounding::Exact), (vec![1, 5, 5], vec![1]));
    let to_the_end = cascade(Key::Equal, Key::Proportional);
    // The rest of 3 by needs of 1 and 5: 0.5 and 2.5, the tie to the larger.
    assert_eq!(once(&[12], &demand, &to_the_end, CellRounding::Exact), (vec![1, 4, 7], vec![0]));
}

#[test]
fn a_group_is_served_before_the_next_and_whom_no_group_names_last() {
    let key = Key::Priority(Priority::new(vec![vec![name(2)], vec![name(0), name(1)]]).unwrap());
    let demand = [30, 10, 50, 40];
    for (made, got) in
        [(40, [0, 0, 40, 0]), (70, [15, 5, 50, 0]), (100, [30, 10, 50, 10]), (200, [30, 10, 50, 40])]
    {
        let (allocated, surplus) = once(&[made], &demand, &key, CellRounding::Exact);
        assert_eq!(allocated, got, "{made}");
        assert_eq!(surplus, [made - got.iter().sum::<i64>()]);
    }
}

#[test]
fn a_tie_goes_to_the_larger_weight_and_then_to_the_smaller_id_wherever_its_column_is() {
    // 3 by 1:3:2 is 0.5, 1.5 and 1: two remainders tie.
    assert_eq!(once(&[3], &[1, 3, 2], &Key::Proportional, CellRounding::Exact).0, [0, 2, 1]);
    let ids = ["b", "c", "a"].map(str::to_owned);
    for key in [Key::Proportional, Key::Equal, cascade(Key::Equal, Key::Proportional)] {
        assert_eq!(once_of(&[1], &[5, 5, 5], &key, CellRounding::Exact, &ids).0, [0, 0, 1], "{key:?}");
        assert_eq!(once_of(&[2], &[5, 5, 5], &key, CellRounding::Exact, &ids).0, [1, 0, 1], "{key:?}");
    }
}

#[test]
fn the_share_of_a_member_who_is_not_there_is_surplus_and_others_get_no_more() {
    let key = static_key(&[400_000, 600_000]);
    let (allocated, surplus) = once_of(&[10], &[100, 100], &key, CellRounding::Exact, &[name(9), name(0)]);
    assert_eq!((allocated, surplus), (vec![0, 4], vec![6]));
    let then = cascade(key, Key::Proportional);
    let (allocated, _) = once_of(&[10], &[100, 100], &then, CellRounding::Exact, &[name(9), name(0)]);
    // 6 by needs of 100 and 96: 3.06 and 2.94.
    assert_eq!(allocated, [3, 7]);
}

#[test]
fn tables_that_do_not_fit_are_refused() {
    let three = energies(&[1, 2, 3]);
    assert!(Columns::new(&three, 2).is_err());
    assert!(matches!(
        Columns::new(&energies(&[0, 0, 0, -1]), 2),
        Err(Error::NegativeFlow { interval: 1, .. })
    ));
    let (one, wide) = (Columns::new(&three, 1).unwrap(), Columns::new(&three, 3).unwrap());
    let exact = CellRounding::Exact;
    assert!(matches!(share(one, wide, &Key::Proportional, exact), Err(Error::UnequalLengths { .. })));
    assert!(matches!(
        share(wide, wide, &static_key(&[1_000_000]), exact),
        Err(Error::SharesDoNotFit { got: 1, members: 3 })
    ));
    let prepared = Key::Equal.for_members(&["a", "b"]).unwrap();
    assert!(matches!(prepared.share(wide, wide, exact), Err(Error::SharesDoNotFit { got: 2, members: 3 })));
    assert!(matches!(Key::Equal.for_members(&["a", "b", "a"]), Err(Error::MemberTwice { .. })));
    let nobody = Columns::with_rows(&[], 3, 0).unwrap();
    let left = share(one, nobody, &Key::Proportional, exact).unwrap();
    assert_eq!((left.allocated.len(), left.surplus), (0, three.clone()));
    let nothing = share(nobody, one, &Key::Equal, exact).unwrap();
    assert_eq!((nothing.allocated, nothing.surplus.len()), (vec![Energy::ZERO; 3], 0));
    let none = Columns::new(&[], 0).unwrap();
    assert_eq!(share(none, none, &Key::Proportional, exact), Ok(Shared::default()));

    let table = Coefficients::new(vec![Share::WHOLE; 2], 1).unwrap();
    assert!(matches!(
        share_by_coefficients(one, one, &table, exact),
        Err(Error::UnequalLengths { expected: 3, got: 2, .. })
    ));
    assert!(matches!(
        share_by_plant(wide, wide, &table, exact),
        Err(Error::UnequalLengths { expected: 9, got: 2, .. })
    ));
    let none = Coefficients::new(Vec::new(), 0).unwrap();
    assert_eq!((none.rows(), none.row(0).len()), (0, 0));
    assert!(Coefficients::new(vec![Share::WHOLE], 0).is_err());
}

/// Numbers that look random and are not.
fn draws(seed: u64, below: i64) -> impl Iterator<Item = i64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % below
    })
}

#[test]
fn any_number_of_threads_shares_to_the_same_bits() {
    const INTERVALS: usize = 20_000;
    let members = names(7);
    let generation: Vec<Energy> = draws(1, 900_000).take(INTERVALS * 2).map(Energy::from_mwh).collect();
    let demand: Vec<Energy> = draws(2, 400_000).take(INTERVALS * 7).map(Energy::from_mwh).collect();
    let plants = Columns::new(&generation, 2).unwrap();
    let needs = Columns::new(&demand, 7).unwrap();
    let keys = [
        Key::Proportional,
        static_key(&[100_000, 200_000, 0, 300_000, 50_000, 150_000, 200_000]),
        cascade(Key::Equal, priority(&[1, 2, 0, 1, 3, 2, 2])),
    ];
    for key in keys {
        for rounding in [CellRounding::Exact, CellRounding::Operator] {
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| key.for_members(&members).unwrap().share(plants, needs, rounding).unwrap())
            };
            let one = with(1);
            for threads in [2, 3] {
                assert_eq!(one, with(threads), "{threads} threads, {}", key.kind());
            }
            // Each interval stands where it would if it were shared alone, also across the borders of tasks.
            for at in [0, 4_680, 4_681, 4_682, INTERVALS - 1] {
                let row = |cells: &[Energy], width: usize| mwh(&cells[at * width..(at + 1) * width]);
                let alone = once(&row(&generation, 2), &row(&demand, 7), &key, rounding);
                assert_eq!(alone, (row(&one.allocated, 7), row(&one.surplus, 2)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn allocated_plus_surplus_is_what_was_generated(
        generation in prop::collection::vec(number(), 1..4), (_, demand, key) in demand_and_key(1),
    ) {
        let (allocated, surplus) = once(&generation, &demand, &key, CellRounding::Exact);
        let total: i64 = generation.iter().sum();
        let got: i64 = allocated.iter().sum();
        prop_assert_eq!(got + surplus.iter().sum::<i64>(), total);
        prop_assert!(allocated.iter().zip(&demand).all(|(got, need)| (0..=*need).contains(got)));
        prop_assert!(surplus.iter().zip(&generation).all(|(left, made)| (0..=*made).contains(left)));
        prop_assert!(got <= total.min(demand.iter().sum()));
        if key.follows_demand() {
            prop_assert_eq!(got, total.min(demand.iter().sum()));
        }
    }

    #[test]
    fn the_surplus_of_a_plant_is_in_proportion_to_what_it_produced(
        generation in prop::collection::vec(number(), 1..5), (_, demand, key) in demand_and_key(1),
    ) {
        let (allocated, surplus) = once(&generation, &demand, &key, CellRounding::Exact);
        let (total, got): (i64, i64) = (generation.iter().sum(), allocated.iter().sum());
        let weights: Vec<u64> = generation.iter().map(|&made| u64::try_from(made).unwrap()).collect();
        let expected = if total == got { vec![0; generation.len()] } else { largest_remainder(total - got, &weights).unwrap() };
        prop_assert_eq!(surplus, expected);
    }

    #[test]
    fn single_keys_hand_out_by_the_largest_remainder(made in number(), weights in prop::collection::vec((number(), 0..100_u64), 1..7)) {
        let (demand, shares): (Vec<i64>, Vec<u64>) = weights.into_iter().unzip();
        let needs: Vec<u64> = demand.iter().map(|&need| u64::try_from(need).unwrap()).collect();
        let ppm = ppm_of(&shares);
        let offers = |weights: &[u64]| if weights.iter().all(|&w| w == 0) { vec![0; weights.len()] } else { largest_remainder(made, weights).unwrap() };
        for (key, offers) in [
            (Key::Proportional, offers(&needs)),
            (Key::Equal, offers(&vec![1; demand.len()])),
            (static_key(&ppm), offers(&ppm.iter().map(|&ppm| u64::from(ppm)).collect::<Vec<_>>())),
        ] {
            let expected: Vec<i64> = offers.iter().zip(&demand).map(|(offer, need)| *offer.min(need)).collect();
            prop_assert_eq!(once(&[made], &demand, &key, CellRounding::Exact).0, expected, "{:?}", key);
        }
    }

    #[test]
    fn the_order_of_the_members_changes_nothing(
        generation in prop::collection::vec(number(), 6), (members, demand, key) in demand_and_key(3),
        order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(),
        rounding in prop_oneof![Just(CellRounding::Exact), Just(CellRounding::Operator)],
    ) {
        let order: Vec<usize> = order.into_iter().filter(|&member| member < members).collect();
        let turn = |table: &[Energy]| -> Vec<Energy> {
            table.chunks(members).flat_map(|row| order.iter().map(|&member| row[member])).collect()
        };
        let (generation, demand) = (energies(&generation), energies(&demand));
        let turned = turn(&demand);
        let plants = Columns::new(&generation, 2).unwrap();
        let ids = names(members);
        let forward = key.for_members(&ids).unwrap().share(plants, Columns::new(&demand, members).unwrap(), rounding).unwrap();
        let ids: Vec<&str> = order.iter().map(|&member| ids[member].as_str()).collect();
        let other = key.for_members(&ids).unwrap().share(plants, Columns::new(&turned, members).unwrap(), rounding).unwrap();
        prop_assert_eq!(turn(&forward.allocated), other.allocated);
        prop_assert_eq!(forward.surplus, other.surplus);
    }

    #[test]
    fn two_members_alike_get_the_same_to_one_unit_a_key(
        made in number(), need in number(), others in prop::collection::vec(number(), 0..4), share in 1..40_u64,
        steps in prop::collection::vec(0..4_usize, 1..4),
    ) {
        let mut demand = vec![need, need];
        demand.extend(&others);
        let mut weights = vec![share, share];
        weights.extend(others.iter().map(|_| 7));
        let mut ppm = ppm_of(&weights);
        // The shares themselves are alike; what the largest remainder set apart goes to another member.
        if ppm[0] > ppm[1] && others.is_empty() { return Ok(()); }
        if ppm[0] > ppm[1] { ppm[0] -= 1; ppm[2] += 1; }
        let mut groups = vec![1, 1];
        groups.extend(others.iter().map(|_| 2));
        let single = |kind: &usize| match kind {
            0 => Key::Proportional,
            1 => Key::Equal,
            2 => static_key(&ppm),
            _ => priority(&groups),
        };
        let count = i64::try_from(steps.len()).unwrap();
        let key = steps.iter().map(single).reduce(cascade).unwrap();
        let (allocated, _) = once(&[made], &demand, &key, CellRounding::Exact);
        prop_assert!((allocated[0] - allocated[1]).abs() <= count, "{:?}", allocated);
    }

    #[test]
    fn splitting_a_plant_in_two_changes_no_members_part(plant in number(), cut in number(), (_, demand, key) in demand_and_key(1)) {
        let first = cut.min(plant);
        for rounding in [CellRounding::Exact, CellRounding::Operator] {
            let whole = once(&[plant], &demand, &key, rounding);
            let halves = once(&[first, plant - first], &demand, &key, rounding);
            prop_assert_eq!(whole.0, halves.0);
        }
    }

    #[test]
    fn finer_intervals_never_share_more(made in prop::collection::vec(number(), 3), (members, demand, key) in demand_and_key(3)) {
        let fine: i64 = made.iter().zip(demand.chunks(members))
            .map(|(made, demand)| once(&[*made], demand, &key, CellRounding::Exact).0.iter().sum::<i64>()).sum();
        let sums: Vec<i64> = (0..members).map(|member| demand.iter().skip(member).step_by(members).sum()).collect();
        let coarse: i64 = once(&[made.iter().sum()], &sums, &key, CellRounding::Exact).0.iter().sum();
        match key {
            _ if key.follows_demand() => prop_assert!(fine <= coarse),
            // Each part of each interval may be a unit away from its quota.
            Key::Equal | Key::Static(_) => prop_assert!(fine <= coarse + i64::try_from(members * 4).unwrap()),
            // What a first key wastes in one interval, a second may save: no law holds for other cascades.
            _ => {}
        }
    }

    #[test]
    fn an_operators_rounding_is_off_by_less_than_a_unit_a_cell(
        generation in prop::collection::vec(number(), 1..4), demand in prop::collection::vec(number(), 1..6),
    ) {
        for key in [Key::Proportional, Key::Equal] {
            let exact = once(&generation, &demand, &key, CellRounding::Exact);
            let operator = once(&generation, &demand, &key, CellRounding::Operator);
            for (a, b) in exact.0.iter().zip(&operator.0) {
                prop_assert!((a - b).abs() <= 1);
            }
            prop_assert!(operator.1.iter().zip(&generation).all(|(left, made)| (0..=*made).contains(left)));
        }
    }

    #[test]
    fn an_earlier_answer_changes_nothing_in_what_is_written_over_it(
        made in prop::collection::vec(number(), 4), (members, demand, key) in demand_and_key(4),
        (cells, left) in (prop::collection::vec(number(), 0..40), prop::collection::vec(number(), 0..6)),
        rounding in prop_oneof![Just(CellRounding::Exact), Just(CellRounding::Operator)],
    ) {
        let (generation, demand) = (energies(&made), energies(&demand));
        let (plants, needs) = (Columns::new(&generation, 2).unwrap(), Columns::with_rows(&demand, 4, members).unwrap());
        let fewer = Columns::with_rows(&demand[..2 * members], 2, members).unwrap();
        let key = key.for_members(&names(members)).unwrap();
        let mut shared = Shared { allocated: energies(&cells), surplus: energies(&left) };
        key.share_into(plants, fewer, rounding, &mut shared).unwrap();
        prop_assert_eq!(&shared, &key.share(plants, fewer, rounding).unwrap());
        // Of another number of intervals there is no answer, and none is left.
        prop_assert!(key.share_into(plants, needs, rounding, &mut shared).is_err());
        prop_assert_eq!(shared, Shared::default());
    }

    #[test]
    fn coefficients_share_each_interval_as_a_static_key_would(
        made in prop::collection::vec(number(), 3),
        (members, demand, weights) in (1..6_usize).prop_flat_map(|n| (Just(n), prop::collection::vec(number(), 3 * n), prop::collection::vec(0..50_u64, 3 * n))),
        rounding in prop_oneof![Just(CellRounding::Exact), Just(CellRounding::Operator)],
    ) {
        let rows: Vec<Vec<u32>> = weights.chunks(members).map(ppm_of).collect();
        let table = Coefficients::new(rows.iter().flatten().map(|&ppm| Share::from_ppm(ppm).unwrap()).collect(), members).unwrap();
        let (generation, demand) = (energies(&made), energies(&demand));
        let shared = share_by_coefficients(Columns::new(&generation, 1).unwrap(), Columns::new(&demand, members).unwrap(), &table, rounding).unwrap();
        for (at, ppm) in rows.iter().enumerate() {
            let row = |cells: &[Energy]| mwh(&cells[at * members..(at + 1) * members]);
            let alone = once(&[made[at]], &row(&demand), &static_key(ppm), rounding);
            prop_assert_eq!(alone, (row(&shared.allocated), vec![shared.surplus[at].as_mwh()]));
        }
    }

    #[test]
    fn by_plant_each_plant_keeps_its_books(
        (made, demand, weights) in (1..4_usize, 1..5_usize).prop_flat_map(|(plants, members)| (
            prop::collection::vec(number(), plants), prop::collection::vec(number(), members), prop::collection::vec(0..50_u64, plants * members),
        )),
    ) {
        let members = demand.len();
        let rows: Vec<Vec<u32>> = weights.chunks(members).map(ppm_of).collect();
        let table = Coefficients::new(rows.iter().flatten().map(|&ppm| Share::from_ppm(ppm).unwrap()).collect(), members).unwrap();
        let (generation, needs) = (energies(&made), energies(&demand));
        let shared = share_by_plant(Columns::new(&generation, made.len()).unwrap(), Columns::new(&needs, members).unwrap(), &table, CellRounding::Exact).unwrap();
        let (allocated, surplus) = (mwh(&shared.allocated), mwh(&shared.surplus));
        prop_assert_eq!(allocated.iter().sum::<i64>() + surplus.iter().sum::<i64>(), made.iter().sum::<i64>());
        prop_assert!(surplus.iter().zip(&made).all(|(left, made)| (0..=*made).contains(left)));
        let offers: Vec<Vec<i64>> = made.iter().zip(&rows).map(|(made, ppm)| largest_remainder(*made, &ppm.iter().map(|&ppm| u64::from(ppm)).collect::<Vec<_>>()).unwrap()).collect();
        for (member, (got, need)) in allocated.iter().zip(&demand).enumerate() {
            prop_assert_eq!(*got, offers.iter().map(|offers| offers[member]).sum::<i64>().min(*need));
        }
        // Of one plant it is the static key.
        if let [ppm] = rows.as_slice() {
            prop_assert_eq!(once(&made, &demand, &static_key(ppm), CellRounding::Exact), (allocated, surplus));
        }
    }

    #[test]
    fn energies_of_any_size_are_shared_or_refused(
        generation in prop::collection::vec(0..=i64::MAX, 1..3), demand in prop::collection::vec(0..=i64::MAX, 4), key in keys(4),
        rounding in prop_oneof![Just(CellRounding::Exact), Just(CellRounding::Operator)],
    ) {
        let (generation, demand) = (energies(&generation), energies(&demand));
        let (plants, members) = (Columns::with_rows(&generation, 1, generation.len()).unwrap(), Columns::new(&demand, 4).unwrap());
        match key.for_members(&names(4)).unwrap().share(plants, members, rounding) {
            Ok(shared) => prop_assert!(shared.allocated.iter().zip(&demand).all(|(got, need)| got <= need)),
            Err(error) => prop_assert!(matches!(error, Error::Quantity(_))),
        }
    }
}
