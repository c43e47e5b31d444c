//! What a community's balance must hold to.

use super::*;
use crate::energy::{Channel, Name, Terms, balance::MemberRegister, sharing::SharingKey};
use proptest::prelude::*;

const QUARTER: i64 = 900;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn day() -> Interval {
    Interval::new(at(0), at(4 * QUARTER)).unwrap()
}

fn register(channel: Channel, mwh: &[Option<i64>]) -> MemberRegister {
    let readings = mwh.iter().zip(0..).map(|(&mwh, n)| {
        let interval = Interval::new(at(n * QUARTER), at((n + 1) * QUARTER)).unwrap();
        let quality = if mwh.is_some() { Quality::Measured } else { Quality::Missing };
        Reading::new(interval, mwh.map(Energy::from_mwh), quality).unwrap()
    });
    MemberRegister::new(channel, readings.collect())
}

fn account(number: u128, registers: Vec<MemberRegister>) -> Account {
    Account { member: Uuid::from_u128(number), name: Name::new(&format!("m{number}")).unwrap(), registers }
}

/// A register that counts from one second to another.
fn within(register: MemberRegister, from: i64, to: i64) -> MemberRegister {
    let terms = Terms::new(Interval::new(at(from), at(to)));
    MemberRegister { terms, ..register }
}

fn balance(accounts: &[Account], key: &Key) -> Balance {
    community(&Calendar::utc(), day(), None, accounts, key).unwrap()
}

#[test]
fn what_a_home_uses_itself_is_not_shared() {
    let accounts = [
        account(
            1,
            vec![
                register(Channel::Consumption, &[Some(100), Some(100), Some(100), Some(100)]),
                register(Channel::Generation, &[Some(0), Some(300), Some(50), Some(0)]),
            ],
        ),
        account(2, vec![register(Channel::Consumption, &[Some(10), Some(150), Some(10), Some(10)])]),
    ];
    let balance = balance(&accounts, &Key::Proportional);
    assert_eq!(balance.resolution, Resolution::QUARTER_HOUR);
    assert_eq!(balance.self_consumed_kwh, Some(Energy::from_mwh(150)));
    assert_eq!(balance.shared_kwh, Some(Energy::from_mwh(150)));
    assert_eq!(balance.export_kwh, Some(Energy::from_mwh(50)));
    assert_eq!(balance.import_kwh, Some(Energy::from_mwh(280)));
    assert_eq!(balance.completeness, Share::WHOLE);
    assert_eq!(balance.members[0].given_kwh, balance.members[1].received_kwh);
    assert_eq!(balance.self_consumption.unwrap().as_ppm(), 857_142); // 300 of 350
}

#[test]
fn who_is_not_there_yet_is_not_missing_and_gets_no_part() {
    let used = [Some(100); 4];
    let accounts = [
        account(1, vec![register(Channel::Generation, &[Some(60); 4])]),
        account(2, vec![register(Channel::Consumption, &used)]),
        // Comes in the middle of the third quarter, and has no readings before.
        account(3, vec![within(register(Channel::Consumption, &used), 5 * QUARTER / 2, 9 * QUARTER)]),
        // Comes after the last.
        account(4, vec![within(register(Channel::Consumption, &used), 4 * QUARTER, 9 * QUARTER)]),
    ];
    let balance = balance(&accounts, &Key::Equal);
    assert_eq!((balance.completeness, balance.quality), (Share::WHOLE, Quality::Measured));
    let of = |at: usize| (balance.members[at].consumption_kwh, balance.members[at].received_kwh);
    let mwh = |mwh| Some(Energy::from_mwh(mwh));
    assert_eq!(balance.members.len(), 3);
    // Of two quarters a third each: the plant is a member, too, and needs nothing.
    assert_eq!(of(1), (mwh(400), mwh(30 + 30 + 20 + 20)));
    assert_eq!(of(2), (mwh(150), mwh(20 + 20)));
}

