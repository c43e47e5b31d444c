//! What is read depends on the bytes alone: not on how many come at a time, nor on how they are packed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use proptest::prelude::*;

use super::super::error::Error;
use super::super::log::{Format, Recording};
use super::source::{ReadLimits, ReadOptions, Source, read_in_blocks, read_with};
use super::summed::{summarise_in_blocks, summarise_with};
use super::{read_bytes, summarise_bytes};
use crate::battery::{Summary, summarise};

fn read(bytes: &[u8], block: usize) -> Result<Recording, Error> {
    read_in_blocks(Source::bytes(bytes), ReadOptions::default(), block)
}

/// A recording with its floats as bits, so that a missing cell equals a missing cell.
fn bits(recording: &Recording) -> String {
    let columns = [
        Some(&recording.time_s),
        Some(&recording.voltage_v),
        Some(&recording.current_a),
        recording.power_w.as_ref(),
        recording.temperature_c.as_ref(),
        recording.state_of_charge.as_ref(),
        recording.charge_capacity_ah.as_ref(),
        recording.discharge_capacity_ah.as_ref(),
        recording.capacity_ah.as_ref(),
        recording.charge_energy_wh.as_ref(),
        recording.discharge_energy_wh.as_ref(),
        recording.energy_wh.as_ref(),
        recording.step_time_s.as_ref(),
    ];
    let columns: Vec<Option<Vec<u64>>> = columns
        .into_iter()
        .map(|column| column.map(|column| column.iter().map(|value| value.to_bits()).collect()))
        .collect();
    format!(
        "{} {:?} {:?} {:?} {columns:?} {:?} {:?} {:?} {:?}",
        recording.format,
        recording.evidence,
        recording.remarks,
        recording.started_at,
        recording.cycle_index,
        recording.step_index,
        recording.labels,
        recording.channels,
    )
}

/// Reads bytes, and again in small blocks, into a recording and into a summary: all must say the same to the last bit.
pub(super) fn read_every_way(bytes: &[u8]) -> Result<Recording, Error> {
    let whole = read_bytes(bytes);
    let expected = whole.as_ref().map(bits).map_err(Error::to_string);
    let expected_sum = whole.as_ref().map(|whole| shown(&summarise(whole))).map_err(Error::to_string);
    for block in [7, 300] {
        let parts = read(bytes, block).as_ref().map(bits).map_err(Error::to_string);
        assert_eq!(parts, expected, "in blocks of {block}");
        let summary = summarise_in_blocks(Source::bytes(bytes), ReadOptions::default(), block);
        assert_eq!(
            summary.as_ref().map(shown).map_err(Error::to_string),
            expected_sum,
            "summed in blocks of {block}"
        );
    }
    whole
}

fn shown(summary: &Summary) -> String {
    format!("{summary:?}")
}

