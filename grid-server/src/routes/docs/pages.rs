//! The pages of `docs/`, compiled in: whoever was refused finds what to do where there is no checkout and no network.

macro_rules! pages {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../../../../docs/", $name)))),*] };
}

/// Each page's path below `docs/`, and its text.
const PAGES: &[(&str, &str)] = pages![
    "access.es.md"
    "access.md"
    "architecture.md"
    "decisions/0001-modular-monolith.md"
    "decisions/0002-dependencies.md"
    "decisions/0003-storage.md"
    "decisions/0004-identifiers-and-time.md"
    "decisions/0005-balance-and-sharing.md"
    "decisions/0006-logins.md"
    "decisions/0007-settlement.md"
    "decisions/0008-batteries.md"
    "decisions/0009-forecasts.md"
    "decisions/0010-archive-and-erasure.md"
    "deploy/README.es.md"
    "deploy/README.md"
    "deploy/app-engine.es.md"
    "deploy/app-engine.md"
    "deploy/archive.es.md"
    "deploy/archive.md"
    "deploy/cloud-run.es.md"
    "deploy/cloud-run.md"
    "deploy/container.es.md"
    "deploy/container.md"
    "deploy/database.es.md"
    "deploy/database.md"
    "deploy/monitoring.es.md"
    "deploy/monitoring.md"
    "deploy/scale.es.md"
    "deploy/scale.md"
    "deploy/settings.es.md"
    "deploy/settings.md"
    "deploy/systemd.es.md"
    "deploy/systemd.md"
    "files.es.md"
    "files.md"
    "glossary.md"
    "guides/auth.es.md"
    "guides/auth.md"
    "guides/battery.es.md"
    "guides/battery.md"
    "guides/forecast.es.md"
    "guides/forecast.md"
    "guides/own-data.es.md"
    "guides/own-data.md"
    "guides/quickstart.es.md"
    "guides/quickstart.md"
    "guides/settlement.es.md"
    "guides/settlement.md"
    "http-api.es.md"
    "http-api.md"
    "known-errors.es.md"
    "known-errors.md"
    "laws.md"
    "proof.md"
    "references.md"
    "tariffs/README.md"
    "time.md"
    "units.md"
];

/// The page of a path below `docs/`.
pub(super) fn page(path: &str) -> Option<&'static str> {
    PAGES.iter().find(|(name, _)| *name == path).map(|(_, text)| *text)
}

/// A link to a page that is named by its path and a heading, and to the same in Spanish where there is that.
pub(super) fn links(named: &str) -> String {
    let (path, heading) = named.split_once('#').unwrap_or((named, ""));
    let below = path.trim_start_matches("docs/");
    let anchor = if heading.is_empty() { String::new() } else { format!("#{heading}") };
    let link = format!("[`{named}`](/docs/pages/{below}{anchor})");
    let spanish = below.replace(".md", ".es.md");
    if page(&spanish).is_none() {
        return link;
    }
    format!("{link} ([`docs/{spanish}`](/docs/pages/{spanish}))")
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn found(folder: &Path, root: &Path, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found(&path, root, names);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                names.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_page_of_the_folder_is_served() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let mut names = Vec::new();
        found(&root, &root, &mut names);
        names.sort_unstable();
        assert_eq!(names, PAGES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    #[test]
    fn a_page_is_linked_in_both_languages() {
        assert_eq!(
            links("docs/known-errors.md#answers"),
            "[`docs/known-errors.md#answers`](/docs/pages/known-errors.md#answers) \
             ([`docs/known-errors.es.md`](/docs/pages/known-errors.es.md))"
        );
        assert_eq!(links("docs/units.md"), "[`docs/units.md`](/docs/pages/units.md)");
    }
}