#[test]
fn a_slot_with_a_missing_register_is_left_out_and_told() {
    let accounts = [account(
        1,
        vec![
            register(Channel::Consumption, &[Some(100), Some(100), Some(100), Some(100)]),
            register(Channel::Generation, &[Some(0), None, Some(50)]),
        ],
    )];
    let balance = balance(&accounts, &Key::Proportional);
    assert_eq!(balance.consumption_kwh, Some(Energy::from_mwh(200)));
    assert_eq!(balance.completeness.as_ppm(), 500_000);
    assert_eq!(balance.quality, Quality::Missing);
}

#[test]
fn nothing_known_is_not_zero() {
    let accounts = [account(1, vec![register(Channel::Consumption, &[])])];
    let balance = balance(&accounts, &Key::Proportional);
    assert_eq!((balance.consumption_kwh, balance.completeness), (None, Share::NONE));
    let json = serde_json::to_value(&balance).unwrap();
    assert!(json["consumption_kwh"].is_null(), "{json}");
    let empty = self::balance(&[], &Key::Proportional);
    assert_eq!((empty.consumption_kwh, empty.quality), (None, Quality::Missing));
}

#[test]
fn a_metered_connection_point_says_what_crossed_it() {
    // In one quarter-hour a home can draw and feed in; only the meter knows.
    let accounts = [account(
        1,
        vec![
            register(Channel::Import, &[Some(40); 4]),
            register(Channel::Export, &[Some(30); 4]),
            register(Channel::Generation, &[Some(100); 4]),
        ],
    )];
    let balance = balance(&accounts, &Key::Proportional);
    assert_eq!(balance.consumption_kwh, Some(Energy::from_mwh(440)));
    assert_eq!(balance.self_consumed_kwh, Some(Energy::from_mwh(280)));
    // Its own surplus meets its own demand in the next step: nobody else is there.
    assert_eq!(balance.shared_kwh, Some(Energy::from_mwh(120)));
}

/// A static key of members' numbers and parts per million.
fn fixed(shares: &[(u128, u32)]) -> Key {
    let shares =
        shares.iter().map(|&(n, ppm)| (Uuid::from_u128(n).to_string(), Share::from_ppm(ppm).unwrap()));
    Key::Static(SharingKey::new(shares.collect()).unwrap())
}

fn plant_and_two_homes() -> [Account; 3] {
    [
        account(1, vec![register(Channel::Generation, &[Some(1000); 4])]),
        account(2, vec![register(Channel::Consumption, &[Some(600); 4])]),
        account(3, vec![register(Channel::Consumption, &[Some(600); 4])]),
    ]
}

#[test]
fn a_member_whom_a_key_does_not_name_gets_nothing_and_one_without_registers_loses_theirs() {
    let received = |key: &Key| -> Vec<i64> {
        let balance = balance(&plant_and_two_homes(), key);
        balance.members.iter().map(|member| member.received_kwh.unwrap().as_mwh()).collect()
    };
    assert_eq!(received(&fixed(&[(2, 1_000_000)])), [0, 2400, 0]);
    assert_eq!(received(&fixed(&[(2, 250_000), (3, 250_000), (9, 500_000)])), [0, 1000, 1000]);
}

#[test]
fn each_slot_is_shared_by_the_key_that_is_valid_in_it() {
    let keys = [(at(2 * QUARTER), fixed(&[(3, 1_000_000)])), (at(QUARTER), fixed(&[(2, 1_000_000)]))];
    let accounts = plant_and_two_homes();
    let balance = community_by_keys(&Calendar::utc(), day(), None, &accounts, &keys).unwrap();
    let received: Vec<_> = balance.members.iter().map(|m| m.received_kwh.unwrap().as_mwh()).collect();
    // In proportion in the first quarter-hour, all to the second member in the next, to the third in the last two.
    assert_eq!(received, [0, 500 + 600, 500 + 600 + 600]);
}

