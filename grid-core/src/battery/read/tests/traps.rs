//! The traps of real files, by their numbers in the list of them; what a layout's own test shows is not repeated.

use super::super::super::log::{Format, Recording};
use super::super::unit;
use super::read_bytes;
use super::{read, refusal};

fn remark<'a>(recording: &'a Recording, code: &str) -> &'a str {
    &recording.remarks.iter().find(|remark| remark.code == code).unwrap_or_else(|| panic!("{code}")).message
}

#[test]
fn trap_01_a_byte_order_mark_before_a_quoted_name() {
    let recording = read("\u{feff}\"Time (s)\",\"Voltage (V)\",\"Current (A)\"\n0,3.7,1\n1,3.8,1\n");
    assert_eq!(recording.time_s, [0.0, 1.0]);
}

#[test]
fn trap_02_tabs_before_every_cell() {
    let recording = read("\tTime (s),\tVoltage (V),\tCurrent (A)\n\t0,\t3.7,\t1\n\t1,\t3.8,\t1\n");
    assert_eq!((recording.time_s, recording.voltage_v), (vec![0.0, 1.0], vec![3.7, 3.8]));
}

#[test]
fn trap_03_every_record_is_one_quoted_field() {
    let recording = read("\"time_s,voltage_V,current_A\"\n\"0,3.7,1\"\n\"1,3.8,1\"\n");
    assert_eq!(recording.voltage_v, [3.7, 3.8]);
}

#[test]
fn trap_04_a_blank_line_between_header_and_rows() {
    for blank in ["\n", "\r\n", ",,\n", "\n\n\n"] {
        let recording = read(&format!("time_s,voltage_V,current_A\n{blank}0,3.7,1\n1,3.8,1\n"));
        assert_eq!(recording.voltage_v, [3.7, 3.8]);
    }
}

#[test]
fn trap_05_and_06_rows_with_a_field_more_than_names_and_an_unnamed_last_column() {
    for (names, row) in [("", ","), (",", ","), (",", "")] {
        let recording = read(&format!("time_s,voltage_V,current_A{names}\n0,3.7,1{row}\n1,3.8,1{row}\n"));
        assert_eq!((recording.voltage_v, recording.current_a), (vec![3.7, 3.8], vec![1.0, 1.0]));
    }
}

#[test]
fn trap_07_twin_headers_of_columns_that_are_not_used() {
    let recording = read("time_s,Units,voltage_V,Units,current_A,Units\n0,s,3.7,V,1,A\n1,s,3.8,V,1,A\n");
    assert_eq!(recording.current_a, [1.0, 1.0]);
}

#[test]
fn trap_08_millivolts_under_volts() {
    let recording = read("Time (s),Volts,Amps\n0,1300,1\n1,3802,1\n2,3700,1\n");
    assert_eq!(recording.voltage_v, [1.3, 3.802, 3.7]);
    assert!(remark(&recording, "voltage_in_millivolts").contains("mV"));
}

#[test]
fn trap_09_milliseconds_under_seconds() {
    let recording = read(
        "Date_Time,Test_Time(s),Voltage(V),Current(A)\n2024-05-13 10:00:00,0,3.7,1\n2024-05-13 10:01:00,60000,3.8,1\n2024-05-13 10:02:00,120000,3.8,1\n",
    );
    assert_eq!(recording.time_s, [0.0, 60.0, 120.0]);
    assert!(remark(&recording, "time_unit_by_clock").contains("milliseconds"));
}

#[test]
fn trap_10_small_units() {
    for (name, factor) in [("mA", 1e-3), ("uA", 1e-6), ("µA", 1e-6), ("A", 1.0), ("kA", 1e3)] {
        let recording = read(&format!("time_s,voltage_V,Current({name})\n0,3.7,1500\n1,3.8,1500\n"));
        assert!((recording.current_a[0] - 1500.0 * factor).abs() < 1e-12, "{name}");
    }
    for (name, factor) in [("mAs", 1.0 / 3.6e6), ("As", 1.0 / 3600.0), ("mAh", 1e-3), ("Ah", 1.0), ("C", 0.0)]
    {
        let scale = unit::parse(name).filter(|unit| unit.dimension == unit::Dimension::Charge);
        assert_eq!(scale.map_or(0.0, |unit| unit.scale), factor, "{name}");
    }
    for (name, factor) in
        [("mWs", 1.0 / 3.6e6), ("mWh", 1e-3), ("Wh", 1.0), ("kWh", 1e3), ("J", 1.0 / 3600.0)]
    {
        assert_eq!(unit::parse(name).unwrap().scale, factor, "{name}");
    }
}

