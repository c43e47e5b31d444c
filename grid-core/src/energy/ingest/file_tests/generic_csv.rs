//! Any delimited text.

use jiff::civil::date;

use super::*;
use crate::time::Resolution;

#[test]
fn a_german_export_in_latin_1_is_read() {
    // The layout of an Austrian grid operator's export: ends, a quality beside each value, a delimiter at the end.
    let text = "Messzeitpunkt;Verbrauch (kWh);Qualit\u{e4}t;Restnetzbezug (kWh);Qualit\u{e4}t EG;\r\n\
        01.01.2026 00:15;0,063000;L1;;;\r\n01.01.2026 00:30;;;;;\r\n01.01.2026 00:45;1,5;L3;;;\r\n";
    let latin_1: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let stated = Options { stamp: Some(StampConvention::End), ..in_zone("Europe/Vienna") };
    let found = read(&latin_1, &stated);
    let batch = &found.batches[0];
    assert_eq!(batch.channel, Channel::Consumption);
    let expected = [
        ("2025-12-31T23:00:00Z", Some(63_000)),
        ("2025-12-31T23:15:00Z", None),
        ("2025-12-31T23:30:00Z", Some(1_500_000)),
    ];
    assert_eq!(values(batch), expected.map(|(start, mwh)| (start.to_owned(), mwh)));
    assert_eq!(batch.readings[2].quality(), Quality::Estimated);
    said(&found, "Windows-1252");
    said(&found, "`Restnetzbezug (kWh)`");
    said(&found, "as stated");
}

#[test]
fn a_column_for_each_meter_and_units_are_read() {
    let text = "\u{feff}timestamp,Casa 1 consumo (Wh),Casa 2 consumo (Wh)\n\
        2026-01-01T00:00:00Z,250,1\n2026-01-01T01:00:00Z,0,\n";
    let found = read(text, &options());
    assert_eq!(found.batches.len(), 2);
    assert_eq!(found.batches[0].device.as_deref(), Some("Casa 1"));
    assert_eq!(values(&found.batches[0])[0].1, Some(250_000));
    assert_eq!(found.batches[1].readings[1].quality(), Quality::Missing);
    let by_name = "time stamp|AT001|AT002\n2026-01-01 00:00 +01:00|0.5|1\n2026-01-01 00:15 +01:00|0.25|2\n";
    let stated = Options { channel: Some(Channel::Generation), ..Options::new(Layout::Community) };
    let found = read(by_name, &stated);
    assert_eq!(
        (found.batches[1].device.as_deref(), found.batches[1].channel),
        (Some("AT002"), Channel::Generation)
    );
    assert!(refused(by_name, &Options::new(Layout::Community)).2.contains("channel"));
}

#[test]
fn a_channel_in_the_row_is_read_in_any_language() {
    let text = "medidor;sentido;inicio;fin;energia (MWh);estado\n\
        a;Importaci\u{f3}n;01/01/2026 00:00;01/01/2026 00:15;0,001;Real\n\
        a;Generaci\u{f3}n;13/01/2026 00:00;13/01/2026 00:15;0,002;Estimada\n";
    let found = read(text, &in_zone("America/Bogota"));
    assert_eq!(found.batches[0].channel, Channel::Import);
    assert_eq!(values(&found.batches[0]), [("2026-01-01T05:00:00Z".to_owned(), Some(1_000_000))]);
    assert_eq!(found.batches[1].readings[0].quality(), Quality::Estimated);
}

#[test]
fn a_local_time_needs_a_zone_and_a_stamp_in_the_gap_is_refused() {
    let text = "Datum,Verbrauch kWh\n2026-03-29 01:45,1\n2026-03-29 02:15,1\n2026-03-29 03:00,1\n";
    assert!(refused(text, &options()).2.contains("zone"));
    let (line, column, message) = refused(text, &in_zone("Europe/Berlin"));
    assert_eq!((line, column), (Some(3), Some(1)));
    assert!(message.contains("the clock skipped"), "{message}");
    let utc = text.replace("Datum", "Datum UTC").replace("03:00", "02:45");
    assert_eq!(read(&utc, &in_zone("Europe/Berlin")).batches[0].readings.len(), 3);
}