#[test]
fn a_meter_without_a_plants_register_still_feeds_in() {
    let accounts = [
        account(
            1,
            vec![register(Channel::Import, &[Some(40); 4]), register(Channel::Export, &[Some(300); 4])],
        ),
        account(2, vec![register(Channel::Import, &[Some(100); 4])]),
    ];
    let balance = balance(&accounts, &Key::Proportional);
    assert_eq!(balance.generation_kwh, Some(Energy::from_mwh(1200)));
    assert_eq!(balance.consumption_kwh, Some(Energy::from_mwh(560)));
    assert_eq!(balance.shared_kwh, Some(Energy::from_mwh(560)));
    assert_eq!(balance.export_kwh, Some(Energy::from_mwh(640)));
}

#[test]
fn a_crossing_that_no_register_counted_is_not_known() {
    for registers in [
        vec![register(Channel::Import, &[Some(40); 4]), register(Channel::Generation, &[Some(100); 4])],
        vec![register(Channel::Export, &[Some(40); 4]), register(Channel::Generation, &[Some(100); 4])],
        vec![register(Channel::Export, &[Some(40); 4]), register(Channel::Consumption, &[Some(100); 4])],
    ] {
        let balance = balance(&[account(1, registers)], &Key::Proportional);
        assert_eq!((balance.consumption_kwh, balance.completeness), (None, Share::NONE));
    }
}

#[test]
fn a_measured_consumption_is_believed_where_the_meter_counts_one_way_only() {
    let accounts = [account(
        1,
        vec![
            register(Channel::Import, &[Some(70); 4]),
            register(Channel::Consumption, &[Some(100); 4]),
            register(Channel::Generation, &[Some(40); 4]),
        ],
    )];
    let balance = balance(&accounts, &Key::Proportional);
    assert_eq!(balance.consumption_kwh, Some(Energy::from_mwh(400)));
    assert_eq!(balance.self_consumed_kwh, Some(Energy::from_mwh(160)));
}

#[test]
fn a_slot_has_the_worst_quality_of_its_own_readings_only() {
    let mut registers = register(Channel::Consumption, &[Some(1), Some(1), None, Some(1)]);
    let second = registers.readings[1];
    registers.readings[1] = Reading::new(second.interval(), second.energy(), Quality::Estimated).unwrap();
    let balance = balance(&[account(1, vec![registers])], &Key::Proportional);
    let qualities: Vec<_> = balance.slots.iter().map(|slot| slot.quality).collect();
    assert_eq!(qualities, [Quality::Measured, Quality::Estimated, Quality::Missing, Quality::Measured]);
}

#[test]
fn too_many_slots_of_too_many_registers_are_refused() {
    let interval = Interval::new(at(0), at(900_000)).unwrap();
    let accounts: Vec<_> = (1..60).map(|n| account(n, vec![register(Channel::Consumption, &[])])).collect();
    let wide =
        community(&Calendar::utc(), interval, Some(Resolution::Seconds(1)), &accounts, &Key::Proportional);
    assert!(matches!(wide, Err(Error::Time(crate::time::Error::TooManySlots { .. }))));
}

fn registers() -> impl Strategy<Value = Vec<MemberRegister>> {
    let values = || prop::collection::vec(prop::option::weighted(0.9, 0..1_000_000_i64), 4);
    (values(), values(), values(), values(), 0..4_u8).prop_map(|(a, b, c, d, shape)| match shape {
        0 => vec![register(Channel::Consumption, &a)],
        1 => vec![register(Channel::Consumption, &a), register(Channel::Generation, &b)],
        2 => vec![
            register(Channel::Consumption, &a),
            register(Channel::Generation, &b),
            register(Channel::Charge, &c),
            register(Channel::Discharge, &d),
        ],
        _ => vec![
            register(Channel::Import, &a),
            register(Channel::Export, &b),
            register(Channel::Generation, &c),
        ],
    })
}

