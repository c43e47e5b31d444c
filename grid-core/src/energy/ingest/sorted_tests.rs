//! A file in pieces is read like one that is held, whatever is wrong with it, and memory never has more of it than it should.

use std::{
    fmt::Write as _,
    io::{Cursor, ErrorKind, Seek, SeekFrom, Write},
};

use super::*;
use crate::error::{Failure, Kind};
use proptest::prelude::*;

/// Rows of a file: device, channel, hour, how many it lasts, energy, and whether the row cannot be read.
type Row = (u8, Channel, i64, i64, Option<u16>, bool);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let channel = prop::sample::select(vec![Channel::Import, Channel::Export]);
    // Some are longer, and some cannot be read.
    let length = prop_oneof![60 => Just(1_i64), 1 => 2..5_i64];
    let bad = prop::bool::weighted(0.01);
    let row = (0..3_u8, channel, 0..200_i64, length, prop::option::weighted(0.9, 0..2_u16), bad);
    prop_oneof![
        prop::collection::vec(row.clone(), 0..80),
        // One row of each hour, as a meter would write them, and some of them twice.
        prop::collection::vec(row, 0..80).prop_map(|mut rows| {
            rows.sort_by_key(|row| (row.0, row.1, row.2));
            rows.dedup_by_key(|row| (row.0, row.1, row.2));
            let again: Vec<Row> = rows.iter().step_by(9).copied().collect();
            rows.into_iter().chain(again).collect()
        }),
    ]
}

fn text(format: Format, rows: &[Row]) -> String {
    let mut text = match format {
        Format::Long => "device,channel,start,end,energy_kwh\n".to_owned(),
        Format::Json => "[".to_owned(),
        _ => String::new(),
    };
    for (at, (device, channel, hour, length, mwh, bad)) in rows.iter().enumerate() {
        let time = |hour: i64| Timestamp::from_second(1_767_225_600 + 3600 * hour).unwrap();
        let (start, end) = (time(*hour), time(hour + length));
        let energy = mwh.map_or("", |mwh| if mwh == 0 { "0.5" } else { "0.000001" });
        let quality = if mwh.is_some() { "measured" } else { "missing" };
        let channel = if *bad { "sideways" } else { channel.as_str() };
        if format == Format::Long {
            writeln!(text, "d{device},{channel},{start},{end},{energy},{quality}").unwrap();
            continue;
        }
        if format == Format::Json && at > 0 {
            text.push(',');
        }
        writeln!(
            text,
            r#"{{"device":"d{device}","channel":"{channel}","start":"{start}","end":"{end}","energy_kwh":"{energy}","quality":"{quality}"}}"#
        )
        .unwrap();
    }
    match format {
        Format::Long => text.replacen("energy_kwh\n", "energy_kwh,quality\n", 1),
        Format::Json => text + "]",
        _ => text,
    }
}

fn options(format: Format) -> Options {
    Options { format: Some(format), ..Options::new(Layout::Community) }
}

#[expect(clippy::unnecessary_wraps, reason = "a file may fail")]
fn memory() -> std::io::Result<Box<dyn Scratch>> {
    Ok(Box::new(Cursor::new(Vec::new())))
}

fn sorted(text: &str, options: &Options, held: usize) -> Result<Sorted, Error> {
    read_sorted(text.as_bytes(), "file", options, held, memory).map(|read| read.batches)
}

/// A file of so many hours of a meter.
fn hours(count: i64) -> String {
    let rows: Vec<Row> = (0..count).map(|hour| (0, Channel::Import, hour, 1, Some(0), false)).collect();
    text(Format::Long, &rows)
}

proptest! {
    #[test]
    fn any_number_of_pieces_gives_what_one_gives(
        rows in rows(),
        held in 1..90_usize,
        format in prop::sample::select(vec![Format::Long, Format::Json, Format::Lines]),
    ) {
        let (text, options) = (text(format, &rows), options(format));
        let whole = read_any(text.as_bytes(), "file", &options).map(|read| read.batches);
        let pieces = sorted(&text, &options, held);
        if let Ok(pieces) = &pieces {
            prop_assert_eq!(pieces.is_held(), rows.len() <= held);
            let in_memory = Sorted::from(whole.clone().unwrap());
            prop_assert_eq!(pieces.registers(), in_memory.registers());
            let (mut last, mut count) = (None, 0);
            for portion in pieces.portions() {
                let portion = portion.unwrap();
                prop_assert!(pieces.is_held() || portion.readings.len() <= held);
                prop_assert!(last <= Some(portion.register));
                last = Some(portion.register);
                count += portion.readings.len();
            }
            // They can be read as often as a transaction is tried.
            let again: usize = pieces.portions().map(|portion| portion.unwrap().readings.len()).sum();
            prop_assert_eq!(count, again);
        }
        prop_assert_eq!(pieces.and_then(Sorted::into_batches), whole);
    }
}

#[test]
fn a_file_that_is_long_enough_to_wait_names_both_lines_of_a_contradiction() {
    let text = hours(100) + "d0,import,2026-01-01T05:00:00Z,2026-01-01T06:00:00Z,9,\n";
    let error = sorted(&text, &options(Format::Long), 10).unwrap_err();
    let Error::Rejected { faults, .. } = &error else { panic!("{error:?}") };
    assert_eq!((faults.len(), faults[0].line), (1, Some(102)));
    assert!(faults[0].got.contains("line 7"), "{error}");
}

