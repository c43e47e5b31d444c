//! The Austrian sheet.

use super::*;
use crate::time::Resolution;
use jiff::civil::date;

const ABOVE: &str = "Hinweis zum Report\r\n\
    MeteringpointID;AT01;MM;AT01;MM;AT01;MM;AT02;MM;AT02;MM;TOTAL\r\n\
    Name;Ana;;Ana;;Ana;;Bauer;;Bauer;;\r\n\
    Energy direction;CONSUMPTION;;CONSUMPTION;;CONSUMPTION;;GENERATION;;GENERATION;;CONSUMPTION\r\n\
    Period start;01.06.2026 00:00:00;;;;;;;;;;\r\n\
    Metercode;Gesamtverbrauch lt. Messung [KWH];;Anteil gemeinschaftliche Erzeugung [KWH];;Eigendeckung gemeinschaftliche Erzeugung [KWH];;\
    Gesamte gemeinschaftliche Erzeugung [KWH];;Gesamt/\u{dc}berschusserzeugung [KWH];;Gesamtverbrauch [KWH]\r\n\
    Spaltensumme;1;;1;;1;;1;;1;;1\r\n";

#[test]
fn the_table_has_what_was_computed_and_the_readings_what_was_metered() {
    let text = format!(
        "{ABOVE}01.06.2026 00:00:00;0,25;L1;0,5;L1;0,25;L1;0,5;L1;0,25;L2;0,25\r\n01.06.2026 00:15:00;;;0,1;L3;;;0,1;L1;0,1;L1;\r\n"
    );
    let table = read_eda(text.as_bytes(), "file", &options()).unwrap();
    assert_eq!((table.intervals.len(), table.columns.len()), (2, 5));
    assert_eq!(table.intervals[0].start().to_string(), "2026-05-31T22:00:00Z");
    let codes: Vec<&str> = table.columns.iter().map(|column| column.code.as_str()).collect();
    assert_eq!(codes, ["G.01", "G.02", "G.03", "G.01", "P.01"]);
    let surplus = table.column("AT02", MeteringCode::P01).unwrap();
    assert_eq!(surplus.energies, [Some(Energy::from_mwh(250_000)), Some(Energy::from_mwh(100_000))]);
    assert_eq!((surplus.qualities[0], surplus.name.as_str()), (Quality::Substituted, "Bauer"));
    assert!(table.evidence.iter().any(|line| line.contains("TOTAL")));
    let found = read(&text, &options());
    assert_eq!(found.format, Format::Eda);
    let batches: Vec<_> =
        found.batches.iter().map(|batch| (batch.device.as_deref().unwrap(), batch.channel)).collect();
    assert_eq!(batches, [("AT01", Channel::Consumption), ("AT02", Channel::Generation)]);
    assert_eq!(found.batches[0].readings[1].quality(), Quality::Missing);
}

#[test]
fn codes_are_known_by_their_numbers_and_a_part_stands_in_for_an_empty_whole() {
    let text = "MeteringPointId,AT01,AT01\nEnergy Direction,CONSUMPTION,CONSUMPTION\nMeterCode,1-1:1.9.0 G.01,1-1:1.9.0 G.01T\n\
        2026-06-01 00:00,,0.5\n2026-06-01 00:15,,0.25\n";
    let found = read(text, &options());
    assert_eq!(values(&found.batches[0])[0].1, Some(500_000));
    said(&found, "G.01T");
}

#[test]
fn days_of_92_and_100_quarter_hours_keep_all_their_rows() {
    let vienna = Calendar::new("Europe/Vienna").unwrap();
    for (day, rows) in [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)] {
        let slots = vienna.slots(vienna.day(day).unwrap(), Resolution::QUARTER_HOUR).unwrap();
        let mut text = "MeteringpointID;AT01\nEnergy direction;CONSUMPTION\nMetercode;G.01\n".to_owned();
        for (slot, at) in slots.iter().zip(0..) {
            let local =
                slot.start().to_zoned(vienna.zone().clone()).strftime("%d.%m.%Y %H:%M:%S").to_string();
            add(&mut text, format_args!("{local};0,{at:03}\n"));
        }
        let found = read(&text, &options());
        let expected: Vec<_> =
            slots.iter().zip(0..).map(|(slot, at)| (slot.start().to_string(), Some(at * 1000))).collect();
        assert_eq!(expected.len(), rows);
        assert_eq!(values(&found.batches[0]), expected);
    }
}

#[test]
fn faults_of_the_sheet_are_named() {
    let sheet = "MeteringpointID;AT01\nEnergy direction;CONSUMPTION\nMetercode;G.01\n01.06.2026 00:00;0,25\n";
    assert_eq!(refused(sheet.replace("CONSUMPTION", "SIDEWAYS"), &options()).0, Some(4));
    assert!(refused(sheet.replace("G.01", "X.99"), &options()).2.contains("metering code"));
    assert_eq!(refused(sheet.replace("0,25", "x"), &options()).1, Some(2));
    assert_eq!(refused(format!("{sheet}01.06.2026 00:15\n"), &options()).0, Some(5));
    assert_eq!(refused(format!("{sheet}the end;1\n"), &options()).0, Some(5));
    assert_eq!(refused(format!("{sheet}01.06.2026 00:00;0,5\n"), &options()).0, Some(5));
    assert_eq!(read(format!("{sheet}01.06.2026 00:00;0,25\n"), &options()).batches[0].readings.len(), 1);
    assert_eq!(
        refused(sheet.replace("0,25", "-0,25"), &options()),
        (
            Some(4),
            Some(2),
            "line 4, column 2, `G.01`: expected an energy of zero or more, got `-0.25 kWh`".to_owned()
        )
    );
    assert_eq!(refused(sheet.replace("00:00", "00:07"), &options()).0, Some(4));
}
