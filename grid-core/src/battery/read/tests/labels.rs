//! What the vendor calls cycles: the labels of rows, of cycles, and what they say that a cycle is for.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::block_tests::{read_every_way, shared_file};
use crate::battery::{CyclePurpose, CycleSummary, LeftOut, health, read_bytes, summarise_bytes};

fn names(cycles: &[CycleSummary]) -> Vec<(i64, Option<&str>, Option<CyclePurpose>)> {
    cycles.iter().map(|cycle| (cycle.cycle, cycle.label.as_deref(), cycle.purpose)).collect()
}

#[test]
fn the_cycles_of_nrel_are_what_their_labels_say() {
    use CyclePurpose::{Ageing, Diagnostic};
    let Some(bytes) = shared_file("battery-data-toolkit/batterydata/p492-13-raw.csv") else { return };
    let recording = read_every_way(&bytes).unwrap();
    // The labels of each cycle's rows by Python's csv module; cycles 1, 3, 4 and 6 have none.
    let expected = [
        (1, None, None),
        (2, Some("Capacity check"), Some(Diagnostic)),
        (3, None, None),
        (4, None, None),
        (5, Some("HPPC"), Some(Diagnostic)),
        (6, None, None),
        (7, Some("EIS"), Some(Diagnostic)),
        (8, Some("Aging cycle"), Some(Ageing)),
        (9, Some("Aging cycle"), Some(Ageing)),
    ];
    assert_eq!(names(&recording.cycles()), expected);
    assert_eq!(names(&summarise_bytes(&bytes).unwrap().cycles), expected);
    let labels = recording.labels.as_ref().unwrap();
    assert_eq!(labels.names(), ["Capacity check", "HPPC", "EIS", "Aging cycle"]);
    let rows = |name: &str| (0..recording.len()).filter(|row| labels.of_row(*row) == Some(name)).count();
    assert_eq!(labels.names().iter().map(|name| rows(name)).collect::<Vec<_>>(), [851, 199, 78, 681]);
    // A capacity check is what the health is measured by.
    let health = health(&recording.cycles(), None).unwrap();
    assert_eq!(health.rows[1].left_out, None);
}

/// Four cycles of a battery's charge and discharge, each row with its cycle's name.
fn cycled(header: &str, names: [&str; 4]) -> String {
    let mut text = format!("{header}\n");
    for (cycle, name) in names.into_iter().enumerate() {
        for row in 0..20 {
            let current = if row < 10 { 1.0 } else { -1.0 };
            let hours = f64::from(u32::try_from(cycle * 20 + row).unwrap()) * 0.1;
            writeln!(text, "{hours},{current},3.7,{name},{}", cycle + 1).unwrap();
        }
    }
    text
}

#[test]
fn protocols_of_battmo_and_of_the_battery_data_format_name_cycles() {
    use CyclePurpose::{Ageing, Diagnostic, Formation};
    for header in [
        "Test Time / h,Current / A,Voltage / V,Protocol Name / 1,Cycle Count / 1",
        "Test Time / h,Current / A,Voltage / V,Protocol,Cycle Count / 1",
        "test_time_h,Current (A),Voltage (V),Schedule,Cycle",
        "test_time_h,Current (A),Voltage (V),Step Name,Cycle",
    ] {
        let text = cycled(header, ["\"Formation, C/20\"", "RPT 1", "Cycling", "my own"]);
        let recording = read_every_way(text.as_bytes()).unwrap();
        let cycles = recording.cycles();
        let expected = [
            (1, Some("Formation, C/20"), Some(Formation)),
            (2, Some("RPT 1"), Some(Diagnostic)),
            (3, Some("Cycling"), Some(Ageing)),
            (4, Some("my own"), None),
        ];
        assert_eq!(names(&cycles), expected, "{header}");
        let health = health(&cycles, None).unwrap();
        let left: Vec<_> = health.rows.iter().map(|row| row.left_out).collect();
        assert_eq!(left, [Some(LeftOut::Formation), None, None, None], "{header}");
    }
}

