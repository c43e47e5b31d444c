//! Rows of 24 hours.

use super::*;

fn header(prefix: &str, delimiter: &str) -> String {
    (1..=24).fold(String::new(), |text, hour| text + delimiter + prefix + &hour.to_string())
}

#[test]
fn imports_and_exports_are_read_by_the_hour() {
    let mut text = format!("Fecha;Frontera;Tipo{}\n", header("H", ";"));
    for kind in ["Importaci\u{f3}n", "Exportaci\u{f3}n", "Reactiva inductiva"] {
        add(&mut text, format_args!("29/03/2026;Frt001;{kind}{};\n", ";0,5;1,25".repeat(12)));
    }
    let text = text.replace(";\n", ";;\n").replace(";;\n", "\n");
    let found = read(&text, &Options::new(Layout::Community));
    assert_eq!(found.format, Format::Colombia);
    let channels: Vec<_> =
        found.batches.iter().map(|batch| (batch.device.as_deref(), batch.channel)).collect();
    assert_eq!(channels, [(Some("Frt001"), Channel::Import), (Some("Frt001"), Channel::Export)]);
    let values = values(&found.batches[0]);
    assert_eq!(values[0], ("2026-03-29T05:00:00Z".to_owned(), Some(500_000)));
    assert_eq!(values[23], ("2026-03-30T04:00:00Z".to_owned(), Some(1_250_000)));
    said(&found, "1 rows of reactive energy");
    said(&found, "America/Bogota");
}

#[test]
fn the_names_of_the_hours_vary_and_empty_cells_are_missing() {
    for prefix in ["H", "Hora ", "HORA_0", "Periodo ", "Values_Hour", "", "P"] {
        let text =
            format!("fecha,codigo{}\n2026-01-01,F1,,{}\n", header(prefix, ","), vec!["0.5"; 23].join(","));
        let stated = Options { channel: Some(Channel::Import), ..options() };
        // Three digits are no hour.
        let text = text.replace("HORA_010", "HORA_10").replace("HORA_01,", "HORA_1,");
        let text = (10..=24)
            .fold(text, |text, hour| text.replace(&format!("HORA_0{hour}"), &format!("HORA_{hour}")));
        let found = read(&text, &stated);
        assert_eq!(found.format, Format::Colombia, "{prefix}");
        assert_eq!(found.batches[0].readings[0].quality(), Quality::Missing);
        assert_eq!(found.batches[0].readings.len(), 24);
    }
}

#[test]
fn a_word_a_missing_type_and_a_short_row_are_named() {
    let head = format!("fecha;frontera;tipo{}\n", header("H", ";"));
    let hours = ";0,5".repeat(24);
    assert_eq!(refused(format!("{head}2026-01-01;F1;horses{hours}\n"), &options()).1, Some(3));
    assert!(refused(format!("{head}2026-01-01;F1;{hours}\n"), &options()).2.contains("channel"));
    assert_eq!(refused(format!("{head}2026-01-01;F1;I;0,5\n"), &options()).0, Some(2));
    let (line, column, _) =
        refused(format!("{head}2026-01-01;F1;I{}\n", hours.replacen("0,5", "x", 1)), &options());
    assert_eq!((line, column), (Some(2), Some(4)));
    let (_, column, message) =
        refused(format!("{head}2026-01-01;F1;I{}\n", hours.replacen("0,5", "-1", 1)), &options());
    assert_eq!(column, Some(4), "{message}");
    // Twice the same row is one; another value is a contradiction with a place.
    let row = format!("2026-01-01;F1;E{hours}\n");
    assert_eq!(read(format!("{head}{row}{row}"), &options()).batches[0].readings.len(), 24);
    let (line, column, _) = refused(format!("{head}{row}{}", row.replacen("0,5", "0,6", 1)), &options());
    assert_eq!((line, column), (Some(3), Some(4)));
}
