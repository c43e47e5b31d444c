//! Text in the two fonts that every reader of PDF has: which byte a character is, and how wide.
//!
//! The fonts are not embedded, so a document can only hold what is in them: the characters of Windows-1252, which write
//! Spanish, English and most of western Europe, and the minus. For any other character something else is set: a Latin
//! letter loses its accent (`ł` becomes `l`), a space is a space, what has no width is left out, and the rest becomes `?`.
//! The HTML page has no such limit.
//!
//! # References
//!
//! ISO 32000-1, annex D.2 (`WinAnsiEncoding`); Adobe, Font Metrics for PDF Core 14 Fonts, `Helvetica.afm` and
//! `Helvetica-Bold.afm` (the widths).

/// A font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    Regular,
    Bold,
}

/// The byte at which the minus stands; Windows-1252 leaves it empty.
pub(super) const MINUS: u8 = 0x81;
/// The byte of `…`.
const ELLIPSIS: u8 = 0x85;

/// What Windows-1252 has from 0x80 to 0x9F; a space where it has nothing.
const HIGH: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/// Letters that are set without their accents, each group below its letter.
const PLAIN: [(u8, &str); 41] = [
    (b'A', "ĀĂĄǍẠẢ"),
    (b'a', "āăąǎạả"),
    (b'C', "ĆĈĊČ"),
    (b'c', "ćĉċč"),
    (b'D', "ĎĐ"),
    (b'd', "ďđ"),
    (b'E', "ĒĔĖĘĚẸẼ"),
    (b'e', "ēĕėęěẹẽ"),
    (b'G', "ĜĞĠĢ"),
    (b'g', "ĝğġģ"),
    (b'H', "ĤĦ"),
    (b'h', "ĥħ"),
    (b'I', "ĨĪĬĮİǏ"),
    (b'i', "ĩīĭįıǐ"),
    (b'J', "Ĵ"),
    (b'j', "ĵ"),
    (b'K', "Ķ"),
    (b'k', "ķĸ"),
    (b'L', "ĹĻĽĿŁ"),
    (b'l', "ĺļľŀł"),
    (b'N', "ŃŅŇ"),
    (b'n', "ńņňŉ"),
    (b'O', "ŌŎŐǑỌ"),
    (b'o', "ōŏőǒọ"),
    (b'R', "ŔŖŘ"),
    (b'r', "ŕŗř"),
    (b'S', "ŚŜŞȘ"),
    (b's', "śŝşșſ"),
    (b'T', "ŢŤŦȚ"),
    (b't', "ţťŧț"),
    (b'U', "ŨŪŬŮŰŲǓ"),
    (b'u', "ũūŭůűųǔ"),
    (b'W', "Ŵ"),
    (b'w', "ŵ"),
    (b'Y', "Ŷ"),
    (b'y', "ŷ"),
    (b'Z', "ŹŻ"),
    (b'z', "źż"),
    (b'-', "‐‑‒―"),
    (b'\'', "ʼ′"),
    (b'"', "″"),
];

/// Letters followed by an accent of their own, and the one character that both are, by the accent.
const COMPOSED: [(char, &str, &str); 6] = [
    ('\u{300}', "aeiouAEIOU", "àèìòùÀÈÌÒÙ"),
    ('\u{301}', "aeiouyAEIOUY", "áéíóúýÁÉÍÓÚÝ"),
    ('\u{302}', "aeiouAEIOU", "âêîôûÂÊÎÔÛ"),
    ('\u{303}', "anoANO", "ãñõÃÑÕ"),
    ('\u{308}', "aeiouyAEIOU", "äëïöüÿÄËÏÖÜ"),
    ('\u{327}', "cC", "çÇ"),
];

/// A text as the bytes of the fonts.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let composed = characters.peek().and_then(|accent| compose(character, *accent));
        if composed.is_some() {
            characters.next();
        }
        bytes.extend(byte(composed.unwrap_or(character)));
    }
    bytes
}

fn compose(letter: char, accent: char) -> Option<char> {
    let (_, letters, composed) = COMPOSED.iter().find(|(known, _, _)| *known == accent)?;
    letters.chars().zip(composed.chars()).find(|(known, _)| *known == letter).map(|(_, composed)| composed)
}

fn byte(character: char) -> Option<u8> {
    match character {
        ' '..='~' | '\u{a0}'..='\u{ac}' | '\u{ae}'..='\u{ff}' => u8::try_from(u32::from(character)).ok(),
        '\u{2212}' => Some(MINUS),
        c if c.is_whitespace() => Some(b' '),
        // Soft hyphens, accents on their own, marks of direction and of joining: nothing that is seen.
        '\u{ad}'
        | '\u{300}'..='\u{36f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => None,
        c if c.is_control() => None,
        c => HIGH
            .chars()
            .zip(0x80_u8..)
            .find(|(known, _)| *known == c)
            .map(|(_, byte)| byte)
            .or_else(|| PLAIN.iter().find(|(_, letters)| letters.contains(c)).map(|(plain, _)| *plain))
            .or(Some(b'?')),
    }
}

/// How wide a text is at a size, in points.
pub(super) fn width(font: Font, size: f32, text: &[u8]) -> f32 {
    let widths = match font {
        Font::Regular => &REGULAR,
        Font::Bold => &BOLD,
    };
    let thousandths: f32 = text
        .iter()
        .filter_map(|byte| widths.get(usize::from(byte.checked_sub(32)?)))
        .map(|width| f32::from(*width))
        .sum();
    thousandths * size / 1000.0
}

