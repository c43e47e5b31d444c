//! The page as PDF.

use jiff::{Timestamp, tz::TimeZone};
use pdf_writer::{Content, Date, Finish, Name, Pdf, Rect, Ref, TextStr};

use super::{
    font::{self, Font, encode},
    look::{ACCENT, BODY, GRID, HEADING, INK, LABEL, LINE, SHARED, SMALL, SOFT, STRONG, TINT, UNIT},
    page::{Labelled, Page, Side, Tone},
    sheet::{self, BOTTOM, Colour, LEFT, PAPER, RIGHT, Sheets, Style},
    table::Table,
    words::pick,
};
use crate::energy::settlement::{Language, Statement};

const WIDTH: f32 = RIGHT - LEFT;

/// Sets a statement as a PDF document on A4 paper.
///
/// Its text can be selected and searched. Long names are wrapped or cut with an ellipsis; many lines go on over more
/// sheets, each of which repeats the head of the table and tells its number. The document says its language and its
/// title, and was made, as it says, when the statement was issued; the same statement gives the same bytes.
///
/// The fonts are the standard ones of every reader, with the characters of Windows-1252: a Latin letter that is not among
/// them is set without its accent, any other character as `?`.
///
/// ```
/// use grid_core::energy::settlement::{Language, Statement, document};
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/energy/settlement/document/example.json"));
/// let statement: Statement = serde_json::from_str(text)?;
/// let file = document::pdf(&statement, Language::Spanish);
/// assert!(file.starts_with(b"%PDF-1.7") && file.ends_with(b"%%EOF"));
/// assert_eq!(file, document::pdf(&statement, Language::Spanish));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # References
///
/// ISO 32000-1:2008 (PDF 1.7), 9.6.2.2 (the standard fonts), 14.3.3 (the document's information).
pub fn pdf(statement: &Statement, language: Language) -> Vec<u8> {
    let page = Page::of(statement, language);
    let mut sheets = Sheets::new();
    head(&mut sheets, &page);
    energy(&mut sheets, &page);
    Table::of(&page).set(&mut sheets);
    saving(&mut sheets, &page);
    end(&mut sheets, &page);
    assemble(sheets.finish(), &page, statement.issued_at)
}

fn head(sheets: &mut Sheets, page: &Page) {
    let (left, right) = (290.0, WIDTH - 310.0);
    sheets.fill(0.0, -56.0, PAPER[0], 5.0, ACCENT);
    let start = sheets.y;
    sheets.paragraph(LEFT, left, 13.0, Style::new(Font::Bold, 10.0, ACCENT), &encode(&page.community), 2);
    sheets.y -= 5.0;
    sheets.paragraph(LEFT, left, 28.0, Style::new(Font::Bold, 22.0, INK), &encode(page.title), 2);
    sheets.paragraph(LEFT, left, 15.0, Style::new(Font::Regular, 12.0, SOFT), &encode(&page.period), 2);
    let below = sheets.y;
    sheets.y = (below + 50.0).min(start);
    let amount = encode(&page.due.value);
    sheets.right(RIGHT, 9.0, right, Style::new(Font::Regular, 9.5, SOFT), &encode(&page.due.label));
    sheets.number(RIGHT, 38.0, right, Style::new(Font::Bold, 26.0, ACCENT), &amount);
    sheets.y = below - 10.0;
    sheets.rule(0.0, 0.75, LINE);
    sheets.y -= 18.0;
    if let Some(notice) = &page.notice {
        boxed(sheets, &[(BODY, notice.as_str())]);
        sheets.y -= 16.0;
    }
    facts(sheets, &page.facts);
}

fn facts(sheets: &mut Sheets, facts: &[Labelled]) {
    let column = WIDTH / 3.0;
    for row in facts.chunks(3) {
        let top = sheets.y;
        let mut lowest = top;
        for (place, Labelled { label, value }) in row.iter().enumerate() {
            sheets.y = top;
            let x = column.mul_add(f32::from(u8::try_from(place).unwrap_or_default()), LEFT);
            sheets.left(x, 8.0, column - 14.0, LABEL, &encode(label));
            sheets.y -= 12.0;
            sheets.paragraph(x, column - 14.0, 12.5, BODY, &encode(value), 3);
            lowest = lowest.min(sheets.y);
        }
        sheets.y = lowest - 9.0;
    }
}

pub(super) fn heading(sheets: &mut Sheets, text: &str) {
    sheets.y -= 17.0;
    sheets.left(LEFT, 13.0, WIDTH, HEADING, &encode(text));
    sheets.y -= 25.0;
}

