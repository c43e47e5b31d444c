//! The documentation against the tree: links lead somewhere, and the tests that a page names exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::layers::workspace;

/// The pages of the repository: those at its root and everything under `docs`.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = Vec::new();
    let mut folders = vec![workspace().join("docs")];
    let mut files: Vec<PathBuf> =
        fs::read_dir(workspace()).unwrap().map(|entry| entry.unwrap().path()).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for path in files {
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).unwrap();
            pages.push((path, text));
        }
    }
    pages
}

/// The targets of Markdown links, outside code blocks.
fn links(page: &str) -> Vec<String> {
    let text = page.split("```").step_by(2).collect::<String>();
    text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// The names of headings as a link finds them.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let name = |line: &str| -> String {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        text.chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    headings.map(name).collect()
}

#[test]
fn s139_every_link_leads_to_a_file_and_a_heading() {
    let mut faults = Vec::new();
    for (path, text) in pages() {
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let found = target.exists()
                && (anchor.is_empty()
                    || anchors(&fs::read_to_string(&target).unwrap()).iter().any(|a| a == anchor));
            if !found {
                faults.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The file and the name of a test as a page names it, and what stands before that name in the file.
fn named_test(named: &str) -> Option<(&str, &str, &'static str)> {
    let (file, test) = named.split_once("::")?;
    match Path::new(file).extension()?.to_str()? {
        "rs" => Some((file, test, "fn")),
        "py" => Some((file, test, "def")),
        _ => None,
    }
}

#[test]
fn s80_every_test_that_a_page_names_exists() {
    let mut faults = Vec::new();
    for (path, text) in pages() {
        for named in text.split('`').skip(1).step_by(2) {
            let Some((file, test, word)) = named_test(named) else { continue };
            let source = fs::read_to_string(workspace().join(file)).unwrap_or_default();
            if !source.contains(&format!("{word} {test}(")) {
                faults.push(format!("{}: {named}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What stands between backquotes, and the lines of blocks of code.
fn code(page: &str) -> Vec<&str> {
    let blocks = page.split("```").skip(1).step_by(2).flat_map(str::lines);
    let inline = page.split("```").step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2));
    blocks.chain(inline).collect()
}

#[test]
fn every_target_of_make_that_a_page_names_exists() {
    let makefile = fs::read_to_string(workspace().join("Makefile")).unwrap();
    let is_target = |name: &str| makefile.lines().any(|line| line.starts_with(&format!("{name}:")));
    let (mut faults, mut count) = (Vec::new(), 0);
    for (path, text) in pages() {
        for line in code(&text) {
            let Some(targets) = line.strip_prefix("make ") else { continue };
            let targets =
                targets.split_whitespace().take_while(|word| !word.starts_with(['#', '&', '|', ';']));
            for target in targets.filter(|word| !word.contains('=')) {
                count += 1;
                if !is_target(target) {
                    faults.push(format!("{}: make {target}", path.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 20, "{count}");
    assert!(!is_target("test-nothing"));
}

#[test]
fn every_program_of_python_that_a_page_names_exists() {
    let (mut faults, mut count) = (Vec::new(), 0);
    for (path, text) in pages() {
        for word in code(&text).into_iter().flat_map(str::split_whitespace) {
            if Path::new(word).extension().is_none_or(|extension| extension != "py") || word.contains('*') {
                continue;
            }
            count += 1;
            // A name alone is that of a test.
            let places = [word.to_owned(), format!("grid-server/tests/{word}"), format!("examples/{word}")];
            if !places.iter().any(|place| workspace().join(place).exists()) {
                faults.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count >= 4, "{count}");
}

/// The page of what failed, in both languages.
const OF_FAILURES: [&str; 2] = ["docs/known-errors.md", "docs/known-errors.es.md"];

/// The rows of tables that begin with numbers of the reports, as in `| S4, S16 |`, with these numbers.
fn failures(page: &str) -> Vec<(Vec<u32>, &str)> {
    let number = |text: &str| -> Option<u32> { text.trim().strip_prefix('S')?.parse().ok() };
    let numbers = |row: &str| -> Option<Vec<u32>> { row.split('|').nth(1)?.split(',').map(number).collect() };
    let rows = page.lines().filter(|line| line.starts_with("| S"));
    rows.map(|row| (numbers(row).unwrap_or_else(|| panic!("{row}")), row)).collect()
}

#[test]
fn every_number_of_the_reports_stands_once() {
    for file in OF_FAILURES {
        let page = fs::read_to_string(workspace().join(file)).unwrap();
        let mut numbers: Vec<u32> = failures(&page).into_iter().flat_map(|(numbers, _)| numbers).collect();
        numbers.sort_unstable();
        let count = |number: u32| numbers.iter().filter(|found| **found == number).count();
        let wrong: Vec<_> = (1..=141).filter(|number| count(*number) != 1).collect();
        assert!(wrong.is_empty(), "{file}: not there once, but never or more often: {wrong:?}");
        assert_eq!(numbers, (1..=141).collect::<Vec<_>>(), "{file}");
    }
}

/// A failure is looked for by its number, and so is the test that keeps it from coming back.
#[test]
fn every_failure_of_the_reports_is_in_the_name_of_a_test() {
    let has = |test: &str, number: u32| test.split('_').any(|part| part == format!("s{number}"));
    let mut faults = Vec::new();
    for file in OF_FAILURES {
        let page = fs::read_to_string(workspace().join(file)).unwrap();
        let mut count = 0;
        for (numbers, row) in failures(&page) {
            let named = row.split('`').skip(1).step_by(2);
            let tests: Vec<&str> = named.filter_map(|named| Some(named_test(named)?.1)).collect();
            // What no test can show is measured.
            for number in numbers.into_iter().filter(|_| !tests.is_empty()) {
                count += 1;
                if !tests.iter().any(|test| has(test, number)) {
                    faults.push(format!("{file}: S{number} is in none of these names: {}", tests.join(", ")));
                }
            }
        }
        assert!(count >= 106, "{file}: {count}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(has("s4_s16_it_holds", 16) && !has("s4_s16_it_holds", 1) && !has("s40_it_holds", 4));
}
