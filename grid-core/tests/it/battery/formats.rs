//! Real files: which layout each is, and the same file written with other delimiters, marks and encodings.

use std::path::{Path, PathBuf};

use grid_core::battery::{self, Recording};

use crate::shared_data;

/// Parts of paths, and the format of the files that have them; the first that fits counts.
const FORMATS: [(&str, &str); 47] = [
    ("arbin", "arbin"),
    ("diffcapanalyzer/CS2_33", "arbin"),
    ("diffcapanalyzer/example_data", "maccor"),
    ("batteryarchive/", "battery_archive"),
    ("batterydata/p492-13-raw", "nrel"),
    ("battery-data-standard/basytec", "basytec"),
    ("battery-data-standard/biologic", "biologic"),
    ("battery-data-standard/landt", "landt"),
    ("battery-data-standard/maccor", "maccor"),
    ("battery-data-standard/neware", "neware"),
    ("battery-data-standard/novonix", "novonix"),
    ("battery-data-standard/pec", "pec"),
    ("battery-data-standard/repower", "repower"),
    (".bdf.csv", "bdf"),
    (".bdf.parquet", "bdf"),
    ("bdf/SINTEF_Landt_head6000.csv", "landt"),
    ("beep/2017-05-09", "arbin"),
    ("beep/FastCharge", "arbin"),
    ("beep/BEEPDatapath_maccor", "maccor"),
    ("beep/PredictionDiagnostics", "maccor"),
    ("beep/xTESLADIAG", "maccor"),
    ("beep/biologic", "biologic"),
    ("beep/neware", "neware"),
    ("beep/test_Nova", "novonix"),
    ("basytec", "basytec"),
    ("biologic", "biologic"),
    ("novonix", "novonix"),
    ("neware", "neware"),
    ("maccor", "maccor"),
    ("pec_", "pec"),
    ("batmo", "battmo"),
    ("custom_data", "cellpy"),
    ("Test25205", "pec"),
    ("nw_regular", "neware"),
    ("interp-test", "neware"),
    ("Enphase", "enphase"),
    ("SMA_", "sma"),
    ("powerwall", "tesla"),
    ("tesla", "tesla"),
    ("e3dc", "e3dc"),
    ("eclab", "biologic"),
    ("homeassistant", "home_assistant"),
    ("nasa_pcoe", "nasa_pcoe"),
    ("student", "generic"),
    ("victron", "victron_vrm"),
    ("Sample_data_biologic", "biologic"),
    ("Landt", "landt"),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn named(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/")
}

#[test]
fn every_real_file_is_recognised_and_says_why() {
    let Some(folder) = shared_data::folder("battery") else { return };
    let mut known = 0;
    for path in files(&folder) {
        let Ok(recording) = battery::read_path(&path) else { continue };
        let name = named(&folder, &path);
        let format = FORMATS.iter().find(|(part, _)| name.contains(part)).map(|(_, format)| *format);
        assert_eq!(format, Some(recording.format.as_str()), "{name}: {:#?}", recording.evidence);
        for evidence in &recording.evidence {
            assert!((0.0..=1.0).contains(&evidence.confidence), "{name}: {evidence}");
        }
        for what in ["format", "column", "sign"] {
            assert!(recording.evidence.iter().any(|evidence| evidence.what == what), "{name}: no {what}");
        }
        println!("{name}");
        for evidence in &recording.evidence {
            println!("    {evidence}");
        }
        known += 1;
    }
    assert!(known > 50, "{known} files");
}

/// The text with semicolons for its delimiter, decimal commas, `\r\n`, as UTF-16.
fn rewritten(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)).ok()?;
    if text.contains(['"', ';']) {
        return None;
    }
    let count = |mark: char| text.matches(mark).count();
    // A tab may stand before the dates of a comma file.
    let delimiter = if count('\t') > count(',') { '\t' } else { ',' };
    let is_number =
        |cell: &str| cell.trim().parse::<f64>().is_ok() && cell.bytes().any(|byte| byte.is_ascii_digit());
    let mut out = vec![0xFF, 0xFE];
    for line in text.lines() {
        let cells: Vec<String> = line
            .split(delimiter)
            .map(|cell| if is_number(cell) { cell.replace('.', ",") } else { cell.to_owned() })
            .collect();
        let line = format!("{}\r\n", cells.join(";"));
        out.extend(line.encode_utf16().flat_map(u16::to_le_bytes));
    }
    Some(out)
}

fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

#[test]
fn a_real_file_with_other_delimiters_marks_ends_and_encoding_gives_the_same_numbers() {
    let Some(folder) = shared_data::folder("battery") else { return };
    let mut compared = 0;
    for path in files(&folder) {
        let bytes = std::fs::read(&path).unwrap();
        let (Ok(before), Some(other)) = (battery::read_bytes(&bytes), rewritten(&bytes)) else { continue };
        let name = named(&folder, &path);
        // Home Assistant's history has one layout; the fixture of BioLogic mixes points and commas itself.
        if name.contains("homeassistant") || name.contains("gcpl.mpt") || name.contains("neware_nested") {
            continue;
        }
        let after = battery::read_bytes(&other).unwrap_or_else(|error| panic!("{name}: {error}"));
        let columns = |recording: &Recording| {
            [recording.time_s.clone(), recording.voltage_v.clone(), recording.current_a.clone()]
        };
        for (before, after) in columns(&before).iter().zip(columns(&after)) {
            assert!(same(before, &after), "{name}: {:#?}", after.iter().take(5).collect::<Vec<_>>());
        }
        assert_eq!(before.cycle_index, after.cycle_index, "{name}");
        assert_eq!(before.step_index, after.step_index, "{name}");
        let capacities = |recording: &Recording| -> Vec<f64> {
            recording
                .cycles()
                .iter()
                .flat_map(|cycle| [cycle.charge_capacity_ah, cycle.discharge_capacity_ah])
                .collect()
        };
        assert!(same(&capacities(&before), &capacities(&after)), "{name}");
        compared += 1;
    }
    println!("{compared} files compared");
    assert!(compared > 30, "{compared} files");
}