#[test]
fn trap_11_and_12_days_in_front_single_digits_of_seconds_and_more_than_24_hours() {
    let recording = read(
        "Test Time,Voltage (V),Current (A)\n  0d 00:00:5.05000019073486,3.7,1\n  1d 02:03:4.5,3.7,1\n30:00:00,3.7,1\n",
    );
    assert_eq!(recording.time_s, [5.050_000_190_734_86, 93_784.5, 108_000.0]);
}

#[test]
fn trap_13_time_in_minutes_hours_milliseconds_days_or_as_a_date() {
    for (unit, factor) in
        [("min", 60.0), ("h", 3600.0), ("hours", 3600.0), ("ms", 1e-3), ("d", 86_400.0), ("s", 1.0)]
    {
        let recording = read(&format!("Time ({unit}),Voltage (V),Current (A)\n0,3.7,1\n6,3.8,1\n"));
        assert!((recording.time_s[1] - 6.0 * factor).abs() < 1e-9, "{unit}");
    }
    let recording =
        read("time/s,Ecell/V,I/mA\n11/20/2024 11:38:41.707,3.7,1\n11/20/2024 11:38:48.171,3.8,1\n");
    assert!((recording.time_s[1] - 6.464).abs() < 1e-9);
}

#[test]
fn trap_14_and_15_empty_steps_and_cycles_and_cycles_as_floats() {
    let recording = read("time_s,voltage_V,current_A,Step_Index,Cycle_Index\n0,3.7,1,,0.0\n1,3.8,1,,1.0\n");
    assert_eq!((recording.step_index, recording.cycle_index), (None, Some(vec![0, 1])));
}

#[test]
fn trap_16_a_cycle_of_the_vendor_with_two_pairs_of_charge_and_discharge_stays_one() {
    let mut text = String::from("time_s,voltage_V,current_A,cycle\n");
    for (row, current) in [1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1].into_iter().enumerate() {
        text.push_str(&format!("{},3.7,{current},7\n", row * 60));
    }
    let cycles = read(&text).cycles();
    assert_eq!((cycles.len(), cycles[0].cycle), (1, 7));
}

#[test]
fn trap_17_a_test_time_that_jumps_back_is_kept_and_said() {
    let recording =
        read("test_time_second,voltage_volt,current_ampere\n0,3.7,1\n10,3.7,1\n5,3.7,1\n15,3.7,1\n");
    assert!(remark(&recording, "time_backward").contains("1 times, first at row 2 from 10 s to 5 s"));
}

#[test]
fn trap_18_sentinels_are_missing() {
    for sentinel in ["-9999", "-2500", "NaNStt", "unavailable", "unknown", "N/A"] {
        let recording =
            read(&format!("time_s,voltage_V,current_A,Temperature (C)\n0,3.7,1,{sentinel}\n1,3.7,1,25\n"));
        let temperature = recording.temperature_c.unwrap();
        assert!(temperature[0].is_nan(), "{sentinel}");
        assert_eq!(temperature[1..], [25.0]);
    }
}

#[test]
fn trap_19_and_20_empty_last_rows_and_a_lone_line_end() {
    for tail in [",,\n,,\n", "\r\n", "\n\n\n", ",,,,\r\n\r\n"] {
        let recording = read(&format!("time_s,voltage_V,current_A\n0,3.7,1\n1,3.8,1\n{tail}"));
        assert_eq!(recording.len(), 2, "{tail:?}");
    }
}

#[test]
fn trap_21_bytes_that_are_no_text_in_a_preamble() {
    let mut bytes = b"Barcode:\t\xFF\xFE\x01\x02\nName\t\xB5\n".to_vec();
    bytes.extend_from_slice(b"Test Time (s)\tVoltage (V)\tCurrent (A)\n0\t3.7\t1\n1\t3.8\t1\n");
    assert_eq!(read_bytes(&bytes).unwrap().voltage_v, [3.7, 3.8]);
}

#[test]
fn trap_22_mixed_units_in_one_file() {
    let recording = read(
        "Total Time (h),Step Time (Seconds),Voltage (V),Current (mA),Charge Capacity (Ah),Discharge Capacity (mAh),Charge Energy (kWh),Discharge Energy (mWh)\n0,0,3.7,1000,0,0,0,0\n1,3600,3.7,1000,1,500,0.001,800\n",
    );
    assert_eq!(recording.time_s, [0.0, 3600.0]);
    assert_eq!(recording.discharge_capacity_ah.unwrap()[1], 0.5);
    assert_eq!(recording.charge_energy_wh.unwrap()[1], 1.0);
    assert_eq!(recording.discharge_energy_wh.unwrap()[1], 0.8);
}

#[test]
fn trap_24_an_outlier_of_the_voltage_is_kept_for_the_flags() {
    let recording = read("time_s,voltage_V,current_A\n0,3.7,1\n1,-3.787,1\n2,3.7,1\n");
    assert_eq!(recording.voltage_v, [3.7, -3.787, 3.7]);
}

