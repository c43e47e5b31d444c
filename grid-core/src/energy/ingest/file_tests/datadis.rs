//! Spanish hourly files.

use super::*;

const HEADER: &str = "cups;fecha;hora;consumo_kWh;metodoObtencion\n";

fn day(date: &str, hours: &[u8], label: impl Fn(u8) -> String) -> String {
    let rows =
        hours.iter().zip(0..).map(|(hour, at)| format!("ES0031;{date};{};0,{at:03};Real\n", label(*hour)));
    rows.collect()
}

fn clock(hour: u8) -> String {
    format!("{hour:02}:00")
}

/// The hours since the first one, which is the start of the day.
fn hours(found: &Ingested) -> Vec<i64> {
    let readings = &found.batches[0].readings;
    let first = readings[0].interval().start().as_second();
    readings.iter().map(|reading| (reading.interval().start().as_second() - first) / 3600).collect()
}

fn up_to(last: u8) -> Vec<u8> {
    (1..=last).collect()
}

#[test]
fn a_plain_day_has_24_hours_and_the_label_is_the_end() {
    let text = format!("{HEADER}{}", day("2026/01/01", &up_to(24), clock));
    let found = read(&text, &Options::new(Layout::Community));
    assert_eq!((found.format, found.batches[0].device.as_deref()), (Format::Datadis, Some("ES0031")));
    assert_eq!(found.batches[0].channel, Channel::Import);
    assert_eq!(values(&found.batches[0])[0], ("2025-12-31T23:00:00Z".to_owned(), Some(0)));
    assert_eq!(values(&found.batches[0])[23], ("2026-01-01T22:00:00Z".to_owned(), Some(23_000)));
    said(&found, "Europe/Madrid");
}

#[test]
fn numbered_through_the_days_have_23_and_25_hours() {
    for (date, last) in [("29/03/2026", 23), ("25/10/2026", 25)] {
        let text = format!("{HEADER}{}", day(date, &up_to(last), |hour| hour.to_string()));
        let found = read(&text, &options());
        assert_eq!(hours(&found), (0..i64::from(last)).collect::<Vec<_>>());
        said(&found, "numbered through");
    }
}

#[test]
fn as_the_clock_shows_one_hour_is_left_out_or_comes_twice() {
    // Datadis, base 1 to 24: in autumn 03:00 twice, in spring 03:00 never.
    let mut autumn = up_to(24);
    autumn.insert(2, 3);
    let spring: Vec<u8> = up_to(24).into_iter().filter(|hour| *hour != 3).collect();
    for (date, labels, last) in [("2026/10/25", autumn, 25), ("2026/03/29", spring, 23)] {
        let found = read(format!("{HEADER}{}", day(date, &labels, clock)), &options());
        assert_eq!(hours(&found), (0..last).collect::<Vec<_>>());
        said(&found, "the clock shows");
        // The values are in the order of the rows.
        assert!(values(&found.batches[0]).iter().zip(0..).all(|((_, mwh), at)| *mwh == Some(at * 1000)));
    }
}

#[test]
fn a_day_that_does_not_show_its_numbering_is_refused_unless_it_is_stated() {
    let text = format!("{HEADER}{}", day("2026/10/25", &up_to(24), clock));
    let (line, _, message) = refused(&text, &options());
    assert_eq!(line, Some(2));
    assert!(message.contains("numbered through"), "{message}");
    let stated = Options { hours: Some(HourLabels::Ordinal), ..options() };
    assert_eq!(hours(&read(&text, &stated)), (0..24).collect::<Vec<_>>());
    let stated = Options { hours: Some(HourLabels::Clock), ..options() };
    assert_eq!(hours(&read(&text, &stated))[3], 4);
    // Another day of the file shows it.
    let spring: Vec<u8> = up_to(24).into_iter().filter(|hour| *hour != 3).collect();
    let both = format!("{text}{}", day("2026/03/29", &spring, clock));
    assert_eq!(read(&both, &options()).batches[0].readings.len(), 47);
}

#[test]
fn an_hour_that_the_day_did_not_have_is_refused() {
    let (line, _, message) =
        refused(format!("{HEADER}{}", day("2026/01/01", &up_to(25), |hour| hour.to_string())), &options());
    assert_eq!(line, Some(26));
    assert!(message.contains("hour 25"), "{message}");
    let gap = format!("{HEADER}{}", day("2026/03/29", &up_to(24), clock));
    assert_eq!(refused(gap, &options()).0, Some(4));
    assert!(refused(format!("{HEADER}ES1;2026/01/01;26:00;1,5;R\n"), &options()).2.contains("hora"));
}

#[test]
fn surplus_columns_and_methods_are_read_and_computed_ones_left_out() {
    let text = "\u{feff}CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion;Energia_vertida_kWh;Energia_generada_kWh;Energia_autoconsumida_kWh\r\n\
        ES1;2026/06/01;01:00;0,5;R;0,25;1;0,7\r\nES1;2026/06/01;02:00;;E;0,75;;0,1\r\nES1;2026/06/01;24:00;0,1;Estimada;0;0;0\r\n";
    let found = read(text, &options());
    let channels: Vec<Channel> = found.batches.iter().map(|batch| batch.channel).collect();
    assert_eq!(channels, [Channel::Import, Channel::Export, Channel::Generation]);
    assert_eq!(found.batches[0].readings[1].quality(), Quality::Missing);
    assert_eq!(found.batches[1].readings[1].quality(), Quality::Estimated);
    said(&found, "Energia_autoconsumida_kWh");
    let distributor = "CUPS;Fecha;Hora;AE_kWh;AS_KWh;AE_AUTOCONS_kWh;REAL/ESTIMADO\nES1;01/06/2026;1;0,063;1;0;R\nES1;01/06/2026;24;0,063;;0;E\n";
    let found = read(distributor, &options());
    assert_eq!((found.batches.len(), found.batches[1].channel), (2, Channel::Export));
    assert_eq!(found.batches[0].readings[1].quality(), Quality::Estimated);
}

#[test]
fn hours_from_zero_and_truncated_files_are_told_apart() {
    let text = format!("{HEADER}{}", day("2026/01/01", &(0..24).collect::<Vec<_>>(), clock));
    let found = read(&text, &options());
    assert_eq!(values(&found.batches[0])[0].0, "2025-12-31T23:00:00Z");
    said(&found, "from 0");
    let cut = format!("{HEADER}ES0031;2026/01/01;01:00;0,5;Real\nES0031;2026/01/01;02:00");
    assert_eq!(refused(cut, &options()).0, Some(3));
    let quarter_hours = "CUPS;Fecha;Hora;consumo_kWh\nES1;2026/01/01;00:00;0,5\nES1;2026/01/01;00:15;0,5\n";
    assert_eq!(read(quarter_hours, &in_zone("Europe/Madrid")).format, Format::GenericCsv);
}
