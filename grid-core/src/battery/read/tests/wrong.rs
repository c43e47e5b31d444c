//! Files that are no recordings: each is refused with what was looked for, what was found, and what to do.

use super::super::{ReadLimits, read_within};
use super::read_bytes;
use crate::error::{Failure, Kind};

/// The message and the hint.
fn refused(bytes: &[u8]) -> (String, String) {
    let error = read_bytes(bytes).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    let message = error.to_string();
    assert!(message.starts_with("expected a "), "{message}");
    (message, error.hint().unwrap_or_else(|| panic!("no hint: {error}")))
}

#[test]
fn documents_are_called_by_their_name() {
    for (bytes, name) in [
        (b"{\"time\": [0, 1], \"voltage\": [3.7, 3.8]}".as_slice(), "a JSON document"),
        (b" [\n {\"time\": 0, \"voltage\": 3.7, \"current\": 1}\n]", "a JSON document"),
        (b"[[0, 3.7, 1], [1, 3.8, 1]]", "a JSON document"),
        (b"<?xml version=\"1.0\"?><rows><row time=\"0\"/></rows>", "an XML document"),
        (b"<Workbook><Row>time_s,voltage_V,current_A</Row></Workbook>", "an XML document"),
        (b"<!DOCTYPE html>\n<html><body>time,voltage,current\n0,3.7,1\n</body></html>", "an HTML page"),
        (b"{\\rtf1 time,voltage}", "a document in rich text"),
        (b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", "a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"SQLite format 3\0", "an SQLite database"),
    ] {
        let (message, hint) = refused(bytes);
        assert!(message.contains(name), "{message}");
        assert!(!hint.is_empty());
    }
}

#[test]
fn an_energy_meter_is_no_battery() {
    for text in [
        "timestamp,consumption_kwh\n2024-05-13 10:00,0.5\n2024-05-13 11:00,0.4\n",
        "Timestamp,Production (kWh),Consumption (kWh)\n2024-05-13 10:00,0.5,0.2\n2024-05-13 11:00,0.4,0.1\n",
    ] {
        let (message, hint) = refused(text.as_bytes());
        assert!(message.contains("meter readings of a house without a battery"), "{message}");
        assert!(hint.contains("energy readings"), "{hint}");
    }
    let (message, _) =
        refused(b"user_id,device_id,value,start_time,end_time\n1,2,0.5,2024-05-13 10:00,2024-05-13 11:00\n");
    assert!(message.contains("`device_id`"), "{message}");
    let (message, _) = refused(b"timestamp,power\n2024-05-13 10:00,500\n2024-05-13 10:15,400\n");
    assert!(message.contains("battery"), "{message}");
}

#[test]
fn numbers_without_names_are_told_to_have_some() {
    for text in [
        "0,3.7,1\n1,3.8,1\n2,3.9,1\n",
        "0;3,7;1\n1;3,8;1\n",
        "2024-05-13 10:00:00\t3.7\t1\n2024-05-13 10:00:01\t3.8\t1\n",
        "0 3.7 1\n1 3.8 1\n",
    ] {
        let (message, hint) = refused(text.as_bytes());
        assert!(message.ends_with("rows of numbers and no line that names the columns"), "{message}");
        assert!(hint.contains("time_s,voltage_v,current_a"), "{hint}");
    }
}

#[test]
fn a_table_of_cycles_is_no_time_series() {
    for text in [
        "Cycle_Index,Start_Time,End_Time,Test_Time (s),Min_Current (A),Max_Current (A),Min_Voltage (V),Max_Voltage (V),Charge_Capacity (Ah),Discharge_Capacity (Ah),Charge_Energy (Wh),Discharge_Energy (Wh)\n1.0,,,12923.4,-0.674,1.124,2.699,4.2,0.604,1.292,2.5,4.758\n2.0,,,29533.2,-0.674,1.141,2.699,4.2,1.291,1.295,5.184,4.781\n",
        "Cycle;Date;Charge Capacity (Ah);Discharge Capacity (Ah);Coulombic Efficiency (%)\n1;2024-05-13;1.0;0.9;90\n",
        "Cycle,Date and Time,Charge Energy (Wh),Discharge Energy (Wh)\n1,2024-05-13 10:00,1.0,0.9\n",
    ] {
        let (message, hint) = refused(text.as_bytes());
        assert!(message.contains("a table with one row a cycle: `Cycle"), "{message}");
        assert!(hint.contains("time series"), "{hint}");
    }
}

#[test]
fn logs_texts_and_random_bytes_are_refused() {
    let random: Vec<u8> = (0_u32..4000)
        .map(|index| u8::try_from(index.wrapping_mul(2_654_435_761).rotate_left(13) & 0xff).unwrap())
        .collect();
    let (message, _) = refused(&random);
    assert!(message.contains("binary data"), "{message}");
    let log = b"2024-05-13 10:00:00 INFO started, voltage ok\n2024-05-13 10:00:01 WARN current, limit\n";
    let (message, _) = refused(log);
    assert!(message.contains("expected a header line with a time and a voltage"), "{message}");
    let (message, _) = refused(b"name,town,colour\nana,porto,red\nben,graz,blue\n");
    assert!(message.ends_with("`name`, `town`, `colour`"), "{message}");
    let (message, _) = refused(b"project_name,seq_num,template,cutoff_voltage,time at upper voltage,charge_rate,discharge_rate,chamber temperature (C),cell type,nominal capacity (Ah),Cell IDs\ncell,17,TRY.sdu,4.1,hold until 0.3C,1,1,25,,,\n");
    assert!(message.contains("`cutoff_voltage`"), "{message}");
    let (message, _) = refused(b",Test_ID,Device_ID,IV_Ch_ID,First_Start_DateTime,Resumed_Times,Schedule_File_Name\n0,144,60369369,32,1494377253,0,x.sdu\n");
    assert!(message.contains("`Test_ID`"), "{message}");
}

#[test]
fn words_under_a_good_header_are_no_rows() {
    let error = read_bytes(b"time_s,voltage_V,current_A\nlater,high,strong\nnever,low,weak\n").unwrap_err();
    assert_eq!(error.to_string(), "line 1: expected rows of numbers under the header line, got none");
}

#[test]
fn a_limit_is_kept() {
    let error = read_within([b'1'; 100].as_slice(), ReadLimits { max_bytes: 10, ..ReadLimits::default() })
        .unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert_eq!(error.to_string(), "expected at most 10 bytes of battery recording, got more");
}