/// A small file of each layout that is read in its own way.
fn layouts() -> Vec<(&'static str, Vec<u8>)> {
    let mut plain = String::from("time_s,voltage_V,current_A\n");
    let mut clocked = String::from("Date Time;Voltage (V);Current (A)\r\n");
    let mut quoted = String::from("time_s,voltage_V,current_A,note\n");
    let mut unsigned =
        String::from("Test Time / s,Voltage / V,Current / A,Charge Capacity / Ah,Discharge Capacity / Ah\n");
    let mut stepped = String::from("Rec#\tCyc#\tStep\tStep (Sec)\tAmp-hr\tAmps\tVolts\tState\tDPt Time\n");
    let mut wrapped = String::from("[Data]\n\"Run Time (h),Current (A),Potential (V)\"\n");
    let mut blanks = String::from("~Time[h]  U[V]   I[A]\n");
    let mut nested = String::from(
        "Cycle ID,Cap_Chg(mAh),Cap_DChg(mAh),Time\n,Step ID,Step Name,Step Time(h:min:s.ms),Capacity(mAh)\n\
         ,,Record ID,Time(h:min:s.ms),Voltage(V),Current(mA),Capacity(mAh),Realtime\n",
    );
    for row in 0..60 {
        let current = if row / 20 % 2 == 0 { 1.25 } else { -1.25 };
        let volts = 3.5 + f64::from(row % 20) * 0.01 * current;
        writeln!(plain, "{row},{volts:.3},{current}").unwrap();
        write!(clocked, "05/06/2024 {:02}:{:02}:00;{volts:.3};{current}\r\n", 22 + row / 30, row % 30 * 2)
            .unwrap();
        writeln!(quoted, "{row},\"{volts:.3}\",{current},\"a, \"\"b\"\"\nc{row}\"").unwrap();
        let (up, down) = if current > 0.0 { (row % 20, 0) } else { (20, row % 20) };
        let unsigned_current = f64::abs(current);
        writeln!(
            unsigned,
            "{},{volts:.3},{unsigned_current},{},{}",
            row * 60,
            f64::from(up) / 48.0,
            f64::from(down) / 48.0
        )
        .unwrap();
        let state = if current > 0.0 { "C" } else { "D" };
        writeln!(
            stepped,
            "{row}\t1\t{}\t{}\t0\t1.25\t{volts:.3}\t{state}\t01/13/2024 10:{row:02}:00",
            row / 20 + 1,
            row % 20
        )
        .unwrap();
        writeln!(wrapped, "\"{row},{current},{volts:.3}\"").unwrap();
        writeln!(blanks, "  {row}.5   {volts:.3}  {current}").unwrap();
        if row % 20 == 0 {
            writeln!(nested, "{},5.5,0.0,x", row / 20 + 1).unwrap();
            writeln!(
                nested,
                ",{},CC_{},0:00:20.000,5.5",
                row + 1,
                if current > 0.0 { "Chg" } else { "DChg" }
            )
            .unwrap();
        }
        writeln!(nested, ",,{row},0:00:{:02}.000,{volts:.3},1250,0.0,2020-02-21 10:00:{row:02}", row % 20)
            .unwrap();
    }
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let house: &[u8] = b"timestamp,solar_power,battery_power,grid_power,load_power\n\
        2025-05-11 12:20:00,6210,-5930,402,682\n2025-05-11 12:25:00,6300,-2815,-2790,695\n";
    let history: &[u8] = b"entity_id,state,last_changed\nsensor.battery_soc,61.0,2025-09-02T07:30:00.000Z\n\
        sensor.battery_voltage,52.5,2025-09-02T07:30:02.500Z\n";
    vec![
        ("cut", format!("{plain}60,3.").into_bytes()),
        ("repeated header", plain.replacen("30,", "time_s,voltage_V,current_A\n30,", 1).into_bytes()),
        ("late quote", plain.replacen("58,", "\"58\",", 1).into_bytes()),
        ("carriage returns", plain.replace('\n', "\r").into_bytes()),
        ("blank lines", plain.replace("7,", "\n  \n7,").into_bytes()),
        ("plain", plain.into_bytes()),
        ("clocked", clocked.into_bytes()),
        ("quoted", quoted.into_bytes()),
        ("unsigned", unsigned.into_bytes()),
        ("stepped", stepped.into_bytes()),
        ("wrapped", wrapped.into_bytes()),
        ("blanks", blanks.into_bytes()),
        ("nested", nested.into_bytes()),
        ("utf-16", utf16),
        ("house", house.to_vec()),
        ("history", history.to_vec()),
    ]
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The folder of the shared recordings, where there is one.
fn shared_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("GRID_SHARED_DATA");
    assert!(
        folder.is_some() || std::env::var_os("GRID_TEST_NO_SKIP").is_none(),
        "expected GRID_SHARED_DATA to be set"
    );
    Some(PathBuf::from(folder?).join("battery"))
}

/// A file among the shared recordings, where they are.
pub(super) fn shared_file(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(shared_folder()?.join(name)).unwrap())
}

/// Every file among the shared recordings, where they are.
fn shared() -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = Vec::from_iter(shared_folder());
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                files.push((path, bytes));
            }
        }
    }
    files
}

#[test]
fn a_recording_does_not_depend_on_the_size_of_the_blocks() {
    for (name, bytes) in layouts() {
        let whole = bits(&read_bytes(&bytes).unwrap_or_else(|error| panic!("{name}: {error}")));
        for block in 1..200 {
            assert_eq!(bits(&read(&bytes, block).unwrap()), whole, "{name} in blocks of {block}");
        }
    }
}

