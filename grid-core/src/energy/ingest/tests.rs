//! What is read and what is refused, with the places that the refusal names.

use super::*;
use crate::{error::Failure, quantity::Energy, series::Quality};
use proptest::prelude::*;

const HEADER: &str = "device,channel,start,end,energy_kwh,quality\n";
const GOOD: &str = "a,import,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,0.25,measured\n";
const OBJECT: &str = r#"{"device":"a","channel":"import","start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:15:00Z","energy_kwh":"0.1"}"#;

fn community(text: impl AsRef<[u8]>) -> Result<Vec<Batch>, Error> {
    read_csv(text.as_ref(), "file.csv", Layout::Community)
}

/// The line, the column and the message of the first fault.
fn refused(text: impl AsRef<[u8]>) -> (Option<u64>, Option<u64>, String) {
    let error = community(text).unwrap_err();
    let Error::Rejected { faults, .. } = &error else { panic!("{error:?}") };
    assert_eq!(error.places().len(), faults.len());
    assert!(error.to_string().contains("`file.csv`"), "{error}");
    (faults[0].line, faults[0].column, faults[0].to_string())
}

#[test]
fn rows_are_gathered_by_device_and_channel() {
    let text = format!(
        "{HEADER}{GOOD}b,export,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,,missing\na,import,2026-01-01T01:15:00+01:00,2026-01-01T00:30:00Z,1e-1,estimated\n"
    );
    let batches = community(text).unwrap();
    assert_eq!(batches.len(), 2);
    assert_eq!(batches[0].device.as_deref(), Some("a"));
    assert_eq!(batches[0].readings[1].energy(), Some(Energy::from_mwh(100_000)));
    assert_eq!(batches[0].readings[1].quality(), Quality::Estimated);
    assert_eq!((batches[1].channel, batches[1].readings[0].energy()), (Channel::Export, None));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read() {
    let text = format!("\u{feff}{HEADER}{GOOD}").replace('\n', "\r\n");
    assert_eq!(community(text).unwrap()[0].readings.len(), 1);
}

#[test]
fn an_empty_file_and_a_lone_header_are_refused() {
    assert!(refused("").2.contains("an empty file"));
    assert!(refused(HEADER).2.contains("at least one reading"));
}

#[test]
fn a_wrong_delimiter_is_named() {
    let (line, column, message) = refused(HEADER.replace(',', ";"));
    assert_eq!((line, column), (Some(1), Some(1)));
    assert!(message.contains("separated by commas"), "{message}");
}

#[test]
fn a_decimal_comma_is_named_quoted_or_not() {
    let (line, column, message) = refused(format!("{HEADER}{}", GOOD.replace("0.25", "\"0,25\"")));
    assert_eq!((line, column), (Some(2), Some(5)));
    assert!(message.contains("with a point") && message.contains("`0,25`"), "{message}");
    let (line, _, message) = refused(format!("{HEADER}{GOOD}{}", GOOD.replace("0.25", "0,25")));
    assert_eq!(line, Some(3));
    assert!(message.contains("decimal comma"), "{message}");
}

#[test]
fn latin_1_is_named_with_its_column() {
    let mut text = format!("{HEADER}{GOOD}").into_bytes();
    let at = text.len() - GOOD.len();
    text[at] = 0xf1; // ñ in Latin-1
    let (line, column, message) = refused(text);
    assert_eq!((line, column), (Some(2), Some(1)));
    assert!(message.contains("UTF-8"), "{message}");
}

#[test]
fn numbers_that_are_no_energy_are_refused() {
    for wrong in ["NaN", "inf", "-0.1", "1e30", "0x1", "five", "2000000000"] {
        let (line, column, message) = refused(format!("{HEADER}{}", GOOD.replace("0.25", wrong)));
        assert_eq!((line, column), (Some(2), Some(5)), "{wrong}: {message}");
    }
}

#[test]
fn an_interval_that_ends_before_it_starts_is_refused() {
    let (line, column, message) = refused(format!("{HEADER}{}", GOOD.replace("00:15:00Z", "00:00:00Z")));
    assert_eq!((line, column), (Some(2), Some(4)), "{message}");
}

#[test]
fn a_time_without_an_offset_is_refused() {
    let (_, column, message) = refused(format!("{HEADER}{}", GOOD.replace("00:15:00Z", "00:15:00")));
    assert_eq!(column, Some(4));
    assert!(message.contains("offset"), "{message}");
}

#[test]
fn missing_without_saying_so_and_a_value_called_missing_are_refused() {
    for wrong in
        [GOOD.replace("0.25", ""), GOOD.replace("0.25,measured", ","), GOOD.replace("measured", "missing")]
    {
        let (line, column, _) = refused(format!("{HEADER}{wrong}"));
        assert_eq!((line, column), (Some(2), Some(5)), "{wrong}");
    }
}

#[test]
fn a_duplicate_a_strange_and_an_absent_column_are_named() {
    let (line, column, message) = refused(HEADER.replace("quality", "device"));
    assert_eq!((line, column), (Some(1), Some(6)));
    assert!(message.contains("twice"), "{message}");
    assert!(refused(HEADER.replace("quality", "colour")).2.contains("`colour`"));
    assert!(refused(HEADER.replace("start,", "")).2.contains("a column `start`"));
}

#[test]
fn a_truncated_last_line_is_refused() {
    let text = format!("{HEADER}{GOOD}{}", &GOOD[..40]);
    assert_eq!(refused(text).0, Some(3));
}

#[test]
fn rubbish_without_lines_is_refused_early() {
    let (_, _, message) = refused(vec![b'x'; 1 << 20]);
    assert!(message.contains("no file of readings"), "{message}");
}

#[test]
fn a_hundred_megabytes_of_rubbish_are_refused_by_the_first_of_it() {
    // A source that counts what is taken from it: without an end of a line, and with nothing but ends.
    struct Counted<'a>(std::io::Take<std::io::Repeat>, &'a std::cell::Cell<usize>);
    impl Read for Counted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.read(buffer)?;
            self.1.set(self.1.get() + count);
            Ok(count)
        }
    }
    const ALL: u64 = 100 << 20;
    for byte in [b'x', 0, 0xff, b','] {
        let taken = std::cell::Cell::new(0);
        let header = HEADER.as_bytes();
        let source = header.chain(Counted(std::io::repeat(byte).take(ALL), &taken));
        let error = read_csv(source, "file.csv", Layout::Community).unwrap_err();
        assert!(error.to_string().contains("`file.csv`"), "{error}");
        assert!(error.places()[0].line == Some(2), "{error:?}");
        assert!(taken.get() < 1 << 20, "{byte}: read on for {} bytes", taken.get());
    }
}

