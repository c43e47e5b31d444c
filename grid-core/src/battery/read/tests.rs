//! Hand-written files: the traps of real exports in small, and bad input with its error.

#![allow(
    clippy::float_cmp,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "the numbers of the files are read back exactly, and their texts are short"
)]

mod arbin_neware;
mod cyclers;
mod generic;
mod houses;
mod labels;
mod maccor;
mod public;
mod synthetic;
mod traps;
mod written;
mod wrong;

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::error::Error;
use super::super::log::{Format, Recording};
use super::block_tests::read_every_way as read_bytes;
use super::read_path;
use crate::error::{Failure, Kind};

fn read(text: &str) -> Recording {
    read_bytes(text.as_bytes()).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    let error = read_bytes(bytes).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    error.to_string()
}

#[test]
fn an_empty_file_is_refused() {
    assert_eq!(refusal(b""), "expected a battery recording, got an empty file");
    assert_eq!(refusal(b"\n\n  \n"), "expected a battery recording, got an empty file");
}

#[test]
fn a_header_without_rows_is_refused_with_its_line() {
    assert_eq!(
        refusal(b"made by hand\ntime_s,voltage_V,current_A\n"),
        "line 2: expected rows of numbers under the header line, got none"
    );
}

#[test]
fn a_wrong_delimiter_is_refused_with_what_was_found() {
    let message = refusal(b"time_s:voltage_V:current_A\n0:3.7:1\n1:3.7:1\n");
    assert!(message.contains("expected a header line with a time and a voltage"), "{message}");
    let message = refusal(b"name,colour\nfirst,red\n");
    assert!(message.ends_with("got `name`, `colour`"), "{message}");
}

#[test]
fn decimal_commas_are_read() {
    let recording = read("Zeit [s];Spannung [V];Strom [A]\n0;3,70;-1,5\n10;3,69;-1,5\n");
    assert_eq!(recording.voltage_v, [3.70, 3.69]);
    assert_eq!(recording.current_a, [-1.5, -1.5]);
}

