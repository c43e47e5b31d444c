//! How much room a text takes, which nothing here can measure, and how it is cut to what there is.

use super::output::printable;

/// The size of names in the legend, in tenths of a pixel.
pub(super) const LABEL: i32 = 120;
/// The size of what stands along the axes.
pub(super) const SMALL: i32 = 115;

/// A text that fits into so much room: as it is, or cut and with an ellipsis.
pub(super) fn cut(text: &str, size: i32, room: i32) -> String {
    /// More than the widest sheet holds.
    const MOST: usize = 2000;
    let shown: String = printable(text).trim().chars().take(MOST).collect();
    if text_width(&shown, size) <= room {
        return shown;
    }
    let room = room.saturating_sub(text_width("…", size) + 1).max(0).saturating_mul(100);
    let mut width = 0_i32;
    let mut fits = |c: char| {
        width = width.saturating_add(hundredths(c).saturating_mul(size));
        width <= room
    };
    let shown: String = shown.chars().take_while(|c| fits(*c)).collect();
    if shown.is_empty() { shown } else { format!("{}…", shown.trim_end()) }
}

/// About how wide a text is, rather too wide than too narrow: fonts differ, and none is measured here.
pub(super) fn text_width(text: &str, size: i32) -> i32 {
    text.chars().map(hundredths).fold(0, i32::saturating_add).saturating_mul(size) / 100
}

/// About how wide a character is, in hundredths of the text's size.
fn hundredths(c: char) -> i32 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '\u{2009}' | '(' | ')' => 36,
        'f' | 't' | 'r' | '/' | '-' => 43,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '→' | '…' => 95,
        // From the radicals of Chinese on, scripts and symbols are as wide as they are high.
        '\u{2e80}'.. => 105,
        c if c.is_uppercase() => 72,
        c if c.is_ascii_digit() => 63,
        c if c.is_ascii() || c.is_alphabetic() => 58,
        _ => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_of_a_text_grows_with_it() {
        assert_eq!(text_width("", LABEL), 0);
        assert!(text_width("1000", LABEL) > text_width("100", LABEL));
        assert!(text_width("mmm", LABEL) > text_width("iii", LABEL));
    }

    #[test]
    fn a_cut_text_fits_and_says_that_it_was_cut() {
        const NAME: &str = "Término de potencia contratada";
        assert_eq!(cut("Peaje", SMALL, 10_000), "Peaje");
        for room in 0..2000 {
            let shown = cut(NAME, SMALL, room);
            assert!(text_width(&shown, SMALL) <= room, "{room}: {shown}");
            assert!(shown.is_empty() || shown == NAME || shown.ends_with('…'), "{room}: {shown}");
        }
    }
}