#[test]
fn at_most_twenty_faults_are_told() {
    let error = community(format!("{HEADER}{}", GOOD.replace("0.25", "x").repeat(1000))).unwrap_err();
    assert_eq!(error.places().len(), 20);
}

#[test]
fn the_same_row_twice_is_one_reading_and_a_contradiction_is_refused() {
    assert_eq!(community(format!("{HEADER}{GOOD}{GOOD}")).unwrap()[0].readings.len(), 1);
    let (line, _, message) = refused(format!("{HEADER}{GOOD}{}", GOOD.replace("0.25", "0.26")));
    assert_eq!(line, Some(3));
    assert!(message.contains("line 2"), "{message}");
    let overlap = GOOD.replace("00:00:00Z", "00:10:00Z");
    assert!(refused(format!("{HEADER}{GOOD}{overlap}")).2.contains("do not overlap"));
}

#[test]
fn two_members_for_one_device_are_refused_and_none_beside_one_is_not() {
    let text = "device,member,channel,start,end,energy_kwh\n\
        a,,import,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,0.25\n\
        a,Ana,import,2026-01-01T00:15:00Z,2026-01-01T00:30:00Z,0.25\n\
        a,,export,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,0.25\n";
    let batches = community(text).unwrap();
    assert_eq!((batches.len(), batches[0].member.as_deref()), (2, Some("Ana")));
    let at_once = "device,member,channel,start,end,energy_kwh\n\
        a,Ana,import,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,0.25\n\
        a,Luis,export,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,0.25\n";
    assert_eq!(refused(at_once).0, Some(3));
    let other_register = "a,Luis,export,2026-01-01T00:15:00Z,2026-01-01T00:30:00Z,0.25\n";
    let same_register = "a,Luis,import,2026-01-01T00:30:00Z,2026-01-01T00:45:00Z,0.25\n";
    for wrong in [other_register, same_register] {
        let (line, column, message) = refused(format!("{text}{wrong}"));
        assert_eq!((line, column), (Some(5), Some(2)), "{message}");
        assert!(message.contains("`Ana`") && message.contains("`Luis`"), "{message}");
    }
}

#[test]
fn more_than_six_decimals_are_rounded_half_to_even() {
    for (text, mwh) in
        [("0.1234565", 123_456), ("0.1234575", 123_458), ("0.12345650001", 123_457), ("1e-20", 0)]
    {
        let batches = community(format!("{HEADER}{}", GOOD.replace("0.25", text))).unwrap();
        assert_eq!(batches[0].readings[0].energy(), Some(Energy::from_mwh(mwh)), "{text}");
    }
}

