//! The table of the lines on paper, whose columns are as wide as what is in them.

use super::{
    font::{self, encode},
    look::{ACCENT, BODY, GROUP, INK, LABEL, LINE, SMALL, STRONG, TOTAL, UNIT},
    page::{Page, Row},
    pdf::heading,
    sheet::{LEFT, RIGHT, Sheets, Style},
};

/// Between a number and its unit.
const GAP: f32 = 4.0;
/// Between two columns.
const GUTTER: f32 = 15.0;
/// The letters of units.
const UNIT_SIZE: f32 = 8.5;
/// What the names of the lines keep, however wide the numbers are.
const LEAST_NAME: f32 = 130.0;
/// What no unit, and no price that is no number, goes beyond.
const MOST_TEXT: f32 = 90.0;

/// The lines of a page, and where their columns stand.
pub(super) struct Table<'a> {
    page: &'a Page,
    /// The number of the quantity, its unit, the number of the price, its unit, and the amount.
    widths: [f32; 5],
    name: f32,
    /// How much smaller the letters of numbers are, where there is not enough room.
    scale: f32,
}

/// What stands in the columns of numbers and units.
fn cells(row: &Row) -> [&str; 5] {
    [&row.quantity.0, &row.quantity.1, &row.price.0, &row.price.1, &row.amount]
}

impl<'a> Table<'a> {
    /// Measures what a table holds.
    pub(super) fn of(page: &'a Page) -> Self {
        let mut widths = [42.0_f32, 48.0, 46.0, 34.0, 54.0];
        for row in page.groups.iter().flat_map(|group| &group.rows) {
            for (place, (widest, text)) in widths.iter_mut().zip(cells(row)).enumerate() {
                let size = if matches!(place, 1 | 3) { UNIT_SIZE } else { BODY.size };
                let wide = font::width(BODY.font, size, &encode(text));
                let bounded = if matches!(place, 1..=3) { wide.min(MOST_TEXT) } else { wide };
                *widest = widest.max(bounded);
            }
        }
        let gaps = 2.0 * GAP + 3.0 * GUTTER;
        let (room, taken) = (RIGHT - LEFT - gaps, widths.iter().sum::<f32>());
        let scale = ((room - LEAST_NAME) / taken).min(1.0);
        let widths = widths.map(|width| width * scale);
        Self { page, widths, name: room - taken * scale, scale }
    }

    /// Sets the table.
    pub(super) fn set(&self, sheets: &mut Sheets) {
        let (page, width) = (self.page, RIGHT - LEFT);
        sheets.need(130.0);
        heading(sheets, page.lines_heading);
        self.head(sheets);
        if page.groups.is_empty() {
            sheets.left(LEFT, 14.0, width, UNIT, &encode(page.nothing));
            sheets.y -= 22.0;
        }
        for group in &page.groups {
            self.need(sheets, 60.0);
            sheets.y -= 8.0;
            sheets.left(LEFT, 11.0, width, GROUP, &encode(group.heading));
            sheets.rule(16.0, 0.5, LINE);
            sheets.y -= 17.0;
            for row in &group.rows {
                self.row(sheets, row);
            }
            self.need(sheets, 20.0);
            sheets.left(LEFT, 12.5, width * 0.5, STRONG, &encode(&group.sum.label));
            sheets.number(RIGHT, 12.5, width * 0.48, STRONG, &encode(&group.sum.value));
            sheets.y -= 19.0;
        }
        self.need(sheets, 34.0);
        sheets.rule(2.0, 1.0, INK);
        sheets.left(LEFT, 23.0, width * 0.4, TOTAL, &encode(&page.total.label));
        let total = Style { colour: ACCENT, ..TOTAL };
        sheets.number(RIGHT, 23.0, width * 0.58, total, &encode(&page.total.value));
        sheets.y -= 32.0;
    }

    /// Where the numbers of the quantities and of the prices end.
    fn ends(&self) -> (f32, f32) {
        let [_, quantity_unit, price, price_unit, amount] = self.widths;
        let price_end = RIGHT - amount - GUTTER - price_unit - GAP;
        (price_end - price - GUTTER - quantity_unit - GAP, price_end)
    }

    fn head(&self, sheets: &mut Sheets) {
        let [item, quantity, price, amount] = self.page.heads.map(encode);
        let (quantity_end, price_end) = self.ends();
        sheets.left(LEFT, 8.0, self.name, LABEL, &item);
        sheets.right(quantity_end, 8.0, 80.0, LABEL, &quantity);
        sheets.right(price_end, 8.0, 80.0, LABEL, &price);
        sheets.right(RIGHT, 8.0, 80.0, LABEL, &amount);
        sheets.rule(13.0, 1.0, INK);
        sheets.y -= 14.0;
    }

    /// Makes room for a row; on a new sheet the table's head comes first.
    fn need(&self, sheets: &mut Sheets, height: f32) {
        if sheets.need(height) {
            self.head(sheets);
        }
    }

    fn row(&self, sheets: &mut Sheets, row: &Row) {
        let name = font::wrap(BODY.font, BODY.size, &encode(&row.name), self.name, 3);
        let detail = font::wrap(SMALL.font, SMALL.size, &encode(&row.detail), self.name, 2);
        let names = name.iter().map(|_| 12.0).sum::<f32>();
        let height = names.max(12.0) + detail.iter().map(|_| 10.0).sum::<f32>() + 7.0;
        self.need(sheets, height);
        let [quantity, quantity_unit, price, price_unit, amount] = self.widths;
        let (quantity_end, price_end) = self.ends();
        let number = Style { size: BODY.size * self.scale, ..BODY };
        let unit = Style { size: UNIT_SIZE * self.scale, ..UNIT };
        sheets.number(quantity_end, 12.0, quantity, number, &encode(&row.quantity.0));
        sheets.left(quantity_end + GAP, 12.0, quantity_unit, unit, &encode(&row.quantity.1));
        let price_text = font::fit(number.font, number.size, &encode(&row.price.0), price * 1.5);
        sheets.number(price_end, 12.0, price, number, &price_text);
        sheets.left(price_end + GAP, 12.0, price_unit, unit, &encode(&row.price.1));
        sheets.number(RIGHT, 12.0, amount, number, &encode(&row.amount));
        let bottom = sheets.y - height;
        for text in &name {
            sheets.left(LEFT, 12.0, self.name, BODY, text);
            sheets.y -= 12.0;
        }
        for text in &detail {
            sheets.left(LEFT, 10.5, self.name, SMALL, text);
            sheets.y -= 10.0;
        }
        sheets.y = bottom;
        sheets.rule(0.0, 0.5, LINE);
    }
}
