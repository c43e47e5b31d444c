//! A page for a browser, made of the Markdown that everybody else gets (`CommonMark` with tables).

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::pages;

const STYLE: &str = ":root{color-scheme:light dark}\
    body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}\
    table{border-collapse:collapse;display:block;overflow-x:auto}\
    th,td{border:1px solid #8888;padding:.3rem .6rem;text-align:left;vertical-align:top}\
    code,pre{background:#8882;border-radius:.2rem}code{padding:0 .2rem;overflow-wrap:anywhere}\
    pre{padding:.8rem;overflow-x:auto}pre code{background:none;padding:0;overflow-wrap:normal}";

/// The page of a Markdown text. Headings get the ids that links to them have; a link to what is not served, as one to a
/// source is, stays as its words. `path` is where the text stands below `docs/`.
pub(super) fn page(path: &str, markdown: &str) -> String {
    let mut events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    let mut title = String::new();
    let mut heading: Option<(usize, String)> = None;
    let mut ids = Vec::new();
    let mut kept = Vec::new();
    let mut dropped = Vec::new();
    for (place, event) in events.iter().enumerate() {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some((place, String::new())),
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, words)) = &mut heading {
                    words.push_str(text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((place, words)) = heading.take() {
                    if title.is_empty() {
                        title.clone_from(&words);
                    }
                    ids.push((place, anchor(&words)));
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let is_kept = leads_somewhere(path, dest_url);
                kept.push(is_kept);
                if !is_kept {
                    dropped.push(place);
                }
            }
            Event::End(TagEnd::Link) if kept.pop() == Some(false) => dropped.push(place),
            _ => {}
        }
    }
    for (place, name) in ids {
        if let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(place) {
            *id = Some(name.into());
        }
    }
    let shown = events.into_iter().enumerate().filter(|(place, _)| dropped.binary_search(place).is_err());
    let mut body = String::new();
    pulldown_cmark::html::push_html(&mut body, shown.map(|(_, event)| event));
    let language = if path.ends_with(".es.md") { "es" } else { "en" };
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body>\n{body}</body>\n</html>\n"
    )
}

/// The id of a heading, as the pages' own links write it.
fn anchor(words: &str) -> String {
    let words = words.trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Whether a link leads to another place of the page, to a page that is served, or to another server.
fn leads_somewhere(path: &str, link: &str) -> bool {
    if link.starts_with(['#', '/']) || link.contains("://") || link.starts_with("mailto:") {
        return true;
    }
    let file = link.split('#').next().unwrap_or_default();
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if folders.pop().is_none() {
                    return false;
                }
            }
            name => folders.push(name),
        }
    }
    pages::page(&folders.join("/")).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_can_be_linked_and_what_is_not_served_is_no_link() {
        let text = "# A `page` & more\n\n## When it cannot be reached\n\n\
                    [the database](database.md#two-users), [a source](../../grid-core/src/lib.rs), \
                    [units](../units.md), [here](#a-page--more), [elsewhere](https://grid.example)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
        let page = page("deploy/scale.md", text);
        for part in [
            "<title>A page &amp; more</title>",
            "<h2 id=\"when-it-cannot-be-reached\">",
            "<a href=\"database.md#two-users\">the database</a>, a source, <a href=\"../units.md\">units</a>",
            "<a href=\"#a-page--more\">here</a>, <a href=\"https://grid.example\">elsewhere</a>",
            "<td>1</td>",
            "<html lang=\"en\">",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }
}