#[test]
fn readings_to_the_nanosecond_come_back_as_they_were_before_1970_too() {
    let text = "channel,start,end,energy_kwh\n\
        import,1969-12-31T23:59:59.123456789Z,1970-01-01T00:00:00.000000001Z,0.25\n\
        import,1970-01-01T00:00:00.000000001Z,1970-01-01T00:00:01Z,0\n";
    let options = Options::new(Layout::Device { channel: None });
    let whole = read_any(text.as_bytes(), "file", &options).unwrap().batches;
    assert_eq!(sorted(text, &options, 1).unwrap().into_batches().unwrap(), whole);
}

#[test]
fn of_another_format_what_is_handed_on_waits_as_well() {
    let mut text = "CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion\n".to_owned();
    for hour in 1..=24 {
        writeln!(text, "ES0021000000000001AA;2026/01/05;{hour:02}:00;0,{hour};R").unwrap();
    }
    let options = Options::new(Layout::Community);
    let read = read_sorted(text.as_bytes(), "file", &options, 5, memory).unwrap();
    assert_eq!((read.format, read.batches.is_held()), (Format::Datadis, false));
    let whole = read_any(text.as_bytes(), "file", &options).unwrap();
    assert_eq!((read.evidence, read.batches.into_batches().unwrap()), (whole.evidence, whole.batches));
}

#[test]
fn a_file_with_more_readings_than_it_may_have_is_told_so_in_every_format() {
    let rows: Vec<Row> = (0..11).map(|hour| (0, Channel::Import, hour, 1, Some(0), false)).collect();
    for (format, line) in [(Format::Long, Some(12)), (Format::Json, None), (Format::Lines, Some(11))] {
        let text = text(format, &rows);
        for held in [3, 100] {
            let mut options = options(format);
            options.most_readings = 11;
            assert!(sorted(&text, &options, held).is_ok());
            options.most_readings = 10;
            let error = sorted(&text, &options, held).unwrap_err();
            assert_eq!(error, Error::FileTooLong { file: "file".to_owned(), line, most: 10 });
            assert_eq!(error.kind(), Kind::TooLarge);
        }
    }
    let calendar = crate::time::Calendar::new("Europe/Vienna").ok();
    let options = Options { most_readings: 2, calendar, ..Options::new(Layout::Community) };
    let text = "Zählpunkt;Datum;Uhrzeit;Verbrauch (kWh)\nAT01;25.01.2026;02:00;0,25\n\
        AT01;25.01.2026;03:00;0,5\nAT01;25.01.2026;04:00;0,25\n";
    let error = read_any(text.as_bytes(), "file", &options).unwrap_err();
    assert!(matches!(error, Error::FileTooLong { most: 2, .. }), "{error}");
}

#[test]
fn a_file_with_more_registers_than_little_memory_takes_is_told_where_they_are_too_many() {
    let mut text = "device,channel,start,end,energy_kwh\n".to_owned();
    for device in 0..=100_000 {
        writeln!(text, "d{device},import,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1").unwrap();
    }
    let error = sorted(&text, &options(Format::Long), 200_000).unwrap_err();
    let Error::Rejected { faults, .. } = &error else { panic!("{error}") };
    assert_eq!(
        (faults.len(), faults[0].line, faults[0].header.as_deref()),
        (1, Some(100_002), Some("device"))
    );
    assert!(error.to_string().contains("at most 100000 channels of devices"), "{error}");
    let long = "x".repeat(1025);
    let text_of_one = format!(
        "device,channel,start,end,energy_kwh\n{long},import,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,1\n"
    );
    let error = sorted(&text_of_one, &options(Format::Long), 3).unwrap_err();
    assert!(error.to_string().contains("a name of at most 1024 bytes"), "{error}");
    // Whoever holds all of a file anyway is in no need of the first limit.
    assert_eq!(read_any(text.as_bytes(), "file", &options(Format::Long)).unwrap().batches.len(), 100_001);
}

/// A file that fails when it is written, or after it was.
struct Failing {
    writes: ErrorKind,
    /// Where it ends for whoever reads it.
    kept: Option<Cursor<Vec<u8>>>,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.kept.as_mut().map_or(Err(self.writes.into()), |kept| kept.write(&bytes[..bytes.len().min(100)]))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Ok(0)
    }
}

impl Seek for Failing {
    fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_scratch_file_that_fails_is_told_and_a_full_disk_is_no_fault() {
    let (text, options) = (hours(20), options(Format::Long));
    let refused = |scratch: std::io::Result<Box<dyn Scratch>>| {
        read_sorted(text.as_bytes(), "file", &options, 5, || scratch).unwrap_err()
    };
    let full = refused(Ok(Box::new(Failing { writes: ErrorKind::StorageFull, kept: None })));
    assert_eq!(full.kind(), Kind::Unavailable);
    assert!(full.to_string().contains("no storage space"), "{full}");
    assert!(full.hint().unwrap().contains("TMPDIR"), "{full}");
    assert_eq!(refused(Err(ErrorKind::PermissionDenied.into())).kind(), Kind::Internal);
    // Nothing is made where nothing has to wait.
    let none = || Err(ErrorKind::PermissionDenied.into());
    assert!(read_sorted(text.as_bytes(), "file", &options, 20, none).unwrap().batches.is_held());

    let cut: Box<dyn Scratch> = Box::new(Failing { writes: ErrorKind::Other, kept: Some(Cursor::default()) });
    let read = read_sorted(text.as_bytes(), "file", &options, 5, || Ok(cut)).unwrap();
    let mut portions = read.batches.portions();
    let error = portions.next().unwrap().unwrap_err();
    assert!(matches!(error, Error::Unkept { reason: ErrorKind::UnexpectedEof, .. }), "{error}");
    assert!(portions.next().is_none());
}
