//! Sheets of A4 paper that are written from the top down.

use pdf_writer::{Content, Name, Str, types::ColorSpaceOperand::DeviceRgb};

use super::font::{self, Font};

/// A colour, from 0 to 1 in red, green and blue.
pub(super) type Colour = [f32; 3];

/// The paper, in points (ISO 216: 210 x 297 mm).
pub(super) const PAPER: [f32; 2] = [595.28, 841.89];
/// The left edge of what is written.
pub(super) const LEFT: f32 = 54.0;
/// The right edge of what is written.
pub(super) const RIGHT: f32 = PAPER[0] - LEFT;
/// Above this everything stays but the foot.
pub(super) const BOTTOM: f32 = 66.0;
/// Where the first line of a sheet begins.
const TOP: f32 = PAPER[1] - 56.0;

/// The size below which no number is set.
const SMALLEST: f32 = 4.0;

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) font: Font,
    pub(super) size: f32,
    pub(super) colour: Colour,
}

impl Style {
    pub(super) const fn new(font: Font, size: f32, colour: Colour) -> Self {
        Self { font, size, colour }
    }
}

/// The sheets, and where on the last one the next line goes.
pub(super) struct Sheets {
    done: Vec<Content>,
    sheet: Content,
    /// The upper edge of what comes next.
    pub(super) y: f32,
}

impl Sheets {
    pub(super) fn new() -> Self {
        Self { done: Vec::new(), sheet: Content::new(), y: TOP }
    }

    /// Turns to a new sheet if there is not so much room left on this one; says whether it did.
    pub(super) fn need(&mut self, height: f32) -> bool {
        if self.y - height >= BOTTOM || self.y >= TOP {
            return false;
        }
        self.done.push(std::mem::replace(&mut self.sheet, Content::new()));
        self.y = TOP;
        true
    }

    /// All sheets.
    pub(super) fn finish(mut self) -> Vec<Content> {
        self.done.push(self.sheet);
        self.done
    }

    /// Writes a text from `x` on, cut to its room; its letters stand on `self.y - drop`.
    pub(super) fn left(&mut self, x: f32, drop: f32, room: f32, style: Style, text: &[u8]) {
        let text = font::fit(style.font, style.size, text, room);
        let y = self.y - drop;
        write(&mut self.sheet, x, y, style, &text);
    }

    /// Writes a text that ends at `x`, cut to its room.
    pub(super) fn right(&mut self, x: f32, drop: f32, room: f32, style: Style, text: &[u8]) {
        let text = font::fit(style.font, style.size, text, room);
        let start = x - font::width(style.font, style.size, &text);
        let y = self.y - drop;
        write(&mut self.sheet, start, y, style, &text);
    }

    /// Writes a number that ends at `x`, in smaller letters where its room is too narrow: a number is never cut.
    pub(super) fn number(&mut self, x: f32, drop: f32, room: f32, style: Style, text: &[u8]) {
        let wide = font::width(style.font, style.size, text);
        let size = if wide > room { (style.size * room / wide).max(SMALLEST) } else { style.size };
        let start = x - font::width(style.font, size, text);
        let y = self.y - drop;
        write(&mut self.sheet, start, y, Style { size, ..style }, text);
    }

    /// Writes lines below each other and moves below them.
    pub(super) fn paragraph(
        &mut self,
        x: f32,
        room: f32,
        leading: f32,
        style: Style,
        text: &[u8],
        most: usize,
    ) {
        for line in font::wrap(style.font, style.size, text, room, most) {
            self.left(x, style.size, room, style, &line);
            self.y -= leading;
        }
    }

    /// Fills a rectangle whose upper edge lies `drop` below `self.y`.
    pub(super) fn fill(&mut self, x: f32, drop: f32, width: f32, height: f32, colour: Colour) {
        let y = self.y - drop - height;
        self.sheet
            .set_fill_color_space(DeviceRgb)
            .set_fill_color(colour)
            .rect(x, y, width, height)
            .fill_nonzero();
    }

    /// Draws a line over the whole width, `drop` below `self.y`.
    pub(super) fn rule(&mut self, drop: f32, thickness: f32, colour: Colour) {
        self.fill(LEFT, drop, RIGHT - LEFT, thickness, colour);
    }
}

/// Writes a text whose letters stand on `y`.
pub(super) fn write(sheet: &mut Content, x: f32, y: f32, style: Style, text: &[u8]) {
    if text.is_empty() {
        return;
    }
    sheet.set_fill_color_space(DeviceRgb).set_fill_color(style.colour);
    sheet.begin_text().set_font(font_name(style.font), style.size).next_line(x, y);
    sheet.show(Str(text)).end_text();
}

/// The name by which a sheet calls a font.
pub(super) const fn font_name(font: Font) -> Name<'static> {
    match font {
        Font::Regular => Name(b"R"),
        Font::Bold => Name(b"B"),
    }
}
