//! The page as one HTML file that needs nothing else.

use super::page::{Group, Labelled, Page, Part, Row, Side, Tone};
use crate::energy::settlement::{Language, Statement};

/// Sets a statement as a page for the screen and the printer.
///
/// The file stands alone: no script, no font, no picture from elsewhere, and a policy that forbids them. Every text that
/// comes from the statement is escaped. Tables have heads that a screen reader knows, the page says its language, and
/// on A4 paper it prints as it looks. The same statement gives the same bytes.
///
/// ```
/// use grid_core::energy::settlement::{Language, Statement, document};
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/energy/settlement/document/example.json"));
/// let statement: Statement = serde_json::from_str(text)?;
/// let page = document::html(&statement, Language::English);
/// assert!(page.contains("<html lang=\"en\">") && page.contains("€222.34"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # References
///
/// WCAG 2.2, success criteria 1.3.1 (heads of tables), 1.4.3 (contrast), 3.1.1 (language of the page).
pub fn html(statement: &Statement, language: Language) -> String {
    let page = Page::of(statement, language);
    let mut out = Markup::default();
    out.raw("<!DOCTYPE html>\n<html lang=\"")
        .raw(language.code())
        .raw("\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    out.element("title", &page.full_title());
    out.raw("<style>\n").raw(STYLE).raw("</style>\n</head>\n<body>\n<main>\n");
    head(&mut out, &page);
    energy(&mut out, &page);
    lines(&mut out, &page);
    end(&mut out, &page);
    out.raw("</main>\n</body>\n</html>\n");
    out.text
}

/// Numbers of more characters make the table set smaller, so that it stays within the page.
const LONG: usize = 13;

const STYLE: &str = include_str!("style.css");

/// HTML as it grows; what is not `raw` is escaped.
#[derive(Default)]
struct Markup {
    text: String,
}

impl Markup {
    fn raw(&mut self, markup: &str) -> &mut Self {
        self.text.push_str(markup);
        self
    }

    /// Escapes a text; a control character, which HTML cannot hold, becomes the sign of a lost one.
    fn escaped(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\'' => self.text.push_str("&#39;"),
                '\n' | '\t' | '\r' => self.text.push(' '),
                c if c.is_control() => self.text.push(char::REPLACEMENT_CHARACTER),
                c => self.text.push(c),
            }
        }
        self
    }

    /// A text in a tag that may have attributes.
    fn element(&mut self, tag: &str, text: &str) -> &mut Self {
        let name = tag.split(' ').next().unwrap_or_default();
        self.raw("<").raw(tag).raw(">").escaped(text).raw("</").raw(name).raw(">\n")
    }

    /// A number and its unit, so that numbers stand below each other.
    fn measure(&mut self, (number, unit): &(String, String)) -> &mut Self {
        self.raw("<td class=\"number\">")
            .escaped(number)
            .raw("</td><td class=\"unit\">")
            .escaped(unit)
            .raw("</td>")
    }
}

fn head(out: &mut Markup, page: &Page) {
    out.raw("<header>\n<div>\n");
    out.element("p class=\"community\" dir=\"auto\"", &page.community);
    out.element("h1", page.title);
    out.element("p class=\"period\"", &page.period);
    out.raw("</div>\n<div class=\"due\">\n");
    out.element("p", &page.due.label).element("p class=\"amount\"", &page.due.value);
    out.raw("</div>\n</header>\n");
    if let Some(notice) = &page.notice {
        out.element("p class=\"notice\" role=\"note\"", notice);
    }
    out.raw("<dl class=\"facts\">\n");
    for Labelled { label, value } in &page.facts {
        out.raw("<div>").element("dt", label).element("dd dir=\"auto\"", value).raw("</div>\n");
    }
    out.raw("</dl>\n");
}

fn energy(out: &mut Markup, page: &Page) {
    out.raw("<section>\n").element("h2", page.energy_heading).raw("<div class=\"sides\">\n");
    for side in &page.sides {
        out.raw("<div>\n");
        bar(out, side);
        out.raw("<table>\n").element("caption class=\"unseen\"", side.heading).raw("<tbody>\n");
        for Labelled { label, value } in &side.sums {
            out.raw("<tr class=\"sum\">").element("th scope=\"row\"", label);
            out.element("td class=\"number\"", value).raw("<td></td></tr>\n");
        }
        out.raw("<tr class=\"from\">")
            .element("th scope=\"rowgroup\" colspan=\"3\"", side.parts_heading)
            .raw("</tr>\n");
        for part in &side.parts {
            out.raw("<tr><th scope=\"row\"><span class=\"chip ").raw(tone(part.tone)).raw("\"></span>");
            out.escaped(part.label).raw("</th>").element("td class=\"number\"", &part.value);
            out.element("td class=\"share\"", &part.percent_text).raw("</tr>\n");
        }
        out.raw("</tbody>\n</table>\n</div>\n");
    }
    out.raw("</div>\n</section>\n");
}

