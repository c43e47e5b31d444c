//! Who may name whom: reads the sources, and fails on an edge that the table lacks.
//!
//! `docs/architecture.md` shows the same table to people; a test holds the two together.

mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use source::Source;

/// Each module of grid-core, and the modules that it may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("quantity", &["error"]),
    ("time", &["error"]),
    ("proof", &["error"]),
    ("flow", &["error", "quantity"]),
    ("series", &["error", "quantity", "time"]),
    ("auth", &["error", "time"]),
    ("energy", &["error", "quantity", "time", "series", "flow"]),
    ("battery", &["error", "quantity", "time", "series", "flow"]),
    ("forecast", &["error", "quantity", "time", "series"]),
    ("chart", &["error", "quantity", "time", "series", "flow", "energy", "battery", "forecast"]),
    (
        "store",
        &["error", "quantity", "time", "series", "flow", "auth", "energy", "battery", "forecast", "proof"],
    ),
];

/// What only grid-core may depend on: the faces reach all of it through `grid_core`.
const CORE_ONLY: &[&str] =
    &["argon2", "aws-lc-rs", "jsonwebtoken", "linfa", "linfa-elasticnet", "linfa-linalg", "plotters", "sqlx"];

/// How statements begin, and a word that must follow for a text to be one.
const STATEMENTS: &[(&str, &str)] = &[
    ("select ", " from "),
    ("insert into ", " values"),
    ("insert into ", " select "),
    ("update ", " set "),
    ("delete from ", ""),
    ("create table ", "("),
    ("alter table ", ""),
    ("drop table ", ""),
    ("pragma ", ""),
];

type Table = BTreeMap<String, BTreeSet<String>>;

fn allowed() -> Table {
    ALLOWED
        .iter()
        .map(|(module, may)| ((*module).to_owned(), may.iter().map(|m| (*m).to_owned()).collect()))
        .collect()
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file under `folder`, with its text.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

/// The module that a file under `src` holds: `energy/sharing/mod.rs` is `energy::sharing`, `lib.rs` the root.
fn module_of(file: &Path) -> Vec<String> {
    let mut segments: Vec<String> =
        file.with_extension("").iter().map(|segment| segment.to_string_lossy().into_owned()).collect();
    if segments.last().is_some_and(|last| last == "mod" || last == "lib") {
        segments.pop();
    }
    segments
}

/// What is wrong with the edges that leave one file.
fn faults(file: &Path, text: &str, table: &Table) -> Vec<String> {
    let module = module_of(file);
    let Some(top) = module.first() else { return Vec::new() };
    let Some(may) = table.get(top) else {
        return vec![format!("{}: module `{top}` is not in the table", file.display())];
    };
    let mut faults = Vec::new();
    for named in Source::new(text).paths(&module) {
        let place = format!("{}:{}", file.display(), named.line);
        match named.segments.first().map(String::as_str) {
            None | Some("*") => {
                faults.push(format!("{place}: names the crate's root; name the module instead"));
            }
            Some(other) if other == top || may.contains(other) => {}
            Some(other) if table.contains_key(other) => {
                faults.push(format!(
                    "{place}: `{top}` may not name `{other}` (`{}`)",
                    named.segments.join("::")
                ));
            }
            Some(other) => faults.push(format!("{place}: names `{other}`, which is no module of the table")),
        }
    }
    faults
}

/// The rows between `<!-- layers:start -->` and `<!-- layers:end -->`: modules in the first cell, what they may name in
/// the second, each in backticks.
fn documented(page: &str) -> Table {
    let (_, after) = page.split_once("<!-- layers:start -->").unwrap();
    let (table, _) = after.split_once("<!-- layers:end -->").unwrap();
    let names =
        |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut rows = Table::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.trim_matches('|').split('|');
        let (modules, may) = (names(cells.next().unwrap()), names(cells.next().unwrap()));
        for module in modules {
            assert!(rows.insert(module.clone(), may.clone()).is_none(), "`{module}` stands in two rows");
        }
    }
    rows
}