#[test]
fn numbers_and_empty_cells_are_no_labels() {
    let numbered = cycled("Test Time / h,Current / A,Voltage / V,Protocol,Cycle", ["1", "2", "", "NaN"]);
    let recording = read_every_way(numbered.as_bytes()).unwrap();
    assert_eq!(recording.labels, None);
    assert!(recording.cycles().iter().all(|cycle| cycle.label.is_none() && cycle.purpose.is_none()));
    // States say a direction, and name no cycle.
    let states =
        cycled("Test Time / h,Current / A,Voltage / V,Step Name,Cycle", ["OCV", "CC_Chg", "Rest", ""]);
    assert_eq!(read_every_way(states.as_bytes()).unwrap().labels, None);
    // A label alone makes no row, nor a fault.
    let text = "time_s,voltage_V,current_A,cycle_label\n0,3.7,1,RPT\n,,,RPT\n1,3.7,1,RPT\n";
    let recording = read_every_way(text.as_bytes()).unwrap();
    assert_eq!((recording.len(), recording.has_remark("rows_without_numbers")), (2, false));
}

#[test]
fn the_first_of_two_columns_of_labels_counts() {
    let text = "time_s,voltage_V,current_A,protocol,protocol\n0,3.7,1,RPT,b\n1,3.7,1,RPT,c\n";
    let recording = read_every_way(text.as_bytes()).unwrap();
    assert_eq!(recording.labels.unwrap().names(), ["RPT"]);
}

#[test]
fn of_a_thousand_different_texts_the_first_255_are_labels() {
    let mut text = String::from("time_s,voltage_V,current_A,cycle_label,cycle\n");
    for row in 0..2000 {
        writeln!(text, "{row},3.7,1,text {},{}", row % 1000, row % 1000).unwrap();
    }
    let recording = read_every_way(text.as_bytes()).unwrap();
    let labels = recording.labels.as_ref().unwrap();
    assert_eq!(labels.names().len(), 255);
    assert_eq!((labels.of_row(254), labels.of_row(255)), (Some("text 254"), None));
    assert_eq!((labels.of_row(1254), labels.of_row(1255)), (Some("text 254"), None));
    let remark = recording.remarks.iter().find(|remark| remark.code == "labels_too_many").unwrap();
    assert!(remark.message.contains("\"cycle_label\"") && remark.message.contains(" 1490 "), "{remark:?}");
    let cycles = recording.cycles();
    assert_eq!(cycles[254].label.as_deref(), Some("text 254"));
    assert_eq!(cycles[255].label, None);
}

#[test]
fn a_label_of_any_length_takes_little_memory() {
    let long = "é".repeat(100_000);
    let text = format!("time_s,voltage_V,current_A,protocol\n0,3.7,1,{long}\n1,3.7,1,{long}b\n");
    let labels = read_bytes(text.as_bytes()).unwrap().labels.unwrap();
    assert_eq!(labels.names(), ["é".repeat(120)]);
}

proptest! {
    #[test]
    fn a_cycles_label_is_the_most_frequent_of_its_rows(
        rows in prop::collection::vec((0..5_i64, 0..4_usize, 1..4_usize), 1..40),
    ) {
        let known = ["RPT", "Aging", "", "Formation"];
        let mut text = String::from("time_s,voltage_V,current_A,cycle,cycle_label\n0,3.7,1,9,RPT\n");
        let mut counts: BTreeMap<i64, BTreeMap<&str, usize>> = BTreeMap::new();
        let mut time = 0;
        for (cycle, label, times) in rows {
            for _ in 0..times {
                time += 1;
                writeln!(text, "{time},3.7,1,{cycle},{}", known[label]).unwrap();
                if !known[label].is_empty() {
                    *counts.entry(cycle).or_default().entry(known[label]).or_default() += 1;
                }
            }
        }
        for cycle in read_every_way(text.as_bytes()).unwrap().cycles().iter().skip(1) {
            let counts = counts.get(&cycle.cycle);
            let most = counts.and_then(|counts| counts.values().max());
            let of_label = cycle.label.as_deref().and_then(|label| counts?.get(label));
            prop_assert_eq!(of_label, most, "{:?}", cycle);
        }
    }
}
