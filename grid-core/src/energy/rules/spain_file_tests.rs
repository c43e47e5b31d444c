use super::*;
use crate::{
    error::Failure,
    quantity::{Share, largest_remainder},
};
use proptest::prelude::*;

const ANA: &str = "ES1234000000000001JN0F";
const BEN: &str = "ES1234000000000002JS0F";

fn refused(file: &str) -> String {
    read(file.as_bytes(), "f.txt").unwrap_err().to_string()
}

#[test]
fn a_mark_and_windows_lines_are_read_and_short_coefficients_too() {
    let file = format!("\u{feff}{BEN};0,5\r\n\r\n{ANA};0,500000");
    let coefficients = read(file.as_bytes(), "f.txt").unwrap();
    assert_eq!(coefficients.consumers(), [ANA, BEN]);
    let alone = read(format!("{ANA};1").as_bytes(), "f.txt").unwrap();
    assert_eq!(alone.of_hour(HourOfYear::new(1).unwrap()).next(), Some(Share::WHOLE));
}

#[test]
fn faults_name_their_line_and_column() {
    for (file, place, what) in [
        (format!("{ANA};0,5\n{BEN};0.5"), "line 2, column 2", "0.5"),
        (format!("{ANA};0,5\nES12;0,5"), "line 2, column 1", "ES12"),
        (format!("{ANA};0,5\n{BEN};7;0,5"), "line 2, column 1", "3 fields"),
        (format!("{ANA};8761;0,5"), "line 1, column 2", "8761"),
        (format!("{ANA};0;0,5"), "line 1, column 2", "`0`"),
        (format!("{ANA};1;1,000001"), "line 1, column 3", "1,000001"),
        (format!("{ANA};0,5000000"), "line 1, column 2", "0,5000000"),
        (format!("{ANA};0,5\n{ANA};0,5"), "line 2, column 1", "twice"),
        (format!("{ANA};0,5\n{BEN};0,499999"), "line 2, column 2", "0,999999"),
        (String::new(), "line 1", "an empty file"),
        ("x".repeat(100_000), "line 1", "without an end"),
    ] {
        let message = refused(&file);
        let what = what.trim_matches('`');
        assert!(message.contains(place) && message.contains(what), "{file:.60}: {message}");
    }
    let error = read(format!("{ANA};x\n{BEN};y").as_bytes(), "f.txt").unwrap_err();
    assert_eq!(error.places().iter().map(|place| place.line).collect::<Vec<_>>(), [Some(1), Some(2)]);
}

#[test]
fn an_hour_that_lacks_is_named() {
    let message = refused(&format!("{ANA};1;1,000000"));
    assert!(message.contains("none for hour 2 and 8758 more"), "{message}");
}

#[test]
fn an_hour_that_is_not_one_whole_is_named() {
    let mut file = Vec::new();
    for hour in 1..=8760 {
        let short = u32::from(hour == 523);
        writeln!(file, "{ANA};{hour};0,{:06}\n{BEN};{hour};0,400000", 600_000 - short).unwrap();
    }
    let message = refused(std::str::from_utf8(&file).unwrap());
    assert!(message.contains("line 1046, column 3, `hour 523`") && message.contains("0,999999"), "{message}");
}

#[test]
fn rubbish_is_refused_after_twenty_faults() {
    let rubbish = "a;b;c\n".repeat(1_000_000);
    let error = read(rubbish.as_bytes(), "f.txt").unwrap_err();
    assert_eq!(error.places().len(), 20);
}

#[test]
fn names_of_files_are_read_or_refused() {
    for name in [
        "",
        "2026.txt",
        "ES1234000000000001JN0FA001_26.txt",
        "ES1234000000000001JN0FA001_2026.csv",
        "ES1234000000000001JN0F_2026.txt",
        "ES1234000000000001JN0FA0é1_2026.txt",
        "é_2026.txt",
        "x/ES1234000000000001JN0FA001_2026.txt",
    ] {
        assert!(name.parse::<FileName>().is_err(), "{name}");
    }
    assert!(FileName::new("ES1234000000000001JN0FA001", 26).is_err());
}

#[test]
fn a_consumer_that_is_no_supply_point_is_not_written() {
    let coefficients = Coefficients::constant(vec![("ana".to_owned(), Share::WHOLE)]).unwrap();
    assert!(matches!(write(&coefficients, Vec::new()), Err(Error::NotASupplyPoint { .. })));
}

fn point(number: usize) -> String {
    format!("ES{number:016}AA")
}

proptest! {
    #[test]
    fn constant_files_round_trip(weights in prop::collection::vec(0..1000_u64, 1..40)) {
        prop_assume!(weights.iter().any(|&weight| weight > 0));
        let parts = largest_remainder(1_000_000, &weights).unwrap();
        let shares = parts.into_iter().enumerate().map(|(n, ppm)| (point(n), Share::from_ppm(u32::try_from(ppm).unwrap()).unwrap()));
        let coefficients = Coefficients::constant(shares.collect()).unwrap();
        let mut file = Vec::new();
        write(&coefficients, &mut file).unwrap();
        prop_assert_eq!(read(file.as_slice(), "f.txt"), Ok(coefficients));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ES0-9A-Z;,\r\n\u{feff}]{0,200}") {
        let _ = read(text.as_bytes(), "f.txt");
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(bytes.as_slice(), "f.txt");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    #[test]
    fn hourly_files_round_trip(seed in 1..1_000_000_u32, members in 1..4_usize) {
        let mut columns = vec![Vec::new(); members];
        for hour in 0..8760_u64 {
            let weights: Vec<u64> = (0..members).map(|m| (u64::from(seed) * (hour + 7) * (u64::try_from(m).unwrap() + 3)) % 997 + 1).collect();
            for (column, ppm) in columns.iter_mut().zip(largest_remainder(1_000_000, &weights).unwrap()) {
                column.push(Share::from_ppm(u32::try_from(ppm).unwrap()).unwrap());
            }
        }
        let coefficients = Coefficients::hourly(columns.into_iter().enumerate().map(|(n, column)| (point(n), column)).collect()).unwrap();
        let mut file = Vec::new();
        write(&coefficients, &mut file).unwrap();
        prop_assert_eq!(read(file.as_slice(), "f.txt"), Ok(coefficients));
    }
}
