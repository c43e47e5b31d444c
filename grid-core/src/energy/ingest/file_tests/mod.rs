//! Small files in the layouts that vendors write, made by hand, and what is read from them.

mod colombia;
mod datadis;
mod eda;
mod generic_csv;
mod green_button;

use proptest::prelude::*;

use super::*;
use crate::{energy::Error, quantity::Energy, series::Quality, time::Calendar};

fn options() -> Options {
    Options { device: Some("house".to_owned()), ..Options::new(Layout::Community) }
}

fn in_zone(zone: &str) -> Options {
    Options { calendar: Some(Calendar::new(zone).unwrap()), ..options() }
}

fn read(text: impl AsRef<[u8]>, options: &Options) -> Ingested {
    read_any(text.as_ref(), "file", options).unwrap()
}

/// The first fault: its line, its column and its message.
fn refused(text: impl AsRef<[u8]>, options: &Options) -> (Option<u64>, Option<u64>, String) {
    let error = read_any(text.as_ref(), "file", options).unwrap_err();
    let Error::Rejected { faults, .. } = &error else { panic!("{error:?}") };
    (faults[0].line, faults[0].column, faults[0].to_string())
}

/// The start and the milliwatt-hours of each reading.
fn values(batch: &Batch) -> Vec<(String, Option<i64>)> {
    let value =
        |reading: &Reading| (reading.interval().start().to_string(), reading.energy().map(Energy::as_mwh));
    batch.readings.iter().map(value).collect()
}

/// Adds to a file that is being written.
fn add(text: &mut String, more: std::fmt::Arguments<'_>) {
    std::fmt::Write::write_fmt(text, more).unwrap();
}

fn said(ingested: &Ingested, text: &str) {
    assert!(
        ingested.evidence.iter().any(|line| line.contains(text)),
        "{text} is not in {:#?}",
        ingested.evidence
    );
}

#[test]
fn our_own_formats_are_found_out_as_well() {
    let csv =
        "device,channel,start,end,energy_kwh\na,import,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,0.25\n";
    let json = r#"{"device":"a","channel":"import","start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:15:00Z","energy_kwh":0.25}"#;
    let cases = [
        (csv.to_owned(), Format::Long),
        (format!("[{json}]"), Format::Json),
        (format!("{json}\n{json}\n"), Format::Lines),
    ];
    let mut batches = Vec::new();
    for (text, format) in cases {
        let found = read(&text, &options());
        assert_eq!(found.format, format);
        batches.push(found.batches);
    }
    assert!(batches.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn what_is_no_file_of_readings_is_named() {
    for (head, name) in [
        (&b"PK\x03\x04..."[..], "save the sheet as CSV"),
        (b"", "an empty file"),
        (b"\xff\xfea\0", "UTF-16"),
        (b"<html></html>", "XML"),
        (b"hello\nworld\n", "header"),
        (b"%PDF-1.7", "PDF"),
    ] {
        assert!(refused(head, &options()).2.contains(name), "{name}");
    }
}

#[test]
fn a_file_of_one_device_has_one_meter() {
    let text = "meter,start,end,kWh\na,2026-01-01T00:00Z,2026-01-01T00:15Z,1\n";
    let device = Options { channel: Some(Channel::Import), ..Options::new(Layout::Device { channel: None }) };
    assert_eq!(read(text, &device).batches[0].device, None);
    let two = format!("{text}b,2026-01-01T00:00Z,2026-01-01T00:15Z,1\n");
    assert_eq!(refused(&two, &device).0, Some(3));
    let community = Options { layout: Layout::Community, ..device };
    assert_eq!(read(&two, &community).batches.len(), 2);
}

const HEADS: [&str; 6] = [
    "start,end,kWh\n",
    "Datum;Zeit;Verbrauch (kWh)\n",
    "cups;fecha;hora;consumo_kWh\n",
    "MeteringpointID;AT1\nEnergy direction;CONSUMPTION\nMetercode;G.01\n01.01.2026 00:00;1\n",
    "fecha,frontera,H1,H2,H3,H4,H5,H6,H7,H8,H9,H10,H11,H12,H13,H14,H15,H16,H17,H18,H19,H20,H21,H22,H23,H24\n",
    "<feed xmlns='http://naesb.org/espi'><entry><IntervalBlock><IntervalReading>",
];

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(
        head in prop::sample::select(HEADS.to_vec()),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        with_head: bool,
        format in prop::sample::select(Format::ALL.to_vec()),
    ) {
        let mut text = if with_head { head.as_bytes().to_vec() } else { Vec::new() };
        text.extend(bytes);
        let _ = detect(&text);
        let _ = read_any(text.as_slice(), "file", &in_zone("Europe/Madrid"));
        let _ = read_any(text.as_slice(), "file", &Options { format: Some(format), ..options() });
        let _ = read_eda(text.as_slice(), "file", &options());
    }

    #[test]
    fn rows_that_nearly_fit_are_read_or_refused(
        head in prop::sample::select(HEADS.to_vec()),
        rows in prop::collection::vec("([0-9]{1,4}[-/. ;,:<>a-zA-Z]{1,2}){0,8}", 0..8),
    ) {
        let text = format!("{head}{}", rows.join("\n"));
        let _ = read_any(text.as_bytes(), "file", &in_zone("Europe/Madrid"));
    }
}