#[test]
fn decimal_commas_between_commas_are_read_where_they_are_quoted() {
    let recording = read("time_s,voltage_V,current_A\n0,\"3,70\",\"1,5\"\n10,\"3,69\",\"1,5\"\n");
    assert_eq!(recording.voltage_v, [3.70, 3.69]);
    assert_eq!(recording.current_a, [1.5, 1.5]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let recording = read_bytes(b"\xEF\xBB\xBFtime_s,voltage_V,current_A\r\n0,3.7,1\r\n1,3.7,1\r\n").unwrap();
    assert_eq!(recording.time_s, [0.0, 1.0]);
}

#[test]
fn latin_1_names_have_their_units() {
    let recording =
        read_bytes(b"Total Time (s),Current(\xB5A),Voltage(mV),Temp (\xB0C)\n0,100,3700,25\n1,100,3700,25\n")
            .unwrap();
    assert!((recording.current_a[0] - 1e-4).abs() < 1e-18);
    assert!((recording.voltage_v[0] - 3.7).abs() < 1e-12);
    assert_eq!(recording.temperature_c, Some(vec![25.0, 25.0]));
}

#[test]
fn utf_16_is_read() {
    let text = "time_s\tvoltage_V\tcurrent_A\r\n0\t3.7\t1\r\n1\t3.8\t1\r\n";
    let bytes: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(read_bytes(&bytes).unwrap().voltage_v, [3.7, 3.8]);
}

#[test]
fn a_missing_cell_is_nan_and_not_zero() {
    let recording = read("time_s,voltage_V,current_A\n0,3.7,1\n1,NaN,1\n2,,1\n3,n/a,1\n");
    assert_eq!(recording.voltage_v.iter().filter(|value| value.is_nan()).count(), 3);
    assert_eq!(recording.voltage_v[..1], [3.7]);
}

#[test]
fn a_word_in_a_needed_column_is_refused_with_its_place() {
    let error = read_bytes(b"time_s,voltage_V,current_A\n0,3.7,1\n1,low,1\n").unwrap_err();
    assert_eq!(error.to_string(), "line 3, column 2 \"voltage_V\": expected a number, got `low`");
    let places = error.places();
    assert_eq!((places[0].line, places[0].column), (Some(3), Some(2)));
}

#[test]
fn one_bad_cell_in_hundreds_is_missing_with_a_remark() {
    let mut text = String::from("time_s,voltage_V,current_A\n");
    for row in 0..500 {
        writeln!(text, "{row},{},1", if row == 7 { "ERR" } else { "3.7" }).unwrap();
    }
    let recording = read(&text);
    assert!(recording.voltage_v[7].is_nan());
    let remark = recording.remarks.iter().find(|remark| remark.code == "cells_unreadable").unwrap();
    assert_eq!(remark.line, Some(9));
}

#[test]
fn two_columns_with_one_name_must_be_equal() {
    let error = read_bytes(b"time_s,voltage_V,voltage_V,current_A\n0,3.7,3.8,1\n1,3.7,3.8,1\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1: expected one column \"voltage_V\", got columns 2 and 3 with different values"
    );
    let recording = read("time_s,voltage_V,voltage_V,current_A\n0,3.7,3.7,1\n1,3.7,3.7,1\n");
    assert!(recording.has_remark("duplicate_column"));
}

#[test]
fn a_cut_last_line_is_left_out_with_a_remark() {
    let recording = read("time_s,voltage_V,current_A\n0,3.7,1\n1,3.8,1\n2,3.");
    assert_eq!(recording.time_s, [0.0, 1.0]);
    let remark = recording.remarks.iter().find(|remark| remark.code == "last_line_truncated").unwrap();
    assert_eq!(remark.line, Some(4));
}

#[test]
fn a_last_line_without_a_line_end_counts() {
    assert_eq!(read("time_s,voltage_V,current_A\n0,3.7,1\n1,3.8,1").time_s, [0.0, 1.0]);
}

#[test]
fn much_rubbish_is_refused() {
    let binary: Vec<u8> =
        (0..20_000_000_u32).map(|at| u8::try_from(at.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    refusal(&binary);
    refusal(&b"lorem ipsum dolor sit amet, consectetur adipiscing elit\n".repeat(360_000));
    refusal(&vec![b'x'; 20_000_000]);
    refusal(&b"1,2,3,4,5\n".repeat(2_000_000));
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let error = read_path("no/such/recording.csv").unwrap_err();
    assert_eq!(error.to_string(), "failed to read the battery recording `no/such/recording.csv`");
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(matches!(error, Error::File { .. }));
}

#[test]
fn a_nested_neware_export_gives_its_record_rows() {
    let text = "Cycle ID,Cap_Chg(mAh),Cap_DChg(mAh),Time\n\
        ,Step ID,Step Name,Step Time(h:min:s.ms),Capacity(mAh)\n\
        ,,Record ID,Time(h:min:s.ms),Voltage(V),Current(mA),Capacity(mAh),Realtime\n\
        1,5.5,0.0,x\n\
        ,1,CC_Chg,0:00:20.000,5.5\n\
        ,,1,0:00:00.000,3.50,1000,0.0,2020-02-21 10:00:00\n\
        ,,2,0:00:20.000,3.60,1000,5.5,2020-02-21 10:00:20\n\
        ,2,CC_DChg,0:00:20.000,5.5\n\
        ,,3,0:00:00.000,3.55,1000,0.0,2020-02-21 10:00:25\n\
        ,,4,0:00:20.000,3.45,1000,5.5,2020-02-21 10:00:45\n";
    let recording = read(text);
    assert_eq!(recording.format, Format::Neware);
    assert_eq!(recording.time_s, [0.0, 20.0, 25.0, 45.0]);
    assert_eq!(recording.current_a, [1.0, 1.0, -1.0, -1.0]);
    assert_eq!(recording.step_index, Some(vec![1, 1, 2, 2]));
    let cycles = recording.cycles();
    assert_eq!(cycles.len(), 1);
    assert!((cycles[0].charge_capacity_ah - 0.0055).abs() < 1e-12, "{cycles:?}");
    assert!((cycles[0].discharge_capacity_ah - 0.0055).abs() < 1e-12, "{cycles:?}");
}

#[test]
fn every_line_in_quotes_is_read() {
    let recording =
        read("[Data]\n\"Run Time (h),Current (A),Potential (V)\"\n\"0,1.0,3.7\"\n\"1,1.0,3.8\"\n");
    assert_eq!(recording.time_s, [0.0, 3600.0]);
    assert_eq!(recording.voltage_v, [3.7, 3.8]);
}

#[test]
fn a_unit_line_under_the_header_counts() {
    let recording = read("Time,Voltage,Current\nmin,mV,mA\n0,3700,100\n1,3710,100\n");
    assert_eq!(recording.time_s, [0.0, 60.0]);
    assert!((recording.voltage_v[1] - 3.71).abs() < 1e-12);
    assert!((recording.current_a[0] - 0.1).abs() < 1e-12);
}

#[test]
fn columns_apart_by_blanks_are_read() {
    let recording = read("~Time[h]  U[V]   I[A]\n0.0   3.70  0.1\n0.5   3.75  0.1\n");
    assert_eq!(recording.format, Format::Basytec);
    assert_eq!(recording.time_s, [0.0, 1800.0]);
}

#[test]
fn a_time_without_a_unit_takes_it_from_the_clock() {
    let recording = read(
        "Rec\tCycle C\tStep\tTestTime\tCap. [Ah]\tCurrent [A]\tVoltage [V]\tMd\tDPT Time\n\
         1\t1\t1\t0.0\t0\t1\t3.5\tC\t5/11/2021 3:40:24 PM\n\
         2\t1\t1\t1.0\t0.016667\t1\t3.6\tC\t5/11/2021 3:41:24 PM\n",
    );
    assert_eq!(recording.time_s, [0.0, 60.0]);
    assert!(recording.has_remark("time_unit_by_clock"));
}

#[test]
fn seconds_that_are_milliseconds_are_taken_as_such() {
    let recording = read(
        "Timestamp;Step;Program Duration#s;Voltage#V;Current#A;AhAccu#Ah\n\
         13.05.2024 10:00:00;1;0;3.5;1;0\n13.05.2024 10:10:00;1;600000;3.6;1;0.1667\n",
    );
    assert_eq!(recording.format, Format::Digatron);
    assert_eq!(recording.time_s, [0.0, 600.0]);
}

#[test]
fn volts_that_are_millivolts_are_taken_as_such() {
    let recording = read("time_s,Volts,Amps\n0,3700,1\n1,3710,1\n");
    assert!((recording.voltage_v[0] - 3.7).abs() < 1e-12);
    assert!(recording.has_remark("voltage_in_millivolts"));
}

#[test]
fn a_sentinel_is_no_temperature() {
    let recording = read("time_s,voltage_V,current_A,Temperature (C)\n0,3.7,1,-9999\n1,3.7,1,25\n");
    assert!(recording.temperature_c.unwrap()[0].is_nan());
}

#[test]
fn a_cycle_column_that_holds_two_pi_is_not_used() {
    let recording = read(
        "time_s,voltage_V,current_A,cycle_count\n0,3.7,1,6.283185307179586\n1,3.7,1,6.283185307179586\n",
    );
    assert_eq!(recording.cycle_index, None);
    assert!(recording.has_remark("index_not_whole"));
}

#[test]
fn time_that_runs_backward_is_read_and_remarked() {
    let recording =
        read("test_time_second,voltage_volt,current_ampere\n0,3.7,1\n10,3.7,1\n5,3.7,1\n15,3.7,1\n");
    assert_eq!(recording.time_s, [0.0, 10.0, 5.0, 15.0]);
    assert!(recording.has_remark("time_backward"));
}

#[test]
fn a_home_log_without_voltage_has_power() {
    let recording = read(
        "timestamp,solar_power,battery_power,grid_power,load_power\n\
        2025-05-11 12:20:00,6210,-5930,402,682\n2025-05-11 12:25:00,6300,-2815,-2790,695\n",
    );
    assert_eq!(recording.format, Format::Tesla);
    // Discharging was positive in the file: solar + battery + grid is the load.
    assert_eq!(recording.power_w, Some(vec![5930.0, 2815.0]));
    assert!(recording.voltage_v.iter().all(|value| value.is_nan()));
}

#[test]
fn a_row_of_another_length_is_read_as_far_as_it_goes() {
    let recording = read("time_s,voltage_V,current_A\n0,3.7,1,\n1,3.7,1,,,\n2,3.7\n3,3.7,1\n");
    assert_eq!(recording.len(), 4);
    assert!(recording.current_a[2].is_nan());
}

// The headers below are those of real exports; the rows are made up.

#[test]
fn a_neware_export_in_small_units_is_read() {
    let recording = read_bytes(
        b"DataPoint,Cycle Index,Step Index,Step Type,Time,Total Time,Current(\xB5A),Voltage(mV),Capacity(mAs),\
          Spec. Cap.(mAh/g),Chg. Cap.(mAs),Chg. Spec. Cap.(mAh/g),DChg. Cap.(mAs),Date,Power(mW),\
          Accumulated energy(mWs),\n\
          1,1,1,CC Chg,00:00:00,00:00:00,1000,3500,0,0,0,0,0,2024-01-01 00:00:00,1,0,\n\
          2,1,1,CC Chg,01:00:00,01:00:00,1000,3600,3600,0,3600,0,0,2024-01-01 01:00:00,1,0,\n",
    )
    .unwrap();
    assert_eq!(recording.format, Format::Neware);
    assert_eq!(recording.time_s, [0.0, 3600.0]);
    let cycle = &recording.cycles()[0];
    assert!((cycle.charge_capacity_ah - 1e-3).abs() < 1e-12, "{cycle:?}");
    assert!(cycle.agreement.unwrap().agrees);
}

#[test]
fn a_nested_export_may_have_cycle_and_step_on_one_line() {
    let recording = read(
        "Cycle Index,Chg. Cap.(Ah),DChg. Cap.(Ah)\n\
         ,Step Index,Step Number,Step Type,Step Time,Capacity(Ah)\n\
         ,,DataPoint,Time,Total Time,Current(A),Voltage(V),Capacity(Ah),Date\n\
         1,0.02,0.33,1,1,Rest,00:00:20,0\n\
         ,,1,00:00:00,00:00:00,0,4.31,0,2026-03-06 12:37:25\n\
         ,,2,00:00:20,00:00:20,0,4.31,0,2026-03-06 12:37:45\n\
         ,2,2,CC DChg,00:02:51,0.02\n\
         ,,3,00:00:00,00:00:20,0.5,4.37,0,2026-03-06 12:37:45\n\
         2,0.02,0.33,3,3,CC Chg,00:00:20,0\n\
         ,,4,00:00:00,00:00:40,0.5,4.37,0,2026-03-06 12:38:05\n",
    );
    assert_eq!(recording.time_s, [0.0, 20.0, 20.0, 40.0]);
    assert_eq!(recording.cycle_index, Some(vec![1, 1, 1, 2]));
    assert_eq!(recording.step_index, Some(vec![1, 1, 2, 3]));
    assert_eq!(recording.current_a, [0.0, 0.0, -0.5, 0.5]);
}

#[test]
fn a_maccor_text_with_days_and_twin_headers_is_read() {
    let recording = read(
        "Today's Date\t01/02/2024\nDate of Test:\t01/01/2024\n\n\
         Rec#\tCyc#\tStep\tTestTime\tStepTime\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\tAux #1\t Units\tAux #2\t Units\n\n\
         1\t0\t1\t  0d 00:00:0.00\t  0d 00:00:0.00\t0.0\t0.0\t1.0\t3.7\tD\t0\t01/01/2024 10:00:00\t-2500\tC\t1\tC\n\
         2\t0\t1\t  0d 01:00:0.00\t  0d 01:00:0.00\t1.0\t3.6\t1.0\t3.5\tD\t1\t01/01/2024 11:00:00\t-2500\tC\t1\tC\n\
         3\t0\t2\t  1d 01:00:5.05\t  0d 00:00:5.05\t0.0\t0.0\t0.0\t3.6\tR\t1\t01/02/2024 11:00:05\t-2500\tC\t1\tC\n",
    );
    assert_eq!(recording.format, Format::Maccor);
    assert_eq!(recording.time_s, [0.0, 3600.0, 90_005.05]);
    assert_eq!(recording.current_a, [-1.0, -1.0, 0.0]);
    assert!((recording.cycles()[0].discharge_capacity_ah - 1.0).abs() < 1e-9);
}

#[test]
fn a_maccor_text_with_decimal_commas_is_read() {
    let recording = read(
        "Name:\tcell\nRec\tCycle P\tCycle C\tStep\tTestTime\tStepTime\tCap. [Ah]\tEner. [Wh]\tCurrent [A]\tVoltage [V]\tMd\tES\tDPT Time\n\n\
         1\t0\t1\t1\t0,0\t0,0\t0,0\t0,0\t0,5\t3,7\tC\t0\t11/05/2021 15:40:24\n\
         2\t0\t1\t1\t1,0\t1,0\t0,00833\t0,03\t0,5\t3,8\tC\t0\t11/05/2021 15:41:24\n",
    );
    assert_eq!(recording.time_s, [0.0, 60.0]);
    assert_eq!(recording.voltage_v, [3.7, 3.8]);
    assert_eq!(recording.cycle_index, Some(vec![1, 1]));
}

#[test]
fn a_maccor_text_in_milli_units_is_read() {
    let recording = read(
        "Rec#\tCyc#\tStep\tTestTime\tStepTime\tmAmp-hr\tmWatt-hr\tmAmps\tVolts\tState\tES\tDPt Time\n\
         1\t0\t1\t00:00:00\t00:00:00\t0\t0\t100\t3700\tC\t0\t01/13/2024 10:00:00 AM\n\
         2\t0\t1\t01:00:00\t01:00:00\t100\t370\t100\t3802\tC\t0\t01/13/2024 11:00:00 AM\n",
    );
    assert!((recording.voltage_v[1] - 3.802).abs() < 1e-12);
    assert!((recording.current_a[0] - 0.1).abs() < 1e-12);
    assert!((recording.cycles()[0].charge_capacity_ah - 0.1).abs() < 1e-12);
}

#[test]
fn hours_milliamperes_and_hh_mm_ss_may_stand_in_one_file() {
    let recording = read(
        "Test:,187\n\
         Test,Cell,Rack,Shelf,Position,Cell ID,Step,Instruction Name,Cycle,Total Time (Hours in hh:mm:ss.xxx),\
         Load On Time (Hours in hh:mm:ss.xxx),Step Time (Seconds),Real Time,Voltage (V),Current (A),\
         Charge Capacity (mAh),Discharge Capacity (mAh),Charge Energy (mWh),Discharge Energy (mWh),Temp (°C),\n\
         1,1,A,1,1,x,1,Charge,1,00:00:00.000,00:00:00.000,0,01/13/2024 10:00:00,3.5,1,0,0,0,0,25,\n\
         1,1,A,1,1,x,1,Charge,1,01:00:00.500,01:00:00.000,3600,01/13/2024 11:00:00,3.6,1,1000,0,3550,0,26,\n",
    );
    assert_eq!(recording.format, Format::Pec);
    assert_eq!(recording.time_s, [0.0, 3600.5]);
    let cycle = &recording.cycles()[0];
    assert!((cycle.charge_capacity_ah - 1.0).abs() < 1e-12 && (cycle.charge_energy_wh - 3.55).abs() < 1e-12);
}

#[test]
fn a_discharge_that_is_counted_positive_is_turned() {
    let recording = read(
        "Test Time / h,Current / A,Voltage / V,Protocol Name / 1,Step Type / 1,Cycle Count / 1,Step Index / 1,\
         Charge Capacity / Ah,Discharge Capacity / Ah\n\
         0,1,4.0,p,a,1,1,0,0\n1,1,3.8,p,a,1,1,0,1\n2,-1,3.9,p,a,1,2,0,1\n3,-1,4.0,p,a,1,2,1,1\n",
    );
    assert_eq!(recording.time_s, [0.0, 3600.0, 7200.0, 10_800.0]);
    assert_eq!(recording.current_a, [-1.0, -1.0, 1.0, 1.0]);
    assert!(recording.has_remark("current_sign_turned"));
}

#[test]
fn a_simulated_discharge_capacity_that_falls_is_net() {
    let recording = read(
        "Time [s],Current [A],Terminal voltage [V],Discharge capacity [A.h]\n\
         0,1,4.0,0\n3600,1,3.8,1\n3601,-1,3.9,1\n7201,-1,4.0,0\n",
    );
    let cycle = battery_summary(&recording);
    assert!((cycle.0 - 1.0).abs() < 0.01 && (cycle.1 - 1.0).abs() < 0.01, "{cycle:?} {recording:?}");
}

fn battery_summary(recording: &Recording) -> (f64, f64) {
    let summary = crate::battery::summarise(recording);
    (summary.charge_capacity_ah, summary.discharge_capacity_ah)
}

#[test]
fn a_semicolon_file_with_excel_days_and_empty_last_rows_is_read() {
    let recording = read(
        "made by a script\nmass;0.5\n\nindex;test_time;step_time;date_stamp;step;cycle;current;voltage;charge_capacity;discharge_Capacity\n\
         1;0.0;0.0;42918.5;1;1;0.1;3.5;0;0\n2;60.0;60.0;42918.500694;1;1;0.1;3.6;0.00166667;0\n;;;;;;;;;\n;;;;;;;;;\n",
    );
    assert_eq!(recording.len(), 2);
    assert_eq!(recording.time_s, [0.0, 60.0]);
    assert_eq!(recording.started_at.unwrap().to_string(), "2017-07-02T12:00:00");
}

#[test]
fn a_landt_text_with_a_header_on_line_two_is_read() {
    let recording = read(
        "Landt export of channel 1\n\
         Rec#\tCyc#\tStep\tTest(Sec)\tStep(Sec)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt-Time\n\
         1\t1\t1\t0\t0\t0\t0\t1\t3.5\tC_CC\t0\t2024-05-01 10:00:00\n\
         2\t1\t1\t3600\t3600\t1\t3.6\t1\t3.6\tC_CC\t0\t2024-05-01 11:00:00\n",
    );
    assert_eq!(recording.format, Format::Landt);
    assert_eq!(recording.time_s, [0.0, 3600.0]);
    assert!((recording.cycles()[0].charge_capacity_ah - 1.0).abs() < 1e-12);
}

#[test]
fn a_clock_that_runs_over_midnight_tells_the_date_order() {
    let recording = read(
        "Date Time;Voltage (V);Current (A)\n05/06/2024 23:00:00;3.5;1\n06/06/2024 00:00:00;3.6;1\n06/06/2024 01:00:00;3.7;1\n",
    );
    assert_eq!(recording.time_s, [0.0, 3600.0, 7200.0]);
    assert_eq!(recording.started_at.unwrap().to_string(), "2024-06-05T23:00:00");
}

#[test]
fn chinese_headers_are_read() {
    let recording = read(
        "数据序号,循环号,工步号,工步类型,总时间,电流(mA),电压(V),充电容量(mAh),放电容量(mAh)\n\
        1,1,1,恒流放电,0:00:00,500,3.7,0,0\n2,1,1,恒流放电,1:00:00,500,3.5,0,500\n",
    );
    assert_eq!(recording.format, Format::Neware);
    assert_eq!(recording.current_a, [-0.5, -0.5]);
    assert!((recording.cycles()[0].discharge_capacity_ah - 0.5).abs() < 1e-12);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_bytes(&bytes);
    }

    #[test]
    fn no_rows_make_it_panic(rows in "[-0-9.,;:eENa\"\t /\n]{0,300}", header in 0_usize..5) {
        let header = [
            "time,voltage,current\n",
            "Rec#\tCyc#\tStep\tTest (Sec)\tAmp-hr\tAmps\tVolts\tState\tDPt Time\n",
            "Time;Voltage;Current;Date Time\n",
            "Cycle ID,a\n,Step ID,Step Name\n,,Record ID,Time,Voltage(V),Current(mA),Capacity(mAh)\n",
            "entity_id,state,last_changed\nsensor.battery_soc,1,2026-01-01T00:00:00Z\n",
        ][header];
        if let Ok(recording) = read_bytes(format!("{header}{rows}").as_bytes()) {
            prop_assert_eq!(recording.voltage_v.len(), recording.len());
            prop_assert_eq!(recording.current_a.len(), recording.len());
            let _ = crate::battery::summarise(&recording);
        }
    }

    #[test]
    fn what_is_written_is_read(
        rows in proptest::collection::vec((0_u32..1_000_000, 2000_u32..4500, -5000_i32..5000), 1..40),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
        crlf in any::<bool>(),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = format!("Test Time (s){delimiter}Voltage [mV]{delimiter}I/mA{delimiter}Charge Capacity (Ah)\
            {delimiter}Discharge Capacity (Ah){end}");
        for (time, voltage, current) in &rows {
            write!(text, "{time}{delimiter}{voltage}{delimiter}{current}{delimiter}0{delimiter}0{end}").unwrap();
        }
        let recording = read_bytes(text.as_bytes()).unwrap();
        prop_assert_eq!(recording.len(), rows.len());
        for (row, (time, voltage, current)) in rows.iter().enumerate() {
            prop_assert!((recording.time_s[row] - f64::from(*time)).abs() < 1e-12);
            prop_assert!((recording.voltage_v[row] - f64::from(*voltage) / 1e3).abs() < 1e-12);
            prop_assert!((recording.current_a[row] - f64::from(*current) / 1e3).abs() < 1e-12);
        }
    }
}