#[test]
fn a_date_that_fits_both_orders_is_settled_by_the_file_or_refused() {
    let one_day = "date,time,consumption kWh\n03/04/2026,00:00,1\n03/04/2026,12:00,1\n";
    let (line, _, message) = refused(one_day, &in_zone("Europe/Madrid"));
    assert_eq!(line, Some(2));
    assert!(message.contains("2026-04-03 or 2026-03-04"), "{message}");
    let stated = Options { date_order: Some(DateOrder::MonthFirst), ..in_zone("Europe/Madrid") };
    assert_eq!(values(&read(one_day, &stated).batches[0])[0].0, "2026-03-03T23:00:00Z");
    // Two days: only with the month first do they follow each other.
    let two_days = format!("{one_day}03/05/2026,00:00,1\n");
    let found = read(&two_days, &in_zone("Europe/Madrid"));
    assert_eq!(values(&found.batches[0])[2].0, "2026-03-04T23:00:00Z");
    said(&found, "the month comes first");
    let contradiction = format!("{one_day}13/04/2026,00:00,1\n04/13/2026,00:00,1\n");
    assert_eq!(refused(&contradiction, &in_zone("Europe/Madrid")).0, Some(5));
}

#[test]
fn the_end_is_proved_by_whole_days_and_else_assumed_to_be_the_start() {
    let mut text = "fecha y hora;consumo_kWh\n".to_owned();
    for hour in 1..=24 {
        add(&mut text, format_args!("01/02/2026 {:02}:00;0,5\n", hour % 24));
    }
    // The last row belongs to the next day.
    let text = text
        .replace("01/02/2026 00:00", "02/02/2026 00:00")
        .replace("02/2026", "13/2026")
        .replace("13/2026", "12/2026");
    let stated = Options { date_order: Some(DateOrder::DayFirst), ..in_zone("Europe/Madrid") };
    let found = read(&text, &stated);
    assert_eq!(values(&found.batches[0])[0].0, "2026-11-30T23:00:00Z");
    said(&found, "fill whole days");
    let short = "fecha y hora;consumo_kWh\n2026-02-01 05:00;0,5\n2026-02-01 06:00;0,5\n";
    said(&read(short, &in_zone("Europe/Madrid")), "taken as the start");
}

#[test]
fn days_and_months_are_those_of_the_calendar() {
    let days = "Date;Consommation (kWh)\n2026-03-28;1\n2026-03-29;1\n2026-03-30;1\n";
    let found = read(days, &in_zone("Europe/Paris"));
    let hours: Vec<u64> =
        found.batches[0].readings.iter().map(|r| r.interval().duration().as_secs() / 3600).collect();
    assert_eq!(hours, [24, 23, 24]);
    let months = "Mese data;Energia prelevata kWh\n2026-01-01;1\n2026-02-01;1\n2026-03-01;1\n";
    let found = read(months, &in_zone("Europe/Rome"));
    assert_eq!(found.batches[0].readings[1].interval().duration().as_secs(), 28 * 86_400);
}

#[test]
fn uneven_rows_truncated_rows_and_split_decimals_are_named() {
    let uneven = "time stamp,import kWh\n2026-01-01T00:00Z,1\n2026-01-01T00:15Z,1\n2026-01-01T00:30Z,1\n2026-01-01T00:37Z,1\n";
    assert_eq!(refused(uneven, &options()).0, Some(5));
    let cut = "timestamp;consumption kWh;generation kWh\n2026-01-01T00:00Z;1;2\n2026-01-01T00:15Z;1\n";
    assert_eq!(refused(cut, &options()).0, Some(3));
    let split = "timestamp,consumption kWh\n2026-01-01T00:00Z,0,25\n2026-01-01T00:15Z,0,25\n";
    assert!(refused(split, &options()).2.contains("decimal comma"));
    let word = "timestamp,consumption kWh\n2026-01-01T00:00Z,five\n";
    assert_eq!((refused(word, &options()).0, refused(word, &options()).1), (Some(2), Some(2)));
}

#[test]
fn at_most_twenty_faults_are_told_and_reading_stops() {
    let text = format!("timestamp,consumption kWh\n{}", "2026-01-01T00:00Z,x\n".repeat(1000));
    assert_eq!(read_any(text.as_bytes(), "file", &options()).unwrap_err(), {
        let Err(Error::Rejected { file, faults }) = read_any(text.as_bytes(), "file", &options()) else {
            panic!()
        };
        assert_eq!(faults.len(), 20);
        Error::Rejected { file, faults }
    });
}

#[test]
fn the_same_row_twice_is_one_reading_and_a_contradiction_is_refused_with_both_places() {
    let text = "timestamp,consumption kWh\n2026-01-01T00:00Z,1\n2026-01-01T00:15Z,1\n2026-01-01T00:15Z,1\n";
    assert_eq!(read(text, &options()).batches[0].readings.len(), 2);
    let (line, column, message) =
        refused(text.replace("00:15Z,1\n2026-01-01T00:15Z,1", "00:15Z,1\n2026-01-01T00:15Z,2"), &options());
    assert_eq!((line, column), (Some(4), Some(2)));
    assert!(message.contains("line 3"), "{message}");
}