fn energy(sheets: &mut Sheets, page: &Page) {
    sheets.need(190.0);
    heading(sheets, page.energy_heading);
    let room = (WIDTH - 32.0) / 2.0;
    let top = sheets.y;
    let mut lowest = top;
    for (side, x) in page.sides.iter().zip([LEFT, LEFT + room + 32.0]) {
        sheets.y = top;
        one_side(sheets, side, x, room);
        lowest = lowest.min(sheets.y);
    }
    sheets.y = lowest;
}

fn one_side(sheets: &mut Sheets, side: &Side, x: f32, room: f32) {
    if side.parts.iter().any(|part| part.percent.is_some()) {
        let mut start = x;
        for part in &side.parts {
            let width = room * f32::from(part.percent.unwrap_or_default()) / 100.0;
            if width > 0.0 {
                sheets.fill(start, 0.0, (width - 1.5).max(0.75), 9.0, colour(part.tone));
            }
            start += width;
        }
        sheets.y -= 18.0;
    }
    let shares = 34.0;
    let under = |sheets: &mut Sheets| {
        sheets.fill(x, 15.5, room, 0.5, LINE);
        sheets.y -= 17.0;
    };
    // A name keeps its width; the number has the rest.
    let pair = |sheets: &mut Sheets, indent: f32, style: Style, label: &str, value: &str| {
        let label = encode(label);
        let rest = room - shares - indent - font::width(style.font, style.size, &label) - 8.0;
        sheets.left(x + indent, 11.0, room, style, &label);
        sheets.number(x + room - shares, 11.0, rest, style, &encode(value));
    };
    for Labelled { label, value } in &side.sums {
        pair(sheets, 0.0, STRONG, label, value);
        under(sheets);
    }
    sheets.y -= 7.0;
    sheets.left(x, 8.0, room, LABEL, &encode(side.parts_heading));
    sheets.y -= 12.0;
    for part in &side.parts {
        sheets.fill(x, 4.5, 6.5, 6.5, colour(part.tone));
        pair(sheets, 12.0, BODY, part.label, &part.value);
        sheets.right(x + room, 11.0, shares, UNIT, &encode(&part.percent_text));
        under(sheets);
    }
}

const fn colour(tone: Tone) -> Colour {
    match tone {
        Tone::Own => ACCENT,
        Tone::Community => SHARED,
        Tone::Grid => GRID,
    }
}

fn saving(sheets: &mut Sheets, page: &Page) {
    let mut texts: Vec<(Style, &str)> = Vec::new();
    if let Some(saving) = &page.saving {
        texts.push((Style::new(Font::Bold, 13.0, ACCENT), &saving.headline));
        texts.push((BODY, &saving.sentence));
    }
    texts.extend(page.others.iter().map(|other| (BODY, other.as_str())));
    if !texts.is_empty() {
        sheets.y -= 4.0;
        boxed(sheets, &texts);
    }
}

/// Texts on a tinted ground, together on one sheet where they fit.
fn boxed(sheets: &mut Sheets, texts: &[(Style, &str)]) {
    let (inside, padding, between) = (WIDTH - 32.0, 12.0, 3.0);
    let leading = |style: &Style| style.size * 1.38;
    let wrapped: Vec<(Style, Vec<Vec<u8>>)> = texts
        .iter()
        .map(|(style, text)| (*style, font::wrap(style.font, style.size, &encode(text), inside, 5)))
        .collect();
    let height =
        |(style, lines): &(Style, Vec<Vec<u8>>)| lines.iter().map(|_| leading(style)).sum::<f32>() + between;
    sheets.need((wrapped.iter().map(height).sum::<f32>() + padding * 2.0).min(600.0));
    let mut above = padding;
    for (place, text) in wrapped.iter().enumerate() {
        let below = if place + 1 == wrapped.len() { padding } else { between };
        if sheets.need(above + height(text) + below) {
            above = padding;
        }
        // A hair more than the height, so that no line of white shows between two texts.
        sheets.fill(LEFT, 0.0, WIDTH, above + height(text) - between + below + 0.25, TINT);
        sheets.y -= above;
        for line in &text.1 {
            sheets.left(LEFT + 16.0, text.0.size, inside, text.0, line);
            sheets.y -= leading(&text.0);
        }
        sheets.y -= below;
        above = 0.0;
    }
}

