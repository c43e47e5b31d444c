//! The colours and the letters of the printed page: one accent, one ink, and a softer one for what is said beside.

use super::{
    font::Font,
    sheet::{Colour, Style},
};

pub(super) const INK: Colour = [0.110, 0.145, 0.161];
pub(super) const SOFT: Colour = [0.337, 0.388, 0.416];
pub(super) const LINE: Colour = [0.867, 0.894, 0.902];
pub(super) const ACCENT: Colour = [0.043, 0.431, 0.373];
pub(super) const TINT: Colour = [0.929, 0.965, 0.957];
pub(super) const SHARED: Colour = [0.322, 0.702, 0.627];
pub(super) const GRID: Colour = [0.604, 0.671, 0.698];

pub(super) const BODY: Style = Style::new(Font::Regular, 9.5, INK);
pub(super) const STRONG: Style = Style::new(Font::Bold, 9.5, INK);
pub(super) const UNIT: Style = Style::new(Font::Regular, 9.5, SOFT);
pub(super) const LABEL: Style = Style::new(Font::Bold, 8.0, SOFT);
pub(super) const SMALL: Style = Style::new(Font::Regular, 8.0, SOFT);
pub(super) const HEADING: Style = Style::new(Font::Bold, 13.0, INK);
pub(super) const GROUP: Style = Style::new(Font::Bold, 9.5, ACCENT);
pub(super) const TOTAL: Style = Style::new(Font::Bold, 13.0, INK);
