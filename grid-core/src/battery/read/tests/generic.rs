//! Files of no vendor: any language, unit, mark and date, the header anywhere.

use super::super::super::log::Format;
use super::read;
use super::synthetic::{File, Is, Moment, near, rows};

#[test]
fn headers_in_seven_languages() {
    for (time, voltage, current, temperature, charge, discharge) in [
        ("Time", "Voltage", "Current", "Temperature", "Charge Capacity", "Discharge Capacity"),
        ("Zeit", "Spannung", "Strom", "Temperatur", "Ladekapazität", "Entladekapazität"),
        ("Tiempo", "Tensión", "Corriente", "Temperatura", "Capacidad de carga", "Capacidad de descarga"),
        (
            "Tiempo transcurrido",
            "Voltaje",
            "Intensidad",
            "Temperatura",
            "Capacidad carga",
            "Capacidad descarga",
        ),
        ("Temps", "Tension", "Courant", "Température", "Capacité de charge", "Capacité de décharge"),
        ("Tempo", "Tensione", "Corrente", "Temperatura", "Capacità di carica", "Capacità di scarica"),
        (
            "Tempo decorrido",
            "Tensão",
            "Corrente",
            "Temperatura",
            "Capacidade de carga",
            "Capacidade de descarga",
        ),
        ("时间", "电压", "电流", "温度", "充电容量", "放电容量"),
    ] {
        for (open, close) in
            [(" (", ")"), (" [", "]"), ("(", ")"), (" / ", ""), ("/", ""), ("#", ""), ("_", "")]
        {
            let named = |name: &str, unit: &str| format!("{name}{open}{unit}{close}");
            let names = [
                named(time, "min"),
                named(voltage, "mV"),
                named(current, "mA"),
                named(temperature, "°C"),
                named(charge, "mAh"),
                named(discharge, "mAh"),
            ];
            let header = names.join(";");
            let columns = [
                (names[0].as_str(), Is::Time(60.0)),
                (names[1].as_str(), Is::Volt(1e-3)),
                (names[2].as_str(), Is::Ampere(1e-3)),
                (names[3].as_str(), Is::Celsius),
                (names[4].as_str(), Is::ChargeAh(1e-3)),
                (names[5].as_str(), Is::DischargeAh(1e-3)),
            ];
            let file = File { header: &header, delimiter: ';', columns: &columns, ..File::default() };
            let recording = file.check(Format::Generic);
            assert!(recording.temperature_c.is_some() && recording.charge_capacity_ah.is_some(), "{header}");
        }
    }
}

#[test]
fn units_on_a_second_line_in_parentheses_brackets_or_bare() {
    for units in ["min,mV,mA,degC", "(min),(mV),(mA),(°C)", "[min],[mV],[mA],[°C]"] {
        let header = "Elapsed Time,Voltage,Current,Temperature";
        let file = File {
            header,
            columns: &[
                ("Elapsed Time", Is::Time(60.0)),
                ("Voltage", Is::Volt(1e-3)),
                ("Current", Is::Ampere(1e-3)),
                ("Temperature", Is::Celsius),
            ],
            ..File::default()
        };
        let text = file.text(&rows()).replacen('\n', &format!("\n{units}\n"), 1);
        super::synthetic::check(text.as_bytes(), Format::Generic);
    }
}

#[test]
fn temperatures_in_kelvin_and_fahrenheit() {
    for (unit, cell) in [
        ("K", "298.15"),
        ("Kelvin", "298.15"),
        ("degF", "77"),
        ("°F", "77"),
        ("F", "77"),
        ("degC", "25"),
        ("C", "25"),
    ] {
        let recording = read(&format!(
            "time_s,voltage_V,current_A,Temperature ({unit})\n0,3.7,1,{cell}\n1,3.7,1,{cell}\n"
        ));
        assert!(near(recording.temperature_c.unwrap()[0], 25.0), "{unit}");
    }
}

#[test]
fn powers_in_watts_and_kilowatts() {
    for (unit, factor) in [("mW", 1e-3), ("W", 1.0), ("kW", 1e3)] {
        let recording = read(&format!(
            "Timestamp,Battery Power ({unit}),SOC (%)\n2024-05-13 10:00,5,50\n2024-05-13 10:15,-5,51\n"
        ));
        assert_eq!(recording.power_w, Some(vec![5.0 * factor, -5.0 * factor]), "{unit}");
        assert_eq!(recording.state_of_charge, Some(vec![0.50, 0.51]));
    }
}