#[test]
fn what_stands_before_the_header_is_left_out() {
    let text = "Kunde: Muster\n\nVertrag;4711\nVon;Bis;Wert (kWh)\n01.01.2026 00:00;01.01.2026 00:15;0,25\n";
    let stated = Options { channel: Some(Channel::Import), ..in_zone("Europe/Berlin") };
    let found = read(text, &stated);
    said(&found, "the header is line 4");
    assert_eq!(found.batches[0].readings.len(), 1);
}

#[test]
fn a_span_of_time_and_an_end_in_the_repeated_hour_are_read() {
    let text = "Datum;Zeit;Einspeisung kWh\n\
        25.10.2026;01:30 - 02:00;1\n25.10.2026;02:00 - 02:30;2\n25.10.2026;02:30 - 02:00;3\n\
        25.10.2026;02:00 - 02:30;4\n25.10.2026;02:30 - 03:00;5\n25.10.2026;23:30 - 00:00;6\n";
    let found = read(text, &in_zone("Europe/Berlin"));
    let readings = &found.batches[0].readings;
    assert!(readings.iter().all(|reading| reading.interval().duration().as_secs() == 1800), "{readings:?}");
    assert_eq!(readings[4].interval().start().to_string(), "2026-10-25T01:30:00Z");
}

#[test]
fn a_repeated_hour_that_is_there_once_is_the_first_and_told() {
    let text = "fecha y hora;consumo kWh\n2026-10-25 01:00;1\n2026-10-25 02:00;2\n2026-10-25 03:00;3\n";
    let found = read(text, &in_zone("Europe/Madrid"));
    let starts = ["2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"];
    assert!(values(&found.batches[0]).iter().map(|(start, _)| start).eq(&starts));
    said(&found, "was there twice and has one row");
    let twice = text.replace("02:00;2", "02:00;2\n2026-10-25 02:00;4");
    assert!(!read(&twice, &in_zone("Europe/Madrid")).evidence.iter().any(|line| line.contains("twice")));
}

/// The rows of a file and how they are written.
#[derive(Clone, Debug)]
struct Written {
    delimiter: char,
    mark: char,
    dates: &'static str,
    ends: bool,
    crlf: bool,
}

fn written() -> impl Strategy<Value = Written> {
    let dates = prop::sample::select(vec![
        "%Y-%m-%d %H:%M",
        "%d/%m/%Y %H:%M",
        "%m/%d/%Y %H:%M",
        "%d.%m.%Y %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S%:z",
    ]);
    (
        prop::sample::select(vec![',', ';', '\t', '|']),
        prop::sample::select(vec!['.', ',']),
        dates,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(delimiter, mark, dates, ends, crlf)| Written { delimiter, mark, dates, ends, crlf })
}

proptest! {
    /// Whole local days, with those of 92 and 100 quarter-hours, written in every way and read back.
    #[test]
    fn the_same_readings_come_back_whatever_the_writing(
        written in written(),
        day in prop::sample::select(vec![date(2026, 3, 29), date(2026, 10, 25), date(2026, 7, 14), date(2026, 1, 31)]),
        zone in prop::sample::select(vec!["Europe/Madrid", "Europe/Vienna", "America/Bogota"]),
        seed in prop::collection::vec(prop::option::weighted(0.9, 0..5_000_000_i64), 100),
    ) {
        let calendar = Calendar::new(zone).unwrap();
        let slots = calendar.slots(calendar.day(day).unwrap(), Resolution::QUARTER_HOUR).unwrap();
        prop_assume!(seed.iter().take(slots.len()).any(|mwh| mwh.is_some_and(|mwh| mwh < 1_000_000)));
        let d = written.delimiter;
        let line_end = if written.crlf { "\r\n" } else { "\n" };
        let mut text = format!("Fecha y hora{d}consumo (kWh){line_end}");
        let mut expected = Vec::new();
        for (slot, mwh) in slots.iter().zip(&seed) {
            let stamp = if written.ends { slot.end() } else { slot.start() };
            let stamp = stamp.to_zoned(calendar.zone().clone()).strftime(written.dates).to_string();
            let number = mwh.map_or_else(String::new, |mwh| Energy::from_mwh(mwh).to_kwh_string().replace('.', &written.mark.to_string()));
            let number = if d == ',' && written.mark == ',' { format!("\"{number}\"") } else { number };
            add(&mut text, format_args!("{stamp}{d}{number}{line_end}"));
            expected.push((slot.start().to_string(), *mwh));
        }
        let found = read_any(text.as_bytes(), "file", &in_zone(zone)).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(values(&found.batches[0]), expected);
    }
}