#[test]
fn a_file_of_one_device_needs_no_device_and_refuses_one() {
    let text = "start,end,energy_kwh\n2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,0.25\n";
    let layout = Layout::Device { channel: Some(Channel::Generation) };
    let batches = read_csv(text.as_bytes(), "file.csv", layout).unwrap();
    assert_eq!((batches[0].device.as_deref(), batches[0].channel), (None, Channel::Generation));
    assert!(read_csv(text.as_bytes(), "file.csv", Layout::Device { channel: None }).is_err());
    assert!(read_csv(format!("{HEADER}{GOOD}").as_bytes(), "file.csv", layout).is_err());
}

#[test]
fn json_takes_one_or_a_list_and_points_at_faults() {
    let one = r#"{"channel":"import","start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:15:00Z","energy_kwh":0.1}"#;
    let layout = Layout::Device { channel: None };
    let batches = read_json(one.as_bytes(), "body", layout).unwrap();
    assert_eq!(batches[0].readings[0].energy(), Some(Energy::from_mwh(100_000)));
    let wrong = format!("[{one},{}]", one.replace("0.1", "\"0,1\"").replace("00:15", "00:20"));
    let error = read_json(wrong.as_bytes(), "body", layout).unwrap_err();
    assert_eq!(error.places()[0].pointer.as_deref(), Some("/1/energy_kwh"));
    for text in ["", "{", "[1]", "null", "{\"channel\":1}", "[{}]"] {
        let error = read_json(text.as_bytes(), "body", layout).unwrap_err();
        assert!(error.places()[0].line.is_some(), "{text}");
    }
}

#[test]
fn a_json_list_is_read_no_further_than_the_twentieth_fault() {
    /// Gives the same text again and again, and says when more of it was wanted than two buffers hold.
    struct Endless<'a>(&'a [u8], usize);
    impl Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let rest = &self.0[self.1 % self.0.len()..];
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            self.1 += length;
            assert!(self.1 < 512 * 1024, "read on and on");
            Ok(length)
        }
    }
    let one = r#"{"channel":"import","start":"x","end":"y","energy_kwh":0.1},"#;
    let source = b"\xef\xbb\xbf [".chain(Endless(one.as_bytes(), 0));
    let error = read_json(source, "body", Layout::Device { channel: None }).unwrap_err();
    assert_eq!(error.places().len(), 20);
    assert_eq!(error.places()[19].pointer.as_deref(), Some("/19/start"));
}

#[test]
fn a_json_document_that_breaks_off_is_refused_with_what_came_before() {
    let one = r#"{"channel":"import","start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:15:00Z","energy_kwh":"x"}"#;
    let layout = Layout::Device { channel: None };
    for rest in ["", ",", ",{", "] []", ",{\"colour\":1}]"] {
        let places = read_json(format!("[{one}{rest}").as_bytes(), "body", layout).unwrap_err().places();
        assert_eq!(places.len(), 2, "{rest}");
        assert_eq!(places[0].pointer.as_deref(), Some("/0/energy_kwh"));
        assert_eq!(places[1].line, Some(1));
    }
}