#[test]
fn marks_of_thousands_of_every_country() {
    for (delimiter, first, second) in [
        (';', "1 234,5", "1 240,25"),
        (';', "1\u{a0}234,5", "1\u{a0}240,25"),
        (';', "1.234,5", "1.240,25"),
        (';', "1'234.5", "1'240.25"),
        (';', "1,234.5", "1,240.25"),
        ('\t', "1234.5", "1240.25"),
    ] {
        let recording = read(&format!(
            "Time [s]{delimiter}Voltage [mV]{delimiter}Current [mA]\n0{delimiter}{first}{delimiter}{first}\n1{delimiter}{second}{delimiter}{second}\n"
        ));
        assert!(near(recording.voltage_v[0], 1.2345) && near(recording.voltage_v[1], 1.240_25), "{first}");
        assert!(near(recording.current_a[0], 1.2345), "{first}");
    }
    // One byte of Latin-1 for the blank.
    let recording =
        super::read_bytes(b"Zeit [s];Spannung [mV];Strom [mA]\n0;1\xA0234,5;10\n1;1\xA0240,25;10\n").unwrap();
    assert!(near(recording.voltage_v[0], 1.2345));
}

#[test]
fn dates_of_every_form() {
    for form in [
        Moment::Iso,
        Moment::Slashed,
        Moment::American,
        Moment::AmericanMs,
        Moment::American12,
        Moment::Named12,
        Moment::German,
        Moment::Unix(1.0),
        Moment::Unix(1e-3),
        Moment::Unix(1e-6),
        Moment::Unix(1e-9),
        Moment::Excel,
        Moment::Matlab,
    ] {
        let file = File {
            header: "Date;Voltage (V);Current (A)",
            delimiter: ';',
            columns: &[
                ("Date", Is::Clock(form)),
                ("Voltage (V)", Is::Volt(1.0)),
                ("Current (A)", Is::Ampere(1.0)),
            ],
            ..File::default()
        };
        assert!(file.check(Format::Generic).started_at.is_some(), "{form:?}");
    }
    // Seconds since 1970 under a name that says only `time`.
    for part in [1.0, 1e-3] {
        let file = File {
            header: "time,voltage,current",
            columns: &[
                ("time", Is::Clock(Moment::Unix(part))),
                ("voltage", Is::Volt(1.0)),
                ("current", Is::Ampere(1.0)),
            ],
            ..File::default()
        };
        assert!(file.check(Format::Generic).started_at.is_some());
    }
}

#[test]
fn zones_behind_the_clock_or_in_the_header() {
    for (header, suffix, zone) in [
        ("Timestamp", "Z", "Z"),
        ("Timestamp", "+02:00", "+02:00"),
        ("Timestamp", " CEST", "CEST"),
        ("Timestamp", " Europe/Berlin", "Europe/Berlin"),
        ("Timestamp (UTC)", "", "Timestamp (UTC)"),
        ("Timestamp (Europe/Berlin)", "", "Timestamp (Europe/Berlin)"),
    ] {
        let recording = read(&format!(
            "{header},Voltage (V),Current (A)\n2024-05-13 10:00:00{suffix},3.7,1\n2024-05-13 10:01:00{suffix},3.8,1\n"
        ));
        assert_eq!(recording.time_s, [0.0, 60.0]);
        let found = recording.evidence.iter().find(|evidence| evidence.what == "zone").unwrap();
        assert_eq!(found.found, zone);
    }
}

#[test]
fn a_header_on_the_second_or_the_two_hundredth_line() {
    for above in [1, 199] {
        let preamble: String = (0..above).map(|line| format!("remark {line}, of the student\n")).collect();
        let recording = read(&format!("{preamble}time_s,voltage_V,current_A\n0,3.7,1\n1,3.8,1\n"));
        assert_eq!(recording.voltage_v, [3.7, 3.8]);
        let header = recording.evidence.iter().find(|evidence| evidence.what == "header").unwrap();
        assert_eq!(header.found, format!("line {}", above + 1));
    }
}

#[test]
fn what_was_not_used_is_said() {
    let recording = read("time_s,voltage_V,current_A,operator,Power (W)\n0,3.7,1,ana,3.7\n1,3.8,1,ana,3.8\n");
    let ignored: Vec<&str> = recording
        .evidence
        .iter()
        .filter(|evidence| evidence.what == "ignored")
        .map(|evidence| evidence.found.as_str())
        .collect();
    assert_eq!(ignored, ["\"operator\"", "\"Power (W)\""]);
}

#[test]
fn every_judgement_has_a_reason_and_a_confidence() {
    let recording = read("Zeit [min];Spannung [V];Strom [mA]\n0;3,70;100\n1;3,71;100\n");
    let what: Vec<&str> = recording.evidence.iter().map(|evidence| evidence.what).collect();
    for wanted in ["format", "header", "encoding", "delimiter", "decimal_mark", "column", "sign"] {
        assert!(what.contains(&wanted), "{wanted} of {what:?}");
    }
    for evidence in &recording.evidence {
        assert!((0.0..=1.0).contains(&evidence.confidence) && !evidence.why.is_empty(), "{evidence}");
    }
}