/// As much of a text as there is room for, with an ellipsis where something is missing.
pub(super) fn fit(font: Font, size: f32, text: &[u8], room: f32) -> Vec<u8> {
    if width(font, size, text) <= room {
        return text.to_vec();
    }
    let dots = width(font, size, &[ELLIPSIS]);
    let mut kept = Vec::new();
    let mut taken = 0.0;
    for byte in text {
        taken += width(font, size, &[*byte]);
        if taken + dots > room {
            break;
        }
        kept.push(*byte);
    }
    while kept.last() == Some(&b' ') {
        kept.pop();
    }
    kept.push(ELLIPSIS);
    kept
}

/// Breaks a text at its spaces into at most so many lines; the last one ends in an ellipsis where not all fits.
///
/// A word that is longer than a line is broken after a hyphen or a slash, or else where the line ends.
pub(super) fn wrap(font: Font, size: f32, text: &[u8], room: f32, most: usize) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut line: Vec<u8> = Vec::new();
    let mut taken = 0.0;
    let space = width(font, size, b" ");
    for word in text.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        if lines.len() >= most {
            break;
        }
        let wide = width(font, size, word);
        if !line.is_empty() && taken + space + wide > room {
            lines.push(std::mem::take(&mut line));
            taken = 0.0;
        }
        if !line.is_empty() {
            line.push(b' ');
            taken += space;
        }
        if wide <= room {
            line.extend(word);
            taken += wide;
            continue;
        }
        for byte in word {
            let step = width(font, size, &[*byte]);
            if !line.is_empty() && taken + step > room {
                let rest = after_a_joint(&mut line);
                lines.push(std::mem::replace(&mut line, rest));
                taken = width(font, size, &line);
                if lines.len() >= most {
                    break;
                }
            }
            line.push(*byte);
            taken += step;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let whole = [last.as_slice(), &[ELLIPSIS]].concat();
            *last = if width(font, size, &whole) <= room {
                whole
            } else {
                fit(font, size, &[last, &[b' '; 9][..]].concat(), room)
            };
        }
    }
    lines
}

/// Takes away what follows the last hyphen or slash of a line, unless that is most of it.
fn after_a_joint(line: &mut Vec<u8>) -> Vec<u8> {
    let joint = line.iter().rposition(|byte| matches!(byte, b'-' | b'/')).map_or(0, |place| place + 1);
    if joint * 2 > line.len() { line.split_off(joint) } else { Vec::new() }
}

/// The widths from byte 32 on, in thousandths of the size.
#[rustfmt::skip]
const REGULAR: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 584, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];

/// The widths of the bold font from byte 32 on, in thousandths of the size.
#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 350,
    556, 584, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // ISO 32000-1, annex D.2.
    #[test]
    fn spanish_is_written_in_full() {
        assert_eq!(encode("¿ñÑáéíóúü¡ºª·€"), b"\xBF\xF1\xD1\xE1\xE9\xED\xF3\xFA\xFC\xA1\xBA\xAA\xB7\x80");
        assert_eq!(encode("“a” – b — c… ™ž"), b"\x93a\x94 \x96 b \x97 c\x85 \x99\x9E");
        assert_eq!(encode("\u{2212}3"), [MINUS, b'3']);
    }

    #[test]
    fn what_the_fonts_lack_falls_back_as_documented() {
        assert_eq!(encode("Łódź"), b"L\xF3dz");
        assert_eq!(encode("n\u{303}u\u{301}\u{302}"), b"\xF1\xFA");
        assert_eq!(encode("太陽\u{1f31e}"), b"???");
        assert_eq!(encode("a\u{202f}b\u{200d}c\nd\u{0}"), b"a bc d");
    }

    // Adobe's Helvetica.afm and Helvetica-Bold.afm: digits 556, `W` 944, `i` 222 and 278, `minus` 584, `Euro` 556.
    #[test]
    fn the_widths_are_those_of_the_metrics() {
        let thousandths = |font, text: &[u8]| format!("{:.0}", width(font, 1000.0, text));
        for font in [Font::Regular, Font::Bold] {
            assert_eq!(thousandths(font, b"0123456789"), "5560");
            assert_eq!(thousandths(font, b"W"), "944");
            assert_eq!(thousandths(font, &[MINUS]), "584");
            assert_eq!(thousandths(font, &[0x80]), "556");
        }
        assert_eq!(thousandths(Font::Regular, b"i"), "222");
        assert_eq!(thousandths(Font::Bold, b"i"), "278");
    }

    #[test]
    fn words_stay_whole_where_they_fit() {
        let lines = wrap(Font::Regular, 10.0, b"one two three four", 50.0, 9);
        assert_eq!(lines, [b"one two".to_vec(), b"three four".to_vec()]);
        let cut = wrap(Font::Regular, 10.0, b"one two three four five six", 50.0, 2);
        assert_eq!(cut.len(), 2);
        assert_eq!(cut[1].last(), Some(&ELLIPSIS));
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_room(text in "\\PC{0,200}", room in 20.0_f32..200.0, most in 1_usize..5) {
            let lines = wrap(Font::Bold, 9.0, &encode(&text), room, most);
            prop_assert!(lines.len() <= most);
            for line in lines {
                prop_assert!(width(Font::Bold, 9.0, &line) <= room + 0.01);
            }
        }
    }
}
