//! What a reader finds in the documents, whatever the statement.

use proptest::prelude::*;

use super::{html, pdf, statements_csv};
use crate::{
    energy::settlement::{Amount, Kind, Language, LineKind, Statement},
    quantity::Energy,
    series::Quality,
};

const LANGUAGES: [Language; 2] = [Language::English, Language::Spanish];

fn example() -> Statement {
    serde_json::from_str(include_str!("example.json")).unwrap()
}

fn with_lines(count: usize) -> Statement {
    let mut statement = example();
    statement.lines = statement.lines.into_iter().cycle().take(count).collect();
    statement
}

/// A page as a person reads it: without markup, with plain spaces.
fn read(page: &str) -> String {
    let (_, body) = page.split_once("<body>").unwrap();
    let mut text = String::new();
    for piece in body.split('<') {
        let (_, words) = piece.split_once('>').unwrap_or(("", piece));
        text.push_str(words);
        text.push(' ');
    }
    let text = text.replace("&#39;", "'").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every text that the sheets of a document show, in the order of its bytes, from Windows-1252.
fn shown(file: &[u8]) -> String {
    let mut text = String::new();
    let mut bytes = file.iter().copied().peekable();
    let mut depth = 0;
    let mut hex: Option<String> = None;
    while let Some(byte) = bytes.next() {
        match (byte, depth) {
            (b'\\', 1..) => {
                let escaped = bytes.next().unwrap();
                if escaped.is_ascii_digit() {
                    let rest: Vec<u8> = [bytes.next().unwrap(), bytes.next().unwrap()].into();
                    let octal =
                        format!("{}{}{}", char::from(escaped), char::from(rest[0]), char::from(rest[1]));
                    text.push(char::from(u8::from_str_radix(&octal, 8).unwrap()));
                } else {
                    text.push(char::from(escaped));
                }
            }
            (b'(', _) => depth += 1,
            (b')', 1..) => {
                depth -= 1;
                text.push('\n');
            }
            (byte, 1..) => text.push(char::from(byte)),
            (b'<', 0) => hex = Some(String::new()),
            (b'>', 0) => {
                if let Some(digits) = hex.take().filter(|digits| !digits.is_empty()) {
                    for pair in digits.as_bytes().chunks(2) {
                        let pair = std::str::from_utf8(pair).unwrap();
                        text.push(u8::from_str_radix(pair, 16).map_or('?', char::from));
                    }
                    text.push('\n');
                }
            }
            (byte, 0) => {
                if let Some(digits) = &mut hex {
                    digits.push(char::from(byte));
                }
            }
            _ => {}
        }
    }
    text.replace('\u{80}', "€").replace('\u{81}', "\u{2212}").replace('\u{a0}', " ").replace('\u{85}', "…")
}

/// Checks the frame of a file (ISO 32000-1, 7.5): head, cross-references that hit their objects, trailer, end.
fn sheets(file: &[u8]) -> usize {
    let text: String = file.iter().map(|byte| char::from(*byte)).collect();
    assert!(text.starts_with("%PDF-1.7") && text.ends_with("%%EOF"));
    let (_, end) = text.rsplit_once("startxref\n").unwrap();
    let start: usize = end.lines().next().unwrap().parse().unwrap();
    let table = std::str::from_utf8(&file[start..]).unwrap();
    assert!(table.starts_with("xref\n0 "));
    let count: usize = table.lines().nth(1).unwrap()[2..].trim().parse().unwrap();
    for (number, entry) in table.lines().skip(2).take(count).enumerate().skip(1) {
        let offset: usize = entry[..10].parse().unwrap();
        assert!(file[offset..].starts_with(format!("{number} 0 obj").as_bytes()), "{number}");
    }
    assert!(table.contains("/Root 1 0 R") && table.contains("/Info 3 0 R"));
    text.matches("/Type /Page\n").count()
}

#[test]
fn both_languages_show_what_the_statement_says() {
    let statement = example();
    for (language, texts) in [
        (
            Language::English,
            [
                "Energy statement",
                "March 2026",
                "€222.34",
                "€174.81",
                "€47.53",
                "You saved €70.12",
                "1,312.400 kWh",
                "\u{2212}€2.17",
                "€0.1824",
                "2 April 2026",
                "which is €2.39 less.",
            ],
        ),
        (
            Language::Spanish,
            [
                "Liquidación de energía",
                "marzo de 2026",
                "222,34 €",
                "174,81 €",
                "47,53 €",
                "Ha ahorrado 70,12 €",
                "1.312,400 kWh",
                "\u{2212}2,17 €",
                "0,1824",
                "2 de abril de 2026",
                "es decir, 2,39 € menos.",
            ],
        ),
    ] {
        let (page, file) = (html(&statement, language), pdf(&statement, language));
        let (on_screen, on_paper) = (read(&page), shown(&file).replace('\n', " "));
        for text in texts {
            assert!(on_screen.contains(text), "{text} in {on_screen}");
            assert!(on_paper.contains(text), "{text} in {on_paper}");
        }
        for line in &statement.lines {
            assert!(on_screen.contains(line.name(language)), "{}", line.name(language));
        }
        assert!(on_screen.contains(&statement.id.to_string()));
        assert!(on_paper.contains(&statement.id.to_string()));
        assert!(on_paper.contains("99.8%") || on_paper.contains("99,8 %"), "{on_paper}");
    }
}

#[test]
fn a_name_is_a_text_and_no_markup() {
    let mut statement = example();
    statement.member.name = "<script>alert('x')</script> & \"Co\"\u{7}".to_owned();
    statement.lines[0].names.insert("es".to_owned(), "</td><img src=x onerror=y>".to_owned());
    statement.lines[0].band = Some("<b>".to_owned());
    statement.currency = "<i>".to_owned();
    let page = html(&statement, Language::Spanish);
    for markup in ["<script", "<img", "<b>", "<i>", "\u{7}"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;Co&quot;\u{fffd}"));
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    for language in LANGUAGES {
        let page = html(&example(), language);
        assert!(page.contains(&format!("<html lang=\"{language}\">")));
        for outside in ["<script", "<link", "src=", "http:", "https:", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        for head in ["scope=\"col\"", "scope=\"row\"", "scope=\"rowgroup\"", "@media print"] {
            assert!(page.contains(head), "{head}");
        }
    }
}

#[test]
fn a_correction_says_what_it_corrects_and_that_it_holds_differences() {
    let mut statement = example();
    let first = statement.id;
    statement.kind = Kind::Correction;
    statement.corrects = Some(first);
    statement.id = uuid::Uuid::from_u128(7);
    statement.energy.import_kwh = Energy::from_mwh(-2_500_000);
    statement.total = Amount::from_micros(-410_000);
    let page = html(&statement, Language::Spanish);
    let text = read(&page);
    assert!(text.contains("Liquidación rectificativa"));
    assert!(text.contains(&format!("rectifica la liquidación {first}")));
    assert!(text.contains("son diferencias"));
    assert!(text.contains("\u{2212}2,500 kWh"));
    assert!(text.contains("Diferencia a su favor 0,41 €"), "{text}");
    assert!(!page.contains("class=\"bar\""), "a bar of differences means nothing");
    assert!(shown(&pdf(&statement, Language::English)).contains(&first.to_string()));
}

#[test]
fn a_credit_is_in_the_members_favour() {
    let mut statement = example();
    statement.total = Amount::from_micros(-3_500_000);
    let text = read(&html(&statement, Language::English));
    assert!(text.contains("In your favour €3.50") && text.contains("Total \u{2212}€3.50"), "{text}");
    assert!(shown(&pdf(&statement, Language::English)).contains("\u{2212}€3.50"));
}

#[test]
fn a_currency_has_its_own_decimals() {
    let mut statement = example();
    statement.currency = "JPY".to_owned();
    statement.total = Amount::from_micros(12_345_000_000);
    assert!(read(&html(&statement, Language::English)).contains("Total JPY 12,345 "));
    statement.currency = "COP".to_owned();
    assert!(read(&html(&statement, Language::Spanish)).contains("Total 12.345,00 COP"));
}

#[test]
fn measured_and_complete_readings_need_no_remark() {
    let mut statement = example();
    assert!(read(&html(&statement, Language::English)).contains("stated rule"));
    statement.quality = Quality::Measured;
    statement.completeness = crate::quantity::Share::WHOLE;
    let text = read(&html(&statement, Language::English));
    assert!(!text.contains("stated rule") && !text.contains("Readings are known"));
}

#[test]
fn no_lines_are_said_to_be_none() {
    let statement = with_lines(0);
    assert!(read(&html(&statement, Language::English)).contains("Nothing is charged or credited."));
    let file = pdf(&statement, Language::Spanish);
    assert!(shown(&file).contains("No hay ningún cargo ni abono."));
    assert_eq!(sheets(&file), 1);
    assert_eq!(statements_csv(&[statement]).lines().count(), 1);
}

#[test]
fn many_lines_go_on_over_sheets_that_repeat_the_head() {
    let file = pdf(&with_lines(60), Language::Spanish);
    let count = sheets(&file);
    assert!(count >= 3, "{count}");
    let text = shown(&file);
    for number in 1..=count {
        assert!(text.contains(&format!("Página {number} de {count}\n")));
    }
    assert!(text.matches("Concepto\n").count() >= count - 1);
    assert_eq!(text.matches("Alquiler del contador\n").count(), 5);
}

#[test]
fn a_number_is_never_cut() {
    let mut statement = example();
    statement.currency = "COP".to_owned();
    let most = Amount::from_micros(i64::MIN);
    statement.total = most;
    statement.energy.export_kwh = Energy::from_mwh(i64::MAX);
    for line in &mut statement.lines {
        line.amount = most;
        line.base = line.base.and(Some(most));
    }
    let text = shown(&pdf(&statement, Language::English));
    let count = statement.lines.len() + 2 + 1;
    assert_eq!(text.matches("COP \u{2212}9,223,372,036,854.775808\n").count(), count, "{text}");
    assert!(text.contains("9,223,372,036,854.776 kWh\n"));
}

#[test]
fn the_document_says_its_title_its_language_and_its_date() {
    let file = pdf(&example(), Language::Spanish);
    let text: String = file.iter().map(|byte| char::from(*byte)).collect();
    assert!(text.contains("/Lang (es)"));
    assert!(text.contains("/CreationDate (D:20260402081500Z)") || text.contains("(D:20260402081500+00'00)"));
    assert!(text.contains("/DisplayDocTitle true"));
}

/// Reads RFC 4180 with the crate that others read it with.
fn rows(table: &str) -> Vec<::csv::StringRecord> {
    ::csv::Reader::from_reader(table.as_bytes()).records().map(Result::unwrap).collect()
}

#[test]
fn the_rows_of_a_statement_add_up_to_its_total() {
    let statement = example();
    let rows = rows(&statements_csv(std::slice::from_ref(&statement)));
    let sum = |kept: fn(&str) -> bool| {
        rows.iter()
            .filter(|row| kept(&row[4]))
            .map(|row| row[11].parse::<Amount>().unwrap())
            .fold(Amount::ZERO, |sum, amount| sum.checked_add(amount).unwrap())
    };
    assert_eq!(sum(|_| true), statement.total);
    assert_eq!(sum(|kind| kind == "tax"), statement.taxes);
    assert_eq!(sum(|kind| kind != "tax"), statement.net);
    assert_eq!(&rows[0][2], "2026-02-28T23:00:00Z/2026-03-31T22:00:00Z");
}

#[test]
fn a_spreadsheet_runs_no_name() {
    let mut statement = example();
    for (name, safe) in [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("Ana, \"la\" de\r\narriba", "Ana, \"la\" de\r\narriba"),
    ] {
        statement.member.name = name.to_owned();
        let rows = rows(&statements_csv(std::slice::from_ref(&statement)));
        assert_eq!(&rows[0][1], safe);
        assert_eq!(&rows[9][11], "-2.17", "numbers stay numbers");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_and_any_number_is_set_and_always_the_same(
        name in any::<String>(),
        other in "\\PC{0,300}",
        currency in any::<String>(),
        numbers in any::<[i64; 6]>(),
        count in 0_usize..30,
    ) {
        let mut statement = with_lines(count);
        statement.community.name.clone_from(&other);
        statement.member.name.clone_from(&name);
        statement.currency.clone_from(&currency);
        statement.period.time_zone.clone_from(&other);
        statement.tariff.names = std::collections::BTreeMap::from([("en".to_owned(), name.clone())]);
        statement.total = Amount::from_micros(numbers[0]);
        statement.energy.import_kwh = Energy::from_mwh(numbers[1]);
        statement.energy.consumption_kwh = Energy::from_mwh(numbers[2]);
        for comparison in &mut statement.comparisons {
            comparison.saved = Amount::from_micros(numbers[3]);
        }
        for line in &mut statement.lines {
            line.names.insert("en".to_owned(), other.clone());
            line.component.clone_from(&name);
            line.unit_price = Some(name.clone());
            line.unit = Some(other.clone());
            line.days = Some(numbers[4]);
            line.power_w = Some(numbers[5]);
            if line.kind == LineKind::Energy {
                line.energy_kwh = None;
            }
        }
        for language in LANGUAGES {
            let page = html(&statement, language);
            prop_assert!(!page.contains("<script"));
            prop_assert_eq!(&page, &html(&statement, language));
            let file = pdf(&statement, language);
            prop_assert!(sheets(&file) >= 1);
            prop_assert_eq!(file, pdf(&statement, language));
        }
        prop_assert_eq!(rows(&statements_csv(&[statement])).len(), count);
    }
}