#[test]
fn a_summary_in_blocks_is_that_of_the_recording() {
    for (name, bytes) in layouts() {
        let expected = shown(&summarise(&read_bytes(&bytes).unwrap()));
        for block in [1, 7, 64, 199, 1000, 1 << 16] {
            let summary = summarise_in_blocks(Source::bytes(&bytes), ReadOptions::default(), block).unwrap();
            assert_eq!(shown(&summary), expected, "{name} in blocks of {block}");
        }
    }
}

#[test]
fn real_files_do_not_depend_on_the_size_of_the_blocks_nor_on_being_packed() {
    for (path, bytes) in shared() {
        let Ok(whole) = read_bytes(&bytes) else { continue };
        let expected = (bits(&whole), shown(&summarise(&whole)));
        for block in [4099, 1 << 16, 1 << 18] {
            assert_eq!(bits(&read(&bytes, block).unwrap()), expected.0, "{} in {block}", path.display());
            let summary = summarise_in_blocks(Source::bytes(&bytes), ReadOptions::default(), block).unwrap();
            assert_eq!(shown(&summary), expected.1, "{} in {block}", path.display());
        }
        // Parquet compresses its own columns; nobody packs it again.
        if !bytes.starts_with(b"PAR1") {
            assert_eq!(bits(&read_bytes(&packed(&bytes)).unwrap()), expected.0, "{} packed", path.display());
        }
    }
}

#[test]
fn a_packed_file_gives_what_the_file_gives() {
    for (name, bytes) in layouts() {
        let whole = read_bytes(&bytes).unwrap();
        assert_eq!(bits(&read_bytes(&packed(&bytes)).unwrap()), bits(&whole), "{name}");
        assert_eq!(shown(&summarise_bytes(&packed(&bytes)).unwrap()), shown(&summarise(&whole)), "{name}");
    }
    // Two members one after the other are one file, as `cat` makes them.
    let two = [packed(b"t/s,U/V,I/A\n0,3.7,1\n"), packed(b"1,3.8,1\n")].concat();
    assert_eq!(read_bytes(&two).unwrap().voltage_v, [3.7, 3.8]);
}

#[test]
fn a_cut_archive_is_unreadable() {
    let mut bytes = packed(&layouts().swap_remove(5).1);
    bytes.truncate(bytes.len() / 2);
    assert!(matches!(read_bytes(&bytes), Err(Error::Unreadable { .. } | Error::NotARecording { .. })));
}