#[test]
fn trap_25_a_column_that_looks_whole_for_300_rows() {
    let mut text = String::from("time_s,voltage_V,current_A\n");
    for row in 0..300 {
        text.push_str(&format!("{row},4,0\n"));
    }
    text.push_str("300.5,3.7125,-0.25\n");
    let recording = read(&text);
    assert_eq!(
        (recording.time_s[300], recording.voltage_v[300], recording.current_a[300]),
        (300.5, 3.7125, -0.25)
    );
}

#[test]
fn trap_25_in_a_file_of_decimal_commas() {
    let mut text = String::from("Zeit [s];Spannung [V];Strom [A]\n");
    for row in 0..300 {
        text.push_str(&format!("{row};3,7;0\n"));
    }
    text.push_str("300;3,75;1,250\n");
    assert_eq!(read(&text).current_a[300], 1.25);
}

#[test]
fn whole_numbers_with_commas_between_thousands_are_whole() {
    let recording = read(
        "Timestamp,Battery Power (W),SOC (%)\n2024-05-13 10:00,\"1,250\",50\n2024-05-13 10:15,412,51\n2024-05-13 10:30,\"-3,000\",50\n",
    );
    assert_eq!(recording.power_w, Some(vec![1250.0, 412.0, -3000.0]));
}

#[test]
fn trap_26_a_date_that_may_be_either_is_assumed_and_said() {
    let recording =
        read("Date Time,Voltage (V),Current (A)\n05/05/2021 15:36:22,3.7,1\n05/05/2021 15:36:32,3.8,1\n");
    assert!((recording.time_s[1] - 10.0).abs() < 1e-9);
    let recording =
        read("Date Time,Voltage (V),Current (A)\n05/06/2021 15:36:22,3.7,1\n05/06/2021 15:36:32,3.8,1\n");
    assert!(recording.has_remark("date_order_assumed"));
    let order = recording.evidence.iter().find(|evidence| evidence.what == "date_order").unwrap();
    assert!(order.confidence <= 0.5, "{order}");
}

#[test]
fn trap_27_an_hour_that_is_there_twice_and_one_that_is_missing() {
    let log = |times: &[&str]| {
        let mut text = String::from("Timestamp,Battery SOC (%),Battery Power (W)\n");
        for time in times {
            text.push_str(&format!("{time},50,100\n"));
        }
        read(&text)
    };
    let back = log(&["2024-10-27 02:30", "2024-10-27 02:45", "2024-10-27 02:00", "2024-10-27 02:15"]);
    assert!(back.has_remark("clock_put_back") && back.has_remark("time_backward"));
    let forward = log(&["2024-03-31 01:30", "2024-03-31 01:45", "2024-03-31 03:00", "2024-03-31 03:15"]);
    assert!(forward.has_remark("clock_put_forward"));
    // With the distance from UTC there is nothing odd.
    let told = log(&[
        "2024-10-27T02:30+02:00",
        "2024-10-27T02:45+02:00",
        "2024-10-27T02:00+01:00",
        "2024-10-27T02:15+01:00",
    ]);
    assert_eq!(told.time_s, [0.0, 900.0, 1800.0, 2700.0]);
    assert!(!told.has_remark("clock_put_back") && !told.has_remark("time_backward"));
}

#[test]
fn trap_28_a_discharge_that_is_positive_shows_in_the_voltage() {
    let mut text = String::from("time (s),voltage (V),current (A)\n");
    for row in 0..40 {
        text.push_str(&format!("{},{:.4},1\n", row * 60, 4.1 - 0.01 * f64::from(row)));
    }
    let recording = read(&text);
    assert_eq!(recording.current_a[0], -1.0);
    assert!(
        recording
            .evidence
            .iter()
            .any(|evidence| evidence.what == "sign" && evidence.found.contains("discharging"))
    );
}

#[test]
fn trap_29_infinities_a_cut_line_and_a_missing_column() {
    let recording = read("time_s,voltage_V,current_A\n0,inf,1\n1,-inf,nan\n2,3.7,1\n3,3.");
    assert_eq!(recording.len(), 3);
    assert!(recording.voltage_v[0].is_nan() && recording.current_a[1].is_nan());
    assert!(recording.has_remark("last_line_truncated"));
    let recording = read("time_s,voltage_V\n0,3.7\n1,3.8\n");
    assert_eq!(recording.format, Format::Generic);
    assert!(recording.current_a.iter().all(|value| value.is_nan()));
    assert!(refusal(b"voltage_V,current_A\n3.7,1\n3.8,1\n").contains("expected a header line with a time"));
}