proptest! {
    #[test]
    fn a_moved_register_adds_up_to_what_it_counted(
        used in prop::collection::vec(0..1_000_i64, 4),
        made in prop::collection::vec(0..1_000_i64, 4),
        moved in 1..4 * QUARTER,
    ) {
        let column = |values: &[i64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        let load = || register(Channel::Consumption, &column(&used));
        let accounts = |moved: i64| [
            account(1, vec![register(Channel::Generation, &column(&made))]),
            account(2, vec![within(load(), -9, moved)]),
            account(3, vec![within(load(), moved, 9 * QUARTER)]),
        ];
        let balance = balance(&accounts(moved), &Key::Proportional);
        let sum = |of: fn(&MemberBalance) -> Option<Energy>| -> Energy {
            balance.members.iter().filter_map(of).sum()
        };
        prop_assert_eq!(balance.completeness, Share::WHOLE);
        prop_assert_eq!(sum(|member| member.consumption_kwh).as_mwh(), used.iter().sum::<i64>());
        prop_assert_eq!(sum(|member| member.received_kwh), sum(|member| member.given_kwh));
        // Whose it is changes nothing of what the community shared.
        let whole = community(&Calendar::utc(), day(), None, &accounts(4 * QUARTER), &Key::Proportional).unwrap();
        prop_assert_eq!(balance.shared_kwh, whole.shared_kwh);
        prop_assert_eq!(balance.import_kwh, whole.import_kwh);
    }

    #[test]
    fn s35_the_books_balance(members in prop::collection::vec(registers(), 1..6)) {
        let accounts: Vec<_> = members.into_iter().zip(1..).map(|(r, n)| account(n, r)).collect();
        let b = balance(&accounts, &Key::Proportional);
        if let (Some(load), Some(made), Some(charge), Some(discharge), Some(own), Some(shared), Some(import), Some(export)) =
            (b.consumption_kwh, b.generation_kwh, b.charge_kwh, b.discharge_kwh, b.self_consumed_kwh, b.shared_kwh, b.import_kwh, b.export_kwh)
        {
            prop_assert_eq!(load + charge, own + shared + import);
            prop_assert_eq!(made + discharge, own + shared + export);
            let of = |read: fn(&MemberBalance) -> Option<Energy>| b.members.iter().filter_map(read).sum::<Energy>();
            prop_assert_eq!(of(|m| m.received_kwh), shared);
            prop_assert_eq!(of(|m| m.given_kwh), shared);
            prop_assert_eq!(of(|m| m.import_kwh), import);
        }
    }

    #[test]
    fn the_order_of_the_members_changes_nothing(members in prop::collection::vec(registers(), 1..6)) {
        let mut accounts: Vec<_> = members.into_iter().zip(1..).map(|(r, n)| account(n, r)).collect();
        let forward = balance(&accounts, &Key::Proportional);
        accounts.reverse();
        prop_assert_eq!(forward, balance(&accounts, &Key::Proportional));
    }

    #[test]
    fn refining_the_interval_never_raises_what_is_shared(members in prop::collection::vec(registers(), 1..6)) {
        let whole = |r: &MemberRegister| r.readings.iter().all(|reading| reading.energy().is_some()) && r.channel != Channel::Import && r.channel != Channel::Export;
        let accounts: Vec<_> = members.into_iter().filter(|r| r.iter().all(whole)).zip(1..).map(|(r, n)| account(n, r)).collect();
        let with = |resolution| {
            let b = community(&Calendar::utc(), day(), Some(resolution), &accounts, &Key::Proportional).unwrap();
            b.self_consumed_kwh.unwrap_or_default() + b.shared_kwh.unwrap_or_default()
        };
        prop_assert!(with(Resolution::QUARTER_HOUR) <= with(Resolution::HOUR));
    }
}