#[test]
fn a_table_is_refused_by_the_rules_of_the_files_with_row_and_column() {
    let at = |minute: i64| jiff::Timestamp::from_second(60 * minute).unwrap();
    let row = |minute: i64, energy_kwh| TableRow {
        device: "a",
        member: "",
        channel: "import",
        start: at(minute),
        end: at(minute + 15),
        energy_kwh,
        quality: "",
    };
    let table = |rows: &[TableRow<'_>]| from_rows(rows.iter().copied(), "table", Layout::Community);
    let good =
        [row(15, Amount::Text("0.1234575")), row(0, Amount::Kwh(f64::NAN)), row(30, Amount::Kwh(1e-20))];
    let readings = &table(&good).unwrap()[0].readings;
    let energies: Vec<_> = readings.iter().map(|reading| reading.energy().map(Energy::as_mwh)).collect();
    assert_eq!(energies, [None, Some(123_458), Some(0)]);
    assert_eq!(readings[0].quality(), Quality::Missing);
    let first = row(0, Amount::Kwh(0.25));
    for (wrong, pointer, message) in [
        (row(0, Amount::Kwh(0.26)), "/1", "row 1: expected one value for a reading"),
        (row(5, Amount::Kwh(0.25)), "/1", "row 1: expected readings that do not overlap"),
        (
            row(15, Amount::Kwh(-1.0)),
            "/1/energy_kwh",
            "row 1, `energy_kwh`: expected an energy of zero or more",
        ),
        (row(15, Amount::Kwh(f64::INFINITY)), "/1/energy_kwh", "`inf`"),
        (row(15, Amount::Text("0,1")), "/1/energy_kwh", "`0,1`"),
        (TableRow { end: at(15), ..row(15, Amount::Missing) }, "/1/end", "an end after the start"),
        (TableRow { channel: "horses", ..first }, "/1/channel", "`horses`"),
        (TableRow { device: " ", ..first }, "/1/device", "nothing"),
        (TableRow { quality: "missing", ..row(15, Amount::Kwh(0.1)) }, "/1/energy_kwh", "exactly where"),
    ] {
        let error = table(&[first, wrong]).unwrap_err();
        assert_eq!(error.places()[0].pointer.as_deref(), Some(pointer), "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
    assert!(table(&[]).is_err());
}

#[test]
fn line_delimited_json_names_the_line() {
    let batches = read_ndjson(
        format!("{OBJECT}\n\n{}\n", OBJECT.replace("\"a\"", "\"b\"")).as_bytes(),
        "body",
        Layout::Community,
    );
    assert_eq!(batches.unwrap().len(), 2);
    let error = read_ndjson(format!("{OBJECT}\n{{\n").as_bytes(), "body", Layout::Community).unwrap_err();
    assert_eq!(error.places()[0].line, Some(2));
}

/// A source that breaks off after its text.
struct Cut<'a>(&'a [u8]);

impl Read for Cut<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::ErrorKind::ConnectionReset.into()),
            count => Ok(count),
        }
    }
}

#[test]
fn a_source_that_fails_is_told_with_the_last_whole_line() {
    let whole = format!("[\n{OBJECT},\n{OBJECT}\n]\n");
    // Cut in a value, between two, and after the whole document; the last two are read through a reader's buffer.
    let half = &whole[..OBJECT.len() / 2 + 2];
    let [long, long_whole] = [half, &whole].map(|text| format!("{}{text}", "\n".repeat(100_000)));
    for (text, line) in [
        (half, 1),
        (whole.as_str(), 4),
        (whole.trim_end(), 3),
        (&whole[..whole.len() - 2], 3),
        (long.as_str(), 100_001),
        (long_whole.as_str(), 100_004),
    ] {
        let error = read_json(Cut(text.as_bytes()), "body", Layout::Community).unwrap_err();
        let Error::Unreadable { line: told, reason, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*told, *reason), (line, std::io::ErrorKind::ConnectionReset), "{} bytes", text.len());
    }
    let lines = format!("{OBJECT}\n{OBJECT}\n{}", &OBJECT[..20]);
    let error = read_ndjson(Cut(lines.as_bytes()), "body", Layout::Community).unwrap_err();
    assert!(matches!(error, Error::Unreadable { line: 2, .. }), "{error:?}");
    let error = read_csv(Cut(format!("{HEADER}{GOOD}").as_bytes()), "body", Layout::Community).unwrap_err();
    assert!(matches!(error, Error::Unreadable { line: 2, .. }), "{error:?}");
}

#[test]
fn a_list_of_faults_that_breaks_off_is_refused_for_its_faults() {
    let wrong = OBJECT.replace("0.1", "a lot");
    let text = format!("[{}", vec![wrong.as_str(); 20].join(","));
    let error = read_json(Cut(text.as_bytes()), "body", Layout::Community).unwrap_err();
    assert_eq!(error.places().len(), 20, "{error:?}");
    assert_eq!(error.places()[19].pointer.as_deref(), Some("/19/energy_kwh"));
}

#[test]
fn a_document_of_any_length_is_read() {
    // Around the length up to which one is read at once, with a mark at its beginning and without.
    for length in (65_534..=65_538).chain([131_072]) {
        for mark in ["", "\u{feff}"] {
            let text = format!("{mark}[{OBJECT}]");
            let text = text.clone() + &" ".repeat(length - text.len());
            let batches = read_json(text.as_bytes(), "body", Layout::Community).unwrap();
            assert_eq!(batches[0].readings.len(), 1, "{length}");
            let error = read_json(format!("{text}!").as_bytes(), "body", Layout::Community).unwrap_err();
            assert_eq!(error.places()[0].column, Some(u64::try_from(text.len() - mark.len()).unwrap() + 1));
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), header in any::<bool>()) {
        let mut text = if header { HEADER.as_bytes().to_vec() } else { Vec::new() };
        text.extend(bytes);
        let _ = community(&text);
        let _ = read_json(text.as_slice(), "body", Layout::Community);
        let _ = read_ndjson(text.as_slice(), "body", Layout::Community);
    }
}