#[test]
fn s78_every_edge_between_modules_is_in_the_table() {
    let folder = workspace().join("grid-core/src");
    let table = allowed();
    let faults: Vec<String> = sources(&folder)
        .iter()
        .flat_map(|(path, text)| faults(path.strip_prefix(&folder).unwrap(), text, &table))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_has_exactly_the_modules_of_the_library() {
    let text = fs::read_to_string(workspace().join("grid-core/src/lib.rs")).unwrap();
    let declared: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let listed: BTreeSet<&str> = ALLOWED.iter().map(|(module, _)| *module).collect();
    assert_eq!(declared, listed);
}

#[test]
fn the_architecture_page_shows_the_same_table() {
    let page = fs::read_to_string(workspace().join("docs/architecture.md")).unwrap();
    assert_eq!(documented(&page), allowed());
}

#[test]
fn the_table_is_in_the_order_of_dependence_and_ends_in_chart_and_store() {
    for (row, (module, may)) in ALLOWED.iter().enumerate() {
        for other in *may {
            assert!(!["chart", "store"].contains(other), "`{module}` may not name `{other}`");
            assert!(
                ALLOWED[..row].iter().any(|(earlier, _)| earlier == other),
                "`{module}` stands before `{other}`"
            );
        }
    }
}

#[test]
fn s110_the_faces_hold_no_sql_and_none_of_the_crates_that_the_core_wraps() {
    let mut faults = Vec::new();
    for face in ["grid-server", "grid-py", "benches"] {
        let folder = workspace().join(face);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for line in manifest.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if CORE_ONLY.contains(&name) {
                faults.push(format!("{face}/Cargo.toml: depends on `{name}`"));
            }
        }
        for (path, text) in
            sources(&folder).iter().filter(|(path, _)| !path.components().any(|c| c.as_os_str() == "target"))
        {
            // What makes the databases that the server's tests run on.
            if path.ends_with("grid-server/tests/it/databases.rs") {
                continue;
            }
            let source = Source::new(text);
            faults.extend(sql(&source).map(|(line, text)| format!("{}:{line}: SQL: {text}", path.display())));
            if source.says("sqlx") {
                faults.push(format!("{}: names sqlx", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn sql(source: &Source) -> impl Iterator<Item = (usize, String)> {
    source.texts.iter().filter_map(|(text, line)| {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let is = STATEMENTS.iter().any(|(start, then)| words.starts_with(start) && words.contains(then));
        is.then_some((*line, words))
    })
}

mod of_itself {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        faults(Path::new(file), text, &allowed())
    }

    #[test]
    fn a_forbidden_edge_is_found_however_it_is_written() {
        for text in [
            "use crate::energy::Reading;",
            "use crate::{error::Kind, energy::{self}};",
            "use crate::{\n    error::Kind,\n    energy::*,\n};",
            "use {crate::energy::Reading, std::fmt};",
            "use super::super::energy::Reading;",
            "use super::{super::energy};",
            "pub(crate) use crate::energy as accounts;",
            "fn f() -> crate::energy::Reading { todo!() }",
            "mod tests { use super::super::super::energy; }",
            "mod tests { mod deeper { fn f() { super::super::super::super::energy::x() } } }",
            "macro_rules! m { () => { $crate::energy::Reading } }",
            "const C: char = '\"'; use crate::energy; const D: &str = \"\";",
            "fn f<'a>(x: &'a str) -> &'a str { crate::energy::f(x) }",
        ] {
            let faults = found("quantity/money.rs", text);
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            assert!(faults[0].contains("`quantity` may not name `energy`"), "{faults:?}");
        }
    }

    #[test]
    fn an_allowed_edge_is_not_a_fault() {
        for text in [
            "use crate::error::{Failure, Kind};",
            "use super::{Error, decimal::parse};\nuse super::super::error;",
            "use std::{collections::BTreeMap, io::{self, Read}};",
            "use ::energy::Other; use energy::{a, b};",
            "// use crate::energy;\n/* crate::energy /* nested */ */\n/// [`crate::energy::Reading`]\nstruct S;",
            "const C: &str = \"crate::energy\"; const D: &str = r#\"crate::energy \"quoted\" \"#; const E: u8 = b'\\'';",
            "pub(in crate::quantity) fn f(self) -> Self { self::g(); self.h() }",
            "mod tests { use super::*; use crate::quantity::Money; }",
        ] {
            assert_eq!(found("quantity/money.rs", text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_way_round_the_table_is_a_fault() {
        for (file, text, says) in [
            ("quantity/money.rs", "use crate::*;", "crate's root"),
            ("quantity/money.rs", "use crate as core;", "crate's root"),
            ("quantity/mod.rs", "use super as core;", "crate's root"),
            ("quantity/money.rs", "use crate::market::Order;", "no module of the table"),
            ("market/order.rs", "", "not in the table"),
            ("energy/balance.rs", "use crate::store::Store;", "may not name `store`"),
            ("battery/mod.rs", "fn f() { crate::chart::render() }", "may not name `chart`"),
        ] {
            let faults = found(file, text);
            assert!(faults.len() == 1 && faults[0].contains(says), "{text}: {faults:?}");
        }
    }

    #[test]
    fn a_fault_names_its_line() {
        let text = "//! Line one.\n\n/* a\n   b */ const A: &str = \"x\ny\";\nuse crate::energy;\n";
        assert!(found("time/a.rs", text)[0].starts_with("time/a.rs:6: "));
    }

    #[test]
    fn a_statement_is_told_from_a_sentence() {
        let count = |text: &str| sql(&Source::new(text)).count();
        assert_eq!(count("f(\"SELECT id\\n FROM users\"); g(r\"insert into a(b) values (1)\");"), 2);
        assert_eq!(count("f(\"select a day to update the chart\"); g(\"update your client\");"), 0);
    }

    #[test]
    fn the_table_of_a_page_is_read_by_its_backticks() {
        let page = "x\n<!-- layers:start -->\n| module | may name |\n|---|---|\n| `a`, `b` (two) | nothing |\n| `c` | `a` `b` |\n<!-- layers:end -->";
        let rows = documented(page);
        assert_eq!(rows.len(), 3);
        assert!(rows["b"].is_empty());
        assert_eq!(rows["c"], BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    }
}