fn bar(out: &mut Markup, side: &Side) {
    let said: Vec<String> = side
        .parts
        .iter()
        .filter(|part| part.percent.is_some())
        .map(|part| format!("{} {}", part.label, part.percent_text))
        .collect();
    if said.is_empty() {
        return;
    }
    out.raw("<div class=\"bar\" role=\"img\" aria-label=\"").escaped(&said.join(", ")).raw("\">");
    for Part { tone: colour, percent, .. } in &side.parts {
        if let Some(percent) = percent.filter(|percent| *percent > 0) {
            out.raw("<span class=\"").raw(tone(*colour)).raw("\" style=\"flex-grow:");
            out.raw(&percent.to_string()).raw("\"></span>");
        }
    }
    out.raw("</div>\n");
}

const fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Own => "own",
        Tone::Community => "shared",
        Tone::Grid => "grid",
    }
}

fn lines(out: &mut Markup, page: &Page) {
    let [item, quantity, price, amount] = page.heads;
    let long = |text: &str| text.chars().count() > LONG;
    let mut rows = page.groups.iter().flat_map(|group| &group.rows);
    let wide = if rows.any(|row| long(&row.amount) || long(&row.price.0)) { " wide" } else { "" };
    out.raw("<section>\n")
        .element("h2", page.lines_heading)
        .raw("<table class=\"lines")
        .raw(wide)
        .raw("\">\n<thead><tr>");
    out.element("th scope=\"col\"", item);
    for head in [quantity, price] {
        out.element("th scope=\"col\" class=\"number\"", head).raw("<th scope=\"col\">");
        out.element("span class=\"unseen\"", page.unit_head).raw("</th>\n");
    }
    out.element("th scope=\"col\" class=\"number\"", amount).raw("</tr></thead>\n");
    if page.groups.is_empty() {
        out.raw("<tbody><tr>")
            .element("td colspan=\"6\" class=\"nothing\"", page.nothing)
            .raw("</tr></tbody>\n");
    }
    for Group { heading, rows, sum } in &page.groups {
        out.raw("<tbody>\n<tr class=\"group\">").element("th scope=\"rowgroup\" colspan=\"6\"", heading);
        out.raw("</tr>\n");
        for row in rows {
            line(out, row);
        }
        out.raw("<tr class=\"sum\">").element("th scope=\"row\" colspan=\"5\"", &sum.label);
        out.element("td class=\"number\"", &sum.value).raw("</tr>\n</tbody>\n");
    }
    out.raw("<tbody><tr class=\"total\">").element("th scope=\"row\" colspan=\"5\"", &page.total.label);
    out.element("td class=\"number\"", &page.total.value).raw("</tr></tbody>\n</table>\n</section>\n");
}

fn line(out: &mut Markup, row: &Row) {
    out.raw("<tr><th scope=\"row\"><span dir=\"auto\">").escaped(&row.name).raw("</span>");
    if !row.detail.is_empty() {
        out.element("small", &row.detail);
    }
    out.raw("</th>").measure(&row.quantity).measure(&row.price);
    out.element("td class=\"number\"", &row.amount).raw("</tr>\n");
}

fn end(out: &mut Markup, page: &Page) {
    if page.saving.is_some() || !page.others.is_empty() {
        out.raw("<aside>\n");
        if let Some(saving) = &page.saving {
            out.element("p class=\"headline\"", &saving.headline).element("p", &saving.sentence);
        }
        for other in &page.others {
            out.element("p", other);
        }
        out.raw("</aside>\n");
    }
    out.raw("<footer>\n<div>\n").element("h3", page.remarks_heading);
    for remark in &page.remarks {
        out.element("p", remark);
    }
    out.raw("</div>\n<div>\n").element("h3", page.proof_heading).element("p", &page.proof);
    out.raw("</div>\n</footer>\n");
}
