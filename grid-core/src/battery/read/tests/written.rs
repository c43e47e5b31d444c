//! One recording in any layout gives the same numbers.

use proptest::prelude::*;

use super::read_bytes;
use super::synthetic::{File, Is, Moment, rows, same_numbers};

/// How a text becomes bytes.
#[derive(Clone, Copy, Debug)]
enum Encoding {
    Utf8,
    Utf8Mark,
    Latin1,
    Utf16Little,
    Utf16Big,
}

fn encoded(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf8Mark => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        Encoding::Latin1 => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        Encoding::Utf16Little => {
            [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        }
        Encoding::Utf16Big => {
            [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn layout_delimiter_mark_encoding_unit_and_order_do_not_change_the_numbers(
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
        comma in any::<bool>(),
        quoted in any::<bool>(),
        encoding in prop::sample::select(vec![
            Encoding::Utf8, Encoding::Utf8Mark, Encoding::Latin1, Encoding::Utf16Little, Encoding::Utf16Big,
        ]),
        end in prop::sample::select(vec!["\n", "\r\n"]),
        trailing in any::<bool>(),
        time in prop::sample::select(vec![
            ("Test Time (s)", Is::Time(1.0)), ("Zeit [min]", Is::Time(60.0)), ("Test_Time(h)", Is::Time(3600.0)),
            ("time_ms", Is::Time(1e-3)), ("Total Time", Is::Hms), ("TestTime", Is::DayHms),
            ("Date and Time", Is::Clock(Moment::Iso)), ("Zeitstempel", Is::Clock(Moment::German)),
            ("Unix Time / s", Is::Clock(Moment::Unix(1.0))), ("DPT Time", Is::Clock(Moment::American12)),
        ]),
        voltage in prop::sample::select(vec![
            ("Voltage (V)", Is::Volt(1.0)), ("Spannung [mV]", Is::Volt(1e-3)), ("Ecell/V", Is::Volt(1.0)),
            ("voltage_volt", Is::Volt(1.0)), ("Voltage#V", Is::Volt(1.0)),
        ]),
        current in prop::sample::select(vec![
            ("Current (A)", Is::Ampere(1.0)), ("Strom [mA]", Is::Ampere(1e-3)), ("I/mA", Is::Ampere(1e-3)),
            ("Current(µA)", Is::Ampere(1e-6)), ("current_ampere", Is::Ampere(1.0)),
            ("Current / A", Is::DischargeAmpere(1.0)),
        ]),
        capacity in prop::sample::select(vec![
            [("Charge Capacity (Ah)", Is::ChargeAh(1.0)), ("Discharge Capacity (Ah)", Is::DischargeAh(1.0))],
            [("Chg. Cap.(mAh)", Is::StepChargeAh(1e-3)), ("DChg. Cap.(mAh)", Is::StepDischargeAh(1e-3))],
            [("Q charge/mA.h", Is::StepChargeAh(1e-3)), ("Q discharge/mA.h", Is::StepDischargeAh(1e-3))],
            [("Charge Capacity (As)", Is::ChargeAh(1.0 / 3600.0)), ("Discharge Capacity (As)", Is::DischargeAh(1.0 / 3600.0))],
        ]),
        temperature in prop::sample::select(vec![("Temperature (°C)", Is::Celsius), ("T1[degC]", Is::Celsius)]),
        turn in 0_usize..8,
        above in 0_usize..30,
    ) {
        // A decimal comma between commas is one only in quotes, and a clock with a comma needs them too.
        prop_assume!(!comma || delimiter != ',' || quoted);
        let mut columns = vec![
            time, voltage, current, capacity[0], capacity[1], temperature,
            ("Cycle Index", Is::Cycle), ("Step Index", Is::Step),
        ];
        columns.rotate_left(turn);
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let header = names.join(&delimiter.to_string());
        let preamble: String = (0..above).map(|line| format!("remark {line}{end}")).collect();
        let file = File { preamble: &preamble, header: &header, delimiter, columns: &columns, comma, end, ..File::default() };
        let joined = |cells: Vec<String>| {
            let cells: Vec<String> =
                if quoted { cells.into_iter().map(|cell| format!("\"{cell}\"")).collect() } else { cells };
            cells.join(&delimiter.to_string())
        };
        let mut text = format!("{preamble}{}{end}", joined(names.iter().map(|name| (*name).to_owned()).collect()));
        for row in rows() {
            text.push_str(&joined(file.cells(&row)));
            if trailing {
                text.push(delimiter);
            }
            text.push_str(end);
        }
        let recording = read_bytes(&encoded(&text, encoding)).unwrap();
        same_numbers(&recording);
        prop_assert!(recording.temperature_c.is_some());
        prop_assert!(recording.cycle_index.is_some() && recording.step_index.is_some());
    }
}