#[test]
fn what_an_archive_unpacks_to_is_limited() {
    let bytes = packed(&b"0,3.7,1\n".repeat(200_000));
    let limits = ReadLimits { max_bytes: 100_000, ..ReadLimits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    assert!(matches!(read_with(Source::bytes(&bytes), options), Err(Error::TooLarge { limit: 100_000 })));
}

/// A file that is longer than its head, whose last rows say otherwise than all before.
fn late(rows: u32, row: impl Fn(u32) -> String, header: &str, last: &str) -> Vec<u8> {
    let mut text = format!("{header}\n");
    for number in 0..rows {
        text += &row(number);
        text.push('\n');
    }
    text += last;
    assert!(text.len() > 2 << 20);
    text.into_bytes()
}

#[test]
fn what_only_the_end_of_a_long_file_says_holds_for_its_start() {
    // No row of the head has a temperature, and only the last row a quote.
    let bytes = late(
        150_000,
        |row| format!("{row},3.700,1.0,"),
        "time_s,voltage_V,current_A,temperature_C",
        "150000,3.701,1.0,\"25.5\"\n",
    );
    let recording = read_bytes(&bytes).unwrap();
    assert_eq!(recording.len(), 150_001);
    let temperatures = recording.temperature_c.unwrap();
    assert!(temperatures[0].is_nan());
    assert_eq!(temperatures[150_000..], [25.5]);
    // The date order shows at the thirteenth day, and the direction of the current in the last state.
    let bytes = late(
        100_000,
        |row| {
            format!(
                "0{}/02/2024 {:02}:{:02}:{:02};3.7;0.0;R",
                row / 86_400 + 1,
                row / 3600 % 24,
                row / 60 % 60,
                row % 60
            )
        },
        "Date Time;Voltage (V);Current (A);State",
        "13/02/2024 00:00:00;3.7;2.0;D\n",
    );
    let recording = read_bytes(&bytes).unwrap();
    assert_eq!(recording.started_at.unwrap().to_string(), "2024-02-01T00:00:00");
    assert_eq!(recording.current_a[100_000..], [-2.0]);
    let summary = summarise_bytes(&bytes).unwrap();
    assert_eq!((summary.rows, summary.current_min_a), (100_001, Some(-2.0)));
}

#[test]
fn conventions_and_clocks_hold_for_a_long_file_as_a_whole() {
    let same_in_parts = |bytes: &[u8], format: Option<Format>| {
        let options = || ReadOptions { format, ..ReadOptions::default() };
        let whole = read_with(Source::bytes(bytes), options()).unwrap();
        let parts = read_in_blocks(Source::bytes(bytes), options(), 70_001).unwrap();
        assert_eq!(bits(&parts), bits(&whole));
        let summary = summarise_in_blocks(Source::bytes(bytes), options(), 4099).unwrap();
        assert_eq!(shown(&summary), shown(&summarise(&whole)));
        whole
    };
    let clock = |row: u32| {
        let row = row + 12 * 3600;
        format!("2024-03-{} {:02}:{:02}:{:02}", 30 + row / 86_400, row / 3600 % 24, row / 60 % 60, row % 60)
    };
    // Nothing flows before the last row, in which the vendor's convention counts; before it summer time began.
    let bytes = late(
        14 * 3600,
        |row| format!("{},0.000000000000,80.0000000", clock(row)),
        "Timestamp,Power,USOC",
        "2024-03-31 03:00:00,500,80\n",
    );
    let recording = same_in_parts(&bytes, Some(Format::Sonnen));
    assert_eq!(recording.power_w.as_ref().unwrap()[14 * 3600..], [-500.0]);
    assert!(recording.has_remark("sign_by_convention") && recording.has_remark("clock_put_forward"));
    // A count that starts again in the last row, and a level that is an energy.
    let bytes = late(
        14 * 3600,
        |row| format!("{};{row};0;50.000000;80.00000", clock(row)),
        "Zeitstempel;Energie in Batterie gespeichert [Wh];Energie aus Batterie bezogen [Wh];SOC [%];PV Produktion [Wh]",
        "2024-03-31 02:00:00;3;0;50;80\n",
    );
    let recording = same_in_parts(&bytes, None);
    assert_eq!(recording.format, Format::Home);
    assert_eq!(recording.charge_energy_wh.as_ref().unwrap()[14 * 3600 - 1..], [50_399.0, 50_402.0]);
    assert!(recording.has_remark("daily_energy_summed"));
    let bytes = late(
        40_000,
        |row| format!("{},,10.0000000000000000000000000000000", clock(row)),
        "Timestamp,Battery_Level,Battery_Capacity_kW",
        "2024-03-31 03:00:00,50,10\n",
    );
    let recording = same_in_parts(&bytes, None);
    assert_eq!(recording.energy_wh.unwrap()[40_000..], [5000.0]);
}

#[test]
fn milliamperes_under_amperes_are_seen_by_the_counters() {
    let mut text = String::from("time_s,voltage_V,Current(A),Charge_Capacity(Ah),Discharge_Capacity(Ah)\n");
    for row in 0..100 {
        writeln!(text, "{},3.7,1500,{},0", row * 36, f64::from(row) * 0.015).unwrap();
    }
    let recording = read_bytes(text.as_bytes()).unwrap();
    assert!(recording.has_remark("current_in_milliamperes"));
    assert!((recording.current_a[5] - 1.5).abs() < 1e-12);
}

#[test]
fn wrong_cells_and_repeated_headers_are_named_with_their_places() {
    let mut text = String::from("time_s,voltage_V,current_A\n");
    for row in 0..3000 {
        match row {
            7 => text += "time_s,voltage_V,current_A\n",
            1000 => text += "one two three\n",
            _ => {}
        }
        writeln!(text, "{row},{},1", if row % 200 == 150 { "ERR" } else { "3.7" }).unwrap();
    }
    let recording = read_bytes(text.as_bytes()).unwrap();
    assert_eq!(recording.len(), 3000);
    let remark = |code: &str| recording.remarks.iter().find(|remark| remark.code == code).unwrap();
    let cells = remark("cells_unreadable");
    assert_eq!(cells.places.len(), 10);
    let place = &cells.places[0];
    assert_eq!((place.line, place.column, place.got.as_str()), (Some(153), Some(2), "ERR"));
    assert_eq!(place.expected, "a number");
    assert_eq!(remark("header_repeated").line, Some(9));
    assert_eq!(remark("rows_without_numbers").places[0].got, "one two three");
    let limits = ReadLimits { max_bad_rows: Some(5), ..ReadLimits::default() };
    let error = read_with(Source::bytes(text.as_bytes()), ReadOptions { limits, ..ReadOptions::default() });
    assert!(matches!(error, Err(Error::NotANumber { line: 153, column: 2, .. })), "{error:?}");
}

#[test]
fn cycle_numbers_that_start_again_are_kept_and_remarked() {
    let text = "time_s,voltage_V,current_A,cycle\n0,3.7,1,1\n1,3.7,1,2\n2,3.7,1,1\n3,3.7,1,2\n";
    let recording = read_bytes(text.as_bytes()).unwrap();
    assert_eq!(recording.cycle_index, Some(vec![1, 2, 1, 2]));
    assert!(recording.has_remark("cycle_number_restarts"));
}

#[test]
fn a_stated_format_is_taken_unless_the_file_is_another() {
    let stated = |format: Format, bytes: &[u8]| {
        read_with(Source::bytes(bytes), ReadOptions { format: Some(format), ..ReadOptions::default() })
    };
    let (_, plain) = layouts().swap_remove(5);
    assert_eq!(stated(Format::Neware, &plain).unwrap().format, Format::Neware);
    let (_, nested) = layouts().swap_remove(12);
    assert_eq!(stated(Format::Generic, &nested).unwrap().format, Format::Generic);
    let error = stated(Format::Maccor, &nested).unwrap_err();
    assert!(
        error.to_string().starts_with("expected a recording of the format `maccor`, got one of `neware`"),
        "{error}"
    );
}

#[test]
fn a_reading_can_be_followed_and_ended() {
    let bytes =
        late(150_000, |row| format!("{row},3.700,1.0"), "time_s,voltage_V,current_A", "150000,3.8,1.0\n");
    let mut seen = Vec::new();
    let mut progress = |done: u64, total: Option<u64>| {
        seen.push((done, total));
        ControlFlow::Continue(())
    };
    let options = ReadOptions { progress: Some(&mut progress), ..ReadOptions::default() };
    summarise_with(Source::bytes(&bytes), options).unwrap();
    let length = u64::try_from(bytes.len()).unwrap();
    assert!(seen.is_sorted() && seen.len() > 5);
    assert_eq!(seen.last(), Some(&(length, Some(length))));
    let mut calls = 0;
    let mut progress = |_: u64, _: Option<u64>| {
        calls += 1;
        if calls < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let options = ReadOptions { progress: Some(&mut progress), ..ReadOptions::default() };
    assert!(matches!(summarise_with(Source::bytes(&bytes), options), Err(Error::Cancelled)));
    assert_eq!(calls, 3);
}

#[test]
fn a_line_without_an_end_needs_no_more_memory_than_a_long_line_may() {
    let mut bytes = b"time_s,voltage_V,current_A\n0,3.7,1\n".to_vec();
    bytes.resize(40 << 20, b'1');
    assert!(matches!(read_bytes(&bytes), Err(Error::NotText { .. })));
}

proptest! {
    #[test]
    fn rows_of_any_shape_are_the_same_in_any_blocks(
        rows in "([-0-9.,;eE\"\t ]{0,20}\r?\n){0,20}[-0-9.,\"]{0,12}",
        header in 0_usize..4,
        block in 1_usize..200,
    ) {
        let header = [
            "time,voltage,current\n0,1,2\n",
            "Rec#\tCyc#\tStep\tTest (Sec)\tAmp-hr\tAmps\tVolts\tState\tDPt Time\n1\t1\t1\t1\t1\t1\t1\tC\t\n",
            "Time;Voltage;Current;Date Time\n0;1;2;2024-01-01 00:00:00\n",
            "Cycle ID,a\n,Step ID,Step Name\n,,Record ID,Time,Voltage(V),Current(mA),Capacity(mAh)\n,,1,0,1,1,1\n",
        ][header];
        let text = format!("{header}{rows}");
        let whole = read_bytes(text.as_bytes()).map(|recording| bits(&recording)).map_err(|error| error.to_string());
        let parts = read(text.as_bytes(), block).map(|recording| bits(&recording)).map_err(|error| error.to_string());
        prop_assert_eq!(whole, parts);
    }
}