fn end(sheets: &mut Sheets, page: &Page) {
    let room = (WIDTH - 32.0) / 2.0;
    let remarks: Vec<Vec<Vec<u8>>> =
        page.remarks.iter().map(|text| font::wrap(SMALL.font, SMALL.size, &encode(text), room, 12)).collect();
    let proof = font::wrap(SMALL.font, SMALL.size, &encode(&page.proof), room, 12);
    let count = remarks.iter().map(|lines| lines.len() + 1).sum::<usize>().max(proof.len());
    let height = 11.0f32.mul_add(f32::from(u16::try_from(count).unwrap_or(60)), 34.0);
    sheets.need(height.min(400.0));
    sheets.y -= 20.0;
    let top = sheets.y;
    sheets.left(LEFT, 8.0, room, Style { colour: INK, ..LABEL }, &encode(page.remarks_heading));
    sheets.y -= 13.0;
    for remark in &remarks {
        for text in remark {
            sheets.left(LEFT, 8.0, room, SMALL, text);
            sheets.y -= 11.0;
        }
        sheets.y -= 4.0;
    }
    let lowest = sheets.y;
    sheets.y = top;
    let x = LEFT + room + 32.0;
    sheets.left(x, 8.0, room, Style { colour: INK, ..LABEL }, &encode(page.proof_heading));
    sheets.y -= 13.0;
    for text in &proof {
        sheets.left(x, 8.0, room, SMALL, text);
        sheets.y -= 11.0;
    }
    sheets.y = lowest.min(sheets.y);
}

/// The foot of a sheet: whose statement it is, and which of how many sheets.
fn foot(content: &mut Content, page: &Page, number: usize, count: usize) {
    let which = match page.language {
        Language::English => format!("Page {number} of {count}"),
        Language::Spanish => format!("Página {number} de {count}"),
    };
    let which = encode(&which);
    let style = Style { size: 7.5, ..SMALL };
    let [r, g, b] = LINE;
    content.set_fill_rgb(r, g, b).rect(LEFT, BOTTOM - 20.0, WIDTH, 0.5).fill_nonzero();
    let room = WIDTH - 80.0;
    let whose = format!("{} {} · {}", pick(page.language, "No.", "N.º"), page.id, page.community);
    let whose = font::fit(style.font, style.size, &encode(&whose), room);
    sheet::write(content, LEFT, BOTTOM - 32.0, style, &whose);
    let start = RIGHT - font::width(style.font, style.size, &which);
    sheet::write(content, start, BOTTOM - 32.0, style, &which);
}

/// Binds the sheets to a document.
fn assemble(sheets: Vec<Content>, page: &Page, issued_at: Timestamp) -> Vec<u8> {
    let mut next = Ref::new(1);
    let [catalog, tree, information, regular, bold] = [(); 5].map(|()| next.bump());
    let mut pdf = Pdf::new();
    let mut root = pdf.catalog(catalog);
    root.pages(tree).lang(TextStr(page.language.code()));
    root.viewer_preferences().display_doc_title(true);
    root.finish();
    let title = page.full_title();
    let mut about = pdf.document_info(information);
    about.title(TextStr(&title)).author(TextStr(&page.community)).producer(TextStr("GRID"));
    if let Some(date) = date(issued_at) {
        about.creation_date(date);
    }
    about.finish();
    for (id, name) in [(regular, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
        let mut font = pdf.type1_font(id);
        font.base_font(Name(name));
        let mut encoding = font.encoding_custom();
        encoding.base_encoding(Name(b"WinAnsiEncoding"));
        encoding.differences().consecutive(font::MINUS, [Name(b"minus")]);
    }
    let count = sheets.len();
    let ids: Vec<(Ref, Ref)> = sheets.iter().map(|_| (next.bump(), next.bump())).collect();
    pdf.pages(tree)
        .kids(ids.iter().map(|(id, _)| *id))
        .count(i32::try_from(count).unwrap_or(i32::MAX))
        .media_box(Rect::new(0.0, 0.0, PAPER[0], PAPER[1]));
    for (place, (mut content, (id, text))) in sheets.into_iter().zip(ids).enumerate() {
        foot(&mut content, page, place + 1, count);
        let mut sheet = pdf.page(id);
        sheet.parent(tree).contents(text);
        sheet
            .resources()
            .fonts()
            .pair(sheet::font_name(Font::Regular), regular)
            .pair(sheet::font_name(Font::Bold), bold);
        sheet.finish();
        pdf.stream(text, &content.finish());
    }
    pdf.finish()
}

/// An instant as PDF writes it; none before the year 0.
fn date(instant: Timestamp) -> Option<Date> {
    let utc = instant.to_zoned(TimeZone::UTC);
    let small = |number: i8| u8::try_from(number).ok();
    Some(
        Date::new(u16::try_from(utc.year()).ok()?)
            .month(small(utc.month())?)
            .day(small(utc.day())?)
            .hour(small(utc.hour())?)
            .minute(small(utc.minute())?)
            .second(small(utc.second())?)
            .utc_offset_hour(0)
            .utc_offset_minute(0),
    )
}
